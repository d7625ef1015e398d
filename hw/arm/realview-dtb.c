/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-dtb builtin": the device tree of the RealView EB with an ARM11 MPCore, made from the board's device table.
 *
 * Bindings are those of Linux 6.1 (Documentation/devicetree/bindings). A device is described if its row in the table
 * says that it is present; rows are found by their names. Memory size, /chosen and the like are filled in by
 * hw/arm/boot-args.c as for any other tree. Called on the main thread before the CPUs start; no locks, no state kept.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "hw/arm/dtb-writer.h"
#include "hw/arm/realview-eb.h"

/* Phandles. */
enum {
    PH_GIC = 1, PH_FPGA_GIC, PH_SYSCON, PH_REFCLK, PH_TIMCLK, PH_PCLK, PH_PERIPHCLK, PH_OSC0, PH_VMMC, PH_L2,
    PH_GPIO0, PH_GPIO1, PH_GPIO2, PH_CLCD_PADS, PH_DAC_IN, PH_DAC_OUT, PH_VGA_IN, PH_CPU0,
};

#define FPGA_END        0x20000000u     /* devices of the FPGA lie below, static memory above */

enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_LEVEL_HIGH = 4, IRQ_PPI_ALL_CPUS = 0xf00, PPI_FIRST_ID = 16 };
enum { GPIO_ACTIVE_HIGH = 0, GPIO_ACTIVE_LOW = 1 };

/* The row called NAME if the device is there, else NULL. */
static const RealviewDevice *present(const char *name)
{
    const RealviewDevice *d = realview_eb_device(name);

    return d && d->present ? d : NULL;
}

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
    if (!n || (!core && !present("fpga-gic1"))) {
        return;
    }
    dtb_cell(t, "interrupt-parent", core ? PH_GIC : PH_FPGA_GIC);
    dtb_property(t, "interrupts", v, 4 * n);
}

/* ---- what some devices need beyond the common properties ---- */

static void leds(DtbWriter *t)
{
    static const char *const trigger[8] = { "heartbeat", "mmc0", "cpu0", "cpu1", "cpu2", "cpu3" };
    unsigned i;

    for (i = 0; i < 8; i++) {
        char name[16];

        snprintf(name, sizeof(name), "led@8,%u", i);
        dtb_begin(t, name);
        dtb_string(t, "compatible", "register-bit-led");
        dtb_cells(t, "reg", 2, 0x08, 0x04);
        dtb_cell(t, "offset", 0x08);
        dtb_cell(t, "mask", 1u << i);
        snprintf(name, sizeof(name), "versatile:%u", i);
        dtb_string(t, "label", name);
        if (trigger[i]) {
            dtb_string(t, "linux,default-trigger", trigger[i]);
        }
        dtb_string(t, "default-state", i == 0 ? "on" : "off");
        dtb_end(t);
    }
}

static void syscon(DtbWriter *t, const RealviewDevice *d)
{
    static const char compat[] = "arm,realview-eb11mp-revb-syscon\0arm,realview-eb-syscon\0syscon\0simple-mfd";
    uint32_t osc;

    dtb_property(t, "compatible", compat, sizeof(compat));
    dtb_cells(t, "ranges", 3, 0, d->base, 0x1000);
    dtb_address_cells(t, 1, 1);
    dtb_cell(t, "phandle", PH_SYSCON);
    leds(t);
    for (osc = 0; osc < 5; osc++) {
        uint32_t offset = 0x0c + 4 * osc;

        dtb_begin_at(t, "clock-controller", offset);
        dtb_string(t, "compatible", "arm,syscon-icst307");
        dtb_cells(t, "reg", 2, offset, 4);
        dtb_cell(t, "#clock-cells", 0);
        dtb_cell(t, "lock-offset", 0x20);
        dtb_cell(t, "vco-offset", offset);
        dtb_cell(t, "clocks", PH_REFCLK);
        if (osc == 0) {
            dtb_cell(t, "phandle", PH_OSC0);
        }
        dtb_end(t);
    }
}

static void i2c(DtbWriter *t, const RealviewDevice *d)
{
    dtb_address_cells(t, 1, 0);
    dtb_begin(t, "rtc@68");
    dtb_string(t, "compatible", "dallas,ds1338");
    dtb_cell(t, "reg", 0x68);
    dtb_end(t);
}

static void mmci(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "max-frequency", 500000);
    dtb_cell(t, "bus-width", 4);
    dtb_flag(t, "cap-sd-highspeed");
    dtb_flag(t, "cap-mmc-highspeed");
    dtb_cell(t, "vmmc-supply", PH_VMMC);
    /* Card detect (low: there is one) and write protection are wired to the third GPIO block. */
    if (present("gpio2")) {
        dtb_cells(t, "cd-gpios", 3, PH_GPIO2, 0, GPIO_ACTIVE_LOW);
        dtb_cells(t, "wp-gpios", 3, PH_GPIO2, 1, GPIO_ACTIVE_HIGH);
    } else {
        dtb_flag(t, "broken-cd");
    }
}

