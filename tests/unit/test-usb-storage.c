/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB stick: the bulk-only transport with its disagreements, SCSI commands, errors, media, and being pulled out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "hw/usb/isp1761.h"
#include "hw/usb/usb-devices.h"
#include "usb-driver.h"

enum { SECTOR = 512, SECTORS = 4096, ADDRESS = 2, IN = 1, OUT = 2 };

static USBBus *bus;
static BlockBackend *blk;
static USBDevice *stick;
static const UsbTarget hub0 = { .packet = 64 }, hub = { .address = 1, .packet = 64 };
static const UsbTarget control = { .address = ADDRESS, .packet = 64 };
static const UsbTarget in = { .address = ADDRESS, .endpoint = IN, .packet = SECTOR };
static const UsbTarget out = { .address = ADDRESS, .endpoint = OUT, .packet = SECTOR };
static uint8_t data[16384];

/* ---- the transport ---- */

static void put_be(uint8_t *p, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
    }
}

static int send_command(const uint8_t cdb[16], uint32_t len, bool from_device)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 't', 'a', 'g', '!', (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                        0, from_device ? 0x80 : 0, 0, 16 };

    memcpy(cbw + 15, cdb, 16);
    return usb_transfer(&out, TOKEN_OUT, cbw, sizeof(cbw));
}

/* A transfer that waits for the drive, and goes on when that has worked. */
static int move(const UsbTarget *t, unsigned token, void *p, unsigned len)
{
    usb_begin(t, 0, token, p, len);
    for (unsigned i = 0; i < 100 && fake_block_run(blk); i++) { }
    return usb_end(t, 0, p, token == TOKEN_IN ? len : 0);
}

static void clear_halt(const UsbTarget *t)
{
    usb_control(&control, 0x0201, 0, t->endpoint | (t->endpoint == IN ? 0x80 : 0), NULL, 0);
}

static uint32_t residue;

/* The status, or -1: there was none. */
static int status(void)
{
    uint8_t csw[13];
    int n = move(&in, TOKEN_IN, csw, sizeof(csw));

    if (n == PTD_STALLED) {
        clear_halt(&in);
        n = move(&in, TOKEN_IN, csw, sizeof(csw));
    }
    residue = csw[8] | (uint32_t)csw[9] << 8 | (uint32_t)csw[10] << 16;
    return n == 13 && !memcmp(csw, "USBStag!", 8) ? csw[12] : -1;
}

static int moved;               /* by the last command, or how its data ended */

/* A command with data from or to data[]; its status. */
static int command(const uint8_t cdb[16], uint32_t len, bool from_device)
{
    moved = 0;
    if (send_command(cdb, len, from_device) != 31) {
        return -2;
    }
    if (len) {
        const UsbTarget *t = from_device ? &in : &out;

        moved = move(t, from_device ? TOKEN_IN : TOKEN_OUT, data, len);
        if (moved == PTD_STALLED) {
            clear_halt(t);
        }
    }
    return status();
}

#define CDB(...) ((const uint8_t[16]) { __VA_ARGS__ })

/* Key, code and qualifier as one number. */
static uint32_t sense(void)
{
    command(CDB(0x03, 0, 0, 0, 18), 18, true);
    return (uint32_t)data[2] << 16 | (uint32_t)data[12] << 8 | data[13];
}

static int blocks(uint8_t opcode, uint32_t first, uint32_t count, uint32_t len, bool from_device)
{
    uint8_t cdb[16] = { opcode };

    put_be(cdb + 2, 4, first);
    put_be(cdb + 7, 2, count);
    return command(cdb, len, from_device);
}

/* ---- tests ---- */

static USBDevice *plug(const char *drive, const char *removable, char **error)
{
    USBConfig config;

    usb_config_init(&config, USB_STORAGE);
    usb_config_set(&config, "drive", drive);
    usb_config_set(&config, "port", "2");
    usb_config_set(&config, "serial", "SN12");
    if (removable) {
        usb_config_set(&config, "removable", removable);
    }
    return usb_new(bus, &config, error);
}

static bool enumerate(void)
{
    UsbTarget t;

    return usb_enumerate(&hub, 2, ADDRESS, &t);
}

