/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound devices of the host: files that are written and read, rates, captures. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "audio/audio.h"
#include "audio/ring.h"
#include "audio/wav.h"
#include "qemu/replay.h"
#include "qemu/writer.h"
#include "tests/unit/tap.h"

static char *directory;

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static bool never(int stalled_ms)
{
    return false;
}

/* Load a file; the number of its frames, or -1. */
static int frames_of(const char *path, int16_t **frames, uint32_t *hz)
{
    char *problem = NULL;
    size_t n = 0;

    writer_flush(NULL, never);
    *frames = wav_load(path, &n, hz, &problem);
    g_free(problem);
    return *frames ? (int)n : -1;
}

static void test_files(void)
{
    g_autofree char *path = in_directory("a.wav"), *bad = in_directory("bad.wav");
    int16_t frames[2 * 300], *got;
    uint32_t hz;
    WavWriter *w = wav_create(path, 8000);

    for (int i = 0; i < 600; i++) {
        frames[i] = (int16_t)(i * 100 - 30000);
    }
    wav_write(w, frames, 100, 8000);
    wav_write(w, frames + 200, 200, 8000);
    wav_close(w);
    tap_case(frames_of(path, &got, &hz) == 300 && hz == 8000 && !memcmp(got, frames, sizeof(frames)),
             "what is written is read");
    g_free(got);
    w = wav_create(path, 12000);
    wav_write(w, frames, 100, 8000);
    wav_close(w);
    tap_case(frames_of(path, &got, &hz) == 150 && hz == 12000 && got[0] == frames[0] && got[298] == frames[198],
             "a higher rate: frames come twice");
    g_free(got);
    w = wav_create(path, 4000);
    wav_write(w, frames, 100, 8000);
    wav_close(w);
    tap_case(frames_of(path, &got, &hz) == 50, "a lower rate: frames are left out");
    g_free(got);
    tap_case(!wav_create("/nonexistent/x", 8000), "a file that cannot be made");
    tap_case(frames_of("/nonexistent/x", &got, &hz) < 0, "a file that is not there");
    static const char *const contents[] = { "", "RIFF", "RIFF\4\0\0\0WAVE", "RIFFxxxxWAVEfmt \377\377\377\377data" };
    bool refused = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(contents); i++) {
        refused &= g_file_set_contents(bad, contents[i], i < 3 ? (gssize)(4 * i) : 24, NULL) &&
                   frames_of(bad, &got, &hz) < 0;
    }
    tap_case(refused, "files that are none");
    unlink(bad);
    unlink(path);
}

static void test_devices(void)
{
    g_autofree char *played = in_directory("played.wav"), *input = in_directory("in.wav");
    g_autofree char *more = in_directory("c.wav");
    int16_t frames[2 * 100], recorded[2 * 100], *got;
    const char *path;
    uint32_t hz;
    uint64_t bytes;
    WavWriter *w = wav_create(input, 8000);
    char *problem;

    for (int i = 0; i < 200; i++) {
        frames[i] = (int16_t)(i + 1);
    }
    wav_write(w, frames, 50, 8000);
    wav_close(w);
    writer_flush(NULL, never);
    tap_case(!audio_find(NULL) && audio_has_driver("wav") && !audio_has_driver("x"), "no device at first");
    audio_write(NULL, frames, 100, 8000);
    AudioDev *none = audio_open(&(AudioConfig) { .driver = "none", .id = "n" });
    AudioDev *d = audio_open(&(AudioConfig) { .driver = "wav", .id = "d", .path = played, .input = input,
                                            .out = { .hz = 8000 } });

    tap_case(audio_find(NULL) == none && audio_find("d") == d && !audio_find("x"), "devices have names");
    audio_read(none, recorded, 100, 8000);
    tap_case(!recorded[0] && !recorded[199], "silence is recorded");
    audio_read(d, recorded, 100, 8000);
    tap_case(!memcmp(recorded, frames, 200) && !recorded[100] && !recorded[199], "or a file, then silence");
    audio_write(d, frames, 10, 8000);
    problem = audio_capture_start(d, more, 8000);
    tap_case(!problem, "a capture begins");
    audio_write(d, frames + 20, 90, 8000);
    tap_case(audio_capture_info(0, &path, &hz, &bytes) && !strcmp(path, more) && hz == 8000 && bytes == 360 &&
             !audio_capture_info(1, &path, &hz, &bytes), "it is told of");
    tap_case(audio_capture_stop(0) && !audio_capture_stop(0), "it ends");
    audio_write(d, frames, 1, 8000);
    problem = audio_capture_start(d, "/nonexistent/x", 8000);
    tap_case(problem && strstr(problem, "No such file"), "one that cannot be");
    g_free(problem);
    audio_close_all();
    tap_case(frames_of(more, &got, &hz) == 90 && got[0] == frames[20], "the capture has its part");
    g_free(got);
    tap_case(frames_of(played, &got, &hz) == 101 && !memcmp(got, frames, 400), "the device's file has all");
    g_free(got);
    unlink(played);
    unlink(input);
    unlink(more);
}

