// SPDX-License-Identifier: Apache-2.0
/*
 * Random bytes, always the same ones, as records, schemas and DNS messages. Each
 * line must be valid, and each record lies in memory of just its size, so that a
 * build with SAN=1 sees what is read beyond it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode_lab.h"
#include "pulsar-test.h"

#define RECORDS	 200000
#define SCHEMAS	 20000
#define MESSAGES 100000

/* One more than the last that there is. */
#define LATER_KIND (PULSAR_KIND_SYSCALLS + 1)

/* Marsaglia, Xorshift RNGs, 2003: the same numbers everywhere. */
static uint64_t state;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t below(uint32_t limit)
{
	return random64() % limit;
}

/* Bytes of which many are special to JSON, UTF-8, DNS or lengths. */
static void fill(uint8_t *bytes, size_t len)
{
	static const uint8_t special[] = { 0,	 1,    0x1b, '\n', '"',	 '\\', 0x7f,
					   0x80, 0xc0, 0xc2, 0xe2, 0xf0, 0xff, 12,
					   2,	 3,    'a',  'b',  '.',	 ' ' };

	for (size_t i = 0; i < len; i++) {
		uint64_t x = random64();

		bytes[i] = x & 1 ? special[(x >> 8) % sizeof(special)] : x >> 16;
	}
}

/* One field of each kind, some with names. */
static struct lab *lab_of_all_kinds(void)
{
	struct lab *lab = lab_new();
	char name[16];

	for (int kind = PULSAR_KIND_UINT; kind <= LATER_KIND; kind++) {
		size_t size = 8;

		if (kind == PULSAR_KIND_ADDRESS)
			size = sizeof(struct pulsar_address);
		if (kind == PULSAR_KIND_CHARS || kind == LATER_KIND)
			size = 13;
		snprintf(name, sizeof(name), "k%d", kind);
		lab_field(lab, kind, name, "0123456789012345678901234567890", size)->group = kind;
	}
	lab_enumerator(lab, "ZERO", PULSAR_KIND_ENUM, 0, -1);
	lab_enumerator(lab, "A", PULSAR_KIND_FLAGS, 0, 3);
	lab_enumerator(lab, "B", PULSAR_KIND_FLAGS, 1, 3);
	lab_enumerator(lab, "C", PULSAR_KIND_FLAGS, 0x8000, 0x8000);
	lab_build(lab);
	return lab;
}

/* No line but those that are whole, and nothing in them that steers a terminal. */
static void check_text(const struct out *out)
{
	for (size_t i = 0; i < out->len; i++) {
		uint8_t c = out->data[i];

		cr_assert(c == '\n' ? i > 0 : c >= 0x20 && c != 0x7f, "byte %02x", c);
	}
	cr_assert(!out->len || out->data[out->len - 1] == '\n');
}

/* In memory of just its size. Returns whether a line came of it. */
static bool try_record(struct lab *lab, const uint8_t *bytes, size_t len)
{
	uint8_t *record = malloc(len ? len : 1);
	enum encode_result json, text;

	memcpy(record, bytes, len);
	json = encode_json(lab->plan, &lab->clock, record, len, 1, &lab->out);
	lab_check_lines(&lab->out);
	lab->out.len = 0;
	text = encode_text(lab->plan, &lab->clock, record, len, 1, &lab->out, false);
	check_text(&lab->out);
	lab->out.len = 0;
	free(record);
	cr_assert_eq(json, text);
	cr_assert_neq(json, LINE_FULL);
	return json == LINE_OK;
}

/* A span that mostly lies where it may. */
static void fill_span(uint8_t *at, uint32_t start, uint32_t end)
{
	struct pulsar_bytes span = { .offset = start + below(end - start + 1) };

	span.len = below(end - span.offset + 1);
	span.full = span.len + below(2);
	if (below(100) == 0)
		span.offset = random64();
	if (below(100) == 0)
		span.len = random64();
	memcpy(at, &span, sizeof(span));
}

