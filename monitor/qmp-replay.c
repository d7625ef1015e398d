/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of programs about recording and replaying (qemu/replay.h). */
#include "migration/replay.h"
#include "monitor/qmp-internal.h"
#include "qemu/replay.h"

void qmp_query_replay(QmpCall *call)
{
    static const char *const modes[] = {
        [REPLAY_NONE] = "none", [REPLAY_RECORD] = "record", [REPLAY_PLAY] = "play",
    };
    JsonObject *object = json_object_new();
    ReplayInfo i = replay_info();

    json_object_set_string_member(object, "mode", modes[replay_mode]);
    if (i.file) {
        json_object_set_string_member(object, "filename", i.file);
    }
    json_object_set_int_member(object, "icount", (gint64)i.icount);
    call->result = qmp_object_node(object);
}

static const char not_icount[] = "Parameter 'icount' expects the number of an instruction";

static void answer(QmpCall *call, const char *error)
{
    if (error) {
        qmp_fail(call, "%s", error);
    }
}

void qmp_replay_break(QmpCall *call)
{
    gint64 icount = qmp_int(call, "icount", 0);

    answer(call, icount < 0 ? not_icount : replay_break((uint64_t)icount));
}

void qmp_replay_delete_break(QmpCall *call)
{
    answer(call, replay_delete_break());
}

void qmp_replay_seek(QmpCall *call)
{
    gint64 icount = qmp_int(call, "icount", 0);

    answer(call, icount < 0 ? not_icount : replay_seek((uint64_t)icount));
}
