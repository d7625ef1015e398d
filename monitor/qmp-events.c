/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the table of its events, and those of the run state and of disks. I/O thread. */
#include <errno.h>
#include <string.h>
#include "block/block.h"
#include "hw/rtc/pl031.h"
#include "hw/virtio/virtio-devices.h"
#include "monitor/qmp-internal.h"
#include "sysemu/runstate.h"

#define BLOCK_JOB "type:JobType device:s len:i offset:i speed:i"

const QmpEvent qmp_events[] = {
    { "BALLOON_CHANGE", "actual:i" },
    { "BLOCK_EXPORT_DELETED", "id:s" },
    { "BLOCK_JOB_CANCELLED", BLOCK_JOB },
    { "BLOCK_JOB_COMPLETED", BLOCK_JOB " error:s?" },
    { "BLOCK_JOB_PENDING", "type:JobType id:s" },
    { "BLOCK_JOB_READY", BLOCK_JOB },
    { "BLOCK_IO_ERROR",
      "device:s node-name:s? operation:IoOperationType action:BlockErrorAction nospace:b? reason:s" },
    { "BLOCK_WRITE_THRESHOLD", "node-name:s amount-exceeded:i write-threshold:i" },
    { "DEVICE_DELETED", "device:s? path:s" },
    { "DUMP_COMPLETED", "result:DumpQueryResult error:s?" },
    { "JOB_STATUS_CHANGE", "id:s status:JobStatus" },
    { "MIGRATION", "status:MigrationStatus" },
    { "MIGRATION_PASS", "pass:i" },
    { "POWERDOWN", "" },
    { "RESET", "guest:b reason:ShutdownCause" },
    { "RESUME", "" },
    { "RTC_CHANGE", "offset:i qom-path:s" },
    { "SHUTDOWN", "guest:b reason:ShutdownCause" },
    { "STOP", "" },
#ifdef CONFIG_VNC
    { "VNC_CONNECTED", "server:VncServerInfo client:VncBasicInfo" },
    { "VNC_DISCONNECTED", "server:VncServerInfo client:VncClientInfo" },
    { "VNC_INITIALIZED", "server:VncServerInfo client:VncClientInfo" },
#endif
    { "VSERPORT_CHANGE", "id:s open:b" },
    { "WATCHDOG", "action:WatchdogAction" },
    { NULL, NULL },
};

static JsonObject *cause(void)
{
    JsonObject *data = json_object_new();
    bool guest;
    const char *reason = runstate_cause(&guest);

    json_object_set_boolean_member(data, "guest", guest);
    json_object_set_string_member(data, "reason", reason);
    return data;
}

static void runstate_changed(RunstateEvent event, int code)
{
    static bool said;           /* the guest's end was told about, and nothing has run since */
    static bool ended;
    JsonObject *data;

    switch (event) {
    case RUNSTATE_GUEST_END:
        said = true;
        qmp_tell("SHUTDOWN", cause());
        break;
    case RUNSTATE_PAUSED:
    case RUNSTATE_DEBUG:
    case RUNSTATE_SHUTDOWN:
        if (!ended) {
            qmp_tell("STOP", NULL);
        }
        break;
    case RUNSTATE_RUNNING:
        said = false;
        qmp_tell("RESUME", NULL);
        break;
    case RUNSTATE_RESET:
        said = false;
        qmp_tell("RESET", cause());
        break;
    case RUNSTATE_ENDED:
        if (!said) {
            qmp_tell("SHUTDOWN", cause());
        }
        ended = true;
        break;
    case RUNSTATE_WATCHDOG:
        data = json_object_new();
        json_object_set_string_member(data, "action", watchdog_action_names[code]);
        qmp_tell("WATCHDOG", data);
        break;
    case RUNSTATE_POWERDOWN:
        qmp_tell("POWERDOWN", NULL);
        break;
    }
}

static void disk_failed(const BlockError *e)
{
    static const char *const actions[] = {
        [BLOCK_ACTION_REPORT] = "report", [BLOCK_ACTION_IGNORE] = "ignore", [BLOCK_ACTION_STOP] = "stop",
    };
    const BlockOptions *o = blk_options(e->blk);
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "device", blk_id(e->blk));
    json_object_set_string_member(data, "node-name", blk_id(e->blk));
    json_object_set_string_member(data, "operation", e->write ? "write" : "read");
    json_object_set_string_member(data, "action", actions[e->action]);
    if (o->on_write_error == BLOCK_ERROR_STOP || o->on_write_error == BLOCK_ERROR_ENOSPC
        || o->on_read_error == BLOCK_ERROR_STOP) {
        json_object_set_boolean_member(data, "nospace", e->error == ENOSPC);
    }
    json_object_set_string_member(data, "reason", strerror(e->error));
    qmp_tell("BLOCK_IO_ERROR", data);
}

static void threshold_crossed(const char *node, uint64_t limit, uint64_t exceeded)
{
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "node-name", node);
    json_object_set_int_member(data, "amount-exceeded", (gint64)exceeded);
    json_object_set_int_member(data, "write-threshold", (gint64)limit);
    qmp_tell("BLOCK_WRITE_THRESHOLD", data);
}

static void clock_set(int64_t ahead, const char *device)
{
    JsonObject *data = json_object_new();
    g_autofree char *path = g_strconcat("/machine/", device, NULL);

    json_object_set_int_member(data, "offset", ahead);
    json_object_set_string_member(data, "qom-path", path);
    qmp_tell("RTC_CHANGE", data);
}

static void port_opened(const char *id, bool open)
{
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "id", id);
    json_object_set_boolean_member(data, "open", open);
    qmp_tell("VSERPORT_CHANGE", data);
}

void qmp_events_init(void)
{
#ifdef CONFIG_VNC
    qmp_vnc_init();
#endif
    runstate_add_listener(runstate_changed);
    pl031_set_listener(clock_set);
    virtio_console_set_listener(port_opened);
    blk_set_error_listener(disk_failed);
    blk_set_threshold_listener(threshold_crossed);
    qmp_migration_attach();
    qmp_block_jobs_init();
    qmp_nbd_init();
    qmp_balloon_init();
}
