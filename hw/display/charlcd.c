/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The baseboard's character display (ARM DUI 0303 4.4): registers through which a guest talks to an HD44780 controller.
 *
 * The controller begins with a bus of 8 bits; the function set command makes it one of 4, the upper ones, and then a
 * command or character is two accesses, the upper half first. A read takes both halves at once: the first is valid when
 * the access is complete, which interrupts; the second is valid, and does not interrupt, when the guest has both
 * cleared RAW and read the first, in either order: the manual has the reading first, Linux the clearing. The manual has
 * "complete" in bit 0 of RAW; Linux looks at bit 8; both are set. The controller is never busy.
 *
 * Lock: the device's own.
 */
#include <string.h>
#include "hw/device.h"
#include "hw/display/charlcd.h"
#include "qemu/log.h"

enum { CHAR_COM = 0x00, CHAR_DAT = 0x04, CHAR_RD = 0x08, CHAR_RAW = 0x0c, CHAR_MASK = 0x10, CHAR_STAT = 0x14 };
enum { RAW_COMPLETE = 1 << 0, RAW_VALID = 1 << 8 };

/* The HD44780's commands: the highest bit that is set names one. */
enum {
    CMD_CLEAR = 0x01, CMD_HOME = 0x02, CMD_ENTRY = 0x04, CMD_CONTROL = 0x08, CMD_SHIFT = 0x10, CMD_FUNCTION = 0x20,
    CMD_CGRAM = 0x40, CMD_DDRAM = 0x80,
    ENTRY_SHIFT = 1, ENTRY_INCREMENT = 2, CONTROL_DISPLAY = 4, SHIFT_RIGHT = 4, SHIFT_DISPLAY = 8,
    FUNCTION_2_LINES = 8, FUNCTION_8_BITS = 0x10,
};
enum { DDRAM = 80, CGRAM = 64, LINE = 40, SECOND_LINE = 0x40 };

typedef struct CharLCD {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint8_t ddram[DDRAM], cgram[CGRAM];
    uint8_t address;            /* in DDRAM 0 to 79 as an index, in CGRAM 0 to 63 */
    bool in_cgram;
    uint8_t entry, control, function;   /* the commands that set them, as they were */
    uint8_t shift;              /* the first character of a line that is shown, 0 to 39 */
    bool half;                  /* the upper half of a byte has been written */
    uint8_t upper;              /* that half */
    uint8_t shown;              /* what RD reads */
    bool valid, complete;       /* as RAW has them; the second is the interrupt's source */
    bool more;                  /* the lower half comes after this */
    uint8_t lower;              /* that half */
    bool taken;                 /* RD has been read */
    uint8_t mask;
    bool level;                 /* of the line */
    const IRQLine *irq;         /* constant */
} CharLCD;

/* ---- the HD44780; all with the lock held ---- */

static bool two_lines(const CharLCD *s)
{
    return s->function & FUNCTION_2_LINES;
}

static void step_address(CharLCD *s, bool up)
{
    unsigned size = s->in_cgram ? CGRAM : DDRAM;

    s->address = (uint8_t)((s->address + (up ? 1 : size - 1)) % size);
}

static void step_display(CharLCD *s, bool right)
{
    s->shift = (uint8_t)((s->shift + (right ? LINE - 1 : 1)) % LINE);
}

/* The second of two lines is at 0x40; Linux writes it at 0x28, where it is if the lines are one. */
static void set_address(CharLCD *s, uint8_t a)
{
    s->in_cgram = false;
    s->address = two_lines(s) && (a & SECOND_LINE) ? LINE + (a & (SECOND_LINE - 1)) % LINE : a % DDRAM;
}

static uint8_t shown_address(const CharLCD *s)
{
    return (uint8_t)(!s->in_cgram && two_lines(s) && s->address >= LINE ? s->address - LINE + SECOND_LINE : s->address);
}

