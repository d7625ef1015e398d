#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux with USB devices moves from design to design, and goes back to a snapshot, while it writes a stick on a hub and
reads it again. The transfers that are under way go on where they are: nothing is lost, nothing comes out wrong, Linux
resets no device, and keys come. Prints TAP.
"""
import os
import re
import subprocess
import tempfile

from moving import move, start
from screen import until
from vm import Cases, Failure, is_upstream

RING = ("separate", "unified")
# Writes a stick's places one after the other, reads each again past the cache, and counts the rounds in /tmp/rounds,
# which is never empty.
LOAD = """\
echo 0 > /tmp/rounds; (n=0; while :; do n=$((n + 1)); dd if=/dev/urandom of=/tmp/d bs=64k count=2; \
dd if=/tmp/d of=/dev/sda bs=64k seek=$((n % 50 * 2)) conv=fsync,notrunc || echo WRO""NG; \
echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/sda of=/tmp/r bs=64k skip=$((n % 50 * 2)) count=2; \
cmp /tmp/d /tmp/r || echo WRO""NG; echo $n > /tmp/n; mv /tmp/n /tmp/rounds; done 2> /dev/null &)"""


def devices(disk):
    return ("-device", "usb-hub,port=2,id=hub", "-device", "usb-kbd,port=2.1", "-device", "usb-tablet,port=3", "-drive",
            "if=none,id=stick,file=" + disk, "-device", "usb-storage,drive=stick,port=2.2")


def number_of(vm, command):
    found = re.search(r"^(\d+)$", vm.shell(command, 120)[1], re.M)
    if not found:
        raise Failure("no number from " + command)
    return int(found.group(1))


def check(vm, control):
    """The load goes on and is right, and keys arrive."""
    vm.send("\n")
    rounds = number_of(vm, "cat /tmp/rounds")
    until(lambda: number_of(vm, "cat /tmp/rounds") >= rounds + 2, "the stick is not written any more", 120 * vm.scale)
    before = number_of(vm, "wc -c < /tmp/keys")

    def key():
        control.order("human-monitor-command", **{"command-line": "sendkey a 1"})
        return number_of(vm, "wc -c < /tmp/keys") > before
    until(key, "no keys", 60 * vm.scale)
    if "WRONG" in vm.text():
        raise Failure("the stick has something else than was written")
    said = vm.shell("dmesg | grep -E 'reset .*USB|USB disconnect|I/O error|cannot submit'", 60)
    if said[0] == 0:
        raise Failure(said[1])
    vm.check_log()


def prepare(vm):
    vm.wait_shell()
    vm.hush()
    vm.shell("until test -b /dev/sda; do sleep 0.2; done; until grep -q 'USB Keyboard' /proc/bus/input/devices; do "
             "sleep 0.2; done", 120)
    vm.shell("event=$(grep -A 5 'USB Keyboard' /proc/bus/input/devices | grep -o 'event[0-9]*'); "
             "(cat /dev/input/$event > /tmp/keys &); echo 0 > /tmp/rounds")
    vm.shell(LOAD)


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("USB", "the emulator is another one")
        cases.finish()
    with tempfile.TemporaryDirectory() as tmp:
        disk = os.path.join(tmp, "stick.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
        options = devices(disk)
        vm, control = start(tmp, 0, "unified", *options)
        try:
            with cases.case("a machine that writes a stick on a hub", vm) as up:
                prepare(vm)
                check(vm, control)
            for number, design in enumerate(RING if up.ok else (), 1):
                # With an image that is written, a machine moves by a file (docs/snapshots.md).
                with cases.case("move %d: to %s" % (number, design), vm):
                    vm, control, _ = move(tmp, number, vm, control, design, False, *options)
                    check(vm, control)
        finally:
            vm.kill()
        vm, control = start(tmp, 100, "unified", *options)
        try:
            with cases.case("savevm while the stick is written, and loadvm", vm):
                prepare(vm)
                check(vm, control)
                said = control.order("human-monitor-command", **{"command-line": "savevm one"})
                check(vm, control)
                rounds = number_of(vm, "cat /tmp/rounds")
                said += control.order("human-monitor-command", **{"command-line": "loadvm one"})
                vm.send("\n")
                if said or number_of(vm, "cat /tmp/rounds") > rounds:
                    raise Failure("it is not as it was: " + said)
                check(vm, control)
        finally:
            vm.kill()
        with cases.case("qemu-img finds no fault in the image"):
            subprocess.run(["qemu-img", "check", "-q", disk], check=True)
    cases.finish()


if __name__ == "__main__":
    main()
