/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See vfp-reference.h. A finite value is mant * 2^exp, with a sticky bit for what lies below mant's last place. */
#include "target/arm/cpu.h"
#include "target/arm/vfp-helper.h"
#include "tests/unit/vfp-reference.h"

typedef unsigned __int128 Wide;

typedef struct Shape {
    int frac, bias;
} Shape;

static const Shape shapes[2] = { { 23, 127 }, { 52, 1023 } };

enum Class { ZERO, FINITE, INFINITE, QUIET, SIGNALLING };

typedef struct Number {
    enum Class class;
    bool sign;
    Wide mant;
    int exp;
    uint64_t bits;
} Number;

static uint64_t sign_bit(const Shape *p, bool sign)
{
    return (uint64_t)sign << (p == &shapes[1] ? 63 : 31);
}

static uint64_t exponent_ones(const Shape *p)
{
    return (uint64_t)(2 * p->bias + 1) << p->frac;
}

static int length(Wide m)
{
    int n = 0;

    while (m) {
        m >>= 1;
        n++;
    }
    return n;
}

static Number unpack(RefState *s, const Shape *p, uint64_t bits)
{
    uint64_t frac = bits & ((1ull << p->frac) - 1);
    int field = (int)(bits >> p->frac) & (2 * p->bias + 1);
    Number n = { .sign = bits >> (p == &shapes[1] ? 63 : 31) & 1, .bits = bits };

    if (field == 0) {
        if (frac && s->fz) {
            s->flags |= FPSCR_IDC;
            frac = 0;
        }
        n.class = frac ? FINITE : ZERO;
        n.mant = frac;
        n.exp = 1 - p->bias - p->frac;
    } else if (field == 2 * p->bias + 1) {
        n.class = !frac ? INFINITE : frac >> (p->frac - 1) ? QUIET : SIGNALLING;
    } else {
        n.class = FINITE;
        n.mant = frac | 1ull << p->frac;
        n.exp = field - p->bias - p->frac;
    }
    return n;
}

static bool round_up(unsigned rounding, bool sign, bool odd, int against_half, bool inexact)
{
    switch (rounding) {
    case 0:
        return against_half > 0 || (against_half == 0 && odd);
    case 1:
        return inexact && !sign;
    case 2:
        return inexact && sign;
    default:
        return false;
    }
}

static uint64_t pack(RefState *s, const Shape *p, bool sign, Wide mant, int exp, bool sticky)
{
    int top = exp + length(mant) - 1, least = 1 - p->bias;
    int weight = (top > least ? top : least) - p->frac, shift = weight - exp;
    Wide kept, rest = 0, half = 0;
    bool tiny = top < least, inexact;
    int against_half;
    uint64_t bits;

    if (tiny && s->fz) {
        s->flags |= FPSCR_UFC;
        return sign_bit(p, sign);
    }
    if (shift <= 0) {
        kept = mant << -shift;
    } else if (shift > 126) {
        kept = 0;
        rest = 1;
        half = 2;
    } else {
        kept = mant >> shift;
        rest = mant & (((Wide)1 << shift) - 1);
        half = (Wide)1 << (shift - 1);
    }
    inexact = rest || sticky;
    against_half = !half ? -1 : rest > half || (rest == half && sticky) ? 1 : rest == half ? 0 : -1;
    kept += round_up(s->rounding, sign, kept & 1, against_half, inexact);
    bits = ((uint64_t)(weight + p->frac + p->bias - 1) << p->frac) + (uint64_t)kept;
    if (inexact) {
        s->flags |= FPSCR_IXC | (tiny ? FPSCR_UFC : 0);
    }
    if (bits >= exponent_ones(p)) {
        bool to_infinity = s->rounding == 0 || s->rounding == (sign ? 2 : 1);

        s->flags |= FPSCR_OFC | FPSCR_IXC;
        bits = exponent_ones(p) - !to_infinity;
    }
    return sign_bit(p, sign) | bits;
}

static uint64_t default_nan(const Shape *p)
{
    return exponent_ones(p) | 1ull << (p->frac - 1);
}

static uint64_t invalid(RefState *s, const Shape *p)
{
    s->flags |= FPSCR_IOC;
    return default_nan(p);
}

static bool nan_result(RefState *s, const Shape *p, const Number *a, const Number *b, uint64_t *out)
{
    const Number *n = a->class == SIGNALLING || (a->class == QUIET && b->class != SIGNALLING) ? a : b;

    if (n->class < QUIET) {
        return false;
    }
    if (n->class == SIGNALLING) {
        s->flags |= FPSCR_IOC;
    }
    *out = s->dn ? default_nan(p) : n->bits | 1ull << (p->frac - 1);
    return true;
}

