/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PL011 UART, ARM DDI 0183. */
#ifndef HW_CHAR_PL011_H
#define HW_CHAR_PL011_H
#include <stdint.h>
#include "chardev/char.h"
#include "hw/dma-request.h"
#include "hw/irq.h"
typedef struct PL011State PL011State;
/* Map a UART at BASE. chr, dma NULL: nothing connected. clock_hz: reference clock. Lives as long as the machine. */
PL011State *pl011_create(uint32_t base, const char *name, uint32_t clock_hz, Chardev *chr, const IRQLine *irq,
                         DmaRequests *dma);
/*
 * From now on every reset leaves the UART as the board's boot monitor hands it to an operating system: enabled,
 * FIFOs off, 38400 8n1. For machines that load the kernel themselves. Before the CPUs start.
 */
void pl011_set_boot_monitor_state(PL011State *s);
#endif
