/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the USB controller with one device of each kind. An input is a list of steps: transfers to devices that
 * are there, to others and by wrong ways; requests of endpoint 0; SCSI commands; words for any register and the chip's
 * memory; input, time, the drive's answers, devices that go and come.
 *
 * Each input begins with all devices addressed and configured, so that few steps reach far.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/usb/isp1761.h"
#include "hw/usb/usb-devices.h"
#include "qemu/log.h"
#include "tests/fuzz/target.h"
#include "tests/unit/fake-block.h"
#include "tests/unit/fake-clock.h"
#include "ui/input.h"

enum { BASE = 0x4f000000, SIZE = 0x20000, DISK_SIZE = 256 << 10, STEP_BYTES = 8, MAX_STEPS = 256, MAX_FIRES = 200 };
enum { LIST_ISO, LIST_INT, LIST_ATL, DATA = 0x1000, POWER = 8, RESET = 4, STORAGE_ADDRESS = USB_STORAGE + 2 };
enum { DO_TRANSFER, DO_REQUEST, DO_COMMAND, DO_REGISTER, DO_MEMORY, DO_READ, DO_OTHER, DO_OFTEN };

const size_t fuzz_max_input = STEP_BYTES * MAX_STEPS;

static USBBus *bus;
static BlockBackend *disk;
static const char *error;
static bool line_up;

static void line_set(void *opaque, int n, int level)
{
    line_up = level;
}

static void put(uint32_t offset, uint32_t v)
{
    mmio_write(BASE + offset, v, 4, 0);
}

/* ---- what is plugged in ---- */

static void plug(USBKind kind)
{
    USBConfig config;
    char *problem = NULL;

    usb_config_init(&config, kind);
    if (kind == USB_STORAGE) {
        usb_config_set(&config, "drive", "disk");
        usb_config_set(&config, "removable", "on");
    }
    if (!usb_new(bus, &config, &problem)) {
        usb_config_clear(&config);
        g_free(problem);
    }
}

static USBDevice *device_number(unsigned n)
{
    USBDevice *d = usb_next(bus, usb_next(bus, NULL));

    while (d && n--) {
        d = usb_next(bus, d);
    }
    return d;
}

static void unplug_all(void)
{
    USBDevice *d;

    while ((d = device_number(0)) != NULL) {
        usb_unplug(d);
    }
    fake_block_run(disk);
}

/* Power, reset, address, configuration: as a driver leaves them. */
static void enumerate(void)
{
    uint8_t address = 1;

    for (USBDevice *d = usb_next(bus, NULL); d; d = usb_next(bus, d)) {
        uint8_t data[USB_CONTROL_MAX];

        for (uint16_t port = 1; d->class->port && d->class->port(d, port); port++) {
            d->class->control(d, &(USBSetup) { 0x2303, POWER, port, 0 }, data);
            d->class->control(d, &(USBSetup) { 0x2303, RESET, port, 0 }, data);
        }
        d->address = address++;
        d->configuration = 1;
    }
}

static void start(void)
{
    qemu_devices_reset();
    put(0x374, 0x80u << 16);
    put(0x300, 0x101);
    put(0x314, 0x7ff);
    for (unsigned list = 0; list < 3; list++) {
        put(0x134 + 16 * list, ~0u);
        put(0x138 + 16 * list, 1u << 31);
        put(0x318 + 4 * list, ~0u);
    }
    put(0x20, 1);
    put(0x60, 1);
    put(0x334, 7);
    put(0x64, 0x1000);
    put(0x64, 0x1100);
    put(0x64, 0x1000);
    enumerate();
}

/* ---- steps ---- */

typedef struct Ptd {
    unsigned list, slot, address, endpoint, token, length, packet;
    bool odd;                   /* by a way that leads nowhere, perhaps */
    uint32_t more;              /* of the third word */
} Ptd;

