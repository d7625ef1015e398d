/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block as plugins see it while it is translated: its instructions, and what they want of them. Each thread has one,
 * which is used again for the next block; what is wanted points into it until then.
 */
#include <string.h>
#include "plugins/plugin-internal.h"
#include "qemu/disas.h"
#include "qemu/log.h"
#include "qemu/symbols.h"

struct qemu_plugin_insn {
    struct qemu_plugin_tb *tb;
    unsigned index;
    GArray *exec, *access;      /* of InstrumentAction */
};

struct qemu_plugin_tb {
    const InstrumentBlock *block;
    GArray *exec;
    bool wanted;
    int version;                /* of the interface, that the plugin is made for which is asked now */
    struct qemu_plugin_insn insn[BLOCK_MAX_INSNS];
    InstrumentInsn out[BLOCK_MAX_INSNS];
};

static _Thread_local struct qemu_plugin_tb *this_block;

static GArray *new_list(void)
{
    return g_array_new(false, false, sizeof(InstrumentAction));
}

static struct qemu_plugin_tb *begin(const InstrumentBlock *block)
{
    struct qemu_plugin_tb *tb = this_block;

    if (!tb) {
        tb = this_block = g_new0(struct qemu_plugin_tb, 1);
        tb->exec = new_list();
        for (unsigned i = 0; i < BLOCK_MAX_INSNS; i++) {
            tb->insn[i] = (struct qemu_plugin_insn) { .tb = tb, .index = i, .exec = new_list(), .access = new_list() };
        }
    }
    tb->block = block;
    tb->wanted = false;
    g_array_set_size(tb->exec, 0);
    for (unsigned i = 0; i < block->ninsns; i++) {
        g_array_set_size(tb->insn[i].exec, 0);
        g_array_set_size(tb->insn[i].access, 0);
    }
    return tb;
}

static bool is_shared_counter(const InstrumentAction *a)
{
    return a->kind != INSTRUMENT_CALL && !a->stride;
}

/* As registered; but counters of all CPUs, which nothing in a list depends on, come first, where they cost least. */
static void add(struct qemu_plugin_tb *tb, GArray *list, const InstrumentAction *a)
{
    unsigned at = 0;

    while (at < list->len &&
           (!is_shared_counter(a) || is_shared_counter(&g_array_index(list, InstrumentAction, at)))) {
        at++;
    }
    g_array_insert_val(list, at, *a);
    tb->wanted = true;
}

static InstrumentList out(GArray *list)
{
    return (InstrumentList) { .action = (const InstrumentAction *)(const void *)list->data, .n = list->len };
}

bool plugin_translate(const InstrumentBlock *block, Instrument *in)
{
    const EventList *l = plugin_event(EVENT_TRANSLATE);
    struct qemu_plugin_tb *tb;

    if (!l || !l->n) {
        return false;
    }
    tb = begin(block);
    for (unsigned i = 0; i < l->n; i++) {
        tb->version = plugin_version(l->function[i].id);
        l->function[i].translate(l->function[i].id, tb);
    }
    for (unsigned i = 0; i < block->ninsns; i++) {
        tb->out[i] = (InstrumentInsn) { .exec = out(tb->insn[i].exec), .access = out(tb->insn[i].access) };
    }
    in->exec = out(tb->exec);
    in->insn = tb->out;
    return tb->wanted;
}

/* ---- asked by plugins ---- */

static unsigned offset(const struct qemu_plugin_insn *insn)
{
    return insn->tb->block->offset[insn->index];
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
    return tb->block->ninsns;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
    return tb->block->pc & (tb->block->pc & 1 ? ~1u : ~3u);
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx)
{
    return idx < tb->block->ninsns ? (struct qemu_plugin_insn *)&tb->insn[idx] : NULL;
}

const void *qemu_plugin_insn_text(const struct qemu_plugin_insn *insn)
{
    return insn->tb->block->code + offset(insn);
}

/*
 * Up to version 2 it had one argument, and its value was where the bytes are; a plugin that was compiled so calls this.
 * The host's conventions pass both in the same way: a register for the first argument and for the value.
 */
size_t (qemu_plugin_insn_data)(const struct qemu_plugin_insn *insn, void *dest, size_t len)
{
    const void *text = qemu_plugin_insn_text(insn);

    if (insn->tb->version < 3) {
        return (size_t)(uintptr_t)text;
    }
    len = MIN(len, qemu_plugin_insn_size(insn));
    memcpy(dest, text, len);
    return len;
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
    return insn->tb->block->offset[insn->index + 1] - offset(insn);
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
    return (uint32_t)(qemu_plugin_tb_vaddr(insn->tb) + offset(insn));
}

void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn)
{
    const uint8_t *host = insn->tb->block->host;

    return host ? (void *)(uintptr_t)(host + offset(insn)) : NULL;
}

char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn)
{
    return disas_guest_insn((uint32_t)qemu_plugin_insn_vaddr(insn) | (insn->tb->block->pc & 1),
                            qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
}

const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn)
{
    return symbols_find((uint32_t)qemu_plugin_insn_vaddr(insn));
}

/* ---- wanted by plugins ---- */

