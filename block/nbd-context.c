/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NBD server's metadata contexts: a client that asks for one while it negotiates may ask then which parts of the
 * export are holes, or read as zeroes (base:allocation), or are dirty in a bitmap of it (qemu:dirty-bitmap:NAME).
 * Called on a connection's threads, which may wait.
 */
#include <errno.h>
#include <string.h>
#include "block/bytes.h"
#include "block/nbd-protocol.h"
#include "block/nbd-session.h"

#define ALLOCATION "base:allocation"
#define DIRTY "qemu:dirty-bitmap:"
enum { MAX_EXTENTS = 4096, BASE_ID = 0 };       /* ids on the wire are one more, which is also a bitmap's number */

static char *context_name(const NbdExport *e, unsigned id)
{
    return id == BASE_ID ? g_strdup(ALLOCATION) : g_strconcat(DIRTY, e->bitmap[id - 1].name, NULL);
}

/* Does the query mean it? A list may be asked for all that begin so. */
static bool is_meant(const char *name, const char *query, uint32_t n, bool list)
{
    const size_t length = strlen(name);

    return (n == length || (list && n < length && n && query[n - 1] == ':')) && !memcmp(query, name, n);
}

/* Which contexts are asked for, a bit each. False: the queries do not fit into the option. */
static bool find_contexts(const NbdExport *e, const uint8_t *data, uint32_t bytes, uint32_t count, bool list,
                          uint32_t *found)
{
    *found = list && !count ? UINT32_MAX >> (31 - e->bitmaps) : 0;
    for (; count; count--) {
        const uint32_t n = bytes >= 4 ? read_be32(data) : 0;

        if (bytes < 4 || n > bytes - 4) {
            return false;
        }
        for (unsigned id = BASE_ID; id <= e->bitmaps; id++) {
            g_autofree char *name = context_name(e, id);

            *found |= is_meant(name, (const char *)data + 4, n, list) ? 1u << id : 0;
        }
        data += 4 + n;
        bytes -= 4 + n;
    }
    return !bytes;
}

static bool send_contexts(NbdSession *s, const NbdExport *e, uint32_t option, uint32_t contexts)
{
    bool good = true;

    for (unsigned id = BASE_ID; good && id <= e->bitmaps; id++) {
        g_autofree char *name = context_name(e, id);
        const size_t n = strlen(name);
        g_autofree uint8_t *data = g_malloc(4 + n);

        write_be32(data, option == NBD_OPT_SET_META_CONTEXT ? id + 1 : 0);
        memcpy(data + 4, name, n);
        good = !(contexts >> id & 1) || nbd_reply(s, option, NBD_REP_META_CONTEXT, data, 4 + n);
    }
    return good;
}

/* The export's name, how many queries, the queries; each text with its length before it. */
bool nbd_context_option(NbdSession *s, uint32_t option, const uint8_t *data, uint32_t bytes)
{
    const bool set = option == NBD_OPT_SET_META_CONTEXT;
    const uint32_t n = bytes >= 8 ? read_be32(data) : 0;
    g_autofree char *name = NULL;
    NbdExport *export;
    uint32_t contexts;
    bool good;

    if (set) {
        g_clear_pointer(&s->context, g_free);
    }
    if (!s->structured) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "structured replies are to be agreed upon first");
    }
    if (bytes < 8 || n > NBD_MAX_NAME || n > bytes - 8) {
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the name does not fit into the option");
    }
    name = g_strndup((const char *)data + 4, n);
    export = nbd_export_get(name);
    if (!export) {
        return nbd_refuse(s, option, NBD_REP_ERR_UNKNOWN, "there is no such export");
    }
    if (!find_contexts(export, data + 8 + n, bytes - 8 - n, read_be32(data + 4 + n), !set, &contexts)) {
        nbd_export_put(export);
        return nbd_refuse(s, option, NBD_REP_ERR_INVALID, "the queries do not fit into the option");
    }
    good = send_contexts(s, export, option, contexts);
    nbd_export_put(export);
    if (contexts && set) {
        s->context = g_steal_pointer(&name);
        s->contexts = contexts;
    }
    return good && nbd_reply(s, option, NBD_REP_ACK, NULL, 0);
}

