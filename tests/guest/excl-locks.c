/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What real programs build from LDREX and STREX: ticket lock, MCS lock, a lock-free queue without tags, which breaks
 * when A-B-A passes, counters of which every CPU must get its share, and interrupts that come between LDREX and STREX
 * and clear the reservation in the two usual ways (CLREX; STREX to a dummy, as before ARMv6K). guest-test: cpus=1,2,4
 * timeout=60
 */
#include "smc-code.h"

enum { LOCKS = 2000, ITEMS = 1500, NODES = 6, SHARE = 3000, SGI_SWITCH = 5 };

static struct barrier meeting;

struct line {
    volatile uint32_t v;
    uint32_t pad[15];
};

static uint32_t ldrex(const volatile void *p)
{
    uint32_t v;

    __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

/* True: stored. */
static bool strex(volatile void *p, uint32_t v)
{
    uint32_t failed;

    __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
    return !failed;
}

static void clrex(void)
{
    __asm__ volatile("clrex" : : : "memory");
}

static void meet(void)
{
    if (num_cpus() > 1) {
        barrier_wait(&meeting, num_cpus());
    }
}

/* ---- locks ---- */

static struct {
    struct line next, owner, counter, holder, mistakes;
} ticket __attribute__((aligned(64)));

static void critical_section(uint32_t cpu)
{
    if (ticket.holder.v) {
        ticket.mistakes.v++;
    }
    ticket.holder.v = cpu + 1;
    ticket.counter.v++;
    if (ticket.holder.v != cpu + 1) {
        ticket.mistakes.v++;
    }
    ticket.holder.v = 0;
}

static void ticket_job(uint32_t argument)
{
    uint32_t cpu = cpu_id();

    (void)argument;
    meet();
    for (unsigned i = 0; i < LOCKS; i++) {
        uint32_t mine = atomic_add(&ticket.next.v, 1) - 1;

        while (ticket.owner.v != mine) {
            spin_hint();
        }
        dmb();
        critical_section(cpu);
        dmb();
        ticket.owner.v = mine + 1;
    }
    meet();
}

struct mcs_node {
    struct mcs_node *volatile next;
    volatile uint32_t waiting;
    uint32_t pad[14];
};

static struct mcs_node nodes[MAX_CPUS] __attribute__((aligned(64)));
static struct mcs_node *volatile mcs_tail;

static struct mcs_node *mcs_exchange(struct mcs_node *n)
{
    uint32_t old;

    do {
        old = ldrex(&mcs_tail);
    } while (!strex(&mcs_tail, (uint32_t)n));
    dmb();
    return (struct mcs_node *)old;
}

static bool mcs_release_tail(struct mcs_node *n)
{
    dmb();
    while (ldrex(&mcs_tail) == (uint32_t)n) {
        if (strex(&mcs_tail, 0)) {
            return true;
        }
    }
    clrex();
    return false;
}

static void mcs_job(uint32_t argument)
{
    uint32_t cpu = cpu_id();
    struct mcs_node *mine = &nodes[cpu];

    (void)argument;
    meet();
    for (unsigned i = 0; i < LOCKS; i++) {
        mine->next = NULL;
        mine->waiting = 1;
        dmb();
        struct mcs_node *before = mcs_exchange(mine);

        if (before) {
            before->next = mine;
            while (mine->waiting) {
                spin_hint();
            }
            dmb();
        }
        critical_section(cpu);
        if (!mine->next && mcs_release_tail(mine)) {
            continue;
        }
        while (!mine->next) {
            spin_hint();
        }
        dmb();
        mine->next->waiting = 0;
    }
    meet();
}

static void locks(void)
{
    ticket.counter.v = ticket.mistakes.v = 0;
    run_all(num_cpus(), ticket_job);
    ok_eq(ticket.counter.v, LOCKS * num_cpus(), "ticket lock");
    ok_eq(ticket.mistakes.v, 0, "ticket lock: one holder at a time");
    ticket.counter.v = ticket.mistakes.v = 0;
    run_all(num_cpus(), mcs_job);
    ok_eq(ticket.counter.v, LOCKS * num_cpus(), "MCS lock");
    ok_eq(ticket.mistakes.v, 0, "MCS lock: one holder at a time");
}

/* ---- a queue of few nodes that are used again and again ---- */

struct item {
    struct item *volatile next;
    volatile uint32_t value;
    uint32_t pad[14];
};

static struct item pool[NODES * MAX_CPUS + 1] __attribute__((aligned(64)));
static struct item *volatile head __attribute__((aligned(64)));
static struct item *volatile tail __attribute__((aligned(64)));
static struct item *volatile free_list __attribute__((aligned(64)));
static struct line taken[MAX_CPUS], out_of_order;
static struct line sum_in[MAX_CPUS], sum_out[MAX_CPUS];

static void push_free(struct item *n)
{
    do {
        n->next = (struct item *)ldrex(&free_list);
    } while (!strex(&free_list, (uint32_t)n));
}

static struct item *pop_free(void)
{
    struct item *n;

    do {
        n = (struct item *)ldrex(&free_list);
        if (!n) {
            clrex();
            return NULL;
        }
    } while (!strex(&free_list, (uint32_t)n->next));
    return n;
}

/*
 * tail: t -> next, unless somebody did it already. Nodes are used again, so t may have left the queue and be its tail
 * once more with another successor: look at it while the reservation on tail stands.
 */
static void swing_tail(struct item *t, struct item *next)
{
    if (ldrex(&tail) == (uint32_t)t && t->next == next) {
        strex(&tail, (uint32_t)next);
    } else {
        clrex();
    }
}

static void enqueue(struct item *n)
{
    n->next = NULL;
    dmb();
    while (true) {
        struct item *t = tail, *next = (struct item *)ldrex(&t->next);

        if (t != tail) {
            clrex();
        } else if (next) {
            /* Help the one that put `next` there. */
            swing_tail(t, next);
        } else if (strex(&t->next, (uint32_t)n)) {
            swing_tail(t, n);
            return;
        }
    }
}

/* The value; the node that was the head is free now. 0: empty. */
static uint32_t dequeue(void)
{
    while (true) {
        struct item *h = (struct item *)ldrex(&head), *next = h->next;
        uint32_t value;

        if (!next) {
            if (head == h) {
                clrex();
                return 0;
            }
            continue;
        }
        if (h == tail) {
            swing_tail(h, next);
            continue;
        }
        value = next->value;
        if (strex(&head, (uint32_t)next)) {
            dmb();
            push_free(h);
            return value;
        }
    }
}

static void queue_job(uint32_t argument)
{
    uint32_t cpu = cpu_id(), put = 0, begin = ticks24(), last[MAX_CPUS] = { 0 };
    uint32_t all = ITEMS * num_cpus();

    (void)argument;
    meet();
    while (us_since(begin) < 20000000) {
        struct item *n = put < ITEMS ? pop_free() : NULL;
        uint32_t value;

        if (n) {
            n->value = (cpu + 1) << 16 | ++put;
            sum_in[cpu].v += n->value;
            enqueue(n);
        }
        value = dequeue();
        if (value) {
            unsigned from = ((value >> 16) - 1) & 3;

            /* What one CPU takes from one producer comes in order. */
            if ((value & 0xffff) <= last[from]) {
                out_of_order.v++;
            }
            last[from] = value & 0xffff;
            sum_out[cpu].v += value;
            taken[cpu].v++;
        }
        if (taken[0].v + taken[1].v + taken[2].v + taken[3].v >= all) {
            break;
        }
        if (!n && !value) {
            spin_hint();
        }
    }
    meet();
}

static void queue(void)
{
    uint32_t in = 0, out = 0, n = 0;

    head = tail = &pool[0];
    for (unsigned i = 1; i <= NODES * num_cpus(); i++) {
        push_free(&pool[i]);
    }
    run_all(num_cpus(), queue_job);
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
        in += sum_in[cpu].v;
        out += sum_out[cpu].v;
        n += taken[cpu].v;
    }
    ok_eq_ours(n, ITEMS * num_cpus(), "lock-free queue: every item comes out once");
    ok_eq_ours(out, in, "lock-free queue: sum of the items");
    ok_eq_ours(out_of_order.v, 0, "lock-free queue: order");
}

