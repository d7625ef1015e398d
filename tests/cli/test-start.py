#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""Where every CPU starts and with what registers: -kernel with an ELF file, a raw image, uImages; -device loader;
-machine secondary=. Then a bare-metal program in which all CPUs come by its entry point and sort themselves by CP15, as
such programs do, with data of either byte order. Prints TAP. With --oracle Debian's qemu-system-arm
is asked instead, but for our own property.
"""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
UPSTREAM = os.environ.get("PQEMU_TEST_UPSTREAM", "/usr/bin/qemu-system-arm")
CROSS = os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-")
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
PATIENCE = 60 * SCALE
CODE = 0x20000
LOOP = struct.pack("<I", 0xeafffffe)            # b .
PEN = 0xe0000000
BE8 = ["-mbig-endian", "-Wl,--be8"]
MODES = ["ccache=unified", "ccache=separate", "thread=single", "backend=interp"]

# Every CPU adds its start registers and stack pointer into one word, must find 0, and checks that the MMU is off and
# the mode right; CPU 0 waits for the others in memory that all share, without interrupts, and ends with 0 if all is
# well.
PROGRAM = """
    .arch armv6k
    .text
    .global _start
_start:
    orr     r0, r0, r1
    orr     r0, r0, r2
    orr     r0, r0, r3
    orr     r0, r0, r4
    orr     r0, r0, r5
    orr     r0, r0, r6
    orr     r0, r0, r7
    orr     r0, r0, r8
    orr     r0, r0, r9
    orr     r0, r0, r10
    orr     r0, r0, r11
    orr     r0, r0, r12
    orr     r0, r0, sp
    orr     r0, r0, lr
    mrc     p15, 0, r1, c1, c0, 0
    and     r1, r1, #5
    orr     r0, r0, r1
    mrs     r1, cpsr
    and     r1, r1, #0xff
    eor     r1, r1, #0xd3
    orr     r0, r0, r1
    mrc     p15, 0, r4, c0, c0, 5
    and     r4, r4, #3
    ldr     r5, =seen
    str     r0, [r5, r4, lsl #3]
    mov     r1, #1
    add     r6, r5, #4
    str     r1, [r6, r4, lsl #3]
    cmp     r4, #0
    bne     .
    mov     r3, #CPUS
    mov     r7, #0
1:  sub     r3, r3, #1
2:  ldr     r1, [r6, r3, lsl #3]
    cmp     r1, #0
    beq     2b
    ldr     r1, [r5, r3, lsl #3]
    orr     r7, r7, r1
    cmp     r3, #0
    bne     1b
    mov     r0, #0x18
    ldr     r1, =0x20026
    cmp     r7, #0
    addne   r1, r1, #1
    svc     #0x123456
    b       .
    .ltorg
    .bss
    .align  3
seen:
    .space  32
"""


def elf(segments, entry, order="<", flags=0x5000000):
    """segments: (physical address, contents, size in memory). order: of the numbers, "<" or ">"."""
    offset = 52 + 32 * len(segments)
    headers = body = b""
    for address, contents, size in segments:
        headers += struct.pack(order + "8I", 1, offset + len(body), address, address, len(contents), size, 7, 4)
        body += contents
    return (b"\x7fELF\1" + (b"\1" if order == "<" else b"\2") + b"\1" + bytes(9) +
            struct.pack(order + "HHIIIIIHHHHHH", 2, 40, 1, entry, 52, 0, flags, 52, 32, len(segments), 0, 0, 0) +
            headers + body)


def uimage(contents, system):
    def header(checksum):
        return struct.pack(">7I4B32s", 0x27051956, checksum, 0, len(contents), CODE, CODE, zlib.crc32(contents), system,
                           2, 2, 0, b"test")
    return header(zlib.crc32(header(0))) + contents


def start_registers(emulator, machine, args):
    """[(r0 or r1 or r2 or any other but the program counter, program counter)] of a machine that has not run yet."""
    argv = [emulator, "-M", "realview-eb-mpcore" + machine, "-m", "64", "-smp", "3", "-display", "none", "-serial",
            "null", "-monitor", "stdio", "-S", *args]
    result = subprocess.run(argv, input="info registers -a\nquit\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, "QEMU_AUDIO_DRV": "none"}, timeout=PATIENCE, universal_newlines=True,
                            check=False)
    cpus = []
    for text in re.split(r"CPU#\d", result.stdout)[1:]:
        registers = {int(n): int(v, 16) for n, v in re.findall(r"\bR(\d\d)=([0-9a-f]{8})", text)}
        cpus.append(([registers.get(n) for n in range(3)], any(registers.get(n) for n in range(3, 15)),
                     registers.get(15)))
    return cpus, "%s\n%s" % (" ".join(argv), result.stdout)


def check_start(cases, emulator, name, args, want, machine=""):
    """want: for each CPU its program counter, or that and r0-r2."""
    cpus, details = start_registers(emulator, machine, args)
    good = len(cpus) == len(want)
    for (first, others, pc), wanted in zip(cpus, want):
        want_pc, want_first = wanted if isinstance(wanted, tuple) else (wanted, [0, 0, 0])
        good = good and pc == want_pc and first == want_first and not others
    cases.check(good, name, details)


def starts(cases, emulator, directory, oracle):
    def file(name, contents):
        path = os.path.join(directory, name)
        with open(path, "wb") as out:
            out.write(contents)
        return path

    raw = file("raw", LOOP)
    program = file("program.elf", elf([(CODE, LOOP, 4)], CODE))
    linux = file("linux.uimage", uimage(LOOP, 5))
    other = file("other.uimage", uimage(LOOP, 2))
    loader = ["-device", "loader,file=%s" % program]

    check_start(cases, emulator, "an ELF kernel starts all CPUs at its entry point", ["-kernel", program], [CODE] * 3)
    check_start(cases, emulator, "so does a uImage that is not Linux", ["-kernel", other], [CODE] * 3)
    check_start(cases, emulator, "-device loader of an ELF file alone: all CPUs start at 0", loader, [0] * 3)
    check_start(cases, emulator, "with cpu-num that CPU starts at its entry point",
                [loader[0], loader[1] + ",cpu-num=1"], [0, CODE, 0])
    check_start(cases, emulator, "an address for a CPU", ["-device", "loader,addr=0x30000,cpu-num=2"], [0, 0, 0x30000])
    check_start(cases, emulator, "a raw file for a CPU",
                ["-device", "loader,file=%s,addr=0x30000,cpu-num=0" % raw], [0x30000, 0, 0])
    check_start(cases, emulator, "-device loader has the last word beside -kernel",
                ["-kernel", program, "-device", "loader,addr=0x30000,cpu-num=2"], [CODE, CODE, 0x30000])
    if oracle:
        return
    big = file("big.elf", elf([(CODE, LOOP, 4)], CODE, ">", 0x5800000))
    check_start(cases, emulator, "-device loader of a BE-8 file",
                ["-device", "loader,file=%s,cpu-num=1" % big], [0, CODE, 0])
    older = file("older.elf", elf([(CODE, LOOP, 4)], CODE, ">"))
    result = subprocess.run([emulator, "-M", "realview-eb-mpcore", "-display", "none", "-kernel", older], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=PATIENCE)
    cases.check(result.returncode == 1 and result.stdout.count("\n") == 1 and "link it with --be8" in result.stdout,
                "big-endian code is refused in a line", result.stdout)
    check_start(cases, emulator, "a raw kernel is Linux: the others wait in the pen", ["-kernel", raw], [0, PEN, PEN])
    check_start(cases, emulator, "so is a uImage that says so", ["-kernel", linux], [0, PEN, PEN])
    check_start(cases, emulator, "a device tree for an ELF kernel: the first CPU alone is told",
                ["-kernel", program, "-dtb", "builtin"], [(CODE, [0, 0x33b, 0x2000000]), CODE, CODE])
    check_start(cases, emulator, "secondary=pen with an ELF kernel", ["-kernel", program], [CODE, PEN, PEN],
                ",secondary=pen")
    check_start(cases, emulator, "secondary=entry with a raw kernel", ["-kernel", raw], [0] * 3, ",secondary=entry")
    check_start(cases, emulator, "secondary=pen with -device loader alone",
                ["-device", "loader,file=%s,cpu-num=0" % program], [CODE, PEN, PEN], ",secondary=pen")
    check_start(cases, emulator, "secondary=pen: -device loader has the last word",
                ["-kernel", program, "-device", "loader,addr=0x30000,cpu-num=1"], [CODE, 0x30000, PEN],
                ",secondary=pen")


def bare_metal(cases, emulator, directory, oracle):
    source = os.path.join(directory, "program.S")
    with open(source, "w", encoding="utf-8") as out:
        out.write(PROGRAM)
    for cpus, order in [(1, "little"), (2, "little"), (4, "little"), (1, "big"), (4, "big")]:
        image = os.path.join(directory, "bare%d-%s.elf" % (cpus, order))
        subprocess.run([CROSS + "gcc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-Ttext=0x20000",
                        "-DCPUS=%d" % cpus, *(BE8 if order == "big" else []), "-o", image, source], check=True)
        for mode in [None] if oracle else MODES:
            argv = [emulator, "-M", "realview-eb-mpcore", "-m", "64", "-smp", str(cpus), "-display", "none", "-monitor",
                    "none", "-serial", "null", "-semihosting", "-kernel", image]
            argv += ["-accel", "tcg," + mode] if mode else []
            try:
                status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE,
                                        stderr=subprocess.STDOUT, env={**os.environ, "QEMU_AUDIO_DRV": "none"},
                                        check=False).returncode
            except subprocess.TimeoutExpired:
                status = None
            cases.check(status == 0, "all CPUs come by the entry point as at reset: %d, %s-endian data, %s" %
                        (cpus, order, mode),
                        "exit status %s: %s" % (status, " ".join(argv)))


def main():
    parser = argparse.ArgumentParser(description="Where CPUs start.")
    parser.add_argument("--oracle", action="store_true", help="ask Debian's qemu-system-arm (PQEMU_TEST_UPSTREAM)")
    oracle = parser.parse_args().oracle
    emulator = UPSTREAM if oracle else QEMU
    cases = tap.Cases()
    with tempfile.TemporaryDirectory() as directory:
        starts(cases, emulator, directory, oracle)
        if shutil.which(CROSS + "gcc"):
            bare_metal(cases, emulator, directory, oracle)
        else:
            cases.skip("bare-metal programs", "no cross compiler")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
