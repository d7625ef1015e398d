/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: announcements, the rate of changes in memory, snapshots inside a disk, clients. I/O thread.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/job.h"
#include "block/snapshot.h"
#include "monitor/dirty-rate.h"
#include "monitor/qmp-internal.h"
#include "net/net.h"
#include "ui/vnc.h"

void qmp_announce_self(QmpCall *call)
{
    JsonArray *list = json_object_has_member(call->args, "interfaces")
                      ? json_object_get_array_member(call->args, "interfaces") : NULL;
    const int64_t initial = qmp_int(call, "initial", 0), max = qmp_int(call, "max", 0);
    const int64_t rounds = qmp_int(call, "rounds", 0), step = qmp_int(call, "step", 0);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    NetAnnounce how;

    if (initial < 0 || initial > NET_ANNOUNCE_MS_MAX || max < 0 || max > NET_ANNOUNCE_MS_MAX || rounds < 1
        || rounds > NET_ANNOUNCE_ROUNDS_MAX || step < 0 || step > NET_ANNOUNCE_MS_MAX) {
        qmp_fail(call, "'initial', 'max' and 'step' expect 0 to %d milliseconds, 'rounds' 1 to %d",
                 NET_ANNOUNCE_MS_MAX, NET_ANNOUNCE_ROUNDS_MAX);
        return;
    }
    how = (NetAnnounce) { .initial_ms = initial, .max_ms = max, .step_ms = step, .rounds = (unsigned)rounds };
    for (guint i = 0; list && i < json_array_get_length(list); i++) {
        g_ptr_array_add(names, (gpointer)(uintptr_t)json_array_get_string_element(list, i));
    }
    g_ptr_array_add(names, NULL);
    net_announce(&how, (char **)names->pdata, qmp_string(call, "id"));
}

/* ---- how fast memory changes ---- */

void qmp_calc_dirty_rate(QmpCall *call)
{
    const char *mode = qmp_string(call, "mode");
    const int64_t seconds = qmp_int(call, "calc-time", 0), samples = qmp_int(call, "sample-pages", DIRTY_SAMPLES);

    if (mode && strcmp(mode, "page-sampling")) {
        qmp_fail(call, "mode '%s' is not there: page-sampling is", mode);
    } else if (seconds < 1 || seconds > DIRTY_SECONDS_MAX) {
        qmp_fail(call, "calc-time is out of range[1, %d].", DIRTY_SECONDS_MAX);
    } else if (samples < DIRTY_SAMPLES_MIN || samples > DIRTY_SAMPLES_MAX) {
        qmp_fail(call, "sample-pages is out of range[%d, %d].", DIRTY_SAMPLES_MIN, DIRTY_SAMPLES_MAX);
    } else if (!dirty_rate_start((unsigned)seconds, (unsigned)samples)) {
        qmp_fail(call, "the machine is already measuring dirty rate");
    }
}

void qmp_query_dirty_rate(QmpCall *call)
{
    static const char *const statuses[] = {
        [DIRTY_UNSTARTED] = "unstarted", [DIRTY_MEASURING] = "measuring", [DIRTY_MEASURED] = "measured",
    };
    const DirtyRate r = dirty_rate();
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "status", statuses[r.status]);
    if (r.status == DIRTY_MEASURED) {
        json_object_set_int_member(o, "dirty-rate", (gint64)r.rate);
    }
    json_object_set_int_member(o, "start-time", r.start_ms / 1000);
    json_object_set_int_member(o, "calc-time", r.seconds);
    json_object_set_int_member(o, "sample-pages", r.samples);
    json_object_set_string_member(o, "mode", "page-sampling");
    call->result = qmp_object_node(o);
}

/* ---- snapshots inside a disk ---- */

static BlockBackend *find_device(QmpCall *call)
{
    BlockBackend *blk = qmp_disk_named(call->machine, qmp_string(call, "device"));

    if (!blk) {
        qmp_fail(call, "Cannot find device='%s' nor node-name='%s'", qmp_string(call, "device"),
                 qmp_string(call, "device"));
    }
    return blk;
}

void qmp_snapshot_internal(QmpCall *call)
{
    BlockBackend *blk = find_device(call);

    if (blk) {
        qmp_conclude(call, blk_snapshot_inside(blk, qmp_string(call, "name")));
    }
}

void qmp_snapshot_delete_internal(QmpCall *call)
{
    BlockBackend *blk = find_device(call);
    const char *id = qmp_string(call, "id"), *name = qmp_string(call, "name");
    BlockSnapshot gone;
    JsonObject *o;

    if (!blk) {
        return;
    }
    if (!id && !name) {
        qmp_fail(call, "Name or id must be provided");
        return;
    }
    qmp_conclude(call, blk_snapshot_inside_delete(blk, id, name, &gone));
    if (call->error) {
        return;
    }
    o = json_object_new();
    json_object_set_string_member(o, "id", gone.id);
    json_object_set_string_member(o, "name", gone.name);
    json_object_set_int_member(o, "vm-state-size", (gint64)gone.state_bytes);
    json_object_set_int_member(o, "date-sec", gone.date_s);
    json_object_set_int_member(o, "date-nsec", gone.date_ns);
    json_object_set_int_member(o, "vm-clock-sec", (gint64)(gone.clock_ns / 1000000000));
    json_object_set_int_member(o, "vm-clock-nsec", (gint64)(gone.clock_ns % 1000000000));
    call->result = qmp_object_node(o);
    g_free(gone.id);
    g_free(gone.name);
}

void qmp_change_backing_file(QmpCall *call)
{
    BlockBackend *blk = find_device(call);

    if (blk) {
        qmp_conclude(call, blk_name_backing(blk, qmp_string(call, "image-node-name"),
                                            qmp_string(call, "backing-file")));
    }
}

/* ---- clients that have connected elsewhere ---- */

static bool give_client(QmpCall *call, const char *protocol, int fd)
{
    Chardev *chr;

#ifdef CONFIG_VNC
    if (!strcmp(protocol, "vnc")) {
        if (!vnc_add_client(fd, qmp_bool(call, "skipauth", false))) {
            qmp_fail(call, "there is no VNC server");
        }
        return !call->error;
    }
#endif
    chr = chardev_find(protocol);
    if (!chr) {
        qmp_fail(call, "protocol '%s' is invalid", protocol);
    } else if (!chardev_add_client(chr, fd)) {
        qmp_fail(call, "failed to add client: '%s' is no server, or has one", protocol);
    }
    return !call->error;
}

void qmp_add_client(QmpCall *call)
{
    const char *name = qmp_string(call, "fdname");
    const int fd = monitor_take_fd(name);
    struct stat st;

    if (fd < 0) {
        qmp_fail(call, "File descriptor named '%s' has not been found", name);
        return;
    }
    if (fstat(fd, &st) || !S_ISSOCK(st.st_mode)) {
        qmp_fail(call, "parameter @fdname must name a socket");
    }
    if (call->error || !give_client(call, qmp_string(call, "protocol"), fd)) {
        close(fd);
    }
}
