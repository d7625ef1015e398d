#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""decode-gen.py: fields are taken apart as the rows spell them, and mismatches stop the build. Prints TAP.

Arguments: decode-gen.py, and the command of the C compiler.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

GENERATOR, *CC = sys.argv[1:]

GOOD = """
A32(move, "mov", "cccc0001101S----ddddiiiiitt0mmmm", I_LOGIC | I_FIRST, n=0, op=OP_MOV)
A32(move, "add", "cccc0000100Snnnnddddiiiiitt0mmmm", I_ARITH, op=OP_ADD)
A32(half, "ldrh", "cccc00011101nnnnddddiiii1011iiii", I_STOP)
A32(jump, "b", "cccc1010jjjjjjjjjjjjjjjjjjjjjjjj", I_STOP)
A32(none, "clrex", "11110101011111111111000000011111", I_STOP)
T16(wide, "add", "01000100hmmmmddd", I_PURE, three=3, nine=0x100)
"""

PROGRAM = """
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
enum { I_LOGIC, I_FIRST, I_ARITH, I_STOP, I_PURE, OP_MOV, OP_ADD };
typedef struct DisasContext { int called; } DisasContext;
typedef struct DecodeRow {
    bool (*trans)(DisasContext *s, uint32_t insn);
    const char *name, *bits;
    int info;
    uint32_t mask, value;
} DecodeRow;
#include "args.h"
#include "rows.inc"
bool trans_move(DisasContext *s, const args_move *f)
{
    printf("%d: S%d n%d d%d i%d t%d m%d;", f->op == OP_ADD, f->S, f->n, f->d, f->i, f->t, f->m);
    return true;
}
bool trans_half(DisasContext *s, const args_half *f) { printf(" i%x;", f->i); return true; }
bool trans_jump(DisasContext *s, const args_jump *f) { printf(" j%d;", f->j); return true; }
bool trans_none(DisasContext *s) { printf(" none;"); return true; }
bool trans_wide(DisasContext *s, const args_wide *f)
{
    printf(" h%d m%d d%d %d %d;", f->h, f->m, f->d, f->three, f->nine);
    return true;
}
int main(void)
{
    static const uint32_t words[] = { 0xe1b01182, 0xe0912103, 0xe1d010ba, 0xeafffffe, 0xf57ff01f };
    DisasContext s;

    for (int i = 0; i < 5; i++) {
        if ((words[i] & a32_rows[i].mask) != a32_rows[i].value || !a32_rows[i].trans(&s, words[i])) {
            return 1;
        }
    }
    return !t16_rows[0].trans(&s, 0x44c3);
}
"""


def generate(work, text):
    path = os.path.join(work, "rows.def")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    outputs = [os.path.join(work, name) for name in ("args.h", "rows.inc")]
    return subprocess.run([sys.executable, GENERATOR, *outputs, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, universal_newlines=True)


def build(work, program):
    path = os.path.join(work, "program.c")
    with open(path, "w", encoding="utf-8") as file:
        file.write(program)
    command = [*CC, "-std=gnu11", "-w", "-I" + work, path, "-o", os.path.join(work, "program")]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)


def fields():
    with tempfile.TemporaryDirectory() as work:
        done = generate(work, GOOD)
        assert done.returncode == 0, done.stdout
        done = build(work, PROGRAM)
        assert done.returncode == 0, done.stdout
        text = subprocess.run([os.path.join(work, "program")], stdout=subprocess.PIPE, check=True,
                              universal_newlines=True).stdout
        assert text == "0: S1 n0 d1 i3 t0 m2;1: S1 n1 d2 i2 t0 m3; ia; j-2; none; h1 m8 d3 3 256;", text


def mismatch():
    """A handler that uses a field its rows do not have."""
    with tempfile.TemporaryDirectory() as work:
        assert generate(work, GOOD).returncode == 0
        done = build(work, PROGRAM.replace("f->t, f->m", "f->s, f->m"))
        assert done.returncode and "'s'" in done.stdout.replace("\u2018", "'").replace("\u2019", "'"), done.stdout
        done = build(work, PROGRAM.replace("trans_none(DisasContext *s)", "trans_none(DisasContext *s, uint32_t insn)"))
        assert done.returncode, done.stdout


def refused():
    for wanted, old, new in (
            ("no value for n", "I_FIRST, n=0,", "I_FIRST,"),                # a row leaves a member open
            ("no value for op", ", op=OP_ADD", ""),
            ("two values for n", "I_ARITH, op=OP_ADD", "I_ARITH, n=1, op=OP_ADD"),
            ("two values for op", "op=OP_ADD", "op=OP_ADD, op=OP_MOV"),
            ("bits are not 32", "11110101011111111111000000011111", "1111010101111111111100000001111"),
            ("bits are not 16", "01000100hmmmmddd", "01000100h*mmmddd"),
            ("not a row", 'I_STOP)\nT16', 'I_STOP, n)\nT16'),
            ("not a row", "A32(jump", "X32(jump")):
        assert old in GOOD
        with tempfile.TemporaryDirectory() as work:
            done = generate(work, GOOD.replace(old, new))
            assert done.returncode == 1 and wanted in done.stdout, (wanted, done.stdout)
            assert "Traceback" not in done.stdout, done.stdout


TESTS = ((fields, "fields are taken apart as the rows spell them"),
         (mismatch, "a handler that uses what its rows do not have does not compile"),
         (refused, "rows that contradict themselves or each other are refused"))


def main():
    cases = tap.Cases()
    for test, name in TESTS:
        with cases.case(name):
            test()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
