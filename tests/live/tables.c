// SPDX-License-Identifier: Apache-2.0
/*
 * Tables, mostly that of syscall-monitor: the sum of the lines is what was counted, whoever looks
 * how often, across readers and upgrades; and a table of a module that nothing else knows.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acts.h"
#include "calls.h"
#include "pulsar-test.h"

static void call_and_wait(int times)
{
	calls_make(times);
	pause();
}

struct sought {
	struct kit_reader *reader;
	pid_t pid;
	long long count;
};

static bool is_told(void *arg)
{
	struct sought *sought = arg;
	json_t *events = kit_reader_events(sought->reader);
	bool told = calls_told(events, sought->pid, NULL, "getppid", NULL) == sought->count;

	json_decref(events);
	return told;
}

Test(syscall_monitor, a_process_that_sleeps_is_told_while_it_does)
{
	struct kit *kit = kit_started_shared(CALLS_MODULE, NULL);
	struct kit_reader *reader = kit_read_attached(kit, CALLS_MODULE, calls_often);
	struct sought sought = { reader, calls_run(call_and_wait, 5), 5 };

	wait_until(is_told, &sought, "the calls of a process that sleeps");
	kill(sought.pid, SIGKILL);
	calls_ended(sought.pid);
	sought.count = 5;
	json_decref(calls_finish(kit, reader));
	kit_free(kit);
}

/* ---- readers that come and go ---- */

#define SAME_TIME_NS 100000

static int go_on[2];

static void call_before_and_after(int times)
{
	char byte;

	calls_make(times);
	if (read(go_on[0], &byte, 1) == 1)
		calls_make(times);
	pause();
}

/* What the first line about a process tells, in ns; -1: there is none. */
static long long since_of(json_t *events, pid_t pid)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
		if (calls_are_of(event, pid, NULL))
			return event_time_ns(
				json_string_value(json_object_get(payload_of(event), "since")));
	return -1;
}

Test(syscall_monitor, a_new_reader_tells_all_since_the_beginning)
{
	struct kit *kit = kit_started_shared(CALLS_MODULE, NULL);
	struct kit_reader *first = kit_read_attached(kit, CALLS_MODULE, calls_often), *second;
	struct sought sought = { first, 0, 7 };
	json_t *before, *after;

	cr_assert(!pipe(go_on));
	sought.pid = calls_run(call_before_and_after, 7);
	wait_until(is_told, &sought, "the calls, by the first reader");
	cr_assert_eq(write(go_on[1], "", 1), 1);
	sought.count = 14;
	wait_until(is_told, &sought, "all calls, by the first reader");
	kit_reader_stop(first, SIGKILL);
	second = kit_read_attached(kit, CALLS_MODULE, calls_often);
	sought.reader = second;
	wait_until(is_told, &sought, "all calls, by the second reader");
	before = kit_reader_events(first);
	after = kit_reader_events(second);
	/* By that the line can be known as one that repeats what was told. Each reader compares the clocks. */
	cr_expect_geq(since_of(before, sought.pid), 0);
	cr_expect_lt(llabs(since_of(before, sought.pid) - since_of(after, sought.pid)),
		     SAME_TIME_NS);
	json_decref(before);
	json_decref(after);
	kill(sought.pid, SIGKILL);
	calls_ended(sought.pid);
	kit_reader_free(first);
	json_decref(calls_finish(kit, second));
	kit_free(kit);
}

/* The table stays, and what the reader has told of it is not told again. */
Test(syscall_monitor, an_upgrade_goes_on_counting_where_it_was)
{
	struct kit *kit = kit_new(CALLS_MODULE, NULL);
	struct kit_reader *reader;
	struct sought sought = { .count = 5 };
	json_t *events;

	kit_own_modules(kit);
	kit_must_start(kit);
	sought.reader = reader = kit_read_attached(kit, CALLS_MODULE, calls_often);
	cr_assert(!pipe(go_on));
	sought.pid = calls_run(call_before_and_after, 5);
	wait_until(is_told, &sought, "the calls before the upgrade");
	kit_change_module(kit, CALLS_MODULE);
	kit_reload(kit);
	cr_assert_eq(write(go_on[1], "", 1), 1);
	sought.count = 10;
	wait_until(is_told, &sought, "the calls after the upgrade");
	kill(sought.pid, SIGKILL);
	calls_ended(sought.pid);
	events = calls_finish(kit, reader);
	cr_expect_eq(calls_told(events, sought.pid, NULL, "getppid", NULL), 10);
	json_decref(events);
	kit_free(kit);
}

/* ---- a table of another module ---- */

#define OWNER 4242 /* a user that nobody else is */

/* The directories of that user, and the last line about them. */
static long long dirs_made(json_t *events, json_t **last)
{
	long long made = 0;
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		json_t *payload = payload_of(event);

		if (json_integer_value(json_object_get(payload, "owner")) != OWNER)
			continue;
		made += json_integer_value(json_object_get(payload, "made"));
		*last = payload;
	}
	return made;
}

static bool is_counted(void *arg)
{
	json_t *events = kit_reader_events(arg), *last;
	long long made = dirs_made(events, &last);

	json_decref(events);
	return made == 3;
}

static const char *dirs_path;

static void make_dirs(int times)
{
	if (setresuid(OWNER, OWNER, OWNER))
		_exit(1);
	for (int i = 0; i < times; i++)
		if (mkdir(dirs_path, 0755) || rmdir(dirs_path))
			_exit(1);
}

Test(tables, a_module_dropped_in_publishes_one_without_anything_else_knowing_it)
{
	struct kit *kit = kit_new("dirs-counted", NULL);
	struct kit_reader *reader;
	char path[256], digits[16];
	json_t *events, *last = NULL;
	pid_t pid;

	kit_own_modules(kit);
	kit_add_module(kit, PULSAR_TEST_BPF_DIR "/dirs-counted.bpf.o");
	kit_must_start(kit);
	reader = kit_read(kit, "dirs-counted", calls_often);
	snprintf(path, sizeof(path), "%s/directory", kit_folder(kit));
	dirs_path = path;
	pid = calls_run(make_dirs, 3);
	calls_ended(pid);
	wait_until(is_counted, reader, "three directories");
	cr_assert_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	cr_expect_eq(dirs_made(events, &last), 3);
	cr_expect_eq(json_integer_value(json_object_get(last, "last_pid")), pid);
	/* An array prints as what is in it under the index. */
	snprintf(digits, sizeof(digits), "%d", snprintf(NULL, 0, "%d", pid));
	cr_expect_eq(
		json_integer_value(json_object_get(json_object_get(last, "by_digits"), digits)),
		json_integer_value(json_object_get(last, "made")));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}
