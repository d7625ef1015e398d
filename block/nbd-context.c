/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NBD server's one metadata context, base:allocation: a client that asks for it while it negotiates may ask then
 * which parts of the export are holes, or read as zeroes. Called on a connection's threads, which may wait.
 */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/nbd-protocol.h"
#include "block/nbd-session.h"

#define CONTEXT "base:allocation"
enum { CONTEXT_ID = 1, MAX_EXTENTS = 4096 };

/* Does the query mean the context? A list may be asked for all of "base:". */
static bool is_meant(const uint8_t *query, uint32_t n, bool list)
{
    return (n == strlen(CONTEXT) && !memcmp(query, CONTEXT, n)) || (list && n == 5 && !memcmp(query, "base:", n));
}

/* Is it among the queries? False in *good: they do not fit into the option. */
static bool is_asked_for(const uint8_t *data, uint32_t bytes, uint32_t count, bool list, bool *good)
{
    bool found = list && !count;

    for (; count; count--) {
        const uint32_t n = bytes >= 4 ? read_be32(data) : 0;

        if (bytes < 4 || n > bytes - 4) {
            *good = false;
            return false;
        }
        found |= is_meant(data + 4, n, list);
        data += 4 + n;
        bytes -= 4 + n;
    }
    *good = !bytes;
    return found;
}

static bool send_context(NbdSession *s, uint32_t option)
{
    uint8_t data[4 + sizeof(CONTEXT) - 1];

    write_be32(data, option == NBD_OPT_SET_META_CONTEXT ? CONTEXT_ID : 0);
    memcpy(data + 4, CONTEXT, sizeof(data) - 4);
    return nbd_reply(s, option, NBD_REP_META_CONTEXT, data, sizeof(data));
}

/* The export's name, how many queries, the queries; each text with its length before it. */
bool nbd_context_option(NbdSession *s, uint32_t option, const uint8_t *data, uint32_t bytes)
{
    const bool set = option == NBD_OPT_SET_META_CONTEXT;
    const uint32_t n = bytes >= 8 ? read_be32(data) : 0;
    g_autofree char *name = NULL;
    NbdExport *export;
    bool good, found;

    if (set) {
        g_clear_pointer(&s->context, g_free);
    }
    if (!s->structured) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "structured replies are to be agreed upon first");
    }
    if (bytes < 8 || n > NBD_MAX_NAME || n > bytes - 8) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the name does not fit into the option");
    }
    found = is_asked_for(data + 8 + n, bytes - 8 - n, read_be32(data + 4 + n), !set, &good);
    if (!good) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the queries do not fit into the option");
    }
    name = g_strndup((const char *)data + 4, n);
    export = nbd_export_get(name);
    if (!export) {
        return nbd_refuse(s, option, NBD_REP_ERR_UNKNOWN, "there is no such export");
    }
    nbd_export_put(export);
    if (found && !send_context(s, option)) {
        return false;
    }
    if (found && set) {
        s->context = g_steal_pointer(&name);
    }
    return nbd_reply(s, option, NBD_REP_ACK, NULL, 0);
}

bool nbd_context_chosen(const NbdSession *s)
{
    return s->context && !strcmp(s->context, s->export->name);
}

static void add_extent(NbdRequest *r, uint32_t bytes, uint32_t state)
{
    const uint32_t extent[2] = { bytes, state };

    if (r->status->len && g_array_index(r->status, uint32_t, r->status->len - 1) == state) {
        g_array_index(r->status, uint32_t, r->status->len - 2) += bytes;
    } else {
        g_array_append_vals(r->status, extent, 2);
    }
}

/* Into r->status: lengths and states. It is cut off where there are too many, as the protocol allows. */
int nbd_status_collect(NbdRequest *r)
{
    const uint32_t all = r->bytes;
    const uint64_t begin = r->offset;
    uint32_t done = 0;
    int ret = 0;

    r->status = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    while (!ret && done < all && r->status->len <= 2 * MAX_EXTENTS &&
           !(r->flags & NBD_CMD_FLAG_REQ_ONE && r->status->len)) {
        r->offset = begin + done;
        r->bytes = all - done;
        ret = nbd_carry_out(r, BLOCK_EXTENT);
        if (!ret) {
            add_extent(r, (uint32_t)r->block.extent_bytes,
                       (r->block.extent & BLOCK_EXTENT_HOLE ? NBD_STATE_HOLE : 0) |
                       (r->block.extent & BLOCK_EXTENT_ZERO ? NBD_STATE_ZERO : 0));
            done += (uint32_t)r->block.extent_bytes;
        }
    }
    if (ret) {
        g_clear_pointer(&r->status, g_array_unref);
    }
    return ret;
}

bool nbd_status_send(NbdRequest *r)
{
    const size_t bytes = 4 + (size_t)r->status->len * 4;
    g_autofree uint8_t *chunk = g_malloc(20 + bytes);

    write_be32(chunk, NBD_STRUCTURED_MAGIC);
    write_be16(chunk + 4, NBD_CHUNK_DONE);
    write_be16(chunk + 6, NBD_CHUNK_STATUS);
    write_be64(chunk + 8, r->cookie);
    write_be32(chunk + 16, (uint32_t)bytes);
    write_be32(chunk + 20, CONTEXT_ID);
    for (guint i = 0; i < r->status->len; i++) {
        write_be32(chunk + 24 + 4 * i, g_array_index(r->status, uint32_t, i));
    }
    return nbd_send(r->session, chunk, 20 + bytes, false);
}
