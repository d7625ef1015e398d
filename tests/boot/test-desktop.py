#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=7200 long
"""Debian with a desktop (docs/debian.md), as a user has it: what scripts/debian says and opens; the picture by VNC and
in a window under Xvfb; typing and clicking through the menu by both; what aplay plays, in a file, byte by
byte. Prints TAP. Skipped if the image is not in the cache: scripts/quickstart --debian --desktop makes it.
"""
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave

from debian import Guest
from screen import Screen, until
from vm import ROOT, Cases, Failure, guest_parts, is_upstream, time_scale

sys.path.insert(0, os.path.join(ROOT, "tests/cli"))

import rfb                      # noqa: E402  (path set above)
from xserver import Server      # noqa: E402

SIZE = (1024, 768)
BACKGROUND = 0x2c5070           # scripts/guest/desktop-setup; the screen has 5, 6, 5 bits of it
WHITE = 0xffffff
# Where the terminal is, a place without any window, and from there to the first entry of the menu that a click opens.
TERMINAL, FREE, FIRST_ENTRY = (200, 200), (700, 560), (-10, 22)
HZ, FRAMES = 48000, 24000
# Seconds between keys: Linux keeps some ten for an X server that has no time to read, and drops all if there are more.
PAUSE = 0.15
LIMIT = 300 * time_scale()


def near(pixel, colour):
    return all(abs((pixel >> shift & 255) - (colour >> shift & 255)) <= 8 for shift in (0, 8, 16))


def is_desktop(seen):
    """The background, the terminal at its place, the panel at the lower edge; (width, height, pixels)."""
    width, height, pixels = seen
    if (width, height) != SIZE:
        return False
    background = sum(near(p, BACKGROUND) for p in pixels[::97]) / len(pixels[::97])
    terminal = [pixels[y * width + x] for y in range(100, 300, 10) for x in range(60, 400, 10)]
    panel = [pixels[(height - 4) * width + x] for x in range(400, 600)]
    return background > 0.3 and sum(near(p, WHITE) for p in terminal) > 0.7 * len(terminal) and \
        not any(near(p, BACKGROUND) for p in panel)


def from_ppm(dump):
    width, height, data = dump
    return width, height, [int.from_bytes(data[i:i + 3], "big") for i in range(0, len(data), 3)]


def at(seen, place, offset=(0, 0)):
    return seen[2][(place[1] + offset[1]) * seen[0] + place[0] + offset[0]]


class Vnc:
    """A user with a VNC viewer, who connects anew for each thing: the server sends away who does not read."""

    def __init__(self, path):
        self.path = path

    def connected(self, act):
        """Do act(client); what was sent has arrived when the picture after it has come."""
        client = rfb.connect_unix(self.path, timeout=LIMIT)
        act(client)
        # Before somebody looks at the screen it has another size, and nothing on it.
        seen = client.picture(lambda seen: seen[:2] == SIZE and any(seen[2]))
        client.close()
        return seen

    def picture(self):
        return self.connected(lambda client: None)

    def type(self, text):
        def act(client):
            for character in text:
                client.type(character)
                time.sleep(PAUSE)
        self.connected(act)

    def click(self, place, button=1):
        def act(client):
            client.picture(lambda seen: seen[:2] == SIZE)
            client.pointer(*place)
            client.pointer(*place, 1 << (button - 1))
            client.pointer(*place)
        self.connected(act)


class Window:
    """A user in front of the window."""

    def __init__(self, server):
        self.server = server
        self.window = server.window()
        server.do("windowfocus", "--sync", self.window)

    def picture(self):
        return self.server.picture(self.window)

    def type(self, text):
        # Each line by itself: xdotool types "\n" as Linefeed, a key that the terminal does not know.
        for line in text.splitlines():
            self.server.do("type", "--delay", str(int(1000 * PAUSE)), line)
            self.server.do("key", "Return")

    def click(self, place, button=1):
        self.server.do("mousemove", "--window", self.window, *map(str, place))
        self.server.do("click", str(button))


def terminals(guest):
    return int(guest.ssh("pgrep -cx xterm || true"))


