/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For boot/test-plugins: a plugin as others write them in C for version 1 of the interface, with GLib. Basic-block
 * vectors, as programs that choose pieces of a run to be simulated read them: each INTERVAL instructions of a CPU one
 * line, which blocks were entered and how many instructions that were.
 *
 *  interval=N      out=FILE: N is added by the CPU's number
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* One for each place and length, however often it is translated. */
typedef struct {
    uint64_t pc;
    size_t insns;
    unsigned number;
} Block;

typedef struct {
    GArray *count;              /* of uint64_t, by the block's number, in this interval */
    uint64_t insns, total;
    uint64_t lines;
    FILE *out;
} Cpu;

static GMutex lock;             /* of blocks */
static GHashTable *blocks;      /* Block -> Block */
static GPtrArray *cpus;         /* of Cpu; begins are one at a time */
static uint64_t interval = 1000000;
static const char *out = "vectors";

static guint block_hash(gconstpointer v)
{
    const Block *b = v;

    return (guint)(b->pc >> 1) ^ (guint)(b->insns << 20);
}

static gboolean block_equal(gconstpointer a, gconstpointer b)
{
    return ((const Block *)a)->pc == ((const Block *)b)->pc && ((const Block *)a)->insns == ((const Block *)b)->insns;
}

static void end_interval(Cpu *cpu)
{
    fputc('T', cpu->out);
    for (guint i = 0; i < cpu->count->len; i++) {
        uint64_t *n = &g_array_index(cpu->count, uint64_t, i);

        if (*n) {
            fprintf(cpu->out, ":%u:%" PRIu64 " ", i + 1, *n);
            *n = 0;
        }
    }
    fputc('\n', cpu->out);
    cpu->lines++;
    cpu->insns = 0;
}

static void entered(unsigned int vcpu_index, void *userdata)
{
    const Block *b = userdata;
    Cpu *cpu = g_ptr_array_index(cpus, vcpu_index);

    if (b->number >= cpu->count->len) {
        g_array_set_size(cpu->count, b->number + 256);
    }
    g_array_index(cpu->count, uint64_t, b->number) += b->insns;
    cpu->insns += b->insns;
    cpu->total += b->insns;
    if (cpu->insns >= interval) {
        end_interval(cpu);
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    Block key = { .pc = qemu_plugin_tb_vaddr(tb), .insns = qemu_plugin_tb_n_insns(tb) };
    Block *b;

    g_mutex_lock(&lock);
    b = g_hash_table_lookup(blocks, &key);
    if (!b) {
        key.number = g_hash_table_size(blocks);
        b = g_memdup2(&key, sizeof(key));
        g_hash_table_add(blocks, b);
    }
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void begins(qemu_plugin_id_t id, unsigned int vcpu_index)
{
    g_autofree char *path = g_strdup_printf("%s.%u.bb", out, vcpu_index);
    Cpu *cpu = g_new0(Cpu, 1);

    cpu->count = g_array_new(FALSE, TRUE, sizeof(uint64_t));
    cpu->out = fopen(path, "w");
    if (!cpu->out) {
        perror(path);
        exit(1);
    }
    g_ptr_array_index(cpus, vcpu_index) = cpu;
}

static void ends(qemu_plugin_id_t id, void *userdata)
{
    g_autofree char *path = g_strdup_printf("%s.sum", out);
    FILE *f = fopen(path, "w");

    for (guint i = 0; i < cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(cpus, i);

        if (cpu) {
            end_interval(cpu);
            fclose(cpu->out);
            fprintf(f, "cpu %u insns %" PRIu64 " lines %" PRIu64 "\n", i, cpu->total, cpu->lines);
        }
    }
    fprintf(f, "blocks %u\n", g_hash_table_size(blocks));
    fclose(f);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        g_auto(GStrv) word = g_strsplit(argv[i], "=", 2);

        if (!g_strcmp0(word[0], "interval")) {
            interval = g_ascii_strtoull(word[1], NULL, 0);
        } else if (!g_strcmp0(word[0], "out")) {
            out = g_strdup(word[1]);
        } else {
            fprintf(stderr, "unknown option: %s\n", argv[i]);
            return -1;
        }
    }
    if (!info->system_emulation || strcmp(info->target_name, "arm")) {
        fprintf(stderr, "an ARM machine is wanted, not %s\n", info->target_name);
        return -1;
    }
    blocks = g_hash_table_new_full(block_hash, block_equal, NULL, g_free);
    cpus = g_ptr_array_new();
    g_ptr_array_set_size(cpus, info->system.max_vcpus);
    qemu_plugin_register_vcpu_init_cb(id, begins);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ends, NULL);
    return 0;
}
