/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual devices: registers of the transport, queues in guest memory as drivers write them and as they must not, a
 * disk, random numbers and a network card at the other end.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "fake-io.h"
#include "fake-net.h"
#include "hw/virtio/virtio-devices.h"
#include "qemu/log.h"
#include "virtio-driver.h"

enum { BLK = 0x10000000, RNG = 0x10001000, NET = 0x10002000, OLD = 0x10003000, EMPTY = 0x10004000,
       RNG_FILE = 0x10005000 };
enum { LINE_BLK, LINE_RNG, LINE_NET, LINE_OLD, LINE_RNG_FILE };
enum { SIZE = DRIVER_QUEUE_SIZE, DESC = 0x1000, AVAIL = 0x2000, USED = 0x3000, HEADER = 0x4000, DATA = 0x5000,
       STATUS = 0x6000 };
enum { TABLE = 0x7000, LONG_TABLE = 0xc000, QUEUE_STEP = 0x8000, DISK = 1 << 20, OLD_PAGE = 4096 };
enum { NEXT = DESC_NEXT, WRITE = DESC_WRITE, INDIRECT = DESC_INDIRECT };
enum { NEEDS_RESET = 64, INDIRECT_F = 1u << 28, EVENT_F = 1u << 29, FLUSH_F = 1u << 9 };

static BlockBackend *disk, *old_disk;
static NetBackend *net;

/* ---- a driver ---- */

static void desc(unsigned n, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
    desc_in(DESC, n, addr, len, flags, next);
}

static void avail(unsigned head)
{
    avail_in(AVAIL, head);
}

static void run(void)
{
    do {
        fake_io_run();
    } while (fake_block_run(disk) + fake_block_run(old_disk));
}

static void kick(uint32_t base, unsigned queue)
{
    wr(base + 0x50, queue);
    run();
}

/* A driver of version 1.0 and later takes the device that it has reset. */
static void take(uint32_t base, uint32_t features)
{
    memset(bench_ram, 0, sizeof(bench_ram));
    driver_negotiate(base, features);
    for (unsigned n = 0; n < (base == NET ? 2u : 1u); n++) {
        driver_queue(base, n, DESC + n * QUEUE_STEP, AVAIL + n * QUEUE_STEP, USED + n * QUEUE_STEP);
    }
    wr(base + 0x70, 15);
}

static void start(uint32_t base, uint32_t features)
{
    wr(base + 0x70, 0);
    run();
    take(base, features);
    run();
}

/* Header, data and status of a request to the disk, in descriptors 0 to 2. */
static void request(uint32_t type, uint64_t sector, uint32_t bytes)
{
    put32(HEADER, type);
    put32(HEADER + 4, 0);
    put64(HEADER + 8, sector);
    bench_ram[STATUS] = 0xff;
    desc(0, HEADER, 16, NEXT, 1);
    desc(1, DATA, bytes, NEXT | (type == 0 || type == 8 ? WRITE : 0), 2);
    desc(2, STATUS, 1, WRITE, 0);
}

/* ---- the transport ---- */

static void test_registers(void)
{
    ok(rd(BLK) == 0x74726976 && rd(BLK + 4) == 2 && rd(BLK + 8) == 2, "magic, version, device");
    ok(rd(OLD + 4) == 1 && rd(RNG + 8) == 4 && rd(NET + 8) == 1, "legacy interface; other devices");
    ok(rd(EMPTY) == 0x74726976 && rd(EMPTY + 8) == 0 && rd(EMPTY + 0x70) == 0, "a transport without a device says so");
    wr(EMPTY + 0x70, 1);
    wr(EMPTY + 0x50, 0);
    ok(rd(EMPTY + 0x100) == 0, "and takes nothing");
    ok(rd(BLK + 0x100) == DISK / 512 && reg_read_as(0, BLK + 0x101, 1) == (DISK / 512 >> 8),
       "capacity, in words and bytes");
    ok(rd(BLK + 0x13c) == 0 && rd(BLK + 0xffc) == 0, "nothing beyond the configuration");
    start(BLK, 0);
    ok_eq(rd(BLK + 0x70), 15, "a driver takes the device");
    wr(BLK + 0x70, 0);
    wr(BLK + 0x24, 0);
    wr(BLK + 0x20, 1u << 27);
    wr(BLK + 0x24, 1);
    wr(BLK + 0x20, 1);
    wr(BLK + 0x70, 11);
    ok_eq(rd(BLK + 0x70), 3, "features that were not offered are not accepted");
    wr(BLK + 0x30, 0);
    wr(BLK + 0x38, 3);
    wr(BLK + 0x44, 1);
    ok_eq(rd(BLK + 0x44), 0, "a queue needs a size that is a power of two");
    wr(BLK + 0x38, SIZE);
    wr(BLK + 0x84, 1);
    wr(BLK + 0x44, 1);
    ok_eq(rd(BLK + 0x44), 0, "and an address below 4 GiB");
    wr(BLK + 0x30, 7);
    wr(BLK + 0x44, 1);
    ok(rd(BLK + 0x34) == 0 && rd(BLK + 0x44) == 0, "there is no such queue");
    wr(BLK + 0x50, 0xffffffff);
    run();
}

