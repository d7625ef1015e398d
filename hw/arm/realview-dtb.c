/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-dtb builtin": the device tree of the RealView EB with an ARM11 MPCore, made from the board's device table and the
 * classes of its devices.
 *
 * Bindings are those of Linux 6.1 (Documentation/devicetree/bindings). A device is described if its row in the table
 * says that it is present and its class has a node; what is on the core tile is described here. Memory size, /chosen
 * and the like are filled in by hw/arm/boot-args.c as for any other tree. Called on the main thread before the CPUs
 * start; no locks, no state kept.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "hw/arm/dtb-writer.h"
#include "hw/arm/realview-dtb.h"
#include "hw/arm/realview-eb.h"
#include "hw/device.h"
#include "qemu/log.h"
#include "target/arm/cpu-model.h"

#define FPGA_END        0x20000000u     /* devices of the FPGA lie below, static memory above */

enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_LEVEL_HIGH = 4, IRQ_PPI_ALL_CPUS = 0xf00, PPI_FIRST_ID = 16 };

/* ---- interrupts ---- */

/* The core tile's controller if the device reaches it, else the first FPGA controller. */
static void interrupts(DtbWriter *t, const RealviewDevice *d)
{
    bool core = d->irq[0].core >= 0;
    fdt32_t v[3 * BOARD_IRQS];
    int n = 0;

    for (unsigned i = 0; i < BOARD_IRQS && d->irq[i].used; i++) {
        int number = core ? d->irq[i].core : d->irq[i].fpga;

        if (number >= 0) {
            v[n++] = cpu_to_fdt32(IRQ_SPI);
            v[n++] = cpu_to_fdt32((uint32_t)number);
            v[n++] = cpu_to_fdt32(IRQ_LEVEL_HIGH);
        }
    }
    if (!n || (!core && !realview_eb_present("fpga-gic1"))) {
        return;
    }
    dtb_cell(t, "interrupt-parent", core ? PH_GIC : PH_FPGA_GIC);
    dtb_property(t, "interrupts", v, 4 * n);
}

/* ---- the devices ---- */

static uint32_t clock_phandle(const RealviewDevice *d, const char *input)
{
    static const uint32_t phandle[] = {
        [REALVIEW_CLOCK_REF] = PH_REFCLK, [REALVIEW_CLOCK_TIMER] = PH_TIMCLK, [REALVIEW_CLOCK_OSC0] = PH_OSC0,
    };

    if (!strcmp(input, "apb_pclk")) {
        return PH_PCLK;
    }
    if (d->clock == REALVIEW_CLOCK_NONE) {
        error_exit("realview-eb: nothing drives %s of %s", input, d->name);
    }
    return phandle[d->clock];
}

static void clocks(DtbWriter *t, const RealviewDevice *d, const char *const *inputs)
{
    fdt32_t v[DEVICE_NODE_NAMES];
    int n;

    for (n = 0; inputs[n]; n++) {
        v[n] = cpu_to_fdt32(clock_phandle(d, inputs[n]));
    }
    if (n) {
        dtb_property(t, "clocks", v, 4 * n);
        dtb_strings(t, "clock-names", inputs);
    }
}

static void describe(DtbWriter *t, const DeviceNode *node, const RealviewDevice *d)
{
    dtb_begin_at(t, node->name, d->base);
    dtb_strings(t, "compatible", node->compatible);
    if (node->second_range) {
        dtb_cells(t, "reg", 4, d->base, node->second_range, d->base + node->second_range,
                  d->size - node->second_range);
    } else {
        dtb_cells(t, "reg", 2, d->base, d->size);
    }
    clocks(t, d, node->clocks);
    interrupts(t, d);
    /* Last: properties must come before child nodes, which some of these add. */
    if (d->describe) {
        d->describe(t, d);
    }
    dtb_end(t);
}

static void describe_range(DtbWriter *t, bool fpga)
{
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        const RealviewDevice *d = &realview_eb_devices[i];
        const Device *dev = d->present && (d->base < FPGA_END) == fpga ? device_find(d->name) : NULL;

        if (dev && dev->class->node.name) {
            describe(t, &dev->class->node, d);
        }
    }
}

/* ---- the fixed parts ---- */

static void fixed_clock(DtbWriter *t, const char *name, uint32_t hz, uint32_t phandle)
{
    dtb_begin(t, name);
    dtb_string(t, "compatible", "fixed-clock");
    dtb_cell(t, "#clock-cells", 0);
    dtb_cell(t, "clock-frequency", hz);
    dtb_cell(t, "phandle", phandle);
    dtb_end(t);
}

static void endpoint(DtbWriter *t, const char *port, int reg, uint32_t self, uint32_t remote)
{
    dtb_begin(t, port);
    if (reg >= 0) {
        dtb_cell(t, "reg", (uint32_t)reg);
    }
    dtb_begin(t, "endpoint");
    dtb_cell(t, "remote-endpoint", remote);
    dtb_cell(t, "phandle", self);
    dtb_end(t);
    dtb_end(t);
}

