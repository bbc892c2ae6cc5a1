// SPDX-License-Identifier: Apache-2.0
/* Chooses the encoder. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lines_init(struct lines *lines, bool text, bool colour)
{
	int err;

	memset(lines, 0, sizeof(*lines));
	lines->record = malloc(RING_RECORD_MAX);
	if (!lines->record)
		return -ENOMEM;
	err = out_init(&lines->out, OUT_CAPACITY);
	if (err) {
		lines_release(lines);
		return err;
	}
	clock_map_init(&lines->clock);
	lines->text = text;
	lines->colour = colour;
	return 0;
}

void lines_release(struct lines *lines)
{
	free(lines->record);
	out_release(&lines->out);
	memset(lines, 0, sizeof(*lines));
}

enum encode_result lines_record(struct lines *lines, const struct plan *plan,
				const struct ring *ring, unsigned int cpu)
{
	size_t size = ring->event.size;

	ring_copy(ring, lines->record);
	if (lines->text)
		return encode_text(plan, &lines->clock, lines->record, size, cpu, &lines->out,
				   lines->colour);
	return encode_json(plan, &lines->clock, lines->record, size, cpu, &lines->out);
}

enum encode_result lines_lost(struct lines *lines, const struct plan *plan, unsigned int cpu,
			      __u64 time_ns, enum pulsar_cause cause, __u64 count)
{
	if (lines->text)
		return encode_lost_text(plan, &lines->clock, cpu, time_ns, count, cause,
					&lines->out, lines->colour);
	return encode_lost_json(plan, &lines->clock, cpu, time_ns, count, cause, &lines->out);
}
