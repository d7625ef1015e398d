/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: the types of what goes in and out, whether an order's arguments are of theirs, and their
 * description (query-qmp-schema). Names are those of QEMU's QMP reference. Constant tables; I/O thread.
 *
 * Members are written "name:type", blanks between; "?" behind: it may be missing. A type is s (string), i (integer),
 * b (boolean), n (number, in what goes out alone), a (any), the name of a row below, or one of these in brackets: a
 * list. A member "*": others may be there.
 */
#include <string.h>
#include "monitor/qmp-internal.h"

enum { NAME_MAX_LEN = 48 };

#define CHARDEV_COMMON "logfile:s? logappend:b?"

typedef struct QmpType {
    const char *name;
    const char *members;        /* of an object */
    const char *values;         /* of an enumeration; NULL: it is an object */
} QmpType;

static const QmpType types[] = {
    { .name = "AddfdInfo", "fdset-id:i fd:i" },
    { .name = "BalloonInfo", "actual:i" },
    { .name = "BitmapMigrationBitmapAlias", "name:s alias:s transform:BitmapMigrationBitmapAliasTransform?" },
    { .name = "BitmapMigrationBitmapAliasTransform", "persistent:b?" },
    { .name = "BitmapMigrationNodeAlias", "node-name:s alias:s bitmaps:[BitmapMigrationBitmapAlias]" },
    { .name = "BitmapSyncMode", .values = "on-success never always" },
    { .name = "BlockdevCacheInfo", "writeback:b direct:b no-flush:b" },
    { .name = "BlockDeviceInfo",
      "file:s node-name:s? ro:b drv:s backing_file:s? backing_file_depth:i encrypted:b "
      "detect_zeroes:BlockdevDetectZeroes bps:i "
      "bps_rd:i bps_wr:i iops:i iops_rd:i iops_wr:i bps_max:i? bps_rd_max:i? bps_wr_max:i? iops_max:i? iops_rd_max:i? "
      "iops_wr_max:i? bps_max_length:i? bps_rd_max_length:i? bps_wr_max_length:i? iops_max_length:i? "
      "iops_rd_max_length:i? iops_wr_max_length:i? iops_size:i? group:s? image:ImageInfo cache:BlockdevCacheInfo "
      "write_threshold:i dirty-bitmaps:[BlockDirtyInfo]?" },
    { .name = "BlockDirtyInfo", "name:s? granularity:i count:i recording:b busy:b persistent:b inconsistent:b?" },
    { .name = "BlockDeviceIoStatus", .values = "ok failed nospace" },
    { .name = "BlockDeviceStats",
      "rd_bytes:i wr_bytes:i unmap_bytes:i rd_operations:i wr_operations:i flush_operations:i unmap_operations:i "
      "rd_total_time_ns:i wr_total_time_ns:i flush_total_time_ns:i unmap_total_time_ns:i failed_rd_operations:i "
      "failed_wr_operations:i failed_flush_operations:i failed_unmap_operations:i" },
    { .name = "BlockErrorAction", .values = "ignore report stop" },
    { .name = "BlockExportInfo", "id:s type:BlockExportType node-name:s shutting-down:b" },
    { .name = "BlockExportRemoveMode", .values = "safe hard" },
    { .name = "BlockExportType", .values = "nbd" },
    { .name = "BlockdevChangeReadOnlyMode", .values = "retain read-only read-write" },
    { .name = "BlockdevDetectZeroes", .values = "off on unmap" },
    { .name = "BlockdevOnError", .values = "report ignore enospc stop auto" },
    { .name = "BlockInfo", "device:s qdev:s? type:s removable:b locked:b inserted:BlockDeviceInfo? tray_open:b?" },
    { .name = "BlockJobInfo",
      "type:JobType device:s len:i offset:i busy:b paused:b speed:i io-status:BlockDeviceIoStatus ready:b "
      "status:JobStatus auto-finalize:b auto-dismiss:b error:s?" },
    { .name = "BlockStats", "device:s? qdev:s? node-name:s? stats:BlockDeviceStats" },
    { .name = "ChardevBackend", "type:ChardevBackendKind data:a" },
    { .name = "ChardevBackendInfo", "name:s" },
    { .name = "ChardevBackendKind", .values = "file serial pipe socket udp pty null stdio ringbuf memory testdev" },
    { .name = "ChardevFile", "in:s? out:s append:b? " CHARDEV_COMMON },
    { .name = "ChardevHostdev", "device:s " CHARDEV_COMMON },
    { .name = "ChardevInfo", "label:s filename:s frontend-open:b" },
    { .name = "ChardevNull", CHARDEV_COMMON },
    { .name = "ChardevReturn", "pty:s?" },
    { .name = "ChardevRingbuf", "size:i? " CHARDEV_COMMON },
    { .name = "ChardevSocket",
      "addr:SocketAddressLegacy server:b? wait:b? nodelay:b? telnet:b? websocket:b? reconnect:i? " CHARDEV_COMMON },
    { .name = "ChardevStdio", "signal:b? " CHARDEV_COMMON },
    { .name = "ChardevUdp", "remote:SocketAddressLegacy local:SocketAddressLegacy? " CHARDEV_COMMON },
    { .name = "CommandInfo", "name:s" },
    { .name = "CommandLineOptionInfo", "option:s parameters:[CommandLineParameterInfo]" },
    { .name = "CommandLineParameterInfo", "name:s type:CommandLineParameterType help:s?" },
    { .name = "CommandLineParameterType", .values = "string boolean number size" },
    { .name = "CpuDefinitionInfo", "name:s typename:s static:b deprecated:b" },
    { .name = "CpuInfoFast", "cpu-index:i qom-path:s thread-id:i props:CpuInstanceProperties target:SysEmuTarget" },
    { .name = "CpuInstanceProperties", "core-id:i?" },
    { .name = "CpuModelExpansionInfo", "model:CpuModelInfo" },
    { .name = "CpuModelExpansionType", .values = "static full" },
    { .name = "CpuModelInfo", "name:s props:a?" },
    { .name = "CurrentMachineParams", "wakeup-suspend-support:b" },
    { .name = "DataFormat", .values = "utf8 base64" },
    { .name = "DirtyRateInfo",
      "dirty-rate:i? status:DirtyRateStatus start-time:i calc-time:i sample-pages:i mode:DirtyRateMeasureMode" },
    { .name = "DirtyRateMeasureMode", .values = "page-sampling dirty-ring dirty-bitmap" },
    { .name = "DirtyRateStatus", .values = "unstarted measuring measured" },
    { .name = "DisplayOptions", "type:DisplayType full-screen:b? window-close:b? show-cursor:b?" },
    { .name = "DisplayReloadType", .values = "vnc" },
    { .name = "DisplayType", .values = "none sdl curses" },
    { .name = "DisplayUpdateType", .values = "vnc" },
    { .name = "DumpGuestMemoryCapability", "formats:[DumpGuestMemoryFormat]" },
    { .name = "DumpGuestMemoryFormat", .values = "elf" },
    { .name = "DumpQueryResult", "status:DumpStatus completed:i total:i" },
    { .name = "DumpStatus", .values = "none active completed failed" },
    { .name = "EventInfo", "name:s" },
    { .name = "FdsetFdInfo", "fd:i opaque:s?" },
    { .name = "FdsetInfo", "fdset-id:i fds:[FdsetFdInfo]" },
    { .name = "HostMemPolicy", .values = "default preferred bind interleave" },
    { .name = "HumanReadableText", "human-readable-text:s" },
    { .name = "ImageInfo", "filename:s format:s virtual-size:i backing-filename:s? backing-image:ImageInfo?" },
    { .name = "InputAxis", .values = "x y" },
    { .name = "InputButton", .values = "left middle right wheel-up wheel-down side extra wheel-left wheel-right" },
    { .name = "InputEvent", "type:InputEventKind data:InputEventData" },
    { .name = "InputEventData", "down:b? key:KeyValue? button:InputButton? axis:InputAxis? value:i?" },
    { .name = "InputEventKind", .values = "key btn rel abs" },
    { .name = "IOThreadInfo",
      "id:s thread-id:i poll-max-ns:i poll-grow:i poll-shrink:i aio-max-batch:i" },
    { .name = "IoOperationType", .values = "read write" },
    { .name = "KeyValue", "type:KeyValueKind data:a" },
    { .name = "KeyValueKind", .values = "number qcode" },
    { .name = "JobInfo", "id:s type:JobType status:JobStatus current-progress:i total-progress:i error:s?" },
    { .name = "JobStatus", .values = "created running paused ready standby waiting pending aborting concluded null" },
    { .name = "NewImageMode", .values = "existing absolute-paths" },
    { .name = "JobType", .values = "commit stream mirror backup create snapshot-save snapshot-load snapshot-delete" },
    { .name = "KvmInfo", "enabled:b present:b" },
    { .name = "MachineInfo",
      "name:s is-default:b? cpu-max:i hotpluggable-cpus:b numa-mem-supported:b deprecated:b default-cpu-type:s? "
      "default-ram-id:s?" },
    { .name = "Memdev",
      "id:s? size:i merge:b dump:b prealloc:b share:b policy:HostMemPolicy host-nodes:[i]" },
    { .name = "MemoryInfo", "base-memory:i plugged-memory:i?" },
    { .name = "MigrationCapability",
      .values = "xbzrle rdma-pin-all auto-converge zero-blocks compress events postcopy-ram x-colo release-ram block "
      "return-path pause-before-switchover multifd dirty-bitmaps postcopy-blocktime late-block-activate "
      "x-ignore-shared validate-uuid background-snapshot zero-copy-send postcopy-preempt" },
    { .name = "MigrationCapabilityStatus", "capability:MigrationCapability state:b" },
    { .name = "MigrationInfo",
      "status:MigrationStatus? total-time:i? setup-time:i? downtime:i? expected-downtime:i? error-desc:s? "
      "ram:MigrationStats? cpu-throttle-percentage:i?" },
    { .name = "MigrationParameters", QMP_MIGRATION_PARAMETERS },
    { .name = "MigrationStats",
      "total:i transferred:i remaining:i duplicate:i skipped:i normal:i normal-bytes:i page-size:i dirty-sync-count:i "
      "dirty-pages-rate:i postcopy-requests:i multifd-bytes:i pages-per-second:i precopy-bytes:i downtime-bytes:i "
      "postcopy-bytes:i dirty-sync-missed-zero-copy:i mbps:n" },
    { .name = "MigrationStatus", .values = "none setup active pre-switchover device completed failed cancelled" },
    { .name = "MirrorCopyMode", .values = "background write-blocking" },
    { .name = "MirrorSyncMode", .values = "top full none incremental bitmap" },
    { .name = "MouseInfo", "name:s index:i current:b absolute:b" },
    { .name = "NameInfo", "name:s?" },
    { .name = "NetworkAddressFamily", .values = "ipv4 ipv6 unix" },
    { .name = "ObjectPropertyInfo", "name:s type:s description:s?" },
    { .name = "ObjectTypeInfo", "name:s parent:s" },
    { .name = "PanicAction", .values = "pause shutdown exit-failure none" },
    { .name = "QMPCapability", .values = "oob" },
    { .name = "RebootAction", .values = "reset shutdown" },
    { .name = "ReplayInfo", "mode:ReplayMode filename:s? icount:i" },
    { .name = "ReplayMode", .values = "none record play" },
    { .name = "RunState",
      .values = "debug finish-migrate inmigrate io-error paused postmigrate prelaunch running shutdown watchdog" },
    { .name = "SchemaInfo",
      "name:s meta-type:SchemaMetaType json-type:s? values:[s]? members:[SchemaInfoMember]? element-type:s? "
      "arg-type:s? ret-type:s? allow-oob:b?" },
    { .name = "SchemaInfoMember", "name:s type:s? default:a?" },
    { .name = "SchemaMetaType", .values = "array builtin command enum event object" },
    { .name = "ShutdownAction", .values = "poweroff pause" },
    { .name = "ShutdownCause",
      .values = "none guest-shutdown guest-reset host-qmp-system-reset host-qmp-quit host-signal" },
    { .name = "SnapshotInfo",
      "id:s name:s vm-state-size:i date-sec:i date-nsec:i vm-clock-sec:i vm-clock-nsec:i" },
    { .name = "SocketAddress", "type:SocketAddressType host:s? port:s? path:s? str:s?" },
    { .name = "SocketAddressData",
      "host:s? port:s? path:s? str:s? ipv4:b? ipv6:b? numeric:b? to:i? keep-alive:b? abstract:b? tight:b?" },
    { .name = "SocketAddressLegacy", "type:SocketAddressType data:SocketAddressData" },
    { .name = "SocketAddressType", .values = "inet unix fd" },
    { .name = "StatsTarget", .values = "vm vcpu" },
    { .name = "StatusInfo", "running:b singlestep:b status:RunState" },
    { .name = "SysEmuTarget", .values = "arm" },
    { .name = "TargetInfo", "arch:SysEmuTarget" },
    { .name = "TraceEventInfo", "name:s state:TraceEventState vcpu:b" },
    { .name = "TraceEventState", .values = "unavailable disabled enabled" },
    { .name = "TransactionAction", "type:s data:a" },
    { .name = "UuidInfo", "UUID:s" },
    { .name = "VersionInfo", "qemu:VersionTriple package:s" },
    { .name = "VersionTriple", "major:i minor:i micro:i" },
    { .name = "VncBasicInfo", "host:s service:s family:NetworkAddressFamily websocket:b" },
    { .name = "VncClientInfo", "host:s service:s family:NetworkAddressFamily websocket:b" },
    { .name = "VncInfo",
      "enabled:b host:s? family:NetworkAddressFamily? service:s? auth:s? clients:[VncClientInfo]?" },
    { .name = "VncInfo2", "id:s server:[VncServerInfo] clients:[VncClientInfo] auth:s" },
    { .name = "VncServerInfo", "host:s service:s family:NetworkAddressFamily websocket:b auth:s?" },
    { .name = "WatchdogAction", .values = "reset shutdown poweroff pause debug none inject-nmi" },
};

