/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64 instruction encodings (Intel SDM vol. 2). See asm.h. */
#include "tcg/x86_64/asm.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static void put8(Asm *a, uint8_t v)
{
    assert(a->p < a->end);
    *a->p++ = v;
}

static void put32(Asm *a, uint32_t v)
{
    assert(a->end - a->p >= 4);
    memcpy(a->p, &v, 4);
    a->p += 4;
}

/* How an opcode is spelled: mandatory prefix, escape bytes, opcode. */
typedef struct Opcode {
    uint8_t prefix;     /* 0, 0x66, 0xf2, 0xf3 */
    uint8_t escape;     /* 0: none, 0x0f */
    uint8_t op;
} Opcode;
#define OP(x)           ((Opcode) { 0, 0, (x) })
#define OP0F(x)         ((Opcode) { 0, 0x0f, (x) })
#define OPP0F(pfx, x)   ((Opcode) { (pfx), 0x0f, (x) })

static int32_t rel32_to(const uint8_t *end_of_insn, const void *target)
{
    intptr_t d = (const uint8_t *)target - end_of_insn;
    assert(d >= INT32_MIN && d <= INT32_MAX);
    return (int32_t)d;
}

/*
 * The bytes of one instruction go through a pointer of the function's own: Asm.p might be among the bytes for all that
 * the compiler knows, and would be loaded and stored again for each of them.
 */
static uint8_t *write32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

/* ModRM, SIB and displacement of a place in memory; r: the register, shifted. Returns what is behind them. */
static uint8_t *write_memory(uint8_t *p, uint8_t r, RM rm, int imm_bytes)
{
    uint8_t mod = 0x80;

    if (rm.base < 0 && rm.index < 0) {
        *p++ = (uint8_t)(0x05 | r);
        return write32(p, (uint32_t)rel32_to(p + 4 + imm_bytes, rm.rip_target));
    }
    assert(rm.base >= 0);
    if (rm.disp == 0 && (rm.base & 7) != RBP) {
        mod = 0;
    } else if (rm.disp == (int8_t)rm.disp) {
        mod = 0x40;
    }
    if (rm.index >= 0 || (rm.base & 7) == RSP) {
        int index = rm.index >= 0 ? rm.index : RSP;

        *p++ = (uint8_t)(mod | r | 4);
        *p++ = (uint8_t)(rm.scale << 6 | (index & 7) << 3 | (rm.base & 7));
    } else {
        *p++ = (uint8_t)(mod | r | (rm.base & 7));
    }
    write32(p, (uint32_t)rm.disp);      /* more than counts, perhaps: there is room for a whole instruction */
    return p + (mod == 0x80 ? 4 : mod == 0x40);
}

static ALWAYS_INLINE uint8_t *write_operands(uint8_t *p, int reg, RM rm, int imm_bytes)
{
    uint8_t r = (uint8_t)((reg & 7) << 3);

    if (rm.reg < 0) {
        return write_memory(p, r, rm, imm_bytes);
    }
    *p = (uint8_t)(0xc0 | r | (rm.reg & 7));
    return p + 1;
}

static void operands(Asm *a, int reg, RM rm, int imm_bytes)
{
    assert(a->end - a->p >= ASM_MAX_INSN);
    a->p = write_operands(a->p, reg, rm, imm_bytes);
}

/* Bits of REX that say which registers the operand names. */
static ALWAYS_INLINE uint8_t rex_of(RM rm)
{
    if (rm.reg >= 0) {
        return rm.reg >> 3;
    }
    return (uint8_t)((rm.base >= R8) | (rm.index >= R8) << 1);
}

/*
 * Prefixes, REX, opcode, ModRM, SIB and displacement; imm_bytes = immediate that follows (RIP-relative needs it). Most
 * arguments are constants of the caller, so that little of it is left there.
 */
static ALWAYS_INLINE void encode(Asm *a, Opcode o, bool w, int reg, RM rm, bool byte_reg, bool byte_rm, int imm_bytes)
{
    uint8_t rex = (uint8_t)(w << 3 | (reg & 8) >> 1 | rex_of(rm)), *p = a->p;
    bool need = (byte_reg && reg >= RSP) || (byte_rm && rm.reg >= RSP);

    assert(a->end - p >= ASM_MAX_INSN);
    if (o.prefix) {
        *p++ = o.prefix;
    }
    *p = 0x40 | rex;
    p += rex || need;
    if (o.escape) {
        *p++ = o.escape;
    }
    *p++ = o.op;
    a->p = write_operands(p, reg, rm, imm_bytes);
}

