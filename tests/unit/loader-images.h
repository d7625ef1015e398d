/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small images in the formats that the boot loader reads, for its unit tests and its fuzzer. Results are allocated. */
#ifndef TESTS_UNIT_LOADER_IMAGES_H
#define TESTS_UNIT_LOADER_IMAGES_H
#include <stdint.h>

enum { UIMAGE_HEADER = 64 };

void put_le32(uint8_t *p, uint32_t v);
void put_be32(uint8_t *p, uint32_t v);
/* level: zlib's */
uint8_t *make_gzip(const void *data, uint32_t size, int level, uint32_t *out_size);

typedef struct UImageFields {
    uint32_t load, entry;
    uint8_t type, comp, os;
} UImageFields;
/* UIMAGE_HEADER + size bytes, whose checksums are right. */
uint8_t *make_uimage(const UImageFields *f, const void *payload, uint32_t size);
/* The header's checksum again, after a change. */
void uimage_sum_header(uint8_t *image);
#endif
