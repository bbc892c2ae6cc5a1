// SPDX-License-Identifier: Apache-2.0
/* One subscription of a stream. */
#include "subscription.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "position.h"
#include "slots.h"

static struct ring_place subscription_place(const struct subscription *subscription,
					    unsigned int cpu)
{
	const struct stream_base *base = subscription->base;

	return (struct ring_place){
		.events = base->maps.events,
		.quiet = PULSAR_EVENTS_QUIET(subscription->slot, base->cpus, cpu),
		.loud = PULSAR_EVENTS_LOUD(subscription->slot, base->cpus, cpu),
	};
}

/* A CPU that went offline since its list was read is no error. */
static int subscription_open_ring(struct subscription *subscription, unsigned int cpu,
				  struct pin_error *error)
{
	int err;

	err = ring_open(&subscription->rings[cpu], cpu, subscription->base->ring_bytes, error);
	return err == -ENODEV ? 0 : err;
}

static int subscription_open_rings(struct subscription *subscription, struct pin_error *error)
{
	struct cpus online;
	int err;

	err = cpus_read("online", &online);
	if (err)
		return error_set(error, err, "list of online CPUs: %m");
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		if (!cpus_has(&online, cpu))
			continue;
		err = subscription_open_ring(subscription, cpu, error);
		if (err)
			return err;
	}
	return 0;
}

static int subscription_put_rings(struct subscription *subscription, struct pin_error *error)
{
	int err;

	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		struct ring_place place = subscription_place(subscription, cpu);

		if (subscription->rings[cpu].fd < 0)
			continue;
		err = ring_put(&subscription->rings[cpu], &place, error);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Finds the slot of a position map that exists: 1 the subscription is on its way there, 0 it has to
 * begin. CPUs are begun in their order, so the last one tells of all.
 */
static int subscription_find(struct subscription *subscription, int position,
			     struct pin_error *error)
{
	const struct stream_base *base = subscription->base;
	__u32 id;
	int slot, err;

	err = position_check(position, base->cpus, &id);
	if (err)
		return error_set(error, err, "not a position map for %u CPUs: %m", base->cpus);
	subscription->position = fcntl(position, F_DUPFD_CLOEXEC, 0);
	if (subscription->position < 0)
		return error_set(error, -errno, "position map: %m");
	slot = slot_find(&base->maps, id);
	if (slot == -ENOENT)
		return 0;
	if (slot < 0)
		return error_set(error, slot, "its slot: %m");
	subscription->slot = (unsigned int)slot;
	err = position_begun(subscription->position, base->cpus - 1);
	if (err < 0)
		return error_set(error, err, "reading its position map: %m");
	return err;
}

/* Gives it a position map, if it has none, and a slot. */
static int subscription_claim(struct subscription *subscription, struct pin_error *error)
{
	const struct stream_base *base = subscription->base;
	int slot;

	if (subscription->position < 0) {
		subscription->position = position_new(base->cpus);
		if (subscription->position < 0)
			return error_set(error, subscription->position,
					 "making a position map: %m");
	}
	slot = slot_free(&base->maps);
	if (slot < 0)
		return error_set(error, slot, "no slot for it: %m");
	subscription->slot = (unsigned int)slot;
	return 0;
}

static int subscription_start_new(struct subscription *subscription, struct pin_error *error)
{
	const struct stream_base *base = subscription->base;
	int err;

	err = subscription_claim(subscription, error);
	if (err)
		return err;
	err = subscription_put_rings(subscription, error);
	if (err)
		goto out;
	err = slot_put(&base->maps, subscription->slot, subscription->position);
	if (!err)
		err = slot_enable(&base->maps, subscription->slot);
	if (!err)
		err = subscription_begin(subscription);
	if (err)
		error_set(error, err, "slot %u: %m", subscription->slot);
out:
	if (err)
		slot_clear(&base->maps, subscription->slot, base->cpus);
	return err;
}

/*
 * The slot is in use, with rings of a loaderd that is gone; these stay until the new
 * ones are there.
 */
static int subscription_start_again(struct subscription *subscription, struct pin_error *error)
{
	int err;

	err = subscription_put_rings(subscription, error);
	if (err)
		return err;
	err = slot_enable(&subscription->base->maps, subscription->slot);
	if (err)
		return error_set(error, err, "slot %u: %m", subscription->slot);
	return 0;
}

static struct subscription *subscription_new(const struct stream_base *base, const char *name)
{
	struct subscription *subscription = calloc(1, sizeof(*subscription));

	if (!subscription)
		return NULL;
	subscription->base = base;
	subscription->position = -1;
	strncpy(subscription->name, name, sizeof(subscription->name) - 1);
	subscription->rings = calloc(base->cpus, sizeof(*subscription->rings));
	if (!subscription->rings) {
		free(subscription);
		return NULL;
	}
	for (unsigned int cpu = 0; cpu < base->cpus; cpu++)
		subscription->rings[cpu] = (struct ring)RING_NONE;
	return subscription;
}

struct subscription *subscription_start(const struct stream_base *base, const char *name,
					int position, struct pin_error *error)
{
	struct subscription *subscription = subscription_new(base, name);
	int again = 0, err;

	if (!subscription) {
		error_set(error, -ENOMEM, "subscription %s: %m", name);
		errno = ENOMEM;
		return NULL;
	}
	if (position >= 0)
		again = subscription_find(subscription, position, error);
	err = again < 0 ? again : 0;
	if (!err)
		err = subscription_open_rings(subscription, error);
	if (!err)
		err = again ? subscription_start_again(subscription, error)
			    : subscription_start_new(subscription, error);
	if (err) {
		error_prefix(error, err, "subscription %s", name);
		subscription_free(subscription);
		errno = -err;
		return NULL;
	}
	return subscription;
}

bool subscription_unsettled(const struct subscription *subscription)
{
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++)
		if (subscription->rings[cpu].fd >= 0 && !subscription->rings[cpu].settled)
			return true;
	return false;
}

