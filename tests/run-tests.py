#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds and runs the tests, counts their cases, ends with `N passed, N failed`. docs/testing.md tells how to add one.

A test is a program that prints TAP (`ok N - name`, `not ok N - name`, `# SKIP`); each such line is one case. Programs
come from two places: what the build registered with test() (the unit tests in C), and scripts under tests/ that have a
line `# run-tests: [timeout=SECONDS] [long] [alone] [as=NAME] [args=A,B,...]` near the top; each such line is one test.
"""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "runner"))

import report                   # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TESTS = os.path.join(ROOT, "tests")
MARK = re.compile(r"^\s*(?:#|//|/\*)\s*run-tests:(.*)$", re.M)
RESULT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
OUTPUT_LIMIT = 64 * 1024        # bytes shown of a failed test's output
# Suites that talk with a running emulator from outside: what they see depends on when the host lets either go on. One
# that fails runs a second time, alone. Suites in which guests judge themselves have no second chance: a wrong result
# that is rare is still wrong.
SECOND_TRY = ("cli/", "boot/")


class Test:
    """One program to run."""

    def __init__(self, name, argv, timeout, is_long=False, alone=False, env=None):
        self.name, self.argv, self.timeout = name, argv, timeout
        self.is_long, self.alone, self.env = is_long, alone, env or {}


class Outcome:
    """What a program said: names of cases by result, and its output."""

    def __init__(self, test):
        self.test = test
        self.passed, self.failed, self.skipped = [], [], []
        self.output = ""
        self.seconds = 0.0
        self.limit = 0.0
        self.first_try = []     # what failed before it passed


def built_tests(build):
    """The programs registered with meson's test()."""
    path = os.path.join(build, "meson-info/intro-tests.json")
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file):
            suites = [suite.split(":")[-1] for suite in entry["suite"]]
            yield Test("unit/" + entry["name"], entry["cmd"], entry["timeout"], "long" in suites,
                       not entry["is_parallel"], entry["env"])


def script_tests(top):
    """The scripts under the directory top that carry the mark."""
    for directory, subdirs, files in os.walk(top):
        subdirs.sort()
        for file in sorted(files):
            path = os.path.join(directory, file)
            if not file.endswith((".py", ".sh")) or path == os.path.abspath(__file__):
                continue
            with open(path, encoding="utf-8", errors="replace") as stream:
                marks = MARK.findall(stream.read(2000))
            interpreter = [sys.executable] if file.endswith(".py") else ["sh"]
            for mark in marks:
                words = mark.split()
                values = dict(word.split("=", 1) for word in words if "=" in word)
                name = os.path.relpath(path, top).rsplit(".", 1)[0]
                if "as" in values:
                    name += ":" + values["as"]
                arguments = values["args"].split(",") if "args" in values else []
                yield Test(name, [*interpreter, path, *arguments], int(values.get("timeout", 120)), "long" in words,
                           "alone" in words)


