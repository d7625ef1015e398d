/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breakpoints, watchpoints and single steps (sysemu/debug.h, accel/tcg/debug.h).
 *
 * Idea: nothing of a debugger is in translated code. No block holds an instruction that has a breakpoint, unless it is
 * the block's first, and such a block is never made: the main loop stops the CPU before it looks for it. So blocks of
 * the page that were there before the breakpoint are dropped when it is set, those made later end before it, and all
 * other pages run as ever. Pages with watchpoints have no direct entries in the memory tables, so accesses to them take
 * the slow path, which asks. A step is a block of one instruction that is in no table and leads nowhere.
 *
 * A CPU stops before its instruction, with nothing of it done; it notes why, is held at its main loop
 * (sysemu/cpu-hold.h) and posts the debugger's work. The I/O thread pauses all CPUs then.
 *
 * The points (debug-points.h), CPUState.step and step_irqs belong to the I/O thread; CPU threads read them between
 * cpus_resume() and cpus_pause(), when they do not change. CPUState.debug_stop and step_ran: the CPU's thread; the I/O
 * thread while it is paused.
 */
#include <glib.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/cpus-internal.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/debug-points.h"
#include "accel/tcg/elock.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/mpd.h"
#include "accel/tcg/softtlb.h"
#include "exec/memory.h"
#include "qemu/io-loop.h"
#include "qemu/replay.h"
#include "sysemu/cpu-hold.h"

enum { MAX_PAGES_ONE_BY_ONE = 64 };

static CPUHold stopped;             /* CPUs that wait for the debugger */
static void (*handler)(void);       /* set before the CPUs run */
static DebugPointsMode points_mode; /* as the points */
/* DEBUG_POINTS_NOTE: CPU threads; the I/O thread while they are paused. */
static struct {
    DebugStop stop;                 /* reason DEBUG_NONE: none yet */
    uint64_t icount;
} noted;

static void call_handler(void *opaque)
{
    for (int i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&cpu_states[i]->debug_stop.reason, __ATOMIC_ACQUIRE) != DEBUG_NONE) {
            handler();
            return;
        }
    }
}

static IOWork handler_work = { .fn = call_handler };

/* ---- the points ---- */

/* Blocks whose code is in the virtual page: some may be there several times, seen by several address spaces. */
static void drop_block(TranslationBlock *tb, void *opaque)
{
    uint32_t vpage = *(const uint32_t *)opaque;
    TranslationBlock *hit, *next;

    if (tb->invalid || tb->pc >> TLB_PAGE_BITS != vpage) {
        return;
    }
    for (hit = mpd_take_hits(tb->phys_pc, tb->guest_bytes); hit; hit = next) {
        next = tb_deref(hit->page_next);
        cache_unlink_block(hit);
    }
}

static void drop_blocks(uint32_t vpage)
{
    exclusive_begin(NULL);
    for (int i = 0; i < cpu_count; i++) {
        if (cpu_states[i]->cache && (i == 0 || cpu_states[i]->cache != cpu_states[0]->cache)) {
            cache_foreach(cpu_states[i]->cache, drop_block, &vpage);
        }
    }
    exclusive_end();
}

/* The memory tables of these pages are to be filled anew, and no block has a word of them as a constant. */
static void refill(const DebugPoint *p)
{
    uint32_t first = p->addr >> TLB_PAGE_BITS, last = debug_last_byte(p) >> TLB_PAGE_BITS;

    for (int i = 0; i < cpu_count; i++) {
        if (last - first >= MAX_PAGES_ONE_BY_ONE) {
            tlb_flush_all(cpu_states[i]->env);
            continue;
        }
        for (uint32_t v = first; v <= last; v++) {
            tlb_flush_mva(cpu_states[i]->env, v << TLB_PAGE_BITS, 0);
        }
    }
    if (last - first >= MAX_PAGES_ONE_BY_ONE) {
        cache_ops->flush_all();
        return;
    }
    for (uint32_t v = first; v <= last; v++) {
        drop_blocks(v);
    }
}

bool debug_point_insert(DebugPointKind kind, uint32_t addr, uint32_t len)
{
    DebugPoint p = debug_point(kind, addr, len);

    if (debug_points_find(&p) >= 0) {
        return true;
    }
    if (!debug_points_add(&p)) {
        return false;
    }
    if (debug_is_watch(kind)) {
        refill(&p);
    } else {
        drop_blocks(p.addr >> TLB_PAGE_BITS);
    }
    return true;
}

/* Blocks that end before a breakpoint which is gone are as good as others. */
static void remove_point(unsigned index)
{
    DebugPoint old = debug_points_take(index);

    if (debug_is_watch(old.kind)) {
        refill(&old);
    }
}

bool debug_point_remove(DebugPointKind kind, uint32_t addr, uint32_t len)
{
    DebugPoint p = debug_point(kind, addr, len);
    int index = debug_points_find(&p);

    if (index >= 0) {
        remove_point((unsigned)index);
    }
    return index >= 0;
}

void debug_points_clear(void)
{
    while (debug_breakpoints + debug_watchpoints) {
        remove_point(0);
    }
}

/* ---- asked by CPUs ---- */

static void stop(CPUState *cpu, DebugReason reason, DebugPointKind kind, uint32_t addr)
{
    cpu->debug_stop.cpu = cpu->index;
    cpu->debug_stop.kind = kind;
    cpu->debug_stop.addr = addr;
    __atomic_store_n(&cpu->debug_stop.reason, reason, __ATOMIC_RELEASE);
    cpu_hold(&stopped);
    io_post(&handler_work);
}

