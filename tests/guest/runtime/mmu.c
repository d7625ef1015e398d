/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation tables and TLB of a test image (ARM DDI 0100I B4). Tables come from the heap: CPU 0 makes them. */
#include "runtime.h"

uint32_t *mmu_new_table(void)
{
    static const uint16_t devices[] = { 0x100, 0x101, 0x4e0, 0xe00 };
    uint32_t *l1 = heap_alloc(16384, 16384);

    for (uint32_t mb = 0; mb < 64; mb++) {
        l1[mb] = L1_SECTION(mb << 20, AP_RW, 0);
    }
    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        /* Shared device memory: TEX 0, C 0, B 1. Never executable. */
        l1[devices[i]] = (L1_SECTION((uint32_t)devices[i] << 20, AP_RW, 0) & ~0x0cu) | 4 | L1_XN;
    }
    return l1;
}

uint32_t *mmu_new_l2(uint32_t *l1, uint32_t va, unsigned domain)
{
    uint32_t *l2 = heap_alloc(1024, 1024);

    l1[va >> 20] = L1_TABLE(l2, domain);
    return l2;
}

void mmu_map_page(uint32_t *l1, uint32_t va, uint32_t l2_entry)
{
    uint32_t *l2 = (uint32_t *)(l1[va >> 20] & 0xfffffc00u);

    l2[(va >> 12) & 0xff] = l2_entry;
}

void tlb_flush(void)
{
    dsb();
    CP15_WRITE(0, c8, c7, 0, 0);
    dsb();
    isb();
}

void tlb_flush_page(uint32_t va, uint32_t asid)
{
    dsb();
    CP15_WRITE(0, c8, c5, 1, (va & 0xfffff000u) | asid);
    CP15_WRITE(0, c8, c6, 1, (va & 0xfffff000u) | asid);
    CP15_WRITE(0, c7, c5, 6, 0);
    dsb();
    isb();
}

void tlb_flush_asid(uint32_t asid)
{
    dsb();
    CP15_WRITE(0, c8, c7, 2, asid);
    dsb();
    isb();
}

void set_dacr(uint32_t v)
{
    CP15_WRITE(0, c3, c0, 0, v);
    isb();
}

void set_asid(uint32_t asid)
{
    CP15_WRITE(0, c13, c0, 1, asid);
    isb();
}

void mmu_on(uint32_t *l1)
{
    dsb();
    CP15_WRITE(0, c2, c0, 2, 0);
    CP15_WRITE(0, c2, c0, 0, (uint32_t)l1);
    CP15_WRITE(0, c2, c0, 1, (uint32_t)l1);
    set_dacr(0x15);
    tlb_flush();
    set_sctlr(sctlr() | SCTLR_M | SCTLR_XP);
}

void mmu_off(void)
{
    dsb();
    set_sctlr(sctlr() & ~SCTLR_M);
    tlb_flush();
}
