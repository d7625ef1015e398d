/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RealView Emulation Baseboard (ARM DUI 0303) with an ARM11 MPCore core tile of revision B (ARM DUI 0318): device
 * table, wiring and machine class.
 *
 * To add a device: write it under hw/, give it an init function below and turn its row from ABSENT into PRESENT.
 * Regions of absent devices read as 0, PrimeCell ID included, so that a guest's probe fails politely.
 *
 * Wiring. A device drives one IRQLine of the board. The board passes the level on to each of the four FPGA controllers
 * under the device's board number, and for some devices straight to the core tile's controller too. The FPGA
 * controllers' outputs arrive at the core controller as SPIs 10..13. So a guest may use either way, or both.
 *
 * Built on the main thread before the CPUs run; constant afterwards, so there is no lock here. Lock order: device, FPGA
 * controllers (one after the other), core controller.
 */
#include <stdlib.h>
#include <string.h>
#include "exec/memory.h"
#include "hw/arm/realview-dma.h"
#include "hw/arm/realview-eb.h"
#include "hw/audio/pl041.h"
#include "hw/block/nor-flash.h"
#include "hw/char/pl011.h"
#include "hw/display/charlcd.h"
#include "hw/display/pl111.h"
#include "hw/dma/pl080.h"
#include "hw/gpio/pl061.h"
#include "hw/ide/compactflash.h"
#include "hw/input/pl050.h"
#include "hw/intc/gic.h"
#include "hw/irq.h"
#include "hw/misc/arm11-scu.h"
#include "hw/misc/l220.h"
#include "hw/misc/pl131.h"
#include "hw/misc/pl340.h"
#include "hw/misc/realview-i2c.h"
#include "hw/misc/realview-sysctl.h"
#include "hw/misc/sp810.h"
#include "hw/net/lan91c111.h"
#include "hw/rtc/ds1338.h"
#include "hw/rtc/pl031.h"
#include "hw/sd/pl181.h"
#include "hw/ssi/pl022.h"
#include "hw/timer/mptimer.h"
#include "hw/timer/sp804.h"
#include "hw/usb/isp1761.h"
#include "hw/virtio/virtio-devices.h"
#include "hw/watchdog/sp805.h"
#include "qemu/log.h"

enum { FPGA_GICS = 4, GPIOS = 3, FLASH_BANKS = 2, GPIO_CARD = 2, MAX_LINES = 64, FIRST_SPI = 32 };

/* A device's interrupt wire. */
typedef struct BoardLine {
    IRQLine irq;                /* what the device drives */
    RealviewBoard *board;
    BoardIRQ to;                /* as in the table row */
} BoardLine;

struct RealviewBoard {
    MachineState *m;
    GICState *core_gic;
    GICState *fpga_gic[FPGA_GICS];
    RealviewSysctl *sysctl;
    RealviewDma *dma;
    PL061State *gpio[GPIOS];
    NorFlash *flash[FLASH_BANKS];       /* NULL: no image */
    BoardLine line[MAX_LINES];
    unsigned num_lines;
    IRQLine timer_ppi[ARM_MAX_CPUS], watchdog_ppi[ARM_MAX_CPUS];
};

static void board_line_set(void *opaque, int n, int level)
{
    BoardLine *l = opaque;
    RealviewBoard *b = l->board;

    if (l->to.core >= 0) {
        gic_set_spi(b->core_gic, (unsigned)l->to.core + FIRST_SPI, level);
    }
    for (unsigned i = 0; l->to.fpga >= 0 && i < FPGA_GICS; i++) {
        gic_set_spi(b->fpga_gic[i], (unsigned)l->to.fpga + FIRST_SPI, level);
    }
}

/* The device's line number I of those in its row. */
static const IRQLine *board_irq(RealviewBoard *b, const RealviewDevice *d, unsigned i)
{
    if (b->num_lines == MAX_LINES || !d->irq[i].used) {
        error_exit("realview-eb: %s has no interrupt line %u", d->name, i);
    }
    BoardLine *l = &b->line[b->num_lines++];

    l->board = b;
    l->to = d->irq[i];
    irq_init(&l->irq, board_line_set, l, 0);
    return &l->irq;
}