static void command(CharLCD *s, uint8_t c)
{
    if (c & CMD_DDRAM) {
        set_address(s, c & 0x7f);
    } else if (c & CMD_CGRAM) {
        s->in_cgram = true;
        s->address = c & (CGRAM - 1);
    } else if (c & CMD_FUNCTION) {
        s->function = c;
    } else if (c & CMD_SHIFT) {
        if (c & SHIFT_DISPLAY) {
            step_display(s, c & SHIFT_RIGHT);
        } else {
            step_address(s, c & SHIFT_RIGHT);
        }
    } else if (c & CMD_CONTROL) {
        s->control = c;
    } else if (c & CMD_ENTRY) {
        s->entry = c;
    } else if (c & (CMD_HOME | CMD_CLEAR)) {
        if (!(c & CMD_HOME)) {
            memset(s->ddram, ' ', sizeof(s->ddram));
            s->entry |= ENTRY_INCREMENT;
        }
        s->address = s->shift = 0;
        s->in_cgram = false;
    }
}

static uint8_t *memory(CharLCD *s)
{
    return s->in_cgram ? &s->cgram[s->address] : &s->ddram[s->address];
}

static void put(CharLCD *s, bool is_data, uint8_t c)
{
    bool in_cgram = s->in_cgram, up = s->entry & ENTRY_INCREMENT;

    if (!is_data) {
        command(s, c);
        return;
    }
    *memory(s) = c;
    step_address(s, up);
    if (!in_cgram && (s->entry & ENTRY_SHIFT)) {
        step_display(s, !up);
    }
}

/* ---- registers; all with the lock held ---- */

/* The only caller of irq_set(). */
static void charlcd_update(CharLCD *s)
{
    bool level = s->complete && (s->mask & 1);

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

static void write_bus(CharLCD *s, bool is_data, uint8_t value)
{
    if (s->function & FUNCTION_8_BITS) {
        put(s, is_data, value);
        s->half = false;
    } else if (s->half) {
        s->half = false;
        put(s, is_data, s->upper | value >> 4);
    } else {
        s->half = true;
        s->upper = value & 0xf0;
    }
}

static void read_bus(CharLCD *s, bool is_data)
{
    uint8_t byte = is_data ? *memory(s) : shown_address(s);

    if (is_data) {
        step_address(s, s->entry & ENTRY_INCREMENT);
    }
    s->more = !(s->function & FUNCTION_8_BITS);
    s->shown = s->more ? byte & 0xf0 : byte;
    s->lower = (uint8_t)(byte << 4);
    s->valid = s->complete = true;
    s->taken = s->half = false;
}

/* The guest has read RD, or cleared RAW. */
static void read_goes_on(CharLCD *s)
{
    if (s->more && s->taken && !s->valid) {
        s->shown = s->lower;
        s->valid = true;
        s->more = false;
    }
}

static uint32_t charlcd_read_reg(CharLCD *s, uint32_t offset)
{
    uint32_t v;

    switch (offset) {
    case CHAR_COM:
    case CHAR_DAT:
        read_bus(s, offset == CHAR_DAT);
        return 0;
    case CHAR_RD:
        v = s->shown;
        s->taken = true;
        read_goes_on(s);
        return v;
    case CHAR_RAW:
        return (s->complete ? RAW_COMPLETE : 0) | (s->valid ? RAW_VALID : 0);
    case CHAR_MASK:
        return s->mask;
    case CHAR_STAT:
        return s->complete && (s->mask & 1);
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "charlcd: bad read at 0x%x\n", offset);
        return 0;
    }
}

static void charlcd_write_reg(CharLCD *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case CHAR_COM:
    case CHAR_DAT:
        write_bus(s, offset == CHAR_DAT, (uint8_t)value);
        break;
    case CHAR_RAW:
        if (!(value & RAW_COMPLETE)) {
            s->valid = s->complete = false;
            read_goes_on(s);
        }
        break;
    case CHAR_MASK:
        s->mask = value & 1;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "charlcd: bad write at 0x%x\n", offset);
        break;
    }
}

/* ---- outside ---- */

static uint32_t charlcd_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    CharLCD *s = opaque;
    uint32_t v;

    counted_lock(&s->dev.lock);
    v = charlcd_read_reg(s, offset);
    charlcd_update(s);
    counted_unlock(&s->dev.lock);
    return v & (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1);
}

