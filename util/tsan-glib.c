/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GLib's locks, queues and pools order, told to the thread sanitizer. GLib itself is not instrumented and does
 * without pthread's locks, so the sanitizer would take whatever they guard for a race. Only built into its builds
 * (b_sanitize=thread), where the linker has our calls of these functions come here (--wrap, in the top meson.build).
 * A function of this kind that is called anywhere needs a wrapper and a name in that list.
 */
#include <glib.h>
#include <sanitizer/tsan_interface.h>

/* The linker's names: __real_X is GLib's X, and who calls X calls __wrap_X. */
#define WRAP(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

/* ---- locks ---- */

static void before_unlock(GMutex *m)
{
    __tsan_mutex_pre_unlock(m, 0);
}

static void before_lock(GMutex *m)
{
    __tsan_mutex_pre_lock(m, 0);
}

static void after_unlock(GMutex *m)
{
    __tsan_mutex_post_unlock(m, 0);
}

static void after_lock(GMutex *m)
{
    __tsan_mutex_post_lock(m, 0, 0);
}

WRAP(void, g_mutex_lock, GMutex *m)
{
    before_lock(m);
    __real_g_mutex_lock(m);
    after_lock(m);
}

WRAP(void, g_mutex_unlock, GMutex *m)
{
    before_unlock(m);
    __real_g_mutex_unlock(m);
    after_unlock(m);
}

WRAP(void, g_mutex_clear, GMutex *m)
{
    __real_g_mutex_clear(m);
    __tsan_mutex_destroy(m, 0);
}

WRAP(void, g_rec_mutex_lock, GRecMutex *m)
{
    __tsan_mutex_pre_lock(m, __tsan_mutex_write_reentrant);
    __real_g_rec_mutex_lock(m);
    __tsan_mutex_post_lock(m, __tsan_mutex_write_reentrant, 1);
}

WRAP(void, g_rec_mutex_unlock, GRecMutex *m)
{
    __tsan_mutex_pre_unlock(m, 0);
    __real_g_rec_mutex_unlock(m);
    __tsan_mutex_post_unlock(m, 0);
}

/* A condition orders nothing by itself: its lock is given up and taken again. */
WRAP(void, g_cond_wait, GCond *c, GMutex *m)
{
    before_unlock(m);
    after_unlock(m);
    __real_g_cond_wait(c, m);
    before_lock(m);
    after_lock(m);
}

WRAP(gboolean, g_cond_wait_until, GCond *c, GMutex *m, gint64 until)
{
    gboolean signalled;

    before_unlock(m);
    after_unlock(m);
    signalled = __real_g_cond_wait_until(c, m, until);
    before_lock(m);
    after_lock(m);
    return signalled;
}

/* ---- queues: what was done before an item was put in is seen by who takes it out ---- */

WRAP(void, g_async_queue_push, GAsyncQueue *queue, gpointer item)
{
    __tsan_release(item);
    __real_g_async_queue_push(queue, item);
}

WRAP(gpointer, g_async_queue_pop, GAsyncQueue *queue)
{
    gpointer item = __real_g_async_queue_pop(queue);

    __tsan_acquire(item);
    return item;
}

WRAP(gpointer, g_async_queue_try_pop, GAsyncQueue *queue)
{
    gpointer item = __real_g_async_queue_try_pop(queue);

    if (item) {
        __tsan_acquire(item);
    }
    return item;
}

/* ---- pools: likewise, and who waits for a pool's end sees what its threads have done ---- */

/* What a pool is told to call is ours, which then calls this. */
typedef struct Called {
    GFunc fn;
    gpointer opaque;
} Called;

static void call(gpointer item, gpointer opaque)
{
    const Called *called = opaque;

    __tsan_acquire(item);
    called->fn(item, called->opaque);
    __tsan_release(opaque);
}

WRAP(GThreadPool *, g_thread_pool_new, GFunc fn, gpointer opaque, gint threads, gboolean exclusive, GError **error)
{
    Called *called = g_new0(Called, 1);         /* the pool's; it stays, like pools that are not waited for */

    *called = (Called) { fn, opaque };
    return __real_g_thread_pool_new(call, called, threads, exclusive, error);
}

WRAP(gboolean, g_thread_pool_push, GThreadPool *pool, gpointer item, GError **error)
{
    __tsan_release(item);
    return __real_g_thread_pool_push(pool, item, error);
}

/* The pool's memory is GLib's: who frees it is ordered by what the sanitizer does not see. */
static __attribute__((no_sanitize("thread"), noinline)) gpointer called_of(const volatile GThreadPool *pool)
{
    return pool->user_data;     /* volatile: or the compiler has the caller read it */
}

WRAP(void, g_thread_pool_free, GThreadPool *pool, gboolean immediate, gboolean wait)
{
    gpointer called = called_of(pool);

    __real_g_thread_pool_free(pool, immediate, wait);
    if (wait) {
        __tsan_acquire(called);
    }
}

/* ---- counts: who takes the last one away sees what all others did before ---- */

WRAP(gboolean, g_atomic_ref_count_dec, gatomicrefcount *count)
{
    gboolean last;

    __tsan_release(count);
    last = __real_g_atomic_ref_count_dec(count);
    if (last) {
        __tsan_acquire(count);
    }
    return last;
}

WRAP(gboolean, g_atomic_ref_count_compare, gatomicrefcount *count, gint value)
{
    gboolean equal = __real_g_atomic_ref_count_compare(count, value);

    if (equal) {
        __tsan_acquire(count);
    }
    return equal;
}

/* ---- what is made once: the macro's own look at the place is an atomic one, which the sanitizer sees ---- */

#undef g_once_init_enter
#undef g_once_init_leave

WRAP(gboolean, g_once_init_enter, volatile void *place)
{
    gboolean first = __real_g_once_init_enter(place);

    if (!first) {
        __tsan_acquire((void *)(uintptr_t)place);
    }
    return first;
}

WRAP(void, g_once_init_leave, volatile void *place, gsize value)
{
    __tsan_release((void *)(uintptr_t)place);
    __real_g_once_init_leave(place, value);
}

/* ---- memory: what GLib allocates and frees it passes on from thread to thread by itself ---- */

const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "called_from_lib:libglib-2.0.so.0\n";
}
