/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: qcow2 images. The bytes are an image; it is opened, read, written, cleared, made longer, checked, mended
 * and closed. Whatever they say, each of these ends, soon, and stays within the file and its buffers. The file may not
 * grow beyond a limit, as on a disk that gets full: damaged tables send writes anywhere.
 */
#define _GNU_SOURCE     /* memfd_create */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "block/bytes.h"
#include "block/image.h"
#include "block/qcow2.h"
#include "tests/fuzz/target.h"

enum { LARGEST_FILE = 8 << 20, TRANSFER = 70000, ROUNDS = 12, SOON_S = 20 };
enum { HEADER_BYTES = QH_V3_LENGTH + 64 };                /* with extensions */

const size_t fuzz_max_input = 65536;

static int fd;
static char path[32];
static uint8_t buffer[TRANSFER], changed[1 << 16];

void fuzz_init(void)
{
    struct rlimit limit = { LARGEST_FILE, LARGEST_FILE };

    fd = memfd_create("image", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Where the image has a table, by its header and its tables' first entries; each may be nonsense. */
static uint64_t table_at(const uint8_t *p, size_t size, unsigned which)
{
    uint64_t at = read_be64(p + (which & 1 ? QH_L1_OFFSET : QH_REFTABLE_OFFSET)) & QCOW2_OFFSET;

    return which & 2 && size >= 8 && at <= size - 8 ? read_be64(p + at) & QCOW2_OFFSET : at;
}

/*
 * Bytes of the header, the tables and the counts matter more than all others. The change follows from the input, so the
 * input is a case of its own.
 */
static void change_tables(uint8_t *p, size_t size, uint64_t *state)
{
    static const uint8_t edges[] = { 0, 1, 2, 0x7f, 0x80, 0xff };

    for (unsigned n = (unsigned)(next(state) % 4); n && size > HEADER_BYTES; n--) {
        uint64_t r = next(state), at = r >> 8 & 7 ? table_at(p, size, (unsigned)(r >> 11)) + (r >> 16 & 0xff)
                                                  : (r >> 16) % HEADER_BYTES;

        if (at < size) {
            p[at] = r >> 13 & 1 ? edges[(r >> 24) % sizeof(edges)] : r >> 14 & 1 ? (uint8_t)(p[at] + 2)
                                                                                 : (uint8_t)(r >> 32);
        }
    }
}

/* A place in the disk, more often near its borders and those of clusters. */
static void pick(const Image *image, uint64_t *state, uint64_t *offset, size_t *bytes)
{
    uint64_t r = next(state);

    *bytes = (size_t)(r % TRANSFER) + 1;
    *offset = image->bytes ? (r >> 20) % image->bytes : 0;
    if (r >> 18 & 1) {
        *offset &= ~511ull;
        *bytes = (*bytes & ~(size_t)511) + 512;
    }
    if (r >> 19 & 1) {
        *offset %= 1 << 20;
    }
    if (*bytes > sizeof(buffer)) {
        *bytes = sizeof(buffer);
    }
    if (*bytes > image->bytes - *offset) {
        *bytes = (size_t)(image->bytes - *offset);
    }
}

static void free_bitmap(gpointer p)
{
    ImageBitmap *b = p;

    g_free(b->name);
    g_byte_array_unref(b->bits);
    g_free(b);
}

/* As a disk has them: in memory, changed, and in the file again. */
static void take_bitmaps(Image *image, bool keep)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_bitmap);

    if (!image->ops->bitmaps->load(image, list) && keep && image->ops->bitmaps->possible(image, 16)) {
        for (guint i = 0; i < list->len; i++) {
            ImageBitmap *b = g_ptr_array_index(list, i);

            if (b->bits->len) {
                b->bits->data[i % b->bits->len] ^= 1;
            }
        }
        qcow2_store_bitmaps((Qcow2 *)image, list);
    }
    g_ptr_array_unref(list);
}

static void use(Image *image, uint64_t state)
{
    Qcow2Check check;

    if (state >> 41 & 1) {
        take_bitmaps(image, state >> 42 & 1);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t offset;
        size_t bytes;

        pick(image, &state, &offset, &bytes);
        switch (i % 6) {
        case 0: case 3:
            image_read(image, offset, buffer, bytes);
            break;
        case 1: case 4:
            image_write(image, offset, buffer, bytes);
            break;
        case 2:
            image_write_zeroes(image, offset, bytes, state & 1);
            break;
        default:
            image_flush(image);
        }
    }
    image_resize(image, image->bytes + (state % 4) * 65536);
    qcow2_check((Qcow2 *)image, state & 1, &check);
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    ImageOptions options = { .format = "qcow2", .no_lock = true };
    struct timespec begin, end;
    uint64_t state = 0x9e3779b97f4a7c15ull + size;
    char *error = NULL;
    Image *image;

    for (size_t i = 0; i < size; i++) {
        state = state * 31 + data[i];
    }
    if (size > sizeof(changed)) {
        return NULL;
    }
    memcpy(changed, data, size);
    state |= 1;
    change_tables(changed, size, &state);
    options.readonly = state >> 40 & 1;
    signal(SIGXFSZ, SIG_IGN);           /* a fuzzer has handlers of its own, set after fuzz_init() */
    if (ftruncate(fd, 0) || pwrite(fd, changed, size, 0) != (ssize_t)size) {
        return "the image cannot be written";
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    image = image_open(path, &options, &error);
    if (!image) {
        if (!error || strchr(error, '\n')) {
            return "a refusal is not one line";
        }
        g_free(error);
    } else {
        if (!options.readonly) {
            use(image, state);
        } else {
            take_bitmaps(image, true);
            image_read(image, 0, buffer, image->bytes < TRANSFER ? (size_t)image->bytes : TRANSFER);
        }
        image_close(image);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return end.tv_sec - begin.tv_sec > SOON_S ? "it takes too long" : NULL;
}
