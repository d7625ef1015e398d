/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB mouse, at low speed, and tablet, at full speed. What comes waits in a queue: a new entry begins when the buttons
 * change, and movement before that is added up.
 */
#include <glib.h>
#include "hw/usb/hid-internal.h"
#include "hw/usb/usb-devices.h"

enum { STEP_MAX = 127, SUM_MAX = 1 << 20, BUTTONS = 0x1f, MOUSE_BOOT_LEN = 3, MOUSE_LEN = 4, TABLET_LEN = 6 };

#define FIVE_BUTTONS \
    0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15, 0x00, 0x25, 0x01,         /* buttons 1 to 5 */ \
    0x95, 0x05, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x03, 0x81, 0x01      /* 5 bits, and 3 that are not used */

static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,         /* generic desktop, mouse: a pointer */
    FIVE_BUTTONS,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f,     /* X, Y, wheel: -127 to 127 */
    0x75, 0x08, 0x95, 0x03, 0x81, 0x06,                                 /* a byte each, relative */
    0xc0, 0xc0,
};

static const uint8_t tablet_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
    FIVE_BUTTONS,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f,     /* X, Y */
    0x75, 0x10, 0x95, 0x02, 0x81, 0x02,                                 /* 0 to 32767, 16 bits each, absolute */
    0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00,         /* wheel */
    0x75, 0x08, 0x95, 0x01, 0x81, 0x06,
    0xc0, 0xc0,
};

/* The part of *v that a report can say; the rest stays. */
static int take(int *v)
{
    const int part = CLAMP(*v, -STEP_MAX, STEP_MAX);

    *v -= part;
    return part;
}

static bool pointer_advance(USBHid *h)
{
    HidPointerEvent *e = &h->event[h->first];

    if (!h->count) {
        return false;
    }
    h->now = (HidPointerEvent) { .x = e->x, .y = e->y, .buttons = e->buttons };
    h->now.dx = take(&e->dx);
    h->now.dy = take(&e->dy);
    h->now.dz = take(&e->dz);
    if (!e->dx && !e->dy && !e->dz) {
        h->first = (h->first + 1) % HID_QUEUE;
        h->count--;
    }
    return true;
}

/* Movement is told once. The wheel's steps are towards the user here, and away from him in a report. */
static unsigned mouse_current(USBHid *h, uint8_t *data)
{
    HidPointerEvent *e = &h->now;

    data[0] = (uint8_t)e->buttons;
    data[1] = (uint8_t)e->dx;
    data[2] = (uint8_t)e->dy;
    data[3] = (uint8_t)-e->dz;
    e->dx = e->dy = e->dz = 0;
    return h->protocol == HID_BOOT ? MOUSE_BOOT_LEN : MOUSE_LEN;
}

static unsigned tablet_current(USBHid *h, uint8_t *data)
{
    HidPointerEvent *e = &h->now;
    const uint8_t report[TABLET_LEN] = { (uint8_t)e->buttons, USB_LE16(e->x), USB_LE16(e->y), (uint8_t)-e->dz };

    for (unsigned i = 0; i < TABLET_LEN; i++) {
        data[i] = report[i];
    }
    e->dz = 0;
    return TABLET_LEN;
}

static uint64_t *pointer_activation(USBHid *h)
{
    return &h->input_mouse.activation;
}

/* The entry that has these buttons: the last one, or a new one. NULL: there is no room. */
static HidPointerEvent *entry_for(USBHid *h, unsigned buttons)
{
    HidPointerEvent *last = &h->event[(h->first + h->count + HID_QUEUE - 1) % HID_QUEUE];

    if (h->count && last->buttons == buttons) {
        return last;
    }
    if (h->count == HID_QUEUE) {
        return NULL;
    }
    last = &h->event[(h->first + h->count++) % HID_QUEUE];
    *last = (HidPointerEvent) { .buttons = buttons };
    return last;
}

