/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identification and control registers as a guest sees them: what operating systems decide by, reset values, which bits
 * stick, banking per CPU; status and control registers of the board (ARM DDI 0360 3.4, ARM DUI 0303).
 * guest-test: cpus=1,2,3,4 start=entry,pen
 */
#include "runtime.h"

static volatile uint32_t ids[MAX_CPUS], mine[MAX_CPUS];

static void identification(void)
{
    unsigned n = num_cpus();

    ok_eq(CP15_READ(0, c0, c0, 0), 0x410fb022, "main ID");
    ok_eq(CP15_READ(0, c0, c0, 1), 0x1d192992, "cache type");
    ok_eq(CP15_READ(0, c0, c0, 2), 0, "TCM type");
    ok_eq(CP15_READ(0, c0, c0, 3), 0, "TLB type");
    ok_eq(CP15_READ(0, c0, c0, 5), 0, "CPU ID of CPU 0");
    ok_eq(CP15_READ(0, c0, c1, 0), 0x111, "processor features 0");
    ok_eq(CP15_READ(0, c0, c1, 1), 0x1, "processor features 1");
    ok_eq(CP15_READ(0, c0, c1, 4), 0x01100103, "memory model features 0");
    ok_eq(CP15_READ(0, c0, c1, 5), 0x10020302, "memory model features 1");
    ok_eq(CP15_READ(0, c0, c1, 6), 0x01222000, "memory model features 2");
    ok_eq(CP15_READ(0, c0, c1, 7), 0, "memory model features 3: no maintenance broadcast");
    ok_eq(CP15_READ(0, c0, c2, 0), 0x00100011, "instruction set attributes 0");
    ok_eq(CP15_READ(0, c0, c2, 3), 0x01102131, "instruction set attributes 3");
    ok_eq(CP15_READ(0, c0, c2, 4), 0x141, "instruction set attributes 4");
    ok_eq(rd32(SCU_BASE + 4), ((1u << n) - 1) << 4 | (n - 1), "SCU configuration");
    ok_eq(rd32(SYS_ID) >> 16, 0xc140, "board ID");
    ok_eq(rd32(SYS_PROCID0) >> 24, 6, "core tile ID");
}

static void storage(void)
{
    CP15_WRITE(0, c13, c0, 2, 0x11112222);
    CP15_WRITE(0, c13, c0, 3, 0x33334444);
    ok(CP15_READ(0, c13, c0, 2) == 0x11112222 && CP15_READ(0, c13, c0, 3) == 0x33334444, "thread ID registers");
    CP15_WRITE(0, c13, c0, 1, 0xabcdef12);
    ok_eq(CP15_READ(0, c13, c0, 1), 0xabcdef12, "context ID");
    CP15_WRITE(0, c13, c0, 1, 0);
    CP15_WRITE(0, c2, c0, 0, 0x00abc00a);
    ok_eq(CP15_READ(0, c2, c0, 0), 0x00abc00a, "translation table base 0 with its attributes");
    CP15_WRITE(0, c2, c0, 2, 0xffffffff);
    ok_eq(CP15_READ(0, c2, c0, 2), 7, "translation table base control has three bits");
    CP15_WRITE(0, c2, c0, 2, 0);
    CP15_WRITE(0, c3, c0, 0, 0x12345678);
    ok_eq(CP15_READ(0, c3, c0, 0), 0x12345678, "domain access control");
    CP15_WRITE(0, c5, c0, 0, 0x80d);
    CP15_WRITE(0, c5, c0, 1, 0x7);
    CP15_WRITE(0, c6, c0, 0, 0x1234567);
    ok(CP15_READ(0, c5, c0, 0) == 0x80d && CP15_READ(0, c5, c0, 1) == 7 && CP15_READ(0, c6, c0, 0) == 0x1234567,
       "fault status and address are writable");
    CP15_WRITE(0, c1, c0, 2, 0xffffffff);
    ok_eq(CP15_READ(0, c1, c0, 2) & 0x3fffffff, 0x00f00000, "coprocessor access: only the VFP's fields");
    CP15_WRITE(0, c1, c0, 2, 0);
    /* Cache maintenance Linux does at boot: all accepted. */
    exc_expect();
    CP15_WRITE(0, c7, c7, 0, 0);
    CP15_WRITE(0, c7, c10, 0, 0);
    CP15_WRITE(0, c7, c14, 0, 0);
    CP15_WRITE(0, c7, c15, 0, 0);
    CP15_WRITE(0, c7, c5, 0, 0);
    CP15_WRITE(0, c7, c6, 0, 0);
    CP15_WRITE(0, c15, c12, 0, 7);
    (void)CP15_READ(0, c15, c12, 1);
    ok_eq(exc_seen(), 0, "cache maintenance and performance monitor are accepted");
    uint32_t begin = CP15_READ(0, c15, c12, 1);
    delay_us(100);
    ok_ours(CP15_READ(0, c15, c12, 1) - begin > 1000, "the cycle counter counts");
}

static void board(void)
{
    wr32(SYS_LED, 0xa5);
    ok_eq(rd32(SYS_LED) & 0xff, 0xa5, "LEDs read back");
    wr32(SYS_FLAGSCLR, 0xffffffff);
    wr32(SYS_FLAGSSET, 0x0f);
    wr32(SYS_FLAGSSET, 0xf0);
    ok_eq(rd32(SYS_FLAGSSET), 0xff, "flags are set bit by bit");
    wr32(SYS_FLAGSCLR, 0x3c);
    ok_eq(rd32(SYS_FLAGSSET), 0xc3, "and cleared");
    wr32(SYS_FLAGSCLR, 0xffffffff);
    exc_expect();
    (void)rd32(0x3ff00000);
    wr32(0x3ff00000, 1);
    (void)rd32(0x10008000);
    (void)rd8(0x10003001);
    ok_eq(exc_seen(), 0, "absent devices read as something and abort nobody");
}

static void look(uint32_t cpu)
{
    ids[cpu] = CP15_READ(0, c0, c0, 5);
    CP15_WRITE(0, c13, c0, 3, 0x1000 + cpu);
    CP15_WRITE(0, c3, c0, 0, cpu);
    mine[cpu] = CP15_READ(0, c13, c0, 3) + CP15_READ(0, c3, c0, 0);
}

int test_main(void)
{
    identification();
    storage();
    board();
    smp_start();
    run_all(num_cpus(), look);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        ok_eq(ids[cpu], cpu, "CPU ID");
        ok_eq(mine[cpu], 0x1000 + 2 * cpu, "registers of its own");
    }
    return 0;
}
