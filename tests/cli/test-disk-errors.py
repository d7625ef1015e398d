#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""A host's disk that is full, broken or does not answer: the machine stops or goes on as asked, and the monitor, a reset
and the end of the emulator wait for it no longer than seconds. disk.c is the guest, bad-disk.c the disk. Prints TAP.
"""
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)

BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(machine.ROOT, "build"))
IMAGE_BYTES = 1 << 20


def guest_image(name):
    """The guest's program, or None if there is no cross compiler."""
    spec = importlib.util.spec_from_file_location("run_guest", os.path.join(machine.ROOT, "tests/guest/run-guest.py"))
    run_guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_guest)
    source = os.path.join(HERE, name)
    built = run_guest.build([source], os.path.join(BUILD, "tests/cli")) if shutil.which(run_guest.CROSS + "gcc") else {}
    return built.get(source)


class Disk:
    """An emulator whose card is an image on a disk that can be made bad. Its console and monitor are sockets."""

    def __init__(self, guest, library, drive="", arguments=()):
        self.directory = tempfile.TemporaryDirectory()
        self.image, self.control, self.waits = (os.path.join(self.directory.name, name)
                                                for name in ("image", "control", "waits"))
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        paths = [os.path.join(self.directory.name, name) for name in ("console", "monitor")]
        self.errors = open(os.path.join(self.directory.name, "errors"), "w+b")  # pylint: disable=consider-using-with
        preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), library]))
        self.process = subprocess.Popen(
            machine.M + ["-display", "none", "-m", "64", "-kernel", guest,
                         "-serial", "unix:%s,server=on,wait=on" % paths[0],
                         "-monitor", "unix:%s,server=on,wait=on" % paths[1],
                         "-drive", "file=%s,format=raw,if=sd,id=card%s" % (self.image, drive), *arguments],
            env=dict(os.environ, LD_PRELOAD=preload, BAD_IMAGE=self.image, BAD_DISK=self.control, BAD_WAITS=self.waits),
            stderr=self.errors)
        self.console, self.monitor = (machine.connect(socket.AF_UNIX, path) for path in paths)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.errors.close()
        self.console.close()
        self.monitor.close()
        self.directory.cleanup()

    def bad(self, what):
        """From the next transfer on; None: mended."""
        if what is None:
            os.unlink(self.control)
        else:
            with open(self.control + ".new", "w", encoding="utf-8") as file:
                file.write(what)
            os.rename(self.control + ".new", self.control)

    def wait_hanging(self):
        """Until a thread of the emulator waits for the bad disk."""
        end = time.monotonic() + 60 * machine.SCALE
        while not os.path.exists(self.waits):
            assert time.monotonic() < end, "nobody asks the disk"
            time.sleep(0.01)

    def said(self, pattern):
        """Wait for the guest to say something."""
        return machine.read_until(self.console.fileno(), pattern)

    def ask(self, command):
        self.monitor.sendall((command + "\n").encode())
        return machine.read_until(self.monitor.fileno(), re.escape(command.encode()) + rb".*\(qemu\) ").decode()

    def wait_status(self, status):
        """Until `info status` says so: read_until() bounds it."""
        while "VM status: " + status not in self.ask("info status"):
            pass

    def end(self, how):
        """The exit status."""
        if how == "quit":
            self.monitor.sendall(b"quit\n")
        else:
            self.process.send_signal(how)
        return machine.ended(self.process)

    def stderr(self):
        self.errors.flush()
        with open(self.errors.name, encoding="utf-8") as file:
            return file.read()


def hanging(cases, new):
    for what in ("write", "read"):
        with cases.case("a %s that hangs: stop, cont and reset are answered, and it goes on when the host answers" % what):
            with new() as disk:
                disk.said(rb"wrwr")
                disk.bad(what + " hang")
                disk.wait_hanging()
                disk.ask("stop")
                disk.wait_status("paused")
                disk.ask("cont")
                disk.ask("system_reset")
                disk.said(rb"R")
                disk.wait_status("running")
                disk.bad(None)
                disk.said(rb"wrwrwr")
                assert disk.end("quit") == 0, disk.stderr()
    for what in ("write", "read", "flush"):
        for end in ("quit", signal.SIGTERM):
            name = getattr(end, "name", end)
            with cases.case("a %s that hangs: %s ends the emulator, which says why" % (what, name)):
                with new() as disk:
                    disk.said(rb"wrwr")
                    disk.bad(what + " hang")
                    if what != "flush":         # that is the last one, at the end
                        disk.wait_hanging()
                    assert disk.end(end) == 1, disk.process.returncode
                    assert disk.stderr().count("the host does not answer") == 1, disk.stderr()


def failing(cases, new):
    with cases.case("a full disk: the machine stops, and cont tries again, as often as it takes"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            disk.ask("cont")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            text = disk.said(rb"wrwrwr")
            assert not re.search(rb"[WEX]", text), text
            assert "card '%s': write at byte" % disk.image in disk.stderr() and "'cont' tries again" in disk.stderr()
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("a full disk: a reset drops what waits, and the guest starts again"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("system_reset")
            disk.ask("cont")
            disk.said(rb"Rwrwr")
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("a full disk: the end while something waits says that it is not carried out"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write ENOSPC")
            disk.wait_status("paused")
            assert disk.end("quit") == 0, disk.stderr()
            assert "what waited" in disk.stderr(), disk.stderr()
    with cases.case("werror=enospc, another error: the guest is told"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.said(rb"WWW")
            disk.bad(None)
            disk.said(rb"wrwrwr")
            assert disk.stderr().count("Input/output error") == 1, disk.stderr()
    with cases.case("werror=report, a full disk: the guest is told"):
        with new(",werror=report") as disk:
            disk.bad("write ENOSPC")
            disk.said(rb"WW")
    with cases.case("werror=ignore: the guest does not notice"):
        with new(",werror=ignore") as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.said(rb"wXwX")
    with cases.case("werror=stop: any error stops the machine"):
        with new(",werror=stop") as disk:
            disk.said(rb"wrwr")
            disk.bad("write EIO")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            disk.said(rb"wrwr")
    with cases.case("rerror=report: the guest is told"):
        with new() as disk:
            disk.said(rb"wrwr")
            disk.bad("read EIO")
            disk.said(rb"wEwE")
            disk.bad(None)
            disk.said(rb"wrwr")
    with cases.case("rerror=stop: the machine stops and reads again"):
        with new(",rerror=stop") as disk:
            disk.said(rb"wrwr")
            disk.bad("read EIO")
            disk.wait_status("paused")
            disk.bad(None)
            disk.ask("cont")
            text = disk.said(rb"wrwrwr")
            assert not re.search(rb"[WEX]", text), text


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest:
        cases.skip("errors of disks", "no cross compiler")
        return cases.done()
    library = os.path.join(BUILD, "tests/cli/bad-disk.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
                    os.path.join(HERE, "bad-disk.c"), "-ldl"], check=True)

    def new(drive="", arguments=()):
        return Disk(guest, library, drive, arguments)
    for part in (hanging, failing):
        part(cases, new)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
