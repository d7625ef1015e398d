#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Dirty bitmaps and incremental backups of a disk that the guest uses, by QMP; transactions. disk.c is the guest: it
writes and reads its card all the time. Prints TAP.
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

SIZE = MIB


def bitmaps(job):
    return {row["name"]: row for row in job.order("query-block")[0]["inserted"].get("dirty-bitmaps", [])}


def action(kind, **data):
    return {"type": kind, "data": {key.replace("_", "-"): value for key, value in data.items()}}


def increment(job, directory, name, behind, bitmap="b", **more):
    """An incremental backup into an image in front of the one before."""
    path = os.path.join(directory, name + ".qcow2")
    form = "raw" if behind.endswith("raw") else "qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", behind, "-F", form, path)
    job.order("drive-backup", device="sd0", target=path, format="qcow2", mode="existing",
              **dict({"sync": "incremental", "bitmap": bitmap}, **more))
    job.ended()
    return path


def same(image, form, backup, backup_form):
    qemu_img("compare", "-f", form, "-F", backup_form, image, backup)


def mapped(path):
    return json.loads(qemu_img("map", "--output=json", path))


def chains(cases, guest, directory):
    for form in ("raw", "qcow2"):
        image, full = os.path.join(directory, "disk." + form), os.path.join(directory, form + "-full.raw")
        qemu_img("create", "-q", "-f", form, image, str(SIZE))
        with cases.case(form + ": a full backup and three increments of a running guest are the disk"):
            with Job(guest, directory, raw_drive(image) if form == "raw" else overlay_drive(image)) as job:
                job.runs()
                job.order("transaction", actions=[
                    action("block-dirty-bitmap-add", node="sd0", name="b", granularity=4096),
                    action("drive-backup", device="sd0", target=full, format="raw", sync="full")])
                job.ended()
                behind = full
                for number in range(2):
                    job.runs()
                    assert bitmaps(job)["b"]["count"] > 0
                    behind = increment(job, directory, "%s-inc%d" % (form, number), behind)
                job.runs()
                job.order("stop")
                behind = increment(job, directory, form + "-last", behind)
                assert bitmaps(job)["b"]["count"] == 0, bitmaps(job)
                nothing = increment(job, directory, form + "-nothing", behind)
                assert not any(row["depth"] == 0 for row in mapped(nothing)), mapped(nothing)
                job.quit()
            same(image, form, behind, "qcow2")


