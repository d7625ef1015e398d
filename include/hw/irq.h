/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt wires. A line is owned by the sink (a controller or the board), which fills it with irq_init(); a device
 * keeps a pointer and calls irq_set() with its own lock held. A sink takes its own lock inside the handler: lock order
 * is device -> interrupt controller (cascaded controller -> core controller) -> CPU.
 */
#ifndef HW_IRQ_H
#define HW_IRQ_H
typedef void (*IRQHandler)(void *opaque, int n, int level);
typedef struct IRQLine {
    IRQHandler handler;
    void *opaque;
    int n;
} IRQLine;
static inline void irq_init(IRQLine *l, IRQHandler h, void *opaque, int n)
{
    l->handler = h; l->opaque = opaque; l->n = n;
}
/* Drive the line; idempotent. NULL or an unconnected line is ignored. */
static inline void irq_set(const IRQLine *l, int level)
{
    if (l && l->handler) {
        l->handler(l->opaque, l->n, level);
    }
}
#endif
