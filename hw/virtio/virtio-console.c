/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console device (Virtual I/O Device 1.2, section 5.3) with several ports: consoles, and ports for programs. Behind
 * each is a character device.
 *
 * The first port has queues 0 and 1, in and out, and a driver that knows of no others (without F_MULTIPORT) has these
 * alone. Queues 2 and 3 carry messages about the ports, which have those from 4 on. A message says how a port is now,
 * so each kind is owed at most once to the driver while it has no buffer for it.
 *
 * Nothing is lost on its way: what the guest sends waits in the queue while the character device is full, and what
 * comes for the guest waits in the character device while the guest has no room or the port is closed.
 *
 * I/O thread alone. What the driver has told is in the transport (virtio_state()), which saves and resets it.
 */
#include <stdlib.h>
#include <string.h>
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"

enum { QUEUE_IN, QUEUE_OUT, QUEUE_CONTROL_IN, QUEUE_CONTROL_OUT, QUEUES = 2 * (VIRTIO_MAX_PORTS + 1), QUEUE_SIZE = 64 };
enum {
    CONTROL_READY, CONTROL_PORT_ADD, CONTROL_PORT_REMOVE, CONTROL_PORT_READY, CONTROL_CONSOLE, CONTROL_RESIZE,
    CONTROL_OPEN, CONTROL_NAME,
};
enum { TURN = 64, PIECE = 4096, MAX_NR_PORTS = 4, CONFIG_BYTES = 12 };

#define CONSOLE_F_MULTIPORT     (1ull << 1)

/* Of virtio_state(): the driver is ready; of each port: it is ready, it is open. */
#define STATE_READY             (1ull << 63)
#define STATE_PORT_READY(n)     (1ull << (n))
#define STATE_PORT_OPEN(n)      (1ull << (32 + (n)))

/* Messages that a port owes the driver, in the order in which they go. */
enum { OWES_ADD = 1, OWES_CONSOLE = 2, OWES_NAME = 4, OWES_OPEN = 8, OWES_LAST = OWES_OPEN };

typedef struct Control {
    uint32_t port;
    uint16_t event, value;
} Control;

typedef struct VirtIOConsole VirtIOConsole;

typedef struct Port {
    VirtIOConsole *s;           /* constant, like n and what is configured; s NULL: there is no such port */
    unsigned n;
    VirtIOPort config;
    bool connected;             /* the character device has somebody at its other end */
    bool told_open;             /* the last that the listener heard: the guest has it open */
    unsigned owes;
    VirtChain *sending;         /* taken from the queue, not yet given back; NULL: none */
    uint32_t sent;              /* bytes of it */
} Port;

struct VirtIOConsole {
    VirtIO *v;                  /* constant */
    Port port[VIRTIO_MAX_PORTS];
};

static void (*open_listener)(const char *id, bool open);        /* constant once the main loop runs */

void virtio_console_set_listener(void (*fn)(const char *id, bool open))
{
    open_listener = fn;
}

static void tell_open(Port *p, bool open)
{
    if (p->told_open != open) {
        p->told_open = open;
        if (open_listener && p->config.id) {
            open_listener(p->config.id, open);
        }
    }
}

static bool has_ports(const VirtIOConsole *s)
{
    return virtio_features(s->v) & CONSOLE_F_MULTIPORT;
}

/* The port's queue for what goes into the guest; the next one is for what comes out. */
static unsigned queue_of(const Port *p)
{
    return p->n ? 2 * p->n + 2 : QUEUE_IN;
}

/* ---- messages to the driver ---- */

static bool give(VirtIOConsole *s, const Control *message, const char *text)
{
    VirtChain *c = virtqueue_pop(s->v, QUEUE_CONTROL_IN);
    const uint32_t more = text ? (uint32_t)strlen(text) : 0;
    uint32_t written = 0;

    if (!c) {
        return false;
    }
    if (virt_chain_write(c, 0, message, sizeof(*message)) &&
        (!more || virt_chain_write(c, sizeof(*message), text, more))) {
        written = (uint32_t)sizeof(*message) + more;
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-console: a buffer of %u bytes is too small for a message\n",
                      c->in_bytes);
    }
    virtqueue_push(s->v, c, written);
    return true;
}

static bool give_one(Port *p, unsigned which)
{
    Control message = { .port = p->n, .value = 1 };
    const char *text = NULL;

    switch (which) {
    case OWES_ADD:
        message.event = CONTROL_PORT_ADD;
        break;
    case OWES_CONSOLE:
        message.event = CONTROL_CONSOLE;
        break;
    case OWES_NAME:
        message.event = CONTROL_NAME;
        text = p->config.name;
        break;
    default:
        message.event = CONTROL_OPEN;
        message.value = p->connected;
        break;
    }
    return give(p->s, &message, text);
}

