/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One subscription of a stream: its slot, its position map, one ring per CPU,
 * and who reads it.
 */
#ifndef LOADERD_SUBSCRIPTION_H
#define LOADERD_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include <pulsar/event.h>

#include "ring.h"
#include "stream_base.h"

struct subscription {
	const struct stream_base *base;
	char name[PULSAR_SUBSCRIPTION_LEN];
	unsigned int slot;
	int position;	    /* descriptor */
	struct ring *rings; /* by CPU, base->cpus entries */
	bool held;
	struct stream_holder holder;
};

/**
 * subscription_start() - make one, or take over one that exists
 * @base: outlives the subscription
 * @name: shorter than PULSAR_SUBSCRIPTION_LEN
 * @position: -1: a new one; else its position map, duplicated
 * @error: says what was wrong
 *
 * One that is taken over goes on where it was, with new rings that subscription_settle() must see.
 * Only if it never came to its beginning (a loaderd was killed in between) it starts like
 * a new one.
 *
 * Return: it, or NULL with errno, as stream_start().
 */
struct subscription *subscription_start(const struct stream_base *base, const char *name,
					int position, struct pin_error *error);

/**
 * subscription_begin() - say which events are the first of a subscription; part of the start
 *
 * Its slot is in use, with rings. A program that does not know of the slot yet may still
 * claim a seq, so this waits for all that ran before. What they and later ones wrote
 * meanwhile lies before the beginning, which the position map says: the reader drops it.
 *
 * Return: 0 or negative errno.
 */
int subscription_begin(struct subscription *subscription);

/* Whether a ring of it waits for subscription_settle(). */
bool subscription_unsettled(const struct subscription *subscription);

/*
 * Notes how far the events had come that are older than all rings: @counters by CPU,
 * read after the rings were put.
 */
void subscription_settle(struct subscription *subscription, const struct pulsar_counters *counters);

/**
 * subscription_cpus_changed() - rings for CPUs in @online that have none that works
 * @error: says what was wrong
 *
 * Return: how many CPUs got one, or the negative errno of the first that did not; the
 * others are done all the same.
 */
int subscription_cpus_changed(struct subscription *subscription, const struct cpus *online,
			      struct pin_error *error);

/* Makes its rings fit for a new reader, who has been told of none. */
void subscription_hand_over(struct subscription *subscription);

/* Takes it from its holder, who is told. */
void subscription_revoke(struct subscription *subscription);

/* Ends it in the kernel: slot and rings. 0 or negative errno. */
int subscription_remove(struct subscription *subscription);

/* Revokes, unmaps and closes; what is in the kernel stays. NULL is fine. */
void subscription_free(struct subscription *subscription);

#endif
