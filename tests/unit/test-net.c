/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks without a machine: what cards, peers and dump files see of frames that are too short, too long, too many.
 * TAP.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "net/net.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

enum { PCAP_HEADER = 24, PCAP_RECORD = 16 };

static char *directory;

/* chardev/mux.c, which network "user" brings along, asks for it. */
void qemu_system_quit_request(int code)
{
}

/* ---- a card ---- */

static unsigned received;
static size_t received_bytes, received_longest, received_shortest;

static bool card_receive(void *opaque, const uint8_t *frame, size_t bytes)
{
    received++;
    received_bytes = bytes;
    received_longest = MAX(received_longest, bytes);
    received_shortest = MIN(received_shortest, bytes);
    return true;
}

static NetBackend *open_net(NetOptions o)
{
    static const NetCard card = { .receive = card_receive };
    char *error = NULL;
    NetBackend *net;

    o.said = "test";
    net = net_open(&o, &error);
    if (!net) {
        tap_case(false, "a network is opened: %s", error);
        exit(tap_done());
    }
    net_attach(net, &card);
    received = 0;
    received_longest = 0;
    received_shortest = SIZE_MAX;
    return net;
}

/* Let the loop work until it has nothing to do, at least `least` times received. */
static void work(unsigned least)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (g_main_context_iteration(NULL, FALSE) || (received < least && g_get_monotonic_time() < end)) {
        /* what it does is all there is to do */
    }
}

/* ---- Unix sockets as peers ---- */

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    g_strlcpy(a.sun_path, path, sizeof(a.sun_path));
    return a;
}

static int must(int result)
{
    if (result < 0) {
        tap_case(false, "the test's own system calls: %s", strerror(errno));
        exit(tap_done());
    }
    return result;
}

/* ---- lengths ---- */

static void send_lengths(NetBackend *net)
{
    static const size_t lengths[] = { 0, 1, 13, 14, 60, 1514, 1518, 1519, 2048, 65535 };
    static uint8_t frame[65536];

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        net_send(net, frame, lengths[i]);
    }
}

static void test_dgram(void)
{
    char *ours = in_directory("ours"), *theirs = in_directory("theirs");
    struct sockaddr_un to = address_of(ours), from = address_of(theirs);
    int fd = must(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    static uint8_t frame[65536];
    size_t lengths[8], n = 0;
    ssize_t got;

    must(bind(fd, (struct sockaddr *)&from, sizeof(from)));
    NetBackend *net = open_net((NetOptions) { .type = "dgram", .local = { .type = "unix", .path = ours },
                                              .remote = { .type = "unix", .path = theirs } });
    send_lengths(net);
    work(0);
    while ((got = recv(fd, frame, sizeof(frame), 0)) >= 0 && n < 8) {
        lengths[n++] = (size_t)got;
    }
    tap_case(n == 4 && lengths[0] == 14 && lengths[1] == 60 && lengths[2] == 1514 && lengths[3] == 1518,
             "dgram: a card's frames of 14 to 1518 bytes go out, no others");
    static const size_t sent[] = { 1, 13, 1519, 9000, 65000, 14, 1518 };
    for (size_t i = 0; i < G_N_ELEMENTS(sent); i++) {
        must((int)sendto(fd, frame, sent[i], 0, (struct sockaddr *)&to, sizeof(to)));
        work(0);
    }
    work(2);
    tap_case(received == 2 && received_shortest == 14 && received_longest == 1518,
             "dgram: and of a peer's frames the same come in");
    close(fd);
    g_free(ours);
    g_free(theirs);
}

static void stream_frame(int fd, uint32_t bytes)
{
    static uint8_t frame[4 + 131072];

    frame[0] = (uint8_t)(bytes >> 24);
    frame[1] = (uint8_t)(bytes >> 16);
    frame[2] = (uint8_t)(bytes >> 8);
    frame[3] = (uint8_t)bytes;
    for (size_t done = 0, all = 4 + MIN(bytes, 131072u); done < all; ) {
        const ssize_t n = send(fd, frame + done, all - done, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0) {
            done += (size_t)n;
        } else if (errno != EAGAIN) {
            return;             /* the other side has closed it */
        }
        work(0);
    }
}

/* Is the connection closed? Waits for it. */
static bool closed(int fd)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    uint8_t byte;

    while (g_get_monotonic_time() < end) {
        const ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            return true;
        }
        work(0);
    }
    return false;
}

