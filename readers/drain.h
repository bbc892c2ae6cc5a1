/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round over all rings: read what they have at this moment, in order, and make
 * lines of it; write the lines; note how far they go. No system call and no
 * allocation per event.
 */
#ifndef READERS_DRAIN_H
#define READERS_DRAIN_H

#include <stdbool.h>

#include "counters.h"
#include "generations.h"
#include "lane.h"
#include "lines.h"
#include "merge.h"
#include "sink.h"

#define DRAIN_FULL 64

struct drain {
	struct lane *lane; /* by CPU; the caller makes them and gives them rings */
	unsigned int cpus;
	unsigned int slot; /* whose losses are ours */
	/* The means, all borrowed. */
	struct merge *merge;
	struct counters *counters;
	struct generations *generations;
	struct lines *lines;
	struct sink *sink;
	__u64 left;	   /* event lines still wanted; ~0: no limit */
	unsigned int most; /* records of a round */

	/* What the last round has to say. */
	unsigned int found;   /* records that were read */
	unsigned int fill;    /* how full the fullest ring was when it began, of DRAIN_FULL */
	bool held;	      /* there are more, but earlier ones may come */
	bool more;	      /* there are more, and the next round is to read them at once */
	bool open;	      /* some have been unsettled for long: drain_settle() */
	struct ring *retired; /* rings that were read to the end, by next: for the caller to free */

	bool reread; /* the loss counters were read again in this round */
};

/**
 * drain_round() - read what is there, drain->most records at most
 * @drain: filled by the caller
 * @flush: do not wait for records that are under way, and read all
 *
 * Ends early when no more lines are wanted (left == 0): then the position is right
 * before the next record.
 *
 * Return: 0, or what sink_write() or counters_read() failed with; what was not written
 * is not noted as read.
 */
int drain_round(struct drain *drain, bool flush);

/**
 * drain_settle() - make sure that no program is still about to write a record
 * @drain: its last round said `open`
 *
 * Waits until all programs that run now have ended (membarrier(2), some ten milliseconds). What the
 * next round does not find then, neither in a ring nor in a loss counter, is lost.
 * Where the kernel refuses that (nohz_full), it stays unsettled.
 *
 * That holds as long as programs write to the rings that the lanes have: if others may have been put
 * into their place meanwhile, drain_unsettle() has to come before the round.
 *
 * Return: 0 or the negative errno of reading the counters.
 */
int drain_settle(struct drain *drain);

/* Takes back what drain_settle() found out. */
void drain_unsettle(struct drain *drain);

/**
 * drain_flush() - write the lines there are, and then note what they say as delivered
 * @drain: in a round, or between two, with lines that come from elsewhere
 *
 * Return: 0, or what sink_write() failed with.
 */
int drain_flush(struct drain *drain);

#endif
