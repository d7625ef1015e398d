/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of one ARM11 MPCore CPU (ARMv6K, VFPv2): what the architecture has, and what is saved, shown and given to a
 * debugger. What the accelerator needs besides is accel/tcg/jit-state.h.
 *
 * Translated code addresses the first part of CPUARMState by fixed offsets (checked by static asserts in
 * tcg/x86_64/). The state belongs to the thread that runs the CPU; the few fields that other threads touch
 * are named so and are atomic.
 *
 * Program counter: env->regs[15] always holds PC | T (bit 0 set in Thumb state). There is no other T bit.
 * Flags: while code runs, N Z C V live in env->nzcv (see ARMFlags), Q in env->q, GE[3:0] in env->ge, and
 * everything else of the CPSR (mode, A I F, E, J, IT bits 0) in env->cpsr.
 */
#ifndef TARGET_ARM_CPU_H
#define TARGET_ARM_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "exec/cpu-type.h"

/* CPSR bits, ARM DDI 0100I A2.5 */
#define CPSR_N      (1u << 31)
#define CPSR_Z      (1u << 30)
#define CPSR_C      (1u << 29)
#define CPSR_V      (1u << 28)
#define CPSR_Q      (1u << 27)
#define CPSR_J      (1u << 24)
#define CPSR_GE     (0xfu << 16)
#define CPSR_E      (1u << 9)
#define CPSR_A      (1u << 8)
#define CPSR_I      (1u << 7)
#define CPSR_F      (1u << 6)
#define CPSR_T      (1u << 5)
#define CPSR_M      0x1fu
#define CPSR_NZCV   0xf0000000u
/* What MSR, SPSR and exception return may write. */
#define CPSR_WRITABLE 0xf90f03ffu

enum ARMMode {
    ARM_MODE_USR = 0x10, ARM_MODE_FIQ = 0x11, ARM_MODE_IRQ = 0x12, ARM_MODE_SVC = 0x13,
    ARM_MODE_ABT = 0x17, ARM_MODE_UND = 0x1b, ARM_MODE_SYS = 0x1f,
};

/* SCTLR (c1,c0,0) */
#define SCTLR_M   (1u << 0)
#define SCTLR_A   (1u << 1)
#define SCTLR_B   (1u << 7)
#define SCTLR_S   (1u << 8)
#define SCTLR_R   (1u << 9)
#define SCTLR_V   (1u << 13)
#define SCTLR_L4  (1u << 15)
#define SCTLR_U   (1u << 22)
#define SCTLR_XP  (1u << 23)
#define SCTLR_VE  (1u << 24)
#define SCTLR_EE  (1u << 25)
#define SCTLR_TRE (1u << 28)
#define SCTLR_AFE (1u << 29)

/* FPSCR / FPEXC */
#define FPSCR_IOC (1u << 0)
#define FPSCR_DZC (1u << 1)
#define FPSCR_OFC (1u << 2)
#define FPSCR_UFC (1u << 3)
#define FPSCR_IXC (1u << 4)
#define FPSCR_IDC (1u << 7)
#define FPSCR_CUMULATIVE 0x9fu
#define FPSCR_FZ  (1u << 24)
#define FPSCR_DN  (1u << 25)
#define FPEXC_EN  (1u << 30)

/* Fault status (DFSR/IFSR), ARM DDI 0360 3.4.14; bit 10 is FS[4]. */
enum ARMFault {
    FAULT_NONE = 0, FAULT_ALIGNMENT = 0x1, FAULT_DEBUG = 0x2, FAULT_ACCESS_SECTION = 0x3,
    FAULT_TRANSLATION_SECTION = 0x5, FAULT_ACCESS_PAGE = 0x6, FAULT_TRANSLATION_PAGE = 0x7,
    FAULT_EXTERNAL = 0x8, FAULT_DOMAIN_SECTION = 0x9, FAULT_DOMAIN_PAGE = 0xb,
    FAULT_EXTERNAL_L1 = 0xc, FAULT_EXTERNAL_L2 = 0xe,   /* on a first- or second-level descriptor fetch */
    FAULT_PERMISSION_SECTION = 0xd, FAULT_PERMISSION_PAGE = 0xf,
};

