/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to a line, by a plan. A record may hold any bytes: a line is
 * whole and valid, or there is none.
 */
#ifndef READERS_ENCODE_H
#define READERS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>
#include <pulsar/event.h>

#include "clock.h"
#include "out.h"
#include "plan.h"

enum encode_result {
	LINE_OK,	 /* one line was appended */
	LINE_SKIPPED,	 /* of an event that is not selected: nothing was */
	LINE_BAD,	 /* the record makes no sense, or fits into no buffer: nothing was */
	LINE_FULL,	 /* nothing was: write out what there is, then call again */
	LINE_GENERATION, /* of another generation than the plan: nothing was */
};

/**
 * encode_json() - append a record as one JSON object and a newline
 * @plan: of the record's module and generation
 * @clock: for times; its cache of dates changes
 * @record: the sample; need not be aligned
 * @len: bytes of it, padding included
 * @cpu: on which it was made
 * @out: where
 *
 * Return: what became of it. LINE_FULL never comes while @out is empty.
 */
enum encode_result encode_json(const struct plan *plan, struct clock_map *clock, const void *record,
			       size_t len, unsigned int cpu, struct out *out);

/**
 * encode_text() - append a record as one line for a terminal
 * @plan: of the record's module and generation
 * @clock: for times; its cache of dates changes
 * @record: the sample; need not be aligned
 * @len: bytes of it, padding included
 * @cpu: on which it was made; not shown
 * @out: where
 * @colour: with escape sequences for colours
 *
 * 15:04:05.123 FileCreated  touch[4242]  /tmp/x  key=value
 *
 * Return: as encode_json().
 */
enum encode_result encode_text(const struct plan *plan, struct clock_map *clock, const void *record,
			       size_t len, unsigned int cpu, struct out *out, bool colour);

/* Events that are missing at one place of the stream. */
struct encode_loss {
	unsigned int cpu; /* whose events they were */
	uint64_t time_ns; /* when that was noticed, CLOCK_BOOTTIME */
	enum pulsar_cause cause;
	uint64_t count; /* how many */
	uint64_t total; /* of this cause on this CPU since the subscription began, these included */
};

/**
 * encode_lost_json() - append a line that says what is missing here
 * @plan: of the module
 * @clock: for the time
 * @loss: what is missing
 * @out: where
 *
 * The header of such a line has no seq and says nothing of a process. A line that comes twice,
 * because a reader was killed, is recognised by its total.
 *
 * Return: LINE_OK or LINE_FULL; LINE_BAD if @out is empty and too small.
 */
enum encode_result encode_lost_json(const struct plan *plan, struct clock_map *clock,
				    const struct encode_loss *loss, struct out *out);

/**
 * encode_lost_text() - the same for a terminal
 * @plan: of the module
 * @clock: for the time
 * @loss: what is missing; the total is not shown
 * @out: where
 * @colour: with escape sequences for colours
 *
 * Return: as encode_lost_json().
 */
enum encode_result encode_lost_text(const struct plan *plan, struct clock_map *clock,
				    const struct encode_loss *loss, struct out *out, bool colour);

#endif
