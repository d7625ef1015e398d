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

/* ---- properties ---- */

/* -1, the largest number there is as json-glib has it: the guest does not say. */
static JsonNode *get_stats(void)
{
    static const char *const names[BALLOON_STATS] = {
        "stat-swap-in", "stat-swap-out", "stat-major-faults", "stat-minor-faults", "stat-free-memory",
        "stat-total-memory", "stat-available-memory", "stat-disk-caches", "stat-htlb-pgalloc", "stat-htlb-pgfail",
    };
    JsonObject *object = json_object_new(), *stats = json_object_new();
    BalloonStats s;

    balloon_stats(&s);
    for (unsigned i = 0; i < BALLOON_STATS; i++) {
        json_object_set_int_member(stats, names[i], (gint64)s.value[i]);
    }
    json_object_set_object_member(object, "stats", stats);
    json_object_set_int_member(object, "last-update", s.last_update);
    return qmp_object_node(object);
}

static JsonNode *get_polling(void)
{
    return json_node_init_int(json_node_alloc(), balloon_polling());
}

static void set_polling(QmpCall *call, JsonNode *value)
{
    if (!JSON_NODE_HOLDS_VALUE(value) || json_node_get_value_type(value) != G_TYPE_INT64 ||
        json_node_get_int(value) < 0 || json_node_get_int(value) > UINT32_MAX) {
        qmp_fail(call, "timer value must be 0 (never) to %u seconds", UINT32_MAX);
    } else {
        balloon_set_polling((uint32_t)json_node_get_int(value));
    }
}

const QmpProperty qmp_balloon_properties[] = {
    { "guest-stats", "guest statistics", get_stats, NULL },
    { "guest-stats-polling-interval", "int", get_polling, set_polling },
    { 0 }
};

static void changed(uint64_t bytes)
{
    qmp_tell("BALLOON_CHANGE", actual(bytes));
}

void qmp_balloon_init(void)
{
    balloon_set_listener(changed);
}
