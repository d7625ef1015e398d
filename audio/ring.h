/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound between the machine, on the I/O thread, and a thread that serves a sound device of the host. The machine's side
 * never waits, and converts rates: frames that find no room are dropped, frames that are not there are silence. Its
 * clock and the device's are two; the ring levels them out. Implemented in audio/ring.c.
 */
#ifndef AUDIO_RING_H
#define AUDIO_RING_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AudioRing {
    pthread_mutex_t lock;       /* nothing is called with it held */
    pthread_cond_t moved;       /* frames came or went, or it ended */
    uint32_t hz;                /* constant, of the device; so is size */
    unsigned size;              /* frames */
    int16_t *frames;            /* lock, as all below that is not said to be otherwise */
    unsigned head, count;
    unsigned last_count;        /* when the device's side last looked */
    bool flowing;               /* the device gets what there is */
    bool ended;
    uint64_t phase;             /* of the conversion; I/O thread */
} AudioRing;

/* Room for so many microseconds of sound. */
void audio_ring_init(AudioRing *r, uint32_t hz, uint32_t microseconds);
void audio_ring_free(AudioRing *r);

/* The machine's side. */
void audio_ring_play(AudioRing *r, const int16_t *frames, unsigned n, uint32_t hz);
void audio_ring_record(AudioRing *r, int16_t *frames, unsigned n, uint32_t hz);

/*
 * The device's side. Take at most n frames to play. After a pause there are none until the ring is half full, or until
 * the machine gives no more: a beginning with a head start does not stutter.
 */
unsigned audio_ring_take(AudioRing *r, int16_t *frames, unsigned n);
/* Give n recorded frames; if the machine left no room for them, all that was there is old, and goes. */
void audio_ring_give(AudioRing *r, const int16_t *frames, unsigned n);
/* Wait until there is something to take, or room for n; false: the ring has ended. */
bool audio_ring_wait_sound(AudioRing *r);
bool audio_ring_wait_room(AudioRing *r, unsigned n);
/* Those who wait shall not. */
void audio_ring_end(AudioRing *r);
bool audio_ring_ended(AudioRing *r);
#endif
