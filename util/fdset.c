/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of descriptors (qemu/fdset.h). One list, in the order of the sets' numbers; it is short. */
#define _GNU_SOURCE             /* O_DIRECT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "qemu/fdset.h"

typedef struct Member {
    int64_t set;
    int fd;
    char *note;                 /* NULL: none */
} Member;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GArray *members;         /* of Member; lock */

/* ---- opening ---- */

/* The number of the set; -1: the name is not one of these. */
static int64_t set_of(const char *path)
{
    static const char prefix[] = "/dev/fdset/";
    const char *digits = path + strlen(prefix);
    char *end;
    guint64 n;

    if (!g_str_has_prefix(path, prefix) || !g_ascii_isdigit(*digits)) {
        return -1;
    }
    n = g_ascii_strtoull(digits, &end, 10);
    return *end || n > INT64_MAX ? -1 : (int64_t)n;
}

static bool serves(int fd, int flags)
{
    const int has = fcntl(fd, F_GETFL);

    return has >= 0 && (has & O_ACCMODE) == (flags & O_ACCMODE);
}

/* A copy of a member; -1: errno. Caller holds the lock. */
static int copy_of(int64_t set, int flags)
{
    bool any = false;

    for (guint i = 0; members && i < members->len; i++) {
        const Member *m = &g_array_index(members, Member, i);

        if (m->set == set) {
            any = true;
            if (serves(m->fd, flags)) {
                return fcntl(m->fd, F_DUPFD_CLOEXEC, 0);
            }
        }
    }
    errno = any ? EACCES : ENOENT;
    return -1;
}

static bool adapt(int fd, int flags)
{
    const int chosen = O_APPEND | O_DIRECT | O_NONBLOCK, has = fcntl(fd, F_GETFL);

    if (has < 0 || fcntl(fd, F_SETFL, (has & ~chosen) | (flags & chosen)) < 0) {
        return false;
    }
    if (flags & O_TRUNC) {
        lseek(fd, 0, SEEK_SET);
        return ftruncate(fd, 0) == 0 || errno == EINVAL;        /* a pipe has no length */
    }
    return true;
}

int fdset_open(const char *path, int flags, unsigned mode)
{
    const int64_t set = set_of(path);
    int fd;

    if (set < 0) {
        return open(path, flags, mode);
    }
    pthread_mutex_lock(&lock);
    fd = copy_of(set, flags);
    pthread_mutex_unlock(&lock);
    if (fd >= 0 && !adapt(fd, flags)) {
        const int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* ---- members ---- */

static int64_t free_number(void)
{
    int64_t n = 0;

    for (guint i = 0; i < members->len; i++) {
        n += g_array_index(members, Member, i).set == n;
    }
    return n;
}

int64_t fdset_add(int64_t set, int fd, const char *opaque)
{
    Member m = { set, fd, g_strdup(opaque) };
    guint at = 0;

    pthread_mutex_lock(&lock);
    if (!members) {
        members = g_array_new(FALSE, FALSE, sizeof(Member));
    }
    m.set = set < 0 ? free_number() : set;
    while (at < members->len && g_array_index(members, Member, at).set <= m.set) {
        at++;
    }
    g_array_insert_val(members, at, m);
    pthread_mutex_unlock(&lock);
    return m.set;
}

bool fdset_remove(int64_t set, int64_t fd)
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (guint i = members ? members->len : 0; i-- > 0; ) {
        const Member *m = &g_array_index(members, Member, i);

        if (m->set == set && (fd < 0 || m->fd == fd)) {
            close(m->fd);
            g_free(m->note);
            g_array_remove_index(members, i);
            found = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void fdset_each(void (*visit)(void *opaque, int64_t set, int fd, const char *note), void *opaque)
{
    pthread_mutex_lock(&lock);
    for (guint i = 0; members && i < members->len; i++) {
        const Member *m = &g_array_index(members, Member, i);

        visit(opaque, m->set, m->fd, m->note);
    }
    pthread_mutex_unlock(&lock);
}
