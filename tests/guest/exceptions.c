/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception entry and return: link address, SPSR and CPSR for every synchronous exception, from ARM and Thumb state and
 * from every mode; interrupts out of closed loops; the ways to return; the vectors' places (ARM DDI 0100I A2.6).
 * guest-test: cpus=1
 */
#include "runtime.h"

/*
 * NAME(psr, address): go to the mode in psr, execute one instruction, come back. NAME_user is for User mode;
 * NAME_at and NAME_user_at are the instruction's address.
 */
#define PROBE(name, arm_or_thumb, insn) \
    __asm__(".pushsection .text\n.arm\n.balign 4\n" \
            ".global " #name "\n" #name ":\n" \
            "push {r4, lr}\n" \
            "mrs r4, cpsr\n" \
            "msr cpsr_fsxc, r0\n" \
            ".ifc " arm_or_thumb ", thumb\n" \
            "add r3, pc, #1\n" \
            "bx r3\n" \
            ".thumb\n.endif\n" \
            ".global " #name "_at\n" #name "_at:\n" \
            insn "\n" \
            ".ifc " arm_or_thumb ", thumb\n" \
            "nop\n.balign 4\nbx pc\nnop\n.arm\n.endif\n" \
            "msr cpsr_fsxc, r4\n" \
            "pop {r4, pc}\n" \
            ".global " #name "_user\n" #name "_user:\n" \
            "mrs r2, cpsr\nstr r2, [r0]\nmov r2, lr\n" \
            ".ifc " arm_or_thumb ", thumb\n" \
            "add r3, pc, #1\nbx r3\n.thumb\n.endif\n" \
            ".global " #name "_user_at\n" #name "_user_at:\n" \
            insn "\n" \
            ".ifc " arm_or_thumb ", thumb\n" \
            "nop\n.balign 4\nbx pc\nnop\n.arm\n.endif\n" \
            "bx r2\n" \
            ".popsection\n"); \
    uint32_t name(uint32_t psr, uint32_t address); \
    uint32_t name##_user(uint32_t psr, uint32_t address); \
    extern char name##_at[], name##_user_at[];

PROBE(svc_arm, "arm", "svc #5")
PROBE(svc_thumb, "thumb", "svc #5")
PROBE(undef_arm, "arm", ".inst 0xe7f000f0")
PROBE(undef_thumb, "thumb", ".inst.n 0xde00")
PROBE(bkpt_arm, "arm", "bkpt #1")
PROBE(bkpt_thumb, "thumb", "bkpt #1")
PROBE(ldr_arm, "arm", "ldr r3, [r1]")
PROBE(ldr_thumb, "thumb", "ldr r3, [r1]")
PROBE(str_arm, "arm", "str r3, [r1]")
PROBE(str_thumb, "thumb", "str r3, [r1]")
PROBE(ldm_arm, "arm", "ldmia r1, {r3, r12}")

static const struct probe {
    const char *name;
    user_fn *fn, *user_fn;
    char *at, *user_at;
    uint32_t type, lr_offset, mode;
    uint32_t set;               /* CPSR bits that entry sets beside I */
} probes[] = {
#define ROW(name, type, lr, mode, set) { #name, name, name##_user, name##_at, name##_user_at, type, lr, mode, set }
    ROW(svc_arm, EXC_SVC, 4, MODE_SVC, 0),
    ROW(svc_thumb, EXC_SVC, 2, MODE_SVC, 0),
    ROW(undef_arm, EXC_UNDEF, 4, MODE_UND, 0),
    ROW(undef_thumb, EXC_UNDEF, 2, MODE_UND, 0),
    ROW(bkpt_arm, EXC_PABT, 4, MODE_ABT, PSR_A),
    ROW(bkpt_thumb, EXC_PABT, 4, MODE_ABT, PSR_A),
    ROW(ldr_arm, EXC_DABT, 8, MODE_ABT, PSR_A),
    ROW(ldr_thumb, EXC_DABT, 8, MODE_ABT, PSR_A),
    ROW(str_arm, EXC_DABT, 8, MODE_ABT, PSR_A),
    ROW(str_thumb, EXC_DABT, 8, MODE_ABT, PSR_A),
    ROW(ldm_arm, EXC_DABT, 8, MODE_ABT, PSR_A),
};

