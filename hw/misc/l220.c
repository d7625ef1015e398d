/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * L220 level 2 cache controller (ARM DDI 0329): the registers of a cache that never holds anything stale. Maintenance
 * is over when the write returns, so the operation registers, which guests poll, read as 0; the event counters do not
 * count and no interrupt is ever raised. Lock: the device's own, for the register file.
 */
#include <stdlib.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/misc/l220.h"
#include "qemu/lock.h"
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
    CountedLock lock;
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
    int i = size == 4 ? l220_find(offset) : -1;

    if (i < 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "l220: bad read at 0x%x, %u bytes\n", offset, size);
        return 0;
    }
    counted_lock(&s->lock);
    uint32_t v = s->value[i];
    counted_unlock(&s->lock);
    return v;
}

static void l220_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    L220State *s = opaque;
    int i = size == 4 ? l220_find(offset) : -1;

    if (i < 0 || l220_regs[i].kind == L220_CONST) {
        qemu_log_mask(LOG_GUEST_ERROR, "l220: bad write at 0x%x, %u bytes\n", offset, size);
    } else if (l220_regs[i].kind == L220_RW) {
        counted_lock(&s->lock);
        s->value[i] = value & l220_regs[i].mask;
        counted_unlock(&s->lock);
    }
}

static const MMIOOps l220_ops = { l220_read, l220_write };

static void l220_reset(void *opaque)
{
    L220State *s = opaque;

    counted_lock(&s->lock);
    for (int i = 0; i < L220_NUM_REGS; i++) {
        s->value[i] = l220_regs[i].reset;
    }
    counted_unlock(&s->lock);
}

void l220_create(uint32_t base, const char *name)
{
    L220State *s = calloc(1, sizeof(*s));

    if (!s) {
        error_exit("out of memory");
    }
    counted_lock_init(&s->lock, name, false);
    l220_reset(s);
    qemu_register_reset(l220_reset, s);
    memory_add_mmio(base, 0x1000, &l220_ops, s, name);
}
