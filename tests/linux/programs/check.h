/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the Linux test programs of this directory share: cases that run in a process of their own, checks, threads.
 *
 * A program is a table of cases and CHECK_MAIN(). Each case runs in a child: it fails if a CHECK() does not hold, if
 * it dies, or if it does not end within the time limit, and the others run on. Usage: PROGRAM [ROUNDS [SECONDS]]:
 * how often the contended cases repeat their loops, in hundredths of their usual number, and the limit of a case.
 * Output is TAP. The programs run on the build machine just as well, which shows that a case is right.
 */
#ifndef TESTS_LINUX_CHECK_H
#define TESTS_LINUX_CHECK_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct Case {
    const char *name;
    void (*run)(void);
} Case;

enum {
    THREADS = 4,                /* of the contended cases: as many as the board has CPUs */
    SKIPPED = 77,               /* exit status of a child that cannot run its case here */
};

static unsigned check_percent = 100;

/* How often a contended case repeats something it usually does n times. */
static inline unsigned rounds(unsigned n)
{
    unsigned scaled = (unsigned)((unsigned long long)n * check_percent / 100);

    return scaled ? scaled : 1;
}

#define CHECK(good)                                                                                                    \
    do {                                                                                                               \
        if (!(good)) {                                                                                                 \
            check_failed(__FILE__, __LINE__, #good, errno);                                                            \
        }                                                                                                              \
    } while (0)

/* Both sides are evaluated once and shown. */
#define CHECK_EQ(got, want)                                                                                            \
    do {                                                                                                               \
        long got_ = (long)(got), want_ = (long)(want);                                                                 \
        if (got_ != want_) {                                                                                           \
            printf("# %s = %ld, not %ld\n", #got, got_, want_);                                                        \
            check_failed(__FILE__, __LINE__, #got " == " #want, errno);                                                \
        }                                                                                                              \
    } while (0)

static inline void check_failed(const char *file, int line, const char *what, int error)
{
    printf("# %s:%d: %s does not hold (errno: %s)\n", file, line, what, strerror(error));
    fflush(stdout);
    _exit(1);
}

static inline void skip_case(const char *why)
{
    printf("# skipped: %s\n", why);
    fflush(stdout);
    _exit(SKIPPED);
}

static inline long long now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline struct timespec after_ms(clockid_t clock, long ms)
{
    long long at = now_ns(clock) + ms * 1000000LL;

    return (struct timespec){ .tv_sec = at / 1000000000LL, .tv_nsec = at % 1000000000LL };
}

static inline void sleep_ms(long ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

    while (nanosleep(&t, &t) && errno == EINTR) {
    }
}

/* Wait until the condition holds; what never becomes true ends in the time limit of the case. */
#define WAIT_UNTIL(condition)                                                                                          \
    do {                                                                                                               \
        while (!(condition)) {                                                                                         \
            sleep_ms(1);                                                                                               \
        }                                                                                                              \
    } while (0)

#define READ(object) __atomic_load_n(&(object), __ATOMIC_SEQ_CST)
#define WRITE(object, value) __atomic_store_n(&(object), value, __ATOMIC_SEQ_CST)
#define ADD(object, value) __atomic_add_fetch(&(object), value, __ATOMIC_SEQ_CST)

static inline pthread_t start(void *(*fn)(void *), void *argument)
{
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, fn, argument), 0);
    return thread;
}

/* Run fn(0) to fn(count - 1) in threads of their own and wait for their end. */
static inline void in_threads(unsigned count, void *(*fn)(void *))
{
    pthread_t threads[64];

    CHECK(count <= sizeof threads / sizeof threads[0]);
    for (unsigned i = 0; i < count; i++) {
        threads[i] = start(fn, (void *)(size_t)i);
    }
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    }
}

/* Zeroed memory that children share. */
static inline void *shared_memory(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* Wait for a child; its exit status, or minus its signal. */
static inline int child_status(pid_t pid)
{
    int status;

    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The letter in /proc that says what a thread does: S when it sleeps, R when it runs. */
static inline char thread_state(pid_t tid)
{
    char path[64], text[256] = "", *end;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
    file = fopen(path, "r");
    if (!file) {
        return '?';
    }
    if (!fgets(text, sizeof text, file)) {
        text[0] = '\0';
    }
    fclose(file);
    end = strrchr(text, ')');
    return end && end[1] ? end[2] : '?';
}

static inline int run_cases(const char *program, const Case *cases, unsigned count, int argc, char **argv)
{
    unsigned seconds = 60, failed = 0;

    if (argc > 1) {
        check_percent = (unsigned)strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seconds = (unsigned)strtoul(argv[2], NULL, 10);
    }
    printf("1..%u\n", count);
    for (unsigned i = 0; i < count; i++) {
        long long begin = now_ns(CLOCK_MONOTONIC);
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            /* Children of the case and its threads end with it. */
            setpgid(0, 0);
            alarm(seconds);
            cases[i].run();
            fflush(stdout);
            _exit(0);
        }
        status = pid < 0 ? -1 : child_status(pid);
        if (pid > 0) {
            kill(-pid, SIGKILL);
        }
        failed += status != 0 && status != SKIPPED;
        if (status && status != SKIPPED) {
            printf("# %s: %s %d%s\n", cases[i].name, status < 0 ? "signal" : "exit status", abs(status),
                   status == -SIGALRM ? " (not finished in time)" : "");
        }
        printf("%sok %u - %s: %s%s\n", status == 0 || status == SKIPPED ? "" : "not ", i + 1, program, cases[i].name,
               status == SKIPPED ? " # SKIP" : "");
        printf("# %.2f s\n", (double)(now_ns(CLOCK_MONOTONIC) - begin) / 1e9);
    }
    return failed ? 1 : 0;
}

#define CHECK_MAIN(program, cases)                                                                                     \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        return run_cases(program, cases, sizeof(cases) / sizeof((cases)[0]), argc, argv);                              \
    }

#endif
