/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs (QMP): sessions. Each session has a character device of its own; a program that connects is
 * greeted, says which capabilities it wants, and then gives orders, each of which gets one answer, in order; events
 * come in between. Everything runs on the I/O thread, so an order out of band is carried out like any other, at once.
 */
#include <string.h>
#include "monitor/qmp.h"
#include "monitor/qmp-internal.h"
#include "sysemu/runstate.h"

typedef struct QmpSession {
    Chardev *chr;
    MachineState *machine;
    bool pretty, connected, negotiated, oob;
    QmpInput in;
    struct QmpSession *next;
} QmpSession;

static QmpSession *sessions;

/* ---- out ---- */

static void send(QmpSession *s, JsonNode *node)
{
    JsonGenerator *generator = json_generator_new();
    gsize bytes;
    char *text;

    json_generator_set_root(generator, node);
    json_generator_set_pretty(generator, s->pretty);
    json_generator_set_indent(generator, 4);
    text = json_generator_to_data(generator, &bytes);
    chardev_write(s->chr, (uint8_t *)text, (int)bytes);
    chardev_write(s->chr, (const uint8_t *)"\r\n", 2);
    g_free(text);
    g_object_unref(generator);
}

static void greet(QmpSession *s)
{
    JsonObject *all = json_object_new(), *qmp = json_object_new();
    JsonArray *capabilities = json_array_new();
    JsonNode *node;

    json_array_add_string_element(capabilities, "oob");
    json_object_set_member(qmp, "version", qmp_version_node());
    json_object_set_array_member(qmp, "capabilities", capabilities);
    json_object_set_object_member(all, "QMP", qmp);
    node = qmp_object_node(all);
    send(s, node);
    json_node_unref(node);
}

/* `id`: what the order said, or NULL; `result` is taken. */
static void answer(QmpSession *s, JsonNode *id, const char *member, JsonNode *result)
{
    JsonObject *all = json_object_new();
    JsonNode *node;

    json_object_set_member(all, member, result);
    if (id) {
        json_object_set_member(all, "id", json_node_copy(id));
    }
    node = qmp_object_node(all);
    send(s, node);
    json_node_unref(node);
}

