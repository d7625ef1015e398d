/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers: registers, pending rules, priorities, SGIs, cascade, and all CPUs hammering at once. */
#include <pthread.h>
#include "device-stubs.h"
#include "hw/intc/gic.h"

enum { CPUIF = 0x10100100, DIST = 0x10101000, FPGA = 0x10040000, FPGA_DIST = FPGA + 0x1000, CPUS = 4 };
enum { CTLR = 0, PMR = 4, BPR = 8, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18 };
enum { SPURIOUS = 1023 };

static GICState *gic;

static uint32_t cpuif(unsigned cpu, uint32_t reg)
{
    return reg_read_as(cpu, CPUIF + reg, 4);
}

static void set_cpuif(unsigned cpu, uint32_t reg, uint32_t v)
{
    reg_write_as(cpu, CPUIF + reg, v, 4);
}

static uint32_t dist(unsigned cpu, uint32_t reg)
{
    return reg_read_as(cpu, DIST + reg, 4);
}

static void set_dist(unsigned cpu, uint32_t reg, uint32_t v)
{
    reg_write_as(cpu, DIST + reg, v, 4);
}

static void prio(unsigned id, unsigned p)
{
    reg_write_as(0, DIST + 0x400 + id, p, 1);
}

/* As Linux leaves it: everything enabled at 0xA0, shared interrupts to CPU 0. */
static void setup(void)
{
    bench_reset();
    set_dist(0, 0, 1);
    for (unsigned c = 0; c < CPUS; c++) {
        for (unsigned i = 0; i < 32; i += 4) {
            set_dist(c, 0x400 + i, 0xa0a0a0a0);
        }
        set_dist(c, 0x100, 0xffffffff);
        set_cpuif(c, PMR, 0xf0);
        set_cpuif(c, CTLR, 1);
    }
    for (unsigned i = 32; i < 64; i += 4) {
        set_dist(0, 0x400 + i, 0xa0a0a0a0);
        set_dist(0, 0x800 + i, 0x01010101);
    }
    set_dist(0, 0x104, 0xffffffff);
}

static void test_reset_values(void)
{
    static const struct { uint32_t reg, want; } regs[] = {
        { 0x000, 0 }, { 0x004, 0x61 }, { 0x008, 0x43b }, { 0x100, 0xffff }, { 0x104, 0 }, { 0x180, 0xffff },
        { 0x200, 0 }, { 0x300, 0 }, { 0x380, 0 }, { 0x400, 0 }, { 0x800, 0 }, { 0x81c, 0x01010100 }, { 0x820, 0 },
        { 0xc00, 0xaaaaaaaa }, { 0xc04, 0 }, { 0xd00, 0 }, { 0xf00, 0 }, { 0xfe0, 0x90 }, { 0xfe4, 0x13 },
        { 0xfe8, 0x04 }, { 0xfec, 0 }, { 0xff0, 0x0d }, { 0xff4, 0xf0 }, { 0xff8, 0x05 }, { 0xffc, 0xb1 },
    };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        ok_eq(dist(0, regs[i].reg), regs[i].want, "distributor 0x%03x at reset", regs[i].reg);
    }
    ok_eq(dist(3, 0x81c), 0x08080800, "CPU 3 sees its own mask in ITARGETSR");
    ok_eq(cpuif(0, PMR), 0xf0, "PMR at reset");
    ok_eq(cpuif(0, BPR), 3, "BPR at reset");
    ok_eq(cpuif(0, RPR), 0xf0, "RPR idle");
    ok_eq(cpuif(0, IAR), SPURIOUS, "IAR idle");
    ok_eq(cpuif(0, HPPIR), SPURIOUS, "HPPIR idle");
    ok_eq(cpuif(0, 0xfc), 0, "no CPU interface ID");
}

