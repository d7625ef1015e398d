#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Jobs on a disk that the guest uses (mirror, backup, stream, commit), external snapshots and nodes, by QMP. disk.c is
the guest: it writes and reads its card all the time and says what is wrong. Prints TAP.
"""
import json
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import qmp_client               # noqa: E402
from disk_jobs import MIB, Job, content, overlay_drive, qemu_img, raw_drive    # noqa: E402
from disk_machine import guest_image                    # noqa: E402

def snapshots(cases, guest, directory, image):
    front = os.path.join(directory, "front.qcow2")
    with cases.case("blockdev-snapshot-sync: writes go to a new image, and the old one stays as it is"):
        with Job(guest, directory, raw_drive(image)) as job:
            job.runs()
            job.order("blockdev-snapshot-sync", device="sd0", snapshot_file=front, snapshot_node_name="front")
            before = content(image)
            job.runs()
            assert job.file() == front and job.order("query-block")[0]["inserted"]["node-name"] == "front"
            job.refuses("no format", "blockdev-snapshot-sync", device="sd0", snapshot_file=front, format="raw")
            job.refuses("Cannot find", "blockdev-snapshot-sync", device="none", snapshot_file=front)
            job.quit()
        assert content(image) == before
        assert "backing file: " + image in qemu_img("info", front)
        qemu_img("check", front)
    with cases.case("blockdev-create, blockdev-add, blockdev-snapshot: the same with nodes; blockdev-del"):
        with Job(guest, directory, raw_drive(image)) as job:
            job.order("blockdev-create", job_id="c", options={"driver": "file", "filename": front, "size": 0})
            job.client.event("JOB_STATUS_CHANGE")
            job.refuses("add read-only", "blockdev-add", driver="file", node_name="bytes", filename=front,
                        **{"force-share": True})
            job.order("blockdev-add", driver="file", node_name="bytes", filename=front, **{"aio-max-batch": 0})
            job.order("blockdev-create", job_id="d", options={
                "driver": "qcow2", "file": "bytes", "size": MIB, "backing-file": image, "backing-fmt": "raw"})
            while [row["status"] for row in job.order("query-jobs")] != ["concluded", "concluded"]:
                pass
            assert not any("error" in row for row in job.order("query-jobs")), job.order("query-jobs")
            job.order("job-dismiss", id="c")
            job.order("job-dismiss", id="d")
            job.order("blockdev-add", driver="qcow2", node_name="front", file="bytes", backing=None)
            job.refuses("Duplicate", "blockdev-add", driver="file", node_name="front", filename=front)
            job.refuses("'front' has it", "blockdev-del", node_name="bytes")
            job.runs()
            job.order("blockdev-snapshot", node="sd0", overlay="front")
            before = content(image)
            job.runs()
            assert content(image) == before and job.file() == front
            job.refuses("in use", "blockdev-snapshot", node="sd0", overlay="front")
            job.quit()
        qemu_img("check", front)
    with cases.case("blockdev-add: what cannot be is refused with a line"):
        with Job(guest, directory, raw_drive(image)) as job:
            for text, arguments in (
                    ("'filename' is missing", {"driver": "file", "node-name": "a"}),
                    ("No such file", {"driver": "file", "node-name": "a", "filename": "/none"}),
                    ("free node 'b'", {"driver": "qcow2", "node-name": "a", "file": "b"}),
                    ("'node-name' must be", {"driver": "file", "filename": front}),
                    ("does not accept", {"driver": "vmdk", "node-name": "a", "filename": front}),
                    ("expected: boolean", {"driver": "file", "node-name": "a", "filename": front,
                                           "cache": {"direct": 1}}),
                    ("'file.x' is unexpected", {"driver": "qcow2", "node-name": "a", "file": {
                        "driver": "file", "filename": "/none", "x": 1}})):
                job.refuses(text, "blockdev-add", **arguments)
            job.refuses("Failed to find node", "blockdev-del", node_name="a")


def mirrors(cases, guest, directory, image):
    target = os.path.join(directory, "target")
    for form in ("raw", "qcow2"):
        with cases.case("drive-mirror to %s: ready while the guest writes; complete: the disk is there" % form):
            with Job(guest, directory, raw_drive(image)) as job:
                job.runs()
                job.order("drive-mirror", device="sd0", job_id="j", target=target, sync="full", format=form)
                job.client.event("BLOCK_JOB_READY")
                job.runs()
                info = job.order("query-block-jobs")[0]
                assert info["ready"] and info["len"] == info["offset"] == MIB, info
                job.refuses("a job is at work", "eject", device="sd0")
                job.refuses("another job", "block-stream", device="sd0", job_id="k")
                job.order("block-job-complete", device="j")
                job.ended()
                before = content(image)
                job.runs()
                assert job.file() == target and content(image) == before
                job.quit()
            if form == "qcow2":
                qemu_img("check", target)
    with cases.case("blockdev-mirror, cancelled when it is ready: a copy of that moment"):
        with open(target, "wb") as file:
            file.truncate(MIB)
        with Job(guest, directory, raw_drive(image)) as job:
            job.order("blockdev-add", driver="raw", node_name="t", file={"driver": "file", "filename": target})
            job.order("blockdev-mirror", device="sd0", job_id="j", target="t", sync="full")
            job.client.event("BLOCK_JOB_READY")
            job.runs()
            job.order("stop")
            job.order("block-job-cancel", device="j")
            job.ended()
            job.order("blockdev-del", node_name="t")
            assert content(image) == content(target)
            job.order("cont")
            job.runs()
            job.quit()
    with cases.case("a mirror: speed, pause, resume, cancel; the end of the emulator ends it"):
        with Job(guest, directory, raw_drive(image)) as job:
            for _ in range(2):
                job.order("drive-mirror", device="sd0", target=target, sync="full", speed=1)
                job.order("block-job-pause", device="sd0")
                assert job.order("query-block-jobs")[0]["paused"]
                job.refuses("not in a state", "block-job-pause", device="sd0")
                job.refuses("cannot be completed", "block-job-complete", device="sd0")
                job.order("block-job-resume", device="sd0")
                job.runs()
                job.order("block-job-cancel", device="sd0")
                job.client.event("BLOCK_JOB_CANCELLED")
            job.refuses("not found", "block-job-cancel", device="sd0")
            job.order("drive-mirror", device="sd0", target=target, sync="full", speed=1)
            job.quit()
    with cases.case("a target that is too small, or fails: the job ends with the error, and the guest goes on"):
        small = os.path.join(directory, "small")
        with open(small, "wb") as file:
            file.truncate(MIB // 2)
        with Job(guest, directory, raw_drive(image)) as job:
            job.refuses("shorter", "drive-mirror", device="sd0", target=small, mode="existing", sync="full",
                        format="raw")
            job.refuses("in use", "drive-mirror", device="sd0", target=image, mode="existing", sync="full")
            job.refuses("Could not create", "drive-mirror", device="sd0", target="/none/x", sync="full")
            job.refuses("raw and qcow2", "drive-mirror", device="sd0", target=target, sync="full", format="vmdk")
            job.runs()
            job.quit()


def backups(cases, guest, directory, image):
    target, start = (os.path.join(directory, name) for name in ("backup", "start"))
    with cases.case("drive-backup: what was there at the start, although the guest writes on"):
        with Job(guest, directory, raw_drive(image)) as job:
            job.runs()
            job.order("stop")
            shutil.copy(image, start)
            job.order("drive-backup", device="sd0", job_id="b", target=target, sync="full", format="qcow2", speed=1,
                      auto_dismiss=False)
            job.order("cont")
            for _ in range(8):
                job.runs()
            job.order("block-job-set-speed", device="b", speed=0)
            data = job.client.event("BLOCK_JOB_COMPLETED")["data"]
            assert "error" not in data, data
            assert job.order("query-block-jobs")[0]["status"] == "concluded"
            job.order("job-dismiss", id="b")
            assert job.order("query-block-jobs") == []
            job.runs()
            job.quit()
        qemu_img("compare", start, target)
    with cases.case("drive-backup sync=none: what is overwritten, before it is"):
        with Job(guest, directory, raw_drive(image)) as job:
            job.order("stop")
            shutil.copy(image, start)
            job.order("drive-backup", device="sd0", job_id="b", target=target, sync="none", format="qcow2")
            job.order("cont")
            for _ in range(3):
                job.runs()
            assert job.order("query-block-jobs")[0]["status"] == "running"
            job.order("block-job-cancel", device="b")
            job.client.event("BLOCK_JOB_CANCELLED")
            job.order("drive-backup", device="sd0", job_id="c", target=start + "2", sync="none", format="qcow2")
            job.quit()
        rows = [row for row in json.loads(qemu_img("map", "--output=json", target)) if row["data"]]
        assert rows, "the guest has written"
        old, new = content(start), os.path.join(directory, "flat")
        qemu_img("convert", "-O", "raw", target, new)
        for row in rows:
            part = slice(row["start"], row["start"] + row["length"])
            assert old[part] == content(new)[part], row


def by_hand(cases, guest, directory, image):
    target, front = os.path.join(directory, "hand"), os.path.join(directory, "hand.qcow2")
    with cases.case("the monitor's orders: snapshot_blkdev, drive_mirror, block_job_..., info block-jobs"):
        with Job(guest, directory, raw_drive(image)) as job:
            for command, answer in (
                    ("info block-jobs", "No active jobs"), ("drive_mirror -x sd0 a", "-n and -f"),
                    ("drive_mirror none a", "no drive 'none'"), ("drive_mirror sd0 a vmdk", "raw or qcow2"),
                    ("block_stream sd0 x", "bytes a second"), ("block_job_pause x", "no job 'x'"),
                    ("snapshot_blkdev sd0 %s" % front, "(qemu)"), ("info block", front),
                    ("drive_mirror -f sd0 %s raw" % target, "(qemu)")):
                assert answer in job.disk.ask(command), (command, job.disk.ask(command))
            job.client.event("BLOCK_JOB_READY")
            assert "Type mirror, device sd0: Completed %d of %d bytes" % (MIB, MIB) in job.disk.ask("info block-jobs")
            job.disk.ask("block_job_complete sd0")
            assert target in job.disk.ask("info block")
            job.disk.ask("drive_backup -f sd0 %s qcow2" % front)
            assert "error" not in job.client.event("BLOCK_JOB_COMPLETED")["data"]
            job.runs()
            job.quit()
        qemu_img("check", front)


def chains(cases, guest, directory, image):
    base, top = os.path.join(directory, "base.qcow2"), os.path.join(directory, "top.qcow2")

    def make():
        qemu_img("convert", "-f", "raw", "-O", "qcow2", image, base)
        qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    with cases.case("block-stream: nothing is behind the image any more"):
        make()
        with Job(guest, directory, overlay_drive(top)) as job:
            job.runs()
            job.order("block-stream", device="sd0", job_id="s")
            job.ended()
            os.unlink(base)
            job.runs()
            job.quit()
        assert "backing" not in qemu_img("info", top)
        qemu_img("check", top)
    with cases.case("block-commit: the image behind gets all, and the disk moves there"):
        make()
        with Job(guest, directory, overlay_drive(top)) as job:
            job.runs()
            job.order("block-commit", device="sd0", job_id="c")
            job.client.event("BLOCK_JOB_READY")
            job.runs()
            job.order("block-job-complete", device="c")
            job.ended()
            assert job.file() == base
            os.unlink(top)
            job.runs()
            job.quit()
        qemu_img("check", base)
    with cases.case("a snapshot and its commit, again and again"):
        with Job(guest, directory, raw_drive(image)) as job:
            for n in range(4):
                job.order("blockdev-snapshot-sync", device="sd0", snapshot_file=top)
                job.runs()
                job.order("block-commit", device="sd0", job_id="c%d" % n)
                job.client.event("BLOCK_JOB_READY")
                job.order("block-job-complete", device="c%d" % n)
                job.ended()
                job.runs()
                assert job.file() == image
            job.quit()
    with cases.case("block-commit and block-stream of a disk that has nothing behind it"):
        with Job(guest, directory, raw_drive(image)) as job:
            job.refuses("no image behind", "block-commit", device="sd0")
            job.refuses("no images behind", "block-stream", device="sd0")
            job.runs()
            job.quit()
    with cases.case("-blockdev backing=NODE: another image behind than the one that is named"):
        make()
        shutil.move(base, base + ".moved")
        nodes = ["-blockdev", "qcow2,node-name=b,file.driver=file,file.filename=%s.moved" % base,
                 "-blockdev", "qcow2,node-name=t,file.driver=file,file.filename=%s,backing=b" % top,
                 "-device", "sd-card,drive=t"]
        with Job(guest, directory, nodes) as job:
            job.runs()
            job.order("block-commit", device="t", job_id="c")
            job.client.event("BLOCK_JOB_READY")
            job.order("block-job-complete", device="c")
            job.ended()
            assert job.file() == base + ".moved"
            job.runs()
            job.quit()
        qemu_img("check", base + ".moved")


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    missing = not guest and "no cross compiler" or not shutil.which("qemu-img") and "needs qemu-img" \
        or not qmp_client.built_in() and "this build has no QMP"
    if missing:
        cases.skip("jobs on disks", missing)
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        image = os.path.join(directory, "image")
        with open(image, "wb") as file:
            file.truncate(MIB)
        for part in (snapshots, mirrors, backups, by_hand, chains):
            part(cases, guest, directory, image)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
