/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "device-stubs.h"
#include "usb-driver.h"

enum { USBCMD = 0x20, CONFIGFLAG = 0x60, PORTSC1 = 0x64, HW_MODE = 0x300, SW_RESET = 0x30c, INTERRUPT_ENABLE = 0x314,
       BUFFER_STATUS = 0x334, MEMORY = 0x33c, OTG_CONTROL = 0x374 };
enum { LIST_INT = 0x800, LIST_ATL = 0xc00, DATA = 0x1000, DATA_STRIDE = 0x4000, SLOTS_WITH_DATA = 3 };

uint32_t usb_rd(uint32_t offset)
{
    return rd(USB_BASE + offset);
}

void usb_wr(uint32_t offset, uint32_t v)
{
    wr(USB_BASE + offset, v);
}

void usb_start(void)
{
    usb_wr(SW_RESET, 1);
    usb_wr(OTG_CONTROL, 0x80u << 16 | 0x18);
    usb_wr(HW_MODE, 0x101);
    usb_wr(INTERRUPT_ENABLE, 0x380);
    for (unsigned list = 0; list < 3; list++) {
        usb_wr(0x134 + 16 * list, ~0u);
        usb_wr(0x138 + 16 * list, 1u << 31);
        usb_wr(0x318 + 4 * list, ~0u);
    }
    usb_wr(USBCMD, 1);
    usb_wr(CONFIGFLAG, 1);
    usb_wr(BUFFER_STATUS, 7);
    usb_wr(PORTSC1, 0x1000);
    usb_wr(PORTSC1, 0x1100);
    usb_wr(PORTSC1, 0x1000);
}

static uint32_t map_of(const UsbTarget *t)
{
    return t->interrupt ? 0x140 : 0x150;
}

static uint32_t ptd_of(const UsbTarget *t, unsigned slot)
{
    return (t->interrupt ? LIST_INT : LIST_ATL) + slot * 32;
}

static uint32_t data_of(unsigned slot)
{
    return DATA + slot % SLOTS_WITH_DATA * DATA_STRIDE;
}

void usb_begin(const UsbTarget *t, unsigned slot, unsigned token, const void *data, unsigned len)
{
    bench_advance(t->interrupt ? 1000000 : 0);
    usb_begin_now(t, slot, token, data, len);
}

void usb_begin_now(const UsbTarget *t, unsigned slot, unsigned token, const void *data, unsigned len)
{
    const uint32_t at = ptd_of(t, slot);

    for (unsigned i = 0; token != TOKEN_IN && i < len; i += 4) {
        uint32_t v = 0;

        memcpy(&v, (const uint8_t *)data + i, len - i < 4 ? len - i : 4);
        usb_wr(data_of(slot) + i, v);
    }
    usb_wr(map_of(t) + 4, usb_rd(map_of(t) + 4) | 1u << slot);
    usb_wr(at + 4, t->endpoint >> 1 | t->address << 3 | token << 10 | (t->interrupt ? 3u << 12 : 0) |
           (t->hub ? 1u << 14 | (t->low ? 2u << 16 : 0) | t->port << 18 | t->hub << 25 : 0));
    usb_wr(at + 8, (data_of(slot) - 0x400) / 8 << 8);
    usb_wr(at + 12, 1u << 31 | 3u << 23);
    usb_wr(at + 16, t->interrupt ? 0xff : 0);
    usb_wr(at, 1 | len << 3 | t->packet << 18 | (t->endpoint & 1) << 31);
    usb_wr(map_of(t) + 4, usb_rd(map_of(t) + 4) & ~(1u << slot));
}

int usb_end(const UsbTarget *t, unsigned slot, void *data, unsigned room)
{
    uint32_t dw3, bytes;

    usb_wr(MEMORY, ptd_of(t, slot) + 12);
    dw3 = usb_rd(ptd_of(t, slot) + 12);
    if (dw3 >> 31) {
        usb_wr(map_of(t) + 4, usb_rd(map_of(t) + 4) | 1u << slot);
        return PTD_WAITS;
    }
    usb_rd(map_of(t));
    if (dw3 & 1u << 30) {
        return dw3 & 1u << 29 ? PTD_BABBLE : dw3 & 1u << 28 ? PTD_ERROR : PTD_STALLED;
    }
    bytes = dw3 & 0x7fff;
    usb_wr(MEMORY, data_of(slot));
    for (unsigned i = 0; i < bytes && i < room; i += 4) {
        const uint32_t v = usb_rd(data_of(slot) + i);

        memcpy((uint8_t *)data + i, &v, room - i < 4 ? room - i : 4);
    }
    return (int)bytes;
}

int usb_transfer(const UsbTarget *t, unsigned token, void *data, unsigned len)
{
    usb_begin(t, 0, token, data, len);
    return usb_end(t, 0, data, token == TOKEN_IN ? len : 0);
}

int usb_control(const UsbTarget *t, unsigned request, unsigned value, unsigned index, void *data, unsigned len)
{
    uint8_t setup[8] = { (uint8_t)(request >> 8), (uint8_t)request, (uint8_t)value, (uint8_t)(value >> 8),
                         (uint8_t)index, (uint8_t)(index >> 8), (uint8_t)len, (uint8_t)(len >> 8) };
    const bool in = request & 0x8000;
    int n = usb_transfer(t, TOKEN_SETUP, setup, sizeof(setup));

    if (n == sizeof(setup)) {
        n = len ? usb_transfer(t, in ? TOKEN_IN : TOKEN_OUT, data, len) : 0;
    }
    if (n >= 0) {
        const int status = usb_transfer(t, in && len ? TOKEN_OUT : TOKEN_IN, NULL, 0);

        n = status < 0 ? status : n;
    }
    return n;
}

bool usb_enumerate(const UsbTarget *hub, unsigned port, unsigned address, UsbTarget *t)
{
    uint8_t status[4], device[18];

    usb_control(hub, 0x2303, 8, port, NULL, 0);         /* power */
    usb_control(hub, 0x2303, 4, port, NULL, 0);         /* reset */
    if (usb_control(hub, 0xa300, 0, port, status, 4) != 4 || (status[0] & 3) != 3) {
        return false;
    }
    *t = (UsbTarget) { .packet = 8, .low = status[1] & 2 };
    if (status[1] & 4) {
        t->packet = 64;
    } else {
        t->hub = hub->address;
        t->port = port;
    }
    if (usb_control(t, 0x8006, 0x100, 0, device, 18) != 18 || usb_control(t, 0x0005, address, 0, NULL, 0)) {
        return false;
    }
    t->address = address;
    return !usb_control(t, 0x0009, 1, 0, NULL, 0);
}
