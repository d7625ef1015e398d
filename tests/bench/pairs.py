#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scaling from one CPU to two for work that shares nothing: how long two equal processes take that compute at the same
time, and one alone, in a guest with two CPUs, for both designs of the code cache, and on the host. Prints twice the
ratio (2: nothing is lost) and the share of the CPUs' busy time that was spent waiting for locks.

    pairs.py [EMULATOR] [--rounds N]
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import images  # noqa: E402

GUEST_WORK = "awk 'BEGIN{for(i=0;i<900000;i++){s+=i*1.5}}'"
HOST_WORK = "awk 'BEGIN{for(i=0;i<40000000;i++){s+=i*1.5}}'"
# Both processes are children in the background: equal stacks, for a frame that crosses a page costs time.
SCRIPT = ("u(){ read a b </proc/uptime;echo $a;};w(){ %s;};w;for n in 1 2 3;do "
          "s=$(u);w& wait;echo ONE $s $(u);s=$(u);w& w& wait;echo TWO $s $(u);done;reboot -f" % GUEST_WORK)


def run_guest(emulator, design, parts):
    """(seconds alone, seconds of two, share of lock waits)."""
    with tempfile.TemporaryDirectory() as directory:
        stats = os.path.join(directory, "stats.json")
        done = subprocess.run(
            [emulator, "-M", "realview-eb-mpcore", "-smp", "2", "-m", "256", "-nographic", "-no-reboot", "-kernel",
             parts["kernel"], "-dtb", parts["dtb"], "-initrd", parts["initrd"], "-accel",
             "tcg,ccache=%s,stats=%s" % (design, stats), "-append",
             "console=ttyAMA0 norandmaps panic=-1 cmd=" + SCRIPT.replace(" ", ",")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
        with open(stats, encoding="utf-8") as file:
            data = json.load(file)
    times = {"ONE": [], "TWO": []}
    for which, begin, end in re.findall(r"^(ONE|TWO) (\S+) (\S+)", done.stdout, re.M):
        times[which].append(float(end) - float(begin))
    if len(times["TWO"]) != 3:
        sys.exit("%s: the guest did not run to its end:\n%s" % (design, done.stdout[-500:]))
    waits = [lock["wait_ns"] for lock in data["locks"]]
    waits += [lock["wait_ns"] for cpu in data["cpus"] for lock in cpu["locks"].values()]
    busy = sum(data["wall_ns"] - cpu["events"]["Idle"]["total_ns"] for cpu in data["cpus"])
    return statistics.median(times["ONE"]), statistics.median(times["TWO"]), sum(waits) / busy


def run_host(processes):
    begin = time.monotonic()
    for process in [subprocess.Popen(HOST_WORK, shell=True) for _ in range(processes)]:
        process.wait()
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emulator", nargs="?", default=os.path.join(images.ROOT, "build/qemu-system-arm"))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    parts = images.guest_parts()
    for _ in range(options.rounds):
        for design in ("unified", "separate"):
            one, two, waits = run_guest(options.emulator, design, parts)
            print("%-8s  one %.2f s, two %.2f s: %.2f times; waiting for locks %.2f%%" %
                  (design, one, two, 2 * one / two, 100 * waits), flush=True)
        one, two = run_host(1), run_host(2)
        print("host      one %.2f s, two %.2f s: %.2f times" % (one, two, 2 * one / two), flush=True)


if __name__ == "__main__":
    main()