static void gpio(DtbWriter *t, const RealviewDevice *d)
{
    dtb_flag(t, "gpio-controller");
    dtb_cell(t, "#gpio-cells", 2);
    dtb_flag(t, "interrupt-controller");
    dtb_cell(t, "#address-cells", 0);
    dtb_cell(t, "#interrupt-cells", 2);
    dtb_cell(t, "phandle", PH_GPIO0 + (uint32_t)d->unit);
}

static void clcd(DtbWriter *t, const RealviewDevice *d)
{
    dtb_string(t, "interrupt-names", "combined");
    dtb_cell(t, "max-memory-bandwidth", 95000000);
    dtb_begin(t, "port");
    dtb_begin(t, "endpoint");
    dtb_cell(t, "remote-endpoint", PH_DAC_IN);
    dtb_cells(t, "arm,pl11x,tft-r0g0b0-pads", 3, 0, 8, 16);
    dtb_cell(t, "phandle", PH_CLCD_PADS);
    dtb_end(t);
    dtb_end(t);
}

static void dmac(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "#dma-cells", 2);
    dtb_cell(t, "dma-channels", 2);
    dtb_flag(t, "lli-bus-interface-ahb1");
    dtb_flag(t, "mem-bus-interface-ahb1");
    dtb_cell(t, "memcpy-burst-size", 256);
    dtb_cell(t, "memcpy-bus-width", 32);
}

static void flash(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "bank-width", 4);
    dtb_begin(t, "partitions");
    dtb_string(t, "compatible", "arm,arm-firmware-suite");
    dtb_end(t);
}

static void ethernet(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "reg-io-width", 7);     /* 8, 16 and 32 bits */
}

static void usb(DtbWriter *t, const RealviewDevice *d)
{
    dtb_string(t, "dr_mode", "host");
    dtb_cell(t, "bus-width", 32);
}

/* ---- the devices ---- */

typedef struct Clocks {
    uint8_t phandle[3];
    uint8_t n;
    uint8_t names_size;
    const char *names;
} Clocks;
#define CLOCKS(list, n_, ...) { { __VA_ARGS__ }, n_, sizeof(list), list }

typedef struct Description {
    const char *name;           /* of the row in the device table */
    const char *node;
    const char *compatible;     /* NULs between several */
    uint8_t compatible_size;
    uint32_t size;              /* 0: as in the device table */
    Clocks clocks;
    void (*extra)(DtbWriter *t, const RealviewDevice *d);
} Description;

#define PRIMECELL(part) "arm," part "\0arm,primecell", sizeof("arm," part "\0arm,primecell")
#define PLAIN(list)     list, sizeof(list)
#define NO_CLOCK        CLOCKS("", 0, 0)
#define PCLK            CLOCKS("apb_pclk", 1, PH_PCLK)
#define REF_PCLK(name)  CLOCKS(name "\0apb_pclk", 2, PH_REFCLK, PH_PCLK)

