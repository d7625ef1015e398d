/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the translator (translate*.c) share: the context of the instruction being translated and the small
 * builders (gen_*) that put IR into its block. Nobody else includes this. Everything is private to the thread that
 * translates; there are no locks.
 *
 * A handler, trans_<name>(), gets the context and the instruction's fields by the letters of its rows, emits IR and
 * returns true. It returns false, having emitted nothing, when the word is UNDEFINED or UNPREDICTABLE in a way we treat
 * so; the driver then raises the exception. The driver has already wrapped the handler in the instruction's condition,
 * unless the row says I_OWN_COND.
 */
#ifndef TARGET_ARM_TRANSLATE_INTERNAL_H
#define TARGET_ARM_TRANSLATE_INTERNAL_H

#include "target/arm/cpu.h"
#include "target/arm/translate.h"
#include "tcg/helper.h"
#include "tcg/instrument.h"
#include "tcg/ir.h"

/* How the current instruction left the block. */
enum {
    END_NONE = 0,       /* it did not: go on with the next one */
    END_JMP,            /* exit_jmp: if conditional, translation may go on behind it, see may_go_on() */
    END_OTHER,          /* exit_ind or exit_main: if conditional, translation goes on behind it */
};

typedef struct DisasContext {
    IRBlock *b;
    const Instrument *instrument;   /* NULL: nothing */
    unsigned index;         /* of the instruction in the block; both halves of a BL are one if they are together */
    const uint8_t *code_page;
    uint32_t flags;         /* TBF_* */
    uint32_t pc;            /* address of the instruction, without T */
    uint32_t next_pc;       /* address of the one behind it, without T */
    uint32_t insn;          /* the word; a 16-bit one zero-extended */
    int max_insns;
    bool thumb;
    bool take_literals;     /* words of the page may be taken as constants */
    uint8_t cond;           /* CC_* of the instruction; CC_AL for Thumb and the unconditional space */
    uint8_t end;            /* END_*, set by the gen_exit_* builders */
    uint8_t side_exits;     /* conditional direct exits that the block went on behind */
    uint8_t skip_cond;      /* condition of the open skip region, CC_AL: none is open */
    uint32_t skip_label;    /* its join point */
    uint32_t start;         /* address of the block */
    uint32_t depend_end;    /* end of what the block depends on, see IRBlock.depend_bytes */
} DisasContext;

/* The translation relies on the bytes of the page up to `end` (exclusive): a store there must invalidate it. */
static inline void s_depend(DisasContext *s, uint32_t end)
{
    if (end - s->start > s->depend_end - s->start) {
        s->depend_end = end;
    }
}

/*
 * Whoever runs the block may fetch and read at va, too: the same page or, where subpages have rights of their own, the
 * same subpage.
 */
static inline bool s_within_reach(const DisasContext *s, uint32_t va)
{
    return (va ^ s->start) >> arm_tb_reach_bits(s->flags) == 0;
}

static inline bool s_priv(const DisasContext *s)
{
    return s->flags & TBF_PRIV;
}
/* What reading PC gives: the instruction + 8, or + 4 in Thumb state. */
static inline uint32_t s_read_pc(const DisasContext *s)
{
    return s->pc + (s->thumb ? 4 : 8);
}
/* Next instruction as PC|T. */
static inline uint32_t s_next(const DisasContext *s)
{
    return s->next_pc | s->thumb;
}

/* ---- operands ---- */
static inline IRRef gen_const(DisasContext *s, uint32_t v)
{
    return ir_const(s->b, v);
}
static inline IRRef gen_temp(DisasContext *s)
{
    return ir_temp(s->b);
}
/* Register n as a source; PC is a constant. */
static inline IRRef gen_reg(DisasContext *s, unsigned n)
{
    return n == 15 ? gen_const(s, s_read_pc(s)) : REF_R(n);
}

/* ---- single operations ---- */
/* d = a op b; returns d, so that calls nest. */
static inline IRRef gen_op2(DisasContext *s, IROpcode opc, IRRef d, IRRef a, IRRef b)
{
    ir_emit(s->b, opc, d, a, b, 0);
    return d;
}
static inline IRRef gen_op1(DisasContext *s, IROpcode opc, IRRef d, IRRef a)
{
    ir_emit(s->b, opc, d, a, REF_NONE, 0);
    return d;
}
/* The same with the flags (F_*) it defines. d may be REF_NONE. */
static inline void gen_op2f(DisasContext *s, IROpcode opc, IRRef d, IRRef a, IRRef b, uint8_t setf)
{
    ir_emit(s->b, opc, d, a, b, 0)->setf = setf;
}
static inline void gen_op1f(DisasContext *s, IROpcode opc, IRRef d, IRRef a, uint8_t setf)
{
    ir_emit(s->b, opc, d, a, REF_NONE, 0)->setf = setf;
}
/* shl, shr, sar, ror by 1..31. */
static inline IRRef gen_shift(DisasContext *s, IROpcode opc, IRRef d, IRRef a, unsigned n)
{
    ir_emit(s->b, opc, d, a, REF_NONE, n);
    return d;
}
/* d = a + v (v may be a negative number); d may be a. Emits nothing when that changes nothing. */
void gen_addi(DisasContext *s, IRRef d, IRRef a, uint32_t v);

/* Call helper h; d may be REF_NONE, and so may unused arguments. */
void gen_call(DisasContext *s, IRRef d, HelperId h, IRRef a, IRRef b, IRRef c);

