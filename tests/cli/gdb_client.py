# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb under a test's control, by its machine interface: orders as at its prompt, what they print, and stops."""
import os
import queue
import re
import shutil
import subprocess
import threading

GDB = os.environ.get("PQEMU_TEST_GDB", "gdb-multiarch")
PATIENCE = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
STREAM = re.compile(r'^[~@&]"(.*)"$')
ESCAPE = re.compile(r"\\(.)")


def available():
    return shutil.which(GDB) is not None


class Gone(Exception):
    """gdb has ended, or does not answer."""


def unquote(text):
    return ESCAPE.sub(lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), text)


class Gdb:
    """One gdb. Use as a context manager: leaving it ends the process."""

    def __init__(self, image=None):
        argv = [GDB, "-nx", "-q", "-interpreter=mi2"] + ([image] if image else [])
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        universal_newlines=True, errors="replace")
        self.lines, self.log, self.stops = queue.Queue(), [], []
        threading.Thread(target=self._read, daemon=True).start()
        for setting in ("mi-async on", "confirm off", "pagination off", "architecture arm", "width 0", "language c"):
            self.do("set " + setting)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self):
        try:
            for line in self.process.stdout:
                self.lines.put(line.rstrip("\n"))
        except ValueError:
            pass                # closed by __exit__()
        self.lines.put(None)

    def _line(self):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = None
        if line is None:
            raise Gone("no answer; the last lines were:\n" + "\n".join(self.log[-30:]))
        self.log.append(line)
        if line.startswith("*stopped"):
            self.stops.append(line)
        return line

    def do(self, order):
        """Carry out an order; the text it prints. An error's message comes as text too."""
        text = []
        self.log.append("-> " + order)
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        while True:
            line = self._line()
            found = STREAM.match(line)
            if found and line[0] != "&":
                text.append(unquote(found.group(1)))
            elif line.startswith("^error"):
                return "error: " + unquote(line.split('msg="', 1)[-1].rstrip('"'))
            elif line.startswith("^"):
                return "".join(text)

    def stop(self):
        """Wait for the next stop: the record, for example *stopped,reason="breakpoint-hit",..."""
        while not self.stops:
            self._line()
        return self.stops.pop(0)

    def go(self, order):
        """An order that lets the machine run, and the stop after it."""
        self.stops.clear()
        answer = self.do(order)
        if answer.startswith("error"):
            return answer
        return self.stop()

    def value(self, expression):
        """The number that an expression comes to."""
        text = self.do("output/d (long long)(%s)" % expression)
        try:
            return int(text)
        except ValueError:
            return text
