/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL050 with its keyboard and its mouse: registers, commands, scan codes of all sets, packets of all protocols. */
#include <stdio.h>
#include <string.h>
#include "device-stubs.h"
#include "hw/input/pl050.h"
#include "ui/input.h"

enum {
    KBD = 0x10006000, MOUSE = 0x10007000, CR = 0, STAT = 4, DATA = 8, CLKDIV = 0xc, IR = 0x10,
    RX_BUSY = 8, RX_FULL = 0x10, TX_BUSY = 0x20, TX_EMPTY = 0x40, EN = 4, TX_INT = 8, RX_INT = 16,
    BYTE_NS = 880000,
};

/* What comes, as hexadecimal digits. */
static const char *come(uint32_t base)
{
    static char text[4096];
    unsigned n = 0;

    text[0] = 0;
    for (bench_advance(2 * BYTE_NS); (rd(base + STAT) & RX_FULL) && n + 4 < sizeof(text); bench_advance(BYTE_NS)) {
        n += (unsigned)snprintf(text + n, sizeof(text) - n, "%s%02x", n ? " " : "", rd(base + DATA));
    }
    return text;
}

static void check(uint32_t base, const char *want, const char *what)
{
    const char *got = come(base);

    ok(!strcmp(got, want), "%s", what);
    if (strcmp(got, want)) {
        printf("# got '%s', want '%s'\n", got, want);
    }
}

static void send(uint32_t base, unsigned count, const uint8_t *bytes)
{
    for (unsigned i = 0; i < count; i++) {
        wr(base + DATA, bytes[i]);
    }
}
#define SEND(base, ...) send((base), sizeof((const uint8_t[]) { __VA_ARGS__ }), (const uint8_t[]) { __VA_ARGS__ })

static void type(InputKey key)
{
    input_key(key, true);
    input_key(key, false);
}

static void test_registers(void)
{
    ok(rd(KBD + 0xfe0) == 0x50 && rd(KBD + 0xfe4) == 0x10 && rd(KBD + 0xfe8) == 4, "ID");
    ok(rd(KBD + CR) == 0 && rd(KBD + CLKDIV) == 0 && (rd(KBD + STAT) & 0x50) == 0x40 && rd(KBD + IR) == 2,
       "reset values");
    wr(KBD + CR, ~0u);
    wr(KBD + CLKDIV, ~0u);
    ok(rd(KBD + CR) == 0x3f && rd(KBD + CLKDIV) == 15, "bits that there are");
    ok(bench_level[0], "the transmitter's interrupt: it is always empty");
    wr(KBD + CR, 0);
    ok(!bench_level[0], "off");
    type(KEY_A);
    ok(!(rd(KBD + STAT) & RX_FULL) && rd(KBD + IR) == 2, "nothing comes while it is not enabled");
    bench_advance(10 * BYTE_NS);
    ok(!(rd(KBD + STAT) & (RX_FULL | RX_BUSY)), "however long one waits");
    wr(KBD + CR, EN);
    bench_advance(BYTE_NS);
    ok((rd(KBD + STAT) & RX_FULL) && rd(KBD + IR) == 3 && !bench_level[0],
       "the keyboard had kept it; no interrupt is wanted");
    wr(KBD + CR, EN | RX_INT);
    ok(bench_level[0], "the receiver's interrupt");
    check(KBD, "1c f0 1c", "a key");
    ok(!bench_level[0], "the line falls when all is read");
    ok(rd(KBD + DATA) == 0x1c && !(rd(KBD + STAT) & 4), "the last byte stays, with its parity");
}

static bool is(uint32_t base, uint32_t bits)
{
    return (rd(base + STAT) & (RX_BUSY | RX_FULL | TX_BUSY | TX_EMPTY)) == bits;
}

