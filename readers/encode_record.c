// SPDX-License-Identifier: Apache-2.0
/* Records are checked here, once, before a decoder sees them: see encode_record.h. */
#include "encode_record.h"

/* Strings lie behind the event's struct; one that is empty lies nowhere. */
static bool span_fits(const struct encode_record *r, uint32_t offset, uint32_t len)
{
	return !len || (offset >= r->event->size && offset + len <= r->record.size);
}

static bool spans_fit(const struct encode_record *r)
{
	const struct plan_event *event = r->event;
	const struct pulsar_event *h = &r->header;

	if (!span_fits(r, h->image.offset, h->image.len) ||
	    !span_fits(r, h->container_id.offset, h->container_id.len))
		return false;
	for (uint32_t i = 0; i < event->count; i++) {
		const struct field *field = &event->fields[i];
		struct pulsar_bytes span;

		if (!(field->decoder->flags & DECODER_SPAN))
			continue;
		span = field_span(field, &r->record);
		if (!span_fits(r, span.offset, span.len))
			return false;
	}
	return true;
}

enum encode_result encode_open(struct encode_record *r, const struct plan *plan,
			       struct clock_map *clock, const void *bytes, size_t len)
{
	if (len < sizeof(r->header))
		return LINE_BAD;
	memcpy(&r->header, bytes, sizeof(r->header));
	if (r->header.generation != plan->generation)
		return LINE_GENERATION;
	r->event = plan_event_of(plan, r->header.type);
	if (!r->event || r->header.size > len || r->header.size < r->event->size)
		return LINE_BAD;
	if (!r->event->selected)
		return LINE_SKIPPED;
	r->record = (struct record){ .bytes = bytes, .size = r->header.size, .clock = clock };
	return spans_fit(r) ? LINE_OK : LINE_BAD;
}

enum encode_result encode_close(struct out *out, const char *p)
{
	if (!p)
		return out->len ? LINE_FULL : LINE_BAD;
	out->len = p - out->data;
	return LINE_OK;
}

const char *encode_cause(enum pulsar_cause cause)
{
	static const char *const names[PULSAR_LOST_CAUSES] = {
		[PULSAR_LOST_RING_FULL] = "ring_full", [PULSAR_LOST_NO_RING] = "no_ring",
		[PULSAR_LOST_BUSY] = "busy",	       [PULSAR_LOST_OTHER] = "other",
		[PULSAR_LOST_DISCARDED] = "discarded",
	};

	return cause < PULSAR_LOST_CAUSES ? names[cause] : names[PULSAR_LOST_OTHER];
}
