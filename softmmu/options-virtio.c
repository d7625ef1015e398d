/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device virtio-*-device, -drive if=virtio: virtual I/O devices. A device names its drive or network, which may come
 * later on the command line: options_virtio_finish() looks them up. Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"
#include "ui/console.h"

/* A property of a kind of device; `set` gets a value that is not NULL. */
typedef struct VirtIOProperty {
    const char *name;
    void (*set)(CommandLine *c, const char *arg, unsigned n, const char *value);
    const char *help;
} VirtIOProperty;

enum { MAX_PROPERTIES = 6, USUAL_PORTS = 8, USUAL_WIDTH = 1280, USUAL_HEIGHT = 800, USUAL_HOSTMEM = 256 << 20 };

typedef struct VirtIODriver {
    const char *name;
    VirtIOKind kind;
    const char *help;
    VirtIOProperty property[MAX_PROPERTIES];
} VirtIODriver;

/* What devices name. */
static const char *named[MACHINE_VIRTIOS];

/* There is none of the interface before version 1.0. */
static bool is_modern(VirtIOKind kind)
{
    return kind == VIRTIO_KEYBOARD || kind == VIRTIO_MOUSE || kind == VIRTIO_TABLET || kind == VIRTIO_GPU ||
           kind == VHOST_USER_FS;
}

static bool is_vhost(VirtIOKind kind)
{
    return kind == VHOST_USER_BLK || kind == VHOST_USER_FS;
}

static void set_named(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    named[n] = value;
}

/* Policies that devices name; -1: the drive's. */
static int on_write_error[MACHINE_VIRTIOS], on_read_error[MACHINE_VIRTIOS];

static void set_write_error(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    KeyValue kv = { (char *)"werror", (char *)(uintptr_t)value };

    on_write_error[n] = (int)block_option_policy(c, arg, &kv);
}

static void set_read_error(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    KeyValue kv = { (char *)"rerror", (char *)(uintptr_t)value };

    on_read_error[n] = (int)block_option_policy(c, arg, &kv);
}

/* -1: the drive's; else whether writes stay in the host's cache until the guest flushes. */
static int write_cache[MACHINE_VIRTIOS];

static void set_write_cache(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    KeyValue kv = { (char *)"write-cache", (char *)(uintptr_t)value };

    write_cache[n] = strcmp(value, "auto") ? option_bool(c, arg, &kv) : -1;
}

/* Nothing boots from a disk or from the network, so any order will do. */
static void check_bootindex(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    uint64_t index;

    if (!option_number(value, INT32_MAX, &index)) {
        option_fail(c, arg, "bootindex is a number, not '%s'", value);
    }
}

static void set_serial(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    if (strlen(value) > 20) {
        option_fail(c, arg, "serial has 20 characters at most");
    }
    c->o->virtio[n].serial = value;
}

static void set_tag(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    if (!*value || strlen(value) > 36) {
        option_fail(c, arg, "tag has 1 to 36 characters");
    }
    c->o->virtio[n].tag = value;
}

static void set_mac(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    net_option_mac(c, arg, value, c->o->virtio[n].mac);
}

static void set_max_ports(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    uint64_t ports;

    if (!option_number(value, VIRTIO_MAX_PORTS, &ports) || !ports) {
        option_fail(c, arg, "max_ports is 1 to %d, not '%s'", VIRTIO_MAX_PORTS, value);
    }
    c->o->virtio[n].max_ports = (unsigned)ports;
}

static bool is_on(CommandLine *c, const char *arg, const char *key, const char *value)
{
    const KeyValue kv = { (char *)(uintptr_t)key, (char *)(uintptr_t)value };

    return option_bool(c, arg, &kv);
}

static void set_deflate_on_oom(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].deflate_on_oom = is_on(c, arg, "deflate-on-oom", value);
}

static void set_report_free(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].report_free = is_on(c, arg, "free-page-reporting", value);
}

/* A number of a property of that name, from 1 on. */
static uint32_t count_of(CommandLine *c, const char *arg, const char *name, const char *value, uint32_t max)
{
    uint64_t n;

    if (!option_number(value, max, &n) || !n) {
        option_fail(c, arg, "%s is 1 to %u, not '%s'", name, max, value);
    }
    return (uint32_t)n;
}

static void set_xres(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].xres = count_of(c, arg, "xres", value, CONSOLE_WIDTH_MAX);
}

static void set_yres(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].yres = count_of(c, arg, "yres", value, CONSOLE_HEIGHT_MAX);
}

