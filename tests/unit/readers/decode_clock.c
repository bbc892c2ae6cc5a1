// SPDX-License-Identifier: Apache-2.0
/* From CLOCK_BOOTTIME to the time of day. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define SECOND 1000000000ull

static const char *rfc3339(struct clock_map *clock, uint64_t time_ns)
{
	static char text[CLOCK_RFC3339_LEN + 1];

	cr_assert_eq(clock_rfc3339(clock, text, time_ns), text + CLOCK_RFC3339_LEN);
	return text;
}

static const char *local(struct clock_map *clock, uint64_t time_ns)
{
	static char text[CLOCK_LOCAL_LEN + 1];

	cr_assert_eq(clock_local(clock, text, time_ns), text + CLOCK_LOCAL_LEN);
	return text;
}

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * (int64_t)SECOND + t.tv_nsec;
}

Test(decode_clock, dates_are_those_of_the_c_library)
{
	struct clock_map clock = { .offset_ns = 0 };
	char expected[64];

	/* Four years of days and then steps into the year 2554, which is as far as 64 bits go. */
	for (uint64_t second = 0; second < UINT64_MAX / SECOND;
	     second += second < 4 * 366 * 86400 ? 43201 : 1234567) {
		time_t t = second;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000007Z", &tm);
		cr_assert_str_eq(rfc3339(&clock, second * SECOND + 7), expected);
	}
}

Test(decode_clock, nanoseconds_have_nine_digits)
{
	struct clock_map clock = { .offset_ns = 0 };

	cr_expect_str_eq(rfc3339(&clock, 0), "1970-01-01T00:00:00.000000000Z");
	cr_expect_str_eq(rfc3339(&clock, 123456789), "1970-01-01T00:00:00.123456789Z");
	cr_expect_str_eq(rfc3339(&clock, 999999999), "1970-01-01T00:00:00.999999999Z");
	cr_expect_str_eq(rfc3339(&clock, SECOND), "1970-01-01T00:00:01.000000000Z");
}

Test(decode_clock, any_number_is_some_date)
{
	struct clock_map clock = { .offset_ns = 1795359845 * (int64_t)SECOND };

	cr_expect_str_eq(rfc3339(&clock, UINT64_MAX), "2026-11-22T15:04:04.999999999Z");
	cr_expect_eq(strlen(rfc3339(&clock, 1ull << 63)), CLOCK_RFC3339_LEN);
}

Test(decode_clock, the_cache_of_dates_survives_a_step_of_the_clock)
{
	struct clock_map clock = { .offset_ns = 0 };

	cr_expect_str_eq(rfc3339(&clock, 5 * SECOND), "1970-01-01T00:00:05.000000000Z");
	clock.offset_ns = -SECOND;
	cr_expect_str_eq(rfc3339(&clock, 5 * SECOND), "1970-01-01T00:00:04.000000000Z");
	clock.offset_ns = 16 * SECOND;
	cr_expect_str_eq(rfc3339(&clock, 5 * SECOND), "1970-01-01T00:00:21.000000000Z");
}

Test(decode_clock, local_times_follow_the_time_zone)
{
	struct clock_map clock;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	clock_map_init(&clock);
	clock.offset_ns = 0;
	cr_expect_str_eq(local(&clock, 0), "01:00:00.000");
	/* 2026-03-29, 01:00 UTC: from 02:00 to 03:00 */
	cr_expect_str_eq(local(&clock, 1774745999 * SECOND + 999999999), "01:59:59.999");
	cr_expect_str_eq(local(&clock, 1774746000 * SECOND), "03:00:00.000");
}

Test(decode_clock, local_times_west_of_greenwich_are_of_the_day_before)
{
	struct clock_map clock;

	setenv("TZ", "XXX11:45", 1);
	clock_map_init(&clock);
	clock.offset_ns = 0;
	cr_expect_str_eq(local(&clock, 42 * SECOND), "12:15:42.000");
}

Test(decode_clock, now_is_now)
{
	struct clock_map clock;
	int64_t before, after, mapped;

	clock_map_init(&clock);
	before = now_ns(CLOCK_REALTIME);
	mapped = now_ns(CLOCK_BOOTTIME) + clock.offset_ns;
	after = now_ns(CLOCK_REALTIME);
	/* As exact as a microsecond; an interruption during all tries would cost more. */
	cr_expect_geq(mapped, before - 100000);
	cr_expect_leq(mapped, after + 100000);
	cr_expect_eq(clock.offset_ns % 1000, 0);
}

Test(decode_clock, nothing_changes_while_nobody_sets_the_clock)
{
	struct clock_map clock;
	int64_t offset;

	clock_map_init(&clock);
	offset = clock.offset_ns;
	for (int i = 0; i < 1000; i++)
		clock_map_refresh(&clock);
	cr_expect_eq(clock.offset_ns, offset);
}

Test(decode_clock, a_step_of_the_clock_is_noticed)
{
	struct clock_map clock;
	int64_t offset;

	clock_map_init(&clock);
	offset = clock.offset_ns;
	/* What the map sees is the same whether the clock was set or the map. */
	clock.offset_ns -= 3600 * SECOND;
	cr_expect(clock_map_refresh(&clock));
	cr_expect_leq(llabs(clock.offset_ns - offset), 100000);
	clock.offset_ns += 2000000;
	cr_expect(clock_map_refresh(&clock));
	cr_expect_leq(llabs(clock.offset_ns - offset), 100000);
	cr_expect_not(clock_map_refresh(&clock));
}