static void test_registers(void)
{
    setup();
    set_dist(0, 0x180, 0xffffffff);
    ok_eq(dist(0, 0x100), 0xffff, "SGIs cannot be disabled");
    ok_eq(dist(1, 0x100), 0xffffffff, "enables of private interrupts are banked");
    prio(33, 0xff);
    ok_eq(dist(0, 0x420), 0xa0a0f0a0, "byte write to a priority; four bits stick");
    reg_write_as(0, DIST + 0x821, 0xff, 1);
    ok_eq(dist(0, 0x820), 0x0101ff01, "byte write to a target; all bits stick");
    ok_eq(reg_read_as(0, DIST + 0x821, 1), 0xff, "byte read of a target");
    reg_write_as(0, DIST + 0x185, 0x01, 1);
    ok_eq(dist(0, 0x104), 0xfffffeff, "byte write to a clear-enable register");
    set_dist(0, 0xc00, 0);
    ok_eq(dist(0, 0xc00), 0xaaaaaaaa, "SGI configuration is fixed");
    set_dist(0, 0xc0c, 0xc0000001);
    ok_eq(dist(0, 0xc0c), 0xc0000001, "SPI configuration sticks, edge and model");
    set_dist(0, 0x200, 0xffffffff);
    ok_eq(dist(0, 0x200), 0xffff0000, "SGIs are not made pending by ISPENDR");
    set_dist(0, 0x280, 0xffffffff);
    ok_eq(dist(0, 0x200), 0, "ICPENDR clears what software pended");
    set_dist(0, 0x380, 0xffffffff);
    ok_eq(dist(0, 0x380), 0, "no clear-active registers");
    ok_eq(reg_read_as(0, DIST + 0x402, 4), 0, "unaligned read gives 0");
    reg_write_as(0, DIST + 0xffd, 1, 4);
    reg_write_as(0, DIST + 0x7fe, 1, 4);
    set_cpuif(0, PMR, 0xff);
    ok_eq(cpuif(0, PMR), 0xf0, "PMR has four bits");
    set_cpuif(0, BPR, 0);
    ok_eq(cpuif(0, BPR), 3, "BPR cannot go below 3");
    ok_eq(rd(0x10100200 + PMR), 0xf0, "CPU 0's interface by its frame");
    ok_eq(reg_read_as(2, 0x10100300 + CTLR, 4), 1, "CPU 1's interface read by CPU 2");
}

