/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory in a stream: sections "ram" of at most a MiB. I/O thread. */
#ifndef MIGRATION_RAM_H
#define MIGRATION_RAM_H
#include "exec/memory.h"
#include "migration/stream.h"

enum { RAM_PAGE = 4096 };

/*
 * The pieces of memory that are saved, one after another: what can be written to, once, whatever shows it a second
 * time. (What only devices write, such as flash, is in their images.) NULL: there are no more; *index begins at 0.
 */
const MemoryRegion *ram_next(size_t *index);
/* Pages of all of them. */
uint32_t ram_pages_total(void);
/* The list of pieces into section "machine", and whether it is the same there. False: *err. */
void ram_put_layout(GByteArray *s);
bool ram_check_layout(Section *s, char **err);
/*
 * Pages as sections at the end of `out`, which begins from page *page on, counted through all pieces, until all pages
 * or about `bytes` have been dealt with; *page is the next one. want() says whether the page at a RAM address is
 * saved; NULL: all are.
 */
void ram_capture(GQueue *out, uint32_t *page, uint64_t bytes, bool (*want)(uint32_t ram));
/* Captured so far, all together: such as have nothing in them. I/O thread. */
extern uint64_t ram_zero_pages;
/* Take the pages of a section, or look only whether they could be taken. False: *err. */
bool ram_load(Section *s, bool keep, char **err);
#endif
