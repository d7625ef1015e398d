/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL011: registers, FIFO, and above all the rules that keep its interrupt from being spurious. */
#include <string.h>
#include "device-stubs.h"
#include "hw/char/pl011.h"
#include "qemu/log.h"

enum { BASE = 0x10009000 };
enum {
    DR = 0, RSR = 4, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c,
    MIS = 0x40, ICR = 0x44,
};
enum { UARTEN = 1, LBE = 0x80, TXE = 0x100, RXE = 0x200, FEN = 0x10 };
enum { RX = 0x10, TX = 0x20, RT = 0x40, BE = 0x200, OE = 0x400 };
enum { RXFE = 0x10, TXFF = 0x20, RXFF = 0x40, TXFE = 0x80, BUSY = 8 };
enum { TIMEOUT_NS = 32 * 8681 };        /* 32 bits at 115200 */

#define R(r)    rd(BASE + (r))
#define W(r, v) wr(BASE + (r), (v))

static void test_reset(void)
{
    static const struct { uint32_t reg, want; } regs[] = {
        { RSR, 0 }, { FR, 0x90 }, { 0x20, 0 }, { IBRD, 0 }, { FBRD, 0 }, { LCR_H, 0 }, { CR, 0x300 }, { IFLS, 0x12 },
        { IMSC, 0 }, { RIS, 0 }, { MIS, 0 }, { ICR, 0 }, { 0x48, 0 }, { 0xfe0, 0x11 }, { 0xfe4, 0x10 }, { 0xfe8, 0x14 },
        { 0xfec, 0 }, { 0xff0, 0x0d }, { 0xffc, 0xb1 }, { 0x800, 0 },
    };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        ok_eq(R(regs[i].reg), regs[i].want, "register 0x%03x at reset", regs[i].reg);
    }
}

/* Programs that only store to UARTDR: the characters pass, and the log tells once what hardware wants. */
static void test_never_enabled(void)
{
    bench_reset();
    bench_output_len = 0;
    bench_logs = 0;
    qemu_loglevel = LOG_GUEST_ERROR;
    W(DR, 'a');
    W(DR, 'b');
    ok(bench_output_len == 2 && !memcmp(bench_output, "ab", 2), "never enabled: characters are sent");
    ok_eq(R(FR), TXFE | RXFE, "never full, never busy");
    ok(bench_logs == 1 && strstr(bench_logged, "transmitter") && strstr(bench_logged, "0x10009030") &&
       strstr(bench_logged, "0x301"), "logged once, with the register: %s", bench_logged);
    ok(bench_input("xy", 2) == 1 && R(DR) == 'x' && bench_input("y", 1) == 1 && R(DR) == 'y',
       "never enabled: characters are received");
    ok(bench_logs == 2 && strstr(bench_logged, "receiver"), "logged once: %s", bench_logged);
    W(CR, UARTEN);
    W(DR, 'c');
    ok(bench_output_len == 3 && bench_logs == 2, "UARTEN without TXE is not enabled either");
    W(CR, UARTEN | RXE);
    W(CR, UARTEN);
    ok_eq((uint64_t)bench_input("z", 1), 0, "one that was enabled can be turned off");
    W(DR, 'd');
    ok_eq(bench_output_len, 4, "each direction for itself");
    bench_reset();
    ok_eq((uint64_t)bench_input("z", 1), 1, "a reset forgets it");
    qemu_loglevel = 0;
    bench_reset();
}

/* As Linux opens the port. */
static void open_port(void)
{
    bench_reset();
    bench_output_len = bench_accepts = 0;
    W(ICR, 0xffff);
    W(IBRD, 13);
    W(FBRD, 1);
    W(LCR_H, 0x60 | FEN);
    W(IFLS, 0x12);
    W(CR, UARTEN | TXE | RXE);
    W(ICR, RX | RT);
    W(IMSC, RX | RT);
    bench_rises[0] = 0;
}

