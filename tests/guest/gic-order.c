/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of things at the core tile's interrupt controller: running priority and nesting, binary point, ends that
 * come late, in the wrong order or for nothing, an interrupt that is disabled, pended, masked or aimed elsewhere while
 * it is active or pending, interrupts active on another CPU; random sets of interrupts against a model. IAR is polled
 * with interrupts masked, so that every step is seen (ARM DDI 0360 chapter 10, ARM IHI 0048A 3.2, 3.3).
 * guest-test: cpus=1,4
 */
#include "runtime.h"

enum { A = 48, B = 51, C = 61, FIRST = 32, LAST = 63, IDLE = 0xf0 };

static void pend(unsigned id) { wr32(GICD_ISPENDR(id / 32), 1u << id % 32); }
static void unpend(unsigned id) { wr32(GICD_ICPENDR(id / 32), 1u << id % 32); }
static uint32_t ack(void) { return rd32(GICC_IAR) & 0x3ff; }
static uint32_t best(void) { return rd32(GICC_HPPIR) & 0x3ff; }
static void end(uint32_t id) { wr32(GICC_EOIR, id); }

static void setup(unsigned a, unsigned b, unsigned c)
{
    gic_drain();
    gic_enable(A, a, 1);
    gic_enable(B, b, 1);
    gic_enable(C, c, 1);
}

static void nesting(void)
{
    setup(0xa0, 0x60, 0x20);
    ok_eq_ours(rd32(GICC_RPR), IDLE, "running priority at rest");
    pend(A);
    ok(best() == A && ack() == A && rd32(GICC_RPR) == 0xa0 && gic_active(A) && !gic_pending(A), "first level");
    pend(B);
    ok(best() == B && ack() == B && rd32(GICC_RPR) == 0x60, "second level");
    pend(A);
    ok(gic_pending(A) && gic_active(A), "pending again while active");
    pend(C);
    ok(best() == C && ack() == C && rd32(GICC_RPR) == 0x20, "third level");
    ok_eq(ack(), IRQ_SPURIOUS, "nothing more");
    end(IRQ_SPURIOUS);
    ok_eq(rd32(GICC_RPR), 0x20, "the end of a spurious one ends nothing");
    end(C);
    ok(rd32(GICC_RPR) == 0x60 && ack() == IRQ_SPURIOUS, "back at the second level");
    end(B);
    ok(rd32(GICC_RPR) == 0xa0 && ack() == IRQ_SPURIOUS, "back at the first");
    end(A);
    ok_eq(ack(), A, "what was pended while active comes after the end");
    end(A);
    ok_eq(ack(), IRQ_SPURIOUS, "once");
}

static void ends(void)
{
    setup(0xa0, 0x60, 0x60);
    pend(A);
    ack();
    pend(B);
    pend(C);
    ok_eq(ack(), B, "of equals the lower number");
    ok_eq(ack(), IRQ_SPURIOUS, "an equal one does not interrupt it");
    end(A);
    ok(!gic_active(A) && gic_active(B), "an outer one ended first");
    ok_eq_ours(ack(), IRQ_SPURIOUS, "does not let an equal of the inner one in");
    end(B);
    ok_eq_ours(ack(), C, "its own end does");
    end(C);
    ok_ours(rd32(GICC_RPR) == IDLE && ack() == IRQ_SPURIOUS, "all ended");
    pend(A);
    ok_eq(ack(), A, "and can come again");
    end(A);
}

