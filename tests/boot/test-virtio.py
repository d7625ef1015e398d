#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux with virtual I/O devices: a disk is read, written and clean, random numbers come, the network answers, in all
designs and with both interfaces. Prints TAP. Needs mke2fs, e2fsck and debugfs (package e2fsprogs) and qemu-img.
"""
import hashlib
import os
import shutil
import subprocess
import tempfile

from vm import VM, Cases, designs

ENVIRONMENT = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
CONTENT = bytes(range(256)) * 4096 + b"the end\n"       # 1 MiB and a bit
TOOLS = ("mke2fs", "e2fsck", "debugfs", "qemu-img")


def run(*command):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "%s: %d\n%s" % (" ".join(command), done.returncode, output)
    return done.stdout


def make_disk(directory, kind):
    """An ext4 file system with a file of known content, as an image of that kind."""
    tree, raw = os.path.join(directory, "tree"), os.path.join(directory, "disk.raw")
    os.makedirs(tree, exist_ok=True)
    with open(os.path.join(tree, "known"), "wb") as file:
        file.write(CONTENT)
    if os.path.exists(raw):
        os.unlink(raw)
    run("mke2fs", "-q", "-t", "ext4", "-d", tree, raw, "48M")
    if kind == "raw":
        return raw
    image = os.path.join(directory, "disk." + kind)
    run("qemu-img", "convert", "-f", "raw", "-O", kind, raw, image)
    return image


def disk(vm):
    vm.send("md5sum /mnt/known\n")
    vm.expect(hashlib.md5(CONTENT).hexdigest(), 120)
    vm.shell("cp /mnt/known /mnt/copy && mkdir /mnt/d && seq 1 20000 > /mnt/d/numbers && rm /mnt/known && sync", 120)
    vm.send("cat /sys/block/vda/serial\n")
    vm.expect("PQ-0815", 60)
    vm.shell("umount /mnt && fsfreeze --help >/dev/null 2>&1; blkdiscard -o 0 -l 1048576 /dev/vdb", 120)
    vm.send("dd if=/dev/vdb bs=64k count=16 2>/dev/null | tr -d '\\000' | wc -c; cat /sys/block/vdb/ro\n")
    vm.expect(r"\n0\r?\n0\r?\n", 120)


def check_image(image, kind, directory):
    raw = image
    if kind != "raw":
        run("qemu-img", "check", image)
        raw = os.path.join(directory, "after.raw")
        run("qemu-img", "convert", "-O", "raw", image, raw)
    run("e2fsck", "-f", "-n", raw)
    assert run("debugfs", "-R", "cat /copy", raw).endswith(CONTENT)
    assert b"\n19999\n20000\n" in run("debugfs", "-R", "cat /d/numbers", raw)


def devices(cases, directory, design, kind, legacy):
    image = make_disk(directory, kind)
    spare = os.path.join(directory, "spare.raw")
    with open(spare, "wb") as file:
        file.write(b"x" * (2 << 20))
    accel, slow = designs()[design]
    options = ("-drive", "if=none,id=d0,file=%s,format=%s" % (image, kind),
               "-device", "virtio-blk-device,drive=d0,serial=PQ-0815",
               "-drive", "if=virtio,file=%s,format=raw,discard=unmap" % spare,
               "-device", "virtio-rng-device", "-nic", "none",
               "-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0,mac=52:54:00:01:02:03",
               "-global", "virtio-mmio.force-legacy=" + ("on" if legacy else "off"))
    name = "%s, %s interface: " % (design, "legacy" if legacy else "modern")
    with VM(accel=accel, dtb="builtin", args=options, slow=3 * slow) as vm:
        with cases.case(name + "the disk is read, written and clean; discarded space reads as zeroes (%s)" % kind, vm):
            vm.wait_shell()
            vm.hush()
            vm.shell("mkdir -p /mnt && mount -t ext4 /dev/vda /mnt", 120)
            disk(vm)
        with cases.case(name + "random numbers", vm):
            vm.send("cat /sys/class/misc/hw_random/rng_current; "
                    "dd if=/dev/hwrng bs=64 count=64 2>/dev/null | gzip | wc -c\n")
            vm.expect(r"virtio_rng\.\d+\r?\n4\d\d\d\r?\n", 120)
        with cases.case(name + "the network answers", vm):
            vm.send("for i in /sys/class/net/*; do grep -q 52:54:00:01:02:03 $i/address && dev=${i##*/}; done; "
                    "ip link set $dev up; ip addr add 10.0.2.15/24 dev $dev; ping -c 3 -s 1400 10.0.2.2\n")
            vm.expect("3 packets transmitted, 3 packets received", 120)
        with cases.case(name + "the image is clean after the end", vm):
            vm.check_log()
            vm.send("poweroff -f\n")
            vm.expect("System halted|Power down", 60)
            vm.kill()
            check_image(image, kind, directory)


def main():
    cases = Cases()
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=ENVIRONMENT["PATH"])]
    if missing:
        cases.skip("virtual devices", "needs " + ", ".join(missing))
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        for number, design in enumerate(designs()):
            devices(cases, directory, design, "qcow2" if number % 2 else "raw", number == 1)
    cases.finish()


if __name__ == "__main__":
    main()
