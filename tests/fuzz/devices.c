/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the whole board. An input is a list of steps: register reads and writes of 1, 2 and 4 bytes by any CPU
 * at any offset of any device or of nothing, words put into RAM, characters for the serial lines, steps of time,
 * resets.
 *
 * The board and the memory map are the real ones (libpqemu); tests/unit/fake-*.c and this file stand in for what
 * surrounds them: the card's image, the clock, which stands still between steps, timers, CPUs, character devices, DMA
 * into RAM.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chardev/char.h"
#include "exec/memory.h"
#include "hw/boards.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "tests/fuzz/target.h"
#include "tests/unit/fake-block.h"
#include "tests/unit/fake-clock.h"
#include "tests/unit/fake-io.h"
#include "tests/unit/fake-net.h"
#include "ui/console.h"
#include "ui/input.h"

enum {
    RAM_SIZE = 1 << 20, CARD_SIZE = 1 << 20, FLASH_SIZE = 64 << 20, MAX_FIRES = 200, SERIAL = 4, LINES = SERIAL + 2,
    STEP_BYTES = 8, MAX_STEPS = 512,
};

/* The first byte of a step: what to do, and bits for the access. The second: which region. */
enum { DO_WRITE, DO_READ, DO_OTHER, DO_WRITE_SMALL };
enum { OTHER_TIME, OTHER_RESET, OTHER_RAM, OTHER_INPUT, OTHER_BREAK, OTHER_ANY_READ, OTHER_ANY_WRITE, OTHER_LOG };

const size_t fuzz_max_input = STEP_BYTES * MAX_STEPS;

static uint8_t *ram;
static BlockBackend *card, *flash, *disk, *compact;
static NetBackend *network;
static bool reset_wanted;
static const char *error;

/* ---- CPUs and run state ---- */

void cpu_interrupt(int cpu, int line, int level)
{
    if (cpu < 0 || cpu >= ARM_MAX_CPUS || (line != 0 && line != 1)) {
        error = "an interrupt for no CPU";
    }
}

int cpu_current_index(void)
{
    return 0;
}

bool cpu_wait_begin(void)
{
    return false;
}

void cpu_wait_end(bool token)
{
}

bool qemu_system_is_resetting(void)
{
    return false;
}

void qemu_system_watchdog_request(void)
{
    reset_wanted = true;
}

void qemu_system_reset_request(void)
{
    reset_wanted = true;
}

/* ---- messages ---- */

/* The guest's doing, such as its watchdog's. */
void warn_report(const char *fmt, ...)
{
}

void error_report(const char *fmt, ...)
{
}

/* No guest may end the program like this. */
void error_exit(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

/* ---- characters ---- */

static CharFrontend frontend[LINES];    /* of serial lines and virtual ports */
static uint8_t line[LINES];             /* addresses serve as devices */
static bool full[LINES];                /* chardev_full() has said so */
static unsigned writes;
static uint8_t input_bytes[4096];       /* written, and read to be sure that they are there */

static unsigned line_of(const Chardev *chr)
{
    return (unsigned)((const uint8_t *)chr - line);
}

void chardev_attach(Chardev *chr, const CharFrontend *fe)
{
    frontend[line_of(chr)] = *fe;
}

void chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
    if (line_of(chr) >= LINES || len < 0 || len > (int)sizeof(input_bytes)) {
        error = "characters for no device";
    } else {
        memcpy(input_bytes, buf, (size_t)len);
    }
}

bool chardev_full(Chardev *chr)
{
    if (line_of(chr) >= LINES) {
        error = "no device has room";
        return true;
    }
    return full[line_of(chr)] = ++writes % 8 == 0;
}

void chardev_accept_input(Chardev *chr)
{
    if (line_of(chr) >= LINES) {
        error = "no device may go on";
    }
}

static void characters(unsigned n, uint32_t value)
{
    const CharFrontend *fe = &frontend[n % LINES];
    int len = (int)(value >> 8 & 31), taken;

    if (full[n % LINES]) {
        full[n % LINES] = false;
        fe->writable(fe->opaque);
    }

    if (len && fe->receive) {
        taken = fe->receive(fe->opaque, input_bytes, len);
        if (taken < 0 || taken > len) {
            error = "a device takes more characters than it was offered";
        }
    }
}

/* ---- steps ---- */

static void read_register(uint32_t addr, unsigned size, unsigned cpu)
{
    uint32_t v = mmio_read(addr, size, cpu);

    if (size < 4 && v >> (8 * size)) {
        error = "a read gives more than was asked for";
    }
}

static void machine_reset(void)
{
    reset_wanted = false;
    qemu_devices_reset();
}

/* Disks answer, then timers fire; as by the real clock, one that is due often fires late rather than more often. */
static void advance(int64_t ns)
{
    fake_block_run(card);
    fake_io_run();
    fake_block_run(flash);
    fake_block_run(disk);
    fake_block_run(compact);
    fake_clock_advance(ns, MAX_FIRES);
    for (unsigned n = 0; console_screen(n); n++) {
        console_refresh(console_screen(n));
    }
}

