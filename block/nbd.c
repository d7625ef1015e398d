/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images on an NBD server, by libnbd, which is loaded when it is wanted. One connection and one thread that speaks on
 * it; whoever reads or writes leaves a job and waits for it. Any number of jobs are under way.
 *
 * A connection that breaks is made again when somebody wants something, and what had no answer is asked again:
 * reading, writing, zeroing and flushing twice does what once does. If the server does not come back in time, jobs end
 * with -EIO. A server that is connected and does not answer is waited for like a disk: interrupt() ends that.
 *
 * Lock: `lock` for what is shared with the waiting threads; libnbd is called by the connection's thread alone, without
 * it.
 */
#include <errno.h>
#include <glib.h>
#include <libnbd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "block/host-file.h"

#define LIBRARY_TABLE nbd
#define LIBRARY_PREFIX nbd_
#define LIBRARY_FUNCTIONS(X) \
    X(aio_connect_tcp) X(aio_connect_unix) X(aio_connect_uri) X(aio_disconnect) X(aio_flush) X(aio_get_direction) \
    X(aio_get_fd) X(aio_is_closed) X(aio_is_dead) X(aio_is_ready) X(aio_notify_read) X(aio_notify_write) X(aio_pread) \
    X(aio_pwrite) X(aio_zero) X(can_flush) X(can_zero) X(close) X(create) X(get_block_size) X(get_errno) X(get_error) \
    X(get_size) X(is_read_only) X(set_export_name) X(set_pread_initialize)
#include "qemu/address.h"
#include "qemu/library-table.h"

enum { MOST_BYTES = 8 << 20, MOST_ZEROES = 1 << 30, FIRST_CONNECTION_S = 30, LEAST_GRACE_S = 5, AGAIN_MS = 1000 };

typedef enum JobOp { JOB_READ, JOB_WRITE, JOB_ZERO, JOB_UNMAP, JOB_FLUSH } JobOp;

typedef struct Job {
    JobOp op;
    uint64_t offset, bytes;
    void *buffer;
    bool answered;              /* thread's */
    int64_t give_up_ms;         /* 0: a connection stands. thread's */
    int error;                  /* thread's until `done` */
    bool done;                  /* lock */
} Job;

typedef struct NbdFile {
    HostFile file;
    char *uri, *host, *port, *socket, *export;  /* constant; uri NULL: by the others */
    unsigned reconnect_s;       /* constant */
    pthread_t thread;
    int wake;                   /* constant: an eventfd */
    pthread_mutex_t lock;
    pthread_cond_t changed;     /* of CLOCK_MONOTONIC */
    GQueue waiting;             /* jobs that the thread has not seen. lock */
    bool ending, interrupted;   /* lock */
    bool tried;                 /* the first attempt has ended. lock */
    char *problem;              /* why it failed; NULL: it stands. lock */
    uint64_t bytes;             /* of the export; written before `tried` */
    bool can_zero, can_flush;   /* likewise */
    /* The thread's alone: */
    struct nbd_handle *nbd;     /* NULL: no connection, nor one in the making */
    bool ready;
    int64_t next_attempt_ms;
    GQueue jobs;                /* not sent, or sent and not answered */
} NbdFile;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wake(NbdFile *n)
{
    uint64_t one = 1;
    ssize_t ignored = write(n->wake, &one, sizeof(one));

    (void)ignored;              /* a full counter wakes as well */
}

/* ---- the connection: its thread ---- */

static void disconnect(NbdFile *n)
{
    GList *l;

    nbd.close(n->nbd);          /* jobs under way are answered with an error, which answered() passes over */
    n->nbd = NULL;
    n->ready = false;
    n->next_attempt_ms = now_ms() + AGAIN_MS;
    for (l = n->jobs.head; l; l = l->next) {
        Job *job = l->data;

        if (!job->answered && !job->give_up_ms) {
            job->give_up_ms = now_ms() + 1000ll * (n->reconnect_s ? n->reconnect_s : LEAST_GRACE_S);
        }
    }
}

