/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB stick: a SCSI disk behind the bulk-only transport (Universal Serial Bus Mass Storage Class, Bulk-Only Transport
 * 1.0). A command comes in a wrapper (CBW) to endpoint 2, data goes through one buffer, and a wrapper with the status
 * (CSW) comes from endpoint 1. While the drive works on the buffer, the device answers NAK; nobody waits.
 *
 * One request of the drive's is under way at a time. One that nobody wants any more, since the device was reset, is
 * `stale`, and the next command waits for its end. What is to be done by the drive is part of the state, so that it is
 * asked again where the state is loaded. Lock: the bus's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/usb/scsi.h"
#include "hw/usb/usb-devices.h"

enum {
    ENDPOINT_IN = 1, ENDPOINT_OUT = 2, PACKET = 512, BUFFER = 64 << 10,
    GET_MAX_LUN = 0xfe, BULK_RESET = 0xff,
    CBW_LEN = 31, CBW_FLAGS = 12, CBW_LUN = 13, CBW_CDB_LEN = 14, CBW_CDB = 15, CSW_LEN = 13,
    CBW_SIGNATURE = 0x43425355, CSW_SIGNATURE = 0x53425355,
    STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_PHASE = 2,
};

typedef enum StorageState {
    WANTS_COMMAND, SENDS, TAKES, WORKS, HAS_STATUS, BROKEN,     /* WORKS: without data; BROKEN: until it is reset */
} StorageState;

/* What the drive is asked for. */
typedef enum StorageJob { JOB_NONE, JOB_READ, JOB_WRITE, JOB_FLUSH } StorageJob;

typedef struct USBStorage {
    USBDevice usb;
    BlockBackend *blk;          /* constant */
    BlockRequest request;
    bool under_way, stale;
    bool gone;                  /* pulled out: who ends the request frees the struct */
    ScsiDisk disk;
    /* Saved: */
    uint32_t state, job;
    uint32_t tag, wanted, moved;        /* bytes that the host wants to move, and has moved */
    uint8_t status;
    uint64_t offset;            /* in the image, of the buffer */
    uint32_t left;              /* bytes of the command that are not in the buffer yet */
    uint32_t filled, taken;     /* of the buffer */
    uint8_t buffer[BUFFER];
} USBStorage;

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

/* ---- the drive's side ---- */

static void request_done(BlockRequest *request, int error);

/* No more data moves, though the host wanted more: it learns that by a STALL. */
static void end_data(USBStorage *s, bool stall)
{
    if (stall && s->moved < s->wanted) {
        usb_halt(&s->usb, s->state == TAKES ? USB_OUT : USB_IN, s->state == TAKES ? ENDPOINT_OUT : ENDPOINT_IN);
    }
    s->state = HAS_STATUS;
}

static void job_failed(USBStorage *s, StorageJob job, int error)
{
    scsi_io_failed(&s->disk, job != JOB_READ, error);
    s->status = STATUS_FAILED;
    end_data(s, s->state != WORKS);
}

/* There may be another medium by now than the one that the command was meant for. */
static bool is_in_image(const USBStorage *s)
{
    const uint64_t bytes = s->disk.sectors * SCSI_SECTOR;

    return s->disk.present && (s->job == JOB_FLUSH || (s->offset <= bytes && s->filled <= bytes - s->offset));
}

/* Ask the drive for what s->job says, unless an old request is still under way. */
static void submit(USBStorage *s)
{
    static const BlockOp op[] = { [JOB_READ] = BLOCK_READ, [JOB_WRITE] = BLOCK_WRITE, [JOB_FLUSH] = BLOCK_FLUSH };
    const StorageJob job = (StorageJob)s->job;
    const bool flush = job == JOB_FLUSH;

    if (s->under_way) {
        return;
    }
    if (!is_in_image(s)) {
        s->job = JOB_NONE;
        job_failed(s, job, s->disk.present ? -EIO : -ENOMEDIUM);
        return;
    }
    s->request = (BlockRequest) {
        .op = op[job], .offset = flush ? 0 : s->offset, .bytes = flush ? 0 : s->filled, .buffer = s->buffer,
        .done = request_done, .opaque = s,
    };
    s->under_way = true;
    blk_submit(s->blk, &s->request);
}

static void begin_job(USBStorage *s, StorageJob job)
{
    s->job = job;
    submit(s);
}