static void test_level(void)
{
    setup();
    gic_set_spi(gic, 36, 1);
    ok_eq(bench_cpu_irq[0], 1, "a line interrupts its target");
    ok_eq(bench_cpu_irq[1], 0, "and nobody else");
    ok_eq(dist(0, 0x204), 1 << 4, "it is pending");
    ok_eq(dist(0, 0xd04), 1 << 4, "its level is visible");
    gic_set_spi(gic, 36, 0);
    ok_eq(bench_cpu_irq[0], 1, "level-is-latched: a line that drops before the acknowledge stays pending");
    ok_eq(cpuif(0, IAR), 36, "level-is-latched: and is acknowledged");
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 0, "level-is-latched: once");

    gic_set_spi(gic, 36, 1);
    ok_eq(cpuif(0, IAR), 36, "acknowledge");
    ok_eq(bench_cpu_irq[0], 0, "not signalled again while active");
    ok_eq(dist(0, 0x304), 1 << 4, "active");
    ok_eq(cpuif(0, RPR), 0xa0, "running priority");
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 1, "line still high after the end: interrupts again");
    ok_eq(cpuif(0, IAR), 36, "again");
    gic_set_spi(gic, 36, 0);
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 0, "served");

    /* handle_level_irq: mask, end, serve, unmask */
    gic_set_spi(gic, 36, 1);
    cpuif(0, IAR);
    set_dist(0, 0x184, 1 << 4);
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 0, "masked");
    set_dist(0, 0x104, 1 << 4);
    ok_eq(bench_cpu_irq[0], 1, "unmasked with the line high");
    set_dist(0, 0x284, 1 << 4);
    ok_eq(bench_cpu_irq[0], 0, "level-is-latched: ICPENDR hides a high line");
    set_dist(0, 0x104, 1 << 4);
    ok_eq(bench_cpu_irq[0], 1, "level-is-latched: until its enable is written");
    set_dist(0, 0x284, 1 << 4);
    gic_set_spi(gic, 36, 0);
    gic_set_spi(gic, 36, 1);
    ok_eq(bench_cpu_irq[0], 1, "level-is-latched: or it rises again");
    gic_set_spi(gic, 36, 0);
    set_dist(0, 0x284, 1 << 4);

    set_dist(0, 0x184, 1 << 4);
    gic_set_spi(gic, 36, 1);
    ok_eq(dist(0, 0x204), 0, "level-is-latched: not while it is disabled");
    gic_set_spi(gic, 36, 0);
    set_dist(0, 0x104, 1 << 4);
    ok_eq(dist(0, 0x204), 0, "level-is-latched: nothing is left of that");
    gic_set_spi(gic, 36, 1);
    set_dist(0, 0x184, 1 << 4);
    gic_set_spi(gic, 36, 0);
    ok_eq(dist(0, 0x204), 1 << 4, "level-is-latched: disabled while pending, it stays so");
    set_dist(0, 0x104, 1 << 4);
    ok_eq(cpuif(0, IAR), 36, "level-is-latched: and comes when it is enabled");
    gic_set_spi(gic, 36, 1);
    gic_set_spi(gic, 36, 0);
    ok(dist(0, 0x204) == 1 << 4 && !bench_cpu_irq[0], "level-is-latched: a rise while it is active waits");
    set_cpuif(0, EOIR, 36);
    ok_eq(cpuif(0, IAR), 36, "level-is-latched: for the end");
    set_cpuif(0, EOIR, 36);

    set_dist(0, 0x204, 1 << 5);
    ok_eq(cpuif(0, IAR), 37, "pended by software");
    set_cpuif(0, EOIR, 37);
    ok_eq(bench_cpu_irq[0], 0, "once");

    reg_write_as(0, DIST + 0x824, 0, 1);
    gic_set_spi(gic, 36, 1);
    ok(!bench_cpu_irq[0] && !dist(0, 0x204), "no target, no interrupt");
    reg_write_as(0, DIST + 0x824, 4, 1);
    ok_eq(bench_cpu_irq[2], 1, "given to CPU 2 by a byte write");
    gic_set_spi(gic, 36, 0);
    set_dist(0, 0x284, 1 << 4);
}

static void test_edge(void)
{
    setup();
    set_dist(0, 0xc08, 2 << 8);     /* ID 36 */
    gic_set_spi(gic, 36, 1);
    gic_set_spi(gic, 36, 0);
    ok_eq(bench_cpu_irq[0], 1, "an edge is remembered");
    ok_eq(cpuif(0, IAR), 36, "taken");
    gic_set_spi(gic, 36, 1);
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 1, "an edge while active is delivered after the end");
    cpuif(0, IAR);
    set_cpuif(0, EOIR, 36);
    ok_eq(bench_cpu_irq[0], 0, "a line that stays high is no new edge");
    gic_set_spi(gic, 36, 0);
}