static void charlcd_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    CharLCD *s = opaque;

    counted_lock(&s->dev.lock);
    charlcd_write_reg(s, offset, value);
    charlcd_update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps charlcd_ops = { charlcd_read, charlcd_write };

static void charlcd_reset(void *opaque)
{
    CharLCD *s = opaque;

    counted_lock(&s->dev.lock);
    memset(s->ddram, ' ', sizeof(s->ddram));
    memset(s->cgram, 0, sizeof(s->cgram));
    s->entry = CMD_ENTRY | ENTRY_INCREMENT;
    s->control = CMD_CONTROL;
    s->function = CMD_FUNCTION | FUNCTION_8_BITS;
    s->address = s->shift = s->upper = s->lower = s->mask = s->shown = 0;
    s->in_cgram = s->half = s->valid = s->complete = s->more = s->taken = false;
    charlcd_update(s);
    counted_unlock(&s->dev.lock);
}

static void charlcd_post_load(void *opaque)
{
    CharLCD *s = opaque;

    counted_lock(&s->dev.lock);
    s->address %= s->in_cgram ? CGRAM : DDRAM;
    s->shift %= LINE;
    charlcd_update(s);
    counted_unlock(&s->dev.lock);
}

static const DeviceField charlcd_fields[] = {
    DEVICE_ARRAY(CharLCD, ddram), DEVICE_ARRAY(CharLCD, cgram), DEVICE_FIELD(CharLCD, address),
    DEVICE_FIELD(CharLCD, in_cgram), DEVICE_FIELD(CharLCD, entry), DEVICE_FIELD(CharLCD, control),
    DEVICE_FIELD(CharLCD, function), DEVICE_FIELD(CharLCD, shift), DEVICE_FIELD(CharLCD, half),
    DEVICE_FIELD(CharLCD, upper), DEVICE_FIELD(CharLCD, shown), DEVICE_FIELD(CharLCD, valid),
    DEVICE_FIELD(CharLCD, complete), DEVICE_FIELD(CharLCD, more), DEVICE_FIELD(CharLCD, lower),
    DEVICE_FIELD(CharLCD, taken), DEVICE_FIELD(CharLCD, mask),
    { 0 },
};

static const MMIORegister charlcd_registers[] = {
    { CHAR_COM, "COM" }, { CHAR_DAT, "DAT" }, { CHAR_RD, "RD" }, { CHAR_RAW, "RAW" }, { CHAR_MASK, "MASK" },
    { CHAR_STAT, "STAT" },
    { 0 },
};

static const DeviceClass charlcd_class = {
    .name = "charlcd",
    .state_size = sizeof(CharLCD),
    .version = 1,
    .fields = charlcd_fields,
    .node = { .name = "charlcd", .compatible = { "arm,versatile-lcd" }, .clocks = { "apb_pclk" } },
    .registers = charlcd_registers,
    .reset = charlcd_reset,
    .post_load = charlcd_post_load,
};

void charlcd_create(uint32_t base, const char *name, const IRQLine *irq)
{
    CharLCD *s = device_new(&charlcd_class, name);

    s->irq = irq;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &charlcd_ops);
}

/* The controller's own characters and those of its Japanese set have no place in ASCII. */
static char ascii(uint8_t c)
{
    return (char)(c >= 0x20 && c < 0x7e ? c : '?');
}

bool charlcd_text(const char *name, char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1])
{
    Device *d = device_find(name);
    CharLCD *s = (CharLCD *)d;

    if (!d || d->class != &charlcd_class) {
        return false;
    }
    counted_lock(&s->dev.lock);
    for (unsigned line = 0; line < CHARLCD_LINES; line++) {
        bool shown = (s->control & CONTROL_DISPLAY) && (line == 0 || two_lines(s));

        for (unsigned i = 0; i < CHARLCD_COLUMNS; i++) {
            text[line][i] = shown ? ascii(s->ddram[line * LINE + (s->shift + i) % LINE]) : ' ';
        }
        text[line][CHARLCD_COLUMNS] = 0;
    }
    counted_unlock(&s->dev.lock);
    return true;
}
