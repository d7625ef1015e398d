/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX, STREX and SWP on what is not RAM: a device's registers, flash, addresses of nothing. STREX succeeds there as
 * in memory, writes once and does not read; another CPU's write to the same place ends the reservation. Programs
 * without an operating system keep locks there.
 * guest-test: modes=unified,separate,single,interp,icount cpus=1,2,4 timeout=60
 */
#include "runtime.h"

#define LDREX(op, p) ({ uint32_t v_; __asm__ volatile(op " %0, [%1]" : "=r"(v_) : "r"(p) : "memory"); v_; })
#define STREX(op, p, v) ({ uint32_t f_; \
    __asm__ volatile(op " %0, %1, [%2]" : "=&r"(f_) : "r"(v), "r"(p) : "memory"); f_; })
#define SWP(op, p, v) ({ uint32_t o_; \
    __asm__ volatile(op " %0, %1, [%2]" : "=&r"(o_) : "r"(v), "r"(p) : "memory"); o_; })

enum {
    NOTHING = 0x50000000, FLASH = 0x40000000,
    SYS_CLCD = SYSCTL_BASE + 0x50,
    TIMER_BGLOAD = SP804_01_BASE + 0x18,
    PAIR = UART1_BASE + UART_FBRD,              /* a doubleword of two registers: FBRD, LCR_H */
    LOOP = 0x80 | 0x100 | 0x200 | 1,            /* UARTCR: loop-back, both directions, on */
    ROUNDS = 200,
};

static uint64_t ldrexd(uint32_t p)
{
    register uint32_t lo __asm__("r2"), hi __asm__("r3");

    __asm__ volatile("ldrexd %0, %1, [%2]" : "=r"(lo), "=r"(hi) : "r"(p) : "memory");
    return (uint64_t)hi << 32 | lo;
}

static uint32_t strexd(uint32_t p, uint64_t v)
{
    register uint32_t lo __asm__("r2") = (uint32_t)v, hi __asm__("r3") = (uint32_t)(v >> 32);
    uint32_t failed;

    __asm__ volatile("strexd %0, %1, %2, [%3]" : "=&r"(failed) : "r"(lo), "r"(hi), "r"(p) : "memory");
    return failed;
}

static void rules(void)
{
    uint32_t word = 0;

    wr32(SYS_LED, 0x11);
    ok_eq(LDREX("ldrex", SYS_LED), 0x11, "ldrex reads the register");
    ok_eq(STREX("strex", SYS_LED, 0x22), 0, "strex succeeds");
    ok_eq(rd32(SYS_LED), 0x22, "and writes");
    ok_eq(STREX("strex", SYS_LED, 0x33), 1, "a second strex fails");
    ok_eq(rd32(SYS_LED), 0x22, "and does not write");
    LDREX("ldrex", SYS_LED);
    __asm__ volatile("clrex" : : : "memory");
    ok_eq(STREX("strex", SYS_LED, 0x33), 1, "strex after clrex fails");
    LDREX("ldrex", SYS_LED);
    ok_eq(STREX("strex", NOTHING, 0x33), 1, "strex to another address fails");
    ok_eq(STREX("strex", SYS_LED, 0x33), 1, "and ends the reservation");
    LDREX("ldrex", SYS_LED);
    ok_eq(STREX("strex", &word, 0x33), 1, "strex to memory fails");
    LDREX("ldrex", &word);
    ok_eq(STREX("strex", SYS_LED, 0x33), 1, "strex to a device after ldrex of memory fails");
    LDREX("ldrex", SYS_LED);
    LDREX("ldrex", &word);
    ok_eq(STREX("strex", &word, 0x44), 0, "only the last ldrex counts");
    ok(word == 0x44 && rd32(SYS_LED) == 0x22, "and only it is stored to");
    LDREX("ldrexb", SYS_LED);
    ok_eq_ours(STREX("strex", SYS_LED, 0x33), 1, "another size fails");
    LDREX("ldrex", SYS_LED);
    wr32(SYS_CLCD, 0);
    word = rd32(SYS_24MHZ);
    ok_eq(STREX("strex", SYS_LED, 0x44), 0, "other registers in between do not matter");
    ok_eq(rd32(SYS_LED), 0x44, "written");
    wr32(SYS_LED, 0);
}

