/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The USB devices there are, as the command line and the monitors ask for them, and the functions that make one each;
 * they are plugged in by usb_plug(). I/O thread, without the bus's lock.
 */
#ifndef HW_USB_USB_DEVICES_H
#define HW_USB_USB_DEVICES_H
#include "block/block.h"
#include "hw/usb/usb.h"

typedef enum USBKind { USB_KEYBOARD, USB_MOUSE, USB_TABLET, USB_HUB, USB_STORAGE, USB_KINDS } USBKind;

/* A device that is asked for. Its strings belong to it. */
typedef struct USBConfig {
    USBKind kind;
    char *id;                   /* NULL: none */
    char *port;                 /* NULL: any that is free */
    char *drive;                /* USB_STORAGE: its id */
    char *serial;               /* USB_STORAGE; NULL: a usual one */
    unsigned ports;             /* USB_HUB: 1 to USB_PORTS_MAX */
    bool removable;             /* USB_STORAGE: says that its medium can be taken out */
} USBConfig;

const char *usb_kind_name(USBKind kind);        /* "usb-kbd" */
const char *usb_kind_help(USBKind kind);
/* USB_KINDS: there is no such. */
USBKind usb_kind_find(const char *name);
/* The property number i of a kind: its name; NULL: there are no more. */
const char *usb_property(USBKind kind, unsigned i, const char **help);

void usb_config_init(USBConfig *c, USBKind kind);
/* NULL, or why not (g_free()). */
char *usb_config_set(USBConfig *c, const char *key, const char *value);
char *usb_config_check(const USBConfig *c);
void usb_config_clear(USBConfig *c);

/*
 * Make it and plug it in; its strings are taken. If no port is named and there is only one left, a hub goes there
 * first. NULL: *error is why not (g_free()), and *config is as before.
 */
USBDevice *usb_new(USBBus *bus, USBConfig *config, char **error);
/* By its id; NULL: there is none. */
USBDevice *usb_find_id(const USBBus *bus, const char *id);
/* NULL: it has none, or is no USB device. */
const char *usb_device_id(const Device *d);

/* The drive of a stick; NULL: it is another device. */
BlockBackend *usb_storage_drive(const Device *d);

/*
 * Drives that sticks may have: one is opened when a stick takes it, and stays open for the next one. hw/usb/drives.c.
 * `options` live for ever.
 */
void usb_drive_offer(const BlockOptions *options);
/* NULL: *error is why not (g_free()). */
BlockBackend *usb_drive_take(const char *id, char **error);
void usb_drive_give_back(BlockBackend *blk);
/* The id of a drive that no stick has, number i; NULL: there are no more. */
const char *usb_drive_free(unsigned i);

typedef struct USBHubConfig {
    unsigned ports;
    bool internal;              /* it is part of the controller */
} USBHubConfig;
USBDevice *usb_hub_new(USBBus *bus, const USBHubConfig *config);
/* Is the port connected to its socket? With the lock. */
void usb_hub_open_port(USBDevice *d, unsigned port, bool open);
USBDevice *usb_keyboard_new(USBBus *bus);
USBDevice *usb_mouse_new(USBBus *bus);
USBDevice *usb_tablet_new(USBBus *bus);
USBDevice *usb_storage_new(USBBus *bus, BlockBackend *blk, char *serial, bool removable);
#endif
