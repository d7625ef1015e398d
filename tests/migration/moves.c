/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/migration: all CPUs work, each on what a machine's state has, and look all the time whether it is as it
 * must be: banked registers of all modes, VFP registers and rounding modes, CP15's thread registers, private timers
 * and the board's clock, locks by exclusive accesses, WFE and SEV, interrupts from CPU to CPU, memory. CPU 0 prints a
 * line a round, "round N", until it receives an 'e'; then the verdict.
 */
#include "runtime.h"

enum { WORK = 4000, SGI = 5, PERIOD_US = 2000 };
static volatile uint32_t stop, lock, wrong[MAX_CPUS], what[MAX_CPUS], ticks[MAX_CPUS], sgis[MAX_CPUS], added[MAX_CPUS];
static volatile uint32_t shared, pair[2], ping, pong, last_time[MAX_CPUS];
static uint32_t *pattern;
enum { PATTERN_WORDS = 3 << 18 };

enum { BAD_BANK = 1, BAD_VFP = 2, BAD_MODE = 4, BAD_CP15 = 8, BAD_CLOCK = 16, BAD_LOCK = 32, BAD_MEMORY = 64 };

static void bad(uint32_t cpu, uint32_t kind)
{
    wrong[cpu]++;
    what[cpu] |= kind;
}

/* r8-r14 of FIQ mode, r13, r14 and SPSR of two others: set them, or compare. Interrupts are masked meanwhile. */
static uint32_t banks(uint32_t with, uint32_t compare)
{
    /* None of those that are banked. */
    register uint32_t seed __asm__("r1") = with, check __asm__("r2") = compare, differs __asm__("r3") = 0;
    register uint32_t saved __asm__("r4");

    __asm__ volatile(
        "mrs %[saved], cpsr\n\t"
        "cpsid if, #0x11\n\t"
        "cmp %[check], #0\n\t"
        "moveq r8, %[seed]\n\taddeq r9, %[seed], #1\n\taddeq r10, %[seed], #2\n\taddeq r11, %[seed], #3\n\t"
        "addeq r12, %[seed], #4\n\taddeq r13, %[seed], #5\n\taddeq r14, %[seed], #6\n\t"
        "subne %[differs], r8, %[seed]\n\t"
        "subne r0, r9, %[seed]\n\tsubne r0, r0, #1\n\torrne %[differs], %[differs], r0\n\t"
        "subne r0, r12, %[seed]\n\tsubne r0, r0, #4\n\torrne %[differs], %[differs], r0\n\t"
        "subne r0, r13, %[seed]\n\tsubne r0, r0, #5\n\torrne %[differs], %[differs], r0\n\t"
        "subne r0, r14, %[seed]\n\tsubne r0, r0, #6\n\torrne %[differs], %[differs], r0\n\t"
        "cps #0x1b\n\t"
        "cmp %[check], #0\n\t"
        "addeq r14, %[seed], #7\n\t"
        "subne r0, r14, %[seed]\n\tsubne r0, r0, #7\n\torrne %[differs], %[differs], r0\n\t"
        "msr cpsr_cxsf, %[saved]\n\t"
        : [differs] "+r"(differs), [saved] "=&r"(saved)
        : [seed] "r"(seed), [check] "r"(check) : "r0", "cc", "memory");
    return differs;
}

static inline uint32_t fpscr(void)
{
    uint32_t v;

    __asm__ volatile("fmrx %0, fpscr" : "=r"(v));
    return v;
}

/* 1/3 rounded in this CPU's way, again and again: the last bit tells the mode. */
static uint32_t third(void)
{
    uint32_t low, high;

    __asm__ volatile("fdivd d3, d1, d2\n\tfmrrd %0, %1, d3" : "=r"(low), "=r"(high));
    return low;
}

static void vfp_set(uint32_t cpu)
{
    const double one = 1.0, three = 3.0;
    uint32_t v = CP15_READ(0, c1, c0, 2) | 0xf << 20;

    CP15_WRITE(0, c1, c0, 2, v);
    isb();
    __asm__ volatile("fmxr fpexc, %0" : : "r"(1 << 30));
    __asm__ volatile("fldd d1, [%0]\n\tfldd d2, [%1]" : : "r"(&one), "r"(&three));
    __asm__ volatile("fmdrr d8, %0, %1\n\tfmdrr d15, %1, %0" : : "r"(cpu + 1), "r"(~cpu));
    __asm__ volatile("fmxr fpscr, %0" : : "r"(cpu << 22));
}

static bool vfp_is_right(uint32_t cpu)
{
    static const uint32_t last[4] = { 0x55555555, 0x55555556, 0x55555555, 0x55555555 };
    uint32_t a, b, c, d;

    __asm__ volatile("fmrrd %0, %1, d8\n\tfmrrd %2, %3, d15" : "=r"(a), "=r"(b), "=r"(c), "=r"(d));
    return a == cpu + 1 && b == ~cpu && c == ~cpu && d == cpu + 1 && third() == last[cpu];
}