static void test_tx(void)
{
    open_port();
    ok_eq(R(RIS), 0, "enabling does not raise TX");
    W(IMSC, TX);
    ok_eq(R(MIS), 0, "unmasking does not raise TX");
    ok_eq((uint64_t)bench_level[0], 0, "line low");
    W(DR, 'x');
    ok_eq((uint64_t)bench_level[0], 1, "a sent byte raises TX");
    W(IMSC, 0);
    ok_eq((uint64_t)bench_level[0], 0, "masked");
    W(IMSC, TX);
    ok_eq((uint64_t)bench_level[0], 1, "TX stays until cleared");
    W(ICR, TX);
    ok_eq((uint64_t)bench_level[0], 0, "cleared");
    W(ICR, 0xffff);
    for (int i = 0; i < 100; i++) {
        W(DR, 'y');
    }
    ok_eq(bench_output_len, 101, "all sent");
    ok_eq(R(FR), TXFE | RXFE, "never full, never busy");
    /* Old kernels: first TX by looping back a NUL that must not reach the wire. */
    open_port();
    W(CR, UARTEN | TXE | LBE);
    W(DR, 0);
    ok_eq(R(FR), TXFE | RXFE, "loop back without RXE goes nowhere");
    ok_eq(bench_output_len, 0, "and not out");
    ok_eq(R(RIS), TX, "but raises TX");
    W(CR, UARTEN | TXE | RXE | LBE);
    W(DR, 'l');
    ok_eq(R(DR), 'l', "loop back with RXE");
    ok_eq(bench_output_len, 0, "not out");
    /* Transmitter held: trigger level. */
    open_port();
    W(DR, 'z');
    W(CR, UARTEN | RXE);
    for (int i = 0; i < 9; i++) {
        W(DR, (uint32_t)('0' + i));
    }
    ok_eq(R(RIS) & TX, 0, "filling above the trigger clears TX");
    for (int i = 0; i < 9; i++) {
        W(DR, 'f');
    }
    ok_eq(R(FR) & (TXFF | BUSY), TXFF | BUSY, "full");
    bench_output_len = 0;
    W(CR, UARTEN | RXE | TXE);
    ok_eq(bench_output_len, 16, "a FIFO's worth is kept");
    ok(!memcmp(bench_output, "012345678fffffff", 16), "in order");
}

static void test_rx(void)
{
    open_port();
    ok_eq((uint64_t)bench_input("abcdefg", 7), 7, "seven characters");
    ok_eq(R(RIS), 0, "below the trigger");
    bench_advance(TIMEOUT_NS - 1000);
    ok_eq((uint64_t)bench_level[0], 0, "not yet timed out");
    bench_advance(2000);
    ok_eq(R(RIS), RT, "RT after 32 bit times");
    ok_eq((uint64_t)bench_level[0], 1, "line high");
    for (int i = 0; i < 6; i++) {
        R(DR);
    }
    ok_eq(R(RIS), RT, "RT stays while data remain");
    ok_eq(R(DR), 'g', "in order");
    ok_eq(R(RIS), 0, "RT falls with the last byte");
    ok_eq((uint64_t)bench_level[0], 0, "line low");
    ok_eq(R(DR), 'g', "empty: stale data");
    ok_eq(R(RIS), 0, "empty read sets nothing");
    bench_advance(10 * TIMEOUT_NS);
    ok_eq(R(RIS), 0, "no timeout without data");

    bench_input("12345678", 8);
    ok_eq(R(RIS), RX, "RX at the trigger");
    R(DR);
    ok_eq(R(RIS), 0, "RX falls below the trigger");
    bench_input("9", 1);
    ok_eq(R(RIS), RX, "and rises again");
    W(ICR, RX);
    ok_eq(R(RIS), 0, "cleared with data left");
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(RIS), RT, "RT reports them");
    W(ICR, RT);
    ok_eq((uint64_t)bench_level[0], 0, "cleared with data left");
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(RIS), RT, "RT reports them again");
    while (!(R(FR) & RXFE)) {
        R(DR);
    }
    ok_eq(R(RIS), 0, "drained");

    bench_input("123456789abcd", 13);
    W(ICR, 0xffff);
    W(IFLS, 0x0a);
    ok_eq(R(RIS), RX, "a lower trigger raises RX");
    W(IFLS, 0x22);
    ok_eq(R(RIS), 0, "a higher trigger drops it");
    W(LCR_H, 0x60);
    ok_eq(R(RIS), RX, "FIFO off: trigger is one");
    ok_eq(R(FR) & RXFF, RXFF, "and full");
    ok_eq(R(DR), '1', "queued data are kept");
    W(LCR_H, 0x60 | FEN);
    for (int i = 0; i < 12; i++) {
        R(DR);
    }
    ok_eq(R(FR), TXFE | RXFE, "all of them");
}

