#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Builds every SPLASH program for the host and the guest and runs it at its test size: on the host with 1, 2 and 4
threads, in the guest with 1, 2 and 4 threads on 4 CPUs in the unified design. Each program verifies its own answer.

--all-modes runs every design with -smp 1, 2 and 4 and as many threads, and Debian's qemu-system-arm if it is there
(PQEMU_TEST_UPSTREAM names another one). --modes and --programs choose; --full uses the paper's sizes.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import build

sys.path.insert(0, os.path.join(build.ROOT, "tests/boot"))
from vm import VM, Cases, DESIGNS, Failure, guest_parts, is_upstream, time_scale  # noqa: E402

UPSTREAM = "upstream"
THREADS = (1, 2, 4)
LINE = r"^%s: parallel ([0-9.]+) s, total ([0-9.]+) s, verified$"
# In the guest: run RUN-OPTIONS THREADS PROGRAM... with a line before and after each.
RUN = """#!/bin/sh
options=$1 threads=$2
shift 2
for name; do
    echo "<run $name $threads>"
    /splash/$name -p $threads $(test $options = - || echo $options) 2>&1
    echo "<end $name $threads $?>"
done
"""
SIZE_LIMIT = {False: 60, True: 600}     # seconds for one run, before the factors for slow designs


def check_answer(name, text, status):
    """Returns (parallel, total) seconds from the program's line, of which there must be one."""
    lines = [found for found in (re.match(LINE % re.escape(name), line) for line in text.splitlines()) if found]
    if status != 0:
        raise Failure("exit status %s: %s" % (status, text.strip()[-2000:]))
    if len(lines) != 1:
        raise Failure("no line that says it is verified: %s" % text.strip()[-2000:])
    return float(lines[0].group(1)), float(lines[0].group(2))


def build_all(cases, names, target):
    """One case per program; returns {name: path} of those that compile without a warning."""
    paths = {}
    for name in names:
        with cases.case("%s: compiles for target %s" % (name, target)):
            try:
                paths[name], warnings = build.build(name, target)
            except build.BuildError as error:
                raise Failure(str(error)[-3000:]) from None
            if warnings:
                raise Failure(warnings[-3000:])
    return paths


def run_host(cases, paths, options):
    for name, path in paths.items():
        for threads in THREADS:
            with cases.case("%s: host, %d threads" % (name, threads)):
                done = subprocess.run([path, "-p", str(threads), *([] if options.full else ["-t"])],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                                      timeout=SIZE_LIMIT[options.full] * time_scale())
                parallel, total = check_answer(name, done.stdout, done.returncode)
                note(options, name, "host", 2, threads, parallel, total)


def note(options, name, mode, cpus, threads, parallel, total):
    if options.times:
        print("# time %-18s %-9s -smp %d -p %d: parallel %8.3f s, total %8.3f s"
              % (name, mode, cpus, threads, parallel, total), flush=True)


def run_guest(cases, names, mode, accel, slow, cpus, all_threads, options):
    """Boots once and runs all programs with each number of threads."""
    size = "-" if options.full else "-t"
    command = ";".join("/splash/run %s %d %s" % (size, threads, " ".join(names)) for threads in all_threads)
    prefix = "%s, -smp %d" % (mode, cpus)
    # The kernel is told to be quiet: what it finds late (USB) stood in the middle of a program's line.
    with VM(accel=accel, cmd=command, smp=cpus, slow=slow, append="loglevel=5") as vm:
        with cases.case(prefix + ": boots", vm) as up:
            seen = vm.wait_userland(120)
            if seen != cpus:
                raise Failure("%d CPUs" % seen)
        if not up.ok:
            return
        for threads in all_threads:
            for name in names:
                with cases.case("%s: %s, %d threads" % (name, prefix, threads), vm):
                    ended = False
                    begin = vm.expect(r"<run %s %d>\n" % (name, threads), 30).end()
                    try:
                        found = vm.expect(r"<end %s %d (\d+)>" % (name, threads), SIZE_LIMIT[options.full])
                    except Failure as error:
                        raise Failure("%s does not come to its end: %s" % (name, error)) from None
                    ended = True
                    text = vm.output[begin:found.start()].decode("utf-8", "replace").replace("\r", "")
                    parallel, total = check_answer(name, text, int(found.group(1)))
                    note(options, name, mode, cpus, threads, parallel, total)
                if not ended:
                    return
        with cases.case(prefix + ": kernel log is clean", vm):
            vm.check_log()


def run_guests(cases, paths, options):
    """All the modes that were asked for, with an initramfs made for them."""
    ours = os.environ.get("PQEMU_TEST_QEMU")
    with tempfile.NamedTemporaryFile(prefix="splash-", suffix=".cpio.gz") as image:
        build.image(guest_parts("base")["initrd"], image.name, paths.values(), [("run", RUN)])
        os.environ["PQEMU_TEST_GUEST"] = ",".join(filter(None, (os.environ.get("PQEMU_TEST_GUEST"),
                                                                "initrd=" + image.name)))
        for mode in options.modes:
            accel, slow = DESIGNS.get(mode, ("", 3))
            if mode == "host":
                continue
            if mode == UPSTREAM:
                upstream = os.environ.get("PQEMU_TEST_UPSTREAM", "/usr/bin/qemu-system-arm")
                if not os.path.exists(upstream):
                    cases.skip("programs under upstream QEMU", "no " + upstream)
                    continue
                os.environ["PQEMU_TEST_QEMU"] = upstream
            elif is_upstream():
                # The emulator under test is somebody's QEMU, which knows no designs.
                mode, accel, slow = UPSTREAM, "", 3
            if options.matrix:
                for cpus in options.cpus:
                    run_guest(cases, paths, mode, accel, slow, cpus, [cpus], options)
            else:
                run_guest(cases, paths, mode, accel, slow, 4, THREADS, options)
            os.environ.pop("PQEMU_TEST_QEMU", None)
            if ours:
                os.environ["PQEMU_TEST_QEMU"] = ours


def parse_arguments():
    every_mode = ["host", *DESIGNS, UPSTREAM]
    parser = argparse.ArgumentParser(description="Runs the SPLASH programs on the host and in the guest.")
    parser.add_argument("--programs", help="only these, separated by commas")
    parser.add_argument("--modes", help="only these, separated by commas: " + ", ".join(every_mode))
    parser.add_argument("--all-modes", action="store_true", help="every design and Debian's emulator, -smp 1, 2, 4")
    parser.add_argument("--cpus", default="1,2,4", help="values of -smp with --all-modes or --modes")
    parser.add_argument("--full", action="store_true", help="the paper's sizes instead of the test sizes")
    parser.add_argument("--times", action="store_true", help="show the times of each run")
    options = parser.parse_args()
    options.matrix = bool(options.all_modes or options.modes)
    options.modes = options.modes.split(",") if options.modes else every_mode if options.all_modes else every_mode[:2]
    options.programs = options.programs.split(",") if options.programs else build.programs()
    options.cpus = [int(word) for word in options.cpus.split(",")]
    for word in {*options.modes} - {*every_mode} | {*options.programs} - {*build.programs()}:
        parser.error("unknown: " + word)
    return options


def main():
    options = parse_arguments()
    cases = Cases()
    for target, run in (("native", run_host), ("guest", run_guests)):
        wanted = [mode for mode in options.modes if (mode == "host") == (target == "native")]
        if not wanted:
            continue
        if not build.has_compiler(target):
            cases.skip("programs for target " + target, "no " + build.TARGETS[target][0])
            continue
        run(cases, build_all(cases, options.programs, target), options)
    cases.finish()


if __name__ == "__main__":
    main()
