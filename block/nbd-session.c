/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection of the NBD server: its thread negotiates and reads requests, a few workers carry them out and answer,
 * in any order. All of them may wait for the client or for the host's disk, so none is the I/O thread. A client that
 * breaks the protocol loses its connection; the sizes that it names are bounded before anything is allocated.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "block/bytes.h"
#include "block/host-file.h"
#include "block/nbd-protocol.h"
#include "block/nbd-session.h"

enum { WORKERS = 4, MAX_IN_FLIGHT = 16, BLOCK_PREFERRED = 4096 };

/* ---- bytes ---- */

static bool receive(NbdSession *s, void *buffer, size_t bytes)
{
    uint8_t *to = buffer;

    while (bytes) {
        ssize_t n = recv(s->fd, to, bytes, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        to += n;
        bytes -= (size_t)n;
    }
    return true;
}

bool nbd_send(NbdSession *s, const void *buffer, size_t bytes, bool more)
{
    const uint8_t *from = buffer;

    while (bytes) {
        ssize_t n = send(s->fd, from, bytes, MSG_NOSIGNAL | (more ? MSG_MORE : 0));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        from += n;
        bytes -= (size_t)n;
    }
    return true;
}

/* ---- negotiation ---- */

/* The I/O thread asks who has which export. */
static bool choose(NbdSession *s, NbdExport *export)
{
    __atomic_store_n(&s->export, export, __ATOMIC_RELEASE);
    return export;
}

static void let_go(NbdSession *s)
{
    NbdExport *export = s->export;

    choose(s, NULL);
    if (export) {
        nbd_export_put(export);
    }
}

bool nbd_reply(NbdSession *s, uint32_t option, uint32_t type, const void *data, size_t bytes)
{
    uint8_t head[20];

    write_be64(head, NBD_OPTION_REPLY);
    write_be32(head + 8, option);
    write_be32(head + 12, type);
    write_be32(head + 16, (uint32_t)bytes);
    return nbd_send(s, head, sizeof(head), bytes) && nbd_send(s, data, bytes, false);
}

bool nbd_refuse(NbdSession *s, uint32_t option, uint32_t type, const char *why)
{
    return nbd_reply(s, option, type, why, strlen(why));
}

/* 0: the export has gone, and perhaps its disk. */
static uint64_t export_bytes(NbdExport *export)
{
    uint64_t bytes;

    g_mutex_lock(&export->lock);
    bytes = export->gone ? 0 : blk_bytes(export->blk);
    g_mutex_unlock(&export->lock);
    return bytes;
}

static bool is_writable(NbdExport *export)
{
    bool writable;

    g_mutex_lock(&export->lock);
    writable = export->writable;
    g_mutex_unlock(&export->lock);
    return writable;
}

static uint16_t export_flags(const NbdSession *s)
{
    uint16_t flags = NBD_EXPORT_HAS_FLAGS | NBD_EXPORT_FLUSH | NBD_EXPORT_MULTI_CONN;

    flags |= s->structured ? NBD_EXPORT_DF : 0;
    return flags | (is_writable(s->export) ? NBD_EXPORT_FUA | NBD_EXPORT_TRIM | NBD_EXPORT_WRITE_ZEROES
                                        : NBD_EXPORT_READ_ONLY);
}

static bool list_exports(NbdSession *s, uint32_t bytes)
{
    GPtrArray *names;
    bool good = true;

    if (bytes) {
        return nbd_refuse(s, NBD_OPT_LIST, NBD_REP_ERR_INVALID, "this option has no data");
    }
    names = nbd_export_names();
    for (guint i = 0; i < names->len && good; i++) {
        const char *name = g_ptr_array_index(names, i);
        const size_t n = strlen(name);
        g_autofree uint8_t *data = g_malloc(4 + n);

        write_be32(data, (uint32_t)n);
        memcpy(data + 4, name, n);
        good = nbd_reply(s, NBD_OPT_LIST, NBD_REP_SERVER, data, 4 + n);
    }
    g_ptr_array_unref(names);
    return good && nbd_reply(s, NBD_OPT_LIST, NBD_REP_ACK, NULL, 0);
}

/* The end of the negotiation by the oldest option, which has no reply but this. */
static bool old_go(NbdSession *s, const char *name)
{
    uint8_t data[10 + 124] = { 0 };

    if (!choose(s, nbd_export_get(name))) {
        return false;
    }
    write_be64(data, export_bytes(s->export));
    write_be16(data + 8, export_flags(s));
    return nbd_send(s, data, s->no_zeroes ? 10 : sizeof(data), false);
}

static bool send_text_info(NbdSession *s, uint32_t option, uint16_t type, const char *text)
{
    const size_t n = strlen(text);
    g_autofree uint8_t *data = g_malloc(2 + n);

    write_be16(data, type);
    memcpy(data + 2, text, n);
    return nbd_reply(s, option, NBD_REP_INFO, data, 2 + n);
}

/* What the client asked for of the export, and what it has to know. */
static bool send_info(NbdSession *s, uint32_t option, const uint8_t *wanted, unsigned count)
{
    uint8_t data[14];
    bool good = true;

    for (unsigned i = 0; i < count && good; i++) {
        const uint16_t type = read_be16(wanted + 2 * i);

        if (type == NBD_INFO_NAME) {
            good = send_text_info(s, option, type, s->export->name);
        } else if (type == NBD_INFO_DESCRIPTION && s->export->description) {
            good = send_text_info(s, option, type, s->export->description);
        } else if (type == NBD_INFO_BLOCK_SIZE) {
            write_be16(data, type);
            write_be32(data + 2, 1);
            write_be32(data + 6, BLOCK_PREFERRED);
            write_be32(data + 10, NBD_MAX_PAYLOAD);
            good = nbd_reply(s, option, NBD_REP_INFO, data, 14);
        }
    }
    write_be16(data, NBD_INFO_EXPORT);
    write_be64(data + 2, export_bytes(s->export));
    write_be16(data + 10, export_flags(s));
    return good && nbd_reply(s, option, NBD_REP_INFO, data, 12) && nbd_reply(s, option, NBD_REP_ACK, NULL, 0);
}

/* INFO or GO. False: the connection ends. After a GO that went well there is an export. */
static bool info_or_go(NbdSession *s, uint32_t option, const uint8_t *data, uint32_t bytes)
{
    const uint32_t n = bytes >= 6 ? read_be32(data) : 0;
    g_autofree char *name = NULL;
    unsigned count;
    bool good;

    if (bytes < 6 || n > NBD_MAX_NAME || n > bytes - 6) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the name does not fit into the option");
    }
    count = read_be16(data + 4 + n);
    if (bytes != 6 + n + 2 * count) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the list does not fit into the option");
    }
    name = g_strndup((const char *)data + 4, n);
    if (!choose(s, nbd_export_get(name))) {
        return nbd_refuse(s, option, NBD_REP_ERR_UNKNOWN, "there is no such export");
    }
    good = send_info(s, option, data + 6 + n, count);
    if (option == NBD_OPT_INFO) {
        let_go(s);
    }
    return good;
}

