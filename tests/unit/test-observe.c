/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of events: spans, suspension, latencies, the bounded ring, the file at a crash; locks that count. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "qemu/lock.h"
#include "util/observe-internal.h"
#include "tests/unit/tap.h"

static char path[] = "/tmp/test-observe-XXXXXX";
static CountedLock lock;
static uint32_t holder_ready;       /* atomic */

static void wait_ms(long ms)
{
    struct timespec t = { 0, ms * 1000000 };

    nanosleep(&t, NULL);
}

static void test_off(void)
{
    observe_set_track(0);
    observe_begin(OBS_BUILD);
    observe_end(OBS_BUILD);
    observe_sgi_sent(0, 1, 3);
    observe_sgi_taken(0, 1, 3);
    tap_case(!observe_time(0, OBS_BUILD).timed && !observe_sgi_latency(1).timed, "off: no times");
    tap_case(observe_sgi_count(0, true) == 1 && observe_sgi_count(1, false) == 1, "off: SGIs are counted all the same");
}

static void test_spans(void)
{
    const ObserveTrack *t = &observe_tracks[0];
    const ObserveRecord *build = &t->ring[0], *read = &t->ring[1];
    ObserveTime time;

    observe_set_track(0);
    observe_begin(OBS_E_READ);
    observe_begin(OBS_BUILD);
    wait_ms(2);
    observe_end(OBS_BUILD);
    observe_end(OBS_RESTORE);
    observe_end(OBS_E_READ);
    time = observe_time(0, OBS_BUILD);
    tap_case(time.timed == 1 && time.total >= 2000000 && time.max == time.total, "a span has its time");
    tap_case(t->count == 2 && build->kind == OBS_BUILD && read->kind == OBS_E_READ && read->begin <= build->begin &&
             build->end <= read->end, "spans nest; the end of what is not open does nothing");

    observe_begin(OBS_E_READ);
    observe_begin(OBS_FIND_SLOW);
    observe_end(OBS_E_READ);
    tap_case(!t->depth && t->count == 4, "the end of a span ends those inside");

    for (int i = 0; i < OBSERVE_DEPTH + 3; i++) {
        observe_begin(OBS_IDLE);
    }
    for (int i = 0; i < OBSERVE_DEPTH + 3; i++) {
        observe_end(OBS_IDLE);
    }
    tap_case(!t->depth && t->count == 4 + OBSERVE_DEPTH, "too deep a stack loses spans, nothing else");
}

static void test_suspend(void)
{
    const ObserveTrack *t = &observe_tracks[1];

    observe_set_track(1);
    observe_begin(OBS_E_READ);
    observe_begin(OBS_EXECUTE);
    observe_suspend();
    observe_begin(OBS_EXCLUSIVE);
    wait_ms(3);
    observe_end(OBS_EXCLUSIVE);
    observe_resume();
    observe_end(OBS_E_READ);
    /* Execute, E read; Exclusive; Execute, E read */
    tap_case(t->count == 5 && t->ring[2].kind == OBS_EXCLUSIVE && t->ring[0].end <= t->ring[2].begin &&
             t->ring[3].begin >= t->ring[2].end, "what is suspended does not overlap what comes between");
    tap_case(observe_time(1, OBS_EXECUTE).timed == 2 && observe_time(1, OBS_EXECUTE).total <=
             t->ring[0].end - t->ring[0].begin + t->ring[3].end - t->ring[3].begin, "nor does its time count");
}

static void test_interrupts(void)
{
    observe_set_track(2);
    observe_sgi_sent(2, 3, 5);
    wait_ms(1);
    observe_sgi_sent(2, 3, 5);
    wait_ms(1);
    observe_set_track(3);
    observe_sgi_taken(2, 3, 5);
    tap_case(observe_sgi_latency(3).timed == 1 && observe_sgi_latency(3).max >= 2000000,
             "an SGI sent again while it is pending waits from the first time on");
    observe_sgi_taken(2, 3, 5);
    observe_sgi_taken(99, 3, 5);
    observe_sgi_sent(0, 3, 99);
    tap_case(observe_sgi_latency(3).timed == 1, "one that nobody sent has no latency");
    observe_irq_raised(3);
    wait_ms(1);
    observe_irq_taken(3, false);
    observe_irq_taken(3, true);
    tap_case(observe_irq_latency(3).timed == 1 && observe_irq_latency(3).total >= 1000000, "latency of an interrupt");
}

static void *holder(void *opaque)
{
    counted_lock(&lock);
    __atomic_store_n(&holder_ready, 1, __ATOMIC_SEQ_CST);
    wait_ms(20);
    counted_unlock(&lock);
    return NULL;
}

