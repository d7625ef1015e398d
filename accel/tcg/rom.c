/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory in front of which a device can stand (memory_add_rom()): showing and hiding it stops the CPUs, since their
 * tables change; whatever they read next is looked up again. A device does so rarely: flash is read far more often than
 * it is programmed, and shows its array again only when it has been read for a while.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/ram-write.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "qemu/trace.h"

static CPUARMState *this_cpu(void)
{
    return current_cpu ? current_cpu->env : NULL;
}

static void set_shown(MemoryRegion *r, bool shown)
{
    if (rom_is_shown(r) != shown) {
        if (shown) {
            trace(ROM_SHOW, "memory=%s", r->name);
        } else {
            trace(ROM_HIDE, "memory=%s", r->name);
        }
        __atomic_store_n(&r->rom_shown, shown, __ATOMIC_RELAXED);
        tlb_flush_all_cpus();
    }
}

void rom_hide(MemoryRegion *r)
{
    exclusive_begin(this_cpu());
    set_shown(r, false);
    exclusive_end();
}

void rom_show(MemoryRegion *r, bool (*may)(void *opaque), void *opaque)
{
    exclusive_begin(this_cpu());
    if (may(opaque)) {
        set_shown(r, true);
    }
    exclusive_end();
}

void rom_write(MemoryRegion *r, uint32_t offset, const void *buf, uint32_t len)
{
    ram_write(r->ram_addr + offset, r->rom + offset, buf, len);
}
