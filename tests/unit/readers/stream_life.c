// SPDX-License-Identifier: Apache-2.0
/* Whole readers, confined and as nobody, on the real kernel; see stream_world.h. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "stream_world.h"

static struct world w;

static void setup(void)
{
	world_init(&w);
}

static void teardown(void)
{
	world_release(&w);
}

TestSuite(life, .init = setup, .fini = teardown, .timeout = 60);

Test(life, what_programs_produce_is_printed)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 3);
	world_expect_events(&w, 0, 1, 3);
	world_expect_end(&w, SIGTERM, 0);
	cr_expect(world_line_end(&w));
	cr_expect_str_eq(world_log(&w), "");
	world_expect_exact(&w, 0);
}

Test(life, cpus_come_in_the_order_of_time)
{
	if (w.cpus < 2)
		cr_skip_test("needs two CPUs");
	for (int i = 0; i < 5; i++) {
		world_produce(&w, 0, 2);
		world_produce(&w, 1, 1);
	}
	world_read_as_nobody(&w, "--count", "15", );
	world_serve(&w);
	for (int i = 0; i < 5; i++) {
		world_expect_events(&w, 0, 2 * i + 1, 2 * i + 2);
		world_expect_events(&w, 1, i + 1, i + 1);
	}
	world_expect_end(&w, 0, 0);
}

Test(life, sleeping_reader_is_woken_by_the_next_event)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	for (long long seq = 1; seq <= 5; seq++) {
		world_wait_until_asleep(&w);
		world_produce(&w, 0, 1);
		world_expect_events(&w, 0, seq, seq);
	}
	world_expect_end(&w, SIGINT, 0);
	cr_expect_eq(world_position(&w, 0).waiting, 0, "whoever is gone need not be woken");
}

Test(life, killed_reader_is_followed_by_one_that_goes_on)
{
	long long last = 0;

	for (int round = 0; round < 5; round++) {
		world_read_as_nobody(&w);
		world_serve(&w);
		world_produce(&w, 0, 20);
		world_expect_events(&w, 0, last + 1, last + 20);
		last += 20;
		/* Asleep, so what was written is noted, too. */
		world_wait_until_asleep(&w);
		world_expect_end(&w, SIGKILL, -SIGKILL);
		world_produce(&w, 0, 10);
		world_read_as_nobody(&w, "--count", "10", );
		world_serve(&w);
		world_expect_events(&w, 0, last + 1, last + 10);
		last += 10;
		world_expect_end(&w, 0, 0);
	}
	world_expect_exact(&w, 0);
}

Test(life, count_ends_and_the_next_reader_has_the_next_event)
{
	world_produce(&w, 0, 30);
	for (int round = 0; round < 10; round++) {
		world_read_as_nobody(&w, "--count", "3", );
		world_serve(&w);
		world_expect_events(&w, 0, 3 * round + 1, 3 * round + 3);
		cr_expect(world_line_end(&w));
		world_expect_end(&w, 0, 0);
	}
	world_expect_exact(&w, 0);
}

Test(life, duration_ends_the_reader)
{
	world_read_as_nobody(&w, "--duration", "1", );
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	world_expect_end(&w, 0, 0);
}

Test(life, what_did_not_fit_is_one_loss_at_its_place)
{
	struct pulsar_counters counters;
	struct world_line line;
	long long kept;

	world_produce(&w, 0, 5000);
	counters = world_counters(&w, 0);
	kept = (long long)(counters.produced - counters.lost[0].ring_full);
	cr_assert(kept > 0 && kept < 5000);
	world_read_as_nobody(&w);
	world_serve(&w);
	world_expect_events(&w, 0, 1, kept);
	line = world_line(&w);
	cr_expect(line.lost);
	cr_expect_eq(line.count, 5000 - kept);
	cr_expect_eq(line.total, 5000 - kept);
	cr_expect_str_eq(line.cause, "ring_full");
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 5001, 5001);
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}

Test(life, cpu_without_a_ring_loses_until_it_gets_one)
{
	struct world_line line;

	world_ring_remove(&w, 0);
	world_read_as_nobody(&w);
	world_accept(&w);
	world_answer(&w, true, false, 1, w.cpus);
	world_wait_until_asleep(&w);
	world_produce(&w, 0, 7);
	world_ring_new(&w, 0);
	world_produce(&w, 0, 1);
	world_answer(&w, false, false, 0, 1);
	line = world_line(&w);
	cr_expect(line.lost);
	cr_expect_eq(line.count, 7);
	cr_expect_str_eq(line.cause, "no_ring");
	world_expect_events(&w, 0, 8, 8);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 9, 9);
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}

