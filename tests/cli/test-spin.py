#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""CPUs that wait in a loop without WFE, as in Linux's pen, rest when the host has fewer cores than CPUs that run; they
leave the loop when memory changes, and a CPU that does something does not rest. Prints TAP.
"""
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from machine import M, SCALE, connect, ended, read_until, run_all      # noqa: E402  (no bytecode)
import socket                   # noqa: E402

# CPU 0 counts until a character comes, and opens the pen. The others print their numbers then.
PROGRAM = [
    0xee100fb0,         # mrc   p15, 0, r0, c0, c0, 5
    0xe2100003,         # ands  r0, r0, #3
    0xe3a02902,         # mov   r2, #0x8000
    0xe3a04201,         # mov   r4, #0x10000000
    0xe3844a09,         # orr   r4, r4, #0x9000         UART0
    0xe3a03001,         # mov   r3, #1
    0x0a000005,         # beq   first
    0xe5921000,         # pen: ldr r1, [r2]
    0xe1510003,         # cmp   r1, r3
    0x1afffffc,         # bne   pen
    0xe2801030,         # add   r1, r0, #'0'
    0xe5841000,         # str   r1, [r4]
    0xeafffffe,         # b     .
    0xe5941018,         # first: ldr r1, [r4, #0x18]    UARTFR
    0xe2855001,         # add   r5, r5, #1
    0xe3110010,         # tst   r1, #0x10               receive FIFO empty
    0x1afffffb,         # bne   first
    0xe5823000,         # str   r3, [r2]
    0xeafffffe,         # b     .
]
CPUS = 4


def one_core():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])


def test(cases, files, design):
    path = files.path("uart-" + design.replace("=", ""))
    others = [word for n in range(1, CPUS) for word in ("-device", "loader,addr=0,cpu-num=%d" % n)]
    process = subprocess.Popen([*M, "-smp", str(CPUS), "-display", "none", "-monitor", "stdio", "-serial",
                                "unix:%s,server=on,wait=off" % path, "-accel", "tcg," + design,
                                *files.program(PROGRAM), *others],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=one_core)

    def ask(command):
        process.stdin.write(command.encode() + b"\n")
        process.stdin.flush()
        return read_until(process.stdout.fileno(), rb"\r\n\(qemu\) $").decode(errors="replace")

    def rests():
        return [int(n) for n in re.search(r"^rest +([\d ]+)", ask("info jit"), re.M).group(1).split()[:CPUS]]

    def wait_for(what):
        end = time.monotonic() + 60 * SCALE
        while not what(rests()) and time.monotonic() < end:
            time.sleep(0.01)
        return what(rests())

    try:
        read_until(process.stdout.fileno(), rb"\(qemu\) $")
        uart = connect(socket.AF_UNIX, path)
        if design != "thread=single":
            cases.check(wait_for(lambda n: sum(n[1:]) >= 3 and min(n[1:])), design + ": CPUs in the pen rest", rests())
            cases.check(rests()[0] == 0, design + ": a CPU that counts does not", rests())
        uart.sendall(b"x")
        printed = b""
        while len(printed) < CPUS - 1:
            printed += read_until(uart.fileno(), b".")
        cases.check(sorted(printed) == [0x31, 0x32, 0x33], design + ": they leave the pen when it is opened", printed)
        if design != "thread=single":
            cases.check(wait_for(lambda n: n[0] > 0), design + ": a loop without any end is a wait too", rests())
        uart.close()
        process.stdin.write(b"quit\n")
        process.stdin.flush()
        cases.check(ended(process) == 0, design + ": ends")
    finally:
        process.kill()
        process.wait()


def test_unified(cases, files):
    test(cases, files, "ccache=unified")


def test_separate(cases, files):
    test(cases, files, "ccache=separate")


def test_single(cases, files):
    """Their turns end, so the one that opens the pen gets its own."""
    test(cases, files, "thread=single")


if __name__ == "__main__":
    sys.exit(run_all(test_unified, test_separate, test_single))
