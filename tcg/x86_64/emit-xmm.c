/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFP registers in xmm registers, from label to label.
 *
 * xmm_ref[x] is what xmm x holds: a VFP register or an FP temporary. A VFP register that was written is dirty until its
 * memory is: at a label, a branch, an exit, a call. Whatever is overwritten before never gets there. An access to
 * memory may raise an exception, which must find all of it: the access' slow path notes what is dirty (XmmState) and
 * stores it out of line.
 *
 * The host's NaNs are not ARM's, so results are tested for NaNs, and computed again out of line if they are. A result
 * is tested late: arithmetic with a NaN gives a NaN, so one test at the end of a chain of operations is enough for all
 * of it, and one UCOMIS tests two numbers. Until then the result is unsure, and the operation, in Emitter.fp_op, keeps
 * the registers with its operands and its result (pinned). If a test finds a NaN, all operations that are unsure are
 * done again in their order (SLOW_FP). That changes no flag of FPSCR: they accumulate, and a NaN that is only of the
 * wrong kind raises none in the operations behind it.
 *
 * A block that jumps back to itself loads what its turns begin with ahead of them, and carries these registers over the
 * jump: the jump goes behind the loads (TranslationBlock.loop_offset).
 *
 * With FPSCR.FZ operands and results that are subnormal become zeros, with flags of their own. The host computes as
 * ever, and tells by its sticky flags that there was one: DE of an operand, be it that of the UCOMIS which tests a
 * result; UE of a result that was rounded; ZE of a division, which hides that the dividend was subnormal. So a test of
 * results is followed by one of these flags; if one is set, MXCSR becomes what it was at the last good test
 * (CPUARMState.mxcsr), and all that is unsure, which is all since then, is done again. These three flags are never set
 * in MXCSR but between an operation and its test: the guest's are in fpscr_cum.
 *
 * Tests change EFLAGS. So they are made before an op that sets guest flags; the flag pass knows that arithmetic behind
 * it leaves none in EFLAGS, so where EFLAGS hold guest flags nothing is unsure.
 */
#include "target/arm/vfp-helper.h"
#include "tcg/x86_64/emit.h"

enum {
    UNSURE_MAX = 64,            /* bits of Emitter.unsure */
    FZ_UNSURE_MAX = 4,          /* each test there has code that does all of them again */
};

int32_t emit_vfp_disp(IRRef r)
{
    return ref_is_d(r) ? ENV_OFFSET(vfp) + 8 * (r - REF_D0) : ENV_OFFSET(vfp) + 4 * (r - REF_S0);
}

static bool refs_overlap(IRRef a, IRRef b)
{
    if (a == b) {
        return true;
    }
    if (ref_is_s(a) && ref_is_d(b)) {
        return (a - REF_S0) / 2 == b - REF_D0;
    }
    return ref_is_d(a) && ref_is_s(b) && (b - REF_S0) / 2 == a - REF_D0;
}

/* ---- unsure results ---- */

static void set_unsure(Emitter *e, uint64_t unsure)
{
    e->unsure = unsure;
    e->xmm_pinned = 0;
    for (uint64_t left = unsure; left; left &= left - 1) {
        const FPOp *f = &e->fp_op[e->fp_base + __builtin_ctzll(left)];

        e->xmm_pinned |= (uint16_t)(1 << f->xa | 1 << f->xb | 1 << f->xd);
    }
}

/* The unsure operation whose result xmm x is, as a bit; 0: none. */
static uint64_t unsure_result(const Emitter *e, int x)
{
    for (uint64_t left = e->unsure; left; left &= left - 1) {
        if (e->fp_op[e->fp_base + __builtin_ctzll(left)].xd == x) {
            return left & -left;
        }
    }
    return 0;
}

/* These and what they were computed from. */
static uint64_t with_sources(const Emitter *e, uint64_t ops)
{
    uint64_t all = ops;

    for (uint64_t left = ops; left; left &= left - 1) {
        all |= e->fp_op[e->fp_base + __builtin_ctzll(left)].from;
    }
    return all;
}

