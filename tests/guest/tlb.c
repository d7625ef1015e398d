/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB maintenance reaches every entry it must: whatever the size of the page, whichever of its addresses is named, and
 * whatever else has changed between the use of the entry and the operation - DACR, ASID, privilege; for loads, stores
 * and code. The entry is used, the table changed, the operation done, the entry used again (ARM DDI 0100I B4.8, ARM
 * DDI 0360 3.4).
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { VA = 0x24000000, OLD = 0x02000000, NEW = 0x03000000, ASID = 7, OTHER_ASID = 9, DOMAIN = 2 };
enum { MOV_R0 = 0xe3a00000, BX_LR = 0xe12fff1e };

static uint32_t *l1, *l2;

/* ---- sizes ---- */

static const struct size {
    const char *name;
    uint32_t bytes;
} sizes[] = {
    { "small page", 0x1000 }, { "large page", 0x10000 }, { "section", 0x100000 }, { "supersection", 0x1000000 },
};

static void map(const struct size *s, uint32_t pa, bool global)
{
    unsigned ng = global ? 0 : 1;

    switch (s->bytes) {
    case 0x1000:
        l1[VA >> 20] = L1_TABLE(l2, DOMAIN);
        l2[0] = L2_SMALL(pa, AP_RW) | ng * L2_NG;
        break;
    case 0x10000:
        l1[VA >> 20] = L1_TABLE(l2, DOMAIN);
        for (unsigned i = 0; i < 16; i++) {
            l2[i] = L2_LARGE(pa, AP_RW) | ng * L2_NG;
        }
        break;
    case 0x100000:
        l1[VA >> 20] = L1_SECTION(pa, AP_RW, DOMAIN) | ng * L1_NG;
        break;
    default:
        for (unsigned i = 0; i < 16; i++) {
            l1[(VA >> 20) + i] = L1_SUPERSECTION(pa, AP_RW) | ng * L1_NG;
        }
        break;
    }
    dsb();
}

/* Three places in a page of that size: its beginning, something in the middle, its end. */
static uint32_t place(const struct size *s, unsigned i)
{
    return i == 0 ? 0x40 : i == 1 ? (s->bytes / 2 + 0x100) : s->bytes - 0x40;
}

/* Memory as the tests expect it: each place has a word and a function, which tell OLD and NEW apart. */
static void prepare(const struct size *s)
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 2; k++) {
            uint32_t pa = (k ? NEW : OLD) + place(s, i);

            wr32(pa, k + 1);
            wr32(pa + 4, MOV_R0 | (k + 1));
            wr32(pa + 8, BX_LR);
            code_written((void *)pa, 12);
        }
    }
}

/* ---- uses ---- */

enum { LOAD, STORE, FETCH, USES };
static const char *const uses[USES] = { "load", "store", "fetch" };

static uint32_t user_call_at(uint32_t va, uint32_t unused)
{
    (void)unused;
    return ((uint32_t (*)(void))va)();
}

/* Which memory the address leads to: 1 OLD, 2 NEW. */
static uint32_t use(const struct size *s, unsigned kind, unsigned i, bool user)
{
    uint32_t va = VA + place(s, i);

    switch (kind) {
    case LOAD:
        return user ? user_run(user_ldr, va, 0) : rd32(va);
    case STORE:
        wr32(OLD + place(s, i), 0);
        wr32(NEW + place(s, i), 0);
        if (user) {
            user_run(user_str, va, 5);
        } else {
            wr32(va, 5);
        }
        return rd32(OLD + place(s, i)) == 5 ? 1 : rd32(NEW + place(s, i)) == 5 ? 2 : 0;
    default:
        return user ? user_run(user_call_at, va + 4, 0) : user_call_at(va + 4, 0);
    }
}

/* ---- operations ---- */

static void op_all(uint32_t mva) { (void)mva; CP15_WRITE(0, c8, c7, 0, 0); }
static void op_all_split(uint32_t mva) { (void)mva; CP15_WRITE(0, c8, c5, 0, 0); CP15_WRITE(0, c8, c6, 0, 0); }
static void op_mva(uint32_t mva) { CP15_WRITE(0, c8, c7, 1, mva); }
static void op_mva_split(uint32_t mva) { CP15_WRITE(0, c8, c5, 1, mva); CP15_WRITE(0, c8, c6, 1, mva); }
static void op_asid(uint32_t mva) { CP15_WRITE(0, c8, c7, 2, mva & 0xff); }
static void op_asid_split(uint32_t mva) { CP15_WRITE(0, c8, c5, 2, mva & 0xff); CP15_WRITE(0, c8, c6, 2, mva & 0xff); }
static void op_any_asid(uint32_t mva) { CP15_WRITE(0, c8, c7, 3, mva); }

