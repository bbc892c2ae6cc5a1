// SPDX-License-Identifier: Apache-2.0
/* Whole lines: headers, losses, selection, room. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "decode_lab.h"

#define START                                                                                 \
	"{\"header\":{\"schema\":1,\"module\":\"test-module\",\"event\":\"Sample\",\"time\":" \
	"\"2026-11-22T15:04:05.123456789Z\",\"seq\":9,\"cpu\":5,"
#define TOUCH                                                                           \
	"\"pid\":42,\"tid\":43,\"ppid\":1,\"uid\":1000,\"gid\":100,\"comm\":\"touch\"," \
	"\"image\":\"/usr/bin/touch\",\"start_time\":\"2026-11-22T15:04:05.001000000Z\","

static void check(struct lab *lab, const char *line)
{
	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	cr_expect_str_eq(lab_json(lab), line);
	lab_free(lab);
}

Test(decode_header, a_whole_line)
{
	check(lab_new(), START TOUCH "\"cgroup_id\":77,\"generation\":3},\"payload\":{\"x\":1}}");
}

Test(decode_header, an_event_without_fields_has_an_empty_payload)
{
	struct lab *lab = lab_new();

	cr_expect_str_eq(lab_json(lab),
			 START TOUCH "\"cgroup_id\":77,\"generation\":3},\"payload\":{}}");
	cr_expect_str_eq(lab_text(lab, false), "15:04:05.123 Sample touch[42]");
	lab_free(lab);
}

Test(decode_header, outside_of_any_process_its_fields_are_null)
{
	struct lab *lab = lab_new();

	lab->header.flags = PULSAR_NO_PROCESS;
	check(lab, START "\"pid\":null,\"tid\":null,\"ppid\":null,\"uid\":null,\"gid\":null,"
			 "\"comm\":null,\"image\":null,\"start_time\":null,"
			 "\"cgroup_id\":77,\"generation\":3},\"payload\":{\"x\":1}}");
}

Test(decode_header, an_image_that_is_not_known_is_null)
{
	struct lab *lab = lab_new();

	lab->header.flags = PULSAR_NO_IMAGE;
	lab->header.start_time_ns = 0;
	check(lab, START "\"pid\":42,\"tid\":43,\"ppid\":1,\"uid\":1000,\"gid\":100,"
			 "\"comm\":\"touch\",\"image\":null,\"start_time\":null,"
			 "\"cgroup_id\":77,\"generation\":3},\"payload\":{\"x\":1}}");
}

Test(decode_header, an_empty_image_is_null)
{
	struct lab *lab = lab_new();

	lab->header.image.len = 0;
	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	cr_expect_not_null(strstr(lab_json(lab), ",\"image\":null,"));
	lab_free(lab);
}

Test(decode_header, a_container_has_its_id)
{
	struct lab *lab = lab_new();

	lab_header_span(lab, &lab->header.container_id, "0123abcd", 8);
	check(lab, START TOUCH "\"cgroup_id\":77,\"container_id\":\"0123abcd\",\"generation\":3},"
			       "\"payload\":{\"x\":1}}");
}

Test(decode_header, its_strings_are_checked_and_cut_visibly_like_others)
{
	struct lab *lab = lab_new();

	memcpy(lab->header.comm, "\xff\"23456789abcdef", 16);
	lab_header_span(lab, &lab->header.image, "/usr\xfe", 100);
	lab_header_span(lab, &lab->header.container_id, "\xfd", 2);
	check(lab,
	      START "\"pid\":42,\"tid\":43,\"ppid\":1,\"uid\":1000,\"gid\":100,"
		    "\"comm\":\"\uFFFD\\\"23456789abcdef\","
		    "\"comm_hex\":\"ff223233343536373839616263646566\","
		    "\"image\":\"/usr\uFFFD\",\"image_hex\":\"2f757372fe\","
		    "\"image_truncated\":true,"
		    "\"start_time\":\"2026-11-22T15:04:05.001000000Z\",\"cgroup_id\":77,"
		    "\"container_id\":\"\uFFFD\",\"container_id_hex\":\"fd\","
		    "\"container_id_truncated\":true,\"generation\":3},\"payload\":{\"x\":1}}");
}

Test(decode_header, padding_behind_the_record_is_ignored)
{
	struct lab *lab = lab_new();

	lab_build(lab);
	cr_expect_eq(encode_json(lab->plan, &lab->clock, lab->record, lab->len + 4, 5, &lab->out),
		     LINE_OK);
	lab_check_lines(&lab->out);
	lab_free(lab);
}

Test(decode_header, a_record_need_not_be_aligned)
{
	struct lab *lab = lab_new();
	size_t len;

	lab_number(lab, PULSAR_KIND_UINT, "x", 8, 1);
	lab_build(lab);
	encode_json(lab->plan, &lab->clock, lab->record, lab->len, 5, &lab->out);
	len = lab->out.len;
	for (int shift = 1; shift < 8; shift++) {
		memmove(lab->record + shift, lab->record + shift - 1, lab->len);
		cr_assert_eq(encode_json(lab->plan, &lab->clock, lab->record + shift, lab->len, 5,
					 &lab->out),
			     LINE_OK);
		cr_assert_eq(memcmp(lab->out.data, lab->out.data + len * shift, len), 0);
	}
	lab_free(lab);
}

/* ---- losses ---- */

