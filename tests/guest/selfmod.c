/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that is written: by itself, in the page that runs and in another one, through another address, while other CPUs
 * run it, beside data that changes all the time, by every kind of store (ARM DDI 0100I B2.7.5).
 * guest-test: cpus=1,2,4 timeout=60
 */
#include "runtime.h"

enum { MOV_R0 = 0xe3a00000, BX_LR = 0xe12fff1e };
static uint32_t *code;

static void put(uint32_t *p, uint32_t value)
{
    p[0] = MOV_R0 | value;
    p[1] = BX_LR;
    code_written(p, 8);
}

static uint32_t call(const uint32_t *p)
{
    return ((uint32_t (*)(void))p)();
}

static void simple(void)
{
    bool good = true;

    for (unsigned i = 0; i < 1000; i++) {
        put(code, i & 0xff);
        good &= call(code) == (i & 0xff);
    }
    ok(good, "a function rewritten 1000 times");
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned k = 0; k < 4; k++) {
            put(code + 1024 * k + 4, (i + k) & 0xff);
        }
        for (unsigned k = 0; k < 4; k++) {
            good &= call(code + 1024 * k + 4) == ((i + k) & 0xff);
        }
    }
    ok(good, "four pages by turns");
    for (unsigned i = 0; i < 300; i++) {
        put(code, 1);
        good &= call(code) == 1;
        ((uint8_t *)code)[0] = (uint8_t)i;                          /* the immediate is the lowest byte */
        code_written(code, 4);
        good &= call(code) == (i & 0xff);
        ((volatile uint16_t *)code)[0] = (uint16_t)((i + 1) & 0xff);
        code_written(code, 4);
        good &= call(code) == ((i + 1) & 0xff);
    }
    ok(good, "by byte and half-word stores");
    /* With stm, strd, swp, strex and an unaligned store. */
    uint32_t two[2] = { MOV_R0 | 21, BX_LR };
    __asm__ volatile("ldm %0, {r2, r3}\nstm %1, {r2, r3}" : : "r"(two), "r"(code) : "r2", "r3", "memory");
    code_written(code, 8);
    good = call(code) == 21;
    two[0] = MOV_R0 | 22;
    __asm__ volatile("ldrd r2, r3, [%0]\nstrd r2, r3, [%1]" : : "r"(two), "r"(code) : "r2", "r3", "memory");
    code_written(code, 8);
    good &= call(code) == 22;
    __asm__ volatile("swp r2, %0, [%1]" : : "r"(MOV_R0 | 23), "r"(code) : "r2", "memory");
    code_written(code, 8);
    good &= call(code) == 23;
    __asm__ volatile("1: ldrex r2, [%1]\nstrex r2, %0, [%1]\nteq r2, #0\nbne 1b"
                     : : "r"(MOV_R0 | 24), "r"(code) : "r2", "memory", "cc");
    code_written(code, 8);
    good &= call(code) == 24;
    __asm__ volatile("str %0, [%1, #-1]" : : "r"((MOV_R0 | 25) << 8), "r"(code + 1) : "memory");
    put(code, 25);
    good &= call(code) == 25;
    ok(good, "by stm, strd, swp, strex");
    good = true;
    for (unsigned i = 0; i < 200; i++) {
        uint32_t word = MOV_R0 | (i & 0xff);
        uint8_t *p = (uint8_t *)code;

        code[0] = MOV_R0 | 0xee;
        code[1] = BX_LR;
        code_written(code, 8);
        good &= call(code) == 0xee;
        /* Two bytes before the instruction and two of it; then the others. */
        __asm__ volatile("str %0, [%1]" : : "r"(word << 16), "r"(p - 2) : "memory");
        code_written(code, 4);
        good &= call(code) == (i & 0xff);
    }
    ok(good, "by unaligned stores across a page boundary");
}

/* A loop that rewrites an instruction ahead of itself in its own page; no call in between. */
__asm__(".pushsection .text\n.arm\n.balign 4096\n"
        ".global selfmod_loop\nselfmod_loop:\n"
        "push {r4-r6, lr}\n"
        "mov r4, #0\n"                  /* sum */
        "mov r5, #200\n"
        "ldr r6, =0xe2844000\n"         /* add r4, r4, #0 */
        "1: and r1, r5, #0xff\n"
        "orr r1, r1, r6\n"
        "adr r2, 2f\n"
        "str r1, [r2]\n"
        "mcr p15, 0, r2, c7, c10, 1\n"
        "mcr p15, 0, r0, c7, c10, 4\n"
        "mcr p15, 0, r2, c7, c5, 1\n"
        "mcr p15, 0, r0, c7, c5, 6\n"
        "mcr p15, 0, r0, c7, c10, 4\n"
        "mcr p15, 0, r0, c7, c5, 4\n"
        "2: add r4, r4, #0\n"
        "subs r5, r5, #1\n"
        "bne 1b\n"
        "mov r0, r4\n"
        "pop {r4-r6, pc}\n.ltorg\n.balign 4096\n.popsection\n");
