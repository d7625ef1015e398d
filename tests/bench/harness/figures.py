# SPDX-License-Identifier: GPL-2.0-or-later
"""From samples to figures: medians, ratios of the same round, geometric means, bootstrap."""
import math
import random
import statistics


class Table:
    """The good samples: cell(suite, program, cpus, target) = {round: value}."""

    def __init__(self, samples):
        self.cells, self.units, self.problems = {}, {}, []
        self.rows = []              # (suite, program), in the order of the first appearance
        for sample in samples:
            row = (sample["suite"], sample["program"])
            if "value" not in sample or "error" in sample:
                self.problems.append(sample)
                continue
            if row not in self.units:
                self.units[row] = sample["unit"]
                self.rows.append(row)
            self.cells.setdefault((*row, sample["cpus"], sample["target"]), {})[sample["round"]] = sample["value"]

    def suites(self):
        return list(dict.fromkeys(suite for suite, _ in self.rows))

    def cpus(self, suite):
        return sorted({key[2] for key in self.cells if key[0] == suite})

    def programs(self, suite, cpus=None):
        return [program for s, program in self.rows if s == suite and
                (cpus is None or any(key[:3] == (suite, program, cpus) for key in self.cells))]

    def targets(self, suite, order):
        here = {key[3] for key in self.cells if key[0] == suite}
        return [name for name in order if name in here]

    def cell(self, suite, program, cpus, target):
        return self.cells.get((suite, program, cpus, target), {})

    def median(self, suite, program, cpus, target):
        values = self.cell(suite, program, cpus, target).values()
        return statistics.median(values) if values else None

    def ratios(self, suite, program, above, below):
        """above / below = (cpus, target) each, round by round: neighbours in time meet the same noise."""
        a, b = self.cell(suite, program, *above), self.cell(suite, program, *below)
        return [a[turn] / b[turn] for turn in sorted(a) if turn in b and a[turn] > 0 and b[turn] > 0]

    def ratio(self, suite, program, above, below):
        values = self.ratios(suite, program, above, below)
        return statistics.median(values) if values else None

    def mean_ratio(self, suite, above, below):
        return geometric_mean([value for value in (self.ratio(suite, program, above, below)
                                                   for program in self.programs(suite)) if value])


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def bootstrap(rows, confidence=0.95, draws=4000, seed=1):
    """The geometric mean of rows = [[ratios of the rounds], ...] and its interval of confidence.

    A row's value is the median of its rounds, which a single disturbed round does not move. Each draw picks, with
    replacement, as many rounds for each row as it has: the interval says how far the noise of the rounds may have moved
    the mean, for these rows and no others.
    """
    logs = [[math.log(value) for value in row] for row in rows if row]
    if not logs:
        return None, None, None
    numbers = random.Random(seed)
    means = sorted(statistics.fmean(statistics.median(numbers.choices(row, k=len(row))) for row in logs)
                   for _ in range(draws))
    middle = statistics.fmean(map(statistics.median, logs))
    cut = (1 - confidence) / 2
    low, high = means[int(cut * draws)], means[min(draws - 1, int((1 - cut) * draws))]
    return math.exp(middle), math.exp(low), math.exp(high)
