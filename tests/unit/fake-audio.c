/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake-audio.h. */
#include <string.h>
#include "tests/unit/fake-audio.h"

int16_t fake_audio_played[2 * FAKE_AUDIO_FRAMES];
unsigned fake_audio_frames;
uint32_t fake_audio_hz;
static int16_t next_recorded;

void audio_write(AudioDev *d, const int16_t *frames, unsigned n, uint32_t hz)
{
    fake_audio_hz = hz;
    for (unsigned i = 0; i < n && fake_audio_frames < FAKE_AUDIO_FRAMES; i++) {
        memcpy(&fake_audio_played[2 * fake_audio_frames++], &frames[2 * i], 2 * sizeof(*frames));
    }
}

/* Left is a number, right the next one. */
void audio_read(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz)
{
    for (unsigned i = 0; i < 2 * n; i++) {
        frames[i] = next_recorded++;
    }
}
