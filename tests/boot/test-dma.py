#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""The DMA controller by Linux's driver: memory to memory (dmatest); to and from a serial line, the synchronous serial
port and the SD card, which say when, with a tree that tells the drivers of these of the controller. Prints TAP.
"""
import base64
import hashlib
import os
import random
import re
import socket
import subprocess
import tempfile

from archive import image_behind
from fdt import Tree, cells, texts
from vm import VM, Cases, Failure, guest_parts, is_upstream

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = [os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-") + "gcc", "-march=armv6k", "-std=gnu11", "-Wall",
            "-Wextra", "-Werror", "-O2", "-static"]
DMAC, UART1, SSP, MMCI = "dma-controller@10030000", "serial@1000a000", "spi@1000d000", "mmcsd@10005000"
# The controller's lines: receive, transmit. The card's are those that SYS_DMAPSR leads to it.
LINES = {UART1: (12, 13), SSP: (8, 9), MMCI: (0, 1)}
SYS_DMAPSR0, TO_CARD = 0x10000064, 0x84
PHANDLE = 0x7000
PIECE = 4096


def image_with_spi(directory):
    path, program = os.path.join(directory, "initrd"), os.path.join(directory, "spi")
    subprocess.run([*COMPILER, "-o", program, os.path.join(HERE, "board/spi.c")], check=True)
    with image_behind(path, guest_parts("base")["initrd"]) as archive, open(program, "rb") as file:
        archive.directory("programs")
        archive.add("programs/spi", file.read())
    return path


def with_dma(blob):
    """The tree, in which devices name their lines of the DMA controller."""
    tree = Tree(blob)
    tree.root.find(DMAC).properties["phandle"] = cells(PHANDLE)
    for name, lines in LINES.items():
        node = tree.root.find(name)
        node.properties["dmas"] = b"".join(cells(PHANDLE, line, 1) for line in lines)
        node.properties["dma-names"] = texts("rx", "tx")
    ssp = tree.root.find(SSP)
    ssp.properties.update({"#address-cells": cells(1), "#size-cells": cells(0), "num-cs": cells(1)})
    ssp.child("device@0").properties.update({"compatible": texts("rohm,dh2228fv"), "reg": cells(0),
                                             "spi-max-frequency": cells(1000000), "pl022,com-mode": cells(2)})
    return tree.blob()


def ok(vm, command, limit=60):
    """What a command prints that must succeed."""
    code, text = vm.shell(command, limit)
    if code:
        raise Failure("%s: %s" % (command, text))
    return text


def interrupts(vm):
    """How often the controller has interrupted."""
    rows = [row for row in vm.shell("cat /proc/interrupts")[1].splitlines() if "pl08xdmac" in row]
    if len(rows) != 1:
        raise Failure("rows of the controller's interrupt: %s" % rows)
    return sum(map(int, re.findall(r"\b\d+\b", rows[0].split(":")[1].split("GIC")[0])))


def moved(vm, act):
    """act() must have been the controller's work."""
    before = interrupts(vm)
    act()
    if interrupts(vm) == before:
        raise Failure("the DMA controller did nothing")


def dmatest(vm):
    ok(vm, "cd /sys/module/dmatest/parameters; echo 20 > iterations; echo 4000 > timeout; echo dma0chan0 > channel; "
       "echo dma0chan1 > channel; echo 1 > run; cat wait; cd /")
    text = ok(vm, "dmesg | grep dmatest")
    done = re.findall(r"dmatest: dma0chan([01])-copy0: summary (\d+) tests, (\d+) failures", text)
    if sorted(done) != [("0", "20", "0"), ("1", "20", "0")]:
        raise Failure(text)


def uart_sends(vm, peer):
    ok(vm, "stty -F /dev/ttyAMA1 raw -echo 115200; dd if=/dev/urandom of=/tmp/out bs=64k count=4 2>/dev/null")
    want = re.search(r"\b[0-9a-f]{32}\b", ok(vm, "md5sum < /tmp/out")).group(0)
    vm.shell("(cat /tmp/out > /dev/ttyAMA1 &)")
    data = b""
    while len(data) < 256 * 1024:
        data += peer.recv(65536)
    if hashlib.md5(data).hexdigest() != want:
        raise Failure("something else was sent")


