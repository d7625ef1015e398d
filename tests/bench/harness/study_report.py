# SPDX-License-Identifier: GPL-2.0-or-later
"""What study.py makes of samples and counters: figures per group of programs, number of CPUs and design; Markdown."""
import statistics

from . import report, stats, usl
from .figures import Table

PREDICT = (4, 16, 64)
# The law is about a fixed amount of work that can be done in parallel; the other groups are not that.
SCALABLE = ("splash",)
EVENTS = ("Idle", "Find Fast", "Find Slow", "Build", "Chain", "Execute", "Unchain", "Restore", "Flush", "Invalidate")


class Study:
    """Access to a study's data."""

    def __init__(self, data):
        self.data = data
        self.table = Table(data["samples"])
        self.targets = list(data["targets"])
        self.groups = list(dict.fromkeys(run["job"] for run in data["runs"]))
        self.numbers = sorted({run["cpus"] for run in data["runs"]})

    def counters(self, group, cpus, target):
        """The summary of the counted run, or None."""
        for run in self.data["runs"]:
            if (run["job"], run["cpus"], run["target"]) == (group, cpus, target) and "events" in run.get("stats", {}):
                return run["stats"]
        return None

    def memory(self, group, cpus, target):
        found = [run["peak_kib"] for run in self.data["runs"]
                 if (run["job"], run["cpus"], run["target"]) == (group, cpus, target) and not run.get("counted")]
        return max(found) / 1024 if found else None

    def speedup(self, group, cpus, target):
        """Over thread=single with as many CPUs."""
        return self.table.mean_ratio(group, (cpus, "single"), (cpus, target))

    def wait_share(self, group, cpus, target):
        found = self.counters(group, cpus, target)
        busy = stats.busy_ns(found) if found else 0
        return stats.wait_ns(found) / busy if busy else None

    def builds(self, group, cpus, target):
        found = self.counters(group, cpus, target)
        return stats.event(found, "Build") if found else None

    def flushes(self, group, cpus, target):
        found = self.counters(group, cpus, target)
        return stats.event(found, "Flush") if found else None

    def repeated(self, group, cpus):
        """Translations of separate caches for one of the unified cache."""
        unified, separate = (self.builds(group, cpus, name) for name in ("unified", "separate"))
        return separate / unified if unified and separate is not None else None

    def profile(self, group, cpus, target):
        """{event: share of the CPUs' time}."""
        found = self.counters(group, cpus, target)
        whole = found["wall_ns"] * found["threads"] if found else 0
        return {name: stats.event(found, name, "total_ns") / whole for name in EVENTS} if whole else {}

    def work(self, group, target):
        """{CPUs: processor seconds of the group's programs, the boot not included}, medians of the rounds."""
        sums = {}
        for sample in self.data["samples"]:
            if sample["suite"] == group and sample["target"] == target and "cpu_s" in sample:
                turn = sums.setdefault(sample["cpus"], {})
                turn[sample["round"]] = turn.get(sample["round"], 0) + sample["cpu_s"]
        return {cpus: statistics.median(turn.values()) for cpus, turn in sums.items()}

    def scalability(self, group, target):
        """{sigma, kappa, predicted: {N: capacity}, best, measured: {N: speedup over one CPU}} or None."""
        host = self.data["machine"]["cores"]
        counted = [cpus for cpus in self.numbers if cpus <= host and self.counters(group, cpus, target)]
        if not counted or group not in SCALABLE:
            return None
        # Beyond the host's cores a lock's holder loses its core now and then, and that is not the lock's price.
        found, boot = self.counters(group, counted[-1], target), self.counters("boot", counted[-1], target) or {}
        sigma = usl.sigma_of(max(0, stats.serial_ns(found) - stats.serial_ns(boot)),
                             stats.busy_ns(found) - stats.busy_ns(boot))
        kappa = usl.kappa_of(self.work(group, target))
        if sigma is None or kappa is None:
            return None
        return {"sigma": sigma, "kappa": kappa, "best": usl.best(sigma, kappa),
                "predicted": {n: usl.capacity(n, sigma, kappa) for n in sorted({*self.numbers, *PREDICT})},
                "measured": {n: self.table.mean_ratio(group, (1, target), (n, target)) for n in self.numbers if n > 1}}


