/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound of the machine: where what it plays goes, and where what it records comes from. A frame is two samples of 16
 * bits, left and right. All on the I/O thread; nothing here waits. Implemented in audio/audio.c.
 */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H
#include <stdbool.h>
#include <stdint.h>

typedef struct AudioDev AudioDev;
/* As -audiodev has it; strings live for ever. */
typedef struct AudioConfig {
    const char *driver;         /* "none" or "wav" */
    const char *id;
    const char *path;           /* wav: the file that is written; NULL: qemu.wav */
    const char *input;          /* a WAV file that is recorded from; NULL: silence */
    uint32_t hz;                /* wav: frames a second of the file; 0: 44100 */
} AudioConfig;

/* Is there such a driver in this build? */
bool audio_has_driver(const char *name);
/* error_exit if a file cannot be had. */
AudioDev *audio_open(const AudioConfig *c);
/* The one of that name, or the first for NULL; NULL: none. */
AudioDev *audio_find(const char *id);
/* Play n frames at `hz` a second. d NULL: nobody hears them. */
void audio_write(AudioDev *d, const int16_t *frames, unsigned n, uint32_t hz);
/* Record n frames. d NULL: silence. */
void audio_read(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz);

/* Also write what is played to a WAV file. Returns NULL, or what is wrong: the caller frees it. */
char *audio_capture_start(AudioDev *d, const char *path, uint32_t hz);
/* The nth capture, from 0. False: there is none. */
bool audio_capture_stop(unsigned n);
bool audio_capture_info(unsigned n, const char **path, uint32_t *hz, uint64_t *bytes);
/* At the end of the program: files are complete when the writers have written (qemu/writer.h). */
void audio_close_all(void);
#endif
