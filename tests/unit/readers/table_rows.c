// SPDX-License-Identifier: Apache-2.0
/*
 * Tables: their kinds, what a schema may say of them, and that the sum of the lines
 * about a row is what it had at the end, whatever happens in between.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "decode_lab.h"
#include "plan_event.h"
#include "rows.h"

/* ---- kinds ---- */

#define COUNTS 400 /* no system call has this number less one */

static void check_counts(enum pulsar_kind kind, const uint64_t *counts, size_t n, const char *json,
			 const char *text)
{
	struct lab *lab = lab_new();
	char payload[1024];

	lab_field(lab, kind, "x", counts, n * sizeof(*counts));
	snprintf(payload, sizeof(payload), "{\"x\":%s}", json);
	cr_expect_str_eq(lab_payload(lab), payload);
	cr_expect_str_eq(lab_fields_text(lab), text);
	lab_free(lab);
}

Test(table_kinds, counts_print_by_index_and_those_of_system_calls_by_name)
{
	uint64_t counts[COUNTS] = { [2] = 17, [5] = UINT64_MAX };
	uint64_t calls[COUNTS] = { [SYS_close] = 3, [SYS_getppid] = 1, [COUNTS - 1] = 2 };
	uint64_t none[3] = { 0 };

	check_counts(PULSAR_KIND_COUNTS, counts, COUNTS, "{\"2\":17,\"5\":18446744073709551615}",
		     "2:17 5:18446744073709551615");
	check_counts(PULSAR_KIND_COUNTS, none, 3, "{}", "-");
	check_counts(PULSAR_KIND_SYSCALLS, none, 3, "{}", "-");
	if (SYS_close < SYS_getppid)
		check_counts(PULSAR_KIND_SYSCALLS, calls, COUNTS,
			     "{\"close\":3,\"getppid\":1,\"399\":2}", "close:3 getppid:1 399:2");
}

Test(table_kinds, arrays_in_which_each_number_is_as_long_as_can_be_fit)
{
	uint64_t counts[COUNTS];
	struct lab *lab = lab_new();

	memset(counts, 0xff, sizeof(counts));
	lab_field(lab, PULSAR_KIND_SYSCALLS, "x", counts, sizeof(counts));
	cr_expect(strlen(lab_payload(lab)) > COUNTS * 24);
	cr_expect(strlen(lab_text(lab, false)) > COUNTS * 24);
	lab_free(lab);
}

/* ---- schemas ---- */

#define PLAN_FIELDS 5

/* An event `Sample` with a time, a name, a counter and an array of counters; and a table of it. */
static void fill_fields(struct pulsar_field fields[PLAN_FIELDS + 2])
{
	__u32 at = sizeof(struct pulsar_event);

	memset(fields, 0, (PLAN_FIELDS + 2) * sizeof(*fields));
	fields[0] = (struct pulsar_field){ .name = "module",
					   .kind = PULSAR_KIND_SCHEMA,
					   .event = PULSAR_ABI };
	fields[1] = (struct pulsar_field){
		.name = "Sample", .kind = PULSAR_KIND_EVENT, .event = 7, .size = at + 48
	};
	fields[2] = (struct pulsar_field){ .name = "since",
					   .kind = PULSAR_KIND_TIME,
					   .event = 7,
					   .offset = at,
					   .size = 8,
					   .flags = PULSAR_FIELD_SINCE };
	fields[3] = (struct pulsar_field){
		.name = "name", .kind = PULSAR_KIND_CHARS, .event = 7, .offset = at + 8, .size = 8
	};
	fields[4] = (struct pulsar_field){ .name = "count",
					   .kind = PULSAR_KIND_UINT,
					   .event = 7,
					   .offset = at + 16,
					   .size = 4,
					   .flags = PULSAR_FIELD_COUNTER };
	fields[5] = (struct pulsar_field){ .name = "counts",
					   .kind = PULSAR_KIND_COUNTS,
					   .event = 7,
					   .offset = at + 24,
					   .size = 24,
					   .flags = PULSAR_FIELD_COUNTER };
	fields[6] =
		(struct pulsar_field){ .name = "samples", .kind = PULSAR_KIND_TABLE, .event = 7 };
}

/* `to_hostile` changes one thing; the plan must be refused. */
static void refuse(void (*to_hostile)(struct pulsar_field *fields))
{
	struct pulsar_field fields[PLAN_FIELDS + 2];
	char error[256] = "";

	fill_fields(fields);
	to_hostile(fields);
	cr_expect_null(plan_new(fields, PLAN_FIELDS + 2, error, sizeof(error)));
	cr_expect_eq(errno, EINVAL, "%s", error);
}

static void table_of_nothing(struct pulsar_field *fields)
{
	fields[6].event = 8;
}

