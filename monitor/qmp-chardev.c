/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: character devices: made, exchanged and removed, breaks, ring buffers. I/O thread. */
#include <string.h>
#include "chardev/char.h"
#include "monitor/qmp-internal.h"
#include "qemu/identifier.h"
#include "sysemu/live-options.h"

enum { READ_MAX = 1 << 20 };

static Chardev *find(QmpCall *call)
{
    Chardev *chr = chardev_ringbuf(qmp_string(call, "device"));

    if (!chr) {
        qmp_fail(call, "There is no ring buffer '%s'", qmp_string(call, "device"));
    }
    return chr;
}

static bool is_base64(const QmpCall *call)
{
    return !g_strcmp0(qmp_string(call, "format"), "base64");
}

/* Text that is not UTF-8 is made so, since an answer can be nothing else. */
void qmp_ringbuf_read(QmpCall *call)
{
    const int64_t size = qmp_int(call, "size", 0);
    Chardev *chr = find(call);
    g_autofree uint8_t *bytes = NULL;
    g_autofree char *text = NULL;
    size_t n;

    if (!chr) {
        return;
    }
    if (size <= 0 || size > READ_MAX) {
        qmp_fail(call, "Parameter 'size' expects a number from 1 to %d", READ_MAX);
        return;
    }
    bytes = g_malloc((size_t)size);
    n = chardev_ringbuf_read(chr, bytes, (size_t)size);
    text = is_base64(call) ? g_base64_encode(bytes, n) : g_utf8_make_valid((const char *)bytes, (gssize)n);
    call->result = json_node_init_string(json_node_alloc(), text);
}

void qmp_ringbuf_write(QmpCall *call)
{
    Chardev *chr = find(call);
    g_autofree uint8_t *bytes = NULL;
    gsize n;

    if (!chr) {
        return;
    }
    if (is_base64(call)) {
        bytes = g_base64_decode(qmp_string(call, "data"), &n);
    } else {
        bytes = (uint8_t *)g_strdup(qmp_string(call, "data"));
        n = strlen((char *)bytes);
    }
    chardev_write(chr, bytes, (int)n);
}

void qmp_chardev_send_break(QmpCall *call)
{
    Chardev *chr = chardev_find(qmp_string(call, "id"));

    if (chr) {
        chardev_send_break(chr);
    } else {
        qmp_fail(call, "Chardev '%s' not found", qmp_string(call, "id"));
    }
}

/* ---- chardev-add and chardev-change: the argument becomes that of -chardev ---- */

/* ",KEY=VALUE" for a member that is there. */
static void add_member(GString *text, JsonObject *data, const char *member, const char *key)
{
    JsonNode *node = json_object_get_member(data, member);

    if (node) {
        g_autofree char *value = qmp_value_text(node);
        g_auto(GStrv) parts = g_strsplit(value, ",", 0);
        g_autofree char *escaped = g_strjoinv(",,", parts);

        g_string_append_printf(text, ",%s=%s", key, escaped);
    }
}

typedef struct Key {
    const char *member, *key;           /* QMP's, and -chardev's; key NULL: accepted, and changes nothing */
} Key;

enum { MAX_KEYS = 8 };

/* Of `data`; addresses go by their own. */
static const struct Kind {
    const char *kind, *type;
    Key keys[MAX_KEYS];
} kinds[] = {
    { "file", "ChardevFile", { { "out", "path" }, { "append", "append" } } },
    { "serial", "ChardevHostdev", { { "device", "path" } } },
    { "pipe", "ChardevHostdev", { { "device", "path" } } },
    { "socket", "ChardevSocket",
      { { "server", "server" }, { "wait", "wait" }, { "nodelay", "nodelay" }, { "telnet", "telnet" },
        { "websocket", "websocket" }, { "reconnect", "reconnect" } } },
    { "udp", "ChardevUdp", { { NULL, NULL } } },
    { "pty", "ChardevCommon", { { NULL, NULL } } },
    { "null", "ChardevCommon", { { NULL, NULL } } },
    { "testdev", "ChardevCommon", { { NULL, NULL } } },
    { "stdio", "ChardevStdio", { { "signal", "signal" } } },
    { "ringbuf", "ChardevRingbuf", { { "size", "size" } } },
    { "memory", "ChardevRingbuf", { { "size", "size" } } },
};

static void add_address(GString *text, JsonObject *address, const char *host, const char *port)
{
    JsonObject *data = json_object_get_object_member(address, "data");
    const char *type = json_object_get_string_member(address, "type");

    if (!strcmp(type, "unix")) {
        add_member(text, data, "path", "path");
        add_member(text, data, "abstract", "abstract");
        add_member(text, data, "tight", "tight");
    } else if (!strcmp(type, "inet")) {
        add_member(text, data, "host", host);
        add_member(text, data, "port", port);
        add_member(text, data, "ipv4", "ipv4");
        add_member(text, data, "ipv6", "ipv6");
        add_member(text, data, "to", "to");
    } else {
        add_member(text, data, "str", "fd");
    }
}

