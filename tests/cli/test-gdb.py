#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""gdb on the machine, the real one: CPUs as threads, registers, memory, breakpoints, watchpoints, steps, stops, resets,
one session after another; in every design, with four CPUs that work against each other and with one. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import gdb_client               # noqa: E402  (path set above)
import guest_program            # noqa: E402
import tap                      # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
RUNS = [("unified", "ccache=unified", 4), ("separate", "ccache=separate", 4), ("single", "thread=single", 4),
        ("interp", "backend=interp", 4), ("1 CPU", "ccache=unified", 1)]
EXCLUSIVE_STEPS = 60
cases = tap.Cases()


class Session:
    """A machine, and a gdb that is attached to it."""

    def __init__(self, name, image, accel, cpus, directory, options=("-S",)):
        self.name, self.image, self.path = name, image, os.path.join(directory, "gdb")
        self.machine = subprocess.Popen(
            [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-smp", str(cpus), "-display", "none", "-semihosting",
             "-serial", "null", "-monitor", "none", "-kernel", image, "-accel", "tcg," + accel,
             "-gdb", "unix:" + self.path, *options], stdin=subprocess.DEVNULL)
        self.gdb = None
        self.attach()

    def attach(self):
        if self.gdb:
            self.gdb.__exit__()
        self.gdb = gdb_client.Gdb(self.image)
        answer = ""
        for _ in range(200):        # the emulator may not have begun to listen
            answer = self.gdb.do("target remote " + self.path)
            if not answer.startswith("error") or self.machine.poll() is not None:
                break
            self.gdb.do("shell sleep 0.1")
        self.gdb.stops.clear()
        return answer

    def end(self):
        self.gdb.__exit__()
        self.machine.kill()
        self.machine.wait()

    def check(self, good, name, detail=""):
        return cases.check(good, "%s: %s" % (self.name, name),
                           "" if good else "%s\n%s" % (detail, "\n".join(self.gdb.log[-25:])))

    def go_to(self, place):
        """Run on to a place, by a breakpoint for this once."""
        self.gdb.do("thread 1")
        self.gdb.do("tbreak %s thread 1" % place)
        return self.gdb.go("continue")

    def pc_is(self, place):
        return self.gdb.value("$pc") == self.gdb.value("(unsigned)&%s & ~1" % place)


def test_registers(s):
    gdb = s.gdb
    s.check(gdb.value("$midr") == 0x410fb022 and gdb.value("$cpsr & 0x1f") == 0x13 and gdb.value("$sctlr & 1") == 0,
            "system registers")
    gdb.do("set $sp_usr = 0x12345678")
    saved = gdb.value("$r4")
    gdb.do("set $r4 = 0x87654321")
    gdb.do("set $tpidruro = 77")
    gdb.do("set $d3 = 1.5")
    gdb.do("maintenance flush register-cache")
    s.check(gdb.value("$sp_usr") == 0x12345678 and gdb.value("(unsigned)$r4") == 0x87654321 and
            gdb.value("$tpidruro") == 77 and gdb.value("$d3 * 2") == 3, "what is written to registers is read back")
    gdb.do("set $r4 = %d" % saved)
    answer = gdb.do("set $midr = 1")
    s.check(answer.startswith("error"), "a register that cannot be written says so", answer)


def test_memory(s):
    gdb = s.gdb
    gdb.do("set var buffer[60] = 0x11223344")
    gdb.do("set var *(char *)&buffer[60] = 0x55")
    gdb.do("maintenance packet Qqemu.PhyMemMode:1")
    physical = gdb.value("*(unsigned *)%#x" % gdb.value("&buffer[60]"))
    board = gdb.value("*(unsigned *)0x10000000")
    gdb.do("maintenance packet Qqemu.PhyMemMode:0")
    s.check(gdb.value("buffer[60]") == 0x11223355 == physical, "memory is written and read back")
    s.check(board & 0xfff == 0x400, "a register of a device by physical address", hex(board))
    answer = gdb.do("output *(int *)0xf0000000")
    s.check("annot access memory" in answer, "what is not there cannot be read", answer)
    gdb.do("set $saved = *(unsigned *)&add_end")
    before = gdb.value("((unsigned (*)(void *))&add_exclusive)((void *)&buffer[50])")
    gdb.do("set var *(unsigned *)&add_end = 0xe3a00077")        # mov r0, #0x77
    patched = gdb.value("((unsigned (*)(void *))&add_exclusive)((void *)&buffer[50])")
    gdb.do("set var *(unsigned *)&add_end = $saved")
    after = gdb.value("((unsigned (*)(void *))&add_exclusive)((void *)&buffer[50])")
    s.check((before, patched, after) == (1, 0x77, 3), "functions are called, and code that was written is executed",
            (before, patched, after))


