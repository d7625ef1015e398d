/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86-64 encoder's integer instructions and jumps (asm-check.h). */
#include <inttypes.h>
#include <string.h>
#include "asm-check.h"

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
    for (int reg = 0; reg < R8; reg++) {
        Asm a = begin();
        x_movzx8_ah(&a, reg);
        EXPECT(a, "movzx %s, ah", reg32[reg]);
    }
    done("x_mov8_ah_mem, x_mov8_mem_ah, x_movzx8_ah");
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
    for (int k = 0; k < 256; k++) {
        static const struct { ShiftOp op; const char *name; } flagless[] = {
            { SH_SHL, "shlx" }, { SH_SHR, "shrx" }, { SH_SAR, "sarx" },
        };
        int reg = k & 15, src = k >> 4, count = (k * 7 + 3) & 15, n = k % 3, size = k & 1 ? 8 : 4;
        Asm a = begin();
        x_shiftx(&a, flagless[n].op, k & 1, reg, src, count);
        EXPECT(a, "%s %s, %s, %s", flagless[n].name, reg_name(reg, size), reg_name(src, size), reg_name(count, size));
    }
    FOR_RM(k) {
        Asm a = begin();
        x_rorx_i(&a, k & 15, rms[k], 1 + k % 31);
        EXPECT(a, "rorx %s, %s, %s", reg32[k & 15], operand(rms[k], 4, a.p), number((uint64_t)(1 + k % 31)));
    }
    done("x_shift_i, x_shift_cl, x_shift16_i, x_shiftx, x_rorx_i");
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
        x_setcc(&a, (X86CC)(k & 15), rms[k]);
        EXPECT(a, "set%s %s", cc_name[k & 15], operand(rms[k], 1, a.p));
    }
    done("x_unary, x_imul_r_rm, x_imul_r_rm_i, x_cmpxchg_rm_r, x_bsr, x_cmov, x_setcc");
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
    a = begin();
    x_mov_fs_r(&a, -0x98, RDX);
    EXPECT(a, "mov qword ptr fs:[0xffffffffffffff68], rdx");
    a = begin();
    x_mov_fs_r(&a, 0x1234, R9);
    EXPECT(a, "mov qword ptr fs:[0x1234], r9");
    done("x_ret, x_lahf, x_sahf, x_cmc, x_ud2, x_lock, x_mov_fs_r");
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
        expect(!((uintptr_t)field & 3) && field + 4 == a.p);
        static const char nops[4][4] = { "", "\x90", "\x66\x90", "\x0f\x1f" };     /* and a 0 */
        unsigned length = (unsigned)(field - 1 - (code + pad));

        expect(length < 4 && !memcmp(code + pad, nops[length], length));
        expect_from(&a, field - 1, "jmp 0x%" PRIx64, address(target));
    }
    done("x_jmp_aligned");
}

int main(void)
{
    static void (*const tests[])(void) = {
        test_alu, test_test, test_mov, test_shift, test_misc, test_plain, test_jumps,
    };

    return asm_check_main(tests, sizeof(tests) / sizeof(tests[0]));
}
