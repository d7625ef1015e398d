/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of pages and the order of chunks (page-owner.h).
 *
 * A page has a byte: who may load, who may store. A right outlasts its chunk until somebody else wants the page. A CPU
 * that loses one while it is in no chunk has it noted (`lost`) and takes its own entries away when it goes on, so
 * nobody touches another CPU's memory tables. To find the entries of a page each CPU keeps lists of the virtual pages
 * that lead to it.
 *
 * An instruction that is left in front of a page has read translation tables and filled entries, perhaps. It will be
 * executed in a later chunk, before which others may have changed these tables; so its entries go again (`undo`).
 *
 * `lock` guards all but what is said to be of one thread; it is taken under E, and nothing is taken under it.
 */
#include <glib.h>
#include <string.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/page-owner.h"
#include "accel/tcg/ram-page.h"
#include "accel/tcg/softtlb-contexts.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "qemu/replay.h"

enum {
    STORES = 4,                 /* of a page's byte: bit n: CPU n may load; bit STORES + n: it may store */
    ALL = (1 << ARM_MAX_CPUS) - 1,
    KEEPS_LOADS = 1u << 31,     /* of a lost page: others load, too */
    UNDO = 16,
    IN_VAIN = 4,                /* chunks without an instruction; then it is executed alone */
};
_Static_assert((int)ARM_MAX_CPUS <= (int)STORES, "a page's byte has room for the CPUs");

/* A virtual page that leads to a page of RAM. */
typedef struct Lead {
    uint32_t next;              /* index + 1; 0: the last */
    uint32_t vpage;
    uint32_t context;
} Lead;

typedef struct Part {
    /* lock */
    bool running;               /* executes a chunk, or was told to go on with one */
    bool waiting;               /* for its page, asleep */
    bool wanted;                /* somebody waits for its chunk's end; atomic */
    uint64_t ticket;            /* the earlier one goes first */
    GArray *lost;               /* pages | KEEPS_LOADS: its entries are to be taken away */
    pthread_cond_t wake;
    /* The CPU's thread; others read them while it waits. */
    bool wants;                 /* it left an instruction for this page */
    bool store;
    uint32_t page;
    unsigned in_vain;
    /* The CPU's thread. */
    uint32_t *first;            /* per page of RAM: index + 1 into leads; 0: none */
    Lead *leads;
    uint32_t lead_count, lead_room, lead_free;
    struct {
        int32_t at;             /* of the budget, before the instruction */
        unsigned count;
        int64_t *entry[UNDO];
        uint32_t *code[UNDO];   /* instead */
    } undo;
} Part;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t owners[RAM_PAGES_MAX];   /* written under lock; atomic: a CPU in a chunk reads its own bits */
static Part parts[ARM_MAX_CPUS];
static uint64_t last_ticket;
static bool ending, stopping;           /* soon, at once; atomic */
static ChunkCounters counters;

/* ---- owners: lock ---- */

static unsigned running(void)
{
    unsigned mask = 0;

    for (int i = 0; i < cpu_count; i++) {
        mask |= (unsigned)parts[i].running << i;
    }
    return mask;
}

/* Other CPUs whose rights stand against it. */
static unsigned in_the_way(int i, uint32_t page, bool store)
{
    unsigned o = owners[page];

    return (store ? (o | o >> STORES) & ALL : o >> STORES) & ~(1u << i);
}

static void lose(int i, uint32_t page, bool keeps_loads)
{
    uint32_t p = page | (keeps_loads ? KEEPS_LOADS : 0);
    unsigned gone = keeps_loads ? 1u << (STORES + i) : 1u << i | 1u << (STORES + i);

    g_array_append_val(parts[i].lost, p);
    __atomic_store_n(&owners[page], (uint8_t)(owners[page] & ~gone), __ATOMIC_RELAXED);
    counters.moves++;
}

static bool clashes(const Part *p, uint32_t page, bool store)
{
    return p->page == page && (p->store || store);
}

