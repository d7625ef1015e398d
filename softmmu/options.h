/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. Main thread, before anything else exists. */
#ifndef SOFTMMU_OPTIONS_H
#define SOFTMMU_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>
#include "audio/audio.h"
#include "block/block.h"
#include "chardev/char.h"
#include "hw/boards.h"
#include "hw/usb/usb-devices.h"
#include "net/net.h"
#include "plugins/plugin.h"
#include "qemu/replay.h"
#include "softmmu/guest-memory.h"
#include "softmmu/sandbox.h"
#include "sysemu/accel.h"
#include "ui/sdl.h"
#include "ui/vnc.h"

/* A port of a virtio-serial-device. */
typedef struct VirtIOPortOption {
    const char *said;                   /* NULL: there is no such port */
    const char *id, *name;
    const char *chardev;                /* its id; NULL: nothing is behind it */
    bool console;
} VirtIOPortOption;

/* A virtual I/O device that was asked for, and what is behind it. */
typedef struct VirtIOOption {
    VirtIOKind kind;
    const char *said;
    const BlockOptions *drive;
    const NetOptions *net;
    uint8_t mac[6];
    const char *serial;
    const char *id;                     /* NULL: none */
    unsigned max_ports;
    VirtIOPortOption port[VIRTIO_MAX_PORTS];
    const char *socket;                 /* VHOST_USER_...: of the back end */
    const char *tag;
    const P9Share *folder;              /* of a virtio-9p-device */
    const char *folder_said;            /* the option that named it */
    bool deflate_on_oom, report_free;   /* of a balloon */
    uint32_t xres, yres, max_outputs;   /* of a graphics card, as in VirtIOConfig, like what follows */
    uint64_t max_hostmem;
    bool edid;
    const char *rng, *rng_said;         /* a file with random numbers, or ""; the option that named it */
} VirtIOOption;

/* A USB device that was asked for. */
typedef struct USBOption {
    const char *said;
    USBConfig config;
} USBOption;

/* A drive of -drive if=none, or a node of -blockdev, that no device has. */
typedef struct NodeOption {
    BlockOptions *block;
    BlockOptions *inner;                /* the node that holds its bytes; NULL: that has no name */
} NodeOption;

enum { OPTIONS_USB = 32, OPTIONS_NODES = 4 * MACHINE_VIRTIOS };
enum { OPTIONS_NAMED = 16, OPTIONS_MONITORS = 8 };

/* -icount rr= */
typedef struct ReplayOptions {
    ReplayMode mode;
    const char *file, *snapshot;        /* snapshot NULL: none */
} ReplayOptions;

/* Serial lines of the command line: those that the board has no UART for are connected to nothing. */
enum { OPTIONS_SERIALS = 16 };

/* Networks without a card: at hubs, with the port that each is at. */
enum { OPTIONS_NETS = 32 };

/* -mon and -qmp */
enum { OPTIONS_AUDIOS = 4 };

typedef struct OptionsMonitor {
    const char *said;                   /* the option and its argument, for messages */
    const char *device;                 /* chardev_new() syntax */
    bool control, pretty;               /* control: for programs */
} OptionsMonitor;

typedef struct Options {
    const MachineClass *mc;
    const struct ARMCPUModel *cpu;      /* its CPUs' model */
    int smp;
    uint32_t ram_size;                  /* bytes */
    const char *kernel, *initrd, *dtb, *append;
    const char *dumpdtb;                /* write the device tree there, and end; NULL: do not */
    SecondaryStart secondary;
    uint8_t user_switches, boot_switches;       /* a bit per switch */
    const char *serial[OPTIONS_SERIALS];     /* chardev_new() syntax; NULL: not connected */
    const char *monitor;                /* NULL: only where a serial line is "mon:" */
    bool monitor_on_mux;                /* attach it to the first "mon:" serial line */
    ChardevOptions named[OPTIONS_NAMED];        /* -chardev */
    int named_count;
    OptionsMonitor more_monitors[OPTIONS_MONITORS];
    int monitor_count;                  /* of more_monitors */
    bool only_migratable;               /* -only-migratable */
    const char *loadvm;                 /* a snapshot to begin with; NULL: none */
    const char *incoming;               /* where the state comes from; NULL: the machine begins anew */
    const char *gdb;                    /* chardev_new() syntax; NULL: no port for a debugger */
    const char *semihosting_console;    /* the same; NULL: the standard streams */
    AccelOptions accel;
    ReplayOptions replay;
    const NicOptions *nic;              /* what the network card is connected to; NULL: nothing */
    const NetOptions *net[OPTIONS_NETS];        /* that no card has, in the order in which they are to be opened */
    unsigned nets;
    uint8_t mac[6];                     /* the card's address */
    BlockOptions *drive[MACHINE_DRIVES]; /* as in MachineState; NULL: none */
    NodeOption node[OPTIONS_NODES];     /* in the order of the command line */
    unsigned nodes;
    VirtIOOption virtio[MACHINE_VIRTIOS];
    unsigned virtios;
    USBOption usb[OPTIONS_USB];         /* in the order of the command line */
    unsigned usbs;
    AudioConfig audio[OPTIONS_AUDIOS];  /* the first is the board's */
    unsigned audios;
    bool virtio_legacy;                 /* as before version 1.0 of virtio */
    enum { WINDOW_NONE, WINDOW_IF_POSSIBLE, WINDOW_WANTED } window;
    SdlOptions sdl;                     /* for the window */
    bool curses;
    const VncOptions *vnc;              /* NULL: no server */
    const char *vnc_said;               /* with vnc: the option, for messages */
    bool no_reboot, no_shutdown, stopped, daemonize;
    GuestMemory memory;
    bool mem_prealloc, mem_lock;
    uint8_t escape_key;                 /* of a multiplexer */
    int64_t rtc_offset;                 /* seconds that the board's clock is ahead of UTC */
    const char *name, *process_name, *pidfile;
    SandboxOptions sandbox;
    PluginOption *plugin;               /* `plugins` of them */
    unsigned plugins;
    const char *uuid;                   /* in lower case; NULL: none */
} Options;

/* Fill in *o, the log's settings, semihosting and the loader list; ends the program on mistakes (one
 * line on stderr, exit code 1) and after -help and the like (exit code 0). */
void options_parse(int argc, char **argv, Options *o);
#endif
