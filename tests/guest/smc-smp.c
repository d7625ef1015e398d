/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code and literals changed by another CPU: handed over through a flag, under a CPU that loops in it, by an interrupt
 * to the looping CPU, by all CPUs in one page at a time. A literal is data: it obeys the rules of memory order and of
 * coherence, although translators like to take it as a constant. guest-test: cpus=2,4 timeout=40
 */
#include "smc-loop.h"

enum { ROUNDS = 300 };

static volatile uint32_t flag;
static struct barrier meeting;

/* ---- a producer of code, a consumer ---- */

static void consumer(uint32_t argument)
{
    (void)argument;
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        volatile uint32_t *p = page + 1024 * (n % 3) + 16 * (n % 7);

        while (flag != n) {
            spin_hint();
        }
        dmb();
        sync_code();
        bad += call(p, 0, 0) != (n & 0xff);
        dmb();
        flag = n | 0x10000;
    }
}

static void hand_over(void)
{
    page = page_alloc(3);
    flag = bad = 0;
    run_on(1, consumer, 0);
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        volatile uint32_t *p = page + 1024 * (n % 3) + 16 * (n % 7);

        make_return(p, n & 0xff);
        dmb();
        flag = n;
        while (flag != (n | 0x10000)) {
            spin_hint();
        }
    }
    wait_for(1);
    ok_eq(bad, 0, "new code handed over through a flag");
}

/* ---- a loop that is changed while another CPU is in it ---- */

/*
 * Upstream invalidates what it translated from the word, and then stores. The other CPU is back at the loop's start at
 * once and may translate the old word again in between; nobody invalidates that. In about half of its runs the loop
 * stores the old constant for ever although memory has the new one and further interrupts, cache operations and
 * prefetch flushes reach it; storing the same word again helps. With thread=single there it never happens.
 */
static void loop_changed(void)
{
    volatile uint32_t *constant = loop_start();
    bool good = constant;

    for (uint32_t n = 2; good && n < 60; n++) {
        store_kinds[n % NB_STORE_KINDS].store((uint32_t)constant, A_MOV_R0(n));
        code_written((const void *)(uint32_t)constant, 4);
        if (!loop_follows(n)) {
            good = false;
            print("# round %u, %s: the loop stores %u, its text in memory is %08x\n", (unsigned)n,
                  store_kinds[n % NB_STORE_KINDS].name, (unsigned)latest, (unsigned)*constant);
        }
    }
    loop_end();
    ok_ours(good, "loop changed under another CPU, which an interrupt synchronises");
}

/* ---- literals ---- */

__asm__(".pushsection .rodata\n .balign 4\n .global read_both, read_both_literal, read_both_end, flag_then_literal,"
        " flag_then_literal_dmb, flag_then_literal_end\n"
        /* r0 = address of the literal, r1 = of `stop`; counts reads of an old value behind one of a new value. */
        "read_both: push {r4, lr}\n mov r4, #0\n"
        "1: ldr r2, [r0]\n ldr r3, read_both_literal\n"
        " cmp r3, r2\n addlo r4, r4, #1\n ldr r2, [r1]\n cmp r2, #0\n beq 1b\n"
        "mov r0, r4\n pop {r4, pc}\n read_both_literal: .word 0\n read_both_end:\n"
        /* r0 = wanted flag, r1 = address of the flag: the literal behind it. */
        "flag_then_literal: mov ip, #0\n"
        "1: ldr r2, [r1]\n cmp r2, r0\n bne 1b\n"
        "flag_then_literal_dmb: mcr p15, 0, ip, c7, c10, 5\n"
        " ldr r0, [pc, #0]\n bx lr\n .word 0\n flag_then_literal_end:\n"
        ".popsection");
extern const uint32_t read_both[], read_both_literal[], read_both_end[], flag_then_literal[], flag_then_literal_end[];

static void literal_reader(uint32_t argument)
{
    bad += call(page, argument, (uint32_t)&flag) != argument * 3;
    dmb();
    latest = argument;
}

/* The reader spins on the flag in the block in front of the literal. */
static void literal_behind_flag(bool with_barrier)
{
    volatile uint32_t *literal;
    unsigned kind = 0;

    page = copy_template(flag_then_literal, flag_then_literal_end);
    literal = page + (flag_then_literal_end - flag_then_literal) - 1;
    if (!with_barrier) {
        /* An address dependency orders as well: r2 is the flag. EOR r2, r2, r2; LDR r0, [pc, r2] at once. */
        page[4] = 0xe0222002;
        page[5] = 0xe79f0002;
        code_written(page, 32);
    }
    flag = bad = latest = 0;
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        run_on(1, literal_reader, n);
        delay_us(n % 4);
        store_kinds[kind++ % NB_STORE_KINDS].store((uint32_t)literal, n * 3);
        dmb();
        flag = n;
        wait_for(1);
    }
    ok_eq(bad, 0, with_barrier ? "literal behind a flag and DMB" : "literal behind a flag, address dependency");
}

static void both_reader(uint32_t argument)
{
    bad += call(page, argument, (uint32_t)&stop);
}

/* Once the other CPU has read the new value through a register, its literal load may not give the old one. */
static void coherence(const struct store_kind *k, const char *name)
{
    uint32_t begin;
    volatile uint32_t *literal;

    page = copy_template(read_both, read_both_end);
    literal = page + (read_both_literal - read_both);
    stop = bad = 0;
    run_on(1, both_reader, (uint32_t)literal);
    begin = ticks24();
    for (uint32_t n = 1; n <= ROUNDS && us_since(begin) < 3000000; n++) {
        k->store((uint32_t)literal, n);
        delay_us(n % 8);
    }
    stop = 1;
    wait_for(1);
    ok_eq(bad, 0, name);
}

/* ---- all CPUs change code of one page ---- */

static void neighbour(uint32_t argument)
{
    unsigned cpu = cpu_id();
    volatile uint32_t *p = page + 64 * cpu;

    (void)argument;
    barrier_wait(&meeting, num_cpus());
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        make_return(p, n & 0xff);
        bool good = call(p, 0, 0) == (n & 0xff);

        if (!good) {
            atomic_add(&bad, 1);
        }
    }
    barrier_wait(&meeting, num_cpus());
}

static void one_page(void)
{
    page = page_alloc(1);
    bad = 0;
    run_all(num_cpus(), neighbour);
    ok_eq(bad, 0, "all CPUs change and run their own code in one page");
}

int test_main(void)
{
    vfp_enable();
    gic_init();
    smp_start_mmu(mmu_new_table());
    hand_over();
    loop_changed();
    literal_behind_flag(true);
    literal_behind_flag(false);
    coherence(&store_kinds[0], "literal and register load in order: STR");
    coherence(&store_kinds[7], "literal and register load in order: SWP");
    coherence(&store_kinds[9], "literal-newer-than-register: STREX");
    one_page();
    return 0;
}
