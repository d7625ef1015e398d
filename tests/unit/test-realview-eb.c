/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board: its table, and that each line arrives where it should. Regions that overlap fail in the bench. */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "hw/arm/realview-eb.h"
#include "hw/device.h"

enum { GICC = 0x10100100, GICD = 0x10101000, FPGA = 0x10040000, FPGA_STEP = 0x10000, UART2 = 0x1000b000 };

/* What the command line can name has one place on the board; a slot of another kind gives the wrong thing to nobody. */
static void test_backends(void)
{
    unsigned chardevs[MACHINE_SERIALS] = { 0 }, drives[MACHINE_DRIVES] = { 0 };
    bool known = true, all = true;

    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        BackendSlot s = realview_eb_devices[i].backend;

        known &= s.kind != BACKEND_CHARDEV || s.n < MACHINE_SERIALS;
        known &= s.kind != BACKEND_DRIVE || s.n < MACHINE_DRIVES;
        if (s.kind == BACKEND_CHARDEV && s.n < MACHINE_SERIALS) {
            chardevs[s.n]++;
        }
        if (s.kind == BACKEND_DRIVE && s.n < MACHINE_DRIVES) {
            drives[s.n]++;
        }
    }
    for (unsigned n = 0; n < MACHINE_SERIALS; n++) {
        all &= chardevs[n] == 1;
    }
    for (unsigned n = 0; n < MACHINE_DRIVES; n++) {
        all &= drives[n] == 1;
    }
    ok(known && all, "every serial line and every drive belongs to one row");
}

static void test_table(void)
{
    bool unique = true, sane = true;

    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        const RealviewDevice *d = &realview_eb_devices[i];

        unique &= realview_eb_device(d->name) == d;
        sane &= d->present == (d->init != NULL) && !(d->base & 3) && !(d->size & 3) && d->size &&
                (uint64_t)d->base + d->size <= 1ull << 32;
        for (unsigned n = 0; n < BOARD_IRQS; n++) {
            const BoardIRQ *irq = &d->irq[n];

            sane &= !irq->used || (irq->fpga < 64 && irq->core < 32 && (irq->fpga >= 0 || irq->core >= 0));
            sane &= !n || !irq->used || d->irq[n - 1].used;
        }
    }
    ok(unique, "device names are unique");
    ok(sane, "rows are sane");
    ok(!realview_eb_device("nothing"), "unknown name");
    ok(machine_find("realview-eb-mpcore") == &realview_eb_mpcore_machine && !machine_find("nothing"),
       "machine list");
}

/* The lines themselves: nothing is enabled, so nothing is pending. */
static uint32_t core_lines(void)
{
    return rd(GICD + 0xd04);
}

/* Raise a line by making the device want it: what arrives at the core, what is pending at the FPGA controllers? */
static void test_routing(void)
{
    static const struct { uint32_t uart; unsigned fpga; int core; } uarts[] = {
        { 0x10009000, 44, 36 }, { 0x1000a000, 45, 37 }, { 0x1000b000, 46, -1 }, { 0x1000c000, 47, -1 },
    };

    for (unsigned i = 0; i < 4; i++) {
        uint32_t u = uarts[i].uart;
        bool all = true;

        bench_reset();
        wr(u + 0x30, 0x101);
        wr(u + 0x38, 0x20);
        wr(u, '.');
        ok_eq(core_lines(), uarts[i].core < 0 ? 0 : 1u << (uarts[i].core - 32), "UART%u at the core controller", i);
        for (uint32_t g = 0; g < 4; g++) {
            all &= rd(FPGA + g * FPGA_STEP + 0x1204) == 1u << (uarts[i].fpga - 32);
        }
        ok(all, "UART%u at all FPGA controllers", i);
    }
    bench_reset();
    ok_eq(core_lines(), 0, "reset drops all lines");
    /* SP804 blocks and RTC */
    wr(0x10011000, 0);
    wr(0x10011008, 0xe2);
    wr(0x10011000, 0);
    ok_eq(core_lines(), 1 << 1, "timers 0/1");
    wr(0x10012008, 0xe2);
    wr(0x10012000, 0);
    ok_eq(core_lines(), 3 << 1, "timers 2/3");
    bench_reset();
    do {
        wr(0x10017004, rd(0x10017000));
    } while (!rd(0x10017014));
    wr(0x10017010, 1);
    ok_eq(core_lines(), 1 << 6, "RTC");
    bench_reset();
}

