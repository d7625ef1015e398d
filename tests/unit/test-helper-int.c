/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target/arm/helper-int.c against plain wide arithmetic: every helper on random operands and on the corners of the
 * number ranges. The references are written from the manual's pseudo-code with 64- and 128-bit numbers and share
 * nothing with the code. One thread.
 */
#include <stdio.h>
#include <string.h>
#include "tests/unit/arm-env.h"

typedef __int128 wide;

static uint64_t seed = 0xda3e39cb94b95bdb;

static uint32_t operand(void)
{
    static const uint32_t corners[] = {
        0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 0x8000, 0x7fff, 0xffff, 0x80008000, 0x7fff7fff,
        0x80808080, 0x7f7f7f7f, 0xffff0000, 0x00010001, 0x40000000, 0xc0000000,
    };

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % 4 == 0 ? corners[(seed >> 8) % (sizeof(corners) / sizeof(corners[0]))] : (uint32_t)(seed >> 20);
}

/* Sign- or zero-extended bits [lo, lo + n) of v. */
static wide sbits(uint32_t v, unsigned lo, unsigned n)
{
    wide x = (v >> lo) & ((UINT64_C(1) << n) - 1);

    return x >> (n - 1) & 1 ? x - ((wide)1 << n) : x;
}
static wide ubits(uint32_t v, unsigned lo, unsigned n)
{
    return (v >> lo) & ((UINT64_C(1) << n) - 1);
}

static wide saturate(wide v, wide min, wide max, uint32_t *q)
{
    if (v >= min && v <= max) {
        return v;
    }
    *q = 1;
    return v < min ? min : max;
}

enum { ROUNDS = 20000 };

static void test_shifts(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t a = operand(), b = operand() & (i & 1 ? 0xffffff3f : ~0u), n = b & 0xff, c0 = i >> 1 & 1, c;
        unsigned k = n > 64 ? 64 : n;
        wide x;

        c = c0;
        x = (wide)a << k;
        env->nzcv.c = c0;
        CHECK_EQ(helper_lsl_c(env, a, b, 0), (uint32_t)x);
        c = n ? (uint32_t)(x >> 32) & 1 : c0;
        CHECK_EQ(env->nzcv.c, c);

        x = ((wide)a << 70) >> k;
        env->nzcv.c = c0;
        CHECK_EQ(helper_lsr_c(env, a, b, 0), (uint32_t)(x >> 70));
        CHECK_EQ(env->nzcv.c, n ? (uint32_t)(x >> 69) & 1 : c0);

        x = ((wide)(int32_t)a * ((wide)1 << 70)) >> k;
        env->nzcv.c = c0;
        CHECK_EQ(helper_asr_c(env, a, b, 0), (uint32_t)(x >> 70));
        CHECK_EQ(env->nzcv.c, n ? (uint32_t)(x >> 69) & 1 : c0);

        x = a;
        for (unsigned s = 0; s < n; s++) {
            x = x >> 1 | (x & 1) << 31;
        }
        env->nzcv.c = c0;
        CHECK_EQ(helper_ror_c(env, a, b, 0), (uint32_t)x);
        CHECK_EQ(env->nzcv.c, n ? (uint32_t)(x >> 31) & 1 : c0);
    }
    test_done("shifts by a register, with carry");
}

/* kind: bits 22:20, op: bits 7:5 of the instruction */
static uint32_t parallel_reference(unsigned kind, unsigned op, uint32_t a, uint32_t b, uint32_t *ge)
{
    unsigned width = op >= 4 ? 8 : 16;
    uint32_t result = 0, unused = 0;

    *ge = 0;
    for (unsigned lo = 0; lo < 32; lo += width) {
        bool exchange = op == 1 || op == 2;
        bool subtract = op == 3 || op == 7 || (op == 1 && lo == 0) || (op == 2 && lo == 16);
        unsigned blo = exchange ? 16 - lo : lo;
        bool is_signed = kind <= 3;
        wide x = is_signed ? sbits(a, lo, width) : ubits(a, lo, width);
        wide y = is_signed ? sbits(b, blo, width) : ubits(b, blo, width);
        wide r = subtract ? x - y : x + y;
        bool lane_ge = is_signed || subtract ? r >= 0 : r >= (wide)1 << width;

        if (lane_ge) {
            *ge |= width == 8 ? 1u << (lo / 8) : 3u << (lo / 8);
        }
        if (kind == 2) {
            r = saturate(r, -((wide)1 << (width - 1)), ((wide)1 << (width - 1)) - 1, &unused);
        } else if (kind == 6) {
            r = saturate(r, 0, ((wide)1 << width) - 1, &unused);
        } else if (kind == 3 || kind == 7) {
            r >>= 1;
        }
        result |= ((uint32_t)r & ((1u << width) - 1)) << lo;
    }
    return result;
}

