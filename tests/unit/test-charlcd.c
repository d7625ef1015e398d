/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The character display: an HD44780 by 8 and by 4 bits, as Linux's driver uses it. */
#include <stdio.h>
#include <string.h>
#include "device-stubs.h"
#include "hw/display/charlcd.h"

enum { BASE = 0x10008000, COM = 0, DAT = 4, RD = 8, RAW = 0xc, MASK = 0x10, STAT = 0x14, VALID = 0x100, COMPLETE = 1 };

static uint32_t reg(uint32_t offset)
{
    return rd(BASE + offset);
}

static void set(uint32_t offset, uint32_t value)
{
    wr(BASE + offset, value);
}

static bool shows(const char *first, const char *second)
{
    char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1];
    bool good = charlcd_text("charlcd", text) && !strcmp(text[0], first) && !strcmp(text[1], second);

    if (!good) {
        printf("# shown: |%s|%s|\n", text[0], text[1]);
    }
    return good;
}

#define BLANK "                "

static void write4(uint32_t where, uint8_t byte)
{
    set(where, byte & 0xf0);
    set(where, (uint32_t)byte << 4 & 0xf0);
}

static uint32_t read4(uint32_t where)
{
    uint32_t v;

    reg(where);
    v = reg(RAW) & VALID ? 0 : 0xbad00;
    set(RAW, 0);
    v |= reg(RD) & 0xf0;
    v |= reg(RAW) & VALID ? 0 : 0xbad00;
    set(RAW, 0);
    return v | (reg(RD) >> 4 & 0xf);
}

/* As Linux does where it has the interrupt, whose handler clears the first half. */
static uint32_t read4_by_interrupt(uint32_t where)
{
    uint32_t v;

    set(RAW, 0);
    set(MASK, 1);
    reg(where);
    v = bench_level[0] && reg(STAT) & 1 ? 0 : 0xbad00;
    set(RAW, 0);
    set(MASK, 0);
    v |= reg(RD) & 0xf0;
    v |= reg(RAW) & VALID ? 0 : 0xbad00;
    set(RAW, 0);
    return v | (reg(RD) >> 4 & 0xf);
}

static void puts4(const char *s)
{
    for (; *s; s++) {
        write4(DAT, (uint8_t)*s);
    }
}

static void test_8_bits(void)
{
    char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1];

    ok(!charlcd_text("nothing", text), "no such display");
    ok(shows(BLANK, BLANK), "blank after reset");
    ok_eq(reg(RAW) | reg(MASK) | reg(STAT) | reg(RD), 0, "registers after reset");
    set(COM, 0x38);
    set(COM, 0x0c);
    for (const char *s = "Eight bits"; *s; s++) {
        set(DAT, (uint8_t)*s);
    }
    ok(shows("Eight bits      ", BLANK), "a byte at a time");
    set(COM, 0xc3);
    set(DAT, 'x');
    ok(shows("Eight bits      ", "   x            "), "the second line is at 0x40");
    reg(COM);
    ok_eq(reg(RAW), VALID | COMPLETE, "a read is complete");
    ok_eq(reg(RD), 0x44, "not busy, and the address");
    set(RAW, 0);
    ok_eq(reg(RAW), 0, "cleared");
    set(COM, 0x80);
    reg(DAT);
    ok_eq(reg(RD), 'E', "a character is read");
    reg(DAT);
    ok_eq(reg(RD), 'i', "the next one");
    set(COM, 0x08);
    ok(shows(BLANK, BLANK), "switched off");
}

/* What Linux does from the start. */
static void test_linux(void)
{
    bench_reset();
    for (unsigned i = 0; i < 3; i++) {
        set(COM, 0x30);
    }
    set(COM, 0x20);
    write4(COM, 0x28);
    ok(!(read4(COM) & 0x80), "not busy");
    write4(COM, 0x0c);
    write4(COM, 0x01);
    write4(COM, 0x06);
    puts4("ARM Linux");
    write4(COM, 0x80 + 0x28);
    puts4("6.1.0 and too long for a line of it all!");
    ok(shows("ARM Linux       ", "6.1.0 and too lo"), "what Linux writes; a line has 40 characters, and 16 are shown");
    ok_eq(read4(COM), 0, "behind the second line comes the first");
    write4(COM, 0x80 + 2);
    ok_eq(read4(DAT), 'M', "a character is read in halves");
    ok_eq(read4(COM), 3, "and the address goes on");
    write4(COM, 0x80 + 0x1d);
    ok_eq(read4_by_interrupt(COM), 0x1d, "busy-flag-by-interrupt: the first half is there behind the clear");
    set(MASK, 1);
    reg(COM);
    ok(bench_level[0] && reg(STAT) == 1, "the first half interrupts");
    ok_eq(reg(RD), 0x10, "it is read");
    set(RAW, 0);
    ok(!bench_level[0] && !reg(STAT) && reg(RAW) == VALID, "the second does not");
    ok_eq(reg(RD), 0xd0, "it is read, too");
    set(RAW, 0);
    ok_eq(reg(RAW), 0, "then there is no more");
    set(MASK, 0);
}

static void test_commands(void)
{
    write4(COM, 0x02);
    write4(COM, 0x18);
    write4(COM, 0x18);
    ok(shows("M Linux         ", "1.0 and too long"), "shifted to the left");
    write4(COM, 0x1c);
    ok(shows("RM Linux        ", ".1.0 and too lon"), "and back");
    write4(COM, 0x02);
    ok(shows("ARM Linux       ", "6.1.0 and too lo"), "home");
    write4(COM, 0x14);
    write4(COM, 0x10);
    write4(COM, 0x10);
    ok_eq(read4(COM), 0x67, "the cursor is moved around the end");
    write4(COM, 0x40);
    for (unsigned i = 0; i < 8; i++) {
        write4(DAT, (uint8_t)(0x11 + i));
    }
    write4(COM, 0x41);
    ok_eq(read4(DAT), 0x12, "a character of the guest's own has its pattern");
    write4(COM, 0x80);
    write4(DAT, 0);
    ok(shows("?RM Linux       ", "6.1.0 and too lo"), "and no letter here");
    write4(COM, 0x04);
    write4(COM, 0x80 + 5);
    puts4("ba");
    ok(shows("?RM ab" "nux       ", "6.1.0 and too lo"), "to the left");
    write4(COM, 0x07);
    write4(COM, 0x80 + 16);
    puts4("x");
    ok(shows("RM abnux       x", ".1.0 and too lon"), "the display moves with what is written");
    write4(COM, 0x01);
    ok(shows(BLANK, BLANK), "clear");
    write4(COM, 0x06);
    write4(COM, 0x20);
    puts4("one");
    ok(shows("one             ", BLANK), "one line");
    write4(COM, 0x80 + 79);
    puts4("!0");
    ok(shows("0ne             ", BLANK), "of 80 characters");
    reg(0x20);
    set(0x20, 1);
}

int main(void)
{
    bench_init();
    charlcd_create(BASE, "charlcd", &bench_line[0]);
    bench_reset();
    test_8_bits();
    test_linux();
    test_commands();
    return test_done();
}
