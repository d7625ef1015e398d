/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics card: what it says of itself, resources, outputs and what is drawn, the cursor, fences, sizes that somebody
 * asks for, saved states, drivers that break the rules.
 */
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-io.h"
#include "hw/device.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "ui/console.h"
#include "virtio-driver.h"

enum { BASE = 0x10000000, CONFIG = BASE + 0x100, COMMAND = 0x1000, ANSWER = 0x1200, ROOM = 1100, PIXELS = 0x4000 };
enum {
    GET_DISPLAY_INFO = 0x100, CREATE, UNREF, SET_SCANOUT, FLUSH, TRANSFER, ATTACH, DETACH, GET_EDID = 0x10a,
    UPDATE_CURSOR = 0x300, MOVE_CURSOR, OK = 0x1100, OK_INFO, OK_EDID = 0x1104, UNSPECIFIED = 0x1200, NO_MEMORY,
    BAD_SCANOUT, BAD_RESOURCE, BAD_PARAMETER = 0x1205,
};
enum { BGRX = 2, BGRA = 1, RGBX = 134, ARGB = 3, HOSTMEM = 1 << 20 };

static uint32_t queue_at(unsigned n) { return 0x400 * (n + 1); }
static uint32_t avail_at(unsigned n) { return queue_at(n) + 0x100; }
static uint32_t used_at(unsigned n) { return queue_at(n) + 0x200; }

static void start(void)
{
    memset(bench_ram, 0, sizeof(bench_ram));
    wr(BASE + 0x70, 0);
    fake_io_run();
    driver_negotiate(BASE, 2);
    for (unsigned n = 0; n < 2; n++) {
        driver_queue(BASE, n, queue_at(n), avail_at(n), used_at(n));
    }
    wr(BASE + 0x70, 15);
    fake_io_run();
}

/* A command whose words behind the header are these; what the device answers. */
static uint32_t send_at(unsigned queue, uint32_t type, uint32_t flags, unsigned count, const uint32_t *words)
{
    memset(bench_ram + ANSWER, 0, ROOM);
    memset(bench_ram + COMMAND, 0, 0x200);
    put32(COMMAND, type);
    put32(COMMAND + 4, flags);
    put32(COMMAND + 8, 0x1234);
    put32(COMMAND + 12, 0x5678);
    for (unsigned i = 0; i < count; i++) {
        put32(COMMAND + 24 + 4 * i, words[i]);
    }
    desc_in(queue_at(queue), 0, COMMAND, 24 + 4 * count, DESC_NEXT, 1);
    desc_in(queue_at(queue), 1, ANSWER, ROOM, DESC_WRITE, 0);
    avail_in(avail_at(queue), 0);
    wr(BASE + 0x50, queue);
    fake_io_run();
    return get32(ANSWER);
}

#define SEND(type, ...) \
    send_at((type) >= UPDATE_CURSOR, (type), 0, sizeof((uint32_t[]) { __VA_ARGS__ }) / 4, (uint32_t[]) { __VA_ARGS__ })

static uint32_t written(void)
{
    return get32(used_at(0) + 4 + 8 * ((get16(used_at(0) + 2) - 1) % DRIVER_QUEUE_SIZE) + 4);
}

static Console *screen(unsigned n)
{
    Console *c = console_of_device("gpu", n);

    console_refresh(c);
    return c;
}

static uint32_t pixel(unsigned n, int x, int y)
{
    const Surface *s = console_surface(screen(n));

    return s->pixels[y * s->width + x];
}

/* Resource `id` of 8 x 4 pixels is there, with a backing at PIXELS whose words are 0xff000000 + their number. */
static void picture(uint32_t id, uint32_t format)
{
    SEND(CREATE, id, format, 8, 4);
    SEND(ATTACH, id, 2, PIXELS, 0, 64, 0, PIXELS + 64, 0, 64, 0);
    for (unsigned i = 0; i < 32; i++) {
        put32(PIXELS + 4 * i, 0xff000000 + i);
    }
    SEND(TRANSFER, 0, 0, 8, 4, 0, 0, id, 0);
}

