#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=9000 long alone
"""Long: Linux judges the machine. In each design a kernel that checks its own locking boots on four CPUs and runs its
own tests (selftests.py), the programs for futexes and threads (programs/), and stress-ng follows on the usual kernel.

    tests/linux/judge.py [--minutes N] [--design NAME+...] [--parts modules+torture+threads+stress]

N minutes are shared among the designs and then among the parts; what cannot be cut short takes longer. A case fails if
a test's own verdict is bad, or if the kernel complains: warnings, stalls, reports of its lock checker.
"""
import argparse
import gzip
import os
import re
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import programs                 # noqa: E402  (path set above)
import selftests                # noqa: E402
import stress                   # noqa: E402  (path set by programs)
from archive import image_behind                                            # noqa: E402
from vm import VM, Cases, Failure, designs, guest_parts, is_upstream        # noqa: E402

# Parts of the time; the interpreter and one thread for all CPUs get a short form.
SHARES = {"unified": 4, "separate": 4, "single": 1, "interp": 1}
SHORT_DESIGNS = ("single", "interp")
# Less than this for a design: the short form too.
FULL_SECONDS = 240
PARTS = ("modules", "torture", "threads", "stress")
CASE_SECONDS = 60               # one case of the programs, at usual speed
LATE_CPUS = 3                   # so often a torture test starts again because the host did not run a CPU in time


def module_dependencies(archive_path):
    """{module: modules to insert before it, in order}, from what the modules say about themselves."""
    with gzip.open(archive_path) as file:
        data = file.read()
    direct = {}
    # A member of the archive: its header ends with its name; the module's own notes name what it depends on.
    for found in re.finditer(rb"modules/([^/\0]+)\.ko\0", data):
        notes = re.compile(rb"\bdepends=([\w,-]*)\0").search(data, found.end())
        direct[found.group(1).decode()] = notes.group(1).decode().split(",") if notes and notes.group(1) else []
    files = {name.replace("-", "_"): name for name in direct}

    def closure(name, seen):
        for other in direct.get(name, ()):
            file = files.get(other.replace("-", "_"))
            if file and file not in seen:
                closure(file, seen)
                seen.append(file)
        return seen

    return {name.replace("-", "_"): closure(name, []) for name in direct}


