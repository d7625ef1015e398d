/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound by ALSA's library, which is loaded when it is wanted. Each direction has a thread, for the card's calls may
 * wait. The one that records begins, and opens its card, when the guest first wants to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <alsa/asoundlib.h>
#include <glib.h>
#include "audio/driver.h"
#include "audio/ring.h"
#include "qemu/log.h"

/* CHUNK: frames that are moved at a time. */
enum { CHUNK = 256, WAIT_MS = 100, LOOK_AGAIN_US = 5000 };

#define LIBRARY_TABLE snd
#define LIBRARY_PREFIX snd_
#define LIBRARY_FUNCTIONS(X) \
    X(lib_error_set_handler) X(pcm_close) X(pcm_open) X(pcm_readi) X(pcm_recover) X(pcm_set_params) X(pcm_sw_params) \
    X(pcm_sw_params_current) X(pcm_sw_params_set_start_threshold) X(pcm_sw_params_sizeof) X(pcm_wait) X(pcm_writei) \
    X(strerror)
#include "qemu/library-table.h"

typedef struct Direction {
    AudioRing ring;
    const char *name;           /* of the card; constant */
    uint32_t buffer_us;         /* constant */
    snd_pcm_t *pcm;             /* of the thread, once that is there */
    GThread *thread;
} Direction;

typedef struct AlsaAudio {
    Direction out, in;
} AlsaAudio;

/* Errors are told by return values; the library would print them as well. */
static void say_nothing(const char *file, int line, const char *function, int error, const char *format, ...)
{
}

/* The card begins with the first frame: the ring sees to a head start. Negative: an error's number. */
static int start_at_once(snd_pcm_t *pcm)
{
    snd_pcm_sw_params_t *sw = g_malloc0(snd.pcm_sw_params_sizeof());
    int error = snd.pcm_sw_params_current(pcm, sw);

    error = error < 0 ? error : snd.pcm_sw_params_set_start_threshold(pcm, sw, 1);
    error = error < 0 ? error : snd.pcm_sw_params(pcm, sw);
    g_free(sw);
    return error;
}

static int open_card(Direction *d, snd_pcm_stream_t stream)
{
    int error = snd.pcm_open(&d->pcm, d->name, stream, SND_PCM_NONBLOCK);

    if (error < 0) {
        d->pcm = NULL;
        return error;
    }
    error = snd.pcm_set_params(d->pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 2, d->ring.hz, 1,
                               d->buffer_us);
    return error < 0 ? error : start_at_once(d->pcm);
}

/* What a call came back with. False: there is no going on with this card. */
static bool go_on(Direction *d, snd_pcm_sframes_t result)
{
    int error = (int)result;

    if (result >= 0) {
        return true;
    }
    if (error == -EAGAIN) {
        snd.pcm_wait(d->pcm, WAIT_MS);
        return true;
    }
    error = snd.pcm_recover(d->pcm, error, 1);
    if (error < 0) {
        warn_report("-audiodev alsa: '%s' is silent from now on: %s", d->name, snd.strerror(error));
    }
    return error >= 0;
}

static gpointer play(gpointer opaque)
{
    Direction *d = opaque;
    int16_t frames[2 * CHUNK];
    bool good = true;

    while (good && audio_ring_wait_sound(&d->ring)) {
        unsigned n = audio_ring_take(&d->ring, frames, CHUNK);

        if (!n) {
            g_usleep(LOOK_AGAIN_US);
        }
        for (unsigned done = 0; good && done < n && !audio_ring_ended(&d->ring); ) {
            snd_pcm_sframes_t did = snd.pcm_writei(d->pcm, frames + 2 * done, n - done);

            done += did > 0 ? (unsigned)did : 0;
            good = go_on(d, did);
        }
    }
    return NULL;
}

static gpointer record(gpointer opaque)
{
    Direction *d = opaque;
    int16_t frames[2 * CHUNK];
    int error = open_card(d, SND_PCM_STREAM_CAPTURE);
    bool good = error >= 0;

    if (!good) {
        warn_report("-audiodev alsa: silence is recorded: '%s': %s", d->name, snd.strerror(error));
    }
    while (good && audio_ring_wait_room(&d->ring, CHUNK)) {
        snd_pcm_sframes_t n = snd.pcm_readi(d->pcm, frames, CHUNK);

        if (n > 0) {
            audio_ring_give(&d->ring, frames, (unsigned)n);
        }
        good = go_on(d, n);
    }
    return NULL;
}

static void direction_init(Direction *d, const AudioStream *c)
{
    d->name = c->dev ? c->dev : "default";
    d->buffer_us = c->buffer_us;
    audio_ring_init(&d->ring, c->hz, c->buffer_us);
}

static void direction_end(Direction *d)
{
    audio_ring_end(&d->ring);
    if (d->thread) {
        g_thread_join(d->thread);
    }
    if (d->pcm) {
        snd.pcm_close(d->pcm);
    }
    audio_ring_free(&d->ring);
}

static void close_alsa(void *opaque)
{
    AlsaAudio *a = opaque;

    direction_end(&a->out);
    direction_end(&a->in);
    g_free(a);
}

static void *open_alsa(const AudioConfig *c, char **problem)
{
    AlsaAudio *a;
    int error;

    *problem = library_load("libasound.so.2", snd_functions);
    if (*problem) {
        return NULL;
    }
    snd.lib_error_set_handler(say_nothing);
    a = g_new0(AlsaAudio, 1);
    direction_init(&a->out, &c->out);
    direction_init(&a->in, &c->in);
    error = open_card(&a->out, SND_PCM_STREAM_PLAYBACK);
    if (error < 0) {
        *problem = g_strdup_printf("sound card '%s': %s", a->out.name, snd.strerror(error));
        close_alsa(a);
        return NULL;
    }
    a->out.thread = g_thread_new("sound", play, &a->out);
    return a;
}

static void play_alsa(void *opaque, const int16_t *frames, unsigned n, uint32_t hz)
{
    AlsaAudio *a = opaque;

    audio_ring_play(&a->out.ring, frames, n, hz);
}

static void record_alsa(void *opaque, int16_t *frames, unsigned n, uint32_t hz)
{
    AlsaAudio *a = opaque;

    if (!a->in.thread) {
        a->in.thread = g_thread_new("sound", record, &a->in);
    }
    audio_ring_record(&a->in.ring, frames, n, hz);
}

const AudioDriver audio_alsa = { "alsa", open_alsa, play_alsa, record_alsa, close_alsa };