static void test_identity(void)
{
    uint8_t sum = 0;

    start();
    ok(rd(BASE + 8) == 16 && rd(CONFIG + 8) == 2 && !rd(CONFIG + 12) && !rd(CONFIG), "a card with two outputs");
    ok(SEND(GET_DISPLAY_INFO) == OK_INFO && written() == 24 + 16 * 24 && get32(ANSWER + 32) == 800 &&
       get32(ANSWER + 36) == 600 && get32(ANSWER + 40) == 1 && !get32(ANSWER + 24 + 24 + 16),
       "a monitor at the first one");
    ok(SEND(GET_EDID, 0, 0) == OK_EDID && get32(ANSWER + 24) == 128 && written() == 24 + 8 + 1024, "that says");
    for (unsigned i = 0; i < 128; i++) {
        sum = (uint8_t)(sum + bench_ram[ANSWER + 32 + i]);
    }
    const uint8_t *timing = bench_ram + ANSWER + 32 + 54;

    ok(!sum && get32(ANSWER + 32) == 0xffffff00 && timing[2] + (timing[4] >> 4) * 256 == 800 &&
       timing[5] + (timing[7] >> 4) * 256 == 600, "what size it likes best");
    ok(SEND(GET_EDID, 1, 0) == OK_EDID && !get32(ANSWER + 24), "none at the second one");
    ok(SEND(GET_EDID, 2, 0) == BAD_SCANOUT && SEND(0x109, 0, 0) == UNSPECIFIED && SEND(MOVE_CURSOR, 7, 0, 0, 0, 0, 0, 0,
       0) == BAD_SCANOUT, "what there is not");
    const Surface *s = console_surface(screen(0));

    ok(s->width == 640 && !s->pixels[0], "a screen that nobody has set is black");
}

static void test_resources(void)
{
    start();
    ok(SEND(CREATE, 0, BGRX, 8, 4) == BAD_RESOURCE && SEND(CREATE, 1, 5, 8, 4) == BAD_PARAMETER &&
       SEND(CREATE, 1, BGRX, 0, 4) == BAD_PARAMETER && SEND(CREATE, 1, BGRX, 20000, 1) == BAD_PARAMETER,
       "pictures that cannot be");
    ok(SEND(CREATE, 1, BGRX, 1024, 1024) == NO_MEMORY, "one that is too large");
    ok(SEND(CREATE, 1, BGRX, 8, 4) == OK && SEND(CREATE, 1, BGRX, 8, 4) == BAD_RESOURCE, "one, once");
    ok(SEND(TRANSFER, 0, 0, 8, 4, 0, 0, 1, 0) == BAD_PARAMETER, "without a backing nothing is transferred");
    ok(SEND(ATTACH, 1, 1, BENCH_RAM_SIZE - 64, 0, 128, 0) == BAD_PARAMETER &&
       SEND(ATTACH, 1, 1, PIXELS, 1, 128, 0) == BAD_PARAMETER &&
       SEND(ATTACH, 1, 3, PIXELS, 0, 128, 0) == BAD_PARAMETER && SEND(ATTACH, 1, 0) == BAD_PARAMETER &&
       SEND(ATTACH, 2, 1, PIXELS, 0, 128, 0) == BAD_RESOURCE,
       "backings that are not RAM, or not there");
    ok(SEND(ATTACH, 1, 1, PIXELS, 0, 100, 0) == OK && SEND(ATTACH, 1, 1, PIXELS, 0, 100, 0) == UNSPECIFIED,
       "one, once");
    ok(SEND(TRANSFER, 0, 0, 8, 4, 0, 0, 1, 0) == BAD_PARAMETER && SEND(TRANSFER, 0, 0, 8, 3, 0, 0, 1, 0) == OK &&
       SEND(TRANSFER, 0, 0, 8, 3, 8, 0, 1, 0) == BAD_PARAMETER && SEND(TRANSFER, 0, 0, 8, 3, 0, 1, 1, 0) ==
       BAD_PARAMETER, "no more than the backing has");
    ok(SEND(TRANSFER, 1, 0, 8, 1, 0, 0, 1, 0) == BAD_PARAMETER && SEND(TRANSFER, 0, 0xffffffff, 8, 2, 0, 0, 1, 0) ==
       BAD_PARAMETER && SEND(FLUSH, 0, 1, 8, 4, 1, 0) == BAD_PARAMETER, "rectangles outside of the picture");
    ok(SEND(DETACH, 1, 0) == OK && SEND(DETACH, 2, 0) == BAD_RESOURCE && SEND(UNREF, 1, 0) == OK &&
       SEND(UNREF, 1, 0) == BAD_RESOURCE, "and they go");
    unsigned made = 0;

    while (made < 1000 && SEND(CREATE, made + 1, BGRX, 1, 1) == OK) {
        made++;
    }
    ok(made > 100 && made < 1000, "small pictures have an end, too: %u", made);
}

