/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -semihosting*, -d, -D, -dfilter and -trace. Main thread; fills semihosting's settings and the log's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <unistd.h>
#include "hw/semihosting.h"
#include "qemu/fdset.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "softmmu/options-internal.h"

void option_semihosting(CommandLine *c, const char *arg)
{
    semihosting_enabled = true;
}

static SemihostingTarget semihosting_target(const CommandLine *c, const char *arg, const char *value)
{
    static const char *const names[] = {
        [SEMIHOSTING_AUTO] = "auto", [SEMIHOSTING_NATIVE] = "native", [SEMIHOSTING_GDB] = "gdb",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (value && !strcmp(value, names[i])) {
            return (SemihostingTarget)i;
        }
    }
    option_fail(c, arg, "target is 'native', 'gdb' or 'auto', not '%s'", value ? value : "");
}

void option_semihosting_config(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    GString *cmdline = NULL;
    bool enable = true;

    for (int i = 0; kv[i].key; i++) {
        const char *key = kv[i].key, *value = kv[i].value;

        if (!strcmp(key, "enable")) {
            enable = option_bool(c, arg, &kv[i]);
        } else if (!strcmp(key, "userspace")) {
            semihosting_userspace = option_bool(c, arg, &kv[i]);
        } else if (i == 0 && !value && (!strcmp(key, "on") || !strcmp(key, "off"))) {
            enable = !strcmp(key, "on");
        } else if (!strcmp(key, "target")) {
            semihosting_set_target(semihosting_target(c, arg, value));
        } else if (!strcmp(key, "chardev") && value) {
            c->o->semihosting_console = g_strconcat("chardev:", value, NULL);
        } else if (!strcmp(key, "arg")) {
            if (!value) {
                option_fail(c, arg, "arg needs a value");
            }
            if (!cmdline) {
                cmdline = g_string_new(value);
            } else {
                g_string_append_printf(cmdline, " %s", value);
            }
        } else {
            option_fail(c, arg, "unknown property '%s' (enable, target, userspace, chardev, arg)", key);
        }
    }
    semihosting_enabled = enable;
    if (cmdline) {
        semihosting_set_cmdline(cmdline->str);
        g_string_free(cmdline, TRUE);
    }
}

void option_log_items(CommandLine *c, const char *arg)
{
    char bad[64];
    int mask;

    if (option_is_help(arg)) {
        log_print_items(stdout);
        exit(0);
    }
    if (!log_parse_items(arg, &mask, bad, sizeof(bad))) {
        option_fail(c, arg, "unknown log item '%s' (-d help lists those there are)", bad);
    }
    qemu_loglevel |= mask;
}

void option_log_file(CommandLine *c, const char *arg)
{
    if (!log_set_file(arg)) {
        option_fail(c, arg, "%s", strerror(errno));
    }
}

void option_log_filter(CommandLine *c, const char *arg)
{
    char bad[64];

    if (!log_set_ranges(arg, bad, sizeof(bad))) {
        option_fail(c, arg, "'%s' is not a range of addresses (FIRST..LAST, FIRST+SIZE or LAST-SIZE)", bad);
    }
}

void option_add_fd(CommandLine *c, const char *arg)
{
    const KeyValue *kv = option_split(c, arg);
    const char *opaque = NULL;
    uint64_t fd = 0, set = 0;
    bool has_set = false;
    int copy;

    for (; kv->key; kv++) {
        if (!strcmp(kv->key, "opaque") && kv->value) {
            opaque = kv->value;
        } else if (strcmp(kv->key, "fd") && strcmp(kv->key, "set")) {
            option_fail(c, arg, "unknown property '%s' (fd=N, set=M, opaque=TEXT)", kv->key);
        } else if (!kv->value || !option_number(kv->value, INT32_MAX, kv->key[0] == 'f' ? &fd : &set)) {
            option_fail(c, arg, "%s is a number", kv->key);
        } else {
            has_set |= kv->key[0] == 's';
        }
    }
    if (fd <= STDERR_FILENO || !has_set) {
        option_fail(c, arg, "fd=N, above %d, and set=M have to be said", STDERR_FILENO);
    }
    /* A copy, so that it may be said again, and what is closed in the end is ours. */
    copy = fcntl((int)fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        option_fail(c, arg, "descriptor %u: %s", (unsigned)fd, strerror(errno));
    }
    fdset_add((int64_t)set, copy, opaque);
}

void option_trace(CommandLine *c, const char *arg)
{
    KeyValue *kv;

    if (option_is_help(arg)) {
        trace_print_events(stdout);
        exit(0);
    }
    kv = option_split(c, arg);
    for (int i = 0; kv[i].key; i++) {
        const char *key = kv[i].key, *value = kv[i].value;

        if (!value && i == 0) {
            trace_option(key);
        } else if (!strcmp(key, "enable") && value && *value) {
            trace_option(value);
        } else if (!strcmp(key, "events") && value) {
            if (!trace_option_file(value)) {
                option_fail(c, arg, "%s: %s", value, strerror(errno));
            }
        } else if (!strcmp(key, "file") && value) {
            if (!trace_set_file(value)) {
                option_fail(c, arg, "%s: %s", value, strerror(errno));
            }
        } else {
            option_fail(c, arg, "unknown property '%s' (enable=PATTERN, events=FILE, file=FILE)", key);
        }
    }
}
