/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin that counts in every way there is, between two addresses: blocks, instructions and accesses, by calls and
 * inline. Written as plugins for QEMU are, with GLib; it also runs there.
 *
 *  from=, to=      addresses (0x...)
 *  out=FILE        where it writes when the emulator ends, or when it leaves
 *  trace=on        each access of each CPU, too
 *  hwaddr=on       ask where each access went
 *  leave=N         uninstall after N instructions; reset=N: forget all, and begin anew by the function for that
 *  refuse=N        qemu_plugin_install() returns N
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { MAX_CPUS = 8 };

typedef struct {
    uint64_t blocks, insns, loads, stores, bytes, idle, resumed, begun, ended;
    GString *trace;
} Cpu;

static Cpu cpus[MAX_CPUS];
static uint64_t inline_blocks, inline_insns, inline_loads, inline_stores, block_insns, translated, flushes;
static uint64_t from, to = UINT64_MAX, leave_at, reset_at;
static bool trace, hwaddr;
static const char *out;
static int resets;
static GMutex lock;

static void report(const char *why)
{
    g_autoptr(GString) text = g_string_new(why);

    g_string_append_printf(text, "\ninline blocks %" PRIu64 " insns %" PRIu64 " loads %" PRIu64 " stores %" PRIu64
                           " block_insns %" PRIu64 "\ntranslated %" PRIu64 " flushes %" PRIu64 " resets %d\n",
                           inline_blocks, inline_insns, inline_loads, inline_stores, block_insns, translated, flushes,
                           resets);
    for (int i = 0; i < qemu_plugin_n_vcpus(); i++) {
        const Cpu *c = &cpus[i];

        g_string_append_printf(text, "cpu %d blocks %" PRIu64 " insns %" PRIu64 " loads %" PRIu64 " stores %" PRIu64
                               " bytes %" PRIu64 " idle %" PRIu64 " resumed %" PRIu64 " begun %" PRIu64
                               " ended %" PRIu64 "\n", i, c->blocks, c->insns, c->loads, c->stores, c->bytes, c->idle,
                               c->resumed, c->begun, c->ended);
        if (c->trace) {
            g_string_append(text, c->trace->str);
        }
    }
    if (out) {
        g_file_set_contents(out, text->str, -1, NULL);
    }
    qemu_plugin_outs(text->str);
}

static void left(qemu_plugin_id_t id)
{
    report("left");
}

static void tb_trans(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

static void begin_again(qemu_plugin_id_t id)
{
    resets++;
    qemu_plugin_register_vcpu_tb_trans_cb(id, tb_trans);
}

static qemu_plugin_id_t self;

static void insn_exec(unsigned int cpu, void *udata)
{
    uint64_t n = ++cpus[cpu].insns;

    if (cpu == 0 && n == leave_at) {
        qemu_plugin_uninstall(self, left);
    }
    if (cpu == 0 && n == reset_at) {
        qemu_plugin_reset(self, begin_again);
    }
}

static void tb_exec(unsigned int cpu, void *udata)
{
    cpus[cpu].blocks++;
}

static void mem(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *udata)
{
    Cpu *c = &cpus[cpu];
    unsigned bytes = 1u << qemu_plugin_mem_size_shift(info);

    if (qemu_plugin_mem_is_store(info)) {
        c->stores++;
    } else {
        c->loads++;
    }
    c->bytes += bytes;
    if (trace) {
        g_string_append_printf(c->trace, "%s %" PRIx64 " %u%s%s", qemu_plugin_mem_is_store(info) ? "st" : "ld", vaddr,
                               bytes, qemu_plugin_mem_is_sign_extended(info) ? " signed" : "",
                               qemu_plugin_mem_is_big_endian(info) ? " be" : "");
        if (hwaddr) {
            struct qemu_plugin_hwaddr *h = qemu_plugin_get_hwaddr(info, vaddr);

            g_string_append_printf(c->trace, " -> %" PRIx64 " %s%s", qemu_plugin_hwaddr_phys_addr(h),
                                   qemu_plugin_hwaddr_device_name(h), qemu_plugin_hwaddr_is_io(h) ? " io" : "");
        }
        g_string_append_c(c->trace, '\n');
    }
}

static void tb_trans(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    if (qemu_plugin_tb_vaddr(tb) < from || qemu_plugin_tb_vaddr(tb) >= to) {
        return;
    }
    g_mutex_lock(&lock);
    translated++;
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, tb_exec, QEMU_PLUGIN_CB_NO_REGS, NULL);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &inline_blocks, 1);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block_insns, n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, &inline_insns, 1);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, insn_exec, QEMU_PLUGIN_CB_NO_REGS, NULL);
        qemu_plugin_register_vcpu_mem_cb(insn, mem, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
        qemu_plugin_register_vcpu_mem_inline(insn, QEMU_PLUGIN_MEM_R, QEMU_PLUGIN_INLINE_ADD_U64, &inline_loads, 1);
        qemu_plugin_register_vcpu_mem_inline(insn, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_INLINE_ADD_U64, &inline_stores, 1);
    }
}

