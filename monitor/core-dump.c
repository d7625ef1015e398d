/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump-guest-memory: the machine as an ELF core file for gdb. Memory is by physical addresses, a PT_LOAD for each
 * block of RAM; with paging by virtual ones, a PT_LOAD for each range that CPU 0 maps for all address spaces, which is
 * what an operating system's kernel has. Each CPU is a thread, 1 for CPU 0: NT_PRSTATUS has its registers, NT_ARM_VFP
 * those of the VFP, as in core files of Linux (ELF for the ARM architecture, and linux/elfcore.h). I/O thread.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "exec/memory.h"
#include "monitor/memory-save.h"
#include "monitor/monitor-internal.h"
#include "target/arm/cpu.h"
#include "target/arm/vfp-helper.h"

enum { MAX_BLOCKS = 16, MAX_LOADS = 65533, ARM_HWCAP_VFP = 1 << 6 };

/* What NT_PRSTATUS is on ARM. */
typedef struct PrStatus {
    uint32_t signal[3];
    uint16_t current_signal, pad;
    uint32_t pending, held;
    uint32_t pid, ppid, group, session;
    uint32_t times[8];
    uint32_t regs[18];          /* r0-r15, CPSR, r0 at the last system call */
    uint32_t fp_valid;
} PrStatus;
_Static_assert(sizeof(PrStatus) == 148, "as Linux has it");

typedef struct VFPState {
    uint64_t d[32];
    uint32_t fpscr, pad;
} VFPState;
enum { VFP_BYTES = 32 * 8 + 4 };

/* Of RAM, in the file once. */
typedef struct Block {
    uint32_t base, size;
    uint32_t offset;            /* in the file, from where the blocks begin */
} Block;

typedef struct Layout {
    Block block[MAX_BLOCKS];
    unsigned blocks;
    uint32_t bytes;             /* of all blocks */
    GArray *loads;              /* Elf32_Phdr; p_offset as Block's */
    GByteArray *notes;
} Layout;

static void add_note(Layout *l, const char *name, uint32_t type, const void *data, uint32_t size)
{
    static const uint8_t zeroes[4];
    const uint32_t name_size = (uint32_t)strlen(name) + 1;
    const Elf32_Nhdr header = { name_size, size, type };

    g_byte_array_append(l->notes, (const guint8 *)&header, sizeof(header));
    g_byte_array_append(l->notes, (const guint8 *)name, name_size);
    g_byte_array_append(l->notes, zeroes, -name_size & 3);
    g_byte_array_append(l->notes, data, size);
    g_byte_array_append(l->notes, zeroes, -size & 3);
}

static void add_cpu(Layout *l, const CPUARMState *env)
{
    PrStatus status = { .pid = env->cpu_index + 1, .fp_valid = 1 };
    VFPState vfp = { .fpscr = vfp_fpscr_stopped(env) };

    memcpy(status.regs, env->regs, sizeof(env->regs));
    status.regs[15] &= ~1u;
    status.regs[16] = cpsr_read(env);
    status.regs[17] = env->regs[0];
    memcpy(vfp.d, env->vfp.d, sizeof(env->vfp.d));
    add_note(l, "CORE", NT_PRSTATUS, &status, sizeof(status));
    add_note(l, "LINUX", NT_ARM_VFP, &vfp, VFP_BYTES);
}

/* A byte of RAM is in the file once: at its block's address, not where the block is seen again. */
static void add_blocks(Layout *l, uint64_t begin, uint64_t end)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)) != NULL && l->blocks < MAX_BLOCKS; i++) {
        const uint64_t from = MAX(begin, r->base), to = MIN(end, (uint64_t)r->base + r->size);

        if (r->ram && memory_ram_phys(r->ram_addr) == r->base && from < to) {
            l->block[l->blocks++] = (Block) { (uint32_t)from, (uint32_t)(to - from), l->bytes };
            l->bytes += (uint32_t)(to - from);
        }
    }
}

static void add_load(Layout *l, uint32_t virt, uint32_t phys, uint32_t size, uint32_t offset)
{
    const Elf32_Phdr load = { .p_type = PT_LOAD, .p_offset = offset, .p_vaddr = virt, .p_paddr = phys,
                              .p_filesz = size, .p_memsz = size, .p_flags = PF_R | PF_W | PF_X };

    g_array_append_val(l->loads, load);
}

/* What is mapped for all address spaces, as far as it is RAM. */
static void add_mapping(void *opaque, const MonitorMapping *m)
{
    Layout *l = opaque;

    for (unsigned i = 0; i < l->blocks && m->global; i++) {
        const Block *b = &l->block[i];
        const uint64_t from = MAX(m->phys, b->base), to = MIN(m->phys + m->size, (uint64_t)b->base + b->size);

        if (from < to && l->loads->len < MAX_LOADS) {
            add_load(l, m->virt + (uint32_t)(from - m->phys), (uint32_t)from, (uint32_t)(to - from),
                     b->offset + (uint32_t)(from - b->base));
        }
    }
}

