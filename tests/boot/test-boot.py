#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=1200
"""Linux boots to userland on four CPUs in every design, its random numbers are ready, its log is clean, and reboot -f
under -no-reboot ends the emulator with status 0."""
import re

from vm import VM, Cases, Failure, designs, is_upstream


def boot(cases, name, accel, slow):
    with VM(accel=accel, cmd="cat /proc/interrupts", slow=slow) as vm:
        with cases.case(name + ": userland on 4 CPUs", vm) as up:
            vm.wait_userland(60, cpus=4)
        with cases.case(name + ": a program from the kernel command line runs", vm):
            if not up.ok:
                raise Failure("no userland")
            vm.expect(r"IPI0:", 20)
            vm.expect(r"exit status 0", 20)
        with cases.case(name + ": the device tree's seed makes random numbers ready at once", vm):
            if not re.search(r"\[ +0\.0+\] random: crng init done", vm.text()):
                raise Failure("no such message in the kernel's log")
        with cases.case(name + ": kernel log is clean", vm):
            if not up.ok:
                raise Failure("no userland")
            vm.check_log()
        if is_upstream():
            cases.skip(name + ": reboot -f ends the emulator", "upstream has no reset register")
            return
        with cases.case(name + ": reboot -f ends the emulator", vm):
            if not up.ok:
                raise Failure("no userland")
            status = vm.wait_exit(20)
            if status != 0:
                raise Failure("exit status %d" % status)


def main():
    cases = Cases()
    for name, (accel, slow) in designs().items():
        boot(cases, name, accel, slow)
    cases.finish()


if __name__ == "__main__":
    main()