static void test_says_what_it_is(void)
{
    uint8_t d[64];

    ok(usb_control(&control, 0x8006, 0x303, 0, d, 64) == 10 && d[2] == 'S' && d[8] == '2', "serial number");
    ok(usb_control(&control, 0xa1fe, 0, 0, d, 1) == 1 && d[0] == 0, "one unit");
    ok(usb_control(&control, 0x8006, 0x600, 0, d, 64) == 10, "qualifier");
    ok(command(CDB(0x12, 0, 0, 0, 36), 36, true) == 0 && moved == 36 && !memcmp(data + 8, "PQEMU   PQEMU DISK", 18) &&
       data[1] == 0x80, "INQUIRY");
    ok(command(CDB(0x00), 0, false) == 1 && sense() == 0x062900, "it was switched on: TEST UNIT READY fails once");
    ok(sense() == 0 && command(CDB(0x00), 0, false) == 0, "and then it is ready");
    ok(command(CDB(0x12, 1, 0, 0, 64), 64, true) == 0 && moved == 7 && data[3] == 3 && residue == 57, "pages");
    ok(command(CDB(0x12, 1, 0x80, 0, 64), 64, true) == 0 && moved == 8 && !memcmp(data + 4, "SN12", 4),
       "serial number");
    ok(command(CDB(0x12, 1, 0x77, 0, 64), 64, true) == 1 && moved == PTD_STALLED && sense() == 0x052400,
       "no such page");
    ok(command(CDB(0x25), 8, true) == 0 && moved == 8 && data[2] == 0x0f && data[3] == 0xff && data[6] == 2,
       "capacity");
    ok(command(CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), 32, true) == 0 && moved == 32 && data[6] == 0x0f,
       "capacity of 16 bytes");
    ok(command(CDB(0x23, 0, 0, 0, 0, 0, 0, 0, 12), 12, true) == 0 && data[6] == 0x10 && data[8] == 2, "formats");
    ok(command(CDB(0x1a, 0, 0x3f, 0, 192), 192, true) == 0 && moved == 24 && data[0] == 23 && data[2] == 0 &&
       data[6] == 4, "MODE SENSE: it has a cache, and may be written");
    ok(command(CDB(0x5a, 0, 8, 0, 0, 0, 0, 0, 192), 192, true) == 0 && moved == 28 && data[1] == 26, "the longer one");
    ok(command(CDB(0x1a, 0, 2, 0, 192), 192, true) == 1 && sense() == 0x052400, "a page that it has not");
    ok(command(CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16), 16, true) == 0 && moved == 16, "REPORT LUNS");
    ok(command(CDB(0xff), 0, false) == 1 && sense() == 0x052000, "an unknown command");
}

static void test_blocks(void)
{
    uint8_t *image = fake_block_data(blk);

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    ok(blocks(0x2a, 100, 16, 16 * SECTOR, false) == 0 && moved == 16 * SECTOR && residue == 0 &&
       !memcmp(image + 100 * SECTOR, data, 16 * SECTOR), "WRITE");
    memset(data, 0, sizeof(data));
    ok(blocks(0x28, 100, 16, 16 * SECTOR, true) == 0 && moved == 16 * SECTOR &&
       !memcmp(image + 100 * SECTOR, data, 16 * SECTOR), "READ");
    ok(command(CDB(0x08, 0, 0, 101, 1), SECTOR, true) == 0 && !memcmp(image + 101 * SECTOR, data, SECTOR), "READ(6)");
    ok(command(CDB(0x88, 0, 0, 0, 0, 0, 0, 0, 0, 102, 0, 0, 0, 1), SECTOR, true) == 0 &&
       !memcmp(image + 102 * SECTOR, data, SECTOR), "READ(16)");
    ok(command(CDB(0xaa, 0, 0, 0, 0, 99, 0, 0, 0, 1), SECTOR, false) == 0 &&
       !memcmp(image + 99 * SECTOR, data, SECTOR), "WRITE(12)");
    ok(blocks(0x35, 0, 0, 0, false) == 0, "SYNCHRONIZE CACHE");
    ok(blocks(0x2f, 0, SECTORS, 0, false) == 0 && blocks(0x28, 0, 0, 0, false) == 0, "VERIFY, READ of nothing");
    ok(blocks(0x28, SECTORS, 1, SECTOR, true) == 1 && moved == PTD_STALLED && sense() == 0x052100, "beyond the end");
    ok(blocks(0x2a, SECTORS - 1, 2, 2 * SECTOR, false) == 1 && moved == PTD_STALLED && sense() == 0x052100,
       "WRITE over the end");
    ok(command(CDB(0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255), SECTOR, true) == 1 &&
       sense() == 0x052100, "sums that do not fit");
}

