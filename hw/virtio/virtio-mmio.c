/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport of a virtual I/O device over memory-mapped registers (Virtual I/O Device 1.2, section 4.2), version 2,
 * and the legacy interface, version 1.
 *
 * A register access changes registers; what the driver asks for is done on the I/O thread, in turns (virtio.c).
 */
#include <string.h>
#include "hw/virtio/virtio-devices.h"
#include "hw/virtio/virtio-internal.h"
#include "qemu/log.h"
#include "qemu/trace.h"

enum {
    R_MAGIC = 0x00, R_VERSION = 0x04, R_DEVICE_ID = 0x08, R_VENDOR_ID = 0x0c, R_DEVICE_FEATURES = 0x10,
    R_DEVICE_FEATURES_SEL = 0x14, R_DRIVER_FEATURES = 0x20, R_DRIVER_FEATURES_SEL = 0x24, R_GUEST_PAGE_SIZE = 0x28,
    R_QUEUE_SEL = 0x30, R_QUEUE_NUM_MAX = 0x34, R_QUEUE_NUM = 0x38, R_QUEUE_ALIGN = 0x3c, R_QUEUE_PFN = 0x40,
    R_QUEUE_READY = 0x44, R_QUEUE_NOTIFY = 0x50, R_INTERRUPT_STATUS = 0x60, R_INTERRUPT_ACK = 0x64, R_STATUS = 0x70,
    R_QUEUE_DESC_LOW = 0x80, R_QUEUE_DESC_HIGH = 0x84, R_QUEUE_DRIVER_LOW = 0x90, R_QUEUE_DRIVER_HIGH = 0x94,
    R_QUEUE_DEVICE_LOW = 0xa0, R_QUEUE_DEVICE_HIGH = 0xa4, R_SHM_SEL = 0xac, R_SHM_LEN_LOW = 0xb0,
    R_SHM_BASE_HIGH = 0xbc, R_CONFIG_GENERATION = 0xfc, R_CONFIG = 0x100,
    MAGIC = 0x74726976, VENDOR = 0x55514550,
};

/* ---- registers ---- */

static uint64_t offered_features(const VirtIO *v)
{
    uint64_t transport = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | (v->legacy ? 0 : VIRTIO_F_VERSION_1);

    return v->device.features | transport;
}

/* The selected queue; NULL: there is no such. Lock held. */
static VirtQueue *selected(VirtIO *v)
{
    return v->queue_sel < v->device.class->queues ? &v->queue[v->queue_sel] : NULL;
}

/* Nothing that was taken from queues is to be given back. Lock held. */
static void new_epoch(VirtIO *v)
{
    v->epoch++;
    v->load_wanted = false;
    v->reset_wanted = true;
    io_post(&v->work);
}

/* What the driver may write was, or is now, what it is. Lock held. */
static void config_written(VirtIO *v)
{
    if (v->device.class && v->device.class->config_written) {
        v->device.class->config_written(v->device.dev, v->device.config);
    }
}

/*
 * What a reset by the driver, or of the machine, does to the registers. Legacy drivers tell the page size before they
 * reset the device, so it stays. Lock held.
 */
static void reset_registers(VirtIO *v)
{
    memset(v->queue, 0, sizeof(v->queue));
    for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++) {
        v->queue[n].align = 4096;
    }
    v->features_sel = v->driver_features_sel = v->queue_sel = 0;
    v->driver_features = v->state = 0;
    v->status = v->isr = 0;
    v->broken = v->ready_wanted = false;
    if (v->device.class) {
        memset(v->device.config + v->device.class->writable_at, 0, v->device.class->writable_bytes);
        config_written(v);
    }
    virtio_update(v);
}

static uint32_t config_read(VirtIO *v, uint32_t offset, unsigned size)
{
    uint32_t value = 0;

    if (offset + size <= v->device.config_size) {
        memcpy(&value, v->device.config + offset, size);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad read of the configuration at 0x%x\n", v->dev.name, offset);
    }
    return value;
}

/* Registers of a queue. Lock held. */
static uint32_t queue_read(const VirtIO *v, const VirtQueue *q, uint32_t offset)
{
    if (!q) {
        return 0;
    }
    switch (offset) {
    case R_QUEUE_NUM_MAX:
        return v->device.class->queue_size;
    case R_QUEUE_PFN:
        return q->pfn;
    default:
        return q->ready;
    }
}

