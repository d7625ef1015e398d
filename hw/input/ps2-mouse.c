/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 mouse: commands and packets of IBM's Personal System/2 technical reference, and the two protocols with a
 * wheel, which a driver asks for by setting three sampling rates in a row. Movement that does not fit into the queue is
 * added up and sent when there is room. Caller holds the lock of who owns it.
 */
#include <string.h>
#include "hw/input/ps2.h"

enum {
    CMD_SCALE_1 = 0xe6, CMD_SCALE_2 = 0xe7, CMD_RESOLUTION = 0xe8, CMD_STATUS = 0xe9, CMD_STREAM = 0xea,
    CMD_READ = 0xeb, CMD_UNWRAP = 0xec, CMD_WRAP = 0xee, CMD_REMOTE = 0xf0, CMD_ID = 0xf2, CMD_RATE = 0xf3,
    CMD_ENABLE = 0xf4, CMD_DISABLE = 0xf5, CMD_DEFAULTS = 0xf6, CMD_RESEND = 0xfe, CMD_RESET = 0xff,
    RATE_DEFAULT = 100, RESOLUTION_DEFAULT = 2, ID_WHEEL = 3, ID_BUTTONS = 4,
    MOVE_MAX = 255, SUM_MAX = 1 << 20,
    PACKETS_MAX = 8,            /* in the queue: more would only make the pointer late */
    PACKET = 4,
};

static void defaults(PS2Mouse *m)
{
    m->rate = RATE_DEFAULT;
    m->resolution = RESOLUTION_DEFAULT;
    m->doubled = m->reporting = m->remote = false;
}

