/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controllers as devices: what of them is saved, and their registers' names. Locks:
 * hw/intc/gic-internal.h.
 */
#include <string.h>
#include "gic-internal.h"

const MMIORegister gic_dist_registers[] = {
    { 0x000, "CTLR" }, { 0x004, "TYPER" }, { 0x008, "IIDR" }, { 0x100, "ISENABLER0" }, { 0x104, "ISENABLER1" },
    { 0x180, "ICENABLER0" }, { 0x184, "ICENABLER1" }, { 0x200, "ISPENDR0" }, { 0x204, "ISPENDR1" },
    { 0x280, "ICPENDR0" }, { 0x284, "ICPENDR1" }, { 0x300, "ISACTIVER0" }, { 0x304, "ISACTIVER1" }, { 0xf00, "SGIR" },
    { 0 },
};

const MMIORegister gic_cpuif_registers[] = {
    { 0x00, "CTLR" }, { 0x04, "PMR" }, { 0x08, "BPR" }, { 0x0c, "IAR" }, { 0x10, "EOIR" }, { 0x14, "RPR" },
    { 0x18, "HPPIR" },
    { 0 },
};

/* Which are active follows from the stacks, the ranking and the outputs from all of it. */
static const DeviceField gic_fields[] = {
    DEVICE_FIELD(GICState, ctlr), DEVICE_EACH(GICState, spi, enabled), DEVICE_EACH(GICState, spi, level),
    DEVICE_EACH(GICState, spi, latch), DEVICE_EACH(GICState, spi, edge), DEVICE_EACH(GICState, spi, one_n),
    DEVICE_ARRAY(GICState, prio), DEVICE_ARRAY(GICState, target), DEVICE_EACH_ARRAY_OF(GICState, spi_taken),
    DEVICE_EACH(GICState, cpu, priv.enabled), DEVICE_EACH(GICState, cpu, priv.level),
    DEVICE_EACH(GICState, cpu, priv.latch), DEVICE_EACH(GICState, cpu, priv.edge),
    DEVICE_EACH(GICState, cpu, priv.one_n), DEVICE_EACH(GICState, cpu, ctlr), DEVICE_EACH(GICState, cpu, pmr),
    DEVICE_EACH(GICState, cpu, bpr), DEVICE_EACH(GICState, cpu, num_active),
    DEVICE_EACH_ARRAY(GICState, cpu, sgi_source), DEVICE_EACH_ARRAY(GICState, cpu, prio),
    DEVICE_EACH_ARRAY(GICState, cpu, active_id), DEVICE_EACH_ARRAY(GICState, cpu, active_prio),
    { 0 },
};

/* The interrupts active on CPU, from its stack; what cannot be there is dropped. */
static void gic_restack(GICState *g, unsigned cpu)
{
    GICCpu *c = &g->cpu[cpu];
    unsigned n = c->num_active < GIC_MAX_IRQS ? c->num_active : GIC_MAX_IRQS;

    c->priv.active = c->num_active = 0;
    memset(g->spi_active[cpu], 0, sizeof(g->spi_active[cpu]));
    for (unsigned i = 0; i < n; i++) {
        unsigned id = c->active_id[i];
        uint32_t bit = 1u << id % 32, *set;

        if (id >= g->v->num_irqs) {
            continue;
        }
        set = id < GIC_PRIVATE ? &c->priv.active : &g->spi_active[cpu][id / 32];
        if (*set & bit) {
            continue;
        }
        *set |= bit;
        c->active_id[c->num_active] = (uint16_t)id;
        c->active_prio[c->num_active++] = c->active_prio[i];
    }
}

static void gic_post_load(void *opaque)
{
    GICState *g = opaque;

    for (unsigned w = 0; w < GIC_MAX_WORDS; w++) {
        g->spi[w].active = 0;
        if (w >= g->v->num_irqs / 32) {
            g->spi[w].enabled = g->spi[w].latch = g->spi[w].level = 0;
        }
    }
    for (unsigned i = 0; i < g->num_cpus; i++) {
        GICCpu *c = &g->cpu[i];

        gic_restack(g, i);
        c->bpr &= 7;
        /* Software's interrupts are pending by their sources alone. */
        c->priv.latch &= ~0u << GIC_SGIS;
        c->priv.level &= ~0u << GIC_SGIS;
        for (unsigned w = 0; w < GIC_MAX_WORDS; w++) {
            g->spi[w].active |= g->spi_active[i][w];
        }
        c->sgi_pending = 0;
        for (unsigned id = 0; id < GIC_SGIS; id++) {
            c->sgi_source[id] &= (uint8_t)((1u << g->num_cpus) - 1);
            c->sgi_pending |= c->sgi_source[id] ? 1u << id : 0;
        }
    }
    gic_rank_all(g);
}

const DeviceClass gic_class = {
    .name = "gic",
    .state_size = sizeof(GICState),
    .version = 1,
    .fields = gic_fields,
    .reset = gic_reset,
    .post_load = gic_post_load,
};
