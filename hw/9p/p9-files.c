/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about what a file has in it and about it. Numbers of flags are Linux's, as 9P2000.L has them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"

enum { DOTL_ACCESS = 3, DOTL_TRUNCATE = 01000, DOTL_APPEND = 02000, DOTL_DSYNC = 010000, DOTL_SYNC = 04000000 };
enum { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20, SET_ATIME_TO = 0x80,
       SET_MTIME_TO = 0x100 };
enum { GOT_BASIC = 0x7ff, COUNT_AT = P9_HEADER, DATA_AT = P9_HEADER + 4, UNLOCKED = 2, V9FS_MAGIC = 0x01021997 };
#define NO_ID UINT32_MAX

int p9_lopen(P9Server *s, P9Message *m)
{
    uint32_t fid, flags;
    P9Stat st;
    DIR *dir = NULL;
    int fd, error;

    if (!p9_get(m, "dd", &fid, &flags) || (flags & DOTL_ACCESS) == DOTL_ACCESS) {
        return EPROTO;
    }
    P9Fid *f = p9_fid(s, fid);

    if (!f || f->fd >= 0 || f->dir) {
        return EBADF;
    }
    if (s->share.readonly && (flags & (DOTL_ACCESS | DOTL_TRUNCATE))) {
        return EROFS;
    }
    fd = p9_open(s, f->path, (int)(flags & DOTL_ACCESS) | (flags & DOTL_TRUNCATE ? O_TRUNC : 0) |
                 (flags & DOTL_SYNC ? O_SYNC : flags & DOTL_DSYNC ? O_DSYNC : 0));
    if (fd < 0) {
        return errno;
    }
    error = p9_fstat(s, fd, &st);
    if (!error && (st.qid.type & QID_DIR) && !(dir = fdopendir(fd))) {
        error = errno;
    }
    if (error) {
        close(fd);
        return error;
    }
    error = p9_fid_open(s, f, fd, dir);
    return error ? error : p9_put(m, "Qd", &st.qid, 0u) ? 0 : EMSGSIZE;
}

/* How many bytes of data an answer may have. */
static uint32_t data_room(const P9Message *m, uint32_t count)
{
    const uint32_t room = m->room - DATA_AT;

    return count < room ? count : room;
}

/* So many bytes of data are behind the place of their count. */
static int data_is_there(P9Message *m, uint32_t count)
{
    p9_put(m, "d", count);
    m->used = DATA_AT + count;
    return 0;
}

int p9_read(P9Server *s, P9Message *m)
{
    uint32_t fid, count;
    uint64_t offset;
    ssize_t n;

    if (!p9_get(m, "dqd", &fid, &offset, &count)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f || f->fd < 0) {
        return EBADF;
    }
    n = offset > INT64_MAX ? (errno = EINVAL, -1) : pread(f->fd, m->out + DATA_AT, data_room(m, count), (off_t)offset);
    return n < 0 ? errno : data_is_there(m, (uint32_t)n);
}

int p9_write(P9Server *s, P9Message *m)
{
    uint32_t fid, count;
    uint64_t offset;
    ssize_t n;

    if (!p9_get(m, "dqd", &fid, &offset, &count) || count > m->in_bytes - m->at) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f || f->fd < 0) {
        return EBADF;
    }
    n = offset > INT64_MAX ? (errno = EFBIG, -1) : pwrite(f->fd, m->in + m->at, count, (off_t)offset);
    if (n > 0 && s->share.write_out) {
        sync_file_range(f->fd, (off_t)offset, n, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    }
    return n < 0 ? errno : p9_put(m, "d", (uint32_t)n) ? 0 : EMSGSIZE;
}

/* An entry; false: there is no room for it. */
static bool put_entry(const P9Server *s, P9Message *m, const P9Fid *f, dev_t dev, const struct dirent *e)
{
    const bool above = !strcmp(e->d_name, "..") && !*f->path;
    /* What is a file here may be something else for the guest. */
    const uint8_t type = s->share.security == P9_MAPPED && e->d_type != DT_DIR ? DT_UNKNOWN : e->d_type;
    const P9Qid qid = p9_qid(s, dev, above ? s->root_ino : e->d_ino, DTTOIF(type), 0);

    return p9_put(m, "Qqbs", &qid, (uint64_t)e->d_off, (unsigned)type, e->d_name);
}

int p9_read_folder(P9Server *s, P9Message *m)
{
    uint32_t fid, count;
    uint64_t offset;
    struct dirent *e;
    struct stat st;

    if (!p9_get(m, "dqd", &fid, &offset, &count)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f || !f->dir) {
        return EBADF;
    }
    if (fstat(dirfd(f->dir), &st)) {
        return errno;
    }
    if (offset) {
        seekdir(f->dir, (long)offset);
    } else {
        rewinddir(f->dir);
    }
    const uint32_t room = data_room(m, count), all = m->room;

    m->room = DATA_AT + room;
    m->used = DATA_AT;
    while ((errno = 0, e = readdir(f->dir)) && put_entry(s, m, f, st.st_dev, e)) {
    }
    const uint32_t bytes = m->used - DATA_AT;

    if (!e && errno && !bytes) {
        return errno;
    }
    m->room = all;
    m->used = COUNT_AT;
    return e && !bytes ? EINVAL : data_is_there(m, bytes);
}

