/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 encoder (tcg/x86_64/asm.h): each function, with many operands, is encoded and given to capstone, whose
 * text must be what was meant, and whose length must be what was emitted. The expected text is built here from the
 * operands, not from the encoding. One TAP line per function or group of functions. Single-threaded.
 */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcg/x86_64/asm.h"

enum { CODE_SIZE = 4096, MAX_RMS = 700 };

static uint8_t code[CODE_SIZE] __attribute__((aligned(16)));
static uint8_t far_data[64] __attribute__((aligned(16)));
static csh handle;
static RM rms[MAX_RMS];             /* registers first */
static int nrms, nregs;
static int failures, checks, test_number;
static bool ok_all = true;

static const char *const reg64[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
                                       "r12", "r13", "r14", "r15" };
static const char *const reg32[16] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d",
                                       "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const reg16[16] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w",
                                       "r12w", "r13w", "r14w", "r15w" };
static const char *const reg8[16] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b",
                                      "r12b", "r13b", "r14b", "r15b" };
static const char *const cc_name[16] = { "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge",
                                         "le", "g" };

/* ---- expected text ---- */

static const char *reg_name(int r, int size)
{
    return size == 8 ? reg64[r] : size == 4 ? reg32[r] : size == 2 ? reg16[r] : reg8[r];
}

/* Numbers below 10 are decimal in capstone's text. */
static void put_number(char *out, size_t room, uint64_t v)
{
    snprintf(out, room, v < 10 ? "%" PRIu64 : "0x%" PRIx64, v);
}

static const char *number(uint64_t v)
{
    static char text[4][32];
    static int n;
    char *out = text[n++ & 3];

    put_number(out, sizeof(text[0]), v);
    return out;
}

/* An operand of `size` bytes (16: xmm). insn_end: address behind the instruction, for RIP-relative ones. */
static const char *operand(RM rm, int size, const uint8_t *insn_end)
{
    static char text[4][96];
    static int n;
    char *out = text[n++ & 3];
    const char *kind = size == 1 ? "byte" : size == 2 ? "word" : size == 4 ? "dword" : size == 8 ? "qword" : "xmmword";
    int64_t disp = rm.disp;
    int len;

    if (rm.reg >= 0) {
        snprintf(out, sizeof(text[0]), "%s", reg_name(rm.reg, size));
        return out;
    }
    if (rm.base < 0) {
        disp = (const uint8_t *)rm.rip_target - insn_end;
        len = snprintf(out, sizeof(text[0]), "%s ptr [rip", kind);
    } else {
        len = snprintf(out, sizeof(text[0]), "%s ptr [%s", kind, reg64[rm.base]);
    }
    if (rm.index >= 0) {
        len += snprintf(out + len, sizeof(text[0]) - (size_t)len, " + %s", reg64[rm.index]);
        if (rm.scale) {
            len += snprintf(out + len, sizeof(text[0]) - (size_t)len, "*%d", 1 << rm.scale);
        }
    }
    if (disp) {
        len += snprintf(out + len, sizeof(text[0]) - (size_t)len, " %c %s", disp < 0 ? '-' : '+',
                        number((uint64_t)(disp < 0 ? -disp : disp)));
    }
    snprintf(out + len, sizeof(text[0]) - (size_t)len, "]");
    return out;
}

static const char *xmm(int n)
{
    static char text[4][8];
    static int k;
    char *out = text[k++ & 3];

    snprintf(out, sizeof(text[0]), "xmm%d", n & 15);
    return out;
}

/* An xmm register or memory operand of `size` bytes. */
static const char *xmm_operand(RM rm, int size, const uint8_t *end)
{
    return rm.reg >= 0 ? xmm(rm.reg) : operand(rm, size, end);
}

/* ---- checking ---- */

static Asm begin(void)
{
    return (Asm) { .p = code, .end = code + CODE_SIZE };
}

