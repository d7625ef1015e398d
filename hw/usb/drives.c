/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drives that sticks may have (include/hw/usb/usb-devices.h). I/O thread. */
#include <string.h>
#include <glib.h>
#include "hw/usb/usb-devices.h"

typedef struct Drive {
    const BlockOptions *options;
    BlockBackend *blk;          /* NULL: not opened yet */
    bool taken;
    bool is_node;               /* of the monitor's: options is NULL, and it is one again when the stick goes */
    struct Drive *next;
} Drive;

static Drive *drives;

void usb_drive_offer(const BlockOptions *options)
{
    Drive *d = g_new0(Drive, 1);

    d->options = options;
    d->next = drives;
    drives = d;
}

static bool is_called(const Drive *d, const char *name)
{
    return d->options && (!g_strcmp0(d->options->id, name) || !g_strcmp0(d->options->node, name));
}

BlockBackend *usb_drive_take(const char *id, char **error)
{
    Drive *d = drives;
    char *problem;

    while (d && !is_called(d, id)) {
        d = d->next;
    }
    if (!d) {
        BlockBackend *blk = blk_open_node(id, &problem);

        if (blk) {
            d = g_new0(Drive, 1);
            *d = (Drive) { .blk = blk, .taken = true, .is_node = true, .next = drives };
            drives = d;
            return blk;
        }
        free(problem);
    }
    if (!d || d->taken) {
        *error = g_strdup_printf("there is no '%s', or another device has it (-drive if=none,id=%s,... makes one)", id,
                                 id);
        return NULL;
    }
    if (!d->blk) {
        d->blk = blk_open(d->options, &problem);
        if (!d->blk) {
            *error = g_strdup(problem);
            free(problem);
            return NULL;
        }
    }
    d->taken = true;
    return d->blk;
}

void usb_drive_give_back(BlockBackend *blk)
{
    for (Drive **p = &drives; *p; p = &(*p)->next) {
        Drive *d = *p;

        if (d->blk == blk && d->is_node) {
            *p = d->next;
            g_free(d);
            blk_close_node(blk);
            return;
        }
        d->taken = d->taken && d->blk != blk;
    }
}

const char *usb_drive_free(unsigned i)
{
    for (const Drive *d = drives; d; d = d->next) {
        if (!d->taken && !i--) {
            return d->options->id ? d->options->id : d->options->node;
        }
    }
    return NULL;
}
