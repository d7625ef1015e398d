#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Who may use an image beside us: Debian's tools may look at one that we write to if they are told to (-U), read one
that we only read, and write to neither; and we do not use what they write to. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))
import tap                      # noqa: E402  (path set above)
from disk_jobs import kill      # noqa: E402
from machine import M           # noqa: E402
from qmp_client import Client, Machine, built_in        # noqa: E402

# The command, and whether it works beside one who writes, and beside one who reads.
BESIDE = (
    (("qemu-img", "info", "-U"), True, True), (("qemu-img", "map", "-U"), True, True),
    (("qemu-img", "check", "-U"), True, True), (("qemu-io", "-r", "-U", "-c", "read 0 512"), True, True),
    (("qemu-img", "info"), False, True), (("qemu-img", "check"), False, True),
    (("qemu-io", "-r", "-c", "read 0 512"), False, True), (("qemu-io", "-c", "write 0 512"), False, False),
    (("qemu-img", "snapshot", "-c", "s"), False, False),
)


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ours(image, *options):
    """How a start with the image ends."""
    drive = ",".join(["if=sd,format=qcow2,file=" + image, *options])
    run = subprocess.run([*M, "-display", "none", "-drive", drive,
                          "-drive", "if=virtio,format=raw,file=/nonexistent/second"],
                         capture_output=True, text=True, check=False)
    return run.stderr


def beside(cases, directory, image):
    for title, options, column in (("written to", (), 1), ("only read", ("readonly=on",), 2)):
        drive = ",".join(["if=sd,format=qcow2,file=" + image, *options])
        with Machine(directory, "-drive", drive) as machine:
            client = Client(machine.path)
            for row in BESIDE:
                done = tool(*row[0], image)
                cases.check((done.returncode == 0) == row[column], "an image that is %s, %s: %s" % (
                    title, " ".join(row[0]), "works" if row[column] else "refused"), done.stdout + done.stderr)
            for more, works in (((), False), (("readonly=on",), column == 2)):
                said = ours(image, *more)
                cases.check(("in use" in said) != works, "... and another one of us, %s" % (more,), said)
            client.result("quit")
            machine.ended()


def behind(cases, directory, image):
    """What they have open."""
    for title, options, reading in (("write to", (), False), ("read", ("-r",), True)):
        socket, pid = os.path.join(directory, "nbd"), os.path.join(directory, "pid")
        subprocess.run(["qemu-nbd", "--fork", "--pid-file=" + pid, "-t", "-f", "qcow2", *options, "-k", socket, image],
                       check=True)
        try:
            for more, works in (((), False), (("readonly=on",), reading)):
                said = ours(image, *more)
                cases.check(("in use" in said) != works, "what they %s, by us, %s" % (title, more), said)
        finally:
            kill(pid)
            os.unlink(socket)


def main():
    cases = tap.Cases()
    if not built_in() or not shutil.which("qemu-img") or not shutil.which("qemu-nbd"):
        cases.skip("locks of images", "needs QMP and qemu-utils")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-locks-") as directory:
        image = os.path.join(directory, "image.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1M"], check=True)
        beside(cases, directory, image)
        behind(cases, directory, image)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