/* I/O thread */
static void mouse_event(void *opaque, int dx, int dy, int dz, unsigned buttons)
{
    USBHid *h = opaque;
    HidPointerEvent *e;

    counted_lock(h->usb.bus->lock);
    e = entry_for(h, buttons & BUTTONS);
    if (e) {
        e->dx = CLAMP(e->dx + CLAMP(dx, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
        e->dy = CLAMP(e->dy + CLAMP(dy, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
        e->dz = CLAMP(e->dz + CLAMP(dz, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
        usb_wake(&h->usb);
    }
    counted_unlock(h->usb.bus->lock);
}

/* I/O thread */
static void tablet_point(void *opaque, unsigned x, unsigned y, int dz, unsigned buttons)
{
    USBHid *h = opaque;
    HidPointerEvent *e;

    counted_lock(h->usb.bus->lock);
    e = entry_for(h, buttons & BUTTONS);
    if (e) {
        e->x = x;
        e->y = y;
        e->dz = CLAMP(e->dz + CLAMP(dz, -SUM_MAX, SUM_MAX), -SUM_MAX, SUM_MAX);
        usb_wake(&h->usb);
    }
    counted_unlock(h->usb.bus->lock);
}

static void pointer_post_load(void *opaque)
{
    USBHid *h = opaque;

    hid_post_load(h);
    counted_lock(h->usb.bus->lock);
    for (unsigned i = 0; i < HID_QUEUE; i++) {
        HidPointerEvent *e = &h->event[i];

        e->dx = CLAMP(e->dx, -SUM_MAX, SUM_MAX);
        e->dy = CLAMP(e->dy, -SUM_MAX, SUM_MAX);
        e->dz = CLAMP(e->dz, -SUM_MAX, SUM_MAX);
    }
    counted_unlock(h->usb.bus->lock);
}

static void pointer_unplugged(USBDevice *d)
{
    USBHid *h = (USBHid *)d;

    input_remove_mouse(&h->input_mouse);
    hid_free(h);
}

static const uint8_t device_descriptor[] = HID_DEVICE;
static const uint8_t mouse_config[] = HID_CONFIG(1, 2, mouse_report, MOUSE_LEN, 10);
static const uint8_t tablet_config[] = HID_CONFIG(0, 0, tablet_report, HID_REPORT_MAX, 10);

#define POINTER_KIND(name, at_speed, kind) { \
    .usb = { \
        .product = (name), .speed = (at_speed), .device = device_descriptor, .config = kind##_config, \
        .control = hid_control, .in = hid_in, .reset = hid_reset, .unplugged = pointer_unplugged, \
    }, \
    .report = kind##_report, .report_len = sizeof(kind##_report), \
    .advance = pointer_advance, .current = kind##_current, .activation = pointer_activation, \
}
static const HidKind mouse_kind = POINTER_KIND("USB Mouse", USB_LOW, mouse);
static const HidKind tablet_kind = POINTER_KIND("USB Tablet", USB_FULL, tablet);

static const DeviceField pointer_fields[] = {
    HID_FIELDS, DEVICE_EACH(USBHid, event, dx), DEVICE_EACH(USBHid, event, dy), DEVICE_EACH(USBHid, event, dz),
    DEVICE_EACH(USBHid, event, x), DEVICE_EACH(USBHid, event, y), DEVICE_EACH(USBHid, event, buttons),
    DEVICE_FIELD(USBHid, now.x), DEVICE_FIELD(USBHid, now.y), DEVICE_FIELD(USBHid, now.buttons),
    { 0 },
};

#define POINTER_CLASS(n) { \
    .name = (n), .state_size = sizeof(USBHid), .version = 1, .fields = pointer_fields, \
    .reset = usb_device_reset, .post_load = pointer_post_load, \
}
static const DeviceClass mouse_class = POINTER_CLASS("usb-mouse");
static const DeviceClass tablet_class = POINTER_CLASS("usb-tablet");

static USBDevice *pointer_new(USBBus *bus, const DeviceClass *dev_class, const HidKind *kind, InputMouse mouse)
{
    USBHid *h = hid_new(bus, dev_class, kind);

    h->input_mouse = mouse;
    h->input_mouse.name = kind->usb.product;
    h->input_mouse.opaque = h;
    input_add_mouse(&h->input_mouse);
    return &h->usb;
}

USBDevice *usb_mouse_new(USBBus *bus)
{
    return pointer_new(bus, &mouse_class, &mouse_kind, (InputMouse) { .event = mouse_event });
}

USBDevice *usb_tablet_new(USBBus *bus)
{
    return pointer_new(bus, &tablet_class, &tablet_kind, (InputMouse) { .point = tablet_point });
}
