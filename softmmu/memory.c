/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical address space: a fixed pool of regions, sorted by base address, and a table that leads from a 4 KiB page
 * straight to the one region that fills it.
 *
 * Regions are added on the main thread before the CPUs start and never change afterwards, so lookups, which any thread
 * makes, take no lock. Only the access counters change; they are relaxed atomics that may lose a count when CPUs race,
 * which keeps a locked instruction off the path of every register access.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "exec/memory.h"
#include "qemu/log.h"

enum {
    MAX_REGIONS = 250,
    PAGE_BITS = 12,
    PAGE_COUNT = 1 << (32 - PAGE_BITS),
    PAGE_EMPTY = 0,             /* no region touches the page */
    PAGE_MIXED = 0xff,          /* search: several regions, or one that fills only a part */
    MAX_RAM_BLOCKS = 8,
};

/* RAM addresses [addr, addr + size). */
typedef struct RamBlock {
    uint32_t addr, size, phys;
    uint8_t *host;
} RamBlock;

static MemoryRegion pool[MAX_REGIONS];
static MemoryRegion *sorted[MAX_REGIONS];       /* by base */
static size_t region_count;
static RamBlock ram_block[MAX_RAM_BLOCKS];
static size_t ram_block_count;
static uint8_t *page_region;    /* page -> PAGE_* or index in pool + 1; a mapping touched only where used */
static uint32_t ram0_size;

static uint64_t region_end(const MemoryRegion *r)
{
    return (uint64_t)r->base + r->size;
}

static void page_table_fill(const MemoryRegion *r, uint8_t id)
{
    uint64_t end = region_end(r);

    for (uint64_t page = r->base >> PAGE_BITS; page <= (end - 1) >> PAGE_BITS; page++) {
        uint64_t start = page << PAGE_BITS;
        bool filled = start >= r->base && start + (1u << PAGE_BITS) <= end;

        page_region[page] = filled ? id : PAGE_MIXED;
    }
}

static MemoryRegion *region_add(uint32_t base, uint32_t size, const char *name)
{
    MemoryRegion *r = &pool[region_count];
    size_t at = region_count;

    if (!page_region) {
        page_region = mmap(NULL, PAGE_COUNT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                           -1, 0);
        if (page_region == MAP_FAILED) {
            error_exit("cannot allocate the memory map");
        }
    }
    g_assert(region_count < MAX_REGIONS && size && size % 4 == 0 && (uint64_t)base + size <= 1ull << 32);
    r->base = base;
    r->size = size;
    r->name = name;
    while (at && sorted[at - 1]->base > base) {
        at--;
    }
    g_assert(!at || region_end(sorted[at - 1]) <= base);
    g_assert(at == region_count || region_end(r) <= sorted[at]->base);
    memmove(&sorted[at + 1], &sorted[at], (region_count - at) * sizeof(sorted[0]));
    sorted[at] = r;
    region_count++;
    page_table_fill(r, (uint8_t)region_count);
    return r;
}

/* Returns its RAM address. */
static uint32_t block_add(uint32_t base, uint32_t size, uint8_t *host)
{
    const RamBlock *last = ram_block_count ? &ram_block[ram_block_count - 1] : NULL;
    uint32_t addr = last ? last->addr + last->size : 0;

    g_assert(ram_block_count < MAX_RAM_BLOCKS && (base | size) % (1u << PAGE_BITS) == 0 &&
             (uint64_t)addr + size <= 1ull << 32);
    ram_block[ram_block_count++] = (RamBlock) { addr, size, base, host };
    return addr;
}

MemoryRegion *memory_add_ram(uint32_t base, uint32_t size, uint8_t *host, const char *name)
{
    MemoryRegion *r = region_add(base, size, name);

    r->ram_addr = block_add(base, size, host);
    r->ram = host;
    if (base == 0) {
        ram0_size = size;
    }
    return r;
}

MemoryRegion *memory_add_rom(uint32_t base, uint32_t size, uint8_t *host, const MMIOOps *ops, void *opaque,
                             const char *name)
{
    MemoryRegion *r = memory_add_mmio(base, size, ops, opaque, name);

    r->ram_addr = block_add(base, size, host);
    r->rom = host;
    r->rom_shown = true;
    return r;
}

