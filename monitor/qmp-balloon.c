/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the memory balloon. I/O thread. */
#include "hw/virtio/balloon.h"
#include "monitor/qmp-internal.h"

static void no_balloon(QmpCall *call)
{
    call->error_class = "DeviceNotActive";
    qmp_fail(call, "No balloon device has been activated");
}

void qmp_balloon(QmpCall *call)
{
    const int64_t bytes = qmp_int(call, "value", 0);

    if (bytes <= 0) {
        qmp_fail(call, "Parameter 'target' expects a size");
    } else if (!balloon_set_target((uint64_t)bytes)) {
        no_balloon(call);
    }
}

static JsonObject *actual(uint64_t bytes)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "actual", (gint64)bytes);
    return object;
}

void qmp_query_balloon(QmpCall *call)
{
    uint64_t bytes;

    if (balloon_actual(&bytes)) {
        call->result = qmp_object_node(actual(bytes));
    } else {
        no_balloon(call);
    }
}

static void changed(uint64_t bytes)
{
    qmp_tell("BALLOON_CHANGE", actual(bytes));
}

void qmp_balloon_init(void)
{
    balloon_set_listener(changed);
}
