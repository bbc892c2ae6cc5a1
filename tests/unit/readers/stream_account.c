// SPDX-License-Identifier: Apache-2.0
/* The accounting, case by case. Whole lives of it: stream_oracle.c. */
#include <criterion/criterion.h>

#include "account.h"

static struct account account;
static struct account_losses losses;

static void setup(void)
{
	account_start(&account, 0, NULL);
}

TestSuite(account, .init = setup);

static void deliver(__u64 seq)
{
	account_gap(&account, seq);
	account_delivered(&account, seq);
	cr_assert(account_holds(&account));
}

/* Reports what account_missing() offers. */
static __u64 report(const struct pulsar_losses *kernel)
{
	__u64 sum = account_missing(&account, kernel, &losses);

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		account_lost(&account, (enum pulsar_cause)cause, losses.count[cause]);
	cr_assert(account_holds(&account));
	return sum;
}

static __u64 exchange(__u64 settled_seq, __u64 found, const struct pulsar_losses *kernel)
{
	__u64 sum = account_exchange(&account, settled_seq, found, kernel, &losses);

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		account_lost(&account, (enum pulsar_cause)cause, losses.count[cause]);
	cr_assert(account_holds(&account));
	return sum;
}

static void expect(__u64 next_seq, __s64 unsettled, __u64 delivered, __u64 lost)
{
	const struct pulsar_progress *p = &account.progress;
	__u64 sum = 0;

	for (int cause = 0; cause < PULSAR_LOST_CAUSES; cause++)
		sum += p->lost[cause];
	cr_expect_eq(p->next_seq, next_seq, "next_seq %llu, expected %llu", p->next_seq, next_seq);
	cr_expect_eq(p->unsettled, unsettled, "unsettled %lld, expected %lld", p->unsettled,
		     unsettled);
	cr_expect_eq(p->delivered, delivered);
	cr_expect_eq(sum, lost, "lost %llu, expected %llu", sum, lost);
}

Test(account, begins_with_nothing_to_settle)
{
	account_start(&account, 41, NULL);
	cr_expect(account_holds(&account));
	expect(42, 0, 0, 0);
}

Test(account, records_in_order_are_delivered)
{
	for (__u64 seq = 1; seq <= 10; seq++) {
		cr_expect_not(account_gap(&account, seq));
		account_delivered(&account, seq);
	}
	expect(11, 0, 10, 0);
}

Test(account, gap_is_lost_when_the_kernel_says_so)
{
	struct pulsar_losses kernel = { .ring_full = 2 };

	deliver(1);
	cr_expect(account_gap(&account, 4));
	expect(4, 2, 1, 0);
	cr_expect_eq(report(&kernel), 2);
	cr_expect_eq(losses.count[PULSAR_LOST_RING_FULL], 2);
	account_delivered(&account, 4);
	expect(5, 0, 2, 2);
}

Test(account, gap_without_credit_is_a_record_that_comes_later)
{
	struct pulsar_losses none = { 0 };

	deliver(1);
	cr_expect(account_gap(&account, 3));
	cr_expect_eq(report(&none), 0);
	account_delivered(&account, 3);
	expect(4, 1, 2, 0);
	cr_expect_not(account_gap(&account, 2));
	account_delivered(&account, 2);
	expect(4, 0, 3, 0);
}

Test(account, several_causes_are_paid_in_turn)
{
	struct pulsar_losses kernel = { .ring_full = 1, .no_ring = 2, .busy = 3, .other = 4 };

	cr_expect(account_gap(&account, 9));
	cr_expect_eq(report(&kernel), 8);
	cr_expect_eq(losses.count[PULSAR_LOST_RING_FULL], 1);
	cr_expect_eq(losses.count[PULSAR_LOST_NO_RING], 2);
	cr_expect_eq(losses.count[PULSAR_LOST_BUSY], 3);
	cr_expect_eq(losses.count[PULSAR_LOST_OTHER], 2);
	cr_expect_eq(losses.count[PULSAR_LOST_DISCARDED], 0);
	account_delivered(&account, 9);
	cr_expect(account_gap(&account, 12));
	cr_expect_eq(report(&kernel), 2);
	cr_expect_eq(losses.count[PULSAR_LOST_OTHER], 2);
}

Test(account, credit_is_used_once)
{
	struct pulsar_losses kernel = { .ring_full = 1 };

	account_gap(&account, 2);
	cr_expect_eq(report(&kernel), 1);
	account_delivered(&account, 2);
	account_gap(&account, 4);
	cr_expect_eq(report(&kernel), 0);
}

Test(account, losses_of_the_slot_before_the_subscription_are_not_ours)
{
	struct pulsar_losses before = { .ring_full = 100, .busy = 7 }, kernel = before;

	account_start(&account, 500, &before);
	account_gap(&account, 503);
	cr_expect_eq(report(&kernel), 0);
	kernel.busy++;
	cr_expect_eq(report(&kernel), 1);
	cr_expect_eq(losses.count[PULSAR_LOST_BUSY], 1);
}

Test(account, lost_too_early_is_put_right_by_the_next_gap)
{
	struct pulsar_losses kernel = { .busy = 1 };

	/* 1 is under way, 2 is here, 3 was lost and counted before we looked. */
	account_gap(&account, 2);
	cr_expect_eq(report(&kernel), 1);
	account_delivered(&account, 2);
	deliver(1);
	expect(3, -1, 2, 1);
	cr_expect_not(account_gap(&account, 4), "it is reported already");
	account_delivered(&account, 4);
	expect(5, 0, 3, 1);
}

