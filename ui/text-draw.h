/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text console's letters on a surface. I/O thread. */
#ifndef UI_TEXT_DRAW_H
#define UI_TEXT_DRAW_H
#include "ui/console.h"
#include "ui/vt.h"

/* Line `y` of text; the cursor is in column `cursor`, or nowhere (below 0). */
void text_draw_line(Surface *s, int y, const VtCell *cells, int cols, int cursor);
/* A note in the middle of a surface; what is longer than a line is cut. */
void text_draw_note(Surface *s, const char *text);
/* What stands for a sign where there are those of ASCII only; 0: nothing does. */
char text_plain_sign(uint32_t sign);
#endif