Test(life, answer_in_several_messages_is_one_answer)
{
	world_read_as_nobody(&w);
	world_accept(&w);
	world_answer(&w, true, true, 0, 0);
	for (unsigned int cpu = 0; cpu < w.cpus; cpu++)
		world_answer(&w, false, cpu + 1 < w.cpus, cpu, cpu + 1);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	world_expect_end(&w, SIGTERM, 0);
}

Test(life, loaderd_that_dies_does_not_cut_off_its_reader)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 5);
	world_expect_events(&w, 0, 1, 5);
	world_loaderd_dies(&w);
	world_produce(&w, 0, 5);
	world_expect_events(&w, 0, 6, 10);
	world_expect_log(&w, "lost loaderd");
	world_produce(&w, 0, 20);
	world_loaderd_starts(&w);
	world_produce(&w, 0, 30);
	/* The old ring goes on being read, and the new one fills. */
	world_expect_events(&w, 0, 11, 30);
	world_serve(&w);
	world_produce(&w, 0, 5);
	world_expect_events(&w, 0, 31, 65);
	world_expect_log(&w, "connected to loaderd again");
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
	cr_expect_eq(world_progress(&w, 0).ring_id, w.ring[0].id);
}

Test(life, loaderd_that_ends_before_its_first_answer_is_waited_for)
{
	world_read_as_nobody(&w);
	world_accept(&w);
	world_loaderd_dies(&w);
	world_loaderd_starts(&w);
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	world_expect_end(&w, SIGTERM, 0);
	cr_expect_str_eq(world_log(&w), "");
}

Test(life, long_wait_for_loaderd_makes_no_loss_of_what_lies_in_the_new_rings)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	world_loaderd_dies(&w);
	world_loaderd_starts(&w);
	world_produce(&w, 0, 10);
	/* Connected, but not answered: for longer than a reader takes to settle what is missing. */
	world_accept(&w);
	sleep(2);
	world_answer(&w, true, false, 0, w.cpus);
	world_expect_events(&w, 0, 2, 11);
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}

Test(life, rings_that_went_away_unread_are_reported)
{
	struct world_line line;

	world_read_as_nobody(&w, "--count", "2", );
	world_produce(&w, 0, 10);
	world_serve(&w);
	world_expect_events(&w, 0, 1, 2);
	world_expect_end(&w, 0, 0);
	world_loaderd_dies(&w);
	world_loaderd_starts(&w);
	world_produce(&w, 0, 1);
	world_read_as_nobody(&w);
	world_serve(&w);
	line = world_line(&w);
	cr_expect(line.lost);
	cr_expect_eq(line.count, 8);
	cr_expect_str_eq(line.cause, "discarded");
	world_expect_events(&w, 0, 11, 11);
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}

Test(life, nonsense_from_loaderd_costs_the_connection_only)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	cr_assert_eq(write(w.peer, "nonsense", 8), 8);
	world_expect_log(&w, "lost loaderd: a message of 8 bytes");
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 2, 2);
	world_serve(&w);
	world_expect_log(&w, "connected to loaderd again");
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 3, 3);
	world_expect_end(&w, SIGTERM, 0);
}

Test(life, upgrade_is_followed_without_a_gap)
{
	struct world_line line;

	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 1, 1);
	world_produce(&w, 0, 1);
	world_upgrade(&w, 2, "Renamed");
	world_produce(&w, 0, 1);
	world_expect_events(&w, 0, 2, 2);
	line = world_line(&w);
	cr_expect_eq(line.seq, 3);
	cr_expect_str_eq(line.event, "Renamed");
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}

Test(life, module_that_is_loaded_anew_is_begun_anew)
{
	world_read_as_nobody(&w);
	world_serve(&w);
	world_produce(&w, 0, 3);
	world_expect_events(&w, 0, 1, 3);
	world_loaderd_dies(&w);
	world_reload(&w);
	world_loaderd_starts(&w);
	world_produce(&w, 0, 2);
	world_serve(&w);
	world_expect_events(&w, 0, 1, 2);
	world_expect_end(&w, SIGTERM, 0);
	world_expect_exact(&w, 0);
}
