/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation table walks (ARM DDI 0100I B4): both table formats, every access permission, domains, TTBCR, fault status
 * and the order of faults.
 */
#include <string.h>
#include "tests/unit/arm-env.h"

enum { L1 = 0x4000, L1_HIGH = 0x10000, L2 = 0x20000 };
enum { R = 1, W = 2, X = 4 };

static ARMPageInfo info;

static uint32_t walk(uint32_t va, MMUAccessType type, bool priv)
{
    memset(&info, 0xee, sizeof(info));
    return arm_mmu_walk(env, va, type, priv, &info);
}

static void setup(uint32_t sctlr)
{
    env_reset();
    env->cp15.sctlr = SCTLR_M | sctlr;
    env->cp15.ttbr0 = L1 | 0x0a;        /* attribute bits are not address */
    env->cp15.ttbr1 = L1_HIGH | 0x0a;
    env->cp15.dacr = 0x55555555;
}

/* Map va by a second-level descriptor through domain 3. */
static void map_page(uint32_t va, uint32_t l2)
{
    ram_write32(L1 + (va >> 20) * 4, L2 | 3 << 5 | 1);
    ram_write32(L2 + ((va >> 12) & 0xff) * 4, l2);
}

static void test_off(void)
{
    env_reset();
    CHECK_EQ(walk(0xfedcba98, MMU_INST_FETCH, false), FAULT_NONE);
    CHECK_EQ(info.phys, 0xfedcb000);
    CHECK_EQ(info.prot_user, R | W | X);
    CHECK_EQ(info.prot_priv, R | W | X);
    CHECK(info.global);
    test_done("MMU off");
}

static void test_shapes(void)
{
    setup(SCTLR_XP);
    ram_write32(L1 + 0x123 * 4, 0xabc00000 | 1 << 17 | 3 << 10 | 5 << 5 | 2);
    CHECK_EQ(walk(0x12345678, MMU_DATA_LOAD, false), FAULT_NONE);
    CHECK_EQ(info.phys, 0xabc45000);
    CHECK_EQ(info.size, 1 << 20);
    CHECK_EQ(info.domain, 5);
    CHECK(!info.global);

    /* Supersection: domain 0 whatever bits 8:5 say. */
    ram_write32(L1 + 0x123 * 4, 0xab000000 | 1 << 18 | 3 << 10 | 5 << 5 | 2);
    env->cp15.dacr = 1;
    CHECK_EQ(walk(0x12345678, MMU_DATA_LOAD, false), FAULT_NONE);
    CHECK_EQ(info.phys, 0xab345000);
    CHECK_EQ(info.size, 16 << 20);
    CHECK_EQ(info.domain, 0);
    CHECK(info.global);
    env->cp15.dacr = 0x55555555;

    map_page(0x12345678, 0xabcd0000 | 3 << 4 | 1);
    CHECK_EQ(walk(0x12345678, MMU_DATA_LOAD, false), FAULT_NONE);
    CHECK_EQ(info.phys, 0xabcd5000);
    CHECK_EQ(info.size, 64 << 10);
    CHECK_EQ(info.domain, 3);
    CHECK(info.global);

    map_page(0x12345678, 0xabcde000 | 1 << 11 | 3 << 4 | 2);
    CHECK_EQ(walk(0x12345678, MMU_DATA_LOAD, false), FAULT_NONE);
    CHECK_EQ(info.phys, 0xabcde000);
    CHECK_EQ(info.size, 4 << 10);
    CHECK(!info.global);
    test_done("sections, supersections, large and small pages");
}

/* What each permission gives; S and R only with AP 0. Rows: APX, AP, S, R, privileged, user. */
static const struct {
    uint8_t apx, ap, s, r, priv, user;
} perms[] = {
    { 0, 0, 0, 0, 0, 0 }, { 0, 0, 1, 0, R, 0 }, { 0, 0, 0, 1, R, R },
    { 0, 1, 0, 0, R | W, 0 }, { 0, 2, 0, 0, R | W, R }, { 0, 3, 0, 0, R | W, R | W },
    { 0, 1, 1, 1, R | W, 0 }, { 0, 3, 1, 1, R | W, R | W },
    { 1, 0, 0, 0, 0, 0 }, { 1, 0, 1, 0, 0, 0 }, { 1, 1, 0, 0, R, 0 }, { 1, 2, 0, 0, R, R }, { 1, 3, 0, 0, R, R },
};

