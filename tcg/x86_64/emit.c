/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Driver of the x86-64 emitter: one block, its labels and its out-of-line slow paths. See emit.h. */
#include <glib.h>
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"

/* r0-r7, sp, lr; r8-r12 stay in memory (docs/engine.md, "Guest state in host registers"). */
const int8_t x86_guest_reg[15] = {
    RBX, RSI, RDI, R8, R9, R10, R11, R12, NO_REG, NO_REG, NO_REG, NO_REG, NO_REG, R13, R14,
};

RM emit_env(int32_t offset)
{
    return rm_mem(ENV_REG, offset);
}

Loc emit_loc(const Emitter *e, IRRef r)
{
    if (ref_is_const(r)) {
        return (Loc) { .kind = LOC_IMM, .imm = ir_const_value(e->b, r) };
    }
    if (ref_is_reg(r)) {
        int n = r - REF_R0;
        if (x86_guest_reg[n] != NO_REG) {
            return (Loc) { .kind = LOC_REG, .reg = x86_guest_reg[n] };
        }
        if (e->kept_now && r == e->kept) {
            return (Loc) { .kind = LOC_REG, .reg = RDX };
        }
        return (Loc) { .kind = LOC_MEM, .disp = ENV_OFFSET(regs) + 4 * n };
    }
    if (ref_is_temp(r)) {
        int t = e->temp_reg[r - REF_T0];
        if (t >= 0) {
            return (Loc) { .kind = LOC_REG, .reg = t };
        }
        return (Loc) { .kind = LOC_MEM, .disp = JIT_OFFSET(spill) + 4 * (JIT_SPILLS + t) };
    }
    assert(ref_is_s(r) || ref_is_d(r));
    return (Loc) { .kind = LOC_MEM, .disp = emit_vfp_disp(r) };
}

RM emit_rm(Loc l)
{
    assert(l.kind != LOC_IMM);
    return l.kind == LOC_REG ? rm_reg(l.reg) : emit_env(l.disp);
}

void emit_load_ref(Emitter *e, int reg, IRRef r)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_IMM) {
        x_mov_r_i(&e->as, reg, l.imm);
    } else if (l.kind == LOC_MEM || l.reg != reg) {
        x_mov_r_rm(&e->as, false, reg, emit_rm(l));
    }
}

void emit_store_ref(Emitter *e, IRRef r, int reg)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_MEM || l.reg != reg) {
        x_mov_rm_r(&e->as, false, emit_rm(l), reg);
    }
}

SlowPath *emit_slow(Emitter *e, SlowKind kind)
{
    SlowPath *s;

    /* The last record is for what comes after a failure. */
    if (e->nslow == EMIT_MAX_SLOW - 1) {
        e->failed = true;
    }
    s = &e->slow[e->nslow == EMIT_MAX_SLOW - 1 ? e->nslow : e->nslow++];
    *s = (SlowPath) {
        .kind = kind, .op = e->op, .pc = e->pc, .save_xmm = emit_xmm_live(e), .xd = -1, .pages = e->live_pages,
        .kept = e->kept_now,
        .xmm = { .unsure = e->unsure, .fp_base = e->fp_base, .dirty = e->xmm_dirty },
    };
    memcpy(s->xmm.ref, e->xmm_ref, sizeof(s->xmm.ref));
    return s;
}

static RM kept_memory(const Emitter *e)
{
    return emit_env(ENV_OFFSET(regs) + 4 * (e->kept - REF_R0));
}

void emit_load_kept(Emitter *e)
{
    if (e->kept != REF_NONE) {
        x_mov_r_rm(&e->as, false, RDX, kept_memory(e));
    }
}

/* Behind an op: memory has what rdx has. */
static void emit_store_kept(Emitter *e, const IROp *op)
{
    if (e->kept_now && ir_op_has_operand(e->b, op, IR_DEFS, e->kept)) {
        x_mov_rm_r(&e->as, false, kept_memory(e), RDX);
    }
}

