#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""A CPU that is stopped between two blocks shows the flags of the program at that point, also where the text ahead does
not read them: `info registers` in all modes, with jumps chained and with every jump through the main loop. Prints TAP.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from machine import M, SCALE, Cases, Files, ended, read_until      # noqa: E402  (no bytecode)

MODES = ("ccache=unified", "ccache=separate", "thread=single", "backend=interp")
STOPS = 60
# Three blocks that go on in a circle; the flags that each leaves are overwritten by the next before anybody reads them.
PROGRAM = [
    0xe3a00005,         # mov   r0, #5
    0xe1500000,         # 0x04: cmp   r0, r0            Z C
    0xea000001,         # b     0x14
    0x00000000, 0x00000000,
    0xe3500006,         # 0x14: cmp   r0, #6            N
    0x4a000001,         # bmi   0x24
    0x00000000, 0x00000000,
    0xe3700000 | 0xb,   # 0x24: cmn   r0, #11           no flag
    0xea000001,         # b     0x34
    0x00000000, 0x00000000,
    0xe3500001,         # 0x34: cmp   r0, #1            C
    0xeafffff1,         # b     0x04
]
FLAGS = {0x04: "--C-", 0x14: "-ZC-", 0x24: "N---", 0x34: "----"}


class Machine:
    def __init__(self, files, accel, cpus, items):
        others = [word for n in range(1, cpus) for word in ("-device", "loader,addr=0,cpu-num=%d" % n)]
        self.process = subprocess.Popen([*M, "-smp", str(cpus), "-display", "none", "-serial", "null", "-monitor",
                                         "stdio", "-accel", "tcg," + accel, *items, *files.program(PROGRAM), *others],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        read_until(self.process.stdout.fileno(), rb"\(qemu\) $")

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return read_until(self.process.stdout.fileno(), rb"\r\n\(qemu\) $", 30).decode(errors="replace")

    def where(self, cpu):
        """Program counter and flags of a stopped CPU."""
        self.ask("cpu %d" % cpu)
        text = self.ask("info registers")
        return int(re.search(r"R15=(\w+)", text).group(1), 16), re.search(r"PSR=\w+ ([NZCV-]{4})", text).group(1)

    def end(self):
        self.process.stdin.write(b"quit\n")
        self.process.stdin.flush()
        return ended(self.process, 30)


def test(cases, files, accel, cpus, items):
    name = "%s, %d CPU%s%s" % (accel, cpus, "s" if cpus > 1 else "", ", " + items[1] if items else "")
    machine = Machine(files, accel, cpus, items)
    # Chained, a CPU may always be stopped at the loop's end; elsewhere each jump is a place where it can be.
    wrong, places, stops, least = [], set(), 0, 2 if items or accel == "backend=interp" else 1
    end = time.monotonic() + 60 * SCALE
    while time.monotonic() < end and not (stops >= STOPS and len(places) >= least):
        machine.ask("stop")
        stops += 1
        for cpu in range(cpus):
            pc, flags = machine.where(cpu)
            if pc in FLAGS:
                places.add(pc)
                if flags != FLAGS[pc]:
                    wrong.append("at 0x%02x: %s, should be %s" % (pc, flags, FLAGS[pc]))
        machine.ask("cont")
    cases.check(not wrong, "%s: the flags of a stopped CPU are those of the program" % name, "\n".join(wrong))
    cases.check(len(places) >= least, "%s: stopped where flags are left" % name, "%d stops, %s" % (stops, places))
    cases.check(machine.end() == 0, "%s: ends" % name)


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        for accel in MODES:
            for cpus in (1, 2):
                for items in ([], ["-d", "nochain", "-D", os.devnull]):
                    try:
                        test(cases, files, accel, cpus, items)
                    except (AssertionError, AttributeError, OSError) as e:
                        cases.check(False, "%s, %d CPUs" % (accel, cpus), e)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
