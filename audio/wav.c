/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WAV files, see the header. What is behind a file's header is written by a writer's thread (qemu/writer.h); the
 * lengths in the header are put right when the file is closed, wherever the writer is by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "audio/driver.h"
#include "audio/wav.h"
#include "qemu/writer.h"

enum { HEADER = 44, RIFF_SIZE_AT = 4, DATA_SIZE_AT = 40, FRAME = 4, LONGEST_INPUT = 256 << 20 };

struct WavWriter {
    int fd;
    Writer *writer;
    uint32_t hz;
    uint64_t phase, bytes;
};

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v & 0xffff);
    put16(p + 2, v >> 16);
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned get16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static void make_header(uint8_t h[HEADER], uint32_t hz)
{
    memcpy(h, "RIFF\0\0\0\0WAVEfmt ", 16);
    put32(h + 16, 16);
    put16(h + 20, 1);                   /* PCM */
    put16(h + 22, 2);
    put32(h + 24, hz);
    put32(h + 28, hz * FRAME);
    put16(h + 32, FRAME);
    put16(h + 34, 16);
    memcpy(h + 36, "data\0\0\0\0", 8);
}

WavWriter *wav_create(const char *path, uint32_t hz)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    uint8_t header[HEADER];
    WavWriter *w;

    if (fd < 0) {
        return NULL;
    }
    /* Not by the writer, which may come to it after wav_close(). */
    make_header(header, hz);
    if (write(fd, header, HEADER) != HEADER) {
        close(fd);
        return NULL;
    }
    w = g_new0(WavWriter, 1);
    w->fd = fd;
    w->hz = hz;
    w->writer = writer_new(fd, "sound");
    return w;
}

void wav_write(WavWriter *w, const int16_t *frames, unsigned n, uint32_t hz)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    for (unsigned i = 0; i < n; i++) {
        uint8_t frame[FRAME];

        put16(frame, (uint16_t)frames[2 * i]);
        put16(frame + 2, (uint16_t)frames[2 * i + 1]);
        for (w->phase += w->hz; w->phase >= hz; w->phase -= hz) {
            g_byte_array_append(out, frame, FRAME);
        }
    }
    writer_put(w->writer, out->data, out->len);
    w->bytes += out->len;
}

uint64_t wav_bytes(const WavWriter *w)
{
    return w->bytes;
}

/* The descriptor stays: its writer may be at it. */
void wav_close(WavWriter *w)
{
    uint32_t bytes = w->bytes < UINT32_MAX - HEADER ? (uint32_t)w->bytes : UINT32_MAX - HEADER;
    uint8_t size[4];
    bool good;

    put32(size, bytes + HEADER - 8);
    good = pwrite(w->fd, size, 4, RIFF_SIZE_AT) == 4;
    put32(size, bytes);
    good &= pwrite(w->fd, size, 4, DATA_SIZE_AT) == 4;
    (void)good;                         /* a pipe cannot be told; its reader takes all there is */
    g_free(w);
}

/* ---- as a sound device ---- */

static void *open_wav(const AudioConfig *c, char **problem)
{
    const char *path = c->path ? c->path : "qemu.wav";
    WavWriter *w = wav_create(path, c->out.hz);

    if (!w) {
        *problem = g_strdup_printf("%s: %s", path, strerror(errno));
    }
    return w;
}

static void play_wav(void *opaque, const int16_t *frames, unsigned n, uint32_t hz)
{
    wav_write(opaque, frames, n, hz);
}

static void close_wav(void *opaque)
{
    wav_close(opaque);
}

const AudioDriver audio_wav = { .name = "wav", .open = open_wav, .play = play_wav, .close = close_wav };

/* ---- reading ---- */

/* The chunk of that name, or NULL. */
static const uint8_t *find_chunk(const uint8_t *p, size_t len, const char *name, size_t *size)
{
    for (size_t at = 12; at + 8 <= len; ) {
        size_t n = get32(p + at + 4);

        if (!memcmp(p + at, name, 4)) {
            *size = n < len - at - 8 ? n : len - at - 8;
            return p + at + 8;
        }
        if (n > len - at - 8) {
            break;
        }
        at += 8 + n + (n & 1);
    }
    return NULL;
}

int16_t *wav_load(const char *path, size_t *frames, uint32_t *hz, char **problem)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    size_t len, fmt_size, data_size;
    const uint8_t *p, *fmt, *data;
    unsigned channels;
    int16_t *out;

    if (!g_file_get_contents(path, &text, &len, &error)) {
        *problem = g_strdup(error->message);
        return NULL;
    }
    p = (const uint8_t *)text;
    fmt = len >= 12 && !memcmp(p, "RIFF", 4) && !memcmp(p + 8, "WAVE", 4) ?
          find_chunk(p, len, "fmt ", &fmt_size) : NULL;
    data = fmt ? find_chunk(p, len, "data", &data_size) : NULL;
    if (!data || fmt_size < 16 || len > LONGEST_INPUT || get16(fmt) != 1 || get16(fmt + 14) != 16 ||
        (get16(fmt + 2) != 1 && get16(fmt + 2) != 2) || !get32(fmt + 4)) {
        *problem = g_strdup_printf("%s is no WAV file of 16-bit samples, mono or stereo", path);
        return NULL;
    }
    channels = get16(fmt + 2);
    *hz = get32(fmt + 4);
    *frames = data_size / (2 * channels);
    out = g_new(int16_t, *frames * 2 + 1);
    for (size_t i = 0; i < *frames; i++) {
        out[2 * i] = (int16_t)get16(data + 2 * channels * i);
        out[2 * i + 1] = (int16_t)get16(data + 2 * channels * i + 2 * (channels - 1));
    }
    return out;
}
