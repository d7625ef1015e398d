/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An AT keyboard (IBM's Personal System/2 technical reference, "101- and 102-key keyboard"): commands, three sets of
 * scan codes. Repetition is left to the host's keyboard. Its memory has 16 bytes for keys; one that does not fit is
 * lost as a whole, and an overrun code behind the others tells the guest so. Caller holds the lock of who
 * owns it.
 */
#include <string.h>
#include "hw/input/ps2.h"

enum {
    CMD_LEDS = 0xed, CMD_ECHO = 0xee, CMD_SET = 0xf0, CMD_ID = 0xf2, CMD_RATE = 0xf3, CMD_ENABLE = 0xf4,
    CMD_DISABLE = 0xf5, CMD_DEFAULTS = 0xf6, CMD_ALL_REPEAT = 0xf7, CMD_ALL_MAKE_BREAK = 0xf8, CMD_ALL_MAKE = 0xf9,
    CMD_ALL = 0xfa, CMD_KEY_REPEAT = 0xfb, CMD_KEY_MAKE_BREAK = 0xfc, CMD_KEY_MAKE = 0xfd, CMD_RESEND = 0xfe,
    CMD_RESET = 0xff,
    RATE_DEFAULT = 0x2b,        /* 10.9 a second after 500 ms */
    EXTENDED = 0xe0, RELEASE = 0xf0, SET1_RELEASE = 0x80,
    SEQUENCE_MAX = 8,
    FIFO = 16,                  /* an overrun code is the seventeenth */
};

static const uint16_t codes[3][KEY_COUNT] = {
#define KEY(id, name, set1, set2, set3) set1,
    {
#include "ui/keys.def"
    },
#undef KEY
#define KEY(id, name, set1, set2, set3) set2,
    {
#include "ui/keys.def"
    },
#undef KEY
#define KEY(id, name, set1, set2, set3) set3,
    {
#include "ui/keys.def"
    },
#undef KEY
};

static void defaults(PS2Keyboard *k)
{
    k->set = 2;
    k->rate = RATE_DEFAULT;
    memset(k->no_break, 0, sizeof(k->no_break));
}

static void set_leds(PS2Keyboard *k, uint8_t leds)
{
    k->leds = leds & 7;
    input_set_leds(k->leds);
}

void ps2_keyboard_reset(PS2Keyboard *k, PS2Output *o)
{
    memset(k, 0, sizeof(*k));
    defaults(k);
    set_leds(k, 0);
    k->scanning = true;
    ps2_output_reset(o);
}

static void argument(PS2Keyboard *k, PS2Output *o, uint8_t byte)
{
    const uint8_t command = k->command;

    k->command = 0;
    switch (command) {
    case CMD_LEDS:
        set_leds(k, byte);
        break;
    case CMD_RATE:
        k->rate = byte & 0x7f;
        break;
    case CMD_SET:
        if (byte > 3) {
            ps2_answer(o, PS2_RESEND);
            return;
        }
        k->set = byte ? byte : k->set;
        break;
    default:                    /* a list of keys, up to the next command */
        k->no_break[byte / 8] &= (uint8_t)~(1u << byte % 8);
        k->no_break[byte / 8] |= (uint8_t)((command != CMD_KEY_MAKE_BREAK) << byte % 8);
        k->command = command;
        break;
    }
    ps2_answer(o, PS2_ACK);
    if (command == CMD_SET && !byte) {
        ps2_answer(o, k->set);
    }
}

static void execute(PS2Keyboard *k, PS2Output *o, uint8_t command)
{
    k->command = 0;
    switch (command) {
    case CMD_ECHO:
        ps2_answer(o, CMD_ECHO);
        return;
    case CMD_RESEND:
        ps2_answer(o, o->last);
        return;
    case CMD_LEDS:
    case CMD_SET:
    case CMD_RATE:
        k->command = command;
        break;
    case CMD_KEY_REPEAT:
    case CMD_KEY_MAKE_BREAK:
    case CMD_KEY_MAKE:
        k->command = command;
        k->scanning = false;    /* until it is enabled again */
        break;
    case CMD_ID:
        ps2_answer(o, PS2_ACK);
        ps2_answer(o, 0xab);
        ps2_answer(o, 0x83);
        return;
    case CMD_ENABLE:
        ps2_output_drop_events(o);
        k->scanning = true;
        break;
    case CMD_DISABLE:
        ps2_output_drop_events(o);
        defaults(k);
        k->scanning = false;
        break;
    case CMD_DEFAULTS:
        ps2_output_drop_events(o);
        defaults(k);
        break;
    case CMD_ALL_REPEAT:
    case CMD_ALL_MAKE:
        memset(k->no_break, 0xff, sizeof(k->no_break));
        break;
    case CMD_ALL_MAKE_BREAK:
    case CMD_ALL:
        memset(k->no_break, 0, sizeof(k->no_break));
        break;
    case CMD_RESET:
        ps2_keyboard_reset(k, o);
        ps2_answer(o, PS2_ACK);
        ps2_answer(o, PS2_PASSED);
        return;
    default:
        ps2_answer(o, PS2_RESEND);
        return;
    }
    ps2_answer(o, PS2_ACK);
}

void ps2_keyboard_write(PS2Keyboard *k, PS2Output *o, uint8_t byte)
{
    /* Arguments have bit 7 clear, apart from a key's code in set 3: these end at 0x8D, below the commands. */
    if (k->command && byte < CMD_LEDS) {
        argument(k, o, byte);
    } else {
        execute(k, o, byte);
    }
}

typedef struct Sequence {
    uint8_t bytes[SEQUENCE_MAX];
    unsigned count;
} Sequence;

static void add(Sequence *s, uint8_t byte)
{
    s->bytes[s->count++] = byte;
}

/* A code of set 1 or 2, pressed or released. */
static void add_code(Sequence *s, unsigned set, uint16_t code, bool down)
{
    if (code >> 8) {
        add(s, EXTENDED);
    }
    if (!down && set == 2) {
        add(s, RELEASE);
    }
    add(s, (uint8_t)(code | (!down && set == 1 ? SET1_RELEASE : 0)));
}

/* The two keys with more than a code: "print" comes with a shift, "pause" is pressed and released at once. */
static void special(Sequence *s, unsigned set, InputKey key, bool down)
{
    static const uint8_t pause[3][SEQUENCE_MAX + 1] = {
        "", "\xe1\x1d\x45\xe1\x9d\xc5", "\xe1\x14\x77\xe1\xf0\x14\xf0\x77",
    };
    const uint16_t shift = set == 1 ? 0xe02a : 0xe012;

    if (key == KEY_PAUSE) {
        for (const uint8_t *p = pause[set]; down && *p; p++) {
            add(s, *p);
        }
    } else if (down) {
        add_code(s, set, shift, true);
        add_code(s, set, codes[set - 1][key], true);
    } else {
        add_code(s, set, codes[set - 1][key], false);
        add_code(s, set, shift, false);
    }
}

static Sequence sequence(const PS2Keyboard *k, InputKey key, bool down)
{
    const uint16_t code = codes[k->set - 1][key];
    Sequence s = { .count = 0 };

    if (k->set == 3) {
        if (code && (down || !(k->no_break[code / 8] >> code % 8 & 1))) {
            if (!down) {
                add(&s, RELEASE);
            }
            add(&s, (uint8_t)code);
        }
    } else if (key == KEY_PAUSE || key == KEY_PRINT) {
        special(&s, k->set, key, down);
    } else if (code) {
        add_code(&s, k->set, code, down);
    }
    return s;
}

InputRoom ps2_keyboard_room(const PS2Keyboard *k, const PS2Output *o)
{
    return !k->scanning || !o->events ? INPUT_EMPTY : o->events + SEQUENCE_MAX <= FIFO ? INPUT_ROOM : INPUT_FULL;
}

void ps2_keyboard_key(PS2Keyboard *k, PS2Output *o, InputKey key, bool down)
{
    const uint8_t overrun = k->set == 1 ? 0xff : 0;
    const Sequence s = k->scanning ? sequence(k, key, down) : (Sequence) { .count = 0 };

    if (!s.count) {
        return;
    }
    if (o->events + s.count <= FIFO) {
        k->overrun = !ps2_event(o, s.bytes, s.count);
    } else if (!k->overrun) {
        k->overrun = ps2_event(o, &overrun, 1);
    }
}

void ps2_keyboard_bound(PS2Keyboard *k)
{
    k->set = k->set < 1 || k->set > 3 ? 2 : k->set;
    set_leds(k, k->leds);
}
