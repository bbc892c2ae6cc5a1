/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of streams and of faults share: storms, and that each event is accounted for. */
#ifndef TESTS_EXACT_H
#define TESTS_EXACT_H

#include "pulsar-test.h"
#include "storm.h"

#define EXACT_TIME	  40 /* room for "2026-11-22T15:04:05.123456789Z" */
#define EXACT_MICROSECOND 26 /* characters up to the microseconds, see readers/clock.h */

/* A whole storm. */
void exact_storm(struct storm *storm);
/* Adds all that a reader printed, and frees it. */
void exact_collect(struct tally *tally, struct kit_reader *reader);
/* The same, only what is of the module that was loaded last; of its default subscription. */
void exact_collect_last(struct tally *tally, struct kit_reader *reader, struct kit *kit,
			const char *module);
/*
 * All that was produced is delivered or reported lost, per CPU, in the maps and in the lines.
 * Returns what was lost.
 */
unsigned long long exact_expect(struct kit *kit, const char *module, const char *subscription,
				const struct tally *tally);
/*
 * The same where rings have gone away with their readers: what these had written and not yet noted
 * may be reported as discarded, too.
 */
void exact_expect_unnoted(struct kit *kit, const char *module, const char *subscription,
			  const struct tally *tally);
/* Waits until a reader, or loaderd, has said something. */
void exact_said(const struct kit_reader *reader, const char *what);
void exact_logged(const struct kit *kit, const char *what);
/* How often a text holds another. */
unsigned int exact_count(const char *text, const char *what);
/* The time of day as in header.time. */
void exact_now(char text[EXACT_TIME]);

#endif
