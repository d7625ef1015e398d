#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=7200 long
"""Long: boots Linux many times in a row in each design; one case per design, with the boot times.

Runs alone too: tests/boot-many.py [--count N] [--design NAME,...]
"""
import argparse
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot"))
from vm import VM, Cases, Failure, designs, is_upstream  # noqa: E402 (needs the path above)


def boot(accel, slow):
    """One boot; returns the seconds it took on the host's clock."""
    with VM(accel=accel, cmd="true", slow=slow) as vm:
        try:
            begin = time.monotonic()
            cpus = vm.wait_userland()
            seconds = time.monotonic() - begin
            if cpus != 4:
                raise Failure("%d CPUs" % cpus)
            vm.expect(r"exit status 0", 20)
            if not is_upstream():
                status = vm.wait_exit(20)
                if status:
                    raise Failure("the emulator's exit status was %d" % status)
            vm.check_log()
        except Failure as error:
            raise Failure("%s; end of the console:\n%s" % (error, "\n".join(vm.text().splitlines()[-30:]))) from None
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50, help="boots per design")
    parser.add_argument("--design", help="one or more of %s; default: all but interp" % ", ".join(designs()))
    options = parser.parse_args()
    cases = Cases()
    for name, (accel, slow) in designs().items():
        if name not in options.design.split(",") if options.design else name == "interp":
            continue
        times = []
        problems = []
        for number in range(options.count):
            try:
                times.append(boot(accel, slow))
            except Failure as error:
                problems.append("boot %d: %s" % (number + 1, error))
        if times:
            print("# %s: %d boots, median %.2f s, longest %.2f s" % (
                name, len(times), statistics.median(times), max(times)))
        cases.report("%s: %d boots in a row" % (name, options.count), "\n".join(problems[:3]) or None)
    cases.finish()


if __name__ == "__main__":
    main()
