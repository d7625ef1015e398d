/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the monitor's, in words. */
#include <string.h>
#include <glib.h>
#include "monitor/monitor-internal.h"

char *hmp_next_word(const char **at, const char *stop)
{
    const char *begin = *at + strspn(*at, " \t");
    char *blanks = g_strconcat(" \t", stop, NULL);
    size_t n = strcspn(begin, blanks);

    g_free(blanks);
    *at = begin + n;
    return n ? g_strndup(begin, n) : NULL;
}

/* What stands between quotes, with \n, \r and a backslash before anything else meaning that. NULL: it has no end. */
static char *quoted_word(const char **at)
{
    GString *word = g_string_new(NULL);
    const char *c = *at + 1;

    for (; *c && *c != '"'; c++) {
        if (*c == '\\' && c[1]) {
            c++;
            g_string_append_c(word, *c == 'n' ? '\n' : *c == 'r' ? '\r' : *c);
        } else {
            g_string_append_c(word, *c);
        }
    }
    *at = c + (*c == '"');
    return g_string_free(word, !*c);
}

bool hmp_add_words(GPtrArray *args, const char *at)
{
    for (;;) {
        char *word;

        at += strspn(at, " \t");
        if (!*at) {
            return true;
        }
        word = *at == '"' ? quoted_word(&at) : hmp_next_word(&at, "");
        if (!word) {
            return false;
        }
        g_ptr_array_add(args, word);
    }
}

void hmp_add_format(GPtrArray *args, const char *at)
{
    char *format = NULL;

    at += strspn(at, " \t");
    if (*at == '/') {
        at++;
        format = g_strndup(at, strcspn(at, " \t"));
        at += strlen(format);
    }
    g_ptr_array_add(args, format ? format : g_strdup(""));
    at += strspn(at, " \t");
    if (*at) {
        g_ptr_array_add(args, g_strchomp(g_strdup(at)));
    }
}
