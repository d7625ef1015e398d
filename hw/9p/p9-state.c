/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's saved state: fids by their paths. Files that were open are opened again where the state is loaded; what
 * is not there any more stays a fid that is not open, and the guest gets errors for it.
 *
 * Little-endian words: the largest message, the number of fids; of each its number, owner, whether it is open, how
 * (O_ACCMODE, O_SYNC, O_DSYNC, as Linux has them), the path's length, the path. Nothing of it is trusted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"
#include "qemu/log.h"

enum { FLAGS = O_ACCMODE | O_SYNC | O_DSYNC, MSIZE_LEAST = 4096 };

static int descriptor(const P9Fid *f)
{
    return f->dir ? dirfd(f->dir) : f->fd;
}

/* ---- out ---- */

static void put(GByteArray *to, uint32_t word)
{
    word = GUINT32_TO_LE(word);
    g_byte_array_append(to, (const guint8 *)&word, sizeof(word));
}

void p9_server_save(const P9Server *s, GByteArray *to)
{
    GHashTableIter iter;
    gpointer key, value;

    put(to, s->msize);
    put(to, g_hash_table_size(s->fids));
    g_hash_table_iter_init(&iter, s->fids);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const P9Fid *f = value;
        const int fd = descriptor(f);

        put(to, GPOINTER_TO_UINT(key));
        put(to, f->uid);
        put(to, fd >= 0);
        put(to, fd >= 0 ? (uint32_t)fcntl(fd, F_GETFL) & FLAGS : 0);
        put(to, (uint32_t)strlen(f->path));
        g_byte_array_append(to, (const guint8 *)f->path, (guint)strlen(f->path));
    }
}

char *p9_server_save_problem(const P9Server *s)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, s->fids);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const P9Fid *f = value;
        struct stat st;
        P9Stat now;

        if (descriptor(f) >= 0 && (fstat(descriptor(f), &st) || p9_stat(s, f->path, &now) ||
                                   st.st_dev != now.st.st_dev || st.st_ino != now.st.st_ino)) {
            return g_strdup_printf("the guest has '%s' of the folder '%s' open, which was deleted or moved: it cannot "
                                   "be opened again (close it in the guest)", f->path, s->share.path);
        }
    }
    return NULL;
}

/* ---- in ---- */

typedef struct In {
    const uint8_t *at;
    size_t left;                /* bytes */
    unsigned lost;              /* files that cannot be opened again */
    char *first_lost;           /* one of them, and why */
} In;

static bool get(In *in, uint32_t *word)
{
    if (in->left < sizeof(*word)) {
        return false;
    }
    memcpy(word, in->at, sizeof(*word));
    *word = GUINT32_FROM_LE(*word);
    in->at += sizeof(*word);
    in->left -= sizeof(*word);
    return true;
}

/* A path as fids have it, to be freed; NULL: it is none. */
static char *get_path(In *in, uint32_t bytes)
{
    char *path, **names;
    bool good = true;

    if (bytes > in->left || bytes > P9_PATH_MAX || memchr(in->at, 0, bytes)) {
        return NULL;
    }
    path = g_strndup((const char *)in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    names = g_strsplit(path, "/", -1);
    for (char **name = names; *name; name++) {
        good &= !p9_check_name(*name);
    }
    g_strfreev(names);
    if (!good) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

/* 0, or errno's number. */
static int open_again(P9Server *s, P9Fid *f, int flags)
{
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    const int fd = writes && s->share.readonly ? (errno = EROFS, -1) : p9_open(s, f->path, flags);
    struct stat st;
    DIR *dir = NULL;

    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &st) || (S_ISDIR(st.st_mode) && !(dir = fdopendir(fd)))) {
        const int error = errno;

        close(fd);
        return error;
    }
    return p9_fid_open(s, f, fd, dir);
}

static bool load_fid(P9Server *s, In *in)
{
    uint32_t number, uid, open, flags, bytes;
    char *path;
    int error;

    if (!get(in, &number) || !get(in, &uid) || !get(in, &open) || !get(in, &flags) || !get(in, &bytes) ||
        (flags & O_ACCMODE) == O_ACCMODE || !(path = get_path(in, bytes)) || p9_fid_set(s, number, path, uid)) {
        return false;
    }
    error = open ? open_again(s, p9_fid(s, number), (int)(flags & FLAGS)) : 0;
    if (error && !in->lost++) {
        g_autofree char *shown = g_strescape(p9_fid(s, number)->path, NULL);

        in->first_lost = g_strdup_printf("'%s': %s", shown, strerror(error));
    }
    return true;
}

bool p9_server_load(P9Server *s, const uint8_t *data, size_t bytes)
{
    In in = { .at = data, .left = bytes };
    uint32_t count = 0;
    bool good = get(&in, &s->msize) && s->msize >= MSIZE_LEAST && s->msize <= P9_MSIZE && get(&in, &count);

    for (; good && count; count--) {
        good = load_fid(s, &in);
    }
    good &= !in.left;
    if (good && in.lost) {
        warn_report("folder '%s': %u file%s that the guest has open cannot be opened here, such as %s", s->share.path,
                    in.lost, in.lost == 1 ? "" : "s", in.first_lost);
    }
    g_free(in.first_lost);
    if (!good) {
        p9_server_reset(s);
    }
    return good;
}