static uint32_t register_read(VirtIO *v, uint32_t offset)
{
    switch (offset) {
    case R_DEVICE_FEATURES:
        return v->features_sel > 1 ? 0 : (uint32_t)(offered_features(v) >> 32 * v->features_sel);
    case R_QUEUE_NUM_MAX:
    case R_QUEUE_PFN:
    case R_QUEUE_READY:
        return queue_read(v, selected(v), offset);
    case R_INTERRUPT_STATUS:
        return v->isr;
    case R_STATUS:
        return v->status;
    case R_CONFIG_GENERATION:
        return v->generation;
    default:
        if (offset >= R_SHM_LEN_LOW && offset <= R_SHM_BASE_HIGH) {
            return UINT32_MAX;      /* no shared memory */
        }
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad read at 0x%x\n", v->dev.name, offset);
        return 0;
    }
}

static uint32_t virtio_mmio_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    VirtIO *v = opaque;
    uint32_t value = 0;

    if (offset >= R_CONFIG && v->device.class) {
        counted_lock(&v->dev.lock);
        value = config_read(v, offset - R_CONFIG, size);
        counted_unlock(&v->dev.lock);
        return value;
    }
    if (size != 4 || offset % 4) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad read of %u bytes at 0x%x\n", v->dev.name, size, offset);
        return 0;
    }
    switch (offset) {
    case R_MAGIC:
        return MAGIC;
    case R_VERSION:
        return v->legacy ? 1 : 2;
    case R_DEVICE_ID:
        return v->device_id;
    case R_VENDOR_ID:
        return VENDOR;
    }
    if (v->device.class) {
        counted_lock(&v->dev.lock);
        value = register_read(v, offset);
        counted_unlock(&v->dev.lock);
    }
    return value;
}

/* ---- writes; functions that return true have begun a new epoch. Lock held. ---- */

static bool status_write(VirtIO *v, uint32_t value)
{
    uint32_t before = v->status;

    if (!(value & 0xff)) {
        reset_registers(v);
        new_epoch(v);
        return true;
    }
    v->status = (value & 0xff) | (before & STATUS_NEEDS_RESET);
    if (!v->legacy && (value & STATUS_FEATURES_OK) && !(before & STATUS_FEATURES_OK) &&
        ((v->driver_features & ~offered_features(v)) || !(v->driver_features & VIRTIO_F_VERSION_1))) {
        v->status &= ~(uint32_t)STATUS_FEATURES_OK;
        qemu_log_mask(LOG_GUEST_ERROR, "%s: features 0x%llx are not those offered\n", v->dev.name,
                      (unsigned long long)v->driver_features);
    }
    if ((value & STATUS_DRIVER_OK) && !(before & STATUS_DRIVER_OK)) {
        v->ready_wanted = true;
        virtio_kick_all(v);
    }
    return false;
}

static void features_write(VirtIO *v, uint32_t value)
{
    if (v->driver_features_sel > 1 || (v->status & (v->legacy ? STATUS_DRIVER_OK : STATUS_FEATURES_OK))) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: features written too late, or others than there are\n", v->dev.name);
        return;
    }
    unsigned shift = 32 * v->driver_features_sel;

    v->driver_features = (v->driver_features & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    if (v->legacy) {
        v->driver_features &= offered_features(v);
    }
}

static bool is_power_of_two(uint32_t n)
{
    return n && !(n & (n - 1));
}

static bool queue_stop(VirtIO *v, VirtQueue *q)
{
    bool was_ready = q->ready;

    q->ready = false;
    q->last_avail = q->used = 0;
    if (was_ready) {
        new_epoch(v);
    }
    return was_ready;
}

static bool ready_write(VirtIO *v, VirtQueue *q, uint32_t value)
{
    if (!(value & 1)) {
        return queue_stop(v, q);
    }
    if (!q->size || (q->desc | q->driver | q->device) >> 32 || q->desc % 16 || q->driver % 2 || q->device % 4) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a queue without size, or at bad addresses\n", v->dev.name);
        return false;
    }
    q->ready = true;
    return false;
}

static bool pfn_write(VirtIO *v, VirtQueue *q, uint32_t pfn)
{
    if (!pfn) {
        q->pfn = 0;
        return queue_stop(v, q);
    }
    uint64_t at = (uint64_t)pfn * v->page_size;

    if (!q->size || !is_power_of_two(v->page_size) || at > UINT32_MAX - (1 << 20)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a queue without size, or at a bad address\n", v->dev.name);
        return false;
    }
    q->pfn = pfn;
    q->desc = at;
    q->driver = at + 16ull * q->size;
    q->device = (q->driver + 6 + 2ull * q->size + q->align - 1) & ~(uint64_t)(q->align - 1);
    q->ready = true;
    return false;
}

