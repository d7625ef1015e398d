/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a JSON value ends, in a stream: brackets and strings are followed, the rest is the library's. Size and depth
 * are bounded before the library, which parses by recursion, sees anything.
 */
#include <string.h>
#include "monitor/qmp-internal.h"

void qmp_input_reset(QmpInput *in)
{
    GString *text = in->text ? in->text : g_string_new(NULL);

    g_string_truncate(text, 0);
    *in = (QmpInput) { .text = text };
}

static QmpInputResult broken(QmpInput *in)
{
    qmp_input_reset(in);
    in->broken = true;
    return QMP_BROKEN;
}

/* The end of a line that ends what has begun is the end of what is thrown away, too. */
static QmpInputResult broken_at(QmpInput *in, char c)
{
    broken(in);
    in->broken = c != '\n' && c != '\r';
    return QMP_BROKEN;
}

static void in_string(QmpInput *in, char c)
{
    if (in->escaped) {
        in->escaped = false;
    } else if (c == '\\') {
        in->escaped = true;
    } else if (c == '"') {
        in->in_string = false;
    }
}

QmpInputResult qmp_input_byte(QmpInput *in, char c)
{
    if (in->broken) {
        in->broken = c != '\n' && c != '\r';
        return QMP_MORE;
    }
    if (!in->depth) {
        g_string_truncate(in->text, 0);
        if (strchr(" \t\r\n", c) && c) {
            return QMP_MORE;
        }
        if (c != '{' && c != '[') {
            return broken(in);
        }
    }
    if (in->text->len == QMP_INPUT_MAX || (uint8_t)c == 0xff || (in->in_string && (uint8_t)c < ' ')) {
        return broken_at(in, c);
    }
    g_string_append_c(in->text, c);
    if (in->in_string) {
        in_string(in, c);
    } else if (c == '"') {
        in->in_string = true;
    } else if (c == '{' || c == '[') {
        if (in->depth == QMP_DEPTH_MAX) {
            return broken(in);
        }
        in->open[in->depth++] = c;
    } else if (c == '}' || c == ']') {
        if (in->open[--in->depth] != (c == '}' ? '{' : '[')) {
            return broken(in);
        }
        return in->depth ? QMP_MORE : QMP_VALUE;
    }
    return QMP_MORE;
}
