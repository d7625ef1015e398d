/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WAV files of stereo frames of 16 bits. I/O thread. */
#ifndef AUDIO_WAV_H
#define AUDIO_WAV_H
#include <stddef.h>
#include <stdint.h>

typedef struct WavWriter WavWriter;
/* NULL: errno says why. */
WavWriter *wav_create(const char *path, uint32_t hz);
/* Frames that come at `hz`; the file's own rate takes some twice, or leaves some out. Never waits. */
void wav_write(WavWriter *w, const int16_t *frames, unsigned n, uint32_t hz);
uint64_t wav_bytes(const WavWriter *w);         /* of sound */
/* The header has the length now; what is not written yet will be. */
void wav_close(WavWriter *w);

/* What a file has, as stereo frames; the caller frees them. NULL: *problem is an allocated line. */
int16_t *wav_load(const char *path, size_t *frames, uint32_t *hz, char **problem);
#endif
