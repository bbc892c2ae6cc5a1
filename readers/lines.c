// SPDX-License-Identifier: Apache-2.0
/* Chooses the encoder. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "derive/derive.h"
#include "plan_event.h"
#include "rows.h"

int lines_init(struct lines *lines, bool text, bool colour)
{
	int err;

	memset(lines, 0, sizeof(*lines));
	lines->record = malloc(RING_RECORD_MAX);
	lines->rows = rows_new();
	if (!lines->record || !lines->rows) {
		lines_release(lines);
		return -ENOMEM;
	}
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
	rows_free(lines->rows);
	out_release(&lines->out);
	memset(lines, 0, sizeof(*lines));
}

static enum encode_result lines_encode(struct lines *lines, const struct plan *plan, size_t size,
				       unsigned int cpu)
{
	if (lines->text)
		return encode_text(plan, &lines->clock, lines->record, size, cpu, &lines->out,
				   lines->colour);
	return encode_json(plan, &lines->clock, lines->record, size, cpu, &lines->out);
}

/* A row that was removed; its last line tells the rest. */
static enum encode_result lines_removed(struct lines *lines, const struct plan *plan,
					const struct plan_event *event, size_t size,
					unsigned int cpu)
{
	enum encode_result result = LINE_SKIPPED;

	if (rows_change(lines->rows, event, lines->record, NULL, 0))
		result = lines_encode(lines, plan, size, cpu);
	if (result == LINE_OK || result == LINE_SKIPPED)
		rows_gone(lines->rows);
	return result;
}

enum encode_result lines_record(struct lines *lines, const struct plan *plan,
				const struct ring *ring, unsigned int cpu)
{
	const struct plan_event *event = plan_event_of(plan, ring->event.type);
	size_t size = ring->event.size;

	ring_copy(ring, lines->record);
	if (event && event->table && size >= event->size)
		return lines_removed(lines, plan, event, size, cpu);
	return lines_encode(lines, plan, size, cpu);
}

bool lines_derive(struct lines *lines, const struct plan *plan, const struct ring *ring)
{
	return derive(plan, lines->elf, lines->record, ring->event.size) != NULL;
}

enum encode_result lines_derived(struct lines *lines, const struct plan *plan,
				 const struct ring *ring, unsigned int cpu)
{
	return lines_encode(lines, plan, ring->event.size, cpu);
}

enum encode_result lines_row(struct lines *lines, const struct plan *plan,
			     const struct table_row *row)
{
	enum encode_result result = LINE_SKIPPED;
	struct pulsar_event header;

	memcpy(&header, row->value, sizeof(header));
	if (!header.size)
		return LINE_SKIPPED;
	/* It may have been made before an upgrade that kept the map, and so its layout. */
	header.type = row->event->type;
	header.generation = plan->generation;
	header.time_ns = row->time_ns;
	header.seq = 0;
	memcpy(lines->record, row->value, row->value_size);
	memcpy(lines->record, &header, sizeof(header));
	if (rows_change(lines->rows, row->event, lines->record, row->key, row->key_size))
		result = lines_encode(lines, plan, row->value_size, 0);
	if (result == LINE_OK)
		rows_said(lines->rows, row->time_ns);
	return result;
}

enum encode_result lines_lost(struct lines *lines, const struct plan *plan,
			      const struct encode_loss *loss)
{
	if (lines->text)
		return encode_lost_text(plan, &lines->clock, loss, &lines->out, lines->colour);
	return encode_lost_json(plan, &lines->clock, loss, &lines->out);
}
