/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX, STREX and stores to watched pages inline; the protocols are those of accel/tcg/excl-monitor.c
 * (docs/exclusives.md).
 *
 * LDREX has no locked instruction: it reads the slot's version, then the value. STREX has one: the compare-and-swap of
 * the version. With one CPU no page is watched, and as long as no device writes memory there are no slots and no locked
 * instruction either (excl-alone.h). Anything unusual (page not watched yet, slot locked, unaligned, big-endian,
 * doubleword) goes to the helpers.
 */
#include "accel/tcg/cpu-state.h"
#include "accel/tcg/excl-alone.h"
#include "accel/tcg/excl-monitor.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "accel/tcg/softtlb-internal.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"

#define JIT(field) emit_env(JIT_OFFSET(field))

enum { STREX_PAUSES = 16 };         /* after a STREX that lost; some 0.2 us */

_Static_assert(sizeof(ExclusiveWatch) == 16, "index shifted by 4");

static void count(Asm *as, int offset)
{
    x_alu_rm_i(as, ALU_ADD, true, emit_env(offset), 1);
}

static void slow_if(Emitter *e, SlowPath *s, X86CC cc)
{
    s->fields[s->nfields++] = x_jcc_fwd(&e->as, cc);
}

/* rdx = slot of the host address in `host`; clobbers rax. */
static void emit_slot(Asm *as, int host)
{
    x_mov_r_rm(as, true, RDX, rm_reg(host));
    x_shift_i(as, SH_SHR, true, rm_reg(RDX), EXCL_GRANULE_BITS);
    x_imul_r_rm_i(as, RDX, rm_reg(RDX), (int32_t)EXCL_HASH);
    x_shift_i(as, SH_SHR, false, rm_reg(RDX), 32 - EXCL_SLOT_BITS);
    x_mov_r_rm(as, true, RAX, JIT(excl_slots));
    x_lea(as, true, RDX, rm_sib(RAX, RDX, 3, 0));
}

/* eax = guest address, checked for alignment; ecx = its page number. */
static void emit_excl_address(Emitter *e, SlowPath *s, const IROp *op, unsigned size)
{
    Asm *as = &e->as;

    emit_load_ref(e, RAX, op->a);
    if (size) {
        x_test8_rm_i(as, rm_reg(RAX), (uint8_t)((1u << size) - 1));
        slow_if(e, s, X_NE);
    }
    x_mov_r_rm(as, false, RCX, rm_reg(RAX));
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), TLB_PAGE_BITS);
}

/* rcx = host address, from the table entry for page ecx and guest address eax. */
static void emit_host_address(Emitter *e, SlowPath *s, int32_t table)
{
    Asm *as = &e->as;

    x_mov_r_rm(as, true, RCX, rm_sib(TLB_REG, RCX, 3, table));
    x_test_rm_r(as, true, rm_reg(RCX), RCX);
    slow_if(e, s, X_LE);
    x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(RAX));
}

/*
 * rcx = host address: if its page is among those that the CPU knows to be watched, its age starts anew. Clobbers rax,
 * rdx.
 */
static void emit_note_ldrex(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    RM watch = rm_mem(RAX, 0);
    uint8_t *zero;

    x_mov_r_rm(as, true, RDX, rm_reg(RCX));
    x_shift_i(as, SH_SHR, true, rm_reg(RDX), TLB_PAGE_BITS);
    x_mov_r_rm(as, false, RAX, rm_reg(RDX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), EXCL_WATCH_SIZE - 1);
    x_shift_i(as, SH_SHL, false, rm_reg(RAX), 4);
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(ENV_REG));
    watch.disp = JIT_OFFSET(excl_watch);
    x_alu_r_rm(as, ALU_CMP, true, RDX, watch);
    slow_if(e, s, X_NE);
    watch.disp += (int)offsetof(ExclusiveWatch, stores);
    x_mov_r_rm(as, true, RAX, watch);
    /* Only if it is not 0: CPUs with exclusives in one page would take the line from each other for nothing. */
    x_movzx16(as, RDX, rm_mem(RAX, 0));
    x_test_rm_r(as, false, rm_reg(RDX), RDX);
    zero = x_jcc_fwd(as, X_E);
    x_mov16_rm_i(as, rm_mem(RAX, 0), 0);
    x_patch(zero, as->p);
}

