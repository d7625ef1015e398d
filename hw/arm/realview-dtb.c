/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-dtb builtin": the device tree of the RealView EB with an ARM11 MPCore, made from the board's device table.
 *
 * Bindings are those of Linux 6.1 (Documentation/devicetree/bindings). A device is described if its row in the table says
 * that it is present; rows are found by their base address. Memory size, /chosen and the like are filled in by
 * hw/arm/boot-args.c as for any other tree. Called on the main thread before the CPUs start; no locks, no state kept.
 */
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/arm/realview-eb.h"

enum { DTB_MAX = 64 << 10 };

/* Phandles. */
enum {
    PH_GIC = 1, PH_FPGA_GIC, PH_SYSCON, PH_REFCLK, PH_TIMCLK, PH_PCLK, PH_PERIPHCLK, PH_OSC0, PH_VMMC, PH_L2,
    PH_GPIO0, PH_GPIO1, PH_GPIO2, PH_CLCD_PADS, PH_DAC_IN, PH_DAC_OUT, PH_VGA_IN, PH_CPU0,
};

#define MPCORE_BASE     0x10100000u
#define SCU_BASE        (MPCORE_BASE + 0x0000)
#define GIC_CPU_BASE    (MPCORE_BASE + 0x0100)
#define TWD_TIMER_BASE  (MPCORE_BASE + 0x0600)
#define TWD_WDT_BASE    (MPCORE_BASE + 0x0620)
#define GIC_DIST_BASE   (MPCORE_BASE + 0x1000)
#define L220_BASE       (MPCORE_BASE + 0x2000)
#define SYSCON_BASE     0x10000000u
#define UART0_BASE      0x10009000u
#define FPGA_GIC_BASE   0x10040000u
#define GPIO2_BASE      0x10015000u
#define CLCD_BASE       0x10020000u
#define FPGA_END        0x20000000u     /* devices of the FPGA lie below, static memory above */

enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_LEVEL_HIGH = 4, IRQ_PPI_ALL_CPUS = 0xf00, PPI_FIRST_ID = 16 };
enum { GPIO_ACTIVE_HIGH = 0, GPIO_ACTIVE_LOW = 1 };

/* The tree being written; the first error sticks. */
typedef struct Tree {
    void *fdt;
    int err;
} Tree;

static void put(Tree *t, int ret)
{
    if (!t->err) {
        t->err = ret;
    }
}

static void begin(Tree *t, const char *name)
{
    put(t, fdt_begin_node(t->fdt, name));
}

static void begin_at(Tree *t, const char *name, uint32_t addr)
{
    char full[64];

    snprintf(full, sizeof(full), "%s@%x", name, addr);
    begin(t, full);
}

static void end(Tree *t)
{
    put(t, fdt_end_node(t->fdt));
}

static void flag(Tree *t, const char *name)
{
    put(t, fdt_property(t->fdt, name, NULL, 0));
}

static void str(Tree *t, const char *name, const char *value)
{
    put(t, fdt_property_string(t->fdt, name, value));
}

/* A list of strings, written as one with NULs between them. */
#define strs(t, name, list) put(t, fdt_property((t)->fdt, name, list, (int)sizeof(list)))

static void cells(Tree *t, const char *name, int n, ...)
{
    fdt32_t v[16];
    va_list ap;
    int i;

    va_start(ap, n);
    for (i = 0; i < n; i++) {
        v[i] = cpu_to_fdt32(va_arg(ap, uint32_t));
    }
    va_end(ap);
    put(t, fdt_property(t->fdt, name, v, 4 * n));
}

static void cell(Tree *t, const char *name, uint32_t v)
{
    put(t, fdt_property_u32(t->fdt, name, v));
}

static void address_cells(Tree *t, uint32_t addr, uint32_t size)
{
    cell(t, "#address-cells", addr);
    cell(t, "#size-cells", size);
}

static const RealviewDevice *device_at(uint32_t base)
{
    size_t i;

    for (i = 0; i < realview_eb_num_devices; i++) {
        if (realview_eb_devices[i].base == base) {
            return realview_eb_devices[i].present ? &realview_eb_devices[i] : NULL;
        }
    }
    return NULL;
}

