/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -drive, -sd, -pflash and -snapshot: the images behind the board's disks. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

static void drive_help(void)
{
    printf("file=PATH                     the image; nbd:, null-co:, or json:{...} with what -blockdev takes\n"
           "if=sd|pflash|ide|virtio|none  the board's SD card slot (default), its NOR flash, its CompactFlash socket,\n"
           "                              a virtual disk, or what -device virtio-blk-device,drive=ID names\n"
           "unit=0|1                      which bank of the flash, 64 MiB each; if not given, the next one\n"
           "format=raw|qcow2              if not given, told by the file's first bytes\n"
           "cache=writeback|none|writethrough|directsync|unsafe\n"
           "                              writeback: the host caches, the guest's flushes count (default); none: past\n"
           "                              the host's cache; writethrough, directsync: each write is flushed; unsafe:\n"
           "                              flushes do nothing\n"
           "snapshot=on|off               write to a temporary image, gone at the end\n"
           "werror=, rerror=ACTION        on errors: report (to the guest), ignore, stop, enospc (stop if the host's\n"
           "                              disk is full, else report; default for werror)\n"
           "id=NAME                       its name in the monitor\n"
           "throttling.LIMIT=NUMBER       at most so many a second: bps-total, bps-read, bps-write (bytes),\n"
           "                              iops-total, iops-read, iops-write (requests); LIMIT-max, LIMIT-max-length:\n"
           "                              so many for so many seconds; iops-size: a request counts once for each so\n"
           "                              many bytes\n"
           "throttling.group=NAME         share the limits with other disks of that group\n"
           "and as for -blockdev, also with the prefix 'file.':\n");
    block_option_help();
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

BlockErrorPolicy block_option_policy(CommandLine *c, const char *arg, const KeyValue *kv)
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

#define JSON "json:"

/* Where the machine has its drives: MachineState's numbers. */
enum { SLOT_SD = 0, SLOT_FLASH = 1, SLOT_CF = 3, UNIT_NEXT = -1 };

/* What a -drive says, and where it goes. */
typedef struct Drive {
    BlockOptions block;
    enum { TO_SD, TO_FLASH, TO_CF, TO_VIRTIO, TO_NONE } to;
    int unit;
} Drive;

static void drive_interface(CommandLine *c, const char *arg, Drive *d, const char *value)
{
    static const char *const names[] = {
        [TO_SD] = "sd", [TO_FLASH] = "pflash", [TO_CF] = "ide", [TO_VIRTIO] = "virtio", [TO_NONE] = "none",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(value, names[i])) {
            d->to = i;
            return;
        }
    }
    option_fail(c, arg, "the board has no '%s' disk (if=sd is its SD card slot, if=pflash its flash, if=ide its "
                "CompactFlash socket, if=virtio a virtual disk)", value);
}

/* One property; `kv` has a value. */
static void drive_property(CommandLine *c, const char *arg, Drive *drive, const KeyValue *kv);

/* file=json:{...}: what a node of -blockdev says of its image. */
static void drive_json(CommandLine *c, const char *arg, Drive *drive, const char *text)
{
    for (const KeyValue *kv = option_json(c, text); kv->key; kv++) {
        drive_property(c, arg, drive, kv);
    }
}

static void drive_property(CommandLine *c, const char *arg, Drive *drive, const KeyValue *kv)
{
    BlockOptions *d = &drive->block;
    const char *key = kv->key, *value = kv->value;

    if (!strcmp(key, "file") && g_str_has_prefix(value, JSON)) {
        drive_json(c, arg, drive, value + strlen(JSON));
    } else if (!strcmp(key, "file")) {
        d->file = value;
    } else if (!strcmp(key, "if")) {
        drive_interface(c, arg, drive, value);
    } else if (!strcmp(key, "format")) {
        d->format = either(c, arg, kv, "raw", "qcow2") ? "qcow2" : "raw";
    } else if (!strcmp(key, "cache")) {
        drive_cache(c, arg, d, value);
    } else if (!strcmp(key, "snapshot")) {
        d->snapshot = option_bool(c, arg, kv);
    } else if (!strcmp(key, "werror")) {
        d->on_write_error = block_option_policy(c, arg, kv);
    } else if (!strcmp(key, "rerror")) {
        d->on_read_error = block_option_policy(c, arg, kv);
    } else if (!strcmp(key, "id")) {
        d->id = value;
    } else if (!strcmp(key, "media")) {
        if (strcmp(value, "disk")) {
            option_fail(c, arg, "media is disk (the board has no drive for a '%s')", value);
        }
    } else if (!strcmp(key, "index") || !strcmp(key, "unit") || !strcmp(key, "bus")) {
        if (strcmp(value, "0") && strcmp(value, "1")) {
            option_fail(c, arg, "%s is 0, or 1 for the second bank of the flash", key);
        }
        drive->unit = strcmp(key, "bus") ? value[0] - '0' : drive->unit;
    } else if (!strcmp(key, "throttling.group") || !strcmp(key, "group")) {
        d->throttle_group = value;
    } else if (!block_option_throttle(c, arg, &d->throttle, g_str_has_prefix(key, "throttling.") ? strchr(key, '.') + 1
                                      : key, value) && !block_option_property(c, arg, d, kv)) {
        option_fail(c, arg, "unknown property '%s' (-drive help lists those there are)", key);
    }
}

