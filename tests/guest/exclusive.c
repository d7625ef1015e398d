/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDREX, STREX and relatives: when STREX may succeed, in all sizes; stores of other CPUs in between, also of the same
 * value; counters and locks under contention (ARM DDI 0100I A2.9). On one CPU the rules of the local monitor.
 * guest-test: modes=unified,separate,single,interp,icount cpus=1,2,4 timeout=60
 */
#include "runtime.h"

#define LDREX(op, p) ({ uint32_t v_; __asm__ volatile(op " %0, [%1]" : "=r"(v_) : "r"(p) : "memory"); v_; })
#define STREX(op, p, v) ({ uint32_t f_; \
    __asm__ volatile(op " %0, %1, [%2]" : "=&r"(f_) : "r"(v), "r"(p) : "memory"); f_; })

static uint64_t ldrexd(volatile uint64_t *p)
{
    register uint32_t lo __asm__("r2"), hi __asm__("r3");

    __asm__ volatile("ldrexd %0, %1, [%2]" : "=r"(lo), "=r"(hi) : "r"(p) : "memory");
    return (uint64_t)hi << 32 | lo;
}

static uint32_t strexd(volatile uint64_t *p, uint64_t v)
{
    register uint32_t lo __asm__("r2") = (uint32_t)v, hi __asm__("r3") = (uint32_t)(v >> 32);
    uint32_t failed;

    __asm__ volatile("strexd %0, %1, %2, [%3]" : "=&r"(failed) : "r"(lo), "r"(hi), "r"(p) : "memory");
    return failed;
}

static void clrex(void)
{
    __asm__ volatile("clrex" : : : "memory");
}

static uint32_t swp(volatile uint32_t *p, uint32_t v)
{
    uint32_t old;

    __asm__ volatile("swp %0, %1, [%2]" : "=&r"(old) : "r"(v), "r"(p) : "memory");
    return old;
}

static uint32_t swpb(volatile uint8_t *p, uint32_t v)
{
    uint32_t old;

    __asm__ volatile("swpb %0, %1, [%2]" : "=&r"(old) : "r"(v), "r"(p) : "memory");
    return old;
}

static union {
    volatile uint32_t w[64];
    volatile uint8_t b[256];
    volatile uint16_t h[128];
    volatile uint64_t d[32];
} area __attribute__((aligned(256)));

