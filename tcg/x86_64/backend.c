/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86_64 back end as the accelerator sees it (TCGBackend), and what stands at the start of every code buffer: the
 * helper table, constants, the way in and out of translated code, and the thunks of the slow paths.
 *
 * x86_layout and enter_code are written by the first init_buffer(), before any CPU runs; the layout of all buffers is
 * equal.
 */
#include <xmmintrin.h>
#include "accel/tcg/ldst.h"
#include "accel/tcg/softtlb.h"
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

BufferLayout x86_layout;
static const uint8_t *enter_code, *leave_code, *go_on_code;

_Static_assert(offsetof(CPUARMState, regs) == 0 && offsetof(CPUARMState, nzcv) < 128, "hot fields have short offsets");
_Static_assert(sizeof(JumpCacheEntry) == 16, "emit_look_up() scales PC by 4");
_Static_assert(TLB_WRITE_OFFSET < INT32_MAX, "a displacement");

static const int callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };
enum { THUNK_XMM_BYTES = 16 * 16 };

static void sync_regs(Asm *as, bool out)
{
    for (int n = 0; n < 15; n++) {
        if (x86_guest_reg[n] == NO_REG) {
            continue;
        }
        if (out) {
            x_mov_rm_r(as, false, emit_env(ENV_OFFSET(regs) + 4 * n), x86_guest_reg[n]);
        } else {
            x_mov_r_rm(as, false, x86_guest_reg[n], emit_env(ENV_OFFSET(regs) + 4 * n));
        }
    }
}

/* ---- what the thunks call: parameters are in env, see slow_common() ---- */
static uint64_t thunk_load(CPUARMState *env, uint32_t va)
{
    return slow_load(env, va, env_jit(env)->slow_mem, env->regs[15]);
}

static uint64_t thunk_load64(CPUARMState *env, uint32_t va)
{
    return slow_load64(env, va, env_jit(env)->slow_mem, env->regs[15]);
}

static uint64_t thunk_store(CPUARMState *env, uint32_t va)
{
    slow_store(env, va, (uint32_t)env_jit(env)->slow_val, env_jit(env)->slow_mem, env->regs[15]);
    return 0;
}

static uint64_t thunk_store64(CPUARMState *env, uint32_t va)
{
    slow_store64(env, va, env_jit(env)->slow_val, env_jit(env)->slow_mem, env->regs[15]);
    return 0;
}

static uint64_t thunk_ldm(CPUARMState *env, uint32_t va)
{
    slow_ldm(env, va, env_jit(env)->slow_n, env_jit(env)->slow_mem, env->regs[15]);
    return 0;
}

static uint64_t thunk_stm(CPUARMState *env, uint32_t va)
{
    slow_stm(env, va, env_jit(env)->slow_n, env_jit(env)->slow_mem, env->regs[15]);
    return 0;
}

static uint64_t thunk_fp(CPUARMState *env, uint32_t unused)
{
    int op = (int)(env_jit(env)->slow_mem & ~(uint32_t)FP_OF_DOUBLES);

    if (env_jit(env)->slow_mem & FP_OF_DOUBLES) {
        return vfp_op_d(env, op, env_jit(env)->slow_val, env_jit(env)->slow_val2);
    }
    return vfp_op_s(env, op, (uint32_t)env_jit(env)->slow_val, (uint32_t)env_jit(env)->slow_val2);
}

#ifdef CONFIG_DEBUG_CHECKS
enum { DEBUG_CHECKS = true };
#else
enum { DEBUG_CHECKS = false };
#endif

/*
 * C code destroys caller-saved registers when it likes; code of ours that counts on one is to fail at once. Keeps rax,
 * the result.
 */
