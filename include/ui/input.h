/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is typed and pointed at: from those who have it (VNC, a window, the monitor) to the devices that give it to the
 * guest. I/O thread; devices take their own locks. Implemented in ui/input.c.
 */
#ifndef UI_INPUT_H
#define UI_INPUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum InputKey {
#define KEY(id, name, set1, set2, set3) KEY_##id,
#include "ui/keys.def"
#undef KEY
    KEY_COUNT,
    KEY_NONE = KEY_COUNT,
} InputKey;

enum { INPUT_LEFT = 1 << 0, INPUT_RIGHT = 1 << 1, INPUT_MIDDLE = 1 << 2, INPUT_SIDE = 1 << 3, INPUT_EXTRA = 1 << 4 };
enum { INPUT_LED_SCROLL = 1 << 0, INPUT_LED_NUM = 1 << 1, INPUT_LED_CAPS = 1 << 2 };
enum { INPUT_KEYS_MAX = 16, INPUT_HOLD_MS = 100 };

const char *input_key_name(InputKey key);
InputKey input_key_by_name(const char *name, size_t len);
/* By the code of set 1; extended keys have bit 7 set, or are 0xE0nn. KEY_NONE: there is none. */
InputKey input_key_by_number(unsigned number);

/* ---- devices; I/O thread ---- */

/*
 * What comes goes to the device that was activated last, or to the first one if none was. A device is activated when
 * the guest asks it for what has come, or when the user chooses it.
 */
typedef enum InputRoom { INPUT_FULL, INPUT_ROOM, INPUT_EMPTY } InputRoom;
typedef struct InputKeyboard {
    void (*key)(void *opaque, InputKey key, bool down);
    /* For a key, whichever it is, so that none is lost; empty: the guest has all that came. NULL: it never waits. */
    InputRoom (*room)(void *opaque);
    void *opaque;
    struct ReplaySource *source;    /* qemu/replay.h */
    uint64_t activation;        /* the later, the greater; 0: it is not. Atomic */
    struct InputKeyboard *next;
} InputKeyboard;
/*
 * One of the two functions. event: `dx` to the right, `dy` down, `dz` the wheel's steps towards the user; buttons:
 * INPUT_*. point: where the pointer is on the screen, from 0 to INPUT_POINT_MAX.
 */
enum { INPUT_POINT_MAX = 0x7fff };
typedef struct InputMouse {
    const char *name;
    void (*event)(void *opaque, int dx, int dy, int dz, unsigned buttons);
    void (*point)(void *opaque, unsigned x, unsigned y, int dz, unsigned buttons);
    void *opaque;
    struct ReplaySource *source;
    uint64_t activation;        /* as above */
    struct InputMouse *next;
} InputMouse;
void input_add_keyboard(InputKeyboard *k);
void input_add_mouse(InputMouse *m);
void input_remove_keyboard(InputKeyboard *k);
void input_remove_mouse(InputMouse *m);
/* Any thread. */
void input_activate(uint64_t *activation);
void input_deactivate(uint64_t *activation);
/* The keyboard's lights changed, INPUT_LED_*. Any thread. */
void input_set_leds(unsigned leds);
unsigned input_leds(void);
/* Hear of changes, on any thread and with a device's lock held; before the machine runs. There is one that listens. */
void input_set_leds_listener(void (*fn)(void));

/* ---- what comes ---- */

/*
 * How the guest is: all its CPUs sleep, so it has dealt with what came; its machine runs. From now on keys wait until
 * it can take them (ui/input-queue.c).
 */
typedef struct InputGuest {
    bool (*is_idle)(void);
    bool (*is_running)(void);
    unsigned gap_ms;            /* between two keys, at least; up to INPUT_GAP_MAX_MS */
} InputGuest;
enum { INPUT_GAP_MS = 10, INPUT_GAP_MAX_MS = 10000 };     /* of a fast typist */
void input_pace(const InputGuest *g);

/* Presses of what is down are repetitions; releases of what is not down are dropped. */
void input_key(InputKey key, bool down);
/*
 * Press these keys in their order, and release them after `hold_ms` the other way round; after those asked for before.
 * NULL, or what is wrong: too many at once or waiting.
 */
const char *input_send_keys(const InputKey *keys, unsigned count, unsigned hold_ms);
void input_move(int dx, int dy, int dz);
/* Buttons as they are now. */
void input_buttons(unsigned buttons);
unsigned input_buttons_now(void);
/*
 * A pointer that tells where it is on a surface of that size; if the guest's device does not know places, it moves by
 * the difference.
 */
void input_point(int x, int y, int width, int height);
/* Does the device that gets movements know places? */
bool input_is_absolute(void);
/* The pointer has left: where it comes back says nothing about movement. */
void input_point_left(void);

/* By number from 0, for the monitor. NULL: there is no such. */
const InputMouse *input_mouse_at(unsigned n);
bool input_mouse_is_current(const InputMouse *m);
bool input_mouse_choose(unsigned n);
#endif
