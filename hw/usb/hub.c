/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A high-speed hub with one transaction translator (USB 2.0, chapter 11): the one inside the host controller, and those
 * that are plugged in. What happens on a port is at once: a reset, too. The transaction translator keeps nothing, since
 * split transactions are carried out in one go. Caller holds the bus's lock.
 */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/usb/usb-devices.h"

enum {
    PORT_CONNECTION = 1 << 0, PORT_ENABLE = 1 << 1, PORT_SUSPEND = 1 << 2, PORT_RESET = 1 << 4, PORT_POWER = 1 << 8,
    PORT_LOW_SPEED = 1 << 9, PORT_HIGH_SPEED = 1 << 10,
    PORT_ON = PORT_CONNECTION | PORT_ENABLE | PORT_SUSPEND | PORT_LOW_SPEED | PORT_HIGH_SPEED,
};
/* Features of a port: bits of its status, and from 16 on of its changes. */
enum { FEATURE_CHANGES = 16, FEATURE_CHANGES_END = 21 };
/* Requests to a port: the recipient is "other". */
enum {
    FROM_PORT = 0xa300, TO_PORT = 0x2300, CLEAR_TT_BUFFER = 8, RESET_TT = 9, GET_TT_STATE = 10, STOP_TT = 11,
    TT_STATE = 4,
};
enum { STATUS_ENDPOINT = 1 };

typedef struct USBHub {
    USBDevice usb;
    USBDevice *child[USB_PORTS_MAX];    /* I/O thread to write */
    unsigned ports;             /* constant */
    USBDeviceClass class;       /* constant: with the ports' number in its descriptors */
    bool closed[USB_PORTS_MAX]; /* the owner of the hub has the port for something else */
    uint16_t status[USB_PORTS_MAX], change[USB_PORTS_MAX];      /* saved */
} USBHub;

static void changed(USBHub *h, unsigned n, uint16_t what)
{
    h->change[n] |= what;
    usb_wake(&h->usb);
}

/* The port, from 0, has got a device or lost it, or is switched on or off. */
static void update(USBHub *h, unsigned n)
{
    const USBDevice *d = h->closed[n] ? NULL : h->child[n];
    const bool there = d && (h->status[n] & PORT_POWER);

    if (there == !!(h->status[n] & PORT_CONNECTION)) {
        return;
    }
    h->status[n] &= (uint16_t)~PORT_ON;
    if (there) {
        h->status[n] |= (uint16_t)(PORT_CONNECTION | (d->class->speed == USB_LOW ? PORT_LOW_SPEED : 0));
    }
    changed(h, n, PORT_CONNECTION);
}

/* ---- requests ---- */

static int hub_descriptor(const USBHub *h, const USBSetup *setup, uint8_t *data)
{
    const unsigned map = h->ports / 8 + 1;
    /* Each port is switched on its own; no over-current protection; the TT thinks for 8 bit times. */
    uint8_t d[7 + 2 * 2] = { (uint8_t)(7 + 2 * map), USB_DT_HUB, (uint8_t)h->ports, USB_LE16(0x0011), 1, 0 };

    memset(d + 7 + map, 0xff, map);
    return usb_reply(setup, data, d, d[0]);
}

static int port_status(const USBHub *h, unsigned n, const USBSetup *setup, uint8_t *data)
{
    const uint8_t status[4] = { USB_LE16(h->status[n]), USB_LE16(h->change[n]) };

    return usb_reply(setup, data, status, sizeof(status));
}

static void reset_port(USBHub *h, unsigned n)
{
    if (h->status[n] & PORT_CONNECTION) {
        usb_bus_reset(h->child[n]);
        h->status[n] &= (uint16_t)~PORT_SUSPEND;
        h->status[n] |= (uint16_t)(PORT_ENABLE | (h->child[n]->class->speed == USB_HIGH ? PORT_HIGH_SPEED : 0));
        changed(h, n, PORT_RESET);
    }
}

static int set_port_feature(USBHub *h, unsigned n, unsigned feature)
{
    switch (feature < FEATURE_CHANGES ? 1u << feature : 0) {
    case PORT_POWER:
        h->status[n] |= PORT_POWER;
        update(h, n);
        return 0;
    case PORT_RESET:
        reset_port(h, n);
        return 0;
    case PORT_SUSPEND:
        h->status[n] |= h->status[n] & PORT_ENABLE ? PORT_SUSPEND : 0;
        return 0;
    default:
        return USB_STALL;
    }
}

static int clear_port_feature(USBHub *h, unsigned n, unsigned feature)
{
    if (feature >= FEATURE_CHANGES && feature < FEATURE_CHANGES_END) {
        h->change[n] &= (uint16_t)~(1u << (feature - FEATURE_CHANGES));
        return 0;
    }
    switch (feature < FEATURE_CHANGES ? 1u << feature : 0) {
    case PORT_POWER:
        h->status[n] &= (uint16_t)~PORT_POWER;
        update(h, n);
        return 0;
    case PORT_ENABLE:
        h->status[n] &= (uint16_t)~(PORT_ENABLE | PORT_SUSPEND);
        return 0;
    case PORT_SUSPEND:
        if (h->status[n] & PORT_SUSPEND) {
            h->status[n] &= (uint16_t)~PORT_SUSPEND;
            changed(h, n, PORT_SUSPEND);
        }
        return 0;
    default:
        return USB_STALL;
    }
}

