/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process gives up what it does not need once the machine stands: root directory, user, system calls.
 *
 * The filter lists what is denied, so that a newer library's calls go on. Denied calls end the process (SIGSYS): none
 * is ever made in earnest, so who makes one is not the emulator any more. Calls by which libraries find out what they
 * may do get an error instead: clone3(), whose flags a filter cannot see, is not there, and glibc uses clone(); those
 * about scheduling are not permitted. sched_setattr() seems to succeed: threads of GLib's pools get by it what they
 * have anyhow, and GLib complains if that fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#ifdef CONFIG_SECCOMP
#include <seccomp.h>
#endif
#include "qemu/log.h"
#include "softmmu/sandbox.h"

static void change_root(const char *directory)
{
    if (chroot(directory) || chdir("/")) {
        error_exit("-chroot %s: %s", directory, strerror(errno));
    }
}

static void change_user(const SandboxOptions *o)
{
    int error = setgid(o->gid) || (o->user_name ? initgroups(o->user_name, o->gid) : setgroups(1, &o->gid)) ||
                setuid(o->uid);

    if (error) {
        error_exit("-runas %s: %s", o->user, strerror(errno));
    }
    if (o->uid && !setuid(0)) {
        error_exit("-runas %s: the process can still become root", o->user);
    }
}

#ifdef CONFIG_SECCOMP
typedef enum Kind { ALWAYS, OBSOLETE, PRIVILEGES, SPAWN, RESOURCES } Kind;

static const struct {
    const char *name;
    Kind kind;
} denied[] = {
    { "acct", ALWAYS }, { "add_key", ALWAYS }, { "adjtimex", ALWAYS }, { "bpf", ALWAYS }, { "chroot", ALWAYS },
    { "clock_adjtime", ALWAYS }, { "clock_settime", ALWAYS }, { "delete_module", ALWAYS }, { "finit_module", ALWAYS },
    { "fsconfig", ALWAYS }, { "fsmount", ALWAYS }, { "fsopen", ALWAYS }, { "fspick", ALWAYS },
    { "init_module", ALWAYS }, { "ioperm", ALWAYS }, { "iopl", ALWAYS }, { "kcmp", ALWAYS },
    { "kexec_file_load", ALWAYS }, { "kexec_load", ALWAYS }, { "keyctl", ALWAYS }, { "lookup_dcookie", ALWAYS },
    { "mount", ALWAYS }, { "mount_setattr", ALWAYS }, { "move_mount", ALWAYS }, { "nfsservctl", ALWAYS },
    { "open_by_handle_at", ALWAYS }, { "open_tree", ALWAYS }, { "pivot_root", ALWAYS }, { "process_vm_readv", ALWAYS },
    { "process_vm_writev", ALWAYS }, { "ptrace", ALWAYS }, { "quotactl", ALWAYS }, { "reboot", ALWAYS },
    { "request_key", ALWAYS }, { "setdomainname", ALWAYS }, { "sethostname", ALWAYS }, { "setns", ALWAYS },
    { "settimeofday", ALWAYS }, { "swapoff", ALWAYS }, { "swapon", ALWAYS }, { "syslog", ALWAYS },
    { "umount", ALWAYS }, { "umount2", ALWAYS }, { "unshare", ALWAYS }, { "userfaultfd", ALWAYS },
    { "vhangup", ALWAYS },

    { "_sysctl", OBSOLETE }, { "afs_syscall", OBSOLETE }, { "bdflush", OBSOLETE }, { "create_module", OBSOLETE },
    { "get_kernel_syms", OBSOLETE }, { "getpmsg", OBSOLETE }, { "modify_ldt", OBSOLETE }, { "putpmsg", OBSOLETE },
    { "query_module", OBSOLETE }, { "readdir", OBSOLETE }, { "sgetmask", OBSOLETE }, { "ssetmask", OBSOLETE },
    { "stime", OBSOLETE }, { "sysfs", OBSOLETE }, { "uselib", OBSOLETE }, { "ustat", OBSOLETE },

    { "capset", PRIVILEGES }, { "setfsgid", PRIVILEGES }, { "setfsuid", PRIVILEGES }, { "setgid", PRIVILEGES },
    { "setgroups", PRIVILEGES }, { "setregid", PRIVILEGES }, { "setresgid", PRIVILEGES }, { "setresuid", PRIVILEGES },
    { "setreuid", PRIVILEGES }, { "setuid", PRIVILEGES },

    { "execve", SPAWN }, { "execveat", SPAWN }, { "fork", SPAWN }, { "vfork", SPAWN },

    { "ioprio_set", RESOURCES }, { "sched_setaffinity", RESOURCES }, { "sched_setattr", RESOURCES },
    { "sched_setparam", RESOURCES }, { "sched_setscheduler", RESOURCES }, { "setpriority", RESOURCES },
};

static bool is_denied(const SandboxOptions *o, Kind kind)
{
    switch (kind) {
    case ALWAYS:
        return true;
    case OBSOLETE:
        return !o->allow_obsolete;
    case PRIVILEGES:
        return o->deny_privileges;
    case SPAWN:
        return o->deny_spawn;
    case RESOURCES:
        return o->deny_resources;
    }
    return false;
}

static void check(int error)
{
    if (error) {
        error_exit("-sandbox on: %s", strerror(-error));
    }
}

static void filter_system_calls(const SandboxOptions *o)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

    if (!ctx) {
        error_exit("-sandbox on: out of memory");
    }
    check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1));     /* for the threads that there are, too */
    for (size_t i = 0; i < G_N_ELEMENTS(denied); i++) {
        int number = seccomp_syscall_resolve_name(denied[i].name);
        const int error = strcmp(denied[i].name, "sched_setattr") ? EPERM : 0;
        uint32_t action = denied[i].kind == RESOURCES ? SCMP_ACT_ERRNO(error) : SCMP_ACT_KILL_PROCESS;

        /* Negative: this host's processor has no such call. */
        if (number >= 0 && is_denied(o, denied[i].kind)) {
            check(seccomp_rule_add(ctx, action, number, 0));
        }
    }
    if (o->deny_spawn) {
        check(seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)));
        check(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    }
    check(seccomp_load(ctx));
    seccomp_release(ctx);
}
#endif

void sandbox_enter(const SandboxOptions *o)
{
    if (o->chroot) {
        change_root(o->chroot);
    }
    if (o->user) {
        change_user(o);
    }
#ifdef CONFIG_SECCOMP
    if (o->filter) {
        filter_system_calls(o);
    }
#endif
}
