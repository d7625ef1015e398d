#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""One, two and three CPUs; little memory; the device tree with everything switched on; taking CPUs away and back."""
import os
import socket
import tempfile

from vm import VM, Cases, Failure


def second_controller(cases, path):
    """UART 3 interrupts only through the board's own controller, which cascades into the core's: received data takes
    that way."""
    lines = ("-serial", "mon:stdio", "-serial", "null", "-serial", "null", "-serial",
             "unix:%s,server=on,wait=off" % path)
    with VM(dtb="dtb_full", args=lines, slow=2) as vm:
        with cases.case("full device tree", vm) as up:
            vm.wait_shell()
            vm.check_log()
        if not up.ok:
            return
        with cases.case("full device tree: UART behind the second interrupt controller", vm), \
                socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30 * vm.scale)
            line.connect(path)
            vm.send("(echo rea\"\"dy; read word; echo got $word; grep uart /proc/interrupts) < /dev/ttyAMA3\n")
            vm.expect(r"ready\n")
            line.sendall(b"ping\n")
            vm.expect(r"got ping\n", 30)
            vm.expect(r"GIC-1 +47 ", 30)
            vm.send("seq 1 2000 > /dev/ttyAMA3; echo all-\"\"out\n")
            got = b""
            while not got.endswith(b"\n2000\r\n"):
                data = line.recv(65536)
                if not data:
                    raise Failure("the line was closed after %d bytes" % len(data))
                got += data
            # The first line is the echo of what was received.
            if got.split() != [b"ping"] + [b"%d" % n for n in range(1, 2001)]:
                raise Failure("damaged output: %r" % got[:200])
            vm.expect(r"all-out\n", 30)
            vm.check_log()


def main():
    cases = Cases()
    for smp in (1, 2, 3):
        with VM(smp=smp, cmd="true", slow=2) as vm, cases.case("-smp %d" % smp, vm):
            vm.wait_userland(cpus=smp)
            vm.check_log()
    with VM(mem=64, cmd="free", slow=2) as vm, cases.case("64 MiB", vm):
        vm.wait_userland()
        total = int(vm.expect(r"Mem: +(\d+) ").group(1))
        if not 48 * 1024 < total < 64 * 1024:
            raise Failure("the guest sees %d KiB" % total)
        vm.check_log()
    with tempfile.TemporaryDirectory() as directory:
        second_controller(cases, os.path.join(directory, "line"))
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
