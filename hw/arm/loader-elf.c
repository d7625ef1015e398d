/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF executables for 32-bit ARM, little-endian or BE-8: loadable segments at their physical addresses, and the entry
 * point. A BE-8 file's numbers and data are big-endian, its code is not.
 * ELF specification 1.2, ELF for the Arm Architecture (IHI 0044).
 *
 * Called by hw/arm/loader-kernel.c and hw/arm/loader-device.c on the main thread; no state, no locks. Every number in
 * the file is checked against the file's size; RAM bounds and overlaps are checked by boot_blob_add().
 *
 * Bare-metal programs are linked in ways that no process image is: initialized data whose load addresses lie in a ROM,
 * packed, so that the segment's .bss would fall on the next segment's load address; stacks and heaps in segments
 * without contents that fill memory to its end; names for device registers. Only contents are loaded with insistence.
 */
#include <elf.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "hw/arm/boot-image.h"
#include "qemu/log.h"
#include "qemu/symbols.h"

/* Ends of the two ranges are computed in 64 bits: sums of two 32-bit numbers. */
static bool in_file(uint64_t offset, uint64_t len, uint32_t size)
{
    return offset + len <= size;
}

/* A number of the file; its order is that of the guest's data. */
static uint32_t num(const Elf32_Ehdr *eh, uint32_t v)
{
    return eh->e_ident[EI_DATA] == ELFDATA2MSB ? GUINT32_FROM_BE(v) : GUINT32_FROM_LE(v);
}

static uint16_t num16(const Elf32_Ehdr *eh, uint16_t v)
{
    return eh->e_ident[EI_DATA] == ELFDATA2MSB ? GUINT16_FROM_BE(v) : GUINT16_FROM_LE(v);
}

static Elf32_Phdr read_phdr(const uint8_t *data, const Elf32_Ehdr *eh, unsigned n)
{
    Elf32_Phdr ph;

    memcpy(&ph, data + eh->e_phoff + (size_t)n * eh->e_phentsize, sizeof(ph));
    ph.p_type = num(eh, ph.p_type);
    ph.p_offset = num(eh, ph.p_offset);
    ph.p_vaddr = num(eh, ph.p_vaddr);
    ph.p_paddr = num(eh, ph.p_paddr);
    ph.p_filesz = num(eh, ph.p_filesz);
    ph.p_memsz = num(eh, ph.p_memsz);
    return ph;
}

static char *check_header(const uint8_t *data, uint32_t size, Elf32_Ehdr *eh)
{
    if (size < sizeof(*eh)) {
        return g_strdup("ELF: the file is truncated");
    }
    memcpy(eh, data, sizeof(*eh));
    if (eh->e_ident[EI_CLASS] != ELFCLASS32) {
        return g_strdup("ELF: not a 32-bit file");
    }
    if (eh->e_ident[EI_DATA] != ELFDATA2LSB && eh->e_ident[EI_DATA] != ELFDATA2MSB) {
        return g_strdup("ELF: neither little-endian nor big-endian");
    }
    eh->e_type = num16(eh, eh->e_type);
    eh->e_machine = num16(eh, eh->e_machine);
    eh->e_entry = num(eh, eh->e_entry);
    eh->e_phoff = num(eh, eh->e_phoff);
    eh->e_phentsize = num16(eh, eh->e_phentsize);
    eh->e_phnum = num16(eh, eh->e_phnum);
    eh->e_flags = num(eh, eh->e_flags);
    if (eh->e_machine != EM_ARM) {
        return g_strdup_printf("ELF: made for machine %u, not for ARM", eh->e_machine);
    }
    if (eh->e_ident[EI_DATA] == ELFDATA2MSB && !(eh->e_flags & EF_ARM_BE8)) {
        return g_strdup("ELF: code and data are big-endian (BE-32), which cannot run here: link it with --be8");
    }
    /* A position-independent one is right where it was linked: nothing has to be relocated then. */
    if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN) {
        return g_strdup("ELF: not an executable");
    }
    if (eh->e_phnum == 0 || eh->e_phnum == PN_XNUM) {
        return g_strdup("ELF: no program headers");
    }
    if (eh->e_phentsize < sizeof(Elf32_Phdr) ||
        !in_file(eh->e_phoff, (uint64_t)eh->e_phnum * eh->e_phentsize, size)) {
        return g_strdup("ELF: the program headers are outside the file");
    }
    return NULL;
}

