#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: timeout=3600 long as=thorough args=--percent,400,--design,unified+separate+single+interp
"""Futexes and POSIX threads in Linux on four CPUs: the programs of tests/linux/programs, in both code cache designs.

    tests/linux/test-threads.py [--percent N] [--design NAME+...] [--host] [--user-mode] [NAME...]

--percent: how much the contended cases do, 100 being their usual amount. --host runs the programs on this machine,
--user-mode under Debian's emulator of a process, to see whether a case is right.
"""
import argparse
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import programs                 # noqa: E402  (path set above)
from archive import image_behind                                            # noqa: E402
from vm import VM, Cases, Failure, designs, guest_parts, is_upstream        # noqa: E402

DEFAULT_PERCENT = 15
SECONDS = 60                    # one case, at usual speed


def main():
    parser = argparse.ArgumentParser(description="Futexes and threads in the guest.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs: %s [all]" % ", ".join(programs.NAMES))
    parser.add_argument("--percent", type=int, default=DEFAULT_PERCENT, help="[%d]" % DEFAULT_PERCENT)
    parser.add_argument("--design", help="of %s, joined by +; [unified+separate]" % ", ".join(designs()))
    parser.add_argument("--host", action="store_true", help="run the programs here instead")
    parser.add_argument("--user-mode", action="store_true", help="run the programs under qemu-arm instead")
    options = parser.parse_args()
    unknown = set(options.names) - set(programs.NAMES)
    if unknown:
        parser.error("no such program: " + " ".join(sorted(unknown)))
    cases = Cases()
    target = "host" if options.host else "guest"
    if not shutil.which(programs.COMPILERS[target][0]):
        cases.skip("threads in the guest", "no " + programs.COMPILERS[target][0])
        cases.finish()
    paths = programs.build(target)
    paths = {name: path for name, path in paths.items() if not options.names or name in options.names}
    if options.host or options.user_mode:
        programs.run_here(cases, target, paths, options.percent, SECONDS,
                          ("qemu-arm", "-cpu", "arm11mpcore") if options.user_mode else ())
        cases.finish()
    usual = "multi" if is_upstream() else "unified+separate"
    with tempfile.TemporaryDirectory(prefix="threads.") as work:
        image = os.path.join(work, "image.cpio.gz")
        with image_behind(image, guest_parts("base")["initrd"]) as archive:
            programs.add_to(archive, paths)
        for design in (options.design or usual).split("+"):
            accel, slow = designs()[design]
            with VM(accel=accel, initrd=image, slow=slow) as vm:
                try:
                    vm.wait_shell()
                except Failure as failure:
                    cases.report(design + ": boot", failure, vm)
                    continue
                programs.run_in_guest(cases, design, vm, options.percent, SECONDS, tuple(paths))
                with cases.case(design + ": kernel log is clean", vm):
                    vm.shell("dmesg", 60)
                    vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
