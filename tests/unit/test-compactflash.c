/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CompactFlash socket: commands of an ATA drive, addresses, data, errors, resets, a slow image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "hw/device.h"
#include "hw/ide/compactflash.h"

enum { BASE = 0x18000000, LOCKED = 0x18010000, CONTROL = 0x100, SECTOR = 512, SECTORS = 2048 };
enum { DATA = 0, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS };
enum { BSY = 0x80, DRDY = 0x40, DF = 0x20, DSC = 0x10, DRQ = 8, ERR = 1, ABRT = 4, IDNF = 0x10, UNC = 0x40 };
enum { READY = DRDY | DSC, LBA = 0x40 };

static uint32_t base = BASE;
static BlockBackend *card, *locked;

static uint8_t get(unsigned reg)
{
    return (uint8_t)reg_read_as(0, base + 2 * reg, 1);
}

static void set(unsigned reg, uint8_t value)
{
    reg_write_as(0, base + 2 * reg, value, 1);
}

static void set_address(uint32_t sector, unsigned count)
{
    set(COUNT, (uint8_t)count);
    set(LOW, (uint8_t)sector);
    set(MID, (uint8_t)(sector >> 8));
    set(HIGH, (uint8_t)(sector >> 16));
    set(DEVICE, (uint8_t)(LBA | (sector >> 24 & 15)));
}

static uint8_t command(uint8_t c)
{
    set(STATUS, c);
    return get(STATUS);
}

/* The status once the image has answered. */
static uint8_t after(uint8_t c)
{
    command(c);
    fake_block_run(card);
    return get(STATUS);
}

static void read_words(uint16_t *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        to[i] = (uint16_t)reg_read_as(0, base, 2);
    }
}

static void write_words(uint16_t from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        reg_write_as(0, base, (uint16_t)(from + i), 2);
    }
}

static uint16_t *words_of(uint32_t sector)
{
    return (uint16_t *)(fake_block_data(card) + (size_t)sector * SECTOR);
}

static void fill(void)
{
    for (unsigned i = 0; i < SECTORS * SECTOR / 2; i++) {
        words_of(0)[i] = (uint16_t)(i * 7);
    }
}

static void test_unasked(void)
{
    unsigned looks = 0;

    fill();
    bench_can_hold = true;
    set_address(5, 1);
    ok(command(0x20) == BSY && !bench_holds, "unasked: one look");
    reg_read_as(0, base, 2);
    ok_eq(bench_holds, 1, "data that are not there yet wait for the image");
    set(COUNT, 77);
    ok_eq(bench_holds, 2, "and so does a register that is written");
    fake_block_run(card);
    ok(!bench_holds && reg_read_as(0, base, 2) == words_of(5)[0], "until it has answered");
    set_address(5, 1);
    command(0x20);
    while (!bench_holds && looks < 100) {
        get(STATUS);
        looks++;
    }
    ok(looks > 3 && looks < 10, "a few looks in vain, then it waits");
    bench_can_hold = false;
    fake_block_run(card);
    ok_eq(get(STATUS), READY | DRQ, "there it is");
}

static void test_identify(void)
{
    uint16_t id[256];

    ok(get(STATUS) == READY && get(ERROR) == 1 && get(COUNT) == 1 && get(LOW) == 1 && !get(MID) && !get(HIGH),
       "a drive that is in order");
    ok_eq(command(0xec), READY | DRQ, "IDENTIFY DEVICE has its data at once");
    read_words(id, 256);
    ok_eq(get(STATUS), READY, "and ends with the last word");
    ok(id[0] == 0x848a && id[1] == SECTORS / (16 * 63) && id[3] == 16 && id[6] == 63, "a card, its geometry");
    ok(id[60] == SECTORS && !id[61] && id[100] == SECTORS && !id[101], "its size, in both ways");
    ok(!memcmp(id + 27, "QPME UoCpmcaFtalhs ", 18), "its name, letters swapped");
    ok((id[83] & 0xc400) == 0x4400 && (id[85] & 0x20), "addresses of 48 bits; a write cache, which is on");
    ok_eq(reg_read_as(0, base + CONTROL, 1), READY, "the alternate status");
    ok_eq(reg_read_as(0, base, 2), 0xffff, "no data is left");
}

