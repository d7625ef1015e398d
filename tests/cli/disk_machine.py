# SPDX-License-Identifier: GPL-2.0-or-later
"""An emulator whose guest (disk.c) writes and reads its SD card, for tests of what is behind the card."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import guest_program            # noqa: E402  (machine sets its path)

BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(machine.ROOT, "build"))
IMAGE_BYTES = 1 << 20


def guest_image(name):
    """The guest's program, or None if there is no cross compiler."""
    built = guest_program.images("cli", name)
    return built and built[0]


def set_bad(control, what):
    """What the library that stands for a bad disk does from the next transfer on; None: mended."""
    if what is None:
        os.unlink(control)
    else:
        with open(control + ".new", "w", encoding="utf-8") as file:
            file.write(what)
        os.rename(control + ".new", control)


class Disk:
    """An emulator whose card is `drive` (%s: an image of zeroes), perhaps on a disk that can be made bad (library). Its
    console and monitor are sockets.
    """

    def __init__(self, guest, drive="", arguments=(), library=None, bad=None):
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
                         *(["-drive", drive % self.image] if drive else []), *arguments],
            env=dict(os.environ, LD_PRELOAD=preload, BAD_IMAGE=bad or self.image, BAD_DISK=self.control,
                     BAD_WAITS=self.waits),
            stderr=self.errors)
        self.monitor, self.console = (machine.connect(socket.AF_UNIX, path) for path in reversed(paths))

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
        set_bad(self.control, what)

    def wait_hanging(self):
        """Until a thread of the emulator waits for the bad disk."""
        end = time.monotonic() + 60 * machine.SCALE
        while not os.path.exists(self.waits):
            assert time.monotonic() < end, "nobody asks the disk"
            time.sleep(0.01)

    def content(self):
        """Of the image, as it is now."""
        with open(self.image, "rb") as file:
            return file.read()

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

    def wait_stderr(self, *texts):
        """Until all of them have been said: a thread of the emulator's own writes it."""
        end = time.monotonic() + 60 * machine.SCALE
        while not all(text in self.stderr() for text in texts):
            assert time.monotonic() < end, self.stderr()
            time.sleep(0.01)

    def stderr(self):
        """Without the lines about our sockets."""
        with open(self.errors.name, encoding="utf-8") as file:
            return "".join(line for line in file if "waiting for a connection" not in line)
