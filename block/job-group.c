/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs of a group (a transaction's) take effect together or not at all: each waits when its part is done, until the
 * last one is as far; one that fails or is cancelled takes the others with it. I/O thread.
 */
#include "block/job-internal.h"

unsigned block_job_new_group(void)
{
    static unsigned last;

    return ++last;
}

/* The next job of the group behind `job`, or the first one for NULL; NULL: there is none. */
static BlockJob *next_of_group(const BlockJob *job, unsigned group)
{
    BlockJob *next = block_job_next(job);

    while (next && next->group != group) {
        next = block_job_next(next);
    }
    return next;
}

void block_job_cancel_group(BlockJob *job)
{
    const unsigned group = job->group;
    BlockJob *other;

    job->group = 0;
    while ((other = next_of_group(NULL, group)) != NULL) {
        other->group = 0;
        if (other->group_waits) {
            other->cancelled = true;
            block_job_settle(other);
        } else {
            g_free(block_job_cancel(other, true));
        }
    }
}

void block_job_join_group(BlockJob *job)
{
    const unsigned group = job->group;
    BlockJob *other = NULL;

    job->group_waits = true;
    block_job_wait_for_others(job);
    while ((other = next_of_group(other, group)) != NULL) {
        if (!other->group_waits) {
            return;
        }
    }
    while ((other = next_of_group(NULL, group)) != NULL) {
        other->group = 0;
        block_job_settle(other);
    }
}