static void test_read(void)
{
    uint16_t got[3 * 256];

    fill();
    set_address(5, 3);
    ok_eq(command(0x20), BSY, "a read waits for the image");
    set(COUNT, 77);
    ok(reg_read_as(0, base, 2) == 0xffff && get(STATUS) == BSY, "no register access waits, or has an effect");
    fake_block_run(card);
    ok_eq(get(STATUS), READY | DRQ, "there it is");
    read_words(got, 3 * 256);
    ok(!memcmp(got, words_of(5), sizeof(got)) && get(STATUS) == READY && get(COUNT) == 3, "three sectors");
    set_address(0, 0);
    bool good = after(0x20) == (READY | DRQ);
    for (unsigned i = 0; i < 256 && good; i++) {
        fake_block_run(card);
        good &= get(STATUS) == (READY | DRQ);
        read_words(got, 256);
        good &= !memcmp(got, words_of(i), SECTOR);
    }
    ok(good && get(STATUS) == READY, "a count of 0 is 256 sectors, piece by piece");
    set_address(9, 1);
    after(0x20);
    uint32_t word = reg_read_as(0, base, 4);
    ok_eq(word, words_of(9)[0] | (uint32_t)words_of(9)[1] << 16, "32 bits are two words");
    ok_eq(after(0x20), READY | DRQ, "another command drops the rest");
    set(DEVICE, 2);
    set(LOW, 4);
    set(MID, 1);
    set(HIGH, 0);
    set(COUNT, 1);
    after(0x20);
    read_words(got, 256);
    ok(!memcmp(got, words_of((1 * 16 + 2) * 63 + 3), SECTOR), "an address by cylinder, head and sector");
    set(DEVICE, 7);
    set(COUNT, 32);
    ok_eq(after(0x91), READY, "another geometry: 8 heads of 32 sectors");
    set(DEVICE, 2);
    set(COUNT, 1);
    after(0x20);
    read_words(got, 256);
    ok(!memcmp(got, words_of((1 * 8 + 2) * 32 + 3), SECTOR), "the same address there");
}

static void test_write(void)
{
    set_address(100, 2);
    ok_eq(command(0x30), READY | DRQ, "a write wants its data");
    write_words(1000, 512);
    ok(get(STATUS) == BSY && fake_block_queued(card) == 1 && words_of(100)[0] != 1000, "which the image then gets");
    fake_block_run(card);
    ok(get(STATUS) == READY && words_of(100)[0] == 1000 && words_of(101)[255] == 1511, "two sectors");
    set_address(200, 100);
    command(0x30);
    bool good = true;
    for (unsigned i = 0; i < 100; i++) {
        fake_block_run(card);
        good &= get(STATUS) == (READY | DRQ);
        write_words((uint16_t)i, 256);
    }
    fake_block_run(card);
    for (unsigned i = 0; i < 100; i++) {
        good &= words_of(200 + i)[0] == i && words_of(200 + i)[255] == i + 255;
    }
    ok(good && get(STATUS) == READY, "a hundred sectors, more than the buffer has room for");
    set_address(300, 1);
    ok_eq(after(0xc0), READY, "sectors are erased");
    ok(!words_of(300)[0] && !words_of(300)[255] && words_of(301)[0], "to zeroes, and no other");
    ok_eq(command(0xe7), BSY, "a flush");
    fake_block_run(card);
    ok_eq(get(STATUS), READY, "ends when the image is flushed");
    set(ERROR, 0x82);
    ok_eq(after(0xef), READY, "the write cache off");
    set_address(7, 1);
    command(0x30);
    write_words(1, 256);
    ok_eq(fake_block_run(card), 2, "a write is followed by a flush");
    ok_eq(get(STATUS), READY, "and has ended then");
    set(ERROR, 2);
    ok_eq(after(0xef), READY, "the write cache on");
}

static void test_multiple(void)
{
    uint16_t got[8 * 256];

    set_address(5, 8);
    ok(after(0xc4) == (READY | ERR) && get(ERROR) == ABRT, "READ MULTIPLE before it is set");
    set(COUNT, 3);
    ok(after(0xc6) == (READY | ERR) && get(ERROR) == ABRT, "SET MULTIPLE to no power of two");
    set(COUNT, 8);
    ok_eq(after(0xc6), READY, "or one");
    set_address(5, 8);
    ok_eq(after(0xc4), READY | DRQ, "READ MULTIPLE");
    read_words(got, 8 * 256);
    ok(!memcmp(got, words_of(5), sizeof(got)) && get(STATUS) == READY, "all of it");
    set_address(5, 1);
    command(0xc5);
    write_words(4711, 256);
    fake_block_run(card);
    ok_eq(words_of(5)[0], 4711, "WRITE MULTIPLE");
}

