/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that changes behind a jump, when the text that stood there overwrites all flags: whichever of the two runs, the
 * flags are those of the comparison before the jump. By a store of the same CPU in the block that jumps, by another CPU
 * and by DMA; at jumps, taken and not taken, at the end of a long block, in Thumb, and for the carry of a shift.
 * guest-test: cpus=1,2 timeout=40
 */
#include "dma.h"
#include "smc-loop.h"

enum { ROUNDS = 5, LONGEST = 140, BUSY_US = 400000 };

/* ARM words and T16 half-words with which the text at a jump's target begins. */
#define A_CMP_R2_5      0xe3520005u
#define A_ADD_R2(cc)    ((uint32_t)(cc) << 28 | 0x02822001u)     /* add<cc> r2, r2, #1 */
#define T_CMP_R2_5      0x2a05u
enum { NE = 1, CC = 3, MI = 4, VS = 6 };

/*
 * r0 = address of the word to change, r1 = what to store there; r2 = 0, old flags N V. The comparison leaves Z C. All
 * return r2, which is 0 unless an instruction saw other flags. `_patch` is the word, `_store` the instruction that
 * stores.
 */
#define TEMPLATE(name, body) \
    __asm__(".pushsection .rodata\n .balign 4\n .global " #name ", " #name "_store, " #name "_patch, " #name "_end\n" \
            #name ": mov r2, #0\n ldrex r3, [r0]\n msr cpsr_f, #0x90000000\n" \
            #name "_store: str r1, [r0]\n" body #name "_end:\n .popsection\n"); \
    extern const uint32_t name[], name##_store[], name##_patch[], name##_end[]
#define READERS \
    "3: addne r2, r2, #1\n addmi r2, r2, #1\n addcc r2, r2, #1\n addvs r2, r2, #1\n mov r0, r2\n bx lr\n"
#define OVERWRITES(name) \
    #name "_patch: cmp r2, #5\n cmp r2, #5\n mov r0, r2\n bx lr\n"

TEMPLATE(plain, " cmp r2, #0\n b plain_patch\n nop\n nop\n" OVERWRITES(plain));
TEMPLATE(taken, " cmp r2, #0\n beq taken_patch\n nop\n bx lr\n" OVERWRITES(taken));
TEMPLATE(failed, " cmp r2, #0\n bne 3f\n" OVERWRITES(failed) READERS);
TEMPLATE(linked, " mov r3, lr\n cmp r2, #0\n bl linked_patch\n mov lr, r3\n mov r0, r2\n bx lr\n nop\n"
                 OVERWRITES(linked));
TEMPLATE(nop, " cmp r2, #0\n b nop_patch\n nop\n nop\n"
              "nop_patch: mov r0, r0\n cmp r2, #5\n mov r0, r2\n bx lr\n nop\n nop\n" READERS);
TEMPLATE(arithmetic, " adds r3, r2, #0\n movs r3, #0\n cmp r2, #0\n b arithmetic_patch\n nop\n nop\n"
                     OVERWRITES(arithmetic));

static const struct {
    const char *name;
    const uint32_t *begin, *store, *patch, *end;
    bool to_readers;                /* the new text is a jump to the readers, 6 words behind */
} templates[] = {
    { "behind a jump", plain, plain_store, plain_patch, plain_end, false },
    { "behind a conditional jump", taken, taken_store, taken_patch, taken_end, false },
    { "behind a conditional jump that is not taken", failed, failed_store, failed_patch, failed_end, false },
    { "behind a call", linked, linked_store, linked_patch, linked_end, false },
    { "a NOP becomes a jump", nop, nop_store, nop_patch, nop_end, true },
    { "behind several results", arithmetic, arithmetic_store, arithmetic_patch, arithmetic_end, false },
};
enum { NB_TEMPLATES = sizeof(templates) / sizeof(templates[0]) };

static const struct {
    uint32_t word;
    const char *name;
} stores[] = {
    { 0xe5801000, "STR" }, { 0xe4a01000, "STRT" }, { 0xe8800002, "STM" }, { 0xe1003091, "SWP" },
    { 0xe1803f91, "STREX" },
};
enum { NB_STORES = sizeof(stores) / sizeof(stores[0]) };

/* Conditions that hold with the old flags only. */
static const uint8_t stale_sees[] = { NE, MI, CC, VS };

/* ---- a store of the block itself ---- */

/* The text is the old one when the block is first met, and the new one when it has run. */
static bool changes_itself(unsigned t, unsigned store, unsigned round)
{
    uint32_t *p = copy_template(templates[t].begin, templates[t].end);
    uint32_t *patch = p + (templates[t].patch - templates[t].begin), old = *patch, new;

    p[templates[t].store - templates[t].begin] = stores[store].word;
    new = templates[t].to_readers ? A_B(0, 6 * 4) : A_ADD_R2(stale_sees[round]);
    for (unsigned i = 0; i < ROUNDS; i++) {
        *patch = old;
        code_written(p, 256);
        if (call(p, (uint32_t)patch, new) || *patch != new) {
            return false;
        }
        /* And back; synchronised, it must be the new text. */
        code_written(p, 256);
        if (call(p, (uint32_t)patch, old) || *patch != old) {
            return false;
        }
    }
    return true;
}

static void own_store(void)
{
    for (unsigned t = 0; t < NB_TEMPLATES; t++) {
        bool good = true;

        for (unsigned store = 0; store < NB_STORES; store++) {
            for (unsigned i = 0; i < sizeof(stale_sees); i++) {
                if (!changes_itself(t, store, i)) {
                    print("# %s, %s: another text's flags\n", templates[t].name, stores[store].name);
                    good = false;
                }
            }
        }
        ok(good, templates[t].name);
    }
}

/* A block of any length: the longest goes on in the next by itself. SHIFT: the carry of a shift. */
static bool long_block(unsigned nops, bool shift, uint32_t new)
{
    uint32_t *p = page_alloc(1), n = 0, *patch;

    p[n++] = 0xe3a02000;        /* mov r2, #0 */
    p[n++] = 0xe3a03001;        /* mov r3, #1 */
    p[n++] = 0xe328f209;        /* msr cpsr_f, #0x90000000 */
    p[n++] = 0xe5801000;        /* str r1, [r0] */
    while (n < 4 + nops) {
        p[n++] = A_NOP;
    }
    p[n++] = shift ? 0xe1b0c333 : 0xe3520000;   /* movs ip, r3, lsr r3: 1 >> 1 gives Z C; or cmp r2, #0 */
    patch = &p[n];
    p[n++] = A_CMP_R2_5;
    p[n++] = A_CMP_R2_5;
    p[n++] = 0xe1a00002;        /* mov r0, r2 */
    p[n++] = A_BX_LR;
    for (unsigned i = 0; i < 2; i++) {
        *patch = A_CMP_R2_5;
        code_written(p, 4 * n);
        if (call(p, (uint32_t)patch, new)) {
            return false;
        }
    }
    return true;
}

static void long_blocks(void)
{
    bool compare = true, shift = true;

    for (unsigned nops = 0; nops < LONGEST; nops++) {
        compare &= long_block(nops, false, A_ADD_R2(NE)) && long_block(nops, false, A_ADD_R2(VS));
        shift &= long_block(nops, true, A_ADD_R2(CC));
    }
    ok(compare, "behind the end of a block");
    ok(shift, "the carry of a shift, behind the end of a block");
}

__asm__(".pushsection .rodata\n .balign 4\n .thumb\n .syntax unified\n .global thumb, thumb_patch, thumb_end\n"
        "thumb: movs r2, #0\n cmp r2, #1\n strh r1, [r0]\n cmp r2, #0\n b thumb_patch\n nop\n nop\n nop\n"
        "thumb_patch: cmp r2, #5\n nop\n cmp r2, #5\n movs r0, r2\n bx lr\n"
        "movs r2, #1\n movs r0, r2\n bx lr\n .balign 4\n thumb_end:\n .arm\n .popsection");
extern const uint8_t thumb[], thumb_patch[];
extern const uint32_t thumb_end[];

static void thumb_jumps(void)
{
    /* bne, bmi, bcc to the instructions behind the return; sbcs r2, r2 */
    static const uint16_t new[] = { 0xd103, 0xd403, 0xd303, 0x4192 };
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t *p = (uint8_t *)copy_template((const uint32_t *)(const void *)thumb, thumb_end);
        volatile uint16_t *patch = (uint16_t *)(void *)(p + (thumb_patch - thumb));

        for (unsigned k = 0; k < ROUNDS; k++) {
            *patch = T_CMP_R2_5;
            code_written(p, 64);
            good &= !call(p + 1, (uint32_t)patch, new[i]) && *patch == new[i];
        }
    }
    ok(good, "behind a Thumb jump");
}

