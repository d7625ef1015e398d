/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL011 UART (ARM DDI 0183).
 *
 * The danger here is the spurious interrupt: Linux gives up on a line after 99 900 interrupts for which the handler
 * found nothing in RIS, and the console is dead. Hence one rule: the line is (RIS & IMSC) != 0, brought in step by
 * pl011_update() alone, which runs before any access that could change either returns. And:
 *   - RX rises when the FIFO reaches its trigger level and falls when reading takes it below; RT (data waiting, none
 *     came for 32 bit times) falls when the FIFO is empty. Neither outlives the data. To a guest that unmasked RX
 *     alone, RT shows as RX: many small programs do so, since other emulators interrupt for each character.
 *   - TX is an edge: it rises when the transmit FIFO drains to its trigger level after a write, and stays until
 *     cleared or the FIFO is filled above. Our transmitter drains at once, so every write that is sent sets it; reset,
 *     enabling and unmasking never do.
 *
 * A transmitter that is disabled keeps up to a FIFO of data and sends it when enabled. A receiver that is disabled or
 * full leaves the data with the character back end. That is for guests that drive the UART. Many small programs never
 * enable it, because other emulators do not mind and boot loaders have done it on real boards: until the guest enables
 * a direction itself, it works all the same, and the log says once that hardware would not.
 *
 * Locks: one, for all state. It is held across chardev_write(), so bytes are sent in the order in which they were
 * written; that does not wait: a CPU that prints faster than somebody reads is held at its main loop. Order: lock,
 * then the back end's and the interrupt controllers'.
 */
#include <stdbool.h>
#include <string.h>
#include "hw/device.h"
#include "hw/char/pl011.h"
#include "hw/primecell.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "sysemu/cpus.h"

enum {
    UART_DR = 0x00, UART_RSR = 0x04, UART_FR = 0x18, UART_ILPR = 0x20, UART_IBRD = 0x24, UART_FBRD = 0x28,
    UART_LCR_H = 0x2c, UART_CR = 0x30, UART_IFLS = 0x34, UART_IMSC = 0x38, UART_RIS = 0x3c, UART_MIS = 0x40,
    UART_ICR = 0x44, UART_DMACR = 0x48,
    PL011_PID = 0x00141011,
};

enum { DR_FE = 1 << 8, DR_PE = 1 << 9, DR_BE = 1 << 10, DR_OE = 1 << 11 };
enum { FR_BUSY = 1 << 3, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { LCR_FEN = 1 << 4 };
enum { CR_UARTEN = 1 << 0, CR_LBE = 1 << 7, CR_TXE = 1 << 8, CR_RXE = 1 << 9, CR_RESET = CR_TXE | CR_RXE };
enum {
    INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6, INT_FE = 1 << 7, INT_PE = 1 << 8, INT_BE = 1 << 9,
    INT_OE = 1 << 10, INT_MASK = 0x7ff,
};

enum { DMACR_RX = 1 << 0, DMACR_TX = 1 << 1 };
enum { FIFO_SIZE = 16, IFLS_RESET = 0x12, RX_TIMEOUT_BITS = 32 };

struct PL011State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr, rsr;
    uint16_t rx[FIFO_SIZE];     /* data and error flags as DR shows them */
    unsigned rx_head, rx_count;
    uint16_t rx_last;           /* what an empty FIFO shows */
    bool rx_overrun;            /* the next character received is flagged */
    bool rx_blocked;            /* the back end was told to wait */
    uint8_t tx[FIFO_SIZE];      /* written while the transmitter was off */
    unsigned tx_count;
    uint32_t flags;             /* UARTFR; atomic, written under the lock, read without */
    bool tx_driven, rx_driven;  /* the guest has enabled it since the reset */
    bool tx_told, rx_told;      /* that it uses what it never enabled */
    bool rx_alone_told;         /* that it would not hear of single characters */
    bool level;                 /* of the line */
    uint32_t base;              /* constant, like all below */
    uint32_t clock_hz;
    bool boot_monitor_state;
    Chardev *chr;
    const IRQLine *irq;
    DmaRequests *dma;           /* NULL: none */
    QTimer *rx_timeout;
};

/* ---- all with the lock held ---- */

static unsigned pl011_depth(const PL011State *s)
{
    return s->lcr_h & LCR_FEN ? FIFO_SIZE : 1;
}