/* CLCD -> video DAC -> connector. */
static void video(DtbWriter *t)
{
    static const char dac[] = "ti,ths8134a\0ti,ths8134";

    dtb_begin(t, "bridge");
    dtb_property(t, "compatible", dac, sizeof(dac));
    dtb_begin(t, "ports");
    dtb_address_cells(t, 1, 0);
    endpoint(t, "port@0", 0, PH_DAC_IN, PH_CLCD_PADS);
    endpoint(t, "port@1", 1, PH_DAC_OUT, PH_VGA_IN);
    dtb_end(t);
    dtb_end(t);
    dtb_begin(t, "vga");
    dtb_string(t, "compatible", "vga-connector");
    endpoint(t, "port", -1, PH_VGA_IN, PH_DAC_OUT);
    dtb_end(t);
}

static void regulator(DtbWriter *t)
{
    dtb_begin(t, "regulator-vmmc");
    dtb_string(t, "compatible", "regulator-fixed");
    dtb_string(t, "regulator-name", "vmmc");
    dtb_cell(t, "regulator-min-microvolt", 3300000);
    dtb_cell(t, "regulator-max-microvolt", 3300000);
    dtb_flag(t, "regulator-boot-on");
    dtb_cell(t, "phandle", PH_VMMC);
    dtb_end(t);
}

static void gic(DtbWriter *t, const char *compatible, uint32_t dist, uint32_t cpu, uint32_t phandle)
{
    dtb_begin_at(t, "interrupt-controller", dist);
    dtb_string(t, "compatible", compatible);
    dtb_cell(t, "#interrupt-cells", 3);
    dtb_cell(t, "#address-cells", 1);
    dtb_flag(t, "interrupt-controller");
    dtb_cells(t, "reg", 4, dist, 0x1000, cpu, 0x100);
    dtb_cell(t, "phandle", phandle);
}

static void twd(DtbWriter *t, const char *node, const char *compatible, uint32_t base, uint32_t id)
{
    dtb_begin_at(t, node, base);
    dtb_string(t, "compatible", compatible);
    dtb_cells(t, "reg", 2, base, 0x20);
    dtb_cell(t, "clocks", PH_PERIPHCLK);
    dtb_cell(t, "interrupt-parent", PH_GIC);
    dtb_cells(t, "interrupts", 3, IRQ_PPI, id - PPI_FIRST_ID, IRQ_PPI_ALL_CPUS | IRQ_LEVEL_HIGH);
    dtb_end(t);
}

static void l2_cache(DtbWriter *t, const RealviewDevice *d)
{
    dtb_begin_at(t, "cache-controller", d->base);
    dtb_string(t, "compatible", "arm,l220-cache");
    dtb_cells(t, "reg", 2, d->base, d->size);
    dtb_cell(t, "interrupt-parent", PH_GIC);
    dtb_cells(t, "interrupts", 9, IRQ_SPI, REALVIEW_EB_L220_SPI, IRQ_LEVEL_HIGH, IRQ_SPI, REALVIEW_EB_L220_SPI + 1,
          IRQ_LEVEL_HIGH, IRQ_SPI, REALVIEW_EB_L220_SPI + 2, IRQ_LEVEL_HIGH);
    dtb_flag(t, "cache-unified");
    dtb_cell(t, "cache-level", 2);
    /* The controller's registers do not say it: 1 MiB, 8 ways of 128 KiB. */
    dtb_cell(t, "cache-size", 1 << 20);
    dtb_cell(t, "cache-sets", 4096);
    dtb_cell(t, "cache-line-size", 32);
    dtb_flag(t, "arm,shared-override");
    dtb_flag(t, "arm,parity-enable");
    dtb_flag(t, "arm,outer-sync-disable");
    dtb_cell(t, "phandle", PH_L2);
    dtb_end(t);
}

static void pmu(DtbWriter *t, int smp)
{
    fdt32_t irq[3 * ARM_MAX_CPUS], cpu[ARM_MAX_CPUS];
    int n;

    for (n = 0; n < smp; n++) {
        irq[3 * n] = cpu_to_fdt32(IRQ_SPI);
        irq[3 * n + 1] = cpu_to_fdt32(REALVIEW_EB_PMU_SPI + (uint32_t)n);
        irq[3 * n + 2] = cpu_to_fdt32(IRQ_LEVEL_HIGH);
        cpu[n] = cpu_to_fdt32(PH_CPU0 + (uint32_t)n);
    }
    dtb_begin(t, "pmu");
    dtb_string(t, "compatible", arm_cpu_model->pmu_compatible);
    dtb_cell(t, "interrupt-parent", PH_GIC);
    dtb_property(t, "interrupts", irq, 12 * smp);
    dtb_property(t, "interrupt-affinity", cpu, 4 * smp);
    dtb_end(t);
}

