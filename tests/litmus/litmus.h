/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One litmus test: threads that touch x, y and z of one instance, each value in a cache line of its own, and keep what
 * they read. litmus.c runs the tests of tests.c over many instances (docs/litmus.md).
 */
#ifndef TESTS_LITMUS_LITMUS_H
#define TESTS_LITMUS_LITMUS_H

#include "runtime.h"

enum { MAX_THREADS = 4, HOST_LINE = 64 };

struct line {
    volatile uint32_t v;
    uint32_t pad[HOST_LINE / 4 - 1];
};

struct instance {
    struct line x, y, z;
};

/* What a thread read, at most two values. */
struct reads {
    uint32_t a, b;
};

typedef void thread_fn(struct instance *i, struct reads *r);

enum verdict { ALLOWED, FORBIDDEN };

struct litmus_test {
    const char *name;
    unsigned nthreads;
    thread_fn *thread[MAX_THREADS];
    /* Values that make up the outcome, two bits each, the first one highest. */
    uint32_t (*outcome)(const struct instance *i, const struct reads *r[MAX_THREADS]);
    unsigned nvalues;
    uint32_t weak;              /* the outcome in question */
    enum verdict verdict;       /* of the architecture about it */
};

extern const struct litmus_test litmus_tests[];
extern const unsigned litmus_test_count;

#endif