static const struct operation {
    const char *name;
    void (*fn)(uint32_t mva);
    bool global;                /* reaches global entries */
    bool address;               /* names one */
} operations[] = {
    { "all", op_all, true, false }, { "all, instruction and data", op_all_split, true, false },
    { "by address", op_mva, true, true }, { "by address, instruction and data", op_mva_split, true, true },
    { "by ASID", op_asid, false, false }, { "by ASID, instruction and data", op_asid_split, false, false },
    { "by address in every ASID", op_any_asid, true, true },
};

/* ---- what is different while the operation is done ---- */

static const struct setting {
    const char *names[USES];
    bool global, user, other_asid, other_dacr;
} settings[] = {
    { { "the same: load", "the same: store", "the same: fetch" },
      true, false, false, false },
    { { "not global: load", "not global: store", "not global: fetch" },
      false, false, false, false },
    { { "used by User mode: load", "used by User mode: store", "used by User mode: fetch" },
      false, true, false, false },
    { { "another DACR: load", "another DACR: store", "another DACR: fetch" },
      true, false, false, true },
    { { "another ASID: load", "another ASID: store", "another ASID: fetch" },
      false, false, true, false },
    { { "another ASID, global: load", "another ASID, global: store", "another ASID, global: fetch" },
      true, false, true, false },
    { { "another ASID and DACR, used by User mode: load", "another ASID and DACR, used by User mode: store",
        "another ASID and DACR, used by User mode: fetch" },
      false, true, true, true },
};

static void change(const struct setting *t, bool away)
{
    if (t->other_asid) {
        set_asid(away ? OTHER_ASID : ASID);
    }
    if (t->other_dacr) {
        set_dacr(away ? 0x5 : 0x15);
    }
}

static bool one(const struct size *s, const struct operation *o, const struct setting *t, unsigned kind)
{
    bool good = true;

    for (unsigned named = 0; named < (o->address ? 3 : 1); named++) {
        prepare(s);
        set_asid(ASID);
        map(s, OLD, t->global);
        op_all(0);
        dsb();
        isb();
        for (unsigned i = 0; i < 3; i++) {
            good &= use(s, kind, i, t->user) == 1;
        }
        map(s, NEW, t->global);
        change(t, true);
        /* A global entry goes whichever ASID is named. */
        o->fn(((VA + place(s, named)) & ~0xfffu) | (t->global ? OTHER_ASID : ASID));
        CP15_WRITE(0, c7, c5, 6, 0);
        dsb();
        isb();
        change(t, false);
        for (unsigned i = 0; i < 3; i++) {
            uint32_t got = use(s, kind, i, t->user);

            if (got != 2) {
                print("# %s, %s, %s by address %u: %s %u finds memory %u\n", s->name, o->name, t->names[kind], named,
                      uses[kind], i, (unsigned)got);
                good = false;
            }
        }
    }
    return good;
}

/* An entry of one ASID is no business of another one; nor is an old one used for another address space. */
static void apart(void)
{
    bool good = true;

    prepare(&sizes[0]);
    for (unsigned round = 0; round < 40; round++) {
        uint32_t asid = 1 + round % 20;

        set_asid(0);
        map(&sizes[0], asid & 1 ? OLD : NEW, false);
        if (round < 20) {
            tlb_flush_asid(asid);
        }
        set_asid(asid);
        good &= rd32(VA + 0x40) == (asid & 1 ? 1 : 2) && user_call_at(VA + 0x44, 0) == (asid & 1 ? 1 : 2);
    }
    set_asid(0);
    ok(good, "twenty ASIDs, each its own entry");
}

int test_main(void)
{
    l1 = mmu_new_table();
    l2 = mmu_new_l2(l1, VA, DOMAIN);
    mmu_on(l1);
    for (unsigned k = 0; k < sizeof(settings) / sizeof(settings[0]); k++) {
        for (unsigned kind = 0; kind < USES; kind++) {
            bool good = true;

            for (unsigned i = 0; i < 4; i++) {
                for (unsigned n = 0; n < sizeof(operations) / sizeof(operations[0]); n++) {
                    if (operations[n].global || !settings[k].global) {
                        good &= one(&sizes[i], &operations[n], &settings[k], kind);
                    }
                }
            }
            /* Upstream goes on executing what it translated, as docs/testing-diff.md has it. */
            (kind == FETCH ? ok_ours : ok)(good, settings[k].names[kind]);
        }
    }
    apart();
    return 0;
}
