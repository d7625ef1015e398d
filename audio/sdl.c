/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound by SDL 2, which is loaded when it is wanted. SDL has a thread per direction, which calls play() and record().
 * The direction that records is opened when the guest first wants to, by a thread of its own: the host may take long,
 * and ask its user.
 */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <SDL.h>
#include "audio/driver.h"
#include "audio/ring.h"
#include "qemu/log.h"

enum { SAMPLES_MIN = 64, SAMPLES_MAX = 2048 };

#define LIBRARY_TABLE sdl
#define LIBRARY_PREFIX SDL_
#define LIBRARY_FUNCTIONS(X) \
    X(CloseAudioDevice) X(GetError) X(InitSubSystem) X(OpenAudioDevice) X(PauseAudioDevice) X(QuitSubSystem) \
    X(SetHint)
#include "qemu/library-table.h"

typedef struct SdlAudio {
    AudioRing out, in;
    uint32_t in_us;             /* constant */
    SDL_AudioDeviceID out_device, in_device;    /* in_device: of `opener` until that is joined */
    GThread *opener;            /* NULL: the guest has not recorded yet */
} SdlAudio;

/* SDL's thread. */
static void play(void *opaque, Uint8 *to, int bytes)
{
    unsigned size = (unsigned)bytes / (2 * sizeof(int16_t));
    unsigned n = audio_ring_take(opaque, (int16_t *)to, size);

    memset(to + n * 2 * sizeof(int16_t), 0, (size - n) * 2 * sizeof(int16_t));
}

static void record(void *opaque, Uint8 *from, int bytes)
{
    audio_ring_give(opaque, (const int16_t *)from, (unsigned)bytes / (2 * sizeof(int16_t)));
}

/* 0: SDL says why not. */
static SDL_AudioDeviceID open_direction(AudioRing *r, bool is_in, SDL_AudioCallback callback)
{
    SDL_AudioSpec want = { .freq = (int)r->hz, .format = AUDIO_S16SYS, .channels = 2, .samples = SAMPLES_MIN,
                           .callback = callback, .userdata = r };
    SDL_AudioSpec have;
    SDL_AudioDeviceID device;

    while (want.samples < SAMPLES_MAX && want.samples * 8u <= r->size) {
        want.samples *= 2;
    }
    device = sdl.OpenAudioDevice(NULL, is_in, &want, &have, 0);
    if (device) {
        sdl.PauseAudioDevice(device, 0);
    }
    return device;
}

static void *open_sdl(const AudioConfig *c, char **problem)
{
    SdlAudio *s;

    *problem = library_load("libSDL2-2.0.so.0", sdl_functions);
    if (*problem) {
        return NULL;
    }
    sdl.SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    if (sdl.InitSubSystem(SDL_INIT_AUDIO)) {
        *problem = g_strdup(sdl.GetError());
        return NULL;
    }
    s = g_new0(SdlAudio, 1);
    audio_ring_init(&s->out, c->out.hz, c->out.buffer_us);
    audio_ring_init(&s->in, c->in.hz, c->in.buffer_us);
    s->out_device = open_direction(&s->out, false, play);
    if (!s->out_device) {
        *problem = g_strdup(sdl.GetError());
        sdl.QuitSubSystem(SDL_INIT_AUDIO);
        audio_ring_free(&s->out);
        audio_ring_free(&s->in);
        g_free(s);
        return NULL;
    }
    return s;
}

static void play_sdl(void *opaque, const int16_t *frames, unsigned n, uint32_t hz)
{
    SdlAudio *s = opaque;

    audio_ring_play(&s->out, frames, n, hz);
}

static gpointer open_in(gpointer opaque)
{
    SdlAudio *s = opaque;

    s->in_device = open_direction(&s->in, true, record);
    if (!s->in_device) {
        warn_report("-audiodev sdl: silence is recorded: %s", sdl.GetError());
    }
    return NULL;
}

static void record_sdl(void *opaque, int16_t *frames, unsigned n, uint32_t hz)
{
    SdlAudio *s = opaque;

    if (!s->opener) {
        s->opener = g_thread_new("sound", open_in, s);
    }
    audio_ring_record(&s->in, frames, n, hz);
}

static void close_sdl(void *opaque)
{
    SdlAudio *s = opaque;

    if (s->opener) {
        g_thread_join(s->opener);
    }
    if (s->in_device) {
        sdl.CloseAudioDevice(s->in_device);
    }
    sdl.CloseAudioDevice(s->out_device);
    sdl.QuitSubSystem(SDL_INIT_AUDIO);
    audio_ring_free(&s->out);
    audio_ring_free(&s->in);
    g_free(s);
}

const AudioDriver audio_sdl = { "sdl", open_sdl, play_sdl, record_sdl, close_sdl };