static void set_max_outputs(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].max_outputs = count_of(c, arg, "max_outputs", value, VIRTIO_GPU_MAX_OUTPUTS);
}

static void set_max_hostmem(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    if (!option_size(value, 1, &c->o->virtio[n].max_hostmem) || c->o->virtio[n].max_hostmem > DEVICE_BLOB_MAX / 2) {
        option_fail(c, arg, "max_hostmem is a size up to %dM, not '%s'", DEVICE_BLOB_MAX >> 21, value);
    }
}

static void set_edid(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    c->o->virtio[n].edid = is_on(c, arg, "edid", value);
}

static void set_mount_tag(CommandLine *c, const char *arg, unsigned n, const char *value)
{
    if (!*value || strlen(value) > VIRTIO_9P_TAG_MAX) {
        option_fail(c, arg, "mount_tag has 1 to %d characters", VIRTIO_9P_TAG_MAX);
    }
    c->o->virtio[n].tag = value;
}

static const VirtIODriver drivers[] = {
    { "virtio-blk-device", VIRTIO_BLK, "a disk, by virtio", {
        { "drive", set_named, "the drive's id (-drive if=none,id=ID,... or -blockdev node-name=ID,...)" },
        { "serial", set_serial, "its serial number" },
        { "werror", set_write_error, "on errors, as for -drive" },
        { "rerror", set_read_error, "likewise" },
        { "write-cache", set_write_cache, "off: each write is flushed; auto: as the drive says" },
        { "bootindex", check_bootindex, "changes nothing: a kernel comes from -kernel" } } },
    { "virtio-net-device", VIRTIO_NET, "a network card, by virtio", {
        { "netdev", set_named, "the network's id (-netdev TYPE,id=ID,...)" },
        { "mac", set_mac, "its address" },
        { "bootindex", check_bootindex, "changes nothing" } } },
    { "vhost-user-blk", VHOST_USER_BLK, "a disk of another process (qemu-storage-daemon), by vhost-user", {
        { "chardev", set_named, "the socket's id (-chardev socket,id=ID,path=SOCKET)" } } },
    { "vhost-user-fs-device", VHOST_USER_FS, "a folder of another process (virtiofsd), by vhost-user", {
        { "chardev", set_named, "the socket's id (-chardev socket,id=ID,path=SOCKET)" },
        { "tag", set_tag, "the name by which the guest mounts it" } } },
    { "virtio-serial-device", VIRTIO_CONSOLE, "consoles and ports, each a device of its own, by virtio", {
        { "max_ports", set_max_ports, "how many there can be: 1 to 15 (8)" } } },
    { "virtio-rng-device", VIRTIO_RNG, "random numbers of the host, by virtio", {
        { "rng", set_named, "where they come from: an object's id (-object rng-random,id=ID)" } } },
    { "virtio-balloon-device", VIRTIO_BALLOON, "memory that the guest gives back (balloon SIZE in the monitor)", {
        { "deflate-on-oom", set_deflate_on_oom, "on: the guest may take some back before it ends a program for want" },
        { "free-page-reporting", set_report_free, "on: what is free in the guest is the host's meanwhile" } } },
    { "virtio-9p-device", VIRTIO_9P, "a folder of the host, by 9P", {
        { "fsdev", set_named, "the folder's id (-fsdev local,id=ID,path=FOLDER,security_model=none)" },
        { "mount_tag", set_mount_tag, "the name by which the guest mounts it" } } },
    { "virtio-gpu-device", VIRTIO_GPU, "a graphics card, 2D, with a screen of its own", {
        { "xres", set_xres, "width of the screen (1280)" },
        { "yres", set_yres, "height of the screen (800)" },
        { "max_outputs", set_max_outputs, "screens there can be: 1 to 16 (1)" },
        { "edid", set_edid, "off: screens do not say what they can show" },
        { "max_hostmem", set_max_hostmem, "memory that the guest's pictures may take (256M)" } } },
    { "virtio-keyboard-device", VIRTIO_KEYBOARD, "a keyboard", { { .name = NULL } } },
    { "virtio-mouse-device", VIRTIO_MOUSE, "a mouse", { { .name = NULL } } },
    { "virtio-tablet-device", VIRTIO_TABLET, "a pointer that tells where it is on the screen", { { .name = NULL } } },
};

bool option_virtio_driver(size_t i, OptionInfo *info)
{
    if (i < G_N_ELEMENTS(drivers)) {
        *info = (OptionInfo) { drivers[i].name, NULL, drivers[i].help };
    }
    return i < G_N_ELEMENTS(drivers);
}

