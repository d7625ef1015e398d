/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -sandbox (softmmu/sandbox.c): in a child process for each case the filter is set, then a call is made, by itself and
 * by a thread that was there before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "softmmu/sandbox.h"
#include "tests/unit/tap.h"

static const SandboxOptions plain = { .filter = true }, strict = {
    .filter = true, .deny_privileges = true, .deny_spawn = true, .deny_resources = true,
};

static void *nothing(void *opaque)
{
    return opaque;
}

/* What is tried; each returns 0 if it went as a program without a filter expects. */

static int do_mount(void)
{
    return mount("/nonexistent", "/nonexistent", NULL, 0, NULL) && (errno == EPERM || errno == ENOENT) ? 0 : 1;
}

static int do_obsolete(void)
{
    return syscall(SYS_ustat, 0, NULL) && (errno == EINVAL || errno == ENOSYS || errno == EFAULT) ? 0 : 1;
}

static int do_setuid(void)
{
    return setuid(getuid());
}

static int do_fork(void)
{
    pid_t pid = fork();

    if (!pid) {
        _exit(0);
    }
    return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

static int do_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}

static int do_schedule(void)
{
    struct sched_param param = { 0 };

    return sched_setscheduler(0, SCHED_OTHER, &param) ? 10 + errno : 0;
}

typedef struct Other {
    pthread_barrier_t go;
    int (*fn)(void);
} Other;

static void *other_thread(void *opaque)
{
    Other *o = opaque;

    pthread_barrier_wait(&o->go);
    return (void *)(intptr_t)o->fn();
}

/* Exit code, or minus the signal's number. */
static int outcome(const SandboxOptions *o, int (*fn)(void), bool by_other)
{
    Other other = { .fn = fn };
    pthread_t thread;
    void *result;
    int status;
    pid_t pid = fork();

    if (!pid) {
        if (by_other) {
            pthread_barrier_init(&other.go, NULL, 2);
            pthread_create(&thread, NULL, other_thread, &other);
        }
        sandbox_enter(o);
        if (!by_other) {
            _exit(fn());
        }
        pthread_barrier_wait(&other.go);
        pthread_join(thread, &result);
        _exit((int)(intptr_t)result);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return 255;
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct {
    const char *name;
    int (*fn)(void);
    int plain, strict;
} cases[] = {
    { "mount", do_mount, -SIGSYS, -SIGSYS },
    { "an obsolete call", do_obsolete, -SIGSYS, -SIGSYS },
    { "setuid", do_setuid, 0, -SIGSYS },
    { "fork", do_fork, 0, -SIGSYS },
    { "a thread", do_thread, 0, 0 },
    { "scheduling", do_schedule, 0, 10 + EPERM },
};

int main(void)
{
    SandboxOptions obsolete = plain;

    obsolete.allow_obsolete = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int by_other = 0; by_other < 2; by_other++) {
            const char *by = by_other ? " by a thread that was there" : "";
            int a = outcome(&plain, cases[i].fn, by_other), b = outcome(&strict, cases[i].fn, by_other);

            tap_case(a == cases[i].plain, "on: %s%s: %d", cases[i].name, by, a);
            tap_case(b == cases[i].strict, "on, all denied: %s%s: %d", cases[i].name, by, b);
        }
    }
    tap_case(outcome(&obsolete, do_obsolete, false) == 0, "obsolete=allow");
    return tap_done();
}
