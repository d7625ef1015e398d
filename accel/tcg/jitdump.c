/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with a copy of all translated code, in the form that Linux's tools/perf/Documentation/jitdump-specification
 * describes: `perf inject --jit` makes object files of it, and perf annotate shows their instructions. perf finds the
 * file because it sees it mapped as code.
 *
 * `dump` is written once, before there are other threads; each record is one write() at the end of the file.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <glib.h>
#include "accel/tcg/jitdump.h"
#include "qemu/log.h"
#include "qemu/write-all.h"

enum { MAGIC = 0x4a695444, VERSION = 1, CODE_LOAD = 0 };

typedef struct Header {
    uint32_t magic, version, total_size, elf_machine, pad, pid;
    uint64_t timestamp, flags;
} Header;

typedef struct CodeLoad {
    uint32_t id, total_size;
    uint64_t timestamp;
    uint32_t pid, tid;
    uint64_t vma, code_addr, code_size, code_index;
} CodeLoad;

static int dump = -1;
static uint64_t records;                /* atomic */

static uint64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void jitdump_open(void)
{
    Header h = { MAGIC, VERSION, sizeof(h), EM_X86_64, 0, (uint32_t)getpid(), now(), 0 };
    char path[64];

    snprintf(path, sizeof(path), "/tmp/jit-%ld.dump", (long)getpid());
    dump = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (dump < 0 || mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, dump, 0) == MAP_FAILED ||
        !write_all(dump, (const char *)&h, sizeof(h), NULL)) {
        error_exit("-accel tcg,jitdump=on: cannot write %s: %s", path, strerror(errno));
    }
}

void jitdump_code(const uint8_t *code, size_t bytes, const char *name)
{
    CodeLoad r = {
        .id = CODE_LOAD, .timestamp = now(), .pid = (uint32_t)getpid(), .tid = (uint32_t)syscall(SYS_gettid),
        .vma = (uintptr_t)code, .code_addr = (uintptr_t)code, .code_size = bytes,
    };
    size_t name_bytes = strlen(name) + 1;

    if (dump < 0) {
        return;
    }
    r.total_size = (uint32_t)(sizeof(r) + name_bytes + bytes);
    r.code_index = __atomic_fetch_add(&records, 1, __ATOMIC_RELAXED);
    g_autofree char *text = g_malloc(r.total_size);

    memcpy(text, &r, sizeof(r));
    memcpy(text + sizeof(r), name, name_bytes);
    memcpy(text + sizeof(r) + name_bytes, code, bytes);
    if (!write_all(dump, text, r.total_size, NULL)) {
        qemu_log("jitdump: %s\n", strerror(errno));
    }
}
