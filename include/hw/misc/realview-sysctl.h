/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The baseboard's system controller, ARM DUI 0303 4.3 ("status and system control registers"). */
#ifndef HW_MISC_REALVIEW_SYSCTL_H
#define HW_MISC_REALVIEW_SYSCTL_H
#include <stdbool.h>
#include <stdint.h>
/* Offset of SYS_FLAGS, which tells secondary CPUs where to go. */
#define REALVIEW_SYSCTL_FLAGS 0x30u

typedef struct RealviewSysctlConfig {
    uint32_t sys_id;            /* SYS_ID */
    uint32_t proc_id[2];        /* SYS_PROCID0, SYS_PROCID1 */
    uint8_t user_switches;      /* SYS_SW */
    uint8_t boot_switches;      /* SYS_BOOTCS */
    void (*dma_map_changed)(void *opaque);      /* SYS_DMAPSR has been written; with the device's lock. NULL: none */
    void *opaque;
} RealviewSysctlConfig;
typedef struct RealviewSysctl RealviewSysctl;

/* Map at BASE. Lives as long as the machine. */
RealviewSysctl *realview_sysctl_create(uint32_t base, const char *name, const RealviewSysctlConfig *config);
/* What the SD card slot's switches say (SYS_MCI). Any thread. */
void realview_sysctl_set_card(RealviewSysctl *s, bool present, bool readonly);
/*
 * SYS_DMAPSR 0 to 2: which device makes the requests of that line of the DMA controller; bit 7: any, 4:0: its code. Any
 * thread.
 */
uint32_t realview_sysctl_dma_map(RealviewSysctl *s, unsigned line);
/* `opaque`: a RealviewSysctl. Does SYS_FLASH give the flash the voltage to be programmed? Any thread. */
bool realview_sysctl_flash_vpp(void *opaque);
/* `opaque`: a RealviewSysctl. SYS_CLCD[1:0], a PL111Mux; what oscillator 0 makes, at least 1 Hz. Any thread. */
unsigned realview_sysctl_clcd_mode(void *opaque);
uint32_t realview_sysctl_osc0_hz(void *opaque);
#endif
