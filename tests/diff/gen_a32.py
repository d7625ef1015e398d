# SPDX-License-Identifier: GPL-2.0-or-later
"""Random ARM instructions from the decoder's rows: kinds int, media, mem and sys. UNPREDICTABLE forms are left out."""
import gen
import image
import rows
from items import COND_AL, Item, ThumbIsland

ROWS = rows.load("a32.def")
INT = {"dp_imm", "dp_reg", "dp_rsr", "mov_imm", "mov_reg", "mul", "mla", "mull", "mlal", "clz"}
MEDIA = {"umaal", "smlaxy", "smlawy", "smulwy", "smlalxy", "smulxy", "smuad", "smlad", "smusd", "smlsd", "smlald",
         "smmul", "smmla", "smmls", "qadd", "parallel", "pkh", "sel", "sat", "sat16", "rev", "xt16", "xt", "usad8"}
MEM = {"ldr_imm", "str_imm", "ldr_reg", "str_reg", "ldrx_imm", "strh_imm", "ldrx_reg", "strh_reg", "ldrd_imm",
       "ldrd_reg", "swp", "ldrex", "strex", "ldrexd", "strexd", "ldm"}
SEE_ELSEWHERE = {"ldrt", "strt", "ldrbt", "strbt"}


def by_handler(handlers):
    return [row for row in ROWS if row.handler in handlers]


