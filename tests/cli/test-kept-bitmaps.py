#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Dirty bitmaps that a qcow2 image keeps: they are there when it is used again, Debian's tools understand them and we
theirs, and what cannot be known after a kill is not used. disk.c is the guest: it writes its card. Prints TAP.
"""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
from disk_jobs import MIB, Job, content, kill, overlay_drive, qemu_img, raw_drive  # noqa: E402
from disk_machine import guest_image                    # noqa: E402


def bitmaps(job):
    return {row["name"]: row for row in job.order("query-block")[0]["inserted"].get("dirty-bitmaps", [])}


def told(image):
    """Of each bitmap, what Debian's qemu-img says: its flags and granularity."""
    data = json.loads(qemu_img("info", "-U", "--output=json", image))["format-specific"]["data"]
    return {row["name"]: (sorted(row["flags"]), row["granularity"]) for row in data.get("bitmaps", [])}


def dirty_bytes(image, name):
    """As Debian's qemu-nbd exports them and qemu-img maps them."""
    server, pid = os.path.join(os.path.dirname(image), "nbd"), image + ".pid"
    subprocess.run(["qemu-nbd", "--fork", "--pid-file=" + pid, "-r", "-t", "-f", "qcow2", "-B", name, "-k", server,
                    image], check=True)
    try:
        rows = json.loads(qemu_img("map", "--output=json", "--image-opts",
                                   "driver=nbd,server.type=unix,server.path=%s,x-dirty-bitmap=qemu:dirty-bitmap:%s"
                                   % (server, name)))
        return sum(row["length"] for row in rows if not row["data"])
    finally:
        kill(pid)
        os.unlink(server)


def make(directory, name, *options):
    image = os.path.join(directory, name)
    qemu_img("create", "-q", "-f", "qcow2", *options, image, str(MIB))
    return image


def begin(job, **more):
    job.order("block-dirty-bitmap-add", node="sd0", name="b", persistent=True, **more)


def keeping(cases, guest, directory):
    image = make(directory, "kept.qcow2")
    with cases.case("a bitmap is kept, and Debian's tools understand it"):
        with Job(guest, directory, overlay_drive(image)) as job:
            begin(job)
            job.order("block-dirty-bitmap-add", node="sd0", name="off", persistent=True, disabled=True, granularity=512)
            job.order("block-dirty-bitmap-add", node="sd0", name="gone")
            job.runs()
            before = bitmaps(job)
            assert before["b"]["persistent"] and before["b"]["count"] and not before["gone"]["persistent"], before
            job.order("stop")
            before = bitmaps(job)
            job.quit()
        qemu_img("check", "-q", image)
        assert told(image) == {"b": (["auto"], 65536), "off": ([], 512)}, told(image)
    with cases.case("it is there again, and goes on"):
        with Job(guest, directory, overlay_drive(image) + ["-S"]) as job:
            again = bitmaps(job)
            assert again == {name: before[name] for name in ("b", "off")}, (again, before)
            assert all("in-use" in flags for flags, _ in told(image).values()), told(image)
            job.order("block-dirty-bitmap-clear", node="sd0", name="b")
            job.order("block-dirty-bitmap-enable", node="sd0", name="off")
            job.order("cont")
            job.runs()
            job.order("stop")
            now = bitmaps(job)
            assert now["b"]["count"] and now["off"]["count"], now
            job.quit()
        qemu_img("check", "-q", image)
        assert told(image)["off"] == (["auto"], 512), told(image)
    with cases.case("what is dirty is what Debian's qemu-nbd says"):
        assert dirty_bytes(image, "b") == now["b"]["count"], (dirty_bytes(image, "b"), now)
    with cases.case("bitmaps that Debian's tools have changed"):
        qemu_img("bitmap", "--add", "--enable", "-g", "4096", image, "theirs")
        qemu_img("bitmap", "--merge", "b", image, "theirs")
        qemu_img("bitmap", "--remove", image, "off")
        with Job(guest, directory, overlay_drive(image) + ["-S"]) as job:
            found = bitmaps(job)
            assert set(found) == {"b", "theirs"} and found["theirs"]["granularity"] == 4096, found
            assert found["theirs"]["count"] == found["b"]["count"] == now["b"]["count"], found
            job.order("block-dirty-bitmap-remove", node="sd0", name="theirs")
            job.order("block-dirty-bitmap-remove", node="sd0", name="b")
            job.quit()
        qemu_img("check", "-q", image)
        assert not told(image), told(image)
    with cases.case("an incremental backup by a bitmap from the run before"):
        full, part = os.path.join(directory, "full.raw"), os.path.join(directory, "part.qcow2")
        with Job(guest, directory, overlay_drive(image)) as job:
            job.order("transaction", actions=[
                {"type": "block-dirty-bitmap-add", "data": {"node": "sd0", "name": "c", "persistent": True}},
                {"type": "drive-backup", "data": {"device": "sd0", "target": full, "format": "raw", "sync": "full"}}])
            job.ended()
            job.runs()
            job.quit()
        with Job(guest, directory, overlay_drive(image)) as job:
            job.runs()
            job.order("stop")
            qemu_img("create", "-q", "-f", "qcow2", "-b", full, "-F", "raw", part)
            job.order("drive-backup", device="sd0", target=part, format="qcow2", mode="existing", sync="incremental",
                      bitmap="c")
            job.ended()
            job.quit()
        qemu_img("compare", "-f", "qcow2", "-F", "qcow2", image, part)


