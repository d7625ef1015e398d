/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parallel primitives of the SPLASH programs: locks, barriers, pause flags, threads, clock, and what every program
 * needs besides (command line, memory, random numbers, the final line).
 *
 * Each program is one C file that includes this header once. All waiting sleeps in the kernel (no spinning), so a
 * program with more threads than CPUs makes progress, and what is measured contains the guest's futexes and
 * rescheduling interrupts. A lock, barrier or flag orders memory; plain data passed through one needs nothing else.
 */
#ifndef SPLASH_ANL_H
#define SPLASH_ANL_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Threads a program can be asked for. */
#define ANL_MAX_PROC 64
/* Shared things written by different threads are kept this far apart. */
#define ANL_LINE 64

/* Seconds since some moment in the past. */
static inline double anl_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

/* Ends the program with status 1: the answer is wrong, or the command line or the machine does not do. */
static inline void __attribute__((noreturn, format(printf, 1, 2))) anl_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* Zeroed shared memory at the start of a cache line; never NULL. Kept until the program ends. */
static inline void *anl_alloc(size_t count, size_t size)
{
    size_t bytes;
    void *memory;

    if (__builtin_mul_overflow(count, size, &bytes) || posix_memalign(&memory, ANL_LINE, bytes ? bytes : 1)) {
        anl_fail("no memory for %zu x %zu bytes", count, size);
    }
    return memset(memory, 0, bytes);
}

/* Locks. */

typedef pthread_mutex_t AnlLock;

#define LOCKINIT(l) pthread_mutex_init(&(l), NULL)
#define LOCK(l) pthread_mutex_lock(&(l))
#define UNLOCK(l) pthread_mutex_unlock(&(l))

/* Barriers: BARRIER(b, n) returns when n threads are in it, and can be used again at once. */

typedef struct AnlBarrier {
    pthread_mutex_t lock;
    pthread_cond_t open;
    int waiting;            /* under lock */
    unsigned round;         /* under lock */
} __attribute__((aligned(ANL_LINE))) AnlBarrier;

#define BARINIT(b) anl_barrier_init(&(b))
#define BARRIER(b, n) anl_barrier(&(b), n)

static inline void anl_barrier_init(AnlBarrier *barrier)
{
    pthread_mutex_init(&barrier->lock, NULL);
    pthread_cond_init(&barrier->open, NULL);
    barrier->waiting = 0;
    barrier->round = 0;
}

static inline void anl_barrier(AnlBarrier *barrier, int count)
{
    pthread_mutex_lock(&barrier->lock);
    if (++barrier->waiting == count) {
        barrier->waiting = 0;
        barrier->round++;
        pthread_cond_broadcast(&barrier->open);
    } else {
        unsigned round = barrier->round;

        while (round == barrier->round) {
            pthread_cond_wait(&barrier->open, &barrier->lock);
        }
    }
    pthread_mutex_unlock(&barrier->lock);
}

/* Pause flags: WAITPAUSE(f) returns once SETPAUSE(f) came after the last CLEARPAUSE(f), for any number of waiters. */

typedef struct AnlFlag {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool set;               /* under lock */
} __attribute__((aligned(ANL_LINE))) AnlFlag;

#define FLAGINIT(f) anl_flag_init(&(f))
#define SETPAUSE(f) anl_flag_set(&(f), true)
#define CLEARPAUSE(f) anl_flag_set(&(f), false)
#define WAITPAUSE(f) anl_flag_wait(&(f))

static inline void anl_flag_init(AnlFlag *flag)
{
    pthread_mutex_init(&flag->lock, NULL);
    pthread_cond_init(&flag->changed, NULL);
    flag->set = false;
}

static inline void anl_flag_set(AnlFlag *flag, bool set)
{
    pthread_mutex_lock(&flag->lock);
    flag->set = set;
    if (set) {
        pthread_cond_broadcast(&flag->changed);
    }
    pthread_mutex_unlock(&flag->lock);
}

static inline void anl_flag_wait(AnlFlag *flag)
{
    pthread_mutex_lock(&flag->lock);
    while (!flag->set) {
        pthread_cond_wait(&flag->changed, &flag->lock);
    }
    pthread_mutex_unlock(&flag->lock);
}

