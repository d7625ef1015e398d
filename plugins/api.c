/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plugins call: everything that is not about a block (block.c). Any thread that a plugin runs on. */
#include <string.h>
#include "exec/memory.h"
#include "plugins/plugin-internal.h"
#include "qemu/log.h"

#define ANY(fn) ((void (*)(void))(fn))

/* ---- registering ---- */

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    plugin_register(EVENT_CPU_INIT, id, ANY(cb), NULL);
}

void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    plugin_register(EVENT_CPU_EXIT, id, ANY(cb), NULL);
}

void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    plugin_register(EVENT_CPU_IDLE, id, ANY(cb), NULL);
}

void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    plugin_register(EVENT_CPU_RESUME, id, ANY(cb), NULL);
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb)
{
    plugin_register(EVENT_TRANSLATE, id, ANY(cb), NULL);
}

void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb)
{
    plugin_register(EVENT_FLUSH, id, ANY(cb), NULL);
}

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata)
{
    plugin_register(EVENT_END, id, ANY(cb), userdata);
}

/* A machine has no system calls that the emulator would know of. */
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t cb)
{
}

void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_ret_cb_t cb)
{
}

void qemu_plugin_uninstall(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb)
{
    plugin_leave(id, cb, true);
}

void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb)
{
    plugin_leave(id, cb, false);
}

/* ---- CPUs ---- */

void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb)
{
    for (int i = 0; cb && i < plugin_cpus; i++) {
        cb(id, (unsigned)i);
    }
}

int qemu_plugin_n_vcpus(void)
{
    return plugin_cpus;
}

int qemu_plugin_n_max_vcpus(void)
{
    return plugin_cpus;
}

/* ---- accesses ---- */

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info)
{
    return info & ACCESS_SIZE;
}

bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info)
{
    return info & ACCESS_SIGNED;
}

bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info)
{
    return info & ACCESS_BE;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info)
{
    return info & ACCESS_STORE;
}

struct qemu_plugin_hwaddr {
    InstrumentAddress a;
};

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr)
{
    static _Thread_local struct qemu_plugin_hwaddr here;

    return instrument_address(info, (uint32_t)vaddr, &here.a) ? &here : NULL;
}

bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr)
{
    return haddr && !haddr->a.is_ram;
}

uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr)
{
    return haddr ? haddr->a.phys : 0;
}

const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *haddr)
{
    const MemoryRegion *r;

    if (!haddr || haddr->a.is_ram) {
        return "RAM";
    }
    r = memory_find(haddr->a.phys);
    return r ? r->name : "nothing";
}

/* ---- the rest ---- */

void qemu_plugin_outs(const char *string)
{
    qemu_log_mask(LOG_PLUGIN, "%s", string);
}

bool qemu_plugin_bool_parse(const char *name, const char *val, bool *ret)
{
    static const char *const words[2][3] = { { "off", "no", "false" }, { "on", "yes", "true" } };

    for (int value = 0; name && val && value < 2; value++) {
        for (int i = 0; i < 3; i++) {
            if (!strcmp(val, words[value][i])) {
                *ret = value;
                return true;
            }
        }
    }
    return false;
}

const char *qemu_plugin_path_to_binary(void)
{
    return NULL;
}

uint64_t qemu_plugin_start_code(void)
{
    return 0;
}

uint64_t qemu_plugin_end_code(void)
{
    return 0;
}

uint64_t qemu_plugin_entry_code(void)
{
    return 0;
}
