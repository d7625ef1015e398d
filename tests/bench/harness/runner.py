# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs jobs on targets in rounds, interleaved, and keeps what came out: the results are saved after every run."""
import json
import os
import sys
import time

from . import machine

FORMAT = 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def shortened(value):
    """Six digits are more than any of it is worth."""
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    return [shortened(part) for part in value] if isinstance(value, (list, tuple)) else value


def as_json(data):
    """One line per sample and run: files that can be compared."""
    parts = []
    for key, value in shortened(data).items():
        if isinstance(value, list):
            text = "[\n%s\n]" % ",\n".join(json.dumps(part) for part in value) if value else "[]"
        else:
            text = json.dumps(value, indent=1)
        parts.append("%s: %s" % (json.dumps(key), text))
    return "{\n%s\n}\n" % ",\n".join(parts)


def portable(value):
    """What results say of a file: not where it was."""
    return os.path.basename(value) if isinstance(value, str) and os.path.isabs(value) else value


class Results:
    """What a result file holds. samples: see jobs.py, with target, cpus and round."""

    def __init__(self, kind, targets, options, path):
        self.path = path
        self.data = {
            "format": FORMAT, "kind": kind, "machine": machine.describe(),
            "options": {key: portable(value) for key, value in vars(options).items() if value is not None},
            "targets": {target.name: {key: portable(value) for key, value in target.describe().items()}
                        for target in targets},
            "rounds_done": 0, "samples": [], "runs": [],
        }

    def save(self):
        """In one step: an interrupt leaves the old file or the new one."""
        if not self.path:
            return
        scratch = "%s.%d.tmp" % (self.path, os.getpid())
        with open(scratch, "w", encoding="utf-8") as file:
            file.write(as_json(self.data))
        os.replace(scratch, self.path)

def load(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT or "samples" not in data:
        raise ValueError("%s: not a result file of this version" % path)
    return data


class Runner:
    """jobs: [(job, [numbers of CPUs])]. counted: the emulator measures itself, so times of programs are not kept."""

    def __init__(self, results, jobs, targets, rounds, counted=False):
        self.results, self.jobs, self.targets, self.rounds, self.counted = results, jobs, targets, rounds, counted
        self.known = {}             # (job, target, cpus) -> seconds it took

    def steps(self, turn):
        """The runs of a round. Targets take turns at being first, so that none always runs on a warmer host."""
        order = self.targets[turn % len(self.targets):] + self.targets[:turn % len(self.targets)]
        for number in sorted({cpus for _, numbers in self.jobs for cpus in numbers}):
            for job, numbers in self.jobs:
                if number in numbers:
                    for target in order:
                        if job.fits(target, number):
                            yield job, target, number

    def seconds(self, step):
        job, target, cpus = step
        return self.known.get((job, target, cpus)) or job.guess(target, cpus)

    def estimate(self):
        return sum(self.seconds(step) for turn in range(self.rounds) for step in self.steps(turn))

    def run(self):
        """Returns False if it was interrupted; what was finished is kept then."""
        say("%d rounds, about %.0f minutes" % (self.rounds, max(1, self.estimate() / 60)))
        try:
            for turn in range(self.rounds):
                self.round(turn)
                if not self.counted:
                    self.results.data["rounds_done"] = turn + 1
                self.results.save()
        except KeyboardInterrupt:
            say("interrupted: %d complete rounds" % self.results.data["rounds_done"])
            self.results.save()
            return False
        return True

    def round(self, turn):
        steps = list(self.steps(turn))
        for number, step in enumerate(steps):
            job, target, cpus = step
            begin = time.monotonic()
            samples, run = job.run(target, cpus)
            took = time.monotonic() - begin
            self.known[step] = took
            where = {"target": target.name, "cpus": cpus, "round": turn}
            self.results.data["samples"] += [{**sample, **where} for sample in samples
                                             if not self.counted or "error" in sample]
            self.results.data["runs"].append({"job": job.label, **where, **run, "counted": self.counted})
            self.results.save()
            left = sum(map(self.seconds, steps[number + 1:])) + sum(
                self.seconds(other) for later in range(turn + 1, self.rounds) for other in self.steps(later))
            say("round %d/%d, %d CPU%s, %-15s %-12s %6.1f s, %4.0f MiB; about %s left" % (
                turn + 1, self.rounds, cpus, "s" if cpus > 1 else " ", target.name, job.label, took,
                run["peak_kib"] / 1024, "%.0f min" % (left / 60) if left > 90 else "%.0f s" % left))
            for sample in samples:
                if "error" in sample:
                    say("  error: %s/%s: %s" % (sample["suite"], sample["program"], sample["error"].splitlines()[0]))
                elif "skipped" in sample and turn == 0:
                    say("  skipped: %s/%s: %s" % (sample["suite"], sample["program"], sample["skipped"]))