static void note(CPUState *cpu, DebugReason reason, DebugPointKind kind, uint32_t addr, uint64_t icount)
{
    if (points_mode == DEBUG_POINTS_NOTE) {
        noted.stop = (DebugStop) { reason, cpu->index, kind, addr };
        noted.icount = icount;
    }
}

static bool stops(const CPUState *cpu)
{
    return points_mode == DEBUG_POINTS_STOP && !cpu->unheard;
}

void debug_watch_hit(CPUARMState *env, uint32_t va, unsigned size, bool store)
{
    const DebugPoint *p = debug_watchpoint_at(va, size, store);

    if (p && !stops(env_cpu(env))) {
        /* The instruction counts as executed already. */
        note(env_cpu(env), DEBUG_WATCHED, p->kind, MAX(va, p->addr), icount_executed() - 1);
    } else if (p) {
        arm_cpu_alone(env);
        stop(env_cpu(env), DEBUG_WATCHED, p->kind, MAX(va, p->addr));
        cpu_loop_exit(env);
    }
}

bool debug_stop_at_pc(CPUState *cpu)
{
    uint32_t pc = cpu->env->regs[15] & ~1u;
    const DebugPoint *p = debug_breakpoint_at(pc);

    if (p && !stops(cpu)) {
        note(cpu, DEBUG_BROKE, p->kind, pc, icount_executed());
        cpu->alone = true;              /* no block has an instruction with a breakpoint among others */
        return false;
    }
    if (p) {
        stop(cpu, DEBUG_BROKE, p->kind, pc);
    }
    return p != NULL;
}

bool debug_step_done(CPUState *cpu)
{
    if (!cpu->step_ran) {
        return false;
    }
    stop(cpu, DEBUG_STEPPED, DEBUG_NB_KINDS, cpu->env->regs[15] & ~1u);
    return true;
}

/* ---- asked by the debugger ---- */

bool debug_stays(const CPUState *cpu)
{
    return __atomic_load_n(&stopped.cpus, __ATOMIC_SEQ_CST) >> cpu->index & 1;
}

void debug_set_run(int n, DebugRun run, bool irqs)
{
    CPUState *cpu = cpu_states[n];
    bool as_ever = replay_mode != REPLAY_NONE;

    /*
     * A recording has nothing of a debugger: the others run, interrupts come, WFI does not end. But a debugger does not
     * expect a stop of a CPU that it has not let go.
     */
    cpu->unheard = as_ever && run == DEBUG_STAY;
    run = as_ever && run == DEBUG_STAY ? DEBUG_RUN : run;
    cpu->step = run == DEBUG_STEP;
    cpu->step_irqs = irqs || as_ever;
    cpu->step_ran = false;
    if (run == DEBUG_STEP && !as_ever) {
        debug_wake(n);          /* WFI and WFE may end at any time */
    }
    if (run == DEBUG_STAY) {
        cpu_hold_other(&stopped, n);
    }
}

/* LDREX, LDREXD, LDREXB, LDREXH; there are none in Thumb. ARM DDI 0100I A4.1.27. */
static bool is_ldrex(uint32_t insn)
{
    return (insn & 0x0f900fff) == 0x01900f9f && insn >> 28 != 15;
}

bool debug_in_exclusive(int n)
{
    CPUARMState *env = cpu_states[n]->env;
    uint32_t pc = env->regs[15], insn;
    ARMPageInfo info;

    if (env_jit(env)->excl_host) {
        return true;
    }
    return !(pc & 1) && arm_mmu_walk(env, arm_mva(env, pc), MMU_INST_FETCH, arm_privileged(env), &info) == FAULT_NONE &&
           dma_read((info.phys & ~0xfffu) | (pc & 0xffc), &insn, sizeof(insn)) && is_ldrex(GUINT32_FROM_LE(insn));
}

void debug_wake(int n)
{
    __atomic_store_n(&cpu_states[n]->halted, 0, __ATOMIC_RELAXED);
    if (cpu_states[n]->event_wait) {
        cpu_end_wfe(cpu_states[n]);
    }
}

DebugStop debug_take_stop(void)
{
    DebugStop best = { DEBUG_NONE, 0, DEBUG_NB_KINDS, 0 };

    for (int i = 0; i < cpu_count; i++) {
        DebugStop *s = &cpu_states[i]->debug_stop;

        /* A step that is done cannot be done again; so it comes first. */
        if (s->reason != DEBUG_NONE && (best.reason == DEBUG_NONE || s->reason < best.reason)) {
            best = *s;
        }
        s->reason = DEBUG_NONE;
        debug_set_run(i, DEBUG_RUN, true);
    }
    cpu_hold_end(&stopped);
    return best;
}

void debug_points_mode(DebugPointsMode mode)
{
    points_mode = mode;
    if (mode == DEBUG_POINTS_NOTE) {
        noted.stop.reason = DEBUG_NONE;
    }
}

bool debug_noted(DebugStop *stop, uint64_t *icount)
{
    *stop = noted.stop;
    *icount = noted.icount;
    return noted.stop.reason != DEBUG_NONE;
}

void debug_report_stop(const DebugStop *stop)
{
    cpu_states[stop->cpu]->debug_stop = *stop;
}

void debug_look_again(void)
{
    io_post(&handler_work);
}

void debug_set_handler(void (*fn)(void))
{
    handler = fn;
}
