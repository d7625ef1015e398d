/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a system does besides computing, one mechanism per mode:
 *
 *     system syscalls N          N system calls of the shortest kind
 *     system files N             N times open, write, seek, read, close of a file in $TMP
 *     system forkexec N          N times fork, exec of this program, wait
 *     system pipes GROUPS N      per group 4 senders and 4 receivers; every sender sends every receiver N messages
 *     system wakeups N           two threads, on different CPUs if there are, wake each other N times through a futex
 *
 * Each checks that all of its work was done and then prints the line the SPLASH programs print.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 4, MESSAGE = 100 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* ---- system calls ---- */
static void syscalls(long n)
{
    pid_t parent = getppid();

    for (long i = 0; i < n; i++) {
        if (syscall(SYS_getppid) != parent) {
            fail("getppid changed its mind");
        }
    }
}

static void files(long n)
{
    const char *directory = getenv("TMP");
    char path[4096], block[1024], again[1024];

    snprintf(path, sizeof(path), "%s/system-files.%d", directory ? directory : "/tmp", (int)getpid());
    for (long i = 0; i < n; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

        memset(block, (int)i, sizeof(block));
        if (fd < 0 || write(fd, block, sizeof(block)) != sizeof(block) || lseek(fd, 0, SEEK_SET) != 0 ||
            read(fd, again, sizeof(again)) != sizeof(again) || memcmp(block, again, sizeof(block)) || close(fd)) {
            fail("%s: %s", path, strerror(errno));
        }
    }
    unlink(path);
}

static void forkexec(long n, char *self)
{
    for (long i = 0; i < n; i++) {
        int status;
        pid_t child = fork();

        if (child == 0) {
            execl(self, self, "nothing", (char *)NULL);
            _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 42) {
            fail("child %ld: %s", i, child < 0 ? strerror(errno) : "wrong exit status");
        }
    }
}

/* ---- pipes: a group's receivers have a pipe each; all its senders write to all of them ---- */
static void receive(int fd, long n)
{
    char message[MESSAGE];

    for (long i = 0; i < n * SIDE; i++) {
        size_t got = 0;

        while (got < MESSAGE) {
            ssize_t bytes = read(fd, message + got, MESSAGE - got);

            if (bytes <= 0) {
                fail("receiver: %ld messages of %ld", i, n * SIDE);
            }
            got += bytes;
        }
        /* Writes of up to PIPE_BUF bytes are not mixed. */
        if (message[0] != message[MESSAGE - 1] || message[0] < 1 || message[0] > SIDE) {
            fail("receiver: a message is torn");
        }
    }
    exit(0);
}

static void send_all(const int *fds, long n, int who)
{
    char message[MESSAGE];

    memset(message, who + 1, sizeof(message));
    for (long i = 0; i < n; i++) {
        for (int to = 0; to < SIDE; to++) {
            if (write(fds[to], message, MESSAGE) != MESSAGE) {
                fail("sender: %s", strerror(errno));
            }
        }
    }
    exit(0);
}

static void pipes(long groups, long n)
{
    for (long g = 0; g < groups; g++) {
        int in[SIDE], out[SIDE];

        for (int i = 0; i < SIDE; i++) {
            int both[2];

            if (pipe(both)) {
                fail("pipe: %s", strerror(errno));
            }
            in[i] = both[0];
            out[i] = both[1];
        }
        for (int i = 0; i < 2 * SIDE; i++) {
            pid_t child = fork();

            if (child < 0) {
                fail("fork: %s", strerror(errno));
            }
            if (child == 0) {
                /* A sender must not keep the readers' ends, nor a receiver the writers', or no end would be seen. */
                for (int k = 0; k < SIDE; k++) {
                    close(i < SIDE ? out[k] : in[k]);
                }
                if (i < SIDE) {
                    receive(in[i], n);
                } else {
                    send_all(out, n, i - SIDE);
                }
            }
        }
        for (int i = 0; i < SIDE; i++) {
            close(in[i]);
            close(out[i]);
        }
    }
    for (long i = 0; i < groups * 2 * SIDE; i++) {
        int status;

        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
            fail("a sender or receiver failed");
        }
    }
}

/* ---- wake-ups: `turn` counts; even values belong to thread 0, odd ones to thread 1 ---- */
static uint32_t turn;               /* atomic */
static long rounds;                 /* written before the threads start */

static void *wake(void *opaque)
{
    uint32_t me = (uint32_t)(uintptr_t)opaque;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(me % cpus, &set);
    /* Where it is not allowed the scheduler places them. */
    sched_setaffinity(0, sizeof(set), &set);
    for (long i = 0; i < rounds; i++) {
        uint32_t seen;

        while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) % 2 != me) {
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        }
        __atomic_store_n(&turn, seen + 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return NULL;
}

static void wakeups(long n)
{
    pthread_t other;

    rounds = n;
    if (pthread_create(&other, NULL, wake, (void *)1)) {
        fail("no second thread");
    }
    wake(NULL);
    pthread_join(other, NULL);
    if (turn != 2 * (uint32_t)n) {
        fail("%u turns instead of %ld", (unsigned)turn, 2 * n);
    }
}

int main(int argc, char **argv)
{
    double start = now(), begin;
    const char *mode = argc > 1 ? argv[1] : "";
    long a = argc > 2 ? atol(argv[2]) : 0, b = argc > 3 ? atol(argv[3]) : 0;

    if (!strcmp(mode, "nothing")) {
        return 42;
    }
    if (a < 1 || a > 100000000 || b < 0 || b > 100000000) {
        fail("Usage: %s syscalls|files|forkexec|wakeups N, or pipes GROUPS N", argv[0]);
    }
    begin = now();
    if (!strcmp(mode, "syscalls")) {
        syscalls(a);
    } else if (!strcmp(mode, "files")) {
        files(a);
    } else if (!strcmp(mode, "forkexec")) {
        forkexec(a, argv[0]);
    } else if (!strcmp(mode, "wakeups")) {
        wakeups(a);
    } else if (!strcmp(mode, "pipes") && b && a <= 64) {
        pipes(a, b);
    } else {
        fail("no such mode");
    }
    printf("%s: parallel %.6f s, total %.6f s, verified\n", mode, now() - begin, now() - start);
    return 0;
}