/* rcx = host address: the reservation's slot, version and size. Clobbers rax, rdx. */
static void emit_take_version(Emitter *e, SlowPath *s, unsigned size)
{
    Asm *as = &e->as;

    emit_slot(as, RCX);
    x_mov_r_rm(as, true, RAX, rm_mem(RDX, 0));
    x_test8_rm_i(as, rm_reg(RAX), 1);
    slow_if(e, s, X_NE);
    x_mov_rm_r(as, true, JIT(excl_slot), RDX);
    x_mov_rm_r(as, true, JIT(excl_version), RAX);
    x_mov_rm_i(as, JIT(excl_size), 1u << size);
}

static void emit_ldrex(Emitter *e, const IROp *op, unsigned size)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_CALL);

    emit_excl_address(e, s, op, size);
    emit_host_address(e, s, 0);
    emit_note_ldrex(e, s);
    emit_take_version(e, s, size);
    x_mov_rm_r(as, true, JIT(excl_host), RCX);
    emit_host_load(as, size, RAX, rm_mem(RCX, 0));
    count(as, JIT_OFFSET(count.ldrex));
    emit_store_ref(e, op->d, RAX);
    s->back = as->p;
}

/* Lock the slot if its version is still the LDREX's, store, unlock with the next version. */
static uint8_t *emit_commit(Emitter *e, const IROp *op, unsigned size)
{
    Asm *as = &e->as;
    uint8_t *fail;

    x_mov_r_rm(as, true, RDX, JIT(excl_slot));
    x_mov_r_rm(as, true, RAX, JIT(excl_version));
    x_lea(as, true, RCX, rm_mem(RAX, 1));
    x_lock(as);
    x_cmpxchg_rm_r(as, true, rm_mem(RDX, 0), RCX);
    fail = x_jcc_fwd(as, X_NE);
    x_mov_r_rm(as, true, RCX, JIT(excl_host));
    emit_load_ref(e, RAX, op->b);
    emit_host_store(as, size, rm_mem(RCX, 0), RAX);
    x_mov_r_rm(as, true, RAX, JIT(excl_version));
    x_alu_rm_i(as, ALU_ADD, true, rm_reg(RAX), 2);
    x_mov_rm_r(as, true, rm_mem(RDX, 0), RAX);
    return fail;
}

/*
 * Somebody was faster. If all CPUs tried again at once, the lines of slot and word would go to and fro; a moment's rest
 * lets the other one through, perhaps several times.
 */
static void emit_rest(Asm *as)
{
    const uint8_t *again;

    x_mov_r_i(as, RCX, STREX_PAUSES);
    again = as->p;
    x_pause(as);
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RCX), 1);
    x_jcc(as, X_NE, again);
}

/* Where the tests of a STREX lead: another address or no reservation, another size, the commit, of which there may be
   two. */
static void emit_count_failure(Asm *as, uint8_t *fail[4])
{
    uint8_t *none, *out[3];

    x_patch(fail[0], as->p);
    x_alu_rm_i(as, ALU_CMP, true, JIT(excl_host), 0);
    none = x_jcc_fwd(as, X_E);
    count(as, JIT_OFFSET(count.strex_address));
    out[0] = x_jmp_fwd(as);
    x_patch(none, as->p);
    count(as, JIT_OFFSET(count.strex_none));
    out[1] = x_jmp_fwd(as);
    x_patch(fail[1], as->p);
    count(as, JIT_OFFSET(count.strex_size));
    out[2] = x_jmp_fwd(as);
    x_patch(fail[2], as->p);
    if (fail[3]) {
        x_patch(fail[3], as->p);
    }
    count(as, JIT_OFFSET(count.strex_stored));
    emit_rest(as);
    for (int i = 0; i < 3; i++) {
        x_patch(out[i], as->p);
    }
}

