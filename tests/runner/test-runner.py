#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Tests of tests/run-tests.py itself: what counts as a failure, what the table, the JSON file and the last line say.

Each case writes small suites into a directory of its own and runs the runner on them. Prints TAP.
"""
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import tap

SCALE_IS_3 = "[ ${PQEMU_TEST_TIME_SCALE%%.*} -ge 3 ] && echo 'ok 1 - 3' || echo 'not ok 1 - 3'"

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = os.path.join(os.path.dirname(HERE), "run-tests.py")

GOOD = "echo 'ok 1 - one'; echo 'ok 2 - two'; echo 1..2"
SLEEPER = "echo 'ok 1 - one'; sleep 100"


class Run:
    """One run of the runner over the scripts given as name -> (words of the mark, shell code)."""

    def __init__(self, scripts, *options, built=(), prepare=None):
        with tempfile.TemporaryDirectory(prefix="runner.") as work:
            tests = os.path.join(work, "tests")
            for name, (mark, code) in scripts.items():
                path = os.path.join(tests, name + ".sh")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    for words in [mark] if isinstance(mark, str) else mark:
                        file.write("# run-tests: %s\n" % words)
                    file.write(code + "\n")
            if built:
                os.makedirs(os.path.join(work, "build/meson-info"))
                with open(os.path.join(work, "build/meson-info/intro-tests.json"), "w", encoding="utf-8") as file:
                    json.dump([{"name": name, "cmd": argv, "timeout": 10, "suite": ["pqemu:unit"], "is_parallel": True,
                                "env": {}} for name, argv in built], file)
            results = os.path.join(work, "results.json")
            done = subprocess.run([sys.executable, RUNNER, "--tests", tests, "--build", os.path.join(work, "build"),
                                   "--json", results, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  universal_newlines=True, timeout=300, check=False, preexec_fn=prepare)
            self.output, self.status = done.stdout, done.returncode
            self.last = (self.output.splitlines() or [""])[-1]
            try:
                with open(results, encoding="utf-8") as file:
                    self.json = json.load(file)
            except (OSError, ValueError):
                self.json = {}

    def row(self, suite):
        """The figures of a suite in the table, as numbers."""
        found = re.search(r"^%s((?: +\d+){5}) " % re.escape(suite), self.output, re.M)
        return [int(word) for word in found.group(1).split()] if found else None


def check(cases, name, good, run):
    cases.check(good, name, "exit status %d\n%s" % (run.status, "\n".join("| " + l for l in run.output.splitlines())))


def failure(cases, name, code, reason, passed, mark="timeout=20"):
    """A suite that must count as one failure, beside a good one that must not suffer."""
    run = Run({"a/good": ("timeout=20", GOOD), "a/bad": (mark, code)})
    check(cases, name, run.status == 1 and run.last == "%d passed, 1 failed" % (passed + 2) and reason in run.output
                and run.row("a/bad") == [passed + 1, passed, 1, 0, 0] and run.row("a/good") == [2, 2, 0, 0, 0], run)


def load_runner():
    """The runner as a module."""
    spec = importlib.util.spec_from_file_location("run_tests", RUNNER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def crowded_host(cases):
    """Limits on a host that has a hundred times as much to run as CPUs, and on one that has nothing."""
    runner = load_runner()
    for name, load, status in (("is longer", 100.0 * os.cpu_count(), 0), ("is not", 0.0, None)):
        runner.os.getloadavg = lambda load=load: (load, 0.0, 0.0)
        with subprocess.Popen(["sleep", "2"]) as process:
            got = runner.wait_its_time(process, 1)
        cases.check(got == status, "limit-on-a-crowded-host: where CPUs are shared a limit %s" % name, got)


def main():
    cases = tap.Cases()
    crowded_host(cases)
    run = Run({"a/scale": ("", SCALE_IS_3)}, "--time-scale", "3")
    check(cases, "suites are told by what limits are multiplied", run.last == "1 passed, 0 failed", run)
    run = Run({"a/good": ("timeout=20", GOOD), "b/plain": ("", "echo ok")})
    check(cases, "everything passes", run.status == 0 and run.last == "3 passed, 0 failed", run)
    check(cases, "the table has a row per suite and their sum", run.row("a/good") == [2, 2, 0, 0, 0]
                and run.row("b/plain") == [1, 1, 0, 0, 0] and run.row("together") == [3, 3, 0, 0, 0], run)

    failure(cases, "a case that is not ok fails", "echo 'ok 1 - x'; echo 'not ok 2 - y'; exit 1", "a/bad: y", 1)
    failure(cases, "also with exit status 0", "echo 'not ok 1 - y'", "a/bad: y", 0)
    failure(cases, "a suite that crashes fails", "echo 'ok 1 - x'; echo 1..1; kill -SEGV $$", "(exit status -11)", 1)
    failure(cases, "a suite that crashes before its plan is through fails",
            "echo 1..3; echo 'ok 1 - x'; kill -SEGV $$", "(3 cases planned, 1 reported)", 1)
    failure(cases, "an exit status fails although all cases are ok", "echo 'ok 1 - x'; exit 3", "(exit status 3)", 1)
    failure(cases, "a suite without cases fails", "echo hello", "(no case reported, exit status 0)", 0)
    failure(cases, "fewer cases than planned fail", "echo 1..2; echo 'ok 1 - x'", "(2 cases planned, 1 reported)", 1)
    failure(cases, "a suite that does not end fails", SLEEPER, "(not finished within 1 s)", 1, mark="timeout=1")

    run = Run({"a/good": ("", GOOD)}, built=[("there", ["/bin/sh", "-c", "echo ok"]), ("lost", ["/nonexistent/test"])])
    check(cases, "a program that cannot be started fails", run.status == 1 and run.last == "3 passed, 1 failed"
                and "unit/lost: (start)" in run.output, run)
    check(cases, "unit tests are one row", run.row("unit (2 programs)") == [2, 1, 1, 0, 0], run)

    run = Run({"a/skips": ("", "echo 'ok 1 - x # SKIP no disc'; echo 'ok 2 - y'")})
    check(cases, "skipped cases are counted apart", run.last == "1 passed, 0 failed"
                and run.row("a/skips") == [2, 1, 0, 1, 0] and "\n1 skipped\n" in run.output, run)

    run = Run({"a/known": ("", GOOD + "; echo '# known: 4 (see a/known.py)'; echo 'known: 2 (see docs/k.md)'")})
    check(cases, "known differences are counted apart", run.last == "2 passed, 0 failed"
                and run.row("a/known") == [2, 2, 0, 0, 6] and "known in a/known: 4 (see a/known.py)" in run.output, run)

    scripts = {"a/good": ("", GOOD), "a/much": ("long timeout=20", GOOD),
               "b/both": (["timeout=20", "long timeout=20 as=full args=full,three"],
                          'for word in first "$@"; do echo "ok - $word"; done')}
    run = Run(scripts)
    check(cases, "long suites do not run unasked", run.last == "3 passed, 0 failed" and run.row("a/much") is None, run)
    run = Run(scripts, "a/much")
    check(cases, "a long suite runs by its name",
                run.last == "2 passed, 0 failed" and run.row("a/much") is not None, run)
    run = Run(scripts, "--long")
    check(cases, "--long runs everything", run.last == "8 passed, 0 failed" and run.row("a/much") is not None, run)
    check(cases, "a script may have a long form with arguments of its own",
                run.row("b/both") == [1, 1, 0, 0, 0] and run.row("b/both:full") == [3, 3, 0, 0, 0], run)
    run = Run(scripts, "nothing/like/that")
    check(cases, "no match is a failure", run.status == 1 and run.last == "0 passed, 1 failed", run)

    run = Run({"a/interrupts": ("timeout=20", "kill -INT $$; echo 'ok 1 - SIGINT had no effect'")},
              prepare=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    check(cases, "SIGINT is as usual in a suite, also if a shell runs us in the background",
                "exit status -2)" in run.output and run.last == "0 passed, 1 failed", run)

    once = 'test -f "%s" && echo "ok 1 - x" || { touch "%s"; echo "not ok 1 - x"; }'
    for suite, last, said in (("cli/shaky", "1 passed, 0 failed", True), ("guest/shaky", "0 passed, 1 failed", False)):
        with tempfile.TemporaryDirectory(prefix="runner.") as work:
            mark = os.path.join(work, "ran")
            run = Run({suite: ("timeout=20", once % (mark, mark))})
        check(cases, "what waits for a running emulator has a second try and says so: " + suite, run.last == last
                    and ("passed at the second try only: %s: x" % suite in run.output) == said
                    and run.json["tests"][0]["failed_first"] == (["x"] if said else []), run)
    with tempfile.TemporaryDirectory(prefix="runner.") as work:
        mark = os.path.join(work, "ran")
        run = Run({"cli/shaky": ("timeout=20", once % (mark, mark))}, "--once")
    check(cases, "--once: no second try", run.last == "0 passed, 1 failed", run)
    run = Run({"cli/bad": ("timeout=20", "echo 'not ok 1 - x'")})
    check(cases, "what fails twice fails", run.last == "0 passed, 1 failed" and "again, alone" in run.output, run)

    run = Run({"a/good": ("timeout=20", GOOD), "a/bad": ("timeout=20", "echo 'not ok 1 - y'; echo known: 3 '(see z)'")})
    suites = {suite["name"]: suite for suite in run.json.get("suites", [])}
    tests = {test["name"]: test for test in run.json.get("tests", [])}
    check(cases, "the JSON file says the same", (run.json.get("passed"), run.json.get("failed")) == (2, 1)
                and suites["a/bad"]["failed"] == 1 and tests["a/bad"]["failed"] == ["y"]
                and suites["a/bad"]["known_differences"] == [{"count": 3, "see": "z"}]
                and suites["a/good"]["cases"] == 2 and suites["a/good"]["limit_seconds"] == 20, run)

    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