/* ---- interrupts ---- */

/* The core tile's controller if the device reaches it, else the first FPGA controller. */
static void interrupts(Tree *t, const RealviewDevice *d)
{
    bool core = d->core_irq >= 0;
    int first = core ? d->core_irq : d->fpga_irq;
    int second = core ? d->core_irq2 : d->fpga_irq2;

    if (first < 0 || (!core && !device_at(FPGA_GIC_BASE))) {
        return;
    }
    cell(t, "interrupt-parent", core ? PH_GIC : PH_FPGA_GIC);
    /* A zero-initialized second pair would be a line of its own: real ones differ from the first. */
    if (second > 0 && second != first) {
        cells(t, "interrupts", 6, IRQ_SPI, first, IRQ_LEVEL_HIGH, IRQ_SPI, second, IRQ_LEVEL_HIGH);
    } else {
        cells(t, "interrupts", 3, IRQ_SPI, first, IRQ_LEVEL_HIGH);
    }
}

/* ---- what some devices need beyond the common properties ---- */

static void leds(Tree *t)
{
    static const char *const trigger[8] = { "heartbeat", "mmc0", "cpu0", "cpu1", "cpu2", "cpu3" };
    unsigned i;

    for (i = 0; i < 8; i++) {
        char name[16];

        snprintf(name, sizeof(name), "led@8,%u", i);
        begin(t, name);
        str(t, "compatible", "register-bit-led");
        cells(t, "reg", 2, 0x08, 0x04);
        cell(t, "offset", 0x08);
        cell(t, "mask", 1u << i);
        snprintf(name, sizeof(name), "versatile:%u", i);
        str(t, "label", name);
        if (trigger[i]) {
            str(t, "linux,default-trigger", trigger[i]);
        }
        str(t, "default-state", i == 0 ? "on" : "off");
        end(t);
    }
}

static void syscon(Tree *t, const RealviewDevice *d)
{
    static const char compat[] = "arm,realview-eb11mp-revb-syscon\0arm,realview-eb-syscon\0syscon\0simple-mfd";
    uint32_t osc;

    strs(t, "compatible", compat);
    cells(t, "ranges", 3, 0, d->base, 0x1000);
    address_cells(t, 1, 1);
    cell(t, "phandle", PH_SYSCON);
    leds(t);
    for (osc = 0; osc < 5; osc++) {
        uint32_t offset = 0x0c + 4 * osc;

        begin_at(t, "clock-controller", offset);
        str(t, "compatible", "arm,syscon-icst307");
        cells(t, "reg", 2, offset, 4);
        cell(t, "#clock-cells", 0);
        cell(t, "lock-offset", 0x20);
        cell(t, "vco-offset", offset);
        cell(t, "clocks", PH_REFCLK);
        if (osc == 0) {
            cell(t, "phandle", PH_OSC0);
        }
        end(t);
    }
}

static void i2c(Tree *t, const RealviewDevice *d)
{
    address_cells(t, 1, 0);
    begin(t, "rtc@68");
    str(t, "compatible", "dallas,ds1338");
    cell(t, "reg", 0x68);
    end(t);
}

static void mmci(Tree *t, const RealviewDevice *d)
{
    cell(t, "max-frequency", 500000);
    cell(t, "bus-width", 4);
    flag(t, "cap-sd-highspeed");
    flag(t, "cap-mmc-highspeed");
    cell(t, "vmmc-supply", PH_VMMC);
    /* Card detect (low: there is one) and write protection are wired to the third GPIO block. */
    if (device_at(GPIO2_BASE)) {
        cells(t, "cd-gpios", 3, PH_GPIO2, 0, GPIO_ACTIVE_LOW);
        cells(t, "wp-gpios", 3, PH_GPIO2, 1, GPIO_ACTIVE_HIGH);
    } else {
        flag(t, "broken-cd");
    }
}

