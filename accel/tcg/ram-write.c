/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of a store (ram-write.h):
 *
 *   begin  a device says that it writes; would the store hit a block? Then everybody leaves guest code and stays out
 *   store  under the slots of the exclusive monitor if the page has them (excl-monitor.h)
 *   end    blocks that hold what was stored go: those seen at the beginning, or that were built in between
 *
 * Why the question comes twice. Blocks hold words of their page as constants, so a store that hits one is visible only
 * together with its end: the first question. But a block may be built between question and store, so there is a second
 * one behind the store and a full fence (mpd.c says why one of builder and writer sees the other). Such a block has no
 * constants from this page, since the first question marks it as one that holds data; for a device, which reads no E,
 * the page may even become one with code in between, therefore `writing`.
 *
 * A CPU that finds no code in its page needs nothing of that: the page cannot get any before the CPU gives E up, and
 * that happens after its store.
 *
 * Lock order: no lock is held; exclusive sections are taken as said.
 */
#include "accel/tcg/cache.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/ram-write.h"
#include "qemu/observe.h"

typedef struct RamWrite {
    CPUARMState *env;           /* of the CPU whose thread this is, or NULL */
    uint32_t ram, len;
    bool device;                /* no reader of E, as far as this is concerned */
    bool may_hit;               /* the page had code, or may get it */
    bool stopped;               /* in an exclusive section: the CPUs are out of guest code */
} RamWrite;

static RamWrite begin(CPUARMState *env, uint32_t ram, uint32_t len, bool device)
{
    RamWrite w = { env, ram, len, device, device || ram_page_has(ram >> RAM_PAGE_BITS, RAM_PAGE_CODE), false };

    if (device) {
        ram_page_write_begin(ram, len);
    }
    if (w.may_hit && mpd_store_begin(ram, len)) {
        exclusive_begin(env);
        w.stopped = true;
    }
    return w;
}

static void invalidate(const RamWrite *w)
{
    TranslationBlock *tb, *next;

    exclusive_begin(w->env);
    observe_begin(OBS_INVALIDATE);
    for (tb = mpd_take_hits(w->ram, w->len); tb; tb = next) {
        next = tb_deref(tb->page_next);
        cache_unlink_block(tb);
    }
    cpu_count_event(w->env ? env_cpu(w->env) : NULL, invalidate);
    observe_end(OBS_INVALIDATE);
    exclusive_end();
}

static void end(const RamWrite *w, bool stored)
{
    if (w->may_hit && stored) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (w->stopped || mpd_range_has_code(w->ram, w->len)) {
            invalidate(w);
        }
    }
    if (w->stopped) {
        exclusive_end();
    }
    /* A CPU's, too: it may have waited since it filled its store entry, and the page's copy was made meanwhile. */
    for (uint32_t page = w->ram >> RAM_PAGE_BITS; page <= (w->ram + (w->len - 1)) >> RAM_PAGE_BITS; page++) {
        ram_page_set_dirty(page);
    }
    if (w->device) {
        ram_page_write_end(w->ram, w->len);
    }
}

void ram_store(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size)
{
    RamWrite w = begin(env, ram, size, false);

    excl_store(env, ram >> RAM_PAGE_BITS, host, v, size);
    end(&w, true);
}

uint64_t ram_swap(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size)
{
    RamWrite w = begin(env, ram, size, false);
    uint64_t old = excl_swap(env, ram >> RAM_PAGE_BITS, host, v, size);

    end(&w, true);
    return old;
}

bool ram_store_exclusive(CPUARMState *env, uint32_t ram, uint8_t *host, uint64_t v, unsigned size)
{
    RamWrite w = begin(env, ram, size, false);      /* reservations may end while it waits */
    bool stored = excl_commit(env, host, v, size);

    end(&w, stored);
    return stored;
}

void ram_write(uint32_t ram, uint8_t *host, const void *buf, uint32_t len)
{
    RamWrite w = begin(current_cpu ? current_cpu->env : NULL, ram, len, true);

    excl_write(host, buf, len);
    end(&w, true);
}