int p9_read_symlink(P9Server *s, P9Message *m)
{
    char target[P9_TEXT_MAX + 1];
    uint32_t fid;
    int error;

    if (!p9_get(m, "d", &fid)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    error = f ? p9_readlink(s, f->path, target, sizeof(target)) : EBADF;
    return error ? error : p9_put(m, "s", target) ? 0 : EMSGSIZE;
}

int p9_fsync(P9Server *s, P9Message *m)
{
    uint32_t fid, data_only;
    int fd;

    if (!p9_get(m, "dd", &fid, &data_only)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f || (f->fd < 0 && !f->dir)) {
        return EBADF;
    }
    fd = f->dir ? dirfd(f->dir) : f->fd;
    return (data_only ? fdatasync(fd) : fsync(fd)) ? errno : 0;
}

/* ---- what is known of a file ---- */

int p9_getattr(P9Server *s, P9Message *m)
{
    uint32_t fid;
    uint64_t wanted;
    P9Stat p;
    int error;

    if (!p9_get(m, "dq", &fid, &wanted)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f) {
        return EBADF;
    }
    error = f->dir ? p9_fstat(s, dirfd(f->dir), &p) : f->fd >= 0 ? p9_fstat(s, f->fd, &p) : p9_stat(s, f->path, &p);
    if (error) {
        return error;
    }
    const struct stat *st = &p.st;

    return p9_put(m, "qQdddqqqqqqqqqqqqqqq", (uint64_t)GOT_BASIC, &p.qid, (uint32_t)st->st_mode, (uint32_t)st->st_uid,
                  (uint32_t)st->st_gid, (uint64_t)st->st_nlink, (uint64_t)st->st_rdev, (uint64_t)st->st_size,
                  (uint64_t)st->st_blksize, (uint64_t)st->st_blocks, (uint64_t)st->st_atim.tv_sec,
                  (uint64_t)st->st_atim.tv_nsec, (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
                  (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec, (uint64_t)0, (uint64_t)0, (uint64_t)0,
                  (uint64_t)0) ? 0 : EMSGSIZE;
}

static struct timespec time_to_set(uint32_t valid, uint32_t set, uint32_t set_to, uint64_t sec, uint64_t nsec)
{
    if (!(valid & set)) {
        return (struct timespec) { .tv_nsec = UTIME_OMIT };
    }
    if (!(valid & set_to)) {
        return (struct timespec) { .tv_nsec = UTIME_NOW };
    }
    return (struct timespec) { .tv_sec = (time_t)sec, .tv_nsec = nsec < 1000000000 ? (long)nsec : 0 };
}

int p9_setattr(P9Server *s, P9Message *m)
{
    uint32_t fid, valid, mode, uid, gid;
    uint64_t size, asec, ansec, msec, mnsec;
    int error = 0;

    if (!p9_get(m, "dddddqqqqq", &fid, &valid, &mode, &uid, &gid, &size, &asec, &ansec, &msec, &mnsec)) {
        return EPROTO;
    }
    const P9Fid *f = p9_fid(s, fid);

    if (!f) {
        return EBADF;
    }
    if (valid & (SET_UID | SET_GID)) {
        error = p9_chown(s, f->path, valid & SET_UID ? uid : NO_ID, valid & SET_GID ? gid : NO_ID);
    }
    if (!error && (valid & SET_MODE)) {         /* behind the owner, whose change takes bits away */
        error = p9_chmod(s, f->path, mode);
    }
    if (!error && (valid & SET_SIZE)) {
        /* A file that is open may have no name, or not be writable, any more. */
        error = f->fd < 0 ? p9_truncate(s, f->path, size)
                          : size > INT64_MAX ? EFBIG : ftruncate(f->fd, (off_t)size) ? errno : 0;
    }
    if (!error && (valid & (SET_ATIME | SET_MTIME))) {
        const struct timespec times[] = { time_to_set(valid, SET_ATIME, SET_ATIME_TO, asec, ansec),
                                          time_to_set(valid, SET_MTIME, SET_MTIME_TO, msec, mnsec) };

        error = p9_utimes(s, f->path, times);
    }
    return error;
}

int p9_statfs(P9Server *s, P9Message *m)
{
    uint32_t fid;
    struct statfs st;
    uint64_t id = 0;

    if (!p9_get(m, "d", &fid)) {
        return EPROTO;
    }
    if (!p9_fid(s, fid)) {
        return EBADF;
    }
    if (fstatfs(s->root, &st)) {
        return errno;
    }
    memcpy(&id, &st.f_fsid, MIN(sizeof(id), sizeof(st.f_fsid)));
    return p9_put(m, "ddqqqqqqd", (uint32_t)V9FS_MAGIC, (uint32_t)st.f_bsize, (uint64_t)st.f_blocks,
                  (uint64_t)st.f_bfree, (uint64_t)st.f_bavail, (uint64_t)st.f_files, (uint64_t)st.f_ffree, id,
                  (uint32_t)st.f_namelen) ? 0 : EMSGSIZE;
}

/* ---- locks: between the guest's programs, which the guest's kernel keeps apart by itself ---- */

int p9_lock(P9Server *s, P9Message *m)
{
    g_autofree char *client = NULL;
    uint32_t fid, flags, process;
    uint64_t start, length;
    uint8_t type;

    if (!p9_get(m, "dbdqqds", &fid, &type, &flags, &start, &length, &process, &client)) {
        return EPROTO;
    }
    return !p9_fid(s, fid) ? EBADF : p9_put(m, "b", 0u) ? 0 : EMSGSIZE;
}

int p9_getlock(P9Server *s, P9Message *m)
{
    g_autofree char *client = NULL;
    uint32_t fid, process;
    uint64_t start, length;
    uint8_t type;

    if (!p9_get(m, "dbqqds", &fid, &type, &start, &length, &process, &client)) {
        return EPROTO;
    }
    return !p9_fid(s, fid) ? EBADF
           : p9_put(m, "bqqds", (unsigned)UNLOCKED, start, length, process, client) ? 0 : EMSGSIZE;
}
