/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The function under fuzz: guest code -> decoder -> translator -> passes -> both back ends. fuzz-translate.c feeds it
 * with libFuzzer, tests/unit/test-emit-limits.c with random code and with the worst blocks there are. One thread;
 * machine_init() of tests/unit/ir-env.h comes first.
 */
#ifndef TESTS_FUZZ_TRANSLATE_H
#define TESTS_FUZZ_TRANSLATE_H
#include <stddef.h>
#include <stdint.h>

/* The input: a header, then code from PC to the end of its page and on from the page's start, over and over. */
typedef struct FuzzHeader {
    uint16_t flags;         /* TBF_* */
    uint16_t pc;            /* its low 12 bits, T included */
    uint8_t high;           /* picks the other bits of PC: first page, last page, another */
    uint8_t insns;          /* 0: as many as a block may have, else at most so many */
    uint8_t cpus;           /* bit 0: several CPUs; bit 1: run the block on both back ends and compare */
    uint8_t room;           /* the block is also emitted into a buffer with (code size * room / 256) bytes left */
} FuzzHeader;

/* What the biggest block so far needed. */
typedef struct FuzzMaxima {
    int ops_per_insn, args_per_insn, consts_per_insn, labels_per_insn, temps_per_insn;
    int ops, code_size, spills;
} FuzzMaxima;
extern FuzzMaxima fuzz_maxima;

/* NULL, or what went wrong; the block is in fuzz_block. */
const char *fuzz_translate(const uint8_t *data, size_t size);
/* Print the last block and its code to stderr. */
void fuzz_print_block(void);
#endif
