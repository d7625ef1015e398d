/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL111: registers, interrupts on a clock that stands still, a golden frame for each format, what is drawn again. */
#include <string.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "fake-dma.h"
#include "hw/display/pl111.h"
#include "ui/console.h"

enum {
    BASE = 0x10020000, TIM0 = BASE, TIM1 = BASE + 4, TIM2 = BASE + 8, UPBASE = BASE + 0x10, LPBASE = BASE + 0x14,
    CNTL = BASE + 0x18, IMSC = BASE + 0x1c, RIS = BASE + 0x20, MIS = BASE + 0x24, ICR = BASE + 0x28,
    UPCURR = BASE + 0x2c, PALETTE = BASE + 0x200, CRSR_IMAGE = BASE + 0x800, CRSR_CTRL = BASE + 0xc00,
    CRSR_CONFIG = BASE + 0xc04, CRSR_PALETTE = BASE + 0xc08, CRSR_XY = BASE + 0xc10, CRSR_CLIP = BASE + 0xc14,
    CRSR_IMSC = BASE + 0xc20, CRSR_ICR = BASE + 0xc24, CRSR_RIS = BASE + 0xc28, CRSR_MIS = BASE + 0xc2c,
    FRAME = 0x1000, FRAME2 = 0x8000,
    EN = 1, TFT = 1 << 5, MONO = 1 << 4, DUAL = 1 << 7, BGR = 1 << 8, BEBO = 1 << 9, BEPO = 1 << 10, PWR = 1 << 11,
    ON = EN | PWR | TFT, LNBU = 4, VCOMP = 8, MBERR = 16,
};
#define BPP(n) ((n) << 1)

static PL111Mux mux;
static uint32_t clock_hz = 1000000;

static PL111Mux get_mux(void *opaque)
{
    return mux;
}

static uint32_t get_clock(void *opaque)
{
    return clock_hz;
}

/* ---- the screen, as a listener sees it ---- */

static unsigned resizes, changes, lines_changed;

static void resized(void *opaque, const Surface *s)
{
    resizes++;
}

static void changed(void *opaque, const Surface *s, int y, int lines)
{
    changes++;
    lines_changed += (unsigned)lines;
}

static const Surface *screen(void)
{
    return console_surface(console_screen(0));
}

static uint32_t pixel(int x, int y)
{
    const Surface *s = screen();

    return s->pixels[y * s->width + x];
}

static void put(uint32_t at, uint32_t value)
{
    memcpy(bench_ram + at, &value, 4);
    fake_dirty |= 1ull << (at >> 12);
}

static void size(unsigned width, unsigned lines)
{
    wr(TIM0, (width / 16 - 1) << 2);
    wr(TIM1, lines - 1);
}

static void show(uint32_t control)
{
    wr(CNTL, 0);
    wr(UPBASE, FRAME);
    wr(CNTL, control);
    console_refresh(console_screen(0));
}

/* ---- formats ---- */

static uint32_t five(uint32_t v)
{
    return (v << 3 & 0xff) | v >> 2;
}

/* Palette entry n of this test: different in all of its fields. */
static uint32_t entry(unsigned n)
{
    return (n & 31) | (n * 3 + 1) % 32 << 5 | (n * 5 + 2) % 32 << 10;
}

static uint32_t colour(unsigned n, bool bgr)
{
    const uint32_t v = entry(n), low = five(v & 31), high = five(v >> 10 & 31);

    return (bgr ? high : low) << 16 | five(v >> 5 & 31) << 8 | (bgr ? low : high);
}

typedef struct Golden {
    const char *name;
    uint32_t control;
    PL111Mux mux;
    uint32_t words[16];         /* of a line of 16 pixels */
    uint32_t want[16];          /* palette entries, or colours */
} Golden;

