/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bank of NOR flash: what a driver finds out about it, programming, erasing, locking, errors of all kinds, when its
 * array is read past the registers, and what is in the image when the chips say that they are ready.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "fake-io.h"
#include "hw/block/nor-flash.h"
#include "hw/device.h"

enum { BASE = 0x40000000, LOCKED_BASE = 0x44000000, AGAIN_BASE = 0x30000000, BLOCK = 0x40000 };
enum { READY = 0x800080, ERASE_ERROR = 0x200020, PROGRAM_ERROR = 0x100010, NO_VPP = 0x80008, LOCKED = 0x20002,
       SEQUENCE = ERASE_ERROR | PROGRAM_ERROR };

static BlockBackend *image, *readonly_image;
static bool vpp_on;

static bool vpp(void *opaque)
{
    return vpp_on;
}

static uint32_t both(uint32_t v)
{
    return v * 0x10001;
}

static void cmd(uint32_t offset, uint32_t value)
{
    wr(BASE + offset, both(value));
}

static uint32_t status(void)
{
    return rd(BASE);
}

/* The I/O thread and the host's disk do what there is to do. */
static void settle(void)
{
    while (fake_io_run() + fake_block_run(image)) {
    }
}

static void array_mode(void)
{
    cmd(0, 0x50);
    cmd(0, 0xff);
}

static void erase(uint32_t offset)
{
    cmd(offset, 0x20);
    cmd(offset, 0xd0);
    settle();
}

static void program(uint32_t offset, uint32_t value)
{
    cmd(offset, 0x40);
    wr(BASE + offset, value);
    settle();
}

static uint32_t in_image(uint32_t offset)
{
    uint32_t v;

    memcpy(&v, fake_block_data(image) + offset, 4);
    return v;
}

static uint32_t cfi(uint32_t word)
{
    return rd(BASE + 4 * word);
}

static void test_identification(void)
{
    bool query;

    cmd(0x55 * 4, 0x98);
    query = cfi(0x10) == both('Q') && cfi(0x11) == both('R') && cfi(0x12) == both('Y');
    ok(query && cfi(0x13) == both(1) && cfi(0x14) == 0, "Intel's command set");
    ok_eq(cfi(0x27), both(25), "32 MiB a chip");
    ok_eq(cfi(0x2a), both(5), "a buffer of 32 bytes");
    ok(cfi(0x2c) == both(1) && cfi(0x2d) == both(255) && cfi(0x2e) == 0 && cfi(0x2f) == 0 && cfi(0x30) == both(2),
       "256 blocks of 128 KiB");
    ok_eq(cfi(0x15), both(0x31), "where the command set's table is");
    ok(cfi(0x31) == both('P') && cfi(0x32) == both('R') && cfi(0x33) == both('I') && cfi(0x34) == both('1') &&
       cfi(0x35) == both('1') && cfi(0x36) == both(0x88), "that table");
    ok_eq(cfi(0x0f) | cfi(0x7000), 0, "outside of the query data");
    cmd(0, 0x90);
    ok(rd(BASE) == both(0x89) && rd(BASE + 4) == both(0x1d) && rd(BASE + 8) == 0, "maker, device, not locked");
    ok(reg_read_as(0, BASE + 2, 2) == 0x89 && (reg_read_as(0, BASE + 4, 1) & 0xff) == 0x1d, "by halves and bytes");
    ok_eq(rd(BASE + BLOCK + 4), both(0x1d), "in every block");
    array_mode();
    ok_eq(rd(BASE), in_image(0), "the array again");
}

