/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the queues of virtual input devices, balloon, graphics card and shared folder. Drivers are set up; the
 * bytes then choose chains of descriptors, whose buffers have commands of the device that mostly fit together, changed
 * words among them, and now and then break the rings themselves. What is not RAM stays as it was, and a device that was
 * broken works after a reset.
 *
 * The transport and devices are the real ones (libpqemu), on a board of their own; tests/unit/fake-*.c stand in for
 * clock, I/O thread and DMA.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chardev/char.h"
#include "exec/memory.h"
#include "hw/9p/p9-internal.h"
#include "hw/device.h"
#include "hw/virtio/balloon.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "tests/fuzz/target.h"
#include "tests/unit/fake-io.h"
#include "ui/console.h"
#include "ui/input.h"

const size_t fuzz_max_input = 1024;

enum { RAM_SIZE = 256 << 10, QUEUE_SIZE = 8, BASE = 0x10090000, QUEUES_MAX = 3, BUFFERS = 0x10000, BUFFER = 0x1000 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { CARD, KEYBOARD, TABLET, BALLOON, FOLDER, DEVICES };

static const struct {
    uint32_t id;
    unsigned queues;
    uint32_t features;
} kinds[DEVICES] = {
    [CARD] = { 16, 2, 2 }, [KEYBOARD] = { 18, 2, 0 }, [TABLET] = { 18, 2, 0 }, [BALLOON] = { 5, 3, 0x20 },
    [FOLDER] = { 9, 1, 1 },
};

static uint8_t *ram;
static uint16_t available[QUEUES_MAX];
static IRQLine line;
static char folder[64];

/* ---- what surrounds the devices ---- */

void cpu_interrupt(int cpu, int line, int level) { }
int cpu_current_index(void) { return 0; }
bool cpu_wait_begin(void) { return false; }
void cpu_wait_end(bool token) { }

bool qemu_system_is_resetting(void) { return false; }
void qemu_system_reset_request(void) { }

/* There are no consoles here. */
void chardev_attach(Chardev *chr, const CharFrontend *fe) { }
void chardev_write(Chardev *chr, const uint8_t *buf, int len) { }
bool chardev_full(Chardev *chr) { return false; }
void chardev_accept_input(Chardev *chr) { }

void warn_report(const char *fmt, ...) { }
void error_report(const char *fmt, ...) { }

void error_exit(const char *fmt, ...)
{
    abort();
}

/* ---- a driver ---- */

static uint32_t registers(unsigned device) { return BASE + device * VIRTIO_MMIO_SIZE; }
static void wr(unsigned device, uint32_t at, uint32_t v) { mmio_write(registers(device) + at, v, 4, 0); }
static uint32_t rd(unsigned device, uint32_t at) { return mmio_read(registers(device) + at, 4, 0); }
static uint32_t desc_at(unsigned queue) { return 0x1000 * (queue + 1); }
static uint32_t avail_at(unsigned queue) { return desc_at(queue) + 0x400; }
static uint32_t used_at(unsigned queue) { return desc_at(queue) + 0x800; }
static void put16(uint32_t at, uint16_t v) { memcpy(ram + at, &v, 2); }
static void put32(uint32_t at, uint32_t v) { memcpy(ram + at, &v, 4); }

static void start(unsigned device)
{
    wr(device, 0x70, 0);
    fake_io_run();
    memset(available, 0, sizeof(available));
    memset(ram, 0, RAM_SIZE);
    wr(device, 0x70, 3);
    wr(device, 0x24, 0);
    wr(device, 0x20, kinds[device].features | 1u << 28);
    wr(device, 0x24, 1);
    wr(device, 0x20, 1);
    wr(device, 0x70, 11);
    for (unsigned n = 0; n < kinds[device].queues; n++) {
        wr(device, 0x30, n);
        wr(device, 0x38, QUEUE_SIZE);
        wr(device, 0x80, desc_at(n));
        wr(device, 0x90, avail_at(n));
        wr(device, 0xa0, used_at(n));
        wr(device, 0x44, 1);
    }
    wr(device, 0x70, 15);
    fake_io_run();
}

/* ---- out of bytes ---- */

typedef struct Input {
    const uint8_t *data;
    size_t size;
} Input;

static uint8_t byte(Input *in)
{
    return in->size ? in->size--, *in->data++ : 0;
}

/* Small numbers mostly; places in RAM; anything. */
static uint32_t word(Input *in)
{
    const uint8_t how = byte(in);

    switch (how >> 6) {
    case 0:
    case 1:
        return how & 0x3f;
    case 2:
        return BUFFERS + (how & 0x1fu) * 0x400u;
    default:
        return ((uint32_t)byte(in) << 24 | (uint32_t)byte(in) << 16) >> (how & 0x1f) | (uint32_t)byte(in);
    }
}

/*
 * Commands of the card and their words: i a resource, f a format, d a side of it, r a rectangle (4), s an output, o an
 * offset, z zero.
 */
static const struct { uint32_t type; const char *words; } commands[] = {
    { 0x100, "" }, { 0x101, "ifdd" }, { 0x102, "iz" }, { 0x103, "rsi" }, { 0x104, "riz" }, { 0x105, "roziz" },
    { 0x106, "i" }, { 0x107, "iz" }, { 0x10a, "sz" }, { 0x300, "sdozizzz" }, { 0x301, "sdozzzzz" },
};

static uint32_t card_word(char letter, Input *in)
{
    static const uint32_t formats[] = { 1, 2, 3, 4, 67, 68, 121, 134 };
    const uint8_t value = byte(in);

    if (value % 32 == 31) {
        return word(in);
    }
    switch (letter) {
    case 'i':
        return value & 3;
    case 'f':
        return formats[value % G_N_ELEMENTS(formats)];
    case 'd':
        return value & 8 ? 64 : value >> 4;
    case 's':
        return value & 1;
    case 'o':
        return value * 8u;
    default:
        return 0;
    }
}

/* Left upper corner and size, small enough to be in a picture now and then. */
static uint32_t put_rectangle(Input *in, uint32_t at)
{
    const uint8_t value = byte(in);
    const uint32_t side = value & 64 ? 64 : 8;

    put32(at, value & 3);
    put32(at + 4, value >> 2 & 3);
    put32(at + 8, value & 16 ? word(in) : side - (value & 3));
    put32(at + 12, value & 32 ? word(in) : value & 128 ? 1 : side - (value >> 2 & 3));
    return at + 16;
}

static uint32_t card_command(Input *in, uint32_t from)
{
    const unsigned n = byte(in) % G_N_ELEMENTS(commands);
    uint32_t at = from + 24;

    put32(from, commands[n].type);
    put32(from + 4, byte(in) & 1);
    for (const char *letter = commands[n].words; *letter; letter++) {
        if (*letter == 'r') {
            at = put_rectangle(in, at);
        } else {
            put32(at, card_word(*letter, in));
            at += 4;
        }
    }
    if (commands[n].type == 0x106) {
        const uint32_t count = byte(in) % 5;

        put32(at, byte(in) % 16 == 15 ? word(in) : count);
        at += 4;
        for (uint32_t i = 0; i < count; i++, at += 16) {
            put32(at, byte(in) * 0x400u);
            put32(at + 4, byte(in) % 32 == 31);
            put32(at + 8, byte(in) * 0x80u);
            put32(at + 12, 0);
        }
    }
    return at - from;
}

/* A message: small fields, as 9P has them. */
static uint32_t folder_message(Input *in, uint32_t at)
{
    static const uint8_t types[] = { 12, 14, 24, 26, 30, 40, 72, 76, 100, 104, 110, 116, 118, 120 };
    const uint32_t bytes = P9_HEADER + byte(in) % 64;

    for (uint32_t i = P9_HEADER; i < bytes; i++) {
        ram[at + i] = byte(in);
    }
    put32(at, bytes);
    ram[at + 4] = types[byte(in) % sizeof(types)];
    put16(at + 5, 1);
    return bytes;
}

static uint32_t fill(unsigned device, Input *in, uint32_t at)
{
    if (device == CARD) {
        return card_command(in, at);
    }
    if (device == FOLDER) {
        return folder_message(in, at);
    }
    for (unsigned i = 0; i < 8; i++) {
        put32(at + 4 * i, word(in));
    }
    return 4 + (byte(in) & 31);
}

static void notify(unsigned device, unsigned queue)
{
    wr(device, 0x50, queue);
    fake_io_run();
}

/* What is wrong with one chain of eight or so. */
enum { TWIST_ONLY_ROOM = 1, TWIST_LITTLE_ROOM, TWIST_TABLE, TWIST_HEAD, TWIST_INDEX, TWISTS = 48 };

/* A chain: what is to be read, and room for the answer. */
static void chain(unsigned device, unsigned queue, Input *in)
{
    const unsigned twist = byte(in) % TWISTS, first = available[queue] % QUEUE_SIZE, second = (first + 1) % QUEUE_SIZE;
    const uint32_t at = BUFFERS + BUFFER * first, bytes = fill(device, in, at), table = desc_at(queue);
    const bool only_room = twist == TWIST_ONLY_ROOM || ((device == KEYBOARD || device == TABLET) && !queue) ||
                           (device == BALLOON && queue == 2);

    memset(ram + table + 16 * first, 0, 16);
    memset(ram + table + 16 * second, 0, 16);
    put32(table + 16 * first, at);
    put32(table + 16 * first + 8, only_room ? BUFFER : bytes);
    put16(table + 16 * first + 12, only_room ? DESC_WRITE : DESC_NEXT);
    put16(table + 16 * first + 14, (uint16_t)second);
    put32(table + 16 * second, at + BUFFER / 2);
    put32(table + 16 * second + 8, twist == TWIST_LITTLE_ROOM ? byte(in) : BUFFER / 2);
    put16(table + 16 * second + 12, DESC_WRITE);
    if (twist == TWIST_TABLE) {
        const uint32_t where = byte(in) % (16 * QUEUE_SIZE);

        ram[table + where] = byte(in);
    }
    put16(avail_at(queue) + 4 + 2 * first, (uint16_t)(twist == TWIST_HEAD ? byte(in) : first));
    available[queue] = (uint16_t)(available[queue] + (twist == TWIST_INDEX ? byte(in) : 1));
    put16(avail_at(queue) + 2, available[queue]);
    notify(device, queue);
}

/* A command as drivers give it: what a driver has before it goes wrong. */
static void card_send(unsigned count, const uint32_t *words)
{
    const unsigned first = available[0] % QUEUE_SIZE;

    memset(ram + BUFFERS, 0, BUFFER);
    memcpy(ram + BUFFERS, words, 4);
    memcpy(ram + BUFFERS + 24, words + 1, 4 * (count - 1));
    memset(ram + desc_at(0) + 16 * first, 0, 16);
    put32(desc_at(0) + 16 * first, BUFFERS);
    put32(desc_at(0) + 16 * first + 8, 24 + 4 * (count - 1));
    put16(avail_at(0) + 4 + 2 * first, (uint16_t)first);
    put16(avail_at(0) + 2, ++available[0]);
    notify(CARD, 0);
}
#define CARD_SEND(...) card_send(sizeof((uint32_t[]) { __VA_ARGS__ }) / 4, (uint32_t[]) { __VA_ARGS__ })

static void card_begin(void)
{
    CARD_SEND(0x101, 1, 2, 8, 8);
    CARD_SEND(0x106, 1, 2, BUFFERS, 0, 0x90, 0, BUFFERS + BUFFER, 0, 0x70, 0);
    CARD_SEND(0x101, 2, 1, 64, 64);
    CARD_SEND(0x106, 2, 1, BUFFERS, 0, 0x4000, 0);
    CARD_SEND(0x103, 0, 0, 8, 8, 0, 1);
}

static void other(unsigned device, Input *in)
{
    const uint8_t how = byte(in), value = byte(in);

    switch (how % 8) {
    case 0:
        start(device);
        break;
    case 1:
        input_key((InputKey)(value % KEY_COUNT), how & 8);
        break;
    case 2:
        input_point(value, byte(in), 256, 256);
        input_buttons(value & 31);
        break;
    case 3:
        balloon_set_target((uint64_t)value << 10);
        break;
    case 4:
        console_ask_size(console_screen(0), value * 8, byte(in) * 8);
        break;
    case 5:
        wr(device, 0x100 + (how & 0xf8), word(in));
        break;
    case 6:
        wr(device, 0x64, 3);
        break;
    default:
        console_refresh(console_screen(value & 1));
        break;
    }
    fake_io_run();
}

static void at_end(void)
{
    rmdir(folder);
}

void fuzz_init(void)
{
    static const P9Share share = { .path = folder, .security = P9_NONE, .readonly = true };
    char *err = NULL;

    strcpy(folder, "/tmp/fuzz-virtio-XXXXXX");
    ram = calloc(1, RAM_SIZE);
    if (!ram || !mkdtemp(folder) || !log_set_file("/dev/null")) {
        abort();
    }
    atexit(at_end);
    memory_add_ram(0, RAM_SIZE, ram, "ram");

    VirtIOConfig configs[DEVICES] = {
        [CARD] = { .kind = VIRTIO_GPU, .id = "card", .xres = 64, .yres = 48, .max_outputs = 2,
                   .max_hostmem = 1 << 20, .edid = true },
        [KEYBOARD] = { .kind = VIRTIO_KEYBOARD }, [TABLET] = { .kind = VIRTIO_TABLET },
        [BALLOON] = { .kind = VIRTIO_BALLOON, .report_free = true },
        [FOLDER] = { .kind = VIRTIO_9P, .tag = "t", .p9 = p9_server_new(&share, &err) },
    };
    static const char *const names[DEVICES] = { "card", "keyboard", "tablet", "balloon", "folder" };

    for (unsigned i = 0; i < DEVICES; i++) {
        virtio_mmio_create(registers(i), names[i], &configs[i], false, &line);
    }
}

/* The server's thread answers when it likes: wait for it. */
static void settle(void)
{
    devices_pre_save();
    fake_io_run();
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    Input in = { data, MIN(size, fuzz_max_input) };
    const unsigned device = byte(&in) % DEVICES;
    const char *problem = NULL;

    start(device);
    if (device == CARD && byte(&in) % 4) {
        card_begin();
    }
    while (in.size) {
        const uint8_t what = byte(&in);

        if (what % 8 == 7) {
            other(device, &in);
        } else {
            chain(device, what % kinds[device].queues, &in);
        }
    }
    console_refresh(console_screen(0));
    console_refresh(console_screen(1));
    settle();
    start(device);
    if (rd(device, 8) != kinds[device].id || (rd(device, 0x70) & 0x40)) {
        problem = "a device is not as new after a reset";
    }
    settle();
    return problem;
}
