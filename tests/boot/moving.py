# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that moves to another emulator, by a file or a socket, for tests."""
import json
import os
import socket
import time

from vm import VM, Failure, DESIGNS


class Control:
    """QMP of a VM."""

    def __init__(self, path, limit):
        end = time.monotonic() + limit
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(limit)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        self.order("qmp_capabilities")

    def order(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            line = self.file.readline()
            if not line:
                raise Failure("the emulator has ended")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failure(answer["error"]["desc"])

    def migrated(self, limit):
        end = time.monotonic() + limit
        while True:
            info = self.order("query-migrate")
            if info.get("status") == "completed":
                return info
            if info.get("status") in ("failed", "cancelled") or time.monotonic() > end:
                raise Failure("migration: %s" % info)
            time.sleep(0.02)


def start(tmp, number, design, *options, initrd="initrd"):
    """A VM of that design, and its control."""
    path = os.path.join(tmp, "qmp%d" % number)
    accel, slow = DESIGNS[design]
    vm = VM(accel=accel, slow=slow, initrd=initrd, args=("-qmp", "unix:%s,server=on,wait=off" % path, *options))
    return vm, Control(path, 60 * vm.scale)


def move(tmp, number, vm, control, design, live, *options, initrd="initrd"):
    """The machine in an emulator of that design, with these options; (VM, control, what the sender says of it)."""
    if live:
        where = "unix:" + os.path.join(tmp, "move%d" % number)
        new, new_control = start(tmp, number, design, "-incoming", where, *options, initrd=initrd)
        control.order("migrate", uri=where)
        info = control.migrated(120 * vm.scale)
    else:
        path = os.path.join(tmp, "state")
        control.order("migrate", uri="file:" + path)
        info = control.migrated(120 * vm.scale)
        new, new_control = start(tmp, number, design, "-incoming", "file:" + path, *options, initrd=initrd)
    vm.kill()
    info["load"] = new_control.migrated(120 * new.scale)["total-time"]
    return new, new_control, info
