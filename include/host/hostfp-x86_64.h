/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostfp.h by SSE2: the word is MXCSR. Included by hostfp.h only. */
#include <xmmintrin.h>

static inline uint32_t hostfp_get(void)
{
    return _mm_getcsr();
}

static inline void hostfp_set(uint32_t word)
{
    _mm_setcsr(word);
}

/* One instruction. Volatile, because the compiler would move plain arithmetic across the changes of MXCSR around it. */
#define HOSTFP_SSE2(insn, dst, src) __asm__ volatile(insn " %1, %0" : "+x"(dst) : "x"(src))

static inline uint32_t hostfp_single(HostFPOp op, uint32_t a, uint32_t b)
{
    union { uint32_t u; float f; } x = { a }, y = { b };

    switch (op) {
    case HOSTFP_ADD:
        HOSTFP_SSE2("addss", x.f, y.f);
        break;
    case HOSTFP_SUB:
        HOSTFP_SSE2("subss", x.f, y.f);
        break;
    case HOSTFP_MUL:
        HOSTFP_SSE2("mulss", x.f, y.f);
        break;
    case HOSTFP_DIV:
        HOSTFP_SSE2("divss", x.f, y.f);
        break;
    case HOSTFP_SQRT:
        HOSTFP_SSE2("sqrtss", x.f, x.f);
        break;
    }
    return x.u;
}

static inline uint64_t hostfp_double(HostFPOp op, uint64_t a, uint64_t b)
{
    union { uint64_t u; double f; } x = { a }, y = { b };

    switch (op) {
    case HOSTFP_ADD:
        HOSTFP_SSE2("addsd", x.f, y.f);
        break;
    case HOSTFP_SUB:
        HOSTFP_SSE2("subsd", x.f, y.f);
        break;
    case HOSTFP_MUL:
        HOSTFP_SSE2("mulsd", x.f, y.f);
        break;
    case HOSTFP_DIV:
        HOSTFP_SSE2("divsd", x.f, y.f);
        break;
    case HOSTFP_SQRT:
        HOSTFP_SSE2("sqrtsd", x.f, x.f);
        break;
    }
    return x.u;
}

static inline uint64_t hostfp_to_double(uint32_t a)
{
    union { uint32_t u; float f; } x = { a };
    union { double f; uint64_t u; } y = { 0 };

    HOSTFP_SSE2("cvtss2sd", y.f, x.f);
    return y.u;
}

static inline uint32_t hostfp_to_single(uint64_t a)
{
    union { uint64_t u; double f; } x = { a };
    union { float f; uint32_t u; } y = { 0 };

    HOSTFP_SSE2("cvtsd2ss", y.f, x.f);
    return y.u;
}
