/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB inside the emulator (Universal Serial Bus Specification 2.0): a bus, whose owner is the host controller, and
 * devices in a tree of hubs. The controller sends tokens, one packet at a time, and a device answers each at once: with
 * data, ACK, NAK or STALL. A device that has said NAK tells by usb_wake() when it has more to say, so nobody polls.
 *
 * Lock: everything here is guarded by the bus's lock, which is the controller's; tokens come from CPU threads and the
 * I/O thread. Devices are plugged in and out on the I/O thread. Implemented in hw/usb/core.c, hw/usb/control.c and
 * hw/usb/hub.c (the tree).
 */
#ifndef HW_USB_USB_H
#define HW_USB_USB_H
#include <stdbool.h>
#include <stdint.h>
#include "hw/device.h"

typedef struct USBBus USBBus;
typedef struct USBDevice USBDevice;

typedef enum USBSpeed { USB_LOW, USB_FULL, USB_HIGH } USBSpeed;
typedef enum USBToken { USB_OUT, USB_IN, USB_SETUP } USBToken;
/* Answers to a token other than a number of bytes. SILENT: there is nobody who would answer. */
enum { USB_NAK = -1, USB_STALL = -2, USB_SILENT = -3 };

enum {
    USB_PACKET_MAX = 1024,
    USB_CONTROL_MAX = 512,      /* of a control transfer's data; a longer one is refused */
    USB_PATH_MAX = 24, USB_PORTS_MAX = 8, USB_DEPTH_MAX = 5,
    USB_ENDPOINTS = 16,
};

/* bmRequestType and bRequest, as request = type << 8 | request. */
typedef struct USBSetup {
    uint16_t request, value, index, length;
} USBSetup;
enum {
    USB_FROM_DEVICE = 0x8000, USB_FROM_INTERFACE = 0x8100, USB_FROM_ENDPOINT = 0x8200,
    USB_TO_DEVICE = 0x0000, USB_TO_INTERFACE = 0x0100, USB_TO_ENDPOINT = 0x0200,
    USB_CLASS = 0x2000,
    USB_GET_STATUS = 0, USB_CLEAR_FEATURE = 1, USB_SET_FEATURE = 3, USB_SET_ADDRESS = 5, USB_GET_DESCRIPTOR = 6,
    USB_GET_CONFIGURATION = 8, USB_SET_CONFIGURATION = 9, USB_GET_INTERFACE = 10, USB_SET_INTERFACE = 11,
};
enum {
    USB_DT_DEVICE = 1, USB_DT_CONFIG = 2, USB_DT_STRING = 3, USB_DT_INTERFACE = 4, USB_DT_ENDPOINT = 5,
    USB_DT_QUALIFIER = 6, USB_DT_HID = 0x21, USB_DT_REPORT = 0x22, USB_DT_HUB = 0x29,
    USB_ENDPOINT_TYPE = 3, USB_ENDPOINT_ISO = 1,
};
/* A 16-bit number in a descriptor. */
#define USB_LE16(v) (uint8_t)((v) & 0xff), (uint8_t)((v) >> 8)

enum { USB_STRINGS = 4 };

typedef struct USBDeviceClass {
    const char *product;        /* as "info usb" says it; string 2 */
    USBSpeed speed;
    const uint8_t *device;      /* its descriptor, 18 bytes; strings are 1: maker, 2: product, 3: serial number */
    const uint8_t *config;      /* the configuration with all that is in it; wTotalLength is right */
    /*
     * A request that hw/usb/control.c does not carry out itself: data from or to the device, `setup->length` bytes at
     * most; how many bytes there are to send, or USB_STALL. NULL: none.
     */
    int (*control)(USBDevice *d, const USBSetup *setup, uint8_t *data);
    /* Tokens for an endpoint other than 0 of the configuration: a packet of `room` or `len` bytes. NULL: NAK. */
    int (*in)(USBDevice *d, unsigned endpoint, uint8_t *data, unsigned room);
    int (*out)(USBDevice *d, unsigned endpoint, const uint8_t *data, unsigned len);
    /* Power-on, or a reset of the bus: the lock is held. NULL: nothing to do. */
    void (*reset)(USBDevice *d);
    /* It is out of its port, without the lock: give back what it has and free it. I/O thread. */
    void (*unplugged)(USBDevice *d);
    /* Of a hub: where the device is that hangs on a port, from 1; NULL: there is no such port. */
    USBDevice **(*port)(USBDevice *d, unsigned port);
    /* May packets pass the port? */
    bool (*port_enabled)(USBDevice *d, unsigned port);
    /* What hangs on the port is another one, or none. */
    void (*port_changed)(USBDevice *d, unsigned port);
} USBDeviceClass;

