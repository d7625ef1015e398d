/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SD card behind the PL181: identification, registers, transfers of all kinds, errors, a slow and a failing image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "fake-clock.h"
#include "hw/device.h"
#include "hw/dma-request.h"
#include "hw/sd/pl181.h"
#include "hw/sd/sd-card.h"
#include "hw/sd/sd-registers.h"

enum { BASE = 0x10005000, HIGH_BASE = 0x10006000, LOCKED_BASE = 0x10007000, WIRED_BASE = 0x10008000,
       POWER = 0, CLOCK = 4, ARG = 8, CMD = 0xc, RESP0 = 0x14, DTIMER = 0x24, DLEN = 0x28, DCTRL = 0x2c, DCNT = 0x30,
       STATUS = 0x34, CLEAR = 0x38, MASK0 = 0x3c, MASK1 = 0x40, FIFOCNT = 0x48, FIFO = 0x80 };
enum { RESPONSE = 1 << 6, LONG = 1 << 7, ENABLE = 1 << 10 };
enum { CMD_TIMEOUT = 1 << 2, DATA_TIMEOUT = 1 << 3, RESP_END = 1 << 6, SENT = 1 << 7, DATA_END = 1 << 8,
       BLOCK_END = 1 << 10, RX_ACTIVE = 1 << 13, TX_HALF_EMPTY = 1 << 14, RX_HALF_FULL = 1 << 15, TX_FULL = 1 << 16,
       RX_AVAILABLE = 1 << 21 };
enum { STATE_STBY = 3, STATE_TRAN = 4, STATE_DATA = 5, STATE_RCV = 6, STATE_PRG = 7 };
enum { ILLEGAL = 1 << 22, ERROR = 1 << 19, READY = 1 << 8, OUT_OF_RANGE = 1 << 31, WP_VIOLATION = 1 << 26,
       ADDRESS_ERROR = 1 << 30, ERASE_SEQ = 1 << 28 };

static uint32_t base = BASE;
static uint32_t rca;
static BlockBackend *small, *large, *locked, *wired;
static PL181State *controller;

/* What STATUS says of the command; the response is in `RESP0` and on. */
static uint32_t command(unsigned index, uint32_t argument, uint32_t kind)
{
    uint32_t status;

    wr(base + CLEAR, 0x7ff);
    wr(base + ARG, argument);
    wr(base + CMD, ENABLE | kind | index);
    status = rd(base + STATUS) & (CMD_TIMEOUT | RESP_END | SENT | 1);
    return status;
}

static uint32_t r1(unsigned index, uint32_t argument)
{
    return command(index, argument, RESPONSE) == RESP_END ? rd(base + RESP0) : 0xffffffff;
}

static uint32_t app(unsigned index, uint32_t argument)
{
    r1(55, rca);
    return r1(index, argument);
}

static unsigned state(void)
{
    return r1(13, rca) >> 9 & 0xf;
}

/* To the transfer state; returns OCR. */
static uint32_t identify(void)
{
    uint32_t ocr;

    wr(base + POWER, 3);
    wr(base + CLOCK, 1 << 8 | 1 << 10);
    wr(base + DTIMER, 1000);
    command(0, 0, 0);
    rca = 0;
    r1(8, 0x1aa);
    ocr = app(41, 0x40ff8000);
    command(2, 0, RESPONSE | LONG);
    rca = r1(3, 0) & 0xffff0000;
    r1(7, rca);
    return ocr;
}

static void begin_data(uint32_t bytes, bool receive, unsigned block_bits)
{
    wr(base + DLEN, bytes);
    wr(base + DCTRL, 1 | receive << 1 | block_bits << 4);
}

/* Read `bytes`; the image answers when the FIFO is empty. */
static bool receive(BlockBackend *blk, uint8_t *to, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 4) {
        if (!(rd(base + STATUS) & RX_AVAILABLE) && (!blk || !fake_block_run(blk))) {
            return false;
        }
        if (!(rd(base + STATUS) & RX_AVAILABLE)) {
            return false;
        }
        uint32_t word = rd(base + FIFO);

        memcpy(to + i, &word, bytes - i < 4 ? bytes - i : 4);
    }
    return true;
}