def percent(value):
    return "-" if value is None else "%.2f%%" % (100 * value)


def comparison(study):
    """One row per group and number of CPUs."""
    mine = [name for name in study.targets if name != "single"]
    titles = ["group", "CPUs", *["speedup " + name for name in mine], *["lock wait " + name for name in mine],
              "repeated", *["flushes " + name for name in mine], *["MiB " + name for name in study.targets]]
    out = ["", "## Comparison", "",
           "Speedup is over thread=single with as many CPUs, geometric mean of the group's programs. Lock wait is the "
           "share of the CPUs' time outside Idle. Repeated is how often separate caches translate what the unified "
           "cache translates once.", "", *report.head(titles)]
    for group in study.groups:
        for cpus in study.numbers:
            out.append(report.line([
                group, str(cpus), *[report.times(study.speedup(group, cpus, name)) for name in mine],
                *[percent(study.wait_share(group, cpus, name)) for name in mine],
                "-" if study.repeated(group, cpus) is None else "%.2f" % study.repeated(group, cpus),
                *[str(study.flushes(group, cpus, name)) if study.flushes(group, cpus, name) is not None else "-"
                  for name in mine],
                *["%.0f" % study.memory(group, cpus, name) if study.memory(group, cpus, name) else "-"
                  for name in study.targets]]))
    return out


def profiles(study):
    out = ["", "## Where the CPUs' time goes", "",
           "Shares of the time of the threads that run CPUs, with counters on; what is missing to 100% is the "
           "main loop between events, waiting for locks, and measuring.", "",
           *report.head(["group", "CPUs", "design", *EVENTS])]
    for group in study.groups:
        for cpus in study.numbers:
            for name in study.targets:
                shares = study.profile(group, cpus, name)
                if shares:
                    out.append(report.line([group, str(cpus), name, *[percent(shares[event]) for event in EVENTS]]))
    return out


def scalability(study):
    out = ["", "## Scalability", "",
           "C(N) = N / (1 + sigma (N - 1) + kappa N (N - 1)): sigma is the share of the time in which locks that "
           "only one CPU can have were held (that of the boot taken off), kappa the growth of processor time for the "
           "same work. It is a prediction for the emulator on a host with N cores, if the guest's program itself is "
           "perfectly parallel and the same design is built for N CPUs. *measured* is the elapsed time's speedup here "
           "(%s cores), program and all." % study.data["machine"]["cores"], "",
           *report.head(["group", "design", "sigma", "kappa", *["measured %d" % n for n in study.numbers if n > 1],
                         *["C(%d)" % n for n in sorted({*study.numbers, *PREDICT} - {1})], "best N"])]
    empty = len(out)
    for group in study.groups:
        for name in study.targets:
            found = study.scalability(group, name) if name != "single" else None
            if found:
                out.append(report.line([
                    group, name, "%.5f" % found["sigma"], "%.5f" % found["kappa"],
                    *[report.times(found["measured"].get(n)) for n in study.numbers if n > 1],
                    *["%.2f" % value for n, value in found["predicted"].items() if n > 1],
                    str(found["best"]) if found["best"] < 1024 else "> 1000"]))
    return out if len(out) > empty else []


def markdown(data):
    study = Study(data)
    out = ["# The two designs of the code cache compared", "", *report.machine(data), *comparison(study)]
    for suite in study.table.suites():
        out += ["", "## Times: " + suite]
        for cpus in study.table.cpus(suite):
            out += report.suite_table(study.table, data, suite, cpus)
        out += report.scaling_table(study.table, data, suite)
    out += profiles(study) + scalability(study) + report.problems(study.table)
    return "\n".join(out) + "\n"
