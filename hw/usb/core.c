/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus: the tree of devices, who answers to an address, plugging in and out (include/hw/usb/usb.h). A port is named
 * by the way to it: "2.1" is the first port of the hub in port 2 of the bus's root hub.
 */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/usb/usb-devices.h"
#include "qemu/trace.h"

const char *usb_speed_name(USBSpeed speed)
{
    static const char *const names[] = { [USB_LOW] = "1.5", [USB_FULL] = "12", [USB_HIGH] = "480" };

    return names[speed];
}

/* ---- the tree ---- */

static USBDevice **port_of(USBDevice *hub, unsigned port)
{
    return hub->class->port ? hub->class->port(hub, port) : NULL;
}

/* The first device on the hub's ports from `port` on. */
static USBDevice *child_from(USBDevice *hub, unsigned port)
{
    USBDevice **at;

    for (; (at = port_of(hub, port)) != NULL; port++) {
        if (*at) {
            return *at;
        }
    }
    return NULL;
}

USBDevice *usb_next(const USBBus *bus, const USBDevice *d)
{
    USBDevice *next;

    if (!d) {
        return bus->root;
    }
    next = child_from((USBDevice *)(uintptr_t)d, 1);
    while (!next && d->hub) {
        next = child_from(d->hub, d->port + 1);
        d = d->hub;
    }
    return next;
}

static bool reachable(const USBDevice *d)
{
    while (d->hub) {
        if (!d->hub->class->port_enabled(d->hub, d->port)) {
            return false;
        }
        d = d->hub;
    }
    return d->bus->root_enabled;
}

USBDevice *usb_find(const USBBus *bus, unsigned address)
{
    for (USBDevice *d = usb_next(bus, NULL); d; d = usb_next(bus, d)) {
        if (d->address == address && reachable(d)) {
            return d;
        }
    }
    return NULL;
}

/* ---- packets ---- */

static uint32_t endpoint_bit(USBToken token, unsigned endpoint)
{
    return 1u << (endpoint % USB_ENDPOINTS + (token == USB_IN ? USB_ENDPOINTS : 0));
}

bool usb_halted(const USBDevice *d, USBToken token, unsigned endpoint)
{
    return d->halted & endpoint_bit(token, endpoint);
}

void usb_halt(USBDevice *d, USBToken token, unsigned endpoint)
{
    d->halted |= endpoint_bit(token, endpoint);
}

int usb_token(USBDevice *d, USBToken token, unsigned endpoint, uint8_t *data, unsigned len)
{
    unsigned packet;
    int answer = USB_NAK;

    if (!endpoint) {
        return usb_control_token(d, token, data, len);
    }
    packet = token == USB_SETUP ? 0 : usb_endpoint_packet(d, token, endpoint);
    if (!packet || (token == USB_OUT && len > packet)) {
        return USB_SILENT;
    }
    if (usb_halted(d, token, endpoint)) {
        return USB_STALL;
    }
    if (token == USB_IN && d->class->in) {
        answer = d->class->in(d, endpoint, data, packet);
    } else if (token == USB_OUT && d->class->out) {
        answer = d->class->out(d, endpoint, data, len);
    }
    if (answer == USB_STALL) {
        usb_halt(d, token, endpoint);
    }
    return answer;
}

void usb_wake(USBDevice *d)
{
    d->bus->wake(d->bus->opaque);
}

void usb_bus_reset(USBDevice *d)
{
    d->address = d->new_address = d->configuration = 0;
    d->halted = 0;
    d->control_state = USB_CONTROL_IDLE;
    d->control_len = d->control_at = 0;
    if (d->class->reset) {
        d->class->reset(d);
    }
}

/* ---- devices ---- */

void *usb_device_alloc(const DeviceClass *dev_class, const USBDeviceClass *class, USBBus *bus)
{
    USBDevice *d = device_new_lock(dev_class, "usb", NULL);

    d->class = class;
    d->bus = bus;
    return d;
}

const char *usb_device_id(const Device *d)
{
    return d->class->reset == usb_device_reset ? ((const USBDevice *)(const void *)d)->id : NULL;
}

void usb_device_reset(void *opaque)
{
    USBDevice *d = opaque;

    counted_lock(d->bus->lock);
    usb_bus_reset(d);
    counted_unlock(d->bus->lock);
}

