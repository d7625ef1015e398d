#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Linux's console on the screen and its input drivers: what is printed on tty1 is in the screendump and in a VNC
client's picture, keys that the monitor or the client types arrive in a shell there, and as events together with the
mouse's.
"""
import os
import re
import sys
import tempfile

from screen import Screen, event_device, until
from vm import VM, Cases, Failure, is_upstream

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import rfb                      # noqa: E402  (path set above)

RED_BLOCK = r"\033[2J\033[H\033[41m    \033[0m\n\n"     # four characters of 8 x 16


def has_block(dump):
    """Red in the upper left corner, 32 x 16, and black around it."""
    width, _, pixels = dump

    def at(x, y):
        return pixels[3 * (y * width + x):3 * (y * width + x) + 3]

    def is_red(p):
        return 0xa0 <= p[0] <= 0xb8 and not p[1] and not p[2]
    return all(is_red(at(x, y)) for y in (0, 15) for x in (0, 31)) and at(32, 8) == at(8, 33) == b"\0\0\0"


def console(vm, screen):
    vm.shell("dmesg -n 1; (setsid sh -c 'exec sh -i </dev/tty1 >/dev/tty1 2>&1' &); sleep 1; "
             "printf '%s' >/dev/tty1" % RED_BLOCK)
    until(lambda: has_block(screen.dump()), "nothing of the console is in the screendump", 60 * vm.scale)


def typed(vm, how, text):
    how("echo %s > /tmp/typed\n" % text)
    until(lambda: text in vm.shell("cat /tmp/typed")[1].split("\n", 1)[-1],
          "what was typed did not arrive", 60 * vm.scale)


def by_vnc(vm, screen):
    """The client sees the block that was drawn before, then types."""
    client = rfb.connect_unix(screen.vnc_path, timeout=60 * vm.scale)

    def is_block(seen):
        width, _, pixels = seen
        block = pixels[15 * width + 31]
        return width > 640 and 0xa0 <= block >> 16 <= 0xb8 and not block & 0xffff and not pixels[15 * width + 32]
    client.picture(is_block)
    typed(vm, client.type, "By-VNC_2")
    client.close()


# Linux's numbers of keys, in their rows.
CODES = {letter: first + i for first, row in ((2, "1234567890"), (16, "qwertyuiop"), (30, "asdfghjkl"),
                                              (44, "zxcvbnm")) for i, letter in enumerate(row)}
TEXT = "thequickbrownfoxjumpsoverthelazydog01234567890987654321" * 4


def read_events(vm, path):
    """(type, code, value) of each."""
    dump = vm.shell("hexdump -v -e '4/4 \"%d \" \"\\n\"' " + path)[1]
    return [(word & 0xffff, word >> 16, value) for _, _, word, value in
            (map(int, row) for row in re.findall(r"^(-?\d+) (-?\d+) (-?\d+) (-?\d+) *$", dump, re.M))]


def pasted(vm, screen):
    """220 characters in one go. Who reads events has room for ten keys, and loses all if more are waiting."""
    keyboard = event_device(vm, "AT Raw Set 2")
    vm.shell("cat /dev/input/%s > /tmp/pasted & echo $! > /tmp/reader" % keyboard)
    until(lambda: "/dev/input/" in vm.shell("ls -l /proc/$(cat /tmp/reader)/fd")[1].split("\n", 1)[-1],
          "nobody reads events", 60 * vm.scale)
    client = rfb.connect_unix(screen.vnc_path, timeout=60 * vm.scale)
    typed(vm, client.type, TEXT)
    client.close()
    vm.shell("kill $(cat /tmp/reader)")
    presses = [code for kind, code, value in read_events(vm, "/tmp/pasted") if kind == 1 and value == 1]
    want = [CODES[letter] for letter in TEXT]
    if not any(presses[i:i + len(want)] == want for i in range(len(presses))):
        raise Failure("%d keys, not as typed: %s" % (len(presses), presses))


def events(vm, screen):
    mouse = event_device(vm, "Explorer Mouse")
    keyboard = event_device(vm, "AT Raw Set 2")
    vm.shell("(cat /dev/input/%s > /tmp/mouse &); (cat /dev/input/%s > /tmp/keys &)" % (mouse, keyboard))
    # Linux's events: type and code in a word, value. A wheel away from the user is 1; f5 is key 63.
    want = {"/tmp/mouse": [(2, 0, 7), (2, 1, -9), (2, 8, 1), (1, 272, 1), (1, 272, 0)],
            "/tmp/keys": [(1, 63, 1), (1, 63, 0)]}
    missing = []

    def seen():
        missing.clear()
        # The readers may not have begun yet: again.
        for line in ("mouse_move 7 -9", "mouse_move 0 0 1", "mouse_button 1", "mouse_button 0", "sendkey f5 1"):
            screen.order(line)
        for path, expected in want.items():
            got = read_events(vm, path)
            missing.extend(event for event in expected if event not in got)
        return not missing

    try:
        until(seen, "", 60 * vm.scale)
    except Failure as failure:
        raise Failure("events are missing: %s" % missing) from failure


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("display", "the emulator is another one")
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        screen = Screen(directory)
        with VM(smp=2, dtb="builtin", args=screen.args) as vm:
            with cases.case("the kernel finds screen, keyboard and mouse", vm):
                vm.wait_shell(60)
                text = vm.shell("dmesg")[1]
                for what in ("pl111drmfb frame buffer device", "AT Raw Set 2 keyboard"):
                    if what not in text:
                        raise Failure("no '%s'" % what)
            with cases.case("its console is on the screen", vm):
                console(vm, screen)
            with cases.case("sendkey types into a shell on tty1", vm):
                typed(vm, screen.type, "Typed-1/2")
            if screen.vnc_path:
                with cases.case("a VNC client sees the console and types into it", vm):
                    by_vnc(vm, screen)
                with cases.case("220 characters in one go arrive whole, as text and as events", vm):
                    pasted(vm, screen)
            else:
                cases.skip("VNC", "the emulator was built without libvncserver")
            with cases.case("keys and mouse as events", vm):
                events(vm, screen)
            with cases.case("the kernel has nothing to complain about", vm):
                vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
