/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: which image is behind this one, and what it has itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/bytes.h"
#include "block/qcow2.h"

Image *qcow2_backing(Image *image)
{
    return __atomic_load_n(&((Qcow2 *)image)->backing, __ATOMIC_ACQUIRE);
}

Image *qcow2_swap_backing(Image *image, Image *behind)
{
    Qcow2 *q = (Qcow2 *)image;
    Image *old = q->backing;

    __atomic_store_n(&q->backing, behind, __ATOMIC_RELEASE);
    return old;
}

int qcow2_forget_backing(Image *image)
{
    Qcow2 *q = (Qcow2 *)image;
    uint8_t none[QH_CLUSTER_BITS - QH_BACKING_OFFSET] = { 0 };
    int ret;

    /* What the tables say must be there before the name goes. */
    ret = image_flush(image);
    ret = ret ? ret : host_file_write(q->file, QH_BACKING_OFFSET, none, sizeof(none));
    return ret ? ret : host_file_flush(q->file);
}

int qcow2_allocation(Image *image, uint64_t offset, uint64_t bytes)
{
    Qcow2 *q = (Qcow2 *)image;
    int kinds = 0, ret = 0;

    pthread_mutex_lock(&q->map);
    while (bytes && !ret) {
        uint64_t rest = q->cluster_size - qcow2_within(q, offset), n = rest < bytes ? rest : bytes;
        Mapping m;

        ret = qcow2_map(q, offset, n, &m);
        kinds |= !ret && m.kind == CLUSTER_UNALLOCATED ? IMAGE_HAS_NOT : IMAGE_HAS;
        offset += n;
        bytes -= n;
    }
    pthread_mutex_unlock(&q->map);
    return ret ? ret : kinds;
}
