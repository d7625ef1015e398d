/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the shared folder. Paths are followed here name by name, from the folder's descriptor on, and no link is
 * followed; names are checked to be single steps downwards. So nothing outside can be reached, whatever the guest does
 * and links it makes, and however the host's files change meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"

enum { FOLDER = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
enum { NO_WAIT = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, HIDDEN_FILE = 0600, HIDDEN_FOLDER = 0700 };
#define NO_ID UINT32_MAX

/* ---- paths ---- */

int p9_check_name(const char *name)
{
    if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/')) {
        return EINVAL;
    }
    return strlen(name) > P9_NAME_MAX ? ENAMETOOLONG : 0;
}

char *p9_join(const char *path, const char *name)
{
    return strlen(path) + strlen(name) + 1 > P9_PATH_MAX ? NULL : g_strconcat(path, *path ? "/" : "", name, NULL);
}

/* The folder that the first `length` characters name. */
static int follow(const P9Server *s, const char *path, size_t length)
{
    int at = fcntl(s->root, F_DUPFD_CLOEXEC, 0);

    for (size_t begin = 0; at >= 0 && begin < length; ) {
        const size_t n = strcspn(path + begin, "/");
        char name[P9_NAME_MAX + 1];

        memcpy(name, path + begin, n);
        name[n] = 0;
        const int next = openat(at, name, FOLDER), error = errno;

        close(at);
        errno = error == ELOOP ? ENOTDIR : error;
        at = next;
        begin += n + 1;
    }
    return at;
}

int p9_open_parent(const P9Server *s, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    return follow(s, path, slash ? (size_t)(slash - path) : 0);
}

int p9_open_folder(const P9Server *s, const char *path)
{
    return follow(s, path, strlen(path));
}

/* Close without touching errno. */
static int closed(int fd, int result)
{
    const int error = errno;

    close(fd);
    errno = error;
    return result;
}

/* What a function that returns -1 and sets errno has to say. */
static int error_of(int result)
{
    return result < 0 ? errno : 0;
}

/* ---- owner, mode and kind in extended attributes, as other servers write them: little-endian ---- */

static void get_note(int fd, const char *name, void *value, size_t bytes)
{
    uint8_t note[8];

    if (fgetxattr(fd, name, note, sizeof(note)) == (ssize_t)bytes) {
        memcpy(value, note, bytes);
    }
}

static int note32(int fd, const char *name, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    return fsetxattr(fd, name, &value, sizeof(value), 0);
}

static void get_notes(int fd, struct stat *st)
{
    uint32_t uid = GUINT32_TO_LE(st->st_uid), gid = GUINT32_TO_LE(st->st_gid), mode = GUINT32_TO_LE(st->st_mode);
    uint64_t rdev = GUINT64_TO_LE(st->st_rdev);

    get_note(fd, "user.virtfs.uid", &uid, sizeof(uid));
    get_note(fd, "user.virtfs.gid", &gid, sizeof(gid));
    get_note(fd, "user.virtfs.mode", &mode, sizeof(mode));
    get_note(fd, "user.virtfs.rdev", &rdev, sizeof(rdev));
    st->st_uid = GUINT32_FROM_LE(uid);
    st->st_gid = GUINT32_FROM_LE(gid);
    st->st_mode = GUINT32_FROM_LE(mode);
    st->st_rdev = GUINT64_FROM_LE(rdev);
}

static int put_notes(int fd, uint32_t uid, uint32_t gid, mode_t mode, dev_t rdev)
{
    const uint64_t dev = GUINT64_TO_LE(rdev);

    return (uid != NO_ID && note32(fd, "user.virtfs.uid", uid)) ||
           (gid != NO_ID && note32(fd, "user.virtfs.gid", gid)) || note32(fd, "user.virtfs.mode", mode) ||
           (rdev && fsetxattr(fd, "user.virtfs.rdev", &dev, sizeof(dev), 0)) ? -1 : 0;
}

/* ---- looking ---- */

P9Qid p9_qid(const P9Server *s, dev_t dev, ino_t ino, mode_t mode, uint32_t version)
{
    const uint64_t other = dev == s->root_dev ? 0 : ((uint64_t)dev + 1) * 0x9e3779b97f4a7c15ull;

    return (P9Qid) { S_ISDIR(mode) ? QID_DIR : S_ISLNK(mode) ? QID_SYMLINK : 0, version, ino ^ other };
}

static void fill(const P9Server *s, P9Stat *st)
{
    const uint32_t version = (uint32_t)(st->st.st_mtim.tv_sec ^ st->st.st_mtim.tv_nsec ^ st->st.st_size << 8);

    st->qid = p9_qid(s, st->st.st_dev, st->st.st_ino, st->st.st_mode, version);
}

int p9_fstat(const P9Server *s, int fd, P9Stat *st)
{
    if (fstat(fd, &st->st)) {
        return errno;
    }
    if (s->share.security == P9_MAPPED) {
        get_notes(fd, &st->st);
    }
    fill(s, st);
    return 0;
}