static void test_program(void)
{
    erase(BLOCK);
    ok_eq(status(), READY, "erased");
    array_mode();
    ok(rd(BASE + BLOCK) == 0xffffffff && rd(BASE + 2 * BLOCK - 4) == 0xffffffff && !rd(BASE + BLOCK - 4) &&
       !rd(BASE + 2 * BLOCK), "the block and no other");
    ok(in_image(BLOCK) == 0xffffffff && in_image(2 * BLOCK - 4) == 0xffffffff && !in_image(2 * BLOCK), "in the image");
    program(BLOCK + 8, 0x12345678);
    ok_eq(status(), READY, "programmed");
    program(BLOCK + 8, 0xffff00ff);
    array_mode();
    ok(rd(BASE + BLOCK + 8) == 0x12340078 && in_image(BLOCK + 8) == 0x12340078, "bits become 0, never 1");
    ok_eq(rd(BASE + BLOCK + 12), 0xffffffff, "the next word is untouched");
    reg_write_as(0, BASE + BLOCK + 14, 0x40, 2);
    reg_write_as(0, BASE + BLOCK + 14, 0xabcd, 2);
    ok_eq(rd(BASE), in_image(0) & 0xffff, "the other chip still reads as its array, this one is busy");
    settle();
    ok_eq(rd(BASE) >> 16, 0x80, "one chip's status");
    array_mode();
    ok_eq(rd(BASE + BLOCK + 12), 0xabcdffff, "one chip alone");
}

static void buffer_write(uint32_t offset, unsigned words, uint32_t confirm)
{
    cmd(offset, 0xe8);
    cmd(offset, words - 1);
    for (unsigned i = 0; i < words; i++) {
        wr(BASE + offset + 4 * i, both(0x1000 + i));
    }
    cmd(offset, confirm);
    settle();
}

static void test_buffer(void)
{
    bool good = true;

    erase(BLOCK);
    buffer_write(BLOCK + 0x40, 16, 0xd0);
    ok_eq(status(), READY, "a full buffer");
    buffer_write(BLOCK + 0x88, 3, 0xd0);
    ok_eq(status(), READY, "three words inside a buffer");
    array_mode();
    for (unsigned i = 0; i < 16; i++) {
        uint32_t at = BLOCK + 0x40 + 4 * i;

        good &= rd(BASE + at) == both(0x1000 + i) && in_image(at) == both(0x1000 + i);
    }
    ok(good && rd(BASE + BLOCK + 0x3c) == 0xffffffff && rd(BASE + BLOCK + 0x80) == 0xffffffff, "the words of it");
    ok(rd(BASE + BLOCK + 0x84) == 0xffffffff && rd(BASE + BLOCK + 0x88) == both(0x1000) &&
       rd(BASE + BLOCK + 0x90) == both(0x1002) && rd(BASE + BLOCK + 0x94) == 0xffffffff, "the three words");
    buffer_write(BLOCK + 0xf8, 4, 0xd0);
    ok_eq(status(), READY | SEQUENCE, "across the end of a buffer");
    cmd(0, 0x50);
    buffer_write(BLOCK + 0x100, 2, 0xff);
    ok_eq(status(), READY | SEQUENCE, "not confirmed");
    cmd(0, 0x50);
    cmd(BLOCK, 0xe8);
    cmd(BLOCK, 16);
    ok_eq(status(), READY | SEQUENCE, "too many words");
    array_mode();
    ok(rd(BASE + BLOCK + 0xf8) == 0xffffffff && rd(BASE + BLOCK + 0x100) == 0xffffffff, "none of these is written");
}

static void test_errors(void)
{
    cmd(BLOCK, 0x20);
    cmd(BLOCK, 0xff);
    ok_eq(status(), READY | SEQUENCE, "an erase that is not confirmed");
    cmd(0, 0x70);
    ok_eq(status(), READY | SEQUENCE, "errors stay");
    cmd(0, 0x50);
    cmd(0, 0x70);
    ok_eq(status(), READY, "until they are cleared");
    vpp_on = false;
    erase(BLOCK);
    ok_eq(status(), READY | ERASE_ERROR | NO_VPP, "an erase without voltage");
    cmd(0, 0x50);
    program(BLOCK + 0x40, 0);
    ok_eq(status(), READY | PROGRAM_ERROR | NO_VPP, "programming without voltage");
    cmd(0, 0x50);
    cmd(BLOCK, 0x60);
    cmd(BLOCK, 0x01);
    ok_eq(status(), READY | PROGRAM_ERROR | NO_VPP, "locking without voltage");
    vpp_on = true;
    array_mode();
    ok_eq(rd(BASE + BLOCK + 0x40), both(0x1000), "the array stays");
    fake_block_fail(image, -EIO);
    program(BLOCK + 0x40, 0);
    ok_eq(status(), READY | PROGRAM_ERROR, "the host cannot write");
    cmd(0, 0x50);
    erase(BLOCK);
    ok_eq(status(), READY | ERASE_ERROR, "the host cannot erase");
    fake_block_fail(image, 0);
    array_mode();
    ok_eq(rd(BASE + BLOCK + 0x40), both(0x1000), "what the image does not have the array has not");
    wr(LOCKED_BASE, both(0x20));
    wr(LOCKED_BASE, both(0xd0));
    ok_eq(rd(LOCKED_BASE), READY | ERASE_ERROR | NO_VPP, "an image for reading only");
    wr(LOCKED_BASE, both(0x50));
    cmd(0, 0x12);
    reg_write_as(0, BASE + 1, 0x20, 1);
    ok_eq(rd(BASE + BLOCK + 0x40), both(0x1000), "no command");
}

