/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * E: threads that behave like CPUs (main loop, exec(), exclusive sections inside both), devices that write and CPUs
 * that flush. The data that E protects are plain variables, so ThreadSanitizer sees any overlap as a race.
 */
#include <sched.h>
#include "accel/tcg/elock.h"
#include "tests/unit/accel-threads.h"

enum { CPUS = 4, DEVICES = 2, BLOCKS = 20000, FLUSH_EVERY = 200, WRITE_EVERY = 40 };

static uint64_t a, b;               /* equal whenever nobody is in an exclusive section */
static uint64_t writes, flushes;
static uint64_t expected_writes, expected_flushes;  /* atomic */
static int cpus_running;            /* atomic */
static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t device_register, expected_register;     /* device_lock; atomic */

static void write_section(CPUARMState *env, int depth)
{
    exclusive_begin(env);
    a++;
    if (depth) {
        write_section(env, depth - 1);
    }
    b++;
    writes++;
    exclusive_end();
    __atomic_add_fetch(&expected_writes, 1, __ATOMIC_RELAXED);
}

/* A device's lock may be held by a thread that begins an exclusive section. */
static void access_device(CPUARMState *env)
{
    elock_suspend(env);
    pthread_mutex_lock(&device_lock);
    device_register++;
    pthread_mutex_unlock(&device_lock);
    elock_resume(env);
    __atomic_add_fetch(&expected_register, 1, __ATOMIC_RELAXED);
}

/* A block that runs until the exit request or its end, like translated code; the helpers it calls may write. */
static void exec(CPUState *cpu, uint32_t *seed)
{
    cpu->in_exec = 1;
    for (int i = 0; i < 20 && !__atomic_load_n(&env_jit(cpu->env)->exit_request, __ATOMIC_RELAXED); i++) {
        ACCEL_CHECK(a == b);
        if (accel_random(seed) % WRITE_EVERY == 0) {
            write_section(cpu->env, accel_random(seed) & 1);
            access_device(cpu->env);
            ACCEL_CHECK(__atomic_load_n(&cpu->reading, __ATOMIC_RELAXED) & ELOCK_READING);
        }
    }
    cpu->in_exec = 0;
}

static void flush(CPUState *cpu)
{
    elock_flush_begin(cpu->env);
    for (int i = 0; i < cpu_count; i++) {
        ACCEL_CHECK(!cpu_states[i]->in_exec);
    }
    a++;
    b++;
    flushes++;
    elock_flush_end();
    __atomic_add_fetch(&expected_flushes, 1, __ATOMIC_RELAXED);
}

static void run_cpu(int index)
{
    CPUState *cpu = cpu_states[index];
    uint32_t seed = 77 + index;

    current_cpu = cpu;
    elock_read_enter(cpu->env);
    for (int i = 0; i < BLOCKS; i++) {
        if (__atomic_load_n(&env_jit(cpu->env)->exit_request, __ATOMIC_RELAXED)) {
            __atomic_exchange_n(&env_jit(cpu->env)->exit_request, 0, __ATOMIC_SEQ_CST);
            if (elock_wanted()) {
                elock_read_exit(cpu->env);
                elock_read_enter(cpu->env);
            }
        }
        if (accel_random(&seed) % FLUSH_EVERY == 0) {
            flush(cpu);
        }
        if (accel_random(&seed) % WRITE_EVERY == 0) {
            write_section(cpu->env, 0);
            access_device(cpu->env);
        }
        exec(cpu, &seed);
    }
    elock_read_exit(cpu->env);
    current_cpu = NULL;
    __atomic_sub_fetch(&cpus_running, 1, __ATOMIC_SEQ_CST);
}

static void run_device(int index)
{
    while (__atomic_load_n(&cpus_running, __ATOMIC_SEQ_CST)) {
        pthread_mutex_lock(&device_lock);
        device_register++;
        write_section(NULL, 0);
        pthread_mutex_unlock(&device_lock);
        __atomic_add_fetch(&expected_register, 1, __ATOMIC_RELAXED);
        sched_yield();
    }
}

static void run(int index)
{
    if (index < cpu_count) {
        run_cpu(index);
    } else {
        run_device(index);
    }
}

static void hammer(int cpus, int devices, const char *name)
{
    accel_create_cpus(cpus);
    __atomic_store_n(&cpus_running, cpus, __ATOMIC_SEQ_CST);
    accel_run_threads(cpus + devices, run);
    ACCEL_CHECK(a == b);
    ACCEL_CHECK(writes == expected_writes);
    ACCEL_CHECK(device_register == expected_register);
    ACCEL_CHECK(flushes == expected_flushes);
    for (int i = 0; i < cpus; i++) {
        ACCEL_CHECK(cpu_states[i]->reading == ELOCK_OUT);
    }
    ACCEL_CHECK(!elock_wanted());
    accel_case_done(name);
}

/* ---- a reader that was overtaken goes before the next writer ---- */

enum { WRITERS = 3, STARVED = 20, MANY_SECTIONS = 200000 };

static uint64_t entries;            /* atomic: how often the only reader got in */
static unsigned starved;            /* atomic: sections that gave way */
static int reader_runs;             /* atomic */

static void read_often(int index)
{
    CPUState *cpu = cpu_states[0];

    current_cpu = cpu;
    while (__atomic_load_n(&starved, __ATOMIC_SEQ_CST) < STARVED) {
        elock_read_enter(cpu->env);
        __atomic_add_fetch(&entries, 1, __ATOMIC_SEQ_CST);
        elock_read_exit(cpu->env);
    }
    current_cpu = NULL;
    __atomic_store_n(&reader_runs, 0, __ATOMIC_SEQ_CST);
}

static void write_without_end(int index)
{
    int sections = 0;

    while (__atomic_load_n(&reader_runs, __ATOMIC_SEQ_CST)) {
        uint64_t before = __atomic_load_n(&entries, __ATOMIC_SEQ_CST);
        bool starves = elock_starving() != 0;

        exclusive_begin(NULL);
        /* Who starved before this section was asked for has been in since. */
        ACCEL_CHECK(!starves || __atomic_load_n(&entries, __ATOMIC_SEQ_CST) > before);
        for (int i = 0; i < 5; i++) {
            sched_yield();          /* so that the reader is woken in vain */
        }
        exclusive_end();
        if (++sections == MANY_SECTIONS) {
            ACCEL_CHECK(!"the reader starves");
            __atomic_store_n(&starved, STARVED, __ATOMIC_SEQ_CST);
            break;
        }
        __atomic_add_fetch(&starved, starves, __ATOMIC_SEQ_CST);
    }
}

static void run_starving(int index)
{
    if (index) {
        write_without_end(index);
    } else {
        read_often(index);
    }
}

static void starve(void)
{
    accel_create_cpus(1);
    __atomic_store_n(&reader_runs, 1, __ATOMIC_SEQ_CST);
    accel_run_threads(1 + WRITERS, run_starving);
    ACCEL_CHECK(!elock_starving() && !elock_wanted());
    accel_case_done("a reader that was overtaken goes before the next writer");
}

int main(void)
{
    hammer(1, 0, "one CPU alone");
    hammer(1, DEVICES, "one CPU and devices that write");
    hammer(CPUS, 0, "CPUs write and flush");
    hammer(CPUS, DEVICES, "CPUs write and flush, devices write");
    starve();
    return accel_finish();
}
