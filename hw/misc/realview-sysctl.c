/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The baseboard's system controller: identification, configuration lock, flags for the start of secondary CPUs, LEDs,
 * oscillators, free-running counters and the reset register (ARM DUI 0303).
 *
 * The counters, which all CPUs read as a clock, and SYS_ID are read without a lock; everything else is under the
 * device's. Access is by words; narrower reads give 0.
 */
#include <stdbool.h>
#include <string.h>
#include "hw/device.h"
#include "hw/misc/realview-sysctl.h"
#include "hw/word-register.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "sysemu/runstate.h"

enum {
    SYS_ID = 0x00, SYS_SW = 0x04, SYS_LED = 0x08, SYS_OSC0 = 0x0c, SYS_OSC4 = 0x1c, SYS_LOCK = 0x20, SYS_100HZ = 0x24,
    SYS_CFGDATA1 = 0x28, SYS_CFGDATA2 = 0x2c, SYS_FLAGSSET = REALVIEW_SYSCTL_FLAGS,
    SYS_FLAGSCLR = 0x34, SYS_NVFLAGSSET = 0x38,
    SYS_NVFLAGSCLR = 0x3c, SYS_RESETCTL = 0x40, SYS_PCICTL = 0x44, SYS_MCI = 0x48, SYS_FLASH = 0x4c, SYS_CLCD = 0x50,
    SYS_CLCDSER = 0x54, SYS_BOOTCS = 0x58, SYS_24MHZ = 0x5c, SYS_MISC = 0x60, SYS_DMAPSR0 = 0x64, SYS_DMAPSR2 = 0x6c,
    SYS_IOSEL = 0x70, SYS_PLD_CTRL1_REVC = 0x74, SYS_PLD_CTRL2 = 0x78, SYS_BUSID = 0x80, SYS_PROCID0 = 0x84,
    SYS_PROCID1 = 0x88, SYS_OSCRESET0 = 0x8c, SYS_OSCRESET4 = 0x9c, SYS_TEST_OSC0 = 0xc0, SYS_TEST_OSC4 = 0xd0,
    SYS_PLD_CTRL1 = 0xd8,       /* where revision B of the core tile has it */
};

enum {
    LOCK_KEY = 0xa05f, LOCK_VALUE_MASK = 0x7fff, LOCK_LOCKED = 1 << 16,
    OSC_MASK = 0x7ffff, OSC_COUNT = 5,
    DMAPSRS = 3, DMAPSR_MASK = 0x9f,
    CLCD_MODE_MASK = 3, CLCD_PANEL_MASK = 0x1f00, CLCD_PANEL_VGA = 0x1f00,
    /* What asks for a reset: the soft reset (bit 8), bit 3, which Linux writes on this board, and the reset depth. */
    RESETCTL_TRIGGERS = 1 << 8 | 1 << 3 | 7,
    FLASH_VPP = 1 << 0,
    MCI_CARD_IN = 1 << 0, MCI_WRITE_PROTECTED = 1 << 1,
    /* Linux 2.6.2x sets this depth ("configuration clear") without unlocking first. */
    RESETCTL_CONFIGCLR = 1 << 0,
};

struct RealviewSysctl {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint32_t led, lock_value, cfgdata[2], flags, nvflags, resetctl, pld_ctrl1;
    uint32_t osc[OSC_COUNT], clcd;      /* atomic */
    uint32_t osc_reset[OSC_COUNT];      /* what a reset makes of osc; outlives it, as nvflags does */
    uint32_t clcdser, iosel, pld_revc[2]; /* stored */
    uint32_t test_osc[OSC_COUNT];   /* SYS_TEST_OSC at test_osc_ns */
    int64_t test_osc_ns[OSC_COUNT]; /* since when the oscillator has its present rate; virtual time */
    uint32_t dmapsr[DMAPSRS];   /* lock to write; atomic */
    uint32_t flash;             /* FLASH_VPP; atomic */
    bool unlocked;
    int64_t reset_ns;           /* virtual time of the last reset: the counters' zero.  lock to write; atomic */
    uint32_t mci;               /* MCI_*; atomic */
    RealviewSysctlConfig config; /* constant */
};

