/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What plugins want of a block becomes IR (tcg/instrument.h): a counter is the op `count`, everything else a call. A
 * call carries out a whole list, so that an instruction's IR is bounded whatever they want. Thread-private.
 */
#include "target/arm/translate-internal.h"

/* Counters of one list that are ops of their own; more are part of the call. */
enum { MAX_COUNT_OPS = 4 };

/* Add n times by one op? A call may learn at run time that there was no access, an op cannot. */
static bool is_op(const DisasContext *s, const InstrumentAction *a, unsigned n)
{
    return a->kind == INSTRUMENT_ADD && (!a->stride || s->instrument->cpu >= 0) &&
           a->amount * n / n == a->amount && a->amount * n <= INT32_MAX;
}

static void gen_count(DisasContext *s, const InstrumentAction *a, unsigned n)
{
    uint64_t counter = (uintptr_t)a->counter + (a->stride ? a->stride * (unsigned)s->instrument->cpu : 0);

    ir_emit(s->b, IR_count, REF_NONE, gen_const(s, (uint32_t)counter), gen_const(s, (uint32_t)(counter >> 32)),
            (uint32_t)(a->amount * n));
}

static bool reads_registers(InstrumentList l)
{
    bool any = false;

    for (unsigned i = 0; i < l.n; i++) {
        any |= l.action[i].regs;
    }
    return any;
}

static void gen_exec_list(DisasContext *s, InstrumentList l)
{
    for (unsigned i = 0; i < MAX_COUNT_OPS && l.n && is_op(s, l.action, 1); i++) {
        gen_count(s, l.action, 1);
        l.action++;
        l.n--;
    }
    if (l.n) {
        uint32_t number = s->instrument->record(s->instrument->opaque, &l, 0, 0);

        gen_call(s, REF_NONE, reads_registers(l) ? HELPER_plugin_exec_regs : HELPER_plugin_exec, gen_const(s, number),
                 REF_NONE, REF_NONE);
    }
}

void gen_instrument_insn(DisasContext *s)
{
    if (s->flags & TBF_TOLD) {
        return;
    }
    if (s->pc == s->start) {
        gen_exec_list(s, s->instrument->exec);
    }
    gen_exec_list(s, s->instrument->insn[s->index].exec);
}

static const InstrumentList *access_list(const DisasContext *s)
{
    return &s->instrument->insn[s->index].access;
}

static bool wants(const InstrumentAction *a, bool store)
{
    return a->accesses & (store ? INSTRUMENT_STORES : INSTRUMENT_LOADS);
}

static bool any_wants(InstrumentList l, bool store, bool call)
{
    for (unsigned i = 0; i < l.n; i++) {
        if (wants(&l.action[i], store) && (!call || l.action[i].kind == INSTRUMENT_CALL)) {
            return true;
        }
    }
    return false;
}

IRRef gen_access_begin(DisasContext *s, IRRef base, uint32_t imm, uint8_t mem, bool store)
{
    IRRef va;

    if (!s->instrument || !any_wants(*access_list(s), store, false)) {
        return REF_NONE;
    }
    if (!any_wants(*access_list(s), store, true)) {
        return gen_const(s, 0);
    }
    va = gen_temp(s);
    gen_addi(s, va, base, imm);
    if (mem & MEM_ROTATE) {
        gen_op2(s, IR_and, va, va, gen_const(s, ~0u << (mem & MEM_SIZE)));
    }
    return va;
}

static uint32_t access_info(uint8_t mem, bool store)
{
    return (mem & MEM_SIZE) | (mem & MEM_SIGNED ? ACCESS_SIGNED : 0) | (mem & MEM_BE ? ACCESS_BE : 0) |
           (store ? ACCESS_STORE : 0) | (mem & MEM_USER ? ACCESS_USER : 0);
}

void gen_access_end_if(DisasContext *s, IRRef va, uint8_t mem, bool store, unsigned n, IRRef failed)
{
    InstrumentList l;

    gen_counted(s, store ? COUNTED_STORES : COUNTED_LOADS, n);
    if (va == REF_NONE) {
        return;
    }
    l = *access_list(s);
    for (unsigned i = 0; i < MAX_COUNT_OPS && failed == REF_NONE && l.n && is_op(s, l.action, n); i++) {
        if (wants(l.action, store)) {
            gen_count(s, l.action, n);
        }
        l.action++;
        l.n--;
    }
    if (any_wants(l, store, false)) {
        uint32_t number = s->instrument->record(s->instrument->opaque, &l, access_info(mem, store), n);

        gen_call(s, REF_NONE, reads_registers(l) ? HELPER_plugin_access_regs : HELPER_plugin_access,
                 gen_const(s, number), va, failed == REF_NONE ? gen_const(s, 0) : failed);
    }
}

void gen_access_end(DisasContext *s, IRRef va, uint8_t mem, bool store, unsigned n)
{
    gen_access_end_if(s, va, mem, store, n, REF_NONE);
}
