/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts and samples by the kernel's events, as perf(1) does: itself, and what each CPU runs. Prints TAP. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOPS = 3 * 1000 * 1000, PERIOD = 100 * 1000, PAGES = 16, MAX_CPUS = 4 };

static unsigned cases;

static void ok(bool good, const char *what, unsigned long long seen)
{
    printf("%sok %u - %s\n# %llu\n", good ? "" : "not ", ++cases, what, seen);
}

/* Of this thread, or if cpu is not -1, of whatever runs on it; group: -1, or the event to be switched on with. */
static int event_open(uint64_t config, uint64_t period, int cpu, int group)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = config, .sample_period = period,
        .sample_type = PERF_SAMPLE_IP, .disabled = group < 0,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attr, cpu < 0 ? 0 : -1, cpu, group, 0);

    if (fd < 0) {
        perror("# perf_event_open");
    }
    return fd;
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
    int fd = event_open(config, 0, -1, -1);

    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    loop();
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    if (read(fd, &n, sizeof(n)) != sizeof(n)) {
        n = 0;
    }
    close(fd);
    return n;
}

/* Where the kernel puts an event's samples. */
static struct perf_event_mmap_page *map_samples(int fd)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct perf_event_mmap_page *head = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (head == MAP_FAILED) {
        perror("# mmap");
        return NULL;
    }
    return head;
}

/* How many samples there are, and how many of them are of the loop. */
static unsigned samples(const struct perf_event_mmap_page *head, unsigned *of_loop)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *data = (const uint8_t *)head + page;
    unsigned n = 0;

    *of_loop = 0;
    for (uint64_t at = 0; head && at < head->data_head && at < PAGES * page; ) {
        const struct perf_event_header *record = (const struct perf_event_header *)(data + at);
        uint64_t ip;

        if (record->type == PERF_RECORD_SAMPLE) {
            memcpy(&ip, record + 1, sizeof(ip));
            n++;
            *of_loop += ip >= (uintptr_t)loop_begin && ip < (uintptr_t)loop_end;
        }
        /* The kernel stops an event that interrupts too often for the rest of a tick: not all is counted then. */
        if (record->type == PERF_RECORD_THROTTLE) {
            printf("# throttled\n");
        }
        at += record->size;
    }
    return n;
}

static unsigned sample(unsigned *of_loop)
{
    int fd = event_open(PERF_COUNT_HW_INSTRUCTIONS, PERIOD, -1, -1);
    const struct perf_event_mmap_page *head = map_samples(fd);

    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    loop();
    loop();
    loop();
    ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
    close(fd);
    return samples(head, of_loop);
}

/* ---- each CPU ---- */

typedef struct OneCPU {
    unsigned n;
    int insns, cycles, branches;                /* one group: the monitor has three counters */
    int sampled;
    const struct perf_event_mmap_page *head;
} OneCPU;

static void *on_cpu(void *opaque)
{
    const OneCPU *c = opaque;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(c->n, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set)) {
        return NULL;
    }
    ioctl(c->insns, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
    loop();
    ioctl(c->insns, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
    ioctl(c->sampled, PERF_EVENT_IOC_ENABLE, 0);
    loop();
    loop();
    loop();
    ioctl(c->sampled, PERF_EVENT_IOC_DISABLE, 0);
    return NULL;
}

static uint64_t value(int fd)
{
    uint64_t n;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* How often the monitor has interrupted each CPU. */
static void interrupts(unsigned cpus, unsigned long count[])
{
    FILE *file = fopen("/proc/interrupts", "r");
    char line[512];

    memset(count, 0, MAX_CPUS * sizeof(*count));
    while (file && fgets(line, sizeof(line), file)) {
        char *at = strchr(line, ':');

        for (unsigned n = 0; at && strstr(line, "arm-pmu") && n < cpus; n++) {
            count[n] += strtoul(at + 1, &at, 10);
        }
    }
    if (file) {
        fclose(file);
    }
}

/* All CPUs run the loop at the same time; each one's monitor counts it, then interrupts its own CPU. */
static void each_cpu(unsigned cpus)
{
    OneCPU cpu[MAX_CPUS];
    pthread_t thread[MAX_CPUS];
    unsigned long before[MAX_CPUS], after[MAX_CPUS];

    interrupts(cpus, before);
    for (unsigned n = 0; n < cpus; n++) {
        OneCPU *c = &cpu[n];

        c->n = n;
        c->insns = event_open(PERF_COUNT_HW_INSTRUCTIONS, 0, (int)n, -1);
        c->cycles = event_open(PERF_COUNT_HW_CPU_CYCLES, 0, (int)n, c->insns);
        c->branches = event_open(PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 0, (int)n, c->insns);
        c->sampled = event_open(PERF_COUNT_HW_INSTRUCTIONS, PERIOD, (int)n, -1);
        c->head = map_samples(c->sampled);
        pthread_create(&thread[n], NULL, on_cpu, c);
    }
    for (unsigned n = 0; n < cpus; n++) {
        pthread_join(thread[n], NULL);
    }
    interrupts(cpus, after);
    for (unsigned n = 0; n < cpus; n++) {
        uint64_t insns = value(cpu[n].insns), branches = value(cpu[n].branches), cycles = value(cpu[n].cycles);
        unsigned of_loop, taken = samples(cpu[n].head, &of_loop);

        printf("# CPU %u\n", n);
        ok(insns >= 2ull * LOOPS, "its instructions", insns);
        ok(branches >= 1ull * LOOPS && branches < insns, "its branches", branches);
        ok(cycles > 1000, "its cycles", cycles);
        ok(after[n] > before[n], "its monitor interrupts it", after[n] - before[n]);
        ok(taken >= 1 && of_loop * 2 > taken, "most samples are of the loop", taken);
    }
}

int main(void)
{
    uint64_t insns = count(PERF_COUNT_HW_INSTRUCTIONS), cycles = count(PERF_COUNT_HW_CPU_CYCLES);
    unsigned of_loop, n = sample(&of_loop);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    ok(insns >= 2ull * LOOPS && insns < 4ull * LOOPS, "instructions of a loop", insns);
    ok(cycles > 1000, "cycles", cycles);
    ok(n >= 1, "samples are taken", n);
    ok(of_loop * 2 > n, "most of them in the loop", of_loop);
    each_cpu(cpus < MAX_CPUS ? (unsigned)cpus : MAX_CPUS);
    printf("1..%u\n", cases);
    return 0;
}
