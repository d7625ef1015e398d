/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input device (Virtual I/O Device 1.2, section 5.8): a keyboard, a mouse, or a tablet, which tells places.
 *
 * Events go to the driver in packets that end with SYN, and wait in a FIFO while it has no buffers for them. If that is
 * full, packets are lost; keys and buttons are then brought to what they are once there is room, so none stays down.
 *
 * I/O thread alone.
 */
#include <glib.h>
#include <string.h>
#include "hw/virtio/virtio-input.h"
#include "qemu/log.h"

enum { QUEUE_EVENTS, QUEUE_STATUS, QUEUES, QUEUE_SIZE = 64, TURN = 64 };
enum { FIFO = 256, PACKET = 8 };

typedef struct Event {
    uint16_t type, code;
    uint32_t value;
} Event;

typedef struct VirtIOInput {
    VirtIO *v;                  /* constant, like kind */
    VirtIOKind kind;
    Event fifo[FIFO];
    unsigned first, count;
    bool lost;                  /* of `down`, not all is in `told` */
    uint8_t down[CODE_MAX / 8 + 1], told[CODE_MAX / 8 + 1];     /* bit n: key n, as it is, as events said it */
    unsigned leds;
    InputKeyboard keyboard;
    InputMouse mouse;
} VirtIOInput;

/* ---- the FIFO ---- */

/* All of a packet, and the SYN behind it, or nothing. */
static bool put_packet(VirtIOInput *s, const Event *e, unsigned n)
{
    if (s->count + n + 1 > FIFO) {
        return false;
    }
    for (unsigned i = 0; i <= n; i++) {
        s->fifo[(s->first + s->count++) % FIFO] = i < n ? e[i] : (Event) { EV_SYN, 0, 0 };
    }
    return true;
}

static bool bit(const uint8_t *bits, unsigned n)
{
    return bits[n / 8] >> n % 8 & 1;
}

static void put_bit(uint8_t *bits, unsigned n, bool on)
{
    bits[n / 8] = (uint8_t)((bits[n / 8] & ~(1u << n % 8)) | (unsigned)on << n % 8);
}

static bool tell_key(VirtIOInput *s, unsigned code)
{
    const Event e = { EV_KEY, (uint16_t)code, bit(s->down, code) };

    if (!put_packet(s, &e, 1)) {
        return false;
    }
    put_bit(s->told, code, e.value);
    return true;
}

/* There is room again: what was lost is told now. */
static void mend(VirtIOInput *s)
{
    s->lost = false;
    for (unsigned code = 0; code <= CODE_MAX; code++) {
        if (bit(s->down, code) != bit(s->told, code) && !tell_key(s, code)) {
            s->lost = true;
            return;
        }
    }
}

/* In a turn: as much as the driver has buffers for. */
static void give(VirtIOInput *s)
{
    for (unsigned n = 0; n < TURN; n++) {
        if (s->lost && !s->count) {
            mend(s);
        }
        VirtChain *c = s->count ? virtqueue_pop(s->v, QUEUE_EVENTS) : NULL;

        if (!c) {
            return;
        }
        if (!virt_chain_write(c, 0, &s->fifo[s->first], sizeof(Event))) {
            qemu_log_mask(LOG_GUEST_ERROR, "virtio-input: a buffer of %u bytes\n", c->in_bytes);
            virtqueue_push(s->v, c, 0);
            continue;
        }
        virtqueue_push(s->v, c, sizeof(Event));
        s->first = (s->first + 1) % FIFO;
        s->count--;
    }
    virtio_kick(s->v, QUEUE_EVENTS);
}

/* ---- what comes ---- */

/* A key or button is down or not; outside of turns, like what follows. */
static void set_key(VirtIOInput *s, unsigned code, bool down)
{
    put_bit(s->down, code, down);
    s->lost |= bit(s->told, code) != down && !tell_key(s, code);
}

static void key(void *opaque, InputKey key, bool down)
{
    VirtIOInput *s = opaque;
    const unsigned code = virtio_input_key_code(key);

    virtio_enter(s->v);
    if (code && virtio_ready(s->v)) {
        set_key(s, code, down);
        give(s);
    }
    virtio_leave(s->v);
}

static InputRoom room(void *opaque)
{
    const VirtIOInput *s = opaque;

    return !s->count ? INPUT_EMPTY : s->count < FIFO / 2 ? INPUT_ROOM : INPUT_FULL;
}

static void set_buttons(VirtIOInput *s, unsigned buttons)
{
    static const uint16_t codes[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA };   /* as INPUT_* */

    for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++) {
        const bool down = buttons >> i & 1;

        if (down != bit(s->down, codes[i])) {
            set_key(s, codes[i], down);
        }
    }
}

