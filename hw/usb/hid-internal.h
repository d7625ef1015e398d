/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of keyboard, mouse and tablet share (Device Class Definition for HID 1.11). hid.c: requests, reports
 * on time; hid-keyboard.c, hid-pointer.c: what is typed and pointed at, and how a report says it. With the bus's lock.
 */
#ifndef HW_USB_HID_INTERNAL_H
#define HW_USB_HID_INTERNAL_H
#include "hw/usb/usb.h"
#include "qemu/timer.h"
#include "ui/input.h"

enum { HID_REPORT_MAX = 8, HID_QUEUE = 64, HID_KEYS = 6, HID_DOWN_MAX = 32 };
enum { HID_BOOT, HID_REPORT };          /* protocols */

/* Movement that has gathered while the buttons were so, or where the pointer is. */
typedef struct HidPointerEvent {
    int dx, dy, dz;
    unsigned x, y, buttons;
} HidPointerEvent;

typedef struct USBHid {
    USBDevice usb;
    QTimer *idle_timer;         /* constant */
    /* The input core's end; I/O thread, but for `activation`. */
    InputKeyboard input_keyboard;
    InputMouse input_mouse;
    /* Saved: */
    uint8_t idle;               /* a report at least so often, in 4 ms; 0: only if there is news */
    uint8_t protocol, leds;
    bool idle_due;
    uint32_t count, first;      /* in the queue, a ring */
    /* Of a keyboard: usage codes, and 0x100 for a release; what is down by what was reported. */
    uint16_t key[HID_QUEUE];
    uint8_t down[HID_DOWN_MAX];
    uint32_t downs;
    /* Of a pointer. */
    HidPointerEvent event[HID_QUEUE], now;
} USBHid;

/* A kind of these devices. */
typedef struct HidKind {
    USBDeviceClass usb;
    const uint8_t *report;      /* its report's descriptor */
    unsigned report_len;
    /* Take what comes next out of the queue; false: it is empty. */
    bool (*advance)(USBHid *h);
    /* The report as it is now; its length. */
    unsigned (*current)(USBHid *h, uint8_t *data);
    /* It gets what is typed, or pointed at, from now on; and: no longer. */
    uint64_t *(*activation)(USBHid *h);
} HidKind;

#define HID_DEVICE { \
    18, USB_DT_DEVICE, USB_LE16(0x0200), 0, 0, 0, 8, USB_LE16(0x0627), USB_LE16(0x0001), USB_LE16(0x0100), 1, 2, 3, 1, \
}
/* subclass 1: it has a boot protocol; protocol 1: keyboard, 2: mouse. interval: in ms. */
#define HID_CONFIG(subclass, protocol, report, packet, interval) { \
    9, USB_DT_CONFIG, USB_LE16(9 + 9 + 9 + 7), 1, 1, 0, 0x80, 50, \
    9, USB_DT_INTERFACE, 0, 0, 1, 3, (subclass), (protocol), 0, \
    9, USB_DT_HID, USB_LE16(0x0111), 0, 1, USB_DT_REPORT, USB_LE16(sizeof(report)), \
    7, USB_DT_ENDPOINT, 0x81, 3, USB_LE16(packet), (interval), \
}

int hid_control(USBDevice *d, const USBSetup *setup, uint8_t *data);
int hid_in(USBDevice *d, unsigned endpoint, uint8_t *data, unsigned room);
void hid_reset(USBDevice *d);
void hid_post_load(void *opaque);
USBHid *hid_new(USBBus *bus, const DeviceClass *dev_class, const HidKind *kind);
/* Pulled out, after it has left the input core. */
void hid_free(USBHid *h);

#define HID_FIELDS \
    USB_DEVICE_FIELDS(USBHid), DEVICE_FIELD(USBHid, idle), DEVICE_FIELD(USBHid, protocol), DEVICE_FIELD(USBHid, leds), \
    DEVICE_FIELD(USBHid, idle_due), DEVICE_FIELD(USBHid, count), DEVICE_FIELD(USBHid, first)
#endif