static size_t fill_record(const struct lab *lab, uint8_t *bytes)
{
	size_t fixed = lab->fixed_len, len = fixed + below(400);
	struct pulsar_event header;

	fill(bytes, len);
	memcpy(&header, bytes, sizeof(header));
	header.size = len;
	header.type = LAB_EVENT;
	header.generation = 3;
	header.flags = below(8);
	fill_span((uint8_t *)&header.image, fixed, len);
	fill_span((uint8_t *)&header.container_id, fixed, len);
	if (below(50) == 0)
		header.size = below(600);
	memcpy(bytes, &header, sizeof(header));
	for (size_t i = 2; i < lab->count; i++) {
		switch (lab->fields[i].kind) {
		case PULSAR_KIND_STRING:
		case PULSAR_KIND_BYTES:
		case PULSAR_KIND_STRINGS:
		case PULSAR_KIND_DNS:
			fill_span(bytes + lab->fields[i].offset, fixed, len);
			break;
		default:
			break;
		}
	}
	return len;
}

Test(decode_hostile, random_records_give_valid_lines_or_none, .timeout = 300)
{
	int records = (int)scaled(RECORDS);
	struct lab *lab = lab_of_all_kinds();
	static uint8_t bytes[2048];
	int lines = 0;

	state = 42;
	for (int i = 0; i < records; i++)
		lines += try_record(lab, bytes, fill_record(lab, bytes));
	cr_expect_gt(lines, records / 2, "only %d lines", lines);
	cr_expect_lt(lines, records);
	lab_free(lab);
}

Test(decode_hostile, records_of_nothing_but_random_bytes_give_none)
{
	int records = (int)scaled(RECORDS);
	struct lab *lab = lab_of_all_kinds();
	static uint8_t bytes[2048];

	state = 43;
	for (int i = 0; i < records / 4; i++) {
		size_t len = below(600);

		fill(bytes, len);
		cr_assert_not(try_record(lab, bytes, len));
	}
	lab_free(lab);
}

Test(decode_hostile, each_length_of_a_record_is_whole_or_bad)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_STRING, "x", "abc", 3, 3);
	lab_build(lab);
	for (size_t len = 0; len <= lab->len; len++)
		cr_expect_eq(try_record(lab, lab->record, len), len == lab->len);
	lab_free(lab);
}

Test(decode_hostile, spans_that_leave_the_record_or_enter_its_struct_are_bad)
{
	static const struct {
		uint16_t offset, len;
	} rows[] = {
		{ 0, 1 }, { 103, 1 }, { 0, 65535 }, { 65535, 1 }, { 65535, 65535 }, { 104, 19 }
	};
	struct lab *lab = lab_new();
	struct pulsar_bytes span;

	lab_span(lab, PULSAR_KIND_STRING, "x", "abcd", 4, 4);
	lab_build(lab);
	cr_assert_eq(lab->len, 104 + 18);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		span = (struct pulsar_bytes){ rows[i].offset, rows[i].len, 0 };
		memcpy(lab->record + 96, &span, sizeof(span));
		cr_expect_not(try_record(lab, lab->record, lab->len), "row %zu", i);
	}
	/* One that is empty lies nowhere. */
	span = (struct pulsar_bytes){ 65535, 0, 0 };
	memcpy(lab->record + 96, &span, sizeof(span));
	cr_expect(try_record(lab, lab->record, lab->len));
	lab_free(lab);
}

/* ---- schemas ---- */

/* A few bytes of the entries become others, mostly small numbers. */
static void spoil(struct pulsar_field *fields, size_t count)
{
	for (uint32_t n = 1 + below(4); n; n--) {
		uint8_t *entry = (uint8_t *)&fields[below(count)];

		/* The numbers behind the name are more interesting than it. */
		if (below(8))
			entry[PULSAR_FIELD_NAME_LEN + below(40)] = below(2) ? below(32)
									    : random64();
		else
			entry[below(PULSAR_FIELD_NAME_LEN)] = random64();
	}
}