static void on_irq(uint32_t iar)
{
    uint32_t cpu = cpu_id();

    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
        ticks[cpu]++;
    } else if ((iar & 0x3ff) == SGI) {
        sgis[cpu]++;
    }
}

static void take(void)
{
    uint32_t old, failed;

    do {
        __asm__ volatile("ldrex %0, [%2]\n\tcmp %0, #0\n\tstrexeq %1, %3, [%2]\n\tmovne %1, #1\n\twfene"
                         : "=&r"(old), "=&r"(failed) : "r"(&lock), "r"(1) : "cc", "memory");
    } while (failed);
    dmb();
}

static void give(void)
{
    dmb();
    lock = 0;
    dsb();
    sev();
}

static void work(uint32_t cpu, uint32_t n)
{
    uint32_t now = ticks24();

    if ((int32_t)(now - last_time[cpu]) < 0) {
        bad(cpu, BAD_CLOCK);
    }
    last_time[cpu] = now;
    take();
    if (pair[0] != ~pair[1]) {
        bad(cpu, BAD_LOCK);
    }
    pair[0] += cpu + 1;
    pair[1] = ~pair[0];
    give();
    atomic_add(&shared, cpu + 1);
    added[cpu] += cpu + 1;
    if (banks(cpu << 8, 1)) {
        bad(cpu, BAD_BANK);
    }
    if (!vfp_is_right(cpu)) {
        bad(cpu, BAD_VFP);
    }
    if ((fpscr() >> 22 & 3) != cpu || (cpsr() & 0x1f) != MODE_SVC) {
        bad(cpu, BAD_MODE);
    }
    if (CP15_READ(0, c13, c0, 2) != cpu + 77 || CP15_READ(0, c13, c0, 3) != cpu + 99) {
        bad(cpu, BAD_CP15);
    }
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t at = (n * 64 + i * 997 + cpu) % PATTERN_WORDS;

        if (pattern[at] != at * 2654435761u) {
            bad(cpu, BAD_MEMORY);
        }
    }
    if (n % 64 == 0) {
        gic_send_sgi(SGI, 1u << (cpu + 1) % num_cpus());
    }
    if (n % 128 == 0) {
        wfi();                  /* the timer ends it */
    }
}

/* CPU 1 and 2 throw a ball by WFE and SEV, besides. */
static void play(uint32_t cpu)
{
    if (cpu == 1 && ping == pong) {
        ping++;
        dsb();
        sev();
    } else if (cpu == 2 && ping != pong) {
        pong = ping;
        dsb();
        sev();
    }
}

static void begin(uint32_t cpu)
{
    banks(cpu << 8, 0);
    vfp_set(cpu);
    CP15_WRITE(0, c13, c0, 2, cpu + 77);
    CP15_WRITE(0, c13, c0, 3, cpu + 99);
    gic_init_cpu();
    irq_handle(on_irq);
    gic_enable(IRQ_TWD, 0xa0, 0);
    gic_enable(SGI, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, PERIOD_US * 100);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    last_time[cpu] = ticks24();
    irq_enable();
}

static void end(void)
{
    irq_disable();
    wr32(TWD_BASE + TWD_CONTROL, 0);
}

static void others(uint32_t cpu)
{
    begin(cpu);
    for (uint32_t n = 0; !stop; n++) {
        work(cpu, n);
        play(cpu);
    }
    end();
}

static void rounds(uint32_t cpu)
{
    begin(cpu);
    for (uint32_t round = 1; !stop; round++) {
        for (uint32_t n = 0; n < WORK; n++) {
            work(cpu, n);
        }
        print("round %u\n", round);
        while (!(rd32(UART0_BASE + UART_FR) & UART_FR_RXFE)) {
            stop |= (rd32(UART0_BASE + UART_DR) & 0xff) == 'e';
        }
    }
    end();
}

static void job(uint32_t cpu)
{
    if (cpu == 0) {
        rounds(cpu);
    } else {
        others(cpu);
    }
}

int test_main(void)
{
    uint32_t sum = 0;

    pattern = heap_alloc(PATTERN_WORDS * 4, 4096);
    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        pattern[i] = i * 2654435761u;
    }
    pair[1] = ~pair[0];
    gic_init();
    smp_start();
    run_all(num_cpus(), job);
    for (unsigned i = 0; i < num_cpus(); i++) {
        print("# CPU %u: %u ticks, %u interrupts from its neighbour\n", i, ticks[i], sgis[i]);
        ok_eq(what[i], 0, "all was as it must be");
        ok(ticks[i] > 0, "its timer went");
        sum += added[i];
    }
    ok_eq(shared, sum, "no addition is lost");
    ok_eq(pair[0], sum, "none under the lock");
    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        if (pattern[i] != i * 2654435761u) {
            ok_eq(pattern[i], i * 2654435761u, "memory is as it was");
            break;
        }
    }
    return 0;
}