/* ---- between two clocks ---- */

static void count_frames(int16_t *frames, int first, int n)
{
    for (int i = 0; i < n; i++) {
        frames[2 * i] = (int16_t)(first + i);
        frames[2 * i + 1] = (int16_t)-(first + i);
    }
}

static void test_ring(void)
{
    int16_t frames[2 * 200], got[2 * 200];
    AudioRing r;

    audio_ring_init(&r, 1000, 99000);
    count_frames(frames, 1, 200);
    audio_ring_play(&r, frames, 49, 1000);
    tap_case(audio_ring_take(&r, got, 10) == 0, "a beginning waits for a head start");
    audio_ring_play(&r, frames + 2 * 49, 1, 1000);
    tap_case(audio_ring_take(&r, got, 20) == 20 && got[0] == 1 && got[39] == -20, "which is half of the ring");
    tap_case(audio_ring_take(&r, got, 40) == 30 && got[0] == 21, "what there is comes in its order");
    audio_ring_play(&r, frames, 3, 1000);
    tap_case(audio_ring_take(&r, got, 10) == 0 && audio_ring_take(&r, got, 10) == 3 && got[5] == -3,
             "after a pause it waits again, but not for more than there will be");
    audio_ring_play(&r, frames, 130, 1000);
    tap_case(audio_ring_take(&r, got, 200) == 100 && got[198] == 100, "what has no room is dropped");
    audio_ring_play(&r, frames, 20, 500);
    tap_case(audio_ring_take(&r, got, 5) == 0 && audio_ring_take(&r, got, 200) == 40 && got[0] == 1 && got[2] == 1 &&
             got[4] == 2, "a slower machine's frames come twice");
    tap_case(!audio_ring_ended(&r) && audio_ring_wait_room(&r, 100), "there is room");
    audio_ring_end(&r);
    tap_case(audio_ring_ended(&r) && !audio_ring_wait_sound(&r) && !audio_ring_wait_room(&r, 1),
             "nobody waits any more");
    audio_ring_free(&r);

    audio_ring_init(&r, 1000, 99000);
    audio_ring_record(&r, got, 2, 1000);
    tap_case(!got[0] && !got[3], "nothing recorded is silence");
    audio_ring_give(&r, frames, 60);
    audio_ring_record(&r, got, 10, 2000);
    tap_case(got[0] == 1 && got[2] == 1 && got[18] == 5, "a faster machine gets frames twice");
    audio_ring_give(&r, frames + 2 * 60, 60);
    audio_ring_record(&r, got, 70, 1000);
    tap_case(got[0] == 61 && got[118] == 120 && !got[120], "what the machine did not fetch in time goes");
    audio_ring_free(&r);
}

/* ---- libraries ---- */

enum { SOUND = 4800, TURN = 48, HZ = 48000, LONGEST_S = 20 };