MemoryRegion *memory_add_ram_alias(uint32_t base, uint32_t size, const MemoryRegion *of, uint32_t offset,
                                   const char *name)
{
    MemoryRegion *r = region_add(base, size, name);

    g_assert(of->ram && (base | size | offset) % (1u << PAGE_BITS) == 0 && (uint64_t)offset + size <= of->size);
    r->ram = of->ram + offset;
    r->ram_addr = of->ram_addr + offset;
    return r;
}

MemoryRegion *memory_add_mmio(uint32_t base, uint32_t size, const MMIOOps *ops, void *opaque, const char *name)
{
    MemoryRegion *r = region_add(base, size, name);

    r->ops = ops;
    r->opaque = opaque;
    return r;
}

static uint32_t unimplemented_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    const MemoryRegion *r = opaque;
    uint32_t value = 0;

    for (const AbsentAnswer *a = r->answers; a && a->value; a++) {
        if (a->offset == (offset & ~3u)) {
            value = a->value >> 8 * (offset & 3);
        }
    }
    qemu_log_mask(LOG_UNIMP, "%s: %u-byte read at 0x%x by CPU %u: not implemented, reads 0x%x\n", r->name, size,
                  offset, cpu, value);
    return value;
}

static void unimplemented_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    const MemoryRegion *r = opaque;

    qemu_log_mask(LOG_UNIMP, "%s: %u-byte write of 0x%x at 0x%x by CPU %u: not implemented, ignored\n", r->name, size,
                  value, offset, cpu);
}

static const MMIOOps unimplemented_ops = { .read = unimplemented_read, .write = unimplemented_write };

MemoryRegion *memory_add_unimplemented(uint32_t base, uint32_t size, const char *name, const AbsentAnswer *answers)
{
    MemoryRegion *r = region_add(base, size, name);

    r->answers = answers;
    r->ops = &unimplemented_ops;
    r->opaque = r;
    return r;
}

static MemoryRegion *region_search(uint32_t phys)
{
    size_t low = 0, high = region_count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (sorted[mid]->base > phys) {
            high = mid;
        } else if (region_end(sorted[mid]) <= phys) {
            low = mid + 1;
        } else {
            return sorted[mid];
        }
    }
    return NULL;
}

static inline MemoryRegion *find(uint32_t phys)
{
    unsigned id = page_region ? page_region[phys >> PAGE_BITS] : PAGE_EMPTY;

    if (id == PAGE_EMPTY) {
        return NULL;
    }
    return id == PAGE_MIXED ? region_search(phys) : &pool[id - 1];
}

MemoryRegion *memory_find(uint32_t phys)
{
    return find(phys);
}

MemoryRegion *memory_region_at(size_t index)
{
    return index < region_count ? sorted[index] : NULL;
}

static inline uint8_t *ram_at(const MemoryRegion *r, uint32_t phys, uint32_t len, uint32_t *ram)
{
    if (!r || !r->ram || len > r->size - (phys - r->base)) {
        return NULL;
    }
    *ram = r->ram_addr + (phys - r->base);
    return r->ram + (phys - r->base);
}

uint8_t *memory_ram_at(uint32_t phys, uint32_t len, uint32_t *ram)
{
    return ram_at(find(phys), phys, len, ram);
}

const uint8_t *memory_read_at(uint32_t phys, uint32_t len, uint32_t *ram)
{
    const MemoryRegion *r = find(phys);

    if (!r || !r->rom) {
        return ram_at(r, phys, len, ram);
    }
    if (!rom_is_shown(r) || len > r->size - (phys - r->base)) {
        return NULL;
    }
    *ram = r->ram_addr + (phys - r->base);
    return r->rom + (phys - r->base);
}

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    uint32_t ram;

    return memory_ram_at(phys, len, &ram);
}

static const RamBlock *block_at(uint32_t ram)
{
    const RamBlock *b = ram_block;

    while (ram - b->addr >= b->size) {
        b++;
    }
    return b;
}

uint8_t *memory_ram_host(uint32_t ram)
{
    const RamBlock *b = block_at(ram);

    return b->host + (ram - b->addr);
}

uint32_t memory_ram_of_host(const uint8_t *host)
{
    const RamBlock *b = ram_block;

    while ((uintptr_t)host - (uintptr_t)b->host >= b->size) {
        b++;
    }
    return b->addr + (uint32_t)(host - b->host);
}

