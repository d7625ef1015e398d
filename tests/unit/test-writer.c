/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers whose thread does not come: the host refuses to make it, or does not let it run before the program ends. What
 * was printed is printed all the same, in order.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "qemu/writer.h"
#include "tests/unit/tap.h"

static int thread_error;

/* In the place of the C library's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *opaque)
{
    return thread_error;
}

int pthread_detach(pthread_t thread)
{
    return 0;
}

static bool never(int stalled_ms)
{
    return stalled_ms > 100;
}

static bool arrives(int error, bool end)
{
    static char text[20000], got[sizeof(text)];
    int fd[2];
    Writer *w;

    thread_error = error;
    if (pipe(fd) < 0) {
        return false;
    }
    w = writer_new(fd[1], NULL);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i % 80 == 79 ? '\n' : 'a' + i / 7 % 26);
    }
    writer_put(w, text, sizeof(text) / 2);
    writer_put(w, text + sizeof(text) / 2, sizeof(text) - sizeof(text) / 2);
    if (end) {
        writers_end(never);
    }
    close(fd[1]);
    for (size_t n = 0; n < sizeof(got);) {
        ssize_t k = read(fd[0], got + n, sizeof(got) - n);

        if (k <= 0) {
            return false;
        }
        n += (size_t)k;
    }
    close(fd[0]);
    return !memcmp(got, text, sizeof(text));
}

int main(void)
{
    tap_case(arrives(EAGAIN, false), "no thread can be made: who prints writes");
    tap_case(arrives(0, true), "the thread does not run: the end of the program writes");
    return tap_done();
}