static void transfer(const Ptd *p)
{
    const uint32_t at = 0x400 * (1 + p->list) + 32 * p->slot, map = 0x130 + 16 * p->list;
    const USBDevice *d = usb_find(bus, p->address);
    uint32_t way = 0;

    if (p->odd) {
        way = p->more & ~0x3fffu;
    } else if (d && d->hub && d->class->speed != USB_HIGH) {
        way = 1u << 14 | (d->class->speed == USB_LOW ? 2u << 16 : 0) | d->port << 18 | (uint32_t)d->hub->address << 25;
    }
    put(map + 4, ~0u);
    put(at + 4, p->endpoint >> 1 | p->address << 3 | p->token << 10 | way);
    put(at + 8, (p->odd ? p->more : (DATA - 0x400) / 8) << 8 | (p->odd ? p->more & 15 : 0) << 25);
    put(at + 12, 1u << 31 | 3u << 23 | (p->odd ? p->more & 0xf87fff : 0));
    put(at + 16, 0xff);
    put(at, 1 | p->length << 3 | p->packet << 18 | (p->endpoint & 1) << 31);
    put(map + 4, ~(1u << p->slot));
    fake_clock_advance(p->list == LIST_INT ? 1000000 : 0, MAX_FIRES);
}

static Ptd ptd_for(unsigned address, unsigned endpoint, unsigned token, unsigned length)
{
    return (Ptd) { .list = LIST_ATL, .address = address, .endpoint = endpoint, .token = token, .length = length,
                   .packet = endpoint && address == STORAGE_ADDRESS ? 512 : endpoint ? 8 : 64 };
}

static void do_transfer(const uint8_t *p, uint32_t value)
{
    Ptd t = ptd_for(p[1] & 15, p[2] & 3, p[2] >> 2 & 3, value & 0x7fff);

    t.list = p[2] & 0x10 ? p[2] >> 5 & 1 : LIST_ATL;
    t.slot = p[3] & 31;
    t.odd = p[2] & 0x40;
    t.more = value;
    t.packet = t.odd ? value >> 16 & 0x7ff : t.packet;
    transfer(&t);
}

/* A whole control transfer of a request that some device has, or not. */
static void do_request(const uint8_t *p, uint32_t value)
{
    static const uint16_t types[] = { 0x8000, 0x8100, 0x8200, 0x0000, 0x0100, 0x0200, 0xa000, 0xa100, 0xa300, 0x2000,
                                      0x2100, 0x2300, 0xc000, 0x4000, 0xffff, 0x2200 };
    const uint16_t type = types[p[2] & 15];
    const unsigned address = p[1] & 15, length = p[3];
    Ptd t = ptd_for(address, 0, 2, 8);

    put(DATA, type >> 8 | (p[2] >> 4) << 8 | (value & 0xffff) << 16);
    put(DATA + 4, (value >> 16) | length << 16);
    transfer(&t);
    t = ptd_for(address, 0, type & 0x8000 ? 1 : 0, length);
    transfer(&t);
    t = ptd_for(address, 0, type & 0x8000 ? 0 : 1, 0);
    transfer(&t);
}

/* A SCSI command with about as much data as it is about, and its status. */
static void do_command(const uint8_t *p, uint32_t value)
{
    const uint32_t count = p[2] & 63, length = p[3] & 0x80 ? value & 0xffff : count * 512;
    const uint8_t cdb[16] = { p[1], p[3] & 0x1f, 0, 0, (uint8_t)(value >> 8), (uint8_t)value, 0, 0, (uint8_t)count };
    uint8_t cbw[32] = { 'U', 'S', 'B', 'C', 1, 2, 3, 4, (uint8_t)length, (uint8_t)(length >> 8), 0, 0,
                        p[3] & 0x40 ? 0x80 : 0, p[3] & 0x20 ? 1 : 0, 16 };

    memcpy(cbw + 15, cdb, sizeof(cdb));
    for (unsigned i = 0; i < sizeof(cbw); i += 4) {
        uint32_t word;

        memcpy(&word, cbw + i, 4);
        put(DATA + i, word);
    }
    const Ptd steps[] = {
        ptd_for(STORAGE_ADDRESS, 2, 0, 31), ptd_for(STORAGE_ADDRESS, p[3] & 0x40 ? 1 : 2, p[3] & 0x40 ? 1 : 0, length),
        ptd_for(STORAGE_ADDRESS, 1, 1, 13), ptd_for(STORAGE_ADDRESS, 1, 1, 13),
    };
    for (unsigned i = value >> 31 && !length; i < G_N_ELEMENTS(steps); i++) {
        transfer(&steps[i]);
        for (unsigned n = 0; n < 64 && fake_block_run(disk); n++) { }
        for (unsigned d = 0; d < USB_KINDS + 1; d++) {
            USBDevice *stick = device_number(d);

            /* A driver clears what is halted. */
            if (stick && stick->address == STORAGE_ADDRESS) {
                stick->halted = 0;
            }
        }
    }
}

