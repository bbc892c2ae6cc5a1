// SPDX-License-Identifier: Apache-2.0
/* Schemas that must be refused, and what is said about them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "decode_lab.h"

static char error[200];

static struct plan *try(const struct lab *lab, int *err)
{
	struct plan *plan;

	error[0] = '\0';
	errno = 0;
	plan = plan_new(lab->fields, lab->count, error, sizeof(error));
	*err = plan ? 0 : errno;
	return plan;
}

/* Frees the lab. */
static void check_refused(struct lab *lab, int err, const char *text)
{
	int got;
	struct plan *plan = try(lab, &got);

	cr_expect_null(plan);
	cr_expect_eq(got, err, "errno %d", got);
	cr_expect_str_eq(error, text);
	plan_free(plan);
	lab_free(lab);
}

/* An event of 200 bytes with a field x of 4 bytes. */
static struct lab *lab_of_one_field(void)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	lab->fields[1].size = 200;
	return lab;
}

#define FIELD lab->fields[2]

Test(decode_schema, an_empty_one_is_refused)
{
	struct lab *lab = lab_new();

	lab->count = 0;
	check_refused(lab, EINVAL, "schema entry 0: does not begin with a schema's head");
}

Test(decode_schema, one_without_a_head_is_refused)
{
	struct lab *lab = lab_of_one_field();

	lab->fields[0].kind = PULSAR_KIND_UINT;
	check_refused(lab, EINVAL,
		      "schema entry 0 test-module: does not begin with a schema's head");
}

Test(decode_schema, one_of_another_abi_is_refused)
{
	struct lab *lab = lab_of_one_field();

	lab->fields[0].event = PULSAR_ABI + 1;
	check_refused(lab, EPROTO, "schema entry 0 test-module: ABI 2, this reader knows 1");
}

Test(decode_schema, a_second_head_is_refused)
{
	struct lab *lab = lab_of_one_field();

	FIELD.kind = PULSAR_KIND_SCHEMA;
	check_refused(lab, EINVAL, "schema entry 2 x: a second head");
}

Test(decode_schema, names_that_would_need_an_escape_are_refused)
{
	static const char *const names[] = { "", "a\"b", "a b", "a\\", "a\n", "é", "a\x1b" };
	struct lab *lab;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		lab = lab_of_one_field();
		strcpy(FIELD.name, names[i]);
		check_refused(lab, EINVAL, "schema entry 2: the name is not one");
	}
	lab = lab_of_one_field();
	strcpy(lab->fields[0].name, "../x");
	check_refused(lab, EINVAL, "schema entry 0: not a module's name");
}

Test(decode_schema, names_without_an_end_are_refused)
{
	struct lab *lab = lab_of_one_field();

	memset(FIELD.name, 'x', sizeof(FIELD.name));
	check_refused(lab, EINVAL, "schema entry 2: the name is not one");
	lab = lab_of_one_field();
	memset(lab->fields[0].name, 'x', sizeof(FIELD.name));
	check_refused(lab, EINVAL, "schema entry 0: not a module's name");
	lab = lab_of_one_field();
	lab_enumerator(lab, "X", 1, 1, 1);
	memset(lab->fields[3].name, 'x', sizeof(FIELD.name));
	check_refused(lab, EINVAL, "schema entry 3: the name is not one");
}

Test(decode_schema, names_of_full_length_are_fine)
{
	struct lab *lab = lab_new();
	char name[PULSAR_FIELD_NAME_LEN] = "", line[512];

	memset(name, 'n', sizeof(name) - 1);
	lab_span(lab, PULSAR_KIND_STRING, name, "\xff", 1, 2);
	lab_number(lab, PULSAR_KIND_ENUM, "e", 4, 1)->group = 1;
	lab_enumerator(lab, name, 1, 1, 1);
	strcpy(lab->fields[0].name, name);
	strcpy(lab->fields[1].name, name);
	snprintf(line, sizeof(line),
		 "{\"%s\":\"\uFFFD\",\"%s_hex\":\"ff\",\"%s_truncated\":true,\"e\":\"%s\"}", name,
		 name, name, name);
	cr_expect_str_eq(lab_payload(lab), line);
	lab_free(lab);
}

