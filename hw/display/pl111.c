/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL111 colour LCD controller (ARM DDI 0293): registers, frames and interrupts. The picture is in pl111-draw.c.
 *
 * A frame is a period of time that follows from the timing registers and the clock when they are written. At its begin
 * the base addresses are taken over (LNBU), and the cursor's place if it is synchronised. What has happened since is
 * computed from the clock when somebody looks; a timer runs only for events that would raise the line, so a screen
 * whose interrupts nobody wants costs nothing. No guest can make frames shorter than FRAME_NS_MIN.
 *
 * There is no FIFO that could run empty. A frame that is not in memory is a bus error at each frame's begin.
 */
#include <string.h>
#include "exec/memory.h"
#include "hw/display/pl111-internal.h"
#include "hw/primecell.h"
#include "hw/word-register.h"
#include "qemu/log.h"
#include "ui/console.h"

enum {
    LCD_TIMING0 = 0x00, LCD_TIMING1 = 0x04, LCD_TIMING2 = 0x08, LCD_TIMING3 = 0x0c, LCD_UPBASE = 0x10,
    LCD_LPBASE = 0x14, LCD_CONTROL = 0x18, LCD_IMSC = 0x1c, LCD_RIS = 0x20, LCD_MIS = 0x24, LCD_ICR = 0x28,
    LCD_UPCURR = 0x2c, LCD_LPCURR = 0x30, LCD_PALETTE = 0x200, LCD_PALETTE_LAST = 0x3fc,
    CRSR_IMAGE = 0x800, CRSR_IMAGE_LAST = 0xbfc, CRSR_CTRL = 0xc00, CRSR_CONFIG = 0xc04, CRSR_PALETTE0 = 0xc08,
    CRSR_PALETTE1 = 0xc0c, CRSR_XY = 0xc10, CRSR_CLIP = 0xc14, CRSR_IMSC = 0xc20, CRSR_ICR = 0xc24, CRSR_RIS = 0xc28,
    CRSR_MIS = 0xc2c,
    PL111_PID = 0x00041111,
};
/* Interrupts. */
enum { INT_BASE = 1 << 2, INT_VCOMP = 1 << 3, INT_BUS_ERROR = 1 << 4, INT_MASK = 0x1e, CRSR_INT = 1 << 0 };

#define TIMING2_BYPASS  (1u << 26)
#define CONTROL_MASK    0x13fffu
#define FRAME_NS_MIN    4000000
#define FRAME_NS_MAX    1000000000

/* ---- frames ---- */

uint32_t pl111_width(const PL111State *s)
{
    return 16 * ((s->timing[0] >> 2 & 0x3f) + 1);
}

uint32_t pl111_lines(const PL111State *s)
{
    return (s->timing[1] & 0x3ff) + 1;
}

bool pl111_is_on(const PL111State *s)
{
    return (s->control & (CTRL_ENABLE | CTRL_POWER)) == (CTRL_ENABLE | CTRL_POWER);
}

/* Lines before each part of a frame: synchronisation, back porch, picture, front porch; then all of it. */
static void frame_lines(const PL111State *s, uint32_t begin[5])
{
    begin[0] = 0;
    begin[1] = (s->timing[1] >> 10 & 0x3f) + 1;
    begin[2] = begin[1] + (s->timing[1] >> 24);
    begin[3] = begin[2] + pl111_lines(s);
    begin[4] = begin[3] + (s->timing[1] >> 16 & 0xff);
}

static int64_t period(PL111State *s)
{
    const uint32_t t0 = s->timing[0], t2 = s->timing[2];
    const uint64_t line = (t0 >> 8 & 0xff) + (t0 >> 16 & 0xff) + (t0 >> 24) + 3 + pl111_width(s);
    const uint64_t divisor = t2 & TIMING2_BYPASS ? 1 : (t2 & 0x1f) + (t2 >> 27 << 5) + 2;
    uint32_t begin[5];
    uint64_t ns;

    frame_lines(s, begin);
    ns = line * begin[4] * divisor * 1000000000 / s->config.clock_hz(s->config.opaque);
    return ns < FRAME_NS_MIN ? FRAME_NS_MIN : ns > FRAME_NS_MAX ? FRAME_NS_MAX : (int64_t)ns;
}

static int64_t vcomp_ns(const PL111State *s)
{
    uint32_t begin[5];

    frame_lines(s, begin);
    return s->period_ns * begin[s->control >> CTRL_VCOMP_SHIFT & 3] / begin[4];
}

/* How many times the moment `phase` of frames has come by `t`; from 1 on. */
static int64_t times(const PL111State *s, int64_t phase, int64_t t)
{
    return (t - s->start_ns - phase + s->period_ns) / s->period_ns;
}