static uint64_t add(RefState *s, const Shape *p, Number a, Number b)
{
    bool sticky = false, sign;
    Wide m;
    int d, exp;

    if (a.class == INFINITE || b.class == INFINITE) {
        if (a.class == b.class && a.sign != b.sign) {
            return invalid(s, p);
        }
        return sign_bit(p, a.class == INFINITE ? a.sign : b.sign) | exponent_ones(p);
    }
    if (a.class == ZERO && b.class == ZERO) {
        return sign_bit(p, a.sign == b.sign ? a.sign : s->rounding == 2);
    }
    if (a.class == ZERO || b.class == ZERO) {
        Number n = a.class == ZERO ? b : a;
        return pack(s, p, n.sign, n.mant, n.exp, false);
    }
    if (a.exp < b.exp) {
        Number t = a;
        a = b;
        b = t;
    }
    d = a.exp - b.exp;
    if (d > 64) {
        int drop = d - 64;

        sticky = drop > 63 || (b.mant & (((Wide)1 << drop) - 1));
        b.mant = drop > 63 ? 0 : b.mant >> drop;
        d = 64;
    }
    exp = a.exp - d;
    a.mant <<= d;
    sign = a.sign;
    if (a.sign == b.sign) {
        m = a.mant + b.mant;
    } else if (a.mant >= b.mant + sticky) {
        m = a.mant - b.mant - sticky;
    } else {
        m = b.mant - a.mant;
        sign = b.sign;
    }
    if (m == 0 && !sticky) {
        return sign_bit(p, s->rounding == 2);
    }
    return pack(s, p, sign, m, exp, sticky);
}

static uint64_t multiply(RefState *s, const Shape *p, Number a, Number b)
{
    bool sign = a.sign ^ b.sign;

    if ((a.class == INFINITE && b.class == ZERO) || (a.class == ZERO && b.class == INFINITE)) {
        return invalid(s, p);
    }
    if (a.class == INFINITE || b.class == INFINITE) {
        return sign_bit(p, sign) | exponent_ones(p);
    }
    if (a.class == ZERO || b.class == ZERO) {
        return sign_bit(p, sign);
    }
    return pack(s, p, sign, a.mant * b.mant, a.exp + b.exp, false);
}

static void normalise(Number *n)
{
    while (length(n->mant) < 53) {
        n->mant <<= 1;
        n->exp--;
    }
}

static uint64_t divide(RefState *s, const Shape *p, Number a, Number b)
{
    bool sign = a.sign ^ b.sign;
    Wide q;

    if (a.class == b.class && (a.class == INFINITE || a.class == ZERO)) {
        return invalid(s, p);
    }
    if (a.class == INFINITE || b.class == ZERO) {
        s->flags |= a.class == INFINITE ? 0 : FPSCR_DZC;
        return sign_bit(p, sign) | exponent_ones(p);
    }
    if (a.class == ZERO || b.class == INFINITE) {
        return sign_bit(p, sign);
    }
    normalise(&a);
    normalise(&b);
    q = (a.mant << 70) / b.mant;
    return pack(s, p, sign, q, a.exp - b.exp - 70, (a.mant << 70) % b.mant != 0);
}

static uint64_t square_root(RefState *s, const Shape *p, Number a)
{
    Wide root = 0;

    if (a.class == ZERO) {
        return sign_bit(p, a.sign);
    }
    if (a.sign) {
        return invalid(s, p);
    }
    if (a.class == INFINITE) {
        return exponent_ones(p);
    }
    normalise(&a);
    a.mant <<= 70;
    a.exp -= 70;
    if (a.exp & 1) {
        a.mant <<= 1;
        a.exp--;
    }
    for (int bit = 62; bit >= 0; bit--) {
        Wide trial = root | (Wide)1 << bit;

        if (trial * trial <= a.mant) {
            root = trial;
        }
    }
    return pack(s, p, false, root, a.exp / 2, root * root != a.mant);
}

static uint64_t compare(RefState *s, int op, Number a, Number b)
{
    bool less, equal;

    if (a.class >= QUIET || b.class >= QUIET) {
        if (op == VFP_CMPE || a.class == SIGNALLING || b.class == SIGNALLING) {
            s->flags |= FPSCR_IOC;
        }
        s->nzcv = 3;
        return 0;
    }
    if (a.class == ZERO && b.class == ZERO) {
        s->nzcv = 6;
        return 0;
    }
    if (a.class == ZERO) {
        a.sign = !b.sign;
    } else if (b.class == ZERO) {
        b.sign = !a.sign;
    }
    equal = a.sign == b.sign && a.class == b.class && a.bits == b.bits;
    less = a.sign != b.sign ? a.sign : (a.bits < b.bits) != a.sign;
    s->nzcv = equal ? 6 : less ? 8 : 2;
    return 0;
}