static void check_lost(enum pulsar_cause cause, const char *name)
{
	const struct encode_loss loss = {
		.cpu = 3, .time_ns = 1000000000, .cause = cause, .count = 17, .total = 170
	};
	struct lab *lab = lab_new();
	char line[400];

	lab_build(lab);
	cr_assert_eq(encode_lost_json(lab->plan, &lab->clock, &loss, &lab->out), LINE_OK);
	lab_check_lines(&lab->out);
	snprintf(line, sizeof(line),
		 "{\"header\":{\"schema\":1,\"module\":\"test-module\",\"event\":\"Lost\","
		 "\"time\":\"2026-11-22T15:04:06.000000000Z\",\"cpu\":3,\"generation\":3},"
		 "\"payload\":{\"cpu\":3,\"count\":17,\"cause\":\"%s\",\"total\":170}}\n",
		 name);
	lab->out.data[lab->out.len] = '\0';
	cr_expect_str_eq(lab->out.data, line);
	lab->out.len = 0;
	cr_assert_eq(encode_lost_text(lab->plan, &lab->clock, &loss, &lab->out, false), LINE_OK);
	snprintf(line, sizeof(line), "15:04:06.000 Lost   17 cpu=3 cause=%s\n", name);
	lab->out.data[lab->out.len] = '\0';
	cr_expect_str_eq(lab->out.data, line);
	lab_free(lab);
}

Test(decode_header, losses_say_how_many_and_why)
{
	check_lost(PULSAR_LOST_RING_FULL, "ring_full");
	check_lost(PULSAR_LOST_NO_RING, "no_ring");
	check_lost(PULSAR_LOST_BUSY, "busy");
	check_lost(PULSAR_LOST_OTHER, "other");
	check_lost(PULSAR_LOST_DISCARDED, "discarded");
}

/* ---- selection ---- */

static enum encode_result encode_type(struct lab *lab, uint16_t type)
{
	memcpy(lab->record + offsetof(struct pulsar_event, type), &type, sizeof(type));
	return encode_json(lab->plan, &lab->clock, lab->record, lab->len, 0, &lab->out);
}

static struct lab *lab_of_three(void)
{
	static const char *const names[] = { "Second", "Sam" };
	struct lab *lab = lab_new();

	for (int i = 0; i < 2; i++) {
		struct pulsar_field *event = &lab->fields[lab->count++];

		*event = (struct pulsar_field){ .kind = PULSAR_KIND_EVENT,
						.event = LAB_EVENT + 1 + i,
						.size = sizeof(struct pulsar_event) };
		strcpy(event->name, names[i]);
	}
	lab_build(lab);
	return lab;
}

Test(decode_header, only_selected_events_are_printed)
{
	struct lab *lab = lab_of_three();

	cr_expect(plan_select(lab->plan, "Second"));
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_SKIPPED);
	cr_expect_eq(encode_type(lab, LAB_EVENT + 1), LINE_OK);
	cr_expect_eq(encode_type(lab, LAB_EVENT + 2), LINE_SKIPPED);
	cr_expect(plan_select(lab->plan, "Sam,Sample"));
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_OK);
	cr_expect_eq(encode_type(lab, LAB_EVENT + 1), LINE_SKIPPED);
	cr_expect_eq(encode_type(lab, LAB_EVENT + 2), LINE_OK);
	cr_expect(plan_select(lab->plan, NULL));
	cr_expect_eq(encode_type(lab, LAB_EVENT + 1), LINE_OK);
	lab_free(lab);
}

Test(decode_header, a_name_that_no_event_has_selects_nothing)
{
	static const char *const wrong[] = { "",	"Sampl",	  "Samples",	  "Sample,",
					     ",Sample", "Sample,,Second", "Sample,Other", "sample",
					     "Lost" };
	struct lab *lab = lab_of_three();

	cr_expect(plan_select(lab->plan, "Second"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(plan_select(lab->plan, wrong[i]), "%s", wrong[i]);
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_SKIPPED);
	cr_expect_eq(encode_type(lab, LAB_EVENT + 1), LINE_OK);
	lab_free(lab);
}

Test(decode_header, a_plan_names_its_module_generation_and_events)
{
	struct lab *lab = lab_of_three();

	cr_expect_str_eq(plan_module(lab->plan), "test-module");
	cr_expect_eq(plan_generation(lab->plan), 3);
	cr_expect_str_eq(plan_event(lab->plan, 0), "Sample");
	cr_expect_str_eq(plan_event(lab->plan, 2), "Sam");
	cr_expect_null(plan_event(lab->plan, 3));
	lab_free(lab);
}

Test(decode_header, a_record_of_another_generation_is_left_to_another_plan)
{
	struct lab *lab = lab_new();

	lab->header.generation = 4;
	lab_build(lab);
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_GENERATION);
	cr_expect_eq(lab->out.len, 0);
	lab_free(lab);
}