static void sizes(void)
{
    wr32(UART1_BASE + UART_IBRD, 0x1234);
    ok_eq(LDREX("ldrexh", UART1_BASE + UART_IBRD), 0x1234, "ldrexh reads a register");
    ok_eq(STREX("strexh", UART1_BASE + UART_IBRD, 0x4321), 0, "strexh succeeds");
    ok_eq(rd32(UART1_BASE + UART_IBRD), 0x4321, "and writes it");
    wr32(UART1_BASE + UART_FBRD, 5);
    ok_eq(LDREX("ldrexb", UART1_BASE + UART_FBRD), 5, "ldrexb reads a register");
    ok_eq(STREX("strexb", UART1_BASE + UART_FBRD, 0x3f), 0, "strexb succeeds");
    ok_eq(rd32(UART1_BASE + UART_FBRD), 0x3f, "and writes it");
    wr32(UART1_BASE + UART_FBRD, 0x15);
    wr32(UART1_BASE + UART_LCRH, 0x60);
    ok(ldrexd(PAIR) == 0x6000000015ull, "ldrexd reads two registers");
    ok_eq(strexd(PAIR, 0x700000002aull), 0, "strexd succeeds");
    ok(rd32(UART1_BASE + UART_FBRD) == 0x2a && rd32(UART1_BASE + UART_LCRH) == 0x70, "and writes both");
    ok_eq(strexd(PAIR, 0), 1, "a second strexd fails");
    wr32(SYS_LED, 0x55);
    ok_eq(SWP("swp", SYS_LED, 0x66), 0x55, "swp gives what was there");
    ok_eq(rd32(SYS_LED), 0x66, "and writes");
    ok_eq(SWP("swpb", SYS_LED, 0x77), 0x66, "swpb gives what was there");
    ok_eq(rd32(SYS_LED), 0x77, "and writes");
    wr32(SYS_LED, 0);
}

/* Each write of UARTDR is a character that comes back, each read takes one. */
static void once(void)
{
    unsigned n = 0;

    wr32(UART1_BASE + UART_CR, 0);
    wr32(UART1_BASE + UART_IBRD, 1);
    wr32(UART1_BASE + UART_LCRH, 0x70);
    wr32(UART1_BASE + UART_CR, LOOP);
    wr32(UART1_BASE + UART_DR, 'a');
    wr32(UART1_BASE + UART_DR, 'b');
    (void)WAIT_UNTIL(!(rd32(UART1_BASE + UART_FR) & UART_FR_BUSY), 1000000);
    ok_eq_ours(LDREX("ldrex", UART1_BASE + UART_DR), 'a', "ldrex reads once");
    ok_eq_ours(STREX("strex", UART1_BASE + UART_DR, 'c'), 0, "strex succeeds, though the register shows another value");
    ok_eq(STREX("strex", UART1_BASE + UART_DR, 'd'), 1, "a strex without ldrex fails");
    (void)WAIT_UNTIL(!(rd32(UART1_BASE + UART_FR) & UART_FR_BUSY), 1000000);
    ok_eq_ours(rd32(UART1_BASE + UART_DR), 'b', "and has not read");
    ok_eq_ours(rd32(UART1_BASE + UART_DR), 'c', "it has written");
    while (!(rd32(UART1_BASE + UART_FR) & UART_FR_RXFE) && n < 100) {
        (void)rd32(UART1_BASE + UART_DR);
        n++;
    }
    ok_eq(n, 0, "once");
    wr32(UART1_BASE + UART_CR, 0);
}

static void places(void)
{
    LDREX("ldrex", NOTHING);
    ok_eq(STREX("strex", NOTHING, 1), 0, "where nothing is strex succeeds");
    ok_eq(STREX("strex", NOTHING, 1), 1, "once");
    (void)SWP("swp", NOTHING, 1);
    LDREX("ldrex", FLASH);
    ok_eq(STREX("strex", FLASH, 0xff00ff), 0, "a command to the flash by strex");
    ok_eq(STREX("strex", FLASH, 0xff00ff), 1, "and no second one");
    uint32_t first = rd32(FLASH);
    wr32(FLASH, 0x900090);
    LDREX("ldrex", FLASH);
    ok_eq(STREX("strex", FLASH, 0xff00ff), 0, "the same while it shows its identity");
    ok_eq(rd32(FLASH), first, "which it does not any more");
    LDREX("ldrexb", TIMER_BGLOAD);
    ok_eq(STREX("strexb", TIMER_BGLOAD, 0), 0, "a timer");
    LDREX("ldrex", GICC_PMR);
    ok_eq(STREX("strex", GICC_PMR, 0xf0), 0, "the interrupt controller");
}