/* Does somebody wait for it who came earlier? */
static bool must_queue(int i, uint32_t page, bool store)
{
    for (int k = 0; k < cpu_count; k++) {
        if (k != i && parts[k].waiting && clashes(&parts[k], page, store) &&
            (!parts[i].waiting || parts[k].ticket < parts[i].ticket)) {
            return true;
        }
    }
    return false;
}

static bool take(int i, uint32_t page, bool store)
{
    unsigned others = in_the_way(i, page, store);

    if ((others & running()) || must_queue(i, page, store)) {
        return false;
    }
    for (; others; others &= others - 1) {
        lose(__builtin_ctz(others), page, !store);
    }
    __atomic_store_n(&owners[page], (uint8_t)(owners[page] | 1u << i | (store ? 1u << (STORES + i) : 0)),
                     __ATOMIC_RELAXED);
    return true;
}

/* Those who run with the page that CPU i waits for shall come to an end. */
static void ask(int i)
{
    unsigned others = in_the_way(i, parts[i].page, parts[i].store) & running();

    for (; others; others &= others - 1) {
        Part *p = &parts[__builtin_ctz(others)];

        if (!p->wanted) {
            __atomic_store_n(&p->wanted, true, __ATOMIC_SEQ_CST);
            env_request_exit(cpu_states[p - parts]->env);
        }
    }
}

/* Who waits, in the order of their tickets; after `ticket`, which is moved. -1: no more. */
static int next_waiting(uint64_t *ticket)
{
    int found = -1;

    for (int i = 0; i < cpu_count; i++) {
        if (parts[i].waiting && parts[i].ticket > *ticket && (found < 0 || parts[i].ticket < parts[found].ticket)) {
            found = i;
        }
    }
    if (found >= 0) {
        *ticket = parts[found].ticket;
    }
    return found;
}

/* A chunk ended: who waits gets what can be had. CPU i, which is in none, does not keep from them what they want. */
static void serve(int i)
{
    uint64_t ticket = 0;

    for (int k; (k = next_waiting(&ticket)) >= 0;) {
        Part *p = &parts[k];

        if (take(k, p->page, p->store)) {
            p->waiting = p->wants = false;
            p->running = true;
            pthread_cond_signal(&p->wake);
        } else {
            if (in_the_way(k, p->page, p->store) & 1u << i) {
                lose(i, p->page, !p->store);
            }
            ask(k);
        }
    }
}

/* ---- chunks ---- */

bool chunk_begin(CPUState *cpu)
{
    int i = cpu->index;
    Part *p = &parts[i];
    bool begun;

    pthread_mutex_lock(&lock);
    if (p->wants && !stopping && take(i, p->page, p->store)) {
        p->wants = false;
    }
    if (p->wants && !stopping) {
        counters.waits++;
        p->waiting = true;
        p->ticket = ++last_ticket;
        ask(i);
        while (p->waiting && !stopping) {
            pthread_cond_wait(&p->wake, &lock);
        }
        p->waiting = false;
    }
    p->running = false;
    counters.at_once += running() != 0;
    begun = p->running = !stopping;
    cpu->beside = begun;
    pthread_mutex_unlock(&lock);
    return begun;
}

void chunk_end(CPUState *cpu, uint32_t executed, bool state)
{
    Part *p = &parts[cpu->index];

    cpu->beside = false;
    p->in_vain = executed ? 0 : p->in_vain + 1;
    if (cpu->leave == CPU_LEAVE_PAGE && p->in_vain >= IN_VAIN) {
        cpu->leave = CPU_LEAVE_ALONE;
        p->wants = false;
    }
    pthread_mutex_lock(&lock);
    if (executed || state) {
        replay_turn(cpu->index, executed, false);
        counters.chunks++;
    }
    p->running = false;
    __atomic_store_n(&p->wanted, false, __ATOMIC_SEQ_CST);
    serve(cpu->index);
    pthread_mutex_unlock(&lock);
}

bool chunk_is_wanted(const CPUState *cpu)
{
    return __atomic_load_n(&parts[cpu->index].wanted, __ATOMIC_SEQ_CST);
}