/* ---- somebody else ---- */

/* r0 = rounds, r1 = a word of data; returns how often an instruction saw other flags than those of the comparison. */
#define LOOP(name, text, behind) \
    __asm__(".pushsection .rodata\n .balign 4\n .global " #name ", " #name "_patch, " #name "_end\n" \
            #name ": push {r4-r6, lr}\n mov r4, #0\n mov r5, #0\n mov r6, #1\n" \
            "1: cmp r5, #0\n b " #name "_patch\n nop\n nop\n" \
            #name "_patch:\n" text " cmp r6, #5\n ldr r2, [r1]\n mcr p15, 0, r5, c7, c5, 4\n" \
            " subs r0, r0, #1\n bne 1b\n" \
            " b 4f\n" behind "4: mov r0, r4\n pop {r4-r6, pc}\n " #name "_end:\n .popsection"); \
    extern const uint32_t name[], name##_patch[], name##_end[]

LOOP(compare_loop, " cmp r6, #5\n", "");
LOOP(nop_loop, " mov r0, r0\n", "3: addne r4, r4, #1\n cmp r6, #5\n ldr r2, [r1]\n mcr p15, 0, r5, c7, c5, 4\n"
               "subs r0, r0, #1\n bne 1b\n b 4f\n");

static const struct {
    const char *name[2];
    const uint32_t *begin, *patch, *end;
    uint32_t words[2];
} loops[] = {
    { { "another CPU: CMP and ADDNE", "DMA: CMP and ADDNE" }, compare_loop, compare_loop_patch, compare_loop_end,
      { 0xe3560005, 0x12844001 } },
    { { "another CPU: NOP and B", "DMA: NOP and B" }, nop_loop, nop_loop_patch, nop_loop_end,
      { A_NOP, A_B(0, 7 * 4) } },
};

static volatile uint32_t *changing;
static const uint32_t *versions;

static void toggler(uint32_t unused)
{
    (void)unused;
    for (uint32_t n = 0; !stop; n++) {
        *changing = versions[n & 1];
        code_written((const void *)(uint32_t)changing, 4);
        for (volatile unsigned i = 0; i < 50 * (n % 37); i++) {
        }
    }
}

static void under_change(unsigned l, bool by_dma)
{
    static uint32_t sources[2] __attribute__((aligned(32)));
    uint32_t *p = copy_template(loops[l].begin, loops[l].end), wrong = 0, begin, transfers = 0;
    bool done = true;

    if (!by_dma && num_cpus() < 2) {
        skip(loops[l].name[0], "one CPU");
        return;
    }
    changing = p + (loops[l].patch - loops[l].begin);
    versions = loops[l].words;
    memcpy(sources, versions, sizeof(sources));
    stop = 0;
    if (!by_dma) {
        run_on(1, toggler, 0);
    }
    begin = ticks24();
    while (us_since(begin) < BUSY_US) {
        if (by_dma && !(rd32(DMAC_ENBLD_CHNS) & 1)) {
            dma_start(0, (uint32_t)&sources[++transfers & 1], (uint32_t)changing, 0, DMA_WORDS(1), 0);
        }
        wrong += call(p, 100, (uint32_t)sources);
    }
    stop = 1;
    if (by_dma) {
        done = dma_wait(0);
    } else {
        wait_for(1);
    }
    ok(done && !wrong, loops[l].name[by_dma]);
}

int test_main(void)
{
    smp_start();
    dma_init();
    own_store();
    long_blocks();
    thumb_jumps();
    for (unsigned l = 0; l < 2; l++) {
        under_change(l, false);
        under_change(l, true);
    }
    return 0;
}
