/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Benchmark kernels of what compilers and libraries for armel really do: arithmetic of doubles by integers, carry
 * chains, shifts by a register, long multiplications, byte and string loops, comparisons of doubles that decide a
 * branch, pointers that are chased, an interpreter of byte codes. One CPU, MMU on, the runtime of tests/guest. Each
 * prints `K <name> <nanoseconds per operation>` by the board's 24 MHz counter and checks its own result; `DONE` at the
 * end.
 */
#include "runtime.h"

enum { BYTES = 1 << 14 };

static uint8_t *text, *copy;
static uint32_t *words;
static bool all_good = true;

static uint32_t random_state = 1;
static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static void report(const char *name, uint32_t ticks, uint32_t n, bool good)
{
    uint32_t thousandths = (uint32_t)((uint64_t)ticks * 1000000u / 24 / n);

    print("K %s %u.%03u%s\n", name, (unsigned)(thousandths / 1000), (unsigned)(thousandths % 1000),
          good ? "" : " WRONG");
    all_good &= good;
}

/* ---- doubles without VFP: what the compiler calls, by bits, so that no other kind of call can be meant ---- */
uint64_t soft_add(uint64_t a, uint64_t b) __asm__("__aeabi_dadd") __attribute__((pcs("aapcs")));
uint64_t soft_multiply(uint64_t a, uint64_t b) __asm__("__aeabi_dmul") __attribute__((pcs("aapcs")));

enum { HIGH_ONE = 0x3ff00000 };

/* sum += 2^-i mod 16 * 1.5 */
static bool soft_adds(uint32_t n)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        sum = soft_add(sum, (uint64_t)(HIGH_ONE + 0x80000 - ((i & 15) << 20)) << 32);
    }
    return sum >> 52 > 0x3ff && sum >> 63 == 0;
}

/* 1.5 * 2/3 = 1, again and again: the product stays near 1. */
static bool soft_multiplies(uint32_t n)
{
    uint64_t x = (uint64_t)HIGH_ONE << 32;

    for (uint32_t i = 0; i < n; i += 2) {
        x = soft_multiply(x, 0x3ff8000000000000ull);
        x = soft_multiply(x, 0x3fe5555555555555ull);
    }
    return x >> 40 == 0x3feffful || x >> 40 == 0x3ff000ul || x >> 52 == 0x3fe;
}

/* ---- integers ---- */
static bool carry_chain(uint32_t n)
{
    uint32_t a = 1, b = 2, c = 3, d = 4;

    for (uint32_t i = 0; i < n; i += 4) {
        __asm__ volatile("adds %0, %0, %4\n adcs %1, %1, %5\n adcs %2, %2, %4\n adc %3, %3, #0\n"
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : "r"(0x9e3779b9), "r"(i) : "cc");
    }
    return (a | b | c | d) != 0;
}

/* A shift of 64 bits, as __aeabi_dadd aligns mantissas. */
static bool register_shifts(uint32_t n)
{
    uint32_t low = 0x12345678, high = 0x9abcdef0, sum = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t by = (i & 15) + 1, back = 32 - by;

        __asm__ volatile("adds %0, %0, %1, lsr %3\n adc %2, %2, #0\n"
                         "adds %0, %0, %2, lsl %4\n adcs %2, %2, %2, asr %3\n"
                         : "+r"(sum), "+r"(low), "+r"(high) : "r"(by), "r"(back) : "cc");
    }
    return sum != 1;
}

static bool multiply_accumulate(uint32_t n)
{
    uint32_t low = 1, high = 2;

    for (uint32_t i = 0; i < n; i++) {
        __asm__ volatile("umlal %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(i | 0x80000000u), "r"(0xdeadbeef));
    }
    return high != 0;
}

static bool signed_accumulate(uint32_t n)
{
    uint32_t low = 1, high = 2;

    for (uint32_t i = 0; i < n; i++) {
        __asm__ volatile("smlal %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(i | 0x80000000u), "r"(0xdeadbeef));
    }
    return high != 0;
}

/* x[] * m + carry, one word at a time: big numbers. */
static bool long_multiply(uint32_t n)
{
    uint32_t carry = 0, high, low;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t *x = &words[i & 1023];

        __asm__ volatile("umull %0, %1, %3, %4\n adds %0, %0, %2\n adc %2, %1, #0"
                         : "=&r"(low), "=&r"(high), "+r"(carry) : "r"(*x), "r"(0xc2b2ae35) : "cc");
        *x = low;
    }
    return true;
}

static bool rotate_mix(uint32_t n)
{
    uint32_t a = 1, b = 2, c = 3, d = 4, e = 5;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = (a << 5 | a >> 27) + ((b & c) | (~b & d)) + e + words[i & 15];

        e = d;
        d = c;
        c = b << 30 | b >> 2;
        b = a;
        a = t;
    }
    words[0] = a;
    return true;
}

/* ---- bytes ---- */
static bool string_length(uint32_t n)
{
    uint32_t sum = 0;

    text[1023] = 0;
    for (uint32_t i = 0; i < n; i += 1024) {
        const uint8_t *p = text;

        while (*p) {
            p++;
            __asm__ volatile("" : "+r"(p));
        }
        sum += (uint32_t)(p - text);
    }
    text[1023] = 'x';
    return sum % 1023 == 0;
}

static bool string_copy(uint32_t n)
{
    text[1023] = 0;
    for (uint32_t i = 0; i < n; i += 1024) {
        const uint8_t *from = text;
        uint8_t *to = copy, c;

        do {
            c = *from++;
            *to++ = c;
            __asm__ volatile("" : "+r"(from), "+r"(to));
        } while (c);
    }
    text[1023] = 'x';
    return copy[1022] == text[1022] && copy[1023] == 0;
}

