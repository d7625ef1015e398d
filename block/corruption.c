/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images whose tables are wrong: which disk or node it is, and whom to tell. */
#include <string.h>
#include <glib.h>
#include "block/backend-internal.h"
#include "block/corruption.h"
#include "block/job.h"
#include "qemu/log.h"

typedef struct Report {
    IOWork work;
    char *path, *message;
    bool fatal;
    uint64_t offset, bytes;
} Report;

static void (*listener)(const BlockCorruption *c);      /* constant once the main loop runs */

void blk_set_corruption_listener(void (*fn)(const BlockCorruption *c))
{
    listener = fn;
}

/* The image may be closed by now, so it is looked for by its path. */
static bool find_disk(const char *path, BlockCorruption *c)
{
    for (BlockBackend *blk = blk_backends; blk; blk = blk->next) {
        BlockChainInfo info;

        for (unsigned n = 0; blk_chain(blk, n, &info); n++) {
            if (!strcmp(info.path, path)) {
                c->device = blk->id;
                c->node = n || info.node ? info.node : blk->id;
                return true;
            }
        }
    }
    return false;
}

static void find_node(const char *path, BlockCorruption *c)
{
    for (const BlockOptions *o = block_node_next(NULL); o && !c->node; o = block_node_next(o)) {
        c->node = o->format && !strcmp(o->file, path) ? o->node : NULL;
    }
}

static void tell(void *opaque)
{
    Report *r = opaque;
    BlockCorruption c = {
        .device = "", .message = r->message, .fatal = r->fatal, .offset = r->offset, .bytes = r->bytes,
    };

    error_report(r->fatal ? "'%s' is corrupt and takes no more writes (qemu-img check -r all may mend it): %s"
                          : "'%s' is corrupt: %s", r->path, r->message);
    if (listener) {
        if (!find_disk(r->path, &c)) {
            find_node(r->path, &c);
        }
        listener(&c);
    }
    g_free(r->path);
    g_free(r->message);
    g_free(r);
}

void corruption_report(const Image *image, bool fatal, uint64_t offset, uint64_t bytes, const char *message)
{
    Report *r = g_new0(Report, 1);

    r->work = (IOWork) { .fn = tell, .opaque = r, .outside = true };
    r->path = g_strdup(image->path);
    r->message = g_strdup(message);
    r->fatal = fatal;
    r->offset = offset;
    r->bytes = bytes;
    io_post(&r->work);
}
