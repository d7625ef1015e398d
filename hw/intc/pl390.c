/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controllers in the baseboard's FPGA: PL390s with one CPU interface and 64 shared interrupts, eight bits
 * of priority. Page 0 is the CPU interface, page 1 the distributor, whoever accesses them. The output goes to the core
 * tile's controller. Locks: hw/intc/gic-internal.h. ARM DDI 0416.
 */
#include "gic-internal.h"

static const GICVariant pl390_variant = {
    .name = "pl390",
    .num_irqs = 96,
    .prio_mask = 0xff,
    .pmr_reset = 0,
    .bpr_min = 0,
    .rpr_idle = 0xff,
    .dist_iidr = 0x0000043b,
    .cpu_iidr = 0x0001043b,
    .pid = 0x001bb390,
    .uniprocessor = true,
};

enum { PL390_DIST = 0x1000, PL390_CPUIF_SIZE = 0x100 };

static uint32_t pl390_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    if (offset >= PL390_DIST) {
        return gic_dist_read(opaque, 0, offset - PL390_DIST, size);
    }
    return offset < PL390_CPUIF_SIZE ? gic_cpuif_read(opaque, 0, offset, size) : 0;
}

static void pl390_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    if (offset >= PL390_DIST) {
        gic_dist_write(opaque, 0, offset - PL390_DIST, value, size);
    } else if (offset < PL390_CPUIF_SIZE) {
        gic_cpuif_write(opaque, 0, offset, value, size);
    }
}

static const MMIOOps pl390_ops = { pl390_read, pl390_write };

GICState *pl390_create(uint32_t base, const char *name, const IRQLine *out)
{
    GICState *g = gic_new(&pl390_variant, name, 1);

    gic_connect_output(g, 0, out);
    device_add(&g->dev);
    /* The CPU interface comes first; names are found by the offset in the region. */
    gic_map(g, base, 2 * PL390_DIST, name, &pl390_ops, gic_cpuif_registers);
    return g;
}
