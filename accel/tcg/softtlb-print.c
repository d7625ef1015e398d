/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fast memory tables as the monitor shows them (info tlb). The CPUs are paused. */
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/softtlb-contexts.h"
#include "exec/memory.h"
#include "sysemu/cpus.h"

enum { PRINT_RANGES = 64 };         /* of one context */

/* What one filled page looks like; pages in a row with equal rights make one line. */
typedef struct PageView {
    uint32_t vpage, phys;           /* page numbers */
    bool read, write, fetch;        /* filled for these */
    int64_t special;                /* TLB_SLOW_* of its slow entries */
} PageView;

static uint32_t view_entry(int64_t e, uint32_t vpage, PageView *v)
{
    if (e > 0) {
        const uint8_t *host = (const uint8_t *)(uintptr_t)((uint64_t)e + ((uint64_t)vpage << TLB_PAGE_BITS));

        return memory_ram_phys(memory_ram_of_host(host)) >> TLB_PAGE_BITS;
    }
    v->special |= e & (TLB_SLOW_MMIO | TLB_SLOW_CODE | TLB_SLOW_WATCHED | TLB_SLOW_DEBUG);
    return (e & TLB_SLOW_MMIO ? entry_addr(e, 0) : memory_ram_phys(entry_addr(e, 0))) >> TLB_PAGE_BITS;
}

static PageView view_page(const struct TLBContext *c, uint32_t vpage)
{
    PageView v = { .vpage = vpage };

    if (c->t.code[vpage]) {
        v.fetch = true;
        v.phys = ((c->t.code[vpage] & 0xfff) == TLB_CODE_MMIO ? c->t.code[vpage] : memory_ram_phys(c->t.code[vpage])) >>
                 TLB_PAGE_BITS;
    }
    if (c->t.read[vpage]) {
        v.read = true;
        v.phys = view_entry(c->t.read[vpage], vpage, &v);
    }
    if (c->t.write[vpage]) {
        v.write = true;
        v.phys = view_entry(c->t.write[vpage], vpage, &v);
    }
    return v;
}

static bool follows(const PageView *a, const PageView *b, uint32_t distance)
{
    return b->vpage == a->vpage + distance && b->phys == a->phys + distance && a->read == b->read &&
           a->write == b->write && a->fetch == b->fetch && a->special == b->special;
}

static void print_range(FILE *f, const PageView *v, uint32_t pages)
{
    fprintf(f, "  %08x-%08x -> %08x  %c%c%c%s%s%s%s\n", v->vpage << TLB_PAGE_BITS,
            ((v->vpage + pages) << TLB_PAGE_BITS) - 1, v->phys << TLB_PAGE_BITS, v->read ? 'r' : '-',
            v->write ? 'w' : '-', v->fetch ? 'x' : '-', v->special & TLB_SLOW_MMIO ? " device" : "",
            v->special & TLB_SLOW_CODE ? " holds code" : "", v->special & TLB_SLOW_WATCHED ? " watched" : "",
            v->special & TLB_SLOW_DEBUG ? " watchpoint" : "");
}

static int compare_pages(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void print_context(FILE *f, const struct TLBContext *c, bool current)
{
    uint32_t *pages = malloc(c->nfilled * sizeof(*pages)), ranges = 0, length = 0, filled = 0;
    PageView first = { 0 };

    if (!pages) {
        return;
    }
    memcpy(pages, c->filled, c->nfilled * sizeof(*pages));
    qsort(pages, c->nfilled, sizeof(*pages), compare_pages);
    fprintf(f, "%s", c->key & KEY_MMU ? "MMU on" : "MMU off");
    if (c->key & KEY_MMU) {
        fprintf(f, ", ASID %u, DACR %08x", c->key & 0xff, c->dacr);
    }
    fprintf(f, ", %s%s\n", c->key & KEY_PRIV ? "privileged" : "user", current ? " (current)" : "");
    for (uint32_t i = 0; i < c->nfilled; i++) {
        PageView v = view_page(c, pages[i]);

        if ((i && pages[i] == pages[i - 1]) || (!v.read && !v.write && !v.fetch)) {
            continue;               /* listed twice, or gone since */
        }
        filled++;
        if (length && follows(&first, &v, length)) {
            length++;
            continue;
        }
        if (length && ranges++ < PRINT_RANGES) {
            print_range(f, &first, length);
        }
        first = v;
        length = 1;
    }
    if (length && ranges++ < PRINT_RANGES) {
        print_range(f, &first, length);
    }
    if (ranges > PRINT_RANGES) {
        fprintf(f, "  and %u more ranges\n", ranges - PRINT_RANGES);
    }
    fprintf(f, "  %u pages filled\n", filled);
    free(pages);
}

void cpu_print_tlb(int n, FILE *f)
{
    const struct TLBContexts *s = cpu_states[n]->tlb;

    fprintf(f, "CPU#%d\n", n);
    for (int i = 0; i < NB_CONTEXTS; i++) {
        if (s->ctx[i].nfilled) {
            print_context(f, &s->ctx[i], &s->ctx[i] == s->current);
        }
    }
}
