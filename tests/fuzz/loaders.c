/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: everything that reads files for the guest: ELF, zImage, Image, uImage, gzip, records, raw; initrd and
 * device tree. The bytes become files in memory and take the way of the command line's (boot_plan_make()); what comes
 * out is put into RAM and checked: pieces in order, apart, inside RAM.
 *
 * Guest RAM is real memory with a stand-in for DMA; nothing else of the machine is there.
 */
#define _GNU_SOURCE     /* memfd_create */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "exec/memory.h"
#include "hw/arm/boot-plan.h"
#include "hw/loader.h"
#include "qemu/log.h"
#include "tests/fuzz/target.h"
#include "tests/unit/loader-images.h"

/* An input: a header, then bytes for one file or two. */
enum { HEADER = 8, RAM_SIZE = 16 << 20 };
enum { KERNEL, KERNEL_GZIP, KERNEL_ELF, KERNEL_UIMAGE, INITRD, DTB, INITRD_AND_DTB, DEVICE, MODES };
enum { ZIMAGE_SIZE = 0x80 };

typedef struct Header {
    uint8_t mode, cpus, flags, type, comp, os;
    uint16_t split;             /* of two files */
} Header;

enum { FLAG_APPEND = 1, FLAG_BUILTIN_DTB = 2, FLAG_RAW = 4, FLAG_ADDR = 8, FLAG_PC = 16, FLAG_UIMAGE_INITRD = 32 };

_Static_assert(sizeof(Header) == HEADER, "as in the input");

const size_t fuzz_max_input = 16384;

enum { KERNEL_FILE, INITRD_FILE, DTB_FILE, FILES };
static int fds[FILES];
static char path[FILES][32];
static MachineState machine = { .mc = &realview_eb_mpcore_machine, .boot.pen = 0xe0000000 };
static LoaderDevice device = { .cpu_num = -1 };

static const char *write_error;

void error_report(const char *fmt, ...)
{
    write_error = "a piece does not fit where it was planned";
}

void warn_report(const char *fmt, ...)
{
}

/* Mistakes in files come back as messages: only the machine ends the program. */
void error_exit(const char *fmt, ...)
{
    fprintf(stderr, "%s\n", fmt);
    abort();
}

static void file_set(int n, const void *data, size_t size)
{
    if (ftruncate(fds[n], 0) || pwrite(fds[n], data, size, 0) != (ssize_t)size || lseek(fds[n], 0, SEEK_SET)) {
        abort();
    }
}

/* A header whose checksums are right, so that what is behind them is reached. */
static void file_set_uimage(int n, const Header *h, const uint8_t *data, size_t size, unsigned type)
{
    const UImageFields f = {
        .load = (uint32_t)h->split << (h->flags & FLAG_ADDR ? 16 : 8), .entry = (uint32_t)h->split << 8 | h->cpus,
        .type = (uint8_t)type, .comp = h->comp & 1, .os = h->os,
    };
    uint8_t *u = make_uimage(&f, data, (uint32_t)size);

    file_set(n, u, UIMAGE_HEADER + size);
    g_free(u);
}

static void file_set_gzip(int n, const uint8_t *data, size_t size)
{
    uint32_t packed;
    uint8_t *z = make_gzip(data, (uint32_t)size, 1, &packed);

    file_set(n, z, packed);
    g_free(z);
}

static void file_set_elf(int n, const uint8_t *data, size_t size)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };
    uint8_t *elf = g_malloc(size + sizeof(ident));

    memcpy(elf, ident, sizeof(ident));
    memcpy(elf + sizeof(ident), data, size);
    file_set(n, elf, size + sizeof(ident));
    g_free(elf);
}

/* A kernel that is loaded without trouble, for the files beside it. */
static void file_set_kernel(int n)
{
    uint8_t z[ZIMAGE_SIZE] = { 0 };

    memcpy(z + 0x24, "\x18\x28\x6f\x01", 4);
    z[0x2c] = ZIMAGE_SIZE;
    file_set(n, z, sizeof(z));
}

static void initrd_set(const Header *h, const uint8_t *data, size_t size)
{
    if (h->flags & FLAG_UIMAGE_INITRD) {
        file_set_uimage(INITRD_FILE, h, data, size, h->type & 3);
    } else {
        file_set(INITRD_FILE, data, size);
    }
    machine.initrd = path[INITRD_FILE];
}

static void dtb_set(const uint8_t *data, size_t size)
{
    file_set(DTB_FILE, data, size);
    machine.dtb = path[DTB_FILE];
}

static void device_set(const Header *h)
{
    device = (LoaderDevice) {
        .file = path[KERNEL_FILE], .has_addr = h->flags & FLAG_ADDR, .addr = (uint32_t)h->split << 8 | h->type,
        .cpu_num = h->flags & FLAG_PC ? h->os % 6 - 1 : -1, .force_raw = h->flags & FLAG_RAW,
    };
    loader_devices = &device;
}

