/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ISP1761: transfers. A Philips transfer descriptor (PTD) is eight words in the chip's memory that say what to move
 * between a device's endpoint and the chip's memory; there are lists of 32 for isochronous, interrupt and other
 * transfers. The chip goes through the lists each microframe; here, whenever something may have changed: the guest has
 * made a PTD valid or no longer skips it, or a device has another answer than NAK. A device's answers come at once.
 *
 * A split transaction's start and completion are carried out in one go. It reaches a device only by the hub and port
 * that the PTD names, and a device of low or full speed only that way.
 *
 * Nothing in the memory is trusted: addresses are taken modulo its size, lengths are bounded by their fields, and how
 * many packets are moved without a pause is bounded, too. Caller holds the controller's lock.
 */
#include <string.h>
#include <glib.h>
#include "hw/usb/isp1761-internal.h"
#include "qemu/log.h"
#include "qemu/trace.h"

enum { MICROFRAME_NS = 125000, FRAME_NS = 8 * MICROFRAME_NS, BUDGET_PACKETS = 512, ROUNDS = 8 };

/* Words 0 to 4. */
enum {
    DW0_VALID = 1 << 0,
    DW1_SPLIT = 1 << 14, DW1_LOW_SPEED = 2, TOKEN_PING = 3,
    DW3_BYTES = 0x7fff, DW3_SPLIT_INT_BYTES = 0x7ff, DW3_NAK_SHIFT = 19, DW3_NAK = 0xf << DW3_NAK_SHIFT,
    DW3_ERRORS_LEFT = 3 << 23, DW3_TOGGLE = 1 << 25, DW3_ERROR = 1 << 28, DW3_BABBLE = 1 << 29, DW3_HALT = 1 << 30,
    DW4_MICROFRAMES = 0xff, DW4_STATUS_SHIFT = 8, STATUS_ERROR = 1, STATUS_BABBLE = 2,
};
#define DW3_ACTIVE (1u << 31)

typedef struct Transfer {
    ISP1761State *s;
    ISPList list;
    unsigned slot;
    uint32_t dw[ISP_PTD_WORDS];
    USBDevice *device;          /* NULL: nobody is there */
    USBToken token;
    unsigned endpoint, length, packet, done;
    uint32_t data;              /* address in the memory */
} Transfer;

typedef enum Outcome { ENDED, WAITS, UNFINISHED } Outcome;

static uint32_t ptd_address(ISPList list, unsigned slot)
{
    return ISP_MEMORY_BASE * (1 + (uint32_t)list) + slot * ISP_PTD_BYTES;
}

static void store32(ISP1761State *s, uint32_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        s->mem[at + i] = (uint8_t)(v >> 8 * i);
    }
}

/* ---- the memory, in which a transfer may wrap around ---- */

static void copy_from_memory(const ISP1761State *s, uint32_t at, uint8_t *to, unsigned len)
{
    const unsigned first = MIN(len, ISP_MEMORY - at % ISP_MEMORY);

    memcpy(to, s->mem + at % ISP_MEMORY, first);
    memcpy(to + first, s->mem, len - first);
}

static void copy_to_memory(ISP1761State *s, uint32_t at, const uint8_t *from, unsigned len)
{
    const unsigned first = MIN(len, ISP_MEMORY - at % ISP_MEMORY);

    memcpy(s->mem + at % ISP_MEMORY, from, first);
    memcpy(s->mem, from + first, len - first);
}

/* ---- one PTD ---- */

static bool is_split(const Transfer *t)
{
    return t->dw[1] & DW1_SPLIT;
}

static bool is_split_interrupt(const Transfer *t)
{
    return t->list == ISP_INT && is_split(t);
}

static USBDevice *find_device(const Transfer *t)
{
    USBDevice *d = usb_find(&t->s->bus, t->dw[1] >> 3 & 0x7f);

    if (!d || (d->class->speed == USB_HIGH) == is_split(t)) {
        return NULL;
    }
    if (is_split(t) && (!d->hub || d->hub->address != t->dw[1] >> 25 || d->port != (t->dw[1] >> 18 & 0x7f) ||
                        (d->class->speed == USB_LOW) != ((t->dw[1] >> 16 & 3) == DW1_LOW_SPEED))) {
        return NULL;
    }
    return d;
}

