/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A format finds that its own tables are wrong: how managers are told, once for an image. */
#ifndef BLOCK_CORRUPTION_H
#define BLOCK_CORRUPTION_H
#include <stdbool.h>
#include <stdint.h>

struct Image;
/* `fatal`: the image is marked, and takes no more writes. `bytes` 0: no place. Any thread; any lock may be held. */
void corruption_report(const struct Image *image, bool fatal, uint64_t offset, uint64_t bytes, const char *message);
#endif
