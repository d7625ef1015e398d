#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""One, two and three CPUs; little memory; the device tree with everything switched on; taking CPUs away and back."""
from vm import VM, Cases, Failure


def main():
    cases = Cases()
    for smp in (1, 2, 3):
        with VM(smp=smp, cmd="true", slow=2) as vm, cases.case("-smp %d" % smp, vm):
            cpus = vm.wait_userland()
            if cpus != smp:
                raise Failure("%d CPUs" % cpus)
            vm.check_log()
    with VM(mem=64, cmd="free", slow=2) as vm, cases.case("64 MiB", vm):
        vm.wait_userland()
        total = int(vm.expect(r"Mem: +(\d+) ").group(1))
        if not 48 * 1024 < total < 64 * 1024:
            raise Failure("the guest sees %d KiB" % total)
        vm.check_log()
    with VM(dtb="dtb_full", slow=2) as vm:
        with cases.case("full device tree", vm):
            vm.wait_shell()
            vm.check_log()
        with cases.case("full device tree: devices behind the second interrupt controller", vm):
            status, _ = vm.shell("test -c /dev/ttyAMA3 && test -d /sys/class/graphics/fb0 && test -d /sys/class/net/eth0")
            if status:
                raise Failure("a UART, the frame buffer or the network card is missing")
    with VM(slow=2) as vm, cases.case("CPUs go off line and come back", vm):
        vm.wait_shell()
        for cpu in (1, 2, 3):
            for state in (0, 1):
                status, text = vm.shell("echo %d > /sys/devices/system/cpu/cpu%d/online" % (state, cpu))
                if status:
                    raise Failure("cpu%d: %s" % (cpu, text))
        _, text = vm.shell("nproc")
        if "\n4\n" not in text:
            raise Failure("nproc says %r" % text)
        vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
