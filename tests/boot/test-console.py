#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: long timeout=3600 as=flood args=--flood
"""The serial console as a user meets it: line editing, job control, much output, pasted input, the monitor's keys.

With --flood: 10 MB of output and 1 MB of input in every design. The kernel gives a line up after 99,900 interrupts of
100,000 that its handler did not want; the core tile's controller latches levels, so there are some of that kind.
"""
import hashlib
import re
import sys

from vm import VM, Cases, Failure, PROMPT, designs

UART0 = 36      # the interrupt at the core tile's controller


def job_control(vm):
    # ^C before the program has the terminal would hit the shell.
    vm.send("sh -c 'echo sta\"\"rted; sleep 1000'\n")
    vm.expect(r"started")
    vm.send("\x03")
    vm.expect(PROMPT, 20)
    status, text = vm.shell("sleep 1000 & jobs")
    if "sleep 1000" not in text:
        raise Failure("jobs says %r" % text)
    status, _ = vm.shell("kill %1; wait %1; test $? = 143")
    if status:
        raise Failure("the background job did not die of SIGTERM")


def output(vm):
    vm.count_aloud(200000)


def paste(vm, lines=600, limit=60):
    lines = ["%05d %s" % (n, hashlib.md5(b"%d" % n).hexdigest()) for n in range(lines)]
    text = "\n".join(lines) + "\n"
    vm.shell("stty -echo")
    vm.send("echo rea\"\"dy; cat > /tmp/pasted; md5sum /tmp/pasted; stty echo\n")
    vm.expect(r"ready")
    vm.send(text + "\x04")
    got = vm.expect(r"([0-9a-f]{32})  /tmp/pasted", limit).group(1).decode()
    want = hashlib.md5(text.encode()).hexdigest()
    if got != want:
        raise Failure("the pasted text arrived damaged")
    vm.expect(PROMPT, 20)


def without_cause(vm):
    """How many of the UART's interrupts found nothing to do: by the kernel's count and by the controller's."""
    status, text = vm.shell(
        "cat /proc/irq/$(sed -n 's/^ *\\([0-9]*\\):.*uart-pl011.*/\\1/p' /proc/interrupts)/spurious")
    unhandled = re.search(r"^unhandled (\d+)", text, re.M)
    vm.send("\x01c")
    vm.expect(r"\(qemu\) ", 20)
    vm.send("info irq\n")
    counts = vm.expect(r"arm11mp-gic +any +%d +SPI +(\d+) +(\d+)" % UART0, 20)
    vm.expect(r"\(qemu\) ", 20)
    vm.send("\x01c")
    vm.send("\n")
    vm.expect(PROMPT, 20)
    if status or not unhandled:
        raise Failure("no count of the kernel's: %r" % text)
    taken, low, unhandled = int(counts.group(1)), int(counts.group(2)), int(unhandled.group(1))
    print("# %d interrupts, the line was low at %d, the kernel's handler did not want %d" % (taken, low, unhandled))
    # A latched drop takes a rise that was served: half at most can be unwanted, however slow the guest is.
    if not taken or unhandled > low or unhandled > taken // 2:
        raise Failure("%d interrupts, %d with the line low, %d unwanted" % (taken, low, unhandled))


def flood():
    cases = Cases()
    for name, (accel, slow) in designs().items():
        with VM(accel=accel, slow=slow) as vm:
            with cases.case("%s: 10 MB of output" % name, vm) as case:
                vm.wait_shell()
                vm.count_aloud(1500000, pieces=30, limit=120)
            if case.ok:
                with cases.case("%s: 1 MB of input" % name, vm):
                    paste(vm, 27000, limit=300)
                with cases.case("%s: few interrupts without cause" % name, vm):
                    without_cause(vm)
                with cases.case("%s: interrupt lines stay enabled" % name, vm):
                    vm.check_log()
    cases.finish()


def main():
    cases = Cases()
    accel, slow = next(iter(designs().values()))
    with VM(accel=accel, slow=slow) as vm:
        with cases.case("shell on the console", vm) as up:
            vm.wait_shell()
            status, text = vm.shell("echo $((6 * 7))")
            if status or "\n42\n" not in text:
                raise Failure("answer: %r" % text)
        if up.ok:
            for name, check in (("job control", job_control), ("1 MB of output", output), ("pasted text", paste),
                                ("few interrupts without cause", without_cause)):
                with cases.case(name, vm):
                    check(vm)
                    # Still alive?
                    vm.shell("true", 20)
            with cases.case("interrupt lines stay enabled", vm):
                vm.check_log()
        with cases.case("monitor: Ctrl-a c, quit", vm):
            vm.send("\x01c")
            vm.expect(r"\(qemu\) ", 20)
            vm.send("quit\n")
            status = vm.wait_exit(20)
            if status:
                raise Failure("exit status %d" % status)
    with VM(accel=accel, slow=slow) as vm, cases.case("Ctrl-a x ends the emulator", vm):
        vm.expect(r"Linux version")
        vm.send("\x01x")
        status = vm.wait_exit(20)
        if status:
            raise Failure("exit status %d" % status)
    cases.finish()


if __name__ == "__main__":
    flood() if "--flood" in sys.argv[1:] else main()
