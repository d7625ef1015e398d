/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controller's engine: which interrupt is pending, which one each CPU would take, and the life of an
 * interrupt: pending -> acknowledged (active) -> ended. The registers are in gic-dist.c and gic-cpuif.c, the locks are
 * explained in gic-internal.h.
 *
 * What a level-sensitive line makes pending differs. The PL390s follow the line: pending while it is high, and a line
 * that drops before the acknowledge leaves nothing behind. The core tile's controller latches it
 * (GICVariant.latches_levels), and operating systems for this tile rely on it: an interrupt entry may quieten its
 * device before it reads IAR. A line counts when it rises, and while it is high at a write to its set-enable bit,
 * when it gets its first target, and at the end of its interrupt, though not for private ones: a timer that is
 * quietened after the end ticks once. Each time it has to be enabled and have a target. What was latched stays until
 * it is acknowledged or cleared by ICPENDR, which also hides a line that stays high until one of these.
 *
 * An active interrupt is not signalled again before its end. What becomes of a shared interrupt with several targets is
 * up to its model, bit 0 of its configuration. 1-N: all targets see it, the first to acknowledge gets it, the others
 * read it as spurious; while it is active it is signalled to none. N-N, the model at reset and Linux's: it is pending
 * and active on each target for itself, so each gets it once; ISPENDR and ISACTIVER show whether any has it so. With
 * one target both are the same. Private interrupts have one target, and the PL390 one CPU: their model means nothing.
 *
 * ARM DDI 0360 (ARM11 MPCore) chapter 10, ARM IHI 0048A (GIC architecture 1.0) chapter 3.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hw/intc/gic.h"
#include "qemu/log.h"
#include "gic-internal.h"
#include "qemu/trace.h"

static GICState *all_gics;          /* constant once the threads run */

/* The CPU's most urgent private interrupt that may be signalled. Caller holds P. */
static GICKey gic_best_private(const GICState *g, const GICCpu *c)
{
    uint32_t set = (gic_group_pending(g, &c->priv) | c->sgi_pending) & c->priv.enabled & ~c->priv.active;
    GICKey best = GIC_KEY_NONE;

    while (set) {
        unsigned id = (unsigned)__builtin_ctz(set);
        unsigned source = id < GIC_SGIS ? (unsigned)__builtin_ctz(c->sgi_source[id]) : 0;
        GICKey k = gic_key(c->prio[id], id, source);

        best = k < best ? k : best;
        set &= set - 1;
    }
    return best;
}

/* Caller holds P. */
static GICKey gic_best(GICState *g, unsigned cpu)
{
    GICKey priv = gic_best_private(g, &g->cpu[cpu]);
    GICKey spi = __atomic_load_n(&g->spi_best[cpu], __ATOMIC_ACQUIRE);

    return spi < priv ? spi : priv;
}

/*
 * May interrupt K be signalled to CPU now: all enabled, more urgent than the mask (strictly), and its group priority
 * more urgent than that of what runs? Caller holds P.
 */
static bool gic_may_signal(GICState *g, unsigned cpu, GICKey k)
{
    const GICCpu *c = &g->cpu[cpu];
    unsigned group = (0xffu << (c->bpr + 1)) & 0xff;

    if (k == GIC_KEY_NONE || !(c->ctlr & 1) || !(__atomic_load_n(&g->ctlr, __ATOMIC_ACQUIRE) & 1) ||
        gic_key_prio(k) >= c->pmr) {
        return false;
    }
    return !c->num_active || (gic_key_prio(k) & group) < (c->active_prio[c->num_active - 1] & group);
}

/* Bring the output line of CPU in step; the only place that drives it. Caller holds P. */
void gic_cpu_update(GICState *g, unsigned cpu)
{
    GICCpu *c = &g->cpu[cpu];
    int level = gic_may_signal(g, cpu, gic_best(g, cpu));

    if (level != c->out) {
        c->out = level;
        trace(GIC_OUTPUT, "controller=%s cpu=%u level=%d", g->dev.name, cpu, level);
        irq_set(&c->line, level);
    }
}

/* Caller holds no P. */
void gic_refresh(GICState *g, uint32_t cpus)
{
    for (unsigned i = 0; i < g->num_cpus; i++) {
        if (cpus & (1u << i)) {
            counted_lock(&g->cpu[i].lock);
            gic_cpu_update(g, i);
            counted_unlock(&g->cpu[i].lock);
        }
    }
}

