/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PHY of a LAN91C111. Auto-negotiation always ends at once, with 100 Mbit/s full duplex if the guest allows it. */
#include "hw/net/lan91c111-phy.h"

enum {
    PHY_CONTROL = 0, PHY_STATUS = 1, PHY_ID1 = 2, PHY_ID2 = 3, PHY_ADVERTISE = 4, PHY_PARTNER = 5, PHY_CONFIG1 = 16,
    PHY_CONFIG2 = 17, PHY_INT_STATUS = 18, PHY_INT_MASK = 19,
};
enum {
    CONTROL_RESET = 1 << 15, CONTROL_LOOPBACK = 1 << 14, CONTROL_AUTO = 1 << 12, CONTROL_OFF = 1 << 11,
    CONTROL_ISOLATE = 1 << 10, CONTROL_RESTART = 1 << 9, CONTROL_BITS = 0xff80,
};
enum { STATUS_ABLE = 0x7809, STATUS_AUTO_DONE = 1 << 5, STATUS_LINK = 1 << 2 };
enum { ADVERTISE_ALL = 0x01e1, PARTNER = 0x45e1 };
enum { INT_ANY = 1 << 15, INT_LINK = 1 << 14, INT_SPEED = 1 << 7, INT_DUPLEX = 1 << 6, INT_100 = 1 << 7,
       INT_MASK = 0xffc0 };

void lan_phy_reset(LanPhy *phy)
{
    phy->control = CONTROL_AUTO | 1 << 13 | CONTROL_ISOLATE;
    phy->advertised = ADVERTISE_ALL;
    phy->config1 = 0x0022;
    phy->config2 = 0xff00;
    phy->status = 0;
    phy->mask = INT_MASK;
    phy->in = phy->in_bits = 0;
    phy->out = phy->out_bits = 0;
}

void lan_phy_set_link(LanPhy *phy, bool up)
{
    if (phy->link != up) {
        phy->link = up;
        phy->status |= INT_ANY | INT_LINK | (up ? INT_SPEED | INT_DUPLEX : 0);
    }
}

bool lan_phy_interrupt(const LanPhy *phy)
{
    return (phy->status & INT_ANY) && (phy->status & ~phy->mask & INT_MASK & ~INT_ANY);
}

bool lan_phy_loops_back(const LanPhy *phy)
{
    return phy->control & CONTROL_LOOPBACK;
}

bool lan_phy_carries(const LanPhy *phy)
{
    return phy->link && !(phy->control & CONTROL_OFF);
}

static uint16_t read_register(LanPhy *phy, unsigned reg)
{
    uint16_t v;

    switch (reg) {
    case PHY_CONTROL:
        return phy->control;
    case PHY_STATUS:
        return (uint16_t)(STATUS_ABLE | (phy->link ? STATUS_LINK : 0)
                          | (phy->link && (phy->control & CONTROL_AUTO) ? STATUS_AUTO_DONE : 0));
    case PHY_ID1:
        return 0x0016;
    case PHY_ID2:
        return 0xf840;
    case PHY_ADVERTISE:
        return phy->advertised;
    case PHY_PARTNER:
        return phy->link && (phy->control & CONTROL_AUTO) ? PARTNER : 0;
    case PHY_CONFIG1:
        return phy->config1;
    case PHY_CONFIG2:
        return phy->config2;
    case PHY_INT_STATUS:        /* reading takes the report back; what is left is how things are */
        v = phy->status;
        phy->status = phy->link ? INT_SPEED | INT_DUPLEX : INT_LINK;
        return v;
    case PHY_INT_MASK:
        return phy->mask;
    default:
        return 0;
    }
}

static void write_register(LanPhy *phy, unsigned reg, uint16_t value)
{
    switch (reg) {
    case PHY_CONTROL:
        if (value & CONTROL_RESET) {
            unsigned in_bits = phy->in_bits;

            lan_phy_reset(phy);
            phy->in_bits = in_bits;
        } else {
            phy->control = (uint16_t)(value & CONTROL_BITS & ~CONTROL_RESTART);
        }
        break;
    case PHY_ADVERTISE:
        phy->advertised = value;
        break;
    case PHY_CONFIG1:
        phy->config1 = value;
        break;
    case PHY_CONFIG2:
        phy->config2 = value;
        break;
    case PHY_INT_MASK:
        phy->mask = value;
        break;
    }
}

/*
 * A frame: any number of ones, then 01, operation (10 read, 01 write), address (5 bits), register (5), turnaround (2),
 * data (16). In a read the PHY drives the turnaround's second bit, a zero, and the data; what nobody drives reads as
 * zero too, also all of an address where there is no PHY.
 */
static void bit_arrives(LanPhy *phy, bool bit)
{
    enum { HEADER = 14, WRITE_FRAME = 32 };

    if (phy->in_bits == 0 && bit) {
        return;                 /* the preamble */
    }
    phy->in = phy->in << 1 | bit;
    phy->in_bits++;
    if (phy->in_bits == 2 && (phy->in & 3) != 1) {
        phy->in_bits = 0;       /* two zeroes begin no frame */
    } else if (phy->in_bits == HEADER && (phy->in >> 10 & 3) == 2) {
        bool ours = (phy->in >> 5 & 31) == 0;

        phy->out = ours ? (uint32_t)read_register(phy, phy->in & 31) << 14 : 0;
        phy->out_bits = 18;
        phy->in_bits = 0;
    } else if (phy->in_bits == WRITE_FRAME) {
        if ((phy->in >> 28 & 3) == 1 && (phy->in >> 23 & 31) == 0) {
            write_register(phy, phy->in >> 18 & 31, (uint16_t)phy->in);
        }
        phy->in_bits = 0;
    }
}

void lan_phy_write(LanPhy *phy, uint32_t signals)
{
    bool rises = (signals & MII_MCLK) && !(phy->signals & MII_MCLK);

    phy->signals = signals & (MII_MDO | MII_MCLK | MII_MDOE);
    if (!rises) {
        return;
    }
    if (signals & MII_MDOE) {
        phy->out_bits = 0;
        bit_arrives(phy, signals & MII_MDO);
    } else if (phy->out_bits) {
        phy->out <<= 1;
        phy->out_bits--;
    } else {
        phy->in_bits = 0;
    }
}

uint32_t lan_phy_read(const LanPhy *phy)
{
    return phy->signals | (phy->out_bits && phy->out >> 31 ? MII_MDI : 0);
}