uint32_t selfmod_loop(void);

static void same_page(void)
{
    for (unsigned i = 0; i < 3; i++) {
        ok_eq(selfmod_loop(), 200 * 201 / 2, "a loop that rewrites itself");
    }
}

/* Data in the same page as code: the code must stay right, and stores must not become terribly slow. */
static void data_beside(void)
{
    volatile uint32_t *data = code + 64;
    uint32_t sum = 0;

    put(code, 3);
    for (unsigned i = 0; i < 20000; i++) {
        data[i % 16] = i;
        sum += call(code);
    }
    ok_eq(sum, 60000, "20000 calls with stores beside the code");
    bool good = true;
    for (unsigned i = 0; i < 16; i++) {
        good &= data[i] == 20000 - 16 + (i + 16 - 20000 % 16) % 16;
    }
    ok(good, "and the data is right");
}

static void aliases(void)
{
    uint32_t *l1 = mmu_new_table();
    uint32_t pa = (uint32_t)code;
    bool good = true;

    mmu_new_l2(l1, 0x20000000, 0);
    mmu_map_page(l1, 0x20000000, L2_SMALL(pa, AP_RO));
    mmu_map_page(l1, 0x20005000, L2_SMALL(pa, AP_RW));
    mmu_on(l1);
    for (unsigned i = 0; i < 200; i++) {
        uint32_t *w = (uint32_t *)0x20005000;

        w[0] = MOV_R0 | (i & 0xff);
        w[1] = BX_LR;
        code_written(w, 8);
        code_written((void *)0x20000000, 8);
        good &= call((uint32_t *)0x20000000) == (i & 0xff);
    }
    ok(good, "written through another address");
    /* The page is replaced by another one, with no store to either. */
    uint32_t *other = heap_alloc(4096, 4096);
    other[0] = MOV_R0 | 0x99;
    other[1] = BX_LR;
    code_written(other, 8);
    uint32_t first = call((uint32_t *)0x20000000);
    mmu_map_page(l1, 0x20000000, L2_SMALL((uint32_t)other, AP_RO));
    tlb_flush_page(0x20000000, 0);
    ok(first == 199 && call((uint32_t *)0x20000000) == 0x99, "another page in its place");
    mmu_off();
}

/* ---- other CPUs ---- */

static volatile uint32_t generation __attribute__((aligned(64))), answers[MAX_CPUS], wrong;
enum { GENERATIONS = 150 };

/* Runs the code all the time; when told by a new generation, does the barrier and must then see the new code. */
static void runner(uint32_t cpu)
{
    uint32_t seen = 0;

    while (seen < GENERATIONS) {
        uint32_t now = generation;

        if (now != seen) {
            dmb();
            CP15_WRITE(0, c7, c5, 0, 0);
            CP15_WRITE(0, c7, c5, 6, 0);
            dsb();
            isb();
            if (call(code) != (now & 0xff)) {
                wrong++;
            }
            seen = now;
            answers[cpu] = now;
            dsb();
            sev();
        } else {
            uint32_t v = call(code);

            /* Between generations both the old and the new one are right. */
            if (v != (seen & 0xff) && v != ((seen + 1) & 0xff)) {
                wrong++;
            }
            wfe();
        }
    }
}

static void other_cpus(void)
{
    unsigned n = num_cpus();

    put(code, 0);
    for (unsigned cpu = 1; cpu < n; cpu++) {
        run_on(cpu, runner, cpu);
    }
    for (uint32_t g = 1; g <= GENERATIONS; g++) {
        /* One aligned word: the others may be executing it. */
        *(volatile uint32_t *)code = MOV_R0 | (g & 0xff);
        code_written(code, 4);
        generation = g;
        dsb();
        sev();
        for (unsigned cpu = 1; cpu < n; cpu++) {
            while (answers[cpu] != g) {
                wfe();
            }
        }
    }
    for (unsigned cpu = 1; cpu < n; cpu++) {
        wait_for(cpu);
    }
    ok_eq_ours(wrong, 0, "code that other CPUs run");
    wrong = 0;
}

/* Every CPU writes and runs code of its own; all of it in the same pages. */
static void private_code(uint32_t cpu)
{
    for (unsigned i = 0; i < 300; i++) {
        uint32_t *p = code + 1024 * (i & 3) + 64 + 16 * cpu;

        put(p, (i + cpu * 50) & 0xff);
        if (call(p) != ((i + cpu * 50) & 0xff)) {
            wrong++;
        }
    }
}

int test_main(void)
{
    code = heap_alloc(5 * 4096, 4096) + 4096;
    simple();
    same_page();
    data_beside();
    aliases();
    if (num_cpus() > 1) {
        smp_start();
        other_cpus();
        run_all(num_cpus(), private_code);
        ok_eq_ours(wrong, 0, "each CPU writes and runs its own code in shared pages");
    }
    return 0;
}