void subscription_settle(struct subscription *subscription, const struct pulsar_counters *counters)
{
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		struct ring *ring = &subscription->rings[cpu];

		if (ring->fd < 0 || ring->settled)
			continue;
		ring->settled_seq = counters[cpu].produced;
		ring->settled = true;
	}
}

/*
 * 1 the CPU got a ring, or new events for the one it has; 0 there was nothing to do; or
 * negative errno.
 */
static int subscription_cpu_changed(struct subscription *subscription, unsigned int cpu,
				    struct pin_error *error)
{
	struct ring_place place = subscription_place(subscription, cpu);
	struct ring *ring = &subscription->rings[cpu];
	int err;

	if (ring->fd >= 0) {
		if (ring_alive(ring))
			return 0;
		err = ring_revive(ring, &place, error);
		return err == -ENODEV ? 0 : err ? err : 1;
	}
	err = subscription_open_ring(subscription, cpu, error);
	if (err || ring->fd < 0)
		return err;
	err = ring_put(ring, &place, error);
	if (err)
		ring_close(ring);
	return err ? err : 1;
}

/*
 * A ring whose time stands still is dead, but the kernel's clock may stand still
 * too, until the next tick (sched_clock_local(), kernel/sched/clock.c). HZ is 100 or more.
 */
static void subscription_look(struct subscription *subscription, const struct cpus *online)
{
	const struct timespec two_ticks = { .tv_nsec = 20 * 1000000 };
	bool alive = true;

	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++)
		if (cpus_has(online, cpu) && subscription->rings[cpu].fd >= 0)
			ring_look(&subscription->rings[cpu]);
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++)
		if (cpus_has(online, cpu) && subscription->rings[cpu].fd >= 0)
			alive &= ring_alive(&subscription->rings[cpu]);
	if (!alive)
		nanosleep(&two_ticks, NULL);
}

int subscription_cpus_changed(struct subscription *subscription, const struct cpus *online,
			      struct pin_error *error)
{
	int opened = 0, failed = 0;

	subscription_look(subscription, online);
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		int got;

		if (!cpus_has(online, cpu))
			continue;
		got = subscription_cpu_changed(subscription, cpu, failed ? NULL : error);
		if (got < 0 && !failed)
			failed = error_prefix(error, got, "subscription %s", subscription->name);
		else if (got > 0)
			opened++;
	}
	return failed ? failed : opened;
}

void subscription_hand_over(struct subscription *subscription)
{
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++) {
		struct ring *ring = &subscription->rings[cpu];

		ring->told = false;
		if (ring->fd >= 0)
			ring_enable(ring);
	}
}

void subscription_revoke(struct subscription *subscription)
{
	if (!subscription->held)
		return;
	subscription->held = false;
	if (subscription->holder.gone)
		subscription->holder.gone(subscription->holder.arg);
}

int subscription_remove(struct subscription *subscription)
{
	return slot_clear(&subscription->base->maps, subscription->slot, subscription->base->cpus);
}

void subscription_free(struct subscription *subscription)
{
	if (!subscription)
		return;
	subscription_revoke(subscription);
	for (unsigned int cpu = 0; cpu < subscription->base->cpus; cpu++)
		ring_close(&subscription->rings[cpu]);
	if (subscription->position >= 0)
		close(subscription->position);
	free(subscription->rings);
	free(subscription);
}
