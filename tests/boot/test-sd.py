#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
# run-tests: timeout=7200 long as=thorough args=--thorough
"""Linux with an SD card: its driver finds the card, a file system is read and written, the card is changed, and what
the guest flushed is in the image after a kill, on the card and on a virtual disk. Prints TAP. Needs mke2fs, e2fsck and
debugfs (package e2fsprogs) and qemu-img.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import killed
from vm import VM, Cases, designs

THOROUGH = "--thorough" in sys.argv
KILLS = 200 if THOROUGH else 2
ENVIRONMENT = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
CONTENT = bytes(range(256)) * 4096 + b"the end\n"       # 1 MiB and a bit


def run(*command, status=(0,), **more):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          **more)
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode in status, "%s: %d\n%s" % (" ".join(command), done.returncode, said)
    return done.stdout


def make_card(directory, kind, size="64M"):
    """An ext4 file system with a file of known content, as an image of that kind."""
    tree, raw = os.path.join(directory, "tree"), os.path.join(directory, "card.raw")
    os.makedirs(tree, exist_ok=True)
    with open(os.path.join(tree, "known"), "wb") as file:
        file.write(CONTENT)
    if os.path.exists(raw):
        os.unlink(raw)
    run("mke2fs", "-q", "-t", "ext4", "-d", tree, raw, size)
    if kind == "raw":
        return raw
    image = os.path.join(directory, "card." + kind)
    run("qemu-img", "convert", "-f", "raw", "-O", kind, raw, image)
    return image


def superblock_time(raw, field):
    """Seconds since 1970; e2fsck's answers depend on them."""
    offset = {"mtime": 0x2c, "mkfs_time": 0x108}[field]
    with open(raw, "rb") as file:
        file.seek(1024 + offset)
        return int.from_bytes(file.read(4), "little")


def checked_raw(image, kind, directory):
    """The image as a raw file, its journal replayed and its file system checked."""
    raw = image
    if kind != "raw":
        run("qemu-img", "check", image)
        raw = os.path.join(directory, "after.raw")
        run("qemu-img", "convert", "-O", "raw", image, raw)
    mounted, created = superblock_time(raw, "mtime"), superblock_time(raw, "mkfs_time")
    assert mounted >= created, "the guest mounted it at %d, its clock was not set" % mounted
    run("e2fsck", "-p", raw, status=(0, 1))
    run("e2fsck", "-f", "-n", raw)
    return raw


def card(vm, wait=True, device="mmcblk0"):
    if wait:
        vm.wait_shell()
    vm.shell("until test -b /dev/%s; do sleep 0.1; done" % device, 120)
    vm.shell("mkdir -p /mnt && mount -t ext4 /dev/%s /mnt" % device, 60)


def order(vm, line):
    """To the monitor, which shares the console."""
    vm.send("\x01c" + line + "\n")
    vm.expect(r"\(qemu\) ", 60)
    vm.send("\x01c")


def changes(cases, directory):
    first = make_card(directory, "raw")
    second = os.path.join(directory, "second.qcow2")
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", first, second)
    with VM(dtb="builtin", args=("-drive", "if=sd,format=raw,file=" + first), slow=3) as vm, \
            cases.case("a card is taken out and another one put in while the machine runs", vm):
        card(vm)
        vm.shell("echo one > /mnt/mark && umount /mnt", 120)
        order(vm, "eject sd0")
        vm.expect(r"mmc0: card [0-9a-f]+ removed", 120)
        vm.shell("while test -b /dev/mmcblk0; do sleep 0.1; done", 120)
        order(vm, "change sd0 " + second)
        vm.expect(r"mmcblk0: mmc0:", 120)
        card(vm, wait=False)
        vm.send("md5sum /mnt/known; ls /mnt/mark\n")
        vm.expect(hashlib.md5(CONTENT).hexdigest(), 120)
        vm.expect("No such file", 60)
        vm.shell("echo two > /mnt/mark && umount /mnt", 120)
        order(vm, "change sd0 %s raw" % first)
        vm.expect(r"mmc0: card [0-9a-f]+ removed(.|\n)*mmcblk0: mmc0:", 120)
        card(vm, wait=False)
        vm.send("echo mark-$(cat /mnt/mark)-\n")
        vm.expect("mark-one-", 60)
        vm.shell("umount /mnt", 120)
        vm.kill()
        for image, kind, text in ((first, "raw", b"one\n"), (second, "qcow2", b"two\n")):
            assert run("debugfs", "-R", "cat /mark", checked_raw(image, kind, directory)).endswith(text)


