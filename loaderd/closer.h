/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes descriptors that came from others, away from the daemon's loop.
 *
 * close(2) can block for as long as somebody else likes: a TCP socket with
 * SO_LINGER waits for its peer, a file on FUSE for its server, and both can be
 * sent over our socket, also as a message that we never read. So such
 * descriptors, and the connections they came over, are closed by threads. As
 * long as that takes, they count against the user who sent them.
 */
#ifndef LOADERD_CLOSER_H
#define LOADERD_CLOSER_H

#include <sys/types.h>

/* Descriptors of one job: a connection and what came over it. */
#define CLOSER_FDS 3

struct closer;

/* Filled and handed over by its owner; made beforehand, so that closing needs no memory. */
struct closer_job {
	uid_t uid;
	unsigned int count;
	int fd[CLOSER_FDS];
	struct closer_job *next; /* the closer's */
};

/*
 * @threads_max: jobs that may block before others wait. NULL with errno. No thread is
 * started before there is a job.
 */
struct closer *closer_new(unsigned int threads_max);

/* A job without descriptors, from malloc(), which its owner frees or hands over. */
struct closer_job *closer_job_new(uid_t uid);

/* Closes all of @job, some time, and frees it. */
void closer_close(struct closer *closer, struct closer_job *job);

/* Jobs of @uid that are not done; of all users in *total. */
unsigned int closer_pending(struct closer *closer, uid_t uid, unsigned int *total);

/* Threads end as they finish; one that is blocked is left behind. NULL is fine. */
void closer_free(struct closer *closer);

#endif
