/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each op's code does to EFLAGS: for ir_optimize(). */
#ifndef TCG_X86_64_OP_FLAGS_H
#define TCG_X86_64_OP_FLAGS_H
#include "tcg/ir.h"

extern const uint8_t x86_host_flags[IR_NB_OPS];
#endif
