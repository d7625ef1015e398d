/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See translate.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/softtlb-internal.h"
#include "target/arm/translate.h"
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/fuzz/translate.h"
#include "tests/unit/ir-env.h"

enum { PAGE = 4096, BUFFER_BYTES = 2 << 20, MAX_BLOCK_CODE = TB_MAX_CODE };

FuzzMaxima fuzz_maxima;
static IRBlock block;
static uint8_t page[PAGE];
static CodeBuffer buffers[2];       /* for one CPU, for several */

/* Code memory that ends at an inaccessible page. */
static CodeBuffer *buffer_for(bool several)
{
    CodeBuffer *buf = &buffers[several];

    if (!buf->base) {
        buf->base = mmap(NULL, BUFFER_BYTES + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buf->base == MAP_FAILED || mprotect(buf->base, BUFFER_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC)) {
            abort();
        }
        buf->end = buf->base + BUFFER_BYTES;
        if (!tcg_backend_x86_64.init_buffer(buf)) {
            abort();
        }
    }
    return buf;
}

static void note_max(int *max, int value)
{
    *max = value > *max ? value : *max;
}

static const char *verify(void)
{
    int at;

    return ir_verify(&block, &at);
}

static void fill_page(const FuzzHeader *h, const uint8_t *code, size_t size)
{
    size_t at = h->pc & (h->pc & 1 ? 0xffe : 0xffc);

    for (size_t i = 0; i < PAGE; i++) {
        page[(at + i) % PAGE] = size ? code[i % size] : 0;
    }
}

static uint32_t start_of_block(const FuzzHeader *h)
{
    static const uint32_t pages[4] = { 0, 0xfffff000, 0x00008000, 0xc0123000 };

    return pages[h->high & 3] | (h->pc & 0xfff);
}

/* The limits per instruction that ir_nearly_full() relies on. */
static void measure(void)
{
    int first = 0;

    for (int i = 1; i <= block.nops; i++) {
        if (i == block.nops || block.ops[i].opc == IR_insn_start) {
            note_max(&fuzz_maxima.ops_per_insn, i - first);
            first = i;
        }
    }
    if (block.guest_insns == 1) {
        note_max(&fuzz_maxima.args_per_insn, block.nargs);
        note_max(&fuzz_maxima.consts_per_insn, block.nconsts);
        note_max(&fuzz_maxima.labels_per_insn, block.nlabels);
        note_max(&fuzz_maxima.temps_per_insn, block.ntemps + block.nftemps);
    }
    note_max(&fuzz_maxima.ops, block.nops);
}

static const char *check_extent(const FuzzHeader *h)
{
    uint32_t in_page = h->pc & (h->pc & 1 ? 0xffe : 0xffc), width = h->pc & 1 ? 2 : 4;

    if (block.guest_insns == 0 || block.guest_bytes != block.guest_insns * width) {
        return "instructions and bytes do not match";
    }
    if (block.depend_bytes < block.guest_bytes || in_page + block.depend_bytes > PAGE) {
        return "the block depends on what is outside its page";
    }
    return NULL;
}

static bool field_fits(const TranslationBlock *tb, uint32_t offset)
{
    return offset + 4 <= tb->code_size && ((uintptr_t)tb->code + offset) % 4 == 0;
}

static const char *check_jumps(const TranslationBlock *tb)
{
    for (int n = 0; n < 2; n++) {
        const TBJump *j = &tb->jmp[n];

        if (j->patch && (!field_fits(tb, 4u * j->patch) || !field_fits(tb, 4u * j->saved_patch))) {
            return "a jump's field is outside the block or not aligned";
        }
        if (j->patch && !j->unsaved != (j->patch == j->saved_patch)) {
            return "a jump has a way to save flags and nothing to save, or the other way round";
        }
        if (j->patch && ((j->target ^ block.pc) & 1)) {
            return "a chainable jump changes the instruction set";
        }
    }
    return NULL;
}