bool option_virtio_property(size_t i, size_t n, OptionInfo *info)
{
    const VirtIOProperty *p = drivers[i].property + n;

    if (n >= MAX_PROPERTIES || !p->name) {
        return false;
    }
    *info = (OptionInfo) { p->name, NULL, p->help };
    return true;
}

static unsigned add(CommandLine *c, const char *arg, VirtIOKind kind)
{
    if (c->o->virtios == MACHINE_VIRTIOS) {
        option_fail(c, arg, "there are more than %d virtual devices", MACHINE_VIRTIOS);
    }
    unsigned n = c->o->virtios++;
    VirtIOOption *v = &c->o->virtio[n];

    on_write_error[n] = on_read_error[n] = write_cache[n] = -1;
    v->kind = kind;
    v->max_ports = USUAL_PORTS;
    v->xres = USUAL_WIDTH;
    v->yres = USUAL_HEIGHT;
    v->max_outputs = 1;
    v->max_hostmem = USUAL_HOSTMEM;
    v->edid = true;
    v->said = g_strdup_printf("%s %s", c->option, arg);
    memcpy(v->mac, (const uint8_t[6]) { 0x52, 0x54, 0x00, 0x12, 0x34, (uint8_t)(0x57 + n) }, sizeof(v->mac));
    return n;
}

static void set_property(CommandLine *c, const char *arg, const VirtIODriver *d, unsigned n, const KeyValue *kv)
{
    for (const VirtIOProperty *p = d->property; p < d->property + MAX_PROPERTIES && p->name; p++) {
        if (!strcmp(p->name, kv->key)) {
            if (!kv->value) {
                option_fail(c, arg, "%s needs a value", kv->key);
            }
            p->set(c, arg, n, kv->value);
            return;
        }
    }
    if (!strcmp(kv->key, "id")) {
        c->o->virtio[n].id = kv->value;
    } else {
        option_fail(c, arg, "unknown property '%s' (-device help lists those there are)", kv->key);
    }
}

static void apply_globals(CommandLine *c, const VirtIODriver *d, unsigned n)
{
    const char *option = c->option;

    for (KeyValue *kv = options_globals(d->name); kv->key; kv++) {
        g_autofree char *arg = g_strdup_printf("%s.%s=%s", d->name, kv->key, kv->value);

        c->option = "-global";
        set_property(c, arg, d, n, kv);
        c->option = option;
    }
}

/* "virtio-blk" is short for "virtio-blk-device": the board has one bus for them, which the end of the name tells. */
static bool is_named(const VirtIODriver *d, const char *name)
{
    const size_t n = strlen(d->name) - strlen("-device");

    return !strcmp(d->name, name) ||
           (!strcmp(d->name + n, "-device") && strlen(name) == n && !strncmp(d->name, name, n));
}

/* The same device on a bus that the board lacks: which one to take. */
static void refuse_pci(CommandLine *c, const char *arg, const char *name)
{
    g_autofree char *plain = g_strdup(name);
    char *pci = strstr(plain, "-pci");

    if (pci) {
        *pci = 0;
    }
    for (size_t i = 0; pci && i < G_N_ELEMENTS(drivers); i++) {
        if (is_named(&drivers[i], plain)) {
            option_fail(c, arg, "the board has no PCI bus: %s is that device here", drivers[i].name);
        }
    }
}

bool option_virtio_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *kv)
{
    refuse_pci(c, arg, driver);
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (is_named(&drivers[i], driver)) {
            unsigned n = add(c, arg, drivers[i].kind);

            apply_globals(c, &drivers[i], n);
            for (; kv->key; kv++) {
                set_property(c, arg, &drivers[i], n, kv);
            }
            if (drivers[i].kind == VIRTIO_BLK && !named[n]) {
                option_fail(c, arg, "drive= is missing: the id of a drive (-drive if=none,id=ID,file=FILE)");
            }
            if (is_vhost(drivers[i].kind) && !named[n]) {
                option_fail(c, arg, "chardev= is missing: the id of a socket (-chardev socket,id=ID,path=SOCKET)");
            }
            if (drivers[i].kind == VHOST_USER_FS && !c->o->virtio[n].tag) {
                option_fail(c, arg, "tag= is missing: the name by which the guest mounts it");
            }
            if (drivers[i].kind == VIRTIO_9P && (!named[n] || !c->o->virtio[n].tag)) {
                option_fail(c, arg, "%s is missing", named[n] ? "mount_tag=: the name by which the guest mounts it"
                            : "fsdev=: the id of a folder (-fsdev local,id=ID,path=FOLDER,security_model=none)");
            }
            return true;
        }
    }
    return false;
}

