/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostfp.h by <fenv.h>: for hosts without a file of their own. Included by hostfp.h only.
 *
 * Operands and results pass through volatile variables: the compiler keeps their order with the calls of <fenv.h>, and
 * cannot compute anything before it runs. Flags that were set by hostfp_set() are kept here and not in the host's
 * register, since raising one by hand may raise others.
 */
#include <fenv.h>
#include <math.h>

extern _Thread_local uint32_t hostfp_raised;       /* util/hostfp-fenv.c: flags given to hostfp_set() */

static inline uint32_t hostfp_get(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT), mode = fegetround();
    uint32_t rounding = mode == FE_DOWNWARD ? HOSTFP_DOWN : mode == FE_UPWARD ? HOSTFP_UP :
                        mode == FE_TOWARDZERO ? HOSTFP_ZERO : HOSTFP_NEAREST;

    return HOSTFP_MASKED | rounding << HOSTFP_ROUNDING_SHIFT | hostfp_raised | (e & FE_INVALID ? HOSTFP_INVALID : 0) |
           (e & FE_DIVBYZERO ? HOSTFP_DIV_BY_ZERO : 0) | (e & FE_OVERFLOW ? HOSTFP_OVERFLOW : 0) |
           (e & FE_UNDERFLOW ? HOSTFP_UNDERFLOW : 0) | (e & FE_INEXACT ? HOSTFP_INEXACT : 0);
}

static inline void hostfp_set(uint32_t word)
{
    static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };

    feclearexcept(FE_ALL_EXCEPT);
    hostfp_raised = word & HOSTFP_FLAGS;
    fesetround(modes[word >> HOSTFP_ROUNDING_SHIFT & 3]);
}

#define HOSTFP_OPERATE(op, result, a, b, square_root) \
    switch (op) { \
    case HOSTFP_ADD: \
        result = a + b; \
        break; \
    case HOSTFP_SUB: \
        result = a - b; \
        break; \
    case HOSTFP_MUL: \
        result = a * b; \
        break; \
    case HOSTFP_DIV: \
        result = a / b; \
        break; \
    case HOSTFP_SQRT: \
        result = square_root(a); \
        break; \
    }

static inline uint32_t hostfp_single(HostFPOp op, uint32_t a, uint32_t b)
{
    union { uint32_t u; float f; } x = { a }, y = { b };
    volatile float va = x.f, vb = y.f, result = 0;

    HOSTFP_OPERATE(op, result, va, vb, sqrtf)
    x.f = result;
    return x.u;
}

static inline uint64_t hostfp_double(HostFPOp op, uint64_t a, uint64_t b)
{
    union { uint64_t u; double f; } x = { a }, y = { b };
    volatile double va = x.f, vb = y.f, result = 0;

    HOSTFP_OPERATE(op, result, va, vb, sqrt)
    x.f = result;
    return x.u;
}

static inline uint64_t hostfp_to_double(uint32_t a)
{
    union { uint32_t u; float f; } x = { a };
    union { double f; uint64_t u; } y;
    volatile float from = x.f;
    volatile double to = from;

    y.f = to;
    return y.u;
}

static inline uint32_t hostfp_to_single(uint64_t a)
{
    union { uint64_t u; double f; } x = { a };
    union { float f; uint32_t u; } y;
    volatile double from = x.f;
    volatile float to = (float)from;

    y.f = to;
    return y.u;
}
