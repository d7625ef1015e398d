/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system control coprocessor as a table: one ARMCPReg per register or group of operations of a CPU model. Private
 * to target/arm; the rest of the emulator goes through helper_cp15_read() and helper_cp15_write().
 */
#ifndef TARGET_ARM_CP15_H
#define TARGET_ARM_CP15_H
#include "target/arm/cpu.h"

/* Who may do what: MRC and MCR, privileged and in User mode. */
enum { CP_PR = 1, CP_PW = 2, CP_UR = 4, CP_UW = 8, CP_PRW = CP_PR | CP_PW };

/* Coprocessor register fields of MRC/MCR instruction words. */
#define CP_OPC1(insn)   (((insn) >> 21) & 7)
#define CP_CRN(insn)    (((insn) >> 16) & 15)
#define CP_CRM(insn)    ((insn) & 15)
#define CP_OPC2(insn)   (((insn) >> 5) & 7)
#define CP_ENCODE(opc1, crn, crm, opc2) \
    (((opc1) & 7u) << 21 | ((crn) & 15u) << 16 | ((crm) & 15u) | ((opc2) & 7u) << 5)

typedef struct ARMCPReg ARMCPReg;
struct ARMCPReg {
    const char *name;
    uint8_t crn;
    uint32_t mask, match;       /* on the instruction word, but for CRn */
    uint8_t access;             /* CP_* */
    uint32_t offset;            /* of its 32-bit field in CPUARMState; 0: has none */
    uint32_t reset;             /* value after reset, or the constant it reads as if it has no field */
    uint32_t (*read)(CPUARMState *env);                                 /* NULL: field or constant */
    void (*write)(CPUARMState *env, uint32_t insn, uint32_t val);       /* NULL: field, or ignored */
};

/* A row of a model's table, written as R(name, CRn, opc1, CRm, opc2, access, field, reset, read, write). */
enum { ANY = -1 };
#define NO_FIELD        0
#define FIELD(f)        offsetof(CPUARMState, cp15.f)
#define CP_FIELD_MASK(opc1, crm, opc2) \
    (((opc1) == ANY ? 0 : CP_ENCODE(7, 0, 0, 0)) | ((crm) == ANY ? 0 : CP_ENCODE(0, 0, 15, 0)) | \
     ((opc2) == ANY ? 0 : CP_ENCODE(0, 0, 0, 7)))
#define R(name_, crn_, opc1, crm, opc2, access_, field, reset_, read_, write_) { \
        .name = #name_, .crn = crn_, .mask = CP_FIELD_MASK(opc1, crm, opc2), \
        .match = CP_ENCODE(opc1, 0, crm, opc2) & CP_FIELD_MASK(opc1, crm, opc2), \
        .access = access_, .offset = field, .reset = reset_, .read = read_, .write = write_, \
    }

/* cp15-table.c */
/* The row for an MRC or MCR instruction word (coprocessor and direction are not looked at); NULL: UNDEFINED. */
const ARMCPReg *cp15_find(uint32_t insn);
/* All rows, for tests and dumps; NULL past the end. */
const ARMCPReg *cp15_row(unsigned index);
/* Set every field to its reset value. */
void cp15_reset(CPUARMState *env);

/* cp15.c: what rows of the table refer to */
uint32_t cp15_cpuid_read(CPUARMState *env);
void cp15_sctlr_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_actlr_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_cpacr_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_ttbr0_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_ttbr1_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_ttbcr_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_dacr_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_par_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_wfi(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_barrier(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_va_to_pa(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_tlb_all(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_tlb_mva(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_tlb_asid(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_fcse_write(CPUARMState *env, uint32_t insn, uint32_t val);
void cp15_contextidr_write(CPUARMState *env, uint32_t insn, uint32_t val);

/* pmu.c: performance monitor, ARM DDI 0360 3.4.36 and on */
uint32_t pmu_control_read(CPUARMState *env);
void pmu_control_write(CPUARMState *env, uint32_t insn, uint32_t val);
uint32_t pmu_cycles_read(CPUARMState *env);
void pmu_cycles_write(CPUARMState *env, uint32_t insn, uint32_t val);
uint32_t pmu_count0_read(CPUARMState *env);
void pmu_count0_write(CPUARMState *env, uint32_t insn, uint32_t val);
uint32_t pmu_count1_read(CPUARMState *env);
void pmu_count1_write(CPUARMState *env, uint32_t insn, uint32_t val);
void pmu_reset(CPUARMState *env);
#endif