/* Emit; with less room than the block needs it must say so and touch nothing behind the end. */
static const char *check_emit(const FuzzHeader *h)
{
    CodeBuffer *buf = buffer_for(h->cpus & 1), small;
    TranslationBlock tb = { .pc = block.pc, .flags = block.flags };
    uint8_t *start = buf->ptr;
    const char *err;

    if (!tcg_backend_x86_64.emit(&block, &tb, buf)) {
        return buf->too_complex ? "the block is too complex for the emitter" : "the block fills the whole buffer";
    }
    if (tb.code_size == 0 || buf->ptr < tb.code + tb.code_size || tb.code < start || tb.code_size > MAX_BLOCK_CODE) {
        return "the code's size is wrong";
    }
    note_max(&fuzz_maxima.code_size, tb.code_size);
    err = check_jumps(&tb);
    if (err) {
        return err;
    }
    small = *buf;
    buf->ptr = start;
    small.ptr = small.end - tb.code_size * h->room / 256;
    start = small.ptr;
    if (tcg_backend_x86_64.emit(&block, &tb, &small)) {
        return "emitted into less room than it needs";
    }
    return small.too_complex || small.ptr != start ? "a full buffer is reported as something else" : NULL;
}

/* ---- running ---- */

typedef struct Outcome {
    uint32_t regs[16], fpscr, q, ge;
    uint64_t d[16];
    uint8_t mem[TEST_MEM_BYTES];
    int excp, flags;
} Outcome;

static uint64_t hash_of(const uint8_t *data, size_t size)
{
    uint64_t h = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < size; i++) {
        h = (h ^ data[i]) * 0x100000001b3ull;
    }
    return h | 1;
}

/* What stands in for these helpers here is not what the emitter does inline. */
static bool comparable(void)
{
    for (int i = 0; i < block.nops; i++) {
        const IROp *op = &block.ops[i];

        if (op->opc == IR_call && (op->imm == HELPER_ldrex || op->imm == HELPER_strex)) {
            return false;
        }
        if (op->opc == IR_ldenv || op->opc == IR_stenv) {
            return false;
        }
    }
    return true;
}

static void run(const TCGBackend *backend, uint64_t seed, Outcome *o)
{
    CPUARMState *env = machine.env;

    tcg_backend = backend;
    machine_reset(seed);
    machine.fault = seed % 7 == 0;
    env->mxcsr = 0x1f80;
    env->q = env->ge = 0;
    env->cpsr = ARM_MODE_SVC;
    machine_run(&block);
    memset(o, 0, sizeof(*o));
    memcpy(o->regs, env->regs, sizeof(o->regs));
    memcpy(o->d, env->vfp.d, sizeof(o->d));
    memcpy(o->mem, machine.mem, sizeof(o->mem));
    o->fpscr = vfp_fpscr_stopped(env);
    o->q = env->q;
    o->ge = env->ge;
    o->excp = machine.excp;
    o->flags = (env->nzcv.nz >> 4 & 12) | (env->nzcv.c & 1) << 1 | (env->nzcv.v & 1);
}

static const char *check_run(uint64_t seed)
{
    static Outcome host, interp;

    if (!comparable()) {
        return NULL;
    }
    machine_fast_memory(seed & 2);
    run(&tcg_backend_x86_64, seed, &host);
    run(&tcg_backend_interp, seed, &interp);
    return memcmp(&host, &interp, sizeof(host)) ? "the back ends disagree" : NULL;
}

const char *fuzz_translate(const uint8_t *data, size_t size)
{
    FuzzHeader h;
    const char *err;
    TranslationBlock tb = { 0 };

    if (size < sizeof(h)) {
        return NULL;
    }
    memcpy(&h, data, sizeof(h));
    fill_page(&h, data + sizeof(h), size - sizeof(h));
    cpu_count = h.cpus & 1 ? 4 : 1;
    arm_translate(&block, start_of_block(&h), h.flags & TBF_MASK, page, h.insns ? h.insns : BLOCK_MAX_INSNS);
    err = verify();
    measure();
    err = err ? err : check_extent(&h);
    if (!err) {
        ir_optimize(&block, x86_host_flags);
        err = verify();
    }
    err = err ? err : check_emit(&h);
    if (!err) {
        tb.pc = block.pc;
        err = tcg_backend_interp.emit(&block, &tb, &buffers[h.cpus & 1]) ? NULL : "the interpreter takes no such block";
        tcg_backend_interp.drop(&tb);
    }
    if (!err && (h.cpus & 3) == 2) {
        err = check_run(hash_of(data, size));
    }
    cpu_count = 1;
    return err;
}

void fuzz_print_block(void)
{
    fprintf(stderr, "PC %08x flags %03x, %u instructions; code:", block.pc, block.flags, block.guest_insns);
    for (unsigned i = 0; i < block.guest_bytes; i += 2) {
        const uint8_t *p = &page[((block.pc & 0xffe) + i) % PAGE];

        fprintf(stderr, " %02x%02x", p[1], p[0]);
    }
    fputc('\n', stderr);
    ir_print(stderr, &block);
}