def uart_receives(vm, peer, trace):
    """The controller reads single bytes, the driver's own reads are of 16 bits."""
    data = random.Random(1).randbytes(16 * PIECE)
    # The line is open and set up before anything comes: a driver that switches the FIFOs on empties them.
    ok(vm, "exec 3<>/dev/ttyAMA1; stty raw -echo 115200 <&3; (cat <&3 > /tmp/in &)")
    for at in range(0, len(data), PIECE):
        # No more than the terminal's buffer holds: this line has no flow control.
        peer.sendall(data[at:at + PIECE])
        ok(vm, "until test $(wc -c < /tmp/in) -ge %d; do usleep 50000; done" % (at + PIECE), 120)
    got = base64.b64decode(re.search(r"BEGIN\n([^-]*)END", ok(vm, "echo BEG''IN; base64 /tmp/in; echo EN''D"), 120)
                           .group(1))
    ok(vm, "killall cat; exec 3<&-")
    if got != data:
        raise Failure("%d of %d bytes were received, or other ones" % (len(got), len(data)))
    with open(trace, encoding="ascii") as file:
        if not re.search(r"uart1\.DR\.read .* size=1 ", file.read()):
            raise Failure("the DMA controller did nothing")


def card(vm, path):
    """The card is put in when its lines of the controller lead to it, which no driver sees to."""
    for line in range(2):
        ok(vm, "devmem 0x%x 32 0x%x" % (SYS_DMAPSR0 + 4 * line, TO_CARD))
    vm.send("\x01c")
    vm.expect(r"\(qemu\) ")
    vm.send("change sd0 %s raw read-write\n" % path)
    vm.expect(r"\(qemu\) ")
    vm.send("\x01c")
    ok(vm, "until test -b /dev/mmcblk0; do usleep 100000; done", 120)
    ok(vm, "dd if=/dev/urandom of=/tmp/out bs=64k count=16 2>/dev/null; dd if=/tmp/out of=/dev/mmcblk0 bs=64k "
       "conv=fsync 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches; cmp -n 1048576 /tmp/out /dev/mmcblk0", 120)
    if not any(open(path, "rb").read(65536)):
        raise Failure("nothing has come to the image")


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("DMA", "the emulator is another one")
        cases.finish()
    with tempfile.TemporaryDirectory() as tmp:
        with VM(dtb="builtin", append="quiet") as vm, cases.case("dmatest copies by both channels", vm) as plain:
            vm.wait_shell()
            moved(vm, lambda: dmatest(vm))
            blob = base64.b64decode(re.search(r"BEGIN\n([^-]*)END", ok(
                vm, "echo BEG''IN; base64 /sys/firmware/fdt; echo EN''D")).group(1))
        if plain.ok:
            dtb, line, image, trace = (os.path.join(tmp, name) for name in ("dtb", "line", "card", "trace"))
            with open(dtb, "wb") as file:
                file.write(with_dma(blob))
            with open(image, "wb") as file:
                file.truncate(64 << 20)
            with VM(dtb=dtb, initrd=image_with_spi(tmp), console=(
                    "-display", "none", "-serial", "mon:stdio", "-serial", "unix:%s,server=on,wait=off" % line),
                    append="quiet", args=("-trace", "uart1.DR.read,file=" + trace)) as vm:
                vm.wait_shell()
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.settimeout(120 * vm.scale)
                    peer.connect(line)
                    with cases.case("a serial line sends by DMA", vm):
                        moved(vm, lambda: uart_sends(vm, peer))
                    with cases.case("and receives", vm):
                        uart_receives(vm, peer, trace)
                with cases.case("the synchronous serial port, both ways at once", vm):
                    moved(vm, lambda: ok(vm, "/programs/spi 50"))
                with cases.case("the SD card is written and read", vm):
                    moved(vm, lambda: card(vm, image))
                with cases.case("the kernel has no complaint", vm):
                    vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