Test(account, tail_reports_what_nothing_follows)
{
	struct pulsar_losses kernel = { .ring_full = 3 };

	deliver(1);
	cr_expect(account_tail(&account, 4));
	cr_expect_eq(report(&kernel), 3);
	expect(5, 0, 1, 3);
	cr_expect_not(account_tail(&account, 4));
	cr_expect_not(account_tail(&account, 2), "an older count says nothing new");
	expect(5, 0, 1, 3);
}

Test(account, record_that_cannot_be_decoded_is_discarded)
{
	deliver(1);
	account_gap(&account, 2);
	account_discarded(&account, 2);
	expect(3, 0, 1, 1);
	cr_expect_eq(account.progress.lost[PULSAR_LOST_DISCARDED], 1);
}

Test(account, first_ring_of_a_new_subscription_discards_nothing)
{
	struct pulsar_losses none = { 0 };

	account_start(&account, 10, NULL);
	cr_expect_eq(exchange(10, 0, &none), 0);
	expect(11, 0, 0, 0);
	account_start(&account, 10, NULL);
	cr_expect_eq(exchange(0, 0, &none), 0);
	expect(11, 0, 0, 0);
}

Test(account, ring_that_went_away_unread_is_discarded)
{
	struct pulsar_losses none = { 0 };

	for (__u64 seq = 1; seq <= 5; seq++)
		deliver(seq);
	/* 6 to 20 went into the old ring, but for the last three. */
	cr_expect_eq(exchange(20, 3, &none), 12);
	cr_expect_eq(losses.count[PULSAR_LOST_DISCARDED], 12);
	expect(21, 3, 5, 12);
	for (__u64 seq = 18; seq <= 20; seq++)
		deliver(seq);
	expect(21, 0, 8, 12);
}

Test(account, what_the_kernel_counted_of_it_is_not_discarded)
{
	struct pulsar_losses kernel = { .ring_full = 4 };

	deliver(1);
	cr_expect_eq(exchange(11, 0, &kernel), 10);
	cr_expect_eq(losses.count[PULSAR_LOST_RING_FULL], 4);
	cr_expect_eq(losses.count[PULSAR_LOST_DISCARDED], 6);
	expect(12, 0, 1, 10);
}

Test(account, exchange_settles_what_was_open_before)
{
	struct pulsar_losses none = { 0 };

	deliver(5);
	expect(6, 4, 1, 0);
	cr_expect_eq(exchange(5, 1, &none), 3);
	expect(6, 1, 1, 3);
}

Test(account, old_ring_read_beyond_the_settled_seq_leaves_the_rest_to_the_new_one)
{
	struct pulsar_losses none = { 0 };

	for (__u64 seq = 1; seq <= 50; seq++)
		deliver(seq);
	/* The end of the old ring, when the new one had 51 to 99 already, 51 and 52 as settled. */
	cr_expect(account_tail(&account, 99));
	cr_expect_eq(report(&none), 0);
	cr_expect_eq(exchange(52, 2, &none), 0);
	expect(100, 49, 50, 0);
	for (__u64 seq = 51; seq <= 99; seq++)
		deliver(seq);
	expect(100, 0, 99, 0);
}

Test(account, exchange_of_a_drained_ring_loses_nothing)
{
	struct pulsar_losses none = { 0 };

	for (__u64 seq = 1; seq <= 7; seq++)
		deliver(seq);
	cr_expect_eq(exchange(7, 0, &none), 0);
	expect(8, 0, 7, 0);
}

Test(account, credit_taken_from_later_losses_is_settled_in_the_end)
{
	struct pulsar_losses kernel = { .ring_full = 2 };

	/* 1 to 3 went with a ring; 4 and 5 were lost after that, and counted before we looked. */
	cr_expect_eq(exchange(3, 0, &kernel), 3);
	cr_expect_eq(losses.count[PULSAR_LOST_RING_FULL], 2);
	cr_expect_eq(losses.count[PULSAR_LOST_DISCARDED], 1);
	deliver(6);
	cr_expect_eq(report(&kernel), 0);
	expect(7, 2, 1, 3);
	cr_expect_eq(exchange(6, 0, &kernel), 2);
	cr_expect_eq(losses.count[PULSAR_LOST_DISCARDED], 2);
	expect(7, 0, 1, 5);
}

Test(account, numbers_that_do_not_add_up_are_noticed)
{
	deliver(1);
	cr_expect(account_holds(&account));
	account.progress.delivered++;
	cr_expect_not(account_holds(&account));
	account_start(&account, 10, NULL);
	account.progress.next_seq = 0;
	account.progress.unsettled = -11;
	cr_expect_not(account_holds(&account), "before the beginning");
}

/* For the sanitizers: whatever a position map and a ring claim, no step is undefined. */
Test(account, hostile_numbers_do_no_harm)
{
	static const __u64 numbers[] = { 0, 1, 1ull << 63, (1ull << 63) - 1, ~0ull, ~0ull - 1 };
	const size_t count = sizeof(numbers) / sizeof(*numbers);

	for (size_t i = 0; i < count * count * count; i++) {
		__u64 a = numbers[i % count], b = numbers[i / count % count];
		__u64 c = numbers[i / count / count];
		struct pulsar_losses kernel = { a, b, c, 5 };

		account.base_seq = a;
		account.progress = (struct pulsar_progress){ .next_seq = b,
							     .unsettled = (__s64)c,
							     .lost = { c, b, a } };
		account_holds(&account);
		account_gap(&account, c);
		account_delivered(&account, c);
		account_missing(&account, &kernel, &losses);
		account_lost(&account, PULSAR_LOST_BUSY, losses.count[PULSAR_LOST_BUSY]);
		account_tail(&account, a);
		account_exchange(&account, b, c, &kernel, &losses);
		account_lost(&account, PULSAR_LOST_DISCARDED, losses.count[PULSAR_LOST_DISCARDED]);
		account_discarded(&account, b);
	}
}
