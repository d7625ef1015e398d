/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all devices have in common: a name, a lock, a class, and a place in the machine's one list of devices. The class
 * says how the device is reset, which of its fields are its state, what follows from them, and what its registers are
 * called. A device's state struct begins with a Device. docs/adding-a-device.md goes through one.
 *
 * The list is the main thread's: it is built before the CPUs run, and later only devices come and go that are plugged
 * in and out. State is saved and loaded on the main thread with all CPUs stopped. Implemented in hw/core/device.c.
 */
#ifndef HW_DEVICE_H
#define HW_DEVICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "exec/memory.h"
#include "qemu/lock.h"

/*
 * A field of the state that is saved: `count` integers of `size` bytes, one after the other, in each of `structs`
 * structs that lie `stride` bytes apart. `since`: the version of the class that has it first. `is_bool`: 0 or 1,
 * nothing else is loaded. `fixed`: the device was made so; a state in which it is different belongs to another
 * machine.
 */
typedef struct DeviceField {
    const char *name;
    uint32_t offset, count, structs, stride;
    uint8_t size, since;
    bool is_bool, fixed;
    bool is_blob;               /* a DeviceBlob; there are no integers */
} DeviceField;

/*
 * State of no fixed length, in a form of the device's own: pre_save() makes it (g_malloc()), and it is freed when it is
 * written; post_load() finds it, takes what it needs, and may leave it. It may be anything, but no longer than
 * DEVICE_BLOB_MAX.
 */
typedef struct DeviceBlob {
    uint8_t *data;
    uint32_t bytes;
} DeviceBlob;
enum { DEVICE_BLOB_MAX = 512 << 20 };

/* Does not compile for what is not an integer: pointers, floats and structs are no state, or several fields. */
#define DEVICE_INT_SIZE(lvalue) \
    _Generic((lvalue), bool: 1, uint8_t: 1, uint16_t: 2, int: 4, unsigned: 4, int64_t: 8, uint64_t: 8)
