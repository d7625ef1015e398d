/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL041 and its codec: as Linux's driver uses them, and what else there is. */
#include "device-stubs.h"
#include "fake-audio.h"
#include "fake-clock.h"
#include "hw/audio/pl041.h"

enum { BASE = 0x10004000, RXCR = 0, TXCR = 4, SR = 8, ISR = 0xc, IE = 0x10, SL1RX = 0x50, SL1TX = 0x54, SL2RX = 0x58,
       SL2TX = 0x5c, SLFR = 0x68, INTCLR = 0x74, MAINCR = 0x78, RESET = 0x7c, ALLINTS = 0x84, DR = 0x90,
       CHANNEL2 = 0x14, DR2 = 0xb0 };
enum { EN = 1, FEN = 1 << 16, COMPACT = 1 << 15, STEREO = 3 << 3, SLOTS_12 = 0x79, MS = 1000 * 1000 };
enum { FIFO = 512, TXINT = 4, RXINT = 8, URINT = 0x20, ORINT = 0x10 };

static uint32_t reg(uint32_t offset)
{
    return rd(BASE + offset);
}

static void set(uint32_t offset, uint32_t value)
{
    wr(BASE + offset, value);
}

static void codec_write(uint32_t r, uint32_t value)
{
    set(SL2TX, value << 4);
    set(SL1TX, r << 12);
}

static uint32_t codec_read(uint32_t r)
{
    set(SL1TX, r << 12 | 1 << 19);
    return (reg(SLFR) & 0x140) == 0x140 && reg(SL1RX) >> 12 == r ? reg(SL2RX) >> 4 : 0xbad0000;
}

static void start(void)
{
    bench_reset();
    fake_audio_frames = 0;
    set(MAINCR, SLOTS_12);
    set(RESET, 1);
    codec_write(0x18, 0x0808);
    codec_write(0x02, 0);
}

static void test_codec(void)
{
    bench_reset();
    ok_eq(reg(0xfe0) | reg(0xfe4) << 8 | reg(0xfe8) << 16 | reg(0xfec) << 24, 0x29041041, "identification");
    ok_eq(reg(SLFR), 0xa80, "slots are empty");
    ok_eq(reg(SR), 0xb, "FIFOs are empty");
    set(SL1TX, 1 << 19);
    ok_eq(reg(SLFR), 0xa80, "switched off: nothing is sent");
    start();
    ok_eq(codec_read(0), 0x0d50, "the codec");
    ok_eq(reg(SLFR), 0xa80, "read answers are gone");
    ok_eq(codec_read(0x7c) << 16 | codec_read(0x7e), 0x4e534331, "is an LM4549");
    codec_write(0x2c, 8000);
    ok_eq(codec_read(0x2c), 48000, "one rate");
    codec_write(0x2a, 1);
    codec_write(0x2c, 8000);
    codec_write(0x32, 100);
    ok_eq(codec_read(0x2c), 8000, "or any");
    ok_eq(codec_read(0x32), 4000, "that it can");
    codec_write(0x2a, 0);
    ok_eq(codec_read(0x2c), 48000, "and back");
    codec_write(0x04, 0xffff);
    ok_eq(codec_read(0x04), 0x9f1f, "bits there are");
    set(RESET, 0);
    set(RESET, 1);
    ok_eq(codec_read(0x04), 0x8000, "reset");
    codec_write(0x04, 0);
    codec_write(0, 0);
    ok_eq(codec_read(0x04), 0x8000, "by its register, too");
}

