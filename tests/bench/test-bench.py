#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900 alone
"""Whether the benchmarks still work: the harness's arithmetic and readers, then run.py, study.py and compare.py in
their quickest form: every program verifies its answer, results, tables and plots are well-formed. TAP.

No time is judged.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../boot"))
import compare  # noqa: E402
from harness import figures, images, manifest, plots, runner, stats, usl  # noqa: E402
from vm import Cases, Failure, emulator, is_upstream  # noqa: E402

WANTED = {
    "kernels": ["integer_chain", "matrix_multiply", "page_walk", "device_reads", "supervisor_calls"],
    "mechanisms": ["large_block", "direct_other_page", "data_abort", "prefetch_abort", "tlb_fill", "tlb_flush",
                   "rewritten_code", "load_cold", "ldm_8", "vfp_divide_double"],
    "idioms": ["soft_double_add", "umlal", "string_copy", "vfp_largest", "vfp_fields"],
    "smp": ["interrupt_to_self", "exclusive_contended", "spin_lock", "ipi_ping_pong_asleep"],
    "boot": ["boot"],
    "linux": ["sha512", "awk", "forkexec", "pipes", "wakeups"],
    "splash": ["fft", "radix", "water-spatial"],
}


def must(condition, problem):
    if not condition:
        raise Failure(problem)


def close(got, wanted):
    must(got is not None and abs(got - wanted) < 1e-9 * max(1, abs(wanted)), "%r instead of %r" % (got, wanted))


def sample(program, target, turn, value):
    return {"suite": "s", "program": program, "target": target, "cpus": 1, "round": turn, "value": value, "unit": "s"}


def test_arithmetic(cases):
    with cases.case("ratios are taken within a round, and a failed round is left out"):
        table = figures.Table([sample("p", "a", 0, 2.0), sample("p", "b", 0, 1.0), sample("p", "a", 1, 9.0),
                               sample("p", "b", 1, 3.0), sample("p", "a", 2, 50.0),
                               {**sample("p", "b", 2, 0), "error": "wrong answer", "value": 1}])
        must(table.ratios("s", "p", (1, "a"), (1, "b"))[:2] == [2.0, 3.0], "not 2 and 3")
        must(len(table.ratios("s", "p", (1, "a"), (1, "b"))) == 2, "the failed round counts")
        close(table.median("s", "p", 1, "a"), 9.0)
    with cases.case("geometric mean"):
        close(figures.geometric_mean([0.5, 8.0]), 2.0)
        must(figures.geometric_mean([]) is None, "of nothing")
    noise = [0.97, 1.0, 1.03, 0.99, 1.01, 1.02, 0.98]
    with cases.case("compare.py: equal builds are not slower, one disturbed round changes nothing"):
        rows = {name: [value * shift for value in noise] for name, shift in (("a", 1), ("b", 1.002), ("c", 0.998))}
        rows["d"] = [*noise[:-1], 0.05]
        mean, low, high, slower = compare.judge(rows, 2)
        must(low <= mean <= high and low < 1 < high and not slower, "%s" % ((mean, low, high, slower),))
    with cases.case("compare.py: ten percent slower is noticed, and allowed by a threshold of twenty"):
        rows = {name: [value * 0.9 for value in noise] for name in "abcd"}
        must(compare.judge(rows, 2)[3] and not compare.judge(rows, 20)[3], "%s" % (compare.judge(rows, 2),))
    with cases.case("compare.py: what cannot be told is not held against the build"):
        must(not compare.judge({"a": [0.5, 1.6, 0.7, 1.4]}, 2)[3], "noise is called a slowdown")
        must(not compare.judge({}, 2)[3], "nothing is called a slowdown")
    with cases.case("scalability law: coefficients come back from what they produce"):
        kappa = usl.kappa_of({count: 3.0 * (1 + 0.01 * count * (count - 1)) for count in (1, 2, 4)})
        close(kappa, 0.01)
        close(usl.capacity(4, 0.1, 0.01), 4 / (1 + 0.3 + 0.12))
        must(usl.best(0.0, 0.01) == 10 and usl.kappa_of({1: 0, 2: 1}) is None, "best() or kappa_of()")
        close(usl.kappa_of({1: 1.0, 2: 0.9}), 0.0)
    with cases.case("plots: without matplotlib the package is named"):
        with mock.patch.object(plots, "find_python", return_value=None):
            said = []
            must(plots.draw("/nonexistent", "/nonexistent", said.append) == [] and plots.PACKAGE in said[0], str(said))
    with cases.case("a result file can be read again"):
        whole = {"format": 1, "samples": [sample("p", "a", 0, 1 / 3)], "runs": [], "none": {}}
        data = json.loads(runner.as_json(whole))
        close(data["samples"][0]["value"], 0.333333)
        must(data["runs"] == [] and data["none"] == {}, "%s" % data)


def test_manifest(cases, directory):
    path = os.path.join(directory, "programs.ini")

    def read(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return manifest.read(path, "mine", directory)

    with cases.case("manifest: time, scale, check, quick"):
        program = read("[a]\ncommand = ./a -p$CPUS <in\nquick = ./a\ntime = Total: (\\d+)\nscale = 1e-6\ncheck = ok$\n"
                       "files = a in\ncpus = 1 4\n")[0]
        close(program.seconds("Total: 1\nTotal: 2500000\nok", 7.0), 2.5)
        must(program.seconds("no time", 7.0) is None, "a time from nowhere")
        must(program.verified("it is ok") and not program.verified("it is not so"), "check")
        must(program.line(True) == "./a" and program.line(False).endswith("<in") and program.cpus == [1, 4], "fields")
    bad = {"no command": "[a]\nfiles = a\n", "unknown key": "[a]\ncommand = x\nname = y\n",
           "time without a group": "[a]\ncommand = x\ntime = s\n", "bad pattern": "[a]\ncommand = x\ncheck = (\n",
           "file from elsewhere": "[a]\ncommand = x\nfiles = ../x\n", "nothing": "", "no section": "command = x\n",
           "twice": "[a]\ncommand = x\n[a]\ncommand = y\n", "bad name": "[a b]\ncommand = x\n",
           "bad limit": "[a]\ncommand = x\nlimit = many\n"}
    for what, text in bad.items():
        with cases.case("manifest: %s is an error" % what):
            try:
                read(text)
            except manifest.ManifestError:
                continue
            raise Failure("accepted")
    with cases.case("manifests of tests/bench can be read"):
        must({"splash", "linux", "stress", "flush"} <= set(images.suite_names()), "%s" % images.suite_names())
        must(len(images.suite("splash")) == 14, "not 14 SPLASH programs")
        for name in images.suite_names():
            images.suite(name)
    with cases.case("counters: a file of another version, and one that is none"):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"wall_ns": 1000, "news": [1], "cpus": [
                {"events": {"Idle": {"count": 1, "total_ns": 100, "max_ns": 60}}, "locks": {"E write": {"acquired": 1,
                 "wait_ns": 5, "hold_ns": 7}, "E read": {"acquired": 1, "hold_ns": 900}}},
                {"events": {"Idle": {"count": 2, "total_ns": 300, "max_ns": 50, "new": 1}}}],
                "locks": [{"name": "B", "acquired": 3, "hold_ns": 11},
                          {"name": "gic P1", "acquired": 1, "hold_ns": 99}]}, file)
        found = stats.read(path)
        must((stats.busy_ns(found), stats.wait_ns(found), stats.serial_ns(found)) == (1600, 5, 18), "%s" % found)
        must(found["events"]["Idle"]["max_ns"] == 60 and stats.event(found, "Build") == 0, "%s" % found)
        with open(path, "w", encoding="utf-8") as file:
            file.write("{")
        must("error" in stats.read(path) and stats.serial_ns(stats.read(path)) == 0, "garbage")


def start(name, *arguments):
    done = subprocess.run([sys.executable, os.path.join(HERE, name), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def check_table(text):
    """Every line of a table has as many cells as its head."""
    width = None
    for line in text.splitlines():
        cells = line.count("|") if line.startswith("|") else None
        must(width is None or cells is None or cells == width, "a row of another width: " + line)
        width = cells
    must("| geometric mean |" in text, "no geometric mean")


def check_plots(prefix):
    made = [name for name in os.listdir(os.path.dirname(prefix)) if name.startswith(os.path.basename(prefix) + "-")]
    drawn = {name.rsplit(".", 1)[0] for name in made}
    must(drawn, "no plots")
    for name in drawn:
        for extension, magic in (("svg", b"<svg"), ("png", b"\x89PNG")):
            with open(os.path.join(os.path.dirname(prefix), name + "." + extension), "rb") as file:
                must(magic in file.read(4096), "%s is no %s" % (name, extension))


def test_run(cases, directory):
    prefix = os.path.join(directory, "run")
    status, output, errors = start("run.py", "--quick", "--ours", emulator(), "--output", prefix)
    with cases.case("run.py --quick ends well"):
        must(status == 0, "exit status %s\n%s" % (status, errors[-3000:]))
    data = {"samples": [], "targets": {}}
    with cases.case("run.py: the result file"):
        with open(prefix + ".json", encoding="utf-8") as file:
            data = json.load(file)
        for key in ("cpu", "cores", "memory_mib", "kernel", "host_compiler", "guest_compiler", "commit", "date"):
            must(data["machine"].get(key), "machine: no " + key)
        must(data["rounds_done"] == 1 and len(data["runs"]) >= len(data["targets"]), "rounds or runs")
        for run in data["runs"]:
            must(run["wall_s"] > 0 and run["cpu_s"] >= 0 and run["peak_kib"] > 1000, "run: %s" % run)
    table = figures.Table(data["samples"])
    for suite, programs in WANTED.items():
        with cases.case("run.py: %s was measured on every emulator" % suite):
            for program in programs:
                for name, target in data["targets"].items():
                    if target["kind"] != "native" and (suite != "smp" or "single" not in name):
                        value = table.median(suite, program, 2, name)
                        must(value is not None and value > 0, "%s on %s: %s" % (program, name, value))
    with cases.case("run.py: programs ran on the host"):
        for suite, program in (("splash", "fft"), ("linux", "pipes")):
            must(table.median(suite, program, 2, "native"), program)
    with cases.case("run.py: tables"):
        with open(prefix + ".md", encoding="utf-8") as file:
            text = file.read()
        check_table(text)
        must(text.strip() == output.strip(), "file and output differ")
    if plots.find_python():
        with cases.case("run.py: plots"):
            check_plots(prefix)
    else:
        cases.skip("run.py: plots", "no " + plots.PACKAGE)


def test_own_programs(cases, directory):
    """A user's directory: one good program, one that fails, one that never ends, one that says a wrong thing."""
    own = os.path.join(directory, "own")
    os.mkdir(own)
    shutil.copy(images.prepare("system", "guest"), os.path.join(own, "system"))
    with open(os.path.join(own, "programs.ini"), "w", encoding="utf-8") as file:
        file.write("[good]\ncommand = echo $CPUS threads; ./system syscalls 1000\nfiles = system\ncheck = ^2 threads$\n"
                   "time = total ([0-9.]+) s\nscale = 1000\n[fails]\ncommand = exit 3\n[hangs]\ncommand = sleep 1000\n"
                   "limit = 2\n[lies]\ncommand = echo 4\ncheck = ^5$\n[other]\ncommand = echo no\ncpus = 1\n")
    prefix = os.path.join(directory, "own-result")
    status, _, errors = start("run.py", "--programs", own, "--targets", "unified", "--cpus", "2", "--rounds", "1",
                              "--ours", emulator(), "--output", prefix, "--no-plots")
    with cases.case("run.py --programs: what fails is said, and the rest is measured"):
        must(status == 1, "exit status %s\n%s" % (status, errors[-3000:]))
        with open(prefix + ".json", encoding="utf-8") as file:
            found = {sample["program"]: sample for sample in json.load(file)["samples"]}
        must(found["good"].get("value", 0) > 0 and found["good"]["suite"] == "own", "%s" % found["good"])
        for name, words in (("fails", "exit status 3"), ("hangs", "more than 2 s"), ("lies", "does not match")):
            must(words in found[name].get("error", ""), "%s: %s" % (name, found[name]))
        must("other" not in found, "a program for 1 CPU ran on 2")