/* Shared interrupts of word W that are pending on CPU, whether it is a target or not. Caller holds D. */
static uint32_t gic_spi_pending_on(const GICState *g, unsigned cpu, unsigned w)
{
    const GICGroup *p = &g->spi[w];

    return (p->latch & ~g->spi_taken[cpu][w]) | gic_group_following(g, p);
}

/* N-N: a request that all its targets have taken is over. Caller holds D. */
static void gic_spi_settle(GICState *g, unsigned w)
{
    uint32_t set = 0;

    for (unsigned i = 0; i < g->num_cpus; i++) {
        set |= g->spi_taken[i][w];
    }
    for (set &= g->spi[w].latch; set; set &= set - 1) {
        unsigned n = (unsigned)__builtin_ctz(set), left = 0;

        for (unsigned i = 0; i < g->num_cpus; i++) {
            left += ((g->target[w * 32 + n] >> i) & 1) && !((g->spi_taken[i][w] >> n) & 1);
        }
        if (!left) {
            g->spi[w].latch &= ~(1u << n);
        }
    }
}

/* Caller holds D. */
void gic_spi_latch(GICState *g, unsigned w, uint32_t bits)
{
    g->spi[w].latch |= bits;
    for (unsigned i = 0; i < g->num_cpus; i++) {
        g->spi_taken[i][w] &= ~bits;
    }
}

void gic_spi_latch_levels(GICState *g, unsigned w, uint32_t bits)
{
    uint32_t set = g->v->latches_levels ? bits & gic_group_high(&g->spi[w]) & g->spi[w].enabled : 0, counts = 0;

    for (; set; set &= set - 1) {
        unsigned n = (unsigned)__builtin_ctz(set);

        counts |= g->target[w * 32 + n] ? 1u << n : 0;
    }
    gic_spi_latch(g, w, counts);
}

/* Rank the shared interrupts for every CPU; returns the CPUs whose best one changed. Caller holds D. */
static uint32_t gic_spi_rank(GICState *g)
{
    GICKey best[GIC_MAX_CPUS] = { GIC_KEY_NONE, GIC_KEY_NONE, GIC_KEY_NONE, GIC_KEY_NONE };
    uint32_t changed = 0;

    for (unsigned w = 1; w < g->v->num_irqs / 32; w++) {
        const GICGroup *p = &g->spi[w];

        gic_spi_settle(g, w);
        for (unsigned i = 0; i < g->num_cpus; i++) {
            uint32_t active = (p->active & p->one_n) | g->spi_active[i][w];
            uint32_t set = gic_spi_pending_on(g, i, w) & p->enabled & ~active;

            for (; set; set &= set - 1) {
                unsigned id = w * 32 + (unsigned)__builtin_ctz(set);
                GICKey k = gic_key(g->prio[id], id, 0);

                if ((g->target[id] & (1u << i)) && k < best[i]) {
                    best[i] = k;
                }
            }
        }
    }
    for (unsigned i = 0; i < g->num_cpus; i++) {
        if (g->spi_best[i] != best[i]) {
            __atomic_store_n(&g->spi_best[i], best[i], __ATOMIC_RELEASE);
            changed |= 1u << i;
        }
    }
    return changed;
}

/* Caller holds D and no P. */
void gic_spi_changed(GICState *g)
{
    gic_refresh(g, gic_spi_rank(g));
}

/* Returns the bit if this is an edge of an edge-triggered interrupt. Caller holds the group's lock. */
static uint32_t gic_group_set_level(GICGroup *p, uint32_t bit, int level)
{
    uint32_t edge = level ? p->edge & bit & ~p->level : 0;

    p->level = level ? p->level | bit : p->level & ~bit;
    return edge;
}

void gic_set_spi(GICState *g, unsigned id, int level)
{
    uint32_t bit = 1u << (id % 32);

    if (id < GIC_PRIVATE || id >= g->v->num_irqs) {
        return;
    }
    counted_lock(&g->dev.lock);
    GICGroup *p = &g->spi[id / 32];
    if (!(p->level & bit) != !level) {
        trace(GIC_LINE, "controller=%s interrupt=%u level=%d", g->dev.name, id, level);
        gic_spi_latch(g, id / 32, gic_group_set_level(p, bit, level));
        gic_spi_latch_levels(g, id / 32, bit);
        gic_spi_changed(g);
    }
    counted_unlock(&g->dev.lock);
}

void gic_private_latch_levels(GICState *g, GICCpu *c, uint32_t bits)
{
    c->priv.latch |= g->v->latches_levels ? bits & gic_group_high(&c->priv) & c->priv.enabled : 0;
}

