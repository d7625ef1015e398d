/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See dtb-writer.h. A thin layer on libfdt's sequential functions that keeps the first error. No locks. */
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/arm/dtb-writer.h"

enum { DTB_MAX = 64 << 10, DTB_MAX_CELLS = 16, DTB_MAX_STRINGS = 256 };

struct DtbWriter {
    void *fdt;
    int err;
};

static void put(DtbWriter *t, int ret)
{
    if (!t->err) {
        t->err = ret;
    }
}

DtbWriter *dtb_new(void)
{
    DtbWriter *t = calloc(1, sizeof(*t));

    if (t) {
        t->fdt = malloc(DTB_MAX);
    }
    if (!t || !t->fdt) {
        free(t);
        return NULL;
    }
    put(t, fdt_create(t->fdt, DTB_MAX));
    put(t, fdt_finish_reservemap(t->fdt));
    return t;
}

void *dtb_finish(DtbWriter *t, int *size)
{
    void *fdt = t->fdt;

    put(t, fdt_finish(fdt));
    if (t->err) {
        free(fdt);
        fdt = NULL;
    } else {
        *size = (int)fdt_totalsize(fdt);
    }
    free(t);
    return fdt;
}

void dtb_begin(DtbWriter *t, const char *name)
{
    put(t, fdt_begin_node(t->fdt, name));
}

void dtb_begin_at(DtbWriter *t, const char *name, uint32_t addr)
{
    char full[64];

    snprintf(full, sizeof(full), "%s@%x", name, addr);
    dtb_begin(t, full);
}

void dtb_end(DtbWriter *t)
{
    put(t, fdt_end_node(t->fdt));
}

void dtb_property(DtbWriter *t, const char *name, const void *data, int size)
{
    put(t, fdt_property(t->fdt, name, data, size));
}

void dtb_flag(DtbWriter *t, const char *name)
{
    dtb_property(t, name, NULL, 0);
}

void dtb_string(DtbWriter *t, const char *name, const char *value)
{
    put(t, fdt_property_string(t->fdt, name, value));
}

void dtb_strings(DtbWriter *t, const char *name, const char *const *values)
{
    char list[DTB_MAX_STRINGS];
    size_t size = 0;

    for (; *values; values++) {
        size_t n = strlen(*values) + 1;

        if (n > sizeof(list) - size) {
            put(t, -FDT_ERR_NOSPACE);
            return;
        }
        memcpy(list + size, *values, n);
        size += n;
    }
    if (size) {
        dtb_property(t, name, list, (int)size);
    }
}

void dtb_cell(DtbWriter *t, const char *name, uint32_t value)
{
    put(t, fdt_property_u32(t->fdt, name, value));
}

void dtb_cells(DtbWriter *t, const char *name, int n, ...)
{
    fdt32_t v[DTB_MAX_CELLS];
    va_list ap;
    int i;

    if (n > DTB_MAX_CELLS) {
        put(t, -FDT_ERR_INTERNAL);
        return;
    }
    va_start(ap, n);
    for (i = 0; i < n; i++) {
        v[i] = cpu_to_fdt32(va_arg(ap, uint32_t));
    }
    va_end(ap);
    dtb_property(t, name, v, 4 * n);
}

void dtb_address_cells(DtbWriter *t, uint32_t addr, uint32_t size)
{
    dtb_cell(t, "#address-cells", addr);
    dtb_cell(t, "#size-cells", size);
}
