#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""gdb's machine interface as development environments use it, on a machine of four CPUs: connect, breakpoints, go on,
interrupt, threads, frames, registers, variables, memory, disassembly, detach and come again. Prints TAP.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../runner"))

import gdb_client               # noqa: E402  (path set above)
import guest_program            # noqa: E402
import tap                      # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
CPUS = 4


class Ide(gdb_client.Gdb):
    """Orders with a number, and the record that answers to it."""

    number = 0

    def __init__(self, image):
        super().__init__(image)
        self.image = image

    def mi(self, order):
        self.number += 1
        self.log.append("-> " + order)
        self.process.stdin.write("%d%s\n" % (self.number, order))
        self.process.stdin.flush()
        while True:
            line = self._line()
            if line.startswith("%d^" % self.number):
                return line[len(str(self.number)) + 1:]

    def stopped(self):
        """The next stop."""
        while not self.stops:
            self._line()
        return self.stops.pop(0)


class Machine:
    def __init__(self, image, directory):
        self.path = os.path.join(directory, "gdb")
        self.process = subprocess.Popen(
            [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-smp", str(CPUS), "-display", "none", "-semihosting",
             "-serial", "null", "-monitor", "none", "-kernel", image, "-S", "-gdb", "unix:" + self.path],
            stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()


def connect(ide, path):
    for _ in range(200):        # the emulator may not have begun to listen
        answer = ide.mi("-target-select remote " + path)
        if answer.startswith("connected"):
            break
        ide.do("shell sleep 0.1")
    ide.stops.clear()
    return answer


def begin(cases, ide, path):
    cases.check(connect(ide, path).startswith("connected"), "-target-select")
    threads = ide.mi("-thread-info")
    cases.check(len(re.findall(r'[{,]id="\d"', threads)) == CPUS and 'state="stopped"' in threads,
                "-thread-info: four CPUs that stand", threads)
    cases.check(ide.mi("-list-thread-groups").startswith("done"), "-list-thread-groups")
    broken = ide.mi("-break-insert marker")
    cases.check('func="marker"' in broken, "-break-insert", broken)
    cases.check(ide.mi("-exec-continue --all").startswith("running"), "-exec-continue")
    stop = ide.stopped()
    cases.check('reason="breakpoint-hit"' in stop and 'func="marker"' in stop and 'stopped-threads="all"' in stop,
                "it stops there, with all CPUs", stop)


def look(cases, ide):
    frames = ide.mi("-stack-list-frames")
    cases.check('level="0"' in frames and 'func="marker"' in frames and 'level="1"' in frames, "-stack-list-frames",
                frames)
    depth = ide.mi("-stack-info-depth")
    cases.check(re.match(r'done,depth="[2-9]', depth), "-stack-info-depth", depth)
    frames = ide.mi("-stack-list-frames --thread 2 0 0")
    cases.check('level="0"' in frames, "-stack-list-frames of another CPU", frames)
    cases.check('name="round"' in ide.mi("-stack-list-variables --simple-values"), "-stack-list-variables")
    names = ide.mi("-data-list-register-names 0 15")
    cases.check(names == 'done,register-names=["r0","pc"]', "-data-list-register-names", names)
    pc, place = ide.mi("-data-list-register-values x 15"), ide.mi('-data-evaluate-expression "&marker"')
    numbers = [int(found, 16) for found in re.findall(r"0x[0-9a-f]+", pc + place)]
    cases.check('number="15"' in pc and len(numbers) == 2 and 0 <= numbers[0] - numbers[1] < 64,
                "-data-list-register-values", pc + place)
    values = [ide.mi("-data-list-register-values --thread %d x 13" % n) for n in range(1, CPUS + 1)]
    cases.check(len(set(values)) == CPUS, "each CPU has registers of its own", values)
    changed = ide.mi("-data-list-changed-registers")
    cases.check(changed.startswith("done,changed-registers="), "-data-list-changed-registers", changed)
    memory = ide.mi("-data-read-memory-bytes &buffer 16")
    cases.check(re.search(r'contents="[0-9a-f]{32}"', memory), "-data-read-memory-bytes", memory)
    cases.check(ide.mi("-data-write-memory-bytes &buffer 0102a0ff").startswith("done") and
                'contents="0102a0ff"' in ide.mi("-data-read-memory-bytes &buffer 4"), "-data-write-memory-bytes")
    text = ide.mi('-data-disassemble -s $pc -e "$pc + 16" -- 2')
    cases.check(text.count("address=") == 4, "-data-disassemble", text)


def variables(cases, ide):
    made = ide.mi("-var-create v * rounds")
    cases.check('name="v"' in made and 'type="volatile uint32_t"' in made, "-var-create", made)
    before = ide.mi("-var-evaluate-expression v")
    ide.mi("-exec-continue --all")
    ide.stopped()
    ide.mi("-exec-finish")
    ide.stopped()
    update, after = ide.mi("-var-update --all-values v"), ide.mi("-var-evaluate-expression v")
    cases.check('name="v"' in update and before != after, "-var-update: the guest has changed it", (update, after))
    cases.check('value="77"' in ide.mi("-var-assign v 77"), "-var-assign")
    cases.check('value="77"' in ide.mi("-data-evaluate-expression rounds"), "and the guest's memory has it")
    made = ide.mi("-var-create b * buffer")
    listed = ide.mi("-var-list-children --all-values b 0 3")
    cases.check('numchild="64"' in made and listed.count("child={") == 3, "-var-list-children", listed)
    cases.check(ide.mi("-var-delete v").startswith("done"), "-var-delete")


def steps(cases, ide):
    before = ide.mi('-data-evaluate-expression "$pc"')
    ide.mi("-exec-step-instruction")
    stop = ide.stopped()
    cases.check('reason="end-stepping-range"' in stop and ide.mi('-data-evaluate-expression "$pc"') != before,
                "-exec-step-instruction", stop)
    ide.mi("-exec-next-instruction")
    cases.check('reason="end-stepping-range"' in ide.stopped(), "-exec-next-instruction")
    ide.mi("-break-delete")
    watch = ide.mi("-break-watch noticed")
    cases.check("wpt={" in watch, "-break-watch", watch)
    ide.mi("-exec-continue --all")
    stop = ide.stopped()
    cases.check('reason="watchpoint-trigger"' in stop and "value={old=" in stop, "another CPU's store stops it", stop)
    ide.mi("-break-delete")
    ide.mi("-break-insert -t -h in_thumb")
    ide.mi("-exec-continue --all")
    stop = ide.stopped()
    cases.check('func="in_thumb"' in stop and 'disp="del"' in stop, "-break-insert -t -h", stop)
    broken = ide.mi('-break-insert -c "round % 4 == 0" marker')
    ide.mi("-exec-continue --all")
    stop = ide.stopped()
    value = re.search(r'value="(\d+)"', ide.mi('-data-evaluate-expression round'))
    cases.check('cond="' in broken and value and int(value.group(1)) % 4 == 0, "-break-insert -c", (stop, value))
    ide.mi("-break-delete")


def orders(cases, ide, directory):
    """What people type into the console of their environment."""
    def check(order, *wanted):
        text = ide.do(order)
        cases.check(all(re.search(one, text) for one in wanted), order.replace(directory, "."), text)

    def runs(order, *wanted):
        ide.stops.clear()
        ide.do(order)
        stop = ide.stopped()
        cases.check(all(re.search(one, stop) for one in wanted), order, stop)
    check("tbreak marker", "Temporary breakpoint")
    runs("continue", 'disp="del"', 'func="marker"')
    check("compare-sections", r"\.text, range 0x10000 -- 0x[0-9a-f]+: matched", r"\.rodata.*: matched")
    check("call (unsigned)add_exclusive(&shared)", r"= [0-9]+")
    check("print (unsigned)in_thumb(5, 7)", "= 22")
    ide.do("set var buffer[9] = 0x1234")
    check("x/wx &buffer[9]", "0x00001234")
    check("x/2i $pc", r"=> 0x[0-9a-f]+ <marker.*>:\s+ldr")
    check("info registers cpsr", "cpsr +0x[0-9a-f]+")
    runs("until", "stopped")
    runs("advance the_call", 'func="test_main"')
    ide.do("tbreak in_thumb")
    runs("continue", 'func="in_thumb"')
    check("print $cpsr & 0x20", "= 32")
    runs("finish", 'func="test_main"')
    for kind, name in (("watch -location", "buffer[2]"), ("rwatch", "buffer[0]"), ("awatch", "pair")):
        check("%s %s" % (kind, name), "atchpoint")
    check("info watchpoints", "hw watchpoint", "read watchpoint", "acc watchpoint")
    runs("continue", "watchpoint-trigger")
    ide.do("delete")
    core = os.path.join(directory, "core")
    check("generate-core-file " + core, "Saved corefile")
    places = everywhere(ide)
    with Ide(ide.image) as other:
        other.do("core-file " + core)
        found = everywhere(other)
        cases.check(found == places and len(found) == CPUS and "0x00001234" in other.do("x/wx &buffer[9]"),
                    "and another gdb finds all in the file", (places, found))
    check("load", r"Loading section \.text", "Start address 0x0*10000")
    check("print/x $pc", "= 0x10000")


def everywhere(ide):
    """Where the CPUs are, in no order."""
    text = ide.do("thread apply all print/x (unsigned)$pc")
    return sorted(int(found, 16) for found in re.findall(r"= (0x[0-9a-f]+)", text))


def interrupt(cases, ide, path):
    for n in range(3):
        ide.mi("-exec-continue --all")
        ide.mi("-exec-interrupt --all")
        stop = ide.stopped()
        cases.check('signal-name="SIGINT"' in stop or 'signal-name="0"' in stop, "-exec-interrupt %d" % n, stop)
    cases.check(ide.mi("-thread-select 3").startswith('done,new-thread-id="3"'), "-thread-select")
    cases.check(ide.mi("-target-detach").startswith("done"), "-target-detach")
    cases.check(connect(ide, path).startswith("connected"), "and it comes again")
    threads = ide.mi("-thread-info")
    cases.check(len(re.findall(r'[{,]id="\d"', threads)) == CPUS, "to the same four CPUs", threads)
    answer = ide.mi('-interpreter-exec console "monitor info status"')
    cases.check(answer.startswith("done"), "-interpreter-exec console: monitor", answer)


def main():
    cases = tap.Cases()
    images = guest_program.images("cli", "gdb.c")
    if not gdb_client.available() or not images:
        cases.skip("the machine interface", "no gdb-multiarch, or no cross compiler")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-mi-") as directory, Machine(images[0], directory) as machine, \
            Ide(images[0]) as ide:
        begin(cases, ide, machine.path)
        look(cases, ide)
        variables(cases, ide)
        steps(cases, ide)
        interrupt(cases, ide, machine.path)
        orders(cases, ide, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
