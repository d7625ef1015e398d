/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFPv2 arithmetic, exactly as the architecture defines it (ARM DDI 0100I part C; NaN rules of C2.6), for the back
 * ends and the helpers. All of it works on one CPU's state, on the thread that runs that CPU.
 *
 * FPSCR lives in pieces: N Z C V in env->fp_nzcv; the rounding mode and the cumulative flags IOC DZC OFC UFC IXC in
 * the host's MXCSR while guest code runs (in env->mxcsr otherwise); cumulative flags set by other means, IDC above
 * all, in env->fpscr_cum; everything else in env->fpscr. vfp_op_*() and the helpers run with the guest's MXCSR in
 * force.
 */
#ifndef TARGET_ARM_VFP_HELPER_H
#define TARGET_ARM_VFP_HELPER_H
#include <stdint.h>
#include "target/arm/cpu.h"

/* Operations of vfp_op_s() and vfp_op_d(). Operands and results are bit patterns. */
enum VFPOp {
    VFP_ADD, VFP_SUB, VFP_MUL,
    VFP_NMUL,           /* -(a * b), the sign of a NaN result flipped too */
    VFP_DIV,
    VFP_SQRT,           /* of a */
    VFP_CMP,            /* a with b into env->fp_nzcv, as VFP_RAW; result 0 */
    VFP_CMPE,           /* the same, quiet NaNs are invalid too */
    VFP_TOSI, VFP_TOSIZ,    /* a to int32_t, saturating, NaN = 0; by FPSCR / towards zero */
    VFP_TOUI, VFP_TOUIZ,
    VFP_SITO, VFP_UITO,     /* the 32-bit integer in a's low half */
    VFP_CVT_SD,         /* vfp_op_d only: single in a's low half -> double */
    VFP_CVT_DS,         /* vfp_op_d only: double a -> single in the low half of the result */
};

/*
 * One operation with the exact ARM result; accumulates its exception flags in MXCSR or env->fpscr_cum; obeys FZ, DN and
 * the rounding mode. _s: single operands; _d: double ones. An unknown op returns 0.
 */
uint32_t vfp_op_s(CPUARMState *env, int op, uint32_t a, uint32_t b);
uint64_t vfp_op_d(CPUARMState *env, int op, uint64_t a, uint64_t b);

/*
 * N Z C V of FPSCR. env->fp_nzcv has them, or what a comparison in translated code left: bit 1 of nz is set and the
 * others are the x86 flags of a COMIS as LAHF shows them.
 */
enum { VFP_RAW = 2, VFP_RAW_LESS = 1, VFP_RAW_UNORDERED = 4, VFP_RAW_EQUAL = 0x40 };
ARMFlags vfp_flags(const CPUARMState *env);

/*
 * Load the guest's rounding mode and cumulative flags into MXCSR, remembering the host's; and back. Brackets guest
 * code.
 */
void vfp_enter_guest(CPUARMState *env);
void vfp_leave_guest(CPUARMState *env);

/* FPSCR of a CPU that is not running guest code (monitor, gdb, migration): the flags are taken from env->mxcsr. */
uint32_t vfp_fpscr_stopped(const CPUARMState *env);
void vfp_set_fpscr_stopped(CPUARMState *env, uint32_t value);

#endif