/* Upstream does not let the last one of these come again. */
static void ends_for_nothing(void)
{
    enum { D = 54, E = 55 };

    gic_drain();
    gic_enable(A, 0x60, 1);
    gic_enable(D, 0xa0, 1);
    gic_enable(E, 0x60, 1);
    pend(D);
    pend(D + (ack() == D));
    ok_eq(ack(), E, "two run");
    end(64);
    end(1022);
    ok_eq(rd32(GICC_RPR), 0x60, "numbers that do not exist end nothing");
    end(A);
    ok(gic_active(D) && gic_active(E), "the end of one that is not active leaves those that are active");
    ok_eq(rd32(GICC_RPR), 0xa0, "and drops the running priority");
    pend(E);
    ok_eq(ack(), IRQ_SPURIOUS, "an active one is not given again");
    pend(A);
    ok_eq(ack(), A, "another of its priority is");
    end(A);
    end(E);
    ok(!gic_active(E), "its own end comes late");
    ok_eq(ack(), E, "and lets it come again");
    end(E);
    end(D);
    ok_ours(!gic_active(D) && !gic_active(E) && rd32(GICC_RPR) == IDLE, "all ended");
    end(D);
    pend(D);
    ok_eq_ours(ack(), D, "an end when nothing runs does no harm");
    end(D);
    gic_disable(D);
    gic_disable(E);
}

static void while_active(void)
{
    setup(0xa0, 0x60, 0x20);
    pend(A);
    ack();
    gic_disable(A);
    pend(A);
    end(A);
    ok(gic_pending(A) && ack() == IRQ_SPURIOUS, "disabled while active, pended: waits");
    gic_enable(A, 0xa0, 1);
    ok_eq(ack(), A, "until it is enabled");
    pend(A);
    unpend(A);
    end(A);
    ok_eq(ack(), IRQ_SPURIOUS, "pended while active and cleared again");

    pend(A);
    wr32(GICC_PMR, 0xa0);
    ok_ours(best() == A && ack() == IRQ_SPURIOUS, "masked while pending: still the highest, not given");
    wr32(GICC_PMR, 0xb0);
    ok_eq(ack(), A, "unmasked");
    wr32(GICC_PMR, 0);
    end(A);
    pend(C);
    ok_eq(ack(), IRQ_SPURIOUS, "mask 0 stops all");
    wr32(GICC_PMR, 0xf0);
    wr32(GICD_CTLR, 0);
    ok_eq(ack(), IRQ_SPURIOUS, "distributor off");
    wr32(GICD_CTLR, 1);
    wr32(GICC_CTLR, 0);
    ok_eq(ack(), IRQ_SPURIOUS, "interface off");
    wr32(GICC_CTLR, 1);
    ok_eq(ack(), C, "both on again");
    end(C);

    pend(A);
    pend(B);
    wr8(GICD_IPRIORITYR(A), 0x10);
    ok_eq(best(), A, "priority raised while pending");
    wr8(GICD_IPRIORITYR(A), 0xa0);
    ok_eq(ack(), B, "and lowered");
    end(B);
    end(ack());
}

static void binary_point(void)
{
    setup(0x70, 0x40, 0x30);
    wr32(GICC_BPR, 5);          /* groups of 0x40 */
    ok_eq(rd32(GICC_BPR), 5, "binary point reads back");
    pend(A);
    ack();
    pend(B);
    ok(best() == B && ack() == IRQ_SPURIOUS, "no pre-emption within a group");
    pend(C);
    ok_eq(ack(), C, "but by another group");
    end(C);
    end(A);
    ok_eq(ack(), B, "then the rest of the group");
    end(B);
    pend(A);
    pend(B);
    ok_eq(ack(), B, "the whole priority chooses among those that are pending");
    end(B);
    end(ack());
    wr32(GICC_BPR, 7);
    pend(A);
    ack();
    pend(C);
    ok_eq(ack(), IRQ_SPURIOUS, "binary point 7: no pre-emption at all");
    end(A);
    end(ack());
    wr32(GICC_BPR, 0);
    ok_eq_ours(rd32(GICC_BPR), 3, "binary point has a least value");
    setup(0x70, 0x60, 0x50);
    pend(A);
    ack();
    pend(B);
    ok_eq(ack(), B, "every priority pre-empts");
    end(B);
    end(A);
}

