/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 encoder: one instruction per call, appended to an Asm. Encodings live here and in asm.c alone;
 * tests/unit/test-asm.c and test-asm-sse.c compare every form with a disassembler. An Asm belongs to one thread.
 */
#ifndef TCG_X86_64_ASM_H
#define TCG_X86_64_ASM_H
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum X86Reg {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, NO_REG = -1
} X86Reg;

/* Condition codes as encoded in Jcc, SETcc, CMOVcc. */
typedef enum X86CC {
    X_O, X_NO, X_B, X_AE, X_E, X_NE, X_BE, X_A, X_S, X_NS, X_P, X_NP, X_L, X_GE, X_LE, X_G
} X86CC;

/* Register or memory operand. */
typedef struct RM {
    int8_t reg;             /* >= 0: this register; else memory */
    int8_t base, index;     /* NO_REG: none */
    uint8_t scale;          /* log2 */
    int32_t disp;
    const void *rip_target; /* base == index == NO_REG: RIP-relative to this address */
} RM;
static inline RM rm_reg(int r)  { return (RM) { .reg = (int8_t)r, .base = NO_REG, .index = NO_REG }; }
static inline RM rm_mem(int base, int32_t disp)
{
    return (RM) { .reg = NO_REG, .base = (int8_t)base, .index = NO_REG, .disp = disp };
}
static inline RM rm_sib(int base, int index, int scale, int32_t disp)
{
    assert(index != RSP);
    return (RM) { .reg = NO_REG, .base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)scale, .disp = disp };
}
static inline RM rm_rip(const void *target)
{
    return (RM) { .reg = NO_REG, .base = NO_REG, .index = NO_REG, .rip_target = target };
}

typedef struct Asm {
    uint8_t *p, *end;       /* the caller keeps at least one instruction's room (ASM_MAX_INSN) */
} Asm;
enum { ASM_MAX_INSN = 16 };

/* ALU operations: value = /digit of the immediate group = opcode base / 8. */
typedef enum ALUOp { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP } ALUOp;
typedef enum ShiftOp { SH_ROL, SH_ROR, SH_RCL, SH_RCR, SH_SHL, SH_SHR, SH_SAR = 7 } ShiftOp;
/* Unary group F7. */
typedef enum UnaryOp { UN_NOT = 2, UN_NEG = 3 } UnaryOp;

