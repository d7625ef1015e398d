#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=240
"""The screen: a program of a few instructions sets the CLCD up; the picture arrives in files of both formats, asked for by
both monitors. Keys and mouse: what both monitors send arrives at the two PL050. Prints TAP.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.dont_write_bytecode = True

from machine import M, SCALE, Cases, Files, connect, ended                      # noqa: E402  (no bytecode)

LIMIT = 60 * SCALE
CLCD, FRAME = 0x10020000, 0x100000
WIDTH, HEIGHT = 64, 48
# Stores pairs of address and value, up to address 0; then goes round in a circle.
STORES = [0xe28f3014, 0xe4930004, 0xe4931004, 0xe3500000, 0x0afffffe, 0xe5801000, 0xeafffff9]
PICTURE = [(x * 4) << 16 | (y * 5) << 8 | (x ^ y) for y in range(HEIGHT) for x in range(WIDTH)]


def stores(pairs):
    return STORES + [word for pair in pairs for word in pair] + [0, 0]


def screen_program():
    """24 bits per pixel, BGR: a pixel is 0x00RRGGBB."""
    return stores([(CLCD, (WIDTH // 16 - 1) << 2), (CLCD + 4, HEIGHT - 1), (CLCD + 8, 1 << 26), (CLCD + 0x10, FRAME),
                   (CLCD + 0x18, 0x921 | 5 << 1)])


def read_ppm(path):
    with open(path, "rb") as file:
        data = file.read()
    head, size, top, pixels = data.split(b"\n", 3)
    width, height = map(int, size.split())
    assert head == b"P6" and top == b"255" and len(pixels) == 3 * width * height, data[:20]
    return width, height, [int.from_bytes(pixels[i:i + 3], "big") for i in range(0, len(pixels), 3)]


def unfilter(kind, row, above):
    """A row of a PNG of 3 bytes a pixel (PNG specification, 9.2)."""
    for i, byte in enumerate(row):
        left, up, corner = (row[i - 3] if i > 2 else 0), above[i], (above[i - 3] if i > 2 else 0)
        by = {0: lambda: 0, 1: lambda: left, 2: lambda: up, 3: lambda: (left + up) // 2,
              4: lambda: min((left, up, corner), key=lambda p: abs(left + up - corner - p))}[kind]()
        row[i] = (byte + by) & 255
    return row


def read_png(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        elif kind == b"IDAT":
            packed += body
    raw, row, pixels = zlib.decompress(packed), bytearray(3 * width), []
    for y in range(height):
        line = raw[y * (3 * width + 1):(y + 1) * (3 * width + 1)]
        row = unfilter(line[0], bytearray(line[1:]), row)
        pixels += [int.from_bytes(row[i:i + 3], "big") for i in range(0, len(row), 3)]
    return width, height, pixels


class Machine:
    """An emulator with a monitor for people and, if it can, one for programs."""

    def __init__(self, files, args, program=(), qmp=True):
        self.hmp_path, self.qmp_path = files.path("hmp"), files.path("qmp")
        frame = files.path("frame")
        with open(frame, "wb") as file:
            file.write(struct.pack("<%dI" % len(PICTURE), *PICTURE))
        argv = [*M, *([] if "-serial" in args else ["-serial", "none"]), "-monitor", "unix:%s,server=on,wait=off" % self.hmp_path,
                *(["-qmp", "unix:%s,server=on,wait=off" % self.qmp_path] if qmp else []),
                "-device", "loader,file=%s,addr=%d,force-raw=on" % (frame, FRAME), *args]
        if program:
            argv += files.program(program)
        env = dict(os.environ, SDL_VIDEODRIVER=os.environ.get("SDL_VIDEODRIVER", "dummy"))
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=env)
        self.hmp_socket = connect(socket.AF_UNIX, self.hmp_path)
        self.hmp_socket.settimeout(LIMIT)
        self._to_prompt()
        self.qmp_file = self.qmp_socket = None
        self.events = []

    def _to_prompt(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            got = self.hmp_socket.recv(65536)
            assert got, "the monitor is gone"
            text += got
        return text

    def hmp(self, line):
        """What a command prints."""
        self.hmp_socket.sendall(line.encode() + b"\n")
        text = self._to_prompt().decode().replace("\r", "")
        return text[text.index("\n") + 1:-len("(qemu) ")]

    def _message(self):
        line = self.qmp_file.readline()
        assert line, "the emulator hung up"
        return json.loads(line)

    def qmp(self, command, **arguments):
        """The whole answer; events that came before it are in self.events."""
        if not self.qmp_file:
            self.qmp_socket = connect(socket.AF_UNIX, self.qmp_path)
            self.qmp_socket.settimeout(LIMIT)
            self.qmp_file = self.qmp_socket.makefile("rb")
            self._message()
            self.qmp("qmp_capabilities")
        self.qmp_socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            message = self._message()
            if "event" not in message:
                return message
            self.events.append(message)

    def event(self, name):
        """The next event of that name, which may have come before."""
        while True:
            for message in self.events:
                if message["event"] == name:
                    self.events.remove(message)
                    return message
            self.events.append(self._message())

    def end(self):
        self.hmp_socket.sendall(b"quit\n")
        code = ended(self.process)
        self.hmp_socket.close()
        if self.qmp_file:
            self.qmp_file.close()
            self.qmp_socket.close()
        text = self.process.stdout.read().decode()
        self.process.stdout.close()
        return code, text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def until(look, good):
    """The first result of look() that is good, or the last within the limit."""
    end = time.monotonic() + LIMIT
    while True:
        seen = look()
        if good(seen) or time.monotonic() > end:
            return seen
        time.sleep(0.05)


def has_feature(name):
    """Whether the emulator was built with it."""
    out = subprocess.run([M[0], "-help"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return name in out


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


# Enables a PL050 (r0), then copies what comes to UART0 as it is; the same for both by the second load.
KMI = [
    0xe3a00201, 0xe3800a09,     # r0 = UART0
    0xe3a04201, 0xe3844a06,     # r4 = KMI0
    0xe3a02004, 0xe5842000,     # enable both interfaces
    0xe2845a01, 0xe5852000,     # r5 = KMI1
    0xe3a020f4, 0xe5852008,     # tell the mouse to report
    # loop:
    0xe5941004,                 # ldr r1, [r4, #4]
    0xe3110010,                 # tst r1, #0x10
    0x15941008,                 # ldrne r1, [r4, #8]
    0x15801000,                 # strne r1, [r0]
    0xe5951004,                 # the same of the mouse
    0xe3110010,
    0x15951008,
    0x15801000,
    0xeafffff6,                 # b loop
]


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
                           ("sendkey a x", "no time"), ("sendkey -a", "invalid parameter"), ("mouse_move x 1", "no movement"),
                           ("mouse_button 99", "no state of buttons"), ("mouse_set 3", "there is no mouse '3'"),
                           ("sendkey " + "-".join("a" * 17), "invalid parameter"), ("sendkey 0xfff", "invalid parameter")):
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
                ("send-key", {"keys": [{"type": "number", "data": "a"}]}), ("send-key", {"keys": [{"type": "x", "data": 1}]}),
                ("send-key", {"keys": [{"type": "number", "data": 1 << 40}]}), ("send-key", {"keys": [code("a")] * 17}),
                ("send-key", {"keys": [code("a")], "hold-time": -1}), ("send-key", {"keys": [{"type": "qcode", "data": {}}]}),
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


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as tmp:
        test_files(cases, Files(tmp))
        test_input(cases, Files(tmp))
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