/* The next piece of what is read goes into the buffer, none of which may be taken before it is there. */
static void read_piece(USBStorage *s)
{
    s->filled = MIN(s->left, (uint32_t)BUFFER);
    s->taken = s->filled;
    begin_job(s, JOB_READ);
}

static void job_done(USBStorage *s, StorageJob job)
{
    if (job == JOB_READ) {
        s->offset += s->filled;
        s->left -= s->filled;
        s->taken = 0;
        return;
    }
    if (job == JOB_WRITE) {
        s->offset += s->filled;
        s->filled = 0;
        if (s->left) {
            return;
        }
    }
    end_data(s, s->state != WORKS);
}

/* I/O thread. */
static void request_done(BlockRequest *request, int error)
{
    USBStorage *s = request->opaque;
    CountedLock *lock = s->usb.bus->lock;
    const StorageJob job = (StorageJob)s->job;

    counted_lock(lock);
    s->under_way = false;
    if (s->gone) {
        counted_unlock(lock);
        free(s);
        return;
    }
    if (s->stale) {
        s->stale = false;
        if (s->job) {
            submit(s);
        }
    } else {
        s->job = JOB_NONE;
        if (error) {
            job_failed(s, job, error);
        } else {
            job_done(s, job);
        }
    }
    usb_wake(&s->usb);
    counted_unlock(lock);
}

static void forget_job(USBStorage *s)
{
    s->job = JOB_NONE;
    s->stale = s->under_way;
}

/* ---- the host's side ---- */

/* The host and the command do not agree about the data. */
static bool is_phase_error(const ScsiCommand *c, uint32_t wanted, bool from_device)
{
    switch (c->action) {
    case SCSI_REPLY:
        return c->bytes && (!wanted || !from_device);
    case SCSI_READ:
        return wanted < c->bytes || !from_device;
    case SCSI_WRITE:
        return wanted < c->bytes || from_device;
    default:
        return false;
    }
}

static void carry_out(USBStorage *s, const ScsiCommand *c, bool from_device)
{
    s->offset = c->offset;
    s->filled = s->taken = s->left = 0;
    /* What it is as long as no data moves tells end_data() which endpoint to halt. */
    s->state = from_device ? SENDS : TAKES;
    if (is_phase_error(c, s->wanted, from_device)) {
        s->status = STATUS_PHASE;
        end_data(s, true);
        return;
    }
    switch (c->action) {
    case SCSI_READ:
        s->left = c->bytes;
        read_piece(s);
        break;
    case SCSI_WRITE:
        s->left = c->bytes;
        break;
    case SCSI_REPLY:
        s->filled = MIN(c->bytes, s->wanted);
        if (!s->filled) {
            end_data(s, true);
        }
        break;
    case SCSI_FLUSH:
        s->state = WORKS;
        begin_job(s, JOB_FLUSH);
        break;
    default:
        s->status = c->action == SCSI_FAILED ? STATUS_FAILED : STATUS_GOOD;
        end_data(s, true);
        break;
    }
}

static int take_command(USBStorage *s, const uint8_t *data, unsigned len)
{
    uint8_t cdb[SCSI_COMMAND_MAX] = { 0 };

    if (s->under_way) {
        return USB_NAK;         /* of an earlier command; the buffer is its */
    }
    if (len != CBW_LEN || le32(data) != CBW_SIGNATURE || !data[CBW_CDB_LEN] || data[CBW_CDB_LEN] > SCSI_COMMAND_MAX) {
        s->state = BROKEN;
        usb_halt(&s->usb, USB_IN, ENDPOINT_IN);
        return USB_STALL;
    }
    memcpy(cdb, data + CBW_CDB, data[CBW_CDB_LEN]);
    s->tag = le32(data + 4);
    s->wanted = le32(data + 8);
    s->moved = 0;
    s->status = STATUS_GOOD;
    const bool was_open = s->disk.ejected;
    const ScsiCommand c = scsi_begin(&s->disk, data[CBW_LUN] & 15, cdb, s->buffer);

    if (s->disk.ejected != was_open) {
        blk_tray_moved(s->blk, s->disk.ejected);
    }
    carry_out(s, &c, data[CBW_FLAGS] & 0x80);
    return (int)len;
}

