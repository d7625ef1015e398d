# SPDX-License-Identifier: GPL-2.0-or-later
"""The plots of study.py's results; called by plots.py, which knows matplotlib."""
from .study_report import EVENTS, Study

COLOURS = {"single": "#9ecae1", "unified": "#2171b5", "separate": "#238b45"}


def grouped(pyplot, study, names, value, title, label, log=False):
    """Bars for every group and number of CPUs, one per design."""
    places = [(group, cpus) for group in study.groups for cpus in study.numbers]
    figure, axes = pyplot.subplots(figsize=(max(6, 0.45 * len(places) + 2), 4))
    for number, name in enumerate(names):
        axes.bar([i + (number - (len(names) - 1) / 2) * 0.8 / len(names) for i in range(len(places))],
                 [value(group, cpus, name) or 0 for group, cpus in places], 0.8 / len(names), label=name,
                 color=COLOURS.get(name))
    axes.set_xticks(range(len(places)))
    axes.set_xticklabels(["%s, %d" % place for place in places], rotation=60, ha="right", fontsize=8)
    axes.set_ylabel(label)
    axes.set_title(title, fontsize=10)
    if log:
        axes.set_yscale("symlog")
    axes.legend(fontsize=8)
    return figure, axes


def profile(pyplot, study, cpus):
    """Stacked shares of the events' time."""
    rows = [(group, name, study.profile(group, cpus, name)) for group in study.groups for name in study.targets]
    rows = [row for row in rows if row[2]]
    if not rows:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 0.3 * len(rows) + 1.5))
    left = [0.0] * len(rows)
    for number, event in enumerate(EVENTS):
        shares = [100 * shares[event] for _, _, shares in rows]
        axes.barh(range(len(rows)), shares, left=left, label=event, color=pyplot.get_cmap("tab10")(number))
        left = [a + b for a, b in zip(left, shares)]
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels(["%s, %s" % (group, name) for group, name, _ in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("% of the CPUs' time")
    axes.set_title("events, %d CPUs" % cpus, fontsize=10)
    axes.legend(fontsize=7, bbox_to_anchor=(1.01, 1), loc="upper left")
    return figure


def predictions(pyplot, study):
    """C(N) up to 64 CPUs, with what was measured."""
    from . import usl
    found = [(group, name, study.scalability(group, name)) for group in study.groups for name in study.targets
             if name != "single"]
    found = [row for row in found if row[2]]
    if not found:
        return None
    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    numbers = list(range(1, 65))
    styles = dict(zip(study.groups, ("-", "--", ":", "-.", (0, (1, 3)))))
    for group, name, fit in found:
        axes.plot(numbers, [usl.capacity(n, fit["sigma"], fit["kappa"]) for n in numbers], color=COLOURS.get(name),
                  linestyle=styles.get(group, "-"), linewidth=1, label="%s, %s" % (group, name))
    axes.plot(numbers, numbers, color="black", linewidth=0.5)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xlabel("CPUs (and host cores)")
    axes.set_ylabel("predicted speedup over 1 CPU")
    axes.legend(fontsize=7)
    return figure


def draw(pyplot, save, data, prefix):
    study = Study(data)
    mine = [name for name in study.targets if name != "single"]
    figure, axes = grouped(pyplot, study, mine, study.speedup, "speedup over thread=single", "times")
    axes.axhline(1, color="black", linewidth=0.8)
    save(pyplot, figure, prefix + "-speedup")
    for name, value, title, label, log in (
            ("memory", study.memory, "peak memory of the emulator", "MiB", False),
            ("flushes", study.flushes, "flushes of a code cache", "count", True),
            ("builds", study.builds, "translations", "blocks built", True),
            ("waits", lambda *where: 100 * (study.wait_share(*where) or 0), "waiting for locks", "% of busy time",
             False)):
        save(pyplot, grouped(pyplot, study, study.targets, value, title, label, log)[0], "%s-%s" % (prefix, name))
    for cpus in study.numbers:
        figure = profile(pyplot, study, cpus)
        if figure:
            save(pyplot, figure, "%s-events-%d" % (prefix, cpus))
    figure = predictions(pyplot, study)
    if figure:
        save(pyplot, figure, prefix + "-scalability")