/* One instruction from `from` to a->p must read as the text. */
__attribute__((format(printf, 3, 4)))
static void expect_from(const Asm *a, const uint8_t *from, const char *fmt, ...)
{
    char want[160], got[320] = "(not decoded)";
    cs_insn *insn = NULL;
    va_list ap;
    size_t n, len = (size_t)(a->p - from);

    va_start(ap, fmt);
    vsnprintf(want, sizeof(want), fmt, ap);
    va_end(ap);
    n = cs_disasm(handle, from, len, (uint64_t)(uintptr_t)from, 1, &insn);
    if (n) {
        snprintf(got, sizeof(got), "%s%s%s", insn[0].mnemonic, insn[0].op_str[0] ? " " : "", insn[0].op_str);
    }
    checks++;
    if (!n || insn[0].size != len || strcmp(want, got) || len > ASM_MAX_INSN) {
        if (failures++ < 5) {
            printf("# want '%s', got '%s', %zu bytes:", want, got, len);
            for (size_t i = 0; i < len; i++) {
                printf(" %02x", from[i]);
            }
            printf("\n");
        }
    }
    if (n) {
        cs_free(insn, n);
    }
}

#define EXPECT(a, ...) expect_from(&(a), code, __VA_ARGS__)

static void done(const char *name)
{
    printf("%s %d - %s (%d forms)\n", failures ? "not ok" : "ok", ++test_number, name, checks);
    ok_all = ok_all && !failures;
    failures = checks = 0;
}

static void make_operands(void)
{
    static const int32_t disps[] = { 0, 1, 9, 0x7f, -1, -0x80, 0x80, -0x81, 0x12345678, -0x7ffffff0 };

    for (int r = 0; r < 16; r++) {
        rms[nrms++] = rm_reg(r);
    }
    nregs = nrms;
    for (int base = 0; base < 16; base++) {
        for (unsigned k = 0; k < sizeof(disps) / sizeof(disps[0]); k++) {
            rms[nrms++] = rm_mem(base, disps[k]);
        }
        for (int index = 0; index < 16; index++) {
            if (index != RSP) {
                rms[nrms++] = rm_sib(base, index, (base + index) & 3, disps[(unsigned)(base * 7 + index) % 10]);
            }
        }
    }
    rms[nrms++] = rm_rip(far_data);
    rms[nrms++] = rm_rip(code + 100);
}

/* Loops over operands; FIRST_MEM leaves the registers out. */
#define FOR_RM(k) for (int k = 0; k < nrms; k++)
#define FOR_MEM(k) for (int k = nregs; k < nrms; k++)

/* ---- integer ---- */

static void test_alu(void)
{
    static const char *const names[8] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
    static const int32_t imms[] = { 1, 0x7f, -1, -0x80, 0x80, -0x81, 0x12345678, INT32_MIN };

    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int op = (k + w) & 7, reg = (k * 5 + w) & 15, size = w ? 8 : 4;
            Asm a = begin();
            x_alu_r_rm(&a, (ALUOp)op, w, reg, rms[k]);
            EXPECT(a, "%s %s, %s", names[op], reg_name(reg, size), operand(rms[k], size, a.p));
        }
    }
    done("x_alu_r_rm");
    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int op = (k + w) & 7, reg = (k * 3 + w) & 15, size = w ? 8 : 4;
            Asm a = begin();
            x_alu_rm_r(&a, (ALUOp)op, w, rms[k], reg);
            EXPECT(a, "%s %s, %s", names[op], operand(rms[k], size, a.p), reg_name(reg, size));
        }
    }
    done("x_alu_rm_r");
    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int op = (k + w) & 7, size = w ? 8 : 4;
            int32_t imm = imms[(unsigned)(k / 8) % 8];
            uint64_t shown = w ? (uint64_t)(int64_t)imm : (uint32_t)imm;
            bool logic = op == ALU_AND || op == ALU_OR || op == ALU_XOR;
            Asm a = begin();
            x_alu_rm_i(&a, (ALUOp)op, w, rms[k], imm);
            /* capstone shows a short constant of arithmetic with its sign. */
            if (imm < 0 && !logic && (w || imm >= -0x80)) {
                EXPECT(a, "%s %s, -%s", names[op], operand(rms[k], size, a.p), number((uint64_t)-(int64_t)imm));
            } else {
                EXPECT(a, "%s %s, %s", names[op], operand(rms[k], size, a.p), number(shown));
            }
        }
    }
    done("x_alu_rm_i");
    FOR_RM(k) {
        Asm a = begin();
        x_cmp8_rm_i(&a, rms[k], (uint8_t)(k & 0x7f));
        EXPECT(a, "cmp %s, %s", operand(rms[k], 1, a.p), number((uint8_t)(k & 0x7f)));
    }
    done("x_cmp8_rm_i");
}

