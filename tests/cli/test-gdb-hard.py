#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""What people do with gdb when they do not spare it: hundreds of breakpoints, conditions, finish and until, calls,
Ctrl-C in a row, memory by the megabyte, load and compare-sections, core files, the death of gdb. In each design, with
four CPUs that work against each other. Prints TAP.
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
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
RUNS = [("unified", "ccache=unified", 4), ("separate", "ccache=separate", 4), ("single", "thread=single", 4),
        ("interp", "backend=interp", 2)]
cases = tap.Cases()


class Session:
    def __init__(self, name, image, accel, cpus, directory):
        self.name, self.image, self.path, self.cpus = name, image, os.path.join(directory, "gdb"), cpus
        self.machine = subprocess.Popen(
            [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-smp", str(cpus), "-display", "none", "-semihosting",
             "-serial", "null", "-monitor", "none", "-kernel", image, "-accel", "tcg," + accel,
             "-gdb", "unix:" + self.path, "-S"], stdin=subprocess.DEVNULL)
        self.gdb = None
        self.attach()

    def attach(self):
        self.gdb = gdb_client.Gdb(self.image)
        for _ in range(200):
            answer = self.gdb.do("target remote " + self.path)
            if not answer.startswith("error") or self.machine.poll() is not None:
                break
            self.gdb.do("shell sleep 0.1")
        self.gdb.stops.clear()

    def end(self):
        self.gdb.__exit__()
        self.machine.kill()
        self.machine.wait()

    def check(self, good, name, detail=""):
        return cases.check(good, "%s: %s" % (self.name, name),
                           "" if good else "%s\n%s" % (detail, "\n".join(self.gdb.log[-25:])))


def breakpoints(s):
    gdb = s.gdb
    for i in range(300):            # where nobody comes by, and on the page of what runs
        gdb.do("%s *%#x" % ("hbreak" if i % 3 else "break", 0x1000000 + 4 * i))
    gdb.do("tbreak test_main")
    gdb.go("continue")
    gdb.do("break marker if round == 5")
    answer = gdb.go("continue")
    s.check('func="marker"' in answer and gdb.value("round") == 5, "300 breakpoints and one with a condition", answer)
    gdb.do("delete")
    gdb.do("tbreak marker")
    answer = gdb.go("continue")
    s.check('disp="del"' in answer and "No breakpoints" in gdb.do("info breakpoints"), "tbreak", answer)
    answer = gdb.go("finish")
    s.check('reason="function-finished"' in answer, "finish", answer)
    gdb.do("tbreak in_thumb")
    gdb.go("continue")
    text = gdb.do("x/4i &in_thumb")
    s.check("push" in text and "bl" in text, "x/i of Thumb", text)
    answer = gdb.go("until *&thumb_back")
    s.check(gdb.value("$pc") == gdb.value("(unsigned)&thumb_back & ~1"), "until in Thumb", answer)
    gdb.do("break marker if $_thread == 1 && round % 50 == 0")
    gdb.do("ignore $bpnum 2")
    before = gdb.value("rounds")
    answer = gdb.go("continue")
    s.check('func="marker"' in answer and gdb.value("round") % 50 == 0 and gdb.value("round") >= before + 100,
            "ignore, and a condition on the thread", answer)
    gdb.do("delete")


def calls(s):
    gdb = s.gdb
    gdb.do("tbreak marker")
    gdb.go("continue")
    pc, cpsr = gdb.value("$pc"), gdb.value("(unsigned)$cpsr")
    got = [gdb.value("((unsigned (*)(unsigned, unsigned))(((unsigned)&in_thumb) | 1))(%d, 5)" % i) for i in range(20)]
    s.check(got == [3 * i + 5 for i in range(20)], "calls of a Thumb function", got)
    s.check((gdb.value("$pc"), gdb.value("(unsigned)$cpsr")) == (pc, cpsr), "registers are back after calls")
    gdb.do("set var buffer[3] = 77")
    s.check(gdb.value("buffer[3]") == 77, "set var")
    answer = gdb.do("thread apply all bt 3")
    s.check(answer.count("\nThread ") == s.cpus, "thread apply all bt", answer)


def forth_and_back(s):
    """gdb's own record of a run, which takes back what was stepped."""
    gdb = s.gdb
    gdb.do("tbreak marker")
    gdb.go("continue")
    gdb.do("record")
    states = [(gdb.value("$pc"), gdb.value("$sp"), gdb.value("$r3"))]
    for _ in range(6):
        gdb.go("stepi")
        states.append((gdb.value("$pc"), gdb.value("$sp"), gdb.value("$r3")))
    back = [states[-1]]
    for _ in range(6):
        gdb.go("reverse-stepi")
        back.append((gdb.value("$pc"), gdb.value("$sp"), gdb.value("$r3")))
    gdb.do("record stop")
    s.check(len(set(states)) > 1 and back == states[::-1], "gdb's record of a run, forth and back", (states, back))


