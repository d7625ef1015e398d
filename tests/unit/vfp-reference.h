/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFPv2 arithmetic in integers, written from the architecture's pseudo-code (ARM DDI 0406, A2.7) without any use of
 * the host's floating point: what the tests compare vfp_op_s() and vfp_op_d() with.
 */
#ifndef TESTS_UNIT_VFP_REFERENCE_H
#define TESTS_UNIT_VFP_REFERENCE_H
#include <stdbool.h>
#include <stdint.h>

typedef struct RefState {
    unsigned rounding;      /* as in FPSCR: 0 nearest, 1 plus infinity, 2 minus infinity, 3 zero */
    bool fz, dn;
    uint32_t flags;         /* FPSCR_* cumulative bits */
    unsigned nzcv;          /* of the last comparison */
} RefState;

/* op: enum VFPOp; wide: double operands. Conversions between the formats: wide says the source. */
uint64_t ref_op(RefState *s, int op, bool wide, uint64_t a, uint64_t b);
#endif
