# SPDX-License-Identifier: GPL-2.0-or-later
"""Random sequences: what all generators share. A sequence belongs to a Gen, which knows which registers hold pointers.

Pointers: a register that points near an anchor (image.ANCHORS), off by `drift` = [lo, hi] at most. Loads and stores use
them so that accesses stay within the scratch windows; other instructions rarely overwrite them, and when one does it is
no pointer any more. Index registers hold small numbers.
"""
import random

import image
from items import COND_AL, Loop, LoopStart, Skip

REACH = 400                     # pointers plus offsets stay this near to their anchors
START = 64                      # how far from the anchor a pointer starts

INTERESTING = [0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001,
               0xFFFFFFFF, 0xFFFFFFFE, 0x55555555, 0xAAAAAAAA, 0x00FF00FF, 0xFF00FF00, 0x7F7F7F7F, 0x80808080,
               0x7FFF7FFF, 0x80008000, 0x7FFF8000, 0x0000FFFF, 0xFFFF0000, 0x40000000, 0xC0000000]
SINGLES = [0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x40000000, 0x3F000000, 0x7F800000, 0xFF800000, 0x7FC00000,
           0x7FC12345, 0xFFC00000, 0x7F800001, 0x7FBFFFFF, 0xFF812345, 0x00000001, 0x80000001, 0x007FFFFF, 0x00800000,
           0x80800000, 0x00800001, 0x7F7FFFFF, 0xFF7FFFFF, 0x4F000000, 0xCF000000, 0x4F800000, 0x4EFFFFFF, 0x4F7FFFFF,
           0xCF000001, 0x3EFFFFFF, 0x3F7FFFFF, 0x3FC00000, 0x40200000, 0xBF000000, 0xBF000001, 0x1F800000, 0x5F800000,
           0x20000000, 0x00FFFFFF, 0x01000000]


def word(rng):
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(INTERESTING)
    if kind < 0.5:
        return rng.randrange(-40, 41) & 0xFFFFFFFF
    if kind < 0.6:
        return rng.choice(INTERESTING) ^ 1 << rng.randrange(32)
    return rng.getrandbits(32)


def single(rng):
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(SINGLES)
    if kind < 0.55:             # near 1
        return rng.getrandbits(1) << 31 | rng.randrange(120, 136) << 23 | rng.getrandbits(23)
    if kind < 0.65:             # around the ends of the exponent range
        return rng.getrandbits(1) << 31 | rng.choice((0, 1, 2, 24, 230, 253, 254)) << 23 | rng.getrandbits(23)
    if kind < 0.75:             # few significant bits
        return rng.getrandbits(1) << 31 | rng.randrange(100, 160) << 23 | rng.getrandbits(3) << 20
    if kind < 0.85:
        return word(rng)
    return rng.getrandbits(32)


DOUBLES = [0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x4000000000000000, 0x3FE0000000000000,
           0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF8000012345678, 0xFFF8000000000000,
           0x7FF0000000000001, 0x7FF7FFFFFFFFFFFF, 0xFFF0000100000000, 1, 0x8000000000000001, 0x000FFFFFFFFFFFFF,
           0x0010000000000000, 0x0010000000000001, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0x41E0000000000000,
           0xC1E0000000000000, 0x41F0000000000000, 0x41DFFFFFFFC00000, 0x41DFFFFFFFE00000, 0xC1E0000000100000,
           0xC1E00000001FFFFF, 0x41EFFFFFFFE00000, 0x41EFFFFFFFF00000, 0x3FF8000000000000, 0x4004000000000000,
           0xBFE0000000000000, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000, 0x36A0000000000000, 0x3690000000000000,
           0x3690000000000001, 0x380FFFFFE0000000, 0x380FFFFFFFFFFFFF, 0x3810000000000000, 0x3800000000000001]


def double(rng):
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(DOUBLES)
    if kind < 0.55:
        return rng.getrandbits(1) << 63 | rng.randrange(1016, 1060) << 52 | rng.getrandbits(52)
    if kind < 0.65:
        exponent = rng.choice((0, 1, 2, 53, 874, 896, 897, 1150, 1151, 2045, 2046))
        return rng.getrandbits(1) << 63 | exponent << 52 | rng.getrandbits(52)
    if kind < 0.75:
        return rng.getrandbits(1) << 63 | rng.randrange(1000, 1070) << 52 | rng.getrandbits(4) << 48
    if kind < 0.85:             # a single's value
        return rng.getrandbits(1) << 63 | rng.randrange(870, 1155) << 52 | rng.getrandbits(25) << 27
    return rng.getrandbits(64)


class Sequence:
    """Items and the states to run them from (dicts for image.build, without entry)."""

    def __init__(self, items, thumb, states):
        self.items, self.thumb, self.states = items, thumb, states

    def with_items(self, items):
        return Sequence(items, self.thumb, self.states)

    def with_states(self, states):
        return Sequence(self.items, self.thumb, states)


