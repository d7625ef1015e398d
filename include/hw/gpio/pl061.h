/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL061 general purpose input and output: eight pins; ARM DDI 0190. */
#ifndef HW_GPIO_PL061_H
#define HW_GPIO_PL061_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/irq.h"

enum { PL061_PINS = 8 };

typedef struct PL061State PL061State;
/* Map at BASE; all inputs are low. Lives as long as the machine. */
PL061State *pl061_create(uint32_t base, const char *name, const IRQLine *irq);
/* What is outside drives the pin, 0..7. Any thread; takes the device's lock. */
void pl061_set_input(PL061State *s, unsigned pin, bool level);
#endif
