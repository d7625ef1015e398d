/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the 9P server. The bytes choose messages and their fields, most of which fit together, some of which are
 * cut short or changed; the folder has links that lead out of it. Whatever is asked, what is beside the folder stays as
 * it was, and answers keep to their room.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"
#include "tests/fuzz/target.h"

const size_t fuzz_max_input = 1024;

enum { LARGEST_FILE = 1 << 20, ROOM = 8192, GUARD = 0xa5 };

static int base, folder;        /* the folder, and the one that it is in */
static P9Server *server;
static char path[64];

static void put_file(int at, const char *name)
{
    const int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, name, strlen(name)) < 0) {
        abort();
    }
    close(fd);
}

/* Empty a folder that this process made. */
static void empty(int at)
{
    const int copy = openat(at, ".", O_RDONLY | O_DIRECTORY);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !unlinkat(at, e->d_name, 0)) {
            continue;
        }
        fchmodat(at, e->d_name, 0700, 0);
        const int inner = openat(at, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

        if (inner >= 0) {
            empty(inner);
            close(inner);
        }
        unlinkat(at, e->d_name, AT_REMOVEDIR);
    }
    if (dir) {
        closedir(dir);
    }
}

static void fill(void)
{
    fchmod(folder, 0755);
    empty(folder);
    put_file(folder, "a");
    if (mkdirat(folder, "d", 0755) || symlinkat("../outside", folder, "l") || symlinkat("..", folder, "up") ||
        mkfifoat(folder, "p", 0600)) {
        abort();
    }
}

static void at_end(void)
{
    empty(base);
    rmdir(path);
}

void fuzz_init(void)
{
    const struct rlimit limit = { LARGEST_FILE, LARGEST_FILE };
    char *err;

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    strcpy(path, access("/dev/shm", W_OK) ? "/tmp/fuzz-p9-XXXXXX" : "/dev/shm/fuzz-p9-XXXXXX");
    if (!mkdtemp(path) || (base = open(path, O_RDONLY | O_DIRECTORY)) < 0 || mkdirat(base, "folder", 0755) ||
        (folder = openat(base, "folder", O_RDONLY | O_DIRECTORY)) < 0) {
        abort();
    }
    put_file(base, "outside");
    atexit(at_end);
    g_autofree char *shared = g_build_filename(path, "folder", NULL);

    server = p9_server_new(&(P9Share) { .path = shared, .security = P9_NONE }, &err);
    if (!server) {
        abort();
    }
}

/* What is beside the folder. */
static const char *look_outside(void)
{
    struct stat st;
    char text[16] = "";
    const int fd = openat(base, "outside", O_RDONLY);
    const bool good = fd >= 0 && !fstat(fd, &st) && (st.st_mode & 07777) == 0600 && st.st_nlink == 1 &&
                      read(fd, text, sizeof(text)) == 7 && !memcmp(text, "outside", 7);
    unsigned names = 0;
    DIR *dir;

    if (fd >= 0) {
        close(fd);
    }
    dir = fdopendir(openat(base, ".", O_RDONLY | O_DIRECTORY));
    while (dir && readdir(dir)) {
        names++;
    }
    closedir(dir);
    return !good ? "a file outside of the folder has changed" : names != 4 ? "a name outside of the folder" : NULL;
}

/* ---- messages out of bytes ---- */

typedef struct Input {
    const uint8_t *data;
    size_t size;
} Input;

static uint8_t byte(Input *in)
{
    return in->size ? in->size--, *in->data++ : 0;
}

static const char *const names[] = {
    "a", "b", "d", "l", "up", "p", "..", ".", "", "a/b", "../outside", "outside", "/etc/passwd", "e", "f",
    "a-name-that-has-some-more-letters-than-the-others",
};

