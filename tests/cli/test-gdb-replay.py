#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=400
"""gdb while CPUs are recorded, one after the other and side by side: what it stops and steps is replayed as ever. Then
gdb over a recording of CPUs side by side: what it sees on its way forward it sees again on its way back. Prints TAP.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import gdb_client               # noqa: E402  (beside this file)
import guest_program            # noqa: E402  (path set above)
import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 120 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
CPUS = 3
STOPS, STEPS = 8, 40
cases = tap.Cases()


def argv(image, accel, mode, path, options=()):
    return [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-monitor", "none", "-semihosting",
            "-kernel", image, "-smp", str(CPUS), "-serial", "stdio", "-accel", "tcg," + accel,
            "-icount", "shift=3,rr=%s,rrfile=%s" % (mode, path), *options]


class Machine:
    """One that gdb waits for; leaving it ends both. `said`: what the guest printed until it ended."""

    def __init__(self, image, accel, mode, path, directory):
        self.image, self.name = image, os.path.join(directory, "gdb")
        if os.path.exists(self.name):
            os.remove(self.name)
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(argv(image, accel, mode, path, ["-S", "-gdb", "unix:" + self.name]),
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)

    def __enter__(self):
        while not os.path.exists(self.name) and self.process.poll() is None:
            time.sleep(0.02)
        self.gdb = gdb_client.Gdb(self.image)
        self.gdb.do("set remotetimeout %d" % PATIENCE)
        self.gdb.do("target remote " + self.name)
        return self

    def __exit__(self, *unused):
        self.gdb.__exit__()
        self.process.kill()
        self.process.wait()
        self.output.close()

    def wait(self):
        status = self.process.wait(PATIENCE)
        self.output.seek(0)
        return status, self.output.read().replace("\r", "")

    def place(self):
        return int(re.search(r"instruction count = (\d+)", self.gdb.do("monitor info replay")).group(1))

    def thread(self):
        return self.gdb.value("$_thread")

    def registers(self):
        return self.gdb.do("info registers")


def plain_replay(image, accel, path):
    done = subprocess.run(argv(image, accel, "replay", path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, universal_newlines=True, check=False)
    return done.returncode, done.stdout.replace("\r", "")


def test_recording(image, directory, thread):
    """Stops, steps of one CPU of several, watchpoints: they are in no recording. Nor may gdb change anything."""
    path = os.path.join(directory, "rr-" + thread)
    with Machine(image, "thread=" + thread, "record", path, directory) as m:
        gdb = m.gdb
        gdb.do("break on_irq")
        stops = [gdb.go("continue") for _ in range(STOPS)]
        cases.check(all("breakpoint-hit" in stop for stop in stops), thread + ", recording: breakpoints", stops)
        moved = []
        for n in range(STEPS):
            if n % 10 == 0:
                gdb.do("set scheduler-locking " + ("on", "replay")[n // 10 % 2])
                gdb.do("thread %d" % (n // 10 % CPUS + 1))
            was = m.place()
            gdb.go("stepi")
            moved.append(m.place() > was)
        cases.check(all(moved), thread + ", recording: steps", moved)
        gdb.do("delete")
        gdb.do("watch ticket[2]")
        stops = [gdb.go("continue") for _ in range(3)]
        cases.check(all("watchpoint-trigger" in stop for stop in stops), thread + ", recording: watchpoints", stops)
        before = gdb.value("ticket[2]"), gdb.value("$r0")
        said = [gdb.do("set var ticket[2] = 5"), gdb.do("set $r0 = 77")]
        gdb.do("maintenance flush register-cache")
        gdb.do("maintenance flush dcache")
        cases.check(all("error" in text for text in said) and (gdb.value("ticket[2]"), gdb.value("$r0")) == before,
                    thread + ", recording: gdb may not change anything", said)
        gdb.do("delete")
        last = gdb.go("continue")
        status, said = m.wait()
    cases.check("exited" in last and status == 0 and said.count("checkpoint") == 100,
                thread + ", recording: it goes on to its end", (last, said))
    for accel in ("ccache=unified", "ccache=separate"):
        again = plain_replay(image, accel, path)
        cases.check(again == (0, said), "%s, recorded with gdb: replayed, %s" % (thread, accel), again)
    return path, said


def forth_and_back(m, point, look):
    """Stops at a point on the way forward are those on the way back; `look` is what to compare."""
    m.gdb.do(point)
    forward = []
    for _ in range(STOPS):
        m.gdb.go("continue")
        forward.append(look())
    back = []
    for _ in range(STOPS - 1):
        m.gdb.go("reverse-continue")
        back.append(look())
    m.gdb.do("delete")
    return forward, back


def test_breakpoints(m):
    forward, back = forth_and_back(m, "break on_irq",
                                   lambda: (m.place(), m.thread(), m.registers()))
    cases.check(back == forward[-2::-1], "reverse-continue: the breakpoints of all CPUs, in their order",
                ([f[:2] for f in forward], [b[:2] for b in back]))
    cases.check(len({f[1] for f in forward}) > 1, "... of several CPUs", forward)


def test_watchpoints(m):
    """Forward gdb stops behind the store, back in front of it."""
    forward, back = forth_and_back(m, "watch ticket[2]",
                                   lambda: (m.place(), m.thread(), m.gdb.value("ticket[2]")))
    stores = [f[:2] for f in forward[::-1]]
    cases.check([b[2] for b in back] == [f[2] for f in forward[-2::-1]],
                "reverse-continue: the values that were stored", (forward, back))
    cases.check([(place + 1, thread) for place, thread, _ in back] == stores[:-1],
                "reverse-continue: to the stores themselves, and by whom", (forward, back))


def test_steps(m):
    """One CPU's instructions, while the others have theirs in between."""
    m.gdb.do("break alone")
    m.gdb.go("continue")
    m.gdb.do("delete")
    thread, forward, back = m.thread(), [], []
    for _ in range(STEPS):
        forward.append((m.thread(), m.registers()))
        m.gdb.go("stepi")
    for _ in range(STEPS):
        m.gdb.go("reverse-stepi")
        back.append((m.thread(), m.registers()))
    cases.check(back == forward[::-1] and {f[0] for f in forward} == {thread},
                "reverse-stepi: each instruction of a CPU, back to the first", [(f[0], b[0])
                                                                                for f, b in zip(forward, back)])


