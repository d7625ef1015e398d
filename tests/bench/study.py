#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the two designs of the code cache, and thread=single: boot, Linux workloads, SPLASH, changing code, a
storm of flushes. Times come from plain runs; a last round with -accel tcg,stats= gives locks, translations and events.

Prints tables, writes JSON, Markdown and plots, and predicts what more cores would give. docs/benchmarks.md tells more.

  study.py                          the committed study
  study.py --quick                  whether everything works
"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import images, jobs, options, runner, study_report, targets  # noqa: E402

GROUPS = ["boot", "linux", "splash", "stress", "flush"]
# The whole suite would tell no more.
SUBSETS = {"linux": ["sha512", "awk", "syscalls", "forkexec", "pipes", "wakeups"]}
QUICK = {"linux": ["forkexec", "wakeups"], "splash": ["fft"], "stress": ["selfmodify-shared"], "flush": ["shell"]}
# The smallest code cache there is.
EXTRA = {"flush": "tb-size=1"}


def parse():
    parser = options.parser(__doc__, "study")
    parser.set_defaults(rounds=2)
    parser.add_argument("--groups", type=options.names(GROUPS), default=GROUPS, help="of %s [all]" % ", ".join(GROUPS))
    parser.add_argument("--ours", metavar="FILE", default=os.path.join(targets.ROOT, "build/qemu-system-arm"))
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds = 1
    chosen.cpus = chosen.cpus or ([1, 2] if chosen.quick else [1, 2, 4])
    return chosen


def make_jobs(chosen, directory, counters):
    parts = options.guest_parts(chosen)
    found = []
    for group in chosen.groups:
        if group == "boot":
            job = jobs.Boot(parts, counters)
        else:
            names = QUICK[group] if chosen.quick else SUBSETS.get(group)
            listed = [program for program in images.suite(group) if not names or program.name in names]
            job = jobs.Programs(group, parts, listed, chosen.quick, directory, None, EXTRA.get(group, ""), counters)
        found.append((job, chosen.cpus))
    return found


def work():
    chosen = parse()
    options.prepare_output(chosen, "study")
    if chosen.source:
        return options.again(chosen, "study", study_report.markdown)
    wanted = options.usable([target for target in targets.standard_targets(os.path.abspath(chosen.ours), "")
                             if target.kind == "ours"], needed=("ours",))
    if not images.has_compiler("guest"):
        sys.exit("error: no %s (package gcc-arm-linux-gnueabi)" % images.compiler("guest"))
    with tempfile.TemporaryDirectory(prefix="pqemu-study-") as directory:
        targets.freeze(wanted, directory)
        results = runner.Results("study", wanted, chosen, chosen.output + ".json")
        plain = runner.Runner(results, make_jobs(chosen, directory, False), wanted, chosen.rounds)
        counted = runner.Runner(results, make_jobs(chosen, directory, True), wanted, 1, counted=True)
        runner.say("%d rounds and one with counters, about %.0f minutes in all" % (
            chosen.rounds, max(1, (plain.estimate() + counted.estimate()) / 60)))
        complete = plain.run() and counted.run()
    status = options.show(results.path, results.data, chosen.output, not chosen.no_plots,
                          study_report.markdown(results.data))
    return status if complete else 130


if __name__ == "__main__":
    options.main(work)
