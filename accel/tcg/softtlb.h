/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast memory tables. For every (ASID, DACR, privilege) a CPU keeps a context: two directly indexed tables of one
 * 8-byte entry per 4 KiB page (loads, stores) plus a table of physical pages for instruction fetch.
 *
 * Entry e of page p: e > 0: host address of guest byte va = e + va.  e == 0: not filled.  e < 0: take the slow path
 * (MMIO, code page, page watched by an exclusive); bits as in TLB_SLOW_*.
 *
 * Inline code tests the alignment of 2^a bytes by the same look: it takes the address rotated right by a, without the
 * offset in the page, as the index. So the low bits of an address come in above its page number, and whoever is not
 * aligned finds 0 in one of the 2^a - 1 tables of zeroes behind the true one. These are only reserved: nobody writes to
 * them, and an untouched page that is read costs no memory.
 *
 * Tables are private to their CPU; others touch them only inside an exclusive section (accel/tcg/elock.h).
 */
#ifndef ACCEL_TCG_SOFTTLB_H
#define ACCEL_TCG_SOFTTLB_H
#include "accel/tcg/jit-state.h"

#define TLB_PAGE_BITS   12
#define TLB_ENTRIES     (1u << 20)
#define TLB_TABLE_BYTES ((size_t)TLB_ENTRIES * 8)
#define TLB_ALIGN_MAX   3               /* log2 of the largest alignment that a look tests */
#define TLB_WRITE_OFFSET ((uint32_t)(TLB_TABLE_BYTES << TLB_ALIGN_MAX))     /* bytes from tlb_read to the store table */

void tlb_cpu_init(CPUARMState *env);
void tlb_cpu_reset(CPUARMState *env);
/*
 * Instruction fetch at PC|T: RAM address of the instruction, *page = host address of its 4 KiB page; or its physical
 * address, *page = NULL: not RAM. *subpages: the right to fetch holds for this 1 KiB of the page only. Raises a
 * prefetch abort. Own CPU, outside or inside exec().
 */
uint32_t tlb_fetch(CPUARMState *env, uint32_t pc, const uint8_t **page, bool *subpages);
/* Forget all entries of all CPUs: the memory map changes. Caller is in an exclusive section. */
void tlb_flush_all_cpus(void);
/* Drop the store entries for a page of RAM (ram-page.h) from every CPU's tables. Caller is in an exclusive section. */
void tlb_revoke_writes(uint32_t page);
/*
 * Has the page been stored to since `who`, a RAM_PAGE_DIRTY_*, asked last? What is stored from now on makes it dirty
 * again. Caller is in an exclusive section; it may read the page after that.
 */
bool tlb_take_dirty(uint32_t page, unsigned who);

/* Inline fast path in C for the interpreter: host address for a plain access of `size` bytes inside a page, or NULL. */
static inline void *tlb_fast(CPUARMState *env, uint32_t va, unsigned size, bool store)
{
    const uint64_t *t = (const uint64_t *)((const uint8_t *)env_jit(env)->tlb_read + (store ? TLB_WRITE_OFFSET : 0));
    int64_t e = (int64_t)t[va >> TLB_PAGE_BITS];
    return e > 0 && !(va & (size - 1)) ? (void *)(e + (uint64_t)va) : NULL;
}
#endif