static void set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~0xffffffffull) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
    *address = (*address & 0xffffffffull) | (uint64_t)value << 32;
}

static void num_write(VirtIO *v, VirtQueue *q, uint32_t value)
{
    if (!is_power_of_two(value) || value > v->device.class->queue_size) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a queue of %u is not possible\n", v->dev.name, value);
        return;
    }
    q->size = value;
}

/* A register of the selected queue; all but the one that stops it keep off a queue that is ready. */
static bool queue_write(VirtIO *v, VirtQueue *q, uint32_t offset, uint32_t value)
{
    if (q->ready && value && (offset != R_QUEUE_READY || v->legacy)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write at 0x%x while the queue is ready\n", v->dev.name, offset);
        return false;
    }
    switch (offset) {
    case R_QUEUE_NUM:
        num_write(v, q, value);
        return false;
    case R_QUEUE_ALIGN:
        if (is_power_of_two(value) && value <= 65536 && value >= 4) {
            q->align = value;
        }
        return false;
    case R_QUEUE_PFN:
        return v->legacy ? pfn_write(v, q, value) : false;
    case R_QUEUE_READY:
        return v->legacy ? false : ready_write(v, q, value);
    case R_QUEUE_DESC_LOW:
        set_low(&q->desc, value);
        return false;
    case R_QUEUE_DESC_HIGH:
        set_high(&q->desc, value);
        return false;
    case R_QUEUE_DRIVER_LOW:
        set_low(&q->driver, value);
        return false;
    case R_QUEUE_DRIVER_HIGH:
        set_high(&q->driver, value);
        return false;
    case R_QUEUE_DEVICE_LOW:
        set_low(&q->device, value);
        return false;
    default:
        set_high(&q->device, value);
        return false;
    }
}

static bool is_queue_register(const VirtIO *v, uint32_t offset)
{
    switch (offset) {
    case R_QUEUE_NUM:
        return true;
    case R_QUEUE_ALIGN:
    case R_QUEUE_PFN:
        return v->legacy;
    case R_QUEUE_READY:
    case R_QUEUE_DESC_LOW:
    case R_QUEUE_DESC_HIGH:
    case R_QUEUE_DRIVER_LOW:
    case R_QUEUE_DRIVER_HIGH:
    case R_QUEUE_DEVICE_LOW:
    case R_QUEUE_DEVICE_HIGH:
        return !v->legacy;
    default:
        return false;
    }
}

static void config_write(VirtIO *v, uint32_t offset, uint32_t value, unsigned size)
{
    const uint32_t from = v->device.class->writable_at, bytes = v->device.class->writable_bytes;

    if (offset < from || size > bytes || offset - from > bytes - size) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad write of the configuration at 0x%x\n", v->dev.name, offset);
        return;
    }
    memcpy(v->device.config + offset, &value, size);
    config_written(v);
}

static bool register_write(VirtIO *v, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case R_DEVICE_FEATURES_SEL:
        v->features_sel = value;
        return false;
    case R_DRIVER_FEATURES:
        features_write(v, value);
        return false;
    case R_DRIVER_FEATURES_SEL:
        v->driver_features_sel = value;
        return false;
    case R_QUEUE_SEL:
        v->queue_sel = value;
        return false;
    case R_QUEUE_NOTIFY:
        trace(VIRTIO_NOTIFY, "device=%s queue=%u", v->dev.name, value);
        return false;           /* the rest without the lock */
    case R_INTERRUPT_ACK:
        v->isr &= ~value;
        virtio_update(v);
        return false;
    case R_STATUS:
        trace(VIRTIO_STATUS, "device=%s status=0x%02x", v->dev.name, value);
        return status_write(v, value);
    case R_SHM_SEL:             /* none of them is there */
        return false;
    }
    if (offset == R_GUEST_PAGE_SIZE && v->legacy) {
        v->page_size = value;
    } else if (is_queue_register(v, offset)) {
        return selected(v) ? queue_write(v, selected(v), offset, value) : false;
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad write at 0x%x\n", v->dev.name, offset);
    }
    return false;
}

