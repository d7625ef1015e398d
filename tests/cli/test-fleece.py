#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Backups that others pull by NBD while the guest writes: an image with the disk behind it is the target of a backup
and exported, with a bitmap of what is new; disks that are opened again with other options; filters. disk.c is the
guest: it writes its card all the time. Prints TAP.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
from disk_jobs import MIB, Job, content, overlay_drive, qemu_img, raw_drive  # noqa: E402
from disk_machine import guest_image                    # noqa: E402


def unix(path):
    return {"type": "unix", "data": {"path": path}}


def dirty(server, export, bitmap):
    """Offsets and lengths that are dirty, as Debian's qemu-img is told."""
    rows = json.loads(qemu_img("map", "--output=json", "--image-opts",
                               "driver=nbd,server.type=unix,server.path=%s,export=%s,"
                               "x-dirty-bitmap=qemu:dirty-bitmap:%s" % (server, export, bitmap)))
    return [(row["start"], row["length"]) for row in rows if not row["data"]]


def as_it_is(image, form, to):
    """What the disk is while the guest stands still: its image is locked, but its bytes can be copied."""
    shutil.copy(image, to + ".copy")
    qemu_img("convert", "-f", form, "-O", "raw", to + ".copy", to)


def scratch(job, directory, *options):
    """A node with the disk behind it."""
    path = os.path.join(directory, "scratch.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", *options, path, str(MIB))
    job.order("blockdev-add", driver="file", node_name="bytes", filename=path)
    job.order("blockdev-add", driver="qcow2", node_name="scratch", file="bytes", backing="sd0")


def begin(job, server, *actions, **export):
    job.order("transaction", actions=[*actions, {"type": "blockdev-backup", "data": {
        "device": "sd0", "target": "scratch", "sync": "none", "job-id": "pull", "auto-dismiss": True}}])
    job.order("nbd-server-start", addr=unix(server))
    job.order("block-export-add", type="nbd", id="e", node_name="scratch", name="pull", **export)


def end(job):
    job.order("nbd-server-stop")
    job.order("block-job-cancel", device="pull")
    job.client.event("BLOCK_JOB_CANCELLED")
    job.order("blockdev-del", node_name="scratch")
    job.order("blockdev-del", node_name="bytes")


def pulled(cases, guest, directory):
    server = os.path.join(directory, "nbd")
    url = "nbd+unix:///pull?socket=" + server
    for form, options in (("raw", ()), ("qcow2", ("-o", "cluster_size=2M")), ("raw", ("-o", "cluster_size=512"))):
        image, start = os.path.join(directory, "disk." + form), os.path.join(directory, "start")
        qemu_img("create", "-q", "-f", form, image, str(MIB))
        with cases.case("%s disk, %s: what is read of the target is the disk as it was" % (form, options)):
            with Job(guest, directory, raw_drive(image) if form == "raw" else overlay_drive(image)) as job:
                for _ in range(2):
                    job.runs()
                    job.order("stop")
                    as_it_is(image, form, start)
                    scratch(job, directory, *options)
                    begin(job, server)
                    assert [row["device"] for row in job.order("query-block")] == ["sd0"], job.order("query-block")
                    job.order("query-named-block-nodes")
                    job.order("cont")
                    for _ in range(5):
                        job.runs()
                        qemu_img("compare", "-f", "raw", "-F", "raw", start, url)
                    assert content(start) != content(image)
                    end(job)
                job.quit()


def bitmap(kind, **data):
    return {"type": "block-dirty-bitmap-" + kind, "data": data}


