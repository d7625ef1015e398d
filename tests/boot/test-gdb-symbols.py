#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: long timeout=5400
"""gdb on a Linux that it has the symbols of, with the kernel's own commands (`lx-...`): breakpoints by name in the
kernel and in a module that is loaded while gdb looks on, its variables, the processes, the log, each CPU's variables.
"""
import os
import sys
import tempfile

from vm import Cases, VM, designs, expect, guest_parts, is_upstream

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import gdb_client               # noqa: E402  (path set above)

CPUS = 4
gdb_client.PATIENCE *= 5        # gdb computes for many seconds with the symbols of a kernel
MODULE, FUNCTION = "test_min_heap", "test_heapify_all"


def initrd(parts, directory):
    """The usual image and the modules behind it: the kernel unpacks one after the other."""
    path = os.path.join(directory, "initrd")
    with open(path, "wb") as out:
        for part in (parts["initrd"], os.path.join(os.path.dirname(parts["kernel_debug"]), "modules.cpio.gz")):
            with open(part, "rb") as source:
                out.write(source.read())
    return path


class Session:
    """gdb with the kernel's symbols and scripts, and the machine it holds."""

    def __init__(self, gdb, vm, home):
        self.gdb, self.vm, self.home = gdb, vm, home

    def see(self, order, *wanted):
        """An order whose text has all these in it."""
        text = self.gdb.do(order)
        for word in wanted:
            expect(word in text, "%s without %r" % (order, word), text[-2000:])
        return text

    def stop_in(self, function):
        record = self.gdb.stop()
        expect('func="%s"' % function in record, "a stop in %s" % function, record)

    def start(self, path):
        answer = self.gdb.do("target remote " + path)
        expect(not answer.startswith("error"), "no connection", answer)
        self.gdb.do("hbreak start_kernel")
        self.run()
        self.stop_in("start_kernel")
        self.gdb.do("delete")
        self.see("backtrace", "start_kernel")
        self.see("info line", "init/main.c")

    def run(self):
        """Goes on; what was seen of stops is forgotten."""
        self.gdb.stops.clear()
        answer = self.gdb.do("continue&")
        expect(not answer.startswith("error"), "continue", answer)

    def halt(self):
        self.gdb.do("-exec-interrupt")
        self.gdb.stop()

    def commands(self):
        """What the scripts find by the symbols alone."""
        self.see("lx-version", "Linux version 6.1")
        self.see("lx-dmesg", "Booting Linux on physical CPU")
        self.see("lx-ps", "init", "kthreadd", "ksoftirqd/%d" % (CPUS - 1))
        self.see("lx-cpus", "Online CPUs   : [0, 1, 2, 3]")
        self.see("lx-cmdline", "console=ttyAMA0")
        self.see("lx-mounts", "proc")
        for cpu in range(CPUS):
            number = self.gdb.value("$lx_per_cpu(\"runqueues\", %d).cpu" % cpu)
            expect(number == cpu, "the number of CPU %d" % cpu, number)
        # Not as a member in gdb's own language: a word like "pid" makes it read the symbols of a hundred files.
        self.see("python print(gdb.parse_and_eval('$lx_task_by_pid(2)')['comm'].string())", "kthreadd")

    def module(self):
        """
        Into a module that is not there yet, from its first instruction on. lx-symbols tells gdb of the module's code
        and data when it comes, but not of what is there during its start alone: that is added by hand.
        """
        file = os.path.join(self.home, "modules", MODULE + ".ko")
        self.see("lx-symbols " + os.path.dirname(file), "loading vmlinux")
        self.gdb.do("tbreak do_init_module")
        self.run()
        self.vm.send("insmod /modules/%s.ko\n" % MODULE)
        self.stop_in("do_init_module")
        self.see("python print(gdb.parse_and_eval('mod')['name'].string())", MODULE)
        self.see("info files", file)
        start = self.gdb.value("(unsigned)mod->init_layout.base")
        self.see("add-symbol-file %s -s .init.text %#x" % (file, start), "Reading symbols")
        self.gdb.do("tbreak " + FUNCTION)
        self.run()
        self.stop_in(FUNCTION)
        self.see("backtrace", FUNCTION, "do_one_initcall", "do_init_module")
        self.see("lx-lsmod", MODULE)
        self.gdb.stops.clear()
        self.gdb.do("finish&")
        self.stop_in("init_module")
        self.see("info symbol $pc", "init_module", ".init.text")

    def variable(self):
        """A variable by its name, which a system call of one of the CPUs writes."""
        self.gdb.do("delete")
        self.gdb.do("watch panic_timeout")
        self.run()
        self.vm.send("echo 77 > /proc/sys/kernel/panic\n")
        record = self.gdb.stop()
        expect('reason="watchpoint-trigger"' in record, "a stop at the variable", record)
        expect(self.gdb.value("panic_timeout") == 77, "the variable", self.gdb.do("print panic_timeout"))
        self.gdb.do("delete")


def session(accel, slow, parts):
    home = os.path.dirname(parts["kernel_debug"])
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "gdb")
        image = initrd(parts, directory)
        with VM(accel, smp=CPUS, slow=slow, kernel=parts["kernel_debug"], initrd=image,
                args=("-S", "-gdb", "unix:%s,server=on,wait=off" % path)) as vm, \
                gdb_client.Gdb(os.path.join(home, "vmlinux")) as gdb:
            gdb.do("source " + os.path.join(home, "vmlinux-gdb.py"))
            it = Session(gdb, vm, home)
            it.start(path)
            it.run()
            vm.wait_userland(120, CPUS)
            vm.expect("/ # ")
            it.halt()
            it.commands()
            it.module()
            it.variable()
            gdb.do("detach")
            vm.shell("true")


def main():
    cases = Cases()
    if is_upstream() or not gdb_client.available():
        cases.skip("gdb", "the emulator is another one" if is_upstream() else "no " + gdb_client.GDB)
        return cases.done()
    parts = guest_parts("kernel-debug", "base")
    for name, (accel, slow) in designs().items():
        with cases.case("%s: start_kernel, lx-ps, lx-symbols, a module, a variable" % name):
            session(accel, slow, parts)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
