/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See qemu/disas.h. */
#include <capstone/capstone.h>
#include <glib.h>
#include "qemu/disas.h"
#include "qemu/log.h"

#define LIBRARY_TABLE cs
#define LIBRARY_PREFIX cs_
#define LIBRARY_FUNCTIONS(X) X(close) X(disasm_iter) X(free) X(malloc) X(open)
#include "qemu/library-table.h"

static bool load(void)
{
    char *problem = library_load("libcapstone.so." G_STRINGIFY(CS_API_MAJOR), cs_functions);

    if (problem) {
        warn_report("nothing can be disassembled: %s", problem);
        g_free(problem);
    }
    return !problem;
}

/* For instructions of this kind; cs.close() it. False: there is no disassembler. */
static bool open_disassembler(cs_arch arch, cs_mode mode, csh *handle)
{
    static gsize loaded;        /* atomic; GLib's: 0: not yet */
    enum { NONE = 1, THERE };

    if (g_once_init_enter(&loaded)) {
        g_once_init_leave(&loaded, load() ? THERE : NONE);
    }
    return loaded == THERE && cs.open(arch, mode, handle) == CS_ERR_OK;
}

static void disas(FILE *f, cs_arch arch, cs_mode mode, uint64_t addr, const uint8_t *code, size_t bytes, size_t skip)
{
    csh handle;
    cs_insn *insn;
    bool ok = open_disassembler(arch, mode, &handle);

    insn = ok ? cs.malloc(handle) : NULL;
    while (bytes) {
        size_t n = bytes < skip ? bytes : skip;

        if (insn && cs.disasm_iter(handle, &code, &bytes, &addr, insn)) {
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
        cs.free(insn, 1);
    }
    if (ok) {
        cs.close(&handle);
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

    if (open_disassembler(CS_ARCH_ARM, thumb ? CS_MODE_THUMB : CS_MODE_ARM, &handle)) {
        insn = cs.malloc(handle);
        if (cs.disasm_iter(handle, &code, &bytes, &addr, insn)) {
            text = g_strdup_printf("%s %s", insn->mnemonic, insn->op_str);
        }
        cs.free(insn, 1);
        cs.close(&handle);
    }
    return text ? g_strchomp(text) : g_strdup("(not decoded)");
}

void disas_host(FILE *f, const uint8_t *code, uint32_t bytes)
{
#if defined(__x86_64__)
    disas(f, CS_ARCH_X86, CS_MODE_64, (uintptr_t)code, code, bytes, 1);
#endif
}