/* Bytes one by one: the wire has a speed, and the next byte comes when the one before was read. */
static void test_wire(void)
{
    const unsigned rises = bench_rises[0];

    type(KEY_A);
    ok(is(KBD, RX_BUSY | TX_EMPTY) && rd(KBD + IR) == 2 && !bench_level[0], "a byte is under way");
    bench_advance(BYTE_NS - 1);
    ok(is(KBD, RX_BUSY | TX_EMPTY) && !bench_level[0], "still");
    bench_advance(1);
    ok(is(KBD, RX_FULL | TX_EMPTY) && bench_level[0], "there it is");
    bench_advance(100 * BYTE_NS);
    ok(is(KBD, RX_FULL | TX_EMPTY) && bench_rises[0] == rises + 1, "nothing follows while it is not read");
    ok(rd(KBD + DATA) == 0x1c && !bench_level[0] && is(KBD, RX_BUSY | TX_EMPTY), "read: the next one is under way");
    bench_advance(BYTE_NS / 2);
    wr(KBD + DATA, 0xee);
    ok(is(KBD, TX_BUSY) && rd(KBD + IR) == 0, "a command stops it");
    bench_advance(BYTE_NS - 1);
    ok(is(KBD, TX_BUSY), "a command takes its time");
    bench_advance(1);
    ok(is(KBD, RX_BUSY | TX_EMPTY), "its answer is under way");
    bench_advance(BYTE_NS);
    ok(is(KBD, RX_FULL | TX_EMPTY), "and there");
    check(KBD, "ee f0 1c", "what had been stopped comes after it");
    SEND(KBD, 0xee, 0xf2);
    ok(rd(KBD + DATA) == 0xee && rd(KBD + DATA) == 0xfa && rd(KBD + DATA) == 0xab && rd(KBD + DATA) == 0x83 &&
       rd(KBD + DATA) == 0x83, "a guest that does not look is not made to wait");
    type(KEY_A);
    bench_advance(BYTE_NS / 2);
    wr(KBD + CR, 0);
    bench_advance(BYTE_NS);
    ok(is(KBD, TX_EMPTY), "the clock is held in the middle of a byte");
    wr(KBD + CR, EN | RX_INT);
    check(KBD, "1c f0 1c", "the keyboard sends it again");
}

static void test_keyboard(void)
{
    SEND(KBD, 0xff);
    check(KBD, "fa aa", "reset");
    SEND(KBD, 0xee);
    check(KBD, "ee", "echo");
    SEND(KBD, 0xfe);
    check(KBD, "ee", "once more");
    SEND(KBD, 0xf2);
    check(KBD, "fa ab 83", "identification");
    SEND(KBD, 0xed, 0x06, 0xf3, 0x20);
    check(KBD, "fa fa fa fa", "lights and rate");
    ok_eq(input_leds(), INPUT_LED_CAPS | INPUT_LED_NUM, "the lights are known");
    SEND(KBD, 0x01);
    check(KBD, "fe", "no command");
    SEND(KBD, 0xed, 0xee);
    check(KBD, "fa ee", "a command in place of an argument");
    SEND(KBD, 0xf0, 0);
    check(KBD, "fa fa 02", "set 2 at the start");
    type(KEY_RIGHT);
    check(KBD, "e0 74 e0 f0 74", "an extended key");
    type(KEY_PAUSE);
    check(KBD, "e1 14 77 e1 f0 14 f0 77", "pause");
    type(KEY_PRINT);
    check(KBD, "e0 12 e0 7c e0 f0 7c e0 f0 12", "print");
    input_key(KEY_SHIFT, true);
    input_key(KEY_F7, true);
    input_key(KEY_F7, true);
    input_key(KEY_F7, false);
    input_key(KEY_F7, false);
    input_key(KEY_SHIFT, false);
    check(KBD, "12 83 83 f0 83 f0 12", "repetitions come through; a second release does not");
    SEND(KBD, 0xf0, 1);
    check(KBD, "fa fa", "set 1");
    type(KEY_A);
    type(KEY_KP_ENTER);
    type(KEY_PAUSE);
    check(KBD, "1e 9e e0 1c e0 9c e1 1d 45 e1 9d c5", "keys of set 1");
    type(KEY_PRINT);
    check(KBD, "e0 2a e0 37 e0 b7 e0 aa", "print of set 1");
    SEND(KBD, 0xf0, 3);
    come(KBD);
    type(KEY_A);
    type(KEY_CTRL_R);
    type(KEY_PAUSE);
    type(KEY_F13);
    check(KBD, "1c f0 1c 58 f0 58 62 f0 62", "keys of set 3");
    SEND(KBD, 0xfd, 0x1c, 0x32, 0xf4);
    check(KBD, "fa fa fa fa", "two keys that are to send no release");
    type(KEY_A);
    type(KEY_C);
    check(KBD, "1c 21 f0 21", "they do not");
    SEND(KBD, 0xfc, 0x1c, 0xf4, 0xf9);
    come(KBD);
    type(KEY_A);
    check(KBD, "1c", "no key sends its release");
    SEND(KBD, 0xfa);
    come(KBD);
    type(KEY_A);
    check(KBD, "1c f0 1c", "all do");
    SEND(KBD, 0xf0, 4);
    check(KBD, "fa fe", "there is no set 4");
    SEND(KBD, 0xf5);
    bench_advance(BYTE_NS);
    type(KEY_A);
    check(KBD, "fa", "stopped");
    SEND(KBD, 0xf4);
    bench_advance(BYTE_NS);
    type(KEY_A);
    check(KBD, "fa 1c f0 1c", "enabled, with set 2 again");
    for (int i = 0; i < 200; i++) {
        type(KEY_UP);
    }
    SEND(KBD, 0xee);
    check(KBD, "ee e0 75 e0 f0 75 e0 75 e0 f0 75 e0 75 e0 f0 75 00",
          "an answer comes before keys; more than 16 bytes: whole keys are lost, and that is said");
    type(KEY_A);
    check(KBD, "1c f0 1c", "there is room again");
    SEND(KBD, 0xf0, 1);
    come(KBD);
    for (int i = 0; i < 9; i++) {
        type(KEY_A);
    }
    SEND(KBD, 0xf0, 2);
    check(KBD, "fa fa 1e 9e 1e 9e 1e 9e 1e 9e 1e 9e 1e 9e 1e 9e 1e 9e ff", "in set 1, too");
    for (int n = 0; n < 256; n++) {
        SEND(KBD, (uint8_t)n);
    }
    come(KBD);
    SEND(KBD, 0xff);
    check(KBD, "fa aa", "answers that nobody read do no harm");
}