static void test_lock(void)
{
    cmd(BLOCK, 0x60);
    cmd(BLOCK, 0x01);
    ok_eq(status(), READY, "locked");
    cmd(0, 0x90);
    ok(rd(BASE + BLOCK + 8) == both(1) && rd(BASE + 8) == 0, "that block");
    erase(BLOCK);
    ok_eq(status(), READY | ERASE_ERROR | LOCKED, "cannot be erased");
    cmd(0, 0x50);
    program(BLOCK + 0x40, 0);
    ok_eq(status(), READY | PROGRAM_ERROR | LOCKED, "nor programmed");
    bench_reset();
    cmd(0, 0x90);
    ok_eq(rd(BASE + BLOCK + 8), both(1), "not by a reset either");
    cmd(0, 0x60);
    cmd(0, 0x2f);
    ok_eq(status(), READY | SEQUENCE, "a wrong second command");
    cmd(0, 0x50);
    cmd(0, 0x60);
    cmd(0, 0xd0);
    cmd(0, 0x90);
    ok_eq(rd(BASE + BLOCK + 8), 0, "unlocked, like all others");
    erase(BLOCK);
    ok_eq(status(), READY, "can be erased again");
    array_mode();
}

/* Between the command and the end of the host's write. */
static void test_busy(void)
{
    erase(BLOCK);
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK, 0);
    ok_eq(status(), 0, "busy before the I/O thread knows of it");
    fake_io_run();
    ok_eq(status(), 0, "busy while the host writes");
    cmd(0, 0xff);
    cmd(0, 0xb0);
    ok_eq(status(), 0, "commands are not taken");
    ok_eq(in_image(BLOCK), 0xffffffff, "nothing is written yet");
    fake_block_run(image);
    ok(status() == READY && !in_image(BLOCK), "ready when the image has it");
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK + 4, 0);
    bench_reset();
    settle();
    ok(rd(BASE + BLOCK + 4) == 0xffffffff && in_image(BLOCK + 4) == 0xffffffff, "a reset before it was begun");
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK + 8, 0);
    fake_io_run();
    bench_reset();
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK + 12, 0);
    ok_eq(status(), 0, "a new operation while the old one is under way");
    settle();
    ok_eq(status(), READY, "both end");
    array_mode();
    ok(!rd(BASE + BLOCK + 8) && !in_image(BLOCK + 8) && !rd(BASE + BLOCK + 12) && !in_image(BLOCK + 12),
       "array and image agree");
    /* The chips in different blocks. */
    erase(2 * BLOCK);
    reg_write_as(0, BASE + BLOCK + 0x20, 0x40, 2);
    reg_write_as(0, BASE + BLOCK + 0x20, 0x1111, 2);
    reg_write_as(0, BASE + 2 * BLOCK + 0x22, 0x40, 2);
    reg_write_as(0, BASE + 2 * BLOCK + 0x22, 0x2222, 2);
    settle();
    ok_eq(status(), READY, "each chip has something of its own to do");
    array_mode();
    ok(rd(BASE + BLOCK + 0x20) == 0xffff1111 && rd(BASE + 2 * BLOCK + 0x20) == 0x2222ffff, "and does it");
}

