/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table walk of the ARMv6 MMU (ARM DDI 0100I B4, ARM DDI 0360 chapter 5).
 *
 * This is what the fast memory tables are filled from: it looks at memory and CP15 only and keeps nothing. Two
 * formats of tables exist: SCTLR.XP = 1 with XN, APX and nG, and SCTLR.XP = 0, ARMv5's with four access permissions
 * per page. Order of the checks, as in B4.5.1: first-level fetch, section translation, second-level fetch, page
 * translation, access flag, domain, permission.
 *
 * Runs on the CPU's own thread. Other CPUs may write the tables meanwhile: a descriptor is read once, atomically.
 */
#include "target/arm/cpu.h"
#include "exec/memory.h"
#include "qemu/log.h"

enum { PROT_R = 1, PROT_W = 2, PROT_X = 4 };

/* Domain access in the DACR; 2 is reserved. */
enum { DOMAIN_CLIENT = 1, DOMAIN_MANAGER = 3 };

void (*arm_table_reads)(CPUARMState *env, uint32_t ram);

static bool read_descriptor(CPUARMState *env, uint32_t phys, uint32_t *desc)
{
    uint32_t ram, v;
    const uint8_t *p = memory_read_at(phys, 4, &ram);

    if (__builtin_expect(!p, 0)) {
        qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: translation table entry at 0x%08x is not in memory\n", env->cpu_index,
                      phys);
        return false;
    }
    if (arm_table_reads) {
        arm_table_reads(env, ram);
    }
    v = __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    *desc = env->cp15.sctlr & SCTLR_EE ? __builtin_bswap32(v) : v;
    return true;
}

/*
 * Access permissions as PROT_R | PROT_W, privileged in bits 1:0, user in bits 5:4; index APX << 2 | AP (B4.3.1). AP 0
 * with APX 0 depends on SCTLR.S and R. APX 1 with AP 0 is reserved: no access.
 */
static const uint8_t ap_rights[8] = {
    0x00, PROT_R | PROT_W, PROT_R | PROT_W | PROT_R << 4, PROT_R | PROT_W | (PROT_R | PROT_W) << 4,
    0x00, PROT_R, PROT_R | PROT_R << 4, PROT_R | PROT_R << 4,
};

static void set_rights(const CPUARMState *env, ARMPageInfo *info, unsigned ap, bool xn)
{
    unsigned rights = ap_rights[ap];

    if (ap == 0) {
        /* System and ROM protection; both bits set is UNPREDICTABLE, taken as the stricter one. */
        if (env->cp15.sctlr & SCTLR_S) {
            rights = PROT_R;
        } else if (env->cp15.sctlr & SCTLR_R) {
            rights = PROT_R | PROT_R << 4;
        }
    }
    info->prot_priv = rights & 3;
    info->prot_user = rights >> 4;
    if (!xn) {
        info->prot_priv |= info->prot_priv & PROT_R ? PROT_X : 0;
        info->prot_user |= info->prot_user & PROT_R ? PROT_X : 0;
    }
}

/* What both levels found about the address, in one form for both formats. */
typedef struct Leaf {
    unsigned ap;                /* APX << 2 | AP */
    bool xn;
    bool page;                  /* second-level descriptor: the faults' page flavour */
} Leaf;

/* Second level. FAULT_NONE, or the status without domain. */
static uint32_t walk_page(CPUARMState *env, uint32_t va, uint32_t l1, ARMPageInfo *info, Leaf *leaf)
{
    bool xp = env->cp15.sctlr & SCTLR_XP;
    uint32_t l2;

    leaf->page = true;
    if (!read_descriptor(env, (l1 & 0xfffffc00u) | ((va >> 10) & 0x3fc), &l2)) {
        return FAULT_EXTERNAL_L2;
    }
    switch (l2 & 3) {
    case 0:
        return FAULT_TRANSLATION_PAGE;
    case 1:                     /* large page */
        info->phys = (l2 & 0xffff0000u) | (va & 0xf000);
        info->size = 64 << 10;
        if (xp) {
            leaf->xn = l2 & (1u << 15);
        }
        break;
    default:                    /* small page; with XP = 1 bit 0 is XN */
        info->phys = l2 & 0xfffff000u;
        info->size = 4 << 10;
        if (xp) {
            leaf->xn = l2 & 1;
        }
        break;
    }
    if (xp) {
        leaf->ap = ((l2 >> 4) & 3) | ((l2 >> 7) & 4);
        info->global = !(l2 & (1u << 11));
        return FAULT_NONE;
    }
    info->global = true;
    if ((l2 & 3) == 3) {        /* extended small page: one AP */
        leaf->ap = (l2 >> 4) & 3;
        return FAULT_NONE;
    }
    /* Four subpages; their rights matter one by one only if they differ. */
    leaf->ap = (l2 >> (4 + 2 * ((l2 & 3) == 1 ? (va >> 14) & 3 : (va >> 10) & 3))) & 3;
    if (((l2 >> 4) & 0xff) != leaf->ap * 0x55u) {
        info->size /= 4;
    }
    return FAULT_NONE;
}