/* Exceptions in vector order; value = vector offset / 4. */
enum ARMException {
    EXCP_RESET = 0, EXCP_UNDEF = 1, EXCP_SWI = 2, EXCP_PREFETCH_ABORT = 3,
    EXCP_DATA_ABORT = 4, EXCP_IRQ = 6, EXCP_FIQ = 7, EXCP_NONE = -1,
};

/*
 * N Z C V as translated code keeps them: nz is what LAHF leaves in AH.
 * v: 0 or 1. nz: bit 7 = N, bit 6 = Z, the other bits are garbage. c: 0 or 1.
 */
typedef struct ARMFlags {
    uint8_t v;
    uint8_t nz;
    uint8_t c;
    uint8_t unused;
} ARMFlags;

/* Barriers by the way they are asked for in CP15. */
/* What blocks of TBF_COUNT count. */
enum { COUNTED_INSNS, COUNTED_BRANCHES, COUNTED_LOADS, COUNTED_STORES, NB_COUNTED };
enum { BARRIER_DMB, BARRIER_DSB, BARRIER_PREFETCH, NB_BARRIERS };

struct CPUARMState {
    /* --- addressed by translated code; the first fields most --- */
    uint32_t regs[16];              /* 0 */
    ARMFlags nzcv;                  /* 64 */
    uint32_t q;                     /* CPSR.Q as 0 or 1 */
    uint32_t ge;                    /* CPSR.GE as 4 bits */
    uint32_t cpsr;                  /* CPSR without N Z C V Q GE T */
    ARMFlags fp_nzcv;               /* FPSCR N Z C V: read by vfp_flags() */
    uint32_t fpscr;                 /* FPSCR without N Z C V and without cumulative bits */
    uint32_t fpscr_cum;             /* cumulative bits that are not in MXCSR (IDC, helpers' results) */
    uint32_t mxcsr;                 /* the others and the rounding mode, as the host has them, while not in MXCSR */
    uint32_t host_mxcsr;            /* the emulator's own while guest code runs */
    uint32_t fpexc;
    union {
        uint64_t d[16];
        uint32_t s[32];
    } vfp __attribute__((aligned(16)));

    uint64_t counted[NB_COUNTED];

    /* --- below: C code only --- */
    uint32_t cpu_index;
    uint32_t num_cpus;
    uint64_t counted_seen[NB_COUNTED];      /* of that, what cp15.pmn0 and pmn1 have */

    /* banked registers; the current mode's copies are in regs[] / spsr */
    uint32_t spsr;                  /* of the current mode */
    uint32_t banked_spsr[6];        /* index: arm_bank(mode): usr/sys 0, fiq 1, irq 2, svc 3, abt 4, und 5 */
    uint32_t banked_r13[6];
    uint32_t banked_r14[6];
    uint32_t usr_r8_12[5];          /* r8-r12 of the other side (user's while in FIQ mode and vice versa) */
    uint32_t fiq_r8_12[5];

    /* interrupt inputs; atomic, written by devices' threads: bit 0 IRQ, bit 1 FIQ */
    uint32_t irq_lines;

    /* exception being raised (set by arm_raise_*, taken by the main loop) */
    int32_t exception;
    uint32_t exception_fsr;         /* DFSR/IFSR value */
    uint32_t exception_far;

    /* CP15 */
    struct {
        uint32_t sctlr, actlr, cpacr;
        uint32_t ttbr0, ttbr1, ttbcr, dacr;
        uint32_t dfsr, ifsr, dfar, ifar, wfar;
        uint32_t par;
        uint32_t fcse, contextidr;
        uint32_t tpidrurw, tpidruro, tpidrprw;
        uint32_t dlockdown, ilockdown;
        uint32_t pmcr, pmccntr_base, pmn0, pmn1;    /* lock: pmu.c's */
        uint64_t pmccntr_start_ns;
    } cp15;
    uint32_t fpinst, fpinst2;
};

#define ENV_OFFSET(f) ((int)offsetof(CPUARMState, f))