static void test_picture(void)
{
    start();
    picture(1, BGRX);
    ok(SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 1) == OK && pixel(0, 3, 1) == 11 &&
       console_surface(screen(0))->width == 8 && console_surface(screen(0))->height == 4, "a picture on the screen");
    put32(PIXELS + 4 * 19, 0x123456);
    ok(pixel(0, 3, 2) == 19 && SEND(TRANSFER, 2, 2, 3, 1, 4 * 18, 0, 1, 0) == OK && pixel(0, 3, 2) == 19 &&
       SEND(FLUSH, 2, 2, 3, 1, 1, 0) == OK && pixel(0, 3, 2) == 0x123456,
       "a part is transferred, and seen when flushed");
    ok(SEND(SET_SCANOUT, 2, 1, 4, 2, 1, 1) == OK && pixel(1, 0, 0) == 10 && pixel(1, 1, 1) == 0x123456,
       "a part of it on the second output");
    ok(SEND(SET_SCANOUT, 2, 1, 8, 2, 1, 1) == BAD_PARAMETER && SEND(SET_SCANOUT, 0, 0, 8, 4, 2, 1) == BAD_SCANOUT &&
       SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 9) == BAD_RESOURCE && SEND(SET_SCANOUT, 0, 0, 0, 0, 0, 1) == BAD_PARAMETER,
       "what cannot be shown");
    ok(SEND(SET_SCANOUT, 0, 0, 0, 0, 1, 0) == OK && !pixel(1, 1, 1) && pixel(0, 3, 2), "off");
    SEND(UNREF, 1, 0);
    ok(!pixel(0, 3, 2), "a picture that goes leaves the screen black");
    picture(2, RGBX);
    SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 2);
    ok_eq(pixel(0, 3, 1), 11 << 16, "red and blue the other way round");
    picture(3, ARGB);
    SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 3);
    ok_eq(pixel(0, 3, 1), 0xff, "alpha in the lowest byte, blue in the highest: 0xff");
}

static void test_cursor(void)
{
    start();
    picture(1, BGRX);
    SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 1);
    SEND(CREATE, 2, BGRA, 64, 64);
    SEND(ATTACH, 2, 1, PIXELS, 0, 64 * 64 * 4, 0);
    memset(bench_ram + PIXELS, 0, 64 * 64 * 4);
    put32(PIXELS, 0xff445566);
    put32(PIXELS + 4, 0x80800000);
    put32(PIXELS + 64 * 4 * 63 + 63 * 4, 0xff778899);
    SEND(TRANSFER, 0, 0, 64, 64, 0, 0, 2, 0);
    ok(SEND(UPDATE_CURSOR, 0, 2, 1, 0, 2, 0, 0, 0) == OK && pixel(0, 2, 1) == 0x445566, "a cursor");
    ok(pixel(0, 3, 1) == 0x800005 && pixel(0, 4, 1) == 12 && pixel(0, 1, 1) == 9, "half of it is seen through");
    ok(SEND(MOVE_CURSOR, 0, (uint32_t)-63, (uint32_t)-63, 0, 0, 0, 0, 0) == OK && pixel(0, 2, 1) == 10 &&
       pixel(0, 0, 0) == 0x778899, "it moves, beyond the edge, too");
    ok(SEND(UPDATE_CURSOR, 0, 0, 0, 0, 1, 0, 0, 0) == BAD_RESOURCE, "one of another size");
    SEND(UPDATE_CURSOR, 0, 0, 0, 0, 0, 0, 0, 0);
    ok(pixel(0, 0, 0) == 0, "none");
}

static void test_answers(void)
{
    start();
    ok(send_at(0, CREATE, 1, 4, (uint32_t[]) { 1, BGRX, 8, 4 }) == OK && get32(ANSWER + 4) == 1 &&
       get32(ANSWER + 8) == 0x1234 && get32(ANSWER + 12) == 0x5678, "a fence");
    ok(send_at(0, CREATE, 0, 4, (uint32_t[]) { 2, BGRX, 8, 4 }) == OK && !get32(ANSWER + 4) && !get32(ANSWER + 8),
       "none that was not asked for");
    ok(SEND(CREATE, 3, BGRX) == UNSPECIFIED && written() == 24, "a command that is too short");
    desc_in(queue_at(0), 0, COMMAND, 20, 0, 0);
    avail_in(avail_at(0), 0);
    wr(BASE + 0x50, 0);
    fake_io_run();
    ok(!written(), "less than a header has no answer");
    desc_in(queue_at(1), 0, COMMAND, 56, 0, 0);
    put32(COMMAND, MOVE_CURSOR);
    avail_in(avail_at(1), 0);
    wr(BASE + 0x50, 1);
    fake_io_run();
    ok(!get32(used_at(1) + 8) && get16(used_at(1) + 2) == 1, "a driver without room for the answer");
}

static void test_size(void)
{
    start();
    console_ask_size(screen(0), 1000, 700);
    ok((rd(CONFIG) & 1) && (rd(BASE + 0x60) & 2), "somebody would like another size: the driver is told");
    ok(SEND(GET_DISPLAY_INFO) == OK_INFO && get32(ANSWER + 32) == 1000 && get32(ANSWER + 36) == 700, "which one");
    wr(CONFIG + 4, 1);
    ok(!(rd(CONFIG) & 1) && !rd(CONFIG + 4), "it has seen that");
    console_ask_size(screen(0), 1000, 700);
    ok(!(rd(CONFIG) & 1), "the same size is no news");
    console_ask_size(screen(0), 800, 600);
    wr(CONFIG + 4, 1);
}

