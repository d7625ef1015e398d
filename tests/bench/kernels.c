/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bare-metal benchmark kernels for the RealView EB, one mechanism each; the same image runs on any emulator of the
 * board with semihosting. Each prints `K <name> <nanoseconds per operation>`, by the board's 24 MHz counter, and checks
 * its own result.
 */
#include <stdint.h>

int semihost(int op, const void *arg);
void svc_round_trips(unsigned n);
void ldm_copy(void *to, const void *from, unsigned bytes);
void exclusive_adds(volatile uint32_t *word, unsigned n);
void bench_main(void);
int raise(int sig);

#define COUNTER_24MHZ (*(volatile uint32_t *)0x1000005c)
#define SYS_ID        (*(volatile uint32_t *)0x10000000)

enum { BUF = 1 << 16 };
static uint8_t *const buf_a = (uint8_t *)0x01000000, *const buf_b = (uint8_t *)0x01100000;
static uint32_t *const big = (uint32_t *)0x02000000;    /* 16 MiB */
static volatile uint32_t sink;
static int failures;

/* libgcc's division wants it for a zero divisor, which does not occur. */
int raise(int sig) { return sig; }

/* ---- output ---- */
static void put_text(const char *s) { semihost(4, s); }

static void put_number(uint32_t v)
{
    char text[12], *p = text + 11;
    *p = 0;
    do {
        uint32_t q = v / 10;
        *--p = (char)('0' + (v - q * 10));
        v = q;
    } while (v);
    put_text(p);
}

/* ticks of 24 MHz for n operations -> ns with three decimals */
static void report(const char *name, uint32_t ticks, uint32_t n, int good)
{
    uint32_t thousandths = (uint32_t)((uint64_t)ticks * 1000000u / 24 / n);

    put_text("K ");
    put_text(name);
    put_text(" ");
    put_number(thousandths / 1000);
    put_text(".");
    thousandths %= 1000;
    put_text(thousandths < 10 ? "00" : thousandths < 100 ? "0" : "");
    put_number(thousandths);
    put_text(good ? "\n" : " WRONG\n");
    failures += !good;
}

/* ---- kernels: each returns whether its result is right ---- */
static int integer_chain(uint32_t n)
{
    uint32_t x = 1;
    for (uint32_t i = 0; i < n; i++) {
        x += x << 5;
        x ^= x >> 7;
        __asm__ volatile("" : "+r"(x));
    }
    sink = x;
    return x != 0;
}

static int byte_stores(uint32_t n)
{
    volatile uint8_t *p = buf_a;
    for (uint32_t i = 0; i < n; i++) {
        p[i & (BUF - 1)] = (uint8_t)i;
    }
    return p[5] == 5;
}

enum { M = 48 };
static int matrix_multiply(uint32_t n)
{
    static double a[M][M], b[M][M], c[M][M];
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < M; j++) {
            a[i][j] = i + j;
            b[i][j] = i == j ? 2.0 : 0.0;
        }
    }
    for (uint32_t k = 0; k < n / (M * M * M); k++) {
        for (int i = 0; i < M; i++) {
            for (int j = 0; j < M; j++) {
                double s = 0;
                for (int l = 0; l < M; l++) {
                    s += a[i][l] * b[l][j];
                }
                c[i][j] = s;
            }
        }
        __asm__ volatile("" ::: "memory");
    }
    return c[3][4] == 14.0;
}

static int float_loop(uint32_t n)
{
    float x = 1.0f, y = 0.5f;
    for (uint32_t i = 0; i < n; i++) {
        x = x * 0.999f + y;
        y = y - x * 0.001f;
    }
    return x == x && y == y;
}

static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static int recursion(uint32_t n) { return fib(n == 0 ? 1 : 27) == 196418; }

static uint32_t add_one(uint32_t x) { return x + 1; }
static uint32_t xor_three(uint32_t x) { return x ^ 3; }
static uint32_t double_it(uint32_t x) { return x * 2; }
static int indirect_calls(uint32_t n)
{
    static uint32_t (*volatile table[4])(uint32_t) = { add_one, xor_three, double_it, add_one };
    uint32_t x = 0;
    for (uint32_t i = 0; i < n; i++) {
        x = table[i & 3](x);
    }
    sink = x;
    return 1;
}

static int block_copy(uint32_t n)
{
    for (uint32_t i = 0; i < BUF; i++) {
        buf_a[i] = (uint8_t)(i * 7);
    }
    for (uint32_t k = 0; k < n / (BUF / 32); k++) {
        ldm_copy(buf_b, buf_a, BUF);
    }
    return buf_b[1001] == (uint8_t)(1001 * 7);
}

static int exclusives(uint32_t n)
{
    static volatile uint32_t word;
    word = 0;
    exclusive_adds(&word, n);
    return word == n;
}

static int sieve(uint32_t n)
{
    uint32_t primes = 0;
    for (uint32_t i = 0; i < BUF; i++) {
        buf_a[i] = 1;
    }
    for (uint32_t i = 2; i < BUF; i++) {
        if (buf_a[i]) {
            primes++;
            for (uint32_t j = i * 2; j < BUF; j += i) {
                buf_a[j] = 0;
            }
        }
    }
    return primes == 6542 && n;
}

static int crc32(uint32_t n)
{
    static uint32_t table[256];
    uint32_t crc = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) {
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        }
        table[i] = c;
    }
    for (uint32_t i = 0; i < n; i++) {
        crc = table[(crc ^ buf_b[i & (BUF - 1)]) & 0xff] ^ (crc >> 8);
    }
    sink = crc;
    return table[1] == 0x77073096u;
}

/* One load per 4 KiB page over 16 MiB: more pages than most soft TLBs hold. */
static int page_walk(uint32_t n)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < 4096; i++) {
        big[i * 1024] = ((i * 1597 + 1) & 4095) * 1024;
    }
    for (uint32_t i = 0; i < n; i++) {
        at = big[at];
    }
    sink = at;
    return (at & 1023) == 0;
}

static int device_reads(uint32_t n)
{
    uint32_t x = 0;
    for (uint32_t i = 0; i < n; i++) {
        x |= SYS_ID;
    }
    return x != 0;
}

static int supervisor_calls(uint32_t n)
{
    svc_round_trips(n);
    return 1;
}

void bench_main(void)
{
    static const struct {
        const char *name;
        int (*run)(uint32_t n);
        uint32_t n;             /* operations per run */
    } kernels[] = {
        { "integer_chain", integer_chain, 30000000 }, { "byte_stores", byte_stores, 30000000 },
        { "matrix_multiply", matrix_multiply, 48 * 48 * 48 * 60 }, { "float_loop", float_loop, 10000000 },
        { "recursion", recursion, 832040 }, { "indirect_calls", indirect_calls, 8000000 },
        { "ldm_stm_copy", block_copy, 4000000 }, { "ldrex_strex", exclusives, 5000000 }, { "sieve", sieve, 160000 },
        { "crc32", crc32, 15000000 }, { "page_walk", page_walk, 10000000 }, { "device_reads", device_reads, 1000000 },
        { "supervisor_calls", supervisor_calls, 1000000 },
    };

    for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        uint32_t start, ticks;
        int good = kernels[i].run(1);   /* translate, touch memory */
        start = COUNTER_24MHZ;
        good = kernels[i].run(kernels[i].n);
        ticks = COUNTER_24MHZ - start;
        report(kernels[i].name, ticks, kernels[i].n, good);
    }
    put_text(failures ? "FAILED\n" : "DONE\n");
}