static void test_test(void)
{
    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int reg = (k * 3 + w) & 15, size = w ? 8 : 4;
            Asm a = begin();
            x_test_rm_r(&a, w, rms[k], reg);
            EXPECT(a, "test %s, %s", operand(rms[k], size, a.p), reg_name(reg, size));
        }
    }
    done("x_test_rm_r");
    FOR_RM(k) {
        uint32_t imm = 0x00010001u * (uint32_t)(k + 1);
        Asm a = begin();
        x_test_rm_i(&a, rms[k], imm);
        EXPECT(a, "test %s, %s", operand(rms[k], 4, a.p), number(imm));
        a = begin();
        x_test8_rm_i(&a, rms[k], (uint8_t)(k & 0x7f));
        EXPECT(a, "test %s, %s", operand(rms[k], 1, a.p), number((uint8_t)(k & 0x7f)));
    }
    done("x_test_rm_i, x_test8_rm_i");
}

static void test_mov(void)
{
    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int reg = (k * 3 + w) & 15, size = w ? 8 : 4;
            Asm a = begin();
            x_mov_r_rm(&a, w, reg, rms[k]);
            EXPECT(a, "mov %s, %s", reg_name(reg, size), operand(rms[k], size, a.p));
            a = begin();
            x_mov_rm_r(&a, w, rms[k], reg);
            EXPECT(a, "mov %s, %s", operand(rms[k], size, a.p), reg_name(reg, size));
        }
    }
    done("x_mov_r_rm, x_mov_rm_r");
    for (int reg = 0; reg < 16; reg++) {
        Asm a = begin();
        x_mov_r_i(&a, reg, 0x80000001u);
        EXPECT(a, "mov %s, 0x80000001", reg32[reg]);
        a = begin();
        x_mov_r_i64(&a, reg, 0x123456789abcdef0u);
        EXPECT(a, "movabs %s, 0x123456789abcdef0", reg64[reg]);
        a = begin();
        x_mov_r_i64(&a, reg, 0xfedcba98u);
        EXPECT(a, "mov %s, 0xfedcba98", reg32[reg]);
    }
    done("x_mov_r_i, x_mov_r_i64");
    FOR_MEM(k) {
        int reg = k & 15;
        Asm a = begin();
        x_mov_rm_i(&a, rms[k], 0x12345678u + (uint32_t)k);
        EXPECT(a, "mov %s, %s", operand(rms[k], 4, a.p), number(0x12345678u + (uint32_t)k));
        a = begin();
        x_mov8_rm_r(&a, rms[k], reg);
        EXPECT(a, "mov %s, %s", operand(rms[k], 1, a.p), reg8[reg]);
        a = begin();
        x_mov8_rm_i(&a, rms[k], (uint8_t)(k & 0x7f));
        EXPECT(a, "mov %s, %s", operand(rms[k], 1, a.p), number((uint8_t)(k & 0x7f)));
        a = begin();
        x_mov16_rm_r(&a, rms[k], reg);
        EXPECT(a, "mov %s, %s", operand(rms[k], 2, a.p), reg16[reg]);
        a = begin();
        x_mov16_rm_i(&a, rms[k], (uint16_t)(k * 11));
        EXPECT(a, "mov %s, %s", operand(rms[k], 2, a.p), number((uint16_t)(k * 11)));
    }
    done("x_mov_rm_i, x_mov8_rm_r, x_mov8_rm_i, x_mov16_rm_r, x_mov16_rm_i");
    FOR_MEM(k) {
        Asm a = begin();
        if (rms[k].base >= R8 || rms[k].index >= 0) {
            continue;
        }
        x_mov8_ah_mem(&a, rms[k]);
        EXPECT(a, "mov ah, %s", operand(rms[k], 1, a.p));
        a = begin();
        x_mov8_mem_ah(&a, rms[k]);
        EXPECT(a, "mov %s, ah", operand(rms[k], 1, a.p));
    }
    done("x_mov8_ah_mem, x_mov8_mem_ah");
    FOR_RM(k) {
        int reg = (k * 7) & 15;
        Asm a = begin();
        x_movzx8(&a, reg, rms[k]);
        EXPECT(a, "movzx %s, %s", reg32[reg], operand(rms[k], 1, a.p));
        a = begin();
        x_movzx16(&a, reg, rms[k]);
        EXPECT(a, "movzx %s, %s", reg32[reg], operand(rms[k], 2, a.p));
        a = begin();
        x_movsx8(&a, reg, rms[k]);
        EXPECT(a, "movsx %s, %s", reg32[reg], operand(rms[k], 1, a.p));
        a = begin();
        x_movsx16(&a, reg, rms[k]);
        EXPECT(a, "movsx %s, %s", reg32[reg], operand(rms[k], 2, a.p));
        a = begin();
        x_movsxd(&a, reg, rms[k]);
        EXPECT(a, "movsxd %s, %s", reg64[reg], operand(rms[k], 4, a.p));
    }
    done("x_movzx8, x_movzx16, x_movsx8, x_movsx16, x_movsxd");
    FOR_MEM(k) {
        for (int w = 0; w < 2; w++) {
            int reg = (k * 3 + w) & 15;
            Asm a = begin();
            x_lea(&a, w, reg, rms[k]);
            EXPECT(a, "lea %s, %s", reg_name(reg, w ? 8 : 4), strchr(operand(rms[k], 8, a.p), '['));
        }
    }
    done("x_lea");
}

