/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory balloon: sizes, pages that are given up or reported as free, drivers that break the rules. */
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "fake-io.h"
#include "hw/device.h"
#include "hw/virtio/balloon.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "virtio-driver.h"

enum { BASE = 0x10000000, CONFIG = BASE + 0x100, PAGE = 4096, LIST = 0x3000 };
enum { STATS = 1 << 1, REPORTING = 1 << 5, QUEUES = 4 };

static uint64_t told;

static void changed(uint64_t bytes)
{
    told = bytes;
}

static uint32_t queue_at(unsigned n) { return 0x400 * (n + 1); }
static uint32_t avail_at(unsigned n) { return queue_at(n) + 0x100; }
static uint32_t used_at(unsigned n) { return queue_at(n) + 0x200; }

static void start_with(unsigned features)
{
    memset(bench_ram, 0xff, sizeof(bench_ram));
    memset(bench_ram, 0, LIST);
    wr(BASE + 0x70, 0);
    fake_io_run();
    driver_negotiate(BASE, features);
    for (unsigned n = 0; n < (features & STATS ? QUEUES : QUEUES - 1); n++) {
        driver_queue(BASE, n, queue_at(n), avail_at(n), used_at(n));
    }
    wr(BASE + 0x70, 15);
    fake_io_run();
}

static void start(void)
{
    start_with(REPORTING);
}

static void give(unsigned queue, uint32_t addr, uint32_t len, unsigned flags)
{
    desc_in(queue_at(queue), 0, addr, len, flags, 0);
    avail_in(avail_at(queue), 0);
    wr(BASE + 0x50, queue);
    fake_io_run();
}

static void inflate(unsigned count, const uint32_t *pages)
{
    for (unsigned i = 0; i < count; i++) {
        put32(LIST + 4 * i, pages[i]);
    }
    give(0, LIST, 4 * count, 0);
}

static bool page_is(unsigned page, uint8_t value)
{
    for (unsigned i = 0; i < PAGE; i++) {
        if (bench_ram[page * PAGE + i] != value) {
            return false;
        }
    }
    return true;
}

static void test_sizes(void)
{
    uint64_t bytes;

    start();
    ok(rd(BASE + 8) == 5 && !rd(CONFIG) && balloon_actual(&bytes) && bytes == BENCH_RAM_SIZE, "an empty balloon");
    ok(balloon_set_target(BENCH_RAM_SIZE - 3 * PAGE) && rd(CONFIG) == 3 && (rd(BASE + 0x60) & 2),
       "the driver is told how large it is to be");
    told = 0;
    wr(CONFIG + 4, 2);
    fake_io_run();
    ok(balloon_actual(&bytes) && bytes == BENCH_RAM_SIZE - 2 * PAGE && told == bytes, "and tells how large it is");
    wr(CONFIG + 4, 0x7fffffff);
    ok(balloon_actual(&bytes) && bytes == 0, "a size that cannot be is nothing left");
    bench_logs = 0;
    wr(CONFIG, 9);
    ok(bench_logs == 1 && rd(CONFIG) == 3, "what is asked for is not the driver's to write");
    wr(BASE + 0x70, 0);
    fake_io_run();
    ok(rd(CONFIG) == 3 && !rd(CONFIG + 4) && balloon_actual(&bytes) && bytes == BENCH_RAM_SIZE,
       "a driver that begins has all memory, and is asked again");
    balloon_set_target(UINT64_MAX);
    ok(!rd(CONFIG), "no more than all there is");
}

static void test_pages(void)
{
    start();
    inflate(3, (const uint32_t[]) { 8, 9, 11 });
    ok(page_is(8, 0) && page_is(9, 0) && page_is(11, 0) && page_is(7, 0xff) && page_is(10, 0xff) && page_is(12, 0xff),
       "pages that are given up, and their neighbours");
    ok(get16(used_at(0) + 2) == 1 && bench_level[0], "the list comes back");
    bench_logs = 0;
    inflate(3, (const uint32_t[]) { 15, 16, 0xffffffff });
    ok(page_is(15, 0) && bench_logs == 2 && get16(used_at(0) + 2) == 2, "pages that are not RAM are not");
    give(1, LIST, 4, 0);
    ok_eq(get16(used_at(1) + 2), 1, "pages are taken back");
    give(2, 13 * PAGE, 2 * PAGE, DESC_WRITE);
    ok(page_is(13, 0) && page_is(14, 0) && page_is(12, 0xff) && get16(used_at(2) + 2) == 1, "pages that are free");
    bench_logs = 0;
    give(2, 12 * PAGE + 16, PAGE, DESC_WRITE);
    ok(bench_logs == 1 && page_is(12, 0xff), "parts of pages stay");
}

