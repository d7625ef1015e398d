/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a32.def and t16.def: no two of them match the same word unless one is marked as the special case of
 * the other, and every row is the decoder's answer for some word. One thread.
 */
#include <stdio.h>
#include <string.h>
#include "hw/semihosting.h"
#include "target/arm/decode.h"
#include "tests/unit/arm-env.h"

bool semihosting_enabled, semihosting_userspace;

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t random32(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static bool conditional(const DecodeRow *row)
{
    return row->bits[0] == 'c';
}

/* Is there a word that both match? */
static bool overlap(const DecodeRow *a, const DecodeRow *b)
{
    if ((a->value ^ b->value) & a->mask & b->mask) {
        return false;
    }
    /* A row with condition 1111 in its bits never meets one with a condition field. */
    return conditional(a) == conditional(b) || strlen(a->bits) == 16;
}

/* Every word of `narrow` also matches `wide`. */
static bool is_special_case(const DecodeRow *narrow, const DecodeRow *wide)
{
    return (narrow->mask & wide->mask) == wide->mask && !((narrow->value ^ wide->value) & wide->mask);
}

static void test_clashes(const DecodeRow *rows, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        for (int k = i + 1; k < n; k++) {
            const DecodeRow *a = &rows[i], *b = &rows[k];
            bool fine = !overlap(a, b) ||
                        ((a->info & I_FIRST) && !(b->info & I_FIRST) && is_special_case(a, b)) ||
                        ((b->info & I_FIRST) && !(a->info & I_FIRST) && is_special_case(b, a));

            if (!fine) {
                printf("# %s %s clashes with %s %s\n", a->name, a->bits, b->name, b->bits);
            }
            CHECK(fine);
        }
    }
    test_done(name);
}

/* A mark that overrides nothing is a mistake. */
static void test_marks(const DecodeRow *rows, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        bool used = !(rows[i].info & I_FIRST);

        for (int k = 0; k < n && !used; k++) {
            used = k != i && overlap(&rows[i], &rows[k]);
        }
        if (!used) {
            printf("# %s %s is marked I_FIRST in vain\n", rows[i].name, rows[i].bits);
        }
        CHECK(used);
    }
    test_done(name);
}

static void test_reachable(const DecodeRow *rows, int n, const DecodeRow *(*decode)(uint32_t), unsigned width,
                           const char *name)
{
    uint32_t all = width == 32 ? ~0u : 0xffff;

    for (int i = 0; i < n; i++) {
        int hits = 0;

        CHECK_EQ(strlen(rows[i].bits), width);
        CHECK_EQ(rows[i].value & ~rows[i].mask, 0);
        for (int t = 0; t < 200; t++) {
            uint32_t insn = (random32() & ~rows[i].mask & all) | rows[i].value;

            if (width == 32 && conditional(&rows[i]) && insn >> 28 == 15) {
                insn ^= 0x10000000;
            }
            CHECK(decode_row_matches(&rows[i], insn));
            hits += decode(insn) == &rows[i];
        }
        if (!hits) {
            printf("# %s %s is never reached\n", rows[i].name, rows[i].bits);
        }
        CHECK(hits > 0);
    }
    test_done(name);
}

/* The index finds just what a walk over all rows finds. */
static void test_index(const DecodeRow *rows, int n, const DecodeRow *(*decode)(uint32_t), unsigned width,
                       const char *name)
{
    for (uint32_t t = 0; t < 0x10000; t++) {
        uint32_t insn = width == 16 ? t : random32();
        const DecodeRow *want = NULL;

        for (int i = 0; i < n; i++) {
            if (decode_row_matches(&rows[i], insn) && (!want || (rows[i].info & I_FIRST))) {
                want = &rows[i];
            }
        }
        CHECK(decode(insn) == want);
    }
    test_done(name);
}