static void knock(uint8_t a, uint8_t b, uint8_t c)
{
    SEND(MOUSE, 0xf3, a, 0xf3, b, 0xf3, c);
    come(MOUSE);
    SEND(MOUSE, 0xf2);
}

static void test_mouse(void)
{
    wr(MOUSE + CR, EN | RX_INT);
    SEND(MOUSE, 0xff);
    check(MOUSE, "fa aa 00", "mouse: reset");
    input_move(1, 1, 0);
    check(MOUSE, "", "it reports nothing before it is told to");
    SEND(MOUSE, 0xe9);
    check(MOUSE, "fa 00 02 64", "status: 100 reports a second, resolution 2");
    SEND(MOUSE, 0xf4);
    check(MOUSE, "fa", "enabled");
    input_move(5, 3, 0);
    bench_advance(BYTE_NS);
    ok(bench_level[1], "the line rises");
    check(MOUSE, "28 05 fd", "to the right and down");
    input_move(-5, -3, 0);
    check(MOUSE, "18 fb 03", "to the left and up");
    input_move(-600, 0, 0);
    check(MOUSE, "18 01 00 18 01 00 18 a6 00", "far: three packets");
    input_buttons(INPUT_LEFT | INPUT_RIGHT);
    input_buttons(INPUT_MIDDLE);
    input_buttons(0);
    check(MOUSE, "0b 00 00 0c 00 00 08 00 00", "buttons");
    input_move(0, 0, 1);
    check(MOUSE, "", "no wheel yet");
    knock(200, 100, 80);
    check(MOUSE, "fa 03", "a knock: a mouse with a wheel");
    input_move(0, 0, 1);
    input_move(1, 0, -2);
    check(MOUSE, "08 00 00 01 08 01 00 fe", "the wheel");
    knock(200, 200, 80);
    check(MOUSE, "fa 04", "another knock: five buttons");
    input_buttons(INPUT_SIDE);
    input_move(0, 0, -1);
    input_buttons(INPUT_EXTRA);
    input_buttons(0);
    check(MOUSE, "08 00 00 10 08 00 00 1f 08 00 00 20 08 00 00 00", "the side buttons");
    input_move(0, 0, 10);
    check(MOUSE, "08 00 00 07 08 00 00 03", "the wheel in four bits");
    SEND(MOUSE, 0xe7);
    come(MOUSE);
    input_move(4, 0, 0);
    check(MOUSE, "08 06 00 00", "scaling 2:1");
    SEND(MOUSE, 0xe6, 0xf0);
    check(MOUSE, "fa fa", "remote mode");
    input_move(7, 0, 0);
    check(MOUSE, "", "it waits to be asked");
    SEND(MOUSE, 0xeb);
    check(MOUSE, "fa 08 07 00 00", "asked");
    SEND(MOUSE, 0xe9);
    check(MOUSE, "fa 60 02 50", "status: remote, enabled, 80");
    SEND(MOUSE, 0xea, 0xee, 0x12, 0xf4);
    check(MOUSE, "fa fa 12 f4", "wrap mode: an echo");
    SEND(MOUSE, 0xec, 0xe8, 3, 0x77);
    check(MOUSE, "fa fa fa fe", "back; resolution; no command");
    for (int i = 0; i < 1000; i++) {
        input_move(1, 0, 0);
    }
    int sum = 0, packets = 0;
    for (bench_advance(BYTE_NS); rd(MOUSE + STAT) & RX_FULL; packets++, bench_advance(BYTE_NS)) {
        rd(MOUSE + DATA);
        sum += (int)rd(MOUSE + DATA);
        rd(MOUSE + DATA);
        rd(MOUSE + DATA);
    }
    ok(sum == 1000 && packets < 20, "movement that nobody reads adds up");
    input_point(10, 10, 640, 480);
    input_point(13, 9, 640, 480);
    check(MOUSE, "08 03 01 00", "a pointer: its movement");
    input_point_left();
    input_point(500, 400, 640, 480);
    check(MOUSE, "", "but not where it comes in");
    SEND(MOUSE, 0xf6);
    input_move(1, 1, 0);
    check(MOUSE, "fa", "defaults: it reports nothing");
    ok(input_mouse_at(0) && !input_mouse_at(1) && input_mouse_choose(0) && !input_mouse_choose(1),
       "there is one mouse");
}

