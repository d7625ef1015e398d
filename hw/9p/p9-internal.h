/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the 9P server share. All of it is the one thread's that asks the server. */
#ifndef HW_9P_P9_INTERNAL_H
#define HW_9P_P9_INTERNAL_H
#include <dirent.h>
#include <sys/stat.h>
#include <glib.h>
#include "hw/9p/p9.h"

enum { P9_NAME_MAX = 255, P9_PATH_MAX = 4000, P9_TEXT_MAX = 4095, P9_FIDS_MAX = 16384, P9_OPEN_MAX = 4096 };

typedef struct P9Fid {
    char *path;                 /* below the folder, without slashes at its ends; "": the folder itself */
    uint32_t uid;               /* who attached */
    int fd;                     /* of a file that is open, else -1 */
    DIR *dir;                   /* of a folder that is open, else NULL */
} P9Fid;

struct P9Server {
    P9Share share;
    int root;                   /* the folder's descriptor */
    dev_t root_dev;
    ino_t root_ino;
    uint32_t msize;
    GHashTable *fids;           /* number -> P9Fid */
    unsigned open, open_max;    /* fids that have a descriptor */
};

/* ---- p9-wire.c: a message that is read, and its answer that is written ---- */

typedef struct P9Message {
    const uint8_t *in;
    uint32_t in_bytes, at;
    uint8_t *out;
    uint32_t room, used;
} P9Message;

typedef struct P9Qid {
    uint8_t type;
    uint32_t version;
    uint64_t path;
} P9Qid;
enum { QID_DIR = 0x80, QID_SYMLINK = 0x02, QID_BYTES = 13 };

/*
 * By letters: b, w, d, q: 1, 2, 4, 8 bytes (uint8_t *, ... / unsigned, ..., uint64_t); s: text (char **, to be freed,
 * without NUL, at most P9_TEXT_MAX bytes / const char *); Q, written only: const P9Qid *. False: there is not so much
 * there, or no room: nothing is to be freed.
 */
bool p9_get(P9Message *m, const char *format, ...);
bool p9_put(P9Message *m, const char *format, ...);

/* ---- p9-local.c: files of the folder. Errors are errno's numbers, 0: none ---- */

/* As the guest is to see it. */
typedef struct P9Stat {
    struct stat st;
    P9Qid qid;
} P9Stat;

/* A name of one step; "." and ".." are none. */
int p9_check_name(const char *name);
/* path + "/" + name, to be freed. NULL: too long. */
char *p9_join(const char *path, const char *name);
/* A descriptor of the folder that has the path's last name; *name points into `path`; path is not "". -1: errno. */
int p9_open_parent(const P9Server *s, const char *path, const char **name);
/* The folder `path` itself; -1: errno. */
int p9_open_folder(const P9Server *s, const char *path);
int p9_stat(const P9Server *s, const char *path, P9Stat *st);
/* Of a file that is open. */
int p9_fstat(const P9Server *s, int fd, P9Stat *st);
/* Open file or folder; links, pipes, sockets and devices are refused. -1: errno. */
int p9_open(const P9Server *s, const char *path, int flags);
/* A new file, folder, link or special file, which gets owner and mode. *fd: of a file, if fd is not NULL. */
int p9_create(const P9Server *s, const char *path, int flags, mode_t mode, uint32_t uid, uint32_t gid, int *fd);
int p9_mkdir(const P9Server *s, const char *path, mode_t mode, uint32_t uid, uint32_t gid);
int p9_mknod(const P9Server *s, const char *path, mode_t mode, dev_t dev, uint32_t uid, uint32_t gid);
int p9_symlink(const P9Server *s, const char *path, const char *target, uint32_t uid, uint32_t gid);
int p9_readlink(const P9Server *s, const char *path, char *target, size_t room);
int p9_chmod(const P9Server *s, const char *path, mode_t mode);
/* (uint32_t)-1: stays. */
int p9_chown(const P9Server *s, const char *path, uint32_t uid, uint32_t gid);
int p9_truncate(const P9Server *s, const char *path, uint64_t size);
int p9_utimes(const P9Server *s, const char *path, const struct timespec times[2]);
P9Qid p9_qid(const P9Server *s, dev_t dev, ino_t ino, mode_t mode, uint32_t version);

/* ---- p9-fid.c ---- */

P9Fid *p9_fid(P9Server *s, uint32_t number);            /* NULL: there is none */
/* 0, or why not; `path` is taken in any case. An old fid of that number goes. */
int p9_fid_set(P9Server *s, uint32_t number, char *path, uint32_t uid);
/* It is open now: takes fd, or dir if it is not NULL. Else an error, and they are closed. */
int p9_fid_open(P9Server *s, P9Fid *f, int fd, DIR *dir);
void p9_fid_drop(P9Server *s, uint32_t number);
/* What was `from`, and what is in it, is `to` now. */
void p9_fids_moved(P9Server *s, const char *from, const char *to);

/* ---- the messages: 0, or errno's number ---- */

typedef int P9Handler(P9Server *s, P9Message *m);
/* p9-names.c */
P9Handler p9_attach, p9_walk, p9_lcreate, p9_make_symlink, p9_make_node, p9_make_dir, p9_make_link, p9_rename,
    p9_renameat, p9_unlinkat, p9_remove, p9_clunk;
/* p9-files.c */
P9Handler p9_lopen, p9_read, p9_write, p9_read_folder, p9_read_symlink, p9_fsync, p9_getattr, p9_setattr, p9_statfs,
    p9_lock, p9_getlock;
#endif
