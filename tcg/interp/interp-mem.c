/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's memory ops. Plain accesses go through the CPU's fast table as single relaxed atomic accesses of
 * their size, since other CPUs use the same memory; all else takes the soft TLB's slow path, which may raise a data
 * abort. Runs on the CPU's thread.
 */
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/softtlb.h"
#include "tcg/interp/interp.h"

static bool is_fp(IRRef ref)
{
    return ref_is_s(ref) || ref_is_d(ref) || ref_is_ftemp(ref);
}

static uint64_t get_any(const InterpRun *r, IRRef ref)
{
    return is_fp(ref) ? interp_get_fp(r, ref) : interp_get(r, ref);
}

static void set_any(const InterpRun *r, IRRef ref, uint64_t value)
{
    if (is_fp(ref)) {
        interp_set_fp(r, ref, value);
    } else {
        interp_set(r, ref, value);
    }
}

/* The fast table knows nothing of user rights for privileged code. */
static void *plain_access(const InterpRun *r, const IROp *op, uint32_t va, unsigned bytes, bool store)
{
    return op->mem & MEM_USER ? NULL : tlb_fast(r->env, va, bytes, store);
}

static uint64_t swapped(uint64_t v, uint8_t mem)
{
    unsigned size = mem & MEM_SIZE;

    return mem & MEM_BE ? __builtin_bswap64(v) >> (64 - (8 << size)) : v;
}

static uint64_t load_plain(const void *p, uint8_t mem)
{
    unsigned size = mem & MEM_SIZE;
    uint64_t v = swapped(guest_load(p, 1u << size), mem);

    if (!(mem & MEM_SIGNED)) {
        return v;
    }
    return size == 0 ? (uint32_t)(int8_t)v : (uint32_t)(int16_t)v;
}

static void store_plain(void *p, uint64_t v, uint8_t mem)
{
    guest_store(p, swapped(v, mem), 1u << (mem & MEM_SIZE));
}

/*
 * A word or halfword that is not aligned but inside a plain page (as the x86-64 back end does it): its host address.
 */
static uint8_t *unaligned_access(const InterpRun *r, const IROp *op, uint32_t va, bool is_store)
{
    uint32_t bytes = 1u << (op->mem & MEM_SIZE), rest = va & (bytes - 1);
    uint8_t *p;

    if ((op->mem & ~(MEM_SIZE | (is_store ? 0 : MEM_SIGNED))) || bytes > 4 || (va & 0xfff) + bytes > 0x1000) {
        return NULL;
    }
    p = tlb_fast(r->env, va - rest, bytes, is_store);
    return p ? p + rest : NULL;
}

/* The same over the border of two plain pages, byte by byte. False: something else, and nothing was done. */
static bool over_border_unaligned(const InterpRun *r, const IROp *op, uint32_t va, bool is_store, uint64_t *value)
{
    unsigned bytes = 1u << (op->mem & MEM_SIZE), first = 0x1000 - (va & 0xfff);
    uint8_t *p, *q, data[4];

    if ((op->mem & ~(MEM_SIZE | (is_store ? 0 : MEM_SIGNED))) || bytes > 4 || first >= bytes) {
        return false;
    }
    p = tlb_fast(r->env, va, 1, is_store);
    q = tlb_fast(r->env, va + first, 1, is_store);
    if (!p || !q) {
        return false;
    }
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t *byte = i < first ? p + i : q + (i - first);

        if (is_store) {
            guest_store(byte, *value >> 8 * i & 0xff, 1);
        } else {
            data[i] = (uint8_t)guest_load(byte, 1);
        }
    }
    if (!is_store) {
        *value = load_plain(data, op->mem);
    }
    return true;
}

void interp_ld(InterpRun *r, const IROp *op)
{
    uint32_t va = interp_get(r, op->a) + op->imm;
    unsigned size = op->mem & MEM_SIZE;
    void *p = plain_access(r, op, va, 1u << size, false);
    uint64_t value;

    interp_show_late(r, op);
    if (p) {
        set_any(r, op->d, load_plain(p, op->mem));
    } else if ((p = unaligned_access(r, op, va, false))) {
        set_any(r, op->d, load_plain(p, op->mem));
    } else if (over_border_unaligned(r, op, va, false, &value)) {
        set_any(r, op->d, value);
    } else if (size == 3) {
        set_any(r, op->d, slow_load64(r->env, va, op->mem, r->pc));
    } else {
        set_any(r, op->d, slow_load(r->env, va, op->mem, r->pc));
    }
}

