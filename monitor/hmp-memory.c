/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's "x" and "xp": memory as numbers, characters or instructions; "print". I/O thread; the CPUs are held
 * meanwhile.
 * Device registers are read as a CPU would read them, side effects included, as users of QEMU know it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "exec/memory.h"
#include "monitor/monitor-internal.h"
#include "qemu/disas.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

enum { EXAMINE_MAX = 4096 };            /* items of one command */

typedef struct Examine {
    unsigned count, size;               /* size: bytes of an item */
    char format;
    bool physical;
    CPUARMState *env;
} Examine;

static bool parse_format(const char *text, Examine *x)
{
    unsigned long count = 1;
    char *p = (char *)text;

    if (g_ascii_isdigit(*p)) {
        count = strtoul(p, &p, 10);
    }
    if (count < 1 || count > EXAMINE_MAX) {
        return false;
    }
    x->count = (unsigned)count;
    x->format = 'x';
    x->size = 0;
    for (; *p; p++) {
        switch (*p) {
        case 'x': case 'd': case 'u': case 'o': case 'c': case 'i':
            x->format = *p;
            break;
        case 'b':
            x->size = 1;
            break;
        case 'h':
            x->size = 2;
            break;
        case 'w':
            x->size = 4;
            break;
        case 'g':
            x->size = 8;
            break;
        default:
            return false;
        }
    }
    if (!x->size) {
        x->size = x->format == 'c' ? 1 : 4;
    }
    return true;
}

bool monitor_translate(CPUARMState *env, bool physical, uint32_t address, uint32_t *phys)
{
    ARMPageInfo info;

    if (physical) {
        *phys = address;
        return true;
    }
    if (arm_mmu_walk(env, arm_mva(env, address), MMU_DATA_LOAD, true, &info) != FAULT_NONE) {
        return false;
    }
    *phys = (info.phys & ~0xfffu) | (address & 0xfff);
    return true;
}

/* `size` bytes at any alignment; false if one of them cannot be read. */
static bool read_memory(const Examine *x, uint32_t address, uint8_t *buf, unsigned size)
{
    for (unsigned done = 0; done < size; ) {
        unsigned chunk = MIN(size - done, 0x1000 - ((address + done) & 0xfff));
        uint32_t phys;
        uint8_t *ram;

        if (!monitor_translate(x->env, x->physical, address + done, &phys)) {
            return false;
        }
        ram = memory_ram_ptr(phys, chunk);
        if (ram) {
            memcpy(buf + done, ram, chunk);
        } else {
            uint32_t value;

            chunk = size - done >= 4 && !(phys & 3) ? 4 : size - done >= 2 && !(phys & 1) ? 2 : 1;
            if (!memory_find(phys)) {
                return false;
            }
            value = mmio_read(phys, chunk, x->env->cpu_index);
            memcpy(buf + done, &value, chunk);
        }
        done += chunk;
    }
    return true;
}

bool monitor_read_memory(CPUARMState *env, bool physical, uint32_t address, uint8_t *buf, unsigned size)
{
    const Examine x = { .env = env, .physical = physical };

    return read_memory(&x, address, buf, size);
}

static void print_item(FILE *f, const Examine *x, const uint8_t *buf)
{
    unsigned bits = x->size * 8;
    uint64_t value = 0;
    int64_t sign;

    memcpy(&value, buf, x->size);
    sign = (int64_t)(value << (64 - bits)) >> (64 - bits);
    switch (x->format) {
    case 'd':
        fprintf(f, " %*lld", (int)(bits * 3 / 10 + 2), (long long)sign);
        break;
    case 'u':
        fprintf(f, " %*llu", (int)(bits * 3 / 10 + 1), (unsigned long long)value);
        break;
    case 'o':
        fprintf(f, " 0%0*llo", (int)((bits + 2) / 3), (unsigned long long)value);
        break;
    case 'c':
        fprintf(f, g_ascii_isprint((char)value) ? " '%c'" : " '\\x%02x'", (unsigned)(value & 0xff));
        break;
    default:
        fprintf(f, " 0x%0*llx", (int)(x->size * 2), (unsigned long long)value);
        break;
    }
}