static void files_set(const Header *h, const uint8_t *data, size_t size)
{
    size_t split = h->split < size ? h->split : size;

    machine.kernel = path[KERNEL_FILE];
    switch (h->mode % MODES) {
    case KERNEL:
        file_set(KERNEL_FILE, data, size);
        return;
    case KERNEL_GZIP:
        file_set_gzip(KERNEL_FILE, data, size);
        return;
    case KERNEL_ELF:
        file_set_elf(KERNEL_FILE, data, size);
        return;
    case KERNEL_UIMAGE:
        file_set_uimage(KERNEL_FILE, h, data, size, h->type & 1 ? 2 : h->type & 2 ? 14 : h->type);
        return;
    case DEVICE:
        machine.kernel = NULL;
        if (h->flags & FLAG_UIMAGE_INITRD) {
            file_set_uimage(KERNEL_FILE, h, data, size, h->type);
        } else {
            file_set(KERNEL_FILE, data, size);
        }
        device_set(h);
        return;
    case INITRD:
        initrd_set(h, data, size);
        break;
    case DTB:
        dtb_set(data, size);
        break;
    case INITRD_AND_DTB:
        initrd_set(h, data, split);
        dtb_set(data + split, size - split);
        break;
    }
    file_set_kernel(KERNEL_FILE);
}

/* The pieces' bytes are in RAM, in order, without overlaps; ranges that are cleared are RAM. */
static const char *check_pieces(const BootBlobs *blobs)
{
    uint64_t end = 0;

    if (!blobs->pieces) {
        return NULL;
    }
    for (GTreeNode *n = g_tree_node_first(blobs->pieces); n; n = g_tree_node_next(n)) {
        const BootBlob *b = g_tree_node_value(n);
        uint32_t size = (uint32_t)(b->range.end - b->range.addr);
        const uint8_t *p = memory_ram_ptr(b->range.addr, size);

        if (b->range.addr < end) {
            return "pieces overlap or are not in order";
        }
        end = b->range.end;
        if (!p) {
            return "a piece is not in RAM";
        }
        if (memcmp(p, b->data, size)) {
            return "a piece is not where it should be";
        }
    }
    for (GTreeNode *n = g_tree_node_first(blobs->cleared); n; n = g_tree_node_next(n)) {
        const BootRange *r = g_tree_node_key(n);

        if (!memory_ram_ptr(r->addr, (uint32_t)(r->end - r->addr))) {
            return "memory to be cleared is not RAM";
        }
    }
    return NULL;
}

static const char *check(const BootPlan *plan)
{
    const char *wrong = check_pieces(&plan->blobs);

    if (wrong) {
        return wrong;
    }
    for (int n = 0; n < ARM_MAX_CPUS; n++) {
        if ((plan->start[n].pc & 3) == 2) {
            return "a misaligned program counter";
        }
    }
    return NULL;
}

void fuzz_init(void)
{
    uint8_t *ram = calloc(1, RAM_SIZE), *pen = calloc(1, BOOT_PEN_SIZE);

    if (!ram || !pen) {
        abort();
    }
    memory_add_ram(0, RAM_SIZE, ram, "ram");
    memory_add_ram(machine.boot.pen, BOOT_PEN_SIZE, pen, "boot-pen");
    for (int n = 0; n < FILES; n++) {
        fds[n] = memfd_create("fuzz", MFD_CLOEXEC);
        if (fds[n] < 0) {
            abort();
        }
        snprintf(path[n], sizeof(path[n]), "/proc/self/fd/%d", fds[n]);
    }
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    const char *wrong = NULL;
    char *err = NULL;
    BootPlan plan;
    Header h;

    if (size < HEADER || size > fuzz_max_input) {
        return NULL;
    }
    memcpy(&h, data, HEADER);
    write_error = NULL;
    loader_devices = NULL;
    machine.initrd = NULL;
    machine.dtb = h.flags & FLAG_BUILTIN_DTB ? "builtin" : NULL;
    machine.append = h.flags & FLAG_APPEND ? "console=ttyAMA0 root=/dev/ram" : NULL;
    machine.smp = 1 + h.cpus % ARM_MAX_CPUS;
    machine.ram_size = RAM_SIZE;
    files_set(&h, data + HEADER, size - HEADER);
    if (boot_plan_make(&plan, &machine, &err)) {
        boot_blobs_place(&plan.blobs);
        wrong = write_error ? write_error : err ? "success with a message" : check(&plan);
        boot_plan_free(&plan);
    } else if (!err) {
        wrong = "a failure without a message";
    } else if (strchr(err, '\n')) {
        wrong = "a message of several lines";
    }
    g_free(err);
    return wrong;
}
