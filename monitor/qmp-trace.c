/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace-event-get-state and trace-event-set-state. I/O thread. */
#include "monitor/qmp-internal.h"
#include "qemu/trace.h"

typedef struct Query {
    const char *pattern;
    JsonArray *events;
} Query;

static bool add_event(void *opaque, const char *name, const char *help, bool on)
{
    Query *q = opaque;

    if (g_pattern_match_simple(q->pattern, name)) {
        JsonObject *event = json_object_new();

        json_object_set_string_member(event, "name", name);
        json_object_set_string_member(event, "state", on ? "enabled" : "disabled");
        json_object_set_boolean_member(event, "vcpu", FALSE);
        json_array_add_object_element(q->events, event);
    }
    return on;
}

static void fail_unknown(QmpCall *call, const char *name)
{
    qmp_fail(call, "unknown event \"%s\"", name);
}

void qmp_trace_event_get_state(QmpCall *call)
{
    Query q = { qmp_string(call, "name"), json_array_new() };

    trace_each(add_event, &q);
    if (!json_array_get_length(q.events)) {
        json_array_unref(q.events);
        fail_unknown(call, q.pattern);
        return;
    }
    call->result = json_node_init_array(json_node_alloc(), q.events);
    json_array_unref(q.events);
}

void qmp_trace_event_set_state(QmpCall *call)
{
    const char *name = qmp_string(call, "name");

    if (!trace_set(name, json_object_get_boolean_member(call->args, "enable"))) {
        fail_unknown(call, name);
    }
}
