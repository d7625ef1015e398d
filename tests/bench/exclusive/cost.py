#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What exclusives and stores to watched pages cost, in nanoseconds for each operation: a table of designs."""
import argparse
import importlib.util
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
spec = importlib.util.spec_from_file_location("run_guest", os.path.join(TESTS, "guest/run-guest.py"))
run_guest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_guest)
LINE = re.compile(r"^cost (\S+)/(\d+) (\d+)$", re.M)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qemu", default=os.path.join(run_guest.ROOT, "build/qemu-system-arm"))
    parser.add_argument("--build", default=os.path.join(run_guest.ROOT, "build/tests/bench"))
    parser.add_argument("--designs", default="unified,separate,snapshot")
    parser.add_argument("--cpus", default="1,2,4")
    parser.add_argument("--oracle", action="store_true", help="also Debian's qemu-system-arm")
    options = parser.parse_args()

    source = os.path.join(HERE, "cost.c")
    image = run_guest.build([source], options.build)[source]
    designs = {"unified": "ccache=unified", "separate": "ccache=separate", "single": "thread=single",
               "snapshot": "exclusive=snapshot"}
    columns = []
    for cpus in options.cpus.split(","):
        targets = [("%s/%s" % (name, cpus), options.qemu, designs[name]) for name in options.designs.split(",")]
        if options.oracle:
            targets.append(("upstream/" + cpus, "/usr/bin/qemu-system-arm", ""))
        for title, emulator, accel in targets:
            output, _, _ = run_guest.run(run_guest.command(emulator, image, int(cpus), accel), 120)
            if "cost end" not in output:
                print("%s failed:\n%s" % (title, output))
                return 1
            columns.append((title, {"%s (%s)" % (m[0], "all CPUs" if m[1] != "1" else "one CPU"): int(m[2])
                                    for m in LINE.findall(output)}))
    names = []
    for _, values in columns:
        names += [name for name in values if name not in names]
    width = max(map(len, names))
    print("%-*s  %s" % (width, "ns for each operation", "  ".join("%11s" % title for title, _ in columns)))
    for name in names:
        cells = ["%11s" % ("%.1f" % (values[name] / 1000) if name in values else "-") for _, values in columns]
        print("%-*s  %s" % (width, name, "  ".join(cells)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
