/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-modifying code on one CPU: every kind of store changes an instruction and a literal, through the code's own
 * address and another one; the page of the writer itself; ends of pages; ARM and Thumb readings of the same bytes. A
 * literal is data: it needs no cache maintenance. guest-test: cpus=1,2 timeout=20
 */
#include "smc-code.h"

enum { ALIAS = 0x30000000, PAGES = 4 };

static uint32_t *l1;

static void describe(const char *what, const char *kind, const char *how, bool good)
{
    if (!good) {
        print("# %s by %s %s\n", what, kind, how);
    }
}

/* p[1] = MOV r0, #n; p[2] = BX lr. */
static bool instruction_by(const struct store_kind *k, volatile uint32_t *p, uint32_t offset)
{
    bool good = true;

    p[0] = p[3] = p[4] = A_NOP;
    make_return(p + 1, 1);
    for (uint32_t n = 2; n < 8; n++) {
        good &= call(p + 1, 0, 0) == n - 1;
        k->store((uint32_t)(p + 1) + offset, A_MOV_R0(n));
        code_written((const void *)(uint32_t)p, 16);
        good &= call(p + 1, 0, 0) == n && p[0] == A_NOP && p[2] == A_BX_LR;
    }
    return good;
}

/* p[0] = LDR r0, p[3]; p[1] = BX lr. */
static bool literal_by(const struct store_kind *k, volatile uint32_t *p, uint32_t offset)
{
    bool good = true;

    p[0] = A_LDR_R0_PC(4);
    p[1] = A_BX_LR;
    p[2] = p[4] = 0x55555555;
    p[3] = 1000;
    code_written((const void *)(uint32_t)p, 20);
    for (uint32_t n = 1001; n < 1012; n++) {
        good &= call(p, 0, 0) == n - 1;
        k->store((uint32_t)(p + 3) + offset, n);
        good &= call(p, 0, 0) == n && p[2] == 0x55555555 && p[4] == 0x55555555;
    }
    return good;
}

static void every_kind(uint32_t offset, const char *how)
{
    /* One page for all kinds of a row, as well as a page of its own for each. */
    volatile uint32_t *shared = page_alloc(1);
    bool code = true, literal = true;

    for (unsigned i = 0; i < NB_STORE_KINDS; i++) {
        const struct store_kind *k = &store_kinds[i];
        volatile uint32_t *own = page_alloc(1);
        bool good;

        good = instruction_by(k, own, offset) && instruction_by(k, shared + 16 * i, offset);
        describe("instruction", k->name, how, good);
        code &= good;
        good = literal_by(k, own + 512, offset) && literal_by(k, shared + 512 + 16 * i, offset);
        describe("literal", k->name, how, good);
        literal &= good;
    }
    print("# %s\n", how);
    ok(code, "instruction changed by every kind of store");
    ok(literal, "literal changed by every kind of store");
}

/* The same in Thumb state, and a store in front of the load in one block. */
static void other_literals(void)
{
    volatile uint32_t *p = page_alloc(1);
    bool good = true;

    p[0] = 0x47704801;              /* LDR r0, [pc, #4]; BX lr */
    p[2] = 50;
    code_written((const void *)(uint32_t)p, 8);
    for (uint32_t n = 0; n < 2 * NB_STORE_KINDS; n++) {
        good &= call_thumb(p) == 50 + n;
        store_kinds[n % NB_STORE_KINDS].store((uint32_t)(p + 2), 51 + n);
        good &= call_thumb(p) == 51 + n;
    }
    ok(good, "literal of Thumb code");

    p += 512;
    p[0] = 0xe58f0004;              /* STR r0, p[3] */
    p[1] = A_LDR_R0_PC(0);
    p[2] = A_BX_LR;
    code_written((const void *)(uint32_t)p, 16);
    good = true;
    for (uint32_t n = 0; n < 20; n++) {
        good &= call(p, 1000 + n, 0) == 1000 + n;
    }
    ok(good, "literal behind a STR to it");

    p += 64;
    p[0] = 0xe1a02000;              /* MOV r2, r0 */
    p[1] = 0xe28f3008;              /* ADR r3, p[5] */
    p[2] = 0xe1030092;              /* SWP r0, r2, [r3] */
    p[3] = A_LDR_R0_PC(0);
    p[4] = A_BX_LR;
    code_written((const void *)(uint32_t)p, 24);
    good = true;
    for (uint32_t n = 0; n < 20; n++) {
        good &= call(p, 2000 + n, 0) == 2000 + n;
    }
    ok(good, "literal behind a SWP to it");
}

