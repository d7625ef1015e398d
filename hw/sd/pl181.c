/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL181 multimedia card interface (ARM DDI 0205).
 *
 * A command takes no time: its response is there when the write of MCICommand returns. Data moves between the card and
 * the FIFO of 16 words as far as both allow, whenever one of them changes: a register access, or the card's image
 * having answered (I/O thread). So there is no overrun and no underrun: a FIFO that is full or empty makes the card
 * wait. A guest that does not look at the status, or only a few times, waits too: what it would lose, because the image
 * has not answered yet, is done again when it has (cpu_hold_access()). The data timer runs out only for what will never
 * come: there is no card, it reported an error, or it was not told to move data. A slow disk of the host is no reason.
 *
 * Lock: the device's own; the card's functions are called with it. Not modelled: SDIO (MCISelect), and commands that
 * wait for the card's interrupt.
 */
#include <glib.h>
#include <string.h>
#include "hw/device.h"
#include "hw/primecell.h"
#include "hw/sd/pl181.h"
#include "hw/sd/pl181-regs.h"
#include "hw/sd/sd-card.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "sysemu/cpu-hold.h"

enum { FIFO_WORDS = 16, FIFO_HALF = 8 };
enum { LOOKS = 6 };      /* in vain, until the guest has to wait: drivers that sleep meanwhile look less often */
enum { CMD_GO_IDLE = 0, CMD_SEND_STATUS = 13 };

struct PL181State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t power, clock, argument, command, resp_command, response[4];
    uint32_t data_timer, data_length, data_control;
    uint32_t status;            /* the static flags; the others follow from the state */
    uint32_t mask[2];
    bool active;                /* the data path runs */
    uint32_t data_count;        /* bytes that the card is still to send or take */
    uint32_t block_left;        /* of these, in the block under way */
    bool power_driven, clock_driven;    /* the guest has switched them on since the reset */
    bool told;                  /* that it uses what it never switched on */
    bool command_waits;         /* CMD_PENDING: sent when the data path has ended */
    uint32_t fifo[FIFO_WORDS];
    unsigned first, words;      /* of the FIFO: oldest, number */
    uint8_t word[4];            /* a word that the card has sent or taken in part */
    unsigned word_bytes;        /* received: those there; sent: those not taken yet */
    unsigned looks;             /* of the guest since the card began to wait for its image */
    bool level[2];              /* of the lines */
    CPUHold hold;               /* CPUs that wait for the card's image */
    SDCard *card;               /* constant; NULL: there is never one */
    void (*set_switches)(void *opaque, bool present, bool readonly);    /* constant, like the next */
    void *switches;
    QTimer *timer;              /* constant; the data timer */
    const IRQLine *irq[2];      /* constant */
    DmaRequests *dma;           /* constant; NULL: none */
    uint32_t clock_hz;          /* constant */
};

/* ---- all with the lock held ---- */

static bool receiving(const PL181State *s)
{
    return s->data_control & DATA_RECEIVE;
}

static uint32_t status(const PL181State *s)
{
    uint32_t v = s->status;

    if (s->command_waits) {
        v |= ST_CMD_ACTIVE;
    }
    if (receiving(s)) {
        v |= (s->active ? ST_RX_ACTIVE : 0) | (s->words ? ST_RX_AVAILABLE : s->active ? ST_RX_EMPTY : 0)
             | (s->words >= FIFO_HALF ? ST_RX_HALF_FULL : 0) | (s->words == FIFO_WORDS ? ST_RX_FULL : 0);
    } else if (s->active) {
        v |= ST_TX_ACTIVE | (s->words ? ST_TX_AVAILABLE : ST_TX_EMPTY)
             | (s->words <= FIFO_WORDS - FIFO_HALF ? ST_TX_HALF_EMPTY : 0) | (s->words == FIFO_WORDS ? ST_TX_FULL : 0);
    }
    return v;
}

/*
 * The request for DMA, one at a time: a burst is half a FIFO; what is less than that at the end goes word by word. The
 * last burst or word of a transfer has a wire of its own, for a channel whose flow this device controls.
 */