static bool send(BlockBackend *blk, const uint8_t *from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 4) {
        uint32_t word;

        if ((rd(base + STATUS) & TX_FULL) && !fake_block_run(blk)) {
            return false;
        }
        memcpy(&word, from + i, 4);
        wr(base + FIFO, word);
    }
    fake_block_run(blk);
    return rd(base + STATUS) & DATA_END;
}

static void pattern(uint8_t *p, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(i * 7 + i / 256 + seed);
    }
}

static void test_identification(void)
{
    base = BASE;
    bench_reset();
    ok_eq(r1(8, 0x1aa), 0x1aa, "never-switched-on: programs that other emulators run reach the card");
    wr(base + POWER, 0xbf);
    wr(base + CLOCK, 0xc6);
    ok_eq(r1(8, 0x1aa), 0x1aa, "never-switched-on: with power, and a clock that is not enabled");
    wr(base + CLOCK, 1 << 8);
    wr(base + POWER, 0);
    ok_eq(command(8, 0x1aa, RESPONSE), CMD_TIMEOUT, "power that was switched off, no answer");
    wr(base + POWER, 3);
    wr(base + CLOCK, 0);
    ok_eq(command(8, 0x1aa, RESPONSE), CMD_TIMEOUT, "no clock any more, no answer");
    wr(base + CLOCK, 1 << 8);
    ok_eq(command(0, 0, 0), SENT, "CMD0");
    ok_eq(r1(8, 0x1aa), 0x1aa, "CMD8 gives the pattern back");
    ok_eq(command(8, 0x2aa, RESPONSE), CMD_TIMEOUT, "but not for a voltage that it has not");
    ok_eq(command(13, 0, RESPONSE), CMD_TIMEOUT, "CMD13 is illegal before there is an address");
    ok_eq(r1(55, 0) & ILLEGAL, ILLEGAL, "which the next status says");
    ok_eq(r1(41, 0), 0x00ff8000, "ACMD41 without voltages only asks");
    ok_eq(app(41, 0x00ff8000), 0x80ff8000, "ready: standard capacity");
    ok_eq(command(2, 0, RESPONSE | LONG), RESP_END, "CMD2");
    ok_eq(rd(base + RESP0), 0xaa505150, "manufacturer and name");
    uint32_t first = r1(3, 0);
    ok((first >> 16) && (first >> 9 & 0xf) == 2, "CMD3: an address, in the identification state");
    rca = r1(3, 0) & 0xffff0000;
    ok(rca != (first & 0xffff0000), "another one when asked again");
    ok_eq(command(9, 0x12340000, RESPONSE | LONG), CMD_TIMEOUT, "another card's address is not answered");
    ok_eq(command(9, rca, RESPONSE), 1, "a long response where a short one was expected: CRC");
    ok_eq(command(9, rca, RESPONSE | LONG), RESP_END, "CMD9");
    ok_eq(rd(base + RESP0) >> 30, 0, "CSD version 1");
    uint32_t c1 = rd(base + RESP0 + 4), c2 = rd(base + RESP0 + 8);
    uint64_t size = (uint64_t)(((c1 & 0x3ff) << 2 | c2 >> 30) + 1) << ((c2 >> 15 & 7) + 2) << (c1 >> 16 & 0xf);
    ok_eq(size, 4 << 20, "its size");
    ok_eq(state(), STATE_STBY, "stand-by");
    r1(7, rca);
    ok_eq(state(), STATE_TRAN, "selected");
    command(7, 0, 0);
    ok_eq(state(), STATE_STBY, "and deselected");
}

static void test_high_capacity(void)
{
    base = HIGH_BASE;
    ok_eq(identify(), 0xc0ff8000, "high capacity");
    command(7, 0, 0);
    command(9, rca, RESPONSE | LONG);
    ok_eq(rd(base + RESP0) >> 30, 1, "CSD version 2");
    uint64_t size = (((uint64_t)(rd(base + RESP0 + 4) & 0x3f) << 16 | rd(base + RESP0 + 8) >> 16) + 1) * SD_UNIT;
    ok_eq(size, SD_MAX_STANDARD + SD_UNIT, "its size");
    wr(base + POWER, 3);
    command(0, 0, 0);
    rca = 0;
    ok_eq(app(41, 0x00ff8000), 0x00ff8000, "a host that cannot address it waits for ever");
}

