/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queues of what a PS/2 device sends. Caller holds the lock of who owns it. */
#include <string.h>
#include "hw/input/ps2.h"

bool ps2_output_ready(const PS2Output *o)
{
    return o->answers || o->events;
}

uint8_t ps2_output_take(PS2Output *o)
{
    if (o->answers) {
        o->last = o->answer[0];
        memmove(o->answer, o->answer + 1, --o->answers);
    } else {
        o->last = o->event[o->first];
        o->first = (o->first + 1) % PS2_EVENTS;
        o->events--;
    }
    return o->last;
}

void ps2_answer(PS2Output *o, uint8_t byte)
{
    if (o->answers < PS2_ANSWERS) {
        o->answer[o->answers++] = byte;
    }
}

bool ps2_event(PS2Output *o, const uint8_t *bytes, unsigned count)
{
    if (count > PS2_EVENTS - o->events) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        o->event[(o->first + o->events++) % PS2_EVENTS] = bytes[i];
    }
    return true;
}

void ps2_output_drop_events(PS2Output *o)
{
    o->events = o->first = 0;
}

void ps2_output_reset(PS2Output *o)
{
    memset(o, 0, sizeof(*o));
}

void ps2_output_bound(PS2Output *o)
{
    o->answers = o->answers < PS2_ANSWERS ? o->answers : PS2_ANSWERS;
    o->events = o->events < PS2_EVENTS ? o->events : PS2_EVENTS;
    o->first %= PS2_EVENTS;
}