/* FIFO level of IFLS code: 1/8, 1/4, 1/2, 3/4, 7/8; the reserved codes as the last. */
static unsigned pl011_level(unsigned code)
{
    static const uint8_t level[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

    return level[code & 7];
}

static unsigned pl011_rx_trigger(const PL011State *s)
{
    return s->lcr_h & LCR_FEN ? pl011_level(s->ifls >> 3) : 1;
}

static bool pl011_rx_alone(const PL011State *s)
{
    return (s->imsc & (INT_RX | INT_RT)) == INT_RX;
}

static bool pl011_shows_timeout_as_rx(const PL011State *s)
{
    return s->rx_count && (s->ris & INT_RT) && pl011_rx_alone(s);
}

static unsigned pl011_tx_trigger(const PL011State *s)
{
    return s->lcr_h & LCR_FEN ? pl011_level(s->ifls) : 0;
}

static bool pl011_enabled(const PL011State *s, uint32_t direction)
{
    return (s->cr & (CR_UARTEN | direction)) == (CR_UARTEN | direction);
}

/* Requests for DMA, by what the FIFOs have and have room for. Without FIFOs there are no bursts. */
static uint32_t pl011_dma_level(const PL011State *s)
{
    const bool fifos = s->lcr_h & LCR_FEN;
    uint32_t rx = (fifos && s->rx_count >= pl011_rx_trigger(s)) << DMA_RX_BURST | (s->rx_count > 0) << DMA_RX_SINGLE;
    uint32_t tx = (fifos && s->tx_count <= pl011_tx_trigger(s)) << DMA_TX_BURST |
                  (s->tx_count < pl011_depth(s)) << DMA_TX_SINGLE;

    return (s->dmacr & DMACR_RX ? rx : 0) | (s->dmacr & DMACR_TX ? tx : 0);
}

static uint32_t pl011_flags(const PL011State *s)
{
    return (s->rx_count ? 0 : FR_RXFE) | (s->rx_count >= pl011_depth(s) ? FR_RXFF : 0) |
           (s->tx_count ? FR_BUSY : FR_TXFE) | (s->tx_count >= pl011_depth(s) ? FR_TXFF : 0);
}

/* After any change. Caller holds the lock. */
static void pl011_update(PL011State *s)
{
    bool level = (s->ris & s->imsc) != 0;

    __atomic_store_n(&s->flags, pl011_flags(s), __ATOMIC_RELEASE);
    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
    dma_requests_set(s->dma, pl011_dma_level(s));
}

static bool pl011_tx_on(const PL011State *s)
{
    return pl011_enabled(s, CR_TXE) || !s->tx_driven;
}

static bool pl011_rx_on(const PL011State *s)
{
    return pl011_enabled(s, CR_RXE) || !s->rx_driven;
}

/* A character passes: tell the guest's author, once, if it would not on hardware. */
static void pl011_check_enabled(PL011State *s, uint32_t direction, const char *what, bool *told)
{
    if (!pl011_enabled(s, direction) && !*told && qemu_log_enabled(LOG_GUEST_ERROR)) {
        *told = true;
        qemu_log("%s: the %s is off, and works here only because it was never enabled: write 0x%x to UARTCR "
                 "(0x%08x, now 0x%x)\n", s->dev.name, what, CR_UARTEN | CR_TXE | CR_RXE, s->base + UART_CR, s->cr);
    }
}

/* Start the 32 bit times after which waiting data are reported. */
static void pl011_arm_timeout(PL011State *s)
{
    if (s->rx_count && !(s->ris & INT_RT)) {
        uint64_t divisor = s->ibrd * 64u + s->fbrd;     /* in 64ths; a bit lasts 16 * divisor / 64 clocks */
        int64_t bit_ns = divisor ? (int64_t)(divisor * 250000000u / s->clock_hz) : 0;

        timer_mod(s->rx_timeout, clock_virtual_ns() + RX_TIMEOUT_BITS * bit_ns);
    }
}

/* RT was set, or RX is unmasked without RT. */
static void pl011_show_timeout(PL011State *s)
{
    if (!pl011_shows_timeout_as_rx(s)) {
        return;
    }
    s->ris |= INT_RX;
    if (s->rx_count < pl011_rx_trigger(s) && !s->rx_alone_told && qemu_log_enabled(LOG_GUEST_ERROR)) {
        s->rx_alone_told = true;
        qemu_log("%s: the FIFO is on and the receive time-out is masked, so hardware would interrupt for no less than "
                 "%u characters: set bit 6 of UARTIMSC (0x%08x) or clear bit 4 of UARTLCR_H\n", s->dev.name,
                 pl011_rx_trigger(s), s->base + UART_IMSC);
    }
}

/* The FIFO's level or trigger changed. */
static void pl011_rx_level_changed(PL011State *s)
{
    if (s->rx_count < pl011_rx_trigger(s) && !pl011_shows_timeout_as_rx(s)) {
        s->ris &= ~(uint32_t)INT_RX;
    }
    if (!s->rx_count) {
        s->ris &= ~(uint32_t)INT_RT;
        timer_del(s->rx_timeout);
    }
}

static void pl011_rx_push(PL011State *s, unsigned ch)
{
    if (s->rx_count >= pl011_depth(s)) {
        s->ris |= INT_OE;
        s->rsr |= DR_OE >> 8;
        s->rx_overrun = true;
        return;
    }
    if (s->rx_overrun) {
        ch |= DR_OE;
        s->rx_overrun = false;
    }
    s->rx[(s->rx_head + s->rx_count) % FIFO_SIZE] = (uint16_t)ch;
    s->rx_count++;
    if (ch & DR_BE) {
        s->ris |= INT_BE;
    }
    if (s->rx_count >= pl011_rx_trigger(s)) {
        s->ris |= INT_RX;
    }
    pl011_arm_timeout(s);
}

static uint32_t pl011_rx_pop(PL011State *s)
{
    if (s->rx_count) {
        s->rx_last = s->rx[s->rx_head];
        s->rx_head = (s->rx_head + 1) % FIFO_SIZE;
        s->rx_count--;
        s->rsr = (s->rx_last >> 8) & 0xf;
        pl011_rx_level_changed(s);
    }
    return s->rx_last;
}

/*
 * Has the back end waited for room that there is now? It is told when half the FIFO is free, not for each byte; less
 * than that is always followed by more reads, since RX or RT is or will be set. The caller tells it without locks.
 */
static bool pl011_rx_unblocked(PL011State *s)
{
    if (!s->rx_blocked || !pl011_rx_on(s) || s->rx_count > pl011_depth(s) / 2) {
        return false;
    }
    s->rx_blocked = false;
    return true;
}

/*
 * Take what is in the transmit FIFO if the transmitter is on: returns the bytes for the back end (in out), having
 * looped them back if that is what the guest wants.
 */
static int pl011_tx_drain(PL011State *s, uint8_t *out)
{
    int n = 0;

    if (!s->tx_count || !pl011_tx_on(s)) {
        return 0;
    }
    pl011_check_enabled(s, CR_TXE, "transmitter", &s->tx_told);
    for (unsigned i = 0; i < s->tx_count; i++) {
        if (!(s->cr & CR_LBE)) {
            out[n++] = s->tx[i];
        } else if (s->cr & CR_RXE) {
            pl011_rx_push(s, s->tx[i]);
        }
    }
    s->tx_count = 0;
    s->ris |= INT_TX;
    return n;
}

/* ---- the back end's side: I/O thread ---- */

/* Caller holds the lock. If there is none, the back end waits until it is told. */
static bool pl011_rx_room(PL011State *s)
{
    if (pl011_rx_on(s) && !(s->cr & CR_LBE) && s->rx_count < pl011_depth(s)) {
        return true;
    }
    s->rx_blocked = true;
    return false;
}

static int pl011_receive(void *opaque, const uint8_t *buf, int len)
{
    PL011State *s = opaque;
    int n = 0;

    counted_lock(&s->dev.lock);
    while (n < len && pl011_rx_room(s)) {
        pl011_rx_push(s, buf[n++]);
    }
    if (n) {
        pl011_check_enabled(s, CR_RXE, "receiver", &s->rx_told);
    }
    pl011_update(s);
    counted_unlock(&s->dev.lock);
    return n;
}

static bool pl011_event(void *opaque, int event)
{
    PL011State *s = opaque;
    bool taken;

    if (event != CHR_EVENT_BREAK) {
        return true;
    }
    counted_lock(&s->dev.lock);
    taken = pl011_rx_room(s);
    if (taken) {
        pl011_rx_push(s, DR_BE);
    }
    pl011_update(s);
    counted_unlock(&s->dev.lock);
    return taken;
}

static void pl011_rx_timed_out(void *opaque)
{
    PL011State *s = opaque;

    counted_lock(&s->dev.lock);
    if (s->rx_count) {
        s->ris |= INT_RT;
        pl011_show_timeout(s);
    }
    pl011_update(s);
    counted_unlock(&s->dev.lock);
}

/* ---- the guest's side ---- */

static uint32_t pl011_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL011State *s = opaque;
    bool unblocked = false;
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL011_PID, offset);
    }
    if (offset == UART_FR) {
        return __atomic_load_n(&s->flags, __ATOMIC_ACQUIRE);    /* polled more than anything else is */
    }
    counted_lock(&s->dev.lock);
    switch (offset) {
    case UART_DR:
        v = pl011_rx_pop(s);
        unblocked = pl011_rx_unblocked(s);
        pl011_update(s);
        break;
    case UART_RSR:
        v = s->rsr;
        break;
    case UART_ILPR:
        v = s->ilpr;
        break;
    case UART_IBRD:
        v = s->ibrd;
        break;
    case UART_FBRD:
        v = s->fbrd;
        break;
    case UART_LCR_H:
        v = s->lcr_h;
        break;
    case UART_CR:
        v = s->cr;
        break;
    case UART_IFLS:
        v = s->ifls;
        break;
    case UART_IMSC:
        v = s->imsc;
        break;
    case UART_RIS:
        v = s->ris;
        break;
    case UART_MIS:
        v = s->ris & s->imsc;
        break;
    case UART_ICR:
        break;
    case UART_DMACR:
        v = s->dmacr;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad read at 0x%x\n", s->dev.name, offset);
        break;
    }
    counted_unlock(&s->dev.lock);
    if (unblocked) {
        chardev_accept_input(s->chr);
    }
    return v;
}

