/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the monitor for programs share. I/O thread. */
#ifndef MONITOR_QMP_INTERNAL_H
#define MONITOR_QMP_INTERNAL_H
#include <json-glib/json-glib.h>
#include "monitor/monitor-internal.h"

/* monitor/qmp-input.c: one JSON object or array after another out of a stream of bytes. */
enum { QMP_INPUT_MAX = 1 << 20, QMP_DEPTH_MAX = 64 };
typedef struct QmpInput {
    GString *text;              /* of the value that has begun */
    char open[QMP_DEPTH_MAX];   /* the brackets that are open */
    int depth;
    bool in_string, escaped, broken;    /* broken: what comes up to the next line is thrown away */
} QmpInput;
typedef enum QmpInputResult { QMP_MORE, QMP_VALUE, QMP_BROKEN } QmpInputResult;
/* QMP_VALUE: the value is in `text`, until the next call. QMP_BROKEN: no value begins or goes on like that. */
QmpInputResult qmp_input_byte(QmpInput *in, char c);
void qmp_input_reset(QmpInput *in);

/* What an order is about. */
typedef struct QmpCall {
    MachineState *machine;
    JsonObject *args;           /* never NULL; of the types that the table names */
    JsonNode *result;           /* NULL: {} */
    char *error;                /* NULL: it went well; class GenericError */
    const char *error_class;    /* NULL: GenericError */
} QmpCall;

typedef struct QmpCommand {
    const char *name;
    /* "name:type", blanks between; a type is s (string), i (integer), b (boolean), o (object); with "?" it may be missing */
    const char *args;
    void (*run)(QmpCall *call);
    bool oob;                   /* may be called out of band */
} QmpCommand;
extern const QmpCommand qmp_commands[];         /* ends with a NULL name */
extern const char *const qmp_events[];          /* NULL-terminated */

/* The call failed: GenericError with that text. */
void qmp_fail(QmpCall *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *qmp_string(const QmpCall *call, const char *name);          /* NULL: missing */
int64_t qmp_int(const QmpCall *call, const char *name, int64_t missing);

/* monitor/qmp-query.c */
void qmp_query_status(QmpCall *call);
void qmp_query_version(QmpCall *call);
void qmp_query_name(QmpCall *call);
void qmp_query_uuid(QmpCall *call);
void qmp_query_kvm(QmpCall *call);
void qmp_query_cpus_fast(QmpCall *call);
void qmp_query_machines(QmpCall *call);
void qmp_query_block(QmpCall *call);
void qmp_query_chardev(QmpCall *call);
void qmp_query_commands(QmpCall *call);
void qmp_query_events(QmpCall *call);
void qmp_query_schema(QmpCall *call);
/* monitor/qmp-trace.c */
void qmp_trace_event_get_state(QmpCall *call);
void qmp_trace_event_set_state(QmpCall *call);

JsonNode *qmp_version_node(void);               /* as in the greeting */
JsonNode *qmp_object_node(JsonObject *object);  /* takes the object */
#endif