/* ---- disk ---- */

static void test_blk(void)
{
    for (unsigned indirect = 0; indirect < 2; indirect++) {
        start(BLK, FLUSH_F | INDIRECT_F);
        memset(bench_ram + DATA, 'a' + (int)indirect, 1024);
        request(1, 3, 1024);
        if (indirect) {
            memcpy(bench_ram + TABLE, bench_ram + DESC, 48);
            desc(0, TABLE, 48, INDIRECT, 0);
        }
        avail(0);
        kick(BLK, 0);
        ok(bench_ram[STATUS] == 0 && fake_block_data(disk)[3 * 512] == 'a' + indirect &&
           fake_block_data(disk)[5 * 512 - 1] == 'a' + indirect && !fake_block_data(disk)[5 * 512],
           "a write%s", indirect ? ", by indirect descriptors" : "");
        ok(get16(USED + 2) == 1 && bench_ram[USED + 4] == 0 && bench_level[LINE_BLK] && rd(BLK + 0x60) == 1,
           "it is given back with an interrupt");
        wr(BLK + 0x64, 1);
        ok(!bench_level[LINE_BLK], "which is acknowledged");
    }
    start(BLK, FLUSH_F);
    request(0, 4, 512);
    avail(0);
    kick(BLK, 0);
    ok(bench_ram[STATUS] == 0 && bench_ram[DATA] == 'b' && bench_ram[USED + 8 + 1] == 2 && bench_ram[USED + 8] == 1,
       "a read; 513 bytes were written");
    request(0, DISK / 512 - 1, 1024);
    avail(0);
    kick(BLK, 0);
    ok_eq(bench_ram[STATUS], 1, "a read beyond the end fails");
    request(0, UINT64_MAX / 2, 512);
    avail(0);
    kick(BLK, 0);
    ok_eq(bench_ram[STATUS], 1, "and far beyond");
    request(0, 0, 100);
    avail(0);
    kick(BLK, 0);
    ok_eq(bench_ram[STATUS], 1, "and of less than a sector");
    request(99, 0, 512);
    avail(0);
    kick(BLK, 0);
    ok_eq(bench_ram[STATUS], 2, "an unknown request is not supported");
    fake_block_fail(disk, -5);
    request(0, 0, 512);
    avail(0);
    kick(BLK, 0);
    fake_block_fail(disk, 0);
    ok_eq(bench_ram[STATUS], 1, "the back end's error is the guest's");
    request(8, 0, 20);
    avail(0);
    kick(BLK, 0);
    ok(bench_ram[STATUS] == 0 && !strcmp((char *)bench_ram + DATA, "serial"), "the serial number");
    put64(DATA, 3);
    put32(DATA + 8, 2);
    put32(DATA + 12, 0);
    request(13, 0, 16);
    avail(0);
    kick(BLK, 0);
    ok(bench_ram[STATUS] == 0 && !fake_block_data(disk)[3 * 512], "zeroes are written");
    ok_eq(get16(USED + 2), 8, "each was given back");
}