static void examine_numbers(FILE *f, const Examine *x, uint32_t address)
{
    unsigned per_line = x->format == 'c' ? 8 : MAX(16 / x->size, 1);

    for (unsigned i = 0; i < x->count; i++, address += x->size) {
        uint8_t buf[8];

        if (i % per_line == 0) {
            fprintf(f, "%s%08x:", i ? "\n" : "", address);
        }
        if (!read_memory(x, address, buf, x->size)) {
            fprintf(f, " cannot access memory");
            break;
        }
        print_item(f, x, buf);
    }
    fputc('\n', f);
}

static void examine_code(FILE *f, const Examine *x, uint32_t address)
{
    uint32_t thumb = (x->env->regs[15] | address) & 1;

    address &= thumb ? ~1u : ~3u;
    for (unsigned i = 0; i < x->count; i++) {
        uint8_t buf[4];
        unsigned size = thumb ? 2 : 4;

        if (!read_memory(x, address, buf, size)) {
            fprintf(f, "0x%08x:  cannot access memory\n", address);
            break;
        }
        /* BL and BLX of Thumb are a pair of halfwords. */
        if (thumb && (buf[1] & 0xf8) == 0xf0 && read_memory(x, address, buf, 4)) {
            size = 4;
        }
        disas_guest(f, address | thumb, buf, size);
        address += size;
    }
}

static void bad_expression(FILE *f, const char *text, const char *wrong)
{
    fprintf(f, "'%s': %s\n", text, wrong);
}

void hmp_examine(Monitor *mon, const char *format, const char *address_text, bool physical)
{
    Examine x = { .physical = physical, .env = mon->machine->cpu[mon->cpu] };
    const char *wrong;
    int64_t address;
    char *text = NULL;
    size_t size;
    FILE *f;

    if (!parse_format(format, &x)) {
        monitor_printf(mon, "'%s' is not a format (a count up to %d, one of x d u o c i, one of b h w g)\n", format,
                       EXAMINE_MAX);
        return;
    }
    f = open_memstream(&text, &size);
    runstate_hold_cpus();
    wrong = hmp_expression(address_text, x.env, &address);
    if (wrong) {
        bad_expression(f, address_text, wrong);
    } else if (x.format == 'i') {
        examine_code(f, &x, (uint32_t)address);
    } else {
        examine_numbers(f, &x, (uint32_t)address);
    }
    runstate_release_cpus();
    fclose(f);
    monitor_puts(mon, text);
    free(text);
}

static void print_value(FILE *f, char format, int64_t value)
{
    switch (format) {
    case 'd':
        fprintf(f, "%lld\n", (long long)value);
        break;
    case 'u':
        fprintf(f, "%llu\n", (unsigned long long)value);
        break;
    case 'o':
        fprintf(f, "%#llo\n", (unsigned long long)value);
        break;
    case 'c':
        fprintf(f, g_ascii_isprint((char)value) ? "'%c'\n" : "'\\x%02x'\n", (unsigned)(value & 0xff));
        break;
    default:
        fprintf(f, "%#llx\n", (unsigned long long)value);
        break;
    }
}

void hmp_print(Monitor *mon, const char *format, const char *expression)
{
    const char *wrong;
    int64_t value;
    char *text = NULL;
    size_t size;
    FILE *f;

    if (strlen(format) > 1 || (*format && !strchr("xduoc", *format))) {
        monitor_printf(mon, "'%s' is not a format (one of x d u o c)\n", format);
        return;
    }
    f = open_memstream(&text, &size);
    runstate_hold_cpus();
    wrong = hmp_expression(expression, mon->machine->cpu[mon->cpu], &value);
    runstate_release_cpus();
    if (wrong) {
        bad_expression(f, expression, wrong);
    } else {
        print_value(f, *format, value);
    }
    fclose(f);
    monitor_puts(mon, text);
    free(text);
}
