// SPDX-License-Identifier: Apache-2.0
/*
 * Rounds over the rings: what comes out, in which order, and what is noted. Rings that change
 * and readers that die: stream_drain_rings.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/perf_event.h>

#include "now.h"
#include "stream_drain.h"

#define SECOND NSEC_PER_SEC

struct rig rig;

static void setup(void)
{
	rig_init(&rig, SECOND);
}

static void teardown(void)
{
	rig_release(&rig);
}

TestSuite(drain, .init = setup, .fini = teardown);

void drain_expect_lines(const char *expected)
{
	const char *lines = rig_lines(&rig);

	cr_expect_str_eq(lines, expected);
}

void drain_round_gives(const char *expected)
{
	cr_assert_eq(rig_round(&rig, false), 0);
	drain_expect_lines(expected);
}

Test(drain, nothing_is_no_line)
{
	drain_round_gives("");
	cr_expect_eq(rig.drain.found, 0);
	cr_expect_not(rig.drain.held);
	rig_expect_settled(&rig);
}

Test(drain, events_of_both_cpus_come_by_time)
{
	rig_event(&rig, 0, 10);
	rig_event(&rig, 1, 20);
	rig_event(&rig, 1, 30);
	rig_event(&rig, 0, 40);
	rig_event(&rig, 1, 50);
	drain_round_gives("0:1 1:1 1:2 0:2 1:3");
	cr_expect_eq(rig.drain.found, 5);
	rig_expect_settled(&rig);
	rig_event(&rig, 1, 60);
	drain_round_gives("1:4");
}

Test(drain, loss_stands_before_the_event_that_follows_it)
{
	rig_event(&rig, 0, 10);
	rig_lose(&rig, 0, 3);
	rig_event(&rig, 0, 20);
	drain_round_gives("0:1 0:lost 3 ring_full 0:5");
	rig_expect_settled(&rig);
}

Test(drain, loss_that_nothing_follows_comes_after_all_events)
{
	rig_lose(&rig, 0, 2);
	rig_event(&rig, 1, 10);
	rig_event(&rig, 1, 20);
	drain_round_gives("1:1 1:2 0:lost 2 ring_full");
	rig_expect_settled(&rig);
	drain_round_gives("");
}

Test(drain, losses_of_another_slot_are_not_ours)
{
	rig.kernel[0].lost[RIG_SLOT + 1].ring_full = 5;
	rig_event(&rig, 0, 10);
	drain_round_gives("0:1");
	rig_expect_settled(&rig);
}

Test(drain, event_under_way_holds_back_the_others_until_it_arrives)
{
	__u64 now = now_ns(CLOCK_BOOTTIME), seq = rig_claim(&rig, 0);

	rig_event(&rig, 1, now - 10);
	drain_round_gives("");
	cr_expect(rig.drain.held);
	rig_arrive(&rig, 0, seq, now - 20);
	drain_round_gives("0:1 1:1");
	cr_expect_not(rig.drain.held);
	rig_expect_settled(&rig);
}

Test(drain, event_under_way_holds_back_nothing_older_than_the_window)
{
	__u64 now = now_ns(CLOCK_BOOTTIME);

	rig_claim(&rig, 0);
	rig_event(&rig, 1, now - 2 * SECOND);
	rig_event(&rig, 1, now);
	drain_round_gives("1:1");
	cr_expect(rig.drain.held);
}

Test(drain, flush_holds_back_nothing)
{
	rig_claim(&rig, 0);
	rig_event(&rig, 1, now_ns(CLOCK_BOOTTIME) + SECOND);
	cr_assert_eq(rig_round(&rig, true), 0);
	drain_expect_lines("1:1");
}

Test(drain, program_that_was_interrupted_comes_late_and_is_no_loss)
{
	__u64 seq = rig_claim(&rig, 0);

	rig_event(&rig, 0, 20);
	rig_arrive(&rig, 0, seq, 10);
	drain_round_gives("0:2 0:1");
	rig_expect_settled(&rig);
}

Test(drain, ring_that_fills_is_read_before_its_time)
{
	__u64 now = now_ns(CLOCK_BOOTTIME);
	unsigned int events = 0;

	rig_claim(&rig, 0);
	while (rig.fake[1][0].head <= rig.fake[1][0].size / 2) {
		rig_event(&rig, 1, now);
		events++;
	}
	cr_assert_eq(rig_round(&rig, false), 0);
	cr_expect_eq(rig.drain.found, events);
	cr_expect_eq(rig_progress(&rig, 1)->delivered, events);
}

Test(drain, count_ends_at_exactly_the_next_event)
{
	for (__u64 time = 1; time <= 6; time++)
		rig_event(&rig, 0, time);
	rig.drain.left = 2;
	drain_round_gives("0:1 0:2");
	cr_expect_eq(rig.drain.left, 0);
	drain_round_gives("");
	rig_reader_killed(&rig);
	rig.drain.left = 1;
	drain_round_gives("0:3");
	rig_reader_killed(&rig);
	rig.drain.left = ~0ull;
	drain_round_gives("0:4 0:5 0:6");
	rig_expect_settled(&rig);
}

Test(drain, lost_lines_do_not_count)
{
	rig_lose(&rig, 0, 5);
	rig_event(&rig, 0, 1);
	rig_lose(&rig, 0, 5);
	rig_event(&rig, 0, 2);
	rig.drain.left = 1;
	drain_round_gives("0:lost 5 ring_full 0:6");
	rig.drain.left = 1;
	drain_round_gives("0:lost 5 ring_full 0:12");
}

Test(drain, what_was_not_written_is_not_noted)
{
	rig_event(&rig, 0, 10);
	rig_lose(&rig, 0, 1);
	rig_event(&rig, 0, 20);
	sink_init(&rig.sink, -1);
	cr_expect_eq(rig_round(&rig, false), -EBADF);
	cr_expect_eq(rig_progress(&rig, 0)->delivered, 0);
	cr_expect_eq(ring_tail(rig.lane[0].ring), 0);
	sink_init(&rig.sink, rig.out);
	rig_reader_killed(&rig);
	drain_round_gives("0:1 0:lost 1 ring_full 0:3");
	rig_expect_settled(&rig);
}

Test(drain, event_that_was_not_asked_for_is_delivered_without_a_line)
{
	cr_assert(plan_select(rig.generations.plan[0], "Other"));
	rig_event(&rig, 0, 10);
	rig.drain.left = 1;
	drain_round_gives("");
	cr_expect_eq(rig.drain.left, 1);
	rig_expect_settled(&rig);
}

Test(drain, events_before_the_subscription_are_passed_over)
{
	for (unsigned int cpu = 0; cpu < RIG_CPUS; cpu++) {
		rig.kernel[cpu].produced = 40;
		rig.position[cpu].base_seq = 40;
		rig.position[cpu].copy[0].next_seq = 41;
	}
	rig_arrive(&rig, 0, 39, 1);
	rig_arrive(&rig, 0, 40, 2);
	rig_event(&rig, 0, 3);
	rig_reader_killed(&rig);
	drain_round_gives("0:41");
	cr_expect_eq(rig_progress(&rig, 0)->delivered, 1);
	cr_expect_eq(ring_tail(rig.lane[0].ring), rig.lane[0].ring->head);
}

static void event_of(__u16 type, __u32 generation, __u64 time_ns)
{
	struct pulsar_event event = {
		.size = sizeof(event),
		.type = type,
		.generation = generation,
		.seq = rig_claim(&rig, 0),
		.time_ns = time_ns,
	};

	cr_assert(fake_ring_sample(&rig.fake[0][0], &event, sizeof(event)));
}

Test(drain, record_that_makes_no_sense_is_discarded_where_it_stands)
{
	rig_event(&rig, 0, 1);
	event_of(99, 1, 2);
	rig_event(&rig, 0, 3);
	drain_round_gives("0:1 0:lost 1 discarded 0:3");
	rig_expect_settled(&rig);
}

Test(drain, record_of_a_generation_that_is_gone_is_discarded)
{
	event_of(1, 0, 1);
	rig_event(&rig, 0, 2);
	drain_round_gives("0:lost 1 discarded 0:2");
	rig_expect_settled(&rig);
}

Test(drain, record_of_a_generation_to_come_is_waited_for)
{
	rig_event(&rig, 0, 1);
	event_of(1, 2, 2);
	rig_event(&rig, 1, 3);
	drain_round_gives("0:1");
	cr_expect(rig.drain.held);
	/* Pinned by now, in effect. */
	rig.generations.waited_ns = 1;
	drain_round_gives("0:lost 1 discarded 1:1");
	event_of(1, 3, 4);
	drain_round_gives("0:lost 1 discarded");
	rig_expect_settled(&rig);
}