static void emit_strex(Emitter *e, const IROp *op, unsigned size)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_CALL);
    uint8_t *fail[4] = { NULL }, *done;

    emit_excl_address(e, s, op, size);
    x_mov_r_rm(as, false, RDX, rm_sib(TLB_REG, RCX, 3, (int32_t)TLB_WRITE_OFFSET));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RDX), TLB_SLOW_REASONS);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RDX), TLB_SLOW_RAM | TLB_SLOW_WATCHED);
    slow_if(e, s, X_NE);
    emit_host_address(e, s, 0);
    x_alu_r_rm(as, ALU_CMP, true, RCX, JIT(excl_host));
    fail[0] = x_jcc_fwd(as, X_NE);
    x_alu_rm_i(as, ALU_CMP, false, JIT(excl_size), 1 << size);
    fail[1] = x_jcc_fwd(as, X_NE);
    fail[2] = emit_commit(e, op, size);
    count(as, JIT_OFFSET(count.strex_ok));
    x_mov_r_i(as, RAX, 0);
    done = x_jmp_fwd(as);
    emit_count_failure(as, fail);
    x_mov_r_i(as, RAX, 1);
    x_patch(done, as->p);
    x_mov_r_i(as, RCX, 0);
    x_mov_rm_r(as, true, JIT(excl_host), RCX);
    emit_store_ref(e, op->d, RAX);
    s->back = as->p;
}

/* ---- one CPU ---- */

/* rcx = host address of the operation's `a`; else to the helper. */
static void emit_alone_address(Emitter *e, SlowPath *helper, const IROp *op, bool store, unsigned size)
{
    Loc a = emit_loc(e, op->a);
    int addr = a.kind == LOC_REG ? a.reg : RAX;

    emit_load_ref(e, addr, op->a);
    emit_table_entry(e, addr, store, size);
    slow_if(e, helper, X_LE);
    x_alu_r_rm(&e->as, ALU_ADD, true, RCX, rm_reg(addr));
}

/* What is rare is behind the block: s[0], emit_slow_exclusive(). s[1] calls the helper. */
static void emit_ldrex_alone(Emitter *e, const IROp *op, unsigned size)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_EXCLUSIVE), *helper = emit_slow(e, SLOW_CALL);
    Loc d = emit_loc(e, op->d);
    int reg = d.kind == LOC_REG ? d.reg : RAX;

    emit_alone_address(e, helper, op, false, size);
    x_alu_rm_i(as, ALU_CMP, false, JIT(excl_shared), EXCL_ALONE);
    slow_if(e, s, X_NE);
    x_mov_rm_i(as, JIT(excl_size), 1u << size | EXCL_UNSLOTTED);
    s->back = as->p;
    x_mov_rm_r(as, true, JIT(excl_host), RCX);
    emit_host_load(as, size, reg, rm_mem(RCX, 0));
    count(as, JIT_OFFSET(count.ldrex));
    emit_store_ref(e, op->d, reg);
    helper->back = as->p;
}

static void emit_strex_alone(Emitter *e, const IROp *op, unsigned size)
{
    Asm *as = &e->as;
    SlowPath *s = emit_slow(e, SLOW_EXCLUSIVE), *helper = emit_slow(e, SLOW_CALL);

    emit_alone_address(e, helper, op, true, size);
    x_alu_r_rm(as, ALU_CMP, true, RCX, JIT(excl_host));
    slow_if(e, s, X_NE);
    x_alu_rm_i(as, ALU_CMP, false, JIT(excl_size), 1 << size | EXCL_UNSLOTTED);
    slow_if(e, s, X_NE);
    emit_load_ref(e, RAX, op->b);
    x_call(as, emit_thunk(e, x86_layout.strex[size]));
    slow_if(e, s, X_NE);
    s->back = as->p;
    count(as, JIT_OFFSET(count.strex_ok));
    x_mov_r_i(as, RAX, 0);
    x_mov_rm_r(as, true, JIT(excl_host), RAX);
    emit_store_ref(e, op->d, RAX);
    helper->back = as->p;
}