static void test_shift(void)
{
    static const struct { ShiftOp op; const char *name; } ops[] = {
        { SH_ROL, "rol" }, { SH_ROR, "ror" }, { SH_RCL, "rcl" }, { SH_RCR, "rcr" },
        { SH_SHL, "shl" }, { SH_SHR, "shr" }, { SH_SAR, "sar" },
    };

    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int n = (k + w) % 7, count = 1 + k % (w ? 63 : 31), size = w ? 8 : 4;
            Asm a = begin();
            x_shift_i(&a, ops[n].op, w, rms[k], count);
            if (count == 1) {
                EXPECT(a, "%s %s, 1", ops[n].name, operand(rms[k], size, a.p));
            } else {
                EXPECT(a, "%s %s, %s", ops[n].name, operand(rms[k], size, a.p), number((uint64_t)count));
            }
            a = begin();
            x_shift_cl(&a, ops[n].op, w, rms[k]);
            EXPECT(a, "%s %s, cl", ops[n].name, operand(rms[k], size, a.p));
        }
    }
    for (int reg = 0; reg < 16; reg++) {
        for (int n = 0; n < 7; n++) {
            Asm a = begin();
            x_shift16_i(&a, ops[n].op, reg, 1 + (reg + n) % 15);
            EXPECT(a, "%s %s, %s", ops[n].name, reg16[reg], number((uint64_t)(1 + (reg + n) % 15)));
        }
    }
    done("x_shift_i, x_shift_cl, x_shift16_i");
}

