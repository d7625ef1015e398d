/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Benchmark kernels of one mechanism of the emulator each, on one CPU with the MMU on, on the runtime of tests/guest:
 * blocks and branches (code made here, so that its pages are known), faults, TLB, devices, memory, VFP, LDM and STM,
 * code that is new or changes. Each prints `K <name> <nanoseconds per operation>` by the board's 24 MHz counter and
 * checks its own result; `DONE` at the end. The harness builds and runs it.
 */
#include "runtime.h"

enum { PAGE = 4096, UNROLL = 64 };

/* A made function: returns what it counted in r1. */
typedef uint32_t made_fn(uint32_t n, uint32_t a, uint32_t b);

static uint32_t *code_a, *code_b;       /* a page of code each, and a third for first_run */
static uint32_t *l1;
static bool all_good = true;

static void report(const char *name, uint32_t ticks, uint32_t n, bool good)
{
    uint32_t thousandths = (uint32_t)((uint64_t)ticks * 1000000u / 24 / n);

    print("K %s %u.%03u%s\n", name, (unsigned)(thousandths / 1000), (unsigned)(thousandths % 1000),
          good ? "" : " WRONG");
    all_good &= good;
}

/* ---- making code ---- */
enum { ADD_R1_1 = 0xe2811001, ADD_R1_R1_R2 = 0xe0811002, SUBS_R0_1 = 0xe2500001, MOV_R1_0 = 0xe3a01000,
       MOV_R0_R1 = 0xe1a00001, BX_LR = 0xe12fff1e, NE = 0x1, AL = 0xe };

static uint32_t branch(const uint32_t *from, const uint32_t *to, uint32_t cond, bool link)
{
    return cond << 28 | (link ? 0x0b000000u : 0x0a000000u) | ((uint32_t)(to - from - 2) & 0xffffff);
}

/* What ends a loop whose first instruction is at `loop`. */
static uint32_t *end_loop(uint32_t *at, const uint32_t *loop)
{
    *at++ = SUBS_R0_1;
    *at = branch(at, loop, NE, false);
    at++;
    *at++ = MOV_R0_R1;
    *at++ = BX_LR;
    return at;
}

static void run_made(const char *name, uint32_t n, uint32_t each, uint32_t want, uint32_t a, uint32_t b)
{
    made_fn *fn = (made_fn *)code_a;
    uint32_t begin, got;

    code_written(code_a, PAGE);
    code_written(code_b, PAGE);
    fn(2, a, b);
    begin = ticks24();
    got = fn(n, a, b);
    report(name, ticks24() - begin, n * each, got == want);
}

static void blocks(void)
{
    enum { N = 300000 };
    uint32_t *at = code_a, *loop;

    *at++ = MOV_R1_0;
    *at++ = 0xe3a02001;                 /* mov r2, #1 */
    loop = at;
    for (int i = 0; i < UNROLL; i++) {
        *at++ = ADD_R1_R1_R2;
    }
    end_loop(at, loop);
    run_made("large_block", N * 3, UNROLL, N * 3 * UNROLL, 0, 0);

    at = code_a;
    *at++ = MOV_R1_0;
    loop = at;
    for (int i = 0; i < UNROLL; i++) {
        *at++ = ADD_R1_1;
        *at = branch(at, at + 1, AL, false);
        at++;
    }
    end_loop(at, loop);
    run_made("small_blocks", N, UNROLL, N * UNROLL, 0, 0);

    /* The sum of pc and 8 is the instruction behind the jump. */
    at = code_a;
    *at++ = MOV_R1_0;
    loop = at;
    for (int i = 0; i < UNROLL; i++) {
        *at++ = ADD_R1_1;
        *at++ = 0xe28f3000;             /* add r3, pc, #0 */
        *at++ = 0xe12fff13;             /* bx r3 */
    }
    end_loop(at, loop);
    run_made("indirect_same_page", N, UNROLL, N * UNROLL, 0, 0);
}