void usb_post_load(void *opaque)
{
    USBDevice *d = opaque;

    counted_lock(d->bus->lock);
    d->control_len = MIN(d->control_len, (uint32_t)USB_CONTROL_MAX);
    d->control_at = MIN(d->control_at, d->control_len);
    d->control_state = MIN(d->control_state, (uint32_t)USB_CONTROL_STALLED);
    d->address &= 0x7f;
    counted_unlock(d->bus->lock);
}

/* ---- plugging ---- */

static void add(USBDevice *d)
{
    g_snprintf(d->name, sizeof(d->name), "usb-%s%s", *d->path ? "port" : "root-hub", d->path);
    d->dev.name = d->name;
    device_add(&d->dev);
}

void usb_plug_root(USBBus *bus, USBDevice *d)
{
    bus->root = d;
    add(d);
}

/* A port that is taken if the user names none. The root hub's first one may be the peripheral controller's. */
static bool is_usual(const USBDevice *hub, unsigned port)
{
    return hub->hub || port > 1;
}

static bool free_port_from(const USBBus *bus, USBDevice **hub, unsigned *port, unsigned *count)
{
    *count = 0;
    for (USBDevice *d = usb_next(bus, NULL); d; d = usb_next(bus, d)) {
        USBDevice **at;

        for (unsigned n = 1; (at = port_of(d, n)) != NULL; n++) {
            if (!*at && is_usual(d, n) && !(*count)++) {
                *hub = d;
                *port = n;
            }
        }
    }
    return *count;
}

unsigned usb_free_ports(const USBBus *bus)
{
    USBDevice *hub;
    unsigned port, count;

    free_port_from(bus, &hub, &port, &count);
    return count;
}

/* The hub and the port that the path names; *error: why there is none. */
static bool find_port(const USBBus *bus, const char *path, USBDevice **hub, unsigned *port, char **error)
{
    const char *at = path;

    *hub = bus->root;
    for (unsigned depth = 1;; depth++) {
        char *end;
        const guint64 n = g_ascii_strtoull(at, &end, 10);
        USBDevice **child = g_ascii_isdigit(*at) && n && n <= USB_PORTS_MAX ? port_of(*hub, (unsigned)n) : NULL;

        if (!child) {
            *error = g_strdup_printf("there is no port '%s' ('info usb' shows devices and hubs)", path);
            return false;
        }
        *port = (unsigned)n;
        if (!*end) {
            if (*child) {
                *error = g_strdup_printf("port %s is taken (%s)", path, (*child)->class->product);
            } else if (depth > USB_DEPTH_MAX) {
                *error = g_strdup_printf("port %s: there are more than %d hubs before it", path, USB_DEPTH_MAX);
            }
            return !*error;
        }
        if (*end != '.' || !*child || !port_of(*child, 1)) {
            *error = g_strdup_printf("there is no port '%s' (no hub is before it)", path);
            return false;
        }
        *hub = *child;
        at = end + 1;
    }
}

bool usb_plug(USBDevice *d, const char *path, char **error)
{
    USBBus *bus = d->bus;
    USBDevice *hub;
    unsigned port, count;

    *error = NULL;
    if (path) {
        if (!find_port(bus, path, &hub, &port, error)) {
            return false;
        }
    } else if (!free_port_from(bus, &hub, &port, &count)) {
        *error = g_strdup("no port is free");
        return false;
    }
    g_snprintf(d->path, sizeof(d->path), "%s%s%u", hub->path, *hub->path ? "." : "", port);
    d->hub = hub;
    d->port = port;
    add(d);
    counted_lock(bus->lock);
    *port_of(hub, port) = d;
    hub->class->port_changed(hub, port);
    counted_unlock(bus->lock);
    trace(USB_PLUG, "port=%s device=\"%s\"", d->path, d->class->product);
    return true;
}

void usb_unplug(USBDevice *d)
{
    USBDevice *child;

    while ((child = child_from(d, 1)) != NULL) {
        usb_unplug(child);
    }
    trace(USB_UNPLUG, "port=%s device=\"%s\"", d->path, d->class->product);
    counted_lock(d->bus->lock);
    *port_of(d->hub, d->port) = NULL;
    d->hub->class->port_changed(d->hub, d->port);
    counted_unlock(d->bus->lock);
    device_remove(&d->dev);
    g_free(d->id);
    g_free(d->serial);
    d->class->unplugged(d);
}