/* Compute `unsure` again if cc. */
static void fix_up(Emitter *e, X86CC cc, uint64_t unsure, uint16_t base)
{
    SlowPath *s = emit_slow(e, SLOW_FP);

    s->fields[s->nfields++] = x_jcc_fwd(&e->as, cc);
    s->back = e->as.p;
    s->xmm.unsure = unsure;
    s->xmm.fp_base = base;
}

/* ---- flush-to-zero ---- */

enum { HOST_DE = 2, HOST_ZE = 4, HOST_UE = 16 };        /* in MXCSR */

bool emit_fz(const Emitter *e)
{
    return e->b->flags & TBF_VFP_FZ;
}

void emit_fz_test(Emitter *e)
{
    x_stmxcsr(&e->as, emit_env(JIT_OFFSET(slow_val)));
    x_test8_rm_i(&e->as, emit_env(JIT_OFFSET(slow_val)), HOST_DE | HOST_ZE | HOST_UE);
}

void emit_fz_good(Emitter *e)
{
    x_stmxcsr(&e->as, emit_env(ENV_OFFSET(mxcsr)));
}

void emit_fz_undo(Emitter *e)
{
    x_ldmxcsr(&e->as, emit_env(ENV_OFFSET(mxcsr)));
}

/* ---- tests ---- */

/* Test those of `unsure` that no other one was computed from, by twos. */
static void test_results(Emitter *e, uint64_t unsure, uint16_t base)
{
    uint64_t test = unsure;
    int waiting[2] = { -1, -1 };        /* by width */

    for (uint64_t left = unsure; left; left &= left - 1) {
        test &= ~e->fp_op[base + __builtin_ctzll(left)].from;
    }
    for (; test; test &= test - 1) {
        const FPOp *f = &e->fp_op[base + __builtin_ctzll(test)];

        if (waiting[f->d] < 0) {
            waiting[f->d] = f->xd;
        } else {
            x_ucomis(&e->as, f->d, waiting[f->d], rm_reg(f->xd));
            fix_up(e, X_P, unsure, base);
            waiting[f->d] = -1;
        }
    }
    for (int d = 0; d < 2; d++) {
        if (waiting[d] >= 0) {
            x_ucomis(&e->as, d, waiting[d], rm_reg(waiting[d]));
            fix_up(e, X_P, unsure, base);
        }
    }
    if (unsure && emit_fz(e)) {
        emit_fz_test(e);
        fix_up(e, X_NE, unsure, base);
        emit_fz_good(e);
    }
}

void emit_xmm_check_all(Emitter *e)
{
    if (e->unsure) {
        assert(!e->ef.mask);
        test_results(e, e->unsure, e->fp_base);
        set_unsure(e, 0);
    }
}

void emit_xmm_check(Emitter *e, int x)
{
    uint64_t op = unsure_result(e, x);

    if (op && emit_fz(e)) {
        emit_xmm_check_all(e);
    } else if (op) {
        assert(!e->ef.mask);
        x_ucomis(&e->as, e->fp_op[e->fp_base + __builtin_ctzll(op)].d, x, rm_reg(x));
        fix_up(e, X_P, e->unsure, e->fp_base);
        set_unsure(e, e->unsure & ~with_sources(e, op));
    }
}

void emit_xmm_make_room(Emitter *e)
{
    if (e->unsure && e->fp_ops - e->fp_base >= (emit_fz(e) ? FZ_UNSURE_MAX : UNSURE_MAX)) {
        emit_xmm_check_all(e);
    }
}

void emit_xmm_unsure(Emitter *e, const IROp *op, uint32_t vfp_op, bool d, int xa, int xb, int xd)
{
    uint64_t from = unsure_result(e, xa) | unsure_result(e, xb);
    unsigned n;

    if (e->fp_ops == EMIT_MAX_FP) {
        e->failed = true;
        return;
    }
    if (!e->unsure) {
        e->fp_base = e->fp_ops;
    }
    n = e->fp_ops - e->fp_base;
    e->fp_op[e->fp_ops++] = (FPOp) {
        .opc = op->opc, .d = d, .vfp_op = (uint16_t)vfp_op, .xa = (int8_t)xa, .xb = (int8_t)xb, .xd = (int8_t)xd,
        .from = with_sources(e, from),
    };
    set_unsure(e, e->unsure | 1ull << n);
}

