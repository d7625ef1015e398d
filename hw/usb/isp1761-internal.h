/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the ISP1761 share: its state. hw/usb/isp1761.c: memory, interrupts, the device; isp1761-regs.c:
 * registers and the port; isp1761-ptd.c: transfers.
 */
#ifndef HW_USB_ISP1761_INTERNAL_H
#define HW_USB_ISP1761_INTERNAL_H
#include "hw/irq.h"
#include "hw/usb/usb.h"
#include "qemu/timer.h"

enum {
    ISP_MEMORY = 0x10000,       /* bytes that PTDs and data are addressed in; the first 1 KiB are registers */
    ISP_MEMORY_BASE = 0x400, ISP_BANKS = 4,
    ISP_SLOTS = 32, ISP_PTD_BYTES = 32, ISP_PTD_WORDS = 8,
};

/* Lists of transfer descriptors, in the order of their registers and places in the memory. */
typedef enum ISPList { ISP_ISO, ISP_INT, ISP_ATL, ISP_LISTS } ISPList;

typedef struct ISPMaps {
    uint32_t done, skip, last;  /* a bit per PTD */
    uint32_t irq_or, irq_and;
} ISPMaps;

enum { USBCMD_RUN = 1 << 0 };
enum {
    PORTSC_CONNECT = 1 << 0, PORTSC_CONNECT_CHANGE = 1 << 1, PORTSC_ENABLE = 1 << 2, PORTSC_ENABLE_CHANGE = 1 << 3,
    PORTSC_RESUME = 1 << 6, PORTSC_SUSPEND = 1 << 7, PORTSC_RESET = 1 << 8, PORTSC_LINE_J = 2 << 10,
    PORTSC_POWER = 1 << 12, PORTSC_OWNER = 1 << 13,
};

typedef struct ISP1761State {
    Device dev;                 /* its lock: everything below that is not said to be constant, and the bus */
    USBBus bus;
    USBDevice *hub;             /* constant, like irq and timers */
    const IRQLine *irq;
    QTimer *work_timer, *frame_timer;
    bool level;                 /* of the line */
    bool working, again;        /* transfers are being carried out; there is more to do */
    bool frame_planned;         /* frame_timer is */
    int64_t interrupts_ns;      /* when the interrupt list is looked at again */
    /* Saved: */
    uint32_t hw_mode, irq_status, irq_enable;
    uint32_t usbcmd, usbsts, configflag, portsc;
    uint32_t buffer_status, memory_start, otg;
    ISPMaps map[ISP_LISTS];
    uint32_t bank[ISP_BANKS];   /* where the next read of the bank is, in the memory */
    uint32_t frame;             /* microframe at frame_ns */
    int64_t frame_ns;
    uint32_t plain[16];
    uint8_t mem[ISP_MEMORY];
} ISP1761State;

static inline uint32_t isp1761_mem32(const ISP1761State *s, uint32_t at)
{
    const uint8_t *p = s->mem + (at & (ISP_MEMORY - 1) & ~3u);

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline bool isp1761_runs(const ISP1761State *s)
{
    return s->usbcmd & USBCMD_RUN;
}

/* ---- isp1761-regs.c; the caller holds the lock ---- */
extern const MMIORegister isp1761_registers[];
/* `offset`: a multiple of 4 below the memory. Behind a write the caller looks at frames, interrupts and transfers. */
uint32_t isp1761_reg_read(ISP1761State *s, uint32_t offset);
void isp1761_reg_write(ISP1761State *s, uint32_t offset, uint32_t v);
/* As after the chip's own reset, but for the memory. */
void isp1761_reset_all(ISP1761State *s);
/* Tell the bus whether its port is enabled. */
void isp1761_port_follows(ISP1761State *s);

/* ---- isp1761-ptd.c, isp1761.c ---- */
/* Carry out what the PTDs ask for, as far as devices have answers. Caller holds the lock. */
void isp1761_work(ISP1761State *s);
/* Is there a PTD to carry out, though its device may have no answer yet? Caller holds the lock. */
bool isp1761_has_work(const ISP1761State *s);
/* PTDs have ended: their bits in the done map, and what follows from that. Caller holds the lock. */
void isp1761_done(ISP1761State *s, ISPList list, uint32_t bits);
#endif
