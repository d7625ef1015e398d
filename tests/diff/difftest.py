#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: long timeout=7200 as=long args=--long
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
import gen_irq                  # noqa: E402
import gen_mix                  # noqa: E402
import gen_mmu                  # noqa: E402
import gen_mmu_old              # noqa: E402
import gen_sys                  # noqa: E402
import gen_t16                  # noqa: E402
import gen_undef                # noqa: E402
import gen_vfp                  # noqa: E402
import image                    # noqa: E402
import known                    # noqa: E402
import regress                  # noqa: E402
import runner                   # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

KINDS = {"int": gen_a32.GenInt, "mem": gen_a32.GenMem, "thumb": gen_t16.GenThumb, "media": gen_a32.GenMedia,
         "vfp": gen_vfp.GenVfp, "sys": gen_sys.GenSys, "mix": gen_mix.GenMix, "smc": gen_mix.GenSmc,
         "undef": gen_undef.GenUndef, "mmu": gen_mmu.GenMmu, "mmu-old": gen_mmu_old.GenMmuOld, "irq": gen_irq.irq,
         "irq-mmu": gen_irq.irq_mmu, "smp": gen_irq.smp}
# More emulators for a kind: of each that is under test.
VARIANTS = {"irq": gen_irq.irq_variants, "irq-mmu": gen_irq.irq_variants, "smp": gen_irq.smp_variants}
BATCH = 1500                    # sequences per image
QUICK = {"irq": 300, "irq-mmu": 150, "smp": 250}        # sequences of a short run; others: 800
LONG = 11000000                 # instructions of a long run, evenly of all kinds but those in LONG_SEQUENCES
LONG_SEQUENCES = {"undef": 20000}       # a sequence ends at its first instruction
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parse_arguments():
    parser = argparse.ArgumentParser(description="Random differential test of the CPU.")
    parser.add_argument("--qemu", metavar="PATH", default=os.environ.get(
        "PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm")), help="[build/qemu-system-arm]")
    parser.add_argument("--quick", action="store_true",
                        help="regressions and some hundred sequences of each kind; also if there are no arguments")
    parser.add_argument("--long", action="store_true", help="eleven million instructions, evenly of all kinds")
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


def run_kind(kind, options, emulators, sequences_wanted, insns_wanted):
    """Until so many sequences and instructions have run. Returns the number of failures and of instructions."""
    failures = reported = 0
    done = insns = 0
    begin = time.monotonic()
    batch = 0
    variants = VARIANTS.get(kind, lambda emulator: [])
    emulators = emulators + [variant for e in emulators if not e.oracle for variant in variants(e)]
    while done < sequences_wanted or insns < insns_wanted:
        rng = random.Random("%s %d %d" % (kind, options.seed, batch))
        count = min(BATCH, sequences_wanted - done) if done < sequences_wanted else BATCH
        sequences = [KINDS[kind](rng).build() for _ in range(count)]
        template = gen.template(rng)
        result = runner.run_all(sequences, emulators, template)
        insns += result.executed
        reference = next((e for e in emulators if e.oracle), emulators[0])
        for difference in result.differences:
            failures += 1
            if reported >= options.max_report:
                continue
            reported += 1
            small = runner.minimise(difference.sequence, difference.state, difference.emulator, reference, template)
            again = runner.run_all([small], [difference.emulator, reference], template).differences
            fields = again[0].fields if again else difference.fields
            comment(runner.describe(small, 0, fields, "kind %s seed %d batch %d: %s against %s" % (
                kind, options.seed, batch, difference.emulator.name, reference.name)))
        for emulator, problem, where in result.problems:
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
    comment("%s: %d sequences, %d instructions on each of %s, %.1f s" % (
        kind, done, insns, ", ".join(e.name for e in emulators), time.monotonic() - begin))
    return failures, insns


def main():
    options = parse_arguments()
    options.qemu = os.path.abspath(options.qemu)            # emulators run in a directory of their own
    names = options.accel or ["x86_64", "interp", "oracle"]
    if options.no_oracle:
        names = [n for n in names if n != "oracle"]
    kinds = options.kind or list(KINDS)
    quick = options.quick or len(sys.argv) == 1             # the test runner gives no arguments
    cases = tap.Cases()
    if not os.access(options.qemu, os.X_OK):
        cases.skip("differential test", "no emulator at " + options.qemu)
        return cases.done()
    try:
        image.runtime()
    except image.ToolsMissing as missing:
        cases.skip("differential test", "no " + str(missing))
        return cases.done()
    emulators = runner.emulators(options.qemu, names)
    if "oracle" in names and not any(e.oracle for e in emulators):
        comment("the oracle is not installed")
    if not options.no_regressions:
        for name, problems in regress.run([e for e in emulators if not e.oracle]):
            for problem in problems:
                comment(problem)
            cases.check(not problems, "regression " + name)
    kinds = [kind for kind in kinds if len(emulators) > 1 or kind in VARIANTS]      # there is something to compare
    if kinds:
        total = 0
        for kind in kinds:
            count, least = options.count, 0
            if quick:
                count = QUICK.get(kind, 800)
            elif options.long:
                count = LONG_SEQUENCES.get(kind, 1)
                least = 0 if kind in LONG_SEQUENCES else LONG // (len(KINDS) - len(LONG_SEQUENCES))
            failures, insns = run_kind(kind, options, emulators, count, least)
            total += insns
            cases.check(failures == 0, "%s seed %d: %s" % (kind, options.seed, " = ".join(e.name for e in emulators)))
        comment("%d instructions on each emulator" % total)
    if known.used:
        comment("known: %d (see tests/diff/known.py)" % len(known.used))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
