// SPDX-License-Identifier: Apache-2.0
/* From CLOCK_BOOTTIME to the time of day: see clock.h. */
#include "clock.h"

#include <time.h>

#include "put.h"

#define NSEC_PER_SEC	1000000000ull
#define SECONDS_PER_DAY 86400u
#define QUARTER		900u /* time zones change at quarters of an hour */
#define TRIES		32   /* of which the one least interrupted counts */
#define STEP_NS		1000 /* a difference up to here is a measurement, not a setting */

static int64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * (int64_t)NSEC_PER_SEC + t.tv_nsec;
}

/* One measurement; the true distance is within half of *width of it. */
static int64_t measure(int64_t *width)
{
	int64_t before = now_ns(CLOCK_BOOTTIME);
	int64_t real = now_ns(CLOCK_REALTIME);
	int64_t after = now_ns(CLOCK_BOOTTIME);

	*width = after - before;
	return real - before - *width / 2;
}

static int64_t measure_well(void)
{
	int64_t width, offset, best_width, best = measure(&best_width);

	for (int i = 1; i < TRIES; i++) {
		offset = measure(&width);
		if (width < best_width) {
			best_width = width;
			best = offset;
		}
	}
	return (best + (best < 0 ? -500 : 500)) / 1000 * 1000;
}

void clock_map_init(struct clock_map *clock)
{
	*clock = (struct clock_map){ .offset_ns = measure_well() };
	tzset();
}

bool clock_map_refresh(struct clock_map *clock)
{
	int64_t width, distance = measure(&width) - clock->offset_ns;
	int64_t measured;

	if (distance < 0)
		distance = -distance;
	if (distance <= STEP_NS + width)
		return false;
	measured = measure_well();
	distance = measured - clock->offset_ns;
	if (distance >= -STEP_NS && distance <= STEP_NS)
		return false;
	clock->offset_ns = measured;
	return true;
}

/*
 * Civil date from the days since 1970, in the Gregorian calendar. Years begin in
 * March here, so that the leap day is the last one, and eras of 400 years have
 * the same number of days each.
 */
static char *put_date(char *p, uint32_t days)
{
	uint32_t era_day = (days + 719468) % 146097; /* 0000-03-01 is day 0 */
	uint32_t era = (days + 719468) / 146097;
	uint32_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * year_day + 2) / 153; /* 0: March */
	uint32_t day = year_day - (153 * month + 2) / 5 + 1;

	year += era * 400 + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	p = put_pair(p, year / 100);
	p = put_pair(p, year % 100);
	*p++ = '-';
	p = put_pair(p, month);
	*p++ = '-';
	return put_pair(p, day);
}

static char *put_time_of_day(char *p, uint32_t second)
{
	p = put_pair(p, second / 3600);
	*p++ = ':';
	p = put_pair(p, second / 60 % 60);
	*p++ = ':';
	p = put_pair(p, second % 60);
	*p++ = '.';
	return p;
}

static const char *date_of(struct clock_map *clock, uint64_t second)
{
	struct clock_date *date = &clock->dates[second % CLOCK_DATES];
	char *p = date->text;

	if (date->second == second && date->text[0])
		return date->text;
	date->second = second;
	p = put_date(p, second / SECONDS_PER_DAY);
	*p++ = 'T';
	put_time_of_day(p, second % SECONDS_PER_DAY);
	return date->text;
}

/* What is before 1970 or beyond 2554 wraps: nothing honest is. */
static uint64_t wall_ns(const struct clock_map *clock, uint64_t time_ns)
{
	return time_ns + (uint64_t)clock->offset_ns;
}

char *clock_rfc3339(struct clock_map *clock, char *p, uint64_t time_ns)
{
	uint64_t wall = wall_ns(clock, time_ns);
	uint32_t ns = wall % NSEC_PER_SEC;

	p = put_mem(p, date_of(clock, wall / NSEC_PER_SEC), 20);
	*p++ = '0' + ns / 100000000;
	p = put_pair(p, ns / 1000000 % 100);
	p = put_pair(p, ns / 10000 % 100);
	p = put_pair(p, ns / 100 % 100);
	p = put_pair(p, ns % 100);
	*p++ = 'Z';
	return p;
}

static int64_t local_offset(struct clock_map *clock, uint64_t second)
{
	time_t t = second;
	struct tm tm;

	if (clock->local_slot != second / QUARTER + 1) {
		clock->local_slot = second / QUARTER + 1;
		clock->local_offset = localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
	}
	return clock->local_offset;
}

char *clock_local(struct clock_map *clock, char *p, uint64_t time_ns)
{
	uint64_t wall = wall_ns(clock, time_ns);
	uint64_t second = wall / NSEC_PER_SEC;
	uint32_t ms = wall % NSEC_PER_SEC / 1000000;
	int64_t of_day = ((int64_t)(second % SECONDS_PER_DAY) + local_offset(clock, second)) %
			 (int64_t)SECONDS_PER_DAY;

	if (of_day < 0)
		of_day += SECONDS_PER_DAY;
	p = put_time_of_day(p, of_day);
	*p++ = '0' + ms / 100;
	return put_pair(p, ms % 100);
}
