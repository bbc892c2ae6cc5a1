/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams survive: readers and loaderd are killed in the middle of storms of
 * events, and each event is accounted for.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"

#define MODULE	      "file-created"
/* Room for all of a storm, so that no pause of a reader makes a loss. */
#define ROOMY	      "[file-created]\nring_size = 32M\n"
#define STORM_FILES   100000
#define READER_KILLS  20
#define LOADERD_KILLS 10

/* Has the storm come to the given file? Files are removed at once, so the counters tell. */
struct progress {
	struct kit *kit;
	unsigned long long produced;
};

static bool has_come_to(void *arg)
{
	struct progress *want = arg;

	return kit_account(want->kit, MODULE, "default", -1).produced >= want->produced;
}

/* Waits until about `part` of `parts` of the storm has been produced. */
static void wait_for_part(struct kit *kit, const struct storm *storm, unsigned int part,
			  unsigned int parts)
{
	struct progress want = { kit, (unsigned long long)storm->files * part / parts };

	wait_until(has_come_to, &want, "the storm");
}

static void expect_complete(const struct tally *tally)
{
	unsigned long long lost = 0;

	for (unsigned int cpu = 0; cpu < tally->cpus; cpu++)
		lost += tally->lost[cpu];
	printf("  %u files: %u missing, %u lines repeated, %llu lost\n", tally->files,
	       tally->missing, tally->repeated, lost);
	cr_expect_eq(tally->missing, 0);
	cr_expect_eq(lost, 0);
}

Test(streams, a_reader_killed_twenty_times_loses_nothing, .timeout = 600)
{
	struct kit *kit = kit_started(MODULE, ROOMY);
	struct storm storm = { .folder = kit_folder(kit),
			       .processes = 2,
			       .files = scaled(STORM_FILES) };
	struct kit_reader *reader;
	struct tally tally;

	tally_init(&tally, &storm);
	storm_start(&storm);
	for (unsigned int i = 1; i <= READER_KILLS; i++) {
		reader = kit_read(kit, MODULE, NULL);
		wait_for_part(kit, &storm, i, READER_KILLS + 2);
		kit_reader_stop(reader, SIGKILL);
		exact_collect(&tally, reader);
	}
	reader = kit_read(kit, MODULE, NULL);
	storm_wait(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	expect_complete(&tally);
	exact_expect(kit, MODULE, "default", &tally);
	tally_release(&tally);
	kit_free(kit);
}

/* Attached means that it reads the new rings: those of a loaderd that dies before are nobody else's. */
Test(streams, loaderd_killed_ten_times_loses_nothing_for_an_attached_reader, .timeout = 600)
{
	struct kit *kit = kit_started(MODULE, ROOMY);
	struct storm storm = { .folder = kit_folder(kit),
			       .processes = 2,
			       .files = scaled(STORM_FILES) };
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	struct tally tally;

	kit_caught_up(kit, MODULE, "default");
	tally_init(&tally, &storm);
	storm_start(&storm);
	for (unsigned int i = 1; i <= LOADERD_KILLS; i++) {
		wait_for_part(kit, &storm, i, LOADERD_KILLS + 2);
		kit_caught_up(kit, MODULE, "default");
		kit_stop(kit, SIGKILL);
		kit_must_start(kit);
	}
	storm_wait(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	expect_complete(&tally);
	exact_expect(kit, MODULE, "default", &tally);
	tally_release(&tally);
	kit_free(kit);
}

Test(streams, both_killed_in_turn_with_small_rings_is_exact, .timeout = 600)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 64K\n");
	struct storm storm = { .folder = kit_folder(kit),
			       .processes = 2,
			       .files = scaled(STORM_FILES) };
	struct kit_reader *reader;
	struct tally tally;

	tally_init(&tally, &storm);
	storm_start(&storm);
	for (unsigned int i = 1; i <= LOADERD_KILLS; i++) {
		reader = kit_read(kit, MODULE, NULL);
		wait_for_part(kit, &storm, 2 * i - 1, 2 * LOADERD_KILLS + 2);
		/* Now the one first, now the other, so that rings go with all that is in them. */
		if (i % 2)
			kit_reader_stop(reader, SIGKILL);
		wait_for_part(kit, &storm, 2 * i, 2 * LOADERD_KILLS + 2);
		kit_stop(kit, SIGKILL);
		if (i % 2 == 0)
			kit_reader_stop(reader, SIGKILL);
		exact_collect(&tally, reader);
		kit_must_start(kit);
	}
	storm_wait(&storm);
	reader = kit_read(kit, MODULE, NULL);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	printf("  %u files: %u missing, %u lines repeated\n", tally.files, tally.missing,
	       tally.repeated);
	exact_expect_unnoted(kit, MODULE, "default", &tally);
	tally_release(&tally);
	kit_free(kit);
}

/* One subscription from its first use to the end of the storm, read at once or only afterwards. */
static void two_subscriptions(const char *config, bool complete)
{
	static const char *const late_arguments[] = { "--subscription", "late", NULL };
	struct kit *kit = kit_started(MODULE, config);
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = scaled(20000) };
	struct kit_reader *now = kit_read(kit, MODULE, NULL), *late;
	struct tally tally_now, tally_late;
	int err;

	/* The first use makes the subscription; it goes on buffering while its reader is away. */
	late = kit_read(kit, MODULE,
			(const char *const[]){ "--subscription", "late", "--duration", "1", NULL });
	err = kit_reader_wait(late);
	cr_assert_eq(err, 0, "%s", kit_reader_log(late));
	tally_init(&tally_now, &storm);
	tally_init(&tally_late, &storm);
	exact_collect(&tally_late, late);
	storm_start(&storm);
	storm_wait(&storm);
	late = kit_read(kit, MODULE, late_arguments);
	kit_caught_up(kit, MODULE, "default");
	kit_caught_up(kit, MODULE, "late");
	cr_expect_eq(kit_reader_stop(now, SIGTERM), 0);
	cr_expect_eq(kit_reader_stop(late, SIGTERM), 0);
	exact_collect(&tally_now, now);
	exact_collect(&tally_late, late);
	tally_close(&tally_now);
	tally_close(&tally_late);
	if (complete) {
		expect_complete(&tally_now);
		expect_complete(&tally_late);
	}
	exact_expect(kit, MODULE, "default", &tally_now);
	exact_expect(kit, MODULE, "late", &tally_late);
	tally_release(&tally_now);
	tally_release(&tally_late);
	kit_free(kit);
}