static void emit_poison(Asm *as)
{
    static const int8_t caller_saved[] = { RCX, RDX, RSI, RDI, R8, R9, R10, R11 };

    for (size_t i = 0; i < sizeof(caller_saved); i++) {
        x_mov_r_i64(as, caller_saved[i], X86_POISON);
    }
    for (int x = 0; x < XMM_COUNT; x++) {
        x_movd_x_r(as, true, x, RCX);
    }
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), 1);     /* EFLAGS */
    x_ret(as);
}

typedef uint64_t (*ThunkFn)(CPUARMState *, uint32_t);

/* ecx = argument -> rcx = result; keeps rax, rdx and guest registers, and all xmm if asked. */
static void emit_slow_thunk(Asm *as, const uint8_t *base, ThunkFn fn, bool save_xmm)
{
    int frame = save_xmm ? THUNK_XMM_BYTES + 8 : 8;

    if (fn == thunk_store) {
        emit_watched_store(as);
        emit_border_store(as);
    } else if (fn == thunk_load) {
        emit_border_load(as);
    } else if (fn == thunk_ldm || fn == thunk_stm) {
        emit_border_transfer(as, fn == thunk_stm);
    }
    sync_regs(as, true);
    x_push(as, RAX);
    x_push(as, RDX);
    x_alu_rm_i(as, ALU_SUB, true, rm_reg(RSP), frame);
    for (int x = 0; x < XMM_COUNT && save_xmm; x++) {
        x_movaps_m_x(as, rm_mem(RSP, 16 * x), x);
    }
    x_mov_r_rm(as, true, RDI, rm_reg(ENV_REG));
    x_mov_r_rm(as, false, RSI, rm_reg(RCX));
    x_mov_r_i64(as, RAX, (uint64_t)(uintptr_t)fn);
    x_call_rm(as, rm_reg(RAX));
    if (x86_layout.poison) {
        x_call(as, base + x86_layout.poison);
    }
    x_mov_r_rm(as, true, RCX, rm_reg(RAX));
    for (int x = 0; x < XMM_COUNT && save_xmm; x++) {
        x_movaps_x_m(as, x, rm_mem(RSP, 16 * x));
    }
    x_alu_rm_i(as, ALU_ADD, true, rm_reg(RSP), frame);
    x_pop(as, RDX);
    x_pop(as, RAX);
    sync_regs(as, false);
    x_ret(as);
}

static uint32_t put_constant(Asm *as, const uint8_t *base, uint64_t value)
{
    uint32_t at;

    as->p = (uint8_t *)(((uintptr_t)as->p + 15) & ~(uintptr_t)15);
    at = (uint32_t)(as->p - base);
    memcpy(as->p, &value, 8);
    memset(as->p + 8, 0, 8);
    as->p += 16;
    return at;
}

static void emit_enter(Asm *as)
{
    enum { N = sizeof(callee_saved) / sizeof(callee_saved[0]) };

    for (int i = 0; i < N; i++) {
        x_push(as, callee_saved[i]);
    }
    x_alu_rm_i(as, ALU_SUB, true, rm_reg(RSP), 8);
    x_mov_r_rm(as, true, ENV_REG, rm_reg(RDI));
    x_mov_r_rm(as, true, RAX, rm_reg(RSI));
    x_mov_rm_r(as, true, emit_env(JIT_OFFSET(host_rsp)), RSP);
    x_stmxcsr(as, emit_env(ENV_OFFSET(host_mxcsr)));
    x_ldmxcsr(as, emit_env(ENV_OFFSET(mxcsr)));
    x_mov_r_rm(as, true, TLB_REG, emit_env(JIT_OFFSET(tlb_read)));
    sync_regs(as, false);
    x_jmp_rm(as, rm_reg(RAX));
}

/* rax = result; guest registers are in env already. */
static void emit_return(Asm *as)
{
    x_stmxcsr(as, emit_env(ENV_OFFSET(mxcsr)));
    x_ldmxcsr(as, emit_env(ENV_OFFSET(host_mxcsr)));
    x_alu_rm_i(as, ALU_ADD, true, rm_reg(RSP), 8);
    for (int i = sizeof(callee_saved) / sizeof(callee_saved[0]); i-- > 0;) {
        x_pop(as, callee_saved[i]);
    }
    x_ret(as);
}

