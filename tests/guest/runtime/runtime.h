/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime of bare-metal tests and benchmarks (docs/testing-guest.md): console, TAP, exceptions, MMU, interrupts,
 * other CPUs, time. An image defines test_main(), which CPU 0 runs in SVC mode, MMU off, interrupts masked; the other
 * CPUs sleep until smp_start() and run_on().
 *
 * Console and TAP functions belong to CPU 0. Exception state is per CPU.
 */
#ifndef TESTS_GUEST_RUNTIME_H
#define TESTS_GUEST_RUNTIME_H

#include "board.h"

enum { MAX_CPUS = 4, CACHE_LINE = 32 };

/* ---- console.c ---- */
void put_char(char c);
/* %s %c %d %u %x, width and zero padding, %%; 32 bits only. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A case of the test. */
void ok(bool good, const char *name);
/* The same; both values are printed if they differ. */
void ok_eq(uint32_t got, uint32_t want, const char *name);
/* Like ok() and ok_eq() for what upstream QEMU is known to do otherwise: it may fail there (run-guest.py --oracle). */
void ok_ours(bool good, const char *name);
void ok_eq_ours(uint32_t got, uint32_t want, const char *name);
void skip(const char *name, const char *why);
/* The plan, then exit; test_main() may simply return instead. */
_Noreturn void done(void);
_Noreturn void fail_hard(const char *why);
_Noreturn void semihosting_exit(bool good);
int test_main(void);

/* ---- libc.c: what the compiler calls ---- */
void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memmove(void *d, const void *s, size_t n);
size_t strlen(const char *s);
/* Zeroed RAM that is never given back. ALIGN: a power of two. */
void *heap_alloc(uint32_t size, uint32_t align);
/* xorshift; a state of 0 is replaced. */
uint32_t random32(uint32_t *state);

/* ---- exception.c ---- */
enum { EXC_RESET, EXC_UNDEF, EXC_SVC, EXC_PABT, EXC_DABT, EXC_UNUSED, EXC_IRQ, EXC_FIQ, EXC_COUNT };
enum { MODE_USR = 0x10, MODE_FIQ = 0x11, MODE_IRQ = 0x12, MODE_SVC = 0x13, MODE_ABT = 0x17, MODE_UND = 0x1b,
       MODE_SYS = 0x1f };
#define PSR_T   (1u << 5)
#define PSR_F   (1u << 6)
#define PSR_I   (1u << 7)
#define PSR_A   (1u << 8)
#define PSR_E   (1u << 9)

/* What start.S pushes. lr and spsr as the exception left them; handlers write where to return. */
struct exc {
    uint32_t type, spsr, cpsr;  /* cpsr: at the vector */
    uint32_t r[13];
    uint32_t lr, unused;
};

/* What an expected exception left. */
struct exc_log {
    volatile uint32_t count;    /* since exc_expect() */
    struct exc exc;             /* the last one, before its handler changed anything */
    uint32_t dfsr, dfar, ifsr, ifar;
};

typedef void exc_handler(struct exc *e);
/* The handler of this CPU; NULL: the default. Defaults: SVC 0x99 ends user_run(), others are fatal unless expected. */
void exc_handle(unsigned type, exc_handler *handler);
/*
 * From now on to exc_seen() exceptions that have no handler are logged and their instruction is skipped (a prefetch
 * abort inside try_call() or of User code ends the call). exc_seen() returns the number seen;
 * exc_log() tells about the last one.
 */
void exc_expect(void);
uint32_t exc_seen(void);
const struct exc_log *exc_log(void);
/* Run an expression, give the number of exceptions it made. */
#define CAUGHT(expr) ({ exc_expect(); (void)(expr); exc_seen(); })

/* Call an address that may not be executable; while exceptions are expected a prefetch abort of it ends the call. */
uint32_t try_call(uint32_t address, uint32_t argument);
/* Run a function in User mode, interrupts unmasked, on a stack of its own. */
typedef uint32_t user_fn(uint32_t a, uint32_t b);
uint32_t user_run(user_fn *fn, uint32_t a, uint32_t b);

/* Plain accesses the compiler does not touch. A load that faults gives 0xbad0bad0. */
uint32_t try_ldr(uint32_t address);
uint32_t try_str(uint32_t address, uint32_t value);
uint32_t try_ldrb(uint32_t address);
uint32_t try_strb(uint32_t address, uint32_t value);
/* The same as functions for user_run(). */
uint32_t user_ldr(uint32_t address, uint32_t unused);
uint32_t user_str(uint32_t address, uint32_t value);

/* ---- cp15 and barriers ---- */
#define CP15_READ(op1, crn, crm, op2) ({ uint32_t v_; \
    __asm__ volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_) : : "memory"); v_; })
#define CP15_WRITE(op1, crn, crm, op2, v) \
    __asm__ volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : : "r"(v) : "memory")

