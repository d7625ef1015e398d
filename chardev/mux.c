/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The multiplexer ("mon:" devices): several front ends share one device. All write to it; what is typed goes to the one
 * with the focus. Ctrl-a introduces a command to the multiplexer. Runs on the I/O thread.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "chardev/char-internal.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"

static uint8_t escape_key = 0x01;       /* Ctrl-a, or -echr; fixed before the main loop */

void chardev_set_escape(uint8_t key)
{
    escape_key = key;
}

static void mux_print(Chardev *chr, const char *text)
{
    chardev_write(chr, (const uint8_t *)text, (int)strlen(text));
}

static void mux_help(Chardev *chr)
{
    static const char *const lines[][2] = {
        { "h", "print this help" },
        { "x", "exit the emulator" },
        { "s", "write buffered data of files and logs to disk" },
        { "b", "send a break" },
        { "c", "switch between console and monitor" },
    };
    char key[8], text[80];

    if (escape_key < 0x20) {
        snprintf(key, sizeof(key), "C-%c", g_ascii_tolower(escape_key + '@'));
    } else {
        snprintf(key, sizeof(key), g_ascii_isprint(escape_key) ? "%c" : "0x%02x", escape_key);
    }
    mux_print(chr, "\n\r");
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        snprintf(text, sizeof(text), "%s %-4s %s\n\r", key, lines[i][0], lines[i][1]);
        mux_print(chr, text);
    }
    snprintf(text, sizeof(text), "%s %-4s send %s\n\r", key, key, key);
    mux_print(chr, text);
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
    default:
        break;                          /* an unknown command is swallowed, as users know it */
    }
}

void mux_input_byte(Chardev *chr, uint8_t byte)
{
    if (chr->escape) {
        chr->escape = false;
        chardev_input_deliver(chr);     /* what was typed before comes first */
        if (byte == escape_key) {
            chardev_input_push(chr, chr->focus, byte);
        } else {
            mux_command(chr, byte);
        }
    } else if (byte == escape_key) {
        chr->escape = true;
    } else {
        chardev_input_push(chr, chr->focus, byte);
    }
}
