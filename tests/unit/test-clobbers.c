/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of tcg/x86_64/ops.def against the machine code. Random blocks are emitted; a disassembler says which
 * registers each op's code writes, its slow path's included: no others than its destinations and those it declares.
 * EFLAGS must hold what the flag pass expects by the last column. Every op must occur. With arguments: rounds, first
 * seed.
 */
#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cpu-state.h"
#include "target/arm/decode.h"
#include "target/arm/translate.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/ir-random.h"

enum { PAGE = 4096, BUFFER_BYTES = 2 << 20, MAX_REPORTS = 5 };

static IRBlock block;
static uint8_t page[PAGE];
static CodeBuffer buffers[2];       /* for one CPU, for several */
static csh disassembler;
static cs_insn *insn;
static unsigned seen[IR_NB_OPS], reports;

/* Bit n: host register n; capstone has a name for each size. */
static unsigned register_bit(unsigned reg)
{
    static const uint16_t names[16][5] = {
        { X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH },
        { X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH },
        { X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH },
        { X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH },
        { X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL },
        { X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL },
        { X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL },
        { X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL },
        { X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B },
        { X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B },
        { X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B },
        { X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B },
        { X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B },
        { X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B },
        { X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B },
        { X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B },
    };

    for (int n = 0; n < 16; n++) {
        for (int k = 0; k < 5; k++) {
            if (names[n][k] && names[n][k] == reg) {
                return 1u << n;
            }
        }
    }
    return 0;
}

/* Registers written by the code from `p` to `end`; ~0 if it cannot be read. */
static unsigned written(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t)(end - p);
    uint64_t address = 0;
    unsigned mask = 0;

    while (left) {
        cs_regs reads, writes;
        uint8_t nreads, nwrites;

        if (!cs_disasm_iter(disassembler, &p, &left, &address, insn) ||
            cs_regs_access(disassembler, insn, reads, &nreads, writes, &nwrites) != CS_ERR_OK) {
            return ~0u;
        }
        /* A call comes back with the stack as it was. */
        for (int i = 0; i < nwrites && insn->id != X86_INS_CALL; i++) {
            mask |= register_bit(writes[i]);
        }
    }
    return mask;
}

/* rdx, if page r is there. */
static unsigned page_register(const Emitter *e, IRRef r)
{
    Loc where = { .kind = LOC_MEM };

    return ref_is_page(r) && emit_page_place(e, r, &where) && where.kind == LOC_REG ? 1u << where.reg : 0;
}

/* rdx, if a page that is used behind op i is there. */
static unsigned kept(const Emitter *e, int i)
{
    unsigned mask = 0;

    for (unsigned n = 0; n < block.npages; n++) {
        bool found = false;

        for (int k = 0; k < i && !found; k++) {
            found = block.ops[k].opc == IR_page && block.ops[k].d == REF_P0 + n;
        }
        mask |= found && e->page_last[n] > i ? page_register(e, (IRRef)(REF_P0 + n)) : 0;
    }
    return mask;
}

/* Host registers that op may write: its results' and those it declares. */
static unsigned allowed(const Emitter *e, const IROp *op)
{
    IROperands it = ir_operands(&block, op, IR_DEFS);
    uint8_t clobbers = x86_op_info[op->opc].clobbers;
    unsigned mask = 1u << RCX;

    mask |= clobbers & USE_RAX || op->savef ? 1u << RAX : 0;
    mask |= clobbers & USE_RDX ? 1u << RDX : 0;
    while (ir_next_operand(&it)) {
        bool other = *it.ref == REF_NONE || ref_is_ftemp(*it.ref) || ref_is_page(*it.ref);
        Loc l = other ? (Loc) { .kind = LOC_MEM } : emit_loc(e, *it.ref);

        mask |= page_register(e, *it.ref);
        mask |= l.kind == LOC_REG ? 1u << l.reg : 0;
    }
    if (ir_op_effects(op) & FX_HELPER) {
        /* Arguments are in caller-saved registers, the guest's in them are saved and restored; tables may change. */
        mask |= 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 | 1u << R11 | 1u << TLB_REG;
    }
    return mask;
}

static bool report(const char *what, const IROp *op, unsigned registers)
{
    if (reports++ < MAX_REPORTS) {
        printf("# %s %s: registers %#x\n", ir_info(op)->name, what, registers);
    }
    return false;
}

