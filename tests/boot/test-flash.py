#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: timeout=7200 long as=thorough args=--thorough
"""Linux with NOR flash: its MTD driver finds both banks, erases, programs and reads them, and what the guest flushed is
in the image after a kill. A machine without a kernel starts in the flash. Prints TAP.
"""
import hashlib
import os
import subprocess
import sys
import tempfile

import killed
from vm import MACHINE, VM, Cases, designs, emulator, is_upstream

THOROUGH = "--thorough" in sys.argv
KILLS = 200 if THOROUGH else 1
SIZE, BLOCK, PIECE = 64 << 20, 256 << 10, 64 << 10


def make_image(directory, name, kind="raw"):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(b"\xff" * SIZE)
    if kind == "raw":
        return path
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", kind, path, path + "." + kind], check=True)
    return path + "." + kind


def content(image, kind, directory):
    if kind != "raw":
        raw = os.path.join(directory, "after.raw")
        subprocess.run(["qemu-img", "check", "-q", image], check=True)
        subprocess.run(["qemu-img", "convert", "-O", "raw", image, raw], check=True)
        image = raw
    with open(image, "rb") as file:
        return file.read()


def drive(image, kind="raw"):
    return ("-drive", "if=pflash,format=%s,file=%s" % (kind, image))


def reads_and_writes(cases, directory, design):
    images = [make_image(directory, "bank%d" % n) for n in range(2)]
    accel, slow = designs()[design]
    with VM(accel=accel, dtb="builtin", args=drive(images[0]) + drive(images[1]), slow=3 * slow) as vm, \
            cases.case(design + ": both banks are found, written and read back", vm):
        vm.wait_shell()
        assert vm.shell("grep -c '04000000 00040000' /proc/mtd")[1].count("\n2\n") == 1, "no two banks"
        vm.shell("dd if=/dev/urandom of=/tmp/x bs=64k count=10")
        status, _ = vm.shell("dd if=/tmp/x of=/dev/mtdblock1 bs=64k seek=3 conv=fsync", 120)
        assert status == 0, "dd fails"
        vm.shell("echo 3 > /proc/sys/vm/drop_caches")
        status, _ = vm.shell("dd if=/dev/mtd1 bs=64k skip=3 count=10 2>/dev/null | cmp - /tmp/x", 120)
        assert status == 0, "what is read is not what was written"
        vm.send("md5sum /tmp/x\n")
        digest = vm.expect(r"([0-9a-f]{32})  /tmp/x", 60).group(1).decode()
        vm.check_log()
    with cases.case(design + ": the image has it, and nothing else"):
        other, bank = (content(image, "raw", directory) for image in images)
        assert hashlib.md5(bank[3 * PIECE:13 * PIECE]).hexdigest() == digest
        rest = other + bank[:3 * PIECE] + bank[13 * PIECE:]
        assert rest == b"\xff" * len(rest)


WRITES = "n=%d; while n=$((n+1)); do (echo $n; dd if=/dev/zero bs=1k count=63 2>/dev/null) > /tmp/x; " \
    "dd if=/tmp/x of=/dev/mtdblock0 bs=64k seek=$((n%%8*4)) conv=fsync 2>/dev/null; echo flushed-$n-; done"


def survives_kill(cases, directory, kind):
    image = make_image(directory, "kill", kind)
    writer = killed.Writer(directory, image, drive(image, kind), lambda vm: vm.wait_shell(), WRITES)
    with cases.case("%s: killed while the guest erases and programs, %d times: what was flushed is there" %
                    (kind, KILLS)):
        for number in range(KILLS):
            last = writer.kill()
            bank = content(image, kind, directory)
            # The next ones go into other blocks.
            at = last % 8 * BLOCK
            word = bank[at:at + 64].split(b"\n")[0]
            assert word == b"%d" % last, "round %d: flushed %d, found %r" % (number, last, word)


def starts_in_flash(cases, directory):
    """mov r0, #UART; mov r1, #'F'; str; spin - by hand, since it needs no compiler."""
    words = (0xe3a00a09, 0xe3800201, 0xe3a01046, 0xe5801000, 0xeafffffe)
    image = make_image(directory, "boot")
    with open(image, "r+b") as file:
        file.write(b"".join(word.to_bytes(4, "little") for word in words))
    argv = [emulator(), "-machine", MACHINE, "-m", "16", "-display", "none", "-serial", "stdio", "-monitor", "none"]
    with cases.case("without a kernel the CPUs start in the flash"), \
            subprocess.Popen(argv + list(drive(image)), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            assert process.stdout.read(1) == b"F"
        finally:
            process.kill()


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("NOR flash", "upstream's board has none")
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        for design in designs() if THOROUGH else ("unified",):      # guest/flash has all of them
            reads_and_writes(cases, directory, design)
        for kind in ("raw", "qcow2"):
            survives_kill(cases, directory, kind)
        starts_in_flash(cases, directory)
    cases.finish()


if __name__ == "__main__":
    main()
