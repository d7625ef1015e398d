/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -chroot, -runas, -sandbox: what the process may do once the machine stands. Main thread. */
#ifndef SOFTMMU_SANDBOX_H
#define SOFTMMU_SANDBOX_H
#include <stdbool.h>
#include <sys/types.h>

typedef struct SandboxOptions {
    const char *chroot;                 /* NULL: stays */
    const char *user;                   /* as on the command line; NULL: stays */
    const char *user_name;              /* NULL: `user` is numbers */
    uid_t uid;
    gid_t gid;
    bool filter;                        /* filter system calls; all below says what goes beyond that */
    bool allow_obsolete, deny_privileges, deny_spawn, deny_resources;
} SandboxOptions;

/* Change root, user, and set the filter, for all threads. error_exit() if one of them fails. */
void sandbox_enter(const SandboxOptions *o);
#endif