void ps2_mouse_reset(PS2Mouse *m, PS2Output *o)
{
    memset(m, 0, sizeof(*m));
    defaults(m);
    ps2_output_reset(o);
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* What scaling 2:1 makes of a movement, in stream mode. */
static int scaled(const PS2Mouse *m, int v)
{
    static const uint8_t small[] = { 0, 1, 1, 3, 6, 9 };
    const int size = v < 0 ? -v : v;

    if (!m->doubled || m->remote) {
        return v;
    }
    return (v < 0 ? -1 : 1) * (size <= 5 ? small[size] : 2 * size);
}

/* What has gathered, as much as a packet holds. */
static unsigned packet(PS2Mouse *m, uint8_t *p)
{
    const int limit = m->doubled && !m->remote ? MOVE_MAX / 2 : MOVE_MAX;
    const int dx = clamp(m->dx, -limit, limit), dy = clamp(m->dy, -limit, limit);
    const int x = scaled(m, dx), y = scaled(m, -dy);

    m->dx -= dx;
    m->dy -= dy;
    p[0] = (uint8_t)(8 | (m->buttons & 7) | (x < 0 ? 0x10 : 0) | (y < 0 ? 0x20 : 0));
    p[1] = (uint8_t)x;
    p[2] = (uint8_t)y;
    m->sent_buttons = m->buttons;
    if (!m->id) {
        m->dz = 0;
        return 3;
    }
    const int dz = m->id == ID_WHEEL ? clamp(m->dz, -127, 127) : clamp(m->dz, -7, 7);

    m->dz -= dz;
    p[3] = (uint8_t)(m->id == ID_WHEEL ? dz : (dz & 15) | (m->buttons >> 3 & 3) << 4);
    return PACKET;
}

static bool news(const PS2Mouse *m)
{
    return m->dx || m->dy || (m->dz && m->id) || m->buttons != m->sent_buttons;
}

void ps2_mouse_continue(PS2Mouse *m, PS2Output *o)
{
    uint8_t p[PACKET];

    while (m->reporting && !m->remote && !m->wrap && news(m) && o->events <= (PACKETS_MAX - 1) * PACKET) {
        const unsigned count = packet(m, p);

        ps2_event(o, p, count);
    }
}

void ps2_mouse_event(PS2Mouse *m, PS2Output *o, int dx, int dy, int dz, unsigned buttons)
{
    if (!m->reporting && !m->remote) {
        return;
    }
    /* A button that goes down and up is told of, wherever the movement is. */
    if (m->buttons != m->sent_buttons && buttons != m->buttons && !m->remote) {
        uint8_t p[PACKET];
        const unsigned count = packet(m, p);

        ps2_event(o, p, count);
    }
    m->dx = clamp(m->dx + clamp(dx, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
    m->dy = clamp(m->dy + clamp(dy, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
    m->dz = clamp(m->dz + clamp(dz, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
    m->buttons = buttons & 0x1f;
    ps2_mouse_continue(m, o);
}

static void forget_movement(PS2Mouse *m, PS2Output *o)
{
    m->dx = m->dy = m->dz = 0;
    ps2_output_drop_events(o);
}

/* 200, 100, 80: with a wheel; then or at once 200, 200, 80: with five buttons. */
static void set_rate(PS2Mouse *m, uint8_t rate)
{
    if (m->knock[0] == 200 && rate == 80) {
        if (m->knock[1] == 100) {
            m->id = ID_WHEEL;
        } else if (m->knock[1] == 200) {
            m->id = ID_BUTTONS;
        }
    }
    m->knock[0] = m->knock[1];
    m->knock[1] = rate;
    m->rate = rate;
}

static void status(const PS2Mouse *m, PS2Output *o)
{
    const unsigned b = m->buttons;

    ps2_answer(o, (uint8_t)((b & INPUT_RIGHT ? 1 : 0) | (b & INPUT_MIDDLE ? 2 : 0) | (b & INPUT_LEFT ? 4 : 0) |
                            (m->doubled ? 0x10 : 0) | (m->reporting ? 0x20 : 0) | (m->remote ? 0x40 : 0)));
    ps2_answer(o, m->resolution);
    ps2_answer(o, m->rate);
}

static void execute(PS2Mouse *m, PS2Output *o, uint8_t command)
{
    uint8_t p[PACKET];

    if (command == CMD_RESEND) {
        ps2_answer(o, o->last);
        return;
    }
    if (command == CMD_RESET) {
        ps2_mouse_reset(m, o);
    }
    ps2_answer(o, PS2_ACK);
    switch (command) {
    case CMD_RESET:
        ps2_answer(o, PS2_PASSED);
        ps2_answer(o, 0);
        break;
    case CMD_DEFAULTS:
        forget_movement(m, o);
        defaults(m);
        break;
    case CMD_DISABLE:
    case CMD_ENABLE:
        forget_movement(m, o);
        m->reporting = command == CMD_ENABLE;
        break;
    case CMD_RATE:
    case CMD_RESOLUTION:
        m->command = command;
        break;
    case CMD_ID:
        ps2_answer(o, m->id);
        break;
    case CMD_REMOTE:
    case CMD_STREAM:
        forget_movement(m, o);
        m->remote = command == CMD_REMOTE;
        break;
    case CMD_WRAP:
        forget_movement(m, o);
        m->wrap = true;
        break;
    case CMD_UNWRAP:
        m->wrap = false;
        break;
    case CMD_READ:
        for (unsigned i = 0, count = packet(m, p); i < count; i++) {
            ps2_answer(o, p[i]);
        }
        break;
    case CMD_STATUS:
        status(m, o);
        break;
    case CMD_SCALE_1:
    case CMD_SCALE_2:
        m->doubled = command == CMD_SCALE_2;
        break;
    default:
        o->answers--;           /* instead of the acknowledgement */
        ps2_answer(o, PS2_RESEND);
        break;
    }
}

void ps2_mouse_write(PS2Mouse *m, PS2Output *o, uint8_t byte)
{
    const uint8_t command = m->command;

    /* What is not an argument is the next command, whatever came before. */
    m->command = 0;
    if (m->wrap && byte != CMD_RESET && byte != CMD_UNWRAP) {
        ps2_answer(o, byte);
    } else if (command == CMD_RATE && byte < CMD_SCALE_1) {
        set_rate(m, byte);
        ps2_answer(o, PS2_ACK);
    } else if (command == CMD_RESOLUTION && byte < CMD_SCALE_1) {
        m->resolution = byte & 3;
        ps2_answer(o, PS2_ACK);
    } else {
        execute(m, o, byte);
    }
}

void ps2_mouse_bound(PS2Mouse *m)
{
    m->id = m->id == ID_WHEEL || m->id == ID_BUTTONS ? m->id : 0;
    m->dx = clamp(m->dx, -SUM_MAX, SUM_MAX);
    m->dy = clamp(m->dy, -SUM_MAX, SUM_MAX);
    m->dz = clamp(m->dz, -SUM_MAX, SUM_MAX);
}