/* ---- memory ---- */
/* MEM_* of an ordinary load or store of 1 << size bytes: endianness and the alignment rules in force. */
uint8_t gen_mem(const DisasContext *s, unsigned size);
/* MEM_* of one that must be aligned (LDM, LDRD, VLDR, exclusives). */
uint8_t gen_mem_aligned(const DisasContext *s, unsigned size);
void gen_ld(DisasContext *s, IRRef d, IRRef base, uint32_t imm, uint8_t mem);
/* Words of the page may still be taken as constants. */
bool gen_takes_literals(const DisasContext *s);
/* n single registers from `single` on become the words at base + imm, if these are literals; false: load them. */
bool gen_vfp_literal(DisasContext *s, IRRef single, unsigned n, IRRef base, uint32_t imm);
void gen_st(DisasContext *s, IRRef val, IRRef base, uint32_t imm, uint8_t mem);
/* n refs (1..16) from or to [base + imm...]. mem: size 2 or 3 and MEM_ALIGN. One ref becomes a plain ld or st. */
void gen_ldm(DisasContext *s, const IRRef *refs, unsigned n, IRRef base, uint32_t imm, uint8_t mem);
void gen_stm(DisasContext *s, const IRRef *refs, unsigned n, IRRef base, uint32_t imm, uint8_t mem);

/* ---- what the performance monitor wants ---- */
/* env->counted[what] += n, in a block of TBF_COUNT; nothing in others. */
void gen_counted(DisasContext *s, unsigned what, unsigned n);
/* B, BL, BLX, BX in any form; of Thumb's BL the second half. */
bool gen_is_branch(const DisasContext *s);

/* ---- what plugins want, translate-instrument.c ---- */
/* At an instruction's start, outside of any skip region. */
void gen_instrument_insn(DisasContext *s);
/*
 * Around an access that is not gen_ld(), gen_st(), gen_ldm() or gen_stm(), which have them: the first before, since the
 * access may change the base; what it returns goes to the second, for n accesses behind each other. mem: MEM_*. The
 * performance monitor counts them, too.
 */
IRRef gen_access_begin(DisasContext *s, IRRef base, uint32_t imm, uint8_t mem, bool store);
void gen_access_end(DisasContext *s, IRRef va, uint8_t mem, bool store, unsigned n);
/* There was none if `failed` is not 0. */
void gen_access_end_if(DisasContext *s, IRRef va, uint8_t mem, bool store, unsigned n, IRRef failed);

/* ---- conditions ---- */
/*
 * Skip what follows unless cc holds, up to the driver's join point behind this instruction or behind the last of a run
 * of instructions with the same condition. Does nothing when a region for cc is open.
 */
void gen_skip_unless(DisasContext *s, unsigned cc);

/* ---- leaving the block (all set s->end) ---- */
void gen_exit_jmp(DisasContext *s, uint32_t pc_t);
/* ref holds PC|T. */
void gen_exit_ind(DisasContext *s, IRRef ref);
/* To the main loop, which goes on with the next instruction: whatever the block was translated for may have changed. */
void gen_exit_main_next(DisasContext *s);
/* To the main loop; a helper has set regs[15] or will not return. */
void gen_exit_main(DisasContext *s);
/* Raise EXCP_*; fsr for prefetch aborts. */
void gen_raise(DisasContext *s, int excp, uint32_t fsr);
/* A data-processing result goes to PC: no interworking. */
void gen_write_pc(DisasContext *s, IRRef ref);

/* ---- shared by A32 and Thumb ---- */
/* LDM/STM family, translate-ldm.c. */
typedef struct BlockTransfer {
    unsigned rn;
    uint16_t list;
    bool load, before, up, writeback;
    bool user;              /* S bit */
} BlockTransfer;
bool gen_block_transfer(DisasContext *s, const BlockTransfer *t);
/* CPS, translate-system.c: imod 2 enable, 3 disable; aif as CPSR bits; mode < 0: no change. */
bool gen_cps(DisasContext *s, unsigned imod, uint32_t aif, int mode);
void gen_setend(DisasContext *s, bool big);
void gen_swi(DisasContext *s, bool semihosting_number);
/* BX and BLX to the value of a register, translate-branch.c. */
void gen_bx(DisasContext *s, unsigned rm, bool link);
/* Shift by register, translate-dp.c: d = a shifted by b[7:0]. carry: define C unless nothing reads it. type: 0-3. */
void gen_shift_reg(DisasContext *s, unsigned type, IRRef d, IRRef a, IRRef b, bool carry);
/*
 * Shift by a constant as encoded (LSR and ASR #0 mean 32, ROR #0 means RRX), translate-dp.c. Returns the operand;
 * it may be a itself or a constant. carry: define C where the shift does.
 */
IRRef gen_shift_imm(DisasContext *s, unsigned type, IRRef a, unsigned amount, bool carry);

/* What the rows of a32.def say of data processing (op=), as encoded. */
enum { OP_AND, OP_EOR, OP_SUB, OP_RSB, OP_ADD, OP_ADC, OP_SBC, OP_RSC, OP_TST, OP_TEQ, OP_CMP, OP_CMN, OP_ORR, OP_MOV,
       OP_BIC, OP_MVN };
/* And of VFP arithmetic (kind=). */
typedef enum VFPArith {
    VFP_ARITH_MAC, VFP_ARITH_NMAC, VFP_ARITH_MSC, VFP_ARITH_NMSC, VFP_ARITH_MUL, VFP_ARITH_NMUL, VFP_ARITH_ADD,
    VFP_ARITH_SUB, VFP_ARITH_DIV, VFP_ARITH_CPY, VFP_ARITH_ABS, VFP_ARITH_NEG, VFP_ARITH_SQRT,
} VFPArith;

/* Handlers and their arguments. */
#include "target/arm/decode-args.h"

#endif
