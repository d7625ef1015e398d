#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120 as=check args=--check
"""What memory the emulator takes for an idle Linux, by kind of mapping (/proc/PID/smaps, resident KiB).

    memory.py [EMULATOR...] [--cpus 1,4] [--accel PROPERTIES] [--check]

--check is a test (TAP): libraries that nobody asked for are not loaded, threads have small stacks, and the emulator
takes not much more than it did when the limits were written down.
"""
import argparse
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
import vm                       # noqa: E402  (path set above)

RAM_MIB = 256
STACK_KIB = 8192
TABLES_KIB = 200 << 10          # a CPU's memory tables are a mapping larger than this
KINDS = ("guest RAM", "translated code", "memory tables", "stacks", "heap", "other memory", "program, libraries")
# Resident KiB besides guest RAM and translated code with one CPU, and for each more: 20 and 1.4 MiB when written.
CHECK_KIB, CHECK_KIB_PER_CPU = 30 << 10, 5 << 10
UNWANTED = ("libnbd", "libcapstone", "libSDL2", "libvncserver", "libasound", "libncursesw")


def mappings(pid):
    """(name, rights, KiB, resident KiB) of each."""
    found = []
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$", line)
            if head:
                found.append([head[4], head[3], (int(head[2], 16) - int(head[1], 16)) >> 10, 0])
            elif line.startswith("Rss:"):
                found[-1][3] = int(line.split()[1])
    return found


def kind_of(name, rights, size):
    if name.startswith("[heap"):
        return "heap"
    if name.startswith("[stack") or (not name and size == STACK_KIB):
        return "stacks"
    if name and not name.startswith("[anon"):
        return "program, libraries"
    if "x" in rights:
        return "translated code"
    if size == RAM_MIB << 10:
        return "guest RAM"
    return "memory tables" if size > TABLES_KIB else "other memory"


def look(emulator, cpus, accel):
    """mappings of an emulator whose Linux waits at the shell's prompt."""
    os.environ["PQEMU_TEST_QEMU"] = emulator
    with vm.VM(accel, smp=cpus, mem=RAM_MIB) as machine:
        machine.wait_shell()
        machine.shell("true")
        time.sleep(1)           # whatever was begun has ended, or is not counted
        return mappings(machine.process.pid)


def summary(found):
    total = dict.fromkeys(KINDS, 0)
    for name, rights, size, resident in found:
        total[kind_of(name, rights, size)] += resident
    return total


def check(emulator):
    cases = vm.Cases()
    for cpus in (1, 4):
        found = look(emulator, cpus, "")
        total = summary(found)
        if any("libasan" in row[0] or "libtsan" in row[0] for row in found):
            cases.skip("%d CPUs: memory" % cpus, "a sanitizer takes more")
            continue
        loaded = {u for u in UNWANTED for row in found if u in row[0]}
        cases.check(not loaded, "%d CPUs: no library is loaded that nobody asked for" % cpus, ", ".join(loaded))
        deepest = max(row[3] for row in found if kind_of(*row[:3]) == "stacks")
        cases.check(deepest < 256, "%d CPUs: no thread has more than 256 KiB of stack" % cpus, "%d KiB" % deepest)
        rest = sum(total.values()) - total["guest RAM"] - total["translated code"]
        limit = CHECK_KIB + (cpus - 1) * CHECK_KIB_PER_CPU
        cases.check(rest < limit, "%d CPUs: less than %d MiB besides RAM and code" % (cpus, limit >> 10),
                    "%d KiB: %s" % (rest, total))
    cases.finish()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("emulators", nargs="*", metavar="EMULATOR")
    parser.add_argument("--cpus", default="1,4")
    parser.add_argument("--accel", default="")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    emulators = chosen.emulators or [vm.emulator()]
    if chosen.check:
        check(emulators[0])
    print("| emulator | CPUs | all | " + " | ".join(KINDS) + " |")
    print("| --- " * (len(KINDS) + 3) + "|")
    for emulator in emulators:
        for cpus in map(int, chosen.cpus.split(",")):
            total = summary(look(emulator, cpus, chosen.accel))
            print("| %s | %d | %.1f | %s |" % (os.path.basename(emulator), cpus, sum(total.values()) / 1024,
                                               " | ".join("%.1f" % (total[kind] / 1024) for kind in KINDS)), flush=True)


if __name__ == "__main__":
    main()
