/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB keyboard, at low speed: its report is the one that the boot protocol has (HID 1.11, appendix B): the keys beside
 * the letters as bits, and up to six others. Presses and releases wait in a queue, one for each report.
 */
#include <string.h>
#include <glib.h>
#include "hw/usb/hid-internal.h"
#include "hw/usb/usb-devices.h"

enum { KEY_RELEASED = 0x100, USAGE_MODIFIERS = 0xe0, ROLL_OVER = 1 };

/* HID Usage Tables, page 7. */
static const uint8_t usages[KEY_COUNT] = {
    [KEY_A] = 0x04, [KEY_B] = 0x05, [KEY_C] = 0x06, [KEY_D] = 0x07, [KEY_E] = 0x08, [KEY_F] = 0x09, [KEY_G] = 0x0a,
    [KEY_H] = 0x0b, [KEY_I] = 0x0c, [KEY_J] = 0x0d, [KEY_K] = 0x0e, [KEY_L] = 0x0f, [KEY_M] = 0x10, [KEY_N] = 0x11,
    [KEY_O] = 0x12, [KEY_P] = 0x13, [KEY_Q] = 0x14, [KEY_R] = 0x15, [KEY_S] = 0x16, [KEY_T] = 0x17, [KEY_U] = 0x18,
    [KEY_V] = 0x19, [KEY_W] = 0x1a, [KEY_X] = 0x1b, [KEY_Y] = 0x1c, [KEY_Z] = 0x1d,
    [KEY_1] = 0x1e, [KEY_2] = 0x1f, [KEY_3] = 0x20, [KEY_4] = 0x21, [KEY_5] = 0x22, [KEY_6] = 0x23, [KEY_7] = 0x24,
    [KEY_8] = 0x25, [KEY_9] = 0x26, [KEY_0] = 0x27,
    [KEY_RET] = 0x28, [KEY_ESC] = 0x29, [KEY_BACKSPACE] = 0x2a, [KEY_TAB] = 0x2b, [KEY_SPC] = 0x2c, [KEY_MINUS] = 0x2d,
    [KEY_EQUAL] = 0x2e, [KEY_BRACKET_LEFT] = 0x2f, [KEY_BRACKET_RIGHT] = 0x30, [KEY_BACKSLASH] = 0x31,
    [KEY_SEMICOLON] = 0x33, [KEY_APOSTROPHE] = 0x34, [KEY_GRAVE_ACCENT] = 0x35, [KEY_COMMA] = 0x36, [KEY_DOT] = 0x37,
    [KEY_SLASH] = 0x38, [KEY_CAPS_LOCK] = 0x39,
    [KEY_F1] = 0x3a, [KEY_F2] = 0x3b, [KEY_F3] = 0x3c, [KEY_F4] = 0x3d, [KEY_F5] = 0x3e, [KEY_F6] = 0x3f,
    [KEY_F7] = 0x40, [KEY_F8] = 0x41, [KEY_F9] = 0x42, [KEY_F10] = 0x43, [KEY_F11] = 0x44, [KEY_F12] = 0x45,
    [KEY_PRINT] = 0x46, [KEY_SYSRQ] = 0x46, [KEY_SCROLL_LOCK] = 0x47, [KEY_PAUSE] = 0x48, [KEY_INSERT] = 0x49,
    [KEY_HOME] = 0x4a, [KEY_PGUP] = 0x4b, [KEY_DELETE] = 0x4c, [KEY_END] = 0x4d, [KEY_PGDN] = 0x4e, [KEY_RIGHT] = 0x4f,
    [KEY_LEFT] = 0x50, [KEY_DOWN] = 0x51, [KEY_UP] = 0x52, [KEY_NUM_LOCK] = 0x53,
    [KEY_KP_DIVIDE] = 0x54, [KEY_KP_MULTIPLY] = 0x55, [KEY_KP_SUBTRACT] = 0x56, [KEY_KP_ADD] = 0x57,
    [KEY_KP_ENTER] = 0x58, [KEY_KP_1] = 0x59, [KEY_KP_2] = 0x5a, [KEY_KP_3] = 0x5b, [KEY_KP_4] = 0x5c,
    [KEY_KP_5] = 0x5d, [KEY_KP_6] = 0x5e, [KEY_KP_7] = 0x5f, [KEY_KP_8] = 0x60, [KEY_KP_9] = 0x61, [KEY_KP_0] = 0x62,
    [KEY_KP_DECIMAL] = 0x63, [KEY_LESS] = 0x64, [KEY_MENU] = 0x65, [KEY_POWER] = 0x66, [KEY_KP_EQUALS] = 0x67,
    [KEY_F13] = 0x68, [KEY_F14] = 0x69, [KEY_F15] = 0x6a, [KEY_F16] = 0x6b, [KEY_F17] = 0x6c, [KEY_F18] = 0x6d,
    [KEY_F19] = 0x6e, [KEY_F20] = 0x6f, [KEY_F21] = 0x70, [KEY_F22] = 0x71, [KEY_F23] = 0x72, [KEY_F24] = 0x73,
    [KEY_AUDIOMUTE] = 0x7f, [KEY_VOLUMEUP] = 0x80, [KEY_VOLUMEDOWN] = 0x81, [KEY_KP_COMMA] = 0x85, [KEY_RO] = 0x87,
    [KEY_KATAKANAHIRAGANA] = 0x88, [KEY_YEN] = 0x89, [KEY_HENKAN] = 0x8a, [KEY_MUHENKAN] = 0x8b,
    [KEY_CTRL] = 0xe0, [KEY_SHIFT] = 0xe1, [KEY_ALT] = 0xe2, [KEY_META_L] = 0xe3, [KEY_CTRL_R] = 0xe4,
    [KEY_SHIFT_R] = 0xe5, [KEY_ALT_R] = 0xe6, [KEY_META_R] = 0xe7,
};