static void put_stat(unsigned n, uint16_t tag, uint64_t value)
{
    const uint32_t at = LIST + 10 * n;

    put16(at, tag);
    for (unsigned i = 0; i < 8; i++) {
        bench_ram[at + 2 + i] = (uint8_t)(value >> 8 * i);
    }
}

static unsigned given_back(void)
{
    fake_io_run();
    return get16(used_at(2) + 2);
}

static void test_stats(void)
{
    const int64_t second = 1000000000;
    BalloonStats stats;

    start_with(STATS | REPORTING);
    ok(balloon_stats(&stats) && !stats.last_update && stats.value[4] == UINT64_MAX, "nothing is known at first");
    put_stat(0, 4, 0x123456789a);
    put_stat(1, 9, 7);
    put_stat(2, 99, 1);
    give(2, LIST, 35, 0);
    ok(balloon_stats(&stats) && stats.last_update && stats.value[4] == 0x123456789a && stats.value[9] == 7 &&
       stats.value[0] == UINT64_MAX && stats.value[5] == UINT64_MAX, "what the driver tells, and what it does not");
    fake_clock_advance(100 * second, 10);
    ok(!balloon_polling() && given_back() == 0, "it is not asked for more");
    balloon_set_polling(5);
    fake_clock_advance(1, 1);
    ok(balloon_polling() == 5 && given_back() == 1, "it is asked at once");
    fake_clock_advance(20 * second, 10);
    ok(given_back() == 1, "and has its time");
    put_stat(0, 4, 5);
    give(2, LIST, 10, 0);
    ok(balloon_stats(&stats) && stats.value[4] == 5 && stats.value[9] == UINT64_MAX, "news");
    fake_clock_advance(5 * second - 1000, 10);
    ok(given_back() == 1, "before the interval is over");
    fake_clock_advance(1000, 10);
    ok(given_back() == 2, "after it");
    give(2, LIST, 10, 0);
    balloon_set_polling(0);
    fake_clock_advance(100 * second, 10);
    ok(given_back() == 2, "0 ends that");
    give(2, LIST, 10, 0);
    ok(given_back() == 3, "of two buffers one goes back");
    give(3, 13 * PAGE, PAGE, DESC_WRITE);
    ok(page_is(13, 0), "free pages have the queue behind");
    start();
    ok(balloon_stats(&stats) && !stats.last_update && stats.value[4] == UINT64_MAX, "a reset forgets them");
}

static void test_state(void)
{
    uint64_t bytes;
    Device *device = NULL;

    for (Device *d = NULL; (d = device_next(d)) != NULL;) {
        device = !strcmp(d->name, "balloon") ? d : device;
    }
    start();
    balloon_set_target(BENCH_RAM_SIZE - 5 * PAGE);
    wr(CONFIG + 4, 4);
    device->class->pre_save(device);
    balloon_set_target(BENCH_RAM_SIZE);
    wr(CONFIG + 4, 0);
    device->class->post_load(device);
    fake_io_run();
    ok(rd(CONFIG) == 5 && balloon_actual(&bytes) && bytes == BENCH_RAM_SIZE - 4 * PAGE,
       "a loaded state has the balloon of the saved one");
}

static void test_random(void)
{
    srand(3);
    balloon_set_polling(1);
    for (unsigned round = 0; round < 4000; round++) {
        const unsigned features = REPORTING | (rand() & STATS);

        start_with(features);
        for (unsigned n = 0; n < 8; n++) {
            const unsigned queue = (unsigned)rand() % (features & STATS ? QUEUES : QUEUES - 1);

            for (unsigned byte = 0; byte < 4; byte++) {
                bench_ram[queue_at(queue) + (uint32_t)rand() % 0x230] = (uint8_t)(rand() & (rand() & 1 ? 7 : 255));
            }
            give(queue, (uint32_t)rand() % (BENCH_RAM_SIZE - PAGE), (uint32_t)rand() % (2 * PAGE),
                 (unsigned)rand() & 3);
            fake_clock_advance(rand() % 2000000000, 4);
        }
    }
    balloon_set_polling(0);
    start();
    inflate(1, (const uint32_t[]) { 8 });
    ok(page_is(8, 0), "random queues: the device works after a reset");
}

int main(void)
{
    bench_init();
    qemu_loglevel = LOG_GUEST_ERROR;
    virtio_mmio_create(BASE, "balloon", &(VirtIOConfig) { .kind = VIRTIO_BALLOON, .report_free = true }, false,
                       &bench_line[0]);
    balloon_set_listener(changed);
    test_sizes();
    test_pages();
    test_stats();
    test_state();
    test_random();
    return test_done();
}
