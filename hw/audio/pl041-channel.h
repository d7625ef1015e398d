/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel of the PL041: a FIFO in each direction, its registers and interrupts, and frames between the FIFOs and
 * the sound. All with the device's lock held. Implemented in hw/audio/pl041-channel.c.
 */
#ifndef HW_AUDIO_PL041_CHANNEL_H
#define HW_AUDIO_PL041_CHANNEL_H
#include <stdbool.h>
#include <stdint.h>

/* Registers of a channel. */
enum { CH_RXCR = 0x00, CH_TXCR = 0x04, CH_SR = 0x08, CH_ISR = 0x0c, CH_IE = 0x10 };
enum { PL041_INTS_PER_CHANNEL = 7 };
/* Samples; guests measure it. No more frames are moved at a time. */
enum { PL041_FIFO_SIZE = 512 };

typedef struct PL041Fifo {
    uint16_t data[PL041_FIFO_SIZE];
    uint32_t head, count;
} PL041Fifo;

typedef struct PL041Channel {
    PL041Fifo tx, rx;
    uint32_t txcr, rxcr, ie;
    bool underrun, overrun;
    uint8_t starved, flooded;   /* how many turns found the FIFO empty, or full, since the guest touched it */
    uint32_t quiet;             /* frames of the link that brought nothing, since something came or was read */
    bool timed_out_empty;       /* there were as many as RXCR says while the FIFO was empty */
} PL041Channel;

uint32_t pl041_channel_read(const PL041Channel *c, uint32_t offset);
void pl041_channel_write(PL041Channel *c, uint32_t offset, uint32_t value);
/* The data register. */
uint32_t pl041_channel_get(PL041Channel *c);
void pl041_channel_put(PL041Channel *c, uint32_t value);
uint32_t pl041_channel_ints(const PL041Channel *c);
/* Its requests for DMA: bits 1 << DMA_*, of directions that are enabled. */
uint32_t pl041_channel_dma(const PL041Channel *c);
/* What is in the FIFOs is lost. */
void pl041_channel_drop(PL041Channel *c);
void pl041_channel_post_load(PL041Channel *c);

/* Is it enabled for slots? */
bool pl041_channel_plays(const PL041Channel *c);
bool pl041_channel_records(const PL041Channel *c);
/* Of one that plays: take at most n frames and add them; returns how many there were. */
unsigned pl041_channel_play(PL041Channel *c, int16_t *mix, unsigned n);
/*
 * Of one that records: which of these slots it takes (bits 1 << slot); for how many frames of them it has room; give it
 * some, as far as it has; so many frames of the link have passed that had none of its slots.
 */
uint32_t pl041_channel_hears(const PL041Channel *c, uint32_t slots);
unsigned pl041_channel_room(const PL041Channel *c, uint32_t slots);
void pl041_channel_record(PL041Channel *c, uint32_t slots, const int16_t *frames, unsigned n);
void pl041_channel_quiet(PL041Channel *c, unsigned frames);
/* Which slots it sends. */
uint32_t pl041_channel_sends(const PL041Channel *c);
/* Clears of AACIINTCLR: the time-out begins anew. */
void pl041_channel_restart_timeout(PL041Channel *c);
#endif
