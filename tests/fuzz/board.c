/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board that fuzz targets drive (board.h). Board and memory map are the real ones (libpqemu); tests/unit/fake-*.c
 * and this file stand in for what surrounds them: the card's image, the clock, which stands still between steps,
 * timers, CPUs, character devices, DMA into RAM.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chardev/char.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "tests/fuzz/board.h"
#include "tests/unit/fake-block.h"
#include "tests/unit/fake-clock.h"
#include "tests/unit/fake-io.h"
#include "tests/unit/fake-net.h"
#include "ui/console.h"

enum {
    RAM_SIZE = 1 << 20, CARD_SIZE = 1 << 20, FLASH_SIZE = 64 << 20, MAX_FIRES = 200, SERIAL = 4, LINES = SERIAL + 2,
};

uint8_t *fuzz_ram;
NetBackend *fuzz_network;
bool fuzz_reset_wanted;
const char *fuzz_error;
const MemoryRegion *fuzz_device[FUZZ_MAX_DEVICES];
unsigned fuzz_num_devices;
MachineState fuzz_machine = { .mc = &realview_eb_mpcore_machine, .smp = ARM_MAX_CPUS, .ram_size = RAM_SIZE };
static BlockBackend *card, *flash, *disk, *compact;

/* ---- CPUs and run state ---- */

void cpu_interrupt(int cpu, int line, int level)
{
    if (cpu < 0 || cpu >= ARM_MAX_CPUS || (line != 0 && line != 1)) {
        fuzz_error = "an interrupt for no CPU";
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
    fuzz_reset_wanted = true;
}

void qemu_system_reset_request(void)
{
    fuzz_reset_wanted = true;
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
        fuzz_error = "characters for no device";
    } else {
        memcpy(input_bytes, buf, (size_t)len);
    }
}

bool chardev_full(Chardev *chr)
{
    if (line_of(chr) >= LINES) {
        fuzz_error = "no device has room";
        return true;
    }
    return full[line_of(chr)] = ++writes % 8 == 0;
}

void chardev_accept_input(Chardev *chr)
{
    if (line_of(chr) >= LINES) {
        fuzz_error = "no device may go on";
    }
}

void fuzz_characters(unsigned n, uint32_t value)
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
            fuzz_error = "a device takes more characters than it was offered";
        }
    }
}

void fuzz_break(unsigned n)
{
    if (frontend[n % SERIAL].event) {
        frontend[n % SERIAL].event(frontend[n % SERIAL].opaque, CHR_EVENT_BREAK);
    }
}

/* ---- the board ---- */

void fuzz_board_reset(void)
{
    fuzz_reset_wanted = false;
    qemu_devices_reset();
}

void fuzz_board_answer(void)
{
    fake_block_run(card);
    fake_io_run();
    if (flash) {
        fake_block_run(flash);
    }
    fake_block_run(disk);
    fake_block_run(compact);
}

void fuzz_board_advance(int64_t ns)
{
    fuzz_board_answer();
    fake_clock_advance(ns, MAX_FIRES);
    for (unsigned n = 0; console_screen(n); n++) {
        console_refresh(console_screen(n));
    }
}

static void find_devices(void)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)); i++) {
        if (r->ops && fuzz_num_devices < FUZZ_MAX_DEVICES) {
            fuzz_device[fuzz_num_devices++] = r;
        }
    }
}

void fuzz_board_init(bool with_flash)
{
    MachineState *m = &fuzz_machine;

    fuzz_ram = calloc(1, RAM_SIZE);
    if (!fuzz_ram || !log_set_file("/dev/null")) {
        abort();
    }
    m->ram = fuzz_ram;
    for (unsigned i = 0; i < SERIAL; i++) {
        m->serial[i] = (Chardev *)&line[i];
    }
    m->net = fuzz_network = fake_net_new();
    card = m->drive[0] = fake_block_new(CARD_SIZE, false);
    flash = m->drive[1] = with_flash ? fake_block_new(FLASH_SIZE, false) : NULL;
    compact = m->drive[3] = fake_block_new(CARD_SIZE, false);
    memory_add_ram(0, RAM_SIZE, fuzz_ram, "ram");
    disk = fake_block_new(CARD_SIZE, false);
    m->virtio[0] = (VirtIOConfig) { .kind = VIRTIO_BLK, .blk = disk };
    m->virtio[1] = (VirtIOConfig) { .kind = VIRTIO_RNG };
    m->virtio[2] = (VirtIOConfig) { .kind = VIRTIO_NET, .net = fake_net_new() };
    m->virtio[3] = (VirtIOConfig) {
        .kind = VIRTIO_CONSOLE, .max_ports = 4, .port = {
            [0] = { .there = true, .console = true, .chr = (Chardev *)&line[SERIAL] },
            [3] = { .there = true, .name = "port", .chr = (Chardev *)&line[SERIAL + 1] },
        },
    };
    m->virtio[4] = (VirtIOConfig) { .kind = VIRTIO_KEYBOARD };
    m->virtio[5] = (VirtIOConfig) { .kind = VIRTIO_TABLET };
    m->virtio[6] = (VirtIOConfig) { .kind = VIRTIO_BALLOON, .report_free = true };
    m->virtio[7] = (VirtIOConfig) {
        .kind = VIRTIO_GPU, .xres = 640, .yres = 480, .max_outputs = 2, .max_hostmem = 1 << 20, .edid = true,
    };
    m->mc->init(m);
    find_devices();
}
