/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The distributor's registers. Word 0 of each bitmap and the first 32 bytes of the byte arrays are banked per CPU and
 * belong to P of the accessing CPU; the rest belongs to D. Called by the variants' register access, without locks.
 *
 * ARM IHI 0048A 4.3 and ARM DDI 0360 10.4; the MPCore has no clear-active registers and no security extensions.
 */
#include "hw/primecell.h"
#include "hw/word-register.h"
#include "qemu/log.h"
#include "gic-internal.h"

enum {
    GICD_CTLR = 0x000, GICD_TYPER = 0x004, GICD_IIDR = 0x008,
    GICD_ISENABLER = 0x100, GICD_ICENABLER = 0x180, GICD_ISPENDR = 0x200, GICD_ICPENDR = 0x280,
    GICD_ISACTIVER = 0x300, GICD_ICACTIVER = 0x380, GICD_IPRIORITYR = 0x400, GICD_ITARGETSR = 0x800,
    GICD_ICFGR = 0xc00, GICD_LEVEL = 0xd00, GICD_SGIR = 0xf00,
};

static void gic_dist_bad(GICState *g, const char *what, uint32_t offset, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: distributor: bad %s at 0x%x, %u bytes\n", g->v->name, what, offset, size);
}

/* Lock the group of 32 interrupts W for CPU, and unlock it with what a change entails. */
static GICGroup *gic_group_lock(GICState *g, unsigned cpu, unsigned w)
{
    counted_lock(w ? &g->dev.lock : &g->cpu[cpu].lock);
    return w ? &g->spi[w] : &g->cpu[cpu].priv;
}

static void gic_group_unlock(GICState *g, unsigned cpu, unsigned w, bool changed)
{
    if (w) {
        if (changed) {
            gic_spi_changed(g);
        }
        counted_unlock(&g->dev.lock);
    } else {
        if (changed) {
            gic_cpu_update(g, cpu);
        }
        counted_unlock(&g->cpu[cpu].lock);
    }
}

/* Two bits per interrupt: bit 1 edge-triggered, bit 0 1-N model. HALF: which 16 of the group. */
static uint32_t gic_config_read(const GICGroup *p, unsigned half)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned bit = half * 16 + i;

        v |= (((p->edge >> bit) & 1) << 1 | ((p->one_n >> bit) & 1)) << (2 * i);
    }
    return v;
}

/* MASK: the bits of V that are written. */
static void gic_config_write(GICState *g, GICGroup *p, unsigned half, uint32_t v, uint32_t mask)
{
    uint32_t edge = 0, one_n = 0;

    v = (v & mask) | (gic_config_read(p, half) & ~mask);
    v &= g->v->uniprocessor ? 0xaaaaaaaau : 0xffffffffu;

    for (unsigned i = 0; i < 16; i++) {
        edge |= ((v >> (2 * i + 1)) & 1) << i;
        one_n |= ((v >> (2 * i)) & 1) << i;
    }
    p->edge = half ? (p->edge & 0xffff) | edge << 16 : (p->edge & 0xffff0000u) | edge;
    p->one_n = half ? (p->one_n & 0xffff) | one_n << 16 : (p->one_n & 0xffff0000u) | one_n;
}

/* A bitmap register of group W. REG: its array's first offset. */
static uint32_t gic_bitmap_read(GICState *g, unsigned cpu, uint32_t reg, unsigned w)
{
    const GICGroup *p = gic_group_lock(g, cpu, w);
    uint32_t v = 0;

    switch (reg) {
    case GICD_ISENABLER:
    case GICD_ICENABLER:
        v = p->enabled;
        break;
    case GICD_ISPENDR:
    case GICD_ICPENDR:
        v = gic_group_pending(g, p) | (w ? 0 : g->cpu[cpu].sgi_pending);
        break;
    case GICD_ISACTIVER:
        v = p->active;
        break;
    case GICD_LEVEL:
        v = p->level;
        break;
    default:
        break;
    }
    gic_group_unlock(g, cpu, w, false);
    return v;
}