enum { UNMAPPED = 0x20000000 };

static bool same(const char *what, uint32_t psr, uint32_t got, uint32_t want)
{
    if (got != want) {
        print("# psr %08x: %s is %08x, not %08x\n", (unsigned)psr, what, (unsigned)got, (unsigned)want);
    }
    return got == want;
}

static bool check_probe(const struct probe *p, uint32_t psr, uint32_t at)
{
    const struct exc *e = &exc_log()->exc;
    bool thumb = p->name[4] == 't' || p->name[5] == 't' || p->name[6] == 't';
    uint32_t masks = (psr & (PSR_A | PSR_I | PSR_F)) | PSR_I | p->set;

    return same("count", psr, exc_log()->count, 1) & same("type", psr, e->type, p->type) &
           same("lr", psr, e->lr, at + p->lr_offset) &
           same("spsr", psr, e->spsr, psr | (thumb ? PSR_T : 0)) &
           same("cpsr", psr, e->cpsr & 0x3ff, masks | p->mode);
}

static void synchronous(void)
{
    static const uint32_t modes[] = { MODE_SYS, MODE_SVC, MODE_IRQ, MODE_FIQ, MODE_ABT, MODE_UND };
    static const uint32_t flags[] = { 0xf8000000, 0x00000000, 0xa0050000, 0x500a0000 };
    char name[40];

    for (unsigned i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        const struct probe *p = &probes[i];
        bool good = true;
        uint32_t psr, user_psr = 0;

        for (unsigned m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
            for (unsigned f = 0; f < 4; f++) {
                psr = flags[f] | modes[m] | (f & 1 ? PSR_A : 0) | (f & 2 ? PSR_F : 0) | PSR_I;
                exc_expect();
                p->fn(psr, UNMAPPED);
                exc_seen();
                good &= check_probe(p, psr, (uint32_t)p->at);
            }
        }
        exc_expect();
        user_run(p->user_fn, (uint32_t)&user_psr, UNMAPPED);
        exc_seen();
        good &= check_probe(p, user_psr, (uint32_t)p->user_at);
        memcpy(name, p->name, strlen(p->name) + 1);
        ok(good, name);
        if (p->type == EXC_DABT) {
            ok_eq(exc_log()->dfar, UNMAPPED, "its fault address");
            ok_eq(exc_log()->dfsr & 0xc0f, p->name[0] == 's' ? 0x805 : 0x005, "its fault status");
        } else if (p->type == EXC_PABT) {
            ok_eq(exc_log()->ifsr & 0x40f, 2, "its fault status");
        }
    }
}

/* ---- prefetch aborts of calls ---- */

static void prefetch(void)
{
    exc_expect();
    try_call(UNMAPPED + 0x100, 0);
    ok_eq(exc_seen(), 1, "call of an unmapped address");
    ok_eq(exc_log()->exc.type, EXC_PABT, "is a prefetch abort");
    ok_eq(exc_log()->exc.lr, UNMAPPED + 0x104, "its link address");
    ok_eq(exc_log()->ifar, UNMAPPED + 0x100, "its fault address");
    ok_eq(exc_log()->ifsr & 0x40f, 5, "its fault status");
    exc_expect();
    try_call(UNMAPPED + 0x203, 0);
    ok_eq(exc_seen(), 1, "Thumb call of an unmapped address");
    ok_eq(exc_log()->exc.lr, UNMAPPED + 0x206, "its link address");
    ok_eq(exc_log()->exc.spsr & PSR_T, PSR_T, "its state");
    ok_eq(exc_log()->ifar, UNMAPPED + 0x202, "its fault address");
}

/* ---- interrupts ---- */

void irq_window(void);
extern char irq_window_at[];
static struct exc irq_exc;
static volatile uint32_t irqs;
static bool from_loops;             /* the loops' interrupts are waited for, no others */

