/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last column of ops.def by itself: what the flag pass needs to know, without the emitters. */
#include "tcg/x86_64/op-flags.h"

const uint8_t x86_host_flags[IR_NB_OPS] = {
#define X86_OP(name, fn, clobbers, early, late, host) [IR_##name] = host,
#include "tcg/x86_64/ops.def"
#undef X86_OP
};
