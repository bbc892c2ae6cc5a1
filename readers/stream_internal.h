/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a stream share. Nobody else includes it. */
#ifndef READERS_STREAM_INTERNAL_H
#define READERS_STREAM_INTERNAL_H

#include "drain.h"
#include "link.h"
#include "merge.h"
#include "stream.h"
#include "subscription.h"
#include "tables.h"
#include "waiter.h"

struct stream {
	struct stream_means *means;
	struct link link;
	bool link_lost; /* and that was logged */
	struct subscription subscription;
	struct merge merge;
	struct drain drain;
	struct waiter waiter;
	struct tables tables;
	__u64 look_ns;	 /* CLOCK_MONOTONIC: when to look for a new schema */
	__u64 settle_ns; /* CLOCK_MONOTONIC: not to settle before that */
	struct answer answer;
};

/**
 * stream_link() - take what loaderd has sent; connect again where it is gone
 * @stream: attached
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: 0; -ESTALE the module or the subscription is another one now; -EBUSY somebody else
 * has the subscription.
 */
int stream_link(struct stream *stream, __u64 now_ns);

#endif
