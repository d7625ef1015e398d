/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -audiodev and -audio: where sound goes. Main thread. The board's sound card is connected to the first one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "softmmu/options-internal.h"

static void audio_help(void)
{
    printf("none: nobody hears it\n"
           "wav: a file\n"
           "  path=FILE             the file that is written (qemu.wav)\n"
           "  out.frequency=HZ      its frames a second, 4000 to 192000 (44100)\n"
           "both:\n"
           "  id=NAME               for wavcapture; -audiodev needs it\n"
           "  input=FILE            a WAV file that the guest records, once; then, and without it, silence\n");
    exit(0);
}

static uint32_t frequency(const CommandLine *c, const char *arg, const char *text)
{
    uint64_t hz;

    if (!text || !option_number(text, 192000, &hz) || hz < 4000) {
        option_fail(c, arg, "out.frequency is a number from 4000 to 192000");
    }
    return (uint32_t)hz;
}

/* Properties that say something to other kinds of sound devices: as QEMU has them, and of no effect here. */
static bool is_of_no_effect(const char *key)
{
    return !strcmp(key, "timer-period") || !strcmp(key, "model") || !strncmp(key, "in.", 3) ||
           !strncmp(key, "out.", 4);
}

static void add(CommandLine *c, const char *arg, bool need_id)
{
    KeyValue *kv = option_split(c, arg);
    AudioConfig *a = &c->o->audio[c->o->audios];

    if (option_is_help(arg)) {
        audio_help();
    }
    if (c->o->audios == OPTIONS_AUDIOS) {
        option_fail(c, arg, "there can be %d of them", OPTIONS_AUDIOS);
    }
    a->driver = kv[0].value && !strcmp(kv[0].key, "driver") ? kv[0].value : kv[0].key;
    if (!audio_has_driver(a->driver)) {
        option_fail(c, arg, "there is no sound driver '%s' (none, wav)", a->driver);
    }
    for (int i = 1; kv[i].key; i++) {
        const char *key = kv[i].key, *value = kv[i].value;
        bool wav = !strcmp(a->driver, "wav");

        if (!strcmp(key, "id") && value) {
            a->id = value;
        } else if (!strcmp(key, "path") && value && wav) {
            a->path = value;
        } else if (!strcmp(key, "input") && value) {
            option_check_file(c, value);
            a->input = value;
        } else if (!strcmp(key, "out.frequency") && wav) {
            a->hz = frequency(c, arg, value);
        } else if (!is_of_no_effect(key) || !value) {
            option_fail(c, arg, "unknown property '%s' (-audiodev help lists those there are)", key);
        }
    }
    if (!a->id) {
        if (need_id) {
            option_fail(c, arg, "id is missing");
        }
        a->id = "audiodev0";
    }
    for (unsigned i = 0; i < c->o->audios; i++) {
        if (!strcmp(c->o->audio[i].id, a->id)) {
            option_fail(c, arg, "there is a sound device '%s' already", a->id);
        }
    }
    c->o->audios++;
}

void option_audiodev(CommandLine *c, const char *arg)
{
    add(c, option_plain(c, arg, "driver"), true);
}

void option_audio(CommandLine *c, const char *arg)
{
    add(c, arg, false);
}

void option_audio_help(CommandLine *c, const char *arg)
{
    audio_help();
}
