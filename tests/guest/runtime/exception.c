/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of a test image: handlers per CPU, expected exceptions, User mode. start.S builds the frames. Everything
 * here is per CPU and used by its own CPU alone.
 */
#include "runtime.h"

struct cpu_exc {
    exc_handler *handler[EXC_COUNT];
    struct exc_log log;
    bool expecting;
    uint32_t resume;            /* where a prefetch abort continues, once; 0: after the instruction */
    uint32_t *user_sp;          /* of the SVC stack in user_call() */
};

static struct cpu_exc cpus[MAX_CPUS];
static uint8_t user_stack[MAX_CPUS][4096] __attribute__((aligned(8)));

void exc_dispatch(struct exc *e);       /* start.S */
uint32_t user_call(user_fn *fn, uint32_t a, uint32_t b, void *stack, uint32_t **saved_sp);
_Noreturn void user_resume(uint32_t result, uint32_t *sp);
uint32_t call_catching(uint32_t address, uint32_t argument, uint32_t *resume);

extern char user_exit[];        /* start.S: the end of a function called by user_run() */

static _Noreturn void unexpected(const struct exc *e)
{
    static const char *const names[EXC_COUNT] = { "reset", "undefined instruction", "SVC", "prefetch abort",
                                                  "data abort", "reserved", "IRQ", "FIQ" };

    print("\n# CPU%u: %s, lr %08x spsr %08x cpsr %08x dfsr %x dfar %08x ifsr %x ifar %08x\n", (unsigned)cpu_id(),
          names[e->type], (unsigned)e->lr, (unsigned)e->spsr, (unsigned)e->cpsr, (unsigned)CP15_READ(0, c5, c0, 0),
          (unsigned)CP15_READ(0, c6, c0, 0), (unsigned)CP15_READ(0, c5, c0, 1), (unsigned)CP15_READ(0, c6, c0, 2));
    for (unsigned i = 0; i < 13; i++) {
        print("# r%u %08x%s", i, (unsigned)e->r[i], i % 4 == 3 || i == 12 ? "\n" : " ");
    }
    fail_hard("unexpected exception");
}

/* SVC 0x99, of either instruction set. */
static bool is_user_exit(const struct exc *e)
{
    if (e->type != EXC_SVC || (e->spsr & 0x1f) != MODE_USR || (e->spsr & PSR_T)) {
        return false;
    }
    return (*(const uint32_t *)(e->lr - 4) & 0xffffff) == 0x99;
}

void exc_dispatch(struct exc *e)
{
    struct cpu_exc *c = &cpus[cpu_id()];
    uint32_t insn_size = e->spsr & PSR_T ? 2 : 4;

    if (is_user_exit(e)) {
        user_resume(e->r[0], c->user_sp);
    }
    if (c->handler[e->type]) {
        c->handler[e->type](e);
        return;
    }
    if (!c->expecting || e->type == EXC_IRQ || e->type == EXC_FIQ) {
        unexpected(e);
    }
    c->log.exc = *e;
    c->log.dfsr = CP15_READ(0, c5, c0, 0);
    c->log.ifsr = CP15_READ(0, c5, c0, 1);
    c->log.dfar = CP15_READ(0, c6, c0, 0);
    c->log.ifar = CP15_READ(0, c6, c0, 2);
    if (++c->log.count > 1000000) {
        unexpected(e);
    }
    switch (e->type) {
    case EXC_DABT:
        e->lr += insn_size - 8;
        break;
    case EXC_PABT:
        if (c->resume) {
            e->lr = c->resume;
            e->spsr &= ~PSR_T;
            c->resume = 0;
        } else if ((e->spsr & 0x1f) == MODE_USR && (c->log.ifsr & 0x40f) != 2) {
            e->lr = (uint32_t)user_exit;
            e->spsr &= ~PSR_T;
        } else {
            e->lr += insn_size - 4;
        }
        break;
    default:
        break;
    }
}

void exc_handle(unsigned type, exc_handler *handler)
{
    cpus[cpu_id()].handler[type] = handler;
}

void exc_expect(void)
{
    struct cpu_exc *c = &cpus[cpu_id()];

    c->log.count = 0;
    c->resume = 0;
    c->expecting = true;
}

uint32_t exc_seen(void)
{
    struct cpu_exc *c = &cpus[cpu_id()];

    c->expecting = false;
    return c->log.count;
}

const struct exc_log *exc_log(void)
{
    return &cpus[cpu_id()].log;
}

uint32_t try_call(uint32_t address, uint32_t argument)
{
    struct cpu_exc *c = &cpus[cpu_id()];
    uint32_t v = call_catching(address, argument, &c->resume);

    c->resume = 0;
    return v;
}

uint32_t user_run(user_fn *fn, uint32_t a, uint32_t b)
{
    unsigned cpu = cpu_id();

    return user_call(fn, a, b, user_stack[cpu] + sizeof(user_stack[cpu]), &cpus[cpu].user_sp);
}

uint32_t try_ldr(uint32_t address)
{
    uint32_t v = 0xbad0bad0;

    __asm__ volatile("ldr %0, [%1]" : "+&r"(v) : "r"(address) : "memory");
    return v;
}

uint32_t try_str(uint32_t address, uint32_t value)
{
    __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
    return 0;
}

uint32_t try_ldrb(uint32_t address)
{
    uint32_t v = 0xbad0bad0;

    __asm__ volatile("ldrb %0, [%1]" : "+&r"(v) : "r"(address) : "memory");
    return v;
}

uint32_t try_strb(uint32_t address, uint32_t value)
{
    __asm__ volatile("strb %0, [%1]" : : "r"(value), "r"(address) : "memory");
    return 0;
}

uint32_t user_ldr(uint32_t address, uint32_t unused)
{
    (void)unused;
    return try_ldr(address);
}

uint32_t user_str(uint32_t address, uint32_t value)
{
    return try_str(address, value);
}

void code_written(const void *address, uint32_t size)
{
    uint32_t end = (uint32_t)address + size;

    for (uint32_t p = (uint32_t)address & ~(CACHE_LINE - 1u); p < end; p += CACHE_LINE) {
        CP15_WRITE(0, c7, c10, 1, p);   /* clean the data line */
    }
    dsb();
    for (uint32_t p = (uint32_t)address & ~(CACHE_LINE - 1u); p < end; p += CACHE_LINE) {
        CP15_WRITE(0, c7, c5, 1, p);    /* invalidate the instruction line */
    }
    CP15_WRITE(0, c7, c5, 6, 0);        /* branch predictor */
    dsb();
    isb();
}

void vfp_enable(void)
{
    CP15_WRITE(0, c1, c0, 2, CP15_READ(0, c1, c0, 2) | 0x00f00000);
    isb();
    __asm__ volatile(".fpu vfp\nfmxr fpexc, %0" : : "r"(1u << 30) : "memory");
}
