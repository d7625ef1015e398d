/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text consoles: character devices of kind "vc" that the displays show, a terminal each, and what is typed there. I/O
 * thread. Implemented in ui/text-console.c.
 */
#ifndef UI_TEXT_CONSOLE_H
#define UI_TEXT_CONSOLE_H
#include <stdbool.h>
#include <stdint.h>
#include "ui/console.h"
#include "ui/input.h"

enum { TEXT_CELL_WIDTH = 8, TEXT_CELL_HEIGHT = 20, TEXT_COLS = 80, TEXT_ROWS = 24 };
enum { TEXT_COLS_MAX = 128, TEXT_ROWS_MAX = 102 };      /* they fit into what a Surface can be */

struct Vt;

/* One that is connected to a socket, which it owns from now on. `label` is copied. Before the displays begin. */
void text_console_new(const char *label, int fd, int cols, int rows);
unsigned text_console_count(void);
/* Numbers from 0. */
const char *text_console_label(unsigned n);
struct Vt *text_console_vt(unsigned n);
const Surface *text_console_surface(unsigned n);
/* Draw what changed into its surface, and tell of each line (of points); changed NULL: all, and nobody. */
void text_console_draw(unsigned n, void (*changed)(int y, int lines));

/* ---- typing; for all displays ---- */

/* Ctrl-Alt-DIGIT goes to another console. True: this key did, and is nobody else's. */
bool text_console_switch_key(InputKey key, bool ctrl_alt);
/* Type into the console that is shown, if it is a text console; nothing otherwise. */
void text_console_sign(uint32_t sign, bool ctrl);
/* A key without a sign; false: it has one, or means nothing. With shift, page up and down look back. */
bool text_console_key(InputKey key, bool shift);
#endif
