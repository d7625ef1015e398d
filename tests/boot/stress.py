#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stress-ng, hackbench and 10 MB of console output in one guest per design, which must stay healthy.

The long test tests/linux/judge.py does this as a part of its work; by hand: tests/boot/stress.py [--seconds N]
[--design NAME,...]
"""
import argparse

from vm import VM, Cases, Failure, designs

# Each is one case; all verify their results where stress-ng can. One mutex instance only: its threads have real-time
# priority, and those of one instance can keep another from ever starting, which stress-ng calls a failure.
STRESSORS = (
    "cpu 4", "matrix 4", "atomic 4", "futex 4", "fork 4", "vm 2 --vm-bytes 16M", "mmap 2 --mmap-bytes 8M", "switch 4",
    "pipe 4", "sock 2", "epoll 2", "eventfd 2", "timer 2", "timerfd 2", "sem 2", "sem-sysv 2", "msg 2", "mq 2",
    "shm 2 --shm-bytes 4M", "poll 2", "fault 4", "signal 4", "sigsegv 2", "pthread 4", "clone 2", "memcpy 2",
    "qsort 2", "str 2", "inotify 2", "get 2", "clock 2", "nanosleep 2", "mutex 1 --mutex-procs 4",
    "membarrier 2", "yield 4", "tsearch 2", "icache 2",
)


def run(cases, name, accel, slow, seconds, stressors=STRESSORS, whole=True):
    """One guest in one design; whole: hackbench and the console, too."""
    with VM(accel=accel, initrd="stress", slow=slow) as vm:
        with cases.case(name + ": boot", vm) as up:
            vm.wait_shell()
        if not up.ok:
            return
        for stressor in stressors:
            with cases.case("%s: stress-ng --%s" % (name, stressor), vm):
                command = "stress-ng --%s -t %d --verify --temp-path /tmp" % (stressor, seconds)
                status, text = vm.shell(command, 120 + 5 * seconds)
                if status:
                    raise Failure("exit status %d: %s" % (status, text[-600:]))
                vm.check_log()
        for options in ("-g 4 -l 200", "-g 4 -l 200 -T", "-g 2 -l 500 -p") if whole else ():
            with cases.case("%s: hackbench %s" % (name, options), vm):
                status, text = vm.shell("hackbench " + options, 300)
                if status or "Time:" not in text:
                    raise Failure("exit status %d: %s" % (status, text[-600:]))
        if whole:
            with cases.case(name + ": 10 MB of console output", vm):
                vm.count_aloud(1430000, pieces=100)
        with cases.case(name + ": still healthy", vm):
            vm.shell("dmesg", 60)
            vm.check_log()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5, help="for each stressor")
    parser.add_argument("--design", help="one or more of %s; default: all with threads" % ", ".join(designs()))
    options = parser.parse_args()
    cases = Cases()
    for name, (accel, slow) in designs().items():
        if name in options.design.split(",") if options.design else name not in ("single", "interp"):
            run(cases, name, accel, slow, options.seconds)
    cases.finish()


if __name__ == "__main__":
    main()