static void gpio(Tree *t, const RealviewDevice *d)
{
    flag(t, "gpio-controller");
    cell(t, "#gpio-cells", 2);
    flag(t, "interrupt-controller");
    cell(t, "#address-cells", 0);
    cell(t, "#interrupt-cells", 2);
    cell(t, "phandle", PH_GPIO0 + ((d->base >> 12) & 0xf) - 3);
}

static void clcd(Tree *t, const RealviewDevice *d)
{
    str(t, "interrupt-names", "combined");
    cell(t, "max-memory-bandwidth", 95000000);
    begin(t, "port");
    begin(t, "endpoint");
    cell(t, "remote-endpoint", PH_DAC_IN);
    cells(t, "arm,pl11x,tft-r0g0b0-pads", 3, 0, 8, 16);
    cell(t, "phandle", PH_CLCD_PADS);
    end(t);
    end(t);
}

static void dmac(Tree *t, const RealviewDevice *d)
{
    cell(t, "#dma-cells", 2);
    cell(t, "dma-channels", 2);
    flag(t, "lli-bus-interface-ahb1");
    flag(t, "mem-bus-interface-ahb1");
    cell(t, "memcpy-burst-size", 256);
    cell(t, "memcpy-bus-width", 32);
}

static void flash(Tree *t, const RealviewDevice *d)
{
    cell(t, "bank-width", 4);
    begin(t, "partitions");
    str(t, "compatible", "arm,arm-firmware-suite");
    end(t);
}

static void ethernet(Tree *t, const RealviewDevice *d)
{
    cell(t, "reg-io-width", 7);     /* 8, 16 and 32 bits */
}

static void usb(Tree *t, const RealviewDevice *d)
{
    str(t, "dr_mode", "host");
    cell(t, "bus-width", 32);
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
    uint32_t base;
    const char *node;
    const char *compatible;     /* NULs between several */
    uint8_t compatible_size;
    uint32_t size;              /* 0: as in the device table */
    Clocks clocks;
    void (*extra)(Tree *t, const RealviewDevice *d);
} Description;

#define PRIMECELL(part) "arm," part "\0arm,primecell", sizeof("arm," part "\0arm,primecell")
#define PLAIN(list)     list, sizeof(list)
#define NO_CLOCK        CLOCKS("", 0, 0)
#define PCLK            CLOCKS("apb_pclk", 1, PH_PCLK)
#define REF_PCLK(name)  CLOCKS(name "\0apb_pclk", 2, PH_REFCLK, PH_PCLK)