/* ---- init functions of the device table ---- */

static void eb_init_gic_dist(RealviewBoard *b, const RealviewDevice *d)
{
    b->core_gic = arm11mp_gic_new((unsigned)b->m->smp);
    arm11mp_gic_map_dist(b->core_gic, d->base, d->size, d->name);
}

static void eb_init_gic_cpu(RealviewBoard *b, const RealviewDevice *d)
{
    arm11mp_gic_map_cpu(b->core_gic, d->base, d->size, d->name);
}

static void eb_init_fpga_gic(RealviewBoard *b, const RealviewDevice *d)
{
    b->fpga_gic[d->unit] = pl390_create(d->base, d->name, board_irq(b, d, 0));
}

static void eb_set_timer_ppi(void *opaque, int n, int level)
{
    gic_set_ppi(opaque, (unsigned)n, REALVIEW_EB_TIMER_PPI, level);
}

static void eb_set_watchdog_ppi(void *opaque, int n, int level)
{
    gic_set_ppi(opaque, (unsigned)n, REALVIEW_EB_WATCHDOG_PPI, level);
}

static void eb_init_mptimer(RealviewBoard *b, const RealviewDevice *d)
{
    for (int i = 0; i < b->m->smp; i++) {
        irq_init(&b->timer_ppi[i], eb_set_timer_ppi, b->core_gic, i);
        irq_init(&b->watchdog_ppi[i], eb_set_watchdog_ppi, b->core_gic, i);
    }
    mptimer_create(d->base, d->size, d->name, (unsigned)b->m->smp, REALVIEW_EB_PERIPHCLK_HZ, b->timer_ppi,
                   b->watchdog_ppi);
}

static void eb_init_scu(RealviewBoard *b, const RealviewDevice *d)
{
    arm11_scu_create(d->base, d->name, (unsigned)b->m->smp);
}

static void eb_init_l220(RealviewBoard *b, const RealviewDevice *d)
{
    l220_create(d->base, d->name);
}

static void eb_init_sysctl(RealviewBoard *b, const RealviewDevice *d)
{
    const RealviewSysctlConfig config = {
        .sys_id = 0xc1400400,                       /* HBI-0140, AHB */
        .proc_id = { 0x06000000, 0xff000000 },      /* ARM11 MPCore tile in site 1, site 2 empty */
        .user_switches = b->m->user_switches,
        .boot_switches = b->m->boot_switches,
        .dma_map_changed = realview_dma_map_changed,
        .opaque = b->dma,
    };

    b->sysctl = realview_sysctl_create(d->base, d->name, &config);
}

static void eb_init_i2c(RealviewBoard *b, const RealviewDevice *d)
{
    realview_i2c_create(d->base, d->name, ds1338_create());
}

static void eb_init_charlcd(RealviewBoard *b, const RealviewDevice *d)
{
    charlcd_create(d->base, d->name, board_irq(b, d, 0));
}

static void eb_init_uart(RealviewBoard *b, const RealviewDevice *d)
{
    PL011State *uart = pl011_create(d->base, d->name, REALVIEW_EB_REFCLK_HZ, machine_chardev(b->m, d->backend),
                                    board_irq(b, d, 0), realview_dma_wires(b->dma, &d->dma));

    /* With -kernel there is no boot monitor; its console is what old kernels' early messages rely on. */
    if (d->unit == 0 && b->m->kernel) {
        pl011_set_boot_monitor_state(uart);
    }
}

static void eb_init_sp804(RealviewBoard *b, const RealviewDevice *d)
{
    sp804_create(d->base, d->name, REALVIEW_EB_TIMCLK_HZ, board_irq(b, d, 0));
}

static void eb_init_ssp(RealviewBoard *b, const RealviewDevice *d)
{
    pl022_create(d->base, d->name, board_irq(b, d, 0), realview_dma_wires(b->dma, &d->dma));
}

static void eb_init_sp805(RealviewBoard *b, const RealviewDevice *d)
{
    sp805_create(d->base, d->name, REALVIEW_EB_REFCLK_HZ, board_irq(b, d, 0));
}

