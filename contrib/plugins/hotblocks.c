/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks in which most instructions are executed.
 *
 *  limit=N     how many (20)
 *  out=FILE
 *
 * A block is known by its address and length, so what different processes have at one address is one block. Counted
 * inline: with several CPUs a few entries get lost.
 */
#include "common.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Block {
    uint64_t pc, insns, executed, translated;
    char *first;                        /* its first instruction */
} Block;

static GMutex lock;
static GHashTable *blocks;              /* lock */
static uint64_t limit = 20;
static const char *out;

static guint hash_block(gconstpointer p)
{
    const Block *b = p;

    return (guint)(b->pc * 31 + b->insns);
}

static gboolean same_block(gconstpointer a, gconstpointer b)
{
    const Block *x = a, *y = b;

    return x->pc == y->pc && x->insns == y->insns;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    Block key = { .pc = qemu_plugin_tb_vaddr(tb), .insns = qemu_plugin_tb_n_insns(tb) }, *b;

    g_mutex_lock(&lock);
    b = g_hash_table_lookup(blocks, &key);
    if (!b) {
        b = g_new(Block, 1);
        *b = key;
        b->first = qemu_plugin_insn_disas(qemu_plugin_tb_get_insn(tb, 0));
        g_hash_table_add(blocks, b);
    }
    b->translated++;
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->executed, 1);
}

static gint by_instructions(gconstpointer a, gconstpointer b)
{
    const Block *x = a, *y = b;
    uint64_t p = x->executed * x->insns, q = y->executed * y->insns;

    return p > q ? -1 : p < q;
}

static void report(qemu_plugin_id_t id, void *unused)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GList *list, *l;
    uint64_t all = 0, n = 0;

    g_mutex_lock(&lock);
    list = g_list_sort(g_hash_table_get_keys(blocks), by_instructions);
    for (l = list; l; l = l->next) {
        const Block *b = l->data;

        all += b->executed * b->insns;
    }
    g_string_append_printf(text, "%u blocks, %" PRIu64 " instructions\n", g_hash_table_size(blocks), all);
    g_string_append_printf(text, "%-10s %12s %6s %6s %6s  %s\n", "address", "executed", "insns", "share", "made",
                           "begins with");
    for (l = list; l && n < limit; l = l->next, n++) {
        const Block *b = l->data;
        double share = 100.0 * (double)(b->executed * b->insns) / (double)(all ? all : 1);

        g_string_append_printf(text, "0x%08" PRIx64 " %12" PRIu64 " %6" PRIu64 " %5.1f%% %6" PRIu64 "  %s\n", b->pc,
                               b->executed, b->insns, share, b->translated, b->first);
    }
    g_list_free(list);
    g_mutex_unlock(&lock);
    put_report("hotblocks", out, text);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const Argument arguments[] = {
        { .name = "limit", .number = &limit, .least = 1, .most = 1000000 },
        { .name = "out", .text = &out },
        { .name = NULL },
    };

    if (!parse_arguments("hotblocks", arguments, argc, argv)) {
        return -1;
    }
    blocks = g_hash_table_new(hash_block, same_block);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
