/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: programs that speak QMP badly. The bytes go to the monitor in pieces, whose lengths the input's first
 * byte says; the commands are harmless ones of this file, of each type of argument, one of them answered later.
 * Whatever came, each line that goes out is one JSON object of QMP's, and after 0xff and the end of the line the
 * session answers again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "monitor/qmp.h"
#include "monitor/qmp-internal.h"
#include "tests/fuzz/target.h"

const size_t fuzz_max_input = 65536;

static CharFrontend session;
static GString *out;
static QmpCall *later;          /* of the command that is answered later; NULL: none */
static unsigned accepted;       /* calls of chardev_accept_input() */

/* ---- what the monitor stands on ---- */

void chardev_attach(Chardev *chr, const CharFrontend *fe)
{
    session = *fe;
}

void chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
    g_string_append_len(out, (const char *)buf, len);
}

void chardev_accept_input(Chardev *chr)
{
    accepted++;
}

int chardev_take_fd(Chardev *chr)
{
    return -1;
}

const char *monitor_replay_problem(const char *command)
{
    return NULL;
}

void qmp_events_init(const MachineState *machine)
{
}

JsonNode *qmp_version_node(void)
{
    return qmp_object_node(json_object_new());
}

/* ---- commands ---- */

static void echo(QmpCall *call)
{
    call->result = json_node_init_object(json_node_alloc(), call->args);
}

static void refuse(QmpCall *call)
{
    qmp_fail(call, "%s", qmp_string(call, "text"));
}

static void defer(QmpCall *call)
{
    later = call;
    qmp_defer(call);
}

static void tell(QmpCall *call)
{
    qmp_tell("STOP", NULL);
}

const QmpCommand qmp_commands[] = {
    { "echo",
      "text:s? number:i? flag:b? any:a? list:[s]? state:RunState? nested:SchemaInfo? "
      "lists:[SchemaInfoObjectMember]? union:SocketAddressLegacy? either:BlockdevRefOrNull? "
      "objects:[ObjectOptions]?", echo,
      true, "a" },
    { "refuse", "text:s", refuse, true, NULL },
    { "defer", "", defer, false, NULL },
    { "tell", "", tell, true, NULL },
    { "schema", "", qmp_query_schema, false, "[SchemaInfo]" },
    { .name = NULL },
};
const QmpEvent qmp_events[] = { { "STOP", "" }, { NULL, NULL } };

/* ---- the other end ---- */

static void give(const uint8_t *data, size_t size, size_t piece)
{
    while (size) {
        const size_t n = MIN(piece, size);
        const int taken = session.receive(session.opaque, data, (int)n);

        if (taken < (int)n) {
            if (!later) {
                return;         /* told by the answer that does not come */
            }
            qmp_finish(g_steal_pointer(&later));
        }
        data += taken;
        size -= (size_t)taken;
    }
}

/* The last answer to an order with that id, and every line is an object of QMP's; NULL: wrong. */
static const char *check_lines(const char *id, bool *answered)
{
    char **lines = g_strsplit(out->str, "\r\n", -1);
    const char *wrong = strlen(out->str) == out->len ? NULL : "a NUL went out";
    JsonParser *parser = json_parser_new();

    for (char **line = lines; *line && **line && !wrong; line++) {
        JsonNode *root = json_parser_load_from_data(parser, *line, -1, NULL) ? json_parser_get_root(parser) : NULL;
        JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;

        if (!object || !g_utf8_validate(*line, -1, NULL)) {
            wrong = "a line that is no object";
            printf("# %.300s\n", *line);
        } else if (json_object_has_member(object, "QMP") + json_object_has_member(object, "return")
                   + json_object_has_member(object, "error") + json_object_has_member(object, "event") != 1) {
            wrong = "an object that is not QMP's";
        } else if (json_object_has_member(object, "id")
                   && JSON_NODE_HOLDS_VALUE(json_object_get_member(object, "id"))
                   && json_node_get_value_type(json_object_get_member(object, "id")) == G_TYPE_STRING
                   && !strcmp(json_object_get_string_member(object, "id"), id)) {
            *answered = json_object_has_member(object, "return");
        }
    }
    g_object_unref(parser);
    g_strfreev(lines);
    return wrong;
}

void fuzz_init(void)
{
    out = g_string_new(NULL);
    qmp_attach(NULL, NULL, false);
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    static const char hello[] = "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}";
    static const char probe[] = "\xff\n{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"echo\",\"id\":\"the probe\"}";
    const uint8_t how = size ? data[0] : 0;
    bool answered = false;
    const char *wrong;

    g_string_truncate(out, 0);
    session.event(session.opaque, CHR_EVENT_OPENED);
    if (how & 0x80) {
        give((const uint8_t *)hello, strlen(hello), strlen(hello));
    }
    if (size) {
        give(data + 1, size - 1, how & 0x7f ? how & 0x7f : size);
    }
    give((const uint8_t *)probe, strlen(probe), strlen(probe));
    while (later) {
        qmp_finish(g_steal_pointer(&later));
    }
    wrong = check_lines("the probe", &answered);
    session.event(session.opaque, CHR_EVENT_CLOSED);
    return wrong ? wrong : answered ? NULL : "no answer after that";
}
