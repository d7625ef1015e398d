/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slow path of loads and stores: everything the inline fast path leaves out, i.e. table fills, faults, MMIO, unaligned
 * and page-crossing accesses, big-endian data, user-rights accesses, and stores to pages with code or exclusives.
 *
 * Runs on the CPU's thread with exact guest state in env (regs[15] = PC|T of the instruction), inside its E read
 * section. Access sizes are 1, 2, 4, 8 bytes; values are zero-extended guest-order values. Faults: ARM DDI 0100I B4,
 * A2.7.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/excl-device.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/ldst.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb-internal.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "tcg/ir.h"

enum { SUBPAGE_BITS = 10 };

static uint64_t swap_bytes(uint64_t v, unsigned size)
{
    switch (size) {
    case 2:
        return __builtin_bswap16((uint16_t)v);
    case 4:
        return __builtin_bswap32((uint32_t)v);
    case 8:
        return __builtin_bswap64(v);
    default:
        return v;
    }
}

void mmio_begin(CPUARMState *env)
{
    if (icount_on) {
        icount_before_mmio(env);
    }
    env_cpu(env)->n.mmio++;
    clock_was_shown = false;
}

uint64_t mmio_get(CPUARMState *env, uint32_t phys, unsigned size)
{
    if (size == 8) {
        uint64_t lo = mmio_read(phys, 4, env->cpu_index);
        return lo | (uint64_t)mmio_read(phys + 4, 4, env->cpu_index) << 32;
    }
    if (phys & (size - 1)) {
        uint64_t v = 0;
        for (unsigned i = 0; i < size; i++) {
            v |= (uint64_t)(mmio_read(phys + i, 1, env->cpu_index) & 0xff) << (8 * i);
        }
        return v;
    }
    return mmio_read(phys, size, env->cpu_index);
}

/*
 * The device could not answer (cpu_hold_access()): the instruction is executed again when it can. A load or store of
 * several words repeats those that went before.
 */
void mmio_end_store(CPUARMState *env)
{
    CPUState *cpu = env_cpu(env);

    if (icount_on) {
        icount_after_mmio(env);
    }
    if (cpu->access_waits) {
        cpu->access_waits = false;
        cpu->step_ran = false;
        cpu_loop_exit(env);
    }
}

/*
 * A register that shows the time is read again if the CPU has an interrupt to take by now, which may have become
 * pending long ago as guests count time: code that reads its count of periods, a counter and the count again in one
 * block would else see a new period of the counter and no new count. The load is one instruction, and no other word of
 * it has a side effect: none is beside a clock on this board.
 */
void mmio_end_load(CPUARMState *env)
{
    int excp;

    mmio_end_store(env);
    if (clock_was_shown && (!env_cpu(env)->step || icount_on) && __atomic_load_n(&env->irq_lines, __ATOMIC_ACQUIRE) &&
        arm_interrupt_pending(env, &excp)) {
        cpu_loop_exit(env);
    }
}

uint64_t mmio_load(CPUARMState *env, uint32_t phys, unsigned size)
{
    uint64_t v;

    mmio_begin(env);
    v = mmio_get(env, phys, size);
    mmio_end_load(env);
    return v;
}

void mmio_put(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size)
{
    if (size == 8) {
        mmio_write(phys, (uint32_t)v, 4, env->cpu_index);
        mmio_write(phys + 4, (uint32_t)(v >> 32), 4, env->cpu_index);
    } else if (phys & (size - 1)) {
        for (unsigned i = 0; i < size; i++) {
            mmio_write(phys + i, (uint8_t)(v >> (8 * i)), 1, env->cpu_index);
        }
    } else {
        mmio_write(phys, (uint32_t)v, size, env->cpu_index);
    }
}

void mmio_store(CPUARMState *env, uint32_t phys, uint64_t v, unsigned size)
{
    mmio_begin(env);
    if (excl_on_devices) {
        excl_device_store(env, phys, size);
    }
    mmio_put(env, phys, v, size);
    mmio_end_store(env);
}

/* `size` bytes inside one page, little-endian. */
static uint64_t load_in_page(CPUARMState *env, uint32_t va, unsigned size, uint32_t mem)
{
    int64_t e = tlb_data_entry(env, va, false, mem);

    if (e > 0) {
        return guest_load((const uint8_t *)(uintptr_t)((uint64_t)e + va), size);
    }
    if (e & TLB_SLOW_MMIO) {
        return mmio_load(env, entry_addr(e, va), size);
    }
    return guest_load(memory_ram_host(entry_addr(e, va)), size);
}

