/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back end "testdev": test programs in a guest end the emulator by it, as kvm-unit-tests do. What is written is orders:
 * letters with a decimal number before them, which is 0 if there is none. There is one order: NUMBER 'q' ends the
 * emulator with the exit code 2 * NUMBER + 1, which is never 0. There is no input.
 *
 * Any thread; the lock is Chardev.lock.
 */
#include "chardev/char-internal.h"
#include "sysemu/runstate.h"

typedef struct TestDevice {
    unsigned number;            /* the digits so far */
} TestDevice;

static void testdev_put(Chardev *chr, const uint8_t *buf, size_t len)
{
    TestDevice *t = chr->state;

    for (size_t i = 0; i < len; i++) {
        if (g_ascii_isdigit(buf[i])) {
            t->number = t->number * 10 + (unsigned)(buf[i] - '0');
            continue;
        }
        if (buf[i] == 'q') {
            qemu_system_quit_request((int)((t->number << 1 | 1) & 0xff));
        }
        t->number = 0;
    }
}

static void testdev_remove(Chardev *chr)
{
    g_free(chr->state);
}

static const ChardevBackend testdev_backend = { .name = "testdev", .put = testdev_put, .remove = testdev_remove };

bool chardev_open_testdev(Chardev *chr)
{
    chr->state = g_new0(TestDevice, 1);
    chr->backend = &testdev_backend;
    return true;
}
