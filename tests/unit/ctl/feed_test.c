// SPDX-License-Identifier: Apache-2.0
/* Lines of several readers, merged. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"

#define WINDOW 100

/* Feeds without a process, as feed_take() fills them. */
static struct feed feeds[3];
static char out[4096];

static void give(int feed, const char *text, long long now)
{
	feeds[feed].fd = 0; /* open; nobody reads it here */
	cr_assert_eq(feed_take(&feeds[feed], text, strlen(text), now), 0);
}

/* Prints what is due into `out`, and returns how long to wait for more. */
static int print(int count, long long now)
{
	struct feed *feed;
	int wait;

	while ((feed = feeds_next(feeds, count, now, WINDOW, &wait))) {
		strncat(out, feed_head(feed)->text, feed_head(feed)->len);
		feed_pop(feed);
	}
	return wait;
}

Test(feed, lines_of_two_readers_come_in_the_order_of_time)
{
	give(0, "10:00:00.001 a\n10:00:00.003 b\n", 0);
	give(1, "10:00:00.002 c\n10:00:00.004 d\n", 0);
	print(2, 0);
	cr_expect_str_eq(out, "10:00:00.001 a\n10:00:00.002 c\n10:00:00.003 b\n");
	print(2, WINDOW);
	cr_expect_str_eq(out + 45, "10:00:00.004 d\n");
}

Test(feed, a_line_waits_for_one_that_may_be_older_but_not_for_ever)
{
	give(0, "10:00:00.005 a\n", 1000);
	give(1, "", 0);
	cr_expect_eq(print(2, 1000), WINDOW);
	cr_expect_eq(print(2, 1060), 40);
	cr_expect_str_eq(out, "");
	give(1, "10:00:00.002 b\n", 1070);
	print(2, 1070);
	cr_expect_str_eq(out, "10:00:00.002 b\n");
	cr_expect_eq(print(2, 1100), -1);
	cr_expect_str_eq(out, "10:00:00.002 b\n10:00:00.005 a\n");
}

Test(feed, nobody_waits_for_a_reader_that_has_ended)
{
	give(0, "10:00:00.005 a\n", 1000);
	feeds[1].fd = -1;
	cr_expect_eq(print(2, 1000), -1);
	cr_expect_str_eq(out, "10:00:00.005 a\n");
}

Test(feed, lines_of_the_same_time_stay_in_their_order)
{
	give(0, "10:00:00.001 a\n10:00:00.001 b\n10:00:00.001 c\n", 0);
	feeds[1].fd = -1;
	print(2, 0);
	cr_expect_str_eq(out, "10:00:00.001 a\n10:00:00.001 b\n10:00:00.001 c\n");
}

Test(feed, midnight_comes_after_the_evening)
{
	give(0, "00:00:00.010 a\n", 0);
	give(1, "23:59:59.990 b\n", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out, "23:59:59.990 b\n00:00:00.010 a\n");
}

Test(feed, json_lines_are_ordered_by_nanoseconds)
{
	give(0, "{\"header\":{\"event\":\"A\",\"time\":\"2026-11-22T15:04:05.123456789Z\"}}\n", 0);
	give(1, "{\"header\":{\"event\":\"B\",\"time\":\"2026-11-22T15:04:05.123456788Z\"}}\n", 0);
	print(2, WINDOW);
	cr_expect_lt(strstr(out, "\"B\""), strstr(out, "\"A\""));
}

Test(feed, colours_in_front_of_the_time_do_not_hide_it)
{
	give(0, "\033[2m10:00:00.002\033[0m a\n", 0);
	give(1, "\033[2m10:00:00.001\033[0m b\n", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out, "\033[2m10:00:00.001\033[0m b\n\033[2m10:00:00.002\033[0m a\n");
}

Test(feed, a_line_without_a_time_goes_with_the_one_before)
{
	give(0, "10:00:00.001 a\nwhat\n", 0);
	give(1, "10:00:00.002 b\n", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out, "10:00:00.001 a\nwhat\n10:00:00.002 b\n");
}

Test(feed, a_line_may_come_in_pieces)
{
	feeds[1].fd = -1;
	give(0, "10:00:0", 0);
	give(0, "0.001 a", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out, "");
	give(0, "b\n10:", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out, "10:00:00.001 ab\n");
}

Test(feed, nothing_but_colours_steers_the_terminal)
{
	feeds[1].fd = -1;
	give(0, "10:00:00.001 \033[1;32mok\033[0m \033[2J\033]0;x\007\r\t\x7f\033[3", 0);
	give(0, "\n", 0);
	print(2, WINDOW);
	cr_expect_str_eq(out,
			 "10:00:00.001 \033[1;32mok\033[0m ?[2J?]0;x????"
			 "?[3\n",
			 "%s", out);
}

Test(feed, a_line_that_has_no_end_is_printed_in_pieces)
{
	static char text[3 * 1024 * 1024 + 1];
	size_t printed = 0;
	struct feed *feed;
	int wait;

	memset(text, 'x', sizeof(text) - 1);
	give(0, text, 0);
	while ((feed = feeds_next(feeds, 1, WINDOW, WINDOW, &wait))) {
		printed += feed_head(feed)->len;
		feed_pop(feed);
	}
	cr_expect_geq(printed, sizeof(text) - 1);
}

Test(feed, many_lines_wait_in_order)
{
	char line[32];

	feeds[1].fd = -1;
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "10:00:%02d.%03d a\n", i / 1000, i % 1000);
		give(0, line, 0);
		cr_expect_eq(feed_full(&feeds[0]), feeds[0].count >= 4096);
		if (i >= 5000) {
			snprintf(line, sizeof(line), "10:00:%02d.%03d a\n", (i - 5000) / 1000,
				 i % 1000);
			cr_assert_eq(strncmp(feed_head(&feeds[0])->text, line,
					     feed_head(&feeds[0])->len),
				     0);
			feed_pop(&feeds[0]);
		}
	}
	feed_release(&feeds[0]);
}