/* Caller holds the lock. */
static void pl011_write_dr(PL011State *s, uint8_t ch)
{
    if (s->tx_count >= pl011_depth(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write to a full transmit FIFO (UARTCR is 0x%x)\n", s->dev.name, s->cr);
        return;
    }
    s->tx[s->tx_count++] = ch;
    if (s->tx_count > pl011_tx_trigger(s)) {
        s->ris &= ~(uint32_t)INT_TX;
    }
}

/* Caller holds the lock. */
static void pl011_write_icr(PL011State *s, uint32_t value)
{
    value |= value & INT_RX && pl011_rx_alone(s) ? INT_RT : 0;
    s->ris &= ~(value & INT_MASK);
    if (value & INT_RT) {
        pl011_arm_timeout(s);   /* data that are still there will be reported again */
    }
}

/* After a change of trigger level or FIFO mode. Caller holds the lock. */
static void pl011_fifo_changed(PL011State *s)
{
    pl011_rx_level_changed(s);
    if (s->rx_count >= pl011_rx_trigger(s)) {
        s->ris |= INT_RX;
    }
}

/* Caller holds the lock. */
static void pl011_write_reg(PL011State *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case UART_DR:
        pl011_write_dr(s, value & 0xff);
        break;
    case UART_RSR:
        s->rsr = 0;
        break;
    case UART_ILPR:
        s->ilpr = value & 0xff;
        break;
    case UART_IBRD:
        s->ibrd = value & 0xffff;
        break;
    case UART_FBRD:
        s->fbrd = value & 0x3f;
        break;
    case UART_LCR_H:
        s->lcr_h = value & 0xff;
        pl011_fifo_changed(s);
        break;
    case UART_CR:
        s->cr = value & 0xffff;
        s->tx_driven |= pl011_enabled(s, CR_TXE);
        s->rx_driven |= pl011_enabled(s, CR_RXE);
        break;
    case UART_IFLS:
        s->ifls = value & 0x3f;
        pl011_fifo_changed(s);
        break;
    case UART_IMSC:
        s->imsc = value & INT_MASK;
        pl011_show_timeout(s);
        break;
    case UART_ICR:
        pl011_write_icr(s, value);
        break;
    case UART_DMACR:
        s->dmacr = value & 7;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad write at 0x%x\n", s->dev.name, offset);
        break;
    }
}

