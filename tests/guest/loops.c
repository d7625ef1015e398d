/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops closed by every kind of jump, which only a word in memory ends: interrupts must come in wherever the jumps
 * lead, and a CPU in such a loop, its interrupts masked, must not hold up another one that changes code; nor must a CPU
 * that takes abort after abort because its vectors are not mapped.
 * guest-test: modes=unified,separate,single,interp,tier1 cpus=1,2 timeout=30
 */
#include "runtime.h"

enum { FAR = 1024, ROUNDS = 12 };     /* FAR: words to the next page */

static uint32_t *code;
static volatile uint32_t flag, turns;
static uint32_t link_words[2];      /* the loop's address and a status, for jumps through memory */

/* r1 = &flag, r3 = entry|T, r4 = link_words, r5 = loop|T; comes back through r6. */
void run_loop(volatile uint32_t *flag, uint32_t entry, uint32_t *link, uint32_t loop);
__asm__(".pushsection .data\nloop_sp: .word 0\n.popsection\n"
        ".pushsection .text\n.arm\n.balign 4\n"
        "run_loop: push {r4-r11, lr}\nldr r7, =loop_sp\nstr sp, [r7]\n"
        "mrs r7, cpsr\nbic r8, r3, #0xfffffffe\norr r7, r7, r8, lsl #5\nmsr spsr_fsxc, r7\n"
        "mov r5, r3\nmov r4, r2\nmov r3, r1\nmov r1, r0\nldr r6, =loop_end\nbx r3\n"
        "loop_end: ldr r7, =loop_sp\nldr sp, [r7]\npop {r4-r11, pc}\n.ltorg\n.popsection\n");

enum { LDR_R2_R1 = 0xe5912000, CMP_R2_0 = 0xe3520000, BXNE_R6 = 0x112fff16, NOP = 0xe1a00000 };

static const struct loop {
    const char *name;
    uint32_t words[6];          /* behind the test; {0} ends them */
    bool thumb;
    unsigned back;              /* a word to be made a branch to the loop's beginning, + 1 */
    bool far;                   /* by way of the next page */
} loops[] = {
    { "b", { 0xea000000 }, false, 1, false },               { "beq", { 0x0a000000 }, false, 1, false },
    { "bl", { 0xeb000000 }, false, 1, false },              { "bx", { 0xe12fff15 }, false, 0, false },
    { "bxeq", { 0x012fff15, 0xe7f000f0 }, false, 0, false }, { "blx", { 0xe12fff35 }, false, 0, false },
    { "mov pc", { 0xe1a0f005 }, false, 0, false },          { "ldr pc", { 0xe594f000 }, false, 0, false },
    { "ldm pc", { 0xe8948000 }, false, 0, false },          { "pop pc", { 0xe1a0d004, 0xe49df004 }, false, 0, false },
    { "movs pc", { 0xe1b0f005 }, false, 0, false },
    { "ldm pc, exception return", { 0xe8d48000 }, false, 0, false },
    { "rfe", { 0xe10f7000, 0xe5847004, 0xf8940a00 }, false, 0, false },     /* the status as it is now */
    { "forward, then bx", { 0xea000000, 0xe7f000f0, 0xe12fff15 }, false, 0, false },
    { "svc, then b", { 0xef000005, 0xea000000 }, false, 2, false },
    { "undefined instruction, then b", { 0xe7f000f0, 0xea000000 }, false, 2, false },
    { "prefetch flush, then b", { 0xee070f95, 0xea000000 }, false, 2, false },
    { "by way of the next page", { 0xea000000 }, false, 1, true },
    { "yield, then b", { 0xe320f001, 0xea000000 }, false, 2, false },
    { "sev, wfe, then b", { 0xe320f004, 0xe320f002, 0xea000000 }, false, 3, false },
    { "setend twice, then b", { 0xf1010200, 0xf1010000, 0xea000000 }, false, 3, false },
    /* Thumb: the test is ldr r2, [r1]; cmp r2, #0; beq over; bx r6. */
    { "Thumb b", { 0x46c0e7fa }, true, 0, false },          { "Thumb bx", { 0x46c04728 }, true, 0, false },
    { "Thumb blx", { 0x46c047a8 }, true, 0, false },        { "Thumb mov pc", { 0x46c046af }, true, 0, false },
    { "Thumb pop pc", { 0xbd0046a5 }, true, 0, false },     { "Thumb bl", { 0xfffaf7ff }, true, 0, false },
    { "Thumb svc, then b", { 0xe7f9df05 }, true, 0, false },
};

