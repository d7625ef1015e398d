/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier two, loops of one block: a second copy of the block without looks at the memory tables.
 *
 * Problem: a block that jumps back to itself looks at the tables at each access of each turn, though its accesses walk
 * through an array, so that the next hundreds are in the same page. Idea: before the loop is run it is known how many
 * turns all of its accesses stay in their pages; that many turns need no look.
 *
 *      block:   ...                    ; as ever; its jump back is chained, to `enter`
 *      enter:   does it pay?
 *               for each register that addresses go by: look at the page; the distance from guest to host addresses,
 *               or the host address itself if it stays the same, to JITState.page; how many turns it is good for;
 *               something is not plain, aligned or inside a page: go to `block`
 *      turn:    the block's ops, an access is a load or store at [JITState.page + register + constant]
 *               condition to leave the loop: to its code in the block
 *               turns left: to `turn`
 *               to the jump back in the block, which looks for interrupts and comes to `enter` again
 *
 * The copy has no slow path but fix-ups of VFP results, which change no tables, so nothing can happen in it but the
 * guest's own instructions: it leaves where the block's code for the same instruction takes over in the same state, and
 * nobody else knows of it. No jump is chained to it but the block's own, so what unchains the block keeps CPUs out of
 * it; they leave it after MAX_TURNS at most.
 *
 * To enter costs as much as some turns save: enter_cost(). So loops of few turns would lose; how many there will be
 * nobody knows, but most loops do as they did before. Each entrance adds its cost to a debt, each turn in the copy pays
 * off 1; if the debt grows too high, the code points the block's jump at the block itself, for good. The debt of a loop
 * that has paid much in advance is forgotten beyond some hundred turns, lest a change goes unnoticed for long. CPUs
 * count each for itself, in one of JIT_LOOPS records that blocks share: a wrong guess costs time only.
 *
 * What is taken: straight code up to the condition; addresses that are a register, which a turn changes by a constant
 * or not at all, plus a constant; no flags from the turn before.
 */
#include "accel/tcg/softtlb.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

enum {
    MAX_TURNS = 256,            /* between two looks for interrupts */
    MAX_OPS = 200,              /* a longer one spends its time elsewhere */
    MAX_SPAN = 1024,            /* bytes that a turn accesses by one register */
    MARGIN = 1 << 16,           /* guest addresses so near to 0 or 4 GiB are left out: a sum might wrap */
    ORIGIN_UNKNOWN = 0,
    MIN_COST = 8, MAX_COST = 16,
    MAX_DEBT = 128, MAX_PAID = 256,
};

typedef struct Origin {
    IRRef base;                 /* register as the turn began, REF_K0: none, ORIGIN_UNKNOWN */
    uint32_t offset;
} Origin;

typedef struct Stream {
    IRRef base;
    uint32_t low, span, aligned;
    unsigned align;             /* log2 */
    bool store;
    bool wraps;                 /* an address is not the register alone: the sum may wrap */
    int32_t step;               /* 0: JITState.page is a host address; else what is to be added to a guest address */
} Stream;

typedef struct Loop {
    const IRBlock *b;
    int end;                    /* index of the br_if that leaves */
    bool count_in_rdx;          /* the turns that are left; else only in memory */
    Stream stream[JIT_PAGES];
    int nstreams, naccesses;
    Origin reg[16];             /* by register + 1 as IRRef */
    Origin temp[NB_TEMPS];
    int8_t stream_of[MAX_OPS];
    uint32_t offset[MAX_OPS];
} Loop;

static Origin *place_of(Loop *l, IRRef r)
{
    return ref_is_reg(r) ? &l->reg[r] : &l->temp[r - REF_T0];
}

static Origin origin_of(Loop *l, IRRef r)
{
    if (ref_is_const(r)) {
        return (Origin) { REF_K0, ir_const_value(l->b, r) };
    }
    return *place_of(l, r);
}

