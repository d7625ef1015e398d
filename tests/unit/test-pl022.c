/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL022 with nothing on its bus. */
#include "device-stubs.h"
#include "hw/ssi/pl022.h"

enum { BASE = 0x1000d000, CR0 = 0, CR1 = 4, DR = 8, SR = 0xc, CPSR = 0x10, IMSC = 0x14, RIS = 0x18, MIS = 0x1c,
       ICR = 0x20, DMACR = 0x24 };
enum { LOOPBACK = 1, ON = 2, SLAVE = 4, TFE = 1, TNF = 2, RNE = 4, RFF = 8, BSY = 16, ROR = 1, RT = 2, RX = 4, TX = 8 };

int main(void)
{
    bench_init();
    pl022_create(BASE, "ssp", &bench_line[0], NULL);
    bench_reset();
    ok_eq(rd(BASE + 0xfe0), 0x22, "ID");
    ok_eq(rd(BASE + SR), TFE | TNF, "idle");
    ok_eq(rd(BASE + RIS), TX, "room to send");
    wr(BASE + CR0, 7);
    wr(BASE + DR, 0x55);
    ok_eq(rd(BASE + SR), BSY | TNF, "switched off: the word waits");
    wr(BASE + CR1, ON);
    ok_eq(rd(BASE + SR), TFE | TNF | RNE, "poll-of-an-absent-slave-ends: a word comes for each that is sent");
    ok_eq(rd(BASE + DR), 0xff, "of ones");
    ok_eq(rd(BASE + SR), TFE | TNF, "once");
    wr(BASE + CR1, ON | LOOPBACK);
    wr(BASE + IMSC, RX | RT | ROR);
    for (unsigned i = 0; i < 8; i++) {
        wr(BASE + DR, 0x100 + i);
    }
    ok_eq(rd(BASE + SR), TFE | TNF | RNE | RFF, "eight words fill the FIFO");
    ok_eq(rd(BASE + MIS), RX | RT, "and interrupt");
    wr(BASE + DR, 9);
    ok_eq(rd(BASE + MIS), RX | RT | ROR, "the ninth is lost");
    wr(BASE + ICR, ROR);
    ok_eq((uint64_t)bench_level[0], 1, "line");
    bool good = true;
    for (unsigned i = 0; i < 8; i++) {
        good &= rd(BASE + DR) == i;
    }
    ok(good, "looped back, in order, eight bits of each");
    ok(!bench_level[0] && !rd(BASE + MIS), "quiet when all is read");
    wr(BASE + CR1, ON | SLAVE);
    for (unsigned i = 0; i < 10; i++) {
        wr(BASE + DR, i);
    }
    ok_eq(rd(BASE + SR), BSY, "nobody clocks a slave");
    ok_eq(rd(BASE + RIS), 0, "no room");
    bench_reset();
    wr(BASE + CR0, 7);
    wr(BASE + CR1, ON | LOOPBACK);
    wr(BASE + DMACR, 1);
    for (unsigned i = 0; i < 12; i++) {
        wr(BASE + DR, i);
    }
    ok_eq(rd(BASE + SR), BSY | TNF | RNE | RFF, "sender-before-receiver: for DMA to take them, words wait for room");
    ok_eq(rd(BASE + RIS) & ROR, 0, "none is lost");
    good = true;
    for (unsigned i = 0; i < 12; i++) {
        good &= rd(BASE + DR) == i;
    }
    ok(good && rd(BASE + SR) == (TFE | TNF), "they come, in order");
    wr(BASE + DR, 1);
    bench_reset();
    ok_eq(rd(BASE + SR), TFE | TNF, "reset empties it");
    rd(BASE + 0x54);
    wr(BASE + 0x54, 1);
    return test_done();
}