static void test_priority(void)
{
    setup();
    prio(40, 0x80);
    prio(41, 0x60);
    prio(42, 0xf0);
    gic_set_spi(gic, 42, 1);
    ok_eq(bench_cpu_irq[0], 0, "priority 0xF0 never passes PMR 0xF0");
    ok_eq(cpuif(0, HPPIR), 42, "but is the highest pending");
    gic_set_spi(gic, 40, 1);
    gic_set_spi(gic, 45, 1);
    ok_eq(cpuif(0, IAR), 40, "most urgent first");
    ok_eq(bench_cpu_irq[0], 0, "less urgent does not preempt");
    gic_set_spi(gic, 41, 1);
    ok_eq(bench_cpu_irq[0], 1, "more urgent preempts");
    ok_eq(cpuif(0, IAR), 41, "nested");
    ok_eq(cpuif(0, RPR), 0x60, "running priority of the inner one");
    gic_set_spi(gic, 41, 0);
    set_cpuif(0, EOIR, 41);
    ok_eq(cpuif(0, RPR), 0x80, "back to the outer one");
    gic_set_spi(gic, 40, 0);
    set_cpuif(0, EOIR, 40);
    ok_eq(cpuif(0, IAR), 45, "then the less urgent");
    set_cpuif(0, BPR, 6);           /* groups of 0x80 */
    prio(46, 0x90);
    gic_set_spi(gic, 46, 1);
    ok_eq(bench_cpu_irq[0], 0, "same group does not preempt");
    prio(46, 0x70);
    ok_eq(bench_cpu_irq[0], 1, "a more urgent group does");
    set_cpuif(0, BPR, 7);
    ok_eq(bench_cpu_irq[0], 0, "BPR 7: no preemption at all");
    gic_set_spi(gic, 45, 0);
    set_cpuif(0, EOIR, 45);
    set_cpuif(0, PMR, 0x70);
    ok_eq(bench_cpu_irq[0], 0, "masked by PMR");
    set_cpuif(0, PMR, 0x80);
    ok_eq(bench_cpu_irq[0], 1, "unmasked by PMR");
    set_cpuif(0, CTLR, 0);
    ok_eq(bench_cpu_irq[0], 0, "interface off");
    ok_eq(cpuif(0, IAR), SPURIOUS, "interface off: spurious");
    set_cpuif(0, CTLR, 1);
    set_dist(0, 0, 0);
    ok_eq(bench_cpu_irq[0], 0, "distributor off");
    set_cpuif(0, EOIR, 47);
    set_cpuif(0, EOIR, 500);
    set_cpuif(0, EOIR, SPURIOUS);
    for (unsigned i = 40; i < 48; i++) {
        gic_set_spi(gic, i, 0);
    }
}

static bool is_pending(void)
{
    return dist(0, 0x204) & 1 << 4;
}

static bool is_active(void)
{
    return dist(0, 0x304) & 1 << 4;
}

static void end_of_36(unsigned cpu)
{
    set_cpuif(cpu, EOIR, 36);
}

static void pend_36(void)
{
    set_dist(0, 0x204, 1 << 4);
}

static void test_1_n(void)
{
    setup();
    set_dist(0, 0xc08, 1 << 8);     /* ID 36: level, 1-N */
    reg_write_as(0, DIST + 0x824, 0xf, 1);
    gic_set_spi(gic, 36, 1);
    ok(bench_cpu_irq[0] && bench_cpu_irq[1] && bench_cpu_irq[2] && bench_cpu_irq[3], "all targets see it");
    ok_eq(cpuif(2, IAR), 36, "the first to acknowledge gets it");
    ok(!bench_cpu_irq[0] && !bench_cpu_irq[1] && !bench_cpu_irq[3], "the others are released");
    ok_eq(cpuif(1, IAR), SPURIOUS, "and read spurious");
    gic_set_spi(gic, 36, 0);
    end_of_36(1);
    ok(is_active(), "the end by another CPU is ignored");
    end_of_36(2);
    ok(!is_active(), "ended");
    pend_36();
    ok_eq(cpuif(3, IAR), 36, "by software the same");
    ok(!is_pending() && !bench_cpu_irq[0], "one takes it for all");
    end_of_36(3);
}

