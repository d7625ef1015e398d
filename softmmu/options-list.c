/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options as a list, before any is carried out: those of the command line, with files of -readconfig in their
 * places, and changed by -set. Main thread.
 */
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

const OptionRow *option_find(const char *name)
{
    for (const OptionRow *row = option_rows; row->name || row->group; row++) {
        if (row->name && !strcmp(name, row->name)) {
            return row;
        }
    }
    return NULL;
}

/* The row of the option that this argument names. */
static const OptionRow *find_row(const char *given)
{
    const char *name = given;
    const OptionRow *row;

    if (name[0] != '-' || !name[1]) {
        error_exit("%s: unexpected argument (options begin with '-'; -help lists them)", name);
    }
    name += name[1] == '-' ? 2 : 1;
    row = option_find(name);
    if (!row) {
        error_exit("%s: invalid option (-help lists those there are)", given);
    }
    return row;
}

void options_list_add(CommandLine *c, const OptionRow *row, const char *said, const char *arg)
{
    OptionItem item = { row, said, arg };

    g_array_append_val(c->items, item);
}

/* Whether the item is about the object with that id, of n bytes. */
static bool has_id(const CommandLine *c, const OptionItem *item, const char *id, size_t n)
{
    KeyValue *kv;

    if (!item->arg || !strstr(item->arg, "id=")) {
        return false;
    }
    kv = option_split(c, item->arg);
    for (int i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "id") && kv[i].value && strlen(kv[i].value) == n && !memcmp(kv[i].value, id, n)) {
            return true;
        }
    }
    return false;
}

/* At the end of its argument: it counts like one that was given behind the others. */
void option_set(CommandLine *c, const char *arg)
{
    const char *equals = strchr(arg, '='), *dot1 = strchr(arg, '.'), *dot2 = dot1 ? strchr(dot1 + 1, '.') : NULL;

    if (!equals || !dot2 || dot2 > equals || dot1 == arg || dot2 == dot1 + 1 || equals == dot2 + 1) {
        option_fail(c, arg, "GROUP.ID.PROPERTY=VALUE is expected, such as drive.x.cache=none");
    }
    g_autofree char *group = g_strndup(arg, (size_t)(dot1 - arg));

    for (guint i = c->items->len; i-- > 0;) {
        OptionItem *item = &g_array_index(c->items, OptionItem, i);

        if (!strcmp(item->row->name, group) && has_id(c, item, dot1 + 1, (size_t)(dot2 - dot1 - 1))) {
            g_autofree char *value = option_escape(equals + 1);

            item->arg = g_strdup_printf("%s,%.*s=%s", item->arg, (int)(equals - dot2 - 1), dot2 + 1, value);
            return;
        }
    }
    option_fail(c, arg, "before it there is no -%s with id=%.*s", group, (int)(dot2 - dot1 - 1), dot1 + 1);
}

void options_list_fill(CommandLine *c, int argc, char **argv)
{
    c->items = g_array_new(FALSE, FALSE, sizeof(OptionItem));
    for (int i = 1; i < argc; i++) {
        const OptionRow *row = find_row(argv[i]);
        const char *arg = NULL;

        c->option = argv[i];
        if (row->argument && i + 1 == argc) {
            error_exit("%s: requires an argument (%s)", argv[i], row->argument);
        }
        if (row->argument) {
            arg = argv[++i];
        } else if (row->may_have && i + 1 < argc && argv[i + 1][0] != '-') {
            arg = argv[++i];
        }
        if (row->early) {
            row->handle(c, arg);
        } else {
            options_list_add(c, row, c->option, arg);
        }
    }
}
