# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines whose state moves: start them, ask them by QMP, build the guest's program."""
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))
sys.dont_write_bytecode = True

import guest_program            # noqa: E402  (path set above, no bytecode)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = {"unified": "ccache=unified", "separate": "ccache=separate", "single": "thread=single",
           "interp": "backend=interp"}


def guest(source="moves.c"):
    """The guest's program, or None if there is no cross compiler."""
    built = guest_program.images("migration", source, with_vfp=True)
    return built and built[0]


class Machine:
    """An emulator with its serial line on its pipes and QMP on a socket. Use as a context manager."""

    count = 0

    def __init__(self, tmp, image, design="unified", options=(), cpus=4, memory=64):
        Machine.count += 1
        path = os.path.join(tmp, "qmp%d" % Machine.count)
        argv = [QEMU, "-M", "realview-eb-mpcore", "-m", str(memory), "-smp", str(cpus), "-display", "none",
                "-monitor", "none", "-serial", "stdio", "-semihosting", "-qmp", "unix:%s,server=on,wait=off" % path,
                "-accel", "tcg," + DESIGNS[design], *(["-kernel", image] if image else []), *options]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.text = b""
        self.events = []
        end = time.monotonic() + PATIENCE
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                assert self.process.poll() is None, self.errors()
                assert time.monotonic() < end, "no monitor"
                time.sleep(0.01)
        self.socket.settimeout(PATIENCE)
        self.lines = self.socket.makefile("rb")
        json.loads(self.lines.readline())
        self.order("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.socket.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

    def answer(self, command, arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            line = self.lines.readline()
            assert line, "the emulator has ended"
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message)

    def order(self, command, /, **arguments):
        answer = self.answer(command, {key.replace("_", "-"): value for key, value in arguments.items()})
        assert "return" in answer, answer
        return answer["return"]

    def error(self, command, /, **arguments):
        return self.answer(command, {key.replace("_", "-"): value for key, value in arguments.items()})["error"]["desc"]

    def hmp(self, line):
        return self.order("human-monitor-command", command_line=line).replace("\r", "")

    def until(self, pattern):
        """Read the serial line up to what matches; returns that."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return found
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            self.text += data.replace(b"\r", b"")
            assert data or not ready, "the emulator has ended: %r %r" % (self.text[-500:], self.errors())
            assert time.monotonic() < end, "no %r in %r" % (pattern, self.text[-500:])

    def round(self, after=0):
        """The number of the next round that the guest prints, and the one behind it if that is not `after` + 1."""
        number = int(self.until(rb"round (\d+)\n").group(1))
        assert not after or number == after + 1, "round %d after %d" % (number, after)
        return number

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def errors(self):
        """What it has said on standard error when it has ended."""
        self.process.wait(PATIENCE)
        return self.process.stderr.read().decode()

    def verdict(self):
        """Have the guest end; returns what it says, after a check of it."""
        self.type("e")
        out, err = self.process.communicate(timeout=PATIENCE)
        text = (self.text + out).decode()
        assert self.process.returncode == 0 and "not ok" not in text and "1.." in text, text + err.decode()
        return text

    def migrate(self, uri):
        """Send the state there; returns what query-migrate says at the end."""
        self.order("migrate", uri=uri)
        return self.migrated()

    def migrated(self):
        end = time.monotonic() + PATIENCE
        while True:
            info = self.order("query-migrate")
            if info.get("status") in ("completed", "failed", "cancelled"):
                return info
            assert time.monotonic() < end, info
            time.sleep(0.01)

    def rest(self):
        """What the guest had printed before it was stopped."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                break
            self.text += data.replace(b"\r", b"")
        return self.text