static void store_in_page(CPUARMState *env, uint32_t va, uint64_t v, unsigned size, uint32_t mem)
{
    int64_t e = tlb_data_entry(env, va, true, mem);

    if (e > 0) {
        guest_store((uint8_t *)(uintptr_t)((uint64_t)e + va), v, size);
    } else if (e & TLB_SLOW_MMIO) {
        mmio_store(env, entry_addr(e, va), v, size);
    } else {
        ram_store(env, entry_addr(e, va), memory_ram_host(entry_addr(e, va)), v, size);
    }
}

/* Into another page, or into another 1 KiB subpage, which may have rights of its own. */
static bool crosses_subpage(uint32_t va, unsigned size)
{
    return ((va ^ (va + size - 1)) >> SUBPAGE_BITS) != 0;
}

static uint64_t load_any(CPUARMState *env, uint32_t va, unsigned size, uint32_t mem)
{
    uint64_t v = 0;

    debug_check_access(env, va, size, false);
    if (!crosses_subpage(va, size)) {
        v = load_in_page(env, va, size, mem);
    } else {
        for (unsigned i = 0; i < size; i++) {
            v |= load_in_page(env, va + i, 1, mem) << (8 * i);
        }
    }
    return mem & MEM_BE ? swap_bytes(v, size) : v;
}

/*
 * A store from `first` to `last` touches two pages, perhaps: both must take it before any byte changes. The fault
 * address is the first byte that cannot be stored. After this a CPU beside others (page-owner.h) does not leave the
 * instruction any more, so nobody sees half of it.
 */
static void both_pages(CPUARMState *env, uint32_t first, uint32_t last, uint32_t mem)
{
    if ((first ^ last) >> SUBPAGE_BITS) {
        int64_t e = tlb_data_entry(env, first, true, mem);
        int64_t f = tlb_data_entry(env, last >> SUBPAGE_BITS << SUBPAGE_BITS, true, mem);

        if ((e < 0 && (e & TLB_SLOW_MMIO)) != (f < 0 && (f & TLB_SLOW_MMIO))) {
            arm_cpu_alone(env);
        }
    }
}

static void store_any(CPUARMState *env, uint32_t va, uint64_t v, unsigned size, uint32_t mem)
{
    debug_check_access(env, va, size, true);
    if (mem & MEM_BE) {
        v = swap_bytes(v, size);
    }
    if (!crosses_subpage(va, size)) {
        store_in_page(env, va, v, size, mem);
        return;
    }
    /* Both pieces must take it before any byte changes; the fault address is the first byte that cannot be stored. */
    both_pages(env, va, va + size - 1, mem);
    for (unsigned i = 0; i < size; i++) {
        store_in_page(env, va + i, (uint8_t)(v >> (8 * i)), 1, mem);
    }
}

static uint32_t ror32(uint32_t v, unsigned n)
{
    return n ? v >> n | v << (32 - n) : v;
}

/*
 * Where an unaligned access goes on ARMv5 (SCTLR.U = 0). Compilers for ARMv6 rely on U = 1 unless told otherwise, and
 * other emulators do as if it were set: tell the guest's author, once.
 */
static uint32_t aligned_address(CPUARMState *env, uint32_t va, unsigned size)
{
    static bool told;       /* atomic */

    if (qemu_log_enabled(LOG_GUEST_ERROR) && !__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) {
        qemu_log("CPU%u: the instruction at 0x%08x accesses 0x%08x, which is not aligned, by the rules of ARMv5: loads "
                 "rotate, stores go to the aligned address. Set bit 22 (U) of SCTLR for those of ARMv6\n",
                 env->cpu_index, env->regs[15], va);
    }
    return va & ~(size - 1);
}

/*
 * Over the border of two pages that are plain memory: the bytes of two words. False: something else, and nothing was
 * done. `mem` without MEM_ALIGN, MEM_ROTATE, MEM_USER, MEM_BE.
 */
static bool load_over_border(CPUARMState *env, uint32_t va, unsigned size, uint32_t *v)
{
    uint32_t first = va & ~3u;
    const uint32_t *p = tlb_fast(env, first, 4, false), *q = tlb_fast(env, first + 4, 4, false);

    if (!p || !q) {
        return false;
    }
    uint64_t both = __atomic_load_n(p, __ATOMIC_RELAXED) | (uint64_t)__atomic_load_n(q, __ATOMIC_RELAXED) << 32;

    *v = (uint32_t)(both >> 8 * (va & 3)) & (size == 4 ? ~0u : 0xffff);
    return true;
}

