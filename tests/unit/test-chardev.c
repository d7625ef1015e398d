/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices without a machine: output to slow readers, back-pressure on input, the multiplexer, files, sockets.
 * TAP output goes to a copy of standard output, for the stdio device takes the original over.
 */
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "chardev/char.h"
#include "qemu/exit-files.h"
#include "qemu/io-loop.h"
#include "qemu/writer.h"
#include "sysemu/cpu-hold.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

enum { BIG = 3 << 20 };

static int quit_requests;

/* One CPU, which never runs: is it held? */
static bool held;               /* atomic */

void cpu_hold(CPUHold *h)
{
    __atomic_store_n(&held, true, __ATOMIC_SEQ_CST);
}

void cpu_hold_end(CPUHold *h)
{
    __atomic_store_n(&held, false, __ATOMIC_SEQ_CST);
}

static bool is_held(void)
{
    return __atomic_load_n(&held, __ATOMIC_SEQ_CST);
}

/* The multiplexer's Ctrl-a x ends here instead of in the machine. */
void qemu_system_quit_request(int exit_code)
{
    quit_requests++;
}

static void run_loop_ms(int ms)
{
    int64_t end = g_get_monotonic_time() + ms * 1000;

    while (g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            usleep(200);
        }
    }
}

typedef struct Sink {
    Chardev *chr;
    char data[1 << 18];
    int len, room;              /* room: how much it takes */
    int events[8], event_count;
} Sink;

static int sink_receive(void *opaque, const uint8_t *buf, int len)
{
    Sink *s = opaque;
    int n = MIN(len, MIN(s->room, (int)sizeof(s->data) - s->len));

    memcpy(s->data + s->len, buf, (size_t)n);
    s->len += n;
    s->room -= n;
    return n;
}

static bool sink_event(void *opaque, int event)
{
    Sink *s = opaque;

    if (event == CHR_EVENT_BREAK && !s->room) {
        return false;
    }
    s->events[s->event_count++ % 8] = event;
    return true;
}

static void sink_attach(Sink *s, Chardev *chr, int room)
{
    CharFrontend fe = { .receive = sink_receive, .event = sink_event, .opaque = s };

    s->chr = chr;
    s->room = room;
    chardev_attach(chr, &fe);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

typedef struct Reader {
    int fd;
    size_t pause_every;
    size_t got;
    bool right;
} Reader;

static void *slow_reader(void *opaque)
{
    Reader *r = opaque;
    uint8_t buf[5000];
    ssize_t n;

    r->right = true;
    while (r->got < BIG && (n = read(r->fd, buf, sizeof(buf))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            r->right &= buf[i] == pattern(r->got + (size_t)i);
        }
        if (r->got / r->pause_every != (r->got + (size_t)n) / r->pause_every) {
            usleep(5000);
        }
        __atomic_store_n(&r->got, r->got + (size_t)n, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *writer(void *opaque)
{
    Chardev *chr = opaque;
    uint8_t buf[257];

    for (size_t done = 0; done < BIG; ) {
        size_t n = 1 + done % 257;

        n = MIN(n, BIG - done);
        for (size_t i = 0; i < n; i++) {
            buf[i] = pattern(done + i);
        }
        chardev_write(chr, buf, (int)n);
        done += n;
    }
    return NULL;
}

/* Standard input and output become pipes whose other ends are returned. */
static void redirect_stdio(int *to_stdin, int *from_stdout)
{
    int in[2], out[2];

    if (pipe(in) < 0 || pipe(out) < 0) {
        abort();
    }
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in[0]);
    close(out[1]);
    *to_stdin = in[1];
    *from_stdout = out[0];
}

static bool never(int stalled_ms)
{
    return stalled_ms > 5000;
}

static int read_some(int fd, char *buf, int size)
{
    ssize_t n;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    n = read(fd, buf, (size_t)size);
    return n < 0 ? 0 : (int)n;
}

static void test_stdio_output(Chardev *chr, int from_stdout)
{
    Reader r = { .fd = from_stdout, .pause_every = 200000 };
    pthread_t rt, wt;

    pthread_create(&rt, NULL, slow_reader, &r);
    pthread_create(&wt, NULL, writer, chr);
    while (__atomic_load_n(&r.got, __ATOMIC_RELAXED) < BIG) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            usleep(200);
        }
    }
    pthread_join(wt, NULL);
    pthread_join(rt, NULL);
    tap_case(r.got == BIG && r.right, "a slow reader of a pipe gets every byte in order");

    /* The I/O thread does nothing at all now: writers must get on without it. */
    r = (Reader){ .fd = from_stdout, .pause_every = 1 << 30 };
    pthread_create(&rt, NULL, slow_reader, &r);
    pthread_create(&wt, NULL, writer, chr);
    pthread_join(wt, NULL);
    chardev_flush_all(never);
    pthread_join(rt, NULL);
    tap_case(r.got == BIG && r.right, "and also while the I/O thread is busy elsewhere; the rest comes with the flush");

    /* Nobody reads: the writer does not wait. */
    tap_case(!is_held(), "a CPU that prints is not held when all is written");
    pthread_create(&wt, NULL, writer, chr);
    pthread_join(wt, NULL);
    tap_case(is_held(), "a CPU that prints more than the queue holds is held, and nobody waits inside");
    r = (Reader){ .fd = from_stdout, .pause_every = 1 << 30 };
    pthread_create(&rt, NULL, slow_reader, &r);
    chardev_flush_all(never);
    pthread_join(rt, NULL);
    tap_case(r.got == BIG && r.right && !is_held(), "and still nothing is lost; then the CPU goes on");
}

static void type(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0) {
        abort();
    }
    run_loop_ms(20);
}