static void timer_in(uint32_t us)
{
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(TWD_BASE + TWD_LOAD, us * 100);
    wr32(TWD_BASE + TWD_CONTROL, 5);
}

static void on_irq(struct exc *e)
{
    uint32_t iar = rd32(GICC_IAR);

    irq_exc = *e;
    wr32(TWD_BASE + TWD_STATUS, 1);
    wr32(GICC_EOIR, iar);
    e->lr -= 4;
    /* Out of a closed loop, whose address is in r5; past it. */
    bool in_loop = e->r[4] == 0x10095 && (e->lr & ~1u) == e->r[5];
    if (from_loops && !in_loop) {
        timer_in(300);              /* this CPU was slow on its way there */
        return;
    }
    irqs++;
    if (in_loop) {
        e->lr = e->r[6];
    }
}

/* Loops that only an interrupt ends: r4 marks them, r5 is the loop, r6 where to go on. */
__asm__(".pushsection .text\n.arm\n"
        ".global loop_arm\nloop_arm:\n"
        "push {r4-r6, lr}\nldr r4, =0x10095\nadr r5, 1f\nadr r6, 2f\n"
        "cpsie i\n1: b 1b\n2: cpsid i\npop {r4-r6, pc}\n.ltorg\n"
        ".global loop_thumb\nloop_thumb:\n"
        "push {r4-r6, lr}\nldr r4, =0x10095\nadr r5, 1f\nadr r6, 2f\n"
        "adr r0, 1f\norr r0, r0, #1\ncpsie i\nbx r0\n"
        ".thumb\n.balign 4\n1: b 1b\n.balign 4\n2: bx pc\nnop\n.arm\ncpsid i\npop {r4-r6, pc}\n.ltorg\n"
        ".global loop_user\nloop_user:\n"
        "push {r4-r6, lr}\nldr r4, =0x10095\nadr r5, 1f\nadr r6, 2f\n"
        "1: b 1b\n2: pop {r4-r6, pc}\n.ltorg\n.popsection\n");
void loop_arm(void);
void loop_thumb(void);
uint32_t loop_user(uint32_t a, uint32_t b);

static void interrupts(void)
{
    gic_init();
    exc_handle(EXC_IRQ, on_irq);
    irqs = 0;
    gic_send_sgi(3, 1);
    ok_eq(irqs, 0, "masked interrupt waits");
    irq_window();
    ok_eq(irqs, 1, "unmasking lets it in");
    ok(irq_exc.lr - 4 - (uint32_t)irq_window_at <= 4, "its link address");
    ok_eq(irq_exc.cpsr & 0x3ff, PSR_A | PSR_I | (irq_exc.spsr & PSR_F) | MODE_IRQ, "its CPSR");
    ok_eq(irq_exc.spsr & (0x1f | PSR_I), MODE_SVC, "its SPSR");

    gic_enable(IRQ_TWD, 0xa0, 1);
    from_loops = true;
    for (unsigned round = 0; round < 3; round++) {
        irqs = 0;
        timer_in(300);
        loop_arm();
        ok_eq(irqs, 1, "timer ends a closed loop");
        ok(!(irq_exc.spsr & PSR_T), "in ARM state");
        timer_in(300);
        loop_thumb();
        ok_eq(irqs, 2, "timer ends a closed Thumb loop");
        ok(irq_exc.spsr & PSR_T, "in Thumb state");
        timer_in(300);
        user_run(loop_user, 0, 0);
        ok_eq(irqs, 3, "timer ends a closed loop in User mode");
        ok_eq(irq_exc.spsr & 0x1f, MODE_USR, "in User mode");
    }
    gic_disable(IRQ_TWD);
    exc_handle(EXC_IRQ, NULL);
}

/* ---- returns ---- */

