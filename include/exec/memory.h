/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical address space of the board: RAM and device regions. It is built before the CPUs start and never
 * changes afterwards, so readers need no lock. Implemented in softmmu/memory.c.
 *
 * RAM is a list of blocks, each of which may be seen at several physical addresses (aliases). What is to be known about
 * a byte or a page of RAM, whatever way it is reached, goes by its RAM address: the blocks one behind the other in the
 * order they were added. The first block begins at 0 in both senses on boards with RAM at 0, but nobody relies on it.
 */
#ifndef EXEC_MEMORY_H
#define EXEC_MEMORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Register access: offset from the region's base, size 1, 2 or 4 bytes, cpu = index of the accessing CPU.
 * Offsets are inside the region. Called on any CPU thread without locks: the device takes its own. */
typedef struct MMIOOps {
    uint32_t (*read)(void *opaque, uint32_t offset, unsigned size, unsigned cpu);
    void (*write)(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu);
} MMIOOps;

/* The name of a register, for the log. Lists end with a NULL name. */
typedef struct MMIORegister {
    uint32_t offset;
    const char *name;
} MMIORegister;

/* A word that a device which is not there reads as, other than 0. In lists that end with value 0. */
typedef struct AbsentAnswer {
    uint32_t offset, value;
} AbsentAnswer;

typedef struct MemoryRegion {
    uint32_t base, size;        /* bytes; size may be any multiple of 4 */
    const char *name;
    const MMIOOps *ops;         /* NULL: RAM */
    uint8_t *ram;
    uint32_t ram_addr;          /* of its first byte; also of rom's */
    uint8_t *rom;               /* what a CPU reads past `ops` while it is shown; NULL: nothing */
    bool rom_shown;             /* atomic; written in exclusive sections */
    void *opaque;
    const AbsentAnswer *answers; /* NULL: none */
    const MMIORegister *registers; /* NULL: none */
    uint8_t *traced;            /* atomic; NULL: no access is traced. softmmu/memory-trace.c */
    uint64_t reads, writes;     /* statistics, relaxed atomics */
} MemoryRegion;

/* Regions must not overlap (asserted). Names live for ever. RAM: whole 4 KiB pages; a new block. */
MemoryRegion *memory_add_ram(uint32_t base, uint32_t size, uint8_t *host, const char *name);
/*
 * Memory that CPUs read and execute like RAM, but write through `ops` only (flash): a block of RAM addresses, too. It
 * is shown until rom_hide(); while hidden, reads and fetches go to `ops`.
 */
MemoryRegion *memory_add_rom(uint32_t base, uint32_t size, uint8_t *host, const MMIOOps *ops, void *opaque,
                             const char *name);
/* The RAM that `of` shows from `offset` on, a second time. */
MemoryRegion *memory_add_ram_alias(uint32_t base, uint32_t size, const MemoryRegion *of, uint32_t offset,
                                   const char *name);
MemoryRegion *memory_add_mmio(uint32_t base, uint32_t size, const MMIOOps *ops, void *opaque, const char *name);
/* A named region that reads as 0, but for `answers` (NULL: none), ignores writes and logs both under -d unimp. */
MemoryRegion *memory_add_unimplemented(uint32_t base, uint32_t size, const char *name, const AbsentAnswer *answers);
MemoryRegion *memory_find(uint32_t phys);      /* NULL: unmapped */
/* Iterate (sorted by base): index from 0, NULL at the end. */
MemoryRegion *memory_region_at(size_t index);
/* Host address of guest RAM, or NULL if [phys, phys+len) is not all RAM. */
uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len);
/* The same, and if it is RAM, *ram is the RAM address of phys; [*ram, *ram + len) is in the same block. */
uint8_t *memory_ram_at(uint32_t phys, uint32_t len, uint32_t *ram);
/* The same for those who only read: RAM, or memory of memory_add_rom() that is shown. */
const uint8_t *memory_read_at(uint32_t phys, uint32_t len, uint32_t *ram);
/* Between RAM addresses, host addresses and the physical addresses that blocks were added at; the argument is valid. */
uint8_t *memory_ram_host(uint32_t ram);
uint32_t memory_ram_of_host(const uint8_t *host);
uint32_t memory_ram_phys(uint32_t ram);
/* RAM base 0's size in bytes. */
uint32_t memory_ram_size(void);
/* Dispatch one register access (no device there: reads 0, logged under guest_errors). */
uint32_t mmio_read(uint32_t phys, unsigned size, unsigned cpu);
void mmio_write(uint32_t phys, uint32_t value, unsigned size, unsigned cpu);
/*
 * Events of register accesses (qemu/trace.h). memory_trace_init(): they are visited from now on; once. The other is for
 * mmio_read() and mmio_write(): the access to a region that has `traced` is printed if its register's event is on.
 */
void memory_trace_init(void);
void memory_trace_access(const MemoryRegion *r, bool write, uint32_t offset, uint32_t value, unsigned size,
                         unsigned cpu);
/* The register at that offset, or the end of the list; NULL if there is no list. */
const MMIORegister *memory_register_at(const MemoryRegion *r, uint32_t offset);
/* The map with its access counts, one region a line, for the monitor; free() it. */
char *memory_map_text(void);
/* Device or loader access to memory; false if any byte is not RAM (nothing is written then).
 * dma_write invalidates translated code and exclusive reservations (implemented in accel/tcg/dma.c). */
bool dma_read(uint32_t phys, void *buf, uint32_t len);
bool dma_write(uint32_t phys, const void *buf, uint32_t len);
/*
 * What this thread has written is seen by CPUs before it reads on: between a device's dma_write() and a dma_read() of
 * what a CPU may have stored before it looked for the former. May cost microseconds. Any lock may be held.
 */
void dma_barrier(void);
/*
 * Which pages of [phys, phys + len), len > 0, were stored to since the display asked for them last: dirty[i] is 1 or 0
 * for the page of phys + i pages. Returns how many there are, or -1: not all of it is memory. What is read afterwards
 * is as new as that, or newer and dirty again. There is one display. I/O thread, no lock held: if there are any, the
 * CPUs are stopped for a moment. Implemented in accel/tcg/ram-dirty.c.
 */
int memory_take_dirty(uint32_t phys, uint32_t len, uint8_t *dirty);
/*
 * The memory of a region of memory_add_rom(). Any thread, without a lock that a register access takes, since all of
 * these may wait for the CPUs to leave guest code. Implemented in accel/tcg/rom.c.
 *
 * rom_hide(): from its return on no CPU reads past `ops`. rom_show(): all CPUs may, if may(opaque) says so, which is
 * asked with the CPUs stopped and may take the device's lock. rom_write(): translated code goes with what it replaces.
 */
void rom_hide(MemoryRegion *r);
void rom_show(MemoryRegion *r, bool (*may)(void *opaque), void *opaque);
static inline bool rom_is_shown(const MemoryRegion *r)
{
    return __atomic_load_n(&r->rom_shown, __ATOMIC_RELAXED);
}
void rom_write(MemoryRegion *r, uint32_t offset, const void *buf, uint32_t len);
#endif