static void table_of_type_zero(struct pulsar_field *fields)
{
	fields[6].event = 0;
}

static void table_before_its_event(struct pulsar_field *fields)
{
	struct pulsar_field table = fields[6];

	memmove(fields + 2, fields + 1, PLAN_FIELDS * sizeof(*fields));
	fields[1] = table;
}

static void table_elsewhere(struct pulsar_field *fields)
{
	strcpy(fields[6].name, "../events");
}

static void counter_of_a_name(struct pulsar_field *fields)
{
	fields[3].flags = PULSAR_FIELD_COUNTER;
}

static void since_a_count(struct pulsar_field *fields)
{
	fields[4].flags = PULSAR_FIELD_SINCE;
}

static void array_of_odd_size(struct pulsar_field *fields)
{
	fields[5].size = 23;
}

Test(table_plan, schemas_that_make_no_sense_are_refused)
{
	refuse(table_of_nothing);
	refuse(table_of_type_zero);
	refuse(table_before_its_event);
	refuse(table_elsewhere);
	refuse(counter_of_a_name);
	refuse(since_a_count);
	refuse(array_of_odd_size);
}

/* ---- rows ---- */

struct sample {
	struct pulsar_event event;
	uint64_t since;
	char name[8];
	uint32_t count;
	uint32_t hole;
	uint64_t counts[3];
};

struct bench {
	struct plan *plan;
	const struct plan_event *event;
	struct rows *rows;
};

static struct bench bench_new(void (*change)(struct pulsar_field *fields))
{
	struct pulsar_field fields[PLAN_FIELDS + 2];
	struct bench b = { .rows = rows_new() };
	char error[256] = "";

	fill_fields(fields);
	if (change)
		change(fields);
	b.plan = plan_new(fields, PLAN_FIELDS + 2, error, sizeof(error));
	cr_assert(b.plan && b.rows, "%s", error);
	b.event = b.plan->tables[0].event;
	cr_assert_eq(b.event->size, sizeof(struct sample));
	return b;
}

static void bench_free(struct bench *b)
{
	rows_free(b->rows);
	plan_free(b->plan);
}

static struct sample sample(uint32_t tgid, uint64_t since, uint32_t count, uint64_t second)
{
	return (struct sample){ .event = { .tgid = tgid, .start_time_ns = 5 },
				.since = since,
				.name = "name",
				.count = count,
				.counts = { 0, second, 0 } };
}

/* A look at a row, or its end (key NULL); what the line says, or false. */
static bool look(struct bench *b, struct sample *s, const uint32_t *key, uint64_t now)
{
	bool told = rows_change(b->rows, b->event, (uint8_t *)s, key, key ? sizeof(*key) : 0);

	if (told && key)
		rows_said(b->rows, now);
	if (!key)
		rows_gone(b->rows);
	return told;
}

Test(table_rows, a_line_tells_what_was_added_since_the_last_one)
{
	struct bench b = bench_new(NULL);
	uint32_t key = 1;
	struct sample s = sample(1, 100, 7, 70);

	cr_expect(look(&b, &s, &key, 1000));
	cr_expect(s.count == 7 && s.counts[1] == 70 && s.since == 100);
	s = sample(1, 100, 7, 70);
	cr_expect_not(look(&b, &s, &key, 2000));
	s = sample(1, 100, 7, 75);
	cr_expect(look(&b, &s, &key, 3000));
	cr_expect(s.count == 0 && s.counts[1] == 5 && s.since == 1000);
	/* It was removed; what comes of it then is the rest. */
	s = sample(1, 100, 9, 75);
	cr_expect(look(&b, &s, NULL, 4000));
	cr_expect(s.count == 2 && s.counts[1] == 0 && s.since == 3000);
	cr_expect_eq(rows_count(b.rows), 0);
	bench_free(&b);
}

Test(table_rows, a_row_that_nobody_looked_at_is_told_at_its_end)
{
	struct bench b = bench_new(NULL);
	struct sample s = sample(1, 100, 7, 70);

	cr_expect(look(&b, &s, NULL, 1000));
	cr_expect(s.count == 7 && s.counts[1] == 70 && s.since == 100);
	bench_free(&b);
}

Test(table_rows, a_row_without_counts_or_news_at_its_end_is_no_line)
{
	struct bench b = bench_new(NULL);
	uint32_t key = 1;
	struct sample s = sample(1, 100, 0, 0);

	cr_expect_not(look(&b, &s, &key, 1000));
	s = sample(1, 100, 3, 0);
	cr_expect(look(&b, &s, &key, 1000));
	s = sample(1, 100, 3, 0);
	cr_expect_not(look(&b, &s, NULL, 2000));
	bench_free(&b);
}

