/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -blockdev and -drive have in common: the properties that say what an image is and how it is opened; and
 * -blockdev itself. A chain of nodes, a format over what holds its bytes, is one BlockOptions: properties of the inner
 * node come with the prefix "file.", or the outer one names it by file=NODE. Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/identifier.h"
#include "softmmu/options-internal.h"

/* Which of the names `value` is. */
static unsigned choice(CommandLine *c, const char *arg, const KeyValue *kv, const char *const *names)
{
    GString *all = g_string_new(NULL);

    for (unsigned i = 0; names[i]; i++) {
        if (!strcmp(kv->value, names[i])) {
            g_string_free(all, TRUE);
            return i;
        }
        g_string_append_printf(all, "%s%s", i ? names[i + 1] ? ", " : " or " : "", names[i]);
    }
    option_fail(c, arg, "%s is %s, not '%s'", kv->key, all->str, kv->value);
}

static void set_driver(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    enum { FORMATS = 2, THROTTLE = 7, COPY_ON_READ = 8 };
    static const char *const names[] = {
        "raw", "qcow2", "file", "host_device", "nbd", "null-co", "null-aio", [THROTTLE] = "throttle",
        [COPY_ON_READ] = "copy-on-read", NULL
    };
    unsigned n = choice(c, arg, kv, names);
    const char **what = n < FORMATS ? &o->format : &o->driver;

    if (n >= THROTTLE) {
        o->copy_on_read |= n == COPY_ON_READ;
        return;
    }
    if (*what && strcmp(*what, names[n])) {
        option_fail(c, arg, "'%s' over '%s' is not there", *what, names[n]);
    }
    *what = names[n];
}

static void set_filename(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->file = kv->value;
}

static void set_readonly(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->readonly = option_bool(c, arg, kv);
}

static void set_direct(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->direct = option_bool(c, arg, kv);
}

static void set_no_flush(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->no_flush = option_bool(c, arg, kv);
}

static void set_writeback(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->write_through = !option_bool(c, arg, kv);
}

static void set_discard(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    static const char *const names[] = { "ignore", "off", "unmap", "on", NULL };

    o->discard = choice(c, arg, kv, names) >= 2;
}

static void set_detect_zeroes(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    static const char *const names[] = {
        [DETECT_ZEROES_OFF] = "off", [DETECT_ZEROES_ON] = "on", [DETECT_ZEROES_UNMAP] = "unmap", NULL
    };

    o->detect_zeroes = choice(c, arg, kv, names);
}

static void set_aio(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    static const char *const names[] = {
        [BLOCK_AIO_THREADS] = "threads", [BLOCK_AIO_NATIVE] = "native", [BLOCK_AIO_URING] = "io_uring", NULL
    };

    o->aio = choice(c, arg, kv, names);
}

static void set_locking(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->no_lock = strcmp(kv->value, "auto") && !option_bool(c, arg, kv);
}

static void set_force_share(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->force_share = option_bool(c, arg, kv);
}

static void set_backing(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    const BlockOptions *behind = *kv->value ? options_drive_take(c, kv->value) : NULL;

    if (*kv->value && !behind) {
        option_fail(c, arg, "there is no node '%s' that is free", kv->value);
    }
    o->backing = g_memdup2(behind, sizeof(*behind));
    o->no_backing = true;
}

static void set_throttle_group(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->throttle_group = kv->value;
}

static void set_server_type(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    static const char *const names[] = { "inet", "unix", NULL };

    choice(c, arg, kv, names);
}

static void set_host(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv) { o->nbd_host = kv->value; }
static void set_port(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv) { o->nbd_port = kv->value; }

static void set_path(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->nbd_socket = kv->value;
}

static void set_export(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->nbd_export = kv->value;
}

static void set_reconnect(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    uint64_t seconds;

    if (!option_number(kv->value, 86400, &seconds)) {
        option_fail(c, arg, "%s is a number of seconds up to a day, not '%s'", kv->key, kv->value);
    }
    o->nbd_reconnect_s = (unsigned)seconds;
}

/* Of the node itself a raw disk's, of what holds its bytes null-co's; which it is the driver says, maybe later. */
static void set_size(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    uint64_t *size = g_str_has_prefix(kv->key, "file.") ? &o->null_bytes : &o->raw_bytes;

    if (!option_size(kv->value, 1, size) || *size % 512) {
        option_fail(c, arg, "%s is a multiple of 512 bytes, not '%s'", kv->key, kv->value);
    }
}

static void set_offset(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    if (!option_size(kv->value, 1, &o->raw_offset) || o->raw_offset % 512) {
        option_fail(c, arg, "offset is a multiple of 512 bytes, not '%s'", kv->value);
    }
}

static void set_latency(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    if (!option_number(kv->value, UINT32_MAX, &o->null_latency_ns)) {
        option_fail(c, arg, "latency-ns is nanoseconds up to %u, not '%s'", UINT32_MAX, kv->value);
    }
}

