/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line per block: host address, size, name. perf looks there for code that is in no file, and believes the last line
 * of an address. A name has the guest's address range, and T for Thumb code: blocks of the same address in several
 * processes of a guest, and their second translations, are one row of a report.
 *
 * `map` is written once, before there are other threads; each line is one write() at the end of the file, so the lines
 * of several threads need no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "accel/tcg/jitdump.h"
#include "accel/tcg/perfmap.h"
#include "qemu/log.h"
#include "qemu/write-all.h"

enum { LINE = 96 };

static int map = -1;
static bool named;                      /* somebody wants names: the map, or the dump. Written like map */

void perfmap_open(bool lines, bool code)
{
    char path[64];

    named = lines || code;
    if (code) {
        jitdump_open();
    }
    if (!lines) {
        return;
    }

    snprintf(path, sizeof(path), "/tmp/perf-%ld.map", (long)getpid());
    map = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (map < 0) {
        error_exit("-accel tcg,perfmap=on: cannot write %s: %s", path, strerror(errno));
    }
}

static void add(const uint8_t *code, size_t bytes, const char *name)
{
    char line[LINE];
    int len = snprintf(line, sizeof(line), "%llx %zx %s\n", (unsigned long long)(uintptr_t)code, bytes, name);

    if (map >= 0 && !write_all(map, line, (size_t)len, NULL)) {
        qemu_log("perfmap: %s\n", strerror(errno));
    }
    jitdump_code(code, bytes, name);
}

void perfmap_block(const uint8_t *code, size_t bytes, uint32_t pc, uint32_t guest_bytes)
{
    char name[LINE / 2];

    if (!named) {
        return;
    }
    snprintf(name, sizeof(name), "guest_%08x+%x%s", pc & ~1u, guest_bytes, pc & 1 ? "_T" : "");
    add(code, bytes, name);
}

void perfmap_thunks(const uint8_t *code, size_t bytes)
{
    if (named) {
        add(code, bytes, "thunks");
    }
}