/* A file or folder for reading, in which there may be notes; -1 of anything else. */
static int open_noted(int parent, const char *name, const struct stat *st)
{
    return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? openat(parent, name, O_RDONLY | NO_WAIT) : -1;
}

int p9_stat(const P9Server *s, const char *path, P9Stat *st)
{
    const char *name;
    int parent, noted, error;

    if (!*path) {
        return p9_fstat(s, s->root, st);
    }
    parent = p9_open_parent(s, path, &name);
    if (parent < 0) {
        return errno;
    }
    error = error_of(fstatat(parent, name, &st->st, AT_SYMLINK_NOFOLLOW));
    noted = !error && s->share.security == P9_MAPPED ? open_noted(parent, name, &st->st) : -1;
    if (noted >= 0) {
        get_notes(noted, &st->st);
        close(noted);
    }
    close(parent);
    if (!error) {
        fill(s, st);
    }
    return error;
}

/* In that folder; checked before, so that nothing else is opened, and after, since it may be another one by then. */
static int open_in(int parent, const char *name, int flags)
{
    struct stat st;
    int fd;

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW)) {
        return -1;
    }
    errno = S_ISLNK(st.st_mode) ? ELOOP : ENXIO;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return -1;
    }
    fd = openat(parent, name, flags | NO_WAIT);
    if (fd < 0 || (!fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))) {
        return fd;
    }
    errno = ENXIO;
    return closed(fd, -1);
}

int p9_open(const P9Server *s, const char *path, int flags)
{
    const char *name;
    int parent;

    if (!*path) {
        return openat(s->root, ".", flags | NO_WAIT);
    }
    parent = p9_open_parent(s, path, &name);
    return parent < 0 ? -1 : closed(parent, open_in(parent, name, flags));
}

/* ---- making ---- */

/* Owner and mode of what was just made. fd: of it, or -1. */
static int dress(const P9Server *s, int parent, const char *name, int fd, mode_t mode, uint32_t uid, uint32_t gid)
{
    if (fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) && s->share.security == P9_PASSTHROUGH) {
        return errno;
    }
    if (S_ISLNK(mode)) {
        return 0;
    }
    return error_of(fd >= 0 ? fchmod(fd, mode & 07777) : fchmodat(parent, name, mode & 07777, AT_SYMLINK_NOFOLLOW));
}

/* A file that stands for something of any kind; `text` is in it, if not NULL. *fd_out may be NULL. */
static int make_noted(int parent, const char *name, int flags, mode_t mode, dev_t dev, uint32_t uid, uint32_t gid,
                      const char *text, int *fd_out)
{
    const int fd = openat(parent, name, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL | NO_WAIT, HIDDEN_FILE);
    int error = error_of(fd);

    if (error) {
        return error;
    }
    error = error_of(put_notes(fd, uid, gid, mode, dev));
    if (!error && text && write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        error = ENOSPC;
    }
    if (error) {
        unlinkat(parent, name, 0);
    }
    if (error || !fd_out) {
        close(fd);
    } else {
        *fd_out = fd;
    }
    return error;
}

static int make_file(const P9Server *s, int parent, const char *name, int flags, mode_t mode, uint32_t uid,
                     uint32_t gid, int *fd)
{
    int error;

    if (s->share.security == P9_MAPPED) {
        return make_noted(parent, name, flags, S_IFREG | (mode & 07777), 0, uid, gid, NULL, fd);
    }
    *fd = openat(parent, name, flags | O_CREAT | O_EXCL | NO_WAIT, mode & 0777);
    error = *fd < 0 ? errno : dress(s, parent, name, *fd, mode, uid, gid);
    if (error && *fd >= 0) {
        close(*fd);
        unlinkat(parent, name, 0);
    }
    return error;
}

int p9_create(const P9Server *s, const char *path, int flags, mode_t mode, uint32_t uid, uint32_t gid, int *fd)
{
    const char *name;
    const int parent = p9_open_parent(s, path, &name);
    int error = error_of(parent);

    if (error) {
        return error;
    }
    error = make_file(s, parent, name, flags, mode, uid, gid, fd);
    if (error == EEXIST && !(flags & O_EXCL)) {
        *fd = open_in(parent, name, flags);
        error = error_of(*fd);
    }
    close(parent);
    return error;
}

int p9_mkdir(const P9Server *s, const char *path, mode_t mode, uint32_t uid, uint32_t gid)
{
    const bool mapped = s->share.security == P9_MAPPED;
    const char *name;
    const int parent = p9_open_parent(s, path, &name);
    int fd, error = error_of(parent);

    if (error) {
        return error;
    }
    error = error_of(mkdirat(parent, name, HIDDEN_FOLDER));
    if (!error) {
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | NO_WAIT);
        error = fd < 0 ? errno : mapped ? error_of(put_notes(fd, uid, gid, S_IFDIR | (mode & 07777), 0))
                                        : dress(s, parent, name, fd, S_IFDIR | mode, uid, gid);
        if (fd >= 0) {
            close(fd);
        }
        if (error) {
            unlinkat(parent, name, AT_REMOVEDIR);
        }
    }
    close(parent);
    return error;
}