Test(streams, two_subscriptions_with_room_are_both_complete, .timeout = 600)
{
	two_subscriptions(ROOMY, true);
}

Test(streams, two_subscriptions_without_room_are_exact_in_their_loss, .timeout = 600)
{
	two_subscriptions("[file-created]\nring_size = 64K\n", false);
}

Test(streams, an_upgrade_in_the_middle_of_a_storm_loses_nothing, .timeout = 600)
{
	struct kit *kit = kit_new(MODULE, ROOMY);
	struct storm storm = { .folder = kit_folder(kit),
			       .processes = 2,
			       .files = scaled(STORM_FILES) };
	struct kit_reader *reader;
	struct tally tally;

	kit_own_modules(kit);
	kit_must_start(kit);
	reader = kit_read(kit, MODULE, NULL);
	kit_caught_up(kit, MODULE, "default");
	tally_init(&tally, &storm);
	storm_start(&storm);
	for (unsigned int i = 1; i <= 3; i++) {
		wait_for_part(kit, &storm, i, 5);
		kit_change_module(kit, MODULE);
		if (i < 3) {
			kit_reload(kit);
		} else {
			kit_stop(kit, SIGTERM);
			kit_must_start(kit);
		}
	}
	storm_wait(&storm);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	cr_expect(strstr(kit_log(kit), "generation 4"), "not upgraded:\n%s", kit_log(kit));
	exact_collect(&tally, reader);
	tally_close(&tally);
	expect_complete(&tally);
	exact_expect(kit, MODULE, "default", &tally);
	tally_release(&tally);
	kit_free(kit);
}

Test(streams, what_is_unread_at_an_upgrade_is_delivered_after_it, .timeout = 300)
{
	struct kit *kit = kit_new(MODULE, ROOMY);
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = 1000 };
	struct kit_reader *reader;
	struct tally tally;

	kit_own_modules(kit);
	kit_must_start(kit);
	tally_init(&tally, &storm);
	storm_start(&storm);
	storm_wait(&storm);
	for (int upgrade = 0; upgrade < 2; upgrade++) {
		kit_change_module(kit, MODULE);
		kit_reload(kit);
	}
	reader = kit_read(kit, MODULE, NULL);
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	exact_collect(&tally, reader);
	tally_close(&tally);
	expect_complete(&tally);
	tally_release(&tally);
	kit_free(kit);
}
