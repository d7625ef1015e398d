/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance monitor: instructions, branches and accesses are counted one by one, cycles by the time, an overflow
 * interrupts the CPU that it belongs to.
 * guest-test: modes=unified,separate,single,interp,icount cpus=1,4 oracle=no
 */
#include "runtime.h"

enum { ENABLE = 1, RESET = 6, IRQ_PMU0 = 49, FLAGS = 0x700 };
enum { BRANCHES = 5, INSNS = 8, LOADS = 10, STORES = 12, ACCESSES = 0x11, CYCLES = 0xff };
enum { IEN1 = 1 << 5, IENC = 1 << 6, FLAG1 = 1 << 9, FLAGC = 1 << 10 };

#define PMNC_SET(v)     CP15_WRITE(0, c15, c12, 0, v)
#define PMNC()          CP15_READ(0, c15, c12, 0)
#define CCNT_SET(v)     CP15_WRITE(0, c15, c12, 1, v)
#define CCNT()          CP15_READ(0, c15, c12, 1)
#define COUNT1_SET(v)   CP15_WRITE(0, c15, c12, 3, v)

static volatile uint32_t came[MAX_CPUS], flags_seen[MAX_CPUS];

static void on_interrupt(uint32_t iar)
{
    uint32_t cpu = cpu_id();

    if ((iar & 0x3ff) == IRQ_PMU0 + cpu) {
        flags_seen[cpu] |= PMNC();
        PMNC_SET((PMNC() & 0xfffff0ff & ~(IEN1 | IENC)) | FLAGS);
        came[cpu]++;
    }
}

/* The number of instructions between two reads of a counter. */
#define COUNT(code) ({ \
    uint32_t a_, b_; \
    asm volatile("mrc p15, 0, %0, c15, c12, 2\n" code "\nmrc p15, 0, %1, c15, c12, 2" \
                 : "=&r"(a_), "=&r"(b_) : : "r12", "cc", "memory"); \
    b_ - a_ - 1; })

static void instructions(void)
{
    bool good = true;

    PMNC_SET(ENABLE | RESET | INSNS << 20);
    ok_eq(COUNT(""), 0, "none");
    ok_eq(COUNT("nop\nnop\nnop\nnop\nnop"), 5, "five");
    ok_eq(COUNT("cmp r12, r12\naddne r12, r12, #1\naddne r12, r12, #1\nsubeq r12, r12, #1\nnop"), 5,
          "some of which do nothing, as their condition says");
    ok_eq(COUNT("mov r12, #100\n1: subs r12, r12, #1\nbne 1b"), 201, "a loop");
    ok_eq(COUNT("mov r12, pc\nb 1f\nnop\n1: add r12, r12, #16\nbx r12\nnop"), 4, "a jump, and one by a register");
    for (unsigned i = 0; i < 1000; i++) {
        good &= COUNT("nop\nnop\nnop") == 3;
    }
    ok(good, "again and again");
    PMNC_SET(0);
    ok_eq(COUNT("nop"), (uint32_t)-1, "switched off: none");
    PMNC_SET(ENABLE | RESET | 2 << 20);
    ok_eq(COUNT("nop"), (uint32_t)-1, "an event that does not occur here");
    PMNC_SET(0);
}

/* The number of events in some code, which uses r12 and may read and write at `memory`. */
static uint64_t memory[16];
#define EVENTS(event, code) ({ \
    uint32_t a_, b_; \
    PMNC_SET(ENABLE | RESET | (event) << 20); \
    asm volatile("mrc p15, 0, %0, c15, c12, 2\n" code "\nmrc p15, 0, %1, c15, c12, 2" \
                 : "=&r"(a_), "=&r"(b_) : "r"(memory) : "r12", "lr", "r2", "r3", "r4", "r5", "cc", "memory"); \
    PMNC_SET(0); \
    b_ - a_; })

#define SOME_ACCESSES \
    "ldr r12, [%2]\nldrb r12, [%2, #5]\nldrsh r12, [%2, #6]\nstr r12, [%2]\nstrh r12, [%2, #2]\n" \
    "ldm %2, {r2, r3, r4, r5}\nstm %2, {r2, r3, r4}\nldrd r2, r3, [%2]\nstrd r2, r3, [%2, #8]\n" \
    "cmp r12, r12\nldrne r12, [%2]\nstreq r12, [%2]\nldrex r12, [%2]\nstrex r2, r12, [%2]\nldr r12, 1f\nb 2f\n" \
    "1: .word 0\n2:"

static void other_events(void)
{
    ok_eq(EVENTS(LOADS, SOME_ACCESSES), 11, "loads: each of a list, none whose condition fails");
    ok_eq(EVENTS(STORES, SOME_ACCESSES), 9, "stores");
    ok_eq(EVENTS(ACCESSES, SOME_ACCESSES), 20, "both");
    ok_eq(EVENTS(BRANCHES, SOME_ACCESSES), 1, "branches: one");
    ok_eq(EVENTS(BRANCHES, "mov r12, #100\n1: subs r12, r12, #1\nbne 1b"), 100, "of a loop, with that not taken");
    ok_eq(EVENTS(BRANCHES, "bl 1f\nb 2f\n1: bx lr\n2: ldr pc, 3f\n3: .word 4f\n4:"), 3,
          "calls and returns, no other writes of PC");
    ok_eq(EVENTS(BRANCHES, "add r12, pc, #1\nbx r12\n.thumb\nbl 1f\nb 2f\n1: bx lr\n2: cmp r2, r2\nbne 2b\n"
                 "bx pc\nnop\n.arm"), 6, "Thumb: a call is one");
    ok_eq(EVENTS(INSNS, "add r12, pc, #1\nbx r12\n.thumb\nbl 1f\nb 2f\n1: bx lr\n2: bx pc\nnop\n.arm"), 8,
          "Thumb: the halves of a call are two instructions");
}

static void cycles(void)
{
    uint32_t begin, c, us;

    begin = ticks24();
    PMNC_SET(ENABLE | RESET | CYCLES << 12);
    delay_us(20000);
    c = CCNT();
    us = us_since(begin);
    ok(c >= 20000 * 400 && c / 400 <= us + 1, "400 cycles are a microsecond");
    ok(CP15_READ(0, c15, c12, 3) >= c, "an event counter counts them, too");
    PMNC_SET(0);
}

static void overflow(uint32_t cpu)
{
    uint32_t n = 0;

    irq_handle(on_interrupt);
    gic_enable(IRQ_PMU0 + cpu, 0x80, 1u << cpu);
    COUNT1_SET(-10000);
    CCNT_SET(0);
    PMNC_SET(ENABLE | IEN1 | INSNS << 12 | FLAGS);
    irq_enable();
    while (!came[cpu] && n < 2000000000u) {
        n++;
    }
    PMNC_SET(0);
    CCNT_SET(-400);
    PMNC_SET(ENABLE | IENC | FLAGS);
    while (came[cpu] < 2 && n < 2000000000u) {
        n++;
    }
    irq_disable();
    PMNC_SET(FLAGS);
}

int test_main(void)
{
    bool good = true;

    gic_init();
    instructions();
    other_events();
    cycles();
    smp_start();
    run_all(num_cpus(), overflow);
    for (unsigned i = 0; i < num_cpus(); i++) {
        good &= came[i] == 2 && (flags_seen[i] & FLAGS) == (FLAG1 | FLAGC);
    }
    ok(good, "overflows of instructions and of cycles interrupt each CPU for itself");
    return 0;
}
