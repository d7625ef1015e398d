#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=7200 long
"""The emulator as another host gets it: built for AArch64 (scripts/cross-aarch64), where it interprets; its unit tests
and guest tests run under qemu-aarch64. Prints TAP.

Guest tests whose verdict depends on how the emulator's threads are scheduled, or that take long when interpreted by an
interpreted emulator, are left to the host's own run.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUEST = ["hello", "aborts", "borders", "cp15", "device", "dma", "endian", "exceptions", "exclusive", "excl-dma-one-cpu",
         "excl-locks", "fcse", "fetch", "gic", "loops", "mmu", "mmu-subpages", "psr", "selfmod", "smc-dropped-flags",
         "smc-interrupt", "smc-smp", "unaligned", "undefined", "vfp"]


def take(cases, prefix, argv, limit, cwd=ROOT):
    """The TAP lines of a program, as cases of this one."""
    env = dict(os.environ, PQEMU_TEST_TIME_SCALE="20")
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, cwd=cwd, env=env)
    except subprocess.TimeoutExpired:
        cases.check(False, "%s: ends" % prefix)
        return
    text = done.stdout.decode(errors="replace")
    found = re.findall(r"^(not )?ok \d+ (?:- )?(.*)$", text, re.M)
    for wrong, name in found:
        cases.check(not wrong or "# TODO" in name, "%s: %s" % (prefix, name))
    if done.returncode or not found:
        cases.check(False, "%s: exit status %d" % (prefix, done.returncode), text[-3000:])


def unit_tests(build, wrapper):
    """(name, command) of the build's unit tests but long ones. Programs are for the other host, scripts run here."""
    with open(os.path.join(build, "meson-info", "intro-tests.json"), encoding="ascii") as f:
        tests = json.load(f)
    for test in tests:
        suites = [suite.split(":")[-1] for suite in test["suite"]]
        if "unit" in suites and "long" not in suites:
            yield test["name"], [started(build, wrapper, word) for word in test["cmd"]]


def started(build, wrapper, word):
    """A program of the build as a script that starts it; anything else as it is."""
    if not os.path.normpath(word).startswith(build + "/") or not os.path.isfile(word):
        return word
    path = os.path.join(build, "run", os.path.basename(word))
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (" ".join(wrapper), word))
    os.chmod(path, 0o755)
    return path


def main():
    if not shutil.which("aarch64-linux-gnu-gcc") or not shutil.which("qemu-aarch64"):
        print("1..0 # SKIP no gcc-aarch64-linux-gnu or qemu-user (scripts/install-deps --cross)")
        return 0
    cases = tap.Cases()
    build = os.path.join(ROOT, "build-aarch64")
    made = subprocess.run([os.path.join(ROOT, "scripts/cross-aarch64"), build])
    cases.check(made.returncode == 0, "builds without warnings")
    if not made.returncode:
        emulator = os.path.join(build, "run", "qemu-system-arm")
        with open(emulator, encoding="ascii") as f:
            wrapper = f.read().split("\n")[1].split()[1:-2]
        for name, command in unit_tests(build, wrapper):
            take(cases, name, command, 1800, build)
        take(cases, "guest", ["tests/guest/run-guest.py", "--qemu", emulator, "--modes", "interp", "--cpus", "1,2",
                              *GUEST], 3600)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