def crowd():
    """How many programs want each of the host's CPUs, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_its_time(process, timeout):
    """
    The exit status, or None if the process has not ended when it has had so many seconds. A limit is there to end what
    hangs: on a crowded host a second counts as much less as others run in it.
    """
    while timeout > 0:
        begin = time.monotonic()
        try:
            return process.wait(min(timeout, 1))
        except subprocess.TimeoutExpired:
            timeout -= (time.monotonic() - begin) / crowd()
    return None


def run_program(test, timeout, env):
    """Returns (output, exit status or None after the timeout, seconds). Its whole process group ends with it."""
    begin = time.monotonic()
    # Nobody's desktop is to have windows of ours.
    desktop = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(test.argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                   env={**desktop, **env, **test.env}, start_new_session=True)
        try:
            status = wait_its_time(process, timeout)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        out.seek(0)
        return out.read().decode("utf-8", "replace"), status, time.monotonic() - begin


def run_test(test, options, env):
    outcome = Outcome(test)
    env = {**env, "PQEMU_TEST_TIME_SCALE": str(options.time_scale * crowd())}
    timeout = outcome.limit = test.timeout * options.time_scale
    try:
        outcome.output, status, outcome.seconds = run_program(test, timeout, env)
    except OSError as error:
        outcome.failed.append("(start)")
        outcome.output = str(error)
        return outcome
    plan = None
    for line in outcome.output.splitlines():
        found = PLAN.match(line)
        if found:
            plan = int(found.group(1))
            continue
        found = RESULT.match(line)
        if not found:
            continue
        name = found.group(3) or found.group(2) or "?"
        if found.group(1):
            outcome.failed.append(name)
        elif re.search(r"#\s*skip", name, re.I):
            outcome.skipped.append(name)
        else:
            outcome.passed.append(name)
    count = len(outcome.passed) + len(outcome.failed) + len(outcome.skipped)
    if status is None:
        outcome.failed.append("(not finished within %.0f s)" % timeout)
    elif plan is not None and plan != count:
        outcome.failed.append("(%d cases planned, %d reported)" % (plan, count))
    elif count == 0:
        outcome.failed.append("(no case reported, exit status %d)" % status)
    elif status != 0 and not outcome.failed:
        outcome.failed.append("(exit status %d)" % status)
    return outcome


def tried_again(outcome, options, env):
    """The outcome, or that of a second try which passed; then it remembers what failed at the first."""
    if not outcome.failed or outcome.test.is_long or not outcome.test.name.startswith(SECOND_TRY):
        return outcome
    print("again, alone: " + outcome.test.name)
    second = run_test(outcome.test, options, env)
    show(second)
    if second.failed:
        return outcome
    second.first_try = outcome.failed
    return second


def show(outcome):
    print("%-4s %s: %d passed%s%s (%.1f s)" % (
        "FAIL" if outcome.failed else "ok", outcome.test.name, len(outcome.passed),
        ", %d failed" % len(outcome.failed) if outcome.failed else "",
        ", %d skipped" % len(outcome.skipped) if outcome.skipped else "", outcome.seconds))
    for name in outcome.skipped:
        print("     skipped: " + name)
    if outcome.failed:
        for name in outcome.failed:
            print("     failed: " + name)
        text = outcome.output
        if len(text) > OUTPUT_LIMIT:
            text = text[:OUTPUT_LIMIT // 2] + "\n[...]\n" + text[-OUTPUT_LIMIT // 2:]
        print("     output of " + " ".join(outcome.test.argv))
        for line in text.splitlines():
            print("     | " + line)
    sys.stdout.flush()


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs PQEMU's tests.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="run only tests whose name begins with NAME (unit, boot, boot/test-smp, ...)")
    parser.add_argument("--qemu", metavar="PATH", help="emulator under test [build/qemu-system-arm]")
    parser.add_argument("--build", metavar="DIR", default=os.path.join(ROOT, "build"), help="build directory [build]")
    parser.add_argument("--long", action="store_true", help="also run the tests marked as long")
    parser.add_argument("--json", metavar="FILE", help="also write the results to FILE")
    parser.add_argument("--tests", metavar="DIR", default=TESTS, help="where to look for scripts [tests]")
    parser.add_argument("--list", action="store_true", help="list the tests and stop")
    parser.add_argument("-j", "--jobs", type=int, choices=(1, 2), default=min(2, os.cpu_count() or 1),
                        help="tests that run side by side [2]")
    parser.add_argument("--once", action="store_true", help="no second try for what failed in tests/cli and tests/boot")
    parser.add_argument("--time-scale", type=float, default=1.0, metavar="X", help="multiply all time limits")
    return parser.parse_args()


def main():
    options = parse_arguments()
    # A shell starts what it runs in the background with SIGINT ignored, and children inherit
    # that: Ctrl-C would do nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    qemu = os.path.abspath(options.qemu or os.path.join(options.build, "qemu-system-arm"))
    begin = time.monotonic()
    tests = [*built_tests(options.build), *script_tests(os.path.abspath(options.tests))]
    # A test marked as long runs when asked for by --long or by its full name.
    tests = [test for test in tests
             if (not options.names or any(test.name.startswith(name) for name in options.names))
             and (not test.is_long or options.long or test.name in options.names)]
    if options.list:
        for test in tests:
            print("%s (%d s%s)" % (test.name, test.timeout, ", long" if test.is_long else ""))
        return 0
    env = {"PQEMU_TEST_QEMU": qemu, "PQEMU_TEST_BUILD": os.path.abspath(options.build)}
    outcomes = []

    def collect(outcome):
        outcomes.append(outcome)
        show(outcome)

    # A boot keeps several host CPUs busy, so what is marked `alone` waits for the rest, and so does what is long.
    one_by_one = [test for test in tests if test.alone or test.is_long]
    one_by_one.sort(key=lambda test: test.is_long)
    side_by_side = [test for test in tests if test not in one_by_one]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_test, test, options, env)
                                                     for test in side_by_side]):
            collect(done.result())
    for test in one_by_one:
        collect(run_test(test, options, env))
    if not options.once:
        outcomes = [tried_again(outcome, options, env) for outcome in outcomes]

    skipped = sum(len(outcome.skipped) for outcome in outcomes)
    passed = sum(len(outcome.passed) for outcome in outcomes)
    failed = sum(len(outcome.failed) for outcome in outcomes)
    if not outcomes:
        print("no test matches")
        failed = 1
    if outcomes:
        print()
        for line in report.table(report.suites_of(outcomes)):
            print(line)
    if failed:
        print("\nFailed:")
        for outcome in outcomes:
            for name in outcome.failed:
                print("  %s: %s" % (outcome.test.name, name))
    for outcome in outcomes:
        for name in outcome.first_try:
            print("passed at the second try only: %s: %s" % (outcome.test.name, name))
    if skipped:
        print("%d skipped" % skipped)
    if options.json:
        report.write_json(options.json, outcomes, qemu, time.monotonic() - begin)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
