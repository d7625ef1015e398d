/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about names: walking, making, moving and removing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"

enum { WALK_MAX = 16, DOTL_ACCESS = 3, DOTL_EXCLUSIVE = 0200, DOTL_TRUNCATE = 01000, DOTL_REMOVE_FOLDER = 0x200 };

int p9_attach(P9Server *s, P9Message *m)
{
    g_autofree char *user = NULL, *tree = NULL;
    uint32_t fid, afid, uid;
    P9Stat st;
    int error;

    if (!p9_get(m, "ddss", &fid, &afid, &user, &tree)) {
        return EPROTO;
    }
    uid = p9_get(m, "d", &uid) ? uid : 0;
    if (p9_fid(s, fid)) {
        return EINVAL;
    }
    error = p9_stat(s, "", &st);
    if (!error) {
        error = p9_fid_set(s, fid, g_strdup(""), uid);
    }
    return error ? error : p9_put(m, "Q", &st.qid) ? 0 : EMSGSIZE;
}

/* One step; *path is replaced. Upwards from the folder itself leads nowhere. */
static int step(P9Server *s, char **path, const char *name, P9Qid *qid)
{
    char *next;
    P9Stat st;
    int error = strcmp(name, "..") ? p9_check_name(name) : 0;

    if (error) {
        return error == EINVAL ? ENOENT : error;
    }
    if (!strcmp(name, "..")) {
        const char *slash = strrchr(*path, '/');

        next = g_strndup(*path, slash ? (gsize)(slash - *path) : 0);
    } else {
        next = p9_join(*path, name);
    }
    error = next ? p9_stat(s, next, &st) : ENAMETOOLONG;
    if (error) {
        g_free(next);
        return error;
    }
    g_free(*path);
    *path = next;
    *qid = st.qid;
    return 0;
}

int p9_walk(P9Server *s, P9Message *m)
{
    g_autofree char *path = NULL;
    uint32_t from, to, uid;
    P9Qid qid[WALK_MAX];
    uint16_t names, done;

    if (!p9_get(m, "ddw", &from, &to, &names) || names > WALK_MAX) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, from);

    if (!f || (to != from && p9_fid(s, to))) {
        return EBADF;
    }
    path = g_strdup(f->path);
    uid = f->uid;
    for (done = 0; done < names; done++) {
        g_autofree char *name = NULL;
        int error = p9_get(m, "s", &name) ? step(s, &path, name, &qid[done]) : EPROTO;

        if (error && (!done || error == EPROTO)) {
            return error;
        }
        if (error) {
            break;
        }
    }
    if (done == names) {
        int error = p9_fid_set(s, to, g_steal_pointer(&path), uid);

        if (error) {
            return error;
        }
    }
    p9_put(m, "w", (unsigned)done);
    for (unsigned i = 0; i < done; i++) {
        if (!p9_put(m, "Q", &qid[i])) {
            return EMSGSIZE;
        }
    }
    return 0;
}

/* The path of `name` in the folder of that fid, to be freed. */
static int path_in(P9Server *s, uint32_t fid, const char *name, char **path)
{
    const P9Fid *f = p9_fid(s, fid);
    int error = !f ? EBADF : p9_check_name(name);

    if (error) {
        return error;
    }
    *path = p9_join(f->path, name);
    return *path ? 0 : ENAMETOOLONG;
}

int p9_lcreate(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *path = NULL;
    uint32_t fid, flags, mode, gid;
    P9Stat st;
    int fd = -1, error;

    if (!p9_get(m, "dsddd", &fid, &name, &flags, &mode, &gid) || (flags & DOTL_ACCESS) == DOTL_ACCESS) {
        return EPROTO;
    }
    P9Fid *f = p9_fid(s, fid);

    error = path_in(s, fid, name, &path);
    if (error || f->fd >= 0 || f->dir) {
        return error ? error : EBADF;
    }
    error = p9_create(s, path, (int)(flags & DOTL_ACCESS) | (flags & DOTL_EXCLUSIVE ? O_EXCL : 0) |
                      (flags & DOTL_TRUNCATE ? O_TRUNC : 0), mode, f->uid, gid, &fd);
    if (error) {
        return error;
    }
    error = p9_fstat(s, fd, &st);
    if (error) {
        close(fd);
        return error;
    }
    error = p9_fid_open(s, f, fd, NULL);
    if (error) {
        return error;
    }
    g_free(f->path);
    f->path = g_steal_pointer(&path);
    return p9_put(m, "Qd", &st.qid, 0u) ? 0 : EMSGSIZE;
}

/* The answer of what was made at that path. */
static int made(P9Server *s, P9Message *m, const char *path, int error)
{
    P9Stat st;

    if (!error) {
        error = p9_stat(s, path, &st);
    }
    return error ? error : p9_put(m, "Q", &st.qid) ? 0 : EMSGSIZE;
}

