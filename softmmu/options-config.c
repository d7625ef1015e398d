/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -readconfig: options from a file in QEMU's form.
 *
 *   # a comment
 *   [drive "disk"]              the group, which is an option or another name of one, and the id of those that have one
 *     file = "disk.img"
 *     if = "none"
 *
 * A group becomes the option's argument: "file=disk.img,if=none,id=disk". Main thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

/* Groups whose options take lists of key=value. */
static const struct ConfigGroup {
    const char *name;
    const char *option;         /* NULL: the same */
    const char *first;          /* the key that an argument begins with, without the key; NULL: none */
    bool has_id;
} groups[] = {
    { "accel", NULL, "accel", false }, { "action", NULL, NULL, false }, { "audiodev", NULL, "driver", true },
    { "boot-opts", "boot", NULL, false }, { "chardev", NULL, "backend", true }, { "device", NULL, "driver", true },
    { "drive", NULL, NULL, true }, { "global", NULL, NULL, false }, { "machine", NULL, "type", false },
    { "memory", "m", NULL, false }, { "mon", NULL, NULL, true }, { "msg", NULL, NULL, false },
    { "name", NULL, NULL, false }, { "net", NULL, "type", true }, { "netdev", NULL, "type", true },
    { "nic", NULL, "type", true }, { "object", NULL, "qom-type", true }, { "overcommit", NULL, NULL, false },
    { "rtc", NULL, NULL, false }, { "sandbox", NULL, "enable", false },
    { "semihosting-config", NULL, NULL, false }, { "smp-opts", "smp", NULL, false }, { "trace", NULL, NULL, false },
};

typedef struct ConfigFile {
    CommandLine *c;
    const char *path;
    int line;                   /* number of the present one, from 1 */
    const struct ConfigGroup *group;    /* the open one; NULL: none yet */
    int group_line;
    char *id, *first;           /* of the open group; NULL: none */
    GString *rest;              /* ",key=value" and so on */
} ConfigFile;

static _Noreturn void fail(const ConfigFile *f, const char *text)
{
    error_exit("-readconfig %s: line %d: %s", f->path, f->line, text);
}

/* The open group is complete. */
static void close_group(ConfigFile *f)
{
    if (!f->group) {
        return;
    }
    GString *arg = g_string_new(f->first);
    const char *option = f->group->option ? f->group->option : f->group->name;

    g_string_append(arg, f->rest->str);
    if (f->id) {
        g_string_append_printf(arg, ",id=%s", f->id);
    }
    if (arg->len) {
        options_list_add(f->c, option_find(option), g_strdup_printf("%s:%d: -%s", f->path, f->group_line, option),
                         g_string_free(arg, FALSE) + (f->first == NULL));       /* without the first comma */
    }
    f->group = NULL;
    f->id = f->first = NULL;
    g_string_truncate(f->rest, 0);
}

/* "[name]", "[name "id"]" */
static void open_group(ConfigFile *f, char *text)
{
    char *end = strchr(text, ']'), *quote = strchr(text, '"');

    close_group(f);
    if (!end || end[1]) {
        fail(f, "a group is [NAME] or [NAME \"ID\"]");
    }
    if (quote) {
        if (quote == text + 1 || end[-1] != '"' || end - quote < 3) {
            fail(f, "a group is [NAME] or [NAME \"ID\"]");
        }
        end[-1] = 0;
        f->id = option_escape(quote + 1);
        end = quote;
    }
    *end = 0;
    const char *name = g_strstrip(text + 1);

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        if (!strcmp(groups[i].name, name)) {
            f->group = &groups[i];
        }
    }
    if (!f->group) {
        error_exit("-readconfig %s: line %d: there is no group '%s' of options here", f->path, f->line, name);
    }
    if (f->id && !f->group->has_id) {
        error_exit("-readconfig %s: line %d: the group '%s' has no ids", f->path, f->line, name);
    }
    f->group_line = f->line;
}

/* key = "value" */
static void take_value(ConfigFile *f, char *text)
{
    char *equals = strchr(text, '='), *value = equals ? equals + 1 + strspn(equals + 1, " \t") : NULL;
    size_t n = value ? strlen(value) : 0;

    if (!equals || equals == text || n < 2 || value[0] != '"' || value[n - 1] != '"') {
        fail(f, "KEY = \"VALUE\", [GROUP], [GROUP \"ID\"] or a comment is expected");
    }
    if (!f->group) {
        fail(f, "a value before the first group");
    }
    *equals = 0;
    value[n - 1] = 0;
    const char *key = g_strchomp(text);
    char *escaped = option_escape(value + 1);

    if (f->group->first && !strcmp(key, f->group->first)) {
        f->first = escaped;
    } else {
        g_string_append_printf(f->rest, ",%s=%s", key, escaped);
        g_free(escaped);
    }
}

void option_readconfig(CommandLine *c, const char *arg)
{
    ConfigFile f = { .c = c, .path = arg, .rest = g_string_new(NULL) };
    FILE *in = fopen(arg, "re");
    char *line = NULL;
    size_t room = 0;

    if (!in) {
        option_fail(c, arg, "%s", strerror(errno));
    }
    while (errno = 0, getline(&line, &room, in) >= 0) {
        char *text = g_strstrip(line);

        f.line++;
        if (*text == '[') {
            open_group(&f, text);
        } else if (*text && *text != '#') {
            take_value(&f, text);
        }
    }
    if (ferror(in)) {
        option_fail(c, arg, "%s", strerror(errno));
    }
    close_group(&f);
    free(line);
    fclose(in);
    g_string_free(f.rest, TRUE);
}
