/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest loads and stores.
 *
 *      lea   eax, [base + offset]      ; not for offset 0; always 32 bits: a guest address must wrap at 4 GiB
 *      rorx  ecx, eax, log2(size)      ; the bits that should be 0 come to the top
 *      shr   ecx, 12 - log2(size)
 *      mov   rcx, [r15 + rcx * 8 (+ TLB_WRITE_OFFSET)]
 *      test  rcx, rcx
 *      jle   slow                      ; 0: not filled or not aligned (softtlb.h), negative: MMIO, code, watched
 *      mov   reg, [rcx + rax]
 *
 * LDM and STM look once at alignment and page of all words: emit_limit_check(); words in two pages are moved behind the
 * block (emit-border.c). So is all that is `slow`: emit-mem-slow.c.
 */
#include "accel/tcg/softtlb.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

/* Host register with the 32-bit guest address of the access; rax unless the base register itself will do. */
int emit_address(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    Loc a = emit_loc(e, op->a);

    if (a.kind == LOC_IMM) {
        x_mov_r_i(as, RAX, a.imm + op->imm);
        return RAX;
    }
    if (a.kind == LOC_REG) {
        if (!op->imm) {
            return a.reg;
        }
        x_lea(as, false, RAX, rm_mem(a.reg, (int32_t)op->imm));
        return RAX;
    }
    emit_load_ref(e, RAX, op->a);
    if (op->imm) {
        x_alu_rm_i(as, ALU_ADD, false, rm_reg(RAX), (int32_t)op->imm);
    }
    return RAX;
}

static void slow_if(Emitter *e, SlowPath *s, X86CC cc)
{
    s->fields[s->nfields++] = x_jcc_fwd(&e->as, cc);
}

void emit_table_look(Emitter *e, int addr, bool store, unsigned align)
{
    Asm *as = &e->as;

    if (align && x86_bmi2) {
        x_rorx_i(as, RCX, rm_reg(addr), (int)align);
    } else {
        x_mov_r_rm(as, false, RCX, rm_reg(addr));
        if (align) {
            x_shift_i(as, SH_ROR, false, rm_reg(RCX), (int)align);
        }
    }
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), TLB_PAGE_BITS - (int)align);
    x_mov_r_rm(as, true, RCX, rm_sib(TLB_REG, RCX, 3, store ? (int32_t)TLB_WRITE_OFFSET : 0));
}

void emit_table_entry(Emitter *e, int addr, bool store, unsigned align)
{
    emit_table_look(e, addr, store, align);
    x_test_rm_r(&e->as, true, rm_reg(RCX), RCX);
}

/* log2 of the alignment that has to be tested */
static unsigned unknown_align(const Emitter *e, const IROp *op, unsigned align)
{
    Loc a = emit_loc(e, op->a);

    return a.kind == LOC_IMM && !((a.imm + op->imm) & ((1u << align) - 1)) ? 0 : align;
}

/* Accesses with user rights go straight to the slow path: the tables at hand are the privileged ones. */
static bool always_slow(Emitter *e, SlowPath *s, const IROp *op)
{
    if (!(op->mem & MEM_USER)) {
        return false;
    }
    s->fields[s->nfields++] = x_jmp_fwd(&e->as);
    return true;
}

void emit_host_load(Asm *as, unsigned size, int reg, RM host)
{
    if (size == 0) {
        x_movzx8(as, reg, host);
    } else if (size == 1) {
        x_movzx16(as, reg, host);
    } else {
        x_mov_r_rm(as, false, reg, host);
    }
}

void emit_host_store(Asm *as, unsigned size, RM host, int reg)
{
    if (size == 0) {
        x_mov8_rm_r(as, host, reg);
    } else if (size == 1) {
        x_mov16_rm_r(as, host, reg);
    } else {
        x_mov_rm_r(as, false, host, reg);
    }
}

