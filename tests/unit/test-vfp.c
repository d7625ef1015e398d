/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfp_op_s() and vfp_op_d() against the integer reference, on special and random operands in every rounding mode,
 * with and without FZ and DN; FPSCR and the other system registers.
 */
#include <setjmp.h>
#include <stdlib.h>
#include "target/arm/vfp-helper.h"
#include "tcg/helper.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/vfp-reference.h"

static CPUARMState *env;

static const uint64_t singles[] = {
    0, 1, 2, 0x3fffff, 0x400000, 0x7fffff, 0x800000, 0x800001,
    0xffffff, 0x1000000, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x40000000,
    0x40200000, 0x4b000001, 0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x7f000000, 0x7f7fffff,
    0x7f800000, 0x7f800001, 0x7fa00000, 0x7fc00000, 0x7fc12345, 0x34000000, 0x33800000, 0x0d800000,
};
static const uint64_t doubles[] = {
    0, 1, 2, 0x0008000000000000, 0x000fffffffffffff,
    0x0010000000000000, 0x0010000000000001, 0x3ca0000000000000, 0x3fe0000000000000, 0x3fefffffffffffff,
    0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000, 0x4004000000000000, 0x41dfffffffc00000,
    0x41dfffffffe00000, 0x41e0000000000000, 0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000,
    0x36a0000000000000, 0x3810000000000000, 0x380fffffe0000000, 0x380fffffffffffff, 0x47efffffe0000000,
    0x47efffffefffffff, 0x47effffff0000000, 0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff0000000000001,
    0x7ff4000000000000, 0x7ff8000000001234,
};

static uint64_t operand(uint64_t *state, bool wide)
{
    uint64_t r = test_random(state), kind = r >> 8 & 7, v;
    const uint64_t *special = wide ? doubles : singles;

    if (kind < 3) {
        v = special[r >> 16 & 31];
    } else if (kind < 5) {
        /* near one: sums and products that cancel or round */
        v = test_random(state);
        v = wide ? (v & 0x003fffffffffffff) + 0x3fd0000000000000 : (v & 0x01ffffff) + 0x3e800000;
    } else if (kind == 5) {
        /* near the least normal number of either format */
        v = test_random(state);
        v = wide ? (v & 0x003fffffffffffff) + (r >> 40 & 1 ? 0 : 0x37e0000000000000) : v & 0x01ffffff;
    } else {
        v = test_random(state);
    }
    if (r >> 24 & 1) {
        v ^= wide ? 1ull << 63 : 1u << 31;
    }
    return wide ? v : (uint32_t)v;
}

static const char *const op_names[] = {
    "add", "sub", "mul", "nmul", "div", "sqrt", "cmp", "cmpe", "tosi", "tosiz", "toui", "touiz", "sito", "uito",
    "cvt_sd", "cvt_ds",
};

static bool check(int op, bool wide, uint32_t mode, uint64_t a, uint64_t b)
{
    RefState ref = { .rounding = mode >> 22 & 3, .fz = mode & FPSCR_FZ, .dn = mode & FPSCR_DN };
    uint64_t expected, got;
    uint32_t fpscr, want_fpscr;

    helper_vfp_set_fpscr(env, mode, 0, 0);
    expected = ref_op(&ref, op, op == VFP_CVT_SD ? false : wide, a, b);
    got = wide ? vfp_op_d(env, op, a, b) : vfp_op_s(env, op, a, b);
    fpscr = helper_vfp_get_fpscr(env, 0, 0, 0);
    want_fpscr = mode | ref.flags | ref.nzcv << 28;
    if (expected != got || fpscr != want_fpscr) {
        printf("# %s.%c(%#llx, %#llx) mode %#x: %#llx fpscr %#x, expected %#llx fpscr %#x\n", op_names[op],
               wide ? 'd' : 's',
               (unsigned long long)a, (unsigned long long)b, mode, (unsigned long long)got, fpscr,
               (unsigned long long)expected, want_fpscr);
        return false;
    }
    return true;
}

static bool check_modes(int op, bool wide, uint64_t a, uint64_t b)
{
    for (uint32_t m = 0; m < 16; m++) {
        if (!check(op, wide, (m & 3) << 22 | (m & 4 ? FPSCR_FZ : 0) | (m & 8 ? FPSCR_DN : 0), a, b)) {
            return false;
        }
    }
    return true;
}

static void test_op(int op, bool wide, unsigned rounds)
{
    uint64_t state = op * 2 + wide + 1, sign = wide ? 1ull << 63 : 1u << 31;
    const uint64_t *special = wide ? doubles : singles;
    bool from_single = op == VFP_CVT_SD, ok = true;
    char name[64];

    special = from_single ? singles : special;
    sign = from_single ? 1u << 31 : sign;
    for (int i = 0; i < 64 && ok; i++) {
        for (int j = 0; j < 64 && ok; j++) {
            ok = check_modes(op, wide, special[i & 31] | (i & 32 ? sign : 0), special[j & 31] | (j & 32 ? sign : 0));
            j = op >= VFP_TOSI || op == VFP_SQRT ? 64 : j;
        }
    }
    for (unsigned i = 0; i < rounds && ok; i++) {
        ok = check_modes(op, wide, operand(&state, wide && !from_single), operand(&state, wide));
    }
    snprintf(name, sizeof(name), "%s %s", wide ? "double" : "single", op_names[op]);
    test_ok(ok, name);
}

