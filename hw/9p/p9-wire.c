/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing 9P messages: little-endian, texts with their length in front. */
#include <stdarg.h>
#include <string.h>
#include "hw/9p/p9-internal.h"

static bool take(P9Message *m, unsigned bytes, uint64_t *value)
{
    if (m->in_bytes - m->at < bytes) {
        return false;
    }
    *value = 0;
    for (unsigned i = bytes; i-- > 0;) {
        *value = *value << 8 | m->in[m->at + i];
    }
    m->at += bytes;
    return true;
}

static char *take_text(P9Message *m)
{
    uint64_t length;

    if (!take(m, 2, &length) || m->in_bytes - m->at < length || length > P9_TEXT_MAX ||
        memchr(m->in + m->at, 0, (size_t)length)) {
        return NULL;
    }
    m->at += (uint32_t)length;
    return g_strndup((const char *)m->in + m->at - length, (gsize)length);
}

static bool take_one(P9Message *m, char letter, void *to)
{
    uint64_t value = 0;

    switch (letter) {
    case 'b':
        return take(m, 1, &value) && (*(uint8_t *)to = (uint8_t)value, true);
    case 'w':
        return take(m, 2, &value) && (*(uint16_t *)to = (uint16_t)value, true);
    case 'd':
        return take(m, 4, &value) && (*(uint32_t *)to = (uint32_t)value, true);
    case 'q':
        return take(m, 8, to);
    default:
        return (*(char **)to = take_text(m)) != NULL;
    }
}

bool p9_get(P9Message *m, const char *format, ...)
{
    char **texts[4];
    unsigned n = 0;
    va_list list;
    bool good = true;

    va_start(list, format);
    for (; good && *format; format++) {
        void *to = va_arg(list, void *);

        good = take_one(m, *format, to);
        if (good && *format == 's') {
            g_assert(n < G_N_ELEMENTS(texts));
            texts[n++] = to;
        }
    }
    va_end(list);
    while (!good && n) {
        g_clear_pointer(texts[--n], g_free);
    }
    return good;
}

static bool add(P9Message *m, unsigned bytes, uint64_t value)
{
    if (m->room - m->used < bytes) {
        return false;
    }
    for (unsigned i = 0; i < bytes; i++, value >>= 8) {
        m->out[m->used++] = (uint8_t)value;
    }
    return true;
}

static bool add_text(P9Message *m, const char *text)
{
    const size_t length = strlen(text);

    if (length > UINT16_MAX || m->room - m->used < 2 + length) {
        return false;
    }
    add(m, 2, length);
    memcpy(m->out + m->used, text, length);
    m->used += (uint32_t)length;
    return true;
}

static bool add_qid(P9Message *m, const P9Qid *q)
{
    return add(m, 1, q->type) && add(m, 4, q->version) && add(m, 8, q->path);
}

bool p9_put(P9Message *m, const char *format, ...)
{
    const uint32_t used = m->used;
    va_list list;
    bool good = true;

    va_start(list, format);
    for (; good && *format; format++) {
        switch (*format) {
        case 'b':
            good = add(m, 1, va_arg(list, unsigned));
            break;
        case 'w':
            good = add(m, 2, va_arg(list, unsigned));
            break;
        case 'd':
            good = add(m, 4, va_arg(list, uint32_t));
            break;
        case 'q':
            good = add(m, 8, va_arg(list, uint64_t));
            break;
        case 's':
            good = add_text(m, va_arg(list, const char *));
            break;
        default:
            good = add_qid(m, va_arg(list, const P9Qid *));
            break;
        }
    }
    va_end(list);
    if (!good) {
        m->used = used;
    }
    return good;
}