static const struct { char letter; const char *name, *json_type; } builtins[] = {
    { 's', "str", "string" }, { 'i', "int", "int" }, { 'n', "number", "number" }, { 'b', "bool", "boolean" },
    { 'a', "any", "value" },
};

typedef struct Member {
    char name[NAME_MAX_LEN], type[NAME_MAX_LEN];
    bool optional;
} Member;

/* The next member of the list; false: there is none. */
static bool next_member(const char **at, Member *m)
{
    const char *colon, *end;

    *at += strspn(*at, " ");
    if (!**at) {
        return false;
    }
    colon = strchr(*at, ':');
    end = colon + strcspn(colon, " ");
    m->optional = end[-1] == '?';
    g_strlcpy(m->name, *at, MIN((size_t)(colon - *at) + 1, sizeof(m->name)));
    g_strlcpy(m->type, colon + 1, MIN((size_t)(end - colon - m->optional), sizeof(m->type)));
    *at = end;
    return true;
}

static const QmpType *find_type(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (!strcmp(types[i].name, name)) {
            return &types[i];
        }
    }
    return NULL;
}

static bool is_value_of(const char *values, const char *word)
{
    const size_t n = strlen(word);

    for (const char *at = values; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (!strncmp(at, word, n) && n && (at[n] == ' ' || !at[n])) {
            return true;
        }
    }
    return false;
}