static void test_extended(void)
{
    uint16_t got[256];

    set(COUNT, 0);
    set(COUNT, 1);
    set(LOW, 0);
    set(LOW, 0x34);
    set(MID, 0);
    set(MID, 2);
    set(HIGH, 0);
    set(HIGH, 0);
    set(DEVICE, LBA);
    ok_eq(after(0x24), READY | DRQ, "READ SECTORS EXT");
    read_words(got, 256);
    ok(!memcmp(got, words_of(0x234), SECTOR), "of an address of 48 bits");
    set(LOW, 1);
    reg_write_as(0, base + CONTROL, 0x80, 1);
    ok_eq(get(LOW), 0x34, "the byte before is read with HOB");
    set(LOW, 0x34);
    ok_eq(get(LOW), 0x34, "a write ends that");
    ok(after(0x24) == (READY | ERR) && get(ERROR) == IDNF, "an address behind the end: the low byte came second");
    ok_eq(after(0xea), READY, "FLUSH CACHE EXT");
}

static void test_errors(void)
{
    uint16_t got[256];

    set_address(SECTORS - 1, 2);
    ok(after(0x20) == (READY | ERR) && get(ERROR) == IDNF && !fake_block_queued(card), "a sector behind the end");
    set_address(0x0fffffff, 1);
    ok(after(0x30) == (READY | ERR) && get(ERROR) == IDNF, "far behind it");
    set(DEVICE, 0);
    set(LOW, 0);
    ok(after(0x20) == (READY | ERR) && get(ERROR) == IDNF, "cylinders have no sector 0");
    set_address(3, 1);
    fake_block_fail(card, -EIO);
    ok(after(0x20) == (READY | ERR) && get(ERROR) == UNC, "the image cannot be read");
    command(0x30);
    write_words(0, 256);
    fake_block_run(card);
    ok(get(STATUS) == (READY | ERR | DF) && get(ERROR) == ABRT, "or written");
    ok_eq(after(0xe7), READY | ERR | DF, "or flushed");
    fake_block_fail(card, 0);
    ok_eq(after(0x20), READY | DRQ, "it can be again");
    read_words(got, 256);
    ok(after(0xb0) == (READY | ERR) && get(ERROR) == ABRT, "a command that there is not");
    set(ERROR, 3);
    set(COUNT, 0x0c);
    ok_eq(after(0xef), READY, "PIO mode 4");
    set(COUNT, 0x22);
    ok(after(0xef) == (READY | ERR) && get(ERROR) == ABRT, "no DMA");
    ok(after(0xe5) == READY && get(COUNT) == 0xff, "it does not sleep");
    write_words(1, 1);
    base = LOCKED;
    set_address(3, 1);
    ok(command(0x30) == (READY | ERR) && get(ERROR) == ABRT, "an image that is read-only");
    base = BASE;
}

static void test_resets(void)
{
    set(DEVICE, 0x10);
    ok(!get(STATUS) && command(0xec) == 0, "there is no drive 1");
    set(DEVICE, 0);
    set_address(3, 1);
    command(0x20);
    reg_write_as(0, base + CONTROL, 4, 1);
    ok_eq(get(STATUS), BSY, "a software reset while the image is read");
    reg_write_as(0, base + CONTROL, 0, 1);
    ok_eq(get(STATUS), BSY, "lasts until that has ended");
    fake_block_run(card);
    ok(get(STATUS) == READY && get(ERROR) == 1 && get(LOW) == 1 && !fake_block_queued(card), "and nothing is left");
    set_address(3, 1);
    command(0x30);
    bench_reset();
    ok_eq(get(STATUS), READY, "the machine's reset ends a write");
    set_address(3, 1);
    command(0x20);
    bench_reset();
    ok(get(STATUS) == BSY && fake_block_run(card) == 1 && get(STATUS) == READY, "or a read, when that has ended");
    ok(after(0x90) == READY && get(ERROR) == 1, "EXECUTE DEVICE DIAGNOSTIC");
    reg_write_as(0, base + 0x1fc, 0xec, 4);
    ok(!reg_read_as(0, base + 0x20, 4) && get(STATUS) == READY, "no registers there");
}

int main(void)
{
    bench_init();
    card = fake_block_new(SECTORS * SECTOR, false);
    locked = fake_block_new(SECTORS * SECTOR, true);
    compactflash_create(BASE, 0x1000, "compactflash", card);
    compactflash_create(LOCKED, 0x1000, "cf-locked", locked);
    test_identify();
    test_unasked();
    test_read();
    test_write();
    test_multiple();
    test_extended();
    test_errors();
    test_resets();
    return test_done();
}
