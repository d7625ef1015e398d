/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's sound devices of the host, and captures of what they play. See include/audio/audio.h.
 *
 * A device is a driver's: "none", which nobody hears, or "wav", a file. What is recorded is a WAV file, once, then
 * silence, whatever the driver.
 */
#include <errno.h>
#include <string.h>
#include <glib.h>
#include "audio/audio.h"
#include "audio/wav.h"
#include "qemu/log.h"

enum { DEFAULT_HZ = 44100, MAX_CAPTURES = 32 };

struct AudioDev {
    AudioConfig config;
    WavWriter *wav;             /* NULL: none */
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

bool audio_has_driver(const char *name)
{
    return !strcmp(name, "none") || !strcmp(name, "wav");
}

AudioDev *audio_open(const AudioConfig *c)
{
    AudioDev *d = g_new0(AudioDev, 1);
    const char *path = c->path ? c->path : "qemu.wav";
    char *problem;

    d->config = *c;
    if (!strcmp(c->driver, "wav")) {
        d->wav = wav_create(path, c->hz ? c->hz : DEFAULT_HZ);
        if (!d->wav) {
            error_exit("-audiodev wav: %s: %s", path, strerror(errno));
        }
    }
    if (c->input) {
        d->input = wav_load(c->input, &d->input_frames, &d->input_hz, &problem);
        if (!d->input) {
            error_exit("-audiodev %s: %s", c->driver, problem);
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
    if (d->wav) {
        wav_write(d->wav, frames, n, hz);
    }
    for (unsigned i = 0; i < num_captures; i++) {
        if (captures[i].dev == d) {
            wav_write(captures[i].wav, frames, n, hz);
        }
    }
}

void audio_read(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz)
{
    memset(frames, 0, n * 2 * sizeof(*frames));
    for (unsigned i = 0; d && i < n && d->input_at < d->input_frames; i++) {
        memcpy(frames + 2 * i, d->input + 2 * d->input_at, 2 * sizeof(*frames));
        for (d->input_phase += d->input_hz; d->input_phase >= hz; d->input_phase -= hz) {
            d->input_at++;
        }
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
        if (d->wav) {
            wav_close(d->wav);
            d->wav = NULL;
        }
    }
}