static int stream_client(const char *path)
{
    struct sockaddr_un to = address_of(path);
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

    must(connect(fd, (struct sockaddr *)&to, sizeof(to)));
    work(0);
    return fd;
}

static void test_stream(void)
{
    char *path = in_directory("stream");
    open_net((NetOptions) { .type = "stream", .server = true, .local = { .type = "unix", .path = path } });
    int fd = stream_client(path);
    static const uint32_t lengths[] = { 0, 1, 13, 1519, 65535, 131072, 14, 1518 };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        stream_frame(fd, lengths[i]);
    }
    work(2);
    tap_case(received == 2 && received_shortest == 14 && received_longest == 1518,
             "stream: frames of other lengths are skipped, and the next one is found");
    stream_frame(fd, 131073);
    tap_case(closed(fd), "stream: a length that no frame has ends the connection");
    close(fd);
    fd = stream_client(path);
    stream_frame(fd, 60);
    work(3);
    tap_case(received == 3 && received_bytes == 60, "stream: the next client is served");
    stream_frame(fd, 0xffffffff);
    tap_case(closed(fd), "stream: so does one of 4 GiB");
    close(fd);
    g_free(path);
}

/* ---- dump files ---- */

/* How many whole records there are; -1: it is no dump. *longest: bytes of the longest. */
static int records(const uint8_t *data, size_t bytes, uint32_t *longest)
{
    uint32_t word[4];
    size_t at = PCAP_HEADER;
    int n = 0;

    *longest = 0;
    if (bytes < PCAP_HEADER || memcmp(data, (const uint8_t[4]) { 0xd4, 0xc3, 0xb2, 0xa1 }, 4)) {
        return -1;
    }
    while (at + PCAP_RECORD <= bytes) {
        memcpy(word, data + at, sizeof(word));
        if (word[2] > word[3] || word[3] > 65536) {
            return -1;
        }
        at += PCAP_RECORD + word[2];
        n += at <= bytes;
        *longest = MAX(*longest, word[2]);
    }
    return n;
}

static int file_records(const char *path, uint32_t *longest)
{
    char *data;
    gsize bytes;
    int n = -1;

    if (g_file_get_contents(path, &data, &bytes, NULL)) {
        n = records((uint8_t *)data, bytes, longest);
        g_free(data);
    }
    return n;
}

/* A network whose frames go to a socket that exists, and to the dump. */
static NetBackend *dumped_net(const char *dump)
{
    char *peer = in_directory("peer");
    int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    struct sockaddr_un at = address_of(peer);

    unlink(peer);
    must(bind(fd, (struct sockaddr *)&at, sizeof(at)));
    NetBackend *net = open_net((NetOptions) { .type = "dgram", .dumps = 1,
                                              .dump = { { .file = dump, .max = NET_DUMP_WHOLE } },
                                              .remote = { .type = "unix", .path = peer } });

    g_free(peer);
    return net;
}

static void test_dump(void)
{
    char *path = in_directory("dump");
    uint32_t longest;

    send_lengths(dumped_net(path));
    work(0);
    tap_case(file_records(path, &longest) == 4 && longest == 1518,
             "dump: only frames that Ethernet has are in the file");
    g_free(path);
}

/* Several dumps of one network: each keeps its directions and lengths. */
static void test_dump_filters(void)
{
    g_autofree char *ours = in_directory("filtered"), *theirs = in_directory("filtered-peer");
    g_autofree char *all = in_directory("all"), *sent = in_directory("sent"), *got = in_directory("got");
    struct sockaddr_un to = address_of(ours), from = address_of(theirs);
    int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));
    static uint8_t frame[1500];
    uint32_t longest[3];
    int n[3];

    must(bind(fd, (struct sockaddr *)&from, sizeof(from)));
    NetBackend *net = open_net((NetOptions) {
        .type = "dgram", .local = { .type = "unix", .path = ours }, .remote = { .type = "unix", .path = theirs },
        .dump = { { .file = all, .max = NET_DUMP_WHOLE }, { .file = sent, .max = 100, .only_sent = true },
                  { .file = got, .max = 20, .only_received = true } }, .dumps = 3 });
    net_send(net, frame, sizeof(frame));
    net_send(net, frame, 60);
    must((int)sendto(fd, frame, 1000, 0, (struct sockaddr *)&to, sizeof(to)));
    work(1);
    n[0] = file_records(all, &longest[0]);
    n[1] = file_records(sent, &longest[1]);
    n[2] = file_records(got, &longest[2]);
    tap_case(n[0] == 3 && longest[0] == 1500, "dump: one file has all frames");
    tap_case(n[1] == 2 && longest[1] == 100, "dump: one has the first bytes of those that the guest sent");
    tap_case(n[2] == 1 && longest[2] == 20, "dump: one has the first bytes of those that it got");
    close(fd);
}