static inline void dmb(void) { CP15_WRITE(0, c7, c10, 5, 0); }
static inline void dsb(void) { CP15_WRITE(0, c7, c10, 4, 0); }
static inline void isb(void) { CP15_WRITE(0, c7, c5, 4, 0); }
static inline void wfi(void) { __asm__ volatile("wfi" : : : "memory"); }
static inline void yield(void) { __asm__ volatile("yield" : : : "memory"); }
static inline void wfe(void) { __asm__ volatile("wfe" : : : "memory"); }
static inline void sev(void) { __asm__ volatile("sev" : : : "memory"); }
static inline void irq_enable(void) { __asm__ volatile("cpsie i" : : : "memory"); }
static inline void irq_disable(void) { __asm__ volatile("cpsid i" : : : "memory"); }
static inline uint32_t cpsr(void) { uint32_t v; __asm__ volatile("mrs %0, cpsr" : "=r"(v)); return v; }
static inline uint32_t cpu_id(void) { return CP15_READ(0, c0, c0, 5) & 3; }
static inline uint32_t sctlr(void) { return CP15_READ(0, c1, c0, 0); }
static inline void set_sctlr(uint32_t v) { CP15_WRITE(0, c1, c0, 0, v); isb(); }
#define SCTLR_M     (1u << 0)
#define SCTLR_A     (1u << 1)
#define SCTLR_S     (1u << 8)
#define SCTLR_R     (1u << 9)
#define SCTLR_V     (1u << 13)
#define SCTLR_U     (1u << 22)
#define SCTLR_XP    (1u << 23)
#define SCTLR_EE    (1u << 25)
#define SCTLR_AFE   (1u << 29)

/* After writing instructions at [address, address + size): what the architecture asks of this CPU. */
void code_written(const void *address, uint32_t size);

/* ---- mmu.c ---- */
/* First-level descriptors, XP = 1. AP in [1:0] and APX in bit 2. */
#define L1_SECTION(pa, ap, domain) \
    (((pa) & 0xfff00000u) | 2 | 0x0c | ((ap) & 3) << 10 | (((ap) >> 2) & 1) << 15 | (domain) << 5)
#define L1_SUPERSECTION(pa, ap) \
    (((pa) & 0xff000000u) | 2 | 0x0c | 1 << 18 | ((ap) & 3) << 10 | (((ap) >> 2) & 1) << 15)
#define L1_TABLE(l2, domain) ((uint32_t)(l2) | 1 | (domain) << 5)
#define L1_XN       (1u << 4)
#define L1_NG       (1u << 17)
#define L2_SMALL(pa, ap)    (((pa) & 0xfffff000u) | 2 | 0x0c | ((ap) & 3) << 4 | (((ap) >> 2) & 1) << 9)
#define L2_LARGE(pa, ap)    (((pa) & 0xffff0000u) | 1 | 0x0c | ((ap) & 3) << 4 | (((ap) >> 2) & 1) << 9)
#define L2_XN       1u
#define L2_LARGE_XN (1u << 15)
#define L2_NG       (1u << 11)
enum { AP_NONE = 0, AP_PRIV = 1, AP_USER_RO = 2, AP_RW = 3, AP_PRIV_RO = 5, AP_RO = 6 };

/* A first-level table with 64 MiB of RAM (read-write to all, domain 0) and the devices mapped to themselves. */
uint32_t *mmu_new_table(void);
/* An empty second-level table (256 entries) for the megabyte of VA. */
uint32_t *mmu_new_l2(uint32_t *l1, uint32_t va, unsigned domain);
/* Map a 4 KiB page; the megabyte must have a second-level table. XP = 1. */
void mmu_map_page(uint32_t *l1, uint32_t va, uint32_t l2_entry);
/* On with TTBCR = 0, domains 0-2 clients; off. Both flush the TLB. */
void mmu_on(uint32_t *l1);
void mmu_off(void);
void tlb_flush(void);
void tlb_flush_page(uint32_t va, uint32_t asid);
void tlb_flush_asid(uint32_t asid);
void set_dacr(uint32_t v);
void set_asid(uint32_t asid);

/* ---- smp.c ---- */
/* CPUs of the machine. */
unsigned num_cpus(void);
/* Start them all; they then wait for jobs. May be called again. */
void smp_start(void);
/* The same, then mmu_on() on every CPU. */
void smp_start_mmu(uint32_t *l1);
typedef void job_fn(uint32_t argument);
/* Have a CPU other than the caller's run a job; wait until it has ended. */
void run_on(unsigned cpu, job_fn *fn, uint32_t argument);
void wait_for(unsigned cpu);
/* Run on CPUs 0..n-1, the caller included, argument = CPU; returns when all have ended. */
void run_all(unsigned n, job_fn *fn);
/* All of n CPUs meet here. */
struct barrier {
    volatile uint32_t arrived, phase;
};
void barrier_wait(struct barrier *b, unsigned n);
uint32_t atomic_add(volatile uint32_t *p, uint32_t n);     /* returns the new value */

/* ---- gic.c ---- */
void gic_init_cpu(void);            /* this CPU's interface on, all priorities but 0xf0 */
void gic_init(void);                /* the distributor on, everything disabled and not pending */
void gic_enable(unsigned id, unsigned priority, unsigned targets);
void gic_disable(unsigned id);
bool gic_pending(unsigned id);
bool gic_active(unsigned id);
void gic_send_sgi(unsigned id, uint32_t targets);
/* The interrupt handler of this CPU: called with what IAR said, before EOIR is written. NULL: none. */
typedef void irq_fn(uint32_t iar);
void irq_handle(irq_fn *fn);
uint32_t irq_count(void);           /* interrupts handled since irq_handle() */
/* Acknowledge and end whatever is pending; returns how many. */
unsigned gic_drain(void);

/* ---- time ---- */
static inline uint32_t ticks24(void) { return rd32(SYS_24MHZ); }
static inline uint32_t us_since(uint32_t begin) { return (ticks24() - begin) / 24; }
void delay_us(uint32_t us);
/* Poll a condition for at most us microseconds. */
#define WAIT_UNTIL(cond, us) ({ uint32_t begin_ = ticks24(); bool met_; \
    while (!(met_ = (cond)) && us_since(begin_) < (us)) { } met_; })

/* ---- VFP ---- */
void vfp_enable(void);

#endif
