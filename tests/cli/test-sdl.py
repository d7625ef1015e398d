#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""The window, under an X server without a screen (Xvfb), by xdotool: the picture, keys, mouse, its closing; which
display there is without -display. Prints TAP.
"""
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from display_machine import (HEIGHT, KMI, LIMIT, PICTURE, WIDTH, Machine, Received, screen_program,         # noqa: E402
                             until)
from machine import M, Cases, Files, ended          # noqa: E402  (no bytecode)
from xserver import NO_X, Server                    # noqa: E402

def test_picture(cases, files, server):
    with Machine(files, ["-display", "sdl", "-name", "a guest"], screen_program(), env=server.env) as machine:
        window = server.window()
        want = (WIDTH, HEIGHT, PICTURE)
        if shutil.which("import"):
            seen = until(lambda: server.picture(window), lambda seen: seen == want)
            cases.check(seen == want, "the picture in the window", seen[:2])
            server.do("windowsize", window, str(2 * WIDTH), str(2 * HEIGHT))
            seen = until(lambda: server.picture(window), lambda seen: seen[0] == 2 * WIDTH and seen[2][-1] & 0xf0f0f0)
            cases.check(seen[0] == 2 * WIDTH and seen[2][-1] == PICTURE[-1] and seen[2][0] == PICTURE[0],
                        "scaled to twice the size", (seen[:2], [hex(p) for p in seen[2][-2:]]))
        else:
            cases.skip("the picture in the window", "no import (imagemagick)")
        name = " ".join(server.do("getwindowname", window))
        cases.check(name == "PQEMU (a guest)", "its title", name)
        server.ask_to_close(window)
        code = ended(machine.process)
        cases.check(code == 0, "closing the window ends the emulator", code)


def test_input(cases, files, server):
    out = files.path("out")
    with Machine(files, ["-display", "sdl,window-close=off", "-serial", "file:" + out], KMI, env=server.env) as machine:
        comes = Received(cases, out).comes
        comes("fa", "the mouse answers")
        window = server.window()
        server.do("windowfocus", "--sync", window)
        server.do("key", "a")
        comes("1c f01c", "a key")
        server.do("key", "ctrl+Right")
        comes("14 e074 f014 e0f074", "and two")
        server.do("mousemove", "--window", window, "100", "100", "click", "1")

        def title():
            return " ".join(server.do("getwindowname", window))
        seen = until(title, lambda seen: "Ctrl-Alt-G" in seen)
        cases.check("Ctrl-Alt-G" in seen, "a click grabs the pointer", seen)
        server.do("click", "1")
        comes("09 00 00 08 00 00", "the next is the guest's")
        server.do("click", "3")
        comes("0a 00 00 08 00 00", "the other button")
        server.do("key", "ctrl+alt+g")
        seen = until(title, lambda seen: "Ctrl-Alt-G" not in seen)
        comes("14 11 f014 f011", "Ctrl-Alt-G does not reach the guest, but its modifiers do")
        cases.check("Ctrl-Alt-G" not in seen, "and lets the pointer go", seen)
        server.ask_to_close(window)
        server.do("key", "b")
        comes("32 f032", "window-close=off: it stays")
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_text_console(cases, files, server):
    """The monitor is in the window without being asked for; see also test-text-console.py."""
    p = subprocess.Popen([*M, "-display", "sdl"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, env=server.env)
    try:
        window = server.window()
        server.do("windowfocus", "--sync", window)
        server.do("key", "ctrl+alt+2")
        title = until(lambda: " ".join(server.do("getwindowname", window)), lambda seen: "monitor" in seen)
        cases.check(title == "PQEMU - monitor", "Ctrl-Alt-2 shows the monitor", title)
        server.do("type", "quiT")
        server.do("key", "BackSpace")
        server.do("type", "t")
        server.do("key", "Return")
        code = ended(p)
        cases.check(code == 0, "what is typed there, it gets", code)
    finally:
        p.kill()
        p.wait()


def test_screens(cases, files, server):
    """One window for all: Ctrl-Alt-DIGIT shows the board's screen, then those of a graphics card, then texts."""
    title = "PQEMU (x)"
    with Machine(files, ["-display", "sdl", "-name", "x", "-device", "virtio-gpu-device,id=card,max_outputs=2"],
                 screen_program(), env=server.env) as machine:
        window = server.window()
        server.do("windowfocus", "--sync", window)

        def shows(key, name, size, pixel):
            server.do("key", "ctrl+alt+" + key)
            seen = until(lambda: (" ".join(server.do("getwindowname", window)), server.picture(window)),
                         lambda seen: seen[0] == name and seen[1][:2] == size and seen[1][2][-1] == pixel)
            cases.check(seen[0] == name and seen[1][:2] == size and seen[1][2][-1] == pixel,
                        "Ctrl-Alt-%s: %s" % (key, name), (seen[0], seen[1][:2], seen[1][2][-1:]))
        if not shutil.which("import"):
            cases.skip("several screens", "no import (imagemagick)")
            return
        shows("2", title + " - card", (640, 480), 0)
        shows("3", title + " - card, head 1", (640, 480), 0)
        shows("1", title, (WIDTH, HEIGHT), PICTURE[-1])
        shows("3", title + " - card, head 1", (640, 480), 0)
        server.do("key", "ctrl+alt+9")
        shows("1", title, (WIDTH, HEIGHT), PICTURE[-1])
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_which(cases, files, server):
    with Machine(files, [], screen_program(), env=server.env) as machine:
        cases.check(server.window(), "without -display: a window if there is a desktop")
        machine.end()
    for args in (["-display", "none"], ["-nographic"], ["-vnc", "unix:" + files.path("vnc")]):
        if args[0] == "-vnc" and b"vnc" not in subprocess.run([M[0], "-display", "help"], stdout=subprocess.PIPE,
                                                              check=True).stdout:
            continue
        with Machine(files, args, screen_program(), env=server.env) as machine:
            cases.check(not server.do("search", "--name", "PQEMU"), " ".join(args)[:20] + ": no window")
            machine.end()


