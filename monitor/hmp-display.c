/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the screen and what is typed and pointed at. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "monitor/monitor-internal.h"
#include "ui/console.h"
#include "ui/input.h"

/* FILE [-f FORMAT] [DEVICE [HEAD]] */
void hmp_screendump(Monitor *mon, char **argv)
{
    const char *format = NULL, *file = NULL, *device = NULL, *head = NULL;
    char *problem, *end = NULL;
    unsigned long n = 0;

    for (; *argv; argv++) {
        if (!strcmp(*argv, "-f") && argv[1]) {
            format = *++argv;
        } else if (head) {
            file = NULL;
            break;
        } else {
            *(!file ? &file : !device ? &device : &head) = *argv;
        }
    }
    n = head ? strtoul(head, &end, 0) : 0;
    if (!file || (head && (*end || !*head || n > INT_MAX))) {
        monitor_puts(mon, "usage: screendump FILE [-f ppm|png] [DEVICE [HEAD]]\n");
        return;
    }
    problem = screendump(file, format, device, (unsigned)n);
    if (problem) {
        monitor_printf(mon, "%s\n", problem);
        g_free(problem);
    }
}

/* ---- keys and mouse ---- */

/* "ctrl-alt-f1", "a", "0x1e", "<"; the result is the number of keys, 0: *bad is what there is no key for. */
static unsigned parse_keys(const char *text, InputKey *keys, const char **bad)
{
    unsigned count = 0;

    for (;;) {
        size_t len = strcspn(text, "-");
        char *end;

        *bad = text;
        if (count == INPUT_KEYS_MAX) {
            return 0;
        }
        if (!strncmp(text, "0x", 2)) {
            const unsigned long number = strtoul(text, &end, 16);

            keys[count] = end == text + len ? input_key_by_number((unsigned)MIN(number, 0xffff)) : KEY_NONE;
        } else {
            keys[count] = *text == '<' && len == 1 ? KEY_LESS : input_key_by_name(text, len);
        }
        if (keys[count++] == KEY_NONE) {
            return 0;
        }
        if (!text[len]) {
            return count;
        }
        text += len + 1;
    }
}

static bool parse_int(const char *text, long low, long high, int *value)
{
    char *end;
    const long v = strtol(text, &end, 0);

    *value = (int)v;
    return *text && !*end && v >= low && v <= high;
}

/* KEYS [HOLD_MS] */
void hmp_sendkey(Monitor *mon, char **argv)
{
    InputKey keys[INPUT_KEYS_MAX];
    const char *bad, *problem;
    int hold = INPUT_HOLD_MS;
    const unsigned count = parse_keys(argv[0], keys, &bad);

    if (!count) {
        monitor_printf(mon, "invalid parameter: %s\n", bad);
    } else if (argv[1] && !parse_int(argv[1], 0, 60000, &hold)) {
        monitor_printf(mon, "'%s' is no time in milliseconds (0 to 60000)\n", argv[1]);
    } else if ((problem = input_send_keys(keys, count, (unsigned)hold))) {
        monitor_printf(mon, "%s\n", problem);
    }
}

/* DX DY [DZ] */
void hmp_mouse_move(Monitor *mon, char **argv)
{
    int d[3] = { 0, 0, 0 };

    for (int i = 0; i < 3 && argv[i]; i++) {
        if (!parse_int(argv[i], -32768, 32767, &d[i])) {
            monitor_printf(mon, "'%s' is no movement (-32768 to 32767)\n", argv[i]);
            return;
        }
    }
    input_move(d[0], d[1], -d[2]);      /* as QEMU counts: the wheel away from the user */
}

/* STATE: 1 left, 2 right, 4 middle */
void hmp_mouse_button(Monitor *mon, char **argv)
{
    int state;

    if (parse_int(argv[0], 0, 31, &state)) {
        input_buttons((unsigned)state);
    } else {
        monitor_printf(mon, "'%s' is no state of buttons (0 to 31; 1 left, 2 right, 4 middle)\n", argv[0]);
    }
}

void hmp_mouse_set(Monitor *mon, char **argv)
{
    int n;

    if (!parse_int(argv[0], 0, INT_MAX, &n) || !input_mouse_choose((unsigned)n)) {
        monitor_printf(mon, "there is no mouse '%s' ('info mice' lists them)\n", argv[0]);
    }
}

void hmp_info_mice(Monitor *mon, char **argv)
{
    const InputMouse *m;

    for (unsigned n = 0; (m = input_mouse_at(n)); n++) {
        monitor_printf(mon, "%c Mouse #%u: %s%s\n", input_mouse_is_current(m) ? '*' : ' ', n, m->name,
                       m->point ? " (absolute)" : "");
    }
    if (!input_mouse_at(0)) {
        monitor_puts(mon, "No mouse devices connected\n");
    }
}
