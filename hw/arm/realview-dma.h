/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wires between the board's devices and its DMA controller (ARM DUI 0303, "DMA"). Most devices have request numbers
 * of their own. Requests 0 to 2 belong to whom the registers SYS_DMAPSR choose. Implemented in realview-dma.c.
 */
#ifndef HW_ARM_REALVIEW_DMA_H
#define HW_ARM_REALVIEW_DMA_H
#include "hw/arm/realview-eb.h"
#include "hw/dma-request.h"
#include "hw/dma/pl080.h"
#include "hw/misc/realview-sysctl.h"

/* What SYS_DMAPSR[4:0] may say. The smart card interface never asks, as there is no card. */
enum {
    REALVIEW_DMA_AACI_TX, REALVIEW_DMA_AACI_RX, REALVIEW_DMA_USB_A, REALVIEW_DMA_USB_B, REALVIEW_DMA_MCI,
    REALVIEW_DMA_MCI_1, REALVIEW_DMA_UART3_TX, REALVIEW_DMA_UART3_RX, REALVIEW_DMA_SCI_A, REALVIEW_DMA_SCI_B,
    REALVIEW_DMA_SOURCES,
};

typedef struct RealviewDma RealviewDma;
/* Main thread, before there are devices with wires; the controller is connected when it is there. */
RealviewDma *realview_dma_create(void);
void realview_dma_connect(RealviewDma *r, PL080State *dmac, RealviewSysctl *sysctl);
/* The wires of a device; NULL: it has none that is connected. error_exit if there is no memory. */
DmaRequests *realview_dma_wires(RealviewDma *r, const BoardDMA *to);
/* `opaque`: a RealviewDma. A register SYS_DMAPSR has another value. Any lock may be held but the controller's. */
void realview_dma_map_changed(void *opaque);
#endif
