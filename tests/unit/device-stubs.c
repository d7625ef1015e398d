/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See device-stubs.h. Only the CPU inputs are safe to use from several threads. */
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "device-stubs.h"
#include "exec/memory.h"
#include "fake-clock.h"
#include "hw/boards.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "sysemu/cpu-hold.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

/* ---- TAP ---- */
void ok(bool good, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tap_vcase(good, fmt, ap);
    va_end(ap);
}

void ok_eq_at(uint64_t got, uint64_t want, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tap_vcase(got == want, fmt, ap);
    va_end(ap);
    if (got != want) {
        printf("# got 0x%llx, want 0x%llx\n", (unsigned long long)got, (unsigned long long)want);
    }
}

int test_done(void)
{
    return tap_done();
}

/* ---- memory ---- */
static MemoryRegion regions[64];
static size_t num_regions;

static MemoryRegion *add_region(uint32_t base, uint32_t size, const MMIOOps *ops, void *opaque, const char *name)
{
    MemoryRegion *r = &regions[num_regions++];

    for (size_t i = 0; i + 1 < num_regions; i++) {
        if (base < regions[i].base + regions[i].size && regions[i].base < base + size) {
            ok(false, "region %s overlaps %s", name, regions[i].name);
        }
    }
    *r = (MemoryRegion) { .base = base, .size = size, .ops = ops, .opaque = opaque, .name = name };
    return r;
}

MemoryRegion *memory_add_mmio(uint32_t base, uint32_t size, const MMIOOps *ops, void *opaque, const char *name)
{
    return add_region(base, size, ops, opaque, name);
}

MemoryRegion *memory_add_rom(uint32_t base, uint32_t size, uint8_t *host, const MMIOOps *ops, void *opaque,
                             const char *name)
{
    MemoryRegion *r = add_region(base, size, ops, opaque, name);

    r->rom = host;
    r->rom_shown = true;
    return r;
}

MemoryRegion *memory_add_unimplemented(uint32_t base, uint32_t size, const char *name, const AbsentAnswer *answers)
{
    return add_region(base, size, NULL, NULL, name);
}

static MemoryRegion *region_of(uint32_t addr)
{
    for (size_t i = 0; i < num_regions; i++) {
        if (addr - regions[i].base < regions[i].size && regions[i].ops) {
            return &regions[i];
        }
    }
    printf("Bail out! no device at 0x%x\n", addr);
    exit(1);
}

uint32_t reg_read_as(unsigned cpu, uint32_t addr, unsigned size)
{
    MemoryRegion *r = region_of(addr);

    return r->ops->read(r->opaque, addr - r->base, size, cpu);
}

void reg_write_as(unsigned cpu, uint32_t addr, uint32_t value, unsigned size)
{
    MemoryRegion *r = region_of(addr);

    r->ops->write(r->opaque, addr - r->base, value, size, cpu);
}

uint32_t rd(uint32_t addr)
{
    return reg_read_as(0, addr, 4);
}

void wr(uint32_t addr, uint32_t value)
{
    reg_write_as(0, addr, value, 4);
}

uint8_t bench_ram[BENCH_RAM_SIZE];

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    return phys < BENCH_RAM_SIZE && len <= BENCH_RAM_SIZE - phys ? bench_ram + phys : NULL;
}

uint32_t memory_ram_size(void)
{
    return BENCH_RAM_SIZE;
}

const uint8_t *memory_read_at(uint32_t phys, uint32_t len, uint32_t *ram)
{
    *ram = phys;
    return memory_ram_ptr(phys, len);
}

MemoryRegion *memory_find(uint32_t phys)
{
    for (size_t i = 0; i < num_regions; i++) {
        if (phys - regions[i].base < regions[i].size) {
            return &regions[i];
        }
    }
    return NULL;
}

/* By devices, which may be told any address. */
uint32_t mmio_read(uint32_t phys, unsigned size, unsigned cpu)
{
    MemoryRegion *r = memory_find(phys);

    return r && r->ops ? r->ops->read(r->opaque, phys - r->base, size, cpu) : 0;
}

void mmio_write(uint32_t phys, uint32_t value, unsigned size, unsigned cpu)
{
    MemoryRegion *r = memory_find(phys);

    if (r && r->ops) {
        r->ops->write(r->opaque, phys - r->base, value, size, cpu);
    }
}

/* ---- time ---- */
void bench_advance(int64_t ns)
{
    fake_clock_advance(ns, UINT_MAX);
}

/* ---- lines, CPUs, run state ---- */
IRQLine bench_line[BENCH_LINES];
int bench_level[BENCH_LINES];
unsigned bench_rises[BENCH_LINES];
int bench_cpu_irq[4];
unsigned bench_resets;

