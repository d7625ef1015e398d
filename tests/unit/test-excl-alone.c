/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exclusives of the only CPU: its store, interrupted between the test and the end, begins again, and a writer that
 * has announced itself finds no such sequence under way. Both by what a signal and the kernel do, not by luck: the
 * page stored to is not there at first, so that each store is interrupted; and a sequence that counts and never looks
 * up is found to have stopped when excl_share() returns.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "accel-threads.h"
#include "accel/tcg/excl-alone.h"
#include "accel/tcg/rseq.h"
#include "tcg/x86_64/emit.h"

#define CHECK(x) ((x) ? (void)0 : accel_failed(__FILE__, __LINE__, #x))

enum { ROUNDS = 200, PAGE = 4096 };

static uint8_t *code, *target;
static CPUARMState *env;
static uint32_t what_comes;             /* excl_shared, as the signal's handler leaves it */
static uint32_t interruptions;

/* The store of `value` to `host`: is memory shared? */
static bool (*store[3])(CPUARMState *env, uint8_t *host, uint32_t value);
/* Counts without end; comes back when it was interrupted and memory is shared. */
static void (*count)(CPUARMState *env, uint64_t *counter);
static uint64_t counter;

/* ---- code ---- */

static void *put_store(Asm *as, unsigned size)
{
    uint32_t thunk = emit_restartable_store(as, code, size);
    uint8_t *entry = as->p;

    x_push(as, RBP);
    x_mov_r_rm(as, true, ENV_REG, rm_reg(RDI));
    x_mov_r_rm(as, true, RCX, rm_reg(RSI));
    x_mov_r_rm(as, false, RAX, rm_reg(RDX));
    x_call(as, code + thunk);
    x_setcc(as, X_NE, rm_reg(RAX));
    x_movzx8(as, RAX, rm_reg(RAX));
    x_pop(as, RBP);
    x_ret(as);
    return entry;
}

static void *put_count(Asm *as)
{
    RseqSection section = { 0 };
    uint32_t mark = RSEQ_MARK;
    uint8_t *description, *entry, *end;

    as->p = (uint8_t *)(((uintptr_t)as->p + sizeof(section) - 1) & ~(uintptr_t)(sizeof(section) - 1));
    description = as->p;
    as->p += sizeof(section);
    entry = as->p;
    x_alu_rm_i(as, ALU_CMP, false, rm_mem(RDI, JIT_OFFSET(excl_shared)), EXCL_ALONE);
    end = x_jcc_short_fwd(as, X_NE);
    x_lea(as, true, RDX, rm_rip(description));
    x_mov_fs_r(as, rseq_cs_offset(), RDX);
    section.start = (uintptr_t)as->p;
    x_alu_rm_i(as, ALU_ADD, true, rm_mem(RSI, 0), 1);
    x_jmp(as, (const uint8_t *)(uintptr_t)section.start);
    section.length = (uintptr_t)as->p - section.start;
    x_patch8(end, as->p);
    x_ret(as);
    memcpy(as->p, &mark, sizeof(mark));
    as->p += sizeof(mark);
    section.abort = (uintptr_t)as->p;
    x_jmp(as, entry);
    memcpy(description, &section, sizeof(section));
    return entry;
}

static void put_code(void)
{
    void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *entry;
    Asm as = { map, (uint8_t *)map + PAGE };

    code = map;
    CHECK(map != MAP_FAILED);
    for (unsigned size = 0; size < 3; size++) {
        entry = put_store(&as, size);
        memcpy(&store[size], &entry, sizeof(entry));
    }
    entry = put_count(&as);
    memcpy(&count, &entry, sizeof(entry));
}

/* ---- a store that is interrupted ---- */

static void page_is_missing(int signal, siginfo_t *info, void *context)
{
    if (info->si_addr != target) {
        abort();
    }
    interruptions++;
    __atomic_store_n(&env_jit(env)->excl_shared, what_comes, __ATOMIC_SEQ_CST);
    mprotect(target, PAGE, PROT_READ | PROT_WRITE);
}

static void interrupted_stores(void)
{
    struct sigaction action = { .sa_sigaction = page_is_missing, .sa_flags = SA_SIGINFO }, before;

    target = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, &before);
    for (unsigned size = 0; size < 3; size++) {
        const uint32_t value = 0x12345678, stored = size == 0 ? 0x78 : size == 1 ? 0x5678 : value;
        uint32_t word = 0;

        for (what_comes = EXCL_ALONE; what_comes <= EXCL_SHARED; what_comes++) {
            bool shared;

            memset(target, 0, PAGE);
            mprotect(target, PAGE, PROT_NONE);
            __atomic_store_n(&env_jit(env)->excl_shared, EXCL_ALONE, __ATOMIC_SEQ_CST);
            shared = store[size](env, target, value);
            memcpy(&word, target, sizeof(word));
            CHECK(shared == (what_comes != EXCL_ALONE));
            CHECK(word == (shared ? 0 : stored));
        }
    }
    sigaction(SIGSEGV, &before, NULL);
    CHECK(interruptions == 9);
    accel_case_done("an interrupted store begins again, and looks who is there");
}

/* ---- writers ---- */

static void *run_count(void *unused)
{
    excl_unshare(env);
    count(env, &counter);
    return NULL;
}

static void writers_wait(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        uint64_t seen;

        counter = 0;
        CHECK(!pthread_create(&thread, NULL, run_count, NULL));
        while (!__atomic_load_n(&counter, __ATOMIC_SEQ_CST)) {
            sched_yield();
        }
        excl_share();
        seen = __atomic_load_n(&counter, __ATOMIC_SEQ_CST);
        pthread_join(thread, NULL);
        CHECK(counter == seen);
        excl_share_end();
    }
    accel_case_done("no sequence is under way when a writer begins");
}

static void stays_shared(void)
{
    excl_share();
    CHECK(env_jit(env)->excl_shared == EXCL_SHARED);
    excl_share();
    excl_unshare(env);
    CHECK(env_jit(env)->excl_shared == EXCL_SHARED);
    excl_share_end();
    excl_unshare(env);
    CHECK(env_jit(env)->excl_shared == EXCL_SHARED);
    excl_share_end();
    excl_unshare(env);
    CHECK(env_jit(env)->excl_shared == EXCL_ALONE);
    accel_case_done("a CPU is not alone before the last writer is through");
}

int main(void)
{
    accel_create_cpus(1);
    env = cpu_states[0]->env;
    env_jit(env)->excl_shared = EXCL_SHARED;
    excl_unshare(env);
    if (env_jit(env)->excl_shared != EXCL_ALONE) {
        printf("1..0 # skip this host has no restartable sequences\n");
        return 0;
    }
    put_code();
    interrupted_stores();
    stays_shared();
    writers_wait();
    return accel_finish();
}
