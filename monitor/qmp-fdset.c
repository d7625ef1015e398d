/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: sets of descriptors that it passes, for files by the name /dev/fdset/N. I/O thread. */
#include <unistd.h>
#include "monitor/qmp-internal.h"
#include "qemu/fdset.h"

void qmp_add_fd(QmpCall *call)
{
    const bool said = json_object_has_member(call->args, "fdset-id");
    const int64_t set = qmp_int(call, "fdset-id", -1);
    const int fd = qmp_take_passed_fd(call);
    JsonObject *object;

    if (fd < 0) {
        qmp_fail(call, "No file descriptor supplied via SCM_RIGHTS");
        return;
    }
    if (said && set < 0) {
        close(fd);
        qmp_fail(call, "Parameter 'fdset-id' expects a non-negative value");
        return;
    }
    object = json_object_new();
    json_object_set_int_member(object, "fdset-id", fdset_add(set, fd, qmp_string(call, "opaque")));
    json_object_set_int_member(object, "fd", fd);
    call->result = qmp_object_node(object);
}

void qmp_remove_fd(QmpCall *call)
{
    const int64_t set = qmp_int(call, "fdset-id", -1), fd = qmp_int(call, "fd", -1);
    const bool one = json_object_has_member(call->args, "fd");
    g_autofree char *which = one ? g_strdup_printf(", fd:%" G_GINT64_FORMAT, fd) : g_strdup("");

    if ((one && fd < 0) || !fdset_remove(set, fd)) {
        qmp_fail(call, "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "%s' not found", set, which);
    }
}

typedef struct Listing {
    JsonArray *sets, *fds;      /* fds: of the last set */
    int64_t set;
} Listing;

static void list_fd(void *opaque, int64_t set, int fd, const char *note)
{
    JsonObject *object = json_object_new();
    Listing *l = opaque;

    if (!l->fds || l->set != set) {
        JsonObject *next = json_object_new();

        l->fds = json_array_new();
        l->set = set;
        json_object_set_int_member(next, "fdset-id", set);
        json_object_set_array_member(next, "fds", l->fds);
        json_array_add_object_element(l->sets, next);
    }
    json_object_set_int_member(object, "fd", fd);
    if (note) {
        json_object_set_string_member(object, "opaque", note);
    }
    json_array_add_object_element(l->fds, object);
}

void qmp_query_fdsets(QmpCall *call)
{
    Listing l = { .sets = json_array_new() };

    fdset_each(list_fd, &l);
    call->result = qmp_array_node(l.sets);
}