static void define(Loop *l, const IROp *op)
{
    IROperands it = ir_operands(l->b, op, IR_DEFS);
    Origin o = { ORIGIN_UNKNOWN, 0 };

    if (op->opc == IR_mov && !ref_is_const(op->a)) {
        o = origin_of(l, op->a);
    } else if ((op->opc == IR_add || op->opc == IR_sub) && ref_is_const(op->b) && !ref_is_const(op->a)) {
        uint32_t k = ir_const_value(l->b, op->b);

        o = origin_of(l, op->a);
        o.offset += op->opc == IR_add ? k : -k;
    }
    while (ir_next_operand(&it)) {
        if (ref_is_reg(*it.ref) || ref_is_temp(*it.ref)) {
            *place_of(l, *it.ref) = o;
        }
    }
}

/* The access becomes part of a stream, if there is room. */
static bool take_access(Loop *l, int i)
{
    const IROp *op = &l->b->ops[i];
    bool list = ir_op_has_list(op), store = ir_op_effects(op) & FX_STORE;
    unsigned size = op->mem & MEM_SIZE, align = ir_op_alignment(op), common;
    uint32_t bytes = (list ? op->n : 1u) << size, low, end;
    Origin o = origin_of(l, op->a);
    Stream *s = l->stream;

    o.offset += op->imm;
    if (o.base == ORIGIN_UNKNOWN || (op->mem & MEM_USER) || (op->imm + MARGIN > 2 * MARGIN && o.base != REF_K0)) {
        return false;
    }
    while (s < l->stream + l->nstreams && s->base != o.base) {
        s++;
    }
    if (s == l->stream + l->nstreams) {
        if (l->nstreams == JIT_PAGES) {
            return false;
        }
        l->nstreams++;
        *s = (Stream) { .base = o.base, .low = o.offset, .span = bytes, .align = align, .aligned = o.offset };
    }
    common = align < s->align ? align : s->align;
    low = (int32_t)(o.offset - s->low) < 0 ? o.offset : s->low;
    end = (int32_t)(o.offset + bytes - s->low - s->span) > 0 ? o.offset + bytes : s->low + s->span;
    if (end - low > MAX_SPAN || ((o.offset ^ s->aligned) & ((1u << common) - 1))) {
        return false;
    }
    if (align > s->align) {
        s->align = align;
        s->aligned = o.offset;
    }
    s->low = low;
    s->span = end - low;
    s->store |= store;
    s->wraps |= op->imm != 0;
    l->naccesses++;
    l->stream_of[i] = (int8_t)(s - l->stream);
    l->offset[i] = o.offset;
    return true;
}

/* From a byte that has the alignment on; how far a turn moves it. */
static bool finish_stream(Loop *l, Stream *s)
{
    uint32_t before = (s->low - s->aligned) & ((1u << s->align) - 1);
    Origin end = s->base == REF_K0 ? (Origin) { REF_K0, 0 } : l->reg[s->base];

    s->low -= before;
    s->span += before;
    s->step = (int32_t)end.offset;
    return end.base == s->base && s->step > -MAX_SPAN && s->step < MAX_SPAN &&
           !((uint32_t)s->step & ((1u << s->align) - 1));
}

/* `br_if cc, L; exit_jmp back; label L`, L from nowhere else. */
static bool find_end(const Emitter *e, Loop *l)
{
    for (int i = 0; i + 2 < l->b->nops && i < MAX_OPS; i++) {
        const IROp *op = &l->b->ops[i];

        if (op->opc == IR_br_if) {
            l->end = i;
            return op[1].opc == IR_exit_jmp && op[1].n && op[1].imm == l->b->pc && op[2].opc == IR_label &&
                   op[2].imm == op->imm && e->label_refs[op->imm] == 1;
        }
    }
    return false;
}

/* Does the op's code leave rdx alone? */
static bool leaves_rdx(const Emitter *e, const IROp *op)
{
    IROperands it = ir_operands(e->b, op, IR_ALL);

    if (op->opc == IR_page || op->opc == IR_insn_start) {
        return true;            /* not in the copy */
    }
    while (ir_next_operand(&it)) {
        if (ref_is_temp(*it.ref) && e->temp_reg[*it.ref - REF_T0] == RDX) {
            return false;
        }
    }
    return ir_op_effects(op) & (FX_LOAD | FX_STORE) ? !emit_plain_needs_rdx(e, op) :
           !(x86_op_info[op->opc].clobbers & USE_RDX);
}

