/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -daemonize: the parent returns to the shell when the machine stands, or with code 1 when the child has said why it
 * does not. The child stays in its directory, for files are opened by relative names later too (semihosting, traces).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "qemu/log.h"
#include "softmmu/daemon.h"

static int ready_fd = -1, null_fd = -1;

void daemon_begin(void)
{
    int fd[2];
    char byte;
    pid_t pid = pipe2(fd, O_CLOEXEC) ? -1 : fork();

    if (pid < 0) {
        error_exit("-daemonize: %s", strerror(errno));
    }
    if (pid) {
        ssize_t n;

        close(fd[1]);
        do {
            n = read(fd[0], &byte, 1);
        } while (n < 0 && errno == EINTR);
        _exit(n == 1 ? 0 : 1);
    }
    close(fd[0]);
    ready_fd = fd[1];
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);    /* now: -chroot leads to where there may be none */
    setsid();
}

void daemon_ready(void)
{
    if (ready_fd < 0) {
        return;
    }
    for (int fd = 0; null_fd >= 0 && fd <= 2; fd++) {
        dup2(null_fd, fd);
    }
    if (write(ready_fd, "", 1) != 1) {
        warn_report("-daemonize: nobody waits for the machine");
    }
    close(ready_fd);
    close(null_fd);
}
