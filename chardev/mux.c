/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The multiplexer ("mon:" devices): several front ends share one device. All write to it; what is typed goes to the one
 * with the focus. Ctrl-a introduces a command to the multiplexer. Runs on the I/O thread.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "chardev/char-internal.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"

enum { MUX_ESCAPE = 0x01 };             /* Ctrl-a */

static void mux_print(Chardev *chr, const char *text)
{
    chardev_write(chr, (const uint8_t *)text, (int)strlen(text));
}

static void mux_help(Chardev *chr)
{
    mux_print(chr, "\n\r"
              "C-a h    print this help\n\r"
              "C-a x    exit the emulator\n\r"
              "C-a s    write buffered data of files and logs to disk\n\r"
              "C-a b    send a break\n\r"
              "C-a c    switch between console and monitor\n\r"
              "C-a C-a  send C-a\n\r");
}

/* All file systems of the host: that may take its time, and one that does not answer must not stop the I/O thread. */
static void *sync_thread(void *opaque)
{
    Chardev *chr = opaque;

    sync();
    __atomic_store_n(&chr->syncing, false, __ATOMIC_SEQ_CST);
    mux_print(chr, "\n\rdata written to disk\n\r");
    return NULL;
}

static void mux_sync(Chardev *chr)
{
    sigset_t all, old;
    pthread_t thread;

    log_flush();
    if (__atomic_exchange_n(&chr->syncing, true, __ATOMIC_SEQ_CST)) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&thread, NULL, sync_thread, chr) == 0) {
        pthread_detach(thread);
    } else {
        __atomic_store_n(&chr->syncing, false, __ATOMIC_SEQ_CST);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void mux_switch_focus(Chardev *chr)
{
    if (chr->frontend_count < 2) {
        return;
    }
    chardev_event(chr, chr->focus, CHR_EVENT_MUX_OUT);
    chr->focus = (chr->focus + 1) % chr->frontend_count;
    chardev_event(chr, chr->focus, CHR_EVENT_MUX_IN);
}

static void mux_command(Chardev *chr, uint8_t byte)
{
    switch (byte) {
    case 'h':
    case '?':
        mux_help(chr);
        break;
    case 'x':
        mux_print(chr, "\n\rQEMU: Terminated\n\r");
        qemu_system_quit_request(0);
        break;
    case 's':
        mux_sync(chr);
        break;
    case 'b':
        chardev_input_push_break(chr, chr->focus);
        break;
    case 'c':
        mux_switch_focus(chr);
        break;
    case MUX_ESCAPE:
        chardev_input_push(chr, chr->focus, byte);
        break;
    default:
        break;                          /* an unknown command is swallowed, as users know it */
    }
}

void mux_input_byte(Chardev *chr, uint8_t byte)
{
    if (chr->escape) {
        chr->escape = false;
        chardev_input_deliver(chr);     /* what was typed before comes first */
        mux_command(chr, byte);
    } else if (byte == MUX_ESCAPE) {
        chr->escape = true;
    } else {
        chardev_input_push(chr, chr->focus, byte);
    }
}