static void test_misc(void)
{
    FOR_RM(k) {
        for (int w = 0; w < 2; w++) {
            int reg = (k * 3 + w) & 15, size = w ? 8 : 4, cc = k & 15;
            Asm a = begin();
            x_unary(&a, k & 1 ? UN_NOT : UN_NEG, w, rms[k]);
            EXPECT(a, "%s %s", k & 1 ? "not" : "neg", operand(rms[k], size, a.p));
            a = begin();
            x_imul_r_rm(&a, w, reg, rms[k]);
            EXPECT(a, "imul %s, %s", reg_name(reg, size), operand(rms[k], size, a.p));
            a = begin();
            x_cmpxchg_rm_r(&a, w, rms[k], reg);
            EXPECT(a, "cmpxchg %s, %s", operand(rms[k], size, a.p), reg_name(reg, size));
            a = begin();
            x_bsr(&a, w, reg, rms[k]);
            EXPECT(a, "bsr %s, %s", reg_name(reg, size), operand(rms[k], size, a.p));
            a = begin();
            x_cmov(&a, (X86CC)cc, w, reg, rms[k]);
            EXPECT(a, "cmov%s %s, %s", cc_name[cc], reg_name(reg, size), operand(rms[k], size, a.p));
        }
        Asm a = begin();
        x_imul_r_rm_i(&a, k & 15, rms[k], 0x12345 + k);
        EXPECT(a, "imul %s, %s, %s", reg32[k & 15], operand(rms[k], 4, a.p), number((uint64_t)(0x12345 + k)));
        a = begin();
        x_bt_rm_i(&a, rms[k], k & 31);
        EXPECT(a, "bt %s, %s", operand(rms[k], 4, a.p), number((uint64_t)(k & 31)));
        a = begin();
        x_setcc(&a, (X86CC)(k & 15), rms[k]);
        EXPECT(a, "set%s %s", cc_name[k & 15], operand(rms[k], 1, a.p));
    }
    done("x_unary, x_imul_r_rm, x_imul_r_rm_i, x_cmpxchg_rm_r, x_bsr, x_cmov, x_bt_rm_i, x_setcc");
    for (int reg = 0; reg < 16; reg++) {
        Asm a = begin();
        x_bswap(&a, false, reg);
        EXPECT(a, "bswap %s", reg32[reg]);
        a = begin();
        x_bswap(&a, true, reg);
        EXPECT(a, "bswap %s", reg64[reg]);
        a = begin();
        x_btc_i64(&a, reg, 63 - reg);
        EXPECT(a, "btc %s, %s", reg64[reg], number((uint64_t)(63 - reg)));
        a = begin();
        x_push(&a, reg);
        EXPECT(a, "push %s", reg64[reg]);
        a = begin();
        x_pop(&a, reg);
        EXPECT(a, "pop %s", reg64[reg]);
    }
    done("x_bswap, x_btc_i64, x_push, x_pop");
}

static void test_plain(void)
{
    static const struct { void (*emit)(Asm *a); const char *text; } plain[] = {
        { x_ret, "ret" }, { x_lahf, "lahf" }, { x_sahf, "sahf" }, { x_cmc, "cmc" }, { x_ud2, "ud2" },
    };

    for (unsigned k = 0; k < sizeof(plain) / sizeof(plain[0]); k++) {
        Asm a = begin();
        plain[k].emit(&a);
        EXPECT(a, "%s", plain[k].text);
    }
    Asm a = begin();
    x_lock(&a);
    x_alu_rm_i(&a, ALU_OR, false, rm_mem(RSP, 0), 1);
    EXPECT(a, "lock or dword ptr [rsp], 1");
    done("x_ret, x_lahf, x_sahf, x_cmc, x_ud2, x_lock");
}