/* ---- checking ---- */

static char *wrong_type(const char *name, const char *expected)
{
    return g_strdup_printf("Invalid parameter type for '%s', expected: %s", name, expected);
}

static bool holds(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

/* `name`: what to call it. NULL, or what is wrong (g_free()). */
static char *check_value(const char *name, const char *type, JsonNode *node)
{
    const QmpType *row;
    char *wrong = NULL;

    if (!strcmp(type, "s")) {
        return holds(node, G_TYPE_STRING) ? NULL : wrong_type(name, "string");
    }
    if (!strcmp(type, "i")) {
        return holds(node, G_TYPE_INT64) ? NULL : wrong_type(name, "integer");
    }
    if (!strcmp(type, "b")) {
        return holds(node, G_TYPE_BOOLEAN) ? NULL : wrong_type(name, "boolean");
    }
    if (!strcmp(type, "a")) {
        return NULL;
    }
    if (*type == '[') {
        char *element = g_strndup(type + 1, strlen(type) - 2);
        JsonArray *list = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (!list) {
            wrong = wrong_type(name, "array");
        }
        for (guint i = 0; list && i < json_array_get_length(list) && !wrong; i++) {
            wrong = check_value(name, element, json_array_get_element(list, i));
        }
        g_free(element);
        return wrong;
    }
    row = find_type(type);
    if (row->values) {
        if (!holds(node, G_TYPE_STRING)) {
            return wrong_type(name, "string");
        }
        return is_value_of(row->values, json_node_get_string(node)) ? NULL
               : g_strdup_printf("Parameter '%s' does not accept value '%s'", name, json_node_get_string(node));
    }
    return JSON_NODE_HOLDS_OBJECT(node) ? qmp_check_members(row->members, json_node_get_object(node))
                                        : wrong_type(name, "object");
}

static bool is_member(const char *members, const char *name)
{
    Member m;

    while (next_member(&members, &m)) {
        if (!strcmp(m.name, name)) {
            return true;
        }
    }
    return false;
}

char *qmp_check_members(const char *members, JsonObject *object)
{
    const char *at = members;
    char *wrong = NULL;
    unsigned known = 0;
    Member m;

    while (!wrong && next_member(&at, &m)) {
        JsonNode *node = json_object_get_member(object, m.name);

        if (node) {
            known++;
            wrong = check_value(m.name, m.type, node);
        } else if (!m.optional) {
            wrong = g_strdup_printf("Parameter '%s' is missing", m.name);
        }
    }
    if (!wrong && known < json_object_get_size(object) && !is_member(members, "*")) {
        GList *names = json_object_get_members(object);

        for (GList *l = names; l && !wrong; l = l->next) {
            if (!is_member(members, l->data)) {
                wrong = g_strdup_printf("Parameter '%s' is unexpected", (const char *)l->data);
            }
        }
        g_list_free(names);
    }
    return wrong;
}

char *qmp_check_object(const char *type, JsonObject *object)
{
    return qmp_check_members(find_type(type)->members, object);
}

/* ---- describing ---- */

typedef struct Schema {
    JsonArray *rows;
    GHashTable *named;          /* what has a row: name -> itself */
} Schema;

static JsonObject *add_row(Schema *s, const char *name, const char *meta_type)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", name);
    json_object_set_string_member(row, "meta-type", meta_type);
    json_array_add_object_element(s->rows, row);
    return row;
}

