/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See accel-threads.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/accel-threads.h"
#include "qemu/log.h"
#include "tests/unit/tap.h"

int qemu_loglevel;

void qemu_log(const char *fmt, ...)
{
}

CPUState *cpu_states[ARM_MAX_CPUS];
int cpu_count;

static int failures;            /* atomic */
static void (*thread_fn)(int index);

void accel_create_cpus(int n)
{
    for (int i = 0; i < ARM_MAX_CPUS; i++) {
        free(cpu_states[i] ? env_jit(cpu_states[i]->env) : NULL);
        free(cpu_states[i]);
        cpu_states[i] = NULL;
    }
    cpu_count = n;
    for (int i = 0; i < n; i++) {
        CPUState *cpu = calloc(1, sizeof(*cpu));
        CPUStorage *storage = aligned_alloc(64, sizeof(*storage));

        if (!cpu || !storage) {
            abort();
        }
        memset(storage, 0, sizeof(*storage));
        cpu->index = i;
        cpu->env = &storage->env;
        storage->jit.cpu = cpu;
        cpu_states[i] = cpu;
    }
}

static void *run_thread(void *opaque)
{
    thread_fn((int)(intptr_t)opaque);
    return NULL;
}

void accel_run_threads(int n, void (*fn)(int index))
{
    pthread_t t[16];

    if (n > 16) {
        abort();
    }
    thread_fn = fn;
    for (int i = 0; i < n; i++) {
        if (pthread_create(&t[i], NULL, run_thread, (void *)(intptr_t)i)) {
            abort();
        }
    }
    for (int i = 0; i < n; i++) {
        pthread_join(t[i], NULL);
    }
}

uint32_t accel_random(uint32_t *state)
{
    uint32_t x = *state ? *state : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

void accel_failed(const char *file, int line, const char *what)
{
    if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 5) {
        printf("# %s:%d: %s\n", file, line, what);
    }
}

void accel_case_done(const char *name)
{
    int n = __atomic_exchange_n(&failures, 0, __ATOMIC_RELAXED);

    tap_case(!n, "%s", name);
}

int accel_finish(void)
{
    return tap_done();
}

void error_exit(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    exit(1);
}
