/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CP15: the two helpers behind MRC and MCR, and the registers whose writes do something (ARM DDI 0360 3.4). The rows
 * that tie encodings to these functions are in the models' files, arm11mpcore.c.
 *
 * Runs on the CPU's own thread. Maintenance operations work on this CPU alone, as on the ARM11 MPCore: an operating
 * system reaches the others by interrupts, so no other CPU is stopped and no lock is taken.
 */
#include "target/arm/cp15.h"
#include "tcg/helper.h"
#include "qemu/log.h"

static _Noreturn void cp15_undefined(CPUARMState *env, uint32_t insn, const ARMCPReg *reg, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: %s of CP15 %u,c%u,c%u,%u (%s) at 0x%08x in mode 0x%02x is undefined\n",
                  env->cpu_index, what, CP_OPC1(insn), CP_CRN(insn), CP_CRM(insn), CP_OPC2(insn),
                  reg ? reg->name : "no register", env->regs[15] & ~1u, env->cpsr & CPSR_M);
    arm_raise_exception(env, EXCP_UNDEF);
}

uint32_t helper_cp15_read(CPUARMState *env, uint32_t insn, uint32_t b, uint32_t c)
{
    const ARMCPReg *reg = cp15_find(insn);

    if (!reg || !(reg->access & (arm_privileged(env) ? CP_PR : CP_UR))) {
        cp15_undefined(env, insn, reg, "read");
    }
    if (reg->read) {
        return reg->read(env);
    }
    return reg->offset ? *(const uint32_t *)((const char *)env + reg->offset) : reg->reset;
}

uint32_t helper_cp15_write(CPUARMState *env, uint32_t insn, uint32_t val, uint32_t c)
{
    const ARMCPReg *reg = cp15_find(insn);

    if (!reg || !(reg->access & (arm_privileged(env) ? CP_PW : CP_UW))) {
        cp15_undefined(env, insn, reg, "write");
    }
    if (reg->write) {
        reg->write(env, insn, val);
    } else if (reg->offset) {
        *(uint32_t *)((char *)env + reg->offset) = val;
    }
    return 0;
}

uint32_t cp15_cpuid_read(CPUARMState *env)
{
    return env->cpu_index;
}

/* ---- c1: control ---- */

void cp15_sctlr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    uint32_t changed = env->cp15.sctlr ^ val;

    if (!changed) {
        return;
    }
    env->cp15.sctlr = val;
    if (changed & val & SCTLR_B) {
        qemu_log_mask(LOG_UNIMP, "CPU%u: word-invariant big-endian memory (SCTLR.B) is not implemented\n",
                      env->cpu_index);
    }
    /* What decides how tables are read and rights are made: entries filled before are void. */
    if (changed & (SCTLR_M | SCTLR_S | SCTLR_R | SCTLR_XP | SCTLR_EE | SCTLR_AFE)) {
        tlb_flush_all(env);
    }
    arm_context_changed(env);
}

void cp15_actlr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    env->cp15.actlr = val & 0x7f;
}

/* cp10 and cp11 are the only coprocessors under this register's control. */
void cp15_cpacr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    val = (val & 0x00f00000) | 0xc0000000;
    if (env->cp15.cpacr != val) {
        env->cp15.cpacr = val;
        arm_context_changed(env);
    }
}

/* ---- c2, c3: tables and domains. Writes do not void TLB entries on ARMv6; ASIDs keep address spaces apart. ---- */

static void context_field_write(CPUARMState *env, uint32_t *field, uint32_t val)
{
    if (*field != val) {
        *field = val;
        arm_context_changed(env);
    }
}

void cp15_ttbr0_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    context_field_write(env, &env->cp15.ttbr0, val);
}

void cp15_ttbr1_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    context_field_write(env, &env->cp15.ttbr1, val);
}

void cp15_ttbcr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    context_field_write(env, &env->cp15.ttbcr, val & 7);
}

void cp15_dacr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    context_field_write(env, &env->cp15.dacr, val);
}

/* ---- c7: operations ---- */

void cp15_par_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    env->cp15.par = val & 0xfffff1ff;
}

void cp15_wfi(CPUARMState *env, uint32_t insn, uint32_t val)
{
    arm_cpu_wfi(env);
}

/* The translator puts barriers inline; this serves the interpreter's and conditional forms that come as a call. */
void cp15_barrier(CPUARMState *env, uint32_t insn, uint32_t val)
{
    arm_count_barrier(env, CP_CRM(insn) == 5 ? BARRIER_PREFETCH : CP_OPC2(insn) == 4 ? BARRIER_DSB : BARRIER_DMB);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* opc2: bit 0 write, bit 1 user rights. The result has the address, or bit 0 and the fault status from bit 1 on. */
void cp15_va_to_pa(CPUARMState *env, uint32_t insn, uint32_t val)
{
    ARMPageInfo info;
    uint32_t mva = arm_mva(env, val), opc2 = CP_OPC2(insn);
    uint32_t status = arm_mmu_walk(env, mva, opc2 & 1 ? MMU_DATA_STORE : MMU_DATA_LOAD, !(opc2 & 2), &info);

    if (status == FAULT_NONE) {
        env->cp15.par = (info.phys & 0xfffff000u) | 0x200;
    } else {
        env->cp15.par = (status & 0xf) << 1 | (status & 0x400) >> 5 | 1;
    }
}

/* ---- c8: TLB ---- */

void cp15_tlb_all(CPUARMState *env, uint32_t insn, uint32_t val)
{
    tlb_flush_all(env);
}

void cp15_tlb_mva(CPUARMState *env, uint32_t insn, uint32_t val)
{
    /* With a process ID the fast tables, indexed by virtual address, hold this page elsewhere too. */
    if (env->cp15.fcse) {
        tlb_flush_all(env);
        return;
    }
    tlb_flush_mva(env, val & 0xfffff000u, val & 0xff);
}

void cp15_tlb_asid(CPUARMState *env, uint32_t insn, uint32_t val)
{
    tlb_flush_asid(env, val & 0xff);
}

/* ---- c13: process and thread ---- */

void cp15_fcse_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    val &= 0xfe000000;
    if (env->cp15.fcse != val) {
        /* The hardware's TLB holds modified addresses and survives this; the fast tables hold unmodified ones. */
        env->cp15.fcse = val;
        tlb_flush_all(env);
        arm_context_changed(env);
    }
}

void cp15_contextidr_write(CPUARMState *env, uint32_t insn, uint32_t val)
{
    context_field_write(env, &env->cp15.contextidr, val);
}