/* Jumps to and fro between the pages of code_a and code_b. */
static void between_pages(void)
{
    enum { N = 100000 };
    uint32_t *a = code_a, *b = code_b, *loop;

    *a++ = MOV_R1_0;
    loop = a;
    for (int i = 0; i < UNROLL / 2; i++) {
        *a++ = ADD_R1_1;
        *a = branch(a, b, AL, false);
        a++;
        *b++ = ADD_R1_1;
        *b = branch(b, a, AL, false);
        b++;
    }
    end_loop(a, loop);
    run_made("direct_other_page", N * 2, UNROLL, N * 2 * UNROLL, 0, 0);

    a = code_a;
    b = code_b;
    *a++ = 0xe1a03001;                  /* mov r3, r1: the loop */
    *a++ = MOV_R1_0;
    *a++ = ADD_R1_1;
    *a++ = 0xe12fff12;                  /* bx r2 */
    *b++ = ADD_R1_1;
    *b++ = SUBS_R0_1;
    *b++ = 0x112fff13;                  /* bxne r3 */
    *b++ = MOV_R0_R1;
    *b++ = BX_LR;
    run_made("indirect_other_page", N * 10, 2, N * 20, (uint32_t)(code_a + 2), (uint32_t)code_b);

    a = code_a;
    *a++ = 0xe1a0c00e;                  /* mov ip, lr */
    *a++ = MOV_R1_0;
    loop = a;
    for (int i = 0; i < UNROLL; i++) {
        *a = branch(a, code_b, AL, true);
        a++;
    }
    a = end_loop(a, loop);
    a[-1] = 0xe12fff1c;                 /* bx ip */
    code_b[0] = ADD_R1_1;
    code_b[1] = BX_LR;
    run_made("call_other_page", N, UNROLL, N * UNROLL, 0, 0);

    code_a[0] = 0xe1a0c00e;
    a = code_a + 2;
    for (int i = 0; i < UNROLL; i++) {
        *a++ = 0xe12fff32;              /* blx r2 */
    }
    code_b[0] = 0x47703101;             /* Thumb: adds r1, #1; bx lr */
    run_made("call_thumb", N, UNROLL, N * UNROLL, 0, (uint32_t)code_b | 1);
}

/* Code that runs for the first time, per instruction; and code that is written again and again. */
static void new_code(void)
{
    enum { PAGES = 256, FUNCTION = 64, N = 3000 };
    uint32_t *code = heap_alloc(PAGES * PAGE, PAGE), begin, sum = 0;
    made_fn *fn;

    for (uint32_t i = 0; i < PAGES * PAGE / 4; i++) {
        uint32_t place = i % FUNCTION;

        code[i] = place == 0 ? MOV_R1_0 : place == FUNCTION - 2 ? MOV_R0_R1 : place == FUNCTION - 1 ? BX_LR :
                  place % 8 == 7 ? 0xe3510000 : place % 8 == 0 ? 0x0a000000 : ADD_R1_1;   /* cmp r1, #0; beq */
    }
    code_written(code, PAGES * PAGE);
    begin = ticks24();
    for (uint32_t i = 0; i < PAGES * PAGE / 4; i += FUNCTION) {
        fn = (made_fn *)(code + i);
        sum += fn(0, 0, 0);
    }
    report("first_run", ticks24() - begin, PAGES * PAGE / 4, sum == PAGES * PAGE / 4 / FUNCTION * 47);

    fn = (made_fn *)code_a;
    code_a[1] = BX_LR;
    sum = 0;
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        code_a[0] = 0xe3a00000 | (i & 0xff);            /* mov r0, #i */
        code_written(code_a, 8);
        sum += fn(0, 0, 0) == (i & 0xff);
    }
    report("rewritten_code", ticks24() - begin, N, sum == N);
}

/* ---- exceptions: with the runtime's entry and exit around the handler ---- */
static uint32_t taken;

static void skip_instruction(struct exc *e)
{
    taken++;
    e->lr -= 4;
}

static void only_count(struct exc *e)
{
    (void)e;
    taken++;
}

static uint32_t user_calls(uint32_t n, uint32_t unused)
{
    (void)unused;
    for (uint32_t i = 0; i < n; i++) {
        __asm__ volatile("svc 1" : : : "memory", "cc", "lr");
    }
    return n;
}

static void faults(void)
{
    enum { N = 50000, HOLE = 0x70000000 };
    uint32_t begin;

    taken = 0;
    exc_handle(EXC_DABT, skip_instruction);
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        __asm__ volatile("ldr r3, [%0]" : : "r"(HOLE) : "r3", "memory");
    }
    report("data_abort", ticks24() - begin, N, taken == N);
    exc_handle(EXC_DABT, NULL);

    taken = 0;
    exc_handle(EXC_UNDEF, only_count);
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        __asm__ volatile(".inst 0xe7f000f0" : : : "memory");
    }
    report("undefined_instruction", ticks24() - begin, N, taken == N);
    exc_handle(EXC_UNDEF, NULL);

    exc_expect();
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        (void)try_call(HOLE, i);
    }
    begin = ticks24() - begin;
    report("prefetch_abort", begin, N, exc_seen() == N);

    taken = 0;
    exc_handle(EXC_SVC, NULL);
    begin = ticks24();
    for (uint32_t i = 0; i < N / 10; i++) {
        (void)user_run(user_calls, 0, 0);
    }
    report("to_user_and_back", ticks24() - begin, N / 10, true);
    exc_handle(EXC_SVC, NULL);
}