static void local_rules(void)
{
    area.w[0] = 5;
    ok_eq(LDREX("ldrex", &area.w[0]), 5, "ldrex loads");
    ok_eq(STREX("strex", &area.w[0], 6), 0, "strex succeeds");
    ok_eq(area.w[0], 6, "and stores");
    ok_eq(STREX("strex", &area.w[0], 7), 1, "a second strex fails");
    ok_eq(area.w[0], 6, "and does not store");
    LDREX("ldrex", &area.w[0]);
    clrex();
    ok_eq(STREX("strex", &area.w[0], 7), 1, "strex after clrex fails");
    LDREX("ldrex", &area.w[0]);
    ok_eq(STREX("strex", &area.w[32], 7), 1, "strex to another address fails");
    ok_eq(STREX("strex", &area.w[0], 7), 1, "and ends the reservation");
    LDREX("ldrex", &area.w[0]);
    LDREX("ldrex", &area.w[32]);
    ok_eq(STREX("strex", &area.w[0], 7), 1, "only the last ldrex counts");
    LDREX("ldrex", &area.w[0]);
    ok_eq(LDREX("ldrex", &area.w[0]), 6, "ldrex twice");
    ok_eq(STREX("strex", &area.w[0], 8), 0, "is as good as once");
    area.b[3] = 0x80;
    ok_eq(LDREX("ldrexb", &area.b[3]), 0x80, "ldrexb loads a byte");
    ok_eq(STREX("strexb", &area.b[3], 0x1ff), 0, "strexb succeeds");
    ok_eq(area.w[0], 0xff000008, "and stores a byte");
    ok_eq(LDREX("ldrexh", &area.h[1]), 0xff00, "ldrexh loads a half-word");
    ok_eq(STREX("strexh", &area.h[1], 0x12345678), 0, "strexh succeeds");
    ok_eq(area.w[0], 0x56780008, "and stores a half-word");
    area.d[1] = 0x1122334455667788ull;
    ok(ldrexd(&area.d[1]) == 0x1122334455667788ull, "ldrexd loads two words");
    ok_eq(strexd(&area.d[1], 0xaabbccdd00112233ull), 0, "strexd succeeds");
    ok(area.w[2] == 0x00112233 && area.w[3] == 0xaabbccdd, "and stores them in order");
    ok_eq(strexd(&area.d[1], 1), 1, "a second strexd fails");
    LDREX("ldrexb", &area.b[0]);
    ok_eq(STREX("strex", &area.w[0], 1), 1, "another size fails");
    area.w[0] = 0x55;
    ok_eq(swp(&area.w[0], 0x66), 0x55, "swp returns the old word");
    ok_eq(area.w[0], 0x66, "and stores the new one");
    area.w[0] = 0x44332211;
    ok_eq(swpb(&area.b[2], 0x1aa), 0x33, "swpb returns the old byte");
    ok_eq(area.w[0], 0x44aa2211, "and stores the new one");
    /* The local monitor does not see the own CPU's plain stores to other places. */
    LDREX("ldrex", &area.w[0]);
    area.w[40] = 1;
    (void)area.w[41];
    ok_eq(STREX("strex", &area.w[0], 2), 0, "other accesses in between do not matter");
    /* An exception in between: Linux does a strex of its own then. */
    LDREX("ldrex", &area.w[0]);
    (void)STREX("strex", &area.w[63], 0);
    ok_eq(STREX("strex", &area.w[0], 3), 1, "a strex elsewhere in between does");
}

/* ---- stores of another CPU between ldrex and strex ---- */

static volatile uint32_t phase __attribute__((aligned(64)));
static volatile uint32_t helper_kind;

/* Waits for phase 1, does what helper_kind says to area.w[0], sets phase 2. Until kind is 99. */
static void helper(uint32_t argument)
{
    (void)argument;
    while (true) {
        while (phase != 1) {
            wfe();
        }
        dmb();
        switch (helper_kind) {
        case 0: area.w[0] = 101; break;                             /* another value */
        case 1: area.w[0] = area.w[0]; break;                       /* the same value */
        case 2: area.w[0] = 1; area.w[0] = 0; break;                /* there and back */
        case 3: area.b[1] = area.b[1]; break;                       /* a part of it */
        case 4: (void)swp(&area.w[0], area.w[0]); break;
        case 5: do { LDREX("ldrex", &area.w[0]); } while (STREX("strex", &area.w[0], 0)); break;
        case 6:
            __asm__ volatile("ldm %0, {r2, r3}\nstm %0, {r2, r3}" : : "r"(&area.w[0]) : "r2", "r3", "memory");
            break;
        case 7:
            __asm__ volatile("ldrd r2, r3, [%0]\nstrd r2, r3, [%0]" : : "r"(&area.w[0]) : "r2", "r3", "memory");
            break;
        case 8: (void)area.w[0]; break;                             /* reads only */
        case 9: area.w[56] = 7; break;                              /* far away */
        case 10: LDREX("ldrex", &area.w[0]); clrex(); break;        /* reserved, nothing stored */
        default: phase = 2; return;
        }
        dmb();
        phase = 2;
        dsb();
        sev();
    }
}

static void step(uint32_t kind)
{
    helper_kind = kind;
    dmb();
    phase = 1;
    dsb();
    sev();
    while (phase != 2) {
        wfe();
    }
    phase = 0;
    dmb();
}

