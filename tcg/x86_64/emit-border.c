/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that lie in two pages: the start of their thunks, and for LDM and STM code behind the block. Stacks cross
 * pages, and a function there does so at every call; unaligned words do. Both pages are looked up before the first byte
 * is moved, so nothing has happened yet where C has to do it: a page that is not plain memory, big-endian words, user
 * rights. An address wraps at 4 GiB.
 *
 * Thunks, in: ecx = guest address; JITState.slow_mem, slow_n, slow_val, ldm_buf as C takes them. Everything but rcx and
 * xmm0 is kept, and rcx if the thunk goes on.
 */
#include <stdlib.h>
#include "accel/tcg/softtlb.h"
#include "tcg/x86_64/emit.h"

#define JIT(field) emit_env(JIT_OFFSET(field))

/* Jumps to where the thunk goes on. */
typedef struct Undo {
    uint8_t *field[6];
    int n;
    uint8_t *aligned;           /* from before begin() */
} Undo;

static void undo_if(Asm *as, Undo *u, X86CC cc)
{
    u->field[u->n++] = x_jcc_fwd(as, cc);
}

static void begin(Asm *as)
{
    x_push(as, RAX);
    x_push(as, RDX);
}

static void end(Asm *as)
{
    x_pop(as, RDX);
    x_pop(as, RAX);
}

static void undo(Asm *as, const Undo *u)
{
    for (int i = 0; i < u->n; i++) {
        x_patch(u->field[i], as->p);
    }
    end(as);
    if (u->aligned) {
        x_patch(u->aligned, as->p);
    }
}

/* edx = address of the last byte: rdx, rax = entries of the first and the second page, if these are two plain ones. */
static void look_up_both(Asm *as, Undo *u, bool store)
{
    int32_t table = store ? (int32_t)TLB_WRITE_OFFSET : 0;

    x_mov_r_rm(as, false, RAX, rm_reg(RCX));
    x_shift_i(as, SH_SHR, false, rm_reg(RAX), TLB_PAGE_BITS);
    x_shift_i(as, SH_SHR, false, rm_reg(RDX), TLB_PAGE_BITS);
    x_alu_r_rm(as, ALU_CMP, false, RAX, rm_reg(RDX));
    undo_if(as, u, X_E);
    x_mov_r_rm(as, true, RAX, rm_sib(TLB_REG, RAX, 3, table));
    x_mov_r_rm(as, true, RDX, rm_sib(TLB_REG, RDX, 3, table));
    x_test_rm_r(as, true, rm_reg(RAX), RAX);
    undo_if(as, u, X_LE);
    x_test_rm_r(as, true, rm_reg(RDX), RDX);
    undo_if(as, u, X_LE);
}

/* ---- words and halfwords ---- */

/* Nothing but `ignore` is special about it, and it is in two pages. */
static void begin_unaligned(Asm *as, Undo *u, bool store, int32_t ignore)
{
    /* Registers of devices are aligned. */
    x_test8_rm_i(as, rm_reg(RCX), 3);
    u->aligned = x_jcc_fwd(as, X_E);
    begin(as);
    x_mov_r_rm(as, false, RAX, JIT(slow_mem));
    if (ignore) {
        x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), ~ignore);
    }
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RAX), 1);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), 1);
    undo_if(as, u, X_A);
    x_lea(as, false, RDX, rm_sib(RCX, RAX, 1, 1));
    look_up_both(as, u, store);
}

void emit_border_load(Asm *as)
{
    uint8_t *word, *is_signed;
    Undo u = { .n = 0, .aligned = NULL };

    begin_unaligned(as, &u, false, MEM_SIGNED);
    /* Of the words on both sides of the border it takes the bytes. */
    x_push(as, RCX);
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), -4);
    x_mov_r_rm(as, false, RAX, rm_sib(RAX, RCX, 0, 0));
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RCX), 4);
    x_mov_r_rm(as, false, RDX, rm_sib(RDX, RCX, 0, 0));
    x_pop(as, RCX);
    x_shift_i(as, SH_SHL, true, rm_reg(RDX), 32);
    x_alu_r_rm(as, ALU_OR, true, RDX, rm_reg(RAX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), 3);
    x_shift_i(as, SH_SHL, false, rm_reg(RCX), 3);
    x_shift_cl(as, SH_SHR, true, rm_reg(RDX));
    x_mov_r_rm(as, false, RAX, JIT(slow_mem));
    x_mov_r_rm(as, false, RCX, rm_reg(RDX));
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), 2);
    word = x_jcc_short_fwd(as, X_E);
    x_movzx16(as, RCX, rm_reg(RDX));
    x_test8_rm_i(as, rm_reg(RAX), MEM_SIGNED);
    is_signed = x_jcc_short_fwd(as, X_E);
    x_movsx16(as, RCX, rm_reg(RDX));
    x_patch8(is_signed, as->p);
    x_patch8(word, as->p);
    end(as);
    x_ret(as);
    undo(as, &u);
}