__asm__(".pushsection .text\n.arm\n"
        /* r0 = new CPSR; goes to 1f by the given instruction, reads the CPSR there and comes back */
        ".macro ret_test name, how\n"
        ".global \\name\n\\name:\n"
        "push {r4-r7, lr}\nmov r7, sp\nmrs r4, cpsr\nmsr spsr_fsxc, r0\nadr r1, 1f\n"
        "mov r12, r0\n"
        "\\how\n"
        "mov r5, #0\nb 2f\n"
        "1: mrs r5, cpsr\n"
        "2: msr cpsr_fsxc, r4\nmov sp, r7\nmov r0, r5\npop {r4-r7, pc}\n.endm\n"
        "ret_test ret_movs, \"movs pc, r1\"\n"
        "ret_test ret_subs, \"add lr, r1, #4; subs pc, lr, #4\"\n"
        "ret_test ret_ldm, \"push {r1}; ldmia sp!, {pc}^\"\n"
        "ret_test ret_rfe, \"push {r1, r12}; rfeia sp!\"\n"
        "ret_test ret_srs_rfe, \"mov lr, r1; srsdb sp!, #0x13; rfeia sp!\"\n"
        ".popsection\n");
uint32_t ret_movs(uint32_t psr);
uint32_t ret_subs(uint32_t psr);
uint32_t ret_ldm(uint32_t psr);
uint32_t ret_rfe(uint32_t psr);
uint32_t ret_srs_rfe(uint32_t psr);

static void returns(void)
{
    static const struct {
        const char *name;
        uint32_t (*fn)(uint32_t);
    } ways[] = {
        { "movs pc, lr", ret_movs }, { "subs pc, lr, #4", ret_subs }, { "ldm {pc}^", ret_ldm }, { "rfe", ret_rfe },
        { "srs and rfe", ret_srs_rfe },
    };
    static const uint32_t psrs[] = { 0xa8050000 | PSR_I | PSR_F | MODE_SYS, 0x50000000 | PSR_I | PSR_A | MODE_FIQ,
                                     0x000a0000 | PSR_I | PSR_F | MODE_ABT, PSR_I | PSR_E | MODE_SVC };

    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        bool good = true;

        for (unsigned k = 0; k < 3; k++) {
            good &= same("cpsr", psrs[k], ways[i].fn(psrs[k]), psrs[k]);
        }
        ok(good, ways[i].name);
    }
}

static uint32_t srs_to_abort(uint32_t *sp_moved)
{
    uint32_t before, after, word0, word1;

    __asm__ volatile("cps #0x17\nmov %0, sp\ncps #0x13\n"
                     "ldr lr, =0x1230\nldr r3, =0x200001d3\nmsr spsr_fsxc, r3\n"
                     "srsdb sp!, #0x17\n"
                     "cps #0x17\nmov %1, sp\nldr %2, [sp]\nldr %3, [sp, #4]\nadd sp, sp, #8\ncps #0x13"
                     : "=&r"(before), "=&r"(after), "=&r"(word0), "=&r"(word1) : : "r3", "lr", "memory");
    *sp_moved = before - after;
    return word0 == 0x1230 ? word1 : 0;
}

/* ---- status register writes ---- */

static uint32_t user_writes_psr(uint32_t a, uint32_t b)
{
    uint32_t v;

    (void)a;
    (void)b;
    __asm__ volatile("mov r3, #0xa0000000\norr r3, r3, #0xd3\nmsr cpsr_fsxc, r3\ncpsid if\nmrs %0, cpsr"
                     : "=r"(v) : : "r3", "cc");
    return v;
}

static uint32_t user_bank_regs(void)
{
    uint32_t buffer[2], sys[2];

    __asm__ volatile("cps #0x1f\nmov r4, sp\nmov r5, lr\nldr sp, =0x11112222\nldr lr, =0x33334444\ncps #0x13\n"
                     "stmia %1, {sp, lr}^\nnop\n"
                     "ldr r6, =0x55556666\nldr r7, =0x77778888\npush {r6, r7}\nldmia sp, {sp, lr}^\nnop\n"
                     "add sp, sp, #8\n"
                     "cps #0x1f\nmov r6, sp\nmov r7, lr\nmov sp, r4\nmov lr, r5\ncps #0x13\nstmia %0, {r6, r7}"
                     : : "r"(sys), "r"(buffer) : "r4", "r5", "r6", "r7", "memory");
    return buffer[0] == 0x11112222 && buffer[1] == 0x33334444 && sys[0] == 0x55556666 && sys[1] == 0x77778888;
}

