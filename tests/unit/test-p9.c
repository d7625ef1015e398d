/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P server, on a folder of the host: nothing outside of it is reached, whatever names and links there are; files,
 * folders, owners in extended attributes; clients that break the rules.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "hw/9p/p9-internal.h"
#include "tap.h"

enum { VERSION = 100, ATTACH = 104, WALK = 110, OPEN = 12, CREATE = 14, SYMLINK = 16, MKNOD = 18, READLINK = 22,
       GETATTR = 24, SETATTR = 26, READDIR = 40, LINK = 70, MKDIR = 72, RENAMEAT = 74, UNLINKAT = 76, READ = 116,
       WRITE = 118, CLUNK = 120, REMOVE = 122 };
enum { ROOT = 1, FID = 2, OTHER = 3, LIMIT = 64 * 1024 };

static char *base, *share;
static P9Server *server;
static uint8_t out[P9_MSIZE], in[P9_MSIZE];
static P9Message answer;                /* behind the header */

/* Ask; returns the error, 0: none, -1: no answer. The fields are p9_put()'s; `names` of them follow as texts. */
static int ask(unsigned type, const char *format, ...) __attribute__((sentinel(0)));
static int ask(unsigned type, const char *format, ...)
{
    P9Message m = { .out = in, .room = LIMIT, .used = P9_HEADER };
    uint32_t size, error;
    uint16_t tag;
    uint8_t got;
    va_list list;

    va_start(list, format);
    for (; *format; format++) {
        const char one[] = { *format, 0 };

        if (*format == 'q') {
            p9_put(&m, one, va_arg(list, uint64_t));
        } else if (*format == 's') {
            p9_put(&m, one, va_arg(list, const char *));
        } else {
            p9_put(&m, one, va_arg(list, unsigned));
        }
    }
    va_end(list);
    size = m.used;
    m.used = 0;
    p9_put(&m, "dbw", size, type, 7u);
    size = p9_server_answer(server, in, size, out, sizeof(out));
    answer = (P9Message) { .in = out, .in_bytes = size };
    if (!p9_get(&answer, "dbw", &size, &got, &tag) || size != answer.in_bytes || tag != 7) {
        return -1;
    }
    if (got == 7) {
        return p9_get(&answer, "d", &error) ? (int)error : -1;
    }
    return got == type + 1 ? 0 : -1;
}

static void start(P9Security security, bool readonly)
{
    char *err = NULL;

    server = p9_server_new(&(P9Share) { .path = share, .security = security, .readonly = readonly }, &err);
    tap_case(server && !ask(VERSION, "ds", LIMIT, "9P2000.L", NULL) &&
             !ask(ATTACH, "ddssd", ROOT, ~0u, "", "", 0u, NULL), "a client begins");
}

/* FID becomes the file of that name in the folder of `from`. */
static int walk(unsigned from, const char *name)
{
    ask(CLUNK, "d", FID, NULL);
    return ask(WALK, "ddws", from, FID, 1u, name, NULL);
}

static int open_file(const char *name, unsigned flags)
{
    const int error = walk(ROOT, name);

    return error ? error : ask(OPEN, "dd", FID, flags, NULL);
}

static bool reads(const char *want)
{
    uint32_t count;

    return !ask(READ, "dqd", FID, (uint64_t)0, 100u, NULL) && p9_get(&answer, "d", &count) && count == strlen(want) &&
           !memcmp(out + answer.at, want, count);
}

static void put_file(const char *path, const char *text)
{
    if (!g_file_set_contents(path, text, -1, NULL)) {
        abort();
    }
}

static char *at(const char *folder, const char *name)
{
    static char *path;

    g_free(path);
    path = g_build_filename(folder, name, NULL);
    return path;
}

