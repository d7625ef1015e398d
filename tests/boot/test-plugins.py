#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: long timeout=3600 as=long args=--long
"""Linux boots while a plugin counts each instruction and access of each CPU; on one CPU all ways to count agree."""
import os
import re
import sys
import tempfile

from vm import VM, Cases, Failure, designs, emulator

PROBE = os.path.join(os.path.dirname(emulator()), "tests/plugin/libprobe.so")


def numbers(text, line):
    found = re.search("^%s (.*)$" % line, text, re.M).group(1).split()
    return {name: int(n) for name, n in zip(found[::2], found[1::2])}


def boot(cases, design, cpus, directory):
    accel, slow = designs()[design]
    out = os.path.join(directory, "out")
    name = "%s, %d CPUs: " % (design, cpus)
    with VM(accel=accel, smp=cpus, cmd="true", slow=slow * 4, args=["-plugin", "%s,out=%s" % (PROBE, out)]) as vm, \
            cases.case(name + "Linux boots with a plugin", vm):
        vm.wait_userland(120, cpus)
        vm.check_log()
        if vm.wait_exit(60):
            raise Failure("the emulator failed")
        with open(out, encoding="utf-8") as file:
            text = file.read()
        cpu = [numbers(text, "cpu %d" % i) for i in range(cpus)]
        if sum(c["insns"] for c in cpu) < 20000000 or not all(c["insns"] and c["loads"] and c["stores"] for c in cpu):
            raise Failure("too little was counted: " + text)
        inline = numbers(text, "inline")
        if cpus == 1 and any(inline[what] != cpu[0][what] for what in ("blocks", "insns", "loads", "stores")):
            raise Failure("inline counters and functions differ: " + text)


def main():
    cases = Cases()
    if not os.path.exists(PROBE):
        cases.skip("Linux with a plugin", "built without plugins")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        for design in designs() if "--long" in sys.argv else ["unified"]:
            for cpus in (1, 4):
                boot(cases, design, cpus, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
