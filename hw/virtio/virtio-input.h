/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a virtual keyboard, mouse or tablet says of itself: virtio-input-config.c. */
#ifndef HW_VIRTIO_VIRTIO_INPUT_H
#define HW_VIRTIO_VIRTIO_INPUT_H
#include "hw/virtio/virtio-devices.h"
#include "ui/input.h"

/* Linux's numbers (input-event-codes.h), which are the device's. */
enum { EV_SYN = 0, EV_KEY = 1, EV_REL = 2, EV_ABS = 3, EV_LED = 0x11, EV_REP = 0x14 };
enum { REL_X = 0, REL_Y = 1, REL_WHEEL = 8, ABS_X = 0, ABS_Y = 1, LED_NUM = 0, LED_CAPS = 1, LED_SCROLL = 2 };
enum { BTN_LEFT = 0x110, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA, CODE_MAX = 0x2ff };
enum { INPUT_CONFIG_BYTES = 136 };

/* The code of a key; 0: Linux has none for it. */
uint16_t virtio_input_key_code(InputKey key);
/* `config`: what was asked for is in its first two bytes; the answer goes behind them. `kind`: one of the three. */
void virtio_input_answer(VirtIOKind kind, uint8_t *config);
const char *virtio_input_name(VirtIOKind kind);
#endif
