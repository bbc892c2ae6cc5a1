// SPDX-License-Identifier: Apache-2.0
/* A schema and a record, and their line: see decode_lab.h. */
#include "decode_lab.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct lab *lab_new(void)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	cr_assert(lab);
	setenv("TZ", "UTC", 1);
	clock_map_init(&lab->clock);
	lab->clock.offset_ns = LAB_EPOCH * 1000000000ull;
	cr_assert_eq(out_init(&lab->out, OUT_CAPACITY), 0);
	lab->fields[0] = (struct pulsar_field){
		.kind = PULSAR_KIND_SCHEMA, .name = "test-module", .event = PULSAR_ABI, .value = 3
	};
	lab->fields[1] = (struct pulsar_field){ .kind = PULSAR_KIND_EVENT,
						.name = "Sample",
						.event = LAB_EVENT };
	lab->count = 2;
	lab->fixed_len = sizeof(struct pulsar_event);
	lab->header = (struct pulsar_event){ .type = LAB_EVENT,
					     .seq = 9,
					     .time_ns = 123456789,
					     .start_time_ns = 1000000,
					     .cgroup_id = 77,
					     .generation = 3,
					     .tgid = 42,
					     .tid = 43,
					     .ppid = 1,
					     .uid = 1000,
					     .gid = 100,
					     .comm = "touch" };
	lab_header_span(lab, &lab->header.image, "/usr/bin/touch", 14);
	return lab;
}

void lab_free(struct lab *lab)
{
	plan_free(lab->plan);
	out_release(&lab->out);
	free(lab);
}

struct pulsar_field *lab_field(struct lab *lab, enum pulsar_kind kind, const char *name,
			       const void *value, size_t size)
{
	struct pulsar_field *field = &lab->fields[lab->count++];

	*field = (struct pulsar_field){
		.kind = kind, .event = LAB_EVENT, .offset = lab->fixed_len, .size = size
	};
	strncpy(field->name, name, sizeof(field->name) - 1);
	memcpy(lab->fixed + lab->fixed_len, value, size);
	lab->fixed_len += size;
	return field;
}

struct pulsar_field *lab_number(struct lab *lab, enum pulsar_kind kind, const char *name,
				size_t size, int64_t value)
{
	return lab_field(lab, kind, name, &value, size);
}

struct pulsar_field *lab_span(struct lab *lab, enum pulsar_kind kind, const char *name,
			      const void *bytes, size_t len, size_t full)
{
	struct pulsar_bytes span = { .offset = lab->tail_len, .len = len, .full = full };

	memcpy(lab->tail + lab->tail_len, bytes, len);
	lab->tail_len += len;
	lab->spans[lab->span_count++] = lab->fixed_len;
	return lab_field(lab, kind, name, &span, sizeof(span));
}

void lab_enumerator(struct lab *lab, const char *name, uint32_t group, int64_t value, uint64_t mask)
{
	struct pulsar_field *field = &lab->fields[lab->count++];

	*field = (struct pulsar_field){
		.kind = PULSAR_KIND_ENUMERATOR, .group = group, .value = value, .mask = mask
	};
	strncpy(field->name, name, sizeof(field->name) - 1);
}

void lab_header_span(struct lab *lab, struct pulsar_string *span, const char *bytes, size_t full)
{
	*span = (struct pulsar_string){ lab->tail_len, strlen(bytes), full };
	memcpy(lab->tail + lab->tail_len, bytes, span->len);
	lab->tail_len += span->len;
}

/* Spans were counted from the start of the tail. */
static void lay_out(struct lab *lab)
{
	struct pulsar_event header = lab->header;
	struct pulsar_bytes span;

	header.size = lab->fixed_len + lab->tail_len;
	header.image.offset += lab->fixed_len;
	header.container_id.offset += lab->fixed_len;
	lab->len = header.size;
	memcpy(lab->record, lab->fixed, lab->fixed_len);
	memcpy(lab->record, &header, sizeof(header));
	memcpy(lab->record + lab->fixed_len, lab->tail, lab->tail_len);
	for (size_t i = 0; i < lab->span_count; i++) {
		memcpy(&span, lab->fixed + lab->spans[i], sizeof(span));
		span.offset += lab->fixed_len;
		memcpy(lab->record + lab->spans[i], &span, sizeof(span));
	}
}

void lab_build(struct lab *lab)
{
	char error[200] = "";

	lab->fields[1].size = lab->fixed_len;
	plan_free(lab->plan);
	lab->plan = plan_new(lab->fields, lab->count, error, sizeof(error));
	cr_assert(lab->plan, "%s", error);
	lay_out(lab);
}

void lab_check_lines(const struct out *out)
{
	const char *line = out->data, *end = out->data + out->len;
	json_error_t error;

	while (line < end) {
		const char *newline = memchr(line, '\n', end - line);
		json_t *json;

		cr_assert(newline, "a line has no end");
		json = json_loadb(line, newline - line,
				  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
				  &error);
		cr_assert(json, "%s at %d in: %.*s", error.text, error.position,
			  (int)(newline - line), line);
		json_decref(json);
		line = newline + 1;
	}
}

/* The last line, whose newline becomes a NUL. */
static const char *take_line(struct lab *lab)
{
	lab->out.data[lab->out.len - 1] = '\0';
	lab->out.len = 0;
	return lab->out.data;
}

const char *lab_json(struct lab *lab)
{
	lab_build(lab);
	cr_assert_eq(encode_json(lab->plan, &lab->clock, lab->record, lab->len, 5, &lab->out),
		     LINE_OK);
	lab_check_lines(&lab->out);
	return take_line(lab);
}

const char *lab_payload(struct lab *lab)
{
	char *payload = strstr(lab_json(lab), "\"payload\":") + strlen("\"payload\":");

	payload[strlen(payload) - 1] = '\0';
	return payload;
}

const char *lab_text(struct lab *lab, bool colour)
{
	lab_build(lab);
	cr_assert_eq(
		encode_text(lab->plan, &lab->clock, lab->record, lab->len, 5, &lab->out, colour),
		LINE_OK);
	return take_line(lab);
}

const char *lab_fields_text(struct lab *lab)
{
	static const char start[] = "15:04:05.123 Sample touch[42]              ";
	const char *line = lab_text(lab, false);

	cr_assert(!strncmp(line, start, strlen(start)), "%s", line);
	return line + strlen(start);
}
