#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""The monitor's `log` reaches code that runs: blocks that were translated and chained before are logged from then on,
on all CPUs, and run at full speed again after `log none`; `logfile` and `singlestep` reach it, too. Shown by what is
logged and counted, not by time. Prints TAP.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from machine import M, SCALE, Cases, Files, ended, read_until      # noqa: E402  (no bytecode)

MODES = (["-accel", "tcg,ccache=unified"], ["-accel", "tcg,ccache=separate"], ["-accel", "tcg,thread=single"],
         ["-accel", "tcg,backend=interp"])
COUNTERS = 0x8000
LOOP = 0x40
PIECE, OVERLAP = 4 << 20, 64 << 10     # of the log that is looked at, in bytes
# Every CPU counts in a word of its own, in two blocks: one is left by a direct jump, one by an indirect one.
PROGRAM = [
    0xee100fb0,         # mrc   p15, 0, r0, c0, c0, 5
    0xe2000003,         # and   r0, r0, #3
    0xe3a01902,         # mov   r1, #0x8000
    0xe0811100,         # add   r1, r1, r0, lsl #2
    0xe3a03040,         # mov   r3, #0x40
    0xe1a0f003,         # mov   pc, r3
] + [0] * 10 + [
    # 0x40:
    0xe5912000,         # ldr   r2, [r1]
    0xe2822001,         # add   r2, r2, #1
    0xeaffffff,         # b     over nothing
    0xe5812000,         # str   r2, [r1]
    0xe1a0f003,         # mov   pc, r3
]

# Flushes TLB entries in three ways, then faults.
FAULTS = [
    0xe3a00000,         # mov   r0, #0
    0xea000005,         # b     0x20
    0x00000000, 0x00000000,
    0xeafffffe,         # 0x10, data abort: b .
    0x00000000, 0x00000000, 0x00000000,
    0xee080f17,         # 0x20: mcr p15, 0, r0, c8, c7, 0
    0xee080f37,         # mcr   p15, 0, r0, c8, c7, 1
    0xee080f57,         # mcr   p15, 0, r0, c8, c7, 2
    0xee111f10,         # mrc   p15, 0, r1, c1, c0, 0
    0xe3811002,         # orr   r1, r1, #2              alignment faults
    0xee011f10,         # mcr   p15, 0, r1, c1, c0, 0
    0xe5902001,         # ldr   r2, [r0, #1]
]


