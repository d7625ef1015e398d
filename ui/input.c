/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from who types to the devices (ui/input.h), and the queue of "sendkey". I/O thread. */
#include <string.h>
#include <glib.h>
#include "qemu/replay.h"
#include "qemu/trace.h"
#include "ui/input-queue.h"

enum { SEND_QUEUE = 4096 };

typedef struct KeyRow {
    const char *name;
    uint16_t set1;
} KeyRow;

static const KeyRow rows[] = {
#define KEY(id, name, set1, set2, set3) { name, set1 },
#include "ui/keys.def"
#undef KEY
};

static InputKeyboard *keyboards;
static InputMouse *mice;
static uint64_t activations;            /* atomic */
static bool pressed[KEY_COUNT];
static unsigned buttons_now;
static unsigned leds_now;               /* atomic */
static void (*leds_listener)(void);     /* constant once set */
static int point_x, point_y;
static bool point_known;
static unsigned place_x, place_y;       /* as the device was told last */

const char *input_key_name(InputKey key)
{
    return key < KEY_COUNT ? rows[key].name : NULL;
}

InputKey input_key_by_name(const char *name, size_t len)
{
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        if (!strncmp(rows[i].name, name, len) && !rows[i].name[len]) {
            return (InputKey)i;
        }
    }
    return KEY_NONE;
}

InputKey input_key_by_number(unsigned number)
{
    if (number & 0x80 && number < 0x100) {
        number = 0xe000 | (number & 0x7f);
    }
    for (unsigned i = 0; number && i < KEY_COUNT; i++) {
        if (rows[i].set1 == number) {
            return (InputKey)i;
        }
    }
    return KEY_NONE;
}

/* Behind the others of a list; the order of creation is the order of numbers. */
#define APPEND(list, item) \
    do { \
        __typeof__(list) *at = &(list); \
        while (*at) { \
            at = &(*at)->next; \
        } \
        *at = (item); \
    } while (0)

/* What comes as an event, in the host's byte order turned to little-endian. */
typedef struct KeyEvent {
    uint16_t key;
    uint8_t down;
} __attribute__((packed)) KeyEvent;

typedef struct MouseEvent {
    int32_t x, y, dz;           /* a movement, or a place */
    uint32_t buttons;
} MouseEvent;

static void play_key(void *opaque, const uint8_t *data, size_t bytes)
{
    const InputKeyboard *k = opaque;
    KeyEvent e;

    if (bytes == sizeof(e)) {
        memcpy(&e, data, sizeof(e));
        k->key(k->opaque, (InputKey)GUINT16_FROM_LE(e.key), e.down);
    }
}

static void play_mouse(void *opaque, const uint8_t *data, size_t bytes)
{
    const InputMouse *m = opaque;
    MouseEvent e;

    if (bytes == sizeof(e)) {
        memcpy(&e, data, sizeof(e));
        const int x = (int32_t)GUINT32_FROM_LE(e.x), y = (int32_t)GUINT32_FROM_LE(e.y);
        const int dz = (int32_t)GUINT32_FROM_LE(e.dz);

        if (m->event) {
            m->event(m->opaque, x, y, dz, GUINT32_FROM_LE(e.buttons));
        } else {
            m->point(m->opaque, (unsigned)x, (unsigned)y, dz, GUINT32_FROM_LE(e.buttons));
        }
    }
}

#define REMOVE(list, item) \
    do { \
        __typeof__(list) *at = &(list); \
        while (*at != (item)) { \
            at = &(*at)->next; \
        } \
        *at = (item)->next; \
    } while (0)

void input_add_keyboard(InputKeyboard *k)
{
    k->source = replay_source_new("keyboard", play_key, k);
    APPEND(keyboards, k);
}

void input_add_mouse(InputMouse *m)
{
    m->source = replay_source_new(m->name, play_mouse, m);
    APPEND(mice, m);
}

