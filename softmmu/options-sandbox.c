/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -chroot, -runas, -sandbox. Main thread. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "softmmu/options-internal.h"

void option_chroot(CommandLine *c, const char *arg)
{
    struct stat st;

    if (stat(arg, &st)) {
        option_fail(c, arg, "%s", strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        option_fail(c, arg, "is not a directory");
    }
    c->o->sandbox.chroot = arg;
}

void option_runas(CommandLine *c, const char *arg)
{
    const struct passwd *pw = getpwnam(arg);
    SandboxOptions *s = &c->o->sandbox;
    unsigned uid, gid;
    char end;

    if (pw) {
        s->uid = pw->pw_uid;
        s->gid = pw->pw_gid;
        s->user_name = arg;
    } else if (sscanf(arg, "%u:%u%c", &uid, &gid, &end) == 2 && uid != UINT32_MAX && gid != UINT32_MAX) {
        s->uid = uid;
        s->gid = gid;
        s->user_name = NULL;
    } else {
        option_fail(c, arg, "there is no such user (a name, or UID:GID)");
    }
    s->user = arg;
}

/* What may be allowed or denied beyond the filter itself. `children`: another word for deny, or NULL. */
static bool is_deny(CommandLine *c, const char *arg, const KeyValue *kv, const char *children)
{
    if (kv->value && (!strcmp(kv->value, "deny") || (children && !strcmp(kv->value, children)))) {
        return true;
    }
    if (!kv->value || strcmp(kv->value, "allow")) {
        option_fail(c, arg, "%s is 'allow'%s or 'deny'", kv->key, children ? ", 'children'" : "");
    }
    return false;
}

void option_sandbox(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    SandboxOptions *s = &c->o->sandbox;

    for (int i = 0; kv[i].key; i++) {
        const char *key = kv[i].key;

        if (!strcmp(key, "enable") && kv[i].value) {
            s->filter = option_bool(c, arg, &kv[i]);
        } else if (i == 0 && !kv[i].value) {
            KeyValue enable = { "enable", kv[i].key };

            s->filter = option_bool(c, arg, &enable);
        } else if (!strcmp(key, "obsolete")) {
            s->allow_obsolete = !is_deny(c, arg, &kv[i], NULL);
        } else if (!strcmp(key, "elevateprivileges")) {
            s->deny_privileges = is_deny(c, arg, &kv[i], "children");   /* children never get any: no_new_privs */
        } else if (!strcmp(key, "spawn")) {
            s->deny_spawn = is_deny(c, arg, &kv[i], NULL);
        } else if (!strcmp(key, "resourcecontrol")) {
            s->deny_resources = is_deny(c, arg, &kv[i], NULL);
        } else {
            option_fail(c, arg, "unknown property '%s' (enable, obsolete, elevateprivileges, spawn, resourcecontrol)",
                        key);
        }
    }
#ifndef CONFIG_SECCOMP
    if (s->filter) {
        option_fail(c, arg, "this program was built without libseccomp; put it into a sandbox from outside "
                    "(systemd-run -p SystemCallFilter=..., bubblewrap)");
    }
#endif
}