static const Description descriptions[] = {
    { 0x40000000, "flash",    PLAIN("arm,versatile-flash\0cfi-flash"), 0, NO_CLOCK, flash },
    { 0x44000000, "flash",    PLAIN("arm,versatile-flash\0cfi-flash"), 0, NO_CLOCK, flash },
    { 0x4e000000, "ethernet", PLAIN("smsc,lan91c111"), 0x10000, NO_CLOCK, ethernet },
    { 0x4f000000, "usb",      PLAIN("nxp,usb-isp1761"), 0x20000, NO_CLOCK, usb },
    { SYSCON_BASE, "syscon",  NULL, 0, 0x1000, NO_CLOCK, syscon },
    { 0x10002000, "i2c",      PLAIN("arm,versatile-i2c"), 0x1000, NO_CLOCK, i2c },
    { 0x10004000, "aaci",     PRIMECELL("pl041"), 0x1000, PCLK, NULL },
    { 0x10005000, "mmcsd",    PRIMECELL("pl18x"), 0x1000, REF_PCLK("mclk"), mmci },
    { 0x10006000, "kmi",      PRIMECELL("pl050"), 0x1000, REF_PCLK("KMIREFCLK"), NULL },
    { 0x10007000, "kmi",      PRIMECELL("pl050"), 0x1000, REF_PCLK("KMIREFCLK"), NULL },
    { 0x10008000, "charlcd",  PLAIN("arm,versatile-lcd"), 0x1000, PCLK, NULL },
    { UART0_BASE, "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { 0x1000a000, "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { 0x1000b000, "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { 0x1000c000, "serial",   PRIMECELL("pl011"), 0x1000, REF_PCLK("uartclk"), NULL },
    { 0x1000d000, "spi",      PRIMECELL("pl022"), 0x1000, REF_PCLK("sspclk"), NULL },
    { 0x10010000, "watchdog", PRIMECELL("sp805"), 0x1000, REF_PCLK("wdog_clk"), NULL },
    { 0x10011000, "timer",    PRIMECELL("sp804"), 0x1000,
      CLOCKS("timer1\0timer2\0apb_pclk", 3, PH_TIMCLK, PH_TIMCLK, PH_PCLK), NULL },
    { 0x10012000, "timer",    PRIMECELL("sp804"), 0x1000,
      CLOCKS("timer1\0timer2\0apb_pclk", 3, PH_TIMCLK, PH_TIMCLK, PH_PCLK), NULL },
    { 0x10013000, "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { 0x10014000, "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { GPIO2_BASE, "gpio",     PRIMECELL("pl061"), 0x1000, PCLK, gpio },
    { 0x10017000, "rtc",      PRIMECELL("pl031"), 0x1000, PCLK, NULL },
    { CLCD_BASE,  "clcd",     PRIMECELL("pl111"), 0x1000,
      CLOCKS("clcdclk\0apb_pclk", 2, PH_OSC0, PH_PCLK), clcd },
    { 0x10030000, "dma-controller", PRIMECELL("pl081"), 0x1000, PCLK, dmac },
};

static void describe(Tree *t, const Description *s, const RealviewDevice *d)
{
    int i;

    begin_at(t, s->node, s->base);
    if (s->compatible) {
        put(t, fdt_property(t->fdt, "compatible", s->compatible, s->compatible_size));
    }
    cells(t, "reg", 2, s->base, s->size ? s->size : d->size);
    if (s->clocks.n) {
        fdt32_t v[3];

        for (i = 0; i < s->clocks.n; i++) {
            v[i] = cpu_to_fdt32(s->clocks.phandle[i]);
        }
        put(t, fdt_property(t->fdt, "clocks", v, 4 * s->clocks.n));
        put(t, fdt_property(t->fdt, "clock-names", s->clocks.names, s->clocks.names_size));
    }
    interrupts(t, d);
    /* Last: properties must come before child nodes, which some of these add. */
    if (s->extra) {
        s->extra(t, d);
    }
    end(t);
}

static void describe_range(Tree *t, bool fpga)
{
    size_t i;

    for (i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        const RealviewDevice *d = device_at(descriptions[i].base);

        if (d && (descriptions[i].base < FPGA_END) == fpga) {
            describe(t, &descriptions[i], d);
        }
    }
}

/* ---- the fixed parts ---- */

static void fixed_clock(Tree *t, const char *name, uint32_t hz, uint32_t phandle)
{
    begin(t, name);
    str(t, "compatible", "fixed-clock");
    cell(t, "#clock-cells", 0);
    cell(t, "clock-frequency", hz);
    cell(t, "phandle", phandle);
    end(t);
}

static void endpoint(Tree *t, const char *port, int reg, uint32_t self, uint32_t remote)
{
    begin(t, port);
    if (reg >= 0) {
        cell(t, "reg", (uint32_t)reg);
    }
    begin(t, "endpoint");
    cell(t, "remote-endpoint", remote);
    cell(t, "phandle", self);
    end(t);
    end(t);
}

/* CLCD -> video DAC -> connector. */
static void video(Tree *t)
{
    static const char dac[] = "ti,ths8134a\0ti,ths8134";

    begin(t, "bridge");
    strs(t, "compatible", dac);
    begin(t, "ports");
    address_cells(t, 1, 0);
    endpoint(t, "port@0", 0, PH_DAC_IN, PH_CLCD_PADS);
    endpoint(t, "port@1", 1, PH_DAC_OUT, PH_VGA_IN);
    end(t);
    end(t);
    begin(t, "vga");
    str(t, "compatible", "vga-connector");
    endpoint(t, "port", -1, PH_VGA_IN, PH_DAC_OUT);
    end(t);
}

static void regulator(Tree *t)
{
    begin(t, "regulator-vmmc");
    str(t, "compatible", "regulator-fixed");
    str(t, "regulator-name", "vmmc");
    cell(t, "regulator-min-microvolt", 3300000);
    cell(t, "regulator-max-microvolt", 3300000);
    flag(t, "regulator-boot-on");
    cell(t, "phandle", PH_VMMC);
    end(t);
}

static void gic(Tree *t, const char *compatible, uint32_t dist, uint32_t cpu, uint32_t phandle)
{
    begin_at(t, "interrupt-controller", dist);
    str(t, "compatible", compatible);
    cell(t, "#interrupt-cells", 3);
    cell(t, "#address-cells", 1);
    flag(t, "interrupt-controller");
    cells(t, "reg", 4, dist, 0x1000, cpu, 0x100);
    cell(t, "phandle", phandle);
}

static void twd(Tree *t, const char *node, const char *compatible, uint32_t base, uint32_t id)
{
    begin_at(t, node, base);
    str(t, "compatible", compatible);
    cells(t, "reg", 2, base, 0x20);
    cell(t, "clocks", PH_PERIPHCLK);
    cell(t, "interrupt-parent", PH_GIC);
    cells(t, "interrupts", 3, IRQ_PPI, id - PPI_FIRST_ID, IRQ_PPI_ALL_CPUS | IRQ_LEVEL_HIGH);
    end(t);
}

static void l2_cache(Tree *t)
{
    begin_at(t, "cache-controller", L220_BASE);
    str(t, "compatible", "arm,l220-cache");
    cells(t, "reg", 2, L220_BASE, 0x1000);
    cell(t, "interrupt-parent", PH_GIC);
    cells(t, "interrupts", 9, IRQ_SPI, REALVIEW_EB_L220_SPI, IRQ_LEVEL_HIGH, IRQ_SPI, REALVIEW_EB_L220_SPI + 1,
          IRQ_LEVEL_HIGH, IRQ_SPI, REALVIEW_EB_L220_SPI + 2, IRQ_LEVEL_HIGH);
    flag(t, "cache-unified");
    cell(t, "cache-level", 2);
    /* The controller's registers do not say it: 1 MiB, 8 ways of 128 KiB. */
    cell(t, "cache-size", 1 << 20);
    cell(t, "cache-sets", 4096);
    cell(t, "cache-line-size", 32);
    flag(t, "arm,shared-override");
    flag(t, "arm,parity-enable");
    flag(t, "arm,outer-sync-disable");
    cell(t, "phandle", PH_L2);
    end(t);
}

static void pmu(Tree *t, int smp)
{
    fdt32_t irq[3 * ARM_MAX_CPUS], cpu[ARM_MAX_CPUS];
    int n;

    for (n = 0; n < smp; n++) {
        irq[3 * n] = cpu_to_fdt32(IRQ_SPI);
        irq[3 * n + 1] = cpu_to_fdt32(REALVIEW_EB_PMU_SPI + (uint32_t)n);
        irq[3 * n + 2] = cpu_to_fdt32(IRQ_LEVEL_HIGH);
        cpu[n] = cpu_to_fdt32(PH_CPU0 + (uint32_t)n);
    }
    begin(t, "pmu");
    str(t, "compatible", "arm,arm11mpcore-pmu");
    cell(t, "interrupt-parent", PH_GIC);
    put(t, fdt_property(t->fdt, "interrupts", irq, 12 * smp));
    put(t, fdt_property(t->fdt, "interrupt-affinity", cpu, 4 * smp));
    end(t);
}

/* The core tile, and the FPGA's interrupt controller that feeds it. */
static void core_tile(Tree *t)
{
    static const char compat[] = "arm,realview-eb-soc\0simple-bus";
    const RealviewDevice *fpga_gic = device_at(FPGA_GIC_BASE);

    begin(t, "soc");
    strs(t, "compatible", compat);
    address_cells(t, 1, 1);
    flag(t, "ranges");
    cell(t, "regmap", PH_SYSCON);
    gic(t, "arm,eb11mp-gic", GIC_DIST_BASE, GIC_CPU_BASE, PH_GIC);
    end(t);
    if (fpga_gic) {
        gic(t, "arm,pl390", FPGA_GIC_BASE + 0x1000, FPGA_GIC_BASE, PH_FPGA_GIC);
        interrupts(t, fpga_gic);
        end(t);
    }
    if (device_at(L220_BASE)) {
        l2_cache(t);
    }
    begin_at(t, "scu", SCU_BASE);
    str(t, "compatible", "arm,arm11mp-scu");
    cells(t, "reg", 2, SCU_BASE, 0x100);
    end(t);
    twd(t, "timer", "arm,arm11mp-twd-timer", TWD_TIMER_BASE, REALVIEW_EB_TIMER_PPI);
    twd(t, "watchdog", "arm,arm11mp-twd-wdt", TWD_WDT_BASE, REALVIEW_EB_WATCHDOG_PPI);
    end(t);
}

static void cpus(Tree *t, int smp)
{
    int n;

    begin(t, "cpus");
    address_cells(t, 1, 0);
    str(t, "enable-method", "arm,realview-smp");
    for (n = 0; n < smp; n++) {
        begin_at(t, "cpu", (uint32_t)n);
        str(t, "device_type", "cpu");
        str(t, "compatible", "arm,arm11mpcore");
        cell(t, "reg", (uint32_t)n);
        if (device_at(L220_BASE)) {
            cell(t, "next-level-cache", PH_L2);
        }
        cell(t, "phandle", PH_CPU0 + (uint32_t)n);
        end(t);
    }
    end(t);
}

static void aliases(Tree *t)
{
    char name[16], path[48];
    uint32_t n;

    begin(t, "aliases");
    for (n = 0; n < 4; n++) {
        if (device_at(UART0_BASE + 0x1000 * n)) {
            snprintf(name, sizeof(name), "serial%u", n);
            snprintf(path, sizeof(path), "/fpga/serial@%x", UART0_BASE + 0x1000 * n);
            str(t, name, path);
        }
    }
    if (device_at(0x10002000)) {
        str(t, "i2c0", "/fpga/i2c@10002000");
    }
    end(t);
}

static void root(Tree *t, const MachineState *m)
{
    begin(t, "");
    address_cells(t, 1, 1);
    str(t, "compatible", "arm,realview-eb");
    str(t, "model", "ARM RealView Emulation Baseboard with ARM11 MPCore, core tile revision B");
    cell(t, "arm,hbi", 0x146);
    begin(t, "chosen");
    if (device_at(UART0_BASE)) {
        str(t, "stdout-path", "serial0:115200n8");
    }
    end(t);
    aliases(t);
    begin(t, "memory@0");
    str(t, "device_type", "memory");
    cells(t, "reg", 2, 0, m->ram_size);
    end(t);
    cpus(t, m->smp);

    fixed_clock(t, "clock-ref", REALVIEW_EB_REFCLK_HZ, PH_REFCLK);
    fixed_clock(t, "clock-timer", REALVIEW_EB_TIMCLK_HZ, PH_TIMCLK);
    fixed_clock(t, "clock-periph", REALVIEW_EB_PERIPHCLK_HZ, PH_PERIPHCLK);
    fixed_clock(t, "clock-apb", 0, PH_PCLK);     /* its rate matters to nobody */
    regulator(t);
    if (device_at(CLCD_BASE)) {
        video(t);
    }
    describe_range(t, false);

    begin(t, "fpga");
    str(t, "compatible", "simple-bus");
    address_cells(t, 1, 1);
    flag(t, "ranges");
    describe_range(t, true);
    end(t);

    core_tile(t);
    pmu(t, m->smp);
    end(t);
}

void *realview_build_dtb(MachineState *m, int *size)
{
    Tree t = { malloc(DTB_MAX), 0 };

    if (!t.fdt) {
        return NULL;
    }
    put(&t, fdt_create(t.fdt, DTB_MAX));
    put(&t, fdt_finish_reservemap(t.fdt));
    if (!t.err) {
        root(&t, m);
    }
    put(&t, fdt_finish(t.fdt));
    if (t.err) {
        free(t.fdt);
        return NULL;
    }
    *size = (int)fdt_totalsize(t.fdt);
    return t.fdt;
}
