/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that are stopped or cannot write: what they say, and that each event is accounted for. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"
#include "storm.h"

#define MODULE	       "file-created"
#define OVERFLOW_FILES 2000
#define FEW_FILES      500

static struct kit *start(const char *config)
{
	struct kit *kit = kit_new(MODULE, config);

	cr_assert(kit_start(kit), "loaderd did not start:\n%s", kit_log(kit));
	return kit;
}

static void make_files(struct storm *storm)
{
	storm_start(storm);
	storm_wait(storm);
}

/* Per CPU: produced is delivered and lost, in the maps and in the lines. Returns what was lost. */
static unsigned long long expect_exact(struct kit *kit, const struct tally *tally)
{
	unsigned long long lost = 0;

	for (unsigned int cpu = 0; cpu < tally->cpus; cpu++) {
		struct kit_account a = kit_account(kit, MODULE, "default", cpu);

		cr_expect_eq(a.unsettled, 0);
		cr_expect_eq(a.accounted - a.base, a.delivered + a.lost);
		cr_expect_eq(a.delivered, tally->delivered[cpu]);
		cr_expect_eq(a.lost, tally->lost[cpu]);
		lost += a.lost;
	}
	return lost;
}

static void collect(struct tally *tally, struct kit_reader *reader)
{
	json_t *events = kit_reader_events(reader);

	tally_add(tally, events);
	json_decref(events);
	kit_reader_free(reader);
}

Test(faults, a_reader_that_is_stopped_until_its_ring_overflows_reports_each_loss, .timeout = 300)
{
	struct kit *kit = start("[file-created]\nring_size = 64K\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = OVERFLOW_FILES };
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);
	struct tally tally;

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	cr_assert(!kill(kit_reader_pid(reader), SIGSTOP));
	make_files(&storm);
	cr_assert(!kill(kit_reader_pid(reader), SIGCONT));
	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	collect(&tally, reader);
	cr_expect_gt(expect_exact(kit, &tally), 0);
	tally_release(&tally);
	kit_free(kit);
}

struct said {
	const struct kit_reader *reader;
	const char *what;
};

static bool has_said(void *arg)
{
	struct said *want = arg;
	char *log = kit_reader_log(want->reader);
	bool said = strstr(log, want->what);

	free(log);
	return said;
}

/* Reads what another reader could not write, and expects all of the storm. */
static void expect_next_has_all(struct kit *kit, struct tally *tally)
{
	struct kit_reader *reader = kit_read(kit, MODULE, NULL);

	kit_caught_up(kit, MODULE, "default");
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	collect(tally, reader);
	tally_close(tally);
	cr_expect_eq(tally->missing, 0);
	cr_expect_eq(expect_exact(kit, tally), 0);
}

Test(faults, a_reader_with_a_full_disk_says_so_and_the_next_goes_on_where_it_stopped,
     .timeout = 300)
{
	struct kit *kit = start("[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader =
		kit_read_into(kit, MODULE, open("/dev/full", O_WRONLY | O_CLOEXEC));
	struct said said = { reader, "cannot write: No space left on device" };
	struct tally tally;
	int status;

	kit_attached(kit, MODULE, "default");
	tally_init(&tally, &storm);
	make_files(&storm);
	wait_until(has_said, &said, said.what);
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
	struct kit *kit = start("[file-created]\nring_size = 8M\n");
	struct storm storm = { .folder = kit_folder(kit), .processes = 2, .files = FEW_FILES };
	struct kit_reader *reader;
	struct tally tally;
	int ends[2], status;

	cr_assert(!pipe2(ends, O_CLOEXEC));
	reader = kit_read_into(kit, MODULE, ends[1]);
	kit_attached(kit, MODULE, "default");
	close(ends[0]);
	tally_init(&tally, &storm);
	make_files(&storm);
	status = kit_reader_wait(reader);
	cr_expect(WIFEXITED(status) && !WEXITSTATUS(status), "%#x: %s", (unsigned int)status,
		  kit_reader_log(reader));
	kit_reader_free(reader);
	expect_next_has_all(kit, &tally);
	tally_release(&tally);
	kit_free(kit);
}
