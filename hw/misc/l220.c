/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * L220 level 2 cache controller (ARM DDI 0329): the registers of a cache that never holds anything stale. Maintenance
 * is over when the write returns, so the operation registers, which guests poll, read as 0; the event counters do not
 * count and no interrupt is ever raised. Lock: the device's own, for the register file.
 */
#include "hw/device.h"
#include "hw/misc/l220.h"
#include "hw/word-register.h"
#include "qemu/log.h"

typedef enum L220Kind {
    L220_CONST,                 /* reads as its reset value */
    L220_RW,                    /* bits in mask are writable */
    L220_OP,                    /* done at once, reads as 0 */
} L220Kind;

typedef struct L220Reg {
    uint16_t offset;
    L220Kind kind;
    uint32_t reset, mask;
} L220Reg;

static const L220Reg l220_regs[] = {
    { 0x000, L220_CONST, 0x41000086, 0 },           /* cache ID: L220 r1p7 */
    { 0x004, L220_CONST, 0x1c100100, 0 },           /* cache type: unified, 8 ways, 32-byte lines */
    { 0x100, L220_RW, 0, 1 },                       /* control */
    { 0x104, L220_RW, 0x02020000, UINT32_MAX },     /* auxiliary control */
    { 0x200, L220_RW, 0, 1 },                       /* event counter control */
    { 0x204, L220_RW, 0, 0x3f },                    /* event counter 1 configuration */
    { 0x208, L220_RW, 0, 0x3f },                    /* event counter 0 configuration */
    { 0x20c, L220_RW, 0, UINT32_MAX },              /* event counter 1 value */
    { 0x210, L220_RW, 0, UINT32_MAX },              /* event counter 0 value */
    { 0x214, L220_RW, 0, 0x1ff },                   /* interrupt mask */
    { 0x218, L220_CONST, 0, 0 },                    /* masked interrupt status */
    { 0x21c, L220_CONST, 0, 0 },                    /* raw interrupt status */
    { 0x220, L220_OP, 0, 0 },                       /* interrupt clear */
    { 0x730, L220_OP, 0, 0 },                       /* cache sync */
    { 0x770, L220_OP, 0, 0 },                       /* invalidate line by PA */
    { 0x77c, L220_OP, 0, 0 },                       /* invalidate by way */
    { 0x7b0, L220_OP, 0, 0 },                       /* clean line by PA */
    { 0x7b8, L220_OP, 0, 0 },                       /* clean line by index and way */
    { 0x7bc, L220_OP, 0, 0 },                       /* clean by way */
    { 0x7f0, L220_OP, 0, 0 },                       /* clean and invalidate line by PA */
    { 0x7f8, L220_OP, 0, 0 },                       /* clean and invalidate line by index and way */
    { 0x7fc, L220_OP, 0, 0 },                       /* clean and invalidate by way */
    { 0x900, L220_RW, 0, 0xff },                    /* data lockdown by way */
    { 0x904, L220_RW, 0, 0xff },                    /* instruction lockdown by way */
    { 0xf40, L220_RW, 0, 0x3 },                     /* debug control */
};
enum { L220_NUM_REGS = sizeof(l220_regs) / sizeof(l220_regs[0]) };

typedef struct L220State {
    Device dev;                 /* its lock: registers */
    uint32_t value[L220_NUM_REGS];  /* lock */
} L220State;

/* Index in l220_regs, or -1. */
static int l220_find(uint32_t offset)
{
    for (int i = 0; i < L220_NUM_REGS; i++) {
        if (l220_regs[i].offset == offset) {
            return i;
        }
    }
    return -1;
}

static uint32_t l220_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    L220State *s = opaque;
    int i = word_register_reads(offset, size) ? l220_find(offset & ~3u) : -1;

    if (i < 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "l220: bad read at 0x%x, %u bytes\n", offset, size);
        return 0;
    }
    counted_lock(&s->dev.lock);
    uint32_t v = s->value[i];
    counted_unlock(&s->dev.lock);
    return word_register_part(v, offset, size);
}

static void l220_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    L220State *s = opaque;
    int i = word_register_writes(offset) ? l220_find(offset) : -1;

    if (i < 0 || l220_regs[i].kind == L220_CONST) {
        qemu_log_mask(LOG_GUEST_ERROR, "l220: bad write at 0x%x, %u bytes\n", offset, size);
    } else if (l220_regs[i].kind == L220_RW) {
        counted_lock(&s->dev.lock);
        s->value[i] = value & l220_regs[i].mask;
        counted_unlock(&s->dev.lock);
    }
}

static const MMIOOps l220_ops = { l220_read, l220_write };

static void l220_reset(void *opaque)
{
    L220State *s = opaque;

    counted_lock(&s->dev.lock);
    for (int i = 0; i < L220_NUM_REGS; i++) {
        s->value[i] = l220_regs[i].reset;
    }
    counted_unlock(&s->dev.lock);
}

static const DeviceField l220_fields[] = {
    DEVICE_ARRAY(L220State, value),
    { 0 },
};

static const MMIORegister l220_registers[] = {
    { 0x000, "ID" }, { 0x004, "TYPE" }, { 0x100, "CONTROL" }, { 0x104, "AUX_CONTROL" }, { 0x730, "SYNC" },
    { 0x770, "INV_LINE" }, { 0x77c, "INV_WAY" }, { 0x7b0, "CLEAN_LINE" }, { 0x7bc, "CLEAN_WAY" },
    { 0x7f0, "CLEAN_INV_LINE" }, { 0x7fc, "CLEAN_INV_WAY" },
    { 0 },
};

static const DeviceClass l220_class = {
    .name = "l220",
    .state_size = sizeof(L220State),
    .version = 1,
    .fields = l220_fields,
    .registers = l220_registers,
    .reset = l220_reset,
};

void l220_create(uint32_t base, const char *name)
{
    L220State *s = device_new(&l220_class, name);

    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &l220_ops);
}
