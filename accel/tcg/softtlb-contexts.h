/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU keeps of its memory tables: for softtlb.c and page-owner.c. */
#ifndef ACCEL_TCG_SOFTTLB_CONTEXTS_H
#define ACCEL_TCG_SOFTTLB_CONTEXTS_H
#include "accel/tcg/softtlb-internal.h"

enum { NB_CONTEXTS = 12, MAX_FILLED = 32768, NB_MIB = 4096 };
enum { KEY_MMU = 1u << 8, KEY_PRIV = 1u << 9 };

struct TLBContext {
    TLBTables t;
    uint32_t key;               /* ASID | KEY_* */
    uint32_t dacr, fcse;
    uint32_t gen;               /* 0: never used */
    uint64_t last_use;
    uint32_t nfilled;
    uint32_t filled[MAX_FILLED];        /* virtual page numbers, perhaps repeated */
    uint64_t touched[NB_MIB / 64];      /* MiB of virtual space with filled entries */
    uint64_t large[NB_MIB / 64];        /* MiB filled from descriptors larger than a page */
    uint64_t super[NB_MIB / 16 / 64];   /* 16 MiB pieces filled from supersections */
};

struct TLBContexts {
    struct TLBContext ctx[NB_CONTEXTS];
    struct TLBContext *current;
    uint64_t clock;
    uint32_t last_gen;
    uint32_t *writer;           /* per RAM page: WRITER_* or virtual page + WRITER_FIRST; others: exclusive section */
};

/* Does a load or store entry lead to the page of RAM, whose first byte is at `host`? */
static inline bool tlb_entry_leads_to(int64_t e, uint32_t vpage, uint32_t page, uintptr_t host)
{
    return e > 0 ? (uint64_t)e + ((uint64_t)vpage << TLB_PAGE_BITS) == host
                 : (e & TLB_SLOW_RAM) && entry_addr(e, 0) >> TLB_PAGE_BITS == page;
}
#endif