static void load(Transfer *t, ISP1761State *s, ISPList list, unsigned slot)
{
    const uint32_t at = ptd_address(list, slot);

    *t = (Transfer) { .s = s, .list = list, .slot = slot };
    for (unsigned i = 0; i < ISP_PTD_WORDS; i++) {
        t->dw[i] = isp1761_mem32(s, at + 4 * i);
    }
    const unsigned token = t->dw[1] >> 10 & 3;

    t->token = token == TOKEN_PING ? USB_OUT : (USBToken)token;
    t->endpoint = t->dw[0] >> 31 | (t->dw[1] & 7) << 1;
    t->length = t->dw[0] >> 3 & 0x7fff;
    t->packet = MIN(t->dw[0] >> 18 & 0x7ff, (uint32_t)USB_PACKET_MAX);
    t->data = ISP_MEMORY_BASE + (t->dw[2] >> 8 & 0xffff) * 8;
    t->done = MIN(t->dw[3] & (is_split_interrupt(t) ? DW3_SPLIT_INT_BYTES : DW3_BYTES), t->length);
    t->device = find_device(t);
}

/* What has changed goes back into the memory. */
static void store(const Transfer *t)
{
    const uint32_t at = ptd_address(t->list, t->slot);
    const uint32_t bytes = is_split_interrupt(t) ? DW3_SPLIT_INT_BYTES : DW3_BYTES;

    store32(t->s, at + 12, (t->dw[3] & ~bytes) | (t->done & bytes));
    store32(t->s, at + 16, t->dw[4]);
    store32(t->s, at, t->dw[0]);
}

static void end(Transfer *t, uint32_t why)
{
    t->dw[0] &= ~(uint32_t)DW0_VALID;
    t->dw[3] &= ~DW3_ACTIVE;
    t->dw[3] |= why;
    if (why & DW3_ERROR) {
        t->dw[3] &= ~(uint32_t)DW3_ERRORS_LEFT;
    }
    if (why && t->list != ISP_ATL) {
        t->dw[4] |= (uint32_t)(why & DW3_BABBLE ? STATUS_BABBLE : STATUS_ERROR) << DW4_STATUS_SHIFT;
    }
    trace(USB_TRANSFER, "list=%d slot=%u address=%u endpoint=%u token=%d bytes=%u of=%u end=0x%08x", (int)t->list,
          t->slot, t->dw[1] >> 3 & 0x7f, t->endpoint, (int)t->token, t->done, t->length, t->dw[3]);
}

/* One packet; true: go on. */
static bool move_packet(Transfer *t)
{
    const unsigned room = t->length - t->done, len = MIN(t->packet, room);
    uint8_t data[USB_PACKET_MAX];
    int answer;

    if (t->token != USB_IN) {
        copy_from_memory(t->s, t->data + t->done, data, len);
    }
    answer = t->device && (t->packet || !room) ? usb_token(t->device, t->token, t->endpoint, data, len) : USB_SILENT;
    if (answer == USB_NAK) {
        return false;
    }
    if (answer < 0) {
        end(t, answer == USB_STALL ? DW3_HALT : DW3_HALT | DW3_ERROR);
        return false;
    }
    if ((unsigned)answer > len) {
        end(t, DW3_HALT | DW3_BABBLE);
        return false;
    }
    if (t->token == USB_IN) {
        copy_to_memory(t->s, t->data + t->done, data, (unsigned)answer);
    }
    t->done += (unsigned)answer;
    t->dw[3] ^= DW3_TOGGLE;
    if (t->done == t->length || (unsigned)answer < t->packet) {
        end(t, 0);
        return false;
    }
    return true;
}

/* The device has nothing now. With a reload value the chip counts such answers and gives up at 0. */
static Outcome refused(Transfer *t)
{
    const bool counts = t->dw[2] >> 25 & 0xf;
    const uint32_t left = (t->dw[3] & DW3_NAK) >> DW3_NAK_SHIFT;

    if (t->list == ISP_ISO) {
        end(t, DW3_ERROR);
        return ENDED;
    }
    if (!counts) {
        return WAITS;
    }
    t->dw[3] -= left ? 1u << DW3_NAK_SHIFT : 0;
    if (left > 1) {
        return UNFINISHED;
    }
    t->dw[0] &= ~(uint32_t)DW0_VALID;       /* and still active */
    return ENDED;
}