void emit_xmm_sure(Emitter *e, X86CC cc)
{
    uint64_t last = 1ull << (e->fp_ops - 1 - e->fp_base);

    fix_up(e, cc, e->unsure, e->fp_base);
    if (!emit_fz(e)) {
        set_unsure(e, e->unsure & ~with_sources(e, last));
    }
}

bool emit_xmm_is_unsure(const Emitter *e, int x)
{
    return unsure_result(e, x);
}

/* ---- what is where ---- */

static bool temp_alive(const Emitter *e, IRRef r)
{
    return ref_is_ftemp(r) && e->ftemp_last[r - REF_F0] >= e->index;
}

int emit_xmm_find(const Emitter *e, IRRef r)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->xmm_ref[x] == r) {
            return x;
        }
    }
    return -1;
}

static void drop(Emitter *e, int x)
{
    e->xmm_ref[x] = REF_NONE;
    e->xmm_dirty &= (uint16_t)~(1 << x);
}

static void store(Emitter *e, int x)
{
    if (e->xmm_dirty >> x & 1) {
        emit_xmm_check(e, x);
        x_movs_m_x(&e->as, ref_is_d(e->xmm_ref[x]), emit_env(emit_vfp_disp(e->xmm_ref[x])), x);
        e->xmm_dirty &= (uint16_t)~(1 << x);
    }
}

void emit_xmm_sync(Emitter *e, IRRef r)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (refs_overlap(e->xmm_ref[x], r)) {
            store(e, x);
        }
    }
}

void emit_xmm_sync_all(Emitter *e)
{
    emit_xmm_check_all(e);
    for (int x = XMM_FIRST; x < XMM_COUNT && e->xmm_dirty; x++) {
        store(e, x);
    }
}

void emit_xmm_forget(Emitter *e, IRRef r)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (refs_overlap(e->xmm_ref[x], r)) {
            if (!(ref_is_d(r) || e->xmm_ref[x] == r)) {
                store(e, x);        /* its other half stays */
            }
            drop(e, x);
        }
    }
}

void emit_xmm_forget_all(Emitter *e)
{
    memset(e->xmm_ref, 0, sizeof(e->xmm_ref));
    e->xmm_dirty = 0;
    set_unsure(e, 0);
}

bool emit_xmm_live(const Emitter *e)
{
    static const IRRef nothing[XMM_COUNT];

    return e->xmm_pinned || memcmp(e->xmm_ref, nothing, sizeof(nothing));
}

static bool may_take(const Emitter *e, int x)
{
    return !e->xmm_busy[x] && !(e->xmm_pinned >> x & 1) && !temp_alive(e, e->xmm_ref[x]);
}

/* An xmm register that is free, or can be freed; a clean one rather than a dirty one. */
static int take(Emitter *e)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->xmm_ref[x] == REF_NONE && may_take(e, x)) {
            return x;
        }
    }
    for (int k = 0; k < 2 * (XMM_COUNT - XMM_FIRST); k++) {
        int x = XMM_FIRST + (e->xmm_next++ % (XMM_COUNT - XMM_FIRST));

        if (may_take(e, x) && (k >= XMM_COUNT - XMM_FIRST || !(e->xmm_dirty >> x & 1))) {
            store(e, x);
            return x;
        }
    }
    if (e->unsure) {
        emit_xmm_check_all(e);
        return take(e);
    }
    e->failed = true;
    return XMM_FIRST;
}

int emit_xmm_new(Emitter *e, IRRef r)
{
    int x;

    emit_xmm_forget(e, r);
    x = take(e);
    e->xmm_ref[x] = r;
    e->xmm_busy[x] = true;
    e->xmm_dirty &= (uint16_t)~(1 << x);
    if (!ref_is_ftemp(r)) {
        e->xmm_dirty |= (uint16_t)(1 << x);
    }
    return x;
}

int emit_xmm_source(Emitter *e, IRRef r, bool d)
{
    int x = emit_xmm_find(e, r);

    if (x < 0) {
        emit_xmm_sync(e, r);
        x = emit_xmm_new(e, r);
        e->xmm_dirty &= (uint16_t)~(1 << x);
        x_movs_x_m(&e->as, d, x, emit_env(emit_vfp_disp(r)));
    }
    e->xmm_busy[x] = true;
    return x;
}