static uint32_t dma_level(const PL181State *s)
{
    const uint32_t in_fifo = 4 * s->words + s->word_bytes;      /* sending: bytes that the card has not taken */
    const uint32_t missing = s->data_count > in_fifo ? (s->data_count - in_fifo + 3) / 4 : 0;

    if (!s->active || !(s->data_control & DATA_DMA)) {
        return 0;
    }
    if (receiving(s) && s->data_count) {
        return s->words >= FIFO_HALF ? 1u << DMA_RX_BURST : 0;
    }
    if (receiving(s)) {
        return s->words >= FIFO_HALF ? 1u << (s->words == FIFO_HALF ? DMA_RX_LAST_BURST : DMA_RX_BURST)
               : s->words ? 1u << (s->words == 1 ? DMA_RX_LAST_SINGLE : DMA_RX_SINGLE) : 0;
    }
    if (missing >= FIFO_HALF) {
        return s->words > FIFO_WORDS - FIFO_HALF ? 0 : 1u << (missing == FIFO_HALF ? DMA_TX_LAST_BURST : DMA_TX_BURST);
    }
    return !missing || s->words == FIFO_WORDS ? 0 : 1u << (missing == 1 ? DMA_TX_LAST_SINGLE : DMA_TX_SINGLE);
}

/* The only caller of irq_set(). */
static void update_lines(PL181State *s)
{
    uint32_t now = status(s);

    for (int i = 0; i < 2; i++) {
        bool level = now & s->mask[i];

        if (level != s->level[i]) {
            s->level[i] = level;
            irq_set(s->irq[i], level);
        }
    }
    dma_requests_set(s->dma, dma_level(s));
}

static void fifo_push(PL181State *s, uint32_t word)
{
    s->fifo[(s->first + s->words++) % FIFO_WORDS] = word;
}

static uint32_t fifo_pop(PL181State *s)
{
    uint32_t word = s->fifo[s->first];

    s->first = (s->first + 1) % FIFO_WORDS;
    s->words--;
    return word;
}

