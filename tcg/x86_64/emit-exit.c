/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaving a block: chainable jumps, inline jump-cache lookups, helper calls, barriers. */
#include "accel/tcg/barrier.h"
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/icount.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"

#define EXIT_REQUEST emit_env(JIT_OFFSET(exit_request))

/* Flags that live on past the block reach env->nzcv before it is left. */
static void save_flags_for_exit(Emitter *e)
{
    emit_flags_save(e, e->ef.unsaved);
}

/* regs[15] = target; rax = what exec() returns; to the epilogue. */
static void emit_leave(Emitter *e, uint32_t target, uint64_t ret)
{
    Asm *as = &e->as;

    x_mov_rm_i(as, emit_env(ENV_OFFSET(regs[15])), target);
    x_mov_r_i64(as, RAX, ret);
    x_jmp(as, emit_thunk(e, x86_layout.epilogue));
}

/* ---- counted instructions ---- */

static uint32_t block_end(const Emitter *e)
{
    return (e->b->pc & (e->b->pc & 1 ? ~1u : ~3u)) + e->b->guest_bytes;
}

/*
 * Take the block's instructions off the budget; where it is too small for them, or the CPU is asked to leave, the main
 * loop gets the block's PC.
 */
void emit_budget(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_BUDGET);

    x_alu_rm_i(as, ALU_CMP, false, EXIT_REQUEST, 0);
    s->asked_field = x_jcc_fwd(as, X_NE);
    x_alu_rm_i(as, ALU_SUB, false, emit_env(JIT_OFFSET(budget)), (int32_t)op->imm);
    s->fields[s->nfields++] = x_jcc_fwd(as, X_S);
    x_mov_rm_i(as, emit_env(JIT_OFFSET(block_end)), block_end(e));
}

void emit_slow_budget(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;

    x_alu_rm_i(as, ALU_ADD, false, emit_env(JIT_OFFSET(budget)), (int32_t)s->op->imm);
    x_patch(s->asked_field, as->p);
    emit_leave(e, e->b->pc, 0);
}

/* Of the block's instructions that were taken off, those behind the one at hand. */
static uint32_t counted_behind(const Emitter *e)
{
    return e->b->ops[0].opc == IR_budget ? (block_end(e) - (e->pc & ~1u)) / (e->pc & 1 ? 2 : 4) - 1 : 0;
}

/* The block is left before its last instruction: what comes behind is not executed. Flags are in env->nzcv. */
static void emit_give_back(Emitter *e)
{
    uint32_t left = counted_behind(e);

    if (left) {
        x_alu_rm_i(&e->as, ALU_ADD, false, emit_env(JIT_OFFSET(budget)), (int32_t)left);
    }
}

/* ---- jumps ---- */

/* Of an address's entry, for a jump from a block with these flags. */
static int32_t jump_cache_offset(uint32_t pc, uint32_t flags)
{
    return JIT_OFFSET(jump_cache) + (int32_t)(jump_cache_index(pc, flags) * sizeof(JumpCacheEntry));
}

/* A jump to be patched; until then it goes on behind itself. Returns the field's place as TBJump.patch. */
static uint16_t patchable(Emitter *e, uint8_t *field)
{
    x_patch(field, e->as.p);
    return (uint16_t)((field - e->tb->code) / 4);     /* x86_emit_block() looks whether that is right */
}

static uint16_t emit_patchable_jump(Emitter *e)
{
    return patchable(e, x_jmp_aligned(&e->as, e->as.p));
}

/* The same at a back edge: goes on behind the jump if the CPU is asked to leave, or until the jump is patched. */
static uint16_t emit_patchable_back_edge(Emitter *e)
{
    Asm *as = &e->as;
    uint8_t *begin = as->p;
    unsigned length;

    x_alu_rm_i(as, ALU_CMP, false, EXIT_REQUEST, 0);
    length = (unsigned)(as->p - begin);
    as->p = begin;
    x_align_ahead(as, length + 2);      /* nothing between the comparison and its jump */
    x_alu_rm_i(as, ALU_CMP, false, EXIT_REQUEST, 0);
    return patchable(e, x_jcc_fwd(as, X_E));
}