def orders(cases, guest, directory):
    image = os.path.join(directory, "orders.raw")
    qemu_img("create", "-q", "-f", "raw", image, str(SIZE))
    with Job(guest, directory, raw_drive(image)) as job:
        with cases.case("what is refused"):
            add = dict(node="sd0", name="b")
            job.order("block-dirty-bitmap-add", **add)
            for text, name, arguments in (
                    ("already exists", "block-dirty-bitmap-add", add),
                    ("no qcow2 image", "block-dirty-bitmap-add", dict(add, name="p", persistent=True)),
                    ("power of two", "block-dirty-bitmap-add", dict(add, name="g", granularity=1000)),
                    ("power of two", "block-dirty-bitmap-add", dict(add, name="g", granularity=-512)),
                    ("empty", "block-dirty-bitmap-add", dict(add, name="")),
                    ("Cannot find", "block-dirty-bitmap-add", dict(add, node="x")),
                    ("'x' not found", "block-dirty-bitmap-remove", dict(add, name="x")),
                    ("'x' not found", "block-dirty-bitmap-merge", dict(node="sd0", target="b", bitmaps=["x"])),
                    ("'bitmaps[0].node' is missing", "block-dirty-bitmap-merge",
                     dict(node="sd0", target="b", bitmaps=[{"name": "b"}])),
                    ("valid bitmap name", "drive-backup", dict(device="sd0", target=image, sync="incremental")),
                    ("must be given", "drive-backup", dict(device="sd0", target=image, sync="bitmap", bitmap="b")),
                    ("is for sync", "drive-backup", dict(device="sd0", target=image, sync="full", bitmap="b")),
                    ("'always' is not there", "drive-backup",
                     {"device": "sd0", "target": image, "sync": "bitmap", "bitmap": "b", "bitmap-mode": "always"}),
                    ("is for backups", "drive-mirror", dict(device="sd0", target=image, sync="incremental"))):
                job.refuses(text, name, **arguments)
        with cases.case("enable, disable, clear, merge, remove"):
            job.runs()
            job.order("block-dirty-bitmap-add", node="sd0", name="off", disabled=True, granularity=512)
            job.runs()
            assert bitmaps(job)["b"]["count"] > 0 and bitmaps(job)["off"]["count"] == 0, bitmaps(job)
            job.order("stop")
            job.order("block-dirty-bitmap-merge", node="sd0", target="off", bitmaps=["b", {"node": "sd0", "name": "b"}])
            assert bitmaps(job)["off"]["count"] == bitmaps(job)["b"]["count"], bitmaps(job)
            job.order("block-dirty-bitmap-clear", node="sd0", name="b")
            job.order("block-dirty-bitmap-disable", node="sd0", name="b")
            job.order("cont")
            job.runs()
            assert bitmaps(job)["b"] == {"name": "b", "granularity": 65536, "count": 0, "recording": False,
                                         "busy": False, "persistent": False}, bitmaps(job)
            job.order("block-dirty-bitmap-enable", node="sd0", name="b")
            job.order("block-dirty-bitmap-enable", node="sd0", name="off")
            job.runs()
            assert bitmaps(job)["b"]["count"] > 0
            job.order("block-dirty-bitmap-remove", node="sd0", name="off")
            assert set(bitmaps(job)) == {"b"}
        with cases.case("a backup that is cancelled leaves all for the next one; meanwhile the bitmap is busy"):
            job.order("stop")
            job.order("block-dirty-bitmap-add", node="sd0", name="same")
            job.order("block-dirty-bitmap-merge", node="sd0", target="same", bitmaps=["b"])
            before = bitmaps(job)["b"]["count"]
            job.order("drive-backup", device="sd0", target=os.path.join(directory, "slow"), format="raw", speed=1,
                      sync="incremental", bitmap="b", job_id="slow")
            assert bitmaps(job)["b"]["busy"] and bitmaps(job)["b"]["count"] == 0
            job.refuses("in use", "block-dirty-bitmap-clear", node="sd0", name="b")
            job.order("block-job-cancel", device="slow")
            job.client.event("BLOCK_JOB_CANCELLED")
            assert bitmaps(job)["b"]["count"] == before and not bitmaps(job)["b"]["busy"], bitmaps(job)
        with cases.case("bitmap-mode never: the bitmap is what it was"):
            job.order("drive-backup", device="sd0", target=os.path.join(directory, "never"), format="raw",
                      **{"sync": "bitmap", "bitmap": "b", "bitmap-mode": "never"})
            job.ended()
            assert bitmaps(job)["b"]["count"] == before
        with cases.case("a transaction that fails leaves nothing"):
            now = bitmaps(job)
            for bad in (action("block-dirty-bitmap-remove", node="sd0", name="none"),
                        action("drive-backup", device="sd0", target="/nonexistent/x", sync="full"),
                        action("drive-backup", device="none", target=image, sync="full")):
                job.refuses("", "transaction", actions=[
                    action("block-dirty-bitmap-add", node="sd0", name="new"),
                    action("block-dirty-bitmap-clear", node="sd0", name="b"),
                    action("block-dirty-bitmap-disable", node="sd0", name="same"),
                    action("block-dirty-bitmap-merge", node="sd0", target="new", bitmaps=["same"]), bad])
                assert bitmaps(job) == now, (bad, bitmaps(job))
            job.refuses("Cannot find", "transaction", actions=[
                action("drive-backup", device="sd0", target=os.path.join(directory, "t"), format="raw", sync="full"),
                action("block-dirty-bitmap-clear", node="none", name="b")])
            assert job.order("query-block-jobs") == []
            job.refuses("does not accept", "transaction", actions=[action("quit")])
            job.refuses("expected: object", "transaction", actions=[{"type": "drive-backup", "data": 1}])
            front = action("blockdev-snapshot-sync", device="sd0", snapshot_file=os.path.join(directory, "front"))
            job.refuses("one new image", "transaction", actions=[front, front])
            job.order("transaction", actions=[])
        with cases.case("a transaction with a new image in front, which is made last"):
            job.order("transaction", actions=[front, action("block-dirty-bitmap-clear", node="sd0", name="b")])
            assert job.file().endswith("front") and bitmaps(job)["b"]["count"] == 0
            job.order("cont")
            job.runs()
            assert bitmaps(job)["b"]["count"] > 0
        job.quit()


def another_medium(cases, guest, directory):
    one, two = os.path.join(directory, "one.raw"), os.path.join(directory, "two.raw")
    for path in (one, two):
        qemu_img("create", "-q", "-f", "raw", path, str(SIZE))
    with Job(guest, directory, raw_drive(one)) as job:
        with cases.case("another card has no bitmaps"):
            job.order("stop")
            job.order("block-dirty-bitmap-add", node="sd0", name="b")
            job.order("blockdev-change-medium", device="sd0", filename=two, format="raw")
            assert bitmaps(job) == {}
        job.order("quit")


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest or not qmp_client.built_in() or not shutil.which("qemu-img"):
        cases.skip("dirty bitmaps", "they need a cross compiler, QMP and qemu-img")
        return cases.done()
    for part in (chains, orders, another_medium):
        with tempfile.TemporaryDirectory(prefix="pqemu-bitmaps-") as directory:
            part(cases, guest, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
