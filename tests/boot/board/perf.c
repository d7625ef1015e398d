/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts and samples its own instructions by the kernel's events, as perf(1) does. Prints TAP. */
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOPS = 3 * 1000 * 1000, PERIOD = 100 * 1000, PAGES = 16 };

static unsigned cases;

static void ok(bool good, const char *what, unsigned long long seen)
{
    printf("%sok %u - %s\n# %llu\n", good ? "" : "not ", ++cases, what, seen);
}

static int event_open(uint64_t config, uint64_t period)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = config, .sample_period = period,
        .sample_type = PERF_SAMPLE_IP, .disabled = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* Two instructions a round. */
static __attribute__((noinline, noclone)) void loop(void)
{
    unsigned n = LOOPS;

    __asm__ volatile("loop_begin: subs %0, %0, #1\nbne loop_begin\nloop_end:" : "+r"(n) : : "cc");
}
extern const char loop_begin[], loop_end[];

static uint64_t count(uint64_t config)
{
    uint64_t n = 0;
    int fd = event_open(config, 0);

    if (fd < 0) {
        perror("# perf_event_open");
        return 0;
    }
    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    loop();
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    if (read(fd, &n, sizeof(n)) != sizeof(n)) {
        n = 0;
    }
    close(fd);
    return n;
}

/* Samples, and how many of them are of the loop. */
static unsigned sample(unsigned *of_loop)
{
    int fd = event_open(PERF_COUNT_HW_INSTRUCTIONS, PERIOD);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct perf_event_mmap_page *head = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    unsigned n = 0;
    uint8_t *data;

    *of_loop = 0;
    if (head == MAP_FAILED) {
        perror("# mmap");
        return 0;
    }
    data = (uint8_t *)head + page;
    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    loop();
    loop();
    loop();
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    for (uint64_t at = 0; at < head->data_head && at < PAGES * page; ) {
        struct perf_event_header *record = (struct perf_event_header *)(data + at);
        uint64_t ip;

        if (record->type == PERF_RECORD_SAMPLE) {
            memcpy(&ip, record + 1, sizeof(ip));
            n++;
            *of_loop += ip >= (uintptr_t)loop_begin && ip < (uintptr_t)loop_end;
        }
        at += record->size;
    }
    close(fd);
    return n;
}

int main(void)
{
    uint64_t insns = count(PERF_COUNT_HW_INSTRUCTIONS), cycles = count(PERF_COUNT_HW_CPU_CYCLES);
    unsigned of_loop, n = sample(&of_loop);

    ok(insns >= 2ull * LOOPS && insns < 4ull * LOOPS, "instructions of a loop", insns);
    ok(cycles > 1000, "cycles", cycles);
    ok(n >= 1, "samples are taken", n);
    ok(of_loop * 2 > n, "most of them in the loop", of_loop);
    printf("1..%u\n", cases);
    return 0;
}
