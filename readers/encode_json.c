// SPDX-License-Identifier: Apache-2.0
/* Records as JSON lines: see encode.h. This is the hot path of a reader. */
#include "encode_record.h"
#include "put.h"

/* All keys of a header and all values but the strings. */
#define HEADER_ROOM 1024
#define LOST_ROOM   512

#define EXTRA(name)                                                                 \
	{                                                                           \
		.hex = ",\"" name "_hex\":", .cut = ",\"" name "_truncated\":true", \
		.hex_len = sizeof(",\"" name "_hex\":") - 1,                        \
		.cut_len = sizeof(",\"" name "_truncated\":true") - 1,              \
	}

static const struct json_extra comm_extra = EXTRA("comm");
static const struct json_extra image_extra = EXTRA("image");
static const struct json_extra container_extra = EXTRA("container_id");

static char *put_span(char *p, const struct encode_record *r, struct pulsar_string span,
		      const struct json_extra *extra)
{
	return json_value(p, r->record.bytes + span.offset, span.len, span.len < span.full, extra);
}

static char *put_image(char *p, const struct encode_record *r)
{
	const struct pulsar_event *h = &r->header;

	p = put_lit(p, ",\"image\":");
	if (h->flags & PULSAR_NO_IMAGE || !h->image.len)
		return put_lit(p, "null");
	return put_span(p, r, h->image, &image_extra);
}

static char *put_start_time(char *p, const struct encode_record *r)
{
	p = put_lit(p, ",\"start_time\":");
	if (!r->header.start_time_ns)
		return put_lit(p, "null");
	*p++ = '"';
	p = clock_rfc3339(r->record.clock, p, r->header.start_time_ns);
	*p++ = '"';
	return p;
}

static char *put_process(char *p, const struct encode_record *r)
{
	const struct pulsar_event *h = &r->header;

	if (h->flags & PULSAR_NO_PROCESS)
		return put_lit(p, ",\"pid\":null,\"tid\":null,\"ppid\":null,\"uid\":null,"
				  "\"gid\":null,\"comm\":null,\"image\":null,\"start_time\":null");
	p = put_lit(p, ",\"pid\":");
	p = put_u64(p, h->tgid);
	p = put_lit(p, ",\"tid\":");
	p = put_u64(p, h->tid);
	p = put_lit(p, ",\"ppid\":");
	p = put_u64(p, h->ppid);
	p = put_lit(p, ",\"uid\":");
	p = put_u64(p, h->uid);
	p = put_lit(p, ",\"gid\":");
	p = put_u64(p, h->gid);
	p = put_lit(p, ",\"comm\":");
	p = json_value(p, (const uint8_t *)h->comm, strnlen(h->comm, sizeof(h->comm)), false,
		       &comm_extra);
	p = put_image(p, r);
	return put_start_time(p, r);
}

/* Seqs begin with 1: what has none comes from a table, which no CPU has for itself. */
static char *put_place(char *p, const struct encode_record *r, unsigned int cpu)
{
	if (!r->header.seq)
		return put_lit(p, "\",\"seq\":null,\"cpu\":null");
	p = put_lit(p, "\",\"seq\":");
	p = put_u64(p, r->header.seq);
	p = put_lit(p, ",\"cpu\":");
	return put_u64(p, cpu);
}

static char *put_header(char *p, const char *end, const struct encode_record *r, unsigned int cpu)
{
	const struct pulsar_event *h = &r->header;
	size_t strings = sizeof(h->comm) + h->image.len + h->container_id.len;

	if ((size_t)(end - p) < HEADER_ROOM + JSON_VALUE_MAX(strings))
		return NULL;
	p = put_block(p, r->event->prefix, r->event->prefix_len);
	p = clock_rfc3339(r->record.clock, p, h->time_ns);
	p = put_place(p, r, cpu);
	p = put_process(p, r);
	p = put_lit(p, ",\"cgroup_id\":");
	p = put_u64(p, h->cgroup_id);
	if (h->container_id.len) {
		p = put_lit(p, ",\"container_id\":");
		p = put_span(p, r, h->container_id, &container_extra);
	}
	p = put_lit(p, ",\"generation\":");
	p = put_u64(p, h->generation);
	return put_lit(p, "},\"payload\":");
}

/* Each field begins with a comma; the first one becomes the object's brace. */
static char *put_payload(char *p, const char *end, const struct encode_record *r)
{
	const struct plan_event *event = r->event;
	char *start = p;

	for (uint32_t i = 0; i < event->count; i++) {
		const struct field *field = &event->fields[i];

		if (end - p < field->room)
			return NULL;
		if (!(field->decoder->flags & DECODER_IN_PLACE))
			p = put_block(p, field->key, field->key_len);
		p = field->decoder->json(field, &r->record, p, end);
		if (!p)
			return NULL;
	}
	if (end - p < 8)
		return NULL;
	if (p == start)
		p++;
	*start = '{';
	return put_lit(p, "}}\n");
}

enum encode_result encode_json(const struct plan *plan, struct clock_map *clock, const void *record,
			       size_t len, unsigned int cpu, struct out *out)
{
	const char *end = out->data + out->capacity;
	struct encode_record r;
	enum encode_result result = encode_open(&r, plan, clock, record, len);
	char *p;

	if (result != LINE_OK)
		return result;
	p = put_header(out->data + out->len, end, &r, cpu);
	if (p)
		p = put_payload(p, end, &r);
	return encode_close(out, p);
}

enum encode_result encode_lost_json(const struct plan *plan, struct clock_map *clock,
				    const struct encode_loss *loss, struct out *out)
{
	const char *name = encode_cause(loss->cause);
	char *p = out->data + out->len;

	if (out->capacity - out->len < LOST_ROOM)
		return encode_close(out, NULL);
	p = put_block(p, plan->lost.prefix, plan->lost.prefix_len);
	p = clock_rfc3339(clock, p, loss->time_ns);
	p = put_lit(p, "\",\"cpu\":");
	p = put_u64(p, loss->cpu);
	p = put_lit(p, ",\"generation\":");
	p = put_u64(p, plan->generation);
	p = put_lit(p, "},\"payload\":{\"cpu\":");
	p = put_u64(p, loss->cpu);
	p = put_lit(p, ",\"count\":");
	p = put_u64(p, loss->count);
	p = put_lit(p, ",\"cause\":\"");
	p = put_mem(p, name, strlen(name));
	p = put_lit(p, "\",\"total\":");
	p = put_u64(p, loss->total);
	return encode_close(out, put_lit(p, "}}\n"));
}
