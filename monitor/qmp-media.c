/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: media of drives that can be changed, and their trays. The board's slot has none, so opening
 * and closing it changes nothing; a stick with removable=on has one. I/O thread.
 */
#include <string.h>
#include "block/block.h"
#include "monitor/qmp-internal.h"

static const MachineState *machine;     /* constant once there are events */

static void tray_moved(const BlockBackend *blk, bool open)
{
    JsonObject *data = json_object_new();
    g_autofree char *path = qmp_disk_path(machine, blk);

    json_object_set_string_member(data, "device", qmp_disk_name(blk, path));
    json_object_set_string_member(data, "id", path ? path : blk_id(blk));
    json_object_set_boolean_member(data, "tray-open", open);
    qmp_tell("DEVICE_TRAY_MOVED", data);
}

void qmp_media_init(const MachineState *m)
{
    machine = m;
    blk_set_tray_listener(tray_moved);
}

/* What "device" or "id" names; NULL: the call has failed. */
static BlockBackend *find_drive(QmpCall *call)
{
    const char *device = qmp_string(call, "device"), *id = qmp_string(call, "id"), *name = device ? device : id;
    BlockBackend *blk;

    if (!device == !id) {
        qmp_fail(call, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    blk = qmp_disk_named(call->machine, name);
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
        qmp_conclude(call, blk_eject(blk, qmp_bool(call, "force", false)));
    }
}

void qmp_blockdev_open_tray(QmpCall *call)
{
    BlockBackend *blk = find_drive(call);

    if (blk) {
        qmp_conclude(call, blk_move_tray(blk, true, qmp_bool(call, "force", false)));
    }
}

void qmp_blockdev_close_tray(QmpCall *call)
{
    BlockBackend *blk = find_drive(call);

    if (blk) {
        qmp_conclude(call, blk_move_tray(blk, false, false));
    }
}

void qmp_blockdev_remove_medium(QmpCall *call)
{
    BlockBackend *blk = find_drive(call);

    if (blk) {
        qmp_conclude(call, blk_remove_medium(blk));
    }
}

void qmp_blockdev_insert_medium(QmpCall *call)
{
    BlockBackend *blk = find_drive(call);

    if (blk) {
        qmp_conclude(call, blk_insert_node(blk, qmp_string(call, "node-name")));
    }
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
                                             : BLOCK_READONLY_KEEP, qmp_bool(call, "force", false)));
    }
}