static void test_fpscr(void)
{
    uint32_t all = 0xf7f7009f;

    machine_reset(0);
    machine.context_changes = 0;
    helper_vfp_set_fpscr(env, 0, 0, 0);
    test_ok(machine.context_changes == 0, "an equal FPSCR changes no context");
    helper_vfp_set_fpscr(env, UINT32_MAX, 0, 0);
    test_ok(helper_vfp_get_fpscr(env, 0, 0, 0) == all, "the writable bits of FPSCR");
    test_ok(machine.context_changes == 1, "LEN, STRIDE and FZ select other translations");
    helper_vfp_set_fpscr(env, all & ~FPSCR_DN, 0, 0);
    test_ok(machine.context_changes == 1, "DN does not");
    for (unsigned r = 0; r < 4; r++) {
        helper_vfp_set_fpscr(env, r << 22, 0, 0);
        test_ok(check(VFP_DIV, true, r << 22, 0x3ff0000000000000, 0xc008000000000000),
                "rounding mode reaches the host");
    }
    vfp_set_fpscr_stopped(env, 2u << 22 | FPSCR_IXC | 5u << 28);
    test_ok(vfp_fpscr_stopped(env) == (2u << 22 | FPSCR_IXC | 5u << 28), "FPSCR of a stopped CPU");
    vfp_enter_guest(env);
    test_ok(helper_vfp_get_fpscr(env, 0, 0, 0) == (2u << 22 | FPSCR_IXC | 5u << 28), "and of the same CPU running");
    vfp_leave_guest(env);
    helper_vfp_set_fpscr(env, 0, 0, 0);
}

/* Result of vmrs or vmsr, or 0xdead if it raised. */
static uint32_t access_register(bool write, uint32_t reg, uint32_t value)
{
    sigjmp_buf here;
    volatile uint32_t result = 0xdead;

    machine.excp = EXCP_NONE;
    env_jit(env)->unwind = &here;
    if (sigsetjmp(here, 0) == 0) {
        result = write ? helper_vmsr(env, reg, value, 0) : helper_vmrs(env, reg, 0, 0);
    }
    env_jit(env)->unwind = NULL;
    return result;
}

static void set_rights(uint32_t cpacr, bool enabled, uint32_t mode)
{
    env->cp15.cpacr = 0xc0000000u | cpacr << 20;
    env->fpexc = enabled ? FPEXC_EN : 0;
    env->cpsr = mode;
}

static void test_system_registers(void)
{
    enum { FPSID = 0, MVFR0 = 7, FPEXC = 8, FPINST = 9 };

    set_rights(0, true, ARM_MODE_SVC);
    test_ok(access_register(false, FPSID, 0) == 0xdead && machine.excp == EXCP_UNDEF,
            "no access before CPACR allows it");
    set_rights(0xf, false, ARM_MODE_SVC);
    test_ok(access_register(false, FPSID, 0) == 0x410120b4 && access_register(false, MVFR0, 0) == 0x11111111,
            "ID registers are readable while disabled");
    test_ok(access_register(false, FPINST, 0) == 0xdead, "FPINST is not");
    test_ok(access_register(true, FPEXC, UINT32_MAX) == 0 && access_register(false, FPEXC, 0) == FPEXC_EN,
            "FPEXC keeps EN only");
    test_ok(access_register(true, FPINST, 7) == 0 && access_register(false, FPINST, 0) == 7,
            "FPINST is storage when enabled");
    test_ok(access_register(true, FPSID, 7) == 0 && access_register(true, MVFR0, 7) == 0xdead,
            "ID registers are read-only");
    set_rights(0xf, true, ARM_MODE_USR);
    test_ok(access_register(false, FPSID, 0) == 0x410120b4 && access_register(false, FPEXC, 0) == 0xdead,
            "user code reads FPSID, not FPEXC");
    set_rights(0x5, true, ARM_MODE_USR);
    test_ok(access_register(false, FPSID, 0) == 0xdead, "privileged-only coprocessor");
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? atoi(argv[1]) : 2000;

    machine_init();
    env = machine.env;
    for (int op = VFP_ADD; op <= VFP_UITO; op++) {
        test_op(op, false, rounds);
        test_op(op, true, rounds);
    }
    test_op(VFP_CVT_SD, true, rounds);
    test_op(VFP_CVT_DS, true, rounds);
    test_fpscr();
    test_system_registers();
    return test_done();
}