/* Every access of both kinds must agree with the rights; `perm` is the status it fails with. */
static void check_rights(uint32_t va, uint32_t priv, uint32_t user, uint32_t perm)
{
    for (int p = 0; p < 2; p++) {
        uint32_t prot = p ? priv : user;

        CHECK_EQ(walk(va, MMU_DATA_LOAD, p), prot & R ? FAULT_NONE : perm);
        CHECK_EQ(walk(va, MMU_DATA_STORE, p), prot & W ? FAULT_NONE : perm);
        CHECK_EQ(walk(va, MMU_INST_FETCH, p), prot & X ? FAULT_NONE : perm);
        CHECK_EQ(info.prot_priv, priv);
        CHECK_EQ(info.prot_user, user);
    }
}

static void test_permissions(void)
{
    for (unsigned i = 0; i < sizeof(perms) / sizeof(perms[0]); i++) {
        for (uint32_t xn = 0; xn < 2; xn++) {
            uint32_t apx = perms[i].apx, ap = perms[i].ap;
            uint32_t x = xn ? 0 : X;
            uint32_t priv = perms[i].priv | (perms[i].priv & R ? x : 0);
            uint32_t user = perms[i].user | (perms[i].user & R ? x : 0);

            setup(SCTLR_XP | (perms[i].s ? SCTLR_S : 0) | (perms[i].r ? SCTLR_R : 0));
            ram_write32(L1 + 4, 0x00100000 | apx << 15 | ap << 10 | xn << 4 | 7 << 5 | 2);
            check_rights(0x00100000, priv, user, 7 << 4 | FAULT_PERMISSION_SECTION);
            map_page(0x00234000, 0x00034000 | apx << 9 | ap << 4 | 2 | xn);
            check_rights(0x00234000, priv, user, 3 << 4 | FAULT_PERMISSION_PAGE);
            map_page(0x00234000, 0x00030000 | apx << 9 | ap << 4 | 1 | xn << 15);
            check_rights(0x00234000, priv, user, 3 << 4 | FAULT_PERMISSION_PAGE);
            /* A manager is not checked, not even XN. */
            env->cp15.dacr = 0xffffffff;
            check_rights(0x00100000, R | W | X, R | W | X, 0);
            check_rights(0x00234000, R | W | X, R | W | X, 0);
        }
    }
    test_done("access permissions and XN, XP = 1");
}

static void test_domains(void)
{
    setup(SCTLR_XP);
    for (uint32_t d = 0; d < 16; d++) {
        for (uint32_t right = 0; right < 4; right++) {
            uint32_t status = right & 1 ? FAULT_NONE : d << 4 | FAULT_DOMAIN_SECTION;

            env->cp15.dacr = right << (d * 2);
            ram_write32(L1 + 4, 0x00100000 | 3 << 10 | d << 5 | 2);
            CHECK_EQ(walk(0x00100000, MMU_DATA_LOAD, true), status);
            ram_write32(L1 + 8, L2 | d << 5 | 1);
            ram_write32(L2, 0x00034000 | 3 << 4 | 2);
            CHECK_EQ(walk(0x00200000, MMU_DATA_LOAD, true), right & 1 ? 0 : d << 4 | FAULT_DOMAIN_PAGE);
        }
    }
    test_done("domains");
}