/* ---- labels ---- */

static bool jumps_back(const IRBlock *b, const IROp *op)
{
    return op->opc == IR_exit_jmp && op->n && op->imm == b->pc;
}

void emit_xmm_branch(Emitter *e, unsigned label)
{
    IRRef *at = e->label_xmm[label];

    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (!e->label_seen[label]) {
            at[x] = e->xmm_ref[x];
        } else if (at[x] != e->xmm_ref[x]) {
            at[x] = REF_NONE;
        }
    }
    e->label_seen[label] = true;
}

void emit_xmm_label(Emitter *e, unsigned label)
{
    if (!e->label_seen[label] || !ir_op_is_exit(e->op - 1)) {
        emit_xmm_branch(e, label);
    }
    memcpy(e->xmm_ref, e->label_xmm[label], sizeof(e->xmm_ref));
    if (e->index > 0 && jumps_back(e->b, e->op - 1)) {
        /* The loop's copy (emit-loop.c) comes here too. */
        emit_xmm_forget_all(e);
    }
}

/* ---- a block that jumps back to itself ---- */

enum { CARRY_MAX = 8 };

/* Bits of the single registers that are in r; 0: it is no VFP register. */
static uint32_t singles(IRRef r)
{
    return ref_is_d(r) ? 3u << 2 * (r - REF_D0) : ref_is_s(r) ? 1u << (r - REF_S0) : 0;
}

void emit_xmm_choose_carried(Emitter *e)
{
    const IRBlock *b = e->b;
    uint32_t seen = 0;
    int n = 0;

    memset(e->carried, 0, sizeof(e->carried));
    for (int i = 0; i < b->nops && e->jump_back >= 0 && !(ir_info(&b->ops[i])->effects & (FX_JOIN | FX_HELPER)); i++) {
        IROperands uses = ir_operands(b, &b->ops[i], IR_USES), defs = ir_operands(b, &b->ops[i], IR_DEFS);

        while (ir_next_operand(&uses)) {
            if (!ir_op_has_list(&b->ops[i]) && !(seen & singles(*uses.ref)) && singles(*uses.ref) && n < CARRY_MAX) {
                e->carried[XMM_FIRST + n++] = *uses.ref;
            }
            seen |= singles(*uses.ref);
        }
        while (ir_next_operand(&defs)) {
            seen |= singles(*defs.ref);
        }
    }
}

bool emit_xmm_load_carried(Emitter *e)
{
    bool any = false;

    for (int x = XMM_FIRST; x < XMM_COUNT && e->jump_back >= 0; x++) {
        if (e->carried[x] != REF_NONE) {
            x_movs_x_m(&e->as, ref_is_d(e->carried[x]), x, emit_env(emit_vfp_disp(e->carried[x])));
            any = true;
        }
    }
    memcpy(e->xmm_ref, e->carried, sizeof(e->xmm_ref));
    return any;
}

/* As moves at the same time: one whose destination is no other one's source, until there are only circles. */
void emit_xmm_carry(Emitter *e)
{
    int8_t from[XMM_COUNT] = { 0 };         /* 0: nothing to move */
    uint16_t moves = 0;

    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        int y = e->carried[x] != REF_NONE ? emit_xmm_find(e, e->carried[x]) : x;

        if (y != x) {
            from[x] = (int8_t)y;
            moves |= (uint16_t)(1 << x);
        }
    }
    while (moves) {
        uint16_t sources = 0, ready;
        int x;

        for (int k = XMM_FIRST; k < XMM_COUNT; k++) {
            if (moves >> k & 1 && from[k] >= 0) {
                sources |= (uint16_t)(1 << from[k]);
            }
        }
        ready = moves & (uint16_t)~sources;
        x = __builtin_ctz(ready ? ready : moves);
        if (!ready) {
            /* The value in x waits in xmm0. */
            x_movaps(&e->as, 0, x);
            for (int k = XMM_FIRST; k < XMM_COUNT; k++) {
                from[k] = moves >> k & 1 && from[k] == x ? 0 : from[k];
            }
        }
        if (from[x] < 0) {
            x_movs_x_m(&e->as, ref_is_d(e->carried[x]), x, emit_env(emit_vfp_disp(e->carried[x])));
        } else {
            x_movaps(&e->as, x, from[x]);
        }
        moves &= (uint16_t)~(1 << x);
    }
    memcpy(e->xmm_ref, e->carried, sizeof(e->xmm_ref));
}