/* How many of n strex fail when the helper acts between ldrex and strex. The loop between keeps off the granule. */
static uint32_t failures(uint32_t kind, uint32_t n)
{
    uint32_t failed = 0;

    for (uint32_t i = 0; i < n; i++) {
        area.w[0] = 0;
        dmb();
        LDREX("ldrex", &area.w[0]);
        step(kind);
        failed += STREX("strex", &area.w[0], 0x77);
    }
    return failed;
}

static void intervening_stores(void)
{
    enum { N = 60 };
    static const struct {
        bool ours;
        const char *name;
    } kinds[] = {
        { false, "another value" }, { true, "the same value" }, { true, "there and back (ABA)" },
        { true, "a byte of it" }, { true, "swp of the same value" }, { true, "ldrex and strex of the same value" },
        { true, "stm" }, { true, "strd" },
    };

    smp_start();
    phase = 0;
    run_on(1, helper, 0);
    for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        uint32_t failed = failures(k, N);

        if (failed != N) {
            print("# %u of %u failed\n", (unsigned)failed, N);
        }
        (kinds[k].ours ? ok_ours : ok)(failed == N, kinds[k].name);
    }
    /* These need not fail, and something must get through. */
    ok(failures(8, N) < N, "reads of another CPU let strex succeed");
    ok(failures(9, N) < N, "stores elsewhere let strex succeed");
    ok(failures(10, N) < N, "a reservation of another CPU lets strex succeed");
    /* Double words: the upper half changes. */
    uint32_t failed = 0;
    for (unsigned i = 0; i < N; i++) {
        area.d[0] = 0;
        dmb();
        ldrexd(&area.d[0]);
        step(2);
        failed += strexd(&area.d[0], 5);
    }
    ok_eq_ours(failed, N, "there and back inside a double word");
    step(99);
    wait_for(1);
}

/* ---- contention ---- */

enum { ADDS = 8000 };
static struct {
    volatile uint32_t word;
    volatile uint16_t half[2];
    volatile uint8_t byte[4];
    uint32_t pad;
    volatile uint64_t dword;
    volatile uint32_t locked_sum, lock, owner;
} shared __attribute__((aligned(256)));
static volatile uint32_t mistakes;
static struct barrier start_line;

static void count_words(uint32_t cpu)
{
    (void)cpu;
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < ADDS; i++) {
        atomic_add(&shared.word, 1);
    }
}

/* All sizes, beside each other in one granule. */
static void count_mixed(uint32_t cpu)
{
    (void)cpu;
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < ADDS / 4; i++) {
        while (STREX("strexh", &shared.half[1], LDREX("ldrexh", &shared.half[1]) + 1)) {
        }
        while (STREX("strexb", &shared.byte[i & 3], LDREX("ldrexb", &shared.byte[i & 3]) + 1)) {
        }
        while (strexd(&shared.dword, ldrexd(&shared.dword) + 0x100000001ull)) {
        }
        atomic_add(&shared.word, 3);
    }
}

/* A word that two CPUs share by exclusives while each also stores to a word of its own beside it. */
static void count_beside(uint32_t cpu)
{
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < ADDS / 4; i++) {
        area.w[cpu + 1] = i;
        atomic_add(&area.w[0], 1);
        if (area.w[cpu + 1] != i) {
            mistakes++;
        }
    }
}

static void lock_swp(uint32_t cpu)
{
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < ADDS / 10; i++) {
        while (swp(&shared.lock, 1)) {
            wfe();
        }
        dmb();
        shared.owner = cpu;
        shared.locked_sum = shared.locked_sum + 1;
        if (shared.owner != cpu) {
            mistakes++;
        }
        dmb();
        shared.lock = 0;
        dsb();
        sev();
    }
}

