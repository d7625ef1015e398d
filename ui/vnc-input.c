/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients of the VNC server type and press: for the guest's keyboard and pointer, or for the text console that the
 * client sees. All on the I/O thread.
 */
#include "ui/input.h"
#include "ui/keysym.h"
#include "ui/text-console.h"
#include "ui/vnc-internal.h"

static void release_keys(const bool down[KEY_COUNT])
{
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        if (down[key]) {
            input_key((InputKey)key, false);
        }
    }
}

void vnc_input_release(const bool down[KEY_COUNT])
{
    release_keys(down);
    vnc_input_buttons(0);
    input_point_left();
}

/* RFB's buttons: left, middle, right, wheel up, wheel down. */
void vnc_input_buttons(int buttons)
{
    static int before;
    const int pressed = buttons & ~before;

    before = buttons;
    input_buttons((buttons & 1 ? INPUT_LEFT : 0) | (buttons & 2 ? INPUT_MIDDLE : 0) | (buttons & 4 ? INPUT_RIGHT : 0));
    input_move(0, 0, (pressed & 16 ? 1 : 0) - (pressed & 8 ? 1 : 0));
}

/* Into a text console. X has Unicode as keysyms, the first 256 as they are. */
static void type_sign(const KeyOfSign *k, uint32_t keysym, bool shift, bool ctrl)
{
    if (k->key != KEY_NONE && text_console_key(k->key, shift)) {
        return;
    }
    if (keysym < 0x100 || keysym >> 24 == 1) {
        text_console_sign(keysym & 0xffffff, ctrl);
    }
}

/*
 * A sign that needs shift, from a client that does not press it (one without a keyboard): it is pressed for the moment.
 * With the caps lock on, letters are left alone. A client that knows the key itself presses shift where it is needed.
 */
static bool needs_shift(const KeyOfSign *k, bool shift)
{
    return k->shifted && !shift && !(k->letter && (input_leds() & INPUT_LED_CAPS));
}

/* For the guest. What was pressed before the text console was seen is let go of all the same. */
static void press_key(bool down[KEY_COUNT], const KeyOfSign *k, bool pressed, bool shift, bool text)
{
    const bool with_shift = pressed && !text && needs_shift(k, shift);

    if (with_shift) {
        input_key(KEY_SHIFT, true);
    }
    down[k->key] = pressed;
    if (!pressed || !text) {
        input_key(k->key, pressed);
    }
    if (with_shift) {
        input_key(KEY_SHIFT, false);
    }
}

void vnc_input_key(bool down[KEY_COUNT], const VncKey *key, bool text, bool may_switch)
{
    const KeyOfSign k = key->number ? (KeyOfSign) { .key = input_key_by_number(key->number) } : keysym_key(key->keysym);
    const bool shift = down[KEY_SHIFT] || down[KEY_SHIFT_R];
    const bool ctrl = down[KEY_CTRL] || down[KEY_CTRL_R];
    const bool alt = down[KEY_ALT] || down[KEY_ALT_R];

    if (key->down && may_switch && text_console_switch_key(k.key, ctrl && alt)) {
        vnc_input_release(down);
        return;
    }
    if (key->down && text) {
        type_sign(&k, key->keysym, shift, ctrl);
    }
    if (k.key != KEY_NONE) {
        press_key(down, &k, key->down, shift, text);
    }
}
