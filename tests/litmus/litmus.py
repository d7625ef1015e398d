#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180 alone
# run-tests: long timeout=7200 as=thorough args=--runs,1000000
# run-tests: long timeout=3600 as=oracle args=--oracle,--runs,200000
"""Memory order: builds the litmus tests, runs them in every design, prints TAP and a table (docs/litmus.md).

A forbidden outcome that is seen is a failure; relaxed outcomes that are allowed are only counted. With --oracle the
same image runs on Debian's qemu-system-arm, and its counts stand beside ours.
"""
import argparse
import glob
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(os.path.dirname(HERE), "guest")
spec = importlib.util.spec_from_file_location("run_guest", os.path.join(GUEST, "run-guest.py"))
run_guest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_guest)

PARAMETERS = 0x02100000
# name -> (properties of -accel tcg, part of the runs it makes)
DESIGNS = {"unified": ("ccache=unified", 1), "separate": ("ccache=separate", 1), "single": ("thread=single", 0.1)}
QUICK_RUNS, DEFAULT_RUNS = 8 * 1024, 1000 * 1000
LINE = re.compile(r"^litmus (\S+) (forbidden|allowed) runs (\d+) weak (\d+) outcomes (.*)$")


def build(directory):
    """Returns the path of the image."""
    os.makedirs(directory, exist_ok=True)
    headers = glob.glob(os.path.join(run_guest.RUNTIME, "*.h")) + glob.glob(os.path.join(HERE, "*.h")) + [__file__]
    sources = sorted(glob.glob(os.path.join(run_guest.RUNTIME, "*.[cS]")) + glob.glob(os.path.join(HERE, "*.c")))
    objects = [run_guest.compile_object(source, os.path.join(directory, os.path.basename(source) + ".o"), headers)
               for source in sources]
    image = os.path.join(directory, "litmus.elf")
    if run_guest.newer(image, objects):
        subprocess.run([run_guest.CROSS + "gcc", *run_guest.LDFLAGS, "-o", image + ".tmp", *objects, "-lgcc"],
                       check=True)
        os.replace(image + ".tmp", image)
    return image


def pin_threads(process, cpus):
    """Guest CPU n to the nth host CPU, if they are threads: a pair that shares a host CPU never meets."""
    host = sorted(os.sched_getaffinity(0))
    pinned = set()
    end = time.monotonic() + 5
    while len(pinned) < cpus and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
        try:
            for task in os.listdir("/proc/%d/task" % process.pid):
                with open("/proc/%d/task/%s/comm" % (process.pid, task), encoding="utf-8") as file:
                    found = re.match(r"CPU (\d+)/TCG", file.read())
                if found and task not in pinned:
                    os.sched_setaffinity(int(task), {host[int(found.group(1)) % len(host)]})
                    pinned.add(task)
        except OSError:
            pass


def run_pinned(argv, cpus, timeout):
    """Returns the output."""
    with tempfile.TemporaryFile() as out:
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                              env={**os.environ, "QEMU_AUDIO_DRV": "none"}) as process:
            pin_threads(process, cpus)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
        out.seek(0)
        return out.read().decode("utf-8", "replace").replace("\r", "")


def run(emulator, image, accel, cpus, parameters, timeout):
    """Returns ({name: (verdict, runs, weak, outcomes)}, output, complete)."""
    devices = []
    for i, value in enumerate(parameters):
        devices += ["-device", "loader,addr=0x%x,data=0x%x,data-len=4" % (PARAMETERS + 4 * i, value)]
    output = run_pinned(run_guest.command(emulator, image, cpus, accel, devices), cpus, timeout)
    found = [LINE.match(line) for line in output.splitlines()]
    results = {m.group(1): (m.group(2), int(m.group(3)), int(m.group(4)), m.group(5)) for m in found if m}
    return results, output, "litmus end" in output


