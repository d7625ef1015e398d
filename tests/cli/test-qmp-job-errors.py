#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Jobs on disks that meet errors of the host do what on-source-error, on-target-error and on-error say, and tell of
them; bad-disk.c is the host's disk. Prints TAP.
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import qmp_client               # noqa: E402
from disk_jobs import MIB       # noqa: E402
from disk_machine import Disk, guest_image, set_bad     # noqa: E402

LIBRARY = "bad-disk-jobs.so"


class Copier:
    """An emulator with a disk, a file that jobs write to, and one of the two that can be made bad."""

    def __init__(self, library, bad, disk_format="raw"):
        self.directory = tempfile.TemporaryDirectory(prefix="pqemu-errors-")
        self.source, self.target, self.control = (os.path.join(self.directory.name, name)
                                                  for name in ("source", "target", "control"))
        with open(self.source, "wb") as file:
            file.write(bytes(range(1, 256)) * (MIB // 255 + 1))
            file.truncate(MIB)
        with open(self.target, "wb") as file:
            file.truncate(MIB)
        if disk_format == "qcow2":
            front = os.path.join(self.directory.name, "front")
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.source, front],
                           check=True)
            self.disk = front
        else:
            self.disk = self.source
        with environment(LD_PRELOAD=" ".join(filter(None, [os.environ.get("LD_PRELOAD"), library])),
                         BAD_IMAGE=getattr(self, bad), BAD_DISK=self.control,
                         BAD_WAITS=os.path.join(self.directory.name, "waits")):
            self.machine = qmp_client.Machine(
                self.directory.name, "-drive", "if=none,id=v,format=%s,file=%s" % (disk_format, self.disk),
                "-device", "virtio-blk-device,drive=v")

    def __enter__(self):
        self.machine.__enter__()
        self.client = qmp_client.Client(self.machine.path)
        return self

    def __exit__(self, *exc):
        self.client.close()
        self.machine.__exit__(*exc)
        self.directory.cleanup()

    def bad(self, what):
        set_bad(self.control, what)

    def start(self, kind, **more):
        arguments = {"device": "v", "target": self.target, "sync": "full", "format": "raw", "mode": "existing",
                     "job_id": "j"}
        self.client.result(kind, **{**arguments, **more})

    def error(self):
        data = self.client.event("BLOCK_JOB_ERROR")["data"]
        assert data["device"] == "j", data
        return data["operation"], data["action"]

    def job(self):
        row = self.client.result("query-block-jobs")[0]
        return row["status"], row["io-status"], row["paused"]

    def wait_job(self, *wanted):
        """Until it is so: the event is told a moment before."""
        end = time.monotonic() + qmp_client.LIMIT
        while self.job() != wanted:
            assert time.monotonic() < end, self.job()
            time.sleep(0.01)

    def completed(self):
        return self.client.event("BLOCK_JOB_COMPLETED")["data"]

    def is_copied(self):
        with open(self.disk, "rb") as one, open(self.target, "rb") as other:
            return one.read() == other.read()


@contextlib.contextmanager
def environment(**values):
    old = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)


def stops(cases, library, bad, what, kind, option, policy, io_status):
    operation = what.split()[0]
    with Copier(library, bad) as c:
        c.bad(what)
        c.start(kind, **{option: policy})
        told = c.error()
        c.wait_job("paused", io_status, True)
        c.bad(None)
        c.client.result("block-job-resume", device="j")
        if kind == "drive-mirror":
            c.client.event("BLOCK_JOB_READY")
            c.client.result("block-job-complete", device="j")
        end = c.completed()
        cases.check(told == (operation, "stop") and "error" not in end and c.is_copied(),
                    "%s, %s=%s, %s: it stops, goes on when asked to, and all is copied" % (kind, option, policy, what),
                    (told, end))


def reports(cases, library, bad, what, kind, **options):
    with Copier(library, bad) as c:
        c.bad(what)
        c.start(kind, **options)
        told, end = c.error(), c.completed()
        cases.check(told == (what.split()[0], "report") and "error" in end,
                    "%s %s, %s: it ends" % (kind, options, what), (told, end))