static void test_confined(void)
{
    start(P9_NONE, false);
    put_file(at(base, "secret"), "secret");
    if (symlink("../secret", at(share, "up")) || symlink("..", at(share, "folder-up")) ||
        symlink(base, at(share, "absolute"))) {
        abort();
    }
    tap_case(open_file("up", 0) == ELOOP && open_file("folder-up", 0) == ELOOP, "links are not opened");
    tap_case(walk(ROOT, "up") == 0 && ask(WALK, "ddws", FID, OTHER, 1u, "secret", NULL) == ENOTDIR &&
             walk(ROOT, "folder-up") == 0 && ask(WALK, "ddws", FID, OTHER, 1u, "secret", NULL) == ENOTDIR &&
             walk(ROOT, "absolute") == 0 && ask(WALK, "ddws", FID, OTHER, 1u, "secret", NULL) == ENOTDIR,
             "nor walked through");
    tap_case(!walk(ROOT, "..") && ask(WALK, "ddws", FID, OTHER, 1u, "secret", NULL) == ENOENT &&
             !ask(GETATTR, "dq", FID, ~0ull, NULL), "above the folder is the folder");
    tap_case(walk(ROOT, "../secret") == ENOENT && walk(ROOT, "/etc/passwd") == ENOENT && walk(ROOT, "") == ENOENT &&
             walk(ROOT, ".") == ENOENT, "names are single steps");
    tap_case(ask(MKDIR, "dsdd", ROOT, "../made", 0755u, 0u, NULL) == EINVAL &&
             ask(CREATE, "dsddd", ROOT, "..", 1u, 0644u, 0u, NULL) == EINVAL &&
             ask(SYMLINK, "dssd", ROOT, "a/b", "x", 0u, NULL) == EINVAL &&
             ask(MKNOD, "dsdddd", ROOT, "", (unsigned)S_IFREG, 0u, 0u, 0u, NULL) == EINVAL &&
             ask(RENAMEAT, "dsds", ROOT, "up", ROOT, "../up", NULL) == EINVAL &&
             ask(UNLINKAT, "dsd", ROOT, "../secret", 0u, NULL) == EINVAL, "also those of what is made, moved, removed");
    walk(ROOT, "folder-up");
    tap_case(ask(MKDIR, "dsdd", FID, "made", 0755u, 0u, NULL) == ENOTDIR &&
             ask(UNLINKAT, "dsd", FID, "secret", 0u, NULL) == ENOTDIR &&
             ask(RENAMEAT, "dsds", FID, "secret", ROOT, "taken", NULL) == ENOTDIR, "nothing is done through a link");
    walk(ROOT, "up");
    ask(SETATTR, "dddddqqqqq", FID, 1u, 0777u, 0u, 0u, 0ull, 0ull, 0ull, 0ull, 0ull, NULL);
    tap_case(ask(SETATTR, "dddddqqqqq", FID, 8u, 0u, 0u, 0u, 0ull, 0ull, 0ull, 0ull, 0ull, NULL) == ELOOP,
             "nor is what it leads to changed");
    struct stat st;
    char *text = NULL;

    tap_case(g_file_get_contents(at(base, "secret"), &text, NULL, NULL) && !strcmp(text, "secret") &&
             !stat(at(base, "secret"), &st) && (st.st_mode & 0777) != 0777, "what is outside is as it was");
    g_free(text);
    tap_case(!ask(READLINK, "d", FID, NULL) && p9_get(&answer, "s", &text) && !strcmp(text, "../secret"),
             "links are read");
    g_free(text);
    if (mkfifo(at(share, "fifo"), 0600)) {
        abort();
    }
    tap_case(open_file("fifo", 0) == ENXIO && open_file("fifo", 1) == ENXIO, "pipes of the host are not opened");
    /* A folder that becomes a link while the client has a fid of it. */
    tap_case(!ask(MKDIR, "dsdd", ROOT, "turns", 0755u, 0u, NULL) && !walk(ROOT, "turns") &&
             !rmdir(at(share, "turns")) && !symlink("..", at(share, "turns")) &&
             ask(WALK, "ddws", FID, OTHER, 1u, "secret", NULL) == ENOTDIR, "a folder that has become a link is none");
    p9_server_free(server);
}

