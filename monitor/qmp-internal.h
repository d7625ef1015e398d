/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the monitor for programs share. I/O thread. */
#ifndef MONITOR_QMP_INTERNAL_H
#define MONITOR_QMP_INTERNAL_H
#include <json-glib/json-glib.h>
#include "block/block.h"
#include "monitor/monitor-internal.h"

/* monitor/qmp-input.c: one JSON object or array after another out of a stream of bytes. */
enum { QMP_INPUT_MAX = 1 << 20, QMP_DEPTH_MAX = 64 };
typedef struct QmpInput {
    GString *text;              /* of the value that has begun */
    char open[QMP_DEPTH_MAX];   /* the brackets that are open */
    int depth;
    bool in_string, escaped, broken;    /* broken: what comes up to the next line is thrown away */
} QmpInput;
typedef enum QmpInputResult { QMP_MORE, QMP_VALUE, QMP_BROKEN } QmpInputResult;
/* QMP_VALUE: the value is in `text`, until the next call. QMP_BROKEN: no value begins or goes on like that. */
QmpInputResult qmp_input_byte(QmpInput *in, char c);
void qmp_input_reset(QmpInput *in);

/*
 * What an order is about. Who runs it fills in `result` or calls qmp_fail(); or calls qmp_defer(), keeps the call, and
 * qmp_finish() later on the I/O thread, or at once: the program's next orders wait, but for those out of band. Commands
 * that may be called out of band do not defer.
 */
typedef struct QmpCall {
    MachineState *machine;
    JsonObject *args;           /* never NULL; of the types that the table names */
    JsonNode *result;           /* NULL: {} */
    char *error;                /* NULL: it went well; class GenericError */
    const char *error_class;    /* NULL: GenericError */
    bool deferred, running;
    unsigned job_group;         /* whose jobs take effect together, in a transaction; 0: none */
    /* of qmp.c */
    struct QmpSession *session; /* NULL: the program has gone */
    JsonNode *id;               /* NULL: none */
} QmpCall;
void qmp_defer(QmpCall *call);
void qmp_finish(QmpCall *call);

typedef struct QmpCommand {
    const char *name;
    const char *args;           /* members as in qmp-types.h */
    void (*run)(QmpCall *call);
    bool oob;                   /* may be called out of band */
    const char *result;         /* a type as in qmp-types.h; NULL: {} */
} QmpCommand;
extern const QmpCommand qmp_commands[];         /* ends with a NULL name */

typedef struct QmpEvent {
    const char *name, *data;    /* members as in qmp-types.h */
} QmpEvent;
extern const QmpEvent qmp_events[];             /* monitor/qmp-events.c; ends with a NULL name */
/* Tell all programs; `data` is taken, NULL: none. */
void qmp_tell(const char *event, JsonObject *data);
void qmp_events_init(const MachineState *machine);      /* once */
const char *qmp_error_action(BlockErrorAction action);

/* monitor/qmp-types.c: the object has these members and no others. NULL, or what is wrong (g_free()). */
char *qmp_check_members(const char *members, JsonObject *object);
char *qmp_check_object(const char *type, JsonObject *object);        /* ... those of this row */

