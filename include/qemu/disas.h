/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly for the log and the monitor, by capstone, which is loaded when it is wanted. Any thread. util/disas.c. */
#ifndef QEMU_DISAS_H
#define QEMU_DISAS_H
#include <stdint.h>
#include <stdio.h>

/* Guest code; bit 0 of pc: Thumb. */
void disas_guest(FILE *f, uint32_t pc, const uint8_t *code, uint32_t bytes);
/* One instruction; pc as above. g_free() it. */
char *disas_guest_insn(uint32_t pc, const uint8_t *code, size_t bytes);
/* Code of this host. */
void disas_host(FILE *f, const uint8_t *code, uint32_t bytes);
#endif