static void eb_init_rtc(RealviewBoard *b, const RealviewDevice *d)
{
    pl031_create(d->base, d->name, board_irq(b, d, 0));
}

static void eb_init_sp810(RealviewBoard *b, const RealviewDevice *d)
{
    sp810_create(d->base, d->name);
}

static void eb_init_dmc(RealviewBoard *b, const RealviewDevice *d)
{
    pl340_create(d->base, d->name);
}

static void eb_init_smc(RealviewBoard *b, const RealviewDevice *d)
{
    pl354_create(d->base, d->name);
}

static void eb_init_smartcard(RealviewBoard *b, const RealviewDevice *d)
{
    pl131_create(d->base, d->name, board_irq(b, d, 0));
}

static void eb_init_aaci(RealviewBoard *b, const RealviewDevice *d)
{
    pl041_create(d->base, d->name, machine_audio(b->m, d->backend), board_irq(b, d, 0),
                 realview_dma_wires(b->dma, &d->dma));
}

static void eb_init_gpio(RealviewBoard *b, const RealviewDevice *d)
{
    b->gpio[d->unit] = pl061_create(d->base, d->name, board_irq(b, d, 0));
}

/* The switches of the card's slot: in a system register and, where Linux looks, on pins 0 (low: a card) and 1. */
static void board_set_card(void *opaque, bool present, bool readonly)
{
    RealviewBoard *b = opaque;

    realview_sysctl_set_card(b->sysctl, present, readonly);
    pl061_set_input(b->gpio[GPIO_CARD], 0, !present);
    pl061_set_input(b->gpio[GPIO_CARD], 1, readonly);
}

static void eb_init_mmci(RealviewBoard *b, const RealviewDevice *d)
{
    const IRQLine *const irq[2] = { board_irq(b, d, 0), board_irq(b, d, 1) };
    PL181State *mmci = pl181_create(d->base, d->name, REALVIEW_EB_REFCLK_HZ, machine_drive(b->m, d->backend),
                                    irq, realview_dma_wires(b->dma, &d->dma));

    pl181_connect_switches(mmci, board_set_card, b);
}

static void eb_init_ethernet(RealviewBoard *b, const RealviewDevice *d)
{
    lan91c111_create(d->base, d->size, d->name, machine_network(b->m, d->backend), b->m->mac, board_irq(b, d, 0));
}

static void eb_init_usb(RealviewBoard *b, const RealviewDevice *d)
{
    b->m->usb = isp1761_create(d->base, d->size, d->name, board_irq(b, d, 0));
}

static void eb_init_virtio(RealviewBoard *b, const RealviewDevice *d)
{
    virtio_mmio_create(d->base, d->name, &b->m->virtio[d->unit], b->m->virtio_legacy, board_irq(b, d, 0));
}

static void eb_init_keyboard(RealviewBoard *b, const RealviewDevice *d)
{
    pl050_create_keyboard(d->base, d->name, board_irq(b, d, 0));
}

static void eb_init_mouse(RealviewBoard *b, const RealviewDevice *d)
{
    pl050_create_mouse(d->base, d->name, board_irq(b, d, 0));
}

static PL111Mux eb_clcd_mux(void *opaque)
{
    return (PL111Mux)realview_sysctl_clcd_mode(opaque);
}

static void eb_init_clcd(RealviewBoard *b, const RealviewDevice *d)
{
    pl111_create(&(PL111Config) { .base = d->base, .name = d->name, .clock_hz = realview_sysctl_osc0_hz,
                                  .mux = eb_clcd_mux, .opaque = b->sysctl }, board_irq(b, d, 0));
}

static void eb_init_dmac(RealviewBoard *b, const RealviewDevice *d)
{
    const PL080Config config = {
        .base = d->base, .name = d->name, .channels = PL081_CHANNELS,
        .hidden_base = REALVIEW_EB_MPCORE_BASE, .hidden_size = REALVIEW_EB_MPCORE_SIZE,
    };

    realview_dma_connect(b->dma, pl080_create(&config, board_irq(b, d, 0)), b->sysctl);
}

