#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The decoder's tables from a32.def and t16.def: decode-gen.py ARGS.h ROWS.inc DEF...

ARGS.h: for every handler a structure with a member for each letter of its rows, and its prototype. ROWS.inc: the rows
with their masks, and for each a function that takes the word apart and calls the handler. A row that leaves a member of
its handler's structure without a value is an error here; a handler that uses what its rows do not have does not
compile.
"""
import re
import sys

ROW = re.compile(r'(A32|T16)\((\w+),\s*"(\w+)",\s*"([^"]*)",\s*([^,)]+?)((?:,\s*\w+=\w+)*)\)\s*(?:/\*.*\*/)?$')
WIDTH = {"A32": 32, "T16": 16}
SIGNED = "j"                    # letters whose field is a signed number


class Mistake(Exception):
    pass


class Row:
    def __init__(self, line):
        found = ROW.match(line)
        if not found:
            raise Mistake("not a row")
        self.table, self.handler, self.name, self.bits, self.info, constants = found.groups()
        if len(self.bits) != WIDTH[self.table] or re.search("[^01a-zA-Z-]", self.bits):
            raise Mistake(f"{self.name}: bits are not {WIDTH[self.table]} of 0, 1, - and letters")
        self.mask = int("".join("1" if c in "01" else "0" for c in self.bits), 2)
        self.value = int("".join("1" if c == "1" else "0" for c in self.bits), 2)
        self.fields = self.find_fields()
        self.constants = {}
        for name, value in re.findall(r"(\w+)=(\w+)", constants):
            if name in self.fields or name in self.constants:
                raise Mistake(f"{self.name}: two values for {name}")
            self.constants[name] = value

    def find_fields(self):
        """Letter -> [(lowest bit, width)], highest first: a letter's runs belong together."""
        fields = {}
        for run in re.finditer(r"([a-zA-Z])\1*", self.bits):
            # The condition in front of an A32 row is the driver's.
            if not (self.table == "A32" and run.start() == 0):
                fields.setdefault(run[1], []).append((len(self.bits) - run.end(), len(run[0])))
        return fields

    def width(self, name):
        """Of the member, in bits; 0: a name of C."""
        if name in self.fields:
            return sum(width for _, width in self.fields[name])
        return max(int(self.constants[name], 0).bit_length(), 1) if self.constants[name][0].isdigit() else 0

    def expression(self, name):
        if name in self.constants:
            return self.constants[name]
        terms, below = [], self.width(name)
        for low, width in self.fields[name]:
            below -= width
            term = f"(w >> {low} & {(1 << width) - 1:#x})" if low else f"(w & {(1 << width) - 1:#x})"
            terms.append(f"{term} << {below}" if below else term)
        value = " | ".join(terms)
        if name in SIGNED:
            shift = 32 - self.width(name)
            return f"(int32_t)(({value}) << {shift}) >> {shift}"
        return value

    def names(self):
        return {*self.fields, *self.constants}


class Handler:
    def __init__(self, name):
        self.name, self.rows = name, []

    def members(self):
        """Name -> C type."""
        types = {}
        for name in sorted(set().union(*(row.names() for row in self.rows))):
            for row in self.rows:
                if name not in row.names():
                    raise Mistake(f"{row.name} {row.bits}: no value for {name}, which other rows of {self.name} have")
            widths = [row.width(name) for row in self.rows]
            if name in SIGNED:
                types[name] = "int32_t"
            elif 0 in widths:
                types[name] = "unsigned"
            else:
                width = max(widths)
                types[name] = "bool" if width == 1 else f"uint{8 if width <= 8 else 16 if width <= 16 else 32}_t"
        return types

    def declare(self, out):
        members = self.members()
        if members:
            out.append(f"typedef struct args_{self.name} {{")
            out.extend(f"    {kind} {name};" for name, kind in members.items())
            out.append(f"}} args_{self.name};")
            out.append(f"bool trans_{self.name}(DisasContext *s, const args_{self.name} *f);")
        else:
            out.append(f"bool trans_{self.name}(DisasContext *s);")

    def call(self, row):
        members = self.members()
        if not members:
            return f"    return trans_{self.name}(s);"
        values = "".join(f"\n        .{name} = {row.expression(name)}," for name in members)
        return f"    const args_{self.name} f = {{{values}\n    }};\n\n    return trans_{self.name}(s, &f);"


def read(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if re.match(r"[A-Z]\w*\(", line):
                    try:
                        rows.append(Row(line.strip()))
                    except Mistake as mistake:
                        raise Mistake(f"{path}:{number}: {mistake}") from None
    return rows


def main():
    args_path, rows_path, *paths = sys.argv[1:]
    rows = read(paths)
    handlers = {}
    for row in rows:
        handlers.setdefault(row.handler, Handler(row.handler)).rows.append(row)
    head = "/* Made by target/arm/decode-gen.py from the decoder's tables. */"
    args, functions, tables = [head], [head], {"A32": [], "T16": []}
    for handler in handlers.values():
        handler.declare(args)
    for row in rows:
        table = tables[row.table]
        function = f"{row.table.lower()}_{len(table)}"
        body = handlers[row.handler].call(row)
        functions.append(f"static bool {function}(DisasContext *s, uint32_t w)\n{{\n{body}\n}}")
        table.append(f'    {{ {function}, "{row.name}", "{row.bits}", {row.info}, {row.mask:#x}, {row.value:#x} }},')
    for name, table in tables.items():
        functions.append(f"static const DecodeRow {name.lower()}_rows[] = {{\n" + "\n".join(table) + "\n};")
    for path, text in (args_path, args), (rows_path, functions):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")


if __name__ == "__main__":
    try:
        main()
    except Mistake as error:
        sys.exit(f"decode-gen.py: {error}")