static bool x86_init_buffer(CodeBuffer *buf)
{
    Asm as = { buf->base, buf->end };
    BufferLayout *l = &x86_layout;
    const uint8_t *base = buf->base;
    const struct { uint32_t *at; ThunkFn fn; } thunks[] = {
        { l->load, thunk_load }, { l->load64, thunk_load64 }, { l->store, thunk_store },
        { l->store64, thunk_store64 }, { l->ldm, thunk_ldm }, { l->stm, thunk_stm }, { l->fp, thunk_fp },
    };

    if (buf->end - buf->base < 64 * 1024) {
        return false;
    }
    if (!enter_code) {
        x86_use_bmi2(true);
        x86_use_avx(true);
    }
    l->helpers = 0;
    for (int i = 0; i < NB_HELPERS; i++) {
        memcpy(as.p, &helper_table[i].fn, sizeof(HelperFn));
        as.p += sizeof(HelperFn);
    }
    l->sign_s = put_constant(&as, base, 0x80000000u);
    l->sign_d = put_constant(&as, base, 1ull << 63);
    l->abs_s = put_constant(&as, base, 0x7fffffffu);
    l->abs_d = put_constant(&as, base, ~(1ull << 63));
    l->max_u32_s = put_constant(&as, base, 0x4f7fffffu);
    l->max_u32_d = put_constant(&as, base, 0x41efffffffe00000ull);
    l->min_s = put_constant(&as, base, 0x00800000u);
    l->min_d = put_constant(&as, base, 0x0010000000000000ull);
    l->small = put_constant(&as, base, (uint64_t)(1023 + 149) << 52);

    emit_put_compared(&as, base);
    l->enter = (uint32_t)(as.p - base);
    emit_enter(&as);
    l->leave = (uint32_t)(as.p - base);
    x_mov_r_rm(&as, true, ENV_REG, rm_reg(RDI));
    x_mov_r_rm(&as, true, RSP, emit_env(JIT_OFFSET(host_rsp)));
    x_mov_r_i(&as, RAX, 0);
    emit_return(&as);
    l->epilogue = (uint32_t)(as.p - base);
    sync_regs(&as, true);
    emit_return(&as);
    l->ind_miss = (uint32_t)(as.p - base);
    emit_look_up_miss(&as);
    x_jmp(&as, base + l->epilogue);
    l->exit_main = (uint32_t)(as.p - base);
    x_mov_r_rm(&as, true, TLB_REG, emit_env(JIT_OFFSET(tlb_read)));     /* perhaps there is a new context */
    x_mov_r_rm(&as, false, RDX, emit_env(ENV_OFFSET(regs[15])));
    emit_look_up(&as, base + l->ind_miss);
    l->go_on = (uint32_t)(as.p - base);
    x_mov_r_rm(&as, true, ENV_REG, rm_reg(RDI));
    x_mov_r_rm(&as, true, RSP, emit_env(JIT_OFFSET(host_rsp)));
    sync_regs(&as, false);
    x_jmp(&as, base + l->exit_main);
    l->sync_out = (uint32_t)(as.p - base);
    sync_regs(&as, true);
    x_ret(&as);
    l->sync_in = (uint32_t)(as.p - base);
    sync_regs(&as, false);
    x_ret(&as);
    if (DEBUG_CHECKS) {
        l->poison = (uint32_t)(as.p - base);
        emit_poison(&as);
    }
    for (unsigned size = 0; size < 3; size++) {
        l->strex[size] = emit_restartable_store(&as, base, size);
    }
    for (unsigned i = 0; i < 6; i++) {
        l->half_aligned[i / 2][i % 2] = (uint32_t)(as.p - base);
        emit_half_aligned_look(&as, 2u << i / 2, i % 2);
    }
    for (size_t i = 0; i < sizeof(thunks) / sizeof(thunks[0]); i++) {
        for (int xmm = 0; xmm < 2; xmm++) {
            thunks[i].at[xmm] = (uint32_t)(as.p - base);
            emit_slow_thunk(&as, base, thunks[i].fn, xmm);
        }
    }
    l->code = (uint32_t)(as.p - base);
    buf->ptr = as.p;
    if (!enter_code) {
        enter_code = base + l->enter;
        leave_code = base + l->leave;
        go_on_code = base + l->go_on;
    }
    return true;
}

