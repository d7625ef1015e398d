/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-plugins.py: a plugin as others write them for versions 2 and 3 of the interface, C and C++. It counts in
 * scoreboards, has functions called on conditions, and reads registers. At the end it prints a line per CPU, and what
 * it read.
 *
 *  from=, to=      addresses (0x...) of what is counted
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <qemu-plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { FEW = 10 };

typedef struct Score {
    uint64_t blocks, insns, loads, stores, since, tens, odd, insn_calls, access_calls, pc_wrong;
    GByteArray *bytes;
} Score;

static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 blocks, insns, loads, stores, since, tens;
static uint64_t from, to = UINT64_MAX, r4_sum, zero_flags, conditional, never;
static struct qemu_plugin_register *pc, *r4, *cpsr, *d0;
static unsigned registers, others;

static Score *score(unsigned cpu)
{
    return (Score *)qemu_plugin_scoreboard_find(board, cpu);
}

static uint64_t value(unsigned cpu, struct qemu_plugin_register *r, int bytes)
{
    GByteArray *to_read = score(cpu)->bytes;
    uint64_t v = 0;

    g_byte_array_set_size(to_read, 0);
    if (qemu_plugin_read_register(r, to_read) != bytes || to_read->len != (unsigned)bytes) {
        return UINT64_MAX;
    }
    memcpy(&v, to_read->data, to_read->len);
    return v;
}

static void cpu_begins(qemu_plugin_id_t id, unsigned int cpu)
{
    GArray *list = qemu_plugin_get_registers();

    (void)id;
    score(cpu)->bytes = g_byte_array_new();
    if (cpu == 0) {
        for (unsigned i = 0; i < list->len; i++) {
            qemu_plugin_reg_descriptor *d = &g_array_index(list, qemu_plugin_reg_descriptor, i);
            const bool core = !strcmp(d->feature, "org.gnu.gdb.arm.core");

            pc = core && !strcmp(d->name, "pc") ? d->handle : pc;
            r4 = core && !strcmp(d->name, "r4") ? d->handle : r4;
            cpsr = core && !strcmp(d->name, "cpsr") ? d->handle : cpsr;
            d0 = !strcmp(d->feature, "org.gnu.gdb.arm.vfp") && !strcmp(d->name, "d0") ? d->handle : d0;
            *(strncmp(d->feature, "org.gnu.gdb.", 12) ? &others : &registers) += 1;
        }
    }
    g_array_free(list, TRUE);
}

static void ten_more(unsigned int cpu, void *data)
{
    (void)data;
    qemu_plugin_u64_add(tens, cpu, 1);
}

static void executed(unsigned int cpu, void *data)
{
    score(cpu)->insn_calls++;
    score(cpu)->pc_wrong += value(cpu, pc, 4) != (uint64_t)(uintptr_t)data;
}

static void accessed(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    (void)info, (void)vaddr;
    score(cpu)->access_calls++;
    score(cpu)->pc_wrong += value(cpu, pc, 4) != (uint64_t)(uintptr_t)data;
}

/* Its BX LR. */
static void doubled(unsigned int cpu, void *data)
{
    (void)data;
    r4_sum += value(cpu, r4, 4);
}

static void at_bne(unsigned int cpu, void *data)
{
    (void)data;
    conditional++;
    zero_flags += value(cpu, cpsr, 4) >> 30 & 1;
}

static void count_call(unsigned int cpu, void *data)
{
    (void)cpu;
    ++*(uint64_t *)data;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const uint64_t begin = qemu_plugin_tb_vaddr(tb);

    (void)id;
    if (begin < from || begin >= to) {
        return;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, blocks, 1);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NEVER, blocks,
                                              0, &never);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        void *at = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
        const char *symbol = qemu_plugin_insn_symbol(insn);
        uint32_t word = 0, first = 0;

        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, insns, 1);
        /* In this order: one more; if there are ten, call; if there are ten, begin anew (below). */
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, since, 1);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, ten_more, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE,
                                                    since, FEW, NULL);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_R_REGS, at);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_MEM_RW, at);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_R, QEMU_PLUGIN_INLINE_ADD_U64, loads, 1);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_INLINE_ADD_U64, stores, 1);
        if (qemu_plugin_insn_data(insn, &word, sizeof(word)) != qemu_plugin_insn_size(insn) ||
            qemu_plugin_insn_data(insn, &first, 1) != 1 || first != (word & 0xff)) {
            printf("wrong bytes at %p\n", at);
        }
        if (word >> 24 == 0x1a) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_bne, QEMU_PLUGIN_CB_R_REGS, NULL);
        }
        if (symbol && !strcmp(symbol, "doubled") && word == 0xe12fff1e) {
            qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, doubled, QEMU_PLUGIN_CB_R_REGS,
                                                        QEMU_PLUGIN_COND_ALWAYS, since, 0, NULL);
        }
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GT,
                                                    since, FEW, &never);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_EQ,
                                                    since, 0, &never);
    }
}

