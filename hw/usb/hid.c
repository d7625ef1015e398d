/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB keyboard, mouse and tablet: the requests of their class, and when a report is sent: if there is news, or if the
 * host wants one so often. A device gets what is typed or pointed at once the host asks it for reports the first time.
 * Caller holds the bus's lock.
 */
#include <stdlib.h>
#include <glib.h>
#include "hw/usb/hid-internal.h"

enum {
    FROM_CLASS = USB_CLASS | USB_FROM_INTERFACE, TO_CLASS = USB_CLASS | USB_TO_INTERFACE,
    GET_REPORT = 1, GET_IDLE = 2, GET_PROTOCOL = 3, SET_REPORT = 9, SET_IDLE = 10, SET_PROTOCOL = 11,
    REPORT_INPUT = 1, REPORT_OUTPUT = 2, HID_DESCRIPTOR_AT = 18, HID_DESCRIPTOR_LEN = 9,
    LED_NUM = 1, LED_CAPS = 2, LED_SCROLL = 4,
};
#define IDLE_NS     4000000ll

static const HidKind *kind_of(const USBHid *h)
{
    return (const HidKind *)(const void *)h->usb.class;
}

static void plan_idle(USBHid *h)
{
    if (h->idle) {
        timer_mod(h->idle_timer, clock_virtual_ns() + h->idle * IDLE_NS);
    } else {
        timer_del(h->idle_timer);
    }
}

static void idle_ends(void *opaque)
{
    USBHid *h = opaque;

    counted_lock(h->usb.bus->lock);
    if (h->idle) {
        h->idle_due = true;
        usb_wake(&h->usb);
    }
    counted_unlock(h->usb.bus->lock);
}

static void set_leds(USBHid *h, uint8_t leds)
{
    h->leds = leds;
    input_set_leds((leds & LED_NUM ? INPUT_LED_NUM : 0) | (leds & LED_CAPS ? INPUT_LED_CAPS : 0) |
                   (leds & LED_SCROLL ? INPUT_LED_SCROLL : 0));
}

static int descriptor(const USBHid *h, const USBSetup *setup, uint8_t *data)
{
    switch (setup->value >> 8) {
    case USB_DT_HID:
        return usb_reply(setup, data, h->usb.class->config + HID_DESCRIPTOR_AT, HID_DESCRIPTOR_LEN);
    case USB_DT_REPORT:
        return usb_reply(setup, data, kind_of(h)->report, kind_of(h)->report_len);
    default:
        return USB_STALL;
    }
}

static int get_report(USBHid *h, const USBSetup *setup, uint8_t *data)
{
    uint8_t report[HID_REPORT_MAX];

    return setup->value >> 8 == REPORT_INPUT ? usb_reply(setup, data, report, kind_of(h)->current(h, report))
                                             : USB_STALL;
}

static int set_report(USBHid *h, const USBSetup *setup, const uint8_t *data)
{
    if (setup->value >> 8 != REPORT_OUTPUT || setup->length != 1) {
        return USB_STALL;
    }
    set_leds(h, data[0]);
    return 0;
}

static int set_protocol(USBHid *h, const USBSetup *setup)
{
    if (setup->value > HID_REPORT) {
        return USB_STALL;
    }
    h->protocol = (uint8_t)setup->value;
    return 0;
}

static int set_idle(USBHid *h, const USBSetup *setup)
{
    h->idle = (uint8_t)(setup->value >> 8);
    plan_idle(h);
    return 0;
}

int hid_control(USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    USBHid *h = (USBHid *)d;

    switch (setup->request) {
    case USB_FROM_INTERFACE | USB_GET_DESCRIPTOR:
        return descriptor(h, setup, data);
    case FROM_CLASS | GET_REPORT:
        return get_report(h, setup, data);
    case TO_CLASS | SET_REPORT:
        return set_report(h, setup, data);
    case FROM_CLASS | GET_IDLE:
        return usb_reply(setup, data, &h->idle, 1);
    case TO_CLASS | SET_IDLE:
        return set_idle(h, setup);
    case FROM_CLASS | GET_PROTOCOL:
        return usb_reply(setup, data, &h->protocol, 1);
    case TO_CLASS | SET_PROTOCOL:
        return set_protocol(h, setup);
    default:
        return USB_STALL;
    }
}

int hid_in(USBDevice *d, unsigned endpoint, uint8_t *data, unsigned room)
{
    USBHid *h = (USBHid *)d;
    uint64_t *activation = kind_of(h)->activation(h);

    if (!__atomic_load_n(activation, __ATOMIC_RELAXED)) {
        input_activate(activation);
    }
    if (!kind_of(h)->advance(h) && !h->idle_due) {
        return USB_NAK;
    }
    h->idle_due = false;
    plan_idle(h);
    return (int)kind_of(h)->current(h, data);
}

void hid_reset(USBDevice *d)
{
    USBHid *h = (USBHid *)d;

    h->idle = h->leds = 0;
    h->protocol = HID_REPORT;
    h->idle_due = false;
    h->count = h->first = h->downs = 0;
    h->now = (HidPointerEvent) { 0 };
    timer_del(h->idle_timer);
    input_deactivate(kind_of(h)->activation(h));
}

void hid_post_load(void *opaque)
{
    USBHid *h = opaque;

    usb_post_load(&h->usb);
    counted_lock(h->usb.bus->lock);
    h->count = MIN(h->count, (uint32_t)HID_QUEUE);
    h->first %= HID_QUEUE;
    h->downs = MIN(h->downs, (uint32_t)HID_DOWN_MAX);
    input_deactivate(kind_of(h)->activation(h));        /* until it is asked for a report again */
    plan_idle(h);
    counted_unlock(h->usb.bus->lock);
}

USBHid *hid_new(USBBus *bus, const DeviceClass *dev_class, const HidKind *kind)
{
    USBHid *h = usb_device_alloc(dev_class, &kind->usb, bus);

    h->idle_timer = timer_new(idle_ends, h);
    return h;
}

void hid_free(USBHid *h)
{
    timer_free(h->idle_timer);
    free(h);
}