/* Nanoseconds that the counters have run. No lock. */
static uint64_t sysctl_uptime_ns(RealviewSysctl *s)
{
    return (uint64_t)clock_shown_ns() - (uint64_t)__atomic_load_n(&s->reset_ns, __ATOMIC_RELAXED);
}

/* Of an ICS307 with 24 MHz at its input: bits 18:16 a code for the output divider, 15:9 R, 8:0 V. */
static uint64_t osc_hz(uint32_t osc)
{
    static const uint8_t divider[8] = { 10, 2, 8, 4, 5, 7, 3, 6 };

    return UINT64_C(48000000) * ((osc & 0x1ff) + 8) / (((osc >> 9 & 0x7f) + 2) * divider[osc >> 16 & 7]);
}

/* What the oscillator's counter shows. Caller holds the lock. */
static uint32_t test_osc(const RealviewSysctl *s, unsigned n, int64_t now)
{
    uint64_t ns = now > s->test_osc_ns[n] ? (uint64_t)now - (uint64_t)s->test_osc_ns[n] : 0, hz = osc_hz(s->osc[n]);

    return s->test_osc[n] + (uint32_t)(ns / 1000000000 * hz + ns % 1000000000 * hz / 1000000000);
}

/* Caller holds the lock. */
static uint32_t sysctl_read_reg(RealviewSysctl *s, uint32_t offset, int64_t now)
{
    switch (offset) {
    case SYS_LED:
        return s->led;
    case SYS_OSC0 ... SYS_OSC4:
        return __atomic_load_n(&s->osc[(offset - SYS_OSC0) / 4], __ATOMIC_RELAXED);
    case SYS_LOCK:
        return s->lock_value | (s->unlocked ? 0 : LOCK_LOCKED);
    case SYS_CFGDATA1:
    case SYS_CFGDATA2:
        return s->cfgdata[(offset - SYS_CFGDATA1) / 4];
    case SYS_FLAGSSET:
        return s->flags;
    case SYS_NVFLAGSSET:
        return s->nvflags;
    case SYS_RESETCTL:
        return s->resetctl;
    case SYS_PCICTL:
        return 1;               /* no PCI expansion */
    case SYS_MCI:
        return __atomic_load_n(&s->mci, __ATOMIC_RELAXED);
    case SYS_FLASH:
        return __atomic_load_n(&s->flash, __ATOMIC_RELAXED);
    case SYS_CLCD:
        return __atomic_load_n(&s->clcd, __ATOMIC_RELAXED);
    case SYS_PROCID0:
    case SYS_PROCID1:
        return s->config.proc_id[(offset - SYS_PROCID0) / 4];
    case SYS_PLD_CTRL1:
        return s->pld_ctrl1;
    case SYS_OSCRESET0 ... SYS_OSCRESET4:
        return s->osc_reset[(offset - SYS_OSCRESET0) / 4];
    case SYS_SW:
        return s->config.user_switches;
    case SYS_BOOTCS:
        return s->config.boot_switches;
    case SYS_BUSID:             /* 0: of the only master, or the first one of several; the CPUs have one port */
    case SYS_FLAGSCLR:
    case SYS_NVFLAGSCLR:
    case SYS_MISC:              /* flags of tiles: there is none but the CPUs' */
        return 0;
    case SYS_CLCDSER:
        return s->clcdser;
    case SYS_DMAPSR0 ... SYS_DMAPSR2:
        return realview_sysctl_dma_map(s, (offset - SYS_DMAPSR0) / 4);
    case SYS_IOSEL:
        return s->iosel;
    case SYS_PLD_CTRL1_REVC:
    case SYS_PLD_CTRL2:
        return s->pld_revc[(offset - SYS_PLD_CTRL1_REVC) / 4];
    case SYS_TEST_OSC0 ... SYS_TEST_OSC4:
        return test_osc(s, (offset - SYS_TEST_OSC0) / 4, now);
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: bad read at 0x%x\n", offset);
        return 0;
    }
}

/* Out of line, so that the registers that are polled are read without a frame for all this. */
static __attribute__((noinline)) uint32_t sysctl_read_locked(RealviewSysctl *s, uint32_t offset)
{
    const bool counts = offset >= SYS_TEST_OSC0 && offset <= SYS_TEST_OSC4;
    const int64_t now = counts ? clock_shown_ns() : 0;

    counted_lock(&s->dev.lock);
    uint32_t v = sysctl_read_reg(s, offset, now);
    counted_unlock(&s->dev.lock);
    return v;
}