/* A frame begins. */
static void take_over(PL111State *s)
{
    const PL111Mode m = { .width = pl111_width(s), .lines = pl111_lines(s), .control = s->control };
    const uint32_t size = pl111_line_bytes(&m) * m.lines;
    uint32_t ram;

    for (unsigned panel = 0; panel < (s->control & CTRL_DUAL ? PANELS : 1); panel++) {
        s->shown_base[panel] = s->base[panel];
        if (!memory_read_at(s->base[panel], size, &ram)) {
            s->ris |= INT_BUS_ERROR;
        }
    }
    s->shown_xy = s->cursor.xy;
    s->shown_clip = s->cursor.clip;
    s->ris |= INT_BASE;
    if (s->cursor.control & CURSOR_ON) {
        s->cursor_ris = CRSR_INT;
    }
}

/* The only caller of irq_set(). Caller holds the lock. */
static void update(PL111State *s)
{
    const bool level = (s->ris & s->imsc) || (s->cursor_ris & s->cursor_imsc);

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

/* When the phase comes the next time after what was accounted. */
static int64_t next(const PL111State *s, int64_t phase)
{
    return s->start_ns + phase + times(s, phase, s->seen_ns) * s->period_ns;
}

/* Have the timer come for the next event that raises the line. Caller holds the lock; all is accounted. */
static void plan(PL111State *s)
{
    const uint32_t wanted = s->imsc & ~s->ris;
    int64_t when = INT64_MAX;

    if (s->control & CTRL_ENABLE) {
        if ((wanted & (INT_BASE | INT_BUS_ERROR)) || (s->cursor_imsc & ~s->cursor_ris & CRSR_INT)) {
            when = next(s, 0);
        }
        if ((wanted & INT_VCOMP) && next(s, vcomp_ns(s)) < when) {
            when = next(s, vcomp_ns(s));
        }
    }
    if (when == INT64_MAX) {
        timer_del(s->timer);
    } else {
        timer_mod(s->timer, when);
    }
}

void pl111_account(PL111State *s, int64_t now)
{
    if (!(s->control & CTRL_ENABLE) || now <= s->seen_ns) {
        return;
    }
    if (times(s, 0, now) != times(s, 0, s->seen_ns)) {
        take_over(s);
    }
    if (times(s, vcomp_ns(s), now) != times(s, vcomp_ns(s), s->seen_ns)) {
        s->ris |= INT_VCOMP;
    }
    s->seen_ns = now;
    update(s);
}

/* The first frame begins. */
static void start(PL111State *s, int64_t now)
{
    s->period_ns = period(s);
    s->start_ns = s->seen_ns = now;
    take_over(s);
}

/* The address in memory of what is being shown. Caller holds the lock; `now` is accounted. */
static uint32_t current(PL111State *s, unsigned panel, int64_t now)
{
    const PL111Mode m = { .width = pl111_width(s), .lines = pl111_lines(s), .control = s->control };
    uint32_t begin[5], line;

    if (!(s->control & CTRL_ENABLE)) {
        return s->shown_base[panel];
    }
    frame_lines(s, begin);
    line = (uint32_t)((now - s->start_ns) % s->period_ns * begin[4] / s->period_ns);
    line = line < begin[2] ? 0 : line - begin[2];
    return s->shown_base[panel] + pl111_line_bytes(&m) * (line < m.lines ? line : m.lines);
}

static void fire(void *opaque)
{
    PL111State *s = opaque;

    counted_lock(&s->dev.lock);
    pl111_account(s, clock_virtual_ns());
    plan(s);
    counted_unlock(&s->dev.lock);
}

/* ---- registers ---- */

/* Caller holds the lock. */
static uint32_t read_cursor(PL111State *s, uint32_t offset)
{
    switch (offset) {
    case CRSR_IMAGE ... CRSR_IMAGE_LAST:
        return s->cursor.image[(offset - CRSR_IMAGE) / 4];
    case CRSR_CTRL:
        return s->cursor.control;
    case CRSR_CONFIG:
        return s->cursor.config;
    case CRSR_PALETTE0:
    case CRSR_PALETTE1:
        return s->cursor.palette[(offset - CRSR_PALETTE0) / 4];
    case CRSR_XY:
        return s->cursor.xy;
    case CRSR_CLIP:
        return s->cursor.clip;
    case CRSR_IMSC:
        return s->cursor_imsc;
    case CRSR_RIS:
        return s->cursor_ris;
    case CRSR_MIS:
        return s->cursor_ris & s->cursor_imsc;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl111: bad read at 0x%x\n", offset);
        return 0;
    }
}

/* Caller holds the lock. */
static uint32_t read_register(PL111State *s, uint32_t offset, int64_t now)
{
    switch (offset) {
    case LCD_TIMING0:
    case LCD_TIMING1:
    case LCD_TIMING2:
    case LCD_TIMING3:
        return s->timing[offset / 4];
    case LCD_UPBASE:
    case LCD_LPBASE:
        return s->base[(offset - LCD_UPBASE) / 4];
    case LCD_CONTROL:
        return s->control;
    case LCD_IMSC:
        return s->imsc;
    case LCD_RIS:
        return s->ris;
    case LCD_MIS:
        return s->ris & s->imsc;
    case LCD_UPCURR:
    case LCD_LPCURR:
        return current(s, (offset - LCD_UPCURR) / 4, now);
    case LCD_PALETTE ... LCD_PALETTE_LAST:
        return s->palette[(offset - LCD_PALETTE) / 4];
    default:
        return read_cursor(s, offset);
    }
}

static uint32_t pl111_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL111State *s = opaque;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL111_PID, offset);
    }
    if (!word_register_reads(offset, size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl111: bad read at 0x%x\n", offset);
        return 0;
    }
    const int64_t now = clock_shown_ns();
    counted_lock(&s->dev.lock);
    pl111_account(s, now);
    const uint32_t v = read_register(s, offset & ~3u, now);
    counted_unlock(&s->dev.lock);
    return word_register_part(v, offset, size);
}

