/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a flattened device tree from top to bottom: properties of a node come before its children. Errors stick; only
 * dtb_finish() tells. Used by hw/arm/realview-dtb.c on the main thread; one writer belongs to one caller.
 */
#ifndef HW_ARM_DTB_WRITER_H
#define HW_ARM_DTB_WRITER_H
#include <stdint.h>

typedef struct DtbWriter DtbWriter;

/* NULL: no memory. */
DtbWriter *dtb_new(void);
/* Ends the tree and the writer: the malloc'ed tree and its size in bytes, or NULL if something went wrong. */
void *dtb_finish(DtbWriter *t, int *size);

void dtb_begin(DtbWriter *t, const char *name);
void dtb_begin_at(DtbWriter *t, const char *name, uint32_t addr);      /* name@addr */
void dtb_end(DtbWriter *t);
void dtb_property(DtbWriter *t, const char *name, const void *data, int size);
void dtb_flag(DtbWriter *t, const char *name);
void dtb_string(DtbWriter *t, const char *name, const char *value);
void dtb_strings(DtbWriter *t, const char *name, const char *const *values);  /* up to NULL; none: no property */
void dtb_cell(DtbWriter *t, const char *name, uint32_t value);
void dtb_cells(DtbWriter *t, const char *name, int n, ...);             /* n <= 16 arguments of 32 bits */
void dtb_address_cells(DtbWriter *t, uint32_t addr, uint32_t size);
#endif