static uint32_t sysctl_read_word(RealviewSysctl *s, uint32_t offset)
{
    if (offset == SYS_24MHZ) {
        return (uint32_t)(sysctl_uptime_ns(s) * 3 / 125);
    }
    if (offset == SYS_ID) {
        return s->config.sys_id;
    }
    if (offset == SYS_100HZ) {
        return (uint32_t)(sysctl_uptime_ns(s) / 10000000);
    }
    return sysctl_read_locked(s, offset);
}

static uint32_t sysctl_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    if (!word_register_reads(offset, size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: bad read at 0x%x\n", offset);
        return 0;
    }
    return word_register_part(sysctl_read_word(opaque, offset & ~3u), offset, size);
}

/* Caller holds the lock. */
static void sysctl_write_resetctl(RealviewSysctl *s, uint32_t value)
{
    if (!s->unlocked && !(value & RESETCTL_CONFIGCLR)) {
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: SYS_RESETCTL written while locked: 0x%x\n", value);
        return;
    }
    s->resetctl = value;
    if (value & RESETCTL_TRIGGERS) {
        qemu_system_reset_request();
    }
}

/* Lock held. */
static void tell_dma_map(const RealviewSysctl *s)
{
    if (s->config.dma_map_changed) {
        s->config.dma_map_changed(s->config.opaque);
    }
}

/* A register that obeys SYS_LOCK. Caller holds the lock. */
static void sysctl_write_locked(RealviewSysctl *s, uint32_t offset, uint32_t *reg, uint32_t value)
{
    if (s->unlocked) {
        __atomic_store_n(reg, value, __ATOMIC_RELAXED);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: register 0x%x written while locked: 0x%x\n", offset, value);
    }
}

/* The counter goes on from where it is, at the new rate. Caller holds the lock. */
static void sysctl_write_osc(RealviewSysctl *s, unsigned n, uint32_t value)
{
    int64_t now = clock_virtual_ns();

    s->test_osc[n] = test_osc(s, n, now);
    s->test_osc_ns[n] = now;
    sysctl_write_locked(s, SYS_OSC0 + 4 * n, &s->osc[n], value & OSC_MASK);
}

/* Caller holds the lock. */
static void sysctl_write_reg(RealviewSysctl *s, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case SYS_LED:
        s->led = value;
        break;
    case SYS_OSC0 ... SYS_OSC4:
        sysctl_write_osc(s, (offset - SYS_OSC0) / 4, value);
        break;
    case SYS_LOCK:
        s->unlocked = value == LOCK_KEY;
        s->lock_value = s->unlocked ? value : value & LOCK_VALUE_MASK;
        break;
    case SYS_CFGDATA1:
    case SYS_CFGDATA2:
        s->cfgdata[(offset - SYS_CFGDATA1) / 4] = value;
        break;
    case SYS_FLAGSSET:
        s->flags |= value;
        break;
    case SYS_FLAGSCLR:
        s->flags &= ~value;
        break;
    case SYS_NVFLAGSSET:
        s->nvflags |= value;
        break;
    case SYS_NVFLAGSCLR:
        s->nvflags &= ~value;
        break;
    case SYS_RESETCTL:
        sysctl_write_resetctl(s, value);
        break;
    case SYS_OSCRESET0 ... SYS_OSCRESET4:
        sysctl_write_locked(s, offset, &s->osc_reset[(offset - SYS_OSCRESET0) / 4], value & OSC_MASK);
        break;
    case SYS_FLASH:
        __atomic_store_n(&s->flash, value & FLASH_VPP, __ATOMIC_RELAXED);
        break;
    case SYS_CLCD:
        __atomic_store_n(&s->clcd, CLCD_PANEL_VGA | (value & ~(uint32_t)CLCD_PANEL_MASK), __ATOMIC_RELAXED);
        break;
    case SYS_PLD_CTRL1:
        sysctl_write_locked(s, offset, &s->pld_ctrl1, value);
        break;
    case SYS_CLCDSER:
        s->clcdser = value;
        break;
    case SYS_DMAPSR0 ... SYS_DMAPSR2:
        __atomic_store_n(&s->dmapsr[(offset - SYS_DMAPSR0) / 4], value & DMAPSR_MASK, __ATOMIC_RELAXED);
        tell_dma_map(s);
        break;
    case SYS_IOSEL:
        s->iosel = value;
        break;
    case SYS_PLD_CTRL1_REVC:
    case SYS_PLD_CTRL2:
        sysctl_write_locked(s, offset, &s->pld_revc[(offset - SYS_PLD_CTRL1_REVC) / 4], value);
        break;
    case SYS_PCICTL:
    case SYS_MCI:
    case SYS_BOOTCS:
    case SYS_MISC:
    case SYS_BUSID:
    case SYS_TEST_OSC0 ... SYS_TEST_OSC4:
        qemu_log_mask(LOG_UNIMP, "sysctl: write of 0x%x at 0x%x has no effect\n", value, offset);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: bad write at 0x%x\n", offset);
        break;
    }
}