static void test_cascade(void)
{
    wr(UART2 + 0x30, 0x101);
    wr(UART2 + 0x38, 0x20);
    wr(UART2, '.');
    wr(GICD, 1);
    wr(GICD + 0x104, 1 << 10);
    wr(GICD + 0x828, 0x02 << 16);
    reg_write_as(1, GICC, 1, 4);
    ok_eq((uint64_t)bench_cpu_irq[1], 0, "cascade off");
    wr(FPGA + 0x1000, 1);
    wr(FPGA + 0x1104, 1 << 14);
    wr(FPGA + 4, 0xf0);
    wr(FPGA, 1);
    ok_eq((uint64_t)bench_cpu_irq[1], 1, "UART2 reaches CPU 1 through FPGA controller 1");
    ok_eq(reg_read_as(1, GICC + 0xc, 4), 42, "as ID 42");
    ok_eq(rd(FPGA + 0xc), 46, "and there as 46");
    wr(UART2 + 0x44, 0x20);
    wr(FPGA + 0x10, 46);
    reg_write_as(1, GICC + 0x10, 42, 4);
    ok_eq((uint64_t)bench_cpu_irq[1], 0, "served");
    for (uint32_t g = 1; g < 4; g++) {
        uint32_t base = FPGA + g * FPGA_STEP;

        wr(base + 0x1000, 1);
        wr(base + 0x1104, 1 << 4);
        wr(base + 4, 0xf0);
        wr(base, 1);
        wr(base + 0x1204, 1 << 4);
        ok_eq(core_lines(), 1u << (10 + g), "FPGA controller %u", g + 1);
        wr(base + 0x1284, 1 << 4);
    }
    bench_reset();
}

/* Memory to serial line 1 and looped back to memory, by the wires of both directions; then the SSP. */
static void dma_loop(uint32_t data, unsigned tx, unsigned rx, unsigned width, const char *what)
{
    enum { DMAC = 0x10030000, FROM = 0x1000, TO = 0x2000, N = 40, ITC = 1 << 15 };
    uint32_t burst = 1 << 12 | 1 << 15, control = N | burst | width << 18 | width << 21;

    for (unsigned i = 0; i < N; i++) {
        bench_ram[FROM + i] = (uint8_t)(i + 7);
    }
    memset(bench_ram + TO, 0, N);
    wr(DMAC + 0x30, 1);
    wr(DMAC + 0x120, data);                             /* channel 1 receives */
    wr(DMAC + 0x124, TO);
    wr(DMAC + 0x12c, control | 1u << 27 | 1u << 31);
    wr(DMAC + 0x130, 1 | rx << 1 | 2 << 11 | ITC);
    bench_advance(10000000);
    ok(rd(DMAC + 0x1c) == 2 && !rd(DMAC + 0x14), "%s: nothing is received before something is sent", what);
    wr(DMAC + 0x100, FROM);                             /* channel 0 sends */
    wr(DMAC + 0x104, data);
    wr(DMAC + 0x10c, control | 1u << 26 | 1u << 31);
    wr(DMAC + 0x110, 1 | tx << 6 | 1 << 11 | ITC);
    bench_advance(100000000);
    ok_eq(rd(DMAC + 0x14), 3, "%s: both channels have ended", what);
    ok(!memcmp(bench_ram + FROM, bench_ram + TO, N), "%s: all bytes are there, in order", what);
    bench_reset();
}

/* A serial line whose FIFOs are off asks for single transfers alone: a burst would read one byte four times. */
static void test_bursts_without_fifo(void)
{
    enum { UART1 = 0x1000a000, DMAC = 0x10030000, TO = 0x2000, N = 40 };

    wr(UART1 + 0x2c, 0x60);
    wr(UART1 + 0x30, 0x381);                            /* looped back */
    wr(UART1 + 0x48, 1);
    wr(DMAC + 0x30, 1);
    for (uint32_t burst = 1; burst != UINT32_MAX; burst--) {
        wr(DMAC + 0x120, UART1);
        wr(DMAC + 0x124, TO);
        wr(DMAC + 0x12c, N | burst << 12 | 1u << 27);
        wr(DMAC + 0x130, 1 | 12 << 1 | 2 << 11);
        wr(UART1, 'x');
        bench_advance(10000000);
        ok_eq(rd(DMAC + 0x12c) & 0xfff, burst ? N : N - 1, "burst-without-fifo: %s", burst ? "none" : "a single one");
        wr(DMAC + 0x130, 0);
    }
    bench_reset();
}

