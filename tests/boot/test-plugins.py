#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=1200
# run-tests: long timeout=3600 as=long args=--long
"""Linux boots while a plugin counts each instruction and access of each CPU; on one CPU all ways to count agree. It
boots on four while plugins in the habit of others', in C and C++, keep books of their own, which have to balance.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from vm import ROOT, VM, Cases, Failure, designs, emulator

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


def check_vectors(out, cpus):
    """tests/plugin/vectors.c: the lines of each CPU have as many instructions as it counted."""
    with open(out + ".sum", encoding="utf-8") as file:
        text = file.read()
    for cpu in range(cpus):
        total, lines = map(int, re.search(r"^cpu %d insns (\d+) lines (\d+)$" % cpu, text, re.M).groups())
        with open("%s.%d.bb" % (out, cpu), encoding="utf-8") as file:
            vectors = file.read().splitlines()
        counted = sum(int(n) for line in vectors for n in re.findall(r":\d+:(\d+) ", line))
        if counted != total or len(vectors) != lines or total < 1000000 or lines < 10:
            raise Failure("CPU %d: %d instructions in %d lines: %s" % (cpu, counted, len(vectors), text))
    if int(re.search(r"blocks (\d+)", text).group(1)) < 2000:
        raise Failure(text)


def check_heat(out, cpus):
    """tests/plugin/heat.cc: each store has its page or device, and samples come when they are due."""
    with open(out, encoding="utf-8") as file:
        text = file.read()
    for cpu in range(cpus):
        said = numbers(text, "cpu %d" % cpu)
        if said["stores"] != said["seen"] or said["unknown"] or said["pages"] < 100 or \
                said["samples"] < said["insns"] // (HEAT_EVERY + 127) or said["insns"] < 1000000:
            raise Failure(text)
    total = int(re.search(r"^insns (\d+)$", text, re.M).group(1))
    if sum(numbers(text, "cpu %d" % cpu)["insns"] for cpu in range(cpus)) != total:
        raise Failure(text)
    if not re.search(r"^device \d uart0 [1-9]", text, re.M):
        raise Failure("no character for the console: " + text)


HEAT_EVERY = 50000
HABITS = (
    # source, compiler and its options, arguments, what is checked
    ("vectors.c", ("gcc", "-DQEMU_PLUGIN_VERSION=1"), "interval=100000", check_vectors),
    ("heat.cc", ("g++", "-std=c++17"), "every=%d" % HEAT_EVERY, check_heat),
)


def compiled(directory, source, compiler):
    """The plugin, made as its README would say."""
    path = os.path.join(directory, source + ".so")
    glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], check=True, stdout=subprocess.PIPE).stdout.decode()
    subprocess.run([*compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-I" + os.path.join(ROOT, "include/qemu"),
                    *glib.split(), "-o", path, os.path.join(ROOT, "tests/plugin", source)], check=True)
    return path


def habits(cases, design, directory):
    accel, slow = designs()[design]
    for source, compiler, arguments, check in HABITS:
        name = "%s, 4 CPUs, %s: " % (design, source)
        if not shutil.which(compiler[0]):
            cases.skip(name + "Linux boots", "there is no " + compiler[0])
            continue
        out = os.path.join(directory, source)
        plugin = "%s,out=%s,%s" % (compiled(directory, source, compiler), out, arguments)
        with VM(accel=accel, cmd="true", slow=slow * 4, args=["-plugin", plugin]) as vm, \
                cases.case(name + "Linux boots, and its books balance", vm):
            vm.wait_userland(120, 4)
            vm.check_log()
            if vm.wait_exit(60):
                raise Failure("the emulator failed")
            check(out, 4)


def main():
    cases = Cases()
    if not os.path.exists(PROBE):
        cases.skip("Linux with a plugin", "built without plugins")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        for design in designs() if "--long" in sys.argv else ["unified"]:
            for cpus in (1, 4):
                boot(cases, design, cpus, directory)
            habits(cases, design, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