static bool check_op(const Emitter *e, int i)
{
    const IROp *op = &block.ops[i];
    const uint8_t *code = e->tb->code;
    unsigned may = allowed(e, op), does = written(code + e->at[i].code, code + e->at[i + 1].code);

    if (i + 1 < block.nops && e->at[i + 1].code == e->at[i + 2].code) {
        /* Perhaps the code of two ops together. */
        may |= allowed(e, op + 1);
    }
    may &= ~kept(e, i);
    if (does & ~may) {
        return report("writes what it does not declare", op, does & ~may);
    }
    /* A label has what its jump brought along. */
    if (op->opc != IR_label && !ir_op_has_list(op) && (op->arg & ~e->at[i].flags)) {
        return report("finds fewer flags in EFLAGS than the flag pass expects", op, 0);
    }
    return true;
}

static bool check_slow_path(const Emitter *e, int k)
{
    const SlowPath *s = &e->slow[k];
    const uint8_t *end = k + 1 < e->nslow ? e->slow[k + 1].code : e->tb->code + e->tb->code_size;
    unsigned does = written(s->code, end), may = allowed(e, s->op);

    /* What is known of pages goes there. */
    may |= kept(e, (int)(s->op - block.ops));

    return does & ~may ? report("writes in its slow path what it does not declare", s->op, does & ~may) : true;
}

/* Emit the block and look at its code. */
static bool check_block(void)
{
    CodeBuffer *buf = &buffers[cpu_count > 1];
    uint8_t *start = buf->ptr;
    TranslationBlock tb = { .pc = block.pc, .flags = block.flags };
    const Emitter *e;
    bool good = true;

    ir_optimize(&block, x86_host_flags);
    if (!tcg_backend_x86_64.emit(&block, &tb, buf)) {
        return false;
    }
    e = x86_last_emitter();
    for (int i = 0; i < block.nops; i++) {
        seen[block.ops[i].opc]++;
        good &= check_op(e, i);
    }
    for (int k = 0; k < e->nslow; k++) {
        good &= check_slow_path(e, k);
    }
    buf->ptr = start;
    return good;
}

/* Guest code: LDREX and STREX, transfers of VFP registers, fields of the state are in no random IR. */
static bool check_guest_code(uint64_t *state)
{
    int n;
    const DecodeRow *rows = decode_rows_a32(&n);

    for (int i = 0; i < PAGE; i += 4) {
        const DecodeRow *row = &rows[test_random(state) % n];
        uint32_t w = ((uint32_t)(test_random(state) >> 7) & ~row->mask) | row->value;

        w = row->bits[0] == 'c' ? (w & 0x0fffffff) | 0xe0000000u : w;
        memcpy(&page[i], &w, sizeof(w));
    }
    cpu_count = test_random(state) & 1 ? 4 : 1;
    arm_translate(&block, 0x8000, (uint32_t)test_random(state) & TBF_MASK, page, 64);
    n = check_block();
    cpu_count = 1;
    return n;
}

static void init_buffers(void)
{
    for (int i = 0; i < 2; i++) {
        buffers[i].base = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                               0);
        buffers[i].end = buffers[i].base + BUFFER_BYTES;
        if (buffers[i].base == MAP_FAILED || !tcg_backend_x86_64.init_buffer(&buffers[i])) {
            abort();
        }
    }
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    bool good = true, all = true;

    if (cs_open(CS_ARCH_X86, CS_MODE_64, &disassembler) || cs_option(disassembler, CS_OPT_DETAIL, CS_OPT_ON)) {
        return 1;
    }
    insn = cs_malloc(disassembler);
    machine_init();
    init_buffers();
    for (unsigned i = 0; i < rounds; i++) {
        x86_use_bmi2(!(i & 2));
        x86_use_avx(!(i & 8));
        ir_random_block(&block, &state, 20 + i % 60, i & 1);
        good &= check_block();
        good &= check_guest_code(&state);
    }
    test_ok(good, "no op's code writes a register or loses a flag that its row does not tell");
    for (int k = 0; k < IR_NB_OPS; k++) {
        if (!seen[k]) {
            printf("# no %s\n", ir_op_info[k].name);
            all = false;
        }
    }
    test_ok(all, "every op occurred");
    cs_free(insn, 1);
    cs_close(&disassembler);
    return test_done();
}
