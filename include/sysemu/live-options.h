/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What options of the command line say, carried out while the machine runs: the monitors' orders. Arguments are those
 * of the options, as text or as a JSON object. Each returns why it did not work, and nothing has changed (g_free());
 * NULL: it did. I/O thread. Implemented in softmmu/options-live.c.
 */
#ifndef SYSEMU_LIVE_OPTIONS_H
#define SYSEMU_LIVE_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

/* -chardev; changing: the device of that id becomes what the argument, which has no id, says. */
char *live_chardev_add(const char *arg);
char *live_chardev_change(const char *id, const char *arg);
/* -object; and take away one that nothing uses. */
char *live_object_add(const char *arg);
char *live_object_delete(const char *id);
/* -drive if=none: a node that a device may take (device_add). */
char *live_drive_add(const char *arg);
/* -netdev; and take away one that no card has. */
char *live_netdev_add(const char *arg);
char *live_netdev_delete(const char *id);

/* An object of -object that is memory; number i, from 0. False: there are no more. */
typedef struct LiveMemory {
    const char *id;
    uint64_t bytes;
    bool prealloc, share, merge, dump;
} LiveMemory;
bool live_memory_backend(unsigned i, LiveMemory *memory);
/*
 * Object number i, from 0 (type NULL: there are no more); property number n of what was said of it, with its value and
 * its kind: "bool", "int" or "string". False: there are no more.
 */
typedef struct LiveObject {
    const char *id, *type;
} LiveObject;
typedef struct LiveProperty {
    const char *name, *value, *kind;
} LiveProperty;
LiveObject live_object(unsigned i);
bool live_object_property(unsigned i, unsigned n, LiveProperty *property);
/* The id of iothread number i, from 0; NULL: there are no more. */
const char *live_iothread(unsigned i);
#endif
