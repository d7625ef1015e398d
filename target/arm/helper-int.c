/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers for integer instructions that are too rare or too long for IR: shifts by a register with carry, parallel
 * and saturating arithmetic, some multiplications (ARM DDI 0100I A4, glossary of A4.1 pseudo-code). Called by
 * translated code and the interpreter on the CPU's own thread; they touch only their arguments and env->nzcv, q, ge
 * and regs as helper-table.def says.
 */
#include "target/arm/cpu.h"
#include "tcg/helper.h"

/* ---- shifts by a register; amounts are the low byte; A5.1 ---- */

uint32_t helper_lsl_c(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    unsigned n = b & 0xff;

    if (n == 0) {
        return a;
    }
    env->nzcv.c = n <= 32 ? (a >> (32 - n)) & 1 : 0;
    return n < 32 ? a << n : 0;
}

uint32_t helper_lsr_c(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    unsigned n = b & 0xff;

    if (n == 0) {
        return a;
    }
    env->nzcv.c = n <= 32 ? (a >> (n - 1)) & 1 : 0;
    return n < 32 ? a >> n : 0;
}

uint32_t helper_asr_c(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    unsigned n = b & 0xff;

    if (n == 0) {
        return a;
    }
    if (n > 32) {
        n = 32;
    }
    env->nzcv.c = (a >> (n - 1)) & 1;
    return (uint32_t)((int64_t)(int32_t)a >> n);
}

uint32_t helper_ror_c(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    unsigned n = b & 31;

    if ((b & 0xff) == 0) {
        return a;
    }
    if (n) {
        a = a >> n | a << (32 - n);
    }
    env->nzcv.c = a >> 31;
    return a;
}

/* ---- saturation ---- */

static int32_t clamp(CPUARMState *env, int64_t v, int64_t min, int64_t max)
{
    if (v < min || v > max) {
        env->q = 1;
        v = v < min ? min : max;
    }
    return (int32_t)v;
}

static int32_t clamp32(CPUARMState *env, int64_t v)
{
    return clamp(env, v, INT32_MIN, INT32_MAX);
}

/* To the range of a signed number of `bits` bits (1..32), of an unsigned one (0..31). */
static int32_t clamp_signed(CPUARMState *env, int64_t v, unsigned bits)
{
    int64_t max = (INT64_C(1) << ((bits - 1) & 31)) - 1;

    return clamp(env, v, -max - 1, max);
}

static int32_t clamp_unsigned(CPUARMState *env, int64_t v, unsigned bits)
{
    return clamp(env, v, 0, (INT64_C(1) << (bits & 31)) - 1);
}

static int32_t low_half(uint32_t v)
{
    return (int16_t)v;
}

static int32_t high_half(uint32_t v)
{
    return (int32_t)v >> 16;
}

static uint32_t pack_halves(uint32_t low, uint32_t high)
{
    return (low & 0xffff) | high << 16;
}

uint32_t helper_ssat(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return clamp_signed(env, (int32_t)a, b);
}

uint32_t helper_usat(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return clamp_unsigned(env, (int32_t)a, b);
}

uint32_t helper_ssat16(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return pack_halves(clamp_signed(env, low_half(a), b), clamp_signed(env, high_half(a), b));
}

uint32_t helper_usat16(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return pack_halves(clamp_unsigned(env, low_half(a), b), clamp_unsigned(env, high_half(a), b));
}

uint32_t helper_qadd(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return clamp32(env, (int64_t)(int32_t)a + (int32_t)b);
}

uint32_t helper_qsub(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return clamp32(env, (int64_t)(int32_t)a - (int32_t)b);
}

uint32_t helper_qdouble(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return clamp32(env, (int64_t)(int32_t)a * 2);
}

/* ---- parallel addition and subtraction ---- */

enum { KIND_S = 1, KIND_Q = 2, KIND_SH = 3, KIND_U = 5, KIND_UQ = 6, KIND_UH = 7 };
enum { PAR_ADD16 = 0, PAR_ADDSUBX = 1, PAR_SUBADDX = 2, PAR_SUB16 = 3, PAR_ADD8 = 4, PAR_SUB8 = 7 };

/*
 * One lane of `bits` bits: x + y or x - y after kind's rule, as a number of which the low bits count. *ge: what the
 * S and U kinds put into the lane's GE flags (sum not negative; carry out of an addition, no borrow from a
 * subtraction).
 */
