/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU of a subscription: its ring, the rings that are to follow it, its
 * account, and its position. A lane always stands between two records, and what its
 * account says is true of exactly the records before that place; so whenever
 * the lines made so far are written, lane_commit() may follow.
 */
#ifndef READERS_LANE_H
#define READERS_LANE_H

#include <stdbool.h>

#include <pulsar/event.h>

#include "account.h"
#include "ring.h"

struct lane {
	unsigned int cpu;
	struct pulsar_position *position; /* borrowed */
	struct account account;
	struct ring *ring; /* NULL: none yet; ring->next takes its place when it is exhausted */
	bool entered;	   /* ring->at is where reading goes on */
	bool touched;	   /* the account differs from the position */
	__u64 produced;	   /* the counter when the round began */
	bool losses_due;   /* to be reported when the round is over */
	__u64 open_ns; /* since when events are unsettled that nobody counted; 0: there are none */
	__u64 settled_seq; /* all up to it is in the ring or counted, as of this round; 0: unknown */
};

/**
 * lane_init() - a lane without a ring, where the last reader stopped
 * @lane: storage of the caller, released with lane_release()
 * @cpu: its CPU
 * @position: of that CPU; outlives the lane
 *
 * Return: false if the position makes no sense, and then the lane is at the beginning
 * of the subscription.
 */
bool lane_init(struct lane *lane, unsigned int cpu, struct pulsar_position *position);

/* Frees its rings; all zero is fine. */
void lane_release(struct lane *lane);

/* Whether one of the lane's rings has that id. */
bool lane_knows(const struct lane *lane, __u64 ring_id);

/**
 * lane_add() - queue a ring behind those that there are
 * @lane: the lane
 * @ring: freed by the lane from now on
 */
void lane_add(struct lane *lane, struct ring *ring);

/**
 * lane_enter() - go to where reading its ring begins or goes on
 * @lane: has a ring that was not entered
 * @kernel: the slot's loss counters, read after the ring was handed over
 * @losses: out: what is lost for good with the ring before, see account_exchange()
 *
 * Return: the sum of @losses.
 */
__u64 lane_enter(struct lane *lane, const struct pulsar_losses *kernel,
		 struct account_losses *losses);

/**
 * lane_change() - the ring is exhausted; the next one takes its place
 * @lane: its ring has a next one, and was refreshed since that was added
 *
 * Return: the old ring, for the caller to free. lane_enter() must follow.
 */
struct ring *lane_change(struct lane *lane);

/**
 * lane_resync() - give up all that is in a ring in which no record can be found
 * @lane: its ring is corrupt
 * @produced: the counter, read since that was found
 * @kernel: the slot's loss counters, read at the same time or later
 * @losses: out: what went with it
 *
 * Return: the sum of @losses.
 */
__u64 lane_resync(struct lane *lane, __u64 produced, const struct pulsar_losses *kernel,
		  struct account_losses *losses);

/**
 * lane_commit() - what is accounted for was written: note it, and free its room
 * @lane: the lane
 */
void lane_commit(struct lane *lane);

#endif
