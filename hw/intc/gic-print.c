/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the interrupt controllers have done and what is pending, as text for the monitor. Any thread; takes the locks.
 */
#include "hw/intc/gic-internal.h"

static const char *kind(unsigned id)
{
    return id < GIC_SGIS ? "SGI" : id < GIC_PRIVATE ? "PPI" : "SPI";
}

/* cpu: -1 for what all share. */
static void print_head(FILE *f, const char *label, int cpu, unsigned id)
{
    fprintf(f, "%-16s", label);
    if (cpu >= 0) {
        fprintf(f, " %4d", cpu);
    } else {
        fprintf(f, " %4s", "any");
    }
    fprintf(f, " %5u %-5s", id, kind(id));
}

static void print_taken(FILE *f, const char *label, int cpu, const uint64_t *taken, const uint64_t *low, unsigned first,
                        unsigned end)
{
    for (unsigned id = first; id < end; id++) {
        if (taken[id]) {
            print_head(f, label, cpu, id);
            fprintf(f, " %14llu %14llu\n", (unsigned long long)taken[id], (unsigned long long)low[id]);
        }
    }
}

void gic_print_taken(FILE *f)
{
    /* The last column: of them, level-sensitive and with the line low: the device had nothing to say any more. */
    fprintf(f, "%-16s %4s %5s %-5s %14s %14s\n", "controller", "CPU", "ID", "kind", "acknowledged", "line was low");
    for (GICState *g = gic_first(); g; g = g->next) {
        for (unsigned i = 0; i < g->num_cpus; i++) {
            counted_lock(&g->cpu[i].lock);
            print_taken(f, g->dev.name, (int)i, g->cpu[i].taken, g->cpu[i].taken_low, 0, GIC_PRIVATE);
            counted_unlock(&g->cpu[i].lock);
        }
        counted_lock(&g->dev.lock);
        print_taken(f, g->dev.name, -1, g->taken, g->taken_low, GIC_PRIVATE, g->v->num_irqs);
        counted_unlock(&g->dev.lock);
    }
}

/* The interrupts of a group that are enabled, pending, active or high; `pending` has those of the group. */
static void print_group(FILE *f, const GICState *g, int cpu, unsigned first, const GICGroup *p, uint32_t pending,
                        const uint8_t *prio, const uint8_t *target)
{
    for (unsigned i = 0; i < 32; i++) {
        const uint32_t bit = 1u << i;

        /* SGIs are always enabled, and have no line. */
        const uint32_t shown = first + i < GIC_SGIS ? pending | p->active : p->enabled | pending | p->active | p->level;

        if (!(shown & bit)) {
            continue;
        }
        print_head(f, g->dev.name, cpu, first + i);
        fprintf(f, " %-7s %-7s %-6s %-5s %-5s  0x%02x", p->enabled & bit ? "yes" : "-", pending & bit ? "yes" : "-",
                p->active & bit ? "yes" : "-", p->level & bit ? "high" : "low", p->edge & bit ? "edge" : "level",
                prio[i]);
        if (target) {
            fprintf(f, "  0x%x", target[i]);
        }
        fputc('\n', f);
    }
}

void gic_print_state(FILE *f)
{
    fprintf(f, "%-16s %4s %5s %-5s %-7s %-7s %-6s %-5s %-5s %s\n", "controller", "CPU", "ID", "kind", "enabled",
            "pending", "active", "line", "type", "priority, target");
    for (GICState *g = gic_first(); g; g = g->next) {
        for (unsigned i = 0; i < g->num_cpus; i++) {
            const GICCpu *c = &g->cpu[i];

            counted_lock(&g->cpu[i].lock);
            print_group(f, g, (int)i, 0, &c->priv, gic_group_pending(g, &c->priv) | c->sgi_pending, c->prio, NULL);
            fprintf(f, "%-16s %4u interface %s, mask 0x%02x, output %s\n", g->dev.name, i, c->ctlr & 1 ? "on" : "off",
                    c->pmr, c->out ? "high" : "low");
            counted_unlock(&g->cpu[i].lock);
        }
        counted_lock(&g->dev.lock);
        for (unsigned w = 1; w < g->v->num_irqs / 32; w++) {
            print_group(f, g, -1, w * 32, &g->spi[w], gic_group_pending(g, &g->spi[w]), g->prio + w * 32,
                        g->target + w * 32);
        }
        counted_unlock(&g->dev.lock);
    }
}