static uint32_t write_loop(const struct loop *p)
{
    uint32_t n = 0;

    memset(code, 0, 4096 + 64);
    if (p->thumb) {
        code[n++] = 0x2a00680a;         /* ldr r2, [r1]; cmp r2, #0 */
        code[n++] = 0x4730d000;         /* beq over; bx r6 */
    } else {
        code[n++] = LDR_R2_R1;
        code[n++] = CMP_R2_0;
        code[n++] = BXNE_R6;
    }
    for (unsigned i = 0; i < 6 && p->words[i]; i++) {
        uint32_t to = p->far ? FAR + 3 : 0;

        code[n] = p->words[i];
        if (p->back == i + 1) {
            code[n] |= (to - n - 2) & 0xffffff;
        }
        n++;
    }
    if (p->far) {
        code[FAR + 3] = 0xea000000 | ((0u - (FAR + 3) - 2) & 0xffffff);
    }
    code_written(code, 4096 + 64);
    link_words[0] = (uint32_t)code | p->thumb;
    link_words[1] = cpsr();
    return (uint32_t)code | p->thumb;
}

static void run(uint32_t entry)
{
    run_loop(&flag, entry, link_words, entry);
}

static void on_timer(uint32_t iar)
{
    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
        turns++;
        flag = 1;
    }
}

static void skip_instruction(struct exc *e)
{
    (void)e;
}

static void interrupts(void)
{
    irq_handle(on_timer);
    gic_enable(IRQ_TWD, 0xa0, 0);
    for (unsigned i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        uint32_t entry = write_loop(&loops[i]);

        turns = 0;
        for (unsigned round = 0; round < 3; round++) {
            flag = 0;
            wr32(TWD_BASE + TWD_CONTROL, 0);
            wr32(TWD_BASE + TWD_LOAD, 20000 + 7000 * round);
            wr32(TWD_BASE + TWD_CONTROL, 5);
            irq_enable();
            link_words[1] = cpsr();
            run(entry);
            irq_disable();
        }
        ok_eq(turns, 3, loops[i].name);
    }
    gic_disable(IRQ_TWD);
    irq_handle(NULL);
}

/* ---- another CPU in the loop ---- */

static volatile uint32_t running;

static void looping(uint32_t entry)
{
    exc_handle(EXC_SVC, skip_instruction);
    exc_handle(EXC_UNDEF, skip_instruction);
    running = 1;
    run(entry);
}

/* Code that is written again under a CPU that runs elsewhere: the emulator must halt that one for a moment. */
static bool rewrite_code(void)
{
    static uint32_t *mine;
    bool good = true;

    mine = mine ? mine : heap_alloc(4096, 4096);
    for (unsigned round = 0; round < ROUNDS; round++) {
        mine[0] = 0xe3a00000 | round;           /* mov r0, #round; bx lr */
        mine[1] = 0xe12fff1e;
        code_written(mine, 8);
        good &= ((uint32_t (*)(void))mine)() == round;
    }
    return good;
}

static void beside_another(void)
{
    for (unsigned i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
        uint32_t entry = write_loop(&loops[i]);

        flag = running = 0;
        run_on(1, looping, entry);
        while (!running) {
        }
        bool good = rewrite_code();
        flag = 1;
        wait_for(1);
        ok(good, loops[i].name);
    }
}

/* ---- a CPU whose vectors are not mapped: it takes one prefetch abort after the other until they are ---- */

static uint32_t *vectors_l1;
static struct exc vector_abort;
extern char no_vectors_end[];
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        ".global no_vectors\nno_vectors: push {r4-r11, lr}\nsvc #5\nno_vectors_end: pop {r4-r11, pc}\n.popsection\n");
void no_vectors(void);

static void leave_vectors(struct exc *e)
{
    vector_abort = *e;
    e->lr = (uint32_t)no_vectors_end;
    e->spsr = PSR_A | PSR_I | PSR_F | MODE_SVC;
}

static void lost(uint32_t unused)
{
    (void)unused;
    exc_handle(EXC_PABT, leave_vectors);
    mmu_on(vectors_l1);
    running = 1;
    /* SVC mode's link register is lost, but the function has saved its caller's. */
    no_vectors();
    mmu_off();
    exc_handle(EXC_PABT, NULL);
}

static void without_vectors(void)
{
    vectors_l1 = mmu_new_table();
    uint32_t *l2 = mmu_new_l2(vectors_l1, 0, 0);
    for (uint32_t i = 1; i < 256; i++) {
        l2[i] = L2_SMALL(i << 12, AP_RW);
    }
    running = 0;
    run_on(1, lost, 0);
    while (!running) {
    }
    delay_us(500);
    bool good = rewrite_code();
    l2[0] = L2_SMALL(0, AP_RW);         /* what was missing is in no TLB */
    dsb();
    wait_for(1);
    ok(good, "aborts without end");
    ok(vector_abort.lr == 0x10 && (vector_abort.spsr & 0x1f) == MODE_ABT, "of the abort's own vector");
}

int test_main(void)
{
    code = heap_alloc(8192, 4096);
    gic_init();
    exc_handle(EXC_SVC, skip_instruction);
    exc_handle(EXC_UNDEF, skip_instruction);
    interrupts();
    if (num_cpus() > 1) {
        smp_start();
        beside_another();
        without_vectors();
    }
    return 0;
}
