/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about what the guest has on the host: where its RAM is, its device tree as a file. I/O thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "monitor/monitor-internal.h"
#include "qemu/fdset.h"
#include "target/arm/cpu.h"

/* The byte of RAM at the physical address; NULL: a line says why there is none. */
static uint8_t *find(Monitor *mon, const char *text, uint32_t *address, const char **name)
{
    const MemoryRegion *r;
    int64_t value;
    const char *wrong = hmp_expression(text, mon->machine->cpu[mon->cpu], &value);

    if (wrong) {
        monitor_printf(mon, "%s\n", wrong);
        return NULL;
    }
    *address = (uint32_t)value;
    for (size_t i = 0; value >= 0 && value <= UINT32_MAX && (r = memory_region_at(i)) != NULL; i++) {
        if (*address - r->base < r->size) {
            *name = r->name;
            if (r->ram) {
                return r->ram + (*address - r->base);
            }
            monitor_printf(mon, "Memory at address %#x is not RAM\n", *address);
            return NULL;
        }
    }
    monitor_printf(mon, "No memory is mapped at address %#" PRIx64 "\n", (uint64_t)value);
    return NULL;
}

/* argv: ADDR */
void hmp_gpa2hva(Monitor *mon, char **argv)
{
    const char *name;
    uint32_t address;
    const uint8_t *host = find(mon, argv[0], &address, &name);

    if (host) {
        monitor_printf(mon, "Host virtual address for %#x (%s) is %p\n", address, name, (const void *)host);
    }
}

/* By what the kernel tells of our pages: a word for each, with its frame and whether it is there. 0: *error. */
static uint64_t physical(const uint8_t *host, int *error)
{
    const uint64_t there = 1ull << 63, frame = (1ull << 55) - 1, page = (uint64_t)sysconf(_SC_PAGESIZE);
    const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t word = 0;
    ssize_t n;

    *error = errno;
    if (fd < 0) {
        return 0;
    }
    (void)*(const volatile uint8_t *)host;              /* it may never have been touched */
    n = pread(fd, &word, sizeof(word), (off_t)((uintptr_t)host / page * sizeof(word)));
    *error = n < 0 ? errno : !(word & there) ? ENXIO : EPERM;   /* without rights all frames are 0 */
    close(fd);
    return word & there && word & frame ? (word & frame) * page + (uintptr_t)host % page : 0;
}

/* argv: ADDR */
void hmp_gpa2hpa(Monitor *mon, char **argv)
{
    const char *name;
    uint32_t address;
    const uint8_t *host = find(mon, argv[0], &address, &name);
    int error;
    const uint64_t at = host ? physical(host, &error) : 0;

    if (at) {
        monitor_printf(mon, "Host physical address for %#x (%s) is %#" PRIx64 "\n", address, name, at);
    } else if (host) {
        monitor_printf(mon, "Could not get it from /proc/self/pagemap: %s (it wants root)\n", strerror(error));
    }
}

char *monitor_dump_dtb(const char *path)
{
    uint32_t bytes;
    const void *dtb = arm_boot_dtb(&bytes);
    int fd, error = 0;

    if (!dtb) {
        return g_strdup("This machine doesn't have a FDT (-kernel with -dtb makes one)");
    }
    fd = fdset_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) {
        return g_strdup_printf("Error saving FDT to file %s: %s", path, strerror(errno));
    }
    error = write(fd, dtb, bytes) == (ssize_t)bytes ? 0 : errno ? errno : ENOSPC;
    error = close(fd) && !error ? errno : error;
    return error ? g_strdup_printf("Error saving FDT to file %s: %s", path, strerror(error)) : NULL;
}

/* argv: FILE */
void hmp_dumpdtb(Monitor *mon, char **argv)
{
    g_autofree char *problem = monitor_dump_dtb(argv[0]);

    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
    } else {
        monitor_printf(mon, "dtb dumped to %s\n", argv[0]);
    }
}