static const Description descriptions[] = {
    { "flash0", "flash",    PLAIN("arm,versatile-flash\0cfi-flash"), 0, NO_CLOCK, flash },
    { "flash1", "flash",    PLAIN("arm,versatile-flash\0cfi-flash"), 0, NO_CLOCK, flash },
    { "ethernet", "ethernet", PLAIN("smsc,lan91c111"), 0x10000, NO_CLOCK, ethernet },
    { "usb", "usb",      PLAIN("nxp,usb-isp1761"), 0x20000, NO_CLOCK, usb },
    { "sysctl", "syscon",  NULL, 0, 0x1000, NO_CLOCK, syscon },
    { "i2c", "i2c",      PLAIN("arm,versatile-i2c"), 0x1000, NO_CLOCK, i2c },
    { "aaci", "aaci",     PRIMECELL("pl041"), 0x1000, PCLK, NULL },
    { "mmci", "mmcsd",    PRIMECELL("pl18x"), 0x1000, REF_PCLK("mclk"), mmci },
    { "kmi0", "kmi",      PRIMECELL("pl050"), 0x1000, REF_PCLK("KMIREFCLK"), NULL },
    { "kmi1", "kmi",      PRIMECELL("pl050"), 0x1000, REF_PCLK("KMIREFCLK"), NULL },
    { "charlcd", "charlcd",  PLAIN("arm,versatile-lcd"), 0x1000, PCLK, NULL },
    { "uart0", "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { "uart1", "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { "uart2", "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { "uart3", "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { "ssp", "spi",      PRIMECELL("pl022"), 0x1000, REF_PCLK("sspclk"), NULL },
    { "watchdog", "watchdog", PRIMECELL("sp805"), 0x1000, REF_PCLK("wdog_clk"), NULL },
    { "timer01", "timer",    PRIMECELL("sp804"), 0x1000,
      CLOCKS("timer1\0timer2\0apb_pclk", 3, PH_TIMCLK, PH_TIMCLK, PH_PCLK), NULL },
    { "timer23", "timer",    PRIMECELL("sp804"), 0x1000,
      CLOCKS("timer1\0timer2\0apb_pclk", 3, PH_TIMCLK, PH_TIMCLK, PH_PCLK), NULL },
    { "gpio0", "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { "gpio1", "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { "gpio2", "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { "rtc", "rtc",      PRIMECELL("pl031"), 0x1000, PCLK, NULL },
    { "clcd", "clcd",     PRIMECELL("pl111"), 0x1000,
      CLOCKS("clcdclk\0apb_pclk", 2, PH_OSC0, PH_PCLK), clcd },
    { "dmac", "dma-controller", PRIMECELL("pl081"), 0x1000, PCLK, dmac },
};

static void describe(DtbWriter *t, const Description *s, const RealviewDevice *d)
{
    int i;

    dtb_begin_at(t, s->node, d->base);
    if (s->compatible) {
        dtb_property(t, "compatible", s->compatible, s->compatible_size);
    }
    dtb_cells(t, "reg", 2, d->base, s->size ? s->size : d->size);
    if (s->clocks.n) {
        fdt32_t v[3];

        for (i = 0; i < s->clocks.n; i++) {
            v[i] = cpu_to_fdt32(s->clocks.phandle[i]);
        }
        dtb_property(t, "clocks", v, 4 * s->clocks.n);
        dtb_property(t, "clock-names", s->clocks.names, s->clocks.names_size);
    }
    interrupts(t, d);
    /* Last: properties must come before child nodes, which some of these add. */
    if (s->extra) {
        s->extra(t, d);
    }
    dtb_end(t);
}

static void describe_range(DtbWriter *t, bool fpga)
{
    size_t i;

    for (i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        const RealviewDevice *d = present(descriptions[i].name);

        if (d && (d->base < FPGA_END) == fpga) {
            describe(t, &descriptions[i], d);
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
    dtb_string(t, "compatible", "arm,arm11mpcore-pmu");
    dtb_cell(t, "interrupt-parent", PH_GIC);
    dtb_property(t, "interrupts", irq, 12 * smp);
    dtb_property(t, "interrupt-affinity", cpu, 4 * smp);
    dtb_end(t);
}

/* The core tile, and the FPGA's interrupt controller that feeds it. */
static void core_tile(DtbWriter *t)
{
    static const char compat[] = "arm,realview-eb-soc\0simple-bus";
    const RealviewDevice *fpga_gic = present("fpga-gic1"), *scu = present("scu");
    uint32_t timers = present("mptimer")->base;

    dtb_begin(t, "soc");
    dtb_property(t, "compatible", compat, sizeof(compat));
    dtb_address_cells(t, 1, 1);
    dtb_flag(t, "ranges");
    dtb_cell(t, "regmap", PH_SYSCON);
    gic(t, "arm,eb11mp-gic", present("gic-dist")->base, present("gic-cpu")->base, PH_GIC);
    dtb_end(t);
    if (fpga_gic) {
        gic(t, "arm,pl390", fpga_gic->base + 0x1000, fpga_gic->base, PH_FPGA_GIC);
        interrupts(t, fpga_gic);
        dtb_end(t);
    }
    if (present("l220")) {
        l2_cache(t, present("l220"));
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
        dtb_string(t, "compatible", "arm,arm11mpcore");
        dtb_cell(t, "reg", (uint32_t)n);
        if (present("l220")) {
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
        const RealviewDevice *uart = present(name);

        if (uart) {
            snprintf(name, sizeof(name), "serial%u", n);
            snprintf(path, sizeof(path), "/fpga/serial@%x", uart->base);
            dtb_string(t, name, path);
        }
    }
    if (present("i2c")) {
        snprintf(path, sizeof(path), "/fpga/i2c@%x", present("i2c")->base);
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
    if (present("uart0")) {
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
    fixed_clock(t, "clock-timer", REALVIEW_EB_TIMCLK_HZ, PH_TIMCLK);
    fixed_clock(t, "clock-periph", REALVIEW_EB_PERIPHCLK_HZ, PH_PERIPHCLK);
    fixed_clock(t, "clock-apb", 0, PH_PCLK);     /* its rate matters to nobody */
    regulator(t);
    if (present("clcd")) {
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