/* In a turn. What the driver has no buffers for stays owed. */
static void give_owed(VirtIOConsole *s)
{
    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        for (unsigned which = OWES_ADD; which <= OWES_LAST; which *= 2) {
            if (p->owes & which) {
                if (!give_one(p, which)) {
                    return;
                }
                p->owes &= ~which;
            }
        }
    }
}

/* ---- messages from the driver ---- */

static void port_is_ready(Port *p)
{
    virtio_set_state(p->s->v, STATE_PORT_READY(p->n), 0);
    p->owes |= (p->config.console ? OWES_CONSOLE : 0) | (p->config.name ? OWES_NAME : 0) |
               (p->connected ? OWES_OPEN : 0);
}

static void port_is_open(Port *p, bool open)
{
    virtio_set_state(p->s->v, open ? STATE_PORT_OPEN(p->n) : 0, open ? 0 : STATE_PORT_OPEN(p->n));
    tell_open(p, open);
    if (open) {
        chardev_accept_input(p->config.chr);
    }
}

static void driver_is_ready(VirtIOConsole *s, bool ready)
{
    if (!ready) {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-console: the driver has failed\n");
        return;
    }
    virtio_set_state(s->v, STATE_READY, 0);
    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        p->owes |= p->s ? OWES_ADD : 0;
    }
}

static void take_message(VirtIOConsole *s, const Control *m)
{
    Port *p = m->port < VIRTIO_MAX_PORTS && s->port[m->port].s ? &s->port[m->port] : NULL;

    if (m->event == CONTROL_READY) {
        driver_is_ready(s, m->value);
    } else if (p && m->event == CONTROL_PORT_READY && m->value) {
        port_is_ready(p);
    } else if (p && m->event == CONTROL_OPEN) {
        port_is_open(p, m->value);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "virtio-console: message %u about port %u, value %u\n", m->event, m->port,
                      m->value);
    }
}

static void take_messages(VirtIOConsole *s)
{
    for (unsigned n = 0; n < TURN; n++) {
        VirtChain *c = virtqueue_pop(s->v, QUEUE_CONTROL_OUT);
        Control message;

        if (!c) {
            return;
        }
        if (virt_chain_read(c, 0, &message, sizeof(message))) {
            take_message(s, &message);
        } else {
            qemu_log_mask(LOG_GUEST_ERROR, "virtio-console: a message of %u bytes\n", c->out_bytes);
        }
        virtqueue_push(s->v, c, 0);
    }
    virtio_kick(s->v, QUEUE_CONTROL_OUT);
}

/* ---- what the guest sends ---- */

/* A piece of the chain that is under way, which is given back at its end. */
static void send_piece(Port *p)
{
    const uint32_t left = p->sending->out_bytes - p->sent, n = left < PIECE ? left : PIECE;
    uint8_t bytes[PIECE];

    if (virt_chain_read(p->sending, p->sent, bytes, n)) {
        chardev_write(p->config.chr, bytes, (int)n);
    }
    p->sent += n;
    if (p->sent == p->sending->out_bytes) {
        virtqueue_push(p->s->v, p->sending, 0);
        p->sending = NULL;
    }
}

/* In a turn. A device that is full calls port_writable(), which begins another one. */
static void send(Port *p)
{
    for (unsigned n = 0; n < TURN; n++) {
        if (chardev_full(p->config.chr)) {
            return;
        }
        if (!p->sending) {
            p->sending = virtqueue_pop(p->s->v, queue_of(p) + 1);
            p->sent = 0;
        }
        if (!p->sending) {
            return;
        }
        send_piece(p);
    }
    virtio_kick(p->s->v, queue_of(p) + 1);
}

/* ---- called by the character device: on the I/O thread, outside of turns ---- */

static void port_writable(void *opaque)
{
    Port *p = opaque;

    virtio_kick(p->s->v, queue_of(p) + 1);
}

/* In a turn. How many bytes the guest's buffers took. */
static int put_bytes(Port *p, const uint8_t *bytes, int len)
{
    int done = 0;

    for (unsigned n = 0; n < TURN && done < len; n++) {
        VirtChain *c = virtqueue_pop(p->s->v, queue_of(p));
        uint32_t part;

        if (!c) {
            break;
        }
        part = c->in_bytes < (uint32_t)(len - done) ? c->in_bytes : (uint32_t)(len - done);
        if (!virt_chain_write(c, 0, bytes + done, part)) {
            part = 0;
        }
        virtqueue_push(p->s->v, c, part);
        done += (int)part;
    }
    return done;
}

