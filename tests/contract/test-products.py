#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900 long
"""Builds emulators with one design of the code cache each (meson option ccache): they hold no code of the other, refuse
it in one line, and run a guest with their own. Prints TAP.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import contract  # noqa: E402

# Functions and tables that serve one design only.
ONLY = {"unified": ("cache_unified_ops", "unified_", "mpd_forget_page"),
        "separate": ("cache_separate_ops", "separate_", "mpd_forget_owner")}


def symbols_of(emulator, design):
    names = subprocess.run(["nm", emulator], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return sorted(name for name in names if name.startswith(ONLY[design]))


def run(emulator, *arguments):
    done = subprocess.run([emulator, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * contract.SCALE)
    return done.returncode, done.stdout, done.stderr


def check(report, directory, image, design, other):
    emulator = contract.build_emulator(os.path.join(directory, design), "-Dccache=" + design)
    found = symbols_of(emulator, other)
    report.check(not found, "only %s: no code of %s" % (design, other))
    if found:
        print("# " + " ".join(found))
    report.check(bool(symbols_of(emulator, design)), "only %s: its own code is there" % design)
    status, _, errors = run(emulator, "-M", "realview-eb-mpcore", "-accel", "tcg,ccache=" + other)
    report.check(status == 1 and errors.count("\n") == 1 and other in errors and "--ccache" in errors,
                "only %s: ccache=%s is refused in one line that names the remedy" % (design, other))
    output, status = contract.run_traced(emulator, image, "thread=multi", os.path.join(directory, "trace.json"),
                                         60 * contract.SCALE)
    report.check(status == 0 and output.count("ok ") == 4 and "not ok" not in output,
                "only %s: it is the default; a guest that stresses the cache runs" % design)
    status, output, _ = run(emulator, "-accel", "help")
    report.check(status == 0 and "tb-size" in output, "only %s: help" % design)


def cases(report, image, directory):
    check(report, directory, image, "unified", "separate")
    check(report, directory, image, "separate", "unified")


if __name__ == "__main__":
    sys.exit(contract.main("products", cases, builds=True))
