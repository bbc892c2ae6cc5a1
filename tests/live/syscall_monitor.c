// SPDX-License-Identifier: Apache-2.0
/*
 * syscall-monitor, and tables in general: the sum of the lines is what was counted,
 * whoever looks how often, and however short a process lives.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

#define MODULE "syscall-monitor"
#define STRACE "/usr/bin/strace"

static const char *const often[] = { "--interval", "20", NULL };

/* ---- lines ---- */

static json_t *payload_of(json_t *event)
{
	return json_object_get(event, "payload");
}

static bool is_of(json_t *event, pid_t pid, const char *image)
{
	json_t *header = json_object_get(event, "header");
	const char *is = json_string_value(json_object_get(header, "image"));

	return json_integer_value(json_object_get(header, "pid")) == pid &&
	       (!image || (is && strstr(is, image)));
}

/* How often a process made a call, and in how many lines that was told. */
static long long calls(json_t *events, pid_t pid, const char *image, const char *name, int *lines)
{
	long long sum = 0;
	json_t *event, *count;
	size_t i;

	if (lines)
		*lines = 0;
	json_array_foreach(events, i, event) {
		if (!is_of(event, pid, image))
			continue;
		count = json_object_get(json_object_get(payload_of(event), "syscalls"), name);
		sum += json_integer_value(count);
		if (lines && count)
			++*lines;
	}
	return sum;
}

/* Lets the reader deliver what ended, look at the table once more, and end. */
static json_t *finish(struct kit *kit, struct kit_reader *reader)
{
	json_t *events;

	kit_caught_up(kit, MODULE, "default");
	cr_assert_eq(kit_reader_stop(reader, SIGTERM), 0, "%s", kit_reader_log(reader));
	events = kit_reader_events(reader);
	kit_reader_free(reader);
	return events;
}

/* ---- processes ---- */

static void call(int times)
{
	for (int i = 0; i < times; i++)
		syscall(SYS_getppid);
}

static pid_t run(void (*act)(int number), int number)
{
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid)
		return pid;
	act(number);
	_exit(0);
}

static void ended(pid_t pid)
{
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

#define SHORT_LIVED 200

Test(syscall_monitor, no_call_of_a_short_lived_process_is_missed)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	pid_t pids[SHORT_LIVED];
	json_t *events;

	for (int i = 0; i < SHORT_LIVED; i++)
		pids[i] = run(call, i);
	for (int i = 0; i < SHORT_LIVED; i++)
		ended(pids[i]);
	events = finish(kit, reader);
	for (int i = 0; i < SHORT_LIVED; i++) {
		cr_expect_eq(calls(events, pids[i], NULL, "getppid", NULL), i, "process %d", i);
		cr_expect_eq(calls(events, pids[i], NULL, "exit_group", NULL), 1, "process %d", i);
	}
	json_decref(events);
	kit_free(kit);
}

#define THREADS 4
#define TIMES	100000

static void *call_often(void *arg)
{
	call(TIMES);
	return arg;
}

static void call_in_threads(int threads)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, call_often, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

Test(syscall_monitor, threads_on_several_cpus_lose_no_count_while_it_is_read)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, often);
	pid_t pid = run(call_in_threads, THREADS);
	json_t *events;
	int lines;

	ended(pid);
	events = finish(kit, reader);
	cr_expect_eq(calls(events, pid, NULL, "getppid", &lines), THREADS * TIMES);
	cr_expect(lines > 1, "%d lines", lines);
	json_decref(events);
	kit_free(kit);
}

static void call_and_wait(int times)
{
	call(times);
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
	bool told = calls(events, sought->pid, NULL, "getppid", NULL) == sought->count;

	json_decref(events);
	return told;
}

Test(syscall_monitor, a_process_that_sleeps_is_told_while_it_does)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, often);
	struct sought sought = { reader, run(call_and_wait, 5), 5 };

	wait_until(is_told, &sought, "the calls of a process that sleeps");
	kill(sought.pid, SIGKILL);
	ended(sought.pid);
	sought.count = 5;
	json_decref(finish(kit, reader));
	kit_free(kit);
}

/* What it has made before is told of the program that it was. */
static void call_and_exec(int times)
{
	call(times);
	execl("/bin/true", "true", NULL);
}

Test(syscall_monitor, exec_ends_the_counts_of_one_program_and_begins_those_of_the_next)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, often);
	pid_t pid = run(call_and_exec, 3);
	json_t *events;

	ended(pid);
	events = finish(kit, reader);
	cr_expect_eq(calls(events, pid, "/live", "getppid", NULL), 3);
	cr_expect_eq(calls(events, pid, "/live", "execve", NULL), 1);
	cr_expect_eq(calls(events, pid, "/live", "exit_group", NULL), 0);
	cr_expect_eq(calls(events, pid, NULL, "exit_group", NULL), 1);
	cr_expect_eq(calls(events, pid, NULL, "execve", NULL), 1);
	json_decref(events);
	kit_free(kit);
}

/* ---- the same as strace -c ---- */