/* ---- control flow ---- */

static uint64_t address(const uint8_t *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void test_jumps(void)
{
    FOR_RM(k) {
        Asm a = begin();
        x_call_rm(&a, rms[k]);
        EXPECT(a, "call %s", operand(rms[k], 8, a.p));
        a = begin();
        x_jmp_rm(&a, rms[k]);
        EXPECT(a, "jmp %s", operand(rms[k], 8, a.p));
    }
    for (int cc = 0; cc < 16; cc++) {
        const uint8_t *target = code + 300 * cc;
        Asm a = begin();
        x_call(&a, target);
        EXPECT(a, "call 0x%" PRIx64, address(target));
        a = begin();
        x_jmp(&a, target);
        EXPECT(a, "jmp 0x%" PRIx64, address(target));
        a = begin();
        x_jcc(&a, (X86CC)cc, target);
        EXPECT(a, "j%s 0x%" PRIx64, cc_name[cc], address(target));
        a = begin();
        x_patch(x_jcc_fwd(&a, (X86CC)cc), target);
        EXPECT(a, "j%s 0x%" PRIx64, cc_name[cc], address(target));
        a = begin();
        x_patch(x_jmp_fwd(&a), target);
        EXPECT(a, "jmp 0x%" PRIx64, address(target));
        a = begin();
        x_patch8(x_jcc_short_fwd(&a, (X86CC)cc), code + 2 + 8 * cc);
        EXPECT(a, "j%s 0x%" PRIx64, cc_name[cc], address(code + 2 + 8 * cc));
    }
    Asm a = begin();
    x_patch8(x_jecxz_short_fwd(&a), code + 100);
    EXPECT(a, "jecxz 0x%" PRIx64, address(code + 100));
    done("calls and jumps");
    for (int pad = 0; pad < 8; pad++) {
        const uint8_t *target = far_data;
        a = begin();
        a.p += pad;
        uint8_t *field = x_jmp_aligned(&a, target);
        if ((uintptr_t)field & 3 || field + 4 != a.p) {
            failures++;
        }
        for (const uint8_t *p = code + pad; p < field - 1; p++) {
            failures += *p != 0x90;
        }
        expect_from(&a, field - 1, "jmp 0x%" PRIx64, address(target));
    }
    done("x_jmp_aligned");
}

/* ---- SSE2 ---- */

static void test_sse(void)
{
    static const struct { SSEOp op; const char *name; } ops[] = {
        { SSE_ADD, "add" }, { SSE_MUL, "mul" }, { SSE_SUB, "sub" }, { SSE_DIV, "div" }, { SSE_SQRT, "sqrt" },
    };

    FOR_RM(k) {
        for (int d = 0; d < 2; d++) {
            int x = (k * 3 + d) & 15, n = k % 5, size = d ? 8 : 4;
            Asm a = begin();
            x_sse_op(&a, ops[n].op, d, x, rms[k]);
            EXPECT(a, "%ss%c %s, %s", ops[n].name, d ? 'd' : 's', xmm(x), xmm_operand(rms[k], size, a.p));
            a = begin();
            x_ucomis(&a, d, x, rms[k]);
            EXPECT(a, "ucomis%c %s, %s", d ? 'd' : 's', xmm(x), xmm_operand(rms[k], size, a.p));
            a = begin();
            x_comis(&a, d, x, rms[k]);
            /* capstone gives COMIS the whole register's size */
            EXPECT(a, "comis%c %s, %s", d ? 'd' : 's', xmm(x), xmm_operand(rms[k], 16, a.p));
            a = begin();
            x_cvt_sd_ss(&a, d, x, rms[k]);
            EXPECT(a, "%s %s, %s", d ? "cvtsd2ss" : "cvtss2sd", xmm(x), xmm_operand(rms[k], size, a.p));
            for (int w = 0; w < 2; w++) {
                a = begin();
                x_cvtsi2s(&a, d, w, x, rms[k]);
                EXPECT(a, "cvtsi2s%c %s, %s", d ? 'd' : 's', xmm(x), operand(rms[k], w ? 8 : 4, a.p));
            }
        }
    }
    done("x_sse_op, x_ucomis, x_comis, x_cvt_sd_ss, x_cvtsi2s");
    FOR_MEM(k) {
        int x = (k * 3) & 15;
        Asm a = begin();
        for (int d = 0; d < 2; d++) {
            a = begin();
            x_movs_x_m(&a, d, x, rms[k]);
            EXPECT(a, "movs%c %s, %s", d ? 'd' : 's', xmm(x), operand(rms[k], d ? 8 : 4, a.p));
            a = begin();
            x_movs_m_x(&a, d, rms[k], x);
            EXPECT(a, "movs%c %s, %s", d ? 'd' : 's', operand(rms[k], d ? 8 : 4, a.p), xmm(x));
        }
        a = begin();
        x_movaps_x_m(&a, x, rms[k]);
        EXPECT(a, "movaps %s, %s", xmm(x), operand(rms[k], 16, a.p));
        a = begin();
        x_movaps_m_x(&a, rms[k], x);
        EXPECT(a, "movaps %s, %s", operand(rms[k], 16, a.p), xmm(x));
        a = begin();
        x_xorps_m(&a, x, rms[k]);
        EXPECT(a, "xorps %s, %s", xmm(x), operand(rms[k], 16, a.p));
        a = begin();
        x_andps_m(&a, x, rms[k]);
        EXPECT(a, "andps %s, %s", xmm(x), operand(rms[k], 16, a.p));
        a = begin();
        x_ldmxcsr(&a, rms[k]);
        EXPECT(a, "ldmxcsr %s", operand(rms[k], 4, a.p));
        a = begin();
        x_stmxcsr(&a, rms[k]);
        EXPECT(a, "stmxcsr %s", operand(rms[k], 4, a.p));
    }
    done("SSE2 with memory");
    for (int x = 0; x < 16; x++) {
        for (int y = 0; y < 16; y++) {
            Asm a = begin();
            x_movaps(&a, x, y);
            EXPECT(a, "movaps %s, %s", xmm(x), xmm(y));
            a = begin();
            x_xorps(&a, x, y);
            EXPECT(a, "xorps %s, %s", xmm(x), xmm(y));
            for (int w = 0; w < 2; w++) {
                a = begin();
                x_movd_x_r(&a, w, x, y);
                EXPECT(a, "%s %s, %s", w ? "movq" : "movd", xmm(x), reg_name(y, w ? 8 : 4));
                a = begin();
                x_movd_r_x(&a, w, y, x);
                EXPECT(a, "%s %s, %s", w ? "movq" : "movd", reg_name(y, w ? 8 : 4), xmm(x));
                for (int d = 0; d < 2; d++) {
                    a = begin();
                    x_cvts2si(&a, d, w, x & 1, y, x);
                    EXPECT(a, "cvt%ss%c2si %s, %s", x & 1 ? "t" : "", d ? 'd' : 's', reg_name(y, w ? 8 : 4), xmm(x));
                }
            }
            a = begin();
            x_movmskps(&a, x & 1, y, x);
            EXPECT(a, "movmskp%c %s, %s", x & 1 ? 'd' : 's', reg32[y], xmm(x));
        }
    }
    done("SSE2 with registers");
}

int main(void)
{
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        printf("1..0 # SKIP capstone has no x86\n");
        return 0;
    }
    make_operands();
    test_alu();
    test_test();
    test_mov();
    test_shift();
    test_misc();
    test_plain();
    test_jumps();
    test_sse();
    printf("1..%d\n", test_number);
    cs_close(&handle);
    return ok_all ? 0 : 1;
}