static void pl011_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL011State *s = opaque;
    uint8_t out[FIFO_SIZE];

    counted_lock(&s->dev.lock);
    pl011_write_reg(s, offset, value);
    chardev_write(s->chr, out, pl011_tx_drain(s, out));
    pl011_update(s);
    bool unblocked = pl011_rx_unblocked(s);
    counted_unlock(&s->dev.lock);
    if (unblocked) {
        chardev_accept_input(s->chr);
    }
}

static const MMIOOps pl011_ops = { pl011_read, pl011_write };

static void pl011_reset(void *opaque)
{
    PL011State *s = opaque;

    counted_lock(&s->dev.lock);
    s->ilpr = s->ibrd = s->fbrd = s->lcr_h = s->imsc = s->ris = s->dmacr = s->rsr = 0;
    s->cr = CR_RESET;
    s->ifls = IFLS_RESET;
    s->rx_head = s->rx_count = s->rx_last = 0;
    s->rx_overrun = s->tx_driven = s->rx_driven = false;
    s->tx_count = 0;
    timer_del(s->rx_timeout);
    if (s->boot_monitor_state) {
        s->ibrd = s->clock_hz / (16 * 38400);
        s->fbrd = (s->clock_hz * 4 / 38400) & 0x3f;
        s->lcr_h = 0x60;        /* FIFOs off: programs count on it that do not set this register */
        s->cr = CR_UARTEN | CR_TXE | CR_RXE;
    }
    pl011_update(s);
    bool unblocked = pl011_rx_unblocked(s);
    counted_unlock(&s->dev.lock);
    if (unblocked) {
        chardev_accept_input(s->chr);
    }
}

