# SPDX-License-Identifier: GPL-2.0-or-later
"""Items: the pieces a random sequence consists of, and how they become bytes.

A sequence is a list of items, each one or a few instructions that stay together when a failing sequence is minimised.
Branches between items name a number of items to skip, so they survive the removal of others.
"""
import struct

COND_AL = 14


class Item:
    """Words (ARM) or halfwords (Thumb) that do not depend on their address."""

    def __init__(self, *units, note=""):
        self.units, self.note = units, note

    def size(self, address, thumb):
        return len(self.units) * (2 if thumb else 4)

    def emit(self, address, thumb, target):
        return struct.pack("<%d%s" % (len(self.units), "H" if thumb else "I"), *self.units)


class Skip(Item):
    """Branch over the next `count` items. link: BL. Thumb: cond != AL or link or plain."""

    def __init__(self, count, cond=COND_AL, link=False):
        super().__init__(note="skip")
        self.count, self.cond, self.link = count, cond, link

    def size(self, address, thumb):
        return 4 if not thumb or self.link else 2

    def emit(self, address, thumb, target):
        to = target(self.count)
        if not thumb:
            head = self.cond << 28 | (0xB if self.link else 0xA) << 24
            return struct.pack("<I", head | (to - address - 8) >> 2 & 0xFFFFFF)
        offset = to - address - 4
        if self.link:
            return struct.pack("<HH", 0xF000 | offset >> 12 & 0x7FF, 0xF800 | offset >> 1 & 0x7FF)
        if self.cond != COND_AL:
            return struct.pack("<H", 0xD000 | self.cond << 8 | offset >> 1 & 0xFF)
        return struct.pack("<H", 0xE000 | offset >> 1 & 0x7FF)


class Loop(Item):
    """End of a loop: decrement a register, branch back to its LoopStart. Only a few bits of the register count, so that
    a loop whose start was skipped or removed ends too."""

    def __init__(self, start, reg):
        super().__init__(note="loop")
        self.start, self.reg = start, reg

    def size(self, address, thumb):
        return 8 if thumb else 12

    def emit(self, address, thumb, target):
        to, reg, bits = self.start.address, self.reg, self.start.bits
        unused = 32 - bits
        inside = to is not None and to < address
        if thumb:
            offset = (to - (address + 6) - 4) >> 1 if inside else -1
            if offset < -128:
                offset = -1                                 # too far: to the next instruction
            return struct.pack("<HHHH", unused << 6 | reg << 3 | reg, 0x0800 | unused << 6 | reg << 3 | reg,
                               0x3801 | reg << 8, 0xD100 | offset & 0xFF)
        offset = (to - (address + 8) - 8) >> 2 if inside else -1
        return struct.pack("<III", 0xE2000000 | (1 << bits) - 1 | reg << 16 | reg << 12,
                           0xE2500001 | reg << 16 | reg << 12, 0x1A000000 | offset & 0xFFFFFF)


class LoopStart(Item):
    """Sets the counter, of 3 or 8 bits; remembers where the loop's body begins."""

    def __init__(self, reg, times):
        super().__init__(note="loop start")
        self.reg, self.times, self.address = reg, times, None
        self.bits = 3 if times < 8 else 8

    def size(self, address, thumb):
        return 2 if thumb else 4

    def emit(self, address, thumb, target):
        self.address = address + (2 if thumb else 4)
        if thumb:
            return struct.pack("<H", 0x2000 | self.reg << 8 | self.times)
        return struct.pack("<I", 0xE3A00000 | self.reg << 12 | self.times)


LDR_PC_NEXT = 0xE51FF004        # LDR pc, [pc, #-4]: the word behind it


class ThumbIsland(Item):
    """In an ARM sequence: to Thumb state by bx, blx, blx_imm or ldr, some halfwords, and back."""

    def __init__(self, how, reg, halfwords):
        super().__init__(note="island")
        self.how, self.reg = how, reg
        self.halfwords = list(halfwords) + [0x46C0] * (len(halfwords) & 1)

    def enter(self, address):
        if self.how == "blx_imm":
            return [0xFAFFFFFF]                             # BLX to the next word
        if self.how == "ldr":
            return [LDR_PC_NEXT, address + 8 | 1]
        # add reg, pc, #1 ; bx/blx reg: PC reads as the word behind the branch
        return [0xE28F0001 | self.reg << 12, (0xE12FFF30 if self.how == "blx" else 0xE12FFF10) | self.reg]

    def size(self, address, thumb):
        return 4 * len(self.enter(address)) + 2 * len(self.halfwords) + 4

    def emit(self, address, thumb, target):
        words = self.enter(address)
        return struct.pack("<%dI%dHHH" % (len(words), len(self.halfwords)), *words, *self.halfwords, 0x4778, 0x46C0)


class ArmIsland(Item):
    """In a Thumb sequence: to ARM state by bx or blx, some words, and back by bx or ldr."""

    def __init__(self, how, back, reg, words):
        super().__init__(note="island")
        self.how, self.back, self.reg, self.words = how, back, reg, list(words)

    def size(self, address, thumb):
        return (address & 2) + 4 + 4 * len(self.words) + 8

    def emit(self, address, thumb, target):
        pad = struct.pack("<H", 0x46C0) if address & 2 else b""
        enter = (0xF000, 0xE800) if self.how == "blx" else (0x4778, 0x46C0)     # BLX to the next word; BX pc, nop
        if self.back == "ldr":
            leave = (LDR_PC_NEXT, address + self.size(address, thumb) | 1)
        else:
            leave = (0xE28F0001 | self.reg << 12, 0xE12FFF10 | self.reg)
        return pad + struct.pack("<HH", *enter) + struct.pack("<%dI" % (len(self.words) + 2), *self.words, *leave)


def layout(items, address, thumb, seq_exit):
    """Bytes of a sequence at `address` (4-aligned), ending in a branch to seq_exit."""
    starts = []
    at = address
    for item in items:
        starts.append(at)
        at += item.size(at, thumb)
    starts.append(at)
    for item in items:
        if isinstance(item, LoopStart):
            item.address = None
    code = b""
    for n, item in enumerate(items):
        part = item.emit(starts[n], thumb, lambda skip, n=n: starts[min(n + 1 + skip, len(items))])
        if len(part) != starts[n + 1] - starts[n]:
            raise AssertionError("size of " + type(item).__name__)
        code += part
    if thumb:
        if at & 2:
            code += struct.pack("<H", 0x46C0)
        code += struct.pack("<HH", 0x4778, 0x46C0)
    at = address + len(code)
    return code + struct.pack("<I", 0xEA000000 | (seq_exit - at - 8) >> 2 & 0xFFFFFF)