/* Nobody reads the pipe: the loop goes on, whole records are in it, and when somebody reads, more come. */
static void test_dump_pipe(void)
{
    char *path = in_directory("pipe");
    static uint8_t frame[1500], data[1 << 20];
    size_t have = 0;
    uint32_t longest;
    ssize_t n;
    int fd, before;

    must(mkfifo(path, 0600));
    NetBackend *net = dumped_net(path);
    for (int i = 0; i < 400; i++) {
        net_send(net, frame, sizeof(frame));
        work(0);
    }
    fd = must(open(path, O_RDONLY | O_NONBLOCK));
    while ((n = read(fd, data + have, sizeof(data) - have)) > 0) {
        have += (size_t)n;
    }
    before = records(data, have, &longest);
    tap_case(before > 10 && before < 400, "dump: a pipe that nobody reads keeps what it can, and nobody waits for it");
    for (int i = 0; i < 10; i++) {
        net_send(net, frame, sizeof(frame));
    }
    work(0);
    while ((n = read(fd, data + have, sizeof(data) - have)) > 0) {
        have += (size_t)n;
    }
    tap_case(records(data, have, &longest) == before + 10 && longest == sizeof(frame),
             "dump: when it is read, frames come again, and none is torn");
    close(fd);
    g_free(path);
}

/* A file that can grow no more takes a part of a record; when it can, the rest and the next ones follow. */
static void test_dump_full(void)
{
    char *path = in_directory("full");
    const struct rlimit large = { RLIM_INFINITY, RLIM_INFINITY }, small = { 4000, RLIM_INFINITY };
    static uint8_t frame[1500];
    uint32_t longest;
    struct stat st;

    NetBackend *net = dumped_net(path);
    signal(SIGXFSZ, SIG_IGN);
    must(setrlimit(RLIMIT_FSIZE, &small));
    for (int i = 0; i < 5; i++) {
        net_send(net, frame, sizeof(frame));
        work(0);
    }
    must(setrlimit(RLIMIT_FSIZE, &large));
    must(stat(path, &st));
    tap_case(st.st_size == 4000 && file_records(path, &longest) == 2,
             "dump: the file is full in the middle of a frame");
    for (int i = 0; i < 3; i++) {
        net_send(net, frame, sizeof(frame));
    }
    work(0);
    must(stat(path, &st));
    tap_case(st.st_size == PCAP_HEADER + 6 * (PCAP_RECORD + sizeof(frame)) && file_records(path, &longest) == 6,
             "dump: there is room again: that frame is completed, and others follow");
    g_free(path);
}

static void test_mistakes(void)
{
    static const char *const files[] = { "/nowhere/file", "/dev/full" };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        NetOptions o = { .type = "none", .said = "test", .dumps = 1 };
        char *error = NULL;
        o.dump[0] = (NetDumpOptions) { .file = files[i], .max = NET_DUMP_WHOLE };
        const bool refused = !net_open(&o, &error);

        tap_case(refused && error, "dump: a file that cannot be made: %s", error ? error : "nothing is said");
        g_free(error);
    }
}

int main(void)
{
    directory = g_dir_make_tmp("test-net-XXXXXX", NULL);
    signal(SIGPIPE, SIG_IGN);
    io_loop_init();
    test_dgram();
    test_stream();
    test_dump();
    test_dump_filters();
    test_dump_pipe();
    test_dump_full();
    test_mistakes();
    net_close_all();
    char *argv[] = { (char *)"rm", (char *)"-r", directory, NULL };
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return tap_done();
}