/* More than its buffer holds: 300 sectors by pieces of 16 KiB. */
static void test_long_transfer(void)
{
    const uint8_t *image = fake_block_data(blk);
    uint8_t cdb[16] = { 0x28, 0, 0, 0, 0, 100, 0, 1, 44 };
    unsigned at = 0, wrong = 0;

    ok(send_command(cdb, 300 * SECTOR, true) == 31, "300 sectors");
    while (at < 300 * SECTOR) {
        const unsigned n = MIN((unsigned)sizeof(data), 300 * SECTOR - at);

        if (move(&in, TOKEN_IN, data, n) != (int)n) {
            break;
        }
        wrong += memcmp(data, image + 100 * SECTOR + at, n) != 0;
        at += n;
    }
    ok(at == 300 * SECTOR && !wrong && status() == 0, "come in pieces");
}

static void test_disagreements(void)
{
    ok(blocks(0x28, 0, 1, 4 * SECTOR, true) == 0 && moved == PTD_STALLED, "the host wants more");
    ok_eq(residue, 3 * SECTOR, "and is told how much did not come");
    ok(blocks(0x28, 0, 4, SECTOR, true) == 2, "the host wants less: a phase error");
    ok(blocks(0x28, 0, 1, SECTOR, false) == 2 && moved == PTD_STALLED, "the other direction");
    ok(blocks(0x2a, 0, 1, SECTOR, true) == 2 && moved == PTD_STALLED, "and the other way round");
    ok(blocks(0x2a, 0, 1, 2 * SECTOR, false) == 0 && moved == PTD_STALLED && residue == SECTOR, "too much to write");
    ok(command(CDB(0x25), 0, false) == 2, "a reply for which there is no room");
    ok(command(CDB(0x25), 4, true) == 0 && moved == 4, "or too little: that much");
    ok(usb_transfer(&out, TOKEN_OUT, data, 30) == PTD_STALLED, "no command: both endpoints halt");
    clear_halt(&out);
    clear_halt(&in);
    ok(usb_transfer(&in, TOKEN_IN, data, 13) == PTD_STALLED, "until it is reset");
    usb_control(&control, 0x21ff, 0, 0, NULL, 0);
    clear_halt(&in);
    clear_halt(&out);
    ok(command(CDB(0x00), 0, false) == 0, "then it goes on");
}

static void test_errors(void)
{
    fake_block_fail(blk, -EIO);
    ok(blocks(0x28, 0, 1, SECTOR, true) == 1 && moved == PTD_STALLED && sense() == 0x031100, "a read fails");
    ok(blocks(0x2a, 0, 1, SECTOR, false) == 1 && sense() == 0x030c00, "a write");
    ok(blocks(0x35, 0, 0, 0, false) == 1 && sense() == 0x030c00, "a flush");
    fake_block_fail(blk, 0);
    ok(blocks(0x28, 0, 1, SECTOR, true) == 0, "and the next one does not");
    /* A reset of the device while the drive works. */
    ok(send_command(CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1), SECTOR, true) == 31 && fake_block_queued(blk) == 1, "under way");
    usb_control(&control, 0x21ff, 0, 0, NULL, 0);
    ok(send_command(CDB(0x00), 0, false) == PTD_WAITS, "the next command waits for the drive");
    fake_block_run(blk);
    ok(command(CDB(0x00), 0, false) == 0, "and is carried out then");
}

static void test_media(void)
{
    ok(command(CDB(0x1e, 0, 0, 0, 1), 0, false) == 0 && command(CDB(0x1b, 0, 0, 0, 2), 0, false) == 1 &&
       sense() == 0x055302, "a medium that is locked is not ejected");
    command(CDB(0x1e), 0, false);
    ok(command(CDB(0x1b, 0, 0, 0, 2), 0, false) == 0 && command(CDB(0x00), 0, false) == 1 && sense() == 0x023a00,
       "ejected by the guest");
    ok(command(CDB(0x1b, 0, 0, 0, 3), 0, false) == 0 && command(CDB(0x00), 0, false) == 0, "and back");
    ok(fake_block_trays[0] == 1 && fake_block_trays[1] == 1, "its tray has moved twice, and not when it was locked");
    fake_block_change(blk, false);
    ok(blocks(0x28, 0, 1, SECTOR, true) == 1 && sense() == 0x023a00, "taken out by the user");
    fake_block_change(blk, true);
    ok(command(CDB(0x00), 0, false) == 1 && sense() == 0x062800 && command(CDB(0x00), 0, false) == 0, "another one");
}