void options_drive_add(CommandLine *c, const char *arg, const BlockOptions *o)
{
    if (c->drives == MAX_DRIVES) {
        option_fail(c, arg, "there are more than %d drives", MAX_DRIVES);
    }
    for (int i = 0; i < c->drives; i++) {
        if (!strcmp(c->other_drive[i].block->id, o->id)) {
            option_fail(c, arg, "another drive has the id '%s'", o->id);
        }
    }
    c->other_drive[c->drives].block = g_memdup2(o, sizeof(*o));
    c->other_drive[c->drives++].block->said = g_strdup_printf("%s %s", c->option, arg);
}

/* A drive that is not the board's. */
static void drive_add_other(CommandLine *c, const char *arg, Drive *d)
{
    DriveOption *drive;

    if (!d->block.id) {
        d->block.id = g_strdup_printf("%s%d", d->to == TO_VIRTIO ? "virtio" : "none", c->drives);
    }
    options_drive_add(c, arg, &d->block);
    drive = &c->other_drive[c->drives - 1];
    if (d->to == TO_VIRTIO) {
        drive->taken = true;
        options_virtio_add_disk(c, drive->block);
    }
}

const BlockOptions *options_drive_take(CommandLine *c, const char *id)
{
    for (int i = 0; i < c->drives; i++) {
        if (!c->other_drive[i].taken && !strcmp(c->other_drive[i].block->id, id)) {
            c->other_drive[i].taken = true;
            return c->other_drive[i].block;
        }
    }
    return NULL;
}

BlockOptions *options_drive_take_for_device(CommandLine *c, const char *id)
{
    BlockOptions *drive = g_memdup2(options_drive_take(c, id), sizeof(*drive));

    if (drive && drive->node && !drive->format) {
        drive->format = "raw";
    }
    return drive;
}

/* Which of the machine's drives it is. */
static int drive_slot(CommandLine *c, const char *arg, const Drive *d)
{
    if (d->to == TO_FLASH) {
        return SLOT_FLASH + (d->unit != UNIT_NEXT ? d->unit : c->o->drive[SLOT_FLASH] ? 1 : 0);
    }
    if (d->unit > 0) {
        option_fail(c, arg, "unit is 0: the board has one %s", d->to == TO_SD ? "SD card slot" : "CompactFlash socket");
    }
    return d->to == TO_SD ? SLOT_SD : SLOT_CF;
}

static void drive_add(CommandLine *c, const char *arg, Drive *d)
{
    static const char *const names[MACHINE_DRIVES] = { "sd0", "pflash0", "pflash1", "ide0-hd0" };
    BlockOptions **slot = c->o->drive;
    const char *problem;
    int n;

    problem = throttle_config_problem(&d->block.throttle);
    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
    block_option_complete(c, arg, &d->block);
    if (!d->block.file || !*d->block.file) {
        option_fail(c, arg, "file= is missing");
    }
    if (d->to == TO_VIRTIO || d->to == TO_NONE) {
        drive_add_other(c, arg, d);
        return;
    }
    n = drive_slot(c, arg, d);
    if (slot[n]) {
        option_fail(c, arg, d->to == TO_FLASH ? "that bank of the flash has an image already ('%s')"
                                              : "there is a card in the slot already ('%s')", slot[n]->file);
    }
    slot[n] = g_memdup2(&d->block, sizeof(d->block));
    if (!slot[n]->id) {
        slot[n]->id = names[n];
    }
    for (int i = 0; i < MACHINE_DRIVES; i++) {
        if (i != n && slot[i] && !strcmp(slot[i]->id, slot[n]->id)) {
            option_fail(c, arg, "another drive has the id '%s'", slot[i]->id);
        }
    }
    slot[n]->said = g_strdup_printf("%s %s", c->option, arg);
}

