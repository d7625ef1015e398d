#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Backups of two disks in one transaction: completion-mode=grouped, so that both take effect or neither does; and the
action that aborts. disk.c is the guest: it writes and reads its card all the time. Prints TAP.
"""
import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import qmp_client               # noqa: E402
from disk_jobs import MIB, Job, qemu_img, raw_drive     # noqa: E402
from disk_machine import guest_image                    # noqa: E402


def action(kind, /, **data):
    return {"type": kind, "data": {key.replace("_", "-"): value for key, value in data.items()}}


def wait_status(job, name, status):
    while {row["id"]: row["status"] for row in job.order("query-jobs")}.get(name) != status:
        job.client.event("JOB_STATUS_CHANGE")


def backups(directory, slow=1, properties=None):
    """Of the card, which is done at once, and of the other disk, which takes until its speed is another one."""
    target = {name: os.path.join(directory, name) for name in ("quick", "slow")}
    more = {"properties": properties} if properties else {}
    return dict(more, actions=[
        action("drive-backup", device="sd0", job_id="quick", target=target["quick"], format="raw", sync="bitmap",
               bitmap="b", bitmap_mode="on-success"),
        action("drive-backup", device="v", job_id="slow", target=target["slow"], format="raw", sync="full",
               speed=slow)])


def ended(job):
    """How the jobs ended, in their order."""
    found = []
    while len(found) < 2:
        event = job.client.read() if not job.client.events else job.client.events.pop(0)
        if event.get("event") in ("BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED"):
            found.append((event["data"]["device"], event["event"].rsplit("_", 1)[1]))
    return found


def dirty(job):
    return job.order("query-block")[0]["inserted"]["dirty-bitmaps"][0]["count"]


def grouped(cases, job, directory):
    together = {"completion-mode": "grouped"}
    job.order("block-dirty-bitmap-add", node="sd0", name="b")
    job.runs()
    job.order("stop")
    before = dirty(job)
    with cases.case("grouped: who is done first waits for the other one, and both complete"):
        job.order("transaction", **backups(directory, properties=together))
        wait_status(job, "quick", "waiting")
        assert [row["status"] for row in job.order("query-block-jobs")] == ["waiting", "running"]
        job.client.events.clear()
        job.order("block-job-set-speed", device="slow", speed=0)
        assert sorted(ended(job)) == [("quick", "COMPLETED"), ("slow", "COMPLETED")]
        assert job.order("query-jobs") == [] and dirty(job) == 0 and before
        job.order("cont")
        job.runs()
        job.order("stop")
        before = dirty(job)
    for name in ("slow", "quick"):
        with cases.case("grouped: '%s' is cancelled, and the other one with it; the bitmap stays" % name):
            job.order("transaction", **backups(directory, properties=together))
            wait_status(job, "quick", "waiting")
            job.client.events.clear()
            job.order("block-job-cancel", device=name)
            assert sorted(ended(job)) == [("quick", "CANCELLED"), ("slow", "CANCELLED")]
            assert job.order("query-jobs") == [] and dirty(job) == before, (dirty(job), before)
    with cases.case("grouped: one of a group that cannot begin leaves nothing"):
        wrong = backups(directory, properties=together)
        wrong["actions"][1]["data"]["device"] = "none"
        job.refuses("Cannot find", "transaction", **wrong)
        assert job.order("query-jobs") == [] and dirty(job) == before
    with cases.case("individual, as without a mode: each ends by itself"):
        for properties in ({"completion-mode": "individual"}, {}, None):
            job.order("transaction", **backups(directory, properties=properties))
            job.client.event("BLOCK_JOB_COMPLETED")
            assert [row["id"] for row in job.order("query-jobs")] == ["slow"], job.order("query-jobs")
            job.client.events.clear()
            job.order("block-job-cancel", device="slow")
            job.client.event("BLOCK_JOB_CANCELLED")
    with cases.case("abort: what comes before it is undone"):
        job.refuses("aborted using Abort action", "transaction", actions=[
            action("block-dirty-bitmap-add", node="sd0", name="c"), *backups(directory)["actions"], action("abort")])
        assert job.order("query-jobs") == []
        assert len(job.order("query-block")[0]["inserted"]["dirty-bitmaps"]) == 1
        job.refuses("'actions[0].data.x' is unexpected", "transaction", actions=[action("abort", x=1)])


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest or not qmp_client.built_in() or not shutil.which("qemu-img"):
        cases.skip("transactions", "they need a cross compiler, QMP and qemu-img")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-transactions-") as directory:
        paths = [os.path.join(directory, name) for name in ("card", "other")]
        qemu_img("create", "-q", "-f", "raw", paths[0], str(MIB))
        qemu_img("create", "-q", "-f", "raw", paths[1], str(4 * MIB))
        with Job(guest, directory, [*raw_drive(paths[0]), "-drive", "if=none,id=v,format=raw,file=" + paths[1],
                                    "-device", "virtio-blk-device,drive=v"]) as job:
            grouped(cases, job, directory)
            job.quit()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
