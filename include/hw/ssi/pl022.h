/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM PL022 synchronous serial port, ARM DDI 0194, with nothing on its bus. */
#ifndef HW_SSI_PL022_H
#define HW_SSI_PL022_H
#include <stdint.h>
#include "hw/dma-request.h"
#include "hw/irq.h"
/* Map it at BASE. dma NULL: not connected. Lives as long as the machine. */
void pl022_create(uint32_t base, const char *name, const IRQLine *irq, DmaRequests *dma);
#endif
