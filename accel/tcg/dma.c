/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to guest memory by devices and loaders. Any thread.
 *
 * Locks: dma_write() into a page with code takes an exclusive section, that is, it waits for all CPUs to leave guest
 * code. So its caller must hold no lock that a register access takes. dma_read() takes none.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/guest-mem.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/snapshot.h"
#include "exec/memory.h"

bool dma_read(uint32_t phys, void *buf, uint32_t len)
{
    const uint8_t *p;

    if (!len) {
        return true;
    }
    p = memory_ram_ptr(phys, len);
    if (!p) {
        return false;
    }
    guest_mem_read(buf, p, len);
    return true;
}

bool dma_write(uint32_t phys, const void *buf, uint32_t len)
{
    CPUARMState *env = current_cpu ? current_cpu->env : NULL;
    uint8_t *p;

    if (!len) {
        return true;
    }
    p = memory_ram_ptr(phys, len);
    if (!p) {
        return false;
    }
    mpd_write_announce(phys, len);
    if (mpd_store_begin(phys, len)) {
        exclusive_begin(env);
        exclusive_dma_write(p, buf, len);
        mpd_invalidate_range(env, phys, len);
        exclusive_end(env);
    } else {
        exclusive_dma_write(p, buf, len);
        /* The order matters: see mpd.h. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (mpd_range_has_code(phys, len)) {
            mpd_invalidate_range(env, phys, len);
        }
    }
    mpd_write_done(phys, len);
    return true;
}
