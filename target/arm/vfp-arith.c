/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfp_op_s() and vfp_op_d(): VFPv2 operations with the exact ARM result and flags. Callers: both back ends and
 * vfp-helper.c, on the CPU's thread, with the guest's MXCSR in force.
 *
 * The host does the arithmetic (host/hostfp.h); what differs from ARM is done here on bit patterns:
 *  - NaN operands: a signalling one wins over a quiet one, else the first wins; DN and invalid operations give the
 *    positive default NaN (the host's is negative);
 *  - flush-to-zero (FZ): subnormal operands become zeros (IDC), results too small before rounding become zeros (UFC
 *    alone);
 *  - tininess is detected before rounding, on x86 hosts after it;
 *  - conversions to integers saturate.
 * Values are bit patterns in uint64_t; single ones in the low half. Flags are accumulated in env->fpscr_cum, and the
 * host's are left as they were.
 */
#include "host/hostfp.h"
#include "target/arm/vfp-helper.h"

typedef struct Format {
    uint64_t sign, exp, frac, quiet;    /* masks; quiet: top bit of the fraction */
    uint64_t min_normal, default_nan;
    unsigned frac_bits, bias;
} Format;

static const Format single_format = {
    .sign = 1u << 31, .exp = 0x7f800000, .frac = 0x007fffff, .quiet = 1u << 22, .min_normal = 1u << 23,
    .default_nan = 0x7fc00000, .frac_bits = 23, .bias = 127,
};
static const Format double_format = {
    .sign = 1ull << 63, .exp = 0x7ffull << 52, .frac = (1ull << 52) - 1, .quiet = 1ull << 51, .min_normal = 1ull << 52,
    .default_nan = 0x7ff8ull << 48, .frac_bits = 52, .bias = 1023,
};

static bool is_nan(const Format *f, uint64_t a)
{
    return (a & f->exp) == f->exp && (a & f->frac);
}

static bool is_snan(const Format *f, uint64_t a)
{
    return is_nan(f, a) && !(a & f->quiet);
}

static uint64_t flush_input(CPUARMState *env, const Format *f, uint64_t a)
{
    if ((env->fpscr & FPSCR_FZ) && !(a & f->exp) && (a & f->frac)) {
        env->fpscr_cum |= FPSCR_IDC;
        return a & f->sign;
    }
    return a;
}

/* Result of an operation with a NaN among its operands (b == a if it has only one). */
static uint64_t propagate_nan(CPUARMState *env, const Format *f, uint64_t a, uint64_t b)
{
    uint64_t nan;

    if (is_snan(f, a) || is_snan(f, b)) {
        env->fpscr_cum |= FPSCR_IOC;
        nan = is_snan(f, a) ? a : b;
    } else {
        nan = is_nan(f, a) ? a : b;
    }
    return env->fpscr & FPSCR_DN ? f->default_nan : nan | f->quiet;
}

static uint32_t cumulative_from_host(uint32_t flags)
{
    return (flags & HOSTFP_INVALID ? FPSCR_IOC : 0) | (flags & HOSTFP_DIV_BY_ZERO ? FPSCR_DZC : 0) |
           (flags & HOSTFP_OVERFLOW ? FPSCR_OFC : 0) | (flags & HOSTFP_UNDERFLOW ? FPSCR_UFC : 0) |
           (flags & HOSTFP_INEXACT ? FPSCR_IXC : 0);
}

/* The host's name of an operation that rounds. */
static HostFPOp host_op_of(int op)
{
    switch (op) {
    case VFP_ADD:
        return HOSTFP_ADD;
    case VFP_SUB:
        return HOSTFP_SUB;
    case VFP_MUL: case VFP_NMUL:
        return HOSTFP_MUL;
    case VFP_DIV:
        return HOSTFP_DIV;
    default:
        return HOSTFP_SQRT;
    }
}

static uint64_t host_op(int op, bool wide, uint64_t a, uint64_t b)
{
    switch (op) {
    case VFP_CVT_SD:
        return hostfp_to_double((uint32_t)a);
    case VFP_CVT_DS:
        return hostfp_to_single(a);
    default:
        return wide ? hostfp_double(host_op_of(op), a, b) : hostfp_single(host_op_of(op), (uint32_t)a, (uint32_t)b);
    }
}

/*
 * Rounded result of an operation on operands that are no NaNs. `wide`: width of the operands; f: format of the result.
 *
 * Tiny before rounding means that the exact result is below the least normal number. If the rounded result is below it,
 * so is the exact one; if it is equal to it, rounding towards zero tells.
 */
static uint64_t compute(CPUARMState *env, const Format *f, int op, bool wide, uint64_t a, uint64_t b)
{
    uint32_t state = hostfp_get(), flags;
    uint64_t result, magnitude;
    bool tiny;

    hostfp_set(state & ~HOSTFP_FLAGS);
    result = host_op(op, wide, a, b);
    flags = hostfp_get() & HOSTFP_FLAGS;
    if (flags & HOSTFP_INVALID) {
        hostfp_set(state);
        env->fpscr_cum |= FPSCR_IOC;
        return f->default_nan;
    }
    magnitude = result & ~f->sign;
    tiny = magnitude < f->min_normal && (magnitude || (flags & HOSTFP_INEXACT));
    if (magnitude == f->min_normal && (flags & HOSTFP_INEXACT)) {
        hostfp_set((state & ~HOSTFP_FLAGS) | HOSTFP_ZERO << HOSTFP_ROUNDING_SHIFT);
        tiny = (host_op(op, wide, a, b) & ~f->sign) < f->min_normal;
    }
    hostfp_set(state);
    if (tiny && (env->fpscr & FPSCR_FZ)) {
        env->fpscr_cum |= FPSCR_UFC;
        return result & f->sign;
    }
    if (tiny && (flags & HOSTFP_INEXACT)) {
        flags |= HOSTFP_UNDERFLOW;
    }
    env->fpscr_cum |= cumulative_from_host(flags);
    return result;
}

static uint64_t arithmetic(CPUARMState *env, const Format *f, int op, uint64_t a, uint64_t b)
{
    uint64_t result;

    a = flush_input(env, f, a);
    b = op == VFP_SQRT ? a : flush_input(env, f, b);
    if (is_nan(f, a) || is_nan(f, b)) {
        result = propagate_nan(env, f, a, b);
    } else {
        result = compute(env, f, op, f == &double_format, a, b);
    }
    return op == VFP_NMUL ? result ^ f->sign : result;
}

/* Between the formats. A NaN keeps its sign and the top of its fraction, and becomes quiet. */
static uint64_t convert(CPUARMState *env, const Format *from, const Format *to, int op, uint64_t a)
{
    a = flush_input(env, from, a);
    if (is_nan(from, a)) {
        uint64_t sign = a & from->sign ? to->sign : 0, frac = a & from->frac;

        if (is_snan(from, a)) {
            env->fpscr_cum |= FPSCR_IOC;
        }
        if (env->fpscr & FPSCR_DN) {
            return to->default_nan;
        }
        frac = op == VFP_CVT_SD ? frac << (52 - 23) : frac >> (52 - 23);
        return sign | to->exp | to->quiet | frac;
    }
    return compute(env, to, op, from == &double_format, a, 0);
}

static uint64_t compare(CPUARMState *env, const Format *f, int op, uint64_t a, uint64_t b)
{
    uint64_t mag_a, mag_b;
    bool less;

    a = flush_input(env, f, a);
    b = flush_input(env, f, b);
    if (is_nan(f, a) || is_nan(f, b)) {
        if (op == VFP_CMPE || is_snan(f, a) || is_snan(f, b)) {
            env->fpscr_cum |= FPSCR_IOC;
        }
        env->fp_nzcv = (ARMFlags){ .nz = VFP_RAW | VFP_RAW_LESS | VFP_RAW_UNORDERED | VFP_RAW_EQUAL };
        return 0;
    }
    mag_a = a & ~f->sign;
    mag_b = b & ~f->sign;
    if (a == b || (mag_a | mag_b) == 0) {
        env->fp_nzcv = (ARMFlags){ .nz = VFP_RAW | VFP_RAW_EQUAL };
        return 0;
    }
    if ((a ^ b) & f->sign) {
        less = a & f->sign;
    } else {
        less = a & f->sign ? mag_a > mag_b : mag_a < mag_b;
    }
    env->fp_nzcv = (ARMFlags){ .nz = VFP_RAW | (less ? VFP_RAW_LESS : 0) };
    return 0;
}

/* Round magnitude m * 2^-shift (shift >= 0) to an integer; *inexact: something was lost. */
static uint64_t round_magnitude(uint64_t m, unsigned shift, bool negative, unsigned rc, bool *inexact)
{
    uint64_t whole, rest, half;
    bool up;

    if (shift == 0) {
        *inexact = false;
        return m;
    }
    if (shift > 62) {
        /* m is below 2^53: less than a half */
        whole = 0;
        rest = m != 0;
        half = 2;
    } else {
        whole = m >> shift;
        rest = m & ((1ull << shift) - 1);
        half = 1ull << (shift - 1);
    }
    *inexact = rest != 0;
    switch (rc) {
    case HOSTFP_NEAREST:
        up = rest > half || (rest == half && (whole & 1));
        break;
    case HOSTFP_DOWN:
        up = rest && negative;
        break;
    case HOSTFP_UP:
        up = rest && !negative;
        break;
    default:
        up = false;
        break;
    }
    return whole + up;
}

static uint32_t to_integer(CPUARMState *env, const Format *f, uint64_t a, bool is_signed, bool to_zero)
{
    unsigned rc = to_zero ? HOSTFP_ZERO : hostfp_get() >> HOSTFP_ROUNDING_SHIFT & 3;
    uint64_t m, limit;
    bool negative, inexact = false;
    int exponent;

    a = flush_input(env, f, a);
    negative = a & f->sign;
    exponent = (int)((a & f->exp) >> f->frac_bits);
    m = (a & f->frac) | (exponent ? f->min_normal : 0);
    exponent = (exponent ? exponent : 1) - (int)f->bias;
    if (is_nan(f, a)) {
        env->fpscr_cum |= FPSCR_IOC;
        return 0;
    }
    if (exponent > 32) {
        m = UINT64_MAX;
    } else if (exponent > (int)f->frac_bits) {
        m <<= exponent - (int)f->frac_bits;
    } else {
        m = round_magnitude(m, f->frac_bits - exponent, negative, rc, &inexact);
    }
    limit = is_signed ? (negative ? 1u << 31 : INT32_MAX) : (negative ? 0 : UINT32_MAX);
    if (m > limit) {
        env->fpscr_cum |= FPSCR_IOC;
        m = limit;
    } else if (inexact) {
        env->fpscr_cum |= FPSCR_IXC;
    }
    return negative ? -(uint32_t)m : (uint32_t)m;
}

/* A 32-bit integer is exact as a double; one rounding makes it a single. */
static uint64_t from_integer(CPUARMState *env, const Format *f, uint32_t a, bool is_signed)
{
    union { double f; uint64_t u; } x = { .f = is_signed ? (double)(int32_t)a : (double)a };

    return f == &double_format ? x.u : compute(env, f, VFP_CVT_DS, true, x.u, 0);
}

static uint64_t vfp_op(CPUARMState *env, const Format *f, int op, uint64_t a, uint64_t b)
{
    switch (op) {
    case VFP_ADD: case VFP_SUB: case VFP_MUL: case VFP_NMUL: case VFP_DIV: case VFP_SQRT:
        return arithmetic(env, f, op, a, b);
    case VFP_CMP: case VFP_CMPE:
        return compare(env, f, op, a, b);
    case VFP_TOSI: case VFP_TOSIZ:
        return to_integer(env, f, a, true, op == VFP_TOSIZ);
    case VFP_TOUI: case VFP_TOUIZ:
        return to_integer(env, f, a, false, op == VFP_TOUIZ);
    case VFP_SITO: case VFP_UITO:
        return from_integer(env, f, (uint32_t)a, op == VFP_SITO);
    default:
        return 0;
    }
}

uint32_t vfp_op_s(CPUARMState *env, int op, uint32_t a, uint32_t b)
{
    return (uint32_t)vfp_op(env, &single_format, op, a, b);
}

uint64_t vfp_op_d(CPUARMState *env, int op, uint64_t a, uint64_t b)
{
    if (op == VFP_CVT_SD) {
        return convert(env, &single_format, &double_format, op, (uint32_t)a);
    }
    if (op == VFP_CVT_DS) {
        return convert(env, &double_format, &single_format, op, a);
    }
    return vfp_op(env, &double_format, op, a, b);
}