void gic_set_ppi(GICState *g, unsigned cpu, unsigned id, int level)
{
    if (cpu >= g->num_cpus || id < GIC_SGIS || id >= GIC_PRIVATE) {
        return;
    }
    GICCpu *c = &g->cpu[cpu];

    counted_lock(&c->lock);
    if (!(c->priv.level & 1u << id) != !level) {
        trace(GIC_PRIVATE_LINE, "controller=%s cpu=%u interrupt=%u level=%d", g->dev.name, cpu, id, level);
        c->priv.latch |= gic_group_set_level(&c->priv, 1u << id, level);
        gic_private_latch_levels(g, c, 1u << id);
        gic_cpu_update(g, cpu);
    }
    counted_unlock(&c->lock);
}

/* SGIR: bits 25:24 say whom: 0 the list in 23:16, 1 all but the sender, 2 the sender. */
void gic_send_sgi(GICState *g, unsigned cpu, uint32_t value)
{
    unsigned id = value & 0x3ff;
    uint32_t all = (1u << g->num_cpus) - 1, to;

    switch ((value >> 24) & 3) {
    case 0:
        to = (value >> 16) & all;
        break;
    case 1:
        to = all & ~(1u << cpu);
        break;
    case 2:
        to = 1u << cpu;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: SGIR with reserved target filter: 0x%x\n", g->v->name, value);
        return;
    }
    if (id >= GIC_SGIS) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: SGIR asks for interrupt %u, not an SGI\n", g->v->name, id);
        return;
    }
    for (unsigned i = 0; i < g->num_cpus; i++) {
        if (to & (1u << i)) {
            GICCpu *c = &g->cpu[i];

            counted_lock(&c->lock);
            if (!g->v->uniprocessor) {
                observe_sgi_sent(cpu, i, id);
            }
            trace(GIC_SGI, "controller=%s from=%u to=%u interrupt=%u", g->dev.name, cpu, i, id);
            c->sgi_source[id] |= (uint8_t)(1u << cpu);
            c->sgi_pending |= 1u << id;
            gic_cpu_update(g, i);
            counted_unlock(&c->lock);
        }
    }
}

/* Caller holds P. */
static void gic_push_active(GICCpu *c, unsigned id, unsigned prio)
{
    /* Room is certain: an active interrupt is not signalled, so none is on the stack twice. */
    c->active_id[c->num_active] = (uint16_t)id;
    c->active_prio[c->num_active] = (uint8_t)prio;
    c->num_active++;
}

/* Caller holds P. */
static void gic_take_private(GICState *g, GICCpu *c, GICKey k)
{
    unsigned id = gic_key_id(k);
    uint32_t bit = 1u << id;

    c->taken[id]++;
    c->taken_low[id] += !((c->priv.level | c->priv.edge) & bit);
    if (id < GIC_SGIS) {
        if (!g->v->uniprocessor) {
            observe_sgi_taken(gic_key_source(k), (unsigned)(c - g->cpu), id);
        }
        c->sgi_source[id] &= (uint8_t)~(1u << gic_key_source(k));
        if (!c->sgi_source[id]) {
            c->sgi_pending &= ~bit;
        }
    }
    c->priv.latch &= ~bit;
    c->priv.active |= bit;
    trace(GIC_ACKNOWLEDGE, "controller=%s cpu=%u interrupt=%u", g->dev.name, (unsigned)(c - g->cpu), id);
    gic_push_active(c, id, gic_key_prio(k));
}

/* Caller holds D. */
static void gic_take_shared(GICState *g, unsigned cpu, unsigned id)
{
    GICGroup *p = &g->spi[id / 32];
    uint32_t bit = 1u << (id % 32);

    trace(GIC_ACKNOWLEDGE, "controller=%s cpu=%u interrupt=%u", g->dev.name, cpu, id);
    g->taken[id]++;
    g->taken_low[id] += !((p->level | p->edge) & bit);
    if (p->one_n & bit) {
        p->latch &= ~bit;
    } else {
        g->spi_taken[cpu][id / 32] |= p->latch & bit;
    }
    p->active |= bit;
    g->spi_active[cpu][id / 32] |= bit;
}

/*
 * The line of a shared interrupt that CPU has ended may still be high, and counts again then: for this CPU, as others
 * may be busy with it. Caller holds D.
 */
static void gic_spi_latch_at_end(GICState *g, unsigned cpu, unsigned w, uint32_t bit)
{
    GICGroup *p = &g->spi[w];

    if (!(gic_group_high(p) & p->enabled & bit) || !g->v->latches_levels) {
        return;
    }
    for (unsigned i = 0; i < g->num_cpus && !(p->latch & bit) && !(p->one_n & bit); i++) {
        g->spi_taken[i][w] |= bit;
    }
    g->spi_taken[cpu][w] &= ~bit;
    p->latch |= bit;
}

