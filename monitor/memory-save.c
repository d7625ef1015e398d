/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory on its way to a file: memory-save.h says what it promises. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>
#include "exec/memory.h"
#include "monitor/memory-save.h"
#include "monitor/monitor-internal.h"
#include "qemu/fdset.h"
#include "qemu/io-loop.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

enum { PAGE = 4096, COPIED_MAX = 16 << 20, WRITE_MAX = 1 << 20 };

typedef struct Piece {
    const uint8_t *data;        /* of the guest's memory; NULL: `copy` + `at` */
    size_t at;
    uint64_t bytes;
} Piece;

struct MemorySave {
    GArray *pieces;
    GByteArray *copy;
    uint64_t bytes;
};

/* The one under way; fields without a note belong to the thread from its start to its post. */
static struct {
    bool active;                /* I/O thread */
    MemorySave *save;
    char *path;
    int fd;
    char *error;                /* NULL: none so far */
    pthread_t thread;           /* I/O thread */
    void (*done)(void *opaque, const char *error);
    void *opaque;
    uint64_t written, total;    /* atomic; total: I/O thread */
} job;

/* ---- what is to be written ---- */

MemorySave *memory_save_new(void)
{
    MemorySave *s = g_new0(MemorySave, 1);

    s->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    s->copy = g_byte_array_new();
    runstate_freeze();
    return s;
}

void memory_save_free(MemorySave *s)
{
    runstate_thaw();
    g_array_free(s->pieces, TRUE);
    g_byte_array_free(s->copy, TRUE);
    g_free(s);
}

static void add(MemorySave *s, const uint8_t *data, size_t at, uint64_t bytes)
{
    Piece *last = s->pieces->len ? &g_array_index(s->pieces, Piece, s->pieces->len - 1) : NULL;

    s->bytes += bytes;
    if (last && (data ? last->data && last->data + last->bytes == data : !last->data)) {
        last->bytes += bytes;
    } else {
        Piece piece = { data, at, bytes };

        g_array_append_val(s->pieces, piece);
    }
}

void memory_save_add_bytes(MemorySave *s, const void *bytes, size_t size)
{
    add(s, NULL, s->copy->len, size);
    g_byte_array_append(s->copy, bytes, (guint)size);
}

static bool add_registers(MemorySave *s, CPUARMState *env, bool physical, uint32_t address, unsigned size)
{
    uint8_t page[PAGE];

    if (s->copy->len + size > COPIED_MAX || !monitor_read_memory(env, physical, address, page, size)) {
        return false;
    }
    memory_save_add_bytes(s, page, size);
    return true;
}

bool memory_save_add_memory(MemorySave *s, CPUARMState *env, bool physical, uint32_t address, uint64_t size)
{
    for (uint64_t done = 0; done < size; ) {
        const uint32_t at = address + (uint32_t)done;
        const unsigned chunk = (unsigned)MIN(size - done, PAGE - at % PAGE);
        uint32_t phys, ram;
        const uint8_t *data;

        if (!monitor_translate(env, physical, at, &phys)) {
            return false;
        }
        data = memory_read_at(phys, chunk, &ram);
        if (data) {
            add(s, data, 0, chunk);
        } else if (!add_registers(s, env, physical, at, chunk)) {
            return false;
        }
        done += chunk;
    }
    return true;
}

/* ---- on the thread ---- */

/* False: job.error. */
static bool open_file(void)
{
    if (job.path) {
        /* A FIFO that nobody reads is told from one whose reader is slow; the latter may take its time. */
        job.fd = fdset_open(job.path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
        if (job.fd < 0) {
            job.error = g_strdup_printf("Could not open '%s': %s", job.path,
                                        errno == ENXIO ? "nobody reads the FIFO" : strerror(errno));
            return false;
        }
        fcntl(job.fd, F_SETFL, fcntl(job.fd, F_GETFL) & ~O_NONBLOCK);
    }
    return true;
}

static void write_failed(void)
{
    job.error = g_strdup_printf("Could not write '%s': %s", job.path ? job.path : "the descriptor", strerror(errno));
}

static bool write_bytes(const uint8_t *data, uint64_t bytes)
{
    while (bytes) {
        ssize_t n = write(job.fd, data, (size_t)MIN(bytes, (uint64_t)WRITE_MAX));

        if (n < 0 && errno != EINTR) {
            write_failed();
            return false;
        }
        if (n > 0) {
            data += n;
            bytes -= (uint64_t)n;
            __atomic_add_fetch(&job.written, (uint64_t)n, __ATOMIC_RELAXED);
        }
    }
    return true;
}

static void job_ended(void *opaque);
static IOWork ended = { .fn = job_ended };

static void *job_run(void *opaque)
{
    const MemorySave *s = job.save;
    bool good = open_file();

    for (guint i = 0; i < s->pieces->len && good; i++) {
        const Piece *p = &g_array_index(s->pieces, Piece, i);

        good = write_bytes(p->data ? p->data : s->copy->data + p->at, p->bytes);
    }
    if (job.fd >= 0 && close(job.fd) && good) {
        write_failed();
    }
    io_post(&ended);
    return NULL;
}

/* ---- on the I/O thread ---- */

static void job_ended(void *opaque)
{
    char *error = g_steal_pointer(&job.error);

    pthread_join(job.thread, NULL);
    memory_save_free(g_steal_pointer(&job.save));
    g_clear_pointer(&job.path, g_free);
    job.active = false;
    job.done(job.opaque, error);
    g_free(error);
}

bool memory_save_start(MemorySave *s, const char *path, int fd, void (*done)(void *opaque, const char *error),
                       void *opaque)
{
    if (job.active) {
        memory_save_free(s);
        return false;
    }
    job.active = true;
    job.save = s;
    job.path = g_strdup(path);
    job.fd = path ? -1 : fd;
    job.done = done;
    job.opaque = opaque;
    job.total = s->bytes;
    __atomic_store_n(&job.written, 0, __ATOMIC_RELAXED);
    if (pthread_create(&job.thread, NULL, job_run, NULL)) {
        memory_save_free(g_steal_pointer(&job.save));
        g_clear_pointer(&job.path, g_free);
        return job.active = false;
    }
    return true;
}

bool memory_save_progress(uint64_t *written, uint64_t *total)
{
    *written = __atomic_load_n(&job.written, __ATOMIC_RELAXED);
    *total = job.total;
    return job.active;
}
