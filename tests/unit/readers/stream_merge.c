// SPDX-License-Identifier: Apache-2.0
/* The order of records over rings. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "merge.h"

static struct merge merge;

static void setup(void)
{
	cr_assert_eq(merge_init(&merge, 4, true, 100), 0);
	merge_begin(&merge, 1000);
}

static void teardown(void)
{
	merge_release(&merge);
}

TestSuite(merge, .init = setup, .fini = teardown);

Test(merge, nothing_in_it_has_no_top)
{
	cr_expect_eq(merge_top(&merge, false), -1);
	cr_expect_eq(merge_top(&merge, true), -1);
}

Test(merge, earliest_of_several_rings_is_on_top)
{
	merge_push(&merge, 0, 30);
	merge_push(&merge, 1, 10);
	merge_push(&merge, 2, 20);
	cr_expect_eq(merge_top(&merge, false), 1);
	merge_next(&merge, 25);
	cr_expect_eq(merge_top(&merge, false), 2);
	merge_pop(&merge);
	cr_expect_eq(merge_top(&merge, false), 1);
	merge_next(&merge, 40);
	cr_expect_eq(merge_top(&merge, false), 0);
}

Test(merge, settled_ring_holds_back_only_what_came_after_the_round_began)
{
	merge_push(&merge, 0, 1000);
	merge_exhausted(&merge, 1, true);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_next(&merge, 1001);
	cr_expect_eq(merge_top(&merge, false), -1);
	cr_expect_eq(merge_top(&merge, true), 0, "unless there is no next round");
	merge_begin(&merge, 1002);
	merge_push(&merge, 0, 1001);
	merge_exhausted(&merge, 1, true);
	cr_expect_eq(merge_top(&merge, false), 0);
}

Test(merge, open_ring_holds_the_others_back_for_the_window)
{
	merge_push(&merge, 0, 950);
	merge_exhausted(&merge, 1, false);
	cr_expect_eq(merge_top(&merge, false), -1);
	merge_begin(&merge, 1049);
	merge_push(&merge, 0, 950);
	merge_exhausted(&merge, 1, false);
	cr_expect_eq(merge_top(&merge, false), -1);
	merge_begin(&merge, 1050);
	merge_push(&merge, 0, 950);
	merge_exhausted(&merge, 1, false);
	cr_expect_eq(merge_top(&merge, false), 0);
}

Test(merge, open_ring_is_complete_up_to_where_it_was_settled_last)
{
	merge_exhausted(&merge, 1, true);
	merge_begin(&merge, 1020);
	merge_push(&merge, 0, 1000);
	merge_exhausted(&merge, 1, false);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_next(&merge, 1001);
	cr_expect_eq(merge_top(&merge, false), -1);
}

Test(merge, ring_that_runs_out_holds_back_from_then_on)
{
	merge_push(&merge, 0, 10);
	merge_push(&merge, 1, 2000);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_pop(&merge);
	cr_expect_eq(merge_top(&merge, false), 1, "two rings, and both have something");
	merge_exhausted(&merge, 0, true);
	cr_expect_eq(merge_top(&merge, false), -1);
}

Test(merge, time_before_the_window_is_no_problem)
{
	merge_begin(&merge, 50);
	merge_push(&merge, 0, 0);
	merge_exhausted(&merge, 1, false);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_next(&merge, 1);
	cr_expect_eq(merge_top(&merge, false), -1);
}

Test(merge, without_order_nothing_is_held_back_and_each_ring_is_read_to_its_end)
{
	merge_release(&merge);
	cr_assert_eq(merge_init(&merge, 4, false, 100), 0);
	merge_begin(&merge, 1000);
	merge_exhausted(&merge, 2, false);
	merge_push(&merge, 0, 5000);
	merge_push(&merge, 1, 10);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_next(&merge, 6000);
	cr_expect_eq(merge_top(&merge, false), 0);
	merge_pop(&merge);
	merge_exhausted(&merge, 0, false);
	cr_expect_eq(merge_top(&merge, false), 1);
}

/* Rings with records in order each; they must come out in order altogether. */
static void sorted(unsigned int rings, unsigned int seed)
{
	enum { RECORDS = 50 };
	unsigned int left[rings];
	__u64 time[rings], last = 0;
	unsigned int count = 0;
	struct merge m;
	int top;

	cr_assert_eq(merge_init(&m, rings, true, 0), 0);
	merge_begin(&m, ~0ull);
	for (unsigned int r = 0; r < rings; r++) {
		left[r] = RECORDS;
		time[r] = (__u64)(rand_r(&seed) % 100);
		merge_push(&m, r, time[r]);
	}
	while ((top = merge_top(&m, false)) >= 0) {
		cr_assert(time[top] >= last);
		last = time[top];
		count++;
		if (--left[top]) {
			time[top] += (__u64)(rand_r(&seed) % 100);
			merge_next(&m, time[top]);
		} else {
			merge_pop(&m);
			merge_exhausted(&m, (unsigned int)top, true);
		}
	}
	cr_assert_eq(count, rings * RECORDS);
	merge_release(&m);
}

Test(merge, any_number_of_rings_comes_out_sorted)
{
	static const unsigned int rings[] = { 1, 2, 3, 4, 5, 8, 17, 64, 128 };

	for (size_t i = 0; i < sizeof(rings) / sizeof(*rings); i++)
		for (unsigned int seed = 1; seed <= 20; seed++)
			sorted(rings[i], seed);
}
