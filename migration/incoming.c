/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state comes in. A thread reads sections and waits for whoever sends; the I/O thread, which goes on serving
 * monitors, takes them one by one. `room` keeps the thread from reading far ahead.
 */
#include <glib.h>
#include <pthread.h>
#include <semaphore.h>
#include "block/block.h"
#include "migration/channel.h"
#include "migration/internal.h"
#include "migration/ram.h"
#include "migration/state.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"

enum { SECTIONS_AHEAD = 16 };

static struct {
    bool expected;              /* the machine waits for a state. I/O thread, like all that are not marked */
    GThread *thread;            /* NULL: none */
    Channel *channel;           /* while there is a thread */
    StateLoader *loader;
    GAsyncQueue *sections;
    sem_t room;                 /* for so many sections more */
    char *error;                /* the thread's, written before it posts `work` the last time */
    bool ended;                 /* the thread has read all it will; atomic */
    bool stop;                  /* it shall end; atomic */
    IOWork work;
} in;

/* ---- the thread that reads ---- */

static gpointer reader(gpointer opaque)
{
    bool ok = channel_open(in.channel, &in.error) && stream_read_header(channel_read, in.channel, &in.error);

    while (ok && !__atomic_load_n(&in.stop, __ATOMIC_SEQ_CST)) {
        Section *s;
        bool last;

        while (sem_wait(&in.room)) {
        }
        s = stream_read_section(channel_read, in.channel, &in.error);
        if (!s) {
            break;
        }
        last = g_str_equal(s->name, "end");
        g_async_queue_push(in.sections, s);
        io_post(&in.work);
        if (last) {
            break;
        }
    }
    __atomic_store_n(&in.ended, true, __ATOMIC_SEQ_CST);
    io_post(&in.work);
    return NULL;
}

/* ---- the I/O thread ---- */

uint64_t incoming_bytes(void)
{
    return in.channel ? channel_bytes(in.channel) : migration.info.bytes;
}

static void join(void)
{
    Section *s;

    __atomic_store_n(&in.stop, true, __ATOMIC_SEQ_CST);
    channel_break(in.channel);
    sem_post(&in.room);
    g_thread_join(in.thread);
    in.thread = NULL;
    while ((s = g_async_queue_try_pop(in.sections)) != NULL) {
        section_free(s);
    }
    migration.info.bytes = incoming_bytes();
    g_clear_pointer(&in.channel, channel_free);
    g_clear_pointer(&in.loader, state_loader_free);
}

static int append(void *opaque, const void *data, size_t bytes)
{
    g_byte_array_append(opaque, data, (guint)bytes);
    return 0;
}

/* The sender's, if it waits for one, before the channel is closed. */
static void tell_verdict(const char *problem)
{
    if (in.loader && state_wants_answer(in.loader)) {
        GByteArray *all = g_byte_array_new(), *s = state_verdict(problem);

        stream_write_section(s, append, all);
        channel_answer(in.channel, all->data, all->len);
        g_byte_array_unref(s);
        g_byte_array_unref(all);
    }
}

/* What is here now is no machine that anybody wants. */
static void failed(char *error)
{
    tell_verdict(error);
    join();
    error_report("-incoming: %s", error);
    migration_over(MIGRATION_FAILED, error);
    qemu_system_quit_request(1);
}

/* Without the images the machine cannot go on here; a sender that asks has it still. */
static void completed(void)
{
    bool was_running = state_was_running(in.loader);
    char *problem = blk_take_all();

    if (problem && state_wants_answer(in.loader)) {
        failed(problem);
        return;
    }
    tell_verdict(NULL);
    join();
    in.expected = false;
    if (problem) {
        error_report("-incoming: the machine is here, but cannot go on: %s ('cont' tries again)", problem);
        g_free(problem);
        was_running = false;
    }
    migration_over(MIGRATION_COMPLETED, NULL);
    runstate_loaded(was_running);
}

static void take_sections(void *opaque)
{
    char *error = NULL;
    /* Before the queue: what the thread has read by its end is in it. */
    bool ended = __atomic_load_n(&in.ended, __ATOMIC_SEQ_CST);
    Section *s;

    if (!in.thread) {
        return;
    }
    while (!error && (s = g_async_queue_try_pop(in.sections)) != NULL) {
        if (migration.info.status == MIGRATION_SETUP) {
            migration_set_status(MIGRATION_ACTIVE);
        }
        state_load(in.loader, s, &error);
        sem_post(&in.room);
    }
    if (error) {
        failed(error);
    } else if (state_loaded(in.loader)) {
        completed();
    } else if (ended) {
        failed(in.error ? g_steal_pointer(&in.error) : g_strdup("the state ends too early"));
    }
}

bool migrate_is_expected(void)
{
    return in.expected;
}

char *migrate_incoming(const char *uri)
{
    char *error = NULL;

    if (!in.expected) {
        return g_strdup("the machine does not wait for a state (-incoming defer)");
    }
    if (in.thread) {
        return g_strdup("the machine has been told already where its state comes from");
    }
    in.channel = channel_new(uri, true, &error);
    if (!in.channel) {
        return error;
    }
    migration_begin(true);
    migration.info.ram_bytes = (uint64_t)ram_pages_total() * RAM_PAGE;
    in.loader = state_loader_new(migration_machine, true);
    in.sections = g_async_queue_new();
    sem_init(&in.room, 0, SECTIONS_AHEAD);
    in.work = (IOWork) { .fn = take_sections };
    migration_set_status(MIGRATION_SETUP);
    in.thread = g_thread_new("incoming", reader, NULL);
    return NULL;
}

char *migrate_expect(const char *uri, bool start)
{
    in.expected = true;
    runstate_expect_state(start);
    return g_str_equal(uri, "defer") ? NULL : migrate_incoming(uri);
}

void incoming_end(void)
{
    if (in.thread) {
        join();
    }
}