/* The same for flags that are not saved yet: JECXZ leaves EFLAGS alone. */
static uint16_t emit_patchable_keeping_flags(Emitter *e)
{
    Asm *as = &e->as;
    uint8_t *stay, *leave;
    uint16_t patch;

    x_mov_r_rm(as, false, RCX, EXIT_REQUEST);
    stay = x_jecxz_short_fwd(as);
    leave = x_jmp_fwd(as);
    x_patch8(stay, as->p);
    patch = emit_patchable_jump(e);
    x_patch(leave, as->p);
    return patch;
}

static uint16_t emit_patchable_exit(Emitter *e, bool back_edge)
{
    return !back_edge ? emit_patchable_jump(e) :
           e->ef.unsaved ? emit_patchable_keeping_flags(e) : emit_patchable_back_edge(e);
}

/*
 * The block's jump to itself, if it knows its flags anyway (ir_pass_loop_flags()): patched to go there as they are;
 * they are computed for any other block, and for the main loop.
 */
static void emit_looped_jump(Emitter *e, const IROp *op, TBJump *j, unsigned n)
{
    const IRLate *l = &e->b->late[e->b->loop_late - 1];

    if (l->looped) {
        x_mov_rm_i(&e->as, emit_env(JIT_OFFSET(looped)), 1);
    }
    j->target = op->imm & 0xfff;
    j->unsaved = F_NZCV;
    j->patch = emit_patchable_back_edge(e);
    emit_flags_late(e, l);
    j->saved_patch = emit_patchable_back_edge(e);
    emit_leave(e, op->imm, (uint64_t)(uintptr_t)e->tb | n);
}

/* A turn of a loop that waits: after many the CPU asks itself to leave. EFLAGS and all but rcx stay. */
static void emit_spin(Emitter *e)
{
    Asm *as = &e->as;
    RM spins = emit_env(JIT_OFFSET(spins));
    uint8_t *ask, *go_on;

    x_mov_r_rm(as, false, RCX, spins);
    x_lea(as, false, RCX, rm_mem(RCX, -1));
    x_mov_rm_r(as, false, spins, RCX);
    ask = x_jecxz_short_fwd(as);
    go_on = x_jmp_fwd(as);
    x_patch8(ask, as->p);
    x_mov_rm_i(as, EXIT_REQUEST, EXIT_REQUESTED);
    x_patch(go_on, as->p);
}

/*
 * A jump inside the page: patched to go straight to the target's code once that is known. Flags that the target
 * probably reads are saved first; the others only on the way to a target that does need them, or to the main loop.
 */
static void emit_chained_jump(Emitter *e, const IROp *op)
{
    TBJump *j = &e->tb->jmp[e->njumps];
    unsigned n = (unsigned)e->njumps++;

    if (op->n && op->imm == e->tb->pc) {
        e->back.addr = e->as.p;
        e->back.ef = e->ef;
        e->back.n = n;
        memcpy(e->back.xmm, e->xmm_ref, sizeof(e->back.xmm));
        emit_xmm_carry(e);
        if (e->b->waits && cpu_count > 1 && !icount_on) {
            emit_spin(e);
        }
        if (e->b->loop_late) {
            emit_looped_jump(e, op, j, n);
            return;
        }
    }
    emit_flags_save(e, e->ef.unsaved & op->setf);
    j->target = op->imm & 0xfff;
    j->unsaved = e->ef.unsaved;
    j->patch = j->saved_patch = emit_patchable_exit(e, op->n);
    if (j->unsaved) {
        save_flags_for_exit(e);
        j->saved_patch = emit_patchable_exit(e, op->n);
    }
    /* Also for an interrupt; chaining looks whether the main loop goes on at the target. */
    emit_leave(e, op->imm, (uint64_t)(uintptr_t)e->tb | n);
}

