/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signs as keys, see the header. The guest's keyboard has the US layout: a sign is the key that has it there. Constant
 * tables, any thread.
 */
#include <string.h>
#include <glib.h>
#include "ui/keysym.h"

/* Keys with signs, and these without and with shift. */
static const struct { InputKey key; char plain, shifted; } signs[] = {
    { KEY_GRAVE_ACCENT, '`', '~' }, { KEY_1, '1', '!' }, { KEY_2, '2', '@' }, { KEY_3, '3', '#' }, { KEY_4, '4', '$' },
    { KEY_5, '5', '%' }, { KEY_6, '6', '^' }, { KEY_7, '7', '&' }, { KEY_8, '8', '*' }, { KEY_9, '9', '(' },
    { KEY_0, '0', ')' }, { KEY_MINUS, '-', '_' }, { KEY_EQUAL, '=', '+' }, { KEY_BRACKET_LEFT, '[', '{' },
    { KEY_BRACKET_RIGHT, ']', '}' }, { KEY_BACKSLASH, '\\', '|' }, { KEY_SEMICOLON, ';', ':' },
    { KEY_APOSTROPHE, '\'', '"' }, { KEY_COMMA, ',', '<' }, { KEY_DOT, '.', '>' }, { KEY_SLASH, '/', '?' },
    { KEY_SPC, ' ', 0 },
};

static const struct { uint16_t keysym; InputKey key; } others[] = {
    { 0xff08, KEY_BACKSPACE }, { 0xff09, KEY_TAB }, { 0xfe20, KEY_TAB }, { 0xff0d, KEY_RET }, { 0xff1b, KEY_ESC },
    { 0xff13, KEY_PAUSE }, { 0xff6b, KEY_PAUSE }, { 0xff14, KEY_SCROLL_LOCK }, { 0xff15, KEY_SYSRQ },
    { 0xffff, KEY_DELETE }, { 0xff50, KEY_HOME }, { 0xff51, KEY_LEFT }, { 0xff52, KEY_UP }, { 0xff53, KEY_RIGHT },
    { 0xff54, KEY_DOWN }, { 0xff55, KEY_PGUP }, { 0xff56, KEY_PGDN }, { 0xff57, KEY_END }, { 0xff61, KEY_PRINT },
    { 0xff63, KEY_INSERT }, { 0xff67, KEY_MENU }, { 0xff7f, KEY_NUM_LOCK }, { 0xff8d, KEY_KP_ENTER },
    { 0xff95, KEY_KP_7 }, { 0xff96, KEY_KP_4 }, { 0xff97, KEY_KP_8 }, { 0xff98, KEY_KP_6 }, { 0xff99, KEY_KP_2 },
    { 0xff9a, KEY_KP_9 }, { 0xff9b, KEY_KP_3 }, { 0xff9c, KEY_KP_1 }, { 0xff9d, KEY_KP_5 }, { 0xff9e, KEY_KP_0 },
    { 0xff9f, KEY_KP_DECIMAL }, { 0xffaa, KEY_KP_MULTIPLY }, { 0xffab, KEY_KP_ADD }, { 0xffac, KEY_KP_COMMA },
    { 0xffad, KEY_KP_SUBTRACT }, { 0xffae, KEY_KP_DECIMAL }, { 0xffaf, KEY_KP_DIVIDE }, { 0xffb0, KEY_KP_0 },
    { 0xffb1, KEY_KP_1 }, { 0xffb2, KEY_KP_2 }, { 0xffb3, KEY_KP_3 }, { 0xffb4, KEY_KP_4 }, { 0xffb5, KEY_KP_5 },
    { 0xffb6, KEY_KP_6 }, { 0xffb7, KEY_KP_7 }, { 0xffb8, KEY_KP_8 }, { 0xffb9, KEY_KP_9 }, { 0xffbd, KEY_KP_EQUALS },
    { 0xffbe, KEY_F1 }, { 0xffbf, KEY_F2 }, { 0xffc0, KEY_F3 }, { 0xffc1, KEY_F4 }, { 0xffc2, KEY_F5 },
    { 0xffc3, KEY_F6 }, { 0xffc4, KEY_F7 }, { 0xffc5, KEY_F8 }, { 0xffc6, KEY_F9 }, { 0xffc7, KEY_F10 },
    { 0xffc8, KEY_F11 }, { 0xffc9, KEY_F12 }, { 0xffe1, KEY_SHIFT }, { 0xffe2, KEY_SHIFT_R }, { 0xffe3, KEY_CTRL },
    { 0xffe4, KEY_CTRL_R }, { 0xffe5, KEY_CAPS_LOCK }, { 0xffe7, KEY_META_L }, { 0xffe8, KEY_META_R },
    { 0xffe9, KEY_ALT }, { 0xffea, KEY_ALT_R }, { 0xfe03, KEY_ALT_R }, { 0xff7e, KEY_ALT_R }, { 0xffeb, KEY_META_L },
    { 0xffec, KEY_META_R },
};

KeyOfSign keysym_key(uint32_t keysym)
{
    const char letter = (char)(keysym < 0x80 ? g_ascii_tolower((char)keysym) : 0);

    if (g_ascii_islower(letter)) {
        return (KeyOfSign) { input_key_by_name(&letter, 1), keysym != (uint32_t)letter, true };
    }
    for (size_t i = 0; keysym && keysym < 0x80 && i < G_N_ELEMENTS(signs); i++) {
        if (keysym == (uint32_t)signs[i].plain || keysym == (uint32_t)signs[i].shifted) {
            return (KeyOfSign) { signs[i].key, keysym == (uint32_t)signs[i].shifted, false };
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (keysym == others[i].keysym) {
            return (KeyOfSign) { others[i].key, false, false };
        }
    }
    return (KeyOfSign) { KEY_NONE, false, false };
}