Test(drain, large_batch_is_written_in_pieces_and_noted_piece_by_piece)
{
	unsigned int events = 0;

	while (fake_ring_event(&rig.fake[0][0], events + 1, 1, 0))
		events++;
	rig.kernel[0].produced = events;
	cr_assert_eq(rig_round(&rig, false), 0);
	cr_expect_eq(rig_progress(&rig, 0)->delivered, events);
	rig_expect_settled(&rig);
}

Test(drain, a_round_ends_after_so_many_records_and_the_next_goes_on)
{
	rig.drain.most = 3;
	for (__u64 i = 1; i <= 5; i++)
		rig_event(&rig, 0, i);
	drain_round_gives("0:1 0:2 0:3");
	cr_expect(rig.drain.more);
	cr_expect_eq(rig_progress(&rig, 0)->delivered, 3);
	drain_round_gives("0:4 0:5");
	cr_expect_not(rig.drain.more);
	rig_expect_settled(&rig);
}

Test(drain, the_last_round_reads_all)
{
	rig.drain.most = 3;
	for (__u64 i = 1; i <= 5; i++)
		rig_event(&rig, 0, i);
	cr_assert_eq(rig_round(&rig, true), 0);
	drain_expect_lines("0:1 0:2 0:3 0:4 0:5");
	cr_expect_not(rig.drain.more);
}