/* ---- TLB: 256 small pages in a megabyte of their own ---- */
static void tlb(void)
{
    enum { AREA = 0x60000000, PAGES = 256, ROUNDS = 200, N = 20000 };
    uint32_t *memory = heap_alloc(PAGES * PAGE, PAGE), begin, sum = 0;

    mmu_new_l2(l1, AREA, 0);
    for (uint32_t i = 0; i < PAGES; i++) {
        memory[i * (PAGE / 4)] = i;
        mmu_map_page(l1, AREA + i * PAGE, L2_SMALL((uint32_t)memory + i * PAGE, AP_RW));
    }
    tlb_flush();
    begin = ticks24();
    for (uint32_t k = 0; k < ROUNDS; k++) {
        tlb_flush();
        for (uint32_t i = 0; i < PAGES; i++) {
            sum += rd32(AREA + i * PAGE);
        }
    }
    report("tlb_fill", ticks24() - begin, ROUNDS * PAGES, sum == ROUNDS * (PAGES * (PAGES - 1) / 2));
    begin = ticks24();
    for (uint32_t i = 0; i < N; i++) {
        tlb_flush();
    }
    report("tlb_flush", ticks24() - begin, N, true);
    begin = ticks24();
    sum = 0;
    for (uint32_t i = 0; i < N; i++) {
        tlb_flush_page(AREA, 0);
        sum += rd32(AREA + PAGE) - rd32(AREA);
    }
    report("tlb_flush_page", ticks24() - begin, N, sum == N);
    begin = ticks24();
    sum = 0;
    for (uint32_t i = 0; i < N; i++) {
        set_asid(1 + (i & 1));
        sum += rd32(AREA + PAGE);
    }
    report("asid_switch", ticks24() - begin, N, sum == N);
}

/* ---- memory and devices ---- */
#define LOOP8(text, n, ...) \
    __asm__ volatile("1:\n" text text text text text text text text " subs %0, %0, #8\n bne 1b\n" \
                     : "+&r"(n) : __VA_ARGS__)