/* The core tile, and the FPGA's interrupt controller that feeds it. */
static void core_tile(DtbWriter *t)
{
    static const char compat[] = "arm,realview-eb-soc\0simple-bus";
    const RealviewDevice *fpga_gic = realview_eb_present("fpga-gic1"), *scu = realview_eb_present("scu");
    uint32_t timers = realview_eb_present("mptimer")->base;

    dtb_begin(t, "soc");
    dtb_property(t, "compatible", compat, sizeof(compat));
    dtb_address_cells(t, 1, 1);
    dtb_flag(t, "ranges");
    dtb_cell(t, "regmap", PH_SYSCON);
    gic(t, "arm,eb11mp-gic", realview_eb_present("gic-dist")->base, realview_eb_present("gic-cpu")->base, PH_GIC);
    dtb_end(t);
    if (fpga_gic) {
        gic(t, "arm,pl390", fpga_gic->base + 0x1000, fpga_gic->base, PH_FPGA_GIC);
        interrupts(t, fpga_gic);
        dtb_end(t);
    }
    if (realview_eb_present("l220")) {
        l2_cache(t, realview_eb_present("l220"));
    }
    dtb_begin_at(t, "scu", scu->base);
    dtb_string(t, "compatible", "arm,arm11mp-scu");
    dtb_cells(t, "reg", 2, scu->base, scu->size);
    dtb_end(t);
    twd(t, "timer", "arm,arm11mp-twd-timer", timers, REALVIEW_EB_TIMER_PPI);
    twd(t, "watchdog", "arm,arm11mp-twd-wdt", timers + 0x20, REALVIEW_EB_WATCHDOG_PPI);
    dtb_end(t);
}

static void cpus(DtbWriter *t, int smp)
{
    int n;

    dtb_begin(t, "cpus");
    dtb_address_cells(t, 1, 0);
    dtb_string(t, "enable-method", "arm,realview-smp");
    for (n = 0; n < smp; n++) {
        dtb_begin_at(t, "cpu", (uint32_t)n);
        dtb_string(t, "device_type", "cpu");
        dtb_string(t, "compatible", arm_cpu_model->compatible);
        dtb_cell(t, "reg", (uint32_t)n);
        if (realview_eb_present("l220")) {
            dtb_cell(t, "next-level-cache", PH_L2);
        }
        dtb_cell(t, "phandle", PH_CPU0 + (uint32_t)n);
        dtb_end(t);
    }
    dtb_end(t);
}

static void aliases(DtbWriter *t)
{
    char name[16], path[48];
    uint32_t n;

    dtb_begin(t, "aliases");
    for (n = 0; n < 4; n++) {
        snprintf(name, sizeof(name), "uart%u", n);
        const RealviewDevice *uart = realview_eb_present(name);

        if (uart) {
            snprintf(name, sizeof(name), "serial%u", n);
            snprintf(path, sizeof(path), "/fpga/serial@%x", uart->base);
            dtb_string(t, name, path);
        }
    }
    if (realview_eb_present("i2c")) {
        snprintf(path, sizeof(path), "/fpga/i2c@%x", realview_eb_present("i2c")->base);
        dtb_string(t, "i2c0", path);
    }
    dtb_end(t);
}

static void root(DtbWriter *t, const MachineState *m)
{
    dtb_begin(t, "");
    dtb_address_cells(t, 1, 1);
    dtb_string(t, "compatible", "arm,realview-eb");
    dtb_string(t, "model", "ARM RealView Emulation Baseboard with ARM11 MPCore, core tile revision B");
    dtb_cell(t, "arm,hbi", 0x146);
    dtb_begin(t, "chosen");
    if (realview_eb_present("uart0")) {
        dtb_string(t, "stdout-path", "serial0:115200n8");
    }
    dtb_end(t);
    aliases(t);
    dtb_begin(t, "memory@0");
    dtb_string(t, "device_type", "memory");
    dtb_cells(t, "reg", 2, 0, m->ram_size);
    dtb_end(t);
    cpus(t, m->smp);

    fixed_clock(t, "clock-ref", REALVIEW_EB_REFCLK_HZ, PH_REFCLK);
    fixed_clock(t, "clock-32k", REALVIEW_EB_CLK32K_HZ, PH_CLK32K);
    fixed_clock(t, "clock-timer", REALVIEW_EB_TIMCLK_HZ, PH_TIMCLK);
    fixed_clock(t, "clock-periph", REALVIEW_EB_PERIPHCLK_HZ, PH_PERIPHCLK);
    fixed_clock(t, "clock-apb", 0, PH_PCLK);     /* its rate matters to nobody */
    regulator(t);
    if (realview_eb_present("clcd")) {
        video(t);
    }
    describe_range(t, false);

    dtb_begin(t, "fpga");
    dtb_string(t, "compatible", "simple-bus");
    dtb_address_cells(t, 1, 1);
    dtb_flag(t, "ranges");
    describe_range(t, true);
    dtb_end(t);

    core_tile(t);
    pmu(t, m->smp);
    dtb_end(t);
}

void *realview_build_dtb(MachineState *m, int *size)
{
    DtbWriter *t = dtb_new();

    if (!t) {
        return NULL;
    }
    root(t, m);
    return dtb_finish(t, size);
}