/* ---- target/arm/psr.c ---- */
/* Whole CPSR, with N Z C V, Q, GE and T gathered from their places. */
uint32_t cpsr_read(const CPUARMState *env);
/*
 * Write the bits of CPSR under MASK; changes mode (banks registers) when mask covers M and it differs.
 * Writes T into regs[15]. Bits outside CPSR_WRITABLE|T are ignored. An illegal mode leaves the mode alone
 * (logged under guest_errors). Calls arm_context_changed() and arm_interrupts_changed() as needed.
 */
void cpsr_write(CPUARMState *env, uint32_t val, uint32_t mask);
int arm_bank(uint32_t mode);
bool arm_mode_valid(uint32_t mode);
static inline bool arm_privileged(const CPUARMState *env)
{
    return (env->cpsr & CPSR_M) != ARM_MODE_USR;
}

/* ---- target/arm/exception.c ---- */
/* Record an exception and leave translated code or the interpreter; state must be exact. Never returns. */
_Noreturn void arm_raise_exception(CPUARMState *env, int excp);
_Noreturn void arm_raise_data_abort(CPUARMState *env, uint32_t far, uint32_t fsr);
_Noreturn void arm_raise_prefetch_abort(CPUARMState *env, uint32_t far, uint32_t fsr);
/* Enter env->exception: banks registers, sets LR/SPSR/PC per ARM DDI 0100I A2.6. Main loop only. */
void arm_do_exception(CPUARMState *env);
/* True if an unmasked interrupt is pending; *excp says which (FIQ first). */
bool arm_interrupt_pending(CPUARMState *env, int *excp);
void arm_cpu_reset(CPUARMState *env);
/* Name of the exception for -d int. */
const char *arm_exception_name(int excp);

/* ---- target/arm/cpu-device.c ---- */
/* CPU n as a device, "cpuN": its state is saved and loaded with those of the others. Main thread, once. */
void arm_cpu_device_create(CPUARMState *env, unsigned n);

/* ---- target/arm/pmu.c ---- */
struct IRQLine;
/* The performance monitor's interrupt. With the machine, before the CPUs run; at most once for a CPU. */
void arm_pmu_connect(CPUARMState *env, const struct IRQLine *irq);
/* The state is going to be saved, or was loaded; the CPU is stopped. */
void arm_pmu_pre_save(CPUARMState *env);
void arm_pmu_post_load(CPUARMState *env);
/* Does a counter want them? The CPU's thread. */
bool pmu_counts_code(const CPUARMState *env);

/* ---- target/arm/dump.c ---- */
/* Registers as text, for "info registers"; `fpu` adds the VFP registers. The CPU is stopped. */
void arm_cpu_dump(const CPUARMState *env, FILE *f, bool fpu);
void arm_cpu_dump_vfp(const CPUARMState *env, FILE *f);        /* its part; also by the CPU's thread between blocks */

/* ---- target/arm/mmu.c ---- */
typedef enum { MMU_DATA_LOAD, MMU_DATA_STORE, MMU_INST_FETCH } MMUAccessType;
typedef struct ARMPageInfo {
    uint32_t phys;          /* physical address of the 4 KiB page (or the 1 KiB subpage's page) */
    uint32_t size;          /* bytes the descriptor maps: 1K/4K/64K/1M/16M */
    uint8_t prot_priv;      /* bit 0 read, 1 write, 2 execute: privileged, under the current DACR */
    uint8_t prot_user;
    bool global;            /* nG clear */
    uint8_t domain;
} ARMPageInfo;
/*
 * Walk the tables for VA; the FCSE applies here, and a modified address stays as it is. Returns FAULT_NONE and fills
 * *info, or the fault status (domain in bits 7:4; no write bit). MMU off: identity map, all access. ARM DDI 0100I B4.
 */
uint32_t arm_mmu_walk(CPUARMState *env, uint32_t va, MMUAccessType type, bool privileged, ARMPageInfo *info);
/* Called before a descriptor is read, by its RAM address; may leave the instruction. NULL: nobody wants to know. */
extern void (*arm_table_reads)(CPUARMState *env, uint32_t ram);
/* FCSE: modified virtual address. */
static inline uint32_t arm_mva(const CPUARMState *env, uint32_t va)
{
    return va < (1u << 25) ? va + (env->cp15.fcse & 0xfe000000u) : va;
}