void chunks_allow(void)
{
    counters.rounds++;
    __atomic_store_n(&ending, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
}

static void kick_running(void)
{
    for (int i = 0; i < cpu_count; i++) {
        if (parts[i].running) {
            env_request_exit(cpu_states[i]->env);
        }
    }
}

void chunks_end_soon(void)
{
    pthread_mutex_lock(&lock);
    if (!ending) {
        __atomic_store_n(&ending, true, __ATOMIC_SEQ_CST);
        kick_running();
    }
    pthread_mutex_unlock(&lock);
}

bool chunks_ending(void)
{
    return __atomic_load_n(&ending, __ATOMIC_SEQ_CST);
}

void chunks_stop(void)
{
    pthread_mutex_lock(&lock);
    if (!stopping) {
        __atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
        kick_running();
        for (int i = 0; i < cpu_count; i++) {
            pthread_cond_signal(&parts[i].wake);
        }
    }
    pthread_mutex_unlock(&lock);
}

bool chunks_stopping(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_SEQ_CST);
}

ChunkCounters page_owner_counters(void)
{
    return counters;
}

/* ---- entries of a page: the CPU's thread ---- */

static Lead *lead_at(Part *p, uint32_t index)
{
    return &p->leads[index - 1];
}

static uint32_t new_lead(Part *p)
{
    uint32_t index = p->lead_free;

    if (index) {
        p->lead_free = lead_at(p, index)->next;
        return index;
    }
    if (p->lead_count == p->lead_room) {
        p->lead_room = p->lead_room ? 2 * p->lead_room : 1024;
        p->leads = g_renew(Lead, p->leads, p->lead_room);
    }
    return ++p->lead_count;
}

/* Those that lead elsewhere by now are forgotten on the way. */
static void leads_to(CPUARMState *env, struct TLBContext *c, uint32_t vpage, uint32_t page)
{
    Part *p = &parts[env->cpu_index];
    struct TLBContexts *s = env_cpu(env)->tlb;
    uintptr_t host = (uintptr_t)memory_ram_host(page << TLB_PAGE_BITS);
    uint32_t context = (uint32_t)(c - s->ctx), *link = &p->first[page], index;

    while (*link) {
        Lead *l = lead_at(p, *link);
        const TLBTables *t = &s->ctx[l->context].t;

        if (l->vpage == vpage && l->context == context) {
            return;
        }
        if (tlb_entry_leads_to(t->read[l->vpage], l->vpage, page, host) ||
            tlb_entry_leads_to(t->write[l->vpage], l->vpage, page, host)) {
            link = &l->next;
            continue;
        }
        index = *link;
        *link = l->next;
        l->next = p->lead_free;
        p->lead_free = index;
    }
    index = new_lead(p);
    *lead_at(p, index) = (Lead) { p->first[page], vpage, context };
    p->first[page] = index;
}

static void revoke_entry(int64_t *e, uint32_t vpage, uint32_t page, uintptr_t host)
{
    if (tlb_entry_leads_to(*e, vpage, page, host)) {
        *e = tlb_slow_entry(page, TLB_SLOW_RAM | TLB_SLOW_STALE);
    }
}

static void revoke_page(CPUState *cpu, uint32_t page, bool keeps_loads)
{
    Part *p = &parts[cpu->index];
    uintptr_t host = (uintptr_t)memory_ram_host(page << TLB_PAGE_BITS);

    for (uint32_t index = p->first[page]; index; index = lead_at(p, index)->next) {
        const Lead *l = lead_at(p, index);
        const TLBTables *t = &cpu->tlb->ctx[l->context].t;

        if (!keeps_loads) {
            revoke_entry(&t->read[l->vpage], l->vpage, page, host);
        }
        revoke_entry(&t->write[l->vpage], l->vpage, page, host);
    }
}