def incremental(cases, guest, directory):
    server, image, copy = (os.path.join(directory, name) for name in ("nbd", "disk.qcow2", "copy"))
    now = os.path.join(directory, "now")
    qemu_img("create", "-q", "-f", "qcow2", image, str(MIB))
    with cases.case("by bitmaps of the target: each time what is new alone, and the copies are the disk"):
        with Job(guest, directory, overlay_drive(image)) as job:
            job.order("stop")
            as_it_is(image, "qcow2", copy)
            job.order("block-dirty-bitmap-add", node="sd0", name="check0", persistent=True, granularity=4096)
            for number in range(3):
                job.order("cont")
                job.runs()
                job.order("stop")
                as_it_is(image, "qcow2", now)
                scratch(job, directory)
                check, following = "check%d" % number, "check%d" % (number + 1)
                begin(job, server,
                      bitmap("add", node="sd0", name=following, persistent=True, granularity=4096),
                      bitmap("disable", node="sd0", name=check),
                      bitmap("add", node="scratch", name="new", disabled=True, granularity=4096),
                      bitmap("merge", node="scratch", target="new", bitmaps=[{"node": "sd0", "name": check}]),
                      bitmaps=["new"])
                job.refuses("in use", "block-dirty-bitmap-remove", node="scratch", name="new")
                nodes = {row["node-name"]: row for row in job.order("query-named-block-nodes")}
                count = nodes["scratch"]["dirty-bitmaps"][0]["count"]
                job.order("cont")
                job.runs()
                parts = dirty(server, "pull", "new")
                assert 0 < count == sum(length for _, length in parts) < MIB, (count, parts)
                whole = os.path.join(directory, "whole")
                qemu_img("convert", "-f", "raw", "-O", "raw", "nbd+unix:///pull?socket=" + server, whole)
                with open(whole, "rb") as source, open(copy, "r+b") as to:
                    for offset, length in parts:
                        source.seek(offset)
                        to.seek(offset)
                        to.write(source.read(length))
                assert content(copy) == content(now), number
                job.order("stop")
                end(job)
                job.order("block-dirty-bitmap-remove", node="sd0", name=check)
            job.quit()
        qemu_img("check", "-q", image)


