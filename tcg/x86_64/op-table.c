/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops.def as tables. A row that is missing, that is one too many or out of order does not compile. */
#include "tcg/x86_64/emit.h"

enum {
#define X86_OP(name, ...) ROW_##name,
#include "tcg/x86_64/ops.def"
#undef X86_OP
    NB_ROWS
};
#define X86_OP(name, ...) \
    _Static_assert((int)ROW_##name == (int)IR_##name, "ops.def is not in the order of ir-ops.def");
#include "tcg/x86_64/ops.def"
#undef X86_OP
_Static_assert((int)NB_ROWS == (int)IR_NB_OPS, "an IR op has no row in ops.def");

const X86OpInfo x86_op_info[IR_NB_OPS] = {
#define X86_OP(name, fn, clobbers, early, late, host) { fn, clobbers, early, late },
#include "tcg/x86_64/ops.def"
#undef X86_OP
};