static void emit_fp_load(Emitter *e, const SlowPath *s, const IROp *op, RM host)
{
    Asm *as = &e->as;
    bool d = (op->mem & MEM_SIZE) == 3;

    if (s->xd < 0) {
        x_mov_r_rm(as, d, RCX, host);
        x_bswap(as, d, RCX);
        x_mov_rm_r(as, d, emit_env(emit_vfp_disp(op->d)), RCX);
        return;
    }
    x_movs_x_m(as, d, s->xd, host);
}

static void emit_int_load(Emitter *e, const IROp *op, RM host)
{
    Asm *as = &e->as;
    Loc d = emit_loc(e, op->d);
    int reg = d.kind == LOC_REG ? d.reg : RCX;
    unsigned size = op->mem & MEM_SIZE;

    if (size == 0) {
        (op->mem & MEM_SIGNED ? x_movsx8 : x_movzx8)(as, reg, host);
    } else if (size == 1 && (op->mem & MEM_BE)) {
        x_movzx16(as, reg, host);
        x_shift16_i(as, SH_ROL, reg, 8);
        if (op->mem & MEM_SIGNED) {
            x_movsx16(as, reg, rm_reg(reg));
        }
    } else if (size == 1) {
        (op->mem & MEM_SIGNED ? x_movsx16 : x_movzx16)(as, reg, host);
    } else {
        x_mov_r_rm(as, false, reg, host);
        if (op->mem & MEM_BE) {
            x_bswap(as, false, reg);
        }
    }
    if (d.kind != LOC_REG) {
        emit_store_ref(e, op->d, reg);
    }
}

/* A host register with the 32-bit value to store: its own or the scratch register. */
static int store_value(Emitter *e, IRRef r, int scratch)
{
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_REG) {
        return l.reg;
    }
    emit_load_ref(e, scratch, r);
    return scratch;
}

static void emit_int_store(Emitter *e, const IROp *op, RM host, int scratch)
{
    Asm *as = &e->as;
    unsigned size = op->mem & MEM_SIZE;
    Loc v = emit_loc(e, op->b);

    if (size == 2 && v.kind == LOC_IMM && !(op->mem & MEM_BE)) {
        x_mov_rm_i(as, host, v.imm);
        return;
    }
    int reg = store_value(e, op->b, scratch);
    if ((op->mem & MEM_BE) && size > 0) {
        if (reg != scratch) {
            x_mov_r_rm(as, false, scratch, rm_reg(reg));
            reg = scratch;
        }
        if (size == 1) {
            x_shift16_i(as, SH_ROL, scratch, 8);
        } else {
            x_bswap(as, false, scratch);
        }
    }
    emit_host_store(as, size, host, reg);
}

static void emit_fp_store(Emitter *e, const SlowPath *s, const IROp *op, RM host, int scratch)
{
    Asm *as = &e->as;
    bool d = (op->mem & MEM_SIZE) == 3;

    if (s->xd >= 0) {
        x_movs_m_x(as, d, host, s->xd);
        return;
    }
    if (!(op->mem & MEM_BE)) {
        x_movs_x_m(as, d, 0, emit_env(emit_vfp_disp(op->b)));
        x_movs_m_x(as, d, host, 0);
        return;
    }
    x_mov_r_rm(as, d, scratch, emit_env(emit_vfp_disp(op->b)));
    x_bswap(as, d, scratch);
    x_mov_rm_r(as, d, host, scratch);
}

static void load_element(Emitter *e, const IROp *op, IRRef r, RM host, int scratch)
{
    Asm *as = &e->as;
    bool wide = (op->mem & MEM_SIZE) == 3, be = op->mem & MEM_BE;
    Loc l = emit_loc(e, r);
    int reg = l.kind == LOC_REG ? l.reg : scratch;

    if ((ref_is_s(r) || ref_is_d(r)) && !be) {
        x_movs_x_m(as, wide, 0, host);
        x_movs_m_x(as, wide, emit_env(l.disp), 0);
        return;
    }
    x_mov_r_rm(as, wide, reg, host);
    if (be) {
        x_bswap(as, wide, reg);
    }
    if (l.kind != LOC_REG) {
        x_mov_rm_r(as, wide, emit_env(l.disp), reg);
    }
}

