/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces (kernel, initrd, device tree, stubs, loader files) that the boot loader puts into guest RAM on every
 * reset, and the memory that it clears.
 *
 * Owns BootBlobs: two balanced trees of ranges that do not overlap, in which a range "is equal to" any that it
 * overlaps; an Intel HEX file may have a hundred thousand pieces. Used by hw/arm/boot.c and the image loaders on the
 * main thread; no locks. Overlaps are found here, once, so that no loader has to think about the others.
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "exec/memory.h"
#include "hw/arm/boot-image.h"
#include "qemu/log.h"

enum { BLOB_PAGE = 4096 };

static int range_compare(const void *a, const void *b, void *unused)
{
    const BootRange *x = a, *y = b;

    return x->end <= y->addr ? -1 : y->end <= x->addr ? 1 : 0;
}

static void blob_free(void *p)
{
    BootBlob *b = p;

    g_free(b->name);
    g_free(b->data);
    g_free(b);
}

static void blobs_init(BootBlobs *blobs)
{
    if (!blobs->pieces) {
        /* Keys are the first member of what they name, and go with it. */
        blobs->pieces = g_tree_new_full(range_compare, NULL, NULL, blob_free);
        blobs->cleared = g_tree_new_full(range_compare, NULL, NULL, g_free);
    }
}

bool boot_blob_add(BootBlobs *blobs, const char *name, uint32_t addr, const void *data, uint32_t size, char **err)
{
    BootRange range = { addr, (uint64_t)addr + size };
    const BootBlob *o;
    BootBlob *b;

    if (size == 0) {
        return true;
    }
    if (!memory_ram_ptr(addr, size)) {
        *err = g_strdup_printf("%s: 0x%x bytes at 0x%08x do not fit into RAM (0x%x bytes at 0)", name, size, addr,
                               memory_ram_size());
        return false;
    }
    blobs_init(blobs);
    o = g_tree_lookup(blobs->pieces, &range);
    if (o) {
        *err = g_strdup_printf("%s at 0x%08x-0x%08x overlaps %s at 0x%08x-0x%08x", name, addr,
                               (uint32_t)(range.end - 1), o->name, o->range.addr, (uint32_t)(o->range.end - 1));
        return false;
    }
    if (g_tree_lookup(blobs->cleared, &range)) {
        qemu_log_mask(LOG_GUEST_ERROR, "boot: %s at 0x%08x-0x%08x lies in memory that another image clears: it stays\n",
                      name, addr, (uint32_t)(range.end - 1));
    }
    b = g_new0(BootBlob, 1);
    b->range = range;
    b->name = g_strdup(name);
    b->data = g_memdup2(data, size);
    g_tree_insert(blobs->pieces, &b->range, b);
    return true;
}

uint8_t *boot_blob_data(const BootBlobs *blobs, uint32_t addr)
{
    const BootRange at = { addr, (uint64_t)addr + 1 };
    BootBlob *b = blobs->pieces ? g_tree_lookup(blobs->pieces, &at) : NULL;

    return b && b->range.addr == addr ? b->data : NULL;
}

/* A range of RAM; those it overlaps become one with it. */
static void clear_ram(BootBlobs *blobs, const char *name, BootRange range)
{
    const BootBlob *b = g_tree_lookup(blobs->pieces, &range);
    BootRange *o;

    if (b) {
        qemu_log_mask(LOG_GUEST_ERROR, "boot: %s clears 0x%08x-0x%08x, but %s at 0x%08x-0x%08x stays\n", name,
                      range.addr, (uint32_t)(range.end - 1), b->name, b->range.addr, (uint32_t)(b->range.end - 1));
    }
    while ((o = g_tree_lookup(blobs->cleared, &range))) {
        range.addr = MIN(range.addr, o->addr);
        range.end = MAX(range.end, o->end);
        g_tree_remove(blobs->cleared, o);
    }
    o = g_memdup2(&range, sizeof(range));
    g_tree_insert(blobs->cleared, o, o);
}