static void test_unasked(void)
{
    unsigned looks = 0;

    bench_can_hold = true;
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK + 0x40, 0);
    cmd(BLOCK, 0x70);
    ok(!bench_holds && status() == 0, "unasked: a busy chip can be asked");
    cmd(BLOCK, 0xff);
    ok_eq(bench_holds, 1, "the next command waits");
    settle();
    ok(!bench_holds && status() == READY, "until the image has what was written");
    cmd(BLOCK, 0x40);
    wr(BASE + BLOCK + 0x44, 0);
    while (!bench_holds && looks < 100) {
        status();
        looks++;
    }
    ok(looks > 3 && looks < 10, "a few looks in vain, then it waits");
    bench_can_hold = false;
    settle();
    ok_eq(status(), READY, "and it is ready");
    array_mode();
}

static void test_shown(void)
{
    MemoryRegion *r = memory_find(BASE);
    unsigned before;

    for (unsigned i = 0; i < 5000; i++) {
        rd(BASE + 4 * i);
    }
    settle();
    ok(rom_is_shown(r), "an array that is read is shown");
    before = fake_rom_hidden;
    cmd(0, 0x70);
    ok(!rom_is_shown(r) && fake_rom_hidden == before + 1, "a command hides it");
    for (unsigned i = 0; i < 5000; i++) {
        rd(BASE + 4 * i);
    }
    settle();
    ok(!rom_is_shown(r), "reading the status does not show it");
    cmd(0, 0xff);
    for (unsigned i = 0; i < 4095; i++) {
        rd(BASE + 4 * i);
    }
    settle();
    ok(!rom_is_shown(r), "nor does reading the array for a moment");
    rd(BASE);
    reg_write_as(0, BASE, 0x90, 2);
    settle();
    ok(!rom_is_shown(r), "nor when one chip has left array mode meanwhile");
    cmd(0, 0xff);
}

/* Through a file, into a chip that is somewhere else. */
static void test_saved(void)
{
    Device *d = device_find("flash0");
    char *bytes = NULL, *error = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);

    cmd(BLOCK, 0x60);
    cmd(BLOCK, 0x01);
    cmd(3 * BLOCK, 0xe8);
    cmd(3 * BLOCK, 1);
    wr(BASE + 3 * BLOCK, 0);
    ok(device_save(d, f) && !fclose(f), "saved between the words of a buffer");
    bench_reset();
    cmd(0, 0x60);
    cmd(0, 0xd0);
    array_mode();
    f = fmemopen(bytes, size, "r");
    ok(device_load(d, f, &error), "loaded");
    fclose(f);
    free(bytes);
    wr(BASE + 3 * BLOCK + 4, 0);
    cmd(3 * BLOCK, 0xd0);
    settle();
    ok_eq(status(), READY, "it goes on");
    cmd(0, 0x90);
    ok_eq(rd(BASE + BLOCK + 8), both(1), "locks are part of it");
    array_mode();
}

int main(void)
{
    NorFlash *first;

    image = fake_block_new(NOR_FLASH_BYTES, false);
    readonly_image = fake_block_new(NOR_FLASH_BYTES, true);
    memcpy(fake_block_data(image), "flash", 5);
    memset(fake_block_data(image) + 3 * BLOCK, 0xff, BLOCK);
    vpp_on = true;
    bench_init();
    first = nor_flash_create(&(NorFlashConfig) { .base = BASE, .name = "flash0", .blk = image, .vpp = vpp });
    nor_flash_map_again(first, AGAIN_BASE, "again");
    nor_flash_create(&(NorFlashConfig) { .base = LOCKED_BASE, .name = "flash1", .blk = readonly_image, .vpp = vpp });
    bench_reset();
    ok_eq(rd(BASE), in_image(0), "the image is the array");
    ok_eq(rd(AGAIN_BASE), in_image(0), "also at another address");
    test_identification();
    wr(AGAIN_BASE, both(0x90));
    ok_eq(rd(BASE), both(0x89), "where the chips take orders, too");
    array_mode();
    test_program();
    test_buffer();
    test_errors();
    test_lock();
    test_busy();
    test_unasked();
    test_shown();
    test_saved();
    return test_done();
}
