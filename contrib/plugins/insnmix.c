/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many instructions of each kind are executed.
 *
 *  out=FILE
 *
 * Counted inline: with several CPUs a few get lost. An instruction whose condition fails counts.
 */
#include "common.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Kind {
    uint32_t mask, bits;                /* the first that fits */
    const char *name;
    uint64_t count;
} Kind;

static Kind arm[] = {
    { 0xff000000, 0xfa000000, "branch: BLX to an address", 0 },
    { 0xf0000000, 0xf0000000, "unconditional: PLD, CPS, SETEND, RFE, SRS, CLREX", 0 },
    { 0x0f000000, 0x0f000000, "SVC", 0 },
    { 0x0f000000, 0x0b000000, "branch: BL", 0 },
    { 0x0e000000, 0x0a000000, "branch: B", 0 },
    { 0x0ffffff0, 0x012fff10, "branch: BX", 0 },
    { 0x0ffffff0, 0x012fff30, "branch: BLX to a register", 0 },
    { 0x0e000e00, 0x0c000a00, "VFP: load, store, move of two", 0 },
    { 0x0f000e10, 0x0e000a00, "VFP: arithmetic", 0 },
    { 0x0f000e10, 0x0e000a10, "VFP: move of one", 0 },
    { 0x0f000f10, 0x0e000f10, "CP15: MCR, MRC", 0 },
    { 0x0c000000, 0x0c000000, "coprocessor, other", 0 },
    { 0x0e100000, 0x08100000, "LDM", 0 },
    { 0x0e100000, 0x08000000, "STM", 0 },
    { 0x0e000010, 0x06000010, "media: parallel, saturating, extend, reverse", 0 },
    { 0x0c500000, 0x04100000, "LDR", 0 },
    { 0x0c500000, 0x04500000, "LDRB", 0 },
    { 0x0c500000, 0x04000000, "STR", 0 },
    { 0x0c500000, 0x04400000, "STRB", 0 },
    { 0x0f9000f0, 0x01900090, "LDREX", 0 },
    { 0x0f9000f0, 0x01800090, "STREX", 0 },
    { 0x0fb000f0, 0x01000090, "SWP", 0 },
    { 0x0f0000f0, 0x00000090, "multiply", 0 },
    { 0x0e1000f0, 0x000000d0, "LDRD", 0 },
    { 0x0e1000f0, 0x000000f0, "STRD", 0 },
    { 0x0e1000f0, 0x001000b0, "LDRH", 0 },
    { 0x0e1000f0, 0x000000b0, "STRH", 0 },
    { 0x0e1000d0, 0x001000d0, "LDRSB, LDRSH", 0 },
    { 0x0f900000, 0x01000000, "MSR, MRS, CLZ, half-word multiply", 0 },
    { 0x0fb00000, 0x03200000, "MSR, NOP, hints", 0 },
    { 0x0d900000, 0x01100000, "compare, test", 0 },
    { 0x0de00000, 0x01a00000, "MOV, shifts", 0 },
    { 0x0de00000, 0x01e00000, "MVN", 0 },
    { 0x0c000000, 0x00000000, "arithmetic, logic", 0 },
    { 0, 0, "other", 0 },
};

static Kind thumb[] = {
    { 0xf800, 0x1800, "ADD, SUB of registers, small numbers", 0 },
    { 0xe000, 0x0000, "shifts", 0 },
    { 0xe000, 0x2000, "MOV, CMP, ADD, SUB of a number", 0 },
    { 0xfc00, 0x4000, "arithmetic, logic of registers", 0 },
    { 0xff00, 0x4700, "branch: BX, BLX", 0 },
    { 0xfc00, 0x4400, "ADD, CMP, MOV of high registers", 0 },
    { 0xf800, 0x4800, "LDR of a literal", 0 },
    { 0xf800, 0x6000, "STR", 0 },
    { 0xf800, 0x6800, "LDR", 0 },
    { 0xf800, 0x7000, "STRB", 0 },
    { 0xf800, 0x7800, "LDRB", 0 },
    { 0xf800, 0x8000, "STRH", 0 },
    { 0xf800, 0x8800, "LDRH", 0 },
    { 0xf800, 0x9000, "STR to the stack", 0 },
    { 0xf800, 0x9800, "LDR from the stack", 0 },
    { 0xf000, 0x5000, "load, store with a register's offset", 0 },
    { 0xf000, 0xa000, "address of PC, SP", 0 },
    { 0xfe00, 0xb400, "PUSH", 0 },
    { 0xfe00, 0xbc00, "POP", 0 },
    { 0xf000, 0xb000, "extend, reverse, SP, CPS", 0 },
    { 0xf000, 0xc000, "LDM, STM", 0 },
    { 0xff00, 0xdf00, "SVC", 0 },
    { 0xf000, 0xd000, "branch: conditional", 0 },
    { 0xf800, 0xe000, "branch: B", 0 },
    { 0xe000, 0xe000, "branch: BL, BLX", 0 },
    { 0, 0, "other", 0 },
};

static const char *out;

/* Thumb's BL has 4 bytes, too, and as an ARM instruction would be LDM or STM. */
static bool is_thumb(const struct qemu_plugin_insn *insn, uint32_t word)
{
    char *text;
    bool bl;

    if (qemu_plugin_insn_size(insn) == 2) {
        return true;
    }
    if ((word & 0xe800f800) != 0xe800f000) {
        return false;
    }
    text = qemu_plugin_insn_disas(insn);
    bl = !strncmp(text, "bl", 2);
    free(text);
    return bl;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t word = 0;
        Kind *k;

        memcpy(&word, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        k = is_thumb(insn, word) ? thumb : arm;
        while ((word & k->mask) != k->bits) {
            k++;
        }
        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &k->count, 1);
    }
}

static int by_count(const void *a, const void *b)
{
    const Kind *x = a, *y = b;

    return x->count > y->count ? -1 : x->count < y->count;
}

static void put_kinds(GString *text, const char *name, Kind *kinds, size_t n)
{
    uint64_t all = 0;

    for (size_t i = 0; i < n; i++) {
        all += kinds[i].count;
    }
    g_string_append_printf(text, "%s: %" PRIu64 " instructions\n", name, all);
    qsort(kinds, n, sizeof(*kinds), by_count);
    for (size_t i = 0; i < n && kinds[i].count; i++) {
        g_string_append_printf(text, "%14" PRIu64 " %5.1f%%  %s\n", kinds[i].count,
                               100.0 * (double)kinds[i].count / (double)all, kinds[i].name);
    }
}

static void report(qemu_plugin_id_t id, void *unused)
{
    g_autoptr(GString) text = g_string_new(NULL);

    put_kinds(text, "ARM", arm, G_N_ELEMENTS(arm));
    put_kinds(text, "Thumb", thumb, G_N_ELEMENTS(thumb));
    put_report("insnmix", out, text);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const Argument arguments[] = { { .name = "out", .text = &out }, { .name = NULL } };

    if (!parse_arguments("insnmix", arguments, argc, argv)) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
