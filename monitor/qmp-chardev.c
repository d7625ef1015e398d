/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: ringbuf-read, ringbuf-write, chardev-send-break. I/O thread. */
#include <string.h>
#include "chardev/char.h"
#include "monitor/qmp-internal.h"

enum { READ_MAX = 1 << 20 };

static Chardev *find(QmpCall *call)
{
    Chardev *chr = chardev_ringbuf(qmp_string(call, "device"));

    if (!chr) {
        qmp_fail(call, "There is no ring buffer '%s'", qmp_string(call, "device"));
    }
    return chr;
}

static bool is_base64(const QmpCall *call)
{
    return !g_strcmp0(qmp_string(call, "format"), "base64");
}

/* Text that is not UTF-8 is made so, since an answer can be nothing else. */
void qmp_ringbuf_read(QmpCall *call)
{
    const int64_t size = qmp_int(call, "size", 0);
    Chardev *chr = find(call);
    g_autofree uint8_t *bytes = NULL;
    g_autofree char *text = NULL;
    size_t n;

    if (!chr) {
        return;
    }
    if (size <= 0 || size > READ_MAX) {
        qmp_fail(call, "Parameter 'size' expects a number from 1 to %d", READ_MAX);
        return;
    }
    bytes = g_malloc((size_t)size);
    n = chardev_ringbuf_read(chr, bytes, (size_t)size);
    text = is_base64(call) ? g_base64_encode(bytes, n) : g_utf8_make_valid((const char *)bytes, (gssize)n);
    call->result = json_node_init_string(json_node_alloc(), text);
}

void qmp_ringbuf_write(QmpCall *call)
{
    Chardev *chr = find(call);
    g_autofree uint8_t *bytes = NULL;
    gsize n;

    if (!chr) {
        return;
    }
    if (is_base64(call)) {
        bytes = g_base64_decode(qmp_string(call, "data"), &n);
    } else {
        bytes = (uint8_t *)g_strdup(qmp_string(call, "data"));
        n = strlen((char *)bytes);
    }
    chardev_write(chr, bytes, (int)n);
}

void qmp_chardev_send_break(QmpCall *call)
{
    Chardev *chr = chardev_find(qmp_string(call, "id"));

    if (chr) {
        chardev_send_break(chr);
    } else {
        qmp_fail(call, "Chardev '%s' not found", qmp_string(call, "id"));
    }
}
