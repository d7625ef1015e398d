#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""A program that clears SCTLR.U: its unaligned accesses follow ARMv5's rules, and -d guest_errors says so
once. One that leaves the bit alone has ARMv6's. Prints TAP.
"""
import re
import subprocess
import sys

sys.dont_write_bytecode = True

from machine import M, run_all      # noqa: E402  (no bytecode)

MODES = ("ccache=unified", "ccache=separate", "thread=single", "backend=interp")
CLEAR_U = 0xe3c22501            # bic r2, r2, #0x00400000
NOP = 0xe1a00000
# An unaligned load and a store; exit by SYS_EXIT.
PROGRAM = [
    0xee112f10,         # mrc   p15, 0, r2, c1, c0, 0
    CLEAR_U,            # or NOP
    0xee012f10,         # mcr   p15, 0, r2, c1, c0, 0
    0xe3a01a01,         # mov   r1, #0x1000
    0xe5910001,         # ldr   r0, [r1, #1]
    0xe5910002,         # ldr   r0, [r1, #2]
    0xe1c100b3,         # strh  r0, [r1, #3]
    0xe3a00018,         # mov   r0, #0x18
    0xe59f1000,         # ldr   r1, [pc]
    0xef123456,         # svc   0x123456
    0x00020026,
]
STORE_FIRST = PROGRAM[:4] + [PROGRAM[6]] + PROGRAM[4:6] + PROGRAM[7:]


def told(files, mode, words, *log):
    p = subprocess.run([*M, *files.program(words), "-accel", "tcg," + mode, "-display", "none", "-monitor", "none",
                        "-serial", "none", "-semihosting", *log], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=60, check=False)
    return p.returncode, re.findall(r"at 0x([0-9a-f]{8}) accesses 0x([0-9a-f]{8}).*bit 22", p.stderr.decode())


def test_hint(cases, files):
    armv6 = [PROGRAM[0], NOP, *PROGRAM[2:]]
    for mode in MODES:
        for name, words, log, want in (
                ("a load", PROGRAM, ("-d", "guest_errors"), [("00000010", "00001001")]),
                ("a store", STORE_FIRST, ("-d", "guest_errors"), [("00000010", "00001003")]),
                ("as after reset", armv6, ("-d", "guest_errors"), []), ("not asked", PROGRAM, (), [])):
            got = told(files, mode, words, *log)
            cases.check(got == (0, want), "%s: %s" % (mode, name), got)


if __name__ == "__main__":
    sys.exit(run_all(test_hint))
