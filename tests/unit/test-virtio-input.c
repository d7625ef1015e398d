/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual keyboard, mouse and tablet: what they say of themselves, events and their order, a driver without buffers,
 * lights, saved states, drivers that break the rules.
 */
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-io.h"
#include "hw/device.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "ui/input.h"
#include "virtio-driver.h"

enum { KEYBOARD = 0x10000000, MOUSE = 0x10001000, TABLET = 0x10002000 };
enum { EVENTS = 0, STATUS = 1, BUFFERS = 0x8000, BYTES = 8, CONFIG = 0x100, ANSWER = CONFIG + 8 };
enum { EV_SYN = 0, EV_KEY = 1, EV_REL = 2, EV_ABS = 3, EV_LED = 17, EV_REP = 20 };

static unsigned taken, offered; /* of the used ring; buffers */

static uint32_t queue_at(unsigned n) { return 0x400 * (n + 1); }
static uint32_t avail_at(unsigned n) { return queue_at(n) + 0x100; }
static uint32_t used_at(unsigned n) { return queue_at(n) + 0x200; }

static void start(uint32_t base)
{
    memset(bench_ram, 0, sizeof(bench_ram));
    taken = offered = 0;
    wr(base + 0x70, 0);
    fake_io_run();
    driver_negotiate(base, 0);
    for (unsigned n = 0; n < 2; n++) {
        driver_queue(base, n, queue_at(n), avail_at(n), used_at(n));
    }
    wr(base + 0x70, 15);
    fake_io_run();
}

/* `count` buffers more, but only those that were taken. */
static void offer(uint32_t base, unsigned count)
{
    for (; count && offered < taken + DRIVER_QUEUE_SIZE; count--, offered++) {
        const unsigned n = offered % DRIVER_QUEUE_SIZE;

        desc_in(queue_at(EVENTS), n, BUFFERS + n * BYTES, BYTES, DESC_WRITE, 0);
        avail_in(avail_at(EVENTS), n);
    }
    wr(base + 0x50, EVENTS);
    fake_io_run();
}

static unsigned events(void)
{
    return (uint16_t)(get16(used_at(EVENTS) + 2) - taken);
}

/* The next event is that one. */
static bool next(unsigned type, unsigned code, int value)
{
    const uint32_t element = used_at(EVENTS) + 4 + 8 * (taken % DRIVER_QUEUE_SIZE);
    const uint32_t at = BUFFERS + get32(element) * BYTES;

    if (!events()) {
        return false;
    }
    taken++;
    return get32(element + 4) == BYTES && get16(at) == type && get16(at + 2) == code &&
           get32(at + 4) == (uint32_t)value;
}

static unsigned ask(uint32_t base, unsigned select, unsigned subsel)
{
    reg_write_as(0, base + CONFIG, select, 1);
    reg_write_as(0, base + CONFIG + 1, subsel, 1);
    return reg_read_as(0, base + CONFIG + 2, 1);
}

static bool has_bit(uint32_t base, unsigned length, unsigned n)
{
    return n / 8 < length && reg_read_as(0, base + ANSWER + n / 8, 1) >> n % 8 & 1;
}

static bool name_is(uint32_t base, const char *name)
{
    unsigned n = ask(base, 1, 0);

    for (unsigned i = 0; i < n; i++) {
        if (reg_read_as(0, base + ANSWER + i, 1) != (uint8_t)name[i]) {
            return false;
        }
    }
    return n == strlen(name);
}