static void test_pulled_out(void)
{
    char *error = NULL;

    ok(!plug("stick", NULL, &error) && strstr(error, "another device has it"), "a drive has one stick");
    g_free(error);
    ok(send_command(CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1), SECTOR, true) == 31 && fake_block_queued(blk) == 1, "it reads");
    usb_unplug(stick);
    ok(usb_transfer(&in, TOKEN_IN, data, SECTOR) == PTD_ERROR, "pulled out while the drive works");
    ok_eq(fake_block_run(blk), 1, "which ends then, and nothing happens");
    stick = plug("stick", NULL, &error);
    ok(stick && enumerate(), "plugged in again");
    ok(command(CDB(0x00), 0, false) == 1 && sense() == 0x062900, "as new");
    usb_unplug(stick);
    ok(!plug("no-such", NULL, &error) && strstr(error, "there is no 'no-such'"), "a drive that there is not");
    g_free(error);
}

/* Its state is saved while the drive works: what it was asked for is asked again. */
static void test_state(void)
{
    char *bytes = NULL, *error = NULL;
    size_t size;
    FILE *f = open_memstream(&bytes, &size);
    Device *device = &stick->dev;

    ok(send_command(CDB(0x28, 0, 0, 0, 0, 100, 0, 0, 1), SECTOR, true) == 31, "a read");
    device_save(device, f);
    fclose(f);
    fake_block_run(blk);
    move(&in, TOKEN_IN, data, SECTOR);
    status();
    command(CDB(0x25), 8, true);
    f = fmemopen(bytes, size, "rb");
    ok(device_load(device, f, &error) && fake_block_queued(blk) == 1, "is under way again");
    fclose(f);
    free(bytes);
    memset(data, 0, SECTOR);
    ok(move(&in, TOKEN_IN, data, SECTOR) == SECTOR && !memcmp(data, fake_block_data(blk) + 100 * SECTOR, SECTOR) &&
       status() == 0, "and ends as it should have");
}

static void test_readonly(void)
{
    static const BlockOptions options = { .id = "locked" };
    BlockBackend *stick_blk = blk;
    char *error = NULL;

    usb_drive_offer(&options);
    ok(!plug("locked", NULL, &error), "an image that cannot be opened");
    g_free(error);
    blk = fake_block_new(SECTORS * SECTOR, true);
    fake_block_open_next(blk);
    stick = plug("locked", NULL, &error);
    ok(stick && enumerate(), "read-only");
    sense();
    command(CDB(0x00), 0, false);
    ok(command(CDB(0x1a, 0, 0x3f, 0, 4), 4, true) == 0 && data[2] == 0x80, "it says so");
    ok(blocks(0x2a, 0, 1, SECTOR, false) == 1 && moved == PTD_STALLED && sense() == 0x072700, "and is not written");
    ok(blocks(0x35, 0, 0, 0, false) == 0, "there is nothing to write back");
    usb_unplug(stick);
    fake_block_free(blk);
    blk = stick_blk;
}

int main(void)
{
    static const BlockOptions options = { .id = "stick" };
    char *error = NULL;

    bench_init();
    bus = isp1761_create(USB_BASE, 0x20000, "usb", &bench_line[0]);
    blk = fake_block_new(SECTORS * SECTOR, false);
    usb_drive_offer(&options);
    fake_block_open_next(blk);
    stick = plug("stick", "on", &error);
    bench_reset();
    usb_start();
    usb_control(&hub0, 0x0005, 1, 0, NULL, 0);
    usb_control(&hub, 0x0009, 1, 0, NULL, 0);
    ok(stick && enumerate(), "a stick");
    test_says_what_it_is();
    test_blocks();
    test_long_transfer();
    test_disagreements();
    test_errors();
    test_media();
    test_state();
    test_pulled_out();
    test_readonly();
    fake_block_free(blk);
    return test_done();
}
