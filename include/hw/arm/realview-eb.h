/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RealView Emulation Baseboard with an ARM11 MPCore (revision B core tile): its device table.
 *
 * The table is the one description of the board's devices: the board file maps and wires them from it, the device tree
 * generator describes them to the guest from it. A device is added by writing its file under hw/, an init function of a
 * few lines in hw/arm/realview-eb.c, and turning its row from ABSENT into PRESENT.
 */
#ifndef HW_ARM_REALVIEW_EB_H
#define HW_ARM_REALVIEW_EB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exec/memory.h"
#include "hw/boards.h"

/* Board private state, hw/arm/realview-eb.c. */
typedef struct RealviewBoard RealviewBoard;
typedef struct RealviewDevice RealviewDevice;
struct DtbWriter;

/* What drives a device's clock inputs, except for the bus clock. */
typedef enum RealviewClock {
    REALVIEW_CLOCK_NONE, REALVIEW_CLOCK_REF, REALVIEW_CLOCK_TIMER, REALVIEW_CLOCK_OSC0,
} RealviewClock;

/*
 * Where an interrupt line goes. fpga: board number 0..63, an SPI of each of the four FPGA controllers (ID = number +
 * 32). core: SPI number 0..31 of the core tile's controller (ID = number + 32). -1: not connected there.
 */
typedef struct BoardIRQ {
    bool used;
    int fpga, core;
} BoardIRQ;
enum { BOARD_IRQS = 4 };

/*
 * The DMA controller's peripheral numbers, 0 to 15, for what goes to the device and what comes from it; `mapped`: the
 * numbers by which SYS_DMAPSR knows it, REALVIEW_DMA_*.
 */
typedef struct BoardDMA {
    bool used, mapped;
    unsigned tx, rx;
} BoardDMA;

struct RealviewDevice {
    const char *name;           /* unique; also the name of the memory region */
    uint32_t base, size;        /* bytes; physical */
    BoardIRQ irq[BOARD_IRQS];   /* as many as are `used`; MMCI has two: command and PIO */
    BoardDMA dma;
    bool present;               /* false: the region reads as on an empty board; leave it out of the device tree */
    BackendSlot backend;        /* what the command line may put behind it */
    int unit;                   /* which one of several equal devices: UART 0..3, FPGA controller 0..3, ... */
    RealviewClock clock;
    /* Its node in the device tree: what the board adds to what the class says. NULL: nothing. */
    void (*describe)(struct DtbWriter *t, const RealviewDevice *d);
    /* Create and map the device; NULL if absent. */
    void (*init)(RealviewBoard *b, const RealviewDevice *d);
};

/* All devices, in the order of their creation; names are in hw/arm/realview-eb.c. */
extern const RealviewDevice realview_eb_devices[];
extern const size_t realview_eb_num_devices;
/* The row called NAME, or NULL; the second: only if the device is there. */
const RealviewDevice *realview_eb_device(const char *name);
const RealviewDevice *realview_eb_present(const char *name);

/* hw/arm/realview-dtb-device.c: for the rows' `describe`. */
void realview_describe_sysctl(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_sp810(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_i2c(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_mmci(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_gpio(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_clcd(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_dmac(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_flash(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_compactflash(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_ethernet(struct DtbWriter *t, const RealviewDevice *d);
void realview_describe_usb(struct DtbWriter *t, const RealviewDevice *d);

/* hw/arm/realview-dtb.c: the board's device tree; malloc'ed, *size in bytes. */
void *realview_build_dtb(MachineState *m, int *size);

/* Fixed clocks, Hz. */
enum {
    REALVIEW_EB_REFCLK_HZ = 24000000,   /* SYS_24MHZ, UART, KMI and MMC reference */
    REALVIEW_EB_CLK32K_HZ = 32768,
    REALVIEW_EB_TIMCLK_HZ = 1000000,    /* SP804 */
    REALVIEW_EB_PERIPHCLK_HZ = 100000000, /* MPCore private timers */
};

/* What lies on the core tile, seen by its CPUs alone: private devices, interrupt controller, cache controller. */
#define REALVIEW_EB_MPCORE_BASE 0x10100000u
#define REALVIEW_EB_MPCORE_SIZE 0x3000u

/* Above all that the board has: where CPUs wait for the first one (docs/boot.md). */
#define REALVIEW_EB_PEN 0xe0000000u

/* Interrupt IDs of the core tile that belong to no table row. */
enum {
    REALVIEW_EB_TIMER_PPI = 29, REALVIEW_EB_WATCHDOG_PPI = 30,
    REALVIEW_EB_PMU_SPI = 17,           /* CPU n: + n */
    REALVIEW_EB_L220_SPI = 29,          /* event, slave error, decode error: + 0..2 */
};
#endif
