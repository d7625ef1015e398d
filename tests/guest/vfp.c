/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VFP control registers do to the very next instruction: the enable bit, vector length, rounding, flush to zero;
 * also where their write is conditional. What an instruction leaves alone when the VFP is off, and what User mode and
 * the other CPUs see (ARM DDI 0100I C2, C3; ARM DDI 0360 chapters 20, 21).
 * guest-test: cpus=1,2
 */
#include "runtime.h"

__asm__(".fpu vfp");

enum { EN = 1 << 30, BX_LR = 0xe12fff1e, NOP = 0xe1a00000, LEN2 = 1 << 16, STRIDE2 = 3 << 20,
       FZ = 1 << 24, DN = 1 << 25, RP = 1 << 22, RM = 2 << 22, RZ = 3 << 22 };
enum { IOC = 1, DZC = 2, IDC = 128 };
enum { FMXR_FPEXC_R0 = 0xeee80a10, FMXR_FPEXC_R1 = 0xeee81a10, FMXR_FPSCR_R0 = 0xeee10a10, FMXR_FPSCR_R1 = 0xeee11a10,
       FMRX_R0_FPSCR = 0xeef10a10, FMRX_R0_FPEXC = 0xeef80a10, FADDS_0_1_2 = 0xee300a81, FMRS_R0_S0 = 0xee100a10 };

static uint32_t *code;
static float s[32];

static uint32_t run(const uint32_t *words, unsigned n, uint32_t a, uint32_t b)
{
    memcpy(code, words, 4 * n);
    code_written(code, 4 * n);
    return ((uint32_t (*)(uint32_t, uint32_t))code)(a, b);
}
#define RUN(a, b, ...) ({ \
    static const uint32_t words_[] = { __VA_ARGS__, BX_LR }; \
    run(words_, sizeof(words_) / 4, a, b); })

static void load_registers(void)
{
    for (unsigned i = 0; i < 32; i++) {
        ((uint32_t *)s)[i] = 0x40000000 + i * 0x00100000;
    }
    __asm__ volatile("fldmias %0, {s0-s31}" : : "r"(s) : "memory");
}

static uint32_t single(unsigned n)
{
    static uint32_t all[32];

    __asm__ volatile("fstmias %0, {s0-s31}" : : "r"(all) : "memory");
    return all[n];
}

static uint32_t fpscr(void)
{
    uint32_t v;

    __asm__ volatile("fmrx %0, fpscr" : "=r"(v));
    return v;
}

static void set_fpscr(uint32_t v)
{
    __asm__ volatile("fmxr fpscr, %0" : : "r"(v) : "memory");
}

/* Undefined exactly once, at word n of the code. */
static bool undefined_at(unsigned n)
{
    return exc_log()->count == 1 && exc_log()->exc.type == EXC_UNDEF && exc_log()->exc.lr == (uint32_t)&code[n + 1];
}

static void enable(void)
{
    uint32_t r;

    exc_expect();
    RUN(0, EN, FMXR_FPEXC_R0, FADDS_0_1_2, FMXR_FPEXC_R1, FADDS_0_1_2);
    exc_seen();
    ok(undefined_at(1), "off for the next instruction, on for the one behind it");
    exc_expect();
    RUN(0, EN, 0xe3500000, 0x1ee80a10, FADDS_0_1_2, 0x0ee80a10, FADDS_0_1_2, FMXR_FPEXC_R1);   /* cmp r0, #0; ne; eq */
    exc_seen();
    ok(undefined_at(4), "switched off under a condition");
    exc_expect();
    r = RUN(0, EN, FMXR_FPEXC_R0, FMRX_R0_FPEXC, FMXR_FPEXC_R1);
    ok(exc_seen() == 0 && r == 0, "FPEXC is there while the VFP is off");
    exc_expect();
    RUN((uint32_t)s, EN, 0xe3a02000, 0xeee82a10, 0xecb00a04, 0xeca00a04, 0xedb00a01 & ~(1u << 21), 0xed800b00,
        FMXR_FPEXC_R1);         /* mov r2, #0; off; fldmias r0!; fstmias r0!; flds; fstd; on */
    ok(exc_seen() == 4 && exc_log()->exc.r[0] == (uint32_t)s, "loads and stores are undefined, the base stays");
    exc_expect();
    RUN(0, EN, FMXR_FPEXC_R0, 0xec432b10, 0xec532b10, 0xec432a10, 0xec532a10, 0xee002a10, 0xee102a10, 0xeef1fa10,
        FMXR_FPEXC_R1);         /* fmdrr, fmrrd, fmsrr, fmrrs, fmsr, fmrs, fmstat */
    ok_eq(exc_seen(), 7, "transfers are undefined");
    exc_expect();
    RUN(0, 0x00f00000, 0xee010f50, 0xee070f95, FADDS_0_1_2, 0xee011f50, 0xee070f95, FADDS_0_1_2);
    exc_seen();
    ok(undefined_at(2), "no access by CPACR, and access again");
    __asm__ volatile("fmxr fpexc, %0" : : "r"(0xffffffff));
    r = RUN(0, 0, FMRX_R0_FPEXC);
    ok_eq_ours(r, EN, "FPEXC has the enable bit only");
}

