#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=1500 long
"""Builds emulators that leave a lock out (meson option leave_out) and shows that the check of the contract notices.
Prints TAP. Such an emulator may crash or hang: its timeline is written all the same.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import contract  # noqa: E402

# What is left out -> (properties, pairs of which at least one must be found). To find jumps to chain again and again
# without building, the code cache must hold all forks.
LEFT_OUT = {
    "build_lock": [("ccache=unified", {("Publish", "Publish")})],
    "chain_lock": [("ccache=unified,tb-size=16", {("Chain", "Chain")})],
    "exclusive": [("ccache=unified", {("Execute", "Invalidate"), ("Execute", "Exclusive")}),
                  ("ccache=separate", {("Execute", "Invalidate"), ("Execute", "Exclusive")})],
    "flush": [("ccache=unified", {("Execute", "Flush"), ("Build", "Flush"), ("Exclusive", "Execute")})],
}
TRIES = 10              # an overlap needs luck when there are few host CPUs


def find_violation(emulator, image, properties, wanted, directory):
    """Lines of evidence, or None."""
    check = contract.check
    table = check.read_contract("separate" if "separate" in properties else "unified")
    for _ in range(TRIES):
        trace = os.path.join(directory, "trace.json")
        if os.path.exists(trace):
            os.remove(trace)
        _, status = contract.run_traced(emulator, image, properties, trace, 20 * contract.SCALE)
        try:
            spans, tracks, _ = check.read_trace(trace)
        except check.ContractError as error:
            # It crashed once more while it wrote.
            print("# another try: %s" % error, flush=True)
            continue
        seen, violations = check.find_overlaps(spans, table)
        kinds = {tuple(sorted((one.name, other.name))) for one, other in violations}
        if kinds & {tuple(sorted(pair)) for pair in wanted}:
            return ["exit status %s" % status, *check.summary(spans, seen, violations, tracks)]
    return None


def cases(report, image, directory):
    for left_out, runs in LEFT_OUT.items():
        emulator = contract.build_emulator(os.path.join(directory, "build"), "-Dleave_out=" + left_out)
        for properties, wanted in runs:
            evidence = find_violation(emulator, image, properties, wanted, directory)
            report.check(evidence is not None, "%s without %s: the violation is found" % (properties, left_out))
            for line in evidence or ():
                print("# " + line)
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(contract.main("leave_out", cases, builds=True))
