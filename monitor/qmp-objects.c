/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: objects and networks that come and go; memory backends, I/O threads. I/O thread. */
#include <unistd.h>
#include "monitor/qmp-internal.h"
#include "sysemu/live-options.h"

/* The arguments, as the option takes them: a JSON object. */
static void with_text(QmpCall *call, char *(*add)(const char *arg))
{
    JsonNode *node = json_node_alloc();
    g_autofree char *text = NULL;

    json_node_init_object(node, call->args);
    text = json_to_string(node, FALSE);
    json_node_unref(node);
    qmp_conclude(call, add(text));
}

void qmp_object_add(QmpCall *call)
{
    with_text(call, live_object_add);
}

void qmp_object_del(QmpCall *call)
{
    qmp_conclude(call, live_object_delete(qmp_string(call, "id")));
}

void qmp_netdev_add(QmpCall *call)
{
    with_text(call, live_netdev_add);
}

void qmp_netdev_del(QmpCall *call)
{
    qmp_conclude(call, live_netdev_delete(qmp_string(call, "id")));
}

void qmp_query_memdev(QmpCall *call)
{
    JsonArray *list = json_array_new();
    LiveMemory m;

    for (unsigned i = 0; live_memory_backend(i, &m); i++) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", m.id);
        json_object_set_int_member(o, "size", (gint64)m.bytes);
        json_object_set_boolean_member(o, "merge", m.merge);
        json_object_set_boolean_member(o, "dump", m.dump);
        json_object_set_boolean_member(o, "prealloc", m.prealloc);
        json_object_set_boolean_member(o, "share", m.share);
        json_object_set_string_member(o, "policy", "default");
        json_object_set_array_member(o, "host-nodes", json_array_new());
        json_array_add_object_element(list, o);
    }
    call->result = qmp_array_node(list);
}

/* Disks have threads of their own: an I/O thread is a name, whose disks the machine's main thread looks after. */
void qmp_query_iothreads(QmpCall *call)
{
    JsonArray *list = json_array_new();
    const char *id;

    for (unsigned i = 0; (id = live_iothread(i)) != NULL; i++) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "id", id);
        json_object_set_int_member(o, "thread-id", getpid());
        json_object_set_int_member(o, "poll-max-ns", 0);
        json_object_set_int_member(o, "poll-grow", 0);
        json_object_set_int_member(o, "poll-shrink", 0);
        json_object_set_int_member(o, "aio-max-batch", 0);
        json_array_add_object_element(list, o);
    }
    call->result = qmp_array_node(list);
}