class Gen:
    """Generates one sequence."""

    modes = (0x13, 0x13, 0x10, 0x1F, 0x12, 0x1B, 0x11)
    thumb = False
    anchors = ("rw", "rw", "rw", "rw")
    npointers = 2
    nindexes = 1
    loops = True
    not_counter = ()

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.mode = rng.choice(self.modes)
        regs = self.pointer_candidates()
        rng.shuffle(regs)
        self.pointers = {reg: [0, 0] for reg in regs[:self.npointers]}
        self.pointer_regs = list(self.pointers)
        self.indexes = set(regs[self.npointers:self.npointers + self.nindexes])
        self.index_regs = set(self.indexes)
        self.anchor = {reg: rng.choice(self.anchors) for reg in self.pointers}
        self.counters = set()
        self.repeat = 1             # times the loop being generated runs
        self.skip_left = 0          # items that an earlier branch may skip

    def pointer_candidates(self):
        return list(range(15))

    # ---- choosing ----
    def chance(self, p):
        return self.rng.random() < p

    def cond(self, p=0.3):
        return self.rng.randrange(14) if self.chance(p) else COND_AL

    def reg(self, pc=0.0):
        """A source register."""
        return 15 if pc and self.chance(pc) else self.rng.randrange(15)

    def dest(self, keep=(), even=False):
        """A register to write; what it held is lost."""
        reserved = self.counters | set(keep)
        if not self.chance(0.02):
            reserved |= set(self.pointers) | self.indexes
        choices = [r for r in range(15) if r not in reserved and not (even and (r & 1 or r == 14))]
        if even:
            choices = [r for r in choices if r + 1 not in reserved]
        if not choices:
            choices = [r for r in range(15) if r not in self.counters and r not in keep and
                       not (even and (r & 1 or r == 14 or r + 1 in self.counters))]
        reg = self.rng.choice(choices)
        self.lost(reg)
        return reg

    def lost(self, reg):
        self.pointers.pop(reg, None)
        self.indexes.discard(reg)

    def pointer(self, spare=0, exclude=()):
        """A pointer register with `spare` bytes of room in both directions, or None."""
        choices = [r for r, (lo, hi) in self.pointers.items()
                   if r not in exclude and lo - spare > -REACH and hi + spare < REACH]
        return self.rng.choice(choices) if choices else None

    def room(self, reg):
        """Largest offset that stays in reach."""
        lo, hi = self.pointers[reg]
        return max(0, min(REACH + lo, REACH - hi))

    def moved(self, reg, delta, conditional):
        """A write-back added delta."""
        if reg not in self.pointers:
            return
        lo, hi = self.pointers[reg]
        delta *= self.repeat
        if conditional or self.repeat > 1 or self.skip_left:
            self.pointers[reg] = [min(lo, lo + delta), max(hi, hi + delta)]
        else:
            self.pointers[reg] = [lo + delta, hi + delta]

    def loop_times(self):
        return self.rng.randrange(1, 5)

    # ---- sequence ----
    def item(self):
        raise NotImplementedError

    def build(self):
        count = self.rng.randrange(6, 28)
        items = []
        loop = None
        while len(items) < count:
            self.skip_left = max(0, self.skip_left - 1)
            r = self.rng.random()
            if r < 0.04:
                items.append(Skip(self.rng.randrange(1, 4), self.cond(0.8), self.chance(0.1) and self.can_link()))
                if items[-1].link:
                    items[-1].cond = COND_AL if self.thumb else items[-1].cond
                self.skip_left = max(self.skip_left, items[-1].count + 1)
            elif r < 0.06 and loop is None and self.loops:
                reg = self.dest(self.not_counter)
                if self.thumb and reg > 7:
                    continue
                self.counters.add(reg)
                loop = LoopStart(reg, self.loop_times())
                items.append(loop)
                self.repeat = loop.times
            elif loop is not None and r < 0.2:
                items.append(Loop(loop, loop.reg))
                self.counters.discard(loop.reg)
                self.lost(loop.reg)
                loop, self.repeat = None, 1
            else:
                item = self.item()
                if item is not None:
                    items.append(item)
        if loop is not None:
            items.append(Loop(loop, loop.reg))
        return Sequence(items, self.thumb, [self.state() for _ in range(self.nstates)])

    nstates = 2

    def can_link(self):
        if 14 in self.pointers or 14 in self.indexes or 14 in self.counters:
            return False
        return True

    # ---- state ----
    def state(self):
        rng = self.rng
        state = image.default_state()
        state["cpsr"] = (self.mode | 0x1C0 | rng.getrandbits(5) << 27 | rng.getrandbits(4) << 16 |
                         (0x20 if self.thumb else 0))
        for name in image.STATE_FIELDS:
            if name[0] == "r":
                state[name] = word(rng)
            elif name.startswith("spsr"):
                state[name] = rng.getrandbits(4) << 28 | rng.getrandbits(4) << 16 | 0x1C0 | rng.choice(self.modes)
        for n in range(0, 32, 2):
            if self.chance(0.5):
                value = double(rng)
                state["s%d" % n], state["s%d" % (n + 1)] = value & 0xFFFFFFFF, value >> 32
            else:
                state["s%d" % n], state["s%d" % (n + 1)] = single(rng), single(rng)
        for reg in self.pointer_regs:
            start = rng.randrange(-START, START)
            if self.chance(0.7):
                start &= ~3
            if self.anchor[reg] == "edge":
                start = -abs(start) & ~3 if self.chance(0.9) else start
            image.set_reg(state, reg, image.ANCHORS[self.anchor[reg]] + start)
        for reg in self.index_regs:
            image.set_reg(state, reg, rng.randrange(0, 32) & (~3 if self.chance(0.6) else ~0))
        self.tweak(state)
        return state

    def tweak(self, state):
        """Changes of a kind's own to a fresh state."""


def template(rng):
    """What the windows hold at the start of each sequence: numbers, floats, pointers into the windows."""
    out = b""
    while len(out) < image.WINDOW_BYTES:
        kind = rng.random()
        if kind < 0.15:
            value = image.ANCHORS["rw"] + rng.randrange(-64, 64)
            out += value.to_bytes(4, "little")
        elif kind < 0.4:
            out += single(rng).to_bytes(4, "little")
        elif kind < 0.5 and len(out) % 8 == 0:
            out += double(rng).to_bytes(8, "little")
        else:
            out += word(rng).to_bytes(4, "little")
    return out[:image.WINDOW_BYTES]
