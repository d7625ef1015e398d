/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See toy-board.h: an interrupt controller and a bell. Built on the main thread, constant afterwards. */
#include "hw/arm/dtb-writer.h"
#include "hw/device.h"
#include "hw/intc/gic.h"
#include "toy-board.h"

static GICState *gic;
static IRQLine bell_line;

static void bell_line_set(void *opaque, int n, int level)
{
    gic_set_spi(opaque, (unsigned)n, level);
}

static void toy_init(MachineState *m)
{
    gic = arm11mp_gic_new((unsigned)m->smp);
    arm11mp_gic_map_dist(gic, TOY_GICD, 0x1000, "toy-gicd");
    arm11mp_gic_map_cpu(gic, TOY_GICC, 0x500, "toy-gicc");
    irq_init(&bell_line, bell_line_set, gic, 32 + TOY_BELL_SPI);
    toy_bell_create(TOY_BELL, "bell0", &bell_line);
    m->boot = (BoardBoot) { .gic_cpu = TOY_GICC, .pen = TOY_PEN, .flags = TOY_BELL + BELL_COUNT };
}

static void *toy_build_dtb(MachineState *m, int *size)
{
    DtbWriter *t = dtb_new();

    if (!t) {
        return NULL;
    }
    dtb_begin(t, "");
    dtb_address_cells(t, 1, 1);
    dtb_string(t, "compatible", "toy,board");
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        if (d->class->node.name) {
            dtb_begin_at(t, d->class->node.name, TOY_BELL);
            dtb_strings(t, "compatible", d->class->node.compatible);
            dtb_cells(t, "reg", 2, TOY_BELL, BELL_SIZE);
            dtb_end(t);
        }
    }
    dtb_end(t);
    return dtb_finish(t, size);
}

const MachineClass toy_machine = {
    .name = "toy",
    .desc = "Toy board",
    .max_cpus = 2,
    .default_cpus = 2,
    .default_ram = 16 << 20,
    .max_ram = 16 << 20,
    .default_cpu = "arm11mpcore",
    .init = toy_init,
    .build_dtb = toy_build_dtb,
    .board_id = TOY_BOARD_ID,
};