void emit_border_store(Asm *as)
{
    uint8_t *half = NULL;
    Undo u = { .n = 0, .aligned = NULL };

    begin_unaligned(as, &u, true, 0);
    x_push(as, RBX);
    /* rax, rdx = host addresses of the byte at hand and of the second page; ebx = bytes of the first one, less one */
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(RCX));
    x_mov_r_rm(as, false, RBX, rm_reg(RCX));
    x_alu_rm_i(as, ALU_OR, false, rm_reg(RBX), (1 << TLB_PAGE_BITS) - 1);
    x_alu_r_rm(as, ALU_SUB, false, RBX, rm_reg(RCX));
    x_lea(as, false, RCX, rm_sib(RCX, RBX, 0, 1));
    x_alu_r_rm(as, ALU_ADD, true, RDX, rm_reg(RCX));
    x_mov_r_rm(as, false, RCX, JIT(slow_val));
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            x_test8_rm_i(as, JIT(slow_mem), 2);
            half = x_jcc_short_fwd(as, X_E);
        }
        x_mov8_rm_r(as, rm_mem(RAX, 0), RCX);
        x_shift_i(as, SH_SHR, false, rm_reg(RCX), 8);
        x_alu_rm_i(as, ALU_ADD, true, rm_reg(RAX), 1);
        x_alu_rm_i(as, ALU_SUB, false, rm_reg(RBX), 1);
        x_cmov(as, X_B, true, RAX, rm_reg(RDX));
    }
    x_patch8(half, as->p);
    x_pop(as, RBX);
    end(as);
    x_ret(as);
    undo(as, &u);
}

/* ---- several doublewords, and pairs of words ---- */

static const uint8_t saved[] = { RSI, RDI, RBX };

/*
 * From the host addresses rax and rdx on: words of the transfer's start, up to the border, and behind it. edi = words
 * of the first page, rsi = where the second page's begin in ldm_buf. 16 bytes at a time on both sides of the border, so
 * others are read and put beside the transfer's; no word is torn, since all of them are aligned.
 */
static void move_loaded(Asm *as)
{
    const uint8_t *again;

    x_lea(as, true, RAX, rm_sib(RAX, RDI, 2, 0));
    x_mov_r_rm(as, true, RDI, rm_reg(RSI));
    x_shift_i(as, SH_SHL, false, rm_reg(RBX), 2);
    x_mov_r_i(as, RCX, 0);
    again = as->p;
    x_alu_rm_i(as, ALU_SUB, true, rm_reg(RAX), 16);
    x_alu_rm_i(as, ALU_SUB, true, rm_reg(RDI), 16);
    x_movups_x_m(as, 0, rm_mem(RAX, 0));
    x_movups_m_x(as, rm_mem(RDI, 0), 0);
    x_movups_x_m(as, 0, rm_sib(RDX, RCX, 0, 0));
    x_movups_m_x(as, rm_sib(RSI, RCX, 0, 0), 0);
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RCX), 16);
    x_alu_r_rm(as, ALU_CMP, false, RCX, rm_reg(RBX));
    x_jcc(as, X_B, again);
}

/* A word of those that are stored, and then to the first page if it was the last of the second: 16 bytes of code. */
enum { WORDS_MAX = 32, WORD_CODE = 16 };

static void store_word(Asm *as, int i)
{
    const uint8_t *end = as->p + WORD_CODE;

    x_mov_r_rm(as, false, RSI, emit_env(JIT_OFFSET(ldm_buf) + 4 * i));
    x_mov_rm_r(as, false, rm_mem(RDX, 4 * i), RSI);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RDI), i);
    x_cmov(as, X_E, true, RDX, rm_reg(RAX));
    if (i > 0 && as->p != end) {
        abort();                /* the jump counts on it */
    }
}

/*
 * The same, but only the transfer's words, as others store beside them: the last one first, by a jump into code for all
 * there may be. rdx becomes what word 0 would have as its address, were it in the second page, too.
 */
static void move_stored(Asm *as)
{
    uint8_t *start;
    const uint8_t *end = as->p;

    x_mov_r_rm(as, false, RSI, rm_reg(RDI));
    x_shift_i(as, SH_SHL, false, rm_reg(RSI), 2);
    x_alu_r_rm(as, ALU_SUB, true, RDX, rm_reg(RSI));
    x_shift_i(as, SH_SHL, false, rm_reg(RBX), 4);
    start = as->p;
    for (int pass = 0; pass < 2; pass++) {
        as->p = start;
        x_lea(as, true, RSI, rm_rip(end));
        x_alu_r_rm(as, ALU_SUB, true, RSI, rm_reg(RBX));
        x_jmp_rm(as, rm_reg(RSI));
        end = as->p + WORDS_MAX * WORD_CODE;
    }
    for (int i = WORDS_MAX; i-- > 0;) {
        store_word(as, i);
    }
}

/* edx = words */
static void count_words(Asm *as)
{
    uint8_t *words;

    x_mov_r_rm(as, false, RDX, JIT(slow_n));
    x_test8_rm_i(as, JIT(slow_mem), 1);
    words = x_jcc_short_fwd(as, X_E);
    x_alu_r_rm(as, ALU_ADD, false, RDX, rm_reg(RDX));
    x_patch8(words, as->p);
}

