/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chain and Unchain: patching a block's direct exits. Block A's exit n to B: A->jmp[n].to = B and A is in
 * B->incoming, a list through TBJump.next_in whose references carry n in bits 1-0.
 *
 * Lists: C (unified) or the owner (separate) for chaining; unchaining happens with all users stopped. The patch itself
 * is one aligned store that other CPUs may execute at the same time (PQEMU's "dependent": D).
 *
 * Only exits to the same 4 KiB page, virtual and physical, are chained: whoever found A through its key knows that the
 * page is mapped there for him, hence B's key holds as well, whatever his translation tables say about other pages.
 * Where a page's subpages differ in rights (TBF_SUBPAGES) he knows it of A's subpage only.
 */
#include "accel/tcg/cache.h"
#include "qemu/log.h"
#include "qemu/observe.h"

static inline TranslationBlock *untag(TBRef tagged, int *n)
{
    *n = tagged & (TB_JUMPS - 1);
    return tb_deref(tagged & ~(TBRef)(TB_JUMPS - 1));
}

static inline TBRef tag(const TranslationBlock *tb, int n)
{
    return tb_ref(tb) | (unsigned)n;
}

/* May every CPU that found prev by its key run tb as well? */
static bool same_rights(const TranslationBlock *prev, const TranslationBlock *tb)
{
    unsigned bits = arm_tb_reach_bits(prev->flags);

    return prev->flags == tb->flags && (prev->pc ^ tb->pc) >> bits == 0 && (prev->phys_pc ^ tb->phys_pc) >> bits == 0;
}

void tb_chain(CPUState *cpu, TranslationBlock *prev, int n, TranslationBlock *tb)
{
    TBJump *j = &prev->jmp[n];

    /* Maybe another CPU's work, which this one came to through a chain: acquire what it was before it was published. */
    if (__atomic_load_n(&prev->invalid, __ATOMIC_ACQUIRE) || !j->patch || tb_jump_target(prev, n) != tb->pc ||
        !same_rights(prev, tb) || tb->invalid || (tb->flags & TBF_ALONE) ||
        __atomic_load_n(&j->to, __ATOMIC_RELAXED) || qemu_log_enabled(LOG_EXEC | LOG_CPU | LOG_NOCHAIN)) {
        return;
    }
    cache_ops->chain_lock(cpu->cache);
    observe_begin(OBS_CHAIN);
    if (!j->to) {
        j->next_in = tb->incoming;
        tb->incoming = tag(prev, n);
        __atomic_store_n(&j->to, tb_ref(tb), __ATOMIC_RELAXED);
        tcg_backend->set_jump(prev, n, tb);
        cpu_count_event(cpu, chain);
    }
    observe_end(OBS_CHAIN);
    cache_ops->chain_unlock(cpu->cache);
}

static void unlink_exit(TranslationBlock *from, int n)
{
    TBRef *p = &tb_deref(from->jmp[n].to)->incoming;

    while (*p && *p != tag(from, n)) {
        int k;
        TranslationBlock *tb = untag(*p, &k);

        p = &tb->jmp[k].next_in;
    }
    if (*p) {
        *p = from->jmp[n].next_in;
    }
    from->jmp[n].to = 0;
    from->jmp[n].next_in = 0;
    tcg_backend->clear_jump(from, n);
    cpu_count_event(current_cpu, unchain);
}

void tb_unchain(TranslationBlock *tb)
{
    bool chained = tb->incoming;

    for (int n = 0; n < TB_JUMPS; n++) {
        chained |= tb->jmp[n].to != 0;
    }
    if (!chained) {
        return;
    }
    observe_begin(OBS_UNCHAIN);
    for (int n = 0; n < TB_JUMPS; n++) {
        if (tb->jmp[n].to) {
            unlink_exit(tb, n);
        }
    }
    while (tb->incoming) {
        int n;
        TranslationBlock *from = untag(tb->incoming, &n);

        unlink_exit(from, n);
    }
    observe_end(OBS_UNCHAIN);
}
