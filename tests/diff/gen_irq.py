# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds irq, irq-mmu and smp: the sequences of other kinds under interrupts, and on several CPUs at once.

irq: a sequence raises interrupts itself, at random points (a software interrupt to its own CPU, which waits for the
next place where interrupts are looked for), and another CPU sends them at any time. The handler uses everything and
restores it, so the record must be that of a run in which the CPU's interrupt interface is off. irq-mmu is a kind of its
own, for its sequences need scratch pages that no other has written to.

smp: every CPU runs all sequences, in private memory, at the same addresses, and between them writes and calls two
instructions beside the sequence, which invalidates code that others execute. The records must be those of a CPU alone.
"""
import gen_a32
import gen_mix
import gen_mmu
import gen_mmu_old
import gen_t16
import gen_vfp
import image
from items import ArmIsland, Item


MOVING = 4                      # loops of more rounds move no pointers


def raise_words(rng, a, b):
    """ARM words: a software interrupt 1-7 to the CPU itself. The register's address is forgotten, lest a loop's next
    round take it for a pointer."""
    return [0xE59F0004 | a << 12, 0xE59F0004 | b << 12, 0xEA000001, image.SGI_REGISTER,
            0x02000000 | rng.randrange(1, 8), 0xE5800000 | a << 16 | b << 12, 0xE3A00000 | a << 12]


class Interrupted:
    """Mixed in before a kind's generator."""

    modes = (0x13, 0x10, 0x10, 0x1F, 0x1B, 0x11)
    long_loops = 0.3

    def item(self):
        if self.chance(0.15):
            return self.interrupt()
        before = dict(self.pointers)
        item = super().item()
        if self.repeat > MOVING and any(before.get(reg) != drift for reg, drift in self.pointers.items()):
            self.pointers = {reg: before[reg] for reg in self.pointers}
            return None             # so many write-backs would leave the windows
        return item

    def interrupt(self):
        a = self.dest()
        b = self.dest((a,))
        return Item(*raise_words(self.rng, a, b), note="interrupt")

    def loop_times(self):
        return self.rng.randrange(8, 200) if self.chance(self.long_loops) else super().loop_times()

    def tweak(self, state):
        super().tweak(state)
        state["cpsr"] &= ~0x80
        state["r13_irq"] = image.IRQ_SAVE


class IrqInt(Interrupted, gen_a32.GenInt):
    pass


class IrqMix(Interrupted, gen_mix.GenMix):
    pass


class IrqVfp(Interrupted, gen_vfp.GenVfp):
    pass


class IrqSmc(Interrupted, gen_mix.GenSmc):
    modes = (0x13, 0x1F)
    long_loops = 0.03               # each round translates anew


class IrqMmu(Interrupted, gen_mmu.GenMmu):
    modes = (0x13, 0x1F)


class IrqMmuOld(Interrupted, gen_mmu_old.GenMmuOld):
    modes = (0x13, 0x1F)


class IrqThumb(Interrupted, gen_t16.GenThumb):
    def interrupt(self):
        a = self.low()
        b = self.low((a,))
        if a == b:
            return None
        return ArmIsland("bx", "bx", self.low((a, b)), raise_words(self.rng, a, b))


class Shared:
    """Mixed in before a kind's generator."""

    def tweak(self, state):
        super().tweak(state)
        state["hole"] = 1           # its address comes with the layout


class SmpInt(Shared, IrqInt):
    long_loops = 0.02


class SmpMix(Shared, IrqMix):
    long_loops = 0.02


class SmpVfp(Shared, IrqVfp):
    long_loops = 0.02


class SmpSmc(Shared, IrqSmc):
    long_loops = 0.02


class SmpThumb(Shared, IrqThumb):
    long_loops = 0.02

    def make_t_ldr_lit(self, row, fields):
        return None                 # would reach what other CPUs write


class SmpMem(Shared, Interrupted, gen_a32.GenMem):
    """With exclusives: the handler and other CPUs store elsewhere."""

    long_loops = 0.02
    modes = (0x13, 0x10, 0x1F)

    def user_registers(self):
        return False


def irq(rng):
    return rng.choice((IrqInt, IrqMix, IrqMix, IrqVfp, IrqSmc, IrqThumb, IrqThumb))(rng)


def irq_mmu(rng):
    return rng.choice((IrqMmu, IrqMmuOld))(rng)


def smp(rng):
    return rng.choice((SmpInt, SmpMix, SmpVfp, SmpSmc, SmpThumb, SmpMem))(rng)


def irq_variants(emulator):
    """The runs in which interrupts come: from the sequence alone, from another CPU too."""
    return [emulator.variant("irq", image.Setup(interrupts=True)),
            emulator.variant("irq2", image.Setup(interrupts=True, disturb=True))]


def smp_variants(emulator):
    if "interp" in emulator.accel:
        return [emulator.variant("smp2", image.Setup(2))]
    return [emulator.variant("smp4", image.Setup(4)), emulator.variant("separate3", image.Setup(3), "ccache=separate"),
            emulator.variant("small2", image.Setup(2, interrupts=True), "tb-size=1"),
            emulator.variant("single2", image.Setup(2, interrupts=True), "thread=single")]
