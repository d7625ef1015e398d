/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instruction word -> row of a32.def or t16.def (made into tables by decode-gen.py). The rows are constant and shared;
 * any thread may call.
 */
#ifndef TARGET_ARM_DECODE_H
#define TARGET_ARM_DECODE_H
#include <stdbool.h>
#include <stdint.h>
#include "target/arm/cpu-model.h"

/* Row information: what arm_flags_live_at() and the driver must know. */
enum {
    /* Effect on N Z C V; 'with S': in A32 only if bit 20 is set, in Thumb always. */
    I_STOP  = 0,        /* may raise, ends the block or reads the flags in some other way */
    I_PURE  = 1,        /* neither reads nor writes them, cannot raise */
    I_LOGIC = 2,        /* with S: writes N Z, perhaps C */
    I_ARITH = 3,        /* with S: writes N Z C V */
    I_CARRY = 4,        /* reads C; with S: writes N Z C V */
    I_FLAGS = 7,        /* mask of the above */
    I_OWN_COND = 8,     /* the handler deals with the condition itself */
    I_FIRST = 16,       /* wins over rows without I_FIRST that it overlaps: the special case of a wider row */
    /* What the CPU must have; a row with none of these is ARMv5TE's. */
    I_V6    = ARM_FEATURE_V6,
    I_V6K   = ARM_FEATURE_V6K,
    I_VFP2  = ARM_FEATURE_VFP2,
    I_NEEDS = I_V6 | I_V6K | I_VFP2,
};

struct DisasContext;

typedef struct DecodeRow {
    /* Takes the word apart and calls the row's handler. False: UNDEFINED after all, nothing emitted. */
    bool (*trans)(struct DisasContext *s, uint32_t insn);
    const char *name;   /* assembler name, for logs and tests */
    /*
     * One character per bit, bit 31 (15) first: 0 and 1 must match, '-' is ignored, letters are operands and match
     * anything, but "cccc" at the front of an A32 row is a condition and does not match 1111. Operands are the
     * handler's arguments.
     */
    const char *bits;
    uint16_t info;
    uint32_t mask, value;   /* derived from bits */
} DecodeRow;

/* Bit fields of an instruction word. */
static inline uint32_t field(uint32_t insn, unsigned lo, unsigned len)
{
    return (insn >> lo) & ((1u << len) - 1);
}
static inline bool bit(uint32_t insn, unsigned n)
{
    return (insn >> n) & 1;
}

/* NULL: the CPU model in use has no such instruction (UNDEFINED). */
const DecodeRow *decode_a32(uint32_t insn);
const DecodeRow *decode_t16(uint32_t insn);

/* All rows, also those that the model has not, for tests and tools. */
const DecodeRow *decode_rows_a32(int *count);
const DecodeRow *decode_rows_t16(int *count);
/* True if word matches row (which need not be the one decode_*() picks). */
bool decode_row_matches(const DecodeRow *row, uint32_t insn);
#endif
