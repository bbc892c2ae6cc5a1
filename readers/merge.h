/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the records of many rings into one order, by time. Pure logic: a heap of
 * the times of the rings' next records, and a bound up to which nothing can
 * come any more from the rings that are read to the end.
 *
 * One round goes over what the rings have at one moment:
 *
 *   merge_begin(), then for each ring merge_push() or merge_exhausted();
 *   while merge_top() names a ring: take its record, then merge_next(),
 *   or merge_pop() and merge_exhausted()
 */
#ifndef READERS_MERGE_H
#define READERS_MERGE_H

#include <stdbool.h>

#include <linux/types.h>

/* A ring's next record. */
struct merge_head {
	__u64 time_ns;
	unsigned int ring;
};

struct merge {
	struct merge_head *heap; /* [0] is the earliest */
	__u64 *complete_ns;	 /* by ring: nothing earlier can come; 0: nothing is known */
	unsigned int rings;
	unsigned int used; /* entries of heap */
	bool ordered;
	__u64 window_ns; /* how long one ring's open question may hold back the others */
	__u64 now_ns;	 /* when the round began */
	__u64 bound_ns;	 /* over all rings that are exhausted in this round */
};

/**
 * merge_init() - make room for a number of rings
 * @merge: storage of the caller, released with merge_release()
 * @rings: rings are named 0 to @rings - 1
 * @ordered: false: records come ring by ring, and nothing is held back
 * @window_ns: how long to wait for an event that is under way
 *
 * Return: 0 or -ENOMEM.
 */
int merge_init(struct merge *merge, unsigned int rings, bool ordered, __u64 window_ns);

/* Frees what merge_init() made; all zero is fine. */
void merge_release(struct merge *merge);

/**
 * merge_begin() - begin a round with no ring in it
 * @merge: the merge
 * @now_ns: CLOCK_BOOTTIME, before the loss counters and the rings' ends were read
 */
void merge_begin(struct merge *merge, __u64 now_ns);

/**
 * merge_push() - a ring that was not in the round has a record
 * @merge: the merge
 * @ring: its number
 * @time_ns: of the record
 */
void merge_push(struct merge *merge, unsigned int ring, __u64 time_ns);

/**
 * merge_exhausted() - a ring has no record (any more) in this round
 * @merge: the merge
 * @ring: its number, not in the heap
 * @settled: every event that it was to get before the round began was seen
 *
 * If it is settled, nothing from before the round can come. If not, one is under
 * way, and the others wait for it, but no longer than the window.
 */
void merge_exhausted(struct merge *merge, unsigned int ring, bool settled);

/**
 * merge_top() - whose record comes next
 * @merge: the merge
 * @flush: do not wait for anything
 *
 * Return: the ring's number, or -1 if there is no record that may go out.
 */
static inline int merge_top(const struct merge *merge, bool flush)
{
	if (!merge->used || (merge->heap[0].time_ns > merge->bound_ns && !flush))
		return -1;
	return (int)merge->heap[0].ring;
}

/**
 * merge_next() - the top ring's record was taken, and it has another
 * @merge: the merge, not empty
 * @time_ns: of the other one
 */
void merge_next(struct merge *merge, __u64 time_ns);

/**
 * merge_pop() - the top ring's record was taken, and it was the last
 * @merge: the merge, not empty
 */
void merge_pop(struct merge *merge);

#endif