static bool one_option(NbdSession *s, uint32_t option, uint8_t *data, uint32_t bytes)
{
    switch (option) {
    case NBD_OPT_EXPORT_NAME:
        data[bytes] = 0;
        return old_go(s, (const char *)data);
    case NBD_OPT_ABORT:
        nbd_reply(s, option, NBD_REP_ACK, NULL, 0);
        return false;
    case NBD_OPT_LIST:
        return list_exports(s, bytes);
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        return info_or_go(s, option, data, bytes);
    case NBD_OPT_STRUCTURED_REPLY:
        if (bytes) {
            return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "this option has no data");
        }
        s->structured = true;
        return nbd_reply(s, option, NBD_REP_ACK, NULL, 0);
    case NBD_OPT_LIST_META_CONTEXT:
    case NBD_OPT_SET_META_CONTEXT:
        return nbd_context_option(s, option, data, bytes);
    case NBD_OPT_STARTTLS:
        return nbd_refuse(s, option, NBD_REP_ERR_POLICY, "there is no TLS");
    default:
        return nbd_refuse(s, option, NBD_REP_ERR_UNSUP, "there is no such option");
    }
}

/* True: the client has chosen an export. */
static bool negotiate(NbdSession *s)
{
    uint8_t head[18];
    uint32_t flags;
    bool good;

    write_be64(head, NBD_MAGIC);
    write_be64(head + 8, NBD_OPTION_MAGIC);
    write_be16(head + 16, NBD_FLAG_FIXED | NBD_FLAG_NO_ZEROES);
    if (!nbd_send(s, head, sizeof(head), false) || !receive(s, head, 4)) {
        return false;
    }
    flags = read_be32(head);
    if (flags & ~(uint32_t)(NBD_FLAG_FIXED | NBD_FLAG_NO_ZEROES)) {
        return false;
    }
    s->no_zeroes = flags & NBD_FLAG_NO_ZEROES;
    do {
        uint32_t option, bytes;
        uint8_t *data;

        if (!receive(s, head, 16) || read_be64(head) != NBD_OPTION_MAGIC) {
            return false;
        }
        option = read_be32(head + 8);
        bytes = read_be32(head + 12);
        if (bytes > NBD_MAX_OPTION) {
            return false;
        }
        data = g_malloc(bytes + 1);
        good = receive(s, data, bytes) && one_option(s, option, data, bytes);
        g_free(data);
    } while (good && !s->export);
    return good;
}