def watches(s):
    gdb = s.gdb
    gdb.do("watch rounds if rounds % 20 == 0")
    answer = gdb.go("continue")
    s.check("watchpoint-trigger" in answer and gdb.value("rounds") % 20 == 0, "watch with a condition", answer)
    gdb.do("watch counts")          # an array: a range
    answer = gdb.go("continue")
    s.check("watchpoint-trigger" in answer, "watch an array", answer)
    gdb.do("delete")
    gdb.do("watch -l *(char *)((char *)buffer + 5)")
    answer = gdb.go("continue")
    s.check("watchpoint-trigger" in answer and gdb.value("*((char *)buffer + 5)") in (0, 1), "watch one byte", answer)
    gdb.do("delete")


def interrupts(s):
    gdb = s.gdb
    good = 0
    for _ in range(30):
        gdb.stops.clear()
        gdb.do("continue&")
        gdb.do("-exec-interrupt")
        good += "SIGINT" in gdb.stop()
    s.check(good == 30, "Ctrl-C thirty times", good)
    gdb.do("continue&")
    text = gdb.do("info threads")
    s.check("running" in text, "info threads while they run: gdb has to wait", text)
    gdb.stops.clear()
    for _ in range(20):             # more than there is to stop
        gdb.do("-exec-interrupt")
    gdb.stop()
    s.check(isinstance(gdb.value("rounds"), int), "Ctrl-C many times at once")
    answer = gdb.do("set non-stop on")
    s.check(isinstance(gdb.value("$pc"), int), "non-stop after the connection changes nothing", answer)
    gdb.do("set non-stop off")


def memory(s, directory):
    gdb, first, second = s.gdb, os.path.join(directory, "first"), os.path.join(directory, "second")
    pattern = bytes((i * 7 + (i >> 9)) & 0xff for i in range(2 << 20))
    with open(first, "wb") as file:
        file.write(pattern)
    answer = gdb.do("restore %s binary 0x2000000" % first)
    gdb.do("dump binary memory %s 0x2000000 0x2200000" % second)
    with open(second, "rb") as file:
        s.check(file.read() == pattern, "restore and dump 2 MiB", answer)
    answer = gdb.do("find /w 0x2000000, +0x100000, %#x" % int.from_bytes(pattern[0x8004:0x8008], "little"))
    s.check("0x2008004" in answer, "find", answer)
    answer = gdb.do("dump binary memory %s 0x3fff000 0x4001000" % second)
    s.check("annot access memory" in answer, "a read beyond the memory's end is refused", answer)
    answer = gdb.do("load")
    s.check("Transfer rate" in answer or "Loading section" in answer, "load", answer)
    gdb.do("monitor system_reset")
    answer = gdb.do("compare-sections")
    s.check("matched" in answer and "MIS-MATCHED" not in answer, "compare-sections", answer)
    gdb.do("set var *(unsigned *)&_start = 0")
    answer = gdb.do("compare-sections")
    s.check("MIS-MATCHED" in answer, "compare-sections sees a difference", answer)
    gdb.do("monitor system_reset")
    gdb.do("maintenance flush register-cache")


def deaths(s):
    for way in ("runs", "stopped", "breakpoints"):
        if way == "breakpoints":
            s.gdb.do("break marker")
            s.gdb.do("watch rounds")
        if way != "stopped":
            s.gdb.do("continue&")
        s.gdb.process.kill()
        s.gdb.__exit__()
        s.attach()
        s.gdb.do("tbreak marker")
        answer = s.gdb.go("continue")
        s.check('func="marker"' in answer, "gdb is killed while the machine %s, and the next one goes on" % way, answer)
    for _ in range(5):
        s.gdb.do("detach")
        s.gdb.do("target remote " + s.path)
    answer = s.gdb.do("info threads")
    s.check(answer.count("Thread ") == s.cpus, "detach and attach again and again", answer)


def core(s, directory):
    path = os.path.join(directory, "core")
    answer = s.gdb.do("generate-core-file " + path)
    if answer.startswith("error"):      # gdb asks for a list of mappings, which only programs of a system have
        s.check(answer.count("\n") <= 1 and isinstance(s.gdb.value("$pc"), int), "generate-core-file is refused",
                answer)
    else:
        s.check(os.path.getsize(path) > 0, "generate-core-file", answer)


def run(name, image, accel, cpus):
    with tempfile.TemporaryDirectory() as directory:
        s = Session(name, image, accel, cpus, directory)
        try:
            breakpoints(s)
            calls(s)
            forth_and_back(s)
            watches(s)
            interrupts(s)
            memory(s, directory)
            s.gdb.do("tbreak marker")
            s.gdb.go("continue")
            core(s, directory)
            deaths(s)
        except (gdb_client.Gone, OSError) as error:
            s.check(False, "gdb went on to the end", error)
        finally:
            s.end()


def main():
    images = guest_program.images("cli", "gdb.c")
    if not images or not gdb_client.available():
        cases.skip("gdb", "no %s" % ("cross compiler" if not images else gdb_client.GDB))
        return cases.done()
    for name, accel, cpus in RUNS:
        if not sys.argv[1:] or name in sys.argv[1:]:
            run(name, images[0], accel, cpus)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
