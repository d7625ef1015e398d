# SPDX-License-Identifier: GPL-2.0-or-later
"""Kind sys: status registers, mode changes, exceptions, exception returns, user registers, a few CP15 registers.

Many sequences here end in an exception; what the exception left in the banked registers is part of the record. No
sequence changes to System mode, nor loops: there, accesses to the SPSR would be UNPREDICTABLE.
"""
import gen_a32
import image
from items import Item

BANKED_MODES = (0x11, 0x12, 0x13, 0x17, 0x1B)


class GenSys(gen_a32.GenA32):
    table = gen_a32.by_handler({"dp_reg", "dp_imm", "mov_imm"})
    modes = (0x13, 0x13, 0x10, 0x10, 0x1F, 0x12, 0x1B, 0x11)
    anchors = ("rw", "rw", "rw", "edge", "priv", "ro")
    loops = False

    def pointer_candidates(self):
        return list(range(8))                               # survive a change to any mode

    def user(self):
        return self.mode == 0x10

    def has_spsr(self):
        return self.mode in BANKED_MODES

    def item(self):
        choices = [self.mrs, self.mrs, self.msr, self.msr, self.setend, self.cp15, self.memory, self.memory]
        choices += [super().item] * 5
        if self.chance(0.25) and self.mode != 0x1F:
            choices += [self.cps, self.raise_exception, self.svc_return, self.ldm_user, self.srs, self.rfe,
                        self.msr_control, self.privileged]
        return self.rng.choice(choices)()

    def changed_mode(self, mode):
        if not self.user():
            self.mode_now = mode

    def __init__(self, rng):
        super().__init__(rng)
        self.mode_now = self.mode

    def mrs(self):
        spsr = self.mode_now in BANKED_MODES and self.chance(0.4)
        return Item(self.cond() << 28 | (0x014F0000 if spsr else 0x010F0000) | self.dest() << 12, note="mrs")

    def msr(self):
        spsr = self.mode_now in BANKED_MODES and self.chance(0.5)
        mask = self.rng.choice((1, 2, 8, 9, 10, 11)) if spsr else self.rng.choice((8, 4, 12, 14, 2, 10))
        if self.user() and self.chance(0.3):
            mask |= 1                                       # no effect on control bits
        word = self.cond() << 28 | (0x0160F000 if spsr else 0x0120F000) | mask << 16
        if mask & 1 and not self.user():
            # a legal mode for SPSR: whole value in a register first
            reg = self.dest()
            mode = self.rng.choice((0x10, 0x11, 0x12, 0x13, 0x17, 0x1B)) | self.rng.choice((0x1C0, 0x3C0, 0x1E0))
            return Item(0xE3A00000 | reg << 12 | mode & 0xFF, 0xE3800000 | reg << 16 | reg << 12 | 0xC00 | mode >> 8,
                        word | reg, note="msr")
        if self.chance(0.5):
            return Item(word | self.reg(), note="msr")
        return Item(word | 0x02000000 | self.rng.getrandbits(12), note="msr")

    def msr_control(self):
        """CPSR control field: another mode, interrupts stay masked."""
        mode = self.rng.choice((0x11, 0x12, 0x13, 0x17, 0x1B, 0x10))
        if mode == 0x10 and not self.user():
            self.mode_now = 0x10
        self.changed_mode(mode)
        return Item(0xE321F000 | 0xC0 | mode, note="msr cpsr_c")

    def cps(self):
        kind = self.rng.randrange(3)
        if kind == 0:                                       # mode
            mode = self.rng.choice((0x11, 0x12, 0x13, 0x17, 0x1B))
            self.changed_mode(mode)
            return Item(0xF1020000 | mode, note="cps")
        mode = self.rng.choice((0x11, 0x12, 0x13, 0x17, 0x1B))
        word = 0xF1080000 | (0x40000 if kind == 1 else 0) | self.rng.randrange(1, 8) << 6
        if self.chance(0.3):
            self.changed_mode(mode)
            word |= 0x20000 | mode
        return Item(word, note="cps")

    def setend(self):
        return Item(0xF1010000 | self.rng.getrandbits(1) << 9, note="setend")

    def cp15(self):
        register = self.rng.choice((2, 2, 3, 3, 4))         # TPIDRURW, TPIDRURO, TPIDRPRW
        load = self.rng.getrandbits(1)
        if self.user() and (register == 4 or (register == 3 and not load)) and not self.chance(0.1):
            return None
        data = self.dest() if load else self.reg()
        return Item(self.cond() << 28 | 0x0E0D0F10 | load << 20 | data << 12 | register << 5, note="cp15")

    def privileged(self):
        """From user mode UNDEFINED; harmless for the others."""
        return Item(self.cond(0.1) << 28 | self.rng.choice((
            0x0E100F10, 0x0E000F10 | 0x00070F10 | 5 << 5 | 0x5, 0x0E070F9A, 0x0E070FBA, 0x0E070F95, 0x0E080F17,
            0x0E110F10, 0x0E130F10, 0x0E1D0F10 | 0x20)), note="privileged")

    def memory(self):
        names = {"ldr", "str", "ldrt", "strt", "ldrbt", "strbt", "ldrb", "strb", "ldrh", "strh", "swp", "ldm", "stm",
                 "ldrd", "strd"}
        return self.some(names)

    def raise_exception(self):
        r = self.rng.randrange(5)
        cond = self.cond(0.4) << 28
        if r == 0:
            return Item(cond | 0x0F000000 | self.rng.getrandbits(16), note="svc")
        if r == 1:
            return Item(0xE1200070 | self.rng.getrandbits(4) | self.rng.getrandbits(12) << 8, note="bkpt")
        if r == 2:
            words = (0x07F000F0, 0x0E000110, 0x0C100200, 0x06000010, 0x0710F010, 0x03000000)
            return Item(cond | self.rng.choice(words), note="undefined")
        reg = self.dest()
        if r == 3:                                          # nothing mapped there, ARM or Thumb
            return Item(0xE3A00000 | reg << 12 | 0x400 | self.rng.getrandbits(4) | 0x50, cond | 0x012FFF10 | reg,
                        note="bx away")
        return Item(0xE3A00000 | reg << 12 | 0x4FF, cond | 0x05900000 | reg << 16 | self.dest() << 12 | 4,
                    note="ldr away")

    def svc_return(self):
        """MOVS pc, lr and relatives in a mode with an SPSR: to the next item in some mode."""
        if self.mode_now not in BANKED_MODES:
            return None
        mode = self.rng.choice((0x10, 0x13, 0x12, 0x11, 0x1B, 0x17))
        control = mode | 0xC0
        regs = [r for r in range(8) if r not in self.pointers and r not in self.indexes and r not in self.counters]
        if not regs:
            return None
        reg = self.rng.choice(regs)
        self.lost(reg)
        self.mode_now = mode
        if mode == 0x10:
            self.mode = 0x10
        way = self.rng.randrange(3)
        words = [0xE3A00000 | reg << 12 | control, 0xE169F000 | reg]        # msr spsr_fc
        if way == 0:
            words += [0xE1A0E00F, 0xE1A00000, 0xE1B0F00E]
            words[-3:] = [0xE28FE000, 0xE1B0F00E]           # add lr, pc, #0 ; movs pc, lr
        elif way == 1:
            words += [0xE28FE004, 0xE25EF004]               # add lr, pc, #4 ; subs pc, lr, #4
        else:
            pointer = self.pointer(8)
            if pointer is None:
                return None
            # add lr, pc, #8 ; bic pointer, #7; str lr, [pointer] ; ldm pointer, {pc}^
            words += [0xE3C00007 | pointer << 16 | pointer << 12, 0xE28FE004, 0xE580E000 | pointer << 16,
                      0xE8D08000 | pointer << 16]
            self.moved(pointer, -8, True)
        return Item(*words, note="return")

    def ldm_user(self):
        if self.mode_now not in BANKED_MODES:
            return None
        pointer = self.pointer(64)
        if pointer is None:
            return None
        regs = self.rng.randrange(1, 128) << 8
        load = self.rng.getrandbits(1)
        return Item(self.cond() << 28 | 0x08400000 | load << 20 | self.rng.getrandbits(2) << 23 | pointer << 16 | regs,
                    note="ldm user")

    def srs(self):
        if self.mode_now not in BANKED_MODES and not self.user():
            return None                                     # System mode has no SPSR
        mode = self.rng.choice((0x11, 0x12, 0x13, 0x17, 0x1B))
        return Item(0xF84D0500 | self.rng.getrandbits(2) << 23 | self.rng.getrandbits(1) << 21 | mode, note="srs")

    def rfe(self):
        pointer = self.pointer(16)
        regs = [r for r in range(8) if r not in self.pointers and r not in self.indexes and r not in self.counters]
        if len(regs) < 2 or pointer is None:
            return None
        a, b = self.rng.sample(regs, 2)
        self.lost(a)
        self.lost(b)
        mode = self.rng.choice((0x10, 0x13, 0x12, 0x11, 0x1B, 0x17))
        if not self.user():
            self.mode_now = mode
            if mode == 0x10:
                self.mode = 0x10
        back = self.rng.getrandbits(1)
        self.moved(pointer, -8, True)
        if back:
            self.moved(pointer, 8, True)
        # bic p, #7 ; add a, pc, #12 ; mov b, #mode ; stm p, {a, b} in order ; rfeia p{!}
        return Item(0xE3C00007 | pointer << 16 | pointer << 12, 0xE28F000C | a << 12, 0xE3A000C0 | b << 12 | mode,
                    0xE5800000 | pointer << 16 | a << 12, 0xE5800004 | pointer << 16 | b << 12,
                    0xF8900A00 | pointer << 16 | back << 21, note="rfe")

    def tweak(self, state):
        for suffix in ("usr", "fiq", "irq", "svc", "und", "abt"):       # SRS stores through these
            if suffix != image.MODE_SUFFIX.get(state["cpsr"] & 0x1F, "usr"):
                state["r13_" + suffix] = image.ANCHORS["rw"] + 4 * self.rng.randrange(-16, 16)
        if self.chance(0.1):
            state["cpsr"] |= 0x200
        if self.chance(0.1):
            state["fpexc"] = 0
