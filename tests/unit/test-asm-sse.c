/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86-64 encoder's SSE2 instructions (asm-check.h). */
#include "asm-check.h"

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
        x_movups_x_m(&a, x, rms[k]);
        EXPECT(a, "movups %s, %s", xmm(x), operand(rms[k], 16, a.p));
        a = begin();
        x_movups_m_x(&a, rms[k], x);
        EXPECT(a, "movups %s, %s", operand(rms[k], 16, a.p), xmm(x));
        a = begin();
        x_ldmxcsr(&a, rms[k]);
        EXPECT(a, "ldmxcsr %s", operand(rms[k], 4, a.p));
        a = begin();
        x_stmxcsr(&a, rms[k]);
        EXPECT(a, "stmxcsr %s", operand(rms[k], 4, a.p));
    }
    done("SSE2 with memory");
    FOR_MEM(k) {
        int x = (k * 3) & 15, y = (k * 5 + 1) & 15;
        Asm a = begin();
        x_vector_op(&a, true, VECTOR_AND, x, y, rms[k]);
        EXPECT(a, "vandps %s, %s, %s", xmm(x), xmm(y), operand(rms[k], 16, a.p));
        a = begin();
        x_vector_op(&a, true, VECTOR_XOR, x, y, rms[k]);
        EXPECT(a, "vxorps %s, %s, %s", xmm(x), xmm(y), operand(rms[k], 16, a.p));
        a = begin();
        x_vector_op(&a, false, VECTOR_AND, x, x, rms[k]);
        EXPECT(a, "andps %s, %s", xmm(x), operand(rms[k], 16, a.p));
    }
    done("x_vector_op");
    for (int x = 0; x < 16; x++) {
        for (int y = 0; y < 16; y++) {
            Asm a = begin();
            x_movaps(&a, x, y);
            EXPECT(a, "movaps %s, %s", xmm(x), xmm(y));
            a = begin();
            x_xorps(&a, x, y);
            EXPECT(a, "xorps %s, %s", xmm(x), xmm(y));
            for (int d = 0; d < 2; d++) {
                int n = (x + y) % 5;
                a = begin();
                x_sse_op3(&a, true, ops[n].op, d, x, y, 15 - x);
                EXPECT(a, "v%ss%c %s, %s, %s", ops[n].name, d ? 'd' : 's', xmm(x), xmm(y), xmm(15 - x));
                a = begin();
                x_sse_op3(&a, false, ops[n].op, d, x, x, y);
                EXPECT(a, "%ss%c %s, %s", ops[n].name, d ? 'd' : 's', xmm(x), xmm(y));
            }
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
    static void (*const tests[])(void) = {
        test_sse,
    };

    return asm_check_main(tests, sizeof(tests) / sizeof(tests[0]));
}
