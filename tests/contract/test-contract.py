#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""Runs the stress guest in both designs of the code cache and checks its timeline against the tables of docs/caches.md:
no two events marked S overlapped on two CPUs. Prints TAP. What leaves a lock out is test-leave-out.py.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import contract  # noqa: E402

DESIGNS = {"unified": "ccache=unified", "separate": "ccache=separate", "single": "thread=single"}
MIN_EVENTS = 20         # of each kind, so that the absence of overlaps says something


def plant_violation(spans, table):
    """A copy of some span on another track, at the same time: None if the table has nothing to forbid there."""
    for span in spans:
        if table.get((span.name, span.name)) == "S":
            other = next(s.track for s in spans if s.track != span.track)
            return [*spans, span._replace(track=other)]
    return None


def test_design(report, design, properties, image, directory):
    check = contract.check
    table = check.read_contract("separate" if design == "separate" else "unified")
    trace = os.path.join(directory, "trace.json")
    output, status = contract.run_traced(contract.EMULATOR, image, properties, trace, 40 * contract.SCALE)
    good = status == 0 and output.count("\nok") + output.startswith("ok") == 4
    report.check(good, design + ": the guest computes what it should")
    if not good:
        print("# | " + output.replace("\n", "\n# | "))
    spans, tracks, instants = check.read_trace(trace)
    os.remove(trace)
    report.check(sorted(tracks.values()) == ["CPU 0", "CPU 1", "CPU 2", "CPU 3", "I/O thread"],
                design + ": a named track for every CPU and the I/O thread")
    crossing = check.find_crossing(spans)
    report.check(not crossing, design + ": spans nest")
    if crossing:
        print("# %s\n# %s" % tuple(check.describe(span, tracks) for span in crossing))
    report.check(all(instants[name] for name in ("IRQ", "SGI sent", "SGI taken")),
                     design + ": interrupts are on record")
    names = [span.name for span in spans]
    rare = {name: names.count(name) for name in check.EVENTS.values()
            if names.count(name) < (3 if name == "Flush" else MIN_EVENTS)}
    report.check(not rare, design + ": every event happened often enough")
    if rare:
        print("# %s" % rare)
    seen, violations = check.find_overlaps(spans, table)
    report.check(not violations, design + ": no pair marked S overlapped")
    if design == "single":
        report.check(not seen, design + ": CPUs run by turns")
    else:
        report.check(seen["I"] + seen["D"] > 0, design + ": CPUs did run at the same time")
    for line in check.summary(spans, seen, violations, tracks):
        print("# " + line)
    planted = plant_violation(spans, table)
    planted.sort(key=lambda span: (span.begin, -span.end))
    report.check(len(check.find_overlaps(planted, table)[1]) > len(violations), design + ": a planted overlap is found")


def cases(report, image, directory):
    for design, properties in DESIGNS.items():
        test_design(report, design, properties, image, directory)


if __name__ == "__main__":
    sys.exit(contract.main("contract", cases))