static void store_element(Emitter *e, const IROp *op, IRRef r, RM host, int scratch)
{
    Asm *as = &e->as;
    bool wide = (op->mem & MEM_SIZE) == 3;
    Loc l = emit_loc(e, r);
    int reg = l.kind == LOC_REG ? l.reg : scratch;

    if ((ref_is_s(r) || ref_is_d(r)) && !(op->mem & MEM_BE)) {
        x_movs_x_m(as, wide, 0, emit_env(l.disp));
        x_movs_m_x(as, wide, host, 0);
        return;
    }
    if (l.kind == LOC_MEM) {
        x_mov_r_rm(as, wide, scratch, emit_env(l.disp));
    } else if (l.kind == LOC_IMM) {
        x_mov_r_i(as, scratch, l.imm);
    }
    if (op->mem & MEM_BE) {
        if (reg != scratch) {
            x_mov_r_rm(as, false, scratch, rm_reg(reg));
            reg = scratch;
        }
        x_bswap(as, wide, scratch);
    }
    x_mov_rm_r(as, wide, host, reg);
}

/* The access itself; `host` is the first byte, `scratch` not in it. */
static void emit_transfer(Emitter *e, const SlowPath *s, const IROp *op, RM host, int scratch)
{
    Asm *as = &e->as;
    bool store = op->opc == IR_st || op->opc == IR_stm;

    if (!ir_op_has_list(op)) {
        IRRef r = store ? op->b : op->d;
        bool fp = ref_is_s(r) || ref_is_d(r);

        if (store) {
            fp ? emit_fp_store(e, s, op, host, scratch) : emit_int_store(e, op, host, scratch);
        } else {
            fp ? emit_fp_load(e, s, op, host) : emit_int_load(e, op, host);
        }
        return;
    }
    for (int i = 0; i < op->n; i++, host.disp += 1 << (op->mem & MEM_SIZE)) {
        IRRef r = e->b->args[op->arg + i];

        if (s->xd < 0) {
            (store ? store_element : load_element)(e, op, r, host, scratch);
        } else if (store) {
            x_movs_m_x(as, (op->mem & MEM_SIZE) == 3, host, s->xd);
        } else {
            x_movs_x_m(as, (op->mem & MEM_SIZE) == 3, s->xd, host);
        }
    }
}

/*
 * An access of one VFP register has it in an xmm register, s->xd, unless bytes are swapped or a store finds it in
 * memory; what else is moved is in memory.
 */
static void choose_xmm(Emitter *e, SlowPath *s, const IROp *op)
{
    bool load = op->opc == IR_ld || op->opc == IR_ldm, one = !ir_op_has_list(op) || op->n == 1;
    IROperands it = ir_operands(e->b, op, load ? IR_DEFS : IR_USES);

    while (ir_next_operand(&it)) {
        IRRef r = *it.ref;

        if (!ref_is_s(r) && !ref_is_d(r)) {
            continue;
        }
        if (load && one && !(op->mem & (MEM_BE | MEM_USER))) {
            s->xd = emit_xmm_new(e, r);
        } else if (load) {
            emit_xmm_forget(e, r);
        } else if (one && !(op->mem & MEM_BE) && emit_xmm_find(e, r) >= 0) {
            s->xd = emit_xmm_find(e, r);
            emit_xmm_check(e, s->xd);
        } else {
            emit_xmm_sync(e, r);
        }
    }
}

/* Words, or doublewords that need the alignment of words, from the first one's page only. */
static void emit_list_check(Emitter *e, SlowPath *s, int addr, unsigned bytes)
{
    emit_limit_check(e, addr, 2, bytes);
    if (emit_splits_at_border(s->op)) {
        s->border_field = x_jcc_fwd(&e->as, X_A);
    } else {
        slow_if(e, s, X_A);
    }
}