/* Are the frames of a raw file SOUND's, silence and breaks apart? */
static bool has_sound(const char *path)
{
    g_autofree char *text = NULL;
    const int16_t *p;
    size_t len = 0;
    int n = 0;
    bool good = g_file_get_contents(path, &text, &len, NULL);

    p = (const int16_t *)text;
    for (size_t i = 0; good && i < len / 4; i++) {
        if (p[2 * i]) {
            n++;
            good = p[2 * i] == n && p[2 * i + 1] == -n;
        }
    }
    return good && n == SOUND;
}

/* Play as a machine does, a millisecond at a time, and then silence, until all has arrived. */
static bool played(const AudioConfig *c, const char *path)
{
    int16_t frames[2 * SOUND];
    AudioDev *d = audio_open(c);
    const gint64 limit = g_get_monotonic_time() + LONGEST_S * G_USEC_PER_SEC;
    bool good = false;

    count_frames(frames, 1, SOUND);
    for (int i = 0; i < SOUND; i += TURN) {
        audio_write(d, frames + 2 * i, TURN, HZ);
    }
    memset(frames, 0, sizeof(frames));
    while (!good && g_get_monotonic_time() < limit) {
        g_usleep(10000);
        audio_write(d, frames, 10 * TURN, HZ);
        good = has_sound(path);
    }
    return good;
}

static bool recorded(const AudioConfig *c)
{
    int16_t frames[2 * TURN];
    AudioDev *d = audio_open(c);
    const gint64 limit = g_get_monotonic_time() + LONGEST_S * G_USEC_PER_SEC;
    bool good = true;
    int n = 0;

    while (good && n < SOUND && g_get_monotonic_time() < limit) {
        audio_read(d, frames, TURN, HZ);
        for (int i = 0; i < TURN; i++) {
            if (frames[2 * i]) {
                n++;
                good &= frames[2 * i] == n && frames[2 * i + 1] == -n;
            }
        }
        g_usleep(500);
    }
    return good && n == SOUND;
}

/* The library's own driver that writes what is played into one file and records another one. */
static void test_library(const char *driver, const char *out, const char *in)
{
    const AudioStream stream = { .hz = HZ, .buffer_us = 1000000 };
    AudioConfig c = { .driver = driver, .id = driver, .out = stream, .in = stream };
    int16_t frames[4];

    if (!audio_has_driver(driver)) {
        printf("# %s is not in this build\n", driver);
        return;
    }
    c.out.dev = "out";
    c.in.dev = "in";
    tap_case(played(&c, out), "%s: what is played", driver);
    tap_case(recorded(&c), "%s: what is recorded", driver);
    replay_mode = REPLAY_RECORD;
    memset(frames, 1, sizeof(frames));
    audio_read(audio_find(driver), frames, 2, HZ);
    replay_mode = REPLAY_NONE;
    tap_case(!frames[0] && !frames[3], "%s: silence while the machine is recorded, which a replay repeats", driver);
    audio_close_all();
}

static void test_libraries(void)
{
    g_autofree char *out = in_directory("out"), *in = in_directory("in"), *conf = in_directory("conf");
    g_autofree char *text = g_strdup_printf(
        "pcm.out { type file slave.pcm { type null } file %s format raw }\n"
        "pcm.in { type file slave.pcm { type null } file /dev/null infile %s format raw }\n", out, in);
    int16_t frames[2 * SOUND];

    count_frames(frames, 1, SOUND);
    g_file_set_contents(in, (const char *)frames, sizeof(frames), NULL);
    g_file_set_contents(conf, text, -1, NULL);
    g_setenv("ALSA_CONFIG_PATH", conf, TRUE);
    test_library("alsa", out, in);
    unlink(out);
    g_setenv("SDL_AUDIODRIVER", "disk", TRUE);
    g_setenv("SDL_DISKAUDIOFILE", out, TRUE);
    g_setenv("SDL_DISKAUDIOFILEIN", in, TRUE);
    test_library("sdl", out, in);
    unlink(out);
    unlink(in);
    unlink(conf);
}

int main(void)
{
    directory = g_dir_make_tmp("pqemu-XXXXXX", NULL);
    test_files();
    test_devices();
    test_ring();
    test_libraries();
    rmdir(directory);
    return tap_done();
}
