/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block back ends when the host's disk fails, by every policy: what the device is told, who hears of it, whether the
 * machine stops and the request is carried out again. The image is one that fails when it is told to.
 */
#define _GNU_SOURCE             /* memfd_create, preadv2 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "block/backend-internal.h"
#include "block/aio.h"
#include "block/fleece.h"
#include "block/image.h"
#include "block/nbd-server.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

static int fails;               /* what the image's next calls end with; atomic */
static unsigned calls;          /* of the image; atomic */
static unsigned stops, lines, told;
static BlockError told_error;
uint8_t trace_on[TRACE_NB_EVENTS];

static int image_call(void)
{
    __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&fails, __ATOMIC_SEQ_CST);
}

static int fake_read(Image *image, uint64_t offset, void *buffer, size_t bytes) { return image_call(); }
static int fake_write(Image *image, uint64_t offset, const void *buffer, size_t bytes) { return image_call(); }
static int fake_zeroes(Image *image, uint64_t offset, uint64_t bytes, bool unmap) { return image_call(); }
static int fake_flush(Image *image) { return image_call(); }

static int transfer_file = -1;  /* the kernel carries out transfers of this file; -1: it does not */

static int fake_transfer_fd(Image *image, bool write, uint64_t offset, const void *buffer, size_t bytes)
{
    return transfer_file;
}

static const ImageOps fake_ops = {
    .transfer_fd = fake_transfer_fd,
    .format = "raw", .read = fake_read, .write = fake_write, .write_zeroes = fake_zeroes, .flush = fake_flush,
};

Image *image_open(const char *path, const ImageOptions *options, char **error)
{
    static Image image;

    image = (Image) { .ops = &fake_ops, .path = (char *)"image", .bytes = 1 << 20 };
    return &image;
}

/* No disk here has a job, or is exported, and there are no nodes. */
void nbd_export_forget(BlockBackend *blk) { }
void nbd_export_forget_bitmaps(const BlockBackend *blk) { }
Image *block_job_show_target(const char *node, BlockOptions *options) { return NULL; }
bool block_job_hide_target(const char *node) { return false; }
Image *fleece_disk_new(const BlockBackend *disk) { return NULL; }
Image *fleece_find_disk(Image *image) { return NULL; }
void block_node_move_bitmaps(const char *name, BlockBackend *blk) { }
void block_node_take_bitmaps(const char *name, BlockBackend *blk, bool kept_too) { }
bool block_job_end_now(struct BlockJob *job) { return true; }
void block_nodes_close_all(void) { }
Image *blk_open_first(const BlockOptions *options, bool *inactive, char **error)
{
    return blk_open_image(options, error);
}
void blk_set_inactive(BlockBackend *blk) { }
Image *block_node_take(const char *name, const char *user, BlockOptions *options, char **error) { return NULL; }
void block_node_give_back(const char *name, Image *image) { }
void block_node_free(const char *name) { }

Image *image_open_temporary(const char *path, const ImageOptions *options, char **error)
{
    return image_open(path, options, error);
}

void image_close(Image *image)
{
}

AioEngine *aio_native_new(char **error) { return NULL; }
AioEngine *aio_uring_new(char **error) { return NULL; }

int image_close_within(Image *image, bool flush, unsigned seconds)
{
    return 0;
}

void vm_stop_for_io_error(void)
{
    stops++;
}

_Noreturn void error_exit(const char *fmt, ...)
{
    abort();
}

void error_report(const char *fmt, ...)
{
    lines++;
}

void trace_event(TraceEvent event, const char *fmt, ...)
{
}

static void listener(const BlockError *error)
{
    told++;
    told_error = *error;
}

typedef struct Answer {
    unsigned done;
    int error;
} Answer;

static void answered(BlockRequest *request, int error)
{
    Answer *a = request->opaque;

    a->done++;
    a->error = error;
}

typedef struct Case {
    const char *name;
    BlockOp op;
    BlockErrorPolicy policy;
    int error;
    BlockErrorAction done;
    int answer;                 /* what the device is told */
} Case;

static const Case cases[] = {
    { "read, report", BLOCK_READ, BLOCK_ERROR_REPORT, -EIO, BLOCK_ACTION_REPORT, -EIO },
    { "read, ignore", BLOCK_READ, BLOCK_ERROR_IGNORE, -EIO, BLOCK_ACTION_IGNORE, 0 },
    { "read, stop", BLOCK_READ, BLOCK_ERROR_STOP, -EIO, BLOCK_ACTION_STOP, 0 },
    { "write, report", BLOCK_WRITE, BLOCK_ERROR_REPORT, -ENOSPC, BLOCK_ACTION_REPORT, -ENOSPC },
    { "write, ignore", BLOCK_WRITE, BLOCK_ERROR_IGNORE, -EIO, BLOCK_ACTION_IGNORE, 0 },
    { "write, stop", BLOCK_WRITE, BLOCK_ERROR_STOP, -EIO, BLOCK_ACTION_STOP, 0 },
    { "write, enospc, disk full", BLOCK_WRITE, BLOCK_ERROR_ENOSPC, -ENOSPC, BLOCK_ACTION_STOP, 0 },
    { "write, enospc, other error", BLOCK_WRITE, BLOCK_ERROR_ENOSPC, -EIO, BLOCK_ACTION_REPORT, -EIO },
    { "zeroes, enospc, disk full", BLOCK_WRITE_ZEROES, BLOCK_ERROR_ENOSPC, -ENOSPC, BLOCK_ACTION_STOP, 0 },
    { "flush, stop", BLOCK_FLUSH, BLOCK_ERROR_STOP, -EIO, BLOCK_ACTION_STOP, 0 },
    { "flush, report", BLOCK_FLUSH, BLOCK_ERROR_REPORT, -EIO, BLOCK_ACTION_REPORT, -EIO },
};