/* Caller holds D. */
static void gic_spi_inactive(GICState *g, unsigned cpu, unsigned id)
{
    unsigned w = id / 32;

    g->spi_active[cpu][w] &= ~(1u << (id % 32));
    g->spi[w].active = 0;
    for (unsigned i = 0; i < g->num_cpus; i++) {
        g->spi[w].active |= g->spi_active[i][w];
    }
    if (g->target[id] & (1u << cpu)) {
        gic_spi_latch_at_end(g, cpu, w, 1u << (id % 32));
    }
}

/*
 * The shared interrupt that CPU saw may be gone when D is taken, so the choice is made again; it may then be a private
 * interrupt or none.
 */
static uint32_t gic_acknowledge_shared(GICState *g, unsigned cpu)
{
    GICCpu *c = &g->cpu[cpu];
    uint32_t changed = 1u << cpu;

    counted_lock(&g->dev.lock);
    counted_lock(&c->lock);
    GICKey k = gic_best(g, cpu);
    if (!gic_may_signal(g, cpu, k)) {
        k = GIC_KEY_NONE;
    } else if (gic_key_id(k) < GIC_PRIVATE) {
        gic_take_private(g, c, k);
    } else {
        unsigned id = gic_key_id(k);

        gic_take_shared(g, cpu, id);
        gic_push_active(c, id, gic_key_prio(k));
        changed |= gic_spi_rank(g);
    }
    counted_unlock(&c->lock);
    gic_refresh(g, changed);
    counted_unlock(&g->dev.lock);
    return gic_key_reg(k);
}

uint32_t gic_acknowledge(GICState *g, unsigned cpu)
{
    GICCpu *c = &g->cpu[cpu];

    counted_lock(&c->lock);
    GICKey k = gic_best(g, cpu);
    if (!gic_may_signal(g, cpu, k)) {
        counted_unlock(&c->lock);
        return GIC_SPURIOUS;
    }
    if (gic_key_id(k) >= GIC_PRIVATE) {
        counted_unlock(&c->lock);
        return gic_acknowledge_shared(g, cpu);
    }
    gic_take_private(g, c, k);
    gic_cpu_update(g, cpu);
    counted_unlock(&c->lock);
    return gic_key_reg(k);
}

/*
 * Take ID's priority off the stack of those that run, normally its top. ID may be active without: it ends as well.
 * Caller holds P.
 */
static void gic_drop_priority(GICCpu *c, unsigned id)
{
    for (unsigned i = c->num_active; i-- > 0;) {
        if (c->active_id[i] == id) {
            unsigned above = --c->num_active - i;

            memmove(&c->active_id[i], &c->active_id[i + 1], above * sizeof(c->active_id[0]));
            memmove(&c->active_prio[i], &c->active_prio[i + 1], above * sizeof(c->active_prio[0]));
            return;
        }
    }
}

/*
 * The end of an interrupt that is not active on the CPU: the running priority drops, and whose it was stays active. The
 * architecture leaves it open. A program that writes another number than it read goes on so, as it does on other
 * models of this controller; else all that is not more urgent would wait for ever. Caller holds P.
 */
static void gic_end_for_nothing(GICState *g, unsigned cpu, unsigned id)
{
    GICCpu *c = &g->cpu[cpu];

    qemu_log_mask(LOG_GUEST_ERROR, "%s: end of interrupt %u, which is not active on CPU %u\n", g->v->name, id, cpu);
    c->num_active -= c->num_active != 0;
}

static void gic_end_private(GICState *g, unsigned cpu, unsigned id)
{
    GICCpu *c = &g->cpu[cpu];

    counted_lock(&c->lock);
    if (c->priv.active & 1u << id) {
        gic_drop_priority(c, id);
        c->priv.active &= ~(1u << id);
    } else {
        gic_end_for_nothing(g, cpu, id);
    }
    gic_cpu_update(g, cpu);
    counted_unlock(&c->lock);
}

static void gic_end_shared(GICState *g, unsigned cpu, unsigned id)
{
    GICCpu *c = &g->cpu[cpu];
    bool active;

    counted_lock(&g->dev.lock);
    active = g->spi_active[cpu][id / 32] & 1u << id % 32;
    counted_lock(&c->lock);
    if (active) {
        gic_drop_priority(c, id);
    } else {
        gic_end_for_nothing(g, cpu, id);
    }
    counted_unlock(&c->lock);
    if (active) {
        gic_spi_inactive(g, cpu, id);
    }
    gic_refresh(g, gic_spi_rank(g) | 1u << cpu);
    counted_unlock(&g->dev.lock);
}