static void sysctl_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    RealviewSysctl *s = opaque;

    if (!word_register_writes(offset)) {
        qemu_log_mask(LOG_GUEST_ERROR, "sysctl: bad write at 0x%x\n", offset);
        return;
    }
    counted_lock(&s->dev.lock);
    sysctl_write_reg(s, offset, value);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps sysctl_ops = { sysctl_read, sysctl_write };

/* Clears the flags, so that secondary CPUs wait again; what survives is not volatile: its flags, SYS_OSCRESET. */
static void sysctl_reset(void *opaque)
{
    RealviewSysctl *s = opaque;

    counted_lock(&s->dev.lock);
    int64_t now = clock_virtual_ns();

    s->led = s->lock_value = s->flags = s->resetctl = s->pld_ctrl1 = s->clcdser = s->iosel = 0;
    s->pld_revc[0] = s->pld_revc[1] = 0;
    memset(s->test_osc, 0, sizeof(s->test_osc));
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        s->test_osc_ns[i] = now;
    }
    for (unsigned i = 0; i < DMAPSRS; i++) {
        __atomic_store_n(&s->dmapsr[i], 0, __ATOMIC_RELAXED);
    }
    tell_dma_map(s);
    __atomic_store_n(&s->flash, 0, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < OSC_COUNT; i++) {
        __atomic_store_n(&s->osc[i], s->osc_reset[i], __ATOMIC_RELAXED);
    }
    memset(s->cfgdata, 0, sizeof(s->cfgdata));
    __atomic_store_n(&s->clcd, CLCD_PANEL_VGA, __ATOMIC_RELAXED);
    s->unlocked = false;
    __atomic_store_n(&s->reset_ns, now, __ATOMIC_RELAXED);
    counted_unlock(&s->dev.lock);
}

static void sysctl_post_load(void *opaque)
{
    RealviewSysctl *s = opaque;

    counted_lock(&s->dev.lock);
    tell_dma_map(s);
    counted_unlock(&s->dev.lock);
}

void realview_sysctl_set_card(RealviewSysctl *s, bool present, bool readonly)
{
    __atomic_store_n(&s->mci, (present ? MCI_CARD_IN : 0) | (readonly ? MCI_WRITE_PROTECTED : 0), __ATOMIC_RELAXED);
}

bool realview_sysctl_flash_vpp(void *opaque)
{
    RealviewSysctl *s = opaque;

    return __atomic_load_n(&s->flash, __ATOMIC_RELAXED) & FLASH_VPP;
}

uint32_t realview_sysctl_dma_map(RealviewSysctl *s, unsigned line)
{
    return __atomic_load_n(&s->dmapsr[line], __ATOMIC_RELAXED);
}

unsigned realview_sysctl_clcd_mode(void *opaque)
{
    RealviewSysctl *s = opaque;

    return __atomic_load_n(&s->clcd, __ATOMIC_RELAXED) & CLCD_MODE_MASK;
}

uint32_t realview_sysctl_osc0_hz(void *opaque)
{
    RealviewSysctl *s = opaque;
    const uint64_t hz = osc_hz(__atomic_load_n(&s->osc[0], __ATOMIC_RELAXED));

    return hz > UINT32_MAX ? UINT32_MAX : (uint32_t)hz;
}

