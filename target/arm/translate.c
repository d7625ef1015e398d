/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translator's driver: guest instructions of one page -> one IR block. It fetches, decodes, wraps an
 * instruction in its condition, calls the row's handler and decides where the block ends. Thread-private: works on
 * the caller's IRBlock and on constant tables.
 *
 * Conditions. An instruction whose condition is not AL stands in a skip region: `br_if !cc, L; ...; L:`. The region
 * stays open over following instructions with the same condition until one of them has written the flags. A
 * conditional instruction that leaves the block by an indirect exit does not end it: translation goes on behind the
 * join point. So it does behind a conditional jump forwards, which is not taken more often than not: flags, VFP values
 * and pages of memory are known there, and another block would have to begin without. A jump backwards mostly is
 * taken.
 */
#include "target/arm/decode.h"
#include "target/arm/translate-internal.h"
#include "tcg/ir-info.h"

enum {
    LIVE_INSNS = 12,        /* how far arm_flags_live_at() looks */
    LITERAL_INSNS = 16,     /* how far literal_ahead() looks */
    MAX_SIDE_EXITS = 2,     /* that leaves the back end's chained jumps (TB_JUMPS) two for the block's end */
};

bool arm_count_blocks;
bool arm_end_at_jumps;

static uint32_t fetch32(const uint8_t *code_page, uint32_t pc)
{
    const uint8_t *p = code_page + (pc & 0xffc);

    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t fetch16(const uint8_t *code_page, uint32_t pc)
{
    const uint8_t *p = code_page + (pc & 0xffe);

    return p[0] | p[1] << 8;
}

static void close_skip(DisasContext *s)
{
    if (s->skip_cond != CC_AL) {
        ir_emit(s->b, IR_label, REF_NONE, REF_NONE, REF_NONE, s->skip_label);
        s->skip_cond = CC_AL;
    }
}

void gen_skip_unless(DisasContext *s, unsigned cc)
{
    if (cc >= CC_AL || s->skip_cond == cc) {
        return;
    }
    close_skip(s);
    s->skip_label = ir_label(s->b);
    s->skip_cond = cc;
    ir_emit(s->b, IR_br_if, REF_NONE, REF_NONE, REF_NONE, s->skip_label)->cc = cc ^ 1;
}

/* Did the ops from number `first` on write any of N Z C V? */
static bool wrote_flags(const IRBlock *b, int first)
{
    for (int i = first; i < b->nops; i++) {
        if (b->ops[i].setf || (ir_op_effects(&b->ops[i]) & FX_FLAGS_WRITE)) {
            return true;
        }
    }
    return false;
}

/* The text behind the instruction loads literals, soon and before it branches. */
static bool literal_ahead(const DisasContext *s)
{
    uint32_t pc = s->next_pc;

    for (int i = 0; i < LITERAL_INSNS && s_within_reach(s, pc); i++) {
        uint32_t insn = s->thumb ? fetch16(s->code_page, pc) : fetch32(s->code_page, pc);

        if (s->thumb ? (insn & 0xf800) == 0x4800                        /* ldr rd, [pc, #] */
                     : (insn & 0x0f7f0000) == 0x051f0000 ||             /* ldr rd, [pc, #] */
                       (insn & 0x0f3f0e00) == 0x0d1f0a00) {             /* vldr */
            return true;
        }
        if (s->thumb ? insn >> 12 >= 13 : (insn & 0x0e000000) == 0x0a000000) {
            return false;
        }
        pc += s->thumb ? 2 : 4;
    }
    return false;
}

/*
 * The instruction's conditional jump, the last op, does not end the block. Plugins and counted instructions are told of
 * blocks as the guest's text has them: one way in, one out.
 */
static bool may_go_on(DisasContext *s)
{
    const IROp *jump = &s->b->ops[s->b->nops - 2];      /* the label is behind it */

    if (jump->n || arm_end_at_jumps || arm_count_blocks || s->side_exits == MAX_SIDE_EXITS) {
        return false;
    }
    if (!gen_takes_literals(s) && literal_ahead(s)) {
        return false;           /* the next block can have them as constants */
    }
    s->side_exits++;
    return true;
}

static void translate_insn(DisasContext *s)
{
    const DecodeRow *row;
    int first;

    s->cond = CC_AL;
    if (s->thumb) {
        s->insn = fetch16(s->code_page, s->pc);
        s->next_pc = s->pc + 2;
        row = decode_t16(s->insn);
    } else {
        s->insn = fetch32(s->code_page, s->pc);
        s->next_pc = s->pc + 4;
        row = decode_a32(s->insn);
        if (s->insn >> 28 < CC_AL) {
            s->cond = s->insn >> 28;
        }
    }

    if (s->skip_cond != s->cond || (s->flags & TBF_COUNT) || s->instrument) {
        close_skip(s);
    }
    ir_emit(s->b, IR_insn_start, REF_NONE, REF_NONE, REF_NONE, s->pc | s->thumb);
    if (s->flags & TBF_COUNT) {
        /* One whose condition fails counts, too: this stands in no skip region. */
        gen_counted(s, COUNTED_INSNS, 1);
        if (gen_is_branch(s)) {
            gen_counted(s, COUNTED_BRANCHES, 1);
        }
    }
    if (s->instrument) {
        gen_instrument_insn(s);
    }
    first = s->b->nops;
    s->end = END_NONE;
    if (!row || !(row->info & I_OWN_COND)) {
        gen_skip_unless(s, s->cond);
    }
    if (!row || !row->trans(s, s->insn)) {
        gen_skip_unless(s, s->cond);
        gen_raise(s, EXCP_UNDEF, 0);
    }
    if (s->skip_cond != CC_AL && (s->end != END_NONE || wrote_flags(s->b, first))) {
        close_skip(s);
        if (s->end == END_JMP && !may_go_on(s)) {
            /* The condition failed. */
            gen_exit_jmp(s, s_next(s));
        } else {
            s->end = END_NONE;
        }
    }
}

static void translate(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns, bool literals,
                      const Instrument *instrument)
{
    DisasContext s = {
        .b = b,
        .instrument = instrument,
        .take_literals = literals && max_insns > 1,
        .code_page = code_page,
        .flags = flags,
        .max_insns = max_insns,
        .thumb = pc & 1,
        .skip_cond = CC_AL,
    };
    uint32_t start;

    /* BX to an address with bits 1:0 = 2 is UNPREDICTABLE; the word is fetched from the aligned address. */
    s.pc = s.thumb ? pc & ~1u : pc & ~3u;
    start = s.start = s.depend_end = s.pc;
    ir_reset(b, pc, flags);
    if (arm_count_blocks) {
        ir_emit(b, IR_budget, REF_NONE, REF_NONE, REF_NONE, 0);
    }
    for (;;) {
        translate_insn(&s);
        b->guest_insns++;
        s.index++;
        if (s.end != END_NONE) {
            break;
        }
        if ((int)b->guest_insns >= max_insns || !s_within_reach(&s, s.next_pc) || ir_nearly_full(b)) {
            close_skip(&s);
            gen_exit_jmp(&s, s_next(&s));
            break;
        }
        s.pc = s.next_pc;
    }
    if (arm_count_blocks) {
        b->ops[0].imm = b->guest_insns;
    }
    b->guest_bytes = s.next_pc - start;
    b->depend_bytes = (s.depend_end - s.next_pc < 4096 ? s.depend_end : s.next_pc) - start;
}

void arm_translate(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns)
{
    translate(b, pc, flags, code_page, max_insns, true, NULL);
}

void arm_translate_with_data(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns)
{
    translate(b, pc, flags, code_page, max_insns, false, NULL);
}

void arm_translate_instrumented(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, bool has_data,
                                const Instrument *instrument)
{
    translate(b, pc, flags, code_page, (int)instrument->max_insns, !has_data, instrument);
}

/* Flags that condition cc reads. */
static uint8_t cond_reads(unsigned cc)
{
    return cc < CC_AL ? ir_cc_flags(cc) : 0;
}

/* True if an operand field of the A32 row (a whole nibble of letters) names PC. */
static bool names_pc(const DecodeRow *row, uint32_t insn)
{
    for (unsigned lo = 0; lo < 20; lo += 4) {
        if (!(row->mask >> lo & 15) && (insn >> lo & 15) == 15) {
            return true;
        }
    }
    return false;
}

/*
 * What the instruction needs and defines: *reads and *writes are F_* masks; writes has only what is written for
 * certain. False: the instruction may raise, leave the block or use the flags in a way the rows do not describe.
 */
static bool flag_effect(const DecodeRow *row, uint32_t insn, bool thumb, uint8_t *reads, uint8_t *writes)
{
    unsigned info = row->info & I_FLAGS;
    bool sets;

    *reads = *writes = 0;
    if (info == I_STOP) {
        return false;
    }
    if (thumb) {
        /* ADD and MOV of high registers may write PC. */
        if ((insn & 0xfc87) == 0x4487 && (insn & 0x0300) != 0x0100) {
            return false;
        }
        sets = true;
    } else {
        bool dp_imm_shift = field(insn, 25, 3) == 1 || (field(insn, 25, 3) == 0 && !bit(insn, 4));

        /* Data processing may read PC with all but register shifts; writing it ends the block. */
        if (dp_imm_shift && info != I_PURE ? field(insn, 12, 4) == 15 : names_pc(row, insn)) {
            return false;
        }
        if (field(insn, 25, 3) == 0 && (insn & 0xff0) == 0x060) {
            *reads |= F_C;      /* RRX */
        }
        sets = bit(insn, 20);
    }
    if (info == I_CARRY) {
        *reads |= F_C;
    }
    if (info != I_PURE && sets) {
        *writes = info == I_LOGIC ? F_NZ : F_NZCV;
    }
    return true;
}

uint8_t arm_flags_live_at(uint32_t pc, uint32_t flags, const uint8_t *code_page)
{
    bool thumb = pc & 1;
    uint8_t live = 0, dead = 0;     /* disjoint; the rest is undecided */
    uint32_t start;

    pc &= thumb ? ~1u : ~3u;
    start = pc;
    for (int i = 0; i < LIVE_INSNS && (pc ^ start) >> arm_tb_reach_bits(flags) == 0; i++) {
        uint32_t insn = thumb ? fetch16(code_page, pc) : fetch32(code_page, pc);
        const DecodeRow *row = thumb ? decode_t16(insn) : decode_a32(insn);
        unsigned cc = thumb ? CC_AL : insn >> 28;
        uint8_t reads, writes;

        live |= cond_reads(cc) & ~dead;
        if (!row || !flag_effect(row, insn, thumb, &reads, &writes)) {
            break;
        }
        live |= reads & ~dead;
        if (cc >= CC_AL) {
            dead |= writes & ~live;
        }
        if ((live | dead) == F_NZCV) {
            return live;
        }
        pc += thumb ? 2 : 4;
    }
    return F_NZCV & ~dead;
}