static void refuse(QmpSession *s, JsonNode *id, const char *class, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void refuse(QmpSession *s, JsonNode *id, const char *class, const char *fmt, ...)
{
    JsonObject *error = json_object_new();
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    json_object_set_string_member(error, "class", class);
    json_object_set_string_member(error, "desc", text);
    g_free(text);
    answer(s, id, "error", qmp_object_node(error));
}

/* Tell all sessions; `data` is taken, NULL: none. */
static void tell_all(const char *event, JsonObject *data)
{
    const gint64 now = g_get_real_time();
    JsonObject *all = json_object_new(), *timestamp = json_object_new();
    JsonNode *node;

    json_object_set_int_member(timestamp, "seconds", now / G_USEC_PER_SEC);
    json_object_set_int_member(timestamp, "microseconds", now % G_USEC_PER_SEC);
    json_object_set_object_member(all, "timestamp", timestamp);
    json_object_set_string_member(all, "event", event);
    if (data) {
        json_object_set_object_member(all, "data", data);
    }
    node = qmp_object_node(all);
    for (QmpSession *s = sessions; s; s = s->next) {
        if (s->connected && s->negotiated) {
            send(s, node);
        }
    }
    json_node_unref(node);
}

static JsonObject *cause(bool guest, const char *reason)
{
    JsonObject *data = json_object_new();

    json_object_set_boolean_member(data, "guest", guest);
    json_object_set_string_member(data, "reason", reason);
    return data;
}

static void runstate_changed(RunstateEvent event, int code)
{
    static bool guest_ended;
    JsonObject *data;

    switch (event) {
    case RUNSTATE_GUEST_END:
        guest_ended = true;
        tell_all("SHUTDOWN", cause(true, "guest-shutdown"));
        break;
    case RUNSTATE_PAUSED:
    case RUNSTATE_DEBUG:
    case RUNSTATE_SHUTDOWN:
        tell_all("STOP", NULL);
        break;
    case RUNSTATE_RUNNING:
        tell_all("RESUME", NULL);
        break;
    case RUNSTATE_RESET:
        tell_all("RESET", cause(false, "host-qmp-system-reset"));
        break;
    case RUNSTATE_WATCHDOG:
        data = json_object_new();
        json_object_set_string_member(data, "action", watchdog_action_names[code]);
        tell_all("WATCHDOG", data);
        break;
    case RUNSTATE_ENDED:
        if (!guest_ended) {
            tell_all("SHUTDOWN", cause(false, "host-qmp-quit"));
        }
        break;
    }
}

const char *const qmp_events[] = { "RESET", "RESUME", "SHUTDOWN", "STOP", "WATCHDOG", NULL };

/* ---- one order ---- */

void qmp_fail(QmpCall *call, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_free(call->error);
    call->error = g_strdup_vprintf(fmt, ap);
    va_end(ap);
}

static bool is_type(JsonNode *node, char type)
{
    switch (type) {
    case 's':
        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
    case 'i':
        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    case 'b':
        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_BOOLEAN;
    default:
        return JSON_NODE_HOLDS_OBJECT(node);
    }
}

static const char *type_name(char type)
{
    return type == 's' ? "string" : type == 'i' ? "integer" : type == 'b' ? "boolean" : "object";
}

/* Every argument is one of the table's and of its type, and none lacks. NULL, or what is wrong (g_free()). */
static char *check_arguments(const QmpCommand *command, JsonObject *args)
{
    char **rows = g_strsplit(command->args, " ", -1), *wrong = NULL;
    unsigned known = 0;

    for (char **row = rows; *row && **row && !wrong; row++) {
        char *type = strchr(*row, ':');
        JsonNode *node;

        *type++ = 0;
        node = json_object_get_member(args, *row);
        if (node) {
            known++;
            if (!is_type(node, *type)) {
                wrong = g_strdup_printf("Invalid parameter type for '%s', expected: %s", *row, type_name(*type));
            }
        } else if (type[1] != '?') {
            wrong = g_strdup_printf("Parameter '%s' is missing", *row);
        }
    }
    if (!wrong && known < json_object_get_size(args)) {
        GList *names = json_object_get_members(args);

        for (GList *l = names; l && !wrong; l = l->next) {
            char *key = g_strconcat(" ", l->data, ":", NULL), *list = g_strconcat(" ", command->args, NULL);

            if (strchr(l->data, ' ') || strchr(l->data, ':') || !strstr(list, key)) {
                wrong = g_strdup_printf("Parameter '%s' is unexpected", (const char *)l->data);
            }
            g_free(key);
            g_free(list);
        }
        g_list_free(names);
    }
    g_strfreev(rows);
    return wrong;
}

static const QmpCommand *find(const char *name)
{
    for (const QmpCommand *c = qmp_commands; c->name; c++) {
        if (!strcmp(c->name, name)) {
            return c;
        }
    }
    return NULL;
}

static void negotiate(QmpSession *s, JsonNode *id, JsonObject *args)
{
    JsonNode *enable = json_object_get_member(args, "enable");
    JsonArray *list = enable && JSON_NODE_HOLDS_ARRAY(enable) ? json_node_get_array(enable) : NULL;

    if (enable ? !list || json_object_get_size(args) > 1 : json_object_get_size(args) > 0) {
        refuse(s, id, "GenericError", "Parameter 'enable' is a list of capabilities, and the only one");
        return;
    }
    for (guint i = 0; list && i < json_array_get_length(list); i++) {
        JsonNode *word = json_array_get_element(list, i);

        if (!is_type(word, 's') || strcmp(json_node_get_string(word), "oob")) {
            refuse(s, id, "GenericError", "Parameter 'enable' does not accept value '%s'",
                   is_type(word, 's') ? json_node_get_string(word) : "?");
            return;
        }
        s->oob = true;
    }
    s->negotiated = true;
    answer(s, id, "return", qmp_object_node(json_object_new()));
}

static void execute(QmpSession *s, JsonNode *id, const char *name, JsonObject *args, bool oob)
{
    const QmpCommand *command = find(name);
    QmpCall call = { .machine = s->machine, .args = args };

    if (!s->negotiated) {
        if (strcmp(name, "qmp_capabilities")) {
            refuse(s, id, "CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
        } else {
            negotiate(s, id, args);
        }
    } else if (!strcmp(name, "qmp_capabilities")) {
        refuse(s, id, "CommandNotFound", "Capabilities negotiation is already complete, command ignored");
    } else if (!command) {
        refuse(s, id, "CommandNotFound", "The command %s has not been found", name);
    } else if (oob && !command->oob) {
        refuse(s, id, "GenericError", "The command %s does not support OOB", name);
    } else {
        call.error = check_arguments(command, args);
        if (!call.error) {
            command->run(&call);
        }
        if (call.error) {
            g_clear_pointer(&call.result, json_node_unref);
            refuse(s, id, call.error_class ? call.error_class : "GenericError", "%s", call.error);
            g_free(call.error);
        } else {
            answer(s, id, "return", call.result ? call.result : qmp_object_node(json_object_new()));
        }
    }
}

/* NULL, or what is wrong with the order's shape (g_free()). */
static char *check_shape(const QmpSession *s, JsonObject *order)
{
    GList *names = json_object_get_members(order);
    bool execute = json_object_has_member(order, "execute"), oob = s->oob && json_object_has_member(order, "exec-oob");
    char *wrong = NULL;

    for (GList *l = names; l && !wrong; l = l->next) {
        const char *name = l->data;
        JsonNode *node = json_object_get_member(order, name);

        if (!strcmp(name, "execute") || (s->oob && !strcmp(name, "exec-oob"))) {
            if (!is_type(node, 's')) {
                wrong = g_strdup_printf("QMP input member '%s' must be a string", name);
            }
        } else if (!strcmp(name, "arguments")) {
            if (!is_type(node, 'o')) {
                wrong = g_strdup("QMP input member 'arguments' must be an object");
            }
        } else if (strcmp(name, "id")) {
            wrong = g_strdup_printf("QMP input member '%s' is unexpected", name);
        }
    }
    g_list_free(names);
    if (!wrong && execute && oob) {
        wrong = g_strdup("QMP input member 'execute' clashes with 'exec-oob'");
    } else if (!wrong && !execute && !oob) {
        wrong = g_strdup("QMP input lacks member 'execute'");
    }
    return wrong;
}

static void take_order(QmpSession *s, JsonNode *root)
{
    JsonObject *order, *none = NULL, *args;
    JsonNode *id;
    char *wrong;

    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        refuse(s, NULL, "GenericError", "QMP input must be a JSON object");
        return;
    }
    order = json_node_get_object(root);
    id = json_object_get_member(order, "id");
    wrong = check_shape(s, order);
    if (wrong) {
        refuse(s, id, "GenericError", "%s", wrong);
        g_free(wrong);
        return;
    }
    args = json_object_has_member(order, "arguments") ? json_object_get_object_member(order, "arguments")
                                                      : (none = json_object_new());
    if (json_object_has_member(order, "execute")) {
        execute(s, id, json_object_get_string_member(order, "execute"), args, false);
    } else {
        execute(s, id, json_object_get_string_member(order, "exec-oob"), args, true);
    }
    g_clear_pointer(&none, json_object_unref);
}

/* ---- in ---- */

static void take_text(QmpSession *s)
{
    JsonParser *parser = json_parser_new();
    GError *error = NULL;

    if (json_parser_load_from_data(parser, s->in.text->str, (gssize)s->in.text->len, &error)) {
        take_order(s, json_parser_get_root(parser));
    } else {
        refuse(s, NULL, "GenericError", "JSON parse error, %s", error->message);
        g_error_free(error);
    }
    g_object_unref(parser);
}

static int receive(void *opaque, const uint8_t *buf, int len)
{
    QmpSession *s = opaque;

    for (int i = 0; i < len; i++) {
        switch (qmp_input_byte(&s->in, (char)buf[i])) {
        case QMP_VALUE:
            take_text(s);
            break;
        case QMP_BROKEN:
            refuse(s, NULL, "GenericError", "JSON parse error, no object of at most %d bytes and %d levels",
                   QMP_INPUT_MAX, QMP_DEPTH_MAX);
            break;
        case QMP_MORE:
            break;
        }
    }
    return len;
}

static bool event(void *opaque, int what)
{
    QmpSession *s = opaque;

    if (what == CHR_EVENT_OPENED) {
        s->connected = true;
        s->negotiated = s->oob = false;
        qmp_input_reset(&s->in);
        greet(s);
    } else if (what == CHR_EVENT_CLOSED) {
        s->connected = false;
    }
    return true;
}

void qmp_attach(Chardev *chr, MachineState *machine, bool pretty)
{
    QmpSession *s = g_new0(QmpSession, 1);
    const CharFrontend fe = { .receive = receive, .event = event, .opaque = s };

    if (!sessions) {
        runstate_add_listener(runstate_changed);
    }
    s->chr = chr;
    s->machine = machine;
    s->pretty = pretty;
    s->next = sessions;
    sessions = s;
    qmp_input_reset(&s->in);
    chardev_attach(chr, &fe);
}