def uses(cases, guest, vm, how, user):
    """Types into the terminal, opens another one through the menu, closes that."""
    with cases.case(how + ": the desktop is there", vm):
        until(lambda: is_desktop(user.picture()), "no desktop", LIMIT)
    with cases.case(how + ": what is typed into the terminal is executed", vm):
        user.click(TERMINAL)
        user.type("echo Typed-by_%s: $USER > /tmp/%s\n" % (how, how))
        until(lambda: guest.ssh("cat /tmp/%s 2>&1 || true" % how) == "Typed-by_%s: user\n" % how,
              lambda: "it was not: " + guest.ssh("cat /tmp/%s 2>&1 || true" % how), LIMIT)
    with cases.case(how + ": a click opens the menu, its first entry a terminal", vm):
        before, count = user.picture(), terminals(guest)
        if not near(at(before, FREE, FIRST_ENTRY), BACKGROUND):
            raise Failure("there is something at the place of the click: %06x" % at(before, FREE, FIRST_ENTRY))
        user.click(FREE, 3)
        until(lambda: not near(at(user.picture(), FREE, FIRST_ENTRY), BACKGROUND), "no menu", LIMIT)
        user.click((FREE[0] + FIRST_ENTRY[0], FREE[1] + FIRST_ENTRY[1]))
        until(lambda: terminals(guest) == count + 1, "no new terminal", LIMIT)
    with cases.case(how + ": it has the focus, and goes when its shell ends", vm):
        count = terminals(guest)
        # A terminal takes keys when its window is there.
        until(lambda: guest.ssh("pgrep -cx bash -u user || true") == "%d\n" % count, "no shell in it", LIMIT)
        time.sleep(1)
        user.type("exit\n")
        until(lambda: terminals(guest) == count - 1, "it is still there", LIMIT)
        until(lambda: is_desktop(user.picture()), "the desktop is not as it was", LIMIT)


def samples():
    """A sound of half a second, in which no two frames that follow are the same."""
    return b"".join(struct.pack("<hh", int(12000 * math.sin(i / 17)) * 2 + 1, i % 29000 + 1) for i in range(FRAMES))


def sound(guest, directory, played):
    path = os.path.join(directory, "sound.wav")
    with wave.open(path, "wb") as file:
        file.setparams((2, 2, HZ, 0, "NONE", None))
        file.writeframes(samples())
    with open(path, "rb") as file:
        guest.ssh("cat > /tmp/sound.wav", stdin=file.read())
    guest.ssh("su user -c 'aplay -q -D hw:0 /tmp/sound.wav'")

    def there():
        with open(played, "rb") as file:
            return samples() in file.read()
    until(there, "%s has something else" % played, 60 * time_scale())


def start_script(directory, env, *options):
    parts = guest_parts("kernel", "desktop")
    return subprocess.Popen([os.path.join(ROOT, "scripts/debian"), "desktop", parts["kernel"], parts["desktop"],
                             parts["desktop_key"], *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env=dict(env, PQEMU_DEBIAN=os.path.join(directory, "home")))


def line_with(process, word):
    while line := process.stdout.readline().decode("utf-8", "replace"):
        if word in line:
            return line
    raise Failure("it ended without a line with '%s'" % word)


def end(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def script(cases, directory, server):
    """What a user sees of the start: with a desktop of the host a window, without one how to connect."""
    nowhere = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = start_script(directory, nowhere)
    with cases.case("a host without a display: it says how to connect, and a client that does gets a picture"):
        try:
            port = re.search(r"127\.0\.0\.1::(\d+)", line_with(process, "VNC")).group(1)
            line_with(process, "Linux version")
            client = rfb.connect_tcp(int(port), timeout=LIMIT)
            client.picture(lambda seen: seen[:2] == SIZE and any(seen[2]))
            client.close()
        finally:
            end(process)
    if server:
        process = start_script(directory, server.env)
        with cases.case("a host with a display: a window"):
            try:
                line_with(process, "Linux version")
                assert server.window()
            finally:
                end(process)


def main():
    cases = Cases()
    where = subprocess.run([os.path.join(ROOT, "scripts/guest/build"), "--where", "desktop"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False).returncode
    if is_upstream() or where:
        cases.skip("the desktop", "the emulator is another one" if is_upstream() else
                   "no image in the cache: scripts/quickstart --debian --desktop makes it")
        cases.finish()
    # Room for the window where it opens: in the middle, before the guest has chosen a larger mode.
    server = Server("1600x1200") if all(map(shutil.which, ("Xvfb", "xdotool", "import"))) else None
    with tempfile.TemporaryDirectory() as directory:
        script(cases, directory, server)
        guest, screen, played = Guest(directory, "desktop"), Screen(directory), os.path.join(directory, "played.wav")
        args = (*screen.args, "-device", "usb-tablet",
                "-audiodev", "wav,id=snd,path=%s,out.frequency=%d" % (played, HZ))
        if server:
            os.environ.update(server.env)
        console = ("-serial", "stdio", "-display", "sdl" if server else "none")
        with guest.start(args=args, console=console) as vm:
            with cases.case("the desktop comes up by itself", vm) as up:
                until(lambda: is_desktop(from_ppm(screen.dump())), "no desktop", 3 * LIMIT)
                guest.wait_ssh()
            if up.ok:
                uses(cases, guest, vm, "VNC", Vnc(screen.vnc_path))
                if server:
                    uses(cases, guest, vm, "SDL", Window(server))
                else:
                    cases.skip("the window", "no Xvfb, xdotool or import")
                with cases.case("what aplay plays is in the file", vm):
                    sound(guest, directory, played)
                with cases.case("nothing failed, and the kernel has no complaint", vm):
                    failed = guest.ssh("systemctl --failed --no-legend")
                    assert not failed.strip(), failed
                    vm.check_log()
    if server:
        server.end()
    cases.finish()


if __name__ == "__main__":
    main()
