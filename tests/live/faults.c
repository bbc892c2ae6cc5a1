/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that are stopped, cannot write, or meet another time of day: that each event is accounted for. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"

#define MODULE	       "file-created"
#define OVERFLOW_FILES 2000
#define FEW_FILES      500

Test(faults, a_reader_that_is_stopped_until_its_ring_overflows_reports_each_loss, .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 64K\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = OVERFLOW_FILES };
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	struct tally tally;

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	cr_assert(!kill(kit_reader_pid(reader), SIGSTOP));
	exact_storm(&storm);
	cr_assert(!kill(kit_reader_pid(reader), SIGCONT));
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	cr_expect_gt(exact_expect(kit, MODULE, "default", &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}

/* Reads what another reader could not write, and expects all of the storm. */
static void expect_next_has_all(struct kit *kit, struct tally *tally)
{
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);

	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(tally, reader);
	tally_close(tally);
	cr_expect_eq(tally->missing, 0);
	cr_expect_eq(exact_expect(kit, MODULE, "default", tally), 0);
}

Test(faults, a_reader_with_a_full_disk_says_so_and_the_next_goes_on_where_it_stopped,
     .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader =
		kit_read_into(kit, MODULE, open("/dev/full", O_WRONLY | O_CLOEXEC));
	struct tally tally;
	int status;

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	exact_storm(&storm);
	exact_said(reader, "cannot write: No space left on device");
	status = kit_reader_stop(reader, SIGTERM);
	cr_expect(WIFEXITED(status), "%#x", (unsigned int)status);
	kit_reader_free(reader);
	expect_next_has_all(kit, &tally);
	tally_release(&tally);
	kit_free(kit);
}

Test(faults, a_reader_whose_pipe_is_closed_ends_and_the_next_goes_on_where_it_stopped,
     .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader;
	struct tally tally;
	int ends[2], status;

	cr_assert(!pipe2(ends, O_CLOEXEC));
	reader = kit_read_into(kit, MODULE, ends[1]);
	kit_attached(kit, MODULE, "default");
	close(ends[0]);
	tally_init(&tally, &storm);
	exact_storm(&storm);
	status = kit_reader_wait(reader);
	cr_expect(WIFEXITED(status) && !WEXITSTATUS(status), "%#x: %s", (unsigned int)status,
		  kit_reader_log(reader));
	kit_reader_free(reader);
	expect_next_has_all(kit, &tally);
	tally_release(&tally);
	kit_free(kit);
}

Test(faults, a_reader_whose_small_disk_fills_goes_on_when_there_is_room, .timeout = 300)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	const char *disk = kit_mount(kit, "tmpfs", "size=64k");
	struct kit_reader *reader;
	struct tally tally;
	char path[128];

	snprintf(path, sizeof(path), "%s/lines", disk);
	reader = kit_read_into(kit, MODULE,
			       open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	exact_storm(&storm);
	exact_said(reader, "cannot write: No space left on device");
	cr_assert(!mount("tmpfs", disk, NULL, MS_REMOUNT, "size=16m"));
	exact_said(reader, "writing works again");
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	cr_expect_eq(tally.missing, 0);
	cr_expect_eq(tally.repeated, 0);
	cr_expect_eq(exact_expect(kit, MODULE, "default", &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}

#define HOUR_S 3600

static void step_clock(int seconds)
{
	struct timeval now;

	cr_assert(!gettimeofday(&now, NULL));
	now.tv_sec += seconds;
	cr_assert(!settimeofday(&now, NULL));
}

/* A file of that name, and the times of day just before and just after it was made. */
struct moment {
	char path[128], before[EXACT_TIME], after[EXACT_TIME];
};

static void make_moment(struct kit *kit, struct moment *moment, const char *name)
{
	snprintf(moment->path, sizeof(moment->path), "%s/%s", kit_folder(kit), name);
	exact_now(moment->before);
	close(open(moment->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	exact_now(moment->after);
	kit_caught_up(kit, MODULE, "default");
}

/* Its place among the lines; its time of day is that of the moment, to a microsecond as clocks are compared. */
static size_t expect_moment(json_t *events, const struct moment *moment)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		json_t *header = json_object_get(event, "header");
		const char *name = json_string_value(
			json_object_get(json_object_get(event, "payload"), "filename"));
		const char *time = json_string_value(json_object_get(header, "time"));

		if (!name || strcmp(name, moment->path))
			continue;
		cr_expect(strncmp(time, moment->before, EXACT_MICROSECOND) >= 0 &&
				  strncmp(time, moment->after, EXACT_MICROSECOND) <= 0,
			  "%s: %s, expected %s to %s", name, time, moment->before, moment->after);
		return i;
	}
	cr_assert_fail("%s was not reported", moment->path);
	return 0;
}

Test(faults, a_clock_that_is_set_back_changes_times_and_no_order, .timeout = 300)
{
	struct moment first, second;
	struct kit_reader *reader;
	struct storm none = { .files = 1 };
	struct tally tally;
	struct kit *kit;
	json_t *events;

	if (!getenv("PULSAR_TEST_CLOCK"))
		cr_skip_test("sets the clock of the machine: asked for by PULSAR_TEST_CLOCK=1");
	kit = kit_started(MODULE, NULL);
	reader = kit_read(kit, MODULE, NULL);
	kit_attached(kit, MODULE, "default");
	make_moment(kit, &first, "first");
	step_clock(-HOUR_S);
	make_moment(kit, &second, "second");
	step_clock(HOUR_S);
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	cr_expect_lt(expect_moment(events, &first), expect_moment(events, &second));
	cr_expect_lt(strcmp(second.after, first.before), 0);
	json_decref(events);
	tally_init(&tally, &none);
	exact_collect(&tally, reader);
	cr_expect_eq(exact_expect(kit, MODULE, "default", &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}
