#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has a change made the emulator slower? Runs two builds in turns on the bare-metal kernels and some Linux programs and
prints for each how many times faster B is than A, and the geometric mean with its interval of confidence.

The exit status is 1 if B is slower than the threshold allows beyond doubt: the whole interval lies below 1 - threshold.
2: something failed. BUILD is a directory with qemu-system-arm in it, or the program.

  compare.py build-before build
  compare.py build-before build --rounds 15 --threshold 1
"""
import argparse
import os
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import figures, images, jobs, options, runner, targets  # noqa: E402

PROGRAMS = {"linux": ["sha512", "awk", "forkexec", "pipes", "syscalls"], "splash": ["barnes", "ocean-contiguous"]}
QUICK = {"linux": ["forkexec", "syscalls"]}
# Of one image of bare metal; the others measure single mechanisms, of which a change may well slow one.
IMAGES = ["kernels"]


def judge(rows, threshold, confidence=0.95):
    """rows: {name: [A's time / B's time per round]}. Returns (mean, low, high, whether B is slower beyond doubt)."""
    mean, low, high = figures.bootstrap(list(rows.values()), confidence)
    return mean, low, high, mean is not None and high < 1 - threshold / 100


def ratios(data):
    """{suite/program: [A / B of every round]}."""
    table = figures.Table(data["samples"])
    found = {}
    for suite, program in table.rows:
        for cpus in table.cpus(suite):
            values = table.ratios(suite, program, (cpus, "A"), (cpus, "B"))
            if values:
                found["%s/%s, %d CPU%s" % (suite, program, cpus, "s" if cpus > 1 else "")] = values
    return found


def markdown(rows, verdict, threshold):
    mean, low, high, slower = verdict
    out = ["| program | B faster than A | rounds |", "| --- | --- | --- |"]
    out += ["| %s | **%.3f** | %.3f-%.3f |" % (name, statistics.median(values), min(values), max(values))
            for name, values in rows.items()]
    if mean is not None:
        out.append("| geometric mean | **%.3f** | 95%%: %.3f-%.3f |" % (mean, low, high))
        out += ["", "B is slower, beyond the threshold of %g%% and beyond doubt." % threshold if slower else
                "B is not slower by more than %g%%, or it cannot be told." % threshold]
    return "\n".join(out)


def program_of(build):
    path = os.path.join(build, "qemu-system-arm") if os.path.isdir(build) else build
    return os.path.abspath(path)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", metavar="BUILD_A", help="before")
    parser.add_argument("b", metavar="BUILD_B", help="after")
    parser.add_argument("--rounds", type=options.positive, default=7, help="[7]")
    parser.add_argument("--cpus", type=options.numbers, default=[1], help="of the guest [1]")
    parser.add_argument("--threshold", type=float, default=2.0, metavar="PERCENT",
                        help="how much slower is too slow [2]")
    parser.add_argument("--accel", default="", metavar="PROPERTIES", help="of both, for example ccache=separate")
    parser.add_argument("--mechanisms", action="store_true", help="also the kernels of one mechanism or idiom each")
    parser.add_argument("--bare", action="store_true", help="no Linux, only bare-metal kernels")
    parser.add_argument("--quick", action="store_true", help="one round of little: whether it works")
    parser.add_argument("--json", metavar="FILE", help="keeps the samples")
    for part in options.PARTS:
        parser.add_argument("--" + part, metavar="FILE", help="of the guest, instead of that of scripts/guest/build")
    chosen = parser.parse_args()
    if not 0 <= chosen.threshold < 100:
        parser.error("--threshold: from 0 to 100")
    if chosen.quick:
        chosen.rounds = 1
    return chosen


def make_jobs(chosen, directory):
    found = [(jobs.Bare(image), chosen.cpus) for image in [*IMAGES, *(images.ONE_CPU if chosen.mechanisms else [])]]
    if not chosen.bare:
        wanted = QUICK if chosen.quick else PROGRAMS
        listed = [program for suite, names in wanted.items() for program in images.suite(suite)
                  if program.name in names]
        job = jobs.Programs("programs", options.guest_parts(chosen), listed, chosen.quick, directory)
        found.append((job, chosen.cpus))
    return found


def work():
    chosen = parse()
    both = [targets.Target("A", "ours", program_of(chosen.a), chosen.accel, "before"),
            targets.Target("B", "ours", program_of(chosen.b), chosen.accel, "after")]
    for target in both:
        if targets.missing(target):
            runner.say("error: " + targets.missing(target))
            return 2
    with tempfile.TemporaryDirectory(prefix="pqemu-compare-") as directory:
        targets.freeze(both, directory)
        results = runner.Results("compare", both, chosen, chosen.json)
        complete = runner.Runner(results, make_jobs(chosen, directory), both, chosen.rounds).run()
    rows = ratios(results.data)
    verdict = judge(rows, chosen.threshold)
    print(markdown(rows, verdict, chosen.threshold))
    if not complete or not rows or any("error" in sample for sample in results.data["samples"]):
        return 2
    return 1 if verdict[3] else 0


if __name__ == "__main__":
    # 1 would say that B is slower.
    options.main(work, 2)