/* Threads. */

typedef struct AnlThread {
    pthread_t thread;
    void (*run)(int proc);
    int proc;
} AnlThread;

static inline void *anl_thread(void *opaque)
{
    AnlThread *self = opaque;

    self->run(self->proc);
    return NULL;
}

/* Runs run(0) ... run(nproc - 1) side by side, 0 in the calling thread; returns the seconds until all have returned. */
static inline double anl_run(int nproc, void (*run)(int proc))
{
    AnlThread threads[ANL_MAX_PROC];
    double begin = anl_time();

    for (int i = 1; i < nproc; i++) {
        threads[i].run = run;
        threads[i].proc = i;
        if (pthread_create(&threads[i].thread, NULL, anl_thread, &threads[i])) {
            anl_fail("thread %d cannot be created", i);
        }
    }
    run(0);
    for (int i = 1; i < nproc; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    return anl_time() - begin;
}

/* Shares out count pieces: thread proc of nproc gets the pieces from the result up to anl_first(proc + 1, ...). */
static inline long anl_first(long proc, long nproc, long count)
{
    return (long)((int64_t)count * proc / nproc);
}

/* Random numbers: the same sequence from the same seed on every machine (64-bit multiply and add, upper bits used). */

static inline uint32_t anl_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 32;
}

/* From 0 up to but not 1. */
static inline double anl_random_real(uint64_t *state)
{
    return anl_random(state) * (1.0 / 4294967296.0);
}

/* The command line: -p PROCESSORS, -t for the small sizes, and what the program lists. */

typedef struct AnlOption {
    char letter;
    const char *what;       /* for the usage text */
    long *value;
    long usual;             /* value without -t */
    long test;              /* value with -t */
    long min, max;
} AnlOption;

static inline void __attribute__((noreturn)) anl_usage(const char *program, const AnlOption *options, int count)
{
    fprintf(stderr, "Usage: %s [-p PROCESSORS] [-t]", program);
    for (int i = 0; i < count; i++) {
        fprintf(stderr, " [-%c N]", options[i].letter);
    }
    fputs("\n  -p  threads, 1 to 64 (1)\n  -t  small sizes, for a test\n", stderr);
    for (int i = 0; i < count; i++) {
        const AnlOption *o = &options[i];

        fprintf(stderr, "  -%c  %s, %ld to %ld (%ld; with -t %ld)\n", o->letter, o->what, o->min, o->max, o->usual,
                o->test);
    }
    exit(1);
}

/* Fills in the values of the count options and returns the number of processors; ends the program on a wrong line. */
static inline int anl_options(int argc, char **argv, const AnlOption *options, int count)
{
    char letters[64] = "tp:";
    bool given[32] = { false };
    bool test = false;
    int nproc = 1;
    int letter;

    for (int i = 0; i < count; i++) {
        size_t length = strlen(letters);

        letters[length] = options[i].letter;
        letters[length + 1] = ':';
    }
    while ((letter = getopt(argc, argv, letters)) != -1) {
        long number = 0;
        int i = 0;

        if (letter == 't') {
            test = true;
            continue;
        }
        if (letter != '?') {
            char *end;

            number = strtol(optarg, &end, 0);
            if (*end || end == optarg) {
                anl_usage(argv[0], options, count);
            }
        }
        if (letter == 'p' && number >= 1 && number <= ANL_MAX_PROC) {
            nproc = number;
            continue;
        }
        while (i < count && options[i].letter != letter) {
            i++;
        }
        if (i == count || number < options[i].min || number > options[i].max) {
            anl_usage(argv[0], options, count);
        }
        *options[i].value = number;
        given[i] = true;
    }
    if (optind != argc) {
        anl_usage(argv[0], options, count);
    }
    for (int i = 0; i < count; i++) {
        if (!given[i]) {
            *options[i].value = test ? options[i].test : options[i].usual;
        }
    }
    return nproc;
}

/*
 * The last line of a program whose answer is right. parallel: the measured part; total: since begin (the start of
 * main), so with making the input and checking the answer.
 */
static inline void anl_report(const char *name, double parallel, double begin)
{
    printf("%s: parallel %.6f s, total %.6f s, verified\n", name, parallel, anl_time() - begin);
}

#endif
