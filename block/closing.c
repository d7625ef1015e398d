/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Closing an image when the host may not answer: a thread does it, and who waits for it does not wait for ever. If it
 * is given up, the thread and the image stay behind.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <time.h>
#include "block/image.h"

/* Freed by the last of the two that have it. */
typedef struct Closing {
    Image *image;               /* constant */
    bool flush;                 /* constant */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed, given_up;      /* lock */
    int error;                  /* of the flush. lock */
} Closing;

static void closing_free(Closing *c)
{
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    g_free(c);
}

static void *close_it(void *opaque)
{
    Closing *c = opaque;
    int error = c->flush ? image_flush(c->image) : 0;
    bool given_up;

    image_close(c->image);
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    c->error = error;
    given_up = c->given_up;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    if (given_up) {
        closing_free(c);
    }
    return NULL;
}

int image_close_within(Image *image, bool flush, unsigned seconds)
{
    Closing *c = g_new0(Closing, 1);
    pthread_condattr_t attr;
    struct timespec until;
    pthread_t thread;
    bool closed;
    int error;

    c->image = image;
    c->flush = flush;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&thread, NULL, close_it, c)) {
        closing_free(c);
        return -EAGAIN;
    }
    pthread_detach(thread);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&c->lock);
    while (!c->closed && pthread_cond_timedwait(&c->changed, &c->lock, &until) != ETIMEDOUT) {
    }
    closed = c->closed;
    error = c->error;
    c->given_up = !closed;
    pthread_mutex_unlock(&c->lock);
    if (closed) {
        closing_free(c);
    }
    return closed ? error : -ETIMEDOUT;
}