void options_virtio_add_folder(CommandLine *c, const char *arg, const char *id, const char *tag)
{
    unsigned n = add(c, arg, VIRTIO_9P);

    set_mount_tag(c, arg, n, tag);
    named[n] = id;
}

/* Those of the kind that device N is. */
static void apply_globals_of(CommandLine *c, unsigned n)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (drivers[i].kind == c->o->virtio[n].kind) {
            apply_globals(c, &drivers[i], n);
        }
    }
}

void options_virtio_add_disk(CommandLine *c, const BlockOptions *drive)
{
    unsigned n = add(c, drive->file, VIRTIO_BLK);

    c->o->virtio[n].drive = drive;
    apply_globals_of(c, n);
    named[n] = NULL;                    /* it has its drive */
}

void options_virtio_add_nic(CommandLine *c, const char *said, const NetOptions *net, const uint8_t mac[6])
{
    const char *option = c->option, *arg = strchr(said, ' ') + 1;
    unsigned n;

    c->option = g_strndup(said, (gsize)(arg - 1 - said));
    n = add(c, arg, VIRTIO_NET);
    c->option = option;
    apply_globals_of(c, n);
    named[n] = NULL;                    /* it has its network, or none */
    c->o->virtio[n].net = net;
    if (mac) {
        memcpy(c->o->virtio[n].mac, mac, sizeof(c->o->virtio[n].mac));
    }
}

/* The drive that device N names, with the device's policies; NULL: there is none that is free. */
static const BlockOptions *drive_for(CommandLine *c, unsigned n)
{
    BlockOptions *drive = options_drive_take_for_device(c, named[n]);

    if (drive && on_write_error[n] >= 0) {
        drive->on_write_error = (BlockErrorPolicy)on_write_error[n];
    }
    if (drive && on_read_error[n] >= 0) {
        drive->on_read_error = (BlockErrorPolicy)on_read_error[n];
    }
    if (drive && write_cache[n] >= 0) {
        drive->write_through = !write_cache[n];
    }
    return drive;
}

/* The socket becomes the device's: its path. */
static const char *take_socket(CommandLine *c, const VirtIOOption *v, const char *id)
{
    for (int i = 0; i < c->o->named_count; i++) {
        const char *device = c->o->named[i].device;

        if (strcmp(c->o->named[i].id, id)) {
            continue;
        }
        if (!device || !g_str_has_prefix(device, "unix:") || strstr(device, ",server=on")) {
            error_exit("%s: '%s' is %s (-chardev socket,id=%s,path=SOCKET makes what is wanted)", v->said, id,
                       device ? "no connection to a Unix socket" : "another device's", id);
        }
        c->o->named[i].device = NULL;
        return g_strndup(device + strlen("unix:"), strcspn(device, ",") - strlen("unix:"));
    }
    error_exit("%s: there is no character device '%s' (-chardev socket,id=%s,path=SOCKET makes one)", v->said, id, id);
}

void options_virtio_finish(CommandLine *c)
{
    for (unsigned n = 0; n < c->o->virtios; n++) {
        VirtIOOption *v = &c->o->virtio[n];

        if (is_modern(v->kind) && c->o->virtio_legacy) {
            error_exit("%s: guests know it as a device of version 1 only: add -global "
                       "virtio-mmio.force-legacy=false", v->said);
        }
        if (!named[n]) {
            continue;
        }
        if (is_vhost(v->kind)) {
            v->socket = take_socket(c, v, named[n]);
            continue;
        }
        if (v->kind == VIRTIO_RNG) {
            v->rng = options_object_rng(named[n], &v->rng_said);
            if (!v->rng) {
                error_exit("%s: there is no -object rng-random,id=%s or the like", v->said, named[n]);
            }
            continue;
        }
        if (v->kind == VIRTIO_9P) {
            v->folder = options_fs_take(named[n], &v->folder_said);
            if (!v->folder) {
                error_exit("%s: there is no folder '%s', or another device has it (-fsdev local,id=%s,... makes one)",
                           v->said, named[n], named[n]);
            }
            continue;
        }
        if (v->kind == VIRTIO_BLK) {
            v->drive = drive_for(c, n);
        } else {
            v->net = options_net_take(named[n]);
        }
        if (!v->drive && !v->net) {
            error_exit("%s: there is no '%s', or another device has it (%s,id=%s,... makes one)", v->said, named[n],
                       v->kind == VIRTIO_BLK ? "-drive if=none" : "-netdev user", named[n]);
        }
    }
}
