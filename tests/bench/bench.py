#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed of this emulator against another qemu-system-arm, interleaved A B A B, on the same images.

Bare-metal kernels (kernels.c; smp.c for several CPUs and interrupts; nanoseconds per operation by the guest's 24 MHz
counter) and Linux (boot to userland by the
host's clock; sha512sum, awk, gzip, fork+exec by the guest's). Prints a Markdown table of medians and ratios (other / ours:
above 1 we are faster) with geometric means; --json writes everything. Nothing here passes or fails on a time.

  tests/bench/bench.py --rounds 5 --json result.json
"""
import argparse
import importlib.util
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MACHINE = ["-M", "realview-eb-mpcore", "-m", "256", "-display", "none", "-monitor", "none"]
CFLAGS = ("-O2 -march=armv6k -mfpu=vfp -mfloat-abi=softfp -marm -ffreestanding -fno-builtin -nostdlib -static "
          "-fno-tree-loop-distribute-patterns -Wall -Wextra -Wl,-Ttext=0x10000 -Wl,--build-id=none").split()
# Runs in the guest by the init's cmd=; commas stand for spaces there.
WORKLOADS = """u(){ cut -d' ' -f1 /proc/uptime;}
s=$(u);dd if=/dev/zero bs=1M count=16 2>/dev/null|sha512sum >/dev/null;echo W sha512 $s $(u)
s=$(u);awk 'BEGIN{for(i=0;i<300000;i++){s+=i*1.5};print s}' >/dev/null;echo W awk $s $(u)
s=$(u);gzip -9 -c /bin/busybox >/tmp/b;gzip -d -c /tmp/b >/dev/null;echo W gzip $s $(u)
s=$(u);i=0;while [ $i -lt 300 ];do /bin/busybox true;i=$((i+1));done;echo W forkexec $s $(u)""".replace("\n", ";")


class Emulator:
    """One of the two: its program and the options only it needs."""

    def __init__(self, name, program, extra):
        self.name, self.program, self.extra = name, program, extra

    def run(self, options, timeout, stop=None):
        """Run to the end, or to a line that contains `stop`; returns [(seconds since start, line)]."""
        argv = [self.program, *MACHINE, *self.extra, *options]
        begin = time.monotonic()
        lines = []
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as proc:
            os.set_blocking(proc.stdout.fileno(), True)
            limit = threading.Timer(timeout, proc.kill)
            limit.start()
            try:
                for raw in proc.stdout:
                    lines.append((time.monotonic() - begin, raw.decode(errors="replace").strip()))
                    if stop and stop in lines[-1][1]:
                        break
            finally:
                limit.cancel()
                proc.kill()
        return lines


def build_kernels(directory):
    image = os.path.join(directory, "kernels.elf")
    subprocess.run(["arm-linux-gnueabi-gcc", *CFLAGS, os.path.join(HERE, "kernels-start.S"), os.path.join(HERE, "kernels.c"),
                    "-lgcc", "-o", image], check=True)
    return image


def build_smp(directory):
    """smp.c on the runtime of the guest tests, which has the code for other CPUs and interrupts."""
    spec = importlib.util.spec_from_file_location("run_guest", os.path.join(ROOT, "tests/guest/run-guest.py"))
    run_guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_guest)
    source = os.path.join(HERE, "smp.c")
    return run_guest.build([source], directory)[source]


def run_kernels(emulator, image, smp, serial="null"):
    found = {}
    options = ["-smp", str(smp), "-serial", serial, "-semihosting", "-kernel", image]
    lines = emulator.run(options, 120, "DONE")
    if not any(line == "DONE" for _, line in lines):
        sys.exit("%s: %s did not run to its end:\n%s" % (emulator.name, os.path.basename(image),
                                                        "\n".join(line for _, line in lines[-10:])))
    for _, line in lines:
        match = re.match(r"K (\w+) ([0-9.]+)( WRONG)?$", line)
        if match and match.group(3):
            sys.exit("%s: kernel %s gives a wrong result" % (emulator.name, match.group(1)))
        if match:
            found[match.group(1) + " ns"] = float(match.group(2))
    return found


def run_linux(emulator, guest, smp, command):
    found = {}
    options = ["-smp", str(smp), "-serial", "stdio", "-no-reboot", "-kernel", guest["kernel"], "-dtb", guest["dtb"],
               "-initrd", guest["initrd"], "-append", "console=ttyAMA0 cmd=" + command.replace(" ", ",")]
    for seconds, line in emulator.run(options, 180, "exit status"):
        if "userland:" in line:
            found["boot s"] = seconds
        match = re.match(r"W (\w+) ([0-9.]+) ([0-9.]+)$", line)
        if match:
            found[match.group(1) + " s"] = float(match.group(3)) - float(match.group(2))
    return found


def guest_images(options):
    """Kernel, device tree and initramfs: what the options name, the rest from scripts/guest/build."""
    given = {name: getattr(options, name) for name in ("kernel", "dtb", "initrd") if getattr(options, name)}
    if len(given) == 3:
        return given
    output = subprocess.run([os.path.join(ROOT, "scripts/guest/build"), "kernel", "base"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return {**dict(line.split("=", 1) for line in output.splitlines() if "=" in line), **given}


def collect(emulators, rounds, jobs):
    """results[job][emulator][figure] = list of values; the emulators alternate in every round."""
    results = {}
    for turn in range(rounds):
        for job, run in jobs:
            for emulator in emulators:
                print("round %d of %d: %s, %s" % (turn + 1, rounds, job, emulator.name), file=sys.stderr)
                for figure, value in run(emulator).items():
                    results.setdefault(job, {}).setdefault(figure, {}).setdefault(emulator.name, []).append(value)
    return results


def table(results, ours, other):
    out, all_ratios = [], []
    for job, figures in results.items():
        out += ["", "| %s | %s | %s | ratio | ratios of the rounds |" % (job, ours, other), "| --- | --- | --- | --- | --- |"]
        ratios = []
        for figure, values in figures.items():
            a, b = values.get(ours, []), values.get(other, [])
            if not a or not b or min(a) <= 0:
                out.append("| %s | %s | %s | - | |" % (figure, a and statistics.median(a), b and statistics.median(b)))
                continue
            pairs = [y / x for x, y in zip(a, b)]
            ratios.append(statistics.median(pairs))
            out.append("| %s | %.3f | %.3f | **%.2f** | %.2f-%.2f |" % (figure, statistics.median(a), statistics.median(b),
                                                                  ratios[-1], min(pairs), max(pairs)))
        if ratios:
            out.append("| geometric mean | | | **%.2f** | |" % math.exp(statistics.fmean(map(math.log, ratios))))
            all_ratios += ratios
    if all_ratios:
        out += ["", "Geometric mean of all: **%.2f**" % math.exp(statistics.fmean(map(math.log, all_ratios)))]
    return "\n".join(out)


def plot(results, path):
    """One bar per figure: the median of the rounds' ratios, on a logarithmic axis."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no plot: matplotlib is not installed (python3-matplotlib)", file=sys.stderr)
        return
    names, ratios = [], []
    for job, figures in results.items():
        for figure, values in figures.items():
            a, b = values.get("ours", []), values.get("other", [])
            if a and b and min(a) > 0:
                names.append("%s (%s)" % (figure.rsplit(" ", 1)[0], job))
                ratios.append(statistics.median(y / x for x, y in zip(a, b)))
    figure, axes = pyplot.subplots(figsize=(9, 0.25 * len(names) + 1))
    axes.barh(names, ratios)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times faster than the other")
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", default=os.path.join(ROOT, "build/qemu-system-arm"))
    parser.add_argument("--other", default="qemu-system-arm", help="the program to compare with")
    parser.add_argument("--ours-accel", default="tcg", help="-accel of ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["kernels", "linux"], help="default: both")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE", help="bar chart of the ratios; needs matplotlib")
    parser.add_argument("--kernel", help="Linux guest, default: that of scripts/guest/build")
    parser.add_argument("--dtb")
    parser.add_argument("--initrd")
    parser.add_argument("--quick", action="store_true",
                        help="one round of the bare-metal images, on ours alone if the other is not installed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.only = 1, "kernels"
    ours = Emulator("ours", options.ours, ["-accel", options.ours_accel])
    other = Emulator("other", options.other, ["-audiodev", "none,id=none"] if "build/" not in options.other else [])

    with tempfile.TemporaryDirectory() as directory:
        jobs = []
        if options.only != "linux":
            image = build_kernels(directory)
            smp_image = build_smp(directory)
            jobs += [("bare metal, 1 CPU", lambda e: run_kernels(e, image, 1)),
                     ("bare metal, 4 CPUs", lambda e: run_kernels(e, image, 4)),
                     ("2 CPUs together", lambda e: run_kernels(e, smp_image, 2, "stdio")),
                     ("4 CPUs together", lambda e: run_kernels(e, smp_image, 4, "stdio"))]
        if options.only != "kernels":
            guest = guest_images(options)
            jobs += [("Linux, 1 CPU", lambda e: run_linux(e, guest, 1, WORKLOADS)),
                     ("Linux, 4 CPUs", lambda e: run_linux(e, guest, 4, WORKLOADS))]
        emulators = [ours] if options.quick and not shutil.which(options.other) else [ours, other]
        results = collect(emulators, options.rounds, jobs[:1] + jobs[2:3] if options.quick else jobs)
    print(table(results, "ours", "other"))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"rounds": options.rounds, "ours": options.ours, "other": options.other, "results": results}, file, indent=1)
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