/* ---- requests ---- */

static void request_done(BlockRequest *block, int error)
{
    NbdRequest *r = block->opaque;
    NbdExport *export = r->session->export;

    g_mutex_lock(&export->lock);
    export->busy--;
    g_mutex_unlock(&export->lock);
    g_mutex_lock(&r->lock);
    r->ended = true;
    g_cond_signal(&r->done);
    g_mutex_unlock(&r->lock);
}

static bool is_write(uint16_t type)
{
    return type == NBD_CMD_WRITE || type == NBD_CMD_TRIM || type == NBD_CMD_WRITE_ZEROES;
}

/* 0 or a negative errno. */
int nbd_carry_out(NbdRequest *r, BlockOp op)
{
    NbdExport *export = r->session->export;
    int refused;

    r->block = (BlockRequest) { .op = op, .offset = r->offset, .bytes = op == BLOCK_FLUSH ? 0 : r->bytes,
                                .buffer = r->data, .done = request_done, .opaque = r, .outside = true };
    r->ended = false;
    g_mutex_lock(&export->lock);
    refused = export->gone ? -ESHUTDOWN : is_write(r->type) && !export->writable ? -EPERM : 0;
    if (!refused) {
        export->busy++;
        blk_submit(export->blk, &r->block);
    }
    g_mutex_unlock(&export->lock);
    if (refused) {
        return refused;
    }
    g_mutex_lock(&r->lock);
    while (!r->ended) {
        g_cond_wait(&r->done, &r->lock);
    }
    g_mutex_unlock(&r->lock);
    return r->block.error;
}

static uint32_t nbd_error(int error)
{
    static const struct { int error; uint32_t nbd; } known[] = {
        { 0, 0 }, { -EPERM, NBD_EPERM }, { -EROFS, NBD_EPERM }, { -ENOMEM, NBD_ENOMEM }, { -EINVAL, NBD_EINVAL },
        { -ENOSPC, NBD_ENOSPC }, { -ENOTSUP, NBD_ENOTSUP }, { -ESHUTDOWN, NBD_ESHUTDOWN },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].error == error) {
            return known[i].nbd;
        }
    }
    return NBD_EIO;
}

/* Why it cannot be carried out, a negative errno; 0: it can. */
static int check(const NbdRequest *r)
{
    NbdExport *export = r->session->export;
    const uint64_t size = export_bytes(export);

    if (is_write(r->type) && !is_writable(export)) {
        return -EPERM;
    }
    if (r->type == NBD_CMD_FLUSH) {
        return 0;
    }
    if (r->offset > size || r->bytes > size - r->offset) {
        return is_write(r->type) ? -ENOSPC : -EINVAL;
    }
    if (r->type == NBD_CMD_BLOCK_STATUS) {
        return r->bytes && nbd_context_chosen(r->session) ? 0 : -EINVAL;
    }
    return r->type > NBD_CMD_WRITE_ZEROES || (r->type == NBD_CMD_READ && r->bytes > NBD_MAX_PAYLOAD) ? -EINVAL : 0;
}

static int execute(NbdRequest *r)
{
    static const BlockOp ops[] = {
        [NBD_CMD_READ] = BLOCK_READ, [NBD_CMD_WRITE] = BLOCK_WRITE, [NBD_CMD_FLUSH] = BLOCK_FLUSH,
        [NBD_CMD_TRIM] = BLOCK_DISCARD, [NBD_CMD_WRITE_ZEROES] = BLOCK_WRITE_ZEROES,
    };
    int ret = check(r);

    if (ret || r->type == NBD_CMD_CACHE || (!r->bytes && r->type != NBD_CMD_FLUSH)) {
        return ret;
    }
    if (r->type == NBD_CMD_BLOCK_STATUS) {
        return nbd_status_collect(r);
    }
    if (r->type == NBD_CMD_READ && posix_memalign((void **)&r->data, HOST_FILE_ALIGN, r->bytes)) {
        r->data = NULL;
        return -ENOMEM;
    }
    ret = nbd_carry_out(r, ops[r->type]);
    if (!ret && is_write(r->type) && (r->flags & NBD_CMD_FLAG_FUA || r->session->export->writethrough)) {
        ret = nbd_carry_out(r, BLOCK_FLUSH);
    }
    return ret;
}