void input_remove_keyboard(InputKeyboard *k)
{
    REMOVE(keyboards, k);
    replay_source_free(k->source);
}

void input_remove_mouse(InputMouse *m)
{
    REMOVE(mice, m);
    replay_source_free(m->source);
}

void input_activate(uint64_t *activation)
{
    __atomic_store_n(activation, __atomic_add_fetch(&activations, 1, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

void input_deactivate(uint64_t *activation)
{
    __atomic_store_n(activation, 0, __ATOMIC_RELAXED);
}

static uint64_t activation_of(const uint64_t *activation)
{
    return __atomic_load_n(activation, __ATOMIC_RELAXED);
}

static InputKeyboard *current_keyboard(void)
{
    InputKeyboard *best = keyboards;

    for (InputKeyboard *k = keyboards; k; k = k->next) {
        best = activation_of(&k->activation) > activation_of(&best->activation) ? k : best;
    }
    return best;
}

static InputMouse *current_mouse(void)
{
    InputMouse *best = mice;

    for (InputMouse *m = mice; m; m = m->next) {
        best = activation_of(&m->activation) > activation_of(&best->activation) ? m : best;
    }
    return best;
}

/* The one activated last of those that are moved, for movement while the current one knows places. NULL: none. */
static InputMouse *moved_mouse(void)
{
    InputMouse *best = NULL;

    for (InputMouse *m = mice; m; m = m->next) {
        if (m->event && (!best || activation_of(&m->activation) > activation_of(&best->activation))) {
            best = m;
        }
    }
    return best;
}

void input_set_leds(unsigned leds)
{
    if (__atomic_exchange_n(&leds_now, leds, __ATOMIC_RELAXED) != leds && leds_listener) {
        leds_listener();
    }
}

void input_set_leds_listener(void (*fn)(void))
{
    leds_listener = fn;
}

unsigned input_leds(void)
{
    return __atomic_load_n(&leds_now, __ATOMIC_RELAXED);
}

void input_key(InputKey key, bool down)
{
    if (key >= KEY_COUNT || (!down && !pressed[key]) || (down && input_queue_is_full())) {
        return;
    }
    pressed[key] = down;
    input_queue_put(&(InputEvent) { .is_key = true, .key = key, .down = down });
}

/* `x` and `y` are a movement, or a place if the device knows places. */
static void send_mouse(const InputMouse *m, int x, int y, int dz, unsigned buttons)
{
    const MouseEvent e = { (int32_t)GUINT32_TO_LE(x), (int32_t)GUINT32_TO_LE(y), (int32_t)GUINT32_TO_LE(dz),
                           GUINT32_TO_LE(buttons) };

    replay_event(m->source, &e, sizeof(e));
}

static void deliver_key(const InputEvent *e)
{
    const InputKeyboard *k = current_keyboard();

    trace(INPUT_KEY, "key=%s down=%d", rows[e->key].name, e->down);
    if (k) {
        const KeyEvent event = { GUINT16_TO_LE(e->key), e->down };

        replay_event(k->source, &event, sizeof(event));
    }
}

static void deliver_place(const InputEvent *e)
{
    const InputMouse *m = current_mouse();

    trace(INPUT_MOUSE, "x=%d y=%d buttons=%u", e->x, e->y, e->buttons);
    if (m && m->point) {
        place_x = (unsigned)e->x;
        place_y = (unsigned)e->y;
        send_mouse(m, e->x, e->y, 0, e->buttons);
    }
}

static void deliver_movement(const InputEvent *e)
{
    const InputMouse *m = current_mouse(), *moved = moved_mouse();

    trace(INPUT_MOUSE, "dx=%d dy=%d dz=%d buttons=%u", e->x, e->y, e->dz, e->buttons);
    if (m && m->event) {
        send_mouse(m, e->x, e->y, e->dz, e->buttons);
        return;
    }
    if (m) {
        send_mouse(m, (int)place_x, (int)place_y, e->dz, e->buttons);
    }
    if (moved && (e->x || e->y)) {
        send_mouse(moved, e->x, e->y, 0, 0);
    }
}

void input_deliver(const InputEvent *e)
{
    if (e->is_key) {
        deliver_key(e);
    } else if (e->is_point) {
        deliver_place(e);
    } else {
        deliver_movement(e);
    }
}

InputRoom input_keyboard_room(void)
{
    const InputKeyboard *k = current_keyboard();

    return k && k->room ? k->room(k->opaque) : INPUT_EMPTY;
}

static void mouse_event(int dx, int dy, int dz)
{
    input_queue_put(&(InputEvent) { .x = dx, .y = dy, .dz = dz, .buttons = buttons_now });
}

void input_move(int dx, int dy, int dz)
{
    if (dx || dy || dz) {
        mouse_event(dx, dy, dz);
    }
}

void input_buttons(unsigned buttons)
{
    if (buttons != buttons_now) {
        buttons_now = buttons;
        mouse_event(0, 0, 0);
    }
}

unsigned input_buttons_now(void)
{
    return buttons_now;
}

bool input_is_absolute(void)
{
    const InputMouse *m = current_mouse();

    return m && m->point;
}

static int place(int at, int size)
{
    at = at < 0 ? 0 : at >= size ? size - 1 : at;
    return size > 1 ? (int)((int64_t)at * INPUT_POINT_MAX / (size - 1)) : 0;
}

void input_point(int x, int y, int width, int height)
{
    if (input_is_absolute()) {
        input_queue_put(&(InputEvent) { .is_point = true, .x = place(x, width), .y = place(y, height),
                                        .buttons = buttons_now });
    } else if (point_known) {
        input_move(x - point_x, y - point_y, 0);
    }
    point_x = x;
    point_y = y;
    point_known = true;
}

void input_point_left(void)
{
    point_known = false;
}

const InputMouse *input_mouse_at(unsigned n)
{
    InputMouse *m = mice;

    while (m && n--) {
        m = m->next;
    }
    return m;
}

bool input_mouse_is_current(const InputMouse *m)
{
    return m == current_mouse();
}

bool input_mouse_choose(unsigned n)
{
    InputMouse *m = (InputMouse *)(uintptr_t)input_mouse_at(n);

    if (m) {
        input_activate(&m->activation);
    }
    return m;
}

/* ---- sendkey ---- */

typedef struct Combination {
    InputKey keys[INPUT_KEYS_MAX];
    unsigned count, hold_ms;
} Combination;

static GQueue waiting = G_QUEUE_INIT;   /* of Combination; the first is down */

static void press_first(void);

static gboolean release_first(gpointer unused)
{
    Combination *c = g_queue_pop_head(&waiting);

    for (unsigned i = c->count; i-- > 0;) {
        input_key(c->keys[i], false);
    }
    g_free(c);
    press_first();
    return G_SOURCE_REMOVE;
}

static void press_first(void)
{
    const Combination *c = g_queue_peek_head(&waiting);

    if (c) {
        for (unsigned i = 0; i < c->count; i++) {
            input_key(c->keys[i], true);
        }
        g_timeout_add(c->hold_ms, release_first, NULL);
    }
}

const char *input_send_keys(const InputKey *keys, unsigned count, unsigned hold_ms)
{
    Combination *c;

    if (count > INPUT_KEYS_MAX) {
        return "too many keys";
    }
    if (g_queue_get_length(&waiting) >= SEND_QUEUE) {
        return "too many keys are waiting to be sent";
    }
    c = g_new0(Combination, 1);
    memcpy(c->keys, keys, count * sizeof(keys[0]));
    c->count = count;
    c->hold_ms = hold_ms;
    g_queue_push_tail(&waiting, c);
    if (g_queue_get_length(&waiting) == 1) {
        press_first();
    }
    return NULL;
}
