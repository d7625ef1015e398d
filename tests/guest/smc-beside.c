/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data beside code in one page, written all the time: a word behind a function, one between a function and its literal,
 * a stack, an exclusive counter, by the own and by other CPUs. smc-counters.py bounds what the translator makes of it.
 * guest-test: cpus=1,2,4 timeout=30
 */
#include "smc-code.h"

enum { ROUNDS = 5000 };

/*
 * Each returns what it found. count_behind: the counter is the word behind the function. count_between: it stands
 * between the code and the literal with the increment. count_exclusive: LDREX and STREX on a word of the code's page.
 * on_stack: r0 = stack in the code's page.
 */
__asm__(".pushsection .rodata\n .balign 4\n .global beside_code, beside_end, "
        "count_behind, count_between, count_exclusive, on_stack\n"
        "beside_code:\n"
        "count_behind: ldr r0, 1f\n add r0, r0, #1\n str r0, 1f\n bx lr\n 1: .word 0\n"
        "count_between: ldr r0, 1f\n"
        " ldr r1, 2f\n add r0, r0, r1\n str r0, 1f\n bx lr\n 1: .word 0\n .space 240\n 2: .word 3\n"
        "count_exclusive: adr r2, 2f\n"
        " 1: ldrex r0, [r2]\n add r0, r0, #1\n strex r1, r0, [r2]\n teq r1, #0\n bne 1b\n bx lr\n"
        " .space 8\n 2: .word 0\n"
        "on_stack: mov r2, sp\n"
        " mov sp, r0\n push {r4-r8, lr}\n mov r4, r0\n mov r5, r1\n mov r6, r2\n bl 1f\n add r0, r0, r4\n"
        "mov r2, r6\n pop {r4-r8, lr}\n mov sp, r2\n bx lr\n"
        "1: push {r5, lr}\n rsb r0, r4, r5\n pop {r5, pc}\n"
        "beside_end:\n .popsection");
extern const uint32_t beside_code[], beside_end[], count_behind[], count_between[], count_exclusive[], on_stack[];

static uint8_t *page;
static struct barrier meeting;
static volatile uint32_t bad;

static const void *in_page(const uint32_t *label)
{
    return page + ((uint32_t)label - (uint32_t)beside_code);
}

static void work(uint32_t argument)
{
    unsigned cpu = cpu_id(), n = num_cpus();
    uint32_t wrong = 0;

    (void)argument;
    if (n > 1) {
        barrier_wait(&meeting, n);
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t stack = (uint32_t)page + 0x800 + 0x100 * (cpu + 1);

        if (cpu == 0) {
            wrong += call(in_page(count_behind), 0, 0) != i + 1;
            wrong += call(in_page(count_between), 0, 0) != 3 * (i + 1);
        }
        call(in_page(count_exclusive), 0, 0);
        wrong += call(in_page(on_stack), stack, i) != i;
    }
    if (n > 1) {
        atomic_add(&bad, wrong);
        barrier_wait(&meeting, n);
    } else {
        bad += wrong;
    }
}

int test_main(void)
{
    mmu_on(mmu_new_table());
    page = page_alloc(1);
    memcpy(page, beside_code, (uint32_t)beside_end - (uint32_t)beside_code);
    code_written(page, (uint32_t)beside_end - (uint32_t)beside_code);
    smp_start();
    run_all(num_cpus(), work);
    ok_eq(bad, 0, "data beside code");
    ok_eq(call(in_page(count_exclusive), 0, 0), ROUNDS * num_cpus() + 1, "exclusive counter beside code");
    return 0;
}