def test_study(cases, directory):
    prefix = os.path.join(directory, "study")
    status, output, errors = start("study.py", "--quick", "--groups", "stress", "--cpus", "2", "--ours", emulator(),
                                   "--output", prefix)
    with cases.case("study.py --quick ends well"):
        must(status == 0, "exit status %s\n%s" % (status, errors[-3000:]))
        check_table(output + "| geometric mean |\n")
    with cases.case("study.py: counters of every design"):
        with open(prefix + ".json", encoding="utf-8") as file:
            counted = [run for run in json.load(file)["runs"] if run.get("counted")]
        must(sorted(run["target"] for run in counted) == ["separate", "single", "unified"], "%s" % counted)
        for run in counted:
            must(stats.event(run["stats"], "Build") > 0 and stats.event(run["stats"], "Invalidate") > 0 and
                 stats.serial_ns(run["stats"]) > 0, "%s: %s" % (run["target"], run["stats"]))
    if plots.find_python():
        with cases.case("study.py: plots"):
            check_plots(prefix)


def test_compare(cases):
    status, output, errors = start("compare.py", emulator(), emulator(), "--quick", "--bare", "--threshold", "99")
    with cases.case("compare.py measures both builds"):
        must(status == 0, "exit status %s\n%s" % (status, errors[-3000:]))
        must(re.search(r"geometric mean \| \*\*\d+\.\d+\*\*", output), output)
    with cases.case("compare.py: a build that is not there"):
        status, _, errors = start("compare.py", emulator(), "/nonexistent", "--bare")
        must(status == 2 and "not there" in errors, "exit status %s\n%s" % (status, errors[-3000:]))


def test_disk(cases, directory):
    """The quickest form, without upstream."""
    with cases.case("disk.py measures card and virtual disk, and compares what it reads"):
        prefix = os.path.join(directory, "disk")
        status, output, errors = start("disk.py", emulator(), "--rounds", "1", "--mib", "1", "--seconds", "0.1",
                                       "--only", "^(card|virtual)", "--output", prefix)
        must(status == 0, "exit status %s\n%s" % (status, errors[-3000:]))
        must(all("| %s, " % name in output for name in ("read", "write", "random-read", "random-write")), output)
        with open(prefix + ".json", encoding="utf-8") as file:
            samples = json.load(file)["samples"]
        must(all(value > 0 for target in samples.values() for values in target.values() for value in values), samples)


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as directory:
        test_arithmetic(cases)
        test_manifest(cases, directory)
        if is_upstream():
            cases.skip("benchmarks", "the emulator under test is not PQEMU")
        elif not images.has_compiler("guest"):
            cases.skip("benchmarks", "no " + images.compiler("guest"))
        else:
            test_run(cases, directory)
            test_own_programs(cases, directory)
            test_study(cases, directory)
            test_compare(cases)
            test_disk(cases, directory)
    cases.finish()


if __name__ == "__main__":
    main()