/* A jump to another page or instruction set: the mapping may change, so ask the jump cache every time. */
static void emit_looked_up_jump(Emitter *e, uint32_t target)
{
    Asm *as = &e->as;
    int32_t off = jump_cache_offset(target, e->tb->flags);
    uint8_t *miss;

    x_mov_r_i(as, RCX, target);
    x_alu_r_rm(as, ALU_ADD, true, RCX, EXIT_REQUEST);           /* ctxkey above it */
    x_alu_r_rm(as, ALU_CMP, true, RCX, emit_env(off));
    miss = x_jcc_fwd(as, X_NE);
    x_jmp_rm(as, emit_env(off + 8));
    x_patch(miss, as->p);
    emit_leave(e, target, 0);
}

/* edx = PC|T: to its block, if the half of the cache that begins at `half` has it. */
static void look_up_in(Asm *as, RM half, const uint8_t *miss)
{
    RM entry = half;                /* 16 bytes for each 4 of PC: scale 4 */

    x_mov_r_rm(as, false, RCX, rm_reg(RDX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), (JUMP_CACHE_SIZE - 1) << 2);
    x_alu_r_rm(as, ALU_ADD, true, RDX, EXIT_REQUEST);
    x_alu_r_rm(as, ALU_CMP, true, RDX, entry);
    x_jcc(as, X_NE, miss);
    entry.disp += 8;
    x_jmp_rm(as, entry);
}

/* The same, by the flags that the CPU has now. */
void emit_look_up(Asm *as, const uint8_t *miss)
{
    enum { HALF = JUMP_CACHE_SIZE * sizeof(JumpCacheEntry) };

    x_mov_r_rm(as, false, RAX, emit_env(JIT_OFFSET(ctxkey)));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), TBF_VFP_EN);
    x_shift_i(as, SH_SHL, false, rm_reg(RAX), __builtin_ctz(HALF / TBF_VFP_EN));
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(ENV_REG));
    look_up_in(as, rm_sib(RAX, RCX, 2, JIT_OFFSET(jump_cache)), miss);
}

void emit_look_up_miss(Asm *as)
{
    uint8_t *same;

    x_mov_r_rm(as, false, RAX, rm_reg(RDX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), (JUMP_CACHE_SIZE - 1) << 2);
    x_alu_r_rm(as, ALU_CMP, false, RAX, rm_reg(RCX));
    same = x_jcc_short_fwd(as, X_E);
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RDX), EXIT_REQUESTED);
    x_patch8(same, as->p);
    x_mov_rm_r(as, false, emit_env(ENV_OFFSET(regs[15])), RDX);
    x_mov_r_i(as, RAX, 0);
}

void emit_exit_jmp(Emitter *e, const IROp *op)
{
    if (((op->imm ^ e->tb->pc) & ~0xffeu) == 0 && e->njumps < TB_JUMPS && !counted_behind(e)) {
        emit_chained_jump(e, op);
    } else {
        save_flags_for_exit(e);
        emit_give_back(e);
        emit_looked_up_jump(e, op->imm);
    }
    emit_flags_clobber(e);
}

void emit_exit_ind(Emitter *e, const IROp *op)
{
    emit_load_ref(e, RDX, op->a);
    save_flags_for_exit(e);
    emit_give_back(e);
    look_up_in(&e->as, rm_sib(ENV_REG, RCX, 2, jump_cache_offset(0, e->tb->flags)),
               emit_thunk(e, x86_layout.ind_miss));
    emit_flags_clobber(e);
}

/* Guest registers in caller-saved host registers: r1-r6. */
static void save_caller_saved(Emitter *e, bool save)
{
    for (int n = 1; n <= 6; n++) {
        RM slot = emit_env(ENV_OFFSET(regs) + 4 * n);
        if (save) {
            x_mov_rm_r(&e->as, false, slot, x86_guest_reg[n]);
        } else {
            x_mov_r_rm(&e->as, false, x86_guest_reg[n], slot);
        }
    }
}

/* Argument registers are guest registers too: after the save, r1-r6 are read from env. */
static void load_argument(Emitter *e, int reg, IRRef r)
{
    if (ref_is_reg(r) && r - REF_R0 >= 1 && r - REF_R0 <= 6) {
        x_mov_r_rm(&e->as, false, reg, emit_env(ENV_OFFSET(regs) + 4 * (r - REF_R0)));
    } else if (r != REF_NONE) {
        emit_load_ref(e, reg, r);
    } else {
        x_mov_r_i(&e->as, reg, 0);
    }
}

