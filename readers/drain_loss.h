/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a round that is about losses. For drain.c only; the rest of the world has drain.h. */
#ifndef READERS_DRAIN_LOSS_H
#define READERS_DRAIN_LOSS_H

#include "drain.h"

/*
 * Each puts Lost lines into the batch as far as it can be told what is lost, and
 * takes them into the lane's account. Return 0 or what drain_flush() failed with.
 */

/**
 * drain_enter() - begin with a lane's ring
 * @drain: the drain
 * @lane: its ring was not entered
 *
 * What went away with the ring before it is lost.
 */
int drain_enter(struct drain *drain, struct lane *lane);

/**
 * drain_gap() - something is missing before a record
 * @drain: the drain
 * @lane: account_gap() said so
 * @time_ns: of the record
 *
 * What is lost of it was counted before the record was written, so the counters are
 * read again, once in a round, if they do not know enough.
 */
int drain_gap(struct drain *drain, struct lane *lane, __u64 time_ns);

/**
 * drain_tail() - a lane's ring has come to its end
 * @drain: the drain
 * @lane: the lane, not in the order
 *
 * What was claimed before the round began and is not in the ring is missing. What is lost of
 * that is said by drain_tails(), after all events of the round.
 */
void drain_tail(struct drain *drain, struct lane *lane);

/* Says what drain_tail() found out, of all lanes. */
int drain_tails(struct drain *drain);

/**
 * drain_resync() - give up what is in a corrupt ring
 * @drain: the drain
 * @lane: the lane, not in the order
 */
int drain_resync(struct drain *drain, struct lane *lane);

/**
 * drain_discard() - no line can be made of a record
 * @drain: the drain
 * @lane: the record is the next one of its ring, and account_gap() knows of it
 */
int drain_discard(struct drain *drain, struct lane *lane);

#endif
