/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual I/O devices there are, as the command line asks for them, and the transport they are put on. */
#ifndef HW_VIRTIO_VIRTIO_DEVICES_H
#define HW_VIRTIO_VIRTIO_DEVICES_H
#include <stdbool.h>
#include <stdint.h>
#include "block/block.h"
#include "chardev/char.h"
#include "hw/9p/p9.h"
#include "hw/irq.h"
#include "hw/virtio/virtio.h"
#include "net/net.h"

typedef enum VirtIOKind {
    VIRTIO_NOTHING, VIRTIO_BLK, VIRTIO_RNG, VIRTIO_NET, VIRTIO_CONSOLE, VIRTIO_KEYBOARD, VIRTIO_MOUSE, VIRTIO_TABLET,
    VIRTIO_BALLOON, VIRTIO_9P, VIRTIO_GPU, VHOST_USER_BLK, VHOST_USER_FS,
} VirtIOKind;

enum { VIRTIO_MAX_PORTS = 15, VIRTIO_9P_TAG_MAX = 31, VIRTIO_GPU_MAX_OUTPUTS = 16 };

/* A port of a VIRTIO_CONSOLE. */
typedef struct VirtIOPort {
    bool there, console;        /* console: of the guest; else a port for programs */
    const char *id;             /* by which the user knows it; NULL: none */
    const char *name;           /* by which programs find it; NULL: none */
    Chardev *chr;               /* NULL: what is sent is dropped */
} VirtIOPort;

/* A device with what is behind it; constant. */
typedef struct VirtIOConfig {
    VirtIOKind kind;
    const char *id;             /* by which the user knows it; NULL: none */
    BlockBackend *blk;          /* VIRTIO_BLK */
    const char *serial;         /* VIRTIO_BLK: its serial number; NULL: the back end's name */
    NetBackend *net;            /* VIRTIO_NET; NULL: a cable to nowhere */
    uint8_t mac[6];
    int rng_fd;                 /* VIRTIO_RNG: where the numbers come from, non-blocking; 0: the host's kernel */
    uint32_t max_ports;         /* VIRTIO_CONSOLE: 1 to VIRTIO_MAX_PORTS */
    VirtIOPort port[VIRTIO_MAX_PORTS];
    bool deflate_on_oom, report_free;       /* VIRTIO_BALLOON */
    struct VhostLink *vhost;    /* VHOST_USER_...: the back end */
    /* By which the guest mounts it. VHOST_USER_FS: 36 bytes at most; VIRTIO_9P: VIRTIO_9P_TAG_MAX */
    const char *tag;
    P9Server *p9;               /* VIRTIO_9P; becomes the device's */
    /* VIRTIO_GPU: the size of its first output (1 to CONSOLE_*_MAX), outputs, bytes that pictures may take */
    uint32_t xres, yres, max_outputs;
    uint64_t max_hostmem;
    bool edid;                  /* VIRTIO_GPU: monitors say what they can show */
} VirtIOConfig;

enum { VIRTIO_MMIO_SIZE = 0x1000 };

/*
 * A transport at `base` with the device, or with none: its registers then say so. legacy: as before version 1.0 of the
 * specification (version 1 of the registers). Lives as long as the machine. Main thread.
 */
void virtio_mmio_create(uint32_t base, const char *name, const VirtIOConfig *config, bool legacy, const IRQLine *irq);

/* Fill in what the transport has to know of the device; `v` is the transport, which exists already. */
void virtio_blk_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_rng_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_net_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_console_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
/* The transport is complete: attach what is behind the ports. */
void virtio_console_attach(VirtIODevice *d);
/* VIRTIO_KEYBOARD, VIRTIO_MOUSE, VIRTIO_TABLET */
void virtio_input_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_balloon_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_9p_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void virtio_gpu_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void vhost_blk_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
void vhost_fs_init(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config);
/*
 * Connect to the back end of a VHOST_USER_... device at a Unix socket; NULL: *err is a message (g_free()). Main thread.
 */
struct VhostLink *vhost_link_open(const char *path, char **err);
/* Whom to tell when the guest has opened or closed a port that has an id. I/O thread; set at the start. */
void virtio_console_set_listener(void (*fn)(const char *id, bool open));
#endif
