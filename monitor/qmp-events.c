/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the table of its events, and those of the run state and of disks. I/O thread. */
#include <errno.h>
#include <string.h>
#include "block/block.h"
#include "hw/rtc/pl031.h"
#include "hw/virtio/virtio-devices.h"
#include "monitor/qmp-internal.h"
#include "net/net.h"
#include "sysemu/runstate.h"

#define BLOCK_JOB "type:JobType device:s len:i offset:i speed:i"

const QmpEvent qmp_events[] = {
    { "BALLOON_CHANGE", "actual:i" },
    { "BLOCK_EXPORT_DELETED", "id:s" },
    { "BLOCK_IMAGE_CORRUPTED", "device:s node-name:s? msg:s offset:i? size:i? fatal:b" },
    { "BLOCK_JOB_CANCELLED", BLOCK_JOB },
    { "BLOCK_JOB_COMPLETED", BLOCK_JOB " error:s?" },
    { "BLOCK_JOB_ERROR", "device:s operation:IoOperationType action:BlockErrorAction" },
    { "BLOCK_JOB_PENDING", "type:JobType id:s" },
    { "BLOCK_JOB_READY", BLOCK_JOB },
    { "BLOCK_IO_ERROR",
      "device:s node-name:s? operation:IoOperationType action:BlockErrorAction nospace:b? reason:s" },
    { "BLOCK_WRITE_THRESHOLD", "node-name:s amount-exceeded:i write-threshold:i" },
    { "DEVICE_DELETED", "device:s? path:s" },
    { "DEVICE_TRAY_MOVED", "device:s id:s tray-open:b" },
    { "DUMP_COMPLETED", "result:DumpQueryResult error:s?" },
    { "JOB_STATUS_CHANGE", "id:s status:JobStatus" },
    { "MIGRATION", "status:MigrationStatus" },
    { "MIGRATION_PASS", "pass:i" },
    { "NETDEV_STREAM_CONNECTED", "netdev-id:s addr:SocketAddress" },
    { "NETDEV_STREAM_DISCONNECTED", "netdev-id:s" },
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

const char *qmp_error_action(BlockErrorAction action)
{
    static const char *const names[] = {
        [BLOCK_ACTION_REPORT] = "report", [BLOCK_ACTION_IGNORE] = "ignore", [BLOCK_ACTION_STOP] = "stop",
    };

    return names[action];
}

static void disk_failed(const BlockError *e)
{
    const BlockOptions *o = blk_options(e->blk);
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "device", blk_id(e->blk));
    json_object_set_string_member(data, "node-name", blk_id(e->blk));
    json_object_set_string_member(data, "operation", e->write ? "write" : "read");
    json_object_set_string_member(data, "action", qmp_error_action(e->action));
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

static void image_corrupted(const BlockCorruption *c)
{
    JsonObject *data = json_object_new();

    json_object_set_string_member(data, "device", c->device);
    if (c->node) {
        json_object_set_string_member(data, "node-name", c->node);
    }
    json_object_set_string_member(data, "msg", c->message);
    if (c->bytes) {
        json_object_set_int_member(data, "offset", (gint64)c->offset);
        json_object_set_int_member(data, "size", (gint64)c->bytes);
    }
    json_object_set_boolean_member(data, "fatal", c->fatal);
    qmp_tell("BLOCK_IMAGE_CORRUPTED", data);
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

static void stream_changed(const char *id, const NetAddress *peer)
{
    JsonObject *data = json_object_new(), *addr;

    json_object_set_string_member(data, "netdev-id", id);
    if (!peer) {
        qmp_tell("NETDEV_STREAM_DISCONNECTED", data);
        return;
    }
    addr = json_object_new();
    json_object_set_string_member(addr, "type", peer->type);
    if (peer->path) {
        json_object_set_string_member(addr, "path", peer->path);
    } else {
        g_autofree char *port = g_strdup_printf("%u", peer->port);

        json_object_set_string_member(addr, "host", peer->host);
        json_object_set_string_member(addr, "port", port);
    }
    json_object_set_object_member(data, "addr", addr);
    qmp_tell("NETDEV_STREAM_CONNECTED", data);
}

void qmp_events_init(const MachineState *machine)
{
#ifdef CONFIG_VNC
    qmp_vnc_init();
#endif
    runstate_add_listener(runstate_changed);
    pl031_set_listener(clock_set);
    virtio_console_set_listener(port_opened);
    net_set_stream_listener(stream_changed);
    blk_set_error_listener(disk_failed);
    blk_set_threshold_listener(threshold_crossed);
    blk_set_corruption_listener(image_corrupted);
    qmp_media_init(machine);
    qmp_migration_attach();
    qmp_block_jobs_init();
    qmp_nbd_init();
    qmp_balloon_init();
}