static bool store_over_border(CPUARMState *env, uint32_t va, uint32_t v, unsigned size)
{
    unsigned first = 0x1000 - (va & 0xfff);
    uint8_t *p = tlb_fast(env, va, 1, true), *q = tlb_fast(env, va + first, 1, true);

    if (!p || !q) {
        return false;
    }
    for (unsigned i = 0; i < size; i++, v >>= 8) {
        __atomic_store_n(i < first ? p + i : q + (i - first), (uint8_t)v, __ATOMIC_RELAXED);
    }
    return true;
}

/* Does the access leave its page, with nothing about it that needs more than the bytes? */
static bool over_border(uint32_t va, unsigned size, uint32_t mem)
{
    return (va & 0xfff) + size > 0x1000 && !(mem & (MEM_ALIGN | MEM_ROTATE | MEM_USER | MEM_BE));
}

/*
 * Most slow accesses are to registers of devices: an aligned one, by the rights of the tables at hand, whose page is
 * known to be one of a device, needs to look no further. Returns the physical address in *phys.
 */
static inline bool is_register(CPUARMState *env, uint32_t va, unsigned size, bool store, uint32_t mem, uint32_t *phys)
{
    const uint8_t *table = (const uint8_t *)env_jit(env)->tlb_read + (store ? TLB_WRITE_OFFSET : 0);
    int64_t e = ((const int64_t *)(const void *)table)[va >> TLB_PAGE_BITS];

    *phys = entry_addr(e, va);
    return e < 0 && (e & TLB_SLOW_REASONS) == TLB_SLOW_MMIO && !(va & (size - 1)) && !(mem & (MEM_USER | MEM_BE));
}

uint32_t slow_load(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    unsigned size = 1u << (mem & MEM_SIZE), misaligned = va & (size - 1);
    uint32_t v, phys;

    env->regs[15] = pc;
    env_cpu(env)->n.slow_load++;
    if (is_register(env, va, size, false, mem, &phys)) {
        debug_check_access(env, va, size, false);
        v = (uint32_t)mmio_load(env, phys, size);
        return !(mem & MEM_SIGNED) ? v : size == 1 ? (uint32_t)(int8_t)v : (uint32_t)(int16_t)v;
    }
    if (over_border(va, size, mem) && load_over_border(env, va, size, &v)) {
        return mem & MEM_SIGNED && size == 2 ? (uint32_t)(int16_t)v : v;
    }
    if (misaligned && (mem & MEM_ALIGN)) {
        raise_alignment_fault(env, va, false);
    }
    if (misaligned && (mem & MEM_ROTATE)) {
        /* ARMv5 (SCTLR.U = 0): the aligned word, rotated so that the addressed byte is lowest. */
        v = (uint32_t)load_any(env, aligned_address(env, va, size), size, mem);
        v = size == 4 ? ror32(v, 8 * misaligned) : v;
    } else {
        v = (uint32_t)load_any(env, va, size, mem);
    }
    if (mem & MEM_SIGNED) {
        v = size == 1 ? (uint32_t)(int8_t)v : size == 2 ? (uint32_t)(int16_t)v : v;
    }
    return v;
}

void slow_store(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem, uint32_t pc)
{
    unsigned size = 1u << (mem & MEM_SIZE);
    uint32_t phys;

    env->regs[15] = pc;
    env_cpu(env)->n.slow_store++;
    if (is_register(env, va, size, true, mem, &phys)) {
        debug_check_access(env, va, size, true);
        mmio_store(env, phys, size == 4 ? val : val & ((1u << 8 * size) - 1), size);
        return;
    }
    if (over_border(va, size, mem) && store_over_border(env, va, val, size)) {
        return;
    }
    if (va & (size - 1)) {
        if (mem & MEM_ALIGN) {
            raise_alignment_fault(env, va, true);
        }
        if (mem & MEM_ROTATE) {
            va = aligned_address(env, va, size);
        }
    }
    store_any(env, va, size == 4 ? val : val & ((1u << 8 * size) - 1), size, mem);
}

