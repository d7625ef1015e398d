/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL011: loop-back, FIFO levels, and the rules for its interrupt that keep a serial console alive: asserted only with
 * something in MIS, dropped as soon as that is gone (ARM DDI 0183). UART1 is used, with nothing connected to it.
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { CR_UARTEN = 1, CR_LBE = 0x80, CR_TXE = 0x100, CR_RXE = 0x200, LCRH_FEN = 0x10, LCRH_8BIT = 0x60 };

static uint32_t u(uint32_t reg) { return rd32(UART1_BASE + reg); }
static void w(uint32_t reg, uint32_t v) { wr32(UART1_BASE + reg, v); }

static uint32_t interrupts, with_nothing;

static void on_uart(uint32_t iar)
{
    (void)iar;
    interrupts++;
    if (!u(UART_MIS)) {
        with_nothing++;
    }
    if (u(UART_MIS) & (UART_INT_RX | UART_INT_RT)) {
        while (!(u(UART_FR) & UART_FR_RXFE)) {
            (void)u(UART_DR);
        }
    }
    if (u(UART_MIS) & UART_INT_TX) {
        w(UART_IMSC, u(UART_IMSC) & ~UART_INT_TX);
    }
}

static void setup(uint32_t lcrh, bool loop)
{
    w(UART_CR, 0);
    w(UART_IMSC, 0);
    w(UART_IBRD, 1);
    w(UART_FBRD, 0);
    w(UART_LCRH, lcrh);
    w(UART_IFLS, 0x12);
    w(UART_CR, CR_UARTEN | CR_TXE | CR_RXE | (loop ? CR_LBE : 0));
    w(UART_ICR, 0x7ff);
    for (unsigned i = 0; i < 64 && !(u(UART_FR) & UART_FR_RXFE); i++) {
        (void)u(UART_DR);
    }
    w(UART_ICR, 0x7ff);
}

static void window(void)
{
    irq_enable();
    for (unsigned i = 0; i < 10; i++) {
        isb();
    }
    irq_disable();
}

static void received(unsigned n)
{
    (void)WAIT_UNTIL(!(u(UART_FR) & UART_FR_BUSY), 20000);
    if (n) {
        (void)WAIT_UNTIL(!(u(UART_FR) & UART_FR_RXFE), 20000);
    }
}

static void registers(void)
{
    ok_eq(rd32(UART1_BASE + 0xfe0), 0x11, "identification");
    ok_eq(u(UART_FR) & 0xf8, 0x90, "empty at rest");
    w(UART_IBRD, 13);
    w(UART_FBRD, 1);
    w(UART_LCRH, 0x70);
    ok(u(UART_IBRD) == 13 && u(UART_FBRD) == 1 && u(UART_LCRH) == 0x70, "baud rate and line control read back");
    w(UART_IMSC, 0x7ff);
    ok_eq(u(UART_IMSC), 0x7ff, "interrupt mask reads back");
    w(UART_IMSC, 0);
    w(UART_ICR, 0xffff);
    ok_eq(u(UART_RIS) & ~0xfu, 0, "all statuses clear");
    w(UART_IMSC, UART_INT_TX);
    ok_eq(u(UART_MIS), 0, "unmasking alone sets no transmit interrupt");
    w(UART_IMSC, 0);
}

