/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of an input device (Virtual I/O Device 1.2, section 5.8.4): the driver writes what it wants to know
 * (select, subsel) and finds the answer and its length behind. No state, any thread.
 */
#include <string.h>
#include "hw/virtio/virtio-input.h"

enum { SELECT = 0, SUBSEL = 1, SIZE = 2, ANSWER = 8, ANSWER_BYTES = 128 };
enum { ID_NAME = 1, ID_SERIAL = 2, ID_DEVIDS = 3, PROP_BITS = 0x10, EV_BITS = 0x11, ABS_INFO = 0x12 };
enum { BUS_VIRTUAL = 6, VENDOR = 0x5051, VERSION = 1 };

const char *virtio_input_name(VirtIOKind kind)
{
    return kind == VIRTIO_KEYBOARD ? "Virtio Keyboard" : kind == VIRTIO_MOUSE ? "Virtio Mouse" : "Virtio Tablet";
}

/* Up to F12 Linux's codes are those of set 1; these are the others. */
static const uint8_t other_codes[KEY_COUNT] = {
    [KEY_KP_EQUALS] = 117, [KEY_F13] = 183, [KEY_F14] = 184, [KEY_F15] = 185, [KEY_F16] = 186, [KEY_F17] = 187,
    [KEY_F18] = 188, [KEY_F19] = 189, [KEY_F20] = 190, [KEY_F21] = 191, [KEY_F22] = 192, [KEY_F23] = 193,
    [KEY_F24] = 194, [KEY_KATAKANAHIRAGANA] = 93, [KEY_RO] = 89, [KEY_HENKAN] = 92, [KEY_MUHENKAN] = 94,
    [KEY_YEN] = 124, [KEY_KP_COMMA] = 121, [KEY_AUDIOPREV] = 165, [KEY_AUDIONEXT] = 163, [KEY_KP_ENTER] = 96,
    [KEY_CTRL_R] = 97, [KEY_AUDIOMUTE] = 113, [KEY_CALCULATOR] = 140, [KEY_AUDIOPLAY] = 164, [KEY_AUDIOSTOP] = 166,
    [KEY_VOLUMEDOWN] = 114, [KEY_VOLUMEUP] = 115, [KEY_AC_HOME] = 172, [KEY_KP_DIVIDE] = 98, [KEY_PRINT] = 99,
    [KEY_SYSRQ] = 99, [KEY_ALT_R] = 100, [KEY_PAUSE] = 119, [KEY_HOME] = 102, [KEY_UP] = 103, [KEY_PGUP] = 104,
    [KEY_LEFT] = 105, [KEY_RIGHT] = 106, [KEY_END] = 107, [KEY_DOWN] = 108, [KEY_PGDN] = 109, [KEY_INSERT] = 110,
    [KEY_DELETE] = 111, [KEY_META_L] = 125, [KEY_META_R] = 126, [KEY_MENU] = 127, [KEY_POWER] = 116,
    [KEY_SLEEP] = 142, [KEY_WAKE] = 143, [KEY_AC_BOOKMARKS] = 156, [KEY_AC_REFRESH] = 173, [KEY_AC_FORWARD] = 159,
    [KEY_AC_BACK] = 158, [KEY_COMPUTER] = 157, [KEY_MAIL] = 155, [KEY_MEDIASELECT] = 226,
};

uint16_t virtio_input_key_code(InputKey key)
{
    static const uint8_t set1[KEY_COUNT] = {
#define KEY(id, name, set1, set2, set3) (set1) < 0x59 ? (set1) : 0,
#include "ui/keys.def"
#undef KEY
    };

    return key >= KEY_COUNT ? 0 : other_codes[key] ? other_codes[key] : set1[key];
}

/* ---- answers; each returns its length ---- */

static uint8_t set_bit(uint8_t *bits, unsigned n, uint8_t length)
{
    bits[n / 8] |= (uint8_t)(1u << n % 8);
    return length > n / 8 ? length : (uint8_t)(n / 8 + 1);
}

static uint8_t key_bits(VirtIOKind kind, uint8_t *bits)
{
    uint8_t length = 0;

    if (kind == VIRTIO_KEYBOARD) {
        for (unsigned key = 0; key < KEY_COUNT; key++) {
            const uint16_t code = virtio_input_key_code((InputKey)key);

            length = code ? set_bit(bits, code, length) : length;
        }
        return length;
    }
    for (unsigned button = BTN_LEFT; button <= BTN_EXTRA; button++) {
        length = set_bit(bits, button, length);
    }
    return length;
}

static uint8_t event_bits(VirtIOKind kind, uint8_t type, uint8_t *bits)
{
    if (type == EV_KEY) {
        return key_bits(kind, bits);
    }
    if (type == EV_REP && kind == VIRTIO_KEYBOARD) {
        return 1;               /* it is there: the driver repeats keys by itself */
    }
    if (type == EV_LED && kind == VIRTIO_KEYBOARD) {
        bits[0] = 1 << LED_NUM | 1 << LED_CAPS | 1 << LED_SCROLL;
        return 1;
    }
    if (type == EV_REL && kind != VIRTIO_KEYBOARD) {
        bits[0] = kind == VIRTIO_MOUSE ? 1 << REL_X | 1 << REL_Y : 0;
        return set_bit(bits, REL_WHEEL, 1);
    }
    if (type == EV_ABS && kind == VIRTIO_TABLET) {
        bits[0] = 1 << ABS_X | 1 << ABS_Y;
        return 1;
    }
    return 0;
}

void virtio_input_answer(VirtIOKind kind, uint8_t *config)
{
    uint8_t *answer = config + ANSWER, length = 0;
    const uint16_t ids[] = { BUS_VIRTUAL, VENDOR, (uint16_t)(1 + kind - VIRTIO_KEYBOARD), VERSION };
    const uint32_t axis[] = { 0, INPUT_POINT_MAX, 0, 0, 0 };        /* least, most, fuzz, flat, resolution */

    memset(answer, 0, ANSWER_BYTES);
    switch (config[SELECT]) {
    case ID_NAME:
        length = (uint8_t)strlen(virtio_input_name(kind));
        memcpy(answer, virtio_input_name(kind), length);
        break;
    case ID_DEVIDS:
        length = sizeof(ids);
        memcpy(answer, ids, length);
        break;
    case EV_BITS:
        length = event_bits(kind, config[SUBSEL], answer);
        break;
    case ABS_INFO:
        if (kind == VIRTIO_TABLET && config[SUBSEL] <= ABS_Y) {
            length = sizeof(axis);
            memcpy(answer, axis, length);
        }
        break;
    }
    config[SIZE] = length;
}
