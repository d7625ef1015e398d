/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the DMA controller: pl080.c owns registers, interrupts and threads, pl080-request.c says what
 * the peripherals ask for, pl080-channel.c moves data.
 */
#ifndef HW_DMA_PL080_INTERNAL_H
#define HW_DMA_PL080_INTERNAL_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "hw/device.h"
#include "hw/dma/pl080.h"
#include "qemu/timer.h"
#include "sysemu/cpu-hold.h"

/* DMACCxControl. */
enum {
    CONTROL_SIZE = 0xfff, CONTROL_SBSIZE_SHIFT = 12, CONTROL_DBSIZE_SHIFT = 15, CONTROL_SWIDTH_SHIFT = 18,
    CONTROL_DWIDTH_SHIFT = 21, CONTROL_SI = 1 << 26, CONTROL_DI = 1 << 27,
};
#define CONTROL_I       (1u << 31)

/* DMACCxConfiguration. */
enum {
    CONFIG_E = 1 << 0, CONFIG_SRC_SHIFT = 1, CONFIG_DST_SHIFT = 6, CONFIG_FLOW_SHIFT = 11, CONFIG_IE = 1 << 14,
    CONFIG_ITC = 1 << 15, CONFIG_A = 1 << 17, CONFIG_H = 1 << 18,
    CONFIG_WRITABLE = 0x5fbdf,
};

enum { FIFO_BYTES = 16 };

/* What a transfer needs; the engine works on a copy of it while no lock is held. */
typedef struct PL080Transfer {
    uint32_t src, dst, lli, control;
    uint8_t fifo[FIFO_BYTES];
    unsigned fifo_len;
    /* Bytes that requests of the peripherals allow, and whether the flow controller called them the last ones. */
    uint32_t src_credit, dst_credit;
    bool last;
} PL080Transfer;

/* Kinds of requests, in the order of their registers. */
enum {
    REQ_BURST = DMA_BURST, REQ_SINGLE = DMA_SINGLE, REQ_LAST_BURST = DMA_LAST_BURST, REQ_LAST_SINGLE = DMA_LAST_SINGLE,
    REQ_KINDS = DMA_KINDS, REQ_NONE = REQ_KINDS,
};

typedef struct PL080Channel {
    PL080Transfer t;            /* lock */
    uint32_t config;            /* without A. lock to write, atomic; the channel's turn reads it without */
    int src_request, dst_request;   /* request being served, or REQ_NONE.  lock */
} PL080Channel;

struct PL080State {
    Device dev;
    CountedCond turn_over;      /* with lock */
    PL080Config config;         /* constant */
    const IRQLine *irq;         /* constant */
    QTimer *timer;              /* constant */
    PL080Channel ch[PL080_CHANNELS];
    uint32_t raw_tc, raw_error; /* bit n: channel n.                             lock */
    uint32_t soft[REQ_KINDS];   /* bit n: peripheral n.                          lock */
    uint32_t wire[REQ_KINDS];   /* the same of the devices, whose state it is.   lock */
    uint32_t configuration, sync;   /*                                           lock */
    int busy;                   /* channel that has a turn, or NOBODY.           lock */
    uint64_t turn;              /* number of the present or last turn.           lock */
    pthread_t turn_thread;      /* valid unless busy is NOBODY.                  lock */
    unsigned looks;             /* at a copy, in vain.                           lock */
    CPUHold hold;               /* CPUs that wait for a copy */
    bool level;                 /* of the line.                                  lock */
};

/* How a turn of a channel ended. */
typedef enum PL080Outcome {
    PL080_MORE,                 /* its time is over, there is more to do */
    PL080_ITEM,                 /* a list item that wants the interrupt has ended; the next one is loaded */
    PL080_WAITS,                /* for a request, or is halted or disabled */
    PL080_DONE,                 /* the last item has ended */
    PL080_DONE_ITEM,            /* the last item has ended and asks for the interrupt */
    PL080_ERROR,
} PL080Outcome;

/* DMACCxConfiguration.FlowCntrl, taken apart. */
static inline bool pl080_flow_src_peripheral(unsigned flow)
{
    return flow == 2 || flow == 3 || flow == 4 || flow >= 6;
}

static inline bool pl080_flow_dst_peripheral(unsigned flow)
{
    return flow == 1 || flow == 3 || flow == 4 || flow == 5 || flow == 7;
}

static inline bool pl080_flow_by_dst(unsigned flow)
{
    return flow == 4 || flow == 5;
}

static inline bool pl080_flow_by_src(unsigned flow)
{
    return flow >= 6;
}

static inline unsigned pl080_flow(uint32_t config)
{
    return config >> CONFIG_FLOW_SHIFT & 7;
}

/* Turn requests into bytes that may be moved. Caller holds the lock. */
void pl080_take_requests(const PL080State *s, PL080Channel *ch);
/* Requests that have been served go away; did any? Caller holds the lock. */
bool pl080_drop_requests(PL080State *s, PL080Channel *ch);
/* Bytes of a request: of one beat, or of a burst. */
uint32_t pl080_src_request_bytes(uint32_t control, bool burst);
uint32_t pl080_dst_request_bytes(uint32_t control, bool burst);
/* Bytes that the present item is still to read, or has read and not written. */
uint32_t pl080_bytes_left(const PL080Transfer *t);
/*
 * Let the channel work for a bounded time. `config` is the channel's register, which other threads change (relaxed
 * atomic): the turn ends soon after E is cleared or H set. No lock may be held: memory is written, devices are
 * accessed.
 */
PL080Outcome pl080_channel_run(const PL080Config *dmac, unsigned channel, const uint32_t *config, PL080Transfer *t);
#endif