static ALWAYS_INLINE void enc(Asm *a, Opcode o, bool w, int reg, RM rm)
{
    encode(a, o, w, reg, rm, false, false, 0);
}

void x_alu_r_rm(Asm *a, ALUOp op, bool w, int reg, RM rm) { enc(a, OP((uint8_t)(op * 8 + 3)), w, reg, rm); }
void x_alu_rm_r(Asm *a, ALUOp op, bool w, RM rm, int reg) { enc(a, OP((uint8_t)(op * 8 + 1)), w, reg, rm); }

void x_alu_rm_i(Asm *a, ALUOp op, bool w, RM rm, int32_t imm)
{
    if (imm >= -128 && imm <= 127) {
        encode(a, OP(0x83), w, op, rm, false, false, 1);
        put8(a, (uint8_t)imm);
    } else {
        encode(a, OP(0x81), w, op, rm, false, false, 4);
        put32(a, (uint32_t)imm);
    }
}

void x_cmp8_rm_i(Asm *a, RM rm, uint8_t imm)
{
    encode(a, OP(0x80), false, ALU_CMP, rm, false, true, 1);
    put8(a, imm);
}

void x_test_rm_r(Asm *a, bool w, RM rm, int reg) { enc(a, OP(0x85), w, reg, rm); }

void x_test8_rm_i(Asm *a, RM rm, uint8_t imm)
{
    encode(a, OP(0xf6), false, 0, rm, false, true, 1);
    put8(a, imm);
}

void x_test_rm_i(Asm *a, RM rm, uint32_t imm)
{
    encode(a, OP(0xf7), false, 0, rm, false, false, 4);
    put32(a, imm);
}

void x_mov_r_rm(Asm *a, bool w, int reg, RM rm) { enc(a, OP(0x8b), w, reg, rm); }
void x_mov_rm_r(Asm *a, bool w, RM rm, int reg) { enc(a, OP(0x89), w, reg, rm); }

void x_mov_fs_r(Asm *a, int32_t disp, int reg)
{
    put8(a, 0x64);
    put8(a, reg & 8 ? 0x4c : 0x48);
    put8(a, 0x89);
    put8(a, (uint8_t)(0x04 | (reg & 7) << 3));      /* a SIB without base and index */
    put8(a, 0x25);
    put32(a, (uint32_t)disp);
}

void x_mov_r_i(Asm *a, int reg, uint32_t imm)
{
    if (reg & 8) {
        put8(a, 0x41);
    }
    put8(a, (uint8_t)(0xb8 | (reg & 7)));
    put32(a, imm);
}

void x_mov_r_i64(Asm *a, int reg, uint64_t imm)
{
    if (imm <= UINT32_MAX) {
        x_mov_r_i(a, reg, (uint32_t)imm);
        return;
    }
    put8(a, (uint8_t)(0x48 | (reg & 8 ? 1 : 0)));
    put8(a, (uint8_t)(0xb8 | (reg & 7)));
    put32(a, (uint32_t)imm);
    put32(a, (uint32_t)(imm >> 32));
}

void x_mov_rm_i(Asm *a, RM rm, uint32_t imm)
{
    encode(a, OP(0xc7), false, 0, rm, false, false, 4);
    put32(a, imm);
}

void x_mov8_rm_r(Asm *a, RM mem, int reg) { encode(a, OP(0x88), false, reg, mem, true, false, 0); }

void x_mov8_rm_i(Asm *a, RM mem, uint8_t imm)
{
    encode(a, OP(0xc6), false, 0, mem, false, true, 1);
    put8(a, imm);
}

/* AH is register number 4 without REX: the base must be a low register. */
void x_mov8_ah_mem(Asm *a, RM mem)
{
    assert(mem.reg < 0 && mem.base < R8 && mem.index < 0);
    encode(a, OP(0x8a), false, 4, mem, false, false, 0);
}

void x_mov8_mem_ah(Asm *a, RM mem)
{
    assert(mem.reg < 0 && mem.base < R8 && mem.index < 0);
    encode(a, OP(0x88), false, 4, mem, false, false, 0);
}