def ignores(cases, library, kind):
    with Copier(library, "target") as c:
        c.bad("write EIO")
        c.start(kind, on_target_error="ignore")
        told = [c.error() for _ in range(MIB // 65536 + 2)]     # the whole disk, and some of them again
        c.bad(None)
        if kind == "drive-mirror":
            c.client.event("BLOCK_JOB_READY")
            c.client.result("block-job-complete", device="j")
        end = c.completed()
        cases.check(set(told) == {("write", "ignore")} and "error" not in end and c.is_copied(),
                    "%s, on-target-error=ignore: it is tried again until it works" % kind, (told, end))


def guest_writes(cases, library):
    """A mirror that is ready, and a write of the guest that the target does not take."""
    guest = guest_image("disk.c")
    if not guest:
        cases.skip("writes while a mirror is ready", "no cross compiler")
        return
    with tempfile.TemporaryDirectory(prefix="pqemu-errors-") as directory:
        target, path = os.path.join(directory, "target"), os.path.join(directory, "qmp")
        with open(target, "wb") as file:
            file.truncate(MIB)
        with Disk(guest, "file=%s,format=raw,if=sd,id=card", ["-qmp", "unix:%s,server=on,wait=off" % path],
                  library=library, bad=target) as disk:
            client = qmp_client.Client(path)
            client.result("drive-mirror", device="card", target=target, sync="full", format="raw", mode="existing",
                          on_target_error="enospc")
            client.event("BLOCK_JOB_READY")
            disk.bad("write ENOSPC")
            told = client.event("BLOCK_JOB_ERROR")["data"]
            row = client.result("query-block-jobs")[0]
            error = client.error("block-job-complete", device="card")
            cases.check(told == {"device": "card", "operation": "write", "action": "stop"}
                        and (row["status"], row["io-status"]) == ("standby", "nospace")
                        and "cannot be completed" in error["desc"],
                        "a mirror that is ready, and its target is full: it stands by", (told, row, error))
            disk.bad(None)
            client.result("stop")
            client.result("block-job-resume", device="card")
            end = time.monotonic() + qmp_client.LIMIT
            while "error" in client.order("block-job-complete", device="card"):
                assert time.monotonic() < end, client.result("query-block-jobs")
                time.sleep(0.01)
            data = client.event("BLOCK_JOB_COMPLETED")["data"]
            with open(disk.image, "rb") as one, open(target, "rb") as other:
                same = one.read() == other.read()
            cases.check("error" not in data and same, "it goes on, and the target has all that the guest has written",
                        data)
            client.close()


def streams(cases, library):
    if not shutil.which("qemu-img"):
        cases.skip("block-stream", "no qemu-img")
        return
    with Copier(library, "source", "qcow2") as c:
        c.bad("read EIO")
        c.client.result("block-stream", device="v", job_id="j", on_error="ignore")
        told, end = c.error(), c.completed()
        cases.check(told == ("read", "ignore") and "error" in end, "block-stream, on-error=ignore: it fails at its end",
                    (told, end))
        c.client.result("block-stream", device="v", job_id="j", on_error="stop")
        told = c.error()
        c.wait_job("paused", "failed", True)
        c.bad(None)
        c.client.result("block-job-resume", device="j")
        end = c.completed()
        cases.check(told == ("read", "stop") and "error" not in end, "block-stream, on-error=stop: it goes on",
                    (told, end))


def main():
    cases = machine.Cases()
    if not qmp_client.built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-errors-") as directory:
        library = os.path.join(directory, LIBRARY)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(HERE, "bad-disk.c"), "-ldl"],
                       check=True)
        stops(cases, library, "target", "write EIO", "drive-mirror", "on_target_error", "stop", "failed")
        stops(cases, library, "target", "write ENOSPC", "drive-backup", "on_target_error", "enospc", "nospace")
        stops(cases, library, "source", "read EIO", "drive-backup", "on_source_error", "stop", "failed")
        reports(cases, library, "target", "write EIO", "drive-mirror")
        reports(cases, library, "target", "write EIO", "drive-mirror", on_target_error="enospc")
        reports(cases, library, "source", "read EIO", "drive-backup", on_target_error="stop")
        ignores(cases, library, "drive-mirror")
        ignores(cases, library, "drive-backup")
        guest_writes(cases, library)
        streams(cases, library)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
