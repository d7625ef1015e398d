/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checking of the x86-64 encoder (tcg/x86_64/asm.h): an instruction is encoded with many operands and given to
 * capstone, whose text must be what was meant, and whose length must be what was emitted. The expected text is built
 * from the operands, not from the encoding. One TAP line per function or group of functions. Single-threaded.
 */
#ifndef TESTS_UNIT_ASM_CHECK_H
#define TESTS_UNIT_ASM_CHECK_H
#include <stdbool.h>
#include "tcg/x86_64/asm.h"

enum { CODE_SIZE = 4096, MAX_RMS = 700 };
extern uint8_t code[CODE_SIZE];         /* instructions under test are encoded at its beginning */
extern uint8_t far_data[64];

/* All operands: registers, then memory in all its forms. */
extern RM rms[MAX_RMS];
extern int nrms, nregs;
#define FOR_RM(k) for (int k = 0; k < nrms; k++)
#define FOR_MEM(k) for (int k = nregs; k < nrms; k++)

/* ---- expected text; results last for three more calls of the function ---- */

extern const char *const reg64[16], *const reg32[16], *const reg16[16], *const reg8[16], *const cc_name[16];
const char *reg_name(int r, int size);
const char *number(uint64_t v);
/* An operand of `size` bytes (16: xmm). insn_end: address behind the instruction, for RIP-relative ones. */
const char *operand(RM rm, int size, const uint8_t *insn_end);
const char *xmm(int n);
/* An xmm register or memory operand of `size` bytes. */
const char *xmm_operand(RM rm, int size, const uint8_t *insn_end);

/* ---- checking ---- */

/* An empty buffer: `code`. */
Asm begin(void);
/* One instruction from `from` to a->p must read as the text. */
void expect_from(const Asm *a, const uint8_t *from, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define EXPECT(a, ...) expect_from(&(a), code, __VA_ARGS__)
/* Counts as a failed check of the group. */
void expect(bool good);
/* The end of a group: its TAP line. */
void done(const char *name);
/* A whole program: the groups of all the tests. Returns the exit code. */
int asm_check_main(void (*const tests[])(void), int n);
#endif
