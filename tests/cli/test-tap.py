#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""-nic tap,fd=N: an interface that somebody else has made, with and without a header for offloads; what is none is
refused. Prints TAP.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
LIMIT = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
M = [QEMU, "-M", "realview-eb-mpcore", "-display", "none", "-serial", "none"]
TUNSETIFF, TUNSETVNETHDRSZ, TUN, TAP, NO_PI, VNET_HDR = 0x400454ca, 0x400454d8, 1, 2, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, UP, EVERYTHING = 0x8913, 0x8914, 1, 3


def make(flags, header=0):
    """A descriptor of a new interface, and its name; None: the host lets nobody make one."""
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        name = fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"pqtap%d", flags))[:16].rstrip(b"\0")
        if header:
            fcntl.ioctl(fd, TUNSETVNETHDRSZ, struct.pack("i", header))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            now = struct.unpack("16xH22x", fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("16sH22x", name, 0)))[0]
            fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH22x", name, now | UP))
    except OSError:
        return None, None
    return fd, name.decode()


def refused(cases, fd, what):
    run = subprocess.run([*M, "-monitor", "none", "-nic", "tap,fd=%d" % fd], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False,
                         pass_fds=[fd] if os.path.exists("/proc/self/fd/%d" % fd) else [])
    cases.check(run.returncode == 1 and "no open descriptor of an interface" in run.stdout
                and run.stdout.count("\n") == 1, "refused: " + what, run.stdout)


def both_ways(cases, directory, fd, name, what):
    dump = os.path.join(directory, name)
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\x09" + b"\x88\xb5" + bytes(range(1, 101))
    with subprocess.Popen([*M, "-monitor", "stdio", "-nic", "tap,fd=%d,dump=%s,mac=52:54:00:00:00:77" % (fd, dump)],
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[fd]) as run, \
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING)) as wire:
        wire.bind((name, 0))
        wire.settimeout(1)
        seen, end = b"", time.monotonic() + LIMIT
        while not seen.startswith(b"\xff" * 6 + b"\x52\x54\0\0\0\x77\x80\x35") and time.monotonic() < end:
            run.stdin.write(b"announce_self\n")
            run.stdin.flush()
            try:
                seen = wire.recv(4096)
            except TimeoutError:
                pass
        cases.check(seen[6:12] == b"\x52\x54\0\0\0\x77", "%s: the host gets the card's frame as it is" % what, seen)
        got = b""
        while frame not in got and time.monotonic() < end:
            wire.send(frame)
            time.sleep(0.1)
            with open(dump, "rb") as file:
                got = file.read()
        at = got.find(frame)
        cases.check(at >= 16 and struct.unpack("<II", got[at - 8:at]) == (len(frame), len(frame)),
                    "%s: the card gets the host's frame as it is" % what, got[-200:])
        run.stdin.write(b"quit\n")
        run.stdin.flush()
        cases.check(run.wait(LIMIT) == 0, "%s: the emulator ends" % what)


def main():
    cases = tap.Cases()
    for number in 3, 5, 7, 3000:    # the lower ones the emulator uses for things of its own
        refused(cases, number, "number %d, which was not handed over" % number)
    with open(os.devnull, "rb") as file:
        refused(cases, file.fileno(), "a file")
    fd, name = make(TAP | NO_PI)
    if fd is None:
        cases.skip("frames", "the host lets nobody make interfaces")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        both_ways(cases, directory, fd, name, "tap")
        os.close(fd)
        for size in 10, 12:
            fd, name = make(TAP | NO_PI | VNET_HDR, size)
            both_ways(cases, directory, fd, name, "a header of %d bytes" % size)
            os.close(fd)
    fd, name = make(TUN | NO_PI)
    refused(cases, fd, "packets without frames")
    os.close(fd)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