/* Receive interrupts without the time-out, as programs ask for that were tried on other emulators. */
static void test_rx_alone(void)
{
    open_port();
    W(IMSC, RX);
    bench_logs = 0;
    qemu_loglevel = LOG_GUEST_ERROR;
    bench_input("ab", 2);
    ok_eq((uint64_t)bench_level[0], 0, "RX alone: below the trigger, time has not passed");
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(MIS), RX, "RX alone: the time-out shows as RX");
    ok(bench_logs == 1, "and the log tells");
    ok_eq(R(DR), 'a', "the first");
    ok_eq(R(MIS), RX, "RX stays while data remain");
    W(ICR, RX);
    ok_eq((uint64_t)bench_level[0], 0, "cleared with data left");
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(MIS), RX, "and reported again");
    ok_eq(R(DR), 'b', "the last");
    ok_eq(R(RIS), 0, "neither outlives the data");
    ok(bench_logs == 1, "the log told once");
    W(IMSC, 0);
    bench_input("c", 1);
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(RIS), RT, "RX masked: the trigger counts");
    W(IMSC, RX);
    ok_eq(R(MIS), RX, "unmasked later: shown at once");
    R(DR);
    /* FIFO off: a handler that clears the status behind its read, when the next character is there already. */
    W(LCR_H, 0x60);
    bench_input("d", 1);
    ok_eq(R(DR), 'd', "without FIFO");
    bench_input("e", 1);
    W(ICR, RX);
    bench_advance(TIMEOUT_NS + 1000);
    ok_eq(R(MIS), RX, "a character that came before the status was cleared");
    R(DR);
    qemu_loglevel = 0;
}

static void test_flow(void)
{
    char text[100];
    unsigned got = 0;
    bool good = true;
    int sent = 0;

    open_port();
    for (int i = 0; i < 100; i++) {
        text[i] = (char)('!' + i % 90);
    }
    sent = bench_input(text, 100);
    ok_eq((uint64_t)sent, 16, "a FIFO's worth");
    ok_eq(R(FR) & RXFF, RXFF, "full");
    R(DR);
    got++;
    ok_eq(bench_accepts, 0, "not for each byte");
    for (int round = 0; round < 1000 && got < 100; round++) {
        while (!(R(FR) & RXFE)) {
            good &= R(DR) == (uint8_t)text[got++];
        }
        if (bench_accepts) {
            bench_accepts = 0;
            sent += bench_input(text + sent, 100 - sent);
        }
    }
    ok(good && got == 100, "all characters arrive, in order");
    W(CR, UARTEN | TXE);
    ok_eq((uint64_t)bench_input("q", 1), 0, "RXE off: nothing taken");
    bench_accepts = 0;
    W(CR, UARTEN | TXE | RXE);
    ok_eq(bench_accepts, 1, "RXE on: the back end is told");
    W(CR, 0x300);
    ok_eq((uint64_t)bench_input("q", 1), 0, "UARTEN off: nothing taken");
    W(LCR_H, 0x60);
    W(CR, UARTEN | TXE | RXE);
    ok_eq((uint64_t)bench_input("qr", 2), 1, "FIFO off: one byte");
    ok_eq(R(DR), 'q', "read");
    ok_eq((uint64_t)bench_input("r", 1), 1, "the next");
}

