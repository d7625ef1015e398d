#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""gdb on Linux, from start_kernel() by addresses of System.map: a breakpoint before the MMU is on, kernel memory, a
variable that each CPU writes when it comes up, steps through a spin lock; in the first design the kernel then goes on
to its userland.
"""
import os
import re
import sys
import tempfile

from vm import Cases, VM, designs, expect, is_upstream, kernel_symbols

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import gdb_client               # noqa: E402  (path set above)

CPUS = 4
LOCK_STEPS = 400


def attach(gdb, path):
    answer = "error"
    for _ in range(300):
        answer = gdb.do("target remote " + path)
        if not answer.startswith("error"):
            break
        gdb.do("shell sleep 0.1")
    expect(not answer.startswith("error"), "no connection", answer)


def start(gdb, table):
    gdb.do("hbreak *%#x" % table["start_kernel"])
    gdb.go("continue")
    expect(gdb.value("(unsigned)$pc") == table["start_kernel"], "not at start_kernel", hex(gdb.value("(unsigned)$pc")))
    expect(gdb.value("$sctlr & 1") == 1, "the MMU is off")
    banner = gdb.do("x/s %#x" % table["linux_banner"])
    expect("Linux version 6.1" in banner, "linux_banner is", banner)
    gdb.do("delete")


def step_through_lock(gdb, table):
    """The lock's LDREX, STREX and barrier, up to the return."""
    gdb.do("tbreak *%#x" % table["_raw_spin_lock"])
    gdb.go("continue")
    expect(gdb.value("(unsigned)$pc") == table["_raw_spin_lock"], "not at the lock")
    back, lock = gdb.value("(unsigned)$lr"), gdb.value("(unsigned)$r0")
    before = gdb.value("*(unsigned *)%#x" % lock)
    for _ in range(LOCK_STEPS):
        gdb.go("stepi")
        if gdb.value("(unsigned)$pc") == back:
            break
    expect(gdb.value("(unsigned)$pc") == back, "steps do not lead out of the lock")
    expect(gdb.value("*(unsigned *)%#x" % lock) != before, "the lock was not taken", hex(before))


def watch_cpus(gdb, table):
    """Each CPU writes its own bit."""
    gdb.do("watch *(unsigned *)%#x" % table["__cpu_online_mask"])
    for cpu in range(CPUS):
        record = gdb.go("continue")
        mask = gdb.value("*(unsigned *)%#x" % table["__cpu_online_mask"])
        expect('reason="watchpoint-trigger"' in record and 'thread-id="%d"' % (cpu + 1) in record and
               mask == (2 << cpu) - 1, "CPU %d: mask %#x" % (cpu, mask), record)
    gdb.do("delete")


def debug(accel, slow, table, to_userland):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "gdb")
        with gdb_client.Gdb() as gdb, VM(accel, smp=CPUS, slow=slow, args=("-S", "-gdb", "unix:" + path)) as vm:
            attach(gdb, path)
            start(gdb, table)
            watch_cpus(gdb, table)
            step_through_lock(gdb, table)
            threads = gdb.do("info threads")
            expect(len(re.findall(r"CPU#\d", threads)) == CPUS, "threads", threads)
            gdb.do("detach")
            if to_userland:
                vm.wait_userland(120, CPUS)


def main():
    cases = Cases()
    if is_upstream() or not gdb_client.available():
        cases.skip("gdb", "the emulator is another one" if is_upstream() else "no " + gdb_client.GDB)
        return cases.done()
    table = kernel_symbols()
    for number, (name, (accel, slow)) in enumerate(designs().items()):
        with cases.case("%s: from start_kernel() to %s" % (name, "a lock" if number else "userland")):
            debug(accel, slow, table, number == 0)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