void emit_border_transfer(Asm *as, bool store)
{
    Undo u = { .n = 0, .aligned = NULL };

    begin(as);
    x_test8_rm_i(as, rm_reg(RCX), 3);
    undo_if(as, &u, X_NE);
    /* Words or doublewords, with nothing else about them. */
    x_mov_r_rm(as, false, RAX, JIT(slow_mem));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), ~MEM_ALIGN);
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RAX), 2);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), 1);
    undo_if(as, &u, X_A);
    count_words(as);
    x_lea(as, false, RDX, rm_sib(RCX, RDX, 2, -1));
    look_up_both(as, &u, store);
    for (size_t i = 0; i < sizeof(saved); i++) {
        x_push(as, saved[i]);
    }
    x_mov_r_rm(as, true, RSI, rm_reg(RDX));
    count_words(as);
    x_mov_r_rm(as, false, RBX, rm_reg(RDX));
    /* The address is a multiple of 4, so that is the number of words less one. */
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(RCX));
    x_mov_r_rm(as, false, RDI, rm_reg(RCX));
    x_unary(as, UN_NOT, false, rm_reg(RDI));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RDI), (1 << TLB_PAGE_BITS) - 1);
    x_shift_i(as, SH_SHR, false, rm_reg(RDI), 2);
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RDI), 1);
    x_lea(as, false, RCX, rm_sib(RCX, RDI, 2, 0));
    x_lea(as, true, RDX, rm_sib(RSI, RCX, 0, 0));
    if (store) {
        move_stored(as);
    } else {
        x_lea(as, true, RSI, rm_sib(ENV_REG, RDI, 2, JIT_OFFSET(ldm_buf)));
        move_loaded(as);
    }
    for (int i = sizeof(saved); i-- > 0;) {
        x_pop(as, saved[i]);
    }
    end(as);
    x_ret(as);
    undo(as, &u);
}

/* ---- LDM and STM, each for itself ---- */

/* Not doublewords, one of which may be in both pages. */
bool emit_splits_at_border(const IROp *op)
{
    return ir_op_has_list(op) && (op->mem & MEM_SIZE) == 2 && !(op->mem & (MEM_BE | MEM_USER));
}

/* A word between its place and [rcx + disp]. */
static void move_word(Emitter *e, IRRef r, bool load, int32_t disp)
{
    Asm *as = &e->as;
    RM host = rm_mem(RCX, disp);
    Loc l = emit_loc(e, r);

    if (l.kind == LOC_REG) {
        load ? x_mov_r_rm(as, false, l.reg, host) : x_mov_rm_r(as, false, host, l.reg);
    } else if (l.kind == LOC_IMM) {
        x_mov_rm_i(as, host, l.imm);
    } else {
        x_movs_x_m(as, false, 0, load ? host : emit_env(l.disp));
        x_movs_m_x(as, false, load ? emit_env(l.disp) : host, 0);
    }
}

/*
 * Both pages are looked up, then each word is moved by rcx, which becomes the second page's pointer at the first word
 * there: no jump depends on where the border is. Where it is not that simple the slow path's call takes over.
 */
void emit_split_at_border(Emitter *e, const SlowPath *s)
{
    Asm *as = &e->as;
    const IROp *op = s->op;
    bool load = op->opc == IR_ldm;
    int32_t table = load ? 0 : (int32_t)TLB_WRITE_OFFSET;
    Loc page;

    x_patch(s->border_field, as->p);
    /* ecx = number of the first word in its page; with other bits if it is not aligned. slow_n = - words there */
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RCX), 1 << (TLB_PAGE_BITS - 2));
    x_jcc(as, X_AE, s->call);
    x_mov_rm_r(as, false, JIT(slow_n), RCX);
    x_mov_r_rm(as, false, RCX, rm_reg(s->addr_reg));
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), TLB_PAGE_BITS);
    /* Behind the last page there is an entry for who is not aligned: zero. */
    x_mov_r_rm(as, true, RDX, rm_sib(TLB_REG, RCX, 3, table + 8));
    x_mov_r_rm(as, true, RCX, rm_sib(TLB_REG, RCX, 3, table));
    x_test_rm_r(as, true, rm_reg(RDX), RDX);
    x_jcc(as, X_LE, s->call);
    x_test_rm_r(as, true, rm_reg(RCX), RCX);
    x_jcc(as, X_LE, s->call);
    x_alu_r_rm(as, ALU_ADD, true, RDX, rm_reg(s->addr_reg));
    x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(s->addr_reg));
    for (int i = 0; i < op->n; i++) {
        if (i > 0) {
            x_alu_rm_i(as, ALU_CMP, false, JIT(slow_n), -i);
            x_cmov(as, X_E, true, RCX, rm_reg(RDX));
        }
        move_word(e, e->b->args[op->arg + i], load, 4 * i);
    }
    if (op->c != REF_NONE && emit_page_place(e, op->c, &page) && page.kind == LOC_REG) {
        x_mov_r_i(as, page.reg, 0);     /* it was used */
    }
    x_jmp(as, s->back);
}