static void test_files(void)
{
    uint32_t count;

    start(P9_NONE, false);
    ask(WALK, "ddw", ROOT, FID, 0u, NULL);
    tap_case(!ask(CREATE, "dsddd", FID, "file", 2u, 0640u, 0u, NULL) &&
             !ask(WRITE, "dqdb", FID, 3ull, 1u, 'x', NULL) && p9_get(&answer, "d", &count) && count == 1 &&
             !ask(READ, "dqd", FID, 0ull, 9u, NULL) && p9_get(&answer, "d", &count) && count == 4 &&
             !memcmp(out + answer.at, "\0\0\0x", 4), "a file is made, written and read");
    tap_case(ask(WRITE, "dqdb", FID, 0ull, 2u, 'x', NULL) == EPROTO &&
             ask(WRITE, "dqdb", FID, ~0ull, 1u, 'x', NULL) == EFBIG &&
             ask(READ, "dqd", FID, ~0ull, 1u, NULL) == EINVAL, "data that is not there, places that cannot be");
    tap_case(!ask(READ, "dqd", FID, 0ull, ~0u, NULL), "more is asked for than there is room");
    tap_case(!ask(MKDIR, "dsdd", ROOT, "old", 0755u, 0u, NULL) &&
             !ask(RENAMEAT, "dsds", ROOT, "file", ROOT, "old-file", NULL), "a folder; a file moves");
    walk(ROOT, "old");
    ask(CREATE, "dsddd", FID, "inside", 2u, 0600u, 0u, NULL);
    ask(CLUNK, "d", FID, NULL);
    ask(WALK, "ddwss", ROOT, FID, 2u, "old", "inside", NULL);
    tap_case(!ask(RENAMEAT, "dsds", ROOT, "old", ROOT, "new", NULL) && !ask(GETATTR, "dq", FID, ~0ull, NULL) &&
             !ask(OPEN, "dd", FID, 0u, NULL), "what was in a folder that moved is found by its fid");
    tap_case(!walk(ROOT, "old-file") && !ask(GETATTR, "dq", FID, ~0ull, NULL), "and its neighbour of a like name");
    tap_case(!ask(WALK, "ddwsss", ROOT, OTHER, 3u, "new", "nothing", "x", NULL) && p9_get(&answer, "w", &count) &&
             (uint16_t)count == 1 && ask(GETATTR, "dq", OTHER, ~0ull, NULL) == EBADF, "a way that ends early");
    tap_case(!ask(LINK, "dds", ROOT, FID, "second", NULL) && !ask(UNLINKAT, "dsd", ROOT, "second", 0u, NULL) &&
             ask(UNLINKAT, "dsd", ROOT, "new", 0u, NULL) == EISDIR &&
             ask(UNLINKAT, "dsd", ROOT, "new", 0x200u, NULL) == ENOTEMPTY, "links, and folders that are not empty");
    tap_case(!ask(REMOVE, "d", FID, NULL) && ask(GETATTR, "dq", FID, ~0ull, NULL) == EBADF &&
             access(at(share, "old-file"), F_OK), "a file is removed with its fid");
    p9_server_free(server);
}

/* All names of the folder, in pieces of that size. */
static unsigned count_names(uint32_t piece)
{
    uint64_t offset = 0, ino;
    unsigned names = 0;
    uint32_t count, version, end;
    uint8_t qtype, type;
    char *name;

    for (;;) {
        if (ask(READDIR, "dqd", FID, offset, piece, NULL) || !p9_get(&answer, "d", &count) || count > piece) {
            return 0;
        }
        if (!count) {
            return names;
        }
        for (end = answer.at + count; answer.at < end; names++) {
            if (!p9_get(&answer, "bdqqbs", &qtype, &version, &ino, &offset, &type, &name)) {
                return 0;
            }
            g_free(name);
        }
    }
}

static void test_folders(void)
{
    start(P9_NONE, false);
    ask(MKDIR, "dsdd", ROOT, "many", 0755u, 0u, NULL);
    for (unsigned i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("many/a-name-that-is-long-%u", i);

        put_file(at(share, name), "");
    }
    open_file("many", 0);
    tap_case(count_names(60000) == 102 && count_names(300) == 102, "all names, also in small pieces");
    tap_case(ask(READDIR, "dqd", FID, 0ull, 10u, NULL) == EINVAL && !ask(READDIR, "dqd", FID, 1234567ull, 100u, NULL),
             "no room for a name; a place that was never told");
    p9_server_free(server);
    start(P9_NONE, true);
    tap_case(ask(MKDIR, "dsdd", ROOT, "x", 0755u, 0u, NULL) == EROFS && open_file("many", 0) == 0 &&
             (walk(ROOT, "many"), ask(REMOVE, "d", FID, NULL)) == EROFS, "a folder that is only read");
    ask(WALK, "ddwss", ROOT, FID, 2u, "many", "a-name-that-is-long-0", NULL);
    tap_case(ask(OPEN, "dd", FID, 1u, NULL) == EROFS && ask(OPEN, "dd", FID, 01000u, NULL) == EROFS &&
             !ask(OPEN, "dd", FID, 0u, NULL) && reads(""), "nor are its files opened to write");
    p9_server_free(server);
}

