/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the VNC server and its events. Part of builds with libvncserver alone. */
#include <string.h>
#include "monitor/qmp-internal.h"
#include "ui/vnc.h"

static JsonObject *end_object(const VncEnd *end, bool websocket)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "host", end->host);
    json_object_set_string_member(object, "service", end->service);
    json_object_set_string_member(object, "family", end->family);
    json_object_set_boolean_member(object, "websocket", websocket);
    return object;
}

static const char *auth(void)
{
    return vnc_has_passwords() ? "vnc" : "none";
}

static void client_event(VncEvent event, const VncClientInfo *client)
{
    static const char *const names[] = {
        [VNC_CONNECTED] = "VNC_CONNECTED", [VNC_INITIALIZED] = "VNC_INITIALIZED",
        [VNC_DISCONNECTED] = "VNC_DISCONNECTED",
    };
    JsonObject *data = json_object_new(), *server = end_object(&client->server, client->websocket);

    json_object_set_string_member(server, "auth", auth());
    json_object_set_object_member(data, "server", server);
    json_object_set_object_member(data, "client", end_object(&client->client, client->websocket));
    qmp_tell(names[event], data);
}

void qmp_vnc_init(void)
{
    vnc_set_listener(client_event);
}

static JsonArray *clients_array(void)
{
    JsonArray *clients = json_array_new();

    for (const VncClientInfo *client = vnc_clients(); client; client = client->next) {
        json_array_add_object_element(clients, end_object(&client->client, client->websocket));
    }
    return clients;
}

/* The one server that there may be. Without an id it has the name that QEMU has for it. */
void qmp_query_vnc_servers(QmpCall *call)
{
    const VncEnd *server = vnc_server();
    JsonArray *list = json_array_new();

    if (server) {
        JsonObject *object = json_object_new(), *end = end_object(server, false);
        JsonArray *ends = json_array_new();

        json_object_set_string_member(end, "auth", auth());
        json_array_add_object_element(ends, end);
        json_object_set_string_member(object, "id", server->id ? server->id : "default");
        json_object_set_string_member(object, "auth", auth());
        json_object_set_array_member(object, "server", ends);
        json_object_set_array_member(object, "clients", clients_array());
        json_array_add_object_element(list, object);
    }
    call->result = qmp_array_node(list);
}

void qmp_query_vnc(QmpCall *call)
{
    const VncEnd *server = vnc_server();
    JsonObject *object = json_object_new();

    json_object_set_boolean_member(object, "enabled", server != NULL);
    if (server) {
        json_object_set_string_member(object, "host", server->host);
        json_object_set_string_member(object, "service", server->service);
        json_object_set_string_member(object, "family", server->family);
        json_object_set_string_member(object, "auth", auth());
        json_object_set_array_member(object, "clients", clients_array());
    }
    call->result = qmp_object_node(object);
}

static bool is_vnc(QmpCall *call)
{
    if (strcmp(qmp_string(call, "protocol"), "vnc")) {
        qmp_fail(call, "Parameter 'protocol' does not accept value '%s'", qmp_string(call, "protocol"));
        return false;
    }
    return true;
}

static void end(QmpCall *call, const char *problem)
{
    if (problem) {
        qmp_fail(call, "%s", problem);
    }
}

void qmp_set_password(QmpCall *call)
{
    const char *connected = qmp_string(call, "connected");

    if (connected && strcmp(connected, "keep")) {
        qmp_fail(call, "Parameter 'connected' expects 'keep': clients that are connected stay so");
    } else if (is_vnc(call)) {
        end(call, vnc_set_password(qmp_string(call, "password")));
    }
}

void qmp_change_vnc_password(QmpCall *call)
{
    end(call, vnc_set_password(qmp_string(call, "password")));
}

void qmp_expire_password(QmpCall *call)
{
    int64_t when;

    if (!is_vnc(call)) {
        return;
    }
    if (!monitor_parse_expiry(qmp_string(call, "time"), &when)) {
        qmp_fail(call, "Parameter 'time' expects now, never, +SECONDS or seconds since 1970");
        return;
    }
    end(call, vnc_expire_password(when));
}

/* ---- where it listens ---- */

/* An address as the server's options have it. False: the call has failed. */
static bool take_address(QmpCall *call, JsonObject *address, VncOptions *o)
{
    const char *type = json_object_get_string_member(address, "type");
    const char *port = json_object_get_string_member_with_default(address, "port", NULL);
    guint64 number;

    *o = (VncOptions) { .path = json_object_get_string_member_with_default(address, "path", NULL) };
    if (!strcmp(type, "unix") && o->path) {
        return true;
    }
    if (strcmp(type, "inet") || !port || !g_ascii_string_to_unsigned(port, 10, VNC_PORT, 65535, &number, NULL)) {
        qmp_fail(call, "Parameter 'addresses' expects type unix with path, or inet with host and a port from %d on",
                 VNC_PORT);
        return false;
    }
    o->host = json_object_get_string_member_with_default(address, "host", NULL);
    o->host = o->host && *o->host ? o->host : NULL;
    o->display = o->to = (int)number - VNC_PORT;
    return true;
}

void qmp_display_update(QmpCall *call)
{
    enum { MAX_ADDRESSES = 4 };
    JsonArray *list = json_object_has_member(call->args, "addresses")
                      ? json_object_get_array_member(call->args, "addresses") : NULL;
    const guint count = list ? json_array_get_length(list) : 0;
    VncOptions o[MAX_ADDRESSES];

    if (!list) {
        return;                 /* nothing is to be other than it is */
    }
    if (!count || count > MAX_ADDRESSES) {
        qmp_fail(call, "Parameter 'addresses' expects 1 to %d addresses", MAX_ADDRESSES);
        return;
    }
    for (guint i = 0; i < count; i++) {
        if (!take_address(call, json_array_get_object_element(list, i), &o[i])) {
            return;
        }
    }
    qmp_conclude(call, vnc_listen_again(o, count));
}

void qmp_display_reload(QmpCall *call)
{
    if (qmp_bool(call, "tls-certs", false)) {
        qmp_fail(call, "vnc tls is not enabled");
    }
}
