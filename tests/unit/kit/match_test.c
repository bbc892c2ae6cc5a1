/* SPDX-License-Identifier: Apache-2.0 */
/* The kit's comparison: what fails is named, field by field. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "pulsar-test.h"

static json_t *events(void)
{
	static const char text[] = "[{\"header\":{\"event\":\"FileCreated\",\"pid\":7,\"time\":"
				   "\"2026-11-22T15:04:05.123456789Z\","
				   "\"comm\":\"touch\"},\"payload\":{\"filename\":\"/tmp/"
				   "x\",\"mode\":\"0644\",\"flags\":[\"O_CREAT\"],"
				   "\"source\":{\"ip\":\"::1\",\"port\":80}}},"
				   "{\"header\":{\"event\":\"FileDeleted\",\"pid\":7},\"payload\":{"
				   "\"filename\":\"/tmp/x\"}}]";
	json_t *array = json_loads(text, 0, NULL);

	cr_assert(array);
	return array;
}

static int match(const char *event, const struct condition *conditions, char **report)
{
	json_t *array = events();
	int n = events_match(array, event, conditions, 1763823845000000000ll, 1795359845500000000ll,
			     report);

	json_decref(array);
	return n;
}

#define CONDITIONS(...) ((struct condition[]){ __VA_ARGS__, { 0 } })

Test(match, an_event_that_satisfies_everything_is_counted)
{
	char *report;

	cr_assert_eq(match("FileCreated",
			   CONDITIONS(str("filename", "/tmp/x"), str("mode", "0644"),
				      json("flags", "[\"O_CREAT\"]"), num("source.port", 80),
				      str("flags.0", "O_CREAT"), header_str("comm", "touch"),
				      from_pid(7)),
			   &report),
		     1);
	cr_assert_null(report);
}

static void expect_report(const char *event, const struct condition *conditions, const char *text)
{
	char *report = NULL;

	cr_expect_eq(match(event, conditions, &report), 0);
	cr_expect(report && strstr(report, text), "expected \"%s\" in\n%s", text, report);
	free(report);
}

Test(match, a_wrong_field_is_named_with_expected_and_found)
{
	expect_report("FileCreated", CONDITIONS(str("filename", "/tmp/y"), str("mode", "0644")),
		      "payload.filename: expected \"/tmp/y\", found \"/tmp/x\"");
	expect_report("FileCreated", CONDITIONS(num("source.port", 81)),
		      "payload.source.port: expected 81, found 80");
}

Test(match, a_missing_event_is_told_with_the_number_of_those_that_came)
{
	expect_report("FileOpened", CONDITIONS(str("filename", "/tmp/x")),
		      "2 events, 0 of them FileOpened");
}

Test(match, a_field_that_is_not_there_is_told)
{
	expect_report("FileDeleted", CONDITIONS(str("mode", "0644")),
		      "payload.mode: expected \"0644\", found no such field");
}

/* Left-over memory shows as bytes behind the value, or as the hexadecimal copy of what is not UTF-8. */
Test(match, a_stale_byte_is_a_difference)
{
	json_t *array = json_loads(
		"[{\"header\":{\"event\":\"E\"},\"payload\":{\"name\":\"x\\u0000stale\"}}]",
		JSON_ALLOW_NUL, NULL);
	char *report = NULL;

	cr_expect_eq(events_match(array, "E", CONDITIONS(str("name", "x")), 0, 0, &report), 0);
	cr_expect(report && strstr(report, "payload.name: expected \"x\", found \"x\\u0000stale\""),
		  "%s", report);
	free(report);
	json_decref(array);
}

Test(match, another_process_and_another_time_do_not_satisfy)
{
	json_t *array = events();
	char *report = NULL;

	expect_report("FileCreated", CONDITIONS(from_pid(8)), "header.pid: expected 8, found 7");
	cr_expect_eq(events_match(array, "FileCreated", CONDITIONS(in_time()), 1, 2, &report), 0);
	cr_expect(strstr(report, "header.time: expected a time within the trigger"), "%s", report);
	free(report);
	json_decref(array);
}