void interp_st(InterpRun *r, const IROp *op)
{
    uint32_t va = interp_get(r, op->a) + op->imm;
    unsigned size = op->mem & MEM_SIZE;
    uint64_t value = get_any(r, op->b);
    void *p = plain_access(r, op, va, 1u << size, true);

    interp_show_late(r, op);
    if (p) {
        store_plain(p, value, op->mem);
    } else if ((p = unaligned_access(r, op, va, true))) {
        store_plain(p, value, op->mem);
    } else if (over_border_unaligned(r, op, va, true, &value)) {
        return;
    } else if (size == 3) {
        slow_store64(r->env, va, value, op->mem, r->pc);
    } else {
        slow_store(r->env, va, value, op->mem, r->pc);
    }
}

/* All elements are in one page, aligned to a word and directly accessible. */
static uint8_t *plain_range(const InterpRun *r, const IROp *op, uint32_t va, bool is_store)
{
    unsigned bytes = 1u << (op->mem & MEM_SIZE);

    if ((va & ((1u << TLB_PAGE_BITS) - 1)) + op->n * bytes > 1u << TLB_PAGE_BITS) {
        return NULL;
    }
    return plain_access(r, op, va, 4, is_store);
}

/*
 * Words in two pages of plain memory (as the x86-64 back end does it): between there and ldm_buf. False: something
 * else, and nothing was done.
 */
static bool over_border(InterpRun *r, const IROp *op, uint32_t va, bool is_store)
{
    uint32_t *words = (uint32_t *)(void *)env_jit(r->env)->ldm_buf;
    uint32_t all = (uint32_t)op->n << ((op->mem & MEM_SIZE) - 2);
    uint32_t first = ((1u << TLB_PAGE_BITS) - (va & ((1u << TLB_PAGE_BITS) - 1))) / 4;
    uint8_t *p, *q;

    if ((op->mem & ~(MEM_SIZE | MEM_ALIGN)) || (va & 3) || first >= all) {
        return false;
    }
    p = tlb_fast(r->env, va, 4, is_store);
    q = tlb_fast(r->env, va + 4 * first, 4, is_store);
    if (!p || !q) {
        return false;
    }
    for (uint32_t i = 0; i < all; i++) {
        uint8_t *word = i < first ? p + 4 * i : q + 4 * (i - first);

        if (is_store) {
            guest_store(word, words[i], 4);
        } else {
            words[i] = (uint32_t)guest_load(word, 4);
        }
    }
    return true;
}

void interp_ldm(InterpRun *r, const IROp *op)
{
    uint32_t va = interp_get(r, op->a) + op->imm;
    unsigned size = op->mem & MEM_SIZE;
    const uint8_t *p = plain_range(r, op, va, false);
    const uint32_t *words = (const uint32_t *)(const void *)env_jit(r->env)->ldm_buf;

    interp_show_late(r, op);
    if (!p && !over_border(r, op, va, false)) {
        slow_ldm(r->env, va, op->n, op->mem, r->pc);
    }
    for (unsigned i = 0; i < op->n; i++) {
        IRRef ref = r->args[op->arg + i];

        if (p) {
            set_any(r, ref, load_plain(p + (i << size), op->mem & ~MEM_SIGNED));
        } else {
            set_any(r, ref, size == 3 ? env_jit(r->env)->ldm_buf[i] : words[i]);
        }
    }
}

void interp_stm(InterpRun *r, const IROp *op)
{
    uint32_t va = interp_get(r, op->a) + op->imm;
    unsigned size = op->mem & MEM_SIZE;
    uint8_t *p = plain_range(r, op, va, true);
    uint32_t *words = (uint32_t *)(void *)env_jit(r->env)->ldm_buf;

    interp_show_late(r, op);
    for (unsigned i = 0; i < op->n; i++) {
        uint64_t value = get_any(r, r->args[op->arg + i]);

        if (p) {
            store_plain(p + (i << size), value, op->mem);
        } else if (size == 3) {
            env_jit(r->env)->ldm_buf[i] = value;
        } else {
            words[i] = value;
        }
    }
    if (!p && !over_border(r, op, va, true)) {
        slow_stm(r->env, va, op->n, op->mem, r->pc);
    }
}