/* ---- progress ---- */

static volatile uint32_t contended __attribute__((aligned(4096)));
static struct line done_us[MAX_CPUS];

static void share_job(uint32_t argument)
{
    uint32_t begin;

    (void)argument;
    meet();
    begin = ticks24();
    for (unsigned i = 0; i < SHARE; i++) {
        atomic_add(&contended, 1);
    }
    done_us[cpu_id()].v = us_since(begin);
    meet();
}

static void progress(void)
{
    bool all = true;

    contended = 0;
    run_all(num_cpus(), share_job);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        all &= done_us[cpu].v < 10000000;
    }
    ok_eq(contended, SHARE * num_cpus(), "one counter, all CPUs");
    ok(all, "every CPU gets its share of one counter");
}

/* ---- interrupts between LDREX and STREX ---- */

static volatile uint32_t dummy, switches, use_clrex;

static void context_switch(uint32_t iar)
{
    (void)iar;
    if (use_clrex) {
        clrex();
    } else {
        strex(&dummy, 0);       /* whether it stores does not matter */
    }
    switches++;
}

static void interrupts(bool with_clrex, const char *name)
{
    static volatile uint32_t word;
    unsigned stored = 0;

    use_clrex = with_clrex;
    irq_handle(context_switch);
    for (unsigned i = 0; i < 50; i++) {
        uint32_t before = switches, v = ldrex(&word);

        wr32(GICD_SGIR, 2u << 24 | SGI_SWITCH);
        irq_enable();
        while (switches == before) {
        }
        irq_disable();
        stored += strex(&word, v + 1);
    }
    irq_handle(NULL);
    ok_eq(stored, 0, name);
}

int test_main(void)
{
    gic_init();
    smp_start_mmu(mmu_new_table());
    locks();
    queue();
    progress();
    interrupts(true, "interrupt between LDREX and STREX: CLREX");
    interrupts(false, "interrupt between LDREX and STREX: dummy STREX");
    return 0;
}
