/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFP instructions from their encodings to their results: translated, optimised and run on both back ends. Every
 * single register starts as its own number (s5 = 5.0), or every double one.
 */
#include <string.h>
#include "target/arm/translate.h"
#include "target/arm/vfp-helper.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"

enum { BASE = 0x5000, DISABLED = 1, PRIVILEGED = 2, UNDEFINED = 4, COMPARES_LATE = 8 };
#define LEN(n)      (((n) - 1u) << 16)
#define STRIDE2     (3u << 20)
#define S(f)        single_bits(f)

typedef struct Expect {
    char bank;          /* 's', 'd', 'r', 'm' (word of memory at BASE), 'f' FPSCR; 0 ends the list */
    uint8_t n;
    double value;
} Expect;

typedef struct Case {
    const char *name;
    uint32_t insn[4], fpscr;
    bool doubles;       /* initial values */
    uint8_t how;
    Expect expect[5];
} Case;

static const Case cases[] = {
    { "fadds", { 0xee300a81 }, 0, false, 0, { { 's', 0, 3 } } },
    { "fsubd", { 0xee315b42 }, 0, true, 0, { { 'd', 5, -1 } } },
    { "fmacs", { 0xee001a81 }, 0, false, 0, { { 's', 2, 4 } } },
    { "fnmacs", { 0xee001ac1 }, 0, false, 0, { { 's', 2, 0 } } },
    { "fmscs", { 0xee101a81 }, 0, false, 0, { { 's', 2, 0 } } },
    { "fnmscs", { 0xee101ac1 }, 0, false, 0, { { 's', 2, -4 } } },
    { "fnmuld", { 0xee235b44 }, 0, true, 0, { { 'd', 5, -12 } } },
    { "fdivd", { 0xee885b04 }, 0, true, 0, { { 'd', 5, 2 } } },
    { "fsqrts", { 0xeeb12ac8 }, 0, false, 0, { { 's', 4, 4 } } },
    { "fcpys fnegs fabss", { 0xeeb01a44, 0xeef11a64, 0xeeb02ae1 }, 0, false, 0,
      { { 's', 2, 8 }, { 's', 3, -9 }, { 's', 4, 9 } } },
    { "fcvtds", { 0xeeb75ae1 }, 0, false, 0, { { 'd', 5, 3 } } },
    { "ftosizs fmrs", { 0xeefd0ac3, 0xee100a90 }, 0, false, 0, { { 'r', 0, 6 } } },
    { "fmsr fsitod", { 0xee001a90, 0xeeb85be0 }, 0, false, 0, { { 'd', 5, 0x101 } } },
    { "fmdrr fmrrd", { 0xec410b13, 0xec532b13 }, 0, true, 0, { { 'r', 2, 0x100 }, { 'r', 3, 0x101 } } },
    { "fcmps fmstat", { 0xeeb40a60, 0xeef1fa10, 0x43a00003 }, 0, false, 0, { { 'r', 0, 3 } } },
    { "fcmps fcpysne fmstat", { 0xeeb40a60, 0x1eb02a44, 0xeef1fa10, 0x43a00003 }, 0, false, COMPARES_LATE,
      { { 'r', 0, 3 }, { 's', 4, 8 } } },
    { "fcmps fcpyseq fmstat", { 0xeeb40a60, 0x0eb02a44, 0xeef1fa10, 0x43a00003 }, 0, false, COMPARES_LATE,
      { { 'r', 0, 3 }, { 's', 4, 4 } } },
    { "fcmps fcpysne fmstat, of what was compared", { 0xeeb40a60, 0x1eb00a44, 0xeef1fa10, 0x43a00003 }, 0, false, 0,
      { { 'r', 0, 3 }, { 's', 0, 8 } } },
    { "fcmps fcpydne fmstat, of what was compared", { 0xeeb40a60, 0x1eb00b44, 0xeef1fa10, 0x43a00003 }, 0, false, 0,
      { { 'r', 0, 3 }, { 's', 0, 8 }, { 's', 1, 9 } } },
    { "fcmpsne fcpysne fmstat", { 0x1eb40a60, 0x1eb02a44, 0xeef1fa10, 0x43a00003 }, 0, false, 0,
      { { 'r', 0, 3 }, { 's', 4, 8 } } },
    { "fcmpseq fcpyseq fmstat", { 0x0eb40a60, 0x0eb02a44, 0xeef1fa10, 0x43a00003 }, 0, false, 0,
      { { 'r', 0, 0x100 }, { 's', 4, 4 } } },
    { "fcmps fcpysne fmstatne", { 0xeeb40a60, 0x1eb02a44, 0x1ef1fa10, 0x43a00003 }, 0, false, 0,
      { { 'r', 0, 3 }, { 's', 4, 8 } } },
    { "fcmps flds fmstat", { 0xeeb40a60, 0xed982a02, 0xeef1fa10, 0x43a00003 }, 0, false, 0, { { 'r', 0, 3 } } },
    { "vector of 4", { 0xee384a0c }, LEN(4), false, 0,
      { { 's', 8, 40 }, { 's', 9, 42 }, { 's', 11, 46 }, { 's', 12, 12 } } },
    { "vector wraps in its bank", { 0xee3b7a0f }, LEN(4), false, 0,
      { { 's', 14, 52 }, { 's', 15, 54 }, { 's', 8, 40 }, { 's', 9, 42 } } },
    { "stride 2", { 0xee384a0c }, LEN(2) | STRIDE2, false, 0,
      { { 's', 8, 40 }, { 's', 9, 9 }, { 's', 10, 44 }, { 's', 11, 11 } } },
    { "vector by scalar", { 0xee284a01 }, LEN(2), false, 0, { { 's', 8, 32 }, { 's', 9, 34 }, { 's', 10, 10 } } },
    { "destination in the first bank: scalar", { 0xee380a0c }, LEN(4), false, 0, { { 's', 0, 40 }, { 's', 1, 1 } } },
    { "double vector wraps", { 0xee3b7b0f }, LEN(2), true, 0, { { 'd', 7, 26 }, { 'd', 4, 20 }, { 'd', 5, 5 } } },
    { "unary vector", { 0xeeb14b48 }, LEN(2), true, 0, { { 'd', 4, -8 }, { 'd', 5, -9 }, { 'd', 6, 6 } } },
    { "conversions are scalar", { 0xeeb84ac8 }, LEN(4), false, 0, { { 's', 9, 9 } } },
    { "flds fsts", { 0xed980a01, 0xed881a02 }, 0, false, 0, { { 'm', 2, 2 }, { 's', 0, 0 } } },
    { "fstmdbs", { 0xed681a02 }, 0, false, 0, { { 'm', 62, 3 }, { 'm', 63, 4 }, { 'r', 8, BASE - 8 } } },
    { "fldmiax", { 0xecb85b05 }, 0, true, 0, { { 'd', 5, 0 }, { 'd', 6, 0 }, { 'd', 7, 7 }, { 'r', 8, BASE + 20 } } },
    { "flush to zero", { 0xee001a90, 0xee302a20 }, FPSCR_FZ, false, 0,
      { { 's', 4, 0 }, { 'f', 0, FPSCR_FZ | FPSCR_IDC } } },
    { "fmrx", { 0xeef10a10 }, 1u << 22, false, 0, { { 'r', 0, 1 << 22 } } },
    { "d16 and up", { 0xee715b42 }, 0, false, UNDEFINED, { { 0, 0, 0 } } },
    { "decrement after", { 0xec381a02 }, 0, false, UNDEFINED, { { 0, 0, 0 } } },
    { "NEON move", { 0xee400b10 }, 0, false, UNDEFINED, { { 0, 0, 0 } } },
    { "disabled: arithmetic", { 0xee300a81 }, 0, false, DISABLED | UNDEFINED | PRIVILEGED, { { 0, 0, 0 } } },
    { "disabled: user", { 0xeef00a10 }, 0, false, DISABLED | UNDEFINED, { { 0, 0, 0 } } },
    { "disabled: FPSID", { 0xeef00a10 }, 0, false, DISABLED | PRIVILEGED, { { 'r', 0, 0x410120b4 } } },
};

