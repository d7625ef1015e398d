/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last column of ops.def by itself: what the flag pass needs to know, without the emitters. */
#include "tcg/x86_64/op-flags.h"

bool x86_bmi2, x86_avx;

uint8_t x86_host_flags[IR_NB_OPS] = {
#define X86_OP(name, fn, clobbers, early, late, host) [IR_##name] = host,
#include "tcg/x86_64/ops.def"
#undef X86_OP
};

/* This table is also for tests of the passes, on hosts that have neither. */
#if defined(__x86_64__)
#define HOST_HAS(what) (__builtin_cpu_init(), __builtin_cpu_supports(what))
#else
#define HOST_HAS(what) false
#endif

bool x86_use_bmi2(bool want)
{
    static const uint8_t shifts[] = { IR_shlv, IR_shrv, IR_sarv };

    if (want && !HOST_HAS("bmi2")) {
        return false;
    }
    x86_bmi2 = want;
    for (size_t i = 0; i < sizeof(shifts); i++) {
        x86_host_flags[shifts[i]] = want ? HOST_KEEPS : HOST_LOSES;
    }
    x86_host_flags[IR_ror] = want ? HOST_KEEPS_OR_LOSES : HOST_LOSES;
    return true;
}

bool x86_use_avx(bool want)
{
    if (want && !HOST_HAS("avx")) {
        return false;
    }
    x86_avx = want;
    return true;
}