/* ---- room ---- */

Test(decode_header, a_full_buffer_takes_the_line_after_it_was_written_out)
{
	struct lab *lab = lab_new();
	enum encode_result result;
	size_t len = 0, lines = 0;

	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	lab_build(lab);
	out_release(&lab->out);
	cr_assert_eq(out_init(&lab->out, 16384), 0);
	while ((result = encode_type(lab, LAB_EVENT)) == LINE_OK) {
		cr_assert_gt(lab->out.len, len);
		len = lab->out.len;
		lines++;
	}
	cr_expect_eq(result, LINE_FULL);
	cr_expect_eq(lab->out.len, len);
	cr_expect_gt(lines, 20);
	lab_check_lines(&lab->out);
	out_consume(&lab->out, len / lines);
	cr_expect_eq(lab->out.len, len - len / lines);
	lab_check_lines(&lab->out);
	out_consume(&lab->out, lab->out.len);
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_OK);
	lab_free(lab);
}

Test(decode_header, losses_wait_for_room_as_well)
{
	const struct encode_loss loss = { .cause = PULSAR_LOST_BUSY, .count = 1, .total = 1 };
	struct lab *lab = lab_new();
	enum encode_result result;

	lab_build(lab);
	out_release(&lab->out);
	cr_assert_eq(out_init(&lab->out, 4096), 0);
	do
		result = encode_lost_json(lab->plan, &lab->clock, &loss, &lab->out);
	while (result == LINE_OK);
	cr_expect_eq(result, LINE_FULL);
	lab_check_lines(&lab->out);
	lab_free(lab);
}

Test(decode_header, a_line_that_fits_into_no_buffer_is_bad_and_not_full)
{
	struct lab *lab = lab_new();

	lab_build(lab);
	out_release(&lab->out);
	cr_assert_eq(out_init(&lab->out, 100), 0);
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_BAD);
	cr_expect_eq(
		encode_text(lab->plan, &lab->clock, lab->record, lab->len, 0, &lab->out, false),
		LINE_BAD);
	lab_free(lab);
}

Test(decode_header, the_longest_record_with_all_escapes_fits)
{
	struct lab *lab = lab_new();
	static char bytes[65000];

	memset(bytes, 1, sizeof(bytes));
	bytes[0] = '\xff';
	lab_span(lab, PULSAR_KIND_STRING, "x", bytes, sizeof(bytes), sizeof(bytes));
	lab_build(lab);
	cr_expect_eq(encode_type(lab, LAB_EVENT), LINE_OK);
	lab_check_lines(&lab->out);
	cr_expect_gt(lab->out.len, 8 * (sizeof(bytes) - 1));
	lab_free(lab);
}

/* ---- text ---- */

Test(decode_header, text_shows_the_main_field_first_and_without_its_name)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_UINT, "uid", 4, 1);
	lab_span(lab, PULSAR_KIND_STRING, "filename", "/tmp/x", 6, 6)->flags = PULSAR_FIELD_MAIN;
	lab_number(lab, PULSAR_KIND_BOOL, "again", 1, 0);
	cr_expect_str_eq(lab_text(lab, false), "15:04:05.123 Sample touch[42]              "
					       "/tmp/x uid=1 again=false");
	lab_free(lab);
}

Test(decode_header, text_has_colours_when_asked_for)
{
	struct lab *lab = lab_new();

	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	lab_number(lab, PULSAR_KIND_UINT, "y", 4, 2);
	cr_expect_str_eq(lab_text(lab, true),
			 "\033[2m15:04:05.123\033[0m \033[1;32mSample\033[0m "
			 "\033[36mtouch[42]             \033[0m 1 \033[2my=\033[0m2");
	lab_free(lab);
}

Test(decode_header, text_outside_of_any_process)
{
	struct lab *lab = lab_new();

	lab->header.flags = PULSAR_NO_PROCESS;
	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	cr_expect_str_eq(lab_text(lab, false), "15:04:05.123 Sample -                      1");
	lab_free(lab);
}

Test(decode_header, a_hostile_comm_cannot_steer_a_terminal)
{
	struct lab *lab = lab_new();

	memcpy(lab->header.comm, "\033[2J\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	lab_number(lab, PULSAR_KIND_UINT, "x", 4, 1);
	cr_expect_str_eq(lab_text(lab, false),
			 "15:04:05.123 Sample \\x1b[2J\\x0a\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff"
			 "\\xff\\xff\\xff[42] 1");
	lab_free(lab);
}