/* ---- saved states ---- */

static Device *device(void)
{
    Device *found = NULL;

    for (Device *d = NULL; (d = device_next(d)) != NULL;) {
        found = !strcmp(d->name, "gpu") ? d : found;
    }
    return found;
}

static char *state;
static size_t state_bytes;

static void save(void)
{
    FILE *f = open_memstream(&state, &state_bytes);

    device_save(device(), f);
    fclose(f);
}

static bool load(void)
{
    char *err = NULL;
    FILE *f = fmemopen(state, state_bytes, "rb");
    const bool good = device_load(device(), f, &err);

    fclose(f);
    g_free(err);
    fake_io_run();
    return good;
}

static void test_state(void)
{
    start();
    picture(1, BGRX);
    SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 1);
    SEND(CREATE, 2, BGRA, 64, 64);
    SEND(UPDATE_CURSOR, 1, 3, 4, 0, 2, 0, 0, 0);
    save();

    uint8_t *ram = g_memdup2(bench_ram, sizeof(bench_ram));

    SEND(UNREF, 1, 0);
    ok(!pixel(0, 3, 1), "the screen is black");
    wr(BASE + 0x70, 0);
    fake_io_run();
    memcpy(bench_ram, ram, sizeof(bench_ram));
    ok(load() && pixel(0, 3, 1) == 11, "a loaded state has the picture of the saved one");
    put32(PIXELS + 4 * 11, 0xabcdef);
    ok(SEND(TRANSFER, 0, 0, 8, 4, 0, 0, 1, 0) == OK && SEND(FLUSH, 0, 0, 8, 4, 1, 0) == OK &&
       pixel(0, 3, 1) == 0xabcdef,
       "and its backing");
    ok(SEND(CREATE, 2, BGRX, 8, 4) == BAD_RESOURCE, "and the other one");
    /* Whatever is in it: the device is broken at worst. */
    srand(5);
    for (unsigned round = 0; round < 3000; round++) {
        char *good = g_memdup2(state, state_bytes);

        for (unsigned n = 1 + (unsigned)rand() % 3; n; n--) {
            state[(unsigned)rand() % state_bytes] = (char)(rand() & 1 ? rand() : rand() & 1 ? 0xff : 0);
        }
        memcpy(bench_ram, ram, sizeof(bench_ram));
        load();
        screen(0);
        SEND(GET_DISPLAY_INFO);
        memcpy(state, good, state_bytes);
        g_free(good);
    }
    memcpy(bench_ram, ram, sizeof(bench_ram));
    ok(load() && pixel(0, 3, 1) == 11, "damaged states do no harm");
    g_free(ram);
    free(state);
}

static void test_random(void)
{
    static const uint32_t types[] = { GET_DISPLAY_INFO, CREATE, UNREF, SET_SCANOUT, FLUSH, TRANSFER, ATTACH, DETACH,
                                      GET_EDID, UPDATE_CURSOR, MOVE_CURSOR, 0x1ff };

    srand(7);
    start();
    for (unsigned round = 0; round < 40000; round++) {
        const uint32_t type = types[(unsigned)rand() % 12];
        uint32_t words[12];

        for (unsigned i = 0; i < 12; i++) {
            words[i] = (uint32_t)rand() & (rand() & 7 ? 7 : 0x3fffffff);
        }
        if (type == ATTACH) {
            words[2] = PIXELS;
            words[4] = (uint32_t)rand() % 0x9000;
            words[3] = 0;
        }
        send_at(type >= UPDATE_CURSOR, type, 0, (unsigned)rand() % 13, words);
        screen((unsigned)rand() & 1);
    }
    start();
    picture(1, BGRX);
    SEND(SET_SCANOUT, 0, 0, 8, 4, 0, 1);
    ok(pixel(0, 3, 1) == 11, "random commands: the device works after a reset");
}

int main(void)
{
    bench_init();
    qemu_loglevel = LOG_GUEST_ERROR;
    virtio_mmio_create(BASE, "gpu", &(VirtIOConfig) {
        .kind = VIRTIO_GPU, .id = "gpu", .xres = 800, .yres = 600, .max_outputs = 2, .max_hostmem = HOSTMEM,
        .edid = true,
    }, false, &bench_line[0]);
    test_identity();
    test_resources();
    test_picture();
    test_cursor();
    test_answers();
    test_size();
    test_state();
    test_random();
    return test_done();
}