static Outcome transfer(Transfer *t, unsigned *budget)
{
    bool more = true;

    while (more && *budget) {
        --*budget;
        more = move_packet(t);
    }
    if (more) {
        return UNFINISHED;
    }
    return t->dw[3] & DW3_ACTIVE ? refused(t) : ENDED;
}

/* ---- the lists ---- */

/* Those that may be carried out: not skipped, up to the last one. */
static uint32_t slots_of(const ISP1761State *s, ISPList list)
{
    static const uint32_t buffer_filled[] = { [ISP_ISO] = 4, [ISP_INT] = 2, [ISP_ATL] = 1 };
    const uint32_t last = s->map[list].last & -s->map[list].last;

    return s->buffer_status & buffer_filled[list] ? ~s->map[list].skip & (last | (last - 1)) : 0;
}

/* A PTD of a periodic list without a microframe to be sent in is never sent. */
static bool is_ready(const ISP1761State *s, ISPList list, unsigned slot)
{
    const uint32_t at = ptd_address(list, slot);

    return (isp1761_mem32(s, at) & DW0_VALID) && (isp1761_mem32(s, at + 12) & DW3_ACTIVE) &&
           (list == ISP_ATL || (isp1761_mem32(s, at + 16) & DW4_MICROFRAMES));
}

/* Going through the lists once. */
typedef struct Turn {
    unsigned budget;            /* packets that may be moved yet */
    bool more;                  /* there is more to do in the next microframe */
} Turn;

/* Which PTDs have ended. */
static uint32_t work_list(ISP1761State *s, ISPList list, Turn *turn)
{
    uint32_t ended = 0;

    for (uint32_t slots = slots_of(s, list); slots; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        Transfer t;

        if (!is_ready(s, list, slot)) {
            continue;
        }
        load(&t, s, list, slot);
        const Outcome outcome = transfer(&t, &turn->budget);

        store(&t);
        ended |= outcome == ENDED ? 1u << slot : 0;
        turn->more |= outcome == UNFINISHED;
    }
    isp1761_done(s, list, ended);
    return ended;
}

static bool may_work(const ISP1761State *s)
{
    return (s->usbcmd & USBCMD_RUN) && s->bus.root_enabled;
}

static bool list_has_work(const ISP1761State *s, ISPList list)
{
    for (uint32_t slots = slots_of(s, list); slots; slots &= slots - 1) {
        if (is_ready(s, list, (unsigned)__builtin_ctz(slots))) {
            return true;
        }
    }
    return false;
}

bool isp1761_has_work(const ISP1761State *s)
{
    return may_work(s) && (list_has_work(s, ISP_ISO) || list_has_work(s, ISP_INT) || list_has_work(s, ISP_ATL));
}

/*
 * The interrupt list: what has come is told once a frame at most. A hub goes on telling of a change until its driver
 * has seen to it, and the driver asks again before that.
 */
static void work_interrupts(ISP1761State *s, Turn *turn)
{
    const int64_t now = clock_virtual_ns();

    if (now < s->interrupts_ns) {
        turn->more |= list_has_work(s, ISP_INT);
    } else if (work_list(s, ISP_INT, turn)) {
        s->interrupts_ns = now + FRAME_NS;
    }
}

void isp1761_work(ISP1761State *s)
{
    Turn turn = { .budget = BUDGET_PACKETS };

    if (s->working) {           /* a device speaks while it is spoken to */
        s->again = true;
        return;
    }
    if (!may_work(s)) {
        return;
    }
    s->working = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        s->again = turn.more = false;
        work_interrupts(s, &turn);
        work_list(s, ISP_ISO, &turn);
        work_list(s, ISP_ATL, &turn);
        if (!s->again) {
            break;
        }
    }
    s->working = false;
    if (turn.more || s->again) {
        timer_mod(s->work_timer, clock_virtual_ns() + MICROFRAME_NS);
    }
}
