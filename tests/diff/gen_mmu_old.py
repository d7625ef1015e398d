# SPDX-License-Identifier: GPL-2.0-or-later
"""Kind mmu-old: page tables of SCTLR.XP = 0: small pages with four subpages, extended small pages, a large page with
four, SCTLR.S and R, domains, and code, literals and data on both sides of a subpage's border.

Like kind mmu the generator tracks what is mapped how, so that most of what it does succeeds; what does not ends the
sequence. A sequence may drop to User mode at its end.
"""
import gen_mmu
import image
from items import Item

LOAD = {"ldr": 0xE5900000, "ldrb": 0xE5D00000, "ldrh": 0xE1D000B0, "ldrsb": 0xE1D000D0}
STORE = {"str": 0xE5800000, "strb": 0xE5C00000, "strh": 0xE1C000B0}
USER_LOAD = {"ldrt": 0xE4B00000, "ldrbt": 0xE4F00000}
USER_STORE = {"strt": 0xE4A00000, "strbt": 0xE4E00000}
SUBPAGE = 0x400
MAINTENANCE = [0xEE070F9A, 0xEE080F17, 0xEE070F9A, 0xEE070FD5, 0xEE070F95]  # DSB, TLB, DSB, predictor, prefetch flush


class GenMmuOld(gen_mmu.GenMmu):
    def __init__(self, rng):
        super().__init__(rng)
        self.maps = [{page: (phys, aps) for page, phys, aps in pages}
                     for pages in (image.OLD_PAGES, image.OLD_PAGES_Y)]
        self.large = [image.OLD_LARGE, image.OLD_LARGE]
        self.protection = rng.choice((0, 0, image.SCTLR_S, image.SCTLR_R))
        self.user = False
        self.stale = set()          # pages of which the oracle may execute what was there before

    def item(self):
        choices = ([self.access] * 6 + [self.straddle] * 2 + [self.multiple] * 2 + [self.call] * 6 +
                   [self.generated] * 2)
        if not self.user:
            choices += [self.remap] * 4 + [self.remap_large, self.switch, self.dacr, self.write_and_call,
                                           self.translate, self.drop]
        return self.rng.choice(choices)()

    def generated(self):
        return gen_mmu.gen_a32.GenA32.item(self)

    # ---- what is allowed ----
    def rights(self, ap, user):
        """Letters of what may be done."""
        if self.domain != 1:
            return "rw" if self.domain == 3 else ""
        if ap == 0:
            if self.protection == image.SCTLR_R or (self.protection == image.SCTLR_S and not user):
                return "r"
            return ""
        return ("rw", "" if ap == 1 else "r" if ap == 2 else "rw")[user] if ap < 3 else "rw"

    def allows(self, aps, subpage, right, user=None):
        ap = aps if isinstance(aps, int) else aps[subpage]
        return right in self.rights(ap, self.user if user is None else user)

    def pages(self):
        """Address, number of the physical page, APs of the four subpages of every page that is mapped."""
        out = [(image.SCRATCH + page * 0x1000, phys, aps) for page, (phys, aps) in self.maps[self.space].items()]
        large = self.large[self.space]
        return out + [(image.LARGE + phys * 0x1000, phys, large[phys // 4]) for phys in gen_mmu.PHYS]

    def chosen(self, right, subpages, user=None):
        """A page (address, physical page) whose subpages allow it; now and then one that does not."""
        good = [(base, phys) for base, phys, aps in self.pages()
                if all(self.allows(aps, n, right, user) for n in subpages) or self.chance(0.015)]
        return self.rng.choice(good) if good else None

    # ---- items ----
    def access(self):
        store = self.chance(0.4)
        subpage = 3 if store else self.rng.randrange(4)
        user = self.chance(0.25)
        found = self.chosen("w" if store else "r", (subpage,), user or self.user)
        if found is None:
            return None
        first, words = (0xE00, 128) if subpage == 3 else (SUBPAGE * subpage, 256)
        offset = first + 4 * self.rng.randrange(words)
        a = self.dest()
        table = {(0, 0): LOAD, (1, 0): STORE, (0, 1): USER_LOAD, (1, 1): USER_STORE}[store, user]
        data = self.rng.choice([r for r in range(13) if r != a]) if store else self.dest((a,))
        return Item(*self.constant(a, found[0] + offset), self.rng.choice(list(table.values())) | a << 16 | data << 12,
                    note="access")

    def straddle(self):
        """An unaligned load over a border; a store only where it must fault, for no window is there."""
        border = self.rng.randrange(1, 4)
        a = self.dest()
        b = self.dest((a,))
        store = self.chance(0.05)
        if store:
            found = [(base, phys) for base, phys, aps in self.pages()
                     if not self.allows(aps, border - 1, "w") or not self.allows(aps, border, "w")]
            found = self.rng.choice(found) if found else None
        else:
            found = self.chosen("r", (border - 1, border))
        if found is None:
            return None
        half = self.chance(0.3)
        address = found[0] + SUBPAGE * border - (1 if half else self.rng.randrange(1, 4))
        table = STORE if store else LOAD
        word = table["strh" if half else "str"] if store else table["ldrh" if half else "ldr"]
        return Item(*self.constant(a, address), word | a << 16 | b << 12, note="straddle")

    def multiple(self):
        """LDM of a few words over a border."""
        border = self.rng.randrange(1, 4)
        found = self.chosen("r", (border - 1, border))
        if found is None:
            return None
        count = self.rng.randrange(2, 7)
        a = self.rng.randrange(7, 13)
        for reg in range(count):
            self.lost(reg)
        self.lost(a)
        address = found[0] + SUBPAGE * border - 4 * self.rng.randrange(1, count)
        return Item(*self.constant(a, address), 0xE8900000 | self.rng.getrandbits(1) << 21 | a << 16 | (1 << count) - 1,
                    note="multiple")

    def random_aps(self):
        kind = self.rng.random()
        if kind < 0.2:
            return self.rng.choice((1, 2, 3))                   # an extended small page
        if kind < 0.4:
            return (self.rng.choice((1, 2, 3)),) * 4
        return tuple(self.rng.choice((3, 3, 3, 2, 2, 1, 1, 0)) for _ in range(4))

    def store_entries(self, table, entries):
        """Words that write second-level entries: (index, value)."""
        a = self.dest()
        b = self.dest((a,))
        words, last = self.constant(a, table), None
        for index, value in entries:
            if value != last:
                words += self.constant(b, value)
            words.append(0xE5800000 | a << 16 | b << 12 | 4 * index)
            last = value
        return words

    def remap(self):
        page = self.rng.randrange(gen_mmu.PAGES)
        mapping = self.maps[self.space]
        if self.chance(0.12):
            value = 0
            mapping.pop(page, None)
        else:
            phys, aps = self.rng.choice(gen_mmu.PHYS), self.random_aps()
            value = image.old_page(phys, aps)
            mapping[page] = (phys, aps)
        words = self.store_entries(image.L2_OLD_Y if self.space else image.L2_OLD, [(page, value)])
        if self.chance(0.4):
            # By address: of each subpage, for the oracle keeps them apart.
            a = self.dest()
            b = self.dest((a,))
            words += [0xEE070F9A | a << 12] + self.constant(a, image.SCRATCH + page * 0x1000)
            for n in range(4):
                words += [0xE2800B00 | a << 16 | b << 12 | n, 0xEE080F37 | b << 12]
            self.stale.add(page)
            return Item(*words, 0xEE070F9A, 0xEE070FD5, 0xEE070F95, note="remap")
        self.stale.clear()
        return Item(*words, *MAINTENANCE, note="remap")

    def remap_large(self):
        self.large[self.space] = tuple(self.rng.choice((3, 3, 2, 1, 0)) for _ in range(4))
        value = image.old_large(self.large[self.space])
        table = image.L2_OLD_Y if self.space else image.L2_OLD
        self.stale.clear()
        return Item(*self.store_entries(table, [(16 + n, value) for n in range(16)]), *MAINTENANCE, note="remap large")

    def switch(self):
        """To the other address space; everything is global in this format."""
        self.space ^= 1
        self.stale.clear()
        a = self.dest()
        ttb = image.TTB_OLD_Y if self.space else image.TTB_OLD
        return Item(*self.constant(a, ttb), 0xEE020F10 | a << 12, *MAINTENANCE, note="switch")

    def dacr(self):
        self.domain = self.rng.choice((1, 1, 1, 1, 1, 1, 1, 3, 3, 0))
        a = self.dest()
        return Item(0xE3A00000 | a << 12 | self.domain << 2 | 1, 0xEE030F10 | a << 12, 0xEE070F95, note="dacr")

    def fresh(self, base):
        return (base - image.SCRATCH) >> 12 not in self.stale

    def call(self):
        offset, thumb, subpages = image.ROUTINES[self.rng.choice(list(image.ROUTINES))]
        found = self.chosen("r", subpages)
        if found is None or not self.fresh(found[0]):
            return None
        self.lost(0)
        self.lost(1)
        a = self.rng.randrange(2, 13)
        self.lost(14)
        return Item(*self.constant(a, found[0] + offset | thumb), 0xE12FFF30 | a, note="call")

    def write_and_call(self):
        found = self.chosen("w", (3,))
        if found is None:
            return None
        aliases = [base for base, phys, aps in self.pages()
                   if phys == found[1] and self.allows(aps, 3, "r") and self.fresh(base)]
        if not aliases or found[1] not in gen_mmu.PHYS:
            return None
        for reg in range(12):
            self.lost(reg)
        a, b = self.rng.randrange(1, 6), self.rng.randrange(6, 12)
        words = self.constant(a, found[0] + gen_mmu.SLOT) + self.constant(b, 0xE3A00000 | self.rng.getrandbits(8))
        words += [0xE5800000 | a << 16 | b << 12] + self.constant(b, 0xE12FFF1E) + [0xE5800004 | a << 16 | b << 12]
        words += [0xEE070F9A, 0xEE070F15, 0xEE070FD5, 0xEE070F95]
        words += self.constant(a, self.rng.choice(aliases) + gen_mmu.SLOT) + [0xE12FFF30 | a]
        return Item(*words, note="write and call")

    def drop(self):
        """To User mode, for good."""
        if not self.chance(0.4):
            return None
        self.user = True
        return Item(0xF1020010, note="drop")

    def tweak(self, state):
        state["mmu"] = image.MMU_OLD
        state["sctlr"] = state["sctlr"] & ~image.SCTLR_XP | self.protection
