# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of screen, keyboard and mouse share: guest programs, a machine with both monitors, pictures in files."""
import json
import socket
import struct
import subprocess
import time
import zlib

from machine import M, SCALE, connect, ended

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


def is_note(picture):
    """A screen that no guest has switched on: a line of grey letters on black says so."""
    width, height, pixels = picture
    rows = [y for y in range(height) if any(pixels[y * width:(y + 1) * width])]
    return (width, height) == (640, 480) and set(pixels) == {0, 0xaaaaaa} and rows and rows[-1] - rows[0] < 20


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
    """An emulator with a monitor for people and one for programs."""

    def __init__(self, files, args, program=(), env=None):
        self.hmp_path, self.qmp_path = files.path("hmp"), files.path("qmp")
        frame = files.path("frame")
        with open(frame, "wb") as file:
            file.write(struct.pack("<%dI" % len(PICTURE), *PICTURE))
        argv = [*M, *([] if "-serial" in args else ["-serial", "none"]),
                "-monitor", "unix:%s,server=on,wait=off" % self.hmp_path,
                "-qmp", "unix:%s,server=on,wait=off" % self.qmp_path,
                "-device", "loader,file=%s,addr=%d,force-raw=on" % (frame, FRAME), *args]
        if program:
            argv += files.program(program)
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env)
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


# Enables both PL050 and has the mouse report; then copies what comes from them to UART0.
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


class Received:
    """What the program KMI sends on, which is all that keyboard and mouse give: its serial line is the file at path."""

    def __init__(self, cases, path):
        self.cases, self.path, self.want = cases, path, bytearray()

    def read(self):
        with open(self.path, "rb") as file:
            return file.read()

    def comes(self, want, name):
        """A case: want (in hex) is what comes next."""
        self.want.extend(bytes.fromhex(want))
        got = until(self.read, lambda seen: len(seen) >= len(self.want))
        self.cases.check(got == self.want, name, got[-40:].hex(" "))
