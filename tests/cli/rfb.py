# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the RFB protocol (RFC 6143), as small as tests need it: raw pixels, keys, pointer, passwords."""
import socket
import struct

# DES (FIPS 46-3): the tables, numbered from 1 as there.
IP = [58 - 8 * (i % 8) + 2 * (i // 8) if i < 32 else 57 - 8 * (i % 8) + 2 * (i // 8 - 4) for i in range(64)]
FP = [40, 8, 48, 16, 56, 24, 64, 32]
FP = [n - k for k in range(8) for n in FP]
E = [(4 * (i // 6) + i % 6 - 1) % 32 + 1 for i in range(48)]
P = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
     2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25]
PC1 = [57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
       63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4]
PC2 = [14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
       41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32]
S = [[int(digit, 16) for digit in box] for box in (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b")]


def _bits(data):
    return [byte >> (7 - i) & 1 for byte in data for i in range(8)]


def _pick(bits, table):
    return [bits[i - 1] for i in table]


def des(key, block):
    """A block of 8 bytes, encrypted."""
    halves = _pick(_bits(key), PC1)
    left_key, right_key = halves[:28], halves[28:]
    bits = _pick(_bits(block), IP)
    left, right = bits[:32], bits[32:]
    for turn in range(16):
        by = 1 if turn in (0, 1, 8, 15) else 2
        left_key, right_key = left_key[by:] + left_key[:by], right_key[by:] + right_key[:by]
        mixed = [a ^ b for a, b in zip(_pick(right, E), _pick(left_key + right_key, PC2))]
        out = []
        for box in range(8):
            six = mixed[6 * box:6 * box + 6]
            row, column = six[0] * 2 + six[5], six[1] * 8 + six[2] * 4 + six[3] * 2 + six[4]
            value = S[box][16 * row + column]
            out += [value >> 3 & 1, value >> 2 & 1, value >> 1 & 1, value & 1]
        left, right = right, [a ^ b for a, b in zip(left, _pick(out, P))]
    bits = _pick(right + left, FP)
    return bytes(sum(bits[8 * i + j] << (7 - j) for j in range(8)) for i in range(8))


class Refused(Exception):
    """The server does not let us in."""


class Rfb:
    """One connection, on a connected socket."""

    def __init__(self, connection, password=None, shared=True, timeout=60, old=False):
        self.socket = connection
        self.socket.settimeout(timeout)
        assert self.read(12) == b"RFB 003.008\n"
        self.send(b"RFB 003.003\n" if old else b"RFB 003.008\n")
        if old:                                 # the server says whether it wants a password: here it does not
            assert self.read(4) == struct.pack(">I", 1)
        else:
            self._security(password)
        self.send(bytes([shared]))
        self.width, self.height = struct.unpack(">HH", self.read(4))
        self.format = self.read(16)
        self.name = self.read(struct.unpack(">I", self.read(4))[0])
        # 32 bits per pixel, 0x00RRGGBB; raw pixels and new sizes.
        self.send(struct.pack(">B3xBBBBHHHBBB3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
        self.encodings(0, -223)
        self.pixels = [0] * (self.width * self.height)
        self.size_answers = []                  # (reason, status) of each size that the server told of

    def _security(self, password):
        count = self.read(1)[0]
        if not count:
            raise Refused(self._reason())
        self.security = list(self.read(count))
        if password is None:
            if 1 not in self.security:
                raise Refused("a password is wanted")
            self.send(b"\1")
        else:
            self.send(b"\2")
            challenge = self.read(16)
            # The bits of the key's bytes are the other way round.
            key = bytes(int("{:08b}".format(byte)[::-1], 2) for byte in password.encode()[:8].ljust(8, b"\0"))
            self.send(des(key, challenge[:8]) + des(key, challenge[8:]))
        if struct.unpack(">I", self.read(4))[0]:
            raise Refused(self._reason())

    def _reason(self):
        return self.read(struct.unpack(">I", self.read(4))[0]).decode()

    def read(self, count):
        data = b""
        while len(data) < count:
            got = self.socket.recv(count - len(data))
            if not got:
                raise Refused("the server hung up")
            data += got
        return data

    def send(self, data):
        self.socket.sendall(data)

    def encodings(self, *numbers):
        self.send(struct.pack(">BxH%di" % len(numbers), 2, len(numbers), *numbers))

    def ask(self, incremental=True):
        self.send(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        """Wait for the next update and apply it."""
        while True:
            kind = self.read(1)[0]
            if kind == 0:
                break
            assert kind == 2, kind              # a bell
        count = struct.unpack(">xH", self.read(3))[0]
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self.read(12))
            if encoding == -223:
                self.width, self.height = width, height
                self.pixels = [0] * (width * height)
                continue
            if encoding == -257:
                self.places = x
                continue
            if encoding == -261:
                self.lights = self.read(1)[0]
                continue
            if encoding == -308:
                self.read(16 * self.read(4)[0])
                self.size_answers.append((x, y))
                if not y:
                    self.width, self.height = width, height
                    self.pixels = [0] * (width * height)
                continue
            assert encoding == 0, encoding
            for row in range(y, y + height):
                line = struct.unpack("<%dI" % width, self.read(4 * width))
                self.pixels[row * self.width + x:row * self.width + x + width] = [p & 0xffffff for p in line]

    def picture(self, good):
        """Updates until good((width, height, pixels)), which is returned."""
        self.ask(False)
        while True:
            self.update()
            seen = (self.width, self.height, self.pixels)
            if good(seen):
                return seen
            self.ask()

    def key(self, keysym, down):
        self.send(struct.pack(">BBxxI", 4, down, keysym))

    def may_send_keys(self):
        """This client knows the QEMU Extended Key Event."""
        self.encodings(0, -258)
        assert self.read(16)[:12] == struct.pack(">BxHHHHH", 0, 1, 0, 0, self.width, self.height)

    def place(self, number, keysym, down):
        """The key of that number in set 1, which means that sign to the client."""
        self.send(struct.pack(">BBHII", 255, 0, down, keysym, number))

    def type(self, text):
        for character in text:
            keysym = 0xff0d if character == "\n" else ord(character)
            self.key(keysym, True)
            self.key(keysym, False)

    def pointer(self, x, y, buttons=0):
        self.send(struct.pack(">BBHH", 5, buttons, x, y))

    def may_move(self):
        """This client can send movements (the QEMU Pointer Motion Change); `places`: does the server want places?"""
        self.encodings(0, -257)
        kind, count, self.places, _, _, _, encoding = struct.unpack(">BxHHHHHi", self.read(16))
        assert (kind, count, encoding) == (0, 1, -257)

    def move(self, dx, dy, buttons=0):
        self.pointer(0x7fff + dx, 0x7fff + dy, buttons)

    def may_see_lights(self):
        """This client wants to know the keyboard's lights (the QEMU LED State); `lights`: as they are: 1 scroll lock,
        2 numbers, 4 capitals.
        """
        self.encodings(0, -261)
        kind, count, _, _, _, _, encoding, self.lights = struct.unpack(">BxHHHHHiB", self.read(17))
        assert (kind, count, encoding) == (0, 1, -261)

    def may_resize(self):
        """This client understands the server's answers to resize()."""
        self.encodings(0, -223, -308)

    def resize(self, width, height):
        """Ask for another size (SetDesktopSize); what came of it: size_answers, reason 1."""
        self.send(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0))

    def may_press_power(self):
        """This client can ask for a shutdown, a reboot and a reset (xvp); the answer's code: 1 it may."""
        self.encodings(0, -309)
        return self.power_answer()

    def power_answer(self):
        kind, version, code = struct.unpack(">BxBB", self.read(4))
        assert (kind, version) == (250, 1)
        return code

    def power(self, code):
        """2: shutdown, 3: reboot, 4: reset."""
        self.send(struct.pack(">BxBB", 250, 1, code))

    def close(self):
        self.socket.close()


def connect_unix(path, **arguments):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return Rfb(connection, **arguments)


def connect_tcp(port, host="127.0.0.1", **arguments):
    return Rfb(socket.create_connection((host, port)), **arguments)
