/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about sound: wavcapture, stopcapture, info capture. */
#include <stdlib.h>
#include <string.h>
#include "audio/audio.h"
#include "monitor/monitor-internal.h"

enum { DEFAULT_HZ = 44100, LOWEST_HZ = 4000, HIGHEST_HZ = 192000, HIGHEST_CAPTURE = 1000000 };

/* A number from 0 to max; false: it is none. */
static bool number(const char *text, long max, long *value)
{
    char *end;

    *value = strtol(text, &end, 0);
    return end != text && !*end && *value >= 0 && *value <= max;
}

/* argv: PATH [DEVICE [HZ]] */
void hmp_wavcapture(Monitor *mon, char **argv)
{
    AudioDev *d = audio_find(argv[1]);
    long hz = DEFAULT_HZ;
    char *problem;

    if (!d) {
        monitor_printf(mon, "There is no sound device '%s' (-audiodev makes one).\n", argv[1] ? argv[1] : "");
        return;
    }
    if (argv[1] && argv[2] && (!number(argv[2], HIGHEST_HZ, &hz) || hz < LOWEST_HZ)) {
        monitor_printf(mon, "The rate is a number from %d to %d.\n", LOWEST_HZ, HIGHEST_HZ);
        return;
    }
    problem = audio_capture_start(d, argv[0], (uint32_t)hz);
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        free(problem);
    }
}

void hmp_stopcapture(Monitor *mon, char **argv)
{
    long n;

    if (!number(argv[0], HIGHEST_CAPTURE, &n) || !audio_capture_stop((unsigned)n)) {
        monitor_printf(mon, "There is no capture %s ('info capture' lists them).\n", argv[0]);
    }
}

void hmp_info_capture(Monitor *mon, char **argv)
{
    const char *path;
    uint64_t bytes;
    uint32_t hz;

    if (!audio_capture_info(0, &path, &hz, &bytes)) {
        monitor_puts(mon, "Nothing is captured (wavcapture begins it).\n");
    }
    for (unsigned i = 0; audio_capture_info(i, &path, &hz, &bytes); i++) {
        monitor_printf(mon, "[%u]: %s, %u Hz, 16 bits, stereo, %llu bytes\n", i, path, hz, (unsigned long long)bytes);
    }
}
