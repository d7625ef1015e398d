# SPDX-License-Identifier: GPL-2.0-or-later
"""Command line and set-up that run.py, compare.py and study.py share."""
import argparse
import os
import subprocess
import sys

from . import images, plots, runner, targets
from .manifest import ManifestError

RESULTS = os.path.join(images.BENCH, "results")
PARTS = ("kernel", "dtb", "initrd")


def numbers(text):
    """The type of --cpus."""
    try:
        found = sorted({int(word) for word in text.split(",")})
    except ValueError:
        found = []
    if not found or found[0] < 1 or found[-1] > 4:
        raise argparse.ArgumentTypeError("numbers from 1 to 4, separated by commas")
    return found


def positive(text):
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("from 1 to 1000")
    return value


def names(known):
    """The type of a list of words out of `known`."""
    def convert(text):
        found = text.split(",")
        unknown = [word for word in found if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError("%s: not one of %s" % (", ".join(unknown), ", ".join(known)))
        return found
    return convert


def parser(description, output):
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--cpus", type=numbers, help="of the guest [1,2,4; 2 with --quick]")
    result.add_argument("--rounds", type=positive, default=3, help="[3]")
    result.add_argument("--output", metavar="PREFIX",
                        help="of PREFIX.json, PREFIX.md, PREFIX-*.svg and .png [tests/bench/results/%s; beside the "
                             "JSON with --from; in the build directory with --quick]" % output)
    result.add_argument("--no-plots", action="store_true")
    result.add_argument("--from", dest="source", metavar="JSON", help="measure nothing: table and plots of that result")
    result.add_argument("--quick", action="store_true", help="smallest sizes, one round: whether everything works")
    for part in PARTS:
        result.add_argument("--" + part, metavar="FILE", help="of the guest, instead of that of scripts/guest/build")
    return result


def guest_parts(options):
    given = {part: getattr(options, part) for part in PARTS}
    return images.guest_parts({part: os.path.abspath(path) for part, path in given.items() if path})


def usable(candidates, needed=()):
    """Leaves out targets that cannot run here and says so; those in `needed` must."""
    found = []
    for target in candidates:
        why = targets.missing(target)
        if why and target.kind in needed:
            sys.exit("error: " + why)
        if why:
            runner.say("skipped: %s: %s" % (target.name, why))
        else:
            found.append(target)
    return found


def show(source, data, prefix, draw, text):
    """Writes table and plots of a result file."""
    with open(prefix + ".md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    made = plots.draw(source, prefix, runner.say) if draw else []
    runner.say("written: %s.md%s" % (prefix, ", %d plots" % len(made) if made else ""))
    failed = [sample for sample in data["samples"] if "error" in sample]
    for sample in failed:
        runner.say("error: %s/%s on %s, %d CPUs: %s" % (sample["suite"], sample["program"], sample["target"],
                                                       sample["cpus"], sample["error"].splitlines()[0]))
    return 1 if failed else 0


def again(chosen, kind, markdown):
    """For --from."""
    try:
        data = runner.load(chosen.source)
    except ValueError as error:
        sys.exit("error: %s" % error)
    if data["kind"] != kind:
        sys.exit("error: %s is a result of %s.py" % (chosen.source, data["kind"]))
    return show(chosen.source, data, chosen.output, not chosen.no_plots, markdown(data))


def prepare_output(chosen, name):
    """Fills in --output. What --quick measures must not replace real results by accident."""
    if chosen.output is None and chosen.source:
        chosen.output = os.path.splitext(chosen.source)[0]
    elif chosen.output is None:
        chosen.output = os.path.join(images.OUT, "quick-" + name) if chosen.quick else os.path.join(RESULTS, name)
    directory = os.path.dirname(os.path.abspath(chosen.output))
    os.makedirs(directory, exist_ok=True)
    if not os.access(directory, os.W_OK):
        sys.exit("error: cannot write to " + directory)


def main(work, failed=1):
    """Runs work(), which gives the exit status; known errors end the program with their message and status `failed`."""
    try:
        status = work()
    except (images.BuildError, ManifestError, OSError, subprocess.SubprocessError) as error:
        runner.say("error: %s" % error)
        status = failed
    sys.exit(status)