/* False: no attempt could be begun. */
static bool begin_to_connect(NbdFile *n)
{
    int ret;

    n->nbd = nbd.create();
    if (!n->nbd) {
        return false;
    }
    nbd.set_pread_initialize(n->nbd, false);
    if (n->uri) {
        ret = nbd.aio_connect_uri(n->nbd, n->uri);
    } else {
        ret = n->export ? nbd.set_export_name(n->nbd, n->export) : 0;
        if (!ret) {
            ret = n->socket ? nbd.aio_connect_unix(n->nbd, n->socket) : nbd.aio_connect_tcp(n->nbd, n->host, n->port);
        }
    }
    return ret == 0;
}

/* The first attempt has come to an end; `problem`: to be freed by the file, NULL if it stands. */
static void tell_opener(NbdFile *n, char *problem)
{
    pthread_mutex_lock(&n->lock);
    if (n->tried) {
        g_free(problem);
    } else {
        n->tried = true;
        n->problem = problem;
        pthread_cond_broadcast(&n->changed);
    }
    pthread_mutex_unlock(&n->lock);
}

static void attempt_failed(NbdFile *n)
{
    const char *why = nbd.get_error();
    char *problem = g_strdup(why ? why : "the connection broke");
    GList *l;

    disconnect(n);
    tell_opener(n, problem);
    for (l = n->jobs.head; l && !n->reconnect_s; l = l->next) {
        ((Job *)l->data)->give_up_ms = 1;
    }
}

/* It has become ready: what is the server like? */
static void connected(NbdFile *n)
{
    int64_t bytes = nbd.get_size(n->nbd), least = nbd.get_block_size(n->nbd, LIBNBD_SIZE_MINIMUM);
    char *problem = NULL;

    if (bytes < 0) {
        problem = g_strdup(nbd.get_error());
    } else if (n->tried && (uint64_t)bytes != n->bytes) {
        problem = g_strdup("its size has changed");
    } else if (!n->file.readonly && nbd.is_read_only(n->nbd) != 0) {
        problem = g_strdup("the server allows reading only (readonly=on opens it so)");
    } else if (least > HOST_FILE_ALIGN || (least & (least - 1))) {
        problem = g_strdup_printf("the server wants transfers of %lld bytes", (long long)least);
    }
    if (problem) {
        disconnect(n);
        tell_opener(n, problem);
        return;
    }
    if (!n->tried) {
        n->bytes = (uint64_t)bytes;
        n->file.align = least > 1 ? (unsigned)least : 1;
        n->can_zero = nbd.can_zero(n->nbd) == 1;
        n->can_flush = nbd.can_flush(n->nbd) == 1;
    }
    n->ready = true;
    for (GList *l = n->jobs.head; l; l = l->next) {
        ((Job *)l->data)->give_up_ms = 0;
    }
    tell_opener(n, NULL);
}

static int answered(void *opaque, int *error)
{
    Job *job = opaque;

    /* A connection that broke is no answer. */
    job->answered = *error != ENOTCONN && *error != ESHUTDOWN;
    job->error = job->answered ? -*error : 0;
    return 1;
}

/* False: it could not be sent. */
static bool send_job(NbdFile *n, Job *job)
{
    nbd_completion_callback end = { .callback = answered, .user_data = job };

    switch (job->op) {
    case JOB_READ:
        return nbd.aio_pread(n->nbd, job->buffer, job->bytes, job->offset, end, 0) >= 0;
    case JOB_WRITE:
        return nbd.aio_pwrite(n->nbd, job->buffer, job->bytes, job->offset, end, 0) >= 0;
    case JOB_ZERO:
    case JOB_UNMAP:
        return nbd.aio_zero(n->nbd, job->bytes, job->offset, end,
                            job->op == JOB_ZERO ? LIBNBD_CMD_FLAG_NO_HOLE : 0) >= 0;
    case JOB_FLUSH:
        break;
    }
    return nbd.aio_flush(n->nbd, end, 0) >= 0;
}

