/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that come faster than a guest can take them, as when a text is pasted or a program types, wait here.
 *
 * A keyboard's memory is small, and so is what a guest's kernel keeps for a program that reads keys: Linux has room for
 * ten keys, and forgets all if there are more. Nothing tells the keyboard about that. But a guest that has dealt with a
 * key waits for the next one: all its CPUs sleep. So a key follows the one before as soon as they do, or after a time
 * if they never do, because the guest has other work. What a pointer does while keys wait waits behind them.
 *
 * A guest that does not read its keyboard at all has it overrun after a while, as from fingers.
 */
#include <glib.h>
#include "ui/input-queue.h"

enum {
    LOOK_MS = 10,               /* how often who waits looks at the guest */
    BUSY_GAP_MS = 40,           /* between two keys, for a guest that is never idle */
    UNREAD_MS = 2000,           /* the keyboard has no room for so long: nobody reads it */
    EVENTS_MAX = 4096,
};

static GQueue waiting = G_QUEUE_INIT;   /* of InputEvent */
static guint timer;                     /* runs while something waits */
static gint64 last_us;                  /* when a key was given */
static gint64 stuck_us;                 /* since when the keyboard could not take what waits; 0: it can */
static InputGuest guest;                /* without functions: nothing ever waits */

void input_pace(const InputGuest *g)
{
    guest = *g;
}

/* Whether the keyboard has so much room, or never will have. */
static bool has_room(InputRoom room, gint64 now)
{
    if (input_keyboard_room() >= room) {
        stuck_us = 0;
        return true;
    }
    if (!stuck_us || !guest.is_running()) {
        stuck_us = now;
    }
    return now - stuck_us >= UNREAD_MS * 1000;
}

static bool is_due(const InputEvent *e, gint64 now)
{
    const gint64 since = (now - last_us) / 1000;

    if (!e->is_key) {
        return has_room(INPUT_EMPTY, now);
    }
    return has_room(INPUT_ROOM, now) && since >= guest.gap_ms && (since >= BUSY_GAP_MS || guest.is_idle());
}

static void give(const InputEvent *e, gint64 now)
{
    if (e->is_key) {
        last_us = now;
    }
    input_deliver(e);
}

static gboolean tick(gpointer unused)
{
    const gint64 now = g_get_monotonic_time();
    InputEvent *e;

    while ((e = g_queue_peek_head(&waiting)) && is_due(e, now)) {
        g_queue_pop_head(&waiting);
        give(e, now);
        g_free(e);
    }
    timer = e ? timer : 0;
    return e != NULL;
}

/* Movements with the same buttons are one; with too many events waiting, others are too. */
static bool joined(const InputEvent *e)
{
    InputEvent *last = g_queue_peek_tail(&waiting);

    if (e->is_key || !last || last->is_key || last->is_point != e->is_point ||
        (last->buttons != e->buttons && g_queue_get_length(&waiting) < EVENTS_MAX)) {
        return false;
    }
    last->x = e->is_point ? e->x : CLAMP(last->x + e->x, -INPUT_POINT_MAX, INPUT_POINT_MAX);
    last->y = e->is_point ? e->y : CLAMP(last->y + e->y, -INPUT_POINT_MAX, INPUT_POINT_MAX);
    last->dz = CLAMP(last->dz + e->dz, -INPUT_POINT_MAX, INPUT_POINT_MAX);
    last->buttons = e->buttons;
    return true;
}

void input_queue_put(const InputEvent *e)
{
    const gint64 now = g_get_monotonic_time();

    if (!guest.is_idle || (g_queue_is_empty(&waiting) && is_due(e, now))) {
        give(e, now);
    } else if (!joined(e)) {
        g_queue_push_tail(&waiting, g_memdup2(e, sizeof(*e)));
        timer = timer ? timer : g_timeout_add(LOOK_MS, tick, NULL);
    }
}

bool input_queue_is_full(void)
{
    return g_queue_get_length(&waiting) >= EVENTS_MAX;
}
