# SPDX-License-Identifier: GPL-2.0-or-later
"""Kind mmu: sequences that change page tables, domains, ASID and table base, with the maintenance the manual asks for.

Accesses and calls go to scratch pages whose mapping the generator tracks, so that most succeed. Only physical pages
whose end lies in a window are mapped, and only there is stored.
"""
import gen_a32
import image
from items import Item

PHYS = (1, 3, 6)                # their last 512 bytes are windows
PAGES = 8
SLOT = 0xE80                    # code written through one mapping, called through another
USABLE = (image.RW, image.RW, image.RW, image.USER_RO, image.PRIV, image.RO)


class GenMmu(gen_a32.GenA32):
    table = gen_a32.by_handler({"dp_reg", "dp_imm", "mov_imm"})
    modes = (0x13, 0x13, 0x1F, 0x12)
    npointers = 0
    nindexes = 0
    island = 0.0
    loops = False

    def __init__(self, rng):
        super().__init__(rng)
        self.maps = [{page: (phys, ap, 0) for page, phys, ap in pages}
                     for pages in (image.SCRATCH_PAGES, image.SCRATCH_PAGES_Y)]
        self.space = 0
        self.domain = 1
        self.stale = set()          # pages whose code the oracle may not notice to be another's

    def build(self):
        sequence = super().build()
        # Skips would make the tracked mapping wrong.
        sequence.items = [item for item in sequence.items if item.note != "skip"]
        return sequence

    def item(self):
        choices = [self.access] * 8 + [self.remap] * 4 + [self.switch] * 2 + [self.dacr] * 2 + [self.call] * 3
        choices += [self.write_and_call, self.translate, super().item, super().item]
        return self.rng.choice(choices)()

    @staticmethod
    def constant(reg, value):
        return [0xE59F0000 | reg << 12, 0xEA000000, value & 0xFFFFFFFF]

    def asid(self):
        return image.ASID_Y if self.space else image.ASID_X

    def page(self, executable=False, writable=False):
        """A page that is mapped, mostly."""
        if self.chance(0.04) and not self.stale:
            return self.rng.randrange(PAGES)
        good = [page for page, (phys, ap, xn) in self.maps[self.space].items()
                if phys in PHYS and not (executable and (xn or page in self.stale)) and
                not (writable and ap == image.RO)]
        return self.rng.choice(good) if good else None

    def access(self):
        store = self.chance(0.5)
        page = self.page(writable=store)
        if page is None:
            return None
        phys, ap, _ = self.maps[self.space].get(page, (None, 0, 0))
        if store and phys is not None and phys not in PHYS:
            return None
        address = image.SCRATCH + page * 0x1000 + 0xE00 + 4 * self.rng.randrange(128)
        a = self.dest()
        user = ap in (image.RW, image.RO) or (ap == image.USER_RO and not store) or self.chance(0.05)
        names = ["str", "str", "strb", "strh"] if store else ["ldr", "ldr", "ldrb", "ldrh", "ldrsb"]
        words = {"str": 0xE5800000, "strb": 0xE5C00000, "strh": 0xE1C000B0, "ldr": 0xE5900000, "ldrb": 0xE5D00000,
                 "ldrh": 0xE1D000B0, "ldrsb": 0xE1D000D0, "strt": 0xE4A00000, "strbt": 0xE4E00000, "ldrt": 0xE4B00000,
                 "ldrbt": 0xE4F00000}
        if user:
            names += ["strt", "strbt"] if store else ["ldrt", "ldrbt"]
        data = self.dest((a,)) if not store else self.rng.choice([r for r in range(13) if r != a])
        return Item(*self.constant(a, address), words[self.rng.choice(names)] | a << 16 | data << 12, note="access")

    def remap(self):
        """Another descriptor for a page, and the invalidation of what the TLB may hold of it."""
        page = self.rng.randrange(PAGES)
        mapping = self.maps[self.space]
        if self.chance(0.12):
            value = 0
            mapping.pop(page, None)
        else:
            phys, ap, xn = self.rng.choice(PHYS), self.rng.choice(USABLE), int(self.chance(0.1))
            value = image.small_page(phys, ap, xn)
            mapping[page] = (phys, ap, xn)
        table = image.L2_Y if self.space else image.L2_SCRATCH
        a = self.dest()
        b = self.dest((a,))
        words = self.constant(a, table + 4 * page) + self.constant(b, value) + [0xE5800000 | a << 16 | b << 12]
        how = self.rng.randrange(5)
        if how in (1, 2):
            self.stale.add(page)
        else:
            self.stale.clear()
        mva = image.SCRATCH + page * 0x1000 | self.asid()
        words += [0xEE070F9A | a << 12]                     # DSB
        if how == 0:
            words += [0xEE080F17]                           # all
        elif how == 1:
            words += self.constant(a, mva) + [0xEE080F37 | a << 12]
        elif how == 2:
            words += self.constant(a, mva) + [0xEE080F36 | a << 12, 0xEE080F35 | a << 12]      # data, then instruction
        elif how == 3:
            words += self.constant(a, self.asid()) + [0xEE080F57 | a << 12]
        else:
            words += [0xEE080F16, 0xEE080F15]
        words += [0xEE070F9A, 0xEE070FD5, 0xEE070F95]        # DSB, branch predictor, prefetch flush
        return Item(*words, note="remap")

    def switch(self):
        """To the other address space."""
        self.space ^= 1
        a = self.dest()
        ttb = image.TTB_Y if self.space else image.TTB
        to_ttb = self.constant(a, ttb | self.rng.choice((0, 0x0A))) + [0xEE020F10 | a << 12]
        to_asid = self.constant(a, self.asid() | self.rng.getrandbits(8) << 8) + [0xEE0D0F30 | a << 12]
        first, second = (to_ttb, to_asid) if self.chance(0.5) else (to_asid, to_ttb)
        return Item(*first, *second, 0xEE070FD5, 0xEE070F95, note="switch")

    def dacr(self):
        self.domain = self.rng.choice((1, 1, 1, 1, 3, 3, 0))
        value = self.domain << 2 | 1
        a = self.dest()
        return Item(0xE3A00000 | a << 12 | value, 0xEE030F10 | a << 12, 0xEE070F95, note="dacr")

    def call(self):
        page = self.page(executable=True)
        if page is None:
            return None
        self.lost(0)
        a = self.rng.randrange(1, 13)
        return Item(*self.constant(a, image.SCRATCH + page * 0x1000 + image.STUB), 0xE12FFF30 | a, note="call")

    def write_and_call(self):
        page = self.page(writable=True)
        phys = self.maps[self.space].get(page, (None,))[0]
        if phys not in PHYS:
            return None
        aliases = [p for p, (other, _, xn) in self.maps[self.space].items()
                   if other == phys and not xn and p not in self.stale]
        if not aliases:
            return None
        a = self.rng.randrange(1, 6)
        b = self.rng.randrange(6, 12)
        words = self.constant(a, image.SCRATCH + page * 0x1000 + SLOT)
        words += self.constant(b, 0xE3A00000 | self.rng.getrandbits(8))
        words += [0xE5800000 | a << 16 | b << 12] + self.constant(b, 0xE12FFF1E) + [0xE5800004 | a << 16 | b << 12]
        words += [0xEE070F9A, 0xEE070F15, 0xEE070FD5, 0xEE070F95]
        words += self.constant(a, image.SCRATCH + self.rng.choice(aliases) * 0x1000 + SLOT) + [0xE12FFF30 | a]
        return Item(*words, note="write and call")

    def translate(self):
        """Address translation operation, then PAR. In a domain without access the oracle reports another fault."""
        if not self.domain:
            return None
        a = self.dest()
        address = image.SCRATCH + self.rng.randrange(PAGES) * 0x1000 + self.rng.getrandbits(12)
        return Item(*self.constant(a, address), 0xEE070F18 | a << 12 | self.rng.randrange(4) << 5,
                    0xEE170F14 | a << 12, note="translate")

    def tweak(self, state):
        state["mmu"] = image.MMU_NEW
