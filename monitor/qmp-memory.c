/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: memory into files (memsave, pmemsave, dump-guest-memory), and descriptors for them. */
#include <inttypes.h>
#include <unistd.h>
#include "monitor/memory-save.h"
#include "monitor/qmp-internal.h"

/* The answer of an order that has waited for its file. */
static void saved(void *opaque, const char *error)
{
    QmpCall *call = opaque;

    if (error) {
        qmp_fail(call, "%s", error);
    }
    qmp_finish(call);
}

/* [val, val + size) to a file. */
static void save_memory(QmpCall *call, bool physical)
{
    const int64_t from = qmp_int(call, "val", 0), size = qmp_int(call, "size", 0);
    const int64_t cpu = qmp_int(call, "cpu-index", 0);
    MemorySave *s;

    if (cpu < 0 || cpu >= call->machine->smp) {
        qmp_fail(call, "Parameter 'cpu-index' expects a CPU number");
        return;
    }
    if (from < 0 || size < 0 || from > UINT32_MAX || size > (int64_t)UINT32_MAX - from + 1) {
        qmp_fail(call, "Invalid addr 0x%016" PRIx64 "/size %" PRId64 " specified", from, size);
        return;
    }
    s = memory_save_new();
    if (!memory_save_add_memory(s, call->machine->cpu[cpu], physical, (uint32_t)from, (uint64_t)size)) {
        memory_save_free(s);
        qmp_fail(call, "Invalid addr 0x%016" PRIx64 "/size %" PRId64 " specified", from, size);
    } else if (!memory_save_start(s, qmp_string(call, "filename"), -1, saved, call)) {
        qmp_fail(call, "other memory is being written to a file");
    } else {
        qmp_defer(call);
    }
}

void qmp_memsave(QmpCall *call)
{
    save_memory(call, false);
}

void qmp_pmemsave(QmpCall *call)
{
    save_memory(call, true);
}

static JsonObject *dump_status(void)
{
    JsonObject *object = json_object_new();
    uint64_t written, total;

    json_object_set_string_member(object, "status", core_dump_status(&written, &total));
    json_object_set_int_member(object, "completed", (gint64)written);
    json_object_set_int_member(object, "total", (gint64)total);
    return object;
}

/* `opaque`: NULL if nobody waits for the answer. */
static void dumped(void *opaque, const char *error)
{
    JsonObject *data = json_object_new();

    json_object_set_object_member(data, "result", dump_status());
    if (error) {
        json_object_set_string_member(data, "error", error);
    }
    qmp_tell("DUMP_COMPLETED", data);
    if (opaque) {
        saved(opaque, error);
    }
}

void qmp_dump_guest_memory(QmpCall *call)
{
    const bool begin = json_object_has_member(call->args, "begin");
    const bool length = json_object_has_member(call->args, "length");
    const bool detach = json_object_has_member(call->args, "detach")
                        && json_object_get_boolean_member(call->args, "detach");
    const CoreDump dump = {
        .protocol = qmp_string(call, "protocol"), .paging = json_object_get_boolean_member(call->args, "paging"),
        .limited = begin, .begin = qmp_int(call, "begin", 0), .length = qmp_int(call, "length", 0),
    };
    char *error;

    if (begin != length) {
        qmp_fail(call, "Parameter '%s' is missing", begin ? "length" : "begin");
    } else if (!core_dump_start(call->machine, &dump, dumped, detach ? NULL : call, &error)) {
        qmp_fail(call, "%s", error);
        g_free(error);
    } else if (!detach) {
        qmp_defer(call);
    }
}

void qmp_query_dump(QmpCall *call)
{
    call->result = qmp_object_node(dump_status());
}

void qmp_query_dump_capability(QmpCall *call)
{
    JsonObject *object = json_object_new();
    JsonArray *formats = json_array_new();

    json_array_add_string_element(formats, "elf");
    json_object_set_array_member(object, "formats", formats);
    call->result = qmp_object_node(object);
}

void qmp_getfd(QmpCall *call)
{
    const char *name = qmp_string(call, "fdname");
    int fd;

    if (!*name || g_ascii_isdigit(*name)) {
        qmp_fail(call, "Parameter 'fdname' expects a name not starting with a digit");
        return;
    }
    fd = qmp_take_passed_fd(call);
    if (fd < 0) {
        qmp_fail(call, "No file descriptor supplied via SCM_RIGHTS");
    } else if (!monitor_put_fd(name, fd)) {
        close(fd);
        qmp_fail(call, "there are too many file descriptors; closefd closes one");
    }
}

void qmp_closefd(QmpCall *call)
{
    if (!monitor_close_fd(qmp_string(call, "fdname"))) {
        qmp_fail(call, "File descriptor named '%s' not found", qmp_string(call, "fdname"));
    }
}

void qmp_dumpdtb(QmpCall *call)
{
    qmp_conclude(call, monitor_dump_dtb(qmp_string(call, "filename")));
}