static void test_play(void)
{
    unsigned n;
    bool good = true;

    start();
    set(TXCR, FEN | EN);
    for (n = 0; !(reg(SR) & 0x20) && n < 4096; n++) {
        set(DR, 0);
    }
    ok_eq(n, FIFO, "the FIFO's size, as Linux measures it");
    set(DR, 1);
    bench_advance(10 * MS);
    ok_eq(fake_audio_frames, 0, "without slots nothing is sent");
    set(TXCR, 0);
    set(MAINCR, SLOTS_12 & ~1);
    set(MAINCR, SLOTS_12);
    ok_eq(reg(SR), 0xb, "the interface off: the FIFO is empty");
    set(IE, TXINT | URINT);
    ok(!bench_level[0], "the channel is off");
    set(TXCR, FEN | COMPACT | STEREO | EN);
    ok(bench_level[0] && reg(ISR) == TXINT && reg(ALLINTS) == TXINT, "room to send interrupts");
    for (uint32_t i = 0; i < FIFO / 2; i++) {
        wr(BASE + DR + (i & 7) * 4, (1000 + i) | (2000 + i) << 16);
    }
    ok_eq(reg(SR) & 0x2a, 0x20, "full, by any of its addresses");
    ok(!bench_level[0], "quiet");
    bench_advance(2 * MS);
    ok_eq(fake_audio_frames, 96, "48 frames are a millisecond");
    bench_advance(1 * MS);
    ok(bench_level[0], "half empty: interrupt");
    bench_advance(3 * MS);
    for (n = 0; n < fake_audio_frames; n++) {
        good &= fake_audio_played[2 * n] == (int16_t)(1000 + n) && fake_audio_played[2 * n + 1] == (int16_t)(2000 + n);
    }
    ok(good && n == FIFO / 2, "all of it, in order");
    ok(!(reg(ISR) & URINT), "a moment's absence is no underrun");
    bench_advance(50 * MS);
    ok(reg(ISR) & URINT, "a longer one is");
    ok_eq(reg(SR) & 0x200, 0x200, "and has its bit");
    set(INTCLR, 1 << 5);
    ok(!(reg(ISR) & URINT), "cleared");
    set(TXCR, 0);
    ok_eq((uint64_t)fake_clock_armed(), 0, "off: no timer runs");
    codec_write(0x2a, 1);
    codec_write(0x2c, 8000);
    set(TXCR, FEN | COMPACT | STEREO | EN);
    for (uint32_t i = 0; i < FIFO / 2; i++) {
        set(DR, i);
    }
    fake_audio_frames = 0;
    bench_advance(10 * MS);
    ok(fake_audio_frames == 80 && fake_audio_hz == 8000, "another rate");
}

static void play_one(uint32_t cr, uint32_t left, uint32_t right, int l, int r, const char *what)
{
    fake_audio_frames = 0;
    set(TXCR, cr | FEN | STEREO | EN);
    set(DR, left);
    if (!(cr & COMPACT)) {
        set(DR, right);
    }
    bench_advance(1 * MS);
    set(TXCR, 0);
    ok(fake_audio_frames == 1 && fake_audio_played[0] == l && fake_audio_played[1] == r, "%s", what);
}

static void test_formats(void)
{
    start();
    play_one(COMPACT, 0x80017fff, 0, 0x7fff, -0x7fff, "two samples in a word");
    play_one(0, 0x1234, 0x8000, 0x1234, -0x8000, "one of 16 bits");
    play_one(1 << 13, 0x3fffc, 4, -1, 1, "18 bits");
    play_one(2 << 13, 0x12340, 0x80000, 0x1234, -0x8000, "20 bits");
    play_one(3 << 13, 0x123, 0x800, 0x1230, -0x8000, "12 bits");
    codec_write(0x18, 0x0c08);
    play_one(0, 1000, 1000, 501, 1000, "6 dB less to the left");
    codec_write(0x02, 0x0004);
    play_one(0, 1000, 1000, 501, 501, "and by the master to the right");
    codec_write(0x18, 0);
    codec_write(0x02, 0);
    play_one(0, 30000, 0x8000, 32767, -32768, "louder than there is");
    codec_write(0x02, 0x8000);
    play_one(0, 1000, 1000, 0, 0, "mute");
    start();
    set(CHANNEL2 + TXCR, FEN | COMPACT | STEREO | EN);
    wr(BASE + DR2, 0x00640064);
    play_one(COMPACT, 0x00010001, 0, 101, 101, "two channels together");
}