static void test_registers(void)
{
    uint8_t data[64];

    base = BASE;
    identify();
    begin_data(8, true, 3);
    app(51, 0);
    ok(receive(NULL, data, 8) && data[0] == 2 && data[1] == 0x25 && (data[2] & 0x80), "SCR: version 3, 1 and 4 lines");
    ok_eq(state(), STATE_TRAN, "and back");
    begin_data(64, true, 6);
    app(13, 0);
    ok(receive(NULL, data, 64) && data[0] >> 6 == 0, "SD status: one line");
    app(6, 2);
    begin_data(64, true, 6);
    app(13, 0);
    ok(receive(NULL, data, 64) && data[0] >> 6 == 2, "four lines after ACMD6");
    begin_data(64, true, 6);
    r1(6, 0x00fffff1);
    ok(receive(NULL, data, 64) && (data[13] & 2) && (data[16] & 0xf) == 1, "CMD6: high speed is there");
    begin_data(64, true, 6);
    r1(6, 0x80fffff5);
    ok(receive(NULL, data, 64) && (data[16] & 0xf) == 0xf, "and what is not there, is not");
}

static void test_blocks(void)
{
    uint8_t out[2048], in[2048], *image = fake_block_data(small);

    base = BASE;
    identify();
    pattern(out, sizeof(out), 1);
    ok_eq(r1(24, 4096) & ~(uint32_t)READY, STATE_TRAN << 9, "CMD24");
    begin_data(512, false, 9);
    for (int i = 0; i < 512; i += 4) {
        uint32_t word;

        memcpy(&word, out + i, 4);
        wr(base + FIFO, word);
    }
    ok_eq(state(), STATE_PRG, "programming until the image has it");
    ok_eq(r1(13, rca) & READY, 0, "and not ready");
    fake_block_run(small);
    ok(!memcmp(image + 4096, out, 512) && state() == STATE_TRAN, "then it is there");
    begin_data(512, true, 9);
    r1(17, 4096);
    ok(rd(base + STATUS) & RX_ACTIVE, "CMD17: waits for the image");
    bench_advance(10000000);
    ok(!(rd(base + STATUS) & DATA_TIMEOUT), "a-slow-image-is-no-timeout");
    ok(receive(small, in, 512) && !memcmp(in, out, 512), "the same comes back");
    ok_eq(rd(base + STATUS) & (DATA_END | BLOCK_END), DATA_END | BLOCK_END, "the ends are seen");
    /* several blocks, to CMD12 */
    r1(25, 8192);
    begin_data(2048, false, 9);
    ok(send(small, out, 2048), "CMD25");
    ok_eq(state(), STATE_RCV, "goes on until CMD12");
    r1(12, 0);
    fake_block_run(small);
    ok(!memcmp(image + 8192, out, 2048) && state() == STATE_TRAN, "CMD12 writes them");
    memset(image + 8192 + 2048, 0xee, 512);
    begin_data(2048, true, 9);
    r1(18, 8192);
    ok(receive(small, in, 2048) && !memcmp(in, out, 2048), "CMD18");
    ok_eq(state(), STATE_DATA, "goes on until CMD12");
    r1(12, 0);
    ok_eq(state(), STATE_TRAN, "ended");
    fake_block_run(small);
    /* a number of blocks */
    r1(23, 2);
    begin_data(1024, true, 9);
    r1(18, 8192 + 512);
    ok(receive(small, in, 1024) && !memcmp(in, out + 512, 1024) && state() == STATE_TRAN, "CMD23 counts");
    begin_data(4, true, 2);
    app(22, 0);
    ok(receive(NULL, in, 4) && in[3] == 4, "ACMD22: four blocks were written");
}