static void test_lock(void)
{
    pthread_t t;

    counted_lock_init(&lock, "test", true);
    counted_lock(&lock);
    counted_unlock(&lock);
    tap_case(lock.acquired == 1 && !lock.contended && lock.hold.timed == 1, "a lock counts");
    if (pthread_create(&t, NULL, holder, NULL)) {
        abort();
    }
    while (!__atomic_load_n(&holder_ready, __ATOMIC_SEQ_CST)) {
        wait_ms(1);
    }
    counted_lock(&lock);
    counted_unlock(&lock);
    pthread_join(t, NULL);
    tap_case(lock.acquired == 3 && lock.contended == 1 && lock.wait.timed == 1 && lock.hold.max >= 20000000,
             "who waited, and how long it was held");
    tap_case(counted_lock_next(NULL) == &lock && !counted_lock_next(&lock), "the list of locks");
}

/* Threads that add to a number in turns: each waits under the lock for its turn and signals the next one's. */
enum { TURN_THREADS = 4, TURNS = 2000 };
static CountedLock turn_lock;
static CountedCond turn_signal;
static unsigned turn, wrong_turns;

static void *take_turns(void *opaque)
{
    unsigned mine = (unsigned)(uintptr_t)opaque;

    for (unsigned i = 0; i < TURNS; i++) {
        counted_lock(&turn_lock);
        while (turn % TURN_THREADS != mine) {
            counted_cond_wait(&turn_signal, &turn_lock);
        }
        wrong_turns += turn != i * TURN_THREADS + mine;
        turn++;
        counted_cond_broadcast(&turn_signal);
        counted_unlock(&turn_lock);
    }
    return NULL;
}

/* And without turns. */
static unsigned together;

static void *add_up(void *opaque)
{
    (void)opaque;
    for (unsigned i = 0; i < 100 * TURNS; i++) {
        counted_lock(&turn_lock);
        together++;
        counted_unlock(&turn_lock);
    }
    return NULL;
}

static void run_threads(void *(*fn)(void *))
{
    pthread_t t[TURN_THREADS];

    for (uintptr_t i = 0; i < TURN_THREADS; i++) {
        if (pthread_create(&t[i], NULL, fn, (void *)i)) {
            abort();
        }
    }
    for (unsigned i = 0; i < TURN_THREADS; i++) {
        pthread_join(t[i], NULL);
    }
}

static void test_threads(void)
{
    run_threads(add_up);
    tap_case(together == 100 * TURNS * TURN_THREADS, "threads that add under a lock lose nothing");
    run_threads(take_turns);
    tap_case(turn == TURNS * TURN_THREADS && !wrong_turns && !turn_signal.waiting,
             "nobody who waits for a signal misses it, and all have the lock then");
}

static void test_ring(void)
{
    const ObserveTrack *t = &observe_tracks[OBSERVE_IO];
    uint64_t begin = observe_now();

    observe_set_track(OBSERVE_IO);
    for (uint64_t i = 0; i < 2 * t->size + 7; i++) {
        observe_span(OBS_LOCK_WAIT, lock.number, begin + i, begin + i + 1);
    }
    tap_case(t->ring[(t->count - 1) % t->size].begin == begin + 2 * t->size + 6, "the latest records are kept");
}

/* What a crash leaves: the spans that are open, and whole JSON. */
static void test_crash(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f;

    observe_set_track(0);
    observe_begin(OBS_FLUSH);
    observe_crash();
    observe_crash();
    tap_case(observe_finish(NULL), "a timeline is written once");
    f = fopen(path, "r");
    tap_case(f && getdelim(&text, &size, 0, f) > 0 && !strncmp(text, "[\n{", 3) && strlen(text) > 2 &&
             !strcmp(text + strlen(text) - 4, "}\n]\n"), "a crash leaves an array");
    tap_case(text && strstr(text, "\"name\":\"Flush\",\"dur\":") && strstr(text, "wait for lock test"),
             "with open spans and the names of locks");
    free(text);
    if (f) {
        fclose(f);
    }
}

int main(void)
{
    int fd = mkstemp(path);

    if (fd < 0) {
        perror(path);
        return 1;
    }
    close(fd);
    test_off();
    tap_case(!observe_start(false, "/nonexistent/file", 1, 4), "a file that cannot be opened");
    tap_case(observe_start(true, path, 1, 4), "start");
    test_spans();
    test_suspend();
    test_interrupts();
    test_lock();
    test_threads();
    test_ring();
    test_crash();
    unlink(path);
    return tap_done();
}
