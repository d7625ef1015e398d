/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating point as VFP arithmetic needs it: rounding mode and cumulative exception flags as one word, and
 * IEEE 754 operations that obey and raise them. Everything belongs to the calling thread.
 *
 * The word is laid out as x86's MXCSR on every host, because translated x86-64 code loads and stores it as it is. On
 * other hosts only the flags and the rounding mode of it mean something. No exception ever traps.
 *
 * A host that is not known here uses <fenv.h>, which is slow and right.
 */
#ifndef HOST_HOSTFP_H
#define HOST_HOSTFP_H
#include <stdint.h>

enum {
    HOSTFP_INVALID = 1, HOSTFP_DENORMAL = 2, HOSTFP_DIV_BY_ZERO = 4, HOSTFP_OVERFLOW = 8, HOSTFP_UNDERFLOW = 16,
    HOSTFP_INEXACT = 32, HOSTFP_FLAGS = 63,
    HOSTFP_MASKED = 0x1f80,             /* no traps, nothing raised, round to nearest */
    HOSTFP_ROUNDING_SHIFT = 13, HOSTFP_ROUNDING = 3 << 13,
};
/* Rounding modes, as they stand in the word. */
enum { HOSTFP_NEAREST, HOSTFP_DOWN, HOSTFP_UP, HOSTFP_ZERO };

typedef enum HostFPOp { HOSTFP_ADD, HOSTFP_SUB, HOSTFP_MUL, HOSTFP_DIV, HOSTFP_SQRT /* of a */ } HostFPOp;

/*
 * static inline uint32_t hostfp_get(void);
 * static inline void hostfp_set(uint32_t word);
 * Bit patterns; the compiler does not move these across the two above:
 * static inline uint32_t hostfp_single(HostFPOp op, uint32_t a, uint32_t b);
 * static inline uint64_t hostfp_double(HostFPOp op, uint64_t a, uint64_t b);
 * static inline uint64_t hostfp_to_double(uint32_t a);
 * static inline uint32_t hostfp_to_single(uint64_t a);
 */
#if defined(__x86_64__) && !defined(HOSTFP_PORTABLE)        /* for the test of the other one */
#include "host/hostfp-x86_64.h"
#else
#include "host/hostfp-fenv.h"
#endif
#endif
