/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kind of sound device of the host has to do. All on the I/O thread, and nothing of it waits, but open(). */
#ifndef AUDIO_DRIVER_H
#define AUDIO_DRIVER_H
#include "audio/audio.h"

typedef struct AudioDriver {
    const char *name;
    /* NULL, and what is wrong in *problem (g_free), if there can be none. Main thread, at the start. */
    void *(*open)(const AudioConfig *c, char **problem);
    void (*play)(void *opaque, const int16_t *frames, unsigned n, uint32_t hz);
    /* Fill all of `frames`. NULL: it records silence. */
    void (*record)(void *opaque, int16_t *frames, unsigned n, uint32_t hz);
    void (*close)(void *opaque);
} AudioDriver;

extern const AudioDriver audio_wav, audio_sdl, audio_alsa;
#endif