def reads_and_writes(cases, directory, design, kind):
    image = make_card(directory, kind)
    options = "if=sd,file=%s,format=%s" % (image, kind)
    accel, slow = designs()[design]
    with VM(accel=accel, dtb="builtin", args=("-drive", options), slow=3 * slow) as vm, \
            cases.case("%s, %s: the driver finds the card; a file system is read, written, and clean" % (design, kind),
                       vm):
        card(vm)
        vm.send("md5sum /mnt/known\n")
        vm.expect(hashlib.md5(CONTENT).hexdigest(), 120)
        vm.shell("cp /mnt/known /mnt/copy && mkdir /mnt/d && seq 1 20000 > /mnt/d/numbers && rm /mnt/known", 120)
        vm.shell("umount /mnt", 120)
        vm.check_log()
        vm.send("poweroff -f\n")
        vm.expect("System halted|Power down", 60)
        vm.kill()
        raw = checked_raw(image, kind, directory)
        assert run("debugfs", "-R", "cat /copy", raw).endswith(CONTENT)
        assert b"\n19999\n20000\n" in run("debugfs", "-R", "cat /d/numbers", raw)


WRITES = "n=%d; while n=$((n+1)); do dd if=/dev/urandom of=/mnt/f$((n%%8)) bs=64k count=8 2>/dev/null; " \
    "echo $n > /mnt/mark; sync; echo flushed-$n-; done"


def survives_kill(cases, directory, kind, interface="sd"):
    image = make_card(directory, kind)
    device = "mmcblk0" if interface == "sd" else "vda"
    writer = killed.Writer(directory, image, ("-drive", "if=%s,file=%s,format=%s" % (interface, image, kind)),
                           lambda vm: card(vm, device=device), WRITES)
    with cases.case("%s, if=%s: killed at a random moment while the guest writes, %d times: what was flushed is there"
                    % (kind, interface, KILLS)):
        for round_number in range(KILLS):
            last = writer.kill()
            raw = checked_raw(image, kind, directory)
            mark = int(run("debugfs", "-R", "cat /mark", raw, status=(0,)).split()[-1])
            assert mark >= last, "round %d: the mark is %d, %d was flushed" % (round_number, mark, last)


def variants(cases, directory):
    image = make_card(directory, "raw")
    with open(image, "rb") as file:
        before = hashlib.md5(file.read()).hexdigest()
    for name, option in (("-snapshot", ("-sd", image, "-snapshot")),
                         ("readonly=on", ("-drive", "file=%s,format=raw,readonly=on" % image))):
        with VM(dtb="builtin", args=option, slow=3) as vm, cases.case(name + ": the image stays as it was", vm):
            vm.wait_shell()
            vm.shell("until test -b /dev/mmcblk0; do sleep 0.1; done", 120)
            vm.send("dd if=/dev/zero of=/dev/mmcblk0 bs=4k count=64 conv=fsync; echo done-$?-\n")
            vm.expect(r"done-%s-" % ("0" if name == "-snapshot" else "[1-9]"), 120)
            vm.kill()
            with open(image, "rb") as file:
                assert hashlib.md5(file.read()).hexdigest() == before


def main():
    cases = Cases()
    missing = [tool for tool in ("mke2fs", "e2fsck", "debugfs", "qemu-img")
               if not shutil.which(tool, path=ENVIRONMENT["PATH"])]
    if missing:
        cases.skip("SD card", "needs " + ", ".join(missing))
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        for number, design in enumerate(designs()):
            reads_and_writes(cases, directory, design, "qcow2" if number % 2 else "raw")
        variants(cases, directory)
        for kind in ("raw", "qcow2"):
            survives_kill(cases, directory, kind)
        changes(cases, directory)
        for kind in ("raw", "qcow2") if THOROUGH else ("qcow2",):
            survives_kill(cases, directory, kind, "virtio")
    cases.finish()


if __name__ == "__main__":
    main()
