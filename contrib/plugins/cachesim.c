/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Caches of the first level as the ARM11 MPCore has them, or others: how often code and data are not there.
 *
 *  isize=, dsize=N     bytes (32K); iways=, dways=N (4); line=N bytes (32)
 *  limit=N             instructions that miss most often, by data (10)
 *  out=FILE
 *
 * By virtual addresses, the line that was not used for longest leaves. Each CPU has its own, which know nothing of each
 * other: no coherency is modelled. Accesses to devices count as any other.
 */
#include "common.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Shape {
    uint64_t size, ways, sets;
} Shape;

typedef struct Cache {
    uint64_t accesses, misses;
    uint32_t *line;                     /* [set * ways + age]: line number + 1; 0: empty */
} Cache;

typedef struct Code {
    uint64_t pc, lines;                 /* number of its first line */
} Code;

typedef struct Insn {
    uint64_t pc, misses;                /* misses: by all CPUs, a few get lost */
    char *text;
} Insn;

static Shape ishape = { .size = 32768, .ways = 4 }, dshape = { .size = 32768, .ways = 4 };
static uint64_t line = 32, limit = 10;
static const char *out;
static Cache *icache, *dcache;          /* by CPU */
static GMutex lock;
static GHashTable *insns;               /* by address. lock */

static bool is_power(uint64_t n)
{
    return n && !(n & (n - 1));
}

/* Returns whether it was a miss. */
static bool look_up(Cache *c, const Shape *s, uint32_t number)
{
    uint32_t *set = c->line + (number & (s->sets - 1)) * s->ways, key = number + 1;
    unsigned age = 0;
    bool miss;

    c->accesses++;
    while (age < s->ways - 1 && set[age] != key) {
        age++;
    }
    miss = set[age] != key;
    c->misses += miss;
    memmove(set + 1, set, age * sizeof(*set));
    set[0] = key;
    return miss;
}

static void block_executed(unsigned int cpu, void *data)
{
    const Code *code = data;

    for (uint64_t i = 0; i < code->lines; i++) {
        look_up(&icache[cpu], &ishape, (uint32_t)(code->pc + i));
    }
}

static void accessed(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
    Insn *insn = data;
    uint64_t last = va + (1u << qemu_plugin_mem_size_shift(info)) - 1;

    for (uint64_t n = va / line; n <= last / line; n++) {
        insn->misses += look_up(&dcache[cpu], &dshape, (uint32_t)n);
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);
    const struct qemu_plugin_insn *end = qemu_plugin_tb_get_insn(tb, n - 1);
    Code *code = g_new(Code, 1);

    code->pc = qemu_plugin_tb_vaddr(tb) / line;
    code->lines = (qemu_plugin_insn_vaddr(end) + qemu_plugin_insn_size(end) - 1) / line - code->pc + 1;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_NO_REGS, code);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        gpointer key = GSIZE_TO_POINTER(qemu_plugin_insn_vaddr(insn));
        Insn *known;

        g_mutex_lock(&lock);
        known = g_hash_table_lookup(insns, key);
        if (!known) {
            known = g_new0(Insn, 1);
            known->pc = qemu_plugin_insn_vaddr(insn);
            known->text = qemu_plugin_insn_disas(insn);
            g_hash_table_insert(insns, key, known);
        }
        g_mutex_unlock(&lock);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, known);
    }
}

static gint by_misses(gconstpointer a, gconstpointer b)
{
    const Insn *x = a, *y = b;

    return x->misses > y->misses ? -1 : x->misses < y->misses;
}

static void put_caches(GString *text, const char *name, const Cache *caches)
{
    for (int i = 0; i < qemu_plugin_n_vcpus(); i++) {
        const Cache *c = &caches[i];

        g_string_append_printf(text, "CPU %d %s: %" PRIu64 " accesses, %" PRIu64 " misses, %.3f%%\n", i, name,
                               c->accesses, c->misses,
                               c->accesses ? 100.0 * (double)c->misses / (double)c->accesses : 0);
    }
}

static void report(qemu_plugin_id_t id, void *unused)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GList *list;
    uint64_t n = 0;

    put_caches(text, "code", icache);
    put_caches(text, "data", dcache);
    g_mutex_lock(&lock);
    list = g_list_sort(g_hash_table_get_values(insns), by_misses);
    for (GList *l = list; l && n < limit && ((Insn *)l->data)->misses; l = l->next, n++) {
        const Insn *insn = l->data;

        g_string_append_printf(text, "%14" PRIu64 " misses at 0x%08" PRIx64 "  %s\n", insn->misses, insn->pc,
                               insn->text);
    }
    g_list_free(list);
    g_mutex_unlock(&lock);
    put_report("cachesim", out, text);
}

static bool make_caches(const char *name, Shape *s, Cache **caches, int n)
{
    s->sets = s->size / line / s->ways;
    if (!is_power(line) || !is_power(s->sets) || s->sets * s->ways * line != s->size) {
        fprintf(stderr, "cachesim: %s cache: size / line / ways is no power of two\n", name);
        return false;
    }
    *caches = g_new0(Cache, n);
    for (int i = 0; i < n; i++) {
        (*caches)[i].line = g_new0(uint32_t, s->sets * s->ways);
    }
    return true;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    const Argument arguments[] = {
        { .name = "isize", .number = &ishape.size, .least = 16, .most = 1 << 30 },
        { .name = "dsize", .number = &dshape.size, .least = 16, .most = 1 << 30 },
        { .name = "iways", .number = &ishape.ways, .least = 1, .most = 256 },
        { .name = "dways", .number = &dshape.ways, .least = 1, .most = 256 },
        { .name = "line", .number = &line, .least = 4, .most = 4096 },
        { .name = "limit", .number = &limit, .least = 0, .most = 1000000 },
        { .name = "out", .text = &out },
        { .name = NULL },
    };

    if (!parse_arguments("cachesim", arguments, argc, argv) ||
        !make_caches("code", &ishape, &icache, info->system.max_vcpus) ||
        !make_caches("data", &dshape, &dcache, info->system.max_vcpus)) {
        return -1;
    }
    insns = g_hash_table_new(NULL, NULL);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
