/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives block/image.h from standard input, for tests/block: image-tool IMAGE [readonly] [direct] [nolock]
 * [temporary] [format=F]; then a line per command, each answered by one line:
 *
 *     read OFFSET BYTES           the CRC-32 of what was read
 *     write OFFSET BYTES SEED     bytes made from SEED
 *     write-magic OFFSET          the first bytes of a qcow2 image
 *     zero OFFSET BYTES | unmap OFFSET BYTES | flush | check | repair | size | commit | resize BYTES
 *     snapshot NAME BYTES SEED    a snapshot, with so much state made from SEED
 *     state NAME                  the CRC-32 of a snapshot's state
 *     revert NAME | delete NAME | list
 *     random COUNT SEED           COUNT random operations, compared with a copy in memory
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "block/image.h"
#include "block/qcow2.h"

static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void fill(uint8_t *p, size_t bytes, uint64_t seed)
{
    uint64_t v = seed * 0x9e3779b97f4a7c15ull + 1;

    for (size_t i = 0; i < bytes; i++) {
        v = v * 6364136223846793005ull + 1442695040888963407ull;
        p[i] = (uint8_t)(v >> 56);
    }
}

static void answer(int ret)
{
    if (ret) {
        printf("error %s\n", strerror(-ret));
    } else {
        printf("ok\n");
    }
}

/* A random range, mostly small, sometimes large, sometimes aligned. */
static void pick_range(const Image *image, uint64_t *offset, uint64_t *bytes)
{
    uint64_t most = next_random() % 8 ? 10000 : 700000;

    *offset = next_random() % image->bytes;
    *bytes = next_random() % most + 1;
    if (next_random() % 2) {
        *offset &= ~4095ull;
        *bytes = (*bytes + 4095) & ~4095ull;
    }
    if (*bytes > image->bytes - *offset) {
        *bytes = image->bytes - *offset;
    }
}

static void random_operations(Image *image, unsigned count)
{
    uint8_t *copy = malloc(image->bytes), *buffer = malloc(1 << 20);
    int ret = image_read(image, 0, copy, image->bytes);

    for (unsigned i = 0; !ret && i < count; i++) {
        uint64_t offset, bytes;

        pick_range(image, &offset, &bytes);
        switch (next_random() % 8) {
        case 0: case 1: case 2:
            fill(copy + offset, bytes, next_random());
            ret = image_write(image, offset, copy + offset, bytes);
            break;
        case 3:
            memset(copy + offset, 0, bytes);
            ret = image_write_zeroes(image, offset, bytes, next_random() % 2);
            break;
        case 4:
            ret = image_flush(image);
            break;
        default:
            ret = image_read(image, offset, buffer, bytes);
            if (!ret && memcmp(buffer, copy + offset, bytes)) {
                printf("differs at %" PRIu64 " + %" PRIu64 ", operation %u\n", offset, bytes, i);
                free(copy);
                free(buffer);
                return;
            }
        }
    }
    if (!ret) {
        uint8_t *all = malloc(image->bytes);

        ret = image_read(image, 0, all, image->bytes);
        if (!ret && memcmp(all, copy, image->bytes)) {
            printf("differs at the end\n");
            exit(1);
        }
        free(all);
    }
    free(copy);
    free(buffer);
    answer(ret);
}

static void read_crc(Image *image, uint64_t offset, uint64_t bytes)
{
    uint8_t *buffer = malloc(bytes + 1);
    int ret = image_read(image, offset, buffer, bytes);

    if (ret) {
        answer(ret);
    } else {
        printf("%08lx\n", crc32(0, buffer, (uInt)bytes));
    }
    free(buffer);
}

static void check(Image *image, bool repair)
{
    Qcow2Check c;
    int ret = qcow2_check((Qcow2 *)image, repair, &c);

    if (ret) {
        answer(ret);
    } else {
        printf("leaks %" PRIu64 " errors %" PRIu64 " repaired %" PRIu64 "\n", c.leaks, c.errors, c.repaired);
    }
}

static void write_seeded(Image *image, uint64_t offset, uint64_t bytes, uint64_t seed)
{
    uint8_t *buffer = malloc(bytes + 1);

    fill(buffer, bytes, seed);
    answer(image_write(image, offset, buffer, bytes));
    free(buffer);
}

static void commit(Image *image)
{
    char *error = NULL;

    if (qcow2_commit(image, &error)) {
        printf("error %s\n", error);
        free(error);
    } else {
        printf("ok\n");
    }
}

/* ---- snapshots ---- */