uint32_t arm_mmu_walk(CPUARMState *env, uint32_t va, MMUAccessType type, bool privileged, ARMPageInfo *info)
{
    uint32_t sctlr = env->cp15.sctlr;
    uint32_t n = env->cp15.ttbcr & 7;
    uint32_t base, l1, status;
    Leaf leaf = { 0, false, false };
    unsigned prot, need;

    va = arm_mva(env, va);
    if (!(sctlr & SCTLR_M)) {
        info->phys = va & 0xfffff000u;
        info->size = 1 << 20;
        info->prot_priv = info->prot_user = PROT_R | PROT_W | PROT_X;
        info->global = true;
        info->domain = 0;
        return FAULT_NONE;
    }

    if (n && (va >> (32 - n))) {
        base = env->cp15.ttbr1 & 0xffffc000u;
    } else {
        base = env->cp15.ttbr0 & ~((1u << (14 - n)) - 1);
    }
    /* For TTBR0 the top n bits of va are zero, so the index fits the shorter table. */
    if (!read_descriptor(env, base | ((va >> 18) & 0x3ffc), &l1)) {
        return FAULT_EXTERNAL_L1;
    }

    info->domain = (l1 >> 5) & 15;
    switch (l1 & 3) {
    case 1:
        status = walk_page(env, va, l1, info, &leaf);
        if (status != FAULT_NONE) {
            return status | (uint32_t)info->domain << 4;
        }
        break;
    case 2:
        if (l1 & (1u << 18)) {
            /* Supersection: domain 0; bits 8:5 and 23:20 would extend the address beyond our 32 bits. */
            info->domain = 0;
            info->phys = (l1 & 0xff000000u) | (va & 0x00fff000u);
            info->size = 16 << 20;
        } else {
            info->phys = (l1 & 0xfff00000u) | (va & 0x000ff000u);
            info->size = 1 << 20;
        }
        leaf.ap = (l1 >> 10) & 3;
        info->global = true;
        if (sctlr & SCTLR_XP) {
            leaf.ap |= (l1 >> 13) & 4;
            leaf.xn = l1 & (1u << 4);
            info->global = !(l1 & (1u << 17));
        }
        break;
    default:                    /* 0: fault; 3: reserved. The domain field of the status is not valid. */
        return FAULT_TRANSLATION_SECTION;
    }

    if ((sctlr & (SCTLR_AFE | SCTLR_XP)) == (SCTLR_AFE | SCTLR_XP)) {
        /* AP[0] is the access flag, the others mean what they mean with AP[0] set. */
        if (!(leaf.ap & 1)) {
            return (leaf.page ? FAULT_ACCESS_PAGE : FAULT_ACCESS_SECTION) | (uint32_t)info->domain << 4;
        }
    }

    switch ((env->cp15.dacr >> (info->domain * 2)) & 3) {
    case DOMAIN_CLIENT:
        set_rights(env, info, leaf.ap, leaf.xn);
        break;
    case DOMAIN_MANAGER:
        info->prot_priv = info->prot_user = PROT_R | PROT_W | PROT_X;
        break;
    default:                    /* no access; 2 is UNPREDICTABLE */
        return (leaf.page ? FAULT_DOMAIN_PAGE : FAULT_DOMAIN_SECTION) | (uint32_t)info->domain << 4;
    }

    prot = privileged ? info->prot_priv : info->prot_user;
    need = type == MMU_DATA_LOAD ? PROT_R : type == MMU_DATA_STORE ? PROT_W : PROT_X;
    if (!(prot & need)) {
        return (leaf.page ? FAULT_PERMISSION_PAGE : FAULT_PERMISSION_SECTION) | (uint32_t)info->domain << 4;
    }
    return FAULT_NONE;
}