/* The part of a range that lies in region r. */
static BootRange range_in(const MemoryRegion *r, const BootRange *range)
{
    return (BootRange) { MAX(range->addr, r->base), MIN(range->end, (uint64_t)r->base + r->size) };
}

void boot_blob_clear(BootBlobs *blobs, const char *name, uint32_t addr, uint32_t size)
{
    const BootRange range = { addr, (uint64_t)addr + size };
    uint64_t ram = 0;
    const MemoryRegion *r;

    blobs_init(blobs);
    for (size_t i = 0; (r = memory_region_at(i)); i++) {
        BootRange part = range_in(r, &range);

        if (!r->ops && part.addr < part.end) {
            clear_ram(blobs, name, part);
            ram += part.end - part.addr;
        }
    }
    if (ram < size) {
        qemu_log_mask(LOG_GUEST_ERROR, "boot: %s: 0x%" PRIx64 " of 0x%x bytes at 0x%08x to be cleared are not RAM\n",
                      name, size - ram, size, addr);
    }
}

bool boot_range_has_ram(uint32_t addr, uint32_t size)
{
    const BootRange range = { addr, (uint64_t)addr + size };
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)); i++) {
        BootRange part = range_in(r, &range);

        if (!r->ops && part.addr < part.end) {
            return true;
        }
    }
    return false;
}

static void clear_range(const BootRange *range)
{
    static const uint8_t zeroes[BLOB_PAGE];
    uint64_t at = range->addr;

    while (at < range->end) {
        uint32_t n = (uint32_t)MIN(range->end - at, (uint64_t)BLOB_PAGE);

        dma_write((uint32_t)at, zeroes, n);
        at += n;
    }
}

/* Everything was RAM when it was added, and the memory map never changes. */
void boot_blobs_place(const BootBlobs *blobs)
{
    GTreeNode *n;

    if (!blobs->pieces) {
        return;
    }
    /* First, because pieces may lie in what images clear. */
    for (n = g_tree_node_first(blobs->cleared); n; n = g_tree_node_next(n)) {
        clear_range(g_tree_node_key(n));
    }
    for (n = g_tree_node_first(blobs->pieces); n; n = g_tree_node_next(n)) {
        const BootBlob *b = g_tree_node_value(n);

        if (!dma_write(b->range.addr, b->data, (uint32_t)(b->range.end - b->range.addr))) {
            error_report("%s: cannot write to RAM at 0x%08x", b->name, b->range.addr);
        }
    }
}

void boot_blobs_free(BootBlobs *blobs)
{
    g_clear_pointer(&blobs->pieces, g_tree_destroy);
    g_clear_pointer(&blobs->cleared, g_tree_destroy);
}

/* The first range of either tree that ends above `at`: what lies at `at`, else what comes next. */
static const BootRange *next_used(GTree *tree, uint64_t at)
{
    const BootRange from = { (uint32_t)at, at + 1 };
    GTreeNode *n = tree && at <= UINT32_MAX ? g_tree_lower_bound(tree, &from) : NULL;

    return n ? g_tree_node_key(n) : NULL;
}

void boot_blobs_largest_gap(const BootBlobs *blobs, uint32_t limit, uint32_t *start, uint32_t *end)
{
    uint64_t at = 0;

    *start = *end = 0;
    while (at < limit) {
        const BootRange *p = next_used(blobs->pieces, at), *c = next_used(blobs->cleared, at);
        const BootRange *next = !c || (p && p->addr <= c->addr) ? p : c;
        uint64_t from = (at + BLOB_PAGE - 1) & ~(uint64_t)(BLOB_PAGE - 1);
        uint64_t to = (next ? MIN(next->addr, limit) : limit) & ~(uint32_t)(BLOB_PAGE - 1);

        if (to > from && to - from > *end - *start) {
            *start = (uint32_t)from;
            *end = (uint32_t)to;
        }
        at = next ? next->end : limit;
    }
}