static void test_mapped(void)
{
    uint32_t version, mode, uid, gid;
    uint64_t valid, ino;
    struct stat st;
    char *text = NULL;
    uint8_t qtype;

    if (setxattr(share, "user.virtfs.test", "x", 1, 0)) {
        tap_case(true, "owners in extended attributes # SKIP the file system has none");
        return;
    }
    start(P9_MAPPED, false);
    tap_case(!ask(SYMLINK, "dssd", ROOT, "mapped-link", "/etc/passwd", 0u, NULL) &&
             !lstat(at(share, "mapped-link"), &st) && S_ISREG(st.st_mode) && !walk(ROOT, "mapped-link") &&
             !ask(READLINK, "d", FID, NULL) && p9_get(&answer, "s", &text) && !strcmp(text, "/etc/passwd"),
             "a link is a file of the host");
    g_free(text);
    tap_case(!ask(MKNOD, "dsdddd", ROOT, "null", (unsigned)S_IFCHR | 0666u, 1u, 3u, 9u, NULL) &&
             !lstat(at(share, "null"), &st) && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600, "so is a device");
    tap_case(!walk(ROOT, "null") && !ask(SETATTR, "dddddqqqqq", FID, 7u, 04755u, 5u, 6u, 0ull, 0ull, 0ull, 0ull, 0ull,
                                         NULL) && !ask(GETATTR, "dq", FID, ~0ull, NULL) &&
             p9_get(&answer, "qbdqddd", &valid, &qtype, &version, &ino, &mode, &uid, &gid) &&
             mode == (S_IFCHR | 04755) && uid == 5 && gid == 6 && !lstat(at(share, "null"), &st) &&
             (st.st_mode & 07777) == 0600, "owner and mode are noted, and the host's stay");
    tap_case(ask(MKNOD, "dsdddd", ROOT, "folder", (unsigned)S_IFDIR | 0755u, 0u, 0u, 0u, NULL) == EINVAL,
             "a folder is none of these");
    p9_server_free(server);
}

static void test_bad(void)
{
    uint32_t state = 1;

    start(P9_NONE, false);
    tap_case(p9_server_answer(server, in, 3, out, 11) == 0, "what is shorter than a header");
    memcpy(in, "\xff\xff\0\0\x64\0\0", 7);
    tap_case(p9_server_answer(server, in, 7, out, 11) == 0, "a message that says it is longer than it is");
    tap_case(ask(200, "", NULL) == EOPNOTSUPP && ask(0, "", NULL) == EOPNOTSUPP && ask(WALK, "d", 0u, NULL) == EPROTO &&
             ask(OPEN, "dd", 99u, 0u, NULL) == EBADF && ask(ATTACH, "ddssd", ROOT, 0u, "", "", 0u, NULL) == EINVAL,
             "messages, fields and fids that there are not");
    for (unsigned i = 0; i < 2 * P9_FIDS_MAX; i++) {
        state = (uint32_t)ask(WALK, "ddw", ROOT, 100u + i, 0u, NULL);
        if (state) {
            break;
        }
    }
    tap_case(state == ENFILE && g_hash_table_size(server->fids) == P9_FIDS_MAX, "fids are bounded");
    p9_server_reset(server);
    tap_case(!g_hash_table_size(server->fids) && !ask(ATTACH, "ddssd", ROOT, ~0u, "", "", 0u, NULL),
             "and go at a reset");
    for (unsigned i = 0, n = 0; i < 6000 && !n; i++) {
        state = (uint32_t)ask(WALK, "ddw", ROOT, 100u + i, 0u, NULL);
        state = state ? state : (uint32_t)ask(OPEN, "dd", 100u + i, 0u, NULL);
        n = state;
    }
    tap_case(state == EMFILE && server->open == server->open_max, "so are open files: %u", server->open);
    p9_server_free(server);
}