static void cpu_init(qemu_plugin_id_t id, unsigned int cpu) { cpus[cpu].begun++; }
static void cpu_exit(qemu_plugin_id_t id, unsigned int cpu) { cpus[cpu].ended++; }
static void cpu_idle(qemu_plugin_id_t id, unsigned int cpu) { cpus[cpu].idle++; }
static void cpu_resume(qemu_plugin_id_t id, unsigned int cpu) { cpus[cpu].resumed++; }
static void flushed(qemu_plugin_id_t id) { flushes++; }
static void at_exit(qemu_plugin_id_t id, void *udata) { report(udata); }

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    self = id;
    if (!info->system_emulation || strcmp(info->target_name, "arm") || info->system.smp_vcpus > MAX_CPUS) {
        fprintf(stderr, "not a machine for this plugin\n");
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        g_auto(GStrv) word = g_strsplit(argv[i], "=", 2);

        if (!g_strcmp0(word[0], "from")) {
            from = g_ascii_strtoull(word[1], NULL, 0);
        } else if (!g_strcmp0(word[0], "to")) {
            to = g_ascii_strtoull(word[1], NULL, 0);
        } else if (!g_strcmp0(word[0], "out")) {
            out = g_strdup(word[1]);
        } else if (!g_strcmp0(word[0], "leave")) {
            leave_at = g_ascii_strtoull(word[1], NULL, 0);
        } else if (!g_strcmp0(word[0], "reset")) {
            reset_at = g_ascii_strtoull(word[1], NULL, 0);
        } else if (!g_strcmp0(word[0], "refuse")) {
            return atoi(word[1]);
        } else if (!(g_strcmp0(word[0], "trace") == 0 ? qemu_plugin_bool_parse(word[0], word[1], &trace) :
                     g_strcmp0(word[0], "hwaddr") == 0 && qemu_plugin_bool_parse(word[0], word[1], &hwaddr))) {
            fprintf(stderr, "probe: what is '%s'?\n", argv[i]);
            return -1;
        }
    }
    for (int i = 0; i < MAX_CPUS && trace; i++) {
        cpus[i].trace = g_string_new(NULL);
    }
    qemu_plugin_register_vcpu_init_cb(id, cpu_init);
    qemu_plugin_register_vcpu_exit_cb(id, cpu_exit);
    qemu_plugin_register_vcpu_idle_cb(id, cpu_idle);
    qemu_plugin_register_vcpu_resume_cb(id, cpu_resume);
    qemu_plugin_register_vcpu_tb_trans_cb(id, tb_trans);
    qemu_plugin_register_flush_cb(id, flushed);
    qemu_plugin_register_atexit_cb(id, at_exit, (void *)"end");
    return 0;
}