static const struct { uint8_t type; const char *fields; } kinds[] = {
    { 8, "f" }, { 12, "fm" }, { 14, "fsmom" }, { 16, "fssm" }, { 18, "fsoddm" }, { 20, "ffs" }, { 22, "f" },
    { 24, "fq" }, { 26, "fdomoqqqqq" }, { 30, "ffs" }, { 32, "fsqd" }, { 40, "fqd" }, { 50, "fd" }, { 52, "fbdqqds" },
    { 54, "fbqqds" }, { 70, "ffs" }, { 72, "fsom" }, { 74, "fsfs" }, { 76, "fsr" }, { 100, "Mv" }, { 102, "dss" },
    { 104, "ffssd" }, { 108, "w" }, { 110, "ffn" }, { 116, "fqd" }, { 118, "fqc" }, { 120, "f" }, { 122, "f" },
};

static void field(P9Message *m, char letter, Input *in)
{
    const uint8_t value = byte(in);

    switch (letter) {
    case 'f':
        p9_put(m, "d", value & 7u);
        break;
    case 'm':                   /* flags */
        p9_put(m, "d", (value & 3u) | (value & 4u ? 0200u : 0u) | (value & 8u ? 01000u : 0u) |
               (value & 16u ? 0100000u : 0u));
        break;
    case 'o':                   /* a mode */
        p9_put(m, "d", (value & 0xfu) << 12 | (value & 0x70u ? 0700u : 077u));
        break;
    case 'r':
        p9_put(m, "d", value & 1 ? 0x200u : 0u);
        break;
    case 's':
        p9_put(m, "s", names[value % G_N_ELEMENTS(names)]);
        break;
    case 'v':
        p9_put(m, "s", value & 1 ? "9P2000" : "9P2000.L");
        break;
    case 'M':
        p9_put(m, "d", value & 1 ? 0u : 4096u << (value & 7));
        break;
    case 'n':
        p9_put(m, "w", value % 4u);
        for (unsigned n = value % 4; n; n--) {
            field(m, 's', in);
        }
        break;
    case 'c':
        p9_put(m, "d", (uint32_t)value);
        for (unsigned n = value; n && in->size; n--) {
            p9_put(m, "b", (unsigned)byte(in));
        }
        break;
    case 'b':
        p9_put(m, "b", (unsigned)value);
        break;
    case 'w':
        p9_put(m, "w", (unsigned)value);
        break;
    case 'q':
        p9_put(m, "q", value & 0x80 ? ~0ull >> (value & 63) : (uint64_t)value);
        break;
    default:
        p9_put(m, "d", value & 0x80 ? ~0u >> (value & 31) : (uint32_t)value);
        break;
    }
}

static const char *message(Input *in)
{
    static uint8_t text[ROOM], answer[ROOM + 1];
    P9Message m = { .out = text, .room = sizeof(text), .used = P9_HEADER };
    const uint8_t kind = byte(in), twist = byte(in);
    const unsigned n = kind % (unsigned)G_N_ELEMENTS(kinds);
    const uint32_t room = twist & 1 ? 11 + byte(in) : ROOM;
    uint32_t size;

    for (const char *f = kinds[n].fields; *f; f++) {
        field(&m, *f, in);
    }
    if (twist & 2) {
        text[P9_HEADER + byte(in) % 32] = byte(in);
    }
    size = twist & 4 && m.used > P9_HEADER ? m.used - 1 - byte(in) % (m.used - P9_HEADER) : m.used;
    m.used = 0;
    p9_put(&m, "dbw", size, (unsigned)kinds[n].type, 1u);
    answer[room] = GUARD;
    const uint32_t got = p9_server_answer(server, text, size, answer, room);

    return got > room || answer[room] != GUARD ? "an answer is longer than its room" :
           got && got < P9_HEADER ? "an answer without a header" : NULL;
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    static const uint8_t attach[] = { 23, 0, 0, 0, 104, 1, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0 };
    Input in = { data, size < fuzz_max_input ? size : fuzz_max_input };
    const char *problem = NULL;
    uint8_t answer[64];

    fill();
    server->share.readonly = false;
    p9_server_answer(server, attach, sizeof(attach), answer, sizeof(answer));
    while (in.size && !problem) {
        problem = message(&in);
    }
    p9_server_reset(server);
    return problem ? problem : look_outside();
}
