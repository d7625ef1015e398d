/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between ui/input.c, which says what happened, and the devices: events that are not the guest's yet. I/O thread. */
#ifndef UI_INPUT_QUEUE_H
#define UI_INPUT_QUEUE_H
#include <stdbool.h>
#include "ui/input.h"

typedef struct InputEvent {
    bool is_key;
    /* of a key */
    bool down;
    InputKey key;
    /* else of the pointer: how far it was moved, or where it is, and the buttons that are down */
    bool is_point;
    int x, y, dz;
    unsigned buttons;
} InputEvent;

/* Give it to the guest: now if nothing waits and the guest can take it, else in its turn. */
void input_queue_put(const InputEvent *e);
/* Too many wait: take no more keys, but for the releases of those that were taken. */
bool input_queue_is_full(void);

/* In ui/input.c: to the device that is the current one. */
void input_deliver(const InputEvent *e);
InputRoom input_keyboard_room(void);
#endif