static bool analyse(const Emitter *e, Loop *l)
{
    uint8_t defined = 0;

    if (!find_end(e, l)) {
        return false;
    }
    for (IRRef r = REF_R0; r <= REF_R(14); r++) {
        l->reg[r] = (Origin) { r, 0 };
    }
    for (int i = 0; i <= l->end; i++) {
        const IROp *op = &l->b->ops[i];
        uint32_t fx = ir_op_effects(op), memory = FX_LOAD | FX_STORE | FX_RAISE;

        if ((ir_op_reads_flags(op) & ~defined) || (fx & ~(memory | FX_MARK | FX_FPSCR | FX_BRANCH)) ||
            ((fx & FX_BRANCH) && i != l->end) || ((fx & memory) && !take_access(l, i))) {
            return false;
        }
        defined |= op->setf;
        define(l, op);
        l->count_in_rdx &= leaves_rdx(e, op);
    }
    for (int n = 0; n < l->nstreams; n++) {
        if (!finish_stream(l, &l->stream[n])) {
            return false;
        }
    }
    return l->nstreams > 0;
}

static RM pointer(int n)
{
    return emit_env(JIT_OFFSET(page) + 8 * n);
}

static RM record(const Emitter *e, size_t field)
{
    /* Blocks are some dozens of bytes apart. */
    unsigned n = (unsigned)((uintptr_t)e->tb / sizeof(TranslationBlock) % JIT_LOOPS);

    return emit_env(JIT_OFFSET(loop) + (int)(n * sizeof(LoopRecord) + field));
}

#define DEBT(e) record(e, offsetof(LoopRecord, debt))
#define LEFT(e) record(e, offsetof(LoopRecord, left))

/*
 * In turns. An entrance has some instructions and some per stream, a turn saves 3 or 4 per access and some at its end;
 * what it takes longer than that by waiting for each other was measured.
 */
static int enter_cost(const Loop *l)
{
    int cost = (40 + 40 * l->nstreams) / (3 * l->naccesses + 1);

    return cost < MIN_COST ? MIN_COST : cost > MAX_COST ? MAX_COST : cost;
}

/* Returns the field of the jump that is taken if it does not pay. rax and rcx are free. */
static uint8_t *emit_does_it_pay(Emitter *e, const Loop *l)
{
    Asm *as = &e->as;
    uint8_t *stop;

    x_mov_r_rm(as, false, RAX, DEBT(e));
    x_alu_r_rm(as, ALU_ADD, false, RAX, LEFT(e));       /* taken to be paid when the copy was entered, and were not */
    x_mov_rm_i(as, LEFT(e), 0);
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RAX), enter_cost(l));
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), MAX_DEBT);
    stop = x_jcc_fwd(as, X_G);
    x_mov_r_i(as, RCX, (uint32_t)-MAX_PAID);
    x_alu_r_rm(as, ALU_CMP, false, RAX, rm_reg(RCX));
    x_cmov(as, X_L, false, RAX, rm_reg(RCX));
    x_mov_rm_r(as, false, DEBT(e), RAX);
    return stop;
}

/*
 * Does not pay: the block's jump goes to `plain` from now on. As chain.c's this is an aligned store that other CPUs may
 * execute; one of them that chains the jump at the same time may undo it, and the next one here does it again. Nobody
 * unchains: that takes an exclusive section, and this CPU is in translated code.
 */