static void add_object(Schema *s, const char *name, const char *members);

/* The name of the type in the schema, which has its row afterwards; of the table, or interned. */
static const char *schema_type(Schema *s, const char *type)
{
    const QmpType *row = find_type(type);
    const char *name;
    JsonObject *object;

    for (size_t i = 0; i < G_N_ELEMENTS(builtins); i++) {
        if (type[0] == builtins[i].letter && !type[1]) {
            return builtins[i].name;
        }
    }
    if (*type == '[') {
        char *element = g_strndup(type + 1, strlen(type) - 2), *text;
        const char *element_name = schema_type(s, element);

        text = g_strdup_printf("[%s]", element_name);
        name = g_intern_string(text);
        g_free(element);
        g_free(text);
        if (g_hash_table_add(s->named, (gpointer)name)) {
            json_object_set_string_member(add_row(s, name, "array"), "element-type", element_name);
        }
        return name;
    }
    if (!g_hash_table_add(s->named, (gpointer)row->name)) {
        return row->name;
    }
    if (row->values) {
        char **words = g_strsplit(row->values, " ", -1);
        JsonArray *values = json_array_new();

        for (char **word = words; *word; word++) {
            json_array_add_string_element(values, *word);
        }
        g_strfreev(words);
        object = add_row(s, row->name, "enum");
        json_object_set_array_member(object, "values", values);
    } else {
        add_object(s, row->name, row->members);
    }
    return row->name;
}