void x_movzx8_ah(Asm *a, int reg)
{
    assert(reg < R8);
    put8(a, 0x0f);
    put8(a, 0xb6);
    put8(a, (uint8_t)(0xc4 | reg << 3));
}

void x_mov16_rm_r(Asm *a, RM mem, int reg) { enc(a, (Opcode) { 0x66, 0, 0x89 }, false, reg, mem); }

void x_mov16_rm_i(Asm *a, RM mem, uint16_t imm)
{
    encode(a, (Opcode) { 0x66, 0, 0xc7 }, false, 0, mem, false, false, 2);
    put8(a, (uint8_t)imm);
    put8(a, (uint8_t)(imm >> 8));
}

void x_movzx8(Asm *a, int reg, RM rm)  { encode(a, OP0F(0xb6), false, reg, rm, false, true, 0); }
void x_movzx16(Asm *a, int reg, RM rm) { enc(a, OP0F(0xb7), false, reg, rm); }
void x_movsx8(Asm *a, int reg, RM rm)  { encode(a, OP0F(0xbe), false, reg, rm, false, true, 0); }
void x_movsx16(Asm *a, int reg, RM rm) { enc(a, OP0F(0xbf), false, reg, rm); }
void x_movsxd(Asm *a, int reg, RM rm)  { enc(a, OP(0x63), true, reg, rm); }

void x_lea(Asm *a, bool w, int reg, RM mem)
{
    assert(mem.reg < 0);
    enc(a, OP(0x8d), w, reg, mem);
}

void x_shift_i(Asm *a, ShiftOp op, bool w, RM rm, int count)
{
    assert(count >= 1 && count <= (w ? 63 : 31));
    if (count == 1) {
        enc(a, OP(0xd1), w, op, rm);
    } else {
        encode(a, OP(0xc1), w, op, rm, false, false, 1);
        put8(a, (uint8_t)count);
    }
}

void x_shift_cl(Asm *a, ShiftOp op, bool w, RM rm) { enc(a, OP(0xd3), w, op, rm); }

/* VEX: map 1 is 0F, 2 is 0F 38, 3 is 0F 3A; pp 1 to 3 stands for the prefix 66, F3 or F2. vvvv 0: no operand. */
static void vex(Asm *a, int map, bool w, int pp, int reg, int vvvv, RM rm)
{
    int b = rm.reg >= 0 ? rm.reg : rm.base;

    if (map == 1 && !w && !(b >= 0 && (b & 8)) && !(rm.index >= 0 && (rm.index & 8))) {
        put8(a, 0xc5);
        put8(a, (uint8_t)((reg & 8 ? 0 : 0x80) | (~vvvv & 15) << 3 | pp));
        return;
    }
    put8(a, 0xc4);
    put8(a, (uint8_t)((reg & 8 ? 0 : 0x80) | (rm.index >= 0 && (rm.index & 8) ? 0 : 0x40) |
                      (b >= 0 && (b & 8) ? 0 : 0x20) | map));
    put8(a, (uint8_t)((w ? 0x80 : 0) | (~vvvv & 15) << 3 | pp));
}

void x_shiftx(Asm *a, ShiftOp op, bool w, int reg, int src, int count)
{
    vex(a, 2, w, op == SH_SHL ? 1 : op == SH_SAR ? 2 : 3, reg, count, rm_reg(src));
    put8(a, 0xf7);
    put8(a, (uint8_t)(0xc0 | (reg & 7) << 3 | (src & 7)));
}

void x_rorx_i(Asm *a, int reg, RM src, int count)
{
    vex(a, 3, false, 3, reg, 0, src);
    put8(a, 0xf0);
    operands(a, reg, src, 1);
    put8(a, (uint8_t)count);
}

void x_shift16_i(Asm *a, ShiftOp op, int reg, int count)
{
    assert(count >= 1 && count <= 15);
    encode(a, (Opcode) { 0x66, 0, 0xc1 }, false, op, rm_reg(reg), false, false, 1);
    put8(a, (uint8_t)count);
}

void x_unary(Asm *a, UnaryOp op, bool w, RM rm)     { enc(a, OP(0xf7), w, op, rm); }
void x_imul_r_rm(Asm *a, bool w, int reg, RM rm)    { enc(a, OP0F(0xaf), w, reg, rm); }
void x_bsr(Asm *a, bool w, int reg, RM rm)          { enc(a, OP0F(0xbd), w, reg, rm); }

