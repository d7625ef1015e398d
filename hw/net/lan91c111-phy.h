/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PHY of a LAN91C111: MII registers behind a serial line of four signals (IEEE 802.3 clause 22). It is at address
 * 0. Lock of all: the controller's.
 */
#ifndef HW_NET_LAN91C111_PHY_H
#define HW_NET_LAN91C111_PHY_H
#include <stdbool.h>
#include <stdint.h>

/* The management register's signals. */
enum { MII_MDO = 1 << 0, MII_MDI = 1 << 1, MII_MCLK = 1 << 2, MII_MDOE = 1 << 3 };

typedef struct LanPhy {
    bool link;                  /* of the cable */
    uint16_t control, advertised, config1, config2, status, mask;
    /* the serial line */
    uint32_t signals;           /* as last written */
    uint32_t in;                /* bits sent to us, the latest in bit 0 */
    unsigned in_bits;           /* of a frame that has begun */
    uint32_t out;               /* what we send, the next bit in bit 31 */
    unsigned out_bits;
} LanPhy;

void lan_phy_reset(LanPhy *phy);
/* The cable was plugged in or pulled out. */
void lan_phy_set_link(LanPhy *phy, bool up);
/* The controller drives the signals; MII_MDI of the result is what the PHY drives. */
void lan_phy_write(LanPhy *phy, uint32_t signals);
uint32_t lan_phy_read(const LanPhy *phy);
/* It has something to report (its interrupt). */
bool lan_phy_interrupt(const LanPhy *phy);
bool lan_phy_loops_back(const LanPhy *phy);
bool lan_phy_carries(const LanPhy *phy);        /* frames pass: there is a link, and it is not isolated or off */
#endif
