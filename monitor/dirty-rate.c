/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a guest changes its memory (monitor/dirty-rate.h): pages here and there, and a sum of each at both times. */
#include <glib.h>
#include "exec/memory.h"
#include "monitor/dirty-rate.h"
#include "qemu/timer.h"

enum { PAGE = 4096, PAGES_MIN = 64, MIB = 1 << 20 };

typedef struct Sample {
    const uint8_t *page;
    uint64_t sum;
} Sample;

static DirtyRate now;
static Sample *samples;
static unsigned sample_count;
static uint64_t pages;          /* of all memory */
static int64_t begin_us;

/* FNV-1a, a word at a time: CPUs may store meanwhile, and then it is another sum. */
static uint64_t sum_of(const uint8_t *page)
{
    const uint64_t *word = (const uint64_t *)(const void *)page;
    uint64_t sum = 0xcbf29ce484222325;

    for (unsigned i = 0; i < PAGE / sizeof(*word); i++) {
        sum = (sum ^ __atomic_load_n(&word[i], __ATOMIC_RELAXED)) * 0x100000001b3;
    }
    return sum;
}

static uint64_t count_pages(void)
{
    const MemoryRegion *r;
    uint64_t count = 0;

    for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
        if (r->ram && memory_ram_phys(r->ram_addr) == r->base) {
            count += r->size / PAGE;
        }
    }
    return count;
}

static const uint8_t *page_at(uint64_t n)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
        if (r->ram && memory_ram_phys(r->ram_addr) == r->base) {
            if (n < r->size / PAGE) {
                return r->ram + n * PAGE;
            }
            n -= r->size / PAGE;
        }
    }
    return NULL;
}

static gboolean end(gpointer unused)
{
    const double seconds = (double)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC;
    unsigned changed = 0;

    for (unsigned i = 0; i < sample_count; i++) {
        changed += sum_of(samples[i].page) != samples[i].sum;
    }
    now.rate = (uint64_t)((double)changed / sample_count * (double)pages * PAGE / MIB / seconds);
    now.status = DIRTY_MEASURED;
    g_clear_pointer(&samples, g_free);
    return G_SOURCE_REMOVE;
}

bool dirty_rate_start(unsigned seconds, unsigned per_gib)
{
    if (now.status == DIRTY_MEASURING) {
        return false;
    }
    pages = count_pages();
    sample_count = (unsigned)MAX((uint64_t)PAGES_MIN, pages * per_gib / (1024 * MIB / PAGE));
    samples = g_new(Sample, sample_count);
    for (unsigned i = 0; i < sample_count; i++) {
        samples[i].page = page_at((uint64_t)(g_random_double() * (double)pages));
        samples[i].sum = sum_of(samples[i].page);
    }
    begin_us = g_get_monotonic_time();
    now = (DirtyRate) { .status = DIRTY_MEASURING, .seconds = seconds, .samples = per_gib,
                        .start_ms = begin_us / 1000 };
    g_timeout_add_seconds(seconds, end, NULL);
    return true;
}

DirtyRate dirty_rate(void)
{
    return now;
}