void x_imul_r_rm_i(Asm *a, int reg, RM rm, int32_t imm)
{
    encode(a, OP(0x69), false, reg, rm, false, false, 4);
    put32(a, (uint32_t)imm);
}

void x_cmpxchg_rm_r(Asm *a, bool w, RM rm, int reg) { enc(a, OP0F(0xb1), w, reg, rm); }

void x_bswap(Asm *a, bool w, int reg)
{
    if (w || (reg & 8)) {
        put8(a, (uint8_t)(0x40 | (w ? 8 : 0) | (reg & 8 ? 1 : 0)));
    }
    put8(a, 0x0f);
    put8(a, (uint8_t)(0xc8 | (reg & 7)));
}

void x_btc_i64(Asm *a, int reg, int bit)
{
    encode(a, OP0F(0xba), true, 7, rm_reg(reg), false, false, 1);
    put8(a, (uint8_t)bit);
}

void x_setcc(Asm *a, X86CC cc, RM rm) { encode(a, OP0F((uint8_t)(0x90 | cc)), false, 0, rm, false, true, 0); }
void x_cmov(Asm *a, X86CC cc, bool w, int reg, RM rm) { enc(a, OP0F((uint8_t)(0x40 | cc)), w, reg, rm); }

void x_push(Asm *a, int reg)
{
    if (reg & 8) {
        put8(a, 0x41);
    }
    put8(a, (uint8_t)(0x50 | (reg & 7)));
}

void x_pop(Asm *a, int reg)
{
    if (reg & 8) {
        put8(a, 0x41);
    }
    put8(a, (uint8_t)(0x58 | (reg & 7)));
}

void x_call_rm(Asm *a, RM rm) { enc(a, OP(0xff), false, 2, rm); }
void x_jmp_rm(Asm *a, RM rm)  { enc(a, OP(0xff), false, 4, rm); }

void x_call(Asm *a, const uint8_t *target)
{
    put8(a, 0xe8);
    put32(a, (uint32_t)rel32_to(a->p + 4, target));
}

void x_jmp(Asm *a, const uint8_t *target)
{
    put8(a, 0xe9);
    put32(a, (uint32_t)rel32_to(a->p + 4, target));
}

void x_jcc(Asm *a, X86CC cc, const uint8_t *target)
{
    put8(a, 0x0f);
    put8(a, (uint8_t)(0x80 | cc));
    put32(a, (uint32_t)rel32_to(a->p + 4, target));
}

uint8_t *x_jcc_fwd(Asm *a, X86CC cc)
{
    put8(a, 0x0f);
    put8(a, (uint8_t)(0x80 | cc));
    put32(a, 0);
    return a->p - 4;
}

uint8_t *x_jmp_fwd(Asm *a)
{
    put8(a, 0xe9);
    put32(a, 0);
    return a->p - 4;
}

uint8_t *x_jcc_short_fwd(Asm *a, X86CC cc)
{
    put8(a, (uint8_t)(0x70 | cc));
    put8(a, 0);
    return a->p - 1;
}

uint8_t *x_jecxz_short_fwd(Asm *a)
{
    put8(a, 0x67);
    put8(a, 0xe3);
    put8(a, 0);
    return a->p - 1;
}

void x_patch(uint8_t *field, const uint8_t *target)
{
    int32_t d = rel32_to(field + 4, target);
    memcpy(field, &d, 4);
}

void x_patch8(uint8_t *field, const uint8_t *target)
{
    intptr_t d = target - (field + 1);
    assert(d >= -128 && d <= 127);
    *field = (uint8_t)d;
}

void x_align_ahead(Asm *a, unsigned distance)
{
    unsigned n = -((uintptr_t)a->p + distance) & 3;

    if (n == 3) {
        put8(a, 0x0f);
        put8(a, 0x1f);
        put8(a, 0);
    } else if (n) {
        if (n == 2) {
            put8(a, 0x66);
        }
        put8(a, 0x90);
    }
}

uint8_t *x_jmp_aligned(Asm *a, const uint8_t *target)
{
    x_align_ahead(a, 1);
    x_jmp(a, target);
    return a->p - 4;
}

void x_ret(Asm *a)  { put8(a, 0xc3); }
void x_lahf(Asm *a) { put8(a, 0x9f); }
void x_sahf(Asm *a) { put8(a, 0x9e); }
void x_cmc(Asm *a)  { put8(a, 0xf5); }
void x_lock(Asm *a) { put8(a, 0xf0); }

