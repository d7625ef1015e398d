/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For those who translate accesses: softtlb.c, ldst.c, excl-insns.c; inline code. Own CPU's thread only. */
#ifndef ACCEL_TCG_SOFTTLB_INTERNAL_H
#define ACCEL_TCG_SOFTTLB_INTERNAL_H
#include "accel/tcg/softtlb.h"

/* Reasons in the low bits of a negative entry; bits 12-31: RAM address of the page, with TLB_SLOW_MMIO the physical. */
enum { TLB_SLOW_MMIO = 1, TLB_SLOW_RAM = 2, TLB_SLOW_CODE = 4, TLB_SLOW_WATCHED = 8, TLB_SLOW_DEBUG = 16,
       TLB_SLOW_STALE = 32,     /* leads to RAM, but why it is slow has to be found out */
       TLB_SLOW_REASONS = 63 };
enum { TLB_CODE = 1, TLB_CODE_MMIO = 3 };
#define TLB_CODE_OFFSET (2 * (size_t)TLB_WRITE_OFFSET)
#define TLB_TABLES_BYTES (TLB_CODE_OFFSET + (size_t)TLB_ENTRIES * 4)        /* of a context */

typedef struct TLBTables {
    int64_t *read, *write;      /* TLB_ENTRIES each */
    uint32_t *code;             /* page's RAM address | TLB_CODE, or physical | TLB_CODE_MMIO; 0: not filled */
} TLBTables;

/* The tables for accesses with these rights under the current context (MEM_USER accesses use privileged = false). */
TLBTables *tlb_tables(CPUARMState *env, bool privileged);
/* Walk and fill one entry. Returns it, or 0 with the fault status (no write bit). */
int64_t tlb_fill(CPUARMState *env, uint32_t va, bool store, bool privileged, uint32_t *fault);
int64_t tlb_slow_entry(uint32_t page, uint32_t why);

/*
 * Entry for an access of `size` bytes inside one page at va: > 0 direct, < 0 slow. Raises a data abort.
 * mem: MEM_USER selects the rights.
 */
int64_t tlb_data_entry(CPUARMState *env, uint32_t va, bool store, uint32_t mem);
_Noreturn void raise_alignment_fault(CPUARMState *env, uint32_t va, bool store);
/*
 * Who decides which CPU may load from and store to which page of RAM right now (page-owner.h); NULL: all may. Calls by
 * the CPU's own thread inside E's read section; the first two may leave the instruction, to be executed again.
 */
struct TLBContext;
typedef enum TLBUse { TLB_LOAD, TLB_STORE, TLB_FETCH } TLBUse;
enum { TLB_NO_RAM = 0xffffffffu };
typedef struct TLBOwner {
    /* The CPU is to load from, or store to, the page: before it gets an entry. */
    void (*take)(CPUARMState *env, uint32_t page, bool store);
    /* What the CPU does now is possible only while no other CPU executes anything. */
    void (*alone)(CPUARMState *env);
    /* The context has a new entry, which leads to that page. */
    void (*filled)(CPUARMState *env, struct TLBContext *c, uint32_t vpage, uint32_t page, TLBUse use);
    void (*leads_to)(CPUARMState *env, struct TLBContext *c, uint32_t vpage, uint32_t page);
} TLBOwner;
extern const TLBOwner *tlb_owner;       /* softtlb.c; set before the CPUs run */

/* The address that a slow entry names. */
static inline uint32_t entry_addr(int64_t e, uint32_t va)
{
    return ((uint32_t)e & 0xfffff000u) | (va & 0xfff);
}
#endif
