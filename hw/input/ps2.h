/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard and mouse at the two ends of PS/2 cables. No locks here: who owns the struct calls with its lock held. What
 * is to be sent waits in two queues: answers to commands, which go first, and events.
 */
#ifndef HW_INPUT_PS2_H
#define HW_INPUT_PS2_H
#include <stdbool.h>
#include <stdint.h>
#include "ui/input.h"

enum { PS2_ACK = 0xfa, PS2_RESEND = 0xfe, PS2_PASSED = 0xaa };
enum { PS2_ANSWERS = 16, PS2_EVENTS = 256, PS2_KEY_CODES = 256 };

typedef struct PS2Output {
    uint8_t answer[PS2_ANSWERS], event[PS2_EVENTS];
    uint32_t answers;           /* in answer[], from its begin */
    uint32_t events, first;     /* in event[], a ring */
    uint8_t last;               /* what was sent last */
} PS2Output;

bool ps2_output_ready(const PS2Output *o);
uint8_t ps2_output_take(PS2Output *o);          /* one is ready */
void ps2_answer(PS2Output *o, uint8_t byte);
/* All bytes or none: false if there is no room. */
bool ps2_event(PS2Output *o, const uint8_t *bytes, unsigned count);
/* Forget events, or all. */
void ps2_output_drop_events(PS2Output *o);
void ps2_output_reset(PS2Output *o);
/* Make what was loaded valid. */
void ps2_output_bound(PS2Output *o);

typedef struct PS2Keyboard {
    uint8_t command;            /* waits for its argument; 0: none */
    uint8_t set;                /* of scan codes: 1 to 3 */
    uint8_t leds;               /* INPUT_LED_* */
    uint8_t rate;               /* of repetition, as written: the host's keyboard repeats */
    bool scanning;
    bool overrun;               /* keys were lost, and the last of the events says so */
    uint8_t no_break[PS2_KEY_CODES / 8];        /* set 3: a bit per code: its release is not sent */
} PS2Keyboard;
void ps2_keyboard_reset(PS2Keyboard *k, PS2Output *o);
void ps2_keyboard_write(PS2Keyboard *k, PS2Output *o, uint8_t byte);
void ps2_keyboard_key(PS2Keyboard *k, PS2Output *o, InputKey key, bool down);
InputRoom ps2_keyboard_room(const PS2Keyboard *k, const PS2Output *o);
void ps2_keyboard_bound(PS2Keyboard *k);

typedef struct PS2Mouse {
    uint8_t command;            /* waits for its argument; 0: none */
    uint8_t id;                 /* 0: three buttons, 3: with a wheel, 4: with five buttons, too */
    uint8_t rate, resolution;   /* as written */
    uint8_t knock[2];           /* the two rates before */
    bool reporting, doubled, remote, wrap;
    int dx, dy, dz;             /* not sent yet */
    uint8_t buttons, sent_buttons;
} PS2Mouse;
void ps2_mouse_reset(PS2Mouse *m, PS2Output *o);
void ps2_mouse_write(PS2Mouse *m, PS2Output *o, uint8_t byte);
void ps2_mouse_event(PS2Mouse *m, PS2Output *o, int dx, int dy, int dz, unsigned buttons);
/* There may be room again for what was not sent yet. */
void ps2_mouse_continue(PS2Mouse *m, PS2Output *o);
void ps2_mouse_bound(PS2Mouse *m);
#endif
