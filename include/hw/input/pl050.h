/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL050 keyboard and mouse interface (ARM DDI 0143) with what is plugged into it. */
#ifndef HW_INPUT_PL050_H
#define HW_INPUT_PL050_H
#include <stdint.h>
#include "hw/irq.h"

/* Map it at BASE with an AT keyboard, or a PS/2 mouse with a wheel, which join the input core (ui/input.h). */
void pl050_create_keyboard(uint32_t base, const char *name, const IRQLine *irq);
void pl050_create_mouse(uint32_t base, const char *name, const IRQLine *irq);
#endif