/* Caller holds the lock. */
static void write_cursor(PL111State *s, uint32_t offset, uint32_t value)
{
    PL111Cursor *c = &s->cursor;

    switch (offset) {
    case CRSR_IMAGE ... CRSR_IMAGE_LAST:
        c->image[(offset - CRSR_IMAGE) / 4] = value;
        break;
    case CRSR_CTRL:
        c->control = value & 0x31;
        break;
    case CRSR_CONFIG:
        c->config = value & 3;
        break;
    case CRSR_PALETTE0:
    case CRSR_PALETTE1:
        c->palette[(offset - CRSR_PALETTE0) / 4] = value & 0xffffff;
        break;
    case CRSR_XY:
        c->xy = value & 0x03ff03ff;
        break;
    case CRSR_CLIP:
        c->clip = value & 0x3f3f;
        break;
    case CRSR_IMSC:
        s->cursor_imsc = value & CRSR_INT;
        break;
    case CRSR_ICR:
        s->cursor_ris &= ~value;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl111: bad write at 0x%x\n", offset);
        break;
    }
    if (!(c->config & CURSOR_FRAME_SYNC)) {
        s->shown_xy = c->xy;
        s->shown_clip = c->clip;
    }
}

/* Caller holds the lock. */
static void write_register(PL111State *s, uint32_t offset, uint32_t value, int64_t now)
{
    static const uint32_t timing_mask[4] = { 0xfffffffc, 0xffffffff, 0xffffffff, 0x1007f };

    switch (offset) {
    case LCD_TIMING0:
    case LCD_TIMING1:
    case LCD_TIMING2:
    case LCD_TIMING3:
        s->timing[offset / 4] = value & timing_mask[offset / 4];
        if (s->control & CTRL_ENABLE) {
            start(s, now);
        }
        break;
    case LCD_UPBASE:
    case LCD_LPBASE:
        s->base[(offset - LCD_UPBASE) / 4] = value & ~7u;
        break;
    case LCD_CONTROL: {
        const bool starts = value & ~s->control & CTRL_ENABLE;

        s->control = value & CONTROL_MASK;
        if (starts) {
            start(s, now);
        }
        break;
    }
    case LCD_IMSC:
        s->imsc = value & INT_MASK;
        break;
    case LCD_ICR:
        s->ris &= ~value;
        break;
    case LCD_PALETTE ... LCD_PALETTE_LAST:
        s->palette[(offset - LCD_PALETTE) / 4] = value;
        break;
    default:
        write_cursor(s, offset, value);
        break;
    }
}

