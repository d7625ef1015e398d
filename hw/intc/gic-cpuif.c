/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a CPU interface. Called by the variants' register access, without locks; each register takes P of
 * the interface, IAR and EOIR perhaps D (gic.c).
 *
 * ARM IHI 0048A 4.4 and ARM DDI 0360 10.5.
 */
#include "hw/word-register.h"
#include "qemu/log.h"
#include "gic-internal.h"

enum {
    GICC_CTLR = 0x00, GICC_PMR = 0x04, GICC_BPR = 0x08, GICC_IAR = 0x0c, GICC_EOIR = 0x10, GICC_RPR = 0x14,
    GICC_HPPIR = 0x18, GICC_ABPR = 0x1c, GICC_APR = 0xd0, GICC_IIDR = 0xfc,
};

static uint32_t gic_cpuif_word(GICState *g, unsigned cpu, uint32_t offset)
{
    GICCpu *c = &g->cpu[cpu];
    uint32_t v = 0;

    switch (offset) {
    case GICC_IAR:
        return gic_acknowledge(g, cpu);
    case GICC_HPPIR:
        return gic_highest_pending(g, cpu);
    case GICC_IIDR:
        return g->v->cpu_iidr;
    case GICC_EOIR:     /* write-only */
    case GICC_ABPR:     /* read as zero without the security extensions and in architecture 1 */
    case GICC_APR:
        return 0;
    default:
        break;
    }
    counted_lock(&c->lock);
    switch (offset) {
    case GICC_CTLR:
        v = c->ctlr;
        break;
    case GICC_PMR:
        v = c->pmr;
        break;
    case GICC_BPR:
        v = c->bpr;
        break;
    case GICC_RPR:
        v = c->num_active ? c->active_prio[c->num_active - 1] : g->v->rpr_idle;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CPU interface: bad read at 0x%x\n", g->v->name, offset);
        break;
    }
    counted_unlock(&c->lock);
    return v;
}

uint32_t gic_cpuif_read(GICState *g, unsigned cpu, uint32_t offset, unsigned size)
{
    /* The first bytes alone acknowledge. */
    if (!word_register_reads(offset, size) || ((offset & 3) && (offset & ~3u) == GICC_IAR)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CPU interface: bad read at 0x%x\n", g->v->name, offset);
        return 0;
    }
    return word_register_part(gic_cpuif_word(g, cpu, offset & ~3u), offset, size);
}

void gic_cpuif_write(GICState *g, unsigned cpu, uint32_t offset, uint32_t value, unsigned size)
{
    GICCpu *c = &g->cpu[cpu];

    if (!word_register_writes(offset)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CPU interface: bad write at 0x%x\n", g->v->name, offset);
        return;
    }
    if (offset == GICC_EOIR) {
        gic_end(g, cpu, value);
        return;
    }
    counted_lock(&c->lock);
    switch (offset) {
    case GICC_CTLR:
        c->ctlr = value & 1;
        break;
    case GICC_PMR:
        c->pmr = value & g->v->prio_mask;
        break;
    case GICC_BPR:
        c->bpr = (value & 7) < g->v->bpr_min ? g->v->bpr_min : value & 7;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: CPU interface: bad write at 0x%x\n", g->v->name, offset);
        break;
    }
    gic_cpu_update(g, cpu);
    counted_unlock(&c->lock);
}
