/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board and a device that are one file each, to see that this is all it takes. */
#ifndef TESTS_UNIT_TOY_BOARD_H
#define TESTS_UNIT_TOY_BOARD_H
#include "hw/boards.h"
#include "hw/irq.h"

/* toy-device.c: a bell. RING counts and raises the line until QUIET is written; COUNT says how often it rang. */
enum { BELL_RING = 0x00, BELL_QUIET = 0x04, BELL_COUNT = 0x08, BELL_SIZE = 0x1000 };
void toy_bell_create(uint32_t base, const char *name, const IRQLine *irq);

/* toy-board.c: at addresses that no other board has. */
enum { TOY_GICC = 0x30000100, TOY_GICD = 0x30001000, TOY_BELL = 0x50000000, TOY_PEN = 0x60000000, TOY_BELL_SPI = 5,
       TOY_BOARD_ID = 4711 };
extern const MachineClass toy_machine;
#endif