static IRBlock block;

static uint32_t single_bits(double value)
{
    float f = value;
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

static uint64_t double_bits(double value)
{
    uint64_t u;

    memcpy(&u, &value, 8);
    return u;
}

static void prepare(const Case *c)
{
    CPUARMState *env = machine.env;

    machine_reset(0);
    memset(machine.mem, 0, TEST_MEM_BYTES);
    for (int i = 0; i < 16; i++) {
        env->vfp.s[2 * i] = S(2 * i);
        env->vfp.s[2 * i + 1] = S(2 * i + 1);
        if (c->doubles) {
            env->vfp.d[i] = double_bits(i);
        }
    }
    env->regs[0] = 0x100;
    env->regs[1] = 0x101;
    env->regs[8] = BASE;
    env->regs[14] = 0x9000;
    env->cp15.cpacr = 0xf << 20;
    env->fpexc = c->how & DISABLED ? 0 : FPEXC_EN;
    env->cpsr = c->how & PRIVILEGED ? ARM_MODE_SVC : ARM_MODE_USR;
    vfp_set_fpscr_stopped(env, c->fpscr);
    if (c->insn[0] == 0xee001a90 && (c->fpscr & FPSCR_FZ)) {
        env->vfp.s[0] = 0;
        env->regs[1] = 1;       /* a subnormal number */
    }
}

static void translate(const Case *c)
{
    static uint8_t page[4096];
    uint32_t flags = (c->how & DISABLED ? 0 : TBF_VFP_EN) | (c->how & PRIVILEGED ? TBF_PRIV : 0), words[5] = { 0 };
    int n = 0;

    flags |= (c->fpscr >> 16 & 7) << TBF_VFP_LEN_SHIFT;
    flags |= (c->fpscr & STRIDE2 ? TBF_VFP_STRIDE : 0) | (c->fpscr & FPSCR_FZ ? TBF_VFP_FZ : 0);
    while (n < 4 && c->insn[n]) {
        words[n] = c->insn[n];
        n++;
    }
    words[n] = 0xe12fff1e;      /* bx lr */
    memcpy(page, words, sizeof(words));
    arm_translate(&block, 0x8000, flags, page, 5);
}

static bool matches(const Expect *x)
{
    CPUARMState *env = machine.env;
    uint32_t word;

    switch (x->bank) {
    case 's':
        return env->vfp.s[x->n] == S(x->value);
    case 'd':
        return env->vfp.d[x->n] == double_bits(x->value);
    case 'r':
        return env->regs[x->n] == (uint32_t)x->value;
    case 'f':
        return vfp_fpscr_stopped(env) == (uint32_t)x->value;
    default:
        memcpy(&word, &machine.mem[((BASE & 0xfff) + (x->n < 32 ? 4 * x->n : 4096 + 4 * x->n - 256)) & 0xfff], 4);
        return word == S(x->value);
    }
}

/* FMSTAT comes right behind its comparison. */
static bool compares_late(void)
{
    for (unsigned i = 0; i + 1 < block.nops; i++) {
        if (block.ops[i].opc == IR_fcmp) {
            return block.ops[i + 1].opc == IR_fmstat;
        }
    }
    return false;
}

static bool run_case(const Case *c)
{
    const char *err;
    bool ok = true;
    int at;

    translate(c);
    err = ir_verify(&block, &at);
    if ((c->how & COMPARES_LATE) && !compares_late()) {
        err = "the comparison stays where it was";
    }
    ir_optimize(&block, x86_host_flags);
    if (!err) {
        err = ir_verify(&block, &at);
    }
    prepare(c);
    if (err || !machine_run(&block)) {
        printf("# %s\n", err ? err : "not emitted");
        return false;
    }
    if (c->how & UNDEFINED) {
        return machine.excp == EXCP_UNDEF;
    }
    ok = machine.excp == EXCP_NONE && machine.env->regs[15] == 0x9000;
    for (const Expect *x = c->expect; x->bank; x++) {
        if (!matches(x)) {
            printf("# %c%d is not %g\n", x->bank, x->n, x->value);
            ok = false;
        }
    }
    return ok;
}

/* ---- products that are subnormal, or nearly ---- */

typedef struct Product {
    uint32_t result, fpscr;
} Product;

static Product product(const TCGBackend *backend, const Case *c, uint32_t a, uint32_t b, uint32_t small_products)
{
    tcg_backend = backend;
    prepare(c);
    machine.env->vfp.s[0] = a;
    machine.env->vfp.s[1] = b;
    env_jit(machine.env)->small_products = small_products;
    if (!machine_run(&block) || machine.excp != EXCP_NONE) {
        printf("# not emitted\n");
    }
    return (Product) { machine.env->vfp.s[4], vfp_fpscr_stopped(machine.env) };
}

static bool same_product(const Case *c, uint32_t a, uint32_t b)
{
    Product want = product(&tcg_backend_interp, c, a, b, 0);

    for (uint32_t small = 0; small < 3; small++) {
        Product got = product(&tcg_backend_x86_64, c, a, b, small);
        uint32_t left = env_jit(machine.env)->small_products;
        bool tiny = want.result << 1 && want.result << 1 < 0x01000000;

        if (want.result != got.result || want.fpscr != got.fpscr || (tiny ? left != 16 : left > 16)) {
            printf("# %s %08x * %08x, %d small: %08x %08x, not %08x %08x; %d left\n", c->name, a, b, (int)small,
                   got.result, got.fpscr, want.result, want.fpscr, (int)left);
            return false;
        }
    }
    return true;
}

/* Both back ends, in all rounding modes, whether the one before was small or not. */
static bool small_products(void)
{
    static const uint32_t values[] = {
        0, 1, 2, 3, 0x400000, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000, 0x20000000, 0x33ffffff, 0x34000000,
        0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x4b000000, 0x7f7fffff, 0x7f800000,
        0x7f800001, 0x7fc12345,
    };
    enum { N = sizeof(values) / sizeof(values[0]) };
    uint32_t x = 1;

    for (int k = 0; k < 8; k++) {
        const Case c = { k & 4 ? "fnmuls" : "fmuls", { k & 4 ? 0xee202a60 : 0xee202a20 }, (uint32_t)(k & 3) << 22,
                         false, 0, { { 0, 0, 0 } } };

        translate(&c);
        ir_optimize(&block, x86_host_flags);
        for (int i = 0; i < 4 * N * N; i++) {
            if (!same_product(&c, values[i / 4 / N] | (uint32_t)(i & 1) << 31,
                              values[i / 4 % N] | (uint32_t)(i & 2) << 30)) {
                return false;
            }
        }
        for (int i = 0; i < 2000; i++) {
            uint32_t a, b;

            x = x * 1664525 + 1013904223;
            a = x;
            x = x * 1664525 + 1013904223;
            b = x;
            /* The exponents' sum is that of a product near the least one. */
            b = (b & 0x807fffff) | (uint32_t)(127 - (int)(a >> 23 & 0x7f) + (int)(b >> 24 & 15) - 12) % 256 << 23;
            if (!same_product(&c, a & 0xbfffffff, b)) {
                return false;
            }
        }
    }
    return true;
}

int main(void)
{
    machine_init();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool ok;

        tcg_backend = &tcg_backend_interp;
        ok = run_case(&cases[i]);
        tcg_backend = &tcg_backend_x86_64;
        ok &= run_case(&cases[i]);
        test_ok(ok, cases[i].name);
    }
    test_ok(small_products(), "subnormal products");
    return test_done();
}
