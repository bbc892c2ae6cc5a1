// SPDX-License-Identifier: Apache-2.0
/* Small parts of a reader: when to sleep, how many CPUs, what is logged. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "drain.h"
#include "log.h"
#include "waiter.h"

Test(waiter, sleeps_only_after_a_second_look)
{
	enum waiter_state state = waiter_state_after(WAITER_BUSY, false, true);

	cr_expect_eq(state, WAITER_LISTENING);
	cr_expect_eq(waiter_state_after(state, false, false), WAITER_ASLEEP);
}

Test(waiter, asks_again_when_an_event_has_tried_to_wake_it)
{
	cr_expect_eq(waiter_state_after(WAITER_LISTENING, false, true), WAITER_LISTENING);
	cr_expect_eq(waiter_state_after(WAITER_ASLEEP, false, true), WAITER_LISTENING);
	cr_expect_eq(waiter_state_after(WAITER_ASLEEP, false, false), WAITER_ASLEEP);
}

Test(waiter, is_busy_as_long_as_there_are_records)
{
	cr_expect_eq(waiter_state_after(WAITER_BUSY, true, false), WAITER_BUSY);
	cr_expect_eq(waiter_state_after(WAITER_LISTENING, true, false), WAITER_BUSY);
	cr_expect_eq(waiter_state_after(WAITER_ASLEEP, true, true), WAITER_BUSY);
}

Test(waiter, looks_less_often_the_more_there_is)
{
	cr_expect_eq(waiter_tick_after(2, 0, 0), 2);
	cr_expect_eq(waiter_tick_after(2, 1, 0), 2, "a few do not wait for more");
	cr_expect_eq(waiter_tick_after(16, 15, 0), 2, "a few do not wait for more");
	cr_expect_eq(waiter_tick_after(2, 2, 0), 4);
	cr_expect_eq(waiter_tick_after(4, 4, 0), 8);
	cr_expect_eq(waiter_tick_after(8, 8, 0), 16);
	cr_expect_eq(waiter_tick_after(32, 32, 0), 64);
	cr_expect_eq(waiter_tick_after(64, 1000, 0), 64);
	cr_expect_eq(waiter_tick_after(64, 63, 0), 2, "a few do not wait for more");
}

Test(waiter, looks_more_often_when_a_ring_fills)
{
	cr_expect_eq(waiter_tick_after(8, 1000, DRAIN_FULL / 8), 8);
	cr_expect_eq(waiter_tick_after(8, 1000, DRAIN_FULL / 2), 4);
	cr_expect_eq(waiter_tick_after(4, 1000, DRAIN_FULL), 2);
	cr_expect_eq(waiter_tick_after(2, 1000, DRAIN_FULL), 2);
}

Test(cpus, ranges_from_zero_are_counted)
{
	cr_expect_eq(cpus_parse("0\n"), 1);
	cr_expect_eq(cpus_parse("0"), 1);
	cr_expect_eq(cpus_parse("0-1\n"), 2);
	cr_expect_eq(cpus_parse("0-127"), 128);
	cr_expect_eq(cpus_parse("0-8191\n"), 8192);
}

Test(cpus, anything_else_is_refused)
{
	static const char *const lists[] = {
		"",	   "\n",  "1",	  "1-3",  "00",
		"0-",	   "0-x", "0--3", "0- 3", "0+3",
		"0-3,5",   "0,2", "0-3 ", "0-0",  "0-99999999999999999999",
		"0-32767", "a",
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		cr_expect_eq(cpus_parse(lists[i]), -EINVAL, "'%s'", lists[i]);
}

/* What comes to stderr while fn runs. */
static void logged(void (*fn)(void), char *text, size_t size)
{
	int file = memfd_create("log", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	ssize_t len;

	cr_assert(file >= 0 && before >= 0 && dup2(file, STDERR_FILENO) >= 0);
	fn();
	dup2(before, STDERR_FILENO);
	len = pread(file, text, size - 1, 0);
	cr_assert_geq(len, 0);
	text[len] = '\0';
	close(file);
	close(before);
}

static void one_line(void)
{
	errno = EDOM;
	log_error("%s is %m", "x\ny\x1b");
	cr_expect_eq(errno, EDOM);
}

Test(log, line_stays_one_line)
{
	char text[200];

	logged(one_line, text, sizeof(text));
	cr_expect_str_eq(text, "pulsar-reader: x?y? is Numerical argument out of domain\n");
}

static void long_line(void)
{
	log_warn("%5000s", "end");
}

Test(log, long_line_is_cut)
{
	char text[8000];

	logged(long_line, text, sizeof(text));
	cr_expect_lt(strlen(text), 1100);
	cr_expect_eq(text[strlen(text) - 1], '\n');
}

static void many_lines(void)
{
	for (int i = 0; i < 10000; i++)
		log_warn("warning");
	log_error("an error always comes");
}

Test(log, warnings_are_limited_and_errors_are_not)
{
	char text[65536];
	unsigned int lines = 0;

	logged(many_lines, text, sizeof(text));
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	cr_expect_geq(lines, LOG_BURST + 1);
	cr_expect_leq(lines, LOG_BURST + 20, "%u lines", lines);
	cr_expect(strstr(text, "an error always comes\n"));
}