/* Each target for itself, whatever the others do. */
static void test_n_n(void)
{
    setup();
    reg_write_as(0, DIST + 0x824, 7, 1);
    pend_36();
    ok(bench_cpu_irq[0] && bench_cpu_irq[1] && bench_cpu_irq[2] && !bench_cpu_irq[3], "N-N: all targets see it");
    ok_eq(cpuif(0, IAR), 36, "N-N: one takes it");
    ok(!bench_cpu_irq[0] && bench_cpu_irq[1] && bench_cpu_irq[2], "N-N: the others still see it");
    ok_eq(cpuif(0, IAR), SPURIOUS, "N-N: not twice");
    ok_eq(cpuif(1, IAR), 36, "N-N: the second takes it");
    end_of_36(0);
    ok_eq(cpuif(0, IAR), SPURIOUS, "N-N: nor after its end");
    ok(is_pending() && is_active(), "N-N: active on one, pending on another");
    end_of_36(1);
    ok(is_pending() && !is_active(), "N-N: pending on the third");
    ok_eq(cpuif(2, IAR), 36, "N-N: the third takes it");
    ok(!is_pending() && is_active(), "N-N: pending on nobody");
    end_of_36(2);
    ok(!is_active() && !bench_cpu_irq[0] && !bench_cpu_irq[1] && !bench_cpu_irq[2], "N-N: over");

    pend_36();
    cpuif(0, IAR);
    pend_36();
    end_of_36(0);
    ok(bench_cpu_irq[0] && bench_cpu_irq[1] && bench_cpu_irq[2], "N-N: a new request is for all, two that wait merge");
    cpuif(1, IAR);
    cpuif(2, IAR);
    ok(is_pending(), "N-N: pending on the first");
    reg_write_as(0, DIST + 0x824, 6, 1);
    ok(!is_pending() && !bench_cpu_irq[0], "N-N: not once it is no target any more");
    end_of_36(1);
    end_of_36(2);
    pend_36();
    cpuif(1, IAR);
    set_dist(0, 0x284, 1 << 4);
    ok(!is_pending() && !bench_cpu_irq[2], "N-N: ICPENDR takes it from those that did not");
    end_of_36(1);

    set_dist(0, 0xc08, 2 << 8);     /* edge */
    gic_set_spi(gic, 36, 1);
    ok(cpuif(1, IAR) == 36 && cpuif(2, IAR) == 36 && !is_pending(), "N-N: an edge, for each target");
    gic_set_spi(gic, 36, 0);
    gic_set_spi(gic, 36, 1);
    ok(is_pending() && cpuif(1, IAR) == SPURIOUS, "N-N: the next edge waits for the end");
    end_of_36(1);
    end_of_36(2);
    ok(cpuif(1, IAR) == 36 && cpuif(2, IAR) == 36 && !is_pending(), "N-N: then it comes, for each target");
    gic_set_spi(gic, 36, 0);
    end_of_36(1);
    end_of_36(2);

    set_dist(0, 0xc08, 0);          /* level */
    gic_set_spi(gic, 36, 1);
    ok(cpuif(1, IAR) == 36 && bench_cpu_irq[2], "N-N: a line that is high interrupts each target");
    gic_set_spi(gic, 36, 0);
    ok(bench_cpu_irq[2] && cpuif(2, IAR) == 36, "N-N: also one that was served meanwhile");
    gic_set_spi(gic, 36, 1);
    ok(cpuif(1, IAR) == SPURIOUS && cpuif(2, IAR) == SPURIOUS, "N-N: none while it is active");
    end_of_36(1);
    ok(bench_cpu_irq[1] && !bench_cpu_irq[2], "N-N: each at its own end");
    cpuif(1, IAR);
    end_of_36(2);
    ok(bench_cpu_irq[2] && cpuif(2, IAR) == 36, "N-N: high at the end of the second");
    gic_set_spi(gic, 36, 0);
    end_of_36(2);
    end_of_36(1);
    ok(!is_pending() && !is_active() && cpuif(1, IAR) == SPURIOUS, "N-N: all served");
    pend_36();
    cpuif(1, IAR);
    bench_reset();
    setup();
    ok(!is_active() && !is_pending(), "N-N: nothing survives a reset");
    reg_write_as(0, DIST + 0x824, 6, 1);
    pend_36();
    ok(cpuif(1, IAR) == 36 && cpuif(2, IAR) == 36, "N-N: and all start anew");
    end_of_36(1);
    end_of_36(2);
}