def test_steps(s, cpus):
    gdb = s.gdb
    s.go_to("*&thumb_call")
    s.check(s.pc_is("thumb_call") and gdb.value("$cpsr & 0x20") == 0x20, "breakpoint in Thumb code")
    gdb.go("stepi")
    inside = s.pc_is("thumb_triple")
    s.go_to("*&thumb_call")
    gdb.go("nexti")
    s.check(inside and s.pc_is("thumb_back"), "BL of Thumb is one step, into or over")
    s.go_to("*&the_call")
    gdb.go("stepi")
    s.check(gdb.value("$pc") == 8, "a step over SVC leads to its vector", gdb.value("$pc"))
    s.go_to("*&add_again")
    steps = 0
    while not s.pc_is("add_end") and steps < EXCLUSIVE_STEPS:
        gdb.go("stepi")
        steps += 1
    s.check(s.pc_is("add_end"), "steps through LDREX and STREX come to an end while %d CPUs want the word" % cpus)
    s.go_to("marker")
    before = gdb.value("rounds")
    gdb.go("next")
    s.check(gdb.value("rounds") == before + 1, "steps by lines", gdb.value("rounds"))
    s.go_to("marker")
    answer = gdb.go("finish")
    s.check('func="test_main"' in answer, "to the end of the function", answer)


def test_scheduler(s):
    gdb = s.gdb
    gdb.do("thread 2")
    gdb.do("set scheduler-locking on")
    gdb.go("stepi")
    counts = gdb.do("output counts")
    for _ in range(5):
        gdb.go("stepi")
    same = gdb.value("counts[2]"), gdb.value("counts[3]"), gdb.value("rounds")
    for _ in range(5):
        gdb.go("stepi")
    s.check(same == (gdb.value("counts[2]"), gdb.value("counts[3]"), gdb.value("rounds")),
            "one CPU steps, the others stay", counts)
    gdb.do("set scheduler-locking off")


def test_watchpoints(s, cpus):
    gdb = s.gdb
    if cpus > 1:
        gdb.do("watch noticed")
        answers = [gdb.go("continue") for _ in range(2)]
        s.check(all('reason="watchpoint-trigger"' in a and 'thread-id="2"' in a for a in answers) and
                gdb.value("noticed") % 1000 == 0, "a watchpoint on what another CPU writes names that CPU", answers)
        gdb.do("delete")
    for order, stops in [
            ("watch *(char *)((char *)buffer + 5)", ["store_many", "load_half"]),
            ("rwatch *(char *)((char *)buffer + 9)", ["swap_word"]),
            ("awatch buffer[0]", ["load_half", "load_double"]),
            ("rwatch *(long long *)&buffer[5]", ["load_double + 4"]),
            ("awatch *(char (*)[200])&buffer[2]", ["load_half", "swap_word", "load_double + 4"])]:
        s.go_to("*&accesses")
        answer = gdb.do(order)
        seen = []
        for _ in stops:
            gdb.go("continue")
            seen.append(gdb.value("$pc"))
        want = [gdb.value("(unsigned)&" + place.split()[0]) + (4 if "+" in place else 0) for place in stops]
        s.check(seen == want, order, "%s: %s, not %s" % (answer, [hex(x) for x in seen], [hex(x) for x in want]))
        gdb.do("delete")


def test_stops(s, cpus):
    gdb = s.gdb
    good = True
    for _ in range(5):
        gdb.stops.clear()
        gdb.do("continue &")
        gdb.do("-exec-interrupt")
        answer = gdb.stop()
        good = good and "SIGINT" in answer
    s.check(good, "an interrupt stops %d CPUs that work" % cpus, answer)
    threads = gdb.do("info threads")
    s.check(all("CPU#%d " % i in threads for i in range(cpus)) and "CPU#%d " % cpus not in threads,
            "a thread for each CPU", threads)
    answer = gdb.do("monitor info status")
    s.check("VM status: paused" in answer, "orders to the monitor", answer)


def test_reset(s):
    gdb = s.gdb
    gdb.do("break marker")
    gdb.go("continue")
    gdb.go("continue")
    before = gdb.value("round")
    answer = gdb.do("monitor pmemsave 0 4 /dev/null")
    s.check("takes its time" in answer, "an order that ends later is not for the debugger", answer)
    gdb.do("monitor system_reset")
    gdb.do("maintenance flush register-cache")
    s.check(s.pc_is("_start"), "after a reset CPUs are at their start", hex(gdb.value("$pc")))
    gdb.go("continue")
    s.check(before > 1 and gdb.value("round") == 1, "breakpoints hold over a reset", (before, gdb.value("round")))
    gdb.do("delete")


