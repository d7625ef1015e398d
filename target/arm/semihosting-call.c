/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host calls that may wait: see semihosting-call.h.
 *
 * A call passes from the CPU to its worker thread and back: posted, run, finished. The CPU is held from before it is
 * posted until it is finished, so it can be parked and reset meanwhile. A reset drops the call: if it still runs, its
 * worker is abandoned, waits for the end alone and goes away; the CPU gets another worker for its next call. An
 * open() or a rename() that the host never answers costs a sleeping thread.
 *
 * `current` and `workers` belong to their CPU's thread, and to the I/O thread while the CPUs are paused. Worker.lock
 * guards the rest and is held over nothing that waits.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "hw/boards.h"
#include "qemu/log.h"
#include "sysemu/cpu-hold.h"
#include "target/arm/semihosting-call.h"

typedef struct Worker {
    pthread_mutex_t lock;
    pthread_cond_t posted;
    CPUHold *hold;                      /* constant */
    int cancel_fd;                      /* constant; readable: the call shall end */
    SemiCall *call;                     /* posted or running */
    bool abandoned;
} Worker;

static Worker *workers[ARM_MAX_CPUS];
static SemiCall *current[ARM_MAX_CPUS];
static CPUHold holds[ARM_MAX_CPUS];

static void call_free(SemiCall *c)
{
    if (c->drop) {
        c->drop(c);
    }
    g_free(c);
}

static void cancel(const Worker *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->cancel_fd, &one, sizeof(one));

    (void)n;                            /* a full counter is readable as well */
}

/* Take the posted call. */
static SemiCall *await_call(Worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->call) {
        pthread_cond_wait(&w->posted, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return w->call;
}

/* False: nobody waits for the call any more. */
static bool call_finished(Worker *w)
{
    bool wanted;

    pthread_mutex_lock(&w->lock);
    wanted = !w->abandoned;
    w->call = NULL;
    if (wanted) {
        cpu_hold_end(w->hold);
    }
    pthread_mutex_unlock(&w->lock);
    return wanted;
}

static void *worker_thread(void *opaque)
{
    Worker *w = opaque;
    SemiCall *c;

    do {
        c = await_call(w);
        c->run(c);
    } while (call_finished(w));
    call_free(c);
    close(w->cancel_fd);
    g_free(w);
    return NULL;
}

static Worker *worker_new(CPUHold *hold)
{
    Worker *w = g_new0(Worker, 1);
    sigset_t all, old;
    pthread_t thread;
    int error;

    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->posted, NULL);
    w->hold = hold;
    w->cancel_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = w->cancel_fd < 0 ? errno : pthread_create(&thread, NULL, worker_thread, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        error_exit("semihosting: cannot create a thread: %s", strerror(error));
    }
    pthread_detach(thread);
    return w;
}

static void post(Worker *w, SemiCall *c)
{
    uint64_t count;
    ssize_t n = read(w->cancel_fd, &count, sizeof(count));

    (void)n;                            /* an interrupt that came when the last call had ended */
    c->cancel_fd = w->cancel_fd;
    pthread_mutex_lock(&w->lock);
    w->call = c;
    pthread_cond_signal(&w->posted);
    pthread_mutex_unlock(&w->lock);
}

static void interrupt(CPUARMState *env)
{
    cancel(workers[env->cpu_index]);
}

static void finish(CPUARMState *env)
{
    SemiCall *c = current[env->cpu_index];

    current[env->cpu_index] = NULL;
    if (c->ret != SEMI_AGAIN) {
        env->regs[0] = (uint32_t)c->done(env, c);
        env->regs[15] += env->regs[15] & 1 ? 2 : 4;
    }
    call_free(c);
}

void semi_call(CPUARMState *env, SemiCall *c)
{
    int cpu = env->cpu_index;

    current[cpu] = c;
    if (c->run) {
        if (!workers[cpu]) {
            workers[cpu] = worker_new(&holds[cpu]);
        }
        c->ret = 0;
        cpu_hold(&holds[cpu]);
        post(workers[cpu], c);
    }
    cpu_leave_instruction(env, finish, c->run && c->interruptible ? interrupt : NULL);
}

SemiCall *semi_call_new(void)
{
    SemiCall *c = g_malloc(sizeof(*c));

    memset(c, 0, offsetof(SemiCall, buf));
    return c;
}

/* All CPUs are paused. */
static void semi_calls_reset(void *opaque)
{
    for (int i = 0; i < ARM_MAX_CPUS; i++) {
        Worker *w = workers[i];
        bool running = false;

        if (!current[i]) {
            continue;
        }
        if (w) {
            pthread_mutex_lock(&w->lock);
            running = w->abandoned = w->call != NULL;
            if (running) {
                workers[i] = NULL;
                cancel(w);
            }
            pthread_mutex_unlock(&w->lock);
        }
        if (!running) {
            call_free(current[i]);
        }
        current[i] = NULL;
    }
}

void semi_calls_init(void)
{
    qemu_register_reset(semi_calls_reset, NULL);
}
