/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of the RealView EB's device tree share: the numbers by which nodes refer to each other. */
#ifndef HW_ARM_REALVIEW_DTB_H
#define HW_ARM_REALVIEW_DTB_H

/* Phandles. */
enum {
    PH_GIC = 1, PH_FPGA_GIC, PH_SYSCON, PH_REFCLK, PH_CLK32K, PH_TIMCLK, PH_PCLK, PH_PERIPHCLK, PH_OSC0, PH_VMMC, PH_L2,
    PH_GPIO0, PH_GPIO1, PH_GPIO2, PH_CLCD_PADS, PH_DAC_IN, PH_DAC_OUT, PH_VGA_IN, PH_CPU0,
};
#endif
