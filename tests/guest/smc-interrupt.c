/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code changed by an interrupt handler of the same CPU, and the flags the handler sees: wherever the interrupt comes
 * in, SPSR holds the flags of the program at that point, also where the text as it stands never reads them. guest-test:
 * cpus=1,2 timeout=20
 */
#include "smc-code.h"

enum { SGI = 3 };

/*
 * r0 = address of GICD_SGIR, r1 = value: an SGI to this CPU. The flags of SUBS are dead at `1:` by the text found there
 * first. r2 and r3 are 0.
 */
__asm__(".pushsection .rodata\n .balign 4\n .global irq_flags, irq_flags_next, irq_flags_end\n"
        "irq_flags: mov r2, #5\n cpsie i\n str r1, [r0]\n mov r0, #1\n subs r2, r2, r2\n b irq_flags_next\n nop\n nop\n"
        "irq_flags_next: adds r3, r3, #1\n"
        " mov r2, #100\n 1: sub r2, r2, #1\n teq r2, #0\n bne 1b\n cpsid i\n bx lr\n irq_flags_end:\n"
        ".popsection");
extern const uint32_t irq_flags[], irq_flags_next[], irq_flags_end[];

static volatile uint32_t seen_at, seen_spsr;
static volatile uint32_t *patched;

static void handler(uint32_t iar)
{
    (void)iar;
}

/* Wraps the handler: where was the CPU, and with what flags? */
static void on_irq(struct exc *e)
{
    uint32_t iar = rd32(GICC_IAR);

    e->lr -= 4;
    seen_at = e->lr;
    seen_spsr = e->spsr;
    if (patched && e->lr == (uint32_t)patched) {
        *patched = A_MOVEQ_R0(77);
        code_written((const void *)(uint32_t)patched, 4);
    }
    wr32(GICC_EOIR, iar);
}

static uint32_t run_flags(volatile uint32_t *p)
{
    register uint32_t r0 __asm__("r0") = GICD_SGIR;
    register uint32_t r1 __asm__("r1") = 2u << 24 | SGI;

    __asm__ volatile("msr cpsr_f, #0x80000000\n blx %2"
                     : "+&r"(r0), "+&r"(r1) : "r"(p) : "r2", "r3", "ip", "lr", "cc", "memory");
    return r0;
}

int test_main(void)
{
    uint32_t next = (uint32_t)irq_flags_next - (uint32_t)irq_flags;
    uint32_t bytes = (uint32_t)irq_flags_end - (uint32_t)irq_flags;
    bool flags = true, patch = true, came = true;
    unsigned at_next = 0;

    mmu_on(mmu_new_table());
    gic_init();
    irq_handle(handler);
    exc_handle(EXC_IRQ, on_irq);
    for (unsigned round = 0; round < 16; round++) {
        uint8_t *p = (uint8_t *)page_alloc(1) + 64 * round;
        bool patching = round & 1;

        memcpy(p, irq_flags, bytes);
        code_written(p, bytes);
        patched = patching ? (uint32_t *)(p + next) : NULL;
        seen_at = 0;
        uint32_t result = run_flags((uint32_t *)p);
        came &= seen_at >= (uint32_t)p && seen_at < (uint32_t)p + bytes;
        if (seen_at == (uint32_t)p + next) {
            at_next++;
            flags &= (seen_spsr >> 28) == 6;        /* 5 - 5: Z and C */
            patch &= result == (patching ? 77 : 1);
        } else {
            patch &= result == 1;
        }
    }
    print("# interrupt came %u times of 16 at the target of the jump\n", at_next);
    ok(came, "interrupt of the own SGI");
    ok(flags, "smc-flags-dead-at-interrupt: SPSR has the flags set before a jump");
    ok(patch, "smc-flags-dead-at-interrupt: handler gives the target an instruction that reads them");
    return 0;
}