/* ---- the writer's own page ---- */

/*
 * r0 = new word for `patched`. The flags of the MOVS are dead in the old text (ADDS) and alive in the new one (MOVEQ):
 * what follows a prefetch flush may not be relied on before it.
 */
__asm__(".pushsection .rodata\n .balign 4\n .global smc_flags_before, smc_flags_before_end, smc_flags_behind,"
        " smc_flags_behind_end, smc_own, smc_own_end\n"
        ".macro imb reg\n"
        "mov \\reg, #0\n mcr p15, 0, \\reg, c7, c10, 4\n mcr p15, 0, r2, c7, c10, 1\n mcr p15, 0, \\reg, c7, c10, 4\n"
        "mcr p15, 0, r2, c7, c5, 1\n mcr p15, 0, \\reg, c7, c5, 6\n mcr p15, 0, \\reg, c7, c10, 4\n"
        "mcr p15, 0, \\reg, c7, c5, 4\n"
        ".endm\n"
        "smc_flags_before: adr r2, 1f\n movs r3, #0\n str r0, [r2]\n imb ip\n"
        "1: adds r3, r3, #1\n bx lr\n smc_flags_before_end:\n"
        "smc_flags_behind: adr r2, 1f\n str r0, [r2]\n mov r3, #0\n adds r3, r3, #0\n imb ip\n"
        "1: adds r3, r3, #1\n bx lr\n smc_flags_behind_end:\n"
        "smc_own: adr r2, 1f\n str r0, [r2]\n imb ip\n"
        "1: mov r0, #1\n bx lr\n smc_own_end:\n"
        ".popsection");
extern const uint32_t smc_flags_before[], smc_flags_before_end[], smc_flags_behind[], smc_flags_behind_end[], smc_own[],
    smc_own_end[];

static uint32_t *copy_code(uint32_t *to, const uint32_t *from, const uint32_t *end)
{
    memcpy(to, from, (uint32_t)end - (uint32_t)from);
    code_written(to, (uint32_t)end - (uint32_t)from);
    return to;
}

/* Called with Z clear and r0 = word; returns what the code returns. */
static uint32_t call_flags_clear(const volatile void *code, uint32_t word)
{
    register uint32_t r0 __asm__("r0") = word;

    __asm__ volatile("msr cpsr_f, #0\n blx %1" : "+&r"(r0) : "r"(code) : "r1", "r2", "r3", "ip", "lr", "cc", "memory");
    return r0;
}

static void own_page(void)
{
    uint32_t *p = page_alloc(3);
    bool good = true;

    for (uint32_t n = 2; n < 20; n++) {
        copy_code(p, smc_own, smc_own_end);
        good &= call(p, A_MOV_R0(1), 0) == 1;
        good &= call(p, A_MOV_R0(n), 0) == n;
        good &= call(p, A_MOV_R0(n + 1), 0) == n + 1;
    }
    ok(good, "code changes the text behind its own prefetch flush");
    good = true;
    for (unsigned i = 0; i < 4; i++) {
        copy_code(p + 1024, smc_flags_before, smc_flags_before_end);
        good &= call_flags_clear(p + 1024, A_MOVEQ_R0(77)) == 77;
    }
    ok(good, "smc-flags-dead-across-prefetch-flush: set before the store");
    good = true;
    for (unsigned i = 0; i < 4; i++) {
        copy_code(p + 2048, smc_flags_behind, smc_flags_behind_end);
        good &= call_flags_clear(p + 2048, A_MOVEQ_R0(78)) == 78;
    }
    ok(good, "smc-flags-dead-across-prefetch-flush: set behind the store");
}

/* ---- ends of pages ---- */