static void snapshot(Image *image, const char *name, uint64_t bytes, uint64_t seed)
{
    BlockSnapshot what = { .name = (char *)(uintptr_t)name, .state_bytes = bytes, .date_s = 1600000000,
                           .clock_ns = 5000000000 };
    uint8_t *buffer = malloc(bytes + 1);
    int ret = 0;

    fill(buffer, bytes, seed);
    /* In pieces that are no clusters. */
    for (uint64_t at = 0; !ret && at < bytes; at += 100000) {
        ret = image->ops->snapshots->write_state(image, at, buffer + at, bytes - at < 100000 ? bytes - at : 100000);
    }
    free(buffer);
    answer(ret ? ret : image->ops->snapshots->create(image, &what));
}

static void list_snapshots(Image *image, const char *state_of)
{
    BlockSnapshot *list;
    unsigned count;
    int ret = image->ops->snapshots->list(image, &list, &count);

    for (unsigned i = 0; !ret && i < count; i++) {
        if (!state_of) {
            printf("%s=%s:%" PRIu64 " ", list[i].id, list[i].name, list[i].state_bytes);
        } else if (!strcmp(list[i].name, state_of)) {
            uint8_t *buffer = malloc(list[i].state_bytes + 1);

            ret = image->ops->snapshots->read_state(image, state_of, 0, buffer, list[i].state_bytes);
            printf("%08lx ", crc32(0, buffer, (uInt)list[i].state_bytes));
            free(buffer);
        }
        free(list[i].id);
        free(list[i].name);
    }
    if (!ret) {
        free(list);
    }
    answer(ret);
}

/* False: it is no command about snapshots. */
static bool snapshot_command(Image *image, const char *line)
{
    const ImageSnapshotOps *ops = image->ops->snapshots;
    char verb[16] = "", name[100] = "";
    uint64_t bytes = 0, seed = 0;

    sscanf(line, "%15s %99s %" SCNu64 " %" SCNu64, verb, name, &bytes, &seed);
    if (!strcmp(verb, "snapshot")) {
        snapshot(image, name, bytes, seed);
    } else if (!strcmp(verb, "list") || !strcmp(verb, "state")) {
        list_snapshots(image, *verb == 's' ? name : NULL);
    } else if (!strcmp(verb, "revert")) {
        answer(ops->revert(image, name));
    } else if (!strcmp(verb, "delete")) {
        answer(ops->delete(image, name));
    } else {
        return false;
    }
    fflush(stdout);
    return true;
}

static void command(Image *image, const char *line)
{
    uint64_t a = 0, b = 0, c = 0;
    char verb[16] = "";

    sscanf(line, "%15s %" SCNu64 " %" SCNu64 " %" SCNu64, verb, &a, &b, &c);
    if (strcmp(verb, "random") && strcmp(verb, "resize") && (a > image->bytes || b > image->bytes - a)) {
        printf("error range\n");
    } else if (!strcmp(verb, "read")) {
        read_crc(image, a, b);
    } else if (!strcmp(verb, "write")) {
        write_seeded(image, a, b, c);
    } else if (!strcmp(verb, "write-magic")) {
        answer(image_write(image, a, "QFI\xfb\0\0\0\3", 8));
    } else if (!strcmp(verb, "zero") || !strcmp(verb, "unmap")) {
        answer(image_write_zeroes(image, a, b, *verb == 'u'));
    } else if (!strcmp(verb, "flush")) {
        answer(image_flush(image));
    } else if (!strcmp(verb, "random")) {
        state = b * 2 + 1;
        random_operations(image, (unsigned)a);
    } else if (!strcmp(verb, "commit")) {
        commit(image);
    } else if (!strcmp(verb, "resize")) {
        answer(image_resize(image, a));
    } else if (!strcmp(verb, "size")) {
        printf("%" PRIu64 "\n", image->bytes);
    } else if (!strcmp(verb, "check") || !strcmp(verb, "repair")) {
        check(image, *verb == 'r');
    } else {
        printf("error unknown command\n");
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    ImageOptions options = { 0 };
    char *error, line[256];
    Image *image;

    bool temporary = false;

    for (int i = 2; i < argc; i++) {
        options.readonly |= !strcmp(argv[i], "readonly");
        options.direct |= !strcmp(argv[i], "direct");
        temporary |= !strcmp(argv[i], "temporary");
        options.no_lock |= !strcmp(argv[i], "nolock");
        if (!strncmp(argv[i], "format=", 7)) {
            options.format = argv[i] + 7;
        }
    }
    image = argc < 2 ? NULL : temporary ? image_open_temporary(argv[1], &options, &error)
                                        : image_open(argv[1], &options, &error);
    if (!image) {
        fprintf(stderr, "image-tool: %s\n", argc > 1 ? error : "which image?");
        if (argc > 1) {
            free(error);
        }
        return 1;
    }
    while (fgets(line, sizeof(line), stdin)) {
        if (!image->ops->snapshots || !snapshot_command(image, line)) {
            command(image, line);
        }
    }
    image_close(image);
    return 0;
}
