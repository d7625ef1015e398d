/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -audiodev and -audio: where sound goes. Main thread. The board's sound card is connected to the first one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

/* Those there may be, and what a build without one lacks. */
static const struct {
    const char *name, *library, *help;
} drivers[] = {
    { "none", NULL, "none: nobody hears it\n" },
    { "wav", NULL,
      "wav: a file\n"
      "  path=FILE             the file that is written (qemu.wav)\n"
      "  out.frequency=HZ      its frames a second, 4000 to 192000 (44100)\n" },
    { "sdl", "SDL", "sdl: the desktop's sound, by SDL\n" },
    { "alsa", "ALSA's library",
      "alsa: a sound card\n"
      "  out.dev=NAME, in.dev=NAME\n"
      "                        its name, as 'aplay -L' has it (default)\n" },
};

static void audio_help(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        fputs(audio_has_driver(drivers[i].name) ? drivers[i].help : "", stdout);
    }
    printf("sdl and alsa:\n"
           "  out.frequency=HZ, in.frequency=HZ\n"
           "                        frames a second, 4000 to 192000 (48000)\n"
           "  out.buffer-length=USECS, in.buffer-length=USECS\n"
           "                        how much sound may be under way, 5000 to 5000000 (100000)\n"
           "all:\n"
           "  id=NAME               for wavcapture; -audiodev needs it\n"
           "  input=FILE            a WAV file that the guest records, once; then silence\n");
    exit(0);
}

static void check_driver(const CommandLine *c, const char *arg, const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (!strcmp(drivers[i].name, name)) {
            if (!audio_has_driver(name)) {
                option_fail(c, arg, "the emulator was built without %s", drivers[i].library);
            }
            return;
        }
    }
    option_fail(c, arg, "there is no sound driver '%s' (none, wav, sdl, alsa)", name);
}

static uint32_t number(const CommandLine *c, const char *arg, const KeyValue *kv, uint32_t min, uint32_t max)
{
    uint64_t v;

    if (!kv->value || !option_number(kv->value, max, &v) || v < min) {
        option_fail(c, arg, "%s is a number from %u to %u", kv->key, min, max);
    }
    return (uint32_t)v;
}

/* "in." and "out." of a driver that heeds them; false: not one of these properties. */
static bool stream_property(const CommandLine *c, const char *arg, const KeyValue *kv, AudioConfig *a)
{
    const bool wav = !strcmp(a->driver, "wav"), alsa = !strcmp(a->driver, "alsa");
    const bool card = alsa || !strcmp(a->driver, "sdl");
    const bool out = g_str_has_prefix(kv->key, "out."), in = g_str_has_prefix(kv->key, "in.");
    const char *name = strchr(kv->key, '.');
    AudioStream *s = out ? &a->out : &a->in;

    if ((card && (out || in)) || (wav && out)) {
        if (!strcmp(name, ".frequency")) {
            s->hz = number(c, arg, kv, AUDIO_HZ_MIN, AUDIO_HZ_MAX);
        } else if (card && !strcmp(name, ".buffer-length")) {
            s->buffer_us = number(c, arg, kv, AUDIO_BUFFER_US_MIN, AUDIO_BUFFER_US_MAX);
        } else if (alsa && !strcmp(name, ".dev") && kv->value) {
            s->dev = kv->value;
        } else {
            return false;
        }
        return true;
    }
    return false;
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
    option_check_id(c, arg, kv);
    if (c->o->audios == OPTIONS_AUDIOS) {
        option_fail(c, arg, "there can be %d of them", OPTIONS_AUDIOS);
    }
    a->said = g_strdup_printf("%s %s", c->option, arg);
    a->driver = kv[0].value && !strcmp(kv[0].key, "driver") ? kv[0].value : kv[0].key;
    check_driver(c, arg, a->driver);
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
        } else if (!stream_property(c, arg, &kv[i], a) && (!is_of_no_effect(key) || !value)) {
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