static void test_errors(void)
{
    open_port();
    bench_break();
    ok_eq(R(RIS), BE, "break");
    ok_eq(R(DR), 0x400, "break flag in DR");
    ok_eq(R(RSR), 4, "and in RSR");
    W(RSR, 0);
    ok_eq(R(RSR), 0, "cleared");
    W(ICR, 0xffff);
    while (bench_input("f", 1)) {
    }
    ok(!bench_break(), "full: a break waits with the back end, as characters do");
    ok_eq(R(RIS) & OE, 0, "no overrun");
    bench_accepts = 0;
    while (!(R(FR) & RXFE)) {
        R(DR);
    }
    ok(bench_accepts && bench_break() && R(DR) == 0x400, "it is taken when there is room");
    W(ICR, 0xffff);
    W(CR, UARTEN | TXE | RXE | LBE);
    for (int i = 0; i < 17; i++) {
        W(DR, 'o');
    }
    ok_eq(R(RIS) & OE, OE, "overrun");
    R(DR);
    W(DR, 'p');
    for (int i = 0; i < 15; i++) {
        ok_eq(R(DR), 'o', "byte %d before the overrun", i);
    }
    ok_eq(R(DR), 0x800 | 'p', "flag on the byte after");
}

/* What Linux counts: interrupts for which RIS & its mask is 0. */
static void test_never_spurious(void)
{
    uint32_t seed = 1;
    unsigned bad = 0, stuck = 0;

    open_port();
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245u + 12345;
        uint32_t r = seed >> 16;

        switch (r % 11) {
        case 0:
            bench_input("hello world, hello world", (int)(r / 11 % 20));
            break;
        case 1:
            R(DR);
            break;
        case 2:
            W(DR, 'x');
            break;
        case 3:
            W(IMSC, r / 11 % 0x800);
            break;
        case 4:
            W(ICR, r / 11 % 0x800);
            break;
        case 5:
            W(IFLS, r / 11 % 64);
            break;
        case 6:
            W(LCR_H, r & 64 ? 0x70 : 0x60);
            break;
        case 7:
            W(CR, UARTEN * (r >> 5 & 1) | TXE * (r >> 6 & 1) | RXE * (r >> 7 & 1) | LBE * (r >> 8 & 1));
            break;
        case 8:
            bench_advance(r % 400000);
            break;
        default:
            while (!(R(FR) & RXFE)) {
                R(DR);
            }
            stuck += (R(RIS) & (RX | RT)) != 0;
            break;
        }
        bad += bench_level[0] != ((R(RIS) & R(IMSC)) != 0) || R(MIS) != (R(RIS) & R(IMSC));
        bench_output_len = 0;
    }
    ok_eq(bad, 0, "the line is RIS & IMSC after 20000 random operations");
    ok_eq(stuck, 0, "an empty FIFO never keeps RX or RT");
}

int main(void)
{
    bench_init();
    PL011State *uart = pl011_create(BASE, "uart0", 24000000, bench_chardev(), &bench_line[0], NULL);
    test_reset();
    test_never_enabled();
    test_tx();
    test_rx();
    test_rx_alone();
    test_flow();
    test_errors();
    test_never_spurious();
    pl011_set_boot_monitor_state(uart);
    ok_eq(R(CR), 0x301, "as the boot monitor leaves it: enabled");
    ok_eq(R(IBRD) << 8 | R(FBRD), 39 << 8 | 4, "38400 baud");
    ok_eq(R(LCR_H), 0x60, "8n1, FIFOs off, as at reset");
    return test_done();
}
