/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words for a switch in options, the same wherever one is read. */
#ifndef QEMU_SWITCH_WORD_H
#define QEMU_SWITCH_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* false: it is no such word. */
static inline bool switch_word(const char *text, bool *value)
{
    static const char *const words[][2] = { { "off", "on" }, { "no", "yes" }, { "false", "true" }, { "n", "y" } };

    for (size_t i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
        if (!strcmp(text, words[i / 2][i % 2])) {
            *value = i % 2;
            return true;
        }
    }
    return false;
}

#endif
