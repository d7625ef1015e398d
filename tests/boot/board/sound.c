/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays numbers that the host compares, and records numbers that the host has put there, by the kernel's /dev/dsp.
 * Arguments: "play" or "record".
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <unistd.h>

enum { FRAMES = 24000, RECORDED = 12000, HZ = 48000, PCM_0_DB = 74, MASTER_0_DB = 100 };

/* As tests/boot/test-board.py has it: never 0. */
static int16_t left(unsigned i)
{
    return (int16_t)(i % 30000 + 1);
}

static int16_t right(unsigned i)
{
    return (int16_t)-(int)(i % 29000 + 1);
}

static int volume(int fd, unsigned long control, int percent)
{
    int both = percent | percent << 8;

    return ioctl(fd, control, &both);
}

static int dsp_open(int how)
{
    int fd = open("/dev/dsp", how), format = AFMT_S16_LE, channels = 2, hz = HZ;

    if (fd < 0 || ioctl(fd, SNDCTL_DSP_SETFMT, &format) || ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) ||
        ioctl(fd, SNDCTL_DSP_SPEED, &hz) || format != AFMT_S16_LE || channels != 2 || hz != HZ) {
        perror("/dev/dsp");
        return -1;
    }
    return fd;
}

static int16_t frames[2 * FRAMES];

static bool play(void)
{
    int mixer = open("/dev/mixer", O_RDWR), fd;
    const char *p = (const char *)frames;

    if (mixer < 0 || volume(mixer, SOUND_MIXER_WRITE_VOLUME, MASTER_0_DB) ||
        volume(mixer, SOUND_MIXER_WRITE_PCM, PCM_0_DB)) {
        perror("/dev/mixer");
        return false;
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        frames[2 * i] = left(i);
        frames[2 * i + 1] = right(i);
    }
    fd = dsp_open(O_WRONLY);
    for (size_t done = 0; fd >= 0 && done < sizeof(frames); ) {
        ssize_t n = write(fd, p + done, sizeof(frames) - done);

        if (n <= 0) {
            perror("write");
            return false;
        }
        done += (size_t)n;
    }
    return fd >= 0 && !ioctl(fd, SNDCTL_DSP_SYNC, 0) && !close(fd);
}

/* What was there before the first read, it may have missed: then all must be in order. */
static bool record(void)
{
    int fd = dsp_open(O_RDONLY);
    unsigned n = 0, first;

    while (fd >= 0 && n < RECORDED) {
        ssize_t got = read(fd, frames + 2 * n, (RECORDED - n) * 4);

        if (got <= 0) {
            perror("read");
            return false;
        }
        n += (unsigned)got / 4;
    }
    first = (unsigned)frames[0] - 1;
    for (unsigned i = 0; fd >= 0 && i < n; i++) {
        if (frames[2 * i] != left(first + i) || frames[2 * i + 1] != right(first + i)) {
            printf("frame %u is %d, %d, not %d, %d\n", i, frames[2 * i], frames[2 * i + 1], left(first + i),
                   right(first + i));
            return false;
        }
    }
    return fd >= 0 && !close(fd);
}

int main(int argc, char **argv)
{
    bool good = argc == 2 && (!strcmp(argv[1], "play") ? play() : record());

    printf("sound: %s\n", good ? "good" : "bad");
    return !good;
}