static void do_other(const uint8_t *p, uint32_t value)
{
    USBDevice *d;

    switch (p[1] & 7) {
    case 0:
        fake_clock_advance((int64_t)value << (p[2] & 15), MAX_FIRES);
        break;
    case 1:
        input_key((InputKey)(value % KEY_COUNT), value >> 16 & 1);
        input_move((int8_t)value, (int8_t)(value >> 8), (int8_t)(value >> 16));
        break;
    case 2:
        input_point((int16_t)value, (int16_t)(value >> 16), 640, 480);
        input_buttons(p[2]);
        break;
    case 3:
        fake_block_fail(disk, value & 1 ? -5 : 0);
        break;
    case 4:
        fake_block_run(disk);
        fake_block_change(disk, value & 1);
        break;
    case 5:
        d = device_number(p[2] & 7);
        if (d) {
            usb_unplug(d);
        }
        break;
    case 6:
        plug(p[2] % USB_KINDS);
        enumerate();
        break;
    default:
        fake_block_run(disk);
        break;
    }
}

static void step(const uint8_t *p)
{
    const uint32_t offset = p[2] | (uint32_t)p[3] << 8;
    uint32_t value;

    memcpy(&value, p + 4, 4);
    switch (p[0] & 7) {
    case DO_TRANSFER:
        do_transfer(p, value);
        break;
    case DO_REQUEST:
        do_request(p, value);
        break;
    case DO_COMMAND:
        do_command(p, value);
        break;
    case DO_REGISTER:
        mmio_write(BASE + (offset & 0x3fc), value, 4, 0);
        break;
    case DO_MEMORY:
        mmio_write(BASE + offset, value, 1u << p[1] % 3, 0);
        break;
    case DO_READ:
        mmio_read(BASE + (value & (SIZE - 1)), 1u << p[1] % 3, 0);
        break;
    case DO_OTHER:
        do_other(p, value);
        break;
    case DO_OFTEN:              /* a PTD becomes valid with what the memory has */
        put(0x134 + 16 * (p[1] % 3), 0);
        put(0x400 * (1 + p[1] % 3) + 32 * (p[2] & 31), value | 1);
        break;
    }
}

void fuzz_init(void)
{
    static const BlockOptions options = { .id = "disk" };
    static IRQLine line;

    if (!log_set_file("/dev/null")) {
        abort();
    }
    irq_init(&line, line_set, NULL, 0);
    bus = isp1761_create(BASE, SIZE, "usb", &line);
    disk = fake_block_new(DISK_SIZE, false);
    usb_drive_offer(&options);
    fake_block_open_next(disk);
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    size = MIN(size, fuzz_max_input);
    error = NULL;
    fake_block_fail(disk, 0);
    fake_clock_reset();
    unplug_all();
    fake_block_change(disk, true);
    for (USBKind kind = 0; kind < USB_KINDS; kind++) {
        plug(kind);
    }
    start();
    for (; size >= STEP_BYTES; size -= STEP_BYTES, data += STEP_BYTES) {
        step(data);
    }
    fake_block_run(disk);
    fake_clock_advance(1000000000, MAX_FIRES);
    put(0x300, 0);
    if (line_up) {
        error = "an interrupt while they are switched off";
    }
    return error;
}