static void emit_stop(Emitter *e, uint32_t plain)
{
    Asm *as = &e->as;
    const TBJump *j = &e->tb->jmp[e->back.n];
    bool needs = !e->b->loop_late && (j->unsaved & e->b->flags_in);     /* as x86_set_jump() chooses */
    uint8_t *field = e->tb->code + 4 * (needs ? j->saved_patch : j->patch);

    x_mov_rm_i(as, DEBT(e), 0);
    x_mov_r_i64(as, RCX, (uint64_t)(uintptr_t)&e->tb->loop_offset);
    x_mov_rm_i(as, rm_mem(RCX, 0), plain);
    x_mov_r_i64(as, RCX, (uint64_t)(uintptr_t)field);
    x_mov_rm_i(as, rm_mem(RCX, 0), (uint32_t)(e->tb->code + plain - (field + 4)));
    x_jmp(as, e->again);
}

/* rcx and eax are free, edx = turns; leaves for the block if the stream is not plain memory. */
static void emit_enter_stream(Emitter *e, const Stream *s, int n)
{
    Asm *as = &e->as;
    int page = 1 << TLB_PAGE_BITS, shift = 0, addr = RAX;

    if (s->base == REF_K0) {
        x_mov_r_i(as, RAX, s->low);
    } else if (!s->low && emit_loc(e, s->base).kind == LOC_REG) {
        addr = emit_loc(e, s->base).reg;
    } else {
        emit_load_ref(e, RAX, s->base);
        if (s->low) {
            x_alu_rm_i(as, ALU_ADD, false, rm_reg(RAX), (int32_t)s->low);
        }
    }
    emit_limit_check(e, addr, s->align, s->span);
    x_jcc(as, X_A, e->again);
    if (s->step && s->wraps) {
        x_lea(as, false, RCX, rm_mem(addr, -MARGIN));
        x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), -2 * MARGIN);
        x_jcc(as, X_AE, e->again);
    }
    emit_table_entry(e, addr, s->store, 0);
    x_jcc(as, X_LE, e->again);
    if (!s->step) {
        x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(addr));
    }
    x_mov_rm_r(as, true, pointer(n), RCX);
    if (!s->step) {
        return;
    }
    /* Turns: the bytes that are left in its direction by the step, rounded up to a power of two, and this one. */
    while (1 << shift < (s->step < 0 ? -s->step : s->step)) {
        shift++;
    }
    if (addr != RAX) {
        x_mov_r_rm(as, false, RAX, rm_reg(addr));
    }
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), page - 1);
    if (s->step > 0) {
        x_alu_rm_i(as, ALU_SUB, false, rm_reg(RAX), page - (int)s->span);
        x_unary(as, UN_NEG, false, rm_reg(RAX));
    }
    if (shift) {
        x_shift_i(as, SH_SHR, false, rm_reg(RAX), shift);
    }
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RAX), 1);
    x_alu_r_rm(as, ALU_CMP, false, RAX, rm_reg(RDX));
    x_cmov(as, X_B, false, RDX, rm_reg(RAX));
}

/* The ops of a turn; false: out of room. */
static bool emit_turn(Emitter *e, const Loop *l)
{
    Asm *as = &e->as;

    for (int i = 0; i < l->end && !e->failed; i++) {
        const IROp *op = e->op = &l->b->ops[i];

        if (as->end - as->p < EMIT_ROOM) {
            return false;
        }
        e->index = i;
        if (ir_op_effects(op) & (FX_LOAD | FX_STORE)) {
            int n = l->stream_of[i];
            bool steps = l->stream[n].step;

            emit_plain_access(e, op, pointer(n), steps, steps ? op->imm : l->offset[i] - l->stream[n].low);
        } else if (op->opc != IR_page && op->opc != IR_insn_start) {
            if (emit_shifted_add(e, op) || emit_put_double(e, op)) {
                i++;
                continue;
            }
            emit_op(e, op);
        }
    }
    return true;
}

/* Returns the field of a jump that is taken after the last turn, and before what is carried. EFLAGS stay if needed. */
static uint8_t *emit_count_down(Emitter *e, const Loop *l)
{
    Asm *as = &e->as;

    if (!e->ef.unsaved || e->b->loop_late) {
        x_alu_rm_i(as, ALU_SUB, false, l->count_in_rdx ? rm_reg(RDX) : LEFT(e), 1);
        return x_jcc_short_fwd(as, X_E);
    }
    if (l->count_in_rdx) {
        x_lea(as, false, RDX, rm_mem(RDX, -1));
        x_mov_r_rm(as, false, RCX, rm_reg(RDX));
    } else {
        x_mov_r_rm(as, false, RCX, LEFT(e));
        x_lea(as, false, RCX, rm_mem(RCX, -1));
        x_mov_rm_r(as, false, LEFT(e), RCX);
    }
    return x_jecxz_short_fwd(as);
}