static void send_all(NbdFile *n, GQueue *unsent)
{
    Job *job;

    while ((job = g_queue_pop_head(unsent)) != NULL) {
        if (!send_job(n, job) && !nbd.aio_is_dead(n->nbd) && !nbd.aio_is_closed(n->nbd)) {
            job->answered = true;
            job->error = -(nbd.get_errno() ? nbd.get_errno() : EIO);
        }
    }
}

/* Hand back jobs that have ended, or that are given up. */
static void end_jobs(NbdFile *n)
{
    GList *l, *next;

    pthread_mutex_lock(&n->lock);
    for (l = n->jobs.head; l; l = next) {
        Job *job = l->data;
        bool late = (job->give_up_ms && now_ms() >= job->give_up_ms && !n->ready) || n->interrupted;

        next = l->next;
        /* One that libnbd knows belongs to it: if interrupted, the connection was closed before. */
        if (job->answered || late) {
            job->error = job->answered ? job->error : -EIO;
            job->done = true;
            g_queue_delete_link(&n->jobs, l);
            pthread_cond_broadcast(&n->changed);
        }
    }
    pthread_mutex_unlock(&n->lock);
}

/* One look at the connection: it is made, used, or found broken. New jobs are in `unsent`. */
static void turn(NbdFile *n, GQueue *unsent)
{
    struct pollfd fds[2] = { { .fd = n->wake, .events = POLLIN }, { .fd = -1 } };
    int timeout = -1;
    uint64_t count;

    if (!n->nbd && now_ms() >= n->next_attempt_ms && (!g_queue_is_empty(&n->jobs) || !n->tried) &&
        !begin_to_connect(n)) {
        attempt_failed(n);
    }
    if (n->nbd && !n->ready && nbd.aio_is_ready(n->nbd)) {
        connected(n);
        g_queue_clear(unsent);
        for (GList *l = n->jobs.head; n->ready && l; l = l->next) {
            g_queue_push_tail(unsent, l->data);
        }
    }
    if (n->ready) {
        send_all(n, unsent);
    }
    g_queue_clear(unsent);
    if (n->nbd && (nbd.aio_is_dead(n->nbd) || nbd.aio_is_closed(n->nbd))) {
        if (n->ready) {
            disconnect(n);
            n->next_attempt_ms = 0;
        } else {
            attempt_failed(n);
        }
    }
    end_jobs(n);
    if (n->nbd) {
        unsigned direction = nbd.aio_get_direction(n->nbd);

        fds[1].fd = nbd.aio_get_fd(n->nbd);
        fds[1].events = (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
                                (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
    }
    if (!n->ready && !g_queue_is_empty(&n->jobs)) {
        timeout = !n->nbd && !n->next_attempt_ms ? 0 : AGAIN_MS / 4;
    }
    if (poll(fds, 2, timeout) > 0) {
        if (fds[0].revents) {
            ssize_t ignored = read(n->wake, &count, sizeof(count));

            (void)ignored;
        }
        /* Errors show in the state. */
        if (n->nbd && (fds[1].revents & (POLLIN | POLLHUP | POLLERR))) {
            nbd.aio_notify_read(n->nbd);
        } else if (n->nbd && (fds[1].revents & POLLOUT)) {
            nbd.aio_notify_write(n->nbd);
        }
    }
}

static void *nbd_thread(void *opaque)
{
    NbdFile *n = opaque;
    GQueue unsent = G_QUEUE_INIT;
    bool ending = false;

    while (!ending) {
        bool interrupted;
        Job *job;

        pthread_mutex_lock(&n->lock);
        while ((job = g_queue_pop_head(&n->waiting)) != NULL) {
            g_queue_push_tail(&n->jobs, job);
            g_queue_push_tail(&unsent, job);
            job->give_up_ms = n->ready ? 0 : now_ms() + 1000ll * (n->reconnect_s ? n->reconnect_s : LEAST_GRACE_S);
        }
        ending = n->ending;
        interrupted = n->interrupted;
        pthread_mutex_unlock(&n->lock);
        if (interrupted && n->nbd) {
            disconnect(n);
        }
        if (interrupted) {
            end_jobs(n);
            g_queue_clear(&unsent);
            n->next_attempt_ms = INT64_MAX;
        }
        if (!ending) {
            turn(n, &unsent);
        }
    }
    if (n->nbd) {
        if (n->ready) {
            nbd.aio_disconnect(n->nbd, 0);
        }
        disconnect(n);
    }
    return NULL;
}

/* ---- whoever wants something ---- */

static int carry_out(NbdFile *n, JobOp op, uint64_t offset, uint64_t bytes, void *buffer)
{
    Job job = { .op = op, .offset = offset, .bytes = bytes, .buffer = buffer };

    pthread_mutex_lock(&n->lock);
    if (n->interrupted) {
        pthread_mutex_unlock(&n->lock);
        return -EIO;
    }
    g_queue_push_tail(&n->waiting, &job);
    wake(n);
    while (!job.done) {
        pthread_cond_wait(&n->changed, &n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return job.error;
}

/* In pieces that a server takes. */
static int in_pieces(NbdFile *n, JobOp op, uint64_t offset, uint64_t bytes, uint8_t *buffer)
{
    uint64_t most = op == JOB_READ || op == JOB_WRITE ? MOST_BYTES : MOST_ZEROES;
    int ret = 0;

    while (bytes && !ret) {
        uint64_t piece = bytes < most ? bytes : most;

        ret = carry_out(n, op, offset, piece, buffer);
        offset += piece;
        bytes -= piece;
        buffer += buffer ? piece : 0;
    }
    return ret;
}

static int nbd_file_read(HostFile *file, uint64_t offset, void *buffer, size_t bytes)
{
    NbdFile *n = (NbdFile *)file;
    uint64_t there = offset < n->bytes ? n->bytes - offset : 0;

    if (bytes > there) {
        memset((uint8_t *)buffer + there, 0, bytes - there);
        bytes = there;
    }
    return in_pieces(n, JOB_READ, offset, bytes, buffer);
}

static int nbd_file_write(HostFile *file, uint64_t offset, const void *buffer, size_t bytes)
{
    NbdFile *n = (NbdFile *)file;

    if (offset > n->bytes || bytes > n->bytes - offset) {
        return -ENOSPC;
    }
    return in_pieces(n, JOB_WRITE, offset, bytes, (void *)(uintptr_t)buffer);
}

static int nbd_file_write_zeroes(HostFile *file, uint64_t offset, uint64_t bytes, bool unmap)
{
    NbdFile *n = (NbdFile *)file;

    if (!n->can_zero) {
        return -EOPNOTSUPP;
    }
    if (offset > n->bytes || bytes > n->bytes - offset) {
        return -ENOSPC;
    }
    return in_pieces(n, unmap ? JOB_UNMAP : JOB_ZERO, offset, bytes, NULL);
}

static int nbd_file_flush(HostFile *file)
{
    NbdFile *n = (NbdFile *)file;

    return n->can_flush ? carry_out(n, JOB_FLUSH, 0, 0, NULL) : 0;
}

static int64_t nbd_file_size(HostFile *file)
{
    return (int64_t)((NbdFile *)file)->bytes;
}

static void nbd_file_interrupt(HostFile *file)
{
    NbdFile *n = (NbdFile *)file;

    pthread_mutex_lock(&n->lock);
    n->interrupted = true;
    pthread_mutex_unlock(&n->lock);
    wake(n);
}

static void nbd_file_close(HostFile *file)
{
    NbdFile *n = (NbdFile *)file;

    pthread_mutex_lock(&n->lock);
    n->ending = true;
    pthread_mutex_unlock(&n->lock);
    wake(n);
    pthread_join(n->thread, NULL);
    close(n->wake);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    g_free(n->problem);
    g_free(n->uri);
    g_free(n->host);
    g_free(n->port);
    g_free(n->socket);
    g_free(n->export);
    g_free(n);
}

static const HostFileOps nbd_ops = {
    .driver = "nbd", .read = nbd_file_read, .write = nbd_file_write, .write_zeroes = nbd_file_write_zeroes,
    .flush = nbd_file_flush, .size = nbd_file_size, .interrupt = nbd_file_interrupt, .close = nbd_file_close,
};

/* ---- opening ---- */

/* The older form: nbd:HOST:PORT[:exportname=NAME] or nbd:unix:PATH[:exportname=NAME]. False: it is not that. */
static bool parse_old_form(NbdFile *n, const char *path)
{
    const char *rest = path + strlen("nbd:"), *export = strstr(rest, ":exportname=");
    char *place = export ? g_strndup(rest, (gsize)(export - rest)) : g_strdup(rest), *colon;

    n->export = export ? g_strdup(export + strlen(":exportname=")) : NULL;
    if (g_str_has_prefix(place, "unix:")) {
        n->socket = g_strdup(place + strlen("unix:"));
    } else if ((colon = strrchr(place, ':')) != NULL && colon != place && colon[1]) {
        n->host = g_strndup(place, (gsize)(colon - place));
        n->port = g_strdup(colon + 1);
    }
    g_free(place);
    return n->socket ? *n->socket : n->host != NULL;
}

/* Which the library would cut to 16 bits. */
static bool port_good(const NbdFile *n)
{
    g_autoptr(GError) error = NULL;

    if (n->port) {
        return address_port_good(n->port);
    }
    return !n->uri || g_uri_split_network(n->uri, G_URI_FLAGS_NONE, NULL, NULL, NULL, &error)
           || !g_error_matches(error, G_URI_ERROR, G_URI_ERROR_BAD_PORT);
}

static bool parse(NbdFile *n, const char *path, const NbdOptions *o, char **error)
{
    n->reconnect_s = o->reconnect_s;
    if (o->host || o->socket) {
        n->host = g_strdup(o->host);
        n->port = g_strdup(o->port ? o->port : "10809");
        n->socket = g_strdup(o->socket);
        n->export = g_strdup(o->export);
    } else if (g_str_has_prefix(path, "nbd:") && !g_str_has_prefix(path, "nbd://")) {
        if (!parse_old_form(n, path)) {
            *error = g_strdup_printf("'%s': neither nbd://HOST:PORT/EXPORT nor nbd:unix:PATH nor nbd:HOST:PORT", path);
            return false;
        }
    } else {
        n->uri = g_strdup(path);
    }
    if (!port_good(n)) {
        *error = g_strdup_printf("'%s': the port is beyond 65535", path);
        return false;
    }
    return true;
}

/* Wait for the first connection. NULL: it stands; else why not, to be freed. */
static char *wait_for_first(NbdFile *n)
{
    struct timespec until;
    char *problem;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FIRST_CONNECTION_S;
    pthread_mutex_lock(&n->lock);
    while (!n->tried && pthread_cond_timedwait(&n->changed, &n->lock, &until) != ETIMEDOUT) {
    }
    problem = n->tried ? g_strdup(n->problem) : g_strdup_printf("no answer in %d seconds", FIRST_CONNECTION_S);
    pthread_mutex_unlock(&n->lock);
    return problem;
}

HostFile *nbd_file_open(const char *path, const ImageOptions *options, char **error)
{
    NbdFile *n = g_new0(NbdFile, 1);
    pthread_condattr_t attr;
    char *problem = library_load("libnbd.so.0", nbd_functions);

    if (problem) {
        *error = g_strdup_printf("'%s': %s", path, problem);
        g_free(problem);
        g_free(n);
        return NULL;
    }
    n->file = (HostFile) { .ops = &nbd_ops, .readonly = options->readonly, .align = 1, .fd = -1 };
    if (!parse(n, path, &options->nbd, error)) {
        g_free(n->uri);
        g_free(n->host);
        g_free(n->port);
        g_free(n->socket);
        g_free(n->export);
        g_free(n);
        return NULL;
    }
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &attr);
    pthread_condattr_destroy(&attr);
    n->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_create(&n->thread, NULL, nbd_thread, n);
    problem = wait_for_first(n);
    if (problem) {
        *error = g_strdup_printf("'%s': %s", path, problem);
        g_free(problem);
        nbd_file_interrupt(&n->file);
        nbd_file_close(&n->file);
        return NULL;
    }
    return &n->file;
}
