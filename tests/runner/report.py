# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run of the tests amounts to: the table at its end and the JSON file. Used by tests/run-tests.py only.

A suite is a script, or all the unit tests together. Known differences are places where another emulator or a tool is
wrong, or where the manual leaves the choice: a suite names their number and where each is explained in a line
`known: N (see FILE)`, and they are counted neither as passed nor as failed.
"""
import datetime
import json
import os
import platform
import re
import subprocess

KNOWN = re.compile(r"^(?:#\s*)?known: (\d+) \(see ([^()]+)\)\s*$", re.M)
SCHEMA = 1
COLUMNS = ("cases", "passed", "failed", "skipped", "known")


def known_differences(output):
    """The (number, file) of each `known:` line in what a test printed."""
    return [(int(found.group(1)), found.group(2)) for found in KNOWN.finditer(output)]


class Suite:
    """A row of the table: one script, or the unit tests."""

    def __init__(self, name):
        self.name = name
        self.programs = self.passed = self.failed = self.skipped = 0
        self.known = []
        self.seconds = self.limit = 0.0

    def add(self, outcome):
        self.programs += 1
        self.passed += len(outcome.passed)
        self.failed += len(outcome.failed)
        self.skipped += len(outcome.skipped)
        self.known += known_differences(outcome.output)
        self.seconds += outcome.seconds
        self.limit += outcome.limit

    def figures(self):
        return (self.passed + self.failed + self.skipped, self.passed, self.failed, self.skipped,
                sum(number for number, _ in self.known))


def suites_of(outcomes):
    """Suites in the order of their names, the unit tests first."""
    suites = {}
    for outcome in sorted(outcomes, key=lambda outcome: (not outcome.test.name.startswith("unit/"), outcome.test.name)):
        name = "unit" if outcome.test.name.startswith("unit/") else outcome.test.name
        suites.setdefault(name, Suite(name)).add(outcome)
    return list(suites.values())


def duration(seconds):
    return "%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60) if seconds >= 3600 else (
        "%d:%04.1f" % (seconds // 60, seconds % 60))


def table(suites):
    """The lines of the table; time is that of all programs of a suite together, limit what they may take."""
    names = ["%s (%d programs)" % (suite.name, suite.programs) if suite.name == "unit" else suite.name
             for suite in suites]
    width = max([len(name) for name in names] + [len("suite")])
    yield ("%-*s" + " %8s" * len(COLUMNS) + " %9s %9s") % (width, "suite", *COLUMNS, "time", "limit")
    for name, suite in zip(names, suites):
        yield ("%-*s" + " %8d" * len(COLUMNS) + " %9s %9s") % (
            width, name, *suite.figures(), duration(suite.seconds), duration(suite.limit))
    sums = [sum(column) for column in zip(*(suite.figures() for suite in suites))] or [0] * len(COLUMNS)
    yield ("%-*s" + " %8d" * len(COLUMNS) + " %9s") % (
        width, "together", *sums, duration(sum(suite.seconds for suite in suites)))
    for suite in suites:
        for number, where in suite.known:
            yield "known in %s: %d (see %s)" % (suite.name, number, where)


def first_line(argv):
    """What a program says first, or nothing if there is no such program."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False,
                              cwd=os.path.dirname(os.path.abspath(__file__)), universal_newlines=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.split("\n", 1)[0].strip()


def write_json(path, outcomes, qemu, seconds):
    """The whole run as one object; docs/testing.md has its fields."""
    suites = suites_of(outcomes)
    document = {
        "schema": SCHEMA,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": first_line(["git", "describe", "--always", "--dirty"]),
        "emulator": {"path": qemu, "version": first_line([qemu, "--version"])},
        "host": {"system": platform.platform(), "machine": platform.machine(), "cpus": os.cpu_count()},
        "seconds": round(seconds, 1),
        "passed": sum(suite.passed for suite in suites),
        "failed": sum(suite.failed for suite in suites),
        "suites": [{
            "name": suite.name, "programs": suite.programs, **dict(zip(COLUMNS, suite.figures())),
            "known_differences": [{"count": number, "see": where} for number, where in suite.known],
            "seconds": round(suite.seconds, 1), "limit_seconds": suite.limit,
        } for suite in suites],
        "tests": [{
            "name": outcome.test.name, "passed": len(outcome.passed), "failed": outcome.failed,
            "skipped": outcome.skipped, "failed_first": outcome.first_try, "seconds": round(outcome.seconds, 1),
        } for outcome in outcomes],
    }
    part = path + ".part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    os.replace(part, path)
