// SPDX-License-Identifier: Apache-2.0
/* Ties the ring of a CPU to its account and its position. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#include "subscription.h"

bool lane_init(struct lane *lane, unsigned int cpu, struct pulsar_position *position)
{
	memset(lane, 0, sizeof(*lane));
	lane->cpu = cpu;
	lane->position = position;
	return position_load(position, &lane->account);
}

void lane_release(struct lane *lane)
{
	struct ring *ring, *next;

	for (ring = lane->ring; ring; ring = next) {
		next = ring->next;
		ring_free(ring);
	}
	memset(lane, 0, sizeof(*lane));
}

bool lane_knows(const struct lane *lane, __u64 ring_id)
{
	const struct ring *ring = lane->ring;

	while (ring && ring->ring_id != ring_id)
		ring = ring->next;
	return ring;
}

void lane_add(struct lane *lane, struct ring *ring)
{
	struct ring **end = &lane->ring;

	while (*end)
		end = &(*end)->next;
	*end = ring;
}

__u64 lane_enter(struct lane *lane, const struct pulsar_losses *kernel,
		 struct account_losses *losses)
{
	struct pulsar_progress *progress = &lane->account.progress;
	struct ring *ring = lane->ring;
	__u64 settled_seq = ring->settled_seq, tail = ring_tail(ring);
	bool known = progress->ring_id == ring->ring_id;

	ring_refresh(ring);
	memset(losses, 0, sizeof(*losses));
	lane->entered = true;
	if (known && progress->tail - tail <= ring->head - tail) {
		/* data_tail is behind if the last reader was killed between two stores. */
		ring_seek(ring, progress->tail);
		return 0;
	}
	/* Somebody moved the tail of a ring that we know: what was in between is gone. */
	if (known)
		settled_seq = lane->produced;
	ring_seek(ring, tail);
	progress->ring_id = ring->ring_id;
	lane->touched = true;
	return account_exchange(&lane->account, settled_seq,
				ring_count(ring, lane->account.base_seq, settled_seq), kernel,
				losses);
}

struct ring *lane_change(struct lane *lane)
{
	struct ring *old = lane->ring;

	lane->ring = old->next;
	lane->entered = false;
	old->next = NULL;
	return old;
}

__u64 lane_resync(struct lane *lane, __u64 produced, const struct pulsar_losses *kernel,
		  struct account_losses *losses)
{
	struct ring *ring = lane->ring;

	/* In this order: what came since the counter was read can lie in the ring only. */
	ring_skip(ring);
	ring_refresh(ring);
	lane->touched = true;
	return account_exchange(&lane->account, produced,
				ring_count(ring, lane->account.base_seq, produced), kernel, losses);
}

void lane_commit(struct lane *lane)
{
	if (!lane->touched)
		return;
	lane->account.progress.tail = lane->ring->at;
	position_commit(lane->position, &lane->account.progress);
	ring_commit(lane->ring);
	lane->touched = false;
}