static void memory(void)
{
    enum { WORDS = 1 << 21, LINE = 16, LINES = WORDS / LINE, N = 6000000 };
    uint32_t *big = heap_alloc(WORDS * 4, PAGE), begin, n, at = 0, state = 1;
    uint32_t *order = heap_alloc(LINES * 4, PAGE), *hot = big + 64;

    begin = ticks24();
    n = N;
    LOOP8("ldr r3, [%1, #4]\n", n, "r"(hot) : "r3", "memory", "cc");
    report("load_hot", ticks24() - begin, N, n == 0);
    begin = ticks24();
    n = N;
    LOOP8("str %2, [%1, #4]\n", n, "r"(hot), "r"(7) : "memory", "cc");
    report("store_hot", ticks24() - begin, N, hot[1] == 7);
    begin = ticks24();
    n = N;
    LOOP8("ldr r3, [%1, #5]\n", n, "r"(hot) : "r3", "memory", "cc");
    report("load_unaligned", ticks24() - begin, N, n == 0);
    begin = ticks24();
    n = N / 10;
    LOOP8("ldr r3, [%1, #-2]\n", n, "r"(big + PAGE / 4) : "r3", "memory", "cc");
    report("load_page_crossing", ticks24() - begin, N / 10, n == 0);
    begin = ticks24();
    n = N / 2;
    LOOP8("ldmia %1, {r2-r9}\n", n, "r"(hot) : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory", "cc");
    report("ldm_8", ticks24() - begin, N / 2, n == 0);
    begin = ticks24();
    n = N / 2;
    LOOP8("stmia %1, {r2-r9}\n", n, "r"(hot + 16) : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory", "cc");
    report("stm_8", ticks24() - begin, N / 2, n == 0);
    begin = ticks24();
    n = N / 10;
    LOOP8("ldmia %1, {r2-r9}\n", n, "r"(big + PAGE / 4 - 4)
          : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory", "cc");
    report("ldm_8_page_crossing", ticks24() - begin, N / 10, n == 0);
    begin = ticks24();
    n = N / 10;
    LOOP8("stmia %1, {r2-r9}\n", n, "r"(big + PAGE / 4 - 4)
          : "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory", "cc");
    report("stm_8_page_crossing", ticks24() - begin, N / 10, n == 0);

    /* A random cycle through all cache lines: every load depends on the one before and misses. */
    for (uint32_t i = 0; i < LINES; i++) {
        order[i] = i;
    }
    for (uint32_t i = LINES - 1; i > 0; i--) {
        uint32_t other = random32(&state) % (i + 1), kept = order[i];

        order[i] = order[other];
        order[other] = kept;
    }
    for (uint32_t i = 0; i < LINES; i++) {
        big[order[i] * LINE] = order[(i + 1) % LINES] * LINE;
    }
    begin = ticks24();
    for (uint32_t i = 0; i < 2 * LINES; i++) {
        at = big[at];
    }
    report("load_cold", ticks24() - begin, 2 * LINES, at == 0);

    begin = ticks24();
    for (uint32_t i = 0; i < N / 30; i++) {
        wr32(SYS_LED, i & 0xff);
    }
    report("device_write", ticks24() - begin, N / 30, (rd32(SYS_LED) & 0xff) == ((N / 30 - 1) & 0xff));
    begin = ticks24();
    at = 0;
    for (uint32_t i = 0; i < N / 30; i++) {
        at |= rd32(UART1_BASE + UART_FR);
    }
    report("uart_status", ticks24() - begin, N / 30, (at & UART_FR_TXFF) == 0);
    begin = ticks24();
    n = N;
    LOOP8("mrs r3, cpsr\n msr cpsr_f, r3\n", n, "r"(0) : "r3", "cc");
    report("mrs_msr", ticks24() - begin, N, n == 0);
}

/* ---- VFP ---- */
static void vfp(void)
{
    enum { N = 4000000 };
    static double block[8] = { 1.0, 0.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0 };
    uint32_t begin, n, low;

    vfp_enable();
    __asm__ volatile("vldmia %0, {d0-d7}" : : "r"(block) : "memory", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7");
#define KERNEL(name, text, good) do { \
        __asm__ volatile("vldmia %0, {d0-d7}" : : "r"(block)); \
        begin = ticks24(); \
        n = N; \
        LOOP8(text, n, "r"(block) : "r3", "memory", "cc", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"); \
        begin = ticks24() - begin; \
        __asm__ volatile("vcvt.u32.f64 s30, d0\n vmov %0, s30" : "=r"(low) : : "d15"); \
        report(name, begin, N, good); \
    } while (0)
    KERNEL("vfp_add_double", "vadd.f64 d0, d0, d1\n", low == N / 2 + 1);
    KERNEL("vfp_multiply_double", "vmul.f64 d2, d3, d1\n", low == 1);
    KERNEL("vfp_multiply_add_double", "vmla.f64 d0, d0, d1\n vmov.f64 d0, d1\n", low == 0);
    KERNEL("vfp_multiply_add_single", "vmla.f32 s8, s10, s12\n", low == 1);
    KERNEL("vfp_divide_double", "vdiv.f64 d2, d3, d4\n", low == 1);
    KERNEL("vfp_square_root_double", "vsqrt.f64 d2, d3\n", low == 1);
    KERNEL("vfp_compare", "vcmp.f64 d2, d3\n vmrs APSR_nzcv, fpscr\n", low == 1);
    KERNEL("vfp_to_integer_and_back", "vcvt.s32.f64 s8, d2\n vcvt.f64.s32 d2, s8\n", low == 1);
    KERNEL("vfp_load_multiple", "vldmia %1, {d0-d7}\n", low == 1);
    KERNEL("vfp_move_to_core", "vmov r3, s8\n vmov s9, r3\n", low == 1);
#undef KERNEL
}

int test_main(void)
{
    /* Neighbours, so that direct branches reach. */
    code_a = heap_alloc(2 * PAGE, PAGE);
    code_b = code_a + PAGE / 4;
    l1 = mmu_new_table();
    mmu_on(l1);
    blocks();
    between_pages();
    new_code();
    faults();
    tlb();
    memory();
    vfp();
    print(all_good ? "DONE\n" : "FAILED\n");
    semihosting_exit(all_good);
}
