#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=3600 long
"""Linux on four CPUs with all of its devices at work - two virtual disks and an SD card, a USB stick, sound, the
screen, the network - is saved and goes back, and moves from design to design: nothing that is written comes out wrong,
each of the loads goes on, and Linux has no complaint. Prints TAP.
"""
import importlib.util
import os
import re
import subprocess
import tempfile

from moving import move, start
from screen import until
from vm import Cases, Failure, is_upstream

SPEC = importlib.util.spec_from_file_location("board", os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                                   "test-board.py"))
board = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(board)

RING = ("separate", "single", "unified")
SAVES = 3
DISKS = ("vda", "vdb", "mmcblk0", "sda")
# Each load counts its rounds in a file, and says WRONG.
WRITE = """\
(n=0; while :; do n=$((n + 1)); dd if=/dev/urandom of=/tmp/%(disk)s.d bs=64k count=2; \
dd if=/tmp/%(disk)s.d of=/dev/%(disk)s bs=64k seek=$((n %% 50 * 2)) conv=fsync,notrunc || echo WRO""NG; \
echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/%(disk)s of=/tmp/%(disk)s.r bs=64k skip=$((n %% 50 * 2)) count=2; \
cmp /tmp/%(disk)s.d /tmp/%(disk)s.r || echo WRO""NG; echo $n > /tmp/n.%(disk)s; \
mv /tmp/n.%(disk)s /tmp/rounds.%(disk)s; done 2> /dev/null &)"""
REPEAT = """(n=0; while :; do %(what)s && n=$((n + 1)); echo $n > /tmp/n.%(name)s; \
mv /tmp/n.%(name)s /tmp/rounds.%(name)s; done > /dev/null 2>&1 &)"""
REPEATED = {"sound": "/programs/sound play", "screen": "dd if=/dev/urandom of=/dev/fb0 bs=64k count=4",
            "network": "ping -c 1 -W 2 10.0.2.2"}
LOADS = (*DISKS, *REPEATED)


def devices(tmp):
    options = ["-dtb", "builtin", "-audiodev", "none,id=snd", "-nic", "user", "-device", "usb-hub,port=2,id=hub",
               "-device", "usb-storage,drive=stick,port=2.2"]
    for name, interface in (("one", "virtio"), ("two", "virtio"), ("card", "sd"), ("stick", "none,id=stick")):
        path = os.path.join(tmp, name + ".qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
        options += ["-drive", "if=%s,file=%s" % (interface, path)]
    return options


# Linux's remedy for a fault of the USB chip takes what has ended for 300 ms as handled, and is surprised by its
# interrupt then, which an overloaded host brings as late as that.
LATE_INTERRUPT = re.compile(r"WARNING: .*isp1760-hcd\.c:1396 handle_done_ptds")


def check_log(vm):
    vm.complaints.update(line for line in vm.text().splitlines() if LATE_INTERRUPT.search(line))
    vm.check_log()


def counts(vm):
    text = vm.shell("; ".join("cat /tmp/rounds." + load for load in LOADS), 120)[1]
    found = re.findall(r"^(\d+)$", text, re.M)
    if len(found) != len(LOADS):
        raise Failure("not all loads tell: " + text)
    return [int(n) for n in found]


def check(vm):
    """Each load goes on, and is right."""
    vm.send("\n")
    before = counts(vm)
    until(lambda: all(now > was for now, was in zip(counts(vm), before)),
          "of %s some do not go on from %s" % (LOADS, before), 300 * vm.scale)
    if "WRONG" in vm.text():
        raise Failure("a disk has something else than was written")
    status, said = vm.shell("dmesg | grep -E 'reset .*USB|USB disconnect|I/O error|cannot submit|NETDEV WATCHDOG'", 60)
    if status == 0:
        raise Failure(said)
    check_log(vm)


def prepare(vm):
    vm.wait_shell()
    vm.hush()
    for disk in DISKS:
        vm.shell("until test -b /dev/%s; do sleep 0.2; done" % disk, 120)
    vm.shell("ifconfig eth0 10.0.2.15; " + "; ".join("echo 0 > /tmp/rounds." + load for load in LOADS))
    for disk in DISKS:
        vm.shell(WRITE % {"disk": disk})
    for name, what in REPEATED.items():
        vm.shell(REPEAT % {"name": name, "what": what})


def snapshots(vm, control):
    for number in range(SAVES):
        vm.shell("WORD=before")
        said = control.order("human-monitor-command", **{"command-line": "savevm s%d" % number})
        vm.shell("WORD=after")
        check(vm)
        said += control.order("human-monitor-command", **{"command-line": "loadvm s%d" % number})
        vm.send("\n")
        word = vm.shell("echo word-$WORD")[1]
        if said or "word-before" not in word:
            raise Failure("it is not as it was: %s %s" % (said, word))
        check(vm)


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("devices", "the emulator is another one")
        cases.finish()
    with tempfile.TemporaryDirectory() as tmp:
        options, initrd = devices(tmp), board.image_with_programs(tmp)
        vm, control = start(tmp, 0, "unified", *options, initrd=initrd)
        try:
            with cases.case("all devices at work", vm) as up:
                prepare(vm)
                check(vm)
            if up.ok:
                with cases.case("savevm and loadvm, %d times" % SAVES, vm):
                    snapshots(vm, control)
            for number, design in enumerate(RING if up.ok else (), 1):
                live = number % 2 == 0
                with cases.case("move %d: to %s %s" % (number, design, "by a socket" if live else "by a file"), vm):
                    vm, control, _ = move(tmp, number, vm, control, design, live, *options, initrd=initrd)
                    check(vm)
        finally:
            vm.kill()
        with cases.case("qemu-img finds no fault in the images"):
            for name in ("one", "two", "card", "stick"):
                subprocess.run(["qemu-img", "check", "-q", os.path.join(tmp, name + ".qcow2")], check=True)
    cases.finish()


if __name__ == "__main__":
    main()
