/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks with what plugins want in them.
 *
 * A call in a block names a record: a list of functions and counters. Records are numbered by cache, because they go
 * when all of the cache's blocks go; so with plugins a full cache is emptied and never evicted by parts. `lock` is for
 * those who add; who runs a block got it from a thread that had added, through the block's publication, and reads
 * without.
 */
#include <glib.h>
#include "accel/tcg/instrument.h"
#include "qemu/log.h"
#include "target/arm/translate.h"

enum { CHUNK_BITS = 12, CHUNK = 1 << CHUNK_BITS, MAX_CHUNKS = 1 << 12 };

typedef struct RecordTable {
    GMutex lock;
    uint32_t n;                     /* lock */
    InstrumentRecord *chunk[MAX_CHUNKS];      /* lock to write; atomic */
} RecordTable;

const PluginHooks *plugin_hooks;
static RecordTable tables[ARM_MAX_CPUS];        /* by CodeCache.owner */

static InstrumentRecord *record_at(const RecordTable *t, uint32_t number)
{
    return &__atomic_load_n(&t->chunk[number >> CHUNK_BITS], __ATOMIC_ACQUIRE)[number & (CHUNK - 1)];
}

static uint32_t add_record(void *opaque, const InstrumentList *l, uint32_t info, unsigned n)
{
    RecordTable *t = opaque;
    InstrumentRecord **chunk, *r;
    uint32_t number;

    g_mutex_lock(&t->lock);
    number = t->n++;
    if (number >> CHUNK_BITS == MAX_CHUNKS) {
        error_exit("the plugins want more than %u things of the code in the cache; use a smaller -accel tcg,tb-size=",
                   number);
    }
    chunk = &t->chunk[number >> CHUNK_BITS];
    if (!*chunk) {
        __atomic_store_n(chunk, g_new0(InstrumentRecord, CHUNK), __ATOMIC_RELEASE);
    }
    r = record_at(t, number);
    r->n = l->n;
    r->accesses = n;
    r->info = info;
    __atomic_store_n(&r->action, g_memdup2(l->action, l->n * sizeof(*l->action)), __ATOMIC_RELEASE);
    g_mutex_unlock(&t->lock);
    return number;
}

/* A block has the number, which another CPU may have built and chained: nothing else orders what is in the record. */
const InstrumentRecord *instrument_record(unsigned owner, uint32_t number)
{
    const InstrumentRecord *r = record_at(&tables[owner], number);

    return __atomic_load_n(&r->action, __ATOMIC_ACQUIRE) ? r : NULL;
}

void instrument_forget(unsigned owner)
{
    RecordTable *t = &tables[owner];

    for (uint32_t i = 0; i < t->n; i++) {
        g_free(record_at(t, i)->action);
    }
    t->n = 0;
}

/* Where the instructions begin, and the last ends. Returns how many there are. */
static unsigned find_insns(const IRBlock *ir, uint16_t *offset)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ir->nops; i++) {
        if (ir->ops[i].opc == IR_insn_start) {
            offset[n++] = (uint16_t)((ir->ops[i].imm & 0xffe) - (ir->pc & (ir->pc & 1 ? 0xffe : 0xffc)));
        }
    }
    offset[n] = (uint16_t)ir->guest_bytes;
    return n;
}

void instrument_block(CacheBuilder *b, const TranslationBlock *tb, const uint8_t *page, bool has_data)
{
    IRBlock *ir = &b->ir;
    uint16_t offset[BLOCK_MAX_INSNS + 1];
    uint32_t in_page = ir->pc & (ir->pc & 1 ? 0xffe : 0xffc);

    for (;;) {
        InstrumentBlock block = {
            .pc = ir->pc, .ninsns = find_insns(ir, offset), .offset = offset,
            .code = b->page + in_page, .host = page ? page + in_page : NULL,
        };
        Instrument in = { .record = add_record, .opaque = &tables[tb->owner], .max_insns = ir->guest_insns,
                          .cpu = cpu_count == 1 ? 0 : cache_ops == &cache_separate_ops ? tb->owner : -1 };

        if (!plugin_hooks->translate(&block, &in)) {
            return;
        }
        arm_translate_instrumented(ir, tb->pc, tb->flags, b->page, has_data, &in);
        if (ir->guest_insns == in.max_insns) {
            return;
        }
        /* It has become too large: what was said to the plugins of its end is not true. */
    }
}
