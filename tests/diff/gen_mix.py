# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds that combine: mix (everything unprivileged in one sequence) and smc (code that writes code)."""
import gen_a32
import gen_vfp
from items import Item


class GenMix(gen_vfp.GenVfp, gen_a32.GenMem):
    """All ARM groups in one block: flags, temporaries and cached VFP registers live across other instructions."""

    table = (gen_a32.by_handler(gen_a32.INT) + gen_a32.by_handler(gen_a32.MEDIA) +
             gen_a32.by_handler(gen_a32.MEM - {"ldrex", "strex", "ldrexd", "strexd"}) + gen_a32.by_handler({"ldm"}) * 4)
    anchors = ("rw", "rw", "rw", "rw", "rw", "edge", "priv", "ro")
    npointers = 3
    nindexes = 1
    island = 0.01

    def item(self):
        r = self.rng.random()
        if r < 0.25:
            return gen_vfp.GenVfp.item(self)
        if r < 0.28:
            return gen_a32.GenInt.flags_item(self)
        return gen_a32.GenMem.item(self)


class GenSmc(gen_a32.GenA32):
    """Writes one instruction and a return into the scratch page, calls it, changes it, calls it again."""

    table = gen_a32.by_handler({"dp_reg", "dp_imm", "mov_imm", "ldr_imm", "str_imm"})
    npointers = 2
    island = 0.0
    modes = (0x13, 0x13, 0x1F, 0x12, 0x10)
    not_counter = (14,)

    def pointer_candidates(self):
        return list(range(13))

    def item(self):
        if self.chance(0.3):
            return self.write_code()
        if self.chance(0.15):
            return self.call_again()
        return super().item()

    def can_link(self):
        return False

    def target(self):
        return self.pointer(16)

    def instruction(self):
        """A data-processing instruction without PC that spares pointers and lr."""
        rows = gen_a32.by_handler({"dp_reg", "dp_imm", "mov_imm", "mov_reg"})
        row = self.rng.choice(rows)
        fields = {letter: self.rng.getrandbits(row.width(letter)) for letter in row.fields}
        fields["c"] = self.cond()
        for letter in "nm":
            if letter in fields:
                fields[letter] = self.rng.randrange(14)
        if "d" in fields:
            fields["d"] = self.dest((14,))
        return row.fill(fields)

    def write_code(self):
        pointer = self.target()
        if pointer is None:
            return None
        a = self.dest((14, pointer))
        b = self.dest((14, a, pointer))
        if a == pointer or b == pointer or pointer not in self.pointers:
            return None
        self.lost(14)
        code = self.instruction()
        self.moved(pointer, -8, True)
        # bic p, #7 ; ldr a, insn ; ldr b, return ; b over ; insn ; return ; str ; str ; flush ; blx p
        words = [0xE3C00007 | pointer << 16 | pointer << 12, 0xE59F0004 | a << 12, 0xE59F0004 | b << 12, 0xEA000001,
                 code, 0xE12FFF1E]
        how = self.rng.randrange(3)
        if how == 0:
            words += [0xE5800000 | pointer << 16 | a << 12, 0xE5800004 | pointer << 16 | b << 12]
        elif how == 1 and a < b:
            words += [0xE8800000 | pointer << 16 | 1 << a | 1 << b]
        else:                                               # the return first, the instruction by halves
            words += [0xE5800004 | pointer << 16 | b << 12, 0xE1C000B0 | pointer << 16 | a << 12,
                      0xE1A00820 | a << 12 | a, 0xE1C000B2 | pointer << 16 | a << 12]
        if self.mode != 0x10:
            words.append(0xEE070F15)                        # invalidate the instruction cache
        words += [0xEE070F95, 0xE12FFF30 | pointer]         # prefetch flush, call
        if code >> 12 & 15 == pointer:
            self.lost(pointer)
        return Item(*words, note="write code")

    def call_again(self):
        """Change one byte of the instruction in place (the immediate or the shift) and call it."""
        pointer = self.target()
        if pointer is None:
            return None
        self.lost(14)
        self.moved(pointer, -8, True)
        a = self.dest((14, pointer))
        b = self.dest((14, pointer, a))
        if pointer not in self.pointers or pointer in (a, b):
            return None
        # a data-processing immediate into the slot (mov b, #n), n changed by a byte store, twice called
        words = [0xE3C00007 | pointer << 16 | pointer << 12, 0xE59F0004 | a << 12, 0xE59FE004, 0xEA000001,
                 0xE3A00000 | b << 12 | self.rng.getrandbits(8), 0xE12FFF1E,
                 0xE5800000 | pointer << 16 | a << 12, 0xE580E004 | pointer << 16, 0xEE070F95, 0xE12FFF30 | pointer,
                 0xE2800001 | b << 16 | a << 12, 0xE5C00000 | pointer << 16 | a << 12, 0xEE070F95, 0xE12FFF30 | pointer]
        return Item(*words, note="call again")