static uint32_t parallel_lane(unsigned kind, bool subtract, uint32_t x, uint32_t y, unsigned bits, bool *ge)
{
    bool is_unsigned = kind >= KIND_U;
    int32_t one = 1 << bits, max, min;
    int32_t r;

    x &= one - 1;
    y &= one - 1;
    if (is_unsigned) {
        r = subtract ? (int32_t)(x - y) : (int32_t)(x + y);
        min = 0;
        max = one - 1;
    } else {
        int32_t sx = (int32_t)(x << (32 - bits)) >> (32 - bits), sy = (int32_t)(y << (32 - bits)) >> (32 - bits);

        r = subtract ? sx - sy : sx + sy;
        min = -(one >> 1);
        max = (one >> 1) - 1;
    }
    *ge = is_unsigned && !subtract ? r >= one : r >= 0;
    switch (kind) {
    case KIND_Q:
    case KIND_UQ:
        return r < min ? min : r > max ? max : r;
    case KIND_SH:
    case KIND_UH:
        return r >> 1;
    default:
        return r;
    }
}

uint32_t helper_parallel_add(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    unsigned kind = (c >> 20) & 7, op = (c >> 5) & 7;
    uint32_t result = 0, ge = 0;
    bool lane_ge;

    if (op == PAR_ADD8 || op == PAR_SUB8) {
        for (unsigned i = 0; i < 4; i++) {
            uint32_t r = parallel_lane(kind, op == PAR_SUB8, a >> (8 * i), b >> (8 * i), 8, &lane_ge);

            result |= (r & 0xff) << (8 * i);
            ge |= (uint32_t)lane_ge << i;
        }
    } else {
        /* The X forms exchange the halves of b; their names tell the high half's operation first. */
        bool exchange = op == PAR_ADDSUBX || op == PAR_SUBADDX;
        uint32_t y = exchange ? b >> 16 | b << 16 : b;
        bool sub_low = op == PAR_SUB16 || op == PAR_ADDSUBX, sub_high = op == PAR_SUB16 || op == PAR_SUBADDX;
        uint32_t low, high;

        low = parallel_lane(kind, sub_low, a, y, 16, &lane_ge);
        ge = lane_ge ? 3 : 0;
        high = parallel_lane(kind, sub_high, a >> 16, y >> 16, 16, &lane_ge);
        ge |= lane_ge ? 12 : 0;
        result = pack_halves(low, high);
    }
    if (kind == KIND_S || kind == KIND_U) {
        env->ge = ge;
    }
    return result;
}

uint32_t helper_sel(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 4; i++) {
        mask |= (env->ge >> i & 1) ? 0xffu << (8 * i) : 0;
    }
    return (a & mask) | (b & ~mask);
}

uint32_t helper_usad8(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 32; i += 8) {
        int32_t d = (int32_t)(a >> i & 0xff) - (int32_t)(b >> i & 0xff);

        sum += d < 0 ? -d : d;
    }
    return sum;
}

/* ---- multiplications ---- */

/* The low word of v; Q is set if that is not all of it. */
static uint32_t low_word_setq(CPUARMState *env, int64_t v)
{
    if (v != (int32_t)v) {
        env->q = 1;
    }
    return (uint32_t)v;
}

uint32_t helper_add_setq(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return low_word_setq(env, (int64_t)(int32_t)a + (int32_t)b);
}

/* Sum and difference of the products of the halves; neither overflows 64 bits. */
static int64_t dual_sum(uint32_t a, uint32_t b)
{
    return (int64_t)(low_half(a) * low_half(b)) + high_half(a) * high_half(b);
}

static int64_t dual_difference(uint32_t a, uint32_t b)
{
    return (int64_t)(low_half(a) * low_half(b)) - high_half(a) * high_half(b);
}

uint32_t helper_smuad(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return low_word_setq(env, dual_sum(a, b));
}

uint32_t helper_smusd(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)dual_difference(a, b);
}

uint32_t helper_smlad(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return low_word_setq(env, dual_sum(a, b) + (int32_t)c);
}

uint32_t helper_smlsd(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return low_word_setq(env, dual_difference(a, b) + (int32_t)c);
}

uint32_t helper_smlald(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t *lo = &env->regs[c & 15], *hi = &env->regs[c >> 4 & 15];
    uint64_t acc = (uint64_t)*hi << 32 | *lo;

    acc += (uint64_t)(c >> 8 & 1 ? dual_difference(a, b) : dual_sum(a, b));
    *lo = (uint32_t)acc;
    *hi = (uint32_t)(acc >> 32);
    return 0;
}

/* c:0 - a * b, modulo 2^64 */
static uint64_t most_significant_difference(uint32_t a, uint32_t b, uint32_t c)
{
    return ((uint64_t)c << 32) - (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
}

uint32_t helper_smmls(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)(most_significant_difference(a, b, c) >> 32);
}

uint32_t helper_smmlsr(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)((most_significant_difference(a, b, c) + 0x80000000u) >> 32);
}