static void test_record(void)
{
    uint32_t first, word;
    bool good = true;

    start();
    set(IE, RXINT | ORINT);
    set(RXCR, FEN | COMPACT | STEREO | EN);
    bench_advance(2 * MS);
    ok(!bench_level[0] && !(reg(SR) & 1), "some frames have come");
    bench_advance(1 * MS);
    ok(bench_level[0] && (reg(SR) & 4), "half full: interrupt");
    first = reg(DR);
    for (unsigned i = 1; i < 100; i++) {
        word = reg(DR);
        good &= word == ((first + 2 * i) & 0xffff) + ((first + 2 * i) << 16) + 0x10000;
    }
    ok(good, "all of them, in order");
    ok(!bench_level[0], "quiet");
    bench_advance(8 * MS);
    ok(reg(SR) & 0x10, "full");
    ok(!(reg(ISR) & ORINT), "no overrun yet");
    bench_advance(50 * MS);
    ok(reg(ISR) & ORINT, "overrun");
    set(INTCLR, 1 << 1);
    ok(!(reg(ISR) & ORINT), "cleared");
    set(RXCR, 0);
    start();
    set(MAINCR, SLOTS_12 | 2);
    set(RXCR, FEN | COMPACT | STEREO | EN);
    set(TXCR, FEN | COMPACT | STEREO | EN);
    set(DR, 0x12345678);
    bench_advance(2 * MS);
    ok(fake_audio_frames == 0 && reg(DR) == 0x12345678, "looped back");
    reg(DR);
    reg(0x110);
    set(0x110, 1);
}

/* RXCR's count is in frames of the link, of which there are 48 in a millisecond. */
static void test_timeout(void)
{
    enum { TIMEOUT = 2, TIMEOUT_EMPTY = 0x40, COUNT_SHIFT = 17, POWER = 0x26, NO_ADC = 0x100, MIC = 1 << 6 };

    start();
    set(IE, TIMEOUT | TIMEOUT_EMPTY);
    set(RXCR, 96 << COUNT_SHIFT | FEN | COMPACT | STEREO | EN);
    bench_advance(60 * MS);
    ok(!bench_level[0] && !(reg(SR) & 0xc00), "receive-time-out: not while something comes, nor if it is not read");
    codec_write(POWER, NO_ADC);
    ok_eq(codec_read(POWER), NO_ADC | 0xe, "the codec's converter is off");
    bench_advance(1 * MS);
    ok(!bench_level[0], "receive-time-out: not at once");
    bench_advance(2 * MS);
    ok(bench_level[0] && reg(ISR) == TIMEOUT && (reg(SR) & 0xc00) == 0x400,
       "receive-time-out: there is something to read");
    ok_eq(reg(ALLINTS), TIMEOUT, "and it is said for all channels together");
    while (!(reg(SR) & 1)) {
        reg(DR);
    }
    ok(!bench_level[0], "it is read");
    bench_advance(3 * MS);
    ok(bench_level[0] && reg(ISR) == TIMEOUT_EMPTY && (reg(SR) & 0xc00) == 0x800,
       "receive-time-out: there is nothing to read, and nothing comes");
    codec_write(POWER, 0);
    bench_advance(1 * MS);
    ok(!(reg(SR) & 1) && reg(ISR) == TIMEOUT_EMPTY, "it is kept when something comes");
    set(INTCLR, 1 << 9);
    ok(!bench_level[0] && !(reg(SR) & 0xc00), "until it is cleared");
    set(RXCR, FEN | COMPACT | STEREO | EN);
    codec_write(POWER, NO_ADC);
    bench_advance(100 * MS);
    ok(!bench_level[0], "a count of 0: none");
    start();
    set(CHANNEL2 + IE, TIMEOUT_EMPTY);
    set(CHANNEL2 + RXCR, 1 << COUNT_SHIFT | FEN | MIC | EN);
    bench_advance(2 * MS);
    ok_eq(reg(ALLINTS), TIMEOUT_EMPTY << 7, "receive-time-out: of a slot that the codec does not send");
    set(INTCLR, 1 << 10);
    ok_eq(reg(ALLINTS), 0, "cleared");
    start();
    set(MAINCR, SLOTS_12 | 2);
    set(IE, TIMEOUT);
    set(TXCR, FEN | COMPACT | STEREO | EN);
    set(RXCR, 96 << COUNT_SHIFT | FEN | COMPACT | STEREO | EN);
    set(DR, 0x12345678);
    bench_advance(2 * MS);
    ok(!bench_level[0] && !(reg(SR) & 1), "looped back");
    bench_advance(2 * MS);
    ok(bench_level[0] && reg(DR) == 0x12345678 && !bench_level[0], "receive-time-out: nothing more was sent");
}

int main(void)
{
    bench_init();
    pl041_create(BASE, "aaci", NULL, &bench_line[0], NULL);
    test_codec();
    test_play();
    test_formats();
    test_record();
    test_timeout();
    return test_done();
}