class GenA32(gen.Gen):
    """Base of the ARM kinds: one method per group of handlers."""

    table = by_handler(INT)
    island = 0.02

    def item(self):
        if self.chance(self.island):
            return self.thumb_island()
        return self.from_row(self.rng.choice(self.table))

    def from_row(self, row):
        fields = {letter: self.rng.getrandbits(row.width(letter)) for letter in row.fields}
        if "c" in fields:
            fields["c"] = self.cond()
        make = getattr(self, "make_" + row.handler, self.make_plain)
        fields = make(row, fields)
        return None if fields is None else Item(row.fill(fields), note=row.name)

    def sources(self, fields, letters, pc=0.0):
        for letter in letters:
            if letter in fields:
                fields[letter] = self.reg(pc)

    # ---- data processing ----
    def make_plain(self, row, fields):
        self.sources(fields, "nmsa")
        if "h" in fields:
            fields["h"] = self.dest()
            fields["l"] = self.dest((fields["h"],))
        if "d" in fields:
            fields["d"] = self.dest()
        return fields

    def make_dp_imm(self, row, fields):
        self.sources(fields, "nm", pc=0.04)
        if "d" in fields:
            fields["d"] = self.dest()
        return fields

    make_dp_reg = make_mov_imm = make_mov_reg = make_dp_imm

    def make_smlaxy(self, row, fields):
        return self.make_plain(row, fields)

    def some(self, names):
        return self.from_row(self.rng.choice([row for row in ROWS if row.name in names]))

    # ---- memory ----
    def base(self, spare, exclude=()):
        """A base register; rarely one that points anywhere, no loop's counter: a write-back might make it endless."""
        reg = self.pointer(spare, exclude)
        if reg is None or self.chance(0.004):
            choices = [r for r in range(15) if r not in exclude and r not in self.pointers and r not in self.counters]
            return self.rng.choice(choices), False
        return reg, True

    def offset(self, reg, known, limit, align=0.7):
        value = min(self.room(reg) if known else limit, limit)
        value = self.rng.randrange(0, min(value, 64 if self.chance(0.8) else value) + 1)
        return value & ~3 if self.chance(align) else value

    def address_imm(self, fields, limit, writeback_ok, data):
        """Fill n, i, p, u, w; data: registers transferred. True if n is written back."""
        fields.setdefault("p", 0)
        post = not fields["p"]
        if "w" in fields and post:
            fields["w"] = 0                                 # P = 0, W = 1 is another row
        back = post or fields.get("w", 0)
        reg, known = self.base(48, data if back else ())
        if back and not writeback_ok:
            return None
        fields["n"] = reg
        fields["i"] = self.offset(reg, known, limit)
        if back and known:
            self.moved(reg, fields["i"] if fields["u"] else -fields["i"], fields["c"] != COND_AL)
        return fields

    def make_ldr_imm(self, row, fields):
        fields["d"] = self.dest()
        if not fields.get("p", 0) or fields.get("w", 0):
            return self.address_imm(fields, 4095, True, (fields["d"],))
        if self.chance(0.05):
            fields["n"], fields["u"], fields["i"] = 15, 1, 4 * self.rng.randrange(4)
            if self.chance(0.2):
                fields["i"] += self.rng.getrandbits(2)
            return fields
        return self.address_imm(fields, 4095, True, ())

    def make_str_imm(self, row, fields):
        fields["d"] = self.reg()
        return self.address_imm(fields, 4095, True, (fields["d"],))

    def address_reg(self, fields, data, shifted):
        fields.setdefault("p", 0)
        post = not fields["p"]
        if "w" in fields and post:
            fields["w"] = 0
        back = post or fields.get("w", 0)
        if not self.indexes:
            return None
        index = self.rng.choice(sorted(self.indexes))
        reg, known = self.base(130, (*data, index) if back else (index,))
        fields["n"], fields["m"] = reg, index
        span = 31
        if shifted:
            kind = self.rng.random()
            if kind < 0.6:
                fields["t"], fields["i"] = 0, self.rng.randrange(3)
                span <<= fields["i"]
            elif kind < 0.97:
                fields["t"] = 1 + self.rng.getrandbits(1)
        if back and known:
            self.moved(reg, span if fields["u"] else -span, True)
        return fields

    def make_ldr_reg(self, row, fields):
        if not self.indexes:
            return None
        fields["d"] = self.dest(self.indexes)
        return self.address_reg(fields, (fields["d"],), True)

    def make_str_reg(self, row, fields):
        fields["d"] = self.reg()
        return self.address_reg(fields, (fields["d"],), True)

    def make_ldrx_imm(self, row, fields):
        fields["d"] = self.dest()
        return self.address_imm(fields, 255, True, (fields["d"],))

    def make_strh_imm(self, row, fields):
        fields["d"] = self.reg()
        return self.address_imm(fields, 255, True, (fields["d"],))

    def make_ldrx_reg(self, row, fields):
        if not self.indexes:
            return None
        fields["d"] = self.dest(self.indexes)
        return self.address_reg(fields, (fields["d"],), False)

    def make_strh_reg(self, row, fields):
        fields["d"] = self.reg()
        return self.address_reg(fields, (fields["d"],), False)

    def pair(self, row):
        if row.name == "ldrd":
            reg = self.dest((14,), even=True)
            self.lost(reg + 1)
            return reg
        return 2 * self.rng.randrange(7)

    def make_ldrd_imm(self, row, fields):
        fields["d"] = self.pair(row)
        data = (fields["d"], fields["d"] + 1)
        fields = self.address_imm(fields, 255, True, data)
        if fields and row.name == "ldrd" and fields["n"] in data and (not fields["p"] or fields.get("w")):
            return None
        return fields

    def make_ldrd_reg(self, row, fields):
        fields["d"] = self.pair(row)
        data = (fields["d"], fields["d"] + 1)
        fields = self.address_reg(fields, data, False)
        if fields and row.name == "ldrd" and (fields["m"] in data or fields["n"] in data):
            return None
        return fields

    def make_swp(self, row, fields):
        reg, _ = self.base(4)
        fields["n"] = reg
        fields["d"] = self.dest((reg,))
        fields["m"] = self.rng.choice([r for r in range(15) if r != reg])
        return fields

    # ---- exclusives: pairs, with something in between ----
    def make_ldrex(self, row, fields):
        return self.exclusive()

    make_strex = make_ldrexd = make_strexd = make_ldrex

    def exclusive(self):
        """Becomes an Item of several words: see item() of GenMem."""
        return None

    def exclusive_item(self):
        load, store, size = self.rng.choice([("ldrex", "strex", 4), ("ldrexb", "strexb", 1), ("ldrexh", "strexh", 2),
                                             ("ldrexd", "strexd", 8)])
        reg = self.pointer(16)
        if reg is None:
            return None
        double = size == 8
        value = self.dest((reg, 14), even=True) if double else self.dest((reg,))
        self.lost(value + 1)
        data = 2 * self.rng.randrange(7) if double else self.reg()
        status = self.dest((reg, value, value + 1, data, data + 1))
        if data == reg or data + 1 == reg or status in (data, data + 1) or status == reg:
            return None
        cond = self.cond(0.1)
        names = {row.name: row for row in ROWS}
        words = []
        if self.chance(0.5):                                # an aligned address, whatever the pointer holds
            words.append(0xE3C00007 | reg << 16 | reg << 12)
            self.moved(reg, -8, True)
        words.append(names[load].fill({"c": cond, "n": reg, "d": value}))
        r = self.rng.random()
        # A STREX that must fail may abort or not where nothing can be stored.
        writable = self.anchor.get(reg) == "rw"
        if r < 0.15 and writable:
            words.append(0xF57FF01F)                        # CLREX
        elif r < 0.3:                                       # a store of our own nearby, but not to the word itself
            words.append(0xE5800000 | reg << 16 | self.reg() << 12 | (8 if double else self.rng.choice((4, 8))))
        elif r < 0.5:
            words.append(0xE2800001 | value << 16 | value << 12)
        if self.chance(0.93):
            words.append(names[store].fill({"c": cond, "n": reg, "m": data, "d": status}))
            if writable and self.chance(0.1):
                words.append(names[store].fill({"c": cond, "n": reg, "m": data, "d": status}))
        return Item(*words, note="exclusive")

    # ---- block transfers ----
    def make_ldm(self, row, fields):
        load = row.name == "ldm"
        count = self.rng.choice((1, 1, 2, 2, 3, 4, 5, 8, 14))
        reg = self.pointer(64)
        if reg is None:
            return None
        keep = set(self.pointers) | self.indexes | self.counters if not self.chance(0.05) else self.counters
        choices = [r for r in range(15) if not load or r not in keep]
        chosen = sorted(self.rng.sample(choices, min(count, len(choices))))
        if not chosen:
            return None
        fields["s"] = 0
        if fields["w"]:
            if load:
                chosen = [r for r in chosen if r != reg]
            elif reg in chosen and chosen[0] != reg:
                chosen.remove(reg)                          # the value stored would be UNPREDICTABLE
            if not chosen:
                return None
        elif self.user_registers() and self.chance(0.2):
            fields["s"] = 1
        fields["l"] = sum(1 << r for r in chosen)
        fields["n"] = reg
        if fields["w"]:
            self.moved(reg, 4 * len(chosen) * (1 if fields["u"] else -1), fields["c"] != COND_AL)
        if load:
            for r in chosen:
                self.lost(r)
        return fields

    def user_registers(self):
        """LDM/STM with ^ is allowed: in a mode that has banked registers."""
        return False

    # ---- control ----
    def thumb_island(self):
        halfwords = []
        low = [r for r in range(8) if r not in self.pointers and r not in self.indexes and r not in self.counters]
        if not low:
            return None
        for _ in range(self.rng.randrange(0, 4)):
            reg = self.rng.choice(low)
            self.lost(reg)
            halfwords.append(self.rng.choice((0x3000 | reg << 8 | self.rng.getrandbits(8),
                                              0x4040 | self.rng.randrange(8) << 3 | reg,
                                              0x4200 | self.rng.randrange(8) << 3 | reg,
                                              self.rng.getrandbits(5) << 6 | self.rng.randrange(8) << 3 | reg)))
        how = self.rng.choice(("bx", "blx", "blx_imm", "ldr"))
        if how.startswith("blx") and not self.can_link():
            how = "bx"
        if how.startswith("blx"):
            self.lost(14)
        return ThumbIsland(how, self.dest((14,)), halfwords)


