/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's expressions: numbers (C's bases), 'c', $registers of the chosen CPU, - + ~ before a value, ( ), then
 * * / %, then + -, then & | ^, of equal rank and from left to right, as in QEMU. 64 bits. I/O thread, CPUs held.
 */
#include <string.h>
#include <glib.h>
#include "monitor/monitor-internal.h"
#include "target/arm/cpu.h"

enum { EXPR_DEPTH_MAX = 100 };          /* brackets and signs inside each other; a line may consist of them */

typedef struct Expr {
    const char *at;
    const CPUARMState *env;
    unsigned depth;
    const char *wrong;                  /* NULL: nothing so far */
} Expr;

static int64_t logic(Expr *e);

static int64_t fail(Expr *e, const char *why)
{
    if (!e->wrong) {
        e->wrong = why;
    }
    return 0;
}

static char peek(Expr *e)
{
    e->at += strspn(e->at, " \t");
    return *e->at;
}

/* One of the characters in `set`, which is taken, or 0. */
static char take(Expr *e, const char *set)
{
    char c = peek(e);

    if (!c || !strchr(set, c)) {
        return 0;
    }
    e->at++;
    return c;
}

static int register_number(const char *name)
{
    static const char *const names[] = { "sp", "lr", "pc" };
    guint64 n;

    for (int i = 0; i < 3; i++) {
        if (!strcmp(name, names[i])) {
            return 13 + i;
        }
    }
    return name[0] == 'r' && g_ascii_string_to_unsigned(name + 1, 10, 0, 15, &n, NULL) ? (int)n : -1;
}

static int64_t register_value(Expr *e)
{
    size_t n = 0;
    char *name;
    int reg;
    bool cpsr;

    while (g_ascii_isalnum(e->at[n]) || e->at[n] == '_') {
        n++;
    }
    name = g_ascii_strdown(e->at, (gssize)n);
    reg = register_number(name);
    cpsr = !strcmp(name, "cpsr");
    g_free(name);
    e->at += n;
    if (cpsr) {
        return cpsr_read(e->env);
    }
    if (reg < 0) {
        return fail(e, "unknown register (r0 to r15, sp, lr, pc, cpsr)");
    }
    return reg == 15 ? e->env->regs[15] & ~1u : e->env->regs[reg];
}

static int64_t number(Expr *e)
{
    char *end;
    int64_t value = (int64_t)g_ascii_strtoull(e->at, &end, 0);

    if (end == e->at || g_ascii_isalnum(*end)) {
        return fail(e, "not a number");
    }
    e->at = end;
    return value;
}

static int64_t character(Expr *e)
{
    char c = *e->at;

    if (!c || e->at[1] != '\'') {
        return fail(e, "a character is written 'c'");
    }
    e->at += 2;
    return (uint8_t)c;
}

static int64_t bracketed(Expr *e)
{
    int64_t value = logic(e);

    return take(e, ")") ? value : fail(e, "')' expected");
}

static int64_t prefixed(Expr *e)
{
    char c = take(e, "-+~($'");
    int64_t value;

    if (!c) {
        return peek(e) ? number(e) : fail(e, "unexpected end of expression");
    }
    if (e->depth >= EXPR_DEPTH_MAX) {
        return fail(e, "too many brackets or signs");
    }
    e->depth++;
    switch (c) {
    case '-':
        value = (int64_t)-(uint64_t)prefixed(e);
        break;
    case '~':
        value = ~prefixed(e);
        break;
    case '(':
        value = bracketed(e);
        break;
    case '$':
        value = register_value(e);
        break;
    case '\'':
        value = character(e);
        break;
    default:
        value = prefixed(e);
        break;
    }
    e->depth--;
    return value;
}

static int64_t divided(Expr *e, char op, int64_t a, int64_t b)
{
    if (!b) {
        return fail(e, "division by zero");
    }
    /* The one quotient that does not fit. */
    if (b == -1) {
        return op == '/' ? (int64_t)-(uint64_t)a : 0;
    }
    return op == '/' ? a / b : a % b;
}

static int64_t product(Expr *e)
{
    int64_t value = prefixed(e);
    char op;

    while (!e->wrong && (op = take(e, "*/%"))) {
        int64_t next = prefixed(e);

        value = op == '*' ? (int64_t)((uint64_t)value * (uint64_t)next) : divided(e, op, value, next);
    }
    return value;
}

static int64_t sum(Expr *e)
{
    int64_t value = product(e);
    char op;

    while (!e->wrong && (op = take(e, "+-"))) {
        uint64_t next = (uint64_t)product(e);

        value = (int64_t)(op == '+' ? (uint64_t)value + next : (uint64_t)value - next);
    }
    return value;
}

static int64_t logic(Expr *e)
{
    int64_t value = sum(e);
    char op;

    while (!e->wrong && (op = take(e, "&|^"))) {
        int64_t next = sum(e);

        value = op == '&' ? value & next : op == '|' ? value | next : value ^ next;
    }
    return value;
}

const char *hmp_expression(const char *text, const CPUARMState *env, int64_t *value)
{
    Expr e = { .at = text, .env = env };

    *value = logic(&e);
    if (!e.wrong && peek(&e)) {
        e.wrong = "what follows the expression makes no sense";
    }
    return e.wrong;
}
