/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line for every instruction that is executed, and one for each of its accesses to memory.
 *
 *  from=, to=      addresses of instructions, to is outside (all)
 *  limit=N         instructions of all CPUs (1000000)
 *  out=FILE        (needed)
 *
 *  CPU ADDRESS WORD  TEXT
 *  CPU   load|store ADDRESS BYTES -> PHYSICAL ADDRESS, "RAM" or the device
 */
#include "common.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t from, to = 1ull << 32, limit = 1000000;
static const char *out;
static FILE *file;                      /* its own lock keeps a line whole */
static uint64_t lines;                  /* atomic */

static void executed(unsigned int cpu, void *data)
{
    if (__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) < limit) {
        fprintf(file, "%u %s\n", cpu, (const char *)data);
    }
}

static void accessed(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
    struct qemu_plugin_hwaddr *where;

    if (__atomic_load_n(&lines, __ATOMIC_RELAXED) > limit) {
        return;
    }
    where = qemu_plugin_get_hwaddr(info, va);
    fprintf(file, "%u   %s %08" PRIx64 " %u -> %08" PRIx64 " %s\n", cpu,
            qemu_plugin_mem_is_store(info) ? "store" : "load", va, 1u << qemu_plugin_mem_size_shift(info),
            qemu_plugin_hwaddr_phys_addr(where), qemu_plugin_hwaddr_device_name(where));
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t pc = qemu_plugin_insn_vaddr(insn);
        size_t size = qemu_plugin_insn_size(insn);
        uint32_t word = 0;
        char *text;

        if (pc < from || pc >= to) {
            continue;
        }
        memcpy(&word, qemu_plugin_insn_data(insn), size);
        text = qemu_plugin_insn_disas(insn);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS,
                                               g_strdup_printf("%08" PRIx64 " %0*" PRIx32 "  %s", pc, (int)size * 2,
                                                               word, text));
        free(text);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void end(qemu_plugin_id_t id, void *unused)
{
    if (fclose(file)) {
        fprintf(stderr, "exectrace: %s: not all could be written\n", out);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const Argument arguments[] = {
        { .name = "from", .number = &from, .most = 1ull << 32 },
        { .name = "to", .number = &to, .most = 1ull << 32 },
        { .name = "limit", .number = &limit, .least = 1, .most = UINT64_MAX },
        { .name = "out", .text = &out },
        { .name = NULL },
    };

    if (!parse_arguments("exectrace", arguments, argc, argv)) {
        return -1;
    }
    file = out ? fopen(out, "w") : NULL;
    if (!file) {
        fprintf(stderr, "exectrace: %s\n", out ? "cannot write to out=" : "where to? out=FILE");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, end, NULL);
    return 0;
}
