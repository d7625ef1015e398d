// SPDX-License-Identifier: GPL-2.0-or-later
// For boot/test-plugins: a plugin as others write them in C++ for version 3 of the interface. Which physical pages and
// which devices are stored to how often, by CPU, and where each CPU is each so many instructions (a sampling
// profiler).
//
//  every=N     instructions between two samples     out=FILE
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <unordered_map>

extern "C" {
#include <qemu-plugin.h>
QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;
}

namespace {

struct Data {
    std::unordered_map<uint64_t, uint64_t> pages;
    std::map<std::string, uint64_t> devices;
    std::unordered_map<uint64_t, uint64_t> samples;
    uint64_t unknown = 0;
};

// In the scoreboard, which begins as zeroes: an object of ours comes with the CPU.
struct PerCpu {
    Data *data;
    uint64_t insns, stores, until_sample;
};

qemu_plugin_scoreboard *board;
qemu_plugin_u64 insns, stores, until_sample;
uint64_t every = 100000;
std::string out = "heat";

PerCpu &of(unsigned cpu)
{
    return *static_cast<PerCpu *>(qemu_plugin_scoreboard_find(board, cpu));
}

void sample(unsigned cpu, void *block)
{
    PerCpu &c = of(cpu);

    c.until_sample = 0;
    c.data->samples[reinterpret_cast<uintptr_t>(block)]++;
}

void stored(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *)
{
    Data &d = *of(cpu).data;
    qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, vaddr);

    if (!where || !qemu_plugin_mem_is_store(info)) {
        d.unknown++;
    } else if (qemu_plugin_hwaddr_is_io(where)) {
        d.devices[qemu_plugin_hwaddr_device_name(where)]++;
    } else {
        d.pages[qemu_plugin_hwaddr_phys_addr(where) >> 12]++;
    }
}

void translated(qemu_plugin_id_t, qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    void *at = reinterpret_cast<void *>(static_cast<uintptr_t>(qemu_plugin_tb_vaddr(tb)));

    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, until_sample, n);
    qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, sample, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_COND_GE, until_sample,
                                              every, at);
    for (size_t i = 0; i < n; i++) {
        qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, insns, 1);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_INLINE_ADD_U64, stores, 1);
        qemu_plugin_register_vcpu_mem_cb(insn, stored, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, nullptr);
    }
}

void begins(qemu_plugin_id_t, unsigned cpu)
{
    of(cpu).data = new Data;
}

void ends(qemu_plugin_id_t, void *)
{
    std::ofstream file(out);

    for (int cpu = 0; cpu < qemu_plugin_num_vcpus(); cpu++) {
        PerCpu &c = of(static_cast<unsigned>(cpu));
        uint64_t seen = c.data->unknown, samples = 0;

        for (const auto &[page, n] : c.data->pages) {
            seen += n;
        }
        for (const auto &[name, n] : c.data->devices) {
            file << "device " << cpu << ' ' << name << ' ' << n << '\n';
            seen += n;
        }
        for (const auto &[at, n] : c.data->samples) {
            samples += n;
        }
        file << "cpu " << cpu << " insns " << qemu_plugin_u64_get(insns, static_cast<unsigned>(cpu)) << " stores "
             << qemu_plugin_u64_get(stores, static_cast<unsigned>(cpu)) << " seen " << seen << " pages "
             << c.data->pages.size() << " samples " << samples << " unknown " << c.data->unknown << '\n';
        delete c.data;
    }
    file << "insns " << qemu_plugin_u64_sum(insns) << '\n';
    qemu_plugin_scoreboard_free(board);
}

}

extern "C" QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const std::string word = argv[i];
        const auto split = word.find('=');

        if (word.compare(0, split, "every") == 0) {
            every = std::stoull(word.substr(split + 1));
        } else if (word.compare(0, split, "out") == 0) {
            out = word.substr(split + 1);
        } else {
            return -1;
        }
    }
    board = qemu_plugin_scoreboard_new(sizeof(PerCpu));
    insns = qemu_plugin_scoreboard_u64_in_struct(board, PerCpu, insns);
    stores = qemu_plugin_scoreboard_u64_in_struct(board, PerCpu, stores);
    until_sample = qemu_plugin_scoreboard_u64_in_struct(board, PerCpu, until_sample);
    qemu_plugin_register_vcpu_init_cb(id, begins);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ends, nullptr);
    return 0;
}