/* rcx = host address. By the slot, or what became of the reservation. */
static void emit_slow_strex(Emitter *e, SlowPath *s, SlowPath *helper, unsigned size)
{
    Asm *as = &e->as;
    uint8_t *fail[4];

    x_alu_r_rm(as, ALU_CMP, true, RCX, JIT(excl_host));
    fail[0] = x_jcc_fwd(as, X_NE);
    x_alu_rm_i(as, ALU_CMP, false, JIT(excl_size), 1 << size | EXCL_UNSLOTTED);
    fail[3] = x_jcc_fwd(as, X_E);
    x_alu_rm_i(as, ALU_CMP, false, JIT(excl_size), 1 << size);
    fail[1] = x_jcc_fwd(as, X_NE);
    x_alu_rm_i(as, ALU_SUB, false, JIT(excl_patience), 1);
    slow_if(e, helper, X_S);
    fail[2] = emit_commit(e, s->op, size);
    x_jmp(as, s->back);
    emit_count_failure(as, fail);
    x_mov_r_i(as, RAX, 1);
    x_mov_r_i(as, RCX, 0);
    x_mov_rm_r(as, true, JIT(excl_host), RCX);
    emit_store_ref(e, s->op->d, RAX);
    x_jmp(as, helper->back);
}

void emit_slow_exclusive(Emitter *e, SlowPath *s)
{
    bool load = s->op->imm == HELPER_ldrex;
    unsigned size = ir_const_value(e->b, load ? s->op->b : s->op->c) & MEM_SIZE;

    if (load) {
        emit_take_version(e, s + 1, size);
        x_jmp(&e->as, s->back);
    } else {
        emit_slow_strex(e, s, s + 1, size);
    }
}

bool emit_exclusive(Emitter *e, const IROp *op)
{
    bool load = op->imm == HELPER_ldrex;
    uint32_t mem;

    if (!load && op->imm != HELPER_strex) {
        return false;
    }
    mem = ir_const_value(e->b, load ? op->b : op->c);
    if ((mem & MEM_SIZE) == 3 || (mem & (MEM_BE | MEM_USER)) || accel_options.exclusive_snapshot || icount_on) {
        return false;
    }
    if (cpu_count > 1) {
        (load ? emit_ldrex : emit_strex)(e, op, mem & MEM_SIZE);
    } else {
        (load ? emit_ldrex_alone : emit_strex_alone)(e, op, mem & MEM_SIZE);
    }
    emit_xmm_forget_all(e);
    emit_flags_clobber(e);
    return true;
}

/* JITState.slow_val to the host address in rax; of 1, 2 or 4 bytes as slow_mem says. Clobbers ecx. */
static void emit_sized_store(Asm *as)
{
    uint8_t *byte, *half, *done[2];

    x_mov_r_rm(as, false, RCX, JIT(slow_val));
    x_alu_rm_i(as, ALU_CMP, false, JIT(slow_mem), 1);
    byte = x_jcc_fwd(as, X_B);
    half = x_jcc_fwd(as, X_E);
    emit_host_store(as, 2, rm_mem(RAX, 0), RCX);
    done[0] = x_jmp_fwd(as);
    x_patch(half, as->p);
    emit_host_store(as, 1, rm_mem(RAX, 0), RCX);
    done[1] = x_jmp_fwd(as);
    x_patch(byte, as->p);
    emit_host_store(as, 0, rm_mem(RAX, 0), RCX);
    x_patch(done[0], as->p);
    x_patch(done[1], as->p);
}