/* Requests 0 to 2 are whose SYS_DMAPSR says: UART 3, then the sound card, then the card interface. */
static void test_mapped_requests(void)
{
    enum { SYSCTL = 0x10000000, MAP0 = SYSCTL + 0x64, MAP1 = SYSCTL + 0x68, MAP2 = SYSCTL + 0x6c, ON = 1 << 7,
           UART3 = 0x1000c000, AACI = 0x10004000, MMCI = 0x10005000, DMAC = 0x10030000, N = 64 };

    wr(UART3 + 0x2c, 0x70);
    wr(UART3 + 0x30, 0x381);                            /* looped back */
    wr(UART3 + 0x48, 3);
    wr(MAP0, ON | 6);
    wr(MAP2, ON | 7);
    dma_loop(UART3, 0, 2, 0, "UART3");

    wr(DMAC + 0x30, 1);
    wr(UART3 + 0x2c, 0x70);
    wr(UART3 + 0x30, 0x381);
    wr(UART3 + 0x48, 2);                                /* it asks all the time */
    wr(DMAC + 0x100, 0x1000);
    wr(DMAC + 0x104, UART3);
    wr(DMAC + 0x10c, N | 1u << 26 | 1u << 31);
    wr(DMAC + 0x110, 1 | 1 << 6 | 1 << 11 | 1 << 15);
    bench_advance(10000000);
    ok_eq(rd(DMAC + 0x10c) & 0xfff, N, "an unmapped device is not heard");
    wr(MAP1, 6);
    bench_advance(10000000);
    ok_eq(rd(DMAC + 0x10c) & 0xfff, N, "nor by a map that is not on");
    wr(MAP1, ON | 6);
    bench_advance(100000000);
    ok_eq(rd(DMAC + 0x14), 1, "but by one that is");
    bench_reset();

    /* 64 samples into the sound card's first channel, four by four, while it plays. */
    wr(MAP1, ON | 0);
    wr(DMAC + 0x30, 1);
    wr(AACI + 0x7c, 1);
    wr(AACI + 0x04, 1 << 16 | 3 << 3 | 1);              /* FIFO, slots 3 and 4, enabled */
    wr(DMAC + 0x100, 0x1000);
    wr(DMAC + 0x104, AACI + 0x90);
    wr(DMAC + 0x10c, N | 1 << 12 | 1 << 15 | 2 << 18 | 2 << 21 | 1u << 26 | 1u << 31);
    wr(DMAC + 0x110, 1 | 1 << 6 | 1 << 11 | 1 << 15);
    wr(AACI + 0x78, 1);
    bench_advance(10000000);
    ok_eq(rd(DMAC + 0x10c) & 0xfff, N, "sound: without its enable bit nothing is asked for");
    wr(AACI + 0x78, 1 | 1 << 9);
    bench_advance(100000000);
    ok_eq(rd(DMAC + 0x14), 1, "sound: all samples are fetched");
    bench_reset();

    /* The card interface sends 64 bytes: its FIFO takes all of them, there being no card that does. */
    wr(MAP2, ON | 4);
    wr(DMAC + 0x30, 1);
    wr(MMCI + 0x24, 0xffffffff);
    wr(MMCI + 0x28, 512);
    wr(DMAC + 0x100, 0x1000);
    wr(DMAC + 0x104, MMCI + 0x80);
    wr(DMAC + 0x10c, N / 4 | 2 << 12 | 2 << 15 | 2 << 18 | 2 << 21 | 1u << 26 | 1u << 31);
    wr(DMAC + 0x110, 1 | 2 << 6 | 1 << 11 | 1 << 15);
    wr(MMCI + 0x2c, 1 | 9 << 4);
    bench_advance(10000000);
    ok_eq(rd(DMAC + 0x10c) & 0xfff, N / 4, "card: without its DMA bit nothing is asked for");
    wr(MMCI + 0x2c, 0);
    wr(MMCI + 0x2c, 1 | 1 << 3 | 9 << 4);
    bench_advance(10000000);
    ok_eq(rd(DMAC + 0x14), 1, "card: the FIFO is filled");
    ok(rd(MMCI + 0x34) & 1 << 16, "and full");
    bench_reset();
}

