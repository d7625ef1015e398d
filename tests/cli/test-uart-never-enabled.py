#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""A program that uses UARTs which it never enabled: what it stores to UARTDR is sent, on all four and however it was
loaded, it receives as well, and -d guest_errors tells once per UART which register hardware wants to be set.
Prints TAP.
"""
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from machine import M, Cases, Files, ended      # noqa: E402  (no bytecode)

MODES = (["-accel", "tcg,ccache=unified"], ["-accel", "tcg,ccache=separate"], ["-accel", "tcg,thread=single"],
         ["-accel", "tcg,backend=interp"])
BASES = (0x10009000, 0x1000a000, 0x1000b000, 0x1000c000)
# 40 characters to each UART, more than a FIFO takes; then the end. `control` is stored to UARTCR first, unless 0.
TALK = [
    0xe3a00201,         # mov   r0, #0x10000000
    0xe3800a09,         # orr   r0, r0, #0x9000
    0xe3a05004,         # mov   r5, #4
    0xe59f6044,         # ldr   r6, control
    0xe3a01041,         # next: mov r1, #'A'
    0xe3a02028,         # mov   r2, #40
    0xe3560000,         # cmp   r6, #0
    0x15806030,         # strne r6, [r0, #0x30]
    0xe5801000,         # more: str r1, [r0]
    0xe2811001,         # add   r1, r1, #1
    0xe2522001,         # subs  r2, r2, #1
    0x1afffffb,         # bne   more
    0xe2800a01,         # add   r0, r0, #0x1000
    0xe2555001,         # subs  r5, r5, #1
    0x1afffff4,         # bne   next
    0xe3a00018,         # mov   r0, #0x18               SYS_EXIT
    0xe59f1008,         # ldr   r1, reason
    0xef123456,         # svc   0x123456
    0xeafffffe,         # b     .
    0x00000000,
    0x00020026,         # reason: ADP_Stopped_ApplicationExit
    0x00000000,
    0x00000000,         # control
]
# Sends back in lower case what UART0 receives; a dot ends it.
LISTEN = [
    0xe3a00201,         # mov   r0, #0x10000000
    0xe3800a09,         # orr   r0, r0, #0x9000
    0xe5902018,         # wait: ldr r2, [r0, #0x18]
    0xe3120010,         # tst   r2, #0x10               receive FIFO empty
    0x1afffffc,         # bne   wait
    0xe5901000,         # ldr   r1, [r0]
    0xe3811020,         # orr   r1, r1, #0x20
    0xe5801000,         # str   r1, [r0]
    0xe351002e,         # cmp   r1, #'.'
    0x1afffff7,         # bne   wait
    0xe3a00018,         # mov   r0, #0x18               SYS_EXIT
    0xe59f1000,         # ldr   r1, reason
    0xef123456,         # svc   0x123456
    0x00020026,         # reason
]
TEXT = bytes(range(ord("A"), ord("A") + 40))


def elf(words, address=0x10000):
    """The smallest executable."""
    code = struct.pack("<%dI" % len(words), *words)
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 40, 1, address, 52, 0, 0x5000200, 52, 32, 1, 0, 0, 0)
    return header + struct.pack("<8I", 1, 84, address, address, len(code), len(code), 7, 4) + code


def ways(files, words):
    image, raw = files.path("prog.elf"), files.path("prog.bin")
    with open(image, "wb") as f:
        f.write(elf(words))
    with open(raw, "wb") as f:
        f.write(struct.pack("<%dI" % len(words), *words))
    return {"raw, -device loader": files.program(words), "ELF, -kernel": ["-kernel", image],
            "ELF, -device loader": ["-device", "loader,file=%s,cpu-num=0" % image],
            "binary, -kernel": ["-kernel", raw]}


def talk(cases, files, mode, control):
    words = list(TALK)
    words[-1] = control
    for way, load in ways(files, words).items():
        name = "%s, %s%s" % (mode[1].split(",")[1], way, ", UARTCR 0x%x" % control if control else "")
        outputs = [files.path("uart%d" % n) for n in range(4)]
        serial = [word for path in outputs for word in ("-serial", "file:" + path)]
        p = subprocess.Popen([*M, *mode, "-display", "none", "-monitor", "none", "-semihosting", "-d", "guest_errors",
                              *serial, *load], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        log = p.stderr.read().decode()
        code = ended(p)
        got = []
        for path in outputs:
            with open(path, "rb") as f:
                got.append(f.read())
        cases.check(code == 0 and got == [TEXT] * 4, "%s: all UARTs send" % name, "exit %s, %s\n%s" % (code, got, log))
        # With -kernel, UART0 is as a boot monitor leaves it: enabled, until the program writes the register.
        silent = 1 if "-kernel" in way and not control else 0
        told = re.findall(r"^(.*transmitter is off.*\(0x([0-9a-f]{8}).*)$", log, re.M)
        cases.check([int(base, 16) for _, base in told] == [base + 0x30 for base in BASES[silent:]] and
                    all("write 0x301 to UARTCR" in line for line, _ in told), "%s: the log tells once each" % name, log)


def listen(cases, files, mode):
    for way, load in ways(files, LISTEN).items():
        name = "%s, %s" % (mode[1].split(",")[1], way)
        p = subprocess.Popen([*M, *mode, "-display", "none", "-monitor", "none", "-semihosting", "-serial", "stdio",
                              *load], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        p.stdin.write(b"HELLO THERE, ALL OF YOU.")
        p.stdin.close()
        got = p.stdout.read()
        cases.check(ended(p) == 0 and got == b"hello there, all of you.", "%s: receives" % name, got)


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        for mode in MODES:
            talk(cases, files, mode, 0)
            talk(cases, files, mode, 1)         # UARTEN alone: TXE is missing
            listen(cases, files, mode)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