uint8_t *emit_thunk(Emitter *e, uint32_t offset)
{
    return e->buf_base + offset;
}

void emit_insn_start(Emitter *e, const IROp *op)
{
    e->pc = op->imm;
}

/* EFLAGS at the label are those of now, if they are the same on the other ways there so far. */
static void join_flags(Emitter *e, unsigned label)
{
    EFlagsState *at = &e->label_ef[label];

    if (!e->label_seen[label]) {
        *at = e->ef;
    } else if (at->kind == e->ef.kind) {
        at->mask &= e->ef.mask;
        at->unsaved = (at->unsaved | e->ef.unsaved) & at->mask;
    } else {
        *at = (EFlagsState) { EF_NONE, 0, 0 };
    }
}

void emit_br_if(Emitter *e, const IROp *op)
{
    X86CC cc = emit_cond(e, op->cc);

    if (e->nfixups == EMIT_MAX_FIXUPS) {
        e->failed = true;
        e->nfixups--;
    }
    join_flags(e, op->imm);
    emit_xmm_branch(e, op->imm);
    e->fixups[e->nfixups].label = (uint16_t)op->imm;
    e->fixups[e->nfixups++].field = x_jcc_fwd(&e->as, cc);
}

void emit_label(Emitter *e, const IROp *op)
{
    e->label_addr[op->imm] = e->as.p;
    if (e->index == 0 || !ir_op_is_exit(op - 1) || !e->label_seen[op->imm]) {
        join_flags(e, op->imm);
    }
    e->ef = e->label_ef[op->imm];
    emit_xmm_label(e, op->imm);
}

static void emit_slow_paths(Emitter *e)
{
    emit_xmm_forget_all(e);
    for (int i = 0; i < e->nslow; i++) {
        SlowPath *s = &e->slow[i];
        if (e->as.end - e->as.p < EMIT_ROOM) {
            e->full = true;
            return;
        }
        for (int k = 0; k < s->nfields; k++) {
            x_patch(s->fields[k], e->as.p);
        }
        s->code = e->as.p;
        e->op = s->op;
        e->kept_now = s->kept;
        if (s->kind == SLOW_FP) {
            emit_slow_fp(e, s);
        } else if (s->kind == SLOW_FCMP) {
            emit_slow_compare(e, s);
        } else if (s->kind == SLOW_FMUL) {
            emit_slow_product(e, s);
        } else if (s->kind == SLOW_FTOI) {
            emit_slow_to_int(e, s);
        } else if (s->kind == SLOW_PAGE) {
            emit_slow_page(e, s);
        } else if (s->kind == SLOW_BUDGET) {
            emit_slow_budget(e, s);
        } else if (s->kind == SLOW_EXCLUSIVE) {
            emit_slow_exclusive(e, s);
        } else if (s->kind == SLOW_CALL) {
            e->pc = s->pc;
            emit_helper_call(e, s->op);
            x_jmp(&e->as, s->back);
        } else {
            emit_slow_mem(e, s);
        }
    }
}

/* Whoever may look at VFP registers in memory finds them there; EFLAGS are left to the op. */
enum { FX_SHOWS_VFP = FX_HELPER | FX_EXIT | FX_BRANCH | FX_JOIN | FX_ENV_READ | FX_ENV_WRITE };

void emit_op(Emitter *e, const IROp *op)
{
    memset(e->xmm_busy, 0, sizeof(e->xmm_busy));
    if (ir_info(op)->effects & FX_SHOWS_VFP) {
        emit_xmm_sync_all(e);
    } else if (op->setf || op->opc == IR_fcmp) {
        emit_xmm_check_all(e);
    }
    emit_xmm_make_room(e);
    x86_op_info[op->opc].emit(e, op);
}

/* Not a variable of the thread itself: the C library would clear all of it for each thread, those that build nothing
   included. Here pages that no block needed are never touched. */
static GPrivate emitters = G_PRIVATE_INIT(g_free);