/* The new process is seen in the table before the end of the old one comes out of a ring. */
Test(table_rows, two_processes_with_one_number_are_two_rows)
{
	struct bench b = bench_new(NULL);
	uint32_t key = 1;
	struct sample s = sample(1, 100, 7, 70);

	cr_expect(look(&b, &s, &key, 1000));
	s = sample(1, 200, 1, 1);
	cr_expect(look(&b, &s, &key, 2000));
	cr_expect(s.count == 1 && s.since == 200);
	s = sample(1, 100, 8, 70);
	cr_expect(look(&b, &s, NULL, 2500));
	cr_expect(s.count == 1 && s.since == 1000);
	s = sample(1, 200, 2, 1);
	cr_expect(look(&b, &s, &key, 3000));
	cr_expect(s.count == 1 && s.since == 2000);
	bench_free(&b);
}

Test(table_rows, a_line_that_was_not_written_changes_nothing)
{
	struct bench b = bench_new(NULL);
	uint32_t key = 1;
	struct sample s = sample(1, 100, 7, 70);

	/* The batch is full: the same row once more. */
	cr_expect(rows_change(b.rows, b.event, (uint8_t *)&s, &key, sizeof(key)));
	s = sample(1, 100, 7, 70);
	cr_expect(look(&b, &s, &key, 1000));
	cr_expect(s.count == 7 && s.counts[1] == 70);
	bench_free(&b);
}

Test(table_rows, numbers_of_four_bytes_wrap_and_those_of_eight_begin_anew)
{
	struct bench b = bench_new(NULL);
	uint32_t key = 1;
	struct sample s = sample(1, 100, UINT32_MAX, 70);

	cr_expect(look(&b, &s, &key, 1000));
	s = sample(1, 100, 1, 5);
	cr_expect(look(&b, &s, &key, 2000));
	cr_expect(s.count == 2 && s.counts[1] == 5, "%u %lu", s.count, s.counts[1]);
	bench_free(&b);
}

static void without_since(struct pulsar_field *fields)
{
	fields[2].flags = 0;
}

Test(table_rows, without_a_beginning_the_key_tells_rows_apart_and_other_fields_are_news)
{
	struct bench b = bench_new(without_since);
	uint32_t one = 1, two = 2;
	struct sample s = sample(0, 100, 7, 70);

	cr_expect(look(&b, &s, &one, 1000));
	s = sample(0, 100, 7, 70);
	cr_expect(look(&b, &s, &two, 1000));
	s = sample(0, 100, 7, 70);
	strcpy(s.name, "other");
	cr_expect(look(&b, &s, &one, 2000));
	cr_expect(s.count == 0 && s.since == 100);
	s = sample(0, 100, 7, 70);
	cr_expect_not(look(&b, &s, &two, 2000));
	bench_free(&b);
}

Test(table_rows, those_that_disappear_without_an_event_are_forgotten_after_a_while)
{
	struct bench b = bench_new(NULL);

	for (uint32_t i = 0; i < 1000; i++) {
		struct sample s = sample(i, 100, 1, 0);

		cr_expect(look(&b, &s, &i, 1000));
	}
	rows_sweep(b.rows, 1000, 60);
	for (uint32_t i = 0; i < 10; i++) {
		struct sample s = sample(i, 100, 1, 0);

		cr_expect_not(look(&b, &s, &i, 1030));
	}
	rows_sweep(b.rows, 1050, 60);
	cr_expect_eq(rows_count(b.rows), 1000);
	rows_sweep(b.rows, 1070, 60);
	cr_expect_eq(rows_count(b.rows), 10);
	bench_free(&b);
}

/* Looks and ends at random; each row's lines add up to its last number. */
Test(table_rows, the_sum_of_the_lines_is_what_was_counted)
{
	enum { ROWS = 50, STEPS = 20000 };
	struct bench b = bench_new(NULL);
	uint64_t count[ROWS] = { 0 }, since[ROWS], told = 0, counted = 0;

	srand(1);
	for (int i = 0; i < ROWS; i++)
		since[i] = 1;
	for (uint64_t step = 1; step < STEPS; step++) {
		uint32_t i = (uint32_t)rand() % ROWS;
		uint64_t more = (uint64_t)rand() % 5;
		struct sample s;
		bool end = rand() % 10 == 0;

		count[i] += more;
		counted += more;
		s = sample(i, since[i], 0, count[i]);
		if (look(&b, &s, end ? NULL : &i, step))
			told += s.counts[1];
		if (end) {
			count[i] = 0;
			since[i] = step + 1;
		}
	}
	for (uint32_t i = 0; i < ROWS; i++) {
		struct sample s = sample(i, since[i], 0, count[i]);

		if (look(&b, &s, NULL, STEPS))
			told += s.counts[1];
	}
	cr_expect_eq(told, counted);
	cr_expect_eq(rows_count(b.rows), 0);
	bench_free(&b);
}
