/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscription from attaching to the end: connects, reads, sleeps, and goes on when
 * loaderd was killed and is back: the old rings are read to the end, and then the
 * new ones.
 */
#ifndef READERS_STREAM_H
#define READERS_STREAM_H

#include <stdbool.h>

#include "lines.h"
#include "link.h"
#include "module.h"
#include "options.h"
#include "sink.h"

struct stream;

/* What a stream works with; all borrowed, and to outlive it. */
struct stream_means {
	const struct options *options;
	struct module *module;
	struct lines *lines;
	struct sink *sink;
	__u64 end_ns; /* CLOCK_MONOTONIC: when to end; ~0: never */
	__u64 left;   /* event lines still wanted; ~0: no limit. Counted down */
};

/**
 * stream_new() - a stream that is not attached
 * @means: see there; its `left` is changed
 *
 * Return: the stream, or NULL with errno.
 */
struct stream *stream_new(struct stream_means *means);

/**
 * stream_attach() - get the rings of the subscription from loaderd
 * @stream: new
 * @again: there was a stream before, so loaderd cannot be far: wait for it
 *
 * Waits for the answer, and for the next loaderd if this one ends without it. stream_refusal()
 * has more.
 *
 * Return: 0; -ECANCELED the end was requested before; -EBUSY another reader has the
 * subscription; -ENOENT, -ECONNREFUSED there is no loaderd; another negative errno.
 */
int stream_attach(struct stream *stream, bool again);

/**
 * stream_run() - read until the end
 * @stream: attached
 *
 * The end is a request (stop.h), the time, or the number of lines. What is in the rings then is
 * still read.
 *
 * Return: 0 the end; -ESTALE the module or the subscription was removed and made anew: begin with
 * another stream; -EPIPE nobody reads the output; -ECANCELED the end was requested, but the
 * output took no more; -EBUSY another reader took the subscription while loaderd was
 * away; another negative errno.
 */
int stream_run(struct stream *stream);

/* Why attaching failed or the subscription was lost. */
const struct refusal *stream_refusal(const struct stream *stream);

/* Lets go of the subscription. NULL is fine. */
void stream_free(struct stream *stream);

#endif
