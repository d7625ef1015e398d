/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ARM11 MPCore's distributed interrupt controller: 32 private interrupts per CPU, 32 shared ones, four bits of
 * priority. Its outputs are the CPUs' IRQ inputs. Locks: hw/intc/gic-internal.h. ARM DDI 0360 chapter 10.
 */
#include "sysemu/cpus.h"
#include "gic-internal.h"

static const GICVariant arm11mp_variant = {
    .name = "arm11mp-gic",
    .num_irqs = 64,
    .prio_mask = 0xf0,
    .pmr_reset = 0xf0,
    .bpr_min = 3,
    .rpr_idle = 0xf0,
    .dist_iidr = 0x0000043b,
    .cpu_iidr = 0,
    .pid = 0x00041390,
    .self_target_first = 29,
    .latches_levels = true,
};

/* Device DMA, which has no CPU of its own, acts as CPU 0. */
static unsigned arm11mp_gic_cpu(GICState *g, unsigned cpu)
{
    return cpu < g->num_cpus ? cpu : 0;
}

static uint32_t arm11mp_dist_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    GICState *g = opaque;

    return gic_dist_read(g, arm11mp_gic_cpu(g, cpu), offset, size);
}

static void arm11mp_dist_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    GICState *g = opaque;

    gic_dist_write(g, arm11mp_gic_cpu(g, cpu), offset, value, size);
}

static const MMIOOps arm11mp_dist_ops = { arm11mp_dist_read, arm11mp_dist_write };

/* Frame 0 is the accessing CPU's, frames 1..4 are those of CPU 0..3; -1: a CPU that does not exist. */
static int arm11mp_frame_cpu(GICState *g, uint32_t offset, unsigned cpu)
{
    unsigned frame = offset >> 8;

    if (frame == 0) {
        return (int)arm11mp_gic_cpu(g, cpu);
    }
    return frame <= g->num_cpus ? (int)frame - 1 : -1;
}

static uint32_t arm11mp_cpu_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    GICState *g = opaque;
    int n = arm11mp_frame_cpu(g, offset, cpu);

    return n < 0 ? 0 : gic_cpuif_read(g, (unsigned)n, offset & 0xff, size);
}

static void arm11mp_cpu_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    GICState *g = opaque;
    int n = arm11mp_frame_cpu(g, offset, cpu);

    if (n >= 0) {
        gic_cpuif_write(g, (unsigned)n, offset & 0xff, value, size);
    }
}

static const MMIOOps arm11mp_cpu_ops = { arm11mp_cpu_read, arm11mp_cpu_write };

static void arm11mp_gic_output(void *opaque, int n, int level)
{
    cpu_interrupt(n, 0, level);
}

GICState *arm11mp_gic_new(unsigned num_cpus)
{
    GICState *g = gic_new(&arm11mp_variant, "arm11mp-gic", num_cpus);

    for (unsigned i = 0; i < num_cpus; i++) {
        IRQLine out;

        irq_init(&out, arm11mp_gic_output, g, (int)i);
        gic_connect_output(g, i, &out);
    }
    device_add(&g->dev);
    return g;
}

void arm11mp_gic_map_dist(GICState *g, uint32_t base, uint32_t size, const char *name)
{
    gic_map(g, base, size, name, &arm11mp_dist_ops, gic_dist_registers);
}

void arm11mp_gic_map_cpu(GICState *g, uint32_t base, uint32_t size, const char *name)
{
    gic_map(g, base, size, name, &arm11mp_cpu_ops, gic_cpuif_registers);
}
