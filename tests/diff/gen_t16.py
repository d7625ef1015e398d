# SPDX-License-Identifier: GPL-2.0-or-later
"""Random Thumb instructions from the decoder's rows. UNPREDICTABLE forms are left out."""
import gen
import image
import rows
from items import ArmIsland, Item

ROWS = [row for row in rows.load("t16.def") if row.handler not in (
    "t_bx", "t_swi", "t_bcc", "t_b", "t_blx_suffix", "t_bl_prefix", "t_bl_suffix", "t_bkpt", "t_cps", "t_setend")]
SCALE = {"str": 2, "ldr": 2, "strh": 1, "ldrh": 1, "strb": 0, "ldrb": 0}


class GenThumb(gen.Gen):
    thumb = True
    npointers = 2
    anchors = ("rw", "rw", "rw", "rw", "rw", "edge")

    def __init__(self, rng):
        super().__init__(rng)
        self.pointers[13] = [0, 0]
        self.pointer_regs.append(13)
        self.anchor[13] = rng.choice(self.anchors)

    def pointer_candidates(self):
        return list(range(8))

    def low(self, keep=()):
        choices = [r for r in range(8) if r not in self.counters and r not in keep and
                   (self.chance_lose or (r not in self.pointers and r not in self.indexes))]
        reg = self.rng.choice(choices or [r for r in range(8) if r not in self.counters and r not in keep])
        self.lost(reg)
        return reg

    @property
    def chance_lose(self):
        return self.chance(0.02)

    def low_pointer(self, spare):
        choices = [r for r in range(8) if r in self.pointers and self.room(r) > spare]
        return self.rng.choice(choices) if choices else None

    def item(self):
        if self.chance(0.03):
            return self.arm_island()
        if self.chance(0.015):
            return self.system()
        row = self.rng.choice(ROWS)
        fields = {letter: self.rng.getrandbits(row.width(letter)) for letter in row.fields}
        fields = getattr(self, "make_" + row.handler, self.make_plain)(row, fields)
        return None if fields is None else Item(row.fill(fields), note=row.name)

    def arm_island(self):
        rng = self.rng
        words = []
        for _ in range(rng.randrange(4)):
            reg = self.low()
            words.append(rng.choice((0xE0900000, 0xE0B00000, 0xE0200000, 0x11800000, 0xE1D00000)) |
                         rng.randrange(8) << 16 | reg << 12 | rng.randrange(13))
        return ArmIsland(rng.choice(("bx", "blx")), rng.choice(("bx", "ldr")), self.low(), words)

    def system(self):
        """Byte order, interrupt masks, and what ends a sequence: SVC, BKPT (not 0xab: semihosting), undefined."""
        rng = self.rng
        kind = rng.randrange(8)
        if kind < 4:
            return Item(0xB650 | rng.getrandbits(1) << 3, note="setend")
        if kind == 4:
            return Item(0xB660 | rng.getrandbits(1) << 4 | rng.randrange(1, 8), note="cps")
        number = rng.randrange(0xAB) if self.chance(0.5) else rng.randrange(0xAC, 0x100)
        return Item((0xDF00, 0xBE00, 0xDE00)[kind - 5] | number, note="exception")

    def make_plain(self, row, fields):
        if row.width("d") == 3:
            fields["d"] = self.low()
        return fields

    def make_t_add_hi(self, row, fields):
        high = fields["h"]
        fields["m"] = self.rng.randrange(16)
        if not high and fields["m"] < 8 and row.handler == "t_add_hi":
            return None
        if high:
            reg = self.rng.choice([r for r in range(8, 15) if r not in self.counters and r not in self.pointers] or [8])
            self.lost(reg)
            fields["d"] = reg - 8
        else:
            fields["d"] = self.low()
        return fields

    make_t_mov_hi = make_t_add_hi

    def make_t_cmp_hi(self, row, fields):
        if not fields["h"] and fields["m"] < 8 or fields["m"] == 15 or (fields["h"] and fields["n"] == 7):
            return None
        return fields

    def make_t_ldst_reg(self, row, fields):
        base = self.low_pointer(40)
        index = [r for r in self.indexes if r < 8]
        if base is None or not index:
            return None
        fields["n"], fields["m"] = base, index[0]
        if self.chance(0.3):
            fields["n"], fields["m"] = index[0], base
        if row.name.startswith("ldr"):
            fields["d"] = self.low()
        return fields

    def make_t_ldst_imm(self, row, fields):
        base = self.low_pointer(130)
        if base is None:
            return None
        fields["n"] = base
        if row.name.startswith("ldr"):
            fields["d"] = self.low()
        return fields

    make_t_ldsth_imm = make_t_ldst_imm

    def make_t_ldst_sp(self, row, fields):
        if 13 not in self.pointers:
            return None
        fields["i"] = self.rng.randrange(0, max(1, min(64, self.room(13) // 4)))
        if row.name == "ldr":
            fields["d"] = self.low()
        return fields

    def make_t_adjust_sp(self, row, fields):
        if 13 not in self.pointers:
            return None
        fields["i"] = self.rng.randrange(0, 24)
        delta = 4 * fields["i"] * (1 if row.name == "add" else -1)
        lo, hi = self.pointers[13]
        if lo + delta * self.repeat < -gen.REACH or hi + delta * self.repeat > gen.REACH:
            return None
        self.moved(13, delta, False)
        return fields

    def registers(self, count, keep=()):
        taken = {*self.counters, *self.pointers, *self.indexes, *keep}
        choices = [r for r in range(8) if r not in taken]
        return sorted(self.rng.sample(choices, min(count, len(choices))))

    def make_t_push(self, row, fields):
        if 13 not in self.pointers or self.room(13) < 48 * self.repeat:
            return None
        pop = row.name == "pop"
        if pop:
            regs = self.registers(self.rng.randrange(1, 6))
        else:
            regs = self.rng.sample(range(8), self.rng.randrange(1, 9))
        fields["l"] = sum(1 << r for r in regs)
        fields["r"] = 0 if pop else self.rng.getrandbits(1)
        if not regs and not fields["r"]:
            return None
        count = len(regs) + fields["r"]
        self.moved(13, 4 * count if pop else -4 * count, False)
        for r in regs if pop else ():
            self.lost(r)
        return fields

    make_t_pop = make_t_push

    def make_t_ldm(self, row, fields):
        base = self.low_pointer(40 * self.repeat)
        if base is None:
            return None
        if row.name == "ldm":
            regs = self.registers(self.rng.randrange(1, 6))
            if self.chance(0.1):
                regs = sorted({*regs, base})                # then there is no write-back
            for r in regs:
                if r != base:
                    self.lost(r)
        else:
            regs = sorted(self.rng.sample(range(8), self.rng.randrange(1, 8)))
            if base in regs and regs[0] != base:
                regs.remove(base)
        if not regs:
            return None
        fields["n"], fields["l"] = base, sum(1 << r for r in regs)
        if row.name == "ldm" and base in regs:
            self.lost(base)
        else:
            self.moved(base, 4 * len(regs), False)
        return fields

    def tweak(self, state):
        if self.chance(0.05):
            state["cpsr"] |= 0x200
        if self.chance(0.05):
            state["sctlr"] |= image.SCTLR_A
        if self.anchor[13] == "rw" or self.chance(0.9):
            image.set_reg(state, 13, image.get_reg(state, 13) & ~3)
