/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The baseboard's serial bus (ARM DUI 0303): SCL and SDA as two bits of a register, pulled up when nobody drives them
 * low. No slave is on the bus, so nothing is acknowledged; without the pull-ups a guest would wait a second for
 * each clock edge instead. Lock: none, the register is one atomic word.
 */
#include <stdlib.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/misc/realview-i2c.h"
#include "qemu/log.h"

enum { I2C_CONTROL = 0x00, I2C_CLEAR = 0x04, I2C_SCL = 1 << 0, I2C_SDA = 1 << 1, I2C_LINES = I2C_SCL | I2C_SDA };

typedef struct RealviewI2C {
    uint32_t lines;             /* atomic: 1 = released */
} RealviewI2C;

static uint32_t i2c_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    RealviewI2C *s = opaque;

    if (offset == I2C_CONTROL) {
        return __atomic_load_n(&s->lines, __ATOMIC_RELAXED);
    }
    qemu_log_mask(LOG_GUEST_ERROR, "i2c: bad read at 0x%x\n", offset);
    return 0;
}

static void i2c_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    RealviewI2C *s = opaque;

    if (offset == I2C_CONTROL) {
        __atomic_fetch_or(&s->lines, value & I2C_LINES, __ATOMIC_RELAXED);
    } else if (offset == I2C_CLEAR) {
        __atomic_fetch_and(&s->lines, ~(value & I2C_LINES), __ATOMIC_RELAXED);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "i2c: bad write at 0x%x\n", offset);
    }
}

static const MMIOOps i2c_ops = { i2c_read, i2c_write };

static void i2c_reset(void *opaque)
{
    RealviewI2C *s = opaque;

    __atomic_store_n(&s->lines, I2C_LINES, __ATOMIC_RELAXED);
}

void realview_i2c_create(uint32_t base, const char *name)
{
    RealviewI2C *s = calloc(1, sizeof(*s));

    if (!s) {
        error_exit("out of memory");
    }
    i2c_reset(s);
    qemu_register_reset(i2c_reset, s);
    memory_add_mmio(base, 0x1000, &i2c_ops, s, name);
}
