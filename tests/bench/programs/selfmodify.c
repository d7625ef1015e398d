/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-modifying code under Linux on ARM: every thread rewrites functions and calls them.
 *
 *     selfmodify THREADS N           each thread writes a function of its own N times, and calls it twice
 *     selfmodify THREADS N shared    the functions of all threads lie in one page
 *
 * A call must give the number that was written last. Prints the line the SPLASH programs print.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifndef __arm__
#error "writes ARM instructions"
#endif

enum { PAGE = 4096, MAX_THREADS = 64, SLOT = PAGE / MAX_THREADS };

static uint8_t *code;               /* the functions; each thread its own place */
static size_t distance;             /* between them */
static long times;                  /* both written before the threads start */
static long wrong[MAX_THREADS];     /* each by its thread */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *modify(void *opaque)
{
    uintptr_t me = (uintptr_t)opaque;
    uint32_t *at = (uint32_t *)(code + me * distance);
    unsigned (*function)(void);

    memcpy(&function, &at, sizeof(function));
    at[2] = 0xe12fff1e;                             /* bx lr */
    for (long i = 0; i < times; i++) {
        unsigned number = (unsigned)(i + me) & 0xffff;

        at[0] = 0xe3a00000 | (number & 0xff);       /* mov r0, #low */
        at[1] = 0xe3800c00 | number >> 8;           /* orr r0, r0, #high << 8 */
        __builtin___clear_cache((char *)at, (char *)(at + 3));
        wrong[me] += function() != number;
        wrong[me] += function() != number;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    double start = now(), begin;
    long threads = argc > 2 ? atol(argv[1]) : 0, bad = 0;
    pthread_t thread[MAX_THREADS];

    times = argc > 2 ? atol(argv[2]) : 0;
    if (threads < 1 || threads > MAX_THREADS || times < 1) {
        fprintf(stderr, "Usage: %s THREADS N [shared]\n", argv[0]);
        return 1;
    }
    distance = argc > 3 && !strcmp(argv[3], "shared") ? SLOT : PAGE;
    code = mmap(NULL, MAX_THREADS * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    begin = now();
    for (long i = 1; i < threads; i++) {
        if (pthread_create(&thread[i], NULL, modify, (void *)(uintptr_t)i)) {
            fprintf(stderr, "no thread %ld\n", i);
            return 1;
        }
    }
    modify(NULL);
    for (long i = 0; i < threads; i++) {
        if (i) {
            pthread_join(thread[i], NULL);
        }
        bad += wrong[i];
    }
    if (bad) {
        fprintf(stderr, "%ld calls ran old code\n", bad);
        return 1;
    }
    printf("selfmodify: parallel %.6f s, total %.6f s, verified\n", now() - begin, now() - start);
    return 0;
}