/* Counting begins anew whenever there are ten, by an operation of its own that a condition cannot have. */
static void begin_anew(unsigned int cpu, void *data)
{
    (void)data;
    qemu_plugin_u64_set(since, cpu, 0);
}

static void translated_again(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const uint64_t begin = qemu_plugin_tb_vaddr(tb);

    translated(id, tb);
    if (begin < from || begin >= to) {
        return;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, begin_anew, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_EQ,
                                                    since, FEW, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
            insn, QEMU_PLUGIN_INLINE_STORE_U64, qemu_plugin_scoreboard_u64_in_struct(board, Score, odd), 3);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(
            insn, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_NE,
            qemu_plugin_scoreboard_u64_in_struct(board, Score, odd), 3, &never);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(
            insn, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_LT,
            qemu_plugin_scoreboard_u64_in_struct(board, Score, odd), 3, &never);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(
            insn, count_call, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_LE,
            qemu_plugin_scoreboard_u64_in_struct(board, Score, odd), 2, &never);
    }
}

static void end(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    for (int i = 0; i < qemu_plugin_num_vcpus(); i++) {
        const unsigned cpu = (unsigned)i;
        const Score *s = score(cpu);

        printf("cpu %u insns %" PRIu64 " loads %" PRIu64 " stores %" PRIu64 " tens %" PRIu64 " left %" PRIu64
               " calls %d %d pc_wrong %" PRIu64 "\n", cpu, qemu_plugin_u64_get(insns, cpu), s->loads, s->stores,
               s->tens, s->since, s->insn_calls == s->insns, s->access_calls == s->loads + s->stores, s->pc_wrong);
    }
    printf("all %" PRIu64 " blocks %d never %" PRIu64 "\n", qemu_plugin_u64_sum(insns),
           qemu_plugin_u64_sum(blocks) > 0 && qemu_plugin_u64_sum(blocks) <= qemu_plugin_u64_sum(insns), never);
    printf("r4 %" PRIu64 " zero %" PRIu64 " of %" PRIu64 " registers %u others %d\n", r4_sum, zero_flags, conditional,
           registers, others > 20);
    printf("outside %d d0 %d beyond %d time %d\n", qemu_plugin_read_register(pc, score(0)->bytes), d0 != NULL,
           qemu_plugin_scoreboard_find(board, 1000) != NULL, qemu_plugin_request_time_control() != NULL);
    qemu_plugin_update_ns(NULL, 0);
    fflush(stdout);
    qemu_plugin_scoreboard_free(board);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "from=", 5)) {
            from = g_ascii_strtoull(argv[i] + 5, NULL, 0);
        } else if (!strncmp(argv[i], "to=", 3)) {
            to = g_ascii_strtoull(argv[i] + 3, NULL, 0);
        }
    }
    if (info->version.min > QEMU_PLUGIN_VERSION || info->version.cur < QEMU_PLUGIN_VERSION) {
        return -1;
    }
    board = qemu_plugin_scoreboard_new(sizeof(Score));
    blocks = qemu_plugin_scoreboard_u64(board);
    insns = qemu_plugin_scoreboard_u64_in_struct(board, Score, insns);
    loads = qemu_plugin_scoreboard_u64_in_struct(board, Score, loads);
    stores = qemu_plugin_scoreboard_u64_in_struct(board, Score, stores);
    since = qemu_plugin_scoreboard_u64_in_struct(board, Score, since);
    tens = qemu_plugin_scoreboard_u64_in_struct(board, Score, tens);
    qemu_plugin_register_vcpu_init_cb(id, cpu_begins);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated_again);
    qemu_plugin_register_atexit_cb(id, end, NULL);
    return 0;
}

#ifdef __cplusplus
}
#endif