def test_without(cases, files):
    nowhere = dict(NO_X, DISPLAY=":99999", SDL_VIDEODRIVER="x11")
    with Machine(files, [], screen_program(), env=nowhere) as machine:
        code, text = machine.end()
        cases.check(code == 0 and not text, "a desktop that does not answer: the emulator goes on without",
                    (code, text))
    p = subprocess.run([*M, "-display", "sdl"], stdin=subprocess.DEVNULL, capture_output=True, env=nowhere, check=False,
                       timeout=LIMIT)
    cases.check(p.returncode == 1 and p.stderr.startswith(b"qemu-system-arm: -display sdl: ") and
                p.stderr.count(b"\n") == 1, "but not if it was asked for", p.stderr)
    with Machine(files, ["-display", "sdl"], screen_program(), env=dict(NO_X, SDL_VIDEODRIVER="dummy")) as machine:
        code, text = machine.end()
        cases.check(code == 0 and not text, "a window that nobody sees", (code, text))
    p = subprocess.run([*M, "-audiodev", "sdl,id=x"], capture_output=True, check=False, timeout=LIMIT,
                       env=dict(NO_X, SDL_AUDIODRIVER="none such"))
    cases.check(p.returncode == 1 and p.stderr.startswith(b"qemu-system-arm: -audiodev sdl,id=x: ") and
                p.stderr.count(b"\n") == 1, "a host without sound", p.stderr)
    for properties, words in (("glow=on", b"unknown property 'glow'"), ("gl=on", b"gl is off")):
        p = subprocess.run([*M, "-display", "sdl," + properties], capture_output=True, check=False, timeout=LIMIT)
        cases.check(p.returncode == 1 and words in p.stderr, "refused: " + properties, p.stderr)


def main():
    cases = Cases()
    if b"sdl" not in subprocess.run([M[0], "-display", "help"], stdout=subprocess.PIPE, check=True).stdout:
        p = subprocess.run([*M, "-display", "sdl"], stderr=subprocess.PIPE, check=False, timeout=LIMIT)
        cases.check(p.returncode == 1 and b"without SDL" in p.stderr, "-display sdl is refused", p.stderr)
        sys.exit(cases.done())
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        test_without(cases, files)
        if not shutil.which("Xvfb") or not shutil.which("xdotool"):
            cases.skip("the window", "no Xvfb or no xdotool")
            sys.exit(cases.done())
        server = Server()
        try:
            test_picture(cases, files, server)
            test_input(cases, files, server)
            test_text_console(cases, files, server)
            test_screens(cases, files, server)
            test_which(cases, files, server)
        finally:
            server.end()
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
