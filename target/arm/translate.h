/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest code -> IR. Thread-private: works on the caller's IRBlock only. */
#ifndef TARGET_ARM_TRANSLATE_H
#define TARGET_ARM_TRANSLATE_H
#include "tcg/instrument.h"
#include "tcg/ir.h"

/*
 * Translate from PC|T `pc` under TBF_* `flags` until the block ends (branch, PC write, mode change, end of the page or,
 * with TBF_SUBPAGES, the subpage, max_insns instructions, IR nearly full). `code` points at the host copy of the 4 KiB
 * guest page that holds pc. Every block ends in exit_jmp, exit_ind or exit_main. An ARM instruction never crosses a
 * page (pc is 4-aligned); Thumb BL pairs are two separate instructions.
 */
void arm_translate(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns);
/* Blocks begin with the op `budget` (-icount). Constant once blocks are made. */
extern bool arm_count_blocks;
/* They end at each jump: plugins are told of blocks as the guest's text has them. Likewise constant. */
extern bool arm_end_at_jumps;
/* The same for a page that holds data as well: no word of it is taken as a constant. */
void arm_translate_with_data(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, int max_insns);
/* Either, with what `instrument` wants. */
void arm_translate_instrumented(IRBlock *b, uint32_t pc, uint32_t flags, const uint8_t *code_page, bool has_data,
                                const Instrument *instrument);

/*
 * Flags (F_*) that are live on entry to the code at PC|T `pc`: looks at a few instructions within the page or subpage;
 * F_NZCV if in doubt. A load, a store or anything that may raise makes all flags live (exceptions must see them).
 * Nobody may rely on it: the text may be another one when it runs.
 */
uint8_t arm_flags_live_at(uint32_t pc, uint32_t flags, const uint8_t *code_page);
#endif