/* ---- saved states ---- */

static GByteArray *saved(void)
{
    GByteArray *state = g_byte_array_new();

    p9_server_save(server, state);
    return state;
}

/* Another server of the folder takes the state up. */
static bool moves_to(bool readonly, const GByteArray *state)
{
    char *err = NULL;

    p9_server_free(server);
    server = p9_server_new(&(P9Share) { .path = share, .security = P9_NONE, .readonly = readonly }, &err);
    return p9_server_load(server, state->data, state->len);
}

static void test_state(void)
{
    GByteArray *state;
    char *problem;
    uint32_t count;

    start(P9_NONE, false);
    ask(MKDIR, "dsdd", ROOT, "saved", 0755u, 0u, NULL);
    walk(ROOT, "saved");
    tap_case(!ask(WALK, "ddw", FID, OTHER, 0u, NULL) && !ask(CREATE, "dsddd", OTHER, "kept", 2u, 0644u, 0u, NULL) &&
             !ask(WRITE, "dqdbb", OTHER, 0ull, 2u, 'a', 'b', NULL) && !ask(OPEN, "dd", FID, 0u, NULL) &&
             !p9_server_save_problem(server), "a file and a folder are open");
    state = saved();
    tap_case(moves_to(false, state) && server->msize == LIMIT && server->open == 2 &&
             !ask(WRITE, "dqdb", OTHER, 2ull, 1u, 'c', NULL) && !ask(READ, "dqd", OTHER, 0ull, 9u, NULL) &&
             p9_get(&answer, "d", &count) && count == 3 && !memcmp(answer.in + answer.at, "abc", 3) &&
             !ask(READDIR, "dqd", FID, 0ull, 4000u, NULL) && !walk(ROOT, "saved"), "they are so where it is loaded");
    tap_case(moves_to(true, state) && server->open == 1 && ask(READ, "dqd", OTHER, 0ull, 9u, NULL) == EBADF,
             "but not for writing, where nothing is to be written");
    moves_to(false, state);
    unlink(at(share, "saved/kept"));
    problem = p9_server_save_problem(server);
    tap_case(problem && strstr(problem, "'saved/kept'"), "what is open and deleted cannot be saved: %s", problem);
    g_free(problem);
    tap_case(moves_to(false, state) && server->open == 1 && ask(READ, "dqd", OTHER, 0ull, 9u, NULL) == EBADF &&
             !ask(CLUNK, "d", OTHER, NULL), "what is not there is not open");
    tap_case(!symlink("..", at(share, "saved/kept")) && moves_to(false, state) && server->open == 1,
             "a link in its place leads nowhere");
    g_byte_array_unref(state);
    state = saved();
    /* ".." in a path, in the place of letters. */
    memcpy(memmem(state->data, state->len, "saved", 5), "../sa", 5);
    tap_case(!moves_to(false, state) && !g_hash_table_size(server->fids), "a path that leads out is damage");
    for (unsigned i = 0; freopen("/dev/null", "w", stderr) && i < 20000; i++) {
        GByteArray *bad = g_byte_array_append(g_byte_array_new(), state->data, (guint)(g_random_int() % state->len));

        for (unsigned n = g_random_int() % 4; n && bad->len; n--) {
            bad->data[g_random_int() % bad->len] = (guint8)g_random_int();
        }
        p9_server_reset(server);
        p9_server_load(server, bad->data, bad->len);
        g_byte_array_unref(bad);
    }
    p9_server_reset(server);
    tap_case(!server->open && !g_hash_table_size(server->fids), "damaged states do no harm");
    g_byte_array_unref(state);
    p9_server_free(server);
}

int main(void)
{
    base = g_dir_make_tmp("p9-XXXXXX", NULL);
    share = g_build_filename(base, "share", NULL);
    if (!base || mkdir(share, 0755)) {
        abort();
    }
    test_confined();
    test_files();
    test_folders();
    test_mapped();
    test_bad();
    test_state();

    g_autofree char *command = g_strdup_printf("rm -rf '%s'", base);

    return system(command) ? 1 : tap_done();
}