static void add_headers(MemorySave *s, const Layout *l)
{
    const Elf32_Ehdr header = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_CORE, .e_machine = EM_ARM, .e_version = EV_CURRENT, .e_phoff = sizeof(Elf32_Ehdr),
        .e_flags = EF_ARM_EABI_VER5, .e_ehsize = sizeof(Elf32_Ehdr), .e_phentsize = sizeof(Elf32_Phdr),
        .e_phnum = (uint16_t)(l->loads->len + 1),
    };
    const uint32_t at = (uint32_t)(sizeof(header) + (l->loads->len + 1) * sizeof(Elf32_Phdr));
    const Elf32_Phdr note = { .p_type = PT_NOTE, .p_offset = at, .p_filesz = l->notes->len };

    memory_save_add_bytes(s, &header, sizeof(header));
    memory_save_add_bytes(s, &note, sizeof(note));
    for (guint i = 0; i < l->loads->len; i++) {
        Elf32_Phdr load = g_array_index(l->loads, Elf32_Phdr, i);

        load.p_offset += at + l->notes->len;
        memory_save_add_bytes(s, &load, sizeof(load));
    }
    memory_save_add_bytes(s, l->notes->data, l->notes->len);
}

/* NULL: there is no such RAM. */
static MemorySave *make(const MachineState *machine, bool paging, uint64_t begin, uint64_t end)
{
    const uint32_t auxv[] = { AT_HWCAP, ARM_HWCAP_VFP, AT_NULL, 0 };    /* by which gdb knows that there is a VFP */
    MemorySave *s = memory_save_new();
    Layout l = { .notes = g_byte_array_new(), .loads = g_array_new(FALSE, FALSE, sizeof(Elf32_Phdr)) };
    bool good = true;

    for (int i = 0; i < machine->smp; i++) {
        add_cpu(&l, machine->cpu[i]);
    }
    add_note(&l, "CORE", NT_AUXV, auxv, sizeof(auxv));
    add_blocks(&l, begin, end);
    if (paging) {
        monitor_each_mapping(machine->cpu[0], add_mapping, &l);
    }
    for (unsigned i = 0; i < l.blocks && !paging; i++) {
        add_load(&l, l.block[i].base, l.block[i].base, l.block[i].size, l.block[i].offset);
    }
    add_headers(s, &l);
    for (unsigned i = 0; i < l.blocks && good; i++) {
        good = memory_save_add_memory(s, machine->cpu[0], true, l.block[i].base, l.block[i].size);
    }
    g_byte_array_free(l.notes, TRUE);
    g_array_free(l.loads, TRUE);
    if (!good || !l.blocks) {
        memory_save_free(s);
        return NULL;
    }
    return s;
}

static struct {
    bool active, any, failed;
    uint64_t written, total;    /* once it has ended */
    void (*done)(void *opaque, const char *error);
    void *opaque;
} last;

static void dumped(void *opaque, const char *error)
{
    memory_save_progress(&last.written, &last.total);
    last.active = false;
    last.failed = error != NULL;
    last.done(last.opaque, error);
}

const char *core_dump_status(uint64_t *written, uint64_t *total)
{
    *written = last.written;
    *total = last.total;
    if (last.active) {
        memory_save_progress(written, total);
    }
    return !last.any ? "none" : last.active ? "active" : last.failed ? "failed" : "completed";
}

/* What a protocol names. *path is NULL: *fd. */
static char *find_file(const char *protocol, const char **path, int *fd)
{
    *path = NULL;
    *fd = -1;
    if (g_str_has_prefix(protocol, "file:") && protocol[5]) {
        *path = protocol + 5;
        return NULL;
    }
    if (g_str_has_prefix(protocol, "fd:")) {
        *fd = monitor_take_fd(protocol + 3);
        return *fd >= 0 ? NULL : g_strdup_printf("File descriptor named '%s' has not been found", protocol + 3);
    }
    return g_strdup_printf("'%s' is not a place for a dump (file:PATH or fd:NAME)", protocol);
}

bool core_dump_start(const MachineState *machine, const CoreDump *dump, void (*done)(void *opaque, const char *error),
                     void *opaque, char **error)
{
    const uint64_t end = dump->limited ? (uint64_t)dump->begin + (uint64_t)dump->length : 1ull << 32;
    const char *path;
    MemorySave *s;
    int fd;

    if (dump->paging && dump->limited) {
        *error = g_strdup("a dump with 'paging' is of all memory; leave 'begin' and 'length' out");
        return false;
    }
    if (dump->limited && (dump->begin < 0 || dump->length <= 0 || end > 1ull << 32)) {
        *error = g_strdup("'begin' and 'length' are no part of the physical memory");
        return false;
    }
    if (last.active) {
        *error = g_strdup("a dump is being written already");
        return false;
    }
    *error = find_file(dump->protocol, &path, &fd);
    if (*error) {
        return false;
    }
    s = make(machine, dump->paging, dump->limited ? (uint64_t)dump->begin : 0, end);
    if (!s || !memory_save_start(s, path, fd, dumped, NULL)) {
        *error = g_strdup(s ? "other memory is being written to a file"
                            : "there is no RAM between 'begin' and its end");
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    last.active = last.any = true;
    last.done = done;
    last.opaque = opaque;
    return true;
}