/*
 * ecx = guest address, JITState.slow_val = value, JITState.slow_mem = MEM_*: plain, aligned, to a page that is special
 * only because it is watched. Returns from the thunk, or goes on behind with nothing changed. r15 = tables.
 */
void emit_watched_store(Asm *as)
{
    uint8_t *full, *other_slot, *undo[6];

    if (icount_on) {
        return;                 /* the C code knows how to end reservations */
    }
    x_alu_rm_i(as, ALU_CMP, false, JIT(slow_mem), 2);
    full = x_jcc_fwd(as, X_A);
    x_push(as, RAX);
    x_push(as, RDX);
    /* First what sends registers of devices on. */
    x_mov_r_rm(as, false, RAX, rm_reg(RCX));
    x_shift_i(as, SH_SHR, false, rm_reg(RAX), TLB_PAGE_BITS);
    x_mov_r_rm(as, false, RDX, rm_sib(TLB_REG, RAX, 3, (int32_t)TLB_WRITE_OFFSET));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RDX), TLB_SLOW_REASONS);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RDX), TLB_SLOW_RAM | TLB_SLOW_WATCHED);
    undo[0] = x_jcc_fwd(as, X_NE);
    x_mov_r_rm(as, true, RAX, rm_sib(TLB_REG, RAX, 3, 0));
    /* log2 of the size: 0, 1, 2; the bits of the address that are to be 0: 0, 1, 3 */
    x_mov_r_rm(as, false, RDX, JIT(slow_mem));
    x_shift_i(as, SH_SHR, false, rm_reg(RDX), 1);
    x_alu_r_rm(as, ALU_ADD, false, RDX, JIT(slow_mem));
    x_test_rm_r(as, false, rm_reg(RCX), RDX);
    undo[5] = x_jcc_fwd(as, X_NE);
    x_test_rm_r(as, true, rm_reg(RAX), RAX);
    undo[1] = x_jcc_fwd(as, X_LE);
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(RCX));
    x_mov_rm_r(as, true, JIT(slow_val2), RAX);
    emit_slot(as, RAX);
    /* The CPU's own reservation: the C code knows how to keep it. One that is over names its slot still. */
    x_alu_r_rm(as, ALU_CMP, true, RDX, JIT(excl_slot));
    other_slot = x_jcc_fwd(as, X_NE);
    x_alu_rm_i(as, ALU_CMP, true, JIT(excl_host), 0);
    undo[2] = x_jcc_fwd(as, X_NE);
    x_patch(other_slot, as->p);
    x_alu_rm_i(as, ALU_SUB, false, JIT(watch_budget), 1);
    undo[3] = x_jcc_fwd(as, X_S);
    x_mov_r_rm(as, true, RAX, rm_mem(RDX, 0));
    x_alu_rm_i(as, ALU_AND, true, rm_reg(RAX), -2);     /* a locked slot fails the comparison */
    x_push(as, RCX);
    x_lea(as, true, RCX, rm_mem(RAX, 1));
    x_lock(as);
    x_cmpxchg_rm_r(as, true, rm_mem(RDX, 0), RCX);
    x_pop(as, RCX);
    undo[4] = x_jcc_fwd(as, X_NE);
    x_mov_r_rm(as, true, RAX, JIT(slow_val2));
    emit_sized_store(as);
    x_mov_r_rm(as, true, RAX, rm_mem(RDX, 0));
    x_alu_rm_i(as, ALU_ADD, true, rm_reg(RAX), 1);
    x_mov_rm_r(as, true, rm_mem(RDX, 0), RAX);
    x_pop(as, RDX);
    x_pop(as, RAX);
    x_ret(as);
    for (int i = 0; i < 6; i++) {
        x_patch(undo[i], as->p);
    }
    x_pop(as, RDX);
    x_pop(as, RAX);
    x_patch(full, as->p);
}