int p9_make_symlink(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *target = NULL, *path = NULL;
    uint32_t fid, gid;
    int error;

    if (!p9_get(m, "dssd", &fid, &name, &target, &gid)) {
        return EPROTO;
    }
    error = path_in(s, fid, name, &path);
    return error ? error : made(s, m, path, p9_symlink(s, path, target, p9_fid(s, fid)->uid, gid));
}

int p9_make_node(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *path = NULL;
    uint32_t fid, mode, major_number, minor_number, gid;
    int error;

    if (!p9_get(m, "dsdddd", &fid, &name, &mode, &major_number, &minor_number, &gid)) {
        return EPROTO;
    }
    error = path_in(s, fid, name, &path);
    return error ? error : made(s, m, path, p9_mknod(s, path, mode, makedev(major_number, minor_number),
                                                     p9_fid(s, fid)->uid, gid));
}

int p9_make_dir(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *path = NULL;
    uint32_t fid, mode, gid;
    int error;

    if (!p9_get(m, "dsdd", &fid, &name, &mode, &gid)) {
        return EPROTO;
    }
    error = path_in(s, fid, name, &path);
    return error ? error : made(s, m, path, p9_mkdir(s, path, mode, p9_fid(s, fid)->uid, gid));
}

/* linkat() or renameat() from a path to another one. */
static int from_to(P9Server *s, const char *from, const char *to, bool move)
{
    const char *old, *new;
    const int a = *from ? p9_open_parent(s, from, &old) : (errno = EBUSY, -1);
    const int b = a < 0 ? -1 : p9_open_parent(s, to, &new);
    int error = b < 0 ? errno : 0;

    if (!error && (move ? renameat(a, old, b, new) : linkat(a, old, b, new, 0))) {
        error = errno;
    }
    if (a >= 0) {
        close(a);
    }
    if (b >= 0) {
        close(b);
    }
    if (!error && move) {
        p9_fids_moved(s, from, to);
    }
    return error;
}

int p9_make_link(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *path = NULL;
    uint32_t folder, fid;
    int error;

    if (!p9_get(m, "dds", &folder, &fid, &name)) {
        return EPROTO;
    }
    error = p9_fid(s, fid) ? path_in(s, folder, name, &path) : EBADF;
    return error ? error : from_to(s, p9_fid(s, fid)->path, path, false);
}

int p9_rename(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *from = NULL, *to = NULL;
    uint32_t fid, folder;
    int error;

    if (!p9_get(m, "dds", &fid, &folder, &name)) {
        return EPROTO;
    }
    error = p9_fid(s, fid) ? path_in(s, folder, name, &to) : EBADF;
    if (error) {
        return error;
    }
    from = g_strdup(p9_fid(s, fid)->path);      /* which changes */
    return from_to(s, from, to, true);
}

int p9_renameat(P9Server *s, P9Message *m)
{
    g_autofree char *old = NULL, *new = NULL, *from = NULL, *to = NULL;
    uint32_t folder, other;
    int error;

    if (!p9_get(m, "dsds", &folder, &old, &other, &new)) {
        return EPROTO;
    }
    error = path_in(s, folder, old, &from);
    if (!error) {
        error = path_in(s, other, new, &to);
    }
    return error ? error : from_to(s, from, to, true);
}

static int unlink_path(P9Server *s, const char *path, int flags)
{
    const char *name;
    const int parent = *path ? p9_open_parent(s, path, &name) : (errno = EBUSY, -1);
    int error = parent < 0 ? errno : 0;

    if (!error) {
        error = unlinkat(parent, name, flags) ? errno : 0;
        close(parent);
    }
    return error;
}

int p9_unlinkat(P9Server *s, P9Message *m)
{
    g_autofree char *name = NULL, *path = NULL;
    uint32_t folder, flags;
    int error;

    if (!p9_get(m, "dsd", &folder, &name, &flags)) {
        return EPROTO;
    }
    error = path_in(s, folder, name, &path);
    return error ? error : unlink_path(s, path, flags & DOTL_REMOVE_FOLDER ? AT_REMOVEDIR : 0);
}

/* The fid goes whether that works or not. */
int p9_remove(P9Server *s, P9Message *m)
{
    uint32_t fid;
    P9Stat st;
    int error;

    if (!p9_get(m, "d", &fid) || !p9_fid(s, fid)) {
        return EBADF;
    }
    const char *path = p9_fid(s, fid)->path;

    error = s->share.readonly ? EROFS : p9_stat(s, path, &st);
    if (!error) {
        error = unlink_path(s, path, st.qid.type & QID_DIR ? AT_REMOVEDIR : 0);
    }
    p9_fid_drop(s, fid);
    return error;
}

int p9_clunk(P9Server *s, P9Message *m)
{
    uint32_t fid;

    if (!p9_get(m, "d", &fid) || !p9_fid(s, fid)) {
        return EBADF;
    }
    p9_fid_drop(s, fid);
    return 0;
}
