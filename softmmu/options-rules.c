/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that are checked but change nothing, described by a text of items with a blank between them:
 *   word         the argument may be this word
 *   key=KIND     the argument is a list of key=value, this key among them; "*key": a first item without key means this
 *                one; "!key": it must be there
 * KIND is %bool, %number, %text, %drives (letters a to p, each once), or the words it may be with bars between them.
 * The whole text may also be %any or %number. Main thread; no state.
 */
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

typedef struct Rule {
    const char *key, *kind;             /* kind NULL: a word */
    bool first, needed;
    bool seen;
} Rule;

static bool is_drives(const char *value)
{
    uint32_t seen = 0;

    for (; *value; value++) {
        if (*value < 'a' || *value > 'p' || seen & 1u << (*value - 'a')) {
            return false;
        }
        seen |= 1u << (*value - 'a');
    }
    return true;
}

static bool is_one_of(const char *words, const char *value)
{
    g_auto(GStrv) list = g_strsplit(words, "|", 0);

    return g_strv_contains((const char *const *)list, value);
}

/* NULL if value is of this kind, else what is expected. */
static const char *expected(const char *kind, const char *value)
{
    uint64_t number;

    if (!strcmp(kind, "%bool")) {
        return is_one_of("on|yes|true|off|no|false", value) ? NULL : "on|off";
    }
    if (!strcmp(kind, "%number")) {
        return option_number(value, UINT64_MAX, &number) ? NULL : "a number";
    }
    if (!strcmp(kind, "%text")) {
        return *value ? NULL : "a text";
    }
    if (!strcmp(kind, "%drives")) {
        return is_drives(value) ? NULL : "drive letters from a to p, each once";
    }
    return is_one_of(kind, value) ? NULL : kind;
}

/* The rules as an array that ends with key == NULL; *text is cut up for it. */
static Rule *rules_split(char *text)
{
    GArray *list = g_array_new(TRUE, TRUE, sizeof(Rule));

    for (char *item = strtok(text, " "); item; item = strtok(NULL, " ")) {
        Rule r = { .first = *item == '*', .needed = *item == '!' };
        char *eq = strchr(item, '=');

        r.key = item + (r.first || r.needed);
        if (eq) {
            *eq = 0;
            r.kind = eq + 1;
        }
        g_array_append_val(list, r);
    }
    return (Rule *)(void *)g_array_free(list, FALSE);
}

static char *keys_text(const Rule *rules)
{
    GString *s = g_string_new(NULL);

    for (; rules->key; rules++) {
        g_string_append_printf(s, "%s%s", s->len ? ", " : "", rules->key);
    }
    return g_string_free(s, FALSE);
}

/* One item of the argument; NULL if it is as it should be. */
static char *item_problem(Rule *rules, const KeyValue *kv, bool is_first)
{
    const char *value = kv->value, *want;

    for (Rule *r = rules; r->key; r++) {
        bool named = !strcmp(kv->key, r->key);

        if (named && !r->kind && !value && is_first) {
            return NULL;
        }
        if (r->kind && ((named && (value || !strcmp(r->kind, "%bool"))) || (r->first && is_first && !value))) {
            const char *given = named ? value ? value : "on" : kv->key;

            r->seen = true;
            want = expected(r->kind, given);
            return want ? g_strdup_printf("%s is %s, not '%s'", r->key, want, given) : NULL;
        }
    }
    g_autofree char *keys = keys_text(rules);

    return g_strdup_printf("'%s' is none of: %s", kv->key, keys);
}

char *option_problem(const CommandLine *c, const char *text, const char *arg)
{
    uint64_t number;
    char *problem = NULL;

    if (!strcmp(text, "%any")) {
        return NULL;
    }
    if (!strcmp(text, "%number")) {
        return option_number(arg, UINT64_MAX, &number) ? NULL : g_strdup("a number is expected");
    }
    g_autofree char *copy = g_strdup(text);
    g_autofree Rule *rules = rules_split(copy);
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key && !problem; i++) {
        problem = item_problem(rules, &kv[i], i == 0);
    }
    for (Rule *r = rules; r->key && !problem; r++) {
        if (r->needed && !r->seen) {
            problem = g_strdup_printf("%s is missing", r->key);
        }
    }
    return problem;
}
