/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal of text consoles: what is written, and what is seen then. */
#include <string.h>
#include <glib.h>
#include "tests/unit/tap.h"
#include "ui/vt.h"

enum { COLS = 10, ROWS = 4, RANDOM_BYTES = 300000 };

static char answer[64];

static void reply(void *opaque, const char *text)
{
    g_strlcat(answer, text, sizeof(answer));
}

/* The lines of the view, without spaces at their ends, separated by |. Signs beyond ASCII are ?. */
static const char *seen(const Vt *vt)
{
    static char text[VT_ROWS_MAX * (VT_COLS_MAX + 1)];
    char *to = text;

    for (int y = 0; y < vt->rows; y++) {
        char *line = to;

        for (int x = 0; x < vt->cols; x++) {
            const uint32_t sign = vt_line(vt, y)[x].sign;

            *to++ = sign >= 0x7f ? '?' : sign < ' ' ? '!' : (char)sign;
        }
        while (to > line && to[-1] == ' ') {
            to--;
        }
        *to++ = '|';
    }
    to[-1] = 0;
    return text;
}

static void put(Vt *vt, const char *text)
{
    vt_write(vt, (const uint8_t *)text, strlen(text));
}

/* What a fresh terminal shows of a text. */
static void shows(const char *text, const char *want, const char *name)
{
    Vt *vt = vt_new(COLS, ROWS, reply, NULL);

    put(vt, text);
    tap_case(!strcmp(seen(vt), want), "%s", name);
    if (strcmp(seen(vt), want)) {
        printf("# %s\n", seen(vt));
    }
    vt_free(vt);
}

static void test_text(void)
{
    shows("ab\r\ncd", "ab|cd||", "lines");
    shows("0123456789ab", "0123456789|ab||", "a line that is full goes on in the next one");
    shows("0123456789\r\nab", "0123456789|ab||", "but not before there is more");
    shows("\033[?7l0123456789ab", "012345678b|||", "or never");
    shows("a\tb\bc", "a       c|||", "tab and backspace");
    shows("1\n2\n3\n4\n5", " 2|  3|   4|    5", "the screen scrolls");
    shows("\303\244\342\202\254x\377y", "??x?y|||", "UTF-8, and what is none");
    shows("\303x", "?x|||", "a sign that breaks off");
    shows("\033(0qx\033(Bq", "??q|||", "line drawing");
    shows("\033]0;title\007a\033Pxyz\033\\b", "ab|||", "strings are not for the screen");
    shows("a\033[99qb\033[\030c\033[1\033[1md", "abcd|||", "unknown and broken sequences are not either");
}

static void test_sequences(void)
{
    shows("\033[2;3Hx\033[Ay\033[5Dz", "z  y|  x||", "places");
    shows("\033[99;99Hx\033[H\033[3Cy", "   y|||         x", "no place is outside");
    shows("ab\033[1;2Hc\033[2dd\033[5Ge", "ac|  d e||", "columns and lines");
    shows("abcdef\033[3D\033[K", "abc|||", "erase to the end of the line");
    shows("abcdef\033[3D\033[1K", "    ef|||", "up to the cursor");
    shows("ab\r\ncd\r\nef\033[2;2H\033[J", "ab|c||", "erase the rest of the screen");
    shows("ab\r\ncd\r\nef\033[2;1H\033[1J", "| d|ef|", "or its beginning");
    shows("ab\r\ncd\033[2J", "|||", "or all");
    shows("abcdef\r\033[2@\033[4C\033[1P\033[1X", "  ab ef|||", "signs are put in, taken out, and erased");
    shows("\033[4habc\rx\033[4ly", "xybc|||", "insertion");
    shows("1\r\n2\r\n3\r\n4\033[2;1H\033[L", "1||2|3", "a line is put in");
    shows("1\r\n2\r\n3\r\n4\033[2;1H\033[M", "1|3|4|", "and taken out");
    shows("1\r\n2\r\n3\r\n4\033[2;3r\033[3;1H\nx", "1|3|x|4", "part of the screen scrolls");
    shows("1\r\n2\033[H\033Mx", "x|1|2|", "and the other way round");
    shows("\0337ab\0338c\033[s\033[2;2H\033[ud", "cd|||", "a place is kept");
    shows("abc\033cx", "x|||", "reset");
}

