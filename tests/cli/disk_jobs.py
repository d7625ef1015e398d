# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that writes and reads its card `sd0` all the time, and a program that gives orders about it, by QMP."""
import os
import re
import signal
import subprocess
import time

import qmp_client
from disk_machine import Disk

MIB = 1 << 20


def qemu_img(*arguments):
    run = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, (arguments, run.stdout, run.stderr)
    return run.stdout


def kill(pid_file):
    """A daemon; its files, and their locks, are gone then. It may still wait for who takes note of it. As long as it
    has other threads than the first, they may hold its files.
    """
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGKILL)
    try:
        while True:
            with open("/proc/%d/stat" % pid, encoding="ascii") as file:
                ended = file.read().rsplit(")", 1)[1].split()[0] in "ZX"
            if ended and len(os.listdir("/proc/%d/task" % pid)) <= 1:
                return
            time.sleep(0.01)
    except (FileNotFoundError, ProcessLookupError):
        pass


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Job:
    """The guest, its disk `sd0` and a program that gives orders."""

    def __init__(self, guest, directory, arguments):
        path = os.path.join(directory, "qmp")
        self.disk = Disk(guest, arguments=[*arguments, "-qmp", "unix:%s,server=on,wait=off" % path])
        self.client = qmp_client.Client(path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.client.close()
        self.disk.__exit__(*exc)

    def writes(self):
        """How many writes of the guest have ended."""
        return self.order("query-blockstats")[0]["stats"]["wr_operations"]

    def runs(self):
        """Until the guest has written since the call. What it said may be older: it waited in the console's socket."""
        begun, done = self.writes(), False
        while not done:
            text = self.disk.said(rb"wrwrwrwr")
            assert not re.search(rb"[WEX]", text), text
            done = self.writes() >= begun + 4

    def order(self, name, /, **arguments):
        return self.client.result(name, **arguments)

    def refuses(self, text, name, /, **arguments):
        answer = self.client.error(name, **arguments)
        assert text in answer["desc"], answer

    def file(self):
        return self.order("query-block")[0]["inserted"]["file"]

    def ended(self, error=None):
        data = self.client.event("BLOCK_JOB_COMPLETED")["data"]
        assert data.get("error") == error, data
        assert self.order("query-block-jobs") == []

    def quit(self):
        assert self.disk.end("quit") == 0, self.disk.stderr()
        assert not self.disk.stderr(), self.disk.stderr()


def raw_drive(image):
    return ["-drive", "if=sd,format=raw,file=" + image]


def overlay_drive(image):
    return ["-drive", "if=sd,format=qcow2,file=" + image]
