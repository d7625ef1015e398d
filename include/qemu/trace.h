/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that -trace, -d trace: and the monitor switch on and off by name (docs/tracing.md). Any thread, with any lock
 * held. An event that is off costs the test of a byte. Implemented in util/trace.c.
 */
#ifndef QEMU_TRACE_H
#define QEMU_TRACE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* X(ID, name, what happens and what is said of it). docs/tracing.md has the same list: tests/cli/test-trace.py. */
#define TRACE_EVENTS(X) \
    X(MACHINE_RESET, "machine_reset", "all devices and CPUs are reset: whether the machine runs") \
    X(MACHINE_STATE, "machine_state", "the machine stops or goes on: whether it runs") \
    X(GIC_LINE, "gic_line", "a line of a shared interrupt rises or falls: controller, interrupt, level") \
    X(GIC_PRIVATE_LINE, "gic_private_line", "a CPU's own line rises or falls: controller, CPU, interrupt, level") \
    X(GIC_SGI, "gic_sgi", "a CPU sends a software interrupt: controller, sender, receiver, interrupt") \
    X(GIC_OUTPUT, "gic_output", "a controller raises or lowers the interrupt input of a CPU: controller, CPU, level") \
    X(GIC_ACKNOWLEDGE, "gic_acknowledge", "a CPU takes an interrupt: controller, CPU, interrupt") \
    X(GIC_END, "gic_end", "a CPU ends an interrupt: controller, CPU, interrupt") \
    X(DMA_START, "dma_start", "a channel is enabled: controller, channel, source, destination, list, control, config") \
    X(DMA_ITEM, "dma_item", \
      "a channel goes on to the next item of its list: controller, channel, source, destination") \
    X(DMA_END, "dma_end", "a channel is at its end: controller, channel, why (done, error, disabled)") \
    X(SD_COMMAND, "sd_command", \
      "a card gets a command: card, CMD or ACMD, number, argument, response, state after it") \
    X(ROM_SHOW, "rom_show", "CPUs read a flash memory like RAM again: its name") \
    X(ROM_HIDE, "rom_hide", "CPUs read a flash memory through its commands from now on: its name") \
    X(VIRTIO_NOTIFY, "virtio_notify", "the guest tells a device of new buffers: device, queue") \
    X(VIRTIO_PUSH, "virtio_push", "a device gives a buffer back: device, queue, head, bytes written, interrupt") \
    X(VIRTIO_STATUS, "virtio_status", "the guest writes a device's status: device, status") \
    X(BLK_SUBMIT, "blk_submit", "a device asks for something of a disk: drive, operation, first byte, bytes") \
    X(BLK_DONE, "blk_done", "a thread has carried a request out: drive, operation, first byte, bytes, error") \
    X(NET_SEND, "net_send", "a card sends a frame: network, bytes, destination, source, type") \
    X(NET_RECEIVE, "net_receive", "a network has a frame for a card: network, bytes, destination, source, type") \
    X(NET_LINK, "net_link", "a cable is plugged in or pulled out: network, link") \
    X(USB_PLUG, "usb_plug", "a device is plugged into a USB port: port, device") \
    X(USB_UNPLUG, "usb_unplug", "a device is pulled out of a USB port: port, device") \
    X(USB_TRANSFER, "usb_transfer", \
      "a USB transfer is at its end: list, slot, address, endpoint, token, bytes moved, bytes wanted, last word") \
    X(INPUT_KEY, "input_key", "a key is pressed or released on the host: its name, whether it is down") \
    X(INPUT_MOUSE, "input_mouse", "the host's mouse: movement to the right, down, of the wheel, buttons that are down")

typedef enum TraceEvent {
#define X(id, name, help) TRACE_##id,
    TRACE_EVENTS(X)
    TRACE_NB_EVENTS,
#undef X
} TraceEvent;

/* Atomic, relaxed. */
extern uint8_t trace_on[TRACE_NB_EVENTS];
#define trace_is_on(id) __builtin_expect(__atomic_load_n(&trace_on[TRACE_##id], __ATOMIC_RELAXED), 0)
/* trace(GIC_LINE, "controller=%s ...", ...): arguments are evaluated only if it is on. */
#define trace(id, ...) \
    do { \
        if (trace_is_on(id)) { \
            trace_event(TRACE_##id, __VA_ARGS__); \
        } \
    } while (0)
void trace_event(TraceEvent event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of an event that has no row above. */
void trace_named(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- choosing; main thread ---- */

/* Called for each event; returns whether it is on from now on. `help` is NULL for those that have no text. */
typedef bool TraceVisit(void *opaque, const char *name, const char *help, bool on);
/* Visit the events with a row above, then those of the sources. */
void trace_each(TraceVisit *visit, void *opaque);
/* Somebody else has events, too: each() visits them. */
void trace_add_source(void (*each)(TraceVisit *visit, void *opaque));

/* Switch events whose name fits the pattern ("*": anything, "?": a character). Returns how many there are. */
unsigned trace_set(const char *pattern, bool on);
/* The same for an option: "-" before it means off. It holds for events of the machine to come, too. */
void trace_option(const char *pattern);
/* The machine stands: apply the options' patterns to all its events; a warning for each that fits none. */
void trace_machine_ready(void);
/* Patterns from a file, one a line; '#' begins a comment. False: errno. */
bool trace_option_file(const char *path);
/* Write to a file instead of the log. False: errno. */
bool trace_set_file(const char *path);
void trace_print_events(FILE *out);             /* -trace help */
#endif