static void test_cells(void)
{
    Vt *vt = vt_new(COLS, ROWS, reply, NULL);
    const VtCell *c = vt_line(vt, 0);
    int x, y;

    put(vt, "a\033[1;31;42mb\033[0;7mc\033[0;4md\033[38;5;9me\033[0;38;2;1;2;3;92mf\033[mg");
    tap_case(c[0].fg == VT_WHITE && c[0].bg == VT_BLACK, "no colour");
    tap_case(c[1].fg == (1 | VT_BRIGHT) && c[1].bg == 2, "bold and colours");
    tap_case(c[2].fg == VT_BLACK && c[2].bg == VT_WHITE, "reverse");
    tap_case(c[3].underline && c[3].fg == VT_WHITE && c[4].fg == 9, "underlined, one of sixteen");
    tap_case(c[5].fg == (2 | VT_BRIGHT) && c[6].fg == VT_WHITE && !c[6].underline, "colours that there are not");
    tap_case(vt_cursor(vt, &x, &y) && x == 7 && y == 0, "the cursor");
    put(vt, "\033[?25l");
    tap_case(!vt_cursor(vt, &x, &y), "it is hidden");
    put(vt, "\033[5n\033[6n\033[c");
    tap_case(!strcmp(answer, "\033[0n\033[1;8R\033[?6c"), "answers");
    for (int line = 0; line < ROWS; line++) {
        vt_take_dirty(vt, line);
    }
    put(vt, "\033[2;1Hx");
    tap_case(vt_take_dirty(vt, 1) && !vt_take_dirty(vt, 1) && !vt_take_dirty(vt, 2), "a line that changed, once");
    put(vt, "\033[?1h");
    tap_case(vt->app_cursor, "arrows of applications");
    vt_free(vt);
}

static void test_history(void)
{
    Vt *vt = vt_new(COLS, ROWS, reply, NULL);
    char line[16];
    int x, y;

    for (int i = 0; i < VT_HISTORY + 50; i++) {
        g_snprintf(line, sizeof(line), "%d\r\n", i);
        put(vt, line);
    }
    tap_case(!strcmp(seen(vt), "1047|1048|1049|"), "the last lines");
    vt_look_back(vt, 2);
    tap_case(!strcmp(seen(vt), "1045|1046|1047|1048") && !vt_cursor(vt, &x, &y), "two lines back");
    put(vt, "new\r\n");
    tap_case(!strcmp(seen(vt), "1045|1046|1047|1048"), "which stay while there is more");
    vt_look_back(vt, 100000);
    tap_case(!strncmp(seen(vt), "48|49|", 6), "as far as lines are kept");
    vt_look_back(vt, -100000);
    tap_case(!strcmp(seen(vt), "1048|1049|new|"), "and to the end again");
    vt_free(vt);
}

/* Nothing that is written leads out of the grid: for the sanitizers. */
static void test_random(void)
{
    static const char signs[] = "\033\033\033[[[[;?0123456789ABCDEFGHJKLMPSTXrhlmnsu@d\n\r\b\tMDc78(0B\303\244x\377";
    GRand *rand = g_rand_new_with_seed(1);
    bool good = true;

    for (int i = 0; i < 20; i++) {
        Vt *vt = vt_new(g_rand_int_range(rand, 1, 90), g_rand_int_range(rand, 1, 40), reply, NULL);

        for (int n = 0; n < RANDOM_BYTES / 20; n++) {
            const uint8_t b = (uint8_t)signs[g_rand_int_range(rand, 0, sizeof(signs) - 1)];

            answer[0] = 0;
            vt_write(vt, &b, 1);
            good &= vt->x >= 0 && vt->x <= vt->cols && vt->y >= 0 && vt->y < vt->rows && vt->top < vt->bottom;
            if (b == 'x') {
                vt_look_back(vt, g_rand_int_range(rand, -3, 4));
                good &= strlen(seen(vt)) > 0 || vt->rows == 1;
            }
        }
        vt_free(vt);
    }
    tap_case(good, "random sequences");
    g_rand_free(rand);
}

int main(void)
{
    test_text();
    test_sequences();
    test_cells();
    test_history();
    test_random();
    return tap_done();
}