static int take_data(USBStorage *s, const uint8_t *data, unsigned len)
{
    const uint32_t n = MIN((uint32_t)len, s->left);

    if (s->job) {
        return USB_NAK;
    }
    memcpy(s->buffer + s->filled, data, n);     /* there is room: the buffer is written when it is full */
    s->filled += n;
    s->left -= n;
    s->moved += n;
    if (!s->left || s->filled + PACKET > BUFFER) {
        begin_job(s, JOB_WRITE);
    }
    return (int)len;
}

static int storage_out(USBDevice *d, unsigned endpoint, const uint8_t *data, unsigned len)
{
    USBStorage *s = (USBStorage *)d;

    switch (s->state) {
    case WANTS_COMMAND:
        return take_command(s, data, len);
    case TAKES:
        return take_data(s, data, len);
    default:
        return USB_STALL;
    }
}

static int send_data(USBStorage *s, uint8_t *data, unsigned room)
{
    const uint32_t n = MIN((uint32_t)room, s->filled - s->taken);

    if (s->job) {
        return USB_NAK;
    }
    memcpy(data, s->buffer + s->taken, n);
    s->taken += n;
    s->moved += n;
    if (s->taken == s->filled) {
        if (s->left) {
            read_piece(s);
        } else {
            end_data(s, n == room);     /* a short packet says the same */
        }
    }
    return (int)n;
}

static int send_status(USBStorage *s, uint8_t *data)
{
    put_le32(data, CSW_SIGNATURE);
    put_le32(data + 4, s->tag);
    put_le32(data + 8, s->wanted - s->moved);
    data[12] = s->status;
    s->state = WANTS_COMMAND;
    return CSW_LEN;
}

static int storage_in(USBDevice *d, unsigned endpoint, uint8_t *data, unsigned room)
{
    USBStorage *s = (USBStorage *)d;

    switch (s->state) {
    case SENDS:
        return send_data(s, data, room);
    case HAS_STATUS:
        return send_status(s, data);
    case BROKEN:
        return USB_STALL;
    default:
        return USB_NAK;
    }
}

static int storage_control(USBDevice *d, const USBSetup *setup, uint8_t *data)
{
    USBStorage *s = (USBStorage *)d;

    switch (setup->request) {
    case USB_CLASS | USB_FROM_INTERFACE | GET_MAX_LUN:
        return usb_reply(setup, data, "", 1);
    case USB_CLASS | USB_TO_INTERFACE | BULK_RESET:
        forget_job(s);
        s->state = WANTS_COMMAND;
        return 0;
    default:
        return USB_STALL;
    }
}

static void storage_reset(USBDevice *d)
{
    USBStorage *s = (USBStorage *)d;

    forget_job(s);
    s->state = WANTS_COMMAND;
    s->tag = s->wanted = s->moved = s->left = s->filled = s->taken = 0;
    s->status = STATUS_GOOD;
    scsi_reset(&s->disk);
}

/* ---- the medium; I/O thread ---- */

static void look_at_medium(USBStorage *s, bool present)
{
    s->disk.sectors = present ? blk_bytes(s->blk) / SCSI_SECTOR : 0;
    s->disk.present = s->disk.sectors;
    s->disk.readonly = blk_readonly(s->blk);
    s->disk.serial = s->usb.serial;
}

static void medium_changed(void *opaque, bool present)
{
    USBStorage *s = opaque;

    counted_lock(s->usb.bus->lock);
    look_at_medium(s, present);
    scsi_medium_changed(&s->disk, false);
    counted_unlock(s->usb.bus->lock);
}

static void look_at_tray(void *opaque, bool *open, bool *locked)
{
    USBStorage *s = opaque;

    counted_lock(s->usb.bus->lock);
    *open = s->disk.ejected;
    *locked = s->disk.locked;
    counted_unlock(s->usb.bus->lock);
}

static void move_tray(void *opaque, bool open)
{
    USBStorage *s = opaque;

    counted_lock(s->usb.bus->lock);
    s->disk.ejected = open;
    if (!open) {
        scsi_medium_changed(&s->disk, false);
    }
    counted_unlock(s->usb.bus->lock);
}

static void medium_resized(void *opaque)
{
    USBStorage *s = opaque;

    counted_lock(s->usb.bus->lock);
    look_at_medium(s, true);
    scsi_medium_changed(&s->disk, true);
    counted_unlock(s->usb.bus->lock);
}

/* ---- the device ---- */

