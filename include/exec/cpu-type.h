/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of a CPU's state, for those who only pass it on; its members are in target/arm/cpu.h. */
#ifndef EXEC_CPU_TYPE_H
#define EXEC_CPU_TYPE_H
enum { ARM_MAX_CPUS = 4 };
typedef struct CPUARMState CPUARMState;
#endif
