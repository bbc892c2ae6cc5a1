// SPDX-License-Identifier: Apache-2.0
/* One module's stream. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "error.h"
#include "grace.h"
#include "log.h"
#include "slots.h"
#include "subscription.h"

struct stream {
	struct stream_base base;
	char module[PULSAR_MODULE_LEN];
	unsigned int subscriptions_max;
	struct pin_root *pins;
	struct subscription *subscription[PULSAR_SUBSCRIPTIONS_MAX]; /* by slot */
};

struct stream *stream_new(const struct stream_maps *maps, const struct stream_options *options,
			  struct pin_error *error)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return NULL;
	stream->base = (struct stream_base)STREAM_BASE_NONE;
	err = stream_base_init(&stream->base, maps, options, error);
	if (err) {
		stream_free(stream);
		errno = -err;
		return NULL;
	}
	strncpy(stream->module, options->module, sizeof(stream->module) - 1);
	stream->subscriptions_max = options->subscriptions_max;
	stream->pins = options->pins;
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		subscription_free(stream->subscription[slot]);
	stream_base_release(&stream->base);
	free(stream);
}

/* ---- its subscriptions ---- */

static struct subscription *stream_find(const struct stream *stream, const char *name)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot] &&
		    strcmp(stream->subscription[slot]->name, name) == 0)
			return stream->subscription[slot];
	return NULL;
}

static unsigned int stream_count(const struct stream *stream)
{
	unsigned int count = 0;

	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		count += stream->subscription[slot] != NULL;
	return count;
}

int stream_start(struct stream *stream, const char *name, int position_fd, struct pin_error *error)
{
	struct subscription *subscription;

	if (!pin_name_valid(name))
		return error_set(error, -EINVAL, "not the name of a subscription");
	if (stream_find(stream, name))
		return error_set(error, -EEXIST, "subscription %s is there already", name);
	/* One that exists goes on, even if the limit was lowered since. */
	if (position_fd < 0 && stream_count(stream) >= stream->subscriptions_max)
		return error_set(error, -ENOSPC, "the limit of %u subscriptions is reached",
				 stream->subscriptions_max);
	subscription = subscription_start(&stream->base, name, position_fd, error);
	if (!subscription)
		return -errno;
	if (stream->subscription[subscription->slot]) {
		/* Two names for one position map: a pin that is not ours. */
		int err = error_set(error, -EINVAL, "subscription %s has the position map of %s",
				    name, stream->subscription[subscription->slot]->name);

		subscription_free(subscription);
		return err;
	}
	stream->subscription[subscription->slot] = subscription;
	return 0;
}

static bool stream_unsettled(const struct stream *stream)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot] &&
		    subscription_unsettled(stream->subscription[slot]))
			return true;
	return false;
}

/*
 * First the counters, then the wait: what was claimed before they were read is then in
 * a ring or counted lost.
 */
static int stream_settle_rings(struct stream *stream)
{
	struct stream_base *base = &stream->base;
	int err;

	if (!stream_unsettled(stream))
		return 0;
	err = counters_read(base->maps.counters, &base->possible, base->counters);
	if (err)
		return err;
	err = grace_wait();
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			subscription_settle(stream->subscription[slot], base->counters);
	return 0;
}

int stream_settle(struct stream *stream)
{
	__u32 keep = 0;
	int err;

	err = stream_settle_rings(stream);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			keep |= 1u << slot;
	err = slot_clear_others(&stream->base.maps, keep, stream->base.cpus);
	if (err > 0)
		log_info("%s: slots that no subscription uses: %d, cleared", stream->module, err);
	stream->base.idle = false;
	return err < 0 ? err : 0;
}

int stream_position_fd(const struct stream *stream, const char *name)
{
	const struct subscription *subscription = stream_find(stream, name);

	return subscription ? subscription->position : -ENOENT;
}

static int stream_show(const struct subscription *subscription,
		       int (*visit)(const struct subscription_info *info, void *arg), void *arg,
		       struct subscription_ring *rings)
{
	struct subscription_info info = {
		.name = subscription->name,
		.slot = subscription->slot,
		.holder_pid = subscription->held ? subscription->holder.pid : 0,
		.holder_uid = subscription->held ? subscription->holder.uid : 0,
		.ring_bytes = subscription->base->ring_bytes,
		.ring = rings,
	};

	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		const struct ring *ring = &subscription->rings[cpu];

