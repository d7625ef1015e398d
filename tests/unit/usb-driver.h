/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small driver of the ISP1761 for tests: starts it, and carries out transfers by PTDs of its own. */
#ifndef TESTS_UNIT_USB_DRIVER_H
#define TESTS_UNIT_USB_DRIVER_H
#include <stdbool.h>
#include <stdint.h>

enum { USB_BASE = 0x4f000000 };
enum { TOKEN_OUT, TOKEN_IN, TOKEN_SETUP };
/* How a transfer ended; else the number of bytes that were moved. */
enum { PTD_WAITS = -1, PTD_STALLED = -2, PTD_ERROR = -3, PTD_BABBLE = -4 };

/* Whom a transfer is for. hub, port: of the translator; 0: the device has high speed. */
typedef struct UsbTarget {
    unsigned address, endpoint, packet, hub, port;
    bool low, interrupt;
} UsbTarget;

uint32_t usb_rd(uint32_t offset);
void usb_wr(uint32_t offset, uint32_t v);
/* Reset the chip, power and reset its port, set the maps. The hub in it then has address 0. */
void usb_start(void);
/* Write a PTD into a slot and let it go; data lie at a place of the slot's own. */
void usb_begin(const UsbTarget *t, unsigned slot, unsigned token, const void *data, unsigned len);
/* The same in the frame of the last one; else a new frame begins before an interrupt transfer. */
void usb_begin_now(const UsbTarget *t, unsigned slot, unsigned token, const void *data, unsigned len);
/* How it ended, and what it brought; one that waits is skipped from now on. */
int usb_end(const UsbTarget *t, unsigned slot, void *data, unsigned room);
int usb_transfer(const UsbTarget *t, unsigned token, void *data, unsigned len);
/* A control transfer; request as in hw/usb/usb.h. */
int usb_control(const UsbTarget *t, unsigned request, unsigned value, unsigned index, void *data, unsigned len);
/* Enumerate what hangs on the hub's port: reset, address, configuration 1. *t says how to reach it from then on. */
bool usb_enumerate(const UsbTarget *hub, unsigned port, unsigned address, UsbTarget *t);
#endif