static const DeviceField realview_sysctl_fields[] = {
    DEVICE_FIELD(RealviewSysctl, led), DEVICE_FIELD(RealviewSysctl, lock_value), DEVICE_FIELD(RealviewSysctl, flags),
    DEVICE_FIELD(RealviewSysctl, nvflags), DEVICE_FIELD(RealviewSysctl, resetctl),
    DEVICE_FIELD(RealviewSysctl, flash), DEVICE_FIELD(RealviewSysctl, clcd), DEVICE_FIELD(RealviewSysctl, pld_ctrl1),
    DEVICE_FIELD(RealviewSysctl, unlocked), DEVICE_FIELD(RealviewSysctl, reset_ns), DEVICE_ARRAY(RealviewSysctl, osc),
    DEVICE_ARRAY(RealviewSysctl, cfgdata), DEVICE_FIELD_SINCE(RealviewSysctl, clcdser, 2),
    DEVICE_FIELD_SINCE(RealviewSysctl, iosel, 2), DEVICE_ARRAY_SINCE(RealviewSysctl, pld_revc, 2),
    DEVICE_ARRAY_SINCE(RealviewSysctl, test_osc, 2), DEVICE_ARRAY_SINCE(RealviewSysctl, test_osc_ns, 2),
    DEVICE_ARRAY_SINCE(RealviewSysctl, dmapsr, 2), DEVICE_ARRAY_SINCE(RealviewSysctl, osc_reset, 3),
    { 0 },
};

static const MMIORegister realview_sysctl_registers[] = {
    { SYS_ID, "ID" }, { SYS_SW, "SW" }, { SYS_LED, "LED" }, { SYS_OSC0, "OSC0" }, { SYS_OSC4, "OSC4" },
    { SYS_LOCK, "LOCK" }, { SYS_100HZ, "100HZ" }, { SYS_CFGDATA1, "CFGDATA1" }, { SYS_CFGDATA2, "CFGDATA2" },
    { SYS_FLAGSSET, "FLAGSSET" }, { SYS_FLAGSCLR, "FLAGSCLR" }, { SYS_NVFLAGSSET, "NVFLAGSSET" },
    { SYS_NVFLAGSCLR, "NVFLAGSCLR" }, { SYS_RESETCTL, "RESETCTL" }, { SYS_PCICTL, "PCICTL" }, { SYS_MCI, "MCI" },
    { SYS_FLASH, "FLASH" }, { SYS_CLCD, "CLCD" }, { SYS_CLCDSER, "CLCDSER" }, { SYS_BOOTCS, "BOOTCS" },
    { SYS_24MHZ, "24MHZ" }, { SYS_MISC, "MISC" }, { SYS_DMAPSR0, "DMAPSR0" }, { SYS_DMAPSR0 + 4, "DMAPSR1" },
    { SYS_DMAPSR2, "DMAPSR2" }, { SYS_TEST_OSC0, "TEST_OSC0" }, { SYS_TEST_OSC4, "TEST_OSC4" },
    { SYS_PLD_CTRL1_REVC, "PLD_CTRL1(C)" }, { SYS_PLD_CTRL2, "PLD_CTRL2" },
    { SYS_IOSEL, "IOSEL" }, { SYS_BUSID, "BUSID" },
    { SYS_PROCID0, "PROCID0" }, { SYS_PROCID1, "PROCID1" }, { SYS_OSCRESET0, "OSCRESET0" },
    { SYS_OSCRESET4, "OSCRESET4" }, { SYS_PLD_CTRL1, "PLD_CTRL1" },
    { 0 },
};

static const DeviceClass realview_sysctl_class = {
    .name = "realview_sysctl",
    .state_size = sizeof(RealviewSysctl),
    .version = 3,
    .fields = realview_sysctl_fields,
    .node = { .name = "syscon" },       /* "compatible" names the board, so it is the board's to say */
    .registers = realview_sysctl_registers,
    .reset = sysctl_reset,
    .post_load = sysctl_post_load,
};

RealviewSysctl *realview_sysctl_create(uint32_t base, const char *name, const RealviewSysctlConfig *config)
{
    RealviewSysctl *s = device_new(&realview_sysctl_class, name);

    s->config = *config;
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &sysctl_ops);
    return s;
}