static void test_config(void)
{
    unsigned n;

    ok(rd(KEYBOARD + 8) == 18 && name_is(KEYBOARD, "Virtio Keyboard") && name_is(MOUSE, "Virtio Mouse") &&
       name_is(TABLET, "Virtio Tablet"), "devices and their names");
    n = ask(KEYBOARD, 0x11, EV_KEY);
    ok(has_bit(KEYBOARD, n, 30) && has_bit(KEYBOARD, n, 103) && !has_bit(KEYBOARD, n, 0x110), "a keyboard has keys");
    ok(ask(KEYBOARD, 0x11, EV_REP) && ask(KEYBOARD, 0x11, EV_LED) == 1 && !ask(KEYBOARD, 0x11, EV_REL),
       "repetition and lights, and does not move");
    n = ask(MOUSE, 0x11, EV_KEY);
    ok(has_bit(MOUSE, n, 0x110) && has_bit(MOUSE, n, 0x114) && !has_bit(MOUSE, n, 30), "a mouse has buttons");
    n = ask(MOUSE, 0x11, EV_REL);
    ok(has_bit(MOUSE, n, 0) && has_bit(MOUSE, n, 1) && has_bit(MOUSE, n, 8) && !ask(MOUSE, 0x11, EV_ABS),
       "and moves in three directions");
    ok(ask(TABLET, 0x11, EV_ABS) && has_bit(TABLET, 1, 0) && has_bit(TABLET, 1, 1), "a tablet has places");
    ok(ask(TABLET, 0x12, 1) == 20 && rd(TABLET + ANSWER) == 0 && rd(TABLET + ANSWER + 4) == INPUT_POINT_MAX &&
       !ask(TABLET, 0x12, 2) && !ask(MOUSE, 0x12, 0), "and says from where to where");
    ok(!ask(MOUSE, 0x77, 0) && !ask(MOUSE, 0, 0) && !rd(MOUSE + ANSWER), "no answer to what it does not know");
    bench_logs = 0;
    reg_write_as(0, MOUSE + CONFIG + 2, 1, 1);
    wr(MOUSE + CONFIG, 0);
    wr(MOUSE + ANSWER, 0);
    ok(bench_logs == 3 && !ask(MOUSE, 0, 0), "a driver writes the two bytes that it asks with and no others");
}

static void test_keyboard(void)
{
    start(KEYBOARD);
    offer(KEYBOARD, DRIVER_QUEUE_SIZE);
    input_key(KEY_A, true);
    input_key(KEY_A, true);
    input_key(KEY_A, false);
    input_key(KEY_PAUSE, true);
    ok(next(EV_KEY, 30, 1) && next(EV_SYN, 0, 0) && next(EV_KEY, 30, 0) && next(EV_SYN, 0, 0) &&
       next(EV_KEY, 119, 1) && next(EV_SYN, 0, 0) && !events() && bench_level[0], "keys; the driver repeats them");
    input_key(KEY_PAUSE, false);
    input_key(KEY_UP, true);
    input_key(KEY_UP, false);
    ok(next(EV_KEY, 119, 0) && next(EV_SYN, 0, 0) && !events(), "buffers are all used");
    offer(KEYBOARD, 3);
    ok(next(EV_KEY, 103, 1) && next(EV_SYN, 0, 0) && next(EV_KEY, 103, 0) && !events(), "what waits comes in order");
    offer(KEYBOARD, 1);
    ok(next(EV_SYN, 0, 0) && !events(), "to its end");
}

/* More than the FIFO has room for is lost, but no key stays down or up. */
static void test_lost(void)
{
    bool b_down = false;
    unsigned count = 0;

    start(KEYBOARD);
    for (unsigned i = 0; i < 1000; i++) {
        input_key(KEY_A, true);
        input_key(KEY_A, false);
    }
    input_key(KEY_B, true);
    for (unsigned i = 0; i < 1000; i++) {
        offer(KEYBOARD, DRIVER_QUEUE_SIZE);
        for (; events(); count++) {
            b_down |= next(EV_KEY, 48, 1);
        }
    }
    ok(count > 200 && count < 600 && b_down, "keys that were lost are told of once there is room: %u events", count);
    input_key(KEY_B, false);
    ok(next(EV_KEY, 48, 0) && next(EV_SYN, 0, 0), "and the rest follows");
}

static void test_mice(void)
{
    start(MOUSE);
    offer(MOUSE, DRIVER_QUEUE_SIZE);
    input_move(5, -3, 0);
    ok(next(EV_REL, 0, 5) && next(EV_REL, 1, -3) && next(EV_SYN, 0, 0), "a mouse moves");
    input_move(0, 0, 1);
    ok(next(EV_REL, 8, -1) && next(EV_SYN, 0, 0) && !events(), "its wheel, towards the user");
    input_buttons(INPUT_RIGHT);
    ok(next(EV_KEY, 0x111, 1) && next(EV_SYN, 0, 0) && !events(), "a button");
    offer(MOUSE, DRIVER_QUEUE_SIZE);
    input_buttons(0);
    ok(next(EV_KEY, 0x111, 0) && next(EV_SYN, 0, 0) && !events(), "is released");
    start(TABLET);
    offer(TABLET, DRIVER_QUEUE_SIZE);
    ok(input_is_absolute(), "the device that was started last gets what comes");
    input_point(99, 0, 100, 100);
    ok(next(EV_ABS, 0, INPUT_POINT_MAX) && next(EV_ABS, 1, 0) && next(EV_SYN, 0, 0) && !events(), "a place");
    input_buttons(INPUT_LEFT);
    ok(next(EV_ABS, 0, INPUT_POINT_MAX) && next(EV_ABS, 1, 0) && next(EV_SYN, 0, 0) && next(EV_KEY, 0x110, 1) &&
       next(EV_SYN, 0, 0), "a button, where the pointer is");
    input_buttons(0);
    wr(TABLET + 0x70, 0);
    fake_io_run();
    ok(!input_is_absolute(), "a driver that is gone gets nothing");
}