class Design:
    """One design under judgement, with the time that is left for it."""

    def __init__(self, cases, name, seconds, parts, image, depends):
        self.cases, self.name, self.parts, self.image, self.depends = cases, name, parts, image, depends
        self.accel, self.slow = designs()[name]
        self.short = name in SHORT_DESIGNS or seconds < FULL_SECONDS
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())

    def judge(self):
        if {"modules", "threads"} & set(self.parts):
            self.selftest_kernel()
        if "torture" in self.parts:
            self.torture()
        if "modules" in self.parts and not self.short:
            self.probes()
        if "stress" in self.parts and self.name not in SHORT_DESIGNS:
            self.stress()

    def start(self, cpus):
        # Lock checking makes a kernel several times slower. If it ends in an oops it prints all it has said.
        return VM(accel=self.accel, initrd=self.image, slow=3 * self.slow, smp=cpus, append="oops=panic panic_print=32",
                  kernel=guest_parts("kernel-selftest")["kernel_selftest"])

    def probes(self):
        """Simulation of instructions, on one CPU."""
        label = "%s: selftest kernel on one CPU" % self.name
        with self.start(1) as vm:
            try:
                vm.wait_shell(240)
                kernel = selftests.Kernel(vm, self.depends)
                kernel.expedite(True)
                self.run_module(label, kernel, selftests.PROBES)
            except Failure as failure:
                self.cases.report("%s: %s" % (label, selftests.PROBES.file), failure, vm)

    def selftest_kernel(self):
        label = "%s: selftest kernel" % self.name
        with self.start(4) as vm:
            try:
                vm.wait_shell(240)
                kernel = selftests.Kernel(vm, self.depends)
                selftests.boot_log(self.cases, label, kernel.log(), vm)
                if "modules" in self.parts:
                    kernel.expedite(True)
                    self.each(vm, label, [(module.file, self.run_module, (label, kernel, module))
                                          for module in selftests.MODULES if module.quick or not self.short])
                    self.each(vm, label, [("crypto", selftests.crypto, (self.cases, label, kernel))])
                    kernel.expedite(False)
                if "threads" in self.parts:
                    percent = 3 if self.short else 30
                    programs.run_in_guest(self.cases, label, vm, percent, CASE_SECONDS)
                bad = selftests.complaints(kernel.log(), None)
                self.cases.report(label + ": still healthy", "\n".join(bad[:5]) or None, vm)
                if "modules" in self.parts and not self.short:
                    self.each(vm, label, [("test-ww_mutex", self.run_module, (label, kernel, selftests.WW_MUTEX))])
            except Failure as failure:
                self.lost(label, vm, failure)

    def lost(self, label, vm, failure):
        path = os.path.join(programs.build_directory(), "console-%s.log" % self.name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(vm.text())
        self.cases.report(label + ": goes on", "%s; the whole console is in %s" % (failure, path))

    def each(self, vm, label, jobs):
        """Run (name, function, arguments) in turn; a guest that does not answer any more ends this."""
        for name, function, arguments in jobs:
            begin = time.monotonic()
            try:
                function(*arguments)
            except Failure as failure:
                self.cases.report("%s: %s" % (label, name), failure, vm)
                raise Failure("the guest was lost in " + name) from failure
            print("# %s: %.1f s" % (name, time.monotonic() - begin), flush=True)

    def run_module(self, label, kernel, module):
        selftests.run_module(self.cases, label, kernel, module)

    def torture(self):
        label = "%s: torture" % self.name
        todo = [torture for torture in selftests.TORTURES if torture.quick or not self.short]
        late = 0
        while todo:
            with self.start(4) as vm:
                try:
                    vm.wait_shell(240)
                    self.torture_guest(vm, label, todo)
                except Failure as failure:
                    self.lost(label, vm, failure)
                    return
                except selftests.LateCPU as message:
                    late += 1
                    if late == LATE_CPUS:
                        self.lost(label, vm, message)
                        return
                    print("# %s: %s: this host is too busy; again in a fresh guest" % (todo[0].name, message),
                          flush=True)

    def torture_guest(self, vm, label, todo):
        """Take from `todo` what has been done; what a LateCPU interrupts remains."""
        kernel = selftests.Kernel(vm, self.depends)
        # A kernel that gets stuck cannot be asked for its log: errors have to be on the console.
        vm.shell("dmesg -n 4")
        # Half of what is left, if stress-ng comes behind.
        share = self.left() * (0.5 if "stress" in self.parts and self.name not in SHORT_DESIGNS else 0.9)
        seconds = max(3 if self.short else 8, int(share / len(todo)) - 2)
        while todo:
            begin = time.monotonic()
            try:
                selftests.run_torture(self.cases, label, kernel, todo[0], seconds)
            except Failure as failure:
                selftests.late_cpu(vm.text())
                self.cases.report("%s: %s" % (label, todo[0].name), failure, vm)
                raise
            print("# %s: %.1f s" % (todo[0].name, time.monotonic() - begin), flush=True)
            todo.pop(0)

    def stress(self):
        fixed = 0 if self.short else 60         # boot, hackbench, the console
        stressors = stress.STRESSORS[::6] if self.short else stress.STRESSORS
        # stress-ng takes a second or two to start and to check.
        seconds = max(2, int((self.left() - fixed) / len(stressors)) - 2)
        stress.run(self.cases, self.name, self.accel, self.slow, seconds, stressors, whole=not self.short)


def main():
    parser = argparse.ArgumentParser(description="Linux as the judge of the machine.")
    parser.add_argument("--minutes", type=float, default=60, help="for everything together [60]")
    parser.add_argument("--design", help="of %s, joined by + [all]" % ", ".join(designs()))
    parser.add_argument("--parts", default="+".join(PARTS), help="[%s]" % "+".join(PARTS))
    options = parser.parse_args()
    names = options.design.split("+") if options.design else list(designs())
    parts = options.parts.split("+")
    for word, known in [(name, designs()) for name in names] + [(part, PARTS) for part in parts]:
        if word not in known:
            parser.error("%s is not one of %s" % (word, ", ".join(known)))
    cases = Cases()
    if not shutil.which(programs.COMPILERS["guest"][0]):
        cases.skip("Linux as judge", "no " + programs.COMPILERS["guest"][0])
        cases.finish()
    if is_upstream():
        cases.skip("Linux as judge", "not for another emulator")
        cases.finish()
    modules = guest_parts("kernel-selftest")["modules"]
    depends = module_dependencies(modules)
    with tempfile.TemporaryDirectory(prefix="judge.") as work:
        image = os.path.join(work, "image.cpio.gz")
        with image_behind(image, guest_parts("base")["initrd"], modules) as archive:
            programs.add_to(archive, programs.build("guest"))
        whole = sum(SHARES[name] for name in names)
        for name in names:
            Design(cases, name, options.minutes * 60 * SHARES[name] / whole, parts, image, depends).judge()
    if "modules" in parts:
        print("# known: %d (see tests/linux/selftests.py)" % len(selftests.KNOWN))
    cases.finish()


if __name__ == "__main__":
    main()
