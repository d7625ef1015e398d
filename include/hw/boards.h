/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine: what the command line asked for and what the board built. */
#ifndef HW_BOARDS_H
#define HW_BOARDS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "audio/audio.h"
#include "block/block.h"
#include "chardev/char.h"
#include "exec/cpu-type.h"
#include "hw/irq.h"
#include "hw/virtio/virtio-devices.h"
#include "net/net.h"

typedef struct MachineState MachineState;

/* Where the CPUs other than the first start (docs/boot.md). */
typedef enum SecondaryStart {
    SECONDARY_BY_IMAGE,                 /* the pen for images of the Linux protocol, else the entry point */
    SECONDARY_PEN,
    SECONDARY_ENTRY,
} SecondaryStart;

typedef struct MachineClass {
    const char *name, *desc;
    int max_cpus, default_cpus;
    uint64_t default_ram;               /* bytes */
    uint64_t max_ram;
    const char *default_cpu;
    /* Build devices; CPUs (machine->cpu[]) and RAM exist already. */
    void (*init)(MachineState *m);
    /*
     * "-dtb builtin": build the device tree of this machine from its device table; returns a malloc'ed FDT and its
     * size.
     */
    void *(*build_dtb)(MachineState *m, int *size);
    uint32_t board_id;                  /* ATAGS machine id */
} MachineClass;

/* What a board tells the boot loader: where its boot code finds things. Filled in by the class's init(). */
typedef struct BoardBoot {
    uint32_t gic_cpu;           /* the CPU interface of the interrupt controller, as each CPU sees its own */
    uint32_t pen;               /* a page that is nothing else: RAM for the code of the waiting CPUs is put there */
    uint32_t rom;               /* where the CPUs start without -kernel */
    uint32_t flags;             /* the register that sends secondary CPUs to the address in it */
} BoardBoot;

/* Which of the command line's back ends a row of a board's table stands for. */
typedef enum BackendKind { BACKEND_NONE, BACKEND_CHARDEV, BACKEND_DRIVE, BACKEND_NETWORK, BACKEND_AUDIO } BackendKind;
typedef struct BackendSlot {
    BackendKind kind;
    unsigned n;                 /* which one of its kind: -serial's number, ...; there is one network: 0 */
} BackendSlot;
enum { MACHINE_SERIALS = 4, MACHINE_DRIVES = 4, MACHINE_VIRTIOS = 8 };

struct MachineState {
    const MachineClass *mc;
    int smp;
    uint32_t ram_size;
    uint8_t *ram;
    const char *kernel, *initrd, *dtb, *append;
    SecondaryStart secondary;
    uint8_t user_switches;                      /* those that the board has for programs, a bit per switch */
    uint8_t boot_switches;                      /* those that choose what a board boots; for programs to see */
    BoardBoot boot;
    IRQLine pmu_irq[ARM_MAX_CPUS];              /* the CPUs' performance monitors'; the board's to connect */
    AudioDev *audio;                            /* what the sound card is connected to; NULL: nothing */
    struct USBBus *usb;                         /* the board's; NULL: it has none */
    NetBackend *net;                            /* the network card's cable; NULL: none */
    uint8_t mac[6];                             /* the network card's */
    VirtIOConfig virtio[MACHINE_VIRTIOS];       /* in the order of the command line */
    bool virtio_legacy;
    BlockBackend *drive[MACHINE_DRIVES];        /* SD card, two banks of flash, CompactFlash; NULL: none */
    const char *name, *uuid;            /* for the monitor; NULL: none */
    Chardev *serial[MACHINE_SERIALS];                /* NULL: not connected */
    CPUARMState *cpu[ARM_MAX_CPUS];
};
/* What is behind the slot, NULL: nothing. error_exit if the slot is of another kind or there is no such number. */
Chardev *machine_chardev(const MachineState *m, BackendSlot slot);
BlockBackend *machine_drive(const MachineState *m, BackendSlot slot);
AudioDev *machine_audio(const MachineState *m, BackendSlot slot);
NetBackend *machine_network(const MachineState *m, BackendSlot slot);

extern const MachineClass realview_eb_mpcore_machine;
const MachineClass *machine_find(const char *name);         /* NULL: unknown */
const MachineClass *const *machine_list(void);              /* NULL-terminated */

/* hw/arm/boot.c: load the kernel etc. (error_exit on mistakes) and register a reset handler that puts images, stubs
 * and CPUs in place on every reset. */
void arm_load_kernel(MachineState *m);
/* What is put into memory at a reset, a piece a line, for the monitor. */
void arm_boot_print(FILE *f);
/* The guest's device tree, as it is put into memory; NULL: it has none. */
const void *arm_boot_dtb(uint32_t *bytes);

/* Reset handlers run in order of registration with all CPUs stopped. */
void qemu_register_reset(void (*fn)(void *), void *opaque);
/* It is registered. */
void qemu_unregister_reset(void (*fn)(void *), void *opaque);
void qemu_devices_reset(void);
#endif