static void loop_back(void)
{
    bool good = true;

    setup(LCRH_8BIT | LCRH_FEN, true);
    for (unsigned i = 0; i < 16; i++) {
        w(UART_DR, 0x40 + i);
    }
    received(1);
    delay_us(2000);
    ok_ours(u(UART_FR) & 0x40, "loop-back: 16 characters fill the FIFO");
    ok_ours(u(UART_RIS) & UART_INT_RX, "receive interrupt status");
    ok_ours(!(u(UART_RIS) & UART_INT_OE), "no overrun yet");
    w(UART_DR, 0x7f);
    received(1);
    delay_us(1000);
    ok_ours(u(UART_RIS) & UART_INT_OE, "the 17th is an overrun");
    for (unsigned i = 0; i < 16; i++) {
        good &= (u(UART_DR) & 0xff) == 0x40 + i;
    }
    ok_ours(good, "characters in order");
    ok(u(UART_FR) & UART_FR_RXFE, "empty after 16");
    ok_eq(u(UART_RIS) & (UART_INT_RX | UART_INT_RT), 0, "no receive status with an empty FIFO");
    /* One character: below the trigger level, so the time-out reports it. */
    w(UART_ICR, 0x7ff);
    w(UART_DR, 0x33);
    received(1);
    ok_ours(WAIT_UNTIL(u(UART_RIS) & UART_INT_RT, 2000000), "receive time-out");
    ok_eq_ours(u(UART_RIS) & UART_INT_RX, 0, "trigger level not reached");
    ok_eq_ours(u(UART_DR), 0x833, "the character, and that one was lost before it");
    ok_eq(u(UART_RIS) & UART_INT_RT, 0, "time-out clears with the FIFO");
    /* A line that is not enabled for receiving. */
    w(UART_CR, CR_UARTEN | CR_TXE | CR_LBE);
    w(UART_DR, 0x44);
    delay_us(1000);
    ok(u(UART_FR) & UART_FR_RXFE, "nothing received without RXE");
    /* Trigger levels: 2, 4, 8, 12, 14. */
    static const uint8_t trigger[5] = { 2, 4, 8, 12, 14 };
    for (unsigned k = 0; k < 5; k++) {
        setup(LCRH_8BIT | LCRH_FEN, true);
        w(UART_IFLS, k << 3 | 2);
        good = true;
        for (unsigned i = 1; i <= 16; i++) {
            w(UART_DR, i);
            received(1);
            delay_us(100);
            good &= !!(u(UART_RIS) & UART_INT_RX) == (i >= trigger[k]);
        }
        ok_ours(good, "receive trigger level");
    }
    /* FIFO off. */
    setup(LCRH_8BIT, true);
    w(UART_DR, 0x55);
    received(1);
    delay_us(100);
    ok_ours(u(UART_RIS) & UART_INT_RX, "without FIFO one character interrupts");
    ok_eq_ours(u(UART_DR), 0x55, "and is read");
    setup(LCRH_8BIT | LCRH_FEN, false);
}

