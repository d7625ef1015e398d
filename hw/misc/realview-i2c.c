/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The baseboard's serial bus (ARM DUI 0303): SCL and SDA as two bits of a register. The lines are open-drain: the CPU
 * pulls them low or releases them, and SDA reads low if the slave pulls it.
 *
 * The bus follows the master's edges. With SCL high, SDA falling is a start and SDA rising a stop; otherwise a bit is
 * taken when SCL rises and the slave's next level of SDA is put out when SCL falls, so that it is stable while SCL is
 * high. A byte is eight bits and an acknowledge from its receiver. Lock: the device's own, also around the slave's
 * callbacks.
 */
#include <stdbool.h>
#include "hw/device.h"
#include "hw/misc/realview-i2c.h"
#include "qemu/log.h"

enum { I2C_CONTROL = 0x00, I2C_CLEAR = 0x04, I2C_SCL = 1 << 0, I2C_SDA = 1 << 1, I2C_LINES = I2C_SCL | I2C_SDA };

typedef enum I2CState {
    I2C_IDLE,                   /* no transfer, or not with our slave */
    I2C_ADDRESS,                /* the master sends the address and direction */
    I2C_TO_SLAVE,               /* the master sends data */
    I2C_FROM_SLAVE,             /* the slave sends data */
} I2CState;

typedef struct RealviewI2C {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t lines;             /* released by the master: 1 */
    bool slave_low;             /* the slave pulls SDA */
    I2CState state;
    unsigned bit;               /* bits of the byte that have passed; 8: the acknowledge is next, 9: it has passed */
    uint8_t byte;
    bool selected;              /* between the slave's start and stop */
    const I2CSlave *slave;      /* constant */
} RealviewI2C;

/* ---- all with the lock held ---- */

static void i2c_end(RealviewI2C *s)
{
    if (s->selected) {
        s->selected = false;
        s->slave->stop(s->slave->opaque);
    }
    s->state = I2C_IDLE;
    s->slave_low = false;
}

static void i2c_begin(RealviewI2C *s)
{
    i2c_end(s);
    s->state = I2C_ADDRESS;
    s->bit = 0;
    s->byte = 0;
}

/* SCL rises: the receiver takes a bit. */
static void i2c_take_bit(RealviewI2C *s, bool sda)
{
    if (s->state == I2C_IDLE) {
        return;
    }
    if (s->bit < 8 && s->state != I2C_FROM_SLAVE) {
        s->byte = (uint8_t)(s->byte << 1 | sda);
    } else if (s->bit == 8 && s->state == I2C_FROM_SLAVE && sda) {
        s->state = I2C_IDLE;    /* the master wants no more */
    }
    s->bit++;
}

/* A whole byte has arrived from the master; true: acknowledge it. */
static bool i2c_byte_arrived(RealviewI2C *s)
{
    if (s->state == I2C_TO_SLAVE) {
        s->slave->write(s->slave->opaque, s->byte);
        return true;
    }
    if (!s->slave || s->byte >> 1 != s->slave->address) {
        s->state = I2C_IDLE;
        return false;
    }
    s->selected = true;
    s->slave->start(s->slave->opaque);
    return true;
}

/* The acknowledge is over: what comes next. */
static void i2c_next_byte(RealviewI2C *s)
{
    if (s->state == I2C_ADDRESS) {
        s->state = s->byte & 1 ? I2C_FROM_SLAVE : I2C_TO_SLAVE;
    }
    s->byte = s->state == I2C_FROM_SLAVE ? s->slave->read(s->slave->opaque) : 0;
    s->bit = 0;
}

/* SCL falls: the slave puts out its level for the next high phase. */
static void i2c_put_bit(RealviewI2C *s)
{
    if (s->state != I2C_IDLE && s->bit == 9) {
        i2c_next_byte(s);
    }
    if (s->state == I2C_IDLE) {
        s->slave_low = false;
    } else if (s->state == I2C_FROM_SLAVE) {
        s->slave_low = s->bit < 8 && !(s->byte >> (7 - s->bit) & 1);
    } else {
        s->slave_low = s->bit == 8 && i2c_byte_arrived(s);
    }
}

static void i2c_set_lines(RealviewI2C *s, uint32_t lines)
{
    uint32_t old = s->lines, changed = old ^ lines;

    s->lines = lines;
    /* If both change in one write, data settle while the clock is low. */
    if ((changed & I2C_SCL) && !(lines & I2C_SCL)) {
        i2c_put_bit(s);
    } else if (changed & I2C_SCL) {
        i2c_take_bit(s, lines & I2C_SDA);
    } else if ((changed & I2C_SDA) && (lines & I2C_SCL)) {
        if (lines & I2C_SDA) {
            i2c_end(s);
        } else {
            i2c_begin(s);
        }
    }
}

/* ---- the guest's side ---- */

static uint32_t i2c_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    RealviewI2C *s = opaque;

    if (offset != I2C_CONTROL) {
        qemu_log_mask(LOG_GUEST_ERROR, "i2c: bad read at 0x%x\n", offset);
        return 0;
    }
    counted_lock(&s->dev.lock);
    uint32_t v = s->slave_low ? s->lines & ~(uint32_t)I2C_SDA : s->lines;
    counted_unlock(&s->dev.lock);
    return v;
}

static void i2c_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    RealviewI2C *s = opaque;

    if (offset != I2C_CONTROL && offset != I2C_CLEAR) {
        qemu_log_mask(LOG_GUEST_ERROR, "i2c: bad write at 0x%x\n", offset);
        return;
    }
    counted_lock(&s->dev.lock);
    i2c_set_lines(s, offset == I2C_CONTROL ? s->lines | (value & I2C_LINES) : s->lines & ~value);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps i2c_ops = { i2c_read, i2c_write };

static void i2c_reset(void *opaque)
{
    RealviewI2C *s = opaque;

    counted_lock(&s->dev.lock);
    i2c_end(s);
    s->lines = I2C_LINES;
    counted_unlock(&s->dev.lock);
}

static void realview_i2c_post_load(void *opaque)
{
    RealviewI2C *s = opaque;

    if (!s->slave || s->state > I2C_FROM_SLAVE) {
        s->state = I2C_IDLE;
        s->selected = false;
    }
}

static const DeviceField realview_i2c_fields[] = {
    DEVICE_FIELD(RealviewI2C, lines), DEVICE_FIELD(RealviewI2C, slave_low), DEVICE_FIELD(RealviewI2C, state),
    DEVICE_FIELD(RealviewI2C, bit), DEVICE_FIELD(RealviewI2C, byte), DEVICE_FIELD(RealviewI2C, selected),
    { 0 },
};

static const MMIORegister realview_i2c_registers[] = {
    { I2C_CONTROL, "CONTROL" }, { I2C_CLEAR, "CLEAR" },
    { 0 },
};

static const DeviceClass realview_i2c_class = {
    .name = "realview_i2c",
    .state_size = sizeof(RealviewI2C),
    .version = 1,
    .fields = realview_i2c_fields,
    .node = { .name = "i2c", .compatible = { "arm,versatile-i2c" } },
    .registers = realview_i2c_registers,
    .reset = i2c_reset,
    .post_load = realview_i2c_post_load,
};

void realview_i2c_create(uint32_t base, const char *name, const I2CSlave *slave)
{
    RealviewI2C *s = device_new(&realview_i2c_class, name);

    s->slave = slave;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &i2c_ops);
}