bool boot_is_elf(const uint8_t *data, uint32_t size)
{
    return size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static bool is_loadable(const Elf32_Phdr *ph)
{
    return ph->p_type == PT_LOAD && ph->p_memsz != 0;
}

/* True if the entry point is among the bytes that the segment has in the file. */
static bool has_entry(const Elf32_Phdr *ph, const Elf32_Ehdr *eh)
{
    uint32_t code = eh->e_entry & ~1u;

    return code >= ph->p_vaddr && code - ph->p_vaddr < ph->p_filesz;
}

/*
 * What segment n has in the file. *start: the entry point's physical address, if it is in there: the CPU starts with
 * the MMU off.
 */
static bool load_contents(BootBlobs *blobs, const char *name, const uint8_t *data, const Elf32_Phdr *ph, unsigned n,
                          const Elf32_Ehdr *eh, uint32_t *start, char **err)
{
    bool entry = has_entry(ph, eh);
    char *seg;
    bool ok;

    if (!entry && !boot_range_has_ram(ph->p_paddr, ph->p_filesz)) {
        warn_report("%s (segment %u): 0x%x bytes at 0x%08x are left out: there is no RAM", name, n, ph->p_filesz,
                    ph->p_paddr);
        return true;
    }
    seg = g_strdup_printf("%s (segment %u)", name, n);
    ok = boot_blob_add(blobs, seg, ph->p_paddr, data + ph->p_offset, ph->p_filesz, err);
    g_free(seg);
    if (entry) {
        *start = eh->e_entry - ph->p_vaddr + ph->p_paddr;
    }
    return ok;
}

/* What segment n has beyond its part of the file. */
static void clear_rest(BootBlobs *blobs, const char *name, const Elf32_Phdr *ph, unsigned n)
{
    uint64_t at = (uint64_t)ph->p_paddr + ph->p_filesz;
    char *seg;

    if (at > UINT32_MAX) {
        return;
    }
    seg = g_strdup_printf("%s (segment %u)", name, n);
    boot_blob_clear(blobs, seg, (uint32_t)at, ph->p_memsz - ph->p_filesz);
    g_free(seg);
}

bool boot_load_elf(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry, bool *be8,
                   char **err)
{
    Elf32_Ehdr eh;
    uint32_t start;
    bool loadable = false;
    unsigned i;

    *err = check_header(data, size, &eh);
    if (*err) {
        return false;
    }
    *be8 = eh.e_ident[EI_DATA] == ELFDATA2MSB;
    start = eh.e_entry;
    for (i = 0; i < eh.e_phnum; i++) {
        Elf32_Phdr ph = read_phdr(data, &eh, i);

        if (!is_loadable(&ph)) {
            continue;
        }
        if (ph.p_filesz > ph.p_memsz || (ph.p_filesz && !in_file(ph.p_offset, ph.p_filesz, size))) {
            *err = g_strdup_printf("ELF: segment %u is outside the file", i);
            return false;
        }
        loadable = true;
        if (ph.p_filesz && !load_contents(blobs, name, data, &ph, i, &eh, &start, err)) {
            return false;
        }
    }
    /* Second, so that the messages are about what is to be cleared. */
    for (i = 0; i < eh.e_phnum; i++) {
        Elf32_Phdr ph = read_phdr(data, &eh, i);

        if (is_loadable(&ph) && ph.p_memsz > ph.p_filesz) {
            clear_rest(blobs, name, &ph, i);
        }
    }
    if (!loadable) {
        *err = g_strdup("ELF: nothing to load");
        return false;
    }
    if ((start & 3) == 2) {
        *err = g_strdup_printf("ELF: misaligned entry point 0x%08x", start);
        return false;
    }
    *entry = start;
    symbols_add_elf(data, size);
    return true;
}
