/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machines there are: constant, any thread. A machine's back ends: fixed before the CPUs run. */
#include <string.h>
#include "hw/boards.h"
#include "qemu/log.h"

enum { NONE_PEN = 0x20000000 };         /* behind the largest memory */

static void none_init(MachineState *m)
{
    if (m->kernel) {
        error_exit("-kernel: machine 'none' has nothing for it to run on (-machine realview-eb-mpcore)");
    }
    if (m->virtio[0].kind != VIRTIO_NOTHING) {
        error_exit("-device: machine 'none' has no place for devices (-machine realview-eb-mpcore)");
    }
    m->boot.pen = NONE_PEN;
}

/* For programs that ask what the emulator can do, before they have a machine in mind. */
static const MachineClass none_machine = {
    .name = "none",
    .desc = "no board: a CPU and its memory, for programs that ask what there is",
    .max_cpus = 1,
    .default_cpus = 1,
    .default_ram = 1 << 20,
    .max_ram = 256 << 20,
    .default_cpu = "arm11mpcore",
    .init = none_init,
};

static const MachineClass *const machines[] = {
    &realview_eb_mpcore_machine,
    &none_machine,
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