/* A bank without an image is one without chips. */
static void eb_init_flash(RealviewBoard *b, const RealviewDevice *d)
{
    BlockBackend *blk = machine_drive(b->m, d->backend);

    if (blk) {
        b->flash[d->unit] = nor_flash_create(&(NorFlashConfig) { .base = d->base, .name = d->name, .blk = blk,
                                                                 .vpp = realview_sysctl_flash_vpp,
                                                                 .opaque = b->sysctl });
    } else {
        memory_add_unimplemented(d->base, d->size, d->name, NULL);
    }
}

/* What the board boots from: as its switches are, the first bank of the flash. */
static void eb_init_boot_rom(RealviewBoard *b, const RealviewDevice *d)
{
    if (b->flash[0]) {
        nor_flash_map_again(b->flash[0], d->base, d->name);
    } else {
        memory_add_unimplemented(d->base, d->size, d->name, NULL);
    }
}

/*
 * Drivers wait for these, some of them for ever: a socket without a card is idle, has done what it was asked for, and
 * found nothing. Status (registers are 16 bits apart) and alternate status: ready, error.
 */
static const AbsentAnswer no_card_answers[] = { { 0x0c, 0x41u << 16 }, { 0x100, 0x41 }, { 0 } };

static void eb_init_compactflash(RealviewBoard *b, const RealviewDevice *d)
{
    BlockBackend *blk = machine_drive(b->m, d->backend);

    if (blk) {
        compactflash_create(d->base, d->size, d->name, blk);
    } else {
        memory_add_unimplemented(d->base, d->size, d->name, no_card_answers);
    }
}

/* ---- the device table ---- */

#define TO(f, c)        { .used = true, .fpga = (f), .core = (c) }
#define NO_IRQ          .irq = { { .used = false } }
#define IRQ(f, c)       .irq = { TO(f, c) }
#define IRQS(f, c, g, d) .irq = { TO(f, c), TO(g, d) }
#define CHARDEV(i)      .backend = { BACKEND_CHARDEV, i }
#define DRIVE(i)        .backend = { BACKEND_DRIVE, i }
#define NETWORK(i)      .backend = { BACKEND_NETWORK, i }
#define AUDIO(i)        .backend = { BACKEND_AUDIO, i }
#define DMA(t, r)       .dma = { .used = true, .tx = (t), .rx = (r) }
#define DMA_MAPPED(t, r) .dma = { .used = true, .mapped = true, .tx = REALVIEW_DMA_##t, .rx = REALVIEW_DMA_##r }
#define CLOCK(c)        .clock = REALVIEW_CLOCK_##c
#define TREE(f)         .describe = realview_describe_##f
#define PRESENT(n, b, s, fn, ...) { .name = (n), .base = (b), .size = (s), .present = true, .init = (fn), __VA_ARGS__ }
#define ABSENT(n, b, s, ...) { .name = (n), .base = (b), .size = (s), __VA_ARGS__ }
#define VIRTIO(n) \
    PRESENT("virtio" #n, 0x10090000 + (n) * VIRTIO_MMIO_SIZE, VIRTIO_MMIO_SIZE, eb_init_virtio, \
            IRQ(32 + (n), 21 + (n)), .unit = (n))
#define KiB             1024u
#define MiB             (1024u * KiB)