static uint64_t to_integer(RefState *s, Number a, bool is_signed, bool to_zero)
{
    Wide m = a.mant, rest = 0, half = 0, limit;
    bool inexact;
    int shift = -a.exp, against_half;

    if (a.class >= QUIET) {
        s->flags |= FPSCR_IOC;
        return 0;
    }
    if (a.class == ZERO) {
        return 0;
    }
    if (a.class == INFINITE || shift < -64) {
        m = (Wide)1 << 100;
    } else if (shift < 0) {
        m <<= -shift;
    } else if (shift > 120) {
        rest = 1;
        half = 2;
        m = 0;
    } else if (shift > 0) {
        rest = m & (((Wide)1 << shift) - 1);
        half = (Wide)1 << (shift - 1);
        m >>= shift;
    }
    inexact = rest != 0;
    against_half = !half ? -1 : rest > half ? 1 : rest == half ? 0 : -1;
    m += round_up(to_zero ? 3 : s->rounding, a.sign, m & 1, against_half, inexact);
    limit = is_signed ? ((Wide)1 << 31) - !a.sign : a.sign ? 0 : ((Wide)1 << 32) - 1;
    if (m > limit) {
        s->flags |= FPSCR_IOC;
        m = limit;
    } else if (inexact) {
        s->flags |= FPSCR_IXC;
    }
    return (uint32_t)(a.sign ? -(uint64_t)m : (uint64_t)m);
}

static uint64_t from_integer(RefState *s, const Shape *p, uint32_t v, bool is_signed)
{
    bool sign = is_signed && v >> 31;

    return v ? pack(s, p, sign, sign ? -v : v, 0, false) : 0;
}

static uint64_t convert(RefState *s, const Shape *from, const Shape *to, Number a)
{
    switch (a.class) {
    case ZERO:
        return sign_bit(to, a.sign);
    case INFINITE:
        return sign_bit(to, a.sign) | exponent_ones(to);
    case SIGNALLING:
        s->flags |= FPSCR_IOC;
        /* fall through */
    case QUIET:
        if (s->dn) {
            return default_nan(to);
        }
        a.bits &= (1ull << from->frac) - 1;
        a.bits = to->frac > from->frac ? a.bits << (to->frac - from->frac) : a.bits >> (from->frac - to->frac);
        return sign_bit(to, a.sign) | default_nan(to) | a.bits;
    default:
        return pack(s, to, a.sign, a.mant, a.exp, false);
    }
}

static uint64_t arithmetic(RefState *s, const Shape *p, int op, Number a, Number b)
{
    uint64_t r;

    if (nan_result(s, p, &a, op == VFP_SQRT ? &a : &b, &r)) {
        return r;
    }
    switch (op) {
    case VFP_SUB:
        b.sign = !b.sign;
        return add(s, p, a, b);
    case VFP_ADD:
        return add(s, p, a, b);
    case VFP_MUL: case VFP_NMUL:
        return multiply(s, p, a, b);
    case VFP_DIV:
        return divide(s, p, a, b);
    default:
        return square_root(s, p, a);
    }
}

uint64_t ref_op(RefState *s, int op, bool wide, uint64_t a, uint64_t b)
{
    const Shape *p = &shapes[wide];
    Number x, y = { 0 };

    if (op == VFP_SITO || op == VFP_UITO) {
        return from_integer(s, p, (uint32_t)a, op == VFP_SITO);
    }
    x = unpack(s, p, a);
    if (op <= VFP_CMPE && op != VFP_SQRT) {
        y = unpack(s, p, b);
    }
    switch (op) {
    case VFP_CMP: case VFP_CMPE:
        return compare(s, op, x, y);
    case VFP_TOSI: case VFP_TOSIZ: case VFP_TOUI: case VFP_TOUIZ:
        return to_integer(s, x, op <= VFP_TOSIZ, op == VFP_TOSIZ || op == VFP_TOUIZ);
    case VFP_CVT_SD: case VFP_CVT_DS:
        return convert(s, p, &shapes[!wide], x);
    default:
        a = arithmetic(s, p, op, x, y);
        return op == VFP_NMUL ? a ^ sign_bit(p, true) : a;
    }
}
