/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen in a window, by SDL 2. I/O thread, which is the main thread, as SDL wants it. Implemented in ui/sdl.c;
 * only there if the emulator was built with CONFIG_SDL.
 */
#ifndef UI_SDL_H
#define UI_SDL_H
#include <stdbool.h>

typedef struct SdlOptions {
    bool full_screen;
    bool keep_open;             /* closing the window does not end the emulator */
    bool show_cursor;           /* the host's, also over the window */
    const char *title;          /* NULL: none of the guest's */
} SdlOptions;

/* Open it. NULL, or what is wrong (g_free). Main thread, once. */
char *sdl_start(const SdlOptions *o);
/* Put the screen and the pointer back. */
void sdl_end(void);
#endif