static void test_parallel(void)
{
    static const uint8_t kinds[] = { 1, 2, 3, 5, 6, 7 }, ops[] = { 0, 1, 2, 3, 4, 7 };

    for (int i = 0; i < ROUNDS; i++) {
        unsigned kind = kinds[i % 6], op = ops[i / 6 % 6];
        uint32_t a = operand(), b = operand(), ge, want = parallel_reference(kind, op, a, b, &ge);

        env->ge = 5;
        env->q = 0;
        CHECK_EQ(helper_parallel_add(env, a, b, kind << 20 | op << 5), want);
        CHECK_EQ(env->ge, kind == 1 || kind == 5 ? ge : 5);
        CHECK_EQ(env->q, 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t a = operand(), b = operand(), sel = 0, sad = 0;

        env->ge = i & 15;
        for (int k = 0; k < 4; k++) {
            uint32_t x = ubits(a, k * 8, 8), y = ubits(b, k * 8, 8);

            sel |= (env->ge & 1u << k ? x : y) << (k * 8);
            sad += x > y ? x - y : y - x;
        }
        CHECK_EQ(helper_sel(env, a, b, 0), sel);
        CHECK_EQ(helper_usad8(env, a, b, 0), sad);
    }
    test_done("parallel arithmetic, SEL, USAD8");
}

static void test_saturation(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t a = operand(), b = operand(), q;
        unsigned n;
        wide lo, hi, min = -((wide)1 << 31), max = ((wide)1 << 31) - 1;

        n = i % 32 + 1;
        q = env->q = 0;
        lo = saturate((int32_t)a, -((wide)1 << (n - 1)), ((wide)1 << (n - 1)) - 1, &q);
        CHECK_EQ(helper_ssat(env, a, n, 0), (uint32_t)lo);
        CHECK_EQ(env->q, q);

        n = i % 32;
        q = env->q = 0;
        lo = saturate((int32_t)a, 0, ((wide)1 << n) - 1, &q);
        CHECK_EQ(helper_usat(env, a, n, 0), (uint32_t)lo);
        CHECK_EQ(env->q, q);

        n = i % 16 + 1;
        q = env->q = 0;
        lo = saturate(sbits(a, 0, 16), -((wide)1 << (n - 1)), ((wide)1 << (n - 1)) - 1, &q);
        hi = saturate(sbits(a, 16, 16), -((wide)1 << (n - 1)), ((wide)1 << (n - 1)) - 1, &q);
        CHECK_EQ(helper_ssat16(env, a, n, 0), ((uint32_t)lo & 0xffff) | (uint32_t)hi << 16);
        CHECK_EQ(env->q, q);

        n = i % 16;
        q = env->q = 0;
        lo = saturate(sbits(a, 0, 16), 0, ((wide)1 << n) - 1, &q);
        hi = saturate(sbits(a, 16, 16), 0, ((wide)1 << n) - 1, &q);
        CHECK_EQ(helper_usat16(env, a, n, 0), ((uint32_t)lo & 0xffff) | (uint32_t)hi << 16);
        CHECK_EQ(env->q, q);

        q = env->q = 0;
        CHECK_EQ(helper_qadd(env, a, b, 0), (uint32_t)saturate((wide)(int32_t)a + (int32_t)b, min, max, &q));
        CHECK_EQ(env->q, q);
        q = env->q = 0;
        CHECK_EQ(helper_qsub(env, a, b, 0), (uint32_t)saturate((wide)(int32_t)a - (int32_t)b, min, max, &q));
        CHECK_EQ(env->q, q);
        q = env->q = 0;
        CHECK_EQ(helper_qdouble(env, a, 0, 0), (uint32_t)saturate((wide)(int32_t)a * 2, min, max, &q));
        CHECK_EQ(env->q, q);
    }
    /* Q is sticky. */
    env->q = 1;
    helper_qadd(env, 1, 1, 0);
    CHECK_EQ(env->q, 1);
    test_done("saturation and Q");
}

/* The result modulo 2^32; Q if it is not the whole result. */
static void check_setq(int line, HelperFn fn, uint32_t a, uint32_t b, uint32_t c, wide want)
{
    env->q = 0;
    check_eq_at(line, "result", fn(env, a, b, c), (uint32_t)want);
    check_eq_at(line, "Q", env->q, want != (int32_t)want);
}

static void test_multiply(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t a = operand(), b = operand(), c = operand();
        wide ll = sbits(a, 0, 16) * sbits(b, 0, 16), hh = sbits(a, 16, 16) * sbits(b, 16, 16);
        wide top = (wide)(int32_t)c * ((wide)1 << 32) - (wide)(int32_t)a * (int32_t)b;
        uint64_t acc, want;

        check_setq(__LINE__, helper_add_setq, a, b, 0, (wide)(int32_t)a + (int32_t)b);
        check_setq(__LINE__, helper_smuad, a, b, 0, ll + hh);
        check_setq(__LINE__, helper_smlad, a, b, c, ll + hh + (int32_t)c);
        check_setq(__LINE__, helper_smlsd, a, b, c, ll - hh + (int32_t)c);
        env->q = 0;
        CHECK_EQ(helper_smusd(env, a, b, 0), (uint32_t)(ll - hh));
        CHECK_EQ(helper_smmls(env, a, b, c), (uint32_t)(top >> 32));
        CHECK_EQ(helper_smmlsr(env, a, b, c), (uint32_t)((top + 0x80000000u) >> 32));
        for (uint32_t subtract = 0; subtract < 2; subtract++) {
            env->regs[3] = operand();
            env->regs[9] = operand();
            acc = (uint64_t)env->regs[9] << 32 | env->regs[3];
            want = acc + (uint64_t)(subtract ? ll - hh : ll + hh);
            helper_smlald(env, a, b, 3 | 9 << 4 | subtract << 8);
            CHECK_EQ((uint64_t)env->regs[9] << 32 | env->regs[3], want);
        }
        CHECK_EQ(env->q, 0);
    }
    test_done("multiplications");
}

int main(void)
{
    env_reset();
    test_shifts();
    test_parallel();
    test_saturation();
    test_multiply();
    return test_finish();
}
