/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner: each test many times, in batches over an array of instances, on two to four CPUs. Before each instance
 * the threads wait for each other and then for a random number of turns of a loop, so that their accesses meet. A
 * thread whose partner has lost its host CPU gives its own up, but not without end. Who runs a thread changes from
 * batch to batch.
 *
 * PARAMETERS (set by litmus.py through the loader device): runs of each test; seed; number of the first test and how
 * many of them, 0: all. One line of results for each test:
 *   litmus NAME VERDICT runs N weak N outcomes 00=N 01=N ...
 */
#include "litmus.h"

#define PARAMETERS ((volatile uint32_t *)0x02100000)

enum { BATCH = 4096, OUTCOMES = 256, MEET_SPINS = 500, MEET_YIELDS = 300, CROWD_YIELDS = 60, SKEW = 32 };

static uint32_t *l1;
static const struct litmus_test *test;
static struct instance *instances;
static struct reads *reads[MAX_THREADS];
static struct line arrived[MAX_THREADS] __attribute__((aligned(HOST_LINE)));
static struct line seeds[MAX_THREADS] __attribute__((aligned(HOST_LINE)));
static struct barrier start __attribute__((aligned(HOST_LINE)));
static uint32_t histogram[OUTCOMES];

static void run_thread(uint32_t t)
{
    thread_fn *fn = test->thread[t];
    struct reads *r = reads[t];
    uint32_t seed = seeds[t].v;
    unsigned n = test->nthreads, yields = n == 2 ? MEET_YIELDS : CROWD_YIELDS;

    barrier_wait(&start, n);
    for (uint32_t i = 0; i < BATCH; i++) {
        arrived[t].v = i + 1;
        for (unsigned other = 0; other < n; other++) {
            uint32_t spins = 0;

            while (arrived[other].v < i + 1 && spins++ < MEET_SPINS) {
                if (spins == MEET_SPINS && yields) {
                    yields--;
                    spins = 0;
                    yield();
                }
            }
        }
        for (uint32_t skew = random32(&seed) % SKEW; skew; skew--) {
            __asm__ volatile("" : : : "memory");
        }
        fn(&instances[i], &r[i]);
    }
    seeds[t].v = seed;
    barrier_wait(&start, n);
}

static void run_batch(unsigned first_cpu, unsigned cpus)
{
    unsigned n = test->nthreads, own = MAX_THREADS;

    memset(instances, 0, BATCH * sizeof(*instances));
    for (unsigned t = 0; t < n; t++) {
        arrived[t].v = 0;
    }
    dsb();
    for (unsigned t = 0; t < n; t++) {
        unsigned cpu = (first_cpu + t) % cpus;

        if (cpu) {
            run_on(cpu, run_thread, t);
        } else {
            own = t;
        }
    }
    if (own < n) {
        run_thread(own);
    }
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        wait_for(cpu);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        const struct reads *r[MAX_THREADS] = { &reads[0][i], &reads[1][i], &reads[2][i], &reads[3][i] };

        histogram[test->outcome(&instances[i], r) % OUTCOMES]++;
    }
}

static void report(uint32_t runs)
{
    print("litmus %s %s runs %u weak %u outcomes", test->name, test->verdict == FORBIDDEN ? "forbidden" : "allowed",
          (unsigned)runs, (unsigned)histogram[test->weak]);
    for (uint32_t key = 0; key < OUTCOMES; key++) {
        if (histogram[key]) {
            print(" ");
            for (unsigned v = test->nvalues; v--;) {
                print("%u", (unsigned)(key >> 2 * v & 3));
            }
            print("=%u", (unsigned)histogram[key]);
        }
    }
    print("\n");
}

static void mmu_job(uint32_t argument)
{
    (void)argument;
    mmu_on(l1);
}

int test_main(void)
{
    uint32_t runs = PARAMETERS[0], seed = PARAMETERS[1];
    unsigned cpus = num_cpus(), end = litmus_test_count;

    if (PARAMETERS[3] && PARAMETERS[3] < end - PARAMETERS[2]) {
        end = PARAMETERS[2] + PARAMETERS[3];
    }
    l1 = mmu_new_table();
    mmu_on(l1);
    instances = heap_alloc(BATCH * sizeof(*instances), HOST_LINE);
    for (unsigned t = 0; t < MAX_THREADS; t++) {
        reads[t] = heap_alloc(BATCH * sizeof(struct reads), 4096);
        seeds[t].v = random32(&seed);
    }
    smp_start();
    for (unsigned cpu = 1; cpu < cpus; cpu++) {
        run_on(cpu, mmu_job, 0);
        wait_for(cpu);
    }
    for (unsigned n = PARAMETERS[2]; n < end; n++) {
        uint32_t done_runs = 0;

        test = &litmus_tests[n];
        if (test->nthreads > cpus) {
            continue;
        }
        memset(histogram, 0, sizeof(histogram));
        for (unsigned batch = 0; done_runs < runs; batch++) {
            run_batch(batch % cpus, cpus);
            done_runs += BATCH;
        }
        report(done_runs);
    }
    print("litmus end\n");
    return 0;
}
