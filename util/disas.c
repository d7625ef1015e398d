/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See qemu/disas.h. */
#include <capstone/capstone.h>
#include <glib.h>
#include "qemu/disas.h"

static void disas(FILE *f, cs_arch arch, cs_mode mode, uint64_t addr, const uint8_t *code, size_t bytes, size_t skip)
{
    csh handle;
    cs_insn *insn;
    bool ok = cs_open(arch, mode, &handle) == CS_ERR_OK;

    insn = ok ? cs_malloc(handle) : NULL;
    while (bytes) {
        size_t n = bytes < skip ? bytes : skip;

        if (insn && cs_disasm_iter(handle, &code, &bytes, &addr, insn)) {
            const uint8_t *b = code - insn->size;

            fprintf(f, "0x%08" PRIx64 ":  ", insn->address);
            for (size_t i = 0; i < insn->size; i++) {
                fprintf(f, "%02x", b[arch == CS_ARCH_ARM ? insn->size - 1 - i : i]);
            }
            fprintf(f, "  %s %s\n", insn->mnemonic, insn->op_str);
            continue;
        }
        fprintf(f, "0x%08" PRIx64 ":  ", addr);
        for (size_t i = 0; i < n; i++) {
            fprintf(f, "%02x", code[arch == CS_ARCH_ARM ? n - 1 - i : i]);
        }
        fprintf(f, "  (not decoded)\n");
        code += n;
        bytes -= n;
        addr += n;
    }
    if (insn) {
        cs_free(insn, 1);
    }
    if (ok) {
        cs_close(&handle);
    }
}

void disas_guest(FILE *f, uint32_t pc, const uint8_t *code, uint32_t bytes)
{
    bool thumb = pc & 1;

    disas(f, CS_ARCH_ARM, thumb ? CS_MODE_THUMB : CS_MODE_ARM, pc & ~1u, code, bytes, thumb ? 2 : 4);
}

char *disas_guest_insn(uint32_t pc, const uint8_t *code, size_t bytes)
{
    bool thumb = pc & 1;
    uint64_t addr = pc & ~1u;
    char *text = NULL;
    csh handle;
    cs_insn *insn;

    if (cs_open(CS_ARCH_ARM, thumb ? CS_MODE_THUMB : CS_MODE_ARM, &handle) == CS_ERR_OK) {
        insn = cs_malloc(handle);
        if (cs_disasm_iter(handle, &code, &bytes, &addr, insn)) {
            text = g_strdup_printf("%s %s", insn->mnemonic, insn->op_str);
        }
        cs_free(insn, 1);
        cs_close(&handle);
    }
    return text ? g_strchomp(text) : g_strdup("(not decoded)");
}

void disas_host(FILE *f, const uint8_t *code, uint32_t bytes)
{
#if defined(__x86_64__)
    disas(f, CS_ARCH_X86, CS_MODE_64, (uintptr_t)code, code, bytes, 1);
#endif
}