/* Motion first: a button is pressed where the pointer is. */
static void pointer(VirtIOInput *s, const Event *e, unsigned n, unsigned buttons)
{
    virtio_enter(s->v);
    if (virtio_ready(s->v)) {
        if (n) {
            put_packet(s, e, n);
        }
        set_buttons(s, buttons);
        give(s);
    }
    virtio_leave(s->v);
}

static void mouse_event(void *opaque, int dx, int dy, int dz, unsigned buttons)
{
    const struct { uint16_t code; int value; } moves[] = { { REL_X, dx }, { REL_Y, dy }, { REL_WHEEL, -dz } };
    Event e[PACKET];
    unsigned n = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(moves); i++) {
        if (moves[i].value) {
            e[n++] = (Event) { EV_REL, moves[i].code, (uint32_t)moves[i].value };
        }
    }
    pointer(opaque, e, n, buttons);
}

static void tablet_point(void *opaque, unsigned x, unsigned y, int dz, unsigned buttons)
{
    const Event e[] = { { EV_ABS, ABS_X, x }, { EV_ABS, ABS_Y, y }, { EV_REL, REL_WHEEL, (uint32_t)-dz } };

    pointer(opaque, e, dz ? 3 : 2, buttons);
}

/* ---- called by the transport ---- */

static void take_status(VirtIOInput *s, const Event *e)
{
    static const unsigned leds[] = { [LED_NUM] = INPUT_LED_NUM, [LED_CAPS] = INPUT_LED_CAPS,
                                     [LED_SCROLL] = INPUT_LED_SCROLL };

    if (s->kind == VIRTIO_KEYBOARD && e->type == EV_LED && e->code < G_N_ELEMENTS(leds)) {
        s->leds = e->value ? s->leds | leds[e->code] : s->leds & ~leds[e->code];
        input_set_leds(s->leds);
    }
}

static void input_notify(void *dev, unsigned queue)
{
    VirtIOInput *s = dev;
    VirtChain *c;
    Event e;

    if (queue == QUEUE_EVENTS) {
        give(s);
        return;
    }
    for (unsigned n = 0; n < TURN; n++) {
        c = virtqueue_pop(s->v, QUEUE_STATUS);
        if (!c) {
            return;
        }
        if (virt_chain_read(c, 0, &e, sizeof(e))) {
            take_status(s, &e);
        } else {
            qemu_log_mask(LOG_GUEST_ERROR, "virtio-input: a status of %u bytes\n", c->out_bytes);
        }
        virtqueue_push(s->v, c, 0);
    }
    virtio_kick(s->v, QUEUE_STATUS);
}

static uint64_t *activation(VirtIOInput *s)
{
    return s->kind == VIRTIO_KEYBOARD ? &s->keyboard.activation : &s->mouse.activation;
}

static void input_reset(void *dev)
{
    VirtIOInput *s = dev;

    s->first = s->count = s->leds = 0;
    s->lost = false;
    memset(s->down, 0, sizeof(s->down));
    memset(s->told, 0, sizeof(s->told));
    input_deactivate(activation(s));
}

static void input_ready(void *dev)
{
    VirtIOInput *s = dev;

    input_activate(activation(s));
}

static void input_config_written(void *dev, uint8_t *config)
{
    const VirtIOInput *s = dev;

    virtio_input_answer(s->kind, config);
}

static const VirtIOClass virtio_input_class = {
    .name = "virtio-input", .id = VIRTIO_ID_INPUT, .queues = QUEUES, .queue_size = QUEUE_SIZE, .writable_at = 0,
    .writable_bytes = 2, .config_written = input_config_written, .notify = input_notify, .reset = input_reset,
    .ready = input_ready,
};

void virtio_input_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIOInput *s = g_new0(VirtIOInput, 1);

    s->v = v;
    s->kind = config->kind;
    d->class = &virtio_input_class;
    d->dev = s;
    d->config_size = INPUT_CONFIG_BYTES;
    if (s->kind == VIRTIO_KEYBOARD) {
        s->keyboard = (InputKeyboard) { .key = key, .room = room, .opaque = s };
        input_add_keyboard(&s->keyboard);
        return;
    }
    s->mouse = (InputMouse) { .name = virtio_input_name(s->kind), .opaque = s };
    if (s->kind == VIRTIO_MOUSE) {
        s->mouse.event = mouse_event;
    } else {
        s->mouse.point = tablet_point;
    }
    input_add_mouse(&s->mouse);
}