/* What was read ahead for a transfer that ended must not turn up in the next one. */
/* A guest that does not ask: what would be lost is held until the image has answered, and then it is done again. */
static void test_unasked(void)
{
    uint8_t out[512];
    uint32_t word;
    unsigned looks = 0;

    base = BASE;
    identify();
    bench_can_hold = true;
    pattern(out, sizeof(out), 9);
    r1(24, 4096);
    begin_data(512, false, 9);
    for (int i = 0; i < 512; i += 4) {
        memcpy(&word, out + i, 4);
        wr(base + FIFO, word);
    }
    ok_eq(r1(13, rca) >> 9 & 0xf, STATE_PRG, "a-command-unasked: the card writes");
    ok_eq(bench_holds, 0, "and is asked");
    command(17, 4096, RESPONSE);
    ok(bench_holds == 1 && state() == STATE_PRG, "the next command waits for that");
    fake_block_run(small);
    ok(!bench_holds && state() == STATE_TRAN, "until the image has it");
    begin_data(512, true, 9);
    r1(17, 4096);
    ok(!rd(base + FIFO) && bench_holds == 1, "fifo-read-unasked: waits for the image");
    fake_block_run(small);
    memcpy(&word, out, 4);
    ok(!bench_holds && rd(base + FIFO) == word, "and no word is lost");
    r1(12, 0);
    begin_data(512, true, 9);
    r1(17, 4096);
    while (!bench_holds && looks < 100) {
        rd(base + STATUS);
        looks++;
    }
    ok(looks > 3 && looks < 10, "a-few-looks-at-the-status: then it waits");
    fake_block_run(small);
    ok(!bench_holds && rd(base + STATUS) & RX_AVAILABLE, "until data are there");
    begin_data(512, true, 9);
    r1(12, 0);
    r1(25, 8192);
    begin_data(65024, false, 9);
    for (int i = 0; i < 65024; i += 4) {
        wr(base + FIFO, 1);
    }
    begin_data(1024, false, 9);
    for (int i = 0; i < 512 + 68; i += 4) {
        wr(base + FIFO, 2);
    }
    ok_eq(bench_holds, 0, "fifo-written-unasked: as much as there is room for");
    wr(base + FIFO, 3);
    ok_eq(bench_holds, 1, "and no more until the image has some");
    begin_data(512, false, 9);
    command(12, 0, RESPONSE);
    ok_eq(bench_holds, 3, "nor is another transfer begun, or this one stopped");
    bench_can_hold = false;
    fake_block_run(small);
    ok(!(rd(base + STATUS) & TX_FULL) && state() == STATE_RCV, "then it goes on");
    r1(12, 0);
    fake_block_run(small);
}

static void test_stale_read(void)
{
    uint8_t in[512], *image = fake_block_data(small);

    base = BASE;
    identify();
    memset(image, 0x11, 65536);
    memset(image + (1 << 20), 0x22, 65536);
    begin_data(512, true, 9);
    r1(18, 0);
    r1(12, 0);
    begin_data(512, true, 9);
    r1(17, 1 << 20);
    ok(receive(small, in, 512) && in[0] == 0x22 && in[511] == 0x22, "stale-read-ahead-is-dropped");
    begin_data(512, true, 9);
    r1(18, 0);
    r1(12, 0);
    begin_data(8, true, 3);
    app(51, 0);
    ok(receive(NULL, in, 8) && in[0] == 2, "nor in a register's data");
    r1(18, 0);
    r1(12, 0);
    r1(32, 0);
    r1(33, 512);
    r1(38, 0);
    ok_eq(state(), STATE_PRG, "an erase waits for it");
    fake_block_run(small);
    ok(state() == STATE_TRAN && !image[0] && !image[1023] && image[1024] == 0x11, "and is carried out");
    r1(18, 0);
    bench_reset();
    fake_block_run(small);
    identify();
    ok_eq(state(), STATE_TRAN, "a reset in the middle");
}

static void test_mistakes(void)
{
    uint8_t in[512];

    base = BASE;
    identify();
    ok(r1(17, 4 << 20) & OUT_OF_RANGE, "behind the end");
    ok_eq(state(), STATE_TRAN, "does not begin");
    ok(r1(24, 100) & ADDRESS_ERROR, "a write that is not a block's beginning");
    ok_eq(command(63, 0, RESPONSE), CMD_TIMEOUT, "no such command");
    ok(r1(13, rca) & ILLEGAL, "is said once");
    ok(!(r1(13, rca) & ILLEGAL), "only");
    ok(r1(38, 0) & ERASE_SEQ, "an erase without limits");
    begin_data(512, true, 9);
    bench_advance(1000000);
    ok(rd(base + STATUS) & DATA_TIMEOUT, "data without a command time out");
    fake_block_fail(small, -EIO);
    begin_data(512, true, 9);
    r1(17, 0);
    ok(!receive(small, in, 512), "an image that cannot be read");
    bench_advance(1000000);
    ok(rd(base + STATUS) & DATA_TIMEOUT, "times out");
    ok(r1(12, 0) & ERROR, "and the card says why");
    wr(base + DCTRL, 0);
    r1(24, 0);
    begin_data(512, false, 9);
    memset(in, 1, 512);
    send(small, in, 512);
    ok(r1(13, rca) & ERROR, "so does a write that failed");
    fake_block_fail(small, 0);
    ok_eq(state(), STATE_TRAN, "and the card goes on");
    base = LOCKED_BASE;
    identify();
    ok(r1(24, 0) & WP_VIOLATION, "a write-protected card");
    ok_eq(state(), STATE_TRAN, "takes no data");
}