static uint32_t fiq_bank_regs(void)
{
    uint32_t out[4];

    __asm__ volatile("mov r8, #1\nmov r12, #2\ncps #0x11\nmov r8, #3\nmov r12, #4\nmov r4, r8\nmov r5, r12\ncps #0x13\n"
                     "stmia %0, {r4, r5, r8, r12}"
                     : : "r"(out) : "r4", "r5", "r8", "r9", "r10", "r12", "memory");
    return out[0] == 3 && out[1] == 4 && out[2] == 1 && out[3] == 2;
}

static void status_registers(void)
{
    uint32_t moved;

    ok_eq(srs_to_abort(&moved), 0x200001d3, "SRS stores link and SPSR on another mode's stack");
    ok_eq(moved, 8, "and moves that stack pointer");
    ok_eq(user_run(user_writes_psr, 0, 0) & 0xf00000df, 0xa0000050, "User mode changes flags only");
    ok(user_bank_regs(), "LDM and STM of User registers");
    ok(fiq_bank_regs(), "FIQ mode has r8-r12 of its own");
    uint32_t v;
    __asm__ volatile("mvn %0, #0\nmsr spsr_fsxc, %0\nmrs %0, spsr" : "=r"(v));
    ok_eq(v & ~0x00100000u, 0xf90f03ff, "writable bits of the SPSR");
}

/* ---- vectors ---- */

__asm__(".pushsection .text\n.arm\n.balign 4\n"
        ".global ee_vector\nee_vector: mrs r1, cpsr\ntst r1, #0x200\naddne r0, r0, #0x200\nmovs pc, lr\n.popsection\n");
extern char ee_vector[], vectors[], vectors_end[];

static uint32_t do_svc(uint32_t a)
{
    register uint32_t r0 __asm__("r0") = a;

    __asm__ volatile("svc #7" : "+r"(r0) : : "r1", "lr", "cc", "memory");
    return r0;
}

static void on_svc(struct exc *e)
{
    e->r[0] += 1;
}

static void on_svc_high(struct exc *e)
{
    e->r[0] += 0x100;
}

static void vector_place(uint32_t *l1)
{
    uint32_t *high = heap_alloc(4096, 4096);

    exc_handle(EXC_SVC, on_svc);
    ok_eq(do_svc(10), 11, "low vectors");
    memcpy(high, vectors, (size_t)(vectors_end - vectors));
    mmu_new_l2(l1, 0xffff0000, 0);
    mmu_map_page(l1, 0xffff0000, L2_SMALL((uint32_t)high, AP_PRIV));
    code_written(high, 64);
    tlb_flush();
    /* The low ones now lead nowhere. */
    uint32_t saved = rd32(8);
    wr32(8, 0xe7f000f0);
    code_written((void *)8, 4);
    exc_handle(EXC_SVC, on_svc_high);
    set_sctlr(sctlr() | SCTLR_V);
    ok_eq(do_svc(10), 0x10a, "high vectors");
    set_sctlr(sctlr() & ~SCTLR_V);
    wr32(8, saved);
    code_written((void *)8, 4);
    ok_eq(do_svc(10), 0x10a, "low vectors again");

    mmu_off();
    /* The vectors load their targets as data, so with EE set they would load them the wrong way round: branch. */
    wr32(8, 0xea000000 | (((uint32_t)ee_vector - 16) >> 2));
    code_written((void *)8, 4);
    set_sctlr(sctlr() | SCTLR_EE);
    ok_eq(do_svc(10), 0x20a, "SCTLR.EE sets CPSR.E at entry");
    set_sctlr(sctlr() & ~SCTLR_EE);
    wr32(8, saved);
    code_written((void *)8, 4);
    ok_eq(do_svc(10), 0x10a, "and no longer");
    exc_handle(EXC_SVC, NULL);
}

int test_main(void)
{
    uint32_t *l1 = mmu_new_table();

    mmu_on(l1);
    synchronous();
    prefetch();
    interrupts();
    returns();
    status_registers();
    vector_place(l1);
    return 0;
}
