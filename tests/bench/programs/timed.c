/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one benchmark program, in the guest or on the host, and reports on it:
 *
 *     timed NAME LIMIT-SECONDS COMMAND
 *
 * prints `<begin NAME>`, the last part of what the command printed, and `<end NAME STATUS SECONDS>`, where SECONDS is
 * the time from fork to the end of the command, by the monotonic clock of where it runs. The output is printed when
 * the command has ended, so the console's speed is not part of the measurement. A command that takes too long is ended
 * with all its processes; its STATUS is `timeout`. STATUS of one that a signal ended is 128 + the signal.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 16384 };      /* bytes of output, the last ones */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    perror(what);
    exit(127);
}

/* Collects what comes from fd until its end or the deadline; returns whether the end was reached. */
static int collect(int fd, double deadline, char *kept, size_t *length)
{
    static char piece[4096];

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        double left = deadline - now();
        ssize_t n;
        size_t drop;

        if (left <= 0) {
            return 0;
        }
        n = poll(&p, 1, left > 1000 ? 1000000 : (int)(left * 1000) + 1);
        if (n <= 0) {
            continue;
        }
        n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return 1;
        }
        drop = *length + n > KEPT ? *length + n - KEPT : 0;
        memmove(kept, kept + drop, *length - drop);
        *length -= drop;
        memcpy(kept + *length, piece, n);
        *length += n;
    }
}

int main(int argc, char **argv)
{
    static char kept[KEPT];
    size_t length = 0;
    int out[2], status, limit, ended;
    double begin, seconds;
    pid_t child;

    if (argc != 4 || (limit = atoi(argv[2])) < 1) {
        fprintf(stderr, "Usage: %s NAME LIMIT-SECONDS COMMAND\n", argv[0]);
        return 127;
    }
    printf("<begin %s>\n", argv[1]);
    fflush(stdout);
    if (pipe(out)) {
        die("pipe");
    }
    begin = now();
    child = fork();
    if (child < 0) {
        die("fork");
    }
    if (child == 0) {
        setpgid(0, 0);
        /* Whoever ends this program wants an end of the command as well. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(out[0]);
        close(out[1]);
        execl("/bin/sh", "sh", "-c", argv[3], (char *)NULL);
        die("/bin/sh");
    }
    close(out[1]);
    ended = collect(out[0], begin + limit, kept, &length);
    if (!ended) {
        kill(-child, SIGKILL);
    }
    if (waitpid(child, &status, 0) != child) {
        die("waitpid");
    }
    seconds = now() - begin;
    fwrite(kept, 1, length, stdout);
    if (length && kept[length - 1] != '\n') {
        putchar('\n');
    }
    if (!ended) {
        printf("<end %s timeout %.6f>\n", argv[1], seconds);
    } else {
        printf("<end %s %d %.6f>\n", argv[1], WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
               seconds);
    }
    return 0;
}