static void software(void)
{
    gic_drain();
    gic_send_sgi(2, 1);
    wr32(GICD_ICPENDR(0), 0xffff);
    ok_eq_ours(ack(), 2, "software interrupts are not cleared by the pending register");
    end(2);
    gic_drain();
    wr32(GICD_ISPENDR(0), 1u << 3);
    ok_eq(ack(), IRQ_SPURIOUS, "nor set by it");
    wr32(GICD_SGIR, 3u << 24 | 1u << 16 | 4);
    ok_eq_ours(ack(), IRQ_SPURIOUS, "reserved target filter");
    wr32(GICD_SGIR, 0xfe0005 & ~0xff0000u);
    ok_eq(ack(), IRQ_SPURIOUS, "no target");
    gic_send_sgi(6, 1);
    uint32_t first = ack();
    gic_send_sgi(6, 1);
    ok_ours(first == 6 && gic_pending(6) && gic_active(6) && ack() == IRQ_SPURIOUS, "sent again while active");
    end(6);
    ok_eq(ack(), 6, "comes again");
    end(6);
    wr8(GICD_IPRIORITYR(7), 0x50);
    gic_enable(A, 0x40, 1);
    gic_send_sgi(7, 1);
    ack();
    pend(A);
    ok(ack() == A && rd32(GICC_RPR) == 0x40, "a shared interrupt interrupts a software interrupt");
    end(A);
    end(7);
    wr8(GICD_IPRIORITYR(7), 0);
    /* A private one pended by software. */
    gic_enable(IRQ_WATCHDOG, 0x80, 0);
    pend(IRQ_WATCHDOG);
    ok_eq_ours(ack(), IRQ_WATCHDOG, "private interrupt pended by software");
    end(IRQ_WATCHDOG);
    gic_disable(IRQ_WATCHDOG);
}

/* ---- random sets against a model ---- */

struct model {
    uint32_t prio, pending, active, enabled;
};
static struct model model[LAST + 1];

static uint32_t model_best(void)
{
    uint32_t found = IRQ_SPURIOUS, running = 0x100;

    for (unsigned id = FIRST; id <= LAST; id++) {
        const struct model *m = &model[id];

        if (m->active && m->prio < running) {
            running = m->prio;
        }
        if (m->pending && m->enabled && !m->active && (found == IRQ_SPURIOUS || m->prio < model[found].prio)) {
            found = id;
        }
    }
    return found != IRQ_SPURIOUS && model[found].prio < 0xf0 && model[found].prio < running ? found : IRQ_SPURIOUS;
}

static void random_sets(void)
{
    uint32_t seed = 12345, stack[LAST + 1], depth = 0;
    bool good = true;

    gic_drain();
    for (unsigned id = FIRST; id <= LAST; id++) {
        gic_disable(id);
        unpend(id);
        model[id] = (struct model) { .prio = random32(&seed) & 0xf0 };
        wr8(GICD_IPRIORITYR(id), model[id].prio);
        wr8(GICD_ITARGETSR(id), 1);
    }
    for (unsigned step = 0; step < 4000 && good; step++) {
        unsigned id = FIRST + random32(&seed) % 32, what = random32(&seed) % 8;
        struct model *m = &model[id];
        uint32_t bit = 1u << id % 32, want, got;

        switch (what) {
        case 0: case 1: case 2:
            pend(id);
            m->pending = 1;
            break;
        case 3:
            unpend(id);
            m->pending = 0;
            break;
        case 4:
            m->enabled = random32(&seed) & 3 ? 1 : 0;
            wr32(m->enabled ? GICD_ISENABLER(1) : GICD_ICENABLER(1), bit);
            break;
        case 5:
            if (!m->active) {
                m->prio = random32(&seed) & 0xf0;
                wr8(GICD_IPRIORITYR(id), m->prio);
            }
            break;
        case 6:
            want = model_best();
            got = ack();
            good &= got == want;
            if (got != want) {
                print("# step %u: IAR gives %u, expected %u\n", step, (unsigned)got, (unsigned)want);
            }
            if (want != IRQ_SPURIOUS) {
                model[want].pending = 0;
                model[want].active = 1;
                stack[depth++] = want;
            }
            break;
        default:
            if (depth) {
                end(stack[--depth]);
                model[stack[depth]].active = 0;
            }
            break;
        }
        if (gic_pending(id) != !!m->pending || gic_active(id) != !!m->active) {
            print("# step %u: interrupt %u is not what it should be\n", step, id);
            good = false;
        }
    }
    ok(good, "4000 random steps");
    while (depth) {
        end(stack[--depth]);
    }
    for (unsigned id = FIRST; id <= LAST; id++) {
        unpend(id);
        gic_disable(id);
    }
}

