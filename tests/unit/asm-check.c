/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See asm-check.h. */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "asm-check.h"
#include "tests/unit/tap.h"

uint8_t code[CODE_SIZE] __attribute__((aligned(16)));
uint8_t far_data[64] __attribute__((aligned(16)));
RM rms[MAX_RMS];
int nrms, nregs;
static csh handle;
static int failures, checks;

const char *const reg64[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
                                "r12", "r13", "r14", "r15" };
const char *const reg32[16] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d",
                                "r11d", "r12d", "r13d", "r14d", "r15d" };
const char *const reg16[16] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w",
                                "r12w", "r13w", "r14w", "r15w" };
const char *const reg8[16] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b",
                               "r12b", "r13b", "r14b", "r15b" };
const char *const cc_name[16] = { "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge",
                                  "le", "g" };

const char *reg_name(int r, int size)
{
    return size == 8 ? reg64[r] : size == 4 ? reg32[r] : size == 2 ? reg16[r] : reg8[r];
}

/* Numbers below 10 are decimal in capstone's text. */
static void put_number(char *out, size_t room, uint64_t v)
{
    snprintf(out, room, v < 10 ? "%" PRIu64 : "0x%" PRIx64, v);
}

const char *number(uint64_t v)
{
    static char text[4][32];
    static int n;
    char *out = text[n++ & 3];

    put_number(out, sizeof(text[0]), v);
    return out;
}

const char *operand(RM rm, int size, const uint8_t *insn_end)
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

const char *xmm(int n)
{
    static char text[4][8];
    static int k;
    char *out = text[k++ & 3];

    snprintf(out, sizeof(text[0]), "xmm%d", n & 15);
    return out;
}

const char *xmm_operand(RM rm, int size, const uint8_t *end)
{
    return rm.reg >= 0 ? xmm(rm.reg) : operand(rm, size, end);
}

Asm begin(void)
{
    return (Asm) { .p = code, .end = code + CODE_SIZE };
}

void expect_from(const Asm *a, const uint8_t *from, const char *fmt, ...)
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

void expect(bool good)
{
    failures += !good;
}

void done(const char *name)
{
    tap_case(!failures, "%s (%d forms)", name, checks);
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

int asm_check_main(void (*const tests[])(void), int n)
{
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
        printf("1..0 # SKIP capstone has no x86\n");
        return 0;
    }
    make_operands();
    for (int i = 0; i < n; i++) {
        tests[i]();
    }
    cs_close(&handle);
    return tap_done();
}
