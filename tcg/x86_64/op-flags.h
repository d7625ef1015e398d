/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each op's code does to EFLAGS: for ir_optimize(). It depends on the host's CPU; set before any CPU runs. */
#ifndef TCG_X86_64_OP_FLAGS_H
#define TCG_X86_64_OP_FLAGS_H
#include "tcg/ir.h"

extern uint8_t x86_host_flags[IR_NB_OPS];
extern bool x86_bmi2;               /* shifts and rotates that leave EFLAGS alone: SHLX SHRX SARX RORX */

/* Use BMI2 (not until this is called), or do without; false if it is wanted and the host does not have it. */
bool x86_use_bmi2(bool want);

extern bool x86_avx;                /* operations on xmm registers that have another destination */
bool x86_use_avx(bool want);        /* likewise */
#endif