/* The next turn, or the block's jump back. `kept`: VFP registers that are stored when the loop is left. */
static void emit_next_turn(Emitter *e, const Loop *l, const XmmState *kept, const uint8_t *turn)
{
    Asm *as = &e->as;
    uint8_t *out, *begin;

    if ((!e->ef.unsaved || e->b->loop_late) && !emit_xmm_carry_moves(e)) {
        x_alu_rm_i(as, ALU_SUB, false, l->count_in_rdx ? rm_reg(RDX) : LEFT(e), 1);
        x_jcc(as, X_NE, turn);
    } else {
        out = emit_count_down(e, l);
        begin = as->p;
        emit_xmm_carry(e);
        x_jmp(as, turn);
        if (as->p - begin > INT8_MAX) {
            e->failed = true;
            return;
        }
        x_patch8(out, as->p);
    }
    emit_xmm_restore(e, kept);
    /* The block's jump counts on what is in registers there, if another CPU has made it go to the block meanwhile. */
    emit_xmm_load_for_back(e);
    emit_load_kept(e);
    x_mov_rm_i(as, LEFT(e), 0);
    x_jmp(as, e->back.addr);
}

/* Out of line: the loop ends, to its code in the block. EFLAGS are as there. */
static void emit_leave_loop(Emitter *e, const Loop *l, const XmmState *kept, uint8_t *from)
{
    Asm *as = &e->as;

    x_patch(from, as->p);
    emit_xmm_restore(e, kept);
    if (l->count_in_rdx) {
        x_mov_rm_r(as, false, LEFT(e), RDX);
    }
    x_jmp(as, e->label_addr[l->b->ops[l->end].imm]);
}

void emit_loop(Emitter *e)
{
    Asm *as = &e->as;
    Loop l;                     /* large, and little of it is touched */
    uint8_t *enter = as->p, *turn, *stop;
    int nslow = e->nslow;

    l.b = e->b;
    l.nstreams = l.naccesses = 0;
    l.count_in_rdx = true;
    if (!e->back.addr || as->end - as->p < 2 * EMIT_ROOM || !analyse(e, &l)) {
        return;
    }
    stop = emit_does_it_pay(e, &l);
    x_mov_r_i(as, RDX, MAX_TURNS);
    for (int n = 0; n < l.nstreams; n++) {
        emit_enter_stream(e, &l.stream[n], n);
    }
    x_alu_rm_r(as, ALU_SUB, false, DEBT(e), RDX);
    if (!l.count_in_rdx) {
        x_mov_rm_r(as, false, LEFT(e), RDX);
    }
    emit_xmm_forget_all(e);
    emit_xmm_load_carried(e);
    turn = as->p;
    emit_flags_clobber(e);
    if (emit_turn(e, &l) && !e->failed) {
        const IROp *leave = &l.b->ops[l.end];
        XmmState kept;
        X86CC cc;

        e->op = leave;
        kept = emit_xmm_keep(e, l.end);
        cc = emit_cond(e, leave->cc);
        if (!memcmp(&e->ef, &e->label_ef[leave->imm], sizeof(e->ef))) {
            uint8_t *out = x_jcc_fwd(as, cc);

            emit_next_turn(e, &l, &kept, turn);
            emit_leave_loop(e, &l, &kept, out);
            x_patch(stop, as->p);
            emit_stop(e, e->tb->loop_offset);
            e->tb->loop_offset = (uint32_t)(enter - e->tb->code);
            return;
        }
    }
    /* The block is good without. */
    as->p = enter;
    e->nslow = nslow;
    e->failed = false;
}