/* Doublewords need word alignment only (ARMv6, VFP): two words unless it is aligned to 8. */
uint64_t slow_load64(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    uint64_t first, second;

    env->regs[15] = pc;
    env_cpu(env)->n.slow_load++;
    if (va & 3) {
        raise_alignment_fault(env, va, false);
    }
    if (!(va & 7)) {
        return load_any(env, va, 8, mem);
    }
    if (!(mem & (MEM_USER | MEM_BE))) {
        const uint32_t *p = tlb_fast(env, va, 4, false), *q = tlb_fast(env, va + 4, 4, false);

        if (p && q) {
            first = __atomic_load_n(p, __ATOMIC_RELAXED);
            return first | (uint64_t)__atomic_load_n(q, __ATOMIC_RELAXED) << 32;
        }
    }
    first = load_any(env, va, 4, mem);
    second = load_any(env, va + 4, 4, mem);
    return mem & MEM_BE ? first << 32 | second : second << 32 | first;
}

void slow_store64(CPUARMState *env, uint32_t va, uint64_t val, uint32_t mem, uint32_t pc)
{
    env->regs[15] = pc;
    env_cpu(env)->n.slow_store++;
    if (va & 3) {
        raise_alignment_fault(env, va, true);
    }
    if (!(va & 7)) {
        store_any(env, va, val, 8, mem);
        return;
    }
    if (!(mem & (MEM_USER | MEM_BE))) {
        uint32_t *p = tlb_fast(env, va, 4, true), *q = tlb_fast(env, va + 4, 4, true);

        if (p && q) {
            __atomic_store_n(p, (uint32_t)val, __ATOMIC_RELAXED);
            __atomic_store_n(q, (uint32_t)(val >> 32), __ATOMIC_RELAXED);
            return;
        }
    }
    /* Both words must be storable before one changes; the fault address is that of the first one that is not. */
    both_pages(env, va, va + 4, mem);
    store_any(env, va, (uint32_t)(mem & MEM_BE ? val >> 32 : val), 4, mem);
    store_any(env, va + 4, (uint32_t)(mem & MEM_BE ? val : val >> 32), 4, mem);
}

/*
 * A word of a transfer whose words lie in two pages, most likely plain ones: stacks cross pages, and a function there
 * does so at every call.
 */
static uint32_t ldm_word(CPUARMState *env, uint32_t va, uint32_t mem, uint32_t pc)
{
    const uint32_t *p = mem & (MEM_USER | MEM_BE) ? NULL : tlb_fast(env, va, 4, false);

    return p ? __atomic_load_n(p, __ATOMIC_RELAXED) : slow_load(env, va, mem & ~(uint32_t)MEM_ROTATE, pc);
}

static void stm_word(CPUARMState *env, uint32_t va, uint32_t val, uint32_t mem, uint32_t pc)
{
    uint32_t *p = mem & (MEM_USER | MEM_BE) ? NULL : tlb_fast(env, va, 4, true);

    if (p) {
        __atomic_store_n(p, val, __ATOMIC_RELAXED);
    } else {
        slow_store(env, va, val, mem & ~(uint32_t)MEM_ROTATE, pc);
    }
}

void slow_ldm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    bool wide = (mem & MEM_SIZE) == 3;
    uint32_t *words = (uint32_t *)(void *)env_jit(env)->ldm_buf;

    env->regs[15] = pc;
    if (va & 3) {
        raise_alignment_fault(env, va, false);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (wide) {
            env_jit(env)->ldm_buf[i] = slow_load64(env, va + 8 * i, mem, pc);
        } else {
            words[i] = ldm_word(env, va + 4 * i, mem, pc);
        }
    }
}

void slow_stm(CPUARMState *env, uint32_t va, uint32_t n, uint32_t mem, uint32_t pc)
{
    bool wide = (mem & MEM_SIZE) == 3;
    const uint32_t *words = (const uint32_t *)(const void *)env_jit(env)->ldm_buf;

    env->regs[15] = pc;
    if (va & 3) {
        raise_alignment_fault(env, va, true);
    }
    if (icount_on) {
        /* Faults of either page come before the first word is stored, recording and replaying. */
        both_pages(env, va, va + (wide ? 8 : 4) * n - 4, mem);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (wide) {
            slow_store64(env, va + 8 * i, env_jit(env)->ldm_buf[i], mem, pc);
        } else {
            stm_word(env, va + 4 * i, words[i], mem, pc);
        }
    }
}
