/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that are not there, or have nothing behind them: every wait of drivers that do not look at the PrimeCell ID
 * first ends. Each case is such a driver's loop, with a limit.
 */
/* guest-test: cpus=1 */
#include "runtime.h"

enum { MMCI = 0x10005000, KMI0 = 0x10006000, KMI1 = 0x10007000, SSP = 0x1000d000,
       CLCD = 0x10020000, CF = 0x18000000, FLASH = 0x40000000, ETHERNET = 0x4e000000, USB = 0x4f000000 };
enum { MCI_POWER = 0, MCI_CLOCK = 4, MCI_ARGUMENT = 8, MCI_COMMAND = 0xc, MCI_DTIMER = 0x24, MCI_DLENGTH = 0x28,
       MCI_DCTRL = 0x2c, MCI_STATUS = 0x34, MCI_CLEAR = 0x38 };
enum { COMMAND_ENABLE = 1 << 10, COMMAND_RESPONSE = 1 << 6, CMD_TIMEOUT = 1 << 2, DATA_TIMEOUT = 1 << 3,
       CMD_SENT = 1 << 7 };

static bool comes(uint32_t address, uint32_t bits, uint32_t want)
{
    return WAIT_UNTIL((rd32(address) & bits) == want, 500000);
}

static void mmci(void)
{
    wr32(MMCI + MCI_POWER, 3);
    wr32(MMCI + MCI_CLOCK, 0x1ff);
    wr32(MMCI + MCI_CLEAR, 0x7ff);
    wr32(MMCI + MCI_ARGUMENT, 0);
    wr32(MMCI + MCI_COMMAND, COMMAND_ENABLE);
    ok(comes(MMCI + MCI_STATUS, CMD_SENT, CMD_SENT), "PL181: CMD0 is sent");
    ok(!(rd32(MMCI + MCI_STATUS) & CMD_TIMEOUT), "and does not time out");
    wr32(MMCI + MCI_CLEAR, 0x7ff);
    wr32(MMCI + MCI_ARGUMENT, 0x1aa);
    wr32(MMCI + MCI_COMMAND, COMMAND_ENABLE | COMMAND_RESPONSE | 8);
    ok(comes(MMCI + MCI_STATUS, CMD_TIMEOUT, CMD_TIMEOUT), "PL181: CMD8 times out");
    wr32(MMCI + MCI_CLEAR, 0x7ff);
    ok_eq(rd32(MMCI + MCI_STATUS) & 0x7ff, 0, "PL181: and clears");
    wr32(MMCI + MCI_DTIMER, 1000);
    wr32(MMCI + MCI_DLENGTH, 512);
    wr32(MMCI + MCI_DCTRL, 3 | 9 << 4);
    ok_ours(comes(MMCI + MCI_STATUS, DATA_TIMEOUT, DATA_TIMEOUT), "PL181: data time out");
    wr32(MMCI + MCI_DCTRL, 0);
    wr32(MMCI + MCI_CLEAR, 0x7ff);
    wr32(MMCI + MCI_POWER, 0);
}

/* As U-Boot's driver: one byte out, one in. */
static void ssp(void)
{
    bool good = true;

    wr32(SSP + 4, 0);
    wr32(SSP + 0, 7);
    wr32(SSP + 0x10, 2);
    wr32(SSP + 4, 2);
    for (unsigned i = 0; i < 20; i++) {
        good &= comes(SSP + 0xc, 2, 2);
        wr32(SSP + 8, i);
        good &= comes(SSP + 0xc, 4, 4);
        good &= rd32(SSP + 8) == 0xff;
        if (!good) {
            break;
        }
    }
    good &= comes(SSP + 0xc, 0x15, 1);
    ok_ours(good, "PL022: a word comes for each that is sent");
    wr32(SSP + 4, 0);
}

int test_main(void)
{
    mmci();
    ssp();
    wr32(KMI0 + 8, 0xff);
    wr32(KMI1 + 8, 0xff);
    ok(comes(KMI0 + 4, 0x40, 0x40) && comes(KMI1 + 4, 0x40, 0x40), "PL050: what is sent is sent");
    wr8(CF + 0x0e, 0xec);
    ok_ours(WAIT_UNTIL(!(rd8(CF + 0x0e) & 0x80), 500000) && (rd8(CF + 0x0e) & 0x41) == 0x41 &&
            (rd8(CF + 0x100) & 0x41) == 0x41, "CompactFlash: ready, with an error");
    wr8(CF + 4, 0x55);
    ok_ours(rd8(CF + 4) != 0x55, "CompactFlash: no registers");
    *(volatile uint16_t *)(ETHERNET + 0xe) = 2;
    ok(WAIT_UNTIL(!(*(volatile uint16_t *)(ETHERNET + 0) & 1), 500000), "LAN91C111: its MMU is not busy");
    ok_eq(*(volatile uint16_t *)(ETHERNET + 4) & 0x8080, 0x8080, "LAN91C111: no packet is there");
    /* Waits that end at 0, and probes that find nothing. */
    wr32(USB + 0x308, 0xdeadbabe);
    ok_ours(rd32(USB + 0x308) == 0xdeadbabe, "ISP1761: its scratch register keeps what is written");
    wr32(FLASH + 0x154, 0x00980098);
    ok_eq(rd32(FLASH + 0x40), 0, "flash: no answer to the CFI query");
    wr32(FLASH, 0x00ff00ff);
    return 0;
}
