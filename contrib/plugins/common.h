/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What these plugins share: arguments, and where the report goes (out=FILE; else the log, by -d plugin). */
#ifndef CONTRIB_PLUGINS_COMMON_H
#define CONTRIB_PLUGINS_COMMON_H
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <qemu-plugin.h>

/* An argument that the plugin takes: a number, or a text. */
typedef struct Argument {
    const char *name;
    uint64_t *number, least, most;      /* NULL: text. Suffixes K and M */
    const char **text;
} Argument;

static inline bool parse_number(const Argument *a, const char *value)
{
    char *end;
    uint64_t n = g_ascii_strtoull(value, &end, 0);

    if (*end == 'K' || *end == 'M') {
        n <<= *end++ == 'K' ? 10 : 20;
    }
    *a->number = n;
    return end != value && !*end && n >= a->least && n <= a->most;
}

/* False: one line on stderr says why. The table ends without a name. */
static inline bool parse_arguments(const char *plugin, const Argument *table, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        size_t length = value ? (size_t)(value++ - argv[i]) : 0;
        const Argument *a = table;

        while (a->name && !(value && strlen(a->name) == length && !strncmp(a->name, argv[i], length))) {
            a++;
        }
        if (!a->name) {
            fprintf(stderr, "%s: unknown argument '%s'; it takes", plugin, argv[i]);
            for (a = table; a->name; a++) {
                fprintf(stderr, " %s=", a->name);
            }
            fputc('\n', stderr);
            return false;
        }
        if (a->text) {
            *a->text = g_strdup(value);
        } else if (!parse_number(a, value)) {
            fprintf(stderr, "%s: %s is a number from %" PRIu64 " to %" PRIu64 ", not '%s'\n", plugin, a->name, a->least,
                    a->most, value);
            return false;
        }
    }
    return true;
}

/* The report, or the next part of it. file NULL: the log. */
static inline void put_report(const char *plugin, const char *file, const GString *text)
{
    GError *error = NULL;

    if (!file) {
        qemu_plugin_outs(text->str);
    } else if (!g_file_set_contents(file, text->str, (gssize)text->len, &error)) {
        fprintf(stderr, "%s: %s\n", plugin, error->message);
        g_error_free(error);
    }
}

#endif