static Emitter *own_emitter(void)
{
    Emitter *e = g_private_get(&emitters);

    if (!e) {
        e = g_new0(Emitter, 1);
        g_private_set(&emitters, e);
    }
    return e;
}

const Emitter *x86_last_emitter(void)
{
    return own_emitter();
}

static void begin_op(Emitter *e, int i)
{
    e->at[i].code = (uint32_t)(e->as.p - e->tb->code);
    e->at[i].flags = e->ef.mask;
    for (unsigned n = 0; n < e->b->npages && e->live_pages; n++) {
        if (e->page_last[n] <= i) {
            e->live_pages &= ~(1ull << n);
        }
    }
}

bool x86_emit_block(const IRBlock *b, TranslationBlock *tb, CodeBuffer *buf)
{
    Emitter *e = own_emitter();
    uint8_t *start = (uint8_t *)(((uintptr_t)buf->ptr + 15) & ~(uintptr_t)15);

    buf->too_complex = false;
    if (buf->end - start < EMIT_ROOM) {
        return false;
    }
    e->as = (Asm) { start, buf->end };
    e->b = b;
    e->tb = tb;
    e->buf_base = buf->base;
    e->njumps = e->nfixups = e->nslow = 0;
    e->failed = e->full = false;
    e->jump_back = ir_jump_back(b);
    e->xmm_next = 0;
    e->fp_ops = 0;
    memset(e->label_refs, 0, b->nlabels);
    memset(e->label_seen, 0, b->nlabels);
    for (int i = 0; i < b->nops; i++) {
        if (b->ops[i].opc == IR_br_if) {
            e->label_refs[b->ops[i].imm]++;
        }
    }
    memset(tb->jmp, 0, sizeof(tb->jmp));
    tb->code = start;
    emit_assign_temps(e);
    emit_assign_pages(e);
    e->kept_now = false;
    emit_choose_kept(e);
    emit_choose_recalls(e);
    emit_flags_clobber(e);
    emit_xmm_forget_all(e);
    e->compared = false;
    e->live_pages = 0;
    e->back.addr = NULL;
    emit_xmm_choose_carried(e);
    if (b->loop_late && b->late[b->loop_late - 1].looped) {
        x_mov_rm_i(&e->as, emit_env(JIT_OFFSET(looped)), 0);
    }
    tb->loop_late = b->loop_late;
    e->again = e->as.p;
    emit_xmm_load_carried(e);
    emit_load_kept(e);
    tb->loop_offset = (uint32_t)(e->as.p - start);

    for (int i = 0; i < b->nops && !e->failed; i++) {
        if (e->as.end - e->as.p < EMIT_ROOM) {
            e->full = true;
            break;
        }
        e->index = i;
        e->op = &b->ops[i];
        begin_op(e, i);
        if (ir_op_is_mark(e->op)) {
            emit_insn_start(e, e->op);
            continue;
        }
        e->kept_now = e->kept != REF_NONE && i <= e->kept_until;
        e->compared &= e->op->opc == IR_fmstat;
        if (emit_shifted_add(e, e->op) || emit_put_double(e, e->op)) {
            emit_store_kept(e, e->op);
            emit_store_kept(e, e->op + 1);
            begin_op(e, ++i);
            continue;
        }
        emit_op(e, e->op);
        emit_store_kept(e, e->op);
    }
    if (!e->failed && !e->full) {
        begin_op(e, b->nops);
        e->kept_now = false;
        if (buf->tier2 && !b->waits) {
            emit_loop(e);
        }
        emit_slow_paths(e);
    }
    e->failed |= e->as.p - start > TB_MAX_CODE;
    if (e->failed || e->full) {
        buf->too_complex = e->failed;
        return false;
    }
    for (int i = 0; i < e->nfixups; i++) {
        x_patch(e->fixups[i].field, e->label_addr[e->fixups[i].label]);
    }
    tb->code_size = (uint32_t)(e->as.p - start);
    buf->ptr = e->as.p;
    return true;
}
