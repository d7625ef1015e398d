# SPDX-License-Identifier: GPL-2.0-or-later
"""Random VFPv2 instructions, from their own encodings (ARM DDI 0100I C4), mixed with a few integer ones."""
import gen_a32
import image
from items import COND_AL, Item

# p q r s of data processing: (p << 23 | q << 21 | r << 20 | s << 6)
ARITH = [0x000000, 0x000040, 0x100000, 0x100040, 0x200000, 0x200040, 0x300000, 0x300040, 0x800000]
EXTENSION = 0xB00040
CPY, ABS, NEG, SQRT = (0, 0), (0, 1), (1, 0), (1, 1)
CMP, CMPE, CMPZ, CMPEZ, CVT = (4, 0), (4, 1), (5, 0), (5, 1), (7, 1)
UITO, SITO, TOUI, TOUIZ, TOSI, TOSIZ = (8, 0), (8, 1), (12, 0), (12, 1), (13, 0), (13, 1)


class GenVfp(gen_a32.GenA32):
    table = gen_a32.by_handler({"dp_reg", "dp_imm"})[:20]
    island = 0.0
    npointers = 2
    vectors = False

    def __init__(self, rng):
        self.vectors = rng.random() < 0.03
        super().__init__(rng)

    def dreg(self):
        return self.rng.randrange(16)

    def sreg(self):
        return self.rng.randrange(32)

    def vreg(self, double):
        return self.rng.randrange(16) if double else self.rng.randrange(32)

    @staticmethod
    def place(reg, double, field, low):
        """Register number: four bits at `field`, the lowest bit of a single at `low`."""
        return reg << field if double else (reg >> 1) << field | (reg & 1) << low

    def item(self):
        r = self.rng.random()
        if r < 0.42:
            return self.arithmetic()
        if r < 0.68:
            return self.extension()
        if r < 0.78:
            return self.transfer()
        if r < 0.9:
            return self.load_store()
        if r < 0.94:
            return self.fpscr()
        return super().item()

    def head(self, double):
        return self.cond() << 28 | 0x0E000A00 | (0x100 if double else 0)

    def arithmetic(self):
        double = self.chance(0.5)
        op = self.rng.choice(ARITH)
        d, n, m = self.vreg(double), self.vreg(double), self.vreg(double)
        return Item(self.head(double) | op | self.place(d, double, 12, 22) | self.place(n, double, 16, 7) |
                    self.place(m, double, 0, 5), note="vfp")

    def extension(self):
        double = self.chance(0.5)
        op = self.rng.choice((CPY, ABS, NEG, SQRT, CMP, CMP, CMPE, CMPZ, CMPEZ, CVT, CVT, UITO, SITO, TOUI, TOUIZ, TOSI,
                              TOSIZ))
        if self.vectors and double and op in (CPY, ABS, NEG, SQRT):
            return None                                     # the oracle writes the wrong registers: see known.py
        d, m = self.vreg(double), self.vreg(double)
        d_double = m_double = double
        if op == CVT:
            d_double = not double
        elif op in (UITO, SITO):
            m_double = False
        elif op in (TOUI, TOUIZ, TOSI, TOSIZ):
            d_double = False
        d = d if d_double == double else self.vreg(d_double)
        m = m if m_double == double else self.vreg(m_double)
        if op in (CMPZ, CMPEZ):
            m, m_double = 0, True
        word = (self.head(double) | EXTENSION | op[0] << 16 | op[1] << 7 | self.place(d, d_double, 12, 22) |
                self.place(m, m_double, 0, 5))
        if op in (CMP, CMPE, CMPZ, CMPEZ) and self.chance(0.6):
            return Item(word, self.cond(0.1) << 28 | 0x0EF1FA10, note="vcmp, vmrs")
        return Item(word, note="vfp ext")

    def transfer(self):
        cond = self.cond() << 28
        kind = self.rng.randrange(6)
        if kind == 0:                                       # FMSR, FMDLR, FMDHR
            if self.chance(0.5):
                return Item(cond | 0x0E000A10 | self.place(self.sreg(), False, 16, 7) | self.reg() << 12)
            return Item(cond | 0x0E000B10 | self.rng.getrandbits(1) << 21 | self.dreg() << 16 | self.reg() << 12)
        if kind == 1:
            if self.chance(0.5):
                return Item(cond | 0x0E100A10 | self.place(self.sreg(), False, 16, 7) | self.dest() << 12)
            return Item(cond | 0x0E100B10 | self.rng.getrandbits(1) << 21 | self.dreg() << 16 | self.dest() << 12)
        if kind == 2:                                       # FMDRR, FMSRR
            if self.chance(0.5):
                return Item(cond | 0x0C400B10 | self.reg() << 16 | self.reg() << 12 | self.dreg())
            return Item(cond | 0x0C400A10 | self.reg() << 16 | self.reg() << 12 |
                        self.place(self.rng.randrange(31), False, 0, 5))
        if kind == 3:
            low = self.dest()
            high = self.dest((low,))
            if self.chance(0.5):
                return Item(cond | 0x0C500B10 | high << 16 | low << 12 | self.dreg())
            return Item(cond | 0x0C500A10 | high << 16 | low << 12 | self.place(self.rng.randrange(31), False, 0, 5))
        if kind == 4:
            return Item(cond | 0x0EF10A10 | self.dest() << 12, note="vmrs")
        return Item(cond | 0x0EF1FA10, note="vmrs flags")

    def fpscr(self):
        """FPSCR gets a new rounding mode, FZ, DN and flags: load the value, VMSR."""
        reg = self.dest()
        value = self.rng.getrandbits(4) << 28 | self.rng.getrandbits(2) << 22
        value |= (1 << 24 if self.chance(0.15) else 0) | (1 << 25 if self.chance(0.15) else 0)
        return Item(0xE3A00000 | reg << 12 | 4 << 8 | value >> 24,
                    0xE3800000 | reg << 16 | reg << 12 | 8 << 8 | value >> 16 & 0xFF,
                    self.cond(0.1) << 28 | 0x0EE10A10 | reg << 12, note="vmsr")

    def load_store(self):
        double = self.chance(0.5)
        cond = self.cond()
        load = self.rng.getrandbits(1)
        reg = self.pointer(140)
        if reg is None:
            return None
        head = cond << 28 | (0x0C000B00 if double else 0x0C000A00) | load << 20 | reg << 16
        if self.chance(0.5):
            offset = self.rng.randrange(0, 32)
            return Item(head | 1 << 24 | self.rng.getrandbits(1) << 23 | offset |
                        self.place(self.vreg(double), double, 12, 22), note="vldr")
        first = self.vreg(double)
        count = self.rng.randrange(1, min(12, (16 if double else 32) - first) + 1)
        words = count * 2 if double else count
        if double and self.chance(0.1):
            words += 1                                      # FLDMX, FSTMX
        mode = self.rng.choice(("ia", "ia!", "db!"))
        pu = {"ia": 1 << 23, "ia!": 1 << 23 | 1 << 21, "db!": 1 << 24 | 1 << 21}[mode]
        if mode != "ia":
            self.moved(reg, words * 4 * (1 if mode == "ia!" else -1), cond != COND_AL)
        return Item(head | pu | self.place(first, double, 12, 22) | words, note="vldm")

    def tweak(self, state):
        rng = self.rng
        state["fpscr"] = rng.getrandbits(4) << 28 | rng.choice((0, 0, 1, 2, 3)) << 22
        if self.chance(0.15):
            state["fpscr"] |= 1 << 24
        if self.chance(0.15):
            state["fpscr"] |= 1 << 25
        if self.vectors:
            state["fpscr"] |= rng.randrange(1, 4) << 16
        if self.chance(0.03):
            state["sctlr"] |= image.SCTLR_A
        for reg in self.pointer_regs:
            image.set_reg(state, reg, image.get_reg(state, reg) & ~3)
