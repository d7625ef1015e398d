#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=400 long
"""Random machine code on the bare board, privileged, in every design: the emulator must neither die nor hang. Prints
TAP.

Memory is full of random instructions that lean towards real encodings; registers hold addresses of devices, of the
ends of RAM and of the address space. Once its monitor answers and a few seconds have passed, the emulator is told to
end: it must do so at once and with status 0. A failure names its seed: --seed N --count 1 repeats it. Worth most with
an emulator built with sanitizers.
"""
import argparse
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RAM_MIB = 16
CODE, CODE_BYTES = 0x8000, 64 << 10
DESIGNS = ["ccache=unified", "ccache=separate,tb-size=1", "thread=single", "backend=interp"]
ADDRESSES = [0, 0x1000, 0x8000, 0xffffff0, (RAM_MIB << 20) - 4, (RAM_MIB << 20) - 2, RAM_MIB << 20, 0x10000000,
             0x1000005c, 0x10006000, 0x10009000, 0x10011000, 0x10012000, 0x10100000, 0x10100100, 0x10100600, 0x10101000,
             0x10101080, 0x10102000, 0x10110000, 0x10017000, 0x10002000, 0x10020000, 0x10030000, 0x10030110, 0x4e000000,
             0x40000000, 0xe0000800, 0xe0000ffc, 0xfffffffc, 0xfffffff8, 0xffffffff, 0x7ffffffe]
# Fixed bits of encodings worth meeting often; the other bits are random.
A32 = [(0x0fe00000, 0x04800000), (0x0e000000, 0x04000000), (0x0e000000, 0x08000000), (0x0e000000, 0x00000000),
       (0x0e000000, 0x02000000), (0x0e0000f0, 0x000000b0), (0x0e0000f0, 0x000000d0), (0x0ff00fff, 0x01900f9f),
       (0x0ff00ff0, 0x01800f90), (0x0ff00ff0, 0x01a00f90), (0x0fb00ff0, 0x01000090), (0x0f000f10, 0x0e000f10),
       (0x0e000e00, 0x0c000a00), (0x0f000e10, 0x0e000a00), (0x0f000e10, 0x0e000a10), (0x0f000000, 0x0a000000),
       (0x0ffffff0, 0x012fff10), (0x0fb0f000, 0x0320f000), (0x0fb0fff0, 0x0120f000), (0x0f000010, 0x06000010)]
UNCONDITIONAL = [(0xfffffe00, 0xf1080000), (0xfe5fffe0, 0xf84d0500), (0xfe50ffff, 0xf8100a00), (0xffffffff, 0xf57ff01f),
                 (0xfe000000, 0xfa000000)]


def instruction(rng):
    kind = rng.random()
    if kind < 0.05:
        return rng.getrandbits(32)
    if kind < 0.08:
        mask, value = rng.choice(UNCONDITIONAL)
        return rng.getrandbits(32) & ~mask & 0xffffffff | value
    mask, value = rng.choice(A32)
    word = rng.getrandbits(28) & ~mask | value
    if value == 0x0a000000:
        word = 0x0a000000 | rng.randrange(-64, 64) & 0xffffff
    return word | (0xe0000000 if rng.random() < 0.8 else rng.randrange(14) << 28)


def image(seed):
    """An ELF file: vectors, registers, random code."""
    rng = random.Random(seed)
    vectors = [0xea000000 | (((CODE + rng.randrange(CODE_BYTES) & ~3) - 8 - 4 * n) >> 2) & 0xffffff for n in range(8)]
    start = []
    for reg in range(15):
        value = rng.choice(ADDRESSES) if rng.random() < 0.7 else rng.getrandbits(32)
        start += [0xe59f0000 | reg << 12, 0xea000000, value]        # ldr reg, [pc]; b over the word
    start.append(0xeee80a10)                                        # fmxr fpexc, r0: perhaps VFP
    code = start + [instruction(rng) for _ in range(CODE_BYTES // 4 - len(start))]
    thumb = [rng.getrandbits(16) for _ in range(2048)]
    data = struct.pack("<%dI" % len(code), *code) + struct.pack("<2048H", *thumb)
    low = struct.pack("<8I", *vectors)
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1" + bytes(9), 2, 40, 1, CODE, 52, 0, 0x5000000, 52, 32, 2,
                         0, 0, 0)
    at = 52 + 64
    segments = struct.pack("<8I", 1, at, 0, 0, len(low), len(low), 7, 4)
    segments += struct.pack("<8I", 1, at + len(low), CODE, CODE, len(data), len(data), 7, 4)
    return header + segments + low + data


def monitor_answers(path, process, seconds):
    """Wait for the monitor's prompt: the emulator is up then and its main loop runs. False: it ended before."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > end:
            raise TimeoutError
        with socket.socket(socket.AF_UNIX) as monitor:
            try:
                monitor.settimeout(max(0.1, end - time.monotonic()))
                monitor.connect(path)
                text = b""
                while b"(qemu)" not in text:
                    part = monitor.recv(4096)
                    if not part:
                        break
                    text += part
                else:
                    return True
            except (FileNotFoundError, ConnectionError):
                pass
        time.sleep(0.02)
    return False


def end_of(process, monitor, seconds, patience):
    """The status of an emulator that ran for some seconds and was then told to end, if it had not ended by itself."""
    try:
        up = monitor_answers(monitor, process, patience)
    except (TimeoutError, socket.timeout):
        return None, "the monitor does not answer"
    try:
        return process.wait(seconds if up else patience), None
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(patience), None
    except subprocess.TimeoutExpired:
        return None, "does not end when asked to"


def run(qemu, path, cpus, accel, seconds):
    """None, or what was wrong."""
    patience = 20 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryDirectory() as directory:
        monitor = os.path.join(directory, "monitor")
        argv = [qemu, "-M", "realview-eb-mpcore", "-smp", str(cpus), "-m", str(RAM_MIB), "-display", "none",
                "-monitor", "unix:%s,server=on,wait=off" % monitor, "-serial", "null", "-no-reboot", "-kernel", path,
                "-accel", "tcg," + accel]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            status, problem = end_of(process, monitor, seconds, patience)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        out.seek(0)
        text = out.read(20000).decode("utf-8", "replace")
        if not problem and (status != 0 or "ERROR" in text or "runtime error" in text):
            problem = "exit status %s: %s" % (status, text[:1500])
    return problem


def main():
    parser = argparse.ArgumentParser(description="Random code on the bare board.")
    parser.add_argument("--qemu", default=os.environ.get("PQEMU_TEST_QEMU",
                                                         os.path.join(ROOT, "build/qemu-system-arm")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=12, help="images; each runs in every design")
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    cases = tap.Cases()
    for seed in range(options.seed, options.seed + options.count):
        with tempfile.NamedTemporaryFile(suffix=".elf") as file:
            file.write(image(seed))
            file.flush()
            for design in DESIGNS:
                cpus = 1 + seed % 4
                problem = run(options.qemu, file.name, cpus, design, options.seconds)
                cases.check(problem is None, "seed %d, %s, %d CPUs" % (seed, design, cpus), problem)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