/* Controllers before the devices that are wired to them. */
const RealviewDevice realview_eb_devices[] = {
    /* core tile */
    PRESENT("gic-dist",     0x10101000, 4 * KiB, eb_init_gic_dist, NO_IRQ),
    PRESENT("gic-cpu",      0x10100100, 0x500, eb_init_gic_cpu, NO_IRQ),
    PRESENT("scu",          0x10100000, 0x100, eb_init_scu, NO_IRQ),
    PRESENT("fpga-gic1",    0x10040000, 8 * KiB, eb_init_fpga_gic, IRQ(-1, 10), .unit = 0),
    PRESENT("fpga-gic2",    0x10050000, 8 * KiB, eb_init_fpga_gic, IRQ(-1, 11), .unit = 1),
    PRESENT("fpga-gic3",    0x10060000, 8 * KiB, eb_init_fpga_gic, IRQ(-1, 12), .unit = 2),
    PRESENT("fpga-gic4",    0x10070000, 8 * KiB, eb_init_fpga_gic, IRQ(-1, 13), .unit = 3),
    PRESENT("mptimer",      0x10100600, 0x500, eb_init_mptimer, NO_IRQ),
    PRESENT("l220",         0x10102000, 4 * KiB, eb_init_l220, NO_IRQ),
    /* baseboard */
    PRESENT("sysctl",       0x10000000, 4 * KiB, eb_init_sysctl, NO_IRQ, TREE(sysctl)),
    PRESENT("sp810",        0x10001000, 4 * KiB, eb_init_sp810, NO_IRQ, TREE(sp810)),
    PRESENT("i2c",          0x10002000, 4 * KiB, eb_init_i2c, NO_IRQ, TREE(i2c)),
    PRESENT("gpio0",        0x10013000, 4 * KiB, eb_init_gpio, IRQ(6, -1), .unit = 0, TREE(gpio)),
    PRESENT("gpio1",        0x10014000, 4 * KiB, eb_init_gpio, IRQ(7, -1), .unit = 1, TREE(gpio)),
    PRESENT("gpio2",        0x10015000, 4 * KiB, eb_init_gpio, IRQ(8, -1), .unit = 2, TREE(gpio)),
    PRESENT("aaci",         0x10004000, 4 * KiB, eb_init_aaci, IRQ(19, 0), AUDIO(0), DMA_MAPPED(AACI_TX, AACI_RX)),
    PRESENT("mmci",         0x10005000, 4 * KiB, eb_init_mmci, IRQS(17, 14, 18, 15), DRIVE(0), DMA_MAPPED(MCI, MCI),
            CLOCK(REF), TREE(mmci)),
    PRESENT("kmi0",         0x10006000, 4 * KiB, eb_init_keyboard, IRQ(20, 7), CLOCK(REF)),
    PRESENT("kmi1",         0x10007000, 4 * KiB, eb_init_mouse, IRQ(21, 8), CLOCK(REF)),
    PRESENT("charlcd",      0x10008000, 4 * KiB, eb_init_charlcd, IRQ(22, -1)),
    PRESENT("uart0",        0x10009000, 4 * KiB, eb_init_uart, IRQ(12, 4), CHARDEV(0), .unit = 0, DMA(15, 14),
            CLOCK(REF)),
    PRESENT("uart1",        0x1000a000, 4 * KiB, eb_init_uart, IRQ(13, 5), CHARDEV(1), .unit = 1, DMA(13, 12),
            CLOCK(REF)),
    PRESENT("uart2",        0x1000b000, 4 * KiB, eb_init_uart, IRQ(14, -1), CHARDEV(2), .unit = 2, DMA(11, 10),
            CLOCK(REF)),
    PRESENT("uart3",        0x1000c000, 4 * KiB, eb_init_uart, IRQ(15, -1), CHARDEV(3), .unit = 3,
            DMA_MAPPED(UART3_TX, UART3_RX), CLOCK(REF)),
    PRESENT("ssp",          0x1000d000, 4 * KiB, eb_init_ssp, IRQ(11, -1), DMA(9, 8), CLOCK(REF)),
    PRESENT("smartcard",    0x1000e000, 4 * KiB, eb_init_smartcard, IRQ(16, -1)),
    PRESENT("watchdog",     0x10010000, 4 * KiB, eb_init_sp805, IRQ(0, -1), CLOCK(REF)),
    PRESENT("timer01",      0x10011000, 4 * KiB, eb_init_sp804, IRQ(4, 1), .unit = 0, CLOCK(TIMER)),
    PRESENT("timer23",      0x10012000, 4 * KiB, eb_init_sp804, IRQ(5, 2), .unit = 1, CLOCK(TIMER)),
    PRESENT("rtc",          0x10017000, 4 * KiB, eb_init_rtc, IRQ(10, 6)),
    PRESENT("dmc",          0x10018000, 4 * KiB, eb_init_dmc, NO_IRQ),
    ABSENT("pci",           0x10019000, 4 * KiB, NO_IRQ),
    PRESENT("clcd",         0x10020000, 4 * KiB, eb_init_clcd, IRQ(23, -1), CLOCK(OSC0), TREE(clcd)),
    PRESENT("dmac",         0x10030000, 4 * KiB, eb_init_dmac, IRQ(24, -1), TREE(dmac)),
    PRESENT("smc",          0x10080000, 4 * KiB, eb_init_smc, NO_IRQ),
    /*
     * Not of the board: virtual devices. On interrupts that the board leaves free: board numbers beyond its own, and
     * those that the core tile has for the SCU's event counters, which are not modelled.
     */
    VIRTIO(0), VIRTIO(1), VIRTIO(2), VIRTIO(3), VIRTIO(4), VIRTIO(5), VIRTIO(6), VIRTIO(7),
    PRESENT("compactflash", 0x18000000, 4 * KiB, eb_init_compactflash, NO_IRQ, DRIVE(3), TREE(compactflash)),
    ABSENT("disk-on-chip",  0x2c000000, 16 * MiB, IRQ(27, -1)),
    PRESENT("flash0",       0x40000000, 64 * MiB, eb_init_flash, NO_IRQ, DRIVE(1), .unit = 0, TREE(flash)),
    PRESENT("flash1",       0x44000000, 64 * MiB, eb_init_flash, NO_IRQ, DRIVE(2), .unit = 1, TREE(flash)),
    PRESENT("boot-rom",     0x30000000, 64 * MiB, eb_init_boot_rom, NO_IRQ),
    PRESENT("ethernet",     0x4e000000, 64 * KiB, eb_init_ethernet, IRQ(28, 9), NETWORK(0), TREE(ethernet)),
    PRESENT("usb",          0x4f000000, 128 * KiB, eb_init_usb, IRQ(29, 3), TREE(usb)),
};
const size_t realview_eb_num_devices = sizeof(realview_eb_devices) / sizeof(realview_eb_devices[0]);

