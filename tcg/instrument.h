/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody outside wants done while a block runs: counters to add to, functions to call. A plugin says so for a
 * block before it is made (accel/tcg/instrument.h); the front end (target/arm/translate-instrument.c) puts it into the
 * block. It lives as long as the block is being made; `record` keeps what is needed later.
 */
#ifndef TCG_INSTRUMENT_H
#define TCG_INSTRUMENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the function is told of an access. The low byte is what QEMU's plugins find in qemu_plugin_meminfo_t. */
enum {
    ACCESS_SIZE = 0xf,          /* log2 of bytes */
    ACCESS_SIGNED = 1 << 4,
    ACCESS_BE = 1 << 5,
    ACCESS_STORE = 1 << 6,
    ACCESS_USER = 1 << 8,       /* with user rights (LDRT, STRT) */
};
enum { INSTRUMENT_LOADS = 1, INSTRUMENT_STORES = 2 };

typedef enum InstrumentKind { INSTRUMENT_CALL, INSTRUMENT_ADD, INSTRUMENT_STORE } InstrumentKind;
/* What a call of `exec` depends on: a value of the CPU's against `limit`, both without sign. */
typedef enum InstrumentCond {
    INSTRUMENT_ALWAYS, INSTRUMENT_EQ, INSTRUMENT_NE, INSTRUMENT_LT, INSTRUMENT_LE, INSTRUMENT_GT, INSTRUMENT_GE,
} InstrumentCond;

typedef struct InstrumentAction {
    uint8_t kind;               /* INSTRUMENT_CALL, or what is done with a counter */
    uint8_t cond;               /* INSTRUMENT_*: of a call */
    bool regs;                  /* the function reads the guest's registers */
    uint8_t accesses;           /* INSTRUMENT_*; 0: it is about the instruction and not its accesses */
    size_t stride;              /* `counter` and `tested` are CPU 0's: bytes to the next CPU's; 0: it is everybody's */
    const uint64_t *tested;     /* by cond */
    uint64_t limit;
    union {
        uint64_t *counter;
        void (*exec)(unsigned cpu, void *data);
        void (*access)(unsigned cpu, uint32_t info, uint64_t va, void *data);
    };
    union {
        uint64_t amount;
        void *data;
    };
} InstrumentAction;

/* In this order. */
typedef struct InstrumentList {
    const InstrumentAction *action;
    unsigned n;
} InstrumentList;

typedef struct InstrumentInsn {
    InstrumentList exec;        /* before it, also if its condition will fail */
    InstrumentList access;      /* behind each of its accesses to memory */
} InstrumentInsn;

typedef struct Instrument {
    InstrumentList exec;        /* before the first instruction */
    const InstrumentInsn *insn;
    unsigned max_insns;         /* as for arm_translate(): what it gave the block without this */
    int cpu;                    /* the only one that will run the block; -1: any may */
    /*
     * Keep the list for as long as the block may run. The number is the first argument of the helpers that carry it
     * out: plugin_exec, plugin_access, and those with _regs if a function reads registers. An access: of `n` words
     * behind each other, ACCESS_*.
     */
    uint32_t (*record)(void *opaque, const InstrumentList *l, uint32_t info, unsigned n);
    void *opaque;
} Instrument;
#endif