static void test_faults(void)
{
    setup(SCTLR_XP);
    /* First level: empty and reserved; the domain field means nothing then. */
    ram_write32(L1 + 4, 0xfffffff0);
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), FAULT_TRANSLATION_SECTION);
    ram_write32(L1 + 4, 0xffffffff);
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), FAULT_TRANSLATION_SECTION);
    /* An empty slot in a domain without access: the translation fault comes first. */
    env->cp15.dacr = 0;
    map_page(0x00100000, 0);
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), 3 << 4 | FAULT_TRANSLATION_PAGE);
    /* Domain before permission. */
    map_page(0x00100000, 0x00034002);
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), 3 << 4 | FAULT_DOMAIN_PAGE);
    /* Access flag before domain. */
    env->cp15.sctlr |= SCTLR_AFE;
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), 3 << 4 | FAULT_ACCESS_PAGE);
    /* Tables outside memory. */
    ram_write32(L1 + 4, 0x40000000 | 2 << 5 | 1);
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), 2 << 4 | FAULT_EXTERNAL_L2);
    env->cp15.ttbr0 = 0x40000000;
    CHECK_EQ(walk(0x00100000, MMU_DATA_STORE, true), FAULT_EXTERNAL_L1);
    test_done("faults and their order");
}

static void test_access_flag(void)
{
    setup(SCTLR_XP | SCTLR_AFE);
    for (uint32_t n = 0; n < 8; n++) {
        uint32_t apx = n >> 2, ap = n & 3;
        uint32_t priv = R | X | (apx ? 0 : W), user = ap & 2 ? priv : 0;

        ram_write32(L1 + 4, 0x00100000 | apx << 15 | ap << 10 | 7 << 5 | 2);
        map_page(0x00234000, 0x00034000 | apx << 9 | ap << 4 | 2);
        if (!(ap & 1)) {
            CHECK_EQ(walk(0x00100000, MMU_DATA_LOAD, true), 7 << 4 | FAULT_ACCESS_SECTION);
            CHECK_EQ(walk(0x00234000, MMU_DATA_LOAD, true), 3 << 4 | FAULT_ACCESS_PAGE);
        } else {
            check_rights(0x00100000, priv, user, 7 << 4 | FAULT_PERMISSION_SECTION);
            check_rights(0x00234000, priv, user, 3 << 4 | FAULT_PERMISSION_PAGE);
        }
    }
    test_done("access flag");
}

static void test_ttbcr(void)
{
    for (uint32_t n = 0; n < 8; n++) {
        uint32_t limit = n ? 1u << (32 - n) : 0;
        /* TTBR0 may sit on a smaller boundary then. */
        uint32_t table0 = 0x8000 + (n ? 1u << (14 - n) : 0);

        setup(SCTLR_XP);
        env->cp15.ttbcr = n;
        env->cp15.ttbr0 = table0 | 0x0a;
        ram_write32(table0 + 5 * 4, 0x00500000 | 3 << 10 | 2);
        CHECK_EQ(walk(0x00512345, MMU_DATA_LOAD, true), FAULT_NONE);
        CHECK_EQ(info.phys, 0x00512000);
        if (n) {
            ram_write32(table0 + ((limit - 1) >> 20) * 4, 0x00600000 | 3 << 10 | 2);
            CHECK_EQ(walk(limit - 1, MMU_DATA_LOAD, true), FAULT_NONE);
            CHECK_EQ(info.phys, 0x006ff000);
            ram_write32(L1_HIGH + (limit >> 20) * 4, 0x00700000 | 3 << 10 | 2);
            CHECK_EQ(walk(limit, MMU_DATA_LOAD, true), FAULT_NONE);
            CHECK_EQ(info.phys, 0x00700000);
            ram_write32(L1_HIGH + 0xfff * 4, 0x00800000 | 3 << 10 | 2);
            CHECK_EQ(walk(0xffff0000, MMU_DATA_LOAD, true), FAULT_NONE);
            CHECK_EQ(info.phys, 0x008f0000);
        }
    }
    test_done("TTBCR split");
}

