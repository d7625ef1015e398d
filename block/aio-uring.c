/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aio=io_uring: Linux's io_uring(7), also for files in the host's page cache. */
#include <errno.h>
#include <glib.h>
#include <liburing.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "block/aio.h"

typedef struct UringEngine {
    AioEngine engine;
    struct io_uring ring;       /* submission: lock; completion: I/O thread */
    pthread_mutex_t lock;
    unsigned under_way;         /* atomic: below the completion queue's size, so that it does not overflow */
} UringEngine;

static bool uring_submit(AioEngine *engine, int fd, bool write, uint64_t offset, void *buffer, size_t bytes,
                         void *opaque)
{
    UringEngine *e = (UringEngine *)engine;
    struct io_uring_sqe *sqe;
    bool sent = false;

    if (__atomic_add_fetch(&e->under_way, 1, __ATOMIC_RELAXED) > AIO_DEPTH) {
        __atomic_sub_fetch(&e->under_way, 1, __ATOMIC_RELAXED);
        return false;
    }
    pthread_mutex_lock(&e->lock);
    sqe = io_uring_get_sqe(&e->ring);
    if (sqe) {
        if (write) {
            io_uring_prep_write(sqe, fd, buffer, (unsigned)bytes, offset);
        } else {
            io_uring_prep_read(sqe, fd, buffer, (unsigned)bytes, offset);
        }
        io_uring_sqe_set_data(sqe, opaque);
        /* What the kernel does not take now stays in the queue and goes with the next one: it is ours no more. */
        io_uring_submit(&e->ring);
        sent = true;
    }
    pthread_mutex_unlock(&e->lock);
    if (!sent) {
        __atomic_sub_fetch(&e->under_way, 1, __ATOMIC_RELAXED);
    }
    return sent;
}

static void uring_reap(AioEngine *engine, void (*ended)(void *opaque, ssize_t result))
{
    UringEngine *e = (UringEngine *)engine;
    struct io_uring_cqe *cqe;

    while (io_uring_peek_cqe(&e->ring, &cqe) == 0) {
        void *opaque = io_uring_cqe_get_data(cqe);
        ssize_t result = cqe->res;

        io_uring_cqe_seen(&e->ring, cqe);
        __atomic_sub_fetch(&e->under_way, 1, __ATOMIC_RELAXED);
        ended(opaque, result);
    }
    pthread_mutex_lock(&e->lock);
    if (io_uring_sq_ready(&e->ring)) {
        io_uring_submit(&e->ring);
    }
    pthread_mutex_unlock(&e->lock);
}

static void uring_free(AioEngine *engine)
{
    UringEngine *e = (UringEngine *)engine;

    io_uring_queue_exit(&e->ring);
    pthread_mutex_destroy(&e->lock);
    close(engine->event_fd);
    g_free(e);
}

static const AioEngineOps uring_ops = { "io_uring", uring_submit, uring_reap, uring_free };

AioEngine *aio_uring_new(char **error)
{
    UringEngine *e = g_new0(UringEngine, 1);
    int ret = io_uring_queue_init(AIO_DEPTH, &e->ring, 0);

    e->engine.ops = &uring_ops;
    if (!ret) {
        e->engine.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        ret = io_uring_register_eventfd(&e->ring, e->engine.event_fd);
        if (ret) {
            close(e->engine.event_fd);
            io_uring_queue_exit(&e->ring);
        }
    }
    if (ret) {
        *error = g_strdup_printf("the kernel has no io_uring for us: %s", strerror(-ret));
        g_free(e);
        return NULL;
    }
    pthread_mutex_init(&e->lock, NULL);
    return &e->engine;
}
