#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""Text consoles: serial line and monitor in a VNC client, which goes from one to the other, and on a terminal by
curses. Prints TAP.
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

sys.dont_write_bytecode = True

import rfb                                          # noqa: E402  (no bytecode)
from display_machine import LIMIT, is_note, until   # noqa: E402
from machine import ECHO, M, ended, read_until, run_all     # noqa: E402

FONT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../ui/font.def")
CELL_WIDTH, CELL_HEIGHT, LEFT, TOP = 8, 20, 2, 2
CTRL, ALT, SHIFT, PAGE_UP = 0xffe3, 0xffe9, 0xffe1, 0xff55


def letters():
    """{what a cell looks like: the letter}"""
    with open(FONT, encoding="ascii") as file:
        glyphs = re.findall(r"^GLYPH\((.*)\)$", file.read(), re.M)
    return {tuple(re.findall(r'"(.{5})"', glyph)): chr(ord(" ") + i) for i, glyph in enumerate(glyphs[:-1])}


LETTERS = letters()


def text_of(picture):
    """The lines of a text console's picture; a sign that is none, such as the cursor's, is a ~."""
    width, height, pixels = picture
    lines = []
    for top in range(0, height, CELL_HEIGHT):
        line = ""
        for left in range(0, width, CELL_WIDTH):
            rows = []
            for row in range(9):
                at = (top + TOP + 2 * row) * width + left + LEFT
                rows.append("".join("#" if pixel else " " for pixel in pixels[at:at + 5]))
            line += LETTERS.get(tuple(rows), "~")
        lines.append(line.rstrip(" ~"))
    return lines


class Viewer:
    def __init__(self, path):
        until(lambda: os.path.exists(path), bool)
        self.client = rfb.connect_unix(path, timeout=LIMIT)

    def go_to(self, digit):
        for key in (CTRL, ALT, ord(digit)):
            self.client.key(key, True)
        for key in (ord(digit), ALT, CTRL):
            self.client.key(key, False)

    def shows(self, *lines):
        """Until these are among the lines of text."""
        return text_of(self.client.picture(lambda picture: set(lines) <= set(text_of(picture))))


def test_vnc(cases, files):
    path = files.path("vnc")
    p = subprocess.Popen([*M, "-display", "none", "-vnc", "unix:" + path, "-serial", "vc", "-monitor", "vc:40Cx10C",
                          *files.program(ECHO)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    try:
        viewer = Viewer(path)
        viewer.go_to("3")
        viewer.client.type("Serial line: {0}~/")
        seen = viewer.shows("Serial line: {0}~/")
        cases.check(seen[0] == "Serial line: {0}~/" and not any(seen[1:]), "the serial line, typed and echoed", seen)
        viewer.go_to("2")
        viewer.shows("(qemu)")
        cases.check((viewer.client.width, viewer.client.height) == (320, 200), "the monitor has a size of its own")
        viewer.client.type("info status\n")
        seen = viewer.shows("VM status: running")
        cases.check("(qemu) info status" in seen, "the monitor answers", seen)
        viewer.client.type("info mtree\n")
        seen = viewer.client.picture(lambda picture: "VM status: running" not in text_of(picture))
        viewer.client.key(SHIFT, True)
        for _ in range(400):
            viewer.client.key(PAGE_UP, True)
            viewer.client.key(PAGE_UP, False)
        viewer.client.key(SHIFT, False)
        viewer.shows("VM status: running")
        cases.check(True, "and is looked back at")
        viewer.go_to("9")
        viewer.go_to("1")
        seen = viewer.client.picture(lambda picture: is_note(picture))
        cases.check(bool(seen), "the guest's screen; a console that there is not changes nothing")
        viewer.client.type("quit\n")
        viewer.go_to("2")
        viewer.client.type("info name\nquit\n")
        cases.check(ended(p) == 0, "what is typed at the guest's screen is not the monitor's")
    finally:
        p.kill()
        p.wait()


def start_curses(files, *args, program=(), **environment):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    p = subprocess.Popen([*M, "-display", "curses", *args, *(files.program(program) if program else [])], stdin=slave,
                         stdout=slave, stderr=subprocess.PIPE, env=dict(os.environ, **{"TERM": "vt100", **environment}))
    os.close(slave)
    return p, master


def test_curses(cases, files):
    log = files.path("log")
    p, terminal = start_curses(files, "-trace", "input_key", "-D", log, program=ECHO)
    try:
        read_until(terminal, rb"640 x 480 Graphic mode")
        cases.check(True, "curses: the guest's screen is not text")
        os.write(terminal, b"A\x1bOA")
        seen = until(lambda: open(log, encoding="ascii").read() if os.path.exists(log) else "",
                     lambda text: "key=up down=0" in text)
        cases.check(re.findall(r"key=(\w+) down=1", seen) == ["shift", "a", "up"], "curses: keys for the guest", seen)
        os.write(terminal, b"\x1b2")
        read_until(terminal, rb"\(qemu\)")
        os.write(terminal, b"info status\r")
        read_until(terminal, rb"VM status: running")
        cases.check(True, "curses: the monitor is the first text console")
        os.write(terminal, b"\x1b3")
        os.write(terminal, b"serial\x01cline")
        read_until(terminal, rb"serial.*line")
        cases.check(True, "curses: the serial line the second")
        os.write(terminal, b"\x1b2")
        os.write(terminal, b"quit\r")
        cases.check(ended(p) == 0, "curses: the end")
    finally:
        p.kill()
        p.wait()
        os.close(terminal)


def test_curses_mistakes(cases, files):
    for args, message in ((["-display", "curses"], b"no terminal"),
                          (["-display", "curses", "-serial", "stdio"], b"-display curses: takes the terminal"),
                          (["-display", "curses", "-nographic"], b"-display curses: takes the terminal"),
                          (["-display", "curses", "-daemonize"], b"-daemonize: gives up the terminal"),
                          (["-serial", "vc:0x0"], b"the size is WIDTHxHEIGHT"),
                          (["-chardev", "vc,id=v,cols=200", "-serial", "chardev:v"], b"the size is WIDTHxHEIGHT")):
        q = subprocess.run([*M, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)
        cases.check(q.returncode == 1 and message in q.stderr and q.stderr.count(b"\n") == 1 and not q.stdout,
                    "refused: " + " ".join(args), (q.returncode, q.stdout, q.stderr))
    p, terminal = start_curses(files)
    read_until(terminal, rb"Graphic mode")
    os.close(terminal)
    p.terminate()
    cases.check(ended(p) == 0, "curses: a terminal that goes away")
    p, terminal = start_curses(files, TERM="none such")
    cases.check(ended(p) == 1 and b"'none such' is not known" in p.stderr.read(), "curses: a terminal that is unknown")
    os.close(terminal)


def main():
    help_text = subprocess.run([*M, "-display", "help"], stdout=subprocess.PIPE, check=True).stdout
    tests = [test_vnc] if b"vnc" in help_text else []
    sys.exit(run_all(*tests, *([test_curses, test_curses_mistakes] if b"curses" in help_text else [])))


if __name__ == "__main__":
    main()
