/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status registers and register banks, bit by bit: MSR with every set of fields in privileged and User mode, for the
 * CPSR and every SPSR; CPS in all its forms from every mode; every mode's own registers, and those of User mode as
 * seen from the others (ARM DDI 0100I A2.4, A2.5, A4.1.16, A4.1.38, A4.1.39).
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { USER_BITS = 0xf80f0200, PRIVILEGED_BITS = 0x000001df, SPSR_BITS = 0xf90f03ff, BX_LR = 0xe12fff1e };
enum { MASKS = PSR_A | PSR_I | PSR_F };

static const uint8_t modes[] = { MODE_FIQ, MODE_IRQ, MODE_ABT, MODE_UND, MODE_SYS, MODE_SVC };
enum { NB_MODES = sizeof(modes) };

static uint32_t *code;

typedef uint32_t code_fn(uint32_t a, uint32_t b);

static uint32_t run(const uint32_t *words, unsigned n, bool user, uint32_t a, uint32_t b)
{
    memcpy(code, words, 4 * n);
    code_written(code, 4 * n);
    return user ? user_run((user_fn *)code, a, b) : ((code_fn *)code)(a, b);
}

static bool equal(const char *what, uint32_t which, uint32_t got, uint32_t want)
{
    if (got != want) {
        print("# %s %x: %08x, not %08x\n", what, (unsigned)which, (unsigned)got, (unsigned)want);
    }
    return got == want;
}

static uint32_t fields(unsigned mask)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < 4; i++) {
        bits |= mask >> i & 1 ? 0xffu << 8 * i : 0;
    }
    return bits;
}

/* ---- MSR ---- */

static bool msr_cpsr(unsigned mask, bool immediate, bool user)
{
    uint32_t mode = user ? MODE_USR : MODE_SVC, before = 0x500a0000, bits, got;
    /* In User mode the control field may hold anything. */
    uint32_t value = immediate ? 0xd3 : user ? 0xa8050200 | PSR_F | MODE_FIQ : 0xa8050200 | PSR_I | MODE_SVC;
    const uint32_t words[] = {
        0xe10f3000,                                         /* mrs r3, cpsr */
        0xe12cf001,                                         /* msr cpsr_fs, r1: `before` */
        (immediate ? 0xe320f0d3 : 0xe120f000) | mask << 16, /* msr cpsr_<fields>, r0 or #0xd3 */
        0xe10f0000, 0xf1010000, 0xe12ff003, BX_LR,          /* mrs r0, cpsr; setend le; msr cpsr_fsxc, r3; bx lr */
    };
    uint32_t start;

    if (immediate && !mask) {
        return true;            /* that is a hint */
    }
    start = before | mode | (user ? PSR_A & cpsr() : cpsr() & MASKS);
    bits = fields(mask) & (USER_BITS | (user ? 0 : PRIVILEGED_BITS));
    got = run(words, 7, user, value, before);
    if (user) {
        start = (start & ~(uint32_t)MASKS) | (got & MASKS);     /* user_run() chooses them */
    }
    return equal(user ? "User CPSR" : "CPSR", mask, got, (start & ~bits) | (value & bits)) &
           (user ? equal("masks in User mode", mask, got & PSR_I, 0) : true);
}

static bool msr_spsr(uint8_t mode, unsigned mask, uint32_t before, uint32_t value)
{
    uint32_t bits = fields(mask) & SPSR_BITS;
    const uint32_t words[] = {
        0xe10f3000, 0xf1020000 | mode, 0xe14f2000,              /* mrs r3, cpsr; cps #mode; mrs r2, spsr */
        0xe16ff001, 0xe160f000 | mask << 16, 0xe14f0000,    /* msr spsr_fsxc, r1; msr spsr_<fields>, r0; mrs r0, spsr */
        0xe16ff002, 0xe123f003, BX_LR,                          /* put back */
    };

    return equal("SPSR", mode << 8 | mask, run(words, 9, false, value, before),
                 (before & SPSR_BITS & ~bits) | (value & bits));
}

static void move_to_status(void)
{
    bool good = true, immediate = true, user = true;

    for (unsigned mask = 0; mask < 16; mask++) {
        good &= msr_cpsr(mask, false, false);
        immediate &= msr_cpsr(mask, true, false);
        user &= msr_cpsr(mask, false, true) & msr_cpsr(mask, true, true);
    }
    ok(good, "MSR CPSR, all fields");
    ok(immediate, "MSR CPSR of a constant, all fields");
    ok(user, "MSR CPSR in User mode, all fields");
    good = true;
    for (unsigned i = 0; i < NB_MODES; i++) {
        for (unsigned mask = 0; modes[i] != MODE_SYS && mask < 16; mask++) {
            good &= msr_spsr(modes[i], mask, 0, 0xffefffff) & msr_spsr(modes[i], mask, 0xffefffff, 0x01000000) &
                    msr_spsr(modes[i], mask, 0x12245610, 0xa9f50abf & ~(1u << 20));
        }
    }
    ok(good, "MSR SPSR in every mode, all fields");
}