static void virtio_mmio_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    VirtIO *v = opaque;

    if (v->device.class && offset >= R_CONFIG) {
        counted_lock(&v->dev.lock);
        config_write(v, offset - R_CONFIG, value, size);
        counted_unlock(&v->dev.lock);
        return;
    }
    if (!v->device.class || size != 4 || offset % 4) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad write of %u bytes at 0x%x\n", v->dev.name, size, offset);
        return;
    }
    counted_lock(&v->dev.lock);
    bool wait = register_write(v, offset, value) && v->busy;
    counted_unlock(&v->dev.lock);
    if (offset == R_QUEUE_NOTIFY && value < v->device.class->queues) {
        virtio_notified(v, value);
    }
    if (wait) {
        virtio_wait_turn_over(v);
    }
}

/* ---- the device ---- */

static void virtio_mmio_reset(void *opaque)
{
    VirtIO *v = opaque;

    counted_lock(&v->dev.lock);
    reset_registers(v);
    v->generation = v->page_size = 0;
    if (v->device.class) {
        new_epoch(v);
    }
    counted_unlock(&v->dev.lock);
}

static void virtio_mmio_pre_save(void *opaque)
{
    VirtIO *v = opaque;

    if (v->device.class && v->device.class->drain) {
        v->device.class->drain(v->device.dev);
    }
    memcpy(v->config_saved, v->device.config, sizeof(v->config_saved));
    if (v->device.class && v->device.class->save) {
        GByteArray *own = g_byte_array_new();

        virtio_enter(v);
        v->device.class->save(v->device.dev, own);
        virtio_leave(v);
        g_free(v->own.data);
        v->own.bytes = own->len;
        v->own.data = g_byte_array_free(own, FALSE);
    }
}

static char *virtio_mmio_save_problem(void *opaque)
{
    const VirtIO *v = opaque;

    return v->device.class && v->device.class->save_problem ? v->device.class->save_problem(v->device.dev) : NULL;
}

static void virtio_mmio_post_load(void *opaque)
{
    VirtIO *v = opaque;

    counted_lock(&v->dev.lock);
    for (unsigned n = 0; n < VIRTIO_MAX_QUEUES; n++) {
        VirtQueue *q = &v->queue[n];

        q->ready &= is_power_of_two(q->size) && q->size <= VIRTQUEUE_MAX_SIZE &&
                    !((q->desc | q->driver | q->device) >> 32);
        q->align = is_power_of_two(q->align) ? q->align : 4096;
    }
    virtio_update(v);
    if (v->device.class) {
        if (v->device.class->config_written) {
            memcpy(v->device.config, v->config_saved, sizeof(v->config_saved));
            config_written(v);
        }
        new_epoch(v);
        v->load_wanted = true;
        v->ready_wanted = v->status & STATUS_DRIVER_OK;
        virtio_kick_all(v);
    }
    counted_unlock(&v->dev.lock);
}

static const DeviceField virtio_mmio_fields[] = {
    DEVICE_FIXED(VirtIO, device_id),
    DEVICE_FIXED(VirtIO, legacy),
    DEVICE_EACH(VirtIO, queue, desc),
    DEVICE_EACH(VirtIO, queue, driver),
    DEVICE_EACH(VirtIO, queue, device),
    DEVICE_EACH(VirtIO, queue, size),
    DEVICE_EACH(VirtIO, queue, pfn),
    DEVICE_EACH(VirtIO, queue, align),
    DEVICE_EACH(VirtIO, queue, ready),
    DEVICE_EACH(VirtIO, queue, last_avail),
    DEVICE_EACH(VirtIO, queue, used),
    DEVICE_FIELD(VirtIO, features_sel),
    DEVICE_FIELD(VirtIO, driver_features_sel),
    DEVICE_FIELD(VirtIO, queue_sel),
    DEVICE_FIELD(VirtIO, page_size),
    DEVICE_FIELD(VirtIO, driver_features),
    DEVICE_FIELD(VirtIO, state),
    DEVICE_FIELD(VirtIO, status),
    DEVICE_FIELD(VirtIO, isr),
    DEVICE_FIELD(VirtIO, generation),
    DEVICE_FIELD(VirtIO, broken),
    DEVICE_ARRAY_SINCE(VirtIO, config_saved, 2),
    DEVICE_BLOB_SINCE(VirtIO, own, 3),
    { 0 },
};

