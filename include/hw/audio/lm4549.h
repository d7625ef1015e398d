/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LM4549 codec behind an AC'97 link: its registers. The controller calls with its own lock held. */
#ifndef HW_AUDIO_LM4549_H
#define HW_AUDIO_LM4549_H
#include <stdint.h>

enum { LM4549_REGISTERS = 64 };
/* By the register's number halved; part of the controller's saved state. */
typedef struct LM4549 {
    uint16_t regs[LM4549_REGISTERS];
} LM4549;

void lm4549_reset(LM4549 *c);
/* reg: 0 to 0x7e, even. */
uint16_t lm4549_read(const LM4549 *c, unsigned reg);
void lm4549_write(LM4549 *c, unsigned reg, uint16_t value);
/* Frames a second that it plays and records. */
uint32_t lm4549_play_hz(const LM4549 *c);
uint32_t lm4549_record_hz(const LM4549 *c);
/* Slots of the link (bits 1 << slot) in which it sends what it records. */
uint32_t lm4549_sends(const LM4549 *c);
/* What comes out of a played frame: its volume, by the PCM and the master registers, in place. */
void lm4549_volume(const LM4549 *c, int16_t *frames, unsigned n);
#endif