static void test_known_words(void)
{
    static const struct {
        uint32_t insn;
        const char *name;       /* NULL: UNDEFINED */
    } a32[] = {
        { 0xe0810002, "add" }, { 0xe1a00000, "mov" }, { 0xe1510002, "cmp" }, { 0xe0010392, "mul" },
        { 0xe12fff1e, "bx" },
        { 0xe8bd8010, "ldm" }, { 0xe5910000, "ldr" }, { 0xe4b10004, "ldrt" }, { 0xe1d100b0, "ldrh" },
        { 0xe1c100d0, "ldrd" }, { 0xe1910f9f, "ldrex" }, { 0xe320f003, "hint" }, { 0xe329f000, "msr" },
        { 0xe10f0000, "mrs" },
        { 0xf57ff01f, "clrex" }, { 0xf5d1f000, "pld" }, { 0xee070fba, "mcr" }, { 0xeeb00a40, "fcpy" },
        { 0xec510b10, "fmrrd" },
        { 0xe6af0071, "sxtb" }, { 0xe6a10072, "sxtab" }, { 0xe700f112, "smuad" }, { 0xe7000112, "smlad" },
        { 0xfa000000, "blx" },
        { 0xe3000000, NULL },   /* MOVW */
        { 0xe3400000, NULL },   /* MOVT */
        { 0xe0600291, NULL },   /* MLS */
        { 0xe7e00050, NULL },   /* UBFX */
        { 0xe7c0001f, NULL },   /* BFC */
        { 0xe6ff0f30, NULL },   /* RBIT */
        { 0xe710f110, NULL },   /* SDIV */
        { 0xe1600070, NULL },   /* SMC */
        { 0xe7f000f0, NULL },   /* UDF */
        { 0xf57ff05f, NULL },   /* DMB of ARMv7 */
        { 0xf4d1f000, NULL },   /* PLI */
        { 0xf591f000, NULL },   /* PLDW */
        { 0xfe000010, NULL },   /* MCR2 */
        { 0xee000510, NULL },   /* MCR of an absent coprocessor */
        { 0xec510f10, NULL },   /* MRRC p15 */
        { 0xeeb00a00, NULL },   /* VMOV of an immediate, VFPv3 */
        { 0xeef60a40, NULL },   /* an extension that VFPv2 has not */
        { 0xeeb50a41, NULL },   /* comparison with zero, Sm not 0 */
        { 0xec300b02, NULL },   /* VFP load with P = 0, U = 0, W = 1 */
    };
    static const struct {
        uint16_t insn;
        const char *name;
    } t16[] = {
        { 0x1888, "add" }, { 0x4770, "bx" }, { 0xb500, "push" }, { 0xbd00, "pop" }, { 0xdf00, "swi" }, { 0xd0fe, "b" },
        { 0xb662, "cps" }, { 0xb658, "setend" }, { 0xba00, "rev" }, { 0xbe00, "bkpt" }, { 0xf7ff, "bl" },
        { 0xb100, NULL },       /* CBZ */
        { 0xbf08, NULL },       /* IT */
        { 0xbf00, NULL },       /* NOP hint */
        { 0xe801, NULL },       /* 32-bit */
        { 0xba80, NULL },
    };

    for (unsigned i = 0; i < sizeof(a32) / sizeof(a32[0]); i++) {
        const DecodeRow *row = decode_a32(a32[i].insn);

        if (!row != !a32[i].name || (row && strcmp(row->name, a32[i].name))) {
            printf("# %08x decodes to %s\n", a32[i].insn, row ? row->name : "nothing");
            CHECK(false);
        }
    }
    for (unsigned i = 0; i < sizeof(t16) / sizeof(t16[0]); i++) {
        const DecodeRow *row = decode_t16(t16[i].insn);

        if (!row != !t16[i].name || (row && strcmp(row->name, t16[i].name))) {
            printf("# %04x decodes to %s\n", t16[i].insn, row ? row->name : "nothing");
            CHECK(false);
        }
    }
    test_done("known words decode to their names or to nothing");
}

int main(void)
{
    int na, nt;
    const DecodeRow *a = decode_rows_a32(&na), *t = decode_rows_t16(&nt);

    test_clashes(a, na, "no two A32 rows clash");
    test_clashes(t, nt, "no two Thumb rows clash");
    test_marks(a, na, "every A32 priority mark is needed");
    test_marks(t, nt, "every Thumb priority mark is needed");
    test_reachable(a, na, decode_a32, 32, "every A32 row is reachable");
    test_reachable(t, nt, decode_t16, 16, "every Thumb row is reachable");
    test_index(a, na, decode_a32, 32, "the A32 index agrees with the rows");
    test_index(t, nt, decode_t16, 16, "the Thumb index agrees with the rows");
    test_known_words();
    return test_finish();
}