def ends(cases, guest, directory):
    server, image = os.path.join(directory, "nbd"), os.path.join(directory, "ends.raw")
    qemu_img("create", "-q", "-f", "raw", image, str(MIB))
    with Job(guest, directory, raw_drive(image)) as job:
        scratch(job, directory)
        with cases.case("what cannot be"):
            job.order("nbd-server-start", addr=unix(server))
            job.refuses("while a backup", "block-export-add", type="nbd", id="e", node_name="scratch")
            job.refuses("backup of that one alone", "blockdev-mirror", device="sd0", target="scratch", sync="full",
                        job_id="m")
            job.order("nbd-server-stop")
        with cases.case("the end of the backup cuts its readers off"):
            begin(job, server)
            job.refuses("exported as 'pull'", "block-export-add", type="nbd", id="f", node_name="scratch", name="f")
            job.order("block-export-del", id="e")
            job.client.event("BLOCK_EXPORT_DELETED")
            export = dict(type="nbd", id="e", node_name="scratch", name="pull")
            job.refuses("read-only node", "block-export-add", **export, writable=True)
            job.order("block-export-add", **export)
            with subprocess.Popen(["qemu-io", "-r", "-f", "raw", "nbd+unix:///pull?socket=" + server], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as reader:
                reader.stdin.write("read 0 4096\n")
                reader.stdin.flush()
                while "read 4096/4096" not in reader.stdout.readline():
                    pass
                job.order("block-job-cancel", device="pull")
                assert job.client.event("BLOCK_EXPORT_DELETED")["data"] == {"id": "e"}
                assert "failed" in reader.communicate("read 0 4096\n")[0]
            job.client.event("BLOCK_JOB_CANCELLED")
            assert job.order("query-block-exports") == []
            job.order("nbd-server-stop")
            job.runs()
        with cases.case("the emulator ends while somebody reads"):
            begin(job, server)
            job.runs()
            job.quit()


def reopened(cases, guest, directory):
    base, other, top = (os.path.join(directory, name) for name in ("base.qcow2", "other.qcow2", "top.qcow2"))
    qemu_img("create", "-q", "-f", "qcow2", base, str(MIB))
    shutil.copy(base, other)
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    nodes = ["-blockdev", "qcow2,node-name=b,file.driver=file,file.filename=" + base,
             "-blockdev", "file,node-name=bytes,filename=" + top,
             "-blockdev", "qcow2,node-name=t,file=bytes,backing=b", "-device", "sd-card,drive=t"]

    def inserted(job):
        return job.order("query-block")[0]["inserted"]
    with Job(guest, directory, nodes) as job:
        same = {"driver": "qcow2", "node-name": "t", "file": "bytes", "backing": "b"}
        with cases.case("blockdev-reopen: caches, while the guest writes; bitmaps stay"):
            job.order("block-dirty-bitmap-add", node="t", name="p", persistent=True)
            job.order("block-dirty-bitmap-add", node="t", name="q")
            for no_flush in (True, False):
                job.runs()
                job.order("stop")
                before = {row["name"]: row["count"] for row in inserted(job)["dirty-bitmaps"]}
                job.order("blockdev-reopen", options=[dict(same, cache={"no-flush": no_flush}, discard="unmap")])
                assert inserted(job)["cache"]["no-flush"] == no_flush, inserted(job)
                assert before == {row["name"]: row["count"] for row in inserted(job)["dirty-bitmaps"]}, before
                job.order("cont")
            job.runs()
        with cases.case("query-blockstats: how far was written, to the image and to its file; since when it is idle"):
            nodes = {row["node-name"]: row["stats"] for row in job.order("query-blockstats", **{"query-nodes": True})}
            assert 0 < nodes["t"]["wr_highest_offset"] <= MIB, nodes
            assert MIB // 4 < nodes["bytes"]["wr_highest_offset"] <= os.path.getsize(top), nodes
            assert nodes["b"]["wr_highest_offset"] == 0 and nodes["t"]["idle_time_ns"] >= 0, nodes
        with cases.case("block-latency-histogram-set: how long reads and writes take, until it is no longer wanted"):
            bounds = [10 ** power for power in range(4, 10)]

            def histograms():
                stats = job.order("query-blockstats")[0]["stats"]
                return {name: stats[name + "_latency_histogram"] for name in ("rd", "wr", "flush")
                        if name + "_latency_histogram" in stats}
            for wrong in ([0, 1], [5, 5], [-1]):
                job.refuses("grow", "block-latency-histogram-set", id="t", boundaries=wrong)
            job.refuses("not found", "block-latency-histogram-set", id="none", boundaries=[1])
            assert histograms() == {}
            job.order("block-latency-histogram-set", id="t", boundaries=bounds, **{"boundaries-read": [1]})
            job.runs()
            found = histograms()
            assert found["rd"]["boundaries"] == [1] and found["wr"]["boundaries"] == bounds, found
            assert len(found["wr"]["bins"]) == len(bounds) + 1 and sum(found["wr"]["bins"]) >= 4, found
            assert len(found["rd"]["bins"]) == 2 and sum(found["rd"]["bins"]) >= 3, found
            job.order("block-latency-histogram-set", id="t", **{"boundaries-flush": [7]})
            assert set(histograms()) == {"rd", "wr", "flush"} and histograms()["flush"]["boundaries"] == [7]
            job.order("block-latency-histogram-set", id="t")
            assert histograms() == {}
        with cases.case("all nodes are told while a job is in front of an image whose bytes have a node's name"):
            job.order("drive-mirror", device="t", job_id="m", target=os.path.join(directory, "m"), sync="full", speed=1)
            assert "bytes" in [row["node-name"] for row in job.order("query-named-block-nodes")]
            job.refuses("a job is at work", "blockdev-reopen", options=[same])
            job.order("block-job-cancel", device="m", force=True)
            job.client.event("BLOCK_JOB_CANCELLED")
        with cases.case("blockdev-reopen: another image behind it"):
            job.order("blockdev-add", driver="qcow2", node_name="o", file={"driver": "file", "filename": other})
            job.order("blockdev-reopen", options=[dict(same, backing="o")])
            assert inserted(job)["backing_file"] == other, inserted(job)
            job.refuses("busy", "blockdev-del", node_name="o")
            job.runs()
        with cases.case("blockdev-reopen: what cannot be leaves it as it is"):
            now = dict(same, backing="o")
            for text, options in (
                    ("Failed to find", dict(now, **{"node-name": "x"})),
                    ("'driver'", {"driver": "raw", "node-name": now["node-name"], "file": now["file"]}),
                    ("'file'", dict(now, file="other")), ("free node 'none'", dict(now, backing="none")),
                    ("decided when", dict(now, **{"read-only": True})), ("x' is unexpected", dict(now, x=1))):
                job.refuses(text, "blockdev-reopen", options=[options])
            job.refuses("node-name is missing", "blockdev-reopen", options=[{"driver": "qcow2", "file": "x"}])
            job.refuses("'options[0]', expected: object", "blockdev-reopen", options=[1])
            assert inserted(job)["backing_file"] == other
            job.runs()
        with cases.case("blockdev-reopen: a node that no disk has"):
            path = os.path.join(directory, "free.qcow2")
            qemu_img("create", "-q", "-f", "qcow2", path, str(MIB))
            job.order("blockdev-add", driver="qcow2", node_name="f", file={
                "driver": "file", "filename": path, "node-name": "f-bytes"})
            job.order("blockdev-reopen", options=[{"driver": "qcow2", "node-name": "f", "file": "f-bytes",
                                                   "read-only": True}])
            nodes = {row["node-name"]: row for row in job.order("query-named-block-nodes")}
            assert nodes["f"]["ro"], nodes
        job.quit()
    for path in (base, other, top):
        qemu_img("check", "-q", path)


def filters(cases, guest, directory):
    base, top = os.path.join(directory, "base.qcow2"), os.path.join(directory, "top.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", base, str(MIB))
    subprocess.run(["qemu-io", "-c", "write -P 7 0 1M", base], check=True, capture_output=True)
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    image, server = os.path.join(directory, "disk.raw"), os.path.join(directory, "nbd")
    qemu_img("create", "-q", "-f", "raw", image, str(MIB))

    def bytes_read(job, export):
        job.order("block-export-add", type="nbd", id="e", node_name=export, name="x")
        done = subprocess.run(["qemu-io", "-r", "-f", "raw", "-c", "read -P 7 128k 4k",
                               "nbd+unix:///x?socket=" + server], check=True, capture_output=True, text=True)
        assert "read 4096/4096" in done.stdout and "failed" not in done.stdout, done.stdout
        job.order("block-export-del", id="e", mode="hard")
    with Job(guest, directory, raw_drive(image)) as job:
        job.order("nbd-server-start", addr=unix(server))
        job.order("blockdev-add", driver="qcow2", node_name="top", file={"driver": "file", "filename": top})
        with cases.case("blockdev-add copy-on-read: what is read becomes the image's own"):
            job.order("blockdev-add", driver="copy-on-read", node_name="cor", file="top")
            job.refuses("'cor' has it", "blockdev-del", node_name="top")
            bytes_read(job, "cor")
            job.order("blockdev-del", node_name="cor")
        with cases.case("blockdev-add throttle: in front of a node, of a group that is there"):
            throttle = dict(driver="throttle", node_name="slow", file="top")
            job.refuses("'throttle-group' is missing", "blockdev-add", **throttle)
            job.refuses("'g' does not exist", "blockdev-add", **throttle, throttle_group="g")
            job.order("object-add", id="g", **{"qom-type": "throttle-group", "limits": {"iops-total": 100000}})
            job.refuses("'throttle-group' is unexpected", "blockdev-add", driver="file", node_name="f", filename=top,
                        throttle_group="g")
            job.order("blockdev-add", **throttle, throttle_group="g")
            bytes_read(job, "slow")
            job.order("blockdev-del", node_name="slow")
        job.order("nbd-server-stop")
        job.order("blockdev-del", node_name="top")
        job.quit()
    rows = [row for row in json.loads(qemu_img("map", "--output=json", top)) if row["depth"] == 0]
    with cases.case("copy-on-read: one cluster is there"):
        assert [(row["start"], row["length"]) for row in rows] == [(128 << 10, 64 << 10)], rows


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest or not shutil.which("qemu-img"):
        cases.skip("fleecing", "needs a cross compiler and qemu-img")
        return cases.done()
    for part in (pulled, incremental, ends, reopened, filters):
        with tempfile.TemporaryDirectory(prefix="pqemu-fleece-") as directory:
            part(cases, guest, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