/* The host controller and its card, the first two devices: to memory, or from there. */
static bool move_state(char **p, size_t *n, bool save)
{
    FILE *f = save ? open_memstream(p, n) : fmemopen(*p, *n, "rb");
    Device *card = device_next(NULL), *host = device_next(card);
    char *err = NULL;
    bool good = save ? device_save(card, f) && device_save(host, f) : device_load(card, f, &err) &&
                device_load(host, f, &err);

    fclose(f);
    free(err);
    return good;
}

/* In the middle of a transfer the state is saved, the machine reset, and the state loaded: the transfer goes on. */
static void test_state(void)
{
    static uint8_t got[4096], want[4096];
    char *p = NULL;
    size_t n = 0;

    base = BASE;
    bench_reset();
    identify();
    pattern(want, sizeof(want), 5);
    memcpy(fake_block_data(small) + 8192, want, sizeof(want));
    begin_data(4096, true, 9);
    r1(18, 8192);
    ok(receive(small, got, 1200), "state: a part is read");
    ok(move_state(&p, &n, true), "state: saved");
    bench_reset();
    identify();
    r1(17, 0);
    ok(move_state(&p, &n, false), "state: loaded");
    ok(receive(small, got + 1200, sizeof(got) - 1200) && !memcmp(got, want, sizeof(got)), "state: reading goes on");
    ok(rd(base + STATUS) & DATA_END, "state: and ends");
    wr(base + DCTRL, 0);
    r1(12, 0);
    free(p);
    p = NULL;
    fake_block_run(small);      /* what it read ahead */
    wr(base + CLEAR, 0x7ff);
    pattern(want, 1024, 9);
    r1(25, 65536);
    begin_data(1024, false, 9);
    for (unsigned i = 0; i < 400; i += 4) {
        uint32_t word;

        memcpy(&word, want + i, 4);
        wr(base + FIFO, word);
    }
    ok(move_state(&p, &n, true), "state: saved while writing");
    bench_reset();
    memset(fake_block_data(small) + 65536, 0xee, 1024);
    ok(move_state(&p, &n, false), "state: loaded");
    ok(send(small, want + 400, 624), "state: writing goes on");
    wr(base + DCTRL, 0);
    r1(12, 0);
    fake_block_run(small);
    ok(!memcmp(fake_block_data(small) + 65536, want, 1024), "state: all of it is in the image");
    free(p);
}

static void switches(void *opaque, bool present, bool readonly)
{
    *(int *)opaque = present | readonly << 1;
}

/* With a write under way, and one that the card has in part. */
static void test_other_card(void)
{
    static const uint8_t block[512] = { 1, 2, 3 };
    uint8_t in[512];
    int state_of_slot = -1;

    base = BASE;
    bench_reset();
    identify();
    pl181_connect_switches(controller, switches, &state_of_slot);
    ok_eq(state_of_slot, 1, "the slot's switches are told of the card");
    r1(24, 512 * 5);
    begin_data(512, false, 9);
    for (unsigned i = 0; i < sizeof(block); i += 4) {
        wr(base + FIFO, block[i] | (uint32_t)block[i + 1] << 8 | (uint32_t)block[i + 2] << 16);
    }
    ok_eq(state(), STATE_PRG, "a write is under way");
    fake_block_change(small, false);
    ok(!memcmp(fake_block_data(small) + 512 * 5, block, 512), "it ends although the card goes");
    ok(state_of_slot == 0 && command(13, rca, RESPONSE) == CMD_TIMEOUT && command(0, 0, 0) == SENT,
       "no card answers no command");
    fake_block_change(small, true);
    ok(state_of_slot == 1 && command(13, rca, RESPONSE) == CMD_TIMEOUT && identify() == 0x80ff8000,
       "the next one wants to be identified");
    r1(17, 512 * 5);
    begin_data(512, true, 9);
    ok(receive(small, in, 512) && !memcmp(in, block, 512), "and is read");
    r1(18, 0);
    begin_data(512 * 64, true, 9);
    fake_block_change(small, false);
    fake_clock_advance(2000000000, 8);
    ok(rd(base + STATUS) & DATA_TIMEOUT, "a card that goes while it is read: the data timer runs out");
    fake_block_change(small, true);
}

