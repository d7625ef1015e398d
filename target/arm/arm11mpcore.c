/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARM11 MPCore r0p2 as a model (ARM DDI 0360): features, identification, and CP15 (chapter 3) with one row per register
 * or group of operations:
 *   R(name, CRn, opc1, CRm, opc2, access, field or NO_FIELD, reset or constant value, read function, write function)
 * Rows stand in the order of CRn. ANY matches every value; in a group the first row that matches counts, so special
 * rows stand before general ones. What no row matches is UNDEFINED, and so is an access without the right for it.
 */
#include "target/arm/cpu-model.h"
#include "target/arm/cp15.h"

static const ARMCPReg cp15[] = {
    R(MIDR,         0,  0, 0, 0,    CP_PR,  NO_FIELD, 0x410fb022, NULL, NULL),
    R(CTR,          0,  0, 0, 1,    CP_PR,  NO_FIELD, 0x1d192992, NULL, NULL),
    R(TCMTR,        0,  0, 0, 2,    CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(TLBTR,        0,  0, 0, 3,    CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(CPUID,        0,  0, 0, 5,    CP_PR,  NO_FIELD, 0, cp15_cpuid_read, NULL),
    R(MIDR_ALIAS,   0,  0, 0, ANY,  CP_PR,  NO_FIELD, 0x410fb022, NULL, NULL),
    R(PFR0,         0,  0, 1, 0,    CP_PR,  NO_FIELD, 0x00000111, NULL, NULL),
    R(PFR1,         0,  0, 1, 1,    CP_PR,  NO_FIELD, 0x00000001, NULL, NULL),
    R(DFR0,         0,  0, 1, 2,    CP_PR,  NO_FIELD, 0x00000000, NULL, NULL),
    R(AFR0,         0,  0, 1, 3,    CP_PR,  NO_FIELD, 0x00000002, NULL, NULL),
    R(MMFR0,        0,  0, 1, 4,    CP_PR,  NO_FIELD, 0x01100103, NULL, NULL),
    R(MMFR1,        0,  0, 1, 5,    CP_PR,  NO_FIELD, 0x10020302, NULL, NULL),
    R(MMFR2,        0,  0, 1, 6,    CP_PR,  NO_FIELD, 0x01222000, NULL, NULL),
    R(MMFR3,        0,  0, 1, 7,    CP_PR,  NO_FIELD, 0x00000000, NULL, NULL),
    R(ISAR0,        0,  0, 2, 0,    CP_PR,  NO_FIELD, 0x00100011, NULL, NULL),
    R(ISAR1,        0,  0, 2, 1,    CP_PR,  NO_FIELD, 0x12002111, NULL, NULL),
    R(ISAR2,        0,  0, 2, 2,    CP_PR,  NO_FIELD, 0x11221011, NULL, NULL),
    R(ISAR3,        0,  0, 2, 3,    CP_PR,  NO_FIELD, 0x01102131, NULL, NULL),
    R(ISAR4,        0,  0, 2, 4,    CP_PR,  NO_FIELD, 0x00000141, NULL, NULL),
    R(ISAR5,        0,  0, 2, 5,    CP_PR,  NO_FIELD, 0x00000000, NULL, NULL),
    R(ISAR_RES,     0,  0, 2, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(ID_RES3,      0,  0, 3, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(ID_RES4,      0,  0, 4, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(ID_RES5,      0,  0, 5, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(ID_RES6,      0,  0, 6, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(ID_RES7,      0,  0, 7, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),
    R(CACHE_ID,     0,  1, 0, ANY,  CP_PR,  NO_FIELD, 0, NULL, NULL),

    /*
     * Reset: XP clear, the should-be-one bits and round robin set. U is set, as a boot monitor leaves it (the core's
     * own value is 0): programs of today's compilers access unaligned words and never ask; other emulators let them.
     */
    R(SCTLR,        1,  0, 0, 0,    CP_PRW, FIELD(sctlr), 0x00454078, NULL, cp15_sctlr_write),
    /* Reset: return stack, both branch predictors and folding on, SMP off. */
    R(ACTLR,        1,  0, 0, 1,    CP_PRW, FIELD(actlr), 0x0000000f, NULL, cp15_actlr_write),
    R(CPACR,        1,  0, 0, 2,    CP_PRW, FIELD(cpacr), 0xc0000000, NULL, cp15_cpacr_write),

    R(TTBR0,        2,  0, 0, 0,    CP_PRW, FIELD(ttbr0), 0, NULL, cp15_ttbr0_write),
    R(TTBR1,        2,  0, 0, 1,    CP_PRW, FIELD(ttbr1), 0, NULL, cp15_ttbr1_write),
    R(TTBCR,        2,  0, 0, 2,    CP_PRW, FIELD(ttbcr), 0, NULL, cp15_ttbcr_write),

    R(DACR,         3,  ANY, ANY, ANY, CP_PRW, FIELD(dacr), 0, NULL, cp15_dacr_write),

    R(DFSR,         5,  0, 0, 0,    CP_PRW, FIELD(dfsr), 0, NULL, NULL),
    R(IFSR,         5,  0, 0, 1,    CP_PRW, FIELD(ifsr), 0, NULL, NULL),

    R(DFAR,         6,  0, 0, 0,    CP_PRW, FIELD(dfar), 0, NULL, NULL),
    /* No watchpoints (DIDR is 0), so no address of one. */
    R(WFAR,         6,  0, 0, 1,    CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(IFAR,         6,  0, 0, 2,    CP_PRW, FIELD(ifar), 0, NULL, NULL),

    R(DSB,          7,  0, 10, 4,   CP_PW | CP_UW, NO_FIELD, 0, NULL, cp15_barrier),
    R(DMB,          7,  0, 10, 5,   CP_PW | CP_UW, NO_FIELD, 0, NULL, cp15_barrier),
    R(ISB,          7,  0, 5, 4,    CP_PW | CP_UW, NO_FIELD, 0, NULL, cp15_barrier),
    R(WFI,          7,  0, 0, 4,    CP_PW,  NO_FIELD, 0, NULL, cp15_wfi),
    R(PAR,          7,  0, 4, 0,    CP_PRW, FIELD(par), 0, NULL, cp15_par_write),
    R(VATOPA_PR,    7,  0, 8, 0,    CP_PW,  NO_FIELD, 0, NULL, cp15_va_to_pa),
    R(VATOPA_PW,    7,  0, 8, 1,    CP_PW,  NO_FIELD, 0, NULL, cp15_va_to_pa),
    R(VATOPA_UR,    7,  0, 8, 2,    CP_PW,  NO_FIELD, 0, NULL, cp15_va_to_pa),
    R(VATOPA_UW,    7,  0, 8, 3,    CP_PW,  NO_FIELD, 0, NULL, cp15_va_to_pa),
    R(VATOPA_RES,   7,  0, 8, ANY,  0,      NO_FIELD, 0, NULL, NULL),
    /* The caches are not modelled: memory is coherent, and stores to translated code are seen at once. */
    R(CACHE_OPS,    7,  0, ANY, ANY, CP_PW, NO_FIELD, 0, NULL, NULL),

    R(TLBIALL,      8,  ANY, ANY, 0, CP_PW,  NO_FIELD, 0, NULL, cp15_tlb_all),
    R(TLBIMVA,      8,  ANY, ANY, 1, CP_PW,  NO_FIELD, 0, NULL, cp15_tlb_mva),
    R(TLBIASID,     8,  ANY, ANY, 2, CP_PW,  NO_FIELD, 0, NULL, cp15_tlb_asid),
    /* By MVA in every address space: dropping more than asked is allowed. */
    R(TLBIMVAA,     8,  ANY, ANY, 3, CP_PW,  NO_FIELD, 0, NULL, cp15_tlb_all),

    R(DLOCKDOWN,    9,  0, 0, 0,    CP_PRW, FIELD(dlockdown), 0, NULL, NULL),
    R(ILOCKDOWN,    9,  0, 0, 1,    CP_PRW, FIELD(ilockdown), 0, NULL, NULL),

    /* TLB lockdown, and PRRR/NMRR: no memory types are modelled that remapping could change. */
    R(PRRR,         10, 0, 2, 0,    CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(NMRR,         10, 0, 2, 1,    CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(TLB_LOCKDOWN0, 10, ANY, 0, ANY, CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(TLB_LOCKDOWN1, 10, ANY, 1, ANY, CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(TLB_LOCKDOWN4, 10, ANY, 4, ANY, CP_PRW, NO_FIELD, 0, NULL, NULL),
    R(TLB_LOCKDOWN8, 10, ANY, 8, ANY, CP_PRW, NO_FIELD, 0, NULL, NULL),

    R(FCSEIDR,      13, 0, 0, 0,    CP_PRW, FIELD(fcse), 0, NULL, cp15_fcse_write),
    R(CONTEXTIDR,   13, 0, 0, 1,    CP_PRW, FIELD(contextidr), 0, NULL, cp15_contextidr_write),
    R(TPIDRURW,     13, 0, 0, 2,    CP_PRW | CP_UR | CP_UW, FIELD(tpidrurw), 0, NULL, NULL),
    R(TPIDRURO,     13, 0, 0, 3,    CP_PRW | CP_UR, FIELD(tpidruro), 0, NULL, NULL),
    R(TPIDRPRW,     13, 0, 0, 4,    CP_PRW, FIELD(tpidrprw), 0, NULL, NULL),

    R(PMNC,         15, 0, 12, 0,   CP_PRW, NO_FIELD, 0, pmu_control_read, pmu_control_write),
    R(CCNT,         15, 0, 12, 1,   CP_PRW, NO_FIELD, 0, pmu_cycles_read, pmu_cycles_write),
    R(PMN0,         15, 0, 12, 2,   CP_PRW, NO_FIELD, 0, pmu_count0_read, pmu_count0_write),
    R(PMN1,         15, 0, 12, 3,   CP_PRW, NO_FIELD, 0, pmu_count1_read, pmu_count1_write),
    /* Test and debug access to caches and TLBs. */
    R(IMPDEF,       15, ANY, ANY, ANY, CP_PRW, NO_FIELD, 0, NULL, NULL),
};

const ARMCPUModel arm11mpcore_model = {
    .name = "arm11mpcore",
    .desc = "ARM11 MPCore r0p2 (ARMv6K, VFPv2)",
    .compatible = "arm,arm11mpcore",
    .pmu_compatible = "arm,arm11mpcore-pmu",
    .features = ARM_FEATURE_V6 | ARM_FEATURE_V6K | ARM_FEATURE_VFP2,
    .cp15 = cp15,
    .cp15_count = sizeof(cp15) / sizeof(cp15[0]),
    .vfp_doubles = 16,
    .fpsid = 0x410120b4,            /* ARM, VFPv2, part 0x20, variant 0xb, revision 4 */
    .mvfr0 = 0x11111111,
    .mvfr1 = 0,
};