static bool histogram(uint32_t n)
{
    static uint32_t count[256];
    uint32_t total = 0;

    for (unsigned i = 0; i < 256; i++) {
        count[i] = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        count[text[i & (BYTES - 1)]]++;
    }
    for (unsigned i = 0; i < 256; i++) {
        total += count[i];
    }
    return total == n;
}

/* Push, add, subtract, exchange, decrement and jump, as an interpreter dispatches them. */
static bool byte_codes(uint32_t n)
{
    static const uint8_t program[] = { 0, 1, 2, 0, 3, 1, 4 };
    uint32_t acc = 1, other = 3, left = n, pc = 0;

    while (left--) {
        switch (program[pc++]) {
        case 0: acc += other; break;
        case 1: acc ^= left; break;
        case 2: other = acc - other; break;
        case 3: acc = acc << 3 | acc >> 29; break;
        default: pc = 0; break;
        }
        __asm__ volatile("" : "+r"(acc), "+r"(other));
    }
    return (acc | other) != 0;
}

static bool pointer_chase(uint32_t n)
{
    uint32_t **at;
    enum { NODES = 1024 };

    for (uint32_t i = 0; i < NODES; i++) {
        words[i] = (uint32_t)(uintptr_t)&words[(i * 397 + 1) % NODES];
    }
    at = (uint32_t **)(void *)words;
    for (uint32_t i = 0; i < n; i++) {
        at = (uint32_t **)*at;
        __asm__ volatile("" : "+r"(at));
    }
    return at != NULL;
}

/* ---- doubles with VFP ---- */
static bool vfp_largest(uint32_t n)
{
    const double *values = (const double *)(void *)words;
    double largest = 0, sum = 0;

    for (uint32_t i = 0; i < 512; i++) {
        ((double *)(void *)words)[i] = (double)(next_random() & 0xffff);
    }
    for (uint32_t i = 0; i < n; i++) {
        double v = values[i & 511];

        if (v > largest) {
            largest = v;
        }
        if (v < 32768.0) {
            sum = sum + v;
        }
    }
    return largest > 32768.0 && sum > 0;
}

static bool vfp_moves(uint32_t n)
{
    double x = 0;
    uint32_t low = 0, high;

    for (uint32_t i = 0; i < n; i++) {
        high = HIGH_ONE + (i & 0xff);
        __asm__ volatile("vmov d7, %1, %2\n vadd.f64 %P0, %P0, d7" : "+w"(x) : "r"(low), "r"(high) : "d7");
    }
    return x > n / 2;
}

static bool vfp_fields(uint32_t n)
{
    double *p = (double *)(void *)words, s = 0;

    for (uint32_t i = 0; i < 8; i++) {
        p[i] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        s = s + p[0] * p[1] + p[2] * p[3] + p[4] * p[5];
        p[6] = s;
        __asm__ volatile("" ::: "memory");
    }
    return p[6] == 26.0 * n;
}

/* FPSCR.FZ, which programs compiled with -ffast-math set. */
static bool vfp_flush_to_zero(uint32_t n)
{
    double sum = 0, factor = 0.25;
    uint32_t fpscr;

    __asm__ volatile("vmrs %0, fpscr\n orr %0, %0, #1 << 24\n vmsr fpscr, %0" : "=r"(fpscr));
    for (uint32_t i = 0; i < n; i++) {
        __asm__ volatile("vmul.f64 d7, %P0, %P1\n vsub.f64 %P0, %P1, d7" : "+w"(sum) : "w"(factor) : "d7");
    }
    __asm__ volatile("bic %0, %0, #1 << 24\n vmsr fpscr, %0" : "+r"(fpscr));
    return sum > 0.19 && sum < 0.21;
}

int test_main(void)
{
    static const struct {
        const char *name;
        bool (*run)(uint32_t n);
        uint32_t n;
    } kernels[] = {
        { "soft_double_add", soft_adds, 1600000 }, { "soft_double_multiply", soft_multiplies, 1600000 },
        { "carry_chain", carry_chain, 16000000 }, { "register_shifts", register_shifts, 6000000 },
        { "umlal", multiply_accumulate, 16000000 }, { "smlal", signed_accumulate, 16000000 },
        { "long_multiply", long_multiply, 8000000 }, { "rotate_mix", rotate_mix, 4000000 },
        { "string_length", string_length, 16 << 20 }, { "string_copy", string_copy, 16 << 20 },
        { "histogram", histogram, 12000000 }, { "byte_codes", byte_codes, 8000000 },
        { "pointer_chase", pointer_chase, 16000000 }, { "vfp_largest", vfp_largest, 4000000 },
        { "vfp_moves", vfp_moves, 6000000 }, { "vfp_fields", vfp_fields, 3000000 },
        { "vfp_flush_to_zero", vfp_flush_to_zero, 4000000 },
    };

    text = heap_alloc(BYTES, 4096);
    copy = heap_alloc(BYTES, 4096);
    words = heap_alloc(8192, 4096);
    for (unsigned i = 0; i < BYTES; i++) {
        text[i] = (uint8_t)(next_random() % 94 + 33);
    }
    mmu_on(mmu_new_table());
    vfp_enable();
    for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        uint32_t begin;
        bool good;

        kernels[i].run(2);      /* translate, touch memory */
        begin = ticks24();
        good = kernels[i].run(kernels[i].n);
        report(kernels[i].name, ticks24() - begin, kernels[i].n, good);
    }
    print(all_good ? "DONE\n" : "FAILED\n");
    semihosting_exit(all_good);
}