static void gic_bitmap_write(GICState *g, unsigned cpu, uint32_t reg, unsigned w, uint32_t v)
{
    /* SGIs are always enabled, and made pending by SGIR alone. */
    uint32_t bits = w ? v : v & 0xffff0000u;
    GICGroup *p = gic_group_lock(g, cpu, w);

    switch (reg) {
    case GICD_ISENABLER:
        p->enabled |= bits;
        if (w) {
            gic_spi_latch_levels(g, w, bits);
        } else {
            gic_private_latch_levels(g, &g->cpu[cpu], bits);
        }
        break;
    case GICD_ICENABLER:
        p->enabled &= ~bits;
        break;
    case GICD_ISPENDR:
        if (w) {
            gic_spi_latch(g, w, bits);
        } else {
            p->latch |= bits;
        }
        break;
    case GICD_ICPENDR:
        p->latch &= ~bits;
        break;
    default:
        break;
    }
    gic_group_unlock(g, cpu, w, true);
}

/* One byte of the priority and target arrays. */
static uint32_t gic_prio_read(GICState *g, unsigned cpu, unsigned id)
{
    gic_group_lock(g, cpu, id / 32);
    uint32_t v = id < GIC_PRIVATE ? g->cpu[cpu].prio[id] : g->prio[id];
    gic_group_unlock(g, cpu, id / 32, false);
    return v;
}

static void gic_prio_write(GICState *g, unsigned cpu, unsigned id, uint32_t v)
{
    uint8_t prio = (uint8_t)(v & g->v->prio_mask);

    gic_group_lock(g, cpu, id / 32);
    if (id < GIC_PRIVATE) {
        g->cpu[cpu].prio[id] = prio;
    } else {
        g->prio[id] = prio;
    }
    gic_group_unlock(g, cpu, id / 32, true);
}

static uint32_t gic_target_read(GICState *g, unsigned cpu, unsigned id)
{
    if (g->v->uniprocessor) {
        return 0;
    }
    if (id < GIC_PRIVATE) {
        return id >= g->v->self_target_first ? 1u << cpu : 0;
    }
    gic_group_lock(g, cpu, id / 32);
    uint32_t v = g->target[id];
    gic_group_unlock(g, cpu, id / 32, false);
    return v;
}

static void gic_target_write(GICState *g, unsigned cpu, unsigned id, uint32_t v)
{
    if (g->v->uniprocessor || id < GIC_PRIVATE) {
        return;
    }
    gic_group_lock(g, cpu, id / 32);
    uint8_t old = g->target[id];
    g->target[id] = (uint8_t)v;
    if (!old) {
        gic_spi_latch_levels(g, id / 32, 1u << (id % 32));
    }
    gic_group_unlock(g, cpu, id / 32, true);
}

/* If OFFSET lies in one of the bitmap arrays: its array in *reg, its group in *w (which may be past the last). */
static bool gic_is_bitmap(uint32_t offset, uint32_t *reg, unsigned *w)
{
    bool level = offset >= GICD_LEVEL && offset < GICD_LEVEL + 0x80;

    if ((offset < GICD_ISENABLER || offset >= GICD_ICACTIVER) && !level) {
        return false;
    }
    *reg = offset & ~0x7fu;
    *w = (offset & 0x7f) / 4;
    return true;
}

/* Bytes of an array of one byte per interrupt at ARRAY; false: not in it. */
static bool gic_is_bytes(GICState *g, uint32_t offset, uint32_t array, unsigned size)
{
    return offset >= array && offset + size <= array + g->v->num_irqs;
}