/* EOIR. The source field of an SGI is accepted and not compared: kernels differ in whether they write it. */
void gic_end(GICState *g, unsigned cpu, uint32_t value)
{
    unsigned id = value & 0x3ff;

    if (id >= g->v->num_irqs) {
        if (id != GIC_SPURIOUS) {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: end of interrupt %u, which does not exist\n", g->v->name, id);
        }
        return;
    }
    trace(GIC_END, "controller=%s cpu=%u interrupt=%u", g->dev.name, cpu, id);
    if (id < GIC_PRIVATE) {
        gic_end_private(g, cpu, id);
    } else {
        gic_end_shared(g, cpu, id);
    }
}

uint32_t gic_highest_pending(GICState *g, unsigned cpu)
{
    counted_lock(&g->cpu[cpu].lock);
    GICKey k = gic_best(g, cpu);
    counted_unlock(&g->cpu[cpu].lock);
    return gic_key_reg(k);
}

void gic_connect_output(GICState *g, unsigned cpu, const IRQLine *line)
{
    g->cpu[cpu].line = *line;
}

/* Everything but the input lines, which belong to the devices. */
void gic_reset(void *opaque)
{
    GICState *g = opaque;

    counted_lock(&g->dev.lock);
    __atomic_store_n(&g->ctlr, 0, __ATOMIC_RELEASE);
    for (unsigned w = 0; w < GIC_MAX_WORDS; w++) {
        g->spi[w] = (GICGroup) { .level = g->spi[w].level };
    }
    memset(g->spi_taken, 0, sizeof(g->spi_taken));
    memset(g->spi_active, 0, sizeof(g->spi_active));
    memset(g->prio, 0, sizeof(g->prio));
    /* One CPU alone is the target of all, as programs for one rely on; the core tile's may say otherwise. */
    memset(g->target, g->num_cpus == 1 ? 1 : 0, sizeof(g->target));
    gic_spi_rank(g);
    for (unsigned i = 0; i < g->num_cpus; i++) {
        GICCpu *c = &g->cpu[i];

        counted_lock(&c->lock);
        c->priv = (GICGroup) { .level = c->priv.level, .enabled = 0xffff, .edge = 0xffff };
        c->sgi_pending = 0;
        memset(c->sgi_source, 0, sizeof(c->sgi_source));
        memset(c->prio, 0, sizeof(c->prio));
        c->ctlr = 0;
        c->pmr = g->v->pmr_reset;
        c->bpr = g->v->bpr_min;
        c->num_active = 0;
        c->out = 0;
        irq_set(&c->line, 0);
        counted_unlock(&c->lock);
    }
    counted_unlock(&g->dev.lock);
}

void gic_rank_all(GICState *g)
{
    counted_lock(&g->dev.lock);
    gic_spi_rank(g);
    gic_refresh(g, ~0u);
    counted_unlock(&g->dev.lock);
}

/* The name of one of its locks, for the statistics. */
static const char *lock_label(const char *label, const char *which, int cpu)
{
    char text[48];
    int n = snprintf(text, sizeof(text), "%s %s", label, which);

    if (cpu >= 0 && n > 0 && n < (int)sizeof(text)) {
        snprintf(text + n, sizeof(text) - (size_t)n, "%d", cpu);
    }
    return strdup(text);
}

GICState *gic_first(void)
{
    return all_gics;
}

/* The controller lives as long as the machine. Outputs are connected before the first reset. */
GICState *gic_new(const GICVariant *v, const char *label, unsigned num_cpus)
{
    GICState *g = device_new_lock(&gic_class, label, lock_label(label, "D", -1));

    g->v = v;
    g->num_cpus = num_cpus;
    g->next = all_gics;
    all_gics = g;
    for (unsigned i = 0; i < GIC_MAX_CPUS; i++) {
        if (i < num_cpus) {
            counted_lock_init(&g->cpu[i].lock, lock_label(label, "P", (int)i), false);
        }
        g->spi_best[i] = GIC_KEY_NONE;
    }
    return g;
}

void gic_map(GICState *g, uint32_t base, uint32_t size, const char *name, const MMIOOps *ops,
             const MMIORegister *registers)
{
    memory_add_mmio(base, size, ops, g, name)->registers = registers;
}
