/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flag pass: which flag results are worth computing, and which of them must reach memory. Works on the caller's
 * block only; no locks. It runs after folding and before back ends see the block; later passes may only remove ops.
 *
 * Problem: ARM code sets N Z C V all the time; most are never read, and most of the rest are read by the next
 * instruction, where the host's EFLAGS still hold them. Writing env->nzcv costs three host instructions, so it should
 * happen only where something really reads memory.
 *
 * Contract with an emitter that keeps flags in EFLAGS:
 *
 *  - setf is pruned to live flags. A flag is live if a reader, a possible exception (FX_RAISE), a helper with HF_RFLAGS
 *    or an exit comes before its next definition. An op with no destination and no live flag disappears; a shift whose
 *    carry is dead needs no helper.
 *  - What the host's flags hold behind an op follows from the back end's rules (IRHostFlags in ir.h; for x86-64 a
 *    column of tcg/x86_64/ops.def). At a label they hold what they hold on all ways there, if they have the same form:
 *    if the same op defined or read them last, for a reader may change it, or if an IR_sub defined them, whose form
 *    never changes. An op whose rule is HOST_LOSES stores the flags it defines at once.
 *  - A reader takes its flags from the host flags if all of them are there, else all of them from memory. For a reader
 *    of the second kind, and for exceptions and helpers, every definition that reaches it has the flag in savef.
 *  - An exit writes those flags to memory that are in the host flags; the others are there already. What it may leave
 *    out on its way to a block that needs fewer (IRBlock.flags_in) is decided when the two are chained, by what that
 *    block is and not by what the text ahead looked like: it may change in between.
 *
 * `arg` of every op without a list becomes the set of flags that are in the host flags when the op starts: what an
 * emitter that tracks by the same rules must find. The interpreter ignores savef and arg: it keeps all flags in memory.
 */
#include "tcg/helper.h"
#include "tcg/ir-info.h"

/* A shift by register that defines C is a call; without, it is an op. */
static void drop_carry(IROp *op)
{
    static const struct { uint8_t helper, opc; } shifts[] = {
        { HELPER_lsl_c, IR_shlv }, { HELPER_lsr_c, IR_shrv }, { HELPER_asr_c, IR_sarv }, { HELPER_ror_c, IR_rorv },
    };

    for (unsigned i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        if (op->imm == shifts[i].helper) {
            op->opc = shifts[i].opc;
            op->imm = 0;
            return;
        }
    }
}

/* Backward: prune setf to live flags; drop ops that then do nothing. */
static void prune(IRBlock *b)
{
    uint8_t at_label[IR_MAX_LABELS], live = F_NZCV;

    for (unsigned i = b->nops; i-- > 0;) {
        IROp *op = &b->ops[i];
        uint8_t defined = op->setf;

        if (ir_op_is_mark(op)) {
            continue;
        }
        if (ir_op_is_exit(op)) {
            live = F_NZCV;
            continue;
        }
        if (op->opc == IR_label) {
            at_label[op->imm] = live;
            continue;
        }
        if (op->opc == IR_br_if) {
            live |= at_label[op->imm];
        }
        if (ir_info(op)->sets) {
            op->setf &= live;
            if (op->setf == 0 && op->d == REF_NONE) {
                op->opc = IR_DELETED;
                continue;
            }
            live &= ~defined;
        }
        if (op->opc == IR_call && op->d != REF_NONE && !(live & F_C)) {
            drop_carry(op);
        }
        live |= ir_op_shows_flags(b, op) | ir_op_reads_flags(op);
    }
    ir_drop_deleted(b);
}

/* Flags in the host's flags register after op, given those before. */
static uint8_t host_flags_after(const uint8_t *rules, const IROp *op, uint8_t before)
{
    switch (rules ? (IRHostFlags)rules[op->opc] : HOST_LOSES) {
    case HOST_KEEPS:
        return before;
    case HOST_KEEPS_IF_READ:
        return ir_op_reads_flags(op) & ~before ? 0 : before;
    case HOST_SETS:
        return op->setf;
    case HOST_KEEPS_OR_LOSES:
        return op->setf ? 0 : before;
    case HOST_SETS_OR_KEEPS:
        return op->setf ? op->setf : before;
    case HOST_LOSES:
        break;
    }
    return 0;
}

typedef struct HostFlags {
    uint8_t have;
    uint16_t form;      /* FORM_SUB, or 1 + index of the op that defined or read them last */
} HostFlags;
enum { FORM_SUB = UINT16_MAX };

static HostFlags join(HostFlags x, HostFlags y)
{
    return (HostFlags) { x.form == y.form ? x.have & y.have : 0, x.form };
}

/* Forward: host_flags[i] = flags in EFLAGS when op i starts. */
static void track_host_flags(const IRBlock *b, const uint8_t *rules, uint8_t *host_flags)
{
    bool seen[IR_MAX_LABELS] = { false };
    HostFlags at_label[IR_MAX_LABELS], now = { 0, 0 };

    for (unsigned i = 0; i < b->nops; i++) {
        const IROp *op = &b->ops[i];

        if (op->opc == IR_label) {
            bool falls_in = i > 0 && !ir_op_is_exit(&b->ops[i - 1]);

            now = !seen[op->imm] ? (HostFlags) { 0, 0 } : falls_in ? join(at_label[op->imm], now) : at_label[op->imm];
            host_flags[i] = now.have;
            continue;
        }
        host_flags[i] = now.have;
        if (ir_op_is_mark(op)) {
            continue;       /* no code */
        }
        now.have = host_flags_after(rules, op, now.have);
        if (op->setf || (ir_op_reads_flags(op) && now.form != FORM_SUB)) {
            now.form = op->opc == IR_sub ? FORM_SUB : (uint16_t)(i + 1);
        }
        if (op->opc == IR_br_if) {
            at_label[op->imm] = seen[op->imm] ? join(at_label[op->imm], now) : now;
            seen[op->imm] = true;
        }
    }
}

/*
 * Backward: which flags must be in memory at each point; a definition saves those that must be after it. Those at the
 * start are what the block needs.
 */
static void place_saves(IRBlock *b, const uint8_t *rules, const uint8_t *host_flags)
{
    uint8_t at_label[IR_MAX_LABELS], memory = F_NZCV;

    for (unsigned i = b->nops; i-- > 0;) {
        IROp *op = &b->ops[i];
        uint8_t reads;

        if (!ir_op_has_list(op)) {
            op->arg = host_flags[i];
        }
        if (ir_op_is_mark(op)) {
            continue;
        }
        if (ir_op_is_exit(op)) {
            memory = F_NZCV & ~host_flags[i];
            continue;
        }
        if (op->opc == IR_label) {
            at_label[op->imm] = memory;
            continue;
        }
        if (op->opc == IR_br_if) {
            memory |= at_label[op->imm];
        }
        reads = ir_op_reads_flags(op);
        if (ir_info(op)->sets) {
            bool always = !rules || rules[op->opc] == HOST_LOSES || rules[op->opc] == HOST_KEEPS_OR_LOSES;

            op->savef = always ? op->setf : op->setf & memory;
            memory &= ~op->setf;
        }
        memory |= ir_op_shows_flags(b, op);
        if (reads & ~host_flags[i]) {
            memory |= reads;
        }
    }
    b->flags_in = memory;
}

void ir_pass_flags(IRBlock *b, const uint8_t *rules)
{
    uint8_t host_flags[IR_MAX_OPS];

    prune(b);
    track_host_flags(b, rules, host_flags);
    place_saves(b, rules, host_flags);
}
