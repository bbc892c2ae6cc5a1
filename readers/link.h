/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to loaderd, and the next one after it was lost: when to try,
 * what has to come, and in which order. Never waits.
 */
#ifndef READERS_LINK_H
#define READERS_LINK_H

#include <stdbool.h>

#include "connect.h"

enum link_state {
	LINK_DOWN,  /* not connected; next try at deadline_ns */
	LINK_ASKED, /* the answer has to come until deadline_ns */
	LINK_MORE,  /* likewise, the rest of it */
	LINK_UP,    /* answered; more rings may come at any time */
};

struct link {
	const char *path; /* borrowed, as is the next */
	const char *subscription;
	enum link_state state;
	int sock;		/* -1: LINK_DOWN */
	__u64 deadline_ns;	/* CLOCK_MONOTONIC */
	__u64 backoff_ns;	/* between the next two tries */
	__u64 eager_ns;		/* until then it is tried often: loaderd was there just now */
	struct refusal refusal; /* why the last try failed, or the connection ended */
};

/**
 * link_init() - not connected, to be tried at once
 * @link: storage of the caller, released with link_release()
 * @path: of loaderd's socket; outlives the link
 * @subscription: what to ask for; outlives the link
 */
void link_init(struct link *link, const char *path, const char *subscription);

/* Closes the connection. */
void link_release(struct link *link);

/* Whether link_try() should be called now. */
static inline bool link_due(const struct link *link, __u64 now_ns)
{
	return link->state == LINK_DOWN && now_ns >= link->deadline_ns;
}

/**
 * link_try() - connect and ask
 * @link: LINK_DOWN
 * @events_fd: the module's map `events`; stays the caller's
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: 0 the answer will come; or negative errno, with link->refusal, and the next try
 * is due a little later.
 */
int link_try(struct link *link, int events_fd, __u64 now_ns);

/**
 * link_down() - give the connection up, or the try
 * @link: connected or not
 * @err: why, negative errno; -EPROTO, -EREMOTEIO: link->refusal says it already
 * @now_ns: CLOCK_MONOTONIC
 *
 * The next try is due in a moment if it was connected not long ago, else a little later than
 * it was the last time.
 *
 * Return: the errno that people want to know: @err, or what loaderd refused with.
 */
int link_down(struct link *link, int err, __u64 now_ns);

/**
 * link_receive() - take one message, if there is one
 * @link: connected
 * @answer: out: valid only if 1 is returned, and then released with answer_release()
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: 1 an answer; 0 nothing; -EBUSY somebody else has the subscription;
 * another negative errno: the connection is lost, and link->refusal says why.
 */
int link_receive(struct link *link, struct answer *answer, __u64 now_ns);

#endif