def test_sessions(s):
    s.gdb.do("break marker")
    s.gdb.do("detach")
    answer = s.attach()
    first = s.gdb.value("rounds")
    s.gdb.do("monitor cont")
    s.gdb.do("monitor stop")
    s.check(not answer.startswith("error"), "a second session", answer)
    s.gdb.do("monitor system_reset")
    s.gdb.do("detach")
    answer = s.attach()
    s.go_to("marker")
    s.check(not answer.startswith("error") and s.gdb.value("round") >= 1, "attached again after a reset", answer)
    first = s.gdb.value("rounds")
    s.gdb.process.kill()
    answer = s.attach()
    s.check(not answer.startswith("error") and s.gdb.value("rounds") >= first, "after a debugger that crashed", answer)
    s.go_to("marker")
    s.gdb.do("set var leave = 2")
    answer = s.gdb.go("continue")
    s.check('reason="exited",exit-code="01"' in answer, "the machine's end, with its exit code", answer)
    s.check(s.machine.wait(timeout=gdb_client.PATIENCE) == 1, "the emulator ends")


def run(name, image, accel, cpus):
    with tempfile.TemporaryDirectory() as directory:
        s = Session(name, image, accel, cpus, directory)
        try:
            s.check(s.pc_is("_start"), "attached at the first instruction", s.gdb.value("$pc"))
            s.gdb.do("hbreak marker")
            answer = s.gdb.go("continue")
            s.check('reason="breakpoint-hit"' in answer and 'func="marker"' in answer and s.gdb.value("round") == 1,
                    "hardware breakpoint", answer)
            s.gdb.do("delete")
            test_registers(s)
            test_memory(s)
            test_steps(s, cpus)
            if cpus > 1:
                test_scheduler(s)
            test_watchpoints(s, cpus)
            test_stops(s, cpus)
            test_reset(s)
            test_sessions(s)
        except (gdb_client.Gone, subprocess.TimeoutExpired) as error:
            s.check(False, "gdb went on to the end", error)
        finally:
            s.end()


def test_calls(name, image, accel, target, cpus):
    """Semihosting that gdb carries out: its files, its console."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "file")
        s = Session(name, image, accel, cpus, directory,
                    ("-S", "-semihosting-config", "enable=on,target=%s,arg=%s" % (target, path)))
        try:
            s.go_to("*&stepped_call")
            s.gdb.go("stepi")
            s.check(s.gdb.value("$pc") == s.gdb.value("(unsigned)&stepped_call") + 4 and s.gdb.value("$r0") == 0,
                    "a step over a call that gdb carries out", s.gdb.do("info registers r0 pc"))
            answer = s.gdb.go("continue")
            s.check('reason="exited-normally"' in answer, "calls that gdb carries out, target=%s" % target, answer)
            log = "\n".join(s.gdb.log)
            s.check("written by the guest" in log and "to the console" in log, "gdb's console")
            with open(path + ".2", "rb") as file:
                data = file.read()
            s.check(data == bytes((7 * i + (i >> 8)) & 0xff for i in range(100000)), "gdb's file", len(data))
        except (gdb_client.Gone, OSError) as error:
            s.check(False, "gdb went on to the end", error)
        finally:
            s.end()


def test_document(image):
    """The session that docs/debugging-a-guest.md shows, as it stands there."""
    with open(os.path.join(ROOT, "docs/debugging-a-guest.md"), encoding="utf-8") as file:
        orders = [line.strip()[6:] for line in file if line.startswith("    (gdb) ")]
    with tempfile.TemporaryDirectory() as directory:
        s = Session("document", image, "ccache=unified", 4, directory)
        try:
            s.check(orders[0] == "target remote :1234" and orders[-1] == "detach", "a session is there", orders)
            stops = []
            for order in orders[1:]:
                if order == "continue":
                    stops.append(s.gdb.go(order))
                    continue
                answer = s.gdb.do(order)
                s.check(not answer.startswith("error"), order, answer)
            s.check(len(stops) == 2 and "breakpoint-hit" in stops[0] and "watchpoint-trigger" in stops[1], "its stops",
                    stops)
        except gdb_client.Gone as error:
            s.check(False, "gdb went on to the end", error)
        finally:
            s.end()


def main():
    images = guest_program.images("cli", "gdb.c", "gdb-calls.c")
    if not images or not gdb_client.available():
        cases.skip("gdb", "no %s" % ("cross compiler" if not images else gdb_client.GDB))
        return cases.done()
    image, calls = images
    for name, accel, cpus in RUNS:
        if not sys.argv[1:] or name in sys.argv[1:]:
            run(name, image, accel, cpus)
    test_document(image)
    for name, accel, cpus in RUNS[:4]:
        test_calls(name, calls, accel, "auto" if name == "unified" else "gdb", cpus)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
