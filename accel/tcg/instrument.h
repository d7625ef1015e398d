/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the engine and who looks on while guest code runs: plugins/. The engine asks when it makes a block, and tells
 * when a CPU begins, ends, sleeps and wakes, and when code is thrown away. Without plugins `plugin_hooks` is NULL, and
 * nothing else is paid than that look at it.
 */
#ifndef ACCEL_TCG_INSTRUMENT_H
#define ACCEL_TCG_INSTRUMENT_H
#include "accel/tcg/cache.h"
#include "tcg/instrument.h"

/* The block that is going to be made. */
typedef struct InstrumentBlock {
    uint32_t pc;                    /* PC|T; all instructions have the same T */
    unsigned ninsns;                /* both halves of Thumb's BL are one if they are together */
    const uint16_t *offset;         /* in bytes, of each from the first; of the end */
    const uint8_t *code;            /* a copy of its text */
    const uint8_t *host;            /* where it is in the emulator's memory; NULL: in a device */
} InstrumentBlock;

typedef enum PluginCPUEvent {
    PLUGIN_CPU_INIT, PLUGIN_CPU_EXIT, PLUGIN_CPU_IDLE, PLUGIN_CPU_RESUME,
} PluginCPUEvent;

typedef struct PluginHooks {
    /*
     * What is wanted of the block; false: nothing. `in` comes with record and opaque; what it is made to point at stays
     * until the thread asks again. CPU thread, reading E; several at once.
     */
    bool (*translate)(const InstrumentBlock *block, Instrument *in);
    /* On the thread that runs the CPU, out of E. */
    void (*cpu_event)(int cpu, PluginCPUEvent event);
    /* All blocks of all CPUs are gone. No CPU runs. */
    void (*flushed)(void);
} PluginHooks;
extern const PluginHooks *plugin_hooks;     /* set before the machine is made; never changed then */

static inline void plugin_cpu_event(int cpu, PluginCPUEvent event)
{
    if (plugin_hooks) {
        plugin_hooks->cpu_event(cpu, event);
    }
}

/* The same of all CPUs, which one thread runs. */
static inline void plugin_cpus_event(PluginCPUEvent event)
{
    for (int i = 0; i < cpu_count; i++) {
        plugin_cpu_event(i, event);
    }
}

/*
 * b->ir holds the block for tb, whose text is in `page` of the emulator's memory (NULL: in a device). If a plugin wants
 * something of it, translate it again with that. What it wants stays until instrument_forget().
 */
void instrument_block(CacheBuilder *b, const TranslationBlock *tb, const uint8_t *page, bool has_data);
/* All blocks of the cache are gone; as cache_reset(). */
void instrument_forget(unsigned owner);
/* What a call in a block of that cache carries out. */
typedef struct InstrumentRecord {
    InstrumentAction *action;       /* atomic: written last */
    unsigned n, accesses;           /* accesses: behind each other, each of which the list is for */
    uint32_t info;                  /* ACCESS_* */
} InstrumentRecord;
const InstrumentRecord *instrument_record(unsigned owner, uint32_t number);
/* Where the page of `va` is, of an access as `info` (ACCESS_*) says that just has been; in a helper. False: unknown. */
typedef struct InstrumentAddress {
    bool is_ram;
    uint32_t phys;
} InstrumentAddress;
bool instrument_address(uint32_t info, uint32_t va, InstrumentAddress *a);
/* Of the CPU that this thread runs: as debug_reg_read(). In a function that said so (`regs`), or out of a block. */
unsigned instrument_register(unsigned number, uint8_t *buf);
#endif
