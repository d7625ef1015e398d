# SPDX-License-Identifier: GPL-2.0-or-later
"""Regressions: tests/diff/regressions/*.s, each a sequence with the state it starts from and what must come out.

Comment lines hold the values: `@in r0=1 cpsr=0x1d3 [rw+4]=5` and `@out r1=2 flags=0x6 type=4`; `[rw+N]` is the word N
bytes from an anchor of image.ANCHORS, `flags` NZCV of CPSR, `@thumb` selects Thumb, `anchor(rw)+N` is a value. What
@out does not name is not checked.
"""
import glob
import os
import re
import struct

import image

HERE = os.path.dirname(os.path.abspath(__file__))
VALUE = re.compile(r"^(?:anchor\((\w+)\))?([+-]?(?:0x[0-9a-fA-F]+|\d+))?$")
PLACE = re.compile(r"^\[(\w+)([+-]\d+)?\]$")


def number(text):
    found = VALUE.match(text)
    if not found or not text:
        raise ValueError("bad value " + text)
    anchor = image.ANCHORS[found.group(1)] if found.group(1) else 0
    return (anchor + int(found.group(2) or "0", 0)) & 0xFFFFFFFF


def place(text):
    """Address named by [anchor+N], or None."""
    found = PLACE.match(text)
    return image.ANCHORS[found.group(1)] + int(found.group(2) or 0) if found else None


def window_offset(address):
    offset = 0
    for start, size in image.WINDOWS:
        if start <= address <= start + size - 4:
            return offset + address - start
        offset += size
    raise ValueError("%#x is in no window" % address)


class Case:
    """One file."""

    def __init__(self, path):
        self.name = os.path.basename(path)[:-2]
        with open(path, encoding="utf-8") as file:
            self.source = file.read()
        self.thumb = bool(re.search(r"^@thumb\b", self.source, re.M))
        self.inputs, self.outputs = self.pairs("in"), self.pairs("out")

    def pairs(self, tag):
        out = []
        for line in re.findall(r"^@%s\s+(.*)$" % tag, self.source, re.M):
            out += [tuple(part.split("=", 1)) for part in line.split()]
        return out

    def code(self, address):
        """Machine code at address, up to the jump to seq_exit."""
        head = "\t.syntax unified\n\t.arch armv6k\n\t.fpu vfpv2\n\t.text\n"
        source = head + ("\t.thumb\n" if self.thumb else "\t.arm\n") + self.source
        if self.thumb:
            source += "\n\t.balign 4\n\tbx pc\n\tnop\n\t.arm"
        source += "\n\tldr pc, =%#x\n\t.ltorg\n" % image.seq_exit()
        return image.assemble(source, address)[0][".text"]

    def state(self):
        state = image.default_state()
        if self.thumb:
            state["cpsr"] |= 0x20
        for name, value in self.inputs:                     # cpsr first: registers are banked by its mode
            if name in ("cpsr", "sctlr", "fpscr", "fpexc"):
                state[name] = number(value)
        for name, value in self.inputs:
            if re.fullmatch(r"r\d+", name):
                image.set_reg(state, int(name[1:]), number(value))
            elif re.fullmatch(r"d\d+", name):
                n = int(name[1:])
                state["s%d" % (2 * n)], state["s%d" % (2 * n + 1)] = int(value, 0) & 0xFFFFFFFF, int(value, 0) >> 32
            elif name in state:
                state[name] = number(value)
            elif place(name) is None:
                raise ValueError("%s: no register %s" % (self.name, name))
        return state

    def template(self):
        memory = bytearray(image.WINDOW_BYTES)
        for name, value in self.inputs:
            if place(name) is not None:
                struct.pack_into("<I", memory, window_offset(place(name)), number(value))
        return bytes(memory)

    def check(self, record):
        """Problems of a record as texts."""
        words = dict(zip(image.RECORD_FIELDS, record[0]))
        problems = []
        for name, value in self.outputs:
            if name == "flags":
                got, want = words["cpsr"] >> 28, number(value)
            elif name == "type":
                got, want = words["type"], number(value)
            elif place(name) is not None:
                got, want = struct.unpack_from("<I", record[1], window_offset(place(name)))[0], number(value)
            elif re.fullmatch(r"d\d+", name):
                n = int(name[1:])
                got, want = words["s%d" % (2 * n)] | words["s%d" % (2 * n + 1)] << 32, int(value, 0)
            else:
                got, want = words[name], number(value)
            if got != want:
                problems.append("%s: got %#x, want %#x" % (name, got, want))
        return problems


def run(emulators):
    """Yields (name, problems) per file. A case has an image of its own, for its memory contents."""
    for path in sorted(glob.glob(os.path.join(HERE, "regressions", "*.s"))):
        case = Case(path)
        address = image.CODE
        code = case.code(address)
        state = case.state()
        states = [dict(state, entry=address), dict(state, entry=address)]       # the second time from the code cache
        elf = image.build([(address, code)], states, case.template())
        problems = []
        for emulator in emulators:
            records, problem = emulator.run(elf, 20.0)
            if problem or len(records) != len(states):
                problems.append("%s: %s" % (emulator.name, problem or "no records"))
            for n, record in enumerate(records):
                problems += ["%s, run %d: %s" % (emulator.name, n + 1, p) for p in case.check(record)]
        yield case.name, problems
