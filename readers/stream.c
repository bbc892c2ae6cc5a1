// SPDX-License-Identifier: Apache-2.0
/* Connects rings, loaderd and the round that reads them. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drain.h"
#include "log.h"
#include "now.h"
#include "stop.h"
#include "subscription.h"
#include "tables.h"
#include "waiter.h"

/*
 * A reader that was just killed may have the subscription for a moment more, until
 * loaderd has seen its connection close.
 */
#define BUSY_NS	    (500 * NSEC_PER_MSEC)
/* More connect at once than loaderd's backlog takes; or loaderd has pinned a module, but does not listen yet. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)
/* How often to look for a new schema: the schema of an upgrade can be missed if the next comes sooner. */
#define LOOK_NS	    (500 * NSEC_PER_MSEC)
/* How often to wait for all programs at most. */
#define SETTLE_NS   NSEC_PER_SEC

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

/* ---- what loaderd hands over ---- */

/* The first answer says where the subscription stands; all later ones have to agree. */
static int stream_begin(struct stream *s, const struct answer *answer)
{
	struct drain *d = &s->drain;
	int err;

	err = subscription_map(&s->subscription, answer->position_fd, d->cpus);
	if (err)
		return err;
	d->slot = answer->slot;
	for (unsigned int cpu = 0; cpu < d->cpus; cpu++)
		if (!lane_init(&d->lane[cpu], cpu, &s->subscription.position[cpu]))
			log_warn(
				"the position on CPU %u makes no sense: reading from the beginning",
				cpu);
	return 0;
}

static int stream_agrees(const struct stream *s, const struct answer *answer)
{
	__u32 map_id;
	int err;

	if (answer->slot != s->drain.slot)
		return answer->first ? -ESTALE : -EBADMSG;
	if (!answer->first)
		return 0;
	err = subscription_map_id(answer->position_fd, &map_id);
	if (err)
		return err;
	return map_id == s->subscription.map_id ? 0 : -ESTALE;
}

static int stream_ring(struct stream *s, struct answer_ring *given, unsigned int data_pages)
{
	struct lane *lane = &s->drain.lane[given->info.cpu];
	struct ring *ring;
	int err;

	if (lane_knows(lane, given->info.ring_id))
		return 0;
	ring = ring_new(given->fd, data_pages);
	given->fd = -1;
	if (!ring)
		return -errno;
	ring->ring_id = given->info.ring_id;
	ring->settled_seq = given->info.settled_seq;
	err = waiter_add(&s->waiter, ring->fd, WAITER_RING);
	if (err) {
		ring_free(ring);
		return err;
	}
	lane_add(lane, ring);
	return 0;
}

static int stream_take(struct stream *s, struct answer *answer)
{
	int err;

	if (answer->cpus != s->drain.cpus)
		return -EBADMSG;
	err = s->subscription.position ? stream_agrees(s, answer) : stream_begin(s, answer);
	for (unsigned int i = 0; i < answer->count && !err; i++)
		err = stream_ring(s, &answer->ring[i], answer->data_pages);
	return err;
}

/* ---- the connection ---- */

static int stream_try(struct stream *s, __u64 now)
{
	int err;

	err = link_try(&s->link, s->means->module->events_fd, now);
	if (err)
		return err;
	err = waiter_add(&s->waiter, s->link.sock, WAITER_LINK);
	return err ? link_down(&s->link, err, now) : 0;
}

/* Takes what loaderd has sent, up to the end of an answer; 0, or why the connection is lost. */
static int stream_receive(struct stream *s, __u64 now)
{
	int err;

	do {
		err = link_receive(&s->link, &s->answer, now);
		if (err != 1)
			return err;
		err = stream_take(s, &s->answer);
		answer_release(&s->answer);
		if (err)
			return link_down(&s->link, err, now);
	} while (s->link.state != LINK_UP);
	return 0;
}

/* Until something comes from loaderd, or a moment has passed. */
static void stream_attach_wait(const struct stream *s)
{
	struct pollfd wait[2] = {
		{ .fd = s->link.sock, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};

	poll(wait, 2, 50);
}

/* Whether an error of the first tries may pass. */
static bool stream_passes(int err, bool again, __u64 waited_ns)
{
	if (!err || (err == -EBUSY && waited_ns < BUSY_NS))
		return true;
	return (err == -EAGAIN || (again && err != -EBUSY)) && waited_ns < PATIENCE_NS;
}

int stream_attach(struct stream *stream, bool again)
{
	struct stream *s = stream;
	__u64 begin = now_ns(CLOCK_MONOTONIC), now = begin;

	while (s->link.state != LINK_UP) {
		int err = 0;

		if (stop_requested())
			return -ECANCELED;
		if (link_due(&s->link, now))
			err = stream_try(s, now);
		if (!err)
			err = stream_receive(s, now);
		if (!stream_passes(err, again, now - begin))
			return err;
		if (s->link.state != LINK_UP)
			stream_attach_wait(s);
		now = now_ns(CLOCK_MONOTONIC);
	}
	return 0;
}

/* Loaderd is away: what is pinned decides whether there is anything to come back to. */
static int stream_again(struct stream *s, __u64 now)
{
	int current = module_current(s->means->module);

	if (current < 0)
		return link_down(&s->link, current, now);
	return current ? stream_try(s, now) : -ESTALE;
}

/* What it means for a stream that runs: 0 go on. */
static int stream_lost(struct stream *s, int err)
{
	const struct refusal *refusal = &s->link.refusal;

	if (err == -ESTALE || (err == -EBUSY && refusal->holder_pid != (unsigned int)getpid()))
		return err;
	if (!s->link_lost)
		log_warn("lost loaderd: %s; reading on and trying to connect", refusal->text);
	s->link_lost = true;
	return 0;
}

static int stream_link(struct stream *s, __u64 now)
{
	bool late = s->link.state != LINK_UP && now >= s->link.deadline_ns;
	int err = 0;

	if (link_due(&s->link, now))
		err = stream_again(s, now);
	else if (s->waiter.link || late)
		err = stream_receive(s, now);
	s->waiter.link = false;
	if (err)
		return stream_lost(s, err);
	if (s->link_lost && s->link.state == LINK_UP) {
		log_warn("connected to loaderd again");
		s->link_lost = false;
	}
	return 0;
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