/* What the FIFOs and their statuses do beside the usual. */
static void fifo_details(void)
{
    setup(LCRH_8BIT | LCRH_FEN, true);
    uint32_t last = u(UART_DR);
    ok(u(UART_DR) == last && (u(UART_FR) & UART_FR_RXFE), "reading an empty FIFO");
    for (unsigned i = 0; i < 8; i++) {
        w(UART_DR, 0x30 + i);
    }
    received(1);
    delay_us(1000);
    ok_ours(u(UART_RIS) & UART_INT_RX, "eight characters reach the trigger");
    w(UART_IFLS, 3 << 3 | 2);
    ok_ours(u(UART_FR) == (u(UART_FR) & ~(uint32_t)UART_FR_RXFE), "and stay when it is raised");
    w(UART_DR, 0x38);
    received(1);
    w(UART_ICR, UART_INT_RX);
    w(UART_IFLS, 0 << 3 | 2);
    ok_ours(u(UART_RIS) & UART_INT_RX, "a lowered trigger is reached at once");
    bool good = true;
    for (unsigned i = 0; i < 9; i++) {
        good &= u(UART_DR) == 0x30 + i;
        good &= !(u(UART_RIS) & UART_INT_RX) || i < 7;
    }
    ok_ours(good, "the status falls with the level");
    /* Statuses are cleared one by one. */
    w(UART_DR, 0x41);
    received(1);
    (void)WAIT_UNTIL(u(UART_RIS) & UART_INT_RT, 2000000);
    w(UART_ICR, UART_INT_TX);
    ok_ours((u(UART_RIS) & (UART_INT_RT | UART_INT_TX)) == UART_INT_RT, "clearing one status leaves the others");
    w(UART_IMSC, UART_INT_RT);
    ok_eq_ours(u(UART_MIS), UART_INT_RT, "masked status");
    w(UART_IMSC, UART_INT_OE);
    ok_eq(u(UART_MIS), 0, "of another interrupt");
    w(UART_IMSC, 0);
    ok_eq_ours(u(UART_DR), 0x41, "the character");
    /* Error marks: an overrun is remembered in the status register until it is cleared. */
    for (unsigned i = 0; i < 20; i++) {
        w(UART_DR, i);
    }
    received(1);
    delay_us(1000);
    ok_ours(u(0x04) & 8, "overrun in the receive status");
    w(0x04, 0);
    ok_eq(u(0x04) & 8, 0, "any write clears it");
    for (unsigned i = 0; i < 16; i++) {
        (void)u(UART_DR);
    }
    w(UART_ICR, 0x7ff);
    /* A disabled UART keeps what is in its FIFO and sends nothing. */
    w(UART_DR, 0x61);
    received(1);
    w(UART_CR, CR_LBE | CR_TXE | CR_RXE);
    w(UART_DR, 0x62);
    delay_us(500);
    ok_eq_ours(u(UART_DR) & 0xff, 0x61, "disabled: what was received stays");
    ok(u(UART_FR) & UART_FR_RXFE, "disabled: nothing is sent");
    setup(LCRH_8BIT | LCRH_FEN, false);
}

static void interrupt_rules(void)
{
    gic_enable(IRQ_UART1, 0xa0, 1);
    irq_handle(on_uart);
    setup(LCRH_8BIT | LCRH_FEN, true);
    interrupts = with_nothing = 0;
    window();
    ok_eq(interrupts, 0, "quiet after set-up");
    w(UART_IMSC, UART_INT_RX | UART_INT_RT);
    window();
    ok_eq(interrupts, 0, "quiet with receive interrupts unmasked");
    for (unsigned i = 0; i < 20; i++) {
        w(UART_DR, i);
        received(1);
        (void)WAIT_UNTIL(u(UART_MIS), 20000);
        window();
    }
    ok_eq_ours(interrupts, 20, "each character interrupts once");
    ok_eq(with_nothing, 0, "never with an empty MIS");
    /* Transmit: the status is set by sending, stays, and is masked away. */
    w(UART_ICR, 0x7ff);
    interrupts = 0;
    w(UART_CR, CR_UARTEN | CR_TXE);
    w(UART_DR, 0);
    (void)WAIT_UNTIL(u(UART_RIS) & UART_INT_TX, 1000000);
    ok(u(UART_RIS) & UART_INT_TX, "sending sets the transmit status");
    window();
    ok_eq(interrupts, 0, "masked it does not interrupt");
    w(UART_IMSC, UART_INT_TX);
    window();
    ok_eq(interrupts, 1, "unmasked it does");
    ok(!gic_pending(IRQ_UART1), "masking drops the line");
    w(UART_IMSC, UART_INT_TX);
    ok(u(UART_MIS) & UART_INT_TX, "and it is still set, as old drivers need");
    w(UART_ICR, UART_INT_TX);
    ok_eq(u(UART_MIS), 0, "until it is cleared");
    unsigned late = interrupts;
    window();
    ok_eq(interrupts, late + 1, "the controller latched it: it interrupts once");
    window();
    ok_eq(interrupts, late + 1, "and not again");
    w(UART_IMSC, 0);
    ok_eq(with_nothing, 1, "no other interrupt without cause");
    gic_disable(IRQ_UART1);
    wr32(GICD_ICPENDR(1), 1u << (IRQ_UART1 - 32));
}

int test_main(void)
{
    gic_init();
    registers();
    loop_back();
    fifo_details();
    interrupt_rules();
    return 0;
}
