/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O thread's loop (qemu/io-loop.h).
 *
 * Posted work is a stack that any thread pushes to and the I/O thread takes as a whole, without locks, for a signal
 * handler may interrupt a push. `posted` is set by who pushes and cleared before the call, so a work is on the stack
 * once at most, and a post during its call brings another one.
 *
 * Who posts writes to the descriptor only if the I/O thread says that it sleeps, or is going to (`asleep`): it says so,
 * then looks at the stack once more. So works that are posted while it is at work, or by itself, cost no system call.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "qemu/io-loop.h"
#include "qemu/log.h"

enum { ROUNDS = 4 };

static GMainLoop *loop;                 /* I/O thread */
static int wake_fd = -1;                /* eventfd; atomic */
static IOWork *stack;                   /* atomic */
static uint32_t unfinished;             /* works that are not outside, posted or being done; atomic */
static bool asleep = true;              /* who posts has to wake. atomic */
static bool in_work;                    /* one that is not outside is being done. I/O thread */
static void (*on_quiet)(void);          /* NULL: nobody asks. atomic */

static void wake(void)
{
    uint64_t one = 1;
    int saved_errno = errno, fd = __atomic_load_n(&wake_fd, __ATOMIC_SEQ_CST);
    ssize_t n = fd >= 0 ? write(fd, &one, sizeof(one)) : 0;

    (void)n;                            /* a full counter wakes as well */
    errno = saved_errno;
}

void io_post(IOWork *w)
{
    IOWork *top;

    if (__atomic_exchange_n(&w->posted, 1, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (!w->outside) {
        __atomic_add_fetch(&unfinished, 1, __ATOMIC_SEQ_CST);
    }
    top = __atomic_load_n(&stack, __ATOMIC_SEQ_CST);
    do {
        w->next = top;
    } while (!__atomic_compare_exchange_n(&stack, &top, w, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST)) {
        wake();
    }
}

bool io_is_quiet(void)
{
    return !__atomic_load_n(&unfinished, __ATOMIC_SEQ_CST);
}

bool io_is_quiet_beside(void)
{
    return __atomic_load_n(&unfinished, __ATOMIC_SEQ_CST) == (in_work ? 1 : 0);
}

void io_on_quiet(void (*fn)(void))
{
    __atomic_store_n(&on_quiet, fn, __ATOMIC_SEQ_CST);
}

static void finished(void)
{
    void (*fn)(void) = __atomic_load_n(&on_quiet, __ATOMIC_SEQ_CST);

    if (!__atomic_sub_fetch(&unfinished, 1, __ATOMIC_SEQ_CST) && fn) {
        fn();
    }
}

/* What was posted, the oldest first. */
static IOWork *take_posted(void)
{
    IOWork *w = __atomic_exchange_n(&stack, NULL, __ATOMIC_SEQ_CST), *first = NULL;

    while (w) {
        IOWork *next = w->next;

        w->next = first;
        first = w;
        w = next;
    }
    return first;
}

/* ---- the source of GLib's that posted works are ---- */

typedef struct PostedSource {
    GSource source;
    gpointer tag;                       /* of wake_fd */
} PostedSource;

static bool is_posted(void)
{
    return __atomic_load_n(&stack, __ATOMIC_SEQ_CST);
}

/* Before the thread sleeps. True: it need not. */
static gboolean posted_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    __atomic_store_n(&asleep, true, __ATOMIC_SEQ_CST);
    return is_posted();
}

static gboolean posted_check(GSource *source)
{
    __atomic_store_n(&asleep, false, __ATOMIC_SEQ_CST);
    return is_posted() || g_source_query_unix_fd(source, ((PostedSource *)source)->tag);
}

static void run(IOWork *w)
{
    while (w) {
        IOWork *next = w->next;         /* belongs to the next post from here on */
        const bool outside = w->outside;

        __atomic_store_n(&w->posted, 0, __ATOMIC_SEQ_CST);
        in_work = !outside;
        w->fn(w->opaque);               /* may free it */
        in_work = false;
        if (!outside) {
            finished();
        }
        w = next;
    }
}

static gboolean posted_dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    uint64_t count;
    IOWork *w;

    __atomic_store_n(&asleep, false, __ATOMIC_SEQ_CST);
    if (g_source_query_unix_fd(source, ((PostedSource *)source)->tag)) {
        ssize_t n = read(wake_fd, &count, sizeof(count));

        (void)n;                        /* nothing there: somebody has looked already */
    }
    /* What these post in turn, too, but other sources have to have their turn. */
    for (int round = 0; round < ROUNDS && (w = take_posted()) != NULL; round++) {
        run(w);
    }
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs posted_funcs = { .prepare = posted_prepare, .check = posted_check, .dispatch = posted_dispatch };

void io_loop_init(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    GSource *source;

    if (fd < 0) {
        error_exit("cannot create an eventfd: %s", strerror(errno));
    }
    loop = g_main_loop_new(NULL, FALSE);
    source = g_source_new(&posted_funcs, sizeof(PostedSource));
    ((PostedSource *)source)->tag = g_source_add_unix_fd(source, fd, G_IO_IN);
    g_source_attach(source, NULL);
    g_source_unref(source);
    __atomic_store_n(&wake_fd, fd, __ATOMIC_SEQ_CST);
}

void io_loop_run(void)
{
    g_main_loop_run(loop);
}

void io_loop_quit(void)
{
    g_main_loop_quit(loop);
}
