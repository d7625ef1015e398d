/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: media of drives that can be changed. The board's slot has no tray, so opening and closing
 * one changes nothing. I/O thread.
 */
#include <string.h>
#include "block/block.h"
#include "monitor/qmp-internal.h"

/* What "device" or "id" names; NULL: the call has failed. */
static BlockBackend *find_drive(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *id = qmp_string(call, "id"), *name = device ? device : id;
    BlockBackend *blk;

    if (!device == !id) {
        qmp_fail(call, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    blk = blk_find(name);
    if (!blk) {
        call->error_class = "DeviceNotFound";
        qmp_fail(call, "Device '%s' not found", name);
    } else if (!blk_removable(blk)) {
        qmp_fail(call, "Device '%s' is not removable", name);
        return NULL;
    }
    return blk;
}

void qmp_eject(QmpCall *call)
{
    BlockBackend *blk = find_drive(call);

    if (blk) {
        qmp_conclude(call, blk_eject(blk));
    }
}

void qmp_blockdev_tray(QmpCall *call)
{
    find_drive(call);
}

void qmp_blockdev_change_medium(QmpCall *call)
{
    const char *mode = qmp_string(call, "read-only-mode"), *format = qmp_string(call, "format");
    BlockBackend *blk = find_drive(call);

    if (blk && format && strcmp(format, "raw") && strcmp(format, "qcow2")) {
        qmp_fail(call, "Unknown driver '%s' (raw and qcow2 are there)", format);
    } else if (blk) {
        qmp_conclude(call, blk_change_medium(blk, qmp_string(call, "filename"), format,
                                             !g_strcmp0(mode, "read-only") ? BLOCK_READONLY_ON
                                             : !g_strcmp0(mode, "read-write") ? BLOCK_READONLY_OFF
                                             : BLOCK_READONLY_KEEP));
    }
}