/* s8 and s16.. : vectors, of as many elements as LEN says at that moment. */
static void vectors(void)
{
    load_registers();
    uint32_t s9 = single(9), s10 = single(10), s16 = single(16), s17 = single(17);
    RUN(LEN2, 0, FMXR_FPSCR_R0, 0xeeb04a48, FMXR_FPSCR_R1, NOP);        /* fcpys s8, s16 */
    ok(single(8) == s16 && single(9) == s17 && single(10) == s10, "a vector of two");
    load_registers();
    RUN(LEN2, 0, FMXR_FPSCR_R0, FMXR_FPSCR_R1, 0xeeb04a48);
    ok(single(8) == s16 && single(9) == s9, "and a scalar at once");
    load_registers();
    RUN(LEN2 | STRIDE2, 0, FMXR_FPSCR_R0, 0xeeb04a48, FMXR_FPSCR_R1);
    ok_ours(single(8) == s16 && single(9) == s9 && single(10) == single(18), "with a stride of two");
    load_registers();
    RUN(LEN2, 0, 0xe3510000, 0x1ee10a10, 0xeeb04a48, 0x0ee10a10, 0xeeb06a48, FMXR_FPSCR_R1);
    ok(single(8) == s16 && single(9) == s9 && single(12) == s16 && single(13) == s17, "length set under a condition");
    ok_eq(fpscr() & (7 << 16 | STRIDE2), 0, "left as it was");
}

static void arithmetic(void)
{
    static const uint32_t modes[4] = { 0, RP, RM, RZ }, up[4] = { 0x3f800000, 0x3f800001, 0x3f800000, 0x3f800000 },
                          down[4] = { 0xbf800000, 0xbf800000, 0xbf800001, 0xbf800000 };
    uint32_t one = 0x3f800000, tiny = 0x30000000, minus = 0xbf800000, minus_tiny = 0xb0000000;
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        __asm__ volatile("fmsr s1, %0\nfmsr s2, %1" : : "r"(one), "r"(tiny));
        good &= RUN(modes[i], 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMXR_FPSCR_R1, FMRS_R0_S0) == up[i];
        __asm__ volatile("fmsr s1, %0\nfmsr s2, %1" : : "r"(minus), "r"(minus_tiny));
        good &= RUN(modes[i], 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMXR_FPSCR_R1, FMRS_R0_S0) == down[i];
    }
    ok(good, "rounding modes");
    __asm__ volatile("fmsr s1, %0\nfmsr s2, %1" : : "r"(5), "r"(6));
    uint32_t kept = RUN(0, 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMRS_R0_S0);
    uint32_t flushed = RUN(FZ, 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMRX_R0_FPSCR, 0xee101a10, 0xe1a00001);
    uint32_t again = RUN(0, 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMRS_R0_S0);
    ok(kept == 11 && flushed == 0 && again == 11, "flush to zero, on and off");
    RUN(FZ, 0, FMXR_FPSCR_R0, FADDS_0_1_2);
    ok(fpscr() & IDC, "which leaves a mark");
    set_fpscr(0);
    __asm__ volatile("fmsr s1, %0\nfmsr s2, %1" : : "r"(0x7fa12345), "r"(one));
    uint32_t quiet = RUN(0, 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMRS_R0_S0);
    ok(quiet == 0x7fe12345 && (fpscr() & IOC), "a signalling NaN becomes quiet, and leaves a mark");
    ok_eq(RUN(DN, 0, FMXR_FPSCR_R0, FADDS_0_1_2, FMXR_FPSCR_R1, FMRS_R0_S0), 0x7fc00000, "default NaN");
    set_fpscr(0);
    __asm__ volatile("fmsr s1, %0\nfmsr s2, %1\nfdivs s0, s1, s2" : : "r"(one), "r"(0));
    ok_eq(fpscr() & 0x9f, DZC, "division by zero leaves its mark");
    __asm__ volatile("fadds s0, s1, s1");
    ok_eq(fpscr() & 0x9f, DZC, "which stays");
    set_fpscr(0);
    ok_eq(fpscr(), 0, "until it is cleared");
    set_fpscr(0xffffffff);
    ok_eq_ours(fpscr() & ~(1u << 26), 0xf3f7009f, "bits of FPSCR");
    set_fpscr(0);
    __asm__ volatile("fcmps s1, s1\nfmstat" : : : "cc");
    ok_eq(fpscr() >> 28, 6, "comparison");
    set_fpscr(0);
}

static uint32_t user_registers(uint32_t a, uint32_t b)
{
    uint32_t r;

    (void)b;
    __asm__ volatile("fmxr fpscr, %1\nfmrx %0, fpscr\nfmxr fpscr, %2" : "=r"(r) : "r"(a), "r"(0));
    return r;
}

static void user(void)
{
    ok_eq(user_run(user_registers, RM | FZ | 1, 0), RM | FZ | 1, "User mode has the FPSCR");
    static const uint32_t privileged[] = { 0xeee80a10, 0xeef80a10, 0xeee90a10, 0xeef90a10, 0xeeea0a10, 0xeefa0a10 };
    bool good = true;
    for (unsigned i = 0; i < 6; i++) {
        code[0] = privileged[i];
        code[1] = BX_LR;
        code_written(code, 8);
        exc_expect();
        user_run((user_fn *)code, 0, 0);
        exc_seen();
        good &= undefined_at(0);
    }
    ok(good, "but not FPEXC, FPINST and FPINST2");
}

static volatile uint32_t other_result;

static void other(uint32_t argument)
{
    (void)argument;
    /* This CPU's VFP is off, whatever ours is. */
    exc_expect();
    __asm__ volatile("fadds s0, s1, s2");
    other_result = exc_seen();
    vfp_enable();
    set_fpscr(RZ);
    __asm__ volatile("fmsr s5, %0" : : "r"(0x1234));
}

int test_main(void)
{
    code = heap_alloc(4096, 4096);
    vfp_enable();
    enable();
    vectors();
    arithmetic();
    user();
    if (num_cpus() > 1) {
        load_registers();
        uint32_t s5 = single(5);
        smp_start();
        run_on(1, other, 0);
        wait_for(1);
        ok_eq(other_result, 1, "another CPU switches its own on");
        ok(fpscr() == 0 && single(5) == s5, "and has its own registers");
    }
    return 0;
}
