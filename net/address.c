/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of sockets: names are looked up once, when the network is made. Main thread. */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "net/net-internal.h"
#include "qemu/exit-files.h"

static GSocketAddress *inet_address(const NetAddress *a, char **error)
{
    const char *host = a->host && *a->host ? a->host : "127.0.0.1";
    GError *failed = NULL;
    GInetAddress *ip = g_inet_address_new_from_string(host);
    GSocketAddress *result;

    if (!ip) {
        GResolver *resolver = g_resolver_get_default();
        GList *found = g_resolver_lookup_by_name(resolver, host, NULL, &failed);

        g_object_unref(resolver);
        if (!found) {
            *error = g_strdup(failed->message);
            g_error_free(failed);
            return NULL;
        }
        ip = g_object_ref(found->data);
        g_resolver_free_addresses(found);
    }
    result = g_inet_socket_address_new(ip, a->port);
    g_object_unref(ip);
    return result;
}

void net_socket_clear(const NetAddress *a)
{
    struct stat st;

    if (!g_strcmp0(a->type, "unix") && stat(a->path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(a->path);
    }
}

void net_socket_bound(const NetAddress *a)
{
    if (!g_strcmp0(a->type, "unix")) {
        exit_file_add(a->path);
    }
}

GSocketAddress *net_socket_address(const NetAddress *a, char **error)
{
    if (!g_strcmp0(a->type, "unix")) {
        if (strlen(a->path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
            *error = g_strdup_printf("the path '%s' is too long for a socket", a->path);
            return NULL;
        }
        return g_unix_socket_address_new(a->path);
    }
    return inet_address(a, error);
}
