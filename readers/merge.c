// SPDX-License-Identifier: Apache-2.0
/*
 * A binary heap. While one ring has a run of records that are all earlier than
 * the others', which is the rule, each costs two comparisons however many rings
 * there are.
 */
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int merge_init(struct merge *merge, unsigned int rings, bool ordered, __u64 window_ns)
{
	memset(merge, 0, sizeof(*merge));
	merge->heap = calloc(rings, sizeof(*merge->heap));
	merge->complete_ns = calloc(rings, sizeof(*merge->complete_ns));
	if (!merge->heap || !merge->complete_ns) {
		merge_release(merge);
		return -ENOMEM;
	}
	merge->rings = rings;
	merge->ordered = ordered;
	merge->window_ns = window_ns;
	return 0;
}

void merge_release(struct merge *merge)
{
	free(merge->heap);
	free(merge->complete_ns);
	memset(merge, 0, sizeof(*merge));
}

void merge_begin(struct merge *merge, __u64 now_ns)
{
	merge->used = 0;
	merge->now_ns = now_ns;
	merge->bound_ns = ~0ull;
}

static void merge_up(struct merge *merge, unsigned int at, struct merge_head head)
{
	while (at) {
		unsigned int parent = (at - 1) / 2;

		if (merge->heap[parent].time_ns <= head.time_ns)
			break;
		merge->heap[at] = merge->heap[parent];
		at = parent;
	}
	merge->heap[at] = head;
}

/* Puts a head into the place of the top, which is free. */
static void merge_down(struct merge *merge, struct merge_head head)
{
	unsigned int at = 0, child;

	while ((child = 2 * at + 1) < merge->used) {
		if (child + 1 < merge->used &&
		    merge->heap[child + 1].time_ns < merge->heap[child].time_ns)
			child++;
		if (head.time_ns <= merge->heap[child].time_ns)
			break;
		merge->heap[at] = merge->heap[child];
		at = child;
	}
	merge->heap[at] = head;
}

/* Without order all times are the same, and then the heap keeps whom it has at the top. */
static struct merge_head merge_head(const struct merge *merge, unsigned int ring, __u64 time_ns)
{
	return (struct merge_head){
		.time_ns = merge->ordered ? time_ns : 0,
		.ring = ring,
	};
}

void merge_push(struct merge *merge, unsigned int ring, __u64 time_ns)
{
	merge_up(merge, merge->used++, merge_head(merge, ring, time_ns));
}

void merge_exhausted(struct merge *merge, unsigned int ring, bool settled)
{
	__u64 complete_ns = merge->complete_ns[ring];

	if (settled)
		complete_ns = merge->now_ns;
	else if (merge->now_ns > merge->window_ns && complete_ns < merge->now_ns - merge->window_ns)
		complete_ns = merge->now_ns - merge->window_ns;
	merge->complete_ns[ring] = complete_ns;
	if (merge->ordered && complete_ns < merge->bound_ns)
		merge->bound_ns = complete_ns;
}

void merge_next(struct merge *merge, __u64 time_ns)
{
	merge_down(merge, merge_head(merge, merge->heap[0].ring, time_ns));
}

void merge_pop(struct merge *merge)
{
	merge->used--;
	if (merge->used)
		merge_down(merge, merge->heap[merge->used]);
}