/* A read's answer where structured ones were agreed upon, one piece; or an error. */
static bool answer_structured(NbdRequest *r, uint32_t error)
{
    uint8_t head[20 + 8];
    const bool data = !error && r->bytes;
    const uint32_t bytes = error ? 6 : data ? 8 + r->bytes : 0;

    write_be32(head, NBD_STRUCTURED_MAGIC);
    write_be16(head + 4, NBD_CHUNK_DONE);
    write_be16(head + 6, error ? NBD_CHUNK_ERROR : data ? NBD_CHUNK_DATA : NBD_CHUNK_NONE);
    write_be64(head + 8, r->cookie);
    write_be32(head + 16, bytes);
    if (error) {
        write_be32(head + 20, error);
        write_be16(head + 24, 0);
        return nbd_send(r->session, head, 26, false);
    }
    write_be64(head + 20, r->offset);
    return nbd_send(r->session, head, data ? 28 : 20, data) &&
           (!data || nbd_send(r->session, r->data, r->bytes, false));
}

static bool answer_simple(NbdRequest *r, uint32_t error)
{
    const bool data = r->type == NBD_CMD_READ && !error && r->bytes;
    uint8_t head[16];

    write_be32(head, NBD_SIMPLE_MAGIC);
    write_be32(head + 4, error);
    write_be64(head + 8, r->cookie);
    return nbd_send(r->session, head, sizeof(head), data) && (!data || nbd_send(r->session, r->data, r->bytes, false));
}

static void worker(gpointer item, gpointer opaque)
{
    NbdRequest *r = item;
    NbdSession *s = opaque;
    const uint32_t error = nbd_error(execute(r));
    bool good;

    g_mutex_lock(&s->sending);
    if (r->status) {
        good = nbd_status_send(r);
    } else if (s->structured && (r->type == NBD_CMD_READ || r->type == NBD_CMD_BLOCK_STATUS)) {
        good = answer_structured(r, error);
    } else {
        good = answer_simple(r, error);
    }
    g_mutex_unlock(&s->sending);
    if (!good) {
        shutdown(s->fd, SHUT_RDWR);     /* its thread sees the end */
    }
    g_mutex_lock(&s->lock);
    s->in_flight--;
    g_cond_signal(&s->changed);
    g_mutex_unlock(&s->lock);
    g_mutex_clear(&r->lock);
    g_cond_clear(&r->done);
    free(r->data);
    g_clear_pointer(&r->status, g_ptr_array_unref);
    g_free(r);
}

static void wait_in_flight(NbdSession *s, unsigned most)
{
    g_mutex_lock(&s->lock);
    while (s->in_flight > most) {
        g_cond_wait(&s->changed, &s->lock);
    }
    g_mutex_unlock(&s->lock);
}

/* False: the connection ends. */
static bool read_request(NbdSession *s)
{
    uint8_t head[NBD_REQUEST_BYTES];
    NbdRequest *r;

    wait_in_flight(s, MAX_IN_FLIGHT - 1);
    if (!receive(s, head, sizeof(head)) || read_be32(head) != NBD_REQUEST_MAGIC ||
        read_be16(head + 6) == NBD_CMD_DISCONNECT) {
        return false;
    }
    r = g_new0(NbdRequest, 1);
    *r = (NbdRequest) { .session = s, .flags = read_be16(head + 4), .type = read_be16(head + 6),
                     .cookie = read_be64(head + 8), .offset = read_be64(head + 16), .bytes = read_be32(head + 24) };
    if (r->type == NBD_CMD_WRITE &&
        (r->bytes > NBD_MAX_PAYLOAD || posix_memalign((void **)&r->data, HOST_FILE_ALIGN, r->bytes + 1u) ||
         !receive(s, r->data, r->bytes))) {
        free(r->data);
        g_free(r);
        return false;                   /* where the next request begins is not known */
    }
    g_mutex_init(&r->lock);
    g_cond_init(&r->done);
    g_mutex_lock(&s->lock);
    s->in_flight++;
    g_mutex_unlock(&s->lock);
    g_thread_pool_push(s->workers, r, NULL);
    return true;
}

gpointer nbd_session_run(gpointer opaque)
{
    NbdSession *s = opaque;

    if (negotiate(s)) {
        s->workers = g_thread_pool_new(worker, s, WORKERS, FALSE, NULL);
        while (read_request(s)) {
        }
        wait_in_flight(s, 0);
        g_thread_pool_free(s->workers, FALSE, TRUE);
    }
    shutdown(s->fd, SHUT_RDWR);
    let_go(s);
    nbd_session_put(s);
    nbd_session_ended();
    return NULL;
}