static Drive plain_drive(void)
{
    Drive d = { .block.on_write_error = BLOCK_ERROR_ENOSPC, .unit = UNIT_NEXT };

    throttle_config_init(&d.block.throttle);
    return d;
}

void option_drive(CommandLine *c, const char *arg)
{
    Drive d = plain_drive();
    KeyValue *kv;

    if (option_is_help(arg)) {
        drive_help();
    }
    kv = option_split(c, arg);
    option_check_id(c, arg, kv);
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

/* An image whose format is told by its first bytes. */
static void drive_of_file(CommandLine *c, const char *file, int to)
{
    Drive d = plain_drive();

    drive_property(c, file, &d, &(KeyValue) { .key = (char *)"file", .value = (char *)file });
    d.to = to;
    drive_add(c, file, &d);
}

void option_sd(CommandLine *c, const char *arg)
{
    drive_of_file(c, arg, TO_SD);
}

void option_pflash(CommandLine *c, const char *arg)
{
    drive_of_file(c, arg, TO_FLASH);
}

void option_hda(CommandLine *c, const char *arg)
{
    drive_of_file(c, arg, TO_CF);
}

void option_snapshot(CommandLine *c, const char *arg)
{
    c->snapshot = true;
}

bool option_sd_card_driver(size_t i, OptionInfo *info)
{
    *info = (OptionInfo) { "sd-card", NULL, "a card in the slot" };
    return i == 0;
}

bool option_sd_card_property(size_t i, size_t n, OptionInfo *info)
{
    *info = (OptionInfo) { "drive", NULL, "its image: a node of -blockdev that stands before it" };
    return n == 0;
}

bool option_sd_card_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *kv)
{
    BlockOptions **slot = &c->o->drive[SLOT_SD];
    BlockOptions *drive = NULL;

    if (strcmp(driver, "sd-card")) {
        return false;
    }
    for (; kv->key; kv++) {
        if (!strcmp(kv->key, "drive") && kv->value) {
            drive = options_drive_take_for_device(c, kv->value);
            if (!drive) {
                option_fail(c, arg, "there is no '%s' that is free (-blockdev raw,node-name=%s,file.driver=file,"
                            "file.filename=FILE before this makes one)", kv->value, kv->value);
            }
        } else if (strcmp(kv->key, "id")) {
            option_fail(c, arg, "a card has the properties drive and id, not '%s'", kv->key);
        }
    }
    if (!drive) {
        option_fail(c, arg, "drive= is missing: a node of -blockdev");
    }
    if (*slot) {
        option_fail(c, arg, "there is a card in the slot already ('%s')", (*slot)->file);
    }
    *slot = drive;
    return true;
}

void options_nodes_finish(CommandLine *c)
{
    for (int i = 0; i < c->drives; i++) {
        NodeOption *n = &c->o->node[c->o->nodes];

        if (c->other_drive[i].taken) {
            continue;
        }
        n->block = c->other_drive[i].block;
        for (int j = 0; j < i; j++) {
            BlockOptions *inner = c->other_drive[j].block;

            n->inner = n->block->file_node && !g_strcmp0(n->block->file_node, inner->node) ? inner : n->inner;
        }
        c->o->nodes++;
    }
}

void options_block_finish(CommandLine *c)
{
    for (int i = 0; i < c->drives; i++) {
        const BlockOptions *o = c->other_drive[i].block;

        if (o->node && o->throttle_group && !throttle_group_exists(o->throttle_group)) {
            error_exit("%s: there is no -object throttle-group,id=%s", o->said, o->throttle_group);
        }
        c->other_drive[i].block->snapshot |= c->snapshot;
    }
    for (int i = 0; i < MACHINE_DRIVES; i++) {
        if (c->o->drive[i]) {
            c->o->drive[i]->snapshot |= c->snapshot;
        }
    }
    /* The slot is there without a card: the monitor's 'change' puts one in. */
    if (!c->o->drive[SLOT_SD] && !c->nodefaults) {
        BlockOptions empty = { .said = "the card slot", .id = "sd0", .on_write_error = BLOCK_ERROR_ENOSPC };

        c->o->drive[SLOT_SD] = g_memdup2(&empty, sizeof(empty));
    }
}