/* ---- other CPUs ---- */

enum { STORE, SAME, BYTE, ACROSS, EXCLUSIVE, EXCHANGE, LOAD, RESERVE, ELSEWHERE, KINDS };
static const struct {
    const char *name;
    bool ends, differs;
} kinds[KINDS] = {
    { "another CPU's store", true, true }, { "another CPU's store of the same value", true, false },
    { "another CPU's store of a byte", true, true }, { "another CPU's store that is not aligned", true, true },
    { "another CPU's strex", true, true },
    { "another CPU's swp", true, true }, { "another CPU's load", false, false },
    { "another CPU's ldrex", false, false }, { "another CPU's store to another register", false, false },
};

static void meddle(uint32_t kind)
{
    switch (kind) {
    case STORE:
        wr32(SYS_LED, 2);
        break;
    case SAME:
        wr32(SYS_LED, 1);
        break;
    case BYTE:
        wr8(SYS_LED, 2);
        break;
    case ACROSS:
        /* Its third byte is the LEDs' first. */
        __asm__ volatile("str %0, [%1]" : : "r"(0x20000), "r"(SYS_LED - 2) : "memory");
        break;
    case EXCLUSIVE:
        LDREX("ldrex", SYS_LED);
        (void)STREX("strex", SYS_LED, 2);
        break;
    case EXCHANGE:
        (void)SWP("swp", SYS_LED, 2);
        break;
    case LOAD:
        (void)rd32(SYS_LED);
        break;
    case RESERVE:
        LDREX("ldrex", SYS_LED);
        break;
    default:
        wr32(SYS_CLCD, 2);
        break;
    }
}

static void others(void)
{
    for (uint32_t kind = 0; kind < KINDS; kind++) {
        wr32(SYS_LED, 1);
        LDREX("ldrex", SYS_LED);
        run_on(num_cpus() - 1, meddle, kind);
        wait_for(num_cpus() - 1);
        uint32_t failed = STREX("strex", SYS_LED, 3), now = rd32(SYS_LED);
        bool good = failed == kinds[kind].ends && now == (failed ? 1u + kinds[kind].differs : 3);

        (kind == SAME || kind == ACROSS ? ok_ours : ok)(good, kinds[kind].name);
    }
}

static uint32_t counter;

static void count(uint32_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (STREX("strex", SYS_LED, (LDREX("ldrex", SYS_LED) + 1) & 0xff)) {
        }
    }
}

/* A lock in a register, given up by a plain store. */
static void lock_and_count(uint32_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (LDREX("ldrex", SYS_LED) || STREX("strex", SYS_LED, 1)) {
        }
        dmb();
        *(volatile uint32_t *)&counter = counter + 1;
        dmb();
        wr32(SYS_LED, 0);
    }
}

static void swap_and_count(uint32_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (SWP("swp", SYS_LED, 1)) {
        }
        dmb();
        *(volatile uint32_t *)&counter = counter + 1;
        dmb();
        wr32(SYS_LED, 0);
    }
}

static void all_together(void)
{
    unsigned n = num_cpus();

    wr32(SYS_LED, 0);
    run_all(n, count);
    ok_eq(rd32(SYS_LED), n * ROUNDS & 0xff, "counting in a register");
    wr32(SYS_LED, 0);
    counter = 0;
    run_all(n, lock_and_count);
    ok_eq(counter, n * ROUNDS, "a lock in a register");
    counter = 0;
    run_all(n, swap_and_count);
    ok_eq(counter, n * ROUNDS, "the same by swp");
}

int test_main(void)
{
    gic_init();
    rules();
    sizes();
    once();
    places();
    if (num_cpus() > 1) {
        smp_start();
        others();
    }
    all_together();
    return 0;
}
