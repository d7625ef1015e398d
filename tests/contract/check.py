#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks a timeline (-accel tcg,trace=FILE) against the contract: no two events that docs/caches.md marks S may have
overlapped on two CPUs. Also checks the form of the timeline: named tracks, spans that nest.

    check.py --design unified trace.json
"""
import argparse
import collections
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOC = os.path.join(ROOT, "docs/caches.md")
# The table's letters -> names in the timeline.
EVENTS = {"B": "Build", "R": "Restore", "C": "Chain", "U": "Unchain", "F": "Flush", "I": "Invalidate",
          "FS": "Find Slow", "FF": "Find Fast", "E": "Execute", "P": "Publish", "X": "Exclusive"}
Span = collections.namedtuple("Span", "begin end track name")


class ContractError(Exception):
    """The document or the timeline is not what this program can read."""


def read_contract(design, path=DOC):
    """{(event, event): 'S', 'D' or 'I'} from the table under the heading that ends in the design's name."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    heading = re.compile(r"^#+ Contract: %s\b" % design)
    start = next((i for i, line in enumerate(lines) if heading.match(line)), None)
    if start is None:
        raise ContractError("%s has no table of the contract for %s" % (path, design))
    rows = []
    for line in lines[start + 1:]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif rows:
            break
    columns = rows[0][1:] if rows else []
    if sorted(columns) != sorted(EVENTS):
        raise ContractError("the table for %s has the columns %s" % (design, columns))
    names = {name: letter for letter, name in EVENTS.items()}
    contract = {}
    for row in rows[2:]:
        if row[0] not in names or len(row) != len(columns) + 1:
            raise ContractError("the table for %s has a strange row: %s" % (design, row))
        for column, cell in zip(columns, row[1:]):
            if not re.match(r"^[SDI]( [a-z])*$", cell):
                raise ContractError("%s/%s: %s" % (row[0], column, cell))
            contract[row[0], EVENTS[column]] = cell[0]
    for one, other in list(contract):
        if contract.get((one, other)) != contract.get((other, one)):
            raise ContractError("%s/%s is not symmetric" % (one, other))
    if len(contract) != len(EVENTS) ** 2:
        raise ContractError("the table for %s lacks rows" % design)
    return contract


def nanoseconds(microseconds):
    return round(microseconds * 1000)


def read_trace(path):
    """(spans in order of begin, names of tracks, instants by name). Raises ContractError if the form is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            records = json.load(file)
    except (OSError, ValueError) as error:
        raise ContractError("%s: %s" % (path, error)) from error
    spans, tracks, instants = [], {}, collections.Counter()
    for record in records:
        if record["ph"] == "X":
            begin = nanoseconds(record["ts"])
            spans.append(Span(begin, begin + nanoseconds(record["dur"]), record["tid"], record["name"]))
        elif record["ph"] == "M" and record["name"] == "thread_name":
            tracks[record["tid"]] = record["args"]["name"]
        elif record["ph"] == "i":
            instants[record["name"]] += 1
    # Of spans that begin together the longer one is the outer one.
    spans.sort(key=lambda span: (span.begin, -span.end))
    unnamed = {span.track for span in spans} - set(tracks)
    if unnamed:
        raise ContractError("tracks without a name: %s" % unnamed)
    return spans, tracks, instants


def find_crossing(spans):
    """Two spans of one track that overlap without one lying in the other, or None."""
    open_spans = collections.defaultdict(list)
    for span in spans:
        stack = open_spans[span.track]
        while stack and stack[-1].end <= span.begin:
            stack.pop()
        if stack and stack[-1].end < span.end:
            return stack[-1], span
        stack.append(span)
    return None


def find_overlaps(spans, contract):
    """(number of overlapping pairs by mark, the violations)."""
    seen, violations, active = collections.Counter(), [], collections.defaultdict(list)
    for span in spans:
        if (span.name, span.name) not in contract:
            continue
        for track, stack in active.items():
            if stack and stack[-1].end <= span.begin:
                stack[:] = [other for other in stack if other.end > span.begin]
            if track == span.track:
                continue
            for other in stack:
                if other.end > span.begin:
                    mark = contract[other.name, span.name]
                    seen[mark] += 1
                    if mark == "S":
                        violations.append((other, span))
        active[span.track].append(span)
    return seen, violations


def describe(span, tracks):
    return "%-10s on %s: %d.%03d us to %d.%03d us" % (span.name, tracks[span.track], *divmod(span.begin, 1000),
                                                       *divmod(span.end, 1000))


def summary(spans, seen, violations, tracks):
    """Lines that say what was found; of the violations the first of each kind."""
    count = collections.Counter(span.name for span in spans)
    events = sum(count[name] for name in EVENTS.values())
    lines = ["%d events (%s)" % (events, ", ".join("%d %s" % (count[name], name) for name in EVENTS.values())),
             "%d pairs overlapped on two tracks: %d marked I, %d marked D, %d marked S" %
             (sum(seen.values()), seen["I"], seen["D"], seen["S"])]
    kinds = collections.Counter()
    for one, other in violations:
        kind = tuple(sorted((one.name, other.name)))
        kinds[kind] += 1
        if kinds[kind] == 1:
            lines += ["VIOLATION: %s and %s must not overlap" % kind, "  " + describe(one, tracks),
                      "  " + describe(other, tracks)]
    lines += ["  %s and %s: %d times" % (*kind, n) for kind, n in kinds.items()]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--design", choices=("unified", "separate"), required=True)
    parser.add_argument("trace")
    options = parser.parse_args()
    try:
        contract = read_contract(options.design)
        spans, tracks, _ = read_trace(options.trace)
    except ContractError as error:
        print("error: %s" % error)
        return 2
    seen, violations = find_overlaps(spans, contract)
    print("\n".join(summary(spans, seen, violations, tracks)))
    crossing = find_crossing(spans)
    if crossing:
        print("spans cross:\n  %s\n  %s" % tuple(describe(span, tracks) for span in crossing))
    return 1 if violations or crossing else 0


if __name__ == "__main__":
    sys.exit(main())
