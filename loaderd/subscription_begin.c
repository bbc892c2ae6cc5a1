// SPDX-License-Identifier: Apache-2.0
/*
 * Where a subscription begins: which seq is the last before it, and how many losses of
 * its slot are of that past. Both must be of one moment, although programs go on.
 */
#include "subscription.h"

#include "counters.h"
#include "grace.h"
#include "position.h"

/* A ring that is full again so often at once is far too small for what comes. */
#define BEGIN_TRIES 100
/* How often to look for the next event of a CPU that made many just now. */
#define BEGIN_LOOKS 1000

/*
 * True: the ring was not full since it was made, or emptied. Then no event was lost to it
 * since, not even one whose program is under way, and the losses counted are all there are.
 */
static bool begin_has_room(const struct subscription *subscription, unsigned int cpu)
{
	const struct ring *ring = &subscription->rings[cpu];

	return ring->fd < 0 || ring_fill(ring) < ring->bytes / 2;
}

static int begin_read(const struct stream_base *base)
{
	return counters_read(base->maps.counters, &base->possible, base->counters);
}

/*
 * Empties the ring. A program may have found it full before, and count that only now:
 * it has when the CPU's next event is claimed.
 */
static int begin_empty(struct subscription *subscription, unsigned int cpu)
{
	const struct stream_base *base = subscription->base;
	__u64 produced;
	int err;

	ring_discard(&subscription->rings[cpu]);
	err = begin_read(base);
	produced = base->counters[cpu].produced;
	for (int looks = 0; !err && looks < BEGIN_LOOKS; looks++) {
		err = begin_read(base);
		if (base->counters[cpu].produced != produced)
			break;
	}
	return err;
}

/*
 * Leaves in base->counters what one CPU had counted when its ring had room. They were read
 * before; in a storm the ring may be full all the same, so try until it was not.
 */
static int begin_settle(struct subscription *subscription, unsigned int cpu)
{
	int err;

	for (int tries = 0; tries < BEGIN_TRIES; tries++) {
		if (begin_has_room(subscription, cpu))
			return 0;
		err = begin_empty(subscription, cpu);
		if (err)
			return err;
	}
	/* A loss may be taken for a later one now. The reader reports none without a gap. */
	return 0;
}

int subscription_begin(struct subscription *subscription)
{
	const struct stream_base *base = subscription->base;
	int err;

	/* Waits for programs that do not know of the slot: some 12 ms. */
	err = base->idle ? 0 : grace_wait();
	if (!err)
		err = begin_read(base);
	for (unsigned int cpu = 0; !err && cpu < base->cpus; cpu++) {
		struct ring *ring = &subscription->rings[cpu];

		err = begin_settle(subscription, cpu);
		if (err)
			break;
		ring->settled_seq = base->counters[cpu].produced;
		ring->settled = true;
		err = position_begin(subscription->position, cpu, &base->counters[cpu],
				     subscription->slot, ring->id);
	}
	return err;
}
