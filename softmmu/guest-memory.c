/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory: anonymous, or a file that other programs may look at. Main thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qemu/log.h"
#include "softmmu/guest-memory.h"

enum { HUGE = 2 << 20 };

/* -1: the memory is anonymous. A file that is shorter grows; what is in it is what the guest finds. */
static int open_file(const GuestMemory *m, uint32_t size)
{
    struct stat st;
    int fd = -1;

    if (m->kind == MEMORY_ANONYMOUS) {
        return -1;
    }
    if (m->kind == MEMORY_MEMFD) {
        fd = memfd_create("guest-memory", MFD_CLOEXEC);
    } else if (!stat(m->path, &st) && S_ISDIR(st.st_mode)) {
        fd = open(m->path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    } else {
        fd = open(m->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (fd < 0 || fstat(fd, &st) || (st.st_size < size && ftruncate(fd, size))) {
        error_exit("%s: %s", m->said, strerror(errno));
    }
    return fd;
}

uint8_t *guest_memory_new(const GuestMemory *m, uint32_t size, bool prealloc)
{
    int fd = open_file(m, size);
    uint8_t *p = mmap(NULL, (size_t)size + HUGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        error_exit("cannot allocate %u MiB of guest memory: %s", size >> 20, strerror(errno));
    }
    p = (uint8_t *)(((uintptr_t)p + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    if (fd >= 0) {
        if (mmap(p, size, PROT_READ | PROT_WRITE, MAP_FIXED | (m->share ? MAP_SHARED : MAP_PRIVATE), fd, 0) ==
            MAP_FAILED) {
            error_exit("%s: %s", m->said, strerror(errno));
        }
        if (m->kind == MEMORY_FILE) {
            close(fd);          /* a memory file's descriptor is how others find it */
        }
    }
    madvise(p, size, MADV_HUGEPAGE);
    if (prealloc && madvise(p, size, MADV_POPULATE_WRITE)) {
        error_exit("-mem-prealloc: %s", strerror(errno));
    }
    return p;
}