def forms(cases, guest, directory):
    for options in (["-o", "cluster_size=512"], ["-o", "cluster_size=2M"], ["-o", "refcount_bits=1"]):
        image = make(directory, "form.qcow2", *options)
        base = make(directory, "form-base.qcow2")
        qemu_img("rebase", "-u", "-F", "qcow2", "-b", base, image)
        with cases.case("kept with " + options[1]):
            for _ in range(2):
                with Job(guest, directory, overlay_drive(image)) as job:
                    if not bitmaps(job):
                        begin(job, granularity=512)
                    job.runs()
                    job.order("stop")
                    now = bitmaps(job)
                    job.quit()
                qemu_img("check", "-q", image)
                info = json.loads(qemu_img("info", "--output=json", image))
                assert info["backing-filename"] == base, info
            with Job(guest, directory, overlay_drive(image) + ["-S"]) as job:
                assert bitmaps(job) == now, (bitmaps(job), now)
                job.quit()


def kills(cases, guest, directory):
    image = make(directory, "killed.qcow2")
    with Job(guest, directory, overlay_drive(image)) as job:
        begin(job)
        job.runs()
        job.quit()
    with cases.case("after a kill it is inconsistent, the image sound, and it can be removed alone"):
        with Job(guest, directory, overlay_drive(image)) as job:
            job.runs()
            job.disk.process.send_signal(signal.SIGKILL)
            job.disk.process.wait()
        assert "in-use" in told(image)["b"][0], told(image)
        for _ in range(2):
            with Job(guest, directory, overlay_drive(image)) as job:
                row = bitmaps(job)["b"]
                assert row["inconsistent"] and row["persistent"] and not row["recording"], row
                for name, more in (("clear", {}), ("enable", {}), ("disable", {})):
                    job.refuses("inconsistent", "block-dirty-bitmap-" + name, node="sd0", name="b", **more)
                job.order("block-dirty-bitmap-add", node="sd0", name="other")
                job.refuses("inconsistent", "block-dirty-bitmap-merge", node="sd0", target="other", bitmaps=["b"])
                job.refuses("already exists", "block-dirty-bitmap-add", node="sd0", name="b")
                job.runs()
                job.quit()
            qemu_img("check", "-q", image)
            assert "in-use" in told(image)["b"][0], told(image)
        with Job(guest, directory, overlay_drive(image)) as job:
            job.order("block-dirty-bitmap-remove", node="sd0", name="b")
            begin(job)
            job.runs()
            job.quit()
        qemu_img("check", "-q", image)
        assert told(image)["b"][0] == ["auto"], told(image)
    with cases.case("whoever writes without keeping them spoils them"):
        job_image = make(directory, "target.qcow2")
        qemu_img("bitmap", "--add", "--enable", job_image, "t")
        with Job(guest, directory, overlay_drive(image)) as job:
            job.order("drive-backup", device="sd0", target=job_image, format="qcow2", mode="existing", sync="full")
            job.ended()
            job.quit()
        assert "in-use" in told(job_image)["t"][0], told(job_image)
        qemu_img("check", "-q", job_image)
    with cases.case("an image that is only read keeps them as they are"):
        with Job(guest, directory, ["-drive", "if=sd,format=qcow2,readonly=on,file=" + image]) as job:
            assert bitmaps(job)["b"]["persistent"]
            job.refuses("read-only", "block-dirty-bitmap-add", node="sd0", name="x", persistent=True)
            job.quit()
        assert told(image)["b"][0] == ["auto"], told(image)