/* By the manual's tables of the pixel serializer: little-endian, big-endian, and the third order (bytes little). */
static const Golden palettes[] = {
    { "1 bpp", BPP(0), 0, { 0xc135 }, { 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1 } },
    { "1 bpp, big", BPP(0) | BEBO | BEPO, 0, { 0xc1350000 }, { 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1 } },
    { "1 bpp, third", BPP(0) | BEPO, 0, { 0xc135 }, { 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1 } },
    { "2 bpp", BPP(1), 0, { 0xe4b11b27 }, { 3, 1, 2, 0, 3, 2, 1, 0, 1, 0, 3, 2, 0, 1, 2, 3 } },
    { "2 bpp, big", BPP(1) | BEBO | BEPO, 0, { 0xe4b11b27 }, { 3, 2, 1, 0, 2, 3, 0, 1, 0, 1, 2, 3, 0, 2, 1, 3 } },
    { "2 bpp, third", BPP(1) | BEPO, 0, { 0xe4b11b27 }, { 0, 2, 1, 3, 0, 1, 2, 3, 2, 3, 0, 1, 3, 2, 1, 0 } },
    { "4 bpp", BPP(2), 0, { 0x76543210, 0xfedcba98 }, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
    { "4 bpp, big", BPP(2) | BEBO | BEPO, 0, { 0x01234567, 0x89abcdef },
      { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
    { "4 bpp, third", BPP(2) | BEPO, 0, { 0x67452301, 0xefcdab89 },
      { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
    { "8 bpp", BPP(3), 0, { 0xff804001, 0, 0, 0x01020304 }, { 1, 64, 128, 255, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1 } },
    { "8 bpp, big", BPP(3) | BEBO | BEPO, 0, { 0xff804001 }, { 255, 128, 64, 1 } },
    { "8 bpp, third", BPP(3) | BEPO, 0, { 0xff804001 }, { 1, 64, 128, 255 } },
};
static const Golden directs[] = {
    { "24 bpp", BPP(5), 0, { 0xff112233, 0x000000ff }, { 0x332211, 0xff0000 } },
    { "24 bpp, BGR", BPP(5) | BGR, 0, { 0xff112233, 0x000000ff }, { 0x112233, 0x0000ff } },
    { "24 bpp, big", BPP(5) | BEBO | BEPO, 0, { 0x00112233 }, { 0x332211 } },
    { "5:5:5", BPP(4), 0, { 0x7c00001f, 0x801003e0 }, { 0xff0000, 0x0000ff, 0x00ff00, 0x840000 } },
    { "5:5:5, BGR", BPP(4) | BGR, 0, { 0x7c00001f, 0x001003e0 }, { 0x0000ff, 0xff0000, 0x00ff00, 0x000084 } },
    { "5:5:5, big", BPP(4) | BEBO | BEPO, 0, { 0x7c00001f }, { 0x0000ff, 0xff0000 } },
    { "5:6:5", BPP(6), 0, { 0xf800001f, 0x002007e0 }, { 0xff0000, 0x0000ff, 0x00ff00, 0x000400 } },
    { "5:6:5, BGR", BPP(6) | BGR, 0, { 0xf800001f, 0x041007e0 }, { 0x0000ff, 0xff0000, 0x00ff00, 0x008284 } },
    { "5:6:5, big", BPP(6) | BEBO | BEPO, 0, { 0xf800001f }, { 0x0000ff, 0xff0000 } },
    { "4:4:4", BPP(7), 0, { 0x0f00f00f, 0x012300f0 }, { 0xff0000, 0x0000ff, 0x00ff00, 0x332211 } },
    { "4:4:4, BGR", BPP(7) | BGR, 0, { 0x0f00f00f, 0x012300f0 }, { 0x0000ff, 0xff0000, 0x00ff00, 0x112233 } },
    { "5:6:5 by the board, red low", BPP(4), PL111_MUX_565_RED_LSB, { 0xf800001f }, { 0xff0000, 0x0000ff } },
    { "5:6:5 by the board, blue low", BPP(4), PL111_MUX_565_BLUE_LSB, { 0xf800001f }, { 0x0000ff, 0xff0000 } },
    { "the board's other modes change nothing", BPP(6), PL111_MUX_565_BLUE_LSB, { 0xf800001f },
      { 0xff0000, 0x0000ff } },
};

static void golden(const Golden *g, bool palette, uint32_t extra)
{
    const uint32_t control = g->control | extra;
    bool good = true;

    memset(bench_ram, 0, sizeof(bench_ram));
    for (unsigned i = 0; i < 16; i++) {
        put(FRAME + 4 * i, g->words[i]);
    }
    mux = g->mux;
    show(ON | control);
    for (int x = 0; x < 16 && good; x++) {
        const uint32_t want = palette ? colour(g->want[x], control & BGR) : g->want[x];

        good = pixel(x, 0) == want;
        if (!good) {
            ok(false, "%s%s: pixel %d is %06x, not %06x", g->name, extra ? ", BGR" : "", x, pixel(x, 0), want);
        }
    }
    if (good) {
        ok(true, "%s%s", g->name, extra ? ", BGR" : "");
    }
    mux = PL111_MUX_NONE;
}

static void test_formats(void)
{
    size(16, 1);
    for (unsigned n = 0; n < 256; n += 2) {
        wr(PALETTE + 2 * n, entry(n) | entry(n + 1) << 16 | 0x80000000);
    }
    for (unsigned i = 0; i < sizeof(palettes) / sizeof(palettes[0]); i++) {
        golden(&palettes[i], true, 0);
        golden(&palettes[i], true, BGR);
    }
    for (unsigned i = 0; i < sizeof(directs) / sizeof(directs[0]); i++) {
        golden(&directs[i], false, 0);
    }
    /* Lines follow each other without a gap: with 16 pixels of a bit each the second begins in the middle of a word. */
    size(16, 2);
    memset(bench_ram, 0, sizeof(bench_ram));
    put(FRAME, 0x80010000);
    show(ON | BPP(0));
    ok(pixel(0, 1) == colour(1, false) && pixel(15, 1) == colour(1, false) && pixel(0, 0) == colour(0, false) &&
       pixel(1, 1) == colour(0, false), "a line that begins within a word");
    wr(PALETTE, 0x1e0000);
    show((ON & ~TFT) | MONO | BPP(0));
    ok(pixel(0, 1) == 0xffffff && pixel(0, 0) == 0, "a monochrome panel has greys");
    size(32, 3);
    memset(bench_ram, 0, sizeof(bench_ram));
    put(FRAME, 0xff);
    put(FRAME2, 0xff00);
    wr(LPBASE, FRAME2);
    show(ON | DUAL | BPP(5));
    ok(screen()->width == 32 && screen()->height == 6, "two panels, one above the other");
    ok(pixel(0, 0) == 0xff0000 && pixel(0, 3) == 0x00ff00 && !pixel(1, 3), "each from its own base");
}

static void test_cursor(void)
{
    size(64, 64);
    memset(bench_ram, 0, sizeof(bench_ram));
    put(FRAME, 0x00ffffff);
    for (unsigned i = 0; i < 256; i++) {
        wr(CRSR_IMAGE + 4 * i, 0xaaaaaaaa);     /* transparent */
    }
    /* First line: colour 0, colour 1, transparent, inverse; pixel 31: colour 1. */
    wr(CRSR_IMAGE, 0xaaaaaa1b);
    wr(CRSR_IMAGE + 4, 0xa9aaaaaa);
    wr(CRSR_PALETTE, 0x000010);
    wr(CRSR_PALETTE + 4, 0x00ff00);
    show(ON | BPP(5));
    wr(CRSR_XY, 0);
    wr(CRSR_CTRL, 1);
    console_refresh(console_screen(0));
    ok(pixel(0, 0) == 0x100000 && pixel(1, 0) == 0x00ff00 && !pixel(2, 0) && pixel(3, 0) == 0xffffff &&
       pixel(31, 0) == 0x00ff00, "the cursor's four kinds of pixels");
    changes = lines_changed = 0;
    wr(CRSR_XY, 10 | 20 << 16);
    console_refresh(console_screen(0));
    ok(pixel(0, 0) == 0xffffff && pixel(1, 0) == 0 && pixel(10, 20) == 0x100000, "it moves");
    ok_eq(lines_changed, 52, "the lines that it left and came to are drawn");
    wr(CRSR_CLIP, 1);
    console_refresh(console_screen(0));
    ok(pixel(10, 20) == 0x00ff00 && pixel(9, 20) == 0, "clipped at its left");
    wr(CRSR_XY, 60 | 63 << 16);
    wr(CRSR_CLIP, 0);
    console_refresh(console_screen(0));
    ok(pixel(61, 63) == 0x00ff00 && pixel(63, 63) == 0xffffff, "at the corner of the screen");
    wr(CRSR_XY, 1000 | 1000 << 16);
    console_refresh(console_screen(0));
    ok(pixel(61, 63) == 0, "outside");
    wr(CRSR_IMAGE + 0x100, 0xaaaaaa00);
    wr(CRSR_XY, 0);
    wr(CRSR_CTRL, 1 | 1 << 4);
    console_refresh(console_screen(0));
    ok(pixel(3, 0) == 0x100000, "the second of four images");
    wr(CRSR_CONFIG, 1);
    wr(CRSR_IMAGE + 63 * 16 + 12, 0xa5aaaaaa);
    console_refresh(console_screen(0));
    ok(pixel(62, 63) == 0x00ff00, "64 x 64");
    wr(CRSR_CONFIG, 3);
    wr(CRSR_XY, 5);
    console_refresh(console_screen(0));
    ok(pixel(62, 63) == 0x00ff00, "synchronised: it has not moved yet");
    bench_advance(1000000000);
    console_refresh(console_screen(0));
    ok(pixel(62, 63) == 0, "but at the next frame");
    wr(CRSR_CTRL, 0);
    console_refresh(console_screen(0));
    ok(pixel(0, 0) == 0xffffff && pixel(3, 0) == 0, "off");
    wr(CRSR_CONFIG, 0);
}

static void test_dirty(void)
{
    size(128, 40);              /* at 32 bits: 512 bytes a line, 8 lines a page */
    memset(bench_ram, 0, sizeof(bench_ram));
    show(ON | BPP(5));
    changes = lines_changed = 0;
    console_refresh(console_screen(0));
    ok(changes == 0, "nothing is drawn of what did not change");
    put(FRAME + 9 * 512, 0xff);
    console_refresh(console_screen(0));
    ok(changes == 1 && lines_changed == 8 && pixel(0, 9) == 0xff0000, "the lines of a page");
    wr(UPBASE, FRAME + 512);
    changes = lines_changed = 0;
    console_refresh(console_screen(0));
    ok(pixel(0, 9) == 0xff0000, "a new base is taken over at the next frame");
    bench_advance(1000000000);
    console_refresh(console_screen(0));
    ok(pixel(0, 8) == 0xff0000 && !pixel(0, 9) && lines_changed == 40, "and then all is drawn");
    wr(UPBASE, FRAME + 8);
    bench_advance(1000000000);
    console_refresh(console_screen(0));
    changes = lines_changed = 0;
    put(FRAME + 0x1000, 0xff00);
    console_refresh(console_screen(0));
    ok(lines_changed == 9 && pixel(126, 7) == 0x00ff00, "a line across two pages belongs to both");
    wr(CNTL, ON & ~PWR);
    console_refresh(console_screen(0));
    ok(!pixel(126, 7), "black without power");
    wr(CNTL, ON | BPP(5));
    console_refresh(console_screen(0));
    ok(pixel(126, 7) == 0x00ff00, "and back");
    size(1024, 1024);
    show(ON | DUAL | BPP(5));
    ok(screen()->height == 2048 && !pixel(0, 0), "the largest screen, from outside of memory: black");
    ok(rd(RIS) & MBERR, "which is a bus error");
}

static void test_interrupts(void)
{
    const int64_t line = 20000, frame = 50 * line;     /* 1 MHz: 20 clocks a line, 50 lines */

    bench_reset();
    wr(TIM0, 0);                                        /* 16 + 1 + 1 + 1 = 19, and one of front porch */
    wr(TIM0, 1 << 16);
    wr(TIM1, 29 | 4 << 10 | 5 << 16 | 10 << 24);        /* 5 + 10 + 30 + 5 */
    wr(TIM2, 1 << 26);
    wr(UPBASE, FRAME);
    ok_eq(rd(RIS), 0, "nothing happens before it is enabled");
    wr(CNTL, ON | BPP(5));
    ok_eq(rd(RIS), LNBU, "the first frame's base is taken over at once");
    wr(ICR, ~0u);
    ok_eq((unsigned)fake_clock_armed(), 0, "no interrupt is wanted: no timer");
    bench_advance(frame * 5 / 2);
    ok_eq(rd(RIS), 0, "a frame takes no less than 4 ms");
    clock_hz = 100000;
    wr(TIM2, 1 << 26);                                  /* 10 ms */
    wr(ICR, ~0u);
    ok_eq(rd(RIS), 0, "cleared");
    bench_advance(10 * frame - 1);
    ok_eq(rd(RIS), 0, "before the frame's end");
    bench_advance(1);
    ok_eq(rd(RIS), LNBU | VCOMP, "at its end: base, and vertical synchronisation");
    wr(ICR, LNBU | VCOMP);
    wr(IMSC, LNBU);
    ok_eq((unsigned)fake_clock_armed(), 1, "the timer runs");
    bench_advance(10 * frame);
    ok(bench_level[0] && rd(MIS) == LNBU, "the line rises");
    ok_eq((unsigned)fake_clock_armed(), 0, "once is enough");
    wr(ICR, LNBU);
    ok(!bench_level[0] && fake_clock_armed(), "and again after it was cleared");
    wr(IMSC, VCOMP);
    wr(CNTL, ON | BPP(5) | 2 << 12);                    /* active video: after 15 lines */
    wr(ICR, ~0u);
    bench_advance(150 * line - 1);
    ok(!bench_level[0], "vertical compare at the picture's begin: not yet");
    bench_advance(1);
    ok(bench_level[0] && rd(MIS) == VCOMP, "now");
    bench_advance(100 * line);
    ok_eq(rd(UPCURR), FRAME + 10 * 64, "the current address, after ten lines of the picture");
    wr(IMSC, 0);
    wr(CRSR_CTRL, 1);
    wr(CRSR_IMSC, 1);
    bench_advance(10 * frame);
    ok(bench_level[0] && rd(CRSR_MIS) == 1, "the cursor's interrupt");
    wr(CRSR_ICR, 1);
    ok(!bench_level[0] && !rd(CRSR_RIS), "cleared");
    wr(CRSR_IMSC, 0);
    wr(IMSC, MBERR);
    wr(UPBASE, 0xf0000000);
    bench_advance(10 * frame);
    ok(bench_level[0] && (rd(MIS) & MBERR), "a frame outside of memory is a bus error");
    /* The timer's thread is late: who reads sees the event and the line together. */
    bench_reset();
    wr(TIM1, 29);
    wr(CNTL, ON);
    wr(IMSC, LNBU);
    wr(ICR, ~0u);
    fake_clock_advance(2000000000, 0);
    ok(rd(RIS) & LNBU && bench_level[0], "the line is up when the event is seen");
    bench_reset();
    ok(!bench_level[0] && !rd(CNTL) && !rd(RIS), "reset");
}

int main(void)
{
    static ConsoleListener listener = { .resized = resized, .changed = changed };

    bench_init();
    console_listener_add(&listener);
    pl111_create(&(PL111Config) { .base = BASE, .name = "clcd", .clock_hz = get_clock, .mux = get_mux },
                 &bench_line[0]);
    bench_reset();
    ok(rd(BASE + 0xfe0) == 0x11 && rd(BASE + 0xfe4) == 0x11 && rd(BASE + 0xfe8) == 4, "ID: PL111");
    ok(!rd(CNTL) && !rd(TIM0) && !rd(RIS), "zero at reset");
    wr(UPBASE, 0x12345677);
    ok_eq(rd(UPBASE), 0x12345670, "bases are multiples of 8");
    test_formats();
    test_cursor();
    test_dirty();
    test_interrupts();
    return test_done();
}
