#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Bounds what the translator does for pages with both code and data: no storm of invalidations and rebuilds; and what
stores beside locks cost: they stay in translated code. Prints TAP.

Runs smc-beside (a hundred thousand stores beside code), smc-reuse (code written again and again) and excl-beside (a
hundred thousand stores beside a lock) and reads the event counters of `-d stats`.
"""
import importlib.util
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("run_guest", os.path.join(HERE, "run-guest.py"))
run_guest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_guest)

# image -> {event: bound for each CPU}. smc-reuse rewrites 400 functions and 60 pages with 16 functions per CPU.
BOUNDS = {
    "smc-beside": {"invalidate": 20, "build": 400, "exclusive_sections": 60},
    "smc-reuse": {"invalidate": 900, "build": 60000, "exclusive_sections": 2500},
    "excl-beside": {"watched_stores": 10000},       # one in sixteen is counted against its page
}


def counters(path):
    """event -> sum over the CPUs."""
    result = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = re.match(r"^([a-z_0-9]+)((?:\s+\d+)+)$", line)
            if found:
                result[found.group(1)] = int(found.group(2).split()[-1])
    return result


def main():
    build_root = os.environ.get("PQEMU_TEST_BUILD", os.path.join(run_guest.ROOT, "build"))
    emulator = os.environ.get("PQEMU_TEST_QEMU", os.path.join(run_guest.ROOT, "build/qemu-system-arm"))
    scale = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
    report = run_guest.Report(False)
    if not run_guest.shutil.which(run_guest.CROSS + "gcc") or run_guest.is_upstream(emulator):
        report.skip("counters", "needs a cross compiler and this emulator")
        return report.done()
    sources = {name: os.path.join(HERE, name + ".c") for name in BOUNDS}
    images = run_guest.build(list(sources.values()), os.path.join(build_root, "tests/guest"))
    for name, bounds in BOUNDS.items():
        for design in ("unified", "separate"):
            for cpus in (1, 4):
                with tempfile.NamedTemporaryFile() as log:
                    argv = run_guest.command(emulator, images[sources[name]], cpus, "ccache=" + design,
                                             ["-d", "stats", "-D", log.name])
                    output, status, _ = run_guest.run(argv, 30 * scale)
                    seen = counters(log.name)
                label = "%s/%s/%d" % (name, design, cpus)
                report.check(status == 0, label + ": runs")
                for event, bound in bounds.items():
                    good = event in seen and seen[event] <= bound * cpus
                    report.check(good, "%s: %s stays below %d" % (label, event, bound * cpus))
                    if not good:
                        print("# %s: %s\n# %s" % (event, seen.get(event, "not reported"), " ".join(argv)))
                        print("# | " + output.replace("\n", "\n# | "))
    return report.done()


if __name__ == "__main__":
    sys.exit(main())