Test(decode_schema, integers_of_odd_sizes_are_refused)
{
	static const uint32_t sizes[] = { 0, 3, 5, 6, 7, 9, 16, 0x80000001, UINT32_MAX };
	static const enum pulsar_kind kinds[] = { PULSAR_KIND_UINT,   PULSAR_KIND_INT,
						  PULSAR_KIND_BOOL,   PULSAR_KIND_HEX,
						  PULSAR_KIND_ENUM,   PULSAR_KIND_FLAGS,
						  PULSAR_KIND_ERRNO,  PULSAR_KIND_MODE,
						  PULSAR_KIND_SIGNAL, PULSAR_KIND_SYSCALL };
	char text[100];

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			struct lab *lab = lab_of_one_field();

			FIELD.kind = kinds[k];
			FIELD.size = sizes[s];
			snprintf(text, sizeof(text), "schema entry 2 x: kind %u of %u bytes",
				 kinds[k], sizes[s]);
			check_refused(lab, EINVAL, text);
		}
	}
}

Test(decode_schema, structs_of_other_sizes_are_refused)
{
	static const struct {
		enum pulsar_kind kind;
		uint32_t size;
	} rows[] = {
		{ PULSAR_KIND_STRING, 4 },
		{ PULSAR_KIND_STRING, 16 },
		{ PULSAR_KIND_BYTES, 9 },
		{ PULSAR_KIND_STRINGS, 0 },
		{ PULSAR_KIND_DNS, 7 },
		{ PULSAR_KIND_ADDRESS, 8 },
		{ PULSAR_KIND_ADDRESS, 16 },
		{ PULSAR_KIND_TIME, 4 },
		{ PULSAR_KIND_CAPABILITIES, 4 },
		{ PULSAR_KIND_CHARS, 0 },
		{ 999, 0 },
	};
	char text[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lab *lab = lab_of_one_field();

		FIELD.kind = rows[i].kind;
		FIELD.size = rows[i].size;
		snprintf(text, sizeof(text), "schema entry 2 x: kind %u of %u bytes", rows[i].kind,
			 rows[i].size);
		check_refused(lab, EINVAL, text);
	}
}

Test(decode_schema, fields_beyond_their_event_are_refused)
{
	static const uint32_t offsets[] = { 197, 200, 65536, UINT32_MAX, UINT32_MAX - 3 };
	struct lab *lab;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		lab = lab_of_one_field();
		FIELD.offset = offsets[i];
		check_refused(lab, EINVAL, "schema entry 2 x: lies outside of Sample");
	}
	lab = lab_of_one_field();
	FIELD.kind = PULSAR_KIND_CHARS;
	FIELD.size = UINT32_MAX;
	check_refused(lab, EINVAL, "schema entry 2 x: lies outside of Sample");
}

Test(decode_schema, events_shorter_than_a_header_or_longer_than_a_record_are_refused)
{
	struct lab *lab = lab_of_one_field();

	lab->fields[1].size = sizeof(struct pulsar_event) - 1;
	check_refused(lab, EINVAL, "schema entry 1 Sample: an event of 95 bytes");
	lab = lab_of_one_field();
	lab->fields[1].size = 65536;
	check_refused(lab, EINVAL, "schema entry 1 Sample: an event of 65536 bytes");
}

Test(decode_schema, event_types_beyond_the_header_or_there_twice_are_refused)
{
	struct lab *lab = lab_of_one_field();

	lab->fields[1].event = 0;
	check_refused(lab, EINVAL, "schema entry 1 Sample: 0 is no event type");
	lab = lab_of_one_field();
	lab->fields[1].event = 65536 + LAB_EVENT;
	check_refused(lab, EINVAL, "schema entry 1 Sample: 65543 is no event type");
	lab = lab_of_one_field();
	lab->fields[lab->count++] = lab->fields[1];
	check_refused(lab, EINVAL, "schema entry 3 Sample: event type 7 is there twice");
}

Test(decode_schema, an_event_with_the_name_of_losses_is_refused)
{
	struct lab *lab = lab_of_one_field();

	strcpy(lab->fields[1].name, "Lost");
	check_refused(lab, EINVAL, "schema entry 1 Lost: this name is for losses");
}

Test(decode_schema, fields_outside_of_their_event_are_refused)
{
	struct lab *lab = lab_of_one_field();

	FIELD.event = LAB_EVENT + 1;
	check_refused(lab, EINVAL, "schema entry 2 x: not below its event");
	lab = lab_of_one_field();
	lab->fields[1].kind = PULSAR_KIND_NONE;
	check_refused(lab, EINVAL, "schema entry 2 x: not below its event");
	lab = lab_new();
	lab_enumerator(lab, "X", 1, 1, 1);
	lab->fields[1].size = 200;
	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	check_refused(lab, EINVAL, "schema entry 3 x: not below its event");
}

