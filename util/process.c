/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that the program finds itself in. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "qemu/log.h"
#include "qemu/process.h"

/* The translator keeps a block's whole intermediate code on the stack. */
enum { STACK_BYTES = 2 << 20 };

static void open_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);     /* the lowest number that is free */
        if (fd < 0) {
            error_exit("/dev/null: %s", strerror(errno));
        }
    } while (fd <= STDERR_FILENO);
    close(fd);
}

/* The first thread's stack grows up to the soft limit, which may be raised; that of others has a size. */
static void enlarge_stacks(void)
{
    struct rlimit limit;
    pthread_attr_t attr;
    size_t size;

    if (!getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < STACK_BYTES && limit.rlim_cur != limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max < STACK_BYTES ? limit.rlim_max : STACK_BYTES;
        setrlimit(RLIMIT_STACK, &limit);
    }
    if (pthread_getattr_default_np(&attr)) {
        return;
    }
    if (!pthread_attr_getstacksize(&attr, &size) && size < STACK_BYTES) {
        pthread_attr_setstacksize(&attr, STACK_BYTES);
        pthread_setattr_default_np(&attr);
    }
    pthread_attr_destroy(&attr);
}

void process_init(void)
{
    open_standard_streams();
    enlarge_stacks();
}
