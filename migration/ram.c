/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory in a stream. A section "ram" is a list of runs of pages: the physical address of the first, with bit 0
 * set if the pages have data; their number; and their bytes, unless they are all zero.
 */
#include <string.h>
#include "migration/ram.h"

enum { RUN_DATA = 1, RUN_HEAD = 8, SECTION_BYTES = 1 << 20 };

const MemoryRegion *ram_next(size_t *index)
{
    const MemoryRegion *r;

    while ((r = memory_region_at((*index)++)) != NULL) {
        if (r->ram && memory_ram_phys(r->ram_addr) == r->base) {
            break;
        }
    }
    return r;
}

uint32_t ram_pages_total(void)
{
    const MemoryRegion *r;
    uint32_t pages = 0;

    for (size_t i = 0; (r = ram_next(&i)) != NULL;) {
        pages += r->size / RAM_PAGE;
    }
    return pages;
}

void ram_put_layout(GByteArray *s)
{
    const MemoryRegion *r;
    unsigned count = 0;

    for (size_t i = 0; ram_next(&i) != NULL;) {
        count++;
    }
    section_put_int(s, count, 4);
    for (size_t i = 0; (r = ram_next(&i)) != NULL;) {
        section_put_int(s, r->base, 4);
        section_put_int(s, r->size, 4);
    }
}

bool ram_check_layout(Section *s, char **err)
{
    const MemoryRegion *r;
    uint64_t count, base, size, here = 0;

    if (!section_get_int(s, &count, 4)) {
        *err = g_strdup("the state is damaged: it does not say what memory there is");
        return false;
    }
    for (size_t i = 0; (r = ram_next(&i)) != NULL; here++) {
        if (here >= count || !section_get_int(s, &base, 4) || !section_get_int(s, &size, 4) || base != r->base ||
            size != r->size) {
            *err = g_strdup_printf("the state has other memory at 0x%08x (the machine has %u KiB there; start it with "
                                   "the options of the one that was saved, among them -m and -kernel)", r->base,
                                   r->size >> 10);
            return false;
        }
    }
    if (here < count) {
        *err = g_strdup("the state has more memory (start the machine with the options of the one that was saved, "
                        "among them -m and -kernel)");
        return false;
    }
    return true;
}

/* CPUs may store to a page while it is looked at and copied: word by word; it is dirty again then, and comes again. */
static bool is_zero(const uint8_t *page)
{
    const uint64_t *words = (const void *)page;
    size_t i = 0;

    while (i < RAM_PAGE / sizeof(*words) && !__atomic_load_n(&words[i], __ATOMIC_RELAXED)) {
        i++;
    }
    return i == RAM_PAGE / sizeof(*words);
}

static void put_page(GByteArray *section, const uint8_t *page)
{
    const uint64_t *words = (const void *)page;
    const guint begin = section->len;

    g_byte_array_set_size(section, begin + RAM_PAGE);
    for (size_t i = 0; i < RAM_PAGE / sizeof(*words); i++) {
        const uint64_t word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

        memcpy(section->data + begin + i * sizeof(word), &word, sizeof(word));
    }
}

/* The run that is being made at the end of a section. */
typedef struct Run {
    GByteArray *section;
    uint32_t phys, pages;       /* pages 0: none */
    bool data;
    guint head;                 /* where its head is */
} Run;

static void run_end(Run *run)
{
    uint8_t *p;

    if (!run->pages) {
        return;
    }
    p = run->section->data + run->head;
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)((run->phys | (run->data ? RUN_DATA : 0)) >> 8 * i);
        p[4 + i] = (uint8_t)(run->pages >> 8 * i);
    }
    run->pages = 0;
}

uint64_t ram_zero_pages;

static void run_add(Run *run, uint32_t phys, const uint8_t *host)
{
    bool data = !is_zero(host);

    if (run->pages && (data != run->data || phys != run->phys + run->pages * RAM_PAGE)) {
        run_end(run);
    }
    if (!run->pages) {
        run->phys = phys;
        run->data = data;
        run->head = run->section->len;
        section_put_int(run->section, 0, RUN_HEAD);
    }
    run->pages++;
    ram_zero_pages += !data;
    if (data) {
        put_page(run->section, host);
    }
}

static void section_finish(GQueue *out, Run *run)
{
    run_end(run);
    section_end(run->section);
    g_queue_push_tail(out, run->section);
    run->section = NULL;
}

void ram_capture(GQueue *out, uint32_t *page, uint64_t bytes, bool (*want)(uint32_t ram))
{
    const MemoryRegion *r;
    uint32_t first = 0;         /* number of the region's first page */
    uint64_t done = 0;
    Run run = { .section = NULL };

    for (size_t i = 0; done < bytes && (r = ram_next(&i)) != NULL; first += r->size / RAM_PAGE) {
        while (done < bytes && *page - first < r->size / RAM_PAGE) {
            uint32_t offset = (*page - first) * RAM_PAGE;

            (*page)++;
            if (want && !want(r->ram_addr + offset)) {
                continue;
            }
            if (!run.section) {
                run.section = section_new("ram", 1);
            }
            run_add(&run, r->base + offset, r->ram + offset);
            done += run.data ? RAM_PAGE : RUN_HEAD;
            if (run.section->len > SECTION_BYTES - RAM_PAGE) {
                section_finish(out, &run);
            }
        }
    }
    if (run.section) {
        section_finish(out, &run);
    }
}

static bool load_run(Section *s, bool keep)
{
    uint64_t head, pages;
    uint32_t ram;
    uint8_t *host;
    const uint8_t *data = NULL;

    if (!section_get_int(s, &head, 4) || !section_get_int(s, &pages, 4) || !pages || pages > UINT32_MAX / RAM_PAGE ||
        (head & (RAM_PAGE - 1) & ~(uint64_t)RUN_DATA)) {
        return false;
    }
    host = memory_ram_at((uint32_t)head & ~(RAM_PAGE - 1u), (uint32_t)pages * RAM_PAGE, &ram);
    if (head & RUN_DATA) {
        data = section_take(s, pages * RAM_PAGE);
    }
    if (!host || (!data && (head & RUN_DATA))) {
        return false;
    }
    if (keep && data) {
        memcpy(host, data, pages * RAM_PAGE);
    }
    for (uint64_t i = 0; keep && !data && i < pages; i++) {
        if (!is_zero(host + i * RAM_PAGE)) {
            memset(host + i * RAM_PAGE, 0, RAM_PAGE);
        }
    }
    return true;
}

bool ram_load(Section *s, bool keep, char **err)
{
    while (s->at < s->bytes) {
        if (!load_run(s, keep)) {
            *err = g_strdup("the state is damaged: there are pages where the machine has no memory");
            return false;
        }
    }
    return true;
}