#define DEVICE_IS_BOOL(lvalue) _Generic((lvalue), bool: true, default: false)
#define DEVICE_FIELD_OF(type) (((type *)0))
/* The last three of a DeviceField. */
#define DEVICE_INT(lvalue, version) DEVICE_INT_SIZE(lvalue), version, DEVICE_IS_BOOL(lvalue)
#define DEVICE_FIELD_SINCE(type, f, version) \
    { #f, offsetof(type, f), 1, 1, 0, DEVICE_INT(DEVICE_FIELD_OF(type)->f, version), false, false }
/* A constant: it is compared. */
#define DEVICE_FIXED(type, f) \
    { #f, offsetof(type, f), 1, 1, 0, DEVICE_INT(DEVICE_FIELD_OF(type)->f, 1), true, false }
#define DEVICE_FIELD(type, f)   DEVICE_FIELD_SINCE(type, f, 1)
#define DEVICE_COUNT(type, a)   (sizeof(DEVICE_FIELD_OF(type)->a) / sizeof(DEVICE_FIELD_OF(type)->a[0]))
/* All of an array of integers. */
#define DEVICE_ARRAY_SINCE(type, a, version) \
    { #a, offsetof(type, a), DEVICE_COUNT(type, a), 1, 0, DEVICE_INT(DEVICE_FIELD_OF(type)->a[0], version), false, \
      false }
#define DEVICE_ARRAY(type, a)   DEVICE_ARRAY_SINCE(type, a, 1)
/* All of an array of arrays of integers. */
#define DEVICE_EACH_ARRAY_OF(type, a) \
    { #a, offsetof(type, a), sizeof(DEVICE_FIELD_OF(type)->a) / sizeof(DEVICE_FIELD_OF(type)->a[0][0]), 1, 0, \
      DEVICE_INT(DEVICE_FIELD_OF(type)->a[0][0], 1), false, false }
/* A field, or all of an array, of each struct of an array. */
#define DEVICE_EACH_SINCE(type, a, f, version) \
    { #a "." #f, offsetof(type, a[0].f), 1, DEVICE_COUNT(type, a), sizeof(DEVICE_FIELD_OF(type)->a[0]), \
      DEVICE_INT(DEVICE_FIELD_OF(type)->a[0].f, version), false, false }
#define DEVICE_EACH(type, a, f) DEVICE_EACH_SINCE(type, a, f, 1)
#define DEVICE_EACH_ARRAY(type, a, f) \
    { #a "." #f, offsetof(type, a[0].f), DEVICE_COUNT(type, a[0].f), DEVICE_COUNT(type, a), \
      sizeof(DEVICE_FIELD_OF(type)->a[0]), DEVICE_INT(DEVICE_FIELD_OF(type)->a[0].f[0], 1), false, false }

#define DEVICE_BLOB_SINCE(type, f, version) { \
    .name = #f, .offset = offsetof(type, f), .structs = 1, .size = 1, .since = version, \
    .is_blob = _Generic(DEVICE_FIELD_OF(type)->f, DeviceBlob: true) }

/*
 * What a device tree says of every device of the class; where it is and how it is wired, the board knows. Lists end
 * with NULL. `clocks`: the names of its clock inputs, after Linux's bindings; the bus clock is "apb_pclk".
 */
enum { DEVICE_NODE_NAMES = 4 };
typedef struct DeviceNode {
    const char *name;           /* of the node, without address; NULL: the class has no node of its own */
    const char *compatible[DEVICE_NODE_NAMES], *clocks[DEVICE_NODE_NAMES];
    uint32_t second_range;      /* its registers are two ranges, the second from this offset on; 0: one */
} DeviceNode;

typedef struct DeviceClass {
    const char *name;
    size_t state_size;          /* of the struct that begins with Device */
    unsigned version;           /* of fields, from 1 */
    const DeviceField *fields;  /* ends with a NULL name; never NULL: a device without state says device_no_state */
    DeviceNode node;
    const MMIORegister *registers; /* their names, for the log; ends with a NULL name; NULL: none */
    /*
     * The device's constants are set and it is about to be added: are they right, and what follows from them that may
     * fail. Main thread, before the first reset. NULL: it is ready; else what is wrong and what helps, for the user
     * (g_free), and the device is not added. NULL: nothing can be wrong.
     */
    char *(*realize)(void *state);
    /* `state`: the device's struct. With all CPUs stopped, without locks; as in hw/core/reset.c. */
    void (*reset)(void *state);
    /* Fields are going to be saved: bring what is under way to its end. The same conditions. NULL: none. */
    void (*pre_save)(void *state);
    /*
     * After pre_save(): NULL, or why this state cannot be saved now (g_free). NULL: it always can. The same conditions.
     */
    char *(*save_problem)(void *state);
    /* Fields were loaded: make lines, host timers and caches agree with them. The same conditions. NULL: none. */
    void (*post_load)(void *state);
} DeviceClass;

/* The fields of a device that has no state of its own. */
extern const DeviceField device_no_state[];

typedef struct Device {
    const char *name;           /* constant, like class and next */
    const DeviceClass *class;
    CountedLock lock;           /* what it guards is the device's to say */
    struct Device *next;
} Device;

/* Main thread: a zeroed struct of the class, with its Device filled in. error_exit if there is no memory. */
void *device_new(const DeviceClass *class, const char *name);
/* The same with a name for its lock that differs from the device's; NULL: the lock is not used, nor counted. */
void *device_new_lock(const DeviceClass *class, const char *name, const char *lock_name);
/*
 * Its constants are set: it is realized and reset now, is reset with the machine, and is in the list from now on.
 * error_exit with what realize() says is wrong.
 */
void device_add(Device *d);
/* The same for one that comes while the machine runs: NULL, or what is wrong (g_free). Then it is as it was. */
char *device_try_add(Device *d);
/* It is gone: neither reset nor saved any more. Main thread. */
void device_remove(Device *d);
/* Map its registers; the region has its name and its registers' names, ops get `d` as opaque. */
void device_map(Device *d, uint32_t base, uint32_t size, const MMIOOps *ops);

/* All devices in the order of their creation: the one after d, or the first (NULL); NULL at the end. */
Device *device_next(const Device *d);
Device *device_find(const char *name);          /* NULL: none */

/* Integer number i of a field of the device's class. With all CPUs stopped. */
uint64_t device_field_value(const Device *d, const DeviceField *field, uint32_t i);

/* Bring what is under way in any device to its end, before memory is saved: it may still change that. */
void devices_pre_save(void);
/* The machine's state cannot be saved, and why; the text stays. The last one counts. Main thread, at the start. */
void devices_refuse_saving(const char *why);
/* NULL: it can. */
const char *devices_saving_refused(void);
/* After devices_pre_save(): NULL, or why the machine as it is cannot be saved (g_free). */
char *devices_save_problem(void);
/* Write the device's fields. False: f could not be written. */
bool device_save(Device *d, FILE *f);
/*
 * Would device_load() take what f has? False: *err is an allocated message. The device stays as it is. What was said
 * about the device of another name or class is an error, too.
 */
bool device_check(Device *d, FILE *f, char **err);
/* Read the fields. False: *err is an allocated message, and the device is as it was. */
bool device_load(Device *d, FILE *f, char **err);
#endif
