/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The baseboard's character display, two lines of 16 characters: ARM DUI 0303 4.4, with an HD44780 behind it. */
#ifndef HW_DISPLAY_CHARLCD_H
#define HW_DISPLAY_CHARLCD_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/irq.h"

enum { CHARLCD_LINES = 2, CHARLCD_COLUMNS = 16 };

/* Map at BASE. Lives as long as the machine. */
void charlcd_create(uint32_t base, const char *name, const IRQLine *irq);
/* What the display called `name` shows, each line with its NUL. False: there is none. Any thread. */
bool charlcd_text(const char *name, char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1]);
#endif