static void test_names(void)
{
    ok(input_key_by_name("ctrl-alt", 4) == KEY_CTRL && input_key_by_name("ctr", 3) == KEY_NONE &&
       input_key_by_name("ctrl", 3) == KEY_NONE && input_key_by_name("", 0) == KEY_NONE, "keys by name");
    ok(input_key_by_number(0x1e) == KEY_A && input_key_by_number(0xc8) == KEY_UP &&
       input_key_by_number(0xe048) == KEY_UP && input_key_by_number(0) == KEY_NONE &&
       input_key_by_number(0x7f) == KEY_NONE, "keys by number");
    InputKey many[INPUT_KEYS_MAX + 1] = { KEY_A };
    ok(input_send_keys(many, INPUT_KEYS_MAX + 1, 1) != NULL, "too many keys at once");
}

/* Programs that other emulators run: they never set CR's enable bit, or write the receiver's interrupt alone to it. */
static void test_never_enabled(void)
{
    bench_reset();
    SEND(KBD, 0xf2);
    check(KBD, "fa ab 83", "never-enabled: the keyboard answers");
    wr(KBD + CR, RX_INT);
    type(KEY_A);
    bench_advance(BYTE_NS);
    ok(bench_level[0], "never-enabled: a key interrupts");
    check(KBD, "1c f0 1c", "never-enabled: and comes");
    wr(KBD + CR, EN);
    wr(KBD + CR, 0);
    type(KEY_A);
    bench_advance(10 * BYTE_NS);
    ok(!(rd(KBD + STAT) & (RX_FULL | RX_BUSY)), "never-enabled: who has enabled it may switch it off");
    wr(KBD + CR, EN);
    check(KBD, "1c f0 1c", "never-enabled: and on");
}

int main(void)
{
    bench_init();
    pl050_create_keyboard(KBD, "kmi0", &bench_line[0]);
    pl050_create_mouse(MOUSE, "kmi1", &bench_line[1]);
    bench_reset();
    test_registers();
    test_wire();
    test_keyboard();
    test_mouse();
    test_names();
    test_never_enabled();
    bench_reset();
    ok(!rd(KBD + CR) && !bench_level[0] && !bench_level[1] && input_leds() == 0, "reset");
    return test_done();
}
