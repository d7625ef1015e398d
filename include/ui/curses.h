/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text consoles on the terminal that the emulator was started from, by ncursesw. I/O thread. Implemented in
 * ui/curses.c; only there if the emulator was built with CONFIG_CURSES.
 */
#ifndef UI_CURSES_H
#define UI_CURSES_H

/* Take the terminal. NULL, or what is wrong (g_free). Main thread, once. */
char *curses_start(void);
/* Give it back. */
void curses_end(void);
#endif
