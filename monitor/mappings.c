/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU's page tables map, as ranges. I/O thread; the CPUs are held. */
#include "monitor/monitor-internal.h"
#include "target/arm/cpu.h"

enum { PAGE = 4096 };

static bool continues(const MonitorMapping *m, uint64_t virt, const ARMPageInfo *p)
{
    return m->size && m->virt + m->size == virt && (uint32_t)(m->phys + m->size) == p->phys && m->priv == p->prot_priv
           && m->user == p->prot_user && m->global == p->global;
}

void monitor_each_mapping(CPUARMState *env, void (*fn)(void *opaque, const MonitorMapping *m), void *opaque)
{
    MonitorMapping m = { 0 };

    for (uint64_t virt = 0; virt < 1ull << 32; virt += PAGE) {
        ARMPageInfo p = { 0 };
        const uint32_t fault = arm_mmu_walk(env, (uint32_t)virt, MMU_DATA_LOAD, true, &p) & 0xf;

        p.phys &= ~(PAGE - 1u);
        /* Rights are told, so a page that the walk refuses for want of them is a page all the same. */
        if (fault == FAULT_NONE || fault == FAULT_PERMISSION_PAGE || fault == FAULT_PERMISSION_SECTION) {
            if (continues(&m, virt, &p)) {
                m.size += PAGE;
                continue;
            }
            if (m.size) {
                fn(opaque, &m);
            }
            m = (MonitorMapping) { (uint32_t)virt, p.phys, PAGE, p.prot_priv, p.prot_user, p.global };
        } else {
            if (m.size) {
                fn(opaque, &m);
            }
            m.size = 0;
            virt |= fault == FAULT_TRANSLATION_SECTION ? 0xff000u : 0;      /* the rest of the megabyte is not there */
        }
    }
    if (m.size) {
        fn(opaque, &m);
    }
}