/* ---- implemented by accel/tcg, called from target/arm ---- */
/* Mode, SCTLR, DACR, CONTEXTIDR, TTBR, CPACR, FPEXC, FPSCR.LEN/STRIDE/FZ/DN or E changed: new ctxkey and tables. */
void arm_context_changed(CPUARMState *env);
/* Behind arm_cpu_reset(): as if the processor's pins asked for big-endian data, BE-8 (ARM DDI 0360, SCTLR). */
static inline void arm_cpu_start_be8(CPUARMState *env)
{
    env->cpsr |= CPSR_E;
    env->cp15.sctlr |= SCTLR_EE | SCTLR_U;
    arm_context_changed(env);
}

/* CPSR.I/F cleared: if an interrupt waits, make translated code leave soon. */
void arm_interrupts_changed(CPUARMState *env);
/* Leave translated code or the interpreter now; state is exact. Never returns. */
_Noreturn void cpu_loop_exit(CPUARMState *env);
void tlb_flush_all(CPUARMState *env);
void tlb_flush_asid(CPUARMState *env, uint32_t asid);
void tlb_flush_mva(CPUARMState *env, uint32_t mva, uint32_t asid);
/* Count a barrier that was asked for by a helper. */
void arm_count_barrier(CPUARMState *env, int barrier);
/*
 * What the instruction does beside registers and memory (time, the host) needs that no other CPU executes anything: if
 * others may, leaves it, to be executed again when none does. regs[15] is exact.
 */
void arm_cpu_alone(CPUARMState *env);
/* WFI: mark the CPU idle; the main loop sleeps until irq_lines != 0. */
void arm_cpu_wfi(CPUARMState *env);
/*
 * WFE: take an event, or wait a moment for one. If none comes, leave translated code to sleep, a bounded time; whatever
 * ends that sets the event register, and the instruction is executed again.
 */
void arm_cpu_wfe(CPUARMState *env);
/* SEV: set the event registers of all CPUs. */
void arm_cpu_sev(void);

/* state bits that select a translation (part of the block key) */
#define TBF_PRIV        (1u << 0)
#define TBF_E           (1u << 1)   /* CPSR.E: big-endian data */
#define TBF_VFP_EN      (1u << 2)   /* VFP usable here: CPACR and FPEXC.EN */
#define TBF_VFP_FZ      (1u << 3)   /* FPSCR.FZ is set */
#define TBF_VFP_LEN_SHIFT 4         /* FPSCR.LEN, 3 bits */
#define TBF_VFP_STRIDE  (1u << 7)   /* FPSCR.STRIDE == 3 */
#define TBF_ALIGN       (1u << 8)   /* SCTLR.A: every unaligned access faults */
#define TBF_NO_UNALIGN  (1u << 9)   /* SCTLR.U == 0: ARMv5 rotated loads */
#define TBF_COUNT       (1u << 10)  /* the performance monitor wants something of counted[] */
#define TBF_MASK        0x7ffu
/*
 * The page of the block has 1 KiB subpages with different rights (SCTLR.XP = 0). In the block's key, not in ctxkey:
 * such blocks are in no jump cache.
 */
#define TBF_SUBPAGES    (1u << 11)
/* The block is one instruction (sysemu/icount.h). In the block's key alone, too. */
#define TBF_ALONE       (1u << 12)
/* And plugins have been told of it: it was left before anything of it was done. With TBF_ALONE only. */
#define TBF_TOLD        (1u << 13)
/*
 * log2 of the aligned piece of memory within which the right to fetch one byte means the right to fetch and read all.
 */
static inline unsigned arm_tb_reach_bits(uint32_t flags)
{
    return flags & TBF_SUBPAGES ? 10 : 12;
}
/* Current TBF_* bits. */
uint32_t arm_tb_flags(const CPUARMState *env);

#endif