void x_pause(Asm *a)
{
    put8(a, 0xf3);
    put8(a, 0x90);
}
void x_ud2(Asm *a)  { put8(a, 0x0f); put8(a, 0x0b); }
void x_ldmxcsr(Asm *a, RM mem) { enc(a, OP0F(0xae), false, 2, mem); }
void x_stmxcsr(Asm *a, RM mem) { enc(a, OP0F(0xae), false, 3, mem); }

static uint8_t scalar(bool d) { return d ? 0xf2 : 0xf3; }

void x_sse_op(Asm *a, SSEOp op, bool d, int xmm, RM rm)  { enc(a, OPP0F(scalar(d), (uint8_t)op), false, xmm, rm); }

void x_sse_op3(Asm *a, bool avx, SSEOp op, bool d, int dst, int x, int y)
{
    if (avx) {
        vex(a, 1, false, d ? 3 : 2, dst, x, rm_reg(y));
        put8(a, (uint8_t)op);
        operands(a, dst, rm_reg(y), 0);
    } else {
        assert(dst != y || x == y);
        if (dst != x) {
            x_movaps(a, dst, x);
        }
        x_sse_op(a, op, d, dst, rm_reg(y));
    }
}

void x_vector_op(Asm *a, bool avx, VectorOp op, int dst, int src, RM mem)
{
    if (avx) {
        vex(a, 1, false, 0, dst, src, mem);
        put8(a, (uint8_t)op);
        operands(a, dst, mem, 0);
    } else {
        if (dst != src) {
            x_movaps(a, dst, src);
        }
        enc(a, OP0F((uint8_t)op), false, dst, mem);
    }
}

void x_movs_x_m(Asm *a, bool d, int xmm, RM mem)    { enc(a, OPP0F(scalar(d), 0x10), false, xmm, mem); }
void x_movs_m_x(Asm *a, bool d, RM mem, int xmm)    { enc(a, OPP0F(scalar(d), 0x11), false, xmm, mem); }
void x_movaps(Asm *a, int dst, int src)             { enc(a, OP0F(0x28), false, dst, rm_reg(src)); }
void x_movaps_x_m(Asm *a, int xmm, RM mem)          { enc(a, OP0F(0x28), false, xmm, mem); }
void x_movaps_m_x(Asm *a, RM mem, int xmm)          { enc(a, OP0F(0x29), false, xmm, mem); }
void x_movups_x_m(Asm *a, int xmm, RM mem)          { enc(a, OP0F(0x10), false, xmm, mem); }
void x_movups_m_x(Asm *a, RM mem, int xmm)          { enc(a, OP0F(0x11), false, xmm, mem); }
void x_movd_x_r(Asm *a, bool w, int xmm, int reg)   { enc(a, OPP0F(0x66, 0x6e), w, xmm, rm_reg(reg)); }
void x_movd_r_x(Asm *a, bool w, int reg, int xmm)   { enc(a, OPP0F(0x66, 0x7e), w, xmm, rm_reg(reg)); }
void x_ucomis(Asm *a, bool d, int xmm, RM rm)       { enc(a, OPP0F(d ? 0x66 : 0, 0x2e), false, xmm, rm); }
void x_comis(Asm *a, bool d, int xmm, RM rm)        { enc(a, OPP0F(d ? 0x66 : 0, 0x2f), false, xmm, rm); }
void x_xorps(Asm *a, int xmm, int src)              { enc(a, OP0F(0x57), false, xmm, rm_reg(src)); }
void x_cvt_sd_ss(Asm *a, bool from_double, int xmm, RM rm) { enc(a, OPP0F(scalar(from_double), 0x5a), false, xmm, rm); }
void x_cvtsi2s(Asm *a, bool d, bool w, int xmm, RM rm) { enc(a, OPP0F(scalar(d), 0x2a), w, xmm, rm); }

void x_cvts2si(Asm *a, bool d, bool w, bool truncate, int reg, int xmm)
{
    enc(a, OPP0F(scalar(d), truncate ? 0x2c : 0x2d), w, reg, rm_reg(xmm));
}

void x_movmskps(Asm *a, bool d, int reg, int xmm) { enc(a, OPP0F(d ? 0x66 : 0, 0x50), false, reg, rm_reg(xmm)); }
