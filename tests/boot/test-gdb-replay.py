#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
# run-tests: long timeout=3600 as=long args=--long
"""gdb goes back over a recording of Linux on four CPUs that ran side by side: from its last processes to the ones
before, to who brought each CPU up, and instruction by instruction out of a spin lock. What it saw on the way there it
sees again on the way back. --long: more of each, and CPUs that ran one after the other as well. Prints TAP.
"""
import os
import re
import sys
import tempfile

from vm import Cases, VM, expect, is_upstream, kernel_symbols

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import gdb_client               # noqa: E402  (path set above)

LONG = "--long" in sys.argv
CPUS = 4
STOPS, STEPS = (8, 40) if LONG else (3, 3)


def icount(mode, path):
    return ("-icount", "shift=2,rr=%s,rrfile=%s" % (mode, path))


def record(accel, path):
    with VM(accel, cmd="ls /", smp=CPUS, args=icount("record", path)) as vm:
        expect(vm.wait_exit(300) == 0, "the recording does not end well", vm.text()[-2000:])


class Replay:
    """A replay with gdb at its beginning."""

    def __init__(self, path, directory):
        name = os.path.join(directory, "gdb")
        if os.path.exists(name):
            os.remove(name)
        self.vm = VM("", cmd="ls /", smp=CPUS, args=("-S", "-gdb", "unix:" + name, *icount("replay", path)))
        self.gdb = gdb_client.Gdb()
        self.gdb.do("set remotetimeout %d" % gdb_client.PATIENCE)
        answer = "error"
        while answer.startswith("error") and self.vm.process.poll() is None:
            self.gdb.do("shell sleep 0.1")
            answer = self.gdb.do("target remote " + name)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.gdb.__exit__()
        self.vm.kill()

    def place(self):
        return int(re.search(r"instruction count = (\d+)", self.gdb.do("monitor info replay")).group(1))

    def look(self):
        return self.place(), self.gdb.value("$_thread"), self.gdb.do("info registers")

    def go(self, order, reason):
        said = self.gdb.go(order)
        expect(reason in said, order, said)


def processes(m, table):
    """The same stops, in the other order."""
    m.gdb.do("break *%#x" % table["wake_up_new_task"])
    m.gdb.do("ignore $bpnum 60")
    forward, back = [], []
    for _ in range(STOPS):
        m.go("continue", "breakpoint-hit")
        forward.append(m.look())
    for _ in range(STOPS - 1):
        m.go("reverse-continue", "breakpoint-hit")
        back.append(m.look())
    expect(back == forward[-2::-1], "other stops on the way back", ([f[:2] for f in forward], [b[:2] for b in back]))
    m.gdb.do("delete")


def steps(m, table):
    """Through a lock and back, an instruction at a time."""
    m.gdb.do("tbreak *%#x" % table["_raw_spin_lock"])
    m.go("continue", "breakpoint-hit")
    forward, back = [], []
    for _ in range(STEPS):
        forward.append(m.look())
        m.gdb.go("stepi")
    for _ in range(STEPS):
        m.gdb.go("reverse-stepi")
        back.append(m.look())
    expect([b[1:] for b in back] == [f[1:] for f in forward[::-1]], "other registers on the way back",
           [(f[0], b[0]) for f, b in zip(forward, back[::-1])])


def who_wrote(m, table):
    """Backwards gdb stops before the store: of CPU 3, 2, 1, as each came up."""
    mask = "*(unsigned *)%#x" % table["__cpu_online_mask"]
    expect(m.gdb.value(mask) == 15, "not all CPUs are up", m.gdb.value(mask))
    m.gdb.do("watch " + mask)
    found = []
    for _ in range(CPUS - 1):
        m.go("reverse-continue", "watchpoint-trigger")
        found.append((m.gdb.value(mask), m.gdb.value("$_thread")))
    expect(found == [(7, 4), (3, 3), (1, 2)], "who set the bits of the CPUs", found)
    m.gdb.do("delete")


def beginning(m):
    m.gdb.do("delete")
    m.gdb.go("reverse-continue")
    expect("No more reverse-execution history" in "".join(m.gdb.log[-20:]) and m.place() == 0, "not at the beginning",
           (m.gdb.log[-20:], m.place()))


def main():
    cases = Cases()
    if is_upstream() or not gdb_client.available():
        cases.skip("gdb", "the emulator is another one" if is_upstream() else "no " + gdb_client.GDB)
        return cases.done()
    table = kernel_symbols()
    with tempfile.TemporaryDirectory() as directory:
        for accel in ("thread=multi", "thread=single") if LONG else ("thread=multi",):
            path = os.path.join(directory, "rr")
            with cases.case(accel + ": Linux starts, lists a folder and ends, recorded") as up:
                record(accel, path)
            if not up.ok:
                continue
            with Replay(path, directory) as m:
                with cases.case(accel + ": reverse-continue, from process to process", m.vm):
                    processes(m, table)
                with cases.case(accel + ": reverse-stepi, out of a lock", m.vm):
                    steps(m, table)
                with cases.case(accel + ": reverse-continue, who wrote a variable", m.vm):
                    who_wrote(m, table)
                with cases.case(accel + ": reverse-continue, to the beginning", m.vm):
                    beginning(m)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