static void set_copy_on_read(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    o->copy_on_read = option_bool(c, arg, kv);
}

/* Others' caches and their checks: there are none to set here. */
static void set_nothing(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
}

static const struct BlockProperty {
    const char *name;
    void (*set)(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv);
    const char *argument, *help;        /* help NULL: not shown */
} properties[] = {
    { "driver", set_driver, "DRIVER", "raw, qcow2: a format; file, host_device, nbd, null-co, null-aio: what holds the "
      "bytes; throttle, copy-on-read: what is in front of another node" },
    { "filename", set_filename, "PATH", "the file, or nbd://HOST:PORT/EXPORT, nbd+unix:///EXPORT?socket=PATH" },
    { "read-only", set_readonly, "on|off", "never write to it" },
    { "readonly", set_readonly, NULL, NULL },
    { "auto-read-only", set_nothing, NULL, NULL },
    { "cache.direct", set_direct, "on|off", "past the host's page cache" },
    { "cache.no-flush", set_no_flush, "on|off", "flushes do nothing" },
    { "cache.writeback", set_writeback, "on|off", "off: each write is flushed" },
    { "discard", set_discard, "ignore|unmap", "unmap: what the guest erases goes back to the host" },
    { "detect-zeroes", set_detect_zeroes, "off|on|unmap",
      "writes of nothing but zeroes become such, or (with discard=unmap) go back to the host" },
    { "aio", set_aio, "threads|native|io_uring",
      "who transfers a raw file's bytes; native wants cache.direct=on" },
    { "locking", set_locking, "auto|on|off", "off: let other processes use the file, too" },
    { "force-share", set_force_share, "on|off", "with read-only=on: look at a file while another process writes it" },
    { "node-name", set_nothing, NULL, NULL },   /* of an inner node */
    { "backing", set_backing, "NODE", "the image behind it, instead of the one it names; without a value none" },
    { "throttle-group", set_throttle_group, "ID", "throttle: an -object throttle-group" },
    { "server.type", set_server_type, "inet|unix", "nbd: where the server is" },
    { "server.host", set_host, "HOST", "nbd; also host=" },
    { "server.port", set_port, "PORT", "nbd; also port=" },
    { "server.path", set_path, "PATH", "nbd: a socket of kind unix; also path=" },
    { "host", set_host, NULL, NULL },
    { "port", set_port, NULL, NULL },
    { "path", set_path, NULL, NULL },
    { "export", set_export, "NAME", "nbd: which of the server's disks" },
    { "reconnect-delay", set_reconnect, "SECONDS", "nbd: how long requests wait for a server that has gone" },
    { "offset", set_offset, "BYTES", "raw: where in the file the disk begins" },
    { "size", set_size, "BYTES", "raw: how long it is, if the file has more; null-co: its size" },
    { "latency-ns", set_latency, "NUMBER", "null-co: how long each request takes" },
    { "read-zeroes", set_nothing, NULL, NULL },
    { "copy-on-read", set_copy_on_read, "on|off", "what is read of images behind a qcow2 image becomes its own" },
    { "lazy-refcounts", set_nothing, NULL, NULL },
    { "overlap-check", set_nothing, NULL, NULL },
    { "cache-size", set_nothing, NULL, NULL },
    { "l2-cache-size", set_nothing, NULL, NULL },
    { "refcount-cache-size", set_nothing, NULL, NULL },
    { "cache-clean-interval", set_nothing, NULL, NULL },
    { "l2-cache-entry-size", set_nothing, NULL, NULL },
    { "aio-max-batch", set_nothing, NULL, NULL },
    { "drop-cache", set_nothing, NULL, NULL },
    { "x-check-cache-dropped", set_nothing, NULL, NULL },
    { "stats-account-invalid", set_nothing, NULL, NULL },
    { "stats-account-failed", set_nothing, NULL, NULL },
};

void block_option_help(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (properties[i].help) {
            char *left = g_strdup_printf("%s=%s", properties[i].name, properties[i].argument);

            printf("%-29s %s\n", left, properties[i].help);
            g_free(left);
        }
    }
}

bool block_option_property(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv)
{
    const char *name = kv->key;

    while (g_str_has_prefix(name, "file.")) {
        name += strlen("file.");
    }
    if (g_str_has_prefix(name, "backing.")) {
        const KeyValue inner = { .key = (char *)(uintptr_t)name + strlen("backing."), .value = kv->value };

        o->backing = o->backing ? o->backing : g_new0(BlockOptions, 1);
        return block_option_property(c, arg, o->backing, &inner);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (!strcmp(properties[i].name, name)) {
            properties[i].set(c, arg, o, kv);
            return true;
        }
    }
    return false;
}

