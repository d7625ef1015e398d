/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -fsdev, -virtfs: folders of the host for -device virtio-9p-device, which names one by its id. Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

enum { MAX_FOLDERS = MACHINE_VIRTIOS };

typedef struct Folder {
    const char *id, *said;
    P9Share share;
    bool taken;
} Folder;

static Folder folders[MAX_FOLDERS];
static unsigned count;

static void help(void)
{
    printf("local: a folder of the host, by 9P\n"
           "  id=ID                 its name for -device virtio-9p-device,fsdev=ID\n"
           "  path=FOLDER           the folder\n"
           "  security_model=none|mapped-xattr|passthrough\n"
           "                        none: the guest's files are the emulator's user's; mapped-xattr: their owners and\n"
           "                        kinds are noted in extended attributes; passthrough: as none, but a change of\n"
           "                        owner that fails is an error\n"
           "  readonly=on           the guest writes nothing\n"
           "  writeout=immediate    what it writes goes to the disk at once, not when the host likes\n"
           "  mount_tag=TAG         of -virtfs: the name by which the guest mounts it\n");
    exit(0);
}

static P9Security security(CommandLine *c, const char *arg, const char *value)
{
    static const struct { const char *name; P9Security model; } models[] = {
        { "none", P9_NONE }, { "mapped-xattr", P9_MAPPED }, { "mapped", P9_MAPPED },
        { "passthrough", P9_PASSTHROUGH },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        if (value && !strcmp(value, models[i].name)) {
            return models[i].model;
        }
    }
    option_fail(c, arg, "security_model is none, mapped-xattr or passthrough, not '%s'", value ? value : "");
}

/* Returns the folder; *tag is what mount_tag= says, which is only for -virtfs: tag is NULL otherwise. */
static Folder *add(CommandLine *c, const char *arg, const char **tag)
{
    Folder *f = &folders[count];
    bool has_model = false;
    const KeyValue *kv;

    if (option_is_help(arg)) {
        help();
    }
    if (count == MAX_FOLDERS) {
        option_fail(c, arg, "there are more than %d folders", MAX_FOLDERS);
    }
    kv = option_split(c, arg);
    option_check_id(c, arg, kv);
    if (strcmp(kv[0].key, "local") || kv[0].value) {
        option_fail(c, arg, "the kind is 'local', not '%s'", kv[0].key);
    }
    *f = (Folder) { .said = g_strdup_printf("%s %s", c->option, arg) };
    for (kv++; kv->key; kv++) {
        if (!strcmp(kv->key, "readonly")) {
            f->share.readonly = option_bool(c, arg, kv);
        } else if (!strcmp(kv->key, "writeout")) {
            if (g_strcmp0(kv->value, "immediate")) {
                option_fail(c, arg, "writeout is immediate, not '%s'", kv->value ? kv->value : "");
            }
            f->share.write_out = true;
        } else if (!strcmp(kv->key, "multidevs")) {
            if (g_strcmp0(kv->value, "remap") && g_strcmp0(kv->value, "warn")) {
                option_fail(c, arg, "multidevs is remap, which is how it is, not '%s'", kv->value ? kv->value : "");
            }
        } else if (!strcmp(kv->key, "security_model")) {
            f->share.security = security(c, arg, kv->value);
            has_model = true;
        } else if (!strcmp(kv->key, "id") && kv->value) {
            f->id = kv->value;
        } else if (!strcmp(kv->key, "path") && kv->value) {
            f->share.path = kv->value;
        } else if (tag && !strcmp(kv->key, "mount_tag") && kv->value) {
            *tag = kv->value;
        } else {
            option_fail(c, arg, "unknown property '%s', or one without its value (%s help lists those there are)",
                        kv->key, c->option);
        }
    }
    if (!f->share.path || !has_model) {
        option_fail(c, arg, "%s is missing (%s help)", f->share.path ? "security_model=" : "path=", c->option);
    }
    count++;
    return f;
}

void option_fsdev(CommandLine *c, const char *arg)
{
    const Folder *f = add(c, arg, NULL);

    if (!f->id) {
        option_fail(c, arg, "id= is missing: the name for -device virtio-9p-device,fsdev=ID");
    }
    for (unsigned i = 0; i + 1 < count; i++) {
        if (!strcmp(folders[i].id, f->id)) {
            option_fail(c, arg, "there is already a folder '%s'", f->id);
        }
    }
}

void option_virtfs(CommandLine *c, const char *arg)
{
    const char *tag = NULL;
    Folder *f = add(c, arg, &tag);

    if (!tag) {
        option_fail(c, arg, "mount_tag= is missing: the name by which the guest mounts it");
    }
    f->id = f->id ? f->id : g_strdup_printf("virtfs%u", count - 1);
    options_virtio_add_folder(c, arg, f->id, tag);
}

const P9Share *options_fs_take(const char *id, const char **said)
{
    for (Folder *f = folders; f < folders + count; f++) {
        if (!strcmp(f->id, id) && !f->taken) {
            f->taken = true;
            *said = f->said;
            return &f->share;
        }
    }
    return NULL;
}
