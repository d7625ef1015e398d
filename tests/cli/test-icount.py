#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=200
"""-icount: the same program does the same at every start and in every design, by its clocks and its interrupts. Prints
TAP.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import guest_program            # noqa: E402  (path set above)
import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
DESIGNS = ["ccache=unified", "ccache=separate", "backend=interp", "ccache=unified,one-insn-per-tb=on", "tb-size=1"]
PATIENCE = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
cases = tap.Cases()


def run(arguments, text=""):
    """(exit status, output) of the emulator."""
    done = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none"] + arguments,
                          input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                          universal_newlines=True, check=False)
    return done.returncode, done.stdout.replace("\r", "")


def guest(image, icount, *more, cpus=1, design=DESIGNS[0]):
    return run([*more] + ["-monitor", "none", "-serial", "stdio", "-semihosting", "-kernel", image, "-smp", str(cpus),
                "-accel", "tcg," + design, "-icount", icount])


def test_same(image):
    """Two starts in each design, and all designs together."""
    for cpus in (1, 3):
        first = guest(image, "shift=2", cpus=cpus)
        cases.check(first[0] == 0 and "time" in first[1], "%d CPUs: it runs" % cpus, first)
        for design in DESIGNS:
            again = guest(image, "shift=2", cpus=cpus, design=design)
            cases.check(again == first, "%d CPUs: the same again, %s" % (cpus, design), (first, again))


def test_time(image):
    """Sleep takes the guest's time or none; an instruction's time is 2^shift ns."""
    first = guest(image, "shift=2")
    cases.check(guest(image, "2,sleep=off") == first, "sleep=off changes nothing that the guest sees")
    cases.check(guest(image, "shift=4")[1] != first[1], "another shift makes other times")
    cases.check(guest(image, "auto")[0] == 0, "shift=auto runs")
    cases.check(guest(image, "shift=4,align=on")[0] == 0, "align=on runs")


# How often a clock counts in a millisecond. The cycles are those of CPUs at 400 MHz.
RATES = {"24MHz": 24000, "100Hz": 0.1, "SP804": 1000, "private timer": 100000, "PL031": 0.001, "cycles": 400000}
LOOP = 8000000                  # instructions


def test_clocks(image):
    """Each clock is a function of the instructions, and -rtc says from where the time of day counts."""
    for shift in (0, 2, 7, 10):
        ms = LOOP * 2 ** shift / 1e6
        arguments = ["shift=%d,sleep=off" % shift, "-rtc", "base=2020-01-01T00:00:00,clock=vm"]
        first = [guest(image, *arguments, design=design) for design in (DESIGNS[0], "backend=interp")]
        cases.check(first[0] == first[1] == guest(image, *arguments), "shift=%d: clocks, the same again" % shift, first)
        lines = dict(line.rsplit(" ", 1) for line in first[0][1].splitlines())
        cases.check(lines.pop("it is", None) == "1577836800", "-rtc base= is when the machine starts", first[0])
        cases.check(set(lines) == set(RATES), "shift=%d: all clocks" % shift, first[0])
        for name, count in lines.items():
            # between the two looks are a few instructions more than the loop's
            more = ms * RATES[name] * 100 / LOOP + 1
            cases.check(-1 <= int(count) - ms * RATES[name] <= more, "shift=%d: %s" % (shift, name), count)


def test_monitor():
    status, text = run(["-S", "-monitor", "stdio", "-serial", "none", "-icount", "5"], "info icount\ninfo jit\nquit\n")
    cases.check(status == 0 and text.count("instructions: 0\n") == 2 and "takes 32 ns" in text, "info icount, info jit",
                text)
    text = run(["-S", "-monitor", "stdio", "-serial", "none"], "info icount\nquit\n")[1]
    cases.check("instructions are not counted" in text, "info icount without -icount", text)


def test_refused():
    for arguments, words in (
            (["-icount", "shift=11"], "from 0 to 10"), (["-icount", "sleep=off"], "shift is missing"),
            (["-icount", "shift=1,speed=2"], "unknown property 'speed'"),
            (["-icount", "auto,align=on"], "use one of them"), (["-icount", "auto,sleep=off"], "use one of them"),
            (["-icount", "1,align=on,sleep=off"], "use one of them"),
            (["-icount", "1", "-accel", "tcg,thread=multi"], "thread=single"),
            (["-icount", "1", "-accel", "tcg,exclusive=snapshot"], "exclusive=snapshot is not there"),
            (["-icount", "1", "-accel", "tcg,tier=2"], "tier=1")):
        status, text = run(["-S"] + arguments)
        cases.check(status == 1 and words in text and text.count("\n") == 1, "refused: " + " ".join(arguments), text)


def main():
    images = guest_program.images("cli", "icount.c")
    clocks = images and guest_program.images("cli", "icount-clocks.c")
    if images:
        test_same(images[0])
        test_time(images[0])
        test_clocks(clocks[0])
    else:
        cases.skip("guest programs", "no cross compiler")
    test_monitor()
    test_refused()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