Test(decode_hostile, spoilt_schemas_are_refused_or_give_valid_lines, .timeout = 300)
{
	int schemas = (int)scaled(SCHEMAS);
	struct lab *lab = lab_of_all_kinds();
	static struct pulsar_field fields[256];
	static uint8_t bytes[2048];
	struct plan *good = lab->plan;
	int accepted = 0;
	char error[200];

	state = 44;
	for (int i = 0; i < schemas; i++) {
		memcpy(fields, lab->fields, sizeof(fields));
		spoil(fields, lab->count);
		lab->plan = plan_new(fields, lab->count, error, sizeof(error));
		if (!lab->plan) {
			cr_assert_gt(strlen(error), 10);
			continue;
		}
		accepted++;
		for (int k = 0; k < 4; k++)
			try_record(lab, bytes, fill_record(lab, bytes));
		plan_free(lab->plan);
	}
	cr_expect_gt(accepted, schemas / 10, "only %d", accepted);
	cr_expect_lt(accepted, schemas);
	lab->plan = good;
	lab_free(lab);
}

Test(decode_hostile, schemas_of_random_bytes_are_refused)
{
	int schemas = (int)scaled(SCHEMAS);
	static uint8_t bytes[20 * sizeof(struct pulsar_field)];
	char error[200];

	state = 45;
	for (int i = 0; i < schemas; i++) {
		struct pulsar_field *fields;
		size_t count = below(20);

		fill(bytes, sizeof(bytes));
		fields = malloc(count * sizeof(*fields) + 1);
		memcpy(fields, bytes, count * sizeof(*fields));
		cr_assert_null(plan_new(fields, count, error, sizeof(error)));
		free(fields);
	}
}

/* ---- messages ---- */

/* clang-format off */
/* A response for a.b: A, CNAME, TXT, SOA, HTTPS, each with a pointer or two. */
static const uint8_t response[] = {
	0, 1, 0x81, 0x80, 0, 1, 0, 5, 0, 0, 0, 0,
	1, 'a', 1, 'b', 0, 0, 1, 0, 1,
	0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1,
	0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 'c', 0xc0, 14,
	0xc0, 14, 0, 16, 0, 1, 0, 0, 0, 9, 0, 5, 1, 'x', 2, 'y', '"',
	0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 9, 0, 24, 0xc0, 12, 0xc0, 14,
	0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5,
	0xc0, 12, 0, 65, 0, 1, 0, 0, 0, 9, 0, 16, 0, 1, 0, 0, 1, 0, 3, 2, 'h', '2', 0, 3, 0, 2, 1, 187,
};
/* clang-format on */

Test(decode_hostile, spoilt_messages_give_valid_lines, .timeout = 300)
{
	int messages = (int)scaled(MESSAGES);
	struct lab *lab = lab_new();

	state = 46;
	lab_span(lab, PULSAR_KIND_DNS, "dns", response, sizeof(response), sizeof(response));
	lab_build(lab);
	for (int i = 0; i < messages; i++) {
		size_t cut = below(4) ? 0 : below(sizeof(response));
		uint8_t *message = lab->record + lab->len - sizeof(response);
		uint16_t len = sizeof(response) - cut;
		uint32_t size = lab->len - cut;

		memcpy(message, response, sizeof(response));
		for (uint32_t n = below(4); n; n--)
			message[below(sizeof(response))] = below(2) ? below(70) : random64();
		memcpy(lab->record, &size, sizeof(size));
		memcpy(lab->record + lab->fields[2].offset + offsetof(struct pulsar_bytes, len),
		       &len, sizeof(len));
		cr_assert(try_record(lab, lab->record, size));
	}
	lab_free(lab);
}