static const MMIORegister virtio_mmio_registers[] = {
    { R_MAGIC, "MagicValue" }, { R_VERSION, "Version" }, { R_DEVICE_ID, "DeviceID" }, { R_VENDOR_ID, "VendorID" },
    { R_DEVICE_FEATURES, "DeviceFeatures" }, { R_DEVICE_FEATURES_SEL, "DeviceFeaturesSel" },
    { R_DRIVER_FEATURES, "DriverFeatures" }, { R_DRIVER_FEATURES_SEL, "DriverFeaturesSel" },
    { R_GUEST_PAGE_SIZE, "GuestPageSize" }, { R_QUEUE_SEL, "QueueSel" }, { R_QUEUE_NUM_MAX, "QueueNumMax" },
    { R_QUEUE_NUM, "QueueNum" }, { R_QUEUE_ALIGN, "QueueAlign" }, { R_QUEUE_PFN, "QueuePFN" },
    { R_QUEUE_READY, "QueueReady" }, { R_QUEUE_NOTIFY, "QueueNotify" }, { R_INTERRUPT_STATUS, "InterruptStatus" },
    { R_INTERRUPT_ACK, "InterruptACK" }, { R_STATUS, "Status" }, { R_QUEUE_DESC_LOW, "QueueDescLow" },
    { R_QUEUE_DESC_HIGH, "QueueDescHigh" }, { R_QUEUE_DRIVER_LOW, "QueueDriverLow" },
    { R_QUEUE_DRIVER_HIGH, "QueueDriverHigh" }, { R_QUEUE_DEVICE_LOW, "QueueDeviceLow" },
    { R_QUEUE_DEVICE_HIGH, "QueueDeviceHigh" }, { R_SHM_SEL, "SHMSel" },
    { R_CONFIG_GENERATION, "ConfigGeneration" }, { R_CONFIG, "Config" },
    { 0, NULL },
};

#define VIRTIO_MMIO_CLASS \
    .name = "virtio-mmio", .state_size = sizeof(VirtIO), .version = 3, .fields = virtio_mmio_fields, \
    .registers = virtio_mmio_registers, .reset = virtio_mmio_reset, .pre_save = virtio_mmio_pre_save, \
    .save_problem = virtio_mmio_save_problem, .post_load = virtio_mmio_post_load

/* What a transport without a device is: its registers say so to who looks, the device tree does not mention it. */
static const DeviceClass virtio_mmio_empty_class = { VIRTIO_MMIO_CLASS };
static const DeviceClass virtio_mmio_class = {
    VIRTIO_MMIO_CLASS, .node = { .name = "virtio", .compatible = { "virtio,mmio" } },
};

static const MMIOOps virtio_mmio_ops = { virtio_mmio_read, virtio_mmio_write };

static void (*const init[])(VirtIODevice *d, VirtIO *v, const VirtIOConfig *config) = {
    [VIRTIO_NOTHING] = NULL, [VIRTIO_BLK] = virtio_blk_init, [VIRTIO_RNG] = virtio_rng_init,
    [VIRTIO_NET] = virtio_net_init, [VIRTIO_CONSOLE] = virtio_console_init, [VIRTIO_KEYBOARD] = virtio_input_init,
    [VIRTIO_MOUSE] = virtio_input_init, [VIRTIO_TABLET] = virtio_input_init, [VIRTIO_BALLOON] = virtio_balloon_init,
    [VIRTIO_9P] = virtio_9p_init, [VIRTIO_GPU] = virtio_gpu_init,
    [VHOST_USER_BLK] = vhost_blk_init, [VHOST_USER_FS] = vhost_fs_init,
};

void virtio_mmio_create(uint32_t base, const char *name, const VirtIOConfig *config, bool legacy, const IRQLine *irq)
{
    VirtIO *v = device_new(config->kind ? &virtio_mmio_class : &virtio_mmio_empty_class, name);

    v->legacy = legacy;
    v->irq = irq;
    v->work = (IOWork) { .fn = virtio_work, .opaque = v };
    if (init[config->kind]) {
        init[config->kind](&v->device, v, config);
    }
    v->device_id = v->device.class ? v->device.class->id : 0;
    device_add(&v->dev);
    device_map(&v->dev, base, VIRTIO_MMIO_SIZE, &virtio_mmio_ops);
    if (config->kind == VIRTIO_CONSOLE) {
        virtio_console_attach(&v->device);
    }
}