static void run(const Case *c)
{
    static uint8_t buffer[512];
    BlockOptions options = { .said = "-sd image", .file = "image", .id = "sd0", .on_read_error = BLOCK_ERROR_REPORT,
                             .on_write_error = BLOCK_ERROR_REPORT };
    Answer answer = { 0 };
    BlockRequest request = { .op = c->op, .bytes = c->op == BLOCK_FLUSH ? 0 : sizeof(buffer), .buffer = buffer,
                             .done = answered, .opaque = &answer };
    BlockStats stats;
    BlockBackend *blk;
    char *error;
    bool stopped;

    *(c->op == BLOCK_READ ? &options.on_read_error : &options.on_write_error) = c->policy;
    blk = blk_open(&options, &error);
    stops = lines = told = calls = 0;
    fails = c->error;
    blk_submit(blk, &request);
    blk_drain(blk);
    stopped = c->done == BLOCK_ACTION_STOP;
    tap_case(told == 1 && told_error.blk == blk && told_error.write == (c->op != BLOCK_READ)
                 && told_error.error == -c->error && told_error.action == c->done,
             "%s: the listener hears of it", c->name);
    tap_case(stops == stopped && lines == (c->done != BLOCK_ACTION_IGNORE), "%s: stops, and says so, if it should",
             c->name);
    tap_case(answer.done == !stopped && (stopped || answer.error == c->answer), "%s: the device's answer", c->name);
    if (stopped) {
        blk_resume_all();
        blk_drain(blk);
        tap_case(!answer.done && calls == 2 && stops == 2, "%s: tried again, and it fails again", c->name);
        fails = 0;
        blk_resume_all();
        blk_drain(blk);
        tap_case(answer.done == 1 && !answer.error && calls == 3, "%s: mended, and nothing is lost", c->name);
    }
    stats = blk_stats(blk, c->op);
    tap_case(stats.failed == (stopped ? 2 : 1) && stats.requests == calls, "%s: it is counted", c->name);
    fails = 0;
    blk_close(blk);
}

/*
 * What the host has in its cache is moved at once. A file system that has no writes of that kind went on to have no
 * reads either, and one that is in memory, where nothing waits, had neither.
 */
static void test_at_once(void)
{
    static uint8_t buffer[4096];
    BlockOptions options = { .said = "-sd image", .file = "image", .id = "sd0" };
    struct iovec v = { .iov_base = buffer, .iov_len = sizeof(buffer) };
    char name[] = "at-once-XXXXXX", *error;
    const int memory = memfd_create("image", MFD_CLOEXEC), disk = mkstemp(name);
    BlockBackend *blk = blk_open(&options, &error);
    bool good;

    if (memory < 0 || disk < 0 || unlink(name) || ftruncate(memory, 1 << 20) ||
        pwrite(disk, buffer, sizeof(buffer), 0) != (ssize_t)sizeof(buffer)) {
        abort();
    }
    transfer_file = memory;
    memset(buffer, 'm', sizeof(buffer));
    good = blk_try(blk, true, 8192, buffer, sizeof(buffer));
    memset(buffer, 0, sizeof(buffer));
    tap_case(good && blk_try(blk, false, 8192, buffer, sizeof(buffer)) && buffer[4095] == 'm',
             "a file in memory is written and read at once");
    tap_case(blk_stats(blk, BLOCK_WRITE).requests == 1 && blk_stats(blk, BLOCK_READ).bytes == sizeof(buffer),
             "and that is counted");
    tap_case(blk_hold(blk) && !blk_try(blk, false, 8192, buffer, sizeof(buffer)), "not while the disk is held");
    blk_release(blk);
    blk_close(blk);
    blk = blk_open(&options, &error);
    transfer_file = disk;
    good = preadv2(disk, &v, 1, 0, RWF_NOWAIT) != (ssize_t)sizeof(buffer);      /* it cannot be had here */
    blk_try(blk, true, 0, buffer, sizeof(buffer));
    tap_case(blk_try(blk, false, 0, buffer, sizeof(buffer)) || good,
             "a file system whose writes may wait is read at once");
    transfer_file = -1;
    blk_close(blk);
    close(memory);
    close(disk);
}

int main(void)
{
    io_loop_init();
    blk_set_error_listener(listener);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        run(&cases[i]);
    }
    test_at_once();
    return tap_done();
}
