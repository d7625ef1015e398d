/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces (kernel, initrd, device tree, stubs, loader files) that the boot loader puts into guest RAM on every
 * reset.
 *
 * Owns BootBlobs: a list sorted by address without overlaps. Used by hw/arm/boot.c and the image loaders on the main
 * thread; no locks. Overlaps are refused here, once, so that no loader has to think about the others.
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "exec/memory.h"
#include "hw/arm/boot-image.h"
#include "qemu/log.h"

enum { BLOB_PAGE = 4096 };

static uint64_t blob_end(const BootBlob *b)
{
    return (uint64_t)b->addr + b->size + b->zero;
}

bool boot_blob_add(BootBlobs *blobs, const char *name, uint32_t addr, const void *data, uint32_t size, uint32_t zero,
                   char **err)
{
    uint64_t len = (uint64_t)size + zero;
    BootBlob **link;
    BootBlob *b;

    if (len == 0) {
        return true;
    }
    if (len > UINT32_MAX || !memory_ram_ptr(addr, (uint32_t)len)) {
        *err = g_strdup_printf("%s: 0x%" PRIx64 " bytes at 0x%08x do not fit into RAM (0x%x bytes at 0)", name, len,
                               addr, memory_ram_size());
        return false;
    }
    for (link = &blobs->first; *link; link = &(*link)->next) {
        const BootBlob *o = *link;

        if (addr < blob_end(o) && o->addr < addr + len) {
            *err = g_strdup_printf("%s at 0x%08x-0x%08x overlaps %s at 0x%08x-0x%08x", name, addr,
                                   (uint32_t)(addr + len - 1), o->name, o->addr, (uint32_t)(blob_end(o) - 1));
            return false;
        }
        if (o->addr > addr) {
            break;
        }
    }
    b = g_new0(BootBlob, 1);
    b->name = g_strdup(name);
    b->addr = addr;
    b->size = size;
    b->zero = zero;
    b->data = g_memdup2(data, size);
    b->next = *link;
    *link = b;
    return true;
}

void boot_blobs_place(const BootBlobs *blobs)
{
    static const uint8_t zeroes[BLOB_PAGE];
    const BootBlob *b;

    for (b = blobs->first; b; b = b->next) {
        uint32_t addr = b->addr + b->size;
        uint32_t left = b->zero;
        bool ok = b->size == 0 || dma_write(b->addr, b->data, b->size);

        while (ok && left) {
            uint32_t n = MIN(left, (uint32_t)BLOB_PAGE);

            ok = dma_write(addr, zeroes, n);
            addr += n;
            left -= n;
        }
        if (!ok) {
            /* The range was RAM when it was added, and the memory map never changes. */
            error_report("%s: cannot write to RAM at 0x%08x", b->name, b->addr);
        }
    }
}

void boot_blobs_free(BootBlobs *blobs)
{
    while (blobs->first) {
        BootBlob *b = blobs->first;

        blobs->first = b->next;
        g_free(b->name);
        g_free(b->data);
        g_free(b);
    }
}

void boot_blobs_largest_gap(const BootBlobs *blobs, uint32_t limit, uint32_t *start, uint32_t *end)
{
    uint64_t at = 0;
    const BootBlob *b = blobs->first;

    *start = *end = 0;
    for (;;) {
        uint64_t from = (at + BLOB_PAGE - 1) & ~(uint64_t)(BLOB_PAGE - 1);
        uint64_t to = (b ? MIN(b->addr, limit) : limit) & ~(uint32_t)(BLOB_PAGE - 1);

        if (to > from && to - from > *end - *start) {
            *start = (uint32_t)from;
            *end = (uint32_t)to;
        }
        if (!b) {
            break;
        }
        at = blob_end(b);
        b = b->next;
    }
}