bool nbd_context_chosen(const NbdSession *s)
{
    return s->context && !strcmp(s->context, s->export->name);
}

/* The states of one context: its id, then lengths and states. */
static void add_extent(GArray *states, uint32_t bytes, uint32_t state)
{
    const uint32_t extent[2] = { bytes, state };

    if (states->len > 1 && g_array_index(states, uint32_t, states->len - 1) == state) {
        g_array_index(states, uint32_t, states->len - 2) += bytes;
    } else {
        g_array_append_vals(states, extent, 2);
    }
}

/* Are there as many as are wanted? They are cut off where there are too many, as the protocol allows. */
static bool is_enough(const NbdRequest *r, const GArray *states)
{
    return states->len > 2 * MAX_EXTENTS || (r->flags & NBD_CMD_FLAG_REQ_ONE && states->len > 1);
}

static int collect_allocation(NbdRequest *r, GArray *states)
{
    const uint32_t all = r->bytes;
    const uint64_t begin = r->offset;
    uint32_t done = 0;
    int ret = 0;

    while (!ret && done < all && !is_enough(r, states)) {
        r->offset = begin + done;
        r->bytes = all - done;
        ret = nbd_carry_out(r, BLOCK_EXTENT);
        if (!ret) {
            add_extent(states, (uint32_t)r->block.extent_bytes,
                       (r->block.extent & BLOCK_EXTENT_HOLE ? NBD_STATE_HOLE : 0) |
                       (r->block.extent & BLOCK_EXTENT_ZERO ? NBD_STATE_ZERO : 0));
            done += (uint32_t)r->block.extent_bytes;
        }
    }
    r->offset = begin;
    r->bytes = all;
    return ret;
}

static int collect_dirty(const NbdRequest *r, unsigned n, GArray *states)
{
    NbdExport *e = r->session->export;
    uint32_t done = 0;
    int ret;

    g_mutex_lock(&e->lock);
    ret = e->gone ? -ESHUTDOWN : 0;
    while (!ret && done < r->bytes && !is_enough(r, states)) {
        uint64_t run;
        const bool dirty = block_bitmap_run(e->bitmap[n].bitmap, r->offset + done, r->bytes - done, &run);

        add_extent(states, (uint32_t)run, dirty ? NBD_STATE_DIRTY : 0);
        done += (uint32_t)run;
    }
    g_mutex_unlock(&e->lock);
    return ret;
}

int nbd_status_collect(NbdRequest *r)
{
    int ret = 0;

    r->status = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    for (unsigned id = BASE_ID; !ret && id <= r->session->export->bitmaps; id++) {
        const uint32_t wire = id + 1;
        GArray *states;

        if (!(r->session->contexts >> id & 1)) {
            continue;
        }
        states = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_array_append_val(states, wire);
        g_ptr_array_add(r->status, states);
        ret = id == BASE_ID ? collect_allocation(r, states) : collect_dirty(r, id - 1, states);
    }
    ret = ret || r->status->len ? ret : -EINVAL;        /* the contexts were those of an export that has gone */
    if (ret) {
        g_clear_pointer(&r->status, g_ptr_array_unref);
    }
    return ret;
}

/* A chunk for each context; the last one ends the reply. */
bool nbd_status_send(NbdRequest *r)
{
    bool good = true;

    for (guint n = 0; good && n < r->status->len; n++) {
        const GArray *states = g_ptr_array_index(r->status, n);
        const size_t bytes = (size_t)states->len * 4;
        g_autofree uint8_t *chunk = g_malloc(20 + bytes);

        write_be32(chunk, NBD_STRUCTURED_MAGIC);
        write_be16(chunk + 4, n + 1 == r->status->len ? NBD_CHUNK_DONE : 0);
        write_be16(chunk + 6, NBD_CHUNK_STATUS);
        write_be64(chunk + 8, r->cookie);
        write_be32(chunk + 16, (uint32_t)bytes);
        for (guint i = 0; i < states->len; i++) {
            write_be32(chunk + 20 + 4 * i, g_array_index(states, uint32_t, i));
        }
        good = nbd_send(r->session, chunk, 20 + bytes, false);
    }
    return good;
}
