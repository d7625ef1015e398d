#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures this emulator against upstream's qemu-system-arm and the host: same kernel, initramfs and command line.

Targets take turns in every round; each boots once for each number of CPUs and round and runs all its programs. Prints a
table and writes JSON, Markdown and plots. docs/benchmarks.md tells more.

  run.py                                        everything: the committed results
  run.py --suites boot,linux --cpus 4
  run.py --programs DIR                         programs of your own, DIR/programs.ini lists them
  run.py --quick                                whether everything works
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import images, jobs, manifest, options, report, runner, targets  # noqa: E402

SUITES = ["micro", "boot", "linux", "splash"]
TARGETS = ["native", "upstream-single", "upstream", "single", "unified", "separate"]
# Few, but one of every kind.
QUICK = {"splash": ["fft", "radix", "water-spatial"], "linux": ["sha512", "awk", "forkexec", "pipes", "wakeups"]}


def parse():
    parser = options.parser(__doc__, "run")
    parser.add_argument("--suites", type=options.names(SUITES),
                        help="of %s [all; none with --programs]" % ", ".join(SUITES))
    parser.add_argument("--targets", type=options.names(TARGETS), help="of %s [all]" % ", ".join(TARGETS))
    parser.add_argument("--only", metavar="REGEX", help="only programs whose SUITE/NAME matches")
    parser.add_argument("--ours", metavar="FILE", default=os.path.join(targets.ROOT, "build/qemu-system-arm"))
    parser.add_argument("--upstream", metavar="FILE", default="qemu-system-arm", help="the emulator to compare with")
    parser.add_argument("--programs", metavar="DIR", help="static ARM programs of your own")
    parser.add_argument("--manifest", metavar="FILE", help="their list [DIR/programs.ini]")
    parser.add_argument("--native-programs", metavar="DIR", help="the same for the host, for the native column")
    chosen = parser.parse_args()
    if (chosen.manifest or chosen.native_programs) and not chosen.programs:
        parser.error("--manifest and --native-programs need --programs")
    if chosen.suites is None:
        chosen.suites = [] if chosen.programs else SUITES
    if chosen.quick:
        chosen.rounds = 1
    chosen.cpus = chosen.cpus or ([2] if chosen.quick else [1, 2, 4])
    chosen.targets = chosen.targets or [name for name in TARGETS if not chosen.quick or name != "upstream-single"]
    return chosen


def programs(chosen):
    """All programs of the chosen suites that run under Linux."""
    found = []
    for suite in chosen.suites:
        if suite in ("splash", "linux"):
            listed = images.suite(suite)
            found += [program for program in listed if not chosen.quick or program.name in QUICK[suite]]
    if chosen.programs:
        directory = os.path.abspath(chosen.programs)
        suite = re.sub(r"[^A-Za-z0-9_-]", "-", os.path.basename(directory)) or "programs"
        found += manifest.read(chosen.manifest or os.path.join(directory, "programs.ini"),
                               suite if suite not in SUITES else suite + "-given", directory)
    if chosen.only:
        found = [program for program in found if re.search(chosen.only, program.suite + "/" + program.name)]
    return found


def make_jobs(chosen, directory):
    """[(job, numbers of CPUs)]: micro by bare-metal image, the boot alone, and all programs in one boot."""
    found = []
    if "micro" in chosen.suites:
        for image in images.BARE_IMAGES:
            found.append((jobs.Bare(image), chosen.cpus[:1] if image in images.ONE_CPU else chosen.cpus))
    listed = programs(chosen)
    if "boot" in chosen.suites or listed:
        parts = options.guest_parts(chosen)
    if "boot" in chosen.suites:
        found.append((jobs.Boot(parts), chosen.cpus))
    if listed:
        native = os.path.abspath(chosen.native_programs) if chosen.native_programs else None
        found.append((jobs.Programs("programs", parts, listed, chosen.quick, directory, native), chosen.cpus))
    if not found:
        sys.exit("error: nothing to run")
    return found


def work():
    chosen = parse()
    options.prepare_output(chosen, "run")
    if chosen.source:
        return options.again(chosen, "run", report.markdown)
    wanted = [target for target in targets.standard_targets(os.path.abspath(chosen.ours), chosen.upstream)
              if target.name in chosen.targets]
    wanted = options.usable(wanted, needed=("ours",))
    if not images.has_compiler("guest"):
        sys.exit("error: no %s (package gcc-arm-linux-gnueabi)" % images.compiler("guest"))
    with tempfile.TemporaryDirectory(prefix="pqemu-bench-") as directory:
        targets.freeze(wanted, directory)
        results = runner.Results("run", wanted, chosen, chosen.output + ".json")
        complete = runner.Runner(results, make_jobs(chosen, directory), wanted, chosen.rounds).run()
    status = options.show(results.path, results.data, chosen.output, not chosen.no_plots, report.markdown(results.data))
    return status if complete else 130


if __name__ == "__main__":
    options.main(work)