const RealviewDevice *realview_eb_device(const char *name)
{
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        if (!strcmp(realview_eb_devices[i].name, name)) {
            return &realview_eb_devices[i];
        }
    }
    return NULL;
}

const RealviewDevice *realview_eb_present(const char *name)
{
    const RealviewDevice *d = realview_eb_device(name);

    return d && d->present ? d : NULL;
}

static void eb_set_pmu_spi(void *opaque, int n, int level)
{
    gic_set_spi(opaque, (unsigned)n + REALVIEW_EB_PMU_SPI + FIRST_SPI, level);
}

static void realview_eb_init(MachineState *m)
{
    RealviewBoard *b = calloc(1, sizeof(*b));

    m->boot = (BoardBoot) {
        .gic_cpu = realview_eb_device("gic-cpu")->base,
        .pen = REALVIEW_EB_PEN,
        .flags = realview_eb_device("sysctl")->base + REALVIEW_SYSCTL_FLAGS,
        .rom = m->drive[1] ? realview_eb_device("flash0")->base : 0,
    };
    if (!b) {
        error_exit("out of memory");
    }
    b->m = m;
    b->dma = realview_dma_create();
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        const RealviewDevice *d = &realview_eb_devices[i];

        if (d->present) {
            d->init(b, d);
        } else {
            memory_add_unimplemented(d->base, d->size, d->name, NULL);
        }
    }
    for (int i = 0; i < m->smp; i++) {
        irq_init(&m->pmu_irq[i], eb_set_pmu_spi, b->core_gic, i);
    }
}

const MachineClass realview_eb_mpcore_machine = {
    .name = "realview-eb-mpcore",
    .desc = "ARM RealView Emulation Baseboard (ARM11MPCore)",
    .max_cpus = ARM_MAX_CPUS,
    .default_cpus = 1,
    .default_ram = 128 * MiB,
    .max_ram = 256 * MiB,
    .default_cpu = "arm11mpcore",
    .init = realview_eb_init,
    .build_dtb = realview_build_dtb,
    .board_id = 0x33b,
};
