#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a result file: plots.py RESULT.json PREFIX writes PREFIX-NAME.svg and .png.

A program of its own, because matplotlib may belong to another Python than the harness runs with: draw() looks for one.
"""
import os
import statistics
import subprocess
import sys

PACKAGE = "python3-matplotlib"
COLOURS = {"native": "#777777", "upstream-single": "#f4b183", "upstream": "#d95f02", "single": "#9ecae1",
           "unified": "#2171b5", "separate": "#238b45"}


def find_python():
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        try:
            done = subprocess.run([python, "-c", "import matplotlib"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=120, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


def draw(result, prefix, say):
    """Returns the files it made; none, with a message, without matplotlib."""
    python = find_python()
    if python is None:
        say("no plots: matplotlib is not installed (Debian package %s)" % PACKAGE)
        return []
    done = subprocess.run([python, os.path.abspath(__file__), result, prefix], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        say("no plots: " + done.stderr.strip()[-2000:])
        return []
    return done.stdout.splitlines()


def save(pyplot, figure, path):
    figure.tight_layout()
    for extension, metadata in (("svg", {"Date": None}), ("png", {})):
        figure.savefig("%s.%s" % (path, extension), dpi=90, metadata=metadata)
        print("%s.%s" % (path, extension))
    pyplot.close(figure)


def bars(pyplot, table, data, suite, rows, title, path):
    """How many times faster than upstream, a group of bars per row = (label, program, CPUs); the lines are the rounds'
    extremes."""
    names = table.targets(suite, data["targets"])
    mine = [name for name in names if data["targets"][name]["kind"] == "ours"]
    rows = [row for row in rows
            if any(table.ratio(suite, row[1], (row[2], "upstream"), (row[2], name)) for name in mine)]
    if not rows:
        return
    figure, axes = pyplot.subplots(figsize=(8, 0.1 * len(rows) * (len(mine) + 1) + 1.2))
    height = 0.8 / len(mine)
    for number, name in enumerate(mine):
        for place, (_, program, cpus) in enumerate(rows):
            ratios = table.ratios(suite, program, (cpus, "upstream"), (cpus, name))
            if ratios:
                y = place + (number - (len(mine) - 1) / 2) * height
                # From 1 on a logarithmic axis: twice as fast is as long as half as fast.
                axes.barh(y, statistics.median(ratios) - 1, height, left=1, color=COLOURS.get(name))
                axes.plot([min(ratios), max(ratios)], [y, y], color="black", linewidth=0.6)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.xaxis.set_major_formatter("{x:g}")
    low, high = axes.get_xlim()
    # Within a decade there would be one number, beyond one too many.
    axes.xaxis.set_minor_formatter("{x:g}" if high / low < 20 else "")
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([label for label, _, _ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("times faster than upstream")
    axes.set_title(title, fontsize=10)
    axes.legend([pyplot.Rectangle((0, 0), 1, 1, color=COLOURS.get(name)) for name in mine], mine, fontsize=8)
    save(pyplot, figure, path)


def plural(cpus):
    return "%d CPU%s" % (cpus, "s" if cpus > 1 else "")


def suite_bars(pyplot, table, data, suite, prefix):
    """A figure per number of CPUs, or one for all if there is only one program."""
    programs, numbers = table.programs(suite), table.cpus(suite)
    if len(programs) == 1:
        bars(pyplot, table, data, suite, [(plural(cpus), programs[0], cpus) for cpus in numbers], suite,
             "%s-%s" % (prefix, suite))
        return
    for cpus in numbers:
        bars(pyplot, table, data, suite, [(program, program, cpus) for program in programs],
             "%s, %s" % (suite, plural(cpus)), "%s-%s-%d" % (prefix, suite, cpus))


def scaling(pyplot, table, data, suite, prefix):
    """Speedup over one CPU of the same target: a panel per program, and one for the geometric mean."""
    numbers = table.cpus(suite)
    programs = table.programs(suite)
    if numbers[:1] != [1] or len(numbers) < 2 or table.units[suite, programs[0]] != "s":
        return
    names = table.targets(suite, data["targets"])
    panels = [*programs, None] if len(programs) > 1 else programs
    across = min(5, len(panels))
    down = -(-len(panels) // across)
    figure, grid = pyplot.subplots(down, across, figsize=(2.6 * across + 0.6, 2.3 * down + 0.6), squeeze=False,
                                   sharex=True)
    for place, program in enumerate(panels):
        axes = grid[place // across][place % across]
        for name in names:
            points = [(cpus, table.ratio(suite, program, (1, name), (cpus, name)) if program else
                       table.mean_ratio(suite, (1, name), (cpus, name))) for cpus in numbers]
            points = [(x, y) for x, y in points if y]
            axes.plot(*zip(*points) if points else ([], []), marker="o", markersize=3, linewidth=1, label=name,
                      color=COLOURS.get(name))
        axes.plot(numbers, numbers, color="black", linewidth=0.5, linestyle=":")
        axes.set_title(program or "geometric mean", fontsize=8)
        axes.set_xticks(numbers)
        axes.tick_params(labelsize=7)
    for place in range(len(panels), down * across):
        grid[place // across][place % across].axis("off")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower right", fontsize=7)
    figure.suptitle("%s: speedup over 1 CPU; dotted: ideal (the host has %s cores)" % (suite, data["machine"]["cores"]),
                    fontsize=9)
    save(pyplot, figure, "%s-%s-scaling" % (prefix, suite))


def memory(pyplot, data, prefix):
    """Peak memory of the emulator."""
    peaks = {}
    for run in data["runs"]:
        if data["targets"][run["target"]]["kind"] != "native":
            row = peaks.setdefault((run["job"], run["cpus"]), {})
            row[run["target"]] = max(row.get(run["target"], 0), run["peak_kib"] / 1024)
    names = [name for name in data["targets"] if any(name in row for row in peaks.values())]
    if not peaks or not names:
        return
    figure, axes = pyplot.subplots(figsize=(max(5, 0.16 * len(peaks) * len(names) + 2), 4))
    for place, name in enumerate(names):
        axes.bar([i + (place - (len(names) - 1) / 2) * 0.8 / len(names) for i in range(len(peaks))],
                 [row.get(name, 0) for row in peaks.values()], 0.8 / len(names), label=name, color=COLOURS.get(name))
    axes.set_xticks(range(len(peaks)))
    axes.set_xticklabels(["%s, %d" % key for key in peaks], rotation=60, ha="right", fontsize=8)
    axes.set_ylabel("peak memory of the emulator, MiB")
    axes.legend(fontsize=8)
    save(pyplot, figure, prefix + "-memory")


def main():
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # Only here: the harness imports this file without matplotlib.
    import matplotlib
    matplotlib.use("Agg")
    # The same data make the same file, and text stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "pqemu", "svg.fonttype": "none"})
    from matplotlib import pyplot
    from harness import runner, study_plots
    from harness.figures import Table

    data = runner.load(sys.argv[1])
    prefix = sys.argv[2]
    table = Table(data["samples"])
    if data["kind"] == "study":
        study_plots.draw(pyplot, save, data, prefix)
        return
    for suite in table.suites():
        suite_bars(pyplot, table, data, suite, prefix)
        scaling(pyplot, table, data, suite, prefix)
    memory(pyplot, data, prefix)


if __name__ == "__main__":
    main()