static bool sink_is(Sink *s, const char *text)
{
    bool same = s->len == (int)strlen(text) && !memcmp(s->data, text, (size_t)s->len);

    s->len = 0;
    return same;
}

/*
 * What was typed to a front end that does not read: the escapes behind it count, it stays in order, and nothing is
 * lost; a break keeps its place.
 */
static void test_full_queue(int to_stdin, Sink *a, Sink *b)
{
    enum { PASTE = 200000 };
    static char text[PASTE];
    bool right;

    for (size_t i = 0; i < PASTE; i++) {
        text[i] = (char)(' ' + pattern(i) % 64);
    }
    a->room = a->len = a->event_count = 0;
    for (size_t done = 0; done < PASTE; ) {
        ssize_t n = write(to_stdin, text + done, MIN((size_t)4096, PASTE - done));

        if (n < 0) {
            abort();
        }
        done += (size_t)n;
        run_loop_ms(0);
        for (int i = 0; i < 8; i++) {
            g_main_context_iteration(NULL, FALSE);
        }
    }
    type(to_stdin, "\001b!");
    type(to_stdin, "\001cmonitor\001c?");
    tap_case(a->len == 0 && sink_is(b, "monitor"), "mux: Ctrl-a c works behind a paste that nobody takes");
    quit_requests = 0;
    type(to_stdin, "\001x");
    tap_case(quit_requests == 1, "mux: Ctrl-a x as well");
    for (int i = 0; i < PASTE; i += 1000) {
        a->room = 1000;
        chardev_accept_input(a->chr);
        run_loop_ms(0);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
    right = a->len == PASTE && !memcmp(a->data, text, PASTE);
    tap_case(right, "mux: all of the paste arrives in order");
    tap_case(a->event_count && a->events[(a->event_count - 1) % 8] != CHR_EVENT_BREAK,
             "mux: a break waits for what was typed before");
    a->room = 1 << 20;
    chardev_accept_input(a->chr);
    run_loop_ms(10);
    tap_case(a->events[(a->event_count - 1) % 8] == CHR_EVENT_BREAK && a->len == PASTE + 2 &&
             !memcmp(a->data + PASTE, "!?", 2), "mux: the break, and what came behind it");
}

static void test_mux(Chardev *chr, int to_stdin, int from_stdout, Sink *a, Sink *b)
{
    static char text[8192];
    int n;

    sink_attach(a, chr, 1 << 20);
    sink_attach(b, chr, 1 << 20);
    type(to_stdin, "one");
    tap_case(sink_is(a, "one") && b->len == 0, "mux: the first front end has the focus");
    a->event_count = b->event_count = 0;
    type(to_stdin, "A\001cB\001\001C");
    tap_case(sink_is(a, "A") && sink_is(b, "B\001C"), "mux: Ctrl-a c moves the focus, Ctrl-a Ctrl-a is a Ctrl-a");
    tap_case(a->event_count == 1 && a->events[0] == CHR_EVENT_MUX_OUT && b->event_count == 1 &&
             b->events[0] == CHR_EVENT_MUX_IN, "mux: both sides are told");
    type(to_stdin, "\001b");
    tap_case(b->event_count == 2 && b->events[1] == CHR_EVENT_BREAK && b->len == 0, "mux: Ctrl-a b is a break");
    type(to_stdin, "\001");
    type(to_stdin, "cX");
    tap_case(sink_is(a, "X"), "mux: an escape in two pieces");
    type(to_stdin, "\001h");
    n = read_some(from_stdout, text, sizeof(text) - 1);
    text[n] = 0;
    tap_case(strstr(text, "C-a x") != NULL, "mux: Ctrl-a h prints help");
    type(to_stdin, "\001x");
    tap_case(quit_requests == 1, "mux: Ctrl-a x asks for the end");
    run_loop_ms(10);
    read_some(from_stdout, text, sizeof(text));

    /* Back-pressure: what the front end does not take waits, and the pipe fills behind it. */
    a->room = 5;
    a->len = 0;
    type(to_stdin, "123456789");
    tap_case(sink_is(a, "12345"), "input stops where the front end says");
    a->room = 2;
    chardev_accept_input(chr);
    run_loop_ms(10);
    tap_case(sink_is(a, "67"), "and goes on when it can receive again");
    a->room = 2;
    chardev_accept_input(chr);
    run_loop_ms(10);
    tap_case(sink_is(a, "89"), "to the end");
    test_full_queue(to_stdin, a, b);
    a->len = 0;
    a->room = 1 << 20;
    read_some(from_stdout, text, sizeof(text));
    close(to_stdin);
    run_loop_ms(20);
    chardev_write(chr, (const uint8_t *)"still there", 11);
    run_loop_ms(10);
    n = read_some(from_stdout, text, sizeof(text));
    tap_case(n == 11 && !memcmp(text, "still there", 11), "end of input leaves output alone");
}

static void test_file(const char *dir)
{
    char *path = g_strdup_printf("%s/out", dir), *spec = g_strdup_printf("file:%s", path), *content = NULL;
    Chardev *chr = chardev_new("file", spec), *null = chardev_new("null", "null");
    gsize len = 0;

    writer(chr);
    writer_flush(NULL, never);
    g_file_get_contents(path, &content, &len, NULL);
    bool right = len == BIG;

    for (size_t i = 0; i < len && right; i++) {
        right = (uint8_t)content[i] == pattern(i);
    }
    tap_case(right, "file: everything arrives");
    writer(null);
    tap_case(true, "null: everything is taken");
    chardev_write(NULL, (const uint8_t *)"x", 1);
    chardev_accept_input(NULL);
    unlink(path);
    g_free(content);
    g_free(spec);
    g_free(path);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A client says something and leaves; the guest has not taken it when it finds that its own output fails. */
static void test_last_words(Sink *s, int fd)
{
    enum { WORDS = 60000 };
    static char text[WORDS];
    int size = 1 << 20;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    for (size_t i = 0; i < WORDS; i++) {
        text[i] = (char)pattern(i);
    }
    s->room = s->len = 0;
    if (send(fd, text, WORDS, 0) != WORDS) {
        abort();
    }
    run_loop_ms(20);
    close(fd);
    chardev_write(s->chr, (const uint8_t *)"x", 1);
    run_loop_ms(20);
    s->room = 1 << 20;
    chardev_accept_input(s->chr);
    run_loop_ms(20);
    tap_case(s->len == WORDS && !memcmp(s->data, text, WORDS), "socket: what a peer sent before it left is not lost");
    s->len = 0;
}

static void test_socket(const char *dir)
{
    char *path = g_strdup_printf("%s/sock", dir), *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    static Sink s;
    char buf[64];
    int fd;

    sink_attach(&s, chardev_new("sock", spec), 1 << 20);
    chardev_write(s.chr, (const uint8_t *)"nobody", 6);
    fd = connect_unix(path);
    run_loop_ms(20);
    chardev_write(s.chr, (const uint8_t *)"hello", 5);
    run_loop_ms(20);
    tap_case(fd >= 0 && read_some(fd, buf, sizeof(buf)) == 5 && !memcmp(buf, "hello", 5),
             "socket: output goes to who is connected");
    type(fd, "abc");
    tap_case(sink_is(&s, "abc") && s.events[0] == CHR_EVENT_OPENED, "socket: input comes");
    close(fd);
    run_loop_ms(20);
    tap_case(s.event_count == 2 && s.events[1] == CHR_EVENT_CLOSED, "socket: the end is noticed");
    writer(s.chr);
    fd = connect_unix(path);
    run_loop_ms(20);
    type(fd, "again");
    tap_case(sink_is(&s, "again"), "socket: the next one may connect");
    test_last_words(&s, fd);
    chardev_cleanup();
    exit_files_remove();
    tap_case(access(path, F_OK) < 0, "socket: the file is removed at the end");
    g_free(spec);
    g_free(path);
}

/* The program ends while input lies unread: the peer gets the last output, then the end. */
static void test_unread_input(const char *dir)
{
    enum { WORDS = 50000 };
    char *path = g_strdup_printf("%s/end", dir), *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    Chardev *chr = chardev_new("end", spec);
    static uint8_t text[WORDS], got[WORDS];
    struct timeval limit = { .tv_sec = 20 };
    ssize_t n = 1;
    size_t len = 0;
    int fd;

    fd = connect_unix(path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    run_loop_ms(20);
    for (size_t i = 0; i < WORDS; i++) {
        text[i] = pattern(i);
    }
    chardev_write(chr, text, WORDS);
    chardev_flush_all(never);
    if (send(fd, "info status\n", 12, MSG_NOSIGNAL) != 12) {
        abort();
    }
    chardev_cleanup();
    exit_files_remove();
    while (len < WORDS && (n = recv(fd, got + len, WORDS - len, 0)) > 0) {
        len += (size_t)n;
    }
    tap_case(len == WORDS && !memcmp(got, text, WORDS) && recv(fd, got, 1, 0) == 0,
             "socket: input that nobody read does not cost the last output at the end");
    close(fd);
    g_free(spec);
    g_free(path);
}

int main(void)
{
    char dir[] = "/tmp/test-chardev-XXXXXX";
    static Sink a, b;
    int to_stdin, from_stdout;
    Chardev *chr;

    tap_out = fdopen(dup(STDOUT_FILENO), "w");
    if (!mkdtemp(dir)) {
        return 1;
    }
    redirect_stdio(&to_stdin, &from_stdout);
    io_loop_init();
    chr = chardev_new("serial0", "mon:stdio");
    test_stdio_output(chr, from_stdout);
    test_mux(chr, to_stdin, from_stdout, &a, &b);
    test_file(dir);
    test_socket(dir);
    test_unread_input(dir);
    rmdir(dir);
    return tap_done();
}
