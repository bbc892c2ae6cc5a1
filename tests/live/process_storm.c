/* SPDX-License-Identifier: Apache-2.0 */
/* process-monitor: many processes, and long arguments. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "pulsar-test.h"

#define MODULE "process-monitor"

static void program_make(void)
{
	folder_make();
	copy_program(ACT_NOTHING, "nothing");
}

TestSuite(process_storm, .init = program_make, .fini = folder_remove, .timeout = 300);

/* ---- long arguments ---- */

#define LONG_ARGUMENTS 500
#define LONG_BYTES     (100 * 1024)

static void exec_with_long_arguments(void)
{
	static char argument[LONG_BYTES];

	memset(argument, 'x', sizeof(argument) - 1);
	execl(in_folder("nothing"), "nothing", argument, NULL);
}

/* KiB of memory that is the process's own; rings are not. */
static long memory_of(pid_t pid)
{
	char path[64], line[128];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "RssAnon: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static size_t check_long(json_t *event)
{
	json_t *argv = json_object_get(payload_of(event), "argv");

	if (!event_is(event, "Exec") ||
	    !json_is_true(json_object_get(payload_of(event), "argv_truncated")))
		return 0;
	cr_assert_eq(json_array_size(argv), 2);
	cr_assert_str_eq(json_string_value(json_array_get(argv, 0)), "nothing");
	cr_assert_geq(json_string_length(json_array_get(argv, 1)), 16384);
	return 1;
}

Test(process_storm, long_arguments_are_cut_visibly_and_the_reader_does_not_grow)
{
	struct kit *kit = kit_new(MODULE, "[process-monitor]\nring_size = 32M\n");
	struct kit_reader *reader;
	size_t i, found = 0;
	json_t *events, *event;
	long before, after;

	cr_assert(kit_start(kit), "%s", kit_log(kit));
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	for (i = 0; i < scaled(LONG_ARGUMENTS); i++) {
		struct act a = { .body = exec_with_long_arguments };

		act(&a);
		if (i == 20) {
			kit_caught_up(kit, MODULE, "default");
			before = memory_of(kit_reader_pid(reader));
		}
	}
	kit_caught_up(kit, MODULE, "default");
	after = memory_of(kit_reader_pid(reader));
	cr_expect(before > 0 && after < before + 4096, "%ld KiB became %ld KiB", before, after);
	events = kit_reader_events(reader);
	json_array_foreach(events, i, event)
		found += check_long(event);
	cr_expect_eq(found, scaled(LONG_ARGUMENTS));
	json_decref(events);
	kit_reader_free(reader);
	kit_free(kit);
}

/* ---- many ---- */

#define WORKERS 2

#define EACH 10000

static pid_t workers[WORKERS];

static void worker(void)
{
	unsigned int each = scaled(EACH);

	for (unsigned int i = 0; i < each; i++) {
		pid_t pid = fork();

		if (!pid) {
			become(in_folder("nothing"));
			_exit(99);
		}
		if (waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

static void act_many(void *arg)
{
	int status;

	(void)arg;
	for (int w = 0; w < WORKERS; w++) {
		workers[w] = fork();
		if (!workers[w])
			worker();
	}
	for (int w = 0; w < WORKERS; w++) {
		waitpid(workers[w], &status, 0);
		cr_assert_eq(status, 0);
	}
}

static bool by_worker(json_t *event)
{
	long long ppid = number_of(header_of(event), "ppid");

	return ppid == workers[0] || ppid == workers[1];
}

/* Numbers come again; the start tells processes apart. */
static const char *identity_of(json_t *event)
{
	static char key[96];

	snprintf(key, sizeof(key), "%lld %s", number_of(header_of(event), "pid"),
		 json_string_value(json_object_get(header_of(event), "start_time")));
	return key;
}

static const char *image_of(json_t *event)
{
	const char *image = json_string_value(json_object_get(header_of(event), "image"));

	return image ? image : "unknown";
}

Test(process_storm, twenty_thousand_processes_are_complete)
{
	json_t *stages = json_object(), *event;
	size_t i, forks = 0, execs = 0, exits = 0;
	struct run *run;

	run = module_run_config(MODULE, "[process-monitor]\nring_size = 16M\n", act_many, NULL);
	json_array_foreach(run_events(run), i, event) {
		long long stage = json_integer_value(json_object_get(stages, identity_of(event)));

		cr_assert(!event_is(event, "Lost"));
		if (!by_worker(event))
			continue;
		if (event_is(event, "Fork")) {
			cr_assert_eq(stage, 0);
			cr_assert_neq(strcmp(image_of(event), "unknown"), 0);
			forks++;
		} else if (event_is(event, "Exec")) {
			cr_assert_eq(stage, 1, "%s", identity_of(event));
			cr_assert_str_eq(image_of(event), in_folder("nothing"));
			execs++;
		} else if (event_is(event, "Exit")) {
			cr_assert_eq(stage, 2, "%s", identity_of(event));
			cr_assert_str_eq(image_of(event), in_folder("nothing"));
			exits++;
		}
		json_object_set_new(stages, identity_of(event), json_integer(stage + 1));
	}
	cr_expect_eq(forks, WORKERS * scaled(EACH));
	cr_expect_eq(execs, WORKERS * scaled(EACH));
	cr_expect_eq(exits, WORKERS * scaled(EACH));
	json_decref(stages);
	run_free(run);
}