/* A descriptor of getfd by its name: its number from now on. */
static void take_fd(JsonObject *address)
{
    JsonObject *data = json_object_get_object_member(address, "data");
    const char *name = json_object_has_member(data, "str") ? json_object_get_string_member(data, "str") : NULL;
    const int fd = name && !strcmp(json_object_get_string_member(address, "type"), "fd") && !g_ascii_isdigit(*name)
                   ? monitor_take_fd(name) : -1;

    if (fd >= 0) {
        g_autofree char *number = g_strdup_printf("%d", fd);

        json_object_set_string_member(data, "str", number);
    }
}

/* "KIND,PROPERTY=VALUE..."; NULL: the call has failed. */
static char *option_text(QmpCall *call)
{
    JsonObject *backend = json_object_get_object_member(call->args, "backend");
    JsonNode *node = json_object_get_member(backend, "data");
    const char *type = json_object_get_string_member(backend, "type");
    const struct Kind *kind = kinds;
    JsonObject *data;
    GString *text;
    char *wrong;

    while (strcmp(kind->kind, type)) {
        kind++;
    }
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        qmp_fail(call, "Invalid parameter type for 'data', expected: object");
        return NULL;
    }
    data = json_node_get_object(node);
    wrong = qmp_check_object(kind->type, data);
    if (wrong) {
        qmp_fail(call, "%s", wrong);
        g_free(wrong);
        return NULL;
    }
    text = g_string_new(strcmp(type, "memory") ? type : "ringbuf");
    for (int i = 0; i < MAX_KEYS && kind->keys[i].member; i++) {
        add_member(text, data, kind->keys[i].member, kind->keys[i].key);
    }
    if (!strcmp(type, "socket")) {
        take_fd(json_object_get_object_member(data, "addr"));
        add_address(text, json_object_get_object_member(data, "addr"), "host", "port");
        if (!json_object_has_member(data, "server")) {
            g_string_append(text, json_object_has_member(data, "reconnect") ? "" : ",server=on");
        }
    } else if (!strcmp(type, "udp")) {
        add_address(text, json_object_get_object_member(data, "remote"), "host", "port");
        if (json_object_has_member(data, "local")) {
            add_address(text, json_object_get_object_member(data, "local"), "localaddr", "localport");
        }
    }
    add_member(text, data, "logfile", "logfile");
    add_member(text, data, "logappend", "logappend");
    return g_string_free(text, FALSE);
}

/* Takes `problem`. A pseudo-terminal's name is the result. */
static void conclude(QmpCall *call, char *problem)
{
    const Chardev *chr = chardev_find(qmp_string(call, "id"));
    JsonObject *result;

    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
        return;
    }
    result = json_object_new();
    if (g_str_has_prefix(chardev_spec(chr), "pty:")) {
        json_object_set_string_member(result, "pty", chardev_spec(chr) + 4);
    }
    call->result = qmp_object_node(result);
}

void qmp_chardev_add(QmpCall *call)
{
    const char *id = qmp_string(call, "id");
    g_autofree char *text = option_text(call), *whole = NULL;

    if (text && !identifier_good(id)) {
        qmp_fail(call, "Parameter 'id' " IDENTIFIER_EXPECTED ", not '%s'", id);
    } else if (text) {
        whole = g_strconcat(text, ",id=", id, NULL);
        conclude(call, live_chardev_add(whole));
    }
}

void qmp_chardev_change(QmpCall *call)
{
    g_autofree char *text = option_text(call);

    if (text) {
        conclude(call, live_chardev_change(qmp_string(call, "id"), text));
    }
}

void qmp_chardev_remove(QmpCall *call)
{
    char *problem = chardev_remove(qmp_string(call, "id"));

    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
}

void qmp_query_chardev_backends(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", kinds[i].kind);
        json_array_add_object_element(list, o);
    }
    call->result = qmp_array_node(list);
}

/* ---- connections that can be ended though nobody answers at their other end ---- */

void qmp_query_yank(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (const Chardev *chr = chardev_next(NULL); chr; chr = chardev_next(chr)) {
        JsonObject *o;

        if (chardev_is_socket(chr)) {
            o = json_object_new();
            json_object_set_string_member(o, "type", "chardev");
            json_object_set_string_member(o, "id", chardev_label(chr));
            json_array_add_object_element(list, o);
        }
    }
    call->result = qmp_array_node(list);
}

/* The one that an instance names; NULL: there is none. */
static Chardev *yank_target(JsonArray *list, guint i)
{
    JsonObject *o = json_array_get_object_element(list, i);
    const char *type = json_object_get_string_member(o, "type");
    Chardev *chr = strcmp(type, "chardev") ? NULL : chardev_find(json_object_get_string_member(o, "id"));

    return chr && chardev_is_socket(chr) ? chr : NULL;
}

void qmp_yank(QmpCall *call)
{
    JsonArray *list = json_object_get_array_member(call->args, "instances");

    for (guint i = 0; i < json_array_get_length(list); i++) {
        if (!yank_target(list, i)) {
            call->error_class = "DeviceNotFound";
            qmp_fail(call, "Instance not found");
            return;
        }
    }
    for (guint i = 0; i < json_array_get_length(list); i++) {
        chardev_yank(yank_target(list, i));
    }
}
