/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARM generic interrupt controllers of architecture version 1: the ARM11 MPCore's distributed controller (ARM DDI 0360,
 * chapter 10) and the PL390s in the baseboard's FPGA. One engine (hw/intc/gic*.c), two variants.
 *
 * Thread safety: every function may be called on any thread. Lock order: the caller's device lock, then D (the
 * distributor), then P of one CPU interface, then whatever the output line's sink takes.
 */
#ifndef HW_INTC_GIC_H
#define HW_INTC_GIC_H
#include <stdint.h>
#include <stdio.h>
#include "hw/irq.h"

typedef struct GICState GICState;

/* How often each interrupt was acknowledged, at all controllers: a table. Any thread. */
void gic_print_taken(FILE *f);
/* Those that are enabled, pending, active or whose line is high: a table. Any thread. */
void gic_print_state(FILE *f);

/* Level of shared interrupt ID (32..); idempotent. */
void gic_set_spi(GICState *g, unsigned id, int level);
/* Level of CPU's private interrupt ID (16..31); idempotent. */
void gic_set_ppi(GICState *g, unsigned cpu, unsigned id, int level);

/* The core tile's controller, 64 IDs; output n drives the IRQ input of CPU n. */
GICState *arm11mp_gic_new(unsigned num_cpus);
void arm11mp_gic_map_dist(GICState *g, uint32_t base, uint32_t size, const char *name);
/* Frames of 256 bytes: the accessing CPU's interface, then those of CPU 0..3. */
void arm11mp_gic_map_cpu(GICState *g, uint32_t base, uint32_t size, const char *name);

/* An FPGA controller, 96 IDs, one CPU interface (page 0) and distributor (page 1); its output drives *out. */
GICState *pl390_create(uint32_t base, const char *name, const IRQLine *out);
#endif
