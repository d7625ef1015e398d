/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asynchronous transfers of the host's files, by the kernel: libaio (-drive aio=native) or io_uring (aio=io_uring).
 * A back end has an engine of its own. What an engine does not take is carried out by the back end's threads.
 */
#ifndef BLOCK_AIO_H
#define BLOCK_AIO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct AioEngine AioEngine;

typedef struct AioEngineOps {
    const char *name;
    /* False: not now, or not by this engine. Any thread, any lock; `opaque` comes back in reap(). */
    bool (*submit)(AioEngine *engine, int fd, bool write, uint64_t offset, void *buffer, size_t bytes, void *opaque);
    /* Take what has ended; result: bytes, or a negative errno. I/O thread. */
    void (*reap)(AioEngine *engine, void (*ended)(void *opaque, ssize_t result));
    /* Nothing is under way. */
    void (*free)(AioEngine *engine);
} AioEngineOps;

struct AioEngine {
    const AioEngineOps *ops;    /* constant */
    int event_fd;               /* constant; readable when something has ended */
};

enum { AIO_DEPTH = 128 };       /* transfers under way of one engine */

/* NULL: the kernel, or this build, has none; *error says why (free()). */
AioEngine *aio_native_new(char **error);
AioEngine *aio_uring_new(char **error);
#endif