/* The call failed: GenericError with that text. */
void qmp_fail(QmpCall *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* NULL: it went well. Takes the text. */
void qmp_conclude(QmpCall *call, char *problem);

/* monitor/qmp-node.c */
bool qmp_is_writable(JsonNode *node);   /* what was read can be written again */
void qmp_mend_texts(JsonNode *node);    /* bytes that are no UTF-8 become U+FFFD */
const char *qmp_string(const QmpCall *call, const char *name);          /* NULL: missing */
int64_t qmp_int(const QmpCall *call, const char *name, int64_t missing);
bool qmp_bool(const QmpCall *call, const char *name, bool missing);
char *qmp_value_text(JsonNode *node);            /* a value as the command line has it; g_free() */
JsonNode *qmp_object_node(JsonObject *object);  /* takes the object */
JsonNode *qmp_array_node(JsonArray *array);     /* takes the array */

/* monitor/qmp-migration.c */
void qmp_migrate(QmpCall *call);
void qmp_migrate_incoming(QmpCall *call);
void qmp_migrate_cancel(QmpCall *call);
void qmp_block_dirty_bitmap_add(QmpCall *call);
void qmp_block_dirty_bitmap_clear(QmpCall *call);
void qmp_block_dirty_bitmap_disable(QmpCall *call);
void qmp_block_dirty_bitmap_enable(QmpCall *call);
void qmp_block_dirty_bitmap_merge(QmpCall *call);
void qmp_block_dirty_bitmap_remove(QmpCall *call);
/* Those of the disk, if it has any. */
void qmp_add_bitmaps(JsonObject *info, BlockBackend *blk);
void qmp_migrate_continue(QmpCall *call);
void qmp_query_replay(QmpCall *call);
void qmp_replay_break(QmpCall *call);
void qmp_replay_delete_break(QmpCall *call);
void qmp_replay_seek(QmpCall *call);
void qmp_query_migrate(QmpCall *call);
/* There are sessions: events are sent. */
void qmp_migration_attach(void);

/* monitor/qmp-migration-settings.c */
#define QMP_MIGRATION_PARAMETERS \
    "max-bandwidth:i? downtime-limit:i? announce-initial:i? announce-max:i? announce-rounds:i? announce-step:i? " \
    "block-incremental:b? compress-level:i? compress-threads:i? compress-wait-thread:b? cpu-throttle-increment:i? " \
    "cpu-throttle-initial:i? cpu-throttle-tailslow:b? decompress-threads:i? max-cpu-throttle:i? " \
    "max-postcopy-bandwidth:i? multifd-channels:i? multifd-compression:MultiFDCompression? multifd-zlib-level:i? " \
    "multifd-zstd-level:i? throttle-trigger-threshold:i? x-checkpoint-delay:i?$unstable xbzrle-cache-size:i?"
void qmp_migrate_set_parameters(QmpCall *call);
void qmp_migrate_set_capabilities(QmpCall *call);
void qmp_query_migrate_parameters(QmpCall *call);
void qmp_query_migrate_capabilities(QmpCall *call);

/* monitor/qmp-jobs.c */
void qmp_snapshot_save(QmpCall *call);
void qmp_snapshot_load(QmpCall *call);
void qmp_snapshot_delete(QmpCall *call);
void qmp_query_jobs(QmpCall *call);
void qmp_job_dismiss(QmpCall *call);

void qmp_blockdev_create(QmpCall *call);

/* monitor/qmp-blockdev.c */
void qmp_blockdev_add(QmpCall *call);
void qmp_blockdev_del(QmpCall *call);
void qmp_blockdev_reopen(QmpCall *call);
void qmp_blockdev_snapshot(QmpCall *call);
void qmp_blockdev_snapshot_sync(QmpCall *call);
char *qmp_create_image(JsonObject *options);    /* blockdev-create's work: why it did not work, to be freed */
struct BlockBackend *qmp_find_disk(QmpCall *call, const char *name);    /* NULL: the call has failed */

/* monitor/qmp-fdset.c */
void qmp_add_fd(QmpCall *call);
void qmp_remove_fd(QmpCall *call);
void qmp_query_fdsets(QmpCall *call);

/* monitor/qmp-balloon.c */
void qmp_balloon(QmpCall *call);
void qmp_query_balloon(QmpCall *call);
void qmp_balloon_init(void);                    /* once: events are sent */
/* A property of an object that is no field of a device's state. */
typedef struct QmpProperty {
    const char *name, *type;
    JsonNode *(*get)(void);
    void (*set)(QmpCall *call, JsonNode *value);        /* NULL: it can only be read */
} QmpProperty;
extern const QmpProperty qmp_balloon_properties[];      /* of the first balloon; ends with a NULL name */

/* monitor/qmp-probe.c */
void qmp_query_nothing(QmpCall *call);          /* an empty list */
void qmp_query_cpu_definitions(QmpCall *call);
void qmp_query_cpu_model_expansion(QmpCall *call);
void qmp_query_current_machine(QmpCall *call);
void qmp_no_hotplug(QmpCall *call);
void qmp_no_wakeup(QmpCall *call);
void qmp_no_nmi(QmpCall *call);
void qmp_watchdog_set_action(QmpCall *call);
void qmp_set_action(QmpCall *call);
void qmp_block_resize(QmpCall *call);
void qmp_transaction(QmpCall *call);

/* monitor/qmp-blockjob.c */
void qmp_block_jobs_init(void);                 /* once: events are sent */
void qmp_add_block_jobs(JsonArray *list);       /* to what query-jobs returns */
void qmp_drive_mirror(QmpCall *call);
void qmp_drive_backup(QmpCall *call);
void qmp_blockdev_mirror(QmpCall *call);
void qmp_blockdev_backup(QmpCall *call);
void qmp_block_stream(QmpCall *call);
void qmp_block_commit(QmpCall *call);
void qmp_block_job_set_speed(QmpCall *call);
void qmp_block_job_cancel(QmpCall *call);
void qmp_block_job_complete(QmpCall *call);
void qmp_block_job_pause(QmpCall *call);
void qmp_block_job_resume(QmpCall *call);
void qmp_block_job_finalize(QmpCall *call);
void qmp_block_job_dismiss(QmpCall *call);
void qmp_job_cancel(QmpCall *call);
void qmp_query_block_jobs(QmpCall *call);

/* monitor/qmp-more.c */
void qmp_announce_self(QmpCall *call);
void qmp_calc_dirty_rate(QmpCall *call);
void qmp_query_dirty_rate(QmpCall *call);
void qmp_snapshot_internal(QmpCall *call);
void qmp_snapshot_delete_internal(QmpCall *call);
void qmp_change_backing_file(QmpCall *call);
void qmp_add_client(QmpCall *call);

/* monitor/qmp-nbd.c */
void qmp_nbd_init(void);                        /* once: events are sent */
void qmp_nbd_server_start(QmpCall *call);
void qmp_nbd_server_stop(QmpCall *call);
void qmp_nbd_server_add(QmpCall *call);
void qmp_nbd_server_remove(QmpCall *call);
void qmp_block_export_add(QmpCall *call);
void qmp_block_export_del(QmpCall *call);
void qmp_query_block_exports(QmpCall *call);

/* monitor/qmp-objects.c */
void qmp_object_add(QmpCall *call);
void qmp_object_del(QmpCall *call);
void qmp_netdev_add(QmpCall *call);
void qmp_netdev_del(QmpCall *call);
void qmp_query_memdev(QmpCall *call);
void qmp_query_iothreads(QmpCall *call);

/* monitor/qmp-query.c */
void qmp_query_status(QmpCall *call);
void qmp_query_version(QmpCall *call);
void qmp_query_name(QmpCall *call);
void qmp_query_uuid(QmpCall *call);
void qmp_query_kvm(QmpCall *call);
void qmp_query_cpus_fast(QmpCall *call);
void qmp_query_machines(QmpCall *call);
void qmp_query_target(QmpCall *call);
void qmp_query_memory_size(QmpCall *call);
void qmp_query_chardev(QmpCall *call);
void qmp_query_commands(QmpCall *call);
void qmp_query_events(QmpCall *call);
void qmp_query_schema(QmpCall *call);
/* monitor/qmp-trace.c */
void qmp_trace_event_get_state(QmpCall *call);
void qmp_trace_event_set_state(QmpCall *call);

/* monitor/qmp-display.c */
void qmp_screendump(QmpCall *call);
void qmp_send_key(QmpCall *call);
void qmp_input_send_event(QmpCall *call);
void qmp_query_mice(QmpCall *call);
void qmp_query_display_options(QmpCall *call);
/* monitor/qmp-vnc.c, with CONFIG_VNC alone */
void qmp_vnc_init(void);
void qmp_query_vnc(QmpCall *call);
void qmp_query_vnc_servers(QmpCall *call);
void qmp_display_reload(QmpCall *call);
void qmp_display_update(QmpCall *call);
void qmp_set_password(QmpCall *call);
void qmp_change_vnc_password(QmpCall *call);
void qmp_expire_password(QmpCall *call);

JsonNode *qmp_version_node(void);               /* as in the greeting */

/* monitor/qmp-usb.c */
void qmp_device_add(QmpCall *call);
void qmp_device_del(QmpCall *call);
/* monitor/qmp-media.c */
void qmp_media_init(const MachineState *machine);       /* once: events are sent */
void qmp_eject(QmpCall *call);
void qmp_blockdev_open_tray(QmpCall *call);
void qmp_blockdev_close_tray(QmpCall *call);
void qmp_blockdev_remove_medium(QmpCall *call);
void qmp_blockdev_insert_medium(QmpCall *call);
void qmp_blockdev_change_medium(QmpCall *call);

/* monitor/qmp-qom.c */
void qmp_qom_list(QmpCall *call);
void qmp_qom_get(QmpCall *call);
void qmp_qom_set(QmpCall *call);
void qmp_qom_list_types(QmpCall *call);
void qmp_device_list_properties(QmpCall *call);
void qmp_qom_list_properties(QmpCall *call);
void qmp_query_command_line_options(QmpCall *call);

/* monitor/qmp-memory.c */
void qmp_memsave(QmpCall *call);
void qmp_ringbuf_read(QmpCall *call);
void qmp_chardev_send_break(QmpCall *call);
void qmp_chardev_add(QmpCall *call);
void qmp_chardev_change(QmpCall *call);
void qmp_chardev_remove(QmpCall *call);
void qmp_query_chardev_backends(QmpCall *call);
void qmp_ringbuf_write(QmpCall *call);
void qmp_pmemsave(QmpCall *call);
void qmp_dump_guest_memory(QmpCall *call);
/* monitor/qmp-qom-objects.c: of "/objects" and what is below it; whether the path is there; one property of a list. */
bool qmp_qom_is_object(const char *path);
void qmp_qom_list_objects(QmpCall *call, JsonArray *list);
void qmp_qom_get_object(QmpCall *call);
void qmp_qom_add_property(JsonArray *list, const char *name, const char *type, const char *description);
void qmp_query_yank(QmpCall *call);
void qmp_yank(QmpCall *call);
void qmp_dumpdtb(QmpCall *call);
void qmp_query_dump(QmpCall *call);
void qmp_query_dump_capability(QmpCall *call);
void qmp_getfd(QmpCall *call);
void qmp_closefd(QmpCall *call);
int qmp_take_passed_fd(const QmpCall *call);    /* the descriptor that came with the order last; -1: none */

/* monitor/qmp-block.c */
void qmp_query_block(QmpCall *call);
void qmp_query_blockstats(QmpCall *call);
/* Where QEMU's tree of objects has the device that the disk belongs to; NULL: it is the board's. g_free(). */
char *qmp_disk_path(const MachineState *m, const BlockBackend *blk);
/* The drive's name; "": it is a node's that the device at `path` has, and has none of its own. */
const char *qmp_disk_name(const BlockBackend *blk, const char *path);
/* Its name, as a drive of -drive has one, and its device; at least one of them. */
void qmp_add_disk_names(JsonObject *disk, const MachineState *m, const BlockBackend *blk);
/* By the name of a drive or a node, or its device's path or id; NULL: there is none. */
struct BlockBackend *qmp_disk_named(const MachineState *m, const char *name);
/* monitor/qmp-blockstats.c: also qmp_query_blockstats() */
void qmp_block_latency_histogram_set(QmpCall *call);
void qmp_block_set_io_throttle(QmpCall *call);
void qmp_block_set_write_threshold(QmpCall *call);
void qmp_query_named_block_nodes(QmpCall *call);
#endif