static void pl111_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL111State *s = opaque;

    if (!word_register_writes(offset)) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl111: bad write at 0x%x\n", offset);
        return;
    }
    counted_lock(&s->dev.lock);
    const int64_t now = clock_virtual_ns();
    pl111_account(s, now);
    write_register(s, offset, value, now);
    update(s);
    plan(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl111_ops = { pl111_read, pl111_write };

static void pl111_reset(void *opaque)
{
    PL111State *s = opaque;

    counted_lock(&s->dev.lock);
    memset(s->timing, 0, sizeof(s->timing));
    memset(s->base, 0, sizeof(s->base));
    memset(s->shown_base, 0, sizeof(s->shown_base));
    memset(s->palette, 0, sizeof(s->palette));
    memset(&s->cursor, 0, sizeof(s->cursor));
    s->control = s->imsc = s->ris = s->cursor_imsc = s->cursor_ris = s->shown_xy = s->shown_clip = 0;
    s->start_ns = s->seen_ns = 0;
    s->period_ns = FRAME_NS_MAX;
    update(s);
    plan(s);
    counted_unlock(&s->dev.lock);
}

/* No index depends on what was loaded, but divisions do. */
static void pl111_post_load(void *opaque)
{
    PL111State *s = opaque;

    counted_lock(&s->dev.lock);
    if (s->period_ns < FRAME_NS_MIN || s->period_ns > FRAME_NS_MAX) {
        s->period_ns = FRAME_NS_MAX;
    }
    if (s->start_ns < 0 || s->seen_ns < s->start_ns || s->seen_ns > clock_virtual_ns()) {
        s->start_ns = s->seen_ns = clock_virtual_ns();
    }
    update(s);
    plan(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField pl111_fields[] = {
    DEVICE_ARRAY(PL111State, timing), DEVICE_ARRAY(PL111State, base), DEVICE_FIELD(PL111State, control),
    DEVICE_FIELD(PL111State, imsc), DEVICE_FIELD(PL111State, ris), DEVICE_ARRAY(PL111State, palette),
    DEVICE_FIELD(PL111State, cursor.control), DEVICE_FIELD(PL111State, cursor.config),
    DEVICE_ARRAY(PL111State, cursor.palette), DEVICE_FIELD(PL111State, cursor.xy),
    DEVICE_FIELD(PL111State, cursor.clip), DEVICE_ARRAY(PL111State, cursor.image),
    DEVICE_FIELD(PL111State, cursor_imsc), DEVICE_FIELD(PL111State, cursor_ris),
    DEVICE_ARRAY(PL111State, shown_base), DEVICE_FIELD(PL111State, shown_xy), DEVICE_FIELD(PL111State, shown_clip),
    DEVICE_FIELD(PL111State, period_ns), DEVICE_FIELD(PL111State, start_ns), DEVICE_FIELD(PL111State, seen_ns),
    { 0 },
};

static const MMIORegister pl111_registers[] = {
    { LCD_TIMING0, "TIMING0" }, { LCD_TIMING1, "TIMING1" }, { LCD_TIMING2, "TIMING2" }, { LCD_TIMING3, "TIMING3" },
    { LCD_UPBASE, "UPBASE" }, { LCD_LPBASE, "LPBASE" }, { LCD_CONTROL, "CONTROL" }, { LCD_IMSC, "IMSC" },
    { LCD_RIS, "RIS" }, { LCD_MIS, "MIS" }, { LCD_ICR, "ICR" }, { LCD_UPCURR, "UPCURR" }, { LCD_LPCURR, "LPCURR" },
    { LCD_PALETTE, "PALETTE" }, { CRSR_IMAGE, "CRSR_IMAGE" }, { CRSR_CTRL, "CRSR_CTRL" },
    { CRSR_CONFIG, "CRSR_CONFIG" }, { CRSR_PALETTE0, "CRSR_PALETTE0" }, { CRSR_PALETTE1, "CRSR_PALETTE1" },
    { CRSR_XY, "CRSR_XY" }, { CRSR_CLIP, "CRSR_CLIP" }, { CRSR_IMSC, "CRSR_IMSC" }, { CRSR_ICR, "CRSR_ICR" },
    { CRSR_RIS, "CRSR_RIS" }, { CRSR_MIS, "CRSR_MIS" },
    { 0 },
};

static const DeviceClass pl111_class = {
    .name = "pl111",
    .state_size = sizeof(PL111State),
    .version = 1,
    .fields = pl111_fields,
    .node = { .name = "clcd", .compatible = { "arm,pl111", "arm,primecell" }, .clocks = { "clcdclk", "apb_pclk" } },
    .registers = pl111_registers,
    .reset = pl111_reset,
    .post_load = pl111_post_load,
};

static const ConsoleOps pl111_console = { .draw = pl111_draw };

void pl111_create(const PL111Config *config, const IRQLine *irq)
{
    PL111State *s = device_new(&pl111_class, config->name);

    s->config = *config;
    s->irq = irq;
    s->timer = timer_new_line(fire, s);
    s->screen = pl111_screen_new();
    device_add(&s->dev);
    device_map(&s->dev, config->base, 0x1000, &pl111_ops);
    s->console = console_new(s->dev.name, 0, &pl111_console, s);
}