static void test_lights(void)
{
    start(KEYBOARD);
    for (unsigned n = 0; n < 3; n++) {
        put16(BUFFERS + 0x100, EV_LED);
        put16(BUFFERS + 0x102, (uint16_t)n);
        put32(BUFFERS + 0x104, n != 1);
        desc_in(queue_at(STATUS), n, BUFFERS + 0x100, n == 2 ? 7 : 8, 0, 0);
        avail_in(avail_at(STATUS), n);
        wr(KEYBOARD + 0x50, STATUS);
        fake_io_run();
    }
    ok(input_leds() == INPUT_LED_NUM && get16(used_at(STATUS) + 2) == 3, "lights; a status that is too short is none");
}

/* What was asked for before a state was saved is answered after it was loaded. */
static void test_state(void)
{
    Device *device = NULL;

    for (Device *d = NULL; (d = device_next(d)) != NULL;) {
        device = !strcmp(d->name, "tablet") ? d : device;
    }
    start(TABLET);
    ask(TABLET, 0x12, 0);
    device->class->pre_save(device);
    ask(TABLET, 1, 0);
    device->class->post_load(device);
    fake_io_run();
    ok(reg_read_as(0, TABLET + CONFIG + 2, 1) == 20 && rd(TABLET + ANSWER + 4) == INPUT_POINT_MAX,
       "a loaded state has the answer of the saved one");
}

static void test_broken(void)
{
    start(MOUSE);
    desc_in(queue_at(EVENTS), 0, BUFFERS, 4, DESC_WRITE, 0);
    avail_in(avail_at(EVENTS), 0);
    desc_in(queue_at(EVENTS), 1, BUFFERS + BYTES, BYTES, DESC_WRITE, 0);
    avail_in(avail_at(EVENTS), 1);
    input_move(1, 0, 0);
    ok(get32(used_at(EVENTS) + 8) == 0 && (taken++, next(EV_REL, 0, 1)), "a buffer that is too small comes back empty");
    srand(2);
    for (unsigned round = 0; round < 4000; round++) {
        const uint32_t base = KEYBOARD + (unsigned)rand() % 3 * 0x1000;

        start(base);
        for (unsigned n = 0; n < 8; n++) {
            const unsigned queue = (unsigned)rand() & 1;

            for (unsigned byte = 0; byte < 4; byte++) {
                bench_ram[queue_at(queue) + (uint32_t)rand() % 0x230] = (uint8_t)(rand() & (rand() & 1 ? 7 : 255));
            }
            avail_in(avail_at(queue), (unsigned)rand() % 4);
            wr(base + 0x50, queue);
            reg_write_as(0, base + CONFIG + (uint32_t)rand() % 160, (uint8_t)rand(), 1);
            input_key((InputKey)(rand() % KEY_COUNT), rand() & 1);
            input_move(rand() % 9, rand() % 9, rand() % 3);
            input_buttons((unsigned)rand() % 32);
            fake_io_run();
        }
    }
    input_buttons(0);
    start(MOUSE);
    offer(MOUSE, DRIVER_QUEUE_SIZE);
    input_move(7, 0, 0);
    ok(next(EV_REL, 0, 7) && next(EV_SYN, 0, 0), "random queues: the device works after a reset");
}

int main(void)
{
    bench_init();
    qemu_loglevel = LOG_GUEST_ERROR;
    virtio_mmio_create(KEYBOARD, "keyboard", &(VirtIOConfig) { .kind = VIRTIO_KEYBOARD }, false, &bench_line[0]);
    virtio_mmio_create(MOUSE, "mouse", &(VirtIOConfig) { .kind = VIRTIO_MOUSE }, false, &bench_line[1]);
    virtio_mmio_create(TABLET, "tablet", &(VirtIOConfig) { .kind = VIRTIO_TABLET }, false, &bench_line[2]);
    test_config();
    test_keyboard();
    test_lost();
    test_mice();
    test_lights();
    test_state();
    test_broken();
    return test_done();
}