static uint32_t word_from(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t block_size(const PL181State *s)
{
    return s->data_control & DATA_STREAM ? UINT32_MAX : 1u << (s->data_control >> 4 & 0xf);
}

/* The card has moved `bytes`. */
static void count_bytes(PL181State *s, uint32_t bytes)
{
    s->data_count -= bytes;
    while (bytes >= s->block_left) {
        bytes -= s->block_left;
        s->block_left = block_size(s);
        s->status |= ST_DATA_BLOCK_END;
    }
    s->block_left -= bytes;
}

static bool receive_word(PL181State *s)
{
    unsigned want = s->data_count < 4 - s->word_bytes ? s->data_count : 4 - s->word_bytes;
    size_t got = sd_card_read(s->card, s->word + s->word_bytes, want);

    s->word_bytes += (unsigned)got;
    count_bytes(s, (uint32_t)got);
    if (s->word_bytes == 4 || (!s->data_count && s->word_bytes)) {
        memset(s->word + s->word_bytes, 0, 4 - s->word_bytes);
        fifo_push(s, word_from(s->word));
        s->word_bytes = 0;
    }
    return got == want;
}

static bool send_word(PL181State *s)
{
    unsigned give;
    size_t taken;

    if (!s->word_bytes) {
        uint32_t word = fifo_pop(s);

        for (int i = 0; i < 4; i++) {
            s->word[i] = (uint8_t)(word >> (8 * i));
        }
        s->word_bytes = 4;
    }
    give = s->data_count < s->word_bytes ? s->data_count : s->word_bytes;
    taken = sd_card_write(s->card, s->word + 4 - s->word_bytes, give);
    s->word_bytes -= (unsigned)taken;
    count_bytes(s, (uint32_t)taken);
    return taken == give;
}

static void send_command(PL181State *s);

/* Move what can be moved between card and FIFO. */
static void run_data_path(PL181State *s)
{
    if (!s->active) {
        return;
    }
    if (s->card && receiving(s)) {
        while (s->data_count && s->words < FIFO_WORDS && receive_word(s)) {
        }
    } else if (s->card) {
        while (s->data_count && (s->words || s->word_bytes) && send_word(s)) {
        }
    }
    /* Receiving goes on until the FIFO has been read: Linux reads the last words only while RxActive is set. */
    if (!s->data_count && !(receiving(s) && s->words)) {
        s->active = false;
        s->status |= ST_DATA_END;
        timer_del(s->timer);
        if (s->command_waits) {
            s->command_waits = false;
            send_command(s);
        }
    }
}

static void start_data_timer(PL181State *s)
{
    uint64_t hz = s->clock & CLOCK_BYPASS ? s->clock_hz : s->clock_hz / (2 * ((s->clock & CLOCK_DIV) + 1));

    timer_mod(s->timer, clock_virtual_ns() + (int64_t)(s->data_timer * 1000000000ull / (hz ? hz : 1)));
}

static void set_data_control(PL181State *s, uint32_t value)
{
    s->data_control = value & DATA_BITS;
    if (!(value & DATA_ENABLE)) {
        s->active = false;
        s->words = s->word_bytes = 0;
        timer_del(s->timer);
        return;
    }
    s->active = true;
    s->data_count = s->data_length;
    s->block_left = block_size(s);
    s->words = s->word_bytes = 0;
    start_data_timer(s);
    run_data_path(s);
}

/*
 * Has the card power and a clock? A guest that switches one of them on drives it from then on. Small programs that
 * never do reach the card all the same, because other emulators do not mind; the log says once that hardware would.
 */
static bool is_on(PL181State *s)
{
    const bool powered = (s->power & POWER_BITS) == POWER_ON, clocked = s->clock & CLOCK_ENABLE;

    if ((!powered && s->power_driven) || (!clocked && s->clock_driven)) {
        return false;
    }
    if ((!powered || !clocked) && !s->told && qemu_log_enabled(LOG_GUEST_ERROR)) {
        s->told = true;
        qemu_log("%s: the card has no %s, and works here only because it was never switched on: %s\n", s->dev.name,
                 powered ? "clock" : "power", powered ? "set bit 8 of MCIClock" : "write 3 to MCIPower");
    }
    return true;
}

static bool card_waits(const PL181State *s)
{
    return s->card && sd_card_waits(s->card);
}

/* Another look at a card that waits for its image; true: one too many, and the guest waits as well. */
static bool looks_in_vain(PL181State *s)
{
    return ++s->looks > LOOKS && cpu_hold_access(&s->hold);
}

/* Are there words for the card that it has no room for at present? */
static bool words_wait(const PL181State *s)
{
    return s->active && !receiving(s) && s->data_count && (s->words || s->word_bytes) && card_waits(s);
}

/* Must the write of MCICommand wait? What asks for the state, and what ends all, is heard while the card programs. */
static bool command_must_wait(PL181State *s, uint32_t value)
{
    const unsigned index = value & CMD_INDEX;

    if (!(value & CMD_ENABLE) || index == CMD_GO_IDLE || !card_waits(s)) {
        return false;
    }
    if (index == CMD_SEND_STATUS) {
        return sd_card_programs(s->card) && looks_in_vain(s);
    }
    return (words_wait(s) || sd_card_programs(s->card)) && cpu_hold_access(&s->hold);
}

static void send_command(PL181State *s)
{
    uint32_t response[4] = { 0 };
    unsigned index = s->command & CMD_INDEX;
    SDResponse kind = s->card && is_on(s) ? sd_card_command(s->card, index, s->argument, response) : SD_NO_RESPONSE;

    if (!(s->command & CMD_RESPONSE)) {
        s->status |= ST_CMD_SENT;
    } else if (kind == SD_NO_RESPONSE) {
        s->status |= ST_CMD_TIMEOUT;
    } else if ((kind == SD_LONG_RESPONSE) != !!(s->command & CMD_LONG)) {
        s->status |= ST_CMD_CRC_FAIL;   /* too long or too short: the check bits are not where they are looked for */
    } else {
        s->status |= ST_CMD_RESP_END;
        s->resp_command = kind == SD_LONG_RESPONSE ? CMD_INDEX : index;
        memcpy(s->response, response, sizeof(s->response));
        s->response[3] &= ~1u;          /* a long response's last bit is no data */
    }
    run_data_path(s);
}

static void set_command(PL181State *s, uint32_t value)
{
    s->command = value & ~(uint32_t)CMD_ENABLE & 0x7ff;
    if (!(value & CMD_ENABLE)) {
        s->command_waits = false;
    } else if ((value & CMD_PENDING) && s->active) {
        s->command_waits = true;
    } else {
        send_command(s);
    }
}

static uint32_t read_register(PL181State *s, uint32_t offset)
{
    switch (offset) {
    case MCI_POWER:
        return s->power;
    case MCI_CLOCK:
        return s->clock;
    case MCI_ARGUMENT:
        return s->argument;
    case MCI_COMMAND:
        return s->command;
    case MCI_RESP_CMD:
        return s->resp_command;
    case MCI_RESPONSE0 ... MCI_RESPONSE3:
        return s->response[(offset - MCI_RESPONSE0) / 4];
    case MCI_DATA_TIMER:
        return s->data_timer;
    case MCI_DATA_LENGTH:
        return s->data_length;
    case MCI_DATA_CTRL:
        return s->data_control;
    case MCI_DATA_CNT:
        return s->data_count;
    case MCI_STATUS:
        if (receiving(s) ? s->active && !s->words && card_waits(s) : words_wait(s)) {
            looks_in_vain(s);
        }
        return status(s);
    case MCI_MASK0:
        return s->mask[0];
    case MCI_MASK1:
        return s->mask[1];
    case MCI_SELECT:
        return 0;
    case MCI_FIFO_CNT:          /* words that have not gone through the FIFO */
        return (s->data_count + 3) / 4;
    case MCI_FIFO ... MCI_FIFO_END:
        if (receiving(s) && s->active && !s->words && card_waits(s) && cpu_hold_access(&s->hold)) {
            return 0;
        }
        if (!receiving(s) || !s->words) {
            qemu_log_mask(LOG_GUEST_ERROR, "pl181: read of an empty FIFO\n");
            return 0;
        }
        return fifo_pop(s);
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl181: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void write_register(PL181State *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case MCI_POWER:
        s->power = value & 0xff;
        s->power_driven |= (s->power & POWER_BITS) == POWER_ON;
        break;
    case MCI_CLOCK:
        s->clock = value & CLOCK_BITS;
        s->clock_driven |= s->clock & CLOCK_ENABLE;
        break;
    case MCI_ARGUMENT:
        s->argument = value;
        break;
    case MCI_COMMAND:
        if (!command_must_wait(s, value)) {
            set_command(s, value);
        }
        break;
    case MCI_DATA_TIMER:
        s->data_timer = value;
        break;
    case MCI_DATA_LENGTH:
        s->data_length = value & 0xffff;
        break;
    case MCI_DATA_CTRL:
        if (!words_wait(s) || !cpu_hold_access(&s->hold)) {
            set_data_control(s, value);
        }
        break;
    case MCI_CLEAR:
        s->status &= ~(value & ST_STATIC);
        break;
    case MCI_MASK0:
        s->mask[0] = value & ST_ALL;
        break;
    case MCI_MASK1:
        s->mask[1] = value & ST_ALL;
        break;
    case MCI_SELECT:
        break;
    case MCI_FIFO ... MCI_FIFO_END:
        if (s->words == FIFO_WORDS && words_wait(s) && cpu_hold_access(&s->hold)) {
            break;
        }
        if (!s->active || receiving(s) || s->words == FIFO_WORDS) {
            qemu_log_mask(LOG_GUEST_ERROR, "pl181: write to a FIFO that is %s\n",
                          s->words == FIFO_WORDS ? "full" : "not sending");
        } else {
            fifo_push(s, value);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl181: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- entry points ---- */

static uint32_t pl181_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL181State *s = opaque;
    uint32_t v;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL181_PID, offset);
    }
    counted_lock(&s->dev.lock);
    v = read_register(s, offset & ~3u) >> (offset & 3) * 8;
    run_data_path(s);
    update_lines(s);
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl181_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL181State *s = opaque;

    counted_lock(&s->dev.lock);
    write_register(s, offset & ~3u, value);
    run_data_path(s);
    update_lines(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl181_ops = { pl181_read, pl181_write };

/* The card has data, takes data, or gave up; with the lock held. */
static void card_changed(void *opaque)
{
    PL181State *s = opaque;

    s->looks = 0;
    run_data_path(s);
    update_lines(s);
    cpu_hold_end(&s->hold);
}

static void data_timer_expired(void *opaque)
{
    PL181State *s = opaque;

    counted_lock(&s->dev.lock);
    if (s->active) {
        if (!s->card || sd_card_moves_nothing(s->card, receiving(s))) {
            s->active = false;
            s->status |= ST_DATA_TIMEOUT;
            update_lines(s);
        } else {
            start_data_timer(s);
        }
    }
    counted_unlock(&s->dev.lock);
}

static void pl181_reset(void *opaque)
{
    PL181State *s = opaque;

    counted_lock(&s->dev.lock);
    s->power = s->clock = s->argument = s->command = s->resp_command = 0;
    memset(s->response, 0, sizeof(s->response));
    s->data_timer = s->data_length = s->data_control = s->status = s->mask[0] = s->mask[1] = 0;
    s->data_count = s->block_left = 0;
    s->words = s->first = s->word_bytes = s->looks = 0;
    s->active = s->command_waits = s->power_driven = s->clock_driven = s->told = false;
    timer_del(s->timer);
    if (s->card) {
        sd_card_reset(s->card);
    }
    update_lines(s);
    counted_unlock(&s->dev.lock);
}

static void slot_changed(void *opaque, bool present, bool readonly)
{
    PL181State *s = opaque;

    if (s->set_switches) {
        s->set_switches(s->switches, present, readonly);
    }
}

void pl181_connect_switches(PL181State *s, void (*set)(void *opaque, bool present, bool readonly), void *opaque)
{
    bool present = s->card && sd_card_present(s->card);

    s->set_switches = set;
    s->switches = opaque;
    slot_changed(s, present, present && sd_card_readonly(s->card));
}

/* The data timer starts anew: it is for what never comes, and how long that takes is no matter. */
static void pl181_post_load(void *opaque)
{
    PL181State *s = opaque;

    counted_lock(&s->dev.lock);
    s->power_driven |= (s->power & POWER_BITS) == POWER_ON;     /* older states do not say */
    s->clock_driven |= s->clock & CLOCK_ENABLE;
    s->first %= FIFO_WORDS;
    s->words = s->words > FIFO_WORDS ? FIFO_WORDS : s->words;
    s->word_bytes = s->word_bytes > sizeof(s->word) ? sizeof(s->word) : s->word_bytes;
    s->block_left = s->active && !s->block_left ? block_size(s) : s->block_left;
    timer_del(s->timer);
    if (s->active) {
        start_data_timer(s);
    }
    update_lines(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl181_fields[] = {
    DEVICE_FIELD(PL181State, power), DEVICE_FIELD(PL181State, clock), DEVICE_FIELD(PL181State, argument),
    DEVICE_FIELD(PL181State, command), DEVICE_FIELD(PL181State, resp_command), DEVICE_FIELD(PL181State, data_timer),
    DEVICE_FIELD(PL181State, data_length), DEVICE_FIELD(PL181State, data_control), DEVICE_FIELD(PL181State, status),
    DEVICE_FIELD(PL181State, active), DEVICE_FIELD(PL181State, data_count), DEVICE_FIELD(PL181State, block_left),
    DEVICE_FIELD(PL181State, command_waits), DEVICE_FIELD(PL181State, first), DEVICE_FIELD(PL181State, words),
    DEVICE_FIELD(PL181State, word_bytes), DEVICE_ARRAY(PL181State, response), DEVICE_ARRAY(PL181State, mask),
    DEVICE_ARRAY(PL181State, fifo), DEVICE_ARRAY(PL181State, word),
    DEVICE_FIELD_SINCE(PL181State, power_driven, 2), DEVICE_FIELD_SINCE(PL181State, clock_driven, 2),
    { 0 },
};

static const MMIORegister pl181_registers[] = {
    { MCI_POWER, "POWER" }, { MCI_CLOCK, "CLOCK" }, { MCI_ARGUMENT, "ARGUMENT" }, { MCI_COMMAND, "COMMAND" },
    { MCI_RESP_CMD, "RESP_CMD" }, { MCI_RESPONSE0, "RESPONSE0" }, { MCI_DATA_TIMER, "DATA_TIMER" },
    { MCI_DATA_LENGTH, "DATA_LENGTH" }, { MCI_DATA_CTRL, "DATA_CTRL" }, { MCI_DATA_CNT, "DATA_CNT" },
    { MCI_STATUS, "STATUS" }, { MCI_CLEAR, "CLEAR" }, { MCI_MASK0, "MASK0" }, { MCI_MASK1, "MASK1" },
    { MCI_SELECT, "SELECT" }, { MCI_FIFO_CNT, "FIFO_CNT" }, { MCI_FIFO, "FIFO" },
    { 0 },
};

static const DeviceClass pl181_class = {
    .name = "pl181",
    .state_size = sizeof(PL181State),
    .version = 2,
    .fields = pl181_fields,
    .node = { .name = "mmcsd", .compatible = { "arm,pl18x", "arm,primecell" }, .clocks = { "mclk", "apb_pclk" } },
    .registers = pl181_registers,
    .reset = pl181_reset,
    .post_load = pl181_post_load,
};

PL181State *pl181_create(uint32_t base, const char *name, uint32_t clock_hz, BlockBackend *blk,
                         const IRQLine *const irq[2], DmaRequests *dma)
{
    PL181State *s = device_new(&pl181_class, name);
    SDHost host = { .changed = card_changed, .slot = slot_changed, .opaque = s };
    char *error;

    host.lock = &s->dev.lock;
    s->irq[0] = irq[0];
    s->irq[1] = irq[1];
    s->dma = dma;
    s->clock_hz = clock_hz;
    s->timer = timer_new_line(data_timer_expired, s);
    if (blk) {
        s->card = sd_card_new(blk, &host, &error);
        if (!s->card) {
            error_exit("%s: %s", blk_said(blk), error);
        }
    }
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl181_ops);
    return s;
}
