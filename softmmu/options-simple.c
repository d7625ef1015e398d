/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that store a value: what is booted, where the console goes, how the program starts and ends. Main thread. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <glib.h>
#include "qemu/guest-random.h"
#include "qemu/log.h"
#include "qemu/rtc-clock.h"
#include "softmmu/options-internal.h"
#include "sysemu/runstate.h"

void option_kernel(CommandLine *c, const char *arg)
{
    option_check_file(c, arg);
    c->o->kernel = arg;
}

void option_initrd(CommandLine *c, const char *arg)
{
    option_check_file(c, arg);
    c->o->initrd = arg;
}

void option_dtb(CommandLine *c, const char *arg)
{
    if (strcmp(arg, "builtin")) {
        option_check_file(c, arg);
    }
    c->o->dtb = arg;
}

void option_append(CommandLine *c, const char *arg)
{
    c->o->append = arg;
}

void option_serial(CommandLine *c, const char *arg)
{
    if (c->serial_count == OPTIONS_SERIALS) {
        option_fail(c, arg, "too many serial lines (at most %d)", OPTIONS_SERIALS);
    }
    if (!*arg) {
        option_fail(c, "''", "a character device is expected (such as stdio, mon:stdio, file:PATH, null)");
    }
    c->serial[c->serial_count++] = arg;
}

void option_monitor(CommandLine *c, const char *arg)
{
    if (!*arg || g_str_has_prefix(arg, "mon:")) {
        option_fail(c, *arg ? arg : "''", "a character device is expected (none, stdio, tcp:..., unix:..., pty)");
    }
    c->monitor = arg;
}

/* A socket is a server that waits for nobody, unless it is told otherwise: what is debugged goes on without. */
void option_gdb(CommandLine *c, const char *arg)
{
    bool socket = g_str_has_prefix(arg, "tcp:") || g_str_has_prefix(arg, "unix:");

    if (!*arg || g_str_has_prefix(arg, "mon:")) {
        option_fail(c, *arg ? arg : "''", "a character device is expected (none, tcp::PORT, unix:PATH, stdio, pty)");
    }
    if (!strcmp(arg, "none")) {
        c->o->gdb = NULL;
    } else if (socket && !strstr(arg, ",server")) {
        c->o->gdb = g_strconcat(arg, ",server=on,wait=off", arg[0] == 't' ? ",nodelay=on" : "", NULL);
    } else {
        c->o->gdb = arg;
    }
}

void option_incoming(CommandLine *c, const char *arg)
{
    uint64_t fd;

    if (g_str_has_prefix(arg, "fd:") && option_number(arg + 3, INT32_MAX, &fd)) {
        option_check_fd(c, arg, (int)fd);
    }
    c->o->incoming = arg;
}

void option_loadvm(CommandLine *c, const char *arg)
{
    c->o->loadvm = arg;
}

void option_only_migratable(CommandLine *c, const char *arg)
{
    c->o->only_migratable = true;
}

void option_gdb_default(CommandLine *c, const char *arg)
{
    option_gdb(c, "tcp::1234");
}

void option_no_reboot(CommandLine *c, const char *arg)
{
    c->o->no_reboot = true;
}

void option_no_shutdown(CommandLine *c, const char *arg)
{
    c->o->no_shutdown = true;
}

void option_stopped(CommandLine *c, const char *arg)
{
    c->o->stopped = true;
}

void option_nodefaults(CommandLine *c, const char *arg)
{
    c->nodefaults = true;
}

static void update_messages(const CommandLine *c)
{
    error_set_prefix(c->msg_timestamp, c->msg_guest_name ? c->o->name : NULL);
}

void option_name(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        if (!kv[i].value && i == 0) {
            c->o->name = kv[i].key;
        } else if (!strcmp(kv[i].key, "guest") && kv[i].value) {
            c->o->name = kv[i].value;
        } else if (!strcmp(kv[i].key, "process") && kv[i].value) {
            c->o->process_name = kv[i].value;
        } else if (!strcmp(kv[i].key, "debug-threads")) {
            option_bool(c, arg, &kv[i]);        /* threads always have their names */
        } else {
            option_fail(c, arg, "unknown property '%s' (guest, process, debug-threads)", kv[i].key);
        }
    }
    update_messages(c);
}

void option_pidfile(CommandLine *c, const char *arg)
{
    if (!*arg) {
        option_fail(c, "''", "the file's name is empty");
    }
    c->o->pidfile = arg;
}

/* Groups of 8, 4, 4, 4 and 12 hexadecimal digits. */
static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    for (i = 0; form[i]; i++) {
        if (form[i] == '-' ? text[i] != '-' : !g_ascii_isxdigit(text[i])) {
            return false;
        }
    }
    return !text[i];
}

void option_uuid(CommandLine *c, const char *arg)
{
    if (!is_uuid(arg)) {
        option_fail(c, arg, "not a UUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, hexadecimal)");
    }
    c->o->uuid = g_ascii_strdown(arg, -1);
}

void option_echr(CommandLine *c, const char *arg)
{
    uint64_t code;

    if (!option_number(arg, 0xff, &code) || !code) {
        option_fail(c, arg, "the code of a key is expected (1 to 255; 1 is Ctrl-a, 20 is Ctrl-t)");
    }
    c->o->escape_key = (uint8_t)code;
}

void option_seed(CommandLine *c, const char *arg)
{
    uint64_t seed;

    if (!option_number(arg, UINT64_MAX, &seed)) {
        option_fail(c, arg, "a number is expected");
    }
    guest_random_seed(seed);
}