bool emit_xmm_carry_moves(const Emitter *e)
{
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->carried[x] != REF_NONE && emit_xmm_find(e, e->carried[x]) != x) {
            return true;
        }
    }
    return false;
}

void emit_xmm_load_for_back(Emitter *e)
{
    for (int k = XMM_FIRST; k < XMM_COUNT; k++) {
        for (int x = XMM_FIRST; x < XMM_COUNT && e->carried[k] != REF_NONE; x++) {
            if (e->back.xmm[x] == e->carried[k]) {
                x_movs_x_m(&e->as, ref_is_d(e->carried[k]), x, emit_env(emit_vfp_disp(e->carried[k])));
            }
        }
    }
}

/* Of the singles that ops 0 to n - 1 read, those that none of them has written before. */
static uint32_t read_first(const IRBlock *b, int n)
{
    uint32_t read = 0, written = 0;

    for (int i = 0; i < n; i++) {
        IROperands uses = ir_operands(b, &b->ops[i], IR_USES), defs = ir_operands(b, &b->ops[i], IR_DEFS);

        while (ir_next_operand(&uses)) {
            read |= singles(*uses.ref) & ~written;
        }
        while (ir_next_operand(&defs)) {
            written |= singles(*defs.ref);
        }
    }
    return read;
}

/* Ops 0 to n - 1 know r by this name only, and no other way than in an xmm register: they do arithmetic with it. */
static bool stays_in_xmm(const IRBlock *b, int n, IRRef r)
{
    for (int i = 0; i < n; i++) {
        const IROp *op = &b->ops[i];
        IROperands it = ir_operands(b, op, IR_ALL);
        bool arithmetic = op->opc == IR_fadd || op->opc == IR_fsub || op->opc == IR_fmul || op->opc == IR_fnmul ||
                          op->opc == IR_fdiv;

        while (ir_next_operand(&it)) {
            if ((singles(*it.ref) & singles(r)) && (*it.ref != r || !arithmetic)) {
                return false;
            }
        }
    }
    return true;
}

XmmState emit_xmm_keep(Emitter *e, int n)
{
    uint32_t needed = read_first(e->b, n);
    XmmState s;

    emit_xmm_check_all(e);
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (e->carried[x] == REF_NONE) {
            continue;
        }
        if (emit_xmm_find(e, e->carried[x]) < 0) {
            emit_xmm_sync(e, e->carried[x]);
        } else if (stays_in_xmm(e->b, n, e->carried[x])) {
            needed &= ~singles(e->carried[x]);
        }
    }
    for (int x = XMM_FIRST; x < XMM_COUNT; x++) {
        if (singles(e->xmm_ref[x]) & needed) {
            store(e, x);
        }
    }
    s = (XmmState) { .dirty = e->xmm_dirty };
    memcpy(s.ref, e->xmm_ref, sizeof(s.ref));
    return s;
}

/* ---- out of line ---- */

void emit_xmm_restore(Emitter *e, const XmmState *s)
{
    if (s->unsure) {
        test_results(e, s->unsure, s->fp_base);
    }
    for (unsigned left = s->dirty; left; left &= left - 1) {
        int x = __builtin_ctz(left);

        x_movs_m_x(&e->as, ref_is_d(s->ref[x]), emit_env(emit_vfp_disp(s->ref[x])), x);
    }
}

void emit_slow_fp(Emitter *e, SlowPath *s)
{
    if (emit_fz(e)) {
        emit_fz_undo(e);
    }
    for (uint64_t left = s->xmm.unsure; left; left &= left - 1) {
        emit_fp_again(e, &e->fp_op[s->xmm.fp_base + __builtin_ctzll(left)]);
    }
    x_jmp(&e->as, s->back);
}
