/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake-io.h. */
#include <string.h>
#include "exec/memory.h"
#include "fake-io.h"
#include "qemu/io-loop.h"

static IOWork *first, **last = &first;
unsigned fake_rom_hidden;

void io_post(IOWork *w)
{
    if (!w->posted) {
        w->posted = 1;
        w->next = NULL;
        *last = w;
        last = &w->next;
    }
}

unsigned fake_io_run(void)
{
    unsigned n = 0;
    IOWork *w;

    while ((w = first) != NULL) {
        first = w->next;
        last = first ? last : &first;
        w->posted = 0;
        w->fn(w->opaque);
        n++;
    }
    return n;
}

void rom_hide(MemoryRegion *r)
{
    fake_rom_hidden += r->rom_shown;
    r->rom_shown = false;
}

void rom_show(MemoryRegion *r, bool (*may)(void *opaque), void *opaque)
{
    r->rom_shown |= may(opaque);
}

void rom_write(MemoryRegion *r, uint32_t offset, const void *buf, uint32_t len)
{
    memcpy(r->rom + offset, buf, len);
}
