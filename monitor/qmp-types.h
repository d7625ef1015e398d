/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types of what goes in and out of the monitor for programs, as tables. Names are those of QEMU's QMP reference.
 *
 * Members are written "name:type", blanks between. Behind the type: "?", it may be missing; "$word", it has the feature
 * (deprecated, unstable). A type is
 *   s string, i integer, b boolean, n number (in what goes out alone), z null, a any,
 *   NAME      a row of a table below,
 *   @ORDER    the arguments of that order,
 *   [TYPE]    a list,
 *   =TYPE     of a variant alone: an object with one member of that type, "data".
 * A member "*": others may be there. An order's arguments may also be "..NAME": the members of that type.
 */
#ifndef MONITOR_QMP_TYPES_H
#define MONITOR_QMP_TYPES_H
#include <stdbool.h>

enum { QMP_NAME_MAX = 64 };

typedef struct QmpType {
    const char *name;
    const char *members;        /* of an object */
    const char *values;         /* of an enumeration */
    const char *choices;        /* types that look different, of which a value has one */
    /* of an object with `members`: which of them, an enumeration, says what others there are; "value:TYPE", none: no */
    const char *tag, *variants;
} QmpType;
extern const QmpType qmp_types[], qmp_block_types[], qmp_option_types[];    /* end with a NULL name */
const QmpType *qmp_find_type(const char *name);         /* NULL: there is none */

typedef struct QmpBuiltin {
    char letter;
    const char *name, *json_type;
    const char *said;           /* what was expected */
} QmpBuiltin;
extern const QmpBuiltin qmp_builtins[];
const QmpBuiltin *qmp_builtin(const char *type);        /* NULL: it is none */

typedef struct QmpMember {
    char name[QMP_NAME_MAX], type[QMP_NAME_MAX], feature[QMP_NAME_MAX];
    bool optional;
} QmpMember;
/* The next one of the list; false: there is none. */
bool qmp_next_member(const char **at, QmpMember *m);
bool qmp_next_type(const char **at, char type[QMP_NAME_MAX]);

char *qmp_wrapped(const char *type);                    /* the members of "=TYPE"; g_free() */
const char *qmp_order_members(const char *type);        /* ... of "@ORDER" */
/* The members that an object has more if its tag has that value; g_free(). */
char *qmp_variant(const QmpType *row, const char *value);
#endif
