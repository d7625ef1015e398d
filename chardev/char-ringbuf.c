/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back end "ringbuf": the last of what was written, in memory, for the monitors to read. It is never full: what is new
 * takes the place of what is oldest. There is no input.
 *
 * Any thread; the lock is Chardev.lock.
 */
#include <string.h>
#include "chardev/char-internal.h"

typedef struct Ring {
    uint8_t *bytes;
    size_t size;                /* a power of two */
    uint64_t written, taken;    /* so many in all; between them there are `size` at most */
} Ring;

enum { RING_USUAL = 64 << 10, RING_MAX = 64 << 20 };

static void ring_put(Chardev *chr, const uint8_t *buf, size_t len)
{
    Ring *r = chr->state;

    if (len > r->size) {
        r->written += len - r->size;
        buf += len - r->size;
        len = r->size;
    }
    for (size_t done = 0; done < len;) {
        const size_t at = (r->written + done) & (r->size - 1), n = MIN(len - done, r->size - at);

        memcpy(r->bytes + at, buf + done, n);
        done += n;
    }
    r->written += len;
    if (r->written - r->taken > r->size) {
        r->taken = r->written - r->size;
    }
}

static void ring_remove(Chardev *chr)
{
    Ring *r = chr->state;

    g_free(r->bytes);
    g_free(r);
}

static const ChardevBackend ringbuf_backend = { .name = "ringbuf", .put = ring_put, .remove = ring_remove };

Chardev *chardev_ringbuf(const char *label)
{
    for (const Chardev *chr = NULL; (chr = chardev_next(chr)) != NULL;) {
        if (chr->backend == &ringbuf_backend && !strcmp(chr->label, label)) {
            return (Chardev *)(uintptr_t)chr;
        }
    }
    return NULL;
}

size_t chardev_ringbuf_read(Chardev *chr, uint8_t *to, size_t max)
{
    Ring *r = chr->state;
    size_t len;

    pthread_mutex_lock(&chr->lock);
    len = MIN(max, (size_t)(r->written - r->taken));
    for (size_t i = 0; i < len; i++) {
        to[i] = r->bytes[(r->taken + i) & (r->size - 1)];
    }
    r->taken += len;
    pthread_mutex_unlock(&chr->lock);
    return len;
}

bool chardev_open_ringbuf(Chardev *chr, const char *spec, const char *size, char **error)
{
    Ring *r;
    guint64 bytes = RING_USUAL;

    if (*size && (!g_ascii_string_to_unsigned(size, 10, 1, RING_MAX, &bytes, NULL) || (bytes & (bytes - 1)))) {
        return chardev_refuse(error, spec, "the size is a power of two up to 64 MiB");
    }
    r = g_new0(Ring, 1);
    r->size = bytes;
    r->bytes = g_malloc(bytes);
    chr->state = r;
    chr->backend = &ringbuf_backend;
    return true;
}
