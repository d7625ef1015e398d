/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FCSE process ID: addresses below 32 MiB are moved by it, for data, code and User mode; faults report the moved
 * address and the program sees its own; TLB operations take the moved one (ARM DDI 0100I B8).
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { MIB32 = 0x02000000, AREA = 0x01800000, HOLE = 0x01900000, PIDS = 4, ROUNDS = 60 };

static uint32_t *l1;
static uint32_t home[PIDS];         /* what AREA is for each process */

static void set_pid(uint32_t pid)
{
    CP15_WRITE(0, c13, c0, 0, pid << 25);
    CP15_WRITE(0, c7, c5, 6, 0);
    isb();
}

/* The low 32 MiB, in which this program runs, look the same for each process; AREA does not, HOLE is empty. */
static void make_processes(void)
{
    for (uint32_t pid = 0; pid < PIDS; pid++) {
        uint32_t *mine = &l1[pid * 32];

        home[pid] = 0x03000000 + pid * 0x100000;
        for (uint32_t mb = 0; mb < 32; mb++) {
            mine[mb] = L1_SECTION(mb << 20, AP_RW, 0);
        }
        mine[AREA >> 20] = L1_SECTION(home[pid], AP_RW, 1);
        mine[HOLE >> 20] = 0;
    }
    /* PIDS * 32 MiB are taken now: physical memory stands elsewhere. */
    for (uint32_t mb = 0; mb < 64; mb++) {
        l1[0x800 + mb] = L1_SECTION(mb << 20, AP_RW, 0);
    }
}

static uint32_t *physical(uint32_t pa)
{
    return (uint32_t *)(0x80000000 + pa);
}

static void write_function(uint32_t pa, uint32_t n)
{
    physical(pa)[0] = 0xe3a00000 | n;           /* mov r0, #n; bx lr */
    physical(pa)[1] = 0xe12fff1e;
    code_written(physical(pa), 8);
}

static uint32_t call_area(uint32_t a, uint32_t unused)
{
    (void)unused;
    return ((uint32_t (*)(void))(AREA + a))();
}

static void processes(void)
{
    bool data = true, code = true, user = true, high = true;

    for (uint32_t pid = 0; pid < PIDS; pid++) {
        *physical(home[pid] + 0x500) = 100 + pid;
        write_function(home[pid] + 0x600, 10 + pid);
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t pid = i % PIDS, next = (pid + 1) % PIDS;

        set_pid(pid);
        data &= rd32(AREA + 0x500) == 100 + pid;
        wr32(AREA + 0x700, i);
        data &= *physical(home[pid] + 0x700) == i;
        code &= call_area(0x600, 0) == 10 + pid;
        user &= user_run(user_ldr, AREA + 0x500, 0) == 100 + pid && user_run(call_area, 0x600, 0) == 10 + pid;
        user_run(user_str, AREA + 0x704, i);
        user &= *physical(home[pid] + 0x704) == i;
        /* Another process's memory by its moved address; that of process 0 has none above 32 MiB. */
        high &= !next || rd32(next * MIB32 + AREA + 0x500) == 100 + next;
    }
    set_pid(0);
    ok(data, "data of each process");
    ok(code, "code of each process");
    ok(user, "User mode");
    ok(high, "addresses above 32 MiB are not moved");
    CP15_WRITE(0, c13, c0, 0, 0xffffffff & ~(0x7fu << 25));
    uint32_t id = CP15_READ(0, c13, c0, 0);
    set_pid(0);
    ok_eq_ours(id, 0, "the process ID has seven bits");
}

static void faults(void)
{
    set_pid(2);
    exc_expect();
    try_ldr(HOLE + 0x124);
    ok_eq(exc_seen(), 1, "missing memory");
    ok_eq_ours(exc_log()->dfar, 2 * MIB32 + HOLE + 0x124, "DFAR is the moved address");
    exc_expect();
    try_str(2 * MIB32 + HOLE + 0x128, 0);
    ok(exc_seen() == 1 && exc_log()->dfar == 2 * MIB32 + HOLE + 0x128, "DFAR of an address that is not moved");
    exc_expect();
    try_call(HOLE + 0x200, 0);
    ok_eq(exc_seen(), 1, "missing code");
    ok_eq_ours(exc_log()->ifar, 2 * MIB32 + HOLE + 0x200, "IFAR is the moved address");
    ok_eq(exc_log()->exc.lr, HOLE + 0x204, "the link address is the program's");
    set_sctlr(sctlr() | SCTLR_A);
    exc_expect();
    try_ldr(AREA + 0x502);
    ok_ours(exc_seen() == 1 && exc_log()->dfar == 2 * MIB32 + AREA + 0x502 && (exc_log()->dfsr & 0x40f) == 1,
            "DFAR of an alignment fault");
    set_sctlr(sctlr() & ~SCTLR_A);
    exc_expect();
    __asm__ volatile("ldmia %0, {r2, r3}" : : "r"(HOLE - 4) : "r2", "r3", "memory");
    ok_ours(exc_seen() == 1 && exc_log()->dfar == 2 * MIB32 + HOLE, "DFAR of a transfer into missing memory");
    set_pid(0);
}

/* The table of process 1 changes; the operation names the moved address, from wherever it is done. */
static void maintenance(void)
{
    bool good = true;

    for (uint32_t i = 0; i < 6; i++) {
        uint32_t entry = (MIB32 + AREA) >> 20, to = i & 1 ? 3 : 2;

        set_pid(1);
        (void)rd32(AREA + 0x500);
        (void)call_area(0x600, 0);
        set_pid(i < 2 ? 1 : i < 4 ? 0 : 3);
        l1[entry] = L1_SECTION(home[to], AP_RW, 1);
        tlb_flush_page(MIB32 + AREA, 0);
        set_pid(1);
        good &= rd32(AREA + 0x500) == 100 + to && call_area(0x600, 0) == 10 + to;
    }
    ok_ours(good, "TLB operations take the moved address");
    good = true;
    l1[(MIB32 + AREA) >> 20] = L1_SECTION(home[1], AP_RW, 1);
    tlb_flush();
    /* A domain is taken away from and given back to the process. */
    for (uint32_t i = 0; i < 20; i++) {
        set_dacr(i & 1 ? 0x15 : 0x11);
        good &= CAUGHT(try_ldr(AREA + 0x500)) == (i & 1 ? 0u : 1u);
    }
    set_dacr(0x15);
    ok(good, "domains of a process");
    set_pid(0);
}

int test_main(void)
{
    l1 = mmu_new_table();
    make_processes();
    mmu_on(l1);
    processes();
    faults();
    maintenance();
    return 0;
}