static void add_object(Schema *s, const char *name, const char *members)
{
    JsonObject *object = add_row(s, name, "object");
    JsonArray *list = json_array_new();
    Member m;

    while (next_member(&members, &m)) {
        JsonObject *member;

        if (!strcmp(m.name, "*")) {
            continue;
        }
        member = json_object_new();

        json_object_set_string_member(member, "name", m.name);
        json_object_set_string_member(member, "type", schema_type(s, m.type));
        if (m.optional) {
            json_object_set_null_member(member, "default");
        }
        json_array_add_object_element(list, member);
    }
    json_object_set_array_member(object, "members", list);
}

static void add_with_arguments(Schema *s, JsonObject *row, const char *name, const char *members)
{
    char *type = g_strconcat(name, "-arg", NULL);

    json_object_set_string_member(row, "arg-type", type);
    add_object(s, type, members);
    g_free(type);
}

static void add_command(Schema *s, const char *name, const char *arguments, const char *result, bool oob)
{
    JsonObject *row = add_row(s, name, "command");

    add_with_arguments(s, row, name, arguments);
    if (result) {
        json_object_set_string_member(row, "ret-type", schema_type(s, result));
    } else {
        json_object_set_string_member(row, "ret-type", "nothing");
    }
    json_object_set_boolean_member(row, "allow-oob", oob);
}

void qmp_query_schema(QmpCall *call)
{
    Schema s = { json_array_new(), g_hash_table_new(g_str_hash, g_str_equal) };

    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        add_command(&s, c->name, c->args, c->result, c->oob);
    }
    add_command(&s, "qmp_capabilities", "enable:[QMPCapability]?", NULL, false);
    for (const QmpEvent *event = qmp_events; event->name; event++) {
        add_with_arguments(&s, add_row(&s, event->name, "event"), event->name, event->data);
    }
    add_object(&s, "nothing", "");
    for (size_t i = 0; i < G_N_ELEMENTS(builtins); i++) {
        json_object_set_string_member(add_row(&s, builtins[i].name, "builtin"), "json-type", builtins[i].json_type);
    }
    g_hash_table_destroy(s.named);
    call->result = qmp_array_node(s.rows);
}