Test(decode_schema, keys_that_could_be_printed_twice_are_refused)
{
	static const struct {
		enum pulsar_kind kind;
		const char *a, *b;
	} rows[] = {
		{ PULSAR_KIND_STRING, "x", "x" },
		{ PULSAR_KIND_STRING, "x", "x_hex" },
		{ PULSAR_KIND_STRINGS, "x", "x_truncated" },
		{ PULSAR_KIND_BYTES, "x", "x_truncated" },
		{ PULSAR_KIND_DNS, "x", "id" },
		{ PULSAR_KIND_DNS, "x", "malformed" },
		{ PULSAR_KIND_DNS, "x", "x_truncated" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int swap = 0; swap < 2; swap++) {
			struct lab *lab = lab_new();
			int err;

			if (swap)
				lab_number(lab, PULSAR_KIND_UINT, rows[i].b, 4, 1);
			lab_span(lab, rows[i].kind, rows[i].a, "", 0, 0);
			if (!swap)
				lab_number(lab, PULSAR_KIND_UINT, rows[i].b, 4, 1);
			lab->fields[1].size = 200;
			cr_expect_null(try(lab, &err), "%s and %s", rows[i].a, rows[i].b);
			cr_expect_eq(err, EINVAL);
			cr_expect_not_null(strstr(error, "a key of Sample is there twice"), "%s",
					   error);
			lab_free(lab);
		}
	}
}

Test(decode_schema, names_that_only_look_alike_are_fine)
{
	struct lab *lab = lab_new();

	lab_span(lab, PULSAR_KIND_STRING, "x", "a", 1, 1);
	lab_number(lab, PULSAR_KIND_UINT, "n", 4, 1);
	lab_number(lab, PULSAR_KIND_UINT, "n_hex", 4, 2);
	lab_number(lab, PULSAR_KIND_UINT, "x_hexx", 4, 3);
	lab_number(lab, PULSAR_KIND_UINT, "id", 4, 4);
	cr_expect_str_eq(lab_payload(lab),
			 "{\"x\":\"a\",\"n\":1,\"n_hex\":2,\"x_hexx\":3,\"id\":4}");
	lab_free(lab);
}

Test(decode_schema, two_messages_in_one_event_are_refused)
{
	struct lab *lab = lab_new();
	int err;

	lab_span(lab, PULSAR_KIND_DNS, "a", "", 0, 0);
	lab_span(lab, PULSAR_KIND_DNS, "b", "", 0, 0);
	lab->fields[1].size = 200;
	cr_expect_null(try(lab, &err));
	lab_free(lab);
}

Test(decode_schema, more_fields_than_an_event_may_have_are_refused)
{
	struct lab *lab = lab_new();
	char name[16];

	for (int i = 0; i <= PLAN_FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		lab_number(lab, PULSAR_KIND_UINT, name, 1, i);
	}
	lab->fields[1].size = 200;
	check_refused(lab, E2BIG, "schema entry 66 f64: more than 64 fields");
}

Test(decode_schema, more_entries_than_there_may_be_are_refused)
{
	struct lab *lab = lab_new();

	lab->count = PLAN_ENTRIES_MAX + 1;
	check_refused(lab, E2BIG, "schema entry 0 test-module: 65537 entries, more than 65536");
}

Test(decode_schema, entries_not_used_and_tables_are_passed_over)
{
	struct lab *lab = lab_of_one_field();

	lab->count++;
	lab->fields[lab->count++] = (struct pulsar_field){ .kind = PULSAR_KIND_TABLE,
							   .name = "counts",
							   .event = LAB_EVENT };
	lab_number(lab, PULSAR_KIND_UINT, "y", 4, 2);
	cr_expect_str_eq(lab_payload(lab), "{\"x\":1,\"y\":2}");
	lab_free(lab);
}

Test(decode_schema, an_error_fits_into_what_there_is)
{
	struct lab *lab = lab_of_one_field();
	char small[10] = "........";

	lab->count = 0;
	cr_expect_null(plan_new(lab->fields, 0, small, 8));
	cr_expect_str_eq(small, "schema ");
	lab_free(lab);
}