void emit_helper_call(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    const HelperInfo *h = &helper_table[op->imm];
    bool sync = h->flags & (HF_RAISE | HF_REGS | HF_CTX);

    if (h->flags & HF_RAISE) {
        x_mov_rm_i(as, emit_env(ENV_OFFSET(regs[15])), e->pc);
    }
    if (sync) {
        x_call(as, emit_thunk(e, x86_layout.sync_out));
    } else {
        save_caller_saved(e, true);
    }
    /* Temporaries are in rax and rdx: rsi first, rdx last. */
    load_argument(e, RSI, op->a);
    load_argument(e, RCX, op->c);
    load_argument(e, RDX, op->b);
    x_mov_r_rm(as, true, RDI, rm_reg(ENV_REG));
    x_call_rm(as, rm_rip(emit_thunk(e, x86_layout.helpers) + sizeof(HelperFn) * op->imm));
    if (x86_layout.poison) {
        x_call(as, emit_thunk(e, x86_layout.poison));
    }
    if (h->flags & HF_REGS) {
        x_call(as, emit_thunk(e, x86_layout.sync_in));
    } else {
        save_caller_saved(e, false);
    }
    if (h->flags & HF_CTX) {
        x_mov_r_rm(as, true, TLB_REG, emit_env(JIT_OFFSET(tlb_read)));
    }
    emit_xmm_forget_all(e);
    emit_flags_clobber(e);
    if (op->d != REF_NONE) {
        emit_store_ref(e, op->d, RAX);
    }
}

void emit_stenv(Emitter *e, const IROp *op)
{
    Loc a = emit_loc(e, op->a);
    RM field = emit_env((int32_t)op->imm);

    if (a.kind == LOC_IMM) {
        x_mov_rm_i(&e->as, field, a.imm);
    } else {
        int reg = a.kind == LOC_REG ? a.reg : RCX;
        emit_load_ref(e, reg, op->a);
        x_mov_rm_r(&e->as, false, field, reg);
    }
}

void emit_ldenv(Emitter *e, const IROp *op)
{
    x_mov_r_rm(&e->as, false, RCX, emit_env((int32_t)op->imm));
    emit_store_ref(e, op->d, RCX);
}

void emit_count(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    int32_t amount = (int32_t)op->imm;
    uint32_t low = ir_const_value(e->b, op->a);
    RM counter = emit_env((int32_t)low);

    if (op->b != REF_NONE) {
        x_mov_r_i64(as, RCX, (uint64_t)ir_const_value(e->b, op->b) << 32 | low);
        counter = rm_mem(RCX, 0);
    }
    if (!e->ef.mask) {
        x_alu_rm_i(as, ALU_ADD, true, counter, amount);
        return;
    }
    x_mov_r_rm(as, true, RAX, counter);
    x_lea(as, true, RAX, rm_mem(RAX, amount));
    x_mov_rm_r(as, true, counter, RAX);
}

void emit_exit_main(Emitter *e, const IROp *op)
{
    save_flags_for_exit(e);
    emit_give_back(e);
    x_jmp(&e->as, emit_thunk(e, x86_layout.exit_main));
    emit_flags_clobber(e);
}

void emit_call(Emitter *e, const IROp *op)
{
    if (!emit_exclusive(e, op)) {
        emit_helper_call(e, op);
    }
}

void emit_barrier(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;

    /*
     * A locked operation is a full barrier and cheaper than MFENCE; so the one that counts does both. CPUs that share a
     * thread need none (barrier.c).
     */
    if (op->imm != BARRIER_PREFETCH && !barriers_are_free) {
        x_lock(as);
    }
    x_alu_rm_i(as, ALU_ADD, true, emit_env(JIT_OFFSET(count.barrier) + 8 * (int)op->imm), 1);
    emit_flags_clobber(e);
}