static void line_handler(void *opaque, int n, int level)
{
    bench_rises[n] += level && !bench_level[n];
    __atomic_store_n(&bench_level[n], level, __ATOMIC_SEQ_CST);
}

void bench_init(void)
{
    for (int i = 0; i < BENCH_LINES; i++) {
        irq_init(&bench_line[i], line_handler, NULL, i);
    }
}

void bench_reset(void)
{
    qemu_devices_reset();
}

/* ---- a reader beside a writer ---- */
static struct {
    const BenchBeside *what;
    pthread_t reader;
    bool through;               /* atomic */
    int level;
} beside;

static void *beside_read(void *opaque)
{
    rd(beside.what->read_addr);
    beside.level = __atomic_load_n(&bench_level[beside.what->line], __ATOMIC_SEQ_CST);
    __atomic_store_n(&beside.through, true, __ATOMIC_SEQ_CST);
    return NULL;
}

/* The reader has to wait for the writer we are in, so it is not waited for but for a moment. */
static void beside_arming(void)
{
    fake_clock_advance(beside.what->ns, 0);
    pthread_create(&beside.reader, NULL, beside_read, NULL);
    for (int i = 0; i < 50 && !__atomic_load_n(&beside.through, __ATOMIC_SEQ_CST); i++) {
        usleep(1000);
    }
}

int bench_read_beside_arming(const BenchBeside *what)
{
    beside.what = what;
    beside.through = false;
    beside.level = -1;
    beside.reader = pthread_self();
    fake_clock_before_arming(beside_arming);
    wr(what->addr, what->value);
    if (!pthread_equal(beside.reader, pthread_self())) {
        pthread_join(beside.reader, NULL);
    }
    return beside.level;
}

void cpu_interrupt(int cpu, int line, int level)
{
    __atomic_store_n(&bench_cpu_irq[cpu], level, __ATOMIC_SEQ_CST);
}

int cpu_current_index(void)
{
    return 0;
}

bool bench_can_hold;
unsigned bench_holds;

bool cpu_hold_access(CPUHold *h)
{
    bench_holds += bench_can_hold;
    return bench_can_hold;
}

void cpu_hold_end(CPUHold *h)
{
    bench_holds = 0;
}

bool cpu_wait_begin(void)
{
    return false;
}

void cpu_wait_end(bool token)
{
}

bool bench_resetting;

bool qemu_system_is_resetting(void)
{
    return bench_resetting;
}

void qemu_system_watchdog_request(void)
{
    bench_resets++;
}

void qemu_system_reset_request(void)
{
    bench_resets++;
}

/* ---- characters ---- */
CharFrontend bench_frontend;
static int the_chardev;
char bench_output[4096];
unsigned bench_output_len, bench_accepts;
bool bench_chardev_full;
unsigned bench_chardev_full_after;

Chardev *bench_chardev(void)
{
    return (Chardev *)&the_chardev;
}

void chardev_attach(Chardev *chr, const CharFrontend *fe)
{
    if (chr) {
        bench_frontend = *fe;
    }
}

void chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
    bench_chardev_full |= bench_chardev_full_after && !--bench_chardev_full_after;
    if (!chr) {
        return;
    }
    for (int i = 0; i < len && bench_output_len < sizeof(bench_output); i++) {
        bench_output[bench_output_len++] = (char)buf[i];
    }
}

bool chardev_full(Chardev *chr)
{
    return bench_chardev_full;
}

void chardev_accept_input(Chardev *chr)
{
    bench_accepts++;
}

int bench_input(const char *s, int len)
{
    int done = 0, n;

    while (done < len && (n = bench_frontend.receive(bench_frontend.opaque, (const uint8_t *)s + done, len - done))) {
        done += n;
    }
    return done;
}

bool bench_break(void)
{
    return bench_frontend.event(bench_frontend.opaque, CHR_EVENT_BREAK);
}

/* ---- messages ---- */
int qemu_loglevel;

unsigned bench_logs;
char bench_logged[240];

uint8_t trace_on[TRACE_NB_EVENTS];

void trace_event(TraceEvent event, const char *fmt, ...)
{
}

void qemu_log(const char *fmt, ...)
{
    va_list ap;

    bench_logs++;
    va_start(ap, fmt);
    vsnprintf(bench_logged, sizeof(bench_logged), fmt, ap);
    va_end(ap);
}

unsigned bench_warnings;
char bench_warning[160];

void warn_report(const char *fmt, ...)
{
    va_list ap;

    bench_warnings++;
    va_start(ap, fmt);
    vsnprintf(bench_warning, sizeof(bench_warning), fmt, ap);
    va_end(ap);
}

void error_report(const char *fmt, ...)
{
}

void error_exit(const char *fmt, ...)
{
    printf("Bail out! %s\n", fmt);
    exit(1);
}
