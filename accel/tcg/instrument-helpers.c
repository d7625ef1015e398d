/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What blocks call for plugins, and what those may ask while they are called. On the CPU's thread, in its block. */
#include "accel/tcg/instrument.h"
#include "accel/tcg/softtlb-internal.h"
#include "exec/memory.h"
#include "target/arm/debug-regs.h"
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"

static const InstrumentRecord *record_of(CPUARMState *env, uint32_t number)
{
    return instrument_record(env_cpu(env)->cache->owner, number);
}

static uint64_t *place(const uint64_t *counter, size_t stride, unsigned cpu)
{
    return (uint64_t *)((uintptr_t)counter + stride * cpu);
}

/*
 * What is done with a counter; false: it is a call. CPUs that share a counter may lose some, as blocks that count do:
 * that is the interface's.
 */
static bool count(const InstrumentAction *a, unsigned cpu)
{
    if (a->kind == INSTRUMENT_ADD) {
        uint64_t *p = place(a->counter, a->stride, cpu);

        __atomic_store_n(p, __atomic_load_n(p, __ATOMIC_RELAXED) + a->amount, __ATOMIC_RELAXED);
    } else if (a->kind == INSTRUMENT_STORE) {
        __atomic_store_n(place(a->counter, a->stride, cpu), a->amount, __ATOMIC_RELAXED);
    }
    return a->kind != INSTRUMENT_CALL;
}

static bool holds(const InstrumentAction *a, unsigned cpu)
{
    const uint64_t value = a->cond == INSTRUMENT_ALWAYS ? 0 : __atomic_load_n(place(a->tested, a->stride, cpu),
                                                                                 __ATOMIC_RELAXED);

    switch ((InstrumentCond)a->cond) {
    case INSTRUMENT_EQ: return value == a->limit;
    case INSTRUMENT_NE: return value != a->limit;
    case INSTRUMENT_LT: return value < a->limit;
    case INSTRUMENT_LE: return value <= a->limit;
    case INSTRUMENT_GT: return value > a->limit;
    case INSTRUMENT_GE: return value >= a->limit;
    case INSTRUMENT_ALWAYS: break;
    }
    return true;
}

/* Functions outside find the host's floating point as C has it. */
uint32_t helper_plugin_exec(CPUARMState *env, uint32_t number, uint32_t b, uint32_t c)
{
    const InstrumentRecord *r = record_of(env, number);

    vfp_leave_guest(env);
    for (const InstrumentAction *a = r->action; a < r->action + r->n; a++) {
        if (!count(a, env->cpu_index) && holds(a, env->cpu_index)) {
            a->exec(env->cpu_index, a->data);
        }
    }
    vfp_enter_guest(env);
    return 0;
}

uint32_t helper_plugin_access(CPUARMState *env, uint32_t number, uint32_t va, uint32_t failed)
{
    const InstrumentRecord *r = record_of(env, number);
    uint8_t kind = r->info & ACCESS_STORE ? INSTRUMENT_STORES : INSTRUMENT_LOADS;

    if (failed) {
        return 0;
    }
    vfp_leave_guest(env);
    for (unsigned i = 0; i < r->accesses; i++, va += 1u << (r->info & ACCESS_SIZE)) {
        for (const InstrumentAction *a = r->action; a < r->action + r->n; a++) {
            if ((a->accesses & kind) && !count(a, env->cpu_index)) {
                a->access(env->cpu_index, r->info, va, a->data);
            }
        }
    }
    vfp_enter_guest(env);
    return 0;
}

uint32_t helper_plugin_exec_regs(CPUARMState *env, uint32_t number, uint32_t b, uint32_t c)
{
    return helper_plugin_exec(env, number, b, c);
}

uint32_t helper_plugin_access_regs(CPUARMState *env, uint32_t number, uint32_t va, uint32_t failed)
{
    return helper_plugin_access(env, number, va, failed);
}

unsigned instrument_register(unsigned number, uint8_t *buf)
{
    return current_cpu ? debug_reg_read(current_cpu->env, number, buf) : 0;
}

bool instrument_address(uint32_t info, uint32_t va, InstrumentAddress *a)
{
    CPUARMState *env;
    const TLBTables *t;
    bool privileged;
    uint32_t fault;
    int64_t e;

    if (!current_cpu) {
        return false;
    }
    env = current_cpu->env;
    privileged = arm_privileged(env) && !(info & ACCESS_USER);
    t = tlb_tables(env, privileged);
    e = (info & ACCESS_STORE ? t->write : t->read)[va >> TLB_PAGE_BITS];
    if (!e) {
        e = tlb_fill(env, va, false, privileged, &fault);
    }
    if (!e) {
        return false;
    }
    a->is_ram = e > 0 || !(e & TLB_SLOW_MMIO);
    a->phys = e > 0 ? memory_ram_phys(memory_ram_of_host((const uint8_t *)(uintptr_t)((uint64_t)e + va)))
                    : a->is_ram ? memory_ram_phys(entry_addr(e, va)) : entry_addr(e, va);
    return true;
}