static void other(unsigned what, unsigned n, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    switch (what) {
    case OTHER_TIME:
        advance((int64_t)value << (n & 15));
        break;
    case OTHER_RESET:
        machine_reset();
        break;
    case OTHER_RAM:
        memcpy(ram + (offset & 0xfffc), &value, 4);
        break;
    case OTHER_INPUT:
        characters(n, value);
        input_key((InputKey)(value % KEY_COUNT), n & 1);
        input_move((int8_t)value, (int8_t)(value >> 8), (int8_t)(value >> 16));
        input_buttons(value >> 24 & 31);
        fake_net_offer(network, ram + (offset & 0xfffc), value & 0x7ff);
        break;
    case OTHER_BREAK:
        if (frontend[n % SERIAL].event) {
            frontend[n % SERIAL].event(frontend[n % SERIAL].opaque, CHR_EVENT_BREAK);
        }
        break;
    case OTHER_ANY_READ:
        read_register(value, size, cpu);
        break;
    case OTHER_ANY_WRITE:
        mmio_write(value, offset * 0x10001u, size, cpu);
        break;
    case OTHER_LOG:
        qemu_loglevel = value & 1 ? LOG_GUEST_ERROR | LOG_UNIMP | LOG_RESET : 0;
        break;
    }
}

static const MemoryRegion *device[256];
static unsigned num_devices;

static void find_devices(void)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)); i++) {
        if (r->ops && num_devices < sizeof(device) / sizeof(device[0])) {
            device[num_devices++] = r;
        }
    }
}

static void step(const uint8_t *p)
{
    unsigned action = p[0] & 3, size = 1u << (p[0] >> 2 & 3), cpu = p[0] >> 4 & 3;
    const MemoryRegion *r = device[p[1] % num_devices];
    uint32_t offset = p[2] | (uint32_t)p[3] << 8, value, at;

    memcpy(&value, p + 4, 4);
    size = size > 4 ? 4 : size;
    /* Mostly the aligned registers of the first 4 KiB, where most devices have all they have. */
    at = p[0] & 0x40 ? offset : offset & 0xffc;
    at = r->base + (at < r->size ? at : at % r->size);
    if (action != DO_OTHER && !(p[0] & 0x40)) {
        size = 4;
    }
    switch (action) {
    case DO_WRITE:
        mmio_write(at, value, size, cpu);
        break;
    case DO_WRITE_SMALL:
        /* Addresses in RAM, small counts. */
        mmio_write(at, value & (p[0] & 0x80 ? 0xfffc : 0xff), size, cpu);
        break;
    case DO_READ:
        read_register(at, size, cpu);
        break;
    case DO_OTHER:
        other(p[1] & 7, p[1] >> 3, offset, value, size, cpu);
        break;
    }
    if (reset_wanted) {
        machine_reset();
    }
}

void fuzz_init(void)
{
    static MachineState m = { .mc = &realview_eb_mpcore_machine, .smp = ARM_MAX_CPUS, .ram_size = RAM_SIZE };

    ram = calloc(1, RAM_SIZE);
    if (!ram || !log_set_file("/dev/null")) {
        abort();
    }
    m.ram = ram;
    for (unsigned i = 0; i < SERIAL; i++) {
        m.serial[i] = (Chardev *)&line[i];
    }
    m.net = network = fake_net_new();
    card = m.drive[0] = fake_block_new(CARD_SIZE, false);
    flash = m.drive[1] = fake_block_new(FLASH_SIZE, false);
    compact = m.drive[3] = fake_block_new(CARD_SIZE, false);
    memory_add_ram(0, RAM_SIZE, ram, "ram");
    disk = fake_block_new(CARD_SIZE, false);
    m.virtio[0] = (VirtIOConfig) { .kind = VIRTIO_BLK, .blk = disk };
    m.virtio[1] = (VirtIOConfig) { .kind = VIRTIO_RNG };
    m.virtio[2] = (VirtIOConfig) { .kind = VIRTIO_NET, .net = fake_net_new() };
    m.virtio[3] = (VirtIOConfig) {
        .kind = VIRTIO_CONSOLE, .max_ports = 4, .port = {
            [0] = { .there = true, .console = true, .chr = (Chardev *)&line[SERIAL] },
            [3] = { .there = true, .name = "port", .chr = (Chardev *)&line[SERIAL + 1] },
        },
    };
    m.virtio[4] = (VirtIOConfig) { .kind = VIRTIO_KEYBOARD };
    m.virtio[5] = (VirtIOConfig) { .kind = VIRTIO_TABLET };
    m.virtio[6] = (VirtIOConfig) { .kind = VIRTIO_BALLOON, .report_free = true };
    m.virtio[7] = (VirtIOConfig) {
        .kind = VIRTIO_GPU, .xres = 640, .yres = 480, .max_outputs = 2, .max_hostmem = 1 << 20, .edid = true,
    };
    m.mc->init(&m);
    find_devices();
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    if (size > fuzz_max_input) {
        size = fuzz_max_input;
    }
    error = NULL;
    qemu_loglevel = 0;
    fake_block_run(card);
    fake_io_run();
    fake_block_run(flash);
    fake_block_run(disk);
    fake_block_run(compact);
    fake_clock_reset();
    memset(ram, 0, 1 << 16);
    machine_reset();
    for (; size >= STEP_BYTES && !error; size -= STEP_BYTES, data += STEP_BYTES) {
        step(data);
    }
    advance(1000000000);
    return error;
}
