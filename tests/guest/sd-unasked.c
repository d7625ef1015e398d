/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SD card by a program that never asks: it reads and writes the FIFO straight after the command, without a look at the
 * status, sends the next command while the card still writes, or looks a few times only. Other emulators move a block
 * while the command is written; here the host's disk takes its time, and the access has to wait for it. The image is
 * all zeroes at the start.
 * guest-test: cpus=1,4 timeout=60 modes=unified,separate,single,interp,icount sd=yes
 */
#include "sd-card.h"

enum { TRAN = 4, DATA_END = 1 << 8, RX_AVAILABLE = 1 << 21 };
enum { WORDS = BLOCK / 4, MANY = 256, ROUNDS = 100, LOOKS = 10, BURST = 8 };

static bool touches;            /* read the status after each burst; upstream fills the FIFO then, and not before */

static uint32_t word_of(uint32_t seed, uint32_t i)
{
    return (seed * 0x9e3779b9u) ^ (i * 0x85ebca6bu);
}

static void touch(uint32_t i)
{
    if (touches && i % BURST == 0) {
        (void)rd32(STATUS);
    }
}

static void write_words(uint32_t seed, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++) {
        touch(i);
        wr32(FIFO, word_of(seed, i));
    }
    touch(0);
}

static uint32_t wrong_words(uint32_t seed, uint32_t first, uint32_t n)
{
    uint32_t wrong = 0;

    for (uint32_t i = first; i < first + n; i++) {
        touch(i);
        wrong += rd32(FIFO) != word_of(seed, i);
    }
    touch(0);
    return wrong;
}

static void write_block(uint32_t block, uint32_t seed)
{
    command(24, block * BLOCK, SHORT);
    begin(BLOCK, false);
    write_words(seed, 0, WORDS);
}

static uint32_t wrong_in_block(uint32_t block, uint32_t seed)
{
    begin(BLOCK, true);
    command(17, block * BLOCK, SHORT);
    return wrong_words(seed, 0, WORDS);
}

static uint32_t wrong_blocks(uint32_t seed)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        wrong += wrong_in_block(1000 + i, i + seed) != 0;
    }
    return wrong;
}

static uint32_t written_and_wrong(uint32_t seed)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        write_block(1000 + i, i + seed);
        wrong += wrong_in_block(1000 + i, i + seed) != 0;
    }
    return wrong;
}

/* The data path counts to 65535 bytes: more than one is begun within a transfer of the card's. */
static uint32_t wrong_in_many(uint32_t seed)
{
    uint32_t wrong = 0;

    command(25, 0, SHORT);
    for (uint32_t i = 0; i < MANY; i += 64) {
        begin(64 * BLOCK, false);
        write_words(seed, i * WORDS, 64 * WORDS);
    }
    command(12, 0, SHORT);
    command(18, 0, SHORT);
    for (uint32_t i = 0; i < MANY; i += 64) {
        begin(64 * BLOCK, true);
        wrong += wrong_words(seed, i * WORDS, 64 * WORDS);
    }
    command(12, 0, SHORT);
    return wrong;
}

static uint32_t few_looks(uint32_t bits)
{
    uint32_t seen = 0;

    for (int i = 0; i < LOOKS && !(seen & bits); i++) {
        seen = rd32(STATUS);
    }
    return seen & bits;
}

static bool few_questions(void)
{
    for (int i = 0; i < LOOKS; i++) {
        if ((command(13, rca, SHORT) >> 9 & 0xf) == TRAN) {
            return true;
        }
    }
    return false;
}

static void few(void)
{
    uint32_t wrong = 0, late = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        begin(BLOCK, true);
        command(17, (1000 + i) * BLOCK, SHORT);
        late += !few_looks(RX_AVAILABLE);
        wrong += wrong_words(i + 1, 0, WORDS) != 0;
        late += !few_looks(DATA_END);
    }
    ok_eq(late, 0, "a-few-looks-at-the-status: data are there");
    ok_eq(wrong, 0, "and are right");
    for (uint32_t i = late = 0; i < ROUNDS; i++) {
        write_block(1000 + i, i + 100);
        late += !few_looks(DATA_END);
        late += !few_questions();
    }
    ok_eq(late, 0, "a-few-looks-at-the-status: a block is written");
}

int test_main(void)
{
    ok(identify(), "a card is there");
    touches = true;
    ok_eq(written_and_wrong(1), 0, "fifo-read-and-written-unasked: blocks, one by one");
    ok_eq(wrong_in_many(7), 0, "fifo-read-and-written-unasked: 256 blocks in one go");
    ok_eq(wrong_blocks(1), 0, "the blocks read again");
    few();
    touches = false;
    ok_eq_ours(wrong_blocks(100), 0, "without any look: blocks are read");
    return 0;
}