static void test_legacy(void)
{
    setup(0);
    /* Section: bits 15, 17 and 4 are no APX, nG or XN. */
    ram_write32(L1 + 4, 0x00100000 | 1 << 15 | 1 << 17 | 1 << 4 | 3 << 10 | 2);
    check_rights(0x00100000, R | W | X, R | W | X, 0);
    CHECK(info.global);
    /* Small page whose subpages agree: one 4 KiB page. */
    map_page(0x00234000, 0x00034000 | 0xaa << 4 | 2);
    check_rights(0x00234000, R | W | X, R | X, 3 << 4 | FAULT_PERMISSION_PAGE);
    CHECK_EQ(info.size, 4 << 10);
    CHECK(info.global);
    /* AP 0 to 3 for the four subpages. */
    map_page(0x00234000, 0x00034000 | 0xe4 << 4 | 2);
    for (uint32_t i = 0; i < 4; i++) {
        static const uint8_t priv[] = { 0, R | W | X, R | W | X, R | W | X }, user[] = { 0, 0, R | X, R | W | X };

        check_rights(0x00234000 + i * 0x400 + 0x123, priv[i], user[i], 3 << 4 | FAULT_PERMISSION_PAGE);
        CHECK_EQ(info.size, 1 << 10);
        CHECK_EQ(info.phys, 0x00034000);
    }
    /* Large page: 16 KiB subpages. */
    for (uint32_t i = 0; i < 16; i++) {
        ram_write32(L2 + (0x30 + i) * 4, 0x00060000 | 0xe4 << 4 | 1);
    }
    CHECK_EQ(walk(0x00233456, MMU_DATA_LOAD, true), 3 << 4 | FAULT_PERMISSION_PAGE);
    CHECK_EQ(walk(0x00237456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x00067000);
    CHECK_EQ(info.size, 16 << 10);
    CHECK_EQ(info.prot_user, 0);
    CHECK_EQ(walk(0x0023f456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x0006f000);
    CHECK_EQ(info.prot_user, R | W | X);
    /* Extended small page: bits 11:6 are not permissions. */
    map_page(0x00234000, 0x00034000 | 0xfc << 4 | 1 << 4 | 3);
    check_rights(0x00234000, R | W | X, 0, 3 << 4 | FAULT_PERMISSION_PAGE);
    CHECK_EQ(info.size, 4 << 10);
    /* ARMv5's fine tables are gone. */
    ram_write32(L1 + 4, L2 | 3);
    CHECK_EQ(walk(0x00100000, MMU_DATA_LOAD, true), FAULT_TRANSLATION_SECTION);
    /* The access flag belongs to the other format. */
    env->cp15.sctlr |= SCTLR_AFE;
    map_page(0x00234000, 0x00034000 | 0xaa << 4 | 2);
    CHECK_EQ(walk(0x00234000, MMU_DATA_LOAD, true), FAULT_NONE);
    test_done("subpage tables, XP = 0");
}

static void test_big_endian_tables(void)
{
    setup(SCTLR_XP | SCTLR_EE);
    ram_write32(L1 + 4, __builtin_bswap32(L2 | 1));
    ram_write32(L2, __builtin_bswap32(0x00034000 | 3 << 4 | 2));
    CHECK_EQ(walk(0x00100123, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x00034000);
    test_done("big-endian tables");
}

static void test_fcse(void)
{
    setup(SCTLR_XP);
    env->cp15.fcse = 0x06000000;
    ram_write32(L1 + 0x61 * 4, 0x00900000 | 3 << 10 | 2);
    ram_write32(L1 + 0x21 * 4, 0x00a00000 | 3 << 10 | 2);
    CHECK_EQ(walk(0x00123456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x00923000);
    CHECK_EQ(walk(0x06123456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x00923000);
    /* Only the low 32 MiB move. */
    CHECK_EQ(walk(0x02123456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x00a23000);
    env->cp15.sctlr &= ~SCTLR_M;
    CHECK_EQ(walk(0x00123456, MMU_DATA_LOAD, true), FAULT_NONE);
    CHECK_EQ(info.phys, 0x06123000);
    test_done("process ID");
}

int main(void)
{
    test_off();
    test_fcse();
    test_shapes();
    test_permissions();
    test_domains();
    test_faults();
    test_access_flag();
    test_ttbcr();
    test_legacy();
    test_big_endian_tables();
    return test_finish();
}
