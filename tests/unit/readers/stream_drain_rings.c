// SPDX-License-Identifier: Apache-2.0
/*
 * Rounds over rings that were exchanged, went away, or broke, and after readers that died: what
 * comes out, and what is lost.
 */
#include <criterion/criterion.h>

#include <linux/perf_event.h>

#include "stream_drain.h"

Test(drain, old_ring_is_read_to_the_end_before_the_new_one)
{
	rig_event(&rig, 0, 1);
	rig_event(&rig, 0, 2);
	rig_ring(&rig, 0, 2);
	rig_event(&rig, 0, 3);
	drain_round_gives("0:1 0:2 0:3");
	cr_expect(rig.drain.retired && !rig.drain.retired->next);
	cr_expect_eq(rig_progress(&rig, 0)->ring_id, 101);
	rig_expect_settled(&rig);
}

Test(drain, two_exchanges_before_a_round_lose_nothing)
{
	rig_event(&rig, 0, 1);
	rig_ring(&rig, 0, 1);
	rig_event(&rig, 0, 2);
	rig_ring(&rig, 0, 2);
	rig_event(&rig, 0, 3);
	drain_round_gives("0:1 0:2 0:3");
	rig_expect_settled(&rig);
}

Test(drain, order_holds_over_an_exchange)
{
	rig_event(&rig, 0, 10);
	rig_event(&rig, 1, 20);
	rig_ring(&rig, 0, 1);
	rig_ring(&rig, 1, 1);
	rig_event(&rig, 0, 30);
	rig_event(&rig, 1, 40);
	drain_round_gives("0:1 1:1 0:2 1:2");
}

Test(drain, ring_that_went_away_unread_is_one_loss_before_the_new_one)
{
	rig_event(&rig, 0, 1);
	drain_round_gives("0:1");
	rig_event(&rig, 0, 2);
	rig_event(&rig, 0, 3);
	rig_lose(&rig, 0, 1);
	rig_ring(&rig, 0, 4);
	rig_event(&rig, 0, 5);
	rig_reader_killed(&rig);
	/* The next reader gets the new ring only. */
	drain_round_gives("0:lost 1 ring_full 0:lost 2 discarded 0:5");
	rig_expect_settled(&rig);
}

Test(drain, corrupt_ring_is_given_up_and_counted)
{
	static const char nonsense[8] = "\xff\xff\xff\xff\xff\xff\xff\xff";

	rig_event(&rig, 0, 1);
	cr_assert(fake_ring_write(&rig.fake[0][0], nonsense, sizeof(nonsense)));
	rig_event(&rig, 0, 2);
	rig_lose(&rig, 0, 1);
	rig_event(&rig, 0, 3);
	cr_assert_eq(rig_round(&rig, false), 0);
	drain_expect_lines("0:1 0:lost 1 ring_full 0:lost 2 discarded");
	rig_expect_settled(&rig);
	rig_event(&rig, 0, 4);
	drain_round_gives("0:5");
	rig_expect_settled(&rig);
}

Test(drain, tail_that_somebody_moved_is_noticed_by_the_next_reader)
{
	rig_event(&rig, 0, 1);
	drain_round_gives("0:1");
	rig_event(&rig, 0, 2);
	rig_event(&rig, 0, 3);
	/* Past the second event. */
	rig.fake[0][0].control->data_tail += rig.fake[0][0].head / 3;
	rig_reader_killed(&rig);
	drain_round_gives("0:lost 1 discarded 0:3");
	rig_expect_settled(&rig);
}

Test(drain, reader_killed_between_two_stores_goes_on_at_what_it_noted)
{
	__u64 tail;

	rig_event(&rig, 0, 1);
	tail = ring_tail(rig.lane[0].ring);
	drain_round_gives("0:1");
	rig.fake[0][0].control->data_tail = tail;
	rig_event(&rig, 0, 2);
	rig_reader_killed(&rig);
	drain_round_gives("0:2");
	rig_expect_settled(&rig);
}

Test(drain, what_nobody_counted_is_settled_when_all_programs_have_ended)
{
	rig_event(&rig, 0, 1);
	rig_claim(&rig, 0);
	drain_round_gives("0:1");
	cr_expect_not(rig.drain.open);
	/* For long enough. */
	rig.lane[0].open_ns = 1;
	drain_round_gives("");
	cr_expect(rig.drain.open);
	cr_assert_eq(drain_settle(&rig.drain), 0);
	drain_round_gives("0:lost 1 discarded");
	cr_expect_not(rig.drain.open);
	rig_expect_settled(&rig);
}

Test(drain, event_that_arrives_while_it_is_settled_is_no_loss)
{
	__u64 seq = rig_claim(&rig, 0);

	drain_round_gives("");
	rig.lane[0].open_ns = 1;
	drain_round_gives("");
	cr_assert_eq(drain_settle(&rig.drain), 0);
	rig_arrive(&rig, 0, seq, 1);
	drain_round_gives("0:1");
	rig_expect_settled(&rig);
}