/* ---- CPS ---- */

static bool cps(uint8_t from, uint32_t insn, uint32_t start, uint32_t want)
{
    const uint32_t words[] = {
        0xe10f3000, 0xe123f000, insn, 0xe10f0000, 0xe123f003, BX_LR,    /* r0: CPSR to begin with */
    };

    return equal("CPS", insn, run(words, 6, false, start | from, 0) & 0x1ff, want);
}

static void change_state(void)
{
    bool masks = true, mode_only = true, both = true, user = true, thumb = true;

    for (unsigned f = 0; f < NB_MODES; f++) {
        for (unsigned m = 0; m < 8; m++) {
            for (unsigned start = 0; start < 8; start++) {
                uint32_t aif = m << 6, s = start << 6;

                if (m) {
                    masks &= cps(modes[f], 0xf1080000 | aif, s, (s & ~aif) | modes[f]);
                    masks &= cps(modes[f], 0xf10c0000 | aif, s, s | aif | modes[f]);
                }
            }
            for (unsigned t = 0; t < NB_MODES && m; t++) {
                uint32_t aif = m << 6;

                both &= cps(modes[f], 0xf10a0000 | aif | modes[t], MASKS, (MASKS & ~aif) | modes[t]);
                both &= cps(modes[f], 0xf10e0000 | aif | modes[t], 0, aif | modes[t]);
            }
        }
        for (unsigned t = 0; t < NB_MODES; t++) {
            mode_only &= cps(modes[f], 0xf1020000 | modes[t], MASKS, MASKS | modes[t]);
        }
    }
    ok(masks, "CPSIE and CPSID from every mode");
    ok(mode_only, "CPS to every mode");
    ok(both, "CPSIE and CPSID with a mode");
    for (unsigned m = 1; m < 8; m++) {
        static const uint32_t forms[] = { 0xf1080000, 0xf10c0000, 0xf10a0013, 0xf10e001f };

        for (unsigned i = 0; i < 4; i++) {
            const uint32_t words[] = { 0xe10f3000, forms[i] | m << 6, 0xe10f0000, 0xe0200003, BX_LR };

            user &= equal("CPS in User mode", forms[i], run(words, 5, true, 0, 0), 0);
        }
        for (unsigned disable = 0; disable < 2; disable++) {
            uint32_t start = disable ? 0 : MASKS, want = disable ? m << 6 : MASKS & ~(m << 6);
            const uint32_t words[] = {
                0xe10f3000, 0xe3802013, 0xe123f002, 0xe28fc001, 0xe12fff1c,     /* ...; add ip, pc, #1; bx ip */
                0x46c0b660 | disable << 4 | m, 0x46c04778,                      /* cps; nop; bx pc; nop */
                0xe10f0000, 0xe123f003, BX_LR,
            };

            thumb &= equal("Thumb CPS", m, run(words, 10, false, start, 0) & 0x1ff, want | MODE_SVC);
        }
    }
    ok(user, "CPS does nothing in User mode");
    ok(thumb, "Thumb CPS");
}

/* ---- banks ---- */

struct bank {
    uint32_t r[7], spsr;        /* r8-r14 */
};

/* Save all banks in `old`, load `new`, save that in `seen`, load `old`: no instruction of a compiler in between. */
void exchange_banks(const struct bank *new, struct bank *seen, struct bank *old);
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        ".macro save_bank mode, spsr\ncps #\\mode\nstmia r4!, {r8-r14}\n"
        ".if \\spsr\nmrs r5, spsr\n.else\nmov r5, #0\n.endif\nstr r5, [r4], #4\n.endm\n"
        ".macro load_bank mode, spsr\ncps #\\mode\nldmia r4!, {r8-r14}\n"
        "ldr r5, [r4], #4\n.if \\spsr\nmsr spsr_fsxc, r5\n.endif\n.endm\n"
        ".macro all_banks what\n\\what 0x11, 1\n\\what 0x12, 1\n\\what 0x17, 1\n\\what 0x1b, 1\n\\what 0x1f, 0\n"
        "\\what 0x13, 1\n.endm\n"
        "exchange_banks: push {r4-r11, lr}\n"
        "mov r4, r2\nall_banks save_bank\n"
        "mov r4, r0\nall_banks load_bank\n"
        "mov r4, r1\nall_banks save_bank\n"
        "mov r4, r2\nall_banks load_bank\n"
        "pop {r4-r11, pc}\n.popsection\n");