bool block_option_throttle(CommandLine *c, const char *arg, ThrottleConfig *config, const char *name, const char *value)
{
    uint64_t *field = throttle_find(config, name);

    if (field && !option_size(value, 1, field)) {
        option_fail(c, arg, "%s is a number, not '%s'", name, value);
    }
    return field;
}

void block_option_complete(CommandLine *c, const char *arg, BlockOptions *o)
{
    blk_options_name(o);
    if (o->backing) {
        block_option_complete(c, arg, o->backing);
    }
    if (o->backing && !o->backing->file) {
        option_fail(c, arg, "backing.filename= or backing.file.filename= is missing");
    }
    if (o->raw_bytes && o->driver && g_str_has_prefix(o->driver, "null-") && !o->format) {
        o->null_bytes = o->raw_bytes;
        o->raw_bytes = 0;
    }
    if ((o->raw_bytes || o->raw_offset) && g_strcmp0(o->format, "raw")) {
        option_fail(c, arg, "offset= and size= are of a raw image: add %s", o->node ? "driver=raw" : "format=raw");
    }
    if (o->nbd_host && o->nbd_socket) {
        option_fail(c, arg, "an NBD server has either a host or a path");
    }
    if (o->force_share && !o->readonly) {
        option_fail(c, arg, "force-share=on is for looking only: add read-only=on");
    }
    o->no_lock |= o->force_share;
    if (o->aio == BLOCK_AIO_NATIVE && !o->direct) {
        option_fail(c, arg, "aio=native is asynchronous past the host's cache only: add cache.direct=on, or use "
                    "aio=io_uring");
    }
    if (o->detect_zeroes == DETECT_ZEROES_UNMAP && !o->discard) {
        option_fail(c, arg, "detect-zeroes=unmap needs discard=unmap");
    }
}

/* ---- -blockdev ---- */

static void blockdev_help(void)
{
    printf("node-name=NAME                the name by which a device, or another node's file=, finds it\n"
           "file=NODE                     what holds the bytes, made before; or properties with the prefix 'file.'\n");
    block_option_help();
    printf("Or all of it as a JSON object: {\"driver\": \"qcow2\", \"node-name\": \"disk\", \"file\": {...}}\n");
    exit(0);
}

void option_blockdev(CommandLine *c, const char *arg)
{
    BlockOptions o = { .on_write_error = BLOCK_ERROR_ENOSPC };
    bool is_throttle = false, is_filter = false;
    KeyValue *kv;

    throttle_config_init(&o.throttle);
    if (option_is_help(arg)) {
        blockdev_help();
    }
    kv = option_split(c, option_plain(c, arg, "driver"));
    if (kv[0].key && !kv[0].value) {
        kv[0].value = kv[0].key;
        kv[0].key = (char *)"driver";
    }
    for (int i = 0; kv[i].key; i++) {
        is_throttle |= !strcmp(kv[i].key, "driver") && !g_strcmp0(kv[i].value, "throttle");
        is_filter |= is_throttle || (!strcmp(kv[i].key, "driver") && !g_strcmp0(kv[i].value, "copy-on-read"));
    }
    for (int i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "file") && kv[i].value) {
            const BlockOptions *inner = options_drive_take(c, kv[i].value);

            if (!inner || (inner->format && !is_filter)) {
                option_fail(c, arg, "there is no node '%s' that %sis free (driver=file,node-name=%s,... before this "
                            "one makes it)", kv[i].value, is_filter ? "" : "holds bytes and ", kv[i].value);
            }
            o = *inner;
            o.file_node = is_filter ? inner->file_node : inner->node;
            o.node = NULL;
        }
    }
    for (int i = 0; kv[i].key; i++) {
        if (!kv[i].value) {
            kv[i].value = (char *)"on";
        }
        if (!strcmp(kv[i].key, "node-name")) {
            o.node = o.id = kv[i].value;
        } else if (strcmp(kv[i].key, "file") && !block_option_property(c, arg, &o, &kv[i])) {
            option_fail(c, arg, "unknown property '%s' (-blockdev help lists those there are)", kv[i].key);
        }
    }
    if (is_throttle && !o.throttle_group) {
        option_fail(c, arg, "throttle-group= is missing: an -object throttle-group");
    }
    if (!o.format && !o.driver) {
        option_fail(c, arg, "%s is missing (-blockdev help)", is_filter ? "file=" : "driver=");
    }
    if (!o.node || !*o.node) {
        option_fail(c, arg, "node-name= is missing: the name by which a device finds it");
    }
    if (!node_name_good(o.node)) {
        option_fail(c, arg, "Parameter 'node-name' " IDENTIFIER_EXPECTED " of up to %d characters, not '%s'",
                    NODE_NAME_MAX, o.node);
    }
    block_option_complete(c, arg, &o);
    if (!o.file) {
        option_fail(c, arg, "%s is missing", o.driver && !strcmp(o.driver, "nbd") ? "server.host= or server.path="
                                                                                  : "filename= or file=");
    }
    options_drive_add(c, arg, &o);
}
