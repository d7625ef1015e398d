/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machines there are: constant, any thread. A machine's back ends: fixed before the CPUs run. */
#include <string.h>
#include "hw/boards.h"
#include "qemu/log.h"

static const MachineClass *const machines[] = {
    &realview_eb_mpcore_machine,
    NULL,
};

const MachineClass *const *machine_list(void)
{
    return machines;
}

const MachineClass *machine_find(const char *name)
{
    for (const MachineClass *const *mc = machines; *mc; mc++) {
        if (!strcmp((*mc)->name, name)) {
            return *mc;
        }
    }
    return NULL;
}

static void check_slot(BackendSlot slot, BackendKind kind, unsigned count)
{
    if (slot.kind != kind || slot.n >= count) {
        error_exit("back end %u of kind %d: the board's table has no such slot", slot.n, (int)kind);
    }
}

Chardev *machine_chardev(const MachineState *m, BackendSlot slot)
{
    check_slot(slot, BACKEND_CHARDEV, MACHINE_SERIALS);
    return m->serial[slot.n];
}

BlockBackend *machine_drive(const MachineState *m, BackendSlot slot)
{
    check_slot(slot, BACKEND_DRIVE, MACHINE_DRIVES);
    return m->drive[slot.n];
}

NetBackend *machine_network(const MachineState *m, BackendSlot slot)
{
    check_slot(slot, BACKEND_NETWORK, 1);
    return m->net;
}

AudioDev *machine_audio(const MachineState *m, BackendSlot slot)
{
    check_slot(slot, BACKEND_AUDIO, 1);
    return m->audio;
}