static void test_sgi(void)
{
    setup();
    set_dist(1, 0xf00, 0x01 << 24 | 7);
    ok(bench_cpu_irq[0] && !bench_cpu_irq[1] && bench_cpu_irq[2] && bench_cpu_irq[3], "all but self");
    set_dist(2, 0xf00, 0x01 << 16 | 7);
    ok_eq(cpuif(0, IAR), 1 << 10 | 7, "source in bits 12:10, lowest first");
    ok_eq(cpuif(0, IAR), SPURIOUS, "the other source waits until the end");
    set_cpuif(0, EOIR, 1 << 10 | 7);
    ok_eq(cpuif(0, IAR), 2 << 10 | 7, "then the other source");
    set_cpuif(0, EOIR, 7);
    ok_eq(cpuif(0, IAR), SPURIOUS, "ended without the source field too");
    set_dist(3, 0xf00, 0x02 << 24 | 3);
    ok_eq(cpuif(3, IAR), 3 << 10 | 3, "to self");
    set_cpuif(3, EOIR, 3 << 10 | 3);
    ok_eq(dist(2, 0x200), 1 << 7, "SGI pending bit");
    set_dist(0, 0xf00, 0x01 << 16 | 29);
    ok_eq(cpuif(0, IAR), SPURIOUS, "SGIR sends SGIs only");
    set_dist(0, 0xf00, 0x03 << 24 | 1);
    set_dist(0, 0xf00, 0xff << 16 | 0);
    ok(bench_cpu_irq[0] && bench_cpu_irq[1], "target list with CPUs that do not exist");
    bench_reset();
    ok(!bench_cpu_irq[0] && !bench_cpu_irq[1] && !bench_cpu_irq[2] && !bench_cpu_irq[3], "reset drops the outputs");
}

static void test_ppi(void)
{
    setup();
    gic_set_ppi(gic, 1, 29, 1);
    ok(bench_cpu_irq[1] && !bench_cpu_irq[0], "a private interrupt stays private");
    ok_eq(cpuif(1, IAR), 29, "taken");
    set_cpuif(1, EOIR, 29);
    ok_eq(bench_cpu_irq[1], 0, "private: a line still high after the end does not count again");
    gic_set_ppi(gic, 1, 29, 0);
    gic_set_ppi(gic, 1, 29, 1);
    gic_set_ppi(gic, 1, 29, 0);
    ok_eq(cpuif(1, IAR), 29, "level-is-latched: a private one too");
    set_cpuif(1, EOIR, 29);
    ok_eq(bench_cpu_irq[1], 0, "once");
    set_dist(1, 0x180, 1u << 29);
    gic_set_ppi(gic, 1, 29, 1);
    ok_eq(dist(1, 0x200), 0, "level-is-latched: not while it is disabled");
    set_dist(1, 0x100, 1u << 29);
    ok_eq(bench_cpu_irq[1], 1, "level-is-latched: but when it is enabled");
    set_dist(1, 0x280, 1u << 29);
    ok_eq(bench_cpu_irq[1], 0, "level-is-latched: a private one is hidden by ICPENDR");
    gic_set_ppi(gic, 1, 29, 0);
    gic_set_ppi(gic, 9, 29, 1);
    gic_set_ppi(gic, 0, 77, 1);
    gic_set_spi(gic, 7, 1);
    gic_set_spi(gic, 64, 1);
    ok_eq(dist(0, 0x200), 0, "lines that do not exist are ignored");
}

static void test_fpga(void)
{
    bench_reset();
    ok_eq(rd(FPGA_DIST + 4), 0x02, "FPGA TYPER");
    ok_eq(rd(FPGA + 0xfc), 0x0001043b, "FPGA IIDR");
    ok_eq(rd(FPGA_DIST + 0xfe4), 0xb3, "FPGA ID");
    ok_eq(rd(FPGA + RPR), 0xff, "FPGA RPR idle");
    wr(FPGA_DIST, 1);
    wr(FPGA + PMR, 0xf0);
    wr(FPGA + CTLR, 1);
    wr(FPGA_DIST + 0x820, 0xffffffff);
    ok_eq(rd(FPGA_DIST + 0x820), 0, "FPGA ITARGETSR is RAZ");
    wr(FPGA_DIST + 0xc0c, 0xffffffff);
    ok_eq(rd(FPGA_DIST + 0xc0c), 0xaaaaaaaa, "FPGA has no model bits");
    wr(FPGA_DIST + 0xc0c, 0);
    wr(FPGA_DIST + 0x428, 0x12345678);
    ok_eq(rd(FPGA_DIST + 0x428), 0x12345678, "FPGA has eight bits of priority");
    GICState *fpga = pl390_create(0x10050000, "fpga2", &bench_line[1]);
    gic_set_spi(fpga, 46, 1);
    wr(0x10051000, 1);
    wr(0x10050000 + PMR, 0xff);
    wr(0x10050000 + CTLR, 1);
    wr(0x10051000 + 0x104, 1 << 14);
    ok_eq(bench_level[1], 1, "FPGA output follows");
    ok_eq(rd(0x10050000 + IAR), 46, "FPGA acknowledge");
    ok_eq(bench_level[1], 0, "FPGA output drops");
    gic_set_spi(fpga, 46, 0);
    wr(0x10050000 + EOIR, 46);
    ok_eq(bench_level[1], 0, "FPGA served");
    gic_set_spi(fpga, 46, 1);
    wr(0x10051000 + 0x284, 1 << 14);
    ok_eq(bench_level[1], 1, "FPGA controllers follow the line: ICPENDR does not hide it");
    gic_set_spi(fpga, 46, 0);
    ok_eq(bench_level[1], 0, "FPGA controllers follow the line: gone before the acknowledge");
    ok_eq(rd(0x10050000 + IAR), SPURIOUS, "FPGA controllers follow the line: spurious then");
}