static void test_images(void)
{
    CountedLock lock;
    SDHost host = { .lock = &lock };
    char *error = NULL;
    BlockBackend *odd = fake_block_new(1000, false);

    ok(!sd_card_new(odd, &host, &error) && error && strstr(error, "qemu-img resize -f raw"),
       "a size that no card has: the remedy is named");
    free(error);                        /* what GLib allocates is malloc()ed */
    fake_block_free(odd);
}

static DmaRequests wires;

static void wire_set(void *opaque, int n, int level)
{
    unsigned *now = opaque;

    *now = (*now & ~(1u << n)) | (unsigned)level << n;
}

/* One request at a time, and the last one of a transfer by its own wire. */
static void test_dma(unsigned *now)
{
    enum { DATA_DMA = 1 << 3, RX = 1 << 1, WORDS = 29, LAST = WORDS - 1 };
    unsigned wrong = 0;

    base = WIRED_BASE;
    identify();
    r1(16, 512);
    wr(base + DLEN, 4 * WORDS);
    wr(base + DCTRL, 1 | RX | DATA_DMA | 2 << 4);
    ok_eq(*now, 0, "nothing has come: no request");
    r1(18, 0);
    while (fake_block_run(wired)) {
    }
    for (unsigned i = 0; i < WORDS; i++) {
        const unsigned left = WORDS - i;        /* the card is quicker than we: the FIFO is full as long as it can be */

        wrong += *now != 1u << (left > 8 ? DMA_RX_BURST : left == 8 ? DMA_RX_LAST_BURST
                                : left > 1 ? DMA_RX_SINGLE : DMA_RX_LAST_SINGLE);
        rd(base + FIFO);
        while (fake_block_run(wired)) {
        }
    }
    ok_eq(wrong, 0, "last-request-by-a-wire: receiving");
    ok(*now == 0 && (rd(base + STATUS) & DATA_END), "the end: none");
    command(12, 0, RESPONSE);
    r1(25, 0);
    wr(base + DLEN, 4 * WORDS);
    wr(base + DCTRL, 1 | DATA_DMA | 2 << 4);
    for (unsigned i = 0; i < WORDS; i++) {
        const unsigned left = WORDS - i;

        wrong += *now != 1u << (left > 8 ? DMA_TX_BURST : left == 8 ? DMA_TX_LAST_BURST
                                : left > 1 ? DMA_TX_SINGLE : DMA_TX_LAST_SINGLE);
        wr(base + FIFO, i);
        while (fake_block_run(wired)) {
        }
    }
    ok_eq(wrong, 0, "last-request-by-a-wire: sending");
    ok_eq(*now, 0, "all words are there: no request");
    command(12, 0, RESPONSE);
    base = BASE;
}

int main(void)
{
    static unsigned now;
    static const IRQLine *lines[2] = { &bench_line[0], &bench_line[1] };

    small = fake_block_new(4 << 20, false);
    large = fake_block_new(SD_MAX_STANDARD + SD_UNIT, false);
    locked = fake_block_new(1 << 20, true);
    bench_init();
    controller = pl181_create(BASE, "mmci", 24000000, small, lines, NULL);
    pl181_create(HIGH_BASE, "mmci-high", 24000000, large, lines, NULL);
    pl181_create(LOCKED_BASE, "mmci-locked", 24000000, locked, lines, NULL);
    for (int n = 0; n < DMA_REQUESTS; n++) {
        irq_init(&wires.line[n], wire_set, &now, n);
    }
    wired = fake_block_new(1 << 20, false);
    pl181_create(WIRED_BASE, "mmci-wired", 24000000, wired, lines, &wires);
    test_identification();
    test_high_capacity();
    test_registers();
    test_blocks();
    test_unasked();
    test_stale_read();
    test_mistakes();
    test_state();
    test_other_card();
    test_images();
    test_dma(&now);
    return test_done();
}
