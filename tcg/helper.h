/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C functions that translated code calls. One row per helper in target/arm/helper-table.def:
 *   H(name, nargs, flags): `uint32_t helper_<name>(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)`
 * Every helper has that one signature; unused arguments are 0, an unused result is ignored.
 */
#ifndef TCG_HELPER_H
#define TCG_HELPER_H
#include <stdint.h>
#include "exec/cpu-type.h"

enum {
    HF_PURE   = 1,      /* touches nothing but its arguments, Q, GE and VFP state; cannot raise */
    HF_RAISE  = 2,      /* may raise: regs[15] = PC|T of the instruction is stored before the call */
    HF_REGS   = 4,      /* reads or writes env->regs (all are synced before and reloaded after) */
    HF_RFLAGS = 8,      /* reads env->nzcv */
    HF_WFLAGS = 16,     /* writes env->nzcv */
    HF_CTX    = 32,     /* may change mode, translation tables or ctxkey: tlb_read is reloaded after */
    HF_FP     = 64,     /* reads or writes env->vfp or FPSCR state */
};

typedef uint32_t (*HelperFn)(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c);
typedef struct HelperInfo {
    const char *name;
    HelperFn fn;
    uint8_t nargs, flags;
} HelperInfo;

typedef enum HelperId {
#define H(name, nargs, flags) HELPER_##name,
#include "target/arm/helper-table.def"
#undef H
    NB_HELPERS
} HelperId;

#define H(name, nargs, flags) uint32_t helper_##name(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c);
#include "target/arm/helper-table.def"
#undef H

extern const HelperInfo helper_table[NB_HELPERS];
#endif
