/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: the table of its commands, and those that do something. What they return is in
 * qmp-query.c.
 */
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "migration/migration.h"
#include "monitor/qmp-internal.h"
#include "net/net.h"
#include "sysemu/accel.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

static void do_stop(QmpCall *call)
{
    vm_stop_for_user();
}

static void do_cont(QmpCall *call)
{
    char *problem = migration_before_cont();

    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
        return;
    }
    vm_start();
}

static void do_system_reset(QmpCall *call)
{
    qemu_system_user_reset_request();
}

static void do_system_powerdown(QmpCall *call)
{
    vm_powerdown();
}

static void do_quit(QmpCall *call)
{
    qemu_system_quit_request(0);
}

static void line_done(void *opaque, const char *text)
{
    QmpCall *call = opaque;
    char **lines = g_strsplit(text, "\n", -1), *joined;

    joined = g_strjoinv("\r\n", lines);        /* programs that know QEMU expect its line ends */
    g_strfreev(lines);
    call->result = json_node_init_string(json_node_alloc(), joined);
    g_free(joined);
    qmp_finish(call);
}

static void do_human_monitor_command(QmpCall *call)
{
    const int64_t cpu = qmp_int(call, "cpu-index", 0);

    if (cpu < 0 || cpu >= call->machine->smp) {
        qmp_fail(call, "Parameter 'cpu-index' expects a CPU number");
        return;
    }
    qmp_defer(call);
    monitor_line(call->machine, (int)cpu, qmp_string(call, "command-line"), line_done, call);
}

static void do_set_link(QmpCall *call)
{
    NetBackend *net = monitor_find_network(call->machine, qmp_string(call, "name"));

    if (net) {
        net_set_link(net, json_object_get_boolean_member(call->args, "up"));
        return;
    }
    call->error_class = "DeviceNotFound";
    qmp_fail(call, "Device '%s' not found", qmp_string(call, "name"));
}

static void text_result(QmpCall *call, char *text)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "human-readable-text", text ? text : "");
    free(text);
    call->result = qmp_object_node(object);
}

static void do_x_query_jit(QmpCall *call)
{
    char *text;

    runstate_hold_cpus();
    text = accel_stats_text();
    runstate_release_cpus();
    text_result(call, text);
}

static void hmp_done(void *opaque, const char *text)
{
    text_result(opaque, g_strdup(text));
}

static void hmp_text(QmpCall *call, const char *line)
{
    monitor_line(call->machine, 0, line, hmp_done, call);
}

static void do_x_query_irq(QmpCall *call)
{
    hmp_text(call, "info irq");
}

static void do_x_query_accel(QmpCall *call)
{
    hmp_text(call, "info accel");
}

static void do_x_query_numa(QmpCall *call) { hmp_text(call, "info numa"); }
static void do_x_query_opcount(QmpCall *call) { hmp_text(call, "info opcount"); }
static void do_x_query_ramblock(QmpCall *call) { hmp_text(call, "info ramblock"); }
static void do_x_query_roms(QmpCall *call) { hmp_text(call, "info roms"); }
static void do_x_query_usb(QmpCall *call) { hmp_text(call, "info usb"); }

#define JOB_BITMAP "bitmap:s? bitmap-mode:BitmapSyncMode? "
#define JOB_ENDS "auto-finalize:b? auto-dismiss:b?"
#define JOB_ERRORS "on-source-error:BlockdevOnError? on-target-error:BlockdevOnError? "
#define JOB_FILTER "filter-node-name:s? "
#define MIRROR "speed:i? granularity:i? buf-size:i? copy-mode:MirrorCopyMode? "     /* the two sizes are advice */
#define JOB_CHAIN "base-node:s? backing-file:s? on-error:BlockdevOnError? filter-node-name:s? "
#define BURST(limit) limit "_max:i? " limit "_max_length:i? "

