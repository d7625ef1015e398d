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
enum { AUDIO_HZ_MIN = 4000, AUDIO_HZ_MAX = 192000, AUDIO_BUFFER_US_MIN = 5000, AUDIO_BUFFER_US_MAX = 5000000 };

typedef struct AudioStream {
    uint32_t hz;                /* frames a second on the host's side */
    uint32_t buffer_us;         /* sdl, alsa: how much sound may be under way */
    const char *dev;            /* alsa: the card's name; NULL: the default one */
} AudioStream;
/* As -audiodev has it; strings live for ever. */
typedef struct AudioConfig {
    const char *said;           /* the option and its argument, for messages */
    const char *driver;         /* audio_has_driver() */
    const char *id;
    const char *path;           /* wav: the file that is written; NULL: qemu.wav */
    const char *input;          /* a WAV file that is recorded from instead of the driver's; NULL: none */
    AudioStream out, in;        /* 0: the driver's usual values */
} AudioConfig;

/* Is there such a driver in this build? */
bool audio_has_driver(const char *name);
/* error_exit if the file or the sound card cannot be had. */
AudioDev *audio_open(const AudioConfig *c);
/* The one of that name, or the first for NULL; NULL: none. */
AudioDev *audio_find(const char *id);
/* Play n frames at `hz` a second. d NULL: nobody hears them. */
void audio_write(AudioDev *d, const int16_t *frames, unsigned n, uint32_t hz);
/* Record n frames. d NULL: silence; a card of the host while the machine is recorded or replayed, too. */
void audio_read(AudioDev *d, int16_t *frames, unsigned n, uint32_t hz);

/* Also write what is played to a WAV file. Returns NULL, or what is wrong: the caller frees it. */
char *audio_capture_start(AudioDev *d, const char *path, uint32_t hz);
/* The nth capture, from 0. False: there is none. */
bool audio_capture_stop(unsigned n);
bool audio_capture_info(unsigned n, const char **path, uint32_t *hz, uint64_t *bytes);
/* At the end of the program; sound devices are let go. Files are complete when the writers have written
 * (qemu/writer.h). */
void audio_close_all(void);
#endif