uint32_t gic_dist_read(GICState *g, unsigned cpu, uint32_t offset, unsigned size)
{
    uint32_t v = 0, reg;
    unsigned w;

    if (offset & (size - 1)) {
        gic_dist_bad(g, "unaligned read", offset, size);
        return 0;
    }
    if (gic_is_bytes(g, offset, GICD_IPRIORITYR, size) || gic_is_bytes(g, offset, GICD_ITARGETSR, size)) {
        for (unsigned i = 0; i < size; i++) {
            uint32_t b = offset < GICD_ITARGETSR ? gic_prio_read(g, cpu, offset - GICD_IPRIORITYR + i) :
                                                   gic_target_read(g, cpu, offset - GICD_ITARGETSR + i);
            v |= b << (8 * i);
        }
        return v;
    }
    if (gic_is_bitmap(offset, &reg, &w)) {
        v = w < g->v->num_irqs / 32 ? gic_bitmap_read(g, cpu, reg, w) : 0;
    } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + g->v->num_irqs / 4) {
        w = (offset - GICD_ICFGR) / 8;
        v = gic_config_read(gic_group_lock(g, cpu, w), (offset >> 2) & 1);
        gic_group_unlock(g, cpu, w, false);
    } else if (primecell_is_id(offset)) {
        v = primecell_id_read(g->v->pid, offset & ~3u);
    } else {
        switch (offset & ~3u) {
        case GICD_CTLR:
            v = __atomic_load_n(&g->ctlr, __ATOMIC_ACQUIRE);
            break;
        case GICD_TYPER:
            v = (g->num_cpus - 1) << 5 | (g->v->num_irqs / 32 - 1);
            break;
        case GICD_IIDR:
            v = g->v->dist_iidr;
            break;
        case GICD_SGIR:     /* write-only */
            break;
        default:
            /* Includes the arrays past the last interrupt, which guests may probe: reserved, zero. */
            gic_dist_bad(g, "read", offset, size);
            break;
        }
    }
    return word_register_part(v, offset, size);
}

void gic_dist_write(GICState *g, unsigned cpu, uint32_t offset, uint32_t value, unsigned size)
{
    uint32_t reg;
    unsigned w;

    if (offset & (size - 1)) {
        gic_dist_bad(g, "unaligned write", offset, size);
        return;
    }
    if (gic_is_bytes(g, offset, GICD_IPRIORITYR, size)) {
        for (unsigned i = 0; i < size; i++) {
            gic_prio_write(g, cpu, offset - GICD_IPRIORITYR + i, (value >> (8 * i)) & 0xff);
        }
        return;
    }
    if (gic_is_bytes(g, offset, GICD_ITARGETSR, size)) {
        for (unsigned i = 0; i < size; i++) {
            gic_target_write(g, cpu, offset - GICD_ITARGETSR + i, (value >> (8 * i)) & 0xff);
        }
        return;
    }
    if (gic_is_bitmap(offset, &reg, &w) && reg < GICD_ISACTIVER) {
        /* A narrow write sets or clears among its own bits; the others are written as 0, which does nothing. */
        if (w < g->v->num_irqs / 32) {
            value = size == 4 ? value : value & ((1u << (8 * size)) - 1);
            gic_bitmap_write(g, cpu, reg, w, value << (8 * (offset & 3)));
        }
        return;
    }
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR + g->v->num_irqs / 4) {
        /* SGIs are edge-triggered for good. */
        if (offset >= GICD_ICFGR + 4) {
            const uint32_t mask = UINT32_MAX >> (32 - 8 * size) << 8 * (offset & 3);

            w = (offset - GICD_ICFGR) / 8;
            gic_config_write(g, gic_group_lock(g, cpu, w), (offset >> 2) & 1, value << 8 * (offset & 3), mask);
            gic_group_unlock(g, cpu, w, true);
        }
    } else if (!word_register_writes(offset)) {
        gic_dist_bad(g, "narrow write", offset, size);
    } else if (offset == GICD_CTLR) {
        counted_lock(&g->dev.lock);
        __atomic_store_n(&g->ctlr, value & 1, __ATOMIC_RELEASE);
        gic_refresh(g, ~0u);
        counted_unlock(&g->dev.lock);
    } else if (offset == GICD_SGIR) {
        gic_send_sgi(g, cpu, value);
    } else {
        gic_dist_bad(g, "write", offset, size);
    }
}
