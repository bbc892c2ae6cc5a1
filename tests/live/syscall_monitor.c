// SPDX-License-Identifier: Apache-2.0
/*
 * syscall-monitor: each call is counted once, however short a process lives, and of the
 * program that made it. How its table is told: tables.c.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "pulsar-test.h"

#define STRACE "/usr/bin/strace"

#define SHORT_LIVED 200

Test(syscall_monitor, no_call_of_a_short_lived_process_is_missed)
{
	struct kit *kit = kit_started_shared(CALLS_MODULE, NULL);
	struct kit_reader *reader = kit_read_attached(kit, CALLS_MODULE, NULL);
	pid_t pids[SHORT_LIVED];
	json_t *events;

	for (int i = 0; i < SHORT_LIVED; i++)
		pids[i] = calls_run(calls_make, i);
	for (int i = 0; i < SHORT_LIVED; i++)
		calls_ended(pids[i]);
	events = calls_finish(kit, reader);
	for (int i = 0; i < SHORT_LIVED; i++) {
		cr_expect_eq(calls_told(events, pids[i], NULL, "getppid", NULL), i, "process %d",
			     i);
		cr_expect_eq(calls_told(events, pids[i], NULL, "exit_group", NULL), 1, "process %d",
			     i);
	}
	json_decref(events);
	kit_free(kit);
}

#define THREADS 4
#define TIMES	100000

static void *call_often(void *arg)
{
	calls_make(TIMES);
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
	struct kit *kit = kit_started_shared(CALLS_MODULE, NULL);
	struct kit_reader *reader = kit_read_attached(kit, CALLS_MODULE, calls_often);
	pid_t pid = calls_run(call_in_threads, THREADS);
	json_t *events;
	int lines;

	calls_ended(pid);
	events = calls_finish(kit, reader);
	cr_expect_eq(calls_told(events, pid, NULL, "getppid", &lines), THREADS * TIMES);
	cr_expect(lines > 1, "%d lines", lines);
	json_decref(events);
	kit_free(kit);
}

/* What it has made before is told of the program that it was. */
static void call_and_exec(int times)
{
	calls_make(times);
	execl("/bin/true", "true", NULL);
}

Test(syscall_monitor, exec_ends_the_counts_of_one_program_and_begins_those_of_the_next)
{
	struct kit *kit = kit_started_shared(CALLS_MODULE, NULL);
	struct kit_reader *reader = kit_read_attached(kit, CALLS_MODULE, calls_often);
	pid_t pid = calls_run(call_and_exec, 3);
	json_t *events;

	calls_ended(pid);
	events = calls_finish(kit, reader);
	cr_expect_eq(calls_told(events, pid, "/live", "getppid", NULL), 3);
	cr_expect_eq(calls_told(events, pid, "/live", "execve", NULL), 1);
	cr_expect_eq(calls_told(events, pid, "/live", "exit_group", NULL), 0);
	cr_expect_eq(calls_told(events, pid, NULL, "exit_group", NULL), 1);
	cr_expect_eq(calls_told(events, pid, NULL, "execve", NULL), 1);
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
		cr_expect_eq(calls_told(events, pid, "/true", name, NULL), count,
			     "%s: %lld, not %lld", name,
			     calls_told(events, pid, "/true", name, NULL), count);
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
		    calls_are_of(event, (pid_t)json_integer_value(json_object_get(header, "pid")),
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
	kit = kit_started_shared(CALLS_MODULE, NULL);
	reader = kit_read_attached(kit, CALLS_MODULE, calls_often);
	snprintf(summary, sizeof(summary), "%s/summary", kit_folder(kit));
	pid = fork();
	cr_assert(pid >= 0);
	if (!pid) {
		execl(STRACE, "strace", "-c", "-o", summary, "/bin/true", NULL);
		_exit(1);
	}
	calls_ended(pid);
	events = calls_finish(kit, reader);
	compare(summary, events, traced(events, pid));
	json_decref(events);
	kit_free(kit);
}
