/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound devices of the host: files that are written and read, rates, captures. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "audio/audio.h"
#include "audio/wav.h"
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
        refused &= g_file_set_contents(bad, contents[i], i < 3 ? (gssize)(4 * i) : 28, NULL) &&
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
    AudioDev *d = audio_open(&(AudioConfig) { .driver = "wav", .id = "d", .path = played, .input = input, .hz = 8000 });

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

int main(void)
{
    directory = g_dir_make_tmp("pqemu-XXXXXX", NULL);
    test_files();
    test_devices();
    rmdir(directory);
    return tap_done();
}
