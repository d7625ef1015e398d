/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of an interrupt controller, shared by hw/intc/gic*.c and the two variants. Nobody else includes this.
 *
 * Two kinds of lock keep the CPUs out of each other's way:
 *   P (one per CPU interface): the interface's registers and the CPU's private interrupts (SGIs and PPIs). Sending an
 *   SGI, a private
 *     timer's tick, and acknowledging and ending either take no other lock.
 *   D (one): the shared interrupts. Whoever changes one ranks them again: spi_best[n] is then the shared interrupt
 *     that CPU n would take first. It is written under D and read under P of n alone.
 * Order: D before P; a second P is never taken with one held.
 */
#ifndef HW_INTC_GIC_INTERNAL_H
#define HW_INTC_GIC_INTERNAL_H
#include <stdbool.h>
#include "hw/device.h"
#include "hw/intc/gic.h"

enum {
    GIC_MAX_CPUS = 4, GIC_MAX_IRQS = 96, GIC_PRIVATE = 32, GIC_SGIS = 16, GIC_MAX_WORDS = GIC_MAX_IRQS / 32,
    GIC_SPURIOUS = 1023,
};

/* What the two controllers differ in. */
typedef struct GICVariant {
    const char *name;
    unsigned num_irqs;          /* multiple of 32 */
    uint8_t prio_mask;          /* implemented bits of a priority */
    uint8_t pmr_reset;
    uint8_t bpr_min;            /* smallest binary point, also its reset value */
    uint8_t rpr_idle;           /* running priority with nothing active */
    uint32_t dist_iidr, cpu_iidr;
    uint32_t pid;               /* PrimeCell peripheral ID */
    unsigned self_target_first; /* private IDs from here up read their CPU's own mask in ITARGETSR */
    bool latches_levels;        /* see gic.c */
    bool uniprocessor;          /* everything targets CPU 0; ITARGETSR and the model bits of ICFGR are RAZ/WI */
} GICVariant;

/* An interrupt as a number that sorts by urgency: priority, then ID, then an SGI's source. */
typedef uint32_t GICKey;
#define GIC_KEY_NONE    0xffffffffu
static inline GICKey gic_key(unsigned prio, unsigned id, unsigned source)
{
    return prio << 16 | id << 3 | source;
}
static inline unsigned gic_key_prio(GICKey k)
{
    return k >> 16;
}
static inline unsigned gic_key_id(GICKey k)
{
    return (k >> 3) & 0x3ff;
}
static inline unsigned gic_key_source(GICKey k)
{
    return k & 7;
}
/* As IAR and HPPIR show it: source in bits 12:10. */
static inline uint32_t gic_key_reg(GICKey k)
{
    return k == GIC_KEY_NONE ? (uint32_t)GIC_SPURIOUS : gic_key_source(k) << 10 | gic_key_id(k);
}

/* One bit per interrupt of a group of 32. Lock: P for the private group, D for the others. */
typedef struct GICGroup {
    uint32_t enabled;
    uint32_t level;             /* the input lines */
    /* Pending by an edge, by software or by a level that was latched; shared: on one target at least. */
    uint32_t latch;
    uint32_t active;            /* shared: on one CPU at least */
    uint32_t edge;              /* edge-triggered: the line counts only by its rises */
    uint32_t one_n;             /* shared: 1-N model, else N-N: see gic.c */
} GICGroup;

typedef struct GICCpu {
    CountedLock lock;           /* P: everything below */
    uint64_t taken[GIC_PRIVATE];        /* how often each private interrupt was acknowledged */
    uint64_t taken_low[GIC_PRIVATE];    /* of these: level-sensitive, with the line low */
    GICGroup priv;
    uint32_t sgi_pending;       /* bit n: sgi_source[n] != 0 */
    uint8_t sgi_source[GIC_SGIS]; /* which CPUs' requests are pending */
    uint8_t prio[GIC_PRIVATE];
    uint32_t ctlr, pmr, bpr;
    /* Acknowledged and not ended, the latest last: which, and its priority when it was acknowledged. */
    uint16_t active_id[GIC_MAX_IRQS];
    uint8_t active_prio[GIC_MAX_IRQS];
    unsigned num_active;
    int out;                    /* what the output line was last set to */
    IRQLine line;               /* constant */
} __attribute__((aligned(64))) GICCpu;

