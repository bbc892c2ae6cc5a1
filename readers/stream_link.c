// SPDX-License-Identifier: Apache-2.0
/* A stream's dealings with loaderd: attaching, rings that are handed over, connecting again. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "log.h"
#include "now.h"
#include "stop.h"
#include "stream_internal.h"

/*
 * A reader that was just killed may have the subscription for a moment more, until
 * loaderd has seen its connection close.
 */
#define BUSY_NS	    (500 * NSEC_PER_MSEC)
/* More connect at once than loaderd's backlog takes; or it has pinned a module, and is to listen. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)

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
		/* There was one a moment ago, which may be starting anew. */
		again |= err == -EPIPE || err == -ECONNRESET;
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

int stream_link(struct stream *stream, __u64 now_ns)
{
	struct stream *s = stream;
	bool late = s->link.state != LINK_UP && now_ns >= s->link.deadline_ns;
	int err = 0;

	if (link_due(&s->link, now_ns))
		err = stream_again(s, now_ns);
	else if (s->waiter.link || late)
		err = stream_receive(s, now_ns);
	s->waiter.link = false;
	if (err)
		return stream_lost(s, err);
	if (s->link_lost && s->link.state == LINK_UP) {
		log_warn("connected to loaderd again");
		s->link_lost = false;
	}
	return 0;
}