class Machine:
    """An emulator with a monitor on its standard input, whose CPUs count."""

    def __init__(self, files, mode, cpus, words, items):
        self.cpus = cpus
        self.log, self.mark = files.path("log"), 0
        program = files.program(words)
        others = [word for n in range(1, cpus) for word in ("-device", "loader,addr=0,cpu-num=%d" % n)]
        self.process = subprocess.Popen([*M, "-smp", str(cpus), "-display", "none", "-serial", "null", "-monitor",
                                         "stdio", "-d", items, "-D", self.log, *mode, *program, *others],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        read_until(self.process.stdout.fileno(), rb"\(qemu\) $")

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return read_until(self.process.stdout.fileno(), rb"\r\n\(qemu\) $").decode(errors="replace")

    def counts(self):
        """Of the guest's loops, per CPU, of now."""
        words = re.findall(r"0x([0-9a-f]{8})", self.ask("xp/%dxw 0x%x" % (self.cpus, COUNTERS)).split("\n", 1)[1])
        return [int(word, 16) for word in words[:self.cpus]]

    def go_on(self, loops):
        """Wait until every CPU has done so many loops more."""
        start, end = self.counts(), time.monotonic() + 120 * SCALE
        while time.monotonic() < end:
            if all((now - before) & 0xffffffff >= loops for now, before in zip(self.counts(), start)):
                return True
            time.sleep(0.01)
        return False

    def progress(self):
        """Blocks that have passed the main loop, and loops of the guest, of all CPUs at one moment."""
        self.ask("stop")
        blocks = re.search(r"^execute +([\d ]+)", self.ask("info jit").replace("\r", ""), re.M).group(1)
        loops = self.counts()
        self.ask("cont")
        return sum(int(n) for n in blocks.split()[:self.cpus]), sum(loops)

    def per_loop(self):
        """Blocks that pass the main loop for each of the guest's loops."""
        before = self.progress()
        self.go_on(2000)
        after = self.progress()
        return (after[0] - before[0]) / max(1, after[1] - before[1])

    def logged(self, text, timeout=120):
        """
        Wait until what was logged since the mark matches each of the expressions. All of it is looked at, however much
        the other CPUs log before a busy host lets the last one run.
        """
        end, begin, missing = time.monotonic() + timeout * SCALE, self.mark, list(text)
        while missing and time.monotonic() < end:
            with open(self.log, "rb") as f:
                f.seek(begin)
                found = f.read(PIECE)
            missing = [t for t in missing if not re.search(t, found.decode(errors="replace"), re.M)]
            if len(found) == PIECE:
                begin += PIECE - OVERLAP        # a match may lie across
            else:
                time.sleep(0.02)
        return not missing

    def set_mark(self):
        self.mark = os.path.getsize(self.log)

    def silent(self):
        """Nothing is logged any more although all CPUs go on; what was may still be on its way to the file."""
        end, size = time.monotonic() + 120 * SCALE, -1
        while size != os.path.getsize(self.log) and time.monotonic() < end:
            size = os.path.getsize(self.log)
            self.go_on(1000)
        return size == os.path.getsize(self.log)

    def end(self):
        self.process.stdin.write(b"quit\n")
        self.process.stdin.flush()
        return ended(self.process)


def check(cases, machine, name, item, text):
    machine.set_mark()
    machine.ask("log " + item)
    good = machine.logged(text)
    machine.ask("log none")
    cases.check(good, "%s: log %s takes effect on all CPUs" % (name, item), text)
    cases.check(machine.silent(), "%s: and log none" % name)


def other_file(cases, machine, name, path):
    """logfile: from then on all CPUs' lines are in another file, none in the first one."""
    machine.ask("log exec")
    machine.logged([r"^Trace %d: " % n for n in range(machine.cpus)])
    first, machine.log, machine.mark = machine.log, path, 0
    said = machine.ask("logfile " + path)
    lines = [r"^Trace %d: " % n for n in range(machine.cpus)]
    good = "rror" not in said and machine.logged(lines)
    machine.ask("log none")
    good = good and machine.silent()
    size = os.path.getsize(first)
    machine.set_mark()
    machine.ask("log exec")
    good = good and machine.logged(lines)
    machine.ask("log none")
    cases.check(good and machine.silent() and os.path.getsize(first) == size, "%s: logfile" % name, said)


def single_step(cases, machine, name):
    """singlestep: each instruction is a block by itself, on all CPUs, and no longer after `off`."""
    inside = [r"^Trace %d: .*\[000000%02x/" % (n, LOOP + 4) for n in range(machine.cpus)]
    for order, where, wanted in (("singlestep", LOOP + 4, True), ("singlestep off", LOOP, False)):
        machine.ask(order)
        machine.go_on(2)                # each CPU may still be behind the loop's first instruction
        machine.set_mark()
        machine.ask("log exec")
        good = machine.logged([r"^Trace %d: .*\[000000%02x/" % (n, where) for n in range(machine.cpus)])
        machine.ask("log none")
        good = good and machine.silent()
        if not wanted:
            with open(machine.log, encoding="ascii", errors="replace") as file:
                file.seek(machine.mark)
                text = file.read()
            good = good and not any(re.search(line, text, re.M) for line in inside)
        cases.check(good, "%s: %s" % (name, order))


def test(cases, files, mode, cpus):
    name = "%s, %d CPUs" % (mode[1].split(",")[1], cpus)
    machine = Machine(files, mode, cpus, PROGRAM, "page")
    machine.go_on(5000)
    cases.check(machine.logged(["^CPU [0-3]: code in the page at 0x00000000$"]) and machine.silent(),
                "%s: -d page" % name)
    before = machine.per_loop()
    check(cases, machine, name, "exec", [r"^Trace %d: .*\[000000%02x/" % (n, pc) for n in range(cpus) for pc in
                                         (LOOP, LOOP + 12)])
    # The registers come right behind the line of the block.
    check(cases, machine, name, "exec,cpu", [r"^Trace %d: .*\nR00=0000000%d " % (n, n) for n in range(cpus)])
    check(cases, machine, name, "cpu", [r"^R00=0000000%d R01=%08x" % (n, COUNTERS + 4 * n) for n in range(cpus)])
    check(cases, machine, name, "in_asm,op", [r"^IN:\n(.+\n)*0x0*40", r"^OP:"])
    machine.ask("log nochain")
    nochain = machine.per_loop()
    machine.ask("log none")
    machine.go_on(1000)
    after = machine.per_loop()
    limit = 2.5 if "interp" in name else 0.5            # the interpreter chains nothing
    cases.check(nochain >= 0.9 and before < limit and after < limit,
                "%s: log nochain ends chaining, log none brings it back" % name,
                "blocks through the main loop per loop: %.3f, nochain %.3f, then %.3f" % (before, nochain, after))
    other_file(cases, machine, name, files.path("other"))
    single_step(cases, machine, name)
    cases.check(machine.end() == 0, "%s: ends" % name)


def test_mmu(cases, files, mode):
    machine = Machine(files, mode, 1, FAULTS, "mmu")
    cases.check(machine.logged([r"^CPU 0: TLB: flush all$", r"^CPU 0: TLB: flush 0x00000000, ASID 0$",
                                r"^CPU 0: TLB: flush ASID 0$", r"^CPU 0: data fault at 0x00000001, status 0x001$"]),
                "%s: -d mmu" % mode[1].split(",")[1])
    machine.end()


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        for mode in MODES:
            test_mmu(cases, files, mode)
            for cpus in (1, 4):
                try:
                    test(cases, files, mode, cpus)
                except (AssertionError, OSError) as e:
                    cases.check(False, "%s, %d CPUs" % (mode[1], cpus), e)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
