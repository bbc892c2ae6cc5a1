/* SPDX-License-Identifier: Apache-2.0 */
/* From records in a ring to a batch of lines, in the format that was asked for. */
#ifndef READERS_LINES_H
#define READERS_LINES_H

#include <stdbool.h>

#include "clock.h"
#include "encode.h"
#include "out.h"
#include "ring.h"

struct lines {
	struct out out;
	struct clock_map clock;
	bool text;   /* or JSON */
	bool colour; /* in text */
	unsigned char *record; /* RING_RECORD_MAX bytes: the record that is encoded */
};

/**
 * lines_init() - begin an empty batch
 * @lines: storage of the caller, released with lines_release()
 * @text: lines for people
 * @colour: with colours
 *
 * Return: 0 or -ENOMEM.
 */
int lines_init(struct lines *lines, bool text, bool colour);

/* Frees the batch; all zero is fine. */
void lines_release(struct lines *lines);

/* Whether the batch is large enough to be written. */
static inline bool lines_due(const struct lines *lines)
{
	return lines->out.len >= OUT_FLUSH;
}

/**
 * lines_record() - append the record that ring_peek() found
 * @lines: the batch
 * @plan: of the record's generation
 * @ring: where the record is; stays there
 * @cpu: of the ring
 *
 * Return: as encode_json().
 */
enum encode_result lines_record(struct lines *lines, const struct plan *plan,
				const struct ring *ring, unsigned int cpu);

/**
 * lines_lost() - append a line that says what is missing here
 * @lines: the batch
 * @plan: of the module
 * @cpu: whose events they were
 * @time_ns: CLOCK_BOOTTIME
 * @cause: why
 * @count: how many
 *
 * Return: as encode_lost_json().
 */
enum encode_result lines_lost(struct lines *lines, const struct plan *plan, unsigned int cpu,
			      __u64 time_ns, enum pulsar_cause cause, __u64 count);

#endif