static int port_receive(void *opaque, const uint8_t *bytes, int len)
{
    Port *p = opaque;
    VirtIO *v = p->s->v;
    int taken = 0;

    virtio_enter(v);
    if (virtio_ready(v) && (has_ports(p->s) ? virtio_state(v) & STATE_PORT_OPEN(p->n) : !p->n)) {
        taken = put_bytes(p, bytes, len);
    }
    virtio_leave(v);
    return taken;
}

static bool port_event(void *opaque, int event)
{
    Port *p = opaque;
    VirtIO *v = p->s->v;

    if (event != CHR_EVENT_OPENED && event != CHR_EVENT_CLOSED) {
        return true;            /* a break means nothing to a port */
    }
    p->connected = p->config.console || event == CHR_EVENT_OPENED;
    virtio_enter(v);
    if (virtio_state(v) & STATE_PORT_READY(p->n)) {
        p->owes |= OWES_OPEN;
        give_owed(p->s);
    }
    virtio_leave(v);
    return true;
}

/* ---- called by the transport ---- */

static void console_notify(void *dev, unsigned queue)
{
    VirtIOConsole *s = dev;
    Port *p;

    if (queue == QUEUE_CONTROL_OUT) {
        take_messages(s);
    }
    if (queue == QUEUE_CONTROL_IN || queue == QUEUE_CONTROL_OUT) {
        give_owed(s);
        return;
    }
    p = &s->port[queue < QUEUE_CONTROL_IN ? 0 : queue / 2 - 1];
    if (!p->s) {
        return;                 /* nobody is there to take anything */
    }
    if (queue % 2) {
        send(p);
    } else {
        chardev_accept_input(p->config.chr);
    }
}

static void console_reset(void *dev)
{
    VirtIOConsole *s = dev;

    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        if (p->sending) {
            virt_chain_free(p->sending);
            p->sending = NULL;
        }
        p->owes = 0;
        tell_open(p, false);
    }
}

/* Also after a state was loaded: the ports of a driver that knows them may be connected otherwise than it was told. */
static void console_ready(void *dev)
{
    VirtIOConsole *s = dev;
    const uint64_t state = virtio_state(s->v);

    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        if (p->s) {
            tell_open(p, state & STATE_PORT_OPEN(p->n));
            p->owes |= state & STATE_PORT_READY(p->n) ? OWES_OPEN : state & STATE_READY ? OWES_ADD : 0;
            chardev_accept_input(p->config.chr);
        }
    }
    give_owed(s);
}

/* What is under way goes out, even if the character device is full. */
static void console_drain(void *dev)
{
    VirtIOConsole *s = dev;

    virtio_enter(s->v);
    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        while (p->sending) {
            send_piece(p);
        }
    }
    virtio_leave(s->v);
}

static const VirtIOClass virtio_console_class = {
    .name = "virtio-console", .id = VIRTIO_ID_CONSOLE, .queues = QUEUES, .queue_size = QUEUE_SIZE,
    .notify = console_notify, .reset = console_reset, .ready = console_ready, .drain = console_drain,
};

void virtio_console_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config)
{
    VirtIOConsole *s = calloc(1, sizeof(*s));
    const uint32_t max_ports = config->max_ports;

    if (!s) {
        error_exit("out of memory");
    }
    s->v = v;
    d->class = &virtio_console_class;
    d->dev = s;
    d->features = CONSOLE_F_MULTIPORT;
    d->config_size = CONFIG_BYTES;
    memcpy(d->config + MAX_NR_PORTS, &max_ports, sizeof(max_ports));
    for (unsigned n = 0; n < VIRTIO_MAX_PORTS; n++) {
        Port *p = &s->port[n];

        if (!config->port[n].there) {
            continue;
        }
        *p = (Port) { .s = s, .n = n, .config = config->port[n], .connected = config->port[n].console };
    }
}

/* A character device may call at once, so the transport has to be complete. */
void virtio_console_attach(VirtIODevice *d)
{
    VirtIOConsole *s = d->dev;

    for (Port *p = s->port; p < s->port + VIRTIO_MAX_PORTS; p++) {
        if (p->s) {
            const CharFrontend fe = {
                .receive = port_receive, .event = port_event, .writable = port_writable, .opaque = p,
                .guest = true,
            };

            chardev_attach(p->config.chr, &fe);
        }
    }
}