const QmpCommand qmp_commands[] = {
    { "add-fd", "fdset-id:i? opaque:s?", qmp_add_fd, false, "AddfdInfo" },
    { "add_client", "protocol:s fdname:s skipauth:b? tls:b?", qmp_add_client, false, NULL },
    { "announce-self", "initial:i max:i rounds:i step:i interfaces:[s]? id:s?", qmp_announce_self, false, NULL },
    { "balloon", "value:i", qmp_balloon, false, NULL },
    { "block-commit",
      "device:s top:s?$deprecated top-node:s? job-id:s? speed:i? base:s?$deprecated " JOB_CHAIN JOB_ENDS,
      qmp_block_commit, false, NULL },
    { "block-dirty-bitmap-add", "node:s name:s granularity:i? persistent:b? disabled:b?", qmp_block_dirty_bitmap_add,
      false, NULL },
    { "block-dirty-bitmap-clear", "node:s name:s", qmp_block_dirty_bitmap_clear, false, NULL },
    { "block-dirty-bitmap-disable", "node:s name:s", qmp_block_dirty_bitmap_disable, false, NULL },
    { "block-dirty-bitmap-enable", "node:s name:s", qmp_block_dirty_bitmap_enable, false, NULL },
    { "block-dirty-bitmap-merge", "node:s target:s bitmaps:[BlockDirtyBitmapOrStr]",
      qmp_block_dirty_bitmap_merge, false, NULL },
    { "block-dirty-bitmap-remove", "node:s name:s", qmp_block_dirty_bitmap_remove, false, NULL },
    { "block-export-add", "..BlockExportOptions", qmp_block_export_add, false, NULL },
    { "block-export-del", "id:s mode:BlockExportRemoveMode?", qmp_block_export_del, false, NULL },
    { "block-job-cancel", "device:s force:b?", qmp_block_job_cancel, false, NULL },
    { "block-job-complete", "device:s", qmp_block_job_complete, false, NULL },
    { "block-job-dismiss", "id:s", qmp_block_job_dismiss, false, NULL },
    { "block-job-finalize", "id:s", qmp_block_job_finalize, false, NULL },
    { "block-job-pause", "device:s", qmp_block_job_pause, false, NULL },
    { "block-job-resume", "device:s", qmp_block_job_resume, false, NULL },
    { "block-job-set-speed", "device:s speed:i", qmp_block_job_set_speed, false, NULL },
    { "block-latency-histogram-set",
      "id:s boundaries:[i]? boundaries-read:[i]? boundaries-write:[i]? boundaries-flush:[i]?",
      qmp_block_latency_histogram_set, false, NULL },
    { "block-set-write-threshold", "node-name:s write-threshold:i", qmp_block_set_write_threshold, false, NULL },
    { "block-stream", "device:s job-id:s? speed:i? base:s? bottom:s? " JOB_CHAIN JOB_ENDS, qmp_block_stream, false,
      NULL },
    { "block_resize", "device:s? node-name:s? size:i", qmp_block_resize, false, NULL },
    { "block_set_io_throttle",
      "device:s?$deprecated id:s? bps:i bps_rd:i bps_wr:i iops:i iops_rd:i iops_wr:i iops_size:i? group:s? "
      BURST("bps") BURST("bps_rd") BURST("bps_wr") BURST("iops") BURST("iops_rd") BURST("iops_wr"),
      qmp_block_set_io_throttle, false, NULL },
    { "blockdev-add", "..BlockdevOptions", qmp_blockdev_add, false, NULL },
    { "blockdev-backup", "device:s target:s sync:MirrorSyncMode job-id:s? speed:i? " JOB_BITMAP JOB_ERRORS JOB_FILTER
      JOB_ENDS, qmp_blockdev_backup, false, NULL },
    { "blockdev-change-medium",
      "device:s?$deprecated id:s? filename:s format:s? force:b? read-only-mode:BlockdevChangeReadOnlyMode?",
      qmp_blockdev_change_medium, false, NULL },
    { "blockdev-close-tray", "device:s?$deprecated id:s?", qmp_blockdev_close_tray, false, NULL },
    { "blockdev-create", "job-id:s options:BlockdevCreateOptions", qmp_blockdev_create, false, NULL },
    { "blockdev-del", "node-name:s", qmp_blockdev_del, false, NULL },
    { "blockdev-insert-medium", "id:s node-name:s", qmp_blockdev_insert_medium, false, NULL },
    { "blockdev-mirror", "device:s target:s sync:MirrorSyncMode job-id:s? replaces:s? "
      MIRROR JOB_ERRORS JOB_FILTER JOB_ENDS, qmp_blockdev_mirror, false, NULL },
    { "blockdev-open-tray", "device:s?$deprecated id:s? force:b?", qmp_blockdev_open_tray, false, NULL },
    { "blockdev-remove-medium", "id:s", qmp_blockdev_remove_medium, false, NULL },
    { "blockdev-reopen", "options:[BlockdevOptions]", qmp_blockdev_reopen, false, NULL },
    { "blockdev-snapshot", "node:s overlay:s", qmp_blockdev_snapshot, false, NULL },
    { "blockdev-snapshot-delete-internal-sync", "device:s id:s? name:s?", qmp_snapshot_delete_internal, false,
      "SnapshotInfo" },
    { "blockdev-snapshot-internal-sync", "device:s name:s", qmp_snapshot_internal, false, NULL },
    { "blockdev-snapshot-sync",
      "device:s? node-name:s? snapshot-file:s snapshot-node-name:s? format:s? mode:NewImageMode?",
      qmp_blockdev_snapshot_sync, false, NULL },
    { "calc-dirty-rate", "calc-time:i sample-pages:i? mode:DirtyRateMeasureMode?", qmp_calc_dirty_rate, false, NULL },
    { "change-backing-file", "device:s image-node-name:s backing-file:s", qmp_change_backing_file, false, NULL },
#ifdef CONFIG_VNC
    { "change-vnc-password", "password:s", qmp_change_vnc_password, false, NULL },
#endif
    { "chardev-add", "id:s backend:ChardevBackend", qmp_chardev_add, false, "ChardevReturn" },
    { "chardev-change", "id:s backend:ChardevBackend", qmp_chardev_change, false, "ChardevReturn" },
    { "chardev-remove", "id:s", qmp_chardev_remove, false, NULL },
    { "chardev-send-break", "id:s", qmp_chardev_send_break, false, NULL },
    { "closefd", "fdname:s", qmp_closefd, false, NULL },
    { "cont", "", do_cont, false, NULL },
    { "drive-backup", "device:s target:s sync:MirrorSyncMode format:s? mode:NewImageMode? job-id:s? speed:i? "
      JOB_BITMAP JOB_ERRORS JOB_FILTER JOB_ENDS, qmp_drive_backup, false, NULL },
    { "drive-mirror", "device:s target:s sync:MirrorSyncMode format:s? mode:NewImageMode? job-id:s? unmap:b? "
      MIRROR JOB_ERRORS JOB_ENDS, qmp_drive_mirror, false, NULL },
    { "device-list-properties", "typename:s", qmp_device_list_properties, false, "[ObjectPropertyInfo]" },
    { "device_add", "driver:s id:s? bus:s? *:a?", qmp_device_add, false, NULL },
    { "device_del", "id:s", qmp_device_del, false, NULL },
#ifdef CONFIG_VNC
    { "display-reload", "..DisplayReloadOptions", qmp_display_reload, false, NULL },
    { "display-update", "..DisplayUpdateOptions", qmp_display_update, false, NULL },
#endif
    { "dumpdtb", "filename:s", qmp_dumpdtb, false, NULL },
    { "dump-guest-memory", "paging:b protocol:s detach:b? begin:i? length:i? format:DumpGuestMemoryFormat?",
      qmp_dump_guest_memory, false, NULL },
    { "eject", "device:s?$deprecated id:s? force:b?", qmp_eject, false, NULL },
#ifdef CONFIG_VNC
    { "expire_password", "..ExpirePasswordOptions", qmp_expire_password, false, NULL },
#endif
    { "getfd", "fdname:s", qmp_getfd, false, NULL },
    { "human-monitor-command", "command-line:s cpu-index:i?", do_human_monitor_command, false, "s" },
    { "inject-nmi", "", qmp_no_nmi, false, NULL },
    { "input-send-event", "device:s? head:i? events:[InputEvent]", qmp_input_send_event, false, NULL },
    { "memsave", "val:i size:i filename:s cpu-index:i?", qmp_memsave, false, NULL },
    { "job-cancel", "id:s", qmp_job_cancel, false, NULL },
    { "job-complete", "id:s", qmp_block_job_complete, false, NULL },
    { "job-dismiss", "id:s", qmp_job_dismiss, false, NULL },
    { "job-finalize", "id:s", qmp_block_job_finalize, false, NULL },
    { "job-pause", "id:s", qmp_block_job_pause, false, NULL },
    { "job-resume", "id:s", qmp_block_job_resume, false, NULL },
    { "migrate", "uri:s detach:b? blk:b? inc:b? resume:b?", qmp_migrate, false, NULL },
    { "migrate-continue", "state:MigrationStatus", qmp_migrate_continue, false, NULL },
    { "migrate-incoming", "uri:s", qmp_migrate_incoming, false, NULL },
    { "migrate-set-capabilities", "capabilities:[MigrationCapabilityStatus]", qmp_migrate_set_capabilities, false,
      NULL },
    { "migrate-set-parameters",
      QMP_MIGRATION_PARAMETERS " tls-authz:StrOrNull? tls-creds:StrOrNull? tls-hostname:StrOrNull? "
      "block-bitmap-mapping:[BitmapMigrationNodeAlias]?", qmp_migrate_set_parameters, false,
      NULL },
    { "migrate_cancel", "", qmp_migrate_cancel, true, NULL },
    { "nbd-server-add", "device:s name:s? description:s? writable:b? bitmap:s?", qmp_nbd_server_add, false, NULL },
    { "nbd-server-remove", "name:s mode:BlockExportRemoveMode?", qmp_nbd_server_remove, false, NULL },
    { "nbd-server-start", "addr:SocketAddressLegacy max-connections:i?", qmp_nbd_server_start, false, NULL },
    { "nbd-server-stop", "", qmp_nbd_server_stop, false, NULL },
    { "netdev_add", "..Netdev", qmp_netdev_add, false, NULL },
    { "netdev_del", "id:s", qmp_netdev_del, false, NULL },
    { "object-add", "..ObjectOptions", qmp_object_add, false, NULL },
    { "object-del", "id:s", qmp_object_del, false, NULL },
    { "pmemsave", "val:i size:i filename:s", qmp_pmemsave, false, NULL },
    { "qom-get", "path:s property:s", qmp_qom_get, false, "a" },
    { "qom-list", "path:s", qmp_qom_list, false, "[ObjectPropertyInfo]" },
    { "qom-list-properties", "typename:s", qmp_qom_list_properties, false, "[ObjectPropertyInfo]" },
    { "qom-list-types", "implements:s? abstract:b?", qmp_qom_list_types, false, "[ObjectTypeInfo]" },
    { "qom-set", "path:s property:s value:a", qmp_qom_set, false, NULL },
    { "query-balloon", "", qmp_query_balloon, false, "BalloonInfo" },
    { "query-block", "", qmp_query_block, false, "[BlockInfo]" },
    { "query-block-exports", "", qmp_query_block_exports, false, "[BlockExportInfo]" },
    { "query-block-jobs", "", qmp_query_block_jobs, false, "[BlockJobInfo]" },
    { "query-blockstats", "query-nodes:b?", qmp_query_blockstats, false, "[BlockStats]" },
    { "query-chardev", "", qmp_query_chardev, false, "[ChardevInfo]" },
    { "query-chardev-backends", "", qmp_query_chardev_backends, false, "[ChardevBackendInfo]" },
    { "query-command-line-options", "option:s?", qmp_query_command_line_options, false, "[CommandLineOptionInfo]" },
    { "query-commands", "", qmp_query_commands, false, "[CommandInfo]" },
    { "query-cpu-definitions", "", qmp_query_cpu_definitions, false, "[CpuDefinitionInfo]" },
    { "query-cpu-model-expansion", "type:CpuModelExpansionType model:CpuModelInfo", qmp_query_cpu_model_expansion,
      false, "CpuModelExpansionInfo" },
    { "query-cpus-fast", "", qmp_query_cpus_fast, false, "[CpuInfoFast]" },
    { "query-current-machine", "", qmp_query_current_machine, false, "CurrentMachineParams" },
    { "query-dirty-rate", "", qmp_query_dirty_rate, false, "DirtyRateInfo" },
    { "query-display-options", "", qmp_query_display_options, false, "DisplayOptions" },
    { "query-dump", "", qmp_query_dump, true, "DumpQueryResult" },
    { "query-dump-guest-memory-capability", "", qmp_query_dump_capability, false, "DumpGuestMemoryCapability" },
    { "query-events", "", qmp_query_events, false, "[EventInfo]" },
    { "query-fdsets", "", qmp_query_fdsets, false, "[FdsetInfo]" },
    { "query-gic-capabilities", "", qmp_query_nothing, false, "[GICCapability]" },
    { "query-hotpluggable-cpus", "", qmp_no_hotplug, false, "[HotpluggableCPU]" },
    { "query-iothreads", "", qmp_query_iothreads, false, "[IOThreadInfo]" },
    { "query-jobs", "", qmp_query_jobs, false, "[JobInfo]" },
    { "query-kvm", "", qmp_query_kvm, false, "KvmInfo" },
    { "query-machines", "", qmp_query_machines, false, "[MachineInfo]" },
    { "query-memdev", "", qmp_query_memdev, false, "[Memdev]" },
    { "query-memory-devices", "", qmp_query_nothing, false, "[a]" },
    { "query-memory-size-summary", "", qmp_query_memory_size, false, "MemoryInfo" },
    { "query-mice", "", qmp_query_mice, false, "[MouseInfo]" },
    { "query-migrate", "", qmp_query_migrate, true, "MigrationInfo" },
    { "query-migrate-capabilities", "", qmp_query_migrate_capabilities, false, "[MigrationCapabilityStatus]" },
    { "query-migrate-parameters", "", qmp_query_migrate_parameters, false, "MigrationParameters" },
    { "query-name", "", qmp_query_name, true, "NameInfo" },
    { "query-named-block-nodes", "flat:b?", qmp_query_named_block_nodes, false, "[BlockDeviceInfo]" },
    { "query-pci", "", qmp_query_nothing, false, "[a]" },
    { "query-pr-managers", "", qmp_query_nothing, false, "[PRManagerInfo]" },
    { "query-qmp-schema", "", qmp_query_schema, false, "[SchemaInfo]" },
    { "query-replay", "", qmp_query_replay, false, "ReplayInfo" },
    { "query-rx-filter", "name:s?", qmp_query_nothing, false, "[RxFilterInfo]" },
    { "query-stats", "..StatsFilter", qmp_query_nothing, false, "[StatsResult]" },
    { "query-stats-schemas", "provider:StatsProvider?", qmp_query_nothing, false, "[StatsSchema]" },
    { "query-status", "", qmp_query_status, true, "StatusInfo" },
    { "query-target", "", qmp_query_target, true, "TargetInfo" },
    { "query-tpm", "", qmp_query_nothing, false, "[a]" },
    { "query-tpm-models", "", qmp_query_nothing, false, "[TpmModel]" },
    { "query-tpm-types", "", qmp_query_nothing, false, "[TpmType]" },
    { "query-uuid", "", qmp_query_uuid, true, "UuidInfo" },
    { "query-yank", "", qmp_query_yank, true, "[YankInstance]" },
    { "query-version", "", qmp_query_version, true, "VersionInfo" },
#ifdef CONFIG_VNC
    { "query-vnc", "", qmp_query_vnc, false, "VncInfo" },
    { "query-vnc-servers", "", qmp_query_vnc_servers, false, "[VncInfo2]" },
#endif
    { "quit", "", do_quit, true, NULL },
    { "remove-fd", "fdset-id:i fd:i?", qmp_remove_fd, false, NULL },
    { "replay-break", "icount:i", qmp_replay_break, false, NULL },
    { "replay-delete-break", "", qmp_replay_delete_break, false, NULL },
    { "replay-seek", "icount:i", qmp_replay_seek, false, NULL },
    { "ringbuf-read", "device:s size:i format:DataFormat?", qmp_ringbuf_read, false, "s" },
    { "ringbuf-write", "device:s data:s format:DataFormat?", qmp_ringbuf_write, false, NULL },
    { "screendump", "filename:s device:s? head:i? format:ImageFormat?", qmp_screendump, false, NULL },
    { "send-key", "keys:[KeyValue] hold-time:i?", qmp_send_key, false, NULL },
    { "set-action", "reboot:RebootAction? shutdown:ShutdownAction? panic:PanicAction? watchdog:WatchdogAction?",
      qmp_set_action, false, NULL },
    { "set_link", "name:s up:b", do_set_link, false, NULL },
#ifdef CONFIG_VNC
    { "set_password", "..SetPasswordOptions", qmp_set_password, false, NULL },
#endif
    { "snapshot-delete", "job-id:s tag:s devices:[s]", qmp_snapshot_delete, false, NULL },
    { "snapshot-load", "job-id:s tag:s vmstate:s devices:[s]", qmp_snapshot_load, false, NULL },
    { "snapshot-save", "job-id:s tag:s vmstate:s devices:[s]", qmp_snapshot_save, false, NULL },
    { "stop", "", do_stop, true, NULL },
    { "system_powerdown", "", do_system_powerdown, false, NULL },
    { "system_reset", "", do_system_reset, true, NULL },
    { "system_wakeup", "", qmp_no_wakeup, false, NULL },
    { "trace-event-get-state", "name:s vcpu:i?", qmp_trace_event_get_state, false, "[TraceEventInfo]" },
    { "trace-event-set-state", "name:s enable:b ignore-unavailable:b? vcpu:i?", qmp_trace_event_set_state, false,
      NULL },
    { "transaction", "actions:[TransactionAction] properties:TransactionProperties?", qmp_transaction, false, NULL },
    { "watchdog-set-action", "action:WatchdogAction", qmp_watchdog_set_action, false, NULL },
    { "yank", "instances:[YankInstance]", qmp_yank, true, NULL },
    { "x-query-accel", "", do_x_query_accel, false, "HumanReadableText" },
    { "x-query-irq", "", do_x_query_irq, false, "HumanReadableText" },
    { "x-query-jit", "", do_x_query_jit, false, "HumanReadableText" },
    { "x-query-numa", "", do_x_query_numa, false, "HumanReadableText" },
    { "x-query-opcount", "", do_x_query_opcount, false, "HumanReadableText" },
    { "x-query-ramblock", "", do_x_query_ramblock, false, "HumanReadableText" },
    { "x-query-roms", "", do_x_query_roms, false, "HumanReadableText" },
    { "x-query-usb", "", do_x_query_usb, false, "HumanReadableText" },
    { .name = NULL },
};