static void add_counter(struct qemu_plugin_tb *tb, GArray *list, unsigned accesses, enum qemu_plugin_op op, void *ptr,
                        uint64_t imm)
{
    InstrumentAction a = { .kind = INSTRUMENT_ADD, .accesses = (uint8_t)accesses, .counter = ptr, .amount = imm };

    if (op != QEMU_PLUGIN_INLINE_ADD_U64) {
        error_exit("a plugin wants inline operation %d, which there is not", (int)op);
    }
    add(tb, list, &a);
}

/* A CPU's own, in a scoreboard. */
static void add_own_counter(struct qemu_plugin_tb *tb, GArray *list, unsigned accesses, enum qemu_plugin_op op,
                            qemu_plugin_u64 entry, uint64_t imm)
{
    InstrumentAction a = {
        .kind = op == QEMU_PLUGIN_INLINE_STORE_U64 ? INSTRUMENT_STORE : INSTRUMENT_ADD, .accesses = (uint8_t)accesses,
        .counter = plugin_entry(entry, 0), .stride = plugin_entry_stride(entry), .amount = imm,
    };

    if (op != QEMU_PLUGIN_INLINE_ADD_U64 && op != QEMU_PLUGIN_INLINE_STORE_U64) {
        error_exit("a plugin wants inline operation %d, which there is not", (int)op);
    }
    add(tb, list, &a);
}

static void add_exec(struct qemu_plugin_tb *tb, GArray *list, qemu_plugin_vcpu_udata_cb_t cb,
                     enum qemu_plugin_cb_flags flags, void *data)
{
    InstrumentAction a = { .regs = flags != QEMU_PLUGIN_CB_NO_REGS, .exec = cb, .data = data };

    if (cb) {
        add(tb, list, &a);
    }
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *userdata)
{
    add_exec(tb, tb->exec, cb, flags, userdata);
}

void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *ptr,
                                              uint64_t imm)
{
    add_counter(tb, tb->exec, 0, op, ptr, imm);
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *userdata)
{
    add_exec(insn->tb, insn->exec, cb, flags, userdata);
}

void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_op op, void *ptr,
                                                uint64_t imm)
{
    add_counter(insn->tb, insn->exec, 0, op, ptr, imm);
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw, void *userdata)
{
    InstrumentAction a = {
        .regs = flags != QEMU_PLUGIN_CB_NO_REGS, .accesses = rw & QEMU_PLUGIN_MEM_RW, .access = cb, .data = userdata,
    };

    if (cb) {
        add(insn->tb, insn->access, &a);
    }
}

void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_mem_rw rw,
                                          enum qemu_plugin_op op, void *ptr, uint64_t imm)
{
    add_counter(insn->tb, insn->access, rw & QEMU_PLUGIN_MEM_RW, op, ptr, imm);
}

/* ---- of a CPU's own values (scoreboard.c) ---- */

static void add_exec_if(struct qemu_plugin_tb *tb, GArray *list, qemu_plugin_vcpu_udata_cb_t cb,
                        enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond, qemu_plugin_u64 entry,
                        uint64_t imm, void *data)
{
    static const uint8_t conds[] = {
        [QEMU_PLUGIN_COND_ALWAYS] = INSTRUMENT_ALWAYS, [QEMU_PLUGIN_COND_EQ] = INSTRUMENT_EQ,
        [QEMU_PLUGIN_COND_NE] = INSTRUMENT_NE, [QEMU_PLUGIN_COND_LT] = INSTRUMENT_LT,
        [QEMU_PLUGIN_COND_LE] = INSTRUMENT_LE, [QEMU_PLUGIN_COND_GT] = INSTRUMENT_GT,
        [QEMU_PLUGIN_COND_GE] = INSTRUMENT_GE,
    };
    InstrumentAction a = { .regs = flags != QEMU_PLUGIN_CB_NO_REGS, .exec = cb, .data = data };

    if ((unsigned)cond >= G_N_ELEMENTS(conds)) {
        error_exit("a plugin wants condition %d, which there is not", (int)cond);
    }
    if (!cb || cond == QEMU_PLUGIN_COND_NEVER) {
        return;
    }
    a.cond = conds[cond];
    if (a.cond != INSTRUMENT_ALWAYS) {
        a.tested = plugin_entry(entry, 0);
        a.stride = plugin_entry_stride(entry);
        a.limit = imm;
    }
    add(tb, list, &a);
}

void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                               enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond,
                                               qemu_plugin_u64 entry, uint64_t imm, void *userdata)
{
    add_exec_if(tb, tb->exec, cb, flags, cond, entry, imm, userdata);
}

void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t cb,
                                                 enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond,
                                                 qemu_plugin_u64 entry, uint64_t imm, void *userdata)
{
    add_exec_if(insn->tb, insn->exec, cb, flags, cond, entry, imm, userdata);
}

void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
                                                       qemu_plugin_u64 entry, uint64_t imm)
{
    add_own_counter(tb, tb->exec, 0, op, entry, imm);
}

void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, enum qemu_plugin_op op,
                                                         qemu_plugin_u64 entry, uint64_t imm)
{
    add_own_counter(insn->tb, insn->exec, 0, op, entry, imm);
}

void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn, enum qemu_plugin_mem_rw rw,
                                                   enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm)
{
    add_own_counter(insn->tb, insn->access, rw & QEMU_PLUGIN_MEM_RW, op, entry, imm);
}
