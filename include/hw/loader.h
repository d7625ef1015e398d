/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "-device loader,...": files and values to put into guest RAM and program counters to set, on every reset.
 *
 * The command line fills the list on the main thread before arm_load_kernel() reads it; nobody changes it later.
 * Implemented in hw/arm/loader-device.c.
 */
#ifndef HW_LOADER_H
#define HW_LOADER_H
#include <stdbool.h>
#include <stdint.h>

typedef struct LoaderDevice {
    const char *file;           /* NULL: a value or only a program counter */
    bool has_addr;
    uint32_t addr;              /* guest physical address */
    bool has_data;
    uint64_t data;
    unsigned data_len;          /* bytes of data: 1, 2, 4 or 8 */
    bool data_be;               /* store data big-endian */
    int cpu_num;                /* set this CPU's program counter; -1: none */
    bool force_raw;             /* do not look at the file's format */
    struct LoaderDevice *next;
} LoaderDevice;

/* In the order of the command line. */
extern LoaderDevice *loader_devices;

/* Append a copy of *dev; its strings must live for ever. What it says is checked by arm_load_kernel(). */
void loader_device_add(const LoaderDevice *dev);
#endif