static void lock_ldrex(uint32_t cpu)
{
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < ADDS / 10; i++) {
        while (LDREX("ldrex", &shared.lock) || STREX("strex", &shared.lock, 1)) {
            wfe();
        }
        dmb();
        shared.owner = cpu;
        shared.locked_sum = shared.locked_sum + 1;
        if (shared.owner != cpu) {
            mistakes++;
        }
        dmb();
        shared.lock = 0;
        dsb();
        sev();
    }
}

/* A lock-free stack: pop by ldrex/strex alone is right only if ABA makes strex fail. */
enum { NODES = 64, POPS = 1500 };
static struct node {
    struct node *volatile next;
    volatile uint32_t owner;
} nodes[NODES];
static struct node *volatile head __attribute__((aligned(64)));

static struct node *stack_pop(void)
{
    struct node *n;

    do {
        n = (struct node *)LDREX("ldrex", &head);
        if (!n) {
            clrex();
            return NULL;
        }
    } while (STREX("strex", &head, n->next));
    dmb();
    return n;
}

static void stack_push(struct node *n)
{
    do {
        n->next = head;
        dmb();
        if ((struct node *)LDREX("ldrex", &head) != n->next) {
            clrex();
            continue;
        }
        if (!STREX("strex", &head, n)) {
            break;
        }
    } while (true);
}

static void stack_user(uint32_t cpu)
{
    barrier_wait(&start_line, num_cpus());
    for (unsigned i = 0; i < POPS; i++) {
        struct node *a = stack_pop(), *b = stack_pop();

        for (unsigned k = 0; k < 2; k++) {
            struct node *n = k ? b : a;

            if (n) {
                if (n->owner != ~0u) {
                    mistakes++;
                }
                n->owner = cpu;
            }
        }
        for (unsigned k = 0; k < 2; k++) {
            struct node *n = k ? b : a;

            if (n) {
                if (n->owner != cpu) {
                    mistakes++;
                }
                n->owner = ~0u;
                dmb();
                stack_push(n);
            }
        }
    }
}

static void contention(void)
{
    unsigned n = num_cpus();

    memset((void *)&shared, 0, sizeof(shared));
    run_all(n, count_words);
    ok_eq(shared.word, ADDS * n, "counter by ldrex and strex");
    shared.word = 0;
    run_all(n, count_mixed);
    ok_eq(shared.word, ADDS / 4 * 3 * n, "words among other sizes");
    ok_eq(shared.half[1], (ADDS / 4 * n) & 0xffff, "half-words");
    ok_eq(shared.half[0], 0, "their neighbour is untouched");
    uint32_t bytes = 0;
    for (unsigned i = 0; i < 4; i++) {
        bytes += shared.byte[i] == ((ADDS / 16 * n) & 0xff);
    }
    ok_eq(bytes, 4, "bytes");
    ok(shared.dword == 0x100000001ull * (ADDS / 4 * n), "double words");
    mistakes = 0;
    area.w[0] = 0;
    run_all(n, count_beside);
    ok_eq(area.w[0], ADDS / 4 * n, "counter with plain stores beside it");
    ok_eq(mistakes, 0, "which are not lost");
    shared.locked_sum = 0;
    run_all(n, lock_swp);
    ok_eq(shared.locked_sum, ADDS / 10 * n, "lock by swp");
    shared.locked_sum = 0;
    run_all(n, lock_ldrex);
    ok_eq(shared.locked_sum, ADDS / 10 * n, "lock by ldrex");
    ok_eq(mistakes, 0, "no two owners");
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i].owner = ~0u;
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
    }
    head = &nodes[0];
    run_all(n, stack_user);
    uint32_t left = 0;
    for (struct node *p = head; p && left <= NODES; p = p->next) {
        left++;
    }
    ok_eq_ours(left, NODES, "lock-free stack keeps its nodes");
    ok_eq_ours(mistakes, 0, "each node had one owner");
}

int test_main(void)
{
    local_rules();
    if (num_cpus() > 1) {
        intervening_stores();
        contention();
    }
    return 0;
}