int p9_mknod(const P9Server *s, const char *path, mode_t mode, dev_t dev, uint32_t uid, uint32_t gid)
{
    const char *name;
    const int parent = p9_open_parent(s, path, &name);
    int error = error_of(parent);

    if (error) {
        return error;
    }
    if (S_ISDIR(mode) || S_ISLNK(mode)) {
        error = EINVAL;
    } else if (s->share.security == P9_MAPPED) {
        error = make_noted(parent, name, 0, mode, dev, uid, gid, NULL, NULL);
    } else {
        error = error_of(mknodat(parent, name, mode, dev));
        if (!error && (error = dress(s, parent, name, -1, mode, uid, gid))) {
            unlinkat(parent, name, 0);
        }
    }
    close(parent);
    return error;
}

int p9_symlink(const P9Server *s, const char *path, const char *target, uint32_t uid, uint32_t gid)
{
    const char *name;
    const int parent = p9_open_parent(s, path, &name);
    int error = error_of(parent);

    if (error) {
        return error;
    }
    if (s->share.security == P9_MAPPED) {
        error = make_noted(parent, name, 0, S_IFLNK | 0777, 0, uid, gid, target, NULL);
    } else {
        error = error_of(symlinkat(target, parent, name));
        if (!error && (error = dress(s, parent, name, -1, S_IFLNK, uid, gid))) {
            unlinkat(parent, name, 0);
        }
    }
    close(parent);
    return error;
}

int p9_readlink(const P9Server *s, const char *path, char *target, size_t room)
{
    const char *name;
    const int parent = *path ? p9_open_parent(s, path, &name) : (errno = EINVAL, -1);
    ssize_t n;
    int fd;

    if (parent < 0) {
        return errno;
    }
    n = readlinkat(parent, name, target, room - 1);
    if (n < 0 && errno == EINVAL && s->share.security == P9_MAPPED) {
        fd = open_in(parent, name, O_RDONLY);
        n = fd < 0 ? -1 : closed(fd, (int)pread(fd, target, room - 1, 0));
    }
    closed(parent, 0);
    target[n > 0 ? n : 0] = 0;
    return n < 0 ? errno : 0;
}

/* ---- changing ---- */

/* The notes of what is at `path`: only those that are given. */
static int change_notes(const P9Server *s, const char *path, uint32_t uid, uint32_t gid, const mode_t *mode)
{
    P9Stat st;
    const int fd = p9_open(s, path, O_RDONLY);
    int error = fd < 0 ? errno : p9_fstat(s, fd, &st);

    if (!error) {
        error = error_of(put_notes(fd, uid, gid, mode ? (st.st.st_mode & S_IFMT) | (*mode & 07777) : st.st.st_mode, 0));
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

int p9_chmod(const P9Server *s, const char *path, mode_t mode)
{
    const char *name = ".";
    int parent, error;

    if (s->share.security == P9_MAPPED) {
        return change_notes(s, path, NO_ID, NO_ID, &mode);
    }
    if (!*path) {
        return error_of(fchmod(s->root, mode & 07777));
    }
    parent = p9_open_parent(s, path, &name);
    error = error_of(parent);
    if (!error) {
        error = error_of(closed(parent, fchmodat(parent, name, mode & 07777, AT_SYMLINK_NOFOLLOW)));
    }
    return error;
}

int p9_chown(const P9Server *s, const char *path, uint32_t uid, uint32_t gid)
{
    const char *name = "";
    int parent, error;

    if (s->share.security == P9_MAPPED) {
        return change_notes(s, path, uid, gid, NULL);
    }
    parent = *path ? p9_open_parent(s, path, &name) : p9_open_folder(s, path);
    error = error_of(parent);
    if (!error) {
        error = error_of(closed(parent, fchownat(parent, name, uid, gid,
                                                 AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH))));
    }
    return s->share.security == P9_NONE && error == EPERM ? 0 : error;
}

int p9_truncate(const P9Server *s, const char *path, uint64_t size)
{
    const int fd = size > INT64_MAX ? (errno = EFBIG, -1) : p9_open(s, path, O_WRONLY);

    return fd < 0 ? errno : error_of(closed(fd, ftruncate(fd, (off_t)size)));
}

int p9_utimes(const P9Server *s, const char *path, const struct timespec times[2])
{
    const char *name;
    int parent;

    if (!*path) {
        return error_of(futimens(s->root, times));
    }
    parent = p9_open_parent(s, path, &name);
    return parent < 0 ? errno : error_of(closed(parent, utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW)));
}
