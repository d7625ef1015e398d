/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shows the screen elsewhere has signs, not keys: RFB clients X keysyms, a terminal letters, which are the same up
 * to 0x7e. Implemented in ui/keysym.c.
 */
#ifndef UI_KEYSYM_H
#define UI_KEYSYM_H
#include "ui/input.h"

typedef struct KeyOfSign {
    InputKey key;               /* KEY_NONE: there is none */
    bool shifted, letter;       /* the sign is the one with shift; it is a letter */
} KeyOfSign;
KeyOfSign keysym_key(uint32_t keysym);
#endif