struct GICState {
    Device dev;                 /* its lock is D; its name is what the board calls it */
    const GICVariant *v;        /* constant */
    unsigned num_cpus;          /* constant */
    uint32_t ctlr;              /* bit 0: forwarding enabled.        lock: D to write; atomic */
    uint64_t taken[GIC_MAX_IRQS];       /* shared interrupts acknowledged, from GIC_PRIVATE.  lock: D */
    uint64_t taken_low[GIC_MAX_IRQS];   /* of these: level-sensitive, with the line low.      lock: D */
    GICGroup spi[GIC_MAX_WORDS]; /* [0] is not used.                 lock: D */
    uint32_t spi_taken[GIC_MAX_CPUS][GIC_MAX_WORDS]; /* N-N: CPUs that took what is latched.   lock: D */
    uint32_t spi_active[GIC_MAX_CPUS][GIC_MAX_WORDS]; /* on which CPUs.                         lock: D */
    uint8_t prio[GIC_MAX_IRQS]; /* from GIC_PRIVATE.                 lock: D */
    uint8_t target[GIC_MAX_IRQS]; /* from GIC_PRIVATE.               lock: D */
    struct GICState *next;      /* list of all controllers; constant once the threads run */
    GICCpu cpu[GIC_MAX_CPUS];
    GICKey spi_best[GIC_MAX_CPUS]; /* lock: D to write; atomic */
};

/* gic.c */
/*
 * label: what the board calls it; lives for ever. Outputs are connected before device_add(). gic_map() maps registers
 * under a name of their own.
 */
GICState *gic_new(const GICVariant *v, const char *label, unsigned num_cpus);
void gic_map(GICState *g, uint32_t base, uint32_t size, const char *name, const MMIOOps *ops,
             const MMIORegister *registers);
GICState *gic_first(void);      /* the others by `next` */
/* gic-state.c */
extern const DeviceClass gic_class;
extern const MMIORegister gic_dist_registers[], gic_cpuif_registers[];
void gic_connect_output(GICState *g, unsigned cpu, const IRQLine *line);
void gic_reset(void *opaque);
void gic_rank_all(GICState *g);        /* everything may have changed; takes all locks */
uint32_t gic_acknowledge(GICState *g, unsigned cpu);            /* takes P, perhaps D */
void gic_end(GICState *g, unsigned cpu, uint32_t value);        /* takes P, perhaps D */
uint32_t gic_highest_pending(GICState *g, unsigned cpu);        /* takes P */
void gic_send_sgi(GICState *g, unsigned cpu, uint32_t value);   /* takes P */
void gic_cpu_update(GICState *g, unsigned cpu);                 /* caller holds P */
void gic_spi_changed(GICState *g);                              /* caller holds D */
/* New requests for shared interrupts of word W. Caller holds D, and calls gic_spi_changed() then. */
void gic_spi_latch(GICState *g, unsigned w, uint32_t bits);
/* Lines among BITS of word W that are high and count now, as if they had just risen. Same. */
void gic_spi_latch_levels(GICState *g, unsigned w, uint32_t bits);
/* The same for private ones of a CPU. Caller holds its P, and calls gic_cpu_update() then. */
void gic_private_latch_levels(GICState *g, GICCpu *c, uint32_t bits);
void gic_refresh(GICState *g, uint32_t cpus);                   /* caller holds no P */
/* Level-sensitive interrupts whose line is high. */
static inline uint32_t gic_group_high(const GICGroup *p)
{
    return p->level & ~p->edge;
}
/* What is pending by its line alone, without having been latched. */
static inline uint32_t gic_group_following(const GICState *g, const GICGroup *p)
{
    return g->v->latches_levels ? 0 : gic_group_high(p);
}
static inline uint32_t gic_group_pending(const GICState *g, const GICGroup *p)
{
    return p->latch | gic_group_following(g, p);
}

/* gic-dist.c, gic-cpuif.c: register access by CPU interface number; they take the locks. */
uint32_t gic_dist_read(GICState *g, unsigned cpu, uint32_t offset, unsigned size);
void gic_dist_write(GICState *g, unsigned cpu, uint32_t offset, uint32_t value, unsigned size);
uint32_t gic_cpuif_read(GICState *g, unsigned cpu, uint32_t offset, unsigned size);
void gic_cpuif_write(GICState *g, unsigned cpu, uint32_t offset, uint32_t value, unsigned size);
#endif
