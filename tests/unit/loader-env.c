/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See loader-env.h. */
#include <string.h>
#include "exec/memory.h"
#include "loader-env.h"
#include "qemu/log.h"

uint8_t ram[RAM_SIZE];
BootBlobs blobs;
char *err;
unsigned warnings, log_lines;
int qemu_loglevel = LOG_GUEST_ERROR;

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    return (uint64_t)phys + len <= RAM_SIZE ? ram + phys : NULL;
}

uint32_t memory_ram_size(void)
{
    return RAM_SIZE;
}

MemoryRegion *memory_region_at(size_t index)
{
    static const MMIOOps ops;
    static MemoryRegion map[] = { { .size = RAM_SIZE, .ram = ram },
                                  { .base = 0x10000000, .size = 0x1000, .ops = &ops } };

    return index < G_N_ELEMENTS(map) ? &map[index] : NULL;
}

void qemu_log(const char *fmt, ...)
{
    log_lines++;
}

void warn_report(const char *fmt, ...)
{
    warnings++;
}

void error_report(const char *fmt, ...)
{
    g_assert_not_reached();
}

uint32_t ram32(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, ram + addr, 4);
    return GUINT32_FROM_LE(v);
}

void fresh(void)
{
    boot_blobs_free(&blobs);
    g_clear_pointer(&err, g_free);
    warnings = log_lines = 0;
    memset(ram, 0xaa, sizeof(ram));
}

void expect_error(const char *part)
{
    g_assert_nonnull(err);
    if (!strstr(err, part)) {
        g_test_message("message: %s", err);
    }
    g_assert_nonnull(strstr(err, part));
    g_assert_null(strchr(err, '\n'));
}
