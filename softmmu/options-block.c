/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -drive, -sd and -snapshot: the images behind the board's disks. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

static void drive_help(void)
{
    printf("file=PATH                 the image\n"
           "if=sd                     the board's SD card slot (default)\n"
           "format=raw|qcow2          if not given, told by the file's first bytes\n"
           "cache=writeback|none|writethrough|directsync|unsafe\n"
           "                          writeback: the host caches, the guest's flushes count (default); none: past the\n"
           "                          host's cache; writethrough, directsync: each write is flushed; unsafe: flushes\n"
           "                          do nothing\n"
           "readonly=on|off           never write to the image\n"
           "snapshot=on|off           write to a temporary image, gone at the end\n"
           "discard=ignore|unmap      unmap: what the guest erases goes back to the host\n"
           "werror=, rerror=ACTION    on errors: report (to the guest), ignore, stop, enospc (stop if the host's disk\n"
           "                          is full, else report; default for werror)\n"
           "id=NAME                   its name in the monitor\n"
           "file.locking=on|off       off: let other processes use the file, too\n");
    exit(0);
}

static void drive_cache(CommandLine *c, const char *arg, BlockOptions *d, const char *value)
{
    static const struct { const char *name; bool direct, write_through, no_flush; } modes[] = {
        { "writeback", false, false, false }, { "none", true, false, false }, { "writethrough", false, true, false },
        { "directsync", true, true, false }, { "unsafe", false, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (!strcmp(value, modes[i].name)) {
            d->direct = modes[i].direct;
            d->write_through = modes[i].write_through;
            d->no_flush = modes[i].no_flush;
            return;
        }
    }
    option_fail(c, arg, "cache is writeback, none, writethrough, directsync or unsafe, not '%s'", value);
}

static BlockErrorPolicy drive_policy(CommandLine *c, const char *arg, const KeyValue *kv)
{
    static const char *const names[] = {
        [BLOCK_ERROR_REPORT] = "report", [BLOCK_ERROR_IGNORE] = "ignore", [BLOCK_ERROR_STOP] = "stop",
        [BLOCK_ERROR_ENOSPC] = "enospc",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(kv->value, names[i]) && (i != BLOCK_ERROR_ENOSPC || !strcmp(kv->key, "werror"))) {
            return (BlockErrorPolicy)i;
        }
    }
    option_fail(c, arg, "%s is report, ignore, stop%s, not '%s'", kv->key,
                !strcmp(kv->key, "werror") ? " or enospc" : "", kv->value);
}

/* One of `a` and `b`; true: it is `b`. */
static bool either(CommandLine *c, const char *arg, const KeyValue *kv, const char *a, const char *b)
{
    if (strcmp(kv->value, a) && strcmp(kv->value, b)) {
        option_fail(c, arg, "%s is %s or %s, not '%s'", kv->key, a, b, kv->value);
    }
    return !strcmp(kv->value, b);
}

static void drive_interface(CommandLine *c, const char *arg, const char *value)
{
    if (strcmp(value, "sd")) {
        option_fail(c, arg, "the board has no '%s' disk (if=sd is its SD card slot)", value);
    }
}

/* One property; `kv` has a value. */
static void drive_property(CommandLine *c, const char *arg, BlockOptions *d, const KeyValue *kv)
{
    const char *key = kv->key, *value = kv->value;

    if (!strcmp(key, "file") || !strcmp(key, "file.filename")) {
        d->file = value;
    } else if (!strcmp(key, "if")) {
        drive_interface(c, arg, value);
    } else if (!strcmp(key, "format") || !strcmp(key, "driver")) {
        d->format = either(c, arg, kv, "raw", "qcow2") ? "qcow2" : "raw";
    } else if (!strcmp(key, "cache")) {
        drive_cache(c, arg, d, value);
    } else if (!strcmp(key, "readonly") || !strcmp(key, "read-only")) {
        d->readonly = option_bool(c, arg, kv);
    } else if (!strcmp(key, "snapshot")) {
        d->snapshot = option_bool(c, arg, kv);
    } else if (!strcmp(key, "discard")) {
        d->discard = !strcmp(value, "on") || (strcmp(value, "off") && either(c, arg, kv, "ignore", "unmap"));
    } else if (!strcmp(key, "werror")) {
        d->on_write_error = drive_policy(c, arg, kv);
    } else if (!strcmp(key, "rerror")) {
        d->on_read_error = drive_policy(c, arg, kv);
    } else if (!strcmp(key, "id")) {
        d->id = value;
    } else if (!strcmp(key, "file.locking")) {
        d->no_lock = !option_bool(c, arg, kv);
    } else if (!strcmp(key, "media")) {
        if (strcmp(value, "disk")) {
            option_fail(c, arg, "media is disk (the board has no drive for a '%s')", value);
        }
    } else if (!strcmp(key, "index") || !strcmp(key, "unit") || !strcmp(key, "bus")) {
        if (strcmp(value, "0")) {
            option_fail(c, arg, "%s is 0: the board has one SD card slot", key);
        }
    } else if (!strcmp(key, "aio")) {
        if (strcmp(value, "threads")) {
            option_fail(c, arg, "aio is threads, not '%s'", value);
        }
    } else {
        option_fail(c, arg, "unknown property '%s' (-drive help lists those there are)", key);
    }
}

static void drive_add(CommandLine *c, const char *arg, const BlockOptions *d)
{
    if (!d->file || !*d->file) {
        option_fail(c, arg, "file= is missing");
    }
    if (c->o->sd) {
        option_fail(c, arg, "there is a card in the slot already ('%s')", c->o->sd->file);
    }
    c->o->sd = g_memdup2(d, sizeof(*d));
    c->o->sd->said = g_strdup_printf("%s %s", c->option, arg);
}

void option_drive(CommandLine *c, const char *arg)
{
    BlockOptions d = { .on_write_error = BLOCK_ERROR_ENOSPC };
    KeyValue *kv;

    if (option_is_help(arg)) {
        drive_help();
    }
    kv = option_split(c, arg);
    for (int i = 0; kv[i].key; i++) {
        if (option_is_help(kv[i].key)) {
            drive_help();
        }
        if (!kv[i].value) {
            kv[i].value = "on";
        }
        drive_property(c, arg, &d, &kv[i]);
    }
    drive_add(c, arg, &d);
}

void option_sd(CommandLine *c, const char *arg)
{
    BlockOptions d = { .file = arg, .on_write_error = BLOCK_ERROR_ENOSPC };

    drive_add(c, arg, &d);
}

void option_snapshot(CommandLine *c, const char *arg)
{
    c->snapshot = true;
}

void options_block_finish(CommandLine *c)
{
    if (c->o->sd) {
        c->o->sd->snapshot |= c->snapshot;
        if (!c->o->sd->id) {
            c->o->sd->id = "sd0";
        }
    }
}
