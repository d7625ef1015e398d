/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the RealView EB adds to the nodes of its devices: how wide they are connected, what hangs on them, which nodes
 * they refer to. Called for rows of the device table that name a function here (hw/arm/realview-dtb.c); no state.
 */
#include <stdio.h>

#include "hw/arm/dtb-writer.h"
#include "hw/arm/realview-dtb.h"
#include "hw/arm/realview-eb.h"
#include "hw/ide/compactflash.h"

enum { GPIO_ACTIVE_HIGH = 0, GPIO_ACTIVE_LOW = 1 };

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

void realview_describe_sysctl(DtbWriter *t, const RealviewDevice *d)
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

/* It is a clock controller to Linux, which makes the timers' clocks of its two. */
void realview_describe_sp810(DtbWriter *t, const RealviewDevice *d)
{
    static const char *const inputs[] = { "refclk", "timclk", "apb_pclk", NULL };
    static const char *const outputs[] = { "timerclk0", "timerclk1", "timerclk2", "timerclk3", NULL };

    dtb_cells(t, "clocks", 3, PH_CLK32K, PH_TIMCLK, PH_PCLK);
    dtb_strings(t, "clock-names", inputs);
    dtb_cell(t, "#clock-cells", 1);
    dtb_strings(t, "clock-output-names", outputs);
}

void realview_describe_i2c(DtbWriter *t, const RealviewDevice *d)
{
    dtb_address_cells(t, 1, 0);
    dtb_begin(t, "rtc@68");
    dtb_string(t, "compatible", "dallas,ds1338");
    dtb_cell(t, "reg", 0x68);
    dtb_end(t);
}

void realview_describe_mmci(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "max-frequency", 500000);
    dtb_cell(t, "bus-width", 4);
    dtb_flag(t, "cap-sd-highspeed");
    dtb_flag(t, "cap-mmc-highspeed");
    dtb_cell(t, "vmmc-supply", PH_VMMC);
    /* Card detect (low: there is one) and write protection are wired to the third GPIO block. */
    if (realview_eb_present("gpio2")) {
        dtb_cells(t, "cd-gpios", 3, PH_GPIO2, 0, GPIO_ACTIVE_LOW);
        dtb_cells(t, "wp-gpios", 3, PH_GPIO2, 1, GPIO_ACTIVE_HIGH);
    } else {
        dtb_flag(t, "broken-cd");
    }
}

void realview_describe_gpio(DtbWriter *t, const RealviewDevice *d)
{
    dtb_flag(t, "gpio-controller");
    dtb_cell(t, "#gpio-cells", 2);
    dtb_flag(t, "interrupt-controller");
    dtb_cell(t, "#address-cells", 0);
    dtb_cell(t, "#interrupt-cells", 2);
    dtb_cell(t, "phandle", PH_GPIO0 + (uint32_t)d->unit);
}

void realview_describe_clcd(DtbWriter *t, const RealviewDevice *d)
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

void realview_describe_dmac(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "#dma-cells", 2);
    dtb_cell(t, "dma-channels", 2);
    dtb_flag(t, "lli-bus-interface-ahb1");
    dtb_flag(t, "mem-bus-interface-ahb1");
    dtb_cell(t, "memcpy-burst-size", 256);
    dtb_cell(t, "memcpy-bus-width", 32);
}

void realview_describe_flash(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "bank-width", 4);
    dtb_begin(t, "partitions");
    dtb_string(t, "compatible", "arm,arm-firmware-suite");
    dtb_end(t);
}

/* No interrupt: Linux asks for the status. 16 bits at a time, for 32 would be two registers on the board. */
void realview_describe_compactflash(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "reg-shift", COMPACTFLASH_SHIFT);
    dtb_cell(t, "pio-mode", 4);
    dtb_flag(t, "ata-generic,use16bit");
}

void realview_describe_ethernet(DtbWriter *t, const RealviewDevice *d)
{
    dtb_cell(t, "reg-io-width", 7);     /* 8, 16 and 32 bits */
}

void realview_describe_usb(DtbWriter *t, const RealviewDevice *d)
{
    dtb_string(t, "dr_mode", "host");
    dtb_cell(t, "bus-width", 32);
}