void option_mem_prealloc(CommandLine *c, const char *arg)
{
    c->o->mem_prealloc = true;
}

void option_overcommit(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "mem-lock")) {
            c->o->mem_lock = option_bool(c, arg, &kv[i]);
        } else if (!strcmp(kv[i].key, "cpu-pm")) {
            option_bool(c, arg, &kv[i]);        /* host CPUs' sleep states belong to the host here */
        } else {
            option_fail(c, arg, "unknown property '%s' (mem-lock, cpu-pm)", kv[i].key);
        }
    }
}

void option_msg(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "timestamp")) {
            c->msg_timestamp = option_bool(c, arg, &kv[i]);
        } else if (!strcmp(kv[i].key, "guest-name")) {
            c->msg_guest_name = option_bool(c, arg, &kv[i]);
        } else {
            option_fail(c, arg, "unknown property '%s' (timestamp, guest-name)", kv[i].key);
        }
    }
    update_messages(c);
}

/* The seconds since 1970 of a date in UTC. */
static bool parse_date(const char *text, time_t *seconds)
{
    static const char *const formats[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d" };

    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        struct tm tm = { 0 };
        const char *end = strptime(text, formats[i], &tm);

        if (end && !*end) {
            *seconds = timegm(&tm);
            return true;
        }
    }
    return false;
}

static void rtc_choose(CommandLine *c, const char *arg, const char *value)
{
    static const char *const names[] = { [RTC_CLOCK_HOST] = "host", [RTC_CLOCK_RT] = "rt", [RTC_CLOCK_VM] = "vm" };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(value, names[i])) {
            rtc_clock_choose((RtcClock)i);
            c->rtc_said = value;
            return;
        }
    }
    option_fail(c, arg, "clock is host|rt|vm, not '%s'", value);
}

/* How far the guest's clock is ahead of UTC. */
static int64_t rtc_base(CommandLine *c, const char *arg, const char *base)
{
    time_t now = (time_t)rtc_clock_start(), date;
    struct tm tm;

    if (!strcmp(base, "utc")) {
        return 0;
    }
    if (!strcmp(base, "localtime")) {
        return localtime_r(&now, &tm)->tm_gmtoff;
    }
    if (!parse_date(base, &date)) {
        option_fail(c, arg, "base is 'utc', 'localtime' or a date (2006-06-17 or 2006-06-17T16:01:21)");
    }
    return date - now;
}

void option_rtc(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        const char *value = kv[i].value ? kv[i].value : "";

        if (!strcmp(kv[i].key, "base")) {
            c->o->rtc_offset = rtc_base(c, arg, value);
        } else if (!strcmp(kv[i].key, "clock")) {
            rtc_choose(c, arg, value);
        } else if (!strcmp(kv[i].key, "driftfix")) {
            /* Of lost ticks of a PC's clock: this board's has none, so both are the same. */
            if (strcmp(value, "none") && strcmp(value, "slew")) {
                option_fail(c, arg, "driftfix is none|slew, not '%s'", value);
            }
        } else {
            option_fail(c, arg, "unknown property '%s' (base, clock, driftfix)", kv[i].key);
        }
    }
}

/* What may happen at an event: `plain` is what happens anyhow, `special` sets the flag; a watchdog has its own list. */
typedef struct ActionRow {
    const char *event, *plain, *special;
    size_t flag;                        /* in Options; 0: there is no special action */
} ActionRow;

static const ActionRow actions[] = {
    { "reboot", "reset", "shutdown", offsetof(Options, no_reboot) },
    { "shutdown", "poweroff", "pause", offsetof(Options, no_shutdown) },
    { "panic", "pause|shutdown|exit-failure|none", NULL, 0 },   /* the board cannot report one */
};

static void action_set(CommandLine *c, const char *arg, const char *event, const char *action)
{
    if (!strcmp(event, "watchdog")) {
        if (!watchdog_set_action(action)) {
            option_fail(c, arg, "watchdog is reset|shutdown|poweroff|pause|debug|none|inject-nmi, not '%s'", action);
        }
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
        const ActionRow *row = &actions[i];
        g_auto(GStrv) plain = g_strsplit(row->plain, "|", 0);
        bool is_special = row->special && !strcmp(action, row->special);

        if (strcmp(event, row->event)) {
            continue;
        }
        if (!is_special && !g_strv_contains((const char *const *)plain, action)) {
            option_fail(c, arg, "%s is %s%s%s, not '%s'", event, row->plain, row->special ? "|" : "",
                        row->special ? row->special : "", action);
        }
        if (row->flag) {
            *(bool *)((char *)c->o + row->flag) = is_special;
        }
        return;
    }
    option_fail(c, arg, "unknown event '%s' (reboot, shutdown, panic, watchdog)", event);
}

void option_action(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        action_set(c, arg, kv[i].key, kv[i].value ? kv[i].value : "");
    }
}

void option_watchdog_action(CommandLine *c, const char *arg)
{
    action_set(c, arg, "watchdog", arg);
}

void option_singlestep(CommandLine *c, const char *arg)
{
    c->o->accel.one_insn = true;
}

void option_perfmap(CommandLine *c, const char *arg)
{
    c->o->accel.perfmap = true;
}

void option_jitdump(CommandLine *c, const char *arg)
{
    c->o->accel.jitdump = true;
}

void option_daemonize(CommandLine *c, const char *arg)
{
    c->o->daemonize = true;
}