static void page_ends(void)
{
    volatile uint32_t *p = page_alloc(3);
    bool good = true;

    /* The function's first instruction is the last of its page. */
    p[1023] = A_MOV_R0(1);
    p[1024] = A_ADD_R0_R0_1;
    p[1025] = A_BX_LR;
    code_written((const void *)(uint32_t)(p + 1023), 12);
    good &= call(p + 1023, 0, 0) == 2;
    p[1023] = A_MOV_R0(10);
    code_written((const void *)(uint32_t)(p + 1023), 4);
    good &= call(p + 1023, 0, 0) == 11;
    p[1024] = A_NOP;
    code_written((const void *)(uint32_t)(p + 1024), 4);
    good &= call(p + 1023, 0, 0) == 10;
    ok(good, "function over the end of a page, each side changed");

    /* A literal behind the end is no literal of the code's page. */
    p[1020] = A_LDR_R0_PC(12);
    p[1021] = A_BX_LR;
    p[1025] = 5;
    code_written((const void *)(uint32_t)(p + 1020), 8);
    good = call(p + 1020, 0, 0) == 5;
    p[1025] = 6;
    good &= call(p + 1020, 0, 0) == 6;
    ok(good, "literal behind the end of the page");

    /* The last word of the page as literal. */
    p[1000] = A_LDR_R0_PC((1023 - 1002) * 4);
    p[1001] = A_BX_LR;
    p[1023] = 7;
    code_written((const void *)(uint32_t)(p + 1000), 8);
    good = call(p + 1000, 0, 0) == 7;
    p[1023] = 8;
    good &= call(p + 1000, 0, 0) == 8;
    ok(good, "literal in the last word of the page");

    /* One unaligned store changes the end of one page and the begin of the next. */
    p[1023] = A_MOV_R0(1);
    p[1024] = A_ADD_R0_R0_1;
    p[1025] = A_BX_LR;
    code_written((const void *)(uint32_t)(p + 1023), 12);
    good = call(p + 1023, 0, 0) == 2;
    store_str((uint32_t)(p + 1024) - 2, A_MOV_R0(1) >> 16 | (A_NOP & 0xffff) << 16);    /* halves of two instructions */
    code_written((const void *)(uint32_t)(p + 1023), 8);
    good &= p[1024] == ((A_ADD_R0_R0_1 & 0xffff0000u) | (A_NOP & 0xffff)) && p[1023] == A_MOV_R0(1);
    p[1024] = A_ADD_R0_R0_1;
    code_written((const void *)(uint32_t)(p + 1024), 4);
    good &= call(p + 1023, 0, 0) == 2;
    /* 0xe3a00001, 0xe2800001 -> 0xe3e00001 (MVN), 0xe2800002 */
    store_str((uint32_t)(p + 1024) - 2, 0x0002e3e0);
    code_written((const void *)(uint32_t)(p + 1023), 8);
    good &= call(p + 1023, 0, 0) == 0;
    ok(good, "one unaligned store changes code of two pages");
}

/* ---- one store of several words changes code of two pages, or of the page behind plain data ---- */

