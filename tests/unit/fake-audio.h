/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound of the host, in place of audio/: what is played is kept, what is recorded counts up. */
#ifndef TESTS_UNIT_FAKE_AUDIO_H
#define TESTS_UNIT_FAKE_AUDIO_H
#include "audio/audio.h"

enum { FAKE_AUDIO_FRAMES = 4096 };
extern int16_t fake_audio_played[2 * FAKE_AUDIO_FRAMES];
extern unsigned fake_audio_frames;              /* played, at most FAKE_AUDIO_FRAMES */
extern uint32_t fake_audio_hz;                  /* of the last frames */
#endif
