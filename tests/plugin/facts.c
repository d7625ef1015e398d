/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-plugins.py: a plugin as others write them, C and C++, of the interface's functions that counting needs not:
 * what is known of the machine, of an instruction in the emulator's memory, and what belongs to programs without one.
 * At the end it prints what it was told, a fact per line.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qemu-plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* CPUs translate side by side: what translated() counts is under this lock. */
static GMutex lock;
static unsigned seen, each_calls, each_sum, syscalls, insns, in_memory, same_bytes, disassembled, beyond;
static int at_install[2];

static void each(qemu_plugin_id_t id, unsigned int cpu)
{
    (void)id;
    each_calls++;
    each_sum += cpu;
}

static void called(qemu_plugin_id_t id, unsigned int cpu, int64_t num, uint64_t a1, uint64_t a2, uint64_t a3,
                   uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)cpu, (void)num, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    syscalls++;
}

static void returned(qemu_plugin_id_t id, unsigned int cpu, int64_t num, int64_t ret)
{
    (void)id, (void)cpu, (void)num, (void)ret;
    syscalls++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);

    g_mutex_lock(&lock);
    if (!seen++) {
        qemu_plugin_vcpu_for_each(id, each);
    }
    beyond += qemu_plugin_tb_get_insn(tb, n) != NULL;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const void *there = qemu_plugin_insn_haddr(insn);
        char *text = qemu_plugin_insn_disas(insn);

        insns++;
        in_memory += there != NULL;
        same_bytes += there && !memcmp(there, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        disassembled += text && *text;
        free(text);
    }
    g_mutex_unlock(&lock);
}

static void end(qemu_plugin_id_t id, void *data)
{
    bool on = false, off = true, kept = true;

    (void)id;
    printf("data %s\ncpus %d %d at_install %d %d each %u %u\n", (const char *)data, qemu_plugin_n_vcpus(),
           qemu_plugin_n_max_vcpus(), at_install[0], at_install[1], each_calls, each_sum);
    printf("insns %d in_memory %d same_bytes %d disassembled %d beyond %u\n", insns > 0, in_memory == insns,
           same_bytes == insns, disassembled == insns, beyond);
    printf("program %s %" PRIu64 " %" PRIu64 " %" PRIu64 " syscalls %u\n",
           qemu_plugin_path_to_binary() ? "there" : "none", qemu_plugin_start_code(), qemu_plugin_end_code(),
           qemu_plugin_entry_code(), syscalls);
    printf("parse %d %d", qemu_plugin_bool_parse("a", "yes", &on), qemu_plugin_bool_parse("a", "no", &off));
    printf(" %d %d", qemu_plugin_bool_parse("a", "maybe", &kept), qemu_plugin_bool_parse("a", NULL, &kept));
    printf(" values %d %d %d\n", on, off, kept);
    fflush(stdout);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)argc, (void)argv;
    at_install[0] = info->system_emulation ? info->system.smp_vcpus : -1;
    at_install[1] = info->system_emulation ? info->system.max_vcpus : -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, returned);
    qemu_plugin_register_atexit_cb(id, end, (void *)"passed");
    return 0;
}

#ifdef __cplusplus
}
#endif