/* Where a control transfer is. */
typedef enum USBControlState {
    USB_CONTROL_IDLE, USB_CONTROL_IN, USB_CONTROL_OUT, USB_CONTROL_STATUS, USB_CONTROL_STALLED,
} USBControlState;

struct USBDevice {
    Device dev;                 /* its lock is not used: the bus's guards everything */
    const USBDeviceClass *class;        /* constant, like the next four */
    USBBus *bus;
    char *id;                   /* of -device; NULL: none. Its own, like the serial number */
    char *serial;               /* string 3; NULL: none */
    char path[USB_PATH_MAX];    /* its port, as in "2.1"; "": it is the bus's first one */
    char name[USB_PATH_MAX + 8];        /* as a Device: by its path, the same wherever its state is loaded */
    USBDevice *hub;             /* it hangs on; NULL: the bus's first one */
    unsigned port;              /* of the hub, from 1 */
    /* Saved: */
    uint8_t address, new_address;       /* new: from the end of the control transfer on */
    uint8_t configuration;      /* 0: none yet */
    uint32_t halted;            /* endpoints: bits 0-15 OUT, 16-31 IN */
    uint8_t setup[8], control[USB_CONTROL_MAX];
    uint32_t control_state, control_len, control_at;
};

#define USB_DEVICE_FIELDS(type) \
    DEVICE_FIELD(type, usb.address), DEVICE_FIELD(type, usb.new_address), DEVICE_FIELD(type, usb.configuration), \
    DEVICE_FIELD(type, usb.halted), DEVICE_ARRAY(type, usb.setup), DEVICE_ARRAY(type, usb.control), \
    DEVICE_FIELD(type, usb.control_state), DEVICE_FIELD(type, usb.control_len), DEVICE_FIELD(type, usb.control_at)

struct USBBus {
    CountedLock *lock;          /* constant, like the next three */
    void (*wake)(void *opaque); /* some device may have another answer now; perhaps inside of a token */
    void *opaque;
    USBDevice *root;            /* the device the controller sees: a hub */
    bool root_enabled;          /* packets pass the controller's port */
};

/* A device's struct, which begins with a USBDevice; not plugged in yet. I/O thread. */
void *usb_device_alloc(const DeviceClass *dev_class, const USBDeviceClass *class, USBBus *bus);
/* For DeviceClass: reset and post_load; a device that has more to load calls usb_post_load() for the rest. */
void usb_device_reset(void *opaque);
void usb_post_load(void *opaque);

/*
 * Plug it into the port "2.1", or into a free one (NULL). False: *error is a message (g_free()) and the device is as
 * before. I/O thread, without the lock. The first one of a bus is its root and has no port.
 */
bool usb_plug(USBDevice *d, const char *path, char **error);
void usb_plug_root(USBBus *bus, USBDevice *d);
/* Pull it out, what hangs on it first, and free it. I/O thread, without the lock. */
void usb_unplug(USBDevice *d);
/* All devices of the bus, each hub before what hangs on it; NULL at the end. I/O thread. */
USBDevice *usb_next(const USBBus *bus, const USBDevice *d);
/* How many ports there are that take a device without being named. */
unsigned usb_free_ports(const USBBus *bus);
const char *usb_speed_name(USBSpeed speed);     /* in Mb/s: "1.5", "12", "480" */

/* ---- with the lock ---- */

/* Who answers to that address; NULL: nobody that packets reach. */
USBDevice *usb_find(const USBBus *bus, unsigned address);
/*
 * One packet: `len` bytes of `data` for the device, or a packet of its into `data`, which has room for USB_PACKET_MAX
 * bytes. The number of bytes, or USB_NAK, USB_STALL, USB_SILENT.
 */
int usb_token(USBDevice *d, USBToken token, unsigned endpoint, uint8_t *data, unsigned len);
/* A reset that comes down its cable. */
void usb_bus_reset(USBDevice *d);
void usb_wake(USBDevice *d);
/* Does the endpoint answer STALL until the host clears that? */
bool usb_halted(const USBDevice *d, USBToken token, unsigned endpoint);
void usb_halt(USBDevice *d, USBToken token, unsigned endpoint);

/* ---- hw/usb/control.c ---- */

int usb_control_token(USBDevice *d, USBToken token, uint8_t *data, unsigned len);
/* The largest packet of an endpoint of the present configuration; 0: there is no such. */
unsigned usb_endpoint_packet(const USBDevice *d, USBToken token, unsigned endpoint);
/* Copy up to setup->length bytes; how many. */
int usb_reply(const USBSetup *setup, uint8_t *data, const void *from, unsigned len);
#endif
