/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P2000.L server: which message is whose, and messages that are about none. Numbers and forms of the messages are
 * Linux's (include/net/9p/9p.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"

enum { RLERROR = 7, TVERSION = 100, MSIZE_LEAST = 4096 };
#define VERSION "9P2000.L"

static int version(P9Server *s, P9Message *m)
{
    g_autofree char *text = NULL;
    uint32_t msize;

    if (!p9_get(m, "ds", &msize, &text)) {
        return EPROTO;
    }
    p9_server_reset(s);
    if (msize < MSIZE_LEAST) {
        return EINVAL;
    }
    s->msize = MIN(msize, P9_MSIZE);
    p9_put(m, "ds", s->msize, strcmp(text, VERSION) ? "unknown" : VERSION);
    return 0;
}

/* Messages are answered one after the other: what is to be flushed has been answered. */
static int flush(P9Server *s, P9Message *m)
{
    uint16_t tag;

    return p9_get(m, "w", &tag) ? 0 : EPROTO;
}

static int not_there(P9Server *s, P9Message *m)
{
    return EOPNOTSUPP;
}

typedef struct Row {
    P9Handler *run;
    bool writes;
} Row;

static const Row rows[128] = {
    [8] = { p9_statfs, false }, [12] = { p9_lopen, false }, [14] = { p9_lcreate, true },
    [16] = { p9_make_symlink, true }, [18] = { p9_make_node, true }, [20] = { p9_rename, true },
    [22] = { p9_read_symlink, false }, [24] = { p9_getattr, false }, [26] = { p9_setattr, true },
    [30] = { not_there, false },        /* Txattrwalk */
    [32] = { not_there, true },         /* Txattrcreate */
    [40] = { p9_read_folder, false }, [50] = { p9_fsync, false }, [52] = { p9_lock, false },
    [54] = { p9_getlock, false }, [70] = { p9_make_link, true }, [72] = { p9_make_dir, true },
    [74] = { p9_renameat, true }, [76] = { p9_unlinkat, true }, [TVERSION] = { version, false },
    [102] = { not_there, false },       /* Tauth */
    [104] = { p9_attach, false }, [108] = { flush, false }, [110] = { p9_walk, false }, [116] = { p9_read, false },
    [118] = { p9_write, true }, [120] = { p9_clunk, false }, [122] = { p9_remove, false },
};

uint32_t p9_server_answer(P9Server *s, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room)
{
    P9Message m = { .in = in, .in_bytes = bytes, .out = out, .room = room };
    uint32_t size;
    uint16_t tag;
    uint8_t type;
    int error;

    g_assert(room >= P9_HEADER + 4);
    if (!p9_get(&m, "dbw", &size, &type, &tag) || size < P9_HEADER || size > bytes) {
        return 0;
    }
    m.in_bytes = size;
    m.room = MIN(room, s->msize);
    m.used = P9_HEADER;
    const Row *row = type < G_N_ELEMENTS(rows) && rows[type].run ? &rows[type] : NULL;

    error = !row ? EOPNOTSUPP : row->writes && s->share.readonly ? EROFS : row->run(s, &m);
    if (error) {
        m.used = P9_HEADER;
        p9_put(&m, "d", (uint32_t)error);
    }
    size = m.used;
    m.used = 0;
    p9_put(&m, "dbw", size, error ? RLERROR : type + 1u, (unsigned)tag);
    return size;
}

P9Server *p9_server_new(const P9Share *share, char **err)
{
    const int fd = open(share->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct rlimit limit;
    struct stat st;
    P9Server *s;

    if (fd < 0 || fstat(fd, &st)) {
        *err = g_strdup_printf("%s: %s", share->path, strerror(errno));
        return NULL;
    }
    s = g_new0(P9Server, 1);
    s->share = *share;
    s->root = fd;
    s->root_dev = st.st_dev;
    s->root_ino = st.st_ino;
    s->msize = P9_MSIZE;
    s->fids = g_hash_table_new(NULL, NULL);
    s->open_max = P9_OPEN_MAX;
    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur / 2 < P9_OPEN_MAX) {
        s->open_max = (unsigned)(limit.rlim_cur / 2);
    }
    return s;
}

void p9_server_free(P9Server *s)
{
    p9_server_reset(s);
    g_hash_table_unref(s->fids);
    close(s->root);
    g_free(s);
}
