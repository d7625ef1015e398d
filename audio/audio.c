/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's sound devices of the host, and captures of what they play. See include/audio/audio.h.
 *
 * A device is a driver's (audio/driver.h): a file, a library's, or "none", which nobody hears. What is recorded is the
 * driver's, or a WAV file, once, then silence.
 */
#include <errno.h>
#include <string.h>
#include <glib.h>
#include "audio/audio.h"
#include "audio/driver.h"
#include "audio/wav.h"
#include "qemu/log.h"
#include "qemu/replay.h"

enum { FILE_HZ = 44100, CARD_HZ = 48000, BUFFER_US = 100000, MAX_CAPTURES = 32 };

struct AudioDev {
    AudioConfig config;
    const AudioDriver *driver;
    void *opaque;               /* the driver's */
    int16_t *input;             /* NULL: none */
    size_t input_frames, input_at;
    uint32_t input_hz;
    uint64_t input_phase;
    AudioDev *next;
};

typedef struct Capture {
    AudioDev *dev;
    WavWriter *wav;
    char *path;
    uint32_t hz;
} Capture;

/* All of the I/O thread. */
static AudioDev *devs, **last_dev = &devs;
static Capture captures[MAX_CAPTURES];
static unsigned num_captures, captures_begun;

static const AudioDriver none = { .name = "none" };
static const AudioDriver *const drivers[] = {
    &none, &audio_wav,
#ifdef CONFIG_SDL
    &audio_sdl,
#endif
#ifdef CONFIG_ALSA
    &audio_alsa,
#endif
};

static const AudioDriver *find_driver(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (!strcmp(drivers[i]->name, name)) {
            return drivers[i];
        }
    }
    return NULL;
}

bool audio_has_driver(const char *name)
{
    return find_driver(name);
}

static void usual_values(AudioStream *s, bool is_file)
{
    s->hz = s->hz ? s->hz : is_file ? FILE_HZ : CARD_HZ;
    s->buffer_us = s->buffer_us ? s->buffer_us : BUFFER_US;
}

AudioDev *audio_open(const AudioConfig *c)
{
    AudioDev *d = g_new0(AudioDev, 1);
    char *problem = NULL;

    d->config = *c;
    d->driver = find_driver(c->driver);
    usual_values(&d->config.out, d->driver == &audio_wav);
    usual_values(&d->config.in, d->driver == &audio_wav);
    if (d->driver->open) {
        d->opaque = d->driver->open(&d->config, &problem);
        if (!d->opaque) {
            error_exit("%s: %s", c->said, problem);
        }
    }
    if (c->input) {
        d->input = wav_load(c->input, &d->input_frames, &d->input_hz, &problem);
        if (!d->input) {
            error_exit("%s: %s", c->said, problem);
        }
    }
    *last_dev = d;
    last_dev = &d->next;
    return d;
}

AudioDev *audio_find(const char *id)
{
    AudioDev *d = devs;

    while (d && id && strcmp(d->config.id, id)) {
        d = d->next;
    }
    return d;
}

void audio_write(AudioDev *d, const int16_t *frames, unsigned n, uint32_t hz)
{
    if (!d) {
        return;
    }
    if (d->driver->play) {
        d->driver->play(d->opaque, frames, n, hz);
    }
    for (unsigned i = 0; i < num_captures; i++) {
        if (captures[i].dev == d) {
            wav_write(captures[i].wav, frames, n, hz);
        }
    }
}

/* What is left of the input file, then silence. */
static void read_input(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz)
{
    memset(frames, 0, n * 2 * sizeof(*frames));
    for (unsigned i = 0; i < n && d->input_at < d->input_frames; i++) {
        memcpy(frames + 2 * i, d->input + 2 * d->input_at, 2 * sizeof(*frames));
        for (d->input_phase += d->input_hz; d->input_phase >= hz; d->input_phase -= hz) {
            d->input_at++;
        }
    }
}

void audio_read(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz)
{
    if (d && d->input) {
        read_input(d, frames, n, hz);
    } else if (d && d->driver->record && replay_mode == REPLAY_NONE) {
        d->driver->record(d->opaque, frames, n, hz);
    } else {
        memset(frames, 0, n * 2 * sizeof(*frames));
    }
}

/* ---- captures ---- */

char *audio_capture_start(AudioDev *d, const char *path, uint32_t hz)
{
    WavWriter *wav;

    /* A capture's descriptor stays open (audio/wav.c). */
    if (captures_begun == MAX_CAPTURES) {
        return g_strdup_printf("there have been %d captures, which are all there can be", MAX_CAPTURES);
    }
    wav = wav_create(path, hz);
    if (!wav) {
        return g_strdup_printf("%s: %s", path, strerror(errno));
    }
    captures_begun++;
    captures[num_captures++] = (Capture) { d, wav, g_strdup(path), hz };
    return NULL;
}

bool audio_capture_stop(unsigned n)
{
    if (n >= num_captures) {
        return false;
    }
    wav_close(captures[n].wav);
    g_free(captures[n].path);
    num_captures--;
    memmove(&captures[n], &captures[n + 1], (num_captures - n) * sizeof(captures[0]));
    return true;
}

bool audio_capture_info(unsigned n, const char **path, uint32_t *hz, uint64_t *bytes)
{
    if (n >= num_captures) {
        return false;
    }
    *path = captures[n].path;
    *hz = captures[n].hz;
    *bytes = wav_bytes(captures[n].wav);
    return true;
}

void audio_close_all(void)
{
    while (audio_capture_stop(0)) {
    }
    for (AudioDev *d = devs; d; d = d->next) {
        if (d->driver->close) {
            d->driver->close(d->opaque);
        }
        d->driver = &none;
    }
}
