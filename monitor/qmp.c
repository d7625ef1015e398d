/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs (QMP): sessions. Each session has a character device of its own; a program that connects is
 * greeted, says which capabilities it wants, and then gives orders, each of which gets one answer, in order; events
 * come in between. Everything runs on the I/O thread. Most orders are done at once; while one is under way that takes
 * its time (a file is written), the others wait, but those out of band.
 */
#include <string.h>
#include "monitor/qmp.h"
#include "monitor/qmp-internal.h"
#include "qemu/json-text.h"

typedef struct QmpSession {
    Chardev *chr;
    MachineState *machine;
    bool pretty, connected, negotiated, oob;
    QmpInput in;
    QmpCall *busy;              /* the order under way; NULL: none */
    GQueue waiting;             /* JsonNodes: orders that came meanwhile */
    struct QmpSession *next;
} QmpSession;

enum { WAITING_MAX = 8 };

static QmpSession *sessions;

/* ---- out ---- */

static void send(QmpSession *s, JsonNode *node)
{
    JsonGenerator *generator = json_generator_new();
    gsize bytes;
    char *text;

    qmp_mend_texts(node);
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

void qmp_tell(const char *event, JsonObject *data)
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

/* ---- one order ---- */

void qmp_fail(QmpCall *call, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_free(call->error);
    call->error = g_strdup_vprintf(fmt, ap);
    va_end(ap);
}

void qmp_conclude(QmpCall *call, char *problem)
{
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
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
    char *wrong = qmp_check_members("enable:[QMPCapability]?", args);

    if (wrong) {
        refuse(s, id, "GenericError", "%s", wrong);
        g_free(wrong);
        return;
    }
    s->oob = json_object_has_member(args, "enable")
             && json_array_get_length(json_object_get_array_member(args, "enable")) > 0;
    s->negotiated = true;
    answer(s, id, "return", qmp_object_node(json_object_new()));
}

/* The order was carried out: say so, if there is still somebody to tell. */
static void conclude(QmpCall *call)
{
    QmpSession *s = call->session;

    if (s && call->error) {
        refuse(s, call->id, call->error_class ? call->error_class : "GenericError", "%s", call->error);
    } else if (s) {
        answer(s, call->id, "return",
               call->result ? g_steal_pointer(&call->result) : qmp_object_node(json_object_new()));
    }
    g_clear_pointer(&call->result, json_node_unref);
    g_clear_pointer(&call->id, json_node_unref);
    json_object_unref(call->args);
    g_free(call->error);
    g_free(call);
}

static void start(QmpSession *s, const QmpCommand *command, JsonNode *id, JsonObject *args)
{
    QmpCall *call = g_new0(QmpCall, 1);

    call->machine = s->machine;
    call->session = s;
    call->args = json_object_ref(args);
    call->id = id ? json_node_copy(id) : NULL;
    call->error = qmp_check_members(command->args, args);
    if (!call->error) {
        call->running = true;
        if (monitor_replay_problem(command->name)) {
            qmp_fail(call, "%s", monitor_replay_problem(command->name));
        } else {
            command->run(call);
        }
        call->running = false;
    }
    if (call->deferred) {
        s->busy = call;
    } else {
        conclude(call);
    }
}

static void execute(QmpSession *s, JsonNode *id, const char *name, JsonObject *args, bool oob)
{
    const QmpCommand *command = find(name);

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
        start(s, command, id, args);
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
            if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
                wrong = g_strdup_printf("QMP input member '%s' must be a string", name);
            }
        } else if (!strcmp(name, "arguments")) {
            if (!JSON_NODE_HOLDS_OBJECT(node)) {
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

/* ---- orders that wait for the one under way ---- */

static bool is_out_of_band(const QmpSession *s, JsonNode *root)
{
    return s->oob && root && JSON_NODE_HOLDS_OBJECT(root)
           && json_object_has_member(json_node_get_object(root), "exec-oob");
}

/* Takes the order, which may be NULL. */
static void order_came(QmpSession *s, JsonNode *root)
{
    if (s->busy && !is_out_of_band(s, root)) {
        g_queue_push_tail(&s->waiting, root);
        return;
    }
    take_order(s, root);
    g_clear_pointer(&root, json_node_unref);
}

static bool has_room(const QmpSession *s)
{
    return !s->busy || (s->oob && g_queue_get_length((GQueue *)&s->waiting) < WAITING_MAX);
}

int qmp_take_passed_fd(const QmpCall *call)
{
    return chardev_take_fd(call->session->chr);
}

void qmp_defer(QmpCall *call)
{
    call->deferred = true;
}

void qmp_finish(QmpCall *call)
{
    QmpSession *s = call->session;

    if (call->running) {
        call->deferred = false;     /* it did not take that long */
        return;
    }
    if (s) {
        s->busy = NULL;
    }
    conclude(call);
    while (s && !s->busy && !g_queue_is_empty(&s->waiting)) {
        order_came(s, g_queue_pop_head(&s->waiting));
    }
    if (s && has_room(s)) {
        chardev_accept_input(s->chr);
    }
}

/* The program has gone: its order ends without an answer, and those that wait are forgotten. */
static void abandon(QmpSession *s)
{
    JsonNode *root;

    if (s->busy) {
        s->busy->session = NULL;
        s->busy = NULL;
    }
    while (!g_queue_is_empty(&s->waiting)) {
        root = g_queue_pop_head(&s->waiting);
        g_clear_pointer(&root, json_node_unref);
    }
}

/* ---- in ---- */

static void take_text(QmpSession *s)
{
    g_autofree char *problem = NULL;
    JsonNode *root = json_text_parse(s->in.text->str, (gssize)s->in.text->len, &problem);

    if (!root) {
        refuse(s, NULL, "GenericError", "JSON parse error, %s", problem);
    } else if (qmp_is_writable(root)) {
        order_came(s, root);
    } else {
        refuse(s, NULL, "GenericError", "JSON parse error, a number too large or a string that is no text");
        json_node_unref(root);
    }
}

static int receive(void *opaque, const uint8_t *buf, int len)
{
    QmpSession *s = opaque;
    int i;

    for (i = 0; i < len && has_room(s); i++) {
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
    return i;
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
        abandon(s);
    }
    return true;
}

void qmp_attach(Chardev *chr, MachineState *machine, bool pretty)
{
    QmpSession *s = g_new0(QmpSession, 1);
    const CharFrontend fe = { .receive = receive, .event = event, .opaque = s };

    if (!sessions) {
        qmp_events_init(machine);
    }
    s->chr = chr;
    s->machine = machine;
    s->pretty = pretty;
    s->next = sessions;
    sessions = s;
    g_queue_init(&s->waiting);
    qmp_input_reset(&s->in);
    chardev_attach(chr, &fe);
}
