#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Random differential test of the CPU: x86-64 back end, IR interpreter and another emulator run the same sequences.

docs/testing-diff.md tells how it works. Prints TAP.
"""
import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import gen                      # noqa: E402  (path set above)
import gen_a32                  # noqa: E402
import gen_mix                  # noqa: E402
import gen_mmu                  # noqa: E402
import gen_sys                  # noqa: E402
import gen_t16                  # noqa: E402
import gen_undef                # noqa: E402
import gen_vfp                  # noqa: E402
import image                    # noqa: E402
import regress                  # noqa: E402
import runner                   # noqa: E402

KINDS = {"int": gen_a32.GenInt, "mem": gen_a32.GenMem, "thumb": gen_t16.GenThumb, "media": gen_a32.GenMedia,
         "vfp": gen_vfp.GenVfp, "sys": gen_sys.GenSys, "mix": gen_mix.GenMix, "smc": gen_mix.GenSmc,
         "undef": gen_undef.GenUndef, "mmu": gen_mmu.GenMmu}
BATCH = 1500                    # sequences per image
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parse_arguments():
    parser = argparse.ArgumentParser(description="Random differential test of the CPU.")
    parser.add_argument("--qemu", metavar="PATH", default=os.environ.get(
        "PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm")), help="[build/qemu-system-arm]")
    parser.add_argument("--quick", action="store_true",
                        help="regressions and 800 sequences of each kind; also if there are no arguments")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="kinds to run [all]")
    parser.add_argument("--count", type=int, default=3000, help="sequences per kind [3000]")
    parser.add_argument("--seed", type=int, default=1, help="[1]")
    parser.add_argument("--accel", action="append", metavar="NAME",
                        help="x86_64, interp, oracle [these three], or an argument of -accel")
    parser.add_argument("--no-oracle", action="store_true", help="compare PQEMU with itself only")
    parser.add_argument("--max-report", type=int, default=5, help="failing sequences to print per kind [5]")
    parser.add_argument("--no-regressions", action="store_true")
    return parser.parse_args()


def comment(text):
    for line in text.splitlines():
        print("# " + line)
    sys.stdout.flush()


def run_kind(kind, options, emulators):
    """Returns the number of failures (0 or more)."""
    failures = reported = 0
    done = insns = 0
    begin = time.monotonic()
    batch = 0
    while done < options.count:
        rng = random.Random("%s %d %d" % (kind, options.seed, batch))
        count = min(BATCH, options.count - done)
        sequences = [KINDS[kind](rng).build() for _ in range(count)]
        template = gen.template(rng)
        insns += sum(len(s.items) * len(s.states) for s in sequences)
        differences, problems = runner.run_all(sequences, emulators, template)
        reference = next((e for e in emulators if e.oracle), emulators[0])
        for difference in differences:
            failures += 1
            if reported >= options.max_report:
                continue
            reported += 1
            small = runner.minimise(difference.sequence, difference.state, difference.emulator, reference, template)
            again, _ = runner.run_all([small], [difference.emulator, reference], template)
            fields = again[0].fields if again else difference.fields
            comment(runner.describe(small, 0, fields, "kind %s seed %d batch %d: %s against %s" % (
                kind, options.seed, batch, difference.emulator.name, reference.name)))
        for emulator, problem, where in problems:
            failures += 1
            comment("kind %s seed %d batch %d: %s: %s" % (kind, options.seed, batch, emulator.name, problem))
            if where is not None and emulator is reference:
                comment(runner.describe(where, 0, [], "stops in or after"))
            elif where is not None:
                small = runner.minimise(where, 0, emulator, reference, template)
                comment(runner.describe(small, 0, [], "stops at"))
        done += count
        batch += 1
        if failures >= 40:
            break
    comment("%s: %d sequences, %d items run, %.1f s" % (kind, done, insns, time.monotonic() - begin))
    return failures


def main():
    options = parse_arguments()
    names = options.accel or ["x86_64", "interp", "oracle"]
    if options.no_oracle:
        names = [n for n in names if n != "oracle"]
    kinds = options.kind or list(KINDS)
    if options.quick or len(sys.argv) == 1:                 # the test runner gives no arguments
        options.count = 800
    if not os.access(options.qemu, os.X_OK):
        print("1..0 # SKIP no emulator at " + options.qemu)
        return 0
    try:
        image.runtime()
    except image.ToolsMissing as missing:
        print("1..1\nok 1 - differential test # SKIP no " + str(missing))
        return 0
    emulators = runner.emulators(options.qemu, names)
    if len(emulators) < 2 or ("oracle" in names and not any(e.oracle for e in emulators)):
        comment("the oracle is not installed")
    number = failed = 0

    def result(ok, name):
        nonlocal number, failed
        number += 1
        failed += not ok
        print("%s %d - %s" % ("ok" if ok else "not ok", number, name))
        sys.stdout.flush()

    if not options.no_regressions:
        for name, problems in regress.run([e for e in emulators if not e.oracle]):
            for problem in problems:
                comment(problem)
            result(not problems, "regression " + name)
    if len(emulators) > 1:
        for kind in kinds:
            failures = run_kind(kind, options, emulators)
            result(failures == 0, "%s seed %d: %s" % (kind, options.seed, " = ".join(e.name for e in emulators)))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