class GenInt(GenA32):
    table = by_handler(INT)

    def item(self):
        if self.chance(0.03):                               # LDM and MSR mixed in: flags live across other things
            return self.flags_item()
        return super().item()

    def flags_item(self):
        r = self.rng.random()
        if r < 0.4:
            return Item(0x010F0000 | self.cond() << 28 | self.dest() << 12, note="mrs")
        mask = self.rng.choice((8, 8, 8, 4, 12))
        if r < 0.7:
            return Item(0x0120F000 | self.cond() << 28 | mask << 16 | self.reg(), note="msr")
        return Item(0x0320F000 | self.cond() << 28 | mask << 16 | self.rng.getrandbits(12), note="msr")


class GenMedia(GenInt):
    table = by_handler(MEDIA) * 2 + by_handler({"dp_reg", "mull", "mlal"})


class GenMem(GenA32):
    table = (by_handler(MEM - {"ldrex", "strex", "ldrexd", "strexd"}) + by_handler({"ldm"}) * 4 +
             by_handler({"ldrd_imm", "ldrd_reg"}) + by_handler({"dp_reg"})[:3])
    anchors = ("rw", "rw", "rw", "rw", "rw", "edge", "priv", "ro")
    npointers = 3
    nindexes = 2

    def item(self):
        r = self.rng.random()
        if r < 0.06:
            return self.exclusive_item()
        if r < 0.08:
            return Item(0xF1010000 | self.rng.getrandbits(1) << 9, note="setend")
        if r < 0.1:
            return Item(0xF5D0F000 | self.reg() << 16 | self.rng.getrandbits(12), note="pld")
        return super().item()

    def user_registers(self):
        return self.mode in (0x11, 0x12, 0x13, 0x1B)

    def tweak(self, state):
        if self.chance(0.1):
            state["cpsr"] |= 0x200
        if self.chance(0.08):
            state["sctlr"] |= image.SCTLR_A