/* Whether the lines of a process have as many calls as strace has counted. */
static void compare(const char *summary, json_t *events, pid_t pid)
{
	char line[256], name[64];
	FILE *file = fopen(summary, "r");
	int rows = 0;

	cr_assert(file);
	while (fgets(line, sizeof(line), file)) {
		long long count;
		double share, seconds;
		long usecs;

		/* % time, seconds, usecs/call, calls, [errors,] syscall */
		if (sscanf(line, "%lf %lf %ld %lld", &share, &seconds, &usecs, &count) != 4 ||
		    sscanf(strrchr(line, ' '), "%63s", name) != 1 || !strcmp(name, "total") ||
		    !strcmp(name, "execve"))
			continue;
		cr_expect_eq(calls(events, pid, "/true", name, NULL), count, "%s: %lld, not %lld",
			     name, calls(events, pid, "/true", name, NULL), count);
		rows++;
	}
	cr_expect(rows > 5, "%d rows of strace", rows);
	fclose(file);
}

/* The process that runs true under strace, which is its parent. */
static pid_t traced(json_t *events, pid_t strace)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		json_t *header = json_object_get(event, "header");

		if (json_integer_value(json_object_get(header, "ppid")) == strace &&
		    is_of(event, (pid_t)json_integer_value(json_object_get(header, "pid")),
			  "/true"))
			return (pid_t)json_integer_value(json_object_get(header, "pid"));
	}
	cr_assert_fail("no line of the program under strace");
	return 0;
}

Test(syscall_monitor, counts_are_those_of_strace)
{
	struct kit *kit;
	struct kit_reader *reader;
	char summary[256];
	json_t *events;
	pid_t pid;

	if (access(STRACE, X_OK))
		cr_skip_test("there is no strace");
	kit = kit_started(MODULE, NULL);
	reader = kit_read(kit, MODULE, often);
	snprintf(summary, sizeof(summary), "%s/summary", kit_folder(kit));
	pid = fork();
	cr_assert(pid >= 0);
	if (!pid) {
		execl(STRACE, "strace", "-c", "-o", summary, "/bin/true", NULL);
		_exit(1);
	}
	ended(pid);
	events = finish(kit, reader);
	compare(summary, events, traced(events, pid));
	json_decref(events);
	kit_free(kit);
}

/* ---- readers that come and go ---- */

static const char *since_of(json_t *events, pid_t pid)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
		if (is_of(event, pid, NULL) &&
		    json_object_get(json_object_get(payload_of(event), "syscalls"), "getppid"))
			return json_string_value(json_object_get(payload_of(event), "since"));
	return "?";
}

Test(syscall_monitor, a_new_reader_tells_all_since_the_beginning)
{
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *first = kit_read(kit, MODULE, often), *second;
	struct sought sought = { first, run(call_and_wait, 7), 7 };
	json_t *before, *after;

	wait_until(is_told, &sought, "the calls, by the first reader");
	kit_reader_stop(first, SIGKILL);
	second = kit_read(kit, MODULE, often);
	sought.reader = second;
	wait_until(is_told, &sought, "the calls, by the second reader");
	before = kit_reader_events(first);
	after = kit_reader_events(second);
	/* By that the line can be known as one that repeats what was told. */
	cr_expect_str_eq(since_of(before, sought.pid), since_of(after, sought.pid));
	json_decref(before);
	json_decref(after);
	kill(sought.pid, SIGKILL);
	ended(sought.pid);
	kit_reader_free(first);
	json_decref(finish(kit, second));
	kit_free(kit);
}

static int upgrade_go[2];

static void call_before_and_after(int times)
{
	char byte;

	call(times);
	if (read(upgrade_go[0], &byte, 1) == 1)
		call(times);
	pause();
}

/* The table stays, and what the reader has told of it is not told again. */
Test(syscall_monitor, an_upgrade_goes_on_counting_where_it_was)
{
	struct kit *kit = kit_new(MODULE, NULL);
	struct kit_reader *reader;
	struct sought sought = { .count = 5 };
	json_t *events;

	kit_own_modules(kit);
	kit_must_start(kit);
	sought.reader = reader = kit_read(kit, MODULE, often);
	cr_assert(!pipe(upgrade_go));
	sought.pid = run(call_before_and_after, 5);
	wait_until(is_told, &sought, "the calls before the upgrade");
	kit_change_module(kit, MODULE);
	kit_reload(kit);
	cr_assert_eq(write(upgrade_go[1], "", 1), 1);
	sought.count = 10;
	wait_until(is_told, &sought, "the calls after the upgrade");
	kill(sought.pid, SIGKILL);
	ended(sought.pid);
	events = finish(kit, reader);
	cr_expect_eq(calls(events, sought.pid, NULL, "getppid", NULL), 10);
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
	reader = kit_read(kit, "dirs-counted", often);
	snprintf(path, sizeof(path), "%s/directory", kit_folder(kit));
	dirs_path = path;
	pid = run(make_dirs, 3);
	ended(pid);
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
