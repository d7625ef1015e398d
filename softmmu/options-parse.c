/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in option arguments: lists of key=value, numbers, sizes, switches; mistakes in them. Main thread. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/identifier.h"
#include "qemu/log.h"
#include "qemu/switch-word.h"
#include "softmmu/options-internal.h"

static jmp_buf *attempt;                /* where option_fail() goes; NULL: the program ends */
static char *attempt_problem;

char *option_attempt(CommandLine *c, void (*handle)(CommandLine *c, const char *arg), const char *arg)
{
    jmp_buf here;

    attempt_problem = NULL;
    attempt = &here;
    if (!setjmp(here)) {
        handle(c, arg);
    }
    attempt = NULL;
    return g_steal_pointer(&attempt_problem);
}

void option_fail(const CommandLine *c, const char *arg, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (attempt) {
        attempt_problem = text;
        longjmp(*attempt, 1);
    }
    if (arg) {
        error_exit("%s %s: %s", c->option, arg, text);
    }
    error_exit("%s: %s", c->option, text);
}

KeyValue *option_split(const CommandLine *c, const char *arg)
{
    GArray *list = g_array_new(TRUE, TRUE, sizeof(KeyValue));
    const char *p = arg;

    for (;;) {
        GString *part = g_string_new(NULL);
        KeyValue kv = { NULL, NULL };
        char *eq;

        while (*p && (*p != ',' || p[1] == ',')) {
            p += *p == ',';
            g_string_append_c(part, *p++);
        }
        if (!part->len) {
            option_fail(c, arg, "empty item in the list");
        }
        kv.key = g_string_free(part, FALSE);
        eq = strchr(kv.key, '=');
        if (eq) {
            *eq = 0;
            kv.value = eq + 1;
        }
        g_array_append_val(list, kv);
        if (!*p) {
            break;
        }
        p++;
    }
    return (KeyValue *)(void *)g_array_free(list, FALSE);
}

void option_check_id(const CommandLine *c, const char *arg, const KeyValue *kv)
{
    for (; kv->key; kv++) {
        if (!strcmp(kv->key, "id") && !identifier_good(kv->value ? kv->value : "")) {
            option_fail(c, arg, "Parameter 'id' " IDENTIFIER_EXPECTED ", not '%s'", kv->value ? kv->value : "");
        }
    }
}

char *option_escape(const char *text)
{
    GString *s = g_string_new(NULL);

    for (; *text; text++) {
        g_string_append(s, *text == ',' ? ",," : (const char[]) { *text, 0 });
    }
    return g_string_free(s, FALSE);
}

const char *option_plain(CommandLine *c, const char *arg, const char *first)
{
    GString *head, *rest;

    if (*arg != '{') {
        return arg;
    }
    head = g_string_new(NULL);
    rest = g_string_new(NULL);
    for (const KeyValue *kv = option_json(c, arg); kv->key; kv++) {
        g_autofree char *value = option_escape(kv->value);

        if (!strcmp(kv->key, first)) {
            g_string_assign(head, value);
        } else {
            g_string_append_printf(rest, ",%s=%s", kv->key, value);
        }
    }
    if (!head->len) {
        option_fail(c, arg, "'%s' is missing", first);
    }
    g_string_append(head, rest->str);
    g_string_free(rest, TRUE);
    return g_string_free(head, FALSE);
}

bool option_is_help(const char *arg)
{
    const bool is_help = !strcmp(arg, "help") || !strcmp(arg, "?");

    if (is_help && attempt) {
        option_fail(NULL, NULL, "the command line has the list: 'help' instead of the argument");
    }
    return is_help;
}

bool option_number(const char *text, uint64_t max, uint64_t *value)
{
    bool hex = text && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end;

    if (!text || !(hex ? g_ascii_isxdigit(text[2]) : g_ascii_isdigit(text[0]))) {
        return false;
    }
    errno = 0;
    *value = g_ascii_strtoull(text, &end, hex ? 16 : 10);
    return !*end && !errno && *value <= max;
}

bool option_size(const char *text, uint64_t unit, uint64_t *bytes)
{
    static const char suffixes[] = "BKMGTPE";
    uint64_t whole;
    double fraction = 0;
    char *end;

    if (!text || !g_ascii_isdigit(text[0])) {
        return false;
    }
    errno = 0;
    whole = g_ascii_strtoull(text, &end, 10);
    if (errno) {
        return false;
    }
    if (*end == '.') {
        char *point = end;

        if (!g_ascii_isdigit(point[1])) {
            return false;
        }
        for (end++; g_ascii_isdigit(*end); end++) {
        }
        char *digits = g_strndup(point, (size_t)(end - point));

        fraction = g_ascii_strtod(digits, NULL);
        g_free(digits);
    }
    if (*end) {
        const char *s = strchr(suffixes, g_ascii_toupper(*end));

        if (!s || end[1]) {
            return false;
        }
        unit = 1ull << (10 * (s - suffixes));
    }
    if (__builtin_mul_overflow(whole, unit, bytes) ||
        __builtin_add_overflow(*bytes, (uint64_t)(fraction * (double)unit), bytes)) {
        return false;
    }
    return true;
}

bool option_bool(const CommandLine *c, const char *arg, const KeyValue *kv)
{
    bool value = true;

    if (kv->value && !switch_word(kv->value, &value)) {
        option_fail(c, arg, "%s is 'on' or 'off', not '%s'", kv->key, kv->value);
    }
    return value;
}

void option_check_fd(const CommandLine *c, const char *arg, int fd)
{
    if (fcntl(fd, F_GETFD) < 0) {
        option_fail(c, arg, "descriptor %d: %s", fd, strerror(errno));
    }
}

void option_check_file(const CommandLine *c, const char *path)
{
    struct stat st;

    if (!*path) {
        option_fail(c, "''", "the file's name is empty");
    }
    if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
        option_fail(c, path, "%s", strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        option_fail(c, path, "is a directory, not a file");
    }
}
