/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbol tables of ELF files (ELF specification 1.2; bit 0 of a function's value says Thumb, IHI 0044). Of several
 * names of an address a global one is told; a function without a size reaches to the next one.
 */
#include <elf.h>
#include <stdbool.h>
#include <string.h>
#include <glib.h>
#include "qemu/symbols.h"

typedef struct Symbol {
    uint32_t address, size;
    bool global;
    char *name;
} Symbol;

static bool wanted;
static GArray *symbols;                 /* of Symbol, by rising address; NULL: there are none */

void symbols_want(void)
{
    wanted = true;
}

static gint by_address(gconstpointer pa, gconstpointer pb)
{
    const Symbol *a = pa, *b = pb;

    if (a->address != b->address) {
        return a->address < b->address ? -1 : 1;
    }
    return a->global != b->global ? b->global - a->global : strcmp(a->name, b->name);
}

static Elf32_Shdr section(const uint8_t *data, uint32_t table, unsigned entry_size, unsigned n)
{
    Elf32_Shdr sh;

    memcpy(&sh, data + table + (size_t)n * entry_size, sizeof(sh));
    sh.sh_type = GUINT32_FROM_LE(sh.sh_type);
    sh.sh_offset = GUINT32_FROM_LE(sh.sh_offset);
    sh.sh_size = GUINT32_FROM_LE(sh.sh_size);
    sh.sh_link = GUINT32_FROM_LE(sh.sh_link);
    return sh;
}

static bool is_inside(const Elf32_Shdr *sh, uint32_t size)
{
    return sh->sh_offset <= size && sh->sh_size <= size - sh->sh_offset;
}

static void add_table(const uint8_t *data, const Elf32_Shdr *table, const Elf32_Shdr *names)
{
    for (uint32_t at = 0; table->sh_size - at >= sizeof(Elf32_Sym); at += (uint32_t)sizeof(Elf32_Sym)) {
        const char *text = (const char *)data + names->sh_offset;
        uint32_t name;
        Elf32_Sym sym;
        Symbol s;

        memcpy(&sym, data + table->sh_offset + at, sizeof(sym));
        name = GUINT32_FROM_LE(sym.st_name);
        if (ELF32_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF || name >= names->sh_size ||
            !text[name] || !memchr(text + name, 0, names->sh_size - name)) {
            continue;
        }
        s = (Symbol) { GUINT32_FROM_LE(sym.st_value) & ~1u, GUINT32_FROM_LE(sym.st_size),
                       ELF32_ST_BIND(sym.st_info) == STB_GLOBAL, g_strdup(text + name) };
        g_array_append_val(symbols, s);
    }
}

void symbols_add_elf(const uint8_t *data, uint32_t size)
{
    uint32_t table, entry_size, count;
    Elf32_Ehdr eh;

    if (!wanted || size < sizeof(eh)) {
        return;
    }
    memcpy(&eh, data, sizeof(eh));
    table = GUINT32_FROM_LE(eh.e_shoff);
    entry_size = GUINT16_FROM_LE(eh.e_shentsize);
    count = GUINT16_FROM_LE(eh.e_shnum);
    if (entry_size < sizeof(Elf32_Shdr) || (uint64_t)table + (uint64_t)count * entry_size > size) {
        return;
    }
    if (!symbols) {
        symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
    }
    for (unsigned n = 0; n < count; n++) {
        const Elf32_Shdr sh = section(data, table, entry_size, n);
        Elf32_Shdr names;

        if (sh.sh_type != SHT_SYMTAB || sh.sh_link >= count || !is_inside(&sh, size)) {
            continue;
        }
        names = section(data, table, entry_size, sh.sh_link);
        if (names.sh_type == SHT_STRTAB && is_inside(&names, size)) {
            add_table(data, &sh, &names);
        }
    }
    g_array_sort(symbols, by_address);
}

const char *symbols_find(uint32_t address)
{
    guint low = 0, high = symbols ? symbols->len : 0;
    const Symbol *s;

    while (low < high) {                /* to the first one behind the address */
        const guint middle = (low + high) / 2;

        if (g_array_index(symbols, Symbol, middle).address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (!low) {
        return NULL;
    }
    s = &g_array_index(symbols, Symbol, low - 1);
    while (s != (const Symbol *)(const void *)symbols->data && s[-1].address == s->address) {
        s--;                            /* the best name of it */
    }
    return !s->size || address - s->address < s->size ? s->name : NULL;
}
