/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aio=native: Linux's asynchronous I/O (io_submit(2)). It is asynchronous for files that are opened past the cache. */
#include <errno.h>
#include <glib.h>
#include <libaio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "block/aio.h"

typedef struct NativeEngine {
    AioEngine engine;
    io_context_t context;       /* constant; the kernel's functions are thread-safe */
} NativeEngine;

static bool native_submit(AioEngine *engine, int fd, bool write, uint64_t offset, void *buffer, size_t bytes,
                          void *opaque)
{
    struct iocb cb, *list = &cb;

    if (write) {
        io_prep_pwrite(&cb, fd, buffer, bytes, (long long)offset);
    } else {
        io_prep_pread(&cb, fd, buffer, bytes, (long long)offset);
    }
    io_set_eventfd(&cb, engine->event_fd);
    cb.data = opaque;
    return io_submit(((NativeEngine *)engine)->context, 1, &list) == 1;
}

static void native_reap(AioEngine *engine, void (*ended)(void *opaque, ssize_t result))
{
    struct io_event event[32];
    struct timespec now = { 0, 0 };
    int n;

    while ((n = io_getevents(((NativeEngine *)engine)->context, 0, (long)G_N_ELEMENTS(event), event, &now)) > 0) {
        for (int i = 0; i < n; i++) {
            ended(event[i].data, (ssize_t)event[i].res);
        }
    }
}

static void native_free(AioEngine *engine)
{
    io_destroy(((NativeEngine *)engine)->context);
    close(engine->event_fd);
    g_free(engine);
}

static const AioEngineOps native_ops = { "native", native_submit, native_reap, native_free };

AioEngine *aio_native_new(char **error)
{
    NativeEngine *e = g_new0(NativeEngine, 1);
    int ret = io_setup(AIO_DEPTH, &e->context);

    e->engine.ops = &native_ops;
    if (ret) {
        *error = g_strdup_printf("the kernel has no asynchronous I/O for us: %s", strerror(-ret));
        g_free(e);
        return NULL;
    }
    e->engine.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return &e->engine;
}
