#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
# run-tests: long timeout=7200 as=rounds args=--rounds,100
"""Linux on four CPUs under load moves from design to design, and goes back to a snapshot; long: a hundred moves.

Load: each CPU has a process that computes checksums and compares them, one that starts processes, and one that talks to
others by pipes. Nothing may come out wrong, no process may end, and the kernel may not complain. The long form has
stress-ng as well, which verifies what it does: numbers, memory, atomics, futexes, processes, pipes, timers. Prints TAP.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

from moving import move, start
from vm import Cases, Failure

RING = ("unified", "separate", "single", "interp")
LOAD = """\
S="$(md5sum < /bin/busybox)"; \
for i in 1 2 3 4; do \
(while :; do [ "$(md5sum < /bin/busybox)" = "$S" ] || echo WRO""NG; done) & \
(n=0; while [ "$(echo $n | tr 0-9 0-9)" = $n ]; do n=$((n + 1)); done; echo WRO""NG) & done 2> /dev/null"""

STRESS = "stress-ng --cpu 1 --atomic 1 --futex 1 --fork 1 --vm 1 --vm-bytes 8M --pipe 1 --timer 1 --mutex 1 " \
    "--sem 1 --memcpy 1 --verify --timeout 0 --temp-path /tmp --log-brief > /tmp/stress 2>&1 & STRESS=$!"


def check(vm, jobs):
    """The guest answers, its load is there and right."""
    vm.send("\n")
    status, text = vm.shell("jobs | grep -c Running; uptime", 120)
    found = re.search(r"^(\d+)\n", text, re.M)
    if status or not found or int(found.group(1)) != jobs:
        raise Failure("%s of %d jobs: %s" % (found and found.group(1), jobs, text))
    if "WRONG" in vm.text():
        raise Failure("a checksum is wrong")
    vm.check_log()


def snapshots(cases, tmp):
    """savevm and loadvm: the disk's contents and the guest's memory of them go back together."""
    disk = os.path.join(tmp, "disk.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    vm, control = start(tmp, 1000, "unified", "-drive", "if=virtio,file=" + disk)
    try:
        with cases.case("savevm of a machine under load", vm) as up:
            vm.wait_shell()
            vm.shell(LOAD)
            vm.shell("dd if=/bin/busybox of=/dev/vda bs=64k conv=fsync 2> /dev/null; WORD=before")
            begin = time.monotonic()
            said = control.order("human-monitor-command", **{"command-line": "savevm one"})
            print("# savevm took %d ms" % (1000 * (time.monotonic() - begin)))
            if said:
                raise Failure(said)
            check(vm, 8)
        if not up.ok:
            return
        with cases.case("loadvm: disk and memory are as they were", vm):
            vm.shell("dd if=/dev/zero of=/dev/vda bs=1M count=8 conv=fsync 2> /dev/null; WORD=after")
            begin = time.monotonic()
            said = control.order("human-monitor-command", **{"command-line": "loadvm one"})
            print("# loadvm took %d ms" % (1000 * (time.monotonic() - begin)))
            if said:
                raise Failure(said)
            vm.send("\n")
            status, text = vm.shell("N=$(wc -c < /bin/busybox); head -c $N /dev/vda | cmp - /bin/busybox && "
                                    "echo $WORD", 60)
            if status or "before" not in text:
                raise Failure("exit status %d: %s" % (status, text))
            check(vm, 8)
    finally:
        vm.kill()
    with cases.case("qemu-img finds no fault in the image"):
        subprocess.run(["qemu-img", "check", "-q", disk], check=True)


def end_stress(vm):
    """It has verified all along, and says at the end whether anything was wrong."""
    status, text = vm.shell("kill -INT $STRESS; wait $STRESS; echo code $?; cat /tmp/stress", 300)
    if status or "code 0\n" not in text or "fail" in text:
        raise Failure(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cases, rng = Cases(), random.Random(1)
    many = options.rounds > 5
    initrd, jobs = ("stress", 9) if many else ("initrd", 8)
    with tempfile.TemporaryDirectory() as tmp:
        vm, control = start(tmp, 0, RING[0], initrd=initrd)
        try:
            with cases.case("boot, and load on all CPUs", vm):
                vm.wait_shell()
                vm.shell(LOAD)
                if many:
                    vm.shell(STRESS)
                check(vm, jobs)
            for number in range(1, options.rounds + 1):
                design = rng.choice(RING) if many else RING[number % len(RING)]
                live = number % 2 == 0
                with cases.case("move %d: to %s %s" % (number, design, "by a socket" if live else "by a file"), vm):
                    vm, control, info = move(tmp, number, vm, control, design, live, initrd=initrd)
                    print("# CPUs stood still for %d ms, %d MiB, %d rounds, loaded in %d ms" %
                          (info["downtime"], info["ram"]["transferred"] >> 20, info["ram"]["dirty-sync-count"],
                           info["load"]))
                    check(vm, jobs)
            if many:
                with cases.case("stress-ng has found nothing wrong", vm):
                    end_stress(vm)
            with cases.case("the guest ends its load and itself", vm):
                vm.shell("kill $(jobs -p)")
                vm.check_log()
        finally:
            vm.kill()
        if not shutil.which("qemu-img"):
            cases.skip("savevm and loadvm", "no qemu-img (qemu-utils)")
        elif not many:
            snapshots(cases, tmp)
    cases.finish()


if __name__ == "__main__":
    main()
