/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that programs pass to the monitor (getfd), by name, until they are used or closed. I/O thread. */
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "monitor/monitor-internal.h"

enum { MAX_FDS = 64 };

static struct { char *name; int fd; } fds[MAX_FDS];     /* name NULL: free */

static int find(const char *name)
{
    for (int i = 0; i < MAX_FDS; i++) {
        if (fds[i].name && !strcmp(fds[i].name, name)) {
            return i;
        }
    }
    return -1;
}

bool monitor_put_fd(const char *name, int fd)
{
    monitor_close_fd(name);
    for (int i = 0; i < MAX_FDS; i++) {
        if (!fds[i].name) {
            fds[i].name = g_strdup(name);
            fds[i].fd = fd;
            return true;
        }
    }
    return false;
}

int monitor_take_fd(const char *name)
{
    const int i = find(name);

    if (i < 0) {
        return -1;
    }
    g_clear_pointer(&fds[i].name, g_free);
    return fds[i].fd;
}

char *monitor_migration_uri(const char *uri)
{
    const int i = g_str_has_prefix(uri, "fd:") ? find(uri + 3) : -1;

    return i < 0 ? g_strdup(uri) : g_strdup_printf("fd:%d", monitor_take_fd(fds[i].name));
}

bool monitor_close_fd(const char *name)
{
    const int fd = monitor_take_fd(name);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}
