#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""The serial console as a user meets it: line editing, job control, much output, pasted input, the monitor's keys."""
import hashlib

from vm import VM, Cases, Failure, PROMPT, designs


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


def paste(vm):
    lines = ["%04d %s" % (n, hashlib.md5(b"%d" % n).hexdigest()) for n in range(600)]
    text = "\n".join(lines) + "\n"
    vm.shell("stty -echo")
    vm.send("echo rea\"\"dy; cat > /tmp/pasted; md5sum /tmp/pasted; stty echo\n")
    vm.expect(r"ready")
    vm.send(text + "\x04")
    got = vm.expect(r"([0-9a-f]{32})  /tmp/pasted", 60).group(1).decode()
    want = hashlib.md5(text.encode()).hexdigest()
    if got != want:
        raise Failure("the pasted text arrived damaged")
    vm.expect(PROMPT, 20)


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
            for name, check in (("job control", job_control), ("1 MB of output", output), ("pasted text", paste)):
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
    main()