/* ---- interrupts of another CPU ---- */

/*
 * CPU 1 does what it is told without leaving the job between two commands: idle CPUs acknowledge whatever comes. The
 * runtime's own interrupt may still be pending when the job begins.
 */
enum { ACK = 1, END, MASK, QUIT };
static volatile uint32_t command, operand, result;

static void servant(uint32_t unused)
{
    (void)unused;
    do {
        while (!command) {
        }
        dmb();
        switch (command) {
        case ACK:
            while ((result = ack()) == 15) {
                end(15);
            }
            break;
        case END:
            end(operand);
            result = rd32(GICC_RPR);
            break;
        default:                /* MASK, QUIT */
            wr32(GICC_PMR, operand);
            break;
        }
        dmb();
        operand = command;
        command = 0;
    } while (operand != QUIT);
}

static uint32_t on_1(uint32_t what, uint32_t argument)
{
    operand = argument;
    dmb();
    command = what;
    (void)WAIT_UNTIL(!command, 5000000);
    dmb();
    return result;
}

static void other_cpu(void)
{
    smp_start();
    run_on(1, servant, 0);
    on_1(ACK, 0);
    gic_drain();
    gic_enable(A, 0xa0, 1);
    gic_enable(B, 0x60, 1);
    wr32(GICD_ICFGR(A / 16), 1u << A % 16 * 2 | 1u << B % 16 * 2);
    /* 1-N model: while CPU 1 has it, nobody else gets it. */
    pend(A);
    wr8(GICD_ITARGETSR(A), 2);
    ok_eq(ack(), IRQ_SPURIOUS, "aimed at another CPU while pending");
    ok_eq_ours(on_1(ACK, 0), A, "the other CPU gets it");
    wr8(GICD_ITARGETSR(A), 1);
    pend(A);
    ok_ours(gic_pending(A) && gic_active(A) && ack() == IRQ_SPURIOUS, "active there, pended for here: waits");
    end(A);
    ok_ours(gic_active(A) && ack() == IRQ_SPURIOUS, "an end from here does not count");
    ok_eq_ours(on_1(END, A), IDLE, "ended there");
    ok_eq_ours(ack(), A, "it comes here");
    pend(B);
    ok_eq(ack(), B, "CPU 1's past is none of ours");
    end(B);
    end(A);
    /* Both are targets: one of them gets it. */
    wr8(GICD_ITARGETSR(A), 3);
    pend(A);
    uint32_t here = ack(), there = on_1(ACK, 0);
    ok_ours(here == A && there == IRQ_SPURIOUS, "two targets: the first to ask gets it");
    end(A);
    on_1(MASK, 0x70);
    ok_eq(rd32(GICC_OF(1) + 4), 0x70, "another CPU's interface through its window");
    on_1(QUIT, 0xf0);
    wait_for(1);
    wr32(GICD_ICFGR(A / 16), 0);
    gic_disable(A);
    gic_disable(B);
}

int test_main(void)
{
    gic_init();
    wr32(GICC_PMR, 0xf0);
    nesting();
    ends();
    while_active();
    binary_point();
    software();
    random_sets();
    if (num_cpus() > 1) {
        other_cpu();
    }
    ends_for_nothing();
    return 0;
}
