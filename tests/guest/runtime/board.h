/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and registers of the RealView EB with ARM11 MPCore core tile (ARM DUI 0303, ARM DDI 0360), for guests. */
#ifndef TESTS_GUEST_BOARD_H
#define TESTS_GUEST_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSCTL_BASE     0x10000000u
#define SYS_ID          (SYSCTL_BASE + 0x00)
#define SYS_LED         (SYSCTL_BASE + 0x08)
#define SYS_LOCK        (SYSCTL_BASE + 0x20)
#define SYS_FLAGSSET    (SYSCTL_BASE + 0x30)
#define SYS_FLAGSCLR    (SYSCTL_BASE + 0x34)
#define SYS_24MHZ       (SYSCTL_BASE + 0x5c)
#define SYS_PROCID0     (SYSCTL_BASE + 0x84)

#define UART0_BASE      0x10009000u
#define UART1_BASE      0x1000a000u
#define UART_DR         0x00
#define UART_FR         0x18
#define UART_IBRD       0x24
#define UART_FBRD       0x28
#define UART_LCRH       0x2c
#define UART_CR         0x30
#define UART_IFLS       0x34
#define UART_IMSC       0x38
#define UART_RIS        0x3c
#define UART_MIS        0x40
#define UART_ICR        0x44
#define UART_FR_RXFE    0x10
#define UART_FR_TXFF    0x20
#define UART_FR_BUSY    0x08
#define UART_INT_RX     0x10
#define UART_INT_TX     0x20
#define UART_INT_RT     0x40
#define UART_INT_OE     0x400

#define SP804_01_BASE   0x10011000u
#define SP804_23_BASE   0x10012000u
#define SP804_LOAD      0x00
#define SP804_VALUE     0x04
#define SP804_CTRL      0x08
#define SP804_INTCLR    0x0c
#define SP804_RIS       0x10
#define SP804_MIS       0x14
#define SP804_BGLOAD    0x18

#define SCU_BASE        0x10100000u
#define GICC_BASE       0x10100100u
#define GICC_CTLR       (GICC_BASE + 0x00)
#define GICC_PMR        (GICC_BASE + 0x04)
#define GICC_BPR        (GICC_BASE + 0x08)
#define GICC_IAR        (GICC_BASE + 0x0c)
#define GICC_EOIR       (GICC_BASE + 0x10)
#define GICC_RPR        (GICC_BASE + 0x14)
#define GICC_HPPIR      (GICC_BASE + 0x18)
#define GICC_OF(cpu)    (0x10100200u + 0x100 * (cpu))
#define TWD_BASE        0x10100600u
#define TWD_OF(cpu)     (0x10100700u + 0x100 * (cpu))
#define TWD_LOAD        0x00
#define TWD_COUNTER     0x04
#define TWD_CONTROL     0x08
#define TWD_STATUS      0x0c
#define TWD_WATCHDOG    0x20
#define GICD_BASE       0x10101000u
#define GICD_CTLR       (GICD_BASE + 0x000)
#define GICD_TYPER      (GICD_BASE + 0x004)
#define GICD_ISENABLER(n)  (GICD_BASE + 0x100 + 4 * (n))
#define GICD_ICENABLER(n)  (GICD_BASE + 0x180 + 4 * (n))
#define GICD_ISPENDR(n)    (GICD_BASE + 0x200 + 4 * (n))
#define GICD_ICPENDR(n)    (GICD_BASE + 0x280 + 4 * (n))
#define GICD_ISACTIVER(n)  (GICD_BASE + 0x300 + 4 * (n))
#define GICD_IPRIORITYR(i) (GICD_BASE + 0x400 + (i))
#define GICD_ITARGETSR(i)  (GICD_BASE + 0x800 + (i))
#define GICD_ICFGR(n)      (GICD_BASE + 0xc00 + 4 * (n))
#define GICD_SGIR       (GICD_BASE + 0xf00)

/* Interrupt ids at the core tile's controller. */
enum { IRQ_TWD = 29, IRQ_WATCHDOG = 30, IRQ_TIMER01 = 33, IRQ_TIMER23 = 34, IRQ_UART0 = 36, IRQ_UART1 = 37,
       IRQ_SPURIOUS = 1023 };

static inline uint32_t rd32(uint32_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void wr32(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline uint8_t rd8(uint32_t address)
{
    return *(volatile uint8_t *)address;
}

static inline void wr8(uint32_t address, uint32_t value)
{
    *(volatile uint8_t *)address = (uint8_t)value;
}

#endif
