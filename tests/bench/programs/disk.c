/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk DEVICE MIB SECONDS: transfers past the page cache. Lines "DISK name value unit": sequential reads and writes of
 * 1 MiB over the first MIB of the device, then reads and writes of 4 KiB at random places, each for so many seconds.
 * Everything that was written sequentially is read again and compared.
 */
#define _GNU_SOURCE     /* O_DIRECT */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 20, SMALL = 4096 };

static int fd;
static uint32_t *buffer;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void fill(uint32_t seed)
{
    for (uint32_t i = 0; i < PIECE / 4; i++) {
        buffer[i] = seed * 2654435761u + i;
    }
}

static void move(int write, off_t offset, size_t bytes)
{
    ssize_t n = write ? pwrite(fd, buffer, bytes, offset) : pread(fd, buffer, bytes, offset);

    if (n != (ssize_t)bytes) {
        fail(write ? "write" : "read");
    }
}

/* The time that a pass takes, without making and comparing what is moved. */
static double sequential(int write, unsigned mib)
{
    double sum = 0;

    for (unsigned i = 0; i < mib; i++) {
        double begin;

        if (write) {
            fill(i);
        }
        begin = now();
        move(write, (off_t)i * PIECE, PIECE);
        sum += now() - begin;
        if (!write && (buffer[0] != i * 2654435761u || buffer[PIECE / 4 - 1] != i * 2654435761u + PIECE / 4 - 1)) {
            fprintf(stderr, "piece %u has other data\n", i);
            exit(1);
        }
    }
    return sum;
}

static double operations(int write, unsigned mib, double seconds)
{
    double begin = now(), end;
    unsigned count = 0;

    fill(12345);
    do {
        move(write, (off_t)((uint32_t)random() % (mib * (PIECE / SMALL))) * SMALL, SMALL);
        count++;
        end = now();
    } while (end - begin < seconds);
    return count / (end - begin);
}

int main(int argc, char **argv)
{
    unsigned mib;
    double seconds;

    if (argc != 4) {
        fprintf(stderr, "usage: disk DEVICE MIB SECONDS\n");
        return 1;
    }
    mib = (unsigned)atoi(argv[2]);
    seconds = atof(argv[3]);
    fd = open(argv[1], O_RDWR | O_DIRECT);
    if (fd < 0 || posix_memalign((void **)&buffer, 4096, PIECE)) {
        fail(argv[1]);
    }
    printf("DISK write %.2f MiB/s\n", mib / sequential(1, mib));
    printf("DISK read %.2f MiB/s\n", mib / sequential(0, mib));
    printf("DISK random-read %.0f 1/s\n", operations(0, mib, seconds));
    printf("DISK random-write %.0f 1/s\n", operations(1, mib, seconds));
    return 0;
}
