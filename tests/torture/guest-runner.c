/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs many small programs inside the guest, some at a time, and reports each on the console: how it ended and what it
 * wrote. Compiled for the guest and packed into its initial file system by tests/torture/execute.py, which also reads
 * the reports.
 *
 *     guest-runner LIST JOBS SECONDS
 *
 * LIST has the path of one program per line. A report is one line, written at once so that nothing gets in between:
 *
 *     @ NUMBER e|s CODE BYTES HASH TEXT
 *
 * NUMBER: line of LIST, from 0; e: exit status, s: signal; BYTES and HASH (64-bit FNV-1a): standard output;
 * TEXT: the beginning of its last line. The last report is `@end PROGRAMS`. A program is ended by SIGALRM after
 * SECONDS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_JOBS = 32,
    MAX_OUTPUT = 1 << 20,       /* bytes a program may write before it gets SIGXFSZ */
    TEXT_BYTES = 60,
};

typedef struct Job {
    pid_t pid;                  /* 0: free */
    unsigned number;
} Job;

static Job jobs[MAX_JOBS];
static unsigned limit_seconds;

static void say(const char *line)
{
    size_t len = strlen(line);

    while (len) {
        ssize_t n = write(STDOUT_FILENO, line, len);

        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            line += n;
            len -= n;
        }
    }
}

static void output_file(char *buf, size_t bytes, unsigned slot)
{
    snprintf(buf, bytes, "/tmp/output%u", slot);
}

/* The child: a working directory of its own, input from nowhere, output to a file, no core file. */
static void become(const char *path, unsigned slot)
{
    struct rlimit none = { 0, 0 }, output = { MAX_OUTPUT, MAX_OUTPUT };
    char dir[32], file[32];
    int null = open("/dev/null", O_RDWR), out;

    snprintf(dir, sizeof(dir), "/tmp/job%u", slot);
    output_file(file, sizeof(file), slot);
    mkdir(dir, 0777);
    out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (null < 0 || out < 0 || chdir(dir) < 0) {
        _exit(125);
    }
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
    close(out);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &output);
    alarm(limit_seconds);
    execl(path, path, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

static void report(unsigned slot, int status)
{
    static char data[MAX_OUTPUT];
    char path[32], line[160], text[TEXT_BYTES + 1];
    uint64_t hash = 0xcbf29ce484222325ull;
    ssize_t len = 0, begin, n;
    int fd;

    output_file(path, sizeof(path), slot);
    fd = open(path, O_RDONLY);
    while (fd >= 0 && len < MAX_OUTPUT && (n = read(fd, data + len, MAX_OUTPUT - len)) > 0) {
        len += n;
    }
    if (fd >= 0) {
        close(fd);
    }
    for (ssize_t i = 0; i < len; i++) {
        hash = (hash ^ (uint8_t)data[i]) * 0x100000001b3ull;
    }
    for (begin = len - 1; begin > 0 && data[begin - 1] != '\n'; begin--) {
    }
    for (n = 0; n < TEXT_BYTES && begin >= 0 && begin + n < len; n++) {
        text[n] = data[begin + n] >= ' ' && data[begin + n] <= '~' ? data[begin + n] : ' ';
    }
    text[n] = '\0';
    snprintf(line, sizeof(line), "@ %u %c %d %ld %016llx %s\n", jobs[slot].number, WIFEXITED(status) ? 'e' : 's',
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), (long)len, (unsigned long long)hash, text);
    say(line);
}

/* Wait for one program; its slot is free then. */
static void wait_one(unsigned njobs)
{
    int status;
    pid_t pid = wait(&status);

    for (unsigned slot = 0; pid > 0 && slot < njobs; slot++) {
        if (jobs[slot].pid == pid) {
            report(slot, status);
            jobs[slot].pid = 0;
        }
    }
}

static unsigned free_slot(unsigned njobs)
{
    for (;;) {
        for (unsigned slot = 0; slot < njobs; slot++) {
            if (!jobs[slot].pid) {
                return slot;
            }
        }
        wait_one(njobs);
    }
}

int main(int argc, char **argv)
{
    static char path[512];
    char line[64];
    unsigned number = 0, njobs, running = 1;
    FILE *list = argc == 4 ? fopen(argv[1], "r") : NULL;

    if (!list) {
        say("@error usage: guest-runner LIST JOBS SECONDS\n");
        return 1;
    }
    njobs = atoi(argv[2]);
    njobs = njobs < 1 ? 1 : njobs > MAX_JOBS ? MAX_JOBS : njobs;
    limit_seconds = atoi(argv[3]);
    /* Nothing but emergencies on the console. */
    klogctl(8, NULL, 1);
    while (fgets(path, sizeof(path), list)) {
        unsigned slot = free_slot(njobs);
        pid_t pid;

        path[strcspn(path, "\n")] = '\0';
        jobs[slot].number = number++;
        pid = fork();
        if (pid == 0) {
            become(path, slot);
        }
        if (pid < 0) {
            say("@error fork failed\n");
            return 1;
        }
        jobs[slot].pid = pid;
    }
    while (running) {
        running = 0;
        for (unsigned slot = 0; slot < njobs; slot++) {
            running += jobs[slot].pid != 0;
        }
        if (running) {
            wait_one(njobs);
        }
    }
    snprintf(line, sizeof(line), "@end %u\n", number);
    say(line);
    return 0;
}