/* ---- all CPUs at once ---- */
enum { ROUNDS = 4000 };
static unsigned sgis_taken[CPUS][16], spis_raised, spis_taken, wrong;
static int cpus_left = CPUS;

static void serve(unsigned cpu)
{
    for (;;) {
        uint32_t v = cpuif(cpu, IAR);
        unsigned id = v & 0x3ff;

        if (id == SPURIOUS) {
            return;
        }
        if (id < 16) {
            sgis_taken[cpu][id]++;
        } else if (id == 40) {
            gic_set_spi(gic, 40, 0);
            __atomic_fetch_add(&spis_taken, 1, __ATOMIC_SEQ_CST);
        } else {
            __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
        }
        set_cpuif(cpu, EOIR, v);
    }
}

static void *cpu_thread(void *arg)
{
    unsigned cpu = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        set_dist(cpu, 0xf00, 0x01 << 24 | (i & 15));
        serve(cpu);
        if (cpu == 0 && __atomic_load_n(&spis_taken, __ATOMIC_SEQ_CST) == spis_raised) {
            spis_raised++;
            gic_set_spi(gic, 40, 1);
        }
    }
    __atomic_fetch_sub(&cpus_left, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void test_threads(void)
{
    pthread_t t[CPUS];
    bool merged = true;

    setup();
    set_dist(0, 0xc08, 1 << 16);    /* ID 40: 1-N */
    reg_write_as(0, DIST + 0x828, 0xf, 1);
    for (uintptr_t i = 0; i < CPUS; i++) {
        pthread_create(&t[i], NULL, cpu_thread, (void *)i);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        pthread_join(t[i], NULL);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        serve(i);
        for (unsigned j = 0; j < 16; j++) {
            /* Requests of one source may merge, never multiply. */
            merged &= sgis_taken[i][j] > 0 && sgis_taken[i][j] <= (CPUS - 1) * ROUNDS / 16;
        }
    }
    ok(merged, "four CPUs: SGIs arrive and do not multiply");
    ok_eq(spis_taken, spis_raised, "four CPUs: each shared interrupt is taken exactly once");
    ok_eq(wrong, 0, "four CPUs: nothing else arrives");
    ok(!bench_cpu_irq[0] && !bench_cpu_irq[1] && !bench_cpu_irq[2] && !bench_cpu_irq[3], "four CPUs: all lines low");
    ok_eq(dist(0, 0x304) | dist(0, 0x300) | dist(1, 0x300) | dist(2, 0x300) | dist(3, 0x300), 0,
          "four CPUs: nothing active");
}

int main(void)
{
    bench_init();
    gic = arm11mp_gic_new(CPUS);
    arm11mp_gic_map_dist(gic, DIST, 0x1000, "gic-dist");
    arm11mp_gic_map_cpu(gic, CPUIF, 0x500, "gic-cpu");
    pl390_create(FPGA, "fpga1", &bench_line[0]);
    test_reset_values();
    test_registers();
    test_level();
    test_edge();
    test_priority();
    test_1_n();
    test_n_n();
    test_sgi();
    test_ppi();
    test_fpga();
    test_threads();
    return test_done();
}
