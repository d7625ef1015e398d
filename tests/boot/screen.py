# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VM shows, for tests: by its monitor and by VNC."""
import os
import re
import socket
import subprocess
import time

from vm import Failure, emulator

KEYS = {" ": "spc", "/": "slash", ".": "dot", "-": "minus", ">": "shift-dot", "\n": "ret", "'": "apostrophe"}


def until(look, what, limit):
    """Look until there is something; what: the failure's text after limit seconds, or a function that gives it."""
    end = time.monotonic() + limit
    while not look():
        if time.monotonic() > end:
            raise Failure(what() if callable(what) else what)
        time.sleep(0.1)


def read_ppm(path):
    with open(path, "rb") as file:
        _, size, _, pixels = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    return width, height, pixels


def has_vnc():
    out = subprocess.run([emulator(), "-display", "help"], stdout=subprocess.PIPE, check=True).stdout
    return b"vnc" in out


class Monitor:
    """The monitor of a VM that listens at a path; connected to by the first order."""

    def __init__(self, path, seconds=120):
        self.path, self.seconds = path, seconds
        self.socket = None

    def order(self, line):
        if not self.socket:
            until(self._connected, "no monitor at " + self.path, self.seconds)
            self._prompt()
        self.socket.sendall(line.encode() + b"\n")
        return self._prompt()

    def _connected(self):
        """The emulator makes the socket some time after it has been started."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(self.seconds)
        try:
            self.socket.connect(self.path)
        except (FileNotFoundError, ConnectionRefusedError):
            self.socket.close()
            return False
        return True

    def _prompt(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            got = self.socket.recv(65536)
            if not got:
                raise Failure("the monitor is gone")
            text += got
        return text.decode()


def event_device(vm, name):
    """The file below /dev/input of the device whose description has name in it."""
    _, text = vm.shell("cat /proc/bus/input/devices")
    for block in text.split("\n\n"):
        if name in block:
            return re.search(r"event\d+", block).group(0)
    raise Failure("no input device '%s': %s" % (name, text))


class Screen(Monitor):
    """The monitor of a VM that has a screen, and a place for pictures of it."""

    def __init__(self, directory):
        super().__init__(os.path.join(directory, "monitor"))
        self.dump_path = os.path.join(directory, "screen.ppm")
        self.vnc_path = os.path.join(directory, "vnc") if has_vnc() else None
        self.args = ("-monitor", "unix:%s,server=on,wait=off" % self.path,
                     *(("-vnc", "unix:" + self.vnc_path) if self.vnc_path else ()))

    def dump(self):
        self.order("screendump " + self.dump_path)
        return read_ppm(self.dump_path)

    def type(self, text):
        for character in text:
            name = KEYS.get(character, character if not character.isupper() else "shift-" + character.lower())
            self.order("sendkey %s 1" % name)
