/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LM4549 AC'97 codec (National Semiconductor; AC'97 2.1): registers, rates, and the volume of what is played. Inputs
 * and their mixer are registers without an effect: what is recorded comes as it is.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "hw/audio/lm4549.h"

enum {
    AC97_RESET = 0x00, AC97_MASTER = 0x02, AC97_LINE_LEVEL = 0x04, AC97_MONO = 0x06, AC97_BEEP = 0x0a,
    AC97_PHONE = 0x0c, AC97_MIC = 0x0e, AC97_LINE = 0x10, AC97_CD = 0x12, AC97_VIDEO = 0x14, AC97_AUX = 0x16,
    AC97_PCM = 0x18, AC97_REC_SELECT = 0x1a, AC97_REC_GAIN = 0x1c, AC97_GENERAL = 0x20, AC97_3D = 0x22,
    AC97_POWER = 0x26,
    AC97_EXT_ID = 0x28, AC97_EXT_STATUS = 0x2a, AC97_DAC_RATE = 0x2c, AC97_ADC_RATE = 0x32, AC97_ID1 = 0x7c,
    AC97_ID2 = 0x7e,
};

enum { MUTE = 1 << 15, VRA = 1 << 0, FULL_RATE = 48000, LOWEST_RATE = 4000, READY = 0x000f, PCM_0_DB = 8 };
/* AC97_POWER: what is switched off, and what is ready. */
enum {
    POWER_NO_ADC = 1 << 8, POWER_NO_DAC = 1 << 9, POWER_NO_MIXER = 1 << 10, POWER_NO_REFERENCE = 1 << 11,
    POWER_NO_LINK = 1 << 12,
    READY_ADC = 1 << 0, READY_DAC = 1 << 1, READY_MIXER = 1 << 2, READY_REFERENCE = 1 << 3,
};
enum { SLOT_LEFT = 3, SLOT_RIGHT = 4 };

/* Which bits can be written, and what is there at first; all others read 0. */
static const struct {
    uint8_t reg;
    uint16_t mask, reset;
} registers[] = {
    { AC97_RESET, 0, 0x0d50 }, { AC97_MASTER, 0x9f1f, 0x8000 }, { AC97_LINE_LEVEL, 0x9f1f, 0x8000 },
    { AC97_MONO, 0x801f, 0x8000 }, { AC97_BEEP, 0x801e, 0 }, { AC97_PHONE, 0x801f, 0x8008 },
    { AC97_MIC, 0x805f, 0x8008 }, { AC97_LINE, 0x9f1f, 0x8808 }, { AC97_CD, 0x9f1f, 0x8808 },
    { AC97_VIDEO, 0x9f1f, 0x8808 }, { AC97_AUX, 0x9f1f, 0x8808 }, { AC97_PCM, 0x9f1f, 0x8808 },
    { AC97_REC_SELECT, 0x0707, 0 }, { AC97_REC_GAIN, 0x8f0f, 0x8000 }, { AC97_GENERAL, 0xa380, 0 },
    { AC97_3D, 0x0101, 0x0101 },
    { AC97_POWER, 0xff00, READY }, { AC97_EXT_ID, 0, VRA }, { AC97_EXT_STATUS, VRA, 0 },
    { AC97_DAC_RATE, 0xffff, FULL_RATE }, { AC97_ADC_RATE, 0xffff, FULL_RATE }, { AC97_ID1, 0, 0x4e53 },
    { AC97_ID2, 0, 0x4331 },
};
enum { NUM_REGISTERS = sizeof(registers) / sizeof(registers[0]) };

void lm4549_reset(LM4549 *c)
{
    memset(c, 0, sizeof(*c));
    for (unsigned i = 0; i < NUM_REGISTERS; i++) {
        c->regs[registers[i].reg / 2] = registers[i].reset;
    }
}

/* The register of power: what was switched off is not ready, and what hangs on it neither. */
static uint16_t power(uint16_t off)
{
    uint16_t ready = READY;

    ready &= (uint16_t)~(off & (POWER_NO_ADC | POWER_NO_REFERENCE) ? READY_ADC : 0);
    ready &= (uint16_t)~(off & (POWER_NO_DAC | POWER_NO_REFERENCE) ? READY_DAC : 0);
    ready &= (uint16_t)~(off & (POWER_NO_MIXER | POWER_NO_REFERENCE) ? READY_MIXER : 0);
    ready &= (uint16_t)~(off & POWER_NO_REFERENCE ? READY_REFERENCE : 0);
    return (uint16_t)((off & ~READY) | ready);
}

uint16_t lm4549_read(const LM4549 *c, unsigned reg)
{
    const uint16_t v = c->regs[reg / 2 % LM4549_REGISTERS];

    return reg == AC97_POWER ? power(v) : v;
}

uint32_t lm4549_sends(const LM4549 *c)
{
    const uint16_t now = lm4549_read(c, AC97_POWER);

    return (now & READY_ADC) && !(now & POWER_NO_LINK) ? 1u << SLOT_LEFT | 1u << SLOT_RIGHT : 0;
}

static bool is_rate(unsigned reg)
{
    return reg == AC97_DAC_RATE || reg == AC97_ADC_RATE;
}

void lm4549_write(LM4549 *c, unsigned reg, uint16_t value)
{
    if (reg == AC97_RESET) {
        lm4549_reset(c);
        return;
    }
    if (is_rate(reg)) {                 /* rates are those of 48 kHz unless the guest has asked for variable ones */
        value = !(c->regs[AC97_EXT_STATUS / 2] & VRA) || value > FULL_RATE ? FULL_RATE :
                value < LOWEST_RATE ? LOWEST_RATE : value;
    }
    for (unsigned i = 0; i < NUM_REGISTERS; i++) {
        if (registers[i].reg == reg) {
            uint16_t *r = &c->regs[reg / 2];

            *r = (uint16_t)((value & registers[i].mask) | (*r & ~registers[i].mask));
        }
    }
    if (reg == AC97_EXT_STATUS && !(value & VRA)) {
        c->regs[AC97_DAC_RATE / 2] = c->regs[AC97_ADC_RATE / 2] = FULL_RATE;
    }
}

static uint32_t rate(uint16_t value)
{
    return value < LOWEST_RATE || value > FULL_RATE ? FULL_RATE : value;
}

uint32_t lm4549_play_hz(const LM4549 *c)
{
    return rate(c->regs[AC97_DAC_RATE / 2]);
}

uint32_t lm4549_record_hz(const LM4549 *c)
{
    return rate(c->regs[AC97_ADC_RATE / 2]);
}

/* Of one side, 0 left: both registers have 1.5 dB a step; 8 is 0 dB in that of PCM. */
static double gain(const LM4549 *c, unsigned side)
{
    uint16_t pcm = c->regs[AC97_PCM / 2], master = c->regs[AC97_MASTER / 2];
    int shift = side ? 0 : 8, steps = (pcm >> shift & 0x1f) - PCM_0_DB + (master >> shift & 0x1f);

    return (pcm | master) & MUTE ? 0 : steps ? pow(10, -1.5 * steps / 20) : 1;
}

void lm4549_volume(const LM4549 *c, int16_t *frames, unsigned n)
{
    const double gains[2] = { gain(c, 0), gain(c, 1) };

    for (unsigned i = 0; i < 2 * n; i++) {
        double v = frames[i] * gains[i & 1];

        frames[i] = (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
    }
}
