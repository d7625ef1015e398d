/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See qemu/write-all.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qemu/write-all.h"

enum { LOOK_MS = 20 };

void write_all_prepare(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
}

bool write_all(int fd, const void *buf, size_t len, bool (*give_up)(int stalled_ms))
{
    const char *p = buf;
    int stalled_ms = 0;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n > 0) {
            p += n;
            len -= (size_t)n;
            stalled_ms = 0;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd pfd = { .fd = fd, .events = POLLOUT };

            if (give_up && give_up(stalled_ms)) {
                errno = ETIMEDOUT;
                return false;
            }
            poll(&pfd, 1, LOOK_MS);
            stalled_ms += LOOK_MS;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}