uint32_t memory_ram_phys(uint32_t ram)
{
    const RamBlock *b = block_at(ram);

    return b->phys + (ram - b->addr);
}

uint32_t memory_ram_size(void)
{
    return ram0_size;
}

static void count_access(uint64_t *counter)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

/* An access that no region takes: log what is wrong with it. */
static __attribute__((cold, noinline)) void log_refused(const MemoryRegion *r, uint32_t phys, unsigned size,
                                                        unsigned cpu, const char *kind)
{
    if (!r || !r->ops) {
        qemu_log_mask(LOG_GUEST_ERROR, "memory: %u-byte %s at unmapped physical address 0x%08x by CPU %u\n", size, kind,
                      phys, cpu);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "memory: %u-byte %s at 0x%08x by CPU %u runs past the end of %s\n", size, kind,
                      phys, cpu, r->name);
    }
}

/* The region of an access, or NULL. */
static inline MemoryRegion *access_region(uint32_t phys, unsigned size, unsigned cpu, const char *kind)
{
    MemoryRegion *r = find(phys);

    if (__builtin_expect(!r || !r->ops || size > r->size - (phys - r->base), 0)) {
        log_refused(r, phys, size, cpu, kind);
        return NULL;
    }
    return r;
}

const MMIORegister *memory_register_at(const MemoryRegion *r, uint32_t offset)
{
    const MMIORegister *reg = r->registers;

    while (reg && reg->name && reg->offset != (offset & ~3u)) {
        reg++;
    }
    return reg;
}

static void log_access(const MemoryRegion *r, const char *kind, uint32_t offset, uint32_t value, unsigned size,
                       unsigned cpu)
{
    const MMIORegister *reg = memory_register_at(r, offset);

    qemu_log("mmio: CPU %u %s %s+0x%x%s%s: 0x%0*x\n", cpu, kind, r->name, offset,
             reg && reg->name ? " " : "", reg && reg->name ? reg->name : "", (int)(2 * size), value);
}

static bool is_traced(const MemoryRegion *r)
{
    return __builtin_expect(__atomic_load_n(&r->traced, __ATOMIC_RELAXED) != NULL, 0);
}

uint32_t mmio_read(uint32_t phys, unsigned size, unsigned cpu)
{
    MemoryRegion *r = access_region(phys, size, cpu, "read");

    if (!r) {
        return 0;
    }
    count_access(&r->reads);
    /* Many devices give the whole register whatever the size. */
    uint32_t value = r->ops->read(r->opaque, phys - r->base, size, cpu) & (UINT32_MAX >> (32 - 8 * size));
    if (qemu_log_enabled(LOG_MMIO)) {
        log_access(r, "reads", phys - r->base, value, size, cpu);
    }
    if (is_traced(r)) {
        memory_trace_access(r, false, phys - r->base, value, size, cpu);
    }
    return value;
}

void mmio_write(uint32_t phys, uint32_t value, unsigned size, unsigned cpu)
{
    MemoryRegion *r = access_region(phys, size, cpu, "write");

    if (!r) {
        return;
    }
    count_access(&r->writes);
    if (qemu_log_enabled(LOG_MMIO)) {
        log_access(r, "writes", phys - r->base, value, size, cpu);
    }
    if (is_traced(r)) {
        memory_trace_access(r, true, phys - r->base, value, size, cpu);
    }
    r->ops->write(r->opaque, phys - r->base, value, size, cpu);
}

char *memory_map_text(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    fprintf(f, "address-space: physical\n");
    for (size_t i = 0; i < region_count; i++) {
        const MemoryRegion *r = sorted[i];

        fprintf(f, "  %08x-%08x (%s): %s", r->base, (uint32_t)(region_end(r) - 1),
                r->ram ? "ram" : r->rom ? "rom" : r->ops == &unimplemented_ops ? "absent" : "i/o", r->name);
        if (r->ram && memory_ram_phys(r->ram_addr) != r->base) {
            fprintf(f, ", the same as %08x", memory_ram_phys(r->ram_addr));
        }
        if (!r->ram) {
            fprintf(f, "  [%llu reads, %llu writes]",
                    (unsigned long long)__atomic_load_n(&r->reads, __ATOMIC_RELAXED),
                    (unsigned long long)__atomic_load_n(&r->writes, __ATOMIC_RELAXED));
        }
        fputc('\n', f);
    }
    fclose(f);
    return text;
}
