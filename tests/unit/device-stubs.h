/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for device models: what surrounds a device, in place of the real thing. Register access goes through the ops
 * that the device registered; time stands still unless the test moves it; lines, CPU inputs, characters and resets are
 * recorded.
 */
#ifndef TESTS_UNIT_DEVICE_STUBS_H
#define TESTS_UNIT_DEVICE_STUBS_H
#include <stdbool.h>
#include <stdint.h>
#include "chardev/char.h"
#include "hw/irq.h"

/* TAP. test_done() prints the plan and returns the exit code. */
void ok(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int test_done(void);
#define ok_eq(got, want, ...) ok_eq_at((got), (want), __VA_ARGS__)
void ok_eq_at(uint64_t got, uint64_t want, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Registers by physical address; absent: fails the test. */
uint32_t reg_read_as(unsigned cpu, uint32_t addr, unsigned size);
void reg_write_as(unsigned cpu, uint32_t addr, uint32_t value, unsigned size);
uint32_t rd(uint32_t addr);                     /* word, CPU 0 */
void wr(uint32_t addr, uint32_t value);

/* RAM at 0, for devices that master the bus (fake-dma.h). */
enum { BENCH_RAM_SIZE = 64 * 1024 };
extern uint8_t bench_ram[BENCH_RAM_SIZE];

void bench_advance(int64_t ns);                 /* move the clock (fake-clock.h), letting all timers fire on the way */
void bench_reset(void);                         /* run the reset handlers */

/*
 * Write a register; while the device is about to arm a timer in it, NS pass and another thread reads READ_ADDR. Returns
 * what that thread saw of a line right behind its read.
 */
typedef struct BenchBeside {
    uint32_t addr, value;
    int64_t ns;
    uint32_t read_addr;
    unsigned line;
} BenchBeside;
int bench_read_beside_arming(const BenchBeside *what);

/* Lines a device under test drives. */
enum { BENCH_LINES = 16 };
extern IRQLine bench_line[BENCH_LINES];
extern int bench_level[BENCH_LINES];
extern unsigned bench_rises[BENCH_LINES];
void bench_init(void);

extern int bench_cpu_irq[4];                    /* cpu_interrupt(); atomic */
extern bool bench_can_hold;                     /* what cpu_hold_access() says, */
extern unsigned bench_holds;                    /* and how often it did since the last cpu_hold_end() */
extern bool bench_resetting;                    /* what qemu_system_is_resetting() says */
extern unsigned bench_resets;                   /* qemu_system_reset_request(), _watchdog_request() */
extern unsigned bench_warnings;                 /* warn_report(), and what it said last */
extern char bench_warning[160];
extern unsigned bench_logs;                     /* the same of qemu_log() */
extern char bench_logged[240];

/* The one character back end. */
Chardev *bench_chardev(void);
extern bool bench_chardev_full;                 /* chardev_full() */
extern unsigned bench_chardev_full_after;       /* not 0: it becomes full after so many writes */
extern CharFrontend bench_frontend;             /* what is attached */
extern char bench_output[4096];
extern unsigned bench_output_len, bench_accepts;
/* Offer characters as a back end does: as many as fit; returns how many were taken. */
int bench_input(const char *s, int len);
bool bench_break(void);                         /* was it taken? */
#endif