void emit_checked(Emitter *e, SlowPath *s, const IROp *op)
{
    Asm *as = &e->as;
    bool list = ir_op_has_list(op), store = op->opc == IR_st || op->opc == IR_stm;
    unsigned size = op->mem & MEM_SIZE;
    int bytes = list ? op->n << size : 1 << size, addr = emit_address(e, op);
    unsigned align;

    s->addr_reg = addr;
    if (always_slow(e, s, op)) {
        return;
    }
    if (list && bytes == 8) {
        /*
         * FLDD and FSTD, two words: LDRD, a push of two registers. They need the alignment of a word only, but have
         * that of their size nearly always, and then lie in one page; emit_half_aligned() looks at the others.
         */
        align = unknown_align(e, op, 3);
    } else if (list && bytes > 4) {
        emit_list_check(e, s, addr, (unsigned)bytes);
        align = 0;
    } else {
        align = unknown_align(e, op, size);
    }
    emit_table_look(e, addr, store, align);
    if (s->near_field || !emit_recall(e, s)) {
        x_test_rm_r(as, true, rm_reg(RCX), RCX);
        slow_if(e, s, X_LE);
    }
    if (align && (list ? bytes == 8 : !ir_op_alignment(op))) {
        s->found = e->as.p;
    }
    if (list && op->n > 1) {
        x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(addr));
        emit_transfer(e, s, op, rm_mem(RCX, 0), RDX);
    } else {
        emit_transfer(e, s, op, rm_sib(RCX, addr, 0, 0), RDX);
    }
}

/* An access whose page has been looked up (emit-page.c). */
static void emit_near(Emitter *e, SlowPath *s, const IROp *op, Loc page)
{
    Asm *as = &e->as;
    int host = page.kind == LOC_REG ? page.reg : RCX;

    if (page.kind == LOC_MEM) {
        x_mov_r_rm(as, true, RCX, emit_env(page.disp));
    }
    x_test_rm_r(as, true, rm_reg(host), host);
    s->near_field = x_jcc_fwd(as, X_E);
    emit_transfer(e, s, op, rm_mem(host, op->near), host == RCX ? RDX : RCX);
}

bool emit_plain_needs_rdx(const Emitter *e, const IROp *op)
{
    if (op->opc == IR_ldm) {
        for (int i = 0; i < op->n; i++) {
            IRRef r = e->b->args[op->arg + i];
            bool by_xmm = (ref_is_s(r) || ref_is_d(r)) && !(op->mem & MEM_BE);

            if (!by_xmm && emit_loc(e, r).kind != LOC_REG) {
                return true;
            }
        }
        return false;
    }
    Loc base = emit_loc(e, op->a);

    return op->opc == IR_st && (base.kind == LOC_MEM || (base.kind == LOC_REG && base.reg == RAX));
}

void emit_plain_access(Emitter *e, const IROp *op, RM pointer, bool add_base, uint32_t distance)
{
    Asm *as = &e->as;
    SlowPath none = { .xd = -1 };
    RM host = rm_mem(RCX, (int32_t)distance);
    Loc base = emit_loc(e, op->a);
    int reg = base.kind == LOC_REG ? base.reg : RAX;
    bool rax_busy = op->opc == IR_ldm || (op->opc == IR_st && add_base && reg == RAX);

    memset(e->xmm_busy, 0, sizeof(e->xmm_busy));
    choose_xmm(e, &none, op);
    x_mov_r_rm(as, true, RCX, pointer);
    if (add_base) {
        emit_load_ref(e, reg, op->a);
        if (ir_op_has_list(op) && none.xd < 0) {
            x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(reg));
        } else {
            host = rm_sib(RCX, reg, 0, (int32_t)distance);
        }
    }
    emit_transfer(e, &none, op, host, rax_busy ? RDX : RAX);
    emit_flags_clobber(e);
}

void emit_access(Emitter *e, const IROp *op)
{
    static const SlowKind kinds[] = {
        [IR_ld] = SLOW_LOAD, [IR_st] = SLOW_STORE, [IR_ldm] = SLOW_LDM, [IR_stm] = SLOW_STM,
    };
    SlowPath *s = emit_slow(e, kinds[op->opc]);
    Loc page;

    choose_xmm(e, s, op);
    if (op->c != REF_NONE && emit_page_place(e, op->c, &page)) {
        emit_near(e, s, op, page);
    } else {
        emit_checked(e, s, op);
    }
    s->back = e->as.p;
    emit_flags_clobber(e);
}
