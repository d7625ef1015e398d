#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux's DRM driver of virtio's graphics card: its console is in the screendump and in a VNC client's picture, the
client's window gives it another size, a snapshot has the picture; in all designs. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

from screen import Screen, read_ppm, until
from vm import VM, Cases, Failure, designs, is_upstream

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import rfb                      # noqa: E402  (path set above)

SMALL_WIDTH, SMALL_HEIGHT = 800, 600
# In one design a picture of more than 16 MiB, which is in several sections of a saved state.
SIZE, LARGE, LARGE_IN = (1280, 720), (3000, 1600), "unified"
BLOCK = r"\033[2J\033[H\033[%dm    \033[0m\n\n"         # four characters of 8 x 16
RED, BLUE = 41, 44


class CardScreen(Screen):
    def __init__(self, directory):
        super().__init__(directory)
        if self.vnc_path:
            self.args = (*self.args[:-1], self.args[-1] + ",display=card")

    def dump(self):
        answer = self.order("screendump %s card" % self.dump_path)
        if "rror" in answer or "not found" in answer:
            raise Failure(answer)
        return read_ppm(self.dump_path)


def block_is(pixel, colour):
    strong, weak = (pixel[0], pixel[2]) if colour == RED else (pixel[2], pixel[0])
    return 0xa0 <= strong <= 0xb8 and not weak and not pixel[1]


def shows(dump, size, colour):
    """The block in the upper left corner, black beside it, and of the wanted size."""
    width, height, pixels = dump

    def at(x, y):
        return pixels[3 * (y * width + x):3 * (y * width + x) + 3]
    return (width, height) == size and block_is(at(31, 15), colour) and at(32, 8) == b"\0\0\0"


def draw(vm, screen, colour, size):
    vm.shell("printf '%s' >/dev/tty1" % (BLOCK % colour))
    until(lambda: shows(screen.dump(), size, colour), "the console is not in the screendump", 60 * vm.scale)


def by_vnc(vm, screen):
    """The client sees the console, then its window becomes smaller, and the guest's screen with it."""
    client = rfb.connect_unix(screen.vnc_path, timeout=60 * vm.scale)

    def has_block(seen):
        width, _, pixels = seen
        return width != 640 and pixels[15 * width + 31] >> 16 >= 0xa0 and not pixels[15 * width + 32]
    client.picture(has_block)
    client.may_resize()
    client.resize(SMALL_WIDTH, SMALL_HEIGHT)
    client.picture(lambda seen: seen[:2] == (SMALL_WIDTH, SMALL_HEIGHT))
    assert (1, 0) in client.size_answers, client.size_answers
    draw(vm, screen, BLUE, (SMALL_WIDTH, SMALL_HEIGHT))
    client.resize(5000, 10)
    client.ask()
    until(lambda: client.update() or client.ask() or (1, 3) in client.size_answers, "a size that cannot be",
          60 * vm.scale)
    client.close()


def snapshot(vm, screen):
    size, colour = screen.dump()[:2], BLUE if screen.vnc_path else RED
    draw(vm, screen, colour, size)
    assert "rror" not in screen.order("savevm one")
    draw(vm, screen, RED + BLUE - colour, size)
    answer = screen.order("loadvm one")
    assert shows(screen.dump(), size, colour), "loadvm: another picture: " + answer
    draw(vm, screen, RED + BLUE - colour, size)


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("virtio-gpu", "the emulator is another one")
        cases.finish()
    for design, (accel, slow) in designs().items():
        size = LARGE if design == LARGE_IN else SIZE
        device = ("-device", "virtio-gpu-device,id=card,xres=%d,yres=%d" % size)
        with tempfile.TemporaryDirectory() as directory:
            screen = CardScreen(directory)
            image = os.path.join(directory, "disk.qcow2")
            has_image = subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"],
                                       check=False).returncode == 0
            disk = ("-drive", "if=none,id=d,format=qcow2,file=" + image) if has_image else ()
            disk = (*disk, "-device", "virtio-blk-device,drive=d") if has_image else ()
            with VM(accel=accel, smp=2, dtb="builtin", slow=slow, args=(*screen.args, *device, *disk)) as vm:
                with cases.case(design + ": it starts", vm) as up:
                    vm.wait_shell(90)
                if not up.ok:
                    continue
                if "virtio_gpu" not in vm.shell("cat /proc/fb")[1].split("\n", 1)[-1]:
                    cases.skip(design + ": virtio-gpu", "the guest's kernel has no driver")
                    continue
                vm.shell("dmesg -n 1")
                with cases.case(design + ": its console is on the screen", vm):
                    draw(vm, screen, RED, size)
                if screen.vnc_path:
                    with cases.case(design + ": a VNC client sees it and changes its size", vm):
                        by_vnc(vm, screen)
                if has_image:
                    with cases.case(design + ": a snapshot has the picture", vm):
                        snapshot(vm, screen)
                with cases.case(design + ": the kernel has nothing to complain about", vm):
                    vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