/* w: false 32-bit (upper half cleared), true 64-bit. */
void x_alu_r_rm(Asm *a, ALUOp op, bool w, int reg, RM rm);          /* reg = reg op rm */
void x_alu_rm_r(Asm *a, ALUOp op, bool w, RM rm, int reg);          /* rm = rm op reg */
void x_alu_rm_i(Asm *a, ALUOp op, bool w, RM rm, int32_t imm);
void x_cmp8_rm_i(Asm *a, RM rm, uint8_t imm);
void x_test_rm_r(Asm *a, bool w, RM rm, int reg);
void x_test_rm_i(Asm *a, RM rm, uint32_t imm);                      /* 32 bits; picks the byte form for low registers */
void x_test8_rm_i(Asm *a, RM rm, uint8_t imm);                      /* byte in memory or low byte of a register */
void x_mov_r_rm(Asm *a, bool w, int reg, RM rm);
void x_mov_rm_r(Asm *a, bool w, RM rm, int reg);
void x_mov_fs_r(Asm *a, int32_t disp, int reg);                      /* 64 bits, to thread pointer + disp */
void x_mov_r_i(Asm *a, int reg, uint32_t imm);                      /* keeps EFLAGS */
void x_mov_r_i64(Asm *a, int reg, uint64_t imm);
void x_mov_rm_i(Asm *a, RM rm, uint32_t imm);                       /* 32-bit memory */
void x_mov8_rm_r(Asm *a, RM mem, int reg);
void x_mov8_rm_i(Asm *a, RM mem, uint8_t imm);
void x_mov8_ah_mem(Asm *a, RM mem);                                 /* mov ah, [mem] */
void x_mov8_mem_ah(Asm *a, RM mem);
void x_movzx8_ah(Asm *a, int reg);                                  /* reg = ah; the first eight registers only */
void x_mov16_rm_r(Asm *a, RM mem, int reg);
void x_mov16_rm_i(Asm *a, RM mem, uint16_t imm);
void x_movzx8(Asm *a, int reg, RM rm);
void x_movzx16(Asm *a, int reg, RM rm);
void x_movsx8(Asm *a, int reg, RM rm);                              /* to 32 bits */
void x_movsx16(Asm *a, int reg, RM rm);
void x_movsxd(Asm *a, int reg, RM rm);
void x_lea(Asm *a, bool w, int reg, RM mem);
void x_shift_i(Asm *a, ShiftOp op, bool w, RM rm, int count);       /* 1..63 */
void x_shift_cl(Asm *a, ShiftOp op, bool w, RM rm);
/* BMI2: no flags, another destination. The count is taken modulo 32 or 64. */
void x_shiftx(Asm *a, ShiftOp op, bool w, int reg, int src, int count);      /* SHL SHR SAR */
void x_rorx_i(Asm *a, int reg, RM src, int count);                  /* 32 bits */
void x_shift16_i(Asm *a, ShiftOp op, int reg, int count);
void x_unary(Asm *a, UnaryOp op, bool w, RM rm);
void x_imul_r_rm(Asm *a, bool w, int reg, RM rm);
void x_imul_r_rm_i(Asm *a, int reg, RM rm, int32_t imm);              /* reg = rm * imm, 32 bits */
void x_cmpxchg_rm_r(Asm *a, bool w, RM rm, int reg);                /* rax = expected */
void x_bswap(Asm *a, bool w, int reg);
void x_bsr(Asm *a, bool w, int reg, RM rm);
void x_btc_i64(Asm *a, int reg, int bit);
void x_setcc(Asm *a, X86CC cc, RM rm);
void x_cmov(Asm *a, X86CC cc, bool w, int reg, RM rm);
void x_push(Asm *a, int reg);
void x_pop(Asm *a, int reg);
void x_call_rm(Asm *a, RM rm);
void x_jmp_rm(Asm *a, RM rm);
void x_call(Asm *a, const uint8_t *target);                         /* within +-2 GiB */
void x_jmp(Asm *a, const uint8_t *target);
void x_jcc(Asm *a, X86CC cc, const uint8_t *target);
uint8_t *x_jcc_fwd(Asm *a, X86CC cc);                               /* returns the rel32 field for x_patch */
uint8_t *x_jmp_fwd(Asm *a);
uint8_t *x_jcc_short_fwd(Asm *a, X86CC cc);                         /* rel8 field for x_patch8 */
uint8_t *x_jecxz_short_fwd(Asm *a);
void x_patch(uint8_t *field, const uint8_t *target);
void x_patch8(uint8_t *field, const uint8_t *target);
uint8_t *x_jmp_aligned(Asm *a, const uint8_t *target);  /* JMP rel32 whose field is 4-byte aligned; returns the field */
void x_align_ahead(Asm *a, unsigned distance);  /* one NOP or none: so many bytes further on is a multiple of 4 */
void x_ret(Asm *a);
void x_lahf(Asm *a);
void x_sahf(Asm *a);
void x_cmc(Asm *a);
void x_pause(Asm *a);
void x_lock(Asm *a);                                                /* prefix of the next instruction */
void x_ud2(Asm *a);
void x_ldmxcsr(Asm *a, RM mem);
void x_stmxcsr(Asm *a, RM mem);

/* SSE2. d: double (SD) or single (SS). */
typedef enum SSEOp { SSE_ADD = 0x58, SSE_MUL = 0x59, SSE_SUB = 0x5c, SSE_DIV = 0x5e, SSE_SQRT = 0x51 } SSEOp;
void x_sse_op(Asm *a, SSEOp op, bool d, int xmm, RM rm);
/* dst = x op y (SQRT: of y), dst another register than y unless it is x too; with AVX or without. */
void x_sse_op3(Asm *a, bool avx, SSEOp op, bool d, int dst, int x, int y);
/* dst = src op mem, 16 bytes, aligned. */
typedef enum VectorOp { VECTOR_AND = 0x54, VECTOR_XOR = 0x57 } VectorOp;
void x_vector_op(Asm *a, bool avx, VectorOp op, int dst, int src, RM mem);
void x_movs_x_m(Asm *a, bool d, int xmm, RM mem);
void x_movs_m_x(Asm *a, bool d, RM mem, int xmm);
void x_movaps(Asm *a, int dst, int src);
void x_movaps_m_x(Asm *a, RM mem, int xmm);                         /* 16-byte aligned */
void x_movaps_x_m(Asm *a, int xmm, RM mem);
void x_movups_m_x(Asm *a, RM mem, int xmm);
void x_movups_x_m(Asm *a, int xmm, RM mem);
void x_movd_x_r(Asm *a, bool w, int xmm, int reg);
void x_movd_r_x(Asm *a, bool w, int reg, int xmm);
void x_ucomis(Asm *a, bool d, int xmm, RM rm);
void x_comis(Asm *a, bool d, int xmm, RM rm);
void x_xorps(Asm *a, int xmm, int src);
void x_cvt_sd_ss(Asm *a, bool from_double, int xmm, RM rm);
void x_cvtsi2s(Asm *a, bool d, bool w, int xmm, RM rm);             /* w: 64-bit integer source */
void x_cvts2si(Asm *a, bool d, bool w, bool truncate, int reg, int xmm);
void x_movmskps(Asm *a, bool d, int reg, int xmm);
#endif
