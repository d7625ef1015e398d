#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""The screen: a program of a few instructions sets the CLCD up; the picture arrives in files of both formats, asked for
by both monitors. Keys and mouse: what both monitors send arrives at the two PL050. Prints TAP.
"""
import json
import os
import socket
import sys
import tempfile

sys.dont_write_bytecode = True

from display_machine import (HEIGHT, KMI, PICTURE, WIDTH, Machine, Received, is_note, read_png, read_ppm,   # noqa: E402
                             screen_program, until)
from machine import Cases, Files, connect           # noqa: E402  (no bytecode)


def test_files(cases, files):
    with Machine(files, ["-display", "none"], screen_program()) as machine:
        ppm, png = files.path("s.ppm"), files.path("s.png")
        want = (WIDTH, HEIGHT, PICTURE)

        def dump():
            machine.hmp("screendump " + ppm)
            return read_ppm(ppm)
        cases.check(until(dump, lambda seen: seen == want) == want, "screendump: the picture as PPM")
        answer = machine.hmp("screendump %s -f png" % png)
        if "without libpng" in answer:
            cases.skip("PNG", "no libpng")
        else:
            cases.check(read_png(png) == want, "as PNG", answer)
            os.unlink(png)
            answer = machine.qmp("screendump", filename=png, format="png")
            cases.check(answer == {"return": {}} and read_png(png) == want, "for programs", answer)
        answer = machine.qmp("screendump", filename=ppm)
        cases.check(answer == {"return": {}} and read_ppm(ppm) == want, "for programs, PPM", answer)
        bad = files.path("no/where")
        answer = machine.hmp("screendump " + bad)
        cases.check("failed to open file '%s': No such file" % bad in answer, "a file that cannot be made", answer)
        answer = machine.hmp("screendump %s -f bmp" % ppm)
        cases.check("unknown format 'bmp'" in answer, "a format that there is not", answer)
        answer = machine.qmp("screendump", filename="/dev/full")
        cases.check("error" in answer and "No space left" in answer["error"]["desc"], "a full disk", answer)
        answer = machine.qmp("screendump", filename=ppm, device="other")
        cases.check("error" in answer, "another screen", answer)
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def test_screens(cases, files):
    """The board's screen is the first, a graphics card's are behind it and go by its id."""
    with Machine(files, ["-display", "none", "-device", "virtio-gpu-device,id=card,max_outputs=2"],
                 screen_program()) as machine:
        ppm = files.path("two.ppm")

        def dump(arguments):
            answer = machine.hmp("screendump %s %s" % (ppm, arguments))
            return answer if "card" in answer or "usage" in answer or "nosuch" in answer else read_ppm(ppm)
        until(lambda: dump(""), lambda seen: seen == (WIDTH, HEIGHT, PICTURE))
        cases.check(dump("") == (WIDTH, HEIGHT, PICTURE), "screendump: the board's screen")
        for arguments in ("card", "card 1", "-f ppm card 0"):
            cases.check(is_note(dump(arguments)), "screendump FILE %s: the card's, that nobody draws" % arguments)
        cases.check("Device card (head 2) is not bound" in dump("card 2"), "a screen that the card has not")
        cases.check("Device 'nosuch' not found" in dump("nosuch"), "a device that there is not")
        for arguments in ("card x", "card 1 2"):
            cases.check("usage" in dump(arguments), "screendump FILE %s is a mistake" % arguments)
        answer = machine.qmp("screendump", filename=ppm, device="card", head=1)
        cases.check(answer == {"return": {}} and is_note(read_ppm(ppm)), "for programs", answer)
        for arguments, kind in (({"device": "x"}, "DeviceNotFound"), ({"device": "card", "head": 2}, "GenericError"),
                                ({"head": 1}, "GenericError")):
            answer = machine.qmp("screendump", filename=ppm, **arguments)
            cases.check(answer.get("error", {}).get("class") == kind, "for programs: %s" % arguments, answer)
        cases.check(machine.end()[0] == 0, "the end")


def test_input(cases, files):
    with Machine(files, ["-display", "none", "-serial", "file:" + files.path("out")], KMI) as machine:
        done = bytearray()

        def comes(want, name):
            done.extend(bytes.fromhex(want))

            def look():
                with open(files.path("out"), "rb") as file:
                    return file.read()
            got = until(look, lambda seen: len(seen) >= len(done))
            cases.check(got == done, name, got[-40:].hex(" "))

        comes("fa", "the mouse answers")
        machine.hmp("sendkey ctrl-alt-delete 1")
        comes("14 11 e071 e0f071 f011 f014", "sendkey presses and releases keys")
        machine.hmp("sendkey a 1")
        machine.hmp("sendkey 0x1f-< 1")
        comes("1c f01c 1b 61 f061 f01b", "one after another, by number, by sign")
        machine.hmp("mouse_move 3 -4")
        comes("08 03 04", "mouse_move")
        machine.hmp("mouse_button 5")
        comes("0d 00 00", "mouse_button")
        machine.hmp("mouse_button 0")
        comes("08 00 00", "and none")
        for line, says in (("sendkey foo", "invalid parameter: foo"), ("sendkey a-", "invalid parameter"),
                           ("sendkey a x", "no time"), ("sendkey -a", "invalid parameter"),
                           ("mouse_move x 1", "no movement"), ("mouse_button 99", "no state of buttons"),
                           ("mouse_set 3", "there is no mouse '3'"),
                           ("sendkey " + "-".join("a" * 17), "invalid parameter"),
                           ("sendkey 0xfff", "invalid parameter")):
            answer = machine.hmp(line)
            cases.check(says in answer, line[:20], answer)
        cases.check("* Mouse #0: PS/2 Mouse\n" == machine.hmp("info mice"), "info mice", machine.hmp("info mice"))

        def code(name):
            return {"type": "qcode", "data": name}
        answer = machine.qmp("send-key", keys=[code("shift"), {"type": "number", "data": 0x1e}], **{"hold-time": 1})
        comes("12 1c f01c f012", "send-key")
        cases.check(answer == {"return": {}}, "and its answer", answer)
        answer = machine.qmp("input-send-event", events=[
            {"type": "key", "data": {"down": True, "key": code("b")}},
            {"type": "key", "data": {"down": False, "key": code("b")}}])
        comes("32 f032", "input-send-event: keys")
        cases.check(answer == {"return": {}}, "and its answer", answer)
        machine.qmp("input-send-event", events=[
            {"type": "rel", "data": {"axis": "x", "value": 2}}, {"type": "rel", "data": {"axis": "y", "value": 1}},
            {"type": "btn", "data": {"down": True, "button": "right"}}])
        comes("28 02 ff 0a 00 00", "movement and a button")
        for name, arguments in (
                ("send-key", {"keys": [code("nokey")]}), ("send-key", {"keys": [{"type": "qcode", "data": 1}]}),
                ("send-key", {"keys": [{"type": "number", "data": "a"}]}),
                ("send-key", {"keys": [{"type": "x", "data": 1}]}),
                ("send-key", {"keys": [{"type": "number", "data": 1 << 40}]}), ("send-key", {"keys": [code("a")] * 17}),
                ("send-key", {"keys": [code("a")], "hold-time": -1}),
                ("send-key", {"keys": [{"type": "qcode", "data": {}}]}),
                ("input-send-event", {"events": [{"type": "key", "data": {"down": True}}]}),
                ("input-send-event", {"events": [{"type": "key", "data": {"down": True, "key": code("b")}},
                                                 {"type": "rel", "data": {"value": 2}}]}),
                ("input-send-event", {"events": [{"type": "btn", "data": {"down": True, "button": "fourth"}}]})):
            answer = machine.qmp(name, **arguments)
            cases.check("error" in answer, "%s %s" % (name, json.dumps(arguments)[:60]), answer)
        answer = machine.qmp("query-mice")
        cases.check(answer == {"return": [{"name": "PS/2 Mouse", "index": 0, "current": True, "absolute": False}]},
                    "query-mice", answer)
        machine.hmp("sendkey c 1")
        comes("21 f021", "nothing of what was refused was done")
        code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


# KMI, but it reads the keyboard only when a character has come at UART1.
LATE_READER = [*KMI[:8], 0xe3a06201, 0xe3866a0a, 0xe5961018, 0xe3110010, 0x1afffffc, *KMI[10:]]


def test_unread(cases, files):
    """Nobody reads the keyboard: after a while it is overrun, and whoever types is let go."""
    out, uart, trace = files.path("out"), files.path("uart1"), files.path("trace")
    with Machine(files, ["-display", "none", "-serial", "file:" + out, "-serial", "unix:%s,server=on,wait=off" % uart,
                         "-trace", "input_key", "-D", trace], LATE_READER) as machine:
        for _ in range(20):
            machine.hmp("sendkey a 1")

        def given():
            with open(trace, encoding="utf-8") as file:
                return file.read().count("key=a")
        cases.check(until(given, lambda seen: seen == 40) == 40, "a keyboard that nobody reads gets all keys", given())
        with connect(socket.AF_UNIX, uart) as line:
            line.sendall(b"x")
            Received(cases, out).comes("1c f01c" * 5 + "1c 00", "sixteen bytes, and that keys were lost")
            code, text = machine.end()
        cases.check(code == 0 and not text, "the end", (code, text))


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        test_files(cases, Files(tmp))
        test_screens(cases, Files(tmp))
        test_input(cases, Files(tmp))
        test_unread(cases, Files(tmp))
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