static void store_words(unsigned kind, uint32_t at, const uint32_t *v)
{
    register uint32_t r2 __asm__("r2") = v[0], r3 __asm__("r3") = v[1];
    register uint32_t r4 __asm__("r4") = v[2], r5 __asm__("r5") = v[3];

    switch (kind) {
    case 0:
        __asm__ volatile("stmia %4, {r2-r5}" : : "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(at) : "memory");
        break;
    case 1:
        __asm__ volatile("str r2, [%4]\n strd r4, [%4, #8]\n str r3, [%4, #4]"
                         : : "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(at) : "memory");
        break;
    case 2:
        __asm__ volatile("fldmias %0, {s4-s7}\n fstmias %1, {s4-s7}" : : "r"(v), "r"(at) : "memory");
        break;
    default:
        __asm__ volatile("fmdrr d2, %0, %1\n fmdrr d3, %2, %3\n fstmiad %4, {d2-d3}"
                         : : "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(at) : "memory");
        break;
    }
}

static void across_pages(void)
{
    static const char *const names[4] = { "STM across pages", "STRD across pages", "FSTMS across pages",
                                          "FSTMD across pages" };

    for (unsigned kind = 0; kind < 4; kind++) {
        bool good = true;

        /* How many of the four words are in the first page; with 0 for its code it is plain data. */
        for (unsigned below = 1; below < 4; below++) {
            volatile uint32_t *p = (volatile uint32_t *)page_alloc(2) + 1024 - below;

            p[4] = A_BX_LR;
            for (uint32_t n = 0; n < 8; n++) {
                const uint32_t words[4] = { A_MOV_R0(n), A_ADD_R0_R0_1, 0xe2800000 | 2 * n, 0xe2800000 | 3 * n };

                store_words(kind, (uint32_t)p, words);
                code_written((const void *)(uint32_t)p, 20);
                good &= call(p + below, 0, 0) == (below == 1 ? 1 + 5 * n : below == 2 ? 5 * n : 3 * n);
                good &= n < 4 || call(p, 0, 0) == 6 * n + 1;
            }
        }
        ok(good, names[kind]);
    }
}

/* ---- the same bytes in both instruction sets ---- */

static uint32_t call_positive(const volatile void *code)
{
    return call_flags_clear(code, 0);
}

static void both_sets(void)
{
    volatile uint32_t *p = page_alloc(1);
    bool good = true;

    /* The first word is MOVS r0, #n; BX lr in Thumb and a load "if minus" in ARM. */
    p[0] = T_MOV_R0_BX(5);
    p[1] = A_MOV_R0(9);
    p[2] = A_BX_LR;
    code_written((const void *)(uint32_t)p, 12);
    for (uint32_t n = 0; n < 10; n++) {
        good &= call_thumb(p) == 5 + n && call_positive(p) == 9 + n;
        p[0] = T_MOV_R0_BX(6 + n);
        code_written((const void *)(uint32_t)p, 4);
        good &= call_positive(p) == 9 + n && call_thumb(p) == 6 + n;
        p[1] = A_MOV_R0(10 + n);
        code_written((const void *)(uint32_t)(p + 1), 4);
    }
    ok(good, "the same bytes as ARM and as Thumb");

    /* Only the second instruction of a word. */
    good = true;
    p[8] = T_MOV_R0_BX(1);
    code_written((const void *)(uint32_t)(p + 8), 4);
    good &= call_thumb(p + 8) == 1;
    p[9] = 0x47703001;              /* ADDS r0, #1; BX lr */
    *(volatile uint16_t *)((uint32_t)(p + 8) + 2) = 0x3002;     /* ADDS r0, #2 */
    code_written((const void *)(uint32_t)(p + 8), 8);
    good &= call_thumb(p + 8) == 4;
    ok(good, "one Thumb instruction of a word changed");

    /* Both halves of a Thumb BL on two pages. */
    p = page_alloc(2);
    *(volatile uint16_t *)((uint32_t)p + 4092) = 0xb500;        /* PUSH {lr} */
    *(volatile uint16_t *)((uint32_t)p + 4094) = 0xf000;        /* BL prefix */
    p[1024] = 0xbd00f802;           /* BL suffix: + 2 halfwords; POP {pc} */
    p[1025] = 0x47702001;           /* not reached */
    p[1026] = T_MOV_R0_BX(31);
    p[1027] = T_MOV_R0_BX(32);
    code_written((const void *)(uint32_t)(p + 1023), 20);
    uint32_t first = call_thumb((const void *)((uint32_t)p + 4092));
    /* The prefix is at 0xffe: LR = 0x1002, target = 0x1002 + 4. */
    *(volatile uint16_t *)((uint32_t)p + 4096) = 0xf805;        /* suffix: three halfwords further */
    code_written((const void *)(uint32_t)(p + 1024), 4);
    uint32_t second = call_thumb((const void *)((uint32_t)p + 4092));
    ok(first != second && second == 32, "halves of BL on two pages, the second one changed");
}

int test_main(void)
{
    vfp_enable();
    l1 = mmu_new_table();
    for (uint32_t mb = 0; mb < 32; mb++) {
        l1[(ALIAS >> 20) + mb] = L1_SECTION(mb << 20, AP_RW, 0);
    }
    mmu_on(l1);
    every_kind(0, "own address");
    every_kind(ALIAS, "another virtual address");
    other_literals();
    own_page();
    page_ends();
    across_pages();
    both_sets();
    return 0;
}