static const uint8_t report_descriptor[] = {
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,                         /* generic desktop, keyboard, application */
    0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, /* keys E0 to E7 */
    0x75, 0x01, 0x95, 0x08, 0x81, 0x02,                         /* 8 bits, one each */
    0x95, 0x01, 0x75, 0x08, 0x81, 0x01,                         /* a byte that is not used */
    0x05, 0x08, 0x19, 0x01, 0x29, 0x05,                         /* LEDs 1 to 5 */
    0x95, 0x05, 0x75, 0x01, 0x91, 0x02,                         /* 5 bits, from the host */
    0x95, 0x01, 0x75, 0x03, 0x91, 0x01,                         /* 3 that are not used */
    0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x15, 0x00, 0x26, 0xff, 0x00,     /* keys 0 to FF */
    0x95, HID_KEYS, 0x75, 0x08, 0x81, 0x00,                     /* 6 bytes with those that are down */
    0xc0,
};

static bool is_modifier(unsigned usage)
{
    return usage >= USAGE_MODIFIERS && usage < USAGE_MODIFIERS + 8;
}

/* Press or release a key in what is reported. */
static void apply(USBHid *h, unsigned event)
{
    const uint8_t usage = (uint8_t)event;
    uint32_t i = 0;

    while (i < h->downs && h->down[i] != usage) {
        i++;
    }
    if (event & KEY_RELEASED) {
        if (i < h->downs) {
            memmove(&h->down[i], &h->down[i + 1], --h->downs - i);
        }
    } else if (i == h->downs && h->downs < HID_DOWN_MAX) {
        h->down[h->downs++] = usage;
    }
}

static bool keyboard_advance(USBHid *h)
{
    if (!h->count) {
        return false;
    }
    apply(h, h->key[h->first]);
    h->first = (h->first + 1) % HID_QUEUE;
    h->count--;
    return true;
}

static unsigned keyboard_current(USBHid *h, uint8_t *data)
{
    unsigned keys = 0;

    memset(data, 0, HID_REPORT_MAX);
    for (uint32_t i = 0; i < h->downs; i++) {
        if (is_modifier(h->down[i])) {
            data[0] |= (uint8_t)(1u << (h->down[i] - USAGE_MODIFIERS));
        } else if (keys++ < HID_KEYS) {
            data[1 + keys] = h->down[i];
        }
    }
    if (keys > HID_KEYS) {
        memset(data + 2, ROLL_OVER, HID_KEYS);
    }
    return HID_REPORT_MAX;
}

static uint64_t *keyboard_activation(USBHid *h)
{
    return &h->input_keyboard.activation;
}

/* I/O thread. The host's keyboard repeats; the guest makes repetitions of its own. */
static void keyboard_key(void *opaque, InputKey key, bool down)
{
    USBHid *h = opaque;

    counted_lock(h->usb.bus->lock);
    if (usages[key] && h->count < HID_QUEUE) {
        h->key[(h->first + h->count++) % HID_QUEUE] = (uint16_t)(usages[key] | (down ? 0 : KEY_RELEASED));
        usb_wake(&h->usb);
    }
    counted_unlock(h->usb.bus->lock);
}

static InputRoom keyboard_room(void *opaque)
{
    USBHid *h = opaque;

    counted_lock(h->usb.bus->lock);
    const uint32_t count = h->count;
    counted_unlock(h->usb.bus->lock);
    return !count ? INPUT_EMPTY : count < HID_QUEUE ? INPUT_ROOM : INPUT_FULL;
}

static void keyboard_unplugged(USBDevice *d)
{
    USBHid *h = (USBHid *)d;

    input_remove_keyboard(&h->input_keyboard);
    hid_free(h);
}

static const uint8_t device_descriptor[] = HID_DEVICE;
static const uint8_t config_descriptor[] = HID_CONFIG(1, 1, report_descriptor, HID_REPORT_MAX, 10);

static const HidKind keyboard_kind = {
    .usb = {
        .product = "USB Keyboard", .speed = USB_LOW, .device = device_descriptor, .config = config_descriptor,
        .control = hid_control, .in = hid_in, .reset = hid_reset, .unplugged = keyboard_unplugged,
    },
    .report = report_descriptor, .report_len = sizeof(report_descriptor),
    .advance = keyboard_advance, .current = keyboard_current, .activation = keyboard_activation,
};

static const DeviceField keyboard_fields[] = {
    HID_FIELDS, DEVICE_ARRAY(USBHid, key), DEVICE_ARRAY(USBHid, down), DEVICE_FIELD(USBHid, downs),
    { 0 },
};

static const DeviceClass keyboard_class = {
    .name = "usb-kbd", .state_size = sizeof(USBHid), .version = 1, .fields = keyboard_fields,
    .reset = usb_device_reset, .post_load = hid_post_load,
};

USBDevice *usb_keyboard_new(USBBus *bus)
{
    USBHid *h = hid_new(bus, &keyboard_class, &keyboard_kind);

    h->input_keyboard = (InputKeyboard) { .key = keyboard_key, .room = keyboard_room, .opaque = h };
    input_add_keyboard(&h->input_keyboard);
    return &h->usb;
}
