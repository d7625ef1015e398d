/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See audio/ring.h. */
#include <string.h>
#include <glib.h>
#include "audio/ring.h"

enum { MICROSECONDS = 1000000 };

void audio_ring_init(AudioRing *r, uint32_t hz, uint32_t microseconds)
{
    memset(r, 0, sizeof(*r));
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->moved, NULL);
    r->hz = hz;
    r->size = (unsigned)((uint64_t)hz * microseconds / MICROSECONDS) + 1;
    r->frames = g_new0(int16_t, 2 * r->size);
}

void audio_ring_free(AudioRing *r)
{
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->moved);
    g_free(r->frames);
}

/* Lock held, and there is room. */
static void put(AudioRing *r, const int16_t *frame)
{
    memcpy(r->frames + 2 * ((r->head + r->count++) % r->size), frame, 2 * sizeof(*frame));
}

/* Lock held, and there is one. */
static void drop(AudioRing *r)
{
    r->head = (r->head + 1) % r->size;
    r->count--;
}

void audio_ring_play(AudioRing *r, const int16_t *frames, unsigned n, uint32_t hz)
{
    pthread_mutex_lock(&r->lock);
    for (unsigned i = 0; i < n; i++) {
        for (r->phase += r->hz; r->phase >= hz; r->phase -= hz) {
            if (r->count < r->size) {
                put(r, frames + 2 * i);
            }
        }
    }
    pthread_cond_signal(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

void audio_ring_record(AudioRing *r, int16_t *frames, unsigned n, uint32_t hz)
{
    memset(frames, 0, n * 2 * sizeof(*frames));
    pthread_mutex_lock(&r->lock);
    for (unsigned i = 0; i < n && r->count; i++) {
        memcpy(frames + 2 * i, r->frames + 2 * r->head, 2 * sizeof(*frames));
        for (r->phase += r->hz; r->phase >= hz; r->phase -= hz) {
            if (r->count) {
                drop(r);
            }
        }
    }
    pthread_cond_signal(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

unsigned audio_ring_take(AudioRing *r, int16_t *frames, unsigned n)
{
    unsigned taken = 0;

    pthread_mutex_lock(&r->lock);
    r->flowing |= r->count && (2 * r->count >= r->size || r->count == r->last_count);
    while (r->flowing && r->count && taken < n) {
        memcpy(frames + 2 * taken++, r->frames + 2 * r->head, 2 * sizeof(*frames));
        drop(r);
    }
    r->flowing &= taken == n;
    r->last_count = r->count;
    pthread_mutex_unlock(&r->lock);
    return taken;
}

void audio_ring_give(AudioRing *r, const int16_t *frames, unsigned n)
{
    pthread_mutex_lock(&r->lock);
    if (r->count + n > r->size) {
        r->count = 0;
    }
    for (unsigned i = 0; i < n && r->count < r->size; i++) {
        put(r, frames + 2 * i);
    }
    pthread_mutex_unlock(&r->lock);
}

bool audio_ring_wait_sound(AudioRing *r)
{
    bool ended;

    pthread_mutex_lock(&r->lock);
    while (!r->count && !r->ended) {
        pthread_cond_wait(&r->moved, &r->lock);
    }
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    return !ended;
}

bool audio_ring_wait_room(AudioRing *r, unsigned n)
{
    bool ended;

    pthread_mutex_lock(&r->lock);
    while (r->size - r->count < n && !r->ended) {
        pthread_cond_wait(&r->moved, &r->lock);
    }
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    return !ended;
}

void audio_ring_end(AudioRing *r)
{
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    pthread_cond_signal(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

bool audio_ring_ended(AudioRing *r)
{
    bool ended;

    pthread_mutex_lock(&r->lock);
    ended = r->ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}
