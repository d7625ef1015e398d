# SPDX-License-Identifier: GPL-2.0-or-later
"""Markdown tables of a result file."""
import statistics

from .figures import Table, geometric_mean


def number(value):
    if value is None:
        return "-"
    return "%.0f" % value if value >= 1000 else "%.1f" % value if value >= 100 else "%.3g" % value


def times(value):
    return "-" if value is None else "**%.2f**" % value


def line(cells):
    return "| %s |" % " | ".join(cells)


def head(cells):
    return [line(cells), line(["---"] * len(cells))]


def machine(data):
    host = data["machine"]
    return ["Host: %s, %s cores%s, %s MiB, %s. Compilers: %s; %s." % (
                host["cpu"], host["cores"], " (virtual machine)" if host.get("virtual") else "", host["memory_mib"],
                host["kernel"], host["host_compiler"], host["guest_compiler"]),
            "Commit %s%s, %s; %d rounds." % (
                str(host["commit"])[:12], " and changes" if host["uncommitted_changes"] else "", host["date"],
                data["rounds_done"]),
            "", *head(["target", "what", "version"]),
            *[line([name, target["what"], target["version"]]) for name, target in data["targets"].items()]]


def ours(data):
    return [name for name, target in data["targets"].items() if target["kind"] == "ours"]


def spread(table, suite, program, cpus, target):
    values = list(table.cell(suite, program, cpus, target).values())
    middle = statistics.median(values) if values else 0
    return "%.0f%%" % (100 * (max(values) - min(values)) / middle) if len(values) > 1 and middle else "-"


def suite_table(table, data, suite, cpus):
    """Medians of all targets; how many times faster than upstream each of ours is, and slower than the host."""
    names = table.targets(suite, data["targets"])
    mine = [name for name in ours(data) if name in names]
    versus = [(("upstream", name), "upstream / " + name) for name in mine if "upstream" in names]
    if "native" in names and mine:
        best = "unified" if "unified" in mine else mine[0]
        versus.append(((best, "native"), best + " / native"))
    else:
        best = mine[-1] if mine else names[-1]
    units = {table.units[suite, program] for program in table.programs(suite, cpus)}
    out = ["", "### %s, %d CPU%s (%s)" % (suite, cpus, "s" if cpus > 1 else "", ", ".join(sorted(units))), "",
           *head(["program", *names, *[title for _, title in versus], "spread of " + best])]
    means = {pair: [] for pair, _ in versus}
    for program in table.programs(suite, cpus):
        cells = [program, *[number(table.median(suite, program, cpus, name)) for name in names]]
        for pair, _ in versus:
            value = table.ratio(suite, program, (cpus, pair[0]), (cpus, pair[1]))
            if value:
                means[pair].append(value)
            cells.append(times(value))
        out.append(line([*cells, spread(table, suite, program, cpus, best)]))
    if versus:
        out.append(line(["geometric mean", *[""] * len(names),
                         *[times(geometric_mean(means[pair])) for pair, _ in versus], ""]))
    return out


def scaling_table(table, data, suite):
    """How many times faster the same work is done on N CPUs than on one CPU of the same target, geometric means."""
    numbers = [cpus for cpus in table.cpus(suite) if cpus > 1]
    if 1 not in table.cpus(suite) or not numbers:
        return []
    out = ["", "### %s: speedup over 1 CPU (geometric mean)" % suite, "",
           *head(["target", *["%d CPUs" % n for n in numbers]])]
    for name in table.targets(suite, data["targets"]):
        out.append(line([name, *[times(table.mean_ratio(suite, (1, name), (cpus, name))) for cpus in numbers]]))
    return out


def host_table(data):
    """What the runs cost the host: medians over the rounds."""
    cells = {}
    for run in data["runs"]:
        cells.setdefault((run["job"], run["cpus"], run["target"]), []).append(run)
    out = ["", "### What it costs the host: seconds / processor seconds / peak MiB of a run", "",
           *head(["run", "CPUs", *data["targets"]])]
    for job, cpus in dict.fromkeys((key[0], key[1]) for key in cells):
        row = [job, str(cpus)]
        for target in data["targets"]:
            runs = cells.get((job, cpus, target))
            row.append("%.1f / %.1f / %.0f" % tuple(
                statistics.median(run[key] for run in runs) / scale
                for key, scale in (("wall_s", 1), ("cpu_s", 1), ("peak_kib", 1024))) if runs else "-")
        out.append(line(row))
    return out


def problems(table):
    found, out = {}, []
    for sample in table.problems:
        kind = "failed" if "error" in sample else "skipped"
        text = (sample.get("error") or sample.get("skipped") or "").split("\n")[0]
        found.setdefault((kind, sample["suite"], sample["program"], sample["target"], text), []).append(sample["cpus"])
    for (kind, suite, program, target, text), cpus in found.items():
        out.append("- %s: %s/%s on %s, %s CPUs: %s" % (kind, suite, program, target,
                                                       ", ".join(map(str, sorted(set(cpus)))), text))
    return ["", "### Not measured", "", *out] if out else []


def markdown(data, title="Benchmark results"):
    table = Table(data["samples"])
    out = ["# " + title, "", *machine(data)]
    for suite in table.suites():
        out += ["", "## " + suite]
        for cpus in table.cpus(suite):
            out += suite_table(table, data, suite, cpus)
        out += scaling_table(table, data, suite) if table.units[suite, table.programs(suite)[0]] == "s" else []
    out += host_table(data) + problems(table)
    return "\n".join(out) + "\n"
