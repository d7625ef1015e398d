# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the command line share: programs of a few instructions, waiting for answers and for the end."""
import hashlib
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

from tap import Cases           # noqa: E402, F401  (path set above; also for those who import this)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
M = [QEMU, "-M", "realview-eb-mpcore"]

# Sends `count` bytes (a counter's low byte, printable) to UART0, then ends through semihosting (SYS_EXIT).
PRINTER = [
    0xe3a00201,         # mov   r0, #0x10000000
    0xe3800a09,         # orr   r0, r0, #0x9000         UART0
    0xe3a02c03,         # mov   r2, #0x300
    0xe3822001,         # orr   r2, r2, #1
    0xe5802030,         # str   r2, [r0, #0x30]         UARTCR: enable
    0xe59f3030,         # ldr   r3, count
    0xe3a04000,         # mov   r4, #0
    # loop:
    0xe3530000,         # cmp   r3, #0
    0x0a000008,         # beq   end
    0xe5902018,         # ldr   r2, [r0, #0x18]         UARTFR
    0xe3120020,         # tst   r2, #0x20               transmit FIFO full
    0x1afffffc,         # bne   (the load)
    0xe204103f,         # and   r1, r4, #63
    0xe2811020,         # add   r1, r1, #32
    0xe5801000,         # str   r1, [r0]
    0xe2844001,         # add   r4, r4, #1
    0xe2433001,         # sub   r3, r3, #1
    0xeafffff4,         # b     loop
    # end:
    0xea000001,         # b     over the data
    0x00000000,         # count
    0x00000000,
    0xe3a00018,         # mov   r0, #0x18               SYS_EXIT
    0xe59f1000,         # ldr   r1, [pc]                ADP_Stopped_ApplicationExit
    0xef123456,         # svc   0x123456
    0x00020026,
]
COUNT_AT = 19

# Echoes what UART0 receives.
ECHO = [
    0xe3a00201, 0xe3800a09,
    0xe3a02070,         # mov   r2, #0x70               FIFOs on, 8 bits
    0xe580202c,         # str   r2, [r0, #0x2c]         UARTLCR_H
    0xe3a02c03, 0xe3822001, 0xe5802030,
    0xe5902018,         # loop: ldr r2, [r0, #0x18]
    0xe3120010,         # tst   r2, #0x10               receive FIFO empty
    0x1afffffc,         # bne   loop
    0xe5901000,         # ldr   r1, [r0]
    0xe5801000,         # str   r1, [r0]
    0xeafffff9,         # b     loop
]


# Turns the MMU on, with the table at 0x4000.
MMU_ON = [
    0xe3a00901,         # mov   r0, #0x4000
    0xee020f10,         # mcr   p15, 0, r0, c2, c0, 0       TTBR0
    0xe3a00001,         # mov   r0, #1
    0xee030f10,         # mcr   p15, 0, r0, c3, c0, 0       DACR
    0xee110f10,         # mrc   p15, 0, r0, c1, c0, 0
    0xe3800502,         # orr   r0, r0, #0x00800000         XP
    0xe3800001,         # orr   r0, r0, #1
    0xee010f10,         # mcr   p15, 0, r0, c1, c0, 0
]


class Files:
    """Guest programs and sockets in a temporary directory."""

    def __init__(self, tmp):
        self.tmp = tmp

    def path(self, name):
        return os.path.join(self.tmp, name)

    def program(self, words):
        path = self.path("prog-%s" % hashlib.md5(str(words).encode()).hexdigest()[:8])
        with open(path, "wb") as f:
            f.write(struct.pack("<%dI" % len(words), *words))
        return ["-device", "loader,file=%s,addr=0,cpu-num=0,force-raw=on" % path]

    def printer(self, count):
        words = list(PRINTER)
        words[COUNT_AT] = count
        return self.program(words)


def run_all(*tests):
    """Each with the cases and the files; what one raises is its failure, and the next one is run. The exit code."""
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        for test in tests:
            try:
                test(cases, files)
            except (AssertionError, OSError) as e:
                cases.check(False, test.__name__, e)
    return cases.done()


def read_until(fd, pattern, timeout=60.0):
    data = b""
    end = time.monotonic() + timeout * SCALE
    while time.monotonic() < end:
        ready, _, _ = select.select([fd], [], [], 0.1)
        if ready:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            if not got:
                break
            data += got
        if re.search(pattern, data, re.S):
            return data
    raise AssertionError("no %r in %r" % (pattern, data[-1000:]))


def connect(family, address, timeout=60.0):
    end = time.monotonic() + timeout * SCALE
    while True:
        s = socket.socket(family)
        try:
            s.connect(address)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def ended(process, timeout=60.0):
    try:
        return process.wait(timeout * SCALE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
