// SPDX-License-Identifier: Apache-2.0
/*
 * Records as lines for a terminal: see encode.h. Whatever comes from the record goes
 * through text_string() or consists of digits and names of our own, so that the only
 * escape sequences are those of the palette.
 */
#include "encode_record.h"
#include "put.h"
#include "text.h"

/* Time, names, digits, colours of one line, and of one field. */
#define LINE_ROOM     512
#define FIELD_ROOM    128
#define PROCESS_WIDTH 22 /* comm[pid] that fits needs no more */

/* SGR sequences, ECMA-48, 8.3.117; empty ones for who wants no colours. */
struct palette {
	char time[8], event[8], lost[8], process[8], key[8], reset[8];
};

static const struct palette palettes[2] = {
	[true] = {
		.time = "\033[2m",
		.event = "\033[1;32m",
		.lost = "\033[1;31m",
		.process = "\033[36m",
		.key = "\033[2m",
		.reset = "\033[0m",
	},
};

static char *put_colour(char *p, const char *colour)
{
	return put_mem(p, colour, strlen(colour));
}

/* Blanks up to a column, and one in any case. */
static char *put_blanks(char *p, const char *start, size_t width)
{
	do
		*p++ = ' ';
	while ((size_t)(p - start) <= width);
	return p;
}

static char *put_start(char *p, const struct plan *plan, struct clock_map *clock, uint64_t time_ns,
		       const char *event, const char *event_colour, const struct palette *c)
{
	char *start;

	p = put_colour(p, c->time);
	p = clock_local(clock, p, time_ns);
	p = put_colour(p, c->reset);
	*p++ = ' ';
	p = put_colour(p, event_colour);
	start = p;
	p = put_mem(p, event, strlen(event));
	p = put_blanks(p, start, plan->name_width);
	return put_colour(p - 1, c->reset);
}

static char *put_process(char *p, const struct encode_record *r, const struct palette *c)
{
	const struct pulsar_event *h = &r->header;
	char *start;

	*p++ = ' ';
	p = put_colour(p, c->process);
	start = p;
	if (h->flags & PULSAR_NO_PROCESS) {
		*p++ = '-';
	} else {
		p = text_string(p, (const uint8_t *)h->comm, strnlen(h->comm, sizeof(h->comm)),
				false);
		*p++ = '[';
		p = put_u64(p, h->tgid);
		*p++ = ']';
	}
	p = put_blanks(p, start, r->event->count ? PROCESS_WIDTH : 0);
	return put_colour(p - 1, c->reset);
}

/* A blank and the value, with its name in front unless it is the main field. */
static char *put_field(char *p, const char *end, const struct encode_record *r, uint32_t i,
		       const struct palette *c)
{
	const struct field *field = &r->event->fields[i];

	if (end - p < FIELD_ROOM + field->room)
		return NULL;
	*p++ = ' ';
	if (i != r->event->main) {
		p = put_colour(p, c->key);
		p = put_mem(p, field_name(field), field->name_len);
		*p++ = '=';
		p = put_colour(p, c->reset);
	}
	return field->decoder->text(field, &r->record, p, end);
}

static char *put_fields(char *p, const char *end, const struct encode_record *r,
			const struct palette *c)
{
	const struct plan_event *event = r->event;

	if (event->count)
		p = put_field(p, end, r, event->main, c);
	for (uint32_t i = 0; i < event->count && p; i++) {
		if (i != event->main)
			p = put_field(p, end, r, i, c);
	}
	if (!p || p == end)
		return NULL;
	*p++ = '\n';
	return p;
}

enum encode_result encode_text(const struct plan *plan, struct clock_map *clock, const void *record,
			       size_t len, unsigned int cpu, struct out *out, bool colour)
{
	const struct palette *c = &palettes[colour];
	char *p = out->data + out->len, *end = out->data + out->capacity;
	struct encode_record r;
	enum encode_result result = encode_open(&r, plan, clock, record, len);

	(void)cpu;
	if (result != LINE_OK)
		return result;
	if (end - p < LINE_ROOM)
		return encode_close(out, NULL);
	p = put_start(p, plan, clock, r.header.time_ns, r.event->name, c->event, c);
	p = put_process(p, &r, c);
	return encode_close(out, put_fields(p, end, &r, c));
}

enum encode_result encode_lost_text(const struct plan *plan, struct clock_map *clock,
				    const struct encode_loss *loss, struct out *out, bool colour)
{
	const struct palette *c = &palettes[colour];
	const char *name = encode_cause(loss->cause);
	char *p = out->data + out->len;

	if (out->capacity - out->len < LINE_ROOM)
		return encode_close(out, NULL);
	p = put_start(p, plan, clock, loss->time_ns, plan->lost.name, c->lost, c);
	*p++ = ' ';
	p = put_u64(p, loss->count);
	p = put_lit(p, " cpu=");
	p = put_u64(p, loss->cpu);
	p = put_lit(p, " cause=");
	p = put_mem(p, name, strlen(name));
	*p++ = '\n';
	return encode_close(out, p);
}
