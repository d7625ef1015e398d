# SPDX-License-Identifier: GPL-2.0-or-later
"""Kind undef: words that no row of the decoder's tables matches. The other emulator must find them undefined, too.

This is what finds a row that is missing. A few encodings that the oracle executes although ARMv6K has them not are left
out, see known.py.
"""
import gen
import rows
from items import Item



def mask_of(row):
    return sum(1 << len(row.bits) - 1 - n for n, char in enumerate(row.bits) if char in "01")


def masks(table, unconditional=None):
    """(mask, value) of rows; unconditional: with or without a condition field only."""
    return [(mask_of(row), row.fixed) for row in table
            if unconditional is None or (not row.bits.startswith("cccc")) == unconditional]


A32 = rows.load("a32.def")
CONDITIONAL, UNCONDITIONAL, T16 = masks(A32, False), masks(A32, True), masks(rows.load("t16.def"))


def matches(word, table):
    return any(word & mask == value for mask, value in table)


def avoided_a32(word):
    """What the oracle executes although ARMv6K has it not: half-precision loads and stores (coprocessor 9)."""
    return word >> 28 != 15 and word & 0x0E000F00 == 0x0C000900


def avoided_t16(word):
    """CBZ, CBNZ, IT, hints and HLT; and the halves of 32-bit instructions."""
    return word & 0xF500 == 0xB100 or word & 0xFF00 == 0xBF00 or word & 0xFFC0 == 0xBA80 or word >> 11 in (29, 30, 31)


class GenUndef(gen.Gen):
    npointers = 0
    nindexes = 0
    nstates = 1
    modes = (0x13, 0x10, 0x1F)

    def __init__(self, rng):
        super().__init__(rng)
        self.thumb = rng.random() < 0.3

    def build(self):
        while True:
            if self.thumb:
                word = self.rng.getrandbits(16)
                if matches(word, T16) or avoided_t16(word):
                    continue
            else:
                if self.chance(0.2):                        # any VFP data processing or register transfer
                    word = 0xEE000A00 | self.rng.getrandbits(24) & 0x00FFF1FF
                    if word & 0xF000 == 0xF000 and word & 0x10:
                        continue                            # PC in a transfer
                    return gen.Sequence([Item(word, note="vfp undef")], self.thumb, [self.state()])
                word = self.rng.getrandbits(28) | (0xF if self.chance(0.25) else 0xE) << 28
                if matches(word, UNCONDITIONAL if word >> 28 == 15 else CONDITIONAL) or avoided_a32(word):
                    continue
            return gen.Sequence([Item(word, note="undef")], self.thumb, [self.state()])