def test_other_thread(m):
    """What gdb says that it steps is stepped: a CPU that has not stopped by itself."""
    other = m.thread() % CPUS + 1
    m.gdb.do("set scheduler-locking step")
    m.gdb.do("thread %d" % other)
    was = m.registers()
    m.gdb.go("reverse-stepi")
    now, place = m.registers(), m.place()
    m.gdb.go("stepi")
    cases.check(m.thread() == other and was != now and m.registers() == was,
                "reverse-stepi of another CPU: one instruction of that one, and forth again", (was, now))
    cases.check(m.place() == place + 1, "... to right before it", (place, m.place()))
    m.gdb.do("set scheduler-locking replay")


def test_unheard(m):
    """gdb gives up on a stop of a CPU that it keeps: others pass their breakpoints while one steps."""
    m.gdb.do("break see")
    m.gdb.do("break on_irq")
    m.gdb.do("set scheduler-locking on")
    for n in range(STEPS):
        m.gdb.do("thread %d" % (n % CPUS + 1))
        m.gdb.go("stepi")
    stop = m.gdb.stops or m.gdb.log[-1]
    cases.check(m.thread() == (STEPS - 1) % CPUS + 1, "stepi of each CPU, with breakpoints on the others' way", stop)
    m.gdb.do("delete")
    m.gdb.do("set scheduler-locking replay")


def test_source_level(m):
    """reverse-finish, -next, -step: out of a function where it was called, over a call, line by line."""
    m.gdb.do("break lock")
    m.gdb.go("continue")
    m.gdb.do("delete")
    thread = m.thread()
    m.gdb.go("next")
    m.gdb.go("next")
    m.gdb.go("reverse-finish")
    where = m.gdb.do("info symbol $pc")
    cases.check("race" in where and m.thread() == thread, "reverse-finish: to the call, of the same CPU", where)
    m.gdb.do("break on_irq")
    m.gdb.go("continue")
    m.gdb.do("delete")
    thread, was = m.thread(), m.registers()
    m.gdb.go("next")
    lines = m.gdb.value("$pc")
    m.gdb.go("reverse-next")
    cases.check(m.thread() == thread and lines != m.gdb.value("$pc"), "reverse-next: the same CPU, a line back",
                (was, m.registers()))
    m.gdb.go("reverse-step")
    cases.check(m.thread() == thread and "on_irq" not in m.gdb.do("info symbol $pc"),
                "reverse-step: into the caller", m.gdb.do("bt 3"))


def test_replay(image, path, said, directory, accel):
    with Machine(image, accel, "replay", path, directory) as m:
        test_breakpoints(m)
        test_watchpoints(m)
        test_steps(m)
        test_other_thread(m)
        test_unheard(m)
        test_source_level(m)
        stop = m.gdb.go("reverse-continue")
        cases.check(any("No more reverse-execution history" in line for line in m.gdb.log[-5:]) and m.place() == 0,
                    "reverse-continue: to the beginning", stop)
        m.gdb.go("continue")
        status, again = m.wait()
        # What it prints is printed whenever it is executed.
        cases.check(status == 0 and again.endswith(said), "%s: and on to the end, as it was recorded" % accel, again)


def main():
    image = guest_program.images("cli", "race.c")
    if not image or not gdb_client.available():
        cases.skip("gdb and recordings", "no cross compiler or no gdb")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        for thread in ("single", "multi"):
            path, said = test_recording(image[0], directory, thread)
        for accel in ("ccache=unified", "ccache=separate"):
            test_replay(image[0], path, said, directory, accel)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