static uintptr_t enter_block(CPUARMState *env, TranslationBlock *tb)
{
    uintptr_t (*enter)(CPUARMState *, const void *);

    memcpy(&enter, &enter_code, sizeof(enter));
    return enter(env, tb->code);
}

#ifdef CONFIG_TSAN
/* The thread sanitizer keeps a stack of its own, which it unwinds at longjmp() only. */
static uintptr_t x86_exec(CPUARMState *env, TranslationBlock *tb)
{
    sigjmp_buf here;
    uintptr_t result = 0;

    if (sigsetjmp(here, 0) == 0) {
        env_jit(env)->unwind = &here;
        result = enter_block(env, tb);
    }
    return result;
}

static __attribute__((noreturn)) void x86_unwind(CPUARMState *env)
{
    vfp_leave_guest(env);
    siglongjmp(*env_jit(env)->unwind, 1);
}

#define X86_GO_ON NULL
#else
static uintptr_t x86_exec(CPUARMState *env, TranslationBlock *tb)
{
    return enter_block(env, tb);
}

static __attribute__((noreturn)) void x86_unwind(CPUARMState *env)
{
    void (*leave)(CPUARMState *);

    memcpy(&leave, &leave_code, sizeof(leave));
    leave(env);
    __builtin_unreachable();
}

/* What C has on the stack is given up, as at x86_unwind(). */
static __attribute__((noreturn)) void x86_go_on(CPUARMState *env)
{
    void (*go_on)(CPUARMState *);

    memcpy(&go_on, &go_on_code, sizeof(go_on));
    go_on(env);
    __builtin_unreachable();
}

#define X86_GO_ON x86_go_on
#endif

/* NULL: to what follows the jump. */
static void point_jump(uint8_t *field, const uint8_t *target)
{
    intptr_t rel = target ? target - (field + 4) : 0;

    assert(!((uintptr_t)field & 3) && rel >= INT32_MIN && rel <= INT32_MAX);
    __atomic_store_n((int32_t *)(void *)field, (int32_t)rel, __ATOMIC_RELEASE);
}

static void x86_set_jump(TranslationBlock *tb, int n, TranslationBlock *to)
{
    const TBJump *j = &tb->jmp[n];

    bool needs = to == tb && tb->loop_late ? false : j->unsaved & to->flags_in;
    uint32_t offset = to == tb ? __atomic_load_n(&tb->loop_offset, __ATOMIC_RELAXED) : 0;

    point_jump(tb->code + 4 * (needs ? j->saved_patch : j->patch), to->code + offset);
}

static void x86_clear_jump(TranslationBlock *tb, int n)
{
    point_jump(tb->code + 4 * tb->jmp[n].patch, NULL);
    point_jump(tb->code + 4 * tb->jmp[n].saved_patch, NULL);
}

const TCGBackend tcg_backend_x86_64 = {
    .name = "x86_64",
    .host_flags = x86_host_flags,
    .init_buffer = x86_init_buffer,
    .emit = x86_emit_block,
    .exec = x86_exec,
    .set_jump = x86_set_jump,
    .clear_jump = x86_clear_jump,
    .unwind = x86_unwind,
    .go_on = X86_GO_ON,
};