		if (ring->fd < 0)
			continue;
		rings[info.rings++] = (struct subscription_ring){
			.cpu = cpu,
			.ring_id = ring->id,
			.settled_seq = ring->settled_seq,
			.fill_bytes = ring_fill(ring),
		};
	}
	return visit(&info, arg);
}

int stream_each(const struct stream *stream,
		int (*visit)(const struct subscription_info *info, void *arg), void *arg)
{
	struct subscription_ring *rings = calloc(stream->base.cpus, sizeof(*rings));
	int err = 0;

	if (!rings)
		return -ENOMEM;
	for (unsigned int slot = 0; !err && slot < PULSAR_SUBSCRIPTIONS_MAX; slot++)
		if (stream->subscription[slot])
			err = stream_show(stream->subscription[slot], visit, arg, rings);
	free(rings);
	return err;
}

/* Out of the kernel and out of the stream. */
static int stream_end(struct stream *stream, struct subscription *subscription,
		      struct pin_error *error)
{
	int err;

	stream->subscription[subscription->slot] = NULL;
	err = subscription_remove(subscription);
	if (err)
		error_set(error, err, "subscription %s: slot %u: %m", subscription->name,
			  subscription->slot);
	subscription_free(subscription);
	return err;
}

int stream_stop(struct stream *stream, const char *name, struct pin_error *error)
{
	struct subscription *subscription = stream_find(stream, name);
	int err;

	if (!subscription)
		return error_set(error, -ENOENT, "no subscription %s", name);
	/*
	 * The pin first: if loaderd is killed after this, the next one clears the slot
	 * (stream_settle()).
	 */
	if (stream->pins) {
		err = pin_subscription_remove(stream->pins, stream->module, name, error);
		if (err && err != -ENOENT)
			return err;
	}
	return stream_end(stream, subscription, error);
}

int stream_cpus_changed(struct stream *stream)
{
	int opened = 0, failed = 0, err;
	struct pin_error error;
	struct cpus online;

	err = cpus_read("online", &online);
	if (err)
		return err;
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		if (!stream->subscription[slot])
			continue;
		err = subscription_cpus_changed(stream->subscription[slot], &online, &error);
		if (err < 0) {
			log_error("%s: %s", stream->module, error.text);
			failed = failed ? failed : err;
		} else {
			opened += err;
		}
	}
	err = stream_settle_rings(stream);
	return err ? err : failed ? failed : opened;
}

__u32 stream_events_id(const struct stream *stream)
{
	return stream->base.events_id;
}

const char *stream_module(const struct stream *stream)
{
	return stream->module;
}

/* ---- leases ---- */

/*
 * The pin comes last: what is pinned has begun, and nobody was answered who would miss
 * what is not.
 */
static int stream_add(struct stream *stream, const char *name, struct pin_error *error)
{
	int err;

	err = stream_start(stream, name, -1, error);
	if (err || !stream->pins)
		return err;
	err = pin_subscription_add(stream->pins, stream->module, name,
				   stream_position_fd(stream, name), error);
	if (err)
		stream_end(stream, stream_find(stream, name), NULL);
	return err;
}

int stream_lease(struct stream *stream, const char *name, const struct stream_holder *holder,
		 struct subscription **out, struct stream_holder *busy, struct pin_error *error)
{
	struct subscription *subscription;
	int err;

	if (!stream_find(stream, name)) {
		err = stream_add(stream, name, error);
		if (err)
			return err;
	}
	subscription = stream_find(stream, name);
	if (subscription->held) {
		*busy = subscription->holder;
		return error_set(error, -EBUSY, "subscription %s has a reader: pid %d, uid %u",
				 name, (int)busy->pid, (unsigned int)busy->uid);
	}
	subscription->held = true;
	subscription->holder = *holder;
	subscription_hand_over(subscription);
	*out = subscription;
	return 0;
}

void stream_release(struct stream *stream, const void *arg)
{
	for (unsigned int slot = 0; slot < PULSAR_SUBSCRIPTIONS_MAX; slot++) {
		struct subscription *subscription = stream->subscription[slot];

		if (subscription && subscription->held && subscription->holder.arg == arg)
			subscription->held = false;
	}
}
