/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target without a fuzzer: every file of a corpus, each named after what it once broke, and random changes of
 * them.
 *
 *   test-fuzz-NAME CORPUS [ROUNDS [SEED]]      TAP
 *   test-fuzz-NAME FILE...                     run these inputs
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/fuzz/target.h"
#include "tests/unit/tap.h"

enum { MAX_FILES = 256, MAX_FILE = 1 << 20 };

typedef struct Input {
    char name[256];
    uint8_t *data;
    size_t size;
} Input;

static Input inputs[MAX_FILES];
static unsigned num_inputs;
static char running[320];               /* for whoever reads a crash */

static void crashed(int sig)
{
    static const char text[] = "# crashed in: ";

    if (write(STDOUT_FILENO, text, sizeof(text) - 1) > 0 && write(STDOUT_FILENO, running, strlen(running)) > 0) {
        (void)!write(STDOUT_FILENO, "\n", 1);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool input_read(const char *path, const char *name)
{
    FILE *f = fopen(path, "rb");
    Input *in = &inputs[num_inputs];

    if (!f || num_inputs == MAX_FILES) {
        return false;
    }
    in->data = malloc(MAX_FILE);
    in->size = in->data ? fread(in->data, 1, MAX_FILE, f) : 0;
    snprintf(in->name, sizeof(in->name), "%.250s", name);
    fclose(f);
    num_inputs++;
    return in->data != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Input *)a)->name, ((const Input *)b)->name);
}

/* False: no directory. */
static bool corpus_read(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    char file[1024];

    if (!dir) {
        return false;
    }
    while ((e = readdir(dir))) {
        if (e->d_name[0] != '.') {
            snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
            if (!input_read(file, e->d_name)) {
                printf("# cannot read %s\n", file);
                tap_failures++;
            }
        }
    }
    closedir(dir);
    qsort(inputs, num_inputs, sizeof(inputs[0]), by_name);
    return true;
}

static bool run(const uint8_t *data, size_t size, const char *name)
{
    const char *err;

    snprintf(running, sizeof(running), "%.300s", name);
    err = fuzz_one(data, size);
    if (err) {
        printf("# %s: %s\n", name, err);
    }
    return !err;
}

/* An input of the corpus with some bytes changed, or bytes of no origin. Returns the size. */
static size_t mutate(uint8_t *out, uint64_t *state)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff };
    uint64_t r = random64(state);
    size_t size = 0;

    if (num_inputs && r & 7) {
        const Input *in = &inputs[(r >> 8) % num_inputs];

        size = in->size < fuzz_max_input ? in->size : fuzz_max_input;
        memcpy(out, in->data, size);
    } else {
        size = (r >> 8) % (fuzz_max_input < 512 ? fuzz_max_input : 512);
        for (size_t i = 0; i < size; i++) {
            out[i] = (uint8_t)random64(state);
        }
    }
    for (unsigned n = size ? random64(state) % 12 : 0; n; n--) {
        uint64_t what = random64(state);
        uint8_t *p = &out[(what >> 32) % size];

        *p = what & 1 ? (uint8_t)(what >> 8) : what & 2 ? (uint8_t)(*p ^ 1 << (what >> 8 & 7))
                                                        : edges[(what >> 8) % sizeof(edges)];
    }
    /* Now and then cut off. */
    r = random64(state);
    return r & 15 || !size ? size : (r >> 8) % size;
}

static bool random_rounds(unsigned rounds, uint64_t seed)
{
    uint8_t *data = malloc(fuzz_max_input);
    bool good = data != NULL;

    for (unsigned i = 0; i < rounds && good; i++) {
        uint64_t state = (seed + i) * 0x9e3779b97f4a7c15ull | 1;
        char name[64];
        size_t size;

        snprintf(name, sizeof(name), "random, seed %llu", (unsigned long long)(seed + i));
        size = mutate(data, &state);
        good = run(data, size, name);
    }
    free(data);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS [ROUNDS [SEED]] | FILE...\n", argv[0]);
        return 2;
    }
    signal(SIGSEGV, crashed);
    signal(SIGABRT, crashed);
    fuzz_init();
    if (!corpus_read(argv[1])) {
        for (int i = 1; i < argc; i++) {
            const Input *in = &inputs[num_inputs];

            tap_case(input_read(argv[i], argv[i]) && run(in->data, in->size, argv[i]), "%s", argv[i]);
        }
    } else {
        for (unsigned i = 0; i < num_inputs; i++) {
            tap_case(run(inputs[i].data, inputs[i].size, inputs[i].name), "%s", inputs[i].name);
        }
        tap_case(num_inputs, "there is a corpus");
        tap_case(random_rounds(argc > 2 ? (unsigned)atoi(argv[2]) : 2000, argc > 3 ? strtoull(argv[3], NULL, 0) : 1),
                 "random changes of the corpus");
    }
    for (unsigned i = 0; i < num_inputs; i++) {
        free(inputs[i].data);
    }
    return tap_done();
}
