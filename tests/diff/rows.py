# SPDX-License-Identifier: GPL-2.0-or-later
"""The decoder's tables (target/arm/a32.def, t16.def) as the source of encodings, so that no row stays untested."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROW = re.compile(r'^[AT](?:32|16)\((\w+),\s*"(\w+)",\s*"([^"]+)"', re.M)


class Row:
    """One encoding: fixed bits and fields named by letters."""

    def __init__(self, handler, name, bits):
        self.handler, self.name, self.bits = handler, name, bits
        self.fixed, self.fields = 0, {}
        for n, char in enumerate(bits):
            place = len(bits) - 1 - n
            if char == "1":
                self.fixed |= 1 << place
            elif char not in "0-":
                self.fields.setdefault(char, []).append(place)

    def width(self, letter):
        return len(self.fields.get(letter, ()))

    def fill(self, values):
        """The instruction with field values (missing: 0)."""
        word = self.fixed
        for letter, places in self.fields.items():
            value = values.get(letter, 0)
            for n, place in enumerate(reversed(places)):
                word |= (value >> n & 1) << place
        return word


def load(name):
    with open(os.path.join(ROOT, "target/arm", name), encoding="utf-8") as file:
        return [Row(*found) for found in ROW.findall(file.read())]