static void test_dma_requests(void)
{
    enum { UART1 = 0x1000a000, SSP = 0x1000d000 };

    bench_reset();
    wr(UART1 + 0x2c, 0x70);
    wr(UART1 + 0x30, 0x381);                            /* looped back */
    wr(UART1 + 0x48, 3);
    dma_loop(UART1, 13, 12, 0, "UART1");
    wr(SSP, 7);
    wr(SSP + 4, 3);
    wr(SSP + 0x24, 3);
    dma_loop(SSP + 8, 9, 8, 0, "SSP");
    test_bursts_without_fifo();
    test_mapped_requests();
}

static void test_private(void)
{
    for (unsigned c = 0; c < 4; c++) {
        reg_write_as(c, 0x10100600, 1, 4);
        reg_write_as(c, 0x10100608, 5, 4);
        reg_write_as(c, 0x10100620, 1, 4);
        reg_write_as(c, 0x10100628, 5, 4);
        bench_advance(1000);
        ok_eq(reg_read_as(c, GICD + 0xd00, 4), 3u << 29, "timer and watchdog of CPU %u", c);
    }
    ok_eq(rd(0x10100004), 0xf3, "SCU knows four CPUs");
}

/* On the core tile: the board describes these itself. The controllers behind the first are not described at all. */
static bool described_by_board(const RealviewDevice *d)
{
    static const char *const names[] = {
        "gic-dist", "gic-cpu", "scu", "mptimer", "l220", "fpga-gic1", "fpga-gic2", "fpga-gic3", "fpga-gic4",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(d->name, names[i])) {
            return true;
        }
    }
    return false;
}

/* A device without a node would be missing without a word: the guest finds out. */
static void test_tree(MachineState *m)
{
    int size, described = 0;
    void *fdt = realview_build_dtb(m, &size);

    ok(fdt && fdt_check_full(fdt, (size_t)size) == 0, "the tree is well-formed");
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        const RealviewDevice *d = &realview_eb_devices[i];
        const Device *dev = device_find(d->name);
        char path[64];
        int node, len;

        if (!d->present || described_by_board(d)) {
            continue;
        }
        if (!strcmp(d->name, "virtio7")) {
            ok(dev && !dev->class->node.name, "a transport without a device has no node");
            continue;
        }
        if (!strcmp(d->name, "boot-rom")) {
            ok(!dev, "the boot ROM is the flash, not a device");
            continue;
        }
        if (!dev || !dev->class->node.name) {
            ok(false, "%s: its class has a node", d->name);
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s@%x", d->base < 0x20000000 ? "/fpga" : "", dev->class->node.name, d->base);
        node = fdt_path_offset(fdt, path);
        const fdt32_t *reg = node < 0 ? NULL : fdt_getprop(fdt, node, "reg", &len);
        const uint32_t second = dev->class->node.second_range;
        ok(reg && len == (second ? 16 : 8) && fdt32_to_cpu(reg[0]) == d->base &&
           fdt32_to_cpu(reg[1]) == (second ? second : d->size) &&
           (!second || (fdt32_to_cpu(reg[2]) == d->base + second && fdt32_to_cpu(reg[3]) == d->size - second)) &&
           fdt_getprop(fdt, node, "compatible", NULL), "%s is %s", d->name, path);
        ok(!dev->class->node.compatible[DEVICE_NODE_NAMES - 1] && !dev->class->node.clocks[DEVICE_NODE_NAMES - 1],
           "%s: its lists end", d->name);
        described++;
    }
    ok(described >= 11, "%d devices are described", described);
    free(fdt);
}

int main(void)
{
    static MachineState m = { .mc = &realview_eb_mpcore_machine, .smp = 4, .ram_size = 128 << 20 };

    bench_init();
    /* Banks of the flash, and a CompactFlash card, are there if they have an image. */
    m.drive[1] = fake_block_new(64 << 20, false);
    m.drive[2] = fake_block_new(64 << 20, false);
    m.drive[3] = fake_block_new(1 << 20, false);
    memcpy(fake_block_data(m.drive[1]), "boot", 4);
    for (unsigned i = 0; i + 1 < MACHINE_VIRTIOS; i++) {
        m.virtio[i].kind = VIRTIO_RNG;         /* the last transport has no device */
    }
    realview_eb_mpcore_machine.init(&m);
    test_table();
    test_backends();
    ok_eq(rd(0x30000000), 0x746f6f62, "the boot ROM is the first bank of the flash");
    test_tree(&m);
    test_routing();
    test_cascade();
    test_private();
    test_dma_requests();
    return test_done();
}
