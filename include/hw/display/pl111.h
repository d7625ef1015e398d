/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL111 colour LCD controller, ARM DDI 0293. */
#ifndef HW_DISPLAY_PL111_H
#define HW_DISPLAY_PL111_H
#include <stdint.h>
#include "hw/irq.h"

/*
 * What the board puts between the controller's 5:5:5 output and the video DAC (RealView: SYS_CLCD[1:0]), for pictures
 * of 16 bits per pixel in that format.
 */
typedef enum PL111Mux {
    PL111_MUX_NONE = 0, PL111_MUX_555 = 1, PL111_MUX_565_RED_LSB = 2, PL111_MUX_565_BLUE_LSB = 3,
} PL111Mux;

typedef struct PL111Config {
    uint32_t base;
    const char *name;
    /* The board's part; any thread, must take no lock of a device. */
    uint32_t (*clock_hz)(void *opaque);         /* of CLCDCLK */
    PL111Mux (*mux)(void *opaque);
    void *opaque;
} PL111Config;

/* Map it; it draws the console (ui/console.h). Lives as long as the machine. */
void pl111_create(const PL111Config *config, const IRQLine *irq);
#endif
