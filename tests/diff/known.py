# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the oracle (Debian's QEMU 7.2) differs and may: the manual leaves it open, or the oracle departs from it.

KNOWN is the table: what, the manual's section, and a function that says which fields of a record may differ; WHOLE has
those that excuse a whole record. Differences that cannot be told from a record are avoided by the generators instead;
AVOIDED lists these for the reader. Comparisons between PQEMU's own back ends ignore nothing.
"""
import struct

import image

AVOIDED = [
    ("short vectors of doubles with one operand (FCPYD, FABSD, FNEGD, FSQRTD, LEN > 0): the oracle advances the source "
     "register where it means the destination", "DDI 0100I C5"),
    ("SCTLR.U = 0: the oracle does unaligned accesses, ARMv5 semantics rotates", "DDI 0100I A2.8"),
    ("STREX of another size than its LDREX: the oracle compares values and may store although it reports failure",
     "DDI 0360, exclusive access"),
    ("MSR SPSR_s with bit 20 set: reserved, the oracle keeps it", "DDI 0100I A2.5"),
    ("after an invalidation by MVA the oracle may go on executing what the page held before", "DDI 0100I B4"),
    ("a store by the CPU itself to what it has reserved: PQEMU keeps the reservation, the oracle compares values",
     "DDI 0100I A2.9.2: IMPLEMENTATION DEFINED"),
    ("SRS in System mode: UNPREDICTABLE, the oracle takes an Undefined exception", "DDI 0100I A4.1 (SRS)"),
]

DATA_ABORT = 4


class Record:
    """What the rules look at: the oracle's record, the state it started from, the code."""

    def __init__(self, oracle, state, code):
        self.words, self.state, self.code = oracle, state, code

    def aborted(self):
        """The instruction that took a data abort, as (word, thumb); (0, False) if none did or it is not ours."""
        if self.words["type"] != DATA_ABORT:
            return 0, False
        thumb = bool(self.words["spsr"] & 0x20)
        at = self.words["r14"] - 8 - image.CODE
        if not 0 <= at <= len(self.code) - 4:
            return 0, thumb
        return struct.unpack_from("<H" if thumb else "<I", self.code, at)[0], thumb


def loaded_registers(insn, thumb):
    """Registers (fields of a record) that an aborted load of several may have changed."""
    if thumb:
        if insn & 0xF800 == 0xC800 or insn & 0xFE00 == 0xBC00:
            return {"r%d" % n for n in range(8) if insn >> n & 1}
        return set()
    if insn & 0x0E100000 == 0x08100000:
        names = {"r%d" % n for n in range(15) if insn >> n & 1}
        return names | {"r%d_fiq" % n for n in range(8, 15) if insn >> n & 1} | banked(insn)
    if insn & 0x0E1000F0 == 0x000000D0:
        first = insn >> 12 & 14
        return {"r%d" % first, "r%d" % (first + 1), "r%d_fiq" % first, "r%d_fiq" % (first + 1)} | banked(3 << first)
    if insn & 0x0E100E00 == 0x0C100A00:
        return {"s%d" % n for n in range(32)}
    return set()


def banked(registers):
    modes = ("usr", "irq", "svc", "und", "abt")
    return {"r%d_%s" % (n, mode) for n in (13, 14) if registers >> n & 1 for mode in modes}


def after_load_multiple(record, name, ours, theirs):
    insn, thumb = record.aborted()
    return name in loaded_registers(insn, thumb)


def after_store_multiple(record, name, ours, theirs):
    insn, thumb = record.aborted()
    several = (insn & 0xF800 == 0xC000 or insn & 0xFE00 == 0xB400) if thumb else (
        insn & 0x0E100000 == 0x08000000 or insn & 0x0E1000F0 == 0x000000F0 or insn & 0x0E100E00 == 0x0C000A00)
    return name[0] == "[" and several


def spsr_bit_20(record, name, ours, theirs):
    return name.startswith("spsr") and ours ^ theirs == 1 << 20


def strexd_alignment(record, name, ours, theirs):
    insn, thumb = record.aborted()
    return name == "dfsr" and not thumb and insn & 0x0FF000F0 == 0x01A00090 and ours == 0x801 and theirs == 0x001


def domain_before_descriptor(record, name, ours, theirs):
    """Low byte: the write bit stays."""
    return name in ("dfsr", "ifsr") and ours ^ theirs == 0x0C and ours & 0xF == 7


KNOWN = [
    ("an empty second-level descriptor in a domain without access is a translation fault", "DDI 0100I B4.5",
     domain_before_descriptor),
    ("registers of an LDM, LDRD, POP or FLDM that aborted", "DDI 0100I A2.6, A4.1 (LDM): UNPREDICTABLE",
     after_load_multiple),
    ("memory of an STM, STRD, PUSH or FSTM that aborted", "DDI 0100I A2.6: UNPREDICTABLE", after_store_multiple),
    ("SPSR bit 20 is reserved, the oracle keeps it", "DDI 0100I A2.5", spsr_bit_20),
    ("STREXD to an unaligned address is a store: DFSR bit 11 is set", "DDI 0360, data fault status register",
     strexd_alignment),
]


def failing_strex_aborts(ours, oracle, state, code):
    insn, thumb = Record(ours, state, code).aborted()
    here_too = oracle["type"] == DATA_ABORT and oracle["r14"] == ours["r14"]
    return not thumb and insn & 0x0F900FF0 == 0x01800F90 and not here_too


# Rules about a whole record: (what, section, function of both records' words, state and code).
WHOLE = [
    ("a STREX without reservation may abort on an address it cannot store to; the oracle only reports failure",
     "DDI 0100I A4.1 (STREX)", failing_strex_aborts),
]


# What has excused a difference so far, for the report at the end of a run.
used = set()


def filter_fields(fields, ours, oracle, state, code):
    """Remove differences (name, ours, theirs) that an entry of KNOWN or WHOLE explains."""
    for what, _, rule in WHOLE:
        if rule(ours, oracle, state, code):
            if fields:
                used.add(what)
            return []
    record = Record(oracle, state, code)
    kept = []
    for field in fields:
        what = next((what for what, _, rule in KNOWN if rule(record, *field)), None)
        if what is None:
            kept.append(field)
        else:
            used.add(what)
    return kept