void pl011_set_boot_monitor_state(PL011State *s)
{
    s->boot_monitor_state = true;
    pl011_reset(s);
}

static void pl011_post_load(void *opaque)
{
    PL011State *s = opaque;

    counted_lock(&s->dev.lock);
    s->rx_head %= FIFO_SIZE;
    s->rx_count = s->rx_count > FIFO_SIZE ? FIFO_SIZE : s->rx_count;
    s->tx_count = s->tx_count > FIFO_SIZE ? FIFO_SIZE : s->tx_count;
    timer_del(s->rx_timeout);
    pl011_arm_timeout(s);
    pl011_update(s);
    bool unblocked = pl011_rx_unblocked(s);
    counted_unlock(&s->dev.lock);
    if (unblocked) {
        chardev_accept_input(s->chr);
    }
}

static const DeviceField pl011_fields[] = {
    DEVICE_FIELD(PL011State, ilpr), DEVICE_FIELD(PL011State, ibrd), DEVICE_FIELD(PL011State, fbrd),
    DEVICE_FIELD(PL011State, lcr_h), DEVICE_FIELD(PL011State, cr), DEVICE_FIELD(PL011State, ifls),
    DEVICE_FIELD(PL011State, imsc), DEVICE_FIELD(PL011State, ris), DEVICE_FIELD(PL011State, dmacr),
    DEVICE_FIELD(PL011State, rsr), DEVICE_FIELD(PL011State, rx_head), DEVICE_FIELD(PL011State, rx_count),
    DEVICE_FIELD(PL011State, rx_last), DEVICE_FIELD(PL011State, rx_overrun), DEVICE_FIELD(PL011State, tx_count),
    DEVICE_FIELD(PL011State, tx_driven), DEVICE_FIELD(PL011State, rx_driven), DEVICE_ARRAY(PL011State, rx),
    DEVICE_ARRAY(PL011State, tx),
    { 0 },
};

static const MMIORegister pl011_registers[] = {
    { UART_DR, "DR" }, { UART_RSR, "RSR" }, { UART_FR, "FR" }, { UART_ILPR, "ILPR" }, { UART_IBRD, "IBRD" },
    { UART_FBRD, "FBRD" }, { UART_LCR_H, "LCR_H" }, { UART_CR, "CR" }, { UART_IFLS, "IFLS" }, { UART_IMSC, "IMSC" },
    { UART_RIS, "RIS" }, { UART_MIS, "MIS" }, { UART_ICR, "ICR" }, { UART_DMACR, "DMACR" },
    { 0 },
};

static const DeviceClass pl011_class = {
    .name = "pl011",
    .state_size = sizeof(PL011State),
    .version = 1,
    .fields = pl011_fields,
    .node = { .name = "serial", .compatible = { "arm,pl011", "arm,primecell" },
              .clocks = { "uartclk", "apb_pclk" } },
    .registers = pl011_registers,
    .reset = pl011_reset,
    .post_load = pl011_post_load,
};

PL011State *pl011_create(uint32_t base, const char *name, uint32_t clock_hz, Chardev *chr, const IRQLine *irq,
                         DmaRequests *dma)
{
    PL011State *s = device_new(&pl011_class, name);

    s->base = base;
    s->clock_hz = clock_hz;
    s->chr = chr;
    s->irq = irq;
    s->dma = dma;
    s->rx_timeout = timer_new_line(pl011_rx_timed_out, s);
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl011_ops);
    if (chr) {
        chardev_attach(chr, &(CharFrontend) { .receive = pl011_receive, .event = pl011_event, .opaque = s,
                                               .guest = true });
    }
    return s;
}
