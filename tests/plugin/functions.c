/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-plugins.py: a plugin as others write them, from the interface's documentation; C and C++. At the end it
 * prints each function of the guest with how many instructions of it were executed, and "-" for those of none.
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <qemu-plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Function {
    char *name;
    uint64_t insns;
} Function;

static GMutex lock;             /* of both */
static Function *functions[4096];
static unsigned count;

static Function *find(const char *name)
{
    unsigned i = 0;

    g_mutex_lock(&lock);
    while (i < count && strcmp(functions[i]->name, name) != 0) {
        i++;
    }
    if (i == count && count < sizeof(functions) / sizeof(functions[0])) {
        functions[count] = g_new0(Function, 1);
        functions[count++]->name = g_strdup(name);
    }
    g_mutex_unlock(&lock);
    return i < count ? functions[i] : NULL;
}

static void executed(unsigned int cpu, void *data)
{
    (void)cpu;
    __atomic_fetch_add(&((Function *)data)->insns, 1, __ATOMIC_RELAXED);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *symbol = qemu_plugin_insn_symbol(insn);
        Function *f = find(symbol ? symbol : "-");

        if (f) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, f);
        }
    }
}

static void end(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    for (unsigned i = 0; i < count; i++) {
        printf("%s %" G_GUINT64_FORMAT "\n", functions[i]->name, functions[i]->insns);
    }
    fflush(stdout);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (!info->system_emulation) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, end, NULL);
    return 0;
}

#ifdef __cplusplus
}
#endif
