// SPDX-License-Identifier: Apache-2.0
/* The life of a stream: rounds, looks, sleep. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>

#include "now.h"
#include "stop.h"
#include "stream_internal.h"

/* How often to look for a new schema: of two upgrades within that time, one can be missed. */
#define LOOK_NS	   NSEC_PER_SEC
/* How often to wait for all programs at most. */
#define SETTLE_NS  NSEC_PER_SEC
/*
 * Records between two looks at the connection. A ring that filled while the reader was kept
 * waiting takes long to read, and what loaderd hands over is not to wait for that.
 */
#define ROUND_MOST 4096

struct stream *stream_new(struct stream_means *means)
{
	const struct options *options = means->options;
	unsigned int cpus = means->module->cpus;
	struct stream *s;
	int err;

	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->means = means;
	link_init(&s->link, options->socket, options->subscription);
	tables_init(&s->tables, options->pin_root, options->module, options->interval_ns,
		    now_ns(CLOCK_MONOTONIC));
	s->drain = (struct drain){
		.lane = calloc(cpus, sizeof(*s->drain.lane)),
		.cpus = cpus,
		.merge = &s->merge,
		.counters = &means->module->counters,
		.generations = &means->module->generations,
		.lines = means->lines,
		.sink = means->sink,
		.left = means->left,
		.most = ROUND_MOST,
	};
	err = waiter_init(&s->waiter);
	if (!err)
		err = waiter_add_output(&s->waiter, means->sink->fd);
	if (!err)
		err = merge_init(&s->merge, cpus, options->order, options->order_window_ns);
	if (!err && s->drain.lane)
		return s;
	stream_free(s);
	errno = err ? -err : ENOMEM;
	return NULL;
}

void stream_free(struct stream *stream)
{
	struct stream *s = stream;

	if (!s)
		return;
	for (unsigned int cpu = 0; s->drain.lane && cpu < s->drain.cpus; cpu++)
		lane_release(&s->drain.lane[cpu]);
	free(s->drain.lane);
	merge_release(&s->merge);
	subscription_release(&s->subscription);
	link_release(&s->link);
	waiter_release(&s->waiter);
	tables_release(&s->tables);
	free(s);
}

const struct refusal *stream_refusal(const struct stream *stream)
{
	return &stream->link.refusal;
}

/* ---- reading ---- */

static void stream_retire(struct stream *s)
{
	while (s->drain.retired) {
		struct ring *ring = s->drain.retired;

		s->drain.retired = ring->next;
		waiter_remove(&s->waiter, ring->fd);
		ring_free(ring);
	}
}

static int stream_round(struct stream *s, bool last)
{
	int err;

	err = drain_round(&s->drain, last);
	s->means->left = s->drain.left;
	stream_retire(s);
	return err;
}

static int stream_flush(void *arg)
{
	return drain_flush(arg);
}

/* After a round, which has told what rows were removed. */
static int stream_tables(struct stream *s, bool last, __u64 now)
{
	const struct plan *plan = generations_newest(s->drain.generations);
	int err;

	if (!tables_wanted(plan) || (!last && now < s->tables.due_ns))
		return 0;
	err = tables_look(&s->tables, plan, s->means->lines, stream_flush, &s->drain,
			  &s->drain.left);
	s->means->left = s->drain.left;
	return err;
}

/* Up to when nothing but an event or loaderd can make work. */
static __u64 stream_deadline(const struct stream *s)
{
	__u64 deadline = s->means->end_ns;

	if (s->link.state != LINK_UP && s->link.deadline_ns < deadline)
		deadline = s->link.deadline_ns;
	if (tables_wanted(generations_newest(s->drain.generations)) && s->tables.due_ns < deadline)
		deadline = s->tables.due_ns;
	return s->look_ns < deadline ? s->look_ns : deadline;
}

static void stream_look(struct stream *s, __u64 now)
{
	if (now < s->look_ns)
		return;
	generations_look(&s->means->module->generations);
	s->look_ns = now + LOOK_NS;
}

/*
 * Only while loaderd is connected: the next one would have put other rings into the slots, and what
 * lies in these is not lost. When it dies, that is seen at once; so being connected after
 * the wait, too, is enough.
 */
static int stream_settle(struct stream *s, __u64 now)
{
	if (!s->drain.open || s->link.state != LINK_UP || now < s->settle_ns)
		return 0;
	s->settle_ns = now + SETTLE_NS;
	s->waiter.link = true;
	return drain_settle(&s->drain);
}

/* One time around; `last`: and not again. */
static int stream_step(struct stream *s, bool last, __u64 now)
{
	int err;

	if (s->waiter.broken)
		return -EPIPE;
	stream_look(s, now);
	err = stream_settle(s, now);
	if (err)
		return err;
	err = stream_link(s, now);
	if (s->link.state != LINK_UP)
		drain_unsettle(&s->drain);
	/* If the module is another one by now, nothing comes into these rings any more. */
	if (err && err != -ESTALE)
		return err;
	return stream_round(s, last || err) ?: stream_tables(s, last || err, now) ?: err;
}

int stream_run(struct stream *stream)
{
	struct stream *s = stream;
	bool last = false;
	int err = 0;

	while (!err && !last && s->drain.left) {
		__u64 now = now_ns(CLOCK_MONOTONIC);

		last = stop_requested() || now >= s->means->end_ns;
		err = stream_step(s, last, now);
		if (!err && !last && s->drain.left)
			waiter_wait(&s->waiter, &s->drain, stream_deadline(s));
	}
	waiter_wake(&s->drain);
	return err;
}