void page_owner_enter(CPUState *cpu)
{
    Part *p = &parts[cpu->index];

    /* In a chunk, or alone: nobody adds to it now. */
    for (guint i = 0; i < p->lost->len; i++) {
        uint32_t page = g_array_index(p->lost, uint32_t, i);

        revoke_page(cpu, page & ~KEEPS_LOADS, page & KEEPS_LOADS);
    }
    g_array_set_size(p->lost, 0);
    p->undo.count = 0;
}

/* ---- leaving an instruction ---- */

/* What the budget is, or will be, in front of the instruction. */
static int32_t budget_before(CPUARMState *env)
{
    return env_jit(env)->budget + (env_cpu(env)->in_exec ? (int32_t)icount_behind(env) : 0);
}

static void filled(CPUARMState *env, struct TLBContext *c, uint32_t vpage, uint32_t page, TLBUse use)
{
    Part *p = &parts[env->cpu_index];

    if (page != TLB_NO_RAM) {
        leads_to(env, c, vpage, page);
    }
    if (!env_cpu(env)->beside) {
        return;
    }
    if (p->undo.at != budget_before(env)) {
        p->undo.at = budget_before(env);
        p->undo.count = 0;
    }
    if (p->undo.count < UNDO) {
        p->undo.entry[p->undo.count] = use == TLB_FETCH ? NULL : use == TLB_STORE ? &c->t.write[vpage]
                                                                                   : &c->t.read[vpage];
        p->undo.code[p->undo.count++] = use == TLB_FETCH ? &c->t.code[vpage] : NULL;
    }
}

static void undo(CPUARMState *env)
{
    Part *p = &parts[env->cpu_index];

    if (p->undo.at != budget_before(env)) {
        return;
    }
    for (unsigned i = 0; i < p->undo.count; i++) {
        if (p->undo.entry[i]) {
            *p->undo.entry[i] = 0;
        } else {
            *p->undo.code[i] = 0;
            env_jit(env)->jump_cache[jump_cache_index(env->regs[15], env_jit(env)->ctxkey)].ctxkey = 0;
        }
    }
    p->undo.count = 0;
}

static _Noreturn void leave(CPUARMState *env, CPULeave why)
{
    undo(env);
    icount_leave_told(env_cpu(env));
    env_cpu(env)->leave = why;
    cpu_loop_exit(env);
}

void arm_cpu_alone(CPUARMState *env)
{
    if (env_cpu(env)->beside) {
        leave(env, CPU_LEAVE_ALONE);
    }
}

static void take_page(CPUARMState *env, uint32_t page, bool store)
{
    int i = (int)env->cpu_index;
    bool taken;

    if (__atomic_load_n(&owners[page], __ATOMIC_RELAXED) & 1u << (store ? STORES + i : i)) {
        return;
    }
    pthread_mutex_lock(&lock);
    taken = take(i, page, store);
    pthread_mutex_unlock(&lock);
    if (!taken) {
        parts[i].wants = true;
        parts[i].page = page;
        parts[i].store = store;
        leave(env, CPU_LEAVE_PAGE);
    }
}

static void table_reads(CPUARMState *env, uint32_t ram)
{
    if (current_cpu && current_cpu->env == env) {
        take_page(env, ram >> RAM_PAGE_BITS, false);
    }
}

/* ---- beginning ---- */

static const TLBOwner owner = { take_page, arm_cpu_alone, filled, leads_to };

void page_owner_init(void)
{
    for (int i = 0; i < ARM_MAX_CPUS; i++) {
        parts[i].lost = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        parts[i].first = calloc(RAM_PAGES_MAX, sizeof(uint32_t));
        if (!parts[i].first) {
            error_exit("out of memory for the owners of pages");
        }
        pthread_cond_init(&parts[i].wake, NULL);
    }
    stopping = true;
    tlb_owner = &owner;
    arm_table_reads = table_reads;
}

void page_owner_reset(void)
{
    for (int i = 0; i < cpu_count && tlb_owner; i++) {
        parts[i].wants = false;
        parts[i].in_vain = 0;
        cpu_states[i]->leave = CPU_LEAVE_NONE;
    }
}