/* What the host has in its cache is carried out by the CPU that asks, and nobody has to wake. */
static void test_blk_here(void)
{
    start(BLK, FLUSH_F);
    memset(fake_block_data(disk) + 7 * 512, 'h', 512);
    request(0, 7, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    ok(bench_ram[STATUS] == 0xff && fake_block_queued(disk) == 1, "what is not in the cache is begun at once");
    run();
    ok(bench_ram[STATUS] == 0 && bench_ram[DATA] == 'h' && get16(USED + 2) == 1, "and ends later");
    fake_block_cached(disk, true);
    wr(BLK + 0x64, 1);
    memset(bench_ram + DATA, 'i', 512);
    request(1, 7, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    ok(bench_ram[STATUS] == 0 && fake_block_data(disk)[7 * 512] == 'i' && get16(USED + 2) == 2 &&
       bench_level[LINE_BLK], "what is, ends before the CPU goes on");
    request(0, 7, 32 * 512 + 512);
    avail(0);
    wr(BLK + 0x50, 0);
    ok(bench_ram[STATUS] == 0xff && !fake_block_queued(disk), "a long transfer is the I/O thread's");
    run();
    ok(bench_ram[STATUS] == 0 && bench_ram[DATA] == 'i' && get16(USED + 2) == 3, "which gets it whole");
    start(BLK, 0);
    request(1, 7, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    ok(bench_ram[STATUS] == 0xff && fake_block_queued(disk) == 1, "a driver that knows of no cache waits for the disk");
    run();
    wr(BLK + 0x70, 0);
    take(BLK, FLUSH_F);
    request(0, 7, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    ok(bench_ram[STATUS] == 0xff, "the device has not seen the driver's reset: the I/O thread is first");
    run();
    ok(bench_ram[STATUS] == 0 && get16(USED + 2) == 1, "then it goes on");
    fake_block_cached(disk, false);
}

static void test_reset_forgets(void)
{
    start(BLK, FLUSH_F);
    memset(bench_ram + DATA, 'z', 512);
    request(0, 9, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    fake_io_run();
    wr(BLK + 0x70, 0);
    run();
    ok(bench_ram[DATA] == 'z' && bench_ram[STATUS] == 0xff && !get16(USED + 2),
       "what is under way when the driver resets the device writes nothing to the guest's memory");
    ok(!bench_level[LINE_BLK] && !rd(BLK + 0x60), "and gives no interrupt");
    start(BLK, FLUSH_F);
    memset(bench_ram + DATA, 'o', 512);
    request(1, 9, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    fake_io_run();
    wr(BLK + 0x70, 0);
    fake_io_run();
    take(BLK, FLUSH_F);
    memset(bench_ram + DATA, 'n', 512);
    request(1, 9, 512);
    avail(0);
    wr(BLK + 0x50, 0);
    fake_io_run();
    ok_eq(fake_block_queued(disk), 1, "a write after the reset waits for those before it");
    run();
    ok(!bench_ram[STATUS] && fake_block_data(disk)[9 * 512] == 'n' && get16(USED + 2) == 1, "and then comes");
}

static void test_event_index(void)
{
    start(BLK, FLUSH_F | EVENT_F);
    put16(AVAIL + 4 + 2 * SIZE, 1);                 /* used_event */
    request(0, 0, 512);
    avail(0);
    kick(BLK, 0);
    ok(get16(USED + 2) == 1 && !bench_level[LINE_BLK], "no interrupt before the one that the driver waits for");
    ok_eq(get16(USED + 4 + 8 * SIZE), 1, "the device says which it waits for");
    avail(0);
    kick(BLK, 0);
    ok(get16(USED + 2) == 2 && bench_level[LINE_BLK], "an interrupt for that one");
    start(BLK, FLUSH_F);
    put16(AVAIL, 1);
    request(0, 0, 512);
    avail(0);
    kick(BLK, 0);
    ok(get16(USED + 2) == 1 && !bench_level[LINE_BLK], "no interrupt for a driver that wants none");
}

/* ---- drivers that break the rules ---- */

static void broken(const char *what)
{
    kick(BLK, 0);
    ok((rd(BLK + 0x70) & NEEDS_RESET) && rd(BLK + 0x60) == 2, "%s: the device needs a reset", what);
    start(BLK, FLUSH_F | INDIRECT_F);
    request(0, 0, 512);
    avail(0);
}

static void test_broken(void)
{
    start(BLK, FLUSH_F | INDIRECT_F);
    request(0, 0, 512);
    avail(0);
    put16(DESC + 32 + 12, NEXT | WRITE);
    put16(DESC + 32 + 14, 1);
    broken("a loop of descriptors");
    put32(DESC + 16 + 8, BENCH_RAM_SIZE);
    broken("a buffer beyond the end of RAM");
    put64(DESC + 16, 0x100000000ull + DATA);
    broken("a buffer above 4 GiB");
    put32(DESC + 16 + 8, 0xffffffff);
    broken("a buffer of 4 GiB");
    put16(AVAIL + 2, SIZE + 1);
    broken("an index of available buffers that jumped");
    put16(AVAIL + 4, SIZE);
    broken("a head outside of the table");
    put16(DESC + 14, SIZE);
    broken("a next descriptor outside of the table");
    put16(DESC + 12, NEXT | WRITE);
    put16(DESC + 32 + 12, 0);
    put16(DESC + 16 + 12, NEXT);
    broken("what is read behind what is written");
    desc(0, TABLE, 32, INDIRECT, 0);
    desc_in(TABLE, 0, TABLE, 32, INDIRECT, 0);
    broken("an indirect descriptor in an indirect table");
    desc(0, TABLE, 17, INDIRECT, 0);
    broken("an indirect table of a broken size");
    desc(0, BENCH_RAM_SIZE - 16, 32, INDIRECT, 0);
    broken("an indirect table beyond the end of RAM");
    desc(0, TABLE, 32, INDIRECT | NEXT, 1);
    broken("an indirect descriptor with a next one");
    desc(0, HEADER, 16, 0, 0);
    broken("a request without status");
    desc(0, TABLE, 32, INDIRECT, 0);
    desc_in(TABLE, 0, HEADER, 16, NEXT, 1);
    desc_in(TABLE, 1, DATA, 16, NEXT | WRITE, 1);
    broken("an endless chain in an indirect table");
    desc(0, TABLE, 16 * (VIRTIO_MAX_SEGMENTS + 1), INDIRECT, 0);
    broken("an indirect table of more descriptors than a chain may have");
    kick(BLK, 0);
    ok(bench_ram[STATUS] == 0, "after a reset it works again");
}

/* Make the same buffers available again and again, without a wait for what they were for. Returns how often. */
static unsigned flood(void)
{
    unsigned given = 0, before;

    start(BLK, FLUSH_F);
    request(4, 0, 0);
    do {
        before = fake_block_queued(disk);
        avail(0);
        given++;
        wr(BLK + 0x50, 0);
        fake_io_run();
    } while (fake_block_queued(disk) > before && given < 500);
    return given;
}

static void test_flood(void)
{
    unsigned given = flood();

    ok_eq(fake_block_queued(disk), 256, "a disk has 256 requests under way, however many are available");
    run();
    ok(get16(USED + 2) == given && !bench_ram[STATUS], "what waited is done when there is room");
    flood();
    wr(BLK + 0x70, 0);
    fake_io_run();
    ok_eq(fake_block_queued(disk), 256, "a reset forgets them; they count until they end");
    run();
    given = flood();
    ok_eq(fake_block_queued(disk), 256, "and then there is room for as many");
    run();
    ok_eq(get16(USED + 2), given, "which all end");
}

/* `piece` as often as a chain may have buffers, by an indirect table. */
static void huge_chain(uint32_t queue, uint32_t first_bytes, uint32_t piece, unsigned flags)
{
    const unsigned last = VIRTIO_MAX_SEGMENTS - 1;

    for (unsigned n = 0; n <= last; n++) {
        desc_in(LONG_TABLE, n, DATA, piece, flags | (n < last ? NEXT : 0), n + 1);
    }
    if (first_bytes) {
        desc_in(LONG_TABLE, 0, HEADER, first_bytes, NEXT, 1);
    }
    desc_in(DESC + queue * QUEUE_STEP, 0, LONG_TABLE, 16 * VIRTIO_MAX_SEGMENTS, INDIRECT, 0);
    put16(AVAIL + queue * QUEUE_STEP + 4, 0);
    put16(AVAIL + queue * QUEUE_STEP + 2, 1);
}

static void test_huge(void)
{
    start(BLK, INDIRECT_F);
    request(0, 0, 512);
    huge_chain(0, 16, 0x8000, WRITE);
    kick(BLK, 0);
    ok(get16(USED + 2) == 1 && get16(USED + 8) == 1 && bench_ram[DATA + 0x7fff] == 1 && !fake_block_queued(disk),
       "a disk: a request of 32 MiB fails, with no memory taken for it");
    start(RNG, INDIRECT_F);
    huge_chain(0, 0, 0x8000, WRITE);
    kick(RNG, 0);
    ok(get16(USED + 2) == 1 && get16(USED + 8) == 4096, "random numbers: 4 KiB of 32 MiB");
    start(NET, INDIRECT_F);
    huge_chain(1, 0, 0x8000, 0);
    kick(NET, 1);
    ok(get16(USED + QUEUE_STEP + 2) == 1, "a network card: a frame of 32 MiB is given back");
    start(NET, INDIRECT_F);
    huge_chain(1, 12, 1, 0);
    kick(NET, 1);
    ok(get16(USED + QUEUE_STEP + 2) == 1 && fake_net_sent_count == 1 && fake_net_sent_bytes == VIRTIO_MAX_SEGMENTS - 1,
       "a frame in a thousand pieces is sent");
    fake_net_sent_count = 0;
}

/* Anything in the guest's memory: neither crash nor endless loop, no wrong access, and a reset mends it. */
static void test_random(void)
{
    bool works = true;

    srand(1);
    for (unsigned round = 0; round < 4000; round++) {
        start(BLK, FLUSH_F | (round & 1 ? INDIRECT_F : 0) | (round & 2 ? EVENT_F : 0));
        request((uint32_t)rand() % 16, (uint32_t)rand() % 4000, 512);
        for (unsigned n = 0; n < 1 + round % 40; n++) {
            static const uint16_t areas[] = { DESC, DESC, AVAIL, USED, HEADER, TABLE };
            uint32_t at = areas[rand() % 6] + (uint32_t)rand() % 0x80;

            bench_ram[at] = rand() & 1 ? (uint8_t)rand() : (uint8_t)(rand() & 7);
        }
        put16(AVAIL + 2, (uint16_t)(rand() % (SIZE + 2)));
        fake_block_cached(disk, round & 4);
        kick(BLK, 0);
    }
    fake_block_cached(disk, false);
    start(BLK, FLUSH_F);
    request(0, 0, 512);
    avail(0);
    kick(BLK, 0);
    works = !bench_ram[STATUS];
    ok(works, "random rings: the device works after a reset");
}

/* ---- the other devices ---- */

static void test_rng(void)
{
    unsigned zeroes = 0;

    start(RNG, 0);
    desc(0, DATA, 512, WRITE, 0);
    avail(0);
    kick(RNG, 0);
    for (unsigned i = 0; i < 512; i++) {
        zeroes += !bench_ram[DATA + i];
    }
    ok(get16(USED + 2) == 1 && get16(USED + 8) == 512 && zeroes < 100 && bench_level[LINE_RNG], "random numbers");
    desc(0, DATA, 512, 0, 0);
    avail(0);
    kick(RNG, 0);
    ok(get16(USED + 2) == 2 && get16(USED + 16) == 0, "a buffer without room is given back");
}

/* A file with random numbers that has none at first, then a few, then ends. */
static void test_rng_file(int writer)
{
    start(RNG_FILE, 0);
    desc(0, DATA, 512, WRITE, 0);
    avail(0);
    kick(RNG_FILE, 0);
    ok(get16(USED + 2) == 0, "random numbers of a file: the request waits for some");
    ok(write(writer, "seven.!", 7) == 7, "random numbers of a file: they come");
    while (get16(USED + 2) == 0 && g_main_context_iteration(NULL, TRUE)) {
        run();
    }
    ok(get16(USED + 2) == 1 && get16(USED + 8) == 7 && !memcmp(bench_ram + DATA, "seven.!", 7),
       "random numbers of a file: as many as there are");
    close(writer);
    avail(0);
    kick(RNG_FILE, 0);
    ok(get16(USED + 2) == 2 && get16(USED + 16) == 0, "random numbers of a file: none when it has ended");
}

static void test_net(void)
{
    static const uint8_t frame[100] = "a frame";

    start(NET, 1u << 5);
    ok(rd(NET + 0x100) == 0x12005452, "address");
    ok(!fake_net_offer(net, frame, sizeof(frame)), "a frame waits for a buffer");
    desc(0, DATA, 1526, WRITE, 0);
    avail(0);
    kick(NET, 0);
    ok_eq(fake_net_ready_count, 1, "there is one");
    ok(fake_net_offer(net, frame, sizeof(frame)) && get16(USED + 2) == 1 && get16(USED + 8) == 112 &&
       !memcmp(bench_ram + DATA + 12, frame, sizeof(frame)) && get16(DATA + 10) == 1,
           "a frame arrives behind its header");
    desc(1, DATA, 50, WRITE, 0);
    avail(1);
    ok(fake_net_offer(net, frame, sizeof(frame)) && get16(USED + 2 ) == 2 && get16(USED + 16) == 0,
       "one for which the buffer is too small is lost");
    memcpy(bench_ram + DATA + 12, frame, sizeof(frame));
    desc_in(DESC + QUEUE_STEP, 0, DATA, 112, 0, 0);
    put16(AVAIL + QUEUE_STEP + 2, 1);
    kick(NET, 1);
    ok(fake_net_sent_count == 1 && fake_net_sent_bytes == 100 && !memcmp(fake_net_sent, frame, 100), "a frame is sent");
    desc_in(DESC + QUEUE_STEP, 0, DATA, 5000, 0, 0);
    put16(AVAIL + QUEUE_STEP + 2, 2);
    kick(NET, 1);
    desc_in(DESC + QUEUE_STEP, 0, DATA, 12, 0, 0);
    put16(AVAIL + QUEUE_STEP + 2, 3);
    kick(NET, 1);
    ok(fake_net_sent_count == 1 && get16(USED + QUEUE_STEP + 2) == 3,
       "too long and empty ones are given back, not sent");
    wr(NET + 0x64, 3);
    net_set_link(net, false);
    ok(reg_read_as(0, NET + 0x106, 2) == 0 && rd(NET + 0x60) == 2 && rd(NET + 0xfc) == 1, "the cable is pulled out");
    wr(NET + 0x70, 0);
    run();
    ok(fake_net_offer(net, frame, sizeof(frame)), "frames go by a card that has no driver");
}

static void test_legacy(void)
{
    const uint32_t desc_at = 2 * OLD_PAGE, used_at = 3 * OLD_PAGE;

    memset(bench_ram, 0, sizeof(bench_ram));
    wr(OLD + 0x28, OLD_PAGE);
    wr(OLD + 0x70, 0);
    run();
    wr(OLD + 0x70, 3);
    wr(OLD + 0x30, 0);
    wr(OLD + 0x38, SIZE);
    wr(OLD + 0x3c, OLD_PAGE);
    wr(OLD + 0x40, 2);
    ok_eq(rd(OLD + 0x40), 2, "legacy: the page size survives the reset of the device that follows it");
    request(1, 1, 512);
    memcpy(bench_ram + desc_at, bench_ram + DESC, 48);
    memset(bench_ram + DATA, 'q', 512);
    put16(desc_at + 16 * SIZE + 2, 1);
    kick(OLD, 0);
    ok(get16(used_at + 2) == 1 && bench_ram[STATUS] == 0 && fake_block_data(old_disk)[512] == 'q' &&
       bench_level[LINE_OLD],
       "legacy: a disk is written before the driver says that it is ready");
    wr(OLD + 0x40, 0);
    ok(rd(OLD + 0x40) == 0, "legacy: the queue goes away");
}

int main(void)
{
    VirtIOConfig blk = { .kind = VIRTIO_BLK, .serial = "serial" }, old = { .kind = VIRTIO_BLK };
    VirtIOConfig rng = { .kind = VIRTIO_RNG }, rng_file = { .kind = VIRTIO_RNG };
    int numbers[2];
    VirtIOConfig card = { .kind = VIRTIO_NET, .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } };
    VirtIOConfig nothing = { .kind = VIRTIO_NOTHING };

    bench_init();
    blk.blk = disk = fake_block_new(DISK, false);
    old.blk = old_disk = fake_block_new(DISK, false);
    card.net = net = fake_net_new();
    virtio_mmio_create(BLK, "blk", &blk, false, &bench_line[LINE_BLK]);
    virtio_mmio_create(RNG, "rng", &rng, false, &bench_line[LINE_RNG]);
    if (!g_unix_open_pipe(numbers, FD_CLOEXEC, NULL) || !g_unix_set_fd_nonblocking(numbers[0], TRUE, NULL)) {
        return 1;
    }
    rng_file.rng_fd = numbers[0];
    virtio_mmio_create(RNG_FILE, "rng-file", &rng_file, false, &bench_line[LINE_RNG_FILE]);
    virtio_mmio_create(NET, "net", &card, false, &bench_line[LINE_NET]);
    virtio_mmio_create(OLD, "old", &old, true, &bench_line[LINE_OLD]);
    virtio_mmio_create(EMPTY, "empty", &nothing, false, NULL);
    test_registers();
    test_blk();
    test_blk_here();
    test_reset_forgets();
    test_event_index();
    test_broken();
    test_flood();
    test_huge();
    test_random();
    test_rng();
    test_rng_file(numbers[1]);
    test_net();
    test_legacy();
    return test_done();
}