def table(columns, markdown):
    """columns: [(title, results)] -> lines. One row for each test: verdict, then weak outcomes of each column."""
    names = [name for name in columns[0][1]]
    titles = ["test", "outcome is"] + [title for title, _ in columns]
    rows = []
    for name in names:
        row = [name, columns[0][1][name][0]]
        for _, results in columns:
            cell = results.get(name)
            row.append("-" if cell is None else "%d" % cell[2])
        rows.append(row)
    if markdown:
        yield "| " + " | ".join(titles) + " |"
        yield "| --- | --- |" + " ---: |" * len(columns)
        for row in rows:
            yield "| " + " | ".join(row) + " |"
        return
    widths = [max(len(row[i]) for row in [titles] + rows) for i in range(len(titles))]
    for row in [titles] + rows:
        cells = (cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        yield "  ".join(cells).rstrip()


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs the litmus tests of the memory model.")
    build = os.path.join(run_guest.ROOT, "build")
    parser.add_argument("--qemu", default=os.environ.get("PQEMU_TEST_QEMU", os.path.join(build, "qemu-system-arm")))
    parser.add_argument("--build", default=os.path.join(os.environ.get("PQEMU_TEST_BUILD", build), "tests/litmus"),
                        help="where the image is built")
    parser.add_argument("--designs", default=",".join(DESIGNS))
    parser.add_argument("--cpus", default="4",
                        help="numbers of CPUs, for example 2,4; tests with more threads are left out")
    parser.add_argument("--runs", type=int, help="runs of each test [%d]" % DEFAULT_RUNS)
    parser.add_argument("--quick", action="store_true", help="%d runs; what run-tests.py does" % QUICK_RUNS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first test [0]")
    parser.add_argument("--count", type=int, default=0, help="how many tests [all]")
    parser.add_argument("--oracle", action="store_true", help="also run Debian's qemu-system-arm (PQEMU_TEST_UPSTREAM)")
    parser.add_argument("--markdown", action="store_true", help="print the table as in docs/litmus.md")
    parser.add_argument("-v", "--verbose", action="store_true", help="print all outcomes")
    return parser.parse_args()


def main():
    options = parse_arguments()
    cases = tap.Cases()
    # The runner of all tests calls without arguments and wants an answer soon.
    quick = options.quick or (options.runs is None and "PQEMU_TEST_QEMU" in os.environ)
    runs = options.runs or (QUICK_RUNS if quick else DEFAULT_RUNS)
    scale = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
    if not run_guest.shutil.which(run_guest.CROSS + "gcc"):
        cases.skip("litmus", "no %sgcc" % run_guest.CROSS)
        return cases.done()
    image = build(options.build)
    columns = []
    known = set()           # forbidden outcomes that upstream shows

    ours = not run_guest.is_upstream(options.qemu)
    for cpus in options.cpus.split(","):
        for design in options.designs.split(",") if ours else []:
            accel, part = DESIGNS[design]
            parameters = (int(runs * part), options.seed, options.first, options.count)
            results, output, complete = run(options.qemu, image, accel, int(cpus), parameters,
                                             (60 + runs / 400) * scale)
            label = "%s/%s" % (design, cpus)
            for name, (verdict, count, weak, outcomes) in results.items():
                if verdict == "forbidden":
                    cases.check(weak == 0, "%s: %s is never seen" % (label, name))
                if options.verbose or (weak and verdict == "forbidden"):
                    print("# %s: %s %s of %d: %d weak; %s" % (label, name, verdict, count, weak, outcomes))
            cases.check(complete, "%s: ran to its end" % label, output)
            columns.append((label, results))
            sys.stdout.flush()
        if options.oracle or not ours:
            oracle = options.qemu if not ours else os.environ.get("PQEMU_TEST_UPSTREAM", "/usr/bin/qemu-system-arm")
            parameters = (runs, options.seed, options.first, options.count)
            results, output, complete = run(oracle, image, "", int(cpus), parameters, (120 + runs / 400) * scale)
            cases.check(complete, "upstream/%s: ran to its end" % cpus)
            columns.append(("upstream/%s" % cpus, results))
            known |= {name for name, (verdict, _, weak, _) in results.items() if verdict == "forbidden" and weak}
            if options.verbose:
                print("# " + output.replace("\n", "\n# "))
    if known:
        print("# known: %d (see docs/litmus.md)" % len(known))
    for line in table(columns, options.markdown):
        print(("" if options.markdown else "# ") + line)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