static int port_request(USBHub *h, const USBSetup *setup, uint8_t *data)
{
    static const uint8_t tt_state[TT_STATE];
    const unsigned n = (setup->index & 0xff) - 1;

    if (n >= h->ports) {
        return USB_STALL;
    }
    switch (setup->request) {
    case FROM_PORT | USB_GET_STATUS:
        return port_status(h, n, setup, data);
    case TO_PORT | USB_SET_FEATURE:
        return set_port_feature(h, n, setup->value);
    case TO_PORT | USB_CLEAR_FEATURE:
        return clear_port_feature(h, n, setup->value);
    case TO_PORT | CLEAR_TT_BUFFER:
    case TO_PORT | RESET_TT:
    case TO_PORT | STOP_TT:
        return 0;
    case FROM_PORT | GET_TT_STATE:
        return usb_reply(setup, data, tt_state, sizeof(tt_state));
    default:
        return USB_STALL;
    }
}

static int hub_control(USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    USBHub *h = (USBHub *)d;

    switch (setup->request) {
    case USB_CLASS | USB_FROM_DEVICE | USB_GET_DESCRIPTOR:
        return setup->value >> 8 == USB_DT_HUB ? hub_descriptor(h, setup, data) : USB_STALL;
    case USB_CLASS | USB_FROM_DEVICE | USB_GET_STATUS:
        return usb_reply(setup, data, "\0\0\0", 4);
    case USB_CLASS | USB_TO_DEVICE | USB_CLEAR_FEATURE:
        return setup->value <= 1 ? 0 : USB_STALL;       /* changes of local power, over-current: there are none */
    default:
        return port_request(h, setup, data);
    }
}

/* Which ports have changed, from bit 1 on. */
static int hub_in(USBDevice *d, unsigned endpoint, uint8_t *data, unsigned room)
{
    const USBHub *h = (const USBHub *)d;
    unsigned map = 0;

    for (unsigned n = 0; n < h->ports; n++) {
        map |= h->change[n] ? 2u << n : 0;
    }
    data[0] = (uint8_t)map;
    data[1] = (uint8_t)(map >> 8);
    return map ? (int)room : USB_NAK;
}

/* ---- the tree ---- */

static USBDevice **hub_port(USBDevice *d, unsigned port)
{
    USBHub *h = (USBHub *)d;

    return port - 1 < h->ports ? &h->child[port - 1] : NULL;
}

static bool hub_port_enabled(USBDevice *d, unsigned port)
{
    const USBHub *h = (const USBHub *)d;

    return (h->status[port - 1] & (PORT_ENABLE | PORT_SUSPEND)) == PORT_ENABLE;
}

static void hub_port_changed(USBDevice *d, unsigned port)
{
    update((USBHub *)d, port - 1);
}

void usb_hub_open_port(USBDevice *d, unsigned port, bool open)
{
    USBHub *h = (USBHub *)d;

    h->closed[port - 1] = !open;
    update(h, port - 1);
}

static void hub_reset(USBDevice *d)
{
    USBHub *h = (USBHub *)d;

    memset(h->status, 0, sizeof(h->status));
    memset(h->change, 0, sizeof(h->change));
}

/* What hangs on the ports is what there is here; the guest learns what is different. */
static void hub_post_load(void *opaque)
{
    USBHub *h = opaque;

    usb_post_load(&h->usb);
    counted_lock(h->usb.bus->lock);
    for (unsigned n = 0; n < h->ports; n++) {
        update(h, n);
        if (!(h->status[n] & PORT_CONNECTION)) {
            h->status[n] &= PORT_POWER;
        }
    }
    counted_unlock(h->usb.bus->lock);
}

static void hub_unplugged(USBDevice *d)
{
    free(d);
}

/* ---- the device ---- */

#define HUB_DEVICE(vendor, product) { \
    18, USB_DT_DEVICE, USB_LE16(0x0200), 9, 0, 1, 64, USB_LE16(vendor), USB_LE16(product), USB_LE16(0x0100), \
    1, 2, 3, 1, \
}
static const uint8_t internal_device[] = HUB_DEVICE(0x04cc, 0x1761);
static const uint8_t plugged_device[] = HUB_DEVICE(0x0409, 0x55aa);

#define HUB_CONFIG(packet) { \
    9, USB_DT_CONFIG, USB_LE16(9 + 9 + 7), 1, 1, 0, 0xc0, 0, \
    9, USB_DT_INTERFACE, 0, 0, 1, 9, 0, 0, 0, \
    7, USB_DT_ENDPOINT, 0x80 | STATUS_ENDPOINT, 3, USB_LE16(packet), 12, \
}
static const uint8_t config_7_ports[] = HUB_CONFIG(1), config_8_ports[] = HUB_CONFIG(2);

static const USBDeviceClass hub_usb_class = {
    .product = "USB Hub", .speed = USB_HIGH, .control = hub_control, .in = hub_in, .reset = hub_reset,
    .unplugged = hub_unplugged, .port = hub_port, .port_enabled = hub_port_enabled, .port_changed = hub_port_changed,
};

static const DeviceField hub_fields[] = {
    USB_DEVICE_FIELDS(USBHub), DEVICE_FIXED(USBHub, ports), DEVICE_ARRAY(USBHub, closed),
    DEVICE_ARRAY(USBHub, status), DEVICE_ARRAY(USBHub, change),
    { 0 },
};

static const DeviceClass hub_class = {
    .name = "usb-hub", .state_size = sizeof(USBHub), .version = 1, .fields = hub_fields,
    .reset = usb_device_reset, .post_load = hub_post_load,
};

USBDevice *usb_hub_new(USBBus *bus, const USBHubConfig *config)
{
    USBHub *h = usb_device_alloc(&hub_class, &hub_usb_class, bus);

    h->ports = config->ports;
    h->class = hub_usb_class;
    h->class.device = config->internal ? internal_device : plugged_device;
    h->class.config = config->ports < 8 ? config_7_ports : config_8_ports;
    h->usb.class = &h->class;
    return &h->usb;
}