/* Nothing of it is trusted; what the drive was asked for is asked again. */
static void storage_post_load(void *opaque)
{
    USBStorage *s = opaque;

    usb_post_load(&s->usb);
    counted_lock(s->usb.bus->lock);
    s->state = MIN(s->state, (uint32_t)BROKEN);
    s->job = MIN(s->job, (uint32_t)JOB_FLUSH);
    s->filled = MIN(s->filled, (uint32_t)BUFFER);
    s->taken = MIN(s->taken, s->filled);
    s->left = s->job == JOB_READ ? MAX(s->left, s->filled) : s->left;
    if (s->state == TAKES && !s->job && s->filled + PACKET > BUFFER) {
        s->state = BROKEN;
    }
    s->stale = s->under_way;
    if (s->job) {
        submit(s);
    }
    counted_unlock(s->usb.bus->lock);
}

static void storage_unplugged(USBDevice *d)
{
    USBStorage *s = (USBStorage *)d;
    bool busy;

    blk_set_medium_user(s->blk, &(BlockMediumUser) { 0 });
    usb_drive_give_back(s->blk);
    counted_lock(d->bus->lock);
    s->gone = true;
    busy = s->under_way;
    counted_unlock(d->bus->lock);
    if (!busy) {
        free(s);
    }
}

static const uint8_t device_descriptor[] = {
    18, USB_DT_DEVICE, USB_LE16(0x0200), 0, 0, 0, 64, USB_LE16(0x46f4), USB_LE16(0x0001), USB_LE16(0x0100), 1, 2, 3, 1,
};
static const uint8_t config_descriptor[] = {
    9, USB_DT_CONFIG, USB_LE16(9 + 9 + 7 + 7), 1, 1, 0, 0xc0, 0,
    9, USB_DT_INTERFACE, 0, 0, 2, 8, 6, 0x50, 0,                /* mass storage, SCSI, bulk-only */
    7, USB_DT_ENDPOINT, 0x80 | ENDPOINT_IN, 2, USB_LE16(PACKET), 0,
    7, USB_DT_ENDPOINT, ENDPOINT_OUT, 2, USB_LE16(PACKET), 0,
};

static const USBDeviceClass storage_usb_class = {
    .product = "USB Stick", .speed = USB_HIGH, .device = device_descriptor, .config = config_descriptor,
    .control = storage_control, .in = storage_in, .out = storage_out, .reset = storage_reset,
    .unplugged = storage_unplugged,
};

static const DeviceField storage_fields[] = {
    USB_DEVICE_FIELDS(USBStorage), DEVICE_FIELD(USBStorage, disk.key), DEVICE_FIELD(USBStorage, disk.asc),
    DEVICE_FIELD(USBStorage, disk.ascq), DEVICE_FIELD(USBStorage, disk.attention),
    DEVICE_FIELD(USBStorage, disk.attention_q), DEVICE_FIELD(USBStorage, disk.ejected),
    DEVICE_FIELD(USBStorage, disk.locked), DEVICE_FIELD(USBStorage, state), DEVICE_FIELD(USBStorage, job),
    DEVICE_FIELD(USBStorage, tag), DEVICE_FIELD(USBStorage, wanted), DEVICE_FIELD(USBStorage, moved),
    DEVICE_FIELD(USBStorage, status), DEVICE_FIELD(USBStorage, offset), DEVICE_FIELD(USBStorage, left),
    DEVICE_FIELD(USBStorage, filled), DEVICE_FIELD(USBStorage, taken), DEVICE_ARRAY(USBStorage, buffer),
    { 0 },
};

static const DeviceClass storage_class = {
    .name = "usb-storage", .state_size = sizeof(USBStorage), .version = 1, .fields = storage_fields,
    .reset = usb_device_reset, .post_load = storage_post_load,
};

BlockBackend *usb_storage_drive(const Device *d)
{
    return d->class == &storage_class ? ((const USBStorage *)(const void *)d)->blk : NULL;
}

USBDevice *usb_storage_new(USBBus *bus, BlockBackend *blk, char *serial, bool removable)
{
    USBStorage *s = usb_device_alloc(&storage_class, &storage_usb_class, bus);

    s->blk = blk;
    s->usb.serial = serial;
    s->disk.removable = removable;
    look_at_medium(s, blk_has_medium(blk));
    blk_set_medium_user(blk, &(BlockMediumUser) {
        .changed = removable ? medium_changed : NULL, .resized = medium_resized,
        .tray = removable ? look_at_tray : NULL, .move_tray = move_tray, .opaque = s });
    return &s->usb;
}
