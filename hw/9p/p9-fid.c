/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fids: a client's numbers for files. A fid is a path, and a descriptor while the file is open. Their number is
 * bounded, and so is that of descriptors, of which the emulator itself keeps enough.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"

P9Fid *p9_fid(P9Server *s, uint32_t number)
{
    return g_hash_table_lookup(s->fids, GUINT_TO_POINTER(number));
}

static void fid_free(P9Server *s, P9Fid *f)
{
    s->open -= f->dir || f->fd >= 0;
    if (f->dir) {
        closedir(f->dir);
    } else if (f->fd >= 0) {
        close(f->fd);
    }
    g_free(f->path);
    g_free(f);
}

int p9_fid_set(P9Server *s, uint32_t number, char *path, uint32_t uid)
{
    P9Fid *f;

    p9_fid_drop(s, number);
    if (g_hash_table_size(s->fids) >= P9_FIDS_MAX) {
        g_free(path);
        return ENFILE;
    }
    f = g_new(P9Fid, 1);
    *f = (P9Fid) { .path = path, .uid = uid, .fd = -1 };
    g_hash_table_insert(s->fids, GUINT_TO_POINTER(number), f);
    return 0;
}

int p9_fid_open(P9Server *s, P9Fid *f, int fd, DIR *dir)
{
    if (s->open >= s->open_max) {
        if (dir) {
            closedir(dir);
        } else {
            close(fd);
        }
        return EMFILE;
    }
    s->open++;
    f->fd = dir ? -1 : fd;
    f->dir = dir;
    return 0;
}

void p9_fid_drop(P9Server *s, uint32_t number)
{
    P9Fid *f = p9_fid(s, number);

    if (f) {
        g_hash_table_remove(s->fids, GUINT_TO_POINTER(number));
        fid_free(s, f);
    }
}

void p9_fids_moved(P9Server *s, const char *from, const char *to)
{
    const size_t length = strlen(from);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, s->fids);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        P9Fid *f = value;

        if (!strncmp(f->path, from, length) && (!f->path[length] || f->path[length] == '/')) {
            char *path = g_strconcat(to, f->path + length, NULL);

            g_free(f->path);
            f->path = path;
        }
    }
}

void p9_server_reset(P9Server *s)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, s->fids);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        g_hash_table_iter_remove(&iter);
        fid_free(s, value);
    }
    s->msize = P9_MSIZE;
}
