/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From CLOCK_BOOTTIME, which records carry, to the time of day, which lines show.
 *
 * The distance between the two clocks changes only when somebody sets the clock:
 * both go on during suspend, and NTP slews both alike. So a refresh keeps the
 * distance that it has unless the clock was really set, and a process's start time
 * prints the same in each line. The distance is a whole number of microseconds,
 * so that readers which measured it apart from each other agree as well.
 */
#ifndef READERS_CLOCK_H
#define READERS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_DATES	  16 /* a power of two */
#define CLOCK_RFC3339_LEN 30 /* 2026-11-22T15:04:05.123456789Z */
#define CLOCK_LOCAL_LEN	  12 /* 15:04:05.123 */

struct clock_date {
	uint64_t second; /* since 1970 */
	char text[20];	 /* 2026-11-22T15:04:05. ; empty: not filled */
};

struct clock_map {
	int64_t offset_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	/* By the low bits of the second. */
	struct clock_date dates[CLOCK_DATES];
	uint64_t local_slot;  /* quarter of an hour that local_offset is of, plus 1; 0: none */
	int64_t local_offset; /* seconds east of Greenwich */
};

/**
 * clock_map_init() - measure the clocks, load the time zone
 * @clock: storage of the caller; nothing is to be released
 *
 * Reads /etc/localtime, so it comes before the process is confined.
 */
void clock_map_init(struct clock_map *clock);

/**
 * clock_map_refresh() - notice that the clock was set
 * @clock: the map
 *
 * Takes about 0.1 us while it was not; call it before each batch.
 *
 * Return: true if the distance changed.
 */
bool clock_map_refresh(struct clock_map *clock);

/**
 * clock_rfc3339() - append a time in UTC, CLOCK_RFC3339_LEN bytes
 * @clock: the map
 * @p: where
 * @time_ns: CLOCK_BOOTTIME; any number gives a time of four-digit year
 *
 * Return: the new end.
 */
char *clock_rfc3339(struct clock_map *clock, char *p, uint64_t time_ns);

/**
 * clock_local() - append the time of day in the local time zone, CLOCK_LOCAL_LEN bytes
 * @clock: the map
 * @p: where
 * @time_ns: CLOCK_BOOTTIME
 *
 * Return: the new end.
 */
char *clock_local(struct clock_map *clock, char *p, uint64_t time_ns);

#endif
