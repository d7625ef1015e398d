/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TBHT, the block hash table (see tb-hash.h). Buckets are singly linked lists through TranslationBlock.hash_next; a new
 * block goes to the head with a release store, so a reader that finds it sees it complete. Removal does not happen
 * under readers' feet: they are stopped (exclusive section), or they are the remover.
 */
#include <assert.h>
#include <string.h>
#include <glib.h>
#include "accel/tcg/tb-hash.h"

uintptr_t tb_origin;

void tb_set_origin(const TranslationBlock *lowest)
{
    tb_origin = (uintptr_t)lowest - 64;
}

/*
 * A page's blocks share a window of buckets, in the order of their addresses: 16 bytes of guest code a bucket, 256 a
 * line of the host's cache. A CPU that comes to a function under a new context asks for its blocks one after the other;
 * were they spread over the table, each question would miss the cache.
 */
enum { WINDOW_BITS = 8, BUCKET_BYTES_LOG2 = 4 };

static TBRef *bucket_of(const TBHash *h, uint32_t pc, uint32_t flags, uint32_t phys_pc)
{
    /*
     * Virtual and physical address often differ by a constant (a kernel's linear map), so they must not be combined
     * with XOR as they are; multiplying moves the low bits, which differ from page to page, to the top.
     */
    uint32_t page = ((phys_pc >> 12) + (pc >> 12) * 0x85ebca6bu + (pc << 31) + (flags << 17)) * 0x9e3779b1u;
    uint32_t in_page = phys_pc >> BUCKET_BYTES_LOG2 & ((1u << WINDOW_BITS) - 1);

    return &h->buckets[(page >> (32 - h->bits)) ^ (in_page & ((1u << h->bits) - 1))];
}

void tb_hash_init(TBHash *h, unsigned bits)
{
    assert(bits >= 1 && bits <= 24);
    h->bits = bits;
    h->buckets = g_new0(TBRef, (size_t)1 << bits);
}

void tb_hash_destroy(TBHash *h)
{
    g_free(h->buckets);
    h->buckets = NULL;
}

TranslationBlock *tb_hash_lookup(const TBHash *h, uint32_t pc, uint32_t flags, uint32_t phys_pc)
{
    TranslationBlock *tb = tb_deref(__atomic_load_n(bucket_of(h, pc, flags, phys_pc), __ATOMIC_ACQUIRE));

    while (tb && (tb->pc != pc || tb->phys_pc != phys_pc || tb->flags != flags)) {
        tb = tb_deref(__atomic_load_n(&tb->hash_next, __ATOMIC_ACQUIRE));
    }
    return tb;
}

void tb_hash_insert(TBHash *h, TranslationBlock *tb)
{
    TBRef *bucket = bucket_of(h, tb->pc, tb->flags, tb->phys_pc);

    __atomic_store_n(&tb->hash_next, __atomic_load_n(bucket, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    __atomic_store_n(bucket, tb_ref(tb), __ATOMIC_RELEASE);
}

bool tb_hash_remove(TBHash *h, TranslationBlock *tb)
{
    TBRef *p = bucket_of(h, tb->pc, tb->flags, tb->phys_pc);

    while (*p && *p != tb_ref(tb)) {
        p = &tb_deref(*p)->hash_next;
    }
    if (!*p) {
        return false;
    }
    __atomic_store_n(p, tb->hash_next, __ATOMIC_RELEASE);
    return true;
}

void tb_hash_clear(TBHash *h)
{
    memset(h->buckets, 0, sizeof(*h->buckets) << h->bits);
}