static void banks(void)
{
    static struct bank new[NB_MODES], seen[NB_MODES], old[NB_MODES];
    bool good = true;

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < NB_MODES; i++) {
            for (unsigned k = 0; k < 7; k++) {
                new[i].r[k] = 0x1000000u * (round + 1) + 0x10000 * modes[i] + 8 + k;
            }
            new[i].spsr = modes[i] == MODE_SYS ? 0 : 0x11000010u * (i + 1) & SPSR_BITS;
        }
        exchange_banks(new, seen, old);
        for (unsigned i = 0; i < NB_MODES; i++) {
            for (unsigned k = 0; k < 7; k++) {
                /* FIQ mode has r8-r12 of its own; the others share what was loaded last. */
                unsigned from = modes[i] == MODE_FIQ || k >= 5 ? i : NB_MODES - 1;

                good &= equal("banked register", modes[i] << 8 | (8 + k), seen[i].r[k], new[from].r[k]);
            }
            good &= equal("SPSR", modes[i], seen[i].spsr, new[i].spsr);
        }
    }
    ok(good, "registers of every mode");
}

/* r0 = 7 words in, r1 = 7 words out: r8-r14 of User mode through LDM ^ and STM ^ in the given mode. */
static void user_bank(void)
{
    bool good = true;

    for (unsigned i = 0; i < NB_MODES; i++) {
        uint32_t in[7], out[7] = { 0 };
        const uint32_t words[] = {
            0xe92d4ff0, 0xf1020000 | modes[i],          /* push {r4-r11, lr}; cps #mode */
            0xe1a04000, 0xe1a05001,                     /* mov r4, r0; mov r5, r1 */
            0xe24dd020, 0xe8cd7f00, 0xe1a00000,         /* sub sp, sp, #32; stmia sp, {r8-r14}^: the old ones; nop */
            0xe8d47f00, 0xe1a00000, 0xe8c57f00, 0xe1a00000, /* ldmia r4, {r8-r14}^; stmia r5, {r8-r14}^ */
            0xe8dd7f00, 0xe1a00000, 0xe28dd020,         /* ldmia sp, {r8-r14}^; add sp, sp, #32 */
            0xf1020013, 0xe8bd8ff0,                     /* cps #SVC; pop {r4-r11, pc} */
        };

        if (modes[i] == MODE_SYS) {
            continue;           /* UNPREDICTABLE there */
        }
        for (unsigned k = 0; k < 7; k++) {
            in[k] = 0x5000000u * (i + 1) + k;
        }
        run(words, sizeof(words) / 4, false, (uint32_t)in, (uint32_t)out);
        for (unsigned k = 0; k < 7; k++) {
            good &= equal("User register", modes[i] << 8 | (8 + k), out[k], in[k]);
        }
    }
    ok(good, "registers of User mode from every mode");
}

/* A mode changed and left again inside a loop: the registers follow each time, also where the code is in one block. */
static void back_and_forth(void)
{
    const uint32_t words[] = {
        0xe1a02000, 0xe3a00000,                         /* mov r2, r0; mov r0, #0 */
        0xf1020011, 0xe3a08001, 0xf1020012, 0xe3a08002, /* cps #FIQ; mov r8, #1; cps #IRQ; mov r8, #2 */
        0xf1020011, 0xe0800008, 0xf102001b, 0xe0800008, /* cps #FIQ; add r0, r0, r8; cps #UND; add r0, r0, r8 */
        0xf1020013, 0xe2522001, 0x1afffff4, BX_LR,      /* cps #SVC; subs r2, r2, #1; bne to the first cps */
    };
    register uint32_t r8 __asm__("r8") = 77;

    __asm__ volatile("" : "+r"(r8));
    memcpy(code, words, sizeof(words));
    code_written(code, sizeof(words));
    register uint32_t r0 __asm__("r0") = 1000;
    __asm__ volatile("blx %1" : "+r"(r0) : "r"(code) : "r1", "r2", "r3", "r8", "r12", "lr", "cc", "memory");
    ok_eq(r0, 3000, "between FIQ mode and others a thousand times");
}

int test_main(void)
{
    code = heap_alloc(4096, 4096);
    move_to_status();
    change_state();
    banks();
    user_bank();
    back_and_forth();
    return 0;
}