def refused(cases, guest, directory):
    raw = os.path.join(directory, "no.raw")
    qemu_img("create", "-q", "-f", "raw", raw, str(MIB))
    old = make(directory, "old.qcow2", "-o", "compat=0.10")
    for name, arguments, text in (
            ("raw", raw_drive(raw), "no qcow2 image of version 3"),
            ("version 2", overlay_drive(old), "no qcow2 image of version 3"),
            ("snapshot=on", ["-snapshot"] + raw_drive(raw), "a temporary one")):
        with cases.case("refused: " + name):
            with Job(guest, directory, arguments) as job:
                job.refuses(text, "block-dirty-bitmap-add", node="sd0", name="b", persistent=True)
                job.order("block-dirty-bitmap-add", node="sd0", name="b")
                job.quit()


    long = os.path.join(directory, "long.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", long, "1T")
    with cases.case("refused: more bits than a bitmap can have"):
        with Job(guest, directory, overlay_drive(long)) as job:
            job.refuses("granularity so fine", "block-dirty-bitmap-add", node="sd0", name="b", persistent=True,
                        granularity=512)
            begin(job)
            job.quit()
        assert told(long)["b"] == (["auto"], 65536), told(long)


def multiply(image, count):
    """Its one bitmap becomes so many, with the same table."""
    with open(image, "r+b") as file:
        header = file.read(65536)
        at = struct.unpack_from(">I", header, 100)[0]
        while struct.unpack_from(">I", header, at)[0] != 0x23852875:
            at += 8 + (struct.unpack_from(">I", header, at + 4)[0] + 7) // 8 * 8
        directory = struct.unpack_from(">Q", header, at + 24)[0]
        file.seek(directory)
        entry = file.read(24)[:18] + struct.pack(">HI", 4, 0)
        data = b"".join(entry + b"%04d" % number + bytes(4) for number in range(count))
        file.seek(directory)
        file.write(data)
        file.seek(at + 8)
        file.write(struct.pack(">IIQ", count, 0, len(data)))


def memory(cases, guest, directory):
    """Each bitmap has 64 MiB of bits, which take no space in the file."""
    image = make(directory, "greedy.qcow2")
    qemu_img("resize", "-q", image, "256G")
    with cases.case("bitmaps that need more memory than there is for them are refused"):
        with Job(guest, directory, overlay_drive(image) + ["-S"]) as job:
            for number in range(4):
                job.order("block-dirty-bitmap-add", node="sd0", name=str(number), persistent=True, granularity=512)
            job.refuses("more than 256 MiB", "block-dirty-bitmap-add", node="sd0", name="more", persistent=True)
            for number in range(3):
                job.order("block-dirty-bitmap-remove", node="sd0", name=str(number))
            begin(job)
            job.order("block-dirty-bitmap-remove", node="sd0", name="b")
            job.quit()
        assert told(image) == {"3": (["auto"], 512)}, told(image)
    with cases.case("thousands of bitmaps in an image do not take the host's memory"):
        multiply(image, 2000)
        before = content(image)
        run = subprocess.run([*machine.M, "-display", "none", "-kernel", guest, *overlay_drive(image)],
                             capture_output=True, text=True, check=False)
        assert run.returncode == 1 and "its 2000 bitmaps need 128000 MiB of memory" in run.stderr, run
        assert len(run.stderr.splitlines()) == 1 and content(image) == before, run.stderr
        with Job(guest, directory, ["-drive", "if=sd,format=qcow2,readonly=on,file=" + image, "-S"]) as job:
            assert not bitmaps(job) and "its bitmaps cannot be used" in job.disk.stderr()
        multiply(image, 1)
        with Job(guest, directory, overlay_drive(image) + ["-S"]) as job:
            assert set(bitmaps(job)) == {"0000"}, bitmaps(job)
            job.quit()


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest or not shutil.which("qemu-img") or not shutil.which("qemu-nbd"):
        cases.skip("bitmaps in images", "needs a cross compiler and qemu-utils")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        for part in (keeping, forms, kills, refused, memory):
            part(cases, guest, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
